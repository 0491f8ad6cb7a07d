"""Jobs that commit with the change that they tell of; doing them is a matter of its own."""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    func,
    insert,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from fireinvest.store.alerts import ChannelRow
from fireinvest.store.base import Base, Instant, LargeId, adding
from fireinvest.store.codec import canonical
from fireinvest.store.people import Person

_OPEN = "done_at IS NULL AND failed_at IS NULL"
_FAILED = "failed_at IS NOT NULL"


class OutboxRow(Base):
    """A job that commits with what it tells of: an event to be spread, or a notice to be sent.

    ``claimed_until`` is the lease of the worker that does it; ``not_before`` an instant before
    which it waits; ``failed_at`` when it was given up, with the last ``error``.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        UniqueConstraint("key"),
        Index("ix_outbox_pending", "id", sqlite_where=text(_OPEN), postgresql_where=text(_OPEN)),
        Index("ix_outbox_failed", "id", sqlite_where=text(_FAILED), postgresql_where=text(_FAILED)),
        Index(None, "case_id"),
    )

    id: Mapped[int] = mapped_column(LargeId, primary_key=True)
    key: Mapped[str] = mapped_column(Text)
    case_id: Mapped[int | None] = mapped_column(ForeignKey("cases.id"))
    kind: Mapped[str] = mapped_column(String(40))
    payload: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Instant)
    claimed_by: Mapped[str | None] = mapped_column(String(100))
    claimed_until: Mapped[datetime | None] = mapped_column(Instant)
    attempts: Mapped[int]
    done_at: Mapped[datetime | None] = mapped_column(Instant)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    channel_id: Mapped[int | None] = mapped_column(ForeignKey("channels.id"))
    not_before: Mapped[datetime | None] = mapped_column(Instant)
    failed_at: Mapped[datetime | None] = mapped_column(Instant)
    error: Mapped[str | None] = mapped_column(Text)


@dataclass(frozen=True, slots=True)
class Notice:
    """What is there to do, under a key that no second one can have?"""

    key: str
    case_id: int | None
    kind: str
    payload: Mapping[str, object]
    person_id: int | None = None
    channel_id: int | None = None
    not_before: datetime | None = None


def post(session: Session, notices: Iterable[Notice], created_at: datetime) -> None:
    """Put jobs into the outbox."""
    rows = [_values(each, created_at) for each in notices]
    if rows:
        session.execute(insert(OutboxRow), rows)


def post_once(session: Session, notices: Iterable[Notice], created_at: datetime) -> None:
    """Put jobs into the outbox; one whose key is there already is left aside."""
    rows = [_values(each, created_at) for each in notices]
    if rows:
        session.execute(adding(session, OutboxRow), rows)


def _values(notice: Notice, created_at: datetime) -> dict[str, object]:
    return {
        "key": notice.key,
        "case_id": notice.case_id,
        "kind": notice.kind,
        "payload": canonical(notice.payload),
        "created_at": created_at,
        "attempts": 0,
        "person_id": notice.person_id,
        "channel_id": notice.channel_id,
        "not_before": notice.not_before,
    }


# ---------------------------------------------------------------------------- doing them


@dataclass(frozen=True, slots=True)
class Job:
    """A job that a worker holds; ``attempts`` counts this one."""

    id: int
    key: str
    case_id: int | None
    kind: str
    payload: Mapping[str, Any]
    created_at: datetime
    attempts: int
    person_id: int | None
    channel_id: int | None


def claim(session: Session, worker: str, now: datetime, lease: timedelta, size: int) -> list[Job]:
    """Take the oldest jobs that wait for nobody else, and hold them for a while.

    Whoever dies holding one loses it when the lease is over; then it is claimed anew. So a job is
    done at least once, and its key tells the receiver of a repeat.
    """
    free = or_(OutboxRow.claimed_until.is_(None), OutboxRow.claimed_until < now)
    due = or_(OutboxRow.not_before.is_(None), OutboxRow.not_before <= now)
    wanted = (
        select(OutboxRow.id)
        .where(text(_OPEN), free, due)
        .order_by(OutboxRow.id)
        .limit(size)
        .with_for_update(skip_locked=True)
    )
    ids = list(session.scalars(wanted))
    if not ids:
        return []
    rows = session.execute(
        update(OutboxRow)
        .where(OutboxRow.id.in_(ids))
        .values(claimed_by=worker, claimed_until=now + lease, attempts=OutboxRow.attempts + 1)
        .returning(
            OutboxRow.id,
            OutboxRow.key,
            OutboxRow.case_id,
            OutboxRow.kind,
            OutboxRow.payload,
            OutboxRow.created_at,
            OutboxRow.attempts,
            OutboxRow.person_id,
            OutboxRow.channel_id,
        )
    )
    jobs = [Job(*row[:4], json.loads(row.payload), *row[5:]) for row in rows]
    return sorted(jobs, key=lambda each: each.id)


def finish(session: Session, job: Job, worker: str, now: datetime) -> bool:
    """Note that a job is done; False when its lease was over and somebody else took it."""
    return _end(session, job, worker, done_at=now)


def put_off(session: Session, job: Job, worker: str, until: datetime, error: str | None) -> bool:
    """Let a job be tried again from an instant on."""
    return _end(session, job, worker, not_before=until, error=error)


def hand_back(session: Session, job: Job, worker: str, until: datetime) -> bool:
    """Let a job be done from an instant on, as if it had not been tried."""
    return _end(session, job, worker, not_before=until, attempts=job.attempts - 1)


def give_up(session: Session, job: Job, worker: str, now: datetime, error: str) -> bool:
    """Note that a job failed for good."""
    return _end(session, job, worker, failed_at=now, error=error)


def _end(session: Session, job: Job, worker: str, **values: object) -> bool:
    done = session.execute(
        update(OutboxRow)
        .where(OutboxRow.id == job.id, OutboxRow.claimed_by == worker, OutboxRow.done_at.is_(None))
        .values(claimed_by=None, claimed_until=None, **values)
        .returning(OutboxRow.id)
    )
    return done.first() is not None


def try_again(session: Session, job_ids: Collection[int]) -> int:
    """Let jobs that were given up be tried once more, and return how many those were."""
    again = session.execute(
        update(OutboxRow)
        .where(OutboxRow.id.in_(job_ids), OutboxRow.failed_at.is_not(None))
        .values(failed_at=None, attempts=0, not_before=None)
        .returning(OutboxRow.id)
    )
    return len(again.all())


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many jobs wait and how many failed, counted no further than a number; since when."""

    waiting: int
    failed: int
    oldest_at: datetime | None


def backlog(session: Session, now: datetime, at_most: int = 1000) -> Backlog:
    """Return what there is to be done in the outbox."""
    due = or_(OutboxRow.not_before.is_(None), OutboxRow.not_before <= now)
    waiting = select(OutboxRow.id, OutboxRow.created_at).where(text(_OPEN), due)
    waiting_part = waiting.order_by(OutboxRow.id).limit(at_most).subquery()
    failed_part = select(OutboxRow.id).where(text(_FAILED)).limit(at_most).subquery()
    count, oldest = session.execute(
        select(func.count(), func.min(waiting_part.c.created_at, type_=Instant)).select_from(
            waiting_part
        )
    ).one()
    failed = session.scalar(select(func.count()).select_from(failed_part)) or 0
    return Backlog(count, failed, oldest)


@dataclass(frozen=True, slots=True)
class FailedJob:
    """A job that was given up. ``login``: to whom it was to go; ``channel``: over which kind."""

    id: int
    kind: str
    channel: str | None
    login: str | None
    attempts: int
    created_at: datetime
    failed_at: datetime
    error: str | None


def failed_jobs(session: Session, size: int) -> list[FailedJob]:
    """Return the jobs that were given up, the latest first."""
    rows = session.execute(
        select(
            OutboxRow.id, OutboxRow.kind, ChannelRow.kind, Person.login, OutboxRow.attempts,
            OutboxRow.created_at, OutboxRow.failed_at, OutboxRow.error,
        )
        .outerjoin(ChannelRow, ChannelRow.id == OutboxRow.channel_id)
        .outerjoin(Person, Person.id == OutboxRow.person_id)
        .where(text(f"outbox.{_FAILED}"))
        .order_by(OutboxRow.id.desc())
        .limit(size)
    )  # fmt: skip
    return [FailedJob(*row[:6], row[6] or row.created_at, row.error) for row in rows]


def known_keys(session: Session, keys: Collection[str]) -> set[str]:
    """Return those of these keys under which there is a job."""
    return set(session.scalars(select(OutboxRow.key).where(OutboxRow.key.in_(keys))))


def events_of(
    session: Session, case_ids: Collection[int], kinds: Collection[str]
) -> list[tuple[int, Mapping[str, Any], datetime]]:
    """Return what of some kinds happened in these cases: the case, what was told of it, and when."""
    rows = session.execute(
        select(OutboxRow.case_id, OutboxRow.payload, OutboxRow.created_at)
        .where(OutboxRow.case_id.in_(case_ids), OutboxRow.kind.in_(sorted(kinds)))
        .order_by(OutboxRow.id)
    )
    return [
        (row.case_id, json.loads(row.payload), row.created_at)
        for row in rows
        if row.case_id is not None
    ]
