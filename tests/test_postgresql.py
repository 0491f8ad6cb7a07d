"""The databases that tests are lent: whatever one test did, the next finds nothing of it."""

import pytest
from sqlalchemy import text

from fireinvest.store import open_database
from tests.postgresql import Databases
from tests.services.office import opened


def left(address: str) -> dict[str, int]:
    """How many rows each table has, and how far each sequence has come."""
    database = open_database(address)
    tables = "SELECT relname FROM pg_stat_user_tables WHERE relname <> 'alembic_version'"
    with database.readers.begin() as session:
        found = {
            name: int(session.execute(text(f"SELECT count(*) FROM {name}")).scalar_one())
            for name in session.scalars(text(tables)).all()
        }
        numbers = session.execute(text("SELECT sequencename, last_value FROM pg_sequences"))
        found |= {name: last or 0 for name, last in numbers}
    database.engine.dispose()
    return found


def test_what_was_written_is_gone_for_the_next(postgresql_databases: Databases) -> None:
    with postgresql_databases.lent() as address:
        database = open_database(address)
        numbers = {opened(database).number}
        # Somebody was cut off in the middle of a change.
        waiting = database.sessions()
        waiting.execute(text("UPDATE cases SET unit_name = '某'"))
        assert left(address)["cases"] == 1
    waiting.invalidate()
    database.engine.dispose()
    with postgresql_databases.lent() as again:
        assert again == address
        assert set(left(again).values()) == {0}
        database = open_database(again)
        numbers.add(opened(database).number)
        database.engine.dispose()
    assert len(numbers) == 1


@pytest.mark.parametrize(
    "change",
    [
        "CREATE TABLE other (id int)",
        "ALTER TABLE cases DROP COLUMN unit_name",
        "ALTER TABLE journal DISABLE TRIGGER ALL",
        "ALTER TABLE cases RENAME TO others",
        "CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE INDEX other ON cases (unit_name)",
        "GRANT SELECT ON cases TO PUBLIC",
        "UPDATE alembic_version SET version_num = '0'",
        "DROP TABLE alembic_version",
    ],
)
def test_a_database_of_another_shape_is_lent_to_nobody(
    postgresql_databases: Databases, change: str
) -> None:
    with postgresql_databases.lent() as address:
        database = open_database(address)
        with database.engine.begin() as connection:
            connection.execute(text(change))
        database.engine.dispose()
    with postgresql_databases.lent() as other:
        assert other != address
