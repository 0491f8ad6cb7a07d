"""Two counties become one: whoever has a post at the new one sees and works the old cases.

What a list shows equals what the check of a single case allows.
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from fireinvest.regulation.facts import Facts
from fireinvest.regulation.rulesets import Law
from fireinvest.services.boards import board
from fireinvest.services.cases import (
    Filters,
    act,
    list_cases,
    load_case,
    may_open,
    open_case,
    scope_of,
)
from fireinvest.services.desks import desk
from fireinvest.services.leaving import left_in, successors_of
from fireinvest.services.people import Post, actor_of, create_person, give_post
from fireinvest.store import Database
from fireinvest.store.boards import BoardFilters
from fireinvest.store.people import find_login
from fireinvest.store.similar import earlier_fires
from fireinvest.workflow.actions import DocumentSent, Reassigning
from fireinvest.workflow.engine import Action
from fireinvest.workflow.errors import Invalid
from fireinvest.workflow.permissions import Actor, may_see
from tests.regulation.test_succession import AFTER, BEFORE, MERGER, OTHER_CITY, law_with
from tests.services.office import CALENDAR, NOW, TIMERS, key

FIRST, SECOND, MERGED = "530391", "530392", "530393"
LATER = date(2027, 1, 4)
PLACES = (FIRST, SECOND, MERGED, "530325")


@pytest.fixture
def law(tmp_path: Path) -> Law:
    return law_with(tmp_path / "law", OTHER_CITY, *MERGER)


def opened(database: Database, law: Law, place: str, on: date, by: Actor = TIMERS) -> str:
    known = Facts(on, division=place, deaths=1, social_impact=False)
    return open_case(
        database, law, CALENDAR, by, known, "某商贸公司", "某街1号",
        home_division="530300", idempotency_key=key(), now=NOW, today=NOW.date(),
    ).number  # fmt: skip


@pytest.fixture
def numbers(database: Database, law: Law) -> dict[str, str]:
    """A case of each place; those of the two old counties from before they ended."""
    days = {FIRST: date(2025, 5, 12), SECOND: date(2025, 5, 12), MERGED: date(2025, 7, 7)}
    return {each: opened(database, law, each, days.get(each, AFTER)) for each in PLACES}


def somebody(database: Database, law: Law, login: str, on: date, *posts: Post) -> Actor:
    person_id = create_person(database, login=login, name=f"某{login}", now=NOW)
    for post in posts:
        give_post(database, person_id, post, valid_from=date(2020, 1, 1), granted_by="admin")
    return as_on(database, law, login, on)


def as_on(database: Database, law: Law, login: str, on: date) -> Actor:
    with database.readers.begin() as session:
        found = find_login(session, login)
        assert found is not None
        return actor_of(session, found.id, on, law=law)


def at(*places: str) -> Iterator[Post]:
    for place in places:
        for role in ("carrier", "agency_head", "government_signer"):
            yield Post(role, division=place, tier="city" if place.endswith("00") else "county")


SEEN = {
    ("merged", BEFORE): {MERGED},
    ("merged", AFTER): {FIRST, SECOND, MERGED},
    ("first", AFTER): {FIRST},
    ("city", AFTER): set(PLACES),
    ("other", AFTER): {"530325"},
    ("district", AFTER): set(),
    ("district", LATER): {FIRST, SECOND, MERGED},
    ("city2", LATER): {FIRST, SECOND, MERGED},
    ("city", LATER): set(PLACES),
}
POSTS = {
    "merged": MERGED, "first": FIRST, "city": "530300", "other": "530325", "district": "530401",
    "city2": "530400",
}  # fmt: skip


def test_lists_boards_and_desks_show_what_the_check_of_one_case_allows(
    database: Database, law: Law, numbers: dict[str, str]
) -> None:
    places = {number: place for place, number in numbers.items()}
    for login, place in POSTS.items():
        somebody(database, law, login, AFTER, *at(place))
    for (login, on), seen in SEEN.items():
        actor = as_on(database, law, login, on)
        with database.readers.begin() as session:
            listed = list_cases(session, scope_of(actor), Filters(), None, 100).lines
            found = list_cases(session, scope_of(actor), Filters(text="商贸"), None, 100).lines
            cases = [load_case(session, each).case for each in range(1, len(places) + 1)]
            earlier = earlier_fires(session, scope_of(actor), "某商贸公司", "某街1号")
            rules = law.in_force("530300", AFTER)
            owed = desk(session, actor, rules, on, law=law)
        running = board(database, actor, BoardFilters(on), None, 100, 1).lines
        allowed = {
            place
            for case, (number, place) in zip(cases, places.items(), strict=True)
            if may_see(actor, case, number)
        }
        assert allowed == seen, (login, on)
        for shown in (listed, found, earlier, running):
            assert {places[each.number] for each in shown} == seen, (login, on)
        assert {places[each.case.number] for each in owed.owed} <= seen
        if login == "merged":
            assert {places[each.case.number] for each in owed.owed} == seen


def test_the_case_keeps_place_and_name_and_is_worked_by_the_successor(
    database: Database, law: Law, numbers: dict[str, str]
) -> None:
    merged = somebody(database, law, "merged", AFTER, *at(MERGED))
    action = Action("request_team", DocumentSent(to="区政府"), AFTER, reason="合并")
    act(
        database, law, CALENDAR, merged, 1, action,
        idempotency_key=key(), now=NOW, today=NOW.date(),
    )  # fmt: skip
    with database.readers.begin() as session:
        case = load_case(session, 1).case
    assert case.version == 2
    assert case.division is not None
    assert (case.division.code, case.division.label.zh) == (FIRST, f"某{FIRST}")
    # Fires from before can still be entered for the old place, by those who took it over.
    old = law.division(FIRST, BEFORE)
    assert may_open(merged, old)
    assert not may_open(as_on(database, law, "merged", BEFORE), old)


def test_the_cases_of_an_ended_place_can_be_carried_from_the_new_one(
    database: Database, law: Law
) -> None:
    li = somebody(database, law, "li", BEFORE, Post("carrier", division=FIRST, tier="county"))
    opened(database, law, FIRST, date(2025, 5, 12), by=li)
    somebody(database, law, "wang", AFTER, Post("carrier", division=MERGED, tier="county"))
    somebody(database, law, "ma", AFTER, Post("carrier", division="530325", tier="county"))

    def give(to: str, on: date) -> None:
        act(
            database, law, CALENDAR, TIMERS, 1,
            Action("reassign", Reassigning(to), on, reason="合并"),
            idempotency_key=key(), now=NOW, today=NOW.date(),
        )  # fmt: skip

    with database.readers.begin() as session:
        found = successors_of(session, law, [FIRST], "li", AFTER)
        assert left_in(session, law, 1, AFTER) == ()
    assert [each.login for each in found] == ["wang"]
    with pytest.raises(Invalid):
        give("ma", NOW.date())
    give("wang", NOW.date())
    with database.readers.begin() as session:
        assert left_in(session, law, 1, AFTER) == ()
        # Before the merger a post at the other place covered nothing here.
        assert [each.login for each in left_in(session, law, 1, BEFORE)] == ["wang"]
