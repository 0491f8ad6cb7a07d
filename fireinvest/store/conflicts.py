"""The unit of work for changes that others may make at the same time."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from fireinvest.store.db import Database

# PostgreSQL's codes for what only meets people who change the same thing at once.
_AT_ONCE = ("40001", "40P01")
_UNIQUE_POSTGRESQL = "23505"


class Conflict(Exception):
    """Somebody else changed or added the same thing at the same time; nothing was changed."""


@contextmanager
def changing(database: Database) -> Iterator[Session]:
    """Give a session whose changes commit together at the end of the block, or not at all.

    Raises:
        Conflict: when a row with the same key exists, or another change came between.

    """
    try:
        with database.sessions.begin() as session:
            yield session
    except IntegrityError as error:
        if _is_taken(error):
            raise Conflict from error
        raise
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) in _AT_ONCE:
            raise Conflict from error
        raise


def _is_taken(error: IntegrityError) -> bool:
    if getattr(error.orig, "sqlstate", None) == _UNIQUE_POSTGRESQL:
        return True
    return str(error.orig).startswith("UNIQUE constraint failed")
