"""The one door: may the actor, is it the time, is it complete, and what follows?

``available`` draws the buttons from the same checks of permission and timing; completeness
belongs to ``apply`` alone. Nothing here saves anything.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from fireinvest.messages import Problem, Text, Words
from fireinvest.regulation.basis import Citation
from fireinvest.regulation.calendar import Calendar
from fireinvest.regulation.checking import MEMBERS
from fireinvest.regulation.clocks import Deadline
from fireinvest.regulation.condition import evaluate
from fireinvest.regulation.contents import lacking
from fireinvest.regulation.facts import Category
from fireinvest.regulation.profile import Clock, Decides, Kind, Need, Per, Step, Weight
from fireinvest.regulation.severity import CRITERIA
from fireinvest.workflow.actions import (
    KINDS,
    Correcting,
    Decision,
    Entry,
    Figures,
    HandingOver,
    KindPayload,
    Measure,
    Merging,
    Opening,
    Order,
    Payload,
    Raising,
    Voiding,
    missing_fields,
)
from fireinvest.workflow.case import Case, fold
from fireinvest.workflow.deadlines import deadlines_of, runs_of
from fireinvest.workflow.errors import Invalid, NotAllowed, Refused, Stale
from fireinvest.workflow.permissions import Actor, may_administer, may_take


@dataclass(frozen=True, slots=True)
class Action:
    """What somebody wants to write down: a step or a code action, its real day, and why.

    ``expected_version``: the sequence number of the last entry that the actor had seen.
    """

    step: str
    payload: Payload
    on: date
    at: datetime | None = None
    reason: str | None = None
    expected_version: int | None = None
    acting_for: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an action does: the entry to save, the case after it, its deadlines, and warnings."""

    entry: Entry
    case: Case
    deadlines: tuple[Deadline, ...]
    warnings: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Availability:
    """Can a step be taken now, and if not, why?"""

    step: Step
    is_possible: bool
    reasons: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Missing:
    """Something that the rule wants and that is not on record yet."""

    citation: Citation
    what: Words
    step: str | None


# ---------------------------------------------------------------------------- may it be done now?

#: Steps of the next stage may be taken early, so that a gap in this one never traps a case.
_STAGES_AHEAD = 1


def why_not_now(case: Case, step: Step) -> Iterator[Problem]:
    """Yield each reason for which the step is impossible in this state of the case."""
    article = str(step.basis)
    stages = case.ruleset.stages
    if case.merged_into is not None:
        text = Text("The case goes on in %(other)s.", other=case.merged_into)
        yield Problem("step", text, article)
    if case.mode not in step.modes:
        yield Problem("step", Text("This step doesn't belong to such a case."), article)
    if evaluate(step.when, case.judgement.view()).holds is False:
        yield Problem("step", Text("The facts of the case rule this step out."), article)
    if case.stage is not None:
        now = case.ruleset.stage_index(case.stage)
        if now + _STAGES_AHEAD < case.ruleset.stage_index(step.stage):
            text = Text("It belongs to a later stage: %(stage)s.", stage=stages[step.stage].label)
            yield Problem("step", text, article)
        elif now > case.ruleset.stage_index(step.through):
            text = Text("Its stage is over: %(stage)s.", stage=stages[step.through].label)
            yield Problem("step", text, article)
    for name in step.requires:
        if name not in case.done:
            text = Text("This must come first: %(step)s.", step=case.ruleset.steps[name].label)
            yield Problem("step", text, str(case.ruleset.steps[name].basis))
    if step.once and step.id in case.done:
        yield Problem("step", Text("It has been done; correct or void the entry instead."), article)
    if _is_outstanding(case, step):
        text = Text("The last one is still without an answer; void it or record its return.")
        yield Problem("step", text, article)


def _is_outstanding(case: Case, step: Step) -> bool:
    for name in step.starts:
        clock = case.ruleset.clocks[name]
        if clock.per is Per.SUBMISSION and _has_open_run(case, clock):
            return True
    return False


def _has_open_run(case: Case, clock: Clock) -> bool:
    return any(
        run.satisfied_on is None and run.returned_on is None and run.handed_over_on is None
        for run in runs_of(case, clock)
    )


def available(case: Case, actor: Actor, case_id: str | None = None) -> tuple[Availability, ...]:
    """Return every step of the table: can this actor take it now, and if not, why?"""
    result = []
    for step in case.ruleset.steps.values():
        reasons = list(why_not_now(case, step))
        if not may_take(actor, step, case, case_id):
            reasons.append(_not_for_you(case, step))
        result.append(Availability(step, not reasons, tuple(reasons)))
    return tuple(result)


def _not_for_you(case: Case, step: Step) -> Problem:
    names = [case.ruleset.roles[role].label for role in step.who]
    zh, en = "、".join(each.zh for each in names), ", ".join(each.en for each in names)
    text = Text("This step is for: %(roles)s.", roles=type(names[0])(zh=zh, en=en))
    return Problem("step", text, str(step.basis))


# ---------------------------------------------------------------------------- is it complete?


def _why_invalid(case: Case, step: Step, action: Action, today: date) -> Iterator[Problem]:
    payload = action.payload
    if type(payload) is not KINDS[step.kind]:
        yield Problem("payload", Text("These fields belong to another kind of step."))
        return
    yield from missing_fields(payload)
    yield from _day_problems(case, step, action, today)
    yield from _item_problems(case, step, payload)
    outcome = getattr(payload, "outcome", None)
    if step.outcomes and outcome not in step.outcomes:
        text = Text("One of these is needed: %(choices)s.", choices=", ".join(step.outcomes))
        yield Problem("outcome", text, str(step.basis))
    category = payload.category if isinstance(payload, Decision) else None
    if step.decides is Decides.CATEGORY and category is None:
        text = Text("One of these is needed: %(choices)s.", choices=", ".join(Category))
        yield Problem("category", text, str(step.basis))
    if isinstance(payload, Figures) and payload == Figures(source=payload.source):
        yield Problem("deaths", Text("At least one figure is needed."), str(step.basis))
    yield from _reference_problems(case, step, payload)


def _day_problems(case: Case, step: Step, action: Action, today: date) -> Iterator[Problem]:
    if action.on > today:
        yield Problem("on", Text("The day lies in the future."))
    if action.on < case.occurred_on:
        yield Problem("on", Text("The day lies before the fire."))
    for name in step.after:
        for entry in case.done.get(name, ())[:1]:
            if action.on < entry.on:
                text = Text(
                    "It can't lie before %(step)s of %(day)s.",
                    step=case.ruleset.steps[name].label,
                    day=entry.on,
                )
                yield Problem("on", text, str(step.basis))
    effective_on = getattr(action.payload, "effective_on", None)
    if effective_on is not None and effective_on < action.on:
        yield Problem("effective_on", Text("It can't lie before the document's day."))


def _item_problems(case: Case, step: Step, payload: KindPayload) -> Iterator[Problem]:
    if step.items is None:
        return
    if step.items == MEMBERS:
        names = {member.person for member in case.members}
        if getattr(payload, "person", None) not in names:
            yield Problem("person", Text("Nobody of this name is on the team."), str(step.basis))
        return
    codes = [item.id for item in case.ruleset.lists[step.items].items]
    item = getattr(payload, "item", None)
    if item not in codes and not (item is None and step.kind is Kind.RECUSAL):
        text = Text("One of these is needed: %(choices)s.", choices=", ".join(codes))
        yield Problem("item", text, str(step.basis))


def _reference_problems(case: Case, step: Step, payload: KindPayload) -> Iterator[Problem]:
    """What runs by reference needs one, with a date; what ends it must name one that runs."""
    if not isinstance(payload, Measure | Order):
        return
    clocks = case.ruleset.clocks
    if any(clocks[name].per is Per.REFERENCE for name in step.starts):
        if payload.ref is None:
            yield Problem("ref", Text("This is needed."), str(step.basis))
        if payload.due_on is None:
            yield Problem("due_on", Text("This is needed."), str(step.basis))
    ending = [*step.satisfies, *([step.extends] if step.extends else [])]
    for name in ending:
        if clocks[name].per is not Per.REFERENCE:
            continue
        known = {run.instance for run in runs_of(case, clocks[name])}
        if payload.ref not in known:
            yield Problem("ref", Text("Nothing with this reference is on record."), str(step.basis))


def _wants_reason(case: Case, step: Step, action: Action, late: list[Deadline]) -> list[Problem]:
    """What is skipped, late or backdated past its stage is possible, with a reason on record."""
    found = [
        Problem(
            "reason",
            Text("This usually comes first: %(step)s.", step=case.ruleset.steps[name].label),
            str(case.ruleset.steps[name].basis),
        )
        for name in step.expects
        if name not in case.done
    ]
    for each in late:
        text = Text("%(clock)s was due on %(day)s.", clock=each.clock.label, day=each.due_on)
        found.append(Problem("reason", text, str(each.basis)))
    effective_on = getattr(action.payload, "effective_on", None)
    if effective_on is not None and effective_on > action.on:
        text = Text("The day from which it counts is later than the document.")
        found.append(Problem("effective_on", text, str(step.basis)))
    return found


# ---------------------------------------------------------------------------- what follows?


def apply(
    case: Case,
    actor: Actor,
    action: Action,
    *,
    calendar: Calendar,
    now: datetime,
    today: date,
    case_id: str | None = None,
) -> Outcome:
    """Return what follows when the actor takes the action; nothing is changed or saved.

    Raises:
        NotAllowed: when the actor may not do this.
        Stale: when the case has moved on since the actor saw it.
        Refused: when the state of the case forbids it.
        Invalid: when it is incomplete; each problem names its field.

    """
    check = _check_step if action.step in case.ruleset.steps else _check_code
    check(case, actor, action, today, case_id)
    entry = Entry(
        seq=case.version + 1,
        step=action.step,
        payload=action.payload,
        on=action.on,
        at=action.at,
        recorded_at=now,
        actor=actor.id,
        acting_for=action.acting_for,
        reason=action.reason,
    )
    after = fold(case.ruleset, case.division, (*case.journal, entry))
    deadlines = deadlines_of(after, calendar, today)
    warnings: list[Problem] = []
    if action.step in case.ruleset.steps:
        step = case.ruleset.steps[action.step]
        late = [
            each
            for each in deadlines
            if each.run.satisfied_by == entry.seq
            and each.days_late
            and each.clock.weight is not Weight.ADVISORY
        ]
        warnings = _wants_reason(case, step, action, late)
    if warnings and not action.reason:
        raise Invalid(warnings)
    return Outcome(entry, after, deadlines, tuple(warnings))


def _check_step(case: Case, actor: Actor, action: Action, today: date, case_id: str | None) -> None:
    step = case.ruleset.steps[action.step]
    if not may_take(actor, step, case, case_id):
        raise NotAllowed([_not_for_you(case, step)])
    _check_version(case, action)
    refusals = [
        each for each in why_not_now(case, step) if not _is_late_entry(case, step, action, each)
    ]
    if refusals:
        raise Refused(refusals)
    problems = list(_why_invalid(case, step, action, today))
    if problems:
        raise Invalid(problems)


def _check_version(case: Case, action: Action) -> None:
    if action.expected_version is not None and action.expected_version != case.version:
        raise Stale(action.expected_version, case.version)


def _is_late_entry(case: Case, step: Step, action: Action, refusal: Problem) -> bool:
    """A step whose stage is over can still be written down with a day on which it was not."""
    if not isinstance(refusal.text, Text) or not refusal.text.msgid.startswith("Its stage is over"):
        return False
    stages = list(case.ruleset.stages.values())
    following = stages[case.ruleset.stage_index(step.through) + 1]
    begun = [entry.on for name in following.begins_with for entry in case.done.get(name, ())]
    return bool(action.reason) and (not begun or action.on <= min(begun))


def _check_code(case: Case, actor: Actor, action: Action, today: date, case_id: str | None) -> None:
    check = _CODE_CHECKS.get(type(action.payload))
    if check is None:
        raise Refused([Problem("step", Text("The rule doesn't have this step."))])
    if not may_administer(actor, case, case_id):
        raise NotAllowed([Problem("step", Text("This is for the carrier and the agency's head."))])
    _check_version(case, action)
    problems = list(check(case, action.payload))
    if not action.reason:
        problems.append(Problem("reason", Text("This is needed.")))
    if action.on > today:
        problems.append(Problem("on", Text("The day lies in the future.")))
    if problems:
        raise Invalid(problems)


def _check_target(case: Case, payload: Any) -> Iterator[Problem]:
    target = next((each for each in case.entries if each.seq == payload.target), None)
    if target is None:
        yield Problem("target", Text("No entry of this number counts in the case."))
    elif isinstance(target.payload, Opening):
        yield Problem("target", Text("The opening can't be voided; correct its figures by a step."))
    elif isinstance(payload, Correcting) and type(payload.payload) is not type(target.payload):
        yield Problem("payload", Text("These fields belong to another kind of step."))


def _check_tier(case: Case, payload: Any) -> Iterator[Problem]:
    if payload.government not in case.ruleset.tiers:
        yield Problem("government", Text("There is no %(id)s.", id=payload.government))
    elif payload.government == case.investigating:
        yield Problem("government", Text("This government has the case already."))


def _check_merge(case: Case, _payload: Any) -> Iterator[Problem]:
    if case.merged_into is not None:
        yield Problem("into", Text("The case goes on in %(other)s.", other=case.merged_into))


_CODE_CHECKS: dict[type, Callable[[Case, Any], Iterator[Problem]]] = {
    Voiding: _check_target,
    Correcting: _check_target,
    HandingOver: _check_tier,
    Raising: _check_tier,
    Merging: _check_merge,
}


# ---------------------------------------------------------------------------- what is missing?


def missing(case: Case) -> tuple[Missing, ...]:
    """Return what the rule wants by now and is not on record, each with its article."""
    return (*_missing_facts(case), *_missing_steps(case))


def _missing_facts(case: Case) -> Iterator[Missing]:
    ruleset = case.ruleset
    if case.opening_facts.division is None:
        yield Missing(ruleset.routes[-1].basis, Text("the county, district or zone"), None)
    for each in case.judgement.severity.criteria:
        if each.value is None or each.is_lower_bound:
            what = Text("%(criterion)s: not yet known", criterion=CRITERIA[each.fact])
            yield Missing(ruleset.scale.basis, what, "update_figures")
    for presumption in ruleset.presumptions.values():
        if getattr(case.facts, presumption.fact) is None:
            yield Missing(presumption.basis, Text("the kind of fire"), "decide_category")
    if case.judgement.in_scope.value is None and case.facts.social_impact is None:
        basis = ruleset.scopes["scope"].basis
        yield Missing(basis, Text("whether the fire stirred the public"), "decide_social_impact")


def _missing_steps(case: Case) -> Iterator[Missing]:
    ruleset = case.ruleset
    if case.stage is None:
        return
    now = ruleset.stage_index(case.stage)
    view = case.judgement.view()
    for step in ruleset.steps.values():
        if step.need is not Need.MUST or case.mode not in step.modes:
            continue
        if ruleset.stage_index(step.stage) > now or not evaluate(step.when, view).holds:
            continue
        entries = case.done.get(step.id, ())
        if step.items == MEMBERS:
            signed = {getattr(entry.payload, "person", None) for entry in entries}
            for person in dict.fromkeys(m.person for m in case.members if m.is_active):
                if person not in signed:
                    what = Text("%(step)s: %(item)s", step=step.label, item=person)
                    yield Missing(step.basis, what, step.id)
        elif step.items is not None:
            covered = {str(getattr(entry.payload, "item", "")) for entry in entries}
            for item in lacking(ruleset.lists[step.items], covered, view):
                what = Text("%(step)s: %(item)s", step=step.label, item=item.label)
                yield Missing(item.basis, what, step.id)
        elif not entries:
            yield Missing(step.basis, step.label, step.id)
