"""How far is each line of inquiry examined, and may it be closed? (art 15)."""

from collections.abc import Iterable
from dataclasses import dataclass

from fireinvest.regulation.profile import Item as ListItem
from fireinvest.workflow.actions import Entry
from fireinvest.workflow.case import Case
from fireinvest.workflow.items.inquiry import FOUND, NOTHING, LineFinding
from fireinvest.workflow.registers import Record, choices_of

#: The step that closes a line, and the list that it goes through.
CLOSING, LINES = "line_finding", "lines"
#: How the lists of sub-items are called: this, and the line.
POINTS = "line_"


@dataclass(frozen=True, slots=True)
class Point:
    """A sub-item of a line with what was found on it."""

    item: ListItem
    records: tuple[Record, ...]

    @property
    def is_ended(self) -> bool:
        """Does it end in a finding, or in an explicit "nothing found"?"""
        return bool(self.records)

    @property
    def is_contradicted(self) -> bool:
        """Does one record find something where another finds nothing?"""
        results = {getattr(each.values, "result", None) for each in self.records}
        return {FOUND, NOTHING} <= results


@dataclass(frozen=True, slots=True)
class Line:
    """A line of inquiry: its sub-items, and the entry that closed it last, if any.

    ``changed``: the findings that were written since.
    """

    item: ListItem
    points: tuple[Point, ...]
    closed: Entry | None
    changed: tuple[Record, ...]

    @property
    def ended(self) -> int:
        """How many of its sub-items end in something."""
        return sum(each.is_ended for each in self.points)

    @property
    def can_close(self) -> bool:
        """Does every sub-item end in something, and does nothing contradict itself?"""
        return (
            bool(self.points)
            and self.ended == len(self.points)
            and not any(each.is_contradicted for each in self.points)
        )

    @property
    def records(self) -> tuple[Record, ...]:
        """Everything found on the line, in the order of its sub-items."""
        return tuple(record for point in self.points for record in point.records)

    @property
    def found_nothing(self) -> bool:
        """Was nothing found on any sub-item?"""
        return all(getattr(each.values, "result", None) == NOTHING for each in self.records)


def lines_of(case: Case, findings: Iterable[Record]) -> tuple[Line, ...]:
    """Return the lines of inquiry that a case has, with what was found; withdrawn ones left out."""
    known: dict[tuple[str | None, str | None], list[Record]] = {}
    for each in findings:
        if isinstance(each.values, LineFinding):
            known.setdefault((each.values.line, each.values.point), []).append(each)
    # The one that was written down last, whatever real day it has.
    entries = sorted(case.done.get(CLOSING, ()), key=lambda each: each.seq)
    closed = {getattr(each.payload, "item", None): each for each in entries}
    found = []
    for item in choices_of(case, LINES):
        points = tuple(
            Point(point, tuple(known.get((item.id, point.id), ())))
            for point in choices_of(case, f"{POINTS}{item.id}")
        )
        entry = closed.get(item.id)
        changed = tuple(
            record
            for point in points
            for record in point.records
            if entry is not None and record.recorded_at > entry.recorded_at
        )
        found.append(Line(item, points, entry, changed))
    return tuple(found)
