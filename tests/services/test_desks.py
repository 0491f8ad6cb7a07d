"""The desk: just what the engine lets somebody do, by urgency, and nothing of a recused case."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

import pytest

from fireinvest.regulation.clocks import Light
from fireinvest.services.cases import CaseRef, Loaded, load_case
from fireinvest.services.desks import LONGEST, Desk, desk, posts_of
from fireinvest.services.people import Post, actor_of, create_person, give_post
from fireinvest.store import Database
from fireinvest.store.desks import owed
from fireinvest.workflow.actions import (
    Decision,
    DocumentSent,
    Extension,
    Figures,
    Finding,
    HandingOver,
    Interval,
    Membership,
    Merging,
    Order,
    Recusal,
    Signature,
)
from fireinvest.workflow.case import gaps
from fireinvest.workflow.deadlines import deadlines_of
from fireinvest.workflow.engine import available, missing
from fireinvest.workflow.next_steps import HAND_OVER
from fireinvest.workflow.permissions import (
    APART,
    ON_CASE,
    ROLES,
    Actor,
    Grant,
    may_administer,
    may_take_over,
    roles_of,
)
from tests.prepared import Prepares
from tests.queries import counted
from tests.services.office import (
    CALENDAR,
    CITY,
    FIRE_ON,
    FUYUAN,
    LAW,
    NOW,
    REPLY,
    TODAY,
    did,
    facts,
    opened,
    person,
    submitted,
)

RULESET = LAW.in_force(FUYUAN, FIRE_ON)
GROUNDS = RULESET.lists["recusal_grounds"].items[0].id
FOUNDED = date(2025, 5, 14)


def the_desk(database: Database, actor: Actor, on: date = TODAY) -> Desk:
    with database.readers.begin() as session:
        return desk(session, actor, RULESET, on)


def now_on(found: Desk) -> set[tuple[str, str]]:
    return {(each.case.number, each.step) for each in found.owed if each.is_now}


@dataclass(frozen=True)
class Office:
    """Cases in many situations, by what was done in them last."""

    database: Database
    cases: dict[str, Loaded]

    def number(self, name: str) -> str:
        return self.cases[name].ref.number


def team(database: Database, ref: CaseRef) -> None:
    did(database, ref, "request_team", DocumentSent(to="市政府"), date(2025, 5, 13))
    did(database, ref, "establish_team", Order(document_no="1", person="zhao"), FOUNDED)
    did(database, ref, "join_team", Membership(person="zhou", item="police"), FOUNDED)


def _situations(database: Database) -> Iterator[tuple[str, CaseRef]]:
    yield "fresh", opened(database)
    yield "county", opened(database, known=facts(deaths=1))
    yield "out of scope", opened(database, known=facts(deaths=0, serious_injuries=0, missing=0))
    yield "no place", opened(database, known=facts(None, deaths=1))
    ref = opened(database)
    did(database, ref, "request_team", DocumentSent(to="市政府"), date(2025, 5, 13))
    yield "requested", ref
    ref = opened(database)
    team(database, ref)
    yield "team", ref
    ref = opened(database)
    team(database, ref)
    did(database, ref, "declare_recusal", Recusal(person="zhou", item=GROUNDS), FOUNDED)
    yield "recusal", ref
    ref = opened(database)
    team(database, ref)
    did(database, ref, "declare_recusal", Recusal(person="zhao", item=GROUNDS), FOUNDED)
    yield "leader's recusal", ref
    ref = opened(database)
    team(database, ref)
    did(database, ref, "ask_extension", Extension(days=30, grounds="案情复杂"), date(2025, 6, 30))
    yield "extension", ref
    ref = opened(database)
    did(database, ref, "request_team", DocumentSent(to="市政府"), date(2025, 5, 13))
    did(database, ref, "establish_team", Order(person="zhao"), FOUNDED)
    did(database, ref, "submit_report", DocumentSent(to="市政府"), date(2025, 7, 10))
    yield "sent", ref
    ref = opened(database)
    submitted(database, ref)
    yield "received", ref
    ref = opened(database)
    submitted(database, ref)
    did(database, ref, "join_team", Membership(person="gone", item="police"), FOUNDED)
    did(database, ref, "leave_team", Membership(person="gone"), FOUNDED)
    scribe = Actor("scribe", (Grant("carrier", ref.number),))
    part = RULESET.lists["report_parts"].items[0].id
    did(database, ref, "draft_report", Finding(item=part, text="概况"), FOUNDED, by=scribe)
    yield "own report", ref
    ref = opened(database, known=facts(deaths=1))
    submitted(database, ref)
    did(database, ref, "reply", REPLY, date(2025, 7, 20))
    yield "replied", ref
    ref = opened(database)
    did(database, ref, "update_figures", Figures(deaths=12, source="医院"), date(2025, 5, 15))
    yield "risen", ref
    ref = opened(database)
    did(database, ref, "update_figures", Figures(deaths=12, source="医院"), date(2025, 5, 15))
    did(database, ref, "hand_over", HandingOver("province"), date(2025, 5, 16))
    yield "assisting", ref
    ref, into = opened(database), opened(database)
    did(database, ref, "merge", Merging(into.number), date(2025, 5, 16))
    yield "merged", ref
    yield "the other", into


def _cases(database: Database) -> dict[str, Loaded]:
    found = dict(_situations(database))
    with database.readers.begin() as session:
        return {name: load_case(session, ref.id) for name, ref in found.items()}


@pytest.fixture
def office(prepares: Prepares) -> Office:
    return Office(*prepares(_cases))


def actors(numbers: list[str], led: list[str]) -> Iterator[Actor]:
    """Somebody for each post: on all the cases, or at each government."""
    for role in sorted(ROLES):
        if role in ON_CASE:
            grants = [Grant(role, number) for number in numbers]
            yield Actor(f"the-{role}", tuple(grants))
            # A post in a place is none on a case.
            yield Actor(f"idle-{role}", (Grant(role, division=CITY, tier="city"),))
            continue
        for division, tier in ((FUYUAN, "county"), (CITY, "city"), ("530326", "county")):
            yield Actor(f"{tier}-{role}", (Grant(role, division=division, tier=tier),))
    # The leader of the team is also a handler of the government: not of their own report; nor is
    # whoever left the team, or acts for one of them, or is one of them and acts for another.
    yield Actor("zhao", tuple(Grant("leader", number) for number in numbers))
    answering = tuple(Grant(role, division=CITY, tier="city") for role in sorted(APART))
    yield Actor("zhao", (*(Grant("leader", number) for number in led), *answering))
    for login, acting_for in (
        ("zhao", None), ("gone", None), ("substitute", "zhao"), ("gone", "handler"),
        ("scribe", None), ("substitute", "handler"),
    ):  # fmt: skip
        yield Actor(login, answering, acting_for)


def can_do(loaded: Loaded, actor: Actor) -> set[str]:
    case, number = loaded.case, loaded.ref.number
    found = {each.step.id for each in available(case, actor, number) if each.is_possible}
    coming = case.handover_pending
    if coming is not None and (
        may_administer(actor, case, number) or may_take_over(actor, case, number, coming)
    ):
        found.add(HAND_OVER)
    return found


def test_what_is_owed_now_is_what_the_engine_allows(office: Office) -> None:
    numbers = [each.ref.number for each in office.cases.values()]
    seen: set[str] = set()
    led = [
        each.ref.number
        for each in office.cases.values()
        if "zhao" in {member.person for member in each.case.members}
    ]
    for actor in actors(numbers, led):
        with office.database.readers.begin() as session:
            # Of all lines, not only of the most urgent.
            lines = owed(session, posts_of(actor), TODAY, 10_000)
        for loaded in office.cases.values():
            case = loaded.case
            mine = {each.step for each in lines if each.case.number == loaded.ref.number}
            now = {
                each.step for each in lines if each.is_now and each.case.number == loaded.ref.number
            }
            possible = can_do(loaded, actor)
            if not roles_of(actor, case, loaded.ref.number, set(RULESET.tiers)):
                assert mine == set(), (actor, loaded.ref)
            assert now <= possible, (actor, loaded.ref, now - possible)
            wanted = {each.step for each in missing(case) if each.step in possible}
            in_turn = {
                step
                for step in wanted
                if not any(
                    case.mode in RULESET.steps[name].modes and gaps(case, RULESET.steps[name])
                    for name in RULESET.steps[step or ""].expects
                )
            }
            assert in_turn <= now, (actor, loaded.ref, in_turn - now)
            seen |= now
    assert {"request_team", "establish_team", "decide_recusal", "reply", HAND_OVER} <= seen


def test_every_post_is_on_a_case_or_at_a_government(office: Office) -> None:
    """The posts that the desk looks for on cases are those that the core does."""
    case = office.cases["team"].case
    for role in ROLES:
        on_case = Actor("somebody", (Grant(role, "a case"),))
        there = Actor("somebody", (Grant(role, division=FUYUAN, tier="city"),))
        assert (role in roles_of(on_case, case, "a case")) == (role in ON_CASE)
        assert (role in roles_of(there, case, "a case")) == (role not in ON_CASE)
        leading = replace(there, id="zhao")
        assert (role not in roles_of(leading, case, "a case")) == (role in ON_CASE | APART)


def test_a_case_that_goes_on_in_another_is_on_no_desk(office: Office) -> None:
    carrier = Actor("somebody", (Grant("carrier", office.number("merged")),))
    assert the_desk(office.database, carrier).owed == ()


def test_the_recused_see_nothing_of_the_case(office: Office) -> None:
    number, other = office.number("recusal"), office.number("team")
    member = Actor("zhou", (Grant("carrier", number), Grant("carrier", other)))
    before = now_on(the_desk(office.database, member))
    assert {name for name, _ in before} == {number, other}
    ref = office.cases["recusal"].ref
    granted = Recusal(person="zhou", outcome="granted")
    did(office.database, ref, "decide_recusal", granted, FOUNDED)
    after = the_desk(office.database, member)
    assert {each.case.number for each in after.owed} == {other}
    assert {each.case.number for each in after.waiting} <= {other}
    # Nor by somebody who acts for them, nor as somebody else's deputy.
    deputy = replace(member, id="deputy")
    assert {each.case.number for each in the_desk(office.database, deputy).owed} == {number, other}
    found = the_desk(office.database, replace(deputy, acting_for="zhou"))
    assert {each.case.number for each in found.owed} == {other}
    found = the_desk(office.database, replace(member, acting_for="wu"))
    assert {each.case.number for each in found.owed} == {other}


@pytest.mark.parametrize(
    ("person", "acting_for", "expected"),
    [
        ("handler", None, {"sent", "received", "own report"}),
        ("zhao", None, set()),
        ("gone", None, {"sent", "received"}),
        ("scribe", None, {"sent", "received"}),
        ("substitute", "gone", {"sent", "received"}),
        ("scribe", "handler", {"sent", "received"}),
    ],
)
def test_nobody_has_their_own_report_to_answer(
    office: Office, person: str, acting_for: str | None, expected: set[str]
) -> None:
    """Who was ever on the team or wrote a part, and whoever acts for them: as the engine says."""
    grants = tuple(Grant(role, division=CITY, tier="city") for role in sorted(APART))
    actor = Actor(person, grants, acting_for)
    found = the_desk(office.database, actor)
    numbers = {office.number(name): name for name in ("sent", "received", "own report")}
    owed = {numbers.get(number) for number, step in now_on(found) if step == "reply"} - {None}
    reports = {numbers[each.case.number] for each in found.reports or ()}
    allowed = {
        numbers[each.ref.number]
        for each in office.cases.values()
        if each.ref.number in numbers and "reply" in can_do(each, actor)
    }
    # A report whose receipt isn't registered yet is not to be answered at once.
    assert (allowed, reports, owed) == (expected, expected, expected - {"sent"})


def test_the_recused_count_no_clocks_and_receive_no_reports(office: Office) -> None:
    ref = office.cases["received"].ref
    leader = Actor("zhao", (Grant("leader", ref.number),))
    reviewer = Actor("zhao", (Grant("government_registrar", division=CITY, tier="city"),))
    assert sum((the_desk(office.database, leader).lights or {}).values()) > 0
    numbers = {e.case.number for e in the_desk(office.database, reviewer).reports or ()}
    assert ref.number in numbers
    did(office.database, ref, "declare_recusal", Recusal(person="zhao", item=GROUNDS), FOUNDED)
    granted = Recusal(person="zhao", outcome="granted")
    did(office.database, ref, "decide_leader_recusal", granted, FOUNDED)
    assert sum((the_desk(office.database, leader).lights or {}).values()) == 0
    numbers = {e.case.number for e in the_desk(office.database, reviewer).reports or ()}
    assert ref.number not in numbers


def test_what_is_most_urgent_comes_first_and_what_has_no_deadline_last(office: Office) -> None:
    numbers = [each.ref.number for each in office.cases.values()]
    carrier = Actor("somebody", tuple(Grant("carrier", number) for number in numbers))
    ranks = {light: rank for rank, light in enumerate(Light)}
    order = [Light.OVERDUE, Light.RED, Light.YELLOW, Light.GREEN]
    assert set(ranks) == {*order, Light.DONE}
    for today in (FIRE_ON, date(2025, 5, 15), TODAY):
        keys = []
        for line in the_desk(office.database, carrier, today).owed:
            rank = len(order) if line.due is None else order.index(line.due.light(today))
            keys.append((not line.is_now, rank, line.due.due_on if line.due else date.max))
        assert keys == sorted(keys)
        assert len({key[1] for key in keys}) > 1


def test_what_waits_for_others(office: Office) -> None:
    number = office.number("received")
    carrier = Actor("somebody", (Grant("carrier", number),))
    found = the_desk(office.database, carrier)
    replying = [each for each in found.waiting if each.step == "reply"]
    assert {each.role for each in replying} == set(RULESET.steps["reply"].who)
    assert {each.due.clock for each in replying if each.due} == {"reply"}
    mine = now_on(found)
    assert all((each.case.number, each.step) not in mine for each in found.waiting)
    # Whoever replies waits for nobody, as they carry nothing.
    signer = Actor("somebody", (Grant("government_signer", division=CITY, tier="city"),))
    assert the_desk(office.database, signer).waiting == ()
    assert (number, "reply") in now_on(the_desk(office.database, signer))
    # Both at once: then it isn't somebody else's.
    both = Actor("somebody", (*carrier.grants, *signer.grants))
    found = the_desk(office.database, both)
    assert (number, "reply") in now_on(found)
    assert "reply" not in {each.step for each in found.waiting}


@pytest.mark.parametrize(
    ("role", "division", "tier", "expected"),
    [
        (
            "government_registrar",
            CITY,
            "city",
            {"sent": True, "received": False, "own report": False},
        ),
        ("government_signer", CITY, "city", {"sent": True, "received": False, "own report": False}),
        ("government_registrar", FUYUAN, "county", {}),
        ("government_registrar", "530326", "city", {}),
        ("archivist", CITY, "city", None),
    ],
)
def test_reports_that_a_government_received(
    office: Office, role: str, division: str, tier: str, expected: dict[str, bool] | None
) -> None:
    """Received or awaiting registration; of a case that the government investigates itself."""
    found = the_desk(
        office.database, Actor("somebody", (Grant(role, division=division, tier=tier),))
    )
    if expected is None:
        assert found.reports is None
        return
    assert found.reports is not None
    assert {each.case.number: each.due.awaits_receipt for each in found.reports} == {
        office.number(name): awaits for name, awaits in expected.items()
    }
    assert {each.since for each in found.reports} <= {date(2025, 7, 10), date(2025, 7, 11)}


def test_a_leader_sees_how_the_clocks_of_their_cases_stand(office: Office) -> None:
    led = ["team", "received"]
    leader = Actor("zhao", tuple(Grant("leader", office.number(name)) for name in led))
    found = the_desk(office.database, leader)
    expected = dict.fromkeys((Light.OVERDUE, Light.RED, Light.YELLOW, Light.GREEN), 0)
    for name in led:
        for each in deadlines_of(office.cases[name].case, CALENDAR, TODAY):
            if not each.is_ended:
                expected[each.light] += 1
    assert (found.led, found.lights) == (2, expected)
    assert sum(expected.values()) >= 2
    carrier = Actor("somebody", (Grant("carrier", office.number("team")),))
    assert the_desk(office.database, carrier).lights is None


def test_nobody_without_a_post_has_anything(office: Office) -> None:
    found = the_desk(office.database, Actor("somebody"))
    assert found == Desk((), has_more=False, waiting=(), reports=None, led=0, lights=None)
    administrator = Actor("somebody", (Grant("system_administrator", division=CITY, tier="city"),))
    assert the_desk(office.database, administrator).owed == ()


def test_a_test_that_is_out_shows_with_its_case_alone(office: Office) -> None:
    """What can't be taken yet stands as coming up, with its clock."""
    ref = office.cases["team"].ref
    out = Interval(ref="J1", subject="电气线路", body="鉴定中心")
    did(office.database, ref, "test_commissioned", out, date(2025, 5, 20))
    carrier = Actor("somebody", (Grant("carrier", ref.number),))
    lines = the_desk(office.database, carrier).owed
    coming = [each for each in lines if not each.is_now]
    assert {each.step for each in coming} == {"submit_report"}
    assert {each.due.clock for each in coming if each.due} == {"report"}


def test_a_desk_takes_as_many_queries_for_one_case_as_for_forty(database: Database) -> None:
    first = opened(database)
    person_id = create_person(database, login="qian", name="某某", now=NOW)
    everywhere = [Post(role, division=CITY, tier="city") for role in sorted(set(ROLES) - ON_CASE)]
    for post in [Post("carrier", case_id=first.id), Post("leader", case_id=first.id), *everywhere]:
        give_post(database, person_id, post, valid_from=FIRE_ON, granted_by="admin")

    def queries() -> tuple[int, Desk]:
        with database.readers.begin() as session:
            actor = actor_of(session, person_id, TODAY)
            with counted(database) as sent:
                found = desk(session, actor, RULESET, TODAY)
            return len(sent), found

    few, found = queries()
    assert few <= 4
    assert {each.case.number for each in found.owed} == {first.number}
    for _ in range(39):
        ref = opened(database)
        for role in ("carrier", "leader"):
            post = Post(role, case_id=ref.id)
            give_post(database, person_id, post, valid_from=FIRE_ON, granted_by="admin")
    many, found = queries()
    assert many == few
    assert (len(found.owed), found.has_more) == (LONGEST, True)
    assert len({each.case.number for each in found.owed}) > 1
    assert found.lights is not None
    assert sum(found.lights.values()) >= 40


def test_a_post_counts_while_it_lasts(database: Database) -> None:
    ref = opened(database)
    somebody = create_person(database, login="qian", name="某某", now=NOW)
    give_post(
        database,
        somebody,
        Post("carrier", case_id=ref.id),
        valid_from=FIRE_ON,
        valid_until=TODAY,
        granted_by="admin",
    )
    for on, has in ((TODAY, True), (TODAY + timedelta(days=1), False)):
        with database.readers.begin() as session:
            actor = actor_of(session, somebody, on)
        assert bool(the_desk(database, actor, on).owed) is has


def test_a_member_of_the_team_has_it_on_their_desk_by_the_journal(database: Database) -> None:
    """A post that the journal gives makes the desk without anybody's grant."""
    zhao = person(database, "zhao")
    ref = opened(database)
    team(database, ref)
    with database.readers.begin() as session:
        found = create_person(database, login="other", name="某某", now=NOW)
        actor = actor_of(session, found - 1, TODAY)
    assert actor.id == zhao.id
    assert {each.case.number for each in the_desk(database, actor).owed} == {ref.number}


def test_a_returned_report_is_owed_again(database: Database) -> None:
    ref = opened(database)
    submitted(database, ref)
    carrier = Actor("somebody", (Grant("carrier", ref.number),))
    registrar = Actor("other", (Grant("government_registrar", division=CITY, tier="city"),))
    assert the_desk(database, registrar).reports
    signed = Signature(person="zhao", outcome="signed")
    approved = Decision(outcome="approved", decided_by="组长")
    did(database, ref, "approve_report", approved, date(2025, 7, 9))
    did(database, ref, "sign_report", signed, date(2025, 7, 9))
    back = DocumentSent(to="调查组")
    did(database, ref, "return_report", back, date(2025, 7, 14), reason="补充证据")
    assert the_desk(database, registrar).reports == ()
    steps = {each.step for each in the_desk(database, carrier).owed}
    assert "submit_report" in steps
