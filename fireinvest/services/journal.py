"""The history of a case, and the proof that nobody changed it, its registers or the log of all."""

import json
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from multiprocessing import get_context
from typing import Generic, TypeVar

from fireinvest.store import Database, Session, open_database
from fireinvest.store import verifying as store
from fireinvest.store.access import (
    WrittenRow,
    batch_hash,
    hash_begins_with,
    marks_in,
    marks_of,
    row_hash,
    written_rows,
)
from fireinvest.store.journal import NOTHING_BEFORE, Head, Line, hash_of, page_of
from fireinvest.store.records import RecordLine, item_called, record_hash
from fireinvest.store.streaming import Garbled, garbled_too
from fireinvest.store.verifying import Batch, Logged

__all__ = [
    "BatchFault",
    "Fault",
    "Found",
    "HeadFault",
    "LogFault",
    "Place",
    "RowFault",
    "history",
    "verify_all",
    "verify_batches",
    "verify_heads",
    "verify_lines",
    "verify_log",
    "verify_records",
]


class Fault(StrEnum):
    """What was done to an entry, a row or a batch?"""

    CHANGED = "changed"
    MISSING = "missing"
    INSERTED = "inserted"


class Place(StrEnum):
    """Where was it done: in the case's journal or registers, or in what the log has of them?"""

    JOURNAL = "journal"
    LOG = "log"
    REGISTER = "registers"
    REGISTER_LOG = "log of the registers"


@dataclass(frozen=True, slots=True)
class LogFault:
    """Which entry or record of which case was tampered with, how, and where?

    ``item``: of a record, the register and the item that it is of, as far as anything says it.
    """

    number: str
    seq: int
    fault: Fault
    place: Place = Place.JOURNAL
    item: str | None = None

    def __str__(self) -> str:
        where = "" if self.place is Place.JOURNAL else f" in the {self.place}"
        item = "" if self.item is None else f" ({self.item})"
        return f"{self.number} #{self.seq}{where}{item}: {self.fault}"


@dataclass(frozen=True, slots=True)
class RowFault:
    """Which row of the log was tampered with, and how?"""

    row: int
    fault: Fault

    def __str__(self) -> str:
        return f"log {self.row}: {self.fault}"


@dataclass(frozen=True, slots=True)
class BatchFault:
    """Which sealed batch of the log no longer fits its rows or the batch before?"""

    first: int
    last: int
    fault: Fault

    def __str__(self) -> str:
        return f"log {self.first}-{self.last}: batch {self.fault}"


@dataclass(frozen=True, slots=True)
class HeadFault:
    """The state of which day, exported then, does the log no longer begin with?

    ``line``: of the file. ``day``: None where the line can't be read. ``what``: the log was cut off
    or rewritten, or journals were.
    """

    line: int
    day: str | None
    what: str

    def __str__(self) -> str:
        return f"head {self.day or '?'} (line {self.line}): {self.what}"


#: Whatever is found.
Found = LogFault | RowFault | BatchFault | HeadFault


def history(
    session: Session, case_id: int, *, before_seq: int | None = None, size: int = 50
) -> list[Line]:
    """Return up to so many entries of a case, newest first, with old and new values."""
    return page_of(session, case_id, before_seq, size)


# ---------------------------------------------------------------------------- all of it


#: How much one piece of the work holds.
_ENTRIES = 25_000
_BATCHES = 25
_LARGEST_POOL = 8


def verify_all(database: Database, *, workers: int | None = None) -> Iterator[Found]:
    """Yield whatever was done to a journal, to a register or to the log of all cases.

    The work is shared among as many processes as there are processors (or ``workers``); where
    that can't be, this one does all of it. Memory stays flat at any size.
    """
    with database.readers.begin() as session:
        began = store.first_logged_case(session)
        pieces = [
            *(("cases", *each) for each in store.ranges_of_cases(session, _ENTRIES)),
            *(("batches", *each) for each in store.ranges_of_batches(session, _BATCHES)),
        ]
    wanted = min(workers or os.cpu_count() or 1, len(pieces), _LARGEST_POOL)
    if wanted > 1:
        url = database.engine.url.render_as_string(hide_password=False)
        done = 0
        try:
            with ProcessPoolExecutor(wanted, mp_context=get_context("spawn")) as pool:
                for found in pool.map(partial(_piece_at, url, began), pieces):
                    yield from found
                    done += 1
        except (BrokenProcessPool, OSError):
            pieces = pieces[done:]
        else:
            return
    for piece in pieces:
        yield from _piece(database, began, piece)


_Piece = tuple[str, int, int]


def _piece_at(url: str, began: int | None, piece: _Piece) -> list[Found]:
    """Check a piece in a process of its own."""
    database = open_database(url)
    try:
        return _piece(database, began, piece)
    finally:
        database.engine.dispose()


def _piece(database: Database, began: int | None, piece: _Piece) -> list[Found]:
    kind, first, last = piece
    check: Callable[[Session], Iterator[Found]] = (
        partial(_cases, first=first, last=last, began=began)
        if kind == "cases"
        else partial(_batches, after=first, until=last)
    )
    # One unchanging state for what is compared: others may go on working.
    with database.readers.begin() as session:
        try:
            return list(check(session))
        except Garbled:
            with garbled_too(session):
                return list(check(session))


def verify_log(session: Session, case_id: int | None = None) -> Iterator[LogFault | RowFault]:
    """Yield every entry and record that was changed, is missing, or was inserted; of one case, or all.

    Each entry's hash covers its content and the hash before it; a case's row knows the last, and
    the log of all cases knows each. So a change shows at the entry itself, or, where its hash was
    made to fit, at the link to the next; and what was cut off shows even where the case's row was
    made to fit. Memory stays flat at any size.
    """
    began = store.first_logged_case(session)
    if case_id is not None:
        yield from _cases(session, first=case_id, last=case_id, began=began)
        return
    for first, last in list(store.ranges_of_cases(session, _ENTRIES)):
        yield from _cases(session, first=first, last=last, began=began)


# ---------------------------------------------------------------------------- journals, registers

#: A line of a journal or of a case's registers.
T = TypeVar("T", bound=Line | RecordLine)
R = TypeVar("R", bound=Line | RecordLine | Logged)


@dataclass(frozen=True)
class _Chain(Generic[T]):
    """What a chain of lines is: how each is hashed, what is said of it, and where a fault lies."""

    place: Place
    log: Place
    hashed: Callable[[str, T], str]
    item: Callable[[T], str | None]


_JOURNAL: _Chain[Line] = _Chain(Place.JOURNAL, Place.LOG, hash_of, lambda _line: None)
_REGISTERS: _Chain[RecordLine] = _Chain(
    Place.REGISTER,
    Place.REGISTER_LOG,
    record_hash,
    lambda line: item_called(line.register, line.item),
)


def _cases(
    session: Session, *, first: int, last: int, began: int | None
) -> Iterator[LogFault | RowFault]:
    yield from _faults(
        _JOURNAL,
        store.written_lines(session, first, last),
        store.logged_entries(session, first, last),
        store.written_heads(session, first, last),
        lambda head: _is_since(head, began),
    )
    # Registers came after the log: it has all of their records.
    yield from _faults(
        _REGISTERS,
        store.written_records(session, first, last),
        store.logged_entries(session, first, last, store.RECORD),
        store.written_record_heads(session, first, last),
        lambda _head: True,
    )


def _faults(
    chain: _Chain[T],
    written: Iterator[T],
    known: Iterator[Logged],
    heads: Iterable[Head],
    begins_logged: Callable[[Head], bool],
) -> Iterator[LogFault | RowFault]:
    """Yield what is wrong with the chains of these cases; all of it by the id of the case."""
    lines, logged = _Grouped(written), _Grouped(known)
    for head in heads:
        yield from _strays(chain, lines.before(head.case_id), logged.before(head.case_id))
        check = _Check(chain, head, logged.of(head.case_id), begins_logged=begins_logged(head))
        for line in lines.of(head.case_id):
            check.take(line)
        yield from check.faults()
    yield from _strays(chain, lines.before(None), logged.before(None))


def verify_lines(lines: Iterator[Line], heads: Iterable[Head]) -> Iterator[LogFault | RowFault]:
    """Yield the same for journals that are in no database, such as a backup's, without the log.

    Both by the id of the case, the lines by their number in it.
    """
    yield from _faults(_JOURNAL, lines, iter(()), heads, lambda _head: False)


def verify_records(
    lines: Iterator[RecordLine], heads: Iterable[Head]
) -> Iterator[LogFault | RowFault]:
    """Yield the same for registers: the heads are what the cases say of these."""
    yield from _faults(_REGISTERS, lines, iter(()), heads, lambda _head: False)


def _is_since(head: Head, began: int | None) -> bool:
    """Was the case opened when the log had entries already, so that it has all of them?"""
    return began is not None and head.case_id >= began


def _strays(
    chain: _Chain[T], lines: Iterable[T], logged: Iterable[Logged]
) -> Iterator[LogFault | RowFault]:
    """What names a case that isn't there."""
    for line in lines:
        number = f"({line.case_id})"
        yield LogFault(number, line.seq, Fault.INSERTED, chain.place, chain.item(line))
    for each in logged:
        item = each.item if chain.place is Place.REGISTER else None
        yield LogFault(f"({each.case_id})", each.seq, Fault.MISSING, chain.place, item)


class _Grouped(Generic[R]):
    """Rows by case, taken case by case."""

    def __init__(self, rows: Iterator[R]) -> None:
        self._rows = rows
        self._next = next(rows, None)

    def before(self, case_id: int | None) -> Iterator[R]:
        """Yield the rows of cases before this one; of all that are left, for None."""
        while self._next is not None and (case_id is None or self._next.case_id < case_id):
            yield self._take()

    def of(self, case_id: int) -> Iterator[R]:
        """Yield the rows of this case."""
        while self._next is not None and self._next.case_id == case_id:
            yield self._take()

    def _take(self) -> R:
        taken = self._next
        assert taken is not None  # noqa: S101 - both who call this looked
        self._next = next(self._rows, None)
        return taken


class _Check(Generic[T]):
    """Goes through one case's lines and keeps what is wrong, each line once."""

    def __init__(
        self, chain: _Chain[T], head: Head, logged: Iterable[Logged], *, begins_logged: bool
    ) -> None:
        self._chain = chain
        self._head = head
        self._before = NOTHING_BEFORE
        self._last = 0
        self._item: str | None = None
        self._found: dict[int, LogFault] = {}
        self._twice: list[RowFault] = []
        self._logged: dict[int, Logged] = {}
        for each in logged:
            if each.seq in self._logged:
                self._twice.append(RowFault(each.row, Fault.INSERTED))
            else:
                self._logged[each.seq] = each
        self._logged_from = 1 if begins_logged else min(self._logged, default=None)

    def take(self, line: T) -> None:
        """Check one line, its link to the line before, and what the log has of it."""
        item = self._chain.item(line)
        self._missing_until(line.seq)
        if line.seq > self._head.version:
            self._note(line.seq, Fault.INSERTED, item)
        elif self._hash(line) != line.hash:
            self._note(line.seq, Fault.CHANGED, item)
        elif line.seq == self._last + 1 and line.prev_hash != self._before:
            # The one before was replaced with a hash of its own; before the first there is none.
            self._note(max(self._last, 1), Fault.CHANGED, self._item if self._last else item)
        logged = self._logged.pop(line.seq, None)
        if logged is None and self._logged_from is not None and line.seq >= self._logged_from:
            self._note(line.seq, Fault.MISSING, item, self._chain.log)
        elif logged is not None and logged.hash != line.hash:
            self._note(line.seq, Fault.CHANGED, item, self._chain.log)
        self._before, self._last, self._item = line.hash, line.seq, item

    def _hash(self, line: T) -> str:
        """Return a line's hash; nothing for one that holds what was never written."""
        try:
            return self._chain.hashed(self._head.number, line)
        except (TypeError, ValueError):
            return ""

    def _note(self, seq: int, fault: Fault, item: str | None, place: Place | None = None) -> None:
        """Keep what is wrong with a line; what was found first says most."""
        known = self._found.get(seq)
        if known is None or (known.place is self._chain.log and place is None):
            found = LogFault(self._head.number, seq, fault, place or self._chain.place, item)
            self._found[seq] = found

    def _missing_until(self, seq: int) -> None:
        for missing in range(self._last + 1, seq):
            self._note(missing, Fault.MISSING, self._logged_item(missing))

    def _logged_item(self, seq: int) -> str | None:
        """What the log calls the item of a record that isn't there."""
        logged = self._logged.get(seq)
        is_register = self._chain.place is Place.REGISTER
        return logged.item if logged is not None and is_register else None

    def faults(self) -> Iterator[LogFault | RowFault]:
        """Yield what is wrong, by line, now that all lines are taken."""
        self._missing_until(self._head.version + 1)
        if self._last == self._head.version and self._before != self._head.hash:
            self._note(max(self._last, 1), Fault.CHANGED, self._item)
        for seq in self._logged:
            # The log has it, the chain hasn't: also where the case's row was made to fit.
            self._note(seq, Fault.MISSING, self._logged_item(seq))
        for seq in sorted(self._found):
            yield self._found[seq]
        yield from self._twice


# ---------------------------------------------------------------------------- the log


def verify_batches(session: Session) -> Iterator[RowFault | BatchFault]:
    """Yield every row of the log of all cases that was changed, is missing, or was inserted.

    What was sealed is covered; a batch that no longer fits its rows or the one before is named too.
    """
    for after, until in list(store.ranges_of_batches(session, _BATCHES)):
        yield from _batches(session, after=after, until=until)


def _batches(session: Session, *, after: int, until: int) -> Iterator[RowFault | BatchFault]:
    """Yield what is wrong with the batches between two rows: the row, or the batch itself."""
    before = store.hash_at(session, after) or NOTHING_BEFORE
    rows = written_rows(session, after=after, until=until)
    row = next(rows, None)
    end = after
    for batch in store.batches_in(session, after, until):
        held: list[WrittenRow] = []
        while row is not None and row[0] <= batch.last_id:
            held.append(row)
            row = next(rows, None)
        yield from _batch(batch, held, before, end)
        before, end = batch.hash, batch.last_id


def _batch(
    batch: Batch, rows: list[WrittenRow], before: str, end: int
) -> Iterator[RowFault | BatchFault]:
    follows = batch.prev_hash == before
    if not follows and rows and rows[0][0] < batch.first_id:
        yield BatchFault(end + 1, batch.first_id - 1, Fault.MISSING)
        rows = [each for each in rows if each[0] >= batch.first_id]
        follows = True
    hashed = [(each[0], row_hash(each)) for each in rows]
    fits = len(hashed) == batch.count and batch_hash(batch.prev_hash, hashed) == batch.hash
    if follows and fits and marks_of(hashed) == batch.marks:
        return
    named = [] if fits else list(_rows(marks_in(batch.marks), dict(hashed)))
    yield from named
    if not named or not follows:
        yield BatchFault(batch.first_id, batch.last_id, Fault.CHANGED)


def _rows(marks: dict[int, str], hashed: dict[int, str]) -> Iterator[RowFault]:
    for row in sorted(marks.keys() | hashed.keys()):
        if row not in hashed:
            yield RowFault(row, Fault.MISSING)
        elif row not in marks:
            yield RowFault(row, Fault.INSERTED)
        elif not hash_begins_with(hashed[row], marks[row]):
            yield RowFault(row, Fault.CHANGED)


# ---------------------------------------------------------------------------- exported heads


def verify_heads(session: Session, lines: Iterable[str]) -> Iterator[HeadFault]:
    """Yield each exported state that the log of all cases no longer begins with, by its day.

    A line may have something before its JSON, as a syslog has. An empty log was exported too.
    """
    entries = store.count_entries(session)
    for place, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        head = _head_in(line)
        if head is None:
            yield HeadFault(place, None, "can't be read")
            continue
        day, sealed, its_hash, had = head
        found = store.hash_at(session, sealed)
        if sealed and found is None:
            yield HeadFault(place, day, f"the log was cut off before its row {sealed}")
        elif sealed and found != its_hash:
            yield HeadFault(place, day, f"the log was rewritten up to its row {sealed}")
        if entries < had:
            yield HeadFault(place, day, f"{had - entries} entries of journals are missing")


def _head_in(line: str) -> tuple[str, int, str, int] | None:
    try:
        document = json.loads(line[line.index("{") :])
        day, sealed, its_hash, entries = (
            document[name] for name in ("day", "sealed", "hash", "entries")
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    is_sound = (
        isinstance(day, str)
        and type(sealed) is int
        and isinstance(its_hash, str)
        and type(entries) is int
        and 0 <= sealed < 2**63
    )
    return (day, sealed, its_hash, entries) if is_sound else None
