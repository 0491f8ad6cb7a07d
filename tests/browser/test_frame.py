"""The frame of every page, in a real Chromium."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looks import WIDE, is_sound

pytestmark = pytest.mark.browser


def test_an_error_page_is_accessible_and_switches_language(public_page: Page) -> None:
    page = public_page
    page.goto("/none?x=1")
    assert page.locator("html").get_attribute("lang") == "zh-CN"
    page.get_by_role("link", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.wait_for_url("**/none?x=1&lang=en")
    is_sound(page)


def test_the_policy_stops_what_is_not_ours(public_page: Page) -> None:
    page = public_page
    page.goto("/none")
    assert page.evaluate("getComputedStyle(document.body).margin") == "0px"  # Bootstrap came


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_sign_in_page_is_accessible(public_page: Page, language: str) -> None:
    page = public_page
    page.goto(f"/sign-in?lang={language}")
    page.locator("#login").fill("nobody")
    page.locator("#password").fill("wrong password")
    page.locator("form.stack button").click()
    expect(page.locator("#login-problem")).not_to_be_empty()
    expect(page.locator("#login")).to_have_value("nobody")
    is_sound(page, 390, WIDE)
