"""What does the law say of a fire, given its facts and what was done so far? Nothing is saved.

The same fold, deadlines and articles as a real case: an assessment is a case that nobody opened.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from fireinvest.china import CHINA
from fireinvest.messages import Faulty, Problem, Text, render
from fireinvest.regulation.basis import Basis, Citation
from fireinvest.regulation.calendar import Calendar
from fireinvest.regulation.clocks import Alternative, Deadline, alternatives
from fireinvest.regulation.facts import MOST_SQUARE_METRES, Category, Facts, Given
from fireinvest.regulation.profile import Decides, Division, Mode, Per, Ruleset, Step
from fireinvest.regulation.rulesets import Law
from fireinvest.regulation.severity import Severity, grade
from fireinvest.workflow.actions import (
    CODE_ACTIONS,
    KINDS,
    Correcting,
    Entry,
    HandingOver,
    KindPayload,
    Merging,
    Opening,
    Payload,
    Raising,
    Recounting,
    Voiding,
    parse_payload,
)
from fireinvest.workflow.case import Case, fold, moves_dates
from fireinvest.workflow.deadlines import calendar_of, deadlines_of
from fireinvest.workflow.engine import Missing, missing
from fireinvest.workflow.permissions import SYSTEM

#: More actions than any case has; a longer list is a mistake.
MOST_ACTIONS = 2000

#: What fields may be given of a fire, beside its actions.
FACT_FIELDS = (
    "occurred_at",
    "division",
    "deaths",
    "serious_injuries",
    "missing",
    "light_injuries",
    "direct_economic_loss_yuan",
    "direct_property_loss_yuan",
    "burnt_area_m2",
    "households",
    "social_impact",
    "category",
    "zone_authorised",
)


@dataclass(frozen=True)
class Assessment:
    """The case as it would stand on a day, its deadlines, other dates, and what is missing."""

    case: Case
    deadlines: tuple[Deadline, ...]
    alternatives: tuple[tuple[Alternative, ...], ...]
    missing: tuple[Missing, ...]
    other_scales: tuple[tuple[str, Severity], ...]
    as_of: date

    @property
    def ruleset(self) -> Ruleset:
        """The law that was applied."""
        return self.case.ruleset

    @property
    def lead(self) -> tuple[str, ...]:
        """The bodies that lead: as long as nothing is handed over, those of the mode so far."""
        return self.case.lead.value


def read_facts(given: Given, law: Law, as_of: date, problems: list[Problem]) -> Facts | None:
    """Return the facts of a fire as given from outside; None, and problems, where that can't be."""
    moment = given.moment("occurred_at")
    if moment is None and not problems:
        given.problem("occurred_at", Text("The day of the fire is needed."))
    on, at = moment if moment is not None else (as_of, None)
    if on > as_of:
        text = Text("The fire can't be later than the day of asking, %(day)s.", day=as_of)
        given.problem("occurred_at", text)
    division = given.text("division", longest=20)
    if division is not None:
        try:
            law.division(division, on)
        except Faulty as faulty:
            problems.extend(faulty.problems)
    category = given.choice("category", tuple(Category))
    facts = Facts(
        occurred_on=on,
        occurred_at=at,
        division=division,
        deaths=given.count("deaths"),
        serious_injuries=given.count("serious_injuries"),
        missing=given.count("missing"),
        light_injuries=given.count("light_injuries"),
        direct_economic_loss=given.fen("direct_economic_loss_yuan"),
        direct_property_loss=given.fen("direct_property_loss_yuan"),
        burnt_area_m2=given.count("burnt_area_m2", MOST_SQUARE_METRES),
        households=given.count("households"),
        social_impact=given.flag("social_impact"),
        category=Category(category) if category is not None else None,
        zone_authorised=given.flag("zone_authorised"),
    )
    return None if problems else facts


def assess(
    law: Law,
    calendar: Calendar,
    given: Mapping[str, object],
    *,
    as_of: date,
    home_division: str,
    decisions: Mapping[str, Sequence[Recounting]] | None = None,
) -> Assessment:
    """Return what the law says of the fire on a day (Rule arts 2-32).

    ``given`` holds the fields of ``FACT_FIELDS`` and ``actions``; what is left out is unknown.
    Without a division the law of ``home_division`` applies. ``decisions``: by profile, how its
    unclear points were decided.

    Raises:
        Faulty: with every problem found, each beside its field.

    """
    problems: list[Problem] = []
    reader = Given(given, problems)
    actions = reader.take("actions")
    facts = read_facts(reader, law, as_of, problems)
    reader.done()
    if facts is None or problems:
        raise Faulty(problems)
    ruleset = law.in_force(facts.division or home_division, facts.occurred_on)
    division = _place(law, facts)
    opening = _entry(1, "open", Opening(facts), facts.occurred_on, facts.occurred_at)
    entries = [opening, *_read_actions(ruleset, facts, actions, as_of, problems)]
    if problems:
        raise Faulty(problems)
    told = (decisions or {}).get(ruleset.profile, ())
    case = fold(ruleset, division, [*_decided(ruleset, facts, told), *entries])
    deadlines = deadlines_of(case, calendar, as_of)
    calendar = calendar_of(case, calendar)
    return Assessment(
        case=case,
        deadlines=deadlines,
        alternatives=tuple(alternatives(ruleset, calendar, each) for each in deadlines),
        missing=missing(case) if case.mode is Mode.INVESTIGATE else (),
        other_scales=tuple(
            (scale.id, grade(ruleset, case.facts, scale.id))
            for scale in ruleset.scales_on(facts.occurred_on)
            if scale is not ruleset.scale
        ),
        as_of=as_of,
    )


def _place(law: Law, facts: Facts) -> Division | None:
    return None if facts.division is None else law.division(facts.division, facts.occurred_on)


def _entry(seq: int, step: str, payload: Payload, on: date, at: datetime | None) -> Entry:
    recorded_at = datetime.combine(on, datetime.min.time(), CHINA)
    return Entry(seq, step, payload, on, recorded_at, SYSTEM, at)


def _decided(ruleset: Ruleset, facts: Facts, told: Iterable[Recounting]) -> list[Entry]:
    """Decisions are known before anything else: they stand before the first entry."""
    known = [each for each in told if moves_dates(ruleset, each)]
    return [
        _entry(at - len(known), "recount", each, facts.occurred_on, None)
        for at, each in enumerate(known, 1)
    ]


def _read_actions(
    ruleset: Ruleset, facts: Facts, actions: object, as_of: date, problems: list[Problem]
) -> list[Entry]:
    if actions is None:
        return []
    if not isinstance(actions, Sequence) or isinstance(actions, str) or len(actions) > MOST_ACTIONS:
        text = Text("A list of at most %(most)s actions is needed.", most=MOST_ACTIONS)
        problems.append(Problem("actions", text))
        return []
    entries: list[Entry] = []
    for index, action in enumerate(actions):
        path = f"actions.{index + 1}."
        if not isinstance(action, Mapping):
            text = Text("An action is an object with the keys action and on.")
            problems.append(Problem(path.rstrip("."), text))
            continue
        given = Given(action, problems, path)
        entry = _read_action(ruleset, facts, given, index + 2, as_of, entries)
        given.done()
        if entry is not None:
            entries.append(entry)
    return entries


def _read_action(
    ruleset: Ruleset, facts: Facts, given: Given, seq: int, as_of: date, before: list[Entry]
) -> Entry | None:
    name = given.text("action") or ""
    moment = given.moment("on")
    if moment is None:
        given.problem("on", Text("The day of the action is needed."))
        moment = (as_of, None)
    on, at = moment
    if on > as_of:
        given.problem("on", Text("The day lies in the future."))
    if on < facts.occurred_on:
        given.problem("on", Text("The day lies before the fire."))
    step = ruleset.steps.get(name)
    payload: Payload | None
    if step is not None:
        payload = parse_payload(step.kind, given)
        _check_decisive(ruleset, step, payload, given)
    else:
        payload = _read_code_action(ruleset, name, given, on, before)
    return None if payload is None else _entry(seq, name, payload, on, at)


def _check_decisive(ruleset: Ruleset, step: Step, payload: KindPayload, given: Given) -> None:
    """Only what decides an outcome is needed here; the rest of a form matters to a real case."""
    outcome = getattr(payload, "outcome", None)
    wants_outcome = bool(step.effective or (step.decides and step.outcomes))
    if step.outcomes and outcome not in step.outcomes and (outcome or wants_outcome):
        choices = ", ".join(step.outcomes)
        given.problem("outcome", Text("One of these is needed: %(choices)s.", choices=choices))
    if step.decides is Decides.CATEGORY and getattr(payload, "category", None) is None:
        choices = ", ".join(Category)
        given.problem("category", Text("One of these is needed: %(choices)s.", choices=choices))
    listing = ruleset.lists.get(step.items or "")
    item = getattr(payload, "item", None)
    if listing is not None and item not in {each.id for each in listing.items}:
        choices = ", ".join(each.id for each in listing.items)
        given.problem("item", Text("One of these is needed: %(choices)s.", choices=choices))
    if step.extends and getattr(payload, "days", 1) is None:
        given.problem("days", Text("This is needed."))
    if any(ruleset.clocks[name].per is Per.REFERENCE for name in step.starts):
        for field in ("ref", "due_on"):
            if getattr(payload, field, None) is None:
                given.problem(field, Text("This is needed."))


def _read_code_action(
    ruleset: Ruleset, name: str, given: Given, on: date, before: list[Entry]
) -> Payload | None:
    match CODE_ACTIONS.get(name):
        case kind if kind is HandingOver or kind is Raising:
            government = given.choice("government", tuple(ruleset.tiers))
            if government is None:
                choices = ", ".join(ruleset.tiers)
                text = Text("One of these is needed: %(choices)s.", choices=choices)
                given.problem("government", text)
            document_no = given.text("document_no")
            make = HandingOver if kind is HandingOver else Raising
            return make(government or "", document_no)
        case kind if kind is Voiding or kind is Correcting:
            position = given.count("target")
            target = next((each for each in before if each.seq == (position or 0) + 1), None)
            if target is None or type(target.payload) not in KINDS.values():
                text = Text("The place of an earlier action in the list is needed, from 1.")
                given.problem("target", text)
                return None
            if kind is Voiding:
                return Voiding(target.seq)
            step = ruleset.steps[target.step]
            payload = parse_payload(step.kind, given)
            _check_decisive(ruleset, step, payload, given)
            return Correcting(target.seq, payload, on)
        case kind if kind is Merging:
            return Merging(given.text("into") or "")
        case _:
            given.problem("action", Text("There is no action %(name)s.", name=name[:40]))
            for field in given.rest():
                given.take(field)
            return None


# ---------------------------------------------------------------------------- as a document


def as_document(found: Assessment, language: str) -> dict[str, Any]:
    """Return an assessment as plain values, as ``docs/assess.md`` describes it."""
    case, ruleset = found.case, found.ruleset
    judged = case.judgement

    def article(citation: Citation) -> str:
        return ruleset.citation(citation).en

    def because(basis: Sequence[Basis]) -> list[dict[str, str]]:
        return [
            {"article": article(each.citation), "because": render(each.because, language)}
            for each in basis
        ]

    investigates = case.mode is Mode.INVESTIGATE
    return {
        "profile": ruleset.profile,
        "as_of": found.as_of.isoformat(),
        "in_scope": judged.in_scope.value,
        "in_scope_because": because(judged.in_scope.basis),
        "mode": case.mode.value,
        "level": judged.severity.level.id,
        "level_is_floor": judged.severity.is_floor,
        "level_because": because(judged.severity.because),
        "level_may_move_until": judged.severity.window_ends_on.isoformat(),
        "level_history": [
            {"on": each.on.isoformat(), "level": each.level, "is_floor": each.is_floor}
            for each in case.levels
        ],
        "government": judged.government.value,
        "government_because": because(judged.government.basis),
        "investigating": case.investigating,
        "handover_pending": case.handover_pending,
        "lead": list(found.lead),
        "stage": case.stage if investigates else None,
        "clocks": [
            _clock_document(found, index, article, language)
            for index in range(len(found.deadlines))
        ],
        "missing": [
            {"article": article(each.citation), "what": render(each.what, language)}
            for each in found.missing
        ],
        "inconsistencies": [
            {"action": int(each.field) - 1, "what": render(each.text, language)}
            for each in case.inconsistencies
        ],
        "pin": ruleset.pin,
    }


def _clock_document(found: Assessment, index: int, article: Any, language: str) -> dict[str, Any]:
    each = found.deadlines[index]
    return {
        "id": each.clock.id,
        "instance": each.run.instance,
        "government": each.run.government,
        "weight": each.clock.weight.value,
        "from": _moment(each.run.start_on, each.run.start_at if each.due_at else None),
        "length": str(each.term.length) if each.term else None,
        "due": _moment(each.due_on, each.due_at),
        "act_by": each.act_by.isoformat(),
        "opens": each.opens_on.isoformat() if each.opens_on else None,
        "provisional": each.provisional,
        "range": [each.earliest_on.isoformat(), each.latest_on.isoformat()]
        if each.earliest_on and each.latest_on
        else None,
        "state": each.state.value,
        "light": each.light.value,
        "days_left": each.days_left,
        "days_late": each.days_late,
        "met_on": each.run.satisfied_on.isoformat() if each.run.satisfied_on else None,
        "arose_late": each.run.late_since.isoformat() if each.run.late_since else None,
        "article": article(each.basis),
        "extensions": [
            {
                "approved_on": one.granted.approved_on.isoformat(),
                "days": one.granted.days,
                "effective_days": one.effective_days,
                "excess_days": one.excess_days,
                "came_late": one.came_late,
            }
            for one in each.count.prolonged
        ],
        "readings": [
            {
                "kind": other.kind.value,
                "id": other.id,
                "option": other.option,
                "in_force": other.in_force,
                "due": other.due_on.isoformat(),
                "article": article(other.basis),
                "label": render(other.label, language),
            }
            for other in found.alternatives[index]
        ],
    }


def _moment(on: date, at: datetime | None) -> str:
    return at.astimezone(CHINA).replace(tzinfo=None).isoformat() if at else on.isoformat()
