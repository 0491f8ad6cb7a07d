"""Files of cases of other installations, read back from their packages: to be read, never changed."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

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
    tuple_,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from fireinvest.store.base import Base, Instant, LargeId


class ImportedFileRow(Base):
    """A package that was read back. ``state``: one hash over the heads of all its chains.

    ``package``: what the package calls itself; the same is never read back twice. ``facts`` and
    ``checked``: of the case and of the proof, as JSON.
    """

    __tablename__ = "imported_files"
    __table_args__ = (
        UniqueConstraint("package"),
        Index(None, "number"),
        Index(None, "occurred_on", "id"),
    )

    id: Mapped[int] = mapped_column(LargeId, primary_key=True)
    package: Mapped[str] = mapped_column(String(100))
    number: Mapped[str] = mapped_column(String(60))
    unit_name: Mapped[str] = mapped_column(Text)
    address: Mapped[str] = mapped_column(Text)
    occurred_on: Mapped[date]
    division: Mapped[str | None] = mapped_column(String(40))
    agency: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime] = mapped_column(Instant)
    imported_at: Mapped[datetime] = mapped_column(Instant)
    imported_by: Mapped[str] = mapped_column(String(100))
    file_count: Mapped[int]
    byte_count: Mapped[int] = mapped_column(LargeId)
    facts: Mapped[str] = mapped_column(Text)
    checked: Mapped[str] = mapped_column(Text)


class ImportedEntryRow(Base):
    """A file of a package: its path in it, its title, and what it holds."""

    __tablename__ = "imported_entries"
    __table_args__ = (Index(None, "sha256"),)

    imported_id: Mapped[int] = mapped_column(ForeignKey("imported_files.id"), primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    path: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(String(30))
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(LargeId)


@dataclass(frozen=True, slots=True)
class ImportedFile:
    """A package that was read back; see :class:`ImportedFileRow`."""

    id: int
    package: str
    number: str
    unit_name: str
    address: str
    occurred_on: date
    division: str | None
    agency: str
    state: str
    made_at: datetime
    imported_at: datetime
    imported_by: str
    file_count: int
    byte_count: int
    facts: str
    checked: str


@dataclass(frozen=True, slots=True)
class ImportedEntry:
    """A file of a package; ``kind``: what it is, such as an original or a volume."""

    imported_id: int
    place: int
    path: str
    title: str
    kind: str
    sha256: str
    size: int


_COLUMNS = tuple(getattr(ImportedFileRow, name) for name in ImportedFile.__dataclass_fields__)
_ENTRY_COLUMNS = tuple(
    getattr(ImportedEntryRow, name) for name in ImportedEntry.__dataclass_fields__
)
#: How many rows are added or fetched at a time.
_AT_ONCE = 500


def add_imported(session: Session, file: ImportedFile, entries: Iterable[ImportedEntry]) -> int:
    """Add a package with its files, and return its id; the given ids are not used."""
    values = {
        name: getattr(file, name) for name in ImportedFile.__dataclass_fields__ if name != "id"
    }
    added = session.execute(insert(ImportedFileRow).values(values).returning(ImportedFileRow.id))
    imported_id = int(added.scalar_one())
    rows = [
        {
            **{name: getattr(each, name) for name in ImportedEntry.__dataclass_fields__},
            "imported_id": imported_id,
        }
        for each in entries
    ]
    for start in range(0, len(rows), _AT_ONCE):
        session.execute(insert(ImportedEntryRow), rows[start : start + _AT_ONCE])
    return imported_id


def find_package(session: Session, package: str) -> ImportedFile | None:
    """Return the file that was read back from this package, None for none."""
    row = session.execute(select(*_COLUMNS).where(ImportedFileRow.package == package)).one_or_none()
    return None if row is None else ImportedFile(*row)


def find_imported(session: Session, imported_id: int) -> ImportedFile | None:
    """Return a file that was read back, None where there is none."""
    row = session.execute(select(*_COLUMNS).where(ImportedFileRow.id == imported_id)).one_or_none()
    return None if row is None else ImportedFile(*row)


def imported_page(
    session: Session, words: str | None, after: tuple[date, int] | None, size: int
) -> list[ImportedFile]:
    """Return up to so many files that were read back, the latest fires first.

    ``words``: in the number, the unit's name or the address. ``after``: day and id of the last one
    that was shown.
    """
    query = select(*_COLUMNS).order_by(
        ImportedFileRow.occurred_on.desc(), ImportedFileRow.id.desc()
    )
    if words:
        query = query.where(
            or_(
                *(
                    column.contains(words, autoescape=True)
                    for column in (
                        ImportedFileRow.number,
                        ImportedFileRow.unit_name,
                        ImportedFileRow.address,
                    )
                )
            )
        )
    if after is not None:
        query = query.where(tuple_(ImportedFileRow.occurred_on, ImportedFileRow.id) < after)
    return [ImportedFile(*row) for row in session.execute(query.limit(size))]


def entries_of(
    session: Session, imported_id: int, kinds: Iterable[str], *, after: int = -1, size: int = 100
) -> list[ImportedEntry]:
    """Return up to so many files of a package, of some kinds, from after a place."""
    rows = session.execute(
        select(*_ENTRY_COLUMNS)
        .where(
            ImportedEntryRow.imported_id == imported_id,
            ImportedEntryRow.kind.in_(sorted(kinds)),
            ImportedEntryRow.place > after,
        )
        .order_by(ImportedEntryRow.place)
        .limit(size)
    )
    return [ImportedEntry(*row) for row in rows]


def count_entries(session: Session, imported_id: int) -> dict[str, int]:
    """Return how many files of each kind a package has."""
    rows = session.execute(
        select(ImportedEntryRow.kind, func.count())
        .where(ImportedEntryRow.imported_id == imported_id)
        .group_by(ImportedEntryRow.kind)
    )
    return {row[0]: row[1] for row in rows}


def find_entry(session: Session, imported_id: int, place: int) -> ImportedEntry | None:
    """Return a file of a package by its place, None where there is none."""
    row = session.execute(
        select(*_ENTRY_COLUMNS).where(
            ImportedEntryRow.imported_id == imported_id, ImportedEntryRow.place == place
        )
    ).one_or_none()
    return None if row is None else ImportedEntry(*row)


def entry_called(session: Session, imported_id: int, path: str) -> ImportedEntry | None:
    """Return a file of a package by its path, None where there is none."""
    row = session.execute(
        select(*_ENTRY_COLUMNS).where(
            ImportedEntryRow.imported_id == imported_id, ImportedEntryRow.path == path
        )
    ).one_or_none()
    return None if row is None else ImportedEntry(*row)


def places_of(session: Session, imported_id: int) -> dict[str, int]:
    """Return the place of each file of a package, by its path."""
    rows = session.execute(
        select(ImportedEntryRow.path, ImportedEntryRow.place).where(
            ImportedEntryRow.imported_id == imported_id
        )
    )
    return {row.path: row.place for row in rows}


def all_entries(session: Session) -> Iterator[tuple[str, ImportedEntry]]:
    """Yield every file of every package, with the number of its case, with flat memory."""
    query = (
        select(ImportedFileRow.number, *_ENTRY_COLUMNS)
        .join(ImportedFileRow, ImportedFileRow.id == ImportedEntryRow.imported_id)
        .order_by(ImportedEntryRow.imported_id, ImportedEntryRow.place)
        .execution_options(yield_per=_AT_ONCE)
    )
    for part in session.execute(query).partitions():
        for row in part:
            yield row[0], ImportedEntry(*row[1:])


def imported_hashes(session: Session, hashes: Iterable[str]) -> frozenset[str]:
    """Return those of the hashes that a file of a package has."""
    found: set[str] = set()
    listed = list(hashes)
    for start in range(0, len(listed), _AT_ONCE):
        part = listed[start : start + _AT_ONCE]
        found.update(
            session.scalars(
                select(ImportedEntryRow.sha256).where(ImportedEntryRow.sha256.in_(part))
            )
        )
    return frozenset(found)
