"""Whose turn it is, in every situation that a case can be in."""

from datetime import date

import pytest

from fireinvest.workflow.actions import HandingOver, Merging
from fireinvest.workflow.next_steps import HAND_OVER, NextStep, next_steps
from tests.workflow.stories import (
    PROCEDURE,
    STAGES,
    Story,
    holder,
    told_before,
    told_until,
)


def nexts(story: Story, as_of: str = "2025-09-10") -> dict[str, list[NextStep]]:
    """The next steps of a case by their step."""
    found: dict[str, list[NextStep]] = {}
    deadlines = story.deadlines(as_of).values()
    for each in next_steps(story.case, deadlines):
        found.setdefault(each.step, []).append(each)
    return found


def now(story: Story) -> set[str]:
    return {name for name, rows in nexts(story).items() if any(each.is_now for each in rows)}


def test_a_fresh_case_asks_for_a_team_and_waits_for_a_report() -> None:
    found = nexts(Story())
    (request,) = found["request_team"]
    assert request == NextStep(
        "request_team", ("carrier", "agency_head"), "county", "team_request", "1", is_now=True
    )
    (submit,) = found["submit_report"]
    assert (submit.clock, submit.is_now) == ("report", False)
    # The team usually comes after the request.
    assert "establish_team" not in found


def test_after_the_request_the_government_is_to_establish_the_team() -> None:
    story = Story()
    story.tell("request_team", "2025-05-13")
    found = nexts(story)
    assert "request_team" not in found
    (establish,) = found["establish_team"]
    assert establish.roles == ("carrier", "government_handler", "government_signer")
    assert (establish.clock, establish.instance, establish.is_now) == (None, None, True)


def test_a_list_is_wanted_until_it_is_whole() -> None:
    story = Story()
    story.tell("request_team", "2025-05-13")
    story.tell("establish_team", "2025-05-14")
    for body in ("fire_rescue", "police", "emergency_management"):
        story.tell("join_team", "2025-05-14", item=body, person=body)
        assert "join_team" in now(story)
    story.tell("join_team", "2025-05-14", item="industry_authority", person="d")
    assert "join_team" not in now(story)


@pytest.mark.parametrize("outcome", ["approved", "refused"])
def test_an_extension_that_was_asked_for_waits_for_the_government(outcome: str) -> None:
    story = Story()
    story.tell("ask_extension", "2025-06-20", days=30)
    (decide,) = nexts(story)["decide_extension"]
    assert decide.roles == ("government_handler", "government_signer")
    assert decide.is_now
    story.tell("decide_extension", "2025-06-25", days=30, outcome=outcome)
    assert "decide_extension" not in nexts(story)
    story.tell("ask_extension", "2025-06-26", days=20)
    assert "decide_extension" in now(story)


def test_a_recusal_waits_for_the_leader_and_the_leaders_for_the_government() -> None:
    story = Story()
    story.tell("establish_team", "2025-05-14", person="zhao")
    story.tell("join_team", "2025-05-14", item="police", person="zhou")
    story.tell("declare_recusal", "2025-05-15", person="zhou", item="interest")
    assert {"decide_recusal", "decide_leader_recusal"} & now(story) == {"decide_recusal"}
    story.tell("declare_recusal", "2025-05-16", person="zhao", item="interest")
    assert {"decide_recusal", "decide_leader_recusal"} <= now(story)
    story.tell("decide_recusal", "2025-05-17", person="zhou", outcome="refused")
    assert {"decide_recusal", "decide_leader_recusal"} & now(story) == {"decide_leader_recusal"}
    story.tell("decide_leader_recusal", "2025-05-18", person="zhao", outcome="granted")
    assert not {"decide_recusal", "decide_leader_recusal"} & now(story)


def test_a_report_waits_for_its_registration_then_for_the_reply() -> None:
    story = told_before("receive_report")
    (receive,) = nexts(story)["receive_report"]
    assert receive.roles == ("government_registrar",)
    (reply,) = nexts(story)["reply"]
    assert (reply.clock, reply.is_now) == ("reply", False)
    story.tell("receive_report", "2025-07-02")
    (reply,) = nexts(story)["reply"]
    assert (reply.clock, reply.instance, reply.is_now) == ("reply", "1", True)
    assert "receive_report" not in nexts(story)


def test_a_returned_report_is_to_be_submitted_again() -> None:
    story = told_before("receive_report")
    story.tell("receive_report", "2025-07-02")
    story.tell("return_report", "2025-07-03")
    found = nexts(story)
    assert found["submit_report"][0].is_now
    assert "reply" not in found


def test_measures_wait_for_their_acceptance_each_by_its_own_clock() -> None:
    story = told_until("execution")
    for ref in ("a", "b"):
        story.tell("set_measure", "2025-10-20", ref=ref, due_on=date(2026, 3, 1))
    found = [each for each in nexts(story)["accept_measure"] if each.instance in ("a", "b")]
    assert {(each.clock, each.instance) for each in found} == {("measure", "a"), ("measure", "b")}
    story.tell("accept_measure", "2025-11-01", ref="a", outcome="not_proved")
    story.tell("accept_measure", "2025-11-02", ref="b", outcome="proved")
    left = {each.instance for each in nexts(story)["accept_measure"]}
    assert "a" in left
    assert "b" not in left


def test_a_risen_case_asks_both_governments_and_waits_to_be_handed_over() -> None:
    story = Story(deaths=2)
    story.tell("request_team", "2025-05-13")
    story.tell("update_figures", "2025-05-14", deaths=4)
    found = nexts(story)
    assert [(each.tier, each.instance) for each in found["request_team"]] == [("city", "2")]
    assert [(each.tier, each.roles) for each in found[HAND_OVER]] == [
        ("county", ("agency_head", "carrier")),
        ("city", ("agency_head",)),
    ]
    story.tell("hand_over", "2025-05-16", HandingOver("city"))
    assert HAND_OVER not in nexts(story)


def test_a_fire_out_of_scope_waits_for_its_determination_alone() -> None:
    story = Story(deaths=0, serious_injuries=0, direct_economic_loss=0, social_impact=False)
    found = nexts(story, "2025-05-20")
    (determine,) = found["fire_determination"]
    assert (determine.clock, determine.is_now) == ("determination", True)
    assert "request_team" not in found


def test_tasks_of_assistance_wait_for_any_tiers_people() -> None:
    story = Story(deaths=12)
    story.tell("assist_task", "2025-05-13", ref="A1", due_on=date(2025, 6, 1))
    (done,) = nexts(story)["assist_done"]
    assert (done.clock, done.instance, done.tier, done.is_now) == ("assist", "A1", None, True)


def test_a_case_that_goes_on_in_another_waits_for_nothing() -> None:
    story = Story()
    story.tell("merge", "2025-05-14", Merging("5303-2025-0009"))
    assert nexts(story) == {}


def test_everything_that_is_next_now_can_be_taken_by_those_it_names() -> None:
    """Along a whole procedure: what is next now is possible, and only what runs or is wanted."""
    story = Story()
    for stage in STAGES:
        for step, on, said in PROCEDURE[stage]:
            story.take(step, on, reason="As it went.", **said)
            for each in next_steps(story.case, story.deadlines(on).values()):
                can = [story.can(each.step, holder(role)) for role in each.roles]
                if each.is_now and each.tier in ("county", None):
                    assert all(can), (step, each.step)
