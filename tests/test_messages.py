"""Is a sentence shown in the reader's language, with its values?"""

from datetime import UTC, date, datetime

import pytest

from fireinvest.messages import (
    Faulty,
    Joined,
    Label,
    Problem,
    Text,
    Words,
    excerpt,
    money,
    render,
)

LABEL = Label(zh="较大", en="relatively serious")


@pytest.mark.parametrize(
    ("words", "en"),
    [
        ("as it is", "as it is"),
        (LABEL, "relatively serious"),
        (Text("100 % sure"), "100 % sure"),
        (Text("%(n)s of 100 %%", n=5), "5 of 100 %"),
        (Text("level: %(level)s", level=LABEL), "level: relatively serious"),
        (Text("on %(day)s", day=date(2025, 5, 12)), "on 2025-05-12"),
        (
            Text("at %(moment)s", moment=datetime(2025, 5, 12, 15, 50, tzinfo=UTC)),
            "at 2025-05-12 23:50",
        ),
        (Text("(%(inner)s)", inner=Text("in %(n)s", n=1)), "(in 1)"),
        (Joined(("a", LABEL, Text("c"))), "a, relatively serious, c"),
        (Text("%(list)s", list=Joined(("a", "b"))), "a, b"),
    ],
)
def test_words_are_rendered_with_their_values(words: Words, en: str) -> None:
    assert render(words, "en") == en


def test_chinese_readers_get_the_chinese_wording_and_commas() -> None:
    assert render(LABEL, "zh") == "较大"
    assert render(Joined((LABEL, "b")), "zh") == "较大、b"


def test_a_text_without_a_translation_stays_english() -> None:
    assert render(Text("a text that nobody translated"), "zh") == "a text that nobody translated"


def test_texts_are_equal_by_what_they_say() -> None:
    assert Text("a %(n)s", n=1) == Text("a %(n)s", n=1)
    assert Text("a %(n)s", n=1) != Text("a %(n)s", n=2)
    assert len({Text("a", n=1), Text("a", n=1)}) == 1


def test_a_fault_tells_every_problem_with_its_field() -> None:
    fault = Faulty(
        each for each in [Problem("deaths", Text("too many")), Problem("on", LABEL, "rule:5")]
    )
    assert str(fault) == "deaths: too many; on: relatively serious"
    assert [each.article for each in fault.problems] == [None, "rule:5"]


@pytest.mark.parametrize(
    ("fen", "zh", "en"),
    [
        (0, "0万元", "0 yuan"),
        (1, "0.000001万元", "0.01 yuan"),
        (4990_2600_00, "4990.26万元", "49,902,600 yuan"),
        (1000_0000_00, "1000万元", "10,000,000 yuan"),
        (999_9999_99, "999.999999万元", "9,999,999.99 yuan"),
        (15_5454_00, "15.5454万元", "155,454 yuan"),
        (150, "0.00015万元", "1.50 yuan"),
    ],
)
def test_money_is_worded_exactly(fen: int, zh: str, en: str) -> None:
    assert money(fen) == Label(zh, en)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (" plain ", "plain"),
        (5, "5"),
        (None, "None"),
        ("a\x1b[2Jb\nc", "a?[2Jb?c"),
        ("x" * 40, "x" * 40),
        ("x" * 41, "x" * 39 + "…"),
        ([1], "…"),
        ({"a": 1}, "…"),
        pytest.param(10**5000, "…", id="huge"),
    ],
)
def test_what_was_given_is_shown_briefly_and_harmlessly(given: object, shown: str) -> None:
    assert excerpt(given) == shown
