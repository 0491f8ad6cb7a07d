"""Items of the team: each ground is answered, meetings end after they begin, tasks have proof."""

from datetime import UTC, date, datetime

import pytest

from fireinvest.workflow.items.base import Item
from fireinvest.workflow.items.team import Declaration, MeetingRecord, RosterLine, Task

DAY = date(2025, 5, 20)
AT = datetime(2025, 5, 20, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("item", "wrong"),
    [
        (Declaration("zhao", True, declared_on=DAY), []),
        (Declaration("zhao", None, ("interest",), "持股", DAY), []),
        (Declaration("zhao", False, ("interest",), "持股", DAY), []),
        (Declaration("zhao", True, ("interest",), "持股", DAY), ["none_apply"]),
        (Declaration("zhao", declared_on=DAY), ["none_apply"]),
        (Declaration("zhao", False, declared_on=DAY), ["none_apply"]),
        (Declaration("zhao", None, ("interest",), None, DAY), ["facts"]),
        (MeetingRecord("m", "会议", AT, None), []),
        (MeetingRecord("m", "会议", AT, AT.replace(hour=2)), []),
        (MeetingRecord("m", "会议", AT, AT), ["ended_at"]),
        (Task("查", "zhao", DAY, "open"), []),
        (Task("查", "zhao", DAY, "dropped"), []),
        (Task("查", "zhao", DAY, "done", DAY, "已报"), []),
        (Task("查", "zhao", DAY, "done"), ["done_on", "proof"]),
        (RosterLine("zhao"), []),
        (RosterLine("zhao", identity_no="530302190001011239"), ["identity_no"]),
        (RosterLine("zhao", unit_code="91530300MA6K12345X"), ["unit_code"]),
    ],
)
def test_what_does_not_fit_together_is_named(item: Item, wrong: list[str]) -> None:
    assert [each.field for each in item.problems(DAY, DAY)] == wrong


@pytest.mark.parametrize(
    ("task", "keys"),
    [
        (Task("查", "zhao", DAY, "open"), [("owner", "zhao")]),
        (Task("查", None, DAY, "open"), []),
        (Task("查", "zhao", DAY, "done", DAY, "已报"), []),
        (Task("查", "zhao", DAY, "dropped"), []),
    ],
)
def test_a_task_is_its_owners_while_it_is_open(task: Task, keys: list[tuple[str, str]]) -> None:
    assert list(task.keys()) == keys


def test_a_member_is_found_by_the_same_numbers_as_a_party() -> None:
    line = RosterLine("赵 某", phone="+86 138-1234-5678")
    assert list(line.keys()) == [("name", "赵某"), ("phone", "13812345678")]
    assert not list(line.doubts())
