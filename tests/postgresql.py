"""A throwaway PostgreSQL from Debian's binaries, and fresh databases on it for the tests."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, create_engine, make_url, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

SECONDS_TO_START = 60
SECONDS_TO_STOP = 30

# Nothing here outlives the tests, so nothing has to survive a power cut.
OPTIONS = (
    "listen_addresses=",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "max_connections=200",
    # Nor is anything copied elsewhere, or old enough to be tidied up.
    "wal_level=minimal",
    "max_wal_senders=0",
    "autovacuum=off",
    "timezone=UTC",
)


@contextmanager
def running_server() -> Iterator[str]:
    """Runs a server until the block ends; gives the address of its `postgres` database."""
    binaries = _binaries()
    # Not pytest's folder: a socket's path may have no more than 107 characters.
    folder = Path(tempfile.mkdtemp(prefix="fi-pg-", dir="/tmp"))
    user = "postgres" if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root.
    try:
        if user:
            account = pwd.getpwnam(user)
            os.chown(folder, account.pw_uid, account.pw_gid)
        data = folder / "data"
        subprocess.run(
            [binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8",
             "--locale=C.UTF-8", "--no-sync"],
            check=True, user=user, cwd=folder, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        options = [part for option in OPTIONS for part in ("-c", option)]
        log = folder / "log"
        with log.open("wb") as output:
            server = subprocess.Popen(
                [binaries / "postgres", "-D", data, "-k", folder, *options],
                user=user,
                cwd=folder,
                stdout=output,
                stderr=output,
            )
        try:
            _wait_until_ready(binaries, folder, server, log)
            yield f"postgresql+psycopg://postgres@/postgres?host={quote(str(folder))}"
        finally:
            server.send_signal(
                signal.SIGINT
            )  # It asks for a fast end, without waiting for clients.
            try:
                server.wait(SECONDS_TO_STOP)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


# All that a migration can make, by the transaction that wrote it last: whatever touches a table,
# trigger, function, constraint, privilege or setting changes a line. Emptying a table doesn't.
_SHAPE = """
    SELECT 'column', attrelid::text, attnum::text, xmin::text FROM pg_attribute
        WHERE attrelid >= 16384
    UNION ALL SELECT 'default', oid::text, '', xmin::text FROM pg_attrdef
    UNION ALL SELECT 'trigger', oid::text, '', xmin::text FROM pg_trigger
    UNION ALL SELECT 'constraint', oid::text, '', xmin::text FROM pg_constraint WHERE oid >= 16384
    UNION ALL SELECT 'function', oid::text, '', xmin::text FROM pg_proc WHERE oid >= 16384
    UNION ALL SELECT 'schema', oid::text, '', xmin::text FROM pg_namespace
    UNION ALL SELECT 'relation', oid::text, relname::text, relkind::text || coalesce(relacl::text, '') ||
        coalesce(reloptions::text, '') || relrowsecurity::text FROM pg_class WHERE oid >= 16384
    UNION ALL SELECT 'setting', setrole::text, '', setconfig::text FROM pg_db_role_setting
        WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
    UNION ALL SELECT 'revision', version_num, '', '' FROM alembic_version
    ORDER BY 1, 2, 3, 4
"""
_LEFT = """
    SELECT coalesce(bool_and(pg_terminate_backend(pid, 5000)), true) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
        AND backend_type = 'client backend'
"""
# Rows go one by one: to empty a table at once makes new files for it and each of its indexes, which
# takes as long as a new database does.
_FILLED = """
    SELECT oid FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
        AND relname <> 'alembic_version' AND pg_relation_size(oid) > 0
"""
_EMPTY = f"""
    DO $$ DECLARE filled regclass; BEGIN
        FOR filled IN {_FILLED} LOOP EXECUTE format('DELETE FROM %s', filled); END LOOP;
    END $$
"""
# What was written and undone has taken its numbers as well.
_NUMBERS = """
    SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false)
    FROM pg_sequences WHERE last_value IS NOT NULL
"""


class Databases:
    """Fresh databases on a server: made after a template, or given back by a test and emptied."""

    def __init__(self, server: str, prefix: str, migrate: Callable[[str], None]) -> None:
        """Make the template, and let ``migrate`` bring the database at its address up to date."""
        self._server = server
        self._prefix = prefix
        self._admin = create_engine(server, isolation_level="AUTOCOMMIT", poolclass=NullPool)
        self._numbers = count(1)
        self._made: list[str] = []
        self._free: list[str] = []
        self._template = self._create("template")
        migrate(self.address(self._template))
        with self._at(self._template) as connection:
            self._shape = connection.execute(text(_SHAPE)).all()
            # Rows that a migration writes would be missing from a database that was emptied.
            self._lends_again = connection.execute(text(_FILLED)).first() is None

    def make(self, *, migrated: bool = True) -> str:
        """A database of its own for whoever asks, "migrated" or empty; its address."""
        name = f"{next(self._numbers)}"
        return self.address(self._create(name, self._template if migrated else None))

    @contextmanager
    def copy_of(self, address: str) -> Iterator[str]:
        """A copy of one of these databases, to which nobody is connected; its address."""
        copy = self._create(f"{next(self._numbers)}", make_url(address).database)
        yield self.address(copy)
        self._run(f"DROP DATABASE {copy} WITH (FORCE)")
        self._made.remove(copy)

    @contextmanager
    def lent(self) -> Iterator[str]:
        """A migrated database without a row, as long as the block runs; its address."""
        address = self._free.pop() if self._free else self.make()
        yield address
        if self._lends_again and self._is_fresh_again(address):
            self._free.append(address)

    def close(self, *, drop: bool) -> None:
        """Forget the databases, or drop them where the server goes on."""
        for name in self._made if drop else ():
            self._run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        self._admin.dispose()

    def address(self, name: str) -> str:
        """The address of one of the databases."""
        return make_url(self._server).set(database=name).render_as_string(hide_password=False)

    def _create(self, name: str, template: str | None = None) -> str:
        name = f"{self._prefix}_{name}"
        self._run(f"CREATE DATABASE {name}" + (f" TEMPLATE {template}" if template else ""))
        self._made.append(name)
        return name

    def _run(self, statement: str) -> None:
        with self._admin.connect() as connection:
            connection.execute(text(statement))

    @contextmanager
    def _at(self, name: str) -> Iterator[Connection]:
        engine = create_engine(self.address(name), isolation_level="AUTOCOMMIT", poolclass=NullPool)
        with engine.connect() as connection:
            yield connection
        engine.dispose()

    def _is_fresh_again(self, address: str) -> bool:
        """Empty it. Another test gets it only if it is as after the migrations."""
        try:
            with self._at(str(make_url(address).database)) as connection:
                if not connection.execute(text(_LEFT)).scalar():
                    return False
                # Some tables refuse to be emptied, by a trigger; it doesn't fire for a replica.
                connection.execute(text("SET session_replication_role = replica"))
                connection.execute(text(_EMPTY))
                connection.execute(text(_NUMBERS))
                return connection.execute(text(_SHAPE)).all() == self._shape
        except SQLAlchemyError:
            return False


def _binaries() -> Path:
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"),
        key=lambda path: int(path.parent.parent.name),
    )
    if not found:
        raise RuntimeError(
            "PostgreSQL is missing. Type: make system. Or set TEST_DATABASE_URL to a server "
            "whose user may make databases."
        )
    return found[-1].parent


def _wait_until_ready(
    binaries: Path, folder: Path, server: "subprocess.Popen[bytes]", log: Path
) -> None:
    until = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < until and server.poll() is None:
        asked = subprocess.run(
            [binaries / "pg_isready", "-q", "-h", folder, "-U", "postgres"], check=False
        )
        if asked.returncode == 0:
            return
        time.sleep(0.1)
    raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text(errors='replace')}")
