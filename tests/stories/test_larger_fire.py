"""A relatively serious fire from the alarm to the evaluation report, by three people over HTTP.

Five deaths, direct property loss 155,454 yuan (so the loss is a floor), Fuyuan, 2025-05-12.
"""

from flask import Flask

from fireinvest.services.cases import find_number, load_case, rebuild
from fireinvest.services.journal import verify_log
from tests.services.office import CALENDAR
from tests.stories.city import FIVE_DEATHS, City
from tests.web.office import text_of


def test_from_opening_to_evaluation(app: Flask) -> None:
    city = City(app, "officer", "leader", "registrar", "reviewer", "county", "stranger")
    officer, leader = city["officer"], city["leader"]
    registrar, reviewer = city["registrar"], city["reviewer"]

    number = officer.opens(**FIVE_DEATHS)
    page = text_of(officer.reads(number))
    assert "至少较大" in page or "至少 较大" in page
    assert "市级人民政府" in page
    assert officer.dues(number) == {
        "team_request/1": "2025-05-15",
        "determination/1": "2025-06-11",
        "report/1": "2025-07-11",
    }

    # The county sees its own fire, another county doesn't.
    assert city["county"].client.get(f"/cases/{number}").status_code == 200
    assert city["stranger"].client.get(f"/cases/{number}").status_code == 404
    # Nobody replies to what wasn't submitted.
    assert not reviewer.may_take(number, "reply")

    officer.takes(number, "request_team", "2025-05-13", to="市人民政府", document_no="曲消请5号")
    officer.takes(
        number,
        "establish_team",
        "2025-05-14",
        person="市调查组组长（leader）",
        document_no="曲政办1号",
    )
    members = {
        "fire_rescue": "市承办人（officer）", "police": "公安成员（police）",
        "emergency_management": "应急管理派员", "industry_authority": "商务部门派员",
    }  # fmt: skip
    for body, person in members.items():
        officer.takes(number, "join_team", "2025-05-14", item=body, person=person)
    for organ in ("discipline", "procuratorate"):
        officer.takes(number, "invite", "2025-05-14", item=organ, to="某机关")
    officer.takes(number, "founding_meeting", "2025-05-15", subject="调查组成立会议")
    leader.takes(
        number, "form_group", "2025-05-15", item="technical", person="技术组组长（technical）"
    )

    officer.takes(number, "assess_rescue", "2025-05-28", text="处置及时")
    for line in ("use", "construction", "services", "products", "supervision"):
        officer.takes(number, "line_finding", "2025-06-05", item=line, text="经查……", unit="某单位")
    officer.takes(number, "test_commissioned", "2025-05-20", subject="起火物", body="某鉴定机构")
    officer.takes(number, "test_returned", "2025-06-10", ref="1")

    officer.takes(number, "fire_determination", "2025-06-20", text="电气线路故障")
    officer.takes(number, "ask_extension", "2025-07-01", days="60", grounds="案情复杂")
    assert not officer.may_take(number, "decide_extension")
    reviewer.takes(
        number,
        "decide_extension",
        "2025-07-08",
        days="60",
        outcome="approved",
        document_no="曲政办9号",
    )
    assert officer.dues(number)["report/1"] == "2025-09-09"

    # The loss is assessed in full: the level is no floor any more.
    officer.takes(
        number,
        "update_figures",
        "2025-07-10",
        direct_economic_loss_yuan="1554540.00",
        source="评估",
    )
    assert "至少" not in text_of(officer.reads(number)).partition("概况")[0]

    leader.takes(number, "analysis_meeting", "2025-07-15", subject="事故调查分析会")
    leader.takes(number, "determine_cause", "2025-07-16", text="电气线路故障")
    leader.takes(
        number, "determine_nature", "2025-07-17", outcome="responsibility_accident", text="责任事故"
    )
    for part in ("unit", "course", "casualties", "cause", "responsibility", "measures"):
        officer.takes(number, "draft_report", "2025-08-10", item=part, text="……")
    officer.takes(number, "consult", "2025-08-12", to="有关单位")
    officer.takes(number, "consult_answer", "2025-08-19", sender="某单位")
    leader.takes(number, "deliberation_meeting", "2025-08-25", subject="报告审议会议")
    leader.takes(number, "approve_report", "2025-08-28", outcome="approved", decided_by="组长")
    team = ["leader", "officer", "police", "technical", "应急管理派员", "商务部门派员"]
    for person in team:
        outcome = "dissent" if person == "police" else "signed"
        officer.takes(
            number, "sign_report", "2025-09-01", person=person, outcome=outcome,
            note="对责任划分有不同意见" if outcome == "dissent" else "",
        )  # fmt: skip
    officer.takes(number, "submit_report", "2025-09-08", to="市人民政府", document_no="曲消报1号")
    # As long as no receipt is registered it counts from the sending.
    assert officer.dues(number)["reply/1"] == "2025-09-28"
    registrar.takes(number, "receive_report", "2025-09-09", sender="调查组", document_no="收文1号")
    assert officer.dues(number)["reply/1"] == "2025-09-29"  # Sunday 09-28 is worked

    assert not officer.may_take(number, "reply")
    reviewer.takes(
        number, "reply", "2025-09-25", outcome="approved", decided_by="市人民政府",
        document_no="曲政复1号",
    )  # fmt: skip
    after_reply = officer.dues(number)
    assert after_reply["delivery/1"] == "2025-10-09"  # 5 working days, past National Day
    assert after_reply["publication/1"] == "2025-10-29"  # 20 working days
    assert after_reply["archive/1"] == "2025-10-25"
    assert after_reply["evaluation/1"] == "2026-09-25"

    for recipient in ("lead", "discipline", "judicial"):
        registrar.takes(
            number, "deliver_reply", "2025-09-26", item=recipient, recipient="某人", receipt="回证"
        )
    officer.takes(number, "reply_received", "2025-09-26", sender="市人民政府")
    assert officer.dues(number)["copies/1"] == "2025-10-10"
    for place in ("report_media", "report_website", "result_media", "result_website"):
        officer.takes(
            number, "publish", "2025-10-09", item=place, where="曲靖日报、政府网站", proof="版面"
        )
    for recipient in ("participants", "lower_governments"):
        officer.takes(number, "send_copies", "2025-09-28", item=recipient, recipient="某单位")
    for paper in ("founding", "report", "signatures", "reply", "evidence", "tests"):
        officer.takes(number, "archive", "2025-10-20", item=paper, recipient="档案室")
    officer.takes(
        number, "set_measure", "2025-10-09", ref="1", what="更换电气线路", due_on="2026-03-31"
    )
    assert officer.dues(number)["measure/1"] == "2026-03-31"
    officer.takes(number, "accept_measure", "2026-03-20", ref="1", outcome="proved", proof="验收单")

    reviewer.takes(number, "open_evaluation", "2026-07-27", document_no="曲政办20号")
    officer.takes(number, "join_evaluation", "2026-07-28", person="评估组成员（evaluator）")
    for finding in ("measures", "penalties", "lessons"):
        officer.takes(number, "evaluate", "2026-09-01", item=finding, text="已落实")
    officer.takes(number, "evaluation_report", "2026-09-20", to="市人民政府")

    page = text_of(officer.reads(number))
    assert "目前尚缺" not in page
    assert "Still missing" not in page
    assert "逾期" not in page
    with city.database.readers.begin() as session:
        ref = find_number(session, number)
        assert ref is not None
        loaded = load_case(session, ref.id)
        assert loaded.row["ended_on"] is not None
        assert loaded.case.stage == "evaluation"
        assert loaded.case.inconsistencies == ()
        assert list(verify_log(session)) == []
    assert list(rebuild(city.database, CALENDAR)) == []
    # Every entry and every clock has a page of its own.
    for entry in loaded.case.journal:
        officer.reads(number, f"/entries/{entry.seq}")
    for clock in officer.dues(number):
        officer.reads(number, f"/clocks/{clock}")
