"""Items of the reply and the public version: what fits together, and what stays as it was."""

from dataclasses import replace
from datetime import date

import pytest

from fireinvest.workflow.items.base import Item
from fireinvest.workflow.items.public import Acceptance, PublicationProof, Release, Withheld
from fireinvest.workflow.items.reply import (
    Confirmation,
    PointCheck,
    Reply,
    ReplyPoint,
    RouteStage,
)

DAY, NEXT = date(2025, 7, 20), date(2025, 7, 21)
STAGE = RouteStage(1, "legal_review", "司法局", NEXT)
REPLY = Reply(1, "approved", "富政复1号", NEXT, "sign_off", "富源县人民政府")
WITHHELD = Withheld((1,), "张三", "personal", "张某")


@pytest.mark.parametrize(
    ("item", "wrong"),
    [
        (STAGE, []),
        (replace(STAGE, began_on=None), []),
        (replace(STAGE, due_on=NEXT), []),
        (replace(STAGE, due_on=DAY), ["due_on"]),
        (replace(STAGE, ended_on=NEXT, opinion="合法"), []),
        (replace(STAGE, ended_on=DAY, opinion="合法"), ["ended_on"]),
        (replace(STAGE, ended_on=NEXT), ["opinion"]),
        (replace(STAGE, opinion="合法"), ["ended_on"]),
        (REPLY, []),
        (replace(REPLY, replied_on=None), []),
        (replace(REPLY, points=(1,)), ["points"]),
        (replace(REPLY, decision="approved_with_changes"), ["points"]),
        (replace(REPLY, decision="approved_with_changes", points=(1,)), []),
        (replace(REPLY, decision="returned"), ["grounds"]),
        (replace(REPLY, decision="returned", grounds="依据不足", points=(1,)), []),
        (replace(REPLY, decision="returned", grounds="字" * 2000), []),
        (replace(REPLY, decision="returned", grounds="字" * 2001), ["grounds"]),
        (replace(REPLY, decided_by="executive_meeting"), ["meeting_on"]),
        (replace(REPLY, decided_by="executive_meeting", meeting_on=NEXT), []),
        (replace(REPLY, meeting_on=date(2025, 7, 22)), ["meeting_on"]),
        (replace(REPLY, closed_on=NEXT), []),
        (replace(REPLY, closed_on=DAY), ["closed_on"]),
        (PointCheck((1,), "met"), []),
        (PointCheck((1,), "waived"), ["waived_for"]),
        (PointCheck((1,), "waived", waived_for="已另文说明"), []),
        (WITHHELD, []),
        (replace(WITHHELD, section=None, passage=None), []),
        (replace(WITHHELD, section=(1, 2)), ["section"]),
        (replace(WITHHELD, replacement="张三（略）"), ["replacement"]),
        (replace(WITHHELD, replacement=None), []),
    ],
)
def test_what_does_not_fit_together_is_named(item: Item, wrong: list[str]) -> None:
    assert [each.field for each in item.problems(DAY, NEXT)] == wrong


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (REPLY, replace(REPLY, decision="returned")),
        (
            Confirmation((1,), DAY, "已落实", "R1@1", "a"),
            Confirmation((1,), DAY, "改", "R1@1", "a"),
        ),
        (Release("报告", DAY, "正文", "a", "b"), Release("报告", DAY, "改", "a", "b")),
    ],
)
def test_what_was_answered_confirmed_or_released_stays_as_it_was(before: Item, now: Item) -> None:
    assert not list(now.signing_problems(None, (), has_files=False))
    assert not list(before.signing_problems(before, (), has_files=False))
    assert len(list(now.signing_problems(before, (), has_files=False))) == 1


@pytest.mark.parametrize(
    ("address", "has_files", "wrong"),
    [(None, False, ["address"]), ("http://a.example", False, []), (None, True, [])],
)
def test_a_publication_is_proved_by_a_link_or_a_picture(
    address: str | None, has_files: bool, wrong: list[str]
) -> None:
    proof = PublicationProof((1,), ("report_media",), "某日报", DAY, address)
    found = proof.signing_problems(None, (), has_files=has_files)
    assert [each.field for each in found] == wrong


def test_they_are_called_by_what_they_say() -> None:
    long = "字" * 50
    assert STAGE.called == "司法局"
    assert STAGE.is_open
    assert not replace(STAGE, ended_on=NEXT).is_open
    assert REPLY.called == "富政复1号"
    for item in (
        ReplyPoint(1, text=long),
        PointCheck((1,), waived_for=long),
        Confirmation(note=long),
        Withheld((1,), long),
    ):
        assert item.called == "字" * 39 + "…"
    for empty in (ReplyPoint(), PointCheck(), Confirmation(), Withheld()):
        assert empty.called == ""
    assert Acceptance((1,), "phone", "119").called == "119"
