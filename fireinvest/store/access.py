"""Who did, saw, exported or printed what, and from where: the log, chained in batches.

Rows are only added. Each entry of a journal has its row here, with the entry's hash: so the one
chain of this log covers all journals, and an entry cut off the end of one shows.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, Index, String, Text, insert, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from fireinvest.store.base import Base, Instant, LargeId
from fireinvest.store.cases import CaseRow
from fireinvest.store.codec import canonical
from fireinvest.store.journal import NOTHING_BEFORE


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
        Index(None, "case_id", "id"),
        Index(None, "person", "id"),
        Index(None, "about", "id"),
        Index(None, "what", "id"),
        Index(None, "happened_at"),
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
    """A batch of the access log that was sealed: a hash over its rows and the batch before."""

    __tablename__ = "access_batches"

    last_id: Mapped[int] = mapped_column(LargeId, primary_key=True, autoincrement=False)
    first_id: Mapped[int] = mapped_column(LargeId)
    count: Mapped[int]
    sealed_at: Mapped[datetime] = mapped_column(Instant)
    prev_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


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


@dataclass(frozen=True, slots=True)
class Made:
    """A paper of a case that was made: by whom, when, and what it said."""

    number: str
    person: str
    acting_for: str | None
    happened_at: datetime
    new: Mapping[str, object]


def find_made(session: Session, what: str, item: str) -> list[Made]:
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
        .where(AccessRow.what == what, AccessRow.item == item)
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


_LARGEST_BATCH = 10_000
_ON_ITS_WAY = timedelta(minutes=1)


def seal_accesses(session: Session, now: datetime) -> int:
    """Seal the rows since the last batch, at most so many, and return their number.

    Rows of the last minute wait for the next batch: one with a smaller id could still be on its
    way. Two who seal at once: one of them meets a Conflict.
    """
    last = session.execute(
        select(AccessBatch.last_id, AccessBatch.hash).order_by(AccessBatch.last_id.desc()).limit(1)
    ).one_or_none()
    after, before = (0, NOTHING_BEFORE) if last is None else (last.last_id, last.hash)
    rows = session.scalars(
        select(AccessRow)
        .where(AccessRow.id > after, AccessRow.happened_at < now - _ON_ITS_WAY)
        .order_by(AccessRow.id)
        .limit(_LARGEST_BATCH)
    ).all()
    if rows:
        session.execute(
            insert(AccessBatch).values(
                first_id=rows[0].id,
                last_id=rows[-1].id,
                count=len(rows),
                sealed_at=now,
                prev_hash=before,
                hash=_batch_hash(before, rows),
            )
        )
    return len(rows)


def _batch_hash(before: str, rows: Sequence[AccessRow]) -> str:
    digest = hashlib.sha256(before.encode())
    for row in rows:
        parts = [
            row.id,
            row.happened_at.isoformat(timespec="microseconds"),
            row.person,
            row.what,
            row.case_id,
            row.item,
            row.address,
            row.request_id,
            row.about,
            row.acting_for,
            row.reason,
            row.old_values,
            row.new_values,
            row.entry,
            row.entry_hash,
        ]
        digest.update(canonical(parts).encode())
    return digest.hexdigest()


def broken_batches(session: Session) -> list[int]:
    """Return the last ids of those batches that no longer match their rows or their chain."""
    broken = []
    before = NOTHING_BEFORE
    for batch in session.scalars(select(AccessBatch).order_by(AccessBatch.last_id)):
        rows = session.scalars(
            select(AccessRow)
            .where(AccessRow.id.between(batch.first_id, batch.last_id))
            .order_by(AccessRow.id)
        ).all()
        found = _batch_hash(batch.prev_hash, rows)
        if batch.prev_hash != before or len(rows) != batch.count or found != batch.hash:
            broken.append(batch.last_id)
        before = batch.hash
    return broken
