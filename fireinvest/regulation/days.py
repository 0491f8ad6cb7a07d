"""On which day does a count end, and how was each day counted?

The start day is not counted (Civil Code art 201) unless a reading says so; a count ends at 24:00
of its last day, Asia/Shanghai. A year or month ends on the corresponding day, clamped to the end
of the month (Civil Code art 202).
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from dateutil.relativedelta import relativedelta

from fireinvest.messages import Faulty, Label, Problem, Text, excerpt
from fireinvest.regulation.calendar import (
    FIRST_DAY,
    LAST_DAY,
    ONE_DAY,
    Calendar,
    Day,
    out_of_calendar,
)

#: The longest count that is taken: far beyond any period of law, short of any overflow.
LONGEST = 9999


class Unit(StrEnum):
    """In what is a length counted?"""

    WORKING_DAYS = "working_days"
    NATURAL_DAYS = "natural_days"
    MONTHS = "months"
    YEARS = "years"
    HOURS = "hours"


_SUFFIXES = {
    "wd": Unit.WORKING_DAYS,
    "d": Unit.NATURAL_DAYS,
    "m": Unit.MONTHS,
    "y": Unit.YEARS,
    "h": Unit.HOURS,
}
_LENGTH = re.compile(r"(?P<number>[0-9]{1,9})(?P<suffix>wd|d|m|y|h)")


@dataclass(frozen=True, slots=True)
class Length:
    """How long is a period: a number and its unit."""

    number: int
    unit: Unit

    def __str__(self) -> str:
        """Return the length as it is typed: 3wd, 60d, 10m, 1y, 24h."""
        suffix = next(suffix for suffix, unit in _SUFFIXES.items() if unit is self.unit)
        return f"{self.number}{suffix}"


def parse_length(given: str, field: str = "length") -> Length:
    """Return the length that 3wd, 60d, 10m, 1y or 24h means.

    Raises:
        Faulty: when it is none of these, or absurdly long.

    """
    found = _LENGTH.fullmatch(given.strip())
    if found is None:
        text = Text(
            "%(given)s is not a length; write 3wd (working days), 60d (days), 10m (months), "
            "1y (years) or 24h (hours).",
            given=excerpt(given),
        )
        raise Faulty([Problem(field, text)])
    if not 1 <= int(found["number"]) <= LONGEST:
        raise Faulty([Problem(field, Text("A length from 1 to %(most)s is needed.", most=LONGEST))])
    return Length(int(found["number"]), _SUFFIXES[found["suffix"]])


def length_in_words(length: Length) -> Label:
    """Return the length worded: 3个工作日, "3 working days"."""
    number = length.number
    zh, en = {
        Unit.WORKING_DAYS: ("个工作日", "working day"),
        Unit.NATURAL_DAYS: ("日", "day"),
        Unit.MONTHS: ("个月", "month"),
        Unit.YEARS: ("年", "year"),
        Unit.HOURS: ("小时", "hour"),
    }[length.unit]
    return Label(zh=f"{number}{zh}", en=f"{number} {en}{'' if number == 1 else 's'}")


@dataclass(frozen=True, slots=True)
class Span:
    """Days that are left out of a count: after ``began_on``, up to and with ``ended_on``."""

    began_on: date
    ended_on: date


def merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Return the spans in order, with overlapping ones made one, so that no day counts twice."""
    result: list[Span] = []
    for span in sorted(spans, key=lambda each: each.began_on):
        if span.ended_on <= span.began_on:
            continue
        if result and span.began_on <= result[-1].ended_on:
            last = result[-1]
            result[-1] = Span(last.began_on, max(last.ended_on, span.ended_on))
        else:
            result.append(span)
    return tuple(result)


def add(calendar: Calendar, start: date, length: Length, left_out: tuple[Span, ...] = ()) -> date:
    """Return the last day of a count from the start, which is not counted itself.

    ``left_out`` are spans whose days don't count; for months and years their days are
    added at the end. Hours end on the day on which the last of them falls, from 00:00 of the
    start; use :func:`add_hours` when the time of day matters.

    Raises:
        Faulty: when the count leaves the calendar (2007 to 2099).

    """
    if not FIRST_DAY <= start <= LAST_DAY:
        raise out_of_calendar()
    try:
        end = _stretched(
            calendar, start, _add(calendar, start, length), length.unit, merged(left_out)
        )
    except (OverflowError, ValueError) as error:
        raise out_of_calendar() from error
    if end > LAST_DAY:
        raise out_of_calendar()
    return end


def _add(calendar: Calendar, start: date, length: Length) -> date:
    number = length.number
    match length.unit:
        case Unit.WORKING_DAYS:
            return calendar.nth_working_day(start, number)
        case Unit.NATURAL_DAYS:
            return start + timedelta(days=number)
        case Unit.MONTHS:
            return start + relativedelta(months=number)
        case Unit.YEARS:
            return start + relativedelta(years=number)
    return (datetime.combine(start, time()) + timedelta(hours=number)).date()


def _stretched(
    calendar: Calendar, start: date, end: date, unit: Unit, left_out: tuple[Span, ...]
) -> date:
    """Move the end by as many counted days as the spans take out of the period, in turn."""
    for span in left_out:
        began_on = max(span.began_on, start)
        if began_on >= end or span.ended_on <= began_on:
            continue
        if unit is Unit.WORKING_DAYS:
            lost = calendar.working_days_between(began_on, span.ended_on)
            end = calendar.nth_working_day(end, lost) if lost else end
        else:
            end += span.ended_on - began_on
    return end


def add_hours(start: datetime, number: int) -> datetime:
    """Return the instant so many hours after the start.

    Raises:
        Faulty: when it leaves the calendar.

    """
    try:
        end = start + timedelta(hours=number)
    except OverflowError as error:
        raise out_of_calendar() from error
    if not FIRST_DAY <= end.date() <= LAST_DAY:
        raise out_of_calendar()
    return end


def days_between(calendar: Calendar, start: date, end: date, unit: Unit) -> int:
    """Return how many days of the unit lie after the start, up to and with the end.

    Working days for working-day lengths, calendar days for all others; negative backwards.
    """
    if unit is Unit.WORKING_DAYS:
        return calendar.working_days_between(start, end)
    return (end - start).days


class Skipped(StrEnum):
    """Why is a day of a period not counted?"""

    START = "start"
    NOT_WORKED = "not_worked"
    LEFT_OUT = "left_out"
    ROLLED = "rolled"


@dataclass(frozen=True, slots=True)
class CountedDay:
    """One day of a period: its place in the count, or why it isn't counted."""

    day: Day
    number: int | None
    skipped: Skipped | None


def count_days(
    calendar: Calendar,
    start: date,
    end: date,
    unit: Unit,
    left_out: tuple[Span, ...] = (),
    *,
    start_counts: bool = False,
) -> Iterator[CountedDay]:
    """Yield every day from the start to the end, with its number in the count or why it has none.

    The start is day zero (Civil Code art 201) unless ``start_counts``.
    """
    number = 0
    on = start
    while on <= end:
        if on == start and not start_counts:
            skipped: Skipped | None = Skipped.START
        elif any(span.began_on < on <= span.ended_on for span in left_out):
            skipped = Skipped.LEFT_OUT
        elif unit is Unit.WORKING_DAYS and not calendar.is_working(on):
            skipped = Skipped.NOT_WORKED
        else:
            skipped = None
            number += 1
        yield CountedDay(calendar.day(on), None if skipped else number, skipped)
        on += ONE_DAY
