"""The access log in its batches, drafts, and what a conflict is."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError

from fireinvest.store import Database
from fireinvest.store.access import From, broken_batches, log_access, seal_accesses
from fireinvest.store.append_only import unprotect
from fireinvest.store.cases import change_case
from fireinvest.store.conflicts import Conflict, changing
from fireinvest.store.drafts import StoredDraft, drafts_of, drop_draft, find_draft, save_draft
from fireinvest.store.people import add_person

NOW = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


def _log(database: Database, *whats: str, at: datetime = NOW) -> None:
    with database.sessions.begin() as session:
        for what in whats:
            log_access(
                session,
                happened_at=at,
                person="sun",
                what=what,
                item="i",
                origin=From(request_id="r"),
            )


def _seal(database: Database, now: datetime = LATER) -> int:
    with database.sessions.begin() as session:
        return seal_accesses(session, now)


def _broken(database: Database) -> list[int]:
    with database.readers.begin() as session:
        return broken_batches(session)


def test_batches_follow_each_other(database: Database) -> None:
    _log(database, "view", "export")
    assert _seal(database, NOW) == 0  # Too fresh: another row may still be on its way.
    assert _seal(database) == 2
    assert _seal(database) == 0
    _log(database, "print")
    assert _seal(database) == 1
    assert _broken(database) == []


@pytest.mark.parametrize(
    ("table", "change", "broken"),
    [
        ("access_log", "UPDATE access_log SET what = 'x' WHERE id = 1", [2]),
        ("access_log", "DELETE FROM access_log WHERE id = 3", [3]),
        ("access_batches", "DELETE FROM access_batches WHERE last_id = 2", [3]),
        ("access_batches", "UPDATE access_batches SET hash = 'h' WHERE last_id = 2", [2, 3]),
    ],
)
def test_a_tampered_batch_is_named(
    database: Database, table: str, change: str, broken: list[int]
) -> None:
    _log(database, "view", "export")
    _seal(database)
    _log(database, "print")
    _seal(database)
    with database.engine.begin() as connection:
        unprotect(connection, table)
        connection.execute(text(change))
    assert _broken(database) == broken


def _person(database: Database, login: str = "sun") -> int:
    with changing(database) as session:
        return add_person(session, login=login, name="孙某", password_hash=None, created_at=NOW)


def test_a_draft_is_kept_once_a_form_and_for_its_owner(database: Database) -> None:
    sun, li = _person(database), _person(database, "li")
    with changing(database) as session:
        save_draft(session, sun, "intake", "甲", NOW)
        save_draft(session, sun, "intake", "乙", LATER)
        save_draft(session, li, "intake", "丙", NOW)
        assert find_draft(session, sun, "intake") == StoredDraft("intake", "乙", LATER)
        assert drafts_of(session, sun) == [StoredDraft("intake", "乙", LATER)]
        drop_draft(session, sun, "intake")
        assert find_draft(session, sun, "intake") is None
        assert find_draft(session, li, "intake") == StoredDraft("intake", "丙", NOW)


def test_a_key_that_is_taken_is_a_conflict(database: Database) -> None:
    _person(database)
    with pytest.raises(Conflict):
        _person(database)


def test_a_version_that_has_moved_on_is_a_conflict(database: Database) -> None:
    with pytest.raises(Conflict), changing(database) as session:
        change_case(session, 1, 1, {"version": 2})


def test_other_faults_are_no_conflicts(database: Database) -> None:
    with pytest.raises(IntegrityError), changing(database) as session:
        save_draft(session, 99, "intake", "甲", NOW)
    with pytest.raises(OperationalError), changing(database):
        raise OperationalError("", None, Exception("gone"))


def test_two_who_wait_for_each_other_are_a_conflict(database: Database) -> None:
    class Deadlock(Exception):
        sqlstate = "40P01"

    with pytest.raises(Conflict), changing(database):
        raise OperationalError("", None, Deadlock())
