"""People who sign in over HTTP, and what they see."""

import re
from html import unescape

from flask import Flask
from flask.testing import FlaskClient

from fireinvest.services.passwords import hash_password
from fireinvest.services.people import Post, create_person, give_post
from fireinvest.store import Database
from tests.services.office import NOW

PASSWORD = "correct horse battery"


def database_of(app: Flask) -> Database:
    """The database of an application under test."""
    database = app.extensions["fireinvest"].database
    assert isinstance(database, Database)
    return database


def person_with(database: Database, login: str, *posts: Post, name: str | None = None) -> int:
    """Somebody who can sign in, with these posts for a long time; their id."""
    person_id = create_person(
        database,
        login=login,
        name=name or f"某{login}",
        password_hash=hash_password(PASSWORD),
        now=NOW,
    )
    for post in posts:
        give_post(
            database, person_id, post, valid_from=NOW.date().replace(year=2020), granted_by="admin"
        )
    return person_id


def token(page: str) -> str:
    """The token of the form on a page."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found is not None, "the page has no form"
    return unescape(found[1])


def sign_in(app: Flask, login: str, password: str = PASSWORD) -> FlaskClient:
    """A browser in which this person has signed in."""
    client = app.test_client()
    form = token(client.get("/sign-in").text)
    answer = client.post(
        "/sign-in", data={"csrf_token": form, "login": login, "password": password}
    )
    assert answer.status_code == 302, answer.text
    return client


def hidden(page: str, name: str) -> str:
    """What a hidden field of a page holds."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found is not None, f"the page has no field {name}"
    return unescape(found[1])


def text_of(page: str) -> str:
    """The page as it reads: without marks, blanks made one."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page)))
