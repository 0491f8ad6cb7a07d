"""Is a submitted report complete by arts 18 to 20?"""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from fireinvest.messages import render
from fireinvest.regulation.profile import Ruleset
from fireinvest.workflow.case import Case
from fireinvest.workflow.completeness import (
    Standing,
    checks_of,
    demands_before,
    missing_before,
)
from fireinvest.workflow.items.base import Item
from fireinvest.workflow.items.people import Party
from fireinvest.workflow.items.report import (
    Approval,
    Opinion,
    ReportSignature,
    Section,
    Submission,
)
from fireinvest.workflow.registers import Record
from tests.workflow.stories import told_until

DAY = date(2025, 6, 10)
SENT = Submission("消1号", "报告", "县政府", DAY, "R1@1", "abc")
PARTS = ("unit", "course", "casualties", "cause", "responsibility", "measures")


@pytest.fixture(scope="module")
def case() -> Case:
    return told_until("approval").case


def record(item: int, values: Item) -> Record:
    at = datetime(2025, 5, 13, tzinfo=UTC)
    return Record(item, "x", item, 1, values, at, "zhao")


def told(case: Case, sections: list[Item], **items: list[Item]) -> list[tuple[str, str, str]]:
    found = checks_of(
        case,
        SENT,
        [record(n, each) for n, each in enumerate(sections, 1)],
        {name: [record(n, each) for n, each in enumerate(each, 1)] for name, each in items.items()},
        {"member one": "王成员"},
    )
    return [
        (str(each.citation), each.standing.value, render(each.detail or "", "en")) for each in found
    ]


def test_each_part_has_words_in_it(case: Case) -> None:
    written: list[Item] = [Section(each, each, 1, "文字") for each in PARTS]
    found = [each for each in told(case, written) if each[0].startswith("rule:20(")]
    assert [each[:2] for each in found] == [(f"rule:20({n})", "met") for n in range(1, 7)]
    gone: list[Item] = [*written[:5], Section("measures", "空", 1, " "), Party("x")]
    found = [each for each in told(case, gone) if each[0] == "rule:20(6)"]
    assert found == [("rule:20(6)", "lacking", "Nothing is written in it.")]


@pytest.mark.parametrize(
    ("opinions", "expected"),
    [
        ([Party("x")], [("lacking", "Nobody was asked.")]),
        ([Opinion("公安局", asked_on=DAY)], [("lacking", "Without an answer: 公安局.")]),
        (
            [Opinion("公安局", asked_on=DAY, answered_on=DAY)],
            [("lacking", "Whether adopted is open: 公安局.")],
        ),
        ([Opinion("公安局", answered_on=DAY, adopted="yes")], [("met", "1 asked, all answered.")]),
    ],
)
def test_opinions_were_sought_and_dealt_with(
    case: Case, opinions: list[Item], expected: list[tuple[str, str]]
) -> None:
    found = [each[1:] for each in told(case, [], opinions=opinions) if each[0] == "rule:18"]
    assert found[:-1] == expected


@pytest.mark.parametrize(
    ("approvals", "expected"),
    [
        ([], ("lacking", "")),
        ([Party("x"), Approval("unit", "approved", text_hash="abc")], ("lacking", "")),
        ([Approval(None, "returned", text_hash="abc")], ("lacking", "")),
        ([Approval(None, "approved", text_hash="old")], ("lacking", "The text was changed since.")),
        ([Approval(None, "approved", text_hash="abc")], ("met", "")),
    ],
)
def test_the_leader_approved_just_this_text(
    case: Case, approvals: list[Item], expected: tuple[str, str]
) -> None:
    found = [each[1:] for each in told(case, [], approvals=approvals) if each[0] == "rule:18"]
    assert found[-1] == expected


def test_every_member_signed_this_text_dissents_and_refusals_are_told(case: Case) -> None:
    members = list(dict.fromkeys(each.person for each in case.team if each.is_active))
    names = ", ".join(members).replace("member one", "王成员")

    def signatures(*signed: Item) -> list[tuple[str, str]]:
        found = told(case, [], signatures=list(signed))
        return [each[1:] for each in found if each[0] == "rule:19"]

    assert signatures(Party("x")) == [("lacking", f"Not signed: {names}.")]
    old = [ReportSignature(each, "signed", text_hash="old") for each in members]
    assert signatures(*old) == [("lacking", f"Signed another text: {names}.")]
    good = [ReportSignature(each, "signed", text_hash="abc") for each in members]
    whole = f"{len(members)} of {len(members)}."
    assert signatures(*good) == [("met", whole)]
    dissent = ReportSignature(members[0], "dissent", text_hash="abc", note="不同意")
    assert signatures(*good, dissent) == [("met", whole), ("told", members[0])]
    # A refusal is of no text.
    refused = ReportSignature(members[0], "refused", text_hash="old", note="拒签")
    assert signatures(*good, refused) == [("met", whole), ("told", members[0])]


def test_what_a_report_should_have_behind_it_follows_from_the_table(case: Case) -> None:
    ruleset: Ruleset = case.ruleset
    steps = demands_before(ruleset)
    assert {"approve_report", "sign_report", "consult", "draft_report", "establish_team"} <= steps
    assert not {"reply", "receive_report", "submit_report", "publish"} & steps
    assert {each.step for each in missing_before(case)} <= steps
    assert Standing.TOLD.value == "told"


def test_a_rule_without_the_step_demands_nothing(case: Case) -> None:
    left = {name: each for name, each in case.ruleset.steps.items() if name != "submit_report"}
    assert demands_before(replace(case.ruleset, steps=left)) == frozenset()
