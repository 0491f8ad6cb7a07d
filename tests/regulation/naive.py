"""A plain count, one day after the other: slow, obvious, and made apart from the product."""

from collections.abc import Iterable
from datetime import date, timedelta
from functools import cache

import holidays

ONE = timedelta(days=1)


@cache
def _year(year: int) -> tuple[frozenset[date], frozenset[date]]:
    library = holidays.country_holidays("CN", years=year)
    return frozenset(library), frozenset(library.weekend_workdays)


def works(on: date) -> bool:
    off, made_up = _year(on.year)
    return on in made_up or (on.weekday() not in (5, 6) and on not in off)


def working_days_after(start: date, number: int) -> date:
    on = start
    while number:
        on += ONE
        if works(on):
            number -= 1
    return on


def days_after(
    start: date, number: int, spans: Iterable[tuple[date, date]] = (), *, working: bool = False
) -> date:
    """So many days that count; those after a span's first day up to its last don't."""
    spans = list(spans)
    on = start
    while number:
        on += ONE
        is_out = any(began < on <= ended for began, ended in spans)
        if not is_out and (works(on) or not working):
            number -= 1
    return on


def same_day_later(start: date, months: int) -> date:
    """The corresponding day, or the last of a month that is too short."""
    month, year = start.month, start.year
    for _ in range(months):
        month += 1
        if month == 13:
            month, year = 1, year + 1
    for number in range(start.day, 0, -1):
        try:
            return date(year, month, number)
        except ValueError:
            continue
    raise AssertionError


def last_worked(on: date) -> date:
    while not works(on):
        on -= ONE
    return on


def next_worked(on: date) -> date:
    while not works(on):
        on += ONE
    return on


def worked_between(start: date, end: date) -> int:
    """Worked days after the start, up to and with the end."""
    return sum(
        works(date.fromordinal(n)) for n in range(start.toordinal() + 1, end.toordinal() + 1)
    )
