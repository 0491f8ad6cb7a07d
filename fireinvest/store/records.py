"""Registers of cases: every version of each item, chained by hashes. Rows are only added.

Which version is the last of each item, and by which numbers an item can be found, is worked out
of them.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple, TypeVar

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
    select,
    tuple_,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from fireinvest.store.base import Base, Instant
from fireinvest.store.cases import CaseRow
from fireinvest.store.codec import Unreadable, canonical, decode_as, encode_value
from fireinvest.store.disposals import not_disposed
from fireinvest.store.journal import NOTHING_BEFORE, Head
from fireinvest.workflow.actions import SCHEMA_VERSION, Attachment
from fireinvest.workflow.items import ITEMS
from fireinvest.workflow.items.base import Item
from fireinvest.workflow.registers import Record


class RecordRow(Base):
    """One version of an item of a register. The two JSON texts are canonical."""

    __tablename__ = "records"
    __table_args__ = (
        UniqueConstraint("case_id", "register", "item", "version"),
        UniqueConstraint("actor", "idempotency_key"),
    )

    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    register: Mapped[str] = mapped_column(String(30))
    item: Mapped[int]
    version: Mapped[int]
    schema_version: Mapped[int]
    payload: Mapped[str] = mapped_column(Text)
    is_withdrawn: Mapped[bool]
    recorded_at: Mapped[datetime] = mapped_column(Instant)
    actor: Mapped[str] = mapped_column(String(100))
    acting_for: Mapped[str | None] = mapped_column(String(100))
    reason: Mapped[str | None] = mapped_column(Text)
    idempotency_key: Mapped[str] = mapped_column(String(120))
    attachments: Mapped[str | None] = mapped_column(Text)
    restriction: Mapped[str | None] = mapped_column(String(30))
    prev_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class RecordHeadRow(Base):
    """A case's own word on its registers: how many records there are, and the hash of the last."""

    __tablename__ = "record_heads"

    case_id: Mapped[int] = mapped_column(
        ForeignKey("cases.id"), primary_key=True, autoincrement=False
    )
    seq: Mapped[int]
    hash: Mapped[str] = mapped_column(String(64))


class RegisterItemRow(Base):
    """An item of a register, and the record that is its last version."""

    __tablename__ = "register_items"

    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    register: Mapped[str] = mapped_column(String(30), primary_key=True)
    item: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int]
    is_withdrawn: Mapped[bool]


class RegisterKeyRow(Base):
    """A number or a name by which an item is found, in its own case and in others."""

    __tablename__ = "register_keys"
    __table_args__ = (Index(None, "sort", "key", "case_id"),)

    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    register: Mapped[str] = mapped_column(String(30), primary_key=True)
    item: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sort: Mapped[str] = mapped_column(String(20), primary_key=True)
    key: Mapped[str] = mapped_column(String(200), primary_key=True)


class RecordLine(NamedTuple):
    """A record as it is stored, in the order in which its hash covers it."""

    case_id: int
    seq: int
    register: str
    item: int
    version: int
    schema_version: int
    payload: str
    is_withdrawn: bool
    recorded_at: datetime
    actor: str
    acting_for: str | None
    reason: str | None
    idempotency_key: str
    attachments: str | None
    restriction: str | None
    prev_hash: str
    hash: str

    def record(self) -> Record:
        """Return the record that the line holds.

        Raises:
            Unreadable: when its values can't be read.

        """
        cls = ITEMS.get(self.register)
        if cls is None or self.schema_version != SCHEMA_VERSION:
            raise Unreadable(f"the register {self.register!r} is not known in this version")
        values: Item = decode_as(cls, json.loads(self.payload))
        attachments = json.loads(self.attachments) if self.attachments is not None else ()
        return Record(
            seq=self.seq,
            register=self.register,
            item=self.item,
            version=self.version,
            values=values,
            recorded_at=self.recorded_at,
            actor=self.actor,
            is_withdrawn=bool(self.is_withdrawn),
            acting_for=self.acting_for,
            reason=self.reason,
            attachments=tuple(decode_as(Attachment, each) for each in attachments),
            restriction=self.restriction,
        )


_COLUMNS = tuple(getattr(RecordRow, name) for name in RecordLine._fields)


def item_called(register: str, item: int) -> str:
    """Return how an item is called where no case's rule is at hand: its register and its mark."""
    cls = ITEMS.get(register)
    return f"{register} {cls.PREFIX if cls is not None else '#'}{item}"


def record_hash(number: str, line: RecordLine) -> str:
    """Return the SHA-256 over a record of the case with this number, and the hash before it."""
    return hashlib.sha256(record_text(number, line).encode()).hexdigest()


def record_text(number: str, line: RecordLine) -> str:
    """Return the text over which the hash of a record goes: a list in JSON."""
    parts = (number, *line[1:7], _flag(line.is_withdrawn), _instant(line.recorded_at), *line[9:-1])
    return _ENCODER.encode(parts)


_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def _flag(value: object) -> object:
    # SQLite keeps numbers, and whatever else somebody puts there: only these two were written.
    return {0: False, 1: True}.get(value, value) if isinstance(value, int) else value


def _instant(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    # Checking everything reads it written out already.
    return value


def line_of_record(
    case_id: int, number: str, record: Record, *, idempotency_key: str, before: str
) -> RecordLine:
    """Return the line to store for a record, with its hash."""
    attachments = [encode_value(each) for each in record.attachments]
    line = RecordLine(
        case_id=case_id,
        seq=record.seq,
        register=record.register,
        item=record.item,
        version=record.version,
        schema_version=SCHEMA_VERSION,
        payload=canonical(encode_value(record.values)),
        is_withdrawn=record.is_withdrawn,
        recorded_at=record.recorded_at,
        actor=record.actor,
        acting_for=record.acting_for,
        reason=record.reason,
        idempotency_key=idempotency_key,
        attachments=canonical(attachments) if attachments else None,
        restriction=record.restriction,
        prev_hash=before,
        hash="",
    )
    return line._replace(hash=record_hash(number, line))


# ---------------------------------------------------------------------------- writing


def head_of(session: Session, case_id: int) -> tuple[int, str]:
    """Return how many records a case has, and the hash of the last."""
    query = select(RecordHeadRow.seq, RecordHeadRow.hash).where(RecordHeadRow.case_id == case_id)
    row = session.execute(query).one_or_none()
    return (0, NOTHING_BEFORE) if row is None else (row.seq, row.hash)


def heads(session: Session) -> Iterator[Head]:
    """Yield each case's own word on its records, by id of the case, where it has any."""
    query = (
        select(RecordHeadRow.case_id, CaseRow.number, RecordHeadRow.seq, RecordHeadRow.hash)
        .join(CaseRow, CaseRow.id == RecordHeadRow.case_id)
        .order_by(RecordHeadRow.case_id)
    )
    for part in session.execute(query.execution_options(yield_per=_AT_ONCE)).partitions():
        for row in part:
            yield Head(*row)


def next_number(session: Session, case_id: int, register: str) -> int:
    """Return the number of the next new item of a register; none is given twice."""
    query = select(func.max(RegisterItemRow.item)).where(
        RegisterItemRow.case_id == case_id, RegisterItemRow.register == register
    )
    return (session.scalar(query) or 0) + 1


def append_records(
    session: Session, lines: Sequence[RecordLine], keys: Sequence[Iterable[tuple[str, str]]]
) -> None:
    """Add the records of one case, in their order, and let its items follow.

    ``keys``: by what the item of each line is found from then on, each a sort and what it is.
    However many lines there are, it takes the same few statements.
    """
    session.execute(insert(RecordRow), [line._asdict() for line in lines])
    last = lines[-1]
    put_head(session, last.case_id, last.seq, last.hash)
    # An item may be there twice: its last version counts.
    items = {(line.register, line.item): line for line in lines}
    save_items(session, items.values())
    found = {(line.register, line.item): each for line, each in zip(lines, keys, strict=True)}
    known = [key for key, line in items.items() if line.version > 1]
    drop_keys(session, last.case_id, known)
    add_keys(session, last.case_id, found)


def put_head(session: Session, case_id: int, seq: int, its_hash: str) -> None:
    """Let a case say that it has so many records, and the hash of the last."""
    _put(session, RecordHeadRow, 1, [{"case_id": case_id, "seq": seq, "hash": its_hash}])


def save_items(session: Session, lines: Iterable[RecordLine]) -> None:
    """Let each of these be the last version of its item."""
    rows = [
        {
            "case_id": line.case_id,
            "register": line.register,
            "item": line.item,
            "seq": line.seq,
            "is_withdrawn": line.is_withdrawn,
        }
        for line in lines
    ]
    _put(session, RegisterItemRow, 3, rows)


def _put(
    session: Session, row: type[Base], key_length: int, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Add rows, or change those with the same key: the first columns."""
    if not rows:
        return
    ours = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    query = ours.insert(row)
    names = list(rows[0])
    changed = {name: query.excluded[name] for name in names[key_length:]}
    query = query.on_conflict_do_update(index_elements=names[:key_length], set_=changed)
    session.execute(query, [dict(each) for each in rows])


def drop_keys(session: Session, case_id: int, items: Collection[tuple[str, int]]) -> None:
    """Let these items, each its register and number, be found by nothing."""
    for part in _parts(items):
        session.execute(
            delete(RegisterKeyRow).where(
                RegisterKeyRow.case_id == case_id,
                tuple_(RegisterKeyRow.register, RegisterKeyRow.item).in_(part),
            )
        )


def add_keys(
    session: Session,
    case_id: int,
    found: Mapping[tuple[str, int], Iterable[tuple[str, str]]],
) -> None:
    """Let items, by register and number, be found by these: each a sort and what it is."""
    rows = [
        {"case_id": case_id, "register": register, "item": item, "sort": sort, "key": key}
        for (register, item), keys in found.items()
        for sort, key in kept_keys(keys)
    ]
    if rows:
        session.execute(insert(RegisterKeyRow), rows)


def kept_keys(keys: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return keys as they are kept and compared: each once, and not longer than there is room."""
    return list(dict.fromkeys((sort, key[:_LONGEST_KEY]) for sort, key in keys))


_LONGEST_KEY = 200

#: How many values one statement names.
_AT_ONCE = 500

T = TypeVar("T")


def _parts(values: Collection[T]) -> Iterator[list[T]]:
    listed = list(values)
    for start in range(0, len(listed), _AT_ONCE):
        yield listed[start : start + _AT_ONCE]


# ---------------------------------------------------------------------------- reading


_LAST = and_(RecordRow.case_id == RegisterItemRow.case_id, RecordRow.seq == RegisterItemRow.seq)


def items_of(
    session: Session,
    case_id: int,
    registers: Collection[str],
    *,
    withdrawn: bool = False,
) -> dict[str, list[Record]]:
    """Return the last versions of all items of some registers, by number, with one query.

    ``withdrawn``: with those that count no more.
    """
    query = (
        select(*_COLUMNS)
        .join(RegisterItemRow, _LAST)
        .where(RegisterItemRow.case_id == case_id, RegisterItemRow.register.in_(registers))
        .order_by(RegisterItemRow.register, RegisterItemRow.item)
    )
    if not withdrawn:
        query = query.where(RegisterItemRow.is_withdrawn.is_(False))
    found: dict[str, list[Record]] = {name: [] for name in registers}
    for row in session.execute(query):
        found[row.register].append(RecordLine(*row).record())
    return found


def page_of_items(
    session: Session,
    case_id: int,
    register: str,
    *,
    after: int,
    size: int,
    withdrawn: bool = False,
) -> list[Record]:
    """Return up to so many items of a register from after a number, in their last versions."""
    query = (
        select(*_COLUMNS)
        .join(RegisterItemRow, _LAST)
        .where(
            RegisterItemRow.case_id == case_id,
            RegisterItemRow.register == register,
            RegisterItemRow.item > after,
        )
        .order_by(RegisterItemRow.item)
        .limit(size)
    )
    if not withdrawn:
        query = query.where(RegisterItemRow.is_withdrawn.is_(False))
    return [RecordLine(*row).record() for row in session.execute(query)]


def cells_of_cases(
    session: Session, case_ids: Sequence[int], register: str, field: str
) -> Iterator[tuple[int, object]]:
    """Yield one field of the items of a register in these cases, each with its case; one query.

    Restricted ones are left out.
    """
    query = (
        select(RecordRow.case_id, RecordRow.payload)
        .join(RegisterItemRow, _LAST)
        .where(
            RegisterItemRow.case_id.in_(case_ids),
            RegisterItemRow.register == register,
            RegisterItemRow.is_withdrawn.is_(False),
            RecordRow.restriction.is_(None),
        )
    )
    for case_id, payload in session.execute(query):
        yield case_id, json.loads(payload).get(field)


def count_items(session: Session, case_id: int) -> dict[str, int]:
    """Return how many items each register of a case has; withdrawn ones are left out."""
    query = (
        select(RegisterItemRow.register, func.count())
        .where(RegisterItemRow.case_id == case_id, RegisterItemRow.is_withdrawn.is_(False))
        .group_by(RegisterItemRow.register)
    )
    return {row[0]: row[1] for row in session.execute(query)}


def last_version(session: Session, case_id: int, register: str, item: int) -> Record | None:
    """Return an item in its last version, None where there is no such."""
    query = (
        select(*_COLUMNS)
        .join(RegisterItemRow, _LAST)
        .where(
            RegisterItemRow.case_id == case_id,
            RegisterItemRow.register == register,
            RegisterItemRow.item == item,
        )
    )
    row = session.execute(query).one_or_none()
    return None if row is None else RecordLine(*row).record()


def last_versions(
    session: Session, case_id: int, wanted: Collection[tuple[str, int]]
) -> dict[tuple[str, int], Record]:
    """Return items of a case in their last versions, by register and number."""
    found: dict[tuple[str, int], Record] = {}
    for part in _parts(wanted):
        query = (
            select(*_COLUMNS)
            .join(RegisterItemRow, _LAST)
            .where(
                RegisterItemRow.case_id == case_id,
                tuple_(RegisterItemRow.register, RegisterItemRow.item).in_(part),
            )
        )
        for row in session.execute(query):
            found[row.register, row.item] = RecordLine(*row).record()
    return found


def items_at(
    session: Session, wanted: Collection[tuple[int, str, int]]
) -> list[tuple[int, Record]]:
    """Return items of any cases, by case, register and number: each with its case's id."""
    if not wanted:
        return []
    key = tuple_(RegisterItemRow.case_id, RegisterItemRow.register, RegisterItemRow.item)
    query = (
        select(*_COLUMNS)
        .join(RegisterItemRow, _LAST)
        .where(key.in_(list(wanted)), RegisterItemRow.is_withdrawn.is_(False))
        .order_by(RecordRow.case_id, RecordRow.register, RecordRow.item)
    )
    return [(row.case_id, RecordLine(*row).record()) for row in session.execute(query)]


def versions_of(session: Session, case_id: int, register: str, item: int) -> list[Record]:
    """Return all versions of an item, the newest first."""
    query = (
        select(*_COLUMNS)
        .where(
            RecordRow.case_id == case_id,
            RecordRow.register == register,
            RecordRow.item == item,
        )
        .order_by(RecordRow.version.desc())
    )
    return [RecordLine(*row).record() for row in session.execute(query)]


def records_at(
    session: Session, case_id: int, register: str, versions: Collection[tuple[int, int]]
) -> list[Record]:
    """Return items of a register in the versions asked for, each an item and a version."""
    if not versions:
        return []
    key = tuple_(RecordRow.item, RecordRow.version)
    query = (
        select(*_COLUMNS)
        .where(
            RecordRow.case_id == case_id,
            RecordRow.register == register,
            key.in_(list(versions)),
        )
        .order_by(RecordRow.item)
    )
    return [RecordLine(*row).record() for row in session.execute(query)]


def versions_of_register(session: Session, case_id: int, register: str) -> list[Record]:
    """Return all versions of all items of a register, by number and version."""
    query = (
        select(*_COLUMNS)
        .where(RecordRow.case_id == case_id, RecordRow.register == register)
        .order_by(RecordRow.item, RecordRow.version)
    )
    return [RecordLine(*row).record() for row in session.execute(query)]


def record_lines(session: Session, case_id: int) -> Iterator[RecordLine]:
    """Yield all records of a case as they are stored, the first first, with flat memory."""
    query = (
        select(*_COLUMNS)
        .where(RecordRow.case_id == case_id)
        .order_by(RecordRow.seq)
        .execution_options(yield_per=_AT_ONCE)
    )
    for part in session.execute(query).partitions():
        for row in part:
            yield RecordLine(*row)


def records_by(session: Session, case_id: int, people: Collection[str], size: int) -> list[Record]:
    """Return up to so many records that these people wrote in a case, the newest first."""
    query = (
        select(*_COLUMNS)
        .where(RecordRow.case_id == case_id, RecordRow.actor.in_(people))
        .order_by(RecordRow.seq.desc())
        .limit(size)
    )
    return [RecordLine(*row).record() for row in session.execute(query)]


def known_items(
    session: Session, case_id: int, register: str, numbers: Collection[int]
) -> frozenset[int]:
    """Return those of the numbers that items of a register have which count."""
    found: set[int] = set()
    for part in _parts(numbers):
        query = select(RegisterItemRow.item).where(
            RegisterItemRow.case_id == case_id,
            RegisterItemRow.register == register,
            RegisterItemRow.item.in_(part),
            RegisterItemRow.is_withdrawn.is_(False),
        )
        found.update(session.scalars(query))
    return frozenset(found)


def find_records_by_key(
    session: Session, actor: str, idempotency_keys: Collection[str]
) -> dict[str, RecordLine]:
    """Return the records that an actor wrote under these keys, by key."""
    found: dict[str, RecordLine] = {}
    for part in _parts(idempotency_keys):
        query = select(*_COLUMNS).where(
            RecordRow.actor == actor, RecordRow.idempotency_key.in_(part)
        )
        for row in session.execute(query):
            found[row.idempotency_key] = RecordLine(*row)
    return found


class Found(NamedTuple):
    """An item of some case that has a number or a name."""

    case_id: int
    number: str
    register: str
    item: int
    sort: str
    key: str


def find_keys(
    session: Session,
    keys: Collection[tuple[str, str]],
    *,
    case_id: int | None = None,
    size: int = 50,
) -> list[Found]:
    """Return up to so many items that have one of these, each a sort and what it is."""
    by_sort: dict[str, set[str]] = {}
    for sort, key in keys:
        by_sort.setdefault(sort, set()).add(key[:_LONGEST_KEY])
    found: list[Found] = []
    for sort, wanted in by_sort.items():
        query = (
            select(
                RegisterKeyRow.case_id,
                CaseRow.number,
                RegisterKeyRow.register,
                RegisterKeyRow.item,
                RegisterKeyRow.sort,
                RegisterKeyRow.key,
            )
            .join(CaseRow, CaseRow.id == RegisterKeyRow.case_id)
            .where(
                RegisterKeyRow.sort == sort,
                RegisterKeyRow.key.in_(wanted),
                not_disposed(RegisterKeyRow.case_id),
            )
            .order_by(RegisterKeyRow.case_id.desc())
            .limit(size)
        )
        if case_id is not None:
            query = query.where(RegisterKeyRow.case_id == case_id)
        found.extend(Found(*row) for row in session.execute(query))
    return found[:size]
