"""Who does what only one may do at a time, and when it was done last."""

from datetime import datetime

from sqlalchemy import String, insert, or_, select, true, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from fireinvest.store.base import Base, Instant


class LeaseRow(Base):
    """A duty, such as the daily export, held by one process until a moment."""

    __tablename__ = "leases"

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    holder: Mapped[str | None] = mapped_column(String(100))
    held_until: Mapped[datetime | None] = mapped_column(Instant)
    done_at: Mapped[datetime | None] = mapped_column(Instant)


def claim(
    session: Session,
    name: str,
    holder: str,
    *,
    now: datetime,
    until: datetime,
    done_before: datetime | None = None,
) -> bool:
    """Take a duty up to a moment; is it this one's now?

    Not while somebody else has it, unless their time is over: whoever was killed holds up nobody.
    ``done_before``: not where it was done at this moment or since. Two who claim at once: one has
    it, or meets a Conflict.
    """
    is_free = or_(LeaseRow.holder.is_(None), LeaseRow.holder == holder, LeaseRow.held_until <= now)
    is_due = (
        true()
        if done_before is None
        else or_(LeaseRow.done_at.is_(None), LeaseRow.done_at < done_before)
    )
    taken = session.execute(
        update(LeaseRow)
        .where(LeaseRow.name == name, is_free, is_due)
        .values(holder=holder, held_until=until)
        .returning(LeaseRow.name)
    )
    if taken.one_or_none() is not None:
        return True
    if session.get(LeaseRow, name) is not None:
        return False
    session.execute(insert(LeaseRow).values(name=name, holder=holder, held_until=until))
    return True


def done(session: Session, name: str, holder: str, now: datetime) -> None:
    """Give a duty back, done; nothing happens where somebody else has taken it meanwhile."""
    session.execute(
        update(LeaseRow)
        .where(LeaseRow.name == name, LeaseRow.holder == holder)
        .values(holder=None, held_until=None, done_at=now)
    )


def done_at(session: Session, name: str) -> datetime | None:
    """Return when a duty was done last."""
    return session.scalar(select(LeaseRow.done_at).where(LeaseRow.name == name))
