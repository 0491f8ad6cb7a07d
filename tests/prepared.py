"""Databases that many tests begin with alike: filled once in a process, and copied for each test."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeVar, cast

from fireinvest.store import Database, open_database
from tests.postgresql import Databases

T = TypeVar("T")


@contextmanager
def _opened(address: str) -> Iterator[Database]:
    database = open_database(address)
    yield database
    database.engine.dispose()


class OnSQLite:
    """SQLite databases after a template, as they were filled."""

    def __init__(self, template: bytes, folder: Path) -> None:
        """Keep what is filled in this folder."""
        self._template, self._folder = template, folder
        self._filled: dict[Callable[[Database], Any], tuple[bytes, Any]] = {}

    @contextmanager
    def copy_of(self, fill: Callable[[Database], T]) -> Iterator[tuple[Database, T]]:
        """A database that ``fill`` has filled, and what it returned, which nobody may change."""
        file = self._folder / "fireinvest.db"
        if fill not in self._filled:
            file.write_bytes(self._template)
            with _opened(f"sqlite:///{file}") as database:
                found = fill(database)
            self._filled[fill] = file.read_bytes(), found
        content, found = self._filled[fill]
        file.write_bytes(content)
        with _opened(f"sqlite:///{file}") as database:
            yield database, cast(T, found)


class OnPostgreSQL:
    """PostgreSQL databases, as they were filled."""

    def __init__(self, databases: Databases) -> None:
        """Make them on this server."""
        self._databases = databases
        self._filled: dict[Callable[[Database], Any], tuple[str, Any]] = {}

    @contextmanager
    def copy_of(self, fill: Callable[[Database], T]) -> Iterator[tuple[Database, T]]:
        """A database that ``fill`` has filled, and what it returned, which nobody may change."""
        if fill not in self._filled:
            address = self._databases.make()
            with _opened(address) as database:
                self._filled[fill] = address, fill(database)
        address, found = self._filled[fill]
        with self._databases.copy_of(address) as copy, _opened(copy) as database:
            yield database, cast(T, found)


class Prepares:
    """Gives a test its copies, which end with it."""

    def __init__(self, source: OnSQLite | OnPostgreSQL, until: ExitStack) -> None:
        """Copy from here, until then."""
        self._source, self._until = source, until

    def __call__(self, fill: Callable[[Database], T]) -> tuple[Database, T]:
        """A database that ``fill`` has filled, and what it returned, which nobody may change."""
        return self._until.enter_context(self._source.copy_of(fill))
