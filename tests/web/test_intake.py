"""A fire is reported over HTTP: what follows is told, one form opens one case, nothing is lost."""

import re
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.test import TestResponse

from fireinvest.clock import today_in_china
from fireinvest.services.cases import Loaded, find_number, load_case
from fireinvest.services.passwords import set_password
from fireinvest.services.people import By, Post, name_deputy
from fireinvest.workflow.actions import Opening
from tests.queries import counted
from tests.services.office import CITY, FUYUAN, NOW, facts, opened, person
from tests.web.office import PASSWORD, database_of, hidden, person_with, sign_in, text_of

QILIN, ZONE = "530302", "530300-jkq"
ADDRESS = "/cases/new"
OFFICER = Post("carrier", division=FUYUAN, tier="county")
CITY_OFFICER = Post("carrier", division=CITY, tier="city")

#: Five deaths in Fuyuan in May 2025, as they are typed.
FIVE = {
    "occurred_on": "2025-05-12",
    "occurred_time": "08:30",
    "division": FUYUAN,
    "unit_name": "金源商贸有限公司",
    "address": "胜境街道迎宾路8号",
    "deaths": "5",
    "serious_injuries": "2",
    "direct_property_loss_yuan": "155,454.00",
    "social_impact": "",
    "category": "",
    "carrier": "",
    "reason": "119指挥中心转来",
}
LONG = "群众来电，称一层仓库东北角起火。" * 100


class Counter:
    """An officer at the screen for fires that are reported."""

    def __init__(self, app: Flask, login: str = "sun") -> None:
        self.app, self.database = app, database_of(app)
        self.client: FlaskClient = sign_in(app, login)
        self.client.set_cookie("lang", "en")

    def beside(self, login: str) -> "Counter":
        """Somebody else's screen."""
        with self.database.readers.begin() as session:
            person_id = session.execute(
                text("SELECT id FROM people WHERE login = :login"), {"login": login}
            ).scalar_one()
        set_password(self.database, person_id, PASSWORD, by=By(login, NOW, NOW.date()))
        return Counter(self.app, login)

    def page(self) -> str:
        answer = self.client.get(ADDRESS)
        assert answer.status_code == 200, answer.text
        return answer.text

    def form(self) -> dict[str, str]:
        page = self.page()
        return {name: hidden(page, name) for name in ("csrf_token", "key")}

    def send(self, form: dict[str, str] | None = None, /, **fields: Any) -> TestResponse:
        data = {**(form or self.form()), "do": "open", **FIVE, **fields}
        return self.client.post(ADDRESS, data=data)

    def live(self, **fields: Any) -> TestResponse:
        """What a page asks for while somebody types."""
        data = {**self.form(), **fields}
        return self.client.post(f"{ADDRESS}/live", data=data, headers={"X-Requested-With": "fetch"})

    def open(self, **fields: Any) -> Loaded:
        """Open a case that must open, and return it."""
        return self.case(self.send(**fields))

    def case(self, answer: TestResponse) -> Loaded:
        """The case that an answer leads to."""
        assert answer.status_code == 303, answer.text
        with self.database.readers.begin() as session:
            found = find_number(session, answer.location.rpartition("/")[2])
            assert found is not None
            return load_case(session, found.id)

    def count(self, table: str = "cases") -> int:
        with self.database.readers.begin() as session:
            return int(session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())

    def run(self, statement: str) -> None:
        with self.database.sessions.begin() as session:
            session.execute(text(statement))


def _counter(app: Flask) -> Counter:
    database = database_of(app)
    person_with(database, "sun", OFFICER)
    person(database, "li", OFFICER)
    person(database, "qian", Post("carrier", division=QILIN, tier="county"))
    person(database, "wu", CITY_OFFICER)
    return Counter(app)


@pytest.fixture
def counter(app: Flask) -> Counter:
    """An officer of a county; a colleague, and officers of another county and of the city."""
    return _counter(app)


@pytest.fixture
def quick(quick_app: Flask) -> Counter:
    """The same on SQLite alone."""
    return _counter(quick_app)


def value(page: str, name: str) -> str:
    """What stands in a field of a page."""
    found = re.search(rf'<input id="{name}"[^>]* value="([^"]*)"', page)
    if found is None:
        found = re.search(rf'<textarea id="{name}"[^>]*>([^<]*)</textarea>', page)
    assert found is not None, f"the page has no field {name}"
    return unescape(found[1])


def chosen(page: str, name: str) -> str:
    select = re.search(rf'<select id="{name}".*?</select>', page, re.DOTALL)
    assert select is not None
    found = re.search(r'<option value="([^"]*)" selected', select[0])
    return found[1] if found else ""


def choices(page: str, name: str) -> list[str]:
    select = re.search(rf'<select id="{name}".*?</select>', page, re.DOTALL)
    assert select is not None
    return re.findall(r'<option value="([^"]+)"', select[0])


def problem(page: str, name: str) -> str:
    """What stands beside a field."""
    found = re.search(rf'data-problems="{name}">(.*?)</div>', page, re.DOTALL)
    assert found is not None, f"the page has no place for problems of {name}"
    return text_of(found[1]).strip()


# ---------------------------------------------------------------------------- who may


def test_whoever_can_open_no_case_has_no_form(quick: Counter) -> None:
    person_with(quick.database, "zhao", Post("government_handler", division=FUYUAN, tier="county"))
    client = sign_in(quick.app, "zhao")
    assert client.get(ADDRESS).status_code == 403
    token = quick.form()["csrf_token"]
    assert token
    for address in (ADDRESS, f"{ADDRESS}/live"):
        mine = hidden(client.get("/calculator").text, "csrf_token")
        answer = client.post(address, data={**FIVE, "csrf_token": mine, "do": "open"})
        assert answer.status_code == 403
    assert quick.count() == 0


def test_a_stranger_is_asked_to_sign_in(quick: Counter) -> None:
    answer = quick.app.test_client().get(ADDRESS)
    assert (answer.status_code, answer.location) == (302, "/sign-in?next=/cases/new")


# ---------------------------------------------------------------------------- opening


def test_a_fire_is_reported(counter: Counter) -> None:
    loaded = counter.open()
    assert loaded.ref.number == "5303-2025-0001"
    entry = loaded.case.entries[0]
    assert isinstance(entry.payload, Opening)
    assert entry.payload.facts == facts(
        deaths=5,
        serious_injuries=2,
        direct_property_loss=155_454_00,
        occurred_at=entry.at,
    )
    assert entry.at is not None
    assert entry.at.isoformat() == "2025-05-12T00:30:00+00:00"
    assert (entry.actor, entry.acting_for, entry.reason) == ("sun", None, "119指挥中心转来")
    row = loaded.row
    assert (row["unit_name"], row["address"], row["carrier"]) == (
        "金源商贸有限公司", "胜境街道迎宾路8号", "sun",
    )  # fmt: skip
    assert (row["division"], row["level"], row["level_is_floor"]) == (FUYUAN, "larger", True)
    shown = counter.client.get(f"/cases/{loaded.ref.number}")
    assert shown.status_code == 200
    assert "Case 5303-2025-0001 is open." in text_of(shown.text)


def test_only_day_place_unit_and_address_are_needed(counter: Counter) -> None:
    blank = dict.fromkeys(FIVE, "")
    answer = counter.send(**blank)
    assert answer.status_code == 400
    wrong = [name for name in FIVE if name in problem_names(answer.text)]
    assert wrong == ["occurred_on", "division", "unit_name", "address"]
    assert counter.count() == 0
    needed = {name: FIVE[name] for name in ("occurred_on", "division", "unit_name", "address")}
    found = counter.open(**{**blank, **needed}).case.entries[0].payload
    assert isinstance(found, Opening)
    assert found.facts == facts(deaths=None)


def problem_names(page: str) -> set[str]:
    found = re.findall(r'data-problems="(\w+)">\s*<p>', page)
    return set(found)


def test_the_same_form_twice_opens_one_case(counter: Counter) -> None:
    form = counter.form()
    first, second = counter.send(form), counter.send(form)
    assert first.status_code == second.status_code == 303
    assert first.location == second.location
    assert counter.count() == 1
    assert counter.count("journal") == 1


def test_a_double_click_opens_one_case(counter: Counter) -> None:
    form = counter.form()
    kept = counter.client.get_cookie("session")
    assert kept is not None

    def click(_: int) -> TestResponse:
        client = counter.app.test_client()
        client.set_cookie("session", kept.value)
        return client.post(ADDRESS, data={**form, **FIVE, "do": "open"})

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(click, range(4)))
    assert {each.status_code for each in answers} == {303}
    assert len({each.location for each in answers}) == 1
    assert counter.count() == 1


def test_another_fire_in_a_form_that_was_sent_is_not_taken_for_the_first(counter: Counter) -> None:
    form = counter.form()
    number = counter.case(counter.send(form)).ref.number
    answer = counter.send(form, unit_name="老李饭店", deaths="1")
    assert answer.status_code == 400
    assert f"has opened case {number} already, for another fire" in text_of(answer.text)
    assert value(answer.text, "unit_name") == "老李饭店"
    assert counter.count() == 1
    again = {name: hidden(answer.text, name) for name in ("csrf_token", "key")}
    assert again["key"] != form["key"]
    assert counter.case(counter.send(again, unit_name="老李饭店", deaths="1")).ref.number != number


@pytest.mark.parametrize("key", ["", "x", "a#b", "k" * 300])
def test_a_key_that_is_none_of_ours_is_replaced(quick: Counter, key: str) -> None:
    assert quick.open(key=key).row["unit_name"] == FIVE["unit_name"]


def test_two_windows_open_a_case_each(counter: Counter) -> None:
    one, two = counter.form(), counter.form()
    assert one["key"] != two["key"]
    first = counter.case(counter.send(one))
    second = counter.case(counter.send(two, unit_name="老李饭店"))
    assert first.ref.number != second.ref.number


# ---------------------------------------------------------------------------- what is wrong


RUBBISH = {
    "occurred_on": "2025-02-30",
    "occurred_time": "25:70",
    "division": "999999",
    "unit_name": "店\u202e名",
    "address": "路" * 301,
    "deaths": "many",
    "serious_injuries": "-1",
    "missing": "1.5",
    "direct_economic_loss_yuan": "1e5",
    "direct_property_loss_yuan": "1.234",
    "burnt_area_m2": "<b>",
    "households": "9999999",
    "social_impact": "perhaps",
    "category": "volcano",
    "carrier": "nobody",
    "reason": "因" * 2001,
}


def test_rubbish_in_every_field_is_named_there_and_stays(counter: Counter) -> None:
    answer = counter.send(**RUBBISH)
    assert answer.status_code == 400
    # How long an address may be is the core's to say, once everything else can be read.
    assert problem_names(answer.text) == RUBBISH.keys() - {"address"}
    for name, given in RUBBISH.items():
        if name in ("division", "category", "carrier", "social_impact"):
            assert f">{given}<" in answer.text
        else:
            assert value(answer.text, name) == given
    assert counter.count() == 0
    assert counter.count("journal") == 0


@pytest.mark.parametrize(
    ("name", "given", "words"),
    [
        ("unit_name", "店" * 201, "at most 200 characters"),
        ("address", "路" * 301, "at most 300 characters"),
        ("occurred_on", "2999-01-01", "later than the day of asking"),
        ("occurred_on", "1900-01-01", "No rule is known"),
        ("division", QILIN, "You can't open cases of this place."),
        ("division", "530328", "on 2025-05-12"),
        ("carrier", "qian", "doesn't hold the post of carrier at this place"),
        ("carrier", "wu", "doesn't hold the post of carrier at this place"),
        ("carrier", "nobody", "doesn't hold the post of carrier at this place"),
    ],
)
def test_what_can_not_be_is_told_beside_its_field(
    counter: Counter, name: str, given: str, words: str
) -> None:
    answer = counter.send(**{name: given})
    assert answer.status_code == 400, answer.text
    assert words in problem(answer.text, name)
    assert problem_names(answer.text) == {name}
    assert counter.count() == 0


def test_ten_megabytes_are_too_much(quick: Counter) -> None:
    answer = quick.send(reason="x" * 10 * 1024**2)
    assert answer.status_code == 413
    assert quick.count() == 0


# ---------------------------------------------------------------------------- place and carrier


def test_a_county_officer_has_one_place_and_their_colleagues(quick: Counter) -> None:
    page = quick.page()
    assert choices(page, "division") == [FUYUAN]
    assert chosen(page, "division") == FUYUAN
    assert choices(page, "carrier") == ["li"]


def test_a_city_officer_has_the_places_that_there_were_on_the_day(quick: Counter) -> None:
    wu = quick.beside("wu")
    page = wu.page()
    assert chosen(page, "division") == ""
    assert {FUYUAN, QILIN, "530303", ZONE} <= set(choices(page, "division"))
    assert "530328" not in choices(page, "division")
    before = wu.live(occurred_on="2015-05-12").text
    assert "530328" in choices(before, "division")
    assert "530303" not in choices(before, "division")


@pytest.mark.parametrize(
    ("place", "offered"), [("", ["qian", "li", "sun"]), (FUYUAN, ["li", "sun"]), (QILIN, ["qian"])]
)
def test_the_carrier_comes_from_the_place_or_from_where_the_visitor_is(
    quick: Counter, place: str, offered: list[str]
) -> None:
    person(quick.database, "xu", CITY_OFFICER)
    answer = quick.beside("wu").live(division=place)
    assert sorted(choices(answer.text, "carrier")) == sorted([*offered, "xu"])


def test_a_colleague_carries_the_case(counter: Counter) -> None:
    loaded = counter.open(carrier="li")
    assert loaded.row["carrier"] == "li"
    assert loaded.case.entries[0].actor == "sun"


def test_a_deputy_opens_it_for_the_one_who_carries_it(counter: Counter) -> None:
    deputy = person_with(counter.database, "deputy")
    with counter.database.readers.begin() as session:
        sun = session.execute(text("SELECT id FROM people WHERE login = 'sun'")).scalar_one()
    today = today_in_china()
    name_deputy(
        counter.database, person_id=deputy, acts_for_id=sun, valid_from=today, valid_until=today,
        granted_by="admin",
    )  # fmt: skip
    client = sign_in(counter.app, "deputy")
    assert client.get(ADDRESS).status_code == 403
    form = hidden(client.get("/calculator").text, "csrf_token")
    client.post("/acting", data={"csrf_token": form, "login": "sun"})
    page = client.get(ADDRESS).text
    data = {name: hidden(page, name) for name in ("csrf_token", "key")}
    loaded = counter.case(client.post(ADDRESS, data={**data, **FIVE, "do": "open"}))
    entry = loaded.case.entries[0]
    assert (entry.actor, entry.acting_for, loaded.row["carrier"]) == ("deputy", "sun", "sun")


@pytest.mark.parametrize(("place", "asked"), [(ZONE, True), (FUYUAN, False), ("", False)])
def test_only_of_a_zone_it_is_asked_whether_it_may_investigate(
    quick: Counter, place: str, asked: bool
) -> None:
    wu = quick.beside("wu")
    given = {**FIVE, "division": place, "zone_authorised": "yes"}
    found = re.search(r'<div data-optional="zone_authorised"( hidden)?>', wu.live(**given).text)
    assert found is not None
    assert (found[1] is None) is asked
    if place:
        payload = wu.open(**given).case.entries[0].payload
        assert isinstance(payload, Opening)
        assert payload.facts.zone_authorised is (True if asked else None)


# ---------------------------------------------------------------------------- what follows


def test_what_follows_stands_beside_the_form(counter: Counter) -> None:
    answer = counter.live(**FIVE)
    assert answer.status_code == 200
    page = text_of(answer.text)
    assert "at least relatively serious" in page
    assert "Rule art 32 deaths: 5, which reaches 3" in page
    assert "Government city government Rule art 3(1)" in page
    assert "Lead fire-rescue agency Rule art 3(2)" in page
    dates = re.findall(r'<p class="date-due"><time datetime="([0-9-]+)', answer.text)
    assert dates == ["2025-05-15", "2025-07-11", "2025-06-11"]
    assert "Team request Rule art 5" in page
    assert "What comes later" in page
    assert "Still missing by now Rule art" in page
    assert counter.count() == 0


def test_a_date_that_can_still_move_says_so(quick: Counter) -> None:
    on = today_in_china()
    answer = quick.live(**{**FIVE, "occurred_on": on.isoformat(), "occurred_time": ""})
    shown = quick.client.get(f"/calculator?occurred_on={on}&division={FUYUAN}&deaths=5").text
    assert ("tag-provisional" in answer.text) is ("tag-provisional" in shown)
    assert re.findall(r'due"><time datetime="([0-9-]+)', answer.text) != []


def test_a_fire_outside_the_rule(quick: Counter) -> None:
    nobody = dict.fromkeys(("deaths", "serious_injuries", "missing"), "0")
    loss = {"direct_economic_loss_yuan": "200000", "social_impact": "no"}
    answer = quick.live(**{**FIVE, **nobody, **loss})
    page = text_of(answer.text)
    assert "Within the rule No Rule art 2(1)" in page
    assert "Outside the rule" in page


def test_while_typing_nothing_is_said_of_what_is_not_typed_yet(quick: Counter) -> None:
    for given in ({}, {"deaths": "5"}, {"occurred_time": "08:30"}, {"unit_name": "金"}):
        answer = quick.live(**given)
        assert answer.status_code == 200
        assert problem_names(answer.text) == set()
    answer = quick.live(deaths="many")
    assert (answer.status_code, problem_names(answer.text)) == (400, {"deaths"})


def test_a_form_that_came_back_still_says_what_is_needed(quick: Counter) -> None:
    answer = quick.live(**{**FIVE, "address": ""}, sent="yes")
    assert (answer.status_code, problem_names(answer.text)) == (400, {"address"})
    assert "at least relatively serious" in text_of(answer.text)


def test_without_script_a_button_shows_it(counter: Counter) -> None:
    answer = counter.send(do="look", unit_name="")
    assert answer.status_code == 200
    assert "at least relatively serious" in text_of(answer.text)
    assert value(answer.text, "address") == FIVE["address"]
    assert problem_names(answer.text) == set()
    assert counter.count() == 0


def test_earlier_fires_of_the_unit_or_address(counter: Counter) -> None:
    mine = counter.open().ref.number
    theirs = counter.beside("qian").open(division=QILIN).ref.number
    page = text_of(counter.live(unit_name="金源商贸", address=FIVE["address"]).text)
    assert f"{mine} 2025-05-12 at least relatively serious" in page
    assert "same address" in page
    assert "same unit" not in page
    assert theirs not in page
    both = text_of(counter.beside("wu").live(**FIVE).text)
    assert mine in both
    assert theirs in both
    assert "the same day: perhaps this very fire" in both
    none = text_of(counter.live(unit_name="老李饭店").text)
    assert "None is on record that you may see." in none


# ---------------------------------------------------------------------------- drafts


def test_a_draft_is_resumed_and_gone_once_the_case_is_open(counter: Counter) -> None:
    form = counter.form()
    kept = counter.send(form, do="draft", reason=f"\n{LONG}", deaths="many")
    assert (kept.status_code, kept.location) == (303, ADDRESS)
    page = counter.page()
    assert "The draft is kept." in text_of(page)
    assert re.search(r"The form holds your draft of 20\d\d-\d\d-\d\d \d\d:\d\d", text_of(page))
    assert value(page, "reason").strip() == LONG
    assert value(page, "deaths") == "many"
    assert hidden(page, "key") == form["key"]
    assert "Needed" not in problem(page, "unit_name")
    assert counter.count() == 0
    counter.open(deaths="5")
    assert counter.count("drafts") == 0
    assert value(counter.page(), "deaths") == ""


def test_a_page_keeps_its_draft_by_itself(counter: Counter) -> None:
    data = {**counter.form(), "form": ADDRESS, "unit_name": "金源"}
    fetch = {"X-Requested-With": "fetch"}
    assert counter.client.post("/drafts", data=data, headers=fetch).status_code == 204
    assert value(counter.page(), "unit_name") == "金源"
    # It is theirs alone.
    assert value(counter.beside("li").page(), "unit_name") == ""


def test_a_draft_is_thrown_away(counter: Counter) -> None:
    form = counter.form()
    counter.send(form, do="draft")
    dropped = counter.client.post("/drafts/drop", data={**form, "form": ADDRESS})
    assert dropped.location == ADDRESS
    page = counter.page()
    assert value(page, "unit_name") == ""
    assert "The form holds your draft" not in page
    assert hidden(page, "key") != form["key"]


def test_a_draft_with_anything_in_it_opens(quick: Counter) -> None:
    quick.send(do="draft", **{**RUBBISH, "unheard": "x"})
    assert value(quick.page(), "deaths") == "many"


def test_a_session_that_ended_loses_nothing(counter: Counter) -> None:
    form = counter.form()
    counter.run("DELETE FROM sign_ins")
    data = {**FIVE, "reason": LONG, **form, "do": "open"}
    fetch = {"X-Requested-With": "fetch"}
    for address in ("/drafts", f"{ADDRESS}/live"):
        assert counter.client.post(address, data=data, headers=fetch).status_code == 401
    asked = counter.client.post(ADDRESS, data=data)
    assert asked.status_code == 401
    assert counter.count() == 0
    signed = {name: hidden(asked.text, name) for name in ("csrf_token", "kept", "next")}
    again = counter.client.post("/sign-in", data={**signed, "login": "sun", "password": PASSWORD})
    assert again.location == ADDRESS
    page = counter.page()
    assert value(page, "reason") == LONG
    assert value(page, "unit_name") == FIVE["unit_name"]
    assert hidden(page, "key") == form["key"]
    fresh = {name: hidden(page, name) for name in ("csrf_token", "key")}
    assert counter.case(counter.send(fresh, reason=LONG)).case.entries[0].reason == LONG


def test_a_token_that_was_lost_loses_nothing(quick: Counter) -> None:
    answer = quick.send({"csrf_token": "x", "key": quick.form()["key"]}, reason=LONG)
    assert answer.location == ADDRESS
    assert value(quick.page(), "reason") == LONG
    assert quick.count() == 0


# ---------------------------------------------------------------------------- how much it asks


def test_the_number_of_queries_does_not_grow(counter: Counter) -> None:
    def sent_by(method: str) -> int:
        form = counter.form()
        with counted(counter.database) as sent:
            if method == "get":
                counter.page()
            elif method == "live":
                data = {**form, **FIVE}
                answer = counter.client.post(f"{ADDRESS}/live", data=data)
                assert answer.status_code == 200
            else:
                assert counter.send(form).status_code == 303
        return len(sent)

    counter.open()
    before = {method: sent_by(method) for method in ("get", "live", "open")}
    for number in range(12):
        person(counter.database, f"more{number}", OFFICER)
        opened(counter.database)
        counter.open(unit_name=f"{FIVE['unit_name']}{number}号店", address=f"路{number}号")
    after = {method: sent_by(method) for method in ("get", "live", "open")}
    assert after == before
    assert before["get"] <= 8
    assert before["live"] <= 8
