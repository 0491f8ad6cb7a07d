"""The desk: what somebody owes, by urgency; what waits for others; and what was begun."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime

from flask import Blueprint, current_app, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from fireinvest.china import CHINA
from fireinvest.messages import Joined, Text, Words
from fireinvest.regulation.basis import Citation
from fireinvest.regulation.calendar import Calendar
from fireinvest.regulation.clocks import Light
from fireinvest.regulation.profile import Per, Weight
from fireinvest.services.calendars import missing_notice
from fireinvest.services.cases import scope_of, seen_among
from fireinvest.services.desks import Due, InCase, OwedLine, ReportLine, WaitingLine, desk
from fireinvest.services.drafts import Kept, drafts_of
from fireinvest.services.evidence import own_receipts
from fireinvest.services.leaving import LeftLine
from fireinvest.services.teams import own_tasks
from fireinvest.services.wording import CODE_LABELS
from fireinvest.web import law
from fireinvest.web.casework import LeftView, left_view, left_words
from fireinvest.web.present import WEIGHTS
from fireinvest.web.present_entries import CODE_FORMS
from fireinvest.web.present_lists import LIGHTS, ListWords, list_words
from fireinvest.web.rights import signed_in
from fireinvest.web.state import state
from fireinvest.web.visiting import today, who
from fireinvest.workflow.next_steps import HAND_OVER
from fireinvest.workflow.permissions import CARRIER, Duty

blueprint = Blueprint("desk", __name__, url_prefix="/desk")


@dataclass(frozen=True, slots=True)
class DueView:
    """A deadline as the desk shows it.

    ``instance``: which one of its clock, where there can be several; ``weight`` only where it
    isn't the law's.
    """

    due: Due
    light: Light
    clock: Words
    instance: Words | None
    article: Citation | None
    days_left: int
    working_days_left: int | None
    due_time: str | None
    weight: Words | None


@dataclass(slots=True)
class StepView:
    """A step to take, where it is taken, and the deadlines that it meets."""

    words: Words
    address: str
    article: Citation | None
    dues: list[DueView] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class CaseView:
    """The case of a block or a line, in words."""

    case: InCase
    level: Words
    level_place: int
    place: Words | None
    stage: Words | None


@dataclass(slots=True)
class Block:
    """A case with what has to be done in it: now, and as soon as something else is done."""

    head: CaseView
    now: dict[str, StepView] = field(default_factory=dict)
    coming: dict[str, StepView] = field(default_factory=dict)

    @property
    def light(self) -> Light | None:
        """The light of the most urgent deadline, None where there is none."""
        dues = [due for step in (self.now or self.coming).values() for due in step.dues]
        return dues[0].light if dues else None


@dataclass(slots=True)
class WaitingStep:
    """A step that others have to take, and who they are."""

    words: Words
    roles: list[Words]
    due: DueView | None

    @property
    def who(self) -> Words:
        """Those who can take it, in one row of words."""
        return Joined(tuple(self.roles))


@dataclass(slots=True)
class WaitingBlock:
    """A case with what others have to do in it."""

    head: CaseView
    steps: dict[str, WaitingStep] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReportView:
    """Something that was submitted and waits for its answer."""

    head: CaseView
    since: date
    due: DueView


@dataclass(slots=True)
class LeftBlock:
    """A case that is without its carrier or members. ``carrier``: the login of the one it had.

    ``together``: how many cases of this list that one carried.
    """

    head: CaseView
    left: list[LeftView] = field(default_factory=list)
    carrier: str | None = None
    together: int = 0


@dataclass(frozen=True, slots=True)
class DraftView:
    """A form that somebody began: what it is for, where, and when it was kept."""

    words: Words
    number: str | None
    address: str
    saved_at: datetime


@blueprint.get("")
@signed_in
def show() -> ResponseReturnValue:
    """Return the desk of whoever is here, or of the one for whom they act."""
    visitor = who()
    words = list_words()
    with state().database.readers.begin() as session:
        found = desk(session, visitor.actor, words.ruleset, today(), law=law.law())
        kept = drafts_of(session, visitor.person.id)
        begun = [_draft(words, each) for each in kept]
        numbers = [each.number for each in begun if each.number is not None]
        tasks = own_tasks(session, visitor.actor.people, today())
        receipts = own_receipts(session, visitor.actor.people)
        numbers += [*(each.number for each in tasks), *(each.number for each in receipts)]
        seen = seen_among(session, scope_of(visitor.actor), numbers)
    drawing = Drawing(words, law.calendar(), today())
    blocks = drawing.blocks(found.owed)
    return render_template(
        "desk/page.html",
        desk=found,
        now=[each for each in blocks if each.now],
        coming=[each for each in blocks if not each.now],
        waiting=drawing.waiting(found.waiting),
        reports=None if found.reports is None else [drawing.report(e) for e in found.reports],
        drafts=[each for each in begun if each.number is None or each.number in seen],
        tasks=[each for each in tasks if each.number in seen],
        receipts=[each for each in receipts if each.number in seen],
        left=drawing.left(found.left),
        left_words=left_words,
        has_posts=bool(visitor.actor.grants),
        missing_notice=(
            missing_notice(drawing.calendar, today()) if visitor.has(Duty.KEEP_CALENDAR) else None
        ),
        offered=len(law.offered()) if visitor.has(Duty.KEEP_CALENDAR) else 0,
        ruleset=words.ruleset,
        lights=LIGHTS,
        today=today(),
    )


@dataclass(frozen=True, slots=True)
class Drawing:
    """Puts lines into words, on a day."""

    words: ListWords
    calendar: Calendar
    today: date

    def blocks(self, lines: Iterable[OwedLine]) -> list[Block]:
        """Return the lines by case, in the order in which each case first comes up."""
        found: dict[int, Block] = {}
        for line in lines:
            block = found.setdefault(line.case.id, Block(self.head(line.case)))
            steps = block.now if line.is_now else block.coming
            step = steps.setdefault(line.step, self.step(line.case.number, line.step))
            if line.due is not None:
                step.dues.append(self.due(line.due, line.case))
        return list(found.values())

    def waiting(self, lines: Iterable[WaitingLine]) -> list[WaitingBlock]:
        """Return one line for each step, with all those who can take it, by case."""
        found: dict[int, WaitingBlock] = {}
        for line in lines:
            block = found.setdefault(line.case.id, WaitingBlock(self.head(line.case)))
            if line.step not in block.steps:
                due = None if line.due is None else self.due(line.due, line.case)
                block.steps[line.step] = WaitingStep(_step_words(self.words, line.step), [], due)
            role = self.words.ruleset.roles.get(line.role)
            named = role.label if role else line.role
            if named not in block.steps[line.step].roles:
                block.steps[line.step].roles.append(named)
        return list(found.values())

    def left(self, lines: Iterable[LeftLine]) -> list[LeftBlock]:
        """Return who left, by case."""
        found: dict[int, LeftBlock] = {}
        carried: Counter[str] = Counter()
        for line in lines:
            block = found.setdefault(line.case.id, LeftBlock(self.head(line.case)))
            block.left.append(left_view(self.words.ruleset, line.left))
            if line.left.role == CARRIER and line.left.login is not None:
                block.carrier = line.left.login
                carried[line.left.login] += 1
        for block in found.values():
            block.together = carried[block.carrier or ""]
        return list(found.values())

    def report(self, line: ReportLine) -> ReportView:
        """Return a report that waits for its answer."""
        return ReportView(self.head(line.case), line.since, self.due(line.due, line.case))

    def head(self, case: InCase) -> CaseView:
        """Return a case in words."""
        return CaseView(
            case,
            self.words.level(case.level),
            self.words.level_place(case.level),
            self.words.place(case.division),
            None if case.stage is None else self.words.stage(case.stage),
        )

    def step(self, number: str, step: str) -> StepView:
        """Return a step with the address at which it is taken."""
        if step == HAND_OVER:
            address = url_for("step.code_action", number=number, name=HAND_OVER)
        else:
            address = url_for("step.step", number=number, step=step)
        return StepView(_step_words(self.words, step), address, _step_article(self.words, step))

    def due(self, due: Due, case: InCase) -> DueView:
        """Return a deadline in words, by the working days of its case's place."""
        calendar = self.calendar.of(case.division, case.parent)
        is_law = due.weight == Weight.STATUTORY.value
        return DueView(
            due,
            due.light(self.today),
            self.words.clock(due.clock),
            self._instance(due),
            self.words.article(due.clock),
            (due.due_on - self.today).days,
            self.words.working_days_left(calendar, due.clock, self.today, due.due_on),
            due.due_at.astimezone(CHINA).strftime("%H:%M") if due.due_at else None,
            None if is_law else WEIGHTS[Weight(due.weight)],
        )

    def _instance(self, due: Due) -> Words | None:
        clock = self.words.ruleset.clocks.get(due.clock)
        if clock is not None and clock.per is Per.REFERENCE:
            return due.instance
        return None if due.instance == "1" else Text("no. %(number)s", number=due.instance)


def _step_words(words: ListWords, step: str) -> Words:
    if step == HAND_OVER:
        return CODE_FORMS[HAND_OVER]
    found = words.ruleset.steps.get(step)
    return found.label if found else step


def _step_article(words: ListWords, step: str) -> Citation | None:
    found = words.ruleset.steps.get(step)
    return found.basis if found else None


def _draft(words: ListWords, kept: Kept) -> DraftView:
    """What a form is for, by its address."""
    named = next(_named(words, kept.form), None)
    if named is None:
        return DraftView(kept.form, None, kept.form, kept.saved_at)
    return DraftView(named[0], named[1], kept.form, kept.saved_at)


def _named(words: ListWords, form: str) -> Iterator[tuple[Words, str | None]]:
    adapter = current_app.create_url_adapter(request)
    try:
        endpoint, given = adapter.match(form, method="POST") if adapter else ("", {})
    except HTTPException:
        return
    number = given.get("number")
    match endpoint:
        case "step.step":
            yield _step_words(words, given["step"]), number
        case "step.code_action" if given["name"] in CODE_LABELS:
            yield CODE_LABELS[given["name"]], number
        case "step.void" | "step.correct":
            yield CODE_LABELS[endpoint.removeprefix("step.")], number
        case "intake.show":
            yield Text("New fire"), None
        case "leaving.show":
            yield Text("Give cases to another carrier"), None
