"""Which rung of which clock is told to whom, once; and what the sweep does with a bad case."""

import json
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select, text

from fireinvest.messages import render
from fireinvest.regulation.calendar import Calendar
from fireinvest.services.alert_words import words_of
from fireinvest.services.alerting import climb, tell_event
from fireinvest.services.cases import CaseRef, act, load_case, open_case, rebuild, recount
from fireinvest.services.notices import calendar_in_force
from fireinvest.services.people import Post, name_deputy, set_active
from fireinvest.services.recounting import enter_notice
from fireinvest.services.sweeping import Swept, sweep
from fireinvest.store import Database
from fireinvest.store.alerts import (
    AlertRow,
    LadderRow,
    ReachedRow,
    alerts_of,
    ladders_of,
    reached_by,
)
from fireinvest.store.boards import BoardFilters, board_page
from fireinvest.store.lists import Scope
from fireinvest.store.outbox import OutboxRow
from fireinvest.store.people import Person, find_login
from fireinvest.workflow.actions import (
    DocumentReceived,
    DocumentSent,
    Extension,
    Interval,
    Membership,
    Order,
    Recusal,
)
from fireinvest.workflow.deadlines import deadlines_of
from fireinvest.workflow.engine import Action
from fireinvest.workflow.permissions import SYSTEM, SYSTEM_ADMINISTRATOR, Actor
from tests.services.office import CALENDAR, CITY, FUYUAN, LAW, actor, facts, key, notice_of
from tests.web.office import person_with

TIMERS = Actor(SYSTEM)


def at(day: date, hour: int = 2) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def on(written: str) -> date:
    return date.fromisoformat(written)


class Office:
    """A county with people, one case, and a day that goes on."""

    def __init__(self, database: Database, opened_on: str = "2025-05-12") -> None:
        self.database = database
        person_with(database, "carrier", Post("carrier", division=FUYUAN, tier="county"))
        for login, role, place, tier in (
            ("head", "agency_head", FUYUAN, "county"),
            ("signer", "government_signer", FUYUAN, "county"),
            ("handler", "government_handler", FUYUAN, "county"),
            ("city", "agency_head", CITY, "city"),
            ("elsewhere", "agency_head", "530302", "county"),
        ):
            person_with(database, login, Post(role, division=place, tier=tier))
        for login in ("leader", "other"):
            person_with(database, login)
        self.today = on(opened_on)
        self.ref = self.opens()

    def opens(self) -> CaseRef:
        return open_case(
            self.database, LAW, CALENDAR, actor(self.database, self.id_of("carrier")), facts(deaths=1, serious_injuries=0),
            "某某商贸有限公司", "胜境街道1号", home_division=CITY, idempotency_key=key(),
            now=at(self.today), today=self.today,
        )  # fmt: skip

    def id_of(self, login: str) -> int:
        with self.database.readers.begin() as session:
            found = find_login(session, login)
            assert found is not None
            return found.id

    def does(self, step: str, payload: object, day: str) -> None:
        self.today = max(self.today, on(day))
        act(
            self.database, LAW, CALENDAR, TIMERS, self.ref.id,
            Action(step, payload, on(day), reason="补记"),  # type: ignore[arg-type] # any payload
            idempotency_key=key(), now=at(self.today, 8), today=self.today,
        )  # fmt: skip

    def sweeps(self, day: str, calendar: Calendar = CALENDAR) -> Swept:
        self.today = on(day)
        return sweep(
            self.database, lambda: calendar, clock=lambda: at(self.today), today=self.today
        )

    def told(self, clock: str = "report") -> list[tuple[str, str]]:
        """Who was told of which rung of a clock, in the order of the telling."""
        query = (
            select(AlertRow.rung, Person.login)
            .join(Person, Person.id == AlertRow.person_id)
            .where(AlertRow.clock == clock)
            .order_by(AlertRow.id)
        )
        with self.database.readers.begin() as session:
            return [(row[0], row[1]) for row in session.execute(query)]

    def skipped(self, clock: str = "report") -> list[str]:
        with self.database.readers.begin() as session:
            return list(
                session.scalars(
                    select(ReachedRow.rung)
                    .where(ReachedRow.clock == clock, ReachedRow.is_skipped)
                    .order_by(ReachedRow.reached_on, ReachedRow.id)
                )
            )

    def spreads(self) -> None:
        """What the outbox holds is told."""
        with self.database.sessions.begin() as session:
            rows = session.scalars(
                select(OutboxRow).where(OutboxRow.done_at.is_(None)).order_by(OutboxRow.id)
            ).all()
            for row in rows:
                assert row.case_id is not None
                tell_event(
                    session, row.kind, row.case_id, json.loads(row.payload), CALENDAR,
                    now=at(self.today, 9), today=self.today,
                )  # fmt: skip
                row.done_at = at(self.today, 9)


@pytest.fixture
def office(database: Database) -> Office:
    return Office(database)


def nights(first: str, last: str) -> Iterable[str]:
    day = on(first)
    while day <= on(last):
        yield day.isoformat()
        day += timedelta(days=1)


def test_every_rung_is_told_once_night_after_night(office: Office) -> None:
    for night in nights("2025-05-12", "2025-07-25"):
        office.sweeps(night)
        office.sweeps(night)  # Twice adds nothing.
    carrier = [rung for rung, login in office.told() if login == "carrier"]
    assert carrier == [
        "started", "half_way", "left_15", "left_7", "left_3", "left_1", "due_today",
        # On the first day overdue the urging slip tells of it.
        "urged", *["overdue_daily"] * 6, "overdue_weekly",
    ]  # fmt: skip
    assert office.skipped() == []
    heads = [rung for rung, login in office.told() if login == "head"]
    assert heads[:4] == ["left_3", "left_1", "due_today", "urged"]
    # The superior hears when a week has gone by; another county never.
    assert [rung for rung, login in office.told() if login == "city"] == ["supervised"]
    assert not [login for _, login in office.told() if login in ("elsewhere", "other")]


def test_missed_nights_are_one_notice_and_the_passed_rungs_stay_on_record(office: Office) -> None:
    office.sweeps("2025-05-12")
    office.sweeps("2025-07-10")
    assert [rung for rung, login in office.told() if login == "carrier"] == ["started", "left_1"]
    assert office.skipped() == ["half_way", "left_15", "left_7", "left_3"]


def test_a_superior_still_hears_though_later_rungs_were_reached(office: Office) -> None:
    office.sweeps("2025-08-30")
    told = office.told()
    assert ("supervised", "city") in told
    assert ("urged", "signer") in told
    assert [rung for rung, login in told if login == "carrier"] == ["overdue_weekly"]
    assert "due_today" in office.skipped()


def test_a_met_clock_is_told_and_climbs_no_more(office: Office) -> None:
    office.sweeps("2025-05-13")
    office.does("request_team", DocumentSent(to="县政府"), "2025-05-14")
    office.spreads()
    office.sweeps("2025-05-20")
    assert [rung for rung, login in office.told("team_request") if login == "carrier"] == [
        "started",
        "satisfied",
    ]


def test_an_extension_moves_the_date_and_says_so(office: Office) -> None:
    office.does("request_team", DocumentSent(to="县政府"), "2025-05-14")
    office.does("establish_team", Order(document_no="1", person="leader"), "2025-05-14")
    office.sweeps("2025-07-04")
    office.does("ask_extension", Extension(days=30, grounds="案情复杂"), "2025-07-05")
    office.does("decide_extension", Extension(days=30, outcome="approved"), "2025-07-06")
    office.spreads()
    told = [rung for rung, login in office.told() if login == "leader"]
    assert told == ["left_7", "moved"]
    # The ladder goes on under the new date, and begins with no rung that is past.
    office.sweeps("2025-07-27")
    assert [rung for rung, login in office.told() if login == "leader"][2:] == ["left_15"]
    with office.database.readers.begin() as session:
        newest = alerts_of(session, office.id_of("leader"))
    moved = next(each for each in newest if each.rung == "moved")
    assert (moved.details["before"], moved.details["after"]) != (None, None)
    assert moved.due_on == on("2025-08-10")


def test_whoever_left_was_recused_or_is_away_is_not_told(office: Office) -> None:
    office.does("request_team", DocumentSent(to="县政府"), "2025-05-13")
    office.does("establish_team", Order(document_no="1", person="leader"), "2025-05-14")
    office.does("join_team", Membership(person="other", item="police"), "2025-05-14")
    name_deputy(
        office.database, person_id=office.id_of("elsewhere"), acts_for_id=office.id_of("head"),
        valid_from=on("2025-07-01"), valid_until=on("2025-07-09"), granted_by="security",
    )  # fmt: skip
    office.does("declare_recusal", Recusal(person="leader", item="interest"), "2025-06-01")
    office.does(
        "decide_leader_recusal",
        Recusal(person="leader", item="interest", outcome="granted"),
        "2025-06-01",
    )
    for night in nights("2025-06-02", "2025-07-11"):
        office.sweeps(night)
    told = Counter(office.told())
    assert not [each for each in told if each[1] == "leader"]
    # The deputy hears what the head hears while it lasts: three days left, not the last.
    assert [rung for rung, login in office.told() if login == "elsewhere"] == ["left_3"]


def deputes(office: Office, login: str, acts_for: str, first: str, last: str) -> None:
    name_deputy(
        office.database, person_id=office.id_of(login), acts_for_id=office.id_of(acts_for),
        valid_from=on(first), valid_until=on(last), granted_by="security",
    )  # fmt: skip


def test_a_deputy_hears_each_rung_that_they_would_not_hear_anyhow(office: Office) -> None:
    # The head hears of the last days themselves, and for the carrier of those before.
    deputes(office, "head", "carrier", "2025-06-01", "2025-07-31")
    deputes(office, "other", "signer", "2025-06-01", "2025-07-31")
    deputes(office, "other", "carrier", "2025-06-01", "2025-07-31")
    for night in ("2025-05-12", "2025-07-04", "2025-07-12"):
        office.sweeps(night)
    carrier, signer = office.id_of("carrier"), office.id_of("signer")
    assert heard_of_report(office, "head") == [
        ("urged", "agency_head", None), ("left_7", "carrier", carrier),
    ]  # fmt: skip
    urged, left = heard_of_report(office, "other")
    assert left == ("left_7", "carrier", carrier)
    # Of what both of them hear, the deputy hears once.
    assert urged in (("urged", "carrier", carrier), ("urged", "government_signer", signer))


def heard_of_report(office: Office, login: str) -> list[tuple[str, str, int | None]]:
    with office.database.readers.begin() as session:
        newest = alerts_of(session, office.id_of(login))
    return [(each.rung, each.role, each.acts_for_id) for each in newest if each.clock == "report"]


def test_a_deputy_goes_on_for_somebody_who_can_no_longer_sign_in(office: Office) -> None:
    deputes(office, "other", "carrier", "2025-06-01", "2025-07-31")
    office.sweeps("2025-05-12")
    set_active(office.database, office.id_of("carrier"), is_active=False)
    office.sweeps("2025-07-04")
    assert [each for each in office.told() if each[0] == "left_7"] == [("left_7", "other")]


def test_a_deputy_on_the_team_hears_nothing_for_the_government(office: Office) -> None:
    office.does("request_team", DocumentSent(to="县政府"), "2025-05-13")
    office.does("establish_team", Order(document_no="1", person="leader"), "2025-05-14")
    office.does("join_team", Membership(person="other", item="police"), "2025-05-14")
    deputes(office, "other", "signer", "2025-06-01", "2025-07-31")
    deputes(office, "elsewhere", "signer", "2025-06-01", "2025-07-31")
    office.sweeps("2025-07-12")
    urged = {login for rung, login in office.told() if rung == "urged"}
    assert urged >= {"signer", "elsewhere", "leader"}
    assert "other" not in urged


@pytest.mark.parametrize(
    ("gone", "heard", "stood_in"),
    [
        (("carrier",), "head", None),
        (("carrier", "head"), "city", "superior-agency_head"),
        (("carrier", "head", "city"), "root", "system_administrator"),
        (("carrier", "head", "city"), None, "nobody"),
    ],
)
def test_what_nobody_is_there_to_hear_goes_to_the_next(
    office: Office, gone: tuple[str, ...], heard: str | None, stood_in: str | None
) -> None:
    # Where there is not even an administrator, the record and the health page are left.
    posts = [] if stood_in == "nobody" else [Post(SYSTEM_ADMINISTRATOR)]
    person_with(office.database, "root", *posts)
    office.sweeps("2025-05-12")
    for login in gone:
        set_active(office.database, office.id_of(login), is_active=False)
    office.sweeps("2025-05-15")
    office.sweeps("2025-05-15")
    told = [each for each in office.told("team_request") if each[1] != "carrier"]
    with office.database.readers.begin() as session:
        alarms = [each.rung for each in alerts_of(session, office.id_of("root"))]
        due, *_ = reached_by(session, office.ref.id, "team_request", "1")
    assert told == ([("due_today", heard)] if heard in ("head", "city") else [])
    assert alarms == (["unheard"] if heard == "root" else [])
    assert (due.rung, due.is_skipped, due.stood_in) == ("due_today", False, stood_in)
    assert office.skipped("team_request") == ["half_way", "left_1"]


def test_whoever_hears_of_a_clock_anyhow_is_not_told_of_less_in_the_place_of_others(
    office: Office,
) -> None:
    for login in ("carrier", "head"):
        set_active(office.database, office.id_of(login), is_active=False)
    office.sweeps("2025-05-24")
    # The superior hears that they are to take it in hand, and of nothing that came before.
    told = [rung for rung, login in office.told("team_request") if login == "city"]
    assert told == ["supervised"]
    with office.database.readers.begin() as session:
        record = reached_by(session, office.ref.id, "team_request", "1")
    assert {each.stood_in for each in record} == {None}


def test_that_a_date_moved_and_that_it_is_certain_are_both_told(office: Office) -> None:
    before = {"due_on": "2025-07-11", "provisional": True}
    after = {"due_on": "2025-07-14", "provisional": False}
    payload = {
        "clock": "report", "instance": "1", "entry": 1, "cause": "calendar", "before": before,
        "after": after,
    }  # fmt: skip
    with office.database.sessions.begin() as session:
        tell_event(
            session, "deadline_moved", office.ref.id, payload, CALENDAR, now=at(office.today),
            today=office.today,
        )  # fmt: skip
    told = [rung for rung, login in office.told() if login == "carrier"]
    assert told[:2] == ["moved", "confirmed"]


def test_while_an_appraisal_is_out_two_notices_tell_of_it_and_every_list_the_same(
    office: Office,
) -> None:
    office.does("request_team", DocumentSent(to="县政府"), "2025-05-13")
    office.does("establish_team", Order(document_no="1", person="leader"), "2025-05-14")
    # Two days are left when it goes out: every rung of the last days is near.
    office.does("test_commissioned", Interval(ref="T1", subject="残留物"), "2025-06-09")
    office.spreads()
    for night in nights("2025-06-09", "2025-06-20"):
        office.sweeps(night)
        office.spreads()
    assert determination(office) == (on("2025-06-22"), on("2025-06-22"))
    # Nobody swept for two days: the lists still say what the case says.
    office.today = on("2025-06-22")
    assert determination(office) == (on("2025-06-24"), on("2025-06-24"))
    # An entry that has nothing to do with it tells nobody that the date moved.
    office.does("join_team", Membership(person="other", item="police"), "2025-06-23")
    office.spreads()
    # It had come back before that was written down.
    office.does("test_returned", Interval(ref="T1"), "2025-06-22")
    office.spreads()
    with office.database.readers.begin() as session:
        heard = [
            each for each in alerts_of(session, office.id_of("carrier"))
            if each.clock == "determination"
        ]  # fmt: skip
        words = [
            " ".join(render(line, "en") for line in words_of(session, each, office.today).lines)
            for each in heard
        ]
    assert [each.details.get("cause", each.rung) for each in heard] == [
        # Back again: how little time is left under the date that holds now.
        "left_1", "resumed", "paused", "started",
    ]  # fmt: skip
    assert (heard[1].due_on, heard[2].due_on) == (on("2025-06-24"), on("2025-06-11"))
    assert "from 2025-06-11 to 2025-06-24" in words[1]
    assert "out since 2025-06-09" in words[2]


def determination(office: Office) -> tuple[date, date]:
    """When it is due by the page of the case, and by the board."""
    with office.database.readers.begin() as session:
        found = deadlines_of(load_case(session, office.ref.id).case, CALENDAR, office.today)
        page = next(each for each in found if each.clock.id == "determination")
        filters = BoardFilters(office.today, clock="determination")
        (line,) = board_page(session, Scope(frozenset(), everything=True), filters, None, 9).lines
    assert page.runs_since == line.runs_since == on("2025-06-09")
    assert line.light(office.today) is page.light
    return page.due_on, line.due_on


def test_a_notice_that_moves_no_date_can_move_its_rungs(office: Office) -> None:
    office.does("request_team", DocumentSent(to="县政府"), "2025-05-13")
    office.does("establish_team", Order(document_no="1", person="leader"), "2025-05-14")
    office.does("submit_report", DocumentSent(to="县政府"), "2025-07-10")
    office.does("receive_report", DocumentReceived(sender="调查组"), "2025-07-11")
    office.sweeps("2025-07-28")
    with office.database.readers.begin() as session:
        ladder = ladders_of(session, office.ref.id)["reply", "1"]
    assert (ladder.due_on, ladder.next_on) == (on("2025-08-01"), on("2025-07-29"))
    # A Wednesday is off and the Saturday before is worked: three days are left since Monday.
    known = notice_of(2025, "1")
    swapped = replace(
        known, off={**known.off, on("2025-07-30"): ""}, worked=known.worked | {on("2025-07-26")}
    )
    other = Calendar((swapped,))
    with office.database.sessions.begin() as session:
        loaded = load_case(session, office.ref.id, lock=True)
        recount(session, loaded, other, now=at(office.today), today=office.today)
        ladder = ladders_of(session, office.ref.id)["reply", "1"]
    assert (ladder.due_on, ladder.next_on) == (on("2025-08-01"), on("2025-07-28"))
    office.sweeps("2025-07-28", other)
    assert ("left_3", "handler") in office.told("reply")


def test_a_start_that_moves_without_its_date_is_no_news(office: Office) -> None:
    office.does("request_team", DocumentSent(to="县政府"), "2025-05-13")
    office.does("establish_team", Order(document_no="1", person="leader"), "2025-05-14")
    # Sent on a Friday and registered on the Sunday: fifteen working days from either are the same.
    office.does("submit_report", DocumentSent(to="县政府"), "2025-07-11")
    office.sweeps("2025-07-11")
    office.does("receive_report", DocumentReceived(sender="调查组"), "2025-07-13")
    deputes(office, "other", "handler", "2025-07-13", "2025-07-31")
    office.sweeps("2025-07-13")
    assert ("started", "handler") in office.told("reply")
    assert ("started", "other") not in office.told("reply")


def test_a_case_can_be_counted_anew_on_the_day_on_which_it_was_counted(office: Office) -> None:
    other = Calendar((notice_of(2026, "1"),))
    for _ in range(2):
        with office.database.sessions.begin() as session:
            loaded = load_case(session, office.ref.id, lock=True)
            recount(session, loaded, other, now=at(office.today), today=office.today)
    assert list(rebuild(office.database, other)) == []


def test_the_government_hears_of_its_own_clock(office: Office) -> None:
    office.does("request_team", DocumentSent(to="县政府"), "2025-05-13")
    office.does("establish_team", Order(document_no="1", person="leader"), "2025-05-14")
    office.does("submit_report", DocumentSent(to="县政府"), "2025-07-10")
    office.does("receive_report", DocumentReceived(sender="调查组"), "2025-07-11")
    office.spreads()
    assert ("started", "handler") in office.told("reply")
    assert ("started", "carrier") in office.told("reply")


def test_two_sweeps_at_once_tell_everything_once(database: Database) -> None:
    office = Office(database)
    refs = [office.opens() for _ in range(5)]
    office.today = on("2025-05-14")

    def run(_: int) -> Swept:
        return sweep(database, lambda: CALENDAR, clock=lambda: at(office.today), today=office.today)

    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(run, range(3)))
    assert not [each for swept in found for each in swept.failed]
    with database.readers.begin() as session:
        keys = list(session.scalars(select(AlertRow.key)))
    assert len(keys) == len(set(keys)) == sum(each.told for each in found)
    assert len({each.split(":")[0] for each in keys}) == len(refs) + 1


def test_one_bad_case_never_stops_the_night(office: Office) -> None:
    bad = office.opens()
    with office.database.engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            connection.execute(text("DROP TRIGGER journal_no_update"))
        else:
            connection.execute(text("ALTER TABLE journal DISABLE TRIGGER USER"))
        connection.execute(
            text("UPDATE journal SET payload = '{}' WHERE case_id = :id AND seq = 1"),
            {"id": bad.id},
        )
    third = office.opens()
    swept = office.sweeps("2025-05-14")
    assert swept.failed == (bad.id,)
    assert swept.cases == 3
    told = {number for (number,) in _numbers(office.database)}
    assert told == {office.ref.number, third.number}
    # It stays due, and is tried again the next night.
    assert office.sweeps("2025-05-15").failed == (bad.id,)


def _numbers(database: Database) -> list[tuple[str]]:
    with database.readers.begin() as session:
        rows = session.execute(
            text("SELECT DISTINCT number FROM alerts JOIN cases ON cases.id = alerts.case_id")
        )
        return [(row[0],) for row in rows]


def test_a_notice_entered_while_a_sweep_goes_on_holds_for_the_cases_left(office: Office) -> None:
    for _ in range(2):
        office.opens()
    asked: list[Calendar] = []

    def calendar() -> Calendar:
        # Somebody enters next year's notice after the first case was swept.
        if len(asked) == 1:
            enter_notice(
                office.database, CALENDAR, notice_of(2026, "1"), TIMERS, seen=None,
                now=at(office.today), today=office.today,
            )  # fmt: skip
        asked.append(calendar_in_force(office.database))
        return asked[-1]

    swept = sweep(office.database, calendar, clock=lambda: at(office.today), today=office.today)
    assert (swept.cases, swept.failed) == (3, ())
    assert len(set(map(id, asked))) == 2
    assert list(rebuild(office.database, calendar_in_force(office.database))) == []


def test_the_sweep_asks_only_for_what_is_due(office: Office) -> None:
    office.sweeps("2025-05-12")
    assert office.sweeps("2025-05-13").cases == 0
    with office.database.readers.begin() as session:
        ladder = ladders_of(session, office.ref.id)["report", "1"]
        assert session.scalars(select(LadderRow.next_on).order_by(LadderRow.next_on)).first()
    assert (ladder.swept_on, ladder.next_on) == (on("2025-05-12"), on("2025-06-11"))


def test_a_climb_that_fails_half_way_leaves_nothing(office: Office) -> None:
    with pytest.raises(RuntimeError), office.database.sessions.begin() as session:
        climb(session, office.ref.id, CALENDAR, now=at(office.today), today=office.today)
        raise RuntimeError
    assert office.told() == []
    assert office.sweeps("2025-05-12").told > 0
