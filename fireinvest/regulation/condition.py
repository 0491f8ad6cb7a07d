"""Does a condition of a profile hold? Three-valued: true, false, or not known.

A condition is data: ``all``, ``any``, ``not`` over leaves; a leaf names a fact of a closed, typed
list and compares it with one of ``is``, ``in``, ``at_least``, ``below``, ``known``. Nothing is
parsed and nothing computed. The answer carries the leaves that decided it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

Value = bool | int | str | None


class FactType(StrEnum):
    """Which values may a fact take?"""

    COUNT = "count"
    MONEY = "money"
    FLAG = "flag"
    CODE = "code"
    LEVEL = "level"


#: Every fact that a profile may ask about. A new one is code, because code must supply it.
FACTS: Mapping[str, FactType] = {
    "deaths": FactType.COUNT,
    "serious_injuries": FactType.COUNT,
    "missing": FactType.COUNT,
    "households": FactType.COUNT,
    "burnt_area_m2": FactType.COUNT,
    "direct_economic_loss": FactType.MONEY,
    "direct_property_loss": FactType.MONEY,
    "social_impact": FactType.FLAG,
    "acts_as_county": FactType.FLAG,
    "responsibility_accident": FactType.FLAG,
    "approved_as_is": FactType.FLAG,
    "category": FactType.CODE,
    "mode": FactType.CODE,
    "level": FactType.LEVEL,
    "level_so_far": FactType.LEVEL,
}


class Comparison(StrEnum):
    """How does a leaf compare its fact?"""

    IS = "is"
    IN = "in"
    AT_LEAST = "at_least"
    BELOW = "below"
    KNOWN = "known"


@dataclass(frozen=True, slots=True)
class LevelRange:
    """Between which places of the scale does the level lie? A floor reaches to the highest."""

    order: tuple[str, ...]
    lowest: int
    highest: int


@dataclass(frozen=True, slots=True)
class Leaf:
    """One comparison of one fact with a value.

    ``operand`` holds a count, fen, a level's id, a code or a flag; for ``in`` a tuple of codes.
    """

    fact: str
    comparison: Comparison
    operand: bool | int | str | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class All:
    """Holds if every part holds."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Holds if one part holds."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Holds if its part doesn't."""

    part: "Condition"


Condition = Leaf | All | AnyOf | Not
ALWAYS: Condition = All(())

FactView = Mapping[str, Value | LevelRange]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Does it hold (None: not known), and which leaves decided?"""

    holds: bool | None
    leaves: tuple[Leaf, ...]


def evaluate(condition: Condition, facts: FactView) -> Verdict:
    """Return whether the condition holds for the facts, and the leaves that decided."""
    match condition:
        case Leaf():
            return Verdict(_leaf_holds(condition, facts.get(condition.fact)), (condition,))
        case Not(part):
            inner = evaluate(part, facts)
            return Verdict(None if inner.holds is None else not inner.holds, inner.leaves)
        case All(parts):
            return _combine([evaluate(part, facts) for part in parts], decisive=False)
    return _combine([evaluate(part, facts) for part in condition.parts], decisive=True)


def _combine(verdicts: list[Verdict], *, decisive: bool) -> Verdict:
    """One part with the decisive value settles it; else one unknown leaves it open."""
    for holds in (decisive, None):
        leaves = tuple(leaf for each in verdicts if each.holds is holds for leaf in each.leaves)
        if any(each.holds is holds for each in verdicts):
            return Verdict(holds, leaves)
    return Verdict(not decisive, tuple(leaf for each in verdicts for leaf in each.leaves))


def _leaf_holds(leaf: Leaf, value: Value | LevelRange) -> bool | None:
    if leaf.comparison is Comparison.KNOWN:
        is_floor = isinstance(value, LevelRange) and value.lowest < value.highest
        return (value is not None and not is_floor) == leaf.operand
    if value is None:
        return None
    if isinstance(value, LevelRange):
        return _level_holds(leaf.comparison, leaf.operand, value)
    match leaf.comparison, leaf.operand:
        case Comparison.IN, tuple(codes):
            return value in codes
        case Comparison.AT_LEAST, int(bound):
            return int(value) >= bound
        case Comparison.BELOW, int(bound):
            return int(value) < bound
    return value == leaf.operand


def _level_holds(comparison: Comparison, operand: object, level: LevelRange) -> bool | None:
    """Compare a level that may only be known as a floor."""
    bound = level.order.index(str(operand))
    match comparison:
        case Comparison.AT_LEAST:
            lowest, highest = bound, None
        case Comparison.BELOW:
            lowest, highest = 0, bound - 1
        case _:
            lowest, highest = bound, bound
    certain = level.lowest >= lowest and (highest is None or level.highest <= highest)
    possible = level.highest >= lowest and (highest is None or level.lowest <= highest)
    return True if certain else None if possible else False
