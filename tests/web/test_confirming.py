"""Approvals want a fresh proof of who it is; nothing is typed twice for it, and nothing lost."""

from datetime import timedelta
from html import unescape
from io import BytesIO

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from fireinvest.clock import utcnow
from fireinvest.regulation.rulesets import known_law
from fireinvest.services.cases import CaseRef
from fireinvest.services.factors import add_own_app
from fireinvest.services.people import By, Post
from fireinvest.store import Database
from fireinvest.store.people import find_login
from tests.authenticators import app_code
from tests.services.office import CITY, FIRE_ON, FUYUAN, facts, opened
from tests.web.office import PASSWORD, database_of, hidden, person_with, sign_in, token

HEAD = Post("agency_head", division=FUYUAN, tier="county")
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
LONG = "经查，<起火>部位位于一层仓库\r\n东北角。\r\n"


@pytest.fixture
def case(app: Flask) -> CaseRef:
    database = database_of(app)
    person_with(database, "head", HEAD)
    return opened(database, known=facts(FUYUAN, deaths=1))


def grow_old(database: Database, minutes: float) -> None:
    """Let the last proof of everybody lie so far back."""
    then = utcnow() - timedelta(minutes=minutes)
    if database.engine.dialect.name == "sqlite":
        then = then.replace(tzinfo=None)
    with database.sessions.begin() as session:
        session.execute(text("UPDATE sign_ins SET verified_at = :then"), {"then": then})


def carried(page: str) -> dict[str, str]:
    """The hidden fields of a page that asks for a proof, as a browser sends them again."""
    found = {}
    for name in ("key", "expected_version", "on", "category", "decided_by", "note", "reason"):
        if f'name="{name}"' in page:
            found[name] = hidden(page, name)
    return found


def filled(client: FlaskClient, address: str) -> dict[str, str]:
    page = client.get(address).text
    return {
        "csrf_token": token(page), "key": hidden(page, "key"),
        "expected_version": hidden(page, "expected_version"), "on": "2025-05-13",
        "category": "ordinary", "decided_by": "消防救援大队", "note": LONG, "reason": "",
    }  # fmt: skip


def entries(database: Database) -> int:
    with database.readers.begin() as session:
        return session.scalar(text("SELECT count(*) FROM journal")) or 0


def test_an_approval_with_an_old_proof_goes_through_after_a_new_one(
    app: Flask, case: CaseRef
) -> None:
    database = database_of(app)
    client = sign_in(app, "head")
    address = f"/cases/{case.number}/steps/decide_category"
    fields = filled(client, address)
    before = entries(database)
    grow_old(database, 10.1)
    asked = client.post(address, data=fields)
    assert asked.status_code == 401
    assert entries(database) == before
    again = carried(asked.text)
    assert unescape(again["note"]) == LONG
    sent = {**again, "csrf_token": token(asked.text)}
    wrong = client.post(address, data={**sent, "proof_password": "wrong"})
    assert wrong.status_code == 401
    assert 'aria-invalid="true"' in wrong.text
    assert carried(wrong.text) == again
    assert "wrong" not in wrong.text
    old_cookie = client.get_cookie("session")
    done = client.post(address, data={**sent, "proof_password": PASSWORD})
    assert done.status_code == 303, done.text
    assert entries(database) == before + 1
    with database.readers.begin() as session:
        kept = session.scalar(text("SELECT max(payload) FROM journal WHERE seq > 1"))
    assert "东北角" in str(kept)
    assert PASSWORD not in str(kept)
    # Fresh again, under a new token: the one before is dead.
    assert client.post(address, data={**fields, "key": "another"}).status_code != 401
    assert old_cookie is not None
    client.set_cookie("session", old_cookie.value)
    assert client.get("/desk").status_code == 302


@pytest.mark.parametrize(("minutes", "status"), [(9.9, 303), (10.1, 401)])
def test_a_proof_holds_for_ten_minutes(quick_app: Flask, minutes: float, status: int) -> None:
    database = database_of(quick_app)
    person_with(database, "head", HEAD)
    ref = opened(database, known=facts(FUYUAN, deaths=1))
    client = sign_in(quick_app, "head")
    address = f"/cases/{ref.number}/steps/decide_category"
    fields = filled(client, address)
    grow_old(database, minutes)
    assert client.post(address, data=fields).status_code == status


def test_a_code_of_an_app_is_a_proof_once(app: Flask, case: CaseRef) -> None:
    database = database_of(app)
    client = sign_in(app, "head")
    now = utcnow()
    with database.readers.begin() as session:
        head = find_login(session, "head")
        sign_in_id = session.scalar(text("SELECT max(id) FROM sign_ins")) or 0
    assert head is not None
    early = now - timedelta(minutes=5)
    add_own_app(
        database, head, SECRET, app_code(SECRET, early), "",
        key=app.config["SECRET_KEY"], sign_in_id=sign_in_id, by=By("head", early, early.date()),
    )  # fmt: skip
    address = f"/cases/{case.number}/steps/decide_category"
    fields = filled(client, address)
    grow_old(database, 60)
    code = app_code(SECRET, utcnow())
    done = client.post(address, data={**fields, "proof_code": code})
    assert done.status_code == 303, done.text
    grow_old(database, 60)
    fields = filled(client, f"/cases/{case.number}/steps/decide_category")
    assert client.post(address, data={**fields, "proof_code": code}).status_code == 401


def test_problems_of_the_form_come_before_the_proof_and_files_stay(
    quick_app: Flask,
) -> None:
    database = database_of(quick_app)
    person_with(database, "head", HEAD)
    ref = opened(database, known=facts(FUYUAN, deaths=1))
    client = sign_in(quick_app, "head")
    address = f"/cases/{ref.number}/steps/decide_category"
    fields = filled(client, address)
    grow_old(database, 60)
    assert client.post(address, data={**fields, "on": "never"}).status_code == 400
    paper = (BytesIO(b"%PDF-1.4\n%%EOF\n"), "decision.pdf")
    asked = client.post(
        address, data={**fields, "files": paper}, content_type="multipart/form-data"
    )
    assert asked.status_code == 401, asked.text
    sent = {
        **carried(asked.text), "csrf_token": token(asked.text),
        "staged": hidden(asked.text, "staged"), "proof_password": PASSWORD,
    }  # fmt: skip
    assert client.post(address, data=sent).status_code == 303
    assert "decision.pdf" in client.get(f"/cases/{ref.number}/entries/2").text


def test_what_changes_others_entries_is_confirmed_and_notes_are_not(quick_app: Flask) -> None:
    database = database_of(quick_app)
    person_with(database, "head", HEAD)
    person_with(database, "sun", Post("carrier", division=CITY, tier="city"))
    ref = opened(database, known=facts(FUYUAN, deaths=1))
    client = sign_in(quick_app, "head")
    address = f"/cases/{ref.number}/steps/decide_category"
    client.post(address, data=filled(client, address))
    grow_old(database, 60)
    void = f"/cases/{ref.number}/entries/2/void"
    page = client.get(void)
    assert page.status_code == 200
    fields = {
        "csrf_token": token(page.text), "key": hidden(page.text, "key"),
        "expected_version": hidden(page.text, "expected_version"), "reason": "填写有误",
    }  # fmt: skip
    assert client.post(void, data=fields).status_code == 401
    request = f"/cases/{ref.number}/steps/request_team"
    page = client.get(request)
    fields = {
        "csrf_token": token(page.text), "key": hidden(page.text, "key"),
        "expected_version": hidden(page.text, "expected_version"), "on": f"{FIRE_ON}",
        "to": "富源县人民政府", "reason": "",
    }  # fmt: skip
    assert client.post(request, data=fields).status_code == 303


@pytest.mark.parametrize(
    ("target", "leads_to"),
    [
        ("/me/factors/app", "/me/factors/app"),
        ("https://example.com/", "/desk"),
        ("//example.com", "/desk"),
        ("/\\example.com", "/desk"),
        ("", "/desk"),
    ],
)
def test_a_page_that_wants_a_proof_is_shown_after_it(
    quick_app: Flask, target: str, leads_to: str
) -> None:
    database = database_of(quick_app)
    person_with(database, "head", HEAD)
    client = sign_in(quick_app, "head")
    grow_old(database, 60)
    asked = client.get("/me/factors/app")
    assert asked.location == "/confirm?next=/me/factors/app"
    page = client.get("/confirm", query_string={"next": target})
    assert page.status_code == 200
    sent = {"csrf_token": token(page.text), "proof_password": "wrong"}
    query = {"next": target}
    assert client.post("/confirm", data=sent, query_string=query).status_code == 401
    sent["proof_password"] = PASSWORD
    assert client.post("/confirm", data=sent, query_string=query).location == leads_to
    assert client.get("/me/factors/app").status_code == 200


def test_guessing_a_proof_waits(quick_app: Flask) -> None:
    database = database_of(quick_app)
    person_with(database, "head", HEAD)
    client = sign_in(quick_app, "head")
    grow_old(database, 60)
    page = client.get("/confirm")
    sent = {"csrf_token": token(page.text), "proof_password": "wrong"}
    for _ in range(5):
        assert client.post("/confirm", data=sent).status_code == 401
    sent["proof_password"] = PASSWORD
    answer = client.post("/confirm", data=sent)
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0


def test_which_steps_are_confirmed_is_law_and_stands_in_the_profile() -> None:
    """Written out by hand: approvals, decisions, signatures, orders, replies."""
    ruleset = known_law().in_force(FUYUAN, FIRE_ON)
    assert {each.id for each in ruleset.steps.values() if each.confirm} == {
        "decide_social_impact", "decide_category", "authorise_zone", "delegate", "designate",
        "establish_team", "decide_recusal", "decide_leader_recusal", "decide_evaluator_recusal", "release_progress",
        "approve_report", "sign_report", "decide_extension", "decide_determination_extension",
        "return_report", "reply",
        "confirm_changes", "accept_measure", "order_supervision", "extend_supervision",
        "lift_supervision", "judge_new_fire",
    }  # fmt: skip
