"""When must each step begin at the latest, so that the clock is met? Planned backwards."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from fireinvest.regulation.calendar import ONE_DAY, Calendar
from fireinvest.regulation.clocks import Deadline
from fireinvest.regulation.condition import evaluate
from fireinvest.regulation.profile import Need, Plan
from fireinvest.workflow.case import Case, completed

#: More working days than any step of a plan takes.
LONGEST_STEP = 60


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """A step of a plan: the working days between which it has to be done at the latest.

    ``usual``: the working days that the profile gives it. ``is_passed``: the rule doesn't insist
    on it, and a later step of the plan is done. ``is_late``: it is still owed, and its latest
    start is past on the day of asking.
    """

    step: str
    working_days: int
    usual: int
    start_by: date
    finish_by: date
    done_on: date | None
    is_passed: bool
    is_late: bool

    @property
    def is_owed(self) -> bool:
        """Does it still take working days before the clock is met?"""
        return self.done_on is None and not self.is_passed


@dataclass(frozen=True, slots=True)
class Fit:
    """Do the steps still owed fit into the working days left, that of asking included?"""

    needed: int
    left: int

    @property
    def slack(self) -> int:
        """How many working days are to spare; negative: by how many the plan is too long."""
        return self.left - self.needed


def plan_backwards(
    case: Case, calendar: Calendar, plan: Plan, found: Deadline, as_of: date
) -> tuple[PlannedStep, ...]:
    """Return the plan's steps in order, laid backwards from the day to act by.

    What is done behind a step that is still owed takes no more room. Steps that the facts of the
    case rule out are left out.

    Raises:
        Faulty: when the plan leaves the calendar.

    """
    steps = case.ruleset.steps
    lines = [
        each for each in plan.steps if evaluate(steps[each.step].when, case.view).holds is not False
    ]
    done = [completed(case, steps[each.step]) for each in lines]
    last_done = max((at for at, entry in enumerate(done) if entry is not None), default=-1)
    passed = [
        entry is None and at < last_done and steps[line.step].need is not Need.MUST
        for at, (line, entry) in enumerate(zip(lines, done, strict=True))
    ]
    owed = [entry is None and not is_passed for entry, is_passed in zip(done, passed, strict=True)]
    first_owed = owed.index(True) if True in owed else len(lines)
    finish_by = found.act_by
    planned: list[PlannedStep] = []
    for at in reversed(range(len(lines))):
        line, entry = lines[at], done[at]
        working_days = case.planned.get((plan.id, line.step), line.working_days)
        start_by = calendar.nth_working_day_before(finish_by, working_days - 1)
        planned.append(
            PlannedStep(
                step=line.step,
                working_days=working_days,
                usual=line.working_days,
                start_by=start_by,
                finish_by=finish_by,
                done_on=None if entry is None else entry.on,
                is_passed=passed[at],
                is_late=owed[at] and as_of > start_by,
            )
        )
        if owed[at] or at < first_owed:
            finish_by = calendar.nth_working_day_before(start_by, 1)
    return tuple(reversed(planned))


def days_of(case: Case, plan: str, step: str) -> int | None:
    """Return how many working days a step of a plan takes in this case, None where it isn't one."""
    found = case.ruleset.plans.get(plan)
    usual = {line.step: line.working_days for line in found.steps} if found else {}
    return case.planned.get((plan, step), usual.get(step))


def next_owed(planned: Iterable[PlannedStep]) -> PlannedStep | None:
    """Return the step of a plan that has to begin first; None where nothing is owed any more."""
    return next((each for each in planned if each.is_owed), None)


def fit_of(
    calendar: Calendar, found: Deadline, planned: Iterable[PlannedStep], as_of: date
) -> Fit | None:
    """Return whether what is owed still fits before the day to act by; None where nothing is."""
    owed = [each.working_days for each in planned if each.is_owed]
    if not owed:
        return None
    left = calendar.working_days_between(as_of - ONE_DAY, found.act_by)
    return Fit(sum(owed), max(left, 0))


def begin_by(case: Case, calendar: Calendar, found: Deadline) -> tuple[date, str] | None:
    """Return the day by which the next step towards a running clock must begin, and which it is.

    None where the clock has ended, no plan leads to it, or nothing of the plan is owed. The day
    alone decides: nothing of it depends on when one asks.
    """
    if found.is_ended:
        return None
    firsts = [
        (first.start_by, first.step)
        for plan in case.ruleset.plans.values()
        if plan.clock == found.clock.id
        for first in [next_owed(plan_backwards(case, calendar, plan, found, found.as_of))]
        if first is not None
    ]
    return min(firsts, default=None)
