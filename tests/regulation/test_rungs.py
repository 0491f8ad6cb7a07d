"""On which days does a clock reach the rungs of its ladder?"""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fireinvest.regulation.calendar import LAST_DAY
from fireinvest.regulation.clocks import Test as Appraisal
from fireinvest.regulation.profile import Ruleset, RungAt
from fireinvest.regulation.rungs import next_rung_on, reached_between, rungs_of
from tests.regulation.law import day, law_of
from tests.regulation.test_clocks import CALENDAR, WORK_SAFETY, due

LAW = law_of()
DAY = timedelta(days=1)


def ladder(clock: str, start: str, until: str, law: Ruleset = LAW) -> list[tuple[str, str, int]]:
    """What is reached from the start to a day: rung, day, occurrence."""
    found = due(clock, start)
    return [
        (each.rung.id, each.on.isoformat(), each.occurrence)
        for each in reached_between(law, CALENDAR, found, None, day(until))
    ]


def test_three_working_days_have_the_rungs_that_fit_them() -> None:
    # Fire on Monday 2025-05-12, due on Thursday the 15th; half of three working days is one left.
    assert ladder("team_request", "2025-05-12", "2025-05-23") == [
        ("started", "2025-05-12", 1),
        ("half_way", "2025-05-14", 1),
        ("left_1", "2025-05-14", 1),
        ("due_today", "2025-05-15", 1),
        ("urged", "2025-05-16", 1),
        *(("overdue_daily", f"2025-05-{17 + n}", 1 + n) for n in range(6)),
        ("supervised", "2025-05-23", 1),
    ]


def test_days_left_are_working_days_where_the_clock_counts_them() -> None:
    # 15 working days from 2024-09-20, across National Day: due on 2024-10-16.
    found = {name: on for name, on, _ in ladder("reply", "2024-09-20", "2024-10-16")}
    assert found["left_3"] == "2024-10-12"  # a worked Saturday
    assert found["left_7"] == "2024-10-08"
    assert found["half_way"] == "2024-10-08"
    # 15 left would be the start itself.
    assert "left_15" not in found


def test_only_the_start_is_a_rung_while_an_appraisal_is_out() -> None:
    tests = (Appraisal(day("2025-05-20"), None),)
    found = due("report", "2025-05-12", "2025-07-20", known=WORK_SAFETY, tests=tests)
    reached = reached_between(LAW, CALENDAR, found, None, day("2025-12-31"))
    assert [each.rung.id for each in reached] == ["started"]
    assert next_rung_on(LAW, CALENDAR, found, day("2025-05-12")) is None


def test_days_left_are_natural_days_where_the_clock_counts_those() -> None:
    found = {name: on for name, on, _ in ladder("report", "2025-05-12", "2025-07-11")}
    assert found == {
        "started": "2025-05-12", "half_way": "2025-06-11", "left_15": "2025-06-26",
        "left_7": "2025-07-04", "left_3": "2025-07-08", "left_1": "2025-07-10",
        "due_today": "2025-07-11",
    }  # fmt: skip


def test_a_clock_long_overdue_is_told_of_weekly_and_its_superior_monthly() -> None:
    found = [
        each for each in ladder("report", "2025-05-12", "2025-09-01") if each[1] > "2025-07-18"
    ]
    weekly = [each for each in found if each[0] == "overdue_weekly"]
    assert weekly[:2] == [("overdue_weekly", "2025-07-25", 1), ("overdue_weekly", "2025-08-01", 2)]
    assert [each for each in found if each[0] == "supervised"] == [
        ("supervised", "2025-07-19", 1),
        ("supervised", "2025-08-18", 2),
    ]
    assert {name for name, *_ in found} == {"overdue_weekly", "supervised"}


def test_an_advisory_clock_is_never_urged() -> None:
    found = {name for name, *_ in ladder("archive", "2025-05-12", "2025-12-31")}
    assert "overdue_advice" in found
    assert not found & {"urged", "supervised", "overdue_daily", "half_way"}


def test_whoever_looked_before_sees_only_what_came_since() -> None:
    found = due("report", "2025-05-12")
    since = reached_between(LAW, CALENDAR, found, day("2025-07-04"), day("2025-07-10"))
    assert [each.rung.id for each in since] == ["left_3", "left_1"]
    assert reached_between(LAW, CALENDAR, found, day("2025-07-10"), day("2025-07-10")) == ()


def test_of_one_day_the_later_rung_of_the_ladder_comes_last() -> None:
    found = due("team_request", "2025-05-12")
    reached = reached_between(LAW, CALENDAR, found, day("2025-05-13"), day("2025-05-14"))
    assert [each.rung.id for each in reached] == ["half_way", "left_1"]


@pytest.mark.parametrize(
    ("after", "following"),
    [
        ("2025-05-11", "2025-05-12"),
        ("2025-05-12", "2025-06-11"),
        ("2025-07-10", "2025-07-11"),
        ("2025-07-11", "2025-07-12"),
        ("2025-07-18", "2025-07-19"),
        ("2025-07-19", "2025-07-25"),
    ],
)
def test_the_next_day_on_which_there_is_something_to_tell(after: str, following: str) -> None:
    found = due("report", "2025-05-12")
    assert next_rung_on(LAW, CALENDAR, found, day(after)) == day(following)


def test_a_ladder_ends_where_its_last_rung_does_and_with_the_calendar() -> None:
    advice = due("archive", "2025-05-12")
    assert next_rung_on(LAW, CALENDAR, advice, advice.due_on + timedelta(days=29)) is None
    assert next_rung_on(LAW, CALENDAR, due("report", "2025-05-12"), LAST_DAY) is None


def test_a_single_day_has_no_middle() -> None:
    found = due("measure", "2025-05-12", set_due_on=day("2025-05-13"))
    reached = reached_between(LAW, CALENDAR, found, None, day("2025-05-13"))
    assert [each.rung.id for each in reached] == ["started", "due_today"]


def test_a_rung_can_be_of_some_clocks_only() -> None:
    only = {name: replace(each, clocks=("reply",)) for name, each in LAW.rungs.items()}
    law = replace(LAW, rungs=only)
    assert ladder("report", "2025-05-12", "2025-12-31", law) == []
    assert rungs_of(law, LAW.clocks["reply"]) == tuple(
        each for each in only.values() if LAW.clocks["reply"].weight in each.weights
    )


@given(
    st.sampled_from(["team_request", "report", "reply", "archive", "evaluation"]),
    st.dates(day("2010-01-01"), day("2025-06-30")),
    st.integers(0, 700),
    st.integers(0, 60),
)
def test_looking_every_night_or_once_finds_the_same(
    clock: str, start: date, first: int, gap: int
) -> None:
    """Whatever nights are missed, every rung is found once; and none lies between two next days."""
    found = due(clock, start)
    last = start + timedelta(days=first + gap)
    once = reached_between(LAW, CALENDAR, found, None, last)
    middle = start + timedelta(days=first)
    twice = (
        *reached_between(LAW, CALENDAR, found, None, middle),
        *reached_between(LAW, CALENDAR, found, middle, last),
    )
    assert once == twice
    assert len({(each.rung.id, each.occurrence) for each in once}) == len(once)
    days = []
    following = next_rung_on(LAW, CALENDAR, found, start - DAY)
    while following is not None and following <= last:
        days.append(following)
        following = next_rung_on(LAW, CALENDAR, found, following)
    assert days == sorted({each.on for each in once})
    assert all(each.rung.at not in (RungAt.MOVED, RungAt.SATISFIED) for each in once)
