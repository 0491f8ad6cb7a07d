"""Notices, readings and certificates in a real Chromium: can all of them reach it, and do it?"""

from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from fireinvest.clock import today_in_china, utcnow
from fireinvest.regulation.calendar import Calendar
from fireinvest.regulation.facts import Facts
from fireinvest.services.cases import open_case
from fireinvest.services.people import Post
from fireinvest.workflow.permissions import SYSTEM_ADMINISTRATOR
from tests.browser.looks import PHONE, WIDE, is_sound
from tests.browser.people import let_in
from tests.services.office import CITY, FUYUAN, LAW, TIMERS, key
from tests.services.test_calendars import NOTICE_2027, written
from tests.web.office import database_of, person_with

pytestmark = pytest.mark.browser


def test_a_notice_a_decision_and_a_certificate(
    quick_app: Flask, live_server: str, page: Page, tmp_path: Path
) -> None:
    database, today = database_of(quick_app), today_in_china()
    refs = [
        open_case(
            database, LAW, Calendar(), TIMERS,
            Facts(today - timedelta(days=days), division=FUYUAN, deaths=5), "某某商贸有限公司", "胜境街道1号",
            home_division=CITY, idempotency_key=key(), now=utcnow(), today=today,
        )
        for days in (1, 20)
    ]  # fmt: skip
    number = refs[-1].number
    person_with(database, "root", Post(SYSTEM_ADMINISTRATOR))
    person_with(database, "head", Post("agency_head", division=CITY, tier="city"))
    let_in(page, quick_app, live_server, "root")
    page.goto("/calendar/notices/new")
    is_sound(page, WIDE, PHONE, what="the form of a notice")
    page.fill("#number", "国办发明电〔2026〕9号")
    page.fill("#off", "春节")
    page.click("button[value=preview]")
    expect(page.locator("#off[aria-invalid=true]")).to_have_count(1)
    is_sound(page, WIDE, PHONE, what="the form with a problem")
    page.set_input_files("#file", written(tmp_path, "2027.json", NOTICE_2027))
    page.click("button[value=preview]")
    expect(page.locator("#moves-title")).to_be_visible()
    is_sound(page, WIDE, PHONE, what="the preview of a notice")
    page.click("button[value=apply]")
    expect(page.locator(".told-done")).to_be_visible()
    is_sound(page, WIDE, PHONE, what="the list of notices")
    let_in(page, quick_app, live_server, "head")
    page.goto("/readings/start-day")
    is_sound(page, WIDE, PHONE, what="the form of a decision")
    page.select_option("#option", "same")
    page.fill("#applies_from", (today - timedelta(days=9)).isoformat())
    for name in ("decided_by", "document", "reason"):
        page.fill(f"#{name}", "市局局务会")
    page.click("button[value=preview]")
    expect(page.locator("#moves-title")).to_be_visible()
    is_sound(page, WIDE, PHONE, what="the preview of a decision")
    page.click("button[value=apply]")
    expect(page.locator(".told-done")).to_be_visible()
    is_sound(page, WIDE, PHONE, what="the register")
    page.goto(f"/cases/{number}/clocks/report/1")
    is_sound(page, WIDE, PHONE, what="the clock")
    with page.expect_download() as download:
        page.click(f"a[href='/cases/{number}/certificates/report/1']")
    assert download.value.suggested_filename.endswith(".pdf")
    page.goto("/certificates")
    page.fill("#code", "AAAA-BBBB-CCCC-DDDD")
    page.click("main button[type=submit]")
    expect(page.locator("#code[aria-invalid=true]")).to_have_count(1)
    is_sound(page, WIDE, PHONE, what="a code that nobody made")
    page.goto(f"/cases/{number}/history")
    is_sound(page, WIDE, PHONE, what="the history")
