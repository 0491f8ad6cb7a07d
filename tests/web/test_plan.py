"""A case's plan over HTTP: laid backwards, adjusted, two clocks on one line; what-if; the month."""

import re
from datetime import date, timedelta
from io import BytesIO
from urllib.parse import urlencode

import pytest
from flask import Flask
from openpyxl import load_workbook
from sqlalchemy import text

from fireinvest.services.cases import CaseRef, rebuild
from fireinvest.services.people import Post
from fireinvest.workflow.actions import Extension, Finding, Interval, Planning
from tests.queries import counted
from tests.services.office import CALENDAR, CITY, HEAD, NOW, TODAY, did, facts, opened, submitted
from tests.web.office import database_of, hidden, person_with, sign_in, text_of, token

AT = NOW.replace(month=6, day=10)
ON = date(2025, 6, 10)


@pytest.fixture(autouse=True)
def _that_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fireinvest.web.visiting.utcnow", lambda: AT)


def office(app: Flask) -> CaseRef:
    """A case of the county, its carrier, the head of the city's agency, and somebody who reads."""
    database = database_of(app)
    person_with(database, "head", Post("agency_head", division=CITY, tier="city"))
    person_with(database, "reader", Post("government_handler", division=CITY, tier="city"))
    person_with(database, "stranger")
    return opened(database)


def test_the_plan_tells_by_how_much_it_is_too_long_and_which_step_is_late(app: Flask) -> None:
    ref = office(app)
    page = sign_in(app, "head").get(f"/cases/{ref.number}/plan?lang=en").text
    words = text_of(page)
    left = CALENDAR.working_days_between(ON, date(2025, 7, 11)) + 1
    assert f"The plan is {33 - left} working days too long." in words
    assert f"What is left takes 33 working days; {left} are left, today included." in words
    assert page.count("plan-late") == words.count("late by the plan") >= 1
    assert f'href="/cases/{ref.number}/plan/report/consult"' in page
    assert f'href="/cases/{ref.number}/clocks/report/1"' in page
    reader = sign_in(app, "reader").get(f"/cases/{ref.number}/plan?lang=en").text
    assert "plan/report/consult" not in reader
    assert sign_in(app, "stranger").get(f"/cases/{ref.number}/plan").status_code == 404
    clock = sign_in(app, "head").get(f"/cases/{ref.number}/clocks/report/1").text
    assert f'href="/cases/{ref.number}/plan"' in clock


def test_two_clocks_stand_on_one_line_each_with_its_pauses_and_approver(app: Flask) -> None:
    ref = office(app)
    database = database_of(app)
    did(database, ref, "test_commissioned", Interval("1", "物证"), date(2025, 5, 20))
    did(database, ref, "test_returned", Interval("1"), date(2025, 5, 29))
    asked = Extension(days=10, grounds="疑难")
    did(database, ref, "ask_determination_extension", asked, date(2025, 6, 5))
    granted = Extension(days=10, outcome="approved", document_no="消批1号")
    did(database, ref, "decide_determination_extension", granted, date(2025, 6, 6))
    page = sign_in(app, "head").get(f"/cases/{ref.number}/plan?lang=en").text
    (picture,) = re.findall(r"<svg class=\"track-picture\".*?</svg>", page, re.DOTALL)
    assert 'role="img"' in picture
    assert "style=" not in picture
    for words in ("Submit the report", "Determination of the fire", "due 2025-07-11"):
        assert words in picture
    assert "due 2025-06-30" in picture, "30 days, 9 of a test left out, 10 more"
    assert picture.count("track-left-out") == 1
    assert picture.count("track-piece track-test") == 1
    assert picture.count("track-extension") == 1
    table = text_of(page.partition('id="tracks-table"')[2].partition("</table>")[0])
    own = table.partition("Determination of the fire")[2]
    assert "head of the fire-rescue agency next above" in own
    assert "left out of the count" in own
    assert "counted like other days" in table.partition("Determination of the fire")[0]


def test_the_plan_is_adjusted_by_a_form_and_stands_in_the_history(app: Flask) -> None:
    ref = office(app)
    database = database_of(app)
    head = sign_in(app, "head")
    address = f"/cases/{ref.number}/plan/report/consult"
    page = head.get(f"{address}?lang=en").text
    assert hidden(page, "expected_version") == "1"
    sent = {"csrf_token": token(page), "key": hidden(page, "key"), "expected_version": "1"}
    for days, reason, problem in (
        ("", "原因", "working_days"), ("61", "原因", "working_days"), ("x", "原因", "working_days"),
        ("5", "原因", "working_days"), ("9", "", "reason"),
    ):  # fmt: skip
        answer = head.post(address, data={**sent, "working_days": days, "reason": reason})
        assert answer.status_code == 400, days
        assert re.search(rf'id="{problem}-problem"><p>[^<]+</p>', answer.text), (days, problem)
    done = head.post(address, data={**sent, "working_days": "9", "reason": "会签部门多"})
    assert (done.status_code, done.headers["Location"]) == (303, f"/cases/{ref.number}/plan")
    plan = text_of(head.get(f"/cases/{ref.number}/plan?lang=en").text)
    assert "9 (usually 5)" in plan
    history = text_of(head.get(f"/cases/{ref.number}/history?lang=en").text)
    assert "Plan adjusted" in history
    assert re.search(r"working days 5 9", history), "old and new"
    assert "会签部门多" in history
    entry = head.get(f"/cases/{ref.number}/entries/2").text
    assert "/entries/2/void" in entry
    assert "/entries/2/correct" not in entry
    assert list(rebuild(database, CALENDAR)) == []
    reader = sign_in(app, "reader")
    assert reader.get(address).status_code == 403
    assert head.get(f"/cases/{ref.number}/plan/report/reply").status_code == 404
    assert head.get(f"/cases/{ref.number}/plan/nothing/consult").status_code == 404


def test_a_case_of_which_all_is_done_says_so(quick_app: Flask) -> None:
    ref = office(quick_app)
    database = database_of(quick_app)
    submitted(database, ref)
    did(database, ref, "fire_determination", Finding(text="电气"), ON)
    page = sign_in(quick_app, "head").get(f"/cases/{ref.number}/plan?lang=en").text
    assert "The clock has ended" in text_of(page)
    assert "plan/report/consult" not in page
    out = opened(database, known=facts("530302", deaths=None, category="forest_grassland"))
    page = sign_in(quick_app, "head").get(f"/cases/{out.number}/plan?lang=en").text
    assert "No plan leads to any of the clocks" in text_of(page)


def test_pages_of_the_plan_send_few_statements(app: Flask) -> None:
    ref = office(app)
    database = database_of(app)
    client = sign_in(app, "head")
    addresses = (f"/cases/{ref.number}/plan", f"/cases/{ref.number}/what-if?extension_days=9")
    for address in addresses:
        client.get(address)
        with counted(database) as few:
            assert client.get(address).status_code == 200
        for number in range(3):
            payload = Planning("report", "consult", 9 + number)
            did(database, ref, "plan", payload, TODAY, by=HEAD, reason="部门多")
        with counted(database) as many:
            client.get(address)
        did(database, ref, "plan", Planning("report", "consult", 30), TODAY, by=HEAD, reason="多")
        assert len(few) == len(many) <= 12
        assert not any(each.startswith(("INSERT", "UPDATE", "DELETE")) for each in many)


# ---------------------------------------------------------------------------- what if


def test_a_what_if_shows_both_and_keeps_nothing(app: Flask) -> None:
    ref = office(app)
    database = database_of(app)
    client = sign_in(app, "head")
    with database.readers.begin() as session:
        before = session.execute(text("SELECT * FROM journal ORDER BY case_id, seq")).all()
    query = urlencode({"lang": "en", "extension_days": "20", "test_from": "2025-05-20",
                       "test_days": "15", "deaths": "9", "figures_on": "2025-05-14",
                       "reading-report-roll": "roll"})  # fmt: skip
    page = client.get(f"/cases/{ref.number}/what-if?{query}").text
    words = text_of(page)
    assert words.count("A what-if, not saved") == 2
    assert "20 days later" in words
    assert "15 days later" in words
    assert "The counted days" in words
    assert 'method="get"' in page
    assert f'href="/cases/{ref.number}/clocks/report/1"' in page
    assert 'name="extension_days" value="20"' in page, "what was typed stays"
    assert client.post(f"/cases/{ref.number}/what-if").status_code in (400, 405)
    with database.readers.begin() as session:
        assert session.execute(text("SELECT * FROM journal ORDER BY case_id, seq")).all() == before
    assert sign_in(app, "stranger").get(f"/cases/{ref.number}/what-if").status_code == 404


def test_another_level_is_shown_with_its_government(quick_app: Flask) -> None:
    ref = office(quick_app)
    query = urlencode({"lang": "en", "deaths": "12", "figures_on": "2025-05-19"})
    page = sign_in(quick_app, "head").get(f"/cases/{ref.number}/what-if?{query}").text
    words = text_of(page)
    assert "at least relatively serious As it would be at least major another" in words
    assert "city government As it would be provincial government another" in words
    assert page.count("compare-new") == 1


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"deaths": "-1"}, "deaths"),
        ({"direct_economic_loss_yuan": "1.234"}, "direct_economic_loss_yuan"),
        ({"extension_days": "0"}, "extension_days"),
        ({"extension_days": "366"}, "extension_days"),
        ({"extension_days": "5", "prolonged": "reply"}, "prolonged"),
        ({"test_days": "5", "test_from": "2025-05-11"}, "test_from"),
        ({"received_on": "2025-06-01"}, "received_on"),
        ({"off": "tomorrow"}, "off"),
        ({"notice": "year ="}, "notice"),
        ({"notice": "#" * 2501}, "notice"),
        ({"reading-tests": "perhaps"}, "reading-tests"),
        ({"reading-zone": "city"}, ""),
        ({"unknown": "1"}, ""),
    ],
)
def test_what_cannot_be_assumed_is_told_beside_its_field(
    quick_app: Flask, query: dict[str, str], field: str
) -> None:
    ref = office(quick_app)
    given = urlencode({"lang": "en", "serious_injuries": "7", **query})
    answer = sign_in(quick_app, "head").get(f"/cases/{ref.number}/what-if?{given}")
    assert answer.status_code == 400
    assert "compare-table" not in answer.text
    assert 'name="serious_injuries" value="7"' in answer.text
    if field:
        assert re.search(rf'id="{field}-problem"><p>[^<]+</p>', answer.text)
    else:
        assert 'class="problems problems-elsewhere" role="alert"' in answer.text
    long = f"/cases/{ref.number}/what-if?notice={'x' * 8000}"
    assert sign_in(quick_app, "head").get(long).status_code == 414


# ---------------------------------------------------------------------------- the board


def test_the_board_shows_and_finds_what_is_late_by_plan(app: Flask) -> None:
    ref = office(app)
    client = sign_in(app, "head")
    page = client.get("/board?lang=en&late=1").text
    assert page.count('<tr class="list-row') == 1
    assert "late by the plan" in text_of(page)
    assert f'href="/cases/{ref.number}/plan"' in page
    assert client.get("/board?late=2").status_code == 400
    assert client.get("/board?carrier=system&lang=en").text.count('<tr class="list-row') == 3
    assert client.get("/board?carrier=nobody&lang=en").text.count('<tr class="list-row') == 0


def test_a_month_shows_its_days_and_what_is_due(app: Flask) -> None:
    ref = office(app)
    client = sign_in(app, "head")
    page = client.get("/board/month/2025-06?lang=en").text
    assert page.count("<td class=") == 7 * 6
    (due,) = re.findall(
        r'<td class="([^"]*)">(?:(?!</td>).)*/clocks/determination/1', page, re.DOTALL
    )
    assert "k-working" in due
    assert "is-today" in page
    assert page.count("k-holiday") == 1, "Dragon Boat lies on 31 May and 2 June"
    assert f"/cases/{ref.number}/clocks/" in page
    assert 'href="/board/month/2025-05"' in page
    assert "is-today" not in client.get("/board/month/2025-07?clock=report").text
    for month in ("2025-13", "2025-6", "x", "2006-12", "2100-01", "2025-06-01"):
        assert client.get(f"/board/month/{month}").status_code == 404, month
    assert client.get("/board/month/2025-06?level=x").status_code == 400
    first, last = (client.get(f"/board/month/{each}").text for each in ("2007-01", "2099-12"))
    assert 'rel="prev"' not in first
    assert 'rel="next"' not in last


def test_a_day_with_much_due_leads_to_all_of_it(quick_app: Flask) -> None:
    database = database_of(quick_app)
    office(quick_app)
    for _ in range(6):
        opened(database)
    client = sign_in(quick_app, "head")
    page = client.get("/board/month/2025-07?lang=en&clock=report").text
    assert page.count("/clocks/report/1") == 4
    more = re.search(r'href="([^"]+)">3 more', page)
    assert more is not None
    shown = client.get(more[1].replace("&amp;", "&")).text
    assert shown.count('<tr class="list-row') == 7


def test_the_table_to_take_away_holds_what_the_board_shows_and_is_logged(app: Flask) -> None:
    database = database_of(app)
    ref = office(app)
    opened(database, known=facts("530302"))
    client = sign_in(app, "head")
    answer = client.get("/board/excel?lang=en&clock=report")
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"].startswith("attachment")
    sheet = load_workbook(BytesIO(answer.data)).active
    answer.close()
    assert sheet is not None
    rows = list(sheet.iter_rows(values_only=True))
    header = next(at for at, row in enumerate(rows) if row[0] == "Light")
    assert len(rows) - header - 1 == 2
    found = dict(zip(rows[header], rows[header + 1], strict=True))
    assert found["Case"] == ref.number
    assert str(found["Due"]).startswith("2025-07-11")
    assert found["Days left"] == (date(2025, 7, 11) - ON) / timedelta(days=1)
    assert found["Remarks"] == "late by the plan"
    assert client.get("/board/excel?level=x").status_code == 400
    stranger = sign_in(app, "stranger").get("/board/excel?lang=en")
    nothing = load_workbook(BytesIO(stranger.data)).active
    stranger.close()
    assert nothing is not None
    assert not any(row[8] == ref.number for row in nothing.iter_rows(values_only=True))
    with database.readers.begin() as session:
        query = "SELECT person FROM access_log WHERE what = 'export' ORDER BY id"
        assert list(session.scalars(text(query))) == ["head", "stranger"]
