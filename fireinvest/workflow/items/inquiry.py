"""The five lines of inquiry, and the chain from a fact to a measure (arts 15, 18, 20)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from fireinvest.messages import Problem, Text, excerpt
from fireinvest.workflow.actions import Shape
from fireinvest.workflow.items.base import Item, item_field

#: How the examination of a sub-item ended.
FOUND, NOTHING = "found", "nothing_found"
#: With this sort a chain begins.
FACT = "fact"


@dataclass(frozen=True, slots=True)
class LineFinding(Item):
    """What was found on a sub-item of a line: which unit, which individual, by what evidence.

    Or that it was examined and nothing was found, with the reason.
    """

    COLUMNS: ClassVar[tuple[str, ...]] = (
        "line", "point", "result", "units", "unit_names", "people", "person_names",
    )  # fmt: skip
    NAME: ClassVar[str] = "text"
    PREFIX: ClassVar[str] = "I"

    line: str | None = item_field("line", Shape.LISTED, needed=True, of="lines", shown=False)
    point: str | None = item_field(
        "sub-item", Shape.LISTED, needed=True, of="line_", by="line", shown=False
    )
    result: str | None = item_field(
        "result of the examination", Shape.LISTED, needed=True, of="finding_results"
    )
    text: str | None = item_field("finding", Shape.LONG_TEXT, longest=20_000)
    units: tuple[int, ...] | None = item_field("units responsible", Shape.REFERENCES, of="parties")
    unit_names: str | None = item_field("other units, by name")
    people: tuple[int, ...] | None = item_field(
        "individuals responsible", Shape.REFERENCES, of="parties"
    )
    person_names: str | None = item_field("other individuals, by name and office")
    no_person: str | None = item_field("why no individual is named", Shape.LONG_TEXT)
    evidence: tuple[int, ...] | None = item_field("evidence", Shape.REFERENCES, of="evidence")
    reason: str | None = item_field(
        "what was examined, and why nothing was found", Shape.LONG_TEXT, longest=20_000
    )

    @property
    def called(self) -> str:
        """How the finding begins, or the reason why there is none."""
        return excerpt(self.text or self.reason or "")

    def problems(self, _occurred_on: date, _today: date) -> Iterator[Problem]:
        """A finding names unit and individual; where there is none, a reason stands (art 15)."""
        if self.result == NOTHING:
            if not self.reason:
                yield Problem("reason", Text("This is needed."))
            return
        if self.result != FOUND:
            return
        if not self.text:
            yield Problem("text", Text("This is needed."))
        if not self.units and not self.unit_names:
            yield Problem("unit_names", Text("The unit is needed: from the parties, or by name."))
        if not self.people and not self.person_names and not self.no_person:
            text = Text("The individual is needed, or why none is named.")
            yield Problem("person_names", text)

    def doubts(self) -> Iterator[Problem]:
        """Tell of a finding that no evidence bears."""
        if self.result == FOUND and not self.evidence:
            yield Problem("evidence", Text("No evidence is named for this finding."))


@dataclass(frozen=True, slots=True)
class ChainNode(Item):
    """A fact, cause, responsibility or measure, with what it rests on."""

    COLUMNS: ClassVar[tuple[str, ...]] = ("sort", "text", "before", "evidence", "parties")
    NAME: ClassVar[str] = "text"
    PREFIX: ClassVar[str] = "X"

    sort: str | None = item_field("sort", Shape.LISTED, needed=True, of="node_sorts")
    text: str | None = item_field("text", Shape.LONG_TEXT, needed=True, longest=5_000)
    before: tuple[int, ...] | None = item_field("follows from", Shape.REFERENCES, of="facts")
    evidence: tuple[int, ...] | None = item_field("evidence", Shape.REFERENCES, of="evidence")
    findings: tuple[int, ...] | None = item_field(
        "findings on the five lines", Shape.REFERENCES, of="line_findings"
    )
    parties: tuple[int, ...] | None = item_field(
        "units and persons concerned", Shape.REFERENCES, of="parties"
    )

    @property
    def called(self) -> str:
        """How its text begins."""
        return excerpt(self.text or "")

    def problems(self, _occurred_on: date, _today: date) -> Iterator[Problem]:
        """A fact rests on evidence alone."""
        if self.sort == FACT and self.before:
            yield Problem("before", Text("A fact stands first: it rests on evidence."))
