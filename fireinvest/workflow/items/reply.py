"""The government's side: its internal route, the points of its reply, the reply (arts 21, 22)."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, fields
from datetime import date
from typing import ClassVar

from fireinvest.messages import Problem, Text, excerpt
from fireinvest.workflow.actions import Shape
from fireinvest.workflow.items.base import Item, item_field

#: What a government answers.
APPROVED, WITH_CHANGES, RETURNED = "approved", "approved_with_changes", "returned"
#: A decision that was taken in a meeting has its day.
IN_MEETING = "executive_meeting"
#: What became of a point.
MET, WAIVED = "met", "waived"
_LONGEST_REASON = 2000


@dataclass(frozen=True, slots=True)
class RouteStage(Item):
    """A stage of the way through the government's office: legal review, comments, meeting (art 22)."""

    COLUMNS: ClassVar[tuple[str, ...]] = (
        "round", "stage", "body", "began_on", "due_on", "ended_on",
    )  # fmt: skip
    NAME: ClassVar[str] = "body"
    PREFIX: ClassVar[str] = "RT"

    round: int | None = item_field("submission no.", Shape.COUNT, needed=True)
    stage: str | None = item_field("stage", Shape.LISTED, needed=True, of="route_stages")
    body: str | None = item_field("body or person", needed=True)
    began_on: date | None = item_field("began on", Shape.DAY, needed=True)
    due_on: date | None = item_field("due on", Shape.DAY, ahead=True)
    ended_on: date | None = item_field("ended on", Shape.DAY)
    opinion: str | None = item_field("opinion", Shape.LONG_TEXT)

    @property
    def is_open(self) -> bool:
        """Is its outcome still awaited?"""
        return self.ended_on is None

    def problems(self, _occurred_on: date, _today: date) -> Iterator[Problem]:
        """It ends after it began, with an opinion; an opinion has its day."""
        for name in ("due_on", "ended_on"):
            day = getattr(self, name)
            if day is not None and self.began_on is not None and day < self.began_on:
                yield Problem(name, Text("It can't lie before its beginning."))
        if self.ended_on is not None and not self.opinion:
            yield Problem("opinion", Text("This is needed."))
        if self.ended_on is None and self.opinion:
            yield Problem("ended_on", Text("This is needed."))


@dataclass(frozen=True, slots=True)
class ReplyPoint(Item):
    """Something that the government wants changed in the report, with its place (art 22)."""

    COLUMNS: ClassVar[tuple[str, ...]] = ("round", "part", "section", "text")
    NAME: ClassVar[str] = "text"
    PREFIX: ClassVar[str] = "PT"

    round: int | None = item_field("submission no.", Shape.COUNT, needed=True)
    part: str | None = item_field("part; none for the whole", Shape.LISTED, of="report_parts")
    section: tuple[int, ...] | None = item_field("section", Shape.REFERENCES, of="sections")
    text: str | None = item_field("what is to be changed", Shape.LONG_TEXT, needed=True)

    @property
    def called(self) -> str:
        """How the point begins."""
        return excerpt(self.text or "")


@dataclass(frozen=True, slots=True)
class Reply(Item):
    """What the government answered, to which text, and who decided it in which way (art 22)."""

    COLUMNS: ClassVar[tuple[str, ...]] = (
        "round", "decision", "document_no", "replied_on", "decided_by", "text_hash",
    )  # fmt: skip
    NAME: ClassVar[str] = "document_no"
    PREFIX: ClassVar[str] = "RP"

    round: int | None = item_field("submission no.", Shape.COUNT, needed=True, shown=False)
    decision: str | None = item_field("decision", Shape.LISTED, needed=True, of="reply_decisions")
    document_no: str | None = item_field("number of the reply's document", needed=True)
    replied_on: date | None = item_field("day of the document", Shape.DAY, needed=True)
    decided_by: str | None = item_field(
        "how it was decided", Shape.LISTED, needed=True, of="deciding_ways"
    )
    decider: str | None = item_field("who decided (which government, by whom)", needed=True)
    meeting_on: date | None = item_field("day of the meeting", Shape.DAY)
    meeting: str | None = item_field("which meeting")
    closed_on: date | None = item_field(
        "case closed on, if later than the document", Shape.DAY, ahead=True
    )
    points: tuple[int, ...] | None = item_field(
        "points that have to be met", Shape.REFERENCES, of="reply_points"
    )
    grounds: str | None = item_field("text of the answer; of a return, its reason", Shape.LONG_TEXT)
    submission: tuple[int, ...] | None = item_field(
        "report as submitted", Shape.REFERENCES, of="submissions", shown=False
    )
    text_hash: str | None = item_field("SHA-256 of the text", shown=False)
    points_bound: str | None = item_field("versions of the points", longest=20_000, shown=False)

    def problems(self, _occurred_on: date, _today: date) -> Iterator[Problem]:
        """A return says why, changes have points, and a meeting has its day."""
        if self.decision == RETURNED:
            yield from self._without_reason()
        if self.decision == WITH_CHANGES and not self.points:
            text = Text("Say which points have to be met: note them first.")
            yield Problem("points", text)
        if self.decision == APPROVED and self.points:
            yield Problem("points", Text("Whoever agrees without changes leaves no points."))
        if self.decided_by == IN_MEETING and self.meeting_on is None:
            yield Problem("meeting_on", Text("This is needed."))
        if self.replied_on is None:
            return
        if self.meeting_on is not None and self.meeting_on > self.replied_on:
            yield Problem("meeting_on", Text("It can't lie after the document."))
        if self.closed_on is not None and self.closed_on < self.replied_on:
            yield Problem("closed_on", Text("It can't lie before the document's day."))

    def _without_reason(self) -> Iterator[Problem]:
        """The reason of a return stands with its step, and is as long as reasons are."""
        if not self.grounds:
            yield Problem("grounds", Text("A return needs its reason in writing."))
        elif len(self.grounds) > _LONGEST_REASON:
            text = Text("A text of at most %(most)s characters is needed.", most=_LONGEST_REASON)
            yield Problem("grounds", text)

    def signing_problems(
        self, before: Item | None, _people: Collection[str], *, has_files: bool
    ) -> Iterator[Problem]:
        """What was answered stays as it was."""
        del has_files
        yield from unchanged(self, before)


@dataclass(frozen=True, slots=True)
class PointCheck(Item):
    """Whether the final version meets a point of the reply, or why that is waived (art 22)."""

    COLUMNS: ClassVar[tuple[str, ...]] = ("point", "result", "section", "checked_on", "waived_for")
    NAME: ClassVar[str] = "waived_for"
    PREFIX: ClassVar[str] = "PC"

    point: tuple[int, ...] | None = item_field(
        "point", Shape.REFERENCES, needed=True, of="reply_points"
    )
    result: str | None = item_field("result", Shape.LISTED, needed=True, of="point_results")
    section: tuple[int, ...] | None = item_field("where", Shape.REFERENCES, of="sections")
    waived_for: str | None = item_field("why it is waived", Shape.LONG_TEXT)
    checked_on: date | None = item_field("checked on", Shape.DAY, needed=True)

    @property
    def called(self) -> str:
        """How the reason of a waiver begins; empty where the point is met."""
        return excerpt(self.waived_for or "")

    def problems(self, _occurred_on: date, _today: date) -> Iterator[Problem]:
        """A waiver has its reason."""
        if self.result == WAIVED and not self.waived_for:
            yield Problem("waived_for", Text("Waiving a point needs a reason."))


@dataclass(frozen=True, slots=True)
class Confirmation(Item):
    """The final version, as it was checked against the points of the reply (art 22)."""

    COLUMNS: ClassVar[tuple[str, ...]] = ("reply", "confirmed_on", "text_hash", "note")
    NAME: ClassVar[str] = "note"
    PREFIX: ClassVar[str] = "CF"

    reply: tuple[int, ...] | None = item_field(
        "reply", Shape.REFERENCES, needed=True, of="replies", shown=False
    )
    confirmed_on: date | None = item_field("confirmed on", Shape.DAY, needed=True)
    note: str | None = item_field("result of the check", Shape.LONG_TEXT, needed=True)
    bound: str | None = item_field(
        "versions of the sections", needed=True, longest=20_000, shown=False
    )
    text_hash: str | None = item_field("SHA-256 of the text", needed=True, shown=False)
    tables: str | None = item_field("tables as confirmed", longest=1_000_000, shown=False)

    @property
    def called(self) -> str:
        """How the result begins."""
        return excerpt(self.note or "")

    def signing_problems(
        self, before: Item | None, _people: Collection[str], *, has_files: bool
    ) -> Iterator[Problem]:
        """What was confirmed stays as it was."""
        del has_files
        yield from unchanged(self, before)


def unchanged(item: Item, before: Item | None) -> Iterator[Problem]:
    """Yield a problem for each field in which an item is other than it was."""
    for each in fields(item) if before is not None else ():
        if getattr(item, each.name) != getattr(before, each.name):
            text = Text("It stays as it was written: withdraw it, and do it anew.")
            yield Problem(each.name, text)
