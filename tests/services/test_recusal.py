"""Whoever was recused is out at once: of every list and every question, in every post."""

from collections.abc import Iterator
from datetime import date

import pytest

from fireinvest.services.boards import BoardFilters, board, case_list
from fireinvest.services.cases import (
    CaseRef,
    Filters,
    NoSuchCase,
    load_case,
    scope_of,
    see_case,
    seen_among,
)
from fireinvest.services.desks import Desk, desk
from fireinvest.store import Database
from fireinvest.store.similar import earlier_fires
from fireinvest.workflow.actions import DocumentSent, Recusal
from fireinvest.workflow.permissions import ON_CASE, PERMISSIONS, ROLES, Actor, Grant, allowed
from tests.services.office import (
    CITY,
    FIRE_ON,
    FUYUAN,
    LAW,
    TODAY,
    did,
    facts,
    opened,
    submitted,
)

QILIN = "530302"
RULESET = LAW.in_force(FUYUAN, FIRE_ON)
LISTS = ("cases", "search", "board", "desk", "similar", "drafts")


def shown(database: Database, actor: Actor, ref: CaseRef) -> set[str]:
    """The lists in which the case stands for somebody."""
    number, found = ref.number, set()
    lines = case_list(database, actor, Filters(), None, 50).lines
    found |= {"cases"} if number in {each.number for each in lines} else set()
    lines = case_list(database, actor, Filters(text="胜境街道"), None, 50).lines
    found |= {"search"} if number in {each.number for each in lines} else set()
    deadlines = board(database, actor, BoardFilters(TODAY), None, 100, 14)
    found |= {"board"} if number in {each.number for each in deadlines.lines} else set()
    with database.readers.begin() as session:
        scope = scope_of(actor)
        fires = earlier_fires(session, scope, "", "胜境街道1号")
        found |= {"similar"} if number in {each.number for each in fires} else set()
        found |= {"drafts"} if seen_among(session, scope, [number]) else set()
        found |= {"desk"} if number in on_desk(desk(session, actor, RULESET, TODAY)) else set()
    return found


def on_desk(found: Desk) -> set[str]:
    lines = [each.case for each in found.owed]
    lines += [each.case for each in found.waiting]
    lines += [each.case for each in found.reports or ()]
    return {each.number for each in lines}


def may(database: Database, actor: Actor, ref: CaseRef) -> bool:
    """May they see the case, asked as its pages ask?"""
    with database.readers.begin() as session:
        try:
            see_case(session, actor, ref.id)
        except NoSuchCase:
            return False
    return True


def grants(role: str, ref: CaseRef, place: str) -> tuple[Grant, ...]:
    if role in ON_CASE:
        return (Grant(role, ref.number),) if place == FUYUAN else (Grant(role, "5303-2025-9999"),)
    return (Grant(role, division=place, tier="county"),)


def actors(role: str, ref: CaseRef, place: str) -> Iterator[tuple[Actor, bool]]:
    """Somebody in this post, alone or for another one; and whether the recusal concerns them."""
    held = grants(role, ref, place)
    yield Actor("qian", held), True
    yield Actor("deputy", held, "qian"), True
    yield Actor("qian", held, "another"), True
    yield Actor("deputy", held, "another"), False


@pytest.fixture
def case(database: Database) -> tuple[Database, CaseRef]:
    """A county's case whose report waits for its answer, and a ground for somebody's recusal."""
    ref = opened(database, known=facts(FUYUAN, deaths=1))
    submitted(database, ref)
    grounds = RULESET.lists["recusal_grounds"].items[0].id
    did(database, ref, "declare_recusal", Recusal(person="qian", item=grounds), date(2025, 5, 20))
    return database, ref


def test_recusal_takes_the_case_out_of_every_list(case: tuple[Database, CaseRef]) -> None:
    database, ref = case
    before = {
        (role, place, actor): shown(database, actor, ref)
        for role in sorted(ROLES)
        for place in (FUYUAN, QILIN)
        for actor, _ in actors(role, ref, place)
    }
    everywhere = set(LISTS) - {"desk"}
    for (role, place, actor), lists in before.items():
        sees = place == FUYUAN
        assert may(database, actor, ref) is sees, (role, place, actor)
        assert lists - {"desk"} == (everywhere if sees else set()), (role, place, actor)
    assert {role for (role, place, _), lists in before.items() if "desk" in lists} >= {
        "carrier", "leader", "government_handler", "government_signer",
    }  # fmt: skip

    did(
        database,
        ref,
        "decide_recusal",
        Recusal(person="qian", outcome="granted"),
        date(2025, 5, 21),
    )
    with database.readers.begin() as session:
        folded = load_case(session, ref.id).case
    for role in sorted(ROLES):
        for place in (FUYUAN, QILIN):
            for actor, is_out in actors(role, ref, place):
                lists = shown(database, actor, ref)
                if is_out:
                    assert lists == set(), (role, place, actor)
                    assert not may(database, actor, ref)
                    assert not any(allowed(each, actor, folded, ref.number) for each in PERMISSIONS)
                else:
                    assert lists == before[role, place, actor], (role, place, actor)
                    assert may(database, actor, ref) is (place == FUYUAN)


def test_of_other_cases_it_takes_nothing(case: tuple[Database, CaseRef]) -> None:
    database, ref = case
    other = opened(database, known=facts(FUYUAN, deaths=1))
    did(database, other, "request_team", DocumentSent(to="县政府"))
    did(
        database,
        ref,
        "decide_recusal",
        Recusal(person="qian", outcome="granted"),
        date(2025, 5, 21),
    )
    head = Actor("qian", (Grant("agency_head", division=CITY, tier="city"),))
    assert shown(database, head, ref) == set()
    assert shown(database, head, other) >= set(LISTS) - {"desk"}
