"""Execution and evaluation through HTTP: receipts, ledgers, the sheet, supervision, new fires."""

from collections.abc import Mapping
from datetime import date
from io import BytesIO

import pytest
from flask import Flask
from openpyxl import load_workbook

from fireinvest.services.people import Post
from fireinvest.workflow.actions import (
    Decision,
    Delivery,
    DocumentSent,
    Finding,
    Measure,
    Membership,
    Order,
    Recusal,
)
from tests.queries import counted
from tests.services.office import FUYUAN, did, facts, opened
from tests.services.test_execution import AUGUST, JULY, burned_again
from tests.web.office import hidden, person_with, text_of, token
from tests.web.test_team import Office

MEASURE = {
    "what": "拆除保温层", "unit": "某公司", "kind": "unit", "set_on": "2025-07-20",
    "due_on": "2025-08-01", "state": "set",
}  # fmt: skip
LIABLE = {
    "name": "某副主任", "sort": "person", "is_official": "yes", "fact": "督促不力",
    "kind": "discipline", "proposed": "政务警告", "state": "proposed", "state_on": "2025-07-20",
    "due_on": "2025-08-01",
}  # fmt: skip
SUPERVISION = {
    "unit": "某公司", "to": "某区政府", "what": "拆除", "measures": "1", "document_no": "政发1号",
    "ordered_on": "2025-08-20", "due_on": "2025-09-30",
}  # fmt: skip


class Replied(Office):
    """A county's case whose report was replied to, with the government's people and an evaluator."""

    def __init__(self, app: Flask) -> None:
        super().__init__(app)
        for login in ("handler", "signer", "registrar"):
            post = Post(f"government_{login}", division=FUYUAN, tier="county")
            person_with(self.database, login, post)
        person_with(self.database, "evaluator", name="评估员")
        did(self.database, self.ref, "submit_report", DocumentSent(to="县政府"), date(2025, 7, 10))
        replied = Decision("approved", decided_by="县政府", document_no="富政复1号")
        did(self.database, self.ref, "reply", replied, date(2025, 7, 18))

    def fill(self, login: str, page: str, fields: Mapping[str, object], status: int = 303) -> str:
        """Send a part of the sheet, which has a version of each of its lines."""
        form = self.page(login, page)
        data = {"csrf_token": token(form), "key": hidden(form, "key"), **fields}
        address = f"/cases/{self.ref.number}{page}"
        answer = self.client(login).post(address, data=data)
        assert answer.status_code == status, text_of(answer.text)
        return answer.text

    def cells(self, page: str) -> list[object]:
        """What stands in a table that a member takes away."""
        with self.client("member").get(f"/cases/{self.ref.number}{page}") as answer:
            sheet = load_workbook(BytesIO(answer.data)).worksheets[0]
            return [cell.value for row in sheet for cell in row]

    def evaluated(self) -> None:
        did(self.database, self.ref, "open_evaluation", Order(document_no="2"), AUGUST)
        did(self.database, self.ref, "join_evaluation", Membership("evaluator"), AUGUST)


@pytest.fixture
def office(app: Flask) -> Replied:
    return Replied(app)


@pytest.fixture
def quick_office(quick_app: Flask) -> Replied:
    return Replied(quick_app)


def test_recipients_list_themselves_and_the_missing_ones_show(quick_office: Replied) -> None:
    office = quick_office
    page = text_of(office.page("carrier", "/execution"))
    assert page.count("missing") >= 4 + 3
    assert "富源县公安局" in page
    # The reply is the government's to deliver, copies are the lead's to send.
    office.page("carrier", "/execution/deliveries/new", 403)
    form = "/execution/deliveries/new?item=lead&whom=fire_rescue"
    begun = office.page("registrar", form)
    assert 'value="fire-rescue agency"' in begun
    assert 'name="item"' not in begun
    given = {"recipient": "消防救援大队", "sent_on": "2025-07-21"}
    wrong = office.send("registrar", form, 400, **given, received_on="2025-07-20", signed_by="甲")
    assert "It was received before it was sent." in text_of(wrong)
    office.send("registrar", form, **given)
    assert "no receipt yet" in text_of(office.page("carrier", "/execution"))
    assert office.steps("deliver_reply") == []
    got = {**given, "received_on": "2025-07-22", "signed_by": "甲"}
    scan = (BytesIO(b"%PDF-1.4\n%%EOF\n"), "回证.pdf")
    office.send("registrar", "/execution/deliveries/1", **got, files=scan)
    assert office.steps("deliver_reply") == [Delivery("lead", "消防救援大队", "DL1", None)]
    assert "回证.pdf" in office.page("carrier", "/execution")
    copy = "/execution/copies/new?item=participants&whom=police/富源县公安局"
    office.send("carrier", copy, recipient="富源县公安局", sent_on="2025-07-22",
                received_on="2025-07-22", signed_by="乙")  # fmt: skip
    assert len(office.steps("send_copies")) == 1
    for missing in ("/execution/parties/new", "/execution/parties/1", "/execution/ledgers/copies"):
        office.page("carrier", missing, 404)


def test_a_measure_is_written_in_its_room_alone_with_its_step(quick_office: Replied) -> None:
    office = quick_office
    client, case = office.client("carrier"), f"/cases/{office.ref.number}"
    assert client.get(f"{case}/registers/measures/new?unit=x").location.endswith(
        "/execution/measures/new?unit=x"
    )
    office.send("carrier", "/execution/measures/new", **MEASURE)
    assert client.get(f"{case}/registers/measures/1/edit").location.endswith(
        "/execution/measures/1"
    )
    assert office.steps("set_measure") == [Measure("ME1", "拆除保温层", "某公司", date(2025, 8, 1))]
    page = text_of(office.page("member", "/execution"))
    assert "1 overdue" in page
    assert "days overdue" in page
    office.page("member", "/execution/measures/1", 403)
    done = {**MEASURE, "state": "proved", "accepted_by": "验收组", "accepted_on": "2025-08-20"}
    wrong = text_of(office.send("carrier", "/execution/measures/1", 400, **done))
    assert "Proof is needed: in words, or as a file." in wrong
    late = text_of(office.send("carrier", "/execution/measures/1", 400, **done, proof="照片"))
    assert "was due on 2025-08-01." in late
    office.send("carrier", "/execution/measures/1", **done, proof="照片", reason="雨季停工")
    assert [each.outcome for each in office.steps("accept_measure")] == ["proved"]  # type: ignore[attr-defined]
    did(office.database, office.ref, "set_measure",
        Measure("整改-9", "培训", "某公司", date(2035, 12, 1)), JULY)  # fmt: skip
    assert "整改-9" in text_of(office.page("carrier", "/execution"))
    form = office.page("carrier", "/execution/measures/new?ref=整改-9")
    assert "培训" in form
    taken = {**MEASURE, "what": "培训", "due_on": "2035-12-01"}
    office.send("carrier", "/execution/measures/new?ref=整改-9", **taken)
    assert len(office.steps("set_measure")) == 2


def test_a_ledger_is_filtered_counted_and_taken_away(quick_office: Replied) -> None:
    office = quick_office
    office.send("carrier", "/execution/measures/new", **MEASURE)
    later = {**MEASURE, "what": "专项治理", "kind": "campaign", "due_on": "2035-12-01"}
    office.send("carrier", "/execution/measures/new", **later)
    ledger = "/execution/ledgers/measures"

    def shown(query: str) -> list[str]:
        page = office.page("member", f"{ledger}?{query}")
        return [each for each in ("拆除保温层", "专项治理") if each in page]

    assert shown("") == ["拆除保温层", "专项治理"]
    for query, found in (
        ("state=open", ["拆除保温层", "专项治理"]), ("state=proved", []),
        ("kind=campaign", ["专项治理"]), ("late=1", ["拆除保温层"]), ("q=治理", ["专项治理"]),
        ("after=1", ["专项治理"]), ("state=set&q=某公司", ["拆除保温层", "专项治理"]),
    ):  # fmt: skip
        assert shown(query) == found, query
    cells = office.cells(f"{ledger}/excel?late=1")
    assert "拆除保温层" in cells
    assert "专项治理" not in cells
    office.send("carrier", "/execution/liabilities/new", **LIABLE)
    page = text_of(office.page("member", "/execution/ledgers/liabilities"))
    assert "public official" in page
    assert "overdue" in page
    kept = {**LIABLE, "name": "某主任", "restriction": "discipline"}
    office.send("carrier", "/execution/liabilities/new", **kept)
    for address in ("/execution", "/evaluation", "/execution/ledgers/liabilities?q=主任"):
        assert "某主任" not in office.page("member", address)
    cells = office.cells("/execution/ledgers/liabilities/excel")
    assert "某副主任" in cells
    assert "某主任" not in cells


def test_what_the_reports_matrix_holds_is_taken_into_the_ledgers(quick_office: Replied) -> None:
    office = quick_office
    for sort, text in (("responsibility", "未落实动火审批"), ("measure", "拆除保温层")):
        office.send("carrier", "/registers/facts/new", sort=sort, text=text)
    page = text_of(office.page("carrier", "/execution"))
    assert page.count("In the report's matrix, but not in the ledger:") == 2
    form = office.page("carrier", "/execution/measures/new?node=2&what=拆除保温层")
    assert "拆除保温层</textarea>" in form
    office.send("carrier", "/execution/measures/new", **MEASURE, node="2")
    office.send("carrier", "/execution/liabilities/new", **LIABLE, node="1")
    page = text_of(office.page("carrier", "/execution"))
    assert "In the report's matrix" not in page


def test_what_waited_for_the_reply_is_carried_into_the_procedure(quick_app: Flask) -> None:
    office = Office(quick_app)
    did(office.database, office.ref, "submit_report", DocumentSent(to="县政府"), date(2025, 7, 10))
    office.send("carrier", "/execution/measures/new", **MEASURE)
    assert "not in the procedure yet" in text_of(office.page("carrier", "/execution"))
    did(office.database, office.ref, "reply",
        Decision("approved", decided_by="县政府"), date(2025, 7, 18))  # fmt: skip
    page = office.page("carrier", "/execution")
    address = f"/cases/{office.ref.number}/execution/carry"
    data = {"csrf_token": token(page), "key": hidden(page, "key")}
    assert office.client("carrier").post(address, data=data).status_code == 303
    assert len(office.steps("set_measure")) == 1
    assert "not in the procedure yet" not in text_of(office.page("carrier", "/execution"))
    theirs = {**data, "csrf_token": token(office.page("leader", "/execution/transfers/new"))}
    assert office.client("leader").post(address, data=theirs).status_code == 403


def test_a_transfer_has_its_list_of_evidence(quick_office: Replied) -> None:
    office = quick_office
    piece = {"title": "检测报告", "kind": "document", "quantity": "1份"}
    office.send("carrier", "/registers/evidence/new", **piece)
    sent = {"subject": "涉嫌犯罪线索", "kind": "criminal", "to": "公安局", "evidence": "1"}
    office.send("carrier", "/execution/transfers/new", **sent, sent_on="2025-08-01")
    assert office.steps("refer_criminal") == [DocumentSent("公安局", None, "TR1 涉嫌犯罪线索")]
    paper = text_of(office.page("member", "/execution/transfers/1/list"))
    assert "检测报告 " in paper
    assert "Handed over by" in paper
    lead = {"subject": "履职不力", "to": "县纪委", "sent_on": "2025-08-01"}
    office.send("leader", "/execution/discipline_leads/new", **lead)
    assert len(office.steps("refer_discipline")) == 1
    for login in ("member", "carrier"):
        assert "履职不力" not in office.page(login, "/execution")
    office.page("member", "/execution/discipline_leads/1/list", 404)
    office.page("member", "/execution/copies/1/list", 404)


def test_a_part_of_the_sheet_is_filled_from_its_ledger_and_saved_as_one(office: Replied) -> None:
    office.evaluated()
    for name in ("拆除保温层", "全员培训"):
        office.send("carrier", "/execution/measures/new", **{**MEASURE, "what": name})
    address = "/evaluation/parts/measures"
    form = office.page("evaluator", address)
    assert "某公司：拆除保温层" in form
    assert "2 items, of which 0 are carried out and 2 are not." in text_of(form)
    lines = {
        f"{name}-{place}": value
        for place in range(2)
        for name, value in (("subject", f"第{place}项"), ("finding", "已查"), ("state", "proved"))
    }
    wrong = {**lines, "finding-1": "", "text": "一项未落实。", "on": "2025-09-01"}
    page = office.fill("evaluator", address, wrong, 400)
    assert "第1项" in page
    assert not office.items("evaluation_sheet")
    assert not office.steps("evaluate")
    # The line that the finding is refused with leaves no line either.
    office.fill("evaluator", address, {**lines, "text": "x", "on": "2025-08-01"}, 400)
    assert not office.items("evaluation_sheet")
    more = {"subject-2": "建立台账", "finding-2": "已建", "state-2": "proved"}
    said = {"text": "全部落实。", "on": "2025-09-01"}
    office.fill("evaluator", address, {**lines, **more, **said})
    assert [each.about for each in office.items("evaluation_sheet")] == [  # type: ignore[attr-defined]
        "measures 1", "measures 2", None,
    ]  # fmt: skip
    assert office.steps("evaluate") == [Finding("measures", text="全部落实。")]
    page = text_of(office.page("leader", "/evaluation"))
    assert "the ledger says something else now" in page
    assert "全部落实。" in page
    form = office.page("evaluator", address)
    again = {**lines, **more, "state-1": "not_proved", "proof-1": "未见",
             **{f"version-{place}": "1" for place in range(3)}}  # fmt: skip
    office.fill("evaluator", address, {**again, **said, "text": "一项未落实。"})
    assert [each.state for each in office.items("evaluation_sheet")] == [  # type: ignore[attr-defined]
        "proved", "not_proved", "proved",
    ]  # fmt: skip
    office.page("evaluator", "/evaluation/parts/none", 404)
    office.page("member", address, 403)


def test_a_member_of_the_evaluation_group_declares_and_may_be_recused(
    quick_office: Replied,
) -> None:
    office = quick_office
    office.evaluated()
    office.send("carrier", "/execution/liabilities/new", **{**LIABLE, "name": "评估员"})
    page = text_of(office.page("leader", "/evaluation"))
    assert "not declared yet" in page
    assert "on the ledger" in page
    given = {"person": "evaluator", "declared_on": "2025-08-20", "grounds": "interest"}
    office.send("evaluator", "/team/declare", **given, facts="与单位有业务往来")
    assert len(office.steps("declare_recusal")) == 1
    assert "ground declared" in text_of(office.page("leader", "/evaluation"))
    office.page("signer", "/steps/decide_evaluator_recusal")
    granted = Recusal("evaluator", outcome="granted")
    did(office.database, office.ref, "decide_evaluator_recusal", granted, date(2025, 8, 21))
    office.page("evaluator", "/evaluation", 404)
    assert "was recused" in text_of(office.page("leader", "/evaluation"))


def test_a_failed_measure_leads_to_supervision_and_delays_to_notices(quick_office: Replied) -> None:
    office = quick_office
    office.evaluated()
    office.send("carrier", "/execution/measures/new", **MEASURE)
    office.send("carrier", "/execution/liabilities/new", **LIABLE)
    page = text_of(office.page("signer", "/evaluation"))
    assert "Not carried out, and under no supervision: ME1" in page
    assert "should hear of: LB1" in page
    office.page("carrier", "/evaluation/supervisions/new", 403)
    office.send("signer", "/evaluation/supervisions/new?measures=1", **SUPERVISION)
    assert [each.ref for each in office.steps("order_supervision")] == ["SV1"]  # type: ignore[attr-defined]
    longer = {**SUPERVISION, "extended_to": "2025-10-30", "extended_on": "2025-09-01",
              "extension_grounds": "雨季"}  # fmt: skip
    office.send("signer", "/evaluation/supervisions/1", **longer)
    page = text_of(office.page("signer", "/evaluation"))
    assert "under no supervision" not in page
    assert "Extended on 2025-09-01 to 2025-10-30: 雨季" in page
    lifted = {**longer, "lifted_on": "2025-09-08", "lifting_grounds": "已拆除"}
    office.send("signer", "/evaluation/supervisions/1", **lifted)
    assert "Lifted on 2025-09-08" in text_of(office.page("carrier", "/evaluation"))
    notice = {"item": "discipline", "to": "县纪委", "about": "1", "asked": "请督促",
              "sent_on": "2025-09-01"}  # fmt: skip
    office.send("carrier", "/evaluation/delay_notices/new", **notice)
    assert [each.item for each in office.steps("notify_delay")] == ["discipline"]  # type: ignore[attr-defined]
    assert "should hear of" not in text_of(office.page("carrier", "/evaluation"))


def test_a_new_fire_is_shown_in_both_cases_until_a_person_judges(quick_office: Replied) -> None:
    office = quick_office
    office.send("carrier", "/execution/measures/new", **MEASURE)
    given = {**SUPERVISION, "unit": "某物流公司"}
    office.send("signer", "/evaluation/supervisions/new", **given)
    assert "burned again" not in text_of(office.page("carrier", ""))
    fire = burned_again(office.database, "某物流公司", "别处")
    for page in ("", "/evaluation"):
        assert f"Case {fire.number}: 某物流公司" in text_of(office.page("signer", page))
    theirs = office.client("signer").get(f"/cases/{fire.number}").text
    assert "This unit or address is under supervision in case" in text_of(theirs)
    office.page("signer", "/evaluation/art30_judgements/new?other=5303-2025-0999", 404)
    form = f"/evaluation/art30_judgements/new?other={fire.number}"
    judged = {"other": fire.number, "supervision": "1", "is_past": "no", "is_not_rectified": "yes",
              "is_serious": "yes", "grounds": "期限未到", "decided_by": "县政府",
              "decided_on": "2025-09-05"}  # fmt: skip
    office.send("signer", form, **judged)
    assert [each.outcome for each in office.steps("judge_new_fire")] == ["conditions_not_met"]  # type: ignore[attr-defined]
    for address in (f"/cases/{office.ref.number}", f"/cases/{fire.number}"):
        page = text_of(office.client("signer").get(address).text)
        assert "burned again" not in page
        assert "is under supervision in case" not in page
        assert "Linked cases" in page


def test_pages_cost_the_same_however_much_stands_there(quick_office: Replied) -> None:
    office = quick_office
    office.evaluated()

    def write() -> None:
        office.send("carrier", "/execution/measures/new", **MEASURE)
        office.send("carrier", "/execution/liabilities/new", **LIABLE)
        office.send("carrier", "/execution/transfers/new", subject="x", kind="authority", to="y")
        office.send("signer", "/evaluation/supervisions/new", **SUPERVISION)

    def costs() -> list[int]:
        found = []
        for address in ("/execution", "/evaluation", "/execution/ledgers/measures"):
            with counted(office.database) as sent:
                office.page("carrier", address)
            found.append(len(sent))
        return found

    write()
    costs()
    few = costs()
    write()
    write()
    assert costs() == few


def test_a_case_that_nobody_replied_to_shows_empty_rooms(quick_app: Flask) -> None:
    office = Office(quick_app)
    other = opened(office.database, known=facts(FUYUAN, deaths=0, social_impact=False))
    for number in (office.ref.number, other.number):
        for room in ("execution", "evaluation"):
            assert office.client("carrier").get(f"/cases/{number}/{room}").status_code == 200
