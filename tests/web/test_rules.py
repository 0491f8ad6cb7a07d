"""The rules page: the whole law in force for a place and a day, with every article."""

import re
from datetime import date
from html import unescape

import pytest
from flask.testing import FlaskClient

from fireinvest.messages import LANGUAGES, render
from fireinvest.regulation.rulesets import known_law


def _read(client: FlaskClient, status: int = 200, **query: str) -> str:
    answer = client.get("/rules", query_string=query)
    assert answer.status_code == status
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", answer.text)))


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_of_the_rule_is_there(quick_client: FlaskClient, language: str) -> None:
    ruleset = known_law().in_force("530300", date(2025, 5, 12))
    read = _read(quick_client, on="2025-05-12", lang=language)
    labels = [
        *(each.label for each in ruleset.clocks.values()),
        *(each.label for each in ruleset.steps.values()),
        *(each.label for each in ruleset.stages.values()),
        *(each.question for each in ruleset.readings.values()),
        *(each.reason for each in ruleset.readings.values()),
        *(each.title for each in ruleset.instruments.values()),
        *(item.label for each in ruleset.lists.values() for item in each.items),
        *(route.label for route in ruleset.routes),
    ]
    for label in labels:
        assert render(label, language) in read


def test_before_the_city_rule_the_nation_stands_alone(quick_client: FlaskClient) -> None:
    read = _read(quick_client, on="2020-05-12", division="530325", lang="en")
    assert "National law" in read
    assert "This law names no stages." in read
    assert "The rule is silent" in read


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"on": "2025-02-30"}, "2025-02-30 is not a date"),
        ({"on": "x" * 10_000}, "is not a date"),
        ({"on": "0001-01-01"}, "No rule is known"),
        ({"division": "999999"}, "No division with the code 999999"),
        ({"division": "<b>"}, "No division with the code <b>"),
    ],
)
def test_bad_input_is_named(
    quick_client: FlaskClient, query: dict[str, str], expected: str
) -> None:
    assert expected in _read(quick_client, 400, **query, lang="en")
