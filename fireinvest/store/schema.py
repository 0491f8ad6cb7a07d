"""Which migration does the database stand at, and which is the newest?"""

from functools import cache
from pathlib import Path

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"


@cache
def newest_revision() -> str | None:
    """Which migration does this version of the application need? Read once: files do not change."""
    return ScriptDirectory(str(MIGRATIONS)).get_current_head()


def revision_of(connection: Connection) -> str | None:
    """Which migration does this database stand at? None before the first."""
    return MigrationContext.configure(connection).get_current_revision()
