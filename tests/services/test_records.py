"""Registers of cases: written in one go or not at all, each item with versions, and proved."""

import signal
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path
from threading import Barrier, Thread

import pytest
from sqlalchemy import text

from fireinvest.gateways.blobs import LocalBlobs
from fireinvest.messages import Faulty
from fireinvest.services import records as service
from fireinvest.services.cases import CaseRef, NoSuchCase, rebuild
from fireinvest.services.files import (
    FileFault,
    FileState,
    as_attachments,
    clear_staged,
    stage,
    verify_files,
)
from fireinvest.services.journal import verify_all, verify_log
from fireinvest.services.people import create_person
from fireinvest.services.records import Filed, Follow, file_records
from fireinvest.store import Database, open_database
from fireinvest.store import records as store
from fireinvest.store.append_only import unprotect
from fireinvest.store.records import record_hash
from fireinvest.workflow.actions import DocumentSent, Figures, Membership, Order
from fireinvest.workflow.engine import Action
from fireinvest.workflow.errors import Invalid, NotAllowed, Refused
from fireinvest.workflow.items.people import Party
from fireinvest.workflow.permissions import Actor
from fireinvest.workflow.registers import Filing, Record, StaleItem
from tests.queries import counted
from tests.services.office import (
    CALENDAR,
    FIRE_ON,
    LAW,
    NOW,
    TIMERS,
    TODAY,
    actor,
    did,
    key,
    opened,
    person,
)
from tests.services.test_crash import in_child, killed_at

SHOP = Party("某某商贸有限公司", "unit", "user", phone="0874-3120001")
CLERK = Party("钱某", "person", "witness", phone="13800001234")


def file(
    database: Database,
    ref: CaseRef,
    *filings: Filing,
    by: Actor = TIMERS,
    form: str | None = None,
    follow: Follow | None = None,
) -> Filed:
    return file_records(
        database, LAW, CALENDAR, by, ref.id, filings,
        idempotency_key=form or key(), now=NOW, today=TODAY, follow=follow,
    )  # fmt: skip


def new(values: Party, **more: object) -> Filing:
    return Filing("parties", values, **more)  # type: ignore[arg-type] # names are fields


def changed(record: Record, values: Party | None = None, **more: object) -> Filing:
    return Filing(
        record.register, values or record.values, record.item, record.version, **more  # type: ignore[arg-type] # names are fields
    )  # fmt: skip


def parties(database: Database, ref: CaseRef, *, withdrawn: bool = False) -> list[Record]:
    with database.readers.begin() as session:
        return store.items_of(session, ref.id, ["parties"], withdrawn=withdrawn)["parties"]


def keys(database: Database) -> set[tuple[int, str, str]]:
    with database.readers.begin() as session:
        rows = session.execute(text("SELECT item, sort, key FROM register_keys"))
        return {(row.item, row.sort, row.key) for row in rows}


def count(database: Database, table: str = "records") -> int:
    with database.readers.begin() as session:
        return int(session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


# ---------------------------------------------------------------------------- written


def test_items_have_numbers_and_versions_of_their_own(database: Database) -> None:
    ref, other = opened(database), opened(database)
    first, second = file(database, ref, new(SHOP), new(replace(CLERK, of_unit=(1,)))).records
    assert [(each.mark, each.version, each.seq) for each in (first, second)] == [
        ("P1", 1, 1), ("P2", 1, 2),
    ]  # fmt: skip
    moved = file(database, ref, changed(second, CLERK, reason="已离职")).records[0]
    assert (moved.mark, moved.version, moved.seq, moved.reason) == ("P2", 2, 3, "已离职")
    assert file(database, other, new(CLERK)).records[0].mark == "P1"
    assert [each.values for each in parties(database, ref)] == [SHOP, CLERK]
    with database.readers.begin() as session:
        versions = store.versions_of(session, ref.id, "parties", 2)
        logged = session.execute(
            text("SELECT item, entry FROM access_log WHERE what = 'record' ORDER BY id")
        ).all()
    assert [each.values for each in versions] == [CLERK, replace(CLERK, of_unit=(1,))]
    assert [tuple(each) for each in logged] == [
        ("parties P1", 1), ("parties P2", 2), ("parties P2", 3), ("parties P1", 1),
    ]  # fmt: skip


def test_the_same_form_again_is_done_once_and_for_something_else_refused(
    database: Database,
) -> None:
    ref = opened(database)
    form = key()
    once = file(database, ref, new(SHOP), new(CLERK), form=form)
    again = file(database, ref, new(SHOP), new(CLERK), form=form)
    assert again.is_repeat
    assert again.records == once.records
    shop = once.records[0]
    for other in (
        [new(SHOP), new(replace(CLERK, name="孙某"))],
        [new(SHOP), new(CLERK), new(CLERK)],
        [changed(once.records[1], CLERK)],
        [changed(shop, SHOP, is_withdrawn=True, reason="错")],
    ):
        with pytest.raises(Refused):
            file(database, ref, *other, form=form)
    with pytest.raises(Refused):
        file(database, opened(database), new(SHOP), new(CLERK), form=form)
    assert count(database) == 2


def test_one_of_many_who_change_an_item_at_once_wins(database_url: str) -> None:
    database = open_database(database_url)
    ref = opened(database)
    (party,) = file(database, ref, new(SHOP)).records
    done: list[str] = []
    stale: list[StaleItem] = []
    start = Barrier(20)

    def change(number: int) -> None:
        start.wait()
        try:
            file(database, ref, changed(party, replace(SHOP, note=f"{number}")), form=f"f{number}")
        except StaleItem as error:
            stale.append(error)
        else:
            done.append(f"{number}")

    threads = [Thread(target=change, args=(number,)) for number in range(20)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(done) == 1
    assert {(each.expected, each.found) for each in stale} == {(1, 2)}
    assert len(stale) == 19
    assert [each.values for each in parties(database, ref)] == [replace(SHOP, note=done[0])]
    assert list(verify_all(database, workers=1)) == []
    database.engine.dispose()


def test_nothing_is_saved_where_one_of_several_is_wrong(database: Database) -> None:
    ref = opened(database)
    (shop,) = file(database, ref, new(SHOP)).records
    for wrong in (
        [new(CLERK), new(replace(CLERK, name=None))],
        [new(CLERK), new(replace(CLERK, of_unit=(7,)))],
        # What comes later in the same form can't be named yet.
        [new(replace(CLERK, of_unit=(3,))), new(SHOP)],
        [new(CLERK), changed(replace(shop, version=2))],
        [changed(shop), changed(shop)],
        [new(CLERK)] * 2001,
    ):
        with pytest.raises((Invalid, StaleItem)):
            file(database, ref, *wrong)
    assert (count(database), count(database, "register_items")) == (1, 1)


def test_a_step_that_follows_and_is_refused_leaves_nothing(database: Database) -> None:
    ref = opened(database)

    def rises(on: date) -> Callable[..., Sequence[Action]]:
        return lambda *_: [Action("update_figures", Figures(deaths=6), on)]

    with pytest.raises(Faulty):
        file(database, ref, new(CLERK), follow=rises(TODAY + timedelta(days=1)))
    assert count(database) == 0
    form = key()
    file(database, ref, new(CLERK), follow=rises(FIRE_ON), form=form)
    # Sent again, the step isn't taken again either.
    file(database, ref, new(CLERK), follow=rises(FIRE_ON), form=form)
    assert (count(database), count(database, "journal")) == (1, 2)


def test_what_is_withdrawn_counts_no_more_until_it_counts_again(database: Database) -> None:
    ref = opened(database)
    shop, clerk = file(database, ref, new(SHOP), new(replace(CLERK, of_unit=(1,)))).records
    found = {(1, "name", SHOP.name), (1, "phone", "08743120001")}
    assert found < keys(database)
    with pytest.raises(Invalid):
        file(database, ref, changed(shop, is_withdrawn=True))
    gone = file(database, ref, changed(shop, is_withdrawn=True, reason="重复")).records[0]
    assert [each.item for each in parties(database, ref)] == [2]
    assert [each.item for each in parties(database, ref, withdrawn=True)] == [1, 2]
    assert not found & keys(database)
    with pytest.raises(Invalid):
        file(database, ref, new(replace(CLERK, of_unit=(1,))))
    # What named it before may go on naming it.
    file(database, ref, changed(clerk, replace(CLERK, of_unit=(1,), note="再次询问")))
    file(database, ref, changed(gone, is_withdrawn=False))
    assert found < keys(database)
    file(database, ref, new(replace(CLERK, of_unit=(1,))))


def test_names_longer_than_their_room_are_found_all_the_same(database: Database) -> None:
    ref = opened(database)
    name = "ß" * 200
    file(database, ref, new(replace(SHOP, name=name)))
    with database.readers.begin() as session:
        found = store.find_keys(session, [("name", name.casefold())])
    assert [(each.number, each.item) for each in found] == [(ref.number, 1)]
    assert list(rebuild(database, CALENDAR)) == []


def test_restricted_items_are_changed_only_by_those_who_may_read_them(database: Database) -> None:
    ref = opened(database)
    ids = [create_person(database, login=each, name=each, now=NOW) for each in ("zhao", "wu")]
    did(database, ref, "establish_team", Order(document_no="1", person="zhao"))
    did(database, ref, "join_team", Membership(person="wu", agency="某局", item="police"))
    leader, member = (actor(database, each) for each in ids)
    (kept,) = file(database, ref, new(CLERK, restriction="discipline"), by=leader).records
    mine = changed(kept, replace(CLERK, note="x"), restriction="discipline")
    with pytest.raises(NotAllowed):
        file(database, ref, mine, by=member)
    assert file(database, ref, mine, by=leader).records[0].version == 2
    with pytest.raises(Invalid):
        file(database, ref, new(CLERK, restriction="nothing of the kind"), by=leader)
    with pytest.raises(NoSuchCase):
        file(database, ref, new(CLERK), by=person(database, "stranger"))


def test_the_statements_do_not_grow_with_the_items(database: Database) -> None:
    ref = opened(database)

    def statements(items: int) -> int:
        fresh = [new(replace(CLERK, name=f"甲{number}")) for number in range(items)]
        with counted(database) as sent:
            done = file(database, ref, *fresh).records
        again = [changed(each, replace(CLERK, of_unit=(1,))) for each in done[1:401]]
        with counted(database) as sent_again:
            file(database, ref, *again)
        return len(sent) + len(sent_again)

    assert statements(2) == statements(450)
    assert list(rebuild(database, CALENDAR)) == []
    form = key()
    file(database, ref, *[new(CLERK)] * 400, form=form)
    with counted(database) as sent:
        assert file(database, ref, *[new(CLERK)] * 400, form=form).is_repeat
    assert len(sent) < 20


def test_two_thousand_items_are_written_at_once(quick_database: Database) -> None:
    ref = opened(quick_database)
    fresh = [new(replace(CLERK, name=f"甲{number}")) for number in range(service.MOST_AT_ONCE)]
    assert len(file(quick_database, ref, *fresh).records) == 2000
    assert list(verify_all(quick_database, workers=1)) == []


def test_killed_at_any_statement_all_or_nothing_is_there(database_url: str) -> None:
    database = open_database(database_url)
    ref = opened(database)
    (shop,) = file(database, ref, new(SHOP)).records
    tables = ("records", "register_items", "register_keys", "access_log", "journal")

    def follow(*_: object) -> Sequence[Action]:
        return [Action("request_team", DocumentSent(to="市政府"), FIRE_ON)]

    def work(there: Database) -> object:
        # One changed, one new, and a step of the procedure with them.
        filings = [changed(shop, replace(SHOP, note="n")), new(replace(CLERK, of_unit=(1,)))]
        return file(there, ref, *filings, form="the-form", follow=follow)

    before = [count(database, each) for each in tables]
    for point in range(0, 200, 3):
        ended_by = in_child(lambda point=point: killed_at(database_url, point, work))  # type: ignore[misc] # bound for this turn
        if ended_by is None:
            break
        assert ended_by == signal.SIGKILL
        assert [count(database, each) for each in tables] == before
    else:
        pytest.fail("the work never came to its end")
    assert point > 20
    assert [count(database, each) - was for each, was in zip(tables, before, strict=True)] == [
        2, 1, 2, 3, 1,
    ]  # fmt: skip
    assert work(database).is_repeat  # type: ignore[attr-defined] # it is what was filed
    assert list(rebuild(database, CALENDAR)) == []
    assert list(verify_all(database, workers=1)) == []
    database.engine.dispose()


# ---------------------------------------------------------------------------- proved

NUMBER = "5303-2025-0001"


@pytest.fixture
def worked(database: Database) -> Database:
    """Two cases with three records each, of two items, and tables whose protection is gone."""
    for _ in range(2):
        ref = opened(database)
        shop, _clerk = file(database, ref, new(SHOP), new(CLERK)).records
        file(database, ref, changed(shop, replace(SHOP, note="补充")))
    with database.engine.begin() as connection:
        for table in ("records", "access_log"):
            unprotect(connection, table)
    return database


def tampered(database: Database, *statements: str) -> list[str]:
    with database.sessions() as session:
        for statement in statements:
            session.execute(text(statement))
        named = [str(each) for each in verify_log(session)]
        session.rollback()
    return named


def test_untouched_registers_are_sound(worked: Database) -> None:
    assert list(verify_all(worked, workers=1)) == []
    assert list(rebuild(worked, CALENDAR)) == []


def test_a_changed_column_is_named(worked: Database) -> None:
    is_withdrawn = "1" if worked.engine.dialect.name == "sqlite" else "true"
    for change in (
        "schema_version = 2", "payload = '{}'", f"is_withdrawn = {is_withdrawn}",
        "recorded_at = '2025-09-11 04:00:00+00'", "actor = 'nobody'", "acting_for = 'somebody'",
        "reason = 'another'", "idempotency_key = 'k'", "attachments = '[]'",
        "restriction = 'discipline'", "prev_hash = 'h'", "hash = 'h'", "version = 7",
    ):  # fmt: skip
        named = tampered(worked, f"UPDATE records SET {change} WHERE case_id = 1 AND seq = 2")
        assert named == [f"{NUMBER} #2 in the registers (parties P2): changed"], change
    for change, item in (
        ("register = 'roster', item = 1", "roster R1"),
        ("item = 9", "parties P9"),
    ):
        named = tampered(worked, f"UPDATE records SET {change} WHERE case_id = 1 AND seq = 2")
        assert named[0].startswith(f"{NUMBER} #2 in the registers ({item[:7]}"), named


def test_what_is_missing_or_inserted_is_named(worked: Database) -> None:
    for seq, item in ((1, "P1"), (2, "P2"), (3, "P1")):
        named = tampered(worked, f"DELETE FROM records WHERE case_id = 1 AND seq = {seq}")
        assert named == [f"{NUMBER} #{seq} in the registers (parties {item}): missing"]
    inserted = (
        "INSERT INTO records SELECT case_id, 4, register, 3, 1, schema_version, payload, "
        "is_withdrawn, recorded_at, 'x', acting_for, reason, 'k', attachments, restriction, "
        "prev_hash, hash FROM records WHERE case_id = 1 AND seq = 3"
    )
    assert tampered(worked, inserted) == [f"{NUMBER} #4 in the registers (parties P3): inserted"]
    # The end cut off, and the case's own word made to fit: the log still knows.
    assert tampered(
        worked,
        "DELETE FROM records WHERE case_id = 1 AND seq = 3",
        "UPDATE record_heads SET seq = 2, hash = (SELECT hash FROM records WHERE case_id = 1 "
        "AND seq = 2) WHERE case_id = 1",
    ) == [f"{NUMBER} #3 in the registers (parties P1): missing"]
    assert tampered(worked, "DELETE FROM records WHERE case_id = 1", "DELETE FROM record_heads") == [
        *(f"{NUMBER} #{n} in the registers (parties P{i}): missing" for n, i in ((1, 1), (2, 2), (3, 1))),
        *(f"5303-2025-0002 #{n} in the registers (parties P{i}): inserted" for n, i in ((1, 1), (2, 2), (3, 1))),
    ]  # fmt: skip


def test_a_record_with_a_hash_made_to_fit_is_named(worked: Database) -> None:
    with worked.readers.begin() as session:
        row = session.execute(text("SELECT * FROM records WHERE case_id = 1 AND seq = 2")).one()
    line = store.RecordLine(**{**row._mapping, "recorded_at": NOW, "reason": "another"})
    assert tampered(
        worked,
        f"UPDATE records SET reason = 'another', hash = '{record_hash(NUMBER, line)}' "
        "WHERE case_id = 1 AND seq = 2",
    ) == [f"{NUMBER} #2 in the registers (parties P2): changed"]


def test_a_record_that_the_log_does_not_know_is_named(worked: Database) -> None:
    where = "WHERE what = 'record' AND case_id = 1 AND entry = 2"
    assert tampered(worked, f"DELETE FROM access_log {where}") == [
        f"{NUMBER} #2 in the log of the registers (parties P2): missing"
    ]
    assert tampered(worked, f"UPDATE access_log SET entry_hash = 'h' {where}") == [
        f"{NUMBER} #2 in the log of the registers (parties P2): changed"
    ]


def test_several_processes_find_the_same(worked: Database) -> None:
    with worked.sessions.begin() as session:
        session.execute(text("UPDATE records SET reason = 'x' WHERE case_id = 2 AND seq = 2"))
    named = ["5303-2025-0002 #2 in the registers (parties P2): changed"]
    for workers in (1, 2):
        assert [str(each) for each in verify_all(worked, workers=workers)] == named


@pytest.mark.parametrize(
    ("change", "table", "key_"),
    [
        ("UPDATE record_heads SET seq = 9 WHERE case_id = 1", "record_heads", ""),
        ("UPDATE record_heads SET hash = 'h' WHERE case_id = 1", "record_heads", ""),
        ("DELETE FROM record_heads WHERE case_id = 1", "record_heads", ""),
        ("UPDATE register_items SET seq = 1 WHERE case_id = 1 AND item = 1", "register_items", "parties 1"),
        ("UPDATE register_items SET is_withdrawn = NOT is_withdrawn WHERE case_id = 1 AND item = 2", "register_items", "parties 2"),
        ("DELETE FROM register_items WHERE case_id = 1 AND item = 2", "register_items", "parties 2"),
        ("INSERT INTO register_items SELECT case_id, register, 9, seq, is_withdrawn FROM register_items WHERE case_id = 1 AND item = 2", "register_items", "parties 9"),
        ("DELETE FROM register_keys WHERE case_id = 1 AND item = 2 AND sort = 'phone'", "register_keys", "parties 2"),
        ("UPDATE register_keys SET key = 'x' WHERE case_id = 1 AND item = 1 AND sort = 'name'", "register_keys", "parties 1"),
        ("INSERT INTO register_keys SELECT case_id, register, 9, sort, key FROM register_keys WHERE case_id = 1 AND item = 2 AND sort = 'phone'", "register_keys", "parties 9"),
    ],
)  # fmt: skip
def test_tables_that_do_not_say_what_the_records_say_are_put_right(
    worked: Database, change: str, table: str, key_: str
) -> None:
    def rows() -> list[tuple[object, ...]]:
        with worked.readers.begin() as session:
            return sorted(
                (name, *row)
                for name in ("record_heads", "register_items", "register_keys")
                for row in session.execute(text(f"SELECT * FROM {name}"))
            )

    sound = rows()
    with worked.sessions.begin() as session:
        session.execute(text(change))
    found = list(rebuild(worked, CALENDAR))
    assert [(each.number, each.table, each.key) for each in found] == [(NUMBER, table, key_)]
    assert rows() != sound
    assert list(rebuild(worked, CALENDAR, check=False)) == found
    assert rows() == sound


def test_a_record_that_cannot_be_read_is_named_and_left_alone(worked: Database) -> None:
    for change in ("payload = 'x'", "payload = '{\"name\": 7}'", "schema_version = 99"):
        with worked.sessions() as session:
            session.execute(text(f"UPDATE records SET {change} WHERE case_id = 1 AND seq = 2"))
            session.commit()
        found = list(rebuild(worked, CALENDAR, check=False))
        assert [(each.number, each.table, each.key) for each in found] == [
            (NUMBER, "records", "parties 2")
        ]
        assert len(keys(worked)) == 4


def test_rebuilding_takes_the_same_statements_for_many_items(worked: Database) -> None:
    with counted(worked) as few:
        list(rebuild(worked, CALENDAR))
    file(worked, opened(worked), *[new(CLERK)] * 50)
    with counted(worked) as many:
        list(rebuild(worked, CALENDAR))
    assert len(many) == len(few)


# ---------------------------------------------------------------------------- their files


def test_files_of_items_are_verified_and_never_cleared(database: Database, tmp_path: Path) -> None:
    blobs = LocalBlobs(tmp_path / "files")
    ref = opened(database)
    person_id = create_person(database, login="sun", name="孙某", now=NOW)
    kept, lost, alone = (
        stage(database, blobs, person_id, f"{each}.txt", BytesIO(each.encode()), at_most=9, now=NOW)
        for each in ("kept", "lost", "alone")
    )
    (party,) = file(database, ref, new(CLERK, attachments=as_attachments([kept, lost]))).records
    file(database, ref, changed(party, attachments=()))
    later = NOW + timedelta(days=9)
    assert clear_staged(database, blobs, before=later - timedelta(days=3), now=later) == 3
    assert sorted(blobs.names()) == sorted([kept.sha256, lost.sha256])
    blobs.remove(lost.sha256)
    (tmp_path / "files" / kept.sha256[:2] / kept.sha256[2:4] / kept.sha256).write_bytes(b"other")
    with database.readers.begin() as session:
        found = list(verify_files(session, blobs))
    assert sorted(found, key=lambda each: each.name) == [
        FileFault(ref.number, 1, "kept.txt", FileState.CHANGED, "parties P1"),
        FileFault(ref.number, 1, "lost.txt", FileState.MISSING, "parties P1"),
    ]
    assert str(found[0]).startswith(f"{ref.number} #1 (parties P1) ")
    assert alone.sha256 not in set(blobs.names())
