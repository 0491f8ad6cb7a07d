"""Which clocks run, from when, until when, and what ends them."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from fireinvest.regulation.clocks import AlternativeKind, State, alternatives
from fireinvest.regulation.facts import Facts
from fireinvest.regulation.profile import StartsFrom
from fireinvest.workflow.actions import Finding, HandingOver, Merging, Opening, Raising, Voiding
from fireinvest.workflow.deadlines import runs_of
from fireinvest.workflow.permissions import may_take
from tests.regulation.law import HARMLESS, day, law_of
from tests.workflow.stories import (
    CALENDAR,
    CASE_ID,
    CITY,
    OFFICER,
    ONE_DEATH,
    REVIEWER,
    Story,
    holder,
    told_before,
    told_until,
    with_reading,
)

WORK_SAFETY: dict[str, Any] = {**ONE_DEATH, "category": "work_safety"}

#: The fire-rescue agency's own clock, which runs beside those of the rule from the fire on.
OWN = "determination/1"


def states(story: Story, as_of: str) -> dict[str, str]:
    """Where the clocks of the rule stand, without the agency's own."""
    found = story.deadlines(as_of).items()
    return {name: each.state.value for name, each in found if name != OWN}


def due(story: Story, name: str, as_of: str = "2025-05-13") -> str:
    return story.clock(name, as_of).due_on.isoformat()


# ---------------------------------------------------------------------------- from the fire


def test_a_new_case_has_the_request_and_the_report_to_do() -> None:
    story = Story()
    assert states(story, "2025-05-13") == {"team_request/1": "running", "report/1": "running"}
    assert due(story, "team_request/1") == "2025-05-15"
    assert due(story, "report/1") == "2025-07-11"


def test_the_request_satisfies_by_its_sending_and_the_first_one_counts() -> None:
    story = Story()
    story.tell("request_team", "2025-05-15")
    story.tell("request_team", "2025-05-16")
    found = story.clock("team_request/1", "2025-06-01")
    assert (found.state, found.run.satisfied_by) == (State.MET, 2)


def test_a_late_request_is_met_late_and_says_by_how_many_days() -> None:
    story = Story()
    story.tell("request_team", "2025-05-19")
    found = story.clock("team_request/1", "2025-06-01")
    assert (found.state, found.days_late) == (State.MET_LATE, 4)


def test_an_unknown_place_leaves_one_clock_of_each_running() -> None:
    story = Story(ruleset=law_of())
    facts = Facts(occurred_on=day("2025-05-12"), deaths=1)
    unplaced = Story(ruleset=story.ruleset, **ONE_DEATH)
    unplaced.division = None
    unplaced.entries.clear()
    unplaced.tell("open", "2025-05-12", Opening(facts))
    unplaced.tell("request_team", "2025-05-13")
    assert unplaced.case.governments == ()
    assert states(unplaced, "2025-05-20") == {"team_request/1": "met", "report/1": "running"}


def test_out_of_scope_the_agencys_own_determination_runs_alone() -> None:
    story = Story(**HARMLESS)
    assert due(story, "determination/1") == "2025-06-11"
    assert list(story.deadlines()) == ["determination/1"]
    story.tell("fire_determination", "2025-06-01")
    assert story.clock("determination/1", "2025-06-02").state is State.MET


def test_a_fire_that_comes_into_scope_later_counts_from_the_fire_and_shows_the_other_date() -> None:
    story = Story(**HARMLESS)
    story.tell("update_figures", "2025-06-02", deaths=1)
    found = story.clock("report/1", "2025-06-03")
    assert (found.due_on, found.run.late_since) == (day("2025-07-11"), day("2025-06-02"))
    others = alternatives(story.ruleset, CALENDAR, found)
    late = [each.due_on for each in others if each.kind is AlternativeKind.LATE_FACT]
    assert late == [day("2025-08-01")]
    own = story.clock("determination/1", "2025-06-03")
    assert (own.state, own.run.late_since) == (State.RUNNING, None)


def test_a_fire_found_to_be_out_of_scope_loses_what_it_never_owed_and_keeps_what_it_did() -> None:
    story = Story(**{**HARMLESS, "social_impact": None})
    story.tell("request_team", "2025-05-13")
    story.tell("decide_social_impact", "2025-05-14", outcome="no")
    assert states(story, "2025-09-01") == {"team_request/1": "met"}
    assert story.clock(OWN, "2025-09-01").state is State.OVERDUE


def test_a_case_of_arson_stops_its_clocks_and_starts_them_again_from_the_fire() -> None:
    story = Story()
    story.tell("decide_category", "2025-05-20", category="arson_filed")
    assert states(story, "2025-09-01") == {
        "team_request/1": "handed_over",
        "report/1": "handed_over",
    }
    assert story.clock("report/1").run.handed_over_on == day("2025-05-20")
    story.tell("decide_category", "2025-06-20", category="ordinary")
    assert states(story, "2025-06-21") == {"team_request/1": "overdue", "report/1": "running"}
    assert due(story, "report/1") == "2025-07-11"


def test_a_merged_case_has_nothing_running_any_more() -> None:
    story = Story()
    story.tell("request_team", "2025-05-13")
    story.tell("merge", "2025-05-20", Merging("case-2"))
    assert states(story, "2026-01-01") == {"team_request/1": "met", "report/1": "handed_over"}


# ---------------------------------------------------------------------------- the agency's own


@pytest.mark.parametrize("facts", [ONE_DEATH, HARMLESS], ids=["in scope", "out of scope"])
def test_the_determination_runs_from_the_fire_beside_the_rule_or_alone(
    facts: dict[str, Any],
) -> None:
    story = Story(**facts)
    assert (due(story, OWN), story.clock(OWN).run.start_on) == ("2025-06-11", day("2025-05-12"))
    # A test is left out of it, and not of the report's clock.
    story.take("test_commissioned", "2025-05-20", ref="T1")
    story.take("test_returned", "2025-05-29", ref="T1")
    assert due(story, OWN, "2025-06-01") == "2025-06-20"
    if "report/1" in story.deadlines("2025-06-01"):
        assert due(story, "report/1", "2025-06-01") == "2025-07-11"


@pytest.mark.parametrize(
    ("days", "decided_on", "expected"),
    [
        (29, "2025-06-11", "2025-07-10"),
        (30, "2025-06-11", "2025-07-11"),
        (31, "2025-06-11", "2025-07-11"),
        (30, "2025-06-12", "2025-06-11"),
    ],
)
def test_the_agency_next_above_prolongs_the_determination_once_by_thirty_days_at_most(
    days: int, decided_on: str, expected: str
) -> None:
    story = Story()
    above = holder("agency_head", division=CITY, tier="city")
    story.take("ask_determination_extension", "2025-06-10", days=days, actor=OFFICER)
    decide = story.ruleset.steps["decide_determination_extension"]
    assert may_take(above, decide, story.case, CASE_ID)
    assert not may_take(OFFICER, decide, story.case, CASE_ID)
    assert not may_take(REVIEWER, decide, story.case, CASE_ID)
    story.take("decide_determination_extension", decided_on, days=days, actor=above, reason="批复")
    assert due(story, OWN, decided_on) == expected
    assert due(story, "report/1", decided_on) == "2025-07-11"


def test_where_a_superior_investigates_the_local_determination_is_handed_over() -> None:
    story = Story(deaths=8)
    story.tell("update_figures", "2025-05-18", deaths=12)
    assert story.clock(OWN, "2025-05-19").state is State.RUNNING
    story.tell("hand_over", "2025-05-20", HandingOver("province"))
    assert story.clock(OWN, "2025-05-21").state is State.HANDED_OVER


# ---------------------------------------------------------------------------- hand-over


def test_a_rise_asks_for_a_second_request_and_leaves_the_first_governments_clocks_alone() -> None:
    story = Story()
    story.tell("request_team", "2025-05-13")
    story.tell("update_figures", "2025-05-16", deaths=3)
    found = story.deadlines("2025-05-17")
    assert set(found) == {"team_request/1", "team_request/2", "report/1", OWN}
    assert found["team_request/2"].run.government == "city"
    assert found["team_request/2"].run.late_since == day("2025-05-16")
    assert found["team_request/2"].due_on == day("2025-05-15")
    assert found["report/1"].state is State.RUNNING


def test_old_clocks_end_at_the_recorded_hand_over_and_the_new_ones_count_from_the_fire() -> None:
    story = Story()
    story.tell("update_figures", "2025-05-16", deaths=3)
    assert states(story, "2025-05-19")["report/1"] == "running"
    story.tell("hand_over", "2025-05-20", HandingOver("city"))
    assert states(story, "2025-05-21") == {
        "team_request/1": "handed_over",
        "team_request/2": "overdue",
        "report/1": "handed_over",
        "report/2": "running",
    }
    found = story.deadlines("2025-05-21")
    assert found["report/1"].run.handed_over_on == day("2025-05-20")
    assert (found["report/2"].run.start_on, found["report/2"].due_on) == (
        day("2025-05-12"),
        day("2025-07-11"),
    )


def test_a_request_that_names_its_government_satisfies_that_ones_clock_only() -> None:
    story = Story()
    story.tell("update_figures", "2025-05-13", deaths=3)
    story.tell("request_team", "2025-05-14", government="county")
    assert states(story, "2025-05-14")["team_request/1"] == "met"
    assert states(story, "2025-05-14")["team_request/2"] == "running"
    story.tell("request_team", "2025-05-15", government="city")
    assert states(story, "2025-05-16")["team_request/2"] == "met"
    story.tell("request_team", "2025-05-16", government="province")
    assert story.clock("team_request/2").run.satisfied_by == 4


def test_a_request_without_a_name_belongs_to_the_government_responsible_on_its_day() -> None:
    story = Story()
    story.tell("request_team", "2025-05-13")
    story.tell("update_figures", "2025-05-14", deaths=3)
    story.tell("request_team", "2025-05-14")
    story.tell("hand_over", "2025-05-16", HandingOver("city"))
    found = story.deadlines("2025-05-17")
    assert found["team_request/1"].run.satisfied_by == 2
    assert found["team_request/2"].run.satisfied_by == 4


def test_a_report_of_the_day_of_the_hand_over_belongs_to_whoever_had_the_case_then() -> None:
    story = Story()
    story.tell("submit_report", "2025-05-20")
    story.tell("raise", "2025-05-20", Raising("city"))
    found = story.deadlines("2025-05-21")
    assert found["report/1"].state is State.MET
    assert found["report/2"].state is State.RUNNING
    assert found["reply/1"].state is State.HANDED_OVER


def test_a_reply_after_the_hand_over_answers_only_what_went_to_the_new_government() -> None:
    story = Story()
    story.tell("submit_report", "2025-05-20")
    story.tell("raise", "2025-05-22", Raising("city"))
    story.tell("submit_report", "2025-06-20")
    story.tell("reply", "2025-06-25")
    found = story.deadlines("2025-07-01")
    assert found["reply/1"].run.handed_over_on == day("2025-05-22")
    assert found["reply/2"].state is State.MET
    assert found["report/2"].state is State.MET


def test_the_province_is_asked_by_a_request_and_gets_no_other_clock_of_this_rule() -> None:
    story = Story(**{**HARMLESS, "deaths": 8})
    story.tell("request_team", "2025-05-13")
    story.tell("update_figures", "2025-05-18", deaths=12)
    assert states(story, "2025-05-19") == {
        "team_request/1": "met",
        "team_request/2": "overdue",
        "report/1": "running",
    }
    story.tell("hand_over", "2025-05-20", HandingOver("province"))
    assert states(story, "2025-09-01") == {
        "team_request/1": "met",
        "team_request/2": "handed_over",
        "report/1": "handed_over",
    }


def test_assistance_has_tasks_and_after_the_superiors_reply_its_measures() -> None:
    story = Story(deaths=12)
    story.tell("assist_task", "2025-05-14", ref="A1", due_on=day("2025-05-20"), what="traffic")
    story.tell("superior_reply", "2025-10-01")
    story.tell("set_measure", "2025-10-09", ref="M1", due_on=day("2025-12-31"))
    assert states(story, "2025-11-01") == {"assist/A1": "overdue", "measure/M1": "running"}
    assert story.clock("assist/A1").run.about == "traffic"
    story.tell("assist_done", "2025-05-20", ref="A1")
    assert states(story, "2025-11-01")["assist/A1"] == "met"


def test_a_governments_clock_may_start_from_a_step_of_its_own() -> None:
    law = law_of()
    report = replace(law.clocks["report"], starts_from=StartsFrom.STEP)
    founding = replace(law.steps["establish_team"], starts=("report",))
    other = replace(
        law,
        clocks={**law.clocks, "report": report},
        steps={**law.steps, "establish_team": founding},
    )
    story = Story(ruleset=other, **ONE_DEATH)
    assert "report/1" not in story.deadlines()
    story.tell("establish_team", "2025-05-14")
    story.tell("raise", "2025-05-20", Raising("city"))
    found = story.deadlines("2025-05-21")
    assert found["report/1"].run.start_on == day("2025-05-14")
    assert "report/2" not in found
    story.tell("establish_team", "2025-05-22")
    assert story.clock("report/2").run.start_on == day("2025-05-22")


# ---------------------------------------------------------------------------- report and reply


def submitted(*lines: tuple[str, str]) -> Story:
    story = Story()
    for step, on in lines:
        story.tell(step, on)
    return story


def test_the_reply_counts_from_the_receipt_and_until_it_is_known_from_the_sending() -> None:
    story = submitted(("submit_report", "2025-09-05"))
    found = story.clock("reply/1", "2025-09-08")
    assert (found.run.start_on, found.run.awaits_receipt) == (day("2025-09-05"), True)
    story.tell("receive_report", "2025-09-09")
    found = story.clock("reply/1", "2025-09-10")
    assert (found.run.start_on, found.run.awaits_receipt) == (day("2025-09-09"), False)
    assert found.due_on == day("2025-09-29")


def test_a_return_ends_its_instance_as_returned_and_the_next_receipt_starts_a_new_one() -> None:
    story = submitted(
        ("submit_report", "2025-09-08"),
        ("receive_report", "2025-09-09"),
        ("return_report", "2025-09-15"),
        ("submit_report", "2025-09-18"),
        ("receive_report", "2025-09-19"),
    )
    assert states(story, "2025-09-20")["reply/1"] == "returned"
    second = story.clock("reply/2", "2025-09-20")
    assert (second.run.start_on, second.run.first_start_on) == (
        day("2025-09-19"),
        day("2025-09-09"),
    )
    assert second.due_on == day("2025-10-16")
    others = alternatives(story.ruleset, CALENDAR, second)
    assert ("continue", day("2025-09-29")) in [(each.option, each.due_on) for each in others]
    story.tell("return_report", "2025-09-20")
    story.tell("submit_report", "2025-09-22")
    third = story.clock("reply/3", "2025-09-23")
    assert third.run.first_start_on == day("2025-09-09")


def test_the_reading_without_a_new_start_counts_on_from_the_first_receipt() -> None:
    story = submitted(
        ("submit_report", "2025-09-09"),
        ("return_report", "2025-09-15"),
        ("submit_report", "2025-09-19"),
    )
    story.ruleset = with_reading(story.ruleset, "return-restarts", "continue")
    assert due(story, "reply/2") == "2025-09-29"


def test_the_report_stays_satisfied_by_the_first_submission() -> None:
    story = submitted(
        ("submit_report", "2025-07-01"),
        ("return_report", "2025-07-10"),
        ("submit_report", "2025-08-01"),
    )
    found = story.clock("report/1", "2025-08-02")
    assert (found.state, found.run.satisfied_on) == (State.MET, day("2025-07-01"))


def test_a_reply_satisfies_the_submission_that_it_answers() -> None:
    story = submitted(
        ("submit_report", "2025-07-01"),
        ("return_report", "2025-07-10"),
        ("submit_report", "2025-07-15"),
        ("reply", "2025-07-20"),
    )
    assert states(story, "2025-08-01")["reply/1"] == "returned"
    assert states(story, "2025-08-01")["reply/2"] == "met"


def test_a_receipt_or_return_belongs_to_the_submission_before_it() -> None:
    story = submitted(
        ("submit_report", "2025-07-01"),
        ("submit_report", "2025-07-05"),
        ("receive_report", "2025-07-06"),
        ("return_report", "2025-07-07"),
    )
    first, second = (story.clock(name, "2025-07-08").run for name in ("reply/1", "reply/2"))
    assert (first.awaits_receipt, first.returned_on) == (True, None)
    assert (second.awaits_receipt, second.returned_on) == (False, day("2025-07-07"))


# ---------------------------------------------------------------------------- extensions, tests


def extended(on: str, days: int = 30) -> Story:
    story = Story()
    story.tell("ask_extension", "2025-06-20")
    story.tell("decide_extension", on, days=days, outcome="approved")
    return story


@pytest.mark.parametrize(
    ("on", "expected"), [("2025-07-11", "2025-08-10"), ("2025-07-12", "2025-07-11")]
)
def test_an_extension_moves_the_date_only_if_approved_by_then(on: str, expected: str) -> None:
    assert due(extended(on), "report/1", "2025-07-13") == expected


def test_extensions_together_are_sixty_days_at_most() -> None:
    story = extended("2025-07-01", 40)
    story.tell("decide_extension", "2025-07-02", days=40, outcome="approved")
    found = story.clock("report/1")
    assert found.due_on == day("2025-09-09")
    assert [each.excess_days for each in found.count.prolonged] == [0, 20]


def test_a_refused_extension_and_one_after_the_submission_move_nothing() -> None:
    story = Story()
    story.tell("decide_extension", "2025-06-20", outcome="refused")
    assert due(story, "report/1") == "2025-07-11"
    story.tell("submit_report", "2025-06-25")
    story.tell("decide_extension", "2025-06-26", outcome="approved")
    assert due(story, "report/1") == "2025-07-11"
    story.tell("decide_extension", "2025-06-24", outcome="approved")
    assert due(story, "report/1") == "2025-08-10"


def test_an_extension_without_its_days_adds_none() -> None:
    story = Story()
    story.tell("decide_extension", "2025-06-20", days=None)
    assert due(story, "report/1") == "2025-07-11"


def test_another_kind_under_an_extensions_name_extends_nothing() -> None:
    story = Story()
    story.tell("decide_extension", "2025-06-20", Finding(outcome="approved", text="yes"))
    assert due(story, "report/1") == "2025-07-11"


def test_appraisal_time_is_recorded_and_shown_beside_the_due_date() -> None:
    story = Story()
    story.tell("test_commissioned", "2025-05-20", ref="T1")
    story.tell("test_returned", "2025-05-30", ref="T1")
    found = story.clock("report/1", "2025-06-01")
    assert found.due_on == day("2025-07-11")
    others = {each.option: each.due_on for each in alternatives(story.ruleset, CALENDAR, found)}
    assert others["excluded"] > others["counted"] == day("2025-07-11")


def test_in_work_safety_appraisal_time_is_left_out_by_decree_493() -> None:
    story = Story(**WORK_SAFETY)
    story.tell("test_commissioned", "2025-05-20", ref="T1")
    story.tell("test_returned", "2025-05-30", ref="T1")
    found = story.clock("report/1", "2025-06-01")
    assert found.term is not None
    assert found.term.id == "report-493"
    assert found.due_on > day("2025-07-11")
    assert found.act_by <= day("2025-07-11")


def test_an_appraisal_that_is_out_at_the_submission_moves_the_met_clock_no_more() -> None:
    story = Story(**WORK_SAFETY)
    story.tell("test_commissioned", "2025-06-30", ref="T1")
    story.tell("submit_report", "2025-07-05")
    before = due(story, "report/1", "2025-07-06")
    assert due(story, "report/1", "2025-12-31") == before
    story.tell("test_returned", "2025-08-30", ref="T1")
    story.tell("test_commissioned", "2025-08-30", ref="T2")
    assert due(story, "report/1", "2025-12-31") == before


# ---------------------------------------------------------------------------- work safety


def test_in_work_safety_the_reply_has_fifteen_natural_days() -> None:
    story = Story(**WORK_SAFETY)
    story.tell("submit_report", "2025-09-09")
    found = story.clock("reply/1", "2025-09-10")
    assert found.due_on == day("2025-09-24")
    assert found.act_by == day("2025-09-24")


def test_a_reply_that_was_given_keeps_the_terms_that_held_then() -> None:
    story = Story()
    story.tell("submit_report", "2025-09-09")
    story.tell("reply", "2025-09-26")
    assert story.clock("reply/1").state is State.MET
    story.tell("decide_category", "2025-10-20", category="work_safety")
    found = story.clock("reply/1", "2025-10-21")
    assert (found.due_on, found.state) == (day("2025-09-29"), State.MET)


def test_under_national_law_alone_only_work_safety_has_clocks() -> None:
    ordinary = Story("2022-05-12", ruleset=law_of("2022-05-12"), **ONE_DEATH)
    assert ordinary.deadlines("2022-05-13") == {}
    safety = Story("2022-05-12", ruleset=law_of("2022-05-12"), **WORK_SAFETY)
    assert list(safety.deadlines("2022-05-13")) == ["report/1"]


# ---------------------------------------------------------------------------- after the reply


def replied(**said: Any) -> Story:
    story = Story()
    story.tell("submit_report", "2025-06-24")
    story.tell("reply", "2025-07-10", **said)
    return story


def test_the_reply_starts_publication_delivery_file_and_evaluation_but_not_the_copies() -> None:
    story = replied()
    assert {
        name
        for name in story.deadlines()
        if name != OWN and name.split("/")[0] not in ("report", "reply")
    } == {
        "team_request/1",
        "publication/1",
        "delivery/1",
        "archive/1",
        "evaluation/1",
    }
    assert due(story, "publication/1") == "2025-08-07"
    assert due(story, "delivery/1") == "2025-07-17"
    assert due(story, "archive/1") == "2025-08-09"


def test_copies_count_from_the_leads_receipt_of_the_reply() -> None:
    story = replied()
    story.tell("reply_received", "2025-07-15")
    found = story.clock("copies/1", "2025-07-16")
    assert (found.run.start_on, found.due_on) == (day("2025-07-15"), day("2025-07-22"))


@pytest.mark.parametrize(
    ("step", "clock", "items"),
    [
        (
            "publish",
            "publication/1",
            ["report_media", "report_website", "result_media", "result_website"],
        ),
        ("deliver_reply", "delivery/1", ["lead", "discipline", "judicial"]),
        ("archive", "archive/1", ["founding", "report", "signatures", "reply", "evidence"]),
    ],
)
def test_a_list_is_satisfied_by_the_entry_that_completes_it(
    step: str, clock: str, items: list[str]
) -> None:
    story = replied()
    for item in items:
        assert story.clock(clock, "2025-07-14").state is State.RUNNING
        story.tell(step, "2025-07-14", item=item)
    last = story.entries[-1].seq
    found = story.clock(clock, "2025-07-20")
    assert (found.state, found.run.satisfied_by) == (State.MET, last)
    story.tell(step, "2025-07-15", item=items[0])
    assert story.clock(clock, "2025-07-20").run.satisfied_by == last


def test_the_file_may_lack_test_reports_but_nothing_else() -> None:
    story = replied()
    for item in ("founding", "report", "signatures", "reply", "tests"):
        story.tell("archive", "2025-07-14", item=item)
    assert story.clock("archive/1", "2025-07-20").state is State.RUNNING


def test_the_evaluation_is_due_a_year_after_the_closing_and_opens_after_ten_months() -> None:
    story = Story(**{**HARMLESS, "deaths": 5})
    story.tell("submit_report", "2025-06-24")
    story.tell("reply", "2025-07-10")
    found = story.clock("evaluation/1", "2025-08-01")
    assert (found.due_on, found.opens_on) == (day("2026-07-10"), day("2026-05-10"))


def test_a_later_closing_moves_the_evaluation() -> None:
    assert due(replied(), "evaluation/1") == "2026-07-10"
    assert due(replied(effective_on=date(2025, 7, 20)), "evaluation/1") == "2026-07-20"


def test_the_evaluation_is_satisfied_by_its_report_or_in_another_reading_by_its_opening() -> None:
    story = replied()
    opened = story.tell("open_evaluation", "2026-05-11")
    assert story.clock("evaluation/1", "2026-06-01").state is State.RUNNING
    handed = story.tell("evaluation_report", "2026-06-10")
    assert story.clock("evaluation/1", "2026-07-01").run.satisfied_by == handed.seq
    story.ruleset = with_reading(story.ruleset, "evaluation-done", "opened")
    assert story.clock("evaluation/1", "2026-07-01").run.satisfied_by == opened.seq


# ---------------------------------------------------------------------------- by reference


def test_each_measure_has_its_own_clock_which_only_proof_or_being_overtaken_ends() -> None:
    story = replied()
    story.tell("set_measure", "2025-07-20", ref="M1", due_on=date(2025, 9, 30), what="doors")
    story.tell("set_measure", "2025-07-20", ref="M2", due_on=date(2025, 10, 31))
    assert states(story, "2025-10-10")["measure/M1"] == "overdue"
    assert states(story, "2025-10-10")["measure/M2"] == "running"
    story.tell("accept_measure", "2025-09-20", ref="M1", outcome="not_proved")
    assert states(story, "2025-10-10")["measure/M1"] == "overdue"
    story.tell("accept_measure", "2025-10-01", ref="M1", outcome="proved")
    story.tell("accept_measure", "2025-10-01", ref="M2", outcome="overtaken")
    assert states(story, "2025-10-10")["measure/M1"] == "met_late"
    assert states(story, "2025-10-10")["measure/M2"] == "met"


def test_what_lacks_its_reference_or_date_or_repeats_it_starts_no_clock() -> None:
    story = replied()
    story.tell("set_measure", "2025-07-20", ref=None, due_on=date(2025, 9, 30))
    story.tell("set_measure", "2025-07-20", ref="M1", due_on=None)
    story.tell("set_measure", "2025-07-20", ref="M2", due_on=date(2025, 9, 30))
    story.tell("set_measure", "2025-07-21", ref="M2", due_on=date(2025, 11, 30))
    story.tell("set_measure", "2025-07-21", Finding(text="another kind"))
    assert [name for name in story.deadlines() if name.startswith("measure")] == ["measure/M2"]
    assert due(story, "measure/M2") == "2025-09-30"


def test_a_supervision_is_ordered_extended_and_lifted() -> None:
    story = replied()
    story.tell("order_supervision", "2025-12-02", ref="S1", due_on=date(2026, 3, 31))
    story.tell("order_supervision", "2025-12-02", ref="S2", due_on=date(2026, 3, 31))
    story.tell("extend_supervision", "2026-03-01", ref="S1", due_on=date(2026, 4, 30))
    story.tell("extend_supervision", "2026-03-02", ref="S1", due_on=None)
    assert due(story, "supervision/S1") == "2026-04-30"
    assert due(story, "supervision/S2") == "2026-03-31"
    story.tell("lift_supervision", "2026-04-20", ref="S1")
    story.tell("extend_supervision", "2026-05-01", ref="S1", due_on=date(2026, 12, 31))
    found = story.clock("supervision/S1", "2026-06-01")
    assert (found.state, found.due_on) == (State.MET, day("2026-04-30"))


def test_a_penalty_is_on_record_and_has_no_clock() -> None:
    story = replied()
    story.tell("record_penalty", "2025-08-01", ref="P1", outcome="carried_out")
    assert "measure/P1" not in story.deadlines()
    assert "record_penalty" in story.case.done


# ---------------------------------------------------------------------------- as a whole


def test_the_whole_procedure_ends_every_clock() -> None:
    story = told_until("evaluation")
    story.tell("fire_determination", "2025-06-05")
    found = story.deadlines("2026-07-01")
    assert [name for name, each in found.items() if each.state is State.RUNNING] == []


def test_before_the_reply_nothing_of_what_follows_it_runs() -> None:
    story = told_before("reply")
    assert set(states(story, "2025-07-03")) == {"team_request/1", "report/1", "reply/1", "reply/2"}


def test_voiding_the_reply_takes_its_clocks_back() -> None:
    story = replied()
    story.tell("void", "2025-07-11", Voiding(3))
    assert set(states(story, "2025-07-12")) == {"team_request/1", "report/1", "reply/1"}
    assert states(story, "2025-07-12")["reply/1"] == "running"


def test_an_entry_with_its_time_satisfies_at_that_time() -> None:
    story = Story()
    at = datetime(2025, 5, 13, 2, tzinfo=UTC)
    story.take("request_team", "2025-05-13", at=at)
    clock = story.ruleset.clocks["team_request"]
    assert [run.satisfied_at for run in runs_of(story.case, clock)] == [at]
