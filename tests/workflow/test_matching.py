"""Members and parties: found by numbers and names, and asked anew when another number matches."""

from datetime import UTC, datetime
from typing import Any

import pytest

from fireinvest.workflow.items.base import Item
from fireinvest.workflow.items.people import Party
from fireinvest.workflow.items.team import MatchDecision, RosterLine, Task
from fireinvest.workflow.matching import matches_of, members_of
from fireinvest.workflow.registers import Record

AT = datetime(2025, 5, 20, 1, tzinfo=UTC)
PHONE = "13812345678"
CODE = "91530300MA6K12345X"


def record(register: str, values: Item, item: int = 1) -> Record:
    return Record(item, register, item, 1, values, AT, "zhao")


def party(item: int = 1, **known: Any) -> Record:
    return record("parties", Party(**{"name": "某公司", **known}), item)


MEMBERS = members_of(
    [("wang", "王五"), ("li", "李四")],
    [
        record("roster", RosterLine("wang", phone="138 1234 5678", unit_code=CODE)),
        record("roster", RosterLine(None, phone="1")),
        record("tasks", Task("查", "wang")),
        record("roster", RosterLine("sun", phone=PHONE)),
    ],
)


@pytest.mark.parametrize(
    ("known", "found"),
    [
        ({"name": "赵六"}, []),
        ({"name": "王 五"}, [("wang", ("name",))]),
        ({"name": "王五", "phone": PHONE}, [("sun", ("phone",)), ("wang", ("name", "phone"))]),
        ({"credit_code": CODE}, [("wang", ("credit_code",))]),
        ({"phone": f"+86{PHONE}"}, [("sun", ("phone",)), ("wang", ("phone",))]),
    ],
)
def test_members_match_parties_by_what_both_have(
    known: dict[str, Any], found: list[tuple[str, tuple[str, ...]]]
) -> None:
    matches = matches_of(MEMBERS, [party(**known), record("tasks", Task("查"), 2)], [])
    assert sorted((each.person, each.by) for each in matches) == sorted(found)
    assert all(each.is_weak is (each.by == ("name",)) for each in matches)


@pytest.mark.parametrize(
    ("decision", "holds"),
    [
        (MatchDecision("wang", (1,), ("name", "phone"), "no_ground", "同名"), True),
        (MatchDecision("wang", (1,), ("name",), "no_ground", "同名"), False),
        (MatchDecision("wang", (2,), ("name", "phone"), "no_ground", "同名"), False),
        (MatchDecision("wang", None, None, "no_ground", "同名"), False),
        (MatchDecision("li", (1,), ("name", "phone"), "no_ground", "同名"), False),
        (Task("wang"), False),
    ],
)
def test_a_decision_holds_for_what_it_was_taken_on(decision: Item, holds: bool) -> None:
    matches = matches_of(MEMBERS, [party(name="王五", phone=PHONE)], [record("matches", decision)])
    assert [each.decision is not None for each in matches if each.person == "wang"] == [holds]
    # What is decided comes last.
    assert [each.decision is not None for each in matches] == sorted(
        each.decision is not None for each in matches
    )
