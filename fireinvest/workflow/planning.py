"""When must each step begin at the latest, so that the clock is met? Planned backwards."""

from dataclasses import dataclass
from datetime import date

from fireinvest.regulation.calendar import Calendar
from fireinvest.regulation.clocks import Deadline
from fireinvest.regulation.profile import Plan
from fireinvest.workflow.case import Case, completed


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """A step of a plan: the working days between which it has to be done at the latest.

    ``is_late``: it is not done, and its latest start is past on the day of asking.
    """

    step: str
    working_days: int
    start_by: date
    finish_by: date
    done_on: date | None
    is_late: bool


def plan_backwards(
    case: Case, calendar: Calendar, plan: Plan, found: Deadline, as_of: date
) -> tuple[PlannedStep, ...]:
    """Return the plan's steps in order, laid backwards from the day to act by."""
    finish_by = found.act_by
    planned: list[PlannedStep] = []
    for line in reversed(plan.steps):
        start_by = calendar.nth_working_day_before(finish_by, line.working_days - 1)
        entry = completed(case, case.ruleset.steps[line.step])
        done_on = entry.on if entry is not None else None
        is_late = done_on is None and as_of > start_by
        planned.append(
            PlannedStep(line.step, line.working_days, start_by, finish_by, done_on, is_late)
        )
        finish_by = calendar.nth_working_day_before(start_by, 1)
    return tuple(reversed(planned))
