"""Files that were uploaded and wait to become part of an entry. Their bytes are kept elsewhere."""

import json
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Select, String, delete, insert, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from fireinvest.store.base import Base, Instant, LargeId
from fireinvest.store.cases import CaseRow
from fireinvest.store.drafts import Draft
from fireinvest.store.imported import all_entries
from fireinvest.store.journal import JournalRow
from fireinvest.store.papers import all_templates
from fireinvest.store.records import RecordRow, item_called


class StagedFile(Base):
    """A file that somebody uploaded: private to them until an entry names its hash."""

    __tablename__ = "staged_files"
    __table_args__ = (Index(None, "person_id"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    name: Mapped[str] = mapped_column(String(255))
    media_type: Mapped[str] = mapped_column(String(100))
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(LargeId)
    staged_at: Mapped[datetime] = mapped_column(Instant)


@dataclass(frozen=True, slots=True)
class Staged:
    """A file that waits: its name, the SHA-256 and the size in bytes of what it holds."""

    id: str
    person_id: int
    name: str
    media_type: str
    sha256: str
    size: int
    staged_at: datetime


_COLUMNS = tuple(getattr(StagedFile, name) for name in Staged.__dataclass_fields__)


def add_staged(
    session: Session,
    *,
    file_id: str,
    person_id: int,
    name: str,
    media_type: str,
    sha256: str,
    size: int,
    staged_at: datetime,
) -> None:
    """Keep a file that was uploaded; its bytes must be stored already."""
    session.execute(
        insert(StagedFile).values(
            id=file_id,
            person_id=person_id,
            name=name,
            media_type=media_type,
            sha256=sha256,
            size=size,
            staged_at=staged_at,
        )
    )


def find_staged(session: Session, person_id: int, file_ids: Sequence[str]) -> list[Staged]:
    """Return those of the files that this person uploaded, in the order asked for."""
    if not file_ids:
        return []
    rows = session.execute(
        select(*_COLUMNS).where(StagedFile.person_id == person_id, StagedFile.id.in_(file_ids))
    )
    found = {row.id: Staged(*row) for row in rows}
    return [found[each] for each in file_ids if each in found]


# ---------------------------------------------------------------------------- clearing

#: How many values one statement names.
_AT_ONCE = 500


def share_staged(session: Session) -> None:
    """Wait until nobody clears staged files, and let nobody until this transaction ends."""
    _lock(session, "ROW EXCLUSIVE")


def lock_staged(session: Session) -> None:
    """Let nobody add or hold staged files until this transaction ends."""
    _lock(session, "SHARE ROW EXCLUSIVE")


def _lock(session: Session, mode: str) -> None:
    # SQLite has one writer at a time, from the first statement on.
    is_postgresql = session.get_bind().dialect.name == "postgresql"
    session.execute(
        text(f"LOCK TABLE staged_files IN {mode} MODE" if is_postgresql else "SELECT 1")
    )


def hold_staged(session: Session, file_ids: Sequence[str], now: datetime) -> frozenset[str]:
    """Count these files as staged just now; return those that are still there."""
    session.execute(update(StagedFile).where(StagedFile.id.in_(file_ids)).values(staged_at=now))
    return frozenset(session.scalars(select(StagedFile.id).where(StagedFile.id.in_(file_ids))))


def staged_before(session: Session, before: datetime) -> dict[str, str]:
    """Return the files staged before an instant: their ids, and the hash of each."""
    rows = session.execute(
        select(StagedFile.id, StagedFile.sha256).where(StagedFile.staged_at < before)
    )
    return {row.id: row.sha256 for row in rows}


def drop_staged(session: Session, file_ids: Collection[str], before: datetime) -> list[str]:
    """Forget those of the files that are still from before an instant; return their ids."""
    gone: list[str] = []
    for part in _parts(file_ids):
        is_old = StagedFile.id.in_(part) & (StagedFile.staged_at < before)
        gone.extend(session.scalars(select(StagedFile.id).where(is_old)))
        session.execute(delete(StagedFile).where(is_old))
    return gone


def staged_hashes(session: Session, hashes: Collection[str]) -> frozenset[str]:
    """Return those of the hashes that a staged file has."""
    found: set[str] = set()
    for part in _parts(hashes):
        found.update(session.scalars(select(StagedFile.sha256).where(StagedFile.sha256.in_(part))))
    return frozenset(found)


def drafts_with_files(session: Session) -> Iterator[str]:
    """Yield what drafts hold that may name staged files, as JSON."""
    query = select(Draft.content).where(Draft.content.contains('"staged"', autoescape=True))
    yield from session.scalars(query.execution_options(yield_per=_AT_ONCE))


def _parts(values: Collection[str]) -> Iterator[list[str]]:
    listed = list(values)
    for start in range(0, len(listed), _AT_ONCE):
        yield listed[start : start + _AT_ONCE]


# ---------------------------------------------------------------------------- recorded files


@dataclass(frozen=True, slots=True)
class Recorded:
    """A file that an entry names, or a record of a register: then ``item`` tells which item's.

    Or one of a file that was read back from another installation; ``seq`` is its place there. Or
    a version of an office's template for a kind of paper: ``number`` is then the office.
    Without a hash: what it says of its files is unreadable.
    """

    sha256: str
    size: int
    number: str
    seq: int
    name: str
    item: str | None = None


def recorded_files(session: Session) -> Iterator[Recorded]:
    """Yield every file that an entry, a record, an imported file or an office names, memory flat."""
    entries = (
        select(CaseRow.number, JournalRow.seq, JournalRow.attachments)
        .join(CaseRow, CaseRow.id == JournalRow.case_id)
        .where(JournalRow.attachments.is_not(None))
        .order_by(JournalRow.case_id, JournalRow.seq)
    )
    for number, seq, attachments in _rows(session, entries):
        yield from _recorded(number, seq, attachments, None)
    records = (
        select(
            CaseRow.number,
            RecordRow.seq,
            RecordRow.attachments,
            RecordRow.register,
            RecordRow.item,
        )
        .join(CaseRow, CaseRow.id == RecordRow.case_id)
        .where(RecordRow.attachments.is_not(None))
        .order_by(RecordRow.case_id, RecordRow.seq)
    )
    for number, seq, attachments, register, item in _rows(session, records):
        yield from _recorded(number, seq, attachments, item_called(register, item))
    for number, each in all_entries(session):
        item = f"imported {each.imported_id}"
        yield Recorded(each.sha256, each.size, number, each.place, each.path, item)
    for template in all_templates(session):
        office = f"{template.division} {template.tier}"
        item = f"template {template.kind}"
        sha256 = template.sha256 or ""
        yield Recorded(sha256, template.size, office, template.version, template.name, item)


def hashes_of_case(session: Session, case_id: int) -> frozenset[str]:
    """Return the hashes of all files that a case ever named, in its journal and its registers."""
    found: set[str] = set()
    for table in (JournalRow, RecordRow):
        query = select(table.attachments).where(
            table.case_id == case_id, table.attachments.is_not(None)
        )
        for (attachments,) in _rows(session, query):
            found.update(each.sha256 for each in _recorded("", 0, attachments, None))
    return frozenset(found - {""})


def _rows(session: Session, query: "Select[*tuple[Any, ...]]") -> Iterator[Any]:
    for part in session.execute(query.execution_options(yield_per=_AT_ONCE)).partitions():
        yield from part


def _recorded(number: str, seq: int, attachments: str, item: str | None) -> list[Recorded]:
    try:
        return [
            Recorded(str(each["sha256"]), int(each["size"]), number, seq, str(each["name"]), item)
            for each in json.loads(attachments)
        ]
    except (ValueError, TypeError, KeyError):
        return [Recorded("", 0, number, seq, "?", item)]


def files_by_hash(session: Session) -> Iterator[Recorded]:
    """Yield the same by hash: however many there are, they are sorted on the disk."""
    with closing(sqlite3.connect("")) as sorting:
        sorting.execute("CREATE TABLE recorded (sha256, size, number, seq, name, item)")
        sorting.executemany(
            "INSERT INTO recorded VALUES (?, ?, ?, ?, ?, ?)",
            (astuple(each) for each in recorded_files(session)),
        )
        asked = "SELECT * FROM recorded ORDER BY sha256, number, item IS NOT NULL, seq, name"
        for row in sorting.execute(asked):
            yield Recorded(*row)
