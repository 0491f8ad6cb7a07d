"""Lists by which cases are disposed of: drawn up, decided, carried out, and kept for ever.

Rows are only added. Of a case that was disposed of, its list keeps number, title, days and hashes;
its journal and registers stay for the chains that cover them, and nobody reads them any more.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    exists,
    func,
    insert,
    not_,
    select,
)
from sqlalchemy.orm import InstrumentedAttribute, Mapped, Session, mapped_column

from fireinvest.store.base import Base, Instant, adding


class DisposalListRow(Base):
    """A list of cases to be disposed of, of a government's agency. It never changes."""

    __tablename__ = "disposal_lists"
    __table_args__ = (
        UniqueConstraint("drawn_by", "idempotency_key"),
        Index(None, "division", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    division: Mapped[str] = mapped_column(String(30))
    tier: Mapped[str] = mapped_column(String(30))
    title: Mapped[str] = mapped_column(String(200))
    appraisers: Mapped[str] = mapped_column(Text)
    drawn_by: Mapped[str] = mapped_column(String(100))
    acting_for: Mapped[str | None] = mapped_column(String(100))
    drawn_at: Mapped[datetime] = mapped_column(Instant)
    idempotency_key: Mapped[str] = mapped_column(String(120))


class DisposalEntryRow(Base):
    """A case on a list: what it was, and what its appraisal says.

    ``journal_hash``, ``records_hash``: those of its last entry and record at that time.
    """

    __tablename__ = "disposal_entries"
    __table_args__ = (Index(None, "case_id"),)

    list_id: Mapped[int] = mapped_column(ForeignKey("disposal_lists.id"), primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    number: Mapped[str] = mapped_column(String(40))
    title: Mapped[str] = mapped_column(Text)
    occurred_on: Mapped[date]
    filed_on: Mapped[date]
    period: Mapped[str] = mapped_column(Text)
    kept_until: Mapped[date]
    is_kept: Mapped[bool]
    opinion: Mapped[str] = mapped_column(Text)
    journal_hash: Mapped[str] = mapped_column(String(64))
    records_hash: Mapped[str] = mapped_column(String(64))


class DisposalActRow(Base):
    """What was done with a list: approved, refused, withdrawn, begun, done."""

    __tablename__ = "disposal_acts"

    list_id: Mapped[int] = mapped_column(ForeignKey("disposal_lists.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    what: Mapped[str] = mapped_column(String(20))
    person: Mapped[str] = mapped_column(String(100))
    acting_for: Mapped[str | None] = mapped_column(String(100))
    done_at: Mapped[datetime] = mapped_column(Instant)
    words: Mapped[str | None] = mapped_column(Text)


class DisposedCaseRow(Base):
    """A case that was disposed of: nobody sees it any more."""

    __tablename__ = "disposed_cases"

    case_id: Mapped[int] = mapped_column(
        ForeignKey("cases.id"), primary_key=True, autoincrement=False
    )
    list_id: Mapped[int] = mapped_column(ForeignKey("disposal_lists.id"))
    disposed_on: Mapped[date]


class DisposedFileRow(Base):
    """A file that went with a case: that it is missing is no fault."""

    __tablename__ = "disposed_files"
    __table_args__ = (Index(None, "list_id"),)

    blob: Mapped[str] = mapped_column(String(64), primary_key=True)
    case_id: Mapped[int] = mapped_column(
        ForeignKey("cases.id"), primary_key=True, autoincrement=False
    )
    list_id: Mapped[int] = mapped_column(ForeignKey("disposal_lists.id"))


class Act:
    """What is done with a list, as it is stored."""

    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    BEGUN = "begun"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class DisposalList:
    """A list as it was drawn up."""

    id: int
    division: str
    tier: str
    title: str
    appraisers: str
    drawn_by: str
    acting_for: str | None
    drawn_at: datetime


@dataclass(frozen=True, slots=True)
class DisposalEntry:
    """A case on a list. ``is_kept``: by its appraisal it stays."""

    list_id: int
    case_id: int
    number: str
    title: str
    occurred_on: date
    filed_on: date
    period: str
    kept_until: date
    is_kept: bool
    opinion: str
    journal_hash: str
    records_hash: str


@dataclass(frozen=True, slots=True)
class DisposalAct:
    """What was done with a list, by whom and when; ``words``: the reason, or who watched."""

    list_id: int
    seq: int
    what: str
    person: str
    acting_for: str | None
    done_at: datetime
    words: str | None


_LIST = tuple(getattr(DisposalListRow, name) for name in DisposalList.__dataclass_fields__)
_ENTRY = tuple(getattr(DisposalEntryRow, name) for name in DisposalEntry.__dataclass_fields__)
_ACT = tuple(getattr(DisposalActRow, name) for name in DisposalAct.__dataclass_fields__)
_AT_ONCE = 500


# ---------------------------------------------------------------------------- what is disposed of


def not_disposed(case_id: "InstrumentedAttribute[int] | ColumnElement[int]") -> ColumnElement[bool]:
    """Return the condition that leaves out the cases that were disposed of."""
    return not_(exists().where(DisposedCaseRow.case_id == case_id))


def is_disposed(case_id: "InstrumentedAttribute[int] | ColumnElement[int]") -> ColumnElement[bool]:
    """Return the condition that a case was disposed of."""
    return exists().where(DisposedCaseRow.case_id == case_id)


def disposal_of(session: Session, case_id: int) -> int | None:
    """Return the list by which a case was disposed of, None where it wasn't."""
    query = select(DisposedCaseRow.list_id).where(DisposedCaseRow.case_id == case_id)
    return session.scalar(query)


def went_with(session: Session, blob: str, numbers: Iterable[str]) -> frozenset[str]:
    """Return those of the cases, by number, with which a file went when they were disposed of."""
    query = (
        select(DisposalEntryRow.number)
        .join(
            DisposedFileRow,
            (DisposedFileRow.case_id == DisposalEntryRow.case_id)
            & (DisposedFileRow.list_id == DisposalEntryRow.list_id),
        )
        .where(DisposedFileRow.blob == blob, DisposalEntryRow.number.in_(sorted(set(numbers))))
    )
    return frozenset(session.scalars(query))


# ---------------------------------------------------------------------------- lists


def add_list(
    session: Session,
    *,
    division: str,
    tier: str,
    title: str,
    appraisers: str,
    drawn_by: str,
    acting_for: str | None,
    drawn_at: datetime,
    key: str,
) -> int:
    """Add a list and return its id."""
    added = session.execute(
        insert(DisposalListRow)
        .values(
            division=division, tier=tier, title=title, appraisers=appraisers, drawn_by=drawn_by,
            acting_for=acting_for, drawn_at=drawn_at, idempotency_key=key,
        )
        .returning(DisposalListRow.id)
    )  # fmt: skip
    return int(added.scalar_one())


def list_with_key(session: Session, drawn_by: str, key: str) -> int | None:
    """Return the list that somebody drew up under a key, None where there is none."""
    query = select(DisposalListRow.id).where(
        DisposalListRow.drawn_by == drawn_by, DisposalListRow.idempotency_key == key
    )
    return session.scalar(query)


def add_entries(session: Session, entries: Sequence[DisposalEntry]) -> None:
    """Add the cases of a list."""
    rows = [
        {name: getattr(each, name) for name in DisposalEntry.__dataclass_fields__}
        for each in entries
    ]
    session.execute(insert(DisposalEntryRow), rows)


def add_act(
    session: Session,
    list_id: int,
    what: str,
    *,
    seq: int,
    person: str,
    acting_for: str | None,
    done_at: datetime,
    words: str | None = None,
) -> None:
    """Note what was done with a list. ``seq``: the next one; whoever is slower meets a conflict."""
    session.execute(
        insert(DisposalActRow).values(
            list_id=list_id, seq=seq, what=what, person=person, acting_for=acting_for,
            done_at=done_at, words=words,
        )
    )  # fmt: skip


def find_list(session: Session, list_id: int) -> DisposalList | None:
    """Return a list, None where there is none."""
    row = session.execute(select(*_LIST).where(DisposalListRow.id == list_id)).one_or_none()
    return None if row is None else DisposalList(*row)


def lists_of(
    session: Session, places: Collection[tuple[str, str]], *, before: int | None, size: int
) -> list[DisposalList]:
    """Return the lists of some agencies, each a division and a tier, the newest first."""
    divisions = sorted({division for division, _tier in places})
    query = select(*_LIST).where(DisposalListRow.division.in_(divisions))
    if before is not None:
        query = query.where(DisposalListRow.id < before)
    rows = session.execute(query.order_by(DisposalListRow.id.desc()).limit(size))
    return [found for row in rows if ((found := DisposalList(*row)).division, found.tier) in places]


def entries_of(session: Session, list_id: int) -> list[DisposalEntry]:
    """Return the cases of a list, by their numbers."""
    query = select(*_ENTRY).where(DisposalEntryRow.list_id == list_id)
    rows = session.execute(query.order_by(DisposalEntryRow.number))
    return [DisposalEntry(*row) for row in rows]


def acts_of(session: Session, list_ids: Collection[int]) -> dict[int, list[DisposalAct]]:
    """Return what was done with some lists, in order."""
    query = select(*_ACT).where(DisposalActRow.list_id.in_(list_ids))
    found: dict[int, list[DisposalAct]] = {each: [] for each in list_ids}
    for row in session.execute(query.order_by(DisposalActRow.list_id, DisposalActRow.seq)):
        found[row.list_id].append(DisposalAct(*row))
    return found


def counts_of(session: Session, list_ids: Collection[int]) -> dict[int, tuple[int, int]]:
    """Return how many cases each list has, and how many of them are kept."""
    query = (
        select(DisposalEntryRow.list_id, DisposalEntryRow.is_kept, func.count())
        .where(DisposalEntryRow.list_id.in_(list_ids))
        .group_by(DisposalEntryRow.list_id, DisposalEntryRow.is_kept)
    )
    found: dict[int, tuple[int, int]] = dict.fromkeys(list_ids, (0, 0))
    for list_id, is_kept, count in session.execute(query):
        whole, kept = found[list_id]
        found[list_id] = (whole + count, kept + (count if is_kept else 0))
    return found


def listed_openly(session: Session, case_ids: Collection[int]) -> frozenset[int]:
    """Return those of the cases that stand on a list which was neither refused nor withdrawn.

    A list that was carried out counts no more: what it kept can be listed again.
    """
    closed = exists().where(
        DisposalActRow.list_id == DisposalEntryRow.list_id,
        DisposalActRow.what.in_([Act.REFUSED, Act.WITHDRAWN, Act.DONE]),
    )
    query = select(DisposalEntryRow.case_id).where(
        DisposalEntryRow.case_id.in_(case_ids), not_(closed)
    )
    return frozenset(session.scalars(query))


# ---------------------------------------------------------------------------- carrying out


def dispose_cases(session: Session, list_id: int, case_ids: Iterable[int], on: date) -> None:
    """Let these cases be disposed of by a list."""
    rows = [{"case_id": each, "list_id": list_id, "disposed_on": on} for each in case_ids]
    if rows:
        session.execute(insert(DisposedCaseRow), rows)


def dispose_files(session: Session, list_id: int, case_id: int, hashes: Iterable[str]) -> None:
    """Note which files go with a case."""
    rows = [{"blob": each, "case_id": case_id, "list_id": list_id} for each in sorted(set(hashes))]
    for start in range(0, len(rows), _AT_ONCE):
        session.execute(adding(session, DisposedFileRow), rows[start : start + _AT_ONCE])


def files_disposed_by(session: Session, list_id: int, *, after: str, size: int) -> list[str]:
    """Return up to so many of the files that go with a list, behind a hash, in order."""
    query = (
        select(DisposedFileRow.blob)
        .where(DisposedFileRow.list_id == list_id, DisposedFileRow.blob > after)
        .distinct()
        .order_by(DisposedFileRow.blob)
        .limit(size)
    )
    return list(session.scalars(query))


def disposed_numbers(session: Session) -> Iterator[str]:
    """Yield the numbers of all cases that were disposed of."""
    query = select(DisposalEntryRow.number).join(
        DisposedCaseRow,
        (DisposedCaseRow.case_id == DisposalEntryRow.case_id)
        & (DisposedCaseRow.list_id == DisposalEntryRow.list_id),
    )
    yield from session.scalars(query)
