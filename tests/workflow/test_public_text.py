"""How the public version reads: without what is withheld, with its tables, checked as a whole."""

from datetime import UTC, datetime

import pytest

from fireinvest.workflow.case import Case
from fireinvest.workflow.items.base import Item
from fireinvest.workflow.items.people import Party
from fireinvest.workflow.items.public import Acceptance, Withheld
from fireinvest.workflow.items.report import Section
from fireinvest.workflow.public_check import Named, Sort
from fireinvest.workflow.public_text import LEFT_OUT, findings_in, plain_text, public_sections
from fireinvest.workflow.registers import Record
from fireinvest.workflow.report_text import FrozenTable
from tests.workflow.stories import told_until

NAMES = {"伤亡人员表": "casualties", "损失": "losses"}
TABLES = [FrozenTable("casualties", (("序号", "姓名"), ("1", "张三")))]


@pytest.fixture(scope="module")
def case() -> Case:
    return told_until("evidence").case


def record(item: int, values: Item, restriction: str | None = None) -> Record:
    at = datetime(2025, 5, 13, tzinfo=UTC)
    return Record(item, "sections", item, 1, values, at, "zhao", restriction=restriction)


def test_withheld_passages_are_replaced_and_tables_stand_in_their_places(case: Case) -> None:
    sections = [
        record(1, Section("unit", "张三之店", 1, "店主张三，电话13812345678。\n{{损失}}{{别的}}")),
        record(2, Section("casualties", "伤亡", 1, "{{伤亡人员表}}张三")),
        record(3, Section("cause", "内情", 1, "不公开的内容"), "discipline"),
        record(4, Section(None, None, None, None)),
        record(5, Party("不是章节")),
    ]
    withheld = [
        record(1, Withheld((1,), "张三", "personal", "张某")),
        record(2, Withheld((1, 2), "13812345678", "personal")),
        record(3, Withheld((2,), "1  张三", "personal")),
        record(4, Withheld((2,), None, "personal")),
        record(5, Party("不是保留内容")),
    ]
    one, two, three, four = public_sections(case, sections, TABLES, NAMES, withheld)
    assert (one.title, one.text) == (
        "张某之店",
        f"店主张某，电话{LEFT_OUT}。\n{LEFT_OUT}\n{{{{别的}}}}",
    )
    assert one.used == {1, 2}
    assert (two.text, two.used) == (f"序号  姓名\n{LEFT_OUT}\n张三", frozenset({3}))
    # Of what is restricted as a whole, not even the title shows.
    assert (three.whole, three.is_left_out) == (f"{LEFT_OUT}\n{LEFT_OUT}", True)
    assert (four.part, four.whole) == ("", "\n")
    written = plain_text(case, "报告", [two, one, three, four])
    zh = {each.id: each.label.zh for each in case.ruleset.lists["report_parts"].items}
    assert written.split("\n\n") == [
        "报告", zh["unit"], one.whole, zh["casualties"], two.whole, zh["cause"],
        f"{LEFT_OUT}\n{LEFT_OUT}\n",
    ]  # fmt: skip


def test_what_is_found_is_open_until_it_is_accepted_for_its_own_section(case: Case) -> None:
    sections = public_sections(
        case,
        [record(1, Section("unit", "店", 1, "张三，１３８12345678")),
         record(2, Section("course", "经过", 1, "张三"))],
        [], NAMES, [],
    )  # fmt: skip
    accepted = [
        record(1, Acceptance((1,), "phone", "138 1234 5678", "单位公开电话")),
        record(2, Acceptance((1,), "victim", "李四", "无关")),
        record(3, Acceptance((2,), "person", "张三", "另一种")),
        record(4, Acceptance(None, "victim", None, "空")),
        record(5, Party("无关")),
    ]
    found = list(findings_in(sections, [Named("张三", Sort.VICTIM)], accepted))
    told = [(each.section, each.hit.text, each.accepted) for each in found]
    assert told == [(1, "张三", None), (1, "１３８12345678", accepted[0]), (2, "张三", None)]
