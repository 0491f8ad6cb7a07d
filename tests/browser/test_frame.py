"""The frame of every page, in a real Chromium."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.looks import excess

pytestmark = pytest.mark.browser


def test_an_error_page_is_accessible_and_switches_language(page: Page) -> None:
    page.goto("/none?x=1")
    assert page.locator("html").get_attribute("lang") == "zh-CN"
    page.get_by_role("link", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.wait_for_url("**/none?x=1&lang=en")
    # axe looks at the page from inside; the browser lets it in past the policy.
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()


def test_the_policy_stops_what_is_not_ours(page: Page) -> None:
    page.goto("/none")
    assert page.evaluate("getComputedStyle(document.body).margin") == "0px"  # Bootstrap came


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("width", [390, 1440])
def test_the_sign_in_page_is_accessible(page: Page, language: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(f"/sign-in?lang={language}")
    page.locator("#login").fill("nobody")
    page.locator("#password").fill("wrong password")
    page.locator("form.stack button").click()
    expect(page.locator("#login-problem")).not_to_be_empty()
    expect(page.locator("#login")).to_have_value("nobody")
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
    assert excess(page) <= 0
