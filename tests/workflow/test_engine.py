"""The one door: who is refused, what is refused, what is incomplete, and what follows."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from fireinvest.messages import Faulty, render
from fireinvest.regulation.facts import Facts
from fireinvest.workflow.actions import (
    Correcting,
    Decision,
    DocumentSent,
    Extension,
    Figures,
    HandingOver,
    Linking,
    Merging,
    Opening,
    Order,
    Raising,
    Voiding,
)
from fireinvest.workflow.engine import Action, apply, available, late_until, missing
from fireinvest.workflow.errors import Invalid, NotAllowed, Refused, Stale
from fireinvest.workflow.permissions import Actor, Grant
from tests.regulation.law import HARMLESS, day, law_of
from tests.workflow.stories import (
    CALENDAR,
    CASE_ID,
    CITY,
    LEADER,
    OFFICER,
    ONE_DEATH,
    REVIEWER,
    STRANGER,
    THE_SYSTEM,
    Story,
    faults,
    filled,
    holder,
    told_before,
    told_until,
)


def refusal(kind: type[Faulty], take: Callable[[], object]) -> list[str]:
    """What is said when the door stays shut in this way."""
    with pytest.raises(Faulty) as caught:
        take()
    assert type(caught.value) is kind, faults(caught.value)
    return faults(caught.value)


def refused(story: Story, step: str, on: str, **more: Any) -> list[str]:
    return refusal(Refused, lambda: story.take(step, on, **more))


def invalid(story: Story, step: str, on: str, *args: Any, **more: Any) -> list[str]:
    return refusal(Invalid, lambda: story.take(step, on, *args, **more))


# ---------------------------------------------------------------------------- the four answers


def test_a_step_of_somebody_else_is_not_allowed_and_says_for_whom_it_is() -> None:
    found = refusal(NotAllowed, lambda: Story().take("approve_report", "2025-05-13", actor=OFFICER))
    assert found == ["step: This step is for: team leader. (rule:18)"]


def test_a_step_that_the_rule_does_not_have_is_refused() -> None:
    payload = DocumentSent(to="somebody")
    found = refusal(Refused, lambda: Story().take("send_flowers", "2025-05-13", payload))
    assert found == ["step: The rule doesn't have this step."]


def test_a_second_opening_is_refused() -> None:
    story = Story()
    payload = Opening(story.case.opening_facts)
    assert refusal(
        Refused, lambda: story.take("open", "2025-05-13", payload, actor=OFFICER, reason="Why not?")
    )


def test_a_refusal_names_every_reason_with_its_article() -> None:
    assert refused(Story(), "reply", "2025-05-13") == [
        "step: It belongs to a later stage: submission and reply. (rule:22)",
        "step: This must come first: Submit the report. (rule:21)",
    ]


def test_a_step_of_another_mode_is_refused() -> None:
    story = Story(deaths=12)
    assert refused(story, "request_team", "2025-05-13") == [
        "step: This step doesn't belong to such a case. (rule:5)"
    ]


def test_a_step_that_the_facts_rule_out_is_refused() -> None:
    story = Story()
    story.tell("determine_nature", "2025-05-20", outcome="not_responsibility_accident")
    assert "step: The facts of the case rule this step out. (rule:13)" in refused(
        story, "accountability_group", "2025-05-21"
    )


def test_an_incomplete_step_names_every_field() -> None:
    story = told_before("submit_report")
    payload = filled(story.ruleset, "sign_report", person=None, outcome="perhaps")
    assert invalid(story, "sign_report", "2025-05-01", payload, today="2025-04-01") == [
        "person: This is needed. (rule:19)",
        "on: The day lies in the future. (rule:19)",
        "on: The day lies before the fire. (rule:19)",
        "outcome: One of these is needed: signed, dissent, refused. (rule:19)",
    ]


def test_fields_of_another_kind_are_invalid() -> None:
    assert invalid(Story(), "request_team", "2025-05-13", Figures(deaths=1)) == [
        "payload: These fields belong to another kind of step. (rule:5)"
    ]


def test_somebody_who_saw_an_older_case_is_told_so() -> None:
    story = Story()
    story.take("update_figures", "2025-05-13", deaths=2, expected_version=1)
    with pytest.raises(Stale) as caught:
        story.take("update_figures", "2025-05-13", deaths=3, expected_version=1)
    assert (caught.value.expected, caught.value.found) == (1, 2)
    with pytest.raises(Stale):
        story.take(
            "void", "2025-05-13", Voiding(2), actor=OFFICER, reason="Wrong.", expected_version=1
        )


def test_a_failed_action_changes_nothing() -> None:
    story = Story()
    case = story.case
    before = repr(case)
    with pytest.raises(Refused):
        story.take("reply", "2025-05-13")
    assert repr(case) == before == repr(story.case)


def test_an_outcome_holds_the_entry_the_case_and_its_deadlines() -> None:
    story = Story()
    at = datetime(2025, 5, 13, 2, tzinfo=UTC)
    outcome = story.take(
        "request_team", "2025-05-13", actor=OFFICER, at=at, reason="At once.", today="2025-05-14"
    )
    entry = outcome.entry
    assert (entry.seq, entry.step, entry.on, entry.at) == (2, "request_team", date(2025, 5, 13), at)
    assert (entry.actor, entry.reason) == ("officer", "At once.")
    assert entry.recorded_at.date() == day("2025-05-14")
    assert outcome.case.done["request_team"] == (entry,)
    clocks = {each.clock.id for each in outcome.deadlines}
    assert clocks == {"team_request", "report", "determination"}
    assert (outcome.warnings, outcome.linked) == ((), ())


def test_whoever_acts_for_another_is_recorded_with_them() -> None:
    story = Story()
    payload = filled(story.ruleset, "request_team")
    action = Action("request_team", payload, day("2025-05-13"), acting_for="the carrier")
    assert story.asked(action, actor=OFFICER, today="2025-05-13").entry.acting_for == "the carrier"


# ---------------------------------------------------------------------------- time


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (datetime(2025, 5, 15, 8, tzinfo=UTC), "The time lies in the future."),
        (datetime(2025, 5, 12, 15, 59, tzinfo=UTC), "The time lies on another day."),
        (datetime(2025, 5, 13, 16, 0, tzinfo=UTC), "The time lies on another day."),
    ],
)
def test_a_time_belongs_to_its_day_in_china(at: datetime, words: str) -> None:
    found = invalid(Story(), "request_team", "2025-05-13", at=at, today="2025-05-14")
    assert f"at: {words} (rule:5)" in found


@pytest.mark.parametrize("hour", [(12, 16), (13, 15)])
def test_midnight_in_china_is_the_bound_of_a_day(hour: tuple[int, int]) -> None:
    at = datetime(2025, 5, hour[0], hour[1], 0, tzinfo=UTC)
    Story().take("request_team", "2025-05-13", at=at)


def test_a_step_cannot_lie_before_what_it_follows() -> None:
    story = told_before("establish_team")
    assert invalid(story, "establish_team", "2025-05-12", today="2025-05-14") == [
        "on: It can't lie before Request a team of 2025-05-13. (rule:5)"
    ]


def test_a_document_takes_effect_and_sets_dates_from_its_day_on() -> None:
    story = told_before("reply")
    assert invalid(story, "reply", "2025-07-10", effective_on=date(2025, 7, 9)) == [
        "effective_on: It can't lie before the document's day. (rule:22)"
    ]
    story = told_until("execution")
    assert invalid(story, "set_measure", "2026-04-20", ref="M2", due_on=date(2026, 4, 19)) == [
        "due_on: It can't lie before the document's day. (rule:20(6))"
    ]


# ---------------------------------------------------------------------------- reasons


def test_what_is_skipped_needs_a_reason_and_is_then_on_record() -> None:
    story = Story()
    assert invalid(story, "establish_team", "2025-05-14") == [
        "reason: This usually comes first: Request a team. (rule:5)"
    ]
    outcome = story.take("establish_team", "2025-05-14", reason="Asked for by telephone.")
    assert faults(outcome.warnings) == [
        "reason: This usually comes first: Request a team. (rule:5)"
    ]


def test_a_list_half_done_counts_as_skipped() -> None:
    story = told_before("analysis_meeting")
    findings = story.case.done["line_finding"]
    assert story.only(story.entries).take("analysis_meeting", "2025-06-09").warnings == ()
    assert invalid(story.without(findings[-1].seq), "analysis_meeting", "2025-06-09") == [
        "reason: This usually comes first: Finding on a line of responsibility. (rule:15)"
    ]


def test_a_report_without_all_signatures_needs_a_reason() -> None:
    story = told_before("submit_report")
    signature = story.case.done["sign_report"][-1]
    assert invalid(story.without(signature.seq), "submit_report", "2025-06-24") == [
        "reason: This usually comes first: A member signs, dissents, or refuses. (rule:19)"
    ]


def test_being_late_needs_a_reason_and_never_blocks() -> None:
    story = Story()
    assert invalid(story, "request_team", "2025-05-16") == [
        "reason: Team request was due on 2025-05-15. (rule:5)"
    ]
    outcome = story.take("request_team", "2025-05-16", reason="The road was closed.")
    assert faults(outcome.warnings) == ["reason: Team request was due on 2025-05-15. (rule:5)"]


def test_being_late_with_a_house_target_needs_no_reason() -> None:
    story = told_before("deliver_reply")
    for item in ("lead", "discipline", "judicial"):
        assert story.take("deliver_reply", "2025-09-30", item=item).warnings == ()
    assert story.clock("delivery/1").days_late


def test_a_late_entry_of_what_was_done_in_time_needs_none() -> None:
    outcome = Story().take("request_team", "2025-05-15", today="2025-08-01")
    assert outcome.warnings == ()


def test_a_later_closing_needs_a_reason() -> None:
    story = told_before("reply")
    said: dict[str, Any] = {"effective_on": date(2025, 7, 20)}
    assert invalid(story, "reply", "2025-07-10", **said) == [
        "effective_on: The day from which it counts is later than the document. (rule:22)"
    ]
    story.take("reply", "2025-07-10", reason="A part is still open.", **said)
    assert story.clock("evaluation/1").run.start_on == day("2025-07-20")


def test_a_late_or_too_long_extension_is_kept_with_a_reason_and_says_what_it_does() -> None:
    story = Story()
    story.take("ask_extension", "2025-06-18")
    assert invalid(story, "decide_extension", "2025-06-19", days=70) == [
        "days: 10 of the days are in excess. (rule:21)"
    ]
    story.take("decide_extension", "2025-06-19", days=10)
    assert invalid(story, "decide_extension", "2025-07-22", days=10) == [
        "on: It came after 2025-07-21 and moves nothing. (rule:21)"
    ]
    story.take("decide_extension", "2025-07-22", days=10, reason="Received late.")
    assert story.clock("report/1").due_on == day("2025-07-21")


def test_an_expected_step_of_another_mode_is_not_waited_for() -> None:
    story = Story(deaths=12)
    story.take("superior_reply", "2025-10-01")
    assert story.take("set_measure", "2025-10-02", ref="M1").warnings == ()


# ---------------------------------------------------------------------------- late entries


def test_a_step_whose_stage_is_over_can_be_entered_late_with_a_reason() -> None:
    story = told_until("execution")
    assert refused(story, "coordinate", "2025-07-11") == [
        "step: Its stage is over: submission and reply. (rule:17)"
    ]
    assert invalid(story, "coordinate", "2025-06-01", today="2025-07-11") == [
        "reason: Its time is over, so a late entry needs a reason. (rule:17)"
    ]
    assert late_until(story.case, story.ruleset.steps["coordinate"]) == day("2025-07-10")
    story.take("coordinate", "2025-07-10", today="2025-07-20", reason="Found in the file.")
    assert "coordinate" in story.case.done


def test_a_late_entry_looks_past_a_stage_that_was_skipped() -> None:
    story = Story()
    story.take("establish_team", "2025-05-14", reason="Asked for by telephone.")
    story.take("submit_report", "2025-07-01", reason="In haste.")
    step = story.ruleset.steps["work_plan"]
    assert step.through == "evidence"
    assert late_until(story.case, step) == day("2025-07-01")
    assert refused(story, "work_plan", "2025-07-02", reason="Late.")


def test_what_is_impossible_anyway_cannot_be_entered_late() -> None:
    story = told_until("execution")
    assert late_until(story.case, story.ruleset.steps["return_report"]) is None
    assert refused(story, "return_report", "2025-07-09", reason="Late.") == [
        "step: Nothing that was sent still waits for an answer. (rule:22)",
        "step: Its stage is over: submission and reply. (rule:22)",
    ]


def test_a_step_in_its_time_needs_no_late_entry() -> None:
    story = Story()
    assert late_until(story.case, story.ruleset.steps["request_team"]) is None


def test_what_the_county_did_can_still_be_entered_after_the_province_took_over() -> None:
    story = Story()
    story.tell("update_figures", "2025-05-14", deaths=12)
    story.tell("hand_over", "2025-05-20", HandingOver("province"))
    assert refused(story, "request_team", "2025-05-21") == [
        "step: This step doesn't belong to such a case. (rule:5)"
    ]
    story.take(
        "request_team",
        "2025-05-13",
        today="2025-05-21",
        reason="Sent before.",
        government="county",
    )
    assert story.clock("team_request/1").run.satisfied_on == day("2025-05-13")


def test_available_tells_until_when_a_late_entry_is_possible() -> None:
    story = told_until("execution")
    found = {each.step.id: each for each in available(story.case, OFFICER, CASE_ID)}
    assert (found["coordinate"].is_possible, found["coordinate"].late_until) == (
        False,
        day("2025-07-10"),
    )
    assert found["coordinate"].reasons
    assert (found["transfer"].is_possible, found["transfer"].late_until) == (True, None)


# ---------------------------------------------------------------------------- submissions


def test_a_second_submission_waits_for_the_return_of_the_first() -> None:
    story = told_before("receive_report")
    words = "step: The last one is still without an answer; void it or record its return. (rule:21)"
    assert refused(story, "submit_report", "2025-06-25") == [words]


def test_a_returned_report_cannot_be_replied_to_nor_returned_again() -> None:
    story = told_until("review")
    for step, on in [("submit_report", "2025-06-24"), ("return_report", "2025-06-27")]:
        story.take(step, on, reason="As it went.")
    words = "step: Nothing that was sent still waits for an answer. (rule:22)"
    assert refused(story, "reply", "2025-06-30", reason="?") == [words]
    assert refused(story, "return_report", "2025-06-30", reason="?") == [words]


def test_a_return_needs_its_reason_in_writing() -> None:
    story = told_before("return_report")
    assert invalid(story, "return_report", "2025-06-27") == ["reason: This is needed. (rule:22)"]


def test_a_receipt_is_registered_once() -> None:
    story = told_before("return_report")
    assert refused(story, "receive_report", "2025-06-26") == [
        "step: The receipt is on record already. (rule:22)"
    ]


def test_a_forgotten_receipt_can_be_entered_after_the_reply() -> None:
    story = told_until("review")
    story.take("submit_report", "2025-06-24", reason="As it went.")
    story.take("reply", "2025-07-10", reason="Not registered.")
    story.take("receive_report", "2025-06-26", today="2025-07-11", reason="Found.")
    run = story.clock("reply/1").run
    assert (run.start_on, run.satisfied_on) == (day("2025-06-26"), day("2025-07-10"))


@pytest.mark.parametrize(
    ("step", "before", "on", "earliest"),
    [
        ("receive_report", "receive_report", "2025-06-23", "2025-06-24"),
        ("return_report", "return_report", "2025-06-24", "2025-06-25"),
        ("reply", "reply", "2025-07-01", "2025-07-02"),
    ],
)
def test_an_answer_cannot_lie_before_what_it_answers(
    step: str, before: str, on: str, earliest: str
) -> None:
    found = invalid(told_before(before), step, on, today="2025-08-01", reason="?")
    assert any(f"It can't lie before {earliest}." in each for each in found), found


def test_a_new_submission_cannot_lie_before_the_return_of_the_last() -> None:
    story = told_before("return_report")
    story.take("return_report", "2025-06-27", reason="Incomplete.")
    found = invalid(story, "submit_report", "2025-06-26", today="2025-08-01", reason="?")
    assert "on: It can't lie before 2025-06-27. (rule:21)" in found
    story.take("submit_report", "2025-06-27")


def test_a_reply_is_given_once() -> None:
    story = told_until("execution")
    found = refused(story, "reply", "2025-07-10", today="2025-07-20", reason="Again.")
    assert found[0] == "step: It has been done; correct or void the entry instead. (rule:22)"


# ---------------------------------------------------------------------------- kinds


def test_figures_say_something() -> None:
    assert invalid(Story(), "update_figures", "2025-05-13", source="hospital") == [
        "deaths: At least one figure is needed. (rule:8(1))"
    ]


def test_a_kind_of_fire_is_chosen() -> None:
    (found,) = invalid(Story(), "decide_category", "2025-05-13", category=None)
    assert found.startswith("category: One of these is needed: ordinary, work_safety, ")


def test_social_impact_is_decided_with_its_grounds() -> None:
    story = Story()
    assert invalid(story, "decide_social_impact", "2025-05-13", note=None) == [
        "note: The grounds are needed. (rule:2.1)"
    ]
    story.take("decide_social_impact", "2025-05-13", note=None, reason="On the evening news.")


def test_an_extension_is_asked_for_with_its_length_and_grounds() -> None:
    story = Story()
    assert invalid(story, "ask_extension", "2025-06-18", grounds=None, days=0) == [
        "days: At least one day is needed. (rule:21)",
        "grounds: The grounds are needed. (rule:21)",
    ]
    story.take("ask_extension", "2025-06-18", Extension(days=15), reason="Many parties.")


def test_a_test_is_commissioned_once_and_returned_by_its_reference() -> None:
    story = told_before("test_returned")
    assert invalid(story, "test_commissioned", "2025-05-21", ref="T1") == [
        "ref: This reference is taken already. (rule:16)"
    ]
    assert invalid(story, "test_returned", "2025-05-21", ref="T2") == [
        "ref: Nothing with this reference is on record. (rule:16)"
    ]
    assert invalid(story, "test_returned", "2025-05-19", today="2025-06-01", ref="T1") == [
        "on: It can't lie before Commission a test of 2025-05-20. (rule:16)",
    ]
    story.take("test_returned", "2025-05-30", ref="T1")
    story.take("test_commissioned", "2025-06-01", ref="T3")
    assert invalid(story, "test_returned", "2025-05-31", today="2025-06-01", ref="T3") == [
        "on: It can't lie before 2025-06-01. (rule:16)"
    ]
    assert invalid(story, "test_returned", "2025-06-01", ref="T1")
    assert invalid(story, "test_commissioned", "2025-06-01", ref=None) == [
        "ref: This is needed. (rule:16)"
    ]
    story.take("test_commissioned", "2025-06-02", ref="T1")


def test_a_measure_has_a_reference_of_its_own_and_a_date() -> None:
    story = told_before("accept_measure")
    on = "2025-08-01"
    assert invalid(story, "set_measure", on, ref=None, due_on=None) == [
        "ref: This is needed. (rule:20(6))",
        "due_on: This is needed. (rule:20(6))",
    ]
    assert invalid(story, "set_measure", on, ref="M1") == [
        "ref: This reference is taken already. (rule:20(6))"
    ]
    assert invalid(story, "accept_measure", on, ref="M9") == [
        "ref: Nothing with this reference is on record. (rule:28(1))"
    ]
    story.take("set_measure", "2025-07-25", today=on, ref="M2")
    assert invalid(story, "accept_measure", "2025-07-24", today=on, ref="M2") == [
        "on: It can't lie before 2025-07-25. (rule:28(1))"
    ]


def test_an_order_without_a_needed_reference_or_date_is_incomplete() -> None:
    story = told_until("execution")
    assert invalid(story, "order_supervision", "2026-04-21", ref=None, due_on=None) == [
        "ref: This is needed. (rule:30)",
        "due_on: This is needed. (rule:30)",
    ]
    assert invalid(story, "extend_supervision", "2026-04-21", ref="S1", due_on=None) == [
        "due_on: This is needed. (rule:30)"
    ]
    assert invalid(story, "lift_supervision", "2026-04-21", ref="S9") == [
        "ref: Nothing with this reference is on record. (rule:30)"
    ]


def test_a_line_of_a_list_is_named() -> None:
    assert invalid(told_before("invite"), "invite", "2025-05-14", item="court") == [
        "item: One of these is needed: discipline, procuratorate. (rule:6)"
    ]


def test_only_members_of_the_team_of_that_day_sign() -> None:
    story = told_before("submit_report")
    words = ["person: Nobody of this name is on the team. (rule:19)"]
    assert invalid(story, "sign_report", "2025-06-24", person="somebody") == words
    assert invalid(story, "sign_report", "2025-06-24", person="expert") == words  # was recused
    story.take("leave_team", "2025-06-24", person="member four")
    story.take("sign_report", "2025-06-24", person="member four")
    assert invalid(story, "sign_report", "2025-06-25", person="member four") == words


def test_a_leader_and_a_member_can_leave_the_team_and_a_stranger_cannot() -> None:
    story = told_until("evidence")
    for person in ("leader", "member one"):
        story.take("leave_team", "2025-06-06", person=person)
    assert invalid(story, "leave_team", "2025-06-06", person="somebody") == [
        "person: Nobody of this name is on the team. (rule:6)"
    ]


def test_a_recusal_needs_a_ground_of_article_7() -> None:
    (found,) = invalid(told_until("evidence"), "declare_recusal", "2025-06-06", item=None)
    assert found == "item: One of these is needed: party_or_kin, interest, relation. (rule:7)"


def test_a_recusal_is_decided_of_somebody_of_whom_it_was_raised() -> None:
    story = told_until("evidence")
    assert invalid(story, "decide_recusal", "2025-06-06", person="member one") == [
        "person: No ground for recusal of this person is on record. (rule:7)"
    ]
    story.take("declare_recusal", "2025-06-06", person="member one")
    story.take("decide_recusal", "2025-06-06", person="member one")
    assert "member one" in story.case.recused
    assert invalid(story, "decide_recusal", "2025-06-06", person=None) == [
        "person: This is needed. (rule:7)"
    ]


def test_the_leaders_own_recusal_is_the_governments() -> None:
    story = told_until("evidence")
    story.take("declare_recusal", "2025-06-06", person="leader")
    assert invalid(story, "decide_recusal", "2025-06-07", person="leader") == [
        "person: Nobody decides on their own recusal. (rule:7)"
    ]
    story.take("decide_leader_recusal", "2025-06-07", person="leader")
    assert story.case.recused == {"expert": day("2025-05-15"), "leader": day("2025-06-07")}


@pytest.mark.parametrize("step", ["join_team", "establish_team"])
def test_whoever_was_recused_takes_up_no_post_again(step: str) -> None:
    story = told_until("evidence")
    assert invalid(story, step, "2025-06-06", person="expert") == [
        "person: This person was recused from the case. (rule:5)"
        if step == "establish_team"
        else "person: This person was recused from the case. (rule:6)"
    ]


def test_a_request_during_a_pending_hand_over_says_to_which_government_it_goes() -> None:
    story = Story()
    story.take("update_figures", "2025-05-14", deaths=3)
    words = "government: One of these is needed: county, city. (rule:5)"
    assert invalid(story, "request_team", "2025-05-14") == [words]
    assert invalid(story, "request_team", "2025-05-14", government="province") == [words]
    story.take("request_team", "2025-05-14", government="city")
    assert story.clock("team_request/2").run.satisfied_on == day("2025-05-14")
    story.take("invite", "2025-05-14")


def test_an_order_may_found_a_team_without_naming_its_leader() -> None:
    story = told_before("establish_team")
    story.take("establish_team", "2025-05-14", Order(document_no="12"))
    assert story.case.members == ()


# ---------------------------------------------------------------------------- code actions


def code_fails(
    kind: type[Faulty], story: Story, step: str, payload: Any, *on: str, **more: Any
) -> list[str]:
    return refusal(kind, lambda: code(story, step, payload, *on, **more))


def code(story: Story, step: str, payload: Any, on: str = "2025-05-20", **more: Any) -> Any:
    more = {"actor": OFFICER, "reason": "For good reason.", **more}
    return story.take(step, on, payload, **more)


def test_a_code_action_is_for_the_carrier_and_the_head_and_needs_a_reason() -> None:
    story = told_before("establish_team")
    for actor in (LEADER, REVIEWER, STRANGER):
        found = code_fails(NotAllowed, story, "void", Voiding(2), actor=actor)
        assert found == ["step: This is for the carrier and the agency's head."]
    head = holder("agency_head")
    code(story.only(story.entries), "void", Voiding(2), actor=head)
    assert refusal(Invalid, lambda: code(story, "void", Voiding(2), reason=None)) == [
        "reason: This is needed."
    ]


def test_a_code_action_lies_between_the_fire_and_today() -> None:
    story = told_before("establish_team")
    for on, words in [
        ("2025-05-21", "on: The day lies in the future."),
        ("2025-05-11", "on: The day lies before the fire."),
    ]:
        found = code_fails(Invalid, story, "void", Voiding(2), on, today="2025-05-20")
        assert found == [words]


def test_a_code_action_has_its_own_fields() -> None:
    words = ["payload: These fields belong to another kind of step."]
    assert refusal(Invalid, lambda: code(Story(), "void", Merging("case-2"))) == words
    assert refusal(Invalid, lambda: code(Story(), "void", Figures(deaths=1))) == words


@pytest.mark.parametrize("target", [1, 99])
def test_only_an_entry_that_counts_and_never_the_opening_is_voided(target: int) -> None:
    (found,) = refusal(Invalid, lambda: code(Story(), "void", Voiding(target)))
    assert found in (
        "target: The opening can't be voided; correct it instead.",
        "target: No entry of this number counts in the case.",
    )


def test_an_entry_is_voided_once_and_what_rested_on_it_is_warned_of() -> None:
    story = told_before("receive_report")
    team = story.case.done["establish_team"][0]
    outcome = code(story, "void", Voiding(team.seq), "2025-06-25")
    assert "It stands before Establish the team." in [
        render(each.text, "en") for each in outcome.warnings
    ]
    assert refusal(Invalid, lambda: code(story, "void", Voiding(team.seq), "2025-06-25"))


def correct(story: Story, step: str, payload: Any, on: str, **more: Any) -> Any:
    target = story.case.done[step][-1].seq
    return code(story, "correct", Correcting(target, payload, day(on)), "2025-08-01", **more)


def test_a_correction_is_checked_like_a_new_entry() -> None:
    story = told_before("reply")
    empty = DocumentSent()
    assert refusal(Invalid, lambda: correct(story, "request_team", empty, "2025-05-11")) == [
        "to: This is needed. (rule:5)",
        "on: The day lies before the fire. (rule:5)",
    ]
    sent = DocumentSent(to="government")
    found = refusal(Invalid, lambda: correct(story, "submit_report", sent, "2025-06-20"))
    assert found == [
        "on: Submissions, receipts, returns and replies would change their order. (rule:21)"
    ]
    assert refusal(Invalid, lambda: correct(story, "request_team", sent, "2025-08-02")) == [
        "on: The day lies in the future. (rule:5)"
    ]
    correct(story, "request_team", sent, "2025-05-12")
    assert story.clock("team_request/1").run.satisfied_on == day("2025-05-12")


def test_a_correction_keeps_to_its_kind_and_to_an_entry_that_counts() -> None:
    story = told_before("establish_team")
    words = ["payload: These fields belong to another kind of step."]
    figures = Figures(deaths=1)
    assert refusal(Invalid, lambda: correct(story, "request_team", figures, "2025-05-13")) == words
    nothing = Correcting(99, figures, day("2025-05-13"))
    assert refusal(Invalid, lambda: code(story, "correct", nothing)) == [
        "target: No entry of this number counts in the case."
    ]


def test_a_reference_may_stay_its_own_when_its_measure_is_corrected() -> None:
    story = told_before("accept_measure")
    payload = filled(story.ruleset, "set_measure", ref="M1", due_on=date(2026, 1, 31))
    correct(story, "set_measure", payload, "2025-07-20")
    assert story.clock("measure/M1").due_on == date(2026, 1, 31)


def test_a_given_return_can_be_corrected_because_its_reason_stands() -> None:
    story = told_before("reply")
    payload = filled(story.ruleset, "return_report", title="incomplete")
    correct(story, "return_report", payload, "2025-06-28")
    assert story.clock("reply/1").run.returned_on == day("2025-06-28")


def test_the_opening_can_be_corrected_within_the_same_rule_and_place() -> None:
    story = Story()
    facts = Facts(occurred_on=day("2025-05-11"), division="530325", deaths=2)
    code(story, "correct", Correcting(1, Opening(facts), facts.occurred_on))
    assert story.case.facts.deaths == 2
    assert story.clock("team_request/1").due_on == day("2025-05-14")
    for other in (
        Facts(occurred_on=day("2025-05-11"), division="530326"),
        Facts(occurred_on=day("2022-05-11"), division="530325"),
    ):
        wrong = Correcting(1, Opening(other), other.occurred_on)
        found = code_fails(Invalid, story, "correct", wrong)
        assert found == [
            "division: Another place or rule needs a case of its own; merge this one into it."
        ]
    future = Facts(occurred_on=day("2025-06-11"), division="530325")
    assert refusal(
        Invalid, lambda: code(story, "correct", Correcting(1, Opening(future), future.occurred_on))
    ) == ["occurred_at: The day lies in the future."]


def test_a_hand_over_can_be_corrected_and_is_checked_again() -> None:
    story = Story()
    story.take("update_figures", "2025-05-14", deaths=3)
    code(story, "hand_over", HandingOver("city"), "2025-05-16")
    entry = story.entries[-1]
    right = Correcting(entry.seq, HandingOver("city", "No 8"), day("2025-05-17"))
    code(story, "correct", right)
    assert story.case.governments[1].took_over_on == day("2025-05-17")
    wrong = Correcting(entry.seq, HandingOver("province"), day("2025-05-11"))
    assert refusal(Invalid, lambda: code(story, "correct", wrong)) == [
        "on: The day lies before the fire.",
        "government: The rule doesn't name this government; it may raise.",
    ]


def test_an_entry_whose_step_the_rule_dropped_can_still_be_corrected() -> None:
    story = Story()
    story.tell("gone_from_the_table", "2025-05-13", Figures(deaths=1))
    code(story, "correct", Correcting(2, Figures(deaths=2), day("2025-05-13")))
    assert story.case.entries[1].payload == Figures(deaths=2)


@pytest.mark.parametrize(
    ("step", "payload", "words"),
    [
        ("hand_over", HandingOver("moon"), "There is no moon."),
        ("hand_over", HandingOver("county"), "This government has the case already."),
        (
            "hand_over",
            HandingOver("province"),
            "The rule doesn't name this government; it may raise.",
        ),
        ("raise", Raising("county"), "This government has the case already."),
    ],
)
def test_a_case_goes_to_the_government_that_the_rule_names(
    step: str, payload: Any, words: str
) -> None:
    story = Story()
    story.take("update_figures", "2025-05-14", deaths=3)
    assert refusal(Invalid, lambda: code(story, step, payload)) == [f"government: {words}"]
    code(story, "hand_over", HandingOver("city"))
    assert story.case.investigating == "city"


def test_a_case_is_raised_by_any_superior_and_never_sent_down() -> None:
    story = Story()
    code(story, "raise", Raising("city"))
    for step, payload in [("raise", Raising("county")), ("hand_over", HandingOver("county"))]:
        found = code_fails(Invalid, story, step, payload)
        assert found == ["government: A case isn't sent down."]


def test_the_superiors_own_head_may_raise_a_case_and_hand_over_what_comes_to_it() -> None:
    head = holder("agency_head", division=CITY, tier="city")
    story = Story()
    assert refusal(NotAllowed, lambda: code(story, "void", Voiding(1), actor=head))
    code(story, "raise", Raising("city"), actor=head)
    assert story.case.investigating == "city"


def test_nobody_raises_a_fire_that_nobody_investigates() -> None:
    story = Story(**HARMLESS)
    assert refusal(Invalid, lambda: code(story, "raise", Raising("city"))) == [
        "government: Nobody investigates the case under the rule."
    ]


def test_a_merged_case_takes_nothing_but_what_undoes_or_explains_it() -> None:
    story = Story()
    outcome = code(story, "merge", Merging("case-2"))
    assert story.case.merged_into == "case-2"
    words = ["step: The case goes on in case-2."]
    assert refused(story, "request_team", "2025-05-20") == words
    for step, payload in [("merge", Merging("case-3")), ("raise", Raising("city"))]:
        found = code_fails(Refused, story, step, payload)
        assert found == words
    code(story, "link", Linking("case-3", "judge_new_fire", 5))
    code(story, "void", Voiding(outcome.entry.seq))
    story.take("request_team", "2025-05-15", today="2025-05-20")


@pytest.mark.parametrize(
    ("step", "payload", "field"),
    [("merge", Merging(CASE_ID), "into"), ("link", Linking(CASE_ID, "merge", 1), "other")],
)
def test_a_case_is_not_joined_with_itself(step: str, payload: Any, field: str) -> None:
    assert refusal(Invalid, lambda: code(Story(), step, payload)) == [
        f"{field}: This is the case itself."
    ]


@pytest.mark.parametrize(
    ("role", "step", "may"),
    [
        ("carrier", "merge", True), ("government_signer", "judge_new_fire", True),
        ("government_signer", "merge", False), ("member", "judge_new_fire", False),
        ("government_signer", "no such step", False),
    ],
)  # fmt: skip
def test_whoever_takes_a_step_on_another_case_links_them(
    role: str, step: str, *, may: bool
) -> None:
    story = Story()
    payload = Linking("case-2", step, 1)
    if may:
        assert code(story, "link", payload, actor=holder(role)).linked
    else:
        assert code_fails(NotAllowed, story, "link", payload, actor=holder(role)) == [
            "step: This is for the carrier and the agency's head."
        ]


@pytest.mark.parametrize(
    ("step", "payload", "said"),
    [
        ("merge", Merging("case-2"), "merge"),
        ("hand_over", HandingOver("city", to_case="case-2"), "hand_over"),
        ("link", Linking("case-2", "judge_new_fire", 9), "judge_new_fire"),
    ],
)
def test_what_concerns_two_cases_is_written_in_both(step: str, payload: Any, said: str) -> None:
    story, other = Story(), Story()
    story.take("update_figures", "2025-05-14", deaths=3)
    outcome = code(story, step, payload)
    (linked,) = outcome.linked
    assert linked.case_id == "case-2"
    assert linked.payload == Linking(CASE_ID, said, outcome.entry.seq)
    mirrored = linked.entry_in(other.case, outcome.entry)
    assert (mirrored.seq, mirrored.on, mirrored.actor) == (2, outcome.entry.on, "officer")
    other.entries.append(mirrored)
    assert other.case.links == (linked.payload,)


def test_without_its_own_id_a_case_links_to_nothing() -> None:
    head = Actor("head", (Grant("agency_head", division="530325", tier="county"),))
    outcome = apply(
        Story().case,
        head,
        Action("merge", Merging("case-2"), day("2025-05-20"), reason="One fire."),
        calendar=CALENDAR,
        now=datetime(2025, 5, 20, 8, tzinfo=UTC),
        today=day("2025-05-20"),
    )
    assert outcome.linked == ()


def test_a_timer_acts_through_the_same_table_but_not_by_code_actions() -> None:
    story = Story()
    story.take("request_team", "2025-05-13", actor=THE_SYSTEM)
    assert refusal(NotAllowed, lambda: code(story, "void", Voiding(2), actor=THE_SYSTEM))


# ---------------------------------------------------------------------------- what is missing


def gaps_of(story: Story) -> list[tuple[str, str | None]]:
    return [(str(each.citation), each.step) for each in missing(story.case)]


def test_unknown_facts_are_missing_with_the_step_that_settles_them() -> None:
    story = Story(deaths=None)
    assert gaps_of(story)[:5] == [
        ("rule:32", "update_figures"),
        ("rule:32", "update_figures"),
        ("rule:32", "update_figures"),
        ("rule:2.2", "decide_category"),
        ("rule:2.1", "decide_social_impact"),
    ]


def test_a_place_that_is_not_known_is_missing() -> None:
    story = Story(**ONE_DEATH)
    facts = Facts(occurred_on=day("2025-05-12"), **ONE_DEATH)
    story.entries.clear()
    story.tell("open", "2025-05-12", Opening(facts))
    assert gaps_of(story)[0] == ("rule:3.1", None)


def test_a_property_loss_alone_leaves_the_economic_loss_missing() -> None:
    story = Story(**{**ONE_DEATH, "direct_economic_loss": None, "direct_property_loss": 15_545_400})
    assert gaps_of(story)[0] == ("rule:32", "update_figures")


def test_under_national_law_alone_nothing_but_facts_is_missing() -> None:
    story = Story("2022-05-12", ruleset=law_of("2022-05-12"), deaths=1)
    assert [(where, step) for where, step in gaps_of(story) if where != "decree493:3"] == [
        ("firelaw:51", None),
        ("decree493:2", None),
    ]


@pytest.mark.parametrize(
    ("stage", "expected"),
    [
        ("team", ["establish_team", "join_team", "invite", "founding_meeting"]),
        ("evidence", ["analysis_meeting", "draft_report"]),
        ("review", ["approve_report", "sign_report", "submit_report"]),
        ("approval", ["reply"]),
        ("execution", ["open_evaluation"]),
        ("evaluation", []),
    ],
)
def test_what_a_complete_procedure_still_lacks_at_the_end_of_each_stage(
    stage: str, expected: list[str]
) -> None:
    found = [step for _, step in gaps_of(told_until(stage))]
    assert list(dict.fromkeys(found)) == expected


def test_lists_are_missing_item_by_item_with_the_items_article() -> None:
    story = told_before("line_finding")
    lines = [where for where, step in gaps_of(story) if step == "line_finding"]
    assert lines == [f"rule:15({number})" for number in range(1, 6)]
    story.take("line_finding", "2025-06-03", item="construction")
    lines = [where for where, step in gaps_of(story) if step == "line_finding"]
    assert "rule:15(2)" not in lines
    assert len(lines) == 4


def test_work_safety_asks_for_the_trade_union_on_the_team() -> None:
    story = told_until("evidence")
    assert "join_team" not in [step for _, step in gaps_of(story)]
    story.take("decide_category", "2025-06-05", category="work_safety")
    assert ("decree493:22", "join_team") in gaps_of(story)


def test_work_safety_asks_for_the_evaluation_to_be_published() -> None:
    story = told_until("evaluation")
    story.take("decide_category", "2026-06-11", category="work_safety")
    assert ("worksafety:86", "publish_evaluation") in gaps_of(story)


def test_signatures_are_missing_person_by_person_of_those_still_on_the_team() -> None:
    story = told_before("sign_report")
    people = [each.what for each in missing(story.case) if each.step == "sign_report"]
    names = [render(each, "en").partition(": ")[2] for each in people]
    assert names == [
        "leader",
        "deputy",
        "member one",
        "member two",
        "member three",
        "member four",
    ]
    story.take("leave_team", "2025-06-20", person="member four")
    story.take("sign_report", "2025-06-20", person="leader", outcome="dissent")
    found = [step for _, step in gaps_of(story)].count("sign_report")
    assert found == 4


def test_after_a_return_the_report_and_then_its_receipt_are_due_again() -> None:
    story = told_before("return_report")
    assert not {"submit_report", "receive_report"} & {step for _, step in gaps_of(story)}
    story.take("return_report", "2025-06-27", reason="Incomplete.")
    assert ("rule:21", "submit_report") in gaps_of(story)
    assert ("rule:22", "receive_report") not in gaps_of(story)
    story.take("submit_report", "2025-07-01")
    assert ("rule:21", "submit_report") not in gaps_of(story)
    assert ("rule:22", "receive_report") in gaps_of(story)


def test_a_receipt_whose_submission_was_voided_is_not_due_again() -> None:
    story = told_before("return_report")
    for entry in story.case.done["submit_report"]:
        story.tell("void", "2025-06-26", Voiding(entry.seq))
    assert "receive_report" in story.case.done
    assert ("rule:22", "receive_report") not in gaps_of(story)


def test_nothing_of_this_rule_is_missing_where_others_investigate() -> None:
    story = Story(deaths=12, **{k: v for k, v in HARMLESS.items() if k != "deaths"})
    assert gaps_of(story) == []


def test_a_decision_has_no_effect_beyond_its_record_where_the_table_names_none() -> None:
    story = told_until("execution")
    payload = Decision(outcome="conditions_met", decided_by="the government")
    story.take("judge_new_fire", "2026-04-21", payload)
    assert story.case.facts == told_until("execution").case.facts


def test_changes_that_a_reply_wants_are_confirmed_before_publication() -> None:
    """ "Approved with changes" is a reply; its points are checked off before anything is published."""
    story = told_before("reply")
    story.take("reply", "2025-07-10", outcome="approved_with_changes")
    assert "confirm_changes" in {each.step for each in missing(story.case)}
    (problem,) = invalid(story, "publish", "2025-07-12")
    assert problem.startswith("reason: This usually comes first")
    story.take("confirm_changes", "2025-07-11")
    story.take("publish", "2025-07-12")
    plain = told_before("reply")
    plain.take("reply", "2025-07-10", outcome="approved")
    assert "confirm_changes" not in {each.step for each in missing(plain.case)}
    plain.take("publish", "2025-07-12")
