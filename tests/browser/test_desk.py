"""Desk and clock page in a real Chromium: for everybody, on every screen, on paper."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from fireinvest.messages import LANGUAGES
from tests.browser.conftest import Opens
from tests.browser.looks import fits, number_of

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
    for details in page.locator("details").all():
        details.evaluate("each => { each.open = true }")
    page.locator(f".clock-table a[href*='/clocks/{clock}']").first.click()
    page.wait_for_url("**/clocks/**")


@pytest.mark.parametrize("login", DESKS)
def test_every_desk_is_accessible_and_fits(as_person: Opens, login: str) -> None:
    page = as_person(login)
    for language, width in (("zh", 1440), ("en", 390)):
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(f"/desk?lang={language}")
        results = Axe().run(page)
        assert results.violations_count == 0, results.generate_report()
        assert fits(page, 360, 768)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", CLOCKS)
def test_every_clock_page_is_accessible_and_prints_on_one_sheet(
    as_person: Opens, name: str, language: str
) -> None:
    page = as_person("city-officer")
    go(page, name, language)
    paper = page.pdf(format="A4", prefer_css_page_size=True, print_background=True)
    assert len(re.findall(rb"/Type\s*/Page\b(?!s)", paper)) == 1
    for details in page.locator("details").all():
        details.evaluate("each => { each.open = true }")
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
    assert fits(page, 360, 768)
