"""A case through its rooms, by clicks in a real Chromium: what goes wrong on the way, and ends well.

A relatively serious fire: one member is recused, another dissents, an appraisal comes late, more
time is granted, the report is returned once, one of two measures fails and is supervised.
"""

import re
from datetime import date

import pytest
from flask import Flask
from playwright.sync_api import Browser, expect

from tests.browser.people import signed_in
from tests.services.office import FUYUAN, LAW
from tests.stories.city import City

pytestmark = pytest.mark.browser

RULESET = LAW.in_force(FUYUAN, date(2025, 5, 12))
#: A picture of a page that was signed.
SCAN = {
    "name": "签字页.png",
    "mimeType": "image/png",
    "buffer": bytes.fromhex(
        "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
        "0000000c4944415408d763f8cfc00000030101 00c9fe92ef0000000049454e44ae426082"
    ),
}


def test_a_case_through_its_rooms(quick_app: Flask, live_server: str, browser: Browser) -> None:
    City(quick_app)
    logins = ("officer", "leader", "police", "technical", "registrar", "reviewer")
    with signed_in(browser, live_server, RULESET, *logins) as people:
        officer, leader, police = people["officer"], people["leader"], people["police"]
        technical, registrar = people["technical"], people["registrar"]
        reviewer = people["reviewer"]
        page = officer.page

        page.get_by_role("link", name="New fire").first.click()
        for name, value in {
            "occurred_on": "2025-05-12", "occurred_time": "03:40", "division": FUYUAN,
            "unit_name": "某某商贸有限公司", "address": "胜境街道1号", "category": "ordinary",
            "deaths": "5", "serious_injuries": "2",
        }.items():  # fmt: skip
            officer.fills(name, value)
        page.get_by_role("button", name="Open the case").click()
        number = page.locator(".case-number").inner_text()[:14].strip()
        assert re.fullmatch(r"5303-2025-0001", number)
        officer.number = number

        # The team, and a ground of recusal that one of its members declares.
        officer.takes("request_team", "2025-05-13", to="市人民政府", document_no="曲消请5号")
        officer.takes("establish_team", "2025-05-14", person="市调查组组长（leader）")
        for body, person in (
            ("fire_rescue", "市承办人（officer）"), ("police", "公安成员（police）"),
            ("emergency_management", "应急管理派员"), ("industry_authority", "技术组组长（technical）"),
        ):  # fmt: skip
            officer.takes("join_team", "2025-05-14", item=body, person=person)
        police.opens_case(number)
        police.goes_to("Team")
        police.clicks("Declare on recusal")
        police.writes(grounds="interest", facts="持有该公司股份", declared_on="2025-05-15")
        expect(police.page.locator("#main")).to_contain_text("ground declared")
        leader.opens_case(number)
        leader.takes(
            "decide_recusal", "2025-05-16", person="公安成员（police）", outcome="granted",
            note="持股属实",
        )  # fmt: skip
        answer = police.page.reload()
        assert answer is not None
        assert answer.status == 404
        officer.goes_to("Team")
        expect(page.locator("#main")).to_contain_text("recused on 2025-05-16")
        officer.clicks("公安成员")
        expect(page.locator("#main")).to_contain_text("公安成员")
        officer.takes("join_team", "2025-05-17", item="police", person="公安继任成员")

        # The scene: an appraisal that is expected only after the report is due, and comes late.
        officer.goes_to("Scene")
        officer.follows("/scene/tests/new")
        officer.writes(
            subject="起火部位导线", body="某鉴定机构", qualification="云鉴1号", question="熔痕性质",
            sent_on="2025-05-20", expected_on="2025-07-20",
        )  # fmt: skip
        expect(page.locator("#main")).to_contain_text("起火部位导线")
        expect(page.locator("#main .note-warn")).not_to_have_count(0)

        # More time, with its effect shown before it is asked for and before it is decided.
        officer.goes_to("Reply")
        officer.clicks("Time of the report")
        officer.follows("/reply/extension/ask")
        officer.fills("on", "2025-07-01")
        officer.fills("days", "60")
        page.get_by_role("button", name="Show the effect").click()
        expect(page.locator("#main")).to_contain_text("2025-09-09")
        officer.writes(grounds="鉴定未出结论")
        reviewer.opens_case(number)
        reviewer.goes_to("Reply")
        reviewer.clicks("Time of the report")
        reviewer.follows("/reply/extension/decide")
        reviewer.writes(on="2025-07-08", outcome="approved", document_no="曲政办9号")
        expect(reviewer.page.locator("#main")).to_contain_text("2025-09-09")
        officer.goes_to("Scene")
        officer.clicks("Enter the conclusion")
        officer.writes(
            returned_on="2025-08-01", conclusion="一次短路熔痕", report_no="鉴7号",
            is_stamped="yes", is_signed="yes",
        )  # fmt: skip

        # One line of the inquiry through all of its sub-items; the others as steps.
        officer.goes_to("Inquiry")
        for point in ("making", "selling", "using", "performance"):
            officer.follows(f"/inquiry/lines/products/{point}/new")
            officer.writes(result="nothing_found", reason="抽检合格")
        officer.follows("/inquiry/lines/products/close")
        officer.writes(text="产品质量未发现问题")
        for line in ("use", "construction", "services", "supervision"):
            officer.takes("line_finding", "2025-08-05", item=line, text="经查……")
        officer.takes("assess_rescue", "2025-08-05", text="处置及时")
        officer.takes("fire_determination", "2025-08-06", text="电气线路故障")
        leader.goes_to("Team")
        leader.follows("/team/meetings/new/analysis_meeting")
        leader.writes(held_at="2025-08-07T09:00", decisions="起火原因讨论一致")
        leader.takes("determine_cause", "2025-08-07", text="电气线路故障")
        leader.takes(
            "determine_nature", "2025-08-08", outcome="responsibility_accident", text="责任事故"
        )

        # The report: six parts, each released; approved, signed by all, one of them dissenting.
        officer.goes_to("Report")
        for part in RULESET.lists["report_parts"].items:
            officer.follows(f"/report/sections/new?part={part.id}&order=1")
            told = "联系人电话13800001234。" if part.id == "unit" else "经查明……"
            officer.writes(title=part.label.zh, text=told, state="released")
            officer.part(part.id).get_by_role("button").click()
            expect(officer.part(part.id)).to_contain_text("drafted on")
        officer.clicks("Opinions")
        officer.follows("/report/opinions/new")
        officer.writes(
            body="市住房和城乡建设局", asked_on="2025-08-12", answered_on="2025-08-19", text="无意见",
            adopted="yes",
        )  # fmt: skip
        leader.goes_to("Team")
        leader.follows("/team/meetings/new/deliberation_meeting")
        leader.writes(held_at="2025-08-25T09:00", decisions="同意报审")
        leader.goes_to("Report")
        leader.clicks("Approval", "Decide on the whole report")
        leader.writes(decision="approved", decided_on="2025-08-28")
        for signer, result, note in (
            (leader, "signed", ""), (officer, "signed", ""), (technical, "dissent", "责任划分过重"),
        ):  # fmt: skip
            if not signer.number:
                signer.opens_case(number)
            signer.goes_to("Report")
            signer.clicks("Signatures")
            signer.page.locator("#main a.is-own").click()
            signer.writes(result=result, signed_on="2025-09-01", note=note)
        expect(technical.page.locator("#main")).to_contain_text("责任划分过重")
        officer.goes_to("Report")
        officer.clicks("Signatures")
        for absent in ("应急管理派员", "公安继任成员"):
            officer.clicks(f"Enter {absent}")
            officer.writes(result="signed", way="scan", signed_on="2025-09-01", files=SCAN)
        officer.clicks("Parts")
        officer.follows("/report/submission")
        expect(page.locator("#main")).to_contain_text("It is bound to the text as it stands now")
        officer.writes(number="曲消报1号", submitted_on="2025-09-05")

        # The government returns it; the text is changed, approved and signed anew.
        registrar.opens_case(number)
        registrar.goes_to("Reply")
        registrar.writes("Register the receipt", on="2025-09-08", document_no="收文1号")
        reviewer.goes_to("Reply")
        reviewer.clicks("Reply or return")
        reviewer.writes(
            "Record the answer", decision="returned", document_no="曲政办退1号",
            replied_on="2025-09-10", decided_by="sign_off", grounds="责任部分应补充依据",
        )  # fmt: skip
        expect(reviewer.page.locator("#main")).to_contain_text("returned")
        officer.goes_to("Report")
        officer.part("responsibility").get_by_role("link", name=re.compile("Write")).click()
        officer.writes(text="经查明……依据《消防法》第六十条。", reason="按退回意见补充")
        expect(officer.part("responsibility")).to_contain_text("changed since drafted")
        leader.goes_to("Report")
        leader.clicks("Approval", "Decide on the whole report")
        leader.writes(decision="approved", decided_on="2025-09-11")
        for signer, result in ((leader, "signed"), (officer, "signed"), (technical, "dissent")):
            signer.goes_to("Report")
            signer.clicks("Signatures")
            signer.page.locator("#main a.is-own").click()
            signer.writes(
                result=result,
                signed_on="2025-09-12",
                note="仍认为过重" if result == "dissent" else "",
            )
        officer.goes_to("Report")
        officer.follows("/report/submission")
        expect(page.locator("#main")).to_contain_text("The text changed since these signed")
        officer.writes(number="曲消报2号", submitted_on="2025-09-13", reason="两人书面签字在途")
        registrar.goes_to("Reply")
        registrar.writes("Register the receipt", on="2025-09-15", document_no="收文2号")
        # 15 working days, past National Day; a Sunday and a Saturday are worked.
        expect(registrar.page.locator("#clock")).to_contain_text("2025-10-11")
        reviewer.goes_to("Reply")
        reviewer.clicks("What changed")
        expect(reviewer.page.locator("#main")).to_contain_text("依据《消防法》第六十条")
        reviewer.goes_to("Reply")
        reviewer.clicks("Reply or return")
        reviewer.writes(
            "Record the answer", decision="approved", document_no="曲政复1号",
            replied_on="2025-09-25", decided_by="sign_off",
        )  # fmt: skip

        reviewer.goes_to("Overview")
        assert reviewer.due("evaluation") == "2026-09-25"

        # What the public reads: the number of somebody's telephone is found, and withheld.
        officer.goes_to("Public version")
        expect(page.locator("#check")).to_contain_text("13800001234")
        page.locator("#check .finding-links a").first.click()
        officer.writes(passage="联系人电话13800001234", ground="personal", replacement="（略）")
        officer.clicks("Release")
        officer.writes("Release", released_on="2025-10-09")
        officer.clicks("Prove its publication")
        for place in RULESET.lists["publication_places"].items:
            officer.fills("places", place.id)
        officer.writes(
            where="曲靖日报、市政府网站", published_on="2025-10-10", address="https://example.org/1"
        )
        expect(page.locator("#main")).not_to_contain_text("missing")

        # Two measures: one is proved, the other isn't.
        registrar.goes_to("Execution")
        for _each in range(registrar.page.get_by_role("link", name="Enter", exact=True).count()):
            registrar.clicks("Enter")
            registrar.writes(sent_on="2025-09-26", received_on="2025-09-26", signed_by="收件人")
        officer.goes_to("Execution")
        for what in ("更换电气线路", "恢复防火分区"):
            officer.follows("/execution/measures/new")
            officer.writes(
                what=what, unit="某某商贸有限公司", kind="unit", set_on="2025-10-09",
                due_on="2026-03-31", state="set",
            )  # fmt: skip
        for item, state, proof in (("1", "proved", "验收单"), ("2", "not_proved", "现场仍未恢复")):
            officer.follows(f"/execution/measures/{item}")
            officer.writes(
                state=state,
                done="见现场记录",
                proof=proof,
                accepted_by="市消防救援支队",
                accepted_on="2026-03-30",
            )

        # Evaluation: the sheet is there already, with what is proved and what is not.
        reviewer.takes("open_evaluation", "2026-07-27", document_no="曲政办20号")
        officer.takes("join_evaluation", "2026-07-28", person="评估组成员（evaluator）")
        for part in RULESET.lists["evaluation_findings"].items:
            officer.goes_to("Evaluation")
            officer.follows(f"/evaluation/parts/{part.id}")
            if part.id == "measures":
                expect(page.locator("[name=state-1]")).to_have_value("not_proved")
            officer.writes(on="2026-09-01", text="见各项")
        officer.takes("evaluation_report", "2026-09-20", to="市人民政府")

        # Supervision of what was not carried out, until it is.
        reviewer.goes_to("Evaluation")
        reviewer.follows("/evaluation/supervisions/new")
        reviewer.writes(
            to="富源县人民政府", what="恢复防火分区", measures="2", document_no="曲政督1号",
            ordered_on="2026-09-25", due_on="2026-10-31",
        )  # fmt: skip
        reviewer.clicks("Extend or lift it")
        reviewer.writes(lifted_on="2026-10-20", lifting_no="曲政督2号", lifting_grounds="复查合格")
        expect(reviewer.page.locator("#main")).to_contain_text("2026-10-20")
        officer.goes_to("Overview")
        expect(page.locator(".stage-past")).to_have_count(5)
        expect(page.locator(".stage-current")).to_contain_text("evaluation")
