"""Earlier fires: of the same unit or address, the newest first, and only what may be seen."""

from datetime import date, timedelta

import pytest

from fireinvest.services.cases import CaseRef, open_case, scope_of
from fireinvest.services.people import Post
from fireinvest.store import Database
from fireinvest.store.posts import holders_of
from fireinvest.store.similar import MOST, EarlierFire, earlier_fires
from fireinvest.workflow.actions import Order, Recusal
from fireinvest.workflow.permissions import CARRIER, SYSTEM, Actor, Grant
from tests.queries import counted
from tests.services.office import (
    CALENDAR,
    CITY,
    FIRE_ON,
    FUYUAN,
    LAW,
    NOW,
    REPLY,
    TIMERS,
    TODAY,
    did,
    facts,
    key,
    person,
    submitted,
)

QILIN = "530302"
UNIT = "金源商贸有限公司"
ADDRESS = "胜境街道迎宾路8号"


def burned(
    database: Database,
    unit_name: str = UNIT,
    address: str = ADDRESS,
    *,
    place: str | None = FUYUAN,
    days_later: int = 0,
) -> CaseRef:
    known = facts(place)
    if days_later:
        known = type(known)(FIRE_ON + timedelta(days=days_later), division=place, deaths=5)
    return open_case(
        database, LAW, CALENDAR, TIMERS, known, unit_name, address,
        home_division=CITY, idempotency_key=key(), now=NOW, today=TODAY,
    )  # fmt: skip


def found(
    database: Database, unit_name: str = "", address: str = "", *, by: Actor = TIMERS
) -> list[EarlierFire]:
    with database.readers.begin() as session:
        return earlier_fires(session, scope_of(by), unit_name, address, watched=("supervision",))


def numbers(fires: list[EarlierFire]) -> list[str]:
    return [each.number for each in fires]


def officer(place: str, *more: Grant) -> Actor:
    return Actor("sun", (Grant(CARRIER, division=place, tier="county"), *more))


def test_the_same_unit_the_same_address_and_names_that_hold_it(database: Database) -> None:
    unit = burned(database, address="别处1号", days_later=1)
    longer = burned(database, f"{UNIT}仓库", "别处2号", days_later=3)
    address = burned(database, "老李饭店", days_later=2)
    burned(database, "银河网吧", "别处3号")
    both = burned(database, days_later=-4)

    fires = found(database, f" {UNIT} ", ADDRESS)

    assert numbers(fires) == [longer.number, address.number, unit.number, both.number]
    assert [(each.is_same_unit, each.is_same_address) for each in fires] == [
        (False, False), (False, True), (True, False), (True, True),
    ]  # fmt: skip
    assert fires[0].occurred_on == FIRE_ON + timedelta(days=3)
    assert (fires[0].unit_name, fires[0].address) == (f"{UNIT}仓库", "别处2号")
    assert (fires[0].level, fires[0].level_is_floor) == ("larger", True)


@pytest.mark.parametrize(
    "by", [TIMERS, officer(FUYUAN), Actor("sun", (Grant("leader", "5303-2025-0001"),))]
)
@pytest.mark.parametrize(
    ("part", "is_found"),
    [
        ("金源", False),
        ("金源商", True),
        ("商贸有", True),
        ("源商公", False),
        ("100", False),
        ("%贸%", False),
    ],
)
def test_a_part_of_the_name_has_three_characters(
    database: Database, by: Actor, part: str, is_found: bool
) -> None:
    ref = burned(database)
    assert numbers(found(database, part, by=by)) == ([ref.number] if is_found else [])


def test_words_elsewhere_in_a_case_are_no_name(database: Database) -> None:
    burned(database, "老李饭店", "金源商贸城3楼")
    assert found(database, "金源商贸城") == []


def test_nothing_is_asked_where_nothing_is_given(database: Database) -> None:
    burned(database)
    with counted(database) as sent:
        assert found(database, "  ", "") == []
    assert sent == []


def test_only_what_may_be_seen(database: Database) -> None:
    mine = burned(database)
    theirs = burned(database, place=QILIN)
    nowhere = burned(database, place=None)
    given = Grant("leader", theirs.number)
    for by, seen in (
        (officer(FUYUAN), [mine]),
        (officer(QILIN), [theirs]),
        (officer(FUYUAN, given), [theirs, mine]),
        (officer(CITY), [theirs, mine]),
        (Actor("sun", (given,)), [theirs]),
        (Actor("sun", (Grant("system_administrator", division=CITY),)), []),
        (Actor("sun"), []),
        (TIMERS, [nowhere, theirs, mine]),
    ):
        for name, address in ((UNIT, ""), ("金源商", ""), ("", ADDRESS)):
            got = numbers(found(database, name, address, by=by))
            assert got == [each.number for each in seen], (by, name, address)


def test_whoever_was_recused_does_not_see_it(database: Database) -> None:
    ref = burned(database)
    grounds = LAW.in_force(FUYUAN, FIRE_ON).lists["recusal_grounds"].items[0].id
    did(database, ref, "establish_team", Order(person="li"))
    did(database, ref, "declare_recusal", Recusal(person="sun", item=grounds))
    did(database, ref, "decide_recusal", Recusal(person="sun", outcome="granted"))
    for name, address in ((UNIT, ""), ("金源商", ""), ("", ADDRESS)):
        assert found(database, name, address, by=officer(FUYUAN)) == []
        assert numbers(found(database, name, address)) == [ref.number]


def test_the_newest_five_by_one_query(database: Database) -> None:
    refs = [burned(database, days_later=-each) for each in range(MOST + 2)]
    for by in (TIMERS, officer(FUYUAN), officer(FUYUAN, Grant("leader", refs[0].number))):
        with counted(database) as sent:
            fires = found(database, UNIT, ADDRESS, by=by)
        assert numbers(fires) == [each.number for each in refs[:MOST]]
        assert len(sent) == 1


def test_a_unit_under_listed_supervision(database: Database) -> None:
    ref = burned(database)
    assert [each.is_watched for each in found(database, UNIT)] == [False]
    submitted(database, ref)
    did(database, ref, "reply", REPLY, date(2025, 7, 20))
    order = Order(document_no="1", ref="a", due_on=date(2025, 12, 1))
    did(database, ref, "order_supervision", order, date(2025, 8, 1))
    assert [each.is_watched for each in found(database, UNIT)] == [True]
    did(database, ref, "lift_supervision", Order(document_no="2", ref="a"), date(2025, 9, 1))
    assert [each.is_watched for each in found(database, UNIT)] == [False]


def test_who_holds_a_post_where_and_when(database: Database) -> None:
    person(database, "li", Post(CARRIER, division=FUYUAN, tier="county"))
    person(database, "ma", Post(CARRIER, division=QILIN, tier="county"))
    twice = (Post(CARRIER, division=CITY, tier=tier) for tier in ("county", "city"))
    person(database, "wu", *twice)
    person(database, "he", Post("agency_head", division=FUYUAN, tier="county"))
    ref = burned(database)
    person(database, "gu", Post(CARRIER, case_id=ref.id, division=FUYUAN))

    def holders(*places: str, on: date = TODAY) -> list[tuple[str, str]]:
        with database.readers.begin() as session, counted(database) as sent:
            rows = holders_of(session, CARRIER, places, on)
        assert len(sent) == (1 if places else 0)
        return [(each.login, each.division) for each in rows]

    assert holders(FUYUAN) == [("li", FUYUAN)]
    assert holders(FUYUAN, CITY) == [("li", FUYUAN), ("wu", CITY)]
    assert holders(FUYUAN, QILIN, on=date(2024, 12, 31)) == []
    assert holders() == []
    assert SYSTEM not in dict(holders(FUYUAN, QILIN, CITY))
