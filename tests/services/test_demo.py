"""The demo: fourteen cases, each at its point, on whatever day they are loaded."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from fireinvest.china import CHINA
from fireinvest.cli import main
from fireinvest.gateways.blobs import LocalBlobs
from fireinvest.messages import Faulty
from fireinvest.regulation.calendar import ONE_DAY, Calendar
from fireinvest.regulation.clocks import Deadline, Light, State
from fireinvest.regulation.profile import Mode
from fireinvest.regulation.rulesets import known_law
from fireinvest.services.cases import (
    Filters,
    act,
    list_cases,
    load_case,
    rebuild,
    scope_of,
)
from fireinvest.services.demo import DEMO_PASSWORD, OTHER_LOGINS, SIGN_INS, load_demo, loading
from fireinvest.services.demo.accounts import ACCOUNTS
from fireinvest.services.demo.cases import stories
from fireinvest.services.demo.fires import FIRES
from fireinvest.services.demo.story import Story
from fireinvest.services.journal import verify_log
from fireinvest.services.passwords import hash_password, verify_password
from fireinvest.services.people import actor_of, create_person, set_active
from fireinvest.store import Database, journal, open_database
from fireinvest.store.people import find_login
from fireinvest.store.records import items_of
from fireinvest.workflow.actions import CODE_ACTIONS, Correcting, Entry, Opening, Voiding
from fireinvest.workflow.case import Case, fold
from fireinvest.workflow.custody import chains_of
from fireinvest.workflow.deadlines import deadlines_of
from fireinvest.workflow.engine import Action, apply, available
from fireinvest.workflow.errors import NotAllowed
from fireinvest.workflow.permissions import SYSTEM, Actor, Grant

LAW = known_law()
CALENDAR = Calendar()
TODAY = date(2026, 11, 24)
#: Days on which it is loaded into a database: an ordinary one, the midst of a long holiday, and
#: a leap day of a year without a notice.
LOADED_ON = (
    TODAY,
    pytest.param(date(2025, 10, 5), marks=pytest.mark.long),
    pytest.param(date(2028, 2, 29), marks=pytest.mark.long),
)
#: Days on which the cases are only worked out: the first and last for which the demo is made, a
#: holiday, days about National Day and Spring Festival, the middle of a year.
WORKED_OUT_ON = (
    date(2024, 1, 1), date(2024, 2, 17), date(2025, 10, 11), date(2025, 10, 12), date(2026, 1, 1),
    date(2026, 10, 8), date(2027, 6, 15), date(2030, 12, 31),
)  # fmt: skip


def at_ten(on: date) -> datetime:
    return datetime(on.year, on.month, on.day, 10, tzinfo=CHINA).astimezone(UTC)


def load(
    database: Database, today: date = TODAY, *, allowed: bool = True, files: Path | None = None
) -> int:
    return load_demo(
        database, LAW, CALENDAR, now=at_ten(today), today=today, allowed=allowed,
        blobs=None if files is None else LocalBlobs(files),
    )  # fmt: skip


@pytest.fixture
def quick_database(sqlite_url: str) -> Iterator[Database]:
    """On SQLite alone, where the day matters and not the database."""
    opened = open_database(sqlite_url)
    yield opened
    opened.engine.dispose()


@pytest.fixture(scope="module")
def loaded(migrated_sqlite: bytes, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A database with the demo of today, only to be read."""
    file = tmp_path_factory.mktemp("demo") / "fireinvest.db"
    file.write_bytes(migrated_sqlite)
    opened = open_database(f"sqlite:///{file}")
    load(opened, files=file.parent / "files")
    yield opened
    opened.engine.dispose()


def rows(database: Database, query: str) -> list[tuple[Any, ...]]:
    with database.readers.begin() as session:
        return [tuple(row) for row in session.execute(text(query))]


def everything(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    tables = ("people", "agencies", "grants", "cases", "journal", "deadlines", "outbox")
    return {name: sorted(rows(database, f"SELECT * FROM {name}"), key=repr) for name in tables}


# ---------------------------------------------------------------------------- what each one shows


@dataclass(frozen=True)
class Shown:
    """A case of the demo as it stands today."""

    case: Case
    today: date

    @property
    def deadlines(self) -> Mapping[str, Deadline]:
        found = deadlines_of(self.case, CALENDAR, self.today)
        return {f"{each.clock.id}/{each.run.instance}": each for each in found}

    def state(self, name: str) -> State:
        return self.deadlines[name].state

    def items(self, step: str) -> set[object]:
        return {getattr(each.payload, "item", None) for each in self.case.done.get(step, ())}

    def outcomes(self, step: str) -> list[object]:
        return [getattr(each.payload, "outcome", None) for each in self.case.recorded[step]]


def stands_in(shown: Shown, stage: str, government: str, mode: Mode = Mode.INVESTIGATE) -> None:
    case = shown.case
    assert (case.stage, case.investigating, case.mode) == (stage, government, mode)


def just_opened(shown: Shown) -> None:
    stands_in(shown, "team", "county")
    assert shown.today - shown.case.occurred_on == ONE_DAY
    assert shown.state("team_request/1") is State.RUNNING


def request_overdue(shown: Shown) -> None:
    stands_in(shown, "team", "county")
    assert shown.deadlines["team_request/1"].light is Light.OVERDUE


def waiting_for_test(shown: Shown) -> None:
    stands_in(shown, "evidence", "city")
    assert [ended_on for _, ended_on in shown.case.intervals("test_commissioned")] == [None]
    assert shown.items("line_finding") == {"use", "construction"}
    assert list(shown.case.recused) == ["city-expert"]
    raised = [getattr(each.payload, "person", None) for each in shown.case.done["declare_recusal"]]
    assert raised == ["city-expert", "city-industry"]
    assert shown.case.levels[-1].level == "larger"
    assert shown.state("report/1") is State.RUNNING


def under_review(shown: Shown) -> None:
    stands_in(shown, "review", "county")
    assert len(shown.items("draft_report")) == 4
    assert sorted(map(str, shown.outcomes("sign_report"))) == ["dissent", "signed", "signed"]
    assert len({each.person for each in shown.case.team if each.is_active}) > 3
    assert shown.state("report/1") is State.RUNNING


def awaiting_reply(shown: Shown) -> None:
    stands_in(shown, "approval", "city")
    assert shown.case.facts.deaths == 0
    assert shown.case.levels[-1].level == "larger"
    assert shown.state("reply/1") is State.RETURNED
    reply = shown.deadlines["reply/2"]
    assert (reply.state, reply.light) == (State.RUNNING, Light.YELLOW)
    assert reply.units_left(CALENDAR) == 2


def reply_overdue(shown: Shown) -> None:
    stands_in(shown, "approval", "county")
    assert shown.deadlines["reply/1"].light is Light.OVERDUE
    assert any(isinstance(each.payload, Correcting) for each in shown.case.journal)
    assert shown.case.facts.direct_economic_loss == 950_000 * 100


def carrying_out(shown: Shown) -> None:
    stands_in(shown, "execution", "city")
    assert shown.items("deliver_reply") == {"lead", "discipline"}
    assert shown.items("send_copies") == {"participants"}
    assert shown.deadlines["measure/整改-1"].light is Light.OVERDUE
    assert shown.state("measure/整改-2") is State.RUNNING
    assert shown.state("measure/整改-3") is State.MET
    assert shown.state("supervision/督办-1") is State.RUNNING


def being_evaluated(shown: Shown) -> None:
    stands_in(shown, "evaluation", "county")
    assert shown.outcomes("accept_measure").count("not_proved") == 1
    assert shown.state("measure/整改-2") is State.OVERDUE
    assert shown.items("evaluate") == {"measures", "penalties"}
    assert shown.state("evaluation/1") is State.RUNNING


def finished(shown: Shown) -> None:
    stands_in(shown, "evaluation", "county")
    assert {each.state for each in shown.deadlines.values()} == {State.MET}


def risen(shown: Shown) -> None:
    stands_in(shown, "evidence", "province", Mode.ASSIST)
    assert [each.level for each in shown.case.levels] == ["larger", "major"]
    assert shown.state("team_request/1") is State.MET
    assert shown.deadlines["team_request/2"].is_ended
    assert shown.state("report/1") is State.HANDED_OVER
    states = [shown.state(f"assist/配合-{number}") for number in (1, 2, 3)]
    assert states == [State.MET, State.RUNNING, State.RUNNING]


def out_of_scope(shown: Shown) -> None:
    assert shown.case.mode is Mode.OUT_OF_SCOPE
    assert list(shown.deadlines) == ["determination/1"]
    assert shown.state("determination/1") is State.RUNNING
    assert any(isinstance(each.payload, Voiding) for each in shown.case.journal)
    assert shown.case.facts.deaths == 0


def extended(shown: Shown) -> None:
    stands_in(shown, "evidence", "county")
    report = shown.deadlines["report/1"]
    (prolonged,) = report.count.prolonged
    assert (prolonged.effective_days, prolonged.came_late) == (30, False)
    assert prolonged.from_on < shown.today <= report.due_on
    assert report.state is State.RUNNING


def provisional(shown: Shown) -> None:
    stands_in(shown, "execution", "county")
    measure = shown.deadlines["measure/整改-2"]
    assert measure.provisional
    assert measure.due_on > CALENDAR.announced_until
    assert measure.state is State.RUNNING


def over_national_day(shown: Shown) -> None:
    fire_on, request = shown.case.occurred_on, shown.deadlines["team_request/1"]
    national_day = date(fire_on.year, 10, 1)
    assert fire_on < national_day < CALENDAR.next_working_day(national_day) < request.due_on
    assert request.due_on <= shown.today
    assert request.state is State.MET
    assert request.run.satisfied_on == request.due_on
    following = CALENDAR.next_working_day(date(fire_on.year + 1, 10, 1))
    assert shown.today < CALENDAR.nth_working_day(following, 1)


CHECKS: dict[str, Callable[[Shown], None]] = {
    "01": just_opened,
    "02": request_overdue,
    "03": waiting_for_test,
    "04": under_review,
    "05": awaiting_reply,
    "06": reply_overdue,
    "07": carrying_out,
    "08": being_evaluated,
    "09": finished,
    "10": risen,
    "11": out_of_scope,
    "12": extended,
    "13": provisional,
    "14": over_national_day,
}


def check_all(shown: Mapping[str, Shown]) -> None:
    assert shown.keys() == CHECKS.keys() == FIRES.keys()
    for key, check in CHECKS.items():
        check(shown[key])
        assert shown[key].case.inconsistencies == ()
    stages = {each.case.stage for each in shown.values()}
    assert stages == {"team", "evidence", "review", "approval", "execution", "evaluation"}


def check_times(story: Story, entries: list[Entry], now: datetime, today: date) -> None:
    """Nothing lies in the future, and nothing before what was done before it."""
    days = [deed.on for deed in story.deeds]
    assert days == sorted(days)
    assert all(story.fire_on <= day <= today for day in days)
    for before, after in pairwise(entries):
        assert before.recorded_at <= after.recorded_at <= now
    for entry in entries:
        assert entry.on <= entry.recorded_at.astimezone(CHINA).date()
        assert entry.at is None or entry.at < entry.recorded_at


@pytest.mark.parametrize("today", LOADED_ON, ids=str)
def test_every_case_shows_what_it_is_there_for(quick_database: Database, today: date) -> None:
    added = load(quick_database, today)
    told = {each.key: each for each in stories(LAW, CALENDAR, today)}
    shown = {}
    with quick_database.readers.begin() as session:
        for key, story in told.items():
            opening = journal.find_by_key(session, story.officer, f"demo-{key}-1")
            assert opening is not None
            loaded = load_case(session, opening.case_id)
            shown[key] = Shown(loaded.case, today)
            assert loaded.row["is_demo"]
            assert (loaded.row["ended_on"] is None) == (key != "09" and _runs(shown[key]))
            entries = [line.entry() for line in loaded.lines]
            assert [each.step for each in entries] == [
                "open", *(deed.step for deed in story.deeds)
            ]  # fmt: skip
            check_times(story, entries, at_ten(today), today)
            assert all(line.actor in ACCOUNTS for line in loaded.lines)
        assert list(verify_log(session)) == []
    assert list(rebuild(quick_database, CALENDAR)) == []
    check_all(shown)
    (written,) = rows(quick_database, "SELECT count(*) FROM records")
    assert added == sum(1 + len(each.deeds) for each in told.values()) + written[0]
    places = {
        code
        for code, each in LAW.divisions.items()
        if each.parent is not None and each.exists_on(today)
    }
    assert len(places) == 10
    assert {each.case.division.code for each in shown.values() if each.case.division} == places


def _runs(shown: Shown) -> bool:
    return any(not each.is_ended for each in shown.deadlines.values())


def through_the_engine(story: Story, today: date) -> Case:
    """The case as the rule alone makes it, without a database: for many days at once."""
    opening = Entry(
        1, "open", Opening(story.facts), story.fire_on, at_ten(story.fire_on), story.officer
    )
    division = LAW.divisions[story.place.division]
    case = fold(LAW.in_force(division.code, story.fire_on), division, [opening])
    number = "5303"
    system = Actor(SYSTEM)
    head = Actor("head", (Grant("carrier", number), Grant("agency_head", number)))
    for deed in story.deeds:
        action = Action(deed.step, deed.payload, deed.on, reason=deed.reason)
        case = apply(
            case,
            head if deed.step in CODE_ACTIONS else system,
            action,
            calendar=CALENDAR,
            now=at_ten(deed.on),
            today=deed.on,
            case_id=number,
        ).case
    return case


def check_without_a_database(today: date) -> None:
    told = stories(LAW, CALENDAR, today)
    for story in told:
        check_times(story, [], at_ten(today), today)
    check_all({each.key: Shown(through_the_engine(each, today), today) for each in told})


@pytest.mark.parametrize("today", WORKED_OUT_ON, ids=str)
def test_the_cases_hold_on_other_days(today: date) -> None:
    check_without_a_database(today)


@pytest.mark.long
@pytest.mark.parametrize("year", range(2024, 2031))
def test_the_cases_hold_on_every_third_day(year: int) -> None:
    today = date(year, 1, 1)
    while today.year == year:
        check_without_a_database(today)
        today += 3 * ONE_DAY


# ---------------------------------------------------------------------------- loading


def test_it_is_refused_outside_demo_mode(database: Database) -> None:
    with pytest.raises(Faulty, match="FIREINVEST_DEMO"):
        load(database, allowed=False)
    assert all(each == [] for each in everything(database).values())


class Killed(BaseException):
    """The process ends in the midst of something."""


def test_a_run_that_was_killed_is_completed_by_the_next(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = [
        (f"demo-{story.key}-{number}", deed.by, deed.step, str(deed.on))
        for story in stories(LAW, CALENDAR, TODAY)
        for number, deed in enumerate(story.deeds, 2)
    ]
    left = 0

    def act_until_killed(*args: Any, **kwargs: Any) -> object:
        nonlocal left
        left -= 1
        if left < 0:
            raise Killed
        return act(*args, **kwargs)

    # Each run is on a later day; what is there already says to which day its dates are relative.
    monkeypatch.setattr(loading, "act", act_until_killed)
    for later, left in enumerate((0, 1, 90, 140)):  # noqa: B007 - read by what is called
        with pytest.raises(Killed):
            load(database, TODAY + later * ONE_DAY)
    monkeypatch.undo()
    assert load(database, TODAY + timedelta(days=9)) > 0

    done = rows(
        database,
        "SELECT idempotency_key, actor, step, occurred_on FROM journal WHERE step <> 'open'",
    )
    assert sorted((key, by, step, str(on)) for key, by, step, on in done) == sorted(expected)
    assert rows(database, "SELECT count(*) FROM cases WHERE is_demo") == [(len(FIRES),)]
    assert rows(database, "SELECT count(*) FROM people") == [(len(ACCOUNTS),)]
    grants = rows(
        database, "SELECT person_id, role, case_id, division, tier, valid_from FROM grants"
    )
    assert len(grants) == len(set(grants))
    observing = rows(database, "SELECT count(*) FROM grants WHERE role = 'discipline_observer'")
    assert observing == [(2,)]

    with database.readers.begin() as session:
        left_office = find_login(session, "zhanyi-officer")
    assert left_office is not None
    set_active(database, left_office.id, is_active=False)
    before = everything(database)
    assert load(database, TODAY + timedelta(days=9)) == 0
    assert load(database, TODAY + timedelta(days=400)) == 0
    assert everything(database) == before
    assert list(rebuild(database, CALENDAR)) == []
    with database.readers.begin() as session:
        assert list(verify_log(session)) == []


def seen_by(database: Database, login: str) -> set[str]:
    """The names of the units whose cases somebody sees."""
    with database.readers.begin() as session:
        person = find_login(session, login)
        assert person is not None
        scope = scope_of(actor_of(session, person.id, TODAY))
        return {each.unit_name for each in list_cases(session, scope, Filters(), None, 50).lines}


def units(*keys: str) -> set[str]:
    return {FIRES[key].unit for key in keys}


def test_everybody_sees_their_own_cases(loaded: Database) -> None:
    all_of_them = units(*FIRES)
    for login in ("city-officer", "city-head", "city-reviewer", "city-signer", "city-archivist"):
        assert seen_by(loaded, login) == all_of_them
    for login, keys in {
        "admin": (),
        "fuyuan-officer": ("03", "12"),
        "fuyuan-leader": ("12",),
        "qilin-officer": ("01", "10"),
        "zone-officer": ("11",),
        "city-leader": ("03", "05", "07", "10"),
        "city-expert": ("05", "07"),
        "city-discipline": ("03", "07"),
        "huize-evaluator": ("08",),
    }.items():
        assert seen_by(loaded, login) == units(*keys)


def test_evidence_went_through_hands_and_one_trace_is_still_out(loaded: Database) -> None:
    gaps, out, photos = 0, 0, 0
    with loaded.readers.begin() as session:
        for case_id in session.scalars(text("SELECT id FROM cases")).all():
            found = items_of(session, case_id, ["evidence", "custody"])
            chains = chains_of(
                found["evidence"], found["custody"],
                within_days=1, now=at_ten(TODAY), today=TODAY,
            )  # fmt: skip
            gaps += sum(bool(each.gaps) for each in chains.values())
            out += sum(each.due_back is not None for each in chains.values())
            photos += sum(bool(each.attachments) for each in found["evidence"])
    assert (gaps, out) == (1, 1)
    assert photos >= 10


def test_what_the_main_sign_ins_are_told_to_try_is_there(loaded: Database) -> None:
    for login, key, step in (
        ("city-officer", "03", "line_finding"),
        ("city-leader", "03", "decide_recusal"),
        ("city-reviewer", "05", "reply"),
        ("city-reviewer", "07", "deliver_reply"),
    ):
        with loaded.readers.begin() as session:
            person = find_login(session, login)
            opening = journal.find_by_key(session, "city-officer", f"demo-{key}-1")
            assert person is not None
            assert opening is not None
            found = load_case(session, opening.case_id)
            actor = actor_of(session, person.id, TODAY)
        possible = {
            each.step.id
            for each in available(found.case, actor, found.ref.number)
            if each.is_possible
        }
        assert step in possible


def test_a_login_that_somebody_has_stays_theirs(quick_database: Database) -> None:
    create_person(
        quick_database,
        login="city-officer",
        name="某某",
        password_hash=hash_password("not the demo's"),
        now=at_ten(TODAY),
    )
    with pytest.raises(NotAllowed):
        load(quick_database)
    assert verify_password(quick_database, "city-officer", DEMO_PASSWORD) is None
    assert rows(quick_database, "SELECT count(*) FROM cases WHERE carrier = 'city-officer'") == [
        (0,)
    ]


# ---------------------------------------------------------------------------- the command


def run(*words: str, **environ: str) -> Result:
    return CliRunner().invoke(main, words, env=environ)


def test_the_command_loads_once_and_prints_the_sign_ins(sqlite_url: str, tmp_path: Path) -> None:
    environ = {
        "DATABASE_URL": sqlite_url,
        "SECRET_KEY": "only for tests",
        "BLOB_URL": f"file://{tmp_path / 'files'}",
    }
    first = run("demo", FIREINVEST_DEMO="1", **environ)
    assert first.exit_code == 0, first.output
    assert DEMO_PASSWORD in first.stdout
    lines = first.stdout.splitlines()
    for each in SIGN_INS:
        (at,) = [number for number, line in enumerate(lines) if line.startswith(each.login)]
        assert f" {each.name.zh} " in lines[at]
        assert f" {each.name.en} " in lines[at + 1]
    (others,) = [line for line in lines if OTHER_LOGINS[0] in line]
    assert all(login in others for login in OTHER_LOGINS)
    assert {*OTHER_LOGINS, *(each.login for each in SIGN_INS)} == set(ACCOUNTS)
    database = open_database(sqlite_url)
    count = rows(database, "SELECT count(*) FROM journal")
    assert run("demo", FIREINVEST_DEMO="1", **environ).exit_code == 0
    assert rows(database, "SELECT count(*) FROM journal") == count
    for login in ("admin", *(each.login for each in SIGN_INS)):
        assert verify_password(database, login, DEMO_PASSWORD) is not None
    database.engine.dispose()


def test_the_command_refuses_outside_demo_mode(sqlite_url: str) -> None:
    environ = {"DATABASE_URL": sqlite_url, "SECRET_KEY": "only for tests"}
    for demo in ("", "0"):
        result = run("demo", FIREINVEST_DEMO=demo, **environ)
        assert result.exit_code == 2
        assert "FIREINVEST_DEMO" in result.stderr
    database = open_database(sqlite_url)
    assert rows(database, "SELECT count(*) FROM people") == [(0,)]
    database.engine.dispose()
