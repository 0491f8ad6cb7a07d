"""Whatever is done to a journal behind the application's back is found and named."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from fireinvest.gateways.heads import HeadsFile
from fireinvest.services import journal
from fireinvest.services.cases import CaseRef
from fireinvest.services.journal import (
    Fault,
    LogFault,
    history,
    verify_all,
    verify_batches,
    verify_heads,
    verify_log,
)
from fireinvest.services.log import export_head, seal
from fireinvest.store import Database, open_database
from fireinvest.store import journal as store
from fireinvest.store.append_only import unprotect
from fireinvest.store.journal import hash_of
from fireinvest.workflow.actions import DocumentSent, Figures
from tests.prepared import Prepares
from tests.queries import counted
from tests.services.office import NOW, did, opened

NUMBER = "5303-2025-0001"
OTHER = "5303-2025-0002"
LATER = NOW + timedelta(hours=2)


def _insert(row: int) -> str:
    return (
        "INSERT INTO access_log (id, happened_at, person, what) "
        f"VALUES ({row}, '2025-09-10 05:00:00.000000', 'x', 'view')"
    )


def _worked(database: Database) -> None:
    for _ in range(2):
        ref = opened(database)
        did(database, ref, "request_team", DocumentSent(to="市政府"))
        did(database, ref, "update_figures", Figures(deaths=6))
        did(database, ref, "update_figures", Figures(deaths=7))
    with database.engine.begin() as connection:
        for table in ("journal", "access_log", "access_batches"):
            unprotect(connection, table)


@pytest.fixture
def worked(prepares: Prepares) -> Database:
    """Two cases of four entries each, and a journal whose protection somebody took away."""
    return prepares(_worked)[0]


def found(database: Database, case_id: int | None = None) -> list[tuple[str, int, Fault]]:
    with database.readers.begin() as session:
        faults = list(verify_log(session, case_id))
    return [(each.number, each.seq, each.fault) for each in faults if isinstance(each, LogFault)]


def everything(database: Database, workers: int = 1) -> list[str]:
    return [str(each) for each in verify_all(database, workers=workers)]


def tampered(database: Database, *statements: str) -> list[str]:
    """What is found once these are done, which are taken back then."""
    with database.sessions() as session:
        for statement in statements:
            session.execute(text(statement))
        named = [str(each) for each in (*verify_log(session), *verify_batches(session))]
        session.rollback()
    return named


def run(database: Database, *statements: str) -> None:
    with database.sessions.begin() as session:
        for statement in statements:
            session.execute(text(statement))


def test_an_untouched_journal_is_sound(worked: Database) -> None:
    assert found(worked) == []
    assert found(worked, 2) == []


def test_a_changed_column_is_named(worked: Database) -> None:
    for change in (
        "payload = '{}'", "reason = 'another'", "reason = NULL", "actor = 'nobody'",
        "occurred_on = '2025-05-13'", "recorded_at = '2025-09-11 04:00:00+00'",
        "occurred_at = '2025-05-12 04:00:00'", "old_values = '{}'", "new_values = '{}'",
        "step = 'reply'", "kind = 'decision'", "schema_version = 2", "acting_for = 'somebody'",
        "expected_version = 2", "idempotency_key = 'k'", "prev_hash = 'h'", "hash = 'h'",
        "restriction = 'discipline'", "attachments = '[]'",
    ):  # fmt: skip
        named = tampered(worked, f"UPDATE journal SET {change} WHERE case_id = 1 AND seq = 3")
        assert named == [f"{NUMBER} #3: changed"], change
    run(worked, "UPDATE journal SET step = 'reply' WHERE case_id = 1 AND seq = 3")
    assert found(worked) == found(worked, 1) == [(NUMBER, 3, Fault.CHANGED)]
    assert found(worked, 2) == []


def test_a_missing_entry_is_named(worked: Database) -> None:
    for seq in (1, 2, 4):
        named = tampered(worked, f"DELETE FROM journal WHERE case_id = 1 AND seq = {seq}")
        assert named == [f"{NUMBER} #{seq}: missing"]


def test_a_journal_that_is_gone_is_named(worked: Database) -> None:
    run(worked, "DELETE FROM journal WHERE case_id = 2")
    assert found(worked) == [("5303-2025-0002", seq, Fault.MISSING) for seq in range(1, 5)]


def test_an_entry_with_a_hash_made_to_fit_is_named(worked: Database) -> None:
    with worked.readers.begin() as session:
        lines = store.lines_of(session, 1)
    for seq in (1, 3, 4):
        line = lines[seq - 1]._replace(reason="another")
        named = tampered(
            worked,
            f"UPDATE journal SET reason = 'another', hash = '{hash_of(NUMBER, line)}' "
            f"WHERE case_id = 1 AND seq = {seq}",
        )
        assert named == [f"{NUMBER} #{seq}: changed"]


def test_an_inserted_entry_is_named(worked: Database) -> None:
    with worked.readers.begin() as session:
        last = store.lines_of(session, 1)[-1]
    line = last._replace(seq=5, prev_hash=last.hash, idempotency_key="other")
    with worked.sessions.begin() as session:
        store.append(session, [line._replace(hash=hash_of(NUMBER, line))])
    assert found(worked) == [(NUMBER, 5, Fault.INSERTED)]


def test_a_renumbered_case_is_named(worked: Database) -> None:
    run(worked, "UPDATE cases SET number = '5303-2025-0009' WHERE id = 1")
    assert found(worked) == [("5303-2025-0009", seq, Fault.CHANGED) for seq in range(1, 5)]


def test_verifying_takes_the_same_few_statements_for_many_cases(worked: Database) -> None:
    with counted(worked) as for_two:
        found(worked)
    opened(worked)
    with counted(worked) as for_three:
        found(worked)
    assert len(for_two) == len(for_three) <= 9


def test_an_entry_cut_off_with_the_case_made_to_fit_is_named(worked: Database) -> None:
    run(
        worked,
        "DELETE FROM journal WHERE case_id = 1 AND seq = 4",
        "UPDATE cases SET version = 3, "
        "head_hash = (SELECT hash FROM journal WHERE case_id = 1 AND seq = 3) WHERE id = 1",
    )
    assert everything(worked) == [f"{NUMBER} #4: missing"]


def test_a_journal_written_anew_with_all_hashes_made_to_fit_is_named(worked: Database) -> None:
    with worked.readers.begin() as session:
        *_, third, fourth = store.lines_of(session, 1)
    third = third._replace(reason="another")
    third = third._replace(hash=hash_of(NUMBER, third))
    fourth = fourth._replace(prev_hash=third.hash)
    fourth = fourth._replace(hash=hash_of(NUMBER, fourth))
    for line in (third, fourth):
        run(
            worked,
            f"UPDATE journal SET reason = '{line.reason}', prev_hash = '{line.prev_hash}', "
            f"hash = '{line.hash}' WHERE case_id = 1 AND seq = {line.seq}",
            f"UPDATE cases SET head_hash = '{line.hash}' WHERE id = 1",
        )
    assert everything(worked) == [
        f"{NUMBER} #3 in the log: changed", f"{NUMBER} #4 in the log: changed",
    ]  # fmt: skip


def test_an_entry_that_the_log_does_not_know_is_named(worked: Database) -> None:
    run(worked, "DELETE FROM access_log WHERE case_id = 1 AND entry IN (1, 4)")
    assert everything(worked) == [
        f"{NUMBER} #4 in the log: missing",  # The first came before the log, as it seems now.
    ]
    run(worked, "DELETE FROM access_log WHERE case_id = 2 AND entry = 3")
    assert f"{OTHER} #3 in the log: missing" in everything(worked)


def test_cases_from_before_the_log_need_none_of_it(worked: Database) -> None:
    run(worked, "DELETE FROM access_log WHERE case_id = 1")
    assert everything(worked) == []
    ref = CaseRef(1, NUMBER)
    did(worked, ref, "update_figures", Figures(deaths=8))
    did(worked, ref, "update_figures", Figures(deaths=9))
    assert everything(worked) == []
    run(worked, "DELETE FROM access_log WHERE case_id = 1 AND entry = 6")
    assert everything(worked) == [f"{NUMBER} #6 in the log: missing"]


def test_a_second_row_of_an_entry_is_named(worked: Database) -> None:
    run(
        worked,
        "INSERT INTO access_log (id, happened_at, what, case_id, entry, entry_hash) "
        "SELECT 50, happened_at, what, case_id, entry, entry_hash FROM access_log WHERE id = 2",
    )
    assert everything(worked) == ["log 50: inserted"]


# ---------------------------------------------------------------------------- the log's own rows


@pytest.fixture
def sealed(worked: Database) -> Database:
    """The log of that work and of more in three batches, ten rows, two and one, after a gap."""
    for first, last in ((9, 10), (11, 12), (20, 20)):
        run(
            worked,
            *(
                "INSERT INTO access_log (id, happened_at, person, what, item, address, old_values) "
                f"VALUES ({row}, '2025-09-10 05:00:00.000000', 'p{row}', 'view', 'i', 'a', '{{}}')"
                for row in range(first, last + 1)
            ),
        )
        assert seal(worked, LATER) == (10 if first == 9 else last - first + 1)
    return worked


def test_an_untouched_log_is_sound(sealed: Database) -> None:
    assert everything(sealed) == []


def test_a_changed_row_of_the_log_is_named(sealed: Database) -> None:
    for change in (
        "happened_at = '2025-09-10 05:00:00.000001'", "person = 'x'", "person = NULL",
        "what = 'export'", "case_id = 1", "item = 'x'", "address = 'x'", "request_id = 'x'",
        "about = 'x'", "acting_for = 'x'", "reason = 'x'", "old_values = '[]'",
        "new_values = '{}'", "entry = 1", "entry_hash = 'x'",
    ):  # fmt: skip
        named = tampered(sealed, f"UPDATE access_log SET {change} WHERE id = 11")
        assert named == ["log 11: changed"], change


def test_what_was_done_to_the_log_is_named(sealed: Database) -> None:
    batch = "UPDATE access_batches SET {} WHERE last_id = 12"
    done: dict[tuple[str, ...], list[str]] = {
        ("DELETE FROM access_log WHERE id = 9",): ["log 9: missing"],
        ("DELETE FROM access_log WHERE id = 12",): ["log 12: missing"],
        ("DELETE FROM access_log WHERE id > 10 AND id < 13",): [
            "log 11: missing", "log 12: missing",
        ],
        ("UPDATE access_log SET id = 13 WHERE id = 11",): [
            "log 11: missing", "log 13: inserted",  # It moved into the gap before the next batch.
        ],
        (_insert(15),): ["log 15: inserted"],
        (_insert(0),): ["log 0: inserted"],
        (_insert(-7),): ["log -7: inserted"],
        (
            "UPDATE access_log SET person = 'p10' WHERE id = 9",
            "UPDATE access_log SET person = 'p9' WHERE id = 10",
        ): ["log 9: changed", "log 10: changed"],
        ("DELETE FROM access_batches WHERE last_id = 12",): ["log 11-19: batch missing"],
        (batch.format("hash = 'h'"),): ["log 11-12: batch changed", "log 20-20: batch changed"],
        (batch.format("prev_hash = 'h'"),): ["log 11-12: batch changed"],
        (batch.format("count = 3"),): ["log 11-12: batch changed"],
        (batch.format("marks = NULL"),): ["log 11-12: batch changed"],
        ("UPDATE access_log SET what = 'view' WHERE id = 2",): [
            f"{NUMBER} #2 in the log: missing", "log 2: changed",
        ],
        ("UPDATE access_log SET entry_hash = 'h' WHERE id = 8",): [
            f"{OTHER} #4 in the log: changed", "log 8: changed",
        ],
    }  # fmt: skip
    for statements, named in done.items():
        assert tampered(sealed, *statements) == named, statements


@pytest.mark.parametrize("odd", ["CAST(x'ff' AS TEXT)", "x'ff'", "7.5"])
def test_what_no_text_holds_is_named_too(sqlite_url: str, odd: str) -> None:
    """SQLite keeps bytes and numbers in a text, whatever its column says."""
    database = open_database(sqlite_url)
    ref = opened(database)
    did(database, ref, "request_team", DocumentSent(to="市政府"))
    assert seal(database, LATER) == 2
    with database.engine.begin() as connection:
        for table in ("journal", "access_log"):
            unprotect(connection, table)
        connection.execute(text(f"UPDATE journal SET reason = {odd} WHERE seq = 2"))
        connection.execute(text(f"UPDATE access_log SET reason = {odd} WHERE id = 1"))
    assert everything(database) == [f"{NUMBER} #2: changed", "log 1: changed"]
    database.engine.dispose()


def test_several_processes_find_the_same(sealed: Database) -> None:
    run(
        sealed,
        "UPDATE journal SET reason = 'x' WHERE case_id = 2 AND seq = 3",
        "UPDATE access_log SET person = 'x' WHERE id = 11",
    )
    named = [f"{OTHER} #3: changed", "log 11: changed"]
    assert everything(sealed) == named
    assert everything(sealed, workers=2) == named


def test_without_other_processes_one_does_it(
    sealed: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_can_be_made(*_: object, **__: object) -> None:
        raise OSError("no semaphores here")

    monkeypatch.setattr(journal, "ProcessPoolExecutor", none_can_be_made)
    run(sealed, "UPDATE access_log SET person = 'x' WHERE id = 11")
    assert everything(sealed, workers=2) == ["log 11: changed"]


# ---------------------------------------------------------------------------- exported heads


def heads_of(database: Database, file: Path) -> list[str]:
    with database.readers.begin() as session:
        return [str(each) for each in verify_heads(session, HeadsFile(file).lines())]


def test_an_untouched_log_begins_with_every_head(sealed: Database, tmp_path: Path) -> None:
    file = tmp_path / "heads.jsonl"
    for day in (10, 11):
        export_head(sealed, HeadsFile(file), now=LATER, today=date(2025, 9, day))
        run(sealed, _insert(20 + day))
        assert seal(sealed, LATER) == 1
    assert heads_of(sealed, file) == []


CUT = (
    "DELETE FROM access_log WHERE id > 12",
    "DELETE FROM access_batches WHERE last_id > 12",
)


def test_a_log_that_was_cut_off_is_named_with_its_day(sealed: Database, tmp_path: Path) -> None:
    file = tmp_path / "heads.jsonl"
    export_head(sealed, HeadsFile(file), now=LATER, today=date(2025, 9, 10))
    run(sealed, *CUT)
    assert everything(sealed) == []  # What is left is sound in itself.
    assert heads_of(sealed, file) == [
        "head 2025-09-10 (line 1): the log was cut off before its row 20"
    ]


def test_a_log_written_anew_with_all_hashes_made_to_fit_is_named(
    sealed: Database, tmp_path: Path
) -> None:
    file = tmp_path / "heads.jsonl"
    export_head(sealed, HeadsFile(file), now=LATER, today=date(2025, 9, 10))
    run(
        sealed,
        "UPDATE access_log SET person = 'x' WHERE id = 9",
        "DELETE FROM access_batches",
    )
    seal(sealed, LATER)
    assert everything(sealed) == []
    assert heads_of(sealed, file) == [
        "head 2025-09-10 (line 1): the log was rewritten up to its row 20"
    ]


def test_journals_cut_off_with_their_rows_in_the_log_are_named(
    worked: Database, tmp_path: Path
) -> None:
    file = tmp_path / "heads.jsonl"
    export_head(worked, HeadsFile(file), now=LATER, today=date(2025, 9, 10))
    run(
        worked,
        "DELETE FROM journal WHERE case_id = 1 AND seq = 4",
        "DELETE FROM access_log WHERE case_id = 1 AND entry = 4",
        "UPDATE cases SET version = 3, "
        "head_hash = (SELECT hash FROM journal WHERE case_id = 1 AND seq = 3) WHERE id = 1",
    )
    assert everything(worked) == []
    assert heads_of(worked, file) == ["head 2025-09-10 (line 1): 1 entries of journals are missing"]


def test_heads_from_a_syslog_are_read_and_broken_ones_named(
    sealed: Database, tmp_path: Path
) -> None:
    file = tmp_path / "messages"
    head = export_head(sealed, HeadsFile(file), now=LATER, today=date(2025, 9, 10))
    file.write_text(f"Sep 10 12:00:00 host fireinvest-log-head: {head}\n\nhalf a li")
    assert heads_of(sealed, file) == ["head ? (line 3): can't be read"]


def test_history_is_paged_by_sequence(worked: Database) -> None:
    with worked.readers.begin() as session:
        first = history(session, 1, size=3)
        rest = history(session, 1, before_seq=first[-1].seq, size=3)
    assert [line.seq for line in (*first, *rest)] == [4, 3, 2, 1]
