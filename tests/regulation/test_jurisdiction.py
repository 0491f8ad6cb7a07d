"""Who investigates, and who leads (art 3)?"""

from dataclasses import replace
from typing import Any

import pytest

from fireinvest.regulation.facts import Category
from fireinvest.regulation.jurisdiction import MOST_KEPT, first_match, judge
from fireinvest.regulation.profile import Mode
from tests.regulation.law import HARMLESS, WAN, articles, judged, words

EVERY_LAW = pytest.mark.parametrize("on", ["2020-05-12", "2023-02-01", "2025-05-12"])


@EVERY_LAW
@pytest.mark.parametrize(
    ("deaths", "government", "mode"),
    [
        (1, "county", Mode.INVESTIGATE),
        (2, "county", Mode.INVESTIGATE),
        (3, "city", Mode.INVESTIGATE),
        (9, "city", Mode.INVESTIGATE),
        (10, "province", Mode.ASSIST),
        (29, "province", Mode.ASSIST),
        (30, "state", Mode.ASSIST),
    ],
)
def test_the_level_decides_which_government_investigates(
    on: str, deaths: int, government: str, mode: Mode
) -> None:
    found = judged(on, **{**HARMLESS, "deaths": deaths})
    assert found.government.value == government
    assert found.mode is mode


@pytest.mark.parametrize(
    ("deaths", "article"),
    [(1, "rule:3.1"), (3, "rule:3.1"), (10, "rule:3.1"), (30, "decree493:19")],
)
def test_the_government_is_named_with_its_article(deaths: int, article: str) -> None:
    assert articles(judged(deaths=deaths).government.basis) == [article]


def test_a_floor_is_routed_by_what_is_known_so_far() -> None:
    found = judged(deaths=5)
    assert found.severity.is_floor
    assert found.government.value == "city"


@pytest.mark.parametrize(
    ("known", "government"),
    [
        ({"deaths": 1}, "city"),
        ({"deaths": 1, "zone_authorised": False}, "city"),
        ({"deaths": 1, "zone_authorised": True}, "county"),
        ({"deaths": 3, "zone_authorised": True}, "city"),
        ({"deaths": 10, "zone_authorised": True}, "province"),
    ],
)
def test_the_zone_acts_as_a_county_only_under_an_authorisation(
    known: dict[str, Any], government: str
) -> None:
    assert judged(place="530300-jkq", **known).government.value == government


def test_a_general_fire_somewhere_in_the_city_leaves_the_government_open() -> None:
    found = judged(place="530300", deaths=1)
    assert found.government.value is None
    assert found.mode is Mode.INVESTIGATE
    assert "Too little is known to say which government." in words(found.government.basis)


def test_a_larger_fire_somewhere_in_the_city_is_the_citys() -> None:
    assert judged(place="530300", deaths=3).government.value == "city"


def test_a_fire_nowhere_in_particular_is_under_national_law() -> None:
    found = judged(place=None, deaths=3)
    assert found.ruleset.profile == "china"
    assert found.government.value == "city"


@pytest.mark.parametrize(
    ("on", "category", "lead"),
    [
        ("2025-05-12", Category.ORDINARY, ("fire_rescue",)),
        ("2025-05-12", None, ("fire_rescue",)),
        ("2025-05-12", Category.WORK_SAFETY, ("emergency_management", "fire_rescue")),
        ("2020-05-12", Category.WORK_SAFETY, ("emergency_management",)),
        ("2020-05-12", Category.ORDINARY, ("fire_rescue",)),
    ],
)
def test_fires_of_work_safety_have_a_joint_lead_under_the_rule(
    on: str, category: Category | None, lead: tuple[str, ...]
) -> None:
    assert judged(on, deaths=1, category=category).lead.value == lead


def test_the_superiors_team_is_led_by_the_superior() -> None:
    assert judged(deaths=10).lead.value == ()


def test_a_work_safety_fire_with_loss_alone_is_the_countys() -> None:
    found = judged(**{**HARMLESS, "category": Category.WORK_SAFETY, "direct_economic_loss": WAN})
    assert found.government.value == "county"
    assert found.lead.value == ("emergency_management", "fire_rescue")


def test_the_first_line_that_matches_wins_and_tells_which_facts_decided() -> None:
    found = judged(deaths=3)
    lines, leaves = first_match(found.ruleset.routes, found.view())
    assert [line.id for line in lines] == ["city"]
    assert [leaf.fact for leaf in leaves] == ["level_so_far"]


def test_an_unknown_fact_keeps_every_line_possible_that_could_match() -> None:
    found = judged(place="530300", deaths=1)
    lines, _ = first_match(found.ruleset.routes, found.view())
    assert [line.id for line in lines] == ["zone", "county"]


def test_a_table_that_no_line_closes_may_match_nothing() -> None:
    found = judged(deaths=3)
    state = [route for route in found.ruleset.routes if route.id == "state"]
    assert first_match(tuple(state), found.view()) == ((), ())


def test_a_judgement_is_kept_for_the_same_law_and_facts_alone() -> None:
    first = judged(deaths=3)
    known = (first.ruleset, first.facts, first.division)
    again = judge(*known)
    assert judge(*known) is again
    assert judge(*known, level_facts=first.facts.with_known({"deaths": 10})) != again
    assert judge(first.ruleset, first.facts.with_known({"deaths": 10}), first.division) != again
    assert judge(first.ruleset, first.facts, None) != again
    other = replace(first.ruleset, routes=first.ruleset.routes[-1:])
    assert judge(other, *known[1:]).government != again.government


def test_no_more_than_so_many_judgements_are_kept() -> None:
    first = judged(deaths=3)
    ruleset = replace(first.ruleset)
    for count in range(MOST_KEPT + 1):
        facts = first.facts.with_known({"households": count})
        assert judge(ruleset, facts, first.division).facts.households == count
        assert 0 < len(ruleset.judged) <= MOST_KEPT
