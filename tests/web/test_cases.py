"""The list of cases over HTTP: who sees what, filters, pages, and addresses that make no sense."""

import re
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from flask import Flask
from flask.testing import FlaskClient

from fireinvest.services.people import Post, name_deputy
from fireinvest.store import Database
from fireinvest.workflow.actions import DocumentSent, Figures, Merging, Order
from tests.queries import counted
from tests.services.office import (
    CITY,
    FIRE_ON,
    NOW,
    TODAY,
    actor,
    did,
    facts,
    key,
    opened,
)
from tests.web.office import database_of, person_with, sign_in, text_of, token

NUMBER = re.compile(r'class="number-link" href="/cases/([0-9-]+)"')


@pytest.fixture(autouse=True)
def _that_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests are sent on the day on which the cases were worked."""
    monkeypatch.setattr("fireinvest.web.visiting.utcnow", lambda: NOW)


def officer(database: Database, login: str, division: str, tier: str = "county") -> int:
    return person_with(database, login, Post("agency_head", division=division, tier=tier))


def shown(client: FlaskClient, **query: str) -> list[str]:
    answer = client.get(f"/cases?{urlencode(query)}")
    assert answer.status_code == 200, text_of(answer.text)
    return [number[-4:] for number in NUMBER.findall(answer.text)]


def test_nobody_sees_cases_without_signing_in(client: FlaskClient) -> None:
    answer = client.get("/cases")
    assert answer.status_code in (302, 303)
    assert "/sign-in" in answer.headers["Location"]


def test_a_county_sees_its_own_and_the_city_all(app: Flask) -> None:
    database = database_of(app)
    officer(database, "fuyuan", "530325")
    officer(database, "city", CITY, "city")
    person_with(database, "stranger")
    opened(database)
    opened(database, known=facts("530302"))
    assert shown(sign_in(app, "fuyuan")) == ["0001"]
    assert shown(sign_in(app, "city")) == ["0002", "0001"]
    stranger = sign_in(app, "stranger")
    assert shown(stranger) == []
    assert "no case yet that you may see" in text_of(stranger.get("/cases?lang=en").text)


def test_places_are_offered_as_far_as_somebody_sees(app: Flask) -> None:
    database = database_of(app)
    officer(database, "fuyuan", "530325")
    officer(database, "city", CITY, "city")
    opened(database)
    opened(database, known=facts("530302"))
    county, city = sign_in(app, "fuyuan"), sign_in(app, "city")
    page = city.get("/cases").text
    offered = re.findall(r'<option value="(5303[^"]*)"', page)
    assert offered[0] == CITY
    assert {"530325", "530302", "530300-jkq"} < set(offered)
    assert "530328" not in offered, "a county that is no more"
    assert 'id="place"' not in county.get("/cases").text, "there is nothing to choose"
    assert shown(city, place="530302") == ["0002"]
    assert shown(city, place=CITY) == ["0002", "0001"]
    assert shown(county, place="530325") == ["0001"]
    assert county.get("/cases?place=530302").status_code == 400
    assert county.get(f"/cases?place={CITY}").status_code == 400


def test_filters_narrow_the_list(app: Flask) -> None:
    database = database_of(app)
    city = officer(database, "city", CITY, "city")
    opened(database, by=actor(database, city))
    two = opened(database, known=facts("530302", deaths=1))
    did(database, two, "request_team", DocumentSent(to="县政府"))
    did(database, two, "establish_team", Order(person="li"))
    three = opened(database, known=facts("530302", deaths=0, social_impact=False))
    did(database, three, "merge", Merging(two.number), TODAY)
    client = sign_in(app, "city")
    for query, expected in (
        ({}, ["0003", "0002", "0001"]),
        ({"level": "larger"}, ["0001"]),
        ({"text": "商贸"}, ["0003", "0002", "0001"]),
        ({"text": "富源"}, ["0001"]),
        ({"text": "宾馆"}, []),
        ({"text": "2025-0002"}, ["0002"]),
        ({"stage": "team", "standing": "open"}, ["0001"]),
        ({"stage": "evidence", "level": "general"}, ["0002"]),
        ({"standing": "ended"}, ["0003"]),
        ({"standing": "open"}, ["0002", "0001"]),
        ({"mode": "assist"}, []),
        ({"light": "overdue"}, ["0002", "0001"]),
        ({"light": "done"}, ["0003"]),
        ({"light": "green"}, []),
        ({"mine": "1"}, ["0001"]),
        ({"occurred_from": str(FIRE_ON), "occurred_until": str(FIRE_ON)}, ["0003", "0002", "0001"]),
        ({"occurred_from": str(FIRE_ON + timedelta(1))}, []),
        ({"text": " ", "place": "", "level": "", "size": "", "after": ""}, ["0003", "0002", "0001"]),
    ):  # fmt: skip
        assert shown(client, **query) == expected, query


def test_a_line_tells_where_a_case_stands(app: Flask) -> None:
    database = database_of(app)
    city = officer(database, "city", CITY, "city")
    one = opened(database, by=actor(database, city), known=facts(serious_injuries=None))
    client = sign_in(app, "city")
    page = client.get("/cases?lang=en").text
    said = text_of(page)
    for words in (
        "5303-2025-0001", "某某商贸有限公司", "胜境街道1号", "Fuyuan County", "2025-05-12",
        "at least relatively serious", "forming the team", "city government", "某city",
        "days overdue", "Team request", "2025-05-15",
    ):  # fmt: skip
        assert words in said, words
    assert f'href="/cases/{one.number}/clocks/team_request/1"' in page
    assert "某某商贸有限公司" in text_of(client.get("/cases?lang=zh").text)


def test_a_merged_case_leads_to_the_other(app: Flask) -> None:
    database = database_of(app)
    officer(database, "city", CITY, "city")
    one, two = opened(database), opened(database)
    did(database, two, "merge", Merging(one.number), TODAY)
    page = sign_in(app, "city").get("/cases?lang=en&standing=ended").text
    assert f'goes on in <a href="/cases/{one.number}"' in page
    assert "No clock is running" in text_of(page)


def test_pages_follow_each_other_by_their_address(app: Flask) -> None:
    database = database_of(app)
    officer(database, "city", CITY, "city")
    for _ in range(45):
        opened(database, known=facts("530302"), form=key())
    client = sign_in(app, "city")
    seen: list[str] = []
    back: re.Match[str] | None = None
    address = "/cases?text=商贸&level=larger&lang=en"
    sizes = []
    while address:
        page = client.get(address).text
        sizes.append(len(NUMBER.findall(page)))
        seen += NUMBER.findall(page)
        assert f" {sizes[-1]} cases on this page" in text_of(page)
        back = re.search(r'href="(/cases\?[^"]*)">First page', page)
        assert (back is None) is (len(sizes) == 1)
        more = re.search(r'href="([^"]+)" rel="next"', page)
        address = more[1].replace("&amp;", "&") if more else ""
    assert sizes == [20, 20, 5]
    assert seen == sorted(set(seen), reverse=True)
    assert back is not None
    first = client.get(back[1].replace("&amp;", "&")).text
    assert NUMBER.findall(first) == seen[:20]
    assert len(shown(client, size="50")) == 45


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"level": "enormous"}, "level"),
        ({"stage": "x" * 5000}, None),
        ({"stage": "x" * 500}, "stage"),
        ({"mode": "no"}, "mode"),
        ({"standing": "1"}, "standing"),
        ({"light": "blue"}, "light"),
        ({"place": "530102"}, "place"),
        ({"mine": "yes"}, "mine"),
        ({"occurred_from": "2025-02-30"}, "occurred_from"),
        ({"occurred_until": "1066-01-01"}, "occurred_until"),
        ({"occurred_from": "2025-05-02", "occurred_until": "2025-05-01"}, "occurred_until"),
        ({"text": "商" * 101}, "text"),
        ({"size": "1000"}, ""),
        ({"size": "0"}, ""),
        ({"after": "first"}, ""),
        ({"after": "9" * 40}, ""),
        ({"after": "-1"}, ""),
        ({"unknown": "1"}, ""),
    ],
)
def test_what_makes_no_sense_is_told_beside_its_field(
    quick_app: Flask, query: dict[str, str], field: str | None
) -> None:
    officer(database_of(quick_app), "city", CITY, "city")
    opened(database_of(quick_app))
    client = sign_in(quick_app, "city")
    answer = client.get(f"/cases?{urlencode({'text': '商贸', 'lang': 'en', **query})}")
    if field is None:
        assert answer.status_code == 414
        return
    assert answer.status_code == 400
    assert not NUMBER.findall(answer.text), "nothing is looked up for half a question"
    marked = re.findall(r'id="([a-z_]+)" name="[a-z_]+"[^>]*aria-invalid="true"', answer.text)
    assert marked == ([field] if field else [])
    if field:
        assert re.search(rf'id="{field}-problem"><p>[^<]+</p>', answer.text)
    else:
        assert 'class="problems problems-elsewhere" role="alert"' in answer.text
    if "text" not in query:
        assert 'value="商贸"' in answer.text, "the others are kept"


def test_a_field_given_twice_is_told(quick_app: Flask) -> None:
    officer(database_of(quick_app), "city", CITY, "city")
    answer = sign_in(quick_app, "city").get("/cases?level=general&level=larger")
    assert answer.status_code == 400


@pytest.mark.parametrize("text", ["'; --", "*", "\ud83d", '"', "%", "商", "。"])
def test_any_text_may_be_searched_for(app: Flask, text: str) -> None:
    database = database_of(app)
    officer(database, "city", CITY, "city")
    opened(database)
    client = sign_in(app, "city")
    query = urlencode({"text": text.encode("utf-8", "surrogatepass")})
    assert client.get(f"/cases?{query}").status_code == 200


def test_a_page_sends_the_same_number_of_queries_however_many_it_shows(app: Flask) -> None:
    database = database_of(app)
    city = officer(database, "city", CITY, "city")
    opened(database, by=actor(database, city))
    client = sign_in(app, "city")
    client.get("/cases")
    numbers = []
    for wanted in (1, 60):
        with counted(database) as sent:
            page = client.get("/cases?size=100").text
        assert len(NUMBER.findall(page)) == wanted
        numbers.append(len(sent))
        if wanted == 1:
            for _ in range(59):
                opened(database, by=actor(database, city), form=key())
    assert numbers[0] == numbers[1] <= 8


def test_a_hand_over_that_is_pending_is_marked(app: Flask) -> None:
    database = database_of(app)
    officer(database, "city", CITY, "city")
    ref = opened(database)
    client = sign_in(app, "city")
    assert "pending" not in text_of(client.get("/cases?lang=en").text)
    did(database, ref, "request_team", DocumentSent(to="市政府"))
    did(database, ref, "establish_team", Order(person="li"))
    did(database, ref, "update_figures", Figures(deaths=12))
    said = text_of(client.get("/cases?lang=en").text)
    assert "hand-over to provincial government pending" in said
    assert "at least major" in said or " major " in said


def test_a_deputy_finds_the_cases_of_whom_they_act_for(app: Flask) -> None:
    database = database_of(app)
    post = Post("carrier", division="530325", tier="county")
    zhou = person_with(database, "zhou", post)
    wu = person_with(database, "wu", post)
    opened(database, by=actor(database, zhou))
    opened(database, by=actor(database, wu))
    name_deputy(
        database, person_id=wu, acts_for_id=zhou, valid_from=TODAY, valid_until=TODAY,
        granted_by="admin",
    )  # fmt: skip
    client = sign_in(app, "wu")
    assert shown(client, mine="1") == ["0002"]
    form = token(client.get("/cases").text)
    client.post("/acting", data={"csrf_token": form, "login": "zhou"})
    assert shown(client, mine="1") == ["0001"]
