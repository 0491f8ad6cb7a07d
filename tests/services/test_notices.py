"""Notices entered in the database, on every database."""

from datetime import UTC, date, datetime

from fireinvest.regulation.calendar import parse_notice
from fireinvest.services.calendars import calendar_with
from fireinvest.services.notices import record_notice, stored_notices
from fireinvest.store import Database
from tests.services.test_calendars import NOTICE_2027

NOW = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)


def test_an_entered_notice_comes_back_and_moves_the_calendar(database: Database) -> None:
    notice = parse_notice(NOTICE_2027)
    assert stored_notices(database) == ()
    assert record_notice(database, notice, now=NOW) == 1
    assert stored_notices(database) == (notice,)
    calendar = calendar_with(stored_notices(database))
    assert calendar.nth_working_day(date(2026, 12, 31), 1) == date(2027, 1, 5)


def test_the_same_notice_entered_twice_adds_nothing(database: Database) -> None:
    notice = parse_notice(NOTICE_2027)
    assert [record_notice(database, notice, now=NOW) for _ in range(2)] == [1, 1]


def test_a_changed_notice_is_a_new_revision_and_the_newest_holds(database: Database) -> None:
    record_notice(database, parse_notice(NOTICE_2027), now=NOW)
    changed = parse_notice({**NOTICE_2027, "worked": ["2027-01-10"]})
    assert record_notice(database, changed, now=NOW) == 2
    assert stored_notices(database) == (changed,)
