"""What tests of the rule share: the law of a day, fires by their facts, conditions as data."""

from datetime import date
from pathlib import Path
from typing import Any

from fireinvest.messages import render
from fireinvest.regulation.basis import Basis
from fireinvest.regulation.facts import Category, Facts
from fireinvest.regulation.jurisdiction import Judgement, judge
from fireinvest.regulation.profile import Ruleset
from fireinvest.regulation.rulesets import known_law

PROFILES = Path(__file__).parent / "profiles"

#: Everything that the scale asks for, at nought, so that a level is certain.
HARMLESS: dict[str, Any] = {
    "deaths": 0,
    "serious_injuries": 0,
    "direct_economic_loss": 0,
    "social_impact": False,
    "category": Category.ORDINARY,
}

WAN = 10_000 * 100  # fen


def day(written: str) -> date:
    return date.fromisoformat(written)


def law_of(on: str = "2025-05-12", place: str | None = "530325") -> Ruleset:
    return known_law().in_force(place, day(on))


def fire(on: str = "2025-05-12", **known: Any) -> Facts:
    """A fire of which only this is known."""
    return Facts(occurred_on=day(on), **known)


def judged(on: str = "2025-05-12", place: str | None = "530325", **known: Any) -> Judgement:
    """What the law says of a fire of which only this is known."""
    division = None if place is None else known_law().division(place, day(on))
    return judge(law_of(on, place), fire(on, division=place, **known), division)


def articles(basis: tuple[Basis, ...]) -> list[str]:
    return [str(each.citation) for each in basis]


def words(basis: tuple[Basis, ...]) -> str:
    return " ".join(render(each.because, "en") for each in basis)
