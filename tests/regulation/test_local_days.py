"""Days off that local governments give, laid over the calendar of their places alone."""

from datetime import date
from typing import Any

import pytest

from fireinvest.messages import Faulty
from fireinvest.regulation.calendar import Calendar, DayKind, notice_document, parse_notice

#: A made-up festival of a county: a Thursday and a Friday, and a Saturday that is off anyhow.
FESTIVAL: dict[str, Any] = {
    "year": 2026,
    "number": "试政发〔2026〕3号",
    "division": "530324",
    "off": {"2026-08-06": "火把节", "2026-08-07": "火把节", "2026-08-08": "火把节"},
}
CITY, THERE, ELSEWHERE = "530300", "530324", "530325"


def calendar(*more: dict[str, Any]) -> Calendar:
    return Calendar(tuple(parse_notice(each) for each in (FESTIVAL, *more)))


@pytest.mark.parametrize(
    ("place", "parent", "is_worked"),
    [
        (THERE, CITY, False),
        ("530324-zone", THERE, False),
        (ELSEWHERE, CITY, True),
        (CITY, None, True),
        (None, None, True),
    ],
)
def test_a_local_day_off_holds_in_its_place_and_below(
    place: str | None, parent: str | None, is_worked: bool
) -> None:
    here = calendar().of(place, parent)
    assert here.is_working(date(2026, 8, 6)) is is_worked
    assert here.nth_working_day(date(2026, 8, 5), 1) == (
        date(2026, 8, 6) if is_worked else date(2026, 8, 10)
    )


def test_a_local_day_off_names_its_festival_and_its_notice() -> None:
    day = calendar().of(THERE).day(date(2026, 8, 7))
    assert (day.kind, day.announced) == (DayKind.HOLIDAY, True)
    assert day.name is not None
    assert day.name.zh == "火把节"
    assert day.notice is not None
    assert "试政发〔2026〕3号" in day.notice.zh
    assert calendar().day(date(2026, 8, 7)).kind is DayKind.WORKING


def test_a_city_gives_days_off_to_all_its_counties_and_both_lie_over_each_other() -> None:
    city = {**FESTIVAL, "division": CITY, "off": ["2026-09-09"], "number": "市1号"}
    both = calendar(city).of(THERE, CITY)
    assert not both.is_working(date(2026, 9, 9))
    assert not both.is_working(date(2026, 8, 6))
    assert both.day(date(2026, 9, 9)).name is not None
    assert calendar(city).of(ELSEWHERE, CITY).is_working(date(2026, 8, 6))


def test_the_newest_of_a_place_holds_alone() -> None:
    later = {**FESTIVAL, "off": {"2026-08-05": "火把节"}, "number": "试政发〔2026〕4号"}
    here = calendar(later).of(THERE)
    assert here.is_working(date(2026, 8, 6))
    assert not here.is_working(date(2026, 8, 5))
    assert [each.number for each in here.in_force] == ["试政发〔2026〕4号"]


def test_a_local_notice_announces_no_year() -> None:
    next_year = {**FESTIVAL, "year": 2027, "off": ["2027-07-28"]}
    here = calendar(next_year).of(THERE)
    assert here.announced_until == date(2026, 12, 31)
    assert not here.is_announced(date(2027, 7, 28))
    assert not here.is_working(date(2027, 7, 28))


def test_a_place_without_days_off_has_the_calendar_of_the_country() -> None:
    one = calendar()
    assert one.of(ELSEWHERE, CITY) is one
    assert one.of(THERE, CITY) is one.of(THERE, CITY)
    assert one.of(THERE).of(ELSEWHERE).is_working(date(2026, 8, 6))
    assert [each.division for each in one.in_force_here] == []
    assert [each.division for each in one.of(THERE).in_force_here] == [THERE]


def test_a_local_notice_is_written_and_read_back() -> None:
    notice = parse_notice(FESTIVAL)
    assert notice.worked == frozenset()
    assert '"division":"530324"' in notice_document(notice)
    assert "division" not in notice_document(
        parse_notice({"year": 2026, "number": "n", "off": _statutory(), "worked": []})
    )


def _statutory() -> list[str]:
    return [on.isoformat() for on in Calendar().statutory_days(2026)]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"worked": ["2026-08-09"]}, "worked"),
        ({"off": {}}, "off"),
        ({"off": {"2027-08-06": "节"}}, "off"),
        ({"division": 530324}, "division"),
        ({"division": " "}, "division"),
        ({"division": "5" * 31}, "division"),
        ({"number": ""}, "number"),
    ],
)
def test_a_bad_local_notice_is_refused_beside_its_field(
    change: dict[str, object], field: str
) -> None:
    with pytest.raises(Faulty) as refused:
        parse_notice({**FESTIVAL, **change})
    assert field in {each.field for each in refused.value.problems}
