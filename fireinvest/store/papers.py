"""Templates of official papers that offices uploaded, and the series from which numbers are given.

An office is a division and a tier: its fire-rescue agency and its government have one each, and
the kind of a paper says which of both issues it.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from fireinvest.store.base import Base, Instant, LargeId
from fireinvest.store.records import RecordRow, RegisterItemRow

#: How many values one statement names.
_AT_ONCE = 500


class TemplateRow(Base):
    """A version of an office's template for a kind of paper; the last one counts.

    Without ``sha256`` the office went back to the template that belongs to the application.
    """

    __tablename__ = "paper_templates"
    __table_args__ = (
        UniqueConstraint("division", "tier", "kind", "version"),
        Index(None, "sha256"),
    )

    id: Mapped[int] = mapped_column(LargeId, primary_key=True)
    division: Mapped[str] = mapped_column(String(30))
    tier: Mapped[str] = mapped_column(String(30))
    kind: Mapped[str] = mapped_column(String(60))
    version: Mapped[int]
    sha256: Mapped[str | None] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(LargeId)
    name: Mapped[str] = mapped_column(String(255))
    uploaded_at: Mapped[datetime] = mapped_column(Instant)
    uploaded_by: Mapped[str] = mapped_column(String(100))


class SeriesRow(Base):
    """A series of document numbers. ``kinds``: a list as JSON; empty for all that are numbered."""

    __tablename__ = "number_series"
    __table_args__ = (UniqueConstraint("division", "tier", "pattern"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    division: Mapped[str] = mapped_column(String(30))
    tier: Mapped[str] = mapped_column(String(30))
    issued_by: Mapped[str] = mapped_column(String(20))
    label: Mapped[str] = mapped_column(String(200))
    pattern: Mapped[str] = mapped_column(String(100))
    kinds: Mapped[str] = mapped_column(Text)
    is_active: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(Instant)
    created_by: Mapped[str] = mapped_column(String(100))


class CountRow(Base):
    """The last number that a series has given in a year."""

    __tablename__ = "number_counts"

    series_id: Mapped[int] = mapped_column(ForeignKey("number_series.id"), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last: Mapped[int]


# ---------------------------------------------------------------------------- templates


@dataclass(frozen=True, slots=True)
class StoredTemplate:
    """A version of an office's template; without ``sha256``, the built-in one counts from it on."""

    division: str
    tier: str
    kind: str
    version: int
    sha256: str | None
    size: int
    name: str
    uploaded_at: datetime
    uploaded_by: str


_OF_TEMPLATE = tuple(getattr(TemplateRow, name) for name in StoredTemplate.__slots__)


def last_template(session: Session, division: str, tier: str, kind: str) -> StoredTemplate | None:
    """Return the last version of an office's template for a kind, None where it never had one."""
    row = session.execute(
        select(*_OF_TEMPLATE)
        .where(TemplateRow.division == division, TemplateRow.tier == tier, TemplateRow.kind == kind)
        .order_by(TemplateRow.version.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else StoredTemplate(*row)


def last_templates(session: Session, division: str, tier: str) -> dict[str, StoredTemplate]:
    """Return the last versions of all templates of an office, by kind."""
    rows = session.execute(
        select(*_OF_TEMPLATE)
        .where(TemplateRow.division == division, TemplateRow.tier == tier)
        .order_by(TemplateRow.kind, TemplateRow.version)
    )
    return {row.kind: StoredTemplate(*row) for row in rows}


def template_versions(
    session: Session, division: str, tier: str, kind: str
) -> list[StoredTemplate]:
    """Return all versions of an office's template for a kind, the newest first."""
    rows = session.execute(
        select(*_OF_TEMPLATE)
        .where(TemplateRow.division == division, TemplateRow.tier == tier, TemplateRow.kind == kind)
        .order_by(TemplateRow.version.desc())
    )
    return [StoredTemplate(*row) for row in rows]


def add_template(session: Session, template: StoredTemplate) -> None:
    """Keep a version of a template; of two with the same number the second is refused.

    Raises:
        IntegrityError: for the second.

    """
    values = {name: getattr(template, name) for name in StoredTemplate.__slots__}
    session.execute(insert(TemplateRow).values(**values))


def all_templates(session: Session) -> Iterator[StoredTemplate]:
    """Yield every version that has a file, with flat memory."""
    query = (
        select(*_OF_TEMPLATE)
        .where(TemplateRow.sha256.is_not(None))
        .order_by(TemplateRow.id)
        .execution_options(yield_per=_AT_ONCE)
    )
    for part in session.execute(query).partitions():
        for row in part:
            yield StoredTemplate(*row)


def template_hashes(session: Session, hashes: Iterable[str]) -> frozenset[str]:
    """Return those of the hashes that a template has."""
    found: set[str] = set()
    listed = list(hashes)
    for start in range(0, len(listed), _AT_ONCE):
        part = listed[start : start + _AT_ONCE]
        rows = session.scalars(select(TemplateRow.sha256).where(TemplateRow.sha256.in_(part)))
        found.update(each for each in rows if each is not None)
    return frozenset(found)


# ---------------------------------------------------------------------------- series


@dataclass(frozen=True, slots=True)
class StoredSeries:
    """A series of numbers of an office. ``issued_by``: whose papers it numbers."""

    id: int
    division: str
    tier: str
    issued_by: str
    label: str
    pattern: str
    kinds: tuple[str, ...]
    is_active: bool
    created_at: datetime
    created_by: str


_OF_SERIES = tuple(getattr(SeriesRow, name) for name in StoredSeries.__slots__)


def _series(row: Mapping[str, object]) -> StoredSeries:
    kinds = tuple(str(each) for each in json.loads(str(row["kinds"])))
    return StoredSeries(**{**row, "kinds": kinds})  # type: ignore[arg-type] # names are columns


def series_of(session: Session, division: str, tier: str) -> list[StoredSeries]:
    """Return all series of an office, those in use first, then as they were added."""
    rows = session.execute(
        select(*_OF_SERIES)
        .where(SeriesRow.division == division, SeriesRow.tier == tier)
        .order_by(SeriesRow.is_active.desc(), SeriesRow.id)
    )
    return [_series({**row._mapping}) for row in rows]


def find_series(session: Session, series_id: int, *, lock: bool = False) -> StoredSeries | None:
    """Return a series, None where there is none.

    ``lock``: nobody else changes it or takes a number of it until the transaction ends.
    """
    query = select(*_OF_SERIES).where(SeriesRow.id == series_id)
    row = session.execute(query.with_for_update() if lock else query).one_or_none()
    return None if row is None else _series({**row._mapping})


def add_series(
    session: Session,
    *,
    division: str,
    tier: str,
    issued_by: str,
    label: str,
    pattern: str,
    kinds: Iterable[str],
    created_at: datetime,
    created_by: str,
) -> int:
    """Add a series of numbers, and return its id; of one pattern an office has one.

    Raises:
        IntegrityError: for a second one of the same pattern.

    """
    row = session.execute(
        insert(SeriesRow)
        .values(
            division=division,
            tier=tier,
            issued_by=issued_by,
            label=label,
            pattern=pattern,
            kinds=json.dumps(list(kinds)),
            is_active=True,
            created_at=created_at,
            created_by=created_by,
        )
        .returning(SeriesRow.id)
    )
    return row.scalar_one()


def change_series(
    session: Session,
    series_id: int,
    *,
    label: str,
    pattern: str,
    kinds: Iterable[str],
    is_active: bool,
) -> None:
    """Change how a series is called, what its numbers look like, what it numbers, or its use."""
    session.execute(
        update(SeriesRow)
        .where(SeriesRow.id == series_id)
        .values(label=label, pattern=pattern, kinds=json.dumps(list(kinds)), is_active=is_active)
    )


def last_number(session: Session, series_id: int, year: int) -> int:
    """Return the last number that a series has given in a year, 0 before the first."""
    return (
        session.scalar(
            select(CountRow.last).where(CountRow.series_id == series_id, CountRow.year == year)
        )
        or 0
    )


def put_number(session: Session, series_id: int, year: int, last: int) -> None:
    """Write down the last number of a series in a year; whoever does holds the series' row."""
    changed = session.execute(
        update(CountRow)
        .where(CountRow.series_id == series_id, CountRow.year == year)
        .values(last=last)
        .returning(CountRow.last)
    ).one_or_none()
    if changed is None:
        session.execute(insert(CountRow).values(series_id=series_id, year=year, last=last))


def counts_of(session: Session, series_ids: Collection[int]) -> dict[int, dict[int, int]]:
    """Return how far each series has come: by its id, of each year the last number."""
    found: dict[int, dict[int, int]] = {}
    rows = session.execute(
        select(CountRow.series_id, CountRow.year, CountRow.last)
        .where(CountRow.series_id.in_(series_ids))
        .order_by(CountRow.series_id, CountRow.year.desc())
    )
    for series_id, year, last in rows:
        found.setdefault(series_id, {})[year] = last
    return found


def has_begun(session: Session, series_id: int) -> bool:
    """Has a series given a number, in any year?"""
    query = select(func.count()).where(CountRow.series_id == series_id, CountRow.last > 0)
    return bool(session.scalar(query))


def void_numbers(
    session: Session, register: str, series_ids: Collection[int]
) -> dict[int, list[str]]:
    """Return the numbers of these series that stand on void papers, by series, the oldest first.

    Void papers are found by none of their keys any more: what they say tells their series.
    """
    wanted = frozenset(series_ids)
    if not wanted:
        return {}
    query = (
        select(RecordRow.payload)
        .join(
            RegisterItemRow,
            (RegisterItemRow.case_id == RecordRow.case_id) & (RegisterItemRow.seq == RecordRow.seq),
        )
        .where(
            RegisterItemRow.register == register,
            RegisterItemRow.is_withdrawn.is_(True),
            RecordRow.payload.contains('"series":', autoescape=True),
        )
        .order_by(RecordRow.recorded_at, RecordRow.case_id, RecordRow.item)
        .execution_options(yield_per=_AT_ONCE)
    )
    found: dict[int, list[str]] = {}
    for payload in session.scalars(query):
        said = json.loads(payload)
        series, number = said.get("series"), said.get("document_no")
        if series in wanted and isinstance(number, str):
            found.setdefault(series, []).append(number)
    return found
