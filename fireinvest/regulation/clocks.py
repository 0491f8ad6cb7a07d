"""When is a clock due, when to act, what would other readings give, and how was it counted?

One instance of a clock is a :class:`Run` (what happened) under the terms of the rule; together
with a calendar they make a :class:`Deadline`. Dates are worked out at once; alternatives and the
counted days only when asked for.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from fireinvest.china import CHINA
from fireinvest.messages import Text, Words
from fireinvest.regulation.basis import Citation
from fireinvest.regulation.calendar import FIRST_DAY, LAST_DAY, ONE_DAY, Calendar
from fireinvest.regulation.condition import FactView, evaluate
from fireinvest.regulation.days import (
    CountedDay,
    Length,
    Skipped,
    Span,
    Unit,
    add,
    add_hours,
    count_days,
    days_between,
    merged,
)
from fireinvest.regulation.facts import start_of_day
from fireinvest.regulation.profile import Clock, Rank, Reading, Ruleset, Setting, Term, Weight

SettingValue = bool | str | tuple[str, ...] | None

_FROM_TOP = {Rank.NATION: 0, Rank.PROVINCE: 1, Rank.CITY: 2}


@dataclass(frozen=True, slots=True)
class Granted:
    """An extension that was approved: how many natural days, on which day, by which entry."""

    days: int
    approved_on: date
    entry: int | None = None


@dataclass(frozen=True, slots=True)
class Test:
    """A technical appraisal: commissioned on, returned on (None while it is out)."""

    began_on: date
    ended_on: date | None


@dataclass(frozen=True, slots=True)
class Decided:
    """How an unclear point was decided, for clocks that begin on a day or later.

    ``entry``: the one by which the case learnt of it, on the day ``known_on``.
    """

    reading: str
    option: str
    applies_from: date
    document: str
    entry: int
    known_on: date


@dataclass(frozen=True, slots=True)
class Run:
    """One instance of a clock as it happened.

    ``started_by`` and the like are sequence numbers of journal entries, None for the fire itself.
    ``first_start_on``: the first receipt of a row of submissions. ``awaits_receipt``: it counts
    from the sending because nobody registered a receipt yet. ``late_since``: the day of the late
    fact that brought the fire into scope, or moved it to this government. ``decided``: the
    readings that were decided for it, one for each unclear point.
    """

    instance: str
    start_on: date
    start_at: datetime | None = None
    started_by: int | None = None
    set_due_on: date | None = None
    satisfied_on: date | None = None
    satisfied_at: datetime | None = None
    satisfied_by: int | None = None
    returned_on: date | None = None
    handed_over_on: date | None = None
    extensions: tuple[Granted, ...] = ()
    tests: tuple[Test, ...] = ()
    first_start_on: date | None = None
    awaits_receipt: bool = False
    late_since: date | None = None
    government: str | None = None
    about: Words | None = None
    decided: tuple[Decided, ...] = ()


class State(StrEnum):
    """Where does an instance of a clock stand?"""

    RUNNING = "running"
    OVERDUE = "overdue"
    MET = "met"
    MET_LATE = "met_late"
    RETURNED = "returned"
    HANDED_OVER = "handed_over"


class Light(StrEnum):
    """How does a clock show: text, shape and colour follow from this."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"
    OVERDUE = "overdue"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Prolonged:
    """What an extension did: days that took effect, days in excess, or nothing when it came late."""

    granted: Granted
    from_on: date
    to_on: date
    effective_days: int
    excess_days: int
    came_late: bool


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a count: after ``from_on`` up to ``to_on``, and where it rolled, ``ends_on``."""

    from_on: date
    to_on: date
    ends_on: date
    unit: Unit


@dataclass(frozen=True, slots=True)
class Count:
    """The outcome of one count under one term.

    ``start_on``: the day it runs from, counted itself only where ``start_counts``. ``parts``: the
    length itself, then each extension that took effect. ``runs_since``: an appraisal whose time is
    left out went out on this day and isn't back, so that the due day moves on with every day;
    ``held_on``: on which day it would be due had that one taken no time.
    """

    start_on: date
    start_counts: bool
    due_on: date
    due_at: datetime | None
    parts: tuple[Part, ...]
    prolonged: tuple[Prolonged, ...]
    left_out: tuple[Span, ...]
    runs_since: date | None = None
    held_on: date | None = None


@dataclass(frozen=True, slots=True)
class Deadline:
    """A clock's date for one instance.

    ``due_on`` ends at 24:00 Asia/Shanghai; ``due_at`` (UTC) for clocks in hours. ``act_by``: the
    last working day on or before the earliest date that any instrument gives. ``earliest_on`` and
    ``latest_on``: the range of a working-day count that touches a year without a notice.
    ``provisional``: the due day or the day to act rests on such a year.
    """

    clock: Clock
    run: Run
    term: Term | None
    count: Count
    terms: tuple[Term, ...]
    act_by: date
    opens_on: date | None
    yellow_on: date
    red_on: date | None
    provisional: bool
    earliest_on: date | None
    latest_on: date | None
    as_of: date
    as_of_at: datetime | None = None

    @property
    def due_on(self) -> date:
        """The last day, to 24:00 Asia/Shanghai."""
        return self.count.due_on

    @property
    def due_at(self) -> datetime | None:
        """The last instant (UTC) of a clock in hours."""
        return self.count.due_at

    @property
    def runs_since(self) -> date | None:
        """Since when it runs on, a day each day, because an appraisal is out; None where none is."""
        return self.count.runs_since

    @property
    def unit(self) -> Unit:
        """The unit in which it is counted."""
        return self.term.length.unit if self.term else Unit.NATURAL_DAYS

    @property
    def basis(self) -> Citation:
        """The passage from which its length comes."""
        return self.term.basis if self.term else self.clock.basis

    @property
    def is_ended(self) -> bool:
        """Is it met, returned, or handed over?"""
        run = self.run
        return bool(run.satisfied_on or run.returned_on or run.handed_over_on)

    @property
    def state(self) -> State:
        """Where the clock stands on its ``as_of`` day."""
        run = self.run
        if run.satisfied_on is not None:
            return State.MET_LATE if self._is_after_due(run) else State.MET
        if run.returned_on is not None:
            return State.RETURNED
        if run.handed_over_on is not None:
            return State.HANDED_OVER
        return State.OVERDUE if self._is_past else State.RUNNING

    @property
    def _is_past(self) -> bool:
        """Is the last day over, or for a clock in hours the last instant, if the time is known?"""
        if self.due_at is not None and self.as_of_at is not None:
            return self.as_of_at > self.due_at
        return self.as_of > self.due_on

    @property
    def is_late(self) -> bool:
        """Was it met too late, or is it overdue: for a clock in hours by its last instant?"""
        return self.state in (State.MET_LATE, State.OVERDUE)

    def _is_after_due(self, run: Run) -> bool:
        if run.satisfied_at is not None and self.due_at is not None:
            return run.satisfied_at > self.due_at
        return run.satisfied_on is not None and run.satisfied_on > self.due_on

    @property
    def days_left(self) -> int | None:
        """Calendar days to the due day, negative when it is past; None when the clock ended."""
        return None if self.is_ended else (self.due_on - self.as_of).days

    def units_left(self, calendar: Calendar) -> int | None:
        """Return the days left in the clock's own unit; None when it ended."""
        if self.is_ended:
            return None
        return days_between(calendar, self.as_of, self.due_on, self.unit)

    @property
    def days_late(self) -> int:
        """By how many calendar days it was met, or still is, too late."""
        end = self.run.satisfied_on or (None if self.is_ended else self.as_of)
        return max((end - self.due_on).days, 0) if end else 0

    @property
    def light(self) -> Light:
        """The light on the ``as_of`` day; an advisory clock stops at yellow."""
        if self.is_ended:
            return Light.DONE
        if self._is_past:
            return Light.YELLOW if self.clock.weight is Weight.ADVISORY else Light.OVERDUE
        if self.clock.red is not None and self._has_come(self.red_on, self.clock.red):
            return Light.RED
        return Light.YELLOW if self._has_come(self.yellow_on, self.clock.yellow) else Light.GREEN

    def _has_come(self, on: date | None, hours_left: int) -> bool:
        """Has a light's day come, or for a clock in hours its instant?"""
        if self.due_at is not None and self.as_of_at is not None:
            return self.due_at - self.as_of_at <= timedelta(hours=hours_left)
        return on is not None and self.as_of >= on


def option_of(reading: Reading, decided: Iterable[Decided]) -> str:
    """Return which answer to an unclear point holds: the one decided, else the rule's own."""
    return next((each.option for each in decided if each.reading == reading.id), reading.chosen)


def settings_of(
    ruleset: Ruleset, term: Term, decided: Iterable[Decided] = ()
) -> dict[Setting, SettingValue]:
    """Return the ways of counting that hold for a term: its own, and those that readings chose.

    ``decided``: the readings that were decided for the clock.
    """
    settings: dict[Setting, SettingValue] = {
        Setting.ROLL: False,
        Setting.LEAVE_OUT_TESTS: False,
        Setting.START_DAY: "next",
        Setting.ON_RETURN: "restart",
        **term.settings,
    }
    for name in term.readings:
        reading = ruleset.readings[name]
        assert reading.setting is not None  # noqa: S101 - a term names no others, by checking
        settings[reading.setting] = reading.option(option_of(reading, decided)).value
    return settings


def deadline(
    ruleset: Ruleset,
    calendar: Calendar,
    clock: Clock,
    run: Run,
    facts: FactView,
    as_of: date,
    as_of_at: datetime | None = None,
) -> Deadline:
    """Return the date of one instance of a clock, as known on a day.

    Of several terms the one of the highest instrument governs the due day; where they agree, the
    most local is named; the earliest of all governs the day to act (readings, "Layers of law").
    ``as_of_at``: the instant, for clocks in hours.

    Raises:
        Faulty: when the count leaves the calendar.
        ValueError: when no document set the date of a clock that has no term of its own.

    """
    if run.set_due_on is not None:
        return _set_deadline(calendar, clock, run, run.set_due_on, as_of)
    applying = _applying(ruleset, clock, facts)
    counts = [
        _count(calendar, term, run, settings_of(ruleset, term, run.decided), as_of)
        for term in applying
    ]
    pairs = list(zip(applying, counts, strict=True))
    highest = min(pairs, key=lambda pair: (_FROM_TOP[pair[0].rank], pair[1].due_on))
    # On the day on which an appraisal goes out they still agree, and from the next day on no more.
    same = [
        pair
        for pair in pairs
        if pair[1].due_on == highest[1].due_on and pair[1].runs_since == highest[1].runs_since
    ]
    term, count = max(same, key=lambda pair: _FROM_TOP[pair[0].rank])
    act_by = min(_day_to_act(calendar, each) for each in counts)
    opens = [add(calendar, run.start_on, each.opens) for each in applying if each.opens is not None]
    earliest, latest = _range(calendar, count)
    return Deadline(
        clock=clock,
        run=run,
        term=term,
        count=count,
        terms=applying,
        act_by=act_by,
        opens_on=max(opens, default=None),
        yellow_on=_before(calendar, count, term.length.unit, clock.yellow),
        red_on=None if clock.red is None else _before(calendar, count, term.length.unit, clock.red),
        provisional=earliest is not None
        or not (calendar.is_announced(count.due_on) and calendar.is_announced(act_by)),
        earliest_on=earliest,
        latest_on=latest,
        as_of=as_of,
        as_of_at=as_of_at,
    )


def _applying(ruleset: Ruleset, clock: Clock, facts: FactView) -> tuple[Term, ...]:
    """The terms that hold; while a fact is open and none holds for sure, those that could."""
    verdicts = [
        (term, evaluate(term.when, facts).holds) for term in ruleset.terms_of_clock[clock.id]
    ]
    certain = tuple(term for term, holds in verdicts if holds)
    found = certain or tuple(term for term, holds in verdicts if holds is None)
    if not found:
        raise ValueError(f"no term of the clock {clock.id} applies, and no document set its date")
    return found


def _set_deadline(
    calendar: Calendar, clock: Clock, run: Run, due_on: date, as_of: date
) -> Deadline:
    """A date that a document sets needs no counting, only the working day before it."""
    part = Part(run.start_on, due_on, due_on, Unit.NATURAL_DAYS)
    count = Count(run.start_on, False, due_on, None, (part,), (), ())
    act_by = _day_to_act(calendar, count)
    return Deadline(
        clock=clock,
        run=run,
        term=None,
        count=count,
        terms=(),
        act_by=act_by,
        opens_on=None,
        yellow_on=_before(calendar, count, Unit.NATURAL_DAYS, clock.yellow),
        red_on=_before(calendar, count, Unit.NATURAL_DAYS, clock.red or 0),
        provisional=not calendar.is_announced(due_on),
        earliest_on=None,
        latest_on=None,
        as_of=as_of,
    )


def _day_to_act(calendar: Calendar, count: Count) -> date:
    """The last working day of the period; the due day where none is, or where hours count."""
    if count.due_at is not None or not FIRST_DAY <= count.due_on <= LAST_DAY:
        return count.due_on
    last = calendar.last_working_day(count.due_on)
    return last if last >= count.start_on else count.due_on


def _before(calendar: Calendar, count: Count, unit: Unit, number: int) -> date:
    """The first day on which no more than so many units are left."""
    if unit is Unit.WORKING_DAYS:
        return calendar.nth_working_day_before(count.due_on, number)
    if count.due_at is not None:
        return (count.due_at - timedelta(hours=number)).astimezone(CHINA).date()
    return count.due_on - timedelta(days=number)


def _range(calendar: Calendar, count: Count) -> tuple[date | None, date | None]:
    """Between which days a count of working days can end while a year of it has no notice."""
    first, *more = count.parts
    if first.unit is not Unit.WORKING_DAYS:
        return None, None
    if calendar.is_announced_between(first.from_on, first.to_on):
        return None, None
    total = calendar.working_days_between(first.from_on, first.to_on)
    earliest, latest = calendar.nth_working_day_range(first.from_on, total)
    longer = timedelta(days=sum((part.to_on - part.from_on).days for part in more))
    return earliest + longer, latest + longer


def _count(
    calendar: Calendar,
    term: Term,
    run: Run,
    settings: Mapping[Setting, SettingValue],
    as_of: date,
) -> Count:
    start_on = run.start_on
    if settings[Setting.ON_RETURN] == "continue" and run.first_start_on is not None:
        start_on = run.first_start_on
    if term.length.unit is Unit.HOURS:
        begins_at = start_of_day(start_on)
        if run.start_at is not None and start_on == run.start_on:
            begins_at = run.start_at
        due_at = add_hours(begins_at, term.length.number)
        due_on = due_at.astimezone(CHINA).date()
        hours = Part(start_on, due_on, due_on, Unit.HOURS)
        return Count(start_on, False, due_on, due_at, (hours,), (), ())
    left_out: tuple[Span, ...] = ()
    if settings[Setting.LEAVE_OUT_TESTS]:
        left_out = _time_of_tests(run, as_of)
    count = _count_days(calendar, term, run, settings, start_on, left_out)
    since = _out_since(run) if settings[Setting.LEAVE_OUT_TESTS] else None
    if since is None or since >= count.due_on:
        return count
    before = tuple(span for span in left_out if span.began_on < since)
    held = _count_days(calendar, term, run, settings, start_on, before)
    return replace(count, runs_since=since, held_on=held.due_on)


def _count_days(
    calendar: Calendar,
    term: Term,
    run: Run,
    settings: Mapping[Setting, SettingValue],
    start_on: date,
    left_out: tuple[Span, ...],
) -> Count:
    start_counts = settings[Setting.START_DAY] == "same"
    roll = bool(settings[Setting.ROLL])

    def part(from_on: date, length: Length) -> Part:
        to_on = add(calendar, from_on, length, left_out)
        return Part(
            from_on, to_on, calendar.next_working_day(to_on) if roll else to_on, length.unit
        )

    parts = [part(start_on - ONE_DAY if start_counts else start_on, term.length)]
    prolonged = []
    room = term.extension_at_most
    for granted in sorted(run.extensions, key=lambda each: each.approved_on):
        old = parts[-1].ends_on
        came_late = granted.approved_on > old
        effective = 0 if came_late else min(granted.days, room)
        if effective:
            parts.append(part(old, Length(effective, Unit.NATURAL_DAYS)))
            room -= effective
        excess = 0 if came_late else granted.days - effective
        prolonged.append(Prolonged(granted, old, parts[-1].ends_on, effective, excess, came_late))
    return Count(
        start_on, start_counts, parts[-1].ends_on, None, tuple(parts), tuple(prolonged), left_out
    )


def _time_of_tests(run: Run, as_of: date) -> tuple[Span, ...]:
    """The time of appraisals, as far as it lies before the end: a clock that ended never moves."""
    last = run.satisfied_on or run.returned_on or run.handed_over_on or date.max
    return merged(Span(test.began_on, min(test.ended_on or as_of, last)) for test in run.tests)


def _out_since(run: Run) -> date | None:
    """Since when an appraisal is out without a break, None where all are back or the clock ended."""
    if run.satisfied_on or run.returned_on or run.handed_over_on:
        return None
    if all(test.ended_on is not None for test in run.tests):
        return None
    # Those that are out end last, and with them what they overlap.
    spans = merged(Span(test.began_on, test.ended_on or date.max) for test in run.tests)
    return spans[-1].began_on


class AlternativeKind(StrEnum):
    """Where does another date come from?"""

    READING = "reading"
    INSTRUMENT = "instrument"
    LATE_FACT = "late_fact"


@dataclass(frozen=True, slots=True)
class Alternative:
    """A date that another reading, another instrument or a later start would give.

    ``id`` names the reading or term, ``option`` the reading's option; ``in_force`` marks the
    option that produced the deadline itself.
    """

    kind: AlternativeKind
    id: str
    option: str | None
    due_on: date
    in_force: bool
    label: Words
    basis: Citation


def alternatives(ruleset: Ruleset, calendar: Calendar, found: Deadline) -> tuple[Alternative, ...]:
    """Return every reading behind a deadline and every other date that could be argued."""
    if found.term is None:
        return ()
    term, run = found.term, found.run
    settings = settings_of(ruleset, term, run.decided)
    result: list[Alternative] = []
    for name in term.readings:
        reading = ruleset.readings[name]
        assert reading.setting is not None  # noqa: S101 - a term names no others, by checking
        for option in reading.options:
            other = {**settings, reading.setting: option.value}
            result.append(
                Alternative(
                    AlternativeKind.READING,
                    reading.id,
                    option.id,
                    _count(calendar, term, run, other, found.as_of).due_on,
                    option.id == option_of(reading, run.decided),
                    option.label,
                    reading.basis,
                )
            )
    for other_term in found.terms:
        if other_term is not term:
            theirs = settings_of(ruleset, other_term, run.decided)
            count = _count(calendar, other_term, run, theirs, found.as_of)
            label = ruleset.statement(other_term.basis)
            result.append(
                Alternative(
                    AlternativeKind.INSTRUMENT,
                    other_term.id,
                    None,
                    count.due_on,
                    False,
                    label,
                    other_term.basis,
                )
            )
    if run.late_since is not None:
        late = replace(run, start_on=run.late_since, start_at=None)
        label_late = Text("Counted from the late fact of %(day)s.", day=run.late_since)
        due_on = _count(calendar, term, late, settings, found.as_of).due_on
        result.append(
            Alternative(
                AlternativeKind.LATE_FACT, term.id, None, due_on, False, label_late, term.basis
            )
        )
    return tuple(result)


def explain(calendar: Calendar, found: Deadline) -> Iterator[CountedDay]:
    """Yield every day from the start to the due day: its number in the count, or why it has none.

    The days that extensions added go on in the same count, as natural days.
    """
    count = found.count
    number = 0
    for index, part in enumerate(count.parts):
        # Only the first part shows its start: a later one begins where the one before has ended.
        start_on = part.from_on + ONE_DAY if index or count.start_counts else part.from_on
        start_counts = bool(index) or count.start_counts
        days = count_days(
            calendar, start_on, part.to_on, part.unit, count.left_out, start_counts=start_counts
        )
        so_far = number
        for day in days:
            number = so_far + day.number if day.number is not None else number
            yield replace(day, number=number if day.number is not None else None)
        on = part.to_on + ONE_DAY
        while on <= part.ends_on:
            yield CountedDay(calendar.day(on), None, Skipped.ROLLED)
            on += ONE_DAY
