"""Adding people by a list, and the slips with their codes, in a real Chromium."""

from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from fireinvest.services.people import Post
from fireinvest.workflow.permissions import SYSTEM_ADMINISTRATOR
from tests.browser.looks import is_sound
from tests.browser.people import let_in
from tests.services.test_importing_people import HEAD, excel
from tests.web.office import database_of, person_with

pytestmark = pytest.mark.browser

LONG = "某某某自治州某某某自治县消防救援大队某某某消防救援站"


@pytest.mark.parametrize(("language", "width"), [("en", 360), ("zh", 1440)])
def test_a_list_becomes_slips_to_print(
    quick_app: Flask, live_server: str, page: Page, tmp_path: Path, language: str, width: int
) -> None:
    database = database_of(quick_app)
    person_with(database, "keeper", Post(SYSTEM_ADMINISTRATOR), name="甲管理员")
    sun = person_with(database, "sun", name="孙某")
    page.set_viewport_size({"width": width, "height": 900})
    let_in(page, quick_app, live_server, "keeper", language)

    wrong, right = tmp_path / "wrong.xlsx", tmp_path / "right.xlsx"
    rows = [(f"a-rather-long-sign-in.name_{each}", "某某", LONG) for each in range(5)]
    wrong.write_bytes(excel(HEAD, ("sun", "别人"), ("=A1", "=B1"), *rows).getvalue())
    right.write_bytes(excel(HEAD, ("sun", "孙某"), *rows).getvalue())
    page.goto("/people/import")
    is_sound(page)
    page.set_input_files("#file", wrong)
    page.click("main form button[type=submit]")
    expect(page.locator(".cell-problems li")).to_have_count(3)
    is_sound(page)
    page.goto("/people/import")
    page.set_input_files("#file", right)
    page.click("main form button[type=submit]")
    is_sound(page)
    page.click("main form button[type=submit]")
    expect(page.locator(".slip")).to_have_count(5)
    is_sound(page)
    # On paper no slip is cut in two, and the bar and the buttons are gone.
    page.emulate_media(media="print")
    expect(page.locator("header.page-head")).to_be_hidden()
    inside = page.locator(".slip").first.evaluate("each => getComputedStyle(each).breakInside")
    assert inside == "avoid"
    page.emulate_media(media="screen")

    page.goto(f"/people/{sun}/code")
    is_sound(page)
    page.click("main form button[type=submit]")
    expect(page.locator(".slip-code span")).to_have_count(6)
    is_sound(page)
