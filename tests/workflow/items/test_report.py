"""Items of the report: what is released says something, reasons stand, and what was signed stays."""

from dataclasses import replace
from datetime import date

import pytest

from fireinvest.workflow.items.base import Item
from fireinvest.workflow.items.report import (
    Approval,
    Opinion,
    RemarkAnswer,
    ReportSignature,
    Section,
    Submission,
)

DAY = date(2025, 5, 20)
NEXT = date(2025, 5, 21)
ASKED = Opinion("应急管理局", asked_on=DAY, due_on=NEXT)
ANSWERED = replace(ASKED, answered_on=NEXT, text="无意见", adopted="none")
APPROVAL = Approval("unit", "approved", None, DAY, "R1@1", "a" * 64)
SIGNATURE = ReportSignature("zhao", "signed", "account", DAY, None, "R1@1", "a" * 64)
SUBMISSION = Submission("曲消1号", "报告", "市政府", DAY, "R1@1", "a" * 64)


@pytest.mark.parametrize(
    ("item", "wrong"),
    [
        (Section("unit", "概况", 1, "文字", "released"), []),
        (Section("unit", "概况", 1, None, "drafting"), []),
        (Section("unit", "概况", 1, None, "released"), ["text"]),
        (Section("unit", "概况", 1, " \n", "released"), ["text"]),
        (ASKED, []),
        (ANSWERED, []),
        (Opinion("应急管理局"), []),
        (replace(ASKED, due_on=DAY), []),
        (replace(ASKED, asked_on=NEXT, due_on=DAY), ["due_on"]),
        (replace(ANSWERED, asked_on=NEXT, answered_on=DAY), ["answered_on"]),
        (replace(ASKED, text="无意见"), ["answered_on"]),
        (replace(ASKED, text="无意见", adopted="yes"), ["answered_on"]),
        (replace(ASKED, adopted="yes"), ["answered_on"]),
        (replace(ANSWERED, text=None), ["text"]),
        (replace(ANSWERED, adopted=None), []),
        (replace(ANSWERED, adopted="yes"), []),
        (replace(ANSWERED, adopted="partly"), ["reason"]),
        (replace(ANSWERED, adopted="no"), ["reason"]),
        (replace(ANSWERED, adopted="no", reason="无依据"), []),
        (APPROVAL, []),
        (replace(APPROVAL, decision="returned"), ["remarks"]),
        (replace(APPROVAL, decision="returned", remarks="补充"), []),
        (SIGNATURE, []),
        (replace(SIGNATURE, result="dissent"), ["note"]),
        (replace(SIGNATURE, result="refused"), ["note"]),
        (replace(SIGNATURE, result="dissent", note="不同意"), []),
    ],
)
def test_what_does_not_fit_together_is_named(item: Item, wrong: list[str]) -> None:
    assert [each.field for each in item.problems(DAY, DAY)] == wrong


@pytest.mark.parametrize(
    ("item", "doubts"),
    [(ASKED, []), (ANSWERED, []), (replace(ANSWERED, adopted=None), ["adopted"])],
)
def test_an_answer_of_which_nothing_was_decided_is_told(item: Item, doubts: list[str]) -> None:
    assert [each.field for each in item.doubts()] == doubts


@pytest.mark.parametrize(
    ("item", "before", "people", "has_files", "wrong"),
    [
        (SIGNATURE, None, ("zhao",), False, []),
        (SIGNATURE, None, ("qian", "zhao"), False, []),
        (SIGNATURE, None, ("qian",), False, ["way"]),
        (SIGNATURE, None, ("qian",), True, ["way"]),
        (replace(SIGNATURE, way="scan"), None, ("qian",), True, []),
        (replace(SIGNATURE, way="scan"), None, ("zhao",), False, ["files"]),
        (replace(SIGNATURE, result="refused"), None, ("qian",), False, []),
        (SIGNATURE, SIGNATURE, ("qian",), False, []),
        (replace(SIGNATURE, result="dissent"), SIGNATURE, ("zhao",), False, ["result"]),
        (APPROVAL, None, (), False, []),
        (APPROVAL, APPROVAL, (), False, []),
        (replace(APPROVAL, decision="returned"), APPROVAL, (), False, ["decision"]),
        (SUBMISSION, None, (), False, []),
        (replace(SUBMISSION, number="2", bound="R1@2"), SUBMISSION, (), False, ["number", "bound"]),
    ],
)
def test_everybody_signs_for_themselves_and_what_was_signed_stays(
    item: Item, before: Item | None, people: tuple[str, ...], has_files: bool, wrong: list[str]
) -> None:
    found = item.signing_problems(before, people, has_files=has_files)
    assert [each.field for each in found] == wrong


def test_they_are_called_by_how_they_begin() -> None:
    assert APPROVAL.called == ""
    assert replace(APPROVAL, remarks="补充").called == "补充"
    assert RemarkAnswer((1,), "一" * 60, DAY).called == "一" * 39 + "…"
    assert RemarkAnswer().called == ""
    assert Section("unit", "概况").called == "概况"
