"""The slips of notices over HTTP: linked from the notice, printed, and checked by their code."""

import re
from datetime import date

import pytest
from flask import Flask
from sqlalchemy import text

from fireinvest.documents.papers import code_of
from fireinvest.documents.slip import html_of
from fireinvest.services.casefile import case_file
from fireinvest.services.people import set_active
from fireinvest.services.slips import find_slip, slip_of
from fireinvest.workflow.actions import DocumentSent, Order
from tests.services.office import CALENDAR, LAW, actor
from tests.services.test_alerting import Office
from tests.web.office import database_of, sign_in, text_of


def overdue(app: Flask) -> Office:
    """A case whose report is overdue by nine days, swept on each of the days that matter."""
    office = Office(database_of(app))
    office.does("request_team", DocumentSent(to="县政府"), "2025-05-13")
    office.does("establish_team", Order(document_no="1", person="leader"), "2025-05-14")
    for night in ("2025-07-12", "2025-07-19"):
        office.sweeps(night)
    return office


def words_of(office: Office, rung: str, language: str) -> str:
    """All that the slip of a rung says, and its page as it is printed."""
    with office.database.readers.begin() as session:
        reader = actor(office.database, office.id_of("city"))
        file = case_file(session, reader, office.ref.number, CALENDAR, office.today)
        reached = find_slip(session, file, rung, 1, date(2025, 7, 11), "report", "1")
        assert reached is not None
        found = slip_of(session, file, reached, LAW, language=language)
    page = html_of(found, address="https://fire.example/certificates", made="某某")
    return text_of(page.replace("</style>", "").replace("<style>", "<style ")) + code_of(found)


@pytest.mark.parametrize(
    ("rung", "login", "paper", "said"),
    [
        (
            "urged",
            "leader",
            "urging slip",
            ("overdue by 1 days", "team leader 某leader", "To:"),
        ),
        (
            "supervised",
            "city",
            "supervision slip",
            (
                "overdue by 8 days",
                "fire-rescue agency of Fuyuan County",
                "agency of Qujing City (seal)",
            ),
        ),
    ],
)
def test_a_notice_leads_to_its_slip(
    quick_app: Flask, rung: str, login: str, paper: str, said: tuple[str, ...]
) -> None:
    office = overdue(quick_app)
    client = sign_in(quick_app, login)
    inbox = client.get("/inbox?lang=en").text
    assert f"{paper} (PDF)" in inbox
    links = re.findall(rf'href="(/inbox/[0-9]+/paper)"[^>]*>{paper}', inbox)
    addresses = [client.get(each).location for each in links]
    (address,) = [each for each in addresses if each.endswith("/report/1")]
    answer = client.get(f"{address}?lang=en")
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    assert answer.data.startswith(b"%PDF-")
    words = words_of(office, rung, "en")
    for expected in (office.ref.number, "2025-07-11", "Rule art 21", "(seal)", *said):
        assert expected in words, (expected, words)
    # It is on the page of the clock as well, and known by its code.
    clock = client.get(f"/cases/{office.ref.number}/clocks/report/1?lang=en").text
    assert f"/slips/{rung}/1/2025-07-11/report/1" in clock
    with office.database.readers.begin() as session:
        code = session.execute(text("SELECT item FROM access_log WHERE what = 'slip'")).scalar_one()
    assert words.endswith(code)
    shown = text_of(client.get(f"/certificates/{code}").text)
    assert paper in shown
    assert "The date is the same today" in shown
    # As a Word file it can be changed and sealed, in Chinese, and its code is in the log as well.
    assert f"{address}?as=docx" in clock
    word = client.get(f"{address}?as=docx")
    assert (word.status_code, word.data[:2]) == (200, b"PK")
    assert rung in word.headers["Content-Disposition"]


def test_a_slip_is_in_chinese_unless_asked_otherwise(quick_app: Flask) -> None:
    office = overdue(quick_app)
    words = words_of(office, "urged", "zh")
    for expected in ("催办单", "2025年7月11日", "调查组组长", "第二十一条"):
        assert expected in words, (expected, words)


@pytest.mark.parametrize(
    "path",
    [
        "urged/1/2025-07-12/report/1",  # under another date
        "urged/2/2025-07-11/report/1",  # not reached
        "started/1/2025-07-11/report/1",  # has no paper
        "urged/1/july/report/1",
        "urged/1/2025-07-11/reply/1",
    ],
)
def test_what_is_not_on_record_has_no_slip(quick_app: Flask, path: str) -> None:
    office = overdue(quick_app)
    client = sign_in(quick_app, "leader")
    assert client.get(f"/cases/{office.ref.number}/slips/{path}").status_code == 404


def test_others_find_no_slip(quick_app: Flask) -> None:
    office = overdue(quick_app)
    path = f"/cases/{office.ref.number}/slips/urged/1/2025-07-11/report/1"
    assert sign_in(quick_app, "elsewhere").get(path).status_code == 404
    other = sign_in(quick_app, "other")
    assert other.get("/inbox/1/paper").status_code == 404


def test_the_record_of_a_clock_says_what_came_of_each_rung(quick_app: Flask) -> None:
    office = overdue(quick_app)
    for login in ("carrier", "leader", "head", "signer"):
        set_active(office.database, office.id_of(login), is_active=False)
    office.sweeps("2025-07-25")
    page = text_of(
        sign_in(quick_app, "city").get(f"/cases/{office.ref.number}/clocks/report/1?lang=en").text
    )
    assert "Notices of this clock" in page
    assert "passed over: a later one was told" in page
    assert "told in their place: head of the fire-rescue agency next above" in page
