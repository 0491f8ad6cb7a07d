"""Who saw, exported or printed what: the access log, chained in batches. Rows are only added."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, Index, String, Text, insert, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from fireinvest.store.base import Base, Instant, LargeId
from fireinvest.store.codec import canonical
from fireinvest.store.journal import NOTHING_BEFORE


class AccessRow(Base):
    """Somebody looked at something, signed in, was refused, exported or printed."""

    __tablename__ = "access_log"
    __table_args__ = (
        Index(None, "case_id", "id"),
        Index(None, "person", "id"),
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
    address: str | None = None,
    request_id: str | None = None,
) -> None:
    """Write down one access."""
    session.execute(
        insert(AccessRow).values(
            happened_at=happened_at,
            person=person,
            what=what,
            case_id=case_id,
            item=item,
            address=address,
            request_id=request_id,
        )
    )


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
