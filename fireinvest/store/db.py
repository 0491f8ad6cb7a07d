"""Opening the database: SQLite or PostgreSQL, with the same guarantees on both."""

import sqlite3
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry

from fireinvest.store import schema

# How long a writer waits for another one before it gives up. Changes take milliseconds; this
# covers a slow disk, and a person still gets an answer before the browser gives up.
BUSY_MILLISECONDS = 10_000

READ_ONLY = "fireinvest_read_only"


@dataclass(frozen=True, slots=True)
class Database:
    """How is the database spoken to?

    ``sessions.begin()`` is the unit of work for changes: everything in the block commits together
    or not at all, and on SQLite it is the only writer. ``readers.begin()`` sees one unchanging
    state, never waits for a writer, and is refused when it tries to write.
    """

    engine: Engine
    sessions: sessionmaker[Session]
    readers: sessionmaker[Session]


def open_database(url: str) -> Database:
    """How is the database at this address spoken to? Nothing is connected before first use."""
    engine = make_engine(url)
    reading = engine.execution_options(**{READ_ONLY: True})
    if engine.dialect.name == "postgresql":
        # SQLite's readers see one state from begin to end; PostgreSQL's do at this level.
        reading = reading.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
    return Database(engine, make_sessions(engine), make_sessions(reading))


def make_engine(url: str) -> Engine:
    """Which engine speaks to the database at this address? Nothing is connected before first use.

    ``postgresql://`` means psycopg 3. Parameters are kept out of error messages and so out of the
    log: they are people's data.
    """
    address = _with_driver(make_url(url))
    if address.get_backend_name() == "sqlite":
        engine = create_engine(address, hide_parameters=True)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    # A connection that the server closed overnight is replaced before it is used.
    return create_engine(
        address,
        hide_parameters=True,
        pool_pre_ping=True,
        connect_args={"options": _with_plans(address)},
    )


def _with_plans(address: URL) -> str:
    """The session's options: those of the address, and plans made for the values at hand.

    A plan for any value walks the whole list where a rare value would be found at once, and
    compiling a query takes longer than running a page's.
    """
    given = address.query.get("options", "")
    options = " ".join(given) if isinstance(given, tuple) else given
    return f"-c jit=off -c plan_cache_mode=force_custom_plan {options}".strip()


def make_sessions(engine: Engine) -> sessionmaker[Session]:
    """Which factory opens sessions on this engine?

    Objects stay readable after the commit, so that a page can show what was just saved without
    a second transaction.
    """
    return sessionmaker(engine, expire_on_commit=False)


def schema_is_current(engine: Engine) -> bool:
    """Does the database answer, and does it stand at the newest migration?

    Raises Unreachable when it does not answer.
    """
    try:
        with engine.execution_options(**{READ_ONLY: True}).connect() as connection:
            connection.execute(text("SELECT 1"))
            return schema.revision_of(connection) == schema.newest_revision()
    except SQLAlchemyError as problem:
        raise Unreachable from problem


def revision_now(engine: Engine) -> str | None:
    """Which migration does the database stand at? None before the first.

    Raises Unreachable when it does not answer.
    """
    try:
        with engine.execution_options(**{READ_ONLY: True}).connect() as connection:
            return schema.revision_of(connection)
    except SQLAlchemyError as problem:
        raise Unreachable from problem


class Unreachable(Exception):
    """The database does not answer."""


def _with_driver(address: URL) -> URL:
    if address.drivername == "postgresql":
        return address.set(drivername="postgresql+psycopg")
    return address


def _prepare_sqlite(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    # sqlite3 would open transactions late and by itself; _begin_sqlite opens them instead.
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
    connection.execute("PRAGMA journal_mode = WAL")
    # What was committed survives a power cut; with WAL, the default could lose the last changes.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")


def _begin_sqlite(connection: Connection) -> None:
    reading = bool(connection.get_execution_options().get(READ_ONLY))
    # Connections are pooled: the mark of the previous user must not stay.
    connection.exec_driver_sql(f"PRAGMA query_only = {'ON' if reading else 'OFF'}")
    # A writer takes the lock before it reads. Otherwise two of them read the same state and the
    # second either overwrites the first or fails at once in spite of the waiting time.
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
