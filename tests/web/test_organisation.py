"""Agencies and divisions: the system administrator's pages, with what saving does shown before."""

import re
from datetime import date

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from fireinvest.services.agencies import create_agency
from fireinvest.services.people import Post, give_post
from fireinvest.store import Database
from fireinvest.workflow.permissions import SECURITY_ADMINISTRATOR, SYSTEM_ADMINISTRATOR
from tests.queries import counted
from tests.services.office import CITY, FUYUAN
from tests.web.office import database_of, hidden, person_with, text_of
from tests.web.test_people import DAY, TODAY, administrator, given, logged, post, problem_at


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


AGENCY = {
    "label_zh": "富源县消防救援大队",
    "label_en": "Fuyuan brigade",
    "body": "fire_rescue",
    "division": FUYUAN,
    "tier": "county",
    "valid_from": TODAY.isoformat(),
}


def test_an_agency_is_added_listed_and_holds_posts(
    keeper: FlaskClient, guard: FlaskClient, database: Database
) -> None:
    assert post(keeper, "/people/agencies/new", **AGENCY).status_code == 303
    shown = text_of(keeper.get("/people/agencies").text)
    assert "Fuyuan brigade 富源县消防救援大队 fire-rescue agency Fuyuan County" in shown
    again = post(keeper, "/people/agencies/new", **AGENCY)
    assert "There is an agency of this name" in problem_at(again.text, "label_zh")
    sun = person_with(database, "sun")
    address = f"/people/{sun}/posts/new"
    option = re.search(r'<option value="(\d+)">Fuyuan brigade', guard.get(address).text)
    assert option is not None
    at_agency = {"agency": option[1], "division": "", "tier": "", "role": "agency_head"}
    for fields, field in [
        ({"tier": "city"}, "agency"),
        ({"valid_from": (TODAY - DAY).isoformat()}, "agency"),
    ]:
        refused = post(guard, address, **given({**at_agency, **fields}))
        assert problem_at(refused.text, field)
    assert post(guard, address, **given(at_agency)).status_code == 303
    assert "Fuyuan brigade county government" in text_of(guard.get(f"/people/{sun}").text)
    assert logged(database) == [
        ("keeper", "agency_added", f"agency:{option[1]}"),
        ("guard", "post_given", "sun"),
    ]


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
    keeper: FlaskClient, database: Database, fields: dict[str, str], field: str
) -> None:
    answer = post(keeper, "/people/agencies/new", **{**AGENCY, **fields})
    assert answer.status_code == 400
    assert problem_at(answer.text, field)
    assert logged(database) == []


def test_agencies_page_by_key(keeper: FlaskClient, database: Database) -> None:

    for n in range(51):
        create_agency(
            database, label_zh=f"机构{n}", label_en=f"agency {n}", body="fire_rescue",
            division=FUYUAN, tier="county", valid_from=date(2023, 1, 1),
        )  # fmt: skip
    first = keeper.get("/people/agencies").text
    assert "agency 49" in first
    assert "agency 50" not in first
    after = re.search(r"after=(\d+)", first)
    assert after is not None
    second = keeper.get(f"/people/agencies?after={after[1]}").text
    assert "agency 50" in second
    for odd in ("x", "9" * 30, "-1"):
        assert keeper.get(f"/people/agencies?after={odd}").status_code == 200


# ---------------------------------------------------------------------------- reshaping


def agency(database: Database, name: str, place: str = FUYUAN, tier: str = "county") -> int:
    return create_agency(
        database, label_zh=name, label_en=name, body="fire_rescue", division=place, tier=tier,
        valid_from=date(2023, 1, 1),
    )  # fmt: skip


def archivist_at(database: Database, login: str, agency_id: int) -> int:
    person = person_with(database, login, name=f"某{login}")
    at = Post("archivist", agency_id=agency_id)
    give_post(database, person, at, valid_from=date(2023, 1, 1), granted_by="guard")
    return person


FROM = (TODAY + DAY).isoformat()
RENAMED = {
    "label_zh": "新大队", "label_en": "New brigade", "first_on": FROM, "posts": "move",
    "reason": "机构改革文件1号",
}  # fmt: skip


def saved(keeper: FlaskClient, address: str, fields: dict[str, str]) -> TestResponse:
    """Look at what saving would do, and save it."""
    shown = post(keeper, address, **fields, do="preview")
    assert shown.status_code == 200, text_of(shown.text)
    return post(keeper, address, **fields, do="save", seen=hidden(shown.text, "seen"))


def test_an_agency_is_renamed_after_a_look_at_what_that_does(
    keeper: FlaskClient, guard: FlaskClient, database: Database
) -> None:
    old = agency(database, "Old brigade")
    sun = archivist_at(database, "sun", old)
    address = f"/people/agencies/{old}/rename"
    assert 'value="Old brigade"' in keeper.get(address).text
    shown = text_of(post(keeper, address, **RENAMED, do="preview").text)
    for words in (
        f"Old brigade ends with {TODAY}.",
        f"From {FROM} on it is New brigade.",
        "1 post there is concerned.",
        f"ends with {TODAY} goes on at the successor from {FROM}",
    ):
        assert words in shown
    assert logged(database) == []
    answer = saved(keeper, address, RENAMED)
    assert answer.status_code == 303
    page = text_of(keeper.get(answer.location).text)
    assert "before: Old brigade" in page
    assert "agency added 甲管理员 机构改革文件1号" in page
    was = text_of(keeper.get(f"/people/agencies/{old}").text)
    assert "then: New brigade" in was
    assert "agency renamed Old brigade → 新大队 甲管理员 机构改革文件1号" in was
    assert "then: New brigade" in text_of(keeper.get("/people/agencies").text)
    # The security administrator reads both posts, each under the name of its time.
    posts = text_of(guard.get(f"/people/{sun}").text)
    assert f"Old brigade county government 2023-01-01 – {TODAY}" in posts
    assert f"New brigade county government {FROM} – until ended" in posts
    # What has a successor isn't changed again.
    assert "/rename" not in keeper.get(f"/people/agencies/{old}").text


def test_what_changed_since_it_was_shown_is_shown_again(
    keeper: FlaskClient, database: Database
) -> None:
    old = agency(database, "Old brigade")
    address = f"/people/agencies/{old}/rename"
    seen = hidden(post(keeper, address, **RENAMED, do="preview").text, "seen")
    archivist_at(database, "sun", old)
    answer = post(keeper, address, **RENAMED, do="save", seen=seen)
    assert answer.status_code == 400
    page = text_of(answer.text)
    assert "changed meanwhile" in page
    assert "某sun" in page
    assert logged(database) == []
    again = hidden(answer.text, "seen")
    assert post(keeper, address, **RENAMED, do="save", seen=again).status_code == 303


def test_an_agency_is_merged_and_one_of_another_place_takes_no_posts(
    keeper: FlaskClient, database: Database
) -> None:
    one, other = agency(database, "One"), agency(database, "Other")
    city = agency(database, "City brigade", CITY, "city")
    sun = archivist_at(database, "sun", one)
    address = f"/people/agencies/{one}/merge"
    fields = {"into": f"{other}", "first_on": FROM, "posts": "move", "reason": "合并"}
    for wrong, field in (
        ({"into": f"{one}"}, "into"),
        ({"into": ""}, "into"),
        ({"posts": ""}, "posts"),
        ({"reason": ""}, "reason"),
        ({"first_on": "2023-01-01"}, "first_on"),
        ({"into": f"{city}"}, "posts"),
    ):
        refused = post(keeper, address, **{**fields, **wrong}, do="preview")
        assert refused.status_code == 400
        assert problem_at(refused.text, field), wrong
    assert logged(database) == []
    assert saved(keeper, address, fields).location == f"/people/agencies/{other}"
    assert "before: One" in text_of(keeper.get(f"/people/agencies/{other}").text)
    assert logged(database) == [
        ("keeper", "agency_merged", f"agency:{one}"),
        ("keeper", "post_ended", "sun"),
        ("keeper", "post_given", "sun"),
    ]
    assert "Other" in text_of(keeper.get(f"/people/{sun}").text) or TODAY.isoformat() < FROM


def test_an_agency_ends_with_its_posts(keeper: FlaskClient, database: Database) -> None:
    old = agency(database, "Old brigade")
    archivist_at(database, "sun", old)
    fields = {"last_on": TODAY.isoformat(), "reason": "撤销"}
    shown = text_of(post(keeper, f"/people/agencies/{old}/close", **fields).text)
    assert f"ends with {TODAY}" in shown
    assert saved(keeper, f"/people/agencies/{old}/close", fields).status_code == 303
    assert "Old brigade" in text_of(keeper.get("/people/agencies").text)
    assert [what for _by, what, _about in logged(database)] == ["agency_ended", "post_ended"]


def test_an_agency_that_there_is_not_is_no_page(keeper: FlaskClient) -> None:
    for tail in ("", "/rename", "/merge", "/close"):
        assert keeper.get(f"/people/agencies/999{tail}").status_code == 404


# ---------------------------------------------------------------------------- divisions


def test_divisions_show_their_days_and_what_stands_at_an_ended_one(
    keeper: FlaskClient, database: Database
) -> None:
    page = text_of(keeper.get("/people/divisions").text)
    assert re.search(r"Zhanyi County past 530328 Qujing City – 2016-03-19 Zhanyi District", page)
    assert "no more" not in page
    sun = person_with(database, "sun", Post("archivist", division="530328", tier="county"))
    left = agency(database, "Zhanyi brigade", "530328")
    page = keeper.get("/people/divisions").text
    assert f'href="/people/{sun}"' in page
    assert f'href="/people/agencies/{left}"' in page


def test_the_pages_of_agencies_ask_the_same_however_much_there_is(
    keeper: FlaskClient, database: Database
) -> None:
    def asked(address: str) -> int:
        with counted(database) as sent:
            assert keeper.get(address).status_code == 200
        return len(sent)

    one = agency(database, "One", "530328")
    addresses = (f"/people/agencies/{one}", "/people/agencies", "/people/divisions")
    few = [asked(each) for each in addresses]
    for n in range(10):
        archivist_at(database, f"p{n}", one)
        agency(database, f"Agency {n}", "530328")
    assert [asked(each) for each in addresses] == few
    assert max(few) <= 12
