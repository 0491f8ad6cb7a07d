"""An unclear point is decided: for clocks from a day on, never for one that had ended by then."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from fireinvest.regulation.calendar import Calendar, parse_notice
from fireinvest.regulation.clocks import AlternativeKind, alternatives
from fireinvest.regulation.profile import Setting
from fireinvest.workflow.actions import Cause, Correcting, Recounting, Voiding
from fireinvest.workflow.case import moves_dates
from fireinvest.workflow.deadlines import calendar_of, deadlines_of, satisfying_steps
from fireinvest.workflow.engine import Action
from fireinvest.workflow.errors import Invalid, Refused
from fireinvest.workflow.next_steps import next_steps
from fireinvest.workflow.permissions import Actor, Grant, may_decide_readings
from tests.regulation.law import day
from tests.regulation.test_local_days import FESTIVAL
from tests.workflow.stories import CALENDAR, THE_SYSTEM, Story, faults, told_before


def decision(reading: str, option: str, applies_from: str = "2020-01-01") -> Recounting:
    return Recounting(
        Cause.READING,
        "试〔2025〕1号",
        reading=reading,
        option=option,
        applies_from=day(applies_from),
    )


def due(story: Story, name: str, as_of: str = "2025-05-20") -> str:
    return story.clock(name, as_of).due_on.isoformat()


@pytest.mark.parametrize(
    ("applies_from", "expected"),
    [("2025-05-11", "2025-05-14"), ("2025-05-12", "2025-05-14"), ("2025-05-13", "2025-05-15")],
)
def test_a_decision_holds_for_clocks_that_begin_on_its_day_or_later(
    applies_from: str, expected: str
) -> None:
    story = Story()
    story.tell("recount", "2025-05-13", decision("start-day", "same", applies_from))
    assert due(story, "team_request/1") == expected


def test_a_clock_that_was_satisfied_before_keeps_its_date() -> None:
    story = Story()
    story.tell("request_team", "2025-05-13")
    before = due(story, "team_request/1")
    story.tell("recount", "2025-05-14", decision("start-day", "same"))
    assert due(story, "team_request/1") == before
    assert due(story, "report/1") == "2025-07-10"
    # What was satisfied only afterwards went by the decision.
    late = Story()
    late.tell("recount", "2025-05-14", decision("start-day", "same"))
    late.tell("request_team", "2025-05-13")
    assert due(late, "team_request/1") == "2025-05-14"


def test_a_reply_that_was_returned_before_keeps_its_date() -> None:
    story = told_before("submit_report")
    for step, on in (("submit_report", "2025-06-24"), ("receive_report", "2025-06-25")):
        story.tell(step, on)
    story.tell("return_report", "2025-06-27")
    before = due(story, "reply/1", "2025-07-01")
    story.tell("recount", "2025-06-28", decision("start-day", "same"))
    assert due(story, "reply/1", "2025-07-01") == before
    early = told_before("submit_report")
    early.tell("submit_report", "2025-06-24")
    early.tell("receive_report", "2025-06-25")
    early.tell("recount", "2025-06-26", decision("start-day", "same"))
    early.tell("return_report", "2025-06-27")
    assert due(early, "reply/1", "2025-07-01") < before


def test_the_latest_decision_on_a_point_holds_for_what_it_reaches() -> None:
    story = Story()
    story.tell("recount", "2025-05-13", decision("start-day", "same"))
    story.tell("recount", "2025-05-14", decision("start-day", "next", "2025-05-12"))
    assert due(story, "team_request/1") == "2025-05-15"
    story.tell("recount", "2025-05-15", decision("start-day", "same", "2025-05-13"))
    assert due(story, "team_request/1") == "2025-05-15"
    found = story.clock("team_request/1")
    assert [(each.option, each.entry) for each in found.run.decided] == [("next", 3)]


def test_decisions_on_several_points_hold_beside_each_other() -> None:
    story = Story()
    story.tell("test_commissioned", "2025-05-20", ref="T1")
    story.tell("test_returned", "2025-05-25", ref="T1")
    assert due(story, "report/1", "2025-06-01") == "2025-07-11"
    story.tell("recount", "2025-05-26", decision("tests", "excluded"))
    story.tell("recount", "2025-05-26", decision("start-day", "same"))
    assert due(story, "report/1", "2025-06-01") == "2025-07-15"


def test_what_satisfies_a_clock_can_be_decided() -> None:
    story = told_before("open_evaluation")
    assert {each.id for each in satisfying_steps(story.ruleset, "evaluation")} == {
        "evaluation_report"
    }
    story.tell("recount", "2026-05-10", decision("evaluation-done", "opened"))
    found = story.clock("evaluation/1", "2026-05-10")
    steps = satisfying_steps(story.ruleset, "evaluation", found.run.decided)
    assert [each.id for each in steps] == ["open_evaluation"]
    wanted = {each.step for each in next_steps(story.case, story.deadlines("2026-05-10").values())}
    assert "open_evaluation" in wanted
    story.tell("open_evaluation", "2026-05-11")
    assert story.clock("evaluation/1", "2026-06-01").run.satisfied_on == date(2026, 5, 11)


def test_what_was_satisfied_stays_so_though_more_is_asked_now() -> None:
    story = told_before("open_evaluation")
    story.tell("recount", "2026-05-10", decision("evaluation-done", "opened"))
    opened = story.tell("open_evaluation", "2026-05-11")
    story.tell("recount", "2026-05-12", decision("evaluation-done", "handed_over"))
    assert story.clock("evaluation/1", "2026-06-01").run.satisfied_by == opened.seq
    # Without what satisfied it, the later decision is the one that holds.
    story.tell("void", "2026-05-13", Voiding(opened.seq))
    assert story.clock("evaluation/1", "2026-06-01").run.satisfied_on is None
    assert [e.option for e in story.clock("evaluation/1", "2026-06-01").run.decided] == [
        "handed_over"
    ]


def test_the_alternatives_mark_what_was_decided_as_in_force() -> None:
    story = Story()
    story.tell("recount", "2025-05-13", decision("start-day", "same"))
    found = story.clock("team_request/1")
    marks = {
        each.option: each.in_force
        for each in alternatives(story.ruleset, CALENDAR, found)
        if each.kind is AlternativeKind.READING
    }
    assert marks == {"next": False, "same": True}


def test_an_answer_that_the_rule_does_not_know_changes_nothing() -> None:
    story = Story()
    before = due(story, "team_request/1")
    for reading, option in (("start-day", "never"), ("nothing", "same"), ("zone", "committee")):
        story.tell("recount", "2025-05-13", decision(reading, option))
    assert due(story, "team_request/1") == before
    assert len(story.case.inconsistencies) == 3
    assert not moves_dates(story.ruleset, decision("zone", "committee"))


def test_a_notice_leaves_the_case_as_it_is() -> None:
    story = Story()
    before = story.case
    story.tell(
        "recount", "2025-05-13", Recounting(Cause.CALENDAR, "国办发明电〔2024〕12号", 2025, 1)
    )
    after = story.case
    assert (after.readings, after.inconsistencies) == ((), ())
    assert (after.facts, after.done, after.version) == (before.facts, before.done, 2)


def test_a_reading_whose_answer_names_no_steps_leaves_them() -> None:
    """A profile's answer to what satisfies a clock may name nothing: then the table says it."""
    story = told_before("open_evaluation")
    reading = story.ruleset.readings["evaluation-done"]
    assert reading.setting is Setting.SATISFIED_BY
    options = (replace(reading.options[0], value=None), *reading.options[1:])
    blank = replace(reading, options=options)
    story.ruleset = replace(story.ruleset, readings={**story.ruleset.readings, reading.id: blank})
    story.tell("recount", "2026-05-10", decision("evaluation-done", "handed_over"))
    found = story.clock("evaluation/1", "2026-05-10")
    assert [e.option for e in found.run.decided] == ["handed_over"]


def refused(story: Story, step: str, payload: Any) -> list[str]:
    with pytest.raises((Refused, Invalid)) as error:
        story.asked(
            Action(step, payload, day("2025-05-14"), reason="错"),
            actor=THE_SYSTEM,
            today="2025-05-14",
        )
    return faults(error.value)


def test_nobody_takes_voids_or_corrects_a_recount(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fireinvest.workflow.engine.may_administer", lambda *_: True)
    story = Story()
    told = decision("start-day", "same")
    assert "doesn't have this step" in refused(story, "recount", told)[0]
    entry = story.tell("recount", "2025-05-13", told)
    assert "anew instead" in refused(story, "void", Voiding(entry.seq))[0]
    correcting = Correcting(entry.seq, story.entries[0].payload, day("2025-05-13"))  # type: ignore[arg-type]
    assert "anew instead" in refused(story, "correct", correcting)[0]


@pytest.mark.parametrize(
    ("place", "expected"), [("530324", "2026-08-10"), ("530325", "2026-08-06")]
)
def test_a_case_counts_by_the_calendar_of_its_place(place: str, expected: str) -> None:
    calendar = Calendar((parse_notice(FESTIVAL),))
    story = Story("2026-08-03", place)
    found = {each.clock.id: each for each in deadlines_of(story.case, calendar, day("2026-08-03"))}
    assert found["team_request"].due_on.isoformat() == expected
    assert calendar_of(Story(place=None).case, calendar) is calendar


@pytest.mark.parametrize(
    ("grant", "may"),
    [
        (Grant("agency_head", division="530300", tier="city"), True),
        (Grant("agency_head", division="530325", tier="county"), False),
        (Grant("agency_head", case_id="1", division="530300"), False),
        (Grant("carrier", division="530300", tier="city"), False),
        (Grant("system_administrator"), False),
    ],
)
def test_only_the_head_of_the_home_divisions_agency_decides(grant: Grant, may: bool) -> None:
    assert may_decide_readings(Actor("x", (grant,)), "530300") is may
