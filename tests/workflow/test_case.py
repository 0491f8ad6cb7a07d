"""Where a case stands: the fold of its journal."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from fireinvest.regulation.facts import Facts
from fireinvest.regulation.profile import Mode
from fireinvest.workflow.actions import (
    Correcting,
    DocumentSent,
    Figures,
    HandingOver,
    Linking,
    Merging,
    Opening,
    Raising,
    Voiding,
)
from fireinvest.workflow.case import Gap, fold, gaps
from tests.regulation.law import HARMLESS, day
from tests.workflow.stories import ONE_DEATH, ZONE, Story, faults, told_until


def levels(story: Story) -> list[tuple[str, str]]:
    return [(each.on.isoformat(), each.level) for each in story.case.levels]


def mode_of(story: Story) -> Mode:
    return story.case.mode


def lead_of(story: Story) -> tuple[str, ...]:
    return story.case.lead.value


def responsible(story: Story) -> list[tuple[str, bool, str | None]]:
    """Each government: is it pending, and until when did it have the case?"""
    return [
        (each.government, each.is_pending, each.until.isoformat() if each.until else None)
        for each in story.case.governments
    ]


# ---------------------------------------------------------------------------- order, void, correct


def test_entries_count_by_real_day_and_then_by_number() -> None:
    story = Story()
    story.tell("update_figures", "2025-05-16", deaths=2)
    story.tell("update_figures", "2025-05-14", deaths=1)
    story.tell("update_figures", "2025-05-16", deaths=3)
    assert [each.seq for each in story.case.entries] == [1, 3, 2, 4]
    assert story.case.facts.deaths == 3
    assert story.case.version == 4


def test_a_late_entry_takes_its_place_by_its_real_day() -> None:
    story = Story()
    story.tell("update_figures", "2025-05-17", deaths=2)
    story.tell("update_figures", "2025-05-13", deaths=9)
    assert story.case.facts.deaths == 2


def test_a_journal_without_an_opening_is_no_case() -> None:
    story = Story()
    request = story.tell("request_team", "2025-05-13")
    with pytest.raises(ValueError, match="opening"):
        fold(story.ruleset, story.division, [request])


def test_a_void_entry_stays_in_the_journal_and_counts_no_more() -> None:
    story = Story()
    request = story.tell("request_team", "2025-05-13")
    story.tell("void", "2025-05-14", Voiding(request.seq))
    assert "request_team" not in story.case.done
    assert len(story.case.journal) == 3
    assert story.case.version == 3


def test_a_corrected_entry_reads_as_corrected_on_its_corrected_day() -> None:
    story = Story()
    at = datetime(2025, 5, 13, 1, tzinfo=UTC)
    wrong = story.tell("update_figures", "2025-05-14", deaths=5)
    right = Figures(deaths=2)
    story.tell("correct", "2025-05-15", Correcting(wrong.seq, right, day("2025-05-13"), at))
    entry = story.case.entries[1]
    assert (entry.seq, entry.payload, entry.on, entry.at) == (2, right, day("2025-05-13"), at)
    assert story.case.facts.deaths == 2


def test_the_last_correction_holds_and_one_of_a_void_entry_does_nothing() -> None:
    story = Story()
    wrong = story.tell("update_figures", "2025-05-14", deaths=5)
    for deaths in (2, 3):
        correction = Correcting(wrong.seq, Figures(deaths=deaths), day("2025-05-14"))
        story.tell("correct", "2025-05-15", correction)
    assert story.case.facts.deaths == 3
    story.tell("void", "2025-05-15", Voiding(wrong.seq))
    story.tell("correct", "2025-05-15", Correcting(wrong.seq, Figures(deaths=9), day("2025-05-14")))
    assert story.case.facts.deaths == 1


def test_a_corrected_opening_moves_the_day_of_the_fire() -> None:
    story = Story()
    facts = Facts(occurred_on=day("2025-05-11"), division="530325", deaths=1)
    story.tell("correct", "2025-05-14", Correcting(1, Opening(facts), day("2025-05-11")))
    assert story.case.occurred_on == day("2025-05-11")
    assert story.clock("report/1").due_on == day("2025-07-10")


# ---------------------------------------------------------------------------- inconsistencies


def test_replay_refuses_nothing_and_says_what_no_longer_fits() -> None:
    story = Story()
    story.tell("test_returned", "2025-05-20", ref="T1")
    story.tell("submit_report", "2025-05-10")
    story.tell("hand_over", "2025-05-21", HandingOver("moon"))
    story.tell("gone_from_the_table", "2025-05-22", Figures(deaths=1))
    assert faults(story.case.inconsistencies) == [
        "3: The day lies before the fire.",
        "3: It stands before Establish the team.",
        "2: It stands before Commission a test.",
        "4: There is no moon.",
        "5: The rule no longer has this step.",
    ]
    assert "submit_report" in story.case.done


def test_what_was_voided_leaves_those_that_rested_on_it_inconsistent() -> None:
    story = told_until("approval")
    assert story.case.inconsistencies == ()
    submitted = story.case.done["submit_report"]
    for entry in submitted:
        story.tell("void", "2025-07-03", Voiding(entry.seq))
    assert len(story.case.inconsistencies) == 3  # two receipts and a return


def test_a_result_without_effect_is_on_record_and_not_done() -> None:
    story = told_until("review")
    story.tell("approve_report", "2025-06-20", outcome="back_to_work")
    assert "approve_report" not in story.case.done
    assert len(story.case.recorded["approve_report"]) == 1
    assert story.case.stage == "review"


# ---------------------------------------------------------------------------- level, casualties


def test_the_level_keeps_its_history_with_the_day_of_each_death() -> None:
    story = Story(**HARMLESS)
    story.tell("update_figures", "2025-05-13", deaths=1)
    story.tell("update_figures", "2025-05-14", deaths=3)
    story.tell("update_figures", "2025-05-15", deaths=12)
    assert levels(story) == [
        ("2025-05-12", "general"),
        ("2025-05-14", "larger"),
        ("2025-05-15", "major"),
    ]


def test_an_unknown_number_makes_a_floor_that_a_later_figure_settles() -> None:
    story = Story(deaths=1)
    story.tell("update_figures", "2025-05-13", serious_injuries=0, direct_economic_loss=0)
    assert [each.is_floor for each in story.case.levels] == [True, False]


@pytest.mark.parametrize(
    ("on", "level"), [("2025-05-18", "larger"), ("2025-05-19", "larger"), ("2025-05-20", "general")]
)
def test_a_death_counts_for_the_level_up_to_the_seventh_day(on: str, level: str) -> None:
    story = Story()
    story.tell("update_figures", on, deaths=3)
    assert story.case.judgement.severity.level.id == level
    assert story.case.facts.deaths == 3


def test_casualties_of_the_eighth_day_are_facts_and_never_lower_the_level() -> None:
    story = Story(**{**ONE_DEATH, "deaths": 3, "serious_injuries": 12})
    story.tell("update_figures", "2025-05-20", deaths=2, serious_injuries=0)
    assert levels(story) == [("2025-05-12", "larger")]
    assert (story.case.facts.deaths, story.case.facts.serious_injuries) == (2, 0)


def test_a_loss_counts_whenever_it_is_assessed() -> None:
    story = Story()
    story.tell("update_figures", "2025-11-20", direct_economic_loss=10_000_000_00)
    assert levels(story)[-1] == ("2025-11-20", "larger")
    assert story.case.handover_pending == "city"


def test_a_loss_and_a_late_death_in_one_entry_count_each_by_its_own_rule() -> None:
    story = Story()
    story.tell("update_figures", "2025-05-30", deaths=12, direct_economic_loss=10_000_000_00)
    assert levels(story)[-1] == ("2025-05-30", "larger")


# ---------------------------------------------------------------------------- who investigates


def test_a_rise_leaves_the_hand_over_to_a_person() -> None:
    story = Story()
    story.tell("update_figures", "2025-05-14", deaths=3)
    assert story.case.investigating == "county"
    assert story.case.handover_pending == "city"
    assert mode_of(story) is Mode.INVESTIGATE
    story.tell("hand_over", "2025-05-16", HandingOver("city"))
    assert responsible(story) == [("county", False, "2025-05-16"), ("city", False, None)]
    city = story.case.governments[1]
    assert (city.late_since, city.took_over_on) == (day("2025-05-14"), day("2025-05-16"))
    assert (city.named_by, city.took_over_by) == (2, 3)


def test_a_fire_rises_from_general_to_larger_to_major() -> None:
    story = Story()
    story.tell("update_figures", "2025-05-14", deaths=3)
    story.tell("hand_over", "2025-05-15", HandingOver("city"))
    story.tell("update_figures", "2025-05-18", deaths=12)
    assert mode_of(story) is Mode.INVESTIGATE
    assert story.case.handover_pending == "province"
    assert lead_of(story) == ("fire_rescue",)
    story.tell("hand_over", "2025-05-20", HandingOver("province"))
    assert mode_of(story) is Mode.ASSIST
    assert story.case.mode_since == day("2025-05-20")
    assert lead_of(story) == ()
    assert responsible(story) == [
        ("county", False, "2025-05-15"),
        ("city", False, "2025-05-20"),
        ("province", False, None),
    ]


def test_a_rise_of_two_levels_at_once_asks_for_the_highest_only() -> None:
    story = Story()
    story.tell("update_figures", "2025-05-14", deaths=3)
    story.tell("update_figures", "2025-05-15", deaths=12)
    assert responsible(story) == [("county", False, None), ("province", True, None)]


def test_a_falling_level_takes_back_the_asking_and_never_sends_down() -> None:
    story = Story()
    story.tell("update_figures", "2025-05-14", deaths=3)
    story.tell("update_figures", "2025-05-15", deaths=2)
    assert story.case.handover_pending is None
    story.tell("update_figures", "2025-05-16", deaths=4)
    story.tell("hand_over", "2025-05-17", HandingOver("city"))
    story.tell("update_figures", "2025-05-18", deaths=1)
    assert story.case.judgement.government.value == "county"
    assert story.case.investigating == "city"
    assert story.case.handover_pending is None
    assert [level for _, level in levels(story)] == [
        "general",
        "larger",
        "general",
        "larger",
        "general",
    ]


def test_a_superior_may_raise_a_case_that_the_rule_leaves_below() -> None:
    story = Story()
    story.tell("raise", "2025-05-15", Raising("city"))
    assert story.case.investigating == "city"
    assert story.case.judgement.government.value == "county"
    story.tell("raise", "2025-05-20", Raising("province"))
    assert mode_of(story) is Mode.ASSIST


def test_raising_by_the_city_leaves_the_provinces_hand_over_pending() -> None:
    story = Story()
    story.tell("update_figures", "2025-05-14", deaths=12)
    story.tell("raise", "2025-05-15", Raising("city"))
    assert story.case.investigating == "city"
    assert story.case.handover_pending == "province"


def test_a_major_fire_is_assisted_from_the_outset_without_clocks_of_its_own() -> None:
    story = Story(deaths=12)
    assert mode_of(story) is Mode.ASSIST
    assert story.case.investigating == "province"
    assert story.deadlines() == {}


def test_the_zone_is_the_citys_until_the_city_authorises_its_committee() -> None:
    story = Story(place=ZONE)
    assert story.case.investigating == "city"
    story.tell("authorise_zone", "2025-05-14", outcome="yes")
    assert responsible(story) == [("city", False, "2025-05-14"), ("county", False, None)]
    assert story.clock("report/2").run.late_since == day("2025-05-14")
    story.tell("authorise_zone", "2025-05-20", outcome="no")
    assert story.case.handover_pending == "city"


def test_an_authorisation_from_the_outset_leaves_nothing_to_hand_over() -> None:
    story = Story(place=ZONE, zone_authorised=True, **ONE_DEATH)
    assert responsible(story) == [("county", False, None)]


def test_refusing_an_authorisation_leaves_the_case_with_the_city() -> None:
    story = Story(place=ZONE)
    story.tell("authorise_zone", "2025-05-14", outcome="no")
    assert responsible(story) == [("city", False, None)]


def test_a_delegation_is_on_record_and_the_entrusting_government_keeps_the_case() -> None:
    story = Story()
    story.tell("delegate", "2025-05-14")
    assert story.case.investigating == "county"
    assert "delegate" in story.case.done


# ---------------------------------------------------------------------------- scope


def test_suspected_arson_stays_until_the_police_open_a_case_and_may_come_back() -> None:
    story = Story()
    story.tell("decide_category", "2025-05-20", category="arson_filed")
    assert mode_of(story) is Mode.OTHER_REGIME
    story.tell("decide_category", "2025-06-20", category="ordinary")
    assert mode_of(story) is Mode.INVESTIGATE
    assert story.case.governments[0].late_since is None
    assert story.case.modes_seen == {Mode.INVESTIGATE, Mode.OTHER_REGIME}


def test_a_fire_comes_into_scope_by_a_later_decision() -> None:
    story = Story(**HARMLESS)
    assert (story.case.mode, story.case.in_scope_since) == (Mode.OUT_OF_SCOPE, None)
    assert responsible(story) == []
    story.tell("decide_social_impact", "2025-06-02", outcome="yes")
    assert mode_of(story) is Mode.INVESTIGATE
    assert story.case.in_scope_since == day("2025-06-02")
    assert story.case.governments[0].late_since == day("2025-06-02")


def test_a_death_after_the_window_brings_into_scope_without_moving_the_level() -> None:
    story = Story(**HARMLESS)
    story.tell("update_figures", "2025-06-01", deaths=3)
    case = story.case
    assert case.mode is Mode.INVESTIGATE
    assert case.judgement.in_scope.value is True
    assert case.judgement.severity.level.id == "general"
    assert case.judgement.government.value == "county"
    assert case.judgement.lead.value == ("fire_rescue",)
    assert case.in_scope_since == day("2025-06-01")


def test_injuries_after_the_window_bring_no_fire_into_scope() -> None:
    story = Story(**HARMLESS)
    story.tell("update_figures", "2025-06-01", serious_injuries=20)
    assert mode_of(story) is Mode.OUT_OF_SCOPE
    assert story.case.facts.serious_injuries == 20


def test_social_impact_decided_no_takes_the_fire_out_of_scope() -> None:
    story = Story(**{**HARMLESS, "social_impact": None})
    assert story.case.judgement.in_scope.value is None
    assert story.case.in_scope_since == day("2025-05-12")
    story.tell("decide_social_impact", "2025-05-14", outcome="no")
    assert mode_of(story) is Mode.OUT_OF_SCOPE
    assert story.case.in_scope_since is None


def test_a_fire_that_left_the_scope_arises_late_when_it_comes_back() -> None:
    story = Story(**{**HARMLESS, "social_impact": None})
    story.tell("decide_social_impact", "2025-05-14", outcome="no")
    story.tell("update_figures", "2025-05-18", deaths=1)
    assert responsible(story) == [("county", False, None)]
    assert story.case.governments[0].late_since == day("2025-05-18")


def test_a_fact_of_the_day_of_the_fire_is_no_late_fact() -> None:
    story = Story(**HARMLESS)
    story.tell("update_figures", "2025-05-12", deaths=1)
    assert story.case.governments[0].late_since is None


def test_the_nature_of_the_accident_is_a_fact_once_determined() -> None:
    story = Story()
    story.tell("determine_nature", "2025-05-20", outcome="not_responsibility_accident")
    assert story.case.facts.responsibility_accident is False


def test_a_category_without_its_code_changes_nothing_on_replay() -> None:
    story = Story()
    story.tell("decide_category", "2025-05-20", category=None)
    assert story.case.judgement.facts.category == "ordinary"


# ---------------------------------------------------------------------------- other cases


def test_a_merged_case_knows_where_it_goes_on_until_the_merge_is_voided() -> None:
    story = Story()
    merge = story.tell("merge", "2025-05-20", Merging("case-2"))
    assert (story.case.merged_into, story.case.merged_on) == ("case-2", day("2025-05-20"))
    story.tell("void", "2025-05-21", Voiding(merge.seq))
    assert (story.case.merged_into, story.case.merged_on) == (None, None)


def test_links_to_other_cases_are_kept() -> None:
    story = Story()
    link = Linking("case-2", "merge", 7)
    story.tell("link", "2025-05-20", link)
    assert story.case.links == (link,)
    assert story.case.inconsistencies == ()


# ---------------------------------------------------------------------------- people


def posts(story: Story) -> list[tuple[str, str, bool]]:
    return [(each.person, each.post, each.is_active) for each in story.case.members]


def test_a_leader_comes_with_the_founding_document_and_the_next_takes_the_place() -> None:
    story = Story()
    story.tell("establish_team", "2025-05-14", person="first")
    story.tell("join_team", "2025-05-14", person="second")
    story.tell("establish_team", "2025-05-20", person="third")
    assert posts(story) == [
        ("first", "leader", False),
        ("second", "member", True),
        ("third", "leader", True),
    ]


def test_a_founding_document_may_leave_the_leader_open() -> None:
    story = Story()
    story.tell("establish_team", "2025-05-14", person=None)
    assert posts(story) == []


def test_somebody_who_left_and_came_back_left_on_the_first_day_too() -> None:
    story = Story()
    for step, on in [("join_team", "05-14"), ("leave_team", "05-20"), ("join_team", "05-25")]:
        story.tell(step, f"2025-{on}", person="somebody")
    story.tell("leave_team", "2025-06-01", person="somebody")
    spans = [(each.since, each.until) for each in story.case.members]
    assert spans == [
        (day("2025-05-14"), day("2025-05-20")),
        (day("2025-05-25"), day("2025-06-01")),
    ]


@pytest.mark.parametrize(
    ("on", "expected"),
    [("2025-05-13", False), ("2025-05-14", True), ("2025-05-20", True), ("2025-05-21", False)],
)
def test_a_member_was_there_from_the_first_day_to_the_last(on: str, expected: bool) -> None:
    story = Story()
    story.tell("join_team", "2025-05-14", person="somebody")
    story.tell("leave_team", "2025-05-20", person="somebody")
    assert story.case.members[0].was_active_on(day(on)) is expected


def test_only_a_granted_recusal_takes_somebody_out_and_for_good() -> None:
    story = Story()
    for person in ("one", "two"):
        story.tell("join_team", "2025-05-14", person=person)
        story.tell("declare_recusal", "2025-05-15", person=person)
    story.tell("decide_recusal", "2025-05-16", person="one", outcome="granted")
    story.tell("decide_recusal", "2025-05-16", person="two", outcome="refused")
    assert posts(story) == [("one", "member", False), ("two", "member", True)]
    assert story.case.recused == {"one": day("2025-05-16")}
    story.tell("join_team", "2025-05-20", person="one")
    assert posts(story)[-1] == ("one", "member", False)


def test_the_evaluation_group_is_no_part_of_the_team_that_signs() -> None:
    story = told_until("evaluation")
    assert "evaluator" in {each.person for each in story.case.members}
    assert "evaluator" not in {each.person for each in story.case.team}
    assert "expert" in {each.person for each in story.case.team}


# ---------------------------------------------------------------------------- intervals, lead


def test_an_interval_ends_with_the_first_return_of_its_reference() -> None:
    story = Story()
    for step, on, ref in [
        ("test_commissioned", "2025-05-20", "T1"),
        ("test_commissioned", "2025-05-21", "T2"),
        ("test_returned", "2025-05-30", "T1"),
        ("test_returned", "2025-06-05", "T1"),
    ]:
        story.tell(step, on, ref=ref)
    tests = story.case.tests(["test_commissioned"])
    assert [(each.began_on, each.ended_on) for each in tests] == [
        (day("2025-05-20"), day("2025-05-30")),
        (day("2025-05-21"), None),
    ]


def test_an_interval_is_known_by_its_kind_only() -> None:
    story = Story()
    story.tell("test_commissioned", "2025-05-20", DocumentSent(to="laboratory"))
    assert story.case.tests(["test_commissioned"])[0].ended_on is None


def test_a_list_of_which_nothing_is_needed_is_lacking_only_until_its_first_entry() -> None:
    story = Story()
    step = story.ruleset.steps["work_plan"]
    assert gaps(story.case, step) == (Gap(step.basis, None),)
    story.tell("work_plan", "2025-05-15", item="technical")
    assert gaps(story.case, step) == ()


def test_work_safety_is_led_jointly() -> None:
    story = Story()
    story.tell("decide_category", "2025-05-14", category="work_safety")
    assert story.case.lead.value == ("emergency_management", "fire_rescue")


def test_facts_are_seen_as_they_were_when_an_entry_counted() -> None:
    story = Story()
    story.tell("update_figures", "2025-05-14", deaths=2)
    story.tell("update_figures", "2025-05-16", deaths=3)
    case = story.case
    seen: list[Any] = [
        case.view_at(on, seq)["deaths"]
        for on, seq in [
            (date(2025, 5, 1), 1),
            (date(2025, 5, 14), 2),
            (date(2025, 5, 15), 9),
            (date(2025, 5, 16), 3),
        ]
    ]
    assert seen == [1, 2, 2, 3]


def test_the_opening_is_told_with_its_place_and_time() -> None:
    at = datetime(2025, 5, 12, 15, 50, tzinfo=UTC)
    story = Story(at=at)
    assert story.case.occurred_at == at
    assert story.case.opening_facts.division == "530325"
