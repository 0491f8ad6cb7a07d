"""Reporting a fire in a real Chromium: what follows appears while typing, and nothing is lost."""

import re

import pytest
from flask import Flask
from playwright.sync_api import Page, Route, expect
from sqlalchemy import text

from fireinvest.messages import LANGUAGES
from fireinvest.services.people import Post
from fireinvest.store import Database
from tests.browser.looks import PHONE, WIDE, is_sound, late
from tests.browser.people import let_in
from tests.services.office import CITY, FUYUAN, opened
from tests.web.office import PASSWORD, database_of, person_with

pytestmark = pytest.mark.browser


@pytest.fixture
def office(quick_app: Flask, live_server: str, page: Page) -> Database:
    """The database of an officer of the city, who has signed in."""
    database = database_of(quick_app)
    person_with(database, "wu", Post("carrier", division=CITY, tier="city"))
    let_in(page, quick_app, live_server, "wu", "en")
    return database


def count(database: Database, table: str) -> int:
    with database.readers.begin() as session:
        return int(session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def fill(page: Page) -> None:
    page.get_by_label("Day of the fire").fill("2025-05-12")
    page.locator("#division").select_option(FUYUAN)
    page.get_by_label("Unit or place that burned").fill("某某商贸有限公司")
    page.get_by_label("Address").fill("胜境街道1号")
    page.get_by_label("Deaths", exact=True).fill("5")


def test_typing_fills_the_panel_and_opens_a_case(page: Page, office: Database) -> None:
    ref = opened(office)
    page.goto("/cases/new?lang=en")
    expect(page.get_by_role("button", name="Show what follows")).to_be_hidden()
    page.get_by_label("Day of the fire").fill("2025-05-12")
    level = page.locator(".level")
    expect(level).to_contain_text("at least")
    expect(level.locator("strong")).to_have_text("general")
    page.get_by_label("Deaths", exact=True).press_sequentially("5")
    expect(level.locator("strong")).to_have_text("relatively serious")
    expect(page.locator("#announce")).to_contain_text("relatively serious; Team request 2025-05-15")
    page.locator("#division").select_option(FUYUAN)
    expect(page.locator(".verdict-fire")).to_contain_text("Fuyuan County")
    page.get_by_label("Address").press_sequentially("胜境街道1号")
    expect(page.locator(".earlier-list")).to_contain_text(ref.number)
    page.get_by_label("Unit or place that burned").fill("某某商贸有限公司")
    page.get_by_role("button", name="Open the case").click()
    page.wait_for_url("**/cases/5303-2025-0002")
    assert count(office, "cases") == 2


def test_what_is_written_before_the_script_is_there_is_followed(
    page: Page, office: Database
) -> None:
    with late(page, "intake.js"):
        page.goto("/cases/new?lang=en", wait_until="commit")
        page.get_by_label("Day of the fire").fill("2025-05-12")
        page.get_by_label("Deaths", exact=True).fill("5")
        expect(page.locator(".level strong")).to_have_count(0)
    expect(page.locator(".level strong")).to_have_text("relatively serious")


@pytest.mark.parametrize("field", ["reason", "division", "social_impact-yes"])
def test_what_is_written_before_the_script_is_there_is_a_draft(
    page: Page, office: Database, field: str
) -> None:
    with late(page, "drafts.js"):
        page.goto("/cases/new?lang=en", wait_until="commit")
        if field == "reason":
            page.locator("#reason").fill("119指挥中心转来")
        elif field == "division":
            page.locator("#division").select_option(FUYUAN)
        else:
            page.locator("[name=social_impact][value=yes]").check()
        assert count(office, "drafts") == 0
    expect(page.locator("[data-draft-state]")).to_contain_text("Draft kept")
    assert count(office, "drafts") == 1


def test_where_nothing_is_written_nothing_is_asked_or_kept(page: Page, office: Database) -> None:
    sent: list[str] = []
    page.on("request", lambda asked: sent.append(asked.method))
    page.goto("/cases/new?lang=en")
    page.wait_for_timeout(2500)
    assert set(sent) == {"GET"}
    assert count(office, "drafts") == 0


def test_a_wrong_value_is_told_at_once_and_goes_when_put_right(
    page: Page, office: Database
) -> None:
    page.goto("/cases/new?lang=en")
    deaths = page.get_by_label("Deaths", exact=True)
    deaths.fill("many")
    expect(page.locator("#deaths-problem")).to_contain_text("A whole number")
    expect(deaths).to_have_attribute("aria-invalid", "true")
    expect(deaths).to_be_focused()
    deaths.fill("2")
    expect(page.locator("#deaths-problem")).to_be_empty()
    expect(page.locator("#unit_name-problem")).to_be_empty()


def test_the_zone_is_asked_about_where_there_is_one(page: Page, office: Database) -> None:
    page.goto("/cases/new?lang=en")
    question = page.get_by_text("Has the city authorised the zone")
    expect(question).to_be_hidden()
    page.locator("#division").select_option("530300-jkq")
    expect(question).to_be_visible()


def test_a_draft_survives_a_reload_and_can_be_thrown_away(page: Page, office: Database) -> None:
    page.goto("/cases/new?lang=en")
    page.get_by_label("How it was reported").fill("119指挥中心转来")
    state = page.locator("[data-draft-state]")
    expect(state).to_have_text(re.compile(r"Draft kept at \d\d:\d\d"))
    page.reload()
    expect(page.get_by_label("How it was reported")).to_have_value("119指挥中心转来")
    expect(page.locator(".kept-note")).to_contain_text("The form holds your draft of 20")
    page.get_by_role("button", name="Throw the draft away").click()
    expect(page.locator(".kept-note")).to_have_count(0)
    expect(page.get_by_label("How it was reported")).to_have_value("")
    assert count(office, "drafts") == 0


def test_what_came_back_with_problems_is_a_draft_that_is_reloaded(
    page: Page, office: Database
) -> None:
    page.goto("/cases/new?lang=en")
    fill(page)
    page.locator("#address").fill("")
    page.get_by_role("button", name="Open the case").click()
    needed = page.locator("#address-problem")
    expect(needed).to_have_text("This is needed.")
    page.locator("#deaths").fill("2")
    expect(page.locator(".level strong")).to_have_text("general")
    expect(needed).to_have_text("This is needed.")
    page.locator("#address").fill("胜境街道1号")
    expect(needed).to_be_empty()
    expect(page.locator("[data-draft-state]")).to_contain_text("Draft kept")
    page.reload()
    expect(page.locator(".kept-note")).to_be_visible()
    expect(page.locator("#address")).to_have_value("胜境街道1号")
    assert count(office, "cases") == 0


def test_leaving_the_page_keeps_what_was_just_typed(page: Page, office: Database) -> None:
    page.goto("/cases/new?lang=en")
    page.get_by_label("How it was reported").fill("119指挥中心转来")
    page.goto("/calculator")
    page.goto("/cases/new")
    expect(page.locator("#reason")).to_have_value("119指挥中心转来")


def test_after_the_case_is_open_no_draft_comes_back(page: Page, office: Database) -> None:
    page.goto("/cases/new?lang=en")
    fill(page)
    expect(page.locator("[data-draft-state]")).to_contain_text("Draft kept")
    page.get_by_role("button", name="Open the case").click()
    page.wait_for_url("**/cases/5303-2025-0001")
    page.goto("/cases/new")
    expect(page.locator("#unit_name")).to_have_value("")
    assert count(office, "drafts") == 0


def test_a_double_click_sends_the_form_once(page: Page, office: Database) -> None:
    page.goto("/cases/new?lang=en")
    fill(page)
    sent: list[str] = []

    def note(route: Route) -> None:
        if route.request.method == "POST":
            sent.append(route.request.url)
        route.continue_()

    page.route("**/cases/new", note)
    page.get_by_role("button", name="Open the case").dblclick()
    page.wait_for_url("**/cases/5303-2025-0001")
    assert len(sent) == 1
    assert count(office, "cases") == 1


def test_a_session_that_ended_is_told_and_the_text_stays(page: Page, office: Database) -> None:
    page.goto("/cases/new?lang=en")
    with office.sessions.begin() as session:
        session.execute(text("UPDATE sign_ins SET ended_at = began_at"))
    fill(page)
    state = page.locator("[data-draft-state]")
    expect(state).to_contain_text("You are signed out")
    expect(page.locator("#panels")).to_have_attribute("data-stale", "true")
    page.get_by_role("button", name="Open the case").click()
    page.locator("main [name=login]").fill("wu")
    page.locator("main [name=password]").fill(PASSWORD)
    page.locator("main [name=password]").press("Enter")
    page.wait_for_url("**/cases/new")
    expect(page.locator("#unit_name")).to_have_value("某某商贸有限公司")
    assert count(office, "cases") == 0


def test_a_server_that_fails_is_told_as_well(page: Page, office: Database) -> None:
    page.goto("/cases/new?lang=en")
    page.route("**/drafts", lambda route: route.abort())
    page.get_by_label("How it was reported").fill("119")
    expect(page.locator("[data-draft-state]")).to_contain_text("could not be kept")
    page.unroute("**/drafts")
    page.get_by_label("How it was reported").fill("119指挥中心")
    expect(page.locator("[data-draft-state]")).to_contain_text("Draft kept")


def _states(page: Page, language: str) -> None:
    """Blank, filled, and sent back with problems: each is looked at."""
    page.goto(f"/cases/new?lang={language}")
    _check(page, colours=language == "zh")
    page.locator("#occurred_on").fill("2025-05-12")
    page.locator("#division").select_option(FUYUAN)
    page.locator("#unit_name").fill("某某商贸有限公司")
    page.locator("#deaths").fill("5")
    expect(page.locator(".date")).to_have_count(3)
    expect(page.locator(".earlier-list li")).to_have_count(1)
    expect(page.locator("[data-draft-state]")).not_to_be_empty()
    _check(page, colours=language == "zh")
    page.locator("#deaths").fill("many")
    page.locator("button[value=open]").click()
    expect(page.locator("main [role=alert]")).to_be_visible()
    _check(page, colours=language == "zh")


def _check(page: Page, *, colours: bool) -> None:
    page.wait_for_function("!document.querySelector('#panels').hasAttribute('aria-busy')")
    is_sound(page, WIDE, PHONE, 768, colours=colours)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_state_is_accessible_and_fits(page: Page, office: Database, language: str) -> None:
    opened(office)
    _states(page, language)
