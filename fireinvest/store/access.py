"""Who did, saw, exported or printed what, and from where: the log, chained in batches.

Rows are only added. Each entry of a journal has its row here, with the entry's hash: so the one
chain of this log covers all journals, and an entry cut off the end of one shows.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, insert, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from fireinvest.store.base import Base, Instant, LargeId
from fireinvest.store.cases import CaseRow
from fireinvest.store.codec import canonical
from fireinvest.store.journal import NOTHING_BEFORE
from fireinvest.store.streaming import stream_of, written_instant


@dataclass(frozen=True, slots=True)
class From:
    """Where does a request come from?"""

    address: str | None = None
    agent: str | None = None
    request_id: str | None = None


#: A command or a timer of this machine.
NOWHERE = From()


class AccessRow(Base):
    """Somebody changed or looked at something, signed in, was refused, exported or printed.

    ``about``: whose account, or which agency it concerns. ``entry``: the entry of the case's
    journal, with its hash. The old and new values are canonical JSON.
    """

    __tablename__ = "access_log"
    __table_args__ = (
        # Whatever it is searched by, it is read by time, the newest first.
        Index(None, "case_id", "happened_at", "id"),
        Index(None, "person", "happened_at", "id"),
        Index(None, "about", "happened_at", "id"),
        Index(None, "what", "happened_at", "id"),
        Index(None, "address", "happened_at", "id"),
        Index(None, "happened_at", "id"),
    )

    id: Mapped[int] = mapped_column(LargeId, primary_key=True)
    happened_at: Mapped[datetime] = mapped_column(Instant)
    person: Mapped[str | None] = mapped_column(String(100))
    what: Mapped[str] = mapped_column(String(60))
    case_id: Mapped[int | None] = mapped_column(ForeignKey("cases.id"))
    item: Mapped[str | None] = mapped_column(Text)
    address: Mapped[str | None] = mapped_column(String(100))
    request_id: Mapped[str | None] = mapped_column(String(64))
    about: Mapped[str | None] = mapped_column(String(200))
    acting_for: Mapped[str | None] = mapped_column(String(100))
    reason: Mapped[str | None] = mapped_column(Text)
    old_values: Mapped[str | None] = mapped_column(Text)
    new_values: Mapped[str | None] = mapped_column(Text)
    entry: Mapped[int | None]
    entry_hash: Mapped[str | None] = mapped_column(String(64))


class AccessBatch(Base):
    """A batch of the access log that was sealed: a hash over its rows and the batch before.

    ``marks``: each row's id and the beginning of its own hash, so that the row that was changed
    can be named.
    """

    __tablename__ = "access_batches"

    last_id: Mapped[int] = mapped_column(LargeId, primary_key=True, autoincrement=False)
    first_id: Mapped[int] = mapped_column(LargeId)
    count: Mapped[int]
    sealed_at: Mapped[datetime] = mapped_column(Instant)
    prev_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))
    marks: Mapped[str | None] = mapped_column(Text)


def log_access(
    session: Session,
    *,
    happened_at: datetime,
    person: str | None,
    what: str,
    case_id: int | None = None,
    item: str | None = None,
    origin: From = NOWHERE,
    about: str | None = None,
    acting_for: str | None = None,
    reason: str | None = None,
    old: Mapping[str, object] | None = None,
    new: Mapping[str, object] | None = None,
    entry: int | None = None,
    entry_hash: str | None = None,
) -> None:
    """Write down one access or change.

    ``person``: the login of who did it, or what was given as one. ``old``, ``new``: the values
    that a change found and left.
    """
    session.execute(
        insert(AccessRow).values(
            happened_at=happened_at,
            person=person,
            what=what,
            case_id=case_id,
            item=item,
            address=origin.address,
            request_id=origin.request_id,
            about=about,
            acting_for=acting_for,
            reason=reason,
            old_values=None if old is None else canonical(old),
            new_values=None if new is None else canonical(new),
            entry=entry,
            entry_hash=entry_hash,
        )
    )


def log_accesses(
    session: Session, rows: Sequence[Mapping[str, object]], origin: From = NOWHERE
) -> None:
    """Write down several changes at once; each row by the names of its columns, in order."""
    more = {"address": origin.address, "request_id": origin.request_id}
    session.execute(insert(AccessRow), [{**each, **more} for each in rows])


@dataclass(frozen=True, slots=True)
class LoggedEntry:
    """An entry that was added to a case: whose, which, and its hash; as ``log_access`` has it."""

    happened_at: datetime
    person: str
    case_id: int
    item: str
    acting_for: str | None
    entry: int
    entry_hash: str


def log_entries(session: Session, entries: Iterable[LoggedEntry], origin: From) -> None:
    """Write down entries that were added to cases, all with one statement."""
    rows = [
        {
            "happened_at": each.happened_at,
            "person": each.person,
            "what": "entry",
            "case_id": each.case_id,
            "item": each.item,
            "address": origin.address,
            "request_id": origin.request_id,
            "acting_for": each.acting_for,
            "entry": each.entry,
            "entry_hash": each.entry_hash,
        }
        for each in entries
    ]
    if rows:
        session.execute(insert(AccessRow), rows)


#: A row of the log in the order in which its hash covers it, its instant written out.
WrittenRow = Sequence[Any]

#: Few enough that a batch names what was changed, many enough that there aren't many batches.
_LARGEST_BATCH = 1000
_ON_ITS_WAY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Made:
    """A paper of a case that was made: by whom, when, and what it said."""

    number: str
    person: str
    acting_for: str | None
    happened_at: datetime
    new: Mapping[str, object]


def find_made(session: Session, what: Collection[str], item: str) -> list[Made]:
    """Return each time that a paper with this code was made, the first first."""
    rows = session.execute(
        select(
            CaseRow.number,
            AccessRow.person,
            AccessRow.acting_for,
            AccessRow.happened_at,
            AccessRow.new_values,
        )
        .join(CaseRow, CaseRow.id == AccessRow.case_id)
        .where(AccessRow.what.in_(sorted(what)), AccessRow.item == item)
        .order_by(AccessRow.id)
    )
    return [
        Made(
            row.number,
            row.person or "",
            row.acting_for,
            row.happened_at,
            json.loads(row.new_values),
        )
        for row in rows
    ]


def made_in_case(session: Session, what: str, case_id: int, size: int) -> list[tuple[str, Made]]:
    """Return up to so many papers of a kind that were made in a case, the latest first.

    Each with what it is called.
    """
    rows = session.execute(
        select(
            AccessRow.item,
            CaseRow.number,
            AccessRow.person,
            AccessRow.acting_for,
            AccessRow.happened_at,
            AccessRow.new_values,
        )
        .join(CaseRow, CaseRow.id == AccessRow.case_id)
        .where(AccessRow.what == what, AccessRow.case_id == case_id)
        .order_by(AccessRow.id.desc())
        .limit(size)
    )
    return [
        (
            row.item or "",
            Made(
                row.number,
                row.person or "",
                row.acting_for,
                row.happened_at,
                json.loads(row.new_values or "{}"),
            ),
        )
        for row in rows
    ]


def seal_accesses(session: Session, now: datetime) -> int:
    """Seal the rows since the last batch, at most so many, and return their number.

    Rows of the last minutes wait for the next batch: one with a smaller id could still be on its
    way. Two who seal at once: one of them meets a Conflict.
    """
    last = last_sealed(session)
    after, before = (0, NOTHING_BEFORE) if last is None else (last.last_id, last.hash)
    rows = list(_fresh(written_rows(session, after=after, limit=_LARGEST_BATCH), now))
    if rows:
        hashed = [(row[0], row_hash(row)) for row in rows]
        session.execute(
            insert(AccessBatch).values(
                first_id=rows[0][0],
                last_id=rows[-1][0],
                count=len(rows),
                sealed_at=now,
                prev_hash=before,
                hash=batch_hash(before, hashed),
                marks=marks_of(hashed),
            )
        )
    return len(rows)


def _fresh(rows: Iterator[WrittenRow], now: datetime) -> Iterator[WrittenRow]:
    """Yield the rows up to the first that is too young to be sealed.

    One from the future, of a clock that went wrong, holds up nothing.
    """
    first, last = (
        each.astimezone(UTC).isoformat(timespec="microseconds")
        for each in (now - _ON_ITS_WAY, now + _ON_ITS_WAY)
    )
    return takewhile(lambda row: not first <= row[1] <= last, rows)


@dataclass(frozen=True, slots=True)
class Sealed:
    """The latest batch: up to which row, and the hash over all."""

    last_id: int
    hash: str


def last_sealed(session: Session) -> Sealed | None:
    """Return the latest batch, None while there is none."""
    row = session.execute(
        select(AccessBatch.last_id, AccessBatch.hash).order_by(AccessBatch.last_id.desc()).limit(1)
    ).one_or_none()
    return None if row is None else Sealed(row.last_id, row.hash)


# ---------------------------------------------------------------------------- as it is stored

_PLAIN = (
    "person", "what", "case_id", "item", "address", "request_id", "about", "acting_for", "reason",
    "old_values", "new_values", "entry", "entry_hash",
)  # fmt: skip


def written_rows(
    session: Session, *, after: int = 0, until: int | None = None, limit: int | None = None
) -> Iterator[WrittenRow]:
    """Yield the rows after this id (until that, included) as they are stored, with flat memory."""
    query = (
        f"SELECT id, {written_instant(session, 'happened_at')}, {', '.join(_PLAIN)} "  # noqa: S608 - names of our own
        "FROM access_log WHERE id > :after"
        + ("" if until is None else " AND id <= :until")
        + " ORDER BY id"
        + ("" if limit is None else " LIMIT :limit")
    )
    given = {"after": after, "until": until, "limit": limit}
    return stream_of(session, query, {key: each for key, each in given.items() if each is not None})


def rows_of_case(session: Session, case_id: int) -> Iterator[WrittenRow]:
    """Yield the rows about a case as they are stored, the first first, with flat memory."""
    query = (
        f"SELECT id, {written_instant(session, 'happened_at')}, {', '.join(_PLAIN)} "  # noqa: S608 - names of our own
        "FROM access_log WHERE case_id = :case_id ORDER BY id"
    )
    return stream_of(session, query, {"case_id": case_id})


def row_hash(row: WrittenRow) -> str:
    """Return the SHA-256 over one row; nothing for one that holds what was never written."""
    try:
        return hashlib.sha256(row_text(row).encode()).hexdigest()
    except (TypeError, ValueError):
        return ""


def row_text(row: WrittenRow) -> str:
    """Return the text over which the hash of a row goes: a list in JSON."""
    return _ENCODER.encode(tuple(row))


def batch_hash(before: str, hashed: Iterable[tuple[int, str]]) -> str:
    """Return the hash of a batch over its rows' hashes and that of the batch before."""
    return hashlib.sha256("".join((before, *(each for _, each in hashed))).encode()).hexdigest()


_MARK = 8  # hex digits of a row's hash


def marks_of(hashed: Iterable[tuple[int, str]]) -> str:
    """Return what a batch keeps of each of its rows."""
    return " ".join(f"{row_id}:{each[:_MARK]}" for row_id, each in hashed)


def marks_in(marks: str | None) -> dict[int, str]:
    """Return the marks of a batch by the ids of its rows; none where they can't be read."""
    found = {}
    for each in (marks or "").split():
        row_id, _, mark = each.partition(":")
        if row_id.isascii() and row_id.isdigit():
            found[int(row_id)] = mark
    return found


def hash_begins_with(whole: str, mark: str) -> bool:
    """Does a row's hash have this mark?"""
    return whole[:_MARK] == mark


_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def last_noted(
    session: Session, what: str, case_id: int, items: Collection[str]
) -> dict[str, Made]:
    """Return the last time that something was done with each of these in a case."""
    rows = session.execute(
        select(
            CaseRow.number,
            AccessRow.person,
            AccessRow.acting_for,
            AccessRow.happened_at,
            AccessRow.new_values,
            AccessRow.item,
        )
        .join(CaseRow, CaseRow.id == AccessRow.case_id)
        .where(AccessRow.what == what, AccessRow.case_id == case_id, AccessRow.item.in_(items))
        .order_by(AccessRow.id)
    )
    return {
        row.item: Made(
            row.number,
            row.person or "",
            row.acting_for,
            row.happened_at,
            json.loads(row.new_values or "{}"),
        )
        for row in rows
    }
