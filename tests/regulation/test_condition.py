"""Does a condition hold: yes, no, or not known?"""

from itertools import product

import pytest

from fireinvest.regulation.condition import (
    ALWAYS,
    All,
    AnyOf,
    Comparison,
    Condition,
    Leaf,
    LevelRange,
    Not,
    Value,
    evaluate,
)

ORDER = ("general", "larger", "major", "exceptional")


def leaf(fact: str, comparison: str, operand: bool | int | str | tuple[str, ...]) -> Leaf:
    return Leaf(fact, Comparison(comparison), operand)


IMPACT = leaf("social_impact", "is", True)
ZONE = leaf("acts_as_county", "is", True)


@pytest.mark.parametrize(
    ("condition", "value", "holds"),
    [
        (leaf("deaths", "at_least", 3), 2, False),
        (leaf("deaths", "at_least", 3), 3, True),
        (leaf("deaths", "at_least", 3), None, None),
        (leaf("deaths", "below", 3), 2, True),
        (leaf("deaths", "below", 3), 3, False),
        (leaf("deaths", "is", 3), 3, True),
        (leaf("deaths", "is", 3), 4, False),
        (leaf("deaths", "known", True), 0, True),
        (leaf("deaths", "known", True), None, False),
        (leaf("deaths", "known", False), None, True),
        (leaf("category", "is", "railway"), "railway", True),
        (leaf("category", "is", "railway"), "traffic", False),
        (leaf("category", "in", ("railway", "traffic")), "traffic", True),
        (leaf("category", "in", ("railway", "traffic")), "military", False),
        (leaf("category", "in", ("railway",)), None, None),
        (IMPACT, True, True),
        (IMPACT, False, False),
        (IMPACT, None, None),
    ],
)
def test_a_leaf_compares_its_fact(condition: Leaf, value: Value, holds: bool | None) -> None:
    assert evaluate(condition, {condition.fact: value}).holds is holds


def test_a_fact_that_nobody_supplies_is_unknown() -> None:
    assert evaluate(IMPACT, {}).holds is None


@pytest.mark.parametrize(
    ("comparison", "operand", "expected"),
    [
        # certain: general, larger, major; floor at general, larger, exceptional
        ("at_least", "larger", (False, True, True, None, True, True)),
        ("at_least", "general", (True, True, True, True, True, True)),
        ("below", "larger", (True, False, False, None, False, False)),
        ("below", "general", (False, False, False, False, False, False)),
        ("is", "larger", (False, True, False, None, None, False)),
        ("known", True, (True, True, True, False, False, True)),
        ("known", False, (False, False, False, True, True, False)),
    ],
)
def test_a_level_that_is_a_floor_could_be_any_above(
    comparison: str, operand: bool | str, expected: tuple[bool | None, ...]
) -> None:
    levels = [(0, 0), (1, 1), (2, 2), (0, 3), (1, 3), (3, 3)]
    found = tuple(
        evaluate(leaf("level", comparison, operand), {"level": LevelRange(ORDER, *each)}).holds
        for each in levels
    )
    assert found == expected


THREE = (True, False, None)


@pytest.mark.parametrize(("one", "other"), list(product(THREE, THREE)))
def test_all_any_and_not_are_three_valued(one: bool | None, other: bool | None) -> None:
    facts: dict[str, Value] = {"social_impact": one, "acts_as_county": other}
    lowest = {False: 0, None: 1, True: 2}
    ordered = sorted((one, other), key=lambda each: lowest[each])
    assert evaluate(All((IMPACT, ZONE)), facts).holds is ordered[0]
    assert evaluate(AnyOf((IMPACT, ZONE)), facts).holds is ordered[1]
    assert evaluate(Not(IMPACT), facts).holds is (None if one is None else not one)


def test_nothing_to_meet_is_always_met() -> None:
    assert evaluate(ALWAYS, {}).holds is True


@pytest.mark.parametrize(
    ("condition", "impact", "zone", "deciding"),
    [
        (All((IMPACT, ZONE)), True, True, [IMPACT, ZONE]),
        (All((IMPACT, ZONE)), True, False, [ZONE]),
        (All((IMPACT, ZONE)), None, True, [IMPACT]),
        (All((IMPACT, ZONE)), None, False, [ZONE]),
        (AnyOf((IMPACT, ZONE)), True, False, [IMPACT]),
        (AnyOf((IMPACT, ZONE)), None, False, [IMPACT]),
        (AnyOf((IMPACT, ZONE)), False, False, [IMPACT, ZONE]),
        (Not(AnyOf((IMPACT, ZONE))), False, True, [ZONE]),
    ],
)
def test_the_answer_carries_the_leaves_that_decided(
    condition: Condition, impact: bool | None, zone: bool | None, deciding: list[Leaf]
) -> None:
    verdict = evaluate(condition, {"social_impact": impact, "acts_as_county": zone})
    assert list(verdict.leaves) == deciding
