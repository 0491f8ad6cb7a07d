"""The team: who is on it, what each declares, meetings, and the tasks that follow (arts 5-13)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar

from fireinvest.messages import Problem, Text
from fireinvest.workflow.actions import Shape
from fireinvest.workflow.items.base import Item, item_field
from fireinvest.workflow.items.people import (
    credit_code_problem,
    identity_doubt,
    identity_problem,
    keys_of,
)

#: By this a task is found on the desk of its owner, while it is open.
OWNER = "owner"

#: The states in which a task waits for nobody any more.
_OVER = frozenset({"done", "dropped"})


@dataclass(frozen=True, slots=True)
class RosterLine(Item):
    """How a member is reached, and the numbers by which kinship with parties shows (arts 6, 7)."""

    COLUMNS: ClassVar[tuple[str, ...]] = ("person", "agency", "duty", "group", "phone")
    NAME: ClassVar[str] = "person"
    PREFIX: ClassVar[str] = "M"

    person: str | None = item_field("name", needed=True)
    agency: str | None = item_field("agency")
    duty: str | None = item_field("office held")
    group: str | None = item_field("working group", Shape.LISTED, of="groups")
    phone: str | None = item_field("telephone", Shape.PHONE)
    identity_no: str | None = item_field("identity number", Shape.IDENTITY_NO)
    unit_code: str | None = item_field(
        "unified social credit code of the own unit", Shape.CREDIT_CODE
    )
    speciality: str | None = item_field("speciality")
    note: str | None = item_field("note", Shape.LONG_TEXT)

    def keys(self) -> Iterator[tuple[str, str]]:
        """By the same numbers as parties are."""
        yield from keys_of(self.person, self.identity_no, self.phone, self.unit_code)

    def problems(self, _occurred_on: date, _today: date) -> Iterator[Problem]:
        """Check the numbers by their check digits."""
        yield from identity_problem("identity_no", self.identity_no)
        yield from credit_code_problem("unit_code", self.unit_code)

    def doubts(self) -> Iterator[Problem]:
        """Tell of a region that isn't known."""
        yield from identity_doubt("identity_no", self.identity_no)


@dataclass(frozen=True, slots=True)
class Declaration(Item):
    """A member says which grounds of recusal apply to them, or that none does (art 7)."""

    COLUMNS: ClassVar[tuple[str, ...]] = ("person", "none_apply", "grounds", "declared_on")
    NAME: ClassVar[str] = "person"
    PREFIX: ClassVar[str] = "D"

    person: str | None = item_field("name", needed=True)
    none_apply: bool | None = item_field("none of the grounds applies to me", Shape.FLAG)
    grounds: tuple[str, ...] | None = item_field(
        "these grounds apply to me", Shape.CHOSEN, of="recusal_grounds"
    )
    facts: str | None = item_field("facts", Shape.LONG_TEXT)
    declared_on: date | None = item_field("declared on", Shape.DAY, needed=True)

    def problems(self, _occurred_on: date, _today: date) -> Iterator[Problem]:
        """Each ground is answered: some apply, with facts, or none does."""
        if self.grounds and self.none_apply:
            text = Text("A ground applies, or none does: not both.")
            yield Problem("none_apply", text)
        elif not self.grounds and not self.none_apply:
            text = Text("Say which grounds apply, or that none does.")
            yield Problem("none_apply", text)
        if self.grounds and not self.facts:
            yield Problem("facts", Text("This is needed."))


@dataclass(frozen=True, slots=True)
class DutyMark(Item):
    """How far a duty of the leader or of a group has been carried out (arts 8-12)."""

    COLUMNS: ClassVar[tuple[str, ...]] = ("duty", "state", "on", "note")
    NAME: ClassVar[str] = "duty"
    PREFIX: ClassVar[str] = "U"

    duty: str | None = item_field("duty", needed=True)
    state: str | None = item_field("state", Shape.LISTED, needed=True, of="duty_states")
    on: date | None = item_field("day", Shape.DAY)
    note: str | None = item_field("note", Shape.LONG_TEXT)


@dataclass(frozen=True, slots=True)
class MatchDecision(Item):
    """What was decided on a member who matches a party (art 7)."""

    COLUMNS: ClassVar[tuple[str, ...]] = ("person", "party", "by", "decision", "reason")
    NAME: ClassVar[str] = "person"
    PREFIX: ClassVar[str] = "K"

    person: str | None = item_field("member", needed=True)
    party: tuple[int, ...] | None = item_field("party", Shape.REFERENCES, needed=True, of="parties")
    by: tuple[str, ...] | None = item_field("matched by", Shape.CHOSEN, of="match_keys")
    decision: str | None = item_field("decision", Shape.LISTED, needed=True, of="match_decisions")
    reason: str | None = item_field("grounds", Shape.LONG_TEXT, needed=True)


@dataclass(frozen=True, slots=True)
class Recheck(Item):
    """What becomes of something that a recused person collected or signed (art 7)."""

    COLUMNS: ClassVar[tuple[str, ...]] = ("of", "person", "decision", "redone_by", "reason")
    NAME: ClassVar[str] = "of"
    PREFIX: ClassVar[str] = "RC"

    of: str | None = item_field("what it is about", needed=True)
    person: str | None = item_field("recused person", needed=True)
    decision: str | None = item_field("decision", Shape.LISTED, needed=True, of="recheck_decisions")
    redone_by: str | None = item_field("done anew by")
    reason: str | None = item_field("grounds", Shape.LONG_TEXT, needed=True)


@dataclass(frozen=True, slots=True)
class MeetingRecord(Item):
    """A meeting of the team: agenda, who came, minutes, what was decided (art 9(2))."""

    COLUMNS: ClassVar[tuple[str, ...]] = ("subject", "kind", "held_at", "place", "chair")
    NAME: ClassVar[str] = "subject"
    PREFIX: ClassVar[str] = "MT"

    kind: str | None = item_field("kind of meeting", needed=True, shown=False)
    subject: str | None = item_field("subject", needed=True)
    held_at: datetime | None = item_field("began at", Shape.MOMENT, needed=True)
    ended_at: datetime | None = item_field("ended at", Shape.MOMENT)
    place: str | None = item_field("at which place")
    chair: str | None = item_field("chaired by", needed=True)
    recorder: str | None = item_field("minutes taken by")
    agenda: str | None = item_field("agenda", Shape.LONG_TEXT)
    present: str | None = item_field("present", Shape.LONG_TEXT, needed=True)
    absent: str | None = item_field("absent, with reasons", Shape.LONG_TEXT)
    minutes: str | None = item_field("minutes", Shape.LONG_TEXT)
    decisions: str | None = item_field("decisions", Shape.LONG_TEXT)

    def problems(self, occurred_on: date, _today: date) -> Iterator[Problem]:
        """A meeting ends after it began, and lies after the fire."""
        if self.held_at and self.ended_at and self.ended_at <= self.held_at:
            yield Problem("ended_at", Text("It ends after it begins."))


@dataclass(frozen=True, slots=True)
class Task(Item):
    """What somebody has to do by a day: decided by a meeting, or given otherwise (art 9(3))."""

    COLUMNS: ClassVar[tuple[str, ...]] = ("what", "owner", "due_on", "state", "done_on")
    NAME: ClassVar[str] = "what"
    PREFIX: ClassVar[str] = "A"

    what: str | None = item_field("task", needed=True)
    owner: str | None = item_field("who does it", needed=True)
    due_on: date | None = item_field("due on", Shape.DAY, needed=True, ahead=True)
    state: str | None = item_field("state", Shape.LISTED, needed=True, of="task_states")
    done_on: date | None = item_field("done on", Shape.DAY)
    proof: str | None = item_field("proof", Shape.LONG_TEXT)
    meeting: tuple[int, ...] | None = item_field(
        "decided by the meeting", Shape.REFERENCES, of="meetings"
    )

    @property
    def is_over(self) -> bool:
        """Does it wait for nobody any more?"""
        return self.state in _OVER

    def keys(self) -> Iterator[tuple[str, str]]:
        """By its owner, as long as it is open."""
        if not self.is_over and self.owner is not None:
            yield OWNER, self.owner

    def problems(self, _occurred_on: date, _today: date) -> Iterator[Problem]:
        """What is done has its day and its proof."""
        if self.state == "done":
            for name in ("done_on", "proof"):
                if getattr(self, name) is None:
                    yield Problem(name, Text("This is needed."))
