"""An administrator enters a holiday notice over HTTP."""

import io
import json
from dataclasses import replace
from datetime import date
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from fireinvest.regulation.calendar import Calendar
from fireinvest.services.cases import open_case
from fireinvest.services.people import Post
from fireinvest.web.app import create_app
from fireinvest.web.views import desk as desk_view
from tests.conftest import settings_for
from tests.services.office import CITY, LAW, NOW, TIMERS, TODAY, facts, key
from tests.services.test_calendars import NOTICE_2027
from tests.services.test_notice_files import PUBLIC
from tests.web.office import database_of, hidden, person_with, sign_in, text_of, token

YEAR = 2090


def document(year: int = YEAR, **change: Any) -> dict[str, Any]:
    off = [on.isoformat() for on in Calendar().statutory_days(year)]
    return {"year": year, "number": "国办发明电〔2089〕7号", "off": off, "worked": [], **change}


def admin(app: Flask) -> Any:
    person_with(database_of(app), "keeper", Post("system_administrator"))
    return sign_in(app, "keeper")


def send(client: Any, **data: Any) -> Any:
    page = client.get("/calendar/notices/new?lang=en").text
    return client.post("/calendar/notices/new", data={"csrf_token": token(page), **data})


def send_file(client: Any, content: object, name: str = "n.json", **data: Any) -> Any:
    file = (io.BytesIO(json.dumps(content).encode()), name)
    return send(client, file=file, do="preview", number="国办1号", **data)


def apply_shown(client: Any, page: str, **change: str) -> Any:
    data = {name: hidden(page, name) for name in ("csrf_token", "notice", "seen")}
    return client.post("/calendar/notices/new", data={**data, "do": "apply", **change})


def test_a_typed_notice_is_shown_and_put_into_force(app: Flask) -> None:
    client = admin(app)
    ref = open_case(
        database_of(app), LAW, Calendar(), TIMERS, replace(facts(), occurred_on=date(2025, 8, 1)),
        "u", "a", home_division=CITY, idempotency_key=key(), now=NOW,
        today=TODAY,
    )  # fmt: skip
    off = "\n".join(f"{each} 节" for each in document()["off"])
    answer = send(
        client, do="preview", year=str(YEAR), number="国办1号", published_on="2089-11-01", off=off,
        worked="2090-01-07",
    )  # fmt: skip
    read = text_of(answer.text)
    assert answer.status_code == 200
    assert f"What the notice for {YEAR} moves" in read
    assert "0 clocks get another date" in read
    assert "2090-01-07 (Sat), made-up working day" in read
    assert ref.number not in read
    assert "No notice" in text_of(client.get(f"/calendar/{YEAR}").text)
    assert apply_shown(client, answer.text).status_code == 303
    shown = text_of(client.get("/calendar/notices").text)
    assert "The notice for 2090 is in force" in shown
    assert "revision 1" in shown
    assert "某keeper" in shown
    assert "No notice" not in text_of(client.get(f"/calendar/{YEAR}").text)
    # The same once more: nothing is added, and it is said.
    again = send(
        client, do="preview", year=str(YEAR), number="国办1号", published_on="2089-11-01", off=off,
        worked="2090-01-07",
    )  # fmt: skip
    assert "Just this notice is in force already" in again.text
    assert apply_shown(client, answer.text).status_code == 303
    assert client.get("/calendar/notices").text.count("revision 1") == 1


def test_a_file_of_public_data_is_taken_with_the_number_beside_it(quick_app: Flask) -> None:
    client = admin(quick_app)
    answer = send_file(client, PUBLIC)
    assert "What the notice for 2027 moves" in answer.text
    assert "国办1号" in answer.text
    assert "2027-01-09 (Sat), made-up working day" in text_of(answer.text)


@pytest.mark.parametrize(
    ("data", "field", "said"),
    [
        ({"year": "2090", "off": "x"}, "off", "Line 1"),
        ({"year": "2090", "off": "2090-01-01 节"}, "off", "is a statutory holiday and is missing"),
        ({"year": "x", "off": ""}, "year", "A year from"),
        ({"year": "2090", "off": "", "worked": "2090-01-09"}, "worked", "is a weekday"),
        ({"year": "2090", "off": "2090-01-07 节", "worked": "2090-01-07"}, "worked", "both a day"),
        ({"year": "2090", "number": ""}, "number", "This is needed."),
        ({"year": "2090", "published_on": "x"}, "published_on", "A day from"),
        ({"year": "2090", "division": "999999"}, "division", "Choose one of the list."),
    ],
)
def test_what_is_wrong_stands_beside_its_field_and_what_was_typed_stays(
    quick_app: Flask, data: dict[str, str], field: str, said: str
) -> None:
    answer = send(admin(quick_app), **{"do": "preview", "number": "国办1号", **data})
    assert answer.status_code == 400
    part = answer.text.partition(f'id="{field}-problem"')[2].partition("</div>")[0]
    assert said in unescape(part)
    assert 'value="2090"' in answer.text or data["year"] == "x"


def test_a_file_that_is_wrong_says_so_beside_the_file(quick_app: Flask) -> None:
    client = admin(quick_app)
    wrong: tuple[object, ...] = ({"days": [{}]}, {"year": 2027, "extra": 1}, [])
    for content in wrong:
        answer = send_file(client, content)
        assert answer.status_code == 400
        assert "<p>" in answer.text.partition('id="file-problem"')[2].partition("</div>")[0]


def test_a_stale_preview_is_shown_anew(quick_app: Flask) -> None:
    client = admin(quick_app)
    answer = send_file(client, NOTICE_2027)
    stale = apply_shown(client, answer.text, seen="0" * 64)
    assert stale.status_code == 409
    assert "Something has changed since this was shown" in stale.text
    assert apply_shown(client, stale.text).status_code == 303


@pytest.mark.parametrize("sent", ["", "[]", "{", "[" * 5000, "{}", "x" * 30_000])
def test_a_form_that_is_not_whole_is_refused(quick_app: Flask, sent: str) -> None:
    client = admin(quick_app)
    page = send_file(client, NOTICE_2027).text
    answer = apply_shown(client, page, notice=sent)
    assert answer.status_code == 400
    assert client.get("/calendar/notices").text.count("revision") == 0


def test_local_days_off_are_entered_for_a_place_and_shown_there(quick_app: Flask) -> None:
    client = admin(quick_app)
    answer = send(
        client,
        do="preview",
        year="2026",
        number="县1号",
        division="530324",
        off="2026-08-06 火把节",
    )
    assert answer.status_code == 200
    assert apply_shown(client, answer.text).status_code == 303
    assert (
        "火把节"
        not in client.get("/calendar/2026").text.partition("<main")[2].partition("place=")[0]
    )
    assert "火把节" in client.get("/calendar/2026?place=530324").text
    assert "火把节" not in client.get("/calendar/2026?place=530325").text


def test_only_the_system_administrator_keeps_the_calendar(quick_app: Flask) -> None:
    person_with(database_of(quick_app), "sun", Post("carrier", division=CITY, tier="city"))
    person_with(database_of(quick_app), "guard", Post("security_administrator"))
    for login in ("sun", "guard"):
        client = sign_in(quick_app, login)
        assert client.get("/calendar/notices").status_code == 403
        assert client.get("/calendar/notices/new").status_code == 403
        assert "/calendar/notices" not in client.get("/desk").text


def test_a_missing_notice_is_a_task_on_the_administrators_desk(
    quick_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = admin(quick_app)
    person_with(database_of(quick_app), "sun", Post("carrier", division=CITY, tier="city"))
    for day, is_there in ((date(2026, 11, 30), False), (date(2026, 12, 1), True)):
        monkeypatch.setattr(desk_view, "today", lambda day=day: day)
        assert ("The notice for 2027 is missing" in client.get("/desk?lang=en").text) is is_there
    assert "is missing" not in sign_in(quick_app, "sun").get("/desk?lang=en").text


def test_a_notice_in_the_folder_counts_only_after_it_was_applied(
    sqlite_url: str, tmp_path: Path
) -> None:
    settings = settings_for(sqlite_url)
    app = create_app(replace(settings, law=replace(settings.law, notices=tmp_path)))
    client = admin(app)
    (tmp_path / "2090.json").write_text(json.dumps(document()), encoding="utf-8")
    (tmp_path / "bad.toml").write_text("year = ", encoding="utf-8")
    assert "No notice" in text_of(client.get(f"/calendar/{YEAR}?lang=en").text)
    assert "2 holiday notices lie in the folder" in text_of(client.get("/desk").text)
    listed = client.get("/calendar/notices").text
    assert "In the folder, not applied" in listed
    assert "can't be used" in text_of(listed)
    # It goes the same way as any other: what moves is looked at, and then applied.
    shown = client.post(
        "/calendar/notices/new",
        data={"csrf_token": token(listed), "do": "offered", "file_name": "2090.json"},
    )
    assert f"What the notice for {YEAR} moves" in text_of(shown.text)
    assert apply_shown(client, shown.text).status_code == 303
    assert "No notice" not in text_of(client.get(f"/calendar/{YEAR}").text)
    (tmp_path / "bad.toml").unlink()
    assert "lies in the folder" not in text_of(client.get("/desk").text)
    assert "In the folder" not in client.get("/calendar/notices").text
    gone = client.post(
        "/calendar/notices/new",
        data={"csrf_token": token(listed), "do": "offered", "file_name": "2090.json"},
    )
    assert gone.status_code == 404
    app.extensions["fireinvest"].database.engine.dispose()
