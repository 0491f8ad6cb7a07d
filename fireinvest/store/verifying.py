"""What checking the whole log reads: journals, cases' own words on them, and what the log has."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fireinvest.store.access import AccessBatch, AccessRow
from fireinvest.store.cases import CaseRow
from fireinvest.store.journal import NOTHING_BEFORE, Head, JournalRow, Line
from fireinvest.store.records import RecordLine
from fireinvest.store.streaming import stream_of, written_day, written_instant

#: What the row of an entry of a journal is called in the log.
ENTRY = "entry"
#: What the row of a record of a register is called there.
RECORD = "record"


def written_lines(session: Session, first: int, last: int) -> Iterator[Line]:
    """Yield the lines of the cases of this range of ids, by case and sequence.

    Their days and instants are written out, as ``hash_of`` takes them as well.
    """
    columns = [
        written_day(session, name)
        if name == "occurred_on"
        else written_instant(session, name)
        if name in ("occurred_at", "recorded_at")
        else name
        for name in Line._fields
    ]
    query = (
        f"SELECT {', '.join(columns)} FROM journal "  # noqa: S608 - names of our own
        "WHERE case_id BETWEEN :first AND :last ORDER BY case_id, seq"
    )
    return map(Line._make, stream_of(session, query, {"first": first, "last": last}))


def written_heads(session: Session, first: int, last: int) -> Iterator[Head]:
    """Yield what the cases of this range of ids say of their journals, by id."""
    query = (
        "SELECT id, number, version, head_hash FROM cases "
        "WHERE id BETWEEN :first AND :last ORDER BY id"
    )
    for row in stream_of(session, query, {"first": first, "last": last}):
        yield Head(*row)


def written_records(session: Session, first: int, last: int) -> Iterator[RecordLine]:
    """Yield the records of the cases of this range of ids, by case and sequence, written out."""
    columns = [
        written_instant(session, name) if name == "recorded_at" else name
        for name in RecordLine._fields
    ]
    query = (
        f"SELECT {', '.join(columns)} FROM records "  # noqa: S608 - names of our own
        "WHERE case_id BETWEEN :first AND :last ORDER BY case_id, seq"
    )
    return map(RecordLine._make, stream_of(session, query, {"first": first, "last": last}))


def written_record_heads(session: Session, first: int, last: int) -> Iterator[Head]:
    """Yield what the cases of this range of ids say of their registers, by id; each case once."""
    query = (
        "SELECT id, number, coalesce(seq, 0), coalesce(hash, :nothing) "
        "FROM cases LEFT JOIN record_heads ON case_id = id "
        "WHERE id BETWEEN :first AND :last ORDER BY id"
    )
    given = {"first": first, "last": last, "nothing": NOTHING_BEFORE}
    for row in stream_of(session, query, given):
        yield Head(*row)


@dataclass(frozen=True, slots=True)
class Logged:
    """An entry or a record as the log of all cases has it. ``row``: the id of the log's row."""

    row: int
    case_id: int
    seq: int
    hash: str
    item: str | None


def logged_entries(session: Session, first: int, last: int, what: str = ENTRY) -> Iterator[Logged]:
    """Yield the entries that the log has of the cases of this range of ids, by case and entry.

    ``what``: entries of journals, or records of registers.
    """
    query = (
        "SELECT id, case_id, entry, entry_hash, item FROM access_log "
        "WHERE what = :what AND case_id BETWEEN :first AND :last AND entry IS NOT NULL "
        "ORDER BY case_id, entry, id"
    )
    given = {"what": what, "first": first, "last": last}
    for row in stream_of(session, query, given):
        yield Logged(*row)


def first_logged_case(session: Session) -> int | None:
    """Return the first case whose opening the log has; the log of those before it began later."""
    return session.scalar(
        select(func.min(AccessRow.case_id)).where(AccessRow.what == ENTRY, AccessRow.entry == 1)
    )


def ranges_of_cases(session: Session, entries: int) -> Iterator[tuple[int, int]]:
    """Yield ranges of case ids, without a gap, with about so many entries and records each.

    The first begins and the last ends beyond every id: so whatever names no case is in one too.
    """
    first, sum_of = 0, 0
    heads = zip(
        written_heads(session, 0, _BEYOND), written_record_heads(session, 0, _BEYOND), strict=True
    )
    for head, of_registers in heads:
        sum_of += head.version + of_registers.version
        if sum_of >= entries:
            yield first, head.case_id
            first, sum_of = head.case_id + 1, 0
    yield first, _BEYOND


_BEYOND = 2**31 - 1


def ranges_of_batches(session: Session, batches: int) -> Iterator[tuple[int, int]]:
    """Yield ranges of ids of the log's rows, without a gap, with so many batches each."""
    ends = session.scalars(select(AccessBatch.last_id).order_by(AccessBatch.last_id)).all()
    first = -(2**63)
    for place in range(batches - 1, len(ends), batches):
        yield first, ends[place]
        first = ends[place]
    if ends and first != ends[-1]:
        yield first, ends[-1]


@dataclass(frozen=True, slots=True)
class Batch:
    """A sealed batch as it is stored."""

    last_id: int
    first_id: int
    count: int
    prev_hash: str
    hash: str
    marks: str | None


def batches_in(session: Session, after: int, until: int) -> Iterator[Batch]:
    """Yield the batches that end after one row and at the latest with another."""
    query = (
        "SELECT last_id, first_id, count, prev_hash, hash, marks FROM access_batches "
        "WHERE last_id > :after AND last_id <= :until ORDER BY last_id"
    )
    for row in stream_of(session, query, {"after": after, "until": until}):
        yield Batch(*row)


def batches_since(session: Session, first_id: int) -> Iterator[Batch]:
    """Yield the batches from the one that holds this row on, without their marks."""
    query = (
        "SELECT last_id, first_id, count, prev_hash, hash, NULL FROM access_batches "
        "WHERE last_id >= :first ORDER BY last_id"
    )
    for row in stream_of(session, query, {"first": first_id}):
        yield Batch(*row)


def hash_at(session: Session, last_id: int) -> str | None:
    """Return the hash of the batch that ends with this row, None where there is none."""
    return session.scalar(select(AccessBatch.hash).where(AccessBatch.last_id == last_id))


def count_entries(session: Session) -> int:
    """Return how many entries the journals have."""
    return session.scalar(select(func.count()).select_from(JournalRow)) or 0


def count_cases(session: Session) -> int:
    """Return how many cases there are."""
    return session.scalar(select(func.count()).select_from(CaseRow)) or 0
