"""Somebody leaves: their cases go to a successor, each once, or the head of the agency is told."""

import os
import signal
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, text

from fireinvest.messages import Faulty
from fireinvest.services.cases import CaseRef, act, find_number, load_case, rebuild
from fireinvest.services.desks import desk, posts_of
from fireinvest.services.drafts import keep_draft
from fireinvest.services.journal import verify_log
from fireinvest.services.leaving import (
    Handed,
    cases_to_give,
    duties_of,
    give_all,
    hand_over_all,
    left_in,
)
from fireinvest.services.people import By, Post, name_deputy, set_active
from fireinvest.store import Database, open_database
from fireinvest.store.people import find_login
from fireinvest.workflow.actions import Figures, Order, Reassigning, Recusal
from fireinvest.workflow.engine import Action
from fireinvest.workflow.errors import Invalid, NotAllowed
from fireinvest.workflow.permissions import Actor
from tests.conftest import migrate
from tests.queries import counted
from tests.services.office import (
    CALENDAR,
    CITY,
    FIRE_ON,
    FUYUAN,
    LAW,
    NOW,
    TODAY,
    actor,
    did,
    facts,
    key,
    opened,
    person,
)
from tests.services.test_crash import in_child
from tests.store.test_migrations import _revisions

QILIN = "530302"
CARRIER = Post("carrier", division=FUYUAN, tier="county")
HEAD = Post("agency_head", division=FUYUAN, tier="county")
BY = By("security", NOW, TODAY)
RULES = LAW.in_force(FUYUAN, FIRE_ON)

#: One death: the county investigates.
SMALL = facts(deaths=1)


def fresh(database: Database, login: str) -> Actor:
    """Somebody as they are after what was done."""
    with database.readers.begin() as session:
        found = find_login(session, login)
    assert found is not None
    return actor(database, found.id)


def carried(database: Database, ref: CaseRef) -> str | None:
    with database.readers.begin() as session:
        loaded = load_case(session, ref.id)
    assert loaded.row["carrier"] == (loaded.case.carrier and loaded.case.carrier.person)
    return loaded.case.carrier.person if loaded.case.carrier else None


def give(database: Database, ref: CaseRef, to: str, by: Actor, **more: object) -> None:
    action = replace(Action("reassign", Reassigning(to), TODAY, reason="调离"), **more)  # type: ignore[arg-type] # names are fields
    act(
        database, LAW, CALENDAR, by, ref.id, action,
        idempotency_key=key(), now=NOW, today=TODAY,
    )  # fmt: skip


def faults(database: Database) -> list[object]:
    with database.readers.begin() as session:
        return list(verify_log(session))


def deactivate(database: Database, login: str) -> None:
    with database.readers.begin() as session:
        found = find_login(session, login)
    assert found is not None
    set_active(database, found.id, is_active=False)


def test_rights_row_and_lists_follow_the_carrier(database: Database) -> None:
    li = person(database, "li", CARRIER)
    person(database, "wang", CARRIER)
    ref = opened(database, li, SMALL)
    li = fresh(database, "li")
    give(database, ref, "wang", li)
    assert carried(database, ref) == "wang"
    li, wang = fresh(database, "li"), fresh(database, "wang")
    assert [each.case_id for each in li.grants if each.case_id] == []
    assert [each.case_id for each in wang.grants if each.case_id] == [ref.number]
    with pytest.raises(NotAllowed):
        did(database, ref, "update_figures", Figures(missing=1), by=li)
    did(database, ref, "update_figures", Figures(missing=1), by=wang)
    assert list(rebuild(database, CALENDAR)) == []
    with database.sessions.begin() as session:
        session.execute(text("DELETE FROM grants WHERE case_id IS NOT NULL"))
        session.execute(text("UPDATE cases SET carrier = 'li'"))
    assert {each.table for each in rebuild(database, CALENDAR, check=False)} == {"cases", "grants"}
    assert list(rebuild(database, CALENDAR)) == []
    assert fresh(database, "wang") == wang
    with database.readers.begin() as session:
        line = load_case(session, ref.id).lines[1]
    assert (line.olds["carrier"], line.news["carrier"]) == ("li", "wang")


def test_the_new_carrier_has_an_account_and_the_post_on_the_day(quick_database: Database) -> None:
    database = quick_database
    li = person(database, "li", CARRIER)
    ref = opened(database, li, SMALL)
    li = fresh(database, "li")
    person(database, "other", Post("carrier", division=QILIN, tier="county"))
    person(database, "head", HEAD)
    person(database, "gone", CARRIER)
    deactivate(database, "gone")
    for login in ("nobody", "other", "head", "gone"):
        with pytest.raises(Invalid) as refused:
            give(database, ref, login, li)
        assert [each.field for each in refused.value.problems] == ["carrier"]
    person(database, "city", Post("carrier", division=CITY, tier="city"))
    # The post begins on the first of January: before, it can't be given to them.
    with pytest.raises(Invalid):
        give(database, ref, "city", li, on=FIRE_ON - timedelta(days=200))
    assert carried(database, ref) == "li"
    give(database, ref, "city", li)
    assert carried(database, ref) == "city"


def test_of_a_place_not_known_yet_any_carrier_can_take_it(quick_database: Database) -> None:
    li = person(quick_database, "li", CARRIER)
    person(quick_database, "other", Post("carrier", division=QILIN, tier="county"))
    ref = opened(quick_database, li, facts(None, deaths=1))
    give(quick_database, ref, "other", fresh(quick_database, "li"))
    assert carried(quick_database, ref) == "other"


def leaver(database: Database, cases: int = 3) -> list[CaseRef]:
    """Somebody with as many cases, and one of whom could take them over."""
    li = person(database, "li", CARRIER)
    person(database, "wang", CARRIER)
    return [opened(database, li, SMALL) for _ in range(cases)]


def test_a_successor_gets_every_open_case_once(database: Database) -> None:
    refs = leaver(database)
    assert hand_over_all(database, LAW, CALENDAR, "li", "wang", reason="调离", by=BY) == Handed(
        3, 3
    )
    assert [carried(database, each) for each in refs] == ["wang"] * 3
    again = hand_over_all(database, LAW, CALENDAR, "li", "wang", reason="调离", by=BY)
    assert again == Handed(0, 0)
    with database.readers.begin() as session:
        entries = [load_case(session, each.id).lines[-1] for each in refs]
        log = session.execute(
            text("SELECT person, about, new_values FROM access_log WHERE what = :what"),
            {"what": "cases_handed_over"},
        ).all()
    assert {(e.step, e.actor, e.reason, e.seq) for e in entries} == {
        ("reassign", "system", "调离", 2)
    }
    assert log[0] == ("security", "li", '{"cases":3,"of":3,"successor":"wang"}')
    assert list(rebuild(database, CALENDAR)) == []
    assert faults(database) == []


def test_what_the_successor_can_not_carry_stays(quick_database: Database) -> None:
    database = quick_database
    refs = leaver(database)
    ground = RULES.lists["recusal_grounds"].items[0].id
    for step, said in (
        ("establish_team", Order(document_no="1", person="zhao")),
        ("declare_recusal", Recusal(person="wang", item=ground)),
        ("decide_recusal", Recusal(person="wang", outcome="granted")),
    ):
        did(database, refs[1], step, said)
    handed = hand_over_all(database, LAW, CALENDAR, "li", "wang", reason="调离", by=BY)
    assert handed == Handed(2, 3)
    assert not handed.is_all
    assert [carried(database, each) for each in refs] == ["wang", "li", "wang"]
    for login in ("li", "nobody"):
        with pytest.raises(Faulty) as refused:
            hand_over_all(database, LAW, CALENDAR, "li", login, reason="调离", by=BY)
        assert [each.field for each in refused.value.problems] == ["successor"]


def test_killed_half_way_and_done_again_the_rest_follows(
    database: Database, database_url: str
) -> None:
    refs = leaver(database, 4)
    database.engine.dispose()

    def work() -> None:
        mine = open_database(database_url)
        entries = 0

        def die_at_the_third(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
            nonlocal entries
            entries += statement.startswith("INSERT INTO journal")
            if entries == 3:
                os.kill(os.getpid(), signal.SIGKILL)

        event.listen(mine.engine, "before_cursor_execute", die_at_the_third)
        hand_over_all(mine, LAW, CALENDAR, "li", "wang", reason="调离", by=BY)

    assert in_child(work) == signal.SIGKILL
    assert [carried(database, each) for each in refs] == ["wang", "wang", "li", "li"]
    rest = hand_over_all(database, LAW, CALENDAR, "li", "wang", reason="调离", by=BY)
    assert rest == Handed(2, 2)
    assert [carried(database, each) for each in refs] == ["wang"] * 4
    assert list(rebuild(database, CALENDAR)) == []
    assert faults(database) == []


def test_the_counts_tell_numbers_and_places_alone(database: Database) -> None:
    refs = leaver(database, 2)
    li = fresh(database, "li")
    for ref in refs:
        did(database, ref, "establish_team", Order(document_no="1", person="li"))
    zhao = person(database, "zhao")
    with database.readers.begin() as session:
        ids = {each: find_login(session, each) for each in ("li", "zhao")}
    assert ids["li"] is not None and ids["zhao"] is not None  # noqa: PT018 - both were added
    name_deputy(
        database, person_id=ids["zhao"].id, acts_for_id=ids["li"].id, valid_from=TODAY,
        valid_until=TODAY, granted_by="security",
    )  # fmt: skip
    keep_draft(database, ids["li"].id, "/cases/1/steps/x", [("a", "b")], NOW)
    with database.readers.begin() as session, counted(database) as sent:
        found = duties_of(session, ids["li"], TODAY)
    assert found.carried == {FUYUAN: 2}
    assert found.posts == {"leader": 2}
    assert (found.deputies, found.acts_for, found.drafts) == (1, 0, 1)
    assert found.steps > 0
    assert len(sent) == 6
    with database.readers.begin() as session:
        theirs = duties_of(session, ids["zhao"], TODAY + timedelta(days=1))
    assert (theirs.carried, theirs.posts, theirs.steps) == ({}, {}, 0)
    assert (theirs.deputies, theirs.acts_for) == (0, 0)
    del li, zhao


def told(database: Database, login: str) -> list[tuple[str, str | None]]:
    with database.readers.begin() as session:
        found = desk(session, fresh(database, login), RULES, TODAY, law=LAW).left
    return [(each.left.role, each.left.login) for each in found]


def test_the_head_is_told_until_it_is_done(database: Database) -> None:
    refs = leaver(database, 2)
    person(database, "head", HEAD)
    person(database, "city", Post("agency_head", division=CITY, tier="city"))
    person(database, "other", Post("agency_head", division=QILIN, tier="county"))
    person(database, "zhao")
    did(database, refs[0], "establish_team", Order(document_no="1", person="zhao"))
    assert told(database, "head") == []
    with database.readers.begin() as session:
        assert left_in(session, LAW, refs[0].id, TODAY) == ()
    deactivate(database, "li")
    deactivate(database, "zhao")
    assert told(database, "head") == [("carrier", "li"), ("carrier", "li"), ("leader", "zhao")]
    assert told(database, "city") == []
    assert told(database, "other") == []
    with database.readers.begin() as session:
        left = left_in(session, LAW, refs[0].id, TODAY)
        head = fresh(database, "head")
        lines = cases_to_give(session, posts_of(head), "li")
        assert cases_to_give(session, posts_of(fresh(database, "other")), "li") == []
        with counted(database) as sent:
            desk(session, head, RULES, TODAY, law=LAW)
        few = len(sent)
    assert [(each.role, each.login) for each in left] == [("carrier", "li"), ("leader", "zhao")]
    handed, refused = give_all(
        database, LAW, CALENDAR, head, [CaseRef(e.case.id, e.case.number) for e in lines], "wang",
        reason="调离", key=key(), by=By("head", NOW, TODAY),
    )  # fmt: skip
    assert (handed, refused) == (Handed(2, 2), {})
    person(database, "qian")
    did(database, refs[0], "establish_team", Order(document_no="2", person="qian"))
    assert told(database, "head") == []
    opened(database, fresh(database, "wang"), SMALL)
    deactivate(database, "wang")
    with database.readers.begin() as session, counted(database) as sent:
        assert len(desk(session, head, RULES, TODAY, law=LAW).left) == 3
    assert len(sent) == few <= 6


def test_a_recused_carrier_is_told_of_as_well(quick_database: Database) -> None:
    database = quick_database
    (ref,) = leaver(database, 1)
    person(database, "head", HEAD)
    ground = RULES.lists["recusal_grounds"].items[0].id
    for step, said in (
        ("establish_team", Order(document_no="1", person="zhao")),
        ("declare_recusal", Recusal(person="li", item=ground)),
        ("decide_recusal", Recusal(person="li", outcome="granted")),
    ):
        did(database, ref, step, said)
    assert told(database, "head") == [("carrier", "li")]
    with database.readers.begin() as session:
        assert [each.was_recused for each in left_in(session, LAW, ref.id, TODAY)] == [True]


def test_a_form_sent_twice_gives_once_and_tells_why_not(quick_database: Database) -> None:
    database = quick_database
    refs = leaver(database, 2)
    head = person(database, "head", HEAD)
    form = key()
    for _ in range(2):
        handed, refused = give_all(
            database, LAW, CALENDAR, head, refs, "wang",
            reason="调离", key=form, by=By("head", NOW, TODAY),
        )  # fmt: skip
        assert (handed, refused) == (Handed(2, 2), {})
    handed, refused = give_all(
        database, LAW, CALENDAR, head, refs, "wang",
        reason="调离", key=key(), by=By("head", NOW, TODAY),
    )  # fmt: skip
    assert handed == Handed(0, 2)
    assert set(refused) == {each.number for each in refs}
    with database.readers.begin() as session:
        assert find_number(session, refs[0].number) == refs[0]


def test_cases_opened_before_get_their_carrier_from_the_journal(
    database: Database, database_url: str
) -> None:
    leaver(database, 2)
    sound = rows(database)
    revisions = _revisions()
    migrate(database_url, f"-{len(revisions) - revisions.index('0005')}")
    assert {each[1] for each in rows(database)} == {None}
    migrate(database_url)
    assert rows(database) == sound
    # What later migrations add is laid by a rebuild.
    assert {each.table for each in rebuild(database, CALENDAR)} <= {"cases", "deadlines"}
    list(rebuild(database, CALENDAR, check=False))
    assert list(rebuild(database, CALENDAR)) == []
    assert rows(database) == sound


def rows(database: Database) -> list[tuple[object, ...]]:
    query = text("SELECT case_id, entry FROM grants WHERE case_id IS NOT NULL ORDER BY case_id")
    with database.readers.begin() as session:
        return [tuple(each) for each in session.execute(query)]
