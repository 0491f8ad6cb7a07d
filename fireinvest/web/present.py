"""How are findings shown? Words for codes, and the calendar strips and bars that pages draw.

Nothing is decided here: every date, level and light comes from the core.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby

from flask import Flask

from fireinvest.china import CHINA
from fireinvest.messages import Joined, Label, Text, Words, render
from fireinvest.regulation.basis import Citation
from fireinvest.regulation.calendar import ONE_DAY, Calendar, Day, DayKind
from fireinvest.regulation.clocks import Alternative, AlternativeKind, Deadline, explain
from fireinvest.regulation.condition import ALWAYS, evaluate
from fireinvest.regulation.days import CountedDay, Length, Skipped, Unit, length_in_words
from fireinvest.regulation.profile import (
    Clock,
    Level,
    Mode,
    Need,
    Reading,
    Ruleset,
    Scale,
    StartsFrom,
    Step,
    Weight,
)
from fireinvest.regulation.severity import CRITERIA, Criterion, amount
from fireinvest.services.files import readable_size
from fireinvest.services.wording import DAY_KINDS, weekday
from fireinvest.web.language import language
from fireinvest.workflow.case import Case

#: The corner marks that Chinese calendars print beside a day.
DAY_MARKS: Mapping[DayKind, Label] = {
    DayKind.MAKE_UP: Label(zh="班", en="W"),
    DayKind.HOLIDAY: Label(zh="休", en="H"),
    DayKind.SWAPPED_OFF: Label(zh="休", en="S"),
}

MODES: Mapping[Mode, Text] = {
    Mode.INVESTIGATE: Text("It is investigated here"),
    Mode.ASSIST: Text("The superior government investigates; this place assists"),
    Mode.OTHER_REGIME: Text("Other law prevails; it is handed over"),
    Mode.OUT_OF_SCOPE: Text("Outside the rule: the fire-rescue agency determines it alone"),
}

WEIGHTS: Mapping[Weight, Text] = {
    Weight.STATUTORY: Text("Statutory"),
    Weight.ADVISORY: Text("Advice"),
    Weight.SET: Text("Set by a document"),
}

NEEDS: Mapping[Need, Text] = {
    Need.MUST: Text("must"),
    Need.SHOULD: Text("should"),
    Need.MAY: Text("may"),
}

WEEKDAY_HEADS = (
    Label(zh="一", en="M"),
    Label(zh="二", en="T"),
    Label(zh="三", en="W"),
    Label(zh="四", en="T"),
    Label(zh="五", en="F"),
    Label(zh="六", en="S"),
    Label(zh="日", en="S"),
)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def say(words: Words) -> str:
    """Return the words in the language of this request."""
    return render(words, language())


def instant(at: datetime) -> str:
    """Return an instant in the time of China, to the minute: 2025-05-12 08:30."""
    return at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M")


def month_name(on: date) -> Label:
    """Return the month as a heading: 2025年5月, "May 2025"."""
    return Label(zh=f"{on.year}年{on.month}月", en=f"{_MONTHS[on.month - 1]} {on.year}")


def short_month(on: date) -> Label:
    """Return the month alone: 5月, "May"."""
    return Label(zh=f"{on.month}月", en=_MONTHS[on.month - 1])


def install(app: Flask) -> None:
    """Give the templates the filters they write with."""
    app.add_template_filter(say, "say")
    app.add_template_filter(weekday, "weekday")
    app.add_template_filter(length_in_words, "in_words")
    app.add_template_filter(instant, "instant")
    app.add_template_filter(readable_size, "size")


# ------------------------------------------------------------- severity


@dataclass(frozen=True, slots=True)
class CriterionBar:
    """A criterion on the scale: how far a bar reaches, in percent, and what is lacking."""

    criterion: Criterion
    label: Label
    value: Words | None
    distance: Words | None
    reach: float


def criterion_bars(scale: Scale, criteria: Iterable[Criterion]) -> list[CriterionBar]:
    """Return each criterion as a bar over the scale's levels, which all have the same width."""
    return [
        CriterionBar(
            criterion=each,
            label=CRITERIA[each.fact],
            value=None if each.value is None else amount(each.fact, each.value),
            distance=None if each.distance is None else amount(each.fact, each.distance),
            reach=round(_reach(scale.levels, each), 2),
        )
        for each in criteria
    ]


def _reach(levels: tuple[Level, ...], criterion: Criterion) -> float:
    if criterion.value is None:
        return 0
    place = next(at for at, level in enumerate(levels) if level is criterion.level)
    share = 0.5  # of the highest level, which has no end
    if criterion.next_level is not None:
        lower = criterion.level.least.get(criterion.fact, 0)
        upper = criterion.next_level.least[criterion.fact]
        share = (criterion.value - lower) / (upper - lower)
    return 100 * (place + share) / len(levels)


# ------------------------------------------------------------- calendar strips


@dataclass(frozen=True, slots=True)
class Cell:
    """A day of a calendar: its number in a count if it has one, how it looks, what it says."""

    on: date
    number: int | None
    mark: Label | None
    classes: str
    words: Words


@dataclass(frozen=True, slots=True)
class Month:
    """A month as weeks of cells; the days of other months, and days outside the count, are None.

    ``first`` and ``last``: the numbers of the first and last counted day in it.
    """

    on: date
    label: Label
    short: Label
    weeks: tuple[tuple[Cell | None, ...], ...]
    first: int | None
    last: int | None
    working_days: int = 0


#: Counts of up to so many days are a row of tiles, then months with numbers, then small months.
_TILES = 14
_LARGE = 45
_SMALL = 150

#: Longer counts are told by their ends alone.
_LONGEST_STRIP = timedelta(days=800)


@dataclass(frozen=True, slots=True)
class Strip:
    """The counted days of a clock: as "tiles", "large" or "small" months, or a "line" of months."""

    form: str
    cells: tuple[Cell, ...]
    months: tuple[Month, ...]


def strip(calendar: Calendar, found: Deadline) -> Strip | None:
    """Return the days of a clock's count as they are drawn; None where there is nothing to count."""
    span = found.due_on - found.count.start_on
    if found.term is None or span > _LONGEST_STRIP or found.unit is Unit.HOURS:
        return None
    counted = list(explain(calendar, found))
    if span.days > _SMALL:
        return Strip("line", (), _month_line(counted, found))
    cells = tuple(_counted_cell(each, found) for each in counted)
    if span.days <= _TILES:
        return Strip("tiles", cells, ())
    form = "large" if span.days <= _LARGE and found.unit is Unit.WORKING_DAYS else "small"
    return Strip(form, (), months_of(cells))


def months_of(cells: Iterable[Cell]) -> tuple[Month, ...]:
    """Return the cells laid out as months of weeks."""
    months: dict[tuple[int, int], dict[date, Cell]] = {}
    for cell in cells:
        months.setdefault((cell.on.year, cell.on.month), {})[cell.on] = cell
    return tuple(_month(date(year, month, 1), found) for (year, month), found in months.items())


def _month(first: date, cells: Mapping[date, Cell]) -> Month:
    on = first - first.weekday() * ONE_DAY
    until = max(cells)
    weeks: list[tuple[Cell | None, ...]] = []
    while on <= until:
        week = [on + day * ONE_DAY for day in range(7)]
        row = tuple(cells.get(day) for day in week)
        if any(row):
            weeks.append(row)
        on += 7 * ONE_DAY
    numbers = [cell.number for cell in cells.values() if cell.number is not None]
    return Month(
        first,
        month_name(first),
        short_month(first),
        tuple(weeks),
        min(numbers, default=None),
        max(numbers, default=None),
        sum("is-worked" in cell.classes for cell in cells.values()),
    )


def _month_line(counted: list[CountedDay], found: Deadline) -> tuple[Month, ...]:
    firsts = dict.fromkeys(each.day.on.replace(day=1) for each in counted)
    months = []
    for first in firsts:
        ends = [
            Cell(on, None, None, name, words)
            for on, name, words in (
                (found.count.start_on, "is-start", Text("start")),
                (found.opens_on, "is-opening", Text("opens")),
                (found.due_on, "is-due", Text("due")),
            )
            if on is not None and on.replace(day=1) == first
        ]
        month = Month(first, month_name(first), short_month(first), (tuple(ends),), None, None)
        months.append(month)
    return tuple(months)


#: Why a day has no number in a count.
SKIPPED: Mapping[Skipped, Text] = {
    Skipped.START: Text("the first day isn't counted"),
    Skipped.NOT_WORKED: Text("not counted"),
    Skipped.LEFT_OUT: Text("left out of the count"),
    Skipped.ROLLED: Text("the end moves on over it"),
}


def _counted_cell(each: CountedDay, found: Deadline) -> Cell:
    on = each.day.on
    classes, words = _looks(each.day)
    if each.number is not None:
        classes.append("is-counted")
        words.insert(1, Text("counted as day %(number)s", number=each.number))
    elif each.skipped is not None:
        classes.append(f"is-skipped is-{each.skipped.value.replace('_', '-')}")
        words.insert(1, SKIPPED[each.skipped])
    for is_so, name, word in (
        (on == found.due_on, "is-due", Text("the due day")),
        (on == found.act_by and on != found.due_on, "is-act-by", Text("the day to act by")),
        (on == found.as_of, "is-today", Text("the day of asking")),
        (on == found.run.satisfied_on, "is-met", Text("done on this day")),
    ):
        if is_so:
            classes.append(name)
            words.append(word)
    return Cell(on, each.number, DAY_MARKS.get(each.day.kind), " ".join(classes), _joined(words))


def _looks(day: Day) -> tuple[list[str], list[Words]]:
    classes = [f"k-{day.kind.value.replace('_', '-')}"]
    if day.kind.is_working:
        classes.append("is-worked")
    words: list[Words] = [
        Text("%(day)s (%(weekday)s)", day=day.on, weekday=weekday(day.on)),
        DAY_KINDS[day.kind],
    ]
    words.extend(word for word in (day.name, day.notice) if word is not None)
    if not day.announced:
        classes.append("is-open")
        words.append(Text("no notice for this year yet"))
    return classes, words


def _joined(words: list[Words]) -> Words:
    return Joined(tuple(words))


def year_months(calendar: Calendar, year: int, today: date) -> tuple[Month, ...]:
    """Return the months of a year as the calendar sees them."""
    cells = []
    on = date(year, 1, 1)
    while on.year == year:
        day = calendar.day(on)
        classes, words = _looks(day)
        if on == today:
            classes.append("is-today")
            words.append(Text("today"))
        cells.append(Cell(on, None, DAY_MARKS.get(day.kind), " ".join(classes), _joined(words)))
        on += ONE_DAY
    return months_of(cells)


@dataclass(frozen=True, slots=True)
class Holiday:
    """A row of days off in one go: the holidays in it, and the weekends that adjoin them."""

    name: Words
    notice: Words | None
    first_on: date
    last_on: date
    days: int


def holidays_of(calendar: Calendar, year: int) -> tuple[list[Holiday], list[Day]]:
    """Return the rows of days off of a year that hold a holiday, and the days made up."""
    days = [calendar.day(date(year, 1, 1) + at * ONE_DAY) for at in range(_length_of(year))]
    rows = [list(row) for off, row in groupby(days, lambda day: not day.kind.is_working) if off]
    named = [row for row in rows if any(day.kind in _HOLIDAYS for day in row)]
    made_up = [day for day in days if day.kind is DayKind.MAKE_UP]
    return [_holiday(row) for row in named], made_up


_HOLIDAYS = (DayKind.HOLIDAY, DayKind.SWAPPED_OFF)


def _length_of(year: int) -> int:
    return (date(year, 12, 31) - date(year, 1, 1)).days + 1


def _holiday(row: list[Day]) -> Holiday:
    statutory = [day for day in row if day.kind is DayKind.HOLIDAY] or row
    names = dict.fromkeys(day.name for day in statutory if day.name is not None)
    notice = next((day.notice for day in row if day.notice is not None), None)
    return Holiday(Joined(tuple(names)), notice, row[0].on, row[-1].on, len(row))


# ------------------------------------------------------------- clocks


@dataclass(frozen=True, slots=True)
class ReadingRow:
    """A reading behind a date, and the date that each of its options would give."""

    reading: Reading
    options: tuple[Alternative, ...]


@dataclass(frozen=True, slots=True)
class ClockView:
    """A deadline as a card: its strip, its readings and the dates of other instruments.

    ``due_time``: the time of day in China at which a clock in hours ends.
    """

    found: Deadline
    strip: Strip | None
    readings: tuple[ReadingRow, ...]
    without_effect: tuple[Reading, ...]
    others: tuple[Alternative, ...]
    length: Label | None
    units_left: int | None
    due_time: str | None


#: Beyond this, days left are told in calendar days only.
_FAR = 800


def clock_view(
    ruleset: Ruleset, calendar: Calendar, found: Deadline, others: tuple[Alternative, ...]
) -> ClockView:
    """Return a deadline as its card shows it."""
    rows: dict[str, list[Alternative]] = {}
    for each in others:
        if each.kind is AlternativeKind.READING:
            rows.setdefault(each.id, []).append(each)
    moving = {name for name, row in rows.items() if any(o.due_on != found.due_on for o in row)}
    near = found.days_left is not None and abs(found.days_left) <= _FAR
    counts_work = found.unit is Unit.WORKING_DAYS
    return ClockView(
        found=found,
        strip=strip(calendar, found),
        readings=tuple(
            ReadingRow(ruleset.readings[name], tuple(row))
            for name, row in rows.items()
            if name in moving
        ),
        without_effect=tuple(ruleset.readings[name] for name in rows if name not in moving),
        others=tuple(each for each in others if each.kind is not AlternativeKind.READING),
        length=length_in_words(found.term.length) if found.term else None,
        units_left=found.units_left(calendar) if near and counts_work else None,
        due_time=found.due_at.astimezone(CHINA).strftime("%H:%M") if found.due_at else None,
    )


@dataclass(frozen=True, slots=True)
class ComingClock:
    """A clock that hasn't started: how long it will be, and what starts it."""

    clock: Clock
    lengths: tuple[Length, ...]
    bases: tuple[Citation, ...]
    starts: tuple[Step, ...]
    from_fire: bool


def coming_clocks(
    ruleset: Ruleset, case: Case | None = None, started: Iterable[str] = ()
) -> list[ComingClock]:
    """Return the clocks still to come, in the rule's order; those set by documents are left out."""
    gone = set(started)
    view = case.judgement.view() if case else {}
    found = []
    for clock in ruleset.clocks.values():
        mode = case.mode if case else Mode.INVESTIGATE
        if clock.id in gone or clock.weight is Weight.SET or mode not in clock.modes:
            continue
        if case and evaluate(clock.when, view).holds is False:
            continue
        terms = [
            term
            for term in ruleset.terms.values()
            if term.clock == clock.id and (not case or evaluate(term.when, view).holds is not False)
        ]
        if case is None:  # Without a fire, what holds for every fire is enough.
            terms = [term for term in terms if term.when == ALWAYS] or terms
        found.append(
            ComingClock(
                clock,
                lengths=tuple(dict.fromkeys(term.length for term in terms)),
                bases=tuple(dict.fromkeys(term.basis for term in terms)),
                starts=_starting(ruleset, clock),
                from_fire=clock.starts_from is StartsFrom.FIRE,
            )
        )
    return found


def _starting(ruleset: Ruleset, clock: Clock) -> tuple[Step, ...]:
    """Where a receipt is awaited the clock counts from it, not from the sending."""
    if clock.received_by is not None:
        return (ruleset.steps[clock.received_by],)
    return tuple(step for step in ruleset.steps.values() if clock.id in step.starts)
