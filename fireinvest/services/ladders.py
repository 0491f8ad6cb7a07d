"""The ladder of each running clock: laid when its date is set or moves, and climbed by the sweep."""

from collections.abc import Iterable
from datetime import date

from fireinvest.regulation.calendar import ONE_DAY, Calendar
from fireinvest.regulation.clocks import Deadline
from fireinvest.regulation.profile import RungAt
from fireinvest.regulation.rungs import next_rung_on, reached_between
from fireinvest.store import Session
from fireinvest.store.alerts import Ladder, ladders_of, save_ladders
from fireinvest.workflow.case import Case

#: Rungs that tell how little time is left: those that a new date has reached are told again.
_URGENT = (RungAt.BEFORE, RungAt.DUE, RungAt.OVERDUE)


def lay_ladders(
    session: Session,
    case_id: int,
    case: Case,
    deadlines: Iterable[Deadline],
    calendar: Calendar,
    today: date,
) -> None:
    """Give every running clock of a case a ladder, and take away those of clocks that ended."""
    before = ladders_of(session, case_id)
    after = {}
    for found in deadlines:
        if not found.is_ended:
            place = (found.clock.id, found.run.instance)
            after[place] = _laid(case, found, calendar, before.get(place), today)
    save_ladders(session, case_id, before, after)


def climbed(case: Case, found: Deadline, calendar: Calendar, today: date) -> Ladder:
    """Return a clock's ladder after it was looked at today."""
    next_on = next_rung_on(case.ruleset, calendar, found, today)
    return Ladder(found.clock.id, found.run.instance, found.due_on, today, next_on)


def _laid(
    case: Case, found: Deadline, calendar: Calendar, known: Ladder | None, today: date
) -> Ladder:
    if known is not None and known.due_on == found.due_on:
        return known
    swept_on = None if known is None else known.swept_on
    if swept_on is not None:
        # A date that moved nearer has reached rungs that nobody was told of under it.
        reached = reached_between(case.ruleset, calendar, found, None, today)
        urgent = [each.on for each in reached if each.rung.at in _URGENT]
        swept_on = min([swept_on, *(day - ONE_DAY for day in urgent)])
    after = found.run.start_on - ONE_DAY if swept_on is None else swept_on
    next_on = next_rung_on(case.ruleset, calendar, found, after)
    return Ladder(found.clock.id, found.run.instance, found.due_on, swept_on, next_on)
