"""Official papers of a case: each drawn up, numbered, signed on paper, sent, and received.

What counts is the paper that was signed: once its scan is attached, that is the copy which counts,
with its own date. A paper that is void keeps its number and all that was kept of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import ClassVar

from fireinvest.messages import Problem, Text
from fireinvest.workflow.actions import Shape
from fireinvest.workflow.items.base import Item, item_field

#: The register of official papers, and as which list their kinds are chosen.
PAPERS = "papers"

_LONG = 400
_CODES = 2000


class PaperState(StrEnum):
    """How far has a paper come?"""

    DRAFT = "draft"
    NUMBERED = "numbered"
    SIGNED = "signed"
    SENT = "sent"
    RECEIVED = "received"


@dataclass(frozen=True, slots=True)
class OfficialPaper(Item):
    """An official paper; its kind is one of those that the rule's profile names.

    ``subject``: of what it is, where a case has several of its kind: an item of a register
    (``interviews:3``), an entry (``step:41``), a clock. ``series``: from which series its number
    was allotted; none where it was typed. ``codes``: those printed on it, the last one last.
    ``draft``, ``scan``: the SHA-256 of the file that is its draft, and of the signed one.
    ``template``: from which template it was drawn up, none where somebody wrote the file.
    """

    COLUMNS: ClassVar[tuple[str, ...]] = (
        "kind", "title", "document_no", "addressee", "drawn_on", "signed_on", "sent_on",
    )  # fmt: skip
    NAME: ClassVar[str] = "title"
    PREFIX: ClassVar[str] = "GW"
    #: Who holds a print of a void paper learns from its code that it is void.
    STAYS_FOUND: ClassVar[bool] = True

    kind: str | None = item_field("kind of paper", Shape.LISTED, needed=True, of=PAPERS)
    subject: str | None = item_field("of what it is", shown=False)
    title: str | None = item_field("title", needed=True, longest=_LONG)
    addressee: str | None = item_field("addressed to", longest=_LONG)
    drawn_on: date | None = item_field("drawn up on", Shape.DAY, needed=True)
    document_no: str | None = item_field("document number")
    series: int | None = item_field("series of numbers", Shape.COUNT, shown=False)
    codes: str | None = item_field("codes on it", longest=_CODES, shown=False)
    template: str | None = item_field("template", shown=False)
    draft: str | None = item_field("file of the draft", shown=False)
    signed_on: date | None = item_field("signed on", Shape.DAY)
    signed_by: str | None = item_field("signed by")
    scan: str | None = item_field("file of the signed paper", shown=False)
    sent_on: date | None = item_field("sent on", Shape.DAY)
    sent_to: str | None = item_field("sent to")
    sent_how: str | None = item_field("sent how")
    received_on: date | None = item_field("received on", Shape.DAY)
    received_by: str | None = item_field("received by")

    @property
    def state(self) -> PaperState:
        """How far has it come?"""
        if self.received_on is not None:
            return PaperState.RECEIVED
        if self.sent_on is not None:
            return PaperState.SENT
        if self.signed_on is not None:
            return PaperState.SIGNED
        return PaperState.DRAFT if self.document_no is None else PaperState.NUMBERED

    @property
    def is_fixed(self) -> bool:
        """Is it signed or on its way? Nothing that it says is then drawn up anew."""
        return self.signed_on is not None or self.sent_on is not None

    @property
    def code(self) -> str | None:
        """The code that is printed on it now."""
        return self.codes.split()[-1] if self.codes else None

    @property
    def counts(self) -> str | None:
        """The SHA-256 of the file that counts: the signed one where there is one."""
        return self.scan or self.draft

    def keys(self) -> Iterator[tuple[str, str]]:
        """By every code that was ever printed on it, and by its number."""
        for code in (self.codes or "").split():
            yield "paper", code
        if self.document_no is not None:
            yield "document", self.document_no

    def problems(self, _occurred_on: date, _today: date) -> Iterator[Problem]:
        """What happens to it comes in its order; who signs a paper signs a paper that is kept."""
        if self.signed_on is not None and self.scan is None:
            yield Problem("scan", Text("The signed paper is needed as a scan."))
        if self.signed_on is None and self.scan is not None:
            yield Problem("signed_on", Text("This is needed."))
        if self.sent_on is not None and not self.sent_to:
            yield Problem("sent_to", Text("This is needed."))
        if self.received_on is not None and self.sent_on is None:
            yield Problem("sent_on", Text("This is needed."))
        if self.received_on is not None and not self.received_by:
            yield Problem("received_by", Text("This is needed."))
        last = None
        for name in ("signed_on", "sent_on", "received_on"):
            day = getattr(self, name)
            if day is not None and last is not None and day < last:
                yield Problem(name, Text("It can't lie before what comes before it."))
            last = day or last
