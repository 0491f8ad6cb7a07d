"""Open cases counted anew under a change: read without holding anybody up, written in one go.

Counting takes far longer than writing. So it is done first, and what is to be written is kept; then,
in the transaction that makes it true, only cases that changed meanwhile are counted once more, and
all that is to be written is written with few statements.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from fireinvest.regulation.calendar import Calendar
from fireinvest.regulation.clocks import Deadline
from fireinvest.services.cases import RECOUNT, Loaded, folded_cases, news_of, standing_dates
from fireinvest.services.ladders import laying
from fireinvest.store import Database, Session, alerts, cases, journal
from fireinvest.store.access import From, LoggedEntry, log_entries
from fireinvest.store.alerts import Ladder, Laying, Place
from fireinvest.store.cases import Stored, Values
from fireinvest.store.journal import Line
from fireinvest.store.outbox import Notice, post
from fireinvest.store.projections import (
    Key,
    Moved,
    apart_people,
    calendar_id,
    carried_on,
    case_values,
    deadline_values,
    moved,
    next_values,
    recounted,
    settled,
)
from fireinvest.workflow.actions import Entry, Recounting
from fireinvest.workflow.case import Case, moves_dates, retold
from fireinvest.workflow.deadlines import deadlines_of
from fireinvest.workflow.permissions import SYSTEM

#: How many cases are read at a time.
_AT_ONCE = 100


@dataclass(frozen=True)
class Change:
    """What is entered or decided: as the cases' journals say it, and the calendars around it.

    ``profile``: whose cases it concerns, None for all. ``key``: no other change has it.
    """

    payload: Recounting
    before: Calendar
    after: Calendar
    key: str
    profile: str | None = None

    def concerns(self, case: Case) -> bool:
        """Does it concern a case? A decision those of its profile whose rule knows the point."""
        ruleset = case.ruleset
        return self.profile is None or (
            self.profile == ruleset.profile and moves_dates(ruleset, self.payload)
        )


@dataclass(frozen=True, slots=True)
class Asked:
    """On which day, at which moment, and by whom (a login) is it entered or decided?"""

    by: str
    now: datetime
    today: date


# ---------------------------------------------------------------------------- counting


@dataclass(frozen=True)
class Recount:
    """A case counted anew: its entry, the case after it, its deadlines, and what moved.

    ``is_told``: a date moved or was confirmed, or the case has to know of a decision. ``old`` and
    ``new``: the dates of running clocks that changed, as the entry tells them.
    """

    loaded: Loaded
    entry: Entry
    after: Case
    deadlines: tuple[Deadline, ...]
    stored: Mapping[Key, Values]
    kept: Mapping[Key, Values]
    moves: tuple[Moved, ...]
    news: tuple[Notice, ...]
    old: Mapping[str, object]
    new: Mapping[str, object]
    is_told: bool


def count_anew(
    loaded: Loaded, stored: Iterable[Values], change: Change, name: str, asked: Asked
) -> Recount:
    """Return what a change does to a case; nothing is saved. A clock that has ended stays.

    ``name``: the short name of the calendar after the change.
    """
    case, ref = loaded.case, loaded.ref
    entry = Entry(
        case.version + 1, RECOUNT, change.payload, asked.today, asked.now, SYSTEM,
        acting_for=asked.by,
    )  # fmt: skip
    after = case
    if change.payload.reading is not None:
        after = retold(case, (*case.journal, entry))
    deadlines = deadlines_of(after, change.after, asked.today)
    rows = {(each["clock"], each["instance"]): each for each in stored}
    kept = settled(rows, deadline_values(ref.id, after, deadlines, change.after, name))
    standing = standing_dates(loaded, rows, kept, change.before, asked.today)
    known = carried_on(rows, standing.rows)
    happened = tuple(moved(known, kept))
    old, new = recounted(known, kept)
    cause = change.payload.cause.value
    return Recount(
        loaded,
        entry,
        after,
        deadlines,
        rows,
        kept,
        tuple(each for each in happened if each.before is not None),
        tuple(news_of(ref, entry, each, standing, cause) for each in happened),
        old,
        new,
        is_told=change.payload.reading is not None or bool(new),
    )


def recounts(session: Session, change: Change, asked: Asked) -> Iterator[Recount]:
    """Yield every open case that the change concerns, counted anew, in the order of their ids."""
    for read in _reads(session):
        yield from _counted(session, read, change, asked)


@dataclass(frozen=True)
class _Read:
    """The rows of some cases, and of their deadlines and ladders, as they were read."""

    rows: Sequence[Stored]
    deadlines: Mapping[int, list[Values]]
    ladders: Mapping[int, dict[Place, Ladder]]

    def stamp(self, row: Stored) -> int:
        """Return what is another one when anything of it has changed."""
        parts = (row.values, *self.deadlines[row.id])
        ladders = tuple(sorted(self.ladders[row.id].items()))
        return hash((tuple(tuple(each.values()) for each in parts), ladders))


def _reads(session: Session, *, lock: bool = False) -> Iterator[_Read]:
    after_id = 0
    while rows := cases.open_cases_after(session, after_id, _AT_ONCE, lock=lock):
        ids = [row.id for row in rows]
        deadlines: dict[int, list[Values]] = {case_id: [] for case_id in ids}
        for values in cases.deadlines_of_cases(session, ids):
            deadlines[values["case_id"]].append(values)
        yield _Read(rows, deadlines, alerts.ladders_of_cases(session, ids))
        after_id = ids[-1]


def _counted(session: Session, read: _Read, change: Change, asked: Asked) -> Iterator[Recount]:
    name = calendar_id(change.after)
    for loaded in folded_cases(session, read.rows):
        if change.concerns(loaded.case):
            yield count_anew(loaded, read.deadlines[loaded.ref.id], change, name, asked)


# ---------------------------------------------------------------------------- what is to be written


@dataclass(frozen=True)
class Prepared:
    """What a change writes in one case, as long as the case is what it was when it was read.

    ``about``: what whoever prepared it keeps with it.
    """

    case_id: int
    stamp: int
    about: object
    line: Line | None = None
    columns: Mapping[str, object] = field(default_factory=dict)
    added: Sequence[Values] = ()
    changed: Sequence[Values] = ()
    removed: Sequence[tuple[int, str, str]] = ()
    news: Sequence[Notice] = ()
    ladders: Laying | None = None
    next_steps: Sequence[Values] | None = None
    apart: frozenset[tuple[str, str]] | None = None


class Look(Protocol):
    """Somebody who looks at each recount, and keeps something of it."""

    def at(self, found: Recount) -> object:
        """Return what is kept of one case."""


def prepare(database: Database, change: Change, asked: Asked, look: Look) -> dict[int, Prepared]:
    """Count all open cases anew, and return what is to be written in each; others go on meanwhile."""
    with database.readers.begin() as session:
        return {
            each.case_id: each
            for read in _reads(session)
            for each in _prepared(session, read, change, asked, look)
        }


def _prepared(
    session: Session, read: _Read, change: Change, asked: Asked, look: Look
) -> Iterator[Prepared]:
    ids = [row.id for row in read.rows]
    on_record = alerts.reached_of_cases(session, ids)
    steps = cases.next_steps_of_cases(session, ids)
    concerned = set()
    stamps = {row.id: read.stamp(row) for row in read.rows}
    for found in _counted(session, read, change, asked):
        case_id = found.loaded.ref.id
        concerned.add(case_id)
        about, stamp = look.at(found), stamps[case_id]
        if found.kept == found.stored and not found.is_told:
            yield Prepared(case_id, stamp, about)
            continue
        yield _written(
            found, change, asked, stamp, about, read.ladders[case_id], on_record[case_id],
            steps[case_id],
        )  # fmt: skip
    for case_id in stamps.keys() - concerned:
        yield Prepared(case_id, stamps[case_id], None)


def _written(
    found: Recount,
    change: Change,
    asked: Asked,
    stamp: int,
    about: object,
    ladders: Mapping[Place, Ladder],
    on_record: frozenset[alerts.OnRecord],
    steps: Sequence[Values],
) -> Prepared:
    """The entry where there is something to tell, and the lists that follow."""
    loaded, kept, stored = found.loaded, found.kept, found.stored
    ref, row = loaded.ref, loaded.row
    after, line = found.after, None
    if found.is_told:
        if after is loaded.case:
            after = retold(after, (*after.journal, found.entry))
        line = journal.line_of(
            ref.id,
            ref.number,
            found.entry,
            old=dict(found.old),
            new=dict(found.new),
            expected_version=None,
            idempotency_key=f"{change.key}:{ref.number}",
            before=loaded.head_hash,
        )
    columns = case_values(after, kept.values(), asked.today)
    if line is not None:
        columns["head_hash"] = line.hash
    nexts = next_values(ref.id, after, found.deadlines)
    apart = apart_people(after)
    return Prepared(
        ref.id,
        stamp,
        about,
        line,
        {name: each for name, each in columns.items() if row[name] != each},
        [each for key, each in kept.items() if key not in stored],
        [each for key, each in kept.items() if key in stored and stored[key] != each],
        [(ref.id, *key) for key in stored if key not in kept],
        found.news if line is not None else (),
        laying(ref.id, after, found.deadlines, change.after, ladders, on_record),
        None if nexts == steps else nexts,
        None if apart == apart_people(loaded.case) else apart,
    )


# ---------------------------------------------------------------------------- writing it


def write(
    session: Session,
    change: Change,
    asked: Asked,
    prepared: Mapping[int, Prepared],
    look: Look,
    origin: From,
) -> Iterator[Prepared]:
    """Write a change in all open cases and yield each, in the order of their ids.

    What was prepared holds for a case that is as it was; the others are counted now.
    """
    for read in _reads(session, lock=True):
        known = {
            row.id: prepared[row.id]
            for row in read.rows
            if row.id in prepared and prepared[row.id].stamp == read.stamp(row)
        }
        others = [row for row in read.rows if row.id not in known]
        if others:
            rest = _Read(others, read.deadlines, read.ladders)
            known |= {e.case_id: e for e in _prepared(session, rest, change, asked, look)}
        found = [known[row.id] for row in read.rows if row.id in known]
        _save(session, found, asked, origin)
        yield from found


def _save(session: Session, found: Sequence[Prepared], asked: Asked, origin: From) -> None:
    lines = [each.line for each in found if each.line is not None]
    if lines:
        journal.append(session, lines)
        log_entries(session, map(_logged, lines), origin)
    cases.change_locked_cases(session, {each.case_id: dict(each.columns) for each in found})
    cases.save_deadlines(
        session,
        added=[row for each in found for row in each.added],
        changed=[row for each in found for row in each.changed],
        removed=[key for each in found for key in each.removed],
    )
    post(session, [news for each in found for news in each.news], asked.now)
    alerts.save_ladders(session, [each.ladders for each in found if each.ladders is not None])
    cases.save_next_steps(
        session,
        {each.case_id: each.next_steps for each in found if each.next_steps is not None},
    )
    for each in found:
        if each.apart is not None:
            cases.save_apart(session, each.case_id, each.apart)


def _logged(line: Line) -> LoggedEntry:
    return LoggedEntry(
        line.recorded_at, line.actor, line.case_id, line.step, line.acting_for, line.seq, line.hash
    )
