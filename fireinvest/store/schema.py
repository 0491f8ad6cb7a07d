"""Which migration does the database stand at, which is the newest, and how does it get there?"""

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

ROOT = Path(__file__).resolve().parents[2]
MIGRATIONS = ROOT / "migrations"

#: The table in which Alembic notes where the database stands.
VERSIONS = "alembic_version"

# Longer than any change takes; a server that was left running shall not block for ever.
_WAIT_FOR_LOCK = "SET LOCAL lock_timeout = '30s'"


class Unknown(Exception):
    """The database, or a backup, stands at a migration that this program doesn't know."""

    def __init__(self, revision: str) -> None:
        """Keep the migration."""
        super().__init__(revision)
        self.revision = revision


class MigrationFailed(Exception):
    """A migration failed.

    ``why``: in the words of whatever failed. ``is_as_before``: is the database what it was before?
    """

    def __init__(self, why: str, *, is_as_before: bool) -> None:
        """Keep why it failed, and what is left."""
        super().__init__(why)
        self.why = why
        self.is_as_before = is_as_before


@cache
def newest_revision(migrations: Path = MIGRATIONS) -> str | None:
    """Which migration does this version of the application need? Read once: files do not change."""
    return ScriptDirectory(str(migrations)).get_current_head()


def revision_of(connection: Connection) -> str | None:
    """Which migration does this database stand at? None before the first."""
    return MigrationContext.configure(connection).get_current_revision()


def need_known(revision: str, migrations: Path = MIGRATIONS) -> None:
    """Refuse a migration that this program doesn't know.

    Raises:
        Unknown: when it is of a newer program, or of none.

    """
    known = ScriptDirectory(str(migrations)).walk_revisions()
    if revision not in {each.revision for each in known}:
        raise Unknown(revision)


def bring_to(connection: Connection, revision: str, migrations: Path = MIGRATIONS) -> None:
    """Bring the database up to a migration, within the transaction that is open."""
    config = Config(toml_file=ROOT / "pyproject.toml")
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def bring_up(engine: Engine, migrations: Path = MIGRATIONS) -> None:
    """Bring the database up to the newest migration, all of the way or not at all.

    Raises:
        MigrationFailed: when one of them fails, for whatever reason.

    """
    with engine.connect() as connection:
        before = _shape(connection)
    try:
        with engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text(_WAIT_FOR_LOCK))
            bring_to(connection, "head", migrations)
    except Exception as error:
        # The first line names the fault; PostgreSQL's next ones would show people's data.
        said = str(error.orig if isinstance(error, DBAPIError) else error).strip()
        why = f"{type(error).__name__}: {said.partition(chr(10))[0]}"
        # One that gave up the transaction may have left something behind.
        raise MigrationFailed(why, is_as_before=_is_still(engine, before)) from error


_Shape = tuple[str | None, list[tuple[str, str, str]]]


def _is_still(engine: Engine, before: _Shape) -> bool:
    try:
        with engine.connect() as connection:
            return _shape(connection) == before
    except SQLAlchemyError:
        return False


def _shape(connection: Connection) -> _Shape:
    """Where the database stands, and all of its columns."""
    seen = inspect(connection)
    return revision_of(connection), sorted(
        (name, str(each["name"]), str(each["type"]))
        for name in seen.get_table_names()
        for each in seen.get_columns(name)
    )
