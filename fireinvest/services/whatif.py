"""What would a case's clocks say if something else were so? Worked out beside it, never kept.

Nothing here reaches the database: entries that nobody made are added to a copy of the journal,
and the clocks of both are laid side by side.
"""

import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

from fireinvest.messages import Faulty, Problem, Text
from fireinvest.regulation.calendar import (
    FIRST_DAY,
    LAST_DAY,
    Calendar,
    DayKind,
    Notice,
    parse_notice,
)
from fireinvest.regulation.clocks import Deadline, Light, option_of
from fireinvest.regulation.profile import Clock, Kind, Reading, Ruleset, Step
from fireinvest.workflow.actions import (
    Cause,
    Correcting,
    DocumentReceived,
    Entry,
    Extension,
    Figures,
    Interval,
    Payload,
    Recounting,
)
from fireinvest.workflow.case import Case, retold
from fireinvest.workflow.deadlines import deadlines_of
from fireinvest.workflow.permissions import SYSTEM

#: What entries that nobody made are called by.
_NAME = "what-if"

LONGEST_TEST = 365
LONGEST_EXTENSION = 365
LONGEST_NOTICE = 2500


@dataclass(frozen=True, slots=True)
class Assumed:
    """What is assumed; what is None or empty stays as it is.

    ``figures_on``: the day on which the figures become known. ``prolonged``: the clock of an
    extension that is approved today. ``test_from``: when an appraisal of ``test_days`` begins.
    ``received_on``: when the government registers the submission that it has, or was sent.
    ``notice``: a holiday notice; ``off`` and ``worked``: one more day off, one more day worked.
    ``readings``: by unclear point, the answer chosen.
    """

    figures: Figures | None = None
    figures_on: date | None = None
    prolonged: str | None = None
    extension_days: int | None = None
    test_from: date | None = None
    test_days: int | None = None
    received_on: date | None = None
    notice: Notice | None = None
    off: date | None = None
    worked: date | None = None
    readings: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_nothing(self) -> bool:
        """Is nothing assumed at all?"""
        return self == Assumed(
            figures_on=self.figures_on, prolonged=self.prolonged, test_from=self.test_from
        )


class Change(StrEnum):
    """What becomes of a clock under what is assumed?"""

    SAME = "same"
    MOVED = "moved"
    NEW = "new"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Compared:
    """One instance of a clock as it is, and as it would be."""

    before: Deadline | None
    after: Deadline | None

    @property
    def either(self) -> Deadline:
        """The clock as it would be, else as it is."""
        found = self.after or self.before
        assert found is not None  # noqa: S101 - a line has one of them
        return found

    @property
    def change(self) -> Change:
        """What becomes of it."""
        if self.before is None:
            return Change.NEW
        if self.after is None:
            return Change.GONE
        told = [
            (each.due_on, each.due_at, each.act_by, each.state, each.light)
            for each in (self.before, self.after)
        ]
        return Change.SAME if told[0] == told[1] else Change.MOVED

    @property
    def days(self) -> int | None:
        """By how many days the due day moves; None where there is only one of them."""
        if self.before is None or self.after is None:
            return None
        return (self.after.due_on - self.before.due_on).days


@dataclass(frozen=True, slots=True)
class Comparison:
    """A case as it is, and a copy of it under what is assumed.

    ``calendar``: the working calendar of the copy.
    """

    before: Case
    after: Case
    calendar: Calendar
    clocks: tuple[Compared, ...]

    @property
    def level_moves(self) -> bool:
        """Would the level, or whether it is only a floor, be another?"""
        levels = [
            (each.judgement.severity.level.id, each.judgement.severity.is_floor)
            for each in (self.before, self.after)
        ]
        return levels[0] != levels[1]

    @property
    def government_moves(self) -> bool:
        """Would another government be responsible by the rule?"""
        return self.before.judgement.government.value != self.after.judgement.government.value


def compare(
    case: Case,
    deadlines: Iterable[Deadline],
    calendar: Calendar,
    assumed: Assumed,
    *,
    now: datetime,
    today: date,
) -> Comparison:
    """Return a case beside its copy under what is assumed; a clock that has ended keeps its date.

    Raises:
        Faulty: when what is assumed can't be, each problem with its field.

    """
    if problems := list(_problems(case, assumed)):
        raise Faulty(problems)
    changed = _changed(calendar, assumed)
    copy = case
    for step, payload, on in _assumed(case, assumed, today):
        entry = Entry(copy.version + 1, step, payload, on, now, SYSTEM)
        copy = retold(copy, (*copy.journal, entry))
    before = {(each.clock.id, each.run.instance): each for each in deadlines}
    after = {
        (each.clock.id, each.run.instance): _kept(before, each)
        for each in deadlines_of(copy, changed, today)
    }
    lines = [Compared(before.get(key), after.get(key)) for key in dict.fromkeys([*before, *after])]
    lines.sort(key=lambda each: (each.either.light is Light.DONE, each.either.due_on))
    return Comparison(case, copy, changed, tuple(lines))


def _kept(before: Mapping[tuple[str, str], Deadline], found: Deadline) -> Deadline:
    """A clock that ended as it did keeps the date that it had: no calendar moves it any more."""
    known = before.get((found.clock.id, found.run.instance))
    if known is not None and known.is_ended and known.run == found.run:
        return known
    return found


# ---------------------------------------------------------------------------- entries nobody made


def _assumed(case: Case, assumed: Assumed, today: date) -> Iterator[tuple[str, Payload, date]]:
    steps = case.ruleset.steps
    if assumed.figures is not None:
        counting = next(each for each in steps.values() if each.kind is Kind.FIGURES)
        yield counting.id, assumed.figures, assumed.figures_on or today
    if assumed.extension_days is not None:
        step = extending_step(case.ruleset, assumed.prolonged)
        assert step is not None  # noqa: S101 - it was looked for
        outcome = next(iter(step.effective or step.outcomes), None)
        yield step.id, Extension(days=assumed.extension_days, outcome=outcome), today
    if assumed.test_days is not None:
        began_on = assumed.test_from or today
        for begin, end in testing_steps(case.ruleset)[:1]:
            ended_on = began_on + timedelta(days=assumed.test_days)
            yield begin.id, Interval(_NAME), began_on
            yield end.id, Interval(_NAME), ended_on
    if assumed.received_on is not None:
        yield _received(case, assumed.received_on, today)
    for reading, option in assumed.readings.items():
        decided = Recounting(
            Cause.READING, _NAME, reading=reading, option=option, applies_from=case.occurred_on
        )
        yield "recount", decided, today


def _received(case: Case, on: date, today: date) -> tuple[str, Payload, date]:
    """The last receipt on another day; where there is none yet, a first one."""
    entry = last_receipt(case)
    if entry is not None:
        assert isinstance(entry.payload, DocumentReceived)  # noqa: S101 - its step has this kind
        return "correct", Correcting(entry.seq, entry.payload, on), today
    clock = submitted_clock(case)
    assert clock is not None  # noqa: S101 - it was looked for
    return clock.received_by or "", DocumentReceived(sender=_NAME), on


def extending_step(ruleset: Ruleset, clock: str | None) -> Step | None:
    """Return the step by which the extension of a clock by some days is decided, or None."""
    return next(
        (
            each
            for each in ruleset.steps.values()
            if each.kind is Kind.EXTENSION and each.extends is not None and each.extends == clock
        ),
        None,
    )


def prolonged_clocks(ruleset: Ruleset) -> tuple[Clock, ...]:
    """Return the clocks that can be prolonged by some days."""
    return tuple(each for each in ruleset.clocks.values() if extending_step(ruleset, each.id))


def testing_steps(ruleset: Ruleset) -> tuple[tuple[Step, Step], ...]:
    """Return the steps that begin an appraisal, each with the one that ends it."""
    steps = ruleset.steps
    names = dict.fromkeys(name for term in ruleset.terms.values() for name in term.tests)
    return tuple(
        (steps[name], end) for name in names for end in steps.values() if end.closes == name
    )


def open_readings(ruleset: Ruleset) -> tuple[Reading, ...]:
    """Return the unclear points whose answer moves dates, in the order of the rule."""
    names = dict.fromkeys(name for term in ruleset.terms.values() for name in term.readings)
    return tuple(each for each in ruleset.readings.values() if each.id in names)


def chosen_option(case: Case, reading: Reading) -> str:
    """Return the answer that holds in a case now: the last one decided, else the rule's own."""
    return option_of(reading, reversed(case.readings))


def submitted_clock(case: Case) -> Clock | None:
    """Return the clock of a submission that was sent in the case, or None."""
    return next(
        (
            clock
            for clock in case.ruleset.clocks.values()
            if clock.received_by is not None
            and any(clock.id in case.ruleset.steps[name].starts for name in case.done)
        ),
        None,
    )


def last_receipt(case: Case) -> Entry | None:
    """Return the entry by which the last submission was registered, or None."""
    clock = submitted_clock(case)
    entries = case.done.get(clock.received_by or "", ()) if clock else ()
    return entries[-1] if entries else None


# ---------------------------------------------------------------------------- another calendar


def read_notice_text(written: str) -> Notice:
    """Return the holiday notice that a text in TOML or JSON describes.

    Raises:
        Faulty: with the field ``notice`` and what can't be taken.

    """
    try:
        document = (
            json.loads(written) if written.lstrip().startswith("{") else tomllib.loads(written)
        )
    except (ValueError, RecursionError) as error:
        text = Text("The notice can't be read as TOML or JSON.")
        raise Faulty([Problem("notice", text)]) from error
    try:
        return parse_notice(document)
    except Faulty as faulty:
        raise Faulty([Problem("notice", each.text) for each in faulty.problems]) from faulty


def _changed(calendar: Calendar, assumed: Assumed) -> Calendar:
    notices = calendar.notices
    if assumed.notice is not None:
        notices = (*notices, assumed.notice)
    known = Calendar(notices, calendar.library_until, calendar.places)
    for on, is_off in ((assumed.off, True), (assumed.worked, False)):
        if on is not None:
            known = _with_day(known, on, is_off=is_off)
    return known if known != calendar else calendar


def _with_day(calendar: Calendar, on: date, *, is_off: bool) -> Calendar:
    """The calendar with one day off or worked, whatever it was: its year told as a notice."""
    off: dict[date, str] = {}
    worked: set[date] = set()
    each = date(on.year, 1, 1)
    while each.year == on.year:
        kind = calendar.day(each).kind
        if kind is DayKind.MAKE_UP:
            worked.add(each)
        elif not kind.is_working and (kind is not DayKind.WEEKEND):
            off[each] = _NAME
        each += timedelta(days=1)
    off.pop(on, None)
    worked.discard(on)
    if is_off:
        off[on] = _NAME
    else:
        worked.add(on)
    notice = Notice(on.year, _NAME, off, frozenset(worked))
    return Calendar((*calendar.notices, notice), calendar.library_until, calendar.places)


# ---------------------------------------------------------------------------- what can't be


def _problems(case: Case, assumed: Assumed) -> Iterator[Problem]:
    for name in ("figures_on", "test_from", "received_on"):
        on = getattr(assumed, name)
        if on is not None and on < case.occurred_on:
            yield Problem(name, Text("The day lies before the fire."))
    for name in ("figures_on", "test_from", "received_on", "off", "worked"):
        on = getattr(assumed, name)
        if on is not None and not FIRST_DAY <= on <= LAST_DAY - timedelta(days=2 * LONGEST_TEST):
            text = Text(
                "A day from %(first)s to %(last)s is needed.", first=FIRST_DAY, last=LAST_DAY
            )
            yield Problem(name, text)
    yield from _number_problems(case, assumed)
    if assumed.off is not None and assumed.off == assumed.worked:
        text = Text("%(day)s is both a day off and a day worked.", day=assumed.off)
        yield Problem("worked", text)
    if assumed.received_on is not None:
        yield from _receipt_problems(case, assumed.received_on)
    offered = {each.id: each for each in open_readings(case.ruleset)}
    for name, option in assumed.readings.items():
        options = {each.id for each in offered[name].options} if name in offered else set()
        if option not in options:
            text = Text("Choose one of those that are offered.")
            yield Problem(f"reading-{name}", text)


def _number_problems(case: Case, assumed: Assumed) -> Iterator[Problem]:
    ruleset = case.ruleset
    if assumed.extension_days is not None:
        if extending_step(ruleset, assumed.prolonged) is None:
            yield Problem("prolonged", Text("Choose one of those that are offered."))
        if not 1 <= assumed.extension_days <= LONGEST_EXTENSION:
            text = Text("From 1 to %(most)s days are needed.", most=LONGEST_EXTENSION)
            yield Problem("extension_days", text)
    if assumed.test_days is not None:
        if not 1 <= assumed.test_days <= LONGEST_TEST:
            text = Text("From 1 to %(most)s days are needed.", most=LONGEST_TEST)
            yield Problem("test_days", text)
        if not testing_steps(ruleset):
            yield Problem("test_days", Text("The rule knows no appraisal."))
    if assumed.figures is not None and all(
        each.kind is not Kind.FIGURES for each in ruleset.steps.values()
    ):
        yield Problem("deaths", Text("The rule knows no figures."))


def _receipt_problems(case: Case, on: date) -> Iterator[Problem]:
    clock = submitted_clock(case)
    if clock is None:
        yield Problem("received_on", Text("Nothing was sent yet that could be received."))
        return
    sent = [
        entry.on
        for name, entries in case.done.items()
        if clock.id in case.ruleset.steps[name].starts
        for entry in entries
    ]
    receipt = last_receipt(case)
    before = [each for each in sent if receipt is None or each <= receipt.on]
    if on < max(before, default=on):
        yield Problem("received_on", Text("It can't lie before %(day)s.", day=max(before)))
