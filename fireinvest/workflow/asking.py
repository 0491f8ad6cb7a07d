"""What is asked of somebody who takes a step? The fields of its kind that matter for this step.

A kind's fields are code; which of them a step asks for follows from the table: an order that
sets no date doesn't ask for one. Forms, documents and manuals draw what they ask from here.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields

from fireinvest.messages import Problem, Text, Words
from fireinvest.regulation.basis import Citation
from fireinvest.regulation.checking import MEMBERS
from fireinvest.regulation.condition import evaluate
from fireinvest.regulation.profile import DateField, Decides, Kind, Per, Ruleset, Step
from fireinvest.workflow.actions import KINDS, Extension, KindPayload, Recusal, Shape
from fireinvest.workflow.case import Case, is_lacking
from fireinvest.workflow.deadlines import runs_of

#: How the outcomes of steps are worded; a profile's own outcome shows its code.
OUTCOMES: dict[str, Text] = {
    "yes": Text("yes"),
    "no": Text("no"),
    "granted": Text("recusal granted"),
    "refused": Text("refused"),
    "approved": Text("approved"),
    "approved_with_changes": Text("approved with changes"),
    "back_to_work": Text("back to work"),
    "signed": Text("signed"),
    "dissent": Text("signed with a dissent"),
    "proved": Text("proved"),
    "not_proved": Text("not proved"),
    "overtaken": Text("overtaken by events"),
    "proposed": Text("proposed"),
    "decided": Text("decided"),
    "carried_out": Text("carried out"),
    "not_carried_out": Text("not carried out"),
    "responsibility_accident": Text("responsibility accident"),
    "not_responsibility_accident": Text("not a responsibility accident"),
    "conditions_met": Text("the three conditions are met"),
    "conditions_not_met": Text("the three conditions are not met"),
}


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the values that a field can have; ``is_done``: on record for this step already."""

    code: str
    words: Words
    basis: Citation | None = None
    is_done: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """A field that a step asks for. ``is_open``: with choices, but other values are taken too.

    ``longest``: characters of a text, where its shape doesn't say.
    """

    name: str
    label: Words
    shape: Shape
    is_needed: bool
    choices: tuple[Choice, ...] = ()
    is_open: bool = False
    default: str | None = None
    longest: int | None = None


def outcome_words(outcome: str) -> Words:
    """Return how an outcome is worded."""
    return OUTCOMES.get(outcome, outcome)


def asked_fields(case: Case, step: Step) -> tuple[Asked, ...]:
    """Return the fields that a step of a case asks for, in the order of its kind."""
    return tuple(_asked(case, step))


def _asked(case: Case, step: Step) -> Iterator[Asked]:
    for each in fields(KINDS[step.kind]):
        name, shape = each.name, each.metadata["shape"]
        if not _matters(case, step, name):
            continue
        choices = tuple(_choices(case, step, name))
        yield Asked(
            name,
            _label(step, name, each.metadata["label"]),
            shape,
            is_needed=each.metadata["needed"] or _is_needed(case, step, name),
            choices=choices,
            is_open=name in ("person", "ref") and not _is_closed(step, name),
            default=_default(case, step, name, choices),
        )


def _of_reference(ruleset: Ruleset, step: Step) -> bool:
    """Does it set, prolong or end something that goes by a reference?"""
    names = {*step.starts, *step.satisfies, *step.stops, *([step.extends] if step.extends else [])}
    return any(ruleset.clocks[name].per is Per.REFERENCE for name in names)


def _sets_date(ruleset: Ruleset, step: Step) -> bool:
    names = {*step.starts, *([step.extends] if step.extends else [])}
    return any(ruleset.clocks[name].per is Per.REFERENCE for name in names)


def _matters(case: Case, step: Step, name: str) -> bool:
    ruleset = case.ruleset
    match step.kind, name:
        case _, "outcome":
            return bool(step.outcomes)
        case _, "category":
            return step.decides is Decides.CATEGORY
        case _, "effective_on":
            return any(
                ruleset.clocks[each].date_field is DateField.EFFECTIVE_ON for each in step.starts
            )
        case Kind.RECUSAL, "item":
            return step.items is not None
        case _, "item":
            return step.items in ruleset.lists
        case Kind.DOCUMENT_SENT, "government":
            return _asks_for_government(case, step)
        case Kind.ORDER, "person":
            return step.assigns is not None
        case Kind.ORDER, "ref" | "due_on":
            return _of_reference(ruleset, step) and (name == "ref" or _sets_date(ruleset, step))
        case Kind.MEASURE, "due_on":
            return _sets_date(ruleset, step)
        case Kind.MEASURE, "proof":
            return bool(step.outcomes)
        case Kind.INTERVAL, "expected_on" | "subject" | "body":
            return step.closes is None
        case Kind.MEMBERSHIP, "agency" | "duty":
            return step.closes is None
        case Kind.FINDING, "nothing_found":
            return step.items is not None and not step.outcomes and _is_inquiry(case, step)
        case Kind.FINDING, "unit" | "person":
            return _is_inquiry(case, step) or step.items is None
        case _:
            return True


def _is_inquiry(case: Case, step: Step) -> bool:
    """Is it a finding in the inquiry into units and persons, before the report is reviewed?"""
    return step.items in case.ruleset.lists and "member" in step.who


def _asks_for_government(case: Case, step: Step) -> bool:
    """Where two governments are concerned, a request says to which it goes."""
    clocks = case.ruleset.clocks
    return case.handover_pending is not None and any(
        clocks[name].per is Per.GOVERNMENT_BY_RULE for name in step.satisfies
    )


def _label(step: Step, name: str, label: Text) -> Words:
    match step.kind, name:
        case Kind.MEMBERSHIP, "item":
            return Text("body") if step.assigns == "member" else Text("group")
        case Kind.RECUSAL, "person":
            return Text("whose recusal")
        case Kind.EXTENSION, "days":
            return Text("days (natural days)")
        case _:
            return label


def _is_needed(case: Case, step: Step, name: str) -> bool:
    match name:
        case "outcome" | "category" | "government" | "item":
            return True
        case "ref":
            return _of_reference(case.ruleset, step)
        case "due_on":
            return True
        case "note":
            return step.decides is Decides.SOCIAL_IMPACT
        case "grounds":
            return step.kind is Kind.EXTENSION and step.extends is None
        case _:
            return False


def _choices(case: Case, step: Step, name: str) -> Iterator[Choice]:
    ruleset = case.ruleset
    match name:
        case "outcome":
            for code in step.outcomes:
                yield Choice(code, outcome_words(code))
        case "category":
            for named in ruleset.categories.values():
                yield Choice(named.id, named.label, named.basis)
        case "item" if step.items is not None and step.items in ruleset.lists:
            done = {getattr(entry.payload, "item", None) for entry in case.done.get(step.id, ())}
            for item in ruleset.lists[step.items].items:
                if evaluate(item.when, case.view).holds is not False:
                    yield Choice(item.id, item.label, item.basis, item.id in done)
        case "government":
            for government in dict.fromkeys(each.government for each in case.governments):
                yield Choice(government, ruleset.tiers[government].label)
        case "person":
            yield from _people(case, step)
        case "ref":
            yield from _references(case, step)


def _people(case: Case, step: Step) -> Iterator[Choice]:
    """Those among whom the step looks for somebody; for new posts there is nobody to offer here."""
    if step.items == MEMBERS:
        pool = case.team if step.kind is Kind.SIGNATURE else case.members
        done = {getattr(entry.payload, "person", None) for entry in case.done.get(step.id, ())}
        names = dict.fromkeys(each.person for each in pool if each.is_active)
        for person in names:
            yield Choice(person, person, is_done=person in done)
    elif step.kind is Kind.RECUSAL:
        raised: list[str] = [
            entry.payload.person
            for name in step.requires
            for entry in case.done.get(name, ())
            if isinstance(entry.payload, Recusal) and entry.payload.person is not None
        ]
        active = [each.person for each in case.members if each.is_active]
        for person in dict.fromkeys(raised if step.outcomes else active):
            yield Choice(person, person, is_done=person in case.recused)


def _references(case: Case, step: Step) -> Iterator[Choice]:
    """What runs by its reference and can be ended or prolonged."""
    if step.closes is not None:
        for began, ended_on in case.intervals(step.closes):
            ref = getattr(began.payload, "ref", None)
            if ended_on is None and isinstance(ref, str):
                yield Choice(ref, _named(ref, getattr(began.payload, "subject", None)))
        return
    names = {*step.satisfies, *([step.extends] if step.extends else [])}
    for clock in case.ruleset.clocks.values():
        if clock.id in names and clock.per is Per.REFERENCE:
            for run in runs_of(case, clock):
                about = run.about if isinstance(run.about, str) else None
                yield Choice(
                    run.instance,
                    _named(run.instance, about),
                    is_done=run.satisfied_on is not None,
                )


_SHORT = 40


def _named(ref: str, about: str | None) -> Words:
    if not about:
        return ref
    short = about if len(about) <= _SHORT else f"{about[: _SHORT - 1]}…"
    return f"{ref} · {short}"


def _is_closed(step: Step, name: str) -> bool:
    """Can only what is on record be named?"""
    if name == "person":
        return step.items == MEMBERS
    return step.closes is not None or bool(step.satisfies) or step.extends is not None


def _default(case: Case, step: Step, name: str, choices: tuple[Choice, ...]) -> str | None:
    match name:
        case "ref" if not _is_closed(step, name):
            return _new_reference(case, step)
        case "days" if step.extends is not None:
            # The decision begins with what was asked for last, unless that is for few to read.
            asked = [
                entry
                for name in step.requires
                for entry in case.done.get(name, ())
                if entry.seq not in case.restrictions
            ]
            days = [each.payload.days for each in asked if isinstance(each.payload, Extension)]
            return f"{days[-1]}" if days else None
        case "ref" | "item" | "person":
            open_ones = [each.code for each in choices if not each.is_done]
            if name == "item" or len(open_ones) == 1:
                return open_ones[0] if open_ones else None
    return None


def _new_reference(case: Case, step: Step) -> str:
    """The next number that no entry of the step has."""
    taken = {getattr(entry.payload, "ref", None) for entry in case.recorded.get(step.id, ())}
    number = len(taken) + 1
    while str(number) in taken:
        number += 1
    return str(number)


# ---------------------------------------------------------------------------- what will want a reason


def reasons_ahead(case: Case, step: Step) -> Iterator[Problem]:
    """Yield what would make the step want a reason, as far as that is known before it is filled in."""
    steps = case.ruleset.steps
    for name in step.expects:
        if is_lacking(case, steps[name]):
            text = Text("This usually comes first: %(step)s.", step=steps[name].label)
            yield Problem("reason", text, str(steps[name].basis))


def described(
    payload: KindPayload, ruleset: Ruleset, step: Step | None
) -> Iterator[tuple[str, Words, Shape, object]]:
    """Yield name, label, shape and value of each field of a payload that says something."""
    for each in fields(payload):
        value = getattr(payload, each.name)
        if value is None:
            continue
        label: Words = each.metadata["label"]
        if step is not None:
            label = _label(step, each.name, each.metadata["label"])
        yield each.name, label, each.metadata["shape"], _worded(ruleset, step, each.name, value)


def _worded(ruleset: Ruleset, step: Step | None, name: str, value: object) -> object:
    match name:
        case "outcome" if isinstance(value, str):
            return outcome_words(value)
        case "category" if value in ruleset.categories:
            return ruleset.categories[str(value)].label
        case "government" if value in ruleset.tiers:
            return ruleset.tiers[str(value)].label
        case "item" if step is not None and step.items in ruleset.lists:
            items = ruleset.lists[step.items or ""].items
            return next((each.label for each in items if each.id == value), value)
        case _:
            return value
