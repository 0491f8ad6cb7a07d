"""Attempts are counted, guessing waits, and nobody is locked out by strangers."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier

import pytest
from sqlalchemy import select

from fireinvest.messages import render
from fireinvest.services.attempts import (
    Attempt,
    Kind,
    Limits,
    check,
    failed,
    lift,
    seconds_until,
    succeeded,
    wait_text,
    waits_of,
)
from fireinvest.services.people import By
from fireinvest.store import Database
from fireinvest.store.access import AccessRow
from fireinvest.store.attempts import AttemptRow
from tests.services.office import NOW, TODAY

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
HERE = Attempt(Kind.PASSWORD, "sun", "10.0.0.7")
KNOWN = Attempt(Kind.PASSWORD, "sun", "10.0.0.7", browser="mark of a browser")
#: Only the bucket under test is in reach.
WIDE = Limits(free=1000, per_login=1000, per_address=0)


def fail(
    database: Database,
    attempts: Iterable[Attempt],
    *,
    now: datetime = NOW,
    limits: Limits = Limits(),  # noqa: B008 - it never changes
) -> list[datetime | None]:
    """Attempts that are all wrong, one after the other; until when each had to wait."""
    return [check(database, each, now=now, limits=limits) for each in attempts]


def from_everywhere(count: int, login: str = "sun", kind: Kind = Kind.PASSWORD) -> list[Attempt]:
    return [Attempt(kind, login, f"10.1.{each // 250}.{each % 250}") for each in range(count)]


def test_one_desk_waits_longer_each_time_and_only_so_long(database: Database) -> None:
    assert fail(database, [HERE] * 5) == [None] * 5
    now = NOW
    for seconds in (30, 60, 120, 240, 480, 900, 900):
        wait = timedelta(seconds=seconds)
        assert check(database, HERE, now=now) == now + wait
        assert check(database, HERE, now=now + wait - SECOND) == now + wait
        now += wait
        assert check(database, HERE, now=now) is None
    # Another login at that desk, and that login at another desk, don't wait.
    assert check(database, Attempt(Kind.PASSWORD, "li", "10.0.0.7"), now=now) is None
    assert check(database, Attempt(Kind.PASSWORD, "sun", "10.0.0.8"), now=now) is None
    # What was long ago counts no more.
    assert fail(database, [HERE] * 5, now=NOW + DAY + HOUR) == [None] * 5


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("10.0.0.7", "10.0.0.8", False),
        ("::ffff:10.0.0.7", "10.0.0.7", True),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("fe80::1%eth0", "fe80::2%eth1", True),
        (None, None, True),
        ("", None, True),
        ("no address", "no address", True),
    ],
)
def test_an_address_is_what_somebody_has_for_themselves(
    quick_database: Database, one: str | None, other: str | None, is_same: bool
) -> None:
    fail(quick_database, [Attempt(Kind.PASSWORD, "sun", one)] * 5)
    waits = check(quick_database, Attempt(Kind.PASSWORD, "sun", other), now=NOW)
    assert (waits is not None) is is_same


def test_every_login_waits_alike_whether_it_is_known_or_not(database: Database) -> None:
    for login in ("sun", "nobody-has-this", "x" * 5000, "\x00'; --", "x\udcff", ""):
        attempt = Attempt(Kind.PASSWORD, login, "10.0.0.7")
        assert fail(database, [attempt] * 6) == [None] * 5 + [NOW + 30 * SECOND]
        failed(database, attempt, now=NOW)
    assert check(database, Attempt(Kind.PASSWORD, " SUN ", "10.0.0.7"), now=NOW) is not None


def test_a_success_begins_the_desk_anew(database: Database) -> None:
    for _ in range(3):
        assert fail(database, [HERE] * 5) == [None] * 5
        succeeded(database, HERE, now=NOW)
    assert fail(database, [HERE] * 6)[-1] == NOW + 30 * SECOND


def test_many_machines_that_guess_one_login_wait_for_a_quarter_of_an_hour(
    database: Database,
) -> None:
    assert fail(database, from_everywhere(30)) == [None] * 30
    stranger = Attempt(Kind.PASSWORD, "sun", "10.9.9.9")
    assert check(database, stranger, now=NOW) == NOW + 15 * MINUTE
    assert check(database, stranger, now=NOW + 15 * MINUTE) is None
    assert check(database, stranger, now=NOW + 15 * MINUTE) == NOW + 30 * MINUTE
    # Nobody else waits, and after the hour the count begins anew.
    assert check(database, Attempt(Kind.PASSWORD, "li", "10.1.0.1"), now=NOW) is None
    assert fail(database, from_everywhere(29), now=NOW + HOUR) == [None] * 29


def test_strangers_cannot_hold_up_a_browser_that_knows_the_person(database: Database) -> None:
    """Whatever an attacker does, from the owner's own address too, the owner gets in."""
    limits = Limits(per_address=10)
    fail(database, [HERE] * 50, limits=limits)
    fail(database, from_everywhere(100), limits=limits)
    fail(
        database,
        [Attempt(Kind.PASSWORD, f"login{each}", "10.0.0.7") for each in range(100)],
        limits=limits,
    )
    assert check(database, HERE, now=NOW, limits=limits) is not None
    assert fail(database, [KNOWN] * 4, limits=limits) == [None] * 4
    assert check(database, KNOWN, now=NOW, limits=limits) is None
    succeeded(database, KNOWN, now=NOW, limits=limits)
    assert check(database, KNOWN, now=NOW, limits=limits) is None
    # The owner's success doesn't clear the strangers.
    assert check(database, HERE, now=NOW, limits=limits) is not None


def test_strangers_cannot_hold_up_a_first_sign_in(quick_database: Database) -> None:
    fail(quick_database, from_everywhere(60, kind=Kind.CODE))
    fail(quick_database, from_everywhere(60))
    assert check(quick_database, Attempt(Kind.CODE, "sun", "10.0.0.7"), now=NOW) is None
    # At one desk codes wait like passwords.
    codes = [Attempt(Kind.CODE, "sun", "10.0.0.8")] * 6
    assert fail(quick_database, codes)[-1] == NOW + 30 * SECOND


def test_a_stolen_mark_gives_no_more_attempts_than_a_desk(quick_database: Database) -> None:
    assert fail(quick_database, [KNOWN] * 6)[-1] == NOW + 30 * SECOND
    # Neither another browser of the person nor another person waits by that.
    assert (
        check(quick_database, Attempt(Kind.PASSWORD, "sun", "10.0.0.7", "another"), now=NOW) is None
    )
    other = Attempt(Kind.PASSWORD, "li", "10.0.0.7", "mark of a browser")
    assert check(quick_database, other, now=NOW) is None


@pytest.mark.parametrize(("per_address", "most"), [(50, 50), (10, 10), (0, 60)])
def test_one_machine_that_tries_many_logins_waits(
    quick_database: Database, per_address: int, most: int
) -> None:
    limits = Limits(per_address=per_address)
    many = [Attempt(Kind.PASSWORD, f"login{each}", "10.0.0.7") for each in range(most + 1)]
    assert fail(quick_database, many[:most], limits=limits) == [None] * most
    expected = NOW + 10 * MINUTE if per_address else None
    assert check(quick_database, many[most], now=NOW, limits=limits) == expected
    # A code from there waits as well, another machine doesn't.
    if per_address:
        code = Attempt(Kind.CODE, "li", "10.0.0.7")
        assert check(quick_database, code, now=NOW, limits=limits) == expected
    other = Attempt(Kind.PASSWORD, "login1", "10.0.0.8")
    assert check(quick_database, other, now=NOW, limits=limits) is None


def test_people_who_sign_in_rightly_never_use_up_their_office_s_address(
    quick_database: Database,
) -> None:
    limits = Limits(per_login=5, per_address=5)
    for each in range(12):
        for attempt in (
            Attempt(Kind.PASSWORD, f"login{each}", "10.0.0.7"),
            Attempt(Kind.PASSWORD, "sun", f"10.2.0.{each}"),
        ):
            assert check(quick_database, attempt, now=NOW, limits=limits) is None
            succeeded(quick_database, attempt, now=NOW, limits=limits)


@pytest.mark.parametrize("kind", [Kind.FACTOR, Kind.CONFIRMATION])
def test_whoever_knows_the_password_has_few_tries_at_the_second_factor(
    quick_database: Database, kind: Kind
) -> None:
    """A code has six digits, three of which count at once: a day's tries find it in no year."""
    tried, now = 0, NOW
    while now < NOW + DAY:
        for attempt in from_everywhere(3, kind=kind):
            until = check(quick_database, attempt, now=now)
            tried += until is None
        now += 10 * MINUTE
    assert 10 <= tried <= 40
    # Passwords are counted apart: nobody outside can use up the tries of a second factor.
    fail(quick_database, from_everywhere(60, "li"))
    assert check(quick_database, Attempt(kind, "li", "10.1.0.1"), now=NOW) is None


def test_while_something_waits_nothing_is_written(database: Database) -> None:
    fail(database, [HERE] * 5)

    def kept() -> list[tuple[str, int, datetime | None]]:
        with database.readers.begin() as session:
            rows = session.scalars(select(AttemptRow).order_by(AttemptRow.bucket)).all()
        return [(each.bucket, each.count, each.blocked_until) for each in rows]

    before = kept()
    assert fail(database, [HERE] * 3) == [NOW + 30 * SECOND] * 3
    assert kept() == before


def test_no_more_get_through_at_once_than_one_after_the_other(database: Database) -> None:
    start = Barrier(12)

    def at_once(number: int) -> datetime | None:
        start.wait()
        return check(database, HERE, now=NOW)

    with ThreadPoolExecutor(12) as pool:
        found = list(pool.map(at_once, range(12)))
    assert found.count(None) == 5


def test_racing_failures_are_counted_one_by_one(database: Database) -> None:
    start = Barrier(8)

    def at_once(attempt: Attempt) -> None:
        start.wait()
        check(database, attempt, now=NOW, limits=WIDE)
        check(database, attempt, now=NOW, limits=WIDE)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(at_once, from_everywhere(8)))
    with database.readers.begin() as session:
        kinds = {each.kind: each.count for each in session.scalars(select(AttemptRow))}
    assert kinds == {"password:here": 2, "password:anywhere": 16}


def test_a_wait_is_on_record_when_it_begins(database: Database) -> None:
    for expected in (None, None, None, None, NOW + 30 * SECOND):
        check(database, HERE, now=NOW)
        assert failed(database, HERE, now=NOW) == expected
    with database.readers.begin() as session:
        (line,) = session.scalars(select(AccessRow)).all()
    assert (line.what, line.about, line.item) == ("attempts_limited", "sun", "password:here")
    assert failed(database, HERE, now=NOW + HOUR) is None


def test_an_administrator_lifts_the_waits_of_a_login(database: Database) -> None:
    fail(database, [HERE] * 5)
    fail(database, from_everywhere(30))
    with database.readers.begin() as session:
        assert len(waits_of(session, "sun", NOW)) == 2
        assert waits_of(session, "sun", NOW + HOUR) == []
    by = By("guard", NOW, TODAY)
    assert lift(database, "sun", by=by)
    assert check(database, HERE, now=NOW) is None
    lift(database, "sun", by=by)
    assert not lift(database, "li", by=by)
    with database.readers.begin() as session:
        lines = session.scalars(select(AccessRow)).all()
    assert [(each.what, each.person, each.about) for each in lines] == [
        ("wait_lifted", "guard", "sun")
    ] * 2


def test_old_counts_go(database: Database) -> None:
    fail(database, [HERE] * 5)
    check(database, Attempt(Kind.PASSWORD, "li", "10.0.0.9"), now=NOW + 2 * DAY + MINUTE)
    with database.readers.begin() as session:
        about = {each.about for each in session.scalars(select(AttemptRow))}
    assert about == {"li", None}
    with database.readers.begin() as session:
        assert len(session.scalars(select(AttemptRow)).all()) == 3


@pytest.mark.parametrize(
    ("left", "seconds", "words"),
    [
        (timedelta(milliseconds=1), 1, "1 seconds"),
        (30 * SECOND, 30, "30 seconds"),
        (90 * SECOND, 90, "90 seconds"),
        (91 * SECOND, 91, "2 minutes"),
        (15 * MINUTE, 900, "15 minutes"),
    ],
)
def test_how_long_it_waits_is_said(left: timedelta, seconds: int, words: str) -> None:
    assert seconds_until(NOW + left, NOW) == seconds
    assert words in render(wait_text(NOW + left, NOW), "en")
