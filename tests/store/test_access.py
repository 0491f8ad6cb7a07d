"""The access log in its batches, drafts, and what a conflict is."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.exc import IntegrityError, OperationalError

from fireinvest.store import Database
from fireinvest.store.access import (
    From,
    batch_hash,
    hash_begins_with,
    log_access,
    marks_in,
    row_hash,
    seal_accesses,
    written_rows,
)
from fireinvest.store.cases import change_case
from fireinvest.store.conflicts import Conflict, changing
from fireinvest.store.drafts import StoredDraft, drafts_of, drop_draft, find_draft, save_draft
from fireinvest.store.journal import NOTHING_BEFORE
from fireinvest.store.people import add_person
from fireinvest.store.verifying import Batch, batches_in

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


def _batches(database: Database) -> list[Batch]:
    with database.readers.begin() as session:
        return list(batches_in(session, 0, 2000))


def test_batches_follow_each_other(database: Database) -> None:
    _log(database, "view", "export")
    assert _seal(database, NOW) == 0  # Too fresh: another row may still be on its way.
    assert _seal(database, NOW + timedelta(minutes=5)) == 0
    assert _seal(database, NOW + timedelta(minutes=5, seconds=1)) == 2
    assert _seal(database) == 0
    _log(database, "print")
    assert _seal(database) == 1
    first, second = _batches(database)
    assert (first.first_id, first.last_id, first.count) == (1, 2, 2)
    assert (second.first_id, second.last_id, second.count) == (3, 3, 1)
    assert (first.prev_hash, second.prev_hash) == (NOTHING_BEFORE, first.hash)


def test_a_row_from_the_future_holds_up_nothing(database: Database) -> None:
    _log(database, "view", at=NOW + timedelta(days=400))
    _log(database, "view")
    assert _seal(database) == 2


def test_a_batch_holds_so_many_rows(database: Database) -> None:
    _log(database, *["view"] * 1001)
    assert [_seal(database) for _ in range(3)] == [1000, 1, 0]
    assert [each.count for each in _batches(database)] == [1000, 1]


def test_a_batch_marks_each_of_its_rows(database: Database) -> None:
    _log(database, "view", "export")
    _seal(database)
    (batch,) = _batches(database)
    with database.readers.begin() as session:
        rows = list(written_rows(session))
    assert rows[0][1] == "2026-03-01T08:00:00.000000+00:00"
    marks = marks_in(batch.marks)
    assert list(marks) == [1, 2]
    assert all(hash_begins_with(row_hash(row), marks[row[0]]) for row in rows)
    assert batch.hash == batch_hash(NOTHING_BEFORE, [(row[0], row_hash(row)) for row in rows])


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
