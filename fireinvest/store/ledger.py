"""The ledger of all cases: what a page of it needs beside the list, each with one query."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fireinvest.regulation.profile import Weight
from fireinvest.store.cases import CaseRow, DeadlineRow, StepDayRow
from fireinvest.store.records import cells_of_cases

__all__ = ["Figures", "StepDays", "figures_of", "lightly_hurt", "overdue_of", "step_days_of"]


@dataclass(frozen=True, slots=True)
class Figures:
    """The kind of fire, who was hurt and what was lost; None where it isn't known.

    ``late_key``: of a case that came in from an old ledger, its place and old number.
    """

    category: str | None
    deaths: int | None
    serious_injuries: int | None
    light_injuries: int | None
    missing: int | None
    loss_fen: int | None
    opened_on: date | None
    late_key: str | None

    @property
    def old_number(self) -> str | None:
        """The number in the old ledger."""
        return None if self.late_key is None else self.late_key.partition(":")[2]


@dataclass(frozen=True, slots=True)
class StepDays:
    """On which days a step was done: first, last, and in full."""

    first_on: date
    last_on: date
    done_on: date | None


_FIGURES = tuple(getattr(CaseRow, name) for name in Figures.__dataclass_fields__)


def figures_of(session: Session, case_ids: Sequence[int]) -> dict[int, Figures]:
    """Return the figures of these cases."""
    query = select(CaseRow.id, *_FIGURES).where(CaseRow.id.in_(case_ids))
    return {row[0]: Figures(*row[1:]) for row in session.execute(query)}


def step_days_of(
    session: Session, case_ids: Sequence[int], steps: Collection[str]
) -> dict[int, dict[str, StepDays]]:
    """Return on which days these steps were done in each of these cases."""
    found: dict[int, dict[str, StepDays]] = {case_id: {} for case_id in case_ids}
    columns = (StepDayRow.first_on, StepDayRow.last_on, StepDayRow.done_on)
    query = select(StepDayRow.case_id, StepDayRow.step, *columns).where(
        StepDayRow.case_id.in_(case_ids), StepDayRow.step.in_(sorted(steps))
    )
    for case_id, step, first_on, last_on, done_on in session.execute(query):
        found[case_id][step] = StepDays(first_on, last_on, done_on)
    return found


def overdue_of(session: Session, case_ids: Sequence[int], today: date) -> dict[int, int]:
    """Return how many clocks of each of these cases are overdue; advice is never overdue."""
    query = (
        select(DeadlineRow.case_id, func.count())
        .where(
            DeadlineRow.case_id.in_(case_ids),
            DeadlineRow.ended_on.is_(None),
            DeadlineRow.runs_until.is_(None),
            DeadlineRow.due_on < today,
            DeadlineRow.weight != Weight.ADVISORY.value,
        )
        .group_by(DeadlineRow.case_id)
    )
    return {row[0]: row[1] for row in session.execute(query)}


def lightly_hurt(session: Session, case_ids: Sequence[int]) -> dict[int, int]:
    """Return how many in the lists of casualties of these cases were lightly hurt.

    A case without a list isn't there.
    """
    found: dict[int, int] = {}
    for case_id, outcome in cells_of_cases(session, case_ids, "casualties", "outcome"):
        found[case_id] = found.get(case_id, 0) + (outcome == "light")
    return found
