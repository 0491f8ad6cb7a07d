"""The page of a clock: trigger, counted days, extensions, readings, and what moved it when."""

import re
from dataclasses import replace
from datetime import date

import pytest
from flask import Flask
from flask.testing import FlaskClient

from fireinvest.services.cases import CaseRef
from fireinvest.services.people import Post
from fireinvest.workflow.actions import (
    DocumentReceived,
    DocumentSent,
    Extension,
    Figures,
    HandingOver,
    Interval,
    Measure,
    Order,
    Voiding,
)
from tests.queries import counted
from tests.services.office import CITY, REPLY, did, facts, opened
from tests.web.office import database_of, person_with, sign_in, text_of


def reader(app: Flask) -> FlaskClient:
    """Somebody of the city who may see every case there."""
    person_with(database_of(app), "sun", Post("agency_head", division=CITY, tier="city"))
    client = sign_in(app, "sun")
    client.get("/desk?lang=en")
    return client


def clock_of(client: FlaskClient, ref: CaseRef, clock: str, instance: str = "1") -> str:
    answer = client.get(f"/cases/{ref.number}/clocks/{clock}/{instance}")
    assert answer.status_code == 200, answer.status
    return answer.text


def test_a_request_says_its_trigger_its_days_and_its_article(app: Flask) -> None:
    client = reader(app)
    ref = opened(database_of(app))
    page = clock_of(client, ref, "team_request")
    text = text_of(page)
    assert "Rule art 5" in text
    assert "Rule art 31(1)" in text  # 15 days or fewer are working days
    assert "2025-05-15" in text
    assert f'href="/cases/{ref.number}/entries/1"' in page
    # Every day from the fire to the due day, three of them counted.
    assert page.count("is-counted") >= 3
    for day in ("2025-05-12", "2025-05-13", "2025-05-14", "2025-05-15"):
        assert day in page


def test_days_over_national_day_name_their_notice(app: Flask) -> None:
    client = reader(app)
    database = database_of(app)
    ref = opened(database, known=replace(facts(), occurred_on=date(2025, 9, 9)))
    did(database, ref, "request_team", DocumentSent(to="市政府"), date(2025, 9, 10), reason="补录")
    assert "2025-11-08" in clock_of(client, ref, "report")


def test_an_extension_shows_what_it_did_and_who_moved_the_date_when(app: Flask) -> None:
    client = reader(app)
    database = database_of(app)
    ref = opened(database)
    did(database, ref, "ask_extension", Extension(days=60, grounds="案情复杂"), date(2025, 7, 1))
    did(database, ref, "decide_extension", Extension(days=60, outcome="approved"), date(2025, 7, 8))
    page = clock_of(client, ref, "report")
    text = text_of(page)
    assert re.search(r"2025-07-11 ?→ ?2025-09-09", text)
    assert f'href="/cases/{ref.number}/entries/3"' in page
    # Voided, the clock goes back, and that stands there as well.
    did(database, ref, "void", Voiding(3), reason="批准有误")
    text = text_of(clock_of(client, ref, "report"))
    assert re.search(r"2025-09-09 ?→ ?2025-07-11", text)
    assert "批准有误" in text


def test_readings_and_appraisals_give_their_other_dates(app: Flask) -> None:
    client = reader(app)
    database = database_of(app)
    ref = opened(database)
    out = Interval(ref="1", subject="熔痕", body="鉴定机构")
    did(database, ref, "test_commissioned", out, date(2025, 5, 20))
    did(database, ref, "test_returned", Interval(ref="1"), date(2025, 6, 9))
    text = text_of(clock_of(client, ref, "report"))
    assert "2025-07-11" in text  # the appraisal counts
    assert "2025-07-31" in text  # it doesn't: 20 days later
    assert "2025-05-20" in text


def test_a_reply_counts_from_the_registered_receipt(app: Flask) -> None:
    client = reader(app)
    database = database_of(app)
    ref = opened(database)
    did(database, ref, "request_team", DocumentSent(to="市政府"), date(2025, 5, 13))
    did(database, ref, "establish_team", Order(person="zhao"), date(2025, 5, 14))
    did(database, ref, "submit_report", DocumentSent(to="市政府"), date(2025, 7, 10))
    assert "2025-07-31" in text_of(clock_of(client, ref, "reply"))
    did(database, ref, "receive_report", DocumentReceived(sender="调查组"), date(2025, 7, 11))
    assert "2025-08-01" in text_of(clock_of(client, ref, "reply"))
    did(database, ref, "reply", REPLY, date(2025, 7, 20))
    page = clock_of(client, ref, "reply")
    assert "light-done" in page
    assert f'href="/cases/{ref.number}/entries/6"' in page


def test_a_clock_whose_date_a_document_sets(app: Flask) -> None:
    client = reader(app)
    database = database_of(app)
    ref = opened(database, known=facts(deaths=12))
    did(database, ref, "superior_reply", DocumentReceived(sender="省政府"), date(2025, 8, 1))
    measure = Measure(ref="整改-1", what="更换线路", due_on=date(2025, 9, 30))
    did(database, ref, "set_measure", measure, date(2025, 8, 5))
    text = text_of(clock_of(client, ref, "measure", "整改-1"))
    assert "2025-09-30" in text
    assert "更换线路" in text


def test_a_clock_handed_over_says_so(app: Flask) -> None:
    client = reader(app)
    database = database_of(app)
    ref = opened(database)
    did(database, ref, "update_figures", Figures(deaths=12), date(2025, 5, 15))
    did(database, ref, "hand_over", HandingOver("province"), date(2025, 5, 20))
    assert "2025-05-20" in text_of(clock_of(client, ref, "report"))


@pytest.mark.parametrize(
    "path", ["unheard/1", "report/2", "report/x", "reply/1", "report/1/2", "measure/整改-1"]
)
def test_a_clock_that_is_not_there(quick_app: Flask, path: str) -> None:
    client = reader(quick_app)
    ref = opened(database_of(quick_app))
    assert client.get(f"/cases/{ref.number}/clocks/{path}").status_code == 404


def test_a_long_journal_costs_no_more_queries(quick_app: Flask) -> None:
    client = reader(quick_app)
    database = database_of(quick_app)
    ref = opened(database)
    clock_of(client, ref, "report")  # The first look is written down.
    with counted(database) as few:
        clock_of(client, ref, "report")
    for deaths in range(1, 40):
        did(database, ref, "update_figures", Figures(deaths=5 + deaths % 4), date(2025, 5, 15))
    did(database, ref, "ask_extension", Extension(days=30, grounds="案情复杂"), date(2025, 7, 1))
    did(database, ref, "decide_extension", Extension(days=30, outcome="approved"), date(2025, 7, 8))
    with counted(database) as many:
        page = clock_of(client, ref, "report")
    assert "2025-08-10" in page
    assert len(many) == len(few)
