"""When each step must begin at the latest, and whether what is owed still fits."""

from itertools import pairwise
from typing import Any

import pytest

from fireinvest.workflow.actions import Correcting, Merging, Planning, Voiding
from fireinvest.workflow.engine import Action
from fireinvest.workflow.errors import Invalid, NotAllowed, Refused
from fireinvest.workflow.permissions import PLANNING, Actor, may_plan
from fireinvest.workflow.planning import (
    LONGEST_STEP,
    Fit,
    PlannedStep,
    begin_by,
    days_of,
    fit_of,
    next_owed,
    plan_backwards,
)
from tests.regulation.law import day
from tests.workflow.stories import (
    CALENDAR,
    CASE_ID,
    LEADER,
    OFFICER,
    ON_CASE,
    REVIEWER,
    STRANGER,
    Story,
    faults,
    holder,
    told_before,
)


def planned(story: Story, as_of: str) -> list[PlannedStep]:
    plan = story.ruleset.plans["report"]
    return list(
        plan_backwards(story.case, CALENDAR, plan, story.clock("report/1", as_of), day(as_of))
    )


def fit(story: Story, as_of: str) -> Fit | None:
    found = story.clock("report/1", as_of)
    return fit_of(CALENDAR, found, planned(story, as_of), day(as_of))


def by_step(story: Story, as_of: str) -> dict[str, PlannedStep]:
    return {each.step: each for each in planned(story, as_of)}


def test_a_plan_ends_on_the_day_to_act_and_its_steps_follow_without_a_gap() -> None:
    steps = planned(Story(), "2025-05-13")
    assert [each.step for each in steps][:2] == ["line_finding", "group_report"]
    assert steps[-1].step == "submit_report"
    assert steps[-1].finish_by == day("2025-07-11")
    for before, after in pairwise(steps):
        assert CALENDAR.nth_working_day(before.finish_by, 1) == after.start_by
    for each in steps:
        # From the first to the last day, both worked.
        assert CALENDAR.working_days_between(each.start_by, each.finish_by) + 1 == each.working_days
        assert CALENDAR.is_working(each.start_by)
        assert each.working_days == each.usual


def test_a_step_is_late_from_the_day_after_its_latest_start() -> None:
    first = planned(Story(), "2025-05-13")[0]
    assert not first.is_late
    assert not planned(Story(), first.start_by.isoformat())[0].is_late
    assert planned(Story(), CALENDAR.nth_working_day(first.start_by, 1).isoformat())[0].is_late


def test_a_step_through_a_list_is_done_with_its_last_item() -> None:
    story = told_before("group_report")
    done = {each.step: each.done_on for each in planned(story, "2025-06-05")}
    assert done["line_finding"] == day("2025-06-03")
    lacking = story.without(story.entries[-1].seq)
    assert {each.step: each.done_on for each in planned(lacking, "2025-06-05")}[
        "line_finding"
    ] is None


def test_signatures_are_done_when_everybody_has_signed() -> None:
    story = told_before("submit_report")
    done = {each.step: each.done_on for each in planned(story, "2025-06-24")}
    assert done["sign_report"] == day("2025-06-23")
    assert done["submit_report"] is None
    lacking = story.without(story.entries[-1].seq)
    found = {each.step: each for each in planned(lacking, "2025-12-24")}
    assert found["sign_report"].done_on is None
    assert found["sign_report"].is_late
    assert not found["approve_report"].is_late


def test_a_step_that_the_rule_leaves_open_is_passed_once_a_later_one_is_done() -> None:
    story = Story()
    assert by_step(story, "2025-06-10")["group_report"].is_owed
    story.tell("analysis_meeting", "2025-06-05")
    found = by_step(story, "2025-06-10")
    assert found["group_report"].is_passed
    assert not found["group_report"].is_owed
    # What the rule wants stays owed, and what is done behind it takes no room any more.
    assert found["line_finding"].is_owed
    assert found["line_finding"].finish_by == found["group_report"].finish_by
    assert CALENDAR.nth_working_day(found["line_finding"].finish_by, 1) == (
        found["determine_cause"].start_by
    )


def test_what_is_owed_fits_until_the_latest_start_of_its_first_step() -> None:
    story = Story()
    first = next_owed(planned(story, "2025-05-13"))
    assert first is not None
    needed = sum(each.working_days for each in planned(story, "2025-05-13"))
    for days_after, slack in ((-1, 1), (0, 0), (1, -1)):
        on = (
            CALENDAR.nth_working_day(first.start_by, days_after)
            if days_after > 0
            else (CALENDAR.nth_working_day_before(first.start_by, -days_after))
        )
        found = fit(story, on.isoformat())
        assert found == Fit(needed, needed + slack)
        assert found.slack == slack
        assert (found.slack < 0) is planned(story, on.isoformat())[0].is_late
    # Past the day to act by nothing is left, and it doesn't become more than all of it.
    assert fit(story, "2025-08-01") == Fit(needed, 0)


def test_a_plan_of_which_everything_is_done_has_nothing_to_fit() -> None:
    story = told_before("receive_report")
    assert fit(story, "2025-07-01") is None
    assert next_owed(planned(story, "2025-07-01")) is None
    assert begin_by(story.case, CALENDAR, story.clock("report/1", "2025-07-01")) is None


def test_the_day_to_begin_by_is_that_of_the_first_step_owed_whenever_one_asks() -> None:
    story = told_before("group_report")
    first = next_owed(planned(story, "2025-06-05"))
    assert first is not None
    for as_of in ("2025-06-05", "2025-12-01"):
        found = story.clock("report/1", as_of)
        assert begin_by(story.case, CALENDAR, found) == (first.start_by, "group_report")
    assert begin_by(story.case, CALENDAR, story.clock("determination/1")) is None
    story.tell("request_team", "2025-05-13")
    assert begin_by(story.case, CALENDAR, story.clock("team_request/1")) is None


# ---------------------------------------------------------------------------- adjusted


def adjusting(working_days: int, step: str = "consult", plan: str = "report") -> Planning:
    return Planning(plan, step, working_days)


@pytest.mark.parametrize("working_days", [1, LONGEST_STEP])
def test_a_step_of_the_plan_takes_what_was_laid_down_for_this_case(working_days: int) -> None:
    story = Story()
    before = by_step(story, "2025-05-13")
    story.take("plan", "2025-05-13", adjusting(working_days), actor=OFFICER, reason="部门多")
    after = by_step(story, "2025-05-13")
    assert (after["consult"].working_days, after["consult"].usual) == (working_days, 5)
    assert after["consult"].finish_by == before["consult"].finish_by
    moved = CALENDAR.working_days_between(after["consult"].start_by, before["consult"].start_by)
    assert moved == working_days - 5
    assert after["draft_report"].working_days == before["draft_report"].working_days
    assert days_of(story.case, "report", "consult") == working_days
    # Voided, it is as usual again.
    story.tell("void", "2025-05-14", Voiding(story.entries[-1].seq))
    assert by_step(story, "2025-05-15")["consult"].working_days == 5


def test_a_correction_of_an_adjustment_counts_as_corrected() -> None:
    story = Story()
    story.take("plan", "2025-05-13", adjusting(9), actor=OFFICER, reason="部门多")
    wrong = story.entries[-1].seq
    correcting = Correcting(wrong, adjusting(8), day("2025-05-13"))
    story.take("correct", "2025-05-14", correcting, actor=OFFICER, reason="多写一天")
    assert days_of(story.case, "report", "consult") == 8


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        (adjusting(0), "working_days"),
        (adjusting(LONGEST_STEP + 1), "working_days"),
        (adjusting(5), "working_days"),
        (adjusting(4, "request_team"), "step"),
        (adjusting(4, plan="reply"), "step"),
    ],
)
def test_what_no_plan_can_say_is_refused(payload: Planning, field: str) -> None:
    story = Story()
    with pytest.raises(Invalid) as refused:
        story.take("plan", "2025-05-13", payload, actor=OFFICER, reason="原因")
    assert [each.field for each in refused.value.problems] == [field]


def test_an_adjustment_needs_a_reason_and_a_case_that_goes_on() -> None:
    story = Story()
    with pytest.raises(Invalid) as refused:
        story.take("plan", "2025-05-13", adjusting(9), actor=OFFICER)
    assert faults(refused.value) == ["reason: This is needed."]
    story.tell("merge", "2025-05-14", Merging("case-2"))
    with pytest.raises(Refused):
        story.take("plan", "2025-05-15", adjusting(9), actor=OFFICER, reason="原因")


def people() -> list[Any]:
    roles = [*sorted(ON_CASE), "agency_head", "archivist", "government_handler"]
    return [pytest.param(holder(role), role in PLANNING, id=role) for role in roles]


@pytest.mark.parametrize(
    ("actor", "may"),
    [*people(), (OFFICER, True), (LEADER, True), (REVIEWER, False), (STRANGER, False)],
)
def test_who_carries_leads_or_heads_the_agency_adjusts_the_plan(actor: Actor, may: bool) -> None:
    story = Story()
    assert may_plan(actor, story.case, CASE_ID) is may
    action = Action("plan", adjusting(9), day("2025-05-13"), reason="原因")
    if may:
        assert story.asked(action, actor=actor, today="2025-05-13").case.planned
    else:
        with pytest.raises(NotAllowed) as refused:
            story.asked(action, actor=actor, today="2025-05-13")
        assert "team leader" in faults(refused.value)[0]


def test_a_step_that_is_none_of_a_plan_has_no_days() -> None:
    case = Story().case
    assert days_of(case, "report", "consult") == 5
    assert days_of(case, "report", "reply") is None
    assert days_of(case, "nothing", "consult") is None
