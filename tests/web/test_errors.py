"""Error pages: plain, in the reader's language, and without inner details."""

import pytest
from flask import Flask, abort, redirect
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.exceptions import Conflict
from werkzeug.wrappers import Response

from fireinvest.gateways.blobs import StoreAway
from fireinvest.web.rights import public
from tests.web.office import database_of, person_with, sign_in

STATUSES = (400, 403, 404, 405, 410, 413, 500, 503)


@pytest.fixture
def failing(quick_app: Flask) -> FlaskClient:
    """A client of an application with addresses that fail; faults answer as in production."""
    quick_app.testing = False

    def fail(status: int) -> str:
        abort(status, description="inner detail")

    def fault() -> str:
        raise ValueError("inner detail")

    def away() -> str:
        raise StoreAway("inner detail")

    def prepared() -> str:
        raise Conflict(response=Response("as prepared", 409))

    quick_app.add_url_rule("/fail/<int:status>", "fail", public(fail))
    quick_app.add_url_rule("/fault", "fault", public(fault))
    quick_app.add_url_rule("/away", "away", public(away))
    quick_app.add_url_rule("/prepared", "prepared", public(prepared))
    quick_app.add_url_rule("/moved", "moved", public(lambda: redirect("/health/live")))
    return quick_app.test_client()


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("status", STATUSES)
def test_each_has_a_page(failing: FlaskClient, status: int, language: str) -> None:
    answer = failing.get(f"/fail/{status}?lang={language}")
    assert answer.status_code == status
    assert answer.mimetype == "text/html"
    assert "inner detail" not in answer.text
    assert answer.headers["X-Request-ID"] in answer.text
    assert f'lang="{"zh-CN" if language == "zh" else "en"}"' in answer.text


def test_pages_say_different_things(failing: FlaskClient) -> None:
    titles = {
        failing.get(f"/fail/{status}?lang=en").text.split("<title>")[1].split("</title>")[0]
        for status in STATUSES
    }
    assert len(titles) == len(STATUSES)


def test_while_the_store_of_files_is_away_the_page_says_so(failing: FlaskClient) -> None:
    answer = failing.get("/away?lang=en")
    assert answer.status_code == 503
    assert "The files can&#39;t be reached just now" in answer.text
    assert "inner detail" not in answer.text


def test_a_fault_is_a_page_without_details_and_a_line_in_the_log(
    failing: FlaskClient, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = failing.get("/fault")
    assert answer.status_code == 500
    assert "inner detail" not in answer.text
    assert "Traceback" not in answer.text
    logged = capsys.readouterr().err
    assert "ValueError: inner detail" in logged
    assert answer.headers["X-Request-ID"] in logged


def test_a_wrong_method_says_which_are_right(quick_client: FlaskClient) -> None:
    assert "GET" in quick_client.post("/health/live").headers["Allow"]


def test_a_prepared_answer_and_a_redirect_stay_as_they_are(failing: FlaskClient) -> None:
    assert failing.get("/prepared").text == "as prepared"
    assert failing.get("/moved").status_code == 302


def test_a_message_typed_into_the_address_is_never_markup(quick_client: FlaskClient) -> None:
    page = quick_client.get("/<script>alert(1)</script>?x=<b>").text
    assert "<script>alert" not in page
    assert "<b>" not in page


def test_a_database_that_fails_gives_a_page_to_whoever_is_signed_in(quick_app: Flask) -> None:
    """The page that tells of the fault asks nobody's name of the database that just failed."""
    database = database_of(quick_app)
    person_with(database, "sun")
    client = sign_in(quick_app, "sun")
    with database.sessions.begin() as session:
        session.execute(text("ALTER TABLE sign_ins RENAME TO gone"))
    quick_app.testing = False
    answer = client.get("/desk")
    assert answer.status_code == 500
    assert "X-Request-ID" in answer.headers
    assert answer.headers["X-Request-ID"] in answer.text
