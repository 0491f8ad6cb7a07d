"""Which level does a fire have (art 32, Decree 493 art 3)?"""

from dataclasses import fields
from datetime import timedelta
from typing import Any

import pytest

from fireinvest.messages import Label, render
from fireinvest.regulation.facts import Facts
from fireinvest.regulation.severity import CRITERIA, Severity, amount, grade
from tests.regulation.law import HARMLESS, WAN, day, fire, law_of, words

LEVELS = ("general", "larger", "major", "exceptional")

#: The table of the readings, by hand: from which number each criterion reaches each level.
BY_HAND = {
    "deaths": (3, 10, 30),
    "serious_injuries": (10, 50, 100),
    "direct_economic_loss": (1000 * WAN, 5000 * WAN, 10000 * WAN),
}


def graded(on: str = "2025-05-12", /, **known: Any) -> Severity:
    return grade(law_of(on), fire(on, **{**HARMLESS, **known}))


def returned(**known: Any) -> Severity:
    """The grade of the statistical return."""
    return grade(law_of(), fire(**{**HARMLESS, **known}), "statistical")


@pytest.mark.parametrize("on", ["2020-05-12", "2023-02-01", "2025-05-12"])
@pytest.mark.parametrize("criterion", BY_HAND)
@pytest.mark.parametrize("step", [0, 1, 2])
def test_a_level_begins_exactly_at_its_number(on: str, criterion: str, step: int) -> None:
    bound = BY_HAND[criterion][step]
    below, above = LEVELS[step], LEVELS[step + 1]
    assert graded(on, **{criterion: bound - 1}).level.id == below
    assert graded(on, **{criterion: bound}).level.id == above
    assert graded(on, **{criterion: bound + 1}).level.id == above


@pytest.mark.parametrize("on", ["2020-05-12", "2025-05-12"])
def test_the_profile_has_the_numbers_of_the_table_and_no_others(on: str) -> None:
    levels = law_of(on).scale.levels
    assert [level.id for level in levels] == list(LEVELS)
    for index, level in enumerate(levels[1:]):
        assert level.least == {criterion: bounds[index] for criterion, bounds in BY_HAND.items()}


@pytest.mark.parametrize("scale", ["accident", "statistical"])
def test_every_threshold_of_every_scale_includes_its_number(scale: str) -> None:
    levels = law_of().scales[scale].levels
    for index, level in enumerate(levels[1:], start=1):
        for criterion, least in level.least.items():
            for number, expected in (
                (least - 1, levels[index - 1]),
                (least, level),
                (least + 1, level),
            ):
                facts = fire(**{**HARMLESS, criterion: number})
                assert grade(law_of(), facts, scale).level == expected


@pytest.mark.parametrize(
    ("fen", "level"),
    [
        (999_9999_99, "general"),
        (1000_0000_00, "larger"),
        (4990_2600_00, "larger"),
        (4999_9999_99, "larger"),
        (5000_0000_00, "major"),
        (9999_9999_99, "major"),
        (1_0000_0000_00, "exceptional"),
    ],
)
def test_money_is_compared_to_the_fen(fen: int, level: str) -> None:
    assert graded(direct_economic_loss=fen).level.id == level


@pytest.mark.parametrize(
    ("known", "level", "deciding"),
    [
        ({"deaths": 3, "serious_injuries": 9}, "larger", {"deaths"}),
        ({"deaths": 2, "serious_injuries": 10}, "larger", {"serious_injuries"}),
        ({"deaths": 3, "serious_injuries": 50}, "major", {"serious_injuries"}),
        ({"deaths": 10, "serious_injuries": 50}, "major", {"deaths", "serious_injuries"}),
        ({"deaths": 2, "direct_economic_loss": 5000 * WAN}, "major", {"direct_economic_loss"}),
        ({"deaths": 2, "serious_injuries": 9}, "general", set()),
    ],
)
def test_the_highest_level_that_any_criterion_reaches_wins(
    known: dict[str, int], level: str, deciding: set[str]
) -> None:
    found = graded(**known)
    assert found.level.id == level
    assert {each.fact for each in found.criteria if each.decides} == deciding


def test_an_unknown_number_makes_the_level_a_floor() -> None:
    for criterion in BY_HAND:
        found = graded(**{criterion: None})
        assert (found.level.id, found.is_floor) == ("general", True)
        assert f"{CRITERIA[criterion].en}: not yet known, so the level is at least" in words(
            found.because
        )
    assert not graded().is_floor


def test_the_highest_level_is_certain_whatever_is_unknown() -> None:
    found = graded(deaths=30, serious_injuries=None, direct_economic_loss=None)
    assert (found.level.id, found.is_floor) == ("exceptional", False)
    assert "not yet known" not in words(found.because)


def test_missing_persons_are_no_deaths() -> None:
    assert graded(missing=50).level.id == "general"


def test_a_property_loss_alone_can_raise_the_level_and_leaves_it_a_floor() -> None:
    found = graded(direct_economic_loss=None, direct_property_loss=1000 * WAN)
    assert (found.level.id, found.is_floor) == ("larger", True)
    loss = next(each for each in found.criteria if each.fact == "direct_economic_loss")
    assert loss.is_lower_bound
    assert loss.value == 1000 * WAN
    assert "direct property loss: 10,000,000 yuan, which reaches" in words(found.because)
    assert graded(direct_economic_loss=None, direct_property_loss=999_9999_99).level.id == "general"


def test_the_economic_loss_decides_where_both_losses_are_known() -> None:
    found = graded(direct_economic_loss=999 * WAN, direct_property_loss=2000 * WAN)
    assert (found.level.id, found.is_floor) == ("general", False)


def test_each_criterion_tells_how_much_is_lacking_to_the_next_level() -> None:
    found = {each.fact: each for each in graded(deaths=2, serious_injuries=99).criteria}
    assert (found["deaths"].distance, found["deaths"].next_level) == (1, law_of().scale.levels[1])
    assert found["serious_injuries"].distance == 1
    assert found["direct_economic_loss"].distance == 1000 * WAN
    top = {each.fact: each for each in graded(deaths=31, serious_injuries=None).criteria}
    assert (top["deaths"].distance, top["deaths"].next_level) == (None, None)
    assert top["serious_injuries"].distance is None


@pytest.mark.parametrize(
    ("on", "deaths", "article"),
    [
        ("2025-05-12", 0, "rule:32"),
        ("2025-05-12", 3, "rule:32"),
        ("2025-05-12", 29, "rule:32"),
        ("2025-05-12", 30, "decree493:3(1)"),
        ("2020-05-12", 0, "decree493:3(4)"),
        ("2020-05-12", 3, "decree493:3(3)"),
        ("2020-05-12", 10, "decree493:3(2)"),
    ],
)
def test_the_level_cites_the_instrument_that_sets_it(on: str, deaths: int, article: str) -> None:
    assert str(graded(on, deaths=deaths).because[0].citation) == article


def test_casualties_move_the_level_to_the_end_of_the_seventh_day() -> None:
    found = graded("2025-05-12")
    assert found.window_ends_on == day("2025-05-19")
    assert returned().window_ends_on == found.window_ends_on + timedelta(days=23)


def test_the_statistical_scale_is_another_one_and_still_to_be_confirmed() -> None:
    loss = 2000 * WAN
    assert graded(direct_economic_loss=loss).level.id == "larger"
    assert returned(direct_economic_loss=loss).level.id == "general"
    assert not law_of().scales["statistical"].confirmed
    assert law_of().scale.confirmed


@pytest.mark.parametrize(
    ("on", "scales"),
    [("2025-04-30", ["accident"]), ("2025-05-01", ["accident", "statistical"])],
)
def test_the_statistical_scale_grades_only_fires_since_its_provisions(
    on: str, scales: list[str]
) -> None:
    assert sorted(scale.id for scale in law_of(on).scales_on(day(on))) == scales


def test_a_floor_reaches_up_to_the_highest_level() -> None:
    scale = law_of().scale
    floor, certain = graded(deaths=3, serious_injuries=None), graded(deaths=3)
    assert (floor.range_in(scale).lowest, floor.range_in(scale).highest) == (1, 3)
    assert (certain.range_in(scale).lowest, certain.range_in(scale).highest) == (1, 1)
    assert (floor.exactly(scale).lowest, floor.exactly(scale).highest) == (1, 1)


def test_every_fact_with_a_number_has_a_name_as_a_criterion() -> None:
    numbers = {each.name for each in fields(Facts) if each.type == "int | None"}
    numbers |= {each.name for each in fields(Facts) if each.type == (int | None)}
    assert numbers == set(CRITERIA)


def test_amounts_are_worded_as_money_or_as_counts() -> None:
    assert amount("direct_economic_loss", 4990_2600_00) == Label("4990.26万元", "49,902,600 yuan")
    assert amount("deaths", 5) == "5"


def test_the_reason_is_worded_in_both_languages() -> None:
    found = graded(deaths=3)
    assert render(found.because[0].because, "en") == (
        "deaths: 3, which reaches 3 and so relatively serious."
    )
