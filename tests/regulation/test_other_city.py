"""Does another city's rule work by its data alone, wherever rules differ?

``profiles/riverport.toml`` is made up: another clock for the team, one in hours, three levels by
other criteria, production fires excluded, another lead, other tiers, routing by level and deaths,
the leader's consent and a pre-review, an evaluation with an earliest day, and an end.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fireinvest.regulation.calendar import Calendar
from fireinvest.regulation.clocks import Deadline, Light, Run, State, deadline
from fireinvest.regulation.facts import Category, Facts
from fireinvest.regulation.jurisdiction import Judgement, judge
from fireinvest.regulation.profile import Mode, Ruleset
from fireinvest.regulation.rulesets import known_law
from fireinvest.workflow.actions import (
    Decision,
    DocumentReceived,
    DocumentSent,
    Entry,
    Extension,
    Opening,
    Order,
    Payload,
)
from fireinvest.workflow.case import Case, fold
from fireinvest.workflow.deadlines import deadlines_of
from fireinvest.workflow.engine import available
from fireinvest.workflow.permissions import SYSTEM, Actor
from tests.regulation.law import PROFILES, day

LAW = known_law(PROFILES)
CALENDAR = Calendar()
FIRE_AT = datetime(2025, 5, 12, 0, 30, tzinfo=UTC)  # 08:30 in China

SMALL: dict[str, Any] = {
    "deaths": 0,
    "households": 0,
    "burnt_area_m2": 0,
    "direct_economic_loss": 0,
    "social_impact": False,
    "category": Category.ORDINARY,
}


def law_of(on: str = "2025-05-12") -> Ruleset:
    return LAW.in_force("990121", day(on))


def facts(**known: Any) -> Facts:
    return Facts(day("2025-05-12"), FIRE_AT, "990121", **{**SMALL, **known})


def judged(**known: Any) -> Judgement:
    return judge(law_of(), facts(**known), LAW.division("990121", day("2025-05-12")))


# ---------------------------------------------------------------- what the law says


@pytest.mark.parametrize(
    ("on", "profile"),
    [
        ("2023-12-31", "china"),
        ("2024-01-01", "riverport-2024"),
        ("2025-12-31", "riverport-2024"),
        ("2026-01-01", "china"),
    ],
)
def test_the_rule_holds_between_its_days(on: str, profile: str) -> None:
    assert law_of(on).profile == profile


def test_the_built_in_city_stays_as_it_is() -> None:
    assert LAW.in_force("530325", day("2025-05-12")).profile == "qujing-2023"


@pytest.mark.parametrize(
    ("criterion", "serious", "grave"),
    [("deaths", 2, 6), ("burnt_area_m2", 400, 4000), ("households", 10, 50)],
)
def test_there_are_three_levels_by_other_criteria(criterion: str, serious: int, grave: int) -> None:
    numbers = (serious - 1, serious, grave - 1, grave)
    levels = [judged(**{criterion: number}).severity.level.id for number in numbers]
    assert levels == ["small", "serious", "serious", "grave"]


def test_a_criterion_may_reach_only_the_highest_level() -> None:
    assert judged(direct_economic_loss=250000049).severity.level.id == "small"
    assert judged(direct_economic_loss=250000050).severity.level.id == "grave"


@pytest.mark.parametrize(
    ("known", "in_scope"),
    [
        ({"deaths": 1}, False),
        ({"social_impact": True}, False),
        ({"deaths": 1, "social_impact": True}, True),
        ({"households": 4, "social_impact": True}, False),
        ({"households": 5, "social_impact": True}, True),
        ({"households": None, "social_impact": True}, None),
        ({"households": 10}, True),
    ],
)
def test_scope_hangs_on_several_facts(known: dict[str, Any], in_scope: bool | None) -> None:
    assert judged(**known).in_scope.value is in_scope


def test_fires_of_production_are_excluded() -> None:
    found = judged(deaths=5, category=Category.WORK_SAFETY)
    assert (found.in_scope.value, found.mode) == (False, Mode.OTHER_REGIME)


@pytest.mark.parametrize(
    ("known", "government", "mode"),
    [
        ({"deaths": 2}, "banner", Mode.INVESTIGATE),
        ({"deaths": 3}, "league", Mode.INVESTIGATE),
        ({"households": 20}, "banner", Mode.INVESTIGATE),
        ({"households": 50}, "league", Mode.INVESTIGATE),
        ({"deaths": 9}, "league", Mode.INVESTIGATE),
        ({"deaths": 10}, "region", Mode.ASSIST),
    ],
)
def test_routing_goes_by_level_and_deaths_to_tiers_of_other_names(
    known: dict[str, Any], government: str, mode: Mode
) -> None:
    found = judged(**known)
    assert (found.government.value, found.mode) == (government, mode)


def test_routing_that_hangs_on_an_unknown_number_is_left_open() -> None:
    assert judged(deaths=None, households=20).government.value is None


@pytest.mark.parametrize(
    ("area", "lead"),
    [
        (999, ("public_security",)),
        (1000, ("public_security", "emergency_management")),
        (None, ()),
    ],
)
def test_another_agency_leads_and_an_unknown_area_leaves_the_lead_open(
    area: int | None, lead: tuple[str, ...]
) -> None:
    assert judged(deaths=3, burnt_area_m2=area).lead.value == lead


# ---------------------------------------------------------------- clocks


def due(clock: str, as_of_at: datetime | None = None, **run: Any) -> Deadline:
    law = law_of()
    happened = Run("1", day("2025-05-12"), FIRE_AT, **run)
    return deadline(
        law,
        CALENDAR,
        law.clocks[clock],
        happened,
        judged(deaths=3).view(),
        day("2025-05-12"),
        as_of_at,
    )


def test_the_team_has_five_working_days() -> None:
    assert due("team_request").due_on == day("2025-05-19")


@pytest.mark.parametrize(
    ("hours", "state", "light"),
    [
        (7, State.RUNNING, Light.GREEN),
        (8, State.RUNNING, Light.YELLOW),
        (11, State.RUNNING, Light.RED),
        (13, State.OVERDUE, Light.OVERDUE),
    ],
)
def test_the_notice_has_twelve_hours(hours: int, state: State, light: Light) -> None:
    found = due("notice", FIRE_AT + timedelta(hours=hours))
    assert found.due_at == FIRE_AT + timedelta(hours=12)
    assert (found.state, found.light) == (state, light)


def test_ten_days_are_natural_days_under_an_instrument_that_says_so_from_six_on() -> None:
    assert due("reply").due_on == day("2025-05-22")


def test_the_report_counts_its_first_day_and_rolls_over_rest_days() -> None:
    assert due("report").due_on == day("2025-06-25")
    law = law_of()
    saturday = Run("1", day("2025-05-15"))
    found = deadline(
        law, CALENDAR, law.clocks["report"], saturday, judged().view(), day("2025-05-15")
    )
    assert found.due_on == day("2025-06-30")  # the 45th day, 2025-06-28, is a Saturday


def test_the_evaluation_may_not_begin_before_its_window() -> None:
    found = due("evaluation")
    assert (found.opens_on, found.due_on) == (day("2025-11-12"), day("2026-02-12"))


def test_what_is_due_in_time_has_a_target_of_our_own() -> None:
    found = due("publication")
    assert (str(found.basis), found.red_on) == ("house:*", None)


# ---------------------------------------------------------------- the case


class Journal:
    """A case of this city, written down step by step."""

    def __init__(self, **known: Any) -> None:
        self.entries: list[Entry] = []
        self.write("open", Opening(facts(**known)), "2025-05-12")

    def write(self, step: str, payload: Payload, on: str) -> "Journal":
        seq = len(self.entries) + 1
        entry = Entry(seq, step, payload, day(on), datetime(2025, 5, 12, tzinfo=UTC), "somebody")
        self.entries.append(entry)
        return self

    @property
    def case(self) -> Case:
        return fold(law_of(), LAW.division("990121", day("2025-05-12")), self.entries)

    def possible(self) -> set[str]:
        found = available(self.case, Actor(SYSTEM))
        return {each.step.id for each in found if each.is_possible}

    def deadlines(self, as_of: str = "2025-06-01") -> dict[str, Deadline]:
        found = deadlines_of(self.case, CALENDAR, day(as_of))
        return {each.clock.id: each for each in found}


def at_the_pre_review() -> Journal:
    journal = Journal(deaths=3)
    journal.write("give_notice", DocumentSent(to="league"), "2025-05-12")
    journal.write("request_team", DocumentSent(to="league"), "2025-05-14")
    journal.write("establish_team", Order(person="leader"), "2025-05-15")
    return journal


def test_the_case_begins_with_the_clocks_of_its_fire() -> None:
    journal = Journal(deaths=3)
    assert journal.case.stage == "team"
    assert journal.case.investigating == "league"
    assert set(journal.deadlines()) == {"notice", "team_request", "report"}


def test_the_report_waits_for_the_leaders_consent_and_the_pre_review() -> None:
    journal = at_the_pre_review()
    assert {"leader_consent"} <= journal.possible()
    assert not journal.possible() & {"pre_review", "submit_report"}
    journal.write("leader_consent", Decision(outcome="withheld"), "2025-06-01")
    assert "pre_review" not in journal.possible()
    journal.write("leader_consent", Decision(outcome="consented"), "2025-06-03")
    assert journal.case.stage == "pre_review"
    assert "pre_review" in journal.possible()
    journal.write("pre_review", Decision(outcome="sent_back"), "2025-06-05")
    assert "submit_report" not in journal.possible()
    journal.write("pre_review", Decision(outcome="passed"), "2025-06-09")
    assert "submit_report" in journal.possible()


def test_the_case_runs_to_its_evaluation() -> None:
    journal = at_the_pre_review()
    journal.write("leader_consent", Decision(outcome="consented"), "2025-06-03")
    journal.write("pre_review", Decision(outcome="passed"), "2025-06-09")
    journal.write("decide_extension", Extension(days=40, outcome="approved"), "2025-06-10")
    journal.write("submit_report", DocumentSent(to="league"), "2025-07-25")
    journal.write("receive_report", DocumentReceived(sender="team"), "2025-07-28")
    journal.write("reply", Decision(outcome="approved"), "2025-08-01")
    found = journal.deadlines("2025-08-02")
    assert {name: each.state for name, each in found.items()} == {
        "notice": State.MET,
        "team_request": State.MET,
        "report": State.MET,
        "reply": State.MET,
        "publication": State.RUNNING,
        "evaluation": State.RUNNING,
    }
    assert found["report"].due_on == day("2025-07-25")
    assert found["report"].count.prolonged[0].excess_days == 10
    assert found["reply"].due_on == day("2025-08-07")
    assert found["evaluation"].opens_on == day("2026-02-01")
    assert found["evaluation"].due_on == day("2026-05-01")
    assert journal.case.stage == "after"
    assert journal.case.inconsistencies == ()


def test_ten_deaths_leave_only_assistance() -> None:
    journal = Journal(deaths=10)
    assert journal.case.mode is Mode.ASSIST
    assert journal.deadlines() == {}
