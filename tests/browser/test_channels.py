"""How one hears outside, the day's list and the work behind the pages, in a real Chromium."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from fireinvest.services.people import Post
from fireinvest.store import Database, open_database
from fireinvest.web.app import create_app
from fireinvest.workflow.permissions import SYSTEM_ADMINISTRATOR
from tests.browser.looks import PHONE, excess, is_sound
from tests.conftest import settings_for
from tests.servers import serving
from tests.services.test_alerting import Office
from tests.web.office import PASSWORD, person_with

pytestmark = pytest.mark.browser


@pytest.fixture
def database(sqlite_url: str) -> Iterator[Database]:
    opened = open_database(sqlite_url)
    Office(opened)
    person_with(opened, "root", Post(SYSTEM_ADMINISTRATOR))
    yield opened
    opened.engine.dispose()


@pytest.fixture
def server(sqlite_url: str, database: Database) -> Iterator[str]:
    app = create_app(
        settings_for(
            sqlite_url, MAIL_URL="smtp://127.0.0.1:1?from=a@b.cn", OUTGOING_ALLOWED="127.0.0.0/8"
        )
    )
    with serving(app) as port:
        yield f"http://127.0.0.1:{port}"
    app.extensions["fireinvest"].database.engine.dispose()


def enters(page: Page, server: str, login: str, language: str) -> None:
    page.goto(f"{server}/sign-in?lang={language}")
    page.fill("#login", login)
    page.fill("#password", PASSWORD)
    page.click("main button[type=submit]")


@pytest.mark.parametrize(("language", "widths"), [("zh", (1280, PHONE)), ("en", (PHONE,))])
def test_the_pages_are_accessible_and_fit(
    browser: Browser, server: str, widths: tuple[int, ...], language: str
) -> None:
    context = browser.new_context(
        viewport={"width": widths[0], "height": 900}, java_script_enabled=True, locale="zh-CN"
    )
    page = context.new_page()
    faults: list[str] = []
    page.on("console", lambda said: faults.append(said.text) if "Content" in said.text else None)
    enters(page, server, "carrier", language)
    page.goto(f"{server}/me/notices")
    is_sound(page, *widths, what="empty", colours=language == "zh")
    page.select_option("#kind", "webhook")
    page.fill("#url", "https://127.0.0.1:9/a/very/long/address/of/some/other/program/of/the/office")
    page.locator("form[action$='/hook'] button").click()
    expect(page.locator(".shown-once code")).to_have_count(1)
    is_sound(page, *widths, what="shown once", colours=language == "zh")
    page.locator("form[action$='/settings'] input[value=digest]").check()
    page.fill("input[name=quiet_until]", "")
    page.locator("form[action$='/settings'] button").click()
    expect(page.locator("input[name=quiet_until][aria-invalid=true]")).to_have_count(1)
    is_sound(page, *widths, what="with a problem", colours=language == "zh")
    page.fill("#address", "somebody@example.gov")
    page.locator("form[action$='/mail'] button").click()
    expect(page.locator("#address[aria-invalid=true]")).to_have_count(1)
    page.locator("form[action$='/feed'] button").click()
    expect(page.locator(".shown-once code")).to_contain_text("/feed/")
    is_sound(page, *widths, what="calendar", colours=language == "zh")
    for address in ("/inbox/today", "/inbox"):
        page.goto(f"{server}{address}")
        is_sound(page, *widths, what=address, colours=language == "zh")
    context.close()
    context = browser.new_context(viewport={"width": widths[0], "height": 900})
    page = context.new_page()
    enters(page, server, "root", language)
    page.goto(f"{server}/work")
    is_sound(page, *widths, what="/work", colours=language == "zh")
    context.close()
    assert faults == []


def test_the_list_of_the_day_prints_on_a4(browser: Browser, server: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    enters(page, server, "carrier", "zh")
    page.goto(f"{server}/inbox/today")
    page.emulate_media(media="print")
    boxes = page.locator(".tick-box")
    assert boxes.count() > 0
    assert boxes.first.is_visible()
    assert not page.locator("nav.side").is_visible()
    assert not page.locator(".top").is_visible()
    # A page of A4 between its margins is 186 mm wide: 703 of these pixels.
    page.set_viewport_size({"width": 703, "height": 1000})
    assert excess(page) <= 0
    assert page.pdf(format="A4", prefer_css_page_size=True).startswith(b"%PDF")
    context.close()
