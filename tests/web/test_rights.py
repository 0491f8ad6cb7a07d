"""Every view says who may ask; whoever may not gets no further, whatever the address says."""

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from fireinvest.services.people import Post
from fireinvest.web.rights import Right, right_of
from fireinvest.workflow.permissions import Duty
from tests.services.office import CITY, FUYUAN, facts, opened
from tests.web.office import database_of, person_with, sign_in, token

#: Written out by hand: what is open to everybody. Everything else wants a sign-in.
PUBLIC = {
    "static", "bootstrap.static", "first.show", "sign_in.show", "sign_in.enter", "calculator.show",
    "sign_in.passkey_options", "sign_in.enter_by_passkey", "sign_in.first", "sign_in.proceed",
    "sign_in.second", "sign_in.renew", "sign_in.enrol", "oidc.go", "oidc.back", "oidc.left",
    "calculator.live", "rules.show", "calendar.this_year", "calendar.show", "health.live",
    "health.ready", "health.work", "feed.show",
}  # fmt: skip
VALUES = {
    "job_id": 1, "package": "p1", "imported_id": 1,
    "number": "5303-2025-0001", "which": "files", "step": "update_figures", "name": "merge", "seq": 1, "place": 0,
    "clock": "report", "instance": "1", "year": 2025, "filename": "app.css", "person_id": 1,
    "grant_id": 1, "agency_id": 1, "sign_in_id": 1, "factor_id": 1, "deputy_id": 1, "login": "x",
    "reading": "tests", "code": "AAAA-BBBB-CCCC-DDDD", "channel_id": 1, "token": "a" * 43,
    "alert_id": 1, "plan": "report", "month": "2025-06", "item": 1, "version": 1, "size": "small",
    "rung": "urged", "occurrence": 1, "due": "2025-07-11", "person": "x", "register": "parties",
    "upload": "0" * 32, "line": "products", "point": "using", "sort": "fact", "part": "unit",
    "scope": "unit", "entry": 1, "act": "sent", "kind": "team_request",
    "form": "docx", "series_id": 1, "list_id": 1,
}  # fmt: skip


def addresses(app: Flask) -> Iterator[tuple[str, str, str]]:
    """Endpoint, method and address of every route, with something in its place-holders."""
    with app.test_request_context():
        adapter = app.create_url_adapter(None) or app.url_map.bind("localhost")
        for rule in app.url_map.iter_rules():
            values = {name: VALUES[name] for name in rule.arguments}
            address = adapter.build(rule.endpoint, values, append_unknown=False)
            for method in sorted((rule.methods or set()) & {"GET", "POST"}):
                yield rule.endpoint, method, address


def test_every_route_says_who_may_ask(quick_app: Flask) -> None:
    with quick_app.test_request_context():
        rights = {rule.endpoint: right_of(rule.endpoint) for rule in quick_app.url_map.iter_rules()}
    assert None not in rights.values()
    assert {name for name, right in rights.items() if right is Right.PUBLIC} == PUBLIC


def test_a_view_that_says_nothing_is_refused(quick_app: Flask) -> None:
    quick_app.add_url_rule("/forgotten", "forgotten", lambda: "secret")
    person_with(database_of(quick_app), "sun", Post("carrier", division=CITY, tier="city"))
    answer = sign_in(quick_app, "sun").get("/forgotten")
    assert answer.status_code == 403
    assert "secret" not in answer.text


def test_without_a_sign_in_every_other_page_leads_to_it(quick_app: Flask) -> None:
    opened(database_of(quick_app))
    client = quick_app.test_client()
    form = token(client.get("/sign-in").text)
    asked = 0
    for endpoint, method, address in addresses(quick_app):
        if endpoint in PUBLIC:
            continue
        asked += 1
        if method == "GET":
            answer = client.get(address)
            assert answer.status_code == 302, address
            assert answer.location.startswith("/sign-in?next="), address
        else:
            answer = client.post(address, data={"csrf_token": form, "unit_name": "x"})
            assert answer.status_code == 401, address
    assert asked > 30


def test_a_stranger_sees_no_case_and_changes_nothing(quick_app: Flask) -> None:
    """Somebody of another county, and somebody with no post, at every address of a case."""
    database = database_of(quick_app)
    ref = opened(database, known=facts(FUYUAN))
    person_with(database, "li", Post("carrier", division="530302", tier="county"))
    person_with(database, "zhou")
    person_with(database, "admin", Post("system_administrator"))
    for login in ("li", "zhou", "admin"):
        client = sign_in(quick_app, login)
        for _endpoint, method, address in addresses(quick_app):
            if ref.number not in address:
                continue
            assert _ask(client, method, address) in (404, 400), (login, address)
        assert ref.number not in client.get("/cases").text
        assert ref.number not in client.get("/board").text
        assert ref.number not in client.get("/desk").text


def _ask(client: FlaskClient, method: str, address: str) -> int:
    if method == "GET":
        # Closed at once: some answers are files.
        with client.get(address) as answer:
            return answer.status_code
    form = token(client.get("/sign-in", follow_redirects=True).text)
    return client.post(address, data={"csrf_token": form}).status_code


#: Written out by hand: whose each duty is. Of the three administrators none does another's work.
OFFICE_OF = {
    Duty.KEEP_ACCOUNTS: {"system_administrator"},
    Duty.KEEP_AGENCIES: {"system_administrator"},
    Duty.GIVE_POSTS: {"security_administrator"},
    Duty.GUARD_SIGN_INS: {"security_administrator"},
    Duty.LIST_PEOPLE: {"system_administrator", "security_administrator"},
    Duty.READ_LOG: {"audit_administrator"},
    Duty.WATCH_WORK: {"system_administrator"},
    Duty.KEEP_CALENDAR: {"system_administrator"},
}


@pytest.mark.parametrize(
    "office", ["system_administrator", "security_administrator", "audit_administrator"]
)
def test_none_of_the_three_administrators_does_anothers_work(quick_app: Flask, office: str) -> None:
    # The addresses are those of another account: one's own is nobody's work.
    person_with(database_of(quick_app), "sun")
    person_with(database_of(quick_app), "root", Post(office))
    client = sign_in(quick_app, "root")
    with quick_app.test_request_context():
        rights = {rule.endpoint: right_of(rule.endpoint) for rule in quick_app.url_map.iter_rules()}
    asked = 0
    for endpoint, method, address in addresses(quick_app):
        right = rights[endpoint]
        if isinstance(right, Duty):
            asked += 1
            is_refused = _ask(client, method, address) == 403
            # Whoever does the work gets at least as far as the view.
            assert is_refused is (office not in OFFICE_OF[right]), (office, method, address)
    assert asked > len(OFFICE_OF)


@pytest.mark.parametrize("login", ["sun", "zhou"])
def test_administration_is_for_administrators(quick_app: Flask, login: str) -> None:
    database = database_of(quick_app)
    person_with(database, "sun", Post("carrier", division=CITY, tier="city"))
    person_with(database, "zhou")
    client = sign_in(quick_app, login)
    with quick_app.test_request_context():
        endpoints = {
            rule.endpoint
            for rule in quick_app.url_map.iter_rules()
            if isinstance(right_of(rule.endpoint), Duty)
        }
    asked = 0
    for endpoint, method, address in addresses(quick_app):
        if endpoint in endpoints:
            asked += 1
            assert _ask(client, method, address) == 403, address
    assert asked > 0
