"""Who may act in a case and who may see it: three people and a stranger in every test."""

from collections.abc import Callable
from typing import Any

import pytest

from fireinvest.regulation.rungs import ABOVE
from fireinvest.workflow.actions import HandingOver, Raising
from fireinvest.workflow.case import Case
from fireinvest.workflow.permissions import (
    AT_GOVERNMENT,
    DUTIES,
    OFFICES,
    ROLES,
    Actor,
    Duty,
    Grant,
    acting_tiers,
    has_duty,
    houses_kept,
    may_administer,
    may_package,
    may_read_imported,
    may_see,
    may_take,
    may_take_over,
    roles_of,
)
from tests.regulation.law import HARMLESS, law_of
from tests.workflow.stories import (
    CASE_ID,
    CITY,
    COUNTY,
    LEADER,
    OFFICER,
    ON_CASE,
    OTHER_COUNTY,
    REVIEWER,
    STRANGER,
    THE_SYSTEM,
    ZONE,
    Story,
    holder,
    told_until,
)

FOUR = {"officer": OFFICER, "leader": LEADER, "reviewer": REVIEWER, "stranger": STRANGER}


def who(may: Callable[[Actor], bool]) -> set[str]:
    """Which of the four may?"""
    return {name for name, actor in FOUR.items() if may(actor)}


def takers(story: Story, step: str) -> set[str]:
    return who(lambda actor: may_take(actor, story.ruleset.steps[step], story.case, CASE_ID))


def test_every_role_of_the_profile_has_its_place_in_the_map() -> None:
    above = {each for each in law_of().roles if each.startswith(ABOVE)}
    assert set(ROLES) == set(law_of().roles) - above
    assert {each.removeprefix(ABOVE) for each in above} <= AT_GOVERNMENT


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("request_team", {"officer"}),
        ("approve_report", {"leader"}),
        ("submit_report", {"officer", "leader"}),
        ("receive_report", {"reviewer"}),
        ("reply", {"reviewer"}),
        ("establish_team", {"officer", "reviewer"}),
        ("decide_extension", {"reviewer"}),
    ],
)
def test_each_has_their_own_steps_and_the_stranger_none(step: str, expected: set[str]) -> None:
    assert takers(Story(), step) == expected


def test_code_actions_are_the_carriers_and_the_heads() -> None:
    case = Story().case
    assert who(lambda actor: may_administer(actor, case, CASE_ID)) == {"officer"}
    assert may_administer(holder("agency_head"), case, CASE_ID)


def test_a_case_is_taken_out_by_its_carrier_the_head_and_the_archivist() -> None:
    case = Story().case
    assert who(lambda actor: may_package(actor, case, CASE_ID)) == {"officer"}
    for role, expected in (("agency_head", True), ("archivist", True), ("leader", False)):
        assert may_package(holder(role), case, CASE_ID) is expected
    assert may_package(THE_SYSTEM, case, CASE_ID)


@pytest.mark.parametrize(
    ("grant", "expected"),
    [
        (Grant("archivist", division=COUNTY, tier="county"), True),
        (Grant("agency_head", division=CITY, tier="city"), True),
        (Grant("archivist", case_id=CASE_ID), False),
        (Grant("carrier", division=COUNTY, tier="county"), False),
    ],
)
def test_files_from_elsewhere_are_for_archivists_and_heads(grant: Grant, expected: bool) -> None:
    assert may_read_imported(Actor("somebody", (grant,))) is expected


def test_a_post_on_one_case_is_none_on_another() -> None:
    case = Story().case
    for case_id in ("case-2", None):
        assert roles_of(OFFICER, case, case_id) == frozenset()
        assert not may_see(OFFICER, case, case_id)
    assert roles_of(Actor("nobody", (Grant("carrier"),)), case, None) == frozenset()


@pytest.mark.parametrize("role", sorted(set(ROLES) - set(ON_CASE)))
def test_a_post_at_a_government_is_for_its_own_place_and_tier(role: str) -> None:
    county, risen = Story().case, Story()
    risen.tell("raise", "2025-05-14", Raising("city"))
    at_county = holder(role)
    at_city = holder(role, division=CITY, tier="city")
    next_door = holder(role, division=OTHER_COUNTY)
    nowhere = Actor("nowhere", (Grant(role, tier="county"),))
    for case, expected in [(county, at_county), (risen.case, at_city)]:
        for actor in (at_county, at_city, next_door, nowhere, STRANGER):
            assert roles_of(actor, case, CASE_ID) == ({role} if actor is expected else set())


def test_the_city_sees_its_counties_and_counties_do_not_see_each_other() -> None:
    case = Story().case
    sees = {
        (division, tier)
        for division, tier in [(COUNTY, "county"), (OTHER_COUNTY, "county"), (CITY, "city")]
        if may_see(holder("archivist", division=division, tier=tier), case, CASE_ID)
    }
    assert sees == {(COUNTY, "county"), (CITY, "city")}
    assert who(lambda actor: may_see(actor, case, CASE_ID)) == {"officer", "leader", "reviewer"}
    assert may_see(THE_SYSTEM, case, CASE_ID)


def test_without_a_place_no_post_at_a_government_covers_the_case() -> None:
    story = Story()
    story.division = None
    assert takers(story, "reply") == set()
    assert takers(story, "request_team") == {"officer"}


def test_the_zone_is_the_citys_and_once_authorised_its_committees() -> None:
    story = Story(place=ZONE)
    city = holder("government_signer", division=CITY, tier="city")
    zone = holder("government_signer", division=ZONE, tier="county")
    step = story.ruleset.steps["reply"]

    def allowed() -> list[bool]:
        return [may_take(actor, step, story.case, CASE_ID) for actor in (city, zone)]

    assert allowed() == [True, False]
    story.tell("authorise_zone", "2025-05-14", outcome="yes")
    assert allowed() == [False, True]


def test_whoever_was_recused_is_out_at_once() -> None:
    story = told_until("evidence")
    assert takers(story, "approve_report") == {"leader"}
    for step in ("declare_recusal", "decide_leader_recusal"):
        story.tell(step, "2025-06-06", person="leader")
    story.tell("declare_recusal", "2025-06-06", person="officer")
    assert takers(story, "submit_report") == {"officer"}  # work goes on until it is decided
    story.tell("decide_recusal", "2025-06-06", person="officer")
    assert takers(story, "submit_report") == set()
    assert who(lambda actor: may_see(actor, story.case, CASE_ID)) == {"reviewer"}
    assert who(lambda actor: may_administer(actor, story.case, CASE_ID)) == set()


def test_whoever_left_the_team_has_left_their_post_even_with_a_grant() -> None:
    story = told_until("evidence")
    story.tell("leave_team", "2025-06-06", person="leader")
    assert takers(story, "approve_report") == set()
    story.tell("establish_team", "2025-06-07", person="leader")
    assert takers(story, "approve_report") == {"leader"}


def test_nobody_of_the_team_handles_the_reply_not_even_after_leaving_it() -> None:
    story = told_until("evidence")
    assert takers(story, "reply") == {"reviewer"}
    story.tell("join_team", "2025-06-06", person="reviewer")
    assert takers(story, "reply") == set()
    assert takers(story, "receive_report") == {"reviewer"}  # registering decides nothing
    story.tell("leave_team", "2025-06-07", person="reviewer")
    assert takers(story, "reply") == set()


def test_the_evaluation_group_may_still_order_supervision() -> None:
    story = told_until("execution")
    story.tell("join_evaluation", "2026-05-11", person="reviewer")
    assert takers(story, "order_supervision") == {"reviewer"}


def test_out_of_scope_the_government_that_would_investigate_decides_on_social_impact() -> None:
    story = Story(**HARMLESS)
    assert acting_tiers(story.case) == {"county"}
    assert takers(story, "decide_social_impact") == {"officer", "reviewer"}
    other = holder("government_signer", division=OTHER_COUNTY)
    city = holder("government_signer", division=CITY, tier="city")
    step = story.ruleset.steps["decide_social_impact"]
    assert not may_take(other, step, story.case, CASE_ID)
    assert not may_take(city, step, story.case, CASE_ID)


def test_where_a_superior_investigates_every_local_government_assists() -> None:
    story = Story(deaths=12)
    step = story.ruleset.steps["set_measure"]
    for division, tier, expected in [
        (COUNTY, "county", True),
        (CITY, "city", True),
        (OTHER_COUNTY, "county", False),
    ]:
        actor = holder("government_handler", division=division, tier=tier)
        assert may_take(actor, step, story.case, CASE_ID) is expected
    assert takers(story, "set_measure") == {"officer", "reviewer"}


def test_of_a_major_forest_fire_every_local_government_may_decide_the_kind() -> None:
    story = Story(**{**HARMLESS, "deaths": 12, "category": "forest_grassland"})
    assert acting_tiers(story.case) == set(story.ruleset.tiers)


def heads(story: Story, may: Callable[[Actor, Case], bool]) -> list[bool]:
    """May the county's, the city's, the next county's head, and the stranger?"""
    people = [
        holder("agency_head"),
        holder("agency_head", division=CITY, tier="city"),
        holder("agency_head", division=OTHER_COUNTY),
        STRANGER,
    ]
    return [may(each, story.case) for each in people]


def test_the_request_to_a_coming_government_is_also_its_own_agencys() -> None:
    def may_request(actor: Actor, case: Case) -> bool:
        return may_take(actor, case.ruleset.steps["request_team"], case, CASE_ID)

    def may_publish(actor: Actor, case: Case) -> bool:
        return may_take(actor, case.ruleset.steps["publish"], case, CASE_ID)

    story = Story()
    assert heads(story, may_request) == [True, False, False, False]
    story.tell("update_figures", "2025-05-14", deaths=3)
    assert heads(story, may_request) == [True, True, False, False]
    assert heads(story, may_publish) == [True, False, False, False]
    story.tell("hand_over", "2025-05-16", HandingOver("city"))
    assert heads(story, may_request) == [False, True, False, False]


def test_the_head_of_the_superiors_agency_may_take_a_case_over() -> None:
    def may_raise(actor: Actor, case: Case) -> bool:
        return may_take_over(actor, case, CASE_ID, "city")

    assert heads(Story(), may_raise) == [False, True, False, False]


def test_whoever_transcribes_old_papers_takes_steps_and_administers_nothing() -> None:
    story = Story()
    scribe = Actor("scribe", transcribes=True)
    assert may_take(scribe, story.ruleset.steps["reply"], story.case, CASE_ID)
    assert not may_take(Actor("scribe"), story.ruleset.steps["reply"], story.case, CASE_ID)
    assert not may_administer(scribe, story.case, CASE_ID)


def test_the_system_takes_steps_and_administers_nothing() -> None:
    story = Story()
    assert may_take(THE_SYSTEM, story.ruleset.steps["reply"], story.case, CASE_ID)
    assert not may_administer(THE_SYSTEM, story.case, CASE_ID)


@pytest.mark.parametrize("role", ON_CASE)
def test_each_post_on_a_case_is_held_by_its_grant(role: str) -> None:
    case: Any = Story().case
    assert roles_of(holder(role), case, CASE_ID) == {role}
    assert roles_of(STRANGER, case, CASE_ID) == frozenset()


@pytest.mark.parametrize("office", sorted(OFFICES))
def test_an_office_has_its_duties_and_no_other_post_has_any(office: str) -> None:
    holder_of_it = Actor("somebody", (Grant(office),))
    assert {each for each in Duty if has_duty(holder_of_it, each)} == {
        duty for duty, offices in DUTIES.items() if office in offices
    }
    assert not any(has_duty(Actor("head", (Grant("agency_head"),)), each) for each in Duty)


def test_an_offices_papers_are_kept_by_its_own_posts_and_no_others() -> None:
    def kept(role: str, **where: str) -> frozenset[tuple[str, str, str]]:
        return houses_kept(Actor("x", (Grant(role, **where),)))

    there = {"division": "530300", "tier": "city"}
    for role in ("agency_head", "archivist", "carrier"):
        assert kept(role, **there) == {("530300", "city", "agency")}
    assert kept("government_registrar", **there) == {("530300", "city", "government")}
    for role in ("government_handler", "government_signer", "leader", *OFFICES):
        assert kept(role, **there) == frozenset()
    # A post on a single case, or one that names no office, keeps nothing.
    assert kept("carrier", case_id=CASE_ID, **there) == frozenset()
    assert kept("agency_head", division="530300") == frozenset()
    assert kept("agency_head", tier="city") == frozenset()
