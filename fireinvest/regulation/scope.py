"""Is the fire within the rule (Rule art 2)? True, false, or not known yet."""

from dataclasses import dataclass

from fireinvest.messages import Text
from fireinvest.regulation.basis import Basis, Finding
from fireinvest.regulation.condition import FactView, evaluate
from fireinvest.regulation.facts import Category, Facts
from fireinvest.regulation.profile import Division, Mode, Presumption, Ruleset
from fireinvest.regulation.severity import Severity


@dataclass(frozen=True, slots=True)
class Presumed:
    """The facts as the law takes them, and what was taken for granted."""

    facts: Facts
    presumptions: tuple[Presumption, ...]


def presume(ruleset: Ruleset, facts: Facts) -> Presumed:
    """Return the facts with what the rule takes for granted until something is recorded."""
    used = [
        each for each in ruleset.presumptions.values() if getattr(facts, each.fact, None) is None
    ]
    for each in used:
        facts = facts.with_known({each.fact: Category(each.value)})
    return Presumed(facts, tuple(used))


def view(
    facts: Facts,
    *,
    ruleset: Ruleset,
    severity: Severity,
    division: Division | None,
    mode: Mode | None = None,
) -> FactView:
    """Return the facts as conditions see them."""
    return {
        "deaths": facts.deaths,
        "serious_injuries": facts.serious_injuries,
        "missing": facts.missing,
        "households": facts.households,
        "burnt_area_m2": facts.burnt_area_m2,
        "direct_economic_loss": facts.direct_economic_loss,
        "direct_property_loss": _property_loss(facts),
        "social_impact": facts.social_impact,
        "category": facts.category,
        "responsibility_accident": facts.responsibility_accident,
        "approved_as_is": facts.approved_as_is,
        "acts_as_county": _acts_as_county(facts, division),
        "mode": mode,
        "level": severity.range_in(ruleset.scale),
        "level_so_far": severity.exactly(ruleset.scale),
    }


def _property_loss(facts: Facts) -> int | None:
    """A part of the direct economic loss: where that is nothing, it is nothing too."""
    if facts.direct_property_loss is None and facts.direct_economic_loss == 0:
        return 0
    return facts.direct_property_loss


def _acts_as_county(facts: Facts, division: Division | None) -> bool | None:
    """A county does; a zone only under a recorded authorisation; an unnamed place may or not."""
    if division is None or division.parent is None:
        return None
    return division.is_government or facts.zone_authorised is True


@dataclass(frozen=True, slots=True)
class ScopeFinding:
    """Within the rule or not, under which mode if not, and why."""

    in_scope: Finding[bool | None]
    mode: Mode | None


def judge_scope(ruleset: Ruleset, facts: FactView) -> ScopeFinding:
    """Return whether the fire is within the rule.

    Other law prevails only where it is established that it applies (art 2(2)); of the grounds
    for being within, one suffices; an unknown that could decide leaves it open.
    """
    scope = ruleset.scopes["scope"]
    for rule in scope.elsewhere:
        if evaluate(rule.when, facts).holds:
            basis = Basis(rule.basis, Text("Other law prevails: %(ground)s.", ground=rule.label))
            return ScopeFinding(Finding(False, (basis,)), Mode.OTHER_REGIME)
    for rule in scope.silent:
        if evaluate(rule.when, facts).holds:
            return ScopeFinding(Finding(None, (Basis(rule.basis, rule.label),)), None)
    verdicts = [(rule, evaluate(rule.when, facts).holds) for rule in scope.within]
    holding = tuple(Basis(rule.basis, rule.label) for rule, holds in verdicts if holds)
    if holding:
        return ScopeFinding(Finding(True, holding), None)
    open_grounds = tuple(
        Basis(rule.basis, Text("Not yet known: %(ground)s.", ground=rule.label))
        for rule, holds in verdicts
        if holds is None
    )
    if open_grounds:
        return ScopeFinding(Finding(None, open_grounds), None)
    basis = Basis(scope.basis, Text("No ground for being within the rule is met."))
    return ScopeFinding(Finding(False, (basis,)), Mode.OUT_OF_SCOPE)
