"""The plan, the what-if and the month in a real Chromium: room, reach, colours, paper."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Opens
from tests.browser.looks import PHONE, WIDE, is_sound, number_of

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("language", ["zh", "en"])
def test_pages_of_the_plan_fit_and_are_accessible(as_reader: Opens, language: str) -> None:
    page = as_reader("city-head")
    number = number_of(page, "汽车修理厂")
    for address in (
        f"/cases/{number}/plan?",
        f"/cases/{number}/plan/report/consult?",
        f"/cases/{number}/what-if?extension_days=20&test_days=15&",
        f"/cases/{number}/what-if?extension_days=x&",
        "/board/month/2026-12?",
        "/board?late=1&",
    ):
        page.goto(f"{address}lang={language}")
        is_sound(page, WIDE, PHONE, colours=language == "zh")


def test_the_plan_prints_on_a4_with_its_line_and_no_buttons(as_person: Opens) -> None:
    page = as_person("city-head")
    number = number_of(page, "汽车修理厂")
    page.goto(f"/cases/{number}/plan?lang=en")
    expect(page.locator(".track-picture")).to_be_visible()
    page.emulate_media(media="print")
    expect(page.locator(".plan-tools")).not_to_be_visible()
    expect(page.locator(".print-only")).to_be_visible()
    assert "working days too long" in page.locator(".plan-fit").inner_text()
    paper = page.pdf(format="A4", prefer_css_page_size=True)
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b", paper)) <= 2
    page.goto(f"/cases/{number}/what-if?extension_days=20&lang=en")
    expect(page.locator(".whatif-form")).not_to_be_visible()
    marks = page.get_by_text("A what-if, not saved")
    expect(marks).to_have_count(2)
    for each in marks.all():
        expect(each).to_be_visible()


def test_a_what_if_is_asked_without_scripts_and_stands_in_the_address(as_person: Opens) -> None:
    page = as_person("city-head", scripts=False)
    number = number_of(page, "汽车修理厂")
    page.goto(f"/cases/{number}/what-if?lang=en")
    page.locator("#extension_days").fill("20")
    page.get_by_role("button", name="Compare").click()
    expect(page.locator(".compare-changed")).to_have_count(1)
    assert "extension_days=20" in page.url
