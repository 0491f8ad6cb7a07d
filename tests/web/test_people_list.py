"""The list of people and their pages: found, paged, and as many queries for many as for few."""

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from fireinvest.services.people import give_post, set_active
from fireinvest.store import Database
from fireinvest.store.people import add_person
from fireinvest.workflow.permissions import SECURITY_ADMINISTRATOR
from tests.queries import counted
from tests.services.office import NOW
from tests.web.office import database_of, person_with, text_of
from tests.web.test_people import ARCHIVIST, TODAY, administrator, deputy, given, post


@pytest.fixture
def database(app: Flask) -> Database:
    return database_of(app)


@pytest.fixture
def guard(app: Flask, database: Database) -> FlaskClient:
    """A browser in which the security administrator is signed in."""
    return administrator(app, "guard", SECURITY_ADMINISTRATOR, "乙管理员")


def test_people_are_found_by_login_and_name(guard: FlaskClient, database: Database) -> None:
    person_with(database, "sun_1", ARCHIVIST, name="孙某")
    gone = person_with(database, "zhou.2", name="周某")
    set_active(database, gone, is_active=False)
    for query, found in [
        ("", {"guard", "sun_1", "zhou.2"}),
        ("q=SUN", {"sun_1"}),
        ("q=某", {"sun_1", "zhou.2"}),
        ("q=_", {"sun_1"}),
        ("q=%25", set()),
        ("standing=left", {"zhou.2"}),
        ("standing=active&q=某", {"sun_1"}),
        ("standing=other", {"guard", "sun_1", "zhou.2"}),
    ]:
        page = guard.get(f"/people?{query}").text
        assert set(re.findall(r"<code>([^<]+)</code>", page)) == found, query
    page = text_of(guard.get("/people?q=sun").text)
    assert "archivist Fuyuan County" in page
    assert "never" in page


def test_the_list_pages_by_key_and_asks_the_same_for_each_size(
    guard: FlaskClient, database: Database
) -> None:
    with database.sessions.begin() as session:
        ids = [
            add_person(session, login=f"a{n:03}", name=f"某{n}", password_hash=None, created_at=NOW)
            for n in range(101)
        ]
    give_post(database, ids[0], ARCHIVIST, valid_from=TODAY, granted_by="root")
    with counted(database) as for_many:
        first = guard.get("/people").text
    with counted(database) as for_one:
        guard.get("/people?q=a001")
    assert len(for_many) == len(for_one)
    logins = re.findall(r"<code>([^<]+)</code>", first)
    assert logins == [f"a{n:03}" for n in range(50)]
    second = guard.get("/people?after=a049").text
    assert re.findall(r"<code>([^<]+)</code>", second)[0] == "a050"
    last = guard.get("/people?after=a099").text
    assert re.findall(r"<code>([^<]+)</code>", last) == ["a100", "guard"]
    assert "after=" not in last.split('class="list-table')[1]


def test_the_pages_of_a_person_ask_the_same_however_much_there_is(
    guard: FlaskClient, database: Database
) -> None:
    def asked(person_id: int) -> Any:
        with counted(database) as sent:
            assert guard.get(f"/people/{person_id}").status_code == 200
        return len(sent)

    little, much = person_with(database, "sun"), person_with(database, "li")
    for year in range(2010, 2020):
        post(
            guard,
            f"/people/{much}/posts/new",
            **given({"valid_from": f"{year}-01-01", "valid_until": f"{year}-12-31"}),
        )
        post(
            guard,
            f"/people/{little}/deputies/new",
            **deputy(
                {"deputy": "li", "valid_from": f"{year}-01-01", "valid_until": f"{year}-12-31"}
            ),
        )
    assert asked(much) == asked(little) <= 16
    with counted(database) as sent:
        assert guard.get("/me").status_code == 200
    assert len(sent) <= 9  # One of them counts the notices not read.
