"""A copy of a case under what is assumed, beside the case: at the bounds, and nothing kept."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from fireinvest.messages import Faulty
from fireinvest.regulation.calendar import Calendar, DayKind
from fireinvest.services.whatif import (
    LONGEST_EXTENSION,
    LONGEST_TEST,
    Assumed,
    Change,
    Compared,
    Comparison,
    compare,
    last_receipt,
    open_readings,
    prolonged_clocks,
    read_notice_text,
)
from fireinvest.workflow.actions import Figures
from fireinvest.workflow.deadlines import deadlines_of
from tests.regulation.law import day
from tests.workflow.stories import CALENDAR, Story, told_before

TODAY = "2025-06-02"


def compared(story: Story, today: str = TODAY, **assumed: Any) -> Comparison:
    on = day(today)
    now = datetime(on.year, on.month, on.day, 4, tzinfo=UTC)
    found = deadlines_of(story.case, CALENDAR, on)
    return compare(story.case, found, CALENDAR, Assumed(**assumed), now=now, today=on)


def line(found: Comparison, name: str) -> Compared:
    clock, _, instance = name.partition("/")
    (one,) = (
        each
        for each in found.clocks
        if (each.either.clock.id, each.either.run.instance) == (clock, instance)
    )
    return one


def moves(found: Comparison) -> dict[str, int | str]:
    """What changes: by how many days, or what becomes of it."""
    return {
        f"{each.either.clock.id}/{each.either.run.instance}": each.days
        if each.days is not None
        else each.change.value
        for each in found.clocks
        if each.change is not Change.SAME
    }


def refused(story: Story, today: str = TODAY, **assumed: Any) -> set[str]:
    with pytest.raises(Faulty) as error:
        compared(story, today, **assumed)
    return {each.field for each in error.value.problems}


def test_nothing_assumed_changes_nothing() -> None:
    found = compared(Story())
    assert moves(found) == {}
    assert not found.level_moves
    assert not found.government_moves
    assert Assumed(figures_on=day(TODAY), prolonged="report").is_nothing
    assert not Assumed(extension_days=1).is_nothing


@pytest.mark.parametrize(
    ("deaths", "on", "level", "government"),
    [
        (2, "2025-05-19", "general", "county"),
        (3, "2025-05-19", "larger", "city"),
        (3, "2025-05-20", "general", "county"),
        (9, "2025-05-19", "larger", "city"),
        (10, "2025-05-19", "major", "province"),
    ],
)
def test_other_figures_give_another_level_within_seven_days(
    deaths: int, on: str, level: str, government: str
) -> None:
    story = Story()
    found = compared(story, figures=Figures(deaths=deaths), figures_on=day(on))
    assert found.after.judgement.severity.level.id == level
    assert found.after.judgement.government.value == government
    assert found.level_moves is (level != "general")
    assert found.government_moves is (government != "county")
    # The government now responsible has to be asked for a team: a clock that isn't there yet.
    assert moves(found) == ({} if government == "county" else {"team_request/2": "new"})


@pytest.mark.parametrize(
    ("days", "moved"), [(1, 1), (15, 15), (60, 60), (61, 60), (LONGEST_EXTENSION, 60)]
)
def test_an_extension_moves_its_clock_by_sixty_days_at_most(days: int, moved: int) -> None:
    found = compared(Story(), prolonged="report", extension_days=days)
    assert moves(found) == {"report/1": moved}


@pytest.mark.parametrize(("today", "moved"), [("2025-07-11", 30), ("2025-07-12", 0)])
def test_an_extension_that_comes_after_the_due_day_moves_nothing(today: str, moved: int) -> None:
    found = compared(Story(), today, prolonged="report", extension_days=30)
    assert line(found, "report/1").days == moved


def test_each_clock_that_can_be_prolonged_is_offered() -> None:
    assert [each.id for each in prolonged_clocks(Story().ruleset)] == ["report", "determination"]
    assert moves(compared(Story(), prolonged="determination", extension_days=31)) == {
        "determination/1": 30
    }


@pytest.mark.parametrize("days", [1, 20, LONGEST_TEST])
def test_an_appraisal_is_left_out_of_the_determination_and_counted_in_the_report(days: int) -> None:
    found = compared(Story(), test_from=day("2025-05-20"), test_days=days)
    assert moves(found) == {"determination/1": days}
    # Both together: the reading that leaves it out of the report's clock too.
    both = compared(
        Story(), test_from=day("2025-05-20"), test_days=days, readings={"tests": "excluded"}
    )
    assert moves(both) == {"determination/1": days, "report/1": days}


def test_an_appraisal_begins_today_where_no_day_is_given() -> None:
    assert moves(compared(Story(), test_days=5)) == {"determination/1": 5}


def test_another_receipt_moves_the_reply() -> None:
    story = told_before("return_report")
    receipt = last_receipt(story.case)
    assert receipt is not None
    today = "2025-06-27"
    before = line(compared(story, today), "reply/1").either
    found = compared(story, today, received_on=day("2025-07-01"))
    (after,) = (each.after for each in found.clocks if each.either.clock.id == "reply")
    assert after is not None
    assert after.run.start_on == day("2025-07-01")
    assert after.due_on == CALENDAR.nth_working_day(day("2025-07-01"), 15) > before.due_on


def test_a_first_receipt_can_be_assumed_once_something_was_sent() -> None:
    assert refused(Story(), received_on=day(TODAY)) == {"received_on"}
    story = told_before("receive_report")
    sent_on = story.entries[-1].on
    assert last_receipt(story.case) is None
    today = sent_on.isoformat()
    assert refused(story, today, received_on=date(2025, 6, 1)) == {"received_on"}
    found = compared(story, today, received_on=date(2025, 7, 1))
    after = line(found, "reply/1").after
    assert after is not None
    assert (after.run.awaits_receipt, after.run.start_on) == (False, date(2025, 7, 1))


@pytest.mark.parametrize(
    ("reading", "option", "moved"),
    [
        ("start-day", "same", {"team_request/1": -1, "report/1": -1, "determination/1": -1}),
        ("report-roll", "roll", {}),
    ],
)
def test_another_reading_counts_otherwise(reading: str, option: str, moved: dict[str, int]) -> None:
    assert moves(compared(Story(), readings={reading: option})) == moved


def test_what_has_ended_keeps_its_date_under_another_calendar_or_reading() -> None:
    story = Story()
    story.tell("request_team", "2025-05-13")
    changes: tuple[dict[str, Any], ...] = (
        {"off": day("2025-05-14")},
        {"readings": {"start-day": "same"}},
    )
    for assumed in changes:
        assert "team_request/1" not in moves(compared(story, **assumed))
    assert moves(compared(Story(), off=day("2025-05-14"))) == {"team_request/1": 1}


@pytest.mark.parametrize(
    ("assumed", "kind"),
    [
        ({"off": day("2025-05-14")}, DayKind.SWAPPED_OFF),
        ({"worked": day("2025-05-17")}, DayKind.MAKE_UP),
        ({"worked": day("2025-05-01")}, DayKind.MAKE_UP),
    ],
)
def test_one_day_more_or_less_leaves_all_others_as_they_are(
    assumed: dict[str, Any], kind: DayKind
) -> None:
    found = compared(Story(), **assumed)
    (on,) = assumed.values()
    assert found.calendar.day(on).kind is kind
    changed = [
        date.fromordinal(each)
        for each in range(date(2025, 1, 1).toordinal(), date(2026, 1, 1).toordinal())
        if found.calendar.is_working(date.fromordinal(each))
        != CALENDAR.is_working(date.fromordinal(each))
    ]
    assert changed == [on]


def notice_of(year: int, calendar: Calendar) -> str:
    off = ", ".join(f'"{each}"' for each in calendar.statutory_days(year))
    return f'year = {year}\nnumber = "测试"\noff = [{off}]\nworked = []\n'


def test_a_notice_settles_what_was_provisional() -> None:
    story = Story("2026-12-29", "530325")
    before = line(compared(story, "2026-12-30"), "team_request/1").before
    assert before is not None
    assert before.provisional
    notice = read_notice_text(notice_of(2027, CALENDAR))
    after = line(compared(story, "2026-12-30", notice=notice), "team_request/1").after
    assert after is not None
    assert not after.provisional


@pytest.mark.parametrize(
    "written", ["year = ", "{", "[1]", 'year = 2027\nnumber = "x"', '{"a": 1}']
)
def test_a_notice_that_is_none_is_told_beside_its_field(written: str) -> None:
    with pytest.raises(Faulty) as error:
        read_notice_text(written)
    assert {each.field for each in error.value.problems} == {"notice"}


@pytest.mark.parametrize(
    ("assumed", "field"),
    [
        ({"figures": Figures(deaths=3), "figures_on": date(2025, 5, 11)}, "figures_on"),
        ({"test_days": 5, "test_from": date(2025, 5, 11)}, "test_from"),
        ({"off": date(2006, 12, 31)}, "off"),
        ({"worked": date(2099, 1, 1)}, "worked"),
        ({"off": date(2025, 6, 3), "worked": date(2025, 6, 3)}, "worked"),
        ({"prolonged": "report", "extension_days": 0}, "extension_days"),
        ({"prolonged": "report", "extension_days": LONGEST_EXTENSION + 1}, "extension_days"),
        ({"prolonged": "reply", "extension_days": 5}, "prolonged"),
        ({"test_days": 0}, "test_days"),
        ({"test_days": LONGEST_TEST + 1}, "test_days"),
        ({"readings": {"tests": "perhaps"}}, "reading-tests"),
        ({"readings": {"zone": "city"}}, "reading-zone"),
    ],
)
def test_what_cannot_be_assumed_is_told_beside_its_field(
    assumed: dict[str, Any], field: str
) -> None:
    assert refused(Story(), **assumed) == {field}


def test_what_no_longer_runs_and_what_is_new_are_told() -> None:
    story = Story(deaths=8)
    story.tell("update_figures", "2025-05-16", deaths=12)
    story.tell("decide_social_impact", "2025-05-20", outcome="no")
    found = compared(story, figures=Figures(deaths=8), figures_on=day("2025-05-17"))
    assert moves(found) == {"team_request/2": "gone"}
    assert line(found, "team_request/2").change is Change.GONE


def test_the_case_itself_stays_as_it_was() -> None:
    story = Story()
    version = story.case.version
    case = story.case
    found = deadlines_of(case, CALENDAR, day(TODAY))
    assumed = Assumed(
        figures=Figures(deaths=9), figures_on=day("2025-05-13"), prolonged="report",
        extension_days=5, test_days=5, readings={"tests": "excluded"}, off=day("2025-06-30"),
    )  # fmt: skip
    comparison = compare(
        case, found, CALENDAR, assumed, now=datetime(2025, 6, 2, tzinfo=UTC), today=day(TODAY)
    )
    assert (case.version, comparison.before, comparison.after.version) == (
        version,
        case,
        version + 5,
    )
    assert [each.id for each in open_readings(case.ruleset)][:2] == ["start-day", "tests-493"]
    assert CALENDAR.notices == ()
