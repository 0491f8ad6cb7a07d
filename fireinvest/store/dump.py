"""All rows as plain values that either database can take back: what a backup is made of.

What is written down goes by the migration at which the database stands, not by the models of this
program, so that a backup can be made before an upgrade. The words of the search are left out: they
are worked out again.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import cache, cached_property
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Connection,
    Date,
    DateTime,
    Integer,
    MetaData,
    String,
    Table,
    TableClause,
    UnicodeText,
    column,
    func,
    insert,
    inspect,
    make_url,
    select,
    table,
    text,
)
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.types import TypeEngine

from fireinvest.messages import Text
from fireinvest.store import schema
from fireinvest.store.base import Instant
from fireinvest.store.db import Database, Unreachable, make_engine
from fireinvest.store.journal import Line
from fireinvest.store.records import RecordLine
from fireinvest.store.search import is_ours

__all__ = [
    "Filling",
    "Kind",
    "Layout",
    "NotTaken",
    "Snapshot",
    "Unreadable",
    "filling",
    "has_nothing",
    "layouts_at",
    "line_from",
    "reaching",
    "record_from",
    "snapshot",
]

#: How many rows are fetched or added at a time, so that memory stays flat.
_AT_ONCE = 1000


class Unreadable(Exception):
    """A row isn't written as its table needs it."""

    def __init__(self, text: Text) -> None:
        """Keep what is wrong with it."""
        super().__init__(text.msgid)
        self.text = text


class NotTaken(Exception):
    """The database refuses rows, such as for a character or a number that it can't keep."""

    def __init__(self, name: str) -> None:
        """Keep the name of the table."""
        super().__init__(name)
        self.table = name


class Kind(StrEnum):
    """What does a column hold?"""

    INTEGER = "integer"
    BOOLEAN = "boolean"
    TEXT = "text"
    DATE = "date"
    INSTANT = "instant"


# The first that fits counts.
_KINDS: tuple[tuple[type[TypeEngine[Any]], Kind], ...] = (
    (Boolean, Kind.BOOLEAN),
    (Integer, Kind.INTEGER),
    (DateTime, Kind.INSTANT),
    (Date, Kind.DATE),
    (String, Kind.TEXT),
)

_TYPES: dict[Kind, type[TypeEngine[Any]]] = {
    Kind.INTEGER: BigInteger,
    Kind.BOOLEAN: Boolean,
    Kind.TEXT: UnicodeText,
    Kind.DATE: Date,
    Kind.INSTANT: Instant,
}

_PLAIN: dict[Kind, type] = {Kind.INTEGER: int, Kind.BOOLEAN: bool, Kind.TEXT: str}


@dataclass(frozen=True)
class Layout:
    """Which columns does a table have, and by which are its rows in order?"""

    name: str
    columns: tuple[tuple[str, Kind], ...]
    key: tuple[str, ...]

    @cached_property
    def table(self) -> TableClause:
        """The table as statements name it."""
        return table(self.name, *(column(name, _TYPES[kind]()) for name, kind in self.columns))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(name for name, _ in self.columns)

    def written(self, row: Iterable[object]) -> bytes:
        """Return a row as a line of JSON."""
        values = [each.isoformat() if isinstance(each, date) else each for each in row]
        return _ENCODER.encode(values).encode() + b"\n"

    def read(self, line: bytes) -> dict[str, object]:
        """Return the row that a line holds, by column.

        Raises:
            Unreadable: saying what is wrong.

        """
        try:
            values = json.loads(line)
        except (ValueError, RecursionError):
            raise Unreadable(Text("it is no JSON")) from None
        if not isinstance(values, list) or len(values) != len(self.columns):
            count = len(self.columns)
            raise Unreadable(Text("it isn't a list of %(count)s values", count=count))
        return {
            name: None if value is None else _value(name, kind, value)
            for (name, kind), value in zip(self.columns, values, strict=True)
        }


_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def _value(name: str, kind: Kind, value: object) -> object:
    wanted = _PLAIN.get(kind)
    if wanted is not None and type(value) is wanted:
        return value
    try:
        if isinstance(value, str) and kind is Kind.DATE:
            return date.fromisoformat(value)
        if isinstance(value, str) and kind is Kind.INSTANT:
            return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise Unreadable(Text("%(name)s isn't of the kind %(kind)s", name=name, kind=kind.value))


@cache
def layouts_at(revision: str, migrations: Path = schema.MIGRATIONS) -> tuple[Layout, ...]:
    """Return what all tables look like at a migration; what is referred to comes first.

    It is read off an empty database in memory: no model tells what once was.
    """
    engine = make_engine("sqlite://")
    try:
        with engine.begin() as connection:
            schema.bring_to(connection, revision, migrations)
            found = MetaData()
            found.reflect(connection, only=lambda name, _: not _is_left_out(name))
            return tuple(map(_layout, found.sorted_tables))
    finally:
        engine.dispose()


def _is_left_out(name: str) -> bool:
    return name == schema.VERSIONS or is_ours(name)


def _layout(found: Table) -> Layout:
    columns = tuple((each.name, _kind(found.name, each.name, each.type)) for each in found.columns)
    return Layout(found.name, columns, tuple(each.name for each in found.primary_key))


def _kind(table_name: str, name: str, of: TypeEngine[Any]) -> Kind:
    for each, kind in _KINDS:
        if isinstance(of, each):
            return kind
    raise TypeError(f"{table_name}.{name}: a backup can't hold a {type(of).__name__} yet")


def line_from(row: dict[str, Any]) -> Line:
    """Return the line of a journal that a row holds. What came with a later migration is None."""
    return Line._make(row.get(name) for name in Line._fields)


def record_from(row: dict[str, Any]) -> RecordLine:
    """Return the record of a register that a row holds."""
    return RecordLine._make(row.get(name) for name in RecordLine._fields)


@contextmanager
def reaching() -> Iterator[None]:
    """Raise Unreachable where the database doesn't answer, not any more, or not in time."""
    try:
        yield
    except OperationalError as problem:
        raise Unreachable from problem


# ---------------------------------------------------------------------------- writing down


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One unchanging state of the whole database, whatever others write meanwhile."""

    revision: str
    layouts: tuple[Layout, ...]
    session: Session

    def rows(self, layout: Layout) -> Iterator[tuple[Any, ...]]:
        """Yield every row of a table in the order of its key, with flat memory."""
        query = select(layout.table).order_by(*(layout.table.c[name] for name in layout.key))
        found = self.session.execute(query.execution_options(yield_per=_AT_ONCE))
        for part in found.partitions():
            yield from map(tuple, part)


@contextmanager
def snapshot(database: Database, migrations: Path = schema.MIGRATIONS) -> Iterator[Snapshot | None]:
    """Give the state of the database now; None where it isn't set up.

    Raises:
        Unreachable: when the database doesn't answer.
        schema.Unknown: when it stands at a migration that this program doesn't know.

    """
    with reaching(), database.readers.begin() as session:
        revision = schema.revision_of(session.connection())
        if revision is None:
            yield None
        else:
            schema.need_known(revision, migrations)
            yield Snapshot(revision, layouts_at(revision, migrations), session)


# ---------------------------------------------------------------------------- putting back


def has_nothing(url: str) -> bool:
    """Is there no table in this database, or not even a file? Makes and changes nothing.

    Raises:
        Unreachable: when the database doesn't answer.

    """
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        file = Path(address.database or "")
        try:
            if not file.exists() or file.stat().st_size == 0:
                return True
        except OSError as problem:
            raise Unreachable from problem
    engine = make_engine(url)
    try:
        with engine.connect() as connection:
            return not inspect(connection).get_table_names()
    except SQLAlchemyError as problem:
        raise Unreachable from problem
    finally:
        engine.dispose()


@dataclass(frozen=True, slots=True)
class Filling:
    """A database that is being filled, in one transaction: until its end, nobody sees anything."""

    connection: Connection

    @property
    def database(self) -> Database:
        """The database as services take it; what they commit becomes real with all the rest."""
        sessions = sessionmaker(self.connection, expire_on_commit=False)
        return Database(self.connection.engine, sessions, sessions)

    def create(self, revision: str) -> None:
        """Create all tables as they are at a migration, or bring them there."""
        schema.bring_to(self.connection, revision)

    def add(self, layout: Layout, rows: Iterable[dict[str, object]]) -> None:
        """Add rows to a table.

        Raises:
            NotTaken: when the database refuses one of them.

        """
        adding = insert(layout.table)
        left = iter(rows)
        while part := list(islice(left, _AT_ONCE)):
            try:
                self.connection.execute(adding, part)
            except (DBAPIError, OverflowError, ValueError) as refusal:
                if isinstance(refusal, OperationalError):
                    raise
                raise NotTaken(layout.name) from refusal

    def count(self, layout: Layout) -> int:
        """Return how many rows a table has."""
        return self.connection.execute(select(func.count()).select_from(layout.table)).scalar_one()

    def number_on(self, layouts: Iterable[Layout]) -> None:
        """Let ids go on after the highest: PostgreSQL counts them beside the tables."""
        if self.connection.dialect.name == "sqlite":
            return
        for each in layouts:
            for name, kind in each.columns:
                if kind is Kind.INTEGER and each.key == (name,):
                    self._number_on(each, name)

    def _number_on(self, layout: Layout, name: str) -> None:
        asked = {"table": layout.name, "name": name}
        sequence = self.connection.scalar(
            text("SELECT pg_get_serial_sequence(:table, :name)"), asked
        )
        if sequence is not None:
            highest = self.connection.scalar(select(func.max(layout.table.c[name])))
            self.connection.execute(
                text("SELECT setval(CAST(:sequence AS regclass), :next, false)"),
                {"sequence": sequence, "next": (highest or 0) + 1},
            )


@contextmanager
def filling(url: str) -> Iterator[Filling]:
    """Give the database at this address to be filled; what fails leaves it as it was.

    Raises:
        Unreachable: when the database doesn't answer, or not any more.

    """
    engine = make_engine(url)
    try:
        with reaching(), engine.begin() as connection:
            yield Filling(connection)
    finally:
        engine.dispose()
