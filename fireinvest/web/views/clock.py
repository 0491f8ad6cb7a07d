"""A clock of a case: by which rule, from when, every day counted, and what moved it (期限计算说明)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from flask import Blueprint, abort, render_template, url_for
from flask.typing import ResponseReturnValue

from fireinvest.messages import Text, Words
from fireinvest.regulation.basis import Citation
from fireinvest.regulation.calendar import DayKind
from fireinvest.regulation.clocks import (
    Deadline,
    Prolonged,
    SettingValue,
    alternatives,
    explain,
    settings_of,
)
from fireinvest.regulation.days import CountedDay, Unit
from fireinvest.regulation.profile import Setting
from fireinvest.services.casefile import CaseFile
from fireinvest.services.clock_history import History, Move, clock_history
from fireinvest.services.wording import DAY_KINDS, title_of
from fireinvest.store.alerts import NOBODY, Reached, reached_by
from fireinvest.web.casework import case_context, open_file
from fireinvest.web.present import DAY_MARKS, SKIPPED, WEEKDAY_HEADS, ClockView, clock_view
from fireinvest.web.present_entries import hidden_title
from fireinvest.web.rights import signed_in
from fireinvest.web.state import state
from fireinvest.web.visiting import who
from fireinvest.workflow.actions import Entry, HandingOver, Merging, Raising
from fireinvest.workflow.permissions import SYSTEM_ADMINISTRATOR

blueprint = Blueprint("clock", __name__, url_prefix="/cases")

#: A table of more days than these would say no more than the strip.
_LONGEST_TABLE = 800


@dataclass(frozen=True, slots=True)
class EntryRef:
    """An entry of the journal that the page speaks of."""

    seq: int
    title: Words
    on: date


@dataclass(frozen=True, slots=True)
class DayRow:
    """A day of the count: what kind of day, by which notice, and its number or why it has none."""

    counted: CountedDay
    kind: Words
    skipped: Words | None
    marks: tuple[Words, ...]


@dataclass(frozen=True, slots=True)
class ExtensionRow:
    """An extension that was granted, what it did, and its entry."""

    effect: Prolonged
    entry: EntryRef | None


@dataclass(frozen=True, slots=True)
class MoveRow:
    """A move of the clock: the entry after which its date was another one."""

    entry: EntryRef
    old_on: date | None
    new_on: date | None
    recorded_at: datetime
    actor: str
    acting_for: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class RecordRow:
    """A rung on record: when it was reached, under which date, and what came of it.

    ``slip``: where the paper that goes with it is printed, and what it is called.
    """

    label: Words
    reached: Reached
    told: Words
    paper: Words | None
    slip: str | None


@dataclass(frozen=True)
class ClockPage:
    """What the page says of one instance of a clock.

    ``counting``: the provision by which plain days are working days. ``recounted_on``: the due
    day that today's calendar would give, where the clock kept the one it had when it ended.
    """

    view: ClockView
    started_by: EntryRef | None
    ended_by: EntryRef | None
    counting: Citation | None
    settings: Mapping[Setting, SettingValue]
    days: tuple[DayRow, ...]
    extensions: tuple[ExtensionRow, ...]
    act_by_reason: Words | None
    recounted_on: date | None
    history: History
    moves: tuple[MoveRow, ...]


@blueprint.get("/<number>/clocks/<clock>/<path:instance>")
@signed_in
def show(number: str, clock: str, instance: str) -> ResponseReturnValue:
    """One instance of a clock, with everything that its date rests on."""
    file = open_file(number)
    found = file.deadline(clock, instance)
    if found is None:
        abort(404)
    page = _page(file, found)
    return render_template(
        "clock/page.html",
        **case_context(file),
        page=page,
        record=_record(file, found),
        view=page.view,
        found=found,
        calendar=file.calendar,
        printed_by=who().person.name,
        heads=WEEKDAY_HEADS,
        marks_off=DAY_MARKS[DayKind.HOLIDAY],
        marks_worked=DAY_MARKS[DayKind.MAKE_UP],
    )


def _record(file: CaseFile, found: Deadline) -> list[RecordRow]:
    with state().database.readers.begin() as session:
        reached = reached_by(session, file.ref.id, found.clock.id, found.run.instance)
    return [_recorded(file, found, each) for each in reached]


def _recorded(file: CaseFile, found: Deadline, reached: Reached) -> RecordRow:
    rung = file.ruleset.rungs.get(reached.rung)
    told: Words = Text("told")
    if reached.is_skipped:
        told = Text("passed over: a later one was told")
    elif reached.stood_in is not None:
        who_heard = _STOOD_IN.get(reached.stood_in)
        if who_heard is None:
            role = file.ruleset.roles.get(reached.stood_in)
            who_heard = role.label if role else reached.stood_in
        told = Text("nobody was there to hear it; told in their place: %(who)s", who=who_heard)
    paper = rung.paper if rung else None
    slip = None
    if paper is not None:
        slip = url_for(
            "slips.make", number=file.ref.number, rung=reached.rung,
            occurrence=reached.occurrence, due=reached.due_on.isoformat(),
            clock=found.clock.id, instance=found.run.instance,
        )  # fmt: skip
    return RecordRow(rung.label if rung else reached.rung, reached, told, paper, slip)


_STOOD_IN: Mapping[str, Words] = {
    SYSTEM_ADMINISTRATOR: Text("the system administrators"),
    NOBODY: Text("nobody"),
}


def _page(file: CaseFile, found: Deadline) -> ClockPage:
    ruleset, calendar = file.ruleset, file.calendar
    history = clock_history(file.case, found.clock, found.run.instance, calendar)
    others = alternatives(ruleset, calendar, found)
    recounted_on = found.count.parts[-1].ends_on
    counted = replace(found, count=replace(found.count, due_on=recounted_on))
    is_kept = found.unit is not Unit.HOURS and recounted_on != found.due_on
    return ClockPage(
        view=clock_view(ruleset, calendar, found, others),
        started_by=_entry_of(file, found.run.started_by),
        ended_by=_ended_by(file, found),
        counting=_counting(file, found),
        settings=settings_of(ruleset, found.term, found.run.decided) if found.term else {},
        days=tuple(_days(file, counted)),
        extensions=tuple(
            ExtensionRow(each, _entry_of(file, each.granted.entry))
            for each in found.count.prolonged
        ),
        act_by_reason=_why_act_by(file, found),
        recounted_on=recounted_on if is_kept else None,
        history=history,
        moves=tuple(_moves(file, found, history)),
    )


def _entry_of(file: CaseFile, seq: int | None) -> EntryRef | None:
    """The entry as it counts now: a correction may have moved its day."""
    if seq is None:
        return None
    found = next((each for each in file.case.entries if each.seq == seq), None)
    return None if found is None else _ref(file, found)


def _ref(file: CaseFile, entry: Entry) -> EntryRef:
    names = file.restrictions(entry.seq)
    title = hidden_title(names) if names else title_of(file.ruleset, entry.step)
    return EntryRef(entry.seq, title, entry.on)


def _ended_by(file: CaseFile, found: Deadline) -> EntryRef | None:
    """The entry with which the clock was met, returned or handed over."""
    run = found.run
    if run.satisfied_on is not None:
        return _entry_of(file, run.satisfied_by)
    for entry in file.case.entries:
        returned = entry.step == found.clock.returned_by and entry.on == run.returned_on
        goes_on = isinstance(entry.payload, HandingOver | Raising | Merging)
        if returned or (goes_on and entry.on == run.handed_over_on):
            return _ref(file, entry)
    return None


def _counting(file: CaseFile, found: Deadline) -> Citation | None:
    """The instrument's own rule on short periods, where it made working days of plain days."""
    if found.term is None or found.unit is not Unit.WORKING_DAYS or not found.term.is_plain:
        return None
    return file.ruleset.instruments[found.term.basis.instrument].counting


def _why_act_by(file: CaseFile, found: Deadline) -> Words | None:
    """Why there is a day to act before the due day."""
    if found.act_by == found.due_on:
        return None
    last = file.calendar.last_working_day(found.due_on)
    if found.act_by < last:
        return Text("Another instrument gives an earlier date: whoever acts by this day meets all.")
    return Text("The due day isn't a working day; this is the last one before it.")


def _days(file: CaseFile, found: Deadline) -> Iterator[DayRow]:
    span = (found.due_on - found.count.start_on).days
    if found.term is None or found.unit is Unit.HOURS or span > _LONGEST_TABLE:
        return
    run = found.run
    for each in explain(file.calendar, found):
        on = each.day.on
        marks: tuple[tuple[bool, Words], ...] = (
            (on == found.due_on, Text("the due day")),
            (on == found.act_by and on != found.due_on, Text("the day to act by")),
            (on == run.satisfied_on, Text("done on this day")),
        )
        yield DayRow(
            each,
            DAY_KINDS[each.day.kind],
            None if each.skipped is None else SKIPPED[each.skipped],
            tuple(words for is_so, words in marks if is_so),
        )


def _moves(file: CaseFile, found: Deadline, history: History) -> Iterator[MoveRow]:
    for each in _with_recounts(file, found, history):
        entry = each.entry
        move = MoveRow(
            _ref(file, entry),
            each.old_on,
            each.new_on,
            entry.recorded_at,
            file.name(entry.actor),
            file.name(entry.acting_for) if entry.acting_for else None,
            entry.reason,
        )
        if file.restrictions(entry.seq):  # What it did to the clock shows, and no more.
            move = replace(move, actor="—", acting_for=None, reason=None)
        yield move


def _with_recounts(file: CaseFile, found: Deadline, history: History) -> list[Move]:
    """The moves, and among them those by notices: they are told as they were recorded.

    The moves before one are counted with today's calendar; the last of them ended where it began.
    """
    name = f"due_on.{found.clock.id}/{found.run.instance}"
    moves = [each for each in history.moves if each.entry.step != "recount"]
    for line in file.loaded.lines:
        old_on, new_on = line.olds.get(name), line.news.get(name)
        if line.step != "recount" or old_on == new_on:
            continue
        told = Move(line.entry(), date.fromisoformat(f"{old_on}"), date.fromisoformat(f"{new_on}"))
        before = [at for at, each in enumerate(moves) if each.entry.seq < line.seq]
        if before:
            moves[before[-1]] = replace(moves[before[-1]], new_on=told.old_on)
        moves.insert(len(before), told)
    return moves
