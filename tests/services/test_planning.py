"""Clocks from the fire on one line: their stretches, their ends, and where days lie."""

from datetime import date, timedelta

import pytest

from fireinvest.regulation.calendar import ONE_DAY
from fireinvest.services.casefile import case_file
from fireinvest.services.planning import Stretch, Tracks, plans_of, tracks_of
from fireinvest.store import Database
from fireinvest.workflow.actions import Extension, Finding, Interval
from tests.services.office import CALENDAR, FIRE_ON, TIMERS, did, facts, opened, submitted


def tracks(database: Database, number: str, today: date) -> Tracks | None:
    with database.readers.begin() as session:
        return tracks_of(case_file(session, TIMERS, number, CALENDAR, today))


def pieces(found: Tracks, clock: str) -> list[tuple[Stretch, date, date]]:
    (line,) = (each for each in found.lines if each.found.clock.id == clock)
    return [(each.kind, each.from_on, each.to_on) for each in line.pieces]


def test_each_clock_has_its_own_pauses_and_extensions(database: Database) -> None:
    ref = opened(database)
    did(database, ref, "test_commissioned", Interval("1", "物证"), date(2025, 5, 20))
    did(database, ref, "ask_extension", Extension(days=10, grounds="疑难"), date(2025, 6, 5))
    granted = Extension(days=10, outcome="approved")
    did(database, ref, "decide_extension", granted, date(2025, 6, 6))
    today = date(2025, 6, 10)
    found = tracks(database, ref.number, today)
    assert found is not None
    assert [each.found.clock.id for each in found.lines] == ["report", "determination"]
    due_on = date(2025, 7, 11)
    assert pieces(found, "report") == [
        (Stretch.LENGTH, FIRE_ON, due_on),
        (Stretch.EXTENSION, due_on, due_on + timedelta(10)),
        (Stretch.TEST, date(2025, 5, 20), today),
    ]
    assert pieces(found, "determination") == [
        (Stretch.LENGTH, FIRE_ON, date(2025, 7, 2)),
        (Stretch.LEFT_OUT, date(2025, 5, 20), today),
    ]
    assert [[step.id for step in each.approves] for each in found.lines] == [
        ["decide_extension"],
        ["decide_determination_extension"],
    ]
    assert (found.from_on, found.place(FIRE_ON)) == (FIRE_ON, 0)
    assert 95 < found.place(due_on + timedelta(10)) < 100
    assert list(found.months) == [date(2025, 6, 1), date(2025, 7, 1)]


@pytest.mark.parametrize("after", [-1, 0, 40])
def test_the_line_goes_to_today_only_while_something_runs(database: Database, after: int) -> None:
    ref = opened(database)
    today = date(2025, 7, 11) + after * ONE_DAY
    found = tracks(database, ref.number, today)
    assert found is not None
    assert found.place(max(today, date(2025, 7, 11))) < 100
    submitted(database, ref)
    did(database, ref, "fire_determination", Finding(text="电气"), date(2025, 6, 20))
    ended = tracks(database, ref.number, date(2026, 7, 11))
    assert ended is not None
    assert ended.place(ended.today) > 100
    assert ended.lines[1].end_on == date(2025, 6, 20), "done after its due day"
    with database.readers.begin() as session:
        (plan,) = plans_of(case_file(session, TIMERS, ref.number, CALENDAR, today))
    assert (plan.fit, plan.next) == (None, None)


def test_a_case_without_such_clocks_has_no_line(database: Database) -> None:
    ref = opened(database, known=facts(category="forest_grassland"))
    assert tracks(database, ref.number, FIRE_ON) is None
