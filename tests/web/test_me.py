"""One's own page: second factors, recovery codes, sign-ins; and what whoever guards them may do."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.test import TestResponse

from fireinvest.clock import utcnow
from fireinvest.services.people import Post
from fireinvest.store import Database
from fireinvest.workflow.permissions import SECURITY_ADMINISTRATOR, SYSTEM_ADMINISTRATOR
from tests.authenticators import Device, app_code
from tests.services.office import FUYUAN
from tests.web.office import PASSWORD, database_of, hidden, person_with, sign_in, text_of, token

OFFICER = Post("carrier", division=FUYUAN, tier="county")


@pytest.fixture
def database(quick_app: Flask) -> Database:
    found = database_of(quick_app)
    person_with(found, "sun", OFFICER)
    return found


def post(client: FlaskClient, address: str, **fields: str) -> TestResponse:
    form = token(client.get("/me").text)
    return client.post(address, data={"csrf_token": form, **fields})


def add_app(client: FlaskClient, label: str = "") -> TestResponse:
    page = client.get("/me/factors/app").text
    found = re.search(r'<code class="key-groups">([A-Z2-7 ]+)</code>', page)
    assert found is not None
    code = app_code(found[1].replace(" ", ""), utcnow())
    return post(client, "/me/factors/app", offer=hidden(page, "offer"), code=code, label=label)


def codes_on(page: str) -> list[str]:
    found = re.search(r'id="codes"[^>]*>([^<]+)</textarea>', page)
    assert found is not None
    return found[1].split()


def logged(database: Database, *whats: str) -> list[tuple[str, str, str]]:
    with database.readers.begin() as session:
        rows = session.execute(text("SELECT person, what, about FROM access_log ORDER BY id"))
        return [(row.person, row.what, row.about) for row in rows if row.what in whats]


def test_an_app_is_added_named_and_removed(quick_app: Flask, database: Database) -> None:
    other = sign_in(quick_app, "sun")
    client = sign_in(quick_app, "sun")
    shown = add_app(client, "办公手机")
    codes = codes_on(shown.text)
    assert len(set(codes)) == 10
    # Others are out; this one goes on.
    assert other.get("/desk").status_code == 302
    page = client.get("/me").text
    assert "办公手机" in page
    assert not any(each in page for each in codes)
    factor = re.search(r"/me/factors/(\d+)/remove", page)
    assert factor is not None
    address = f"/me/factors/{factor[1]}"
    assert post(client, f"{address}/rename", label="x" * 61).status_code == 400
    assert post(client, f"{address}/rename", label="新手机").status_code == 303
    assert "新手机" in client.get("/me").text
    assert post(client, f"{address}/remove").status_code == 303
    assert post(client, f"{address}/remove").status_code == 404
    assert logged(database, "factor_added", "factor_renamed", "factor_removed") == [
        ("sun", f"factor_{each}", "sun") for each in ("added", "renamed", "removed")
    ]


def test_others_second_factors_are_nobodys_business(quick_app: Flask, database: Database) -> None:
    person_with(database, "li", OFFICER)
    add_app(sign_in(quick_app, "li"))
    with database.readers.begin() as session:
        factor_id = session.scalar(text("SELECT id FROM authenticators"))
        sign_in_id = session.scalar(text("SELECT max(id) FROM sign_ins"))
    client = sign_in(quick_app, "sun")
    for address in (f"/me/factors/{factor_id}/remove", f"/me/factors/{factor_id}/rename"):
        assert client.get(address).status_code == 404
        assert post(client, address, label="x").status_code == 404
    post(client, f"/me/sign-ins/{sign_in_id}/end")
    with database.readers.begin() as session:
        assert session.scalar(text("SELECT count(*) FROM authenticators")) == 1
        found = session.execute(text("SELECT ended_at FROM sign_ins WHERE person_id = 2"))
        assert [row.ended_at for row in found] == [None]


@pytest.mark.parametrize(
    "address",
    [
        "/me/factors/app",
        "/me/factors/passkey",
        "/me/factors/1/remove",
        "/me/recovery-codes",
        "/me/sign-ins/end-others",
        "/me/sign-ins/99/end",
    ],
)
def test_changing_how_one_signs_in_wants_a_fresh_proof(
    quick_app: Flask, database: Database, address: str
) -> None:
    client = sign_in(quick_app, "sun")
    add_app(client)
    with database.sessions.begin() as session:
        then = (utcnow() - timedelta(minutes=11)).replace(tzinfo=None)
        session.execute(text("UPDATE sign_ins SET verified_at = :then"), {"then": then})
    asked = post(client, address)
    assert asked.status_code == 401
    assert 'name="proof_password"' in asked.text
    done = post(client, address, proof_password=PASSWORD)
    assert done.status_code in (200, 303, 400)


def test_few_recovery_codes_are_told_and_new_ones_replace_them(
    quick_app: Flask, database: Database
) -> None:
    client = sign_in(quick_app, "sun")
    old = codes_on(add_app(client).text)
    with database.sessions.begin() as session:
        session.execute(
            text(
                "UPDATE one_time_codes SET used_at = made_at WHERE id > (SELECT min(id) + 1 FROM one_time_codes)"
            )
        )
    assert "只剩" in client.get("/me").text or "Only 2 recovery" in client.get("/me?lang=en").text
    fresh = codes_on(post(client, "/me/recovery-codes").text)
    assert len(set(fresh) | set(old)) == 20
    assert "10" in text_of(client.get("/me?lang=en").text).partition("recovery codes left")[0][-5:]


def test_a_passkey_is_added(quick_app: Flask, database: Database) -> None:
    client = sign_in(quick_app, "sun")
    device = Device("localhost", "http://localhost")
    options = post(client, "/me/factors/passkey/options").get_json()
    assert options["user"]["name"] == "sun"
    assert post(client, "/me/factors/passkey", credential="{}").status_code == 400
    # The challenge was taken by the wrong answer.
    late = device.made(options["challenge"])
    assert post(client, "/me/factors/passkey", credential=late).status_code == 400
    options = post(client, "/me/factors/passkey/options").get_json()
    made = device.made(options["challenge"])
    done = post(client, "/me/factors/passkey", credential=made, label="U盾")
    assert len(codes_on(done.text)) == 10
    assert "U盾" in client.get("/me").text
    # And it is a proof.
    options = post(client, "/confirm/passkey/options").get_json()
    assert len(options["allowCredentials"]) == 1
    answer = device.signed(options["challenge"])
    with database.sessions.begin() as session:
        then = (utcnow() - timedelta(minutes=11)).replace(tzinfo=None)
        session.execute(text("UPDATE sign_ins SET verified_at = :then"), {"then": then})
    assert post(client, "/confirm", proof_answer="{}").status_code == 401
    options = post(client, "/confirm/passkey/options").get_json()
    answer = device.signed(options["challenge"])
    assert post(client, "/confirm", proof_answer=answer).status_code == 303


def test_one_sign_in_is_ended_and_no_other(quick_app: Flask, database: Database) -> None:
    first, second, third = (sign_in(quick_app, "sun") for _ in range(3))
    ends = re.findall(r"/me/sign-ins/(\d+)/end\"", third.get("/me").text)
    assert len(ends) == 2
    assert post(third, f"/me/sign-ins/{ends[0]}/end").status_code == 303
    assert second.get("/desk").status_code == 302
    assert first.get("/desk").status_code == 200
    with database.readers.begin() as session:
        own = session.scalar(text("SELECT max(id) FROM sign_ins"))
    assert post(third, f"/me/sign-ins/{own}/end").status_code == 400
    assert third.get("/desk").status_code == 200


# ---------------------------------------------------------------------------- guarding


def test_who_guards_sign_ins_resets_ends_and_lifts(quick_app: Flask, database: Database) -> None:
    guard = person_with(database, "guard", Post(SECURITY_ADMINISTRATOR))
    sun = sign_in(quick_app, "sun")
    add_app(sun)
    client = sign_in(quick_app, "guard")
    with database.readers.begin() as session:
        sun_id = session.scalar(text("SELECT id FROM people WHERE login = 'sun'"))
    page = text_of(client.get(f"/people/{sun_id}?lang=en").text)
    assert "1 authenticator app" in page
    reset = f"/people/{sun_id}/second-factors/reset"
    assert client.get(reset).status_code == 200
    assert post(client, reset, reason=" ").status_code == 400
    assert post(client, reset, reason="手机丢失").status_code == 303
    assert sun.get("/desk").status_code == 302
    sun = sign_in(quick_app, "sun")
    assert post(client, f"/people/{sun_id}/sign-ins/end").status_code == 303
    assert sun.get("/desk").status_code == 302
    stranger = quick_app.test_client()
    form = token(stranger.get("/sign-in").text)
    wrong = {"csrf_token": form, "login": "sun", "password": "wrong"}
    answers = [stranger.post("/sign-in", data=wrong).status_code for _ in range(6)]
    assert answers == [401] * 5 + [429]
    assert post(client, f"/people/{sun_id}/waits/lift").status_code == 303
    again = {"csrf_token": form, "login": "sun", "password": PASSWORD}
    assert stranger.post("/sign-in", data=again).status_code == 302
    assert logged(database, "factors_reset", "sign_ins_ended", "wait_lifted") == [
        ("guard", each, "sun") for each in ("factors_reset", "sign_ins_ended", "wait_lifted")
    ]
    # Not one's own, whatever one's office.
    for address in ("second-factors/reset", "sign-ins/end", "waits/lift"):
        assert post(client, f"/people/{guard}/{address}", reason="x").status_code == 403


def test_nobody_else_guards_sign_ins(quick_app: Flask, database: Database) -> None:
    person_with(database, "root", Post(SYSTEM_ADMINISTRATOR))
    for login in ("sun", "root"):
        client = sign_in(quick_app, login)
        for address in ("second-factors/reset", "sign-ins/end", "waits/lift"):
            assert post(client, f"/people/1/{address}", reason="x").status_code == 403


def test_guessing_ones_own_password_waits(quick_app: Flask, database: Database) -> None:
    """Whoever sits down at an open session can't find the password out there."""
    client = sign_in(quick_app, "sun")
    new = "Kranich Teekanne siebzig"
    fields = {"old_password": "wrong", "new_password": new, "again": new}
    for _ in range(5):
        assert post(client, "/me/password", **fields).status_code == 400
    assert post(client, "/me/password", **{**fields, "old_password": PASSWORD}).status_code == 429
