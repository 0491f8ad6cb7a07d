"""The forms of what code alone can do: whole cases that move, their carrier, the facts of a fire."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime

from fireinvest.messages import Problem, Text
from fireinvest.regulation.facts import MOST_SQUARE_METRES, Category, Facts, Given
from fireinvest.services.casefile import CaseFile
from fireinvest.store.posts import Holder
from fireinvest.web.forms.step import StepInput, person_shown, yuan_typed
from fireinvest.workflow.actions import (
    CodePayload,
    HandingOver,
    Linking,
    Merging,
    Opening,
    Raising,
    Reassigning,
    Shape,
)
from fireinvest.workflow.asking import Asked, Choice
from fireinvest.workflow.case import Case

_LONGEST_NUMBER = 40
_LONGEST_NAME = 200
_LONGEST_LOGIN = 100


def code_asked(case: Case, name: str) -> tuple[Asked, ...]:
    """Return the fields that a code action asks for."""
    match name:
        case "merge":
            return (
                Asked("into", Text("number of the case in which it goes on"), Shape.TEXT, True),
            )
        case "link":
            return (
                Asked("other", Text("number of the other case"), Shape.TEXT, True),
                Asked("entry", Text("entry of that case"), Shape.COUNT, True, default="1"),
            )
        case "raise":
            return (_government(case, name), _document_no())
        case _:
            to_case = Asked(
                "to_case", Text("number of its case there, if there is one"), Shape.TEXT, False
            )
            return (_government(case, name), _document_no(), to_case)


def carrier_asked(holders: Iterable[Holder]) -> tuple[Asked, ...]:
    """Return the field in which a new carrier is chosen among these."""
    known = {each.login: each.name for each in holders}
    choices = tuple(Choice(login, person_shown(login, name)) for login, name in known.items())
    return (Asked("carrier", Text("new carrier"), Shape.TEXT, True, choices),)


def _document_no() -> Asked:
    return Asked("document_no", Text("document number"), Shape.TEXT, False)


def _government(case: Case, name: str) -> Asked:
    choices = tuple(_superior(case, name))
    default = choices[0].code if len(choices) == 1 else None
    return Asked("government", Text("government"), Shape.OUTCOME, True, choices, default=default)


def _superior(case: Case, name: str) -> Iterator[Choice]:
    """The government that the rule names, or those above the one that investigates."""
    tiers = case.ruleset.tiers
    now = case.investigating
    for tier in tiers.values():
        is_above = now is not None and tier.rank > tiers[now].rank
        if tier.id == case.handover_pending if name == "hand_over" else is_above:
            yield Choice(tier.id, tier.label, tier.basis)


def code_payload(name: str, written: StepInput, problems: list[Problem]) -> CodePayload | None:
    """Return what was typed as a code action's payload; None, and problems, where it can't be."""
    given = Given({each.name: written.text(each.name) for each in written.asked}, problems)
    match name:
        case "reassign":
            carrier = _needed(given, "carrier", problems, _LONGEST_LOGIN)
            return None if carrier is None else Reassigning(carrier)
        case "merge":
            into = _needed(given, "into", problems)
            return None if into is None else Merging(into)
        case "link":
            other = _needed(given, "other", problems)
            entry = given.count("entry")
            return None if other is None or entry is None else Linking(other, "", entry)
        case _:
            government = _needed(given, "government", problems)
            document_no = given.text("document_no")
            if government is None:
                return None
            if name == "raise":
                return Raising(government, document_no)
            return HandingOver(government, document_no, given.text("to_case", _LONGEST_NUMBER))


def _needed(
    given: Given, field: str, problems: list[Problem], longest: int = _LONGEST_NUMBER
) -> str | None:
    found = given.text(field, longest)
    if found is None and not any(each.field == field for each in problems):
        problems.append(Problem(field, Text("This is needed.")))
    return found


# ---------------------------------------------------------------------------- the facts of a fire


def facts_asked(file: CaseFile) -> tuple[Asked, ...]:
    """Return the facts of a fire as fields; its place stays, for another one is another case."""
    return tuple(_facts_asked(file))


def _facts_asked(file: CaseFile) -> Iterator[Asked]:
    ruleset, division = file.ruleset, file.case.division
    yield Asked("unit_name", Text("unit or place that burned"), Shape.TEXT, True)
    yield Asked("address", Text("address"), Shape.TEXT, True)
    yield Asked("deaths", Text("deaths"), Shape.COUNT, False)
    yield Asked("serious_injuries", Text("serious injuries"), Shape.COUNT, False)
    yield Asked("missing", Text("missing persons"), Shape.COUNT, False)
    yield Asked("light_injuries", Text("light injuries"), Shape.COUNT, False)
    yield Asked("direct_economic_loss", Text("direct economic loss"), Shape.FEN, False)
    yield Asked("direct_property_loss", Text("direct property loss"), Shape.FEN, False)
    yield Asked("burnt_area_m2", Text("burnt area (m²)"), Shape.AREA, False)
    yield Asked("households", Text("households hit"), Shape.COUNT, False)
    yield Asked("social_impact", Text("social impact"), Shape.FLAG, False)
    kinds = tuple(
        Choice(each.value, ruleset.categories[each.value].label)
        for each in Category
        if each.value in ruleset.categories
    )
    yield Asked("category", Text("kind of fire"), Shape.CATEGORY, False, kinds)
    if division is not None and not division.is_government:
        yield Asked("zone_authorised", Text("zone authorised"), Shape.FLAG, False)


_NUMBERS = (
    "deaths", "serious_injuries", "missing", "light_injuries", "burnt_area_m2", "households",
)  # fmt: skip
_MONEY = ("direct_economic_loss", "direct_property_loss")
_FLAGS = ("social_impact", "zone_authorised")


def facts_typed(facts: Facts) -> dict[str, str]:
    """Return what a form holds that says the same as the facts."""
    values: dict[str, str] = {}
    for name in _NUMBERS:
        value = getattr(facts, name)
        values[name] = "" if value is None else f"{value}"
    for name in _MONEY:
        fen = getattr(facts, name)
        values[f"{name}_yuan"] = "" if fen is None else yuan_typed(fen)
    for name in _FLAGS:
        flag = getattr(facts, name)
        values[name] = "" if flag is None else ("yes" if flag else "no")
    values["category"] = facts.category.value if facts.category else ""
    return values


def read_opening(
    file: CaseFile, written: StepInput, on: date, at: datetime | None, problems: list[Problem]
) -> Opening:
    """Return the opening as typed: of a fire on this day at this instant, in the same place."""
    called = ("unit_name", "address")
    names = [*called, *_NUMBERS, *(f"{name}_yuan" for name in _MONEY), *_FLAGS, "category"]
    given = Given({name: written.text(name) for name in names}, problems)
    category = given.choice("category", tuple(Category))
    unit_name, address = (_needed(given, name, problems, _LONGEST_NAME) for name in called)
    facts = Facts(
        occurred_on=on,
        occurred_at=at,
        division=file.case.opening_facts.division,
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
    return Opening(facts, unit_name, address)
