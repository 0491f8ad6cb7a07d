"""The register of readings over HTTP."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from fireinvest.services.people import Post
from tests.services.office import CITY, facts, opened
from tests.web.office import database_of, hidden, person_with, sign_in, text_of, token

FORM = {
    "option": "same",
    "applies_from": "2020-01-01",
    "decided_by": "市局局务会",
    "document": "曲消办〔2026〕9号",
    "reason": "统一口径",
}


def head(app: Flask) -> FlaskClient:
    person_with(database_of(app), "head", Post("agency_head", division=CITY, tier="city"))
    return sign_in(app, "head")


def send(client: FlaskClient, do: str, reading: str = "start-day", **change: str) -> TestResponse:
    page = client.get(f"/readings/{reading}?lang=en").text
    data = {"csrf_token": token(page), **FORM, **change, "do": do}
    return client.post(f"/readings/{reading}", data=data)


def test_the_head_of_the_citys_agency_decides_and_every_screen_says_so(app: Flask) -> None:
    client = head(app)
    ref = opened(database_of(app), known=facts())
    shown = text_of(client.get("/readings?lang=en").text)
    assert "As the profile has it" in shown
    preview = send(client, "preview")
    read = text_of(preview.text)
    assert "1 open case gets an entry" in read
    assert ref.number in read
    assert "2025-05-15 → 2025-05-14" in read
    data = {name: hidden(preview.text, name) for name in ("csrf_token", "seen", *FORM)}
    answer = client.post("/readings/start-day", data={**data, "do": "apply"})
    assert answer.status_code == 303
    register = text_of(client.get("/readings").text)
    assert (
        "Decided by 市局局务会, 曲消办〔2026〕9号, for clocks that begin on 2020-01-01" in register
    )
    assert "某head" in register
    clock = text_of(client.get(f"/cases/{ref.number}/clocks/team_request/1").text)
    assert "2025-05-15 → 2025-05-14" in clock
    assert "曲消办〔2026〕9号" in clock
    assert "the first day counts in force" in clock
    history = text_of(client.get(f"/cases/{ref.number}/entries/2").text)
    assert "Clocks counted anew" in history
    assert "clocks that begin on 2020-01-01 or later" in history
    calculator = text_of(
        client.get(
            "/calculator?occurred_on=2025-05-12&division=530325&deaths=5&as_of=2025-05-12"
        ).text
    )
    assert "2025-05-14" in calculator
    assert "The working calendar is announced until" in calculator
    assert "the first day counts chosen" in text_of(client.get("/rules").text)
    again = client.post("/readings/start-day", data={**data, "do": "apply"})
    assert again.status_code == 303
    assert "Just this decision is on record already" in client.get("/readings").text


def test_a_stale_preview_is_shown_anew(quick_app: Flask) -> None:
    client = head(quick_app)
    answer = send(client, "apply", seen="0" * 64)
    assert answer.status_code == 409
    assert "Something has changed since this was shown" in answer.text
    back = send(client, "back")
    assert 'value="曲消办〔2026〕9号"' in back.text


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"option": ""}, "option"),
        ({"option": "never"}, "option"),
        ({"applies_from": "x"}, "applies_from"),
        ({"decided_by": ""}, "decided_by"),
        ({"document": ""}, "document"),
        ({"reason": ""}, "reason"),
    ],
)
def test_what_is_wrong_stands_beside_its_field(
    quick_app: Flask, change: dict[str, str], field: str
) -> None:
    answer = send(head(quick_app), "preview", **change)
    assert answer.status_code == 400
    assert "<p>" in answer.text.partition(f'id="{field}-problem"')[2].partition("</div>")[0]


def test_nobody_else_decides(quick_app: Flask) -> None:
    database = database_of(quick_app)
    person_with(database, "county", Post("agency_head", division="530325", tier="county"))
    person_with(database, "keeper", Post("system_administrator"))
    for login in ("county", "keeper"):
        client = sign_in(quick_app, login)
        assert client.get("/readings").status_code == 200
        assert "Record a decision" not in client.get("/readings?lang=en").text
        assert client.get("/readings/start-day").status_code == 403
    assert head(quick_app).get("/readings/nothing").status_code == 404
