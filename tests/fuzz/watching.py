"""What a request changed in the database, told by the statements that were committed."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, event, select

from fireinvest.store import Database
from fireinvest.store.access import AccessRow

_WRITES = re.compile(r'\s*(INSERT(?: OR \w+)? INTO|UPDATE|DELETE FROM)\s+"?(\w+)"?', re.IGNORECASE)
#: Changes of a sign-in that aren't its own: a sign of life, and what a passkey is asked to sign.
_PARTS = {
    "sign_ins.seen_at": re.compile(r"UPDATE sign_ins SET seen_at=[^,]+ WHERE sign_ins.id"),
    "sign_ins.challenge": re.compile(
        r"UPDATE sign_ins SET challenge=[^,]+, challenged_at=[^,]+ WHERE sign_ins.id"
    ),
}


@dataclass
class Change:
    """The tables that one transaction wrote to, once it was committed."""

    tables: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Logged:
    """A row of the log: who did what, and from where."""

    person: str | None
    what: str
    address: str | None


class Watch:
    """Looks at every statement that the application sends to its database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._engine = database.engine
        self._open: dict[Connection, Change] = {}
        #: What SQLite has counted before a statement of which it doesn't know yet what it changes.
        self._waits: dict[Connection, tuple[str, int]] = {}
        self._changes: list[Change] = []
        for name, listener in self._listeners:
            event.listen(self._engine, name, listener)

    @property
    def _listeners(self) -> tuple[tuple[str, Any], ...]:
        return (
            ("before_cursor_execute", self._executes),
            ("after_cursor_execute", self._executed),
            ("commit", self._committed),
            ("rollback", self._rolled_back),
        )

    def close(self) -> None:
        """Look no more."""
        for name, listener in self._listeners:
            event.remove(self._engine, name, listener)

    def _executes(
        self, connection: Connection, _cursor: Any, statement: str, *_others: object
    ) -> None:
        self._settle(connection)
        found = _WRITES.match(statement)
        if found is not None and "RETURNING" in statement and _is_sqlite(connection):
            self._waits[connection] = (_table(statement, found[2]), _counted(connection))

    def _executed(
        self, connection: Connection, cursor: Any, statement: str, *_others: object
    ) -> None:
        found = _WRITES.match(statement)
        if found is not None and connection not in self._waits and cursor.rowcount != 0:
            self._note(connection, _table(statement, found[2]))

    def _settle(self, connection: Connection) -> None:
        table, before = self._waits.pop(connection, ("", 0))
        if table and _counted(connection) != before:
            self._note(connection, table)

    def _note(self, connection: Connection, table: str) -> None:
        self._open.setdefault(connection, Change()).tables.add(table)

    def _committed(self, connection: Connection) -> None:
        self._settle(connection)
        change = self._open.pop(connection, None)
        if change is not None:
            self._changes.append(change)

    def _rolled_back(self, connection: Connection) -> None:
        self._waits.pop(connection, None)
        self._open.pop(connection, None)

    @contextmanager
    def request(self) -> Iterator[tuple[list[Change], list[Logged]]]:
        """What is committed within the block, and what the log then says of it, once it is over."""
        last = self._last()
        self._changes.clear()
        changes: list[Change] = []
        logged: list[Logged] = []
        yield changes, logged
        changes.extend(self._changes)
        if any("access_log" in each.tables for each in changes):
            with self._database.readers.begin() as session:
                rows = session.execute(
                    select(AccessRow.person, AccessRow.what, AccessRow.address)
                    .where(AccessRow.id > last)
                    .order_by(AccessRow.id)
                )
                logged.extend(Logged(*each) for each in rows)

    def _last(self) -> int:
        with self._database.readers.begin() as session:
            query = select(AccessRow.id).order_by(AccessRow.id.desc()).limit(1)
            return session.scalar(query) or 0


def _is_sqlite(connection: Connection) -> bool:
    return connection.dialect.name == "sqlite"


def _counted(connection: Connection) -> int:
    """How many rows has this connection changed since it was opened?"""
    driver: Any = connection.connection.dbapi_connection
    return int(driver.total_changes)


def _table(statement: str, table: str) -> str:
    part = (name for name, pattern in _PARTS.items() if pattern.match(statement))
    return next(part, table.lower())
