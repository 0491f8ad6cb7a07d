"""The board of deadlines over HTTP: order, filters, the two weeks ahead, pages, and bad addresses."""

import re
from datetime import date, timedelta
from urllib.parse import urlencode

import pytest
from flask import Flask
from flask.testing import FlaskClient

from fireinvest.services.people import Post
from fireinvest.store import Database
from fireinvest.workflow.actions import DocumentSent, Measure
from tests.queries import counted
from tests.services.office import (
    CITY,
    NOW,
    REPLY,
    TODAY,
    actor,
    did,
    facts,
    key,
    opened,
    submitted,
)
from tests.web.office import database_of, person_with, sign_in, text_of

LINE = re.compile(r'<th scope="row" class="cell-clock"><a href="/cases/([^/]+)/clocks/([^/]+)/')
DUE = re.compile(r'<td class="cell-due"><strong><time datetime="([^"]+)"')


@pytest.fixture(autouse=True)
def _that_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests are sent on the day on which the cases were worked."""
    monkeypatch.setattr("fireinvest.web.visiting.utcnow", lambda: NOW)


def head(database: Database, login: str, division: str, tier: str) -> int:
    return person_with(database, login, Post("agency_head", division=division, tier=tier))


def shown(client: FlaskClient, **query: str) -> list[str]:
    answer = client.get(f"/board?{urlencode(query)}")
    assert answer.status_code == 200, text_of(answer.text)
    return [f"{number[-4:]} {clock}" for number, clock in LINE.findall(answer.text)]


def rows(page: str) -> list[str]:
    return [text_of(each) for each in re.findall(r'<tr class="list-row.*?</tr>', page, re.DOTALL)]


def test_nobody_sees_the_board_without_signing_in(client: FlaskClient) -> None:
    answer = client.get("/board")
    assert answer.status_code in (302, 303)
    assert "/sign-in" in answer.headers["Location"]


def test_the_longest_overdue_stands_on_top(app: Flask) -> None:
    database = database_of(app)
    head(database, "city", CITY, "city")
    head(database, "fuyuan", "530325", "county")
    person_with(database, "stranger")
    submitted(database, opened(database))
    opened(database, known=facts("530302"))
    client = sign_in(app, "city")
    page = client.get("/board?lang=en").text
    days = DUE.findall(page)
    assert days == sorted(days)
    first = rows(page)[0]
    for words in (
        "118 days overdue", "2025-05-15 Thu", "Team request", "5303-2025-0002",
        "某某商贸有限公司", "Qilin District", "relatively serious", "system",
    ):  # fmt: skip
        assert words in first, (words, first)
    assert shown(client)[0] == "0002 team_request"
    assert {each[:4] for each in shown(sign_in(app, "fuyuan"))} == {"0001"}
    stranger = sign_in(app, "stranger")
    assert shown(stranger) == []
    assert "No clock is running" in text_of(stranger.get("/board?lang=en").text)


def test_a_line_leads_to_its_clock_and_tells_its_article(app: Flask) -> None:
    database = database_of(app)
    head(database, "city", CITY, "city")
    ref = opened(database)
    submitted(database, ref)
    measure = Measure(ref="整改 1", what="更换线路", unit="某单位", due_on=TODAY + timedelta(3))
    did(database, ref, "set_measure", measure, TODAY)
    page = sign_in(app, "city").get("/board?lang=en").text
    assert f"/cases/{ref.number}/clocks/reply/1" in page
    (line,) = (each for each in rows(page) if "更换线路" in each)
    assert "整改 1" in line
    assert "no. 整改" not in line
    assert "Set by a document" in line
    assert "3 days left" in line
    assert "working day" not in line, "the day of a document is not counted in working days"
    assert re.search(r'class="article" title="[^"]+">[^<]+20', page)


def test_working_days_are_told_where_a_clock_counts_in_them(app: Flask) -> None:
    database = database_of(app)
    head(database, "city", CITY, "city")
    opened(database, known=facts("530302"))
    client = sign_in(app, "city")
    assert "118 days overdue" in rows(client.get("/board?lang=en&clock=team_request").text)[0]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "fireinvest.web.visiting.utcnow", lambda: NOW.replace(month=5, day=12, hour=4)
        )
        page = sign_in(app, "city").get("/board?lang=en").text
        team, *_, report = rows(page)
    assert "3 days left (3 working days)" in team
    assert "60 days left" in report
    assert "working days)" not in report
    submitted(database, opened(database))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fireinvest.web.visiting.utcnow", lambda: NOW.replace(month=7, day=14))
        page = sign_in(app, "city").get("/board?lang=en&clock=reply").text
    (reply,) = rows(page)
    assert " days left" in reply
    assert "working day" not in reply, "its terms count differently, and which governs isn't known"


def test_filters_narrow_the_board(app: Flask) -> None:
    database = database_of(app)
    city = head(database, "city", CITY, "city")
    ref = opened(database, by=actor(database, city), known=facts("530302", deaths=1))
    opened(database)
    did(database, ref, "request_team", DocumentSent(to="县政府"))
    client = sign_in(app, "city")
    both = ["0001 determination", "0002 determination", "0001 report", "0002 report"]
    assert shown(client) == ["0002 team_request", *both]
    for query, expected in (
        ({"clock": "report"}, ["0001 report", "0002 report"]),
        ({"clock": "reply"}, []),
        ({"level": "general"}, ["0001 determination", "0001 report"]),
        ({"place": "530325", "level": "larger"}, ["0002 team_request", *both[1::2]]),
        ({"place": "530302", "clock": "team_request"}, []),
        ({"mine": "1"}, both[::2]),
        ({"light": "green"}, []),
        ({"light": "overdue", "clock": "team_request"}, ["0002 team_request"]),
        ({"due_until": "2025-05-15"}, ["0002 team_request"]),
        ({"due_from": "2025-05-16"}, both),
        ({"weight": "set"}, []),
        ({"weight": "statutory", "level": "general"}, both[::2]),
    ):
        assert shown(client, **query) == expected, query


def test_advice_is_left_out_until_asked_for(app: Flask) -> None:
    database = database_of(app)
    head(database, "city", CITY, "city")
    ref = opened(database)
    submitted(database, ref)
    did(database, ref, "reply", REPLY, date(2025, 7, 20))
    client = sign_in(app, "city")
    page = client.get("/board?lang=en").text
    assert "Clocks that only advise are left out." in text_of(page)
    assert shown(client) == ["0001 determination", "0001 evaluation"]
    link = re.search(r'href="([^"]+)">Show them as well', page)
    assert link is not None
    with_advice = client.get(link[1].replace("&amp;", "&")).text
    assert len(rows(with_advice)) == 5
    advice = [each for each in rows(with_advice) if "Advice" in each]
    assert len(advice) == 3
    assert not any("overdue" in each for each in advice), "advice stops at yellow"
    assert with_advice.count("is-advice") == 3
    assert len(shown(client, weight="advisory")) == 3


def test_counts_by_light_lead_to_what_they_count(app: Flask) -> None:
    database = database_of(app)
    head(database, "city", CITY, "city")
    refs = [opened(database, known=facts(place)) for place in ("530302", "530325", "530325")]
    submitted(database, refs[-1])
    client = sign_in(app, "city")
    for query in ("", "&place=530325", "&clock=report", "&light=overdue", "&due_from=2025-07-01"):
        page = client.get(f"/board?lang=en{query}").text
        links = re.findall(
            r'<a class="light-link[^"]*" href="([^"]+)"[^>]*>.*?<strong>(\d+)</strong>',
            page,
            re.DOTALL,
        )
        assert len(links) == 5
        for address, count in links:
            assert len(rows(client.get(address.replace("&amp;", "&")).text)) == int(count)
        assert int(links[0][1]) == sum(int(count) for _, count in links[1:])


def test_the_days_ahead_lead_to_what_is_due(app: Flask) -> None:
    database = database_of(app)
    head(database, "city", CITY, "city")
    ref = opened(database)
    submitted(database, ref)
    for number, after in enumerate((0, 3, 3, 13, 14)):
        due_on = TODAY + timedelta(after)
        did(
            database, ref, "set_measure",
            Measure(ref=f"整改{number}", what="整改", unit="某单位", due_on=due_on), TODAY,
        )  # fmt: skip
    client = sign_in(app, "city")
    page = client.get("/board?lang=en").text
    days = re.findall(r'<li class="day (.*?)">(.*?)</li>', page, re.DOTALL)
    assert len(days) == 14
    counts = [int(re.search(r": (\d+) deadline", body)[1]) for _, body in days]  # type: ignore[index] # each has one
    assert counts == [1, 0, 0, 2, *[0] * 9, 1]
    assert ["k-weekend" in classes for classes, _ in days[3:5]] == [True, True]
    address = re.search(r'href="([^"]+)"', days[3][1])
    assert address is not None
    chosen = client.get(address[1].replace("&amp;", "&")).text
    assert len(rows(chosen)) == 2
    assert 'aria-current="date"' in chosen
    assert 'href="' not in days[1][1], "a day on which nothing is due leads nowhere"


def test_holidays_are_marked_by_the_calendar(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fireinvest.web.visiting.utcnow", lambda: NOW.replace(day=25))
    database = database_of(app)
    head(database, "city", CITY, "city")
    page = sign_in(app, "city").get("/board?lang=en").text
    found = re.findall(r'<li class="day k-([a-z-]+).*?title="(\S+) ', page, re.DOTALL)
    kinds = {on: kind for kind, on in found}
    assert kinds["2025-09-28"] == "make-up"
    assert kinds["2025-10-01"] == "holiday"
    assert kinds["2025-09-27"] == "weekend"
    assert kinds["2025-09-26"] == "working"


def test_pages_follow_each_other_by_their_address(app: Flask) -> None:
    database = database_of(app)
    head(database, "city", CITY, "city")
    for _ in range(23):
        opened(database, known=facts("530302"), form=key())
    client = sign_in(app, "city")
    address = "/board?lang=en&level=larger&clock=report"
    seen: list[tuple[str, str]] = []
    sizes = []
    while address:
        page = client.get(address).text
        sizes.append(len(LINE.findall(page)))
        seen += LINE.findall(page)
        assert f" {sizes[-1]} deadlines on this page" in text_of(page)
        assert ("First page" in page) is (len(sizes) > 1)
        more = re.search(r'href="([^"]+)" rel="next"', page)
        address = more[1].replace("&amp;", "&") if more else ""
    assert sizes == [20, 3]
    assert len(set(seen)) == 23
    every = shown(client, size="100")
    clocks = [each.partition(" ")[2] for each in every]
    assert clocks == ["team_request"] * 23 + ["determination"] * 23 + ["report"] * 23


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"level": "enormous"}, "level"),
        ({"clock": "no"}, "clock"),
        ({"light": "done"}, "light"),
        ({"weight": "heavy"}, "weight"),
        ({"place": "530102"}, "place"),
        ({"mine": "0"}, "mine"),
        ({"due_from": "tomorrow"}, "due_from"),
        ({"due_until": "9999-12-31"}, "due_until"),
        ({"due_from": "2025-05-02", "due_until": "2025-05-01"}, "due_until"),
        ({"size": "21"}, ""),
        ({"after": "1"}, ""),
        ({"after": "2025-05-15~1~report"}, ""),
        ({"after": "2025-05-15~x~report~1"}, ""),
        ({"after": "2025-05-15~99999999999~report~1"}, ""),
        ({"after": f"2025-05-15~1~report~{'1' * 400}"}, ""),
        ({"text": "商贸"}, ""),
    ],
)
def test_what_makes_no_sense_is_told_beside_its_field(
    quick_app: Flask, query: dict[str, str], field: str
) -> None:
    head(database_of(quick_app), "city", CITY, "city")
    opened(database_of(quick_app))
    client = sign_in(quick_app, "city")
    given = {"clock": "report", "due_from": "2025-05-01", **query}
    answer = client.get(f"/board?{urlencode({'lang': 'en', **given})}")
    assert answer.status_code == 400
    assert not rows(answer.text), "nothing is looked up for half a question"
    marked = re.findall(r'id="([a-z_]+)" name="[a-z_]+"[^>]*aria-invalid="true"', answer.text)
    assert marked == ([field] if field else [])
    if field:
        assert re.search(rf'id="{field}-problem"><p>[^<]+</p>', answer.text)
    else:
        assert 'class="problems problems-elsewhere" role="alert"' in answer.text
    assert f'value="{given["clock"]}" selected' in answer.text, "the others are kept"
    assert f'value="{given["due_from"]}"' in answer.text


def test_the_key_of_any_reference_is_read_again(app: Flask) -> None:
    database = database_of(app)
    head(database, "city", CITY, "city")
    ref = opened(database)
    submitted(database, ref)
    for number in range(21):
        did(
            database, ref, "set_measure",
            Measure(ref=f"~整 改&{number:02d}~", what="整改", unit="某", due_on=TODAY), TODAY,
        )  # fmt: skip
    client = sign_in(app, "city")
    page = client.get("/board?clock=measure").text
    more = re.search(r'href="([^"]+)" rel="next"', page)
    assert more is not None
    assert len(rows(page)) == 20
    assert len(rows(client.get(more[1].replace("&amp;", "&")).text)) == 1


def test_a_page_sends_the_same_number_of_queries_however_many_it_shows(app: Flask) -> None:
    database = database_of(app)
    city = head(database, "city", CITY, "city")
    opened(database, by=actor(database, city))
    client = sign_in(app, "city")
    client.get("/board")
    numbers = []
    for wanted in (1, 60):
        with counted(database) as sent:
            page = client.get("/board?size=100&clock=report").text
        assert len(rows(page)) == wanted
        numbers.append(len(sent))
        if wanted == 1:
            for _ in range(59):
                opened(database, by=actor(database, city), form=key())
    assert numbers[0] == numbers[1] <= 9
