"""What would become of a line of an old ledger? The case, with every step through the one door.

Whoever may open a case of a place writes down what its old papers say, also where they say what a
government did: who did it stands in the papers, who wrote it down in the journal, and why in its
reason. A day stands for the whole step: where the rule asks for a list, each of its items has it.
Dates of steps that the rule of the day doesn't have are kept in the reason of the opening.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from fireinvest.messages import Faulty, Joined, Problem, Text, Words, render
from fireinvest.regulation.calendar import Calendar
from fireinvest.regulation.clocks import Deadline
from fireinvest.regulation.contents import lacking
from fireinvest.regulation.profile import Ruleset, Step
from fireinvest.regulation.rulesets import Law
from fireinvest.services.cases import NewCase, may_open, opening_problems
from fireinvest.services.old_ledger.columns import COLUMNS
from fireinvest.services.old_ledger.reading import Wanted
from fireinvest.workflow import engine
from fireinvest.workflow.actions import (
    Decision,
    Delivery,
    DocumentReceived,
    DocumentSent,
    Entry,
    Extension,
    Finding,
    KindPayload,
    Opening,
    Order,
    Publication,
)
from fireinvest.workflow.case import Case, fold, retold
from fireinvest.workflow.deadlines import deadlines_of
from fireinvest.workflow.engine import Action
from fireinvest.workflow.permissions import Actor

__all__ = ["Planned", "plan_case"]


@dataclass(frozen=True, slots=True)
class Planned:
    """What would come about: the case, or what stands against it, by column.

    ``remarks``: what is worth knowing, and stands against nothing.
    """

    new: NewCase | None
    problems: tuple[Problem, ...] = ()
    remarks: tuple[Words, ...] = ()

    @property
    def case(self) -> Case | None:
        """The case after all of its steps."""
        return None if self.new is None else self.new.case

    @property
    def deadlines(self) -> tuple[Deadline, ...]:
        """Its clocks, as they would stand today."""
        return () if self.new is None else self.new.deadlines


@dataclass(frozen=True, slots=True)
class _Told:
    """What a payload is made of: the line, the government that investigates, an item of a list."""

    wanted: Wanted
    government: str
    item: str | None

    def text(self, name: str) -> str | None:
        return self.wanted.texts.get(name)


_Made = Callable[[_Told], KindPayload]

#: The steps of a line in the order of the procedure: their day's column, and what is written down.
#: What the old ledger doesn't tell is said to stand in it.
_STEPS: Sequence[tuple[str, str, _Made]] = (
    ("fire_determination", "determined_on", lambda _told: Finding(text=_AS_WRITTEN)),
    ("request_team", "requested_on",
     lambda told: DocumentSent(to=told.government, document_no=told.text("request_no"))),
    ("establish_team", "established_on",
     lambda told: Order(document_no=told.text("established_no"), person=told.text("leader"))),
    ("ask_extension", "extension_on",
     lambda told: Extension(days=told.wanted.days_more, grounds=_AS_WRITTEN)),
    ("decide_extension", "extension_on",
     lambda told: Extension(
         days=told.wanted.days_more, outcome="approved", document_no=told.text("extension_no"))),
    ("submit_report", "submitted_on",
     lambda told: DocumentSent(to=told.government, document_no=told.text("submitted_no"))),
    ("receive_report", "received_on", lambda told: DocumentReceived(sender=_TEAM)),
    ("reply", "replied_on",
     lambda told: Decision(
         outcome=told.text("reply_outcome") or "approved",
         decided_by=told.government, document_no=told.text("reply_no"))),
    ("deliver_reply", "delivered_on", lambda told: Delivery(item=told.item)),
    ("publish", "published_on",
     lambda told: Publication(
         item=told.item, where=told.text("published_where") or _AS_WRITTEN, proof=_AS_WRITTEN)),
    ("archive", "archived_on", lambda told: Delivery(item=told.item)),
    ("open_evaluation", "evaluation_opened_on", lambda _told: Order()),
    ("evaluation_report", "evaluated_on",
     lambda told: DocumentSent(to=told.government, document_no=told.text("evaluation_no"))),
)  # fmt: skip
_AS_WRITTEN = "见原台账"
_TEAM = "事故调查组"
#: Stands in every entry of such a case.
_REASON = "据原台账补录，原编号{number}"
#: Which column shows a problem with a field of an entry, where it isn't the day's.
_COLUMN_OF = {
    ("open", "occurred_at"): "occurred_on",
    ("establish_team", "person"): "leader",
    ("ask_extension", "days"): "extension_days",
    ("decide_extension", "days"): "extension_days",
    ("reply", "outcome"): "reply_outcome",
    ("publish", "where"): "published_where",
}


def plan_case(
    law: Law,
    calendar: Calendar,
    actor: Actor,
    wanted: Wanted,
    decided: Callable[[Ruleset], list[Entry]],
    *,
    home_division: str,
    now: datetime,
    today: date,
) -> Planned:
    """Return what a line would bring about, or what stands against it; nothing is saved.

    ``decided``: of a rule, how its unclear points were decided, as entries of a new case.
    """
    key = f"late-{wanted.digest}"
    facts = wanted.facts
    problems = [
        replace(each, field=_COLUMN_OF.get(("open", each.field), each.field))
        for each in opening_problems(facts, wanted.unit_name, wanted.address, key, now, today)
    ]
    if problems:
        return Planned(None, tuple(problems))
    try:
        division = (
            None if facts.division is None else law.division(facts.division, facts.occurred_on)
        )
    except Faulty as faulty:
        return Planned(None, _at("division", faulty.problems))
    if not may_open(actor, division):
        text = Text("You can't open cases of this place.")
        return Planned(None, (Problem("division", text),))
    try:
        ruleset = law.in_force(facts.division or home_division, facts.occurred_on)
    except Faulty as faulty:
        return Planned(None, _at("occurred_on", faulty.problems))
    left = {
        name: day
        for name, day in wanted.days.items()
        if any(column == name and step not in ruleset.steps for step, column, _ in _STEPS)
    }
    reason = _REASON.format(number=wanted.old_number)
    papers = "；".join(f"{render(COLUMNS[name].label, 'zh')}：{day}" for name, day in left.items())
    opening = Entry(
        seq=1,
        step="open",
        payload=Opening(facts),
        on=facts.occurred_on,
        at=facts.occurred_at,
        recorded_at=now,
        actor=actor.id,
        acting_for=actor.acting_for,
        reason=f"{reason}。{papers}" if papers else reason,
    )
    first = fold(ruleset, division, [opening], carrier=actor.id)
    entries = decided(ruleset)
    case = retold(first, [opening, *entries]) if entries else first
    further: list[tuple[Entry, Case | None]] = [(each, None) for each in entries]
    walk = _Walk(calendar, replace(actor, transcribes=True), wanted, reason, now, today)
    for entry, after in walk.steps(case, left):
        further.append((entry, after))
        case = after
    if walk.problems:
        return Planned(None, tuple(dict.fromkeys(walk.problems)), tuple(walk.remarks))
    remarks: list[Words] = []
    if left:
        columns = Joined(tuple(COLUMNS[name].label for name in left))
        text = Text(
            "The rule of that day doesn't have these steps; their days are kept as a note: "
            "%(columns)s.",
            columns=columns,
        )
        remarks.append(text)
    new = NewCase(
        first,
        tuple(further),
        case,
        deadlines_of(case, calendar, today),
        wanted.unit_name,
        wanted.address,
        home_division,
        key,
        late={
            "late_key": wanted.key,
            "old_number": wanted.old_number,
            "late_digest": wanted.digest,
        },
    )
    return Planned(new, (), (*remarks, *dict.fromkeys(walk.remarks)))


def _at(field: str, problems: Sequence[Problem]) -> tuple[Problem, ...]:
    return tuple(replace(each, field=field) for each in problems)


class _Walk:
    """Takes the steps of a line one after the other, each as the engine has it."""

    def __init__(
        self,
        calendar: Calendar,
        scribe: Actor,
        wanted: Wanted,
        reason: str,
        now: datetime,
        today: date,
    ) -> None:
        self.calendar = calendar
        self.scribe = scribe
        self.wanted = wanted
        self.reason = reason
        self.now = now
        self.today = today
        self.problems: list[Problem] = []
        self.remarks: list[Words] = []

    def steps(self, case: Case, left: dict[str, date]) -> Iterator[tuple[Entry, Case]]:
        """Yield the entries of the steps, each with the case after it."""
        failed: set[str] = set()
        for name, column, make in _STEPS:
            day = self.wanted.days.get(column)
            if day is None or column in left:
                continue
            step = case.ruleset.steps[name]
            if failed & set(step.requires):
                failed.add(name)
                continue
            for item in _items(case, step):
                told = _Told(self.wanted, _government(case), item)
                action = Action(
                    name, make(told), day, reason=self.reason, acting_for=self.scribe.acting_for
                )
                try:
                    outcome = engine.apply(
                        case, self.scribe, action,
                        calendar=self.calendar, now=self.now, today=self.today,
                    )  # fmt: skip
                except Faulty as faulty:
                    self._refused(name, column, faulty.problems)
                    failed.add(name)
                    break
                self.remarks += [each.text for each in outcome.warnings]
                case = outcome.case
                yield outcome.entry, case

    def _refused(self, step: str, column: str, problems: Sequence[Problem]) -> None:
        for each in problems:
            field = _COLUMN_OF.get((step, each.field), column)
            self.problems.append(replace(each, field=field))


def _items(case: Case, step: Step) -> Sequence[str | None]:
    """The items of the step's list that the rule asks for; just one of none where it has no list."""
    if step.items is None:
        return (None,)
    return tuple(each.id for each in lacking(case.ruleset.lists[step.items], set(), case.view))


def _government(case: Case) -> str:
    tier = case.ruleset.tiers.get(case.investigating or case.judgement.government.value or "")
    return _AS_WRITTEN if tier is None else tier.label.zh
