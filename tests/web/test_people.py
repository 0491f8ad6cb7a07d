"""The pages of the administrators who keep accounts and give posts, and everybody's own."""

import re
from datetime import date, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from fireinvest.china import CHINA
from fireinvest.clock import utcnow
from fireinvest.services.agencies import create_agency
from fireinvest.services.passwords import verify_password
from fireinvest.services.people import (
    By,
    Change,
    Post,
    actor_of,
    give_post,
    name_deputy,
)
from fireinvest.store import Database
from fireinvest.store.access import AccessRow
from fireinvest.store.people import Deputy, GrantRow, find_login
from fireinvest.store.sign_ins import SignInRow
from fireinvest.workflow.actions import DocumentSent
from fireinvest.workflow.permissions import (
    AUDIT_ADMINISTRATOR,
    OFFICES,
    SECURITY_ADMINISTRATOR,
    SYSTEM_ADMINISTRATOR,
)
from tests.services.office import CITY, FUYUAN, did, opened
from tests.web.office import PASSWORD, database_of, person_with, sign_in, text_of, token

TODAY = utcnow().astimezone(CHINA).date()
DAY = timedelta(days=1)
ARCHIVIST = Post("archivist", division=FUYUAN, tier="county")


@pytest.fixture
def app(quick_app: Flask) -> Flask:
    """On SQLite alone: what the database does is tested with the services, on both kinds."""
    return quick_app


@pytest.fixture
def database(app: Flask) -> Database:
    return database_of(app)


@pytest.fixture
def keeper(app: Flask, database: Database) -> FlaskClient:
    """A browser in which the system administrator is signed in; pages are asked for in English."""
    return administrator(app, "keeper", SYSTEM_ADMINISTRATOR, "甲管理员")


@pytest.fixture
def guard(app: Flask, database: Database) -> FlaskClient:
    """A browser in which the security administrator is signed in."""
    return administrator(app, "guard", SECURITY_ADMINISTRATOR, "乙管理员")


def administrator(app: Flask, login: str, office: str, name: str) -> FlaskClient:
    person_with(database_of(app), login, Post(office), name=name)
    client = sign_in(app, login)
    client.set_cookie("lang", "en")
    return client


def post(client: FlaskClient, address: str, page: str | None = None, **fields: str) -> TestResponse:
    """Send a form as the browser does: with the token of its page."""
    form = token(client.get(page or address).text)
    return client.post(address, data={"csrf_token": form, **fields})


def logged(database: Database) -> list[tuple[str | None, str, str | None]]:
    """What the access log says of accounts: by whom, what, whose."""
    with database.readers.begin() as session:
        rows = session.scalars(select(AccessRow).order_by(AccessRow.id))
        return [
            (row.person, row.what, row.about)
            for row in rows
            if row.what in {each.value for each in Change}
        ]


def problem_at(page: str, name: str) -> str:
    """What stands beside a field as its problem."""
    found = re.search(rf'<div class="problems" id="{name}-problem">(.*?)</div>', page, re.DOTALL)
    assert found is not None, f"the page has no field {name}"
    return text_of(found[1]).strip()


def given(fields: dict[str, str]) -> dict[str, str]:
    """A post in Fuyuan from today on, with some fields otherwise."""
    usual = {
        "role": "archivist",
        "division": FUYUAN,
        "tier": "county",
        "valid_from": TODAY.isoformat(),
        "reason": "任命文件1号",
    }
    return {**usual, **fields}


# ---------------------------------------------------------------------------- who may

_SYSTEM, _SECURITY = {SYSTEM_ADMINISTRATOR}, {SECURITY_ADMINISTRATOR}
#: Every page of people and agencies, and whose it is: written out by hand.
WHOSE: dict[str, set[str]] = {
    "/people": _SYSTEM | _SECURITY,
    "/people/{id}": _SYSTEM | _SECURITY,
    "/people/new": _SYSTEM,
    "/people/{id}/deactivate": _SYSTEM,
    "/people/{id}/reactivate": _SYSTEM,
    "/people/agencies": _SYSTEM,
    "/people/agencies/new": _SYSTEM,
    "/people/agencies/{agency}": _SYSTEM,
    "/people/agencies/{agency}/rename": _SYSTEM,
    "/people/agencies/{agency}/merge": _SYSTEM,
    "/people/agencies/{agency}/close": _SYSTEM,
    "/people/divisions": _SYSTEM,
    "/people/{id}/posts/new": _SECURITY,
    "/people/{id}/offices/new": _SECURITY,
    "/people/{id}/posts/{post}/end": _SECURITY,
    "/people/{id}/deputies/new": _SECURITY,
    "/people/{id}/deputies/{deputy}/end": _SECURITY,
    "/people/review": _SECURITY,
}


def test_none_of_the_three_can_do_anothers_work(quick_app: Flask) -> None:
    database = database_of(quick_app)
    sun, li = person_with(database, "sun"), person_with(database, "li")
    agency = create_agency(
        database, label_zh="大队", label_en="brigade", body="fire_rescue", division=FUYUAN,
        tier="county", valid_from=TODAY,
    )  # fmt: skip
    grant = give_post(database, sun, ARCHIVIST, valid_from=TODAY, granted_by="x")
    deputy_id = name_deputy(
        database, person_id=li, acts_for_id=sun, valid_from=TODAY, valid_until=TODAY,
        granted_by="x",
    )  # fmt: skip
    places = {"id": sun, "agency": agency, "post": grant, "deputy": deputy_id}
    clients = {
        office: administrator(quick_app, office.replace("_", "."), office, "某管理员")
        for office in sorted(OFFICES)
    }
    # As many as there are routes: none is forgotten.
    kept = [
        rule
        for rule in quick_app.url_map.iter_rules()
        if rule.endpoint.partition(".")[0] in ("people", "organisation", "review")
    ]
    assert len({rule.rule for rule in kept}) == len(WHOSE) - ("/people/new" in WHOSE)
    for office, client in clients.items():
        form = token(client.get("/me").text)
        for pattern, whose in WHOSE.items():
            address = pattern.format(**places)
            expected = 200 if office in whose else 403
            assert client.get(address).status_code == expected, (office, address)
            if office not in whose:
                answer = client.post(address, data={"csrf_token": form})
                assert answer.status_code in (403, 405), (office, address)
    assert logged(database) == []


@pytest.mark.parametrize(
    ("office", "offered", "hidden"),
    [
        (
            SYSTEM_ADMINISTRATOR,
            ("/deactivate", "Posts and deputies are given by the security administrator."),
            (
                "/posts/new",
                "/offices/new",
                "/deputies/new",
                "/end",
                "任命",
                "Deputies",
                "203.0.113",
            ),
        ),
        (
            SECURITY_ADMINISTRATOR,
            ("/posts/new", "/offices/new", "/deputies/new", "/end", "任命", "Deputies"),
            ("/deactivate", "/password"),
        ),
    ],
)
def test_each_sees_the_own_buttons_and_why_there_are_no_others(
    quick_app: Flask, office: str, offered: tuple[str, ...], hidden: tuple[str, ...]
) -> None:
    database = database_of(quick_app)
    sun = person_with(database, "sun")
    give_post(
        database, sun, ARCHIVIST, valid_from=TODAY, granted_by="x", reason="任命",
        by=By("x", utcnow(), TODAY),
    )  # fmt: skip
    client = administrator(quick_app, "root", office, "某管理员")
    page = client.get(f"/people/{sun}").text
    main = page[page.index("<main") :]
    assert "archivist" in text_of(main)
    for words in offered:
        assert words in main, words
    for words in hidden:
        assert words not in main, words
    if office == SECURITY_ADMINISTRATOR:
        assert "by the system administrator" in main


@pytest.mark.parametrize(
    ("office", "entries"),
    [
        (SYSTEM_ADMINISTRATOR, {"/people", "/people/agencies"}),
        (SECURITY_ADMINISTRATOR, {"/people", "/people/review"}),
        (AUDIT_ADMINISTRATOR, set()),
        (None, set()),
    ],
)
def test_the_menu_shows_what_each_has(
    quick_app: Flask, office: str | None, entries: set[str]
) -> None:
    person_with(database_of(quick_app), "root", *([Post(office)] if office else []))
    page = sign_in(quick_app, "root").get("/me").text
    menu = page[page.index('<nav class="side"') : page.index("</nav>")]
    assert set(re.findall(r'href="(/people[^"]*)"', menu)) == entries


def test_the_pages_are_for_administrators_alone(app: Flask, database: Database) -> None:
    head = Post("agency_head", division=CITY, tier="city")
    head_id = person_with(database, "head", head)
    client = sign_in(app, "head")
    places = {"id": head_id, "agency": 1, "post": 1, "deputy": 1}
    for pattern in WHOSE:
        assert client.get(pattern.format(**places)).status_code == 403, pattern
    stranger = app.test_client().get("/people")
    assert (stranger.status_code, stranger.location) == (302, "/sign-in?next=/people")


def test_a_deputy_of_an_administrator_is_none(
    app: Flask, guard: FlaskClient, keeper: FlaskClient
) -> None:
    database = database_of(app)
    li = person_with(database, "li")
    with database.readers.begin() as session:
        admin = find_login(session, "keeper")
    assert admin is not None
    fields = {
        "deputy": "li",
        "valid_from": TODAY.isoformat(),
        "valid_until": (TODAY + DAY).isoformat(),
        "reason": "出差",
    }
    assert post(guard, f"/people/{admin.id}/deputies/new", **fields).status_code == 303
    client = sign_in(app, "li")
    post(client, "/acting", "/me", login="keeper")
    page = text_of(client.get("/me?lang=en").text)
    assert f"for 甲管理员 until {TODAY + DAY}" in page
    assert f"甲管理员, {TODAY} to {TODAY + DAY}" in page
    assert client.get(f"/people/{li}").status_code == 403


def test_nobody_changes_their_own_account_by_office(
    app: Flask, keeper: FlaskClient, guard: FlaskClient, database: Database
) -> None:
    with database.readers.begin() as session:
        mine, other = find_login(session, "guard"), find_login(session, "keeper")
        grants = {row.person_id: row.id for row in session.scalars(select(GrantRow))}
    assert mine is not None
    assert other is not None
    for client, person_id in ((guard, mine.id), (keeper, other.id)):
        page = client.get(f"/people/{person_id}").text
        assert "Nobody changes their own by office" in page
        assert not re.search(rf'href="/people/{person_id}/[^"]+"', page)
    for address, fields in (
        (f"/people/{mine.id}/posts/new", given({})),
        (f"/people/{mine.id}/offices/new", given({"role": AUDIT_ADMINISTRATOR})),
        (
            f"/people/{mine.id}/posts/{grants[mine.id]}/end",
            {"last_on": TODAY.isoformat(), "reason": "x"},
        ),
        (f"/people/{mine.id}/deputies/new", deputy({"deputy": "keeper"})),
        (f"/people/{other.id}/deputies/new", deputy({"deputy": "guard"})),
    ):
        assert post(guard, address, **fields).status_code == 400, address
    answer = post(keeper, f"/people/{other.id}/deactivate", reason="x")
    assert answer.status_code == 400
    assert "Nobody deactivates their own account" in text_of(answer.text)
    assert logged(database) == []


def test_an_administrator_sees_no_case(app: Flask, guard: FlaskClient) -> None:
    ref = opened(database_of(app))
    assert guard.get(f"/cases/{ref.number}").status_code == 404


def test_numbers_that_name_nobody_are_no_page(guard: FlaskClient) -> None:
    for number in ("0", "999", "2147483647", "99999999999999999999", "x"):
        assert guard.get(f"/people/{number}").status_code == 404
    assert guard.get("/people/999/posts/new").status_code == 404


# ---------------------------------------------------------------------------- accounts


def test_who_is_deactivated_is_out_and_comes_back_signed_out(
    app: Flask, keeper: FlaskClient, database: Database
) -> None:
    sun = person_with(database, "sun")
    client, page = sign_in(app, "sun"), f"/people/{sun}"
    refused = post(keeper, f"{page}/deactivate", reason=" ")
    assert problem_at(refused.text, "reason")
    assert client.get("/me").status_code == 200
    assert post(keeper, f"{page}/deactivate", reason="调离").status_code == 303
    assert client.get("/me").status_code == 302
    shown = text_of(keeper.get(page).text)
    assert "deactivated 甲管理员 调离" in shown
    assert post(keeper, f"{page}/reactivate", reason="返岗").status_code == 303
    assert client.get("/me").status_code == 302
    assert sign_in(app, "sun").get("/me").status_code == 200
    assert logged(database) == [
        ("keeper", "person_deactivated", "sun"),
        ("keeper", "person_reactivated", "sun"),
    ]


def test_the_last_administrator_stays(
    app: Flask, keeper: FlaskClient, guard: FlaskClient, database: Database
) -> None:
    auditor = person_with(database, "auditor", Post(AUDIT_ADMINISTRATOR))
    with database.readers.begin() as session:
        grant = session.scalars(select(GrantRow.id).where(GrantRow.person_id == auditor)).one()
    words = "nobody would hold this administrator's office"
    refused = post(keeper, f"/people/{auditor}/deactivate", reason="调离")
    assert refused.status_code == 400
    assert words in text_of(refused.text)
    refused = post(
        guard, f"/people/{auditor}/posts/{grant}/end", last_on=TODAY.isoformat(), reason="调离"
    )
    assert refused.status_code == 400
    assert words in problem_at(refused.text, "last_on")
    assert logged(database) == []


# ---------------------------------------------------------------------------- posts


def test_a_post_is_given_ended_and_stands_with_who_gave_it(
    app: Flask, guard: FlaskClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    ref, sun = opened(database), person_with(database, "sun", name="孙某")
    page, case = f"/people/{sun}", f"/cases/{ref.number}"
    assert sign_in(app, "sun").get(case).status_code == 404
    assert post(guard, f"{page}/posts/new", **given({})).status_code == 303
    assert sign_in(app, "sun").get(case).status_code == 200
    with database.readers.begin() as session:
        grant = session.scalars(select(GrantRow).where(GrantRow.person_id == sun)).one()
    assert (grant.granted_by, grant.reason) == ("guard", "任命文件1号")
    answer = post(
        guard, f"{page}/posts/{grant.id}/end", last_on=TODAY.isoformat(), reason="免职文件2号"
    )
    assert answer.status_code == 303
    # Today still, tomorrow no more.
    assert sign_in(app, "sun").get(case).status_code == 200
    monkeypatch.setattr("fireinvest.web.visiting.utcnow", lambda: utcnow() + DAY)
    assert sign_in(app, "sun").get(case).status_code == 404
    monkeypatch.undo()
    shown = text_of(guard.get(page).text)
    assert f"archivist Fuyuan County county government {TODAY} – {TODAY} 乙管理员" in shown
    assert "ended by 乙管理员" in shown
    assert "任命文件1号" in shown
    assert "免职文件2号" in shown
    assert logged(database) == [("guard", "post_given", "sun"), ("guard", "post_ended", "sun")]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"role": ""}, "role"),
        ({"role": "king"}, "role"),
        ({"role": SYSTEM_ADMINISTRATOR}, "role"),
        ({"role": "administrator"}, "role"),
        ({"division": ""}, "division"),
        ({"division": "110000"}, "division"),
        ({"division": "530303", "valid_from": "2016-03-19"}, "division"),
        ({"tier": ""}, "tier"),
        ({"agency": "99"}, "agency"),
        ({"valid_from": ""}, "valid_from"),
        ({"valid_from": "today"}, "valid_from"),
        ({"valid_from": "2006-12-31"}, "valid_from"),
        ({"valid_until": (TODAY - DAY).isoformat()}, "valid_until"),
        ({"reason": " "}, "reason"),
        ({"reason": "因" * 2001}, "reason"),
    ],
)
def test_a_post_that_cannot_be_is_refused_beside_its_field(
    guard: FlaskClient, database: Database, fields: dict[str, str], field: str
) -> None:
    sun = person_with(database, "sun")
    answer = post(guard, f"/people/{sun}/posts/new", **given(fields))
    assert answer.status_code == 400
    assert problem_at(answer.text, field)
    if field != "reason":
        assert "任命文件1号" in answer.text
    assert logged(database) == []


def test_a_form_sent_twice_gives_one_post(guard: FlaskClient, database: Database) -> None:
    sun = person_with(database, "sun")
    address = f"/people/{sun}/posts/new"
    assert post(guard, address, **given({})).status_code == 303
    again = post(guard, address, **given({}))
    assert again.status_code == 400
    assert f"already from {TODAY}" in problem_at(again.text, "role")


def test_an_administrator_is_made_without_a_place(
    app: Flask, guard: FlaskClient, database: Database
) -> None:
    sun = person_with(database, "sun")
    address, fields = f"/people/{sun}/offices/new", given({"role": SYSTEM_ADMINISTRATOR})
    page = guard.get(address).text
    for name in ("division", "tier", "agency"):
        assert f'name="{name}"' not in page
    for name, wrong in (("role", "archivist"), ("role", ""), ("reason", " ")):
        assert problem_at(post(guard, address, **{**fields, name: wrong}).text, name)
    assert post(guard, address, **fields).status_code == 303
    second = post(guard, address, **{**fields, "role": AUDIT_ADMINISTRATOR})
    assert "the three are kept apart" in problem_at(second.text, "role")
    client = sign_in(app, "sun")
    assert client.get("/people").status_code == 200
    assert client.get(f"/cases/{opened(database).number}").status_code == 404


def test_a_post_of_a_case_or_of_another_person_is_not_ended_here(
    guard: FlaskClient, database: Database
) -> None:
    ref = opened(database)
    sun = person_with(database, "sun", Post("member", case_id=ref.id), ARCHIVIST)
    li = person_with(database, "li")
    with database.readers.begin() as session:
        rows = session.scalars(select(GrantRow).where(GrantRow.person_id == sun)).all()
    grants = {row.role: row.id for row in rows}
    assert guard.get(f"/people/{sun}/posts/{grants['member']}/end").status_code == 404
    assert guard.get(f"/people/{li}/posts/{grants['archivist']}/end").status_code == 404
    page = guard.get(f"/people/{sun}").text
    assert ref.number not in page
    assert "Also a post on 1 case" in text_of(page)


@pytest.mark.parametrize("last_on", ["", "2020-01-01", "x"])
def test_a_last_day_before_the_first_is_refused(
    guard: FlaskClient, database: Database, last_on: str
) -> None:
    sun = person_with(database, "sun")
    grant = give_post(database, sun, ARCHIVIST, valid_from=TODAY, granted_by="root")
    answer = post(guard, f"/people/{sun}/posts/{grant}/end", last_on=last_on, reason="免职")
    assert answer.status_code == 400
    assert problem_at(answer.text, "last_on")


def test_a_post_is_not_prolonged_by_ending_it(guard: FlaskClient, database: Database) -> None:
    sun = person_with(database, "sun")
    grant = give_post(
        database, sun, ARCHIVIST, valid_from=TODAY, valid_until=TODAY + DAY, granted_by="root"
    )
    address = f"/people/{sun}/posts/{grant}/end"
    answer = post(guard, address, last_on=(TODAY + 2 * DAY).isoformat(), reason="免职")
    assert f"ends with {TODAY + DAY} already" in problem_at(answer.text, "last_on")


def test_what_was_written_survives_the_end_of_the_session(
    app: Flask, guard: FlaskClient, database: Database
) -> None:
    sun = person_with(database, "sun")
    address = f"/people/{sun}/posts/new"
    form = token(guard.get(address).text)
    with database.sessions.begin() as session:
        for row in session.scalars(select(SignInRow)):
            row.ended_at = utcnow()
    answer = guard.post(address, data={"csrf_token": form, **given({"reason": "写了很久的理由"})})
    assert answer.status_code == 401
    kept = re.search(r'name="kept" value="([^"]+)"', answer.text)
    assert kept is not None
    again = guard.post(
        "/sign-in",
        data={
            "csrf_token": token(answer.text),
            "login": "guard",
            "password": PASSWORD,
            "kept": kept[1],
        },
    )
    assert again.location == address
    assert "写了很久的理由" in guard.get(address).text
    assert post(guard, address, **given({})).status_code == 303
    assert "写了很久的理由" not in guard.get(address).text


# ---------------------------------------------------------------------------- deputies


def deputy(fields: dict[str, str]) -> dict[str, str]:
    """A deputy for today and tomorrow, with some fields otherwise."""
    usual = {
        "deputy": "李某（li）",
        "valid_from": TODAY.isoformat(),
        "valid_until": (TODAY + DAY).isoformat(),
        "reason": "出差",
    }
    return {**usual, **fields}


def test_a_deputy_is_named_acts_and_is_ended(
    app: Flask, guard: FlaskClient, database: Database
) -> None:
    sun = person_with(database, "sun", ARCHIVIST, name="孙某")
    li = person_with(database, "li", name="李某")
    page = f"/people/{sun}"
    assert post(guard, f"{page}/deputies/new", **deputy({})).status_code == 303
    client = sign_in(app, "li")
    post(client, "/acting", "/me", login="sun")
    case = f"/cases/{opened(database).number}"
    assert client.get(case).status_code == 200
    with database.readers.begin() as session:
        row = session.scalars(select(Deputy)).one()
    assert (row.person_id, row.acts_for_id, row.granted_by) == (li, sun, "guard")
    for each in (page, f"/people/{li}"):
        assert "deputy named 李某 for 孙某" in text_of(guard.get(each).text)
    answer = post(
        guard, f"{page}/deputies/{row.id}/end", last_on=TODAY.isoformat(), reason="免职文件2号"
    )
    assert answer.status_code == 303
    assert logged(database) == [
        ("guard", what, whose)
        for what in ("deputy_named", "deputy_ended")
        for whose in ("li", "sun")
    ]
    assert f"{TODAY} – {TODAY}" in text_of(guard.get(page).text)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"deputy": "nobody"}, "deputy"),
        ({"deputy": "sun"}, "deputy"),
        ({"deputy": "同名"}, "deputy"),
        ({"deputy": ""}, "deputy"),
        ({"valid_from": ""}, "valid_from"),
        ({"valid_until": ""}, "valid_until"),
        ({"valid_until": (TODAY - DAY).isoformat()}, "valid_until"),
        ({"reason": ""}, "reason"),
    ],
)
def test_a_deputy_who_cannot_be_is_refused_beside_the_field(
    guard: FlaskClient, database: Database, fields: dict[str, str], field: str
) -> None:
    sun = person_with(database, "sun")
    person_with(database, "li", name="李某")
    for login in ("twin1", "twin2"):
        person_with(database, login, name="同名")
    answer = post(guard, f"/people/{sun}/deputies/new", **deputy(fields))
    assert answer.status_code == 400
    assert problem_at(answer.text, field)
    assert logged(database) == []


def test_whoever_is_shown_as_acting_is_shown_with_whom_they_acted_for(
    quick_app: Flask,
) -> None:
    database = database_of(quick_app)
    ref = opened(database)
    sun = person_with(database, "sun", Post("carrier", case_id=ref.id), name="孙某")
    li = person_with(database, "li", name="李某")
    person_with(database, "head", Post("agency_head", division=FUYUAN, tier="county"))
    name_deputy(
        database, person_id=li, acts_for_id=sun, valid_from=date(2025, 1, 1), valid_until=TODAY,
        granted_by="x",
    )  # fmt: skip
    with database.readers.begin() as session:
        deputy_of_sun = actor_of(session, li, date(2025, 9, 10), acting_for="sun")
    sent = DocumentSent(to="县政府")
    did(database, ref, "request_team", sent, by=deputy_of_sun, acting_for="sun")
    client = sign_in(quick_app, "head")
    for address in ("", "/history", "/entries/2"):
        page = text_of(client.get(f"/cases/{ref.number}{address}?lang=en").text)
        assert page.count("李某") == page.count("李某 for 孙某") > 0, address


# ---------------------------------------------------------------------------- one's own page


def test_my_page_shows_todays_posts_alone(app: Flask, database: Database) -> None:
    ref = opened(database)
    sun = person_with(database, "sun", ARCHIVIST, Post("member", case_id=ref.id))
    give_post(
        database, sun, Post("agency_head", division=CITY, tier="city"),
        valid_from=TODAY + DAY, granted_by="root",
    )  # fmt: skip
    page = sign_in(app, "sun").get("/me?lang=en").text
    assert "archivist Fuyuan County" in text_of(page)
    assert f'href="/cases/{ref.number}"' in page
    assert "head of the lead agency" not in page


def change(client: FlaskClient, **fields: str) -> TestResponse:
    """Send the form with which one's own password is changed."""
    usual = {"old_password": PASSWORD, "new_password": "quite another one"}
    filled = {**usual, "again": "quite another one", **fields}
    return post(client, "/me/password", "/me", **filled)


def test_my_password_is_changed_and_my_other_sign_ins_end(app: Flask, database: Database) -> None:
    person_with(database, "sun")
    mine, other = sign_in(app, "sun"), sign_in(app, "sun")
    assert change(mine).status_code == 303
    assert mine.get("/me").status_code == 200
    assert other.get("/me").status_code == 302
    assert verify_password(database, "sun", PASSWORD) is None
    assert verify_password(database, "sun", "quite another one") is not None
    assert logged(database) == [("sun", "own_password_changed", "sun")]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"old_password": "wrong password"}, "old_password"),
        ({"old_password": ""}, "old_password"),
        ({"new_password": "1234567", "again": "1234567"}, "new_password"),
        ({"new_password": PASSWORD, "again": PASSWORD}, "new_password"),
        ({"again": "something else"}, "again"),
        ({"again": ""}, "again"),
    ],
)
def test_my_password_stays_when_something_is_wrong(
    app: Flask, database: Database, fields: dict[str, str], field: str
) -> None:
    person_with(database, "sun")
    mine, other = sign_in(app, "sun"), sign_in(app, "sun")
    answer = change(mine, **fields)
    assert answer.status_code == 400
    assert problem_at(answer.text, field)
    assert "wrong password" not in answer.text
    assert other.get("/me").status_code == 200
    assert verify_password(database, "sun", PASSWORD) is not None
    was_refused = [what for _by, what, _whom in logged(database)] == ["own_password_refused"]
    assert was_refused is (fields.get("old_password") == "wrong password")


def test_i_can_end_my_other_sign_ins(app: Flask, database: Database) -> None:
    person_with(database, "sun")
    person_with(database, "li")
    mine, other, stranger = sign_in(app, "sun"), sign_in(app, "sun"), sign_in(app, "li")
    assert "End the others" in mine.get("/me?lang=en").text
    assert post(mine, "/me/sign-ins/end-others", "/me").status_code == 303
    assert mine.get("/me").status_code == 200
    assert other.get("/me").status_code == 302
    assert stranger.get("/me").status_code == 200
    assert "End the others" not in mine.get("/me?lang=en").text
    assert logged(database) == [("sun", "sign_ins_ended", "sun")]
