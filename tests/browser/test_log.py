"""The log's pages in a real Chromium: can all of them reach it, and is a print told?"""

import pytest
from flask import Flask
from playwright.sync_api import Page

from fireinvest.services.log import Act, LogFilters, search_log
from fireinvest.services.people import Post
from tests.browser.looks import PHONE, WIDE, fits, is_sound
from tests.browser.people import let_in
from tests.services.office import FUYUAN, facts, opened
from tests.web.office import database_of, person_with

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_logs_are_accessible_and_fit_and_prints_are_told(
    quick_app: Flask, live_server: str, page: Page, language: str
) -> None:
    database = database_of(quick_app)
    person_with(database, "audit", Post("audit_administrator"))
    person_with(database, "head", Post("agency_head", division=FUYUAN, tier="county"))
    number = opened(database, known=facts(FUYUAN, deaths=1)).number
    for login, addresses in (
        ("head", (f"/cases/{number}/log", f"/cases/{number}/log?kind=views&size=50")),
        ("audit", ("/log", "/log?kind=accounts", "/log?since=x&kind=y&other=1")),
    ):
        let_in(page, quick_app, live_server, login, language)
        for address in addresses:
            page.goto(address)
            assert page.locator("form[role=search]").count() == 1, address
            assert fits(page, PHONE, WIDE), address
            is_sound(page)
        page.goto(addresses[0])
        page.emulate_media(media="print")
        page.pdf()  # Prints, as a person does.
        told = "log.show" if login == "audit" else "log.of_case"
        printed: list[tuple[str | None, str | None]] = []
        for _ in range(50):
            found = search_log(database, LogFilters(kinds=(Act.PRINT,)), None, 10).lines
            printed = [(each.person, each.item) for each in found]
            if (login, told) in printed:
                break
            page.wait_for_timeout(100)
        assert (login, told) in printed
        page.emulate_media(media="screen")
