"""The inbox: one's own notices, read and unread, page by page, and nobody else's."""

import re
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import insert, select

from fireinvest.store.alerts import AlertRow, count_unread
from fireinvest.web.views.inbox import PAGE
from fireinvest.workflow.actions import DocumentSent, Order, Recusal
from tests.queries import counted
from tests.services.test_alerting import Office, deputes
from tests.web.office import database_of, sign_in, text_of, token

FIRST = "2025-05-12"


@pytest.fixture
def office(app: Flask) -> Office:
    found = Office(database_of(app), FIRST)
    found.sweeps(FIRST)
    return found


def more(office: Office, login: str, number: int) -> None:
    """More notices like the newest that somebody has."""
    with office.database.sessions.begin() as session:
        like = session.scalars(
            select(AlertRow).where(AlertRow.person_id == office.id_of(login)).limit(1)
        ).one()
        values = {
            each.key: getattr(like, each.key)
            for each in AlertRow.__table__.columns
            if each.key not in ("id", "key")
        }
        session.execute(
            insert(AlertRow), [{**values, "key": f"more-{each}"} for each in range(number)]
        )


def unread_of(office: Office, login: str) -> int:
    with office.database.readers.begin() as session:
        return count_unread(session, office.id_of(login))


def test_notices_explain_themselves_and_lead_to_their_clock(app: Flask, office: Office) -> None:
    client = sign_in(app, "carrier")
    page = client.get("/inbox?lang=en").text
    said = text_of(page)
    assert "Team request: it has begun" in said
    assert "某某商贸有限公司" in said
    assert "Basis: Rule art 5" in said
    assert 'class="bell-count"' in page
    address = re.search(r'href="(/inbox/[0-9]+)"', page)
    assert address is not None
    before = unread_of(office, "carrier")
    answer = client.get(address[1])
    assert answer.status_code == 302
    assert f"/cases/{office.ref.number}/clocks/" in answer.location
    assert client.get(answer.location).status_code == 200
    assert unread_of(office, "carrier") == before - 1


def test_all_or_some_are_marked_as_read(app: Flask, office: Office) -> None:
    client = sign_in(app, "carrier")
    form = token(client.get("/inbox").text)
    with office.database.readers.begin() as session:
        first = session.scalars(
            select(AlertRow.id).where(AlertRow.person_id == office.id_of("carrier")).limit(1)
        ).one()
    before = unread_of(office, "carrier")
    assert before > 1
    client.post("/inbox/read", data={"csrf_token": form, "alert": f"{first}"})
    assert unread_of(office, "carrier") == before - 1
    client.post("/inbox/read", data={"csrf_token": form, "do": "all"})
    assert unread_of(office, "carrier") == 0
    page = client.get("/inbox?show=unread&lang=en")
    assert "Everything is read." in page.text
    assert "bell-count" not in page.text


def test_nobody_reads_or_marks_another_ones(app: Flask, office: Office) -> None:
    office.sweeps("2025-07-12")
    client = sign_in(app, "elsewhere")
    form = token(client.get("/inbox").text)
    with office.database.readers.begin() as session:
        ids = list(session.scalars(select(AlertRow.id)))
    assert ids
    for each in ids:
        assert client.get(f"/inbox/{each}").status_code == 404
    client.post("/inbox/read", data={"csrf_token": form, "alert": [f"{each}" for each in ids]})
    client.post("/inbox/read", data={"csrf_token": form, "do": "all"})
    assert unread_of(office, "carrier") > 0


@pytest.mark.parametrize("given", ["x", "-1", "9" * 40, "9223372036854775808", ""])
def test_rubbish_is_answered_plainly(app: Flask, office: Office, given: str) -> None:
    client = sign_in(app, "carrier")
    form = token(client.get("/inbox").text)
    assert client.get(f"/inbox?before={given}").status_code == 200
    assert client.get(f"/inbox/{given or 0}").status_code == 404
    answer = client.post("/inbox/read", data={"csrf_token": form, "alert": given})
    assert answer.status_code == 303
    assert unread_of(office, "carrier") > 0


def test_pages_go_on_by_key_with_the_same_few_queries(app: Flask, office: Office) -> None:
    client = sign_in(app, "carrier")
    client.get("/inbox")
    with counted(office.database) as few:
        client.get("/inbox")
    more(office, "carrier", PAGE * 2)
    with counted(office.database) as many:
        page = client.get("/inbox").text
    assert len(many) == len(few)
    seen = set(re.findall(r'href="/inbox/([0-9]+)"', page))
    assert len(seen) == PAGE
    while following := re.search(r'rel="next" href="([^"]+)"', page):
        page = client.get(following[1].replace("&amp;", "&")).text
        fresh = set(re.findall(r'href="/inbox/([0-9]+)"', page))
        assert not fresh & seen
        seen |= fresh
    assert len(seen) == PAGE * 2 + unread_of(office, "carrier") - PAGE * 2


def test_a_moved_date_says_from_where_to_where_and_why(app: Flask, office: Office) -> None:
    from fireinvest.workflow.actions import DocumentSent, Extension, Order

    office.does("request_team", DocumentSent(to="县政府"), "2025-05-14")
    office.does("establish_team", Order(document_no="1", person="leader"), "2025-05-14")
    office.does("ask_extension", Extension(days=30, grounds="案情复杂"), "2025-07-05")
    office.does("decide_extension", Extension(days=30, outcome="approved"), "2025-07-06")
    office.spreads()
    said = text_of(sign_in(app, "leader").get("/inbox?lang=en").text)
    assert "It moved from 2025-07-11 to 2025-08-10." in said
    assert "Why: entry 5 of the case." in said


def test_whoever_is_recused_loses_the_notices_of_the_case_at_once(
    app: Flask, office: Office
) -> None:
    office.does("request_team", DocumentSent(to="县政府"), "2025-05-13")
    office.does("establish_team", Order(document_no="1", person="leader"), "2025-05-14")
    deputes(office, "other", "leader", "2025-05-01", "2099-12-31")
    office.sweeps("2025-07-10")
    clients = {login: sign_in(app, login) for login in ("leader", "other", "carrier")}
    before = {login: unread_of(office, login) for login in clients}
    assert all(before.values())
    address = re.search(r'href="(/inbox/[0-9]+)"', clients["leader"].get("/inbox").text)
    assert address is not None
    recusal = Recusal(person="leader", item="interest")
    office.does("declare_recusal", recusal, "2025-07-10")
    office.does("decide_leader_recusal", replace(recusal, outcome="granted"), "2025-07-10")
    # The one who hears for them loses it with them; nobody else does.
    for login in ("leader", "other"):
        page = clients[login].get("/inbox?lang=en").text
        assert office.ref.number not in page
        assert unread_of(office, login) == 0
        assert 'class="bell-count"' not in page
    assert clients["leader"].get(address[1]).status_code == 404
    form = token(clients["leader"].get("/me/notices").text)
    clients["leader"].post("/inbox/read", data={"csrf_token": form, "do": "all"})
    assert unread_of(office, "carrier") == before["carrier"]
    # The record stays as it was.
    with office.database.readers.begin() as session:
        kept = session.scalars(
            select(AlertRow.read_at).where(AlertRow.person_id == office.id_of("leader"))
        ).all()
    assert list(kept) == [None] * before["leader"]
