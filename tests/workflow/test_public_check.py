"""What the check before publication finds in a text, and what it leaves alone."""

from datetime import UTC, date, datetime

import pytest

from fireinvest.workflow.items.base import Item
from fireinvest.workflow.items.casualties import Casualty
from fireinvest.workflow.items.evidence import Evidence
from fireinvest.workflow.items.people import Party
from fireinvest.workflow.public_check import (
    Named,
    Sort,
    as_compared,
    hits_in,
    named_people,
    redacted,
)
from fireinvest.workflow.registers import Record

FIRE_ON = date(2025, 5, 12)


def record(item: int, values: Item, register: str = "parties") -> Record:
    return Record(item, register, item, 1, values, datetime(2025, 5, 13, tzinfo=UTC), "zhao")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("身份证号530302190001011234，", [("identity_no", "530302190001011234")]),
        ("53030219000101123X", [("identity_no", "53030219000101123X")]),
        ("53030219000101123x", [("identity_no", "53030219000101123x")]),
        ("530302 19000101 1234", [("identity_no", "530302 19000101 1234")]),
        (
            "５３０３０２１９０００１０１１２３４",
            [("identity_no", "５３０３０２１９０００１０１１２３４")],
        ),
        ("旧号530302000101123号", [("identity_no", "530302000101123")]),
        # No month 13, no day 39: an account, not a person's number.
        ("530302190013011234", [("account", "530302190013011234")]),
        ("530302190001391234", [("account", "530302190001391234")]),
        ("电话13812345678。", [("phone", "13812345678")]),
        ("138-1234-5678", [("phone", "138-1234-5678")]),
        ("138 1234 5678", [("phone", "138 1234 5678")]),
        ("+8613812345678", [("phone", "+8613812345678")]),
        ("86 138 1234 5678", [("phone", "86 138 1234 5678")]),
        ("１３８１２３４５６７８", [("phone", "１３８１２３４５６７８")]),
        ("0874-3123456", [("phone", "0874-3123456")]),
        ("（0874）3123456", [("phone", "（0874）3123456")]),
        ("021－61234567", [("phone", "021－61234567")]),
        ("400-123-4567", [("phone", "400-123-4567")]),
        ("12812345678", []),
        ("1381234567", []),
        ("138123456789", []),
        ("云D12345货车", [("plate", "云D12345")]),
        ("云D·1A345", [("plate", "云D·1A345")]),
        ("云DD12345", [("plate", "云DD12345")]),
        ("云d12345", [("plate", "云d12345")]),
        ("云D1234学", [("plate", "云D1234学")]),
        ("云Ｄ１２３４５", [("plate", "云Ｄ１２３４５")]),
        ("云I12345", []),
        ("云D1234", []),
        ("云D12345678", []),
        ("账号6222021234567890123", [("account", "6222021234567890123")]),
        ("6222 0212 3456 7890 123", [("account", "6222 0212 3456 7890 123")]),
        ("621483012345678", [("account", "621483012345678")]),
        ("62148301234567", []),
        ("损失1234567.89元，面积120平方米，2025年5月12日21时35分", []),
        ("曲政办发〔2023〕7号，第28条", []),
        ("统一代码91530300MA6K12345X", []),
        ("编号A530302190001011234", []),
        (
            "张三（530302190001011234，13812345678）",
            [("victim", "张三"), ("identity_no", "530302190001011234"), ("phone", "13812345678")],
        ),
        ("张 三和欧阳小明", [("victim", "张 三"), ("minor", "欧阳小明")]),
        ("小明", [("person", "小明")]),
        ("", []),
    ],
)
def test_numbers_and_names_are_found_as_they_stand(text: str, found: list[tuple[str, str]]) -> None:
    people = [
        Named("小明", Sort.PERSON), Named("张三", Sort.VICTIM), Named("欧阳小明", Sort.MINOR),
    ]  # fmt: skip
    hits = hits_in(text, people)
    assert [(each.sort.value, each.text) for each in hits] == found
    assert all(text[each.start : each.end] == each.text for each in hits)


@pytest.mark.parametrize(
    ("values", "sort"),
    [
        (Casualty("张三", outcome="dead"), Sort.VICTIM),
        (Casualty("张三", outcome="dead", age=18), Sort.VICTIM),
        (Casualty("张三", outcome="dead", age=17), Sort.MINOR),
        (Casualty("张三", outcome="dead", is_minor=True, age=30), Sort.MINOR),
        (Casualty("张三", outcome="dead", is_minor=False, age=7), Sort.VICTIM),
        (Casualty("张三", identity_no="530302200705121234"), Sort.VICTIM),
        (Casualty("张三", identity_no="530302200705131234"), Sort.MINOR),
        (Casualty("张三", identity_no="530302200713131234"), Sort.VICTIM),
        (Party("张三", "person", "victim"), Sort.VICTIM),
        (Party("张三", "person", "witness"), Sort.PERSON),
        (Party("张三", "person", "witness", identity_no="530302201001011234"), Sort.MINOR),
        (Party("张三", "unit", "owner"), None),
        (Party("张", "person", "victim"), None),
        (Party(None, "person", "victim"), None),
        (Evidence("张三"), None),
    ],
)
def test_people_are_looked_for_as_what_they_are(values: Item, sort: Sort | None) -> None:
    is_casualty = isinstance(values, Casualty)
    one = [record(1, values)]
    found = named_people([] if is_casualty else one, one if is_casualty else [], FIRE_ON)
    assert found == (() if sort is None else (Named("张三", sort),))


def test_a_child_among_the_parties_is_one_by_its_casualty_and_the_graver_counts() -> None:
    parties = [record(4, Party("李 小红", "person", "victim")), record(5, Party("王五", "person"))]
    casualties = [
        record(1, Casualty("李小红", (4,), age=8)),
        record(2, Casualty("王五")),
        record(3, Evidence("物证")),
    ]
    assert named_people(parties, casualties, FIRE_ON) == (
        Named("李小红", Sort.MINOR), Named("王五", Sort.VICTIM),
    )  # fmt: skip


def test_passages_are_replaced_the_longest_first_and_compared_without_widths() -> None:
    assert redacted("张三丰和张三", [("张三", "张某"), ("张三丰", "甲"), ("", "乙")]) == "甲和张某"
    assert as_compared("１３８ 1234-5678") == "1381234-5678"
    assert as_compared("〇") == "〇"
