"""Notices and decisions: previewed, applied all or nothing, each case told why, on every database."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fireinvest.messages import Faulty
from fireinvest.regulation.calendar import Calendar, Notice, parse_notice
from fireinvest.regulation.facts import Facts
from fireinvest.services import recounting, recounts
from fireinvest.services.alerting import climb
from fireinvest.services.calendars import calendar_with, missing_notice
from fireinvest.services.cases import CaseRef, act, load_case, open_case, rebuild
from fireinvest.services.journal import verify_log
from fireinvest.services.notices import stored_notices
from fireinvest.services.recounting import (
    Changed,
    Draft,
    decide,
    decision_problems,
    enter_notice,
    option_in_force,
    preview_decision,
    preview_notice,
)
from fireinvest.services.recounts import write
from fireinvest.services.reminding import remind_of_notice
from fireinvest.store import Database, cases
from fireinvest.store.codec import Unreadable
from fireinvest.store.conflicts import Conflict
from fireinvest.store.notices import all_notices
from fireinvest.store.projections import calendar_id, deadline_values, settled
from fireinvest.store.readings import decisions_of
from fireinvest.workflow.actions import Cause, DocumentSent, Figures, Recounting
from fireinvest.workflow.deadlines import deadlines_of
from fireinvest.workflow.engine import Action
from fireinvest.workflow.errors import Stale
from fireinvest.workflow.permissions import SYSTEM, Actor
from tests.regulation.test_local_days import FESTIVAL
from tests.services.office import CALENDAR as PLAIN
from tests.services.office import (
    CITY,
    FUYUAN,
    HEAD,
    LAW,
    TIMERS,
    did,
    key,
    person,
)
from tests.services.test_calendars import NOTICE_2027
from tests.workflow.stories import PROCEDURE, STAGES, Story

NOW = datetime(2026, 12, 30, 4, tzinfo=UTC)
TODAY = date(2026, 12, 30)
FIRE_ON = date(2026, 12, 29)
ADMIN = Actor("admin")
NOTICE = parse_notice(NOTICE_2027)


def burned(
    database: Database, place: str = FUYUAN, on: date = FIRE_ON, calendar: Calendar = PLAIN
) -> CaseRef:
    """A case whose request is due in January 2027."""
    return open_case(
        database, LAW, calendar, TIMERS, Facts(on, division=place, deaths=5), "某厂", "某路",
        home_division=CITY, idempotency_key=key(), now=NOW, today=TODAY,
    )  # fmt: skip


def due(database: Database, ref: CaseRef, clock: str = "team_request") -> date:
    with database.readers.begin() as session:
        rows = cases.deadlines_of_cases(session, [ref.id])
    found: date = next(each["due_on"] for each in rows if each["clock"] == clock)
    return found


def steps(database: Database, ref: CaseRef) -> list[str]:
    with database.readers.begin() as session:
        return [each.step for each in load_case(session, ref.id).lines]


def in_force(database: Database) -> Calendar:
    return calendar_with(stored_notices(database))


def enter(database: Database, notice: Notice = NOTICE, seen: str | None = None) -> Any:
    return enter_notice(
        database, in_force(database), notice, ADMIN, seen=seen, now=NOW, today=TODAY
    )


def look(database: Database, notice: Notice = NOTICE, actor: Actor = ADMIN) -> Any:
    return preview_notice(database, in_force(database), notice, actor, now=NOW, today=TODAY)


def sound(database: Database) -> None:
    """The lists are what the journals say, and their chain is whole."""
    assert list(rebuild(database, in_force(database))) == []
    with database.readers.begin() as session:
        assert list(verify_log(session)) == []


# ---------------------------------------------------------------------------- notices


def test_a_notice_is_previewed_and_moves_just_what_was_shown(database: Database) -> None:
    ref = burned(database)
    before = due(database, ref)
    found = look(database)
    tallies = {each.clock: (each.moved, each.confirmed) for each in found.sorted_tallies}
    assert tallies == {"team_request": (1, 0), "report": (0, 1), "determination": (0, 1)}
    assert (due(database, ref), steps(database, ref)) == (before, ["open"])
    entered = enter(database, seen=found.seen)
    assert (entered.revision, entered.moved.moved, entered.moved.cases) == (1, 1, 1)
    assert due(database, ref) == before + timedelta(days=1)
    sound(database)


def test_each_case_says_what_moved_and_why(database: Database) -> None:
    ref = burned(database)
    enter(database)
    with database.readers.begin() as session:
        line = load_case(session, ref.id).lines[-1]
    assert (line.step, line.actor, line.acting_for) == ("recount", SYSTEM, "admin")
    assert line.entry().payload == Recounting(Cause.CALENDAR, NOTICE.number, 2027, 1)
    name = "due_on.team_request/1"
    assert (line.olds[name], line.news[name]) == ("2027-01-04", "2027-01-05")
    assert "due_on.reply/1" not in line.news
    assert line.news["provisional.report/1"] is False


def test_people_are_told_with_the_cause(database: Database) -> None:
    from fireinvest.store import outbox

    ref = burned(database)
    enter(database)
    with database.sessions.begin() as session:
        jobs = outbox.claim(session, "w", NOW, timedelta(minutes=1), 50)
    told = {
        (each.kind, each.payload["clock"]): each.payload["cause"]
        for each in jobs
        if each.case_id == ref.id and each.payload["entry"] == 2
    }
    assert told["deadline_moved", "team_request"] == "calendar"
    assert told["deadline_confirmed", "report"] == "calendar"


def test_the_same_notice_again_adds_nothing(database: Database) -> None:
    ref = burned(database)
    enter(database)
    again = enter(database)
    assert (again.revision, again.moved) == (1, None)
    assert look(database) is None
    assert steps(database, ref) == ["open", "recount"]


def test_a_satisfied_clock_never_moves(database: Database) -> None:
    ref = burned(database, on=date(2026, 12, 28))
    did_at(database, ref, "request_team", DocumentSent(to="市政府"), date(2026, 12, 29))
    before = due(database, ref)
    assert before > date(2026, 12, 31) - timedelta(days=1)
    taken = parse_notice({**NOTICE_2027, "off": [*NOTICE_2027["off"], "2026-12-30", "2026-12-31"]})  # type: ignore[misc]
    found = look(database, taken)
    assert "team_request" not in {each.clock for each in found.sorted_tallies}
    enter(database, taken)
    assert due(database, ref) == before
    sound(database)


def did_at(database: Database, ref: CaseRef, step: str, payload: Any, on: date) -> None:
    from fireinvest.services.cases import act
    from fireinvest.workflow.engine import Action

    act(
        database, LAW, in_force(database), TIMERS, ref.id, Action(step, payload, on, reason="x"),
        idempotency_key=key(), now=NOW, today=TODAY,
    )  # fmt: skip


def test_a_stale_preview_applies_nothing(database: Database) -> None:
    ref = burned(database)
    found = look(database)
    other = burned(database)
    with pytest.raises(Changed):
        enter(database, seen=found.seen)
    assert stored_notices(database) == ()
    assert steps(database, ref) == steps(database, other) == ["open"]
    enter(database, seen=look(database).seen)
    sound(database)


def test_killed_in_the_middle_nothing_is_applied(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    refs = [burned(database) for _ in range(3)]
    before = [due(database, each) for each in refs]

    def dies(*given: Any) -> Any:
        written = write(*given)
        yield next(written)
        raise KeyboardInterrupt

    monkeypatch.setattr(recounting, "write", dies)
    with pytest.raises(KeyboardInterrupt):
        enter(database)
    assert stored_notices(database) == ()
    assert [due(database, each) for each in refs] == before
    assert {tuple(steps(database, each)) for each in refs} == {("open",)}
    monkeypatch.undo()
    enter(database)
    sound(database)


def test_of_two_administrators_at_once_one_looks_anew(database: Database) -> None:
    ref = burned(database)
    calendar, seen = in_force(database), look(database).seen
    other = parse_notice({**NOTICE_2027, "worked": ["2027-01-10"]})
    barrier, said = Barrier(2), []

    def work(notice: Notice) -> None:
        barrier.wait()
        try:
            enter_notice(database, calendar, notice, ADMIN, seen=None, now=NOW, today=TODAY)
            said.append("entered")
        except Changed:
            said.append("changed")

    threads = [Thread(target=work, args=(each,)) for each in (NOTICE, other)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(said) == ["changed", "entered"]
    assert steps(database, ref) == ["open", "recount"]
    assert seen
    sound(database)


def test_nothing_is_saved_under_a_calendar_that_no_longer_holds(database: Database) -> None:
    ref = burned(database)
    enter(database)
    with pytest.raises(Stale):
        did(database, ref, "request_team", DocumentSent(to="市政府"), FIRE_ON)
    with pytest.raises(Stale):
        burned(database)
    burned(database, calendar=in_force(database))
    sound(database)


def test_local_days_off_move_only_the_cases_of_their_place(database: Database) -> None:
    there, elsewhere = (burned(database, each) for each in ("530324", FUYUAN))
    local = parse_notice(
        {**FESTIVAL, "year": 2027, "off": {"2027-01-04": "节", "2027-01-05": "节"}}
    )
    found = look(database, local)
    assert {each.division for each in found.sorted_tallies} == {"530324"}
    enter(database, local)
    assert due(database, there) == date(2027, 1, 6)
    assert due(database, elsewhere) == date(2027, 1, 4)
    assert steps(database, elsewhere) == ["open"]
    sound(database)
    # A case of that place that is opened later counts so from the start.
    assert due(database, burned(database, "530324", calendar=in_force(database))) == date(
        2027, 1, 6
    )
    with database.readers.begin() as session:
        (kept,) = all_notices(session)
    assert (kept.division, kept.recorded_by, kept.revision) == ("530324", "admin", 1)
    # The country's notice of the same year lies under it, and is a revision of its own.
    assert enter(database).revision == 2
    assert due(database, there) == date(2027, 1, 6)
    assert due(database, elsewhere) == date(2027, 1, 5)
    sound(database)


def test_a_preview_names_only_the_cases_that_somebody_may_see(database: Database) -> None:
    ref = burned(database)
    assert look(database).named == []
    named = look(database, actor=HEAD).named
    assert {each.number for each in named} == {ref.number}
    assert look(database).seen == look(database, actor=HEAD).seen


def test_a_case_that_cannot_be_read_stops_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = burned(database), burned(database)
    from fireinvest.services import cases as service

    folded = service._folded

    def broken(session: Any, row: Any, lines: Any) -> Any:
        if row.id == bad.id:
            raise Unreadable("broken")
        return folded(session, row, lines)

    monkeypatch.setattr(service, "_folded", broken)
    enter(database)
    monkeypatch.undo()
    assert steps(database, bad) == ["open"]
    assert steps(database, good) == ["open", "recount"]


def test_no_more_cases_are_read_at_a_time_than_planned(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recounts, "_AT_ONCE", 2)
    for _ in range(5):
        burned(database)
    assert look(database).cases == 5
    assert enter(database).moved.cases == 5


def test_what_changes_while_a_notice_is_counted_is_counted_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    refs = [burned(database) for _ in range(3)]
    opened: list[CaseRef] = []

    def meanwhile(*given: Any) -> Any:
        found = recounts.prepare(*given)
        # Nobody waits while it is counted: a case changes, one is met, one swept, one opened.
        for ref, step, payload in (
            (refs[0], "update_figures", Figures(deaths=6, source="医院")),
            (refs[1], "request_team", DocumentSent(to="市政府")),
        ):
            act(
                database, LAW, PLAIN, TIMERS, ref.id, Action(step, payload, TODAY),
                idempotency_key=key(), now=NOW, today=TODAY,
            )  # fmt: skip
        with database.sessions.begin() as session:
            climb(session, refs[2].id, PLAIN, now=NOW, today=TODAY)
        opened.append(burned(database))
        return found

    monkeypatch.setattr(recounting, "prepare", meanwhile)
    moved = enter(database).moved
    # The one that was met meanwhile doesn't move.
    assert (moved.cases, moved.moved) == (4, 3)
    assert steps(database, refs[0]) == ["open", "update_figures", "recount"]
    assert [steps(database, each)[-1] for each in (refs[2], *opened)] == ["recount"] * 2
    sound(database)


def test_a_change_while_it_is_counted_is_shown_before_it_is_applied(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    burned(database)
    seen = look(database).seen

    def meanwhile(*given: Any) -> Any:
        found = recounts.prepare(*given)
        burned(database)
        return found

    monkeypatch.setattr(recounting, "prepare", meanwhile)
    with pytest.raises(Changed):
        enter(database, seen=seen)
    assert stored_notices(database) == ()


def test_a_notice_that_moves_no_date_leaves_no_entry_and_sound_lists(database: Database) -> None:
    ref = burned(database, on=date(2026, 10, 12))
    later = parse_notice({**NOTICE_2027, "number": "试〔2026〕2号"})
    enter(database)
    before = steps(database, ref)
    assert look(database, later).cases == 0
    enter(database, later)
    assert steps(database, ref) == before
    sound(database)


def test_no_count_anew_is_saved_under_a_calendar_that_no_longer_holds(database: Database) -> None:
    ref = burned(database)
    enter(database)
    before = due(database, ref)
    with pytest.raises(Conflict), database.sessions.begin() as session:
        climb(session, ref.id, PLAIN, now=NOW, today=TODAY)
    assert due(database, ref) == before


# ---------------------------------------------------------------------------- readings

RULES = LAW.in_force(CITY, TODAY)
SAME = Draft("start-day", "same", FIRE_ON, "市局局务会", "曲消办〔2026〕9号", "统一口径")


def settle(database: Database, draft: Draft = SAME, seen: str | None = None) -> Any:
    return decide(database, in_force(database), RULES, draft, HEAD, seen=seen, now=NOW, today=TODAY)


def look_at(database: Database, draft: Draft = SAME) -> Any:
    return preview_decision(database, in_force(database), RULES, draft, HEAD, now=NOW, today=TODAY)


def test_a_decision_is_previewed_and_every_open_case_learns_of_it(database: Database) -> None:
    old = burned(database, on=date(2026, 12, 28))
    ref = burned(database)
    found = look_at(database)
    assert (found.noted, found.cases) == (2, 1)
    assert {each.number for each in found.named} == {ref.number}
    moved = settle(database, seen=found.seen)
    assert moved.noted == 2
    assert due(database, ref) == date(2026, 12, 31)
    assert due(database, old) == date(2026, 12, 31)
    for each in (old, ref):
        with database.readers.begin() as session:
            line = load_case(session, each.id).lines[-1]
        assert (line.step, line.acting_for) == ("recount", HEAD.id)
        assert line.entry().payload == Recounting(
            Cause.READING, SAME.document, None, 1, None, "start-day", "same", FIRE_ON
        )
    sound(database)


def test_a_new_case_learns_of_earlier_decisions_at_its_opening(database: Database) -> None:
    settle(database)
    settle(database, replace(SAME, option="next", applies_from=date(2027, 2, 1)))
    ref = burned(database)
    assert steps(database, ref) == ["open", "recount", "recount"]
    assert due(database, ref) == date(2026, 12, 31)
    sound(database)


def test_the_same_decision_again_adds_nothing(database: Database) -> None:
    ref = burned(database)
    settle(database)
    assert settle(database) is None
    assert steps(database, ref) == ["open", "recount"]
    with database.readers.begin() as session:
        assert [each.revision for each in decisions_of(session, RULES.profile)] == [1]


def test_a_stale_decision_applies_nothing(database: Database) -> None:
    found = look_at(database)
    burned(database)
    with pytest.raises(Changed):
        settle(database, seen=found.seen)
    with database.readers.begin() as session:
        assert decisions_of(session, RULES.profile) == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"reading": "nothing"}, "reading"),
        ({"option": "never"}, "option"),
        ({"reading": "zone", "option": "committee"}, "option"),
        ({"decided_by": " "}, "decided_by"),
        ({"document": ""}, "document"),
        ({"reason": ""}, "reason"),
        ({"decided_by": "x" * 201}, "decided_by"),
        ({"document": "x" * 301}, "document"),
        ({"reason": "x" * 2001}, "reason"),
    ],
)
def test_a_bad_decision_is_refused_beside_its_field(change: dict[str, Any], field: str) -> None:
    problems = decision_problems(RULES, replace(SAME, **change))
    assert {each.field for each in problems} == {field}


def test_a_bad_decision_is_neither_previewed_nor_recorded(database: Database) -> None:
    for ask in (settle, look_at):
        with pytest.raises(Faulty):
            ask(database, replace(SAME, reason=""))
    with database.readers.begin() as session:
        assert decisions_of(session, RULES.profile) == []


def test_a_point_that_moves_no_date_can_be_confirmed(database: Database) -> None:
    ref = burned(database)
    zone = replace(SAME, reading="zone", option="city")
    assert settle(database, zone).noted == 0
    assert steps(database, ref) == steps(database, burned(database)) == ["open"]


def test_the_answer_in_force_depends_on_the_day(database: Database) -> None:
    settle(database)
    settle(database, replace(SAME, option="next", applies_from=date(2027, 2, 1)))
    with database.readers.begin() as session:
        found = decisions_of(session, RULES.profile)
    reading = RULES.readings["start-day"]
    asked = [FIRE_ON - timedelta(days=1), FIRE_ON, date(2027, 1, 31), date(2027, 2, 1)]
    answers = [option_in_force(reading, found, each)[0] for each in asked]
    assert answers == ["next", "same", "same", "next"]


# ---------------------------------------------------------------------------- a missing notice


@pytest.mark.parametrize(
    ("today", "missing"),
    [
        (date(2026, 11, 30), None),
        (date(2026, 12, 1), 2027),
        (date(2027, 1, 1), 2027),
        (date(2027, 12, 31), 2027),
    ],
)
def test_next_years_notice_is_missed_from_december_on(today: date, missing: int | None) -> None:
    assert missing_notice(Calendar(), today) == missing
    assert missing_notice(Calendar((NOTICE,)), min(today, date(2027, 11, 30))) is None


def test_the_keepers_of_the_calendar_hear_of_it_once_a_week(database: Database) -> None:
    from fireinvest.services.people import Post

    person(database, "keeper", Post("system_administrator"))
    person(database, "guard", Post("security_administrator"))
    days = [date(2026, 11, 30), date(2026, 12, 1), date(2026, 12, 2), date(2026, 12, 8)]
    told = []
    for day in days:
        with database.sessions.begin() as session:
            told.append(remind_of_notice(session, Calendar(), now=NOW, today=day))
    assert told == [0, 1, 0, 1]
    with database.sessions.begin() as session:
        assert remind_of_notice(session, Calendar((NOTICE,)), now=NOW, today=days[-1]) == 0


# ---------------------------------------------------------------------------- whatever a notice says

_LINES = [line for stage in STAGES for line in PROCEDURE[stage]]
_TAKEN = Story()
for _step, _on, _said in _LINES:
    _TAKEN.take(_step, _on, reason="x", **_said)
_DAYS = [date(2025, 5, 1) + timedelta(days=at) for at in range(500)]


@given(
    entries=st.integers(1, len(_LINES) + 1),
    off=st.sets(st.sampled_from(_DAYS), max_size=60),
    worked=st.sets(st.sampled_from([day for day in _DAYS if day.weekday() > 4]), max_size=20),
    place=st.sampled_from([None, FUYUAN]),
)
def test_no_notice_ever_moves_a_clock_that_has_ended(
    entries: int, off: set[date], worked: set[date], place: str | None
) -> None:
    case = _TAKEN.only(_TAKEN.entries[:entries]).case
    notices = []
    for year in (2025, 2026):
        days = {each: "" for each in off - worked if each.year == year}
        kept = frozenset(each for each in worked if each.year == year)
        notices.append(Notice(year, "x", days, frozenset() if place else kept, None, place))
    today = max(each.on for each in case.entries)
    rows = []
    for calendar in (PLAIN, Calendar(tuple(notices))):
        found = deadlines_of(case, calendar, today)
        rows.append(deadline_values(1, case, found, calendar, calendar_id(calendar)))
    kept_rows = settled(rows[0], rows[1])
    for name, row in rows[0].items():
        if row["ended_on"] is not None:
            assert kept_rows[name] == row
