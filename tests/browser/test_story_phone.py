"""A general fire without a death that moved the public, worked on a phone from intake to publication.

The county investigates, since its government decided that the fire has social impact (art 3).
"""

from datetime import date

import pytest
from flask import Flask
from playwright.sync_api import Browser, expect

from tests.browser.looks import excess
from tests.browser.people import signed_in
from tests.services.office import FUYUAN, LAW
from tests.stories.city import City

pytestmark = pytest.mark.browser

RULESET = LAW.in_force(FUYUAN, date(2025, 5, 12))


def test_a_fire_with_social_impact_on_a_phone(
    quick_app: Flask, live_server: str, browser: Browser
) -> None:
    City(quick_app)
    logins = ("county", "county_reviewer", "leader")
    with signed_in(browser, live_server, RULESET, *logins, width=390) as people:
        officer, reviewer, leader = (people[each] for each in logins)
        page = officer.page

        page.get_by_role("link", name="New fire").first.click()
        for name, value in {
            "occurred_on": "2025-05-12", "occurred_time": "19:40", "division": FUYUAN,
            "unit_name": "某某市场", "address": "中安街道1号", "category": "ordinary", "deaths": "0",
            "serious_injuries": "0", "direct_economic_loss_yuan": "800000", "social_impact": "no",
        }.items():  # fmt: skip
            officer.fills(name, value)
        assert excess(page) <= 0
        page.get_by_role("button", name="Open the case").click()
        officer.number = number = "5303-2025-0001"
        expect(page.locator(".case-number")).to_contain_text(number)
        reviewer.opens_case(number)
        reviewer.takes(
            "decide_social_impact", "2025-05-14", outcome="yes", decided_by="县人民政府",
            note="视频传播广泛，群众反映强烈",
        )  # fmt: skip

        # The team: formed, with its first meeting and a task that follows from it.
        officer.takes("request_team", "2025-05-15", to="县人民政府", document_no="富消请1号")
        officer.takes("establish_team", "2025-05-15", person="市调查组组长（leader）")
        officer.goes_to("Team")
        for body, person in (
            ("fire_rescue", "富源承办人（county）"), ("police", "县公安派员"),
            ("emergency_management", "县应急派员"), ("industry_authority", "县商务派员"),
        ):  # fmt: skip
            officer.follows(f"/steps/join_team?item={body}")
            officer.writes(on="2025-05-15", person=person)
            officer.goes_to("Team")
        officer.follows("/team/meetings/new/founding_meeting")
        officer.writes(held_at="2025-05-16T09:00", place="县政府", decisions="三日内完成勘验")
        officer.clicks("A task from it")
        officer.writes(what="完成现场勘验", owner="富源承办人", due_on="2025-05-19")
        expect(page.locator("#main")).to_contain_text("完成现场勘验")
        assert excess(page) <= 0

        # The scene: closed, surveyed, and somebody asked.
        officer.goes_to("Scene")
        officer.follows("/registers/closures/new")
        officer.writes(area="市场西区", closed_at="2025-05-12T22:00", guarded_by="派出所")
        officer.goes_to("Scene")
        officer.follows("/registers/surveys/new")
        officer.writes(
            place="市场西区", began_at="2025-05-17T09:00", ended_at="2025-05-17T11:30",
            state="保护完好", lead="甲某", second="乙某", surroundings="门窗完好",
        )  # fmt: skip
        officer.goes_to("Scene")
        officer.follows("/registers/interviews/new")
        officer.writes(
            person="值班员", kind="witness", place="派出所", began_at="2025-05-17T14:00",
            ended_at="2025-05-17T15:00", interviewer="甲某", second="乙某", rights_told="yes",
            content="问：……答：……", signed="signed",
        )  # fmt: skip
        officer.goes_to("Scene")
        expect(page.locator("#main")).to_contain_text("值班员")
        assert excess(page) <= 0

        # The report, written and signed.
        officer.takes("fire_determination", "2025-06-05", text="电气线路故障")
        officer.goes_to("Report")
        for part in RULESET.lists["report_parts"].items:
            officer.follows(f"/report/sections/new?part={part.id}&order=1")
            officer.writes(title=part.label.zh, text="经查明……", state="released")
            officer.part(part.id).get_by_role("button").click()
            expect(officer.part(part.id)).to_contain_text("drafted on")
        assert excess(page) <= 0
        leader.opens_case(number)
        leader.goes_to("Report")
        leader.clicks("Approval", "Decide on the whole report")
        leader.writes(decision="approved", decided_on="2025-06-20", reason="分析会补记")
        for signer in (leader, officer):
            signer.goes_to("Report")
            signer.clicks("Signatures")
            signer.page.locator("#main a.is-own").click()
            signer.writes(result="signed", signed_on="2025-06-21")
        officer.clicks("Parts")
        officer.follows("/report/submission")
        expect(page.locator(".gap-list")).to_contain_text("县公安派员")
        assert excess(page) <= 0
        officer.writes(number="富消报1号", submitted_on="2025-06-25", reason="三人书面签字在途")

        # The reply, and what the public reads.
        reviewer.goes_to("Reply")
        reviewer.writes("Register the receipt", on="2025-06-26", document_no="收文1号")
        reviewer.clicks("Reply or return")
        reviewer.writes(
            "Record the answer", decision="approved", document_no="富政复1号",
            replied_on="2025-07-03", decided_by="executive_meeting", meeting_on="2025-07-02",
        )  # fmt: skip
        expect(reviewer.page.locator("#main")).to_contain_text("富政复1号")
        assert excess(reviewer.page) <= 0
        officer.goes_to("Public version")
        officer.clicks("Release")
        officer.writes("Release", released_on="2025-07-10")
        officer.clicks("Prove its publication")
        for place in RULESET.lists["publication_places"].items:
            officer.fills("places", place.id)
        officer.writes(
            where="县政府网站", published_on="2025-07-11", address="https://example.org/1"
        )
        expect(page.locator("#main")).to_contain_text("县政府网站")
        assert excess(page) <= 0
