"""Long work that somebody asked for: who holds it, how far it is, and the files that it made."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    and_,
    delete,
    func,
    insert,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from fireinvest.store.base import Base, Instant, LargeId, adding
from fireinvest.store.codec import canonical


class JobState(StrEnum):
    """How does it stand with a job?"""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_open(self) -> bool:
        """Is there something left to do?"""
        return self in (JobState.WAITING, JobState.RUNNING)


_OPEN = "state IN ('waiting', 'running')"


class JobRow(Base):
    """Long work. ``claimed_until`` is the lease of the worker that does it, renewed as it goes on.

    ``stage`` and ``words``: a sentence each, as JSON: where it is, and how it ended. ``target``:
    what was made beside files, such as an imported file with its id. ``key``: asked for twice
    under the same, it is one job.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        UniqueConstraint("person_id", "key"),
        Index("ix_jobs_open", "id", sqlite_where=text(_OPEN), postgresql_where=text(_OPEN)),
        Index(None, "case_id"),
    )

    id: Mapped[int] = mapped_column(LargeId, primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    case_id: Mapped[int | None] = mapped_column(ForeignKey("cases.id"))
    arguments: Mapped[str] = mapped_column(Text)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    acting_for: Mapped[str | None] = mapped_column(String(100))
    key: Mapped[str] = mapped_column(String(120))
    asked_at: Mapped[datetime] = mapped_column(Instant)
    state: Mapped[str] = mapped_column(String(10))
    done: Mapped[int] = mapped_column(LargeId)
    total: Mapped[int] = mapped_column(LargeId)
    stage: Mapped[str | None] = mapped_column(Text)
    attempts: Mapped[int]
    claimed_by: Mapped[str | None] = mapped_column(String(100))
    claimed_until: Mapped[datetime | None] = mapped_column(Instant)
    cancel_asked_at: Mapped[datetime | None] = mapped_column(Instant)
    started_at: Mapped[datetime | None] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    words: Mapped[str | None] = mapped_column(Text)
    target: Mapped[str | None] = mapped_column(String(60))


class JobFileRow(Base):
    """A file that a job made, kept for some days; ``blob`` is the SHA-256 of what it holds.

    It isn't called as in other tables: backups take what rows name by that, and these files can be
    made anew.
    """

    __tablename__ = "job_files"
    __table_args__ = (Index(None, "blob"),)

    job_id: Mapped[int] = mapped_column(ForeignKey("jobs.id"), primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(255))
    media_type: Mapped[str] = mapped_column(String(100))
    blob: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(LargeId)


@dataclass(frozen=True, slots=True)
class Job:
    """Long work, as :class:`JobRow` has it; ``attempts`` counts the one that goes on now."""

    id: int
    kind: str
    case_id: int | None
    arguments: Mapping[str, Any]
    person_id: int
    acting_for: str | None
    key: str
    asked_at: datetime
    state: JobState
    done: int
    total: int
    stage: str | None
    attempts: int
    claimed_by: str | None
    claimed_until: datetime | None
    cancel_asked_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    words: str | None
    target: str | None


@dataclass(frozen=True, slots=True)
class JobFile:
    """A file that a job made."""

    job_id: int
    place: int
    name: str
    media_type: str
    blob: str
    size: int


_COLUMNS = tuple(getattr(JobRow, name) for name in Job.__dataclass_fields__)
_FILE_COLUMNS = tuple(getattr(JobFileRow, name) for name in JobFile.__dataclass_fields__)


def _job(row: Any) -> Job:
    values = dict(row._mapping)
    return Job(
        **{
            **values,
            "arguments": json.loads(values["arguments"]),
            "state": JobState(values["state"]),
        }
    )


# ---------------------------------------------------------------------------- asking


def add_job(
    session: Session,
    *,
    kind: str,
    case_id: int | None,
    arguments: Mapping[str, object],
    person_id: int,
    acting_for: str | None,
    key: str,
    asked_at: datetime,
) -> int:
    """Add a job that waits, and return its id; of two at once under one key, both get the first's."""
    added = session.execute(
        adding(session, JobRow)
        .values(
            kind=kind,
            case_id=case_id,
            arguments=canonical(arguments),
            person_id=person_id,
            acting_for=acting_for,
            key=key,
            asked_at=asked_at,
            state=JobState.WAITING.value,
            done=0,
            total=0,
            attempts=0,
        )
        .returning(JobRow.id)
    )
    job_id = added.scalar_one_or_none()
    if job_id is None:
        job_id = session.scalars(
            select(JobRow.id).where(JobRow.person_id == person_id, JobRow.key == key)
        ).one()
    return int(job_id)


def job_with_key(session: Session, person_id: int, key: str) -> Job | None:
    """Return the job that somebody asked for under this key, None where there is none."""
    row = session.execute(
        select(*_COLUMNS).where(JobRow.person_id == person_id, JobRow.key == key)
    ).one_or_none()
    return None if row is None else _job(row)


def find_job(session: Session, job_id: int) -> Job | None:
    """Return a job, None where there is none."""
    row = session.execute(select(*_COLUMNS).where(JobRow.id == job_id)).one_or_none()
    return None if row is None else _job(row)


def latest_jobs(session: Session, person_id: int | None, size: int) -> list[Job]:
    """Return somebody's jobs (everybody's, for None), the newest first."""
    query = select(*_COLUMNS).order_by(JobRow.id.desc()).limit(size)
    if person_id is not None:
        query = query.where(JobRow.person_id == person_id)
    return [_job(row) for row in session.execute(query)]


def latest_of_case(session: Session, case_id: int, kind: str) -> Job | None:
    """Return the job of this kind that was asked for last for a case."""
    row = session.execute(
        select(*_COLUMNS)
        .where(JobRow.case_id == case_id, JobRow.kind == kind)
        .order_by(JobRow.id.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else _job(row)


def ask_to_cancel(session: Session, job_id: int, now: datetime) -> bool:
    """Cancel a job: one that waits at once, one that goes on as soon as it notices.

    Says whether there was one to be cancelled.
    """
    cancelled = session.execute(
        update(JobRow)
        .where(JobRow.id == job_id, JobRow.state == JobState.WAITING.value)
        .values(state=JobState.CANCELLED.value, cancel_asked_at=now, ended_at=now)
        .returning(JobRow.id)
    )
    if cancelled.first() is not None:
        return True
    asked = session.execute(
        update(JobRow)
        .where(
            JobRow.id == job_id,
            JobRow.state == JobState.RUNNING.value,
            JobRow.cancel_asked_at.is_(None),
        )
        .values(cancel_asked_at=now)
        .returning(JobRow.id)
    )
    return asked.first() is not None


# ---------------------------------------------------------------------------- doing


def claim(session: Session, worker: str, now: datetime, until: datetime) -> Job | None:
    """Take the oldest job that waits, or whose worker died, up to a moment; None for none.

    Two who claim at once have different ones.
    """
    is_free = or_(
        JobRow.state == JobState.WAITING.value,
        and_(JobRow.state == JobState.RUNNING.value, JobRow.claimed_until < now),
    )
    wanted = (
        select(JobRow.id)
        .where(text(_OPEN), is_free)
        .order_by(JobRow.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    job_id = session.scalar(wanted)
    if job_id is None:
        return None
    session.execute(
        update(JobRow)
        .where(JobRow.id == job_id)
        .values(
            state=JobState.RUNNING.value,
            claimed_by=worker,
            claimed_until=until,
            attempts=JobRow.attempts + 1,
            started_at=now,
            done=0,
            total=0,
            stage=None,
        )
    )
    return find_job(session, job_id)


class Renewal(StrEnum):
    """May whoever does a job go on with it?"""

    HELD = "held"
    CANCELLED = "cancelled"
    LOST = "lost"


def renew(
    session: Session, job: Job, until: datetime, done: int, total: int, stage: str | None
) -> Renewal:
    """Hold a job for longer, and note how far it is."""
    row = session.execute(
        update(JobRow)
        .where(_is_held(job))
        .values(claimed_until=until, done=done, total=total, stage=stage)
        .returning(JobRow.cancel_asked_at)
    ).one_or_none()
    if row is None:
        return Renewal.LOST
    return Renewal.HELD if row.cancel_asked_at is None else Renewal.CANCELLED


def end(
    session: Session,
    job: Job,
    state: JobState,
    now: datetime,
    words: str | None = None,
    target: str | None = None,
) -> bool:
    """Note that a job is over; False where somebody else has it meanwhile."""
    values: dict[str, object] = {
        "state": state.value,
        "ended_at": now,
        "words": words,
        "target": target,
        "claimed_until": None,
    }
    if state is JobState.DONE:
        values["done"] = JobRow.total
    ended = session.execute(update(JobRow).where(_is_held(job)).values(values).returning(JobRow.id))
    return ended.first() is not None


def hand_back(session: Session, job: Job, *, counts: bool) -> None:
    """Let a job wait for another worker. ``counts``: as an attempt."""
    attempts = job.attempts if counts else job.attempts - 1
    session.execute(
        update(JobRow)
        .where(_is_held(job))
        .values(state=JobState.WAITING.value, claimed_until=None, attempts=attempts)
    )


def _is_held(job: Job) -> Any:
    # The number of the attempt tells as well: a worker may have lost it and taken it up again.
    return and_(
        JobRow.id == job.id,
        JobRow.state == JobState.RUNNING.value,
        JobRow.claimed_by == job.claimed_by,
        JobRow.attempts == job.attempts,
    )


# ---------------------------------------------------------------------------- files


def add_file(session: Session, file: JobFile) -> None:
    """Note a file that a job made; its bytes must be kept already."""
    values = {name: getattr(file, name) for name in JobFile.__dataclass_fields__}
    session.execute(insert(JobFileRow).values(values))


def files_of(session: Session, job_ids: Collection[int]) -> dict[int, list[JobFile]]:
    """Return the files that jobs made, in their order, by job."""
    found: dict[int, list[JobFile]] = {each: [] for each in job_ids}
    rows = session.execute(
        select(*_FILE_COLUMNS)
        .where(JobFileRow.job_id.in_(job_ids))
        .order_by(JobFileRow.job_id, JobFileRow.place)
    )
    for row in rows:
        found[row.job_id].append(JobFile(*row))
    return found


def jobs_of_case(session: Session, case_id: int) -> list[int]:
    """Return all jobs that were asked for in a case."""
    return list(session.scalars(select(JobRow.id).where(JobRow.case_id == case_id)))


def drop_files(session: Session, job_ids: Collection[int]) -> frozenset[str]:
    """Forget the files of jobs; return the hashes of what they held."""
    gone = session.execute(
        delete(JobFileRow).where(JobFileRow.job_id.in_(job_ids)).returning(JobFileRow.blob)
    )
    return frozenset(gone.scalars())


def blobs_of_jobs(session: Session, hashes: Collection[str]) -> frozenset[str]:
    """Return those of the hashes that a file of a job has."""
    found: set[str] = set()
    listed = list(hashes)
    for start in range(0, len(listed), _AT_ONCE):
        part = listed[start : start + _AT_ONCE]
        found.update(session.scalars(select(JobFileRow.blob).where(JobFileRow.blob.in_(part))))
    return frozenset(found)


def with_files_ended_before(session: Session, before: datetime) -> list[int]:
    """Return the jobs that were over before an instant and still have files."""
    query = (
        select(JobRow.id)
        .where(JobRow.ended_at < before, JobRow.id.in_(select(JobFileRow.job_id)))
        .order_by(JobRow.id)
    )
    return list(session.scalars(query))


def count_open(session: Session) -> int:
    """Return how many jobs wait or go on."""
    return session.scalar(select(func.count()).select_from(JobRow).where(text(_OPEN))) or 0


#: How many values one statement names.
_AT_ONCE = 500
