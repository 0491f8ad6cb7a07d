"""Cases opened and worked through one door, on both databases."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import text

from fireinvest.regulation.calendar import Calendar, Notice
from fireinvest.regulation.profile import Division
from fireinvest.regulation.rulesets import BUILT_IN
from fireinvest.services import rulesets
from fireinvest.services.cases import (
    CaseRef,
    NoSuchCase,
    act,
    find_number,
    load_case,
    may_open,
    open_case,
    rebuild,
    see_case,
)
from fireinvest.services.journal import history, verify_log
from fireinvest.services.people import Post
from fireinvest.store import Database
from fireinvest.store.codec import Unreadable
from fireinvest.store.conflicts import Conflict
from fireinvest.store.models import TABLES
from fireinvest.workflow.actions import (
    Correcting,
    Decision,
    DocumentSent,
    Figures,
    HandingOver,
    Linking,
    Merging,
    Opening,
    Order,
    Recusal,
    Voiding,
)
from fireinvest.workflow.engine import Action
from fireinvest.workflow.errors import Invalid, NotAllowed, Refused, Stale
from fireinvest.workflow.permissions import Actor, Grant
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
    opened,
    person,
    submitted,
)

SENT = DocumentSent(to="市政府")


def snapshot(database: Database) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table."""
    with database.readers.begin() as session:
        return {
            table.__tablename__: sorted(
                map(tuple, session.execute(text(f"SELECT * FROM {table.__tablename__}"))), key=repr
            )
            for table in TABLES
        }


def numbers(database: Database, query: str) -> int:
    with database.readers.begin() as session:
        return int(session.execute(text(query)).scalar_one())


def assert_sound(database: Database) -> None:
    assert list(rebuild(database, CALENDAR)) == []
    with database.readers.begin() as session:
        assert list(verify_log(session)) == []


def test_a_case_is_opened_with_its_number_level_and_clocks(database: Database) -> None:
    officer = person(database, "officer", Post("carrier", division=FUYUAN, tier="county"))
    ref = opened(database, officer)
    assert ref.number == "5303-2025-0001"
    assert opened(database, officer).number == "5303-2025-0002"
    with database.readers.begin() as session:
        assert find_number(session, ref.number) == ref
        assert find_number(session, "5303-2025-9999") is None
        loaded = load_case(session, ref.id)
        (line,) = history(session, ref.id)
    row = loaded.row
    assert (row["level"], row["level_is_floor"], row["stage"]) == ("larger", True, "team")
    assert (row["government"], row["investigating"], row["carrier"]) == ("city", "city", "officer")
    assert (row["next_clock"], row["next_due_on"]) == ("team_request", date(2025, 5, 15))
    assert loaded.case.facts == facts()
    assert loaded.case.division == LAW.divisions[FUYUAN]
    assert line.news["facts.deaths"] == 5
    assert line.news["number"] == ref.number
    assert line.olds == {}
    assert_sound(database)


def test_who_opened_it_carries_it(database: Database) -> None:
    officer = person(database, "officer", Post("carrier", division=FUYUAN, tier="county"))
    ref = opened(database, officer)
    with pytest.raises(NotAllowed):
        did(database, ref, "request_team", SENT, by=officer)
    carrier = replace(officer, grants=(*officer.grants, Grant("carrier", ref.number)))
    assert did(database, ref, "request_team", SENT, by=carrier).version == 2


def test_a_form_sent_twice_opens_one_case(database: Database) -> None:
    assert opened(database, form="f") == opened(database, form="f")
    with ThreadPoolExecutor(4) as pool:
        refs = list(pool.map(lambda _: opened(database, form="g"), range(8)))
    assert len(set(refs)) == 1
    assert numbers(database, "SELECT count(*) FROM cases") == 2


def test_the_key_of_another_thing_is_refused(database: Database) -> None:
    ref, other = opened(database, form="a"), opened(database, form="b")
    did(database, ref, "request_team", SENT, form="c")
    with pytest.raises(Refused):
        opened(database, form="c")
    with pytest.raises(Refused):
        did(database, ref, "request_team", DocumentSent(to="省政府"), form="c")
    with pytest.raises(Refused):
        did(database, other, "request_team", SENT, form="c")
    for wrong in ("", "k" * 101, "a#b"):
        with pytest.raises(Invalid):
            open_with(database, idempotency_key=wrong)
        action = Action("request_team", SENT, FIRE_ON)
        with pytest.raises(Invalid):
            act(
                database, LAW, CALENDAR, TIMERS, ref.id, action,
                idempotency_key=wrong, now=NOW, today=TODAY,
            )  # fmt: skip


def open_with(database: Database, **changes: Any) -> CaseRef:
    given: dict[str, Any] = {
        "facts": facts(), "unit_name": "单位", "address": "地址", "home_division": CITY,
        "idempotency_key": key(), "now": NOW, "today": TODAY,
    }  # fmt: skip
    return open_case(database, LAW, CALENDAR, TIMERS, **{**given, **changes})


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"unit_name": " "}, "unit_name"),
        ({"unit_name": "长" * 201}, "unit_name"),
        ({"address": ""}, "address"),
        ({"address": "长" * 301}, "address"),
        ({"today": date(2025, 5, 11)}, "occurred_at"),
        ({"carrier": "nobody"}, "carrier"),
    ],
)
def test_what_cannot_be_opened_changes_nothing(
    database: Database, changes: dict[str, object], field: str
) -> None:
    before = snapshot(database)
    with pytest.raises(Invalid) as refused:
        open_with(database, **changes)
    assert [each.field for each in refused.value.problems] == [field]
    assert snapshot(database) == before


def test_who_may_open_where() -> None:
    county, city = LAW.divisions[FUYUAN], LAW.divisions[CITY]

    def may(grant: Grant, place: Division | None) -> bool:
        return may_open(Actor("a", (grant,)), place)

    assert may(Grant("carrier", division=FUYUAN), county)
    assert may(Grant("agency_head", division=CITY), county)
    assert may(Grant("carrier", division=FUYUAN), None)
    assert not may(Grant("carrier", division=FUYUAN), city)
    assert not may(Grant("carrier", division="530302"), county)
    assert not may(Grant("leader", division=FUYUAN), county)
    assert not may(Grant("carrier", case_id="5303-2025-0001"), county)
    assert not may_open(Actor("a"), None)


def test_another_countys_officer_can_neither_open_nor_see_nor_act(database: Database) -> None:
    stranger = person(database, "stranger", Post("carrier", division="530302", tier="county"))
    with pytest.raises(NotAllowed):
        opened(database, stranger)
    ref = opened(database)
    with database.readers.begin() as session, pytest.raises(NoSuchCase):
        see_case(session, stranger, ref.id)
    with pytest.raises(NoSuchCase):
        did(database, ref, "request_team", SENT, by=stranger)
    with pytest.raises(NoSuchCase):
        did(database, CaseRef(999, "x"), "request_team", SENT)
    with database.readers.begin() as session:
        assert see_case(session, TIMERS, ref.id).ref == ref


def test_a_place_need_not_be_known(database: Database) -> None:
    ref = opened(database, known=facts(None))
    did(database, ref, "request_team", SENT)
    with database.readers.begin() as session:
        assert load_case(session, ref.id).row["division"] is None
    assert ref.number == "5303-2025-0001"
    assert_sound(database)


def test_an_action_is_written_with_old_and_new_values_and_notices(database: Database) -> None:
    ref = opened(database)
    done = did(database, ref, "update_figures", Figures(deaths=9), date(2025, 5, 14))
    assert done.version == 2
    did(database, ref, "update_figures", Figures(deaths=10), date(2025, 5, 15))
    with database.readers.begin() as session:
        lines = history(session, ref.id)
        row = load_case(session, ref.id).row
    assert [line.seq for line in lines] == [3, 2, 1]
    assert (lines[1].olds, lines[1].news) == ({"facts.deaths": 5}, {"facts.deaths": 9})
    assert lines[0].olds["level"] == "larger"
    assert lines[0].news["level"] == "major"
    assert lines[0].news["handover_pending"] == "province"
    assert (row["version"], row["level"]) == (3, "major")
    with database.readers.begin() as session:
        told = session.execute(text("SELECT kind, payload FROM outbox ORDER BY id")).all()
    kinds = [(row.kind, json.loads(row.payload)["clock"]) for row in told]
    assert kinds == [
        ("deadline_started", "team_request"),
        ("deadline_started", "report"),
        ("deadline_started", "determination"),
        ("deadline_started", "team_request"),
    ]
    assert_sound(database)


def test_void_and_correct_keep_what_was_written(database: Database) -> None:
    ref = opened(database)
    did(database, ref, "request_team", SENT, date(2025, 5, 13))
    corrected = DocumentSent(to="省政府")
    did(database, ref, "correct", Correcting(2, corrected, date(2025, 5, 14)), TODAY)
    did(database, ref, "void", Voiding(2), TODAY)
    with database.readers.begin() as session:
        void, correct, *_ = history(session, ref.id)
        loaded = load_case(session, ref.id)
        kinds = session.execute(
            text("SELECT kind FROM outbox WHERE payload LIKE '%team_request%' ORDER BY id")
        ).scalars()
        assert list(kinds) == ["deadline_started", "deadline_met", "deadline_reopened"]
    assert correct.olds["entry"] == {
        "kind": "document_sent", "payload": {"to": "市政府"}, "on": "2025-05-13", "at": None,
    }  # fmt: skip
    assert correct.news["entry"] == {
        "kind": "document_sent", "payload": {"to": "省政府"}, "on": "2025-05-14", "at": None,
    }  # fmt: skip
    assert void.news["entry"] is None
    assert loaded.row["next_clock"] == "team_request"
    assert len(loaded.lines) == 4
    assert_sound(database)


def test_the_opening_can_be_corrected(database: Database) -> None:
    ref = opened(database)
    right = Opening(facts(deaths=4))
    did(database, ref, "correct", Correcting(1, right, FIRE_ON), TODAY)
    with database.readers.begin() as session:
        assert load_case(session, ref.id).case.facts.deaths == 4
    assert_sound(database)


def test_the_same_request_again_adds_nothing(database: Database) -> None:
    ref = opened(database)
    first = did(database, ref, "request_team", SENT, form="f", expected=1)
    before = snapshot(database)
    again = did(database, ref, "request_team", SENT, form="f", expected=1)
    assert (again.entry, again.ref, again.is_repeat) == (first.entry, first.ref, True)
    assert snapshot(database) == before
    with ThreadPoolExecutor(4) as pool:
        done = list(
            pool.map(
                lambda _: did(database, ref, "update_figures", Figures(missing=1), form="g"),
                range(8),
            )
        )
    assert {each.version for each in done} == {3}
    assert sum(not each.is_repeat for each in done) == 1


@pytest.mark.parametrize(
    ("step", "payload", "expected", "refusal"),
    [
        ("reply", REPLY, None, Refused),
        ("request_team", DocumentSent(), None, Invalid),
        ("request_team", SENT, 7, Stale),
        ("dance", SENT, None, Refused),
    ],
)
def test_a_failed_action_leaves_every_table_as_it_was(
    database: Database, step: str, payload: DocumentSent, expected: int | None, refusal: type
) -> None:
    ref = opened(database)
    before = snapshot(database)
    with pytest.raises(refusal):
        did(database, ref, step, payload, expected=expected)
    assert snapshot(database) == before


def test_a_failure_after_the_entry_was_written_takes_it_back(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    ref = opened(database)
    before = snapshot(database)

    def fail(*_: object) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr("fireinvest.services.cases.post", fail)
    with pytest.raises(RuntimeError):
        did(database, ref, "request_team", SENT)
    with pytest.raises(RuntimeError):
        opened(database)
    assert snapshot(database) == before


# ---------------------------------------------------------------------------- at the same time


def _outcome(what: Callable[[], object]) -> str:
    try:
        what()
    except Stale:
        return "stale"
    return "done"


def test_of_two_at_once_one_is_stale(database: Database) -> None:
    ref = opened(database)
    with ThreadPoolExecutor(2) as pool:
        outcomes = list(
            pool.map(
                lambda n: _outcome(
                    lambda: did(database, ref, "update_figures", Figures(missing=n + 1), expected=1)
                ),
                range(2),
            )
        )
    assert sorted(outcomes) == ["done", "stale"]
    assert_sound(database)


def test_sixty_competing_replies_on_twenty_cases_give_twenty(database: Database) -> None:
    refs = [opened(database) for _ in range(20)]
    versions = [submitted(database, ref) for ref in refs]
    tries = [(ref, version) for ref, version in zip(refs, versions, strict=True)] * 3

    def reply(given: tuple[CaseRef, int]) -> str:
        ref, version = given
        on = date(2025, 7, 18)
        return _outcome(lambda: did(database, ref, "reply", REPLY, on, expected=version))

    with ThreadPoolExecutor(12) as pool:
        outcomes = list(pool.map(reply, tries))
    assert (outcomes.count("done"), outcomes.count("stale")) == (20, 40)
    assert numbers(database, "SELECT count(*) FROM journal WHERE step = 'reply'") == 20
    assert numbers(database, "SELECT count(*) FROM journal") == 20 * 6
    met = "SELECT count(*) FROM outbox WHERE kind = 'deadline_met' AND key LIKE '%:reply:%'"
    assert numbers(database, met) == 20
    assert_sound(database)


def test_numbers_are_never_given_twice(database: Database) -> None:
    with ThreadPoolExecutor(6) as pool:
        refs = list(pool.map(lambda _: opened(database), range(24)))
    assert sorted(ref.number for ref in refs) == [f"5303-2025-{n:04d}" for n in range(1, 25)]


# ---------------------------------------------------------------------------- two cases


def test_a_merge_is_written_in_both_cases(database: Database) -> None:
    ref, other = opened(database), opened(database)
    did(database, ref, "merge", Merging(other.number), TODAY)
    with database.readers.begin() as session:
        merged, target = load_case(session, ref.id), load_case(session, other.id)
    assert (merged.row["merged_into"], merged.row["ended_on"]) == (other.number, TODAY)
    assert merged.row["next_clock"] is None
    assert target.lines[-1].entry().payload == Linking(ref.number, "merge", 2)
    assert target.row["version"] == 2
    assert_sound(database)
    with pytest.raises(Invalid):
        did(database, opened(database), "merge", Merging(ref.number), TODAY)


def test_a_hand_over_is_written_in_both_cases(database: Database) -> None:
    ref, other = opened(database), opened(database)
    did(database, ref, "update_figures", Figures(deaths=12), date(2025, 5, 15))
    handing = HandingOver("province", "1", to_case=other.number)
    did(database, ref, "hand_over", handing, date(2025, 5, 20))
    with database.readers.begin() as session:
        row = load_case(session, ref.id).row
        assert load_case(session, other.id).lines[-1].step == "link"
    assert (row["investigating"], row["handover_pending"], row["mode"]) == (
        "province", None, "assist",
    )  # fmt: skip
    assert_sound(database)


def test_two_merges_crosswise_end_with_one_of_them(database: Database) -> None:
    one, two = opened(database), opened(database)

    def merge(pair: tuple[CaseRef, CaseRef]) -> str:
        try:
            did(database, pair[0], "merge", Merging(pair[1].number), TODAY)
        except (Invalid, Refused, Stale):
            return "refused"
        return "done"

    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(merge, [(one, two), (two, one)]))
    assert sorted(outcomes) == ["done", "refused"]
    assert_sound(database)


def test_a_case_that_one_may_not_see_is_as_good_as_none(database: Database) -> None:
    hidden = opened(database, known=facts("530302"))
    head = person(database, "head", Post("agency_head", division=FUYUAN, tier="city"))
    ref = opened(database, head)
    for other in (hidden.number, "5303-1999-0001"):
        with pytest.raises(Invalid) as refused:
            did(database, ref, "merge", Merging(other), TODAY, by=head)
        assert [each.field for each in refused.value.problems] == ["into"]


# ---------------------------------------------------------------------------- people


def test_a_recused_person_is_out_at_once(database: Database) -> None:
    ref = opened(database)
    head = person(database, "qian", Post("agency_head", division=CITY, tier="city"))
    did(database, ref, "request_team", SENT, date(2025, 5, 13))
    did(database, ref, "establish_team", Order(document_no="1", person="qian"), date(2025, 5, 14))
    with database.readers.begin() as session:
        assert see_case(session, head, ref.id).ref == ref
    grounds = LAW.in_force(FUYUAN, FIRE_ON).lists["recusal_grounds"].items[0].id
    declared = Recusal(person="qian", item=grounds, note="亲属")
    did(database, ref, "declare_recusal", declared, date(2025, 5, 15))
    granted = Recusal(person="qian", outcome="granted")
    did(database, ref, "decide_leader_recusal", granted, date(2025, 5, 16))
    with database.readers.begin() as session, pytest.raises(NoSuchCase):
        see_case(session, head, ref.id)
    assert numbers(database, "SELECT count(*) FROM recusals") == 1
    assert_sound(database)


# ---------------------------------------------------------------------------- law and calendar


def test_a_case_keeps_its_law_when_the_files_are_gone(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    ref = opened(database)
    monkeypatch.setattr(rulesets, "_read", {})
    monkeypatch.setattr(rulesets, "BUILT_IN", BUILT_IN / "nowhere")
    with database.readers.begin() as session:
        case = load_case(session, ref.id).case
    assert case.ruleset == LAW.in_force(FUYUAN, FIRE_ON)
    did(database, ref, "request_team", SENT)
    # Another case needs no files either, as long as its law is kept.
    opened(database)


def test_law_that_cannot_be_kept_opens_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rulesets, "BUILT_IN", BUILT_IN / "nowhere")
    before = snapshot(database)
    with pytest.raises(Exception, match="was changed since it was read"):
        opened(database)
    assert snapshot(database) == before


def test_law_that_is_not_kept_is_said(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    opened(database)
    monkeypatch.setattr(rulesets, "_read", {})
    with database.readers.begin() as session:
        with pytest.raises(Unreadable, match="no ruleset"):
            rulesets.stored_ruleset(session, "nothing")
        monkeypatch.setattr(rulesets, "contents_of", lambda *_: _contents(session))
        with pytest.raises(Unreadable, match="is not what"):
            rulesets.stored_ruleset(session, "another")


def _contents(session: object) -> str:
    ruleset = LAW.in_force(FUYUAN, FIRE_ON)
    return rulesets._contents(ruleset.layers, None)


def test_a_later_notice_moves_what_runs_and_nothing_that_was_met(database: Database) -> None:
    ref = opened(database, known=replace(facts(), occurred_on=date(2025, 5, 12)))
    did(database, ref, "request_team", SENT, date(2025, 5, 13))
    # A made-up notice that takes the days of the met clock, and those before the report's day.
    off = {date(2025, 5, day): "停工" for day in (13, 14, 15)}
    off |= {date(2025, 7, day): "停工" for day in (9, 10, 11)}
    statutory = dict.fromkeys(CALENDAR.statutory_days(2025), "节")
    later = Calendar((Notice(2025, "测试", {**statutory, **off}, frozenset(), None),))
    different = {(each.key, each.column) for each in rebuild(database, later)}
    assert ("report/1", "act_by") in different
    assert not any(name.startswith("team_request") for name, _ in different)
    assert {name for name, _ in different} <= {"report/1", "determination/1", ""}
    list(rebuild(database, later, check=False))
    assert list(rebuild(database, later)) == []


def test_an_action_takes_few_statements(database: Database) -> None:
    ref = opened(database)
    did(database, ref, "request_team", SENT)
    did(database, ref, "update_figures", Figures(missing=7))
    with counted(database) as few:
        did(database, ref, "update_figures", Figures(missing=1))
    for number in range(20):
        did(database, ref, "update_figures", Figures(missing=number + 2))
    with counted(database) as many:
        did(database, ref, "update_figures", Figures(missing=1))
    assert len(many) == len(few) <= 8


def test_acting_for_somebody_needs_to_be_their_deputy(database: Database) -> None:
    ref = opened(database)
    with pytest.raises(NotAllowed):
        did(database, ref, "request_team", SENT, acting_for="zhao")


def test_a_wrong_decision_kind_is_invalid(database: Database) -> None:
    ref = opened(database)
    with pytest.raises(Invalid):
        did(database, ref, "request_team", Decision(decided_by="某"))


def test_whoever_comes_second_is_stale(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    ref = opened(database)
    before = snapshot(database)

    def too_late(*_: object, **__: object) -> None:
        raise Conflict

    monkeypatch.setattr("fireinvest.store.cases.change_case", too_late)
    with pytest.raises(Stale) as stale:
        did(database, ref, "request_team", SENT, expected=1)
    assert (stale.value.expected, stale.value.found) == (1, 1)
    monkeypatch.setattr("fireinvest.store.cases.add_case", too_late)
    with pytest.raises(Stale):
        opened(database)
    assert snapshot(database) == before


def test_a_deadline_without_its_entry_is_withdrawn(database: Database) -> None:
    ref = opened(database)
    submitted(database, ref)
    did(database, ref, "void", Voiding(5), TODAY)
    did(database, ref, "void", Voiding(4), TODAY)
    told = "SELECT count(*) FROM outbox WHERE kind = 'deadline_withdrawn' AND key LIKE '%:reply:1'"
    assert numbers(database, told) == 1
    assert_sound(database)


def test_a_case_ends_with_its_last_clock_in_its_last_stage(database: Database) -> None:
    outside = opened(database, known=facts(deaths=0, serious_injuries=0, social_impact=False))
    did(
        database, outside, "decide_category", Decision(decided_by="某", category="forest_grassland")
    )
    with database.readers.begin() as session:
        row = load_case(session, outside.id).row
    assert (row["mode"], row["next_clock"]) == ("other_regime", None)
    assert_sound(database)
