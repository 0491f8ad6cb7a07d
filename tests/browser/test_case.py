"""The pages of a case in a real Chromium: for everybody, on every screen, on paper, by keyboard."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Opens
from tests.browser.looks import PHONE, WIDE, fits, is_sound, number_of, unfold

pytestmark = pytest.mark.browser

#: Pages of the city's cases by the unit whose case it is; {n} becomes the case's number.
PAGES = {
    "execution": ("示例仓储有限公司", "/cases/{n}"),
    "assist": ("示例歌舞娱乐城", "/cases/{n}"),
    "out of scope": ("示例物流分拣中心", "/cases/{n}"),
    "steps": ("示例仓储有限公司", "/cases/{n}/steps"),
    "team with a recusal": ("示例颐养院", "/cases/{n}/team"),
    "history": ("示例颐养院", "/cases/{n}/history"),
    "an entry": ("示例颐养院", "/cases/{n}/entries/1"),
    "form with a list": ("示例颐养院", "/cases/{n}/steps/line_finding"),
    "form of figures": ("示例颐养院", "/cases/{n}/steps/update_figures"),
    "form with people": ("示例颐养院", "/cases/{n}/steps/engage_expert"),
    "form refused": ("示例颐养院", "/cases/{n}/steps/reply"),
    "correct": ("示例颐养院", "/cases/{n}/entries/2/correct"),
    "correct the facts": ("示例颐养院", "/cases/{n}/entries/1/correct"),
    "void": ("示例颐养院", "/cases/{n}/entries/2/void"),
    "hand over": ("示例颐养院", "/cases/{n}/actions/raise"),
}


#: Pages of which the English is looked at by axe as well; their parts are those of all others.
IN_ENGLISH = ("execution", "steps", "history", "form with a list")


def go(page: Page, name: str, language: str = "zh") -> str:
    """Open one of the pages; return its address."""
    unit, address = PAGES[name]
    page.goto(f"{address.format(n=number_of(page, unit))}?lang={language}")
    unfold(page)
    return page.url


@pytest.mark.parametrize("name", PAGES)
def test_every_page_is_accessible_and_fits(as_reader: Opens, name: str) -> None:
    page = as_reader("city-officer")
    go(page, name)
    is_sound(page)
    assert fits(page, 768, PHONE)
    go(page, name, "en")
    assert fits(page, PHONE, 768, WIDE)
    if name in IN_ENGLISH:
        is_sound(page, WIDE, 390, colours=False)


def test_a_step_by_keyboard_and_without_scripts(as_person: Opens) -> None:
    page = as_person("city-officer", scripts=False)
    go(page, "form of figures", "en")
    page.locator("#deaths").focus()
    page.keyboard.type("many")
    page.keyboard.press("Enter")
    expect(page.locator("#deaths-problem")).to_contain_text("A whole number")
    expect(page.locator("#deaths")).to_have_value("many")
    expect(page.locator("#deaths")).to_have_attribute("aria-invalid", "true")


def test_a_draft_is_kept_while_typing_and_survives_the_browser(as_person: Opens) -> None:
    page = as_person("city-officer")
    address = go(page, "form of figures", "en")
    page.locator("#source").fill("医院第三次通报")
    expect(page.locator("[data-draft-state]")).not_to_be_empty(timeout=15_000)
    page.wait_for_timeout(300)
    page.goto("/desk")
    page.goto(address)
    expect(page.locator("#source")).to_have_value("医院第三次通报")
    page.get_by_role(
        "button", name=re.compile("Throw|Discard|draft away", re.IGNORECASE)
    ).first.click()
    expect(page.locator("#source")).to_have_value("")


def test_the_history_of_a_case_prints(as_reader: Opens) -> None:
    page = as_reader("city-officer")
    go(page, "history")
    paper = page.pdf(format="A4", print_background=True)
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b(?!s)", paper)) <= 12
    go(page, "execution")
    paper = page.pdf(format="A4", print_background=True)
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b(?!s)", paper)) <= 3
