"""Is a fire within the rule (art 2)? Yes, no, or not known yet."""

from typing import Any

import pytest

from fireinvest.regulation.facts import Category
from fireinvest.regulation.profile import Mode
from tests.regulation.law import HARMLESS, WAN, articles, judged, words

ELSEWHERE = [
    Category.FOREST_GRASSLAND,
    Category.RAILWAY,
    Category.TRAFFIC,
    Category.CIVIL_AVIATION,
    Category.MINE_UNDERGROUND,
    Category.MILITARY,
    Category.ARSON_FILED,
    Category.OTHER_REGIME,
]


@pytest.mark.parametrize(
    ("known", "in_scope"),
    [
        ({"deaths": 1}, True),
        ({"social_impact": True}, True),
        ({"serious_injuries": 10}, True),
        ({"serious_injuries": 9}, False),
        ({"direct_economic_loss": 1000 * WAN}, True),
        ({"direct_economic_loss": 1000 * WAN - 1}, False),
        ({}, False),
        ({"deaths": None}, None),
        ({"social_impact": None}, None),
        ({"serious_injuries": None}, None),
        ({"direct_economic_loss": None}, None),
        ({"direct_economic_loss": None, "direct_property_loss": 1000 * WAN}, True),
        ({"deaths": 1, "social_impact": None, "direct_economic_loss": None}, True),
        ({"missing": 3}, False),
        ({"category": Category.WORK_SAFETY}, False),
        ({"category": Category.WORK_SAFETY, "serious_injuries": 1}, True),
        ({"category": Category.WORK_SAFETY, "direct_economic_loss": 1}, True),
        (
            {
                "category": Category.WORK_SAFETY,
                "direct_economic_loss": None,
                "direct_property_loss": 1,
            },
            True,
        ),
        ({"category": Category.WORK_SAFETY, "direct_economic_loss": None}, None),
        ({"serious_injuries": 1}, False),
        ({"direct_economic_loss": 1}, False),
    ],
)
def test_scope_is_true_false_or_open(known: dict[str, Any], in_scope: bool | None) -> None:
    assert judged(**{**HARMLESS, **known}).in_scope.value is in_scope


def test_nothing_known_leaves_the_scope_open_and_the_case_goes_on() -> None:
    found = judged()
    assert found.in_scope.value is None
    assert found.mode is Mode.INVESTIGATE
    assert "Not yet known: somebody died" in words(found.in_scope.basis)


def test_out_of_scope_has_no_government_and_the_fire_rescue_agency_alone() -> None:
    found = judged(**HARMLESS)
    assert found.mode is Mode.OUT_OF_SCOPE
    assert found.government.value is None
    assert found.lead.value == ("fire_rescue",)
    assert articles(found.lead.basis) == ["firelaw:51"]


@pytest.mark.parametrize("on", ["2020-05-12", "2023-02-01", "2025-05-12"])
@pytest.mark.parametrize("category", ELSEWHERE)
def test_where_other_law_prevails_the_case_is_routed_out_whatever_happened(
    on: str, category: Category
) -> None:
    found = judged(on, category=category, deaths=12)
    assert found.in_scope.value is False
    assert found.mode is Mode.OTHER_REGIME
    assert found.government.value is None
    assert found.lead.value == ()
    assert "Other law prevails" in words(found.in_scope.basis)


def test_suspected_arson_stays_until_the_police_open_a_case() -> None:
    assert judged(deaths=1, category=Category.ORDINARY).mode is Mode.INVESTIGATE
    assert judged(deaths=1, category=Category.ARSON_FILED).mode is Mode.OTHER_REGIME


def test_an_unrecorded_kind_is_presumed_ordinary_and_says_so() -> None:
    unrecorded, recorded = judged(deaths=1), judged(deaths=1, category=Category.WORK_SAFETY)
    assert unrecorded.facts.category is Category.ORDINARY
    assert articles(unrecorded.presumed) == ["rule:2.2"]
    assert recorded.presumed == ()


@pytest.mark.parametrize(
    ("known", "grounds"),
    [
        ({"deaths": 3}, ["rule:2.1", "rule:3.1"]),
        ({"deaths": 1, "social_impact": True}, ["rule:2.1", "rule:2.1"]),
        ({"category": Category.WORK_SAFETY, "serious_injuries": 1}, ["decree493:2"]),
    ],
)
def test_every_ground_that_holds_is_named_with_its_article(
    known: dict[str, Any], grounds: list[str]
) -> None:
    assert articles(judged(**{**HARMLESS, **known}).in_scope.basis) == grounds


def test_before_the_city_rule_only_work_safety_is_spoken_of() -> None:
    silent = judged("2020-05-12", deaths=5)
    assert silent.in_scope.value is None
    assert silent.government.value == "city"
    assert articles(silent.in_scope.basis) == ["decree493:2"]
    spoken = judged("2020-05-12", deaths=5, category=Category.WORK_SAFETY)
    assert spoken.in_scope.value is True
    harmless = judged("2020-05-12", **{**HARMLESS, "category": Category.WORK_SAFETY})
    assert harmless.in_scope.value is False
    assert harmless.lead.value == ("fire_rescue",)
