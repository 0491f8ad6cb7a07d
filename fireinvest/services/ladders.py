"""The ladder of each running clock: laid when its date is set or moves, and climbed by the sweep."""

from collections.abc import Collection, Iterable
from datetime import date

from fireinvest.regulation.calendar import ONE_DAY, Calendar
from fireinvest.regulation.clocks import Deadline
from fireinvest.regulation.profile import RungAt
from fireinvest.regulation.rungs import Reached, next_rung_on, reached_between
from fireinvest.store import Session
from fireinvest.store.alerts import Ladder, OnRecord, ladders_of, reached_of, save_ladders
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
    was_looked_at = any(each.swept_on is not None for each in before.values())
    on_record = reached_of(session, case_id) if was_looked_at else frozenset()
    after = {}
    for found in deadlines:
        if not found.is_ended:
            place = (found.clock.id, found.run.instance)
            after[place] = _laid(case, found, calendar, before.get(place), on_record)
    save_ladders(session, case_id, before, after)


def climbed(case: Case, found: Deadline, calendar: Calendar, today: date) -> Ladder:
    """Return a clock's ladder after it was looked at today."""
    next_on = next_rung_on(case.ruleset, calendar, found, today)
    return Ladder(found.clock.id, found.run.instance, found.due_on, today, next_on)


def is_behind(known: Ladder) -> bool:
    """Has the clock's date moved so that it reached rungs before it was looked at last?"""
    swept_on, next_on = known.swept_on, known.next_on
    return swept_on is not None and next_on is not None and next_on <= swept_on


def newly_reached(
    case: Case,
    found: Deadline,
    calendar: Calendar,
    known: Ladder | None,
    on_record: Collection[OnRecord],
    today: date,
) -> tuple[Reached, ...]:
    """Return the rungs that a clock reached since it was looked at last, up to today.

    Also those before, where its date moved since: then nobody was told of them under it.
    """
    since = None if known is None else known.swept_on
    reached = reached_between(case.ruleset, calendar, found, since, today)
    if since is None or known is None or not is_behind(known):
        return reached
    return (*_missed(case, found, calendar, since, on_record), *reached)


def _missed(
    case: Case, found: Deadline, calendar: Calendar, swept_on: date, on_record: Collection[OnRecord]
) -> tuple[Reached, ...]:
    """The rungs that the clock had reached when it was looked at last, had its date been this."""
    place = (found.clock.id, found.run.instance, found.due_on)
    return tuple(
        each
        for each in reached_between(case.ruleset, calendar, found, None, swept_on)
        if each.rung.at in _URGENT and (*place, each.rung.id, each.occurrence) not in on_record
    )


def _laid(
    case: Case,
    found: Deadline,
    calendar: Calendar,
    known: Ladder | None,
    on_record: Collection[OnRecord],
) -> Ladder:
    swept_on = None if known is None else known.swept_on
    after = found.run.start_on - ONE_DAY if swept_on is None else swept_on
    next_on = next_rung_on(case.ruleset, calendar, found, after)
    if swept_on is not None:
        missed = _missed(case, found, calendar, swept_on, on_record)
        next_on = min((each.on for each in missed), default=next_on)
    return Ladder(found.clock.id, found.run.instance, found.due_on, swept_on, next_on)
