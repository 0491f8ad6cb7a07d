"""The one door: may the actor, is it the time, is it complete, and what follows?

``available`` draws the buttons from the same checks of permission and timing; completeness
belongs to ``apply`` alone. Nothing here saves anything.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from fireinvest.china import CHINA
from fireinvest.messages import Joined, Problem, Text, Words
from fireinvest.regulation.basis import Citation
from fireinvest.regulation.calendar import Calendar
from fireinvest.regulation.checking import MEMBERS, can_be_restricted
from fireinvest.regulation.clocks import Deadline, Run
from fireinvest.regulation.condition import ALWAYS, evaluate
from fireinvest.regulation.facts import Category
from fireinvest.regulation.profile import Clock, Decides, Kind, Need, Per, Step, Weight
from fireinvest.regulation.severity import CRITERIA
from fireinvest.workflow.actions import (
    CODE_ACTIONS,
    KINDS,
    UNASKED,
    Attachment,
    Correcting,
    Decision,
    DocumentSent,
    Entry,
    Extension,
    Figures,
    HandingOver,
    Interval,
    Linking,
    Membership,
    Merging,
    Opening,
    Order,
    Payload,
    Planning,
    Raising,
    Reassigning,
    Recounting,
    Recusal,
    Voiding,
    missing_fields,
)
from fireinvest.workflow.case import Case, gaps, is_lacking, retold
from fireinvest.workflow.deadlines import deadlines_of, runs_of
from fireinvest.workflow.errors import Invalid, NotAllowed, Refused, Stale
from fireinvest.workflow.permissions import (
    PLANNING,
    Actor,
    may_administer,
    may_link,
    may_plan,
    may_read,
    may_reassign,
    may_take,
    may_take_over,
    taker,
)
from fireinvest.workflow.planning import LONGEST_STEP


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
    attachments: tuple[Attachment, ...] = ()
    restriction: str | None = None


@dataclass(frozen=True, slots=True)
class Linked:
    """What has to be written in another case, in the same transaction."""

    case_id: str
    payload: Linking

    def entry_in(self, other: Case, cause: Entry) -> Entry:
        """Return the other case's entry, on the same day and by the same actor as its cause."""
        return Entry(
            seq=other.version + 1,
            step="link",
            payload=self.payload,
            on=cause.on,
            recorded_at=cause.recorded_at,
            actor=cause.actor,
            acting_for=cause.acting_for,
            reason=cause.reason,
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an action does: the entry to save, the case after it, its deadlines, and warnings.

    ``linked``: what belongs into other cases; empty where the case's own id wasn't given.
    """

    entry: Entry
    case: Case
    deadlines: tuple[Deadline, ...]
    warnings: tuple[Problem, ...]
    linked: tuple[Linked, ...] = ()


@dataclass(frozen=True, slots=True)
class Availability:
    """Can a step be taken now, and if not, why?

    ``late_until``: a step whose time is over can still be entered late, with a reason and a real
    day up to this one.
    """

    step: Step
    is_possible: bool
    reasons: tuple[Problem, ...]
    late_until: date | None = None


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
    yield from _why_impossible(case, step)
    yield from _why_over(case, step)


def _why_impossible(case: Case, step: Step) -> Iterator[Problem]:
    """What no real day in the past could change."""
    article = str(step.basis)
    if case.merged_into is not None:
        yield _merged(case)
    if not case.modes_seen & set(step.modes):
        yield Problem("step", Text("This step doesn't belong to such a case."), article)
    if step.when is not ALWAYS and evaluate(step.when, case.view).holds is False:
        yield Problem("step", Text("The facts of the case rule this step out."), article)
    if _is_ahead(case, step):
        text = Text(
            "It belongs to a later stage: %(stage)s.",
            stage=case.ruleset.stages[step.stage].label,
        )
        yield Problem("step", text, article)
    first = [name for name in step.requires if name not in case.done]
    for name in first:
        text = Text("This must come first: %(step)s.", step=case.ruleset.steps[name].label)
        yield Problem("step", text, str(case.ruleset.steps[name].basis))
    if step.once and step.id in case.done:
        yield Problem("step", Text("It has been done; correct or void the entry instead."), article)
    elif not first:
        yield from _why_not_for_submission(case, step)


def _merged(case: Case) -> Problem:
    return Problem("step", Text("The case goes on in %(other)s.", other=case.merged_into))


def _is_ahead(case: Case, step: Step) -> bool:
    return case.stage_place + _STAGES_AHEAD < case.ruleset.stage_index(step.stage)


def _why_over(case: Case, step: Step) -> Iterator[Problem]:
    """What is past, so that only a late entry can still record it."""
    article = str(step.basis)
    if case.modes_seen & set(step.modes) and case.mode not in step.modes:
        yield Problem("step", Text("This step doesn't belong to such a case."), article)
    if _ended_on(case, step) is not None:
        text = Text("Its stage is over: %(stage)s.", stage=case.ruleset.stages[step.through].label)
        yield Problem("step", text, article)


def _ended_on(case: Case, step: Step) -> date | None:
    """The day on which the last stage of the step ended, None while it isn't over."""
    later = case.stages_began[case.ruleset.stage_index(step.through) + 1 :]
    return min((day for day in later if day is not None), default=None)


def late_until(case: Case, step: Step) -> date | None:
    """Return the last real day with which a step whose time is over can be entered late.

    None where it is not over, or where nothing could make it possible.
    """
    if next(_why_impossible(case, step), None) is not None:
        return None
    return _over_on(case, step)


def _over_on(case: Case, step: Step) -> date | None:
    ends = [_ended_on(case, step), None if case.mode in step.modes else case.mode_since]
    return min((each for each in ends if each is not None), default=None)


def _clocks_per(case: Case, step: Step, per: Per) -> Iterator[Clock]:
    """The clocks of a sort that the step starts, ends, prolongs, or whose receipt it is."""
    names = {*step.starts, *step.satisfies, *step.stops, *([step.extends] if step.extends else [])}
    for clock in case.ruleset.clocks.values():
        if clock.per is per and (clock.id in names or clock.received_by == step.id):
            yield clock


def _is_open(run: Run) -> bool:
    return run.satisfied_on is None and run.returned_on is None and run.handed_over_on is None


def _why_not_for_submission(case: Case, step: Step) -> Iterator[Problem]:
    """One submission at a time, and an answer or a receipt only to one that was sent."""
    article = str(step.basis)
    for clock in _clocks_per(case, step, Per.SUBMISSION):
        runs = runs_of(case, clock)
        is_open = any(_is_open(run) for run in runs)
        if clock.id in step.starts and is_open:
            text = Text("The last one is still without an answer; void it or record its return.")
            yield Problem("step", text, article)
        if clock.id in (*step.satisfies, *step.stops) and not is_open:
            yield Problem("step", Text("Nothing that was sent still waits for an answer."), article)
        if clock.received_by == step.id and not any(run.awaits_receipt for run in runs):
            yield Problem("step", Text("The receipt is on record already."), article)


def available(case: Case, actor: Actor, case_id: str | None = None) -> tuple[Availability, ...]:
    """Return every step of the table: can this actor take it now, and if not, why?"""
    may = taker(actor, case, case_id)
    result = []
    for step in case.ruleset.steps.values():
        reasons = list(_why_impossible(case, step))
        if not may(step):
            reasons.append(_not_for_you(case, step))
        until = None if reasons else _over_on(case, step)
        reasons.extend(_why_over(case, step))
        result.append(Availability(step, not reasons, tuple(reasons), until))
    return tuple(result)


def _not_for_you(case: Case, step: Step) -> Problem:
    names = Joined(tuple(case.ruleset.roles[role].label for role in step.who))
    return Problem("step", Text("This step is for: %(roles)s.", roles=names), str(step.basis))


# ---------------------------------------------------------------------------- is it complete?


def _choices(field: str, codes: Iterator[str] | tuple[str, ...], article: str) -> Problem:
    text = Text("One of these is needed: %(choices)s.", choices=", ".join(codes))
    return Problem(field, text, article)


def _why_invalid(
    case: Case, step: Step, action: Action, now: datetime, today: date
) -> Iterator[Problem]:
    payload, article = action.payload, str(step.basis)
    if type(payload) is not KINDS[step.kind]:
        text = Text("These fields belong to another kind of step.")
        yield Problem("payload", text, article)
        return
    yield from missing_fields(payload, article)
    yield from _time_problems(case, action, now, today, article)
    yield from _order_problems(case, step, action)
    yield from _item_problems(case, step, action)
    yield from _reference_problems(case, step, action)
    if step.outcomes and getattr(payload, "outcome", None) not in step.outcomes:
        yield _choices("outcome", step.outcomes, article)
    if step.stops and not action.reason:
        yield Problem("reason", Text("This is needed."), article)
    yield from _KIND_CHECKS.get(type(payload), _nothing)(case, step, action)


def _time_problems(
    case: Case, action: Action, now: datetime, today: date, article: str | None
) -> Iterator[Problem]:
    if action.on > today:
        yield Problem("on", Text("The day lies in the future."), article)
    if action.on < case.occurred_on:
        yield Problem("on", Text("The day lies before the fire."), article)
    if action.at is not None:
        if action.at > now:
            yield Problem("at", Text("The time lies in the future."), article)
        if action.at.astimezone(CHINA).date() != action.on:
            yield Problem("at", Text("The time lies on another day."), article)


def _order_problems(case: Case, step: Step, action: Action) -> Iterator[Problem]:
    article = str(step.basis)
    earliest = _earliest(case, step, action)
    before = [
        (name, entry.on)
        for name in step.after
        for entry in case.done.get(name, ())[:1]
        if action.on < entry.on
    ]
    for name, on in before:
        label = case.ruleset.steps[name].label
        text = Text("It can't lie before %(step)s of %(day)s.", step=label, day=on)
        yield Problem("on", text, article)
    if earliest is not None and action.on < earliest and not before:
        yield _not_before(earliest, step)
    for field in ("effective_on", "due_on"):
        day = getattr(action.payload, field, None)
        if day is not None and day < action.on:
            yield Problem(field, Text("It can't lie before the document's day."), article)


def _earliest(case: Case, step: Step, action: Action) -> date | None:
    """The day before which there was nothing of this reference to end."""
    ref = getattr(action.payload, "ref", None)
    days = [
        run.start_on
        for clock in _clocks_per(case, step, Per.REFERENCE)
        for run in runs_of(case, clock)
        if run.instance == ref
    ]
    if step.closes is not None:
        days.extend(began.on for began in _open_intervals(case, step.closes, ref))
    return max(days, default=None)


def _submission_problems(case: Case, step: Step, action: Action) -> Iterator[Problem]:
    """An answer lies after what it answers, a new submission after the end of the last."""
    days: list[date] = []
    for clock in _clocks_per(case, step, Per.SUBMISSION):
        runs = runs_of(case, clock)
        if clock.id in step.starts:
            ends = [run.satisfied_on or run.returned_on or run.handed_over_on for run in runs]
            days.extend(end for end in ends if end is not None)
        elif clock.received_by == step.id:
            days.extend(run.start_on for run in runs if run.awaits_receipt)
        else:
            days.extend(run.start_on for run in runs if _is_open(run))
    if days and action.on < max(days):
        yield _not_before(max(days), step)


def _not_before(day: date, step: Step) -> Problem:
    return Problem("on", Text("It can't lie before %(day)s.", day=day), str(step.basis))


def _open_intervals(case: Case, step: str, ref: str | None) -> list[Entry]:
    return [
        began
        for began, ended_on in case.intervals(step)
        if ended_on is None and getattr(began.payload, "ref", None) == ref
    ]


def _item_problems(case: Case, step: Step, action: Action) -> Iterator[Problem]:
    article = str(step.basis)
    if step.items == MEMBERS:
        pool = case.team if step.kind is Kind.SIGNATURE else case.members
        names = {each.person for each in pool if each.was_active_on(action.on)}
        person = getattr(action.payload, "person", None)
        if person is not None and person not in names:
            yield Problem("person", Text("Nobody of this name is on the team."), article)
    elif step.items is not None:
        codes = tuple(item.id for item in case.ruleset.lists[step.items].items)
        if getattr(action.payload, "item", None) not in codes:
            yield _choices("item", codes, article)


def _reference_problems(case: Case, step: Step, action: Action) -> Iterator[Problem]:
    """What runs by reference needs a new one; what ends or prolongs it must name one that runs."""
    payload, article = action.payload, str(step.basis)
    ref = getattr(payload, "ref", None)
    for clock in _clocks_per(case, step, Per.REFERENCE):
        is_known = any(run.instance == ref for run in runs_of(case, clock))
        if ref is None:
            yield Problem("ref", Text("This is needed."), article)
        elif clock.id in step.starts and is_known:
            yield Problem("ref", Text("This reference is taken already."), article)
        elif clock.id not in step.starts and not is_known:
            yield Problem("ref", Text("Nothing with this reference is on record."), article)
        sets_date = clock.id in step.starts or clock.id == step.extends
        if sets_date and getattr(payload, "due_on", None) is None:
            yield Problem("due_on", Text("This is needed."), article)


def _nothing(_case: Case, _step: Step, _action: Action) -> Iterator[Problem]:
    return iter(())


def _check_decision(_case: Case, step: Step, action: Action) -> Iterator[Problem]:
    payload, article = action.payload, str(step.basis)
    assert isinstance(payload, Decision)  # noqa: S101 - chosen by its type
    if step.decides is Decides.CATEGORY and payload.category is None:
        yield _choices("category", tuple(Category), article)
    if step.decides is Decides.SOCIAL_IMPACT and not (payload.note or action.reason):
        yield Problem("note", Text("The grounds are needed."), article)


def _check_figures(_case: Case, step: Step, action: Action) -> Iterator[Problem]:
    assert isinstance(action.payload, Figures)  # noqa: S101 - chosen by its type
    if action.payload == Figures(source=action.payload.source):
        yield Problem("deaths", Text("At least one figure is needed."), str(step.basis))


def _check_extension(_case: Case, step: Step, action: Action) -> Iterator[Problem]:
    """An extension has a length, and whoever asks for it gives a reason (art 21)."""
    payload, article = action.payload, str(step.basis)
    assert isinstance(payload, Extension)  # noqa: S101 - chosen by its type
    if payload.days == 0:
        yield Problem("days", Text("At least one day is needed."), article)
    if step.extends is None and not (payload.grounds or action.reason):
        yield Problem("grounds", Text("The grounds are needed."), article)


def _check_interval(case: Case, step: Step, action: Action) -> Iterator[Problem]:
    payload, article = action.payload, str(step.basis)
    assert isinstance(payload, Interval)  # noqa: S101 - chosen by its type
    if payload.ref is None:
        return
    if step.closes is None:
        if _open_intervals(case, step.id, payload.ref):
            yield Problem("ref", Text("This reference is taken already."), article)
    elif not _open_intervals(case, step.closes, payload.ref):
        yield Problem("ref", Text("Nothing with this reference is on record."), article)


def _check_document_sent(case: Case, step: Step, action: Action) -> Iterator[Problem]:
    """Where two governments are concerned, a request says to which it goes."""
    payload, article = action.payload, str(step.basis)
    assert isinstance(payload, DocumentSent)  # noqa: S101 - chosen by its type
    concerned = tuple(each.government for each in case.governments)
    is_asked = case.handover_pending is not None and any(
        case.ruleset.clocks[name].per is Per.GOVERNMENT_BY_RULE for name in step.satisfies
    )
    if payload.government not in (*concerned, None) or (payload.government is None and is_asked):
        yield _choices("government", concerned, article)


def _check_person(case: Case, step: Step, action: Action) -> Iterator[Problem]:
    """Nobody who was recused takes up a post."""
    person = getattr(action.payload, "person", None)
    if step.assigns is not None and person in case.recused:
        yield Problem("person", Text("This person was recused from the case."), str(step.basis))


def _check_recusal(case: Case, step: Step, action: Action) -> Iterator[Problem]:
    """A recusal is decided of somebody with a ground on record, and never by themselves (art 7)."""
    payload, article = action.payload, str(step.basis)
    assert isinstance(payload, Recusal)  # noqa: S101 - chosen by its type
    if not step.outcomes or payload.person is None:
        return
    raised = [
        entry.payload.person
        for name in step.requires
        for entry in case.done.get(name, ())
        if isinstance(entry.payload, Recusal)
    ]
    if step.requires and payload.person not in raised:
        text = Text("No ground for recusal of this person is on record.")
        yield Problem("person", text, article)
    posts = {each.post for each in case.members if each.person == payload.person and each.is_active}
    if posts & set(step.who):
        text = Text("Nobody decides on their own recusal.")
        yield Problem("person", text, article)


_KIND_CHECKS: Mapping[type, Callable[[Case, Step, Action], Iterator[Problem]]] = {
    Decision: _check_decision,
    DocumentSent: _check_document_sent,
    Extension: _check_extension,
    Figures: _check_figures,
    Interval: _check_interval,
    Membership: _check_person,
    Order: _check_person,
    Recusal: _check_recusal,
}


def _wants_reason(
    case: Case, step: Step, entry: Entry, deadlines: tuple[Deadline, ...]
) -> Iterator[Problem]:
    """What is skipped or late is possible, with a reason on record."""
    steps = case.ruleset.steps
    for name in step.expects:
        if is_lacking(case, steps[name]):
            text = Text("This usually comes first: %(step)s.", step=steps[name].label)
            yield Problem("reason", text, str(steps[name].basis))
    for each in deadlines:
        is_binding = each.clock.weight is not Weight.ADVISORY
        if each.run.satisfied_by == entry.seq and each.days_late and is_binding:
            text = Text("%(clock)s was due on %(day)s.", clock=each.clock.label, day=each.due_on)
            yield Problem("reason", text, str(each.basis))
        for prolonged in each.count.prolonged:
            if prolonged.granted.entry != entry.seq:
                continue
            if prolonged.came_late:
                text = Text("It came after %(day)s and moves nothing.", day=prolonged.from_on)
                yield Problem("on", text, str(step.basis))
            elif prolonged.excess_days:
                text = Text("%(days)s of the days are in excess.", days=prolonged.excess_days)
                yield Problem("days", text, str(step.basis))
    effective_on = getattr(entry.payload, "effective_on", None)
    if effective_on is not None and effective_on > entry.on:
        text = Text("The day from which it counts is later than the document.")
        yield Problem("effective_on", text, str(step.basis))


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
    step = case.ruleset.steps.get(action.step)
    if step is not None:
        _check_step(case, step, actor, action, now, today, case_id)
    else:
        _check_code(case, actor, action, now, today, case_id)
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
        attachments=action.attachments,
        restriction=action.restriction or (step.restriction if step is not None else None),
    )
    after = retold(case, (*case.journal, entry))
    deadlines = deadlines_of(after, calendar, today)
    warnings = [] if step is None else list(_wants_reason(case, step, entry, deadlines))
    if warnings and not action.reason:
        raise Invalid(warnings)
    known = set(case.inconsistencies)
    warnings.extend(each for each in after.inconsistencies if each not in known)
    linked = tuple(_linked(entry, case_id))
    return Outcome(entry, after, deadlines, tuple(warnings), linked)


def _linked(entry: Entry, case_id: str | None) -> Iterator[Linked]:
    """A merge, a hand-over and a link stand in both cases."""
    if case_id is None:
        return
    match entry.payload:
        case Merging(into=other) | HandingOver(to_case=str(other)):
            yield Linked(other, Linking(case_id, entry.step, entry.seq))
        case Linking(other=other, step=step):
            yield Linked(other, Linking(case_id, step, entry.seq))


def _check_step(
    case: Case,
    step: Step,
    actor: Actor,
    action: Action,
    now: datetime,
    today: date,
    case_id: str | None,
) -> None:
    if not may_take(actor, step, case, case_id):
        raise NotAllowed([_not_for_you(case, step)])
    _check_version(case, action)
    until = late_until(case, step)
    is_late_entry = until is not None and action.on <= until
    refusals = list(_why_impossible(case, step) if is_late_entry else why_not_now(case, step))
    if refusals:
        raise Refused(refusals)
    problems = list(_why_invalid(case, step, action, now, today))
    problems.extend(_submission_problems(case, step, action))
    problems.extend(_restriction_problems(case, step, action))
    if is_late_entry and not action.reason:
        text = Text("Its time is over, so a late entry needs a reason.")
        problems.append(Problem("reason", text, str(step.basis)))
    if problems:
        raise Invalid(dict.fromkeys(problems))


def _not_yours() -> Problem:
    return Problem("step", Text("This is for the carrier and the agency's head."))


def _restriction_problems(case: Case, step: Step | None, action: Action) -> Iterator[Problem]:
    """Only what the rule names as such is kept from readers, and only where nothing shows it."""
    wanted, known = action.restriction, case.ruleset.restrictions
    if wanted is None:
        return
    if wanted not in known:
        text = Text("One of these is needed: %(choices)s.", choices=", ".join(known))
        yield Problem("restriction", text)
    elif step is None or not can_be_restricted(case.ruleset, step):
        text = Text("What this does shows to everybody who sees the case: it can't be restricted.")
        yield Problem("restriction", text)


def _check_version(case: Case, action: Action) -> None:
    if action.expected_version is not None and action.expected_version != case.version:
        raise Stale(action.expected_version, case.version)


#: What may still be done to a case that goes on in another.
_AFTER_MERGE = (Voiding, Correcting, Linking)


def _check_code(
    case: Case, actor: Actor, action: Action, now: datetime, today: date, case_id: str | None
) -> None:
    payload = action.payload
    check = _CODE_CHECKS.get(type(payload))
    if action.step not in CODE_ACTIONS or action.step in UNASKED:
        raise Refused([Problem("step", Text("The rule doesn't have this step."))])
    takes_over = isinstance(payload, HandingOver | Raising) and may_take_over(
        actor, case, case_id, payload.government
    )
    if isinstance(payload, Planning):
        if not may_plan(actor, case, case_id):
            names = Joined(tuple(case.ruleset.roles[role].label for role in sorted(PLANNING)))
            raise NotAllowed([Problem("step", Text("This step is for: %(roles)s.", roles=names))])
    elif isinstance(payload, Linking):
        if not may_link(actor, case, case_id, payload.step):
            raise NotAllowed([_not_yours()])
    elif not (
        may_reassign(actor, case, case_id)
        if isinstance(payload, Reassigning)
        else takes_over or may_administer(actor, case, case_id)
    ):
        raise NotAllowed([_not_yours()])
    target = _target(case, payload.target) if isinstance(payload, Voiding | Correcting) else None
    if target is not None and not may_read(actor, case, case_id, target):
        text = Text("The entry is restricted: only those who may read it void or correct it.")
        raise NotAllowed([Problem("target", text)])
    _check_version(case, action)
    if check is None or CODE_ACTIONS[action.step] is not type(payload):
        text = Text("These fields belong to another kind of step.")
        raise Invalid([Problem("payload", text)])
    if case.merged_into is not None and not isinstance(payload, _AFTER_MERGE):
        raise Refused([_merged(case)])
    problems = list(check(_Asked(case, case_id, now, today), payload))
    if isinstance(payload, Reassigning):
        problems.extend(_carrying_problems(case, action.on))
    if not action.reason:
        problems.append(Problem("reason", Text("This is needed.")))
    corrected = target.step if target is not None and isinstance(payload, Correcting) else ""
    problems.extend(_restriction_problems(case, case.ruleset.steps.get(corrected), action))
    problems.extend(_time_problems(case, action, now, today, None))
    if problems:
        raise Invalid(dict.fromkeys(problems))


@dataclass(frozen=True, slots=True)
class _Asked:
    """Of which case, and when, is a code action asked?"""

    case: Case
    case_id: str | None
    now: datetime
    today: date


def _target(case: Case, seq: int) -> Entry | None:
    return next((each for each in case.entries if each.seq == seq), None)


def _check_voiding(asked: _Asked, payload: Any) -> Iterator[Problem]:
    target = _target(asked.case, payload.target)
    if target is None:
        yield Problem("target", Text("No entry of this number counts in the case."))
    elif isinstance(target.payload, Opening):
        yield Problem("target", Text("The opening can't be voided; correct it instead."))
    elif isinstance(target.payload, Reassigning):
        yield _reassigned()
    elif isinstance(target.payload, Recounting):
        yield _never_undone()


def _reassigned() -> Problem:
    """The rights that somebody had in the meantime are a fact: no later entry undoes them."""
    text = Text("A reassignment is neither voided nor corrected; reassign the case again.")
    return Problem("target", text)


def _never_undone() -> Problem:
    text = Text("It follows from a notice or a decision; enter or decide that anew instead.")
    return Problem("target", text)


def _check_correcting(asked: _Asked, payload: Any) -> Iterator[Problem]:
    """A corrected entry is as complete as a new one, in the case as it is without the old one."""
    case = asked.case
    target = _target(case, payload.target)
    if target is None:
        yield Problem("target", Text("No entry of this number counts in the case."))
        return
    if isinstance(target.payload, Reassigning):
        yield _reassigned()
        return
    if isinstance(target.payload, Recounting):
        yield _never_undone()
        return
    if type(payload.payload) is not type(target.payload):
        yield Problem("payload", Text("These fields belong to another kind of step."))
        return
    if isinstance(payload.payload, Opening):
        yield from _check_opening(asked, payload.payload)
        return
    wrong = Entry(case.version + 1, "void", Voiding(target.seq), payload.on, asked.now, "")
    without = retold(case, (*case.journal, wrong))
    action = Action(target.step, payload.payload, payload.on, payload.at, reason=target.reason)
    step = case.ruleset.steps.get(target.step)
    if step is not None:
        yield from _why_invalid(without, step, action, asked.now, asked.today)
        if _submission_order(case) != _submission_order(_corrected(asked, payload)):
            text = Text("Submissions, receipts, returns and replies would change their order.")
            yield Problem("on", text, str(step.basis))
        return
    yield from _time_problems(without, action, asked.now, asked.today, None)
    check = _CODE_CHECKS.get(type(payload.payload), _check_nothing)
    yield from check(_Asked(without, asked.case_id, asked.now, asked.today), payload.payload)


def _corrected(asked: _Asked, payload: Correcting) -> Case:
    case = asked.case
    entry = Entry(case.version + 1, "correct", payload, payload.on, asked.now, "")
    return retold(case, (*case.journal, entry))


def _submission_order(case: Case) -> list[int]:
    """The entries that make, receive, return or answer submissions, as they come."""
    steps = case.ruleset.steps
    return [
        entry.seq
        for entry in case.entries
        if entry.step in steps
        and any(True for _ in _clocks_per(case, steps[entry.step], Per.SUBMISSION))
    ]


def _check_opening(asked: _Asked, opening: Opening) -> Iterator[Problem]:
    """The fire's facts can be corrected as long as the place and the rule in force stay the same."""
    case, facts = asked.case, opening.facts
    if facts.occurred_on > asked.today:
        yield Problem("occurred_at", Text("The day lies in the future."))
    layers = case.ruleset.layers
    if facts.division != case.opening_facts.division or not all(
        layer.covers(facts.division, facts.occurred_on) for layer in layers
    ):
        text = Text("Another place or rule needs a case of its own; merge this one into it.")
        yield Problem("division", text)


def _check_nothing(_asked: _Asked, _payload: Any) -> Iterator[Problem]:
    return iter(())


def _check_tier(asked: _Asked, payload: Any) -> Iterator[Problem]:
    """A case goes up only: by hand-over to the government now responsible, or raised by one."""
    case, tiers = asked.case, asked.case.ruleset.tiers
    government, now = payload.government, case.investigating
    if government not in tiers:
        yield Problem("government", Text("There is no %(id)s.", id=government))
    elif government == now:
        yield Problem("government", Text("This government has the case already."))
    elif now is None:
        yield Problem("government", Text("Nobody investigates the case under the rule."))
    elif tiers[government].rank < tiers[now].rank:
        yield Problem("government", Text("A case isn't sent down."))
    elif isinstance(payload, HandingOver) and government != case.handover_pending:
        yield Problem("government", Text("The rule doesn't name this government; it may raise."))


def _check_other(asked: _Asked, payload: Any) -> Iterator[Problem]:
    other = payload.into if isinstance(payload, Merging) else payload.other
    if asked.case_id is not None and other == asked.case_id:
        field = "into" if isinstance(payload, Merging) else "other"
        yield Problem(field, Text("This is the case itself."))


def _check_carrier(asked: _Asked, payload: Any) -> Iterator[Problem]:
    """A carrier isn't recused, and no ground for it waits for a decision (art 7).

    Whether somebody has an account and holds the post is told by what keeps people.
    """
    case, person = asked.case, payload.carrier
    if case.carrier is not None and case.carrier.person == person:
        yield Problem("carrier", Text("This person carries the case already."))
    elif person in case.recused:
        yield Problem("carrier", Text("This person was recused from the case."))
    elif _awaits_recusal(case, person):
        text = Text("A ground for recusal of this person is on record, and not decided yet.")
        yield Problem("carrier", text)


def _awaits_recusal(case: Case, person: str) -> bool:
    """Was a ground for recusal of this person raised after the last decision on them?"""
    raised, decided = ((date.min, 0), (date.min, 0))
    for step in case.ruleset.steps.values():
        if step.kind is not Kind.RECUSAL:
            continue
        for entry in case.recorded.get(step.id, ()):
            if getattr(entry.payload, "person", None) != person:
                continue
            if step.outcomes:
                decided = max(decided, (entry.on, entry.seq))
            else:
                raised = max(raised, (entry.on, entry.seq))
    return raised > decided


def _carrying_problems(case: Case, on: date) -> Iterator[Problem]:
    """One carries the case after another: none takes it up before the day of the last one."""
    if case.carrier is not None and on < case.carrier.since:
        text = Text("It can't lie before %(day)s.", day=case.carrier.since)
        yield Problem("on", text)


def _check_planning(asked: _Asked, payload: Any) -> Iterator[Problem]:
    """A step of a plan takes from one working day to so many that no plan leaves the calendar."""
    case = asked.case
    plan = case.ruleset.plans.get(payload.plan)
    line = next((each for each in plan.steps if each.step == payload.step), None) if plan else None
    if line is None:
        yield Problem("step", Text("The plan doesn't have this step."))
        return
    if not 1 <= payload.working_days <= LONGEST_STEP:
        text = Text("From 1 to %(most)s working days are needed.", most=LONGEST_STEP)
        yield Problem("working_days", text)
    elif payload.working_days == case.planned.get((payload.plan, payload.step), line.working_days):
        yield Problem("working_days", Text("The plan says so already."))


_CODE_CHECKS: Mapping[type, Callable[[_Asked, Any], Iterator[Problem]]] = {
    Voiding: _check_voiding,
    Correcting: _check_correcting,
    HandingOver: _check_tier,
    Raising: _check_tier,
    Merging: _check_other,
    Linking: _check_other,
    Reassigning: _check_carrier,
    Planning: _check_planning,
}


# ---------------------------------------------------------------------------- what is missing?


def missing(case: Case) -> tuple[Missing, ...]:
    """Return what the rule wants by now and is not on record, each with its article."""
    return (*_missing_facts(case), *_missing_steps(case))


def _missing_facts(case: Case) -> Iterator[Missing]:
    ruleset = case.ruleset
    steps = ruleset.steps.values()
    deciding: dict[str, str] = {str(step.decides): step.id for step in steps if step.decides}
    counting = next((step.id for step in steps if step.kind is Kind.FIGURES), None)
    if case.opening_facts.division is None:
        yield Missing(ruleset.routes[-1].basis, Text("the county, district or zone"), None)
    for each in case.judgement.severity.criteria:
        if each.value is None or each.is_lower_bound:
            what = Text("%(criterion)s: not yet known", criterion=CRITERIA[each.fact])
            yield Missing(ruleset.scale.basis, what, counting)
    for presumption in ruleset.presumptions.values():
        if getattr(case.facts, presumption.fact) is None:
            what = Text("the kind of fire")
            yield Missing(presumption.basis, what, deciding.get(presumption.fact))
    if case.judgement.in_scope.value is None and case.facts.social_impact is None:
        basis = ruleset.scopes["scope"].basis
        what = Text("whether the fire stirred the public")
        yield Missing(basis, what, deciding.get(Decides.SOCIAL_IMPACT))


def _missing_steps(case: Case) -> Iterator[Missing]:
    ruleset = case.ruleset
    for step in ruleset.steps.values():
        if step.need is not Need.MUST or case.mode not in step.modes:
            continue
        if (
            ruleset.stage_index(step.stage) > case.stage_place
            or not evaluate(step.when, case.view).holds
        ):
            continue
        for gap in gaps(case, step):
            what: Words = step.label
            if gap.what is not None:
                what = Text("%(step)s: %(item)s", step=step.label, item=gap.what)
            yield Missing(gap.citation, what, step.id)
        if step.id in case.done and _is_due_again(case, step):
            yield Missing(step.basis, step.label, step.id)


def _is_due_again(case: Case, step: Step) -> bool:
    """After a return the report is due again, and so is the receipt of the next one."""
    for clock in _clocks_per(case, step, Per.SUBMISSION):
        for last in runs_of(case, clock)[-1:]:
            if clock.id in step.starts:
                return last.returned_on is not None
            if clock.received_by == step.id:
                return _is_open(last) and last.awaits_receipt
    return False
