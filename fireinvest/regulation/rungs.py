"""Which rungs of the ladder of notices does a clock reach, and on which days?

A rung is reached by a day (half-way, three days before, overdue for a week) or by what happens to
the clock (met, moved). Those of a day are worked out here, from the clock's dates alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from fireinvest.regulation.calendar import LAST_DAY, ONE_DAY, Calendar
from fireinvest.regulation.clocks import Deadline
from fireinvest.regulation.days import Unit, days_between
from fireinvest.regulation.profile import RUNGS_BY_DAY, Clock, Ruleset, Rung, RungAt

#: Before a role in the list of who hears: of the government above the one that investigates.
ABOVE = "superior-"


@dataclass(frozen=True, slots=True)
class Reached:
    """A rung, the day on which it is reached, and the how manieth time that is, from 1."""

    rung: Rung
    on: date
    occurrence: int = 1


def rungs_of(ruleset: Ruleset, clock: Clock) -> tuple[Rung, ...]:
    """Return the rungs of a clock's ladder, in the order of the profile."""
    return tuple(
        rung
        for rung in ruleset.rungs.values()
        if clock.weight in rung.weights and (not rung.clocks or clock.id in rung.clocks)
    )


def reached_between(
    ruleset: Ruleset, calendar: Calendar, found: Deadline, after: date | None, today: date
) -> tuple[Reached, ...]:
    """Return the rungs that a clock reached after a day, up to today, in the order of their days.

    ``after``: the last day that was looked at, None for never. Of rungs of the same day the later
    one in the ladder comes last. While the clock runs on because an appraisal is out, as much time
    is left as before: only its start is a rung then.
    """
    from_on = date.min if after is None else after + ONE_DAY
    reached = [
        each
        for rung in _by_day(ruleset, found)
        for each in _reached(rung, calendar, found, from_on, today)
    ]
    places = {name: place for place, name in enumerate(ruleset.rungs)}
    return tuple(sorted(reached, key=lambda each: (each.on, places[each.rung.id])))


def next_rung_on(ruleset: Ruleset, calendar: Calendar, found: Deadline, after: date) -> date | None:
    """Return the next day after a day on which a clock reaches a rung, None where none follows."""
    days = [
        day
        for rung in _by_day(ruleset, found)
        if (day := _first_after(rung, calendar, found, after)) is not None
    ]
    return min(days, default=None)


def _by_day(ruleset: Ruleset, found: Deadline) -> Iterator[Rung]:
    for rung in rungs_of(ruleset, found.clock):
        stands = found.runs_since is not None and rung.at is not RungAt.START
        if rung.at in RUNGS_BY_DAY and not stands:
            yield rung


def _reached(
    rung: Rung, calendar: Calendar, found: Deadline, from_on: date, today: date
) -> Iterator[Reached]:
    if rung.at is not RungAt.OVERDUE:
        day = _day(rung, calendar, found)
        if day is not None and from_on <= day <= today:
            yield Reached(rung, day)
        return
    for occurrence, day in _overdue(rung, found, from_on):
        if day > today:
            return
        yield Reached(rung, day, occurrence)


def _first_after(rung: Rung, calendar: Calendar, found: Deadline, after: date) -> date | None:
    if rung.at is RungAt.OVERDUE:
        return next((day for _, day in _overdue(rung, found, after + ONE_DAY)), None)
    day = _day(rung, calendar, found)
    return day if day is not None and day > after else None


def _day(rung: Rung, calendar: Calendar, found: Deadline) -> date | None:
    """The day of a rung up to the due day; None where the clock is too short to have it."""
    start_on, due_on = found.run.start_on, found.due_on
    if rung.at is RungAt.START:
        return start_on
    if rung.at is RungAt.DUE:
        return due_on
    left = rung.left
    if rung.at is RungAt.HALF_WAY:
        left = days_between(calendar, start_on, due_on, found.unit) // 2
    if left < 1:
        return None
    if found.unit is Unit.WORKING_DAYS:
        day = calendar.nth_working_day_before(due_on, left)
    else:
        day = due_on - timedelta(days=left)
    # A rung on or before the start says nothing that the start doesn't.
    return day if day > start_on else None


def _overdue(rung: Rung, found: Deadline, from_on: date) -> Iterator[tuple[int, date]]:
    """The times and days at which a rung after the due day is reached, from a day on."""
    every = rung.every
    gone = (from_on - found.due_on).days - rung.first
    index = 0 if every is None or gone <= 0 else -(-gone // every)
    while True:
        days = rung.first + index * (every or 0)
        if rung.last is not None and days > rung.last:
            return
        if days > (LAST_DAY - found.due_on).days:
            return
        day = found.due_on + timedelta(days=days)
        if day >= from_on:
            yield index + 1, day
        if every is None:
            return
        index += 1
