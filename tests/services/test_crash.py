"""A process that is killed at any point of an action leaves all of it, or nothing."""

import os
import random
import signal
import time
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event, text

from fireinvest.services.cases import CaseRef, find_number, load_case, rebuild
from fireinvest.services.journal import verify_log
from fireinvest.store import Database, open_database
from fireinvest.workflow.actions import DocumentSent, Figures, Merging
from tests.services.office import CALENDAR, TODAY, did, key, opened

# More than an action has statements; one that comes to its end sooner is the last.
MOST_POINTS = 60


def in_child(work: Callable[[], None]) -> int | None:
    """Do the work in a process of its own; return the signal that ended it, None for a good end."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException:
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return os.WTERMSIG(status)
    assert os.WEXITSTATUS(status) == 0
    return None


def killed_at(url: str, point: int, work: Callable[[Database], object]) -> None:
    """Do the work in this process, which kills itself before or after its n-th statement."""
    database = open_database(url)
    points = 0

    def pass_by(*_: Any) -> None:
        nonlocal points
        if points == point:
            os.kill(os.getpid(), signal.SIGKILL)
        points += 1

    for name in ("before_cursor_execute", "after_cursor_execute", "commit"):
        event.listen(database.engine, name, pass_by)
    work(database)


def state(database: Database) -> tuple[int, ...]:
    tables = ("cases", "journal", "deadlines", "outbox", "grants", "case_numbers", "rulesets")
    with database.readers.begin() as session:
        return tuple(
            int(session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())
            for table in tables
        )


def assert_sound(database: Database) -> None:
    assert list(rebuild(database, CALENDAR)) == []
    with database.readers.begin() as session:
        assert list(verify_log(session)) == []


WORKS: dict[str, Callable[[Database, CaseRef], object]] = {
    "open": lambda database, _: opened(database),
    "act": lambda database, ref: did(database, ref, "request_team", DocumentSent(to="市政府")),
    "rise": lambda database, ref: did(database, ref, "update_figures", Figures(deaths=11)),
    "merge": lambda database, ref: did(
        database, ref, "merge", Merging(ref.number[:-4] + "0001"), TODAY
    ),
}


@pytest.mark.parametrize("name", WORKS)
def test_killed_at_any_statement(database_url: str, name: str) -> None:
    database = open_database(database_url)
    opened(database)
    kills = 0
    for point in range(MOST_POINTS):
        ref = opened(database)
        before = state(database)
        ended_by = in_child(
            lambda ref=ref, point=point: killed_at(  # type: ignore[misc] # bound for this turn
                database_url, point, lambda opened_there: WORKS[name](opened_there, ref)
            )
        )
        if ended_by is None:
            assert state(database) != before
            break
        assert ended_by == signal.SIGKILL
        kills += 1
        assert state(database) == before
        # The case is not stuck: what was begun can be done by the next one.
        WORKS[name](database, ref)
    else:
        pytest.fail("the work never came to its end")
    assert kills > 10
    assert_sound(database)
    database.engine.dispose()


def test_killed_at_random_times(database_url: str) -> None:
    database = open_database(database_url)
    refs = [opened(database) for _ in range(3)]
    chance = random.Random(20250512)

    def work() -> None:
        mine = open_database(database_url)
        number = 0
        while True:
            number += 1
            ref = refs[number % 3]
            did(
                mine,
                ref,
                "update_figures",
                Figures(missing=number % 90),
                form=f"{os.getpid()}-{key()}",
            )

    for _ in range(8):
        child = os.fork()
        if child == 0:
            try:
                work()
            finally:
                os._exit(1)
        time.sleep(chance.uniform(0.05, 0.4))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        for ref in refs:
            did(database, ref, "update_figures", Figures(missing=91))
    assert_sound(database)
    with database.readers.begin() as session:
        for ref in refs:
            assert find_number(session, ref.number) == ref
            loaded = load_case(session, ref.id)
            assert loaded.row["version"] == len(loaded.lines)
        told = session.execute(text("SELECT count(*) - count(DISTINCT key) FROM outbox"))
        assert told.scalar_one() == 0
    assert state(database)[1] > 3 + 3 * 8
    database.engine.dispose()
