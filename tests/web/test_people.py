"""The administrator's pages, and everybody's own."""

import re
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from fireinvest.china import CHINA
from fireinvest.clock import utcnow
from fireinvest.services.people import (
    Post,
    create_agency,
    give_post,
    set_active,
    verify_password,
)
from fireinvest.store import Database
from fireinvest.store.access import AccessRow
from fireinvest.store.people import Deputy, GrantRow, add_person, find_login
from fireinvest.store.sign_ins import SignInRow
from fireinvest.workflow.permissions import SYSTEM_ADMINISTRATOR
from tests.queries import counted
from tests.services.office import CITY, FUYUAN, NOW, opened
from tests.web.office import PASSWORD, database_of, person_with, sign_in, text_of, token

TODAY = utcnow().astimezone(CHINA).date()
DAY = timedelta(days=1)
ARCHIVIST = Post("archivist", division=FUYUAN, tier="county")


@pytest.fixture
def database(app: Flask) -> Database:
    return database_of(app)


@pytest.fixture
def root(app: Flask, database: Database) -> FlaskClient:
    """A browser in which an administrator is signed in; pages are asked for in English."""
    person_with(database, "root", Post(SYSTEM_ADMINISTRATOR), name="甲管理员")
    client = sign_in(app, "root")
    client.set_cookie("lang", "en")
    return client


def post(client: FlaskClient, address: str, page: str | None = None, **fields: str) -> TestResponse:
    """Send a form as the browser does: with the token of its page."""
    form = token(client.get(page or address).text)
    return client.post(address, data={"csrf_token": form, **fields})


def logged(database: Database) -> list[tuple[str | None, str, str | None]]:
    """What the access log says of accounts: by whom, what, whom."""
    with database.readers.begin() as session:
        rows = session.scalars(select(AccessRow).order_by(AccessRow.id))
        return [
            (row.person, row.what, row.item)
            for row in rows
            if row.what not in ("sign_in", "sign_out")
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


def addresses(person_id: int) -> dict[str, str]:
    """Every page of the administrator, with the method that it is asked by."""
    return {
        "/people": "GET",
        "/people/agencies": "GET",
        "/people/new": "POST",
        "/people/agencies/new": "POST",
        f"/people/{person_id}": "GET",
        f"/people/{person_id}/password": "POST",
        f"/people/{person_id}/standing": "POST",
        f"/people/{person_id}/posts/new": "POST",
        f"/people/{person_id}/posts/1/end": "POST",
        f"/people/{person_id}/deputies/new": "POST",
        f"/people/{person_id}/deputies/1/end": "POST",
    }


def test_the_pages_are_for_administrators_alone(app: Flask, database: Database) -> None:
    head = Post("agency_head", division=CITY, tier="city")
    head_id = person_with(database, "head", head)
    client = sign_in(app, "head")
    form = token(client.get("/me").text)
    for address, method in addresses(head_id).items():
        answer = client.open(address, method=method, data={"csrf_token": form})
        assert answer.status_code == 403, address
    stranger = app.test_client().get("/people")
    assert (stranger.status_code, stranger.location) == (302, "/sign-in?next=/people")


def test_a_deputy_of_an_administrator_is_none(app: Flask, root: FlaskClient) -> None:
    database = database_of(app)
    li = person_with(database, "li")
    with database.readers.begin() as session:
        admin = find_login(session, "root")
    assert admin is not None
    fields = {
        "deputy": "li",
        "valid_from": TODAY.isoformat(),
        "valid_until": (TODAY + DAY).isoformat(),
        "reason": "出差",
    }
    assert post(root, f"/people/{admin.id}/deputies/new", **fields).status_code == 303
    client = sign_in(app, "li")
    post(client, "/acting", "/me", login="root")
    assert "for 甲管理员" in text_of(client.get("/me?lang=en").text)
    assert client.get(f"/people/{li}").status_code == 403


def test_an_administrator_sees_no_case(app: Flask, root: FlaskClient) -> None:
    ref = opened(database_of(app))
    assert root.get(f"/cases/{ref.number}").status_code == 404


def test_numbers_that_name_nobody_are_no_page(root: FlaskClient) -> None:
    for number in ("0", "999", "2147483647", "99999999999999999999", "x"):
        assert root.get(f"/people/{number}").status_code == 404
    assert root.get("/people/999/posts/new").status_code == 404


# ---------------------------------------------------------------------------- the list


def test_people_are_found_by_login_and_name(root: FlaskClient, database: Database) -> None:
    person_with(database, "sun_1", ARCHIVIST, name="孙某")
    gone = person_with(database, "zhou.2", name="周某")
    set_active(database, gone, is_active=False)
    for query, found in [
        ("", {"root", "sun_1", "zhou.2"}),
        ("q=SUN", {"sun_1"}),
        ("q=某", {"sun_1", "zhou.2"}),
        ("q=_", {"sun_1"}),
        ("q=%25", set()),
        ("standing=left", {"zhou.2"}),
        ("standing=active&q=某", {"sun_1"}),
        ("standing=other", {"root", "sun_1", "zhou.2"}),
    ]:
        page = root.get(f"/people?{query}").text
        assert set(re.findall(r"<code>([^<]+)</code>", page)) == found, query
    page = text_of(root.get("/people?q=sun").text)
    assert "archivist Fuyuan County" in page
    assert "never" in page


def test_the_list_pages_by_key_and_asks_the_same_for_each_size(
    root: FlaskClient, database: Database
) -> None:
    # One hash for all: making sixty takes a while on purpose.
    with database.readers.begin() as session:
        root_row = find_login(session, "root")
    assert root_row is not None

    with database.sessions.begin() as session:
        ids = [
            add_person(session, login=f"p{n:03}", name=f"某{n}", password_hash=None, created_at=NOW)
            for n in range(101)
        ]
    give_post(database, ids[0], ARCHIVIST, valid_from=TODAY, granted_by="root")
    with counted(database) as for_many:
        first = root.get("/people").text
    with counted(database) as for_one:
        root.get("/people?q=p001")
    assert len(for_many) == len(for_one)
    logins = re.findall(r"<code>([^<]+)</code>", first)
    assert logins == [f"p{n:03}" for n in range(50)]
    second = root.get("/people?after=p049").text
    assert re.findall(r"<code>([^<]+)</code>", second)[0] == "p050"
    last = root.get("/people?after=p099").text
    assert re.findall(r"<code>([^<]+)</code>", last) == ["p100", "root"]
    assert "after=" not in last.split('class="list-table')[1]


# ---------------------------------------------------------------------------- accounts


def test_a_person_is_added_and_can_sign_in(
    app: Flask, root: FlaskClient, database: Database
) -> None:
    answer = post(root, "/people/new", login=" Sun.1 ", name="孙某", password=PASSWORD)
    assert answer.status_code == 303
    page = text_of(root.get(answer.location).text)
    assert "孙某" in page
    assert "added 甲管理员" in page
    assert logged(database) == [("root", "person_added", "sun.1")]
    assert sign_in(app, "sun.1").get("/people").status_code == 403


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"login": "孙"}, "login"),
        ({"login": "root"}, "login"),
        ({"login": ""}, "login"),
        ({"login": "a" * 101}, "login"),
        ({"name": " "}, "name"),
        ({"name": "某" * 201}, "name"),
        ({"password": ""}, "password"),
        ({"password": "1234567"}, "password"),
        ({"password": "1" * 1001}, "password"),
    ],
)
def test_what_is_wrong_stands_beside_its_field_and_nothing_is_added(
    root: FlaskClient, database: Database, fields: dict[str, str], field: str
) -> None:
    usual = {"login": "sun", "name": "孙某", "password": PASSWORD}
    answer = post(root, "/people/new", **{**usual, **fields})
    assert answer.status_code == 400
    assert problem_at(answer.text, field)
    for name in ("login", "name"):
        if name != field:
            assert f'value="{usual[name]}"' in answer.text
    assert PASSWORD not in answer.text
    assert logged(database) == []


def test_setting_a_password_ends_the_persons_sign_ins(
    app: Flask, root: FlaskClient, database: Database
) -> None:
    sun = person_with(database, "sun")
    client = sign_in(app, "sun")
    assert client.get("/me").status_code == 200
    assert problem_at(post(root, f"/people/{sun}/password", password="short").text, "password")
    assert client.get("/me").status_code == 200
    answer = post(root, f"/people/{sun}/password", password="another long password")
    assert answer.status_code == 303
    assert client.get("/me").status_code == 302
    assert verify_password(database, "sun", PASSWORD) is None
    assert verify_password(database, "sun", "another long password") is not None
    assert logged(database) == [("root", "password_set", "sun")]


def test_ones_own_password_is_not_set_without_the_old_one(
    root: FlaskClient, database: Database
) -> None:
    with database.readers.begin() as session:
        me = find_login(session, "root")
    assert me is not None
    form = token(root.get("/me").text)
    answer = root.post(
        f"/people/{me.id}/password", data={"csrf_token": form, "password": "another password"}
    )
    assert answer.location == "/me#password"
    assert verify_password(database, "root", PASSWORD) is not None


def test_who_is_deactivated_is_out_and_comes_back_signed_out(
    app: Flask, root: FlaskClient, database: Database
) -> None:
    sun = person_with(database, "sun")
    client, page = sign_in(app, "sun"), f"/people/{sun}"
    assert post(root, f"{page}/standing", page, do="deactivate").status_code == 303
    assert client.get("/me").status_code == 302
    assert "deactivated" in text_of(root.get(page).text)
    assert post(root, f"{page}/standing", page, do="reactivate").status_code == 303
    assert client.get("/me").status_code == 302
    assert sign_in(app, "sun").get("/me").status_code == 200
    assert post(root, f"{page}/standing", page, do="other").status_code == 400
    assert [what for _by, what, _whom in logged(database)] == [
        "person_deactivated",
        "person_reactivated",
    ]


def test_the_last_administrator_stays(root: FlaskClient, database: Database) -> None:
    with database.readers.begin() as session:
        me = find_login(session, "root")
        grant = session.scalars(
            select(GrantRow.id).where(GrantRow.role == SYSTEM_ADMINISTRATOR)
        ).one()
    assert me is not None
    page = f"/people/{me.id}"
    refused = post(root, f"{page}/standing", page, do="deactivate")
    assert refused.status_code == 400
    assert "nobody would be an active administrator" in text_of(refused.text)
    refused = post(root, f"{page}/posts/{grant}/end", last_on=TODAY.isoformat())
    assert refused.status_code == 400
    assert "nobody would be an active administrator" in problem_at(refused.text, "last_on")
    assert root.get("/people").status_code == 200
    assert logged(database) == []


# ---------------------------------------------------------------------------- posts


def test_a_post_is_given_ended_and_stands_with_who_gave_it(
    app: Flask, root: FlaskClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    ref, sun = opened(database), person_with(database, "sun", name="孙某")
    page, case = f"/people/{sun}", f"/cases/{ref.number}"
    assert sign_in(app, "sun").get(case).status_code == 404
    assert post(root, f"{page}/posts/new", **given({})).status_code == 303
    assert sign_in(app, "sun").get(case).status_code == 200
    with database.readers.begin() as session:
        grant = session.scalars(select(GrantRow).where(GrantRow.person_id == sun)).one()
    assert (grant.granted_by, grant.reason) == ("root", "任命文件1号")
    answer = post(root, f"{page}/posts/{grant.id}/end", last_on=TODAY.isoformat())
    assert answer.status_code == 303
    # Today still, tomorrow no more.
    assert sign_in(app, "sun").get(case).status_code == 200
    monkeypatch.setattr("fireinvest.web.visiting.utcnow", lambda: utcnow() + DAY)
    assert sign_in(app, "sun").get(case).status_code == 404
    monkeypatch.undo()
    shown = text_of(root.get(page).text)
    assert f"archivist Fuyuan County county government {TODAY} – {TODAY} 甲管理员" in shown
    assert "ended by 甲管理员" in shown
    assert logged(database) == [
        (
            "root",
            "post_given",
            f"sun post:{grant.id} archivist {FUYUAN}/county {TODAY}..",
        ),
        ("root", "post_ended", f"sun post:{grant.id} archivist {TODAY}"),
    ]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"role": ""}, "role"),
        ({"role": "king"}, "role"),
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
    root: FlaskClient, database: Database, fields: dict[str, str], field: str
) -> None:
    sun = person_with(database, "sun")
    answer = post(root, f"/people/{sun}/posts/new", **given(fields))
    assert answer.status_code == 400
    assert problem_at(answer.text, field)
    if field != "reason":
        assert "任命文件1号" in answer.text
    assert logged(database) == []


def test_a_form_sent_twice_gives_one_post(root: FlaskClient, database: Database) -> None:
    sun = person_with(database, "sun")
    address = f"/people/{sun}/posts/new"
    assert post(root, address, **given({})).status_code == 303
    again = post(root, address, **given({}))
    assert again.status_code == 400
    assert f"already from {TODAY}" in problem_at(again.text, "role")


def test_an_administrator_is_made_without_a_place(
    app: Flask, root: FlaskClient, database: Database
) -> None:
    sun = person_with(database, "sun")
    fields = given({"role": "administrator", "division": "", "tier": ""})
    assert post(root, f"/people/{sun}/posts/new", **fields).status_code == 303
    client = sign_in(app, "sun")
    assert client.get("/people").status_code == 200
    assert client.get(f"/cases/{opened(database).number}").status_code == 404


def test_a_post_of_a_case_or_of_another_person_is_not_ended_here(
    root: FlaskClient, database: Database
) -> None:
    ref = opened(database)
    sun = person_with(database, "sun", Post("member", case_id=ref.id), ARCHIVIST)
    li = person_with(database, "li")
    with database.readers.begin() as session:
        rows = session.scalars(select(GrantRow).where(GrantRow.person_id == sun)).all()
    grants = {row.role: row.id for row in rows}
    assert root.get(f"/people/{sun}/posts/{grants['member']}/end").status_code == 404
    assert root.get(f"/people/{li}/posts/{grants['archivist']}/end").status_code == 404
    page = root.get(f"/people/{sun}").text
    assert ref.number not in page
    assert "Also a post on 1 case" in text_of(page)


@pytest.mark.parametrize("last_on", ["", "2020-01-01", "x"])
def test_a_last_day_before_the_first_is_refused(
    root: FlaskClient, database: Database, last_on: str
) -> None:
    sun = person_with(database, "sun")
    grant = give_post(database, sun, ARCHIVIST, valid_from=TODAY, granted_by="root")
    answer = post(root, f"/people/{sun}/posts/{grant}/end", last_on=last_on)
    assert answer.status_code == 400
    assert problem_at(answer.text, "last_on")


def test_a_post_is_not_prolonged_by_ending_it(root: FlaskClient, database: Database) -> None:
    sun = person_with(database, "sun")
    grant = give_post(
        database, sun, ARCHIVIST, valid_from=TODAY, valid_until=TODAY + DAY, granted_by="root"
    )
    address = f"/people/{sun}/posts/{grant}/end"
    answer = post(root, address, last_on=(TODAY + 2 * DAY).isoformat())
    assert f"ends with {TODAY + DAY} already" in problem_at(answer.text, "last_on")


def test_what_was_written_survives_the_end_of_the_session(
    app: Flask, root: FlaskClient, database: Database
) -> None:
    sun = person_with(database, "sun")
    address = f"/people/{sun}/posts/new"
    form = token(root.get(address).text)
    with database.sessions.begin() as session:
        for row in session.scalars(select(SignInRow)):
            row.ended_at = utcnow()
    answer = root.post(address, data={"csrf_token": form, **given({"reason": "写了很久的理由"})})
    assert answer.status_code == 401
    kept = re.search(r'name="kept" value="([^"]+)"', answer.text)
    assert kept is not None
    again = root.post(
        "/sign-in",
        data={
            "csrf_token": token(answer.text),
            "login": "root",
            "password": PASSWORD,
            "kept": kept[1],
        },
    )
    assert again.location == address
    assert "写了很久的理由" in root.get(address).text
    assert post(root, address, **given({})).status_code == 303
    assert "写了很久的理由" not in root.get(address).text


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
    app: Flask, root: FlaskClient, database: Database
) -> None:
    sun = person_with(database, "sun", ARCHIVIST, name="孙某")
    li = person_with(database, "li", name="李某")
    page = f"/people/{sun}"
    assert post(root, f"{page}/deputies/new", **deputy({})).status_code == 303
    client = sign_in(app, "li")
    post(client, "/acting", "/me", login="sun")
    case = f"/cases/{opened(database).number}"
    assert client.get(case).status_code == 200
    with database.readers.begin() as session:
        row = session.scalars(select(Deputy)).one()
    assert (row.person_id, row.acts_for_id, row.granted_by) == (li, sun, "root")
    for each in (page, f"/people/{li}"):
        assert "deputy named 李某 for 孙某" in text_of(root.get(each).text)
    answer = post(root, f"{page}/deputies/{row.id}/end", last_on=TODAY.isoformat())
    assert answer.status_code == 303
    assert [what for _by, what, _whom in logged(database)] == ["deputy_named", "deputy_ended"]
    assert f"{TODAY} – {TODAY}" in text_of(root.get(page).text)


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
    root: FlaskClient, database: Database, fields: dict[str, str], field: str
) -> None:
    sun = person_with(database, "sun")
    person_with(database, "li", name="李某")
    for login in ("twin1", "twin2"):
        person_with(database, login, name="同名")
    answer = post(root, f"/people/{sun}/deputies/new", **deputy(fields))
    assert answer.status_code == 400
    assert problem_at(answer.text, field)
    assert logged(database) == []


# ---------------------------------------------------------------------------- agencies


AGENCY = {
    "label_zh": "富源县消防救援大队",
    "label_en": "Fuyuan brigade",
    "body": "fire_rescue",
    "division": FUYUAN,
    "tier": "county",
    "valid_from": TODAY.isoformat(),
}


def test_an_agency_is_added_listed_and_holds_posts(root: FlaskClient, database: Database) -> None:
    assert post(root, "/people/agencies/new", **AGENCY).status_code == 303
    shown = text_of(root.get("/people/agencies").text)
    assert "Fuyuan brigade 富源县消防救援大队 fire-rescue agency Fuyuan County" in shown
    again = post(root, "/people/agencies/new", **AGENCY)
    assert "There is an agency of this name" in problem_at(again.text, "label_zh")
    sun = person_with(database, "sun")
    option = re.search(
        r'<option value="(\d+)">Fuyuan brigade', root.get(f"/people/{sun}/posts/new").text
    )
    assert option is not None
    at_agency = {"agency": option[1], "division": "", "tier": "", "role": "agency_head"}
    address = f"/people/{sun}/posts/new"
    for fields, field in [
        ({"tier": "city"}, "agency"),
        ({"valid_from": (TODAY - DAY).isoformat()}, "agency"),
    ]:
        refused = post(root, address, **given({**at_agency, **fields}))
        assert problem_at(refused.text, field)
    assert post(root, address, **given(at_agency)).status_code == 303
    assert "Fuyuan brigade county government" in text_of(root.get(f"/people/{sun}").text)
    item = logged(database)[-1][2] or ""
    assert item.startswith("sun post:")
    assert f"agency_head {FUYUAN}/county" in item


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"label_zh": ""}, "label_zh"),
        ({"label_en": ""}, "label_en"),
        ({"body": "circus"}, "body"),
        ({"division": ""}, "division"),
        ({"division": "530303", "valid_from": "2016-03-19"}, "division"),
        ({"tier": "moon"}, "tier"),
        ({"valid_until": (TODAY - DAY).isoformat()}, "valid_until"),
    ],
)
def test_an_agency_that_cannot_be_is_refused_beside_its_field(
    root: FlaskClient, database: Database, fields: dict[str, str], field: str
) -> None:
    answer = post(root, "/people/agencies/new", **{**AGENCY, **fields})
    assert answer.status_code == 400
    assert problem_at(answer.text, field)
    assert logged(database) == []


def test_agencies_page_by_key(root: FlaskClient, database: Database) -> None:

    for n in range(51):
        create_agency(
            database, label_zh=f"机构{n}", label_en=f"agency {n}", body="fire_rescue",
            division=FUYUAN, tier="county", valid_from=date(2023, 1, 1),
        )  # fmt: skip
    first = root.get("/people/agencies").text
    assert "agency 49" in first
    assert "agency 50" not in first
    after = re.search(r"after=(\d+)", first)
    assert after is not None
    second = root.get(f"/people/agencies?after={after[1]}").text
    assert "agency 50" in second
    for odd in ("x", "9" * 30, "-1"):
        assert root.get(f"/people/agencies?after={odd}").status_code == 200


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
    assert logged(database) == [("sun", "sign_ins_ended", "sun 1")]


def test_the_pages_of_a_person_ask_the_same_however_much_there_is(
    root: FlaskClient, database: Database
) -> None:
    def asked(person_id: int) -> Any:
        with counted(database) as sent:
            assert root.get(f"/people/{person_id}").status_code == 200
        return len(sent)

    little, much = person_with(database, "sun"), person_with(database, "li")
    for year in range(2010, 2020):
        post(
            root,
            f"/people/{much}/posts/new",
            **given({"valid_from": f"{year}-01-01", "valid_until": f"{year}-12-31"}),
        )
        post(
            root,
            f"/people/{little}/deputies/new",
            **deputy(
                {"deputy": "li", "valid_from": f"{year}-01-01", "valid_until": f"{year}-12-31"}
            ),
        )
    assert asked(much) == asked(little) <= 12
    with counted(database) as sent:
        assert root.get("/me").status_code == 200
    assert len(sent) <= 8
