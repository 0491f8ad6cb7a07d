"""Do the tables beside the records say what the records say? Where they don't, they are put right.

They are the last version of each item, by what each is found, and each case's word on its records.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Session

from fireinvest.store.codec import Unreadable
from fireinvest.store.journal import NOTHING_BEFORE
from fireinvest.store.records import (
    RecordHeadRow,
    RecordLine,
    RecordRow,
    RegisterItemRow,
    RegisterKeyRow,
    add_keys,
    drop_keys,
    kept_keys,
    put_head,
    save_items,
)

#: How many rows are fetched at a time.
_AT_ONCE = 1000

#: An item by its register and number.
Key = tuple[str, int]


class Differs(NamedTuple):
    """Where does a table say something else than the records? ``key`` names the item."""

    case_id: int
    table: str
    key: str
    stored: object
    expected: object


@dataclass(slots=True)
class _Case:
    """What the tables of one case say, and what its records do."""

    head: tuple[int, str] = (0, NOTHING_BEFORE)
    items: dict[Key, tuple[int, bool]] = field(default_factory=dict)
    keys: dict[Key, set[tuple[str, str]]] = field(default_factory=dict)
    said_head: tuple[int, str] = (0, NOTHING_BEFORE)
    lasts: dict[Key, RecordLine] = field(default_factory=dict)


def register_differences(
    session: Session, case_ids: Collection[int], *, repair: bool
) -> Iterator[Differs]:
    """Yield what differs in some cases, by case; with ``repair``, it is put right as well.

    A record that can't be read is a difference of its own, and its item's keys stay as they are.
    The same four statements for any number of cases; one case at a time is held in memory.
    """
    if not case_ids:
        return
    for case_id, case in list(_differing(session, sorted(case_ids))):
        yield from _told(session, case_id, case, repair=repair)


def _differing(session: Session, case_ids: list[int]) -> Iterator[tuple[int, "_Case"]]:
    """Yield the cases of which a table doesn't say what the records do."""
    heads = _Rows(session, RecordHeadRow, case_ids, "seq", "hash")
    items = _Rows(session, RegisterItemRow, case_ids, "register", "item", "seq", "is_withdrawn")
    keys = _Rows(session, RegisterKeyRow, case_ids, "register", "item", "sort", "key")
    # In their order: of each item, the last counts.
    records = _Rows(session, RecordRow, case_ids, *RecordLine._fields[1:])
    for case_id in case_ids:
        case = _Case()
        for row in heads.of(case_id):
            case.head = (row[1], row[2])
        for row in items.of(case_id):
            case.items[row[1], row[2]] = (row[3], bool(row[4]))
        for row in keys.of(case_id):
            case.keys.setdefault((row[1], row[2]), set()).add((row[3], row[4]))
        for row in records.of(case_id):
            line = RecordLine(*row)
            case.said_head = (line.seq, line.hash)
            case.lasts[line.register, line.item] = line
        if any(True for _ in _differences(case_id, case)):
            yield case_id, case


def _differences(case_id: int, case: _Case) -> Iterator[Differs]:
    if case.head != case.said_head:
        yield Differs(case_id, "record_heads", "", case.head, case.said_head)
    said = {key: (line.seq, bool(line.is_withdrawn)) for key, line in case.lasts.items()}
    for key in sorted({*case.items, *said}):
        if case.items.get(key) != said.get(key):
            yield Differs(case_id, "register_items", _name(key), case.items.get(key), said.get(key))
    for key in sorted({*case.keys, *case.lasts}):
        stored = case.keys.get(key, set())
        try:
            expected = _keys_of(case.lasts.get(key))
        except (Unreadable, ValueError) as error:
            yield Differs(case_id, "records", _name(key), None, str(error))
            continue
        if stored != expected:
            yield Differs(case_id, "register_keys", _name(key), sorted(stored), sorted(expected))


def _told(session: Session, case_id: int, case: _Case, *, repair: bool) -> Iterator[Differs]:
    found = list(_differences(case_id, case))
    yield from found
    if not repair:
        return
    tables = {each.table for each in found}
    if "record_heads" in tables:
        put_head(session, case_id, *case.said_head)
    if "register_items" in tables:
        session.execute(delete(RegisterItemRow).where(RegisterItemRow.case_id == case_id))
        save_items(session, case.lasts.values())
    wrong = {each.key for each in found if each.table == "register_keys"}
    items = [key for key in {*case.keys, *case.lasts} if _name(key) in wrong]
    drop_keys(session, case_id, items)
    add_keys(session, case_id, {key: _keys_of(case.lasts.get(key)) for key in items})


def _keys_of(line: RecordLine | None) -> set[tuple[str, str]]:
    """By what an item is to be found: by nothing where it isn't there."""
    return set() if line is None else set(kept_keys(line.record().keys))


def _name(key: Key) -> str:
    register, item = key
    return f"{register} {item}"


# ---------------------------------------------------------------------------- read side by side


class _Rows:
    """The rows of some cases in a table, taken case by case; the first column is the case."""

    def __init__(
        self,
        session: Session,
        table: type[RecordHeadRow | RegisterItemRow | RegisterKeyRow | RecordRow],
        case_ids: Collection[int],
        *names: str,
    ) -> None:
        columns = [getattr(table, name) for name in ("case_id", *names)]
        query = select(*columns).where(table.case_id.in_(case_ids)).order_by(*columns[:2])
        self._rows = _streamed(session, query)
        self._next = next(self._rows, None)

    def of(self, case_id: int) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of this case; the cases are asked for in their order."""
        while self._next is not None and self._next[0] == case_id:
            yield self._next
            self._next = next(self._rows, None)


def _streamed(session: Session, query: Select[Any]) -> Iterator[tuple[Any, ...]]:
    found = session.execute(query.execution_options(yield_per=_AT_ONCE))
    for part in found.partitions():
        yield from map(tuple, part)
