"""Whatever is done to a journal behind the application's back is found and named."""

import pytest
from sqlalchemy import text

from fireinvest.services.journal import Fault, LogFault, history, verify_log
from fireinvest.store import Database
from fireinvest.store import journal as store
from fireinvest.store.append_only import unprotect
from fireinvest.store.journal import hash_of
from fireinvest.workflow.actions import DocumentSent, Figures
from tests.queries import counted
from tests.services.office import did, opened

NUMBER = "5303-2025-0001"


@pytest.fixture
def worked(database: Database) -> Database:
    """Two cases of four entries each, and a journal whose protection somebody took away."""
    for _ in range(2):
        ref = opened(database)
        did(database, ref, "request_team", DocumentSent(to="市政府"))
        did(database, ref, "update_figures", Figures(deaths=6))
        did(database, ref, "update_figures", Figures(deaths=7))
    with database.engine.begin() as connection:
        unprotect(connection, "journal")
    return database


def found(database: Database, case_id: int | None = None) -> list[tuple[str, int, Fault]]:
    with database.readers.begin() as session:
        faults: list[LogFault] = list(verify_log(session, case_id))
    return [(each.number, each.seq, each.fault) for each in faults]


def run(database: Database, *statements: str) -> None:
    with database.sessions.begin() as session:
        for statement in statements:
            session.execute(text(statement))


def test_an_untouched_journal_is_sound(worked: Database) -> None:
    assert found(worked) == []
    assert found(worked, 2) == []


@pytest.mark.parametrize(
    "change",
    [
        "payload = '{}'",
        "reason = 'another'",
        "reason = NULL",
        "actor = 'nobody'",
        "occurred_on = '2025-05-13'",
        "recorded_at = '2025-09-11 04:00:00+00'",
        "occurred_at = '2025-05-12 04:00:00'",
        "old_values = '{}'",
        "new_values = '{}'",
        "step = 'reply'",
        "kind = 'decision'",
        "schema_version = 2",
        "acting_for = 'somebody'",
        "expected_version = 2",
        "idempotency_key = 'k'",
        "prev_hash = 'h'",
        "hash = 'h'",
    ],
)
def test_a_changed_column_is_named(worked: Database, change: str) -> None:
    run(worked, f"UPDATE journal SET {change} WHERE case_id = 1 AND seq = 3")
    assert found(worked) == [(NUMBER, 3, Fault.CHANGED)]
    assert found(worked, 2) == []
    assert found(worked, 1) == [(NUMBER, 3, Fault.CHANGED)]


@pytest.mark.parametrize("seq", [1, 2, 4])
def test_a_missing_entry_is_named(worked: Database, seq: int) -> None:
    run(worked, f"DELETE FROM journal WHERE case_id = 1 AND seq = {seq}")
    assert found(worked) == [(NUMBER, seq, Fault.MISSING)]


def test_a_journal_that_is_gone_is_named(worked: Database) -> None:
    run(worked, "DELETE FROM journal WHERE case_id = 2")
    assert found(worked) == [("5303-2025-0002", seq, Fault.MISSING) for seq in range(1, 5)]


@pytest.mark.parametrize("seq", [1, 3, 4])
def test_an_entry_with_a_hash_made_to_fit_is_named(worked: Database, seq: int) -> None:
    with worked.readers.begin() as session:
        line = store.lines_of(session, 1)[seq - 1]._replace(reason="another")
    run(
        worked,
        f"UPDATE journal SET reason = 'another', hash = '{hash_of(NUMBER, line)}' "
        f"WHERE case_id = 1 AND seq = {seq}",
    )
    assert found(worked) == [(NUMBER, seq, Fault.CHANGED)]


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


def test_verifying_takes_two_statements(worked: Database) -> None:
    with counted(worked) as sent:
        found(worked)
    assert len(sent) == 2


def test_history_is_paged_by_sequence(worked: Database) -> None:
    with worked.readers.begin() as session:
        first = history(session, 1, size=3)
        rest = history(session, 1, before_seq=first[-1].seq, size=3)
    assert [line.seq for line in (*first, *rest)] == [4, 3, 2, 1]
