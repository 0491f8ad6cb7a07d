"""Opening the database: durability, locking and readers, on both kinds."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import column, insert, literal, select, table, text
from sqlalchemy.exc import DBAPIError, StatementError

from config import ROOT
from fireinvest.store import Database, open_database
from fireinvest.store.base import Instant
from fireinvest.store.db import Unreachable, make_engine, schema_is_current
from fireinvest.store.notices import HolidayNotice

COUNTER = table("counter", column("n"))


def _with_counter(database: Database) -> None:
    with database.sessions.begin() as session:
        session.execute(text("CREATE TABLE counter (n INTEGER NOT NULL)"))
        session.execute(insert(COUNTER).values(n=0))


def test_whoever_opens_a_database_knows_every_table_that_another_refers_to() -> None:
    """In a process of its own: here the migrations have made all of them known."""
    program = (
        "import fireinvest.store\n"
        "from fireinvest.store.base import Base\n"
        "tables = Base.metadata.tables\n"
        "assert all(key.column is not None for t in tables.values() for key in t.foreign_keys)\n"
        "assert {'cases', 'outbox', 'channels'} <= set(tables)\n"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)


@pytest.mark.usefixtures("as_served")
def test_sqlite_is_durable_and_checks_references(sqlite_url: str) -> None:
    engine = make_engine(sqlite_url)
    with engine.connect() as connection:

        def pragma(name: str) -> object:
            return connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()

        assert pragma("journal_mode") == "wal"
        assert pragma("synchronous") == 2  # FULL
        assert pragma("foreign_keys") == 1
        assert pragma("busy_timeout") == 10_000
    engine.dispose()


@pytest.mark.parametrize("url", ["postgresql://u@h/d", "postgresql+psycopg://u@h/d"])
def test_postgresql_is_spoken_to_by_psycopg_3(url: str) -> None:
    assert make_engine(url).dialect.driver == "psycopg"


def test_no_update_is_lost_between_competing_writers(database: Database) -> None:
    _with_counter(database)

    def add_one(_: int) -> None:
        with database.sessions.begin() as session:
            n = session.execute(select(COUNTER.c.n).with_for_update()).scalar_one()
            session.execute(text("UPDATE counter SET n = :n"), {"n": n + 1})

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add_one, range(80)))
    with database.readers.begin() as session:
        assert session.execute(select(COUNTER.c.n)).scalar_one() == 80


def test_a_reader_sees_one_state_while_another_writes(database: Database) -> None:
    _with_counter(database)
    with database.readers.begin() as reader:
        assert reader.execute(select(COUNTER.c.n)).scalar_one() == 0
        with database.sessions.begin() as writer:
            writer.execute(text("UPDATE counter SET n = 7"))
        assert reader.execute(select(COUNTER.c.n)).scalar_one() == 0
    with database.readers.begin() as reader:
        assert reader.execute(select(COUNTER.c.n)).scalar_one() == 7


def test_a_reader_cannot_write_but_its_connection_can_later(database: Database) -> None:
    _with_counter(database)
    with pytest.raises(DBAPIError), database.readers.begin() as reader:
        reader.execute(text("UPDATE counter SET n = 1"))
    with database.sessions.begin() as writer:
        writer.execute(text("UPDATE counter SET n = 2"))
    with database.readers.begin() as reader:
        assert reader.execute(select(COUNTER.c.n)).scalar_one() == 2


def test_the_unit_of_work_is_all_or_nothing(database: Database) -> None:
    _with_counter(database)
    with pytest.raises(RuntimeError), database.sessions.begin() as session:
        session.execute(text("UPDATE counter SET n = 9"))
        raise RuntimeError
    with database.readers.begin() as session:
        assert session.execute(select(COUNTER.c.n)).scalar_one() == 0


def test_errors_do_not_repeat_the_data(database: Database) -> None:
    with pytest.raises(DBAPIError) as failed, database.sessions.begin() as session:
        session.execute(text("SELECT * FROM missing WHERE name = :name"), {"name": "Zhang San"})
    assert "Zhang San" not in str(failed.value)


def test_an_instant_comes_back_in_utc(database: Database) -> None:
    in_china = datetime(2026, 2, 25, 8, 30, 0, 123456, timezone(timedelta(hours=8)))
    with database.sessions.begin() as session:
        session.add(
            HolidayNotice(
                year=2026, revision=1, number="", published_on=None, document="{}", sha256="",
                recorded_at=in_china,
            )
        )  # fmt: skip
    with database.readers.begin() as session:
        stored = session.scalars(select(HolidayNotice.recorded_at)).one()
    assert stored == in_china
    assert stored.utcoffset() == timedelta(0)


def test_an_absent_instant_stays_absent(database: Database) -> None:
    with database.readers.begin() as session:
        assert session.scalar(select(literal(None, Instant))) is None


def test_an_instant_without_a_time_zone_is_refused(database: Database) -> None:
    with pytest.raises(StatementError, match="time zone"), database.readers.begin() as session:
        session.scalar(select(literal(datetime(2026, 2, 25), Instant)))  # noqa: DTZ001 - it is what is tested


def test_a_migrated_database_is_current(database: Database) -> None:
    assert schema_is_current(database.engine)


def test_an_empty_database_is_not_current(empty_database_url: str) -> None:
    database = open_database(empty_database_url)
    assert not schema_is_current(database.engine)
    database.engine.dispose()


@pytest.mark.parametrize(
    "url", ["sqlite:////nonexistent/x.db", "postgresql://u@/d?host=/nonexistent"]
)
def test_a_database_that_does_not_answer_is_unreachable(url: str) -> None:
    with pytest.raises(Unreachable):
        schema_is_current(open_database(url).engine)


def test_now_is_stored_exactly(database: Database) -> None:
    now = datetime.now(UTC)
    with database.readers.begin() as session:
        assert session.scalar(select(literal(now, Instant))) == now
