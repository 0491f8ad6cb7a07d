"""Are passages of law cited as they are read?"""

import pytest

from fireinvest.messages import Label
from fireinvest.regulation.basis import Citation, chinese_number, cite, parse_citation

RULE = Label("《规定》", "Rule")


@pytest.mark.parametrize(
    ("written", "article", "zh", "en"),
    [
        ("rule:31", "31", "《规定》第三十一条", "Rule art 31"),
        ("rule:31(1)", "31", "《规定》第三十一条第（一）项", "Rule art 31(1)"),
        ("rule:3.2", "3", "《规定》第三条第二款", "Rule art 3(2)"),
        ("rule:3.2(12)", "3", "《规定》第三条第二款第（十二）项", "Rule art 3(2)(12)"),
        ("rule:ch4", "ch4", "《规定》第四章", "Rule ch 4"),
        ("rule:*", "*", "《规定》", "Rule"),
        ("rule:1260", "1260", "《规定》第一千二百六十条", "Rule art 1260"),
    ],
)
def test_a_citation_is_read_and_worded(written: str, article: str, zh: str, en: str) -> None:
    citation = parse_citation(written)
    assert citation is not None
    assert str(citation) == written
    assert citation.article == article
    assert cite(citation, RULE) == Label(zh, en)


@pytest.mark.parametrize(
    "written",
    ["", "rule", "rule:", "31", "Rule:31", "rule:0", "rule:31(0)", "rule:3.0", "rule:31()",
     "rule:３", "rule:31 (1)", "rule:31(1)x", "rule:12345", "rule:ch", "规定:31", "rule:3.2.1"],
)  # fmt: skip
def test_what_is_no_citation_is_refused(written: str) -> None:
    assert parse_citation(written) is None


def test_a_citation_made_by_no_profile_is_read_as_the_instrument() -> None:
    assert cite(Citation("rule", "somewhere"), RULE) == RULE


@pytest.mark.parametrize(
    ("number", "written"),
    [
        (1, "一"),
        (10, "十"),
        (11, "十一"),
        (20, "二十"),
        (31, "三十一"),
        (100, "一百"),
        (101, "一百零一"),
        (110, "一百一十"),
        (111, "一百一十一"),
        (1000, "一千"),
        (1001, "一千零一"),
        (1010, "一千零一十"),
        (1100, "一千一百"),
        (1260, "一千二百六十"),
        (9999, "九千九百九十九"),
    ],
)
def test_articles_are_numbered_in_chinese(number: int, written: str) -> None:
    assert chinese_number(number) == written
