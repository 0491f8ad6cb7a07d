"""The list of cases and the board of deadlines in a real Chromium: room, reach, going back."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Opens
from tests.browser.looks import WIDE, is_sound

pytestmark = pytest.mark.browser


def overflow(page: Page) -> int:
    """By how much a table in the page is wider than its room."""
    found = page.evaluate(
        """() => Math.max(
            0,
            ...[...document.querySelectorAll(".list-card")].map(e => e.scrollWidth - e.clientWidth),
        )"""
    )
    assert isinstance(found, int)
    return found


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(
    ("address", "lines"),
    [
        ("/cases", 14),
        ("/board?weight=all", 20),
        ("/cases?level=x&place=y", 0),
        ("/board?after=x", 0),
    ],
)
def test_lists_fit_and_are_accessible(
    as_reader: Opens, address: str, lines: int, language: str
) -> None:
    page = as_reader("city-head")
    page.goto(f"{address}{'&' if '?' in address else '?'}lang={language}")
    expect(page.locator(".list-row")).to_have_count(lines)
    for width in (WIDE, 390):
        is_sound(page, width, colours=(language, width) == ("zh", WIDE))
        assert overflow(page) <= 0


def test_going_back_leads_to_the_list_as_it_was(as_person: Opens) -> None:
    page = as_person("city-head")
    page.goto("/cases?lang=en")
    page.locator("#text").fill("物流")
    page.locator("#level").select_option("general")
    page.get_by_role("button", name="Query").click()
    expect(page.locator(".list-row")).to_have_count(1)
    page.locator(".number-link").first.click()
    page.wait_for_url("**/cases/5303-*")
    page.go_back()
    expect(page.locator("#text")).to_have_value("物流")
    expect(page.locator("#level")).to_have_value("general")
    expect(page.locator(".list-row")).to_have_count(1)
    page.get_by_role("link", name="Reset").click()
    expect(page.locator(".list-row")).to_have_count(14)


def test_only_where_scripts_run_there_is_a_button_to_print(as_person: Opens) -> None:
    for scripts in (True, False):
        page = as_person("city-head", scripts=scripts)
        page.goto("/board")
        assert page.locator("[data-print]").is_visible() is scripts


def test_on_paper_the_list_says_what_was_asked_for(as_person: Opens) -> None:
    page = as_person("city-head")
    page.goto("/board?lang=en&level=general")
    asked = page.locator(".list-asked")
    assert not asked.is_visible()
    page.emulate_media(media="print")
    assert asked.inner_text() == "Level: general"
    assert not page.locator(".list-filter").is_visible()
    assert not page.locator(".list-foot").is_visible()
    assert page.locator(".list-row").first.is_visible()
