"""What is planned in a case: its plans laid backwards, and the clocks from the fire on one line."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from fireinvest.regulation.calendar import ONE_DAY
from fireinvest.regulation.clocks import Deadline
from fireinvest.regulation.profile import Plan, StartsFrom, Step
from fireinvest.services.casefile import CaseFile
from fireinvest.workflow.planning import Fit, PlannedStep, fit_of, next_owed, plan_backwards


@dataclass(frozen=True, slots=True)
class CasePlan:
    """A plan of the rule as it lies in a case before one clock.

    ``fit``: whether what is owed still fits; None where the clock has ended or nothing is owed.
    ``next``: the step that has to begin first.
    """

    plan: Plan
    found: Deadline
    steps: tuple[PlannedStep, ...]
    fit: Fit | None
    next: PlannedStep | None


def plans_of(file: CaseFile) -> tuple[CasePlan, ...]:
    """Return the plans of a case, one for each clock that has one, the running clocks first.

    Raises:
        Faulty: when a plan leaves the calendar.

    """
    found = [
        _laid(file, plan, each)
        for plan in file.ruleset.plans.values()
        for each in file.deadlines
        if each.clock.id == plan.clock
    ]
    return tuple(sorted(found, key=lambda each: each.found.is_ended))


def _laid(file: CaseFile, plan: Plan, found: Deadline) -> CasePlan:
    steps = plan_backwards(file.case, file.calendar, plan, found, file.today)
    if found.is_ended:
        return CasePlan(plan, found, steps, None, None)
    fit = fit_of(file.calendar, found, steps, file.today)
    return CasePlan(plan, found, steps, fit, next_owed(steps))


class Stretch(StrEnum):
    """What a stretch of a clock's time is."""

    LENGTH = "length"
    EXTENSION = "extension"
    LEFT_OUT = "left_out"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of days on a clock's line, both ends included."""

    kind: Stretch
    from_on: date
    to_on: date


@dataclass(frozen=True, slots=True)
class Track:
    """A clock that runs from the fire and can be prolonged, as a line of time.

    ``approves``: the steps by which its extensions are decided, each with who takes it.
    """

    found: Deadline
    pieces: tuple[Piece, ...]
    approves: tuple[Step, ...]

    @property
    def end_on(self) -> date:
        """The last day of the line: the due day, or a later one on which it was done."""
        run = self.found.run
        ended_on = run.satisfied_on or run.returned_on or run.handed_over_on
        return max(self.found.due_on, ended_on or self.found.due_on)


_PARTS = 60


@dataclass(frozen=True, slots=True)
class Tracks:
    """Clocks side by side on one line of days, from the fire on."""

    from_on: date
    to_on: date
    today: date
    lines: tuple[Track, ...]

    def place(self, on: date) -> float:
        """Return where a day lies on the line, from 0 to 100."""
        return round(100 * (on - self.from_on).days / (self.to_on - self.from_on).days, 2)

    @property
    def months(self) -> Iterator[date]:
        """The first days of the months on the line."""
        on = self.from_on + ONE_DAY
        while on <= self.to_on:
            if on.day == 1:
                yield on
            on += ONE_DAY


def tracks_of(file: CaseFile) -> Tracks | None:
    """Return the clocks that run side by side from the fire, each with its own pauses and approver.

    None where there are none. The line goes to today only where something on it still runs.
    """
    lines = tuple(_track(file, each) for each in file.deadlines if _is_track(each))
    if not lines:
        return None
    ends = [each.end_on for each in lines]
    if any(not each.found.is_ended for each in lines):
        ends.append(file.today)
    from_on = min(each.found.count.start_on for each in lines)
    last = max(ends)
    # Room behind the last day, so that its mark can be seen.
    to_on = last + ONE_DAY + (last - from_on) // _PARTS
    return Tracks(from_on, to_on, file.today, lines)


def _is_track(found: Deadline) -> bool:
    can_be_prolonged = any(term.extension_at_most for term in found.terms)
    return found.clock.starts_from is StartsFrom.FIRE and can_be_prolonged


def _track(file: CaseFile, found: Deadline) -> Track:
    approves = tuple(step for step in file.ruleset.steps.values() if step.extends == found.clock.id)
    return Track(found, tuple(_pieces(found, file.today)), approves)


def _pieces(found: Deadline, today: date) -> Iterable[Piece]:
    count = found.count
    for index, part in enumerate(count.parts):
        kind = Stretch.EXTENSION if index else Stretch.LENGTH
        yield Piece(kind, part.from_on, part.ends_on)
    if count.left_out:
        for span in count.left_out:
            yield Piece(Stretch.LEFT_OUT, span.began_on, span.ended_on)
        return
    for test in found.run.tests:
        yield Piece(Stretch.TEST, test.began_on, test.ended_on or max(today, test.began_on))
