"""The worker: every job is done, none twice, whoever dies on the way."""

import os
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, text

from config import ROOT
from fireinvest.services.working import LEASE, WAITS, Closing, Hopeless, Worker, event_handlers
from fireinvest.store import Database
from fireinvest.store.alerts import AlertRow
from fireinvest.store.outbox import Job, Notice, OutboxRow, backlog, claim, post, try_again
from tests.services.office import CALENDAR
from tests.services.test_alerting import Office, at, on

NOW = at(on("2025-05-12"), 6)


class Hand:
    """A handler that notes what it did, and fails as often as it is told to."""

    def __init__(self, fails: int = 0, error: type[Exception] = OSError) -> None:
        self.done: list[str] = []
        self.fails = fails
        self.error = error

    def __call__(self, job: Job, now: datetime) -> Closing:
        if self.fails:
            self.fails -= 1
            raise self.error("the other side is away")
        self.done.append(job.key)
        return lambda _session: None


class Watch:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


def given(database: Database, *keys: str, not_before: datetime | None = None) -> None:
    with database.sessions.begin() as session:
        post(
            session,
            [Notice(each, None, "thing", {"key": each}, not_before=not_before) for each in keys],
            NOW,
        )


def rows(database: Database) -> list[OutboxRow]:
    with database.readers.begin() as session:
        return list(session.scalars(select(OutboxRow).order_by(OutboxRow.id)))


def test_jobs_are_done_in_their_order_and_once(database: Database) -> None:
    given(database, *"abc")
    hand, watch = Hand(), Watch()
    worker = Worker(database, {"thing": hand}, watch)
    assert (worker.drain(), worker.drain()) == (3, 0)
    assert hand.done == ["a", "b", "c"]
    assert all(each.done_at == NOW and each.claimed_by is None for each in rows(database))


def test_a_job_waits_for_its_hour(database: Database) -> None:
    given(database, "later", not_before=NOW + timedelta(hours=1))
    hand, watch = Hand(), Watch()
    worker = Worker(database, {"thing": hand}, watch)
    assert worker.drain() == 0
    watch.now += timedelta(hours=1)
    assert worker.drain() == 1


def test_a_failure_is_tried_again_later_and_later_then_given_up_and_told(
    database: Database,
) -> None:
    given(database, "a")
    hand, watch = Hand(fails=99), Watch()
    told: list[str] = []
    worker = Worker(
        database, {"thing": hand}, watch, lambda _session, job, error, _now: told.append(error)
    )
    for wait in WAITS:
        assert worker.drain() == 1
        watch.now += wait - timedelta(seconds=1)
        assert worker.drain() == 0, "it is tried again too soon"
        watch.now += timedelta(seconds=1)
    assert told == []
    assert worker.drain() == 1
    assert told == ["OSError: the other side is away"]
    (row,) = rows(database)
    assert (row.failed_at, row.done_at) == (watch.now, None)
    watch.now += timedelta(days=100)
    assert worker.drain() == 0
    with database.readers.begin() as session:
        assert (backlog(session, watch.now).waiting, backlog(session, watch.now).failed) == (0, 1)
    # The operator lets it be tried again.
    hand.fails = 0
    with database.sessions.begin() as session:
        assert try_again(session, [row.id]) == 1
    assert worker.drain() == 1
    assert hand.done == ["a"]


def test_what_is_hopeless_is_given_up_at_once(database: Database) -> None:
    given(database, "a")
    worker = Worker(database, {"thing": Hand(fails=1, error=Hopeless)}, Watch())
    worker.drain()
    assert rows(database)[0].failed_at == NOW


def test_a_kind_that_nobody_knows_is_given_up(database: Database) -> None:
    given(database, "a")
    Worker(database, {}, Watch()).drain()
    assert "thing" in (rows(database)[0].error or "")


def test_who_dies_with_a_job_loses_it_when_the_lease_is_over(database: Database) -> None:
    given(database, "a")
    with database.sessions.begin() as session:
        assert len(claim(session, "dead", NOW, LEASE, 10)) == 1
    hand, watch = Hand(), Watch()
    worker = Worker(database, {"thing": hand}, watch)
    watch.now += LEASE
    assert worker.drain() == 0
    watch.now += timedelta(seconds=1)
    assert worker.drain() == 1
    assert hand.done == ["a"]
    assert rows(database)[0].attempts == 2


def test_who_was_too_slow_writes_nothing(database: Database) -> None:
    given(database, "a")
    watch = Watch()
    wrote: list[str] = []
    other = Worker(database, {"thing": Hand()}, watch)

    def slow(job: Job, now: datetime) -> Closing:
        watch.now += LEASE + timedelta(seconds=1)
        other.drain()
        return lambda _session: wrote.append(job.key)

    Worker(database, {"thing": slow}, watch).drain()
    (row,) = rows(database)
    assert row.done_at is not None
    # Its part was taken back with its unit of work.
    assert wrote == ["a"]
    assert row.attempts == 2


def test_what_slow_jobs_leave_no_time_for_is_handed_back_untried(database: Database) -> None:
    given(database, *"abcde")
    watch = Watch()
    done: list[str] = []

    def slow(job: Job, now: datetime) -> Closing:
        watch.now += timedelta(minutes=1)
        done.append(job.key)
        return lambda _session: None

    Worker(database, {"thing": slow}, watch).run_once()
    assert done == ["a", "b", "c"]
    assert [each.attempts for each in rows(database)] == [1, 1, 1, 0, 0]
    other = Worker(database, {"thing": slow}, watch)
    other.drain()
    assert done == ["a", "b", "c", "d", "e"]


def test_many_workers_do_every_job_once(database: Database) -> None:
    given(database, *(f"job-{number}" for number in range(60)))
    hand = Hand()

    def run(_: int) -> int:
        return Worker(database, {"thing": hand}, Watch()).drain()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(run, range(4))) == 60
    assert Counter(hand.done).most_common(1)[0][1] == 1
    assert len(hand.done) == 60


def test_events_become_notices_exactly_once(database: Database) -> None:
    office = Office(database)
    worker = Worker(database, event_handlers(lambda: CALENDAR), Watch())
    assert worker.drain() > 0
    told = office.told("team_request")
    assert ("started", "carrier") in told
    with database.sessions.begin() as session:
        session.execute(text("UPDATE outbox SET done_at = NULL"))
    worker.drain()
    assert office.told("team_request") == told


_KILLED = """
import os, signal, sys
from datetime import datetime, UTC
sys.path.insert(0, {root!r})
from fireinvest.store import open_database, outbox
from fireinvest.services import working
from tests.services.office import CALENDAR
from tests.services.test_working import NOW
where = {where!r}
if where == "before":
    working.tell_event = lambda *a, **k: os.kill(os.getpid(), signal.SIGKILL)
else:
    first = outbox.finish
    def finish(*a, **k):
        first(*a, **k)
        os.kill(os.getpid(), signal.SIGKILL)
    outbox.finish = finish
working.Worker(open_database({url!r}), working.event_handlers(lambda: CALENDAR), lambda: NOW).drain()
"""


@pytest.mark.parametrize("where", ["before", "after"])
def test_a_worker_killed_at_any_point_loses_and_doubles_nothing(
    database_url: str, database: Database, where: str
) -> None:
    office = Office(database)
    program = _KILLED.format(root=str(ROOT), where=where, url=database_url)
    killed = subprocess.run(
        [sys.executable, "-c", program], check=False, cwd=ROOT, env=os.environ.copy()
    )
    assert killed.returncode == -9
    assert office.told("team_request") == []
    watch = Watch()
    watch.now += LEASE + timedelta(seconds=1)
    Worker(database, event_handlers(lambda: CALENDAR), watch).drain()
    assert ("started", "carrier") in office.told("team_request")
    with database.readers.begin() as session:
        keys = list(session.scalars(select(AlertRow.key)))
    assert len(keys) == len(set(keys))
