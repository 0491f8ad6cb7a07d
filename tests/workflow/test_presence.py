"""The same investigator at two things at once: at the bounds, and in other cases."""

from datetime import UTC, datetime, timedelta

import pytest

from fireinvest.workflow.items.scene import Interview, RecordsRequest
from fireinvest.workflow.presence import Attendance, clashes_of
from fireinvest.workflow.registers import Record

AT = datetime(2025, 5, 20, 1, tzinfo=UTC)


def attendance(
    begin: int | None, end: int | None, *people: str, item: int = 1, number: str = "a"
) -> Attendance:
    def at(minutes: int | None) -> datetime | None:
        return None if minutes is None else AT + timedelta(minutes=minutes)

    interviewer, second = (*people, "")[:2]
    values = Interview(began_at=at(begin), ended_at=at(end), interviewer=interviewer, second=second)
    return Attendance(number, Record(item, "interviews", item, 1, values, AT, "zhao"))


@pytest.mark.parametrize(
    ("begin", "end", "clashes"),
    [
        (0, 30, True),
        (10, 20, True),
        (-10, 1, True),
        (29, 60, True),
        (-10, 0, False),
        (30, 60, False),
        (None, 60, False),
        (0, None, False),
    ],
)
def test_two_things_clash_where_their_times_overlap(
    begin: int | None, end: int | None, clashes: bool
) -> None:
    mine = attendance(0, 30, "甲", "乙")
    other = attendance(begin, end, "丙", "乙", item=2)
    found = clashes_of([mine], [mine, other])
    assert [(each.person, each.other) for each in found] == ([("乙", other)] if clashes else [])
    assert not clashes_of([attendance(None, 30, "甲")], [other])


def test_another_case_and_another_spelling_clash_too_but_nothing_with_itself() -> None:
    mine = attendance(0, 30, "甲 一", "乙")
    same = attendance(0, 30, "甲 一", "乙")
    elsewhere = attendance(0, 30, "甲一", number="b")
    assert [each.person for each in clashes_of([mine], [same, elsewhere])] == ["甲 一"]
    request = Record(1, "records_requests", 1, 1, RecordsRequest(to="x"), AT, "zhao")
    assert not clashes_of([mine], [Attendance("a", request)])
