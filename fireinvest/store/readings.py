"""How were unclear points of the rule decided, by whom, and on what document?"""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from fireinvest.store.alerts import ReadingDecisionRow
from fireinvest.workflow.actions import Cause, Recounting


@dataclass(frozen=True, slots=True)
class ReadingDecision:
    """A decision on an unclear point of a profile: the option, and the first day of its clocks."""

    profile: str
    reading: str
    revision: int
    chosen: str
    applies_from: date
    decided_by: str
    document: str
    reason: str
    recorded_by: str
    recorded_at: datetime

    def payload(self) -> Recounting:
        """Return what the journal of a case says of it."""
        return Recounting(
            Cause.READING,
            self.document,
            revision=self.revision,
            reading=self.reading,
            option=self.chosen,
            applies_from=self.applies_from,
        )


_COLUMNS = tuple(getattr(ReadingDecisionRow, name) for name in ReadingDecision.__slots__)


def decisions_of(session: Session, profile: str) -> list[ReadingDecision]:
    """Return the decisions on the points of a profile, in the order in which they were recorded."""
    rows = session.execute(
        select(*_COLUMNS)
        .where(ReadingDecisionRow.profile == profile)
        .order_by(ReadingDecisionRow.id)
    )
    return [ReadingDecision(*row) for row in rows]


def next_revision(session: Session, profile: str, reading: str) -> int:
    """Return which decision on a point the next one is, from 1."""
    last = session.scalar(
        select(func.max(ReadingDecisionRow.revision)).where(
            ReadingDecisionRow.profile == profile, ReadingDecisionRow.reading == reading
        )
    )
    return 1 if last is None else last + 1


def add_decision(session: Session, decision: ReadingDecision) -> None:
    """Write down a decision; of two with the same revision the second is refused.

    Raises:
        IntegrityError: for the second.

    """
    values = {name: getattr(decision, name) for name in ReadingDecision.__slots__}
    session.execute(insert(ReadingDecisionRow).values(**values))


def decided(session: Session) -> dict[str, tuple[Recounting, ...]]:
    """Return by profile what its cases have to know of the decisions, in their order."""
    found: dict[str, tuple[Recounting, ...]] = {}
    for row in session.execute(select(*_COLUMNS).order_by(ReadingDecisionRow.id)):
        each = ReadingDecision(*row)
        found[each.profile] = (*found.get(each.profile, ()), each.payload())
    return found
