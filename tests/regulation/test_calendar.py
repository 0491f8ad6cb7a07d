"""Which days are worked in China, and on whose word?"""

import json
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fireinvest.messages import Faulty, render
from fireinvest.regulation.calendar import (
    FIRST_DAY,
    LAST_DAY,
    LIBRARY_ANNOUNCED_UNTIL,
    MADE_UP_WITHIN,
    SWAPPED_DAYS_AT_MOST,
    SWAPPED_OFF_WITHIN,
    Calendar,
    DayKind,
    Notice,
    notice_document,
    parse_notice,
)
from tests.regulation import naive
from tests.regulation.law import day

ONE = timedelta(days=1)
YEARS = range(2007, 2027)
CALENDAR = Calendar()
DAYS = st.dates(day("2007-01-01"), day("2026-12-31"))


def days_of(year: int) -> list[date]:
    first = date(year, 1, 1)
    return [first + ONE * n for n in range((date(year + 1, 1, 1) - first).days)]


def given_2027(**changes: object) -> dict[str, object]:
    """A made-up notice for 2027 that has every statutory day."""
    off = [
        *("2027-01-01", "2027-02-05", "2027-02-08", "2027-02-09", "2027-02-10", "2027-02-11"),
        *("2027-04-05", "2027-05-03", "2027-05-04", "2027-06-09", "2027-09-15"),
        *("2027-10-01", "2027-10-04", "2027-10-05", "2027-10-06", "2027-10-07"),
    ]
    worked = ["2027-02-20", "2027-10-09", "2027-10-16"]
    return {
        "year": 2027,
        "number": "国办发明电〔2026〕1号",
        "off": off,
        "worked": worked,
        **changes,
    }


# ---------------------------------------------------------------- single days


@pytest.mark.parametrize(
    ("on", "kind"),
    [
        ("2025-05-12", DayKind.WORKING),
        ("2025-05-11", DayKind.WEEKEND),
        ("2025-01-26", DayKind.MAKE_UP),
        ("2025-01-28", DayKind.HOLIDAY),
        ("2025-02-03", DayKind.SWAPPED_OFF),
        ("2024-02-09", DayKind.WORKING),
        ("2024-02-18", DayKind.MAKE_UP),
        ("2025-09-28", DayKind.MAKE_UP),
        ("2025-10-06", DayKind.HOLIDAY),
        ("2025-10-11", DayKind.MAKE_UP),
        ("2027-02-08", DayKind.HOLIDAY),
        ("2027-02-11", DayKind.WORKING),
    ],
)
def test_a_day_has_its_kind(on: str, kind: DayKind) -> None:
    assert CALENDAR.day(day(on)).kind is kind
    assert CALENDAR.is_working(day(on)) is (kind in (DayKind.WORKING, DayKind.MAKE_UP))


@given(st.dates(FIRST_DAY, LAST_DAY))
def test_the_kind_of_a_day_and_the_count_never_differ(on: date) -> None:
    assert CALENDAR.day(on).kind.is_working is CALENDAR.is_working(on)


def test_a_holiday_has_its_name_in_both_languages_and_the_notice_behind_it() -> None:
    found = CALENDAR.day(day("2025-10-01"))
    assert found.name is not None
    assert (found.name.zh, found.name.en) == ("国庆节", "National Day")
    assert found.notice is not None
    assert found.notice.zh == "国务院办公厅关于2025年部分节假日安排的通知"
    assert found.announced


def test_a_year_without_a_notice_is_never_taken_as_known() -> None:
    assert CALENDAR.announced_until == LIBRARY_ANNOUNCED_UNTIL == day("2026-12-31")
    assert CALENDAR.is_announced(day("2026-12-31"))
    assert not CALENDAR.is_announced(day("2027-01-01"))
    new_year = CALENDAR.day(day("2027-01-01"))
    assert (new_year.kind, new_year.announced, new_year.notice) == (DayKind.HOLIDAY, False, None)


def test_a_library_that_knows_more_than_was_announced_is_not_believed() -> None:
    careful = Calendar(library_until=day("2024-12-31"))
    assert careful.day(day("2025-02-03")).kind is DayKind.WORKING
    assert careful.day(day("2025-01-26")).kind is DayKind.WEEKEND
    assert careful.day(day("2025-01-28")).kind is DayKind.HOLIDAY


@pytest.mark.parametrize("on", ["2006-12-31", "2100-01-01", "0001-01-01", "9999-12-31"])
def test_days_outside_the_calendar_are_refused(on: str) -> None:
    asks: tuple[Callable[[date], object], ...] = (
        CALENDAR.is_working,
        CALENDAR.last_working_day,
        CALENDAR.next_working_day,
        lambda on: CALENDAR.nth_working_day(on, 1),
        lambda on: CALENDAR.nth_working_day_before(on, 1),
        lambda on: CALENDAR.working_days_between(on, on),
    )
    for ask in asks:
        with pytest.raises(Faulty, match="leaves the calendar"):
            ask(day(on))


def test_counts_that_run_out_of_the_calendar_are_refused_and_never_wrap_round() -> None:
    assert CALENDAR.nth_working_day(day("2007-01-03"), 1) == day("2007-01-04")
    assert CALENDAR.nth_working_day_before(day("2007-01-05"), 1) == day("2007-01-04")
    asks: tuple[Callable[[], date], ...] = (
        lambda: CALENDAR.last_working_day(day("2007-01-03")),
        lambda: CALENDAR.nth_working_day_before(day("2007-01-05"), 2),
        lambda: CALENDAR.nth_working_day_before(day("2007-06-05"), 9999),
        lambda: CALENDAR.nth_working_day(day("2099-12-31"), 1),
        lambda: CALENDAR.nth_working_day(day("2098-12-31"), 9999),
    )
    for ask in asks:
        with pytest.raises(Faulty, match="leaves the calendar"):
            ask()


def test_the_calendar_reaches_to_its_last_day() -> None:
    assert CALENDAR.is_working(day("2099-12-31"))
    assert CALENDAR.next_working_day(day("2099-12-31")) == day("2099-12-31")
    assert CALENDAR.nth_working_day(day("2099-12-30"), 1) == day("2099-12-31")


def test_january_looks_back_into_the_year_before() -> None:
    assert CALENDAR.last_working_day(day("2025-01-01")) == day("2024-12-31")
    assert CALENDAR.last_working_day(day("2012-01-01")) == day("2011-12-31")
    assert CALENDAR.nth_working_day_before(day("2025-01-02"), 1) == day("2024-12-31")


# ---------------------------------------------------------------- against a naive count


@given(DAYS, st.integers(1, 60))
def test_the_nth_working_day_is_that_of_a_naive_count(start: date, number: int) -> None:
    if start.year < 2026:
        assert CALENDAR.nth_working_day(start, number) == naive.working_days_after(start, number)


@given(DAYS, DAYS)
def test_working_days_between_are_those_of_a_naive_count(one: date, other: date) -> None:
    start, end = sorted((one, other))
    assert CALENDAR.working_days_between(start, end) == naive.worked_between(start, end)
    assert CALENDAR.working_days_between(end, start) == -naive.worked_between(start, end)


@given(st.dates(day("2007-02-01"), day("2026-12-01")))
def test_the_working_day_before_and_after_are_those_of_a_naive_walk(on: date) -> None:
    assert CALENDAR.is_working(on) is naive.works(on)
    assert CALENDAR.last_working_day(on) == naive.last_worked(on)
    assert CALENDAR.next_working_day(on) == naive.next_worked(on)


@given(st.dates(day("2008-01-01"), day("2026-12-31")), st.integers(0, 40))
def test_from_the_nth_working_day_before_just_so_many_are_left(end: date, number: int) -> None:
    begin = CALENDAR.nth_working_day_before(end, number)
    assert naive.works(begin)
    assert naive.worked_between(begin, end) == number


# ---------------------------------------------------------------- years to come


def blocks(statutory: list[date]) -> list[list[date]]:
    found: list[list[date]] = []
    for on in statutory:
        if found and on - found[-1][-1] == ONE:
            found[-1].append(on)
        else:
            found.append([on])
    return found


def test_the_bounds_of_a_notice_hold_for_every_notice_so_far() -> None:
    """Swapped days off and days made up with, each given to the holiday nearest to it."""
    statutory: list[date] = []
    swapped: list[date] = []
    made_up: set[date] = set()
    for year in range(2006, 2028):
        library = holidays.country_holidays("CN", years=year, language="zh_CN")
        for on, name in sorted(library.items()):
            (swapped if "调休" in name else statutory).append(on)
        made_up |= {on for on in library.weekend_workdays if on.year == year}
    holidays_of_the_years = blocks(statutory)

    def distance(on: date, block: list[date]) -> int:
        return min(abs((on - each).days) for each in block)

    for days, within in (
        ([on for on in swapped if on.year in YEARS], SWAPPED_OFF_WITHIN),
        (sorted(on for on in made_up if on.year in YEARS), MADE_UP_WITHIN),
    ):
        assert len(days) > 100
        spent: Counter[date] = Counter()
        for on in days:
            nearest = min(holidays_of_the_years, key=lambda block: distance(on, block))
            assert distance(on, nearest) <= within
            spent[nearest[0]] += 1
        assert max(spent.values()) <= SWAPPED_DAYS_AT_MOST


@given(st.integers(2007, 2026), st.data())
def test_the_range_of_an_unannounced_year_contains_the_true_date(
    year: int, data: st.DataObject
) -> None:
    start = data.draw(st.dates(date(year, 1, 1), date(year, 12, 31)))
    number = data.draw(st.integers(1, 15))
    before = Calendar(library_until=date(year - 1, 12, 31))
    earliest, latest = before.nth_working_day_range(start, number)
    if latest.year <= 2026:
        assert earliest <= naive.working_days_after(start, number) <= latest


@given(st.dates(day("2007-01-01"), day("2026-10-31")), st.integers(1, 15))
def test_the_range_of_announced_years_is_one_day(start: date, number: int) -> None:
    due = naive.working_days_after(start, number)
    assert CALENDAR.nth_working_day_range(start, number) == (due, due)


def test_no_more_swaps_are_feared_than_a_holiday_can_have() -> None:
    """Three weekdays beside New Year, none in the middle of March."""
    assert CALENDAR.nth_working_day_range(day("2027-03-08"), 3) == (
        day("2027-03-11"),
        day("2027-03-11"),
    )
    earliest, latest = CALENDAR.nth_working_day_range(day("2026-12-31"), 1)
    assert earliest == day("2027-01-02")
    assert latest == day("2027-01-07")


@pytest.mark.parametrize(
    ("start", "end", "announced"),
    [
        ("2026-12-01", "2026-12-31", True),
        ("2026-12-31", "2027-01-01", False),
        ("2027-03-01", "2027-03-10", False),
        ("2026-12-31", "2026-12-31", True),
        ("2027-12-01", "2028-01-10", False),
        ("2027-12-31", "2028-01-10", True),
    ],
)
def test_a_count_is_certain_only_if_every_year_that_it_touches_is(
    start: str, end: str, announced: bool
) -> None:
    notice = Notice(2028, "x", {}, frozenset())
    assert Calendar((notice,)).is_announced_between(day(start), day(end)) is announced


# ---------------------------------------------------------------- notices


@pytest.mark.parametrize("year", YEARS)
def test_the_librarys_own_year_entered_as_a_notice_gives_the_same_days(year: int) -> None:
    library = holidays.country_holidays("CN", years=year)
    document = {
        "year": year,
        "number": "x",
        "off": {on.isoformat(): name for on, name in library.items() if on.year == year},
        "worked": [on.isoformat() for on in library.weekend_workdays if on.year == year],
    }
    entered = Calendar((parse_notice(document),), library_until=date(year - 1, 12, 31))
    for on in days_of(year):
        assert entered.is_working(on) is CALENDAR.is_working(on), on
        assert entered.is_announced(on)


def test_a_notice_makes_its_year_known() -> None:
    notice = parse_notice(given_2027())
    calendar = Calendar((notice,))
    assert calendar.announced_until == day("2027-12-31")
    swapped = calendar.day(day("2027-02-11"))
    assert (swapped.kind, swapped.announced) == (DayKind.SWAPPED_OFF, True)
    assert swapped.name is not None
    assert (swapped.name.zh, swapped.name.en) == ("休息日", "Day off")
    assert swapped.notice is not None
    assert (
        swapped.notice.en == "State Council notice on the holidays of 2027 (国办发明电〔2026〕1号)"
    )
    assert calendar.day(day("2027-02-20")).kind is DayKind.MAKE_UP
    assert calendar.day(day("2027-10-01")).kind is DayKind.HOLIDAY
    assert calendar.day(day("2027-03-01")).kind is DayKind.WORKING


def test_a_notice_may_name_its_days_and_rest_on_weekends() -> None:
    off = {str(on): "连休" for on in [*given_2027()["off"], "2027-02-06", "2027-03-06"]}  # type: ignore[misc]
    calendar = Calendar((parse_notice(given_2027(off=off)),))
    assert calendar.day(day("2027-03-06")).kind is DayKind.WEEKEND
    named = calendar.day(day("2027-02-11")).name
    assert named is not None
    assert named.en == "连休"


def test_a_gap_between_announced_years_ends_what_is_known() -> None:
    notice = Notice(2028, "x", {}, frozenset())
    assert Calendar((notice,)).announced_until == day("2026-12-31")
    assert Calendar((notice,)).is_announced(day("2028-05-01"))


def test_the_last_notice_entered_for_a_year_counts() -> None:
    first = parse_notice(given_2027())
    second = parse_notice(given_2027(worked=["2027-02-20", "2027-10-09", "2027-10-10"]))
    calendar = Calendar((first, second))
    assert calendar.is_working(day("2027-10-10"))
    assert not calendar.is_working(day("2027-10-16"))


def test_new_years_swap_reaches_into_the_december_before() -> None:
    off = [*given_2027()["off"], "2026-12-31"]  # type: ignore[misc]
    calendar = Calendar(
        (parse_notice(given_2027(off=off, worked=["2026-12-27", "2027-02-20", "2027-10-09"])),)
    )
    assert calendar.day(day("2026-12-31")).kind is DayKind.SWAPPED_OFF
    assert calendar.day(day("2026-12-27")).kind is DayKind.MAKE_UP
    assert not calendar.is_working(day("2026-12-31"))
    assert calendar.is_working(day("2026-12-27"))
    assert calendar.is_working(day("2026-12-30"))


def test_where_two_notices_speak_of_a_december_day_the_later_year_wins() -> None:
    thursday, sunday = day("2027-12-30"), day("2027-12-26")
    own = Notice(2027, "own", {thursday: ""}, frozenset({sunday}))
    following = Notice(2028, "following", {sunday: ""}, frozenset({thursday}))
    calendar = Calendar((own, following))
    for on in (thursday, sunday):
        assert calendar.day(on).kind.is_working is calendar.is_working(on)
    assert calendar.is_working(thursday)
    assert not calendar.is_working(sunday)


@pytest.mark.parametrize(
    ("changes", "key", "why"),
    [
        ({"year": None}, "year", "A year from 2007 to 2099"),
        ({"year": "2027"}, "year", "A year from 2007 to 2099"),
        ({"year": True}, "year", "A year from 2007 to 2099"),
        ({"year": 2006}, "year", "A year from 2007 to 2099"),
        ({"year": 2100}, "year", "A year from 2007 to 2099"),
        pytest.param({"year": 10**5000}, "year", "A year from 2007", id="huge"),
        ({"number": None}, "number", "number of the notice is needed"),
        ({"number": "  "}, "number", "number of the notice is needed"),
        ({"number": 7}, "number", "number of the notice is needed"),
        ({"number": "x" * 101}, "number", "number of the notice is needed"),
        ({"extra": 1}, "extra", "not known"),
        ({"off": ["2027-02-30"]}, "off", "2027-02-30 is not a date"),
        ({"off": {"2028-03-06": "x"}}, "off", "does not belong"),
        ({"off": None}, "off", "list of days off is needed"),
        ({"off": "2027-01-01"}, "off", "list of days off is needed"),
        ({"worked": None}, "worked", "list of days worked is needed"),
        ({"worked": ["2027-10-13"]}, "worked", "is a weekday"),
        ({"worked": ["2027-02-30"]}, "worked", "2027-02-30 is not a date"),
        ({"worked": ["20271016"]}, "worked", "20271016 is not a date"),
        ({"worked": ["2027-W05-7"]}, "worked", "2027-W05-7 is not a date"),
        ({"worked": [datetime(2027, 10, 16)]}, "worked", "is not a date"),  # noqa: DTZ001
        ({"worked": [["2027-10-16"]]}, "worked", "is not a date"),
        ({"worked": ["2028-01-08"]}, "worked", "does not belong"),
        ({"worked": ["2026-11-07"]}, "worked", "does not belong"),
        ({"published_on": "soon"}, "published_on", "soon is not a date"),
        ({"off": ["2027-01-01"]}, "off", "2027-10-01 is a statutory holiday and is missing"),
    ],
)
def test_a_notice_that_cannot_be_meant_is_refused_with_its_key(
    changes: dict[str, Any], key: str, why: str
) -> None:
    with pytest.raises(Faulty) as refused:
        parse_notice(given_2027(**changes))
    found = [each for each in refused.value.problems if why in render(each.text, "en")]
    assert [each.field for each in found][:1] == [key]


def test_a_day_both_off_and_worked_is_refused() -> None:
    off = [*given_2027()["off"], "2027-10-16"]  # type: ignore[misc]
    with pytest.raises(Faulty, match="both a day off and a day worked"):
        parse_notice(given_2027(off=off))


def test_every_problem_of_a_notice_is_told_at_once() -> None:
    with pytest.raises(Faulty) as refused:
        parse_notice({"year": 2027})
    assert {each.field for each in refused.value.problems} == {"number", "off", "worked"}


def test_a_notice_is_written_down_in_one_canonical_form() -> None:
    given_off = dict.fromkeys(given_2027()["off"], "")  # type: ignore[call-overload]
    one = parse_notice(given_2027(published_on="2026-11-04"))
    other = parse_notice(given_2027(off=given_off, published_on=day("2026-11-04")))
    assert notice_document(one) == notice_document(other)
    written = json.loads(notice_document(one))
    assert written["published_on"] == "2026-11-04"
    assert parse_notice(written) == one
    assert json.loads(notice_document(parse_notice(given_2027())))["published_on"] is None


def test_a_notice_may_make_up_for_a_weekend_on_a_day_of_its_own_choice() -> None:
    """The festivals stand by law; the weekday that makes up for one on a weekend doesn't."""
    festivals = [on.isoformat() for on in Calendar().festival_days(2027)]
    assert "2027-05-01" in festivals  # a Saturday
    assert "2027-05-03" not in festivals  # the Monday that the library supposes for it
    own = {"year": 2027, "number": "试〔2026〕1号", "off": [*festivals, "2027-04-30"], "worked": []}
    calendar = Calendar((parse_notice(own),))
    assert not calendar.is_working(date(2027, 4, 30))
    assert calendar.is_working(date(2027, 5, 3))
