"""Holiday notices that users entered, every revision of them."""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import CheckConstraint, String, Text, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from fireinvest.store.base import Base, Instant


class HolidayNotice(Base):
    """One revision of a year's notice. Rows are only added, never changed."""

    __tablename__ = "holiday_notices"
    __table_args__ = (
        UniqueConstraint("year", "revision"),
        CheckConstraint("revision >= 1", name="revision_counts_from_one"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    year: Mapped[int]
    revision: Mapped[int]
    number: Mapped[str] = mapped_column(Text)
    published_on: Mapped[date | None]
    document: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(String(64))
    recorded_at: Mapped[datetime] = mapped_column(Instant)


@dataclass(frozen=True, slots=True)
class StoredNotice:
    """Which notice is stored for this year, and since when?"""

    year: int
    revision: int
    number: str
    published_on: date | None
    document: str  # canonical JSON
    sha256: str
    recorded_at: datetime


def add_notice(
    session: Session,
    *,
    year: int,
    number: str,
    published_on: date | None,
    document: str,
    recorded_at: datetime,
) -> int:
    """Which revision of the year's notice is this document? A new one adds a row.

    ``document`` is canonical JSON, so that equal notices are equal texts; it holds all that the
    notice says. The newest revision entered again adds nothing and gives the same number. Two
    people who enter different documents at once: one of them gets an IntegrityError at flush.
    """
    fingerprint = hashlib.sha256(document.encode()).hexdigest()
    newest = session.scalars(
        select(HolidayNotice)
        .where(HolidayNotice.year == year)
        .order_by(HolidayNotice.revision.desc())
        .limit(1)
    ).one_or_none()
    if newest is not None and newest.sha256 == fingerprint:
        return newest.revision
    revision = 1 if newest is None else newest.revision + 1
    session.add(
        HolidayNotice(
            year=year,
            revision=revision,
            number=number,
            published_on=published_on,
            document=document,
            sha256=fingerprint,
            recorded_at=recorded_at,
        )
    )
    session.flush()
    return revision


def notices_in_force(session: Session) -> list[StoredNotice]:
    """Which notice holds for each year that has one? The newest revision; ordered by year."""
    newest = (
        select(HolidayNotice.year, func.max(HolidayNotice.revision).label("revision"))
        .group_by(HolidayNotice.year)
        .subquery()
    )
    rows = session.scalars(
        select(HolidayNotice)
        .join(
            newest,
            (HolidayNotice.year == newest.c.year) & (HolidayNotice.revision == newest.c.revision),
        )
        .order_by(HolidayNotice.year)
    )
    return [
        StoredNotice(
            year=row.year,
            revision=row.revision,
            number=row.number,
            published_on=row.published_on,
            document=row.document,
            sha256=row.sha256,
            recorded_at=row.recorded_at,
        )
        for row in rows
    ]
