"""When each step must begin at the latest."""

from itertools import pairwise

from fireinvest.workflow.planning import PlannedStep, plan_backwards
from tests.regulation.law import day
from tests.workflow.stories import CALENDAR, Story, told_before


def planned(story: Story, as_of: str) -> list[PlannedStep]:
    plan = story.ruleset.plans["report"]
    return list(
        plan_backwards(story.case, CALENDAR, plan, story.clock("report/1", as_of), day(as_of))
    )


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
