"""The archive of a case: its order, its volumes, how long it is kept, and who has it (art 24)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from fireinvest.messages import Problem, Text
from fireinvest.workflow.actions import Shape
from fireinvest.workflow.items.base import Item, item_field

#: As which list the periods of retention are chosen.
PERIODS = "periods"
#: After nothing: the document that stands first.
FIRST = "^"
#: By these files are found: when they were filed, until when they are kept, when lent ones are due.
FILED, KEPT_UNTIL, LENT = "filed", "kept_until", "lent"
#: How a file is lent that has to come back.
ON_PAPER = "paper"

_KEY = 200


@dataclass(frozen=True, slots=True)
class Arrangement(Item):
    """Where a document stands, other than by art 24 and its date; or that it is left out.

    ``document`` and ``after``: keys of documents, as the archive's services give them. ``volume``:
    the volume in which it has to be.
    """

    COLUMNS: ClassVar[tuple[str, ...]] = ("name", "volume", "left_out", "why")
    NAME: ClassVar[str] = "name"
    PREFIX: ClassVar[str] = "AR"

    name: str | None = item_field("document", needed=True, longest=400)
    document: str | None = item_field("which document", needed=True, longest=_KEY, shown=False)
    after: str | None = item_field("behind which document", longest=_KEY, shown=False)
    volume: int | None = item_field("volume", Shape.COUNT)
    left_out: bool | None = item_field("left out", Shape.FLAG)
    why: str | None = item_field("reason", Shape.LONG_TEXT)

    def problems(self, _occurred_on: date, _today: date) -> Iterator[Problem]:
        """What is left out says why; volumes count from 1."""
        if self.left_out and self.why is None:
            yield Problem("why", Text("This is needed."))
        if self.volume == 0:
            yield Problem("volume", Text("Volumes count from 1."))


@dataclass(frozen=True, slots=True)
class BoundVolume(Item):
    """A volume as it was bound into one PDF, which is its file.

    ``made_of``: the SHA-256 over what it was made of: another arrangement has another.
    """

    COLUMNS: ClassVar[tuple[str, ...]] = ("title", "documents", "pages", "first_on", "last_on")
    NAME: ClassVar[str] = "title"
    PREFIX: ClassVar[str] = "VO"

    number: int | None = item_field("number of the volume", Shape.COUNT, needed=True)
    title: str | None = item_field("title", needed=True, longest=400)
    documents: int | None = item_field("documents", Shape.COUNT, needed=True)
    pages: int | None = item_field("pages", Shape.COUNT, needed=True)
    first_on: date | None = item_field("from", Shape.DAY)
    last_on: date | None = item_field("until", Shape.DAY)
    made_of: str | None = item_field("made of", needed=True, shown=False)


@dataclass(frozen=True, slots=True)
class Retention(Item):
    """How long the file of a case is kept, counted from the year after its filing.

    ``until``: the last day of it, None where it is kept for ever. ``disposal`` and ``disposed_on``:
    by which list it was disposed of, and when that was decided.
    """

    COLUMNS: ClassVar[tuple[str, ...]] = ("period", "filed_on", "why", "disposed_on")
    NAME: ClassVar[str] = "period"
    PREFIX: ClassVar[str] = "RN"

    period: str | None = item_field("retention period", Shape.LISTED, needed=True, of=PERIODS)
    filed_on: date | None = item_field("filed on", Shape.DAY, needed=True)
    until: date | None = item_field("kept until", Shape.DAY, ahead=True, shown=False)
    place: str | None = item_field("where it stands")
    why: str | None = item_field("reason", Shape.LONG_TEXT)
    disposal: str | None = item_field("disposal list", shown=False)
    disposed_on: date | None = item_field("disposed of on", Shape.DAY, shown=False)

    def keys(self) -> Iterator[tuple[str, str]]:
        """By when it was filed, and until when it is kept; by nothing once it was disposed of."""
        if self.disposed_on is not None:
            return
        if self.filed_on is not None:
            yield FILED, self.filed_on.isoformat()
        if self.until is not None:
            yield KEPT_UNTIL, self.until.isoformat()

    def problems(self, occurred_on: date, _today: date) -> Iterator[Problem]:
        """Nothing is filed before it happened."""
        if self.filed_on is not None and self.filed_on < occurred_on:
            yield Problem("filed_on", Text("The day lies before the fire."))


@dataclass(frozen=True, slots=True)
class Lending(Item):
    """Somebody has the file, or a copy of it: for what, until when, and whether it came back."""

    COLUMNS: ClassVar[tuple[str, ...]] = ("borrower", "form", "lent_on", "due_on", "returned_on")
    NAME: ClassVar[str] = "borrower"
    PREFIX: ClassVar[str] = "LE"

    borrower: str | None = item_field("borrower", needed=True)
    agency: str | None = item_field("agency", needed=True)
    purpose: str | None = item_field("purpose", Shape.LONG_TEXT, needed=True)
    form: str | None = item_field("how it is lent", Shape.LISTED, needed=True, of="lending_forms")
    what: str | None = item_field("which volumes")
    approved_by: str | None = item_field("approved by")
    lent_on: date | None = item_field("lent on", Shape.DAY, needed=True)
    due_on: date | None = item_field("due back on", Shape.DAY, ahead=True)
    returned_on: date | None = item_field("returned on", Shape.DAY)
    received_by: str | None = item_field("taken back by")
    note: str | None = item_field("note", Shape.LONG_TEXT)

    def keys(self) -> Iterator[tuple[str, str]]:
        """By the day on which it is due back, as long as it is out."""
        if self.is_out and self.due_on is not None:
            yield LENT, self.due_on.isoformat()

    @property
    def is_out(self) -> bool:
        """Has it still to come back?"""
        return self.due_on is not None and self.returned_on is None

    def is_overdue(self, on: date) -> bool:
        """Should it have come back before this day?"""
        return self.is_out and self.due_on is not None and self.due_on < on

    def problems(self, _occurred_on: date, _today: date) -> Iterator[Problem]:
        """Paper comes back, by a day; nothing comes back before it was lent."""
        if self.form == ON_PAPER and self.due_on is None:
            yield Problem("due_on", Text("This is needed."))
        for name in ("due_on", "returned_on"):
            day = getattr(self, name)
            if day is not None and self.lent_on is not None and day < self.lent_on:
                yield Problem(name, Text("It lies before the day on which it was lent."))
        if self.returned_on is not None and self.received_by is None:
            yield Problem("received_by", Text("This is needed."))
