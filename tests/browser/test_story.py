"""A relatively serious fire by the plain forms of its steps, in a real Chromium: alarm to extension.

All the way to the evaluation it goes through the rooms, in ``test_story_rooms``.
"""

from datetime import date

import pytest
from flask import Flask
from playwright.sync_api import Browser, expect

from tests.browser.people import signed_in
from tests.services.office import FUYUAN, LAW
from tests.stories.city import City

pytestmark = pytest.mark.browser

RULESET = LAW.in_force(FUYUAN, date(2025, 5, 12))


def test_from_the_alarm_to_the_extension(
    quick_app: Flask, live_server: str, browser: Browser
) -> None:
    City(quick_app)
    with signed_in(browser, live_server, RULESET, "officer", "reviewer") as people:
        officer, reviewer = people["officer"], people["reviewer"]
        page = officer.page

        page.get_by_role("link", name="New fire").first.click()
        for name, value in {
            "occurred_on": "2025-05-12", "occurred_time": "03:40", "division": FUYUAN,
            "unit_name": "某某商贸有限公司", "address": "胜境街道1号", "category": "ordinary",
            "deaths": "5", "serious_injuries": "2", "direct_property_loss_yuan": "155454.00",
        }.items():  # fmt: skip
            officer.fills(name, value)
        # What follows stands beside the form while it is filled in.
        expect(page.locator("body")).to_contain_text("relatively serious")
        expect(page.locator("body")).to_contain_text("2025-05-15")
        page.get_by_role("button", name="Open the case").click()
        expect(page.locator(".case-number")).to_contain_text("5303-2025-0001")
        officer.number = number = "5303-2025-0001"
        assert officer.due("team_request") == "2025-05-15"
        assert officer.due("report") == "2025-07-11"

        officer.takes("request_team", "2025-05-13", to="市人民政府", document_no="曲消请5号")
        officer.takes("establish_team", "2025-05-14", person="市调查组组长（leader）")
        officer.takes("invite", "2025-05-14", item="discipline", to="某机关")
        officer.takes("founding_meeting", "2025-05-15", subject="成立会议")
        officer.takes(
            "update_figures", "2025-06-10", direct_economic_loss_yuan="1554540.00", source="评估"
        )
        officer.takes("ask_extension", "2025-07-01", days="60", grounds="案情复杂")
        reviewer.opens_case(number)
        reviewer.takes(
            "decide_extension", "2025-07-08", outcome="approved", document_no="曲政办9号"
        )
        assert reviewer.due("report") == "2025-09-09"
