"""The working calendar of a year over HTTP."""

import re
from datetime import UTC, date, datetime
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient

from fireinvest.regulation.calendar import Calendar, Notice
from fireinvest.services.notices import record_notice


def _read(client: FlaskClient, year: int) -> str:
    answer = client.get(f"/calendar/{year}?lang=en")
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", answer.text)))


def test_the_calendar_leads_to_this_year(quick_client: FlaskClient) -> None:
    assert re.fullmatch(r"/calendar/2\d{3}", quick_client.get("/calendar").headers["Location"])


def test_a_year_tells_each_day_and_its_notice(quick_client: FlaskClient) -> None:
    read = _read(quick_client, 2025)
    assert "248 working days" in read
    assert "2025-01-26 (Sun), made-up working day, State Council notice" in read
    assert "2025-10-08 (Wed), swapped day off" in read
    assert "Tomb-Sweeping Day 2025-04-04 Fri 2025-04-06 Sun 3" in read
    assert "No notice for 2025" not in read


def test_an_unannounced_year_says_so(quick_client: FlaskClient) -> None:
    read = _read(quick_client, 2090)
    assert "No notice for 2090 is known" in read
    assert "Not announced yet." in read
    assert "2090-10-02 (Mon), statutory holiday, National Day, no notice for this year yet" in read


@pytest.mark.parametrize("year", ["2006", "2100", "99999999999999999999", "-1", "x", "２０２５"])
def test_there_is_no_other_year(quick_client: FlaskClient, year: str) -> None:
    assert quick_client.get(f"/calendar/{year}").status_code in (200, 404)
    assert "/calendar/2006" not in quick_client.get("/calendar/2007").text
    assert "/calendar/2100" not in quick_client.get("/calendar/2099").text


def _statutory(year: int) -> tuple[date, ...]:
    return Calendar().statutory_days(year)


def test_a_notice_in_the_database_holds_at_once(quick_app: Flask) -> None:
    notice = Notice(
        2090,
        "国办发明电〔2089〕7号",
        dict.fromkeys(_statutory(2090), "放假"),
        frozenset({date(2090, 1, 7)}),
    )
    client = quick_app.test_client()
    assert "No notice for 2090" in _read(client, 2090)
    record_notice(quick_app.extensions["fireinvest"].database, notice, now=datetime.now(UTC))
    read = _read(client, 2090)
    assert "No notice for 2090" not in read
    assert "国办发明电〔2089〕7号" in read
    assert "2090-01-07 Sat" in read
