"""The ladder of each running clock: laid when its date is set or moves, and climbed by the sweep."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta

from fireinvest.regulation.calendar import ONE_DAY, Calendar
from fireinvest.regulation.clocks import Deadline
from fireinvest.regulation.profile import RungAt
from fireinvest.regulation.rungs import Reached, next_rung_on, reached_between
from fireinvest.store import Session
from fireinvest.store.alerts import (
    Ladder,
    Laying,
    OnRecord,
    Place,
    add_reached,
    ladders_of,
    reached_of,
    save_ladders,
)
from fireinvest.workflow.case import Case
from fireinvest.workflow.deadlines import calendar_of

#: Rungs that tell how little time is left: those that a new date has reached are told again.
_URGENT = (RungAt.BEFORE, RungAt.DUE, RungAt.OVERDUE)


def lay_ladders(
    session: Session,
    case_id: int,
    case: Case,
    deadlines: Iterable[Deadline],
    calendar: Calendar,
) -> None:
    """Give every running clock of a case a ladder, and take away those of clocks that ended."""
    before = ladders_of(session, case_id)
    was_looked_at = any(each.swept_on is not None for each in before.values())
    on_record = reached_of(session, case_id) if was_looked_at else frozenset()
    save_ladders(session, [laying(case_id, case, deadlines, calendar, before, on_record)])


#: A clock that is overdue by more than this when its case comes in from an old ledger is told of by
#: nobody's notice: it stands on the boards, and climbs again once something happens in the case.
LONG_PAST = timedelta(days=30)


def pass_over(
    session: Session,
    case_id: int,
    case: Case,
    deadlines: Iterable[Deadline],
    calendar: Calendar,
    *,
    now: datetime,
    today: date,
) -> None:
    """Note what the clocks of a case that comes in late have reached as passed over.

    Nobody is told of it. From today on their ladders are climbed as those of any other case, but
    not of what is long past.
    """
    calendar = calendar_of(case, calendar)
    rows, after = [], {}
    for found in deadlines:
        if found.is_ended:
            continue
        place = (found.clock.id, found.run.instance)
        rows += [
            {
                "case_id": case_id,
                "clock": found.clock.id,
                "instance": found.run.instance,
                "due_on": found.due_on,
                "rung": each.rung.id,
                "occurrence": each.occurrence,
                "reached_on": each.on,
                "is_skipped": True,
                "stood_in": None,
                "swept_at": now,
            }
            for each in reached_between(case.ruleset, calendar, found, None, today)
        ]
        ladder = climbed(case, found, calendar, today)
        is_long_past = today - found.due_on > LONG_PAST and found.runs_since is None
        after[place] = replace(ladder, next_on=None) if is_long_past else ladder
    add_reached(session, rows)
    save_ladders(session, [Laying(case_id, {}, after)])


def laying(
    case_id: int,
    case: Case,
    deadlines: Iterable[Deadline],
    calendar: Calendar,
    before: Mapping[Place, Ladder],
    on_record: Collection[OnRecord],
) -> Laying:
    """Return the ladders that a case has, and those that its running clocks are to have."""
    calendar = calendar_of(case, calendar)
    after = {}
    for found in deadlines:
        if not found.is_ended:
            place = (found.clock.id, found.run.instance)
            after[place] = _laid(case, found, calendar, before.get(place), on_record)
    return Laying(case_id, before, after)


def climbed(case: Case, found: Deadline, calendar: Calendar, today: date) -> Ladder:
    """Return a clock's ladder after it was looked at today."""
    next_on = next_rung_on(case.ruleset, calendar_of(case, calendar), found, today)
    next_on = _at_latest(found, today, next_on)
    return Ladder(found.clock.id, found.run.instance, found.due_on, today, next_on)


def _at_latest(found: Deadline, after: date, next_on: date | None) -> date | None:
    """Where the date moves on with every day, the next one is a day on which to look at it."""
    if found.runs_since is None:
        return next_on
    following = after + ONE_DAY
    return following if next_on is None else min(next_on, following)


def newly_reached(
    case: Case,
    found: Deadline,
    calendar: Calendar,
    swept_on: date | None,
    on_record: Collection[OnRecord],
    today: date,
) -> tuple[Reached, ...]:
    """Return the rungs that a clock reached since it was looked at last, up to today.

    Also those of how little time is left that lie before, where its date moved since: then nobody
    was told of them under it. ``swept_on``: None where it was never looked at since it runs.
    """
    reached = reached_between(case.ruleset, calendar, found, None, today)
    if swept_on is None:
        return reached
    place = (found.clock.id, found.run.instance, found.due_on)
    return tuple(
        each
        for each in reached
        if (each.on > swept_on or each.rung.at in _URGENT)
        and (*place, each.rung.id, each.occurrence) not in on_record
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
        missed = newly_reached(case, found, calendar, swept_on, on_record, swept_on)
        next_on = min((each.on for each in missed), default=next_on)
    next_on = _at_latest(found, after, next_on)
    return Ladder(found.clock.id, found.run.instance, found.due_on, swept_on, next_on)
