"""The log: one JSON line for each request, with its id and without people's data."""

import json
import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.web.office import token

UUID4 = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"


def _lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_each_request_is_one_line(
    quick_client: FlaskClient, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = quick_client.get("/health/live?name=Zhang")
    [line] = _lines(capsys)
    assert line.pop("ms") >= 0
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", line.pop("at"))
    assert line == {
        "level": "info",
        "logger": "fireinvest.access",
        "message": "request",
        "request_id": answer.headers["X-Request-ID"],
        "method": "GET",
        "path": "/health/live",
        "status": 200,
    }


@pytest.mark.parametrize("given", ["a", "A-1-b", "x" * 64])
def test_a_sane_request_id_is_kept(quick_client: FlaskClient, given: str) -> None:
    answer = quick_client.get("/health/live", headers={"X-Request-ID": given})
    assert answer.headers["X-Request-ID"] == given


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", "a_b", "é", '{"x":1}', "<b>"])
def test_any_other_is_replaced(quick_client: FlaskClient, given: str) -> None:
    answer = quick_client.get("/health/live", headers={"X-Request-ID": given})
    assert re.fullmatch(UUID4, answer.headers["X-Request-ID"])


def test_a_line_break_in_the_address_makes_no_second_line(
    quick_client: FlaskClient, capsys: pytest.CaptureFixture[str]
) -> None:
    quick_client.get("/a%0A%7B%22level%22:%22fake%22%7D")
    [line] = _lines(capsys)
    assert line["path"] == '/a\n{"level":"fake"}'


def test_what_a_terminal_would_obey_is_written_out(
    quick_client: FlaskClient, capsys: pytest.CaptureFixture[str]
) -> None:
    quick_client.get("/a%C2%9B31m%E2%80%AEb%E2%80%A8c%C2%85d")
    written = capsys.readouterr().err
    assert "/a\\u009b31m\\u202eb\\u2028c\\u0085d" in written
    assert written.isascii()


def test_nothing_that_is_secret_is_logged(
    quick_client: FlaskClient, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not what is searched for, not what is typed, no cookie."""
    page = quick_client.get("/sign-in?next=/asked")
    form = {"csrf_token": token(page.text), "login": "sun", "password": "typed"}
    quick_client.post("/sign-in", data=form)
    cookie = quick_client.get_cookie("session")
    assert cookie is not None
    written = capsys.readouterr().err
    assert written.count("\n") == 2
    for secret in ("asked", "typed", form["csrf_token"], cookie.value, "only for tests"):
        assert secret not in written


def test_two_applications_log_each_request_once(
    quick_client: FlaskClient, client: FlaskClient, capsys: pytest.CaptureFixture[str]
) -> None:
    client.get("/health/live")
    assert len(_lines(capsys)) == 1
