"""The reply's room through HTTP: receipt, the report beside its evidence, answers, more time."""

from datetime import date
from typing import Any

import pytest
from flask import Flask

from fireinvest.services.cases import load_case
from fireinvest.services.people import Post
from fireinvest.services.records import file_records
from fireinvest.services.reports import Asking, submit, text_of
from fireinvest.store import records as store
from fireinvest.workflow.actions import (
    Decision,
    DocumentReceived,
    DocumentSent,
    Extension,
    Finding,
    Membership,
)
from fireinvest.workflow.items.base import Item
from fireinvest.workflow.items.evidence import Evidence
from fireinvest.workflow.items.inquiry import ChainNode
from fireinvest.workflow.items.reply import Confirmation, PointCheck, Reply
from fireinvest.workflow.items.report import Section, Submission
from fireinvest.workflow.registers import Filing
from tests.queries import counted
from tests.services.office import CALENDAR, FUYUAN, LAW, NOW, TIMERS, TODAY, did, key
from tests.web.office import hidden, person_with, token
from tests.web.office import text_of as read
from tests.web.test_team import Office as Team

PARTS = ("unit", "course", "casualties", "cause", "responsibility", "measures")
SENT_ON, RECEIVED_ON, REPLIED_ON = date(2025, 7, 10), date(2025, 7, 11), date(2025, 7, 25)


class Office(Team):
    """A county's team with its government's office, and a report in six sections."""

    def __init__(self, app: Flask) -> None:
        super().__init__(app)
        for login, role in (
            ("registrar", "government_registrar"),
            ("handler", "government_handler"),
            ("signer", "government_signer"),
            ("head", "agency_head"),
        ):
            person_with(self.database, login, Post(role, division=FUYUAN, tier="county"))

    def file(self, *items: tuple[str, Item], changed: tuple[str, int, int] | None = None) -> None:
        filings = [Filing(register, item) for register, item in items]
        if changed is not None:
            register, number, version = changed
            filings = [Filing(register, items[0][1], number, version)]
        file_records(
            self.database, LAW, CALENDAR, TIMERS, self.ref.id, filings,
            idempotency_key=key(), now=NOW, today=TODAY,
        )  # fmt: skip

    def report(self) -> None:
        self.file(
            *(("sections", Section(part, f"章{part}", 1, f"{part}的正文。", "released"))
              for part in PARTS),
            ("evidence", Evidence("熔痕照片", "photo", taken_by="甲")),
            ("facts", ChainNode("fact", "电线短路", evidence=(1,))),
            ("facts", ChainNode("cause", "绝缘老化", before=(1,))),
        )  # fmt: skip

    def submit(self, number: str = "富消1号", on: date = SENT_ON) -> None:
        with self.database.readers.begin() as session:
            case = load_case(session, self.ref.id).case
            sections = store.items_of(session, self.ref.id, ["sections"])["sections"]
        asking = Asking(
            self.database, LAW, CALENDAR, TIMERS, self.ref.id, key(), NOW, TODAY
        )  # fmt: skip
        submit(
            asking, Submission(number, "调查报告", "富源县人民政府", on),
            seen=text_of(case, sections).hash, reason="先行报批",
        )  # fmt: skip

    def received(self, on: date = RECEIVED_ON) -> None:
        did(self.database, self.ref, "receive_report", DocumentReceived(sender="调查组"), on)

    def take(self, login: str, page: str, status: int = 303, **fields: object) -> str:
        form = self.page(login, page)
        start = form.index(f'data-draft="/cases/{self.ref.number}')
        data = {
            "csrf_token": token(form), "key": hidden(form[start:], "key"),
            "expected_version": hidden(form[start:], "expected_version"), **fields,
        }  # fmt: skip
        answer = self.client(login).post(f"/cases/{self.ref.number}{page}", data=data)
        assert answer.status_code == status, read(answer.text)
        return str(answer.text)

    def decide(self, login: str, page: str, status: int = 303, **fields: object) -> str:
        form = self.page(login, page)
        data = {
            "csrf_token": token(form), "key": hidden(form, "key"), "seen": hidden(form, "seen"),
            **fields,
        }  # fmt: skip
        answer = self.client(login).post(f"/cases/{self.ref.number}{page}", data=data)
        assert answer.status_code == status, read(answer.text)
        return str(answer.text)


ANSWER: dict[str, Any] = {
    "decision": "approved", "document_no": "富政复1号", "replied_on": f"{REPLIED_ON}",
    "decided_by": "sign_off", "decider": "富源县人民政府",
}  # fmt: skip


@pytest.fixture
def office(app: Flask) -> Office:
    return Office(app)


@pytest.fixture
def quick_office(quick_app: Flask) -> Office:
    return Office(quick_app)


def test_with_the_receipt_the_clock_appears_with_its_explanation(quick_office: Office) -> None:
    office = quick_office
    assert "No report was submitted yet." in read(office.page("registrar", "/reply"))
    office.report()
    office.submit()
    page = read(office.page("registrar", "/reply"))
    assert "no receipt is registered yet" in page
    office.take("registrar", "/reply/receipt", 400, on="2025-07-09", sender="调查组")
    assert not office.steps("receive_report")
    office.take("registrar", "/reply/receipt", on="2025-07-11", sender="调查组", document_no="收1")
    assert office.steps("receive_report") == [DocumentReceived("调查组", "收1")]
    page = read(office.page("handler", "/reply"))
    # 15 working days after the 11th.
    assert "2025-08-01" in page
    assert "Received on 2025-07-11." in page
    assert "counted as day 15" in page
    office.page("registrar", "/reply/receipt", 403)


def test_the_report_stands_beside_its_evidence_and_what_it_lacks(quick_office: Office) -> None:
    office = quick_office
    assert "No report was submitted yet." in read(office.page("handler", "/reply/report"))
    office.report()
    office.submit()
    first = Section("unit", "章unit", 1, "另写的正文。", "released")
    office.file(("sections", first), changed=("sections", 1, 1))
    page = read(office.page("handler", "/reply/report"))
    # As submitted, whatever was written since.
    assert "unit的正文。" in page
    assert "另写的正文。" not in page
    assert "E1 熔痕照片" in page
    assert "X1 电线短路 [E1]" in page
    assert "The leader approved the whole report" in page
    assert "Not signed: 李组长, 王成员." in page
    assert "Opinions sought" in page
    did(office.database, office.ref, "return_report", DocumentSent("组", "退1"), RECEIVED_ON)
    office.submit("富消2号", date(2025, 7, 15))
    assert "另写的正文。" in read(office.page("handler", "/reply/report"))
    assert "unit的正文。" in read(office.page("handler", "/reply/report?round=1"))
    office.page("handler", "/reply/report?round=3", 404)
    page = office.page("handler", "/reply/changes")
    assert "<del>unit的正文。</del><ins>另写的正文。</ins>" in page
    assert "章course" not in page


def test_an_answer_is_bound_to_the_text_that_was_read(office: Office) -> None:
    office.report()
    office.page("handler", "/reply/answer", 303)
    office.submit()
    office.received()
    form = office.page("handler", "/reply/answer")
    for wrong, words in (
        ({"decision": "returned"}, "A return needs its reason in writing."),
        ({"decision": "approved_with_changes"}, "note them first"),
        ({"decided_by": "executive_meeting"}, "This is needed."),
        ({"replied_on": "2025-07-01"}, "It can't lie before"),
    ):
        page = office.decide("handler", "/reply/answer", 400, **{**ANSWER, **wrong})
        assert words in read(page), wrong
        assert "富政复1号" in page
    assert not office.items("replies")
    assert not office.steps("reply")
    # What was submitted anew meanwhile was not read.
    did(office.database, office.ref, "return_report", DocumentSent("组", "退1"), RECEIVED_ON)
    office.submit("富消2号", date(2025, 7, 15))
    office.received(date(2025, 7, 16))
    data = {
        "csrf_token": token(form), "key": hidden(form, "key"), "seen": hidden(form, "seen"),
        **ANSWER,
    }  # fmt: skip
    address = f"/cases/{office.ref.number}/reply/answer"
    answer = office.client("handler").post(address, data=data)
    assert answer.status_code == 400
    assert "Another report was submitted since" in read(answer.text)
    assert not office.items("replies")
    form = office.page("handler", "/reply/answer")
    data |= {"key": hidden(form, "key"), "seen": hidden(form, "seen")}
    for _ in range(2):  # Sent twice, done once.
        assert office.client("handler").post(address, data=data).status_code == 303
    (reply,) = office.items("replies")
    sent = office.items("submissions")[-1]
    assert isinstance(reply, Reply)
    assert isinstance(sent, Submission)
    assert (reply.round, reply.submission, reply.text_hash) == (2, (2,), sent.text_hash)
    assert office.steps("reply") == [
        Decision("approved", None, "富源县人民政府", "富政复1号", None, None)
    ]
    page = read(office.page("handler", "/reply"))
    assert "bound to submission no. 2" in page
    office.decide("handler", "/reply/answer", 409, **ANSWER)


def test_a_return_ends_the_clock_with_its_reason(quick_office: Office) -> None:
    office = quick_office
    office.report()
    office.submit()
    office.received()
    back: dict[str, Any] = {**ANSWER, "decision": "returned", "grounds": "损失依据不足"}
    office.decide("handler", "/reply/answer", **back)
    assert office.steps("return_report") == [DocumentSent("火灾事故调查组", "富政复1号")]
    page = read(office.page("handler", "/reply"))
    assert "returned (no reply)" in page
    office.decide("handler", "/reply/answer", 409, **ANSWER)


def test_nobody_answers_a_report_of_their_own_or_writes_in_one_they_answer(
    quick_office: Office,
) -> None:
    office = quick_office
    office.report()
    office.submit()
    office.received()
    # The handler reads the report, and can't write in it.
    office.page("handler", "/reply/report")
    office.page("handler", "/registers/sections/1/edit", 403)
    office.page("handler", "/report/sections/1/edit", 403)
    office.page("carrier", "/reply/answer", 403)
    joined = Membership(person="handler", agency="富源县人民政府", item="other")
    did(office.database, office.ref, "join_team", joined)
    office.page("handler", "/reply/answer", 403)
    office.page("handler", "/reply/points/new", 403)
    office.decide("signer", "/reply/answer", **ANSWER)


POINT: dict[str, Any] = {"text": "补充损失认定依据", "part": "casualties", "section": "3"}
STAGE: dict[str, Any] = {"stage": "legal_review", "body": "县司法局", "began_on": "2025-07-14"}


def test_the_final_version_is_checked_point_by_point(quick_office: Office) -> None:
    office = quick_office
    office.report()
    office.submit()
    office.received()
    office.page("handler", "/reply/final", 404)
    office.send("handler", "/reply/points/new", round="1", **POINT)
    office.send("handler", "/reply/points/new", round="1", text="核对人名")
    changes: dict[str, Any] = {**ANSWER, "decision": "approved_with_changes", "points": ["1", "2"]}
    office.decide("handler", "/reply/answer", **changes)
    (reply,) = office.items("replies")
    assert isinstance(reply, Reply)
    assert reply.points_bound == "PT1@1 PT2@1"
    page = read(office.page("carrier", "/reply/final"))
    assert "Nothing was changed there" in page
    assert "not checked yet" in page
    given: dict[str, Any] = {"confirmed_on": f"{REPLIED_ON}", "note": "已核对"}
    page = office.decide("handler", "/reply/final", 400, **given, **{"result-1": "met"})
    assert "Each point is met, or waived with a reason." in read(page)
    waived: dict[str, Any] = {"result-1": "met", "result-2": "waived"}
    page = office.decide("handler", "/reply/final", 400, **given, **waived)
    assert "Waiving a point needs a reason." in read(page)
    assert not office.items("point_checks")
    assert not office.steps("confirm_changes")
    form = office.page("handler", "/reply/final")
    fresh = Section("casualties", "章casualties", 1, "casualties的正文。附认定书。", "released")
    office.file(("sections", fresh), changed=("sections", 3, 1))
    why: dict[str, Any] = {"waived_for-2": "名单另附", "waived_for-1": "x"}
    stale = {"csrf_token": token(form), "key": hidden(form, "key"), "seen": hidden(form, "seen")}
    answer = office.client("handler").post(
        f"/cases/{office.ref.number}/reply/final", data={**stale, **given, **waived, **why}
    )
    assert answer.status_code == 400
    assert "The text was changed since" in read(answer.text)
    assert "<ins>附认定书。</ins>" in office.page("handler", "/reply/final")
    office.decide("handler", "/reply/final", **given, **waived, **why)
    assert office.items("point_checks") == [
        PointCheck((1,), "met", None, None, REPLIED_ON),
        PointCheck((2,), "waived", None, "名单另附", REPLIED_ON),
    ]
    (confirmed,) = office.items("confirmations")
    assert isinstance(confirmed, Confirmation)
    assert confirmed.reply == (1,)
    assert "R3@2" in (confirmed.bound or "")
    assert office.steps("confirm_changes") == [Finding(text="已核对")]
    assert "This text is confirmed." in read(office.page("handler", "/reply/final"))
    # Looked at again: the checks get new versions, and stay one for each point.
    office.decide("handler", "/reply/final", **given, **waived, **why)
    assert len(office.items("point_checks")) == 2
    address = f"/cases/{office.ref.number}/reply/final"
    sent = {"csrf_token": token(office.page("carrier", "/reply/final"))}
    assert office.client("carrier").post(address, data=sent).status_code == 403


def test_the_route_stands_beside_the_days_of_the_clock(quick_office: Office) -> None:
    office = quick_office
    office.report()
    office.submit()
    office.received()
    stage: dict[str, Any] = {"round": "1", **STAGE}
    page = office.send("handler", "/reply/route/new", 400, **stage, ended_on="2025-07-13")
    assert "It can't lie before its beginning." in read(page)
    office.send("registrar", "/reply/route/new", **stage, due_on="2025-07-18")
    page = office.page("handler", "/reply")
    assert 'class="route-bar is-late"' in page
    assert "10 days left" in read(page)  # Of the clock, on the day on which the opinion is due.
    done: dict[str, Any] = {**stage, "ended_on": "2025-07-17", "opinion": "合法"}
    office.send("handler", "/reply/route/1", **done)
    page = office.page("handler", "/reply")
    assert 'class="route-bar is-done"' in page
    assert "11 days left" in read(page)
    office.page("carrier", "/reply/route/new", 403)


def test_more_time_is_asked_and_granted_with_its_effect_before(quick_office: Office) -> None:
    office = quick_office
    page = read(office.page("carrier", "/reply/extension"))
    assert "0 of 60 days used, 60 left" in page
    asked: dict[str, Any] = {"on": "2025-06-01", "days": "70", "grounds": "案情复杂"}
    page = office.take("carrier", "/reply/extension/ask", 200, **asked, do="effect")
    shown = read(page)
    assert "2025-07-11 → 2025-09-09" in shown
    assert "10 days in excess" in shown
    assert not office.steps("ask_extension")
    assert "案情复杂" in page
    office.take("carrier", "/reply/extension/ask", **{**asked, "days": "30"})
    assert office.steps("ask_extension") == [Extension(30, None, None, "案情复杂")]
    form = office.page("handler", "/reply/extension/decide")
    assert 'name="days" value="30"' in form
    granted: dict[str, Any] = {
        "on": "2025-07-11",
        "days": "30",
        "outcome": "approved",
        "document_no": "延1",
    }
    late: dict[str, Any] = {**granted, "on": "2025-07-12"}
    page = read(office.take("handler", "/reply/extension/decide", 200, **late, do="effect"))
    assert "too late: it moves nothing" in page
    office.take("handler", "/reply/extension/decide", **granted)
    page = read(office.page("carrier", "/reply/extension"))
    assert "30 of 60 days used, 30 left" in page
    assert "2025-08-10" in page
    office.page("carrier", "/reply/extension/decide", 403)
    office.page("handler", "/reply/extension/ask", 403)


def test_drafts_are_kept_and_files_go_with_the_step(quick_office: Office) -> None:
    office = quick_office
    office.report()
    office.submit()
    office.received()
    office.decide("handler", "/reply/answer", **{**ANSWER, "grounds": "写到一半"}, do="draft")
    assert "写到一半" in office.page("handler", "/reply/answer")
    assert not office.items("replies")
    office.take("carrier", "/reply/extension/ask", do="draft", on="2025-06-01", grounds="半句")
    assert "半句" in office.page("carrier", "/reply/extension/ask")


def test_the_pages_cost_the_same_however_much_stands_there(quick_office: Office) -> None:
    office = quick_office
    office.report()
    office.submit()
    office.received()
    office.send("handler", "/reply/points/new", round="1", **POINT)
    office.send("handler", "/reply/route/new", round="1", **STAGE)

    def cost() -> list[int]:
        found = []
        for page in (
            "/reply",
            "/reply/report",
            "/reply/changes",
            "/reply/extension",
            "/reply/answer",
        ):
            office.page("handler", page)
            with counted(office.database) as sent:
                office.page("handler", page)
            found.append(len(sent))
        return found

    few = cost()
    for _ in range(3):
        office.send("handler", "/reply/points/new", round="1", **POINT)
        office.send("handler", "/reply/route/new", round="1", **STAGE)
        office.file(("evidence", Evidence("另一照片", "photo", taken_by="甲")))
        office.file(("sections", Section("unit", "又一章", 2, "文字", "released")))
    assert cost() == few


def test_the_plain_form_of_a_step_tells_of_its_room(quick_office: Office) -> None:
    office = quick_office
    office.report()
    office.submit()
    for step, room in (("reply", "reply"), ("receive_report", "reply"), ("publish", None)):
        login = "registrar" if step == "receive_report" else "handler"
        page = office.page(login, f"/steps/{step}")
        address = f'href="/cases/{office.ref.number}/{room}">Go there'
        assert (address in page) is (room is not None), step
