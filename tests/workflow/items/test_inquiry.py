"""Findings name unit and individual or say why not; a fact stands first in its chain."""

from datetime import date

import pytest

from fireinvest.workflow.items.base import Item
from fireinvest.workflow.items.inquiry import ChainNode, LineFinding

DAY = date(2025, 5, 20)


def finding(result: str | None = "found", text: str | None = "违规充电", **more: object) -> Item:
    return LineFinding("use", "ignition", result, text, **more)  # type: ignore[arg-type] # names are fields


@pytest.mark.parametrize(
    ("item", "wrong"),
    [
        (finding(units=(1,), people=(2,)), []),
        (finding(unit_names="某厂", person_names="张三，厂长"), []),
        (finding(unit_names="某厂", no_person="尚未查实具体人员"), []),
        (finding(unit_names="某厂"), ["person_names"]),
        (finding(people=(2,)), ["unit_names"]),
        (finding(text=None, units=(1,), people=(2,)), ["text"]),
        (finding(text=None), ["text", "unit_names", "person_names"]),
        (finding("nothing_found", None, reason="查阅资料，未见异常"), []),
        (finding("nothing_found", None), ["reason"]),
        (finding("nothing_found", "文字", units=(1,)), ["reason"]),
        (finding(None, None), []),
        (ChainNode("fact", "起火", evidence=(1,)), []),
        (ChainNode("fact", "起火", before=(1,)), ["before"]),
        (ChainNode("cause", "短路", before=(1,)), []),
        (ChainNode("measure", "整改"), []),
    ],
)
def test_what_does_not_fit_together_is_named(item: Item, wrong: list[str]) -> None:
    assert [each.field for each in item.problems(DAY, DAY)] == wrong


@pytest.mark.parametrize(
    ("item", "doubts"),
    [
        (finding(units=(1,), people=(2,)), ["evidence"]),
        (finding(units=(1,), people=(2,), evidence=(1,)), []),
        (finding("nothing_found", None, reason="未见异常"), []),
    ],
)
def test_a_finding_without_evidence_is_told(item: Item, doubts: list[str]) -> None:
    assert [each.field for each in item.doubts()] == doubts


def test_they_are_called_by_how_they_begin() -> None:
    assert finding().called == "违规充电"
    assert finding("nothing_found", None, reason="未见异常").called == "未见异常"
    assert finding(None, None).called == ""
    assert ChainNode("fact", "一" * 60).called == "一" * 39 + "…"
    assert ChainNode().called == ""
