"""Are values from outside read with care?"""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fireinvest.messages import Problem, Text, render
from fireinvest.regulation.facts import (
    MOST_FEN,
    MOST_PEOPLE,
    Facts,
    Given,
    parse_moment,
    start_of_day,
)
from tests.regulation.law import day

DEEP: Any = []
for _ in range(50_000):
    DEEP = [DEEP]

#: Values that nobody should be able to do harm with, in any field.
HOSTILE: list[Any] = [
    float("nan"),
    float("inf"),
    -1,
    10**5000,
    -(10**5000),
    Decimal("1E+999999999"),
    Decimal("1E-999999999"),
    Decimal("NaN"),
    Decimal("sNaN"),
    Decimal("Infinity"),
    DEEP,
    {"deaths": {"a": [1]}},
    [1],
    b"5",
    "\x00",
    "\ud800",
    "x" * 10_000,
    "٣",
    "５",
    "五",
]


def read(method: str, value: object, **limits: Any) -> tuple[object, list[Problem]]:
    problems: list[Problem] = []
    reader: Callable[..., object] = getattr(Given({"field": value}, problems), method)
    return reader("field", **limits), problems


@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("method", ["count", "fen", "flag", "day", "moment"])
def test_hostile_values_are_refused_beside_their_field(method: str, value: object) -> None:
    found, problems = read(method, value)
    assert found is None
    assert [each.field for each in problems] == ["field"]
    assert len(render(problems[0].text, "en")) < 200


@pytest.mark.parametrize("method", ["count", "fen", "flag", "day", "moment", "text"])
@pytest.mark.parametrize("value", [None, "", "   ", "\u3000\n"])
def test_what_is_left_out_or_blank_is_not_known(method: str, value: object) -> None:
    assert read(method, value) == (None, [])


@pytest.mark.parametrize(
    ("value", "number"), [(0, 0), (5, 5), ("5", 5), (" 007 ", 7), (MOST_PEOPLE, MOST_PEOPLE)]
)
def test_a_count_is_a_whole_number_or_its_digits(value: object, number: int) -> None:
    assert read("count", value) == (number, [])


@pytest.mark.parametrize(
    "value", [True, False, 5.0, "5.0", "-5", "+5", "1_000", "5人", MOST_PEOPLE + 1, "100001"]
)
def test_what_is_no_count_is_refused(value: object) -> None:
    found, problems = read("count", value)
    assert found is None
    assert render(problems[0].text, "en") == "A whole number from 0 to 100000 is needed."


@pytest.mark.parametrize(
    ("value", "fen"),
    [
        (0, 0),
        ("0", 0),
        ("155454", 15545400),
        ("155454.5", 15545450),
        ("155454.50", 15545450),
        ("155454.5000", 15545450),
        ("0.01", 1),
        ("49,902,600.00", 4990260000),
        (Decimal("49902600.00"), 4990260000),
        (Decimal("4.99E+7"), 4990000000),
        (Decimal("0E+5"), 0),
        (49902600, 4990260000),
        ("1000000000000.00", MOST_FEN),
    ],
)
def test_money_is_read_exactly_as_fen(value: object, fen: int) -> None:
    assert read("fen", value) == (fen, [])


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (True, "An amount in yuan is needed"),
        (155454.5, "An amount in yuan is needed"),
        ("1,5", "An amount in yuan is needed"),
        ("1,00,000", "An amount in yuan is needed"),
        ("1,0000", "An amount in yuan is needed"),
        ("1e5", "An amount in yuan is needed"),
        ("-5", "An amount in yuan is needed"),
        (-5, "An amount in yuan is needed"),
        (Decimal(-5), "An amount in yuan is needed"),
        ("5.", "An amount in yuan is needed"),
        (".5", "An amount in yuan is needed"),
        ("5万", "An amount in yuan is needed"),
        ("0.001", "two decimals at most"),
        (Decimal("0.001"), "two decimals at most"),
        ("1234567890123456.0000000000000000000000001", "two decimals at most"),
        ("1000000000000.01", "at most 1000000000000 yuan"),
    ],
)
def test_money_that_is_not_meant_so_is_refused(value: object, why: str) -> None:
    found, problems = read("fen", value)
    assert found is None
    assert why in render(problems[0].text, "en")


@given(st.integers(0, MOST_FEN))
def test_every_fen_survives_the_reading(fen: int) -> None:
    written = f"{fen // 100}.{fen % 100:02d}"
    assert read("fen", written) == (fen, [])
    assert read("fen", Decimal(written)) == (fen, [])


@pytest.mark.parametrize(
    ("value", "flag"),
    [(True, True), (False, False), ("true", True), ("YES", True), ("No", False), ("false", False)],
)
def test_a_flag_is_true_or_false(value: object, flag: bool) -> None:
    assert read("flag", value) == (flag, [])


@pytest.mark.parametrize("value", [0, 1, "1", "maybe"])
def test_a_flag_is_no_number(value: object) -> None:
    assert read("flag", value)[0] is None
    assert len(read("flag", value)[1]) == 1


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("富源县", "富源县"),
        ("  a b ", "a b"),
        (7, "7"),
        ("张三\u3000李四", "张三\u3000李四"),
        ("two\nlines\tand", "two\nlines\tand"),
        ("𠮷\U00031350", "𠮷\U00031350"),
        ("\ue000", "\ue000"),
    ],
)
def test_a_text_is_kept_with_its_rare_characters(value: object, text: str) -> None:
    assert read("text", value) == (text, [])


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("a\x00b", "can't be shown"),
        ("a\x1b[2Jb", "can't be shown"),
        ("a\u202eb", "can't be shown"),
        ("a\u2028b", "can't be shown"),
        ("a\ud800b", "can't be shown"),
        ("a\uffffb", "can't be shown"),
        ("x" * 201, "at most 200"),
        (True, "A text is needed"),
        (1.5, "A text is needed"),
        ([], "A text is needed"),
        ({"a": 1}, "A text is needed"),
        pytest.param(10**5000, "A text is needed", id="huge"),
    ],
)
def test_a_text_that_would_do_harm_is_refused(value: object, why: str) -> None:
    found, problems = read("text", value)
    assert found is None
    assert why in render(problems[0].text, "en")


@pytest.mark.parametrize(("value", "choice"), [("a", "a"), (" b ", "b"), (None, None), ("", None)])
def test_a_choice_is_one_of_the_codes(value: object, choice: str | None) -> None:
    assert read("choice", value, codes=("a", "b")) == (choice, [])


@pytest.mark.parametrize("value", ["c", "A", 1, ["a"], {"a": 1}])
def test_another_choice_is_refused(value: object) -> None:
    found, problems = read("choice", value, codes=("a", "b"))
    assert found is None
    assert render(problems[0].text, "en") == "One of these is needed: a, b."


@pytest.mark.parametrize(
    ("written", "on", "at"),
    [
        ("2025-05-12", "2025-05-12", None),
        ("2025-05-12T23:50", "2025-05-12", datetime(2025, 5, 12, 15, 50, tzinfo=UTC)),
        ("2025-05-12 23:50", "2025-05-12", datetime(2025, 5, 12, 15, 50, tzinfo=UTC)),
        ("2025-05-12T00:00:00", "2025-05-12", datetime(2025, 5, 11, 16, 0, tzinfo=UTC)),
        ("2025-05-12T23:50+00:00", "2025-05-13", datetime(2025, 5, 12, 23, 50, tzinfo=UTC)),
        ("2025-05-12T23:50Z", "2025-05-13", datetime(2025, 5, 12, 23, 50, tzinfo=UTC)),
        ("2025-05-12T08:30:15.25+08:00", "2025-05-12", None),
    ],
)
def test_a_moment_belongs_to_its_day_in_china(written: str, on: str, at: datetime | None) -> None:
    found = parse_moment(written)
    assert found is not None
    assert found[0] == day(on)
    if at is not None or len(written) == len("2025-05-12"):
        assert found[1] == at
    assert read("day", written) == (day(on), [])


@pytest.mark.parametrize(
    "written",
    [
        "20250512",
        "2025-W20-1",
        "2025-132",
        "2025-02-30",
        "2025-05-12T24:30",
        "2025-05-12T23",
        "2025-05-12T23:50+99:00",
        "2025-05-12T23:50:00.1234567",
        "２０２５-05-12",
        "0000-05-12",
        "9999-12-31T23:00-12:00",
        "yesterday",
        "12.05.2025",
    ],
)
def test_what_is_no_day_or_moment_is_refused(written: str) -> None:
    assert parse_moment(written) is None
    found, problems = read("moment", written)
    assert found is None
    assert written[:10] in render(problems[0].text, "en")


def test_a_refused_value_is_shown_without_its_controls() -> None:
    _, problems = read("day", "2025\x1b[2J")
    assert "\x1b" not in render(problems[0].text, "en")


def test_fields_that_nobody_asked_for_are_reported() -> None:
    problems: list[Problem] = []
    fields = Given({"deaths": 1, "other": 2, "x" * 500: 3, "\x1b": 4}, problems, "facts.")
    assert fields.count("deaths") == 1
    assert len(fields.rest()) == 3
    fields.done()
    assert problems[0] == Problem("facts.other", Text("This field is not known."))
    assert len(problems[1].field) < 60
    assert problems[2].field == "facts.?"


def test_a_field_can_be_taken_as_it_stands() -> None:
    fields = Given({"actions": [1]}, [])
    assert fields.take("actions") == [1]
    assert fields.take("actions") is None


def test_a_change_that_says_nothing_changes_nothing() -> None:
    facts = Facts(date(2025, 5, 12), deaths=1)
    assert facts.with_known({"deaths": None}) is facts
    assert facts.with_known({"deaths": 0}).deaths == 0
    assert facts.with_known({"deaths": None, "missing": 2}) == Facts(
        date(2025, 5, 12), deaths=1, missing=2
    )


def test_a_day_begins_at_midnight_in_china() -> None:
    assert start_of_day(day("2025-05-12")) == datetime(2025, 5, 11, 16, 0, tzinfo=UTC)
