"""Attempts to sign in, counted by what they have in common, and how long the next one waits."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Index, String, case, delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from fireinvest.store.base import Base, Instant


class AttemptRow(Base):
    """How often something was tried since a moment, and until when it isn't tried again.

    ``bucket``: the hash of what the attempts have in common, such as a login and an address.
    ``about``: the login, where there is one, so that an administrator can lift the wait.
    """

    __tablename__ = "attempts"
    __table_args__ = (Index(None, "began_at"),)

    bucket: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    about: Mapped[str | None] = mapped_column(String(200))
    count: Mapped[int]
    began_at: Mapped[datetime] = mapped_column(Instant)
    blocked_until: Mapped[datetime | None] = mapped_column(Instant)


@dataclass(frozen=True, slots=True)
class Counted:
    """Attempts of one kind that are counted together."""

    kind: str
    about: str | None
    count: int
    began_at: datetime
    blocked_until: datetime | None


def count_attempt(
    session: Session,
    bucket: str,
    *,
    kind: str,
    about: str | None,
    now: datetime,
    window: timedelta,
) -> int | None:
    """Count one more attempt and return how many there are since the count began.

    A count that began longer ago than ``window`` begins anew. None, and nothing is counted, while
    the next one must wait. Others who count the same wait here until this unit of work is over.
    """
    make = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    fresh = make(AttemptRow).values(
        bucket=bucket, kind=kind, about=about, count=1, began_at=now, blocked_until=None
    )
    is_over = AttemptRow.began_at <= now - window
    counted = fresh.on_conflict_do_update(
        index_elements=[AttemptRow.bucket],
        set_={
            "count": case((is_over, 1), else_=AttemptRow.count + 1),
            "began_at": case((is_over, fresh.excluded.began_at), else_=AttemptRow.began_at),
            "blocked_until": None,
        },
        where=or_(AttemptRow.blocked_until.is_(None), AttemptRow.blocked_until <= now),
    ).returning(AttemptRow.count)
    return session.execute(counted).scalar_one_or_none()


def block(session: Session, bucket: str, until: datetime) -> None:
    """Let the next attempt wait until a moment."""
    session.execute(
        update(AttemptRow).where(AttemptRow.bucket == bucket).values(blocked_until=until)
    )


def blocked_until(session: Session, buckets: Collection[str], now: datetime) -> datetime | None:
    """Return until when the next attempt waits that belongs to all of these, None for not at all."""
    return session.scalar(
        select(AttemptRow.blocked_until)
        .where(AttemptRow.bucket.in_(buckets), AttemptRow.blocked_until > now)
        .order_by(AttemptRow.blocked_until.desc())
        .limit(1)
    )


def counted_attempts(session: Session, buckets: Collection[str]) -> list[Counted]:
    """Return the counts of these buckets, as far as there are any."""
    rows = session.scalars(
        select(AttemptRow).where(AttemptRow.bucket.in_(buckets)).order_by(AttemptRow.bucket)
    )
    return [_counted(each) for each in rows]


def _counted(row: AttemptRow) -> Counted:
    return Counted(row.kind, row.about, row.count, row.began_at, row.blocked_until)


def forget_attempts(session: Session, buckets: Collection[str]) -> None:
    """Begin these counts anew, as when the right one came in the end."""
    session.execute(delete(AttemptRow).where(AttemptRow.bucket.in_(buckets)))


def uncount_attempt(session: Session, bucket: str, free: int) -> None:
    """Take back one attempt that was no failure; the wait too, where the others give no reason."""
    left = AttemptRow.count - 1
    session.execute(
        update(AttemptRow)
        .where(AttemptRow.bucket == bucket, AttemptRow.count > 0)
        .values(
            count=left,
            blocked_until=case((left < free, None), else_=AttemptRow.blocked_until),
        )
    )


def waits_of(session: Session, about: str, now: datetime) -> list[Counted]:
    """Return the waits that hold for a login now, the longest first."""
    rows = session.scalars(
        select(AttemptRow)
        .where(AttemptRow.about == about, AttemptRow.blocked_until > now)
        .order_by(AttemptRow.blocked_until.desc())
    )
    return [_counted(each) for each in rows]


def forget_login(session: Session, about: str) -> int:
    """Begin all counts of a login anew; return how many there were."""
    gone = session.execute(
        delete(AttemptRow).where(AttemptRow.about == about).returning(AttemptRow.bucket)
    )
    return len(gone.all())


def drop_old_attempts(session: Session, before: datetime, now: datetime) -> None:
    """Drop the counts that began before a moment and let nobody wait."""
    session.execute(
        delete(AttemptRow).where(
            AttemptRow.began_at < before,
            or_(AttemptRow.blocked_until.is_(None), AttemptRow.blocked_until <= now),
        )
    )
