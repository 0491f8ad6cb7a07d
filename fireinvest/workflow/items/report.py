"""The report: its sections, opinions on it, approvals, signatures and submissions (arts 18-21)."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, fields
from datetime import date
from typing import ClassVar

from fireinvest.messages import Problem, Text, excerpt
from fireinvest.workflow.actions import Shape
from fireinvest.workflow.items.base import Item, item_field

#: Characters that a section has at most.
LONGEST_SECTION = 200_000
#: The state of a section that is ready to be recorded as drafted.
DRAFTING, RELEASED = "drafting", "released"
#: An opinion that was not adopted, or only in part, wants a reason.
_NOT_ADOPTED = frozenset({"partly", "no"})
#: What the leader decides on a part, or on the whole.
APPROVED, RETURNED = "approved", "returned"
#: How somebody signs.
SIGNED, DISSENT, REFUSED = "signed", "dissent", "refused"
BY_ACCOUNT, BY_SCAN = "account", "scan"


@dataclass(frozen=True, slots=True)
class Section(Item):
    """A section of a part of the report (art 20)."""

    COLUMNS: ClassVar[tuple[str, ...]] = ("part", "order", "title", "state")
    NAME: ClassVar[str] = "title"
    PREFIX: ClassVar[str] = "R"

    part: str | None = item_field("part", Shape.LISTED, needed=True, of="report_parts")
    title: str | None = item_field("title", needed=True)
    order: int | None = item_field("place in its part", Shape.COUNT)
    text: str | None = item_field("text", Shape.LONG_TEXT, longest=LONGEST_SECTION)
    state: str | None = item_field("state", Shape.LISTED, needed=True, of="section_states")

    def problems(self, _occurred_on: date, _today: date) -> Iterator[Problem]:
        """What is released says something."""
        if self.state == RELEASED and not (self.text or "").strip():
            yield Problem("text", Text("A section without text can't be released."))


@dataclass(frozen=True, slots=True)
class Opinion(Item):
    """An opinion on the report: asked of a body, answered, adopted or not (art 18)."""

    COLUMNS: ClassVar[tuple[str, ...]] = (
        "body", "part", "asked_on", "due_on", "answered_on", "adopted",
    )  # fmt: skip
    NAME: ClassVar[str] = "body"
    PREFIX: ClassVar[str] = "B"

    body: str | None = item_field("body asked", needed=True)
    part: str | None = item_field("part; none for the whole", Shape.LISTED, of="report_parts")
    asked_on: date | None = item_field("asked on", Shape.DAY, needed=True)
    document_no: str | None = item_field("number of the letter")
    due_on: date | None = item_field("answer due on", Shape.DAY, ahead=True)
    answered_on: date | None = item_field("answered on", Shape.DAY)
    answer_no: str | None = item_field("number of the answer")
    text: str | None = item_field("opinion", Shape.LONG_TEXT, longest=50_000)
    adopted: str | None = item_field("adopted", Shape.LISTED, of="adoption")
    reason: str | None = item_field("why not, or only in part", Shape.LONG_TEXT)

    @property
    def is_open(self) -> bool:
        """Is its answer still out?"""
        return self.answered_on is None

    def problems(self, _occurred_on: date, _today: date) -> Iterator[Problem]:
        """It is answered after it was asked, and what isn't adopted has a reason."""
        for name in ("due_on", "answered_on"):
            day = getattr(self, name)
            if day is not None and self.asked_on is not None and day < self.asked_on:
                yield Problem(name, Text("It can't lie before it was asked."))
        if self.is_open:
            for name in ("text", "adopted"):
                if getattr(self, name) is not None:
                    yield Problem("answered_on", Text("The day of the answer is needed."))
                    return
            return
        if not self.text:
            yield Problem("text", Text("This is needed."))
        if self.adopted in _NOT_ADOPTED and not self.reason:
            yield Problem("reason", Text("This is needed."))

    def doubts(self) -> Iterator[Problem]:
        """Tell of an answer of which nobody said what becomes of it."""
        if not self.is_open and self.adopted is None:
            yield Problem("adopted", Text("Whether it is adopted is not decided yet."))


@dataclass(frozen=True, slots=True)
class Approval(Item):
    """The leader approves a part or the whole as it stands, or returns it with remarks (art 18)."""

    COLUMNS: ClassVar[tuple[str, ...]] = ("part", "decision", "decided_on", "remarks")
    NAME: ClassVar[str] = "remarks"
    PREFIX: ClassVar[str] = "V"

    part: str | None = item_field(
        "part; none for the whole", Shape.LISTED, of="report_parts", shown=False
    )
    decision: str | None = item_field(
        "decision on the text", Shape.LISTED, needed=True, of="approval_decisions"
    )
    remarks: str | None = item_field("remarks", Shape.LONG_TEXT, longest=20_000)
    decided_on: date | None = item_field("decided on", Shape.DAY, needed=True)
    bound: str | None = item_field(
        "versions of the sections", needed=True, longest=20_000, shown=False
    )
    text_hash: str | None = item_field("SHA-256 of the text", needed=True, shown=False)

    @property
    def called(self) -> str:
        """How the remarks begin."""
        return excerpt(self.remarks or "")

    def problems(self, _occurred_on: date, _today: date) -> Iterator[Problem]:
        """Who returns says why."""
        if self.decision == RETURNED and not self.remarks:
            yield Problem("remarks", Text("This is needed."))

    def signing_problems(
        self, before: Item | None, _people: Collection[str], *, has_files: bool
    ) -> Iterator[Problem]:
        """What was decided stays as it was."""
        del has_files
        yield from _unchanged(self, before)


@dataclass(frozen=True, slots=True)
class RemarkAnswer(Item):
    """How the leader's remarks were dealt with (art 18)."""

    COLUMNS: ClassVar[tuple[str, ...]] = ("approval", "done_on", "text")
    NAME: ClassVar[str] = "text"
    PREFIX: ClassVar[str] = "RA"

    approval: tuple[int, ...] | None = item_field(
        "remarks", Shape.REFERENCES, needed=True, of="approvals"
    )
    text: str | None = item_field(
        "how they were dealt with", Shape.LONG_TEXT, needed=True, longest=20_000
    )
    done_on: date | None = item_field("day", Shape.DAY, needed=True)

    @property
    def called(self) -> str:
        """How the answer begins."""
        return excerpt(self.text or "")


@dataclass(frozen=True, slots=True)
class ReportSignature(Item):
    """A member signs the report as it stands, dissents on a page of their own, or refuses (art 19)."""

    COLUMNS: ClassVar[tuple[str, ...]] = ("person", "result", "way", "signed_on", "note")
    NAME: ClassVar[str] = "person"
    PREFIX: ClassVar[str] = "SG"

    person: str | None = item_field("member", needed=True, shown=False)
    result: str | None = item_field(
        "how they sign", Shape.LISTED, needed=True, of="signature_results"
    )
    way: str | None = item_field("in which way", Shape.LISTED, needed=True, of="signing_ways")
    signed_on: date | None = item_field("day", Shape.DAY, needed=True)
    note: str | None = item_field("dissent, or grounds of refusal", Shape.LONG_TEXT, longest=20_000)
    bound: str | None = item_field(
        "versions of the sections", needed=True, longest=20_000, shown=False
    )
    text_hash: str | None = item_field("SHA-256 of the text", needed=True, shown=False)

    def problems(self, _occurred_on: date, _today: date) -> Iterator[Problem]:
        """A dissent and a refusal say why."""
        if self.result in (DISSENT, REFUSED) and not self.note:
            yield Problem("note", Text("This is needed."))

    def signing_problems(
        self, before: Item | None, people: Collection[str], *, has_files: bool
    ) -> Iterator[Problem]:
        """Under an account everybody signs for themselves; a refusal is recorded by others."""
        if before is not None:
            yield from _unchanged(self, before)
            return
        if self.result == REFUSED:
            return
        if self.way == BY_ACCOUNT and self.person not in people:
            text = Text("Under their own account everybody signs for themselves.")
            yield Problem("way", text)
        if self.way == BY_SCAN and not has_files:
            yield Problem("files", Text("The signed page is needed as a scan."))


@dataclass(frozen=True, slots=True)
class Submission(Item):
    """The report as it was submitted: which versions, with which tables, under which hash (art 21)."""

    COLUMNS: ClassVar[tuple[str, ...]] = ("number", "title", "to", "submitted_on", "text_hash")
    NAME: ClassVar[str] = "number"
    PREFIX: ClassVar[str] = "SB"

    number: str | None = item_field("document number", needed=True)
    title: str | None = item_field("title", needed=True)
    to: str | None = item_field("submitted to", needed=True)
    submitted_on: date | None = item_field("submitted on", Shape.DAY, needed=True)
    bound: str | None = item_field(
        "versions of the sections", needed=True, longest=20_000, shown=False
    )
    text_hash: str | None = item_field("SHA-256 of the text", needed=True, shown=False)
    tables: str | None = item_field("tables as submitted", longest=1_000_000, shown=False)

    def signing_problems(
        self, before: Item | None, _people: Collection[str], *, has_files: bool
    ) -> Iterator[Problem]:
        """What was submitted stays as it was."""
        del has_files
        yield from _unchanged(self, before)


def _unchanged(item: Item, before: Item | None) -> Iterator[Problem]:
    """Yield a problem for each field in which an item is other than it was."""
    for each in fields(item) if before is not None else ():
        if getattr(item, each.name) != getattr(before, each.name):
            text = Text("It stays as it was written: withdraw it, and do it anew.")
            yield Problem(each.name, text)
