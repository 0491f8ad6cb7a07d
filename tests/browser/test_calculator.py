"""The calculator, the rules and the calendar in a real Chromium."""

import re
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from fireinvest.messages import LANGUAGES
from tests.browser.looks import PHONE, WIDE, fits, is_sound, late, unfold

pytestmark = pytest.mark.browser

FIVE = {
    "occurred_on": "2025-05-12",
    "division": "530325",
    "deaths": "5",
    "serious_injuries": "2",
    "direct_economic_loss_yuan": "1554540.00",
    "as_of": "2025-05-13",
}
LONG = {
    "occurred_on": "2025-07-18",
    "division": "530381",
    "deaths": "3",
    "serious_injuries": "4",
    "direct_economic_loss_yuan": "12000000",
    "category": "work_safety",
    "as_of": "2025-11-20",
    "since-0-step": "request_team",
    "since-0-on": "2025-07-21",
    "since-1-step": "establish_team",
    "since-1-on": "2025-07-22",
    "since-2-step": "submit_report",
    "since-2-on": "2025-09-08",
    "since-3-step": "receive_report",
    "since-3-on": "2025-09-09",
    "since-4-step": "reply",
    "since-4-on": "2025-09-25",
    "since-5-step": "reply_received",
    "since-5-on": "2025-09-26",
    "since-6-step": "publish",
    "since-6-on": "2025-10-09",
}
NEXT_YEAR = {
    "occurred_on": "2026-11-20",
    "division": "530300-jkq",
    "deaths": "1",
    "as_of": "2026-11-23",
}

PAGES = {
    "welcome": "/calculator?",
    "five deaths": f"/calculator?{urlencode(FIVE)}",
    "many clocks": f"/calculator?{urlencode(LONG)}",
    "next year": f"/calculator?{urlencode(NEXT_YEAR)}",
    "bad input": "/calculator?deaths=x&occurred_on=2025-02-30&unheard=1&social_impact=perhaps",
    "rules": "/rules?on=2025-05-12",
    "rules of the nation": "/rules?on=2015-05-12",
    "calendar": "/calendar/2025?",
    "calendar without a notice": "/calendar/2090?",
    "error": "/nowhere?",
}


#: Pages that are looked at by axe on a telephone as well.
ON_A_PHONE = ("many clocks", "rules", "calendar")
#: Results that are put into a file on one sheet of paper.
ON_A_SHEET = ("five deaths", "many clocks", "next year")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", PAGES)
def test_every_page_is_accessible_fits_and_a_result_prints_on_one_page(
    public_page: Page, name: str, language: str
) -> None:
    page = public_page
    page.goto(f"{PAGES[name]}&lang={language}")
    if name in ON_A_SHEET:
        paper = page.pdf(format="A4", prefer_css_page_size=True, print_background=True)
        assert len(re.findall(rb"/Type\s*/Page\b(?!s)", paper)) == 1
    if name in ON_A_PHONE and language == "en":
        is_sound(page, PHONE)
    unfold(page)
    is_sound(page, WIDE, colours=language == "zh")
    assert fits(page, PHONE, 768)


def test_the_answer_follows_what_is_typed(public_page: Page) -> None:
    page = public_page
    page.goto("/calculator?lang=en")
    page.get_by_label("Day of the fire").fill("2025-05-12")
    page.get_by_label("As of").fill("2025-05-13")
    level = page.locator(".level strong")
    expect(level).to_have_text("general")
    page.get_by_label("Deaths", exact=True).press_sequentially("5")
    expect(level).to_have_text("relatively serious")
    page.get_by_label("Place").select_option("530325")
    expect(page.locator(".verdict-fire")).to_contain_text("Fuyuan County")
    query = parse_qs(urlsplit(page.url).query)
    assert query["deaths"] == ["5"]
    assert query["division"] == ["530325"]
    assert "missing" not in query
    # The same address gives the same answer.
    page.reload()
    expect(level).to_have_text("relatively serious")
    dues = page.locator(".clock .due time")
    assert dues.all_inner_texts() == ["2025-05-15", "2025-07-11", "2025-06-11"]


def test_what_is_written_before_the_script_is_there_is_followed(public_page: Page) -> None:
    page = public_page
    with late(page, "calculator.js"):
        page.goto(f"/calculator?{urlencode(FIVE)}&lang=en", wait_until="commit")
        page.get_by_label("Deaths", exact=True).fill("12")
        expect(page.locator(".level strong")).to_have_text("relatively serious")
    expect(page.locator(".level strong")).to_have_text("major")


def test_what_is_wrong_is_told_at_once_and_goes_when_put_right(public_page: Page) -> None:
    page = public_page
    page.goto(f"/calculator?{urlencode(FIVE)}&lang=en")
    deaths = page.get_by_label("Deaths", exact=True)
    deaths.fill("many")
    expect(page.locator("#deaths-problem")).to_contain_text("A whole number")
    expect(deaths).to_have_attribute("aria-invalid", "true")
    expect(deaths).to_have_value("many")
    expect(deaths).to_be_focused()
    deaths.fill("10")
    expect(page.locator("#deaths-problem")).to_be_empty()
    expect(page.locator(".level strong")).to_have_text("major")


def test_rows_grow_with_what_happened(public_page: Page) -> None:
    page = public_page
    page.goto(f"/calculator?{urlencode(FIVE)}&lang=en")
    rows = page.locator("[data-row]")
    expect(rows).to_have_count(1)
    page.get_by_label("As of").fill("2025-08-01")
    rows.nth(0).get_by_label("What happened").select_option("ask_extension")
    expect(rows).to_have_count(2)
    # A row without its day is not counted yet, and breaks nothing.
    expect(page.locator(".level strong")).to_have_text("relatively serious")
    rows.nth(0).get_by_label("On which day").fill("2025-07-01")
    rows.nth(0).get_by_label("days granted").fill("30")
    rows.nth(1).get_by_label("What happened").select_option("decide_extension")
    rows.nth(1).get_by_label("On which day").fill("2025-07-10")
    rows.nth(1).get_by_label("days granted").fill("30")
    expect(page.locator(".note-extension")).to_contain_text("to 2025-08-10")
    page.reload()
    expect(rows).to_have_count(3)
    expect(page.locator(".note-extension")).to_contain_text("to 2025-08-10")


def test_the_zone_is_asked_about_its_authorisation(public_page: Page) -> None:
    page = public_page
    page.goto("/calculator?occurred_on=2025-05-12&deaths=1&as_of=2025-05-13&lang=en")
    question = page.get_by_text("Has the city authorised")
    expect(question).to_be_hidden()
    page.get_by_label("Place").select_option("530300-jkq")
    expect(question).to_be_visible()
    page.locator("[data-field=zone_authorised]").get_by_label("yes").check()
    expect(page.locator(".verdict-facts")).to_contain_text("county government")


def test_switching_the_language_keeps_what_was_typed_since(public_page: Page) -> None:
    page = public_page
    page.goto(f"/calculator?{urlencode(FIVE)}&lang=en")
    page.get_by_label("Deaths", exact=True).fill("12")
    expect(page.locator(".level strong")).to_have_text("major")
    page.get_by_role("link", name="中文").click()
    expect(page.locator(".level strong")).to_have_text("重大")
    expect(page.locator("#deaths")).to_have_value("12")


def test_the_address_can_be_copied(public_page: Page) -> None:
    page = public_page
    page.goto(f"/calculator?{urlencode(FIVE)}&lang=en")
    share = page.get_by_role("link", name="Address of this result")
    share.click()
    expect(page.locator("#announce")).to_have_text("Address copied")
    assert page.url.endswith("lang=en")  # the page stayed


def test_it_works_by_keyboard_alone(public_page: Page) -> None:
    page = public_page
    page.goto("/calculator?occurred_on=2025-05-12&as_of=2025-05-13&lang=en")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    reached = []
    for _step in range(60):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.name"))
        if reached[-1] == "deaths":
            page.keyboard.type("3")
        if reached[-1] == "as_of":
            break
    fields = ["occurred_on", "division", "category", "deaths", "social_impact", "since-0-step"]
    assert [each for each in dict.fromkeys(reached) if each in fields] == fields
    page.keyboard.press("Enter")
    expect(page.locator(".level strong")).to_have_text("relatively serious")


def test_it_works_without_scripts(browser: Browser, public_server: str) -> None:
    context = browser.new_context(base_url=public_server, java_script_enabled=False)
    page = context.new_page()
    page.goto("/calculator?lang=en")
    page.locator("#occurred_on").fill("2025-05-12")
    page.locator("#deaths").fill("5")
    page.locator("#as_of").fill("2025-05-13")
    page.locator("#since-0-step").select_option("request_team")
    page.locator("#since-0-on").fill("2025-05-13")
    page.get_by_role("button", name="Calculate").click()
    expect(page.locator(".level strong")).to_have_text("relatively serious")
    expect(page.locator(".clock").first.locator(".light")).to_have_text("Done in time")
    expect(page.locator("#since-1-step")).to_have_count(1)  # a fresh row for what comes next
    address = page.locator("#share").get_attribute("href")
    assert address is not None
    assert "missing" not in address
    page.goto(address)
    expect(page.locator(".level strong")).to_have_text("relatively serious")
    context.close()


def test_a_server_that_is_gone_leaves_the_page_as_it_was(public_page: Page) -> None:
    page = public_page
    page.goto(f"/calculator?{urlencode(FIVE)}&lang=en")
    page.route("**/calculator/live*", lambda route: route.abort())
    page.get_by_label("Deaths", exact=True).fill("1")
    expect(page.locator("#panels")).to_have_attribute("data-stale", "true")
    expect(page.locator(".level strong")).to_have_text("relatively serious")
    page.unroute("**/calculator/live*")
    page.get_by_role("button", name="Calculate").click()
    expect(page.locator(".level")).to_contain_text("general")
