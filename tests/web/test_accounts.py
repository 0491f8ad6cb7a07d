"""New accounts, one-time codes and lists: what the system administrator hands out on paper."""

import json
import re
from datetime import timedelta
from io import BytesIO

import pytest
from flask import Flask
from flask.testing import FlaskClient
from openpyxl import load_workbook
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from fireinvest.clock import utcnow
from fireinvest.services.attempts import Attempt, Kind, check
from fireinvest.services.passwords import verify_password
from fireinvest.services.people import Post, set_active
from fireinvest.store import Database
from fireinvest.store.access import AccessRow
from fireinvest.store.people import find_login
from fireinvest.store.sign_ins import SignInRow
from fireinvest.workflow.permissions import (
    AUDIT_ADMINISTRATOR,
    SECURITY_ADMINISTRATOR,
    SYSTEM_ADMINISTRATOR,
)
from tests.services.test_importing_people import HEAD, excel
from tests.web.office import PASSWORD, database_of, hidden, person_with, sign_in, text_of, token

OWN = "lantern harbour seven"


@pytest.fixture
def database(quick_app: Flask) -> Database:
    return database_of(quick_app)


@pytest.fixture
def keeper(quick_app: Flask, database: Database) -> FlaskClient:
    """A browser in which the system administrator is signed in; pages are asked for in English."""
    person_with(database, "keeper", Post(SYSTEM_ADMINISTRATOR), name="甲管理员")
    client = sign_in(quick_app, "keeper")
    client.set_cookie("lang", "en")
    return client


def post(client: FlaskClient, address: str, form: str = "", **fields: object) -> TestResponse:
    """Send the form that stands at an address."""
    known = {"csrf_token": token(client.get(form or address).text)}
    return client.post(address, data={**known, **fields})


def code_on(page: str) -> str:
    """The one code that stands on a page."""
    (found,) = re.findall(r"(?:[0-9A-Z]{4}-){5}[0-9A-Z]{4}", re.sub(r"<[^>]+>|\s", "", page))
    return str(found)


def use_code(app: Flask, login: str, code: str, password: str = OWN) -> TestResponse:
    """Choose a password with a code, in a browser that nobody used before."""
    return post(
        app.test_client(),
        "/sign-in/first",
        login=login,
        code=code,
        new_password=password,
        again=password,
    )


def test_a_new_person_gets_a_slip_and_chooses_a_password_with_it(
    quick_app: Flask, keeper: FlaskClient, database: Database
) -> None:
    page = post(keeper, "/people/new", login="Sun.Wei", name="孙某")
    assert page.status_code == 200
    assert page.headers["Cache-Control"] == "no-store"
    shown = text_of(page.text)
    for part in ("孙某", "sun.wei", "/sign-in/first", "made by 甲管理员"):
        assert part in shown
    code = code_on(page.text)
    with database.readers.begin() as session:
        person = find_login(session, "sun.wei")
        rows = session.scalars(select(AccessRow).order_by(AccessRow.id)).all()
    assert person is not None
    assert person.password_hash is None
    assert [each.what for each in rows if each.about == "sun.wei"] == [
        "person_added",
        "code_issued",
    ]
    assert all(code not in f"{vars(each)}" for each in rows)
    # It is shown this once: neither the person's page nor the page for a code has it.
    for address in (f"/people/{person.id}", f"/people/{person.id}/code"):
        assert code not in keeper.get(address).text
    assert use_code(quick_app, "sun.wei", code).status_code in (302, 303)
    assert verify_password(database, "sun.wei", OWN) is not None
    assert use_code(quick_app, "sun.wei", code, "kettle-orbit-mango").status_code in (400, 401)
    assert verify_password(database, "sun.wei", OWN) is not None


def test_a_code_in_place_of_a_password_ends_the_sign_ins_when_it_is_used(
    quick_app: Flask, keeper: FlaskClient, database: Database
) -> None:
    sun = person_with(database, "sun")
    sign_in(quick_app, "sun")
    address = f"/people/{sun}/code"
    assert "good until" not in text_of(keeper.get(address).text)
    first = code_on(post(keeper, address).text)
    assert "was not used yet, good until" in text_of(keeper.get(address).text)
    second = code_on(post(keeper, address).text)
    assert verify_password(database, "sun", PASSWORD) is not None
    assert use_code(quick_app, "sun", first).status_code in (400, 401)
    assert use_code(quick_app, "sun", second).status_code in (302, 303)
    assert verify_password(database, "sun", PASSWORD) is None
    with database.readers.begin() as session:
        ended = session.scalars(
            select(SignInRow.ended_at).where(SignInRow.person_id == sun).order_by(SignInRow.id)
        ).all()
    assert ended[0] is not None


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"login": "", "name": "孙某"}, "This is needed."),
        ({"login": "sun", "name": " "}, "This is needed."),
        ({"login": "孙", "name": "孙某"}, "lower-case letters"),
        ({"login": "keeper", "name": "甲管理员"}, "The name keeper is taken."),
        ({"login": "s" * 101, "name": "孙某"}, "lower-case letters"),
    ],
)
def test_what_is_wrong_stands_beside_the_field_and_nothing_is_made(
    keeper: FlaskClient, database: Database, fields: dict[str, str], words: str
) -> None:
    answer = post(keeper, "/people/new", **fields)
    assert answer.status_code == 400
    assert words in text_of(answer.text)
    assert fields["name"].strip() in answer.text
    with database.readers.begin() as session:
        assert find_login(session, "sun") is None


def test_who_gets_no_code(quick_app: Flask, keeper: FlaskClient, database: Database) -> None:
    sun = person_with(database, "sun")
    with database.readers.begin() as session:
        mine = find_login(session, "keeper")
    assert mine is not None
    own = keeper.get(f"/people/{mine.id}/code")
    assert (own.status_code, own.location) == (302, "/me#password")
    assert keeper.get("/people/999/code").status_code == 404
    form = token(keeper.get(f"/people/{sun}/code").text)
    set_active(database, sun, is_active=False)
    refused = keeper.post(f"/people/{sun}/code", data={"csrf_token": form})
    assert refused.status_code == 400
    assert "reactivate it first" in text_of(refused.text)


@pytest.mark.parametrize("office", [SECURITY_ADMINISTRATOR, AUDIT_ADMINISTRATOR, None])
def test_nobody_else_adds_people_or_makes_codes(quick_app: Flask, office: str | None) -> None:
    database = database_of(quick_app)
    sun = person_with(database, "sun")
    person_with(database, "other", *([Post(office)] if office else []))
    client = sign_in(quick_app, "other")
    form = {"csrf_token": token(client.get("/me").text)}
    for address in ("/people/new", f"/people/{sun}/code", "/people/import"):
        assert client.get(address).status_code == 403
        assert client.post(address, data=form).status_code == 403
    assert client.post("/people/import/confirm", data=form).status_code == 403
    assert client.get("/people/import/template").status_code == 403


def test_a_list_is_shown_first_then_made_and_printed(
    keeper: FlaskClient, database: Database
) -> None:
    stream = excel(HEAD, ("sun", "孙某", "某大队"), ("li", "李某", None), ("keeper", "甲管理员"))
    looked = post(keeper, "/people/import", file=(stream, "list.xlsx"))
    assert looked.status_code == 200
    assert "New: 2. Unchanged: 1. Wrong: 0." in text_of(looked.text)
    with database.readers.begin() as session:
        assert find_login(session, "sun") is None
    fields = {"csrf_token": token(looked.text), "rows": hidden(looked.text, "rows")}
    made = keeper.post("/people/import/confirm", data=fields)
    assert made.status_code == 200
    codes = re.findall(r"(?:[0-9A-Z]{4}-){5}[0-9A-Z]{4}", re.sub(r"<[^>]+>|\s", "", made.text))
    assert len(set(codes)) == 2
    assert "某大队" in made.text
    with database.readers.begin() as session:
        assert find_login(session, "sun") is not None
        assert find_login(session, "li") is not None
    # Sent once more, as by going back in the browser, it changes nothing.
    again = keeper.post("/people/import/confirm", data=fields)
    assert again.status_code == 200
    assert "Everybody of the list had an account already" in text_of(again.text)


def test_a_wrong_list_names_its_cells_and_offers_no_confirmation(keeper: FlaskClient) -> None:
    stream = excel(HEAD, ("sun", "孙某"), ("SUN", "=1+1"))
    answer = post(keeper, "/people/import", file=(stream, "list.xlsx"))
    assert answer.status_code == 400
    shown = text_of(answer.text)
    assert "B3 This is a formula" in shown
    assert "A3 Row 2 has this sign-in name already." in shown
    assert "Add 1 person" not in shown


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"", "", "This is needed."),
        (b"not a workbook", "list.xlsx", "list.xlsx"),
        (b"MZ", "list.exe", "list.exe"),
    ],
)
def test_a_file_that_is_no_list_is_refused(
    keeper: FlaskClient, content: bytes, name: str, words: str
) -> None:
    answer = post(keeper, "/people/import", file=(BytesIO(content), name))
    assert answer.status_code == 400
    assert words in text_of(answer.text)


@pytest.mark.parametrize(
    "rows",
    [
        "", "null", "{}", "[1]", "[[1]]", '[["x","sun","孙某",""]]', '[[1e999,"sun","孙某",""]]',
        '[[1,["sun"],"孙某",""]]', '[[1,"sun",null,""]]', '[[1,"sun",null,""],[2,"SUN","x",""]]', "[" * 5000,
        json.dumps([[each, f"p{each}", "某", ""] for each in range(501)]),
        '[[1,"sun","孙\\u0000某",""]]', '[[1,"sun","\\udcff",""]]',
    ],
)  # fmt: skip
def test_rows_that_nobody_was_shown_are_refused(
    keeper: FlaskClient, database: Database, rows: str
) -> None:
    answer = post(keeper, "/people/import/confirm", "/people/import", rows=rows)
    assert answer.status_code == 400
    with database.readers.begin() as session:
        assert find_login(session, "sun") is None


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_empty_list_is_an_excel_file(keeper: FlaskClient, language: str) -> None:
    answer = keeper.get(f"/people/import/template?lang={language}")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    sheet = load_workbook(BytesIO(answer.data)).worksheets[0]
    heads = [cell.value for cell in sheet[3]]
    assert len(heads) == 3
    assert heads[0] == ("登录名" if language == "zh" else "sign-in name")


def test_after_a_while_it_is_asked_again_who_it_is(keeper: FlaskClient, database: Database) -> None:
    form = {"csrf_token": token(keeper.get("/people/new").text), "login": "sun", "name": "孙某"}
    with database.sessions.begin() as session:
        session.execute(update(SignInRow).values(verified_at=utcnow() - timedelta(minutes=11)))
    asked = keeper.post("/people/new", data=form)
    assert asked.status_code == 401
    assert "孙某" in asked.text
    with database.readers.begin() as session:
        assert find_login(session, "sun") is None
    proved = {**form, "csrf_token": token(asked.text), "proof_password": PASSWORD}
    assert code_on(keeper.post("/people/new", data=proved).text)


# ---------------------------------------------------------------------------- attempts


def knock(client: FlaskClient, login: str, password: str) -> TestResponse:
    """Try to sign in."""
    form = token(client.get("/sign-in").text)
    fields = {"csrf_token": form, "login": login, "password": password}
    return client.post("/sign-in", data=fields)


@pytest.mark.parametrize("login", ["sun", "nobody-has-this"])
def test_guessing_waits_and_tells_nothing_about_who_is_known(
    quick_app: Flask, database: Database, login: str
) -> None:
    person_with(database, "sun")
    client = quick_app.test_client()
    client.set_cookie("lang", "en")
    answers = [knock(client, login, "wrong") for _ in range(7)]
    assert [each.status_code for each in answers] == [401] * 5 + [429] * 2
    waits = answers[-1]
    assert 1 <= int(waits.headers["Retry-After"]) <= 30
    assert "Too many attempts failed" in text_of(waits.text)
    # While it waits, the right password isn't even looked at.
    assert knock(client, login, PASSWORD).status_code == 429


def test_the_owner_gets_in_where_strangers_must_wait(quick_app: Flask, database: Database) -> None:
    person_with(database, "sun")
    own = sign_in(quick_app, "sun")
    own.delete_cookie("session")
    for each in range(40):
        check(database, Attempt(Kind.PASSWORD, "sun", f"10.0.0.{each}"), now=utcnow())
    for _ in range(6):
        check(database, Attempt(Kind.PASSWORD, "sun", "127.0.0.1"), now=utcnow())
    assert knock(quick_app.test_client(), "sun", PASSWORD).status_code == 429
    assert knock(own, "sun", PASSWORD).status_code == 302


def test_a_browser_is_known_for_its_person_and_that_password_alone(
    quick_app: Flask, database: Database, keeper: FlaskClient
) -> None:
    sun = person_with(database, "sun")
    person_with(database, "li")
    own = sign_in(quick_app, "sun")
    own.delete_cookie("session")
    for login in ("sun", "li"):
        for each in range(40):
            check(database, Attempt(Kind.PASSWORD, login, f"10.0.0.{each}"), now=utcnow())
    assert knock(own, "li", PASSWORD).status_code == 429
    kept = own.get_cookie("known")
    assert kept is not None
    assert kept.http_only
    # Changed by a letter, it is worth nothing.
    forged = quick_app.test_client()
    forged.set_cookie("known", kept.value[:-2] + "xx")
    assert knock(forged, "sun", PASSWORD).status_code == 429
    assert use_code(
        quick_app, "sun", code_on(post(keeper, f"/people/{sun}/code").text)
    ).status_code in (302, 303)
    assert knock(own, "sun", OWN).status_code == 429


def test_a_desk_waits_half_a_minute_first(quick_app: Flask, database: Database) -> None:
    person_with(database, "sun")
    long_ago = utcnow() - timedelta(seconds=31)
    for _ in range(5):
        check(database, Attempt(Kind.PASSWORD, "sun", "127.0.0.1"), now=long_ago)
    assert knock(quick_app.test_client(), "sun", PASSWORD).status_code == 302
