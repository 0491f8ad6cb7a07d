"""Certificates over HTTP: made, and checked by their code."""

import re

from flask import Flask

from fireinvest.services.people import Post
from fireinvest.store.access import find_made
from tests.services.office import CITY, facts, opened
from tests.web.office import database_of, person_with, sign_in, text_of


def test_a_certificate_is_made_logged_and_found_by_its_code(app: Flask) -> None:
    database = database_of(app)
    ref = opened(database, known=facts())
    person_with(database, "head", Post("agency_head", division=CITY, tier="city"))
    client = sign_in(app, "head")
    page = client.get(f"/cases/{ref.number}/clocks/report/1?lang=en").text
    address = f"/cases/{ref.number}/certificates/report/1"
    assert address in page
    answer = client.get(address)
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    assert answer.data.startswith(b"%PDF-")
    code = re.search(r"report-([A-Z2-7-]{9})", answer.headers["Content-Disposition"])
    assert code is not None
    with database.readers.begin() as session:
        from sqlalchemy import text

        full = session.execute(
            text("SELECT item FROM access_log WHERE what = 'certificate'")
        ).scalar_one()
        assert full.startswith(code[1])
        assert find_made(session, ("certificate",), full)[0].person == "head"
    word = client.get(f"{address}?as=docx")
    assert (word.status_code, word.data[:2]) == (200, b"PK")
    # The paper that can be changed in Word is Chinese, and bears the code of the Chinese pages.
    chinese = client.get(f"{address}?lang=zh").headers["Content-Disposition"]
    assert word.headers["Content-Disposition"] == chinese.replace(".pdf", ".docx")
    assert f"{address}?as=docx" in page
    found = client.get(f"/certificates?code={full.lower()}&lang=en")
    assert found.status_code == 302
    shown = text_of(client.get(found.location).text)
    assert "The date is the same today" in shown
    assert "2025-07-11" in shown
    assert "某head" in shown


def test_a_wrong_code_and_a_strangers_case_are_told_in_plain_words(quick_app: Flask) -> None:
    database = database_of(quick_app)
    ref = opened(database, known=facts())
    person_with(database, "li", Post("carrier", division="530302", tier="county"))
    client = sign_in(quick_app, "li")
    assert client.get(f"/cases/{ref.number}/certificates/report/1").status_code == 404
    assert client.get("/certificates?lang=en").status_code == 200
    answer = client.get("/certificates/AAAA-BBBB-CCCC-DDDD")
    assert answer.status_code == 404
    assert "No such paper was made here" in answer.text
    person_with(database, "head", Post("agency_head", division=CITY, tier="city"))
    assert (
        sign_in(quick_app, "head").get(f"/cases/{ref.number}/certificates/report/9").status_code
        == 404
    )
