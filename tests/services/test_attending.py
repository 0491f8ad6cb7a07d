"""The nightly sweep: due once a day, made up when missed, an alarm when nobody runs it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, time, timedelta

import pytest
from sqlalchemy import func, select

from fireinvest.china import CHINA
from fireinvest.services.attending import ALARM_AFTER, attend, due_since, warn, work_state
from fireinvest.services.people import Post
from fireinvest.services.sweeping import Swept
from fireinvest.services.working import Worker, event_handlers
from fireinvest.store import Database, channels
from fireinvest.store.alerts import SweepRow, alerts_of
from fireinvest.store.leases import claim
from fireinvest.workflow.permissions import SYSTEM_ADMINISTRATOR
from tests.services.office import CALENDAR
from tests.services.test_alerting import Office
from tests.services.test_working import Watch
from tests.web.office import person_with

ONE = time(1, 0)


def at(written: str) -> datetime:
    return datetime.fromisoformat(written).replace(tzinfo=CHINA).astimezone(UTC)


class Night:
    """An office, and somebody who attends to it."""

    def __init__(self, database: Database) -> None:
        self.office = Office(database)
        self.database = database
        self.root = person_with(database, "root", Post(SYSTEM_ADMINISTRATOR))

    def attends(self, written: str, holder: str = "a") -> Swept | None:
        watch = Watch()
        watch.now = at(written)
        worker = Worker(self.database, event_handlers(lambda: CALENDAR), watch)
        return attend(
            self.database, worker, lambda: CALENDAR, holder, watch.now, sweep_at=ONE
        )  # fmt: skip

    def warnings(self) -> int:
        with self.database.readers.begin() as session:
            found = alerts_of(session, self.root)
        return sum(each.rung == "sweep_missed" for each in found)


@pytest.fixture
def night(database: Database) -> Night:
    return Night(database)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2025-05-14 00:59", "2025-05-13 01:00"),
        ("2025-05-14 01:00", "2025-05-14 01:00"),
        ("2025-05-14 23:59", "2025-05-14 01:00"),
    ],
)
def test_when_a_sweep_became_due(now: str, expected: str) -> None:
    assert due_since(at(now), ONE) == at(expected)


def test_a_sweep_runs_once_a_day_and_a_missed_one_is_made_up(night: Night) -> None:
    assert night.attends("2025-05-14 00:30") is not None
    assert night.attends("2025-05-14 00:59") is None
    swept = night.attends("2025-05-14 01:00")
    assert swept is not None
    assert swept.day == at("2025-05-14 01:00").astimezone(CHINA).date()
    assert night.attends("2025-05-14 01:01", "b") is None
    assert night.attends("2025-05-15 00:59", "b") is None
    # Nobody attended for two nights; in the afternoon somebody does.
    assert night.attends("2025-05-17 15:00", "b") is not None
    assert night.attends("2025-05-17 15:01") is None
    assert night.attends("2025-05-18 01:00") is not None


def test_who_died_while_sweeping_holds_up_nobody_for_long(night: Night) -> None:
    now = at("2025-05-14 01:00")
    with night.database.sessions.begin() as session:
        assert claim(session, "sweep", "dead", now=now, until=now + timedelta(hours=1))
    assert night.attends("2025-05-14 01:59") is None
    assert night.attends("2025-05-14 02:00") is not None


def test_of_many_one_sweeps(night: Night) -> None:
    def run(number: int) -> Swept | None:
        return night.attends("2025-05-14 01:00", f"{number}")

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(run, range(4)))
    assert sum(each is not None for each in found) == 1
    with night.database.readers.begin() as session:
        assert session.scalar(select(func.count()).select_from(SweepRow)) == 1


def test_attending_does_the_jobs_before_and_after_the_sweep(night: Night) -> None:
    with night.database.sessions.begin() as session:
        channels.add_channel(
            session, person_id=night.office.id_of("carrier"), kind="mail", address="a@b",
            now=at("2025-05-01 00:00"), is_confirmed=True,
        )  # fmt: skip
    night.attends("2025-05-14 01:00")
    assert ("left_1", "carrier") in night.office.told("team_request")
    # What was posted by the sweep itself was taken up at once.
    assert work_state(night.database, at("2025-05-14 01:01"), ONE).backlog.waiting == 0


def test_a_sweep_that_has_not_run_for_26_hours_is_an_alarm(night: Night) -> None:
    # Never run: counted from the first case on, opened at 10 o'clock of 12 May.
    opened = at("2025-05-12 10:00")
    for now, is_missed in (
        (opened + ALARM_AFTER, False),
        (opened + ALARM_AFTER + timedelta(seconds=1), True),
    ):
        assert (work_state(night.database, now, ONE).missed is not None) is is_missed
    night.attends("2025-05-13 09:00")
    last = at("2025-05-13 09:00")
    assert night.warnings() == 0
    assert warn(night.database, last + ALARM_AFTER) == 0
    assert warn(night.database, last + ALARM_AFTER + timedelta(seconds=1)) == 1
    # Once a day, however often it is looked at.
    assert warn(night.database, last + ALARM_AFTER + timedelta(hours=1)) == 0
    assert warn(night.database, last + ALARM_AFTER + timedelta(days=1)) == 1
    assert night.warnings() == 2
    # Whoever attends again says it before the sweep takes the alarm away.
    assert night.attends("2025-05-20 03:00") is not None
    assert night.warnings() == 3
    assert work_state(night.database, at("2025-05-20 03:01"), ONE).missed is None


def test_an_office_without_cases_has_nothing_to_be_swept(database: Database) -> None:
    state = work_state(database, at("2025-05-12 10:00"), ONE)
    assert (state.missed, state.last) == (None, None)
    assert state.next_at == at("2025-05-12 01:00")
