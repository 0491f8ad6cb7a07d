"""Signing in by a provider, over HTTP: a real one in a process of its own, and one that cheats."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.test import TestResponse

from fireinvest.clock import utcnow
from fireinvest.services.factors import add_own_app
from fireinvest.services.people import By, Post, set_active
from fireinvest.store import Database
from fireinvest.store.people import find_login, subject_of
from fireinvest.web.app import create_app
from fireinvest.workflow.permissions import (
    AUDIT_ADMINISTRATOR,
    SECURITY_ADMINISTRATOR,
    SYSTEM_ADMINISTRATOR,
)
from tests.authenticators import app_code
from tests.conftest import settings_for
from tests.providers import BACK, Cheat, RealProvider, cheating_provider, real_provider
from tests.services.office import FUYUAN, facts, opened
from tests.web.office import PASSWORD, database_of, hidden, person_with, sign_in, text_of, token

HOUSE = "http://127.0.0.1:8000"
HEAD = Post("agency_head", division=FUYUAN, tier="county")
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
LONG = "经查，起火部位位于一层仓库东北角。" * 400
START = "/sign-in?next=/desk"
MakeApp = Callable[..., Flask]


@pytest.fixture(scope="module")
def real() -> Iterator[RealProvider]:
    with real_provider(HOUSE) as running:
        yield running


@pytest.fixture
def cheat() -> Iterator[Cheat]:
    with cheating_provider(utcnow) as running:
        yield running


@pytest.fixture
def make_app(sqlite_url: str) -> Iterator[MakeApp]:
    made: list[Flask] = []

    def make(provider: Cheat | RealProvider, **given: str) -> Flask:
        app = create_app(
            settings_for(
                sqlite_url,
                PUBLIC_URL=HOUSE,
                OIDC_ISSUER=provider.issuer,
                OIDC_CLIENT_ID=provider.client_id,
                OIDC_CLIENT_SECRET=provider.client_secret,
                **given,
            )
        )
        app.testing = True
        made.append(app)
        return app

    yield make
    for each in made:
        database_of(each).engine.dispose()


@pytest.fixture
def office(cheat: Cheat, make_app: MakeApp) -> Flask:
    """An office whose provider knows sun, as does the office."""
    app = make_app(cheat)
    person_with(database_of(app), "sun", HEAD)
    return app


def path_of(address: str) -> str:
    """The part of an address that our own server sees."""
    parts = urlsplit(address)
    assert f"{parts.scheme}://{parts.netloc}" == HOUSE
    return f"{parts.path}?{parts.query}"


def comes(client: FlaskClient, cheat: Cheat, target: str = "/board", **more: str) -> TestResponse:
    """Somebody presses the button, says yes at the provider, and comes back."""
    sent = client.get("/sign-in/oidc", query_string={"next": target})
    assert sent.status_code == 302, sent.text
    return client.get(path_of(cheat.back(sent.location, **more)))


def is_in(client: FlaskClient) -> bool:
    return client.get("/me").status_code == 200


def log_of(database: Database) -> list[tuple[str, str, str | None]]:
    with database.readers.begin() as session:
        rows = session.execute(
            text("SELECT person, what, item, reason FROM access_log ORDER BY id")
        )
        return [(row.person, row.what, row.reason or row.item) for row in rows]


# ---------------------------------------------------------------------------- a real provider


def test_signing_in_by_a_real_provider(real: RealProvider, make_app: MakeApp) -> None:
    real.know("s-1", preferred_username="sun")
    app = make_app(real, OIDC_LABEL_ZH="曲靖统一认证", OIDC_LABEL_EN="Qujing sign-on")
    database = database_of(app)
    person_with(database, "sun", HEAD)
    client = app.test_client()
    page = client.get("/sign-in", query_string={"next": "/board"}).text
    assert "曲靖统一认证" in page
    assert "/sign-in/oidc?next=/board" in page
    sent = client.get("/sign-in/oidc?next=/board")
    back = client.get(path_of(real.sign_in(sent.location, "s-1")))
    assert (back.status_code, back.location) == (302, "/board")
    assert is_in(client)
    assert log_of(database) == [("sun", "provider_linked", None), ("sun", "sign_in", "oidc")]
    # It was proved there just now, and the provider said so.
    assert client.get("/confirm?next=/board").location == "/board"
    left = client.post("/sign-out", data={"csrf_token": token(client.get("/me").text)})
    assert left.location == "/signed-out"
    page = client.get(left.location).text
    assert f"{real.issuer}/oauth2/end_session?client_id={real.client_id}" in page
    assert not is_in(client)
    # By now the account is bound to the subject: the login there may become another.
    real.know("s-1", preferred_username="sun.li")
    sent = client.get("/sign-in/oidc")
    assert client.get(path_of(real.sign_in(sent.location, "s-1"))).location == "/desk"
    assert is_in(client)


def test_a_login_that_is_given_to_somebody_else_opens_nothing(
    real: RealProvider, make_app: MakeApp
) -> None:
    app = make_app(real)
    database = database_of(app)
    person_with(database, "zhou", HEAD)
    for subject, is_let_in in (("z-1", True), ("z-2", False), ("z-1", True)):
        real.know(subject, preferred_username="zhou")
        client = app.test_client()
        sent = client.get("/sign-in/oidc")
        answer = client.get(path_of(real.sign_in(sent.location, subject)))
        assert is_in(client) is is_let_in
        assert answer.location == ("/desk" if is_let_in else START)
    assert ("zhou", "sign_in_refused", "oidc_bound_otherwise") in log_of(database)


def test_somebody_breaks_it_off_there(real: RealProvider, make_app: MakeApp) -> None:
    app = make_app(real)
    person_with(database_of(app), "sun", HEAD)
    client = app.test_client()
    sent = client.get("/sign-in/oidc?next=/board")
    answer = client.get(path_of(real.sign_in(sent.location, None)), follow_redirects=True)
    assert not is_in(client)
    # The other ways are there, and lead where the person wanted to go.
    form = {
        "csrf_token": token(answer.text), "login": "sun", "password": PASSWORD,
        "next": hidden(answer.text, "next"),
    }  # fmt: skip
    assert client.post("/sign-in", data=form).location == "/board"


def test_confirming_at_a_real_provider(real: RealProvider, make_app: MakeApp) -> None:
    for subject, login in (("s-1", "sun"), ("l-1", "li")):
        real.know(subject, preferred_username=login)
    app = make_app(real)
    database = database_of(app)
    for login in ("sun", "li"):
        person_with(database, login, HEAD)
    client = app.test_client()
    sent = client.get("/sign-in/oidc")
    client.get(path_of(real.sign_in(sent.location, "s-1")))
    with database.sessions.begin() as session:
        session.execute(text("UPDATE sign_ins SET verified_at = NULL"))
    page = client.get("/confirm?next=/board")
    assert "/confirm/oidc?next=/confirm?next%3D/board" in unescape(page.text)
    # Another account there confirms nothing.
    sent = client.get("/confirm/oidc?next=/board")
    assert "prompt=login" in sent.location
    assert "max_age=0" in sent.location
    answer = client.get(path_of(real.sign_in(sent.location, "l-1")))
    assert answer.location == "/confirm?next=/board"
    assert client.get(answer.location).status_code == 200
    assert is_in(client)
    # The own one does; the page waits in another window unless it is named.
    before = client.get_cookie("session")
    sent = client.get("/confirm/oidc")
    answer = client.get(path_of(real.sign_in(sent.location, "s-1")))
    assert client.get(answer.location).status_code == 200
    assert client.get("/confirm?next=/board").location == "/board"
    assert [what for _, what, _ in log_of(database)][-2:] == ["confirmation_refused", "confirmed"]
    # The token is a new one: what was kept of the old cookie is dead.
    assert before is not None
    client.set_cookie("session", before.value)
    assert not is_in(client)


# ---------------------------------------------------------------------------- who comes in


def test_nobody_is_made_by_the_provider(office: Flask, cheat: Cheat) -> None:
    database = database_of(office)
    for more in ({"preferred_username": "li"}, {"preferred_username": "SUN"}, {}):
        cheat.more = more
        cheat.userinfo = {"sub": cheat.subject}
        client = office.test_client()
        assert comes(client, cheat).location == "/sign-in?next=/board"
        assert not is_in(client)
    with database.readers.begin() as session:
        assert session.scalar(text("SELECT count(*) FROM people")) == 1
    assert [who for who, _, _ in log_of(database)] == ["li", "SUN", ""]
    assert {what for _, what, _ in log_of(database)} == {"sign_in_refused"}


def test_whoever_left_stays_out(office: Flask, cheat: Cheat) -> None:
    database = database_of(office)
    with database.readers.begin() as session:
        found = find_login(session, "sun")
    assert found is not None
    client = office.test_client()
    # Neither the first time, nor once bound.
    for is_active in (False, True, False):
        set_active(database, found.id, is_active=is_active)
        client = office.test_client()
        comes(client, cheat)
        assert is_in(client) is is_active
    assert log_of(database)[-1] == ("sun", "sign_in_refused", "oidc_deactivated")


@pytest.mark.parametrize(
    ("trust", "office_of", "has_app", "demand", "leads_to"),
    [
        ("ours", None, False, "optional", "/board"),
        ("ours", None, True, "optional", "/sign-in/next?next=/board"),
        ("ours", None, False, "required", "/sign-in/next?next=/board"),
        ("provider", None, True, "required", "/board"),
        ("provider", None, False, "required", "/board"),
        # Of an administrator our own is asked in any case.
        ("provider", SYSTEM_ADMINISTRATOR, True, "optional", "/sign-in/next?next=/board"),
        ("provider", SECURITY_ADMINISTRATOR, False, "optional", "/sign-in/next?next=/board"),
        ("ours", AUDIT_ADMINISTRATOR, False, "optional", "/sign-in/next?next=/board"),
    ],
)
def test_the_second_factor(
    cheat: Cheat,
    make_app: MakeApp,
    trust: str,
    office_of: str | None,
    has_app: bool,
    demand: str,
    leads_to: str,
) -> None:
    app = make_app(cheat, OIDC_SECOND_FACTOR=trust, SECOND_FACTOR=demand)
    database = database_of(app)
    person_with(database, "sun", *([Post(office_of)] if office_of else [HEAD]))
    if has_app:
        with_app(database, app)
    client = app.test_client()
    answer = comes(client, cheat)
    assert answer.location == leads_to
    assert is_in(client) is (leads_to == "/board")
    if has_app and leads_to != "/board":
        page = client.get(answer.location).text
        form = {"csrf_token": token(page), "code": app_code(SECRET, utcnow()), "next": "/board"}
        assert client.post("/sign-in/second", data=form).location == "/board"
        assert is_in(client)


def with_app(database: Database, app: Flask) -> None:
    with database.readers.begin() as session:
        found = find_login(session, "sun")
    assert found is not None
    at = utcnow() - timedelta(hours=1)
    add_own_app(
        database, found, SECRET, app_code(SECRET, at), "",
        sign_in_id=0, key=app.config["SECRET_KEY"], by=By("sun", at, at.date()),
    )  # fmt: skip


@pytest.mark.parametrize(("seconds", "leads_to"), [(60, "/board"), (300, None), (None, None)])
def test_a_proof_of_hours_ago_is_none_for_what_is_grave(
    office: Flask, cheat: Cheat, seconds: int | None, leads_to: str | None
) -> None:
    if seconds is not None:
        cheat.more["auth_time"] = int(utcnow().timestamp()) - seconds
    client = office.test_client()
    comes(client, cheat)
    assert is_in(client)
    assert client.get("/confirm?next=/board").location == leads_to
    if leads_to is None:
        # Nor does the provider's word without a time confirm anything.
        sent = client.get("/confirm/oidc?next=/board")
        answer = client.get(path_of(cheat.back(sent.location)))
        assert answer.location == "/confirm?next=/board"
        cheat.more["auth_time"] = int(utcnow().timestamp())
        sent = client.get("/confirm/oidc?next=/board")
        assert client.get(path_of(cheat.back(sent.location))).location == "/board"


# ---------------------------------------------------------------------------- attacks


@pytest.mark.parametrize(
    "changed",
    [
        {"state": "another"},
        {"iss": "https://idp.example"},
        {"code": "code-77"},
        {"error": "server_error"},
    ],
)
def test_an_answer_that_does_not_fit(office: Flask, cheat: Cheat, changed: dict[str, str]) -> None:
    client = office.test_client()
    answer = comes(client, cheat, **changed)
    assert answer.location == "/sign-in?next=/board"
    assert not is_in(client)
    assert [what for _, what, _ in log_of(database_of(office))] == ["sign_in_refused"]


def test_what_the_provider_adds_is_shown_to_nobody(office: Flask, cheat: Cheat) -> None:
    client = office.test_client()
    answer = comes(client, cheat, code="code-77", error_description="<b>mallory was here</b>")
    page = answer.text + client.get(answer.location).text
    assert "told-warning" in page
    for each in ("mallory", "secret details", "invalid_grant", "code-77"):
        assert each not in page


def test_a_token_for_somebody_else_opens_nothing(office: Flask, cheat: Cheat) -> None:
    wrong: list[dict[str, Any]] = [
        {"nonce": "of another browser"}, {"aud": "another"}, {"iss": "https://idp.example"},
        {"exp": 1},
    ]  # fmt: skip
    for each in wrong:
        cheat.change = lambda claims, _, each=each: claims.update(each)
        client = office.test_client()
        assert comes(client, cheat).location == "/sign-in?next=/board"
        assert not is_in(client)
    for alg in ("none", "HS256"):
        cheat.change = lambda _, header, alg=alg: header.update(alg=alg)
        client = office.test_client()
        assert comes(client, cheat).location == "/sign-in?next=/board"
        assert not is_in(client)


def test_an_answer_counts_in_its_own_browser_and_once(office: Flask, cheat: Cheat) -> None:
    client, other = office.test_client(), office.test_client()
    sent = client.get("/sign-in/oidc")
    kept = client.get_cookie("session")
    back = path_of(cheat.back(sent.location))
    # Somebody is led to it who never asked, or who asked for something else.
    assert other.get(back).location == START
    other.get("/sign-in/oidc")
    assert other.get(back).location == START
    assert not is_in(other)
    assert client.get(back).location == "/desk"
    # The same address again, and with the cookie of before and a code that is good.
    again = office.test_client()
    assert again.get(back).location == START
    assert kept is not None
    again.set_cookie("session", kept.value)
    assert again.get(path_of(cheat.back(sent.location))).location == START
    assert not is_in(again)
    assert log_of(database_of(office))[-1] == ("sun", "sign_in_refused", "oidc_twice")


@pytest.mark.parametrize(("minutes", "is_taken"), [(9.9, True), (10.1, False), (-1, False)])
def test_an_answer_comes_within_minutes(
    office: Flask, cheat: Cheat, minutes: float, is_taken: bool
) -> None:
    client = office.test_client()
    sent = client.get("/sign-in/oidc")
    with client.session_transaction() as session:
        at = utcnow() - timedelta(minutes=minutes)
        session["provider"] = {**session["provider"], "at": at.isoformat()}
    client.get(path_of(cheat.back(sent.location)))
    assert is_in(client) is is_taken


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example/", "/\\evil", ""])
def test_nobody_is_led_elsewhere(office: Flask, cheat: Cheat, target: str) -> None:
    assert comes(office.test_client(), cheat, target).location == "/desk"


def test_a_page_elsewhere_signs_nobody_in(office: Flask) -> None:
    client = office.test_client()
    headers = {"Sec-Fetch-Site": "cross-site"}
    assert client.get("/sign-in/oidc", headers=headers).location == "/sign-in?next=/desk"
    inside = sign_in(office, "sun")
    answer = inside.get("/confirm/oidc?next=/board", headers=headers)
    assert answer.location == "/confirm?next=/board"


def test_where_the_provider_sends_people_back_is_our_own_setting(
    office: Flask, cheat: Cheat
) -> None:
    client = office.test_client()
    sent = client.get("/sign-in/oidc", headers={"Host": "evil.example"})
    assert f"redirect_uri={HOUSE}{BACK}".replace(":", "%3A").replace("/", "%2F") in sent.location
    assert sent.location.startswith(f"{cheat.issuer}/authorize?")


# ---------------------------------------------------------------------------- the provider is away


def test_the_provider_is_away_and_passwords_open(office: Flask, cheat: Cheat) -> None:
    cheat.discovery = {"issuer": "https://idp.example"}
    client = office.test_client()
    answer = client.get("/sign-in/oidc?next=/board", follow_redirects=True)
    assert "told-warning" in answer.text
    form = {
        "csrf_token": token(answer.text), "login": "sun", "password": PASSWORD,
        "next": hidden(answer.text, "next"),
    }  # fmt: skip
    assert client.post("/sign-in", data=form).location == "/board"
    assert client.get("/confirm/oidc?next=/board").location == "/confirm?next=/board"


@pytest.mark.parametrize("body", [b"<html>down</html>", b"{" + b" " * 300_000])
def test_the_provider_fails_on_the_way_back(office: Flask, cheat: Cheat, body: bytes) -> None:
    cheat.answer = lambda _: body
    client = office.test_client()
    answer = comes(client, cheat)
    assert answer.location == "/sign-in?next=/board"
    assert "html>down" not in client.get(answer.location).text
    assert not is_in(client)
    # A new try is a new one.
    cheat.answer = None
    assert comes(client, cheat).location == "/board"


# ---------------------------------------------------------------------------- the provider alone


def test_with_the_provider_alone_administrators_have_passwords(
    cheat: Cheat, make_app: MakeApp
) -> None:
    app = make_app(cheat, OIDC_ONLY="1")
    database = database_of(app)
    person_with(database, "sun", HEAD)
    person_with(database, "root", Post(SYSTEM_ADMINISTRATOR))
    assert is_in(sign_in(app, "root"))
    said = {}
    for password in (PASSWORD, "wrong"):
        client = app.test_client()
        form = {
            "csrf_token": token(client.get("/sign-in").text), "login": "sun", "password": password,
        }  # fmt: skip
        answer = client.post("/sign-in", data=form)
        said[password] = text_of(answer.text)
        assert answer.status_code == 401
        assert not is_in(client)
    # Only who knows the password learns that it would be the right one.
    assert said[PASSWORD] != said["wrong"]
    assert log_of(database)[-2:] == [("sun", "sign_in_refused", None)] * 2
    client = app.test_client()
    assert comes(client, cheat).location == "/board"


# ---------------------------------------------------------------------------- bonds


def test_a_bond_is_taken_away_by_whoever_keeps_accounts(office: Flask, cheat: Cheat) -> None:
    database = database_of(office)
    person_with(database, "root", Post(SYSTEM_ADMINISTRATOR))
    person_with(database, "guard", Post(SECURITY_ADMINISTRATOR))
    person_with(database, "audit", Post(AUDIT_ADMINISTRATOR))
    bound = office.test_client()
    comes(bound, cheat)
    with database.readers.begin() as session:
        found = find_login(session, "sun")
    assert found is not None
    address = f"/people/{found.id}/unlink"
    for login in ("sun", "guard", "audit"):
        assert sign_in(office, login).get(address).status_code == 403
    root = sign_in(office, "root")
    assert address in root.get(f"/people/{found.id}").text
    form = token(root.get(address).text)
    assert root.post(address, data={"csrf_token": form}).status_code == 400  # no reason
    assert is_in(bound)
    done = root.post(address, data={"csrf_token": form, "reason": "换了单位账号"})
    assert done.status_code == 303
    assert not is_in(bound)
    assert log_of(database)[-1] == ("root", "provider_unlinked", "换了单位账号")
    page = root.get(f"/people/{found.id}").text
    assert address not in page
    assert "换了单位账号" in page
    assert root.post(address, data={"csrf_token": form, "reason": "再次"}).status_code == 400
    # The next with the login has the account.
    cheat.subject = "subject-2"
    assert comes(office.test_client(), cheat).location == "/board"


def test_another_provider_binds_anew(cheat: Cheat, office: Flask, make_app: MakeApp) -> None:
    comes(office.test_client(), cheat)
    with cheating_provider(utcnow) as other:
        moved = make_app(other)
        client = moved.test_client()
        assert comes(client, other).location == "/board"
        assert is_in(client)
    with database_of(office).readers.begin() as session:
        found = find_login(session, "sun")
        assert found is not None
        subject = subject_of(session, found.id)
    assert subject is not None
    assert len(subject) <= 255
    # The bond to the old one is gone, so that it opens nothing any more.
    cheat.more = {"preferred_username": "nobody"}
    assert comes(office.test_client(), cheat).location == "/sign-in?next=/board"


# ---------------------------------------------------------------------------- texts, and without


def test_a_text_survives_a_sign_in_in_another_window(office: Flask, cheat: Cheat) -> None:
    ref = opened(database_of(office), known=facts(FUYUAN, deaths=1))
    client = sign_in(office, "sun")
    address = f"/cases/{ref.number}/steps/decide_category"
    fields = {"csrf_token": token(client.get(address).text), "note": LONG}
    with database_of(office).sessions.begin() as session:
        session.execute(text("UPDATE sign_ins SET ended_at = began_at"))
    asked = client.post(address, data=fields)
    assert asked.status_code == 401
    assert 'href="/sign-in/oidc?next=" target="_blank"' in asked.text
    assert comes(client, cheat, "").location == "/desk"
    # The first window is reloaded: the browser sends the same form again.
    assert client.post(address, data=fields).location == address
    assert LONG in unescape(client.get(address).text)


def test_without_a_provider_there_is_nothing_of_it(quick_app: Flask) -> None:
    person_with(database_of(quick_app), "sun", HEAD)
    client = quick_app.test_client()
    assert "/sign-in/oidc" not in client.get("/sign-in").text
    for address in ("/sign-in/oidc", BACK, f"{BACK}?code=x&state=y", "/signed-out"):
        assert client.get(address).status_code == 404
    inside = sign_in(quick_app, "sun")
    assert inside.get("/confirm/oidc").status_code == 404
    form = token(inside.get("/me").text)
    assert inside.post("/sign-out", data={"csrf_token": form}).location == "/sign-in"
