"""The calculator over HTTP: the law comes out right, bad input is named, the address is the state."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from html import unescape
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from fireinvest.messages import LANGUAGES
from fireinvest.web.app import create_app
from fireinvest.web.views.calculator import EXAMPLES
from tests.conftest import settings_for
from tests.regulation.law import PROFILES

FIVE = {
    "occurred_on": "2025-05-12",
    "division": "530325",
    "deaths": "5",
    "serious_injuries": "0",
    "direct_economic_loss_yuan": "1554540.00",
    "as_of": "2025-05-13",
}
LONG = {
    "occurred_on": "2025-07-18",
    "division": "530381",
    "deaths": "3",
    "category": "work_safety",
    "as_of": "2025-11-20",
    "since-0-step": "request_team",
    "since-0-on": "2025-07-21",
    "since-1-step": "establish_team",
    "since-1-on": "2025-07-22",
    "since-2-step": "submit_report",
    "since-2-on": "2025-09-08",
    "since-3-step": "receive_report",
    "since-3-on": "2025-09-09",
    "since-4-step": "reply",
    "since-4-on": "2025-09-24",
    "since-5-step": "publish",
    "since-5-on": "2025-10-09",
}


def _text(page: str) -> str:
    """The page as it reads: without scripts of markup, blanks made one."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page)))


def _get(client: FlaskClient, **values: str) -> str:
    answer = client.get("/calculator", query_string=values)
    assert answer.status_code == 200
    return answer.text


def _cards(page: str) -> list[str]:
    return [_text(card) for card in page.split('<article class="clock ')[1:]]


@pytest.mark.parametrize("language", LANGUAGES)
def test_five_deaths_in_fuyuan(quick_client: FlaskClient, language: str) -> None:
    page = _get(quick_client, **FIVE, lang=language)
    read = _text(page)
    level, government = {
        "zh": ("事故等级 较大", "市级人民政府"),
        "en": ("accident level relatively serious", "city government"),
    }[language]
    assert level in read
    assert government in read
    team, report, own = _cards(page)
    assert "2025-05-15" in team
    assert "2025-06-11" in own
    assert "2025-07-11" in report


def test_the_calculator_needs_no_sign_in_and_the_first_page_does(quick_client: FlaskClient) -> None:
    assert quick_client.get("/calculator").status_code == 200
    assert quick_client.get("/").headers["Location"] == "/sign-in"


def test_an_empty_form_names_the_clocks_and_computes_nothing(quick_client: FlaskClient) -> None:
    page = _get(quick_client, lang="en")
    assert "The clocks of this rule" in page
    assert "60 days" in _text(page)
    assert 'class="verdict' not in page
    assert quick_client.get("/calculator?deaths=&occurred_on=").status_code == 200


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_examples_can_be_followed(quick_client: FlaskClient, number: int) -> None:
    welcome = _get(quick_client)
    links = re.findall(r'<li><a href="(/calculator\?occurred[^"]+)"', welcome)
    assert len(links) == len(EXAMPLES)
    answer = quick_client.get(unescape(links[number]))
    assert answer.status_code == 200
    assert 'class="verdict' in answer.text


def test_the_level_names_its_reason_its_distance_and_its_window(quick_client: FlaskClient) -> None:
    read = _text(_get(quick_client, **FIVE, lang="en"))
    assert "Rule art 32 deaths: 5, which reaches 3" in read
    assert "5 short of major" in read
    assert "10 short of relatively serious" in read
    assert "8,445,460 yuan short of relatively serious" in read
    assert "Casualties up to 2025-05-19, 24:00, still move the level." in read
    later = _text(_get(quick_client, **{**FIVE, "as_of": "2025-05-20"}, lang="en"))
    assert "Casualties after 2025-05-19, 24:00, no longer move the level." in later


def test_an_unknown_number_makes_a_floor(quick_client: FlaskClient) -> None:
    facts = {"occurred_on": "2025-05-12", "division": "530325", "deaths": "1", "lang": "en"}
    read = _text(_get(quick_client, **facts, as_of="2025-05-13"))
    assert "at least general" in read
    assert "not known" in read


def test_the_statistical_grade_stands_apart(quick_client: FlaskClient) -> None:
    facts = {**FIVE, "deaths": "0", "direct_economic_loss_yuan": "20000000"}
    page = _get(quick_client, **facts, lang="en")
    aside = _text(page.split('<aside class="other-scale"')[1].split("</aside>")[0])
    assert "statistical grade" in aside
    assert "general" in aside
    assert "to be confirmed against the full text" in aside
    assert "relatively serious" not in aside  # as it is on the scale that decides
    assert "accident level relatively serious" in _text(page)


def test_the_counted_days_say_what_they_are(quick_client: FlaskClient) -> None:
    facts = {**FIVE, "occurred_on": "2025-01-24", "as_of": "2025-01-27", "lang": "en"}
    team = _cards(_get(quick_client, **facts))[0]
    assert "2025-02-05" in team
    assert "2025-01-24 (Fri), the first day isn't counted, working day" in team
    assert "2025-01-26 (Sun), counted as day 1, made-up working day, State Council" in team
    assert "2025-01-29 (Wed), not counted, statutory holiday, Chinese New Year" in team
    assert "2025-02-03 (Mon), not counted, swapped day off" in team
    assert "2025-02-05 (Wed), counted as day 3, working day, the due day" in team


def test_the_day_to_act_by_and_other_readings_are_told(quick_client: FlaskClient) -> None:
    facts = {**FIVE, "occurred_on": "2025-08-02", "as_of": "2025-08-04", "lang": "en"}
    report = _cards(_get(quick_client, **facts))[1]
    assert "2025-10-01" in report
    assert "act by 2025-09-30" in report
    assert "2025-10-09" in report  # rolled, were Civil Code art 203 to apply


def test_a_year_without_a_notice_is_provisional(quick_client: FlaskClient) -> None:
    facts = {"occurred_on": "2089-11-20", "deaths": "1", "as_of": "2089-11-21", "lang": "en"}
    report = _cards(_get(quick_client, **facts))[1]
    assert "provisional" in report
    assert "have not been announced yet" in report
    assert "no notice for this year yet" in report


def test_a_range_stands_beside_a_provisional_count(quick_client: FlaskClient) -> None:
    facts = {
        **LONG,
        "occurred_on": "2089-10-29",
        "as_of": "2089-12-31",
        **{f"since-{place}-on": "2089-12-28" for place in range(4)},
    }
    for place in (4, 5):
        del facts[f"since-{place}-step"], facts[f"since-{place}-on"]
    facts["category"] = "ordinary"
    reply = _cards(_get(quick_client, **facts, lang="en"))[2]
    assert "It lies between 20" in reply


def test_what_happened_since_moves_the_clocks(quick_client: FlaskClient) -> None:
    page = _get(quick_client, **LONG, lang="en")
    cards = _cards(page)
    assert "Done in time" in cards[0]
    assert "Reply to the report" in cards[2]
    assert "2025-09-24" in cards[2]
    assert "Decree 493 art 32" in cards[2]
    assert any("Publication" in card and "Advice" in card for card in cards)
    assert "All clocks at a glance" in page
    assert "2026-09-24" in next(card for card in cards if card.split(">")[-1].count("Evaluation"))


def test_extensions_count_to_their_bound_and_only_in_time(quick_client: FlaskClient) -> None:
    given = {
        **FIVE,
        "as_of": "2025-09-20",
        "since-0-step": "ask_extension",
        "since-0-on": "2025-06-20",
        "since-0-number": "50",
        "since-1-step": "decide_extension",
        "since-1-on": "2025-07-01",
        "since-1-number": "50",
        "since-2-step": "decide_extension",
        "since-2-on": "2025-07-02",
        "since-2-number": "20",
        "since-3-step": "decide_extension",
        "since-3-on": "2025-09-15",
        "since-3-number": "5",
    }
    report = _cards(_get(quick_client, **given, lang="en"))[1]
    assert "50 days, from 2025-07-11 to 2025-08-30." in report
    assert "10 days, from 2025-08-30 to 2025-09-09." in report
    assert "10 days beyond the most that is allowed have no effect." in report
    assert "Extension approved on 2025-09-15: too late, it moves nothing." in report
    assert "11 days overdue" in report


def test_tests_are_left_out_where_the_decree_says_so(quick_client: FlaskClient) -> None:
    given = {
        **FIVE,
        "category": "work_safety",
        "as_of": "2025-07-01",
        "since-0-step": "test_commissioned",
        "since-0-on": "2025-06-01",
        "since-1-step": "test_returned",
        "since-1-on": "2025-06-11",
    }
    report = _cards(_get(quick_client, **given, lang="en"))[1]
    assert "2025-07-21" in report
    assert "left out of the count" in report


def test_a_later_death_moves_the_level_and_names_the_hand_over(quick_client: FlaskClient) -> None:
    given = {
        **FIVE,
        "deaths": "2",
        "as_of": "2025-05-18",
        "since-0-step": "update_figures",
        "since-0-on": "2025-05-17",
        "since-0-number": "3",
    }
    read = _text(_get(quick_client, **given, lang="en"))
    assert "How the level moved" in read
    assert "Hand-over pending: county government still investigates" in read
    assert "arose late" in read


def test_a_return_starts_anew_and_the_first_receipt_stays(quick_client: FlaskClient) -> None:
    given = {
        **LONG,
        "category": "ordinary",
        "as_of": "2025-10-20",
        "since-4-step": "return_report",
        "since-4-on": "2025-09-20",
        "since-5-step": "submit_report",
        "since-5-on": "2025-10-10",
    }
    cards = _cards(_get(quick_client, **given, lang="en"))
    assert "returned on 2025-09-20" in cards[2]
    assert "no. 2" in cards[3]
    assert "First received on 2025-09-09." in cards[3]
    assert "(sent; receipt not registered)" in cards[3]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"deaths": "30"}, "State Council"),
        ({"deaths": "0", "social_impact": "no"}, "Determination of the fire"),
        ({"deaths": "10"}, "No clock of this rule is running."),
        ({"category": "railway"}, "Other law prevails"),
        ({"division": "530300-jkq", "deaths": "1"}, "the zone's committee is no people's"),
        ({"division": "530300-jkq", "deaths": "1", "zone_authorised": "yes"}, "county government"),
        ({"division": ""}, "the county, district or zone"),
        ({"occurred_on": "2022-05-12", "as_of": "2022-06-01"}, "National law"),
        ({"since-0-step": "reply", "since-0-on": "2025-05-13"}, "Out of order"),
        ({"as_of": "2099-12-31"}, "days overdue"),
        ({"occurred_time": "23:50"}, "2025-05-15"),
        ({"social_impact": "yes", "deaths": "0"}, "social impact was decided on"),
        ({"direct_economic_loss_yuan": "", "direct_property_loss_yuan": "9"}, "≥ 9 yuan"),
    ],
)
def test_other_fires(quick_client: FlaskClient, values: dict[str, str], expected: str) -> None:
    assert expected in _text(_get(quick_client, **{**FIVE, **values}, lang="en"))


# ------------------------------------------------------------- bad input

BAD: list[tuple[dict[str, str], str, str]] = [
    ({"deaths": "-1"}, "deaths", "A whole number from 0"),
    ({"deaths": "five"}, "deaths", "A whole number from 0"),
    ({"deaths": "1e9"}, "deaths", "A whole number from 0"),
    ({"deaths": "100001"}, "deaths", "A whole number from 0"),
    ({"deaths": "٣"}, "deaths", "A whole number from 0"),
    ({"deaths": "9" * 4000}, "deaths", "A whole number from 0"),
    ({"serious_injuries": "0x10"}, "serious_injuries", "A whole number from 0"),
    ({"missing": "None"}, "missing", "A whole number from 0"),
    ({"direct_economic_loss_yuan": "1.005"}, "direct_economic_loss_yuan", "two decimals at most"),
    ({"direct_economic_loss_yuan": "NaN"}, "direct_economic_loss_yuan", "An amount in yuan"),
    ({"direct_property_loss_yuan": "9" * 16}, "direct_property_loss_yuan", "An amount of at most"),
    ({"burnt_area_m2": "-4"}, "burnt_area_m2", "A whole number from 0"),
    ({"occurred_on": "2025-02-30"}, "occurred_on", "2025-02-30 is not a date"),
    ({"occurred_on": "0000-00-00"}, "occurred_on", "is not a date"),
    ({"occurred_on": "9999-12-31"}, "occurred_on", "can't be later than"),
    ({"occurred_on": "1990-01-01"}, "occurred_on", "No rule is known"),
    ({"occurred_on": ""}, "occurred_on", "The day of the fire is needed."),
    ({"occurred_on": "", "occurred_time": "08:30"}, "occurred_on", "The day of the fire is needed"),
    ({"occurred_time": "25:00"}, "occurred_time", "A time of day like 08:30"),
    ({"as_of": "2100-01-01"}, "as_of", "A day from 2007-01-01"),
    ({"as_of": "soon"}, "as_of", "A day from 2007-01-01"),
    ({"as_of": "2025-05-11"}, "occurred_on", "can't be later than"),
    ({"division": "999999"}, "division", "No division with the code 999999"),
    ({"division": "530328"}, "division", "does not exist as such"),
    ({"division": "\x00\x07"}, "division", "can't be shown"),
    ({"division": "x" * 500}, "division", "at most 20 characters"),
    ({"category": "volcano"}, "category", "One of these is needed"),
    ({"social_impact": "perhaps"}, "social_impact", "true or false is needed"),
    ({"zone_authorised": "2"}, "zone_authorised", "true or false is needed"),
    ({"since-0-step": "reply"}, "since-0", "The day of the action is needed."),
    ({"since-0-on": "2025-05-13"}, "since-0", "Choose what happened."),
    ({"since-0-step": "nothing", "since-0-on": "2025-05-13"}, "since-0", "no action nothing"),
    ({"since-0-step": "reply", "since-0-on": "2025-05-11"}, "since-0", "before the fire"),
    ({"since-0-step": "reply", "since-0-on": "2025-05-14"}, "since-0", "in the future"),
    ({"since-0-step": "reply", "since-0-on": "2025-13-01"}, "since-0", "is not a date"),
    ({"since-0-step": "decide_extension", "since-0-on": "2025-05-13"}, "since-0", "This is needed"),
    ({"unheard": "1"}, "elsewhere", "unheard This field is not known."),
    ({"since-²-step": "reply"}, "elsewhere", "This field is not known."),
    ({f"since-{'9' * 4500}-step": "reply"}, "elsewhere", "This field is not known."),
    ({"since": "x"}, "elsewhere", "This field is not known."),
]


def _problems(page: str, name: str) -> str:
    return _text(page.split(f'data-problems="{name}"')[1].split("</div>", maxsplit=1)[0])


@pytest.mark.parametrize(("values", "name", "expected"), BAD)
def test_bad_input_is_named_beside_its_field(
    quick_client: FlaskClient, values: dict[str, str], name: str, expected: str
) -> None:
    query = {**FIVE, **values, "lang": "en"}
    page = ""
    for path in ("/calculator/live", "/calculator"):
        answer = quick_client.get(path, query_string=query)
        page = answer.text
        assert answer.status_code == 400
        assert expected in _problems(page, name)
        assert 'class="verdict' not in page
    typed = next(iter(values.values()))
    if typed.isprintable() and name != "elsewhere":
        assert typed[:200] in unescape(page)  # what was typed is still there
    zh = quick_client.get("/calculator", query_string={**query, "lang": "zh"})
    assert zh.status_code == 400


def test_a_field_given_twice_is_no_choice_of_ours(quick_client: FlaskClient) -> None:
    answer = quick_client.get(f"/calculator?{urlencode(FIVE)}&deaths=6&lang=en")
    assert answer.status_code == 400
    assert "This field is given twice." in _problems(answer.text, "deaths")


def test_what_is_typed_is_never_markup(quick_client: FlaskClient) -> None:
    bad = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
    for name in (*FIVE, "since-0-step", "since-0-on", "since-0-number", "category", bad):
        page = quick_client.get("/calculator", query_string={**FIVE, name: bad}).text
        assert "<script>alert" not in page
        assert "<img src=x" not in page


def test_ten_megabytes_are_refused(quick_client: FlaskClient) -> None:
    answer = quick_client.get("/calculator", query_string={"deaths": "1" * 10_000_000})
    assert answer.status_code == 414
    assert quick_client.post("/calculator", data={"deaths": "1" * 10_000_000}).status_code == 413


def test_thousands_of_keys_are_refused(quick_client: FlaskClient) -> None:
    query = "&".join(f"since-{place}-step=reply" for place in range(400))
    assert quick_client.get(f"/calculator?{query}").status_code in (400, 414)
    assert quick_client.get("/calculator?" + "&" * 7000).status_code == 200


NAMES = [*FIVE, *LONG, "missing", "households", "zone_authorised", "since-7-number", "lang", "?"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.sampled_from(NAMES),
            st.one_of(
                st.text(max_size=20),
                st.sampled_from([*FIVE.values(), *LONG.values(), "0", "99999999", "2024-02-29"]),
            ),
        ),
        max_size=12,
    )
)
def test_no_query_is_a_fault(quick_client: FlaskClient, pairs: list[tuple[str, str]]) -> None:
    answer = quick_client.get(f"/calculator?{urlencode(pairs, errors='replace')}")
    assert answer.status_code in (200, 400)


# ------------------------------------------------------------- the address


@pytest.mark.parametrize("values", [FIVE, LONG])
def test_the_address_of_a_result_leads_to_it_again(
    quick_client: FlaskClient, values: dict[str, str]
) -> None:
    blanks = {"missing": "", "since-6-step": "", "since-6-on": "", "category": ""}
    page = quick_client.get("/calculator", query_string={**blanks, **values}).text
    address = unescape(page.split('id="share" href="')[1].split('"')[0])
    assert dict(parse_qsl(urlsplit(address).query)) == values
    again = quick_client.get(address).text
    assert again.split('id="share"')[1] == page.split('id="share"')[1]


def test_the_language_switch_keeps_the_facts(quick_client: FlaskClient) -> None:
    page = _get(quick_client, **FIVE)
    link = next(unescape(each) for each in re.findall(r'<a href="([^"]+)" lang="en"', page))
    query = dict(parse_qsl(urlsplit(link).query))
    assert query == {**FIVE, "lang": "en"}


def test_choices_follow_the_day_of_the_fire(quick_client: FlaskClient) -> None:
    now = _get(quick_client, **FIVE)
    assert 'value="530303"' in now
    assert 'value="530328"' not in now
    then = _get(quick_client, occurred_on="2015-05-12", as_of="2015-06-01")
    assert 'value="530328"' in then
    assert 'value="530303"' not in then


def test_the_question_of_the_zone_shows_for_the_zone_alone(quick_client: FlaskClient) -> None:
    hidden = 'data-optional="zone_authorised" hidden'
    assert hidden in _get(quick_client, **FIVE)
    assert hidden not in _get(quick_client, **{**FIVE, "division": "530300-jkq"})


def test_the_live_answer_is_the_form_and_the_result_alone(quick_client: FlaskClient) -> None:
    answer = quick_client.get("/calculator/live", query_string=FIVE)
    assert "<html" not in answer.text
    assert 'id="facts"' in answer.text
    assert 'id="result"' in answer.text


# ------------------------------------------------------------- cost


@contextmanager
def counted(app: Flask) -> Iterator[list[str]]:
    """The queries that run meanwhile."""
    statements: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith(("PRAGMA", "BEGIN")):
            statements.append(statement)

    engine = app.extensions["fireinvest"].database.engine
    event.listen(engine, "before_cursor_execute", note)
    yield statements
    event.remove(engine, "before_cursor_execute", note)


@pytest.mark.parametrize("path", ["/calculator", "/calculator/live", "/calendar/2025", "/rules"])
def test_two_queries_at_most(quick_app: Flask, path: str) -> None:
    """The notices in force, and where a fire is judged or the rule shown, the readings decided."""
    with counted(quick_app) as statements:
        query = FIVE if path.startswith("/calculator") else {}
        assert quick_app.test_client().get(path, query_string=query).status_code == 200
    assert len(statements) <= (2 if path.startswith("/calculator") else 1)
    assert all(statement.startswith("SELECT") for statement in statements)


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_inline(quick_client: FlaskClient, language: str) -> None:
    for path in ("/calculator", "/rules", "/calendar/2025", "/calendar/2030", "/nowhere"):
        query = {**LONG, "lang": language} if path == "/calculator" else {"lang": language}
        page = quick_client.get(path, query_string=query).text
        assert " style=" not in page
        assert "<style" not in page
        assert not re.search(r"<script(?![^>]* src=)", page)
        assert not re.search(r"\son[a-z]+=", page)


# ------------------------------------------------------------- another city


def test_another_city_is_data_alone(sqlite_url: str) -> None:
    settings_here = settings_for(sqlite_url)
    there = replace(settings_here.law, profiles=PROFILES, home_division="990100")
    app = create_app(replace(settings_here, law=there))
    client = app.test_client()
    facts = {
        "occurred_on": "2025-05-12",
        "occurred_time": "08:30",
        "division": "990121",
        "deaths": "1",
        "burnt_area_m2": "900",
        "households": "40",
        "as_of": "2025-05-12",
    }
    page = _get(client, **facts, lang="en")
    read = _text(page)
    assert "2025-05-12 20:30" in read  # a clock of 12 hours
    assert "today until 20:30" in read
    assert "burnt area (m²)" in read
    assert 'hidden data-optional="measures"' not in page
    assert client.get("/rules?on=2025-05-12&lang=en").status_code == 200
    app.extensions["fireinvest"].database.engine.dispose()
