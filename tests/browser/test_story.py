"""The relatively serious fire by three people's clicks, in a real Chromium, from alarm to evaluation."""

import re
from collections.abc import Iterator
from datetime import date

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from tests.services.office import FUYUAN, LAW
from tests.stories.city import City
from tests.web.office import PASSWORD

pytestmark = pytest.mark.browser

RULESET = LAW.in_force(FUYUAN, date(2025, 5, 12))


class Person:
    """Somebody with a browser of their own, who reads and clicks."""

    def __init__(self, page: Page, login: str) -> None:
        self.page = page
        page.goto("/?lang=en")
        page.get_by_label("Sign-in name").fill(login)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page).to_have_url(re.compile("/desk$"))

    def opens_case(self, number: str) -> None:
        """Find the case in the list by its number, and open it."""
        self.page.get_by_role("link", name="Cases", exact=True).first.click()
        self.page.get_by_role("link", name=number, exact=True).first.click()

    def takes(self, step: str, on: str, **fields: str) -> None:
        """From a page of the case: go to the steps, click the step, fill its form, record it."""
        page = self.page
        page.get_by_role("navigation", name="Pages of the case").get_by_role(
            "link", name="Steps"
        ).click()
        page.get_by_role("link", name=RULESET.steps[step].label.en, exact=True).click()
        page.locator("#on").fill(on)
        for name, value in fields.items():
            self.fills(name, value)
        page.get_by_role("button", name="Record it", exact=True).click()
        expect(page.locator(".told-done")).to_contain_text(RULESET.steps[step].label.en)

    def fills(self, name: str, value: str) -> None:
        """Fill a field, whatever it is."""
        field = self.page.locator(f"[name={name}]")
        kind = field.first.evaluate("each => each.type")
        if kind == "radio":
            self.page.locator(f"[name={name}][value='{value}']").check()
        elif kind.startswith("select"):
            field.select_option(value)
        else:
            field.fill(value)

    def due(self, clock: str) -> str:
        """The due day of a clock on the page of the case."""
        row = self.page.locator(".clock-table tr").filter(has_text=RULESET.clocks[clock].label.en)
        return row.first.locator("strong time").inner_text()


@pytest.fixture
def people(quick_app: Flask, live_server: str, browser: Browser) -> Iterator[dict[str, Person]]:
    """An officer, a leader, a registrar and a reviewer, each with a browser of their own."""
    City(quick_app)
    contexts = []
    found = {}
    faults: list[str] = []
    for login in ("officer", "leader", "registrar", "reviewer"):
        context = browser.new_context(
            base_url=live_server, locale="en", viewport={"width": 1280, "height": 900}
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        found[login] = Person(page, login)
    yield found
    for context in contexts:
        context.close()
    assert faults == []


def test_the_whole_case_by_clicks(people: dict[str, Person]) -> None:
    officer, leader = people["officer"], people["leader"]
    registrar, reviewer = people["registrar"], people["reviewer"]
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
    number = "5303-2025-0001"
    assert officer.due("team_request") == "2025-05-15"
    assert officer.due("report") == "2025-07-11"

    officer.takes("request_team", "2025-05-13", to="市人民政府", document_no="曲消请5号")
    officer.takes("establish_team", "2025-05-14", person="市调查组组长（leader）")
    for body, person in (
        ("fire_rescue", "市承办人（officer）"), ("police", "公安成员（police）"),
        ("emergency_management", "应急管理派员"), ("industry_authority", "商务部门派员"),
    ):  # fmt: skip
        officer.takes("join_team", "2025-05-14", item=body, person=person)
    for organ in ("discipline", "procuratorate"):
        officer.takes("invite", "2025-05-14", item=organ, to="某机关")
    officer.takes("founding_meeting", "2025-05-15", subject="成立会议")
    officer.takes("assess_rescue", "2025-05-28", text="处置及时")
    for line in RULESET.lists["lines"].items:
        officer.takes("line_finding", "2025-06-05", item=line.id, text="经查……")
    officer.takes("ask_extension", "2025-07-01", days="60", grounds="案情复杂")
    reviewer.opens_case(number)
    reviewer.takes("decide_extension", "2025-07-08", outcome="approved", document_no="曲政办9号")
    assert reviewer.due("report") == "2025-09-09"

    officer.takes(
        "update_figures", "2025-07-10", direct_economic_loss_yuan="1554540.00", source="评估"
    )
    leader.opens_case(number)
    officer.takes("fire_determination", "2025-06-10", text="电气线路故障")
    leader.takes("analysis_meeting", "2025-07-15", subject="分析会")
    leader.takes("determine_cause", "2025-07-16", text="电气线路故障")
    leader.takes(
        "determine_nature", "2025-07-17", outcome="responsibility_accident", text="责任事故"
    )
    for part in RULESET.lists["report_parts"].items:
        officer.takes("draft_report", "2025-08-10", item=part.id, text="……")
    officer.takes("consult", "2025-08-12", to="有关单位")
    leader.takes("deliberation_meeting", "2025-08-25", subject="审议会")
    leader.takes("approve_report", "2025-08-28", outcome="approved", decided_by="组长")
    for person in ("leader", "officer", "police", "应急管理派员", "商务部门派员"):
        officer.takes("sign_report", "2025-09-01", person=person, outcome="signed")
    officer.takes("submit_report", "2025-09-08", to="市人民政府")
    registrar.opens_case(number)
    registrar.takes("receive_report", "2025-09-09", sender="调查组")
    assert registrar.due("reply") == "2025-09-29"
    reviewer.takes("reply", "2025-09-25", outcome="approved", decided_by="市人民政府")
    assert reviewer.due("evaluation") == "2026-09-25"
    for item in RULESET.lists["delivery_recipients"].items:
        registrar.takes("deliver_reply", "2025-09-26", item=item.id, recipient="某人")
    officer.takes("reply_received", "2025-09-26", sender="市人民政府")
    for item in RULESET.lists["publication_places"].items:
        officer.takes("publish", "2025-10-09", item=item.id, where="日报、网站", proof="版面")
    for item in RULESET.lists["copy_recipients"].items:
        officer.takes("send_copies", "2025-09-28", item=item.id, recipient="某单位")
    for item in RULESET.lists["archive_file"].items:
        officer.takes("archive", "2025-10-20", item=item.id)
    reviewer.takes("open_evaluation", "2026-07-27", document_no="曲政办20号")
    officer.takes("join_evaluation", "2026-07-28", person="评估组成员（evaluator）")
    for item in RULESET.lists["evaluation_findings"].items:
        officer.takes("evaluate", "2026-09-01", item=item.id, text="已落实")
    officer.takes("evaluation_report", "2026-09-20", to="市人民政府")
    expect(page.locator("#missing-title")).to_have_count(0)
    expect(page.locator(".stage-past")).to_have_count(6)
