"""The pages of two administrators and everybody's own, in a real Chromium: can all reach them?"""

from datetime import date

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from fireinvest.clock import today_in_china
from fireinvest.services.agencies import create_agency
from fireinvest.services.people import Post, give_post, name_deputy
from fireinvest.workflow.permissions import SECURITY_ADMINISTRATOR, SYSTEM_ADMINISTRATOR
from tests.browser.looks import PHONE, WIDE, is_sound
from tests.browser.people import let_in
from tests.services.office import FUYUAN
from tests.web.office import database_of, person_with

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("language", "widths"), [("zh", (WIDE, PHONE)), ("en", (PHONE,))])
def test_the_pages_are_accessible_and_fit(
    quick_app: Flask, live_server: str, page: Page, language: str, widths: tuple[int, ...]
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

    let_in(page, quick_app, live_server, "keeper", language)
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
        page.goto(address)
        is_sound(page, *widths, colours=language == "zh")
    # With what saving would do below the form.
    page.goto(f"/people/agencies/{agency}/rename")
    page.fill("#label_zh", "富源县消防救援局")
    page.fill("#reason", "机构改革")
    page.click("button[value=preview]")
    expect(page.locator("button[value=save]")).to_have_count(1)
    is_sound(page, *widths, colours=language == "zh")

    let_in(page, quick_app, live_server, "guard", language)
    for address in (
        f"/people/{sun}",
        f"/people/{sun}/posts/new",
        f"/people/{sun}/deputies/new",
        "/people/review",
    ):
        page.goto(address)
        is_sound(page, *widths, colours=language == "zh")
    # With problems beside the fields as well, and acting for somebody in the bar above.
    page.goto(f"/people/{sun}/offices/new")
    page.click("main button[type=submit]")
    expect(page.locator("#reason[aria-invalid=true]")).to_have_count(1)
    is_sound(page, *widths, colours=language == "zh")
    page.select_option("#acting-login", "sun")
    page.click(".top-acting button")
    page.goto("/me")
    is_sound(page, *widths, colours=language == "zh")
