"""The pages of two administrators and everybody's own, in a real Chromium: can all reach them?"""

from datetime import date

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Page, expect

from fireinvest.clock import today_in_china
from fireinvest.services.agencies import create_agency
from fireinvest.services.people import Post, give_post, name_deputy
from fireinvest.workflow.permissions import SECURITY_ADMINISTRATOR, SYSTEM_ADMINISTRATOR
from tests.browser.looks import excess
from tests.services.office import FUYUAN
from tests.web.office import PASSWORD, database_of, person_with

pytestmark = pytest.mark.browser


def enter(page: Page, login: str, language: str) -> None:
    """Sign in as somebody, whoever was here before."""
    page.context.clear_cookies()
    page.goto(f"/sign-in?lang={language}")
    page.fill("#login", login)
    page.fill("#password", PASSWORD)
    page.click("main button[type=submit]")
    page.wait_for_url(lambda address: "/sign-in" not in address)


def look(page: Page, address: str = "") -> None:
    """Go to a page, and see that it fits and is accessible."""
    if address:
        page.goto(address)
    assert excess(page) <= 0, address or page.url
    results = Axe().run(page)
    assert results.violations_count == 0, f"{page.url}\n{results.generate_report()}"


@pytest.mark.parametrize(("language", "width"), [("zh", 360), ("en", 360), ("zh", 1440)])
def test_the_pages_are_accessible_and_fit(
    quick_app: Flask, page: Page, language: str, width: int
) -> None:
    database, today = database_of(quick_app), today_in_china()
    keeper = person_with(database, "keeper", Post(SYSTEM_ADMINISTRATOR), name="甲管理员")
    guard = person_with(database, "guard", Post(SECURITY_ADMINISTRATOR), name="乙管理员")
    sun = person_with(database, "sun", Post("archivist", division="530328", tier="county"))
    agency = create_agency(
        database, label_zh="富源县消防救援大队", label_en="Fuyuan fire and rescue brigade",
        body="fire_rescue", division=FUYUAN, tier="county", valid_from=date(2023, 1, 1),
    )  # fmt: skip
    give_post(
        database, sun, Post("agency_head", agency_id=agency), valid_from=today, granted_by="guard"
    )
    name_deputy(
        database, person_id=guard, acts_for_id=sun, valid_from=today, valid_until=today,
        granted_by="x",
    )  # fmt: skip
    page.set_viewport_size({"width": width, "height": 900})

    enter(page, "keeper", language)
    for address in (
        "/people",
        f"/people/{sun}",
        f"/people/{sun}/deactivate",
        f"/people/{keeper}",
        "/people/agencies",
        "/people/agencies/new",
        f"/people/agencies/{agency}",
        "/people/divisions",
    ):
        look(page, address)
    # With what saving would do below the form.
    page.goto(f"/people/agencies/{agency}/rename")
    page.fill("#label_zh", "富源县消防救援局")
    page.fill("#reason", "机构改革")
    page.click("button[value=preview]")
    expect(page.locator("button[value=save]")).to_have_count(1)
    look(page)

    enter(page, "guard", language)
    for address in (
        f"/people/{sun}",
        f"/people/{sun}/posts/new",
        f"/people/{sun}/deputies/new",
        "/people/review",
    ):
        look(page, address)
    # With problems beside the fields as well, and acting for somebody in the bar above.
    page.goto(f"/people/{sun}/offices/new")
    page.click("main button[type=submit]")
    expect(page.locator("#reason[aria-invalid=true]")).to_have_count(1)
    look(page)
    page.select_option("#acting-login", "sun")
    page.click(".top-acting button")
    look(page, "/me")
