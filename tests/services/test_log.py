"""The log: what is written once, found by what, sealed every hour and told outside every day."""

import json
import socket
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import product
from pathlib import Path
from time import sleep

import pytest
from sqlalchemy import text

from fireinvest.gateways.heads import Heads, HeadsFile, from_url
from fireinvest.services import attending
from fireinvest.services.attending import EXPORT, SEAL, Duty, Rota, log_duties, watch
from fireinvest.services.log import (
    GROUPS,
    MOST_REFUSALS,
    Act,
    Group,
    LogFilters,
    Noted,
    export_head,
    exported_lines,
    has_more,
    logins_meant,
    note_once,
    note_refusal,
    seal,
    search_log,
)
from fireinvest.services.people import Change
from fireinvest.store import Database, leases
from fireinvest.store.access import From, log_access
from fireinvest.store.conflicts import changing
from fireinvest.store.log import Line, log_page
from tests.conftest import settings_for
from tests.queries import counted
from tests.services.office import NOW, opened, person

MINUTE = timedelta(minutes=1)
HOME = From("10.1.2.3")


def lines_of(database: Database, **wanted: object) -> list[Line]:
    filters = LogFilters(**wanted)  # type: ignore[arg-type] # names are fields
    return list(search_log(database, filters, None, 1000).lines)


# ---------------------------------------------------------------------------- written


def test_a_look_is_written_once_in_its_time(database: Database) -> None:
    ref = opened(database)
    look = Noted("sun", Act.VIEW, ref.id, "case.show", None, "10.1.2.3")
    others = (
        Noted("li", Act.VIEW, ref.id, "case.show", None, "10.1.2.3"),
        Noted("sun", Act.VIEW, ref.id, "team.show", None, "10.1.2.3"),
        Noted("sun", Act.VIEW, ref.id, "case.show", "li", "10.1.2.3"),
        Noted("sun", Act.VIEW, ref.id, "case.show", None, "10.9.9.9"),
        Noted("sun", Act.PRINT, ref.id, "case.show", None, "10.1.2.3"),
    )
    within = timedelta(minutes=30)
    for each in (look, look, *others):
        note_once(database, each, now=NOW, within=within, origin=HOME)
    assert len(lines_of(database, kinds=(Act.VIEW, Act.PRINT))) == 6
    with counted(database) as sent:
        note_once(database, look, now=NOW + within - MINUTE, within=within, origin=From("10.1.2.3"))
    assert [each.partition(" ")[0] for each in sent] == ["SELECT"]
    note_once(database, look, now=NOW + within, within=within, origin=HOME)
    assert len(lines_of(database, kinds=(Act.VIEW,))) == 6


def test_refusals_are_written_but_cannot_fill_the_disk(database: Database) -> None:
    def refuse(path: str, now: datetime = NOW, login: str = "sun") -> None:
        note_refusal(database, Noted(login, Act.REFUSED, None, path), now=now)

    for _ in range(3):
        refuse("GET /log")
    assert len(lines_of(database, kinds=(Act.REFUSED,))) == 1
    refuse("GET /log", NOW + MINUTE)
    for number in range(2 * MOST_REFUSALS):
        refuse(f"GET /cases/{number}", NOW + 10 * MINUTE)
    refuse("GET /cases/1", NOW + 10 * MINUTE, "li")
    assert len(lines_of(database, kinds=(Act.REFUSED,))) == 2 + MOST_REFUSALS + 1


# ---------------------------------------------------------------------------- found


@pytest.fixture
def busy(database: Database) -> Database:
    """A log of three people, three kinds, two addresses and two accounts, minute by minute."""
    first, second = opened(database), opened(database)
    kinds = ("view", "export", Change.POST_GIVEN.value)
    with changing(database) as session:
        for place, (who, what, case, address) in enumerate(
            product(("sun", "li", "zhou"), kinds, (first.id, second.id, None), ("10.0.0.1", "::1"))
        ):
            log_access(
                session, happened_at=NOW + place * MINUTE, person=who, what=what, case_id=case,
                origin=From(address), about=None if case else ("head", "agency:1")[place % 2],
                old={"a": 1}, new={"a": 2},
            )  # fmt: skip
    return database


WANTED = (
    LogFilters(),
    LogFilters(people=("sun",)),
    LogFilters(people=("sun", "li")),
    LogFilters(kinds=("view",)),
    LogFilters(kinds=("view", "export")),
    LogFilters(kinds=("view", "export"), people=("sun", "zhou")),
    LogFilters(case_id=1),
    LogFilters(case_id=1, kinds=("view", "entry")),
    LogFilters(about=("head",)),
    LogFilters(about=("agency:1", "head"), people=("li",)),
    LogFilters(address="::1"),
    LogFilters(since=NOW + 10 * MINUTE, until=NOW + 20 * MINUTE),
    LogFilters(people=("nobody",)),
)


def _fits(line: Line, wanted: LogFilters) -> bool:
    return (
        (not wanted.people or line.person in wanted.people)
        and (not wanted.kinds or line.what in wanted.kinds)
        and (wanted.case_id is None or line.case_id == wanted.case_id)
        and (not wanted.about or line.about in wanted.about)
        and (wanted.address is None or line.address == wanted.address)
        and (wanted.since is None or line.happened_at >= wanted.since)
        and (wanted.until is None or line.happened_at < wanted.until)
    )


def test_pages_follow_each_other_and_hold_what_is_wanted(busy: Database) -> None:
    every = lines_of(busy)
    assert len(every) == 56  # With the openings of two cases.
    assert every == sorted(every, key=lambda each: (each.happened_at, each.id), reverse=True)
    for wanted in WANTED:
        expected = [each.id for each in every if _fits(each, wanted)]
        found: list[int] = []
        page = search_log(busy, wanted, None, 7)
        while True:
            assert len(page.lines) <= 7
            found.extend(each.id for each in page.lines)
            if page.next_key is None:
                break
            page = search_log(busy, wanted, page.next_key, 7)
        assert found == expected, wanted
        taken = [line.id for line, _names in exported_lines(busy, wanted, 10)]
        assert taken == expected[:10], wanted
        for most in (len(expected) - 1, len(expected)):
            assert has_more(busy, wanted, most) == (len(expected) > most), wanted


def test_nothing_of_a_case_is_told_but_that_it_changed(busy: Database) -> None:
    for line in lines_of(busy):
        assert bool(line.new) == bool(line.old) == (line.case_id is None)


def test_each_filter_walks_an_index(busy: Database) -> None:
    is_sqlite = busy.engine.dialect.name == "sqlite"
    for wanted in WANTED:
        with counted(busy) as sent, busy.readers.begin() as session:
            # On so few rows PostgreSQL would read them all, whatever index there is.
            if not is_sqlite:
                session.execute(text("SET LOCAL enable_seqscan = off"))
            log_page(session, wanted, None, 5)
        assert len([each for each in sent if "access_log" in each]) == 1, wanted
    for column in ("case_id", "person", "about", "what", "address"):
        query = (
            f"SELECT id FROM access_log WHERE {column} = '1' "
            "ORDER BY happened_at DESC, id DESC LIMIT 5"
        )
        with busy.readers.begin() as session:
            if not is_sqlite:
                session.execute(text("SET LOCAL enable_seqscan = off"))
            explain = "EXPLAIN QUERY PLAN " if is_sqlite else "EXPLAIN "
            plan = "\n".join(str(row) for row in session.execute(text(explain + query)))
        assert f"ix_access_log_{column}_happened_at_id" in plan, plan
        assert "SORT" not in plan.upper().replace("TEMP B-TREE", "SORT"), plan


def test_people_are_found_by_name_or_login(database: Database) -> None:
    person(database, "head")
    assert logins_meant(database, "head") == ("head",)
    assert logins_meant(database, "某head") == ("head", "某head")
    assert logins_meant(database, "Gone") == ("gone",)


def test_every_kind_of_change_is_in_a_group() -> None:
    grouped = [each for kinds in GROUPS.values() for each in kinds]
    assert len(grouped) == len(set(grouped))
    assert {each.value for each in Change} | {each.value for each in Act} <= set(grouped)
    assert set(GROUPS) == set(Group)


# ---------------------------------------------------------------------------- sealed and told


class Told(Heads):
    """Keeps what it is told, unless it can't."""

    def __init__(self) -> None:
        self.told: list[dict[str, object]] = []
        self.works = True

    def append(self, line: str) -> None:
        if not self.works:
            raise OSError("the disk is full")
        self.told.append(json.loads(line))

    def lines(self) -> Iterator[str]:
        return map(json.dumps, self.told)


def test_the_state_of_an_empty_log_is_told_too(database: Database) -> None:
    heads = Told()
    export_head(database, heads, now=NOW, today=date(2025, 9, 10))
    assert heads.told == [
        {
            "day": "2025-09-10", "at": "2025-09-10T04:00:00+00:00", "sealed": 0, "hash": "0" * 64,
            "entries": 0, "cases": 0,
        }
    ]  # fmt: skip


def test_it_is_sealed_every_hour_and_told_once_a_day(database: Database) -> None:
    heads = Told()
    morning = datetime(2025, 9, 10, 16, 30, tzinfo=UTC)  # 00:30 of the 11th in China
    sealed = []
    for hours in (0, 0.5, 1, 1.1, 12, 23, 24, 48):
        now = morning + timedelta(hours=hours)
        with changing(database) as session:
            log_access(session, happened_at=now - timedelta(minutes=6), person="sun", what="view")
        tend(database, heads, "one", now)
        sealed.append(_batches(database))
    assert [each["day"] for each in heads.told] == ["2025-09-11", "2025-09-12", "2025-09-13"]
    assert sealed == [1, 1, 1, 2, 3, 4, 5, 6]  # Not before an hour is over.
    assert heads.told[-1]["sealed"] == 8


def tend(database: Database, heads: Told, holder: str, now: datetime) -> None:
    """A process of this name, just started, looks what is to be done for the log."""
    Rota(log_duties(database, heads, holder)).look(now)


def _batches(database: Database) -> int:
    with database.readers.begin() as session:
        return session.scalar(text("SELECT count(*) FROM access_batches")) or 0


def test_what_fails_is_tried_again_and_whoever_was_killed_holds_up_nobody(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    heads = Told()
    heads.works = False
    tend(database, heads, "one", NOW)
    assert "the disk is full" in caplog.text
    heads.works = True
    tend(database, heads, "two", NOW + 10 * MINUTE)  # "one" may still be at it.
    assert heads.told == []
    tend(database, heads, "two", NOW + 16 * MINUTE)
    assert len(heads.told) == 1
    tend(database, heads, "one", NOW + 17 * MINUTE)
    assert len(heads.told) == 1


def test_of_two_one_has_a_duty(database: Database) -> None:
    def claim(holder: str, now: datetime, done_before: datetime | None = None) -> bool:
        with changing(database) as session:
            return leases.claim(
                session, SEAL, holder, now=now, until=now + 10 * MINUTE, done_before=done_before
            )

    assert claim("one", NOW)
    assert not claim("two", NOW + 9 * MINUTE)
    assert claim("one", NOW + 9 * MINUTE)  # It goes on.
    assert claim("two", NOW + 19 * MINUTE)
    with changing(database) as session:
        leases.done(session, SEAL, "one", NOW + 19 * MINUTE)  # Too late: it isn't theirs.
        assert leases.done_at(session, SEAL) is None
        leases.done(session, SEAL, "two", NOW + 20 * MINUTE)
        assert leases.done_at(session, SEAL) == NOW + 20 * MINUTE
    assert not claim("one", NOW + 21 * MINUTE, done_before=NOW + 20 * MINUTE)
    assert claim("one", NOW + 21 * MINUTE, done_before=NOW + 21 * MINUTE)
    with changing(database) as session:
        assert leases.claim(session, EXPORT, "two", now=NOW, until=NOW)


def test_the_server_looks_by_itself_until_it_ends(
    quick_database: Database, sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attending, "FIRST_LOOK", 0.01)
    file = tmp_path / "heads.jsonl"
    end = watch(settings_for(sqlite_url, LOG_HEADS=f"file://{file}"), quick_database, lambda: NOW)
    for _ in range(500):
        if file.exists() and file.read_text():
            break
        sleep(0.02)
    end()
    assert json.loads(file.read_text())["day"] == "2025-09-10"


def test_a_duty_that_fails_stops_no_other_and_the_rare_ones_are_seldom_asked() -> None:
    done: list[str] = []

    def fails(_now: datetime) -> None:
        done.append("bad")
        raise OSError

    rota = Rota(
        [
            Duty("bad", fails),
            Duty("rare", lambda _now: done.append("rare"), timedelta(minutes=10)),
            Duty("often", lambda _now: done.append("often")),
        ]
    )
    for minutes in (0, 9, 10):
        rota.look(NOW + minutes * MINUTE)
    assert done == ["bad", "rare", "often", "bad", "often", "bad", "rare", "often"]
    stopped = Rota([Duty("any", lambda _now: done.append("any"))], lambda: True)
    stopped.look(NOW)
    assert "any" not in done


def test_sealing_goes_on_until_nothing_is_left(database: Database) -> None:
    with changing(database) as session:
        for _ in range(1001):
            log_access(session, happened_at=NOW, person="sun", what="view")
    assert seal(database, NOW + timedelta(hours=1)) == 1001
    assert seal(database, NOW + timedelta(hours=1)) == 0


# ---------------------------------------------------------------------------- where it is told


def test_a_file_only_grows_and_a_line_cut_off_spoils_no_other(tmp_path: Path) -> None:
    file = tmp_path / "heads.jsonl"
    heads = from_url(f"file://{file}")
    assert list(heads.lines()) == []
    heads.append("one")
    with file.open("a") as opened_file:
        opened_file.write("tw")
    heads.append("three")
    assert list(heads.lines()) == ["one\n", "tw\n", "three\n"]
    assert file.stat().st_mode & 0o777 == 0o600
    with pytest.raises(OSError, match="No such file"):
        HeadsFile(tmp_path / "none" / "heads").append("x")


def test_a_syslog_is_told_by_udp_and_by_its_socket(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.1", 0))
        udp.settimeout(5)
        from_url(f"syslog://127.0.0.1:{udp.getsockname()[1]}").append('{"day":"x"}')
        assert udp.recv(1000).rstrip(b"\0") == b'<86>fireinvest-log-head: {"day":"x"}'
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as local:
        local.bind(f"{tmp_path}/log")
        local.settimeout(5)
        from_url(f"syslog://{tmp_path}/log").append("line")
        assert local.recv(1000).rstrip(b"\0") == b"<86>fireinvest-log-head: line"
    with pytest.raises(OSError, match="No such file"):
        from_url(f"syslog://{tmp_path}/none").append("line")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://a",
        "file://relative",
        "syslog://",
        "syslog://u@a",
        "syslog://a/b",
        "syslog://a?b",
    ],
)
def test_other_places_are_none(url: str) -> None:
    with pytest.raises(ValueError, match="needed"):
        from_url(url)
