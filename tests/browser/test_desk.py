"""Desk and clock page in a real Chromium: for everybody, on every screen, on paper."""

import re

import pytest
from playwright.sync_api import Page

from fireinvest.messages import LANGUAGES
from tests.browser.conftest import Opens
from tests.browser.looks import PHONE, WIDE, fits, is_sound, number_of, unfold

pytestmark = pytest.mark.browser

DESKS = ("city-officer", "city-leader", "city-reviewer", "huize-officer", "admin")
#: Clocks of demo cases, by the unit: a few days, months of days, a year, a date that was set.
CLOCKS = {
    "working days": ("示例副食批发部", "team_request/1"),
    "extended": ("示例汽车修理厂", "report/1"),
    "a year": ("示例副食批发部", "evaluation/1"),
    "set": ("示例仓储有限公司", "measure/"),
}


def go(page: Page, name: str, language: str) -> None:
    unit, clock = CLOCKS[name]
    page.goto(f"/cases/{number_of(page, unit)}?lang={language}")
    unfold(page)
    page.locator(f".clock-table a[href*='/clocks/{clock}']").first.click()
    page.wait_for_url("**/clocks/**")


@pytest.mark.parametrize("login", DESKS)
def test_every_desk_is_accessible_and_fits(as_reader: Opens, login: str) -> None:
    page = as_reader(login)
    for language, width in (("zh", WIDE), ("en", 390)):
        page.goto(f"/desk?lang={language}")
        is_sound(page, width, colours=language == "zh")
        assert fits(page, PHONE, 768)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", CLOCKS)
def test_every_clock_page_is_accessible_and_prints_on_one_sheet(
    as_reader: Opens, name: str, language: str
) -> None:
    page = as_reader("city-officer")
    go(page, name, language)
    paper = page.pdf(format="A4", prefer_css_page_size=True, print_background=True)
    assert len(re.findall(rb"/Type\s*/Page\b(?!s)", paper)) == 1
    unfold(page)
    is_sound(page, colours=language == "zh")
    assert fits(page, PHONE, 768)
