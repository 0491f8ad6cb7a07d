"""The rules in force, for people to read: every number, step and reading with its article."""

from datetime import date

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from fireinvest.clock import today_in_china
from fireinvest.messages import Faulty, Text, Words
from fireinvest.regulation.profile import Ruleset, Step, Term
from fireinvest.regulation.severity import CRITERIA, amount
from fireinvest.web import law
from fireinvest.web.forms.calculator import divisions_on
from fireinvest.web.present import MODES, NEEDS, WEIGHTS
from fireinvest.web.rights import public

blueprint = Blueprint("rules", __name__, url_prefix="/rules")

_LONGEST = 40


@blueprint.get("")
@public
def show() -> ResponseReturnValue:
    """The law in force for a place on a day of fire."""
    today = today_in_china()
    known = law.law()
    given_on = request.args.get("on", "").strip()[:_LONGEST]
    place = request.args.get("division", "").strip()[:_LONGEST]
    problems: dict[str, Words] = {}
    on = today
    if given_on:
        try:
            on = date.fromisoformat(given_on)
        except ValueError:
            text = Text("%(given)s is not a date like 2025-05-12.", given=given_on)
            problems["on"] = text
    if place and place not in known.divisions:
        problems["division"] = Text("No division with the code %(code)s is known.", code=place)
    chosen = place if place in known.divisions else law.home_division()
    try:
        ruleset = known.in_force(chosen, on)
    except Faulty as faulty:
        problems["on"] = faulty.problems[0].text
        ruleset = known.in_force(law.home_division(), today)
    page = render_template(
        "rules/page.html",
        ruleset=ruleset,
        place=known.divisions.get(chosen),
        given_on=given_on or on.isoformat(),
        given_division=place,
        divisions=[(each.code, each.label) for each in divisions_on(known.divisions.values(), on)],
        problems=problems,
        answers=_answers(ruleset, on),
        scales=sorted(ruleset.scales.values(), key=lambda scale: scale is not ruleset.scale),
        steps=_steps_by_stage(ruleset),
        terms=_terms_by_clock(ruleset),
        modes=MODES,
        needs=NEEDS,
        weights=WEIGHTS,
        criteria=CRITERIA,
        amount=amount,
    )
    return page, 400 if problems else 200


def _answers(ruleset: Ruleset, on: date) -> dict[str, str]:
    """Which answer holds for clocks that begin on a day: the latest decided, else the profile's."""
    found = {each.id: each.chosen for each in ruleset.readings.values()}
    for each in law.decisions().get(ruleset.profile, ()):
        since = each.applies_from
        if each.reading in found and each.option is not None and since is not None and since <= on:
            found[each.reading] = each.option
    return found


def _steps_by_stage(ruleset: Ruleset) -> dict[str, list[Step]]:
    return {
        stage: [step for step in ruleset.steps.values() if step.stage == stage]
        for stage in ruleset.stages
    }


def _terms_by_clock(ruleset: Ruleset) -> dict[str, list[Term]]:
    return {
        clock: [term for term in ruleset.terms.values() if term.clock == clock]
        for clock in ruleset.clocks
    }
