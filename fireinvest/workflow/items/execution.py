"""What follows a reply: receipts, transfers, who is answerable and how, measures (arts 24-27)."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from fireinvest.messages import Problem, Text
from fireinvest.workflow.actions import Shape
from fireinvest.workflow.items.base import Item, item_field
from fireinvest.workflow.proving import PROVED, is_open, may_become


@dataclass(frozen=True, slots=True)
class Receipt(Item):
    """That a document reached somebody: when it was sent, and their receipt (送达回证).

    ``whom``: which of the recipients that follow from the case it is; None for another one.
    """

    COLUMNS: ClassVar[tuple[str, ...]] = ("recipient", "item", "sent_on", "received_on")
    NAME: ClassVar[str] = "recipient"

    recipient: str | None = item_field("recipient", needed=True)
    sent_on: date | None = item_field("sent on", Shape.DAY, needed=True)
    document_no: str | None = item_field("document number")
    way: str | None = item_field("way of delivery", Shape.LISTED, of="delivery_ways")
    received_on: date | None = item_field("received on", Shape.DAY)
    signed_by: str | None = item_field("receipt signed by")
    note: str | None = item_field("note", Shape.LONG_TEXT)
    whom: str | None = item_field("one of the recipients of the case", longest=300, shown=False)

    @property
    def is_received(self) -> bool:
        """Is the receipt there?"""
        return self.received_on is not None

    def problems(self, _occurred_on: date, _today: date) -> Iterator[Problem]:
        """What was received was sent before, and somebody signed for it."""
        if self.received_on is None:
            return
        if self.sent_on is not None and self.received_on < self.sent_on:
            yield Problem("received_on", Text("It was received before it was sent."))
        if self.signed_by is None:
            yield Problem("signed_by", Text("This is needed."))


@dataclass(frozen=True, slots=True)
class ReplyDelivered(Receipt):
    """The reply reached the lead, discipline inspection or a judicial organ (art 25)."""

    PREFIX: ClassVar[str] = "DL"

    item: str | None = item_field(
        "delivered as", Shape.LISTED, needed=True, of="delivery_recipients"
    )


@dataclass(frozen=True, slots=True)
class CopySent(Receipt):
    """Copies of reply and report reached a unit that took part, or a lower government (art 26)."""

    PREFIX: ClassVar[str] = "CP"

    item: str | None = item_field("delivered as", Shape.LISTED, needed=True, of="copy_recipients")


@dataclass(frozen=True, slots=True)
class Transfer(Item):
    """A matter for another authority, with its evidence, and what became of it (arts 26, 27)."""

    COLUMNS: ClassVar[tuple[str, ...]] = ("subject", "kind", "to", "sent_on", "received_on")
    NAME: ClassVar[str] = "subject"
    PREFIX: ClassVar[str] = "TR"

    subject: str | None = item_field("what is transferred", needed=True)
    kind: str | None = item_field(
        "kind of transfer", Shape.LISTED, needed=True, of="transfer_kinds"
    )
    to: str | None = item_field("authority", needed=True)
    about: tuple[int, ...] | None = item_field(
        "units and persons concerned", Shape.REFERENCES, of="parties"
    )
    facts: str | None = item_field("facts and basis in law", Shape.LONG_TEXT)
    evidence: tuple[int, ...] | None = item_field(
        "evidence that goes along", Shape.REFERENCES, of="evidence"
    )
    document_no: str | None = item_field("document number")
    sent_on: date | None = item_field("sent on", Shape.DAY)
    received_on: date | None = item_field("receipt of", Shape.DAY)
    signed_by: str | None = item_field("receipt signed by")
    result: str | None = item_field("what the authority decided", Shape.LONG_TEXT)
    result_no: str | None = item_field("number of its document")
    result_on: date | None = item_field("day of the decision", Shape.DAY)

    @property
    def is_open(self) -> bool:
        """Does the authority's answer stand out?"""
        return self.result_on is None

    def problems(self, _occurred_on: date, _today: date) -> Iterator[Problem]:
        """It is sent, received and answered in this order; an answer says what was decided."""
        if self.received_on is not None and (
            self.sent_on is None or self.received_on < self.sent_on
        ):
            yield Problem("received_on", Text("It was received before it was sent."))
        if self.result_on is not None and (self.sent_on is None or self.result_on < self.sent_on):
            yield Problem("result_on", Text("It was decided before it was sent."))
        if self.result_on is not None and self.result is None:
            yield Problem("result", Text("This is needed."))


@dataclass(frozen=True, slots=True)
class DisciplineLead(Transfer):
    """A lead that goes to discipline inspection: only few read it (art 26)."""

    PREFIX: ClassVar[str] = "JL"

    kind: str | None = item_field(
        "kind of transfer", Shape.LISTED, of="transfer_kinds", shown=False
    )


def state_problems(
    before: str | None, state: str | None, proof: str | None, *, has_files: bool
) -> Iterator[Problem]:
    """Yield what keeps a state from following another one; an end says what it rests on."""
    if not may_become(before, state):
        text = Text("What is proved or overtaken stays so; what isn't proved can still be.")
        yield Problem("state", text)
    if is_open(state) or proof:
        return
    if state != PROVED:
        yield Problem("proof", Text("Say on what this rests."))
    elif not has_files:
        yield Problem("proof", Text("Proof is needed: in words, or as a file."))


@dataclass(frozen=True, slots=True)
class Liability(Item):
    """Somebody answerable for the fire: what was proposed, decided and done (arts 20(5), 27, 28(2)).

    ``ref``: by which reference the procedure knows it, where it isn't the item's own mark.
    """

    COLUMNS: ClassVar[tuple[str, ...]] = ("name", "kind", "proposed", "state", "due_on")
    NAME: ClassVar[str] = "name"
    PREFIX: ClassVar[str] = "LB"

    name: str | None = item_field("unit or person", needed=True)
    sort: str | None = item_field("unit or person?", Shape.LISTED, needed=True, of="party_sorts")
    party: tuple[int, ...] | None = item_field("party of the fire", Shape.REFERENCES, of="parties")
    post: str | None = item_field("unit and post of the person")
    is_official: bool | None = item_field("public official", Shape.FLAG)
    fact: str | None = item_field("fact for which they answer", Shape.LONG_TEXT, needed=True)
    basis: str | None = item_field("basis in law", longest=500)
    kind: str | None = item_field("kind", Shape.LISTED, needed=True, of="penalty_kinds")
    proposed: str | None = item_field("what is proposed", needed=True)
    decided_by: str | None = item_field("decided by")
    decision: str | None = item_field("what was decided")
    document_no: str | None = item_field("document number")
    decided_on: date | None = item_field("day of the decision", Shape.DAY)
    due_on: date | None = item_field("to be carried out by", Shape.DAY, ahead=True)
    state: str | None = item_field("state", Shape.LISTED, needed=True, of="liability_states")
    state_on: date | None = item_field("in this state since", Shape.DAY, needed=True)
    proof: str | None = item_field("proof", Shape.LONG_TEXT)
    evidence: tuple[int, ...] | None = item_field("evidence", Shape.REFERENCES, of="evidence")
    node: tuple[int, ...] | None = item_field(
        "where it stands in the matrix of the report", Shape.REFERENCES, of="facts"
    )
    ref: str | None = item_field("reference in the procedure", shown=False)

    def is_overdue(self, today: date) -> bool:
        """Is it past its day, and still not carried out?"""
        return is_open(self.state) and self.due_on is not None and self.due_on < today

    def problems(self, _occurred_on: date, _today: date) -> Iterator[Problem]:
        """A decision that is entered says what it is."""
        if self.decided_on is not None and self.decision is None:
            yield Problem("decision", Text("This is needed."))

    def signing_problems(
        self, before: Item | None, _people: Collection[str], *, has_files: bool
    ) -> Iterator[Problem]:
        """An end is proved, and stays."""
        was = before.state if isinstance(before, Liability) else None
        yield from state_problems(was, self.state, self.proof, has_files=has_files)


@dataclass(frozen=True, slots=True)
class RectificationMeasure(Item):
    """A measure of the reply: who carries it out by when, and whether that is proved (art 20(6)).

    ``ref``: by which reference the procedure knows it, where it isn't the item's own mark.
    """

    COLUMNS: ClassVar[tuple[str, ...]] = ("what", "unit", "kind", "due_on", "state")
    NAME: ClassVar[str] = "what"
    PREFIX: ClassVar[str] = "ME"

    what: str | None = item_field("measure", Shape.LONG_TEXT, needed=True)
    unit: str | None = item_field("carried out by", needed=True)
    party: tuple[int, ...] | None = item_field("party of the fire", Shape.REFERENCES, of="parties")
    kind: str | None = item_field("kind", Shape.LISTED, needed=True, of="measure_kinds")
    set_on: date | None = item_field("set on", Shape.DAY, needed=True)
    due_on: date | None = item_field("limit", Shape.DAY, needed=True, ahead=True)
    state: str | None = item_field("state", Shape.LISTED, needed=True, of="measure_states")
    done: str | None = item_field("what was done, and with what effect", Shape.LONG_TEXT)
    proof: str | None = item_field("proof", Shape.LONG_TEXT)
    accepted_by: str | None = item_field("accepted by")
    accepted_on: date | None = item_field("looked at on", Shape.DAY)
    evidence: tuple[int, ...] | None = item_field("evidence", Shape.REFERENCES, of="evidence")
    note: str | None = item_field("note", Shape.LONG_TEXT)
    node: tuple[int, ...] | None = item_field(
        "where it stands in the matrix of the report", Shape.REFERENCES, of="facts"
    )
    ref: str | None = item_field("reference in the procedure", shown=False)

    def is_overdue(self, today: date) -> bool:
        """Is it past its limit, and still not carried out?"""
        return is_open(self.state) and self.due_on is not None and self.due_on < today

    def problems(self, _occurred_on: date, _today: date) -> Iterator[Problem]:
        """The limit follows the setting; an end says who found it, and when."""
        if self.set_on is not None and self.due_on is not None and self.due_on < self.set_on:
            yield Problem("due_on", Text("The limit lies before the day on which it was set."))
        if is_open(self.state):
            return
        for name in ("accepted_by", "accepted_on"):
            if getattr(self, name) is None:
                yield Problem(name, Text("This is needed."))

    def signing_problems(
        self, before: Item | None, _people: Collection[str], *, has_files: bool
    ) -> Iterator[Problem]:
        """An end is proved, and stays."""
        was = before.state if isinstance(before, RectificationMeasure) else None
        yield from state_problems(was, self.state, self.proof, has_files=has_files)
