"""The desk over HTTP: each role sees its own turn, and nothing else."""

import pytest
from flask import Flask

from fireinvest.services.people import Post
from fireinvest.workflow.actions import DocumentSent, Extension, Order
from tests.queries import counted
from tests.services.office import CITY, did, opened, submitted
from tests.stories.city import FIVE_DEATHS, City
from tests.web.office import database_of, person_with, sign_in, text_of, token


def test_each_role_sees_its_own_turn(app: Flask) -> None:
    city = City(app, "officer", "leader", "registrar", "reviewer", "stranger")
    officer = city["officer"]
    number = officer.opens(**FIVE_DEATHS)
    desk = officer.client.get("/desk").text
    assert f'href="/cases/{number}/steps/request_team"' in desk
    assert "2025-05-15" in desk
    for login in ("leader", "registrar", "stranger"):
        assert number not in city[login].client.get("/desk").text
    officer.takes(number, "request_team", "2025-05-13", to="市人民政府")
    officer.takes(number, "establish_team", "2025-05-14", person="市调查组组长（leader）")
    # The leader's post came with the order, and with it the case.
    assert number in city["leader"].client.get("/desk").text
    officer.takes(number, "ask_extension", "2025-07-01", days="30", grounds="案情复杂")
    asked = city["reviewer"].client.get("/desk").text
    assert f'href="/cases/{number}/steps/decide_extension"' in asked
    waiting = officer.client.get("/desk").text
    assert f'href="/cases/{number}/steps/decide_extension"' not in waiting
    assert "政府办经办人" in text_of(waiting)  # for whom the case waits


def test_a_reviewer_sees_reports_received_and_the_days_left(app: Flask) -> None:
    database = database_of(app)
    ref = opened(database)
    submitted(database, ref)
    person_with(database, "wu", Post("government_handler", division=CITY, tier="city"))
    page = sign_in(app, "wu").get("/desk").text
    assert f'href="/cases/{ref.number}/steps/reply"' in page
    assert f'href="/cases/{ref.number}/clocks/reply/1"' in page
    assert "2025-07-11" in page  # received
    assert "2025-08-01" in page  # due


def test_whoever_owes_nothing_is_told_what_to_do(quick_app: Flask) -> None:
    database = database_of(quick_app)
    person_with(database, "sun", Post("carrier", division=CITY, tier="city"))
    person_with(database, "nobody")
    for login, words in (("sun", 'href="/cases/new"'), ("nobody", "/desk")):
        page = sign_in(quick_app, login).get("/desk")
        assert page.status_code == 200
        assert words in page.text


def test_drafts_wait_on_the_desk(quick_app: Flask) -> None:
    city = City(quick_app, "officer")
    officer = city["officer"]
    number = officer.opens(**FIVE_DEATHS)
    path = f"/cases/{number}/steps/request_team"
    page = officer.client.get(path).text
    officer.client.post("/drafts", data={"csrf_token": token(page), "form": path, "to": "写到一半"})
    assert officer.client.get("/desk").text.count(f'href="{path}"') >= 2


@pytest.mark.parametrize("many", [1, 25])
def test_a_desk_asks_the_database_as_often_for_many_cases(quick_app: Flask, many: int) -> None:
    database = database_of(quick_app)
    posts = [
        Post(role, division=CITY, tier="city")
        for role in ("carrier", "agency_head", "government_handler", "archivist")
    ]
    person_with(database, "sun", *posts)
    for _ in range(many):
        ref = opened(database)
        did(database, ref, "request_team", DocumentSent(to="市政府"))
        did(database, ref, "establish_team", Order(person="sun"))
        did(database, ref, "ask_extension", Extension(days=30, grounds="案情复杂"))
    client = sign_in(quick_app, "sun")
    with counted(database) as sent:
        assert client.get("/desk").status_code == 200
    # Three to know who is here, the calendar's notices, drafts, tasks, receipts, and the desk's own.
    assert len(sent) <= 14
