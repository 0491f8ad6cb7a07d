"""Evaluation and supervision: the sheet, listed supervision, notices, new fires (arts 28-30)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from fireinvest.messages import Problem, Text
from fireinvest.workflow.actions import Shape
from fireinvest.workflow.items.base import Item, item_field

#: By these a running supervision is found where the unit burns again, and the judgement on it.
SUPERVISED, JUDGED = "supervised", "judged"


def place_keys(
    name: str | None, credit_code: str | None, address: str | None
) -> Iterator[tuple[str, str]]:
    """Yield by what a unit under supervision is known again: its name, its code, its address."""
    given = (("name", name), ("code", credit_code), ("at", address))
    for sort, value in given:
        written = "".join((value or "").split()).casefold()
        if written:
            yield SUPERVISED, f"{sort}:{written}"


@dataclass(frozen=True, slots=True)
class SheetLine(Item):
    """A line of the evaluation's sheet: a measure, a penalty or a lesson, and what was found."""

    COLUMNS: ClassVar[tuple[str, ...]] = ("subject", "part", "state", "finding")
    NAME: ClassVar[str] = "subject"
    PREFIX: ClassVar[str] = "EV"

    part: str | None = item_field(
        "part of the evaluation", Shape.LISTED, needed=True, of="evaluation_findings"
    )
    subject: str | None = item_field("subject", Shape.LONG_TEXT, needed=True)
    about: str | None = item_field("register and number of what it is about", shown=False)
    finding: str | None = item_field("what was found", Shape.LONG_TEXT, needed=True)
    state: str | None = item_field("state", Shape.LISTED, needed=True, of="proof_states")
    proof: str | None = item_field("proof", Shape.LONG_TEXT)


@dataclass(frozen=True, slots=True)
class Supervision(Item):
    """A unit put under listed supervision (挂牌督办): order, limit, extension, lifting (art 30).

    ``ref``: by which reference the procedure knows it, where it isn't the item's own mark.
    """

    COLUMNS: ClassVar[tuple[str, ...]] = ("unit", "what", "due_on", "extended_to", "lifted_on")
    NAME: ClassVar[str] = "unit"
    PREFIX: ClassVar[str] = "SV"

    unit: str | None = item_field("unit under supervision", needed=True)
    credit_code: str | None = item_field("unified social credit code", Shape.CREDIT_CODE)
    address: str | None = item_field("address")
    to: str | None = item_field("who sees to it", needed=True)
    what: str | None = item_field("what is to be rectified", Shape.LONG_TEXT, needed=True)
    measures: tuple[int, ...] | None = item_field(
        "measures that were not carried out", Shape.REFERENCES, of="measures"
    )
    document_no: str | None = item_field("number of the order", needed=True)
    ordered_on: date | None = item_field("ordered on", Shape.DAY, needed=True)
    due_on: date | None = item_field("limit", Shape.DAY, needed=True, ahead=True)
    extended_to: date | None = item_field("extended to", Shape.DAY, ahead=True)
    extended_on: date | None = item_field("extension decided on", Shape.DAY)
    extension_no: str | None = item_field("number of the extension")
    extension_grounds: str | None = item_field("grounds of the extension", Shape.LONG_TEXT)
    lifted_on: date | None = item_field("lifted on", Shape.DAY)
    lifting_no: str | None = item_field("number of the lifting")
    lifting_grounds: str | None = item_field("on what the lifting rests", Shape.LONG_TEXT)
    ref: str | None = item_field("reference in the procedure", shown=False)

    @property
    def is_running(self) -> bool:
        """Is it not lifted yet?"""
        return self.lifted_on is None

    @property
    def limit(self) -> date | None:
        """The day by which it has to be rectified, as it was last decided."""
        return self.extended_to or self.due_on

    def keys(self) -> Iterator[tuple[str, str]]:
        """By name, code and address, as long as it runs."""
        if self.is_running:
            yield from place_keys(self.unit, self.credit_code, self.address)

    def problems(self, _occurred_on: date, _today: date) -> Iterator[Problem]:
        """Limits follow one another; an extension and a lifting say on what they rest."""
        if (
            self.due_on is not None
            and self.ordered_on is not None
            and self.due_on < self.ordered_on
        ):
            yield Problem("due_on", Text("The limit lies before the day on which it was set."))
        if self.extended_to is not None:
            if self.due_on is not None and self.extended_to <= self.due_on:
                yield Problem("extended_to", Text("An extension ends after the limit before it."))
            yield from self._needed("extended_on", "extension_grounds")
        if self.lifted_on is not None:
            yield from self._needed("lifting_grounds")

    def _needed(self, *names: str) -> Iterator[Problem]:
        for name in names:
            if getattr(self, name) is None:
                yield Problem(name, Text("This is needed."))


@dataclass(frozen=True, slots=True)
class DelayNotice(Item):
    """A notice that penalties or a trial are delayed, with a request to urge them (art 30)."""

    COLUMNS: ClassVar[tuple[str, ...]] = ("to", "item", "sent_on", "answered_on")
    NAME: ClassVar[str] = "to"
    PREFIX: ClassVar[str] = "DN"

    item: str | None = item_field(
        "organ that is notified", Shape.LISTED, needed=True, of="supervision_notices"
    )
    to: str | None = item_field("sent to", needed=True)
    about: tuple[int, ...] | None = item_field(
        "penalties and trials concerned", Shape.REFERENCES, needed=True, of="liabilities"
    )
    asked: str | None = item_field("what is asked", Shape.LONG_TEXT, needed=True)
    document_no: str | None = item_field("document number")
    sent_on: date | None = item_field("sent on", Shape.DAY, needed=True)
    answer: str | None = item_field("answer", Shape.LONG_TEXT)
    answered_on: date | None = item_field("answered on", Shape.DAY)

    def problems(self, _occurred_on: date, _today: date) -> Iterator[Problem]:
        """An answer follows the notice, and says something."""
        if self.answered_on is None:
            return
        if self.sent_on is not None and self.answered_on < self.sent_on:
            yield Problem("answered_on", Text("It was answered before it was sent."))
        if self.answer is None:
            yield Problem("answer", Text("This is needed."))


@dataclass(frozen=True, slots=True)
class NewFireJudgement(Item):
    """A person judges the three conditions of art 30 for a new fire at a supervised unit.

    ``other``: the number of the case of the new fire.
    """

    COLUMNS: ClassVar[tuple[str, ...]] = (
        "other", "is_past", "is_not_rectified", "is_serious", "decided_by", "decided_on",
    )  # fmt: skip
    NAME: ClassVar[str] = "other"
    PREFIX: ClassVar[str] = "NF"

    other: str | None = item_field("case of the new fire", needed=True)
    supervision: tuple[int, ...] | None = item_field(
        "supervision", Shape.REFERENCES, of="supervisions"
    )
    is_past: bool | None = item_field("the limit had passed", Shape.FLAG, needed=True)
    is_not_rectified: bool | None = item_field(
        "it was still not rectified", Shape.FLAG, needed=True
    )
    is_serious: bool | None = item_field(
        "the new fire had serious consequences", Shape.FLAG, needed=True
    )
    grounds: str | None = item_field("grounds", Shape.LONG_TEXT, needed=True)
    decided_by: str | None = item_field("judged by", needed=True)
    decided_on: date | None = item_field("judged on", Shape.DAY, needed=True)
    document_no: str | None = item_field("document number")

    @property
    def outcome(self) -> str:
        """Are all three conditions met?"""
        is_met = bool(self.is_past and self.is_not_rectified and self.is_serious)
        return "conditions_met" if is_met else "conditions_not_met"

    def keys(self) -> Iterator[tuple[str, str]]:
        """By the case of the new fire, so that it isn't asked again."""
        if self.other is not None:
            yield JUDGED, self.other
