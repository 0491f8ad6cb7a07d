"""What tests share: databases of both kinds, the application, and a real browser."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from shutil import rmtree, which
from tempfile import gettempdir

import pytest
from alembic import command
from alembic.config import Config
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import is_hypothesis_test
from hypothesis import settings as hypothesis_settings
from playwright.sync_api import Browser, Page, sync_playwright

from config import ROOT, Settings
from fireinvest.services import passwords
from fireinvest.store import Database, db, open_database
from fireinvest.web.app import create_app
from tests.once import compiled_once
from tests.postgresql import Databases, running_server
from tests.prepared import OnPostgreSQL, OnSQLite, Prepares
from tests.servers import serving

# A busy machine is slow, not wrong: no deadline for one example.
hypothesis_settings.register_profile("default", deadline=None, max_examples=40)
hypothesis_settings.register_profile("long", deadline=None, max_examples=1000)
PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "default")
hypothesis_settings.load_profile(PROFILE)

KINDS = ("sqlite", "postgresql")

#: Files that tests upload; what they hold names them, so that tests don't meet.
BLOBS = Path(gettempdir()) / f"fireinvest-test-files-{os.getpid()}"

# Chromium without windows and menus of its own, where there is one: the same pages, drawn and run
# by the same code, for a third of the work.
CHROMIUM = which("chromium-headless-shell") or "/usr/bin/chromium"
# What it needs to start as root, without a screen, and to ask nobody outside.
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

MakeDatabase = Callable[..., str]


#: Tests that take the longest. They begin first: one that begins last keeps all others waiting.
LONGEST = ("test_story_rooms.py", "test_story_phone.py", "test_matrix.py", "test_restricted.py")


@pytest.hookimpl(tryfirst=True)  # Before pytest chooses by marks.
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What chance runs is not measured: nothing may count as covered by a lucky draw.

    Where it draws many times, it is one of the long tests.
    """
    for item in items:
        if is_hypothesis_test(getattr(item, "obj", None)):
            item.add_marker("no_cover")
            if PROFILE == "long":
                item.add_marker("long")
    items.sort(key=lambda item: item.path.name not in LONGEST)


def migrate(url: str, revision: str = "head") -> None:
    """Bring the database at this address up (or, to "base", down) to a migration."""
    config = Config(toml_file=ROOT / "pyproject.toml")
    config.attributes["url"] = url
    if revision == "base" or revision.startswith("-"):
        command.downgrade(config, revision)
    else:
        command.upgrade(config, revision)


@pytest.fixture(scope="session", autouse=True)
def _quick_passwords() -> Iterator[None]:
    """Hashing is slow on purpose, and tests make hundreds of people."""
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", lambda: quick)
        passwords._nobodys_hash.cache_clear()
        yield
    passwords._nobodys_hash.cache_clear()


@pytest.fixture(scope="session", autouse=True)
def _compiled_once() -> Iterator[None]:
    with compiled_once():
        yield


@pytest.fixture(scope="session")
def _careful_sqlite() -> Callable[..., None]:
    return db._prepare_sqlite


@pytest.fixture(scope="session", autouse=True)
def _quick_sqlite(_careful_sqlite: Callable[..., None]) -> Iterator[None]:
    """Nothing here outlives the tests, so no commit has to wait for the disk."""

    def prepare(connection: sqlite3.Connection, entry: object) -> None:
        _careful_sqlite(connection, entry)
        connection.execute("PRAGMA synchronous = OFF")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(db, "_prepare_sqlite", prepare)
        yield


@pytest.fixture
def as_served(monkeypatch: pytest.MonkeyPatch, _careful_sqlite: Callable[..., None]) -> None:
    """SQLite is as careful in this test as in an installation."""
    monkeypatch.setattr(db, "_prepare_sqlite", _careful_sqlite)


@pytest.fixture(scope="session", autouse=True)
def _no_files_left() -> Iterator[None]:
    yield
    rmtree(BLOBS, ignore_errors=True)


@pytest.fixture(scope="session")
def postgresql_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a PostgreSQL that may make databases: a throwaway one, or TEST_DATABASE_URL."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield given.replace("postgresql://", "postgresql+psycopg://", 1)
        return
    with running_server() as url:
        yield url


@pytest.fixture(scope="session")
def postgresql_databases(postgresql_server: str) -> Iterator[Databases]:
    """Fresh PostgreSQL databases; one that a test leaves as it was made serves the next one too."""
    databases = Databases(postgresql_server, f"fireinvest_test_{os.getpid()}", migrate)
    yield databases
    # A throwaway server goes with all that it holds.
    databases.close(drop="TEST_DATABASE_URL" in os.environ)


@pytest.fixture(scope="session")
def make_postgresql(postgresql_databases: Databases) -> MakeDatabase:
    """Makes a fresh PostgreSQL database: `make()` migrated, `make(migrated=False)` empty."""
    return postgresql_databases.make


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The file of a migrated, empty SQLite database."""
    file = tmp_path_factory.mktemp("template") / "template.db"
    migrate(f"sqlite:///{file}")
    return file.read_bytes()


@pytest.fixture
def sqlite_url(tmp_path: Path, migrated_sqlite: bytes) -> str:
    """Address of a fresh, migrated SQLite database."""
    file = tmp_path / "fireinvest.db"
    file.write_bytes(migrated_sqlite)
    return f"sqlite:///{file}"


@pytest.fixture(params=KINDS)
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Address of a fresh, migrated database; the test runs once on each kind."""
    if request.param == "sqlite":
        yield str(request.getfixturevalue("sqlite_url"))
        return
    databases: Databases = request.getfixturevalue("postgresql_databases")
    with databases.lent() as address:
        yield address


@pytest.fixture(scope="session")
def _on_sqlite(migrated_sqlite: bytes, tmp_path_factory: pytest.TempPathFactory) -> OnSQLite:
    return OnSQLite(migrated_sqlite, tmp_path_factory.mktemp("prepared"))


@pytest.fixture(scope="session")
def _on_postgresql(postgresql_databases: Databases) -> OnPostgreSQL:
    return OnPostgreSQL(postgresql_databases)


@pytest.fixture(params=KINDS)
def prepares(request: pytest.FixtureRequest) -> Iterator[Prepares]:
    """Makes a database as a function fills it, who does so once; the test runs on each kind."""
    with ExitStack() as until:
        yield Prepares(request.getfixturevalue(f"_on_{request.param}"), until)


@pytest.fixture(params=KINDS)
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Address of a fresh database without any table; the test runs once on each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    return str(request.getfixturevalue("make_postgresql")(migrated=False))


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A fresh, migrated database, opened."""
    opened = open_database(database_url)
    yield opened
    opened.engine.dispose()


@pytest.fixture
def quick_database(sqlite_url: str) -> Iterator[Database]:
    """A fresh, migrated SQLite database, for tests in which the kind of database plays no part."""
    opened = open_database(sqlite_url)
    yield opened
    opened.engine.dispose()


def settings_for(database_url: str, **given: str) -> Settings:
    """Settings of an application under test, with this database; others by their variable."""
    return Settings.from_environment(
        {
            "DATABASE_URL": database_url,
            "SECRET_KEY": "only for tests",
            "BLOB_URL": f"file://{BLOBS}",
            "LOG_HEADS": f"file://{BLOBS}/log-heads.jsonl",
            "MAX_UPLOAD_LENGTH": str(4 * 1024**2),
            **given,
        },
        instance=BLOBS,
    )


def _open_app(url: str) -> Iterator[Flask]:
    app = create_app(settings_for(url))
    app.testing = True
    yield app
    opened = app.extensions["fireinvest"].database
    opened.engine.dispose()


@pytest.fixture
def app(database_url: str) -> Iterator[Flask]:
    """The application; the test runs once on each kind of database."""
    yield from _open_app(database_url)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client of the application; the test runs once on each kind of database."""
    return app.test_client()


@pytest.fixture
def quick_app(sqlite_url: str) -> Iterator[Flask]:
    """The application on SQLite alone, for tests in which the database plays no part."""
    yield from _open_app(sqlite_url)


@pytest.fixture
def quick_client(quick_app: Flask) -> FlaskClient:
    """A client of the application on SQLite alone."""
    return quick_app.test_client()


@pytest.fixture
def live_server(quick_app: Flask) -> Iterator[str]:
    """Address (without a final slash) of a real server with the application."""
    with serving(quick_app) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A real Chromium, without a screen; pages and contexts of it are separate people."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
        yield opened
        opened.close()


def watched_page(browser: Browser, address: str) -> Iterator[Page]:
    """A fresh page of a server, which ends with a failure on any script or policy error."""
    context = browser.new_context(base_url=address, locale="zh-CN", timezone_id="Asia/Shanghai")
    opened = context.new_page()
    faults: list[str] = []
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on(
        "console",
        lambda message: (
            faults.append(message.text)
            if "Content Security Policy" in message.text
            or "Content-Security-Policy" in message.text
            else None
        ),
    )
    yield opened
    context.close()
    assert faults == []


@pytest.fixture
def page(browser: Browser, live_server: str) -> Iterator[Page]:
    """A fresh browser page (`page.goto("/")`). The test fails on any script or policy error."""
    yield from watched_page(browser, live_server)
