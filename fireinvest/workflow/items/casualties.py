"""Who was hurt, what was lost, and what was said to families (arts 8(1), 20(3))."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import ClassVar

from fireinvest.messages import Problem, Text
from fireinvest.workflow.actions import Shape
from fireinvest.workflow.items.base import Item, item_field
from fireinvest.workflow.items.people import identity_doubt, identity_problem, keys_of

DEAD, SERIOUS, MISSING = "dead", "serious", "missing"
#: Whoever was hurt is asked after until this day after the fire; a death until then is one of the
#: fire in the statistical return.
WATCHED = timedelta(days=30)
#: The stage of a loss that counts.
FINAL = "final"


@dataclass(frozen=True, slots=True)
class Casualty(Item):
    """Somebody who died, was hurt or is missing, as known on a day from a source."""

    COLUMNS: ClassVar[tuple[str, ...]] = (
        "name", "outcome", "sex", "age", "died_on", "cause", "hospital", "observed_on", "source",
    )  # fmt: skip
    NAME: ClassVar[str] = "name"
    PREFIX: ClassVar[str] = "C"

    name: str | None = item_field("name, or how the person is told apart", needed=True)
    party: tuple[int, ...] | None = item_field("party", Shape.REFERENCES, of="parties")
    sex: str | None = item_field("sex", Shape.LISTED, of="sexes")
    age: int | None = item_field("age", Shape.COUNT)
    is_minor: bool | None = item_field("minor", Shape.FLAG)
    identity_no: str | None = item_field("identity number", Shape.IDENTITY_NO)
    outcome: str | None = item_field("outcome", Shape.LISTED, needed=True, of="casualty_outcomes")
    died_on: date | None = item_field("died on", Shape.DAY)
    cause: str | None = item_field("cause of death or injury")
    found_at: str | None = item_field("where found")
    hospital: str | None = item_field("hospital")
    observed_on: date | None = item_field("known on", Shape.DAY, needed=True)
    source: str | None = item_field("source", needed=True)
    note: str | None = item_field("note", Shape.LONG_TEXT)

    @property
    def counts_from(self) -> date | None:
        """From which real day it counts: a death by its own date, anything else as known."""
        return self.died_on if self.outcome == DEAD else self.observed_on

    def is_watched(self, occurred_on: date, on: date) -> bool:
        """Has the person to be asked after still: hurt or missing, and the 30 days not over?"""
        return self.outcome != DEAD and on <= occurred_on + WATCHED

    def keys(self) -> Iterator[tuple[str, str]]:
        """By name and number."""
        yield from keys_of(self.name, self.identity_no, None, None)

    def problems(self, occurred_on: date, _today: date) -> Iterator[Problem]:
        """Who died has a day of death, on or after the fire."""
        yield from identity_problem("identity_no", self.identity_no)
        if self.outcome == DEAD and self.died_on is None:
            yield Problem("died_on", Text("This is needed."))
        if self.outcome != DEAD and self.died_on is not None:
            yield Problem("died_on", Text("Only who died has a day of death."))
        for name in ("died_on", "observed_on"):
            day = getattr(self, name)
            if day is not None and day < occurred_on:
                yield Problem(name, Text("The day lies before the fire."))

    def doubts(self) -> Iterator[Problem]:
        """Tell of a death without a cause, and of a region that isn't known."""
        if self.outcome == DEAD and not self.cause:
            yield Problem("cause", Text("The cause of death is not on record yet."))
        yield from identity_doubt("identity_no", self.identity_no)


@dataclass(frozen=True, slots=True)
class Counted:
    """How many died, were badly hurt, or are missing."""

    deaths: int
    serious_injuries: int
    missing: int


@dataclass(frozen=True, slots=True)
class Loss(Item):
    """A loss as declared, assessed or finally settled; in fen."""

    COLUMNS: ClassVar[tuple[str, ...]] = ("what", "party", "kind", "stage", "amount", "by", "on")
    NAME: ClassVar[str] = "what"
    PREFIX: ClassVar[str] = "L"

    what: str | None = item_field("what was lost", needed=True)
    party: tuple[int, ...] | None = item_field("whose", Shape.REFERENCES, of="parties")
    kind: str | None = item_field("kind of loss", Shape.LISTED, needed=True, of="loss_kinds")
    stage: str | None = item_field("stage", Shape.LISTED, needed=True, of="loss_stages")
    amount: int | None = item_field("amount", Shape.FEN, needed=True)
    by: str | None = item_field("declared or assessed by", needed=True)
    document_no: str | None = item_field("document number")
    on: date | None = item_field("day", Shape.DAY, needed=True)
    note: str | None = item_field("note", Shape.LONG_TEXT)


@dataclass(frozen=True, slots=True)
class FamilyContact(Item):
    """A talk with a family: what was said, asked and promised, and when the next one is due."""

    COLUMNS: ClassVar[tuple[str, ...]] = ("with_whom", "about", "at", "way", "by", "next_on")
    NAME: ClassVar[str] = "with_whom"
    PREFIX: ClassVar[str] = "J"

    with_whom: str | None = item_field("with whom", needed=True)
    about: tuple[int, ...] | None = item_field("about", Shape.REFERENCES, of="casualties")
    at: datetime | None = item_field("when", Shape.MOMENT, needed=True)
    way: str | None = item_field("how", Shape.LISTED, needed=True, of="contact_ways")
    by: str | None = item_field("by whom", needed=True)
    said: str | None = item_field("what was said", Shape.LONG_TEXT, needed=True)
    asked: str | None = item_field("what the family asked", Shape.LONG_TEXT)
    promised: str | None = item_field("what was promised", Shape.LONG_TEXT)
    next_on: date | None = item_field("next contact due on", Shape.DAY, ahead=True)
    is_followed: bool | None = item_field("the next contact was made", Shape.FLAG)

    def is_due(self, today: date) -> bool:
        """Is the next contact due, and not made yet?"""
        return self.next_on is not None and self.next_on <= today and not self.is_followed
