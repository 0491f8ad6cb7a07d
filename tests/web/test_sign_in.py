"""Signing in and out: right and wrong, expired, revoked, and never with a text lost."""

import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from urllib.parse import unquote

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.test import TestResponse

from fireinvest.clock import today_in_china, utcnow
from fireinvest.services import passwords, signing_in
from fireinvest.services.codes import issue_code
from fireinvest.services.passwords import set_password
from fireinvest.services.people import By, Post, create_person, name_deputy, set_active
from fireinvest.store import Database
from fireinvest.web.app import create_app
from tests.authenticators import Device, app_code
from tests.conftest import settings_for
from tests.services.office import FUYUAN, facts, opened
from tests.web.office import PASSWORD, database_of, hidden, person_with, sign_in, token

OFFICER = Post("carrier", division=FUYUAN, tier="county")
LONG = "经查，起火部位位于一层仓库东北角。" * 400


@pytest.fixture
def office(app: Flask) -> tuple[Flask, Database]:
    database = database_of(app)
    person_with(database, "sun", OFFICER)
    return app, database


def log_of(database: Database) -> list[tuple[str, str]]:
    with database.readers.begin() as session:
        rows = session.execute(text("SELECT person, what FROM access_log ORDER BY id"))
        return [(row.person, row.what) for row in rows]


def test_signing_in_and_out(office: tuple[Flask, Database]) -> None:
    app, database = office
    client = sign_in(app, "sun")
    page = client.get("/desk")
    assert page.status_code == 200
    assert "某sun" in page.text
    form = token(page.text)
    assert client.post("/sign-out", data={"csrf_token": form}).status_code == 302
    assert client.get("/desk").status_code == 302
    assert log_of(database) == [("sun", "sign_in"), ("sun", "sign_out")]


def test_a_cookie_kept_aside_is_worth_nothing_after_signing_out(
    office: tuple[Flask, Database],
) -> None:
    app, _ = office
    client = sign_in(app, "sun")
    kept = client.get_cookie("session")
    assert kept is not None
    client.post("/sign-out", data={"csrf_token": token(client.get("/desk").text)})
    client.set_cookie("session", kept.value)
    assert client.get("/desk").status_code == 302


@pytest.mark.parametrize(
    ("login", "password"),
    [
        ("sun", "wrong"),
        ("sun", ""),
        ("sun", PASSWORD + " "),
        ("nobody", PASSWORD),
        ("", ""),
        ("sun'--", PASSWORD),
        ("x" * 5000, "y" * 5000),
        ("孙", "\ud7ff"),
    ],
)
def test_a_wrong_name_or_password_is_refused_alike(
    office: tuple[Flask, Database], login: str, password: str
) -> None:
    app, database = office
    client = app.test_client()
    form = token(client.get("/sign-in").text)
    answer = client.post(
        "/sign-in", data={"csrf_token": form, "login": login, "password": password}
    )
    assert answer.status_code == 401
    assert "名" in answer.text or "name" in answer.text
    assert not password or password not in answer.text
    assert client.get("/desk").status_code == 302
    assert [what for _, what in log_of(database)] == ["sign_in_refused"]


def test_somebody_who_has_left_is_out_at_once(office: tuple[Flask, Database]) -> None:
    app, database = office
    person_id = person_with(database, "zhou", OFFICER)
    client = sign_in(app, "zhou")
    assert client.get("/desk").status_code == 200
    set_active(database, person_id, is_active=False)
    assert client.get("/desk").status_code == 302


@pytest.mark.parametrize(
    ("column", "hours", "is_in"),
    [
        ("seen_at", 7.9, True),
        ("seen_at", 8.1, False),
        ("began_at", 23.9, True),
        ("began_at", 24.1, False),
    ],
)
def test_a_sign_in_ends_by_itself(
    office: tuple[Flask, Database], column: str, hours: float, is_in: bool
) -> None:
    app, database = office
    client = sign_in(app, "sun")
    then = utcnow() - timedelta(hours=hours)
    if database.engine.dialect.name == "sqlite":
        then = then.replace(tzinfo=None)
    with database.sessions.begin() as session:
        session.execute(text(f"UPDATE sign_ins SET {column} = :then"), {"then": then})
    assert client.get("/desk").status_code == (200 if is_in else 302)


@pytest.mark.parametrize(
    ("target", "leads_to"),
    [
        ("/cases?place=530325", "/cases?place=530325"),
        ("https://example.com/", "/desk"),
        ("//example.com/", "/desk"),
        ("/\\example.com", "/desk"),
        ("javascript:alert(1)", "/desk"),
        ("/a\r\nSet-Cookie: x=1", "/desk"),
        ("", "/desk"),
    ],
)
def test_signing_in_leads_back_but_never_elsewhere(
    office: tuple[Flask, Database], target: str, leads_to: str
) -> None:
    app, _ = office
    client = app.test_client()
    form = token(client.get("/sign-in").text)
    answer = client.post(
        "/sign-in",
        data={"csrf_token": form, "login": "sun", "password": PASSWORD, "next": target},
    )
    assert answer.location == leads_to


# ---------------------------------------------------------------------------- nothing is lost


def test_a_long_text_survives_the_end_of_the_session(office: tuple[Flask, Database]) -> None:
    """The session ended while somebody wrote: the text is theirs again after signing in."""
    app, database = office
    ref = opened(database, known=facts(FUYUAN, deaths=1))
    person_with(database, "head", Post("agency_head", division=FUYUAN, tier="county"))
    client = sign_in(app, "head")
    address = f"/cases/{ref.number}/steps/decide_category"
    page = client.get(address).text
    fields = {
        "csrf_token": token(page), "key": hidden(page, "key"),
        "expected_version": hidden(page, "expected_version"), "on": "2025-05-13",
        "category": "ordinary", "decided_by": "消防救援大队", "note": LONG, "reason": "",
    }  # fmt: skip
    with database.sessions.begin() as session:
        session.execute(text("UPDATE sign_ins SET ended_at = began_at"))
    asked = client.post(address, data=fields)
    assert asked.status_code == 401
    assert "经查" not in asked.text  # it goes along signed and packed
    kept = hidden(asked.text, "kept")
    again = client.post(
        "/sign-in",
        data={
            "csrf_token": token(asked.text), "login": "head", "password": PASSWORD, "kept": kept,
            "next": address,
        },
    )  # fmt: skip
    assert again.location == address
    resumed = client.get(address).text
    assert LONG in unescape(resumed)
    assert hidden(resumed, "key") == fields["key"]
    saved = client.post(address, data={**fields, "csrf_token": token(resumed)})
    assert saved.status_code == 303, saved.text
    assert LONG not in unescape(client.get(address).text)  # the draft is gone


def test_what_somebody_else_wrote_is_not_handed_over(office: tuple[Flask, Database]) -> None:
    app, database = office
    ref = opened(database, known=facts(FUYUAN, deaths=1))
    head = Post("agency_head", division=FUYUAN, tier="county")
    person_with(database, "head", head)
    person_with(database, "other", head)
    client = sign_in(app, "head")
    address = f"/cases/{ref.number}/steps/decide_category"
    form = token(client.get(address).text)
    with database.sessions.begin() as session:
        session.execute(text("UPDATE sign_ins SET ended_at = began_at"))
    asked = client.post(address, data={"csrf_token": form, "note": LONG}).text
    client.post(
        "/sign-in",
        data={
            "csrf_token": token(asked), "login": "other", "password": PASSWORD,
            "kept": hidden(asked, "kept"),
        },
    )  # fmt: skip
    assert LONG not in unescape(client.get(address).text)


@pytest.mark.parametrize("kept", ["x", "W10.abc.def", "", "." * 5000])
def test_a_forged_text_is_left_aside(office: tuple[Flask, Database], kept: str) -> None:
    app, _ = office
    client = app.test_client()
    form = token(client.get("/sign-in").text)
    answer = client.post(
        "/sign-in", data={"csrf_token": form, "login": "sun", "password": PASSWORD, "kept": kept}
    )
    assert answer.location == "/desk"


def test_a_form_from_another_site_is_kept_for_nobody(office: tuple[Flask, Database]) -> None:
    app, database = office
    ref = opened(database, known=facts(FUYUAN, deaths=1))
    address = f"/cases/{ref.number}/steps/decide_category"
    for headers in ({"Origin": "https://example.com"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = app.test_client().post(address, data={"note": "planted"}, headers=headers)
        assert answer.status_code == 401
        assert 'name="kept"' not in answer.text
        person_with(database, f"head{len(headers)}{next(iter(headers))[:3].lower()}")
    client = sign_in(app, "sun")
    refused = client.post(
        address, data={"note": "planted"}, headers={"Origin": "https://example.com"}
    )
    assert refused.status_code == 400
    with database.readers.begin() as session:
        assert session.scalar(text("SELECT count(*) FROM drafts")) == 0


def test_an_old_token_of_a_form_costs_no_text(office: tuple[Flask, Database]) -> None:
    """Signed in anew in another window: the old window's form becomes a draft and opens again."""
    app, database = office
    ref = opened(database, known=facts(FUYUAN, deaths=1))
    person_with(database, "head", Post("agency_head", division=FUYUAN, tier="county"))
    client = sign_in(app, "head")
    address = f"/cases/{ref.number}/steps/decide_category"
    answer = client.post(address, data={"csrf_token": "old", "note": LONG, "on": "2025-05-13"})
    assert answer.status_code == 302
    assert answer.location == address
    assert LONG in unescape(client.get(address).text)


@pytest.mark.parametrize("step", ["%0d%0aX-Fuzzed:%20yes", "x" * 201, "%2e%2e"])
def test_no_draft_stands_under_an_address_that_leads_nowhere(
    office: tuple[Flask, Database], step: str
) -> None:
    app, database = office
    ref = opened(database, known=facts(FUYUAN, deaths=1))
    person_with(database, "head", Post("agency_head", division=FUYUAN, tier="county"))
    client = sign_in(app, "head")
    form = token(client.get("/cases/new").text)
    address = f"/cases/{ref.number}/steps/{step}"
    assert client.post(address, data={"csrf_token": "old", "note": LONG}).status_code == 400
    for action in ("", "/drop"):
        fields = {"csrf_token": form, "form": unquote(address), "note": LONG}
        assert client.post(f"/drafts{action}", data=fields).status_code == 400
    with database.readers.begin() as session:
        assert session.scalar(text("SELECT count(*) FROM drafts")) == 0


# ---------------------------------------------------------------------------- acting for somebody


def test_acting_for_somebody(office: tuple[Flask, Database]) -> None:
    app, database = office
    ref = opened(database, known=facts(FUYUAN))
    sun = person_with(database, "zheng", OFFICER)
    deputy = person_with(database, "zhou", Post("carrier", division="530302", tier="county"))
    today = today_in_china()
    name_deputy(
        database, person_id=deputy, acts_for_id=sun, valid_from=today - timedelta(days=3),
        valid_until=today + timedelta(days=3), granted_by="admin",
    )  # fmt: skip
    client = sign_in(app, "zhou")
    page = f"/cases/{ref.number}"
    assert client.get(page).status_code == 404
    form = token(client.get("/desk").text)
    client.post("/acting", data={"csrf_token": form, "login": "zheng"})
    shown = client.get(page)
    assert shown.status_code == 200
    assert re.search("某zheng", shown.text)
    client.post("/acting", data={"csrf_token": form, "login": ""})
    assert client.get(page).status_code == 404
    # Somebody for whom they don't act.
    client.post("/acting", data={"csrf_token": form, "login": "sun"})
    assert client.get(page).status_code == 404


def test_an_administrators_post_opens_no_case(office: tuple[Flask, Database]) -> None:
    app, database = office
    ref = opened(database)
    person_with(database, "admin", Post("system_administrator"))
    client = sign_in(app, "admin")
    assert client.get(f"/cases/{ref.number}").status_code == 404


def test_a_password_changed_at_that_very_moment_lets_nobody_in(
    office: tuple[Flask, Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old password was right when it was looked at, and is no more when the sign-in begins."""
    app, database = office
    real = passwords.verify_password

    def slow(*given: str) -> object:
        person = real(database, *given[1:])
        assert person is not None
        by = By("admin", utcnow(), today_in_china())
        set_password(database, person.id, "wieder ein anderes Wort", by=by)
        return person

    client = app.test_client()
    form = token(client.get("/sign-in").text)
    monkeypatch.setattr(signing_in, "verify_password", slow)
    answer = client.post(
        "/sign-in", data={"csrf_token": form, "login": "sun", "password": PASSWORD}
    )
    assert answer.status_code == 401
    assert client.get("/desk").status_code == 302


def test_an_old_hash_is_renewed_and_lets_its_owner_in(
    office: tuple[Flask, Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    app, database = office
    stronger = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1)
    monkeypatch.setattr(passwords, "_hasher", lambda: stronger)
    assert sign_in(app, "sun").get("/desk").status_code == 200
    with database.readers.begin() as session:
        kept = session.scalar(text("SELECT password_hash FROM people WHERE login = 'sun'"))
    assert "m=16,t=2" in str(kept)


# ---------------------------------------------------------------------------- the second factor


NEW_PASSWORD = "Kranich Teekanne siebzig"


@pytest.fixture
def strict(sqlite_url: str) -> Iterator[Flask]:
    """An office in which nobody is in by a password alone."""
    app = create_app(settings_for(sqlite_url, SECOND_FACTOR="required"))
    app.testing = True
    person_with(database_of(app), "sun", OFFICER)
    yield app
    database_of(app).engine.dispose()


def begun(app: Flask, login: str = "sun", **fields: str) -> tuple[FlaskClient, str]:
    """A browser in which the password was right, and the page that comes next."""
    client = app.test_client()
    form = token(client.get("/sign-in").text)
    answer = client.post(
        "/sign-in",
        data={"csrf_token": form, "login": login, "password": PASSWORD, **fields},
        follow_redirects=True,
    )
    assert answer.status_code == 200
    return client, answer.text


def secret_on(page: str) -> str:
    found = re.search(r'<code class="key-groups">([A-Z2-7 ]+)</code>', page)
    assert found is not None
    return found[1].replace(" ", "")


def enrol(client: FlaskClient, page: str, **fields: str) -> TestResponse:
    return client.post(
        "/sign-in/enrol",
        data={
            "csrf_token": token(page), "offer": hidden(page, "offer"),
            "code": app_code(secret_on(page), utcnow()), **fields,
        },
    )  # fmt: skip


def codes_on(page: str) -> list[str]:
    found = re.search(r'id="codes"[^>]*>([^<]+)</textarea>', page)
    assert found is not None
    return found[1].split()


def test_nobody_is_in_before_a_second_factor_is_set_up(strict: Flask) -> None:
    client, page = begun(strict, next="/cases")
    assert "<svg" in page
    assert "style=" not in page
    for address in ("/desk", "/me", "/cases", "/me/factors/app", "/confirm"):
        assert client.get(address).status_code == 302, address
    kept = client.get_cookie("session")
    assert kept is not None
    wrong = enrol(client, page, code="000000")
    assert wrong.status_code == 400
    assert hidden(wrong.text, "offer") == hidden(page, "offer")
    done = enrol(client, page, next="/cases")
    assert len(codes_on(done.text)) == 10
    assert 'href="/cases"' in done.text
    assert client.get("/desk").status_code == 200
    # What the browser held before it was whole is worth nothing now.
    client.set_cookie("session", kept.value)
    assert client.get("/desk").status_code == 302
    assert client.get("/sign-in/next").status_code == 302


def test_a_second_factor_is_asked_for_ever_after(strict: Flask) -> None:
    client, page = begun(strict)
    codes = codes_on(enrol(client, page).text)
    client, page = begun(strict)
    assert client.get("/desk").status_code == 302
    form = token(page)
    wrong = client.post("/sign-in/second", data={"csrf_token": form, "code": "000000"})
    assert wrong.status_code == 401
    right = client.post(
        "/sign-in/second", data={"csrf_token": form, "code": codes[0], "next": "/cases"}
    )
    assert right.location == "/cases"
    assert client.get("/desk").status_code == 200
    assert log_of(database_of(strict))[-4:] == [
        ("sun", "sign_in_begun"), ("sun", "second_factor_refused"),
        ("sun", "recovery_code_used"), ("sun", "sign_in"),
    ]  # fmt: skip


def test_a_text_survives_all_steps(strict: Flask) -> None:
    database = database_of(strict)
    ref = opened(database, known=facts(FUYUAN, deaths=1))
    person_with(database, "head", Post("agency_head", division=FUYUAN, tier="county"))
    address = f"/cases/{ref.number}/steps/decide_category"
    asked = strict.test_client().post(address, data={"note": LONG, "on": "2025-05-13"})
    kept = hidden(asked.text, "kept")
    client, page = begun(strict, "head", kept=kept, next=address)
    assert hidden(page, "kept") == kept
    done = enrol(client, page, kept=kept, next=address)
    assert f'href="{address}"' in done.text
    assert LONG in unescape(client.get(address).text)


def test_a_step_without_a_begun_sign_in_begins_anew(strict: Flask) -> None:
    client = strict.test_client()
    form = token(client.get("/sign-in").text)
    for step in ("second", "renew", "enrol"):
        answer = client.post(f"/sign-in/{step}", data={"csrf_token": form, "code": "123456"})
        assert answer.status_code == 401
        assert 'name="password"' in answer.text


def test_an_offer_made_to_somebody_else_is_not_taken(strict: Flask) -> None:
    person_with(database_of(strict), "li", OFFICER)
    _, page = begun(strict, "li")
    client, own = begun(strict)
    for offer in (hidden(page, "offer"), "x", "", "W10.abc.def"):
        answer = enrol(client, own, offer=offer, code=app_code(secret_on(page), utcnow()))
        assert answer.status_code == 400
    assert client.get("/desk").status_code == 302


def test_a_first_sign_in_by_a_code(strict: Flask) -> None:
    database = database_of(strict)
    person_id = create_person(database, login="zhou", name="周某", now=utcnow())
    by = By("root", utcnow(), today_in_china())
    code = issue_code(database, person_id, by=by).code
    client = strict.test_client()
    page = client.get("/sign-in/first").text

    def sent(**fields: str) -> TestResponse:
        whole = {"login": "zhou", "code": code, "new_password": NEW_PASSWORD, "again": NEW_PASSWORD}
        return client.post("/sign-in/first", data={"csrf_token": token(page), **whole, **fields})

    unlike = [sent(login="nobody"), sent(code="wrong"), sent(login="sun")]
    assert {each.status_code for each in unlike} == {401}
    told = {re.search(r'id="code-problem">(.*?)</div>', each.text)[1] for each in unlike}  # type: ignore[index] # else it fails
    assert len(told) == 1
    assert sent(again="another").status_code == 401
    assert sent(new_password="zhou zhou", again="zhou zhou").status_code == 401
    done = sent()
    assert done.status_code == 303
    page = client.get(done.location).text
    assert enrol(client, page).status_code == 200
    assert client.get("/desk").status_code == 200
    assert NEW_PASSWORD not in done.text


def test_too_many_attempts_wait_and_say_for_how_long(office: tuple[Flask, Database]) -> None:
    app, _ = office
    client = app.test_client()
    form = token(client.get("/sign-in").text)
    for _ in range(5):
        client.post("/sign-in", data={"csrf_token": form, "login": "sun", "password": "wrong"})
    answer = client.post(
        "/sign-in", data={"csrf_token": form, "login": "sun", "password": PASSWORD}
    )
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 30
    assert client.get("/desk").status_code == 302


@pytest.mark.parametrize("host", ["127.0.0.1", "10.1.2.3:8000", "[::1]:8000"])
def test_under_a_bare_number_there_are_no_passkeys(strict: Flask, host: str) -> None:
    client = strict.test_client()
    base = f"http://{host}"
    page = client.get("/sign-in", base_url=base).text
    assert "data-passkey" not in page
    asked = client.post("/sign-in/passkey/options", data={"csrf_token": token(page)}, base_url=base)
    assert asked.status_code == 409


def test_a_passkey_signs_in_and_a_forged_one_does_not(strict: Flask) -> None:
    client, page = begun(strict)
    device = Device("localhost", "http://localhost")
    form = token(page)
    asked = client.post("/sign-in/passkey/options", data={"csrf_token": form}).get_json()
    assert asked["rp"]["id"] == "localhost"
    assert asked["authenticatorSelection"]["userVerification"] == "required"
    made = client.post(
        "/sign-in/enrol", data={"csrf_token": form, "credential": device.made(asked["challenge"])}
    )
    assert len(codes_on(made.text)) == 10
    # Alone, in another browser.
    client = strict.test_client()
    form = token(client.get("/sign-in").text)

    def comes(answer: str) -> int:
        sent = {"csrf_token": form, "credential": answer}
        return client.post("/sign-in/passkey", data=sent).status_code

    asked = client.post("/sign-in/passkey/options", data={"csrf_token": form}).get_json()
    assert asked["allowCredentials"] == []
    assert comes(device.signed("YW5vdGhlcg")) == 401
    # Whatever came of it, the challenge is taken.
    assert comes(device.signed(asked["challenge"])) == 401
    asked = client.post("/sign-in/passkey/options", data={"csrf_token": form}).get_json()
    assert comes(device.signed(asked["challenge"])) == 302
    assert client.get("/desk").status_code == 200
