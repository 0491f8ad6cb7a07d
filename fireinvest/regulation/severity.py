"""How severe is the fire: which level, which criterion decides, is it a floor (Rule art 32)?

"以上" includes the number, "以下" doesn't (art 31(2)). The highest level that any one criterion
reaches wins. An unknown number makes the level a floor.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from fireinvest.messages import Label, Text, Words, money
from fireinvest.regulation.basis import Basis
from fireinvest.regulation.condition import FACTS, FactType, LevelRange
from fireinvest.regulation.facts import Facts
from fireinvest.regulation.profile import Level, Ruleset, Scale

#: A loss of property alone is part of the direct economic loss: it can raise the level, and the
#: level stays a floor (readings, "Severity").
_LOWER_BOUND_OF = {"direct_economic_loss": "direct_property_loss"}

CRITERIA: Mapping[str, Label] = {
    "deaths": Label(zh="死亡人数", en="deaths"),
    "serious_injuries": Label(zh="重伤人数", en="serious injuries"),
    "light_injuries": Label(zh="轻伤人数", en="light injuries"),
    "direct_economic_loss": Label(zh="直接经济损失", en="direct economic loss"),
    "direct_property_loss": Label(zh="直接财产损失", en="direct property loss"),
    "burnt_area_m2": Label(zh="过火面积（平方米）", en="burnt area (m²)"),
    "households": Label(zh="受灾户数", en="households hit"),
    "missing": Label(zh="失踪人数", en="missing persons"),
}


@dataclass(frozen=True, slots=True)
class Criterion:
    """One criterion of the scale, judged by itself.

    ``value`` is a count or fen, None if unknown; ``is_lower_bound`` where only a part of it is
    known. ``next_level`` and ``distance``: the level above and how much is lacking to reach it.
    """

    fact: str
    value: int | None
    is_lower_bound: bool
    level: Level
    decides: bool
    next_level: Level | None
    distance: int | None


@dataclass(frozen=True, slots=True)
class Severity:
    """The level, whether it is only a floor, every criterion, and why."""

    level: Level
    place: int
    is_floor: bool
    criteria: tuple[Criterion, ...]
    because: tuple[Basis, ...]
    window_ends_on: date

    def range_in(self, scale: Scale) -> LevelRange:
        """Return between which places of the scale the level lies."""
        highest = len(scale.levels) - 1 if self.is_floor else self.place
        return LevelRange(tuple(level.id for level in scale.levels), self.place, highest)

    def exactly(self, scale: Scale) -> LevelRange:
        """Return the level reached by what is known, as if it were certain."""
        return LevelRange(tuple(level.id for level in scale.levels), self.place, self.place)


def grade(ruleset: Ruleset, facts: Facts, scale_id: str = "accident") -> Severity:
    """Return the level of a fire on one of the ruleset's scales (Rule art 32, Decree 493 art 3)."""
    scale = ruleset.scales[scale_id]
    facts_used = list(dict.fromkeys(fact for level in scale.levels for fact in level.least))
    judged = [_judge(scale, facts, fact) for fact in facts_used]
    place = max((each[2] for each in judged), default=0)
    unknown = [fact for fact, value, _, partial in judged if value is None or partial]
    level = scale.levels[place]
    is_floor = bool(unknown) and place < len(scale.levels) - 1
    criteria = tuple(
        _criterion(scale, fact, value, reached, partial=partial, decides=reached == place > 0)
        for fact, value, reached, partial in judged
    )
    return Severity(
        level=level,
        place=place,
        is_floor=is_floor,
        criteria=criteria,
        because=_because(scale, level, criteria, unknown if is_floor else []),
        window_ends_on=facts.occurred_on + timedelta(days=scale.window_days),
    )


def _judge(scale: Scale, facts: Facts, fact: str) -> tuple[str, int | None, int, bool]:
    value: int | None = getattr(facts, fact)
    partial = False
    if value is None and fact in _LOWER_BOUND_OF:
        value = getattr(facts, _LOWER_BOUND_OF[fact])
        partial = value is not None
    reached = 0
    for place, level in enumerate(scale.levels):
        if value is not None and fact in level.least and value >= level.least[fact]:
            reached = place
    return fact, value, reached, partial


def _criterion(
    scale: Scale, fact: str, value: int | None, reached: int, *, partial: bool, decides: bool
) -> Criterion:
    above = next((level for level in scale.levels[reached + 1 :] if fact in level.least), None)
    distance = above.least[fact] - value if above is not None and value is not None else None
    return Criterion(fact, value, partial, scale.levels[reached], decides, above, distance)


def amount(fact: str, value: int) -> Words:
    """Return a criterion's value as it is read: money worded, a count as it is."""
    return money(value) if FACTS[fact] is FactType.MONEY else str(value)


def _because(
    scale: Scale, level: Level, criteria: tuple[Criterion, ...], unknown: list[str]
) -> tuple[Basis, ...]:
    reasons = []
    for each in criteria:
        if each.decides and each.value is not None:
            fact = _LOWER_BOUND_OF[each.fact] if each.is_lower_bound else each.fact
            text = Text(
                "%(criterion)s: %(value)s, which reaches %(least)s and so %(level)s.",
                criterion=CRITERIA[fact],
                value=amount(each.fact, each.value),
                least=amount(each.fact, level.least[each.fact]),
                level=level.label,
            )
            reasons.append(Basis(level.basis, text))
    if not reasons:
        text = Text("No criterion reaches a higher level, so it is %(level)s.", level=level.label)
        reasons.append(Basis(level.basis, text))
    for fact in unknown:
        text = Text(
            "%(criterion)s: not yet known, so the level is at least %(level)s.",
            criterion=CRITERIA[fact],
            level=level.label,
        )
        reasons.append(Basis(scale.basis, text))
    return tuple(reasons)
