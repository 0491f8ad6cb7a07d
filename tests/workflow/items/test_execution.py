"""Items of the execution: order of days, ends that are proved and stay, and who receives a reply."""

from dataclasses import replace
from datetime import date

import pytest

from fireinvest.workflow import proving
from fireinvest.workflow.items.base import Item
from fireinvest.workflow.items.execution import (
    CopySent,
    DisciplineLead,
    Liability,
    RectificationMeasure,
    ReplyDelivered,
    Transfer,
)

FIRE, TODAY = date(2025, 5, 12), date(2025, 9, 10)
ONE, TWO = date(2025, 8, 1), date(2025, 8, 2)


def wrong(item: Item) -> set[str]:
    return {each.field for each in item.problems(FIRE, TODAY)}


@pytest.mark.parametrize(
    ("before", "after", "is_possible"),
    [
        (None, "set", True), (None, "proved", True), ("set", "under_way", True),
        ("under_way", "set", True), ("set", "not_proved", True), ("not_proved", "proved", True),
        ("not_proved", "overtaken", True), ("not_proved", "not_proved", True),
        ("not_proved", "set", False), ("proved", "not_proved", False), ("proved", "proved", True),
        ("proved", "under_way", False), ("overtaken", "proved", False),
    ],
)  # fmt: skip
def test_states_end_in_three_ways_and_two_of_them_for_good(
    before: str | None, after: str, *, is_possible: bool
) -> None:
    assert proving.may_become(before, after) is is_possible


def test_what_is_open_and_what_is_carried_out() -> None:
    assert [proving.is_open(each) for each in (None, "set", *sorted(proving.ENDS))] == [
        True, True, False, False, False,
    ]  # fmt: skip
    assert [proving.is_carried_out(each) for each in ("set", "not_proved", "proved")] == [
        False, False, True,
    ]  # fmt: skip


@pytest.mark.parametrize("cls", [ReplyDelivered, CopySent])
def test_a_receipt_follows_the_sending_and_is_signed(
    cls: type[ReplyDelivered | CopySent],
) -> None:
    sent = cls("纪委监委", TWO)
    assert wrong(sent) == set()
    assert not sent.is_received
    assert wrong(replace(sent, received_on=ONE)) == {"received_on", "signed_by"}
    got = replace(sent, received_on=TWO, signed_by="某人")
    assert wrong(got) == set()
    assert got.is_received
    assert wrong(replace(got, sent_on=None)) == set()


def test_a_transfer_is_sent_received_and_answered_in_this_order() -> None:
    begun = Transfer("线索", "criminal", "公安机关")
    assert wrong(begun) == set()
    assert begun.is_open
    assert wrong(replace(begun, received_on=ONE)) == {"received_on"}
    assert wrong(replace(begun, sent_on=TWO, received_on=ONE)) == {"received_on"}
    assert wrong(replace(begun, result_on=ONE, result="立案")) == {"result_on"}
    sent = replace(begun, sent_on=TWO, received_on=TWO)
    assert wrong(replace(sent, result_on=ONE)) == {"result_on", "result"}
    assert wrong(replace(sent, result_on=TWO, result="立案")) == set()
    assert not replace(sent, result_on=TWO).is_open
    assert isinstance(DisciplineLead("线索"), Transfer)


MEASURE = RectificationMeasure("拆除", "某公司", None, "unit", ONE, TWO, "set")


def test_a_measure_has_a_limit_and_its_end_says_who_found_it() -> None:
    assert wrong(MEASURE) == set()
    assert wrong(replace(MEASURE, due_on=date(2025, 7, 31))) == {"due_on"}
    assert wrong(replace(MEASURE, set_on=None)) == set()
    assert wrong(replace(MEASURE, due_on=None)) == set()
    ended = replace(MEASURE, state="not_proved")
    assert wrong(ended) == {"accepted_by", "accepted_on"}
    assert wrong(replace(ended, accepted_by="某人", accepted_on=TWO)) == set()
    late = date(2025, 8, 3)
    assert [replace(MEASURE, due_on=each).is_overdue(TWO) for each in (ONE, TWO, late)] == [
        True, False, False,
    ]  # fmt: skip
    assert not replace(MEASURE, due_on=None).is_overdue(TWO)
    assert not replace(ended, due_on=ONE).is_overdue(TWO)


LIABLE = Liability(
    "某公司", "unit", fact="未落实", kind="administrative", proposed="罚款", state="proposed",
    state_on=ONE,
)  # fmt: skip


def test_a_penalty_that_was_decided_says_what_it_is() -> None:
    assert wrong(LIABLE) == set()
    assert wrong(replace(LIABLE, decided_on=ONE)) == {"decision"}
    assert wrong(replace(LIABLE, decided_on=ONE, decision="罚款5万元")) == set()
    assert [replace(LIABLE, due_on=each).is_overdue(TWO) for each in (ONE, TWO, None)] == [
        True, False, False,
    ]  # fmt: skip
    assert not replace(LIABLE, due_on=ONE, state="proved").is_overdue(TWO)


@pytest.mark.parametrize("item", [MEASURE, LIABLE])
def test_an_end_is_proved_and_stays(item: RectificationMeasure | Liability) -> None:
    def found(before: Item | None, now: Item, *, has_files: bool = False) -> list[str]:
        problems = now.signing_problems(before, (), has_files=has_files)
        return [each.field for each in problems]

    proved = replace(item, state="proved", proof="照片")
    bare = replace(item, state="proved")
    assert found(None, item) == []
    assert found(item, proved) == []
    assert found(item, bare) == ["proof"]
    assert found(item, bare, has_files=True) == []
    # That something isn't done is never told by a file alone.
    assert found(item, replace(item, state="not_proved"), has_files=True) == ["proof"]
    assert found(proved, item) == ["state"]
    assert found(replace(item, state="not_proved", proof="未做"), proved) == []
