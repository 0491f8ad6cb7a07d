"""The journal: what happened in each case, line by line, chained by hashes. Rows are only added."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import NamedTuple

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, insert, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from fireinvest.store.base import Base, Instant
from fireinvest.store.cases import CaseRow
from fireinvest.store.codec import canonical, decode, decode_as, encode, encode_value, kind_of
from fireinvest.workflow.actions import SCHEMA_VERSION, Attachment, Entry

#: What stands before the first entry of every case.
NOTHING_BEFORE = "0" * 64


class JournalRow(Base):
    """One line of a case's journal. The three JSON texts are canonical."""

    __tablename__ = "journal"
    __table_args__ = (
        UniqueConstraint("actor", "idempotency_key"),
        Index(None, "recorded_at"),
    )

    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    step: Mapped[str] = mapped_column(String(60))
    kind: Mapped[str] = mapped_column(String(30))
    schema_version: Mapped[int]
    payload: Mapped[str] = mapped_column(Text)
    old_values: Mapped[str] = mapped_column(Text)
    new_values: Mapped[str] = mapped_column(Text)
    occurred_on: Mapped[date]
    occurred_at: Mapped[datetime | None] = mapped_column(Instant)
    recorded_at: Mapped[datetime] = mapped_column(Instant)
    actor: Mapped[str] = mapped_column(String(100))
    acting_for: Mapped[str | None] = mapped_column(String(100))
    reason: Mapped[str | None] = mapped_column(Text)
    expected_version: Mapped[int | None]
    idempotency_key: Mapped[str] = mapped_column(String(120))
    attachments: Mapped[str | None] = mapped_column(Text)
    restriction: Mapped[str | None] = mapped_column(String(30))
    prev_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class Line(NamedTuple):
    """A line of the journal as it is stored, in the order in which its hash covers it."""

    case_id: int
    seq: int
    step: str
    kind: str
    schema_version: int
    payload: str
    old_values: str
    new_values: str
    occurred_on: date
    occurred_at: datetime | None
    recorded_at: datetime
    actor: str
    acting_for: str | None
    reason: str | None
    expected_version: int | None
    idempotency_key: str
    attachments: str | None
    restriction: str | None
    prev_hash: str
    hash: str

    def entry(self) -> Entry:
        """Return the entry that the line holds.

        Raises:
            Unreadable: when its payload can't be read.

        """
        return Entry(
            seq=self.seq,
            step=self.step,
            payload=decode(self.kind, self.schema_version, json.loads(self.payload)),
            on=self.occurred_on,
            recorded_at=self.recorded_at,
            actor=self.actor,
            at=self.occurred_at,
            acting_for=self.acting_for,
            reason=self.reason,
            attachments=_attachments(self.attachments),
            restriction=self.restriction,
        )

    @property
    def news(self) -> dict[str, object]:
        """The new values: what the entry changed in the case."""
        found: dict[str, object] = json.loads(self.new_values)
        return found

    @property
    def olds(self) -> dict[str, object]:
        """The old values of what the entry changed in the case."""
        found: dict[str, object] = json.loads(self.old_values)
        return found


_COLUMNS = tuple(getattr(JournalRow, name) for name in Line._fields)


@dataclass(frozen=True, slots=True)
class Head:
    """A case's own word on its journal: how many entries, and the hash of the last."""

    case_id: int
    number: str
    version: int
    hash: str


def hash_of(number: str, line: Line) -> str:
    """Return the SHA-256 over a line of the case with this number, and the hash before it."""
    return hashlib.sha256(hashed_text(number, line).encode()).hexdigest()


def hashed_text(number: str, line: Line) -> str:
    """Return the text over which the hash of a line goes: a list in JSON.

    Attachments and a restriction are covered where there are any; the files' own hashes stand in
    the attachments. The number stands for the case, so that a journal keeps its hashes in another
    database.
    """
    (_, seq, step, kind, version, payload, old, new, on, at, recorded_at, *rest) = line
    actor, acting_for, reason, expected, key, attachments, restriction, before = rest[:8]
    parts: tuple[object, ...] = (
        number, seq, step, kind, version, payload, old, new, str(on), _instant(at),
        _instant(recorded_at), actor, acting_for, reason, expected, key, before,
    )  # fmt: skip
    if restriction is not None:
        parts = (*parts, attachments, restriction)
    elif attachments is not None:
        parts = (*parts, attachments)
    return _ENCODER.encode(parts)


_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def _instant(value: object) -> str | None:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    # Checking a whole log reads it written out already, as the database does that faster.
    return value if isinstance(value, str) else None


def _attachments(written: str | None) -> tuple[Attachment, ...]:
    if written is None:
        return ()
    return tuple(decode_as(Attachment, each) for each in json.loads(written))


def line_of(
    case_id: int,
    number: str,
    entry: Entry,
    *,
    old: dict[str, object],
    new: dict[str, object],
    expected_version: int | None,
    idempotency_key: str,
    before: str,
) -> Line:
    """Return the line to store for an entry, with its hash."""
    line = Line(
        case_id=case_id,
        seq=entry.seq,
        step=entry.step,
        kind=kind_of(entry.payload),
        schema_version=SCHEMA_VERSION,
        payload=canonical(encode(entry.payload)),
        old_values=canonical(old),
        new_values=canonical(new),
        occurred_on=entry.on,
        occurred_at=entry.at,
        recorded_at=entry.recorded_at,
        actor=entry.actor,
        acting_for=entry.acting_for,
        reason=entry.reason,
        expected_version=expected_version,
        idempotency_key=idempotency_key,
        attachments=canonical([encode_value(each) for each in entry.attachments])
        if entry.attachments
        else None,
        restriction=entry.restriction,
        prev_hash=before,
        hash="",
    )
    return line._replace(hash=hash_of(number, line))


def append(session: Session, lines: Iterable[Line]) -> None:
    """Add lines to the journal."""
    session.execute(insert(JournalRow), [line._asdict() for line in lines])


def lines_of(session: Session, case_id: int) -> list[Line]:
    """Return a case's journal, first line first."""
    rows = session.execute(
        select(*_COLUMNS).where(JournalRow.case_id == case_id).order_by(JournalRow.seq)
    )
    return [Line(*row) for row in rows]


def lines_of_cases(session: Session, case_ids: Sequence[int]) -> dict[int, list[Line]]:
    """Return the journals of several cases with one query."""
    found: dict[int, list[Line]] = {case_id: [] for case_id in case_ids}
    rows = session.execute(
        select(*_COLUMNS)
        .where(JournalRow.case_id.in_(case_ids))
        .order_by(JournalRow.case_id, JournalRow.seq)
    )
    for row in rows:
        found[row.case_id].append(Line(*row))
    return found


def page_of(session: Session, case_id: int, before_seq: int | None, size: int) -> list[Line]:
    """Return up to so many lines of a case, newest first, from before a sequence number."""
    query = select(*_COLUMNS).where(JournalRow.case_id == case_id)
    if before_seq is not None:
        query = query.where(JournalRow.seq < before_seq)
    rows = session.execute(query.order_by(JournalRow.seq.desc()).limit(size))
    return [Line(*row) for row in rows]


def find_by_key(session: Session, actor: str, idempotency_key: str) -> Line | None:
    """Return the line that an actor wrote under this key, or None."""
    row = session.execute(
        select(*_COLUMNS).where(
            JournalRow.actor == actor, JournalRow.idempotency_key == idempotency_key
        )
    ).one_or_none()
    return None if row is None else Line(*row)


#: How many rows are fetched at a time, so that memory stays flat.
_AT_ONCE = 2000


def heads(session: Session, case_id: int | None = None) -> Iterator[Head]:
    """Yield each case's own word on its journal, by id."""
    query = select(CaseRow.id, CaseRow.number, CaseRow.version, CaseRow.head_hash)
    if case_id is not None:
        query = query.where(CaseRow.id == case_id)
    query = query.order_by(CaseRow.id).execution_options(yield_per=_AT_ONCE)
    for part in session.execute(query).partitions(_AT_ONCE):
        for row in part:
            yield Head(*row)
