"""The team's room through HTTP: declarations, matches, meetings with tasks, and recusal that bites."""

from datetime import date

import pytest
from flask import Flask
from flask.testing import FlaskClient

from fireinvest.services.cases import CaseRef, load_case
from fireinvest.services.people import Post
from fireinvest.store import records as store
from fireinvest.workflow.actions import Membership, Order, Recusal
from tests.queries import counted
from tests.services.office import FUYUAN, actor, did, facts, opened
from tests.web.office import database_of, hidden, person_with, sign_in, text_of, token


class Office:
    """A county's team: its carrier, its leader, and a member of the police."""

    def __init__(self, app: Flask) -> None:
        self.app, self.database = app, database_of(app)
        carrier = person_with(
            self.database, "carrier", Post("carrier", division=FUYUAN, tier="county")
        )
        person_with(self.database, "leader", name="李组长")
        person_with(self.database, "member", name="王成员")
        self.ref: CaseRef = opened(
            self.database, actor(self.database, carrier), facts(FUYUAN, deaths=1)
        )
        did(self.database, self.ref, "establish_team", Order(document_no="1", person="leader"))
        joined = Membership(person="member", agency="富源县公安局", item="police")
        did(self.database, self.ref, "join_team", joined)
        self.clients: dict[str, FlaskClient] = {}

    def client(self, login: str) -> FlaskClient:
        if login not in self.clients:
            self.clients[login] = sign_in(self.app, login)
            self.clients[login].get("/desk?lang=en")
        return self.clients[login]

    def page(self, login: str, page: str, status: int = 200) -> str:
        answer = self.client(login).get(f"/cases/{self.ref.number}{page}")
        assert answer.status_code == status, answer.text
        return answer.text

    def send(self, login: str, page: str, status: int = 303, /, **fields: object) -> str:
        form = self.page(login, page)
        data = {
            "csrf_token": token(form), "key": hidden(form, "key"),
            "version": hidden(form, "version"), **fields,
        }  # fmt: skip
        address = f"/cases/{self.ref.number}{page}"
        answer = self.client(login).post(address, data=data)
        assert answer.status_code == status, text_of(answer.text)
        return answer.text

    def items(self, register: str) -> list[object]:
        with self.database.readers.begin() as session:
            found = store.items_of(session, self.ref.id, [register])[register]
        return [each.values for each in found]

    def steps(self, step: str) -> list[object]:
        with self.database.readers.begin() as session:
            case = load_case(session, self.ref.id).case
        return [each.payload for each in case.recorded.get(step, ())]


@pytest.fixture
def office(app: Flask) -> Office:
    return Office(app)


@pytest.fixture
def quick_office(quick_app: Flask) -> Office:
    return Office(quick_app)


def test_a_declared_ground_is_raised_in_the_same_transaction_and_only_once(office: Office) -> None:
    assert "not declared yet" in text_of(office.page("member", "/team"))
    given: dict[str, object] = {"person": "member", "declared_on": "2025-05-20"}
    page = office.send("member", "/team/declare", 400, **given)
    assert "Say which grounds apply, or that none does." in text_of(page)
    assert not office.items("declarations")
    given |= {"grounds": ["interest", "relation"], "facts": "与业主合伙经营"}
    office.send("member", "/team/declare", **given)
    raised = office.steps("declare_recusal")
    assert raised == [
        Recusal("member", ground, None, "与业主合伙经营") for ground in ("interest", "relation")
    ]
    # Said anew, with one more ground: only that one is raised.
    office.send("member", "/team/declare", **{**given, "grounds": ["interest", "party_or_kin"]})
    assert len(office.items("declarations")) == 1
    assert len(office.steps("declare_recusal")) == 3
    assert "ground declared" in text_of(office.page("leader", "/team"))


def test_a_meeting_stands_in_the_journal_with_its_minutes_and_its_tasks_on_a_desk(
    office: Office,
) -> None:
    meeting = {
        "subject": "成立会议", "held_at": "2025-05-15T09:00", "chair": "李组长",
        "present": "全体", "minutes": "明确分工", "decisions": "三日内完成方案",
    }  # fmt: skip
    wrong = {**meeting, "held_at": "2025-05-15"}
    page = office.send("carrier", "/team/meetings/new/founding_meeting", 400, **wrong)
    assert "The time of day is needed too." in text_of(page)
    assert "明确分工" in page
    office.send("carrier", "/team/meetings/new/founding_meeting", **meeting)
    (held,) = office.steps("founding_meeting")
    assert (held.subject, held.minutes) == ("成立会议", "明确分工")  # type: ignore[attr-defined]
    task = {"what": "完成勘验方案", "owner": "member", "due_on": "2025-05-18", "state": "open"}
    office.send("carrier", "/registers/tasks/new", **task, meeting="1")
    page = text_of(office.page("leader", "/team"))
    assert "完成勘验方案" in page
    assert "overdue" in page
    assert "完成勘验方案" in office.client("member").get("/desk").text
    assert "完成勘验方案" not in office.client("leader").get("/desk").text
    done = {**task, "meeting": "1", "state": "done", "done_on": "2025-05-18", "proof": "已报"}
    office.send("member", "/registers/tasks/1/edit", **done)
    office.client("member").get("/desk")  # Which tells that it was recorded.
    assert "完成勘验方案" not in office.client("member").get("/desk").text


def test_a_member_who_matches_a_party_asks_for_a_decision(quick_office: Office) -> None:
    office = quick_office
    roster = {"person": "member", "phone": "138 1234 5678"}
    office.send("carrier", "/registers/roster/new", **roster)
    assert "matches a party" not in text_of(office.page("carrier", ""))
    party = {"name": "某公司", "sort": "unit", "role": "owner", "phone": "+8613812345678"}
    office.send("carrier", "/registers/parties/new", **party)
    told = text_of(office.page("carrier", ""))
    assert "1 member matches a party of the fire" in told
    assert "1 member matches a party; decide" in told
    page = office.page("carrier", "/team")
    assert "the same telephone" in text_of(page)
    decision = {
        "person": "member", "party": "1", "by": "phone", "decision": "other_person",
        "reason": "号码登记有误",
    }  # fmt: skip
    office.send("carrier", "/registers/matches/new", **decision)
    assert "matches a party" not in text_of(office.page("carrier", ""))
    assert "another person or a wrong number" in text_of(office.page("carrier", "/team"))


def test_recusal_bites_at_once_and_shows_what_is_to_be_looked_at_again(office: Office) -> None:
    given = {"name": "某公司", "sort": "unit", "role": "owner"}
    office.send("member", "/registers/parties/new", **given)
    form = office.page("member", "/registers/parties/1/edit")
    did(office.database, office.ref, "declare_recusal", Recusal("member", "interest"))
    granted = Recusal("member", "interest", "granted")
    did(office.database, office.ref, "decide_recusal", granted, date(2025, 5, 20))
    for page in ("", "/team", "/registers/parties", "/registers/parties/1", "/registers"):
        office.page("member", page, 404)
    # A form that was open saves nothing.
    answer = office.client("member").post(
        f"/cases/{office.ref.number}/registers/parties/1/edit",
        data={**given, "csrf_token": token(form), "key": hidden(form, "key"), "version": "1"},
    )
    assert answer.status_code == 404
    assert len(office.items("parties")) == 1
    page = text_of(office.page("leader", "/team/recused/member"))
    assert "P1 某公司" in page
    assert "not looked at yet" in page
    decision = {
        "of": "parties 1", "person": "member", "decision": "to_redo", "reason": "须另行核实",
    }  # fmt: skip
    office.send("leader", "/registers/rechecks/new", **decision)
    page = text_of(office.page("leader", "/team/recused/member"))
    assert "to be done anew" in page
    office.page("leader", "/team/recused/leader", 404)


def test_nothing_of_a_restricted_item_shows_on_the_page_of_the_team(quick_office: Office) -> None:
    office, kept = quick_office, {"restriction": "discipline"}
    party = {"name": "密件单位", "sort": "unit", "role": "owner", "phone": "13812345678"}
    office.send("carrier", "/registers/parties/new", **party, **kept)
    roster = {"person": "member", "phone": "138 1234 5678", "duty": "密件职务"}
    office.send("carrier", "/registers/roster/new", **roster, **kept)
    task = {"what": "密件任务", "owner": "member", "due_on": "2025-06-01", "state": "open"}
    office.send("carrier", "/registers/tasks/new", **task, **kept)
    declared = {"person": "member", "grounds": "interest", "facts": "密件事实"}
    office.send("member", "/team/declare", **declared, declared_on="2025-05-20", **kept)
    page = text_of(office.page("leader", "/team"))
    # That somebody matches asks for a decision all the same.
    assert "the same telephone" in page
    assert "P1" in page
    assert "密件" not in page
    assert "ground declared" not in page
    desk = text_of(office.client("member").get("/desk").text)
    assert "A1" in desk
    assert "密件" not in desk


def test_duties_are_ticked_off_where_they_stand(quick_office: Office) -> None:
    office = quick_office
    assert "1 of" not in text_of(office.page("leader", "/team"))
    form = office.page("leader", "/team")
    data = {
        "csrf_token": token(form), "key": hidden(form, "key"),
        "duty": "leader_duties/direction", "state": "done", "note": "已明确",
    }  # fmt: skip
    address = f"/cases/{office.ref.number}/team/duties"
    assert office.client("leader").post(address, data=data).status_code == 303
    page = text_of(office.page("leader", "/team"))
    assert "1 of 4 done" in page
    assert "technical" not in "".join(each.duty or "" for each in office.items("duties"))  # type: ignore[attr-defined]
    # A group that wasn't formed has no duties, and what is no state is refused.
    for wrong in ({"duty": "technical_duties/plan"}, {"duty": "x"}):
        assert office.client("leader").post(address, data={**data, **wrong}).status_code == 400
    bad = {**data, "state": "x", "key": "other"}
    office.client("leader").post(address, data=bad)
    assert "1 of 4 done" in text_of(office.page("leader", "/team"))
    # A member reads them only.
    assert 'name="duty"' not in office.page("member", "/team")
    theirs = {**data, "csrf_token": token(office.page("member", "/team/declare")), "key": "k"}
    assert office.client("member").post(address, data=theirs).status_code == 403
    assert len(office.items("duties")) == 1


def test_the_page_costs_the_same_however_much_stands_there(quick_office: Office) -> None:
    office = quick_office

    def cost() -> int:
        with counted(office.database) as sent:
            office.page("carrier", "/team")
        return len(sent)

    office.page("carrier", "/team")
    few = cost()
    for number in range(3):
        did(
            office.database, office.ref, "join_team",
            Membership(person=f"m{number}", agency="局", item="police"),
        )  # fmt: skip
        office.send("carrier", "/registers/roster/new", person=f"m{number}")
        office.send(
            "carrier", "/registers/tasks/new",
            what="查", owner=f"m{number}", due_on="2025-06-01", state="open",
        )  # fmt: skip
    assert cost() == few
