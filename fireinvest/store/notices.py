"""Holiday notices that users entered, every revision of them."""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import CheckConstraint, String, Text, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from fireinvest.store.base import Base, Instant


class HolidayNotice(Base):
    """One revision of a year's notice. Rows are only added, never changed.

    ``division``: the place for which a local government gives days off. Revisions are counted in
    the year, whoever gives the notice.
    """

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
    division: Mapped[str | None] = mapped_column(String(30))
    recorded_by: Mapped[str | None] = mapped_column(String(100))


@dataclass(frozen=True, slots=True)
class StoredNotice:
    """Which notice is stored for this year and place, since when, and by whom?"""

    year: int
    revision: int
    number: str
    published_on: date | None
    document: str  # canonical JSON
    sha256: str
    recorded_at: datetime
    division: str | None = None
    recorded_by: str | None = None


def add_notice(
    session: Session,
    *,
    year: int,
    number: str,
    published_on: date | None,
    document: str,
    recorded_at: datetime,
    division: str | None = None,
    recorded_by: str | None = None,
) -> int:
    """Which revision of the year's notice is this document? A new one adds a row.

    ``document`` is canonical JSON, so that equal notices are equal texts; it holds all that the
    notice says. The newest of the same place entered again adds nothing and gives the same number. Two
    people who enter different documents at once: one of them gets an IntegrityError at flush.
    """
    fingerprint = hashlib.sha256(document.encode()).hexdigest()
    earlier = session.execute(
        select(HolidayNotice.revision, HolidayNotice.sha256, HolidayNotice.division)
        .where(HolidayNotice.year == year)
        .order_by(HolidayNotice.revision.desc())
    ).all()
    newest = next((each for each in earlier if each.division == division), None)
    if newest is not None and newest.sha256 == fingerprint:
        return int(newest.revision)
    revision = 1 if not earlier else int(earlier[0].revision) + 1
    session.add(
        HolidayNotice(
            year=year,
            revision=revision,
            number=number,
            published_on=published_on,
            document=document,
            sha256=fingerprint,
            recorded_at=recorded_at,
            division=division,
            recorded_by=recorded_by,
        )
    )
    session.flush()
    return revision


def next_revision(session: Session, year: int) -> int:
    """Which revision is the next notice entered for a year?"""
    query = select(func.max(HolidayNotice.revision)).where(HolidayNotice.year == year)
    return 1 + (session.scalar(query) or 0)


# Asked at each page and change that counts days, and so put together once.
_NEWEST = (
    select(HolidayNotice.year, func.max(HolidayNotice.revision).label("revision"))
    .group_by(HolidayNotice.year, HolidayNotice.division)
    .subquery()
)
_IN_FORCE = (
    select(HolidayNotice)
    .join(
        _NEWEST,
        (HolidayNotice.year == _NEWEST.c.year) & (HolidayNotice.revision == _NEWEST.c.revision),
    )
    .order_by(HolidayNotice.year, HolidayNotice.revision)
)


def notices_in_force(session: Session) -> list[StoredNotice]:
    """Which notice holds for each year and place that has one? The newest; ordered by year."""
    return [_stored(row) for row in session.scalars(_IN_FORCE)]


def all_notices(session: Session) -> list[StoredNotice]:
    """Which notices were entered? Every revision, the latest year and the newest first."""
    rows = session.scalars(
        select(HolidayNotice).order_by(HolidayNotice.year.desc(), HolidayNotice.revision.desc())
    )
    return [_stored(row) for row in rows]


def _stored(row: HolidayNotice) -> StoredNotice:
    return StoredNotice(
        year=row.year,
        revision=row.revision,
        number=row.number,
        published_on=row.published_on,
        document=row.document,
        sha256=row.sha256,
        recorded_at=row.recorded_at,
        division=row.division,
        recorded_by=row.recorded_by,
    )


def newest_notice(session: Session) -> int:
    """Return the id of the notice that was entered last, 0 for none; rows are only added."""
    return session.scalar(select(func.max(HolidayNotice.id))) or 0


def documents(session: Session) -> frozenset[str]:
    """Return the documents of all notices that were ever entered, as canonical JSON."""
    return frozenset(session.scalars(select(HolidayNotice.document)))


def documents_in_force(session: Session) -> list[str]:
    """Return the documents of the notices in force, as canonical JSON."""
    return [each.document for each in notices_in_force(session)]
