"""What moved a clock, and when? The journal told again, entry by entry, up to each of its moves."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from fireinvest.china import CHINA
from fireinvest.regulation.calendar import Calendar
from fireinvest.regulation.clocks import Deadline
from fireinvest.regulation.profile import Clock, Ruleset, Step
from fireinvest.workflow.actions import (
    CODE_ACTIONS,
    Correcting,
    Entry,
    Figures,
    Voiding,
)
from fireinvest.workflow.case import Case, retold
from fireinvest.workflow.deadlines import deadlines_of, satisfying_steps

#: How many states of a case are worked out at most: those after the latest entries.
MOST = 30


@dataclass(frozen=True, slots=True)
class Move:
    """An entry after which a clock's date was another one.

    ``old_on`` is None where the clock started with it, ``new_on`` where it no longer runs at all.
    """

    entry: Entry
    old_on: date | None
    new_on: date | None


@dataclass(frozen=True, slots=True)
class History:
    """The moves of a clock in the order in which they were recorded.

    ``told_from``: the entry from which on they are told, None where that is the first.
    """

    moves: tuple[Move, ...]
    told_from: int | None


def clock_history(
    case: Case, clock: Clock, instance: str, calendar: Calendar, *, most: int = MOST
) -> History:
    """Return what moved one instance of a clock, as counted with the calendar that is known now.

    Only entries that can move the clock are looked at, and of these the latest ``most``.

    Raises:
        Faulty: when a count leaves the calendar.

    """
    touching = [each for each in case.journal if _can_move(case, clock, each)]
    looked_at = touching[-most:]
    if not looked_at:
        return History((), None)
    is_cut = len(touching) > len(looked_at)
    due_on = None
    if is_cut:
        due_on = _due_on(case, clock, instance, calendar, touching[-most - 1])
    moves = []
    for entry in looked_at:
        new_on = _due_on(case, clock, instance, calendar, entry)
        if new_on != due_on:
            moves.append(Move(entry, due_on, new_on))
        due_on = new_on
    return History(tuple(moves), looked_at[0].seq if is_cut else None)


def _due_on(
    case: Case, clock: Clock, instance: str, calendar: Calendar, after: Entry
) -> date | None:
    """The clock's date once this entry was recorded, on the day on which it was."""
    known = [each for each in case.journal if each.seq <= after.seq]
    then = retold(case, known)
    day = after.recorded_at.astimezone(CHINA).date()
    found = _one(deadlines_of(then, calendar, day), clock, instance)
    return None if found is None else found.due_on


def _one(found: Iterable[Deadline], clock: Clock, instance: str) -> Deadline | None:
    return next(
        (each for each in found if (each.clock.id, each.run.instance) == (clock.id, instance)),
        None,
    )


def _can_move(case: Case, clock: Clock, entry: Entry) -> bool:
    """Does it open, hand over or judge the case, or is it of a step that is wired to the clock?"""
    match entry.payload:
        case Voiding(target) | Correcting(target):
            meant = next((each for each in case.journal if each.seq == target), None)
            return meant is not None and _can_move(case, clock, meant)
        case Figures():
            return True
    if entry.step in CODE_ACTIONS:
        return True
    step = case.ruleset.steps.get(entry.step)
    return step is not None and (step.decides is not None or _is_wired(case.ruleset, clock, step))


def _is_wired(ruleset: Ruleset, clock: Clock, step: Step) -> bool:
    """Does it start, end, prolong, receive or return what the clock runs for, or test for it?"""
    tests = {name for term in ruleset.terms_of_clock[clock.id] for name in term.tests}
    return (
        clock.id in (*step.starts, *step.satisfies, *step.stops, step.extends)
        or step.id in (clock.received_by, clock.returned_by)
        or step in satisfying_steps(ruleset, clock.id)
        or step.id in tests
        or step.closes in tests
    )
