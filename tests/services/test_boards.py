"""The board: the running deadlines of just the cases that may be seen, in order, counted right."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fireinvest.messages import Words, render
from fireinvest.regulation.calendar import ONE_DAY
from fireinvest.regulation.clocks import Light
from fireinvest.regulation.profile import Weight
from fireinvest.services.boards import (
    Board,
    BoardFilters,
    BoardKey,
    BoardLine,
    BoardWords,
    board,
    board_columns,
    board_lines,
    board_month,
    board_rows,
    case_list,
)
from fireinvest.services.cases import CaseRef, Filters, Loaded, load_case, rebuild
from fireinvest.services.people import Post
from fireinvest.store import Database
from fireinvest.workflow.actions import DocumentSent, Measure, Order, Planning, Recusal
from fireinvest.workflow.deadlines import deadlines_of
from fireinvest.workflow.permissions import ROLES, SYSTEM, Actor, Grant, may_see
from fireinvest.workflow.planning import plan_backwards
from tests.queries import counted
from tests.services.office import (
    CALENDAR,
    CITY,
    FIRE_ON,
    HEAD,
    LAW,
    TIMERS,
    TODAY,
    did,
    facts,
    key,
    opened,
    person,
    submitted,
)

PLACES = ("530325", "530302", "530300-jkq", CITY, None, "530325", "530381")
PEOPLE = ("qian", "sun", SYSTEM)
DAYS = 14

Seen = tuple[date, int, str, str]


@pytest.fixture
def office(database: Database) -> Iterator[tuple[Database, list[Loaded]]]:
    """Cases of many places and stages; of every second one, somebody is recused."""
    refs: list[CaseRef] = []
    grounds = LAW.in_force("530325", FIRE_ON).lists["recusal_grounds"].items[0].id
    for number, place in enumerate(PLACES):
        ref = opened(database, known=facts(place, deaths=number))
        refs.append(ref)
        if number % 2 == 0:
            did(database, ref, "establish_team", Order(person="li"))
            who = PEOPLE[number // 2 % 2]
            did(database, ref, "declare_recusal", Recusal(person=who, item=grounds))
            did(database, ref, "decide_recusal", Recusal(person=who, outcome="granted"))
    submitted(database, refs[5])
    measure = Measure(ref="整改1", what="更换线路", unit="某单位", due_on=TODAY + timedelta(3))
    did(database, refs[5], "set_measure", measure, TODAY)
    with database.readers.begin() as session:
        yield database, [load_case(session, ref.id) for ref in refs]


def running(loaded: Loaded) -> list[Seen]:
    """The running deadlines of one case, worked out anew."""
    return [
        (each.due_on, loaded.ref.id, each.clock.id, each.run.instance)
        for each in deadlines_of(loaded.case, CALENDAR, TODAY)
        if not each.is_ended
    ]


def place_of(line: BoardLine) -> Seen:
    return line.due_on, line.case_id, line.clock, line.instance


def pages(database: Database, actor: Actor, filters: BoardFilters, size: int) -> Iterator[Board]:
    after: BoardKey | None = None
    while True:
        found = board(database, actor, filters, after, size, DAYS)
        yield found
        after = found.next_key
        if after is None:
            return
        assert len(found.lines) == size


GRANTS = st.builds(
    Grant,
    role=st.sampled_from(sorted(ROLES)),
    case_id=st.none() | st.sampled_from([f"5303-2025-{n:04d}" for n in range(1, 9)]),
    division=st.none() | st.sampled_from([*(each for each in PLACES if each), "530400"]),
    tier=st.sampled_from(["county", "city"]),
)
ACTORS = st.builds(
    Actor,
    st.sampled_from(PEOPLE),
    st.lists(GRANTS, max_size=4).map(tuple),
    st.none() | st.sampled_from(PEOPLE),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(actor=ACTORS, size=st.integers(1, 5), place=st.none() | st.sampled_from([*PLACES, "53"]))
def test_the_board_holds_the_deadlines_of_what_may_be_seen(
    office: tuple[Database, list[Loaded]], actor: Actor, size: int, place: str | None
) -> None:
    database, loaded = office
    expected = sorted(
        deadline
        for each in loaded
        if may_see(actor, each.case, each.ref.number)
        and (place is None or place in (each.row["division"], each.row["parent"]))
        for deadline in running(each)
    )
    found = list(pages(database, actor, BoardFilters(TODAY, place=place), size))
    assert [place_of(line) for each in found for line in each.lines] == expected
    assert {each.counts.all for each in found} == {len(expected)}


def everything(database: Database, filters: BoardFilters) -> Board:
    return board(database, TIMERS, filters, None, 500, DAYS)


def test_filters_narrow_the_board_and_its_counts(office: tuple[Database, list[Loaded]]) -> None:
    database, _ = office
    whole = everything(database, BoardFilters(TODAY))
    due = sorted({line.due_on for line in whole.lines})
    advice = frozenset({Weight.ADVISORY})
    binding = frozenset({Weight.STATUTORY, Weight.SET})
    general = {line.number for line in whole.lines if line.level == "general"}
    assert general
    assert len(general) < len({line.number for line in whole.lines})
    for change, fits in (
        ({"clock": "report"}, lambda line: line.clock == "report"),
        ({"clock": "nothing"}, lambda line: False),
        ({"level": "general"}, lambda line: line.level == "general"),
        ({"carrier": SYSTEM}, lambda line: line.carrier == SYSTEM),
        ({"carrier": "nobody"}, lambda line: False),
        ({"late_by_plan": True}, lambda line: line.is_late_by_plan(TODAY)),
        ({"weights": advice}, lambda line: line.weight == "advisory"),
        ({"weights": binding}, lambda line: line.weight != "advisory"),
        ({"due_from": due[1]}, lambda line: line.due_on >= due[1]),
        ({"due_until": due[1]}, lambda line: line.due_on <= due[1]),
        ({"due_from": due[0], "due_until": due[0]}, lambda line: line.due_on == due[0]),
        (
            {"level": "general", "clock": "report", "due_from": due[1]},
            lambda line: (
                (line.level, line.clock) == ("general", "report") and line.due_on >= due[1]
            ),
        ),
    ):
        found = everything(database, replace(BoardFilters(TODAY), **change))
        expected = [line for line in whole.lines if fits(line)]
        assert list(found.lines) == expected, change
        assert found.counts.all == len(expected), change


def test_each_light_is_that_of_its_lines_on_every_day(
    office: tuple[Database, list[Loaded]],
) -> None:
    database, loaded = office
    bounds = {
        day + timedelta(by)
        for each in loaded
        for found in deadlines_of(each.case, CALENDAR, TODAY)
        for day in (found.yellow_on, found.red_on, found.due_on)
        if day is not None
        for by in (-1, 0, 1)
    }
    seen: set[Light] = set()
    for today in sorted(bounds):
        # What the core says of each clock on that day, not what the row says of itself.
        lights = {
            (found.clock.id, found.run.instance, each.ref.id): found.light
            for each in loaded
            for found in deadlines_of(each.case, CALENDAR, today)
            if not found.is_ended
        }
        seen.update(lights.values())
        counts = everything(database, BoardFilters(today)).counts
        assert counts.by_light == {
            light: Counter(lights.values())[light] for light in Light if light is not Light.DONE
        }
        for light in Light:
            found = everything(database, BoardFilters(today, light=light))
            expected = {each for each, its in lights.items() if its is light}
            assert {(line.clock, line.instance, line.case_id) for line in found.lines} == expected
            assert {line.light(today) for line in found.lines} <= {light}
            # The counts by light stay, so that another light can be chosen.
            assert found.counts.by_light == counts.by_light
    assert seen == set(Light) - {Light.DONE}


def test_the_days_ahead_are_counted_one_by_one(office: tuple[Database, list[Loaded]]) -> None:
    database, loaded = office
    due = Counter(day for each in loaded for day, *_ in running(each))
    last = max(due)
    for first in (last, last - timedelta(DAYS - 1), last - timedelta(DAYS)):
        counts = everything(database, BoardFilters(first)).counts
        days = [first + timedelta(at) for at in range(DAYS)]
        assert counts.by_day == {day: due[day] for day in days}
    narrowed = BoardFilters(last, light=Light.OVERDUE, due_from=last + timedelta(90))
    counts = everything(database, narrowed).counts
    assert sum(counts.by_day.values()) == 0, "none that is due today is overdue"
    assert counts.all == 0, "none is due so late"
    counts = everything(database, replace(narrowed, light=None)).counts
    assert counts.by_day[last] == due[last], "the days stay as they are, whatever days are shown"


def test_what_two_ways_lead_to_stands_once(office: tuple[Database, list[Loaded]]) -> None:
    database, loaded = office
    twice = Actor(
        "li",
        (
            Grant("agency_head", division="530325", tier="county"),
            Grant("agency_head", division=CITY, tier="city"),
            Grant("carrier", case_id=loaded[0].ref.number),
        ),
    )
    found = board(database, twice, BoardFilters(TODAY), None, 500, DAYS)
    places = [place_of(line) for line in found.lines]
    assert len(places) == len(set(places))
    assert found.counts.all == len(places)


def test_names_of_carriers_come_with_the_page(database: Database) -> None:
    carrier = person(database, "zhou", Post("carrier", division="530325", tier="county"))
    opened(database, by=carrier)
    opened(database)
    assert everything(database, BoardFilters(TODAY)).names == {"zhou": "某zhou"}
    assert case_list(database, TIMERS, Filters(), None, 20).names == {"zhou": "某zhou"}


def test_a_page_takes_four_queries(database: Database) -> None:
    carrier = person(database, "zhou", Post("carrier", division="530325", tier="county"))
    opened(database, by=carrier)
    numbers = []
    for _ in range(2):
        with counted(database) as sent:
            found = board(database, carrier, BoardFilters(TODAY), None, 100, DAYS)
        numbers.append((len(sent), len(found.lines) > 10))
        for _ in range(15):
            opened(database, by=carrier, form=key())
    assert numbers == [(4, False), (4, True)]


def test_an_empty_office_sees_an_empty_board(database: Database) -> None:
    opened(database)
    found = board(database, Actor("stranger"), BoardFilters(TODAY), None, 20, DAYS)
    assert (found.lines, found.next_key, found.counts.all) == ((), None, 0)
    assert list(found.counts.by_day) == [TODAY + timedelta(at) for at in range(DAYS)]


def test_a_clock_that_is_met_leaves_the_board(database: Database) -> None:
    ref = opened(database)
    before = {line.clock for line in everything(database, BoardFilters(TODAY)).lines}
    did(database, ref, "request_team", DocumentSent(to="市政府"))
    after = {line.clock for line in everything(database, BoardFilters(TODAY)).lines}
    assert before - after == {"team_request"}


# ---------------------------------------------------------------------------- late by plan, month, table


def test_what_is_late_by_plan_is_so_in_the_case_itself(database: Database) -> None:
    """Around the day by which the next step must begin, the board says what the case's plan says."""
    ref = opened(database)
    done = did(
        database, ref, "plan", Planning("report", "consult", 9), TODAY, by=HEAD, reason="部门多"
    )
    assert done.version == 2
    with database.readers.begin() as session:
        case = load_case(session, ref.id).case
    plan = case.ruleset.plans["report"]
    (report,) = (e for e in deadlines_of(case, CALENDAR, TODAY) if e.clock.id == "report")
    start_by = plan_backwards(case, CALENDAR, plan, report, TODAY)[0].start_by
    for on in (start_by - ONE_DAY, start_by, start_by + ONE_DAY):
        (first, *_) = plan_backwards(case, CALENDAR, plan, report, on)
        found = board(database, TIMERS, BoardFilters(on, late_by_plan=True), None, 50, DAYS)
        assert ([line.clock for line in found.lines] == ["report"]) is first.is_late
        assert found.counts.all == len(found.lines)
    whole = everything(database, BoardFilters(TODAY))
    planned = {line.clock: (line.plan_start_by, line.plan_step) for line in whole.lines}
    assert planned["report"] == (start_by, "line_finding")
    assert planned["determination"] == (None, None)
    assert list(rebuild(database, CALENDAR)) == []
    submitted(database, ref)
    assert all(line.plan_step is None for line in everything(database, BoardFilters(TODAY)).lines)


def test_a_month_counts_each_day_and_shows_the_first_of_it(
    office: tuple[Database, list[Loaded]],
) -> None:
    database, _ = office
    whole = everything(database, BoardFilters(TODAY)).lines
    for month in {line.due_on.replace(day=1) for line in whole}:
        filters = BoardFilters(TODAY, weights=frozenset({Weight.STATUTORY, Weight.SET}))
        found = board_month(database, TIMERS, filters, month, 2)
        fitting = [e for e in whole if e.due_on.replace(day=1) == month and e.weight != "advisory"]
        counted_days = Counter(line.due_on for line in fitting)
        assert {on: count for on, count in found.by_day.items() if count} == counted_days
        assert min(found.by_day) == month
        assert max(found.by_day) + ONE_DAY == (month + timedelta(days=31)).replace(day=1)
        for on, lines in found.lines.items():
            assert lines == tuple(line for line in fitting if line.due_on == on)[:2]
    nobody = Actor("nobody")
    assert sum(board_month(database, nobody, BoardFilters(TODAY), TODAY, 2).by_day.values()) == 0


def test_a_month_takes_as_many_statements_however_much_is_due(database: Database) -> None:
    numbers = []
    for _ in range(2):
        with counted(database) as sent:
            board_month(database, TIMERS, BoardFilters(TODAY), FIRE_ON, 4)
        numbers.append(len(sent))
        for _ in range(5):
            opened(database, form=key())
    assert numbers == [2, 2]


def test_the_table_has_every_line_of_the_board_in_its_order(
    office: tuple[Database, list[Loaded]], monkeypatch: pytest.MonkeyPatch
) -> None:
    database, _ = office
    monkeypatch.setattr("fireinvest.services.boards._AT_ONCE", 3)
    filters = BoardFilters(TODAY)
    lines = list(board_lines(database, TIMERS, filters))
    assert [line for line, _ in lines] == list(everything(database, filters).lines)
    words = BoardWords(str, str, lambda code: code, str, str, lambda _line: "light", str)

    def say(text: Words) -> str:
        return render(text, "en")

    columns = board_columns(say)
    rows = list(board_rows(lines, words, say, TODAY))
    assert {len(row) for row in rows} == {len(columns)}
    late = next(row for row in rows if row[4] == "report")
    assert (late[14], late[15]) == ("line_finding", "late by the plan")
    assert list(board_lines(database, Actor("nobody"), filters)) == []


def test_those_who_carry_what_may_be_seen_are_offered(database: Database) -> None:
    qian = person(database, "qian", Post("carrier", division="530325", tier="county"))
    opened(database, by=qian)
    opened(database, known=facts("530302"))
    assert everything(database, BoardFilters(TODAY)).carriers == ("qian", SYSTEM)
    assert board(database, qian, BoardFilters(TODAY), None, 5, DAYS).carriers == ("qian",)
    assert board(database, Actor("nobody"), BoardFilters(TODAY), None, 5, DAYS).carriers == ()
