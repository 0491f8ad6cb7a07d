"""On which day does a count end, and how was each day counted?"""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fireinvest.messages import Faulty
from fireinvest.regulation.calendar import Calendar, out_of_calendar
from fireinvest.regulation.days import (
    Length,
    Skipped,
    Span,
    Unit,
    add,
    add_hours,
    count_days,
    days_between,
    length_in_words,
    merged,
    parse_length,
)
from tests.regulation import naive
from tests.regulation.law import day

CALENDAR = Calendar()
STARTS = st.dates(day("2007-01-01"), day("2025-06-30"))


@pytest.mark.parametrize(
    ("start", "length", "due"),
    [
        ("2025-05-12", "3wd", "2025-05-15"),
        ("2025-01-24", "3wd", "2025-02-05"),
        ("2025-09-30", "3wd", "2025-10-11"),
        ("2024-02-08", "3wd", "2024-02-19"),
        ("2025-09-09", "15wd", "2025-09-29"),
        ("2024-09-20", "15wd", "2024-10-16"),
        ("2025-05-12", "60d", "2025-07-11"),
        ("2025-07-11", "60d", "2025-09-09"),
        ("2025-08-02", "60d", "2025-10-01"),
        ("2024-02-29", "1y", "2025-02-28"),
        ("2023-02-28", "1y", "2024-02-28"),
        ("2025-01-31", "1m", "2025-02-28"),
        ("2025-04-30", "10m", "2026-02-28"),
        ("2025-12-31", "2m", "2026-02-28"),
        ("2025-05-12", "24h", "2025-05-13"),
        ("2025-05-12", "23h", "2025-05-12"),
    ],
)
def test_the_values_of_the_readings_hold(start: str, length: str, due: str) -> None:
    assert add(CALENDAR, day(start), parse_length(length)) == day(due)


def test_the_working_day_before_and_the_rolled_day_of_the_readings_hold() -> None:
    assert CALENDAR.last_working_day(day("2025-10-01")) == day("2025-09-30")
    assert CALENDAR.next_working_day(day("2025-10-01")) == day("2025-10-09")


# ---------------------------------------------------------------- against a naive count


@given(STARTS, st.integers(1, 120))
def test_working_days_are_those_of_a_naive_count(start: date, number: int) -> None:
    length = Length(number, Unit.WORKING_DAYS)
    assert add(CALENDAR, start, length) == naive.working_days_after(start, number)


@given(STARTS, st.integers(1, 400))
def test_natural_days_are_those_of_a_naive_count(start: date, number: int) -> None:
    length = Length(number, Unit.NATURAL_DAYS)
    assert add(CALENDAR, start, length) == naive.days_after(start, number)


@given(STARTS, st.integers(1, 30))
def test_months_end_on_the_corresponding_day(start: date, number: int) -> None:
    assert add(CALENDAR, start, Length(number, Unit.MONTHS)) == naive.same_day_later(start, number)


@given(STARTS, st.integers(1, 5))
def test_years_end_on_the_corresponding_day(start: date, number: int) -> None:
    length = Length(number, Unit.YEARS)
    assert add(CALENDAR, start, length) == naive.same_day_later(start, 12 * number)


@given(
    STARTS,
    st.integers(1, 70),
    st.lists(st.tuples(st.integers(-20, 120), st.integers(-2, 25)), max_size=5),
    st.sampled_from([Unit.WORKING_DAYS, Unit.NATURAL_DAYS]),
)
def test_days_left_out_count_once_however_they_overlap(
    start: date, number: int, spans: list[tuple[int, int]], unit: Unit
) -> None:
    out = [
        (start + timedelta(days=began), start + timedelta(days=began + long))
        for began, long in spans
    ]
    expected = naive.days_after(start, number, out, working=unit is Unit.WORKING_DAYS)
    found = add(CALENDAR, start, Length(number, unit), tuple(Span(*each) for each in out))
    assert found == expected


@given(STARTS, st.integers(1, 70), st.sampled_from([Unit.WORKING_DAYS, Unit.NATURAL_DAYS]))
def test_the_days_shown_are_the_days_counted(start: date, number: int, unit: Unit) -> None:
    end = add(CALENDAR, start, Length(number, unit))
    shown = list(count_days(CALENDAR, start, end, unit))
    assert [each.day.on for each in shown] == [
        start + timedelta(days=n) for n in range((end - start).days + 1)
    ]
    assert [each.number for each in shown if each.number is not None] == list(range(1, number + 1))
    assert shown[-1].number == number
    assert all((each.number is None) is (each.skipped is not None) for each in shown)


def test_months_and_years_are_lengthened_by_the_days_left_out() -> None:
    out = (Span(day("2025-05-20"), day("2025-05-25")),)
    assert add(CALENDAR, day("2025-05-12"), Length(1, Unit.MONTHS), out) == day("2025-06-17")


@pytest.mark.parametrize(
    ("began", "ended", "due"),
    [
        ("2025-05-10", "2025-05-12", "2025-05-15"),
        ("2025-05-10", "2025-05-13", "2025-05-16"),
        ("2025-05-14", "2025-05-15", "2025-05-16"),
        ("2025-05-15", "2025-05-20", "2025-05-15"),
    ],
)
def test_only_days_within_the_period_are_left_out(began: str, ended: str, due: str) -> None:
    """Three working days from 12 May 2025: 13, 14 and 15."""
    out = (Span(day(began), day(ended)),)
    assert add(CALENDAR, day("2025-05-12"), parse_length("3wd"), out) == day(due)


def test_every_skipped_day_says_why() -> None:
    shown = count_days(
        CALENDAR,
        day("2025-05-09"),
        day("2025-05-15"),
        Unit.WORKING_DAYS,
        (Span(day("2025-05-12"), day("2025-05-13")),),
    )
    assert [each.skipped for each in shown] == [
        Skipped.START,
        Skipped.NOT_WORKED,
        Skipped.NOT_WORKED,
        None,
        Skipped.LEFT_OUT,
        None,
        None,
    ]


def test_the_first_day_may_count() -> None:
    shown = list(
        count_days(
            CALENDAR, day("2025-05-12"), day("2025-05-13"), Unit.NATURAL_DAYS, start_counts=True
        )
    )
    assert [each.number for each in shown] == [1, 2]


@pytest.mark.parametrize(
    ("unit", "between"), [(Unit.WORKING_DAYS, 2), (Unit.NATURAL_DAYS, 7), (Unit.MONTHS, 7)]
)
def test_days_between_are_counted_in_the_unit(unit: Unit, between: int) -> None:
    start, end = day("2025-04-29"), day("2025-05-06")
    assert days_between(CALENDAR, start, end, unit) == between
    assert days_between(CALENDAR, end, start, unit) == -between


def test_spans_that_touch_or_overlap_become_one() -> None:
    def span(first: int, last: int) -> Span:
        return Span(date(2025, 5, first), date(2025, 5, last))

    assert merged([span(10, 12), span(1, 5), span(4, 8), span(8, 9), span(20, 20), span(3, 4)]) == (
        span(1, 9),
        span(10, 12),
    )


# ---------------------------------------------------------------- hours


def test_hours_are_counted_from_the_instant() -> None:
    start = datetime(2025, 5, 12, 15, 50, tzinfo=UTC)
    assert add_hours(start, 24) == datetime(2025, 5, 13, 15, 50, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "hours"),
    [
        (datetime(2099, 12, 31, 12, tzinfo=UTC), 24),
        (datetime(9999, 12, 31, 12, tzinfo=UTC), 24),
        (datetime(2006, 12, 30, 12, tzinfo=UTC), 1),
    ],
)
def test_hours_that_leave_the_calendar_are_refused(start: datetime, hours: int) -> None:
    with pytest.raises(Faulty, match="leaves the calendar"):
        add_hours(start, hours)


# ---------------------------------------------------------------- lengths


@pytest.mark.parametrize(
    ("written", "zh", "en"),
    [
        ("3wd", "3个工作日", "3 working days"),
        ("1wd", "1个工作日", "1 working day"),
        ("60d", "60日", "60 days"),
        ("10m", "10个月", "10 months"),
        ("1y", "1年", "1 year"),
        ("24h", "24小时", "24 hours"),
    ],
)
def test_a_length_is_read_written_and_worded(written: str, zh: str, en: str) -> None:
    length = parse_length(f" {written} ")
    assert str(length) == written
    assert (length_in_words(length).zh, length_in_words(length).en) == (zh, en)


@pytest.mark.parametrize("number", [1, 9999])
def test_the_shortest_and_the_longest_length_are_taken(number: int) -> None:
    assert parse_length(f"{number}d").number == number


@pytest.mark.parametrize(
    "written",
    ["", "3", "wd", "-3d", "3.5d", "3 wd", "3D", "３d", "0d", "10000d", "9" * 5000 + "d", "3d\n4d"],
)
def test_what_is_no_length_is_refused(written: str) -> None:
    with pytest.raises(Faulty) as refused:
        parse_length(written)
    (problem,) = refused.value.problems
    assert problem.field == "length"
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize(
    ("start", "length"),
    [
        ("2099-12-31", "1d"),
        ("2099-12-31", "1wd"),
        ("2099-01-05", "1y"),
        ("2099-12-31", "24h"),
        ("2025-05-12", "9999y"),
        ("2025-05-12", "9999m"),
        ("2090-05-12", "9999d"),
        ("2090-05-12", "9999wd"),
        ("2006-12-31", "1d"),
        ("0001-01-01", "1y"),
        ("9999-12-31", "1d"),
    ],
)
def test_a_count_that_leaves_the_calendar_is_refused(start: str, length: str) -> None:
    with pytest.raises(Faulty) as refused:
        add(CALENDAR, day(start), parse_length(length))
    assert refused.value.problems == out_of_calendar().problems


@pytest.mark.parametrize(
    ("start", "length", "due"),
    [
        ("2099-01-05", "3wd", "2099-01-08"),
        ("2099-12-30", "1d", "2099-12-31"),
        ("2098-12-31", "1y", "2099-12-31"),
    ],
)
def test_the_last_year_of_the_calendar_can_be_counted_in(start: str, length: str, due: str) -> None:
    assert add(CALENDAR, day(start), parse_length(length)) == day(due)


def test_days_left_out_far_beyond_the_calendar_are_refused() -> None:
    out = (Span(day("2025-05-13"), date.max),)
    for unit in (Unit.NATURAL_DAYS, Unit.WORKING_DAYS):
        with pytest.raises(Faulty, match="leaves the calendar"):
            add(CALENDAR, day("2025-05-12"), Length(3, unit), out)
