"""Lines of the journal: what their hash covers, with a restriction and from before there was any."""

import pytest
from sqlalchemy import text

from fireinvest.services.cases import act, load_case
from fireinvest.services.journal import Fault, verify_log
from fireinvest.store import Database
from fireinvest.store.append_only import unprotect
from fireinvest.store.journal import hash_of, line_of
from fireinvest.store.projections import searched_parts
from fireinvest.store.search import words_of
from fireinvest.workflow.actions import Attachment, DocumentSent, Entry, Meeting
from fireinvest.workflow.engine import Action
from tests.services.office import CALENDAR, FIRE_ON, LAW, NOW, TIMERS, TODAY, did, key, opened

FILE = Attachment("a.txt", "text/plain", "0" * 64, 3)


def entry(restriction: str | None = None, *files: Attachment) -> Entry:
    return Entry(
        2, "coordinate", Meeting(subject="协调"), FIRE_ON, NOW, "sun", attachments=files,
        restriction=restriction,
    )  # fmt: skip


def hashed(written: Entry) -> str:
    return line_of(
        1, "5303-2025-0001", written, old={}, new={}, expected_version=None,
        idempotency_key="form", before="0" * 64,
    ).hash  # fmt: skip


def test_a_hash_from_before_there_were_restrictions_stays_what_it_was() -> None:
    assert hashed(entry()) == "11e622d75e1feb954af9bd51215e99a2306726a80f2b8caf7fbc3e55154f5b01"
    assert (
        hashed(entry(None, FILE))
        == "0512c91f386001fb107f83ac0affbeeffea056f82913511fa63404a0f859d720"
    )


def test_a_restriction_is_covered_and_taken_for_nothing_else() -> None:
    hashes = [
        hashed(each)
        for each in (
            entry(),
            entry(None, FILE),
            entry("informer"),
            entry("discipline"),
            entry("informer", FILE),
        )
    ]
    assert len(set(hashes)) == len(hashes)


def _restricted(database: Database) -> None:
    ref = opened(database)
    did(database, ref, "request_team", DocumentSent(to="市政府"))
    for restriction in ("informer", None):
        action = Action(
            "coordinate", Meeting(subject="密件甲"), FIRE_ON, reason="协调", restriction=restriction
        )
        act(
            database, LAW, CALENDAR, TIMERS, ref.id, action,
            idempotency_key=key(), now=NOW, today=TODAY,
        )  # fmt: skip


@pytest.mark.parametrize(("seq", "change"), [(3, "NULL"), (3, "'discipline'"), (4, "'informer'")])
def test_a_restriction_that_was_tampered_with_is_named(
    database: Database, seq: int, change: str
) -> None:
    _restricted(database)
    with database.readers.begin() as session:
        assert list(verify_log(session)) == []
        lines = load_case(session, 1).lines
    assert [each.restriction for each in lines] == [None, None, "informer", None]
    assert lines[2].entry().restriction == "informer"
    assert all(hash_of("5303-2025-0001", each) == each.hash for each in lines)
    with database.engine.begin() as connection:
        unprotect(connection, "journal")
    with database.sessions.begin() as session:
        session.execute(text(f"UPDATE journal SET restriction = {change} WHERE seq = {seq}"))
    with database.readers.begin() as session:
        found = [(getattr(each, "seq", 0), each.fault) for each in verify_log(session)]
    assert (seq, Fault.CHANGED) in found


def test_a_case_is_not_found_by_what_is_restricted(database: Database) -> None:
    ref = opened(database)
    action = Action(
        "coordinate", Meeting(subject="密件甲"), FIRE_ON, reason="协调", restriction="informer"
    )
    act(
        database, LAW, CALENDAR, TIMERS, ref.id, action,
        idempotency_key=key(), now=NOW, today=TODAY,
    )  # fmt: skip
    with database.readers.begin() as session:
        case = load_case(session, ref.id).case
    words = words_of(searched_parts(case, ref.number, "某单位", "某地址"))
    assert words == words_of([ref.number, "某单位", "某地址", "富源县", "Fuyuan County"])
