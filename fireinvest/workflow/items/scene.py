"""The scene and the inquiry: interviews, surveys, plans, tests, experiments, requests (arts 14-17)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar

from fireinvest.china import CHINA
from fireinvest.messages import Problem, Text
from fireinvest.workflow.actions import Shape
from fireinvest.workflow.items.base import Item, item_field
from fireinvest.workflow.items.people import identity_doubt, identity_problem

#: By this it is found where else somebody was on a day.
INVESTIGATOR = "investigator"

_PER_MILLE = 1000


def span_problem(began: datetime | None, ended: datetime | None, field: str) -> Iterator[Problem]:
    """Yield a problem where something ends before it begins."""
    if began is not None and ended is not None and ended <= began:
        yield Problem(field, Text("It ends after it begins."))


def two_problem(one: str | None, other: str | None, field: str) -> Iterator[Problem]:
    """Yield a problem where the two who have to do it together are one."""
    if one is not None and other is not None and one.split() == other.split():
        yield Problem(field, Text("Two different people are needed."))


class Attended:
    """What investigators did at one place from one time to another."""

    __slots__ = ()
    began_at: datetime | None
    ended_at: datetime | None

    @property
    def investigators(self) -> tuple[str, ...]:
        """Who was there, as they are written down."""
        raise NotImplementedError

    def keys(self) -> Iterator[tuple[str, str]]:
        """Yield by whom and on which day it is found, to see who was in two places."""
        if self.began_at is not None:
            day = self.began_at.astimezone(CHINA).date()
            for name in self.investigators:
                yield INVESTIGATOR, f"{day} {''.join(name.split())}"[:200]


def _names(*written: str | None) -> tuple[str, ...]:
    return tuple(each.strip() for each in written if each is not None and each.strip())


@dataclass(frozen=True, slots=True)
class Interview(Attended, Item):
    """The record of an interview: who was asked by whom, where and when, and what was said."""

    COLUMNS: ClassVar[tuple[str, ...]] = (
        "person", "kind", "began_at", "place", "interviewer", "second", "signed",
    )  # fmt: skip
    NAME: ClassVar[str] = "person"
    PREFIX: ClassVar[str] = "W"

    person: str | None = item_field("person asked", needed=True)
    kind: str | None = item_field("as what", Shape.LISTED, needed=True, of="interview_kinds")
    party: tuple[int, ...] | None = item_field("party", Shape.REFERENCES, of="parties")
    sex: str | None = item_field("sex", Shape.LISTED, of="sexes")
    born_on: date | None = item_field("born on", Shape.DAY)
    identity_no: str | None = item_field("identity number", Shape.IDENTITY_NO)
    phone: str | None = item_field("telephone", Shape.PHONE)
    address: str | None = item_field("address")
    unit: str | None = item_field("unit and office")
    guardian: str | None = item_field("guardian or interpreter, where one is needed")
    round: int | None = item_field("which interview of this person", Shape.COUNT)
    place: str | None = item_field("at which place", needed=True)
    began_at: datetime | None = item_field("began at", Shape.MOMENT, needed=True)
    ended_at: datetime | None = item_field("ended at", Shape.MOMENT, needed=True)
    interviewer: str | None = item_field("interviewer", needed=True)
    second: str | None = item_field("second interviewer", needed=True)
    recorder: str | None = item_field("recorder")
    rights_told: bool | None = item_field("rights and duties were told", Shape.FLAG, needed=True)
    content: str | None = item_field("questions and answers", needed=True, longest=100_000)
    signed: str | None = item_field(
        "read and signed", Shape.LISTED, needed=True, of="signing_results"
    )
    refusal: str | None = item_field("why it was not signed", Shape.LONG_TEXT)

    @property
    def investigators(self) -> tuple[str, ...]:
        """Both who asked, and who wrote."""
        return tuple(dict.fromkeys(_names(self.interviewer, self.second, self.recorder)))

    def problems(self, _occurred_on: date, _today: date) -> Iterator[Problem]:
        """Two ask, it ends after it begins, and who doesn't sign has a reason on record."""
        yield from span_problem(self.began_at, self.ended_at, "ended_at")
        yield from two_problem(self.interviewer, self.second, "second")
        yield from identity_problem("identity_no", self.identity_no)
        if self.signed == "refused" and not self.refusal:
            yield Problem("refusal", Text("This is needed."))

    def doubts(self) -> Iterator[Problem]:
        """Tell of rights that weren't told, and of a region that isn't known."""
        if self.rights_told is False:
            yield Problem("rights_told", Text("Rights and duties were not told."))
        yield from identity_doubt("identity_no", self.identity_no)


@dataclass(frozen=True, slots=True)
class Survey(Attended, Item):
    """The record of a survey of the scene, through its four stages (art 14)."""

    COLUMNS: ClassVar[tuple[str, ...]] = (
        "place",
        "began_at",
        "ended_at",
        "lead",
        "second",
        "witness",
    )
    NAME: ClassVar[str] = "place"
    PREFIX: ClassVar[str] = "S"

    place: str | None = item_field("at which place", needed=True)
    began_at: datetime | None = item_field("began at", Shape.MOMENT, needed=True)
    ended_at: datetime | None = item_field("ended at", Shape.MOMENT, needed=True)
    weather: str | None = item_field("weather, wind, temperature")
    light: str | None = item_field("light")
    state: str | None = item_field(
        "state of the scene and its protection", Shape.LONG_TEXT, needed=True
    )
    lead: str | None = item_field("surveyor in charge", needed=True)
    second: str | None = item_field("second surveyor", needed=True)
    others: str | None = item_field("other surveyors")
    witness: str | None = item_field("witness")
    surroundings: str | None = item_field("survey of the surroundings", longest=20_000)
    first_survey: str | None = item_field("first survey", longest=20_000)
    detail: str | None = item_field("survey in detail", longest=20_000)
    special: str | None = item_field("special survey", longest=20_000)
    taken: tuple[int, ...] | None = item_field("items taken", Shape.REFERENCES, of="evidence")
    pictures: str | None = item_field("photographs, videos and plans: how many, which")
    signed: str | None = item_field("signed by all", Shape.LISTED, of="signing_results")

    @property
    def investigators(self) -> tuple[str, ...]:
        """All surveyors."""
        others = (self.others or "").replace("，", "、").replace(",", "、").split("、")
        return tuple(dict.fromkeys(_names(self.lead, self.second, *others)))

    def problems(self, _occurred_on: date, _today: date) -> Iterator[Problem]:
        """Two survey, it ends after it begins, and something was found in one of its stages."""
        yield from span_problem(self.began_at, self.ended_at, "ended_at")
        yield from two_problem(self.lead, self.second, "second")
        stages = (self.surroundings, self.first_survey, self.detail, self.special)
        if not any(stages):
            yield Problem("surroundings", Text("At least one stage of the survey is needed."))


@dataclass(frozen=True, slots=True)
class ScenePlan(Item):
    """A plan or picture of the scene, on which pins show where things were."""

    COLUMNS: ClassVar[tuple[str, ...]] = ("title", "drawn_by", "drawn_on", "scale")
    NAME: ClassVar[str] = "title"
    PREFIX: ClassVar[str] = "G"

    title: str | None = item_field("title", needed=True)
    drawn_by: str | None = item_field("drawn by")
    drawn_on: date | None = item_field("drawn on", Shape.DAY)
    scale: str | None = item_field("scale, and where north is")


@dataclass(frozen=True, slots=True)
class Pin(Item):
    """A place on a plan: per mille of its width from the left, and of its height from the top."""

    COLUMNS: ClassVar[tuple[str, ...]] = ("label", "plan", "evidence", "across", "down")
    NAME: ClassVar[str] = "label"
    PREFIX: ClassVar[str] = "N"

    plan: tuple[int, ...] | None = item_field(
        "plan", Shape.REFERENCES, needed=True, of="scene_plans"
    )
    label: str | None = item_field("what is there", needed=True)
    across: int | None = item_field("‰ from the left", Shape.COUNT, needed=True)
    down: int | None = item_field("‰ from the top", Shape.COUNT, needed=True)
    evidence: tuple[int, ...] | None = item_field("evidence", Shape.REFERENCES, of="evidence")

    def problems(self, _occurred_on: date, _today: date) -> Iterator[Problem]:
        """It lies on the plan, and on one only."""
        for name in ("across", "down"):
            if (getattr(self, name) or 0) > _PER_MILLE:
                text = Text("A whole number from 0 to %(most)s is needed.", most=_PER_MILLE)
                yield Problem(name, text)
        if len(self.plan or ()) > 1:
            yield Problem("plan", Text("Just one is needed."))


@dataclass(frozen=True, slots=True)
class CommissionedTest(Item):
    """A test that a qualified body or an expert does for the team (art 16)."""

    COLUMNS: ClassVar[tuple[str, ...]] = (
        "subject", "body", "sent_on", "expected_on", "returned_on", "is_stamped", "is_signed",
    )  # fmt: skip
    NAME: ClassVar[str] = "subject"
    PREFIX: ClassVar[str] = "T"

    subject: str | None = item_field("what is tested", needed=True)
    body: str | None = item_field("done by", needed=True)
    qualification: str | None = item_field("qualification: its number", needed=True)
    qualified_until: date | None = item_field("qualification valid until", Shape.DAY, ahead=True)
    question: str | None = item_field("question", Shape.LONG_TEXT, needed=True)
    items: tuple[int, ...] | None = item_field("evidence sent", Shape.REFERENCES, of="evidence")
    sent_on: date | None = item_field("sent on", Shape.DAY, needed=True)
    document_no: str | None = item_field("number of the commission")
    expected_on: date | None = item_field("expected on", Shape.DAY, ahead=True)
    returned_on: date | None = item_field("conclusion received on", Shape.DAY)
    conclusion: str | None = item_field("conclusion", Shape.LONG_TEXT)
    report_no: str | None = item_field("number of the conclusion")
    is_stamped: bool | None = item_field("stamped", Shape.FLAG)
    is_signed: bool | None = item_field("signed", Shape.FLAG)

    @property
    def is_open(self) -> bool:
        """Is the conclusion still out?"""
        return self.returned_on is None

    @property
    def lacks(self) -> bool:
        """Did the conclusion come without the stamp or the signatures that article 16 wants?"""
        return not self.is_open and not (self.is_stamped and self.is_signed)

    def problems(self, _occurred_on: date, _today: date) -> Iterator[Problem]:
        """It comes back after it was sent, with its conclusion."""
        if self.sent_on is not None:
            for name in ("expected_on", "returned_on"):
                day = getattr(self, name)
                if day is not None and day < self.sent_on:
                    yield Problem(name, Text("It can't lie before %(day)s.", day=self.sent_on))
        if self.returned_on is not None and not self.conclusion:
            yield Problem("conclusion", Text("This is needed."))

    def doubts(self) -> Iterator[Problem]:
        """Tell of a qualification that had ended, and of a conclusion that isn't in due form."""
        until, sent = self.qualified_until, self.sent_on
        if until is not None and sent is not None and until < sent:
            text = Text("The qualification had ended on %(day)s.", day=until)
            yield Problem("qualified_until", text)
        if self.lacks:
            text = Text("The conclusion needs stamp and signatures (art 16).")
            yield Problem("is_stamped", text)


@dataclass(frozen=True, slots=True)
class SceneClosure(Item):
    """The scene, or a part of it, closed off and released again (art 14)."""

    COLUMNS: ClassVar[tuple[str, ...]] = (
        "area",
        "closed_at",
        "notice_no",
        "guarded_by",
        "released_at",
    )
    NAME: ClassVar[str] = "area"
    PREFIX: ClassVar[str] = "F"

    area: str | None = item_field("area closed", needed=True)
    closed_at: datetime | None = item_field("closed at", Shape.MOMENT, needed=True)
    notice_no: str | None = item_field("number of the notice")
    posted_at: str | None = item_field("where the notice was posted")
    guarded_by: str | None = item_field("guarded by", needed=True)
    reason: str | None = item_field("why, and what may not be done", Shape.LONG_TEXT)
    released_at: datetime | None = item_field("released at", Shape.MOMENT)
    released_by: str | None = item_field("release decided by")

    def problems(self, _occurred_on: date, _today: date) -> Iterator[Problem]:
        """It is released after it was closed, by somebody."""
        yield from span_problem(self.closed_at, self.released_at, "released_at")
        if self.released_at is not None and not self.released_by:
            yield Problem("released_by", Text("This is needed."))


@dataclass(frozen=True, slots=True)
class Experiment(Attended, Item):
    """An experiment of the investigation: conditions, course, result (art 14)."""

    COLUMNS: ClassVar[tuple[str, ...]] = ("purpose", "began_at", "place", "lead", "second")
    NAME: ClassVar[str] = "purpose"
    PREFIX: ClassVar[str] = "Y"

    purpose: str | None = item_field("purpose", needed=True)
    began_at: datetime | None = item_field("began at", Shape.MOMENT, needed=True)
    ended_at: datetime | None = item_field("ended at", Shape.MOMENT, needed=True)
    place: str | None = item_field("at which place", needed=True)
    approved_by: str | None = item_field("approved by")
    lead: str | None = item_field("experimenter in charge", needed=True)
    second: str | None = item_field("second experimenter", needed=True)
    witness: str | None = item_field("witness")
    conditions: str | None = item_field("conditions and materials", Shape.LONG_TEXT, needed=True)
    course: str | None = item_field("course", Shape.LONG_TEXT, needed=True)
    result: str | None = item_field("result", Shape.LONG_TEXT, needed=True)

    @property
    def investigators(self) -> tuple[str, ...]:
        """Both who did it."""
        return tuple(dict.fromkeys(_names(self.lead, self.second)))

    def problems(self, _occurred_on: date, _today: date) -> Iterator[Problem]:
        """Two do it, and it ends after it begins."""
        yield from span_problem(self.began_at, self.ended_at, "ended_at")
        yield from two_problem(self.lead, self.second, "second")


@dataclass(frozen=True, slots=True)
class ExpertOpinion(Item):
    """What an expert concludes in writing, signed (art 16)."""

    COLUMNS: ClassVar[tuple[str, ...]] = ("expert", "question", "given_on", "is_signed")
    NAME: ClassVar[str] = "expert"
    PREFIX: ClassVar[str] = "Z"

    expert: str | None = item_field("expert", needed=True)
    speciality: str | None = item_field("speciality and office")
    question: str | None = item_field("question", needed=True)
    basis: str | None = item_field("on what material", Shape.LONG_TEXT)
    conclusion: str | None = item_field("conclusion", Shape.LONG_TEXT, needed=True)
    given_on: date | None = item_field("given on", Shape.DAY, needed=True)
    is_signed: bool | None = item_field("signed", Shape.FLAG, needed=True)

    def doubts(self) -> Iterator[Problem]:
        """Tell of a conclusion that nobody signed."""
        if self.is_signed is False:
            yield Problem(
                "is_signed", Text("The conclusion needs the expert's signature (art 16).")
            )


@dataclass(frozen=True, slots=True)
class Disagreement(Item):
    """A difference over a suspected crime, how it was coordinated, and what the court said (art 17)."""

    COLUMNS: ClassVar[tuple[str, ...]] = ("subject", "about", "bodies", "raised_on", "settled_on")
    NAME: ClassVar[str] = "subject"
    PREFIX: ClassVar[str] = "O"

    subject: str | None = item_field("subject", needed=True)
    about: tuple[str, ...] | None = item_field(
        "about", Shape.CHOSEN, needed=True, of="disagreement_subjects"
    )
    bodies: str | None = item_field("between whom", needed=True)
    views: str | None = item_field("views of each", Shape.LONG_TEXT, needed=True)
    raised_on: date | None = item_field("raised on", Shape.DAY, needed=True)
    met_on: date | None = item_field("coordinated on", Shape.DAY)
    court: str | None = item_field("court heard")
    court_on: date | None = item_field("court heard on", Shape.DAY)
    court_opinion: str | None = item_field("opinion of the court", Shape.LONG_TEXT)
    outcome: str | None = item_field("outcome", Shape.LONG_TEXT)
    settled_on: date | None = item_field("settled on", Shape.DAY)

    def problems(self, _occurred_on: date, _today: date) -> Iterator[Problem]:
        """A court that was heard has a day and an opinion; what is settled has an outcome."""
        if self.court is not None:
            for name in ("court_on", "court_opinion"):
                if getattr(self, name) is None:
                    yield Problem(name, Text("This is needed."))
        if self.settled_on is not None and not self.outcome:
            yield Problem("outcome", Text("This is needed."))


@dataclass(frozen=True, slots=True)
class RecordsRequest(Item):
    """Records asked of another department, due by a day, and chased (art 14)."""

    COLUMNS: ClassVar[tuple[str, ...]] = (
        "to", "what", "document_no", "sent_on", "due_on", "answered_on", "chased_on",
    )  # fmt: skip
    NAME: ClassVar[str] = "to"
    PREFIX: ClassVar[str] = "Q"

    to: str | None = item_field("asked of", needed=True)
    what: str | None = item_field("records asked for", Shape.LONG_TEXT, needed=True)
    document_no: str | None = item_field("document number")
    sent_on: date | None = item_field("sent on", Shape.DAY, needed=True)
    due_on: date | None = item_field("due on", Shape.DAY, needed=True, ahead=True)
    chased_on: date | None = item_field("last chased on", Shape.DAY)
    chased: str | None = item_field("how it was chased", Shape.LONG_TEXT)
    answered_on: date | None = item_field("answered on", Shape.DAY)
    answer: str | None = item_field("answer", Shape.LONG_TEXT)
    received: tuple[int, ...] | None = item_field(
        "records received", Shape.REFERENCES, of="evidence"
    )

    @property
    def is_open(self) -> bool:
        """Is the answer still out?"""
        return self.answered_on is None

    def problems(self, _occurred_on: date, _today: date) -> Iterator[Problem]:
        """Everything lies after it was sent."""
        for name in ("due_on", "chased_on", "answered_on"):
            day = getattr(self, name)
            if self.sent_on is not None and day is not None and day < self.sent_on:
                yield Problem(name, Text("It can't lie before %(day)s.", day=self.sent_on))
