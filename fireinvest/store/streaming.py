"""Rows as they are stored, read as fast as the database gives them, with flat memory.

Instants come written out as hashes cover them; nothing is turned into objects and back.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

#: How many rows are fetched at a time.
_AT_ONCE = 5000


def written_instant(session: Session, column: str) -> str:
    """Return the SQL of an instant as text: ISO, UTC, to the microsecond."""
    if session.get_bind().dialect.name == "sqlite":
        return f"replace({column}, ' ', 'T') || '+00:00'"
    form = 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'
    return f"to_char({column} AT TIME ZONE 'UTC', '{form}')"


def written_day(session: Session, column: str) -> str:
    """Return the SQL of a day as text: ISO."""
    return column if session.get_bind().dialect.name == "sqlite" else f"CAST({column} AS TEXT)"


def stream_of(session: Session, query: str, given: Mapping[str, object]) -> Iterator[Any]:
    """Yield the rows of a query, read while they are used."""
    try:
        found = session.connection().execute(
            text(query), dict(given), execution_options={"yield_per": _AT_ONCE}
        )
        try:
            # Without a size, PostgreSQL's rows would be fetched all at once.
            for part in found.partitions(_AT_ONCE):
                yield from part
        finally:
            found.close()  # Also where nobody wants the rest.
    except OperationalError as error:
        if "decode" in str(error.orig):
            raise Garbled from error
        raise


class Garbled(Exception):
    """There are bytes in a text that are no characters: nobody wrote them through the application."""


@contextmanager
def garbled_too(session: Session) -> Iterator[None]:
    """Read bytes that are no characters as such that can't be written, within the block.

    SQLite keeps whatever is put in; reading every text so would take longer.
    """
    connection = session.connection().connection.driver_connection
    assert isinstance(connection, sqlite3.Connection)  # noqa: S101 - others refuse such bytes
    usual = connection.text_factory
    connection.text_factory = lambda written: written.decode(errors="surrogateescape")
    try:
        yield
    finally:
        connection.text_factory = usual
