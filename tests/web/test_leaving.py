"""Leaving over HTTP: a case gets another carrier, all of them do, and the head of the agency is told."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.test import TestResponse

from fireinvest.services.cases import CaseRef, load_case
from fireinvest.services.people import Post, set_active
from fireinvest.store import Database
from fireinvest.store.people import find_login, posts_at_places
from fireinvest.workflow.actions import Order, Recusal
from fireinvest.workflow.permissions import SECURITY_ADMINISTRATOR, SYSTEM_ADMINISTRATOR
from tests.services.office import FUYUAN, actor, did, facts, opened
from tests.web.office import PASSWORD, database_of, hidden, person_with, sign_in, text_of, token

CARRIER = Post("carrier", division=FUYUAN, tier="county")
FIELD = re.compile(r'type="hidden" name="(\w+)" value="([^"]*)"')


def _id(database: Database, login: str) -> int:
    with database.readers.begin() as session:
        found = find_login(session, login)
    assert found is not None
    return found.id


def office(app: Flask, cases: int = 1) -> tuple[Database, list[CaseRef]]:
    """Li carries the cases, Wang could, Head is the head of their agency; Other is elsewhere."""
    database = database_of(app)
    person_with(database, "li", CARRIER, name="李某")
    person_with(database, "wang", CARRIER, name="王某")
    person_with(database, "head", Post("agency_head", division=FUYUAN, tier="county"))
    person_with(database, "other", Post("agency_head", division="530302", tier="county"))
    li = actor(database, _id(database, "li"))
    return database, [opened(database, li, facts(deaths=1)) for _ in range(cases)]


def carriers(database: Database, refs: list[CaseRef]) -> list[str | None]:
    with database.readers.begin() as session:
        return [load_case(session, each.id).row["carrier"] for each in refs]


def reassign(client: FlaskClient, number: str, **given: str) -> TestResponse:
    path = f"/cases/{number}/actions/reassign"
    page = client.get(path).text
    kept = {name: hidden(page, name) for name in ("csrf_token", "key", "expected_version")}
    on = {"on": "2025-09-12"}
    return client.post(path, data={**kept, **on, "do": "save", **given})


def test_the_carrier_hands_a_case_over(app: Flask) -> None:
    database, (ref,) = office(app)
    li = sign_in(app, "li")
    assert f"/cases/{ref.number}/actions/reassign" in li.get(f"/cases/{ref.number}/steps").text
    assert "王某（wang）" in li.get(f"/cases/{ref.number}/actions/reassign").text
    refused = reassign(li, ref.number, carrier="wang")
    assert refused.status_code == 400
    assert 'value="wang" selected' in refused.text
    refused = reassign(li, ref.number, carrier="other", reason="调离")
    assert refused.status_code == 400
    assert 'id="carrier-problem"><p>' in refused.text
    done = reassign(li, ref.number, carrier="wang", reason="调离")
    assert done.status_code == 303
    assert carriers(database, [ref]) == ["wang"]
    page = sign_in(app, "wang").get(f"/cases/{ref.number}/history").text
    for words in ("李某", "王某", "调离"):
        assert words in page
    # What was handed over is no longer the old one's, and it isn't voided or corrected.
    assert li.get(f"/cases/{ref.number}/actions/reassign").status_code == 403
    for what in ("void", "correct"):
        wang = sign_in(app, "wang")
        assert wang.get(f"/cases/{ref.number}/entries/2/{what}").status_code == 404
    listed = sign_in(app, "wang").get("/cases?mine=1").text
    assert ref.number in listed
    assert ref.number not in li.get("/cases?mine=1").text


@pytest.mark.parametrize(("login", "status"), [("head", 200), ("other", 404), ("wang", 403)])
def test_who_gets_the_form(quick_app: Flask, login: str, status: int) -> None:
    _, (ref,) = office(quick_app)
    client = sign_in(quick_app, login)
    assert client.get(f"/cases/{ref.number}/actions/reassign").status_code == status
    steps = client.get(f"/cases/{ref.number}/steps")
    assert ("/actions/reassign" in steps.text) is (status == 200)


def send(client: FlaskClient, login: str, cases: list[str], **given: str) -> TestResponse:
    page = client.get(f"/leaving/{login}").text
    kept = {name: hidden(page, name) for name in ("csrf_token", "key")}
    return client.post(f"/leaving/{login}", data={**kept, "case": cases, **given})


def test_the_head_is_told_and_gives_all_cases_to_another(app: Flask) -> None:
    database, refs = office(app, 3)
    person_with(database, "zhao", name="赵某")
    did(database, refs[0], "establish_team", Order(document_no="1", person="zhao"))
    head, numbers = sign_in(app, "head"), [each.number for each in refs]
    assert "left-title" not in head.get("/desk").text
    for login in ("li", "zhao"):
        set_active(database, _id(database, login), is_active=False)
    desk = head.get("/desk").text
    assert 'href="/leaving/li"' in desk
    assert f'href="/cases/{numbers[0]}/team"' in desk
    assert "赵某" in desk
    for each in numbers:
        assert f'href="/cases/{each}/actions/reassign"' in desk
    for login in ("wang", "other"):
        assert "left-title" not in sign_in(app, login).get("/desk").text
        assert sign_in(app, login).get("/leaving/li").status_code == 404
    case = text_of(head.get(f"/cases/{numbers[0]}").text)
    assert "李某" in case
    for given, field in (
        ({"carrier": "wang"}, "reason"),
        ({"carrier": "other", "reason": "调离"}, "carrier"),
        ({"carrier": "wang", "reason": "调离" * 2000}, "reason"),
        ({"carrier": "wang", "reason": "调离"}, "case"),
    ):
        answer = send(head, "li", numbers if field != "case" else [], **given)
        assert answer.status_code == 400, field
        assert f'id="{field}-problem"><p>' in answer.text
        assert carriers(database, refs) == ["li"] * 3
    some = send(head, "li", numbers[:2], carrier="wang", reason="调离")
    assert some.status_code == 303
    assert carriers(database, refs) == ["wang", "wang", "li"]
    page = head.get("/leaving/li").text
    data = {"csrf_token": token(page), "key": hidden(page, "key"), "case": numbers}
    both = {**data, "carrier": "wang", "reason": "调离"}
    assert head.post("/leaving/li", data=both).status_code == 303
    assert carriers(database, refs) == ["wang"] * 3
    # The same form once more finds nothing left to give.
    assert head.post("/leaving/li", data=both).location == "/desk"
    assert head.get("/leaving/li").status_code == 404
    desk = head.get("/desk").text
    assert "/actions/reassign" not in desk
    assert "赵某" in desk


def test_what_can_not_be_given_stays_on_the_page(quick_app: Flask) -> None:
    database, refs = office(quick_app, 2)
    did(database, refs[0], "establish_team", Order(document_no="1", person="zhao"))
    did(database, refs[0], "declare_recusal", Recusal(person="wang", item="party_or_kin"))
    head = sign_in(quick_app, "head")
    numbers = [each.number for each in refs]
    answer = send(head, "li", numbers, carrier="wang", reason="调离")
    assert answer.status_code == 409
    assert carriers(database, refs) == ["li", "wang"]
    assert f'value="{numbers[0]}" checked' in answer.text
    assert f'value="{numbers[1]}"' not in answer.text


def test_many_cases_go_only_after_a_fresh_proof_of_who_it_is(quick_app: Flask) -> None:
    database, refs = office(quick_app, 2)
    head = sign_in(quick_app, "head")
    with database.sessions.begin() as session:
        session.execute(text("UPDATE sign_ins SET verified_at = '2020-01-01 00:00:00.000000'"))
    asked = send(head, "li", [each.number for each in refs], carrier="wang", reason="调离")
    assert asked.status_code == 401
    assert carriers(database, refs) == ["li", "li"]
    sent = [(m[1], m[2]) for m in FIELD.finditer(asked.text)]
    proved = {name: [value for key, value in sent if key == name] for name, _ in sent}
    done = head.post("/leaving/li", data={**proved, "proof_password": PASSWORD})
    assert done.status_code == 303
    assert carriers(database, refs) == ["wang", "wang"]


def keep(client: FlaskClient, path: str, **given: str) -> TestResponse:
    return client.post(path, data={"csrf_token": token(client.get(path).text), **given})


def test_an_administrator_is_told_numbers_and_hands_over_all(app: Flask) -> None:
    database, refs = office(app, 2)
    person_with(database, "keeper", Post(SYSTEM_ADMINISTRATOR))
    keeper, path = sign_in(app, "keeper"), f"/people/{_id(database, 'li')}/deactivate"
    page = keeper.get(path).text
    assert "富源县 2" in text_of(page)
    for ref in refs:
        assert ref.number not in page
    assert "某某商贸有限公司" not in page
    assert keep(keeper, path, reason="调离", successor="head").status_code == 400
    assert keep(keeper, path, reason="调离", successor="wang").status_code == 303
    assert carriers(database, refs) == ["wang", "wang"]
    after = keeper.get(f"/people/{_id(database, 'li')}").text
    assert ref.number not in after


def test_left_open_the_head_is_told_and_the_rest_can_be_done_later(quick_app: Flask) -> None:
    database, refs = office(quick_app)
    person_with(database, "keeper", Post(SYSTEM_ADMINISTRATOR))
    keeper, path = sign_in(quick_app, "keeper"), f"/people/{_id(database, 'li')}/deactivate"
    assert keep(keeper, path, reason="调离", successor="").status_code == 303
    assert carriers(database, refs) == ["li"]
    assert refs[0].number in sign_in(quick_app, "head").get("/desk").text
    page = keeper.get(f"/people/{_id(database, 'li')}").text
    assert f'href="{path}"' in page
    assert keep(keeper, path, reason="调离", successor="wang").status_code == 303
    assert carriers(database, refs) == ["wang"]
    assert f'href="{path}"' not in keeper.get(f"/people/{_id(database, 'li')}").text


def test_whose_post_ends_hands_over_as_well(quick_app: Flask) -> None:
    database, refs = office(quick_app, 2)
    person_with(database, "guard", Post(SECURITY_ADMINISTRATOR))
    with database.readers.begin() as session:
        (post,) = posts_at_places(session, _id(database, "li"))
    path = f"/people/{_id(database, 'li')}/posts/{post.id}/end"
    guard = sign_in(quick_app, "guard")
    page = guard.get(path).text
    assert "富源县 2" in text_of(page)
    assert refs[0].number not in page
    wrong = keep(guard, path, last_on="2019-01-01", reason="调离", successor="wang")
    assert wrong.status_code == 400
    assert carriers(database, refs) == ["li", "li"]
    done = keep(guard, path, last_on="2026-01-31", reason="调离", successor="wang")
    assert done.status_code == 303
    assert carriers(database, refs) == ["wang", "wang"]
