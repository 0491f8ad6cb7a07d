"""The administrator's pages and everybody's own, in a real Chromium: can all of them reach it?"""

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Page, expect

from fireinvest.services.people import Post
from fireinvest.workflow.permissions import SYSTEM_ADMINISTRATOR
from tests.browser.looks import excess
from tests.services.office import FUYUAN
from tests.web.office import PASSWORD, database_of, person_with

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("width", [390, 1440])
def test_the_pages_are_accessible_and_fit(
    quick_app: Flask, page: Page, language: str, width: int
) -> None:
    database = database_of(quick_app)
    person_with(database, "root", Post(SYSTEM_ADMINISTRATOR))
    sun = person_with(database, "sun", Post("archivist", division=FUYUAN, tier="county"))
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"/sign-in?lang={language}")
    page.fill("#login", "root")
    page.fill("#password", PASSWORD)
    page.click("main button[type=submit]")
    for address in (
        "/people",
        f"/people/{sun}",
        f"/people/{sun}/posts/new",
        f"/people/{sun}/deputies/new",
        "/people/agencies",
        "/people/agencies/new",
        "/people/new",
        "/me",
    ):
        page.goto(address)
        assert excess(page) <= 0, address
        results = Axe().run(page)
        assert results.violations_count == 0, results.generate_report()
    # With problems beside the fields as well.
    page.goto(f"/people/{sun}/posts/new")
    page.click("main button[type=submit]")
    expect(page.locator("#reason[aria-invalid=true]")).to_have_count(1)
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
