"""A server with the demo data, and people who are signed in to it: made once for all tests."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from fireinvest.clock import today_in_china, utcnow
from fireinvest.regulation.calendar import Calendar
from fireinvest.regulation.rulesets import known_law
from fireinvest.services.demo import DEMO_PASSWORD, load_demo
from fireinvest.store import open_database
from fireinvest.web.app import create_app
from tests.conftest import settings_for, watched_page
from tests.servers import serving

#: Opens a page for somebody: login, width, and whether scripts run.
Opens = Callable[..., Page]


@pytest.fixture(scope="session")
def demo_server(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: bytes) -> Iterator[str]:
    """Address of a real server with the demo data, as of today."""
    file: Path = tmp_path_factory.mktemp("demo") / "demo.db"
    file.write_bytes(migrated_sqlite)
    url = f"sqlite:///{file}"
    database = open_database(url)
    load_demo(database, known_law(), Calendar(), now=utcnow(), today=today_in_china(), allowed=True)
    database.engine.dispose()
    app = create_app(replace(settings_for(url, CONFIRM_MINUTES="600"), demo=True))
    with serving(app) as port:
        yield f"http://127.0.0.1:{port}"
    app.extensions["fireinvest"].database.engine.dispose()


@pytest.fixture(scope="session")
def signed_in_states(browser: Browser, demo_server: str) -> Callable[[str], Any]:
    """What a browser keeps once this person has signed in; each signs in once."""
    states: dict[str, Any] = {}

    def state(login: str) -> Any:
        if login not in states:
            context = browser.new_context(base_url=demo_server)
            page = context.new_page()
            page.goto("/sign-in")
            page.locator("#login").fill(login)
            page.locator("#password").fill(DEMO_PASSWORD)
            page.locator("form.stack button").click()
            page.wait_for_url("**/desk")
            states[login] = context.storage_state()
            context.close()
        return states[login]

    return state


def _watch(page: Page, faults: list[str]) -> None:
    """Note any fault of a script or of the policy."""

    def note(message: Any) -> None:
        if message.type == "error" and "Failed to load resource" not in message.text:
            faults.append(message.text)

    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", note)


@pytest.fixture
def as_person(
    browser: Browser, demo_server: str, signed_in_states: Callable[[str], Any]
) -> Iterator[Opens]:
    """Opens a page for a demo account. The test fails on any fault of a script or of the policy."""
    contexts = []
    faults: list[str] = []

    def opens(login: str, *, width: int = 1440, scripts: bool = True) -> Page:
        context = browser.new_context(
            base_url=demo_server,
            storage_state=signed_in_states(login),
            java_script_enabled=scripts,
            viewport={"width": width, "height": 900},
            timezone_id="Asia/Shanghai",
        )
        contexts.append(context)
        page = context.new_page()
        _watch(page, faults)
        return page

    yield opens
    for context in contexts:
        context.close()
    assert faults == []


@pytest.fixture(scope="session")
def _kept_pages(
    browser: Browser, demo_server: str, signed_in_states: Callable[[str], Any]
) -> Callable[[str], tuple[Page, list[str]]]:
    """One page for each demo account, and what went wrong on it."""
    kept: dict[str, tuple[Page, list[str]]] = {}

    def page_of(login: str) -> tuple[Page, list[str]]:
        if login not in kept:
            context = browser.new_context(base_url=demo_server, timezone_id="Asia/Shanghai")
            page, faults = context.new_page(), list[str]()
            _watch(page, faults)
            kept[login] = page, faults
        page, faults = kept[login]
        # What somebody chose before, as the language, is kept in a cookie.
        page.context.clear_cookies()
        page.context.add_cookies(signed_in_states(login)["cookies"])
        return page, faults

    return page_of


@pytest.fixture
def as_reader(_kept_pages: Callable[[str], tuple[Page, list[str]]]) -> Iterator[Opens]:
    """As ``as_person``, for tests that only go to pages and look at them: they share a page."""
    noted: list[list[str]] = []

    def opens(login: str, *, width: int = 1440) -> Page:
        page, faults = _kept_pages(login)
        page.set_viewport_size({"width": width, "height": 900})
        noted.append(faults)
        return page

    yield opens
    found = [fault for faults in noted for fault in faults]
    for faults in noted:
        faults.clear()
    assert found == []


@pytest.fixture(scope="session")
def public_server(
    tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: bytes
) -> Iterator[str]:
    """Address of a real server with an empty database: what everybody may see of it."""
    file: Path = tmp_path_factory.mktemp("public") / "empty.db"
    file.write_bytes(migrated_sqlite)
    app = create_app(settings_for(f"sqlite:///{file}"))
    with serving(app) as port:
        yield f"http://127.0.0.1:{port}"
    app.extensions["fireinvest"].database.engine.dispose()


@pytest.fixture
def public_page(browser: Browser, public_server: str) -> Iterator[Page]:
    """A fresh page for somebody who has no account. The test fails on any script or policy error."""
    yield from watched_page(browser, public_server)
