"""How long does the nightly sweep take, and does its cost follow what is due? Seeds and measures.

    python -m benchmarks.sweep [CASES] [--url DATABASE]

The database (a fresh SQLite file without ``--url``) must be migrated and empty. It is filled with
so many open cases (2,000 without a number), copies of one that was opened, each with a carrier and
the head of an agency who hear of it. Then nothing is due, one case in a hundred, and all of them.
The baseline folds every case and counts its clocks anew: what a sweep over all cases would cost
each night before it told anybody anything. Everything that is printed was measured in this run, on
one core.
"""

import resource
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from alembic import command
from alembic.config import Config
from sqlalchemy import Table, insert, select, update

from config import ROOT
from fireinvest.regulation.calendar import Calendar
from fireinvest.regulation.facts import Facts
from fireinvest.regulation.rulesets import known_law
from fireinvest.services.cases import load_case, open_case
from fireinvest.services.people import Post, actor_of, create_person, give_post
from fireinvest.services.sweeping import sweep
from fireinvest.store import Database, open_database
from fireinvest.store.alerts import LadderRow
from fireinvest.store.cases import CaseRow, DeadlineRow
from fireinvest.store.journal import JournalRow
from fireinvest.store.people import GrantRow
from fireinvest.workflow.deadlines import deadlines_of

OPENED_ON = date(2025, 5, 12)
COUNTY, CITY = "530325", "530300"
ONE_IN = 100
AT_ONCE = 500  # rows
CALENDAR = Calendar()


def main() -> None:
    """Seed, measure, print."""
    parser = ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("cases", nargs="?", type=int, default=2000)
    parser.add_argument("--url")
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        url = given.url or f"sqlite:///{folder}/benchmark.db"
        if given.url is None:
            config = Config(toml_file=ROOT / "pyproject.toml")
            config.attributes["url"] = url
            command.upgrade(config, "head")
        database = open_database(url)
        measure("seed", lambda: seed(database, given.cases))
        ids = all_ids(database)
        counting = measure("baseline: fold and count all cases", lambda: count(database, ids))
        quiet = measure("sweep, nothing due", lambda: swept(database, ids[:0]))
        few = measure("sweep, one in a hundred due", lambda: swept(database, ids[::ONE_IN]))
        everything = measure("sweep, all due", lambda: swept(database, ids))
        say(f"counted anew: {len(ids) / counting:.0f} cases a second and core")
        say(f"swept and told: {len(ids) / everything:.0f} cases a second and core")
        say(f"one in a hundred due, to all due: {few / everything:.3f}")
        say(f"one in a hundred due, to the baseline: {few / counting:.3f}")
        say(f"nothing due, to the baseline: {quiet / counting:.4f}")
        say(f"memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB at most")
        database.engine.dispose()


def say(line: str) -> None:
    """Print a line."""
    sys.stdout.write(f"{line}\n")


def measure(what: str, work: Callable[[], None]) -> float:
    """Do it, print how long it took, and return the processor's seconds."""
    began, worked = perf_counter(), process_time()
    work()
    taken = process_time() - worked
    say(f"{what}: {perf_counter() - began:.2f} s, of the processor {taken:.2f} s")
    return max(taken, 1e-6)


def at(day: date) -> datetime:
    """An hour of a day, UTC."""
    return datetime(day.year, day.month, day.day, 2, tzinfo=UTC)


def seed(database: Database, cases: int) -> None:
    """Open one case, and copy it."""
    for login, role in (("carrier", "carrier"), ("head", "agency_head")):
        person_id = create_person(database, login=login, name=f"某{login}", now=at(OPENED_ON))
        give_post(
            database, person_id, Post(role, division=COUNTY, tier="county"),
            valid_from=OPENED_ON, granted_by="benchmark",
        )  # fmt: skip
    with database.readers.begin() as session:
        actor = actor_of(session, 1, OPENED_ON)
    first = open_case(
        database, known_law(), CALENDAR, actor,
        Facts(OPENED_ON, division=COUNTY, deaths=1, serious_injuries=0), "某某商贸有限公司",
        "胜境街道1号", home_division=CITY, idempotency_key="benchmark", now=at(OPENED_ON),
        today=OPENED_ON,
    )  # fmt: skip
    for table, change in (
        (CaseRow.__table__, lambda to: {"id": to, "number": f"5303-2025-9{to:06}"}),
        (JournalRow.__table__, lambda to: {"case_id": to, "idempotency_key": f"copy-{to}"}),
        (DeadlineRow.__table__, lambda to: {"case_id": to}),
        (LadderRow.__table__, lambda to: {"case_id": to}),
        (GrantRow.__table__, lambda to: {"case_id": to}),
    ):
        copy(database, table, first.id, range(first.id + 1, first.id + cases), change)


def copy(
    database: Database, table: Any, first: int, ids: range, change: Callable[[int], dict[str, Any]]
) -> None:
    """Write the first case's rows of a table again, for each of these cases."""
    assert isinstance(table, Table)  # noqa: S101 - every model here has one
    own = table.c.id if table.name == "cases" else table.c.case_id
    with database.readers.begin() as session:
        rows = [dict(row._mapping) for row in session.execute(select(table).where(own == first))]
    if table.name != "cases":
        for row in rows:
            row.pop("id", None)
    batch: list[Mapping[str, Any]] = []
    with database.sessions.begin() as session:
        for row in (dict(row, **change(to)) for to in ids for row in rows):
            batch.append(row)
            if len(batch) == AT_ONCE:
                session.execute(insert(table), batch)
                batch = []
        if batch:
            session.execute(insert(table), batch)


def all_ids(database: Database) -> list[int]:
    """The ids of all cases."""
    with database.readers.begin() as session:
        return list(session.scalars(select(CaseRow.id).order_by(CaseRow.id)))


def count(database: Database, ids: list[int]) -> None:
    """Fold every case and count its clocks, as if all had to be looked at each night."""
    for case_id in ids:
        with database.readers.begin() as session:
            deadlines_of(load_case(session, case_id).case, CALENDAR, OPENED_ON)


_days: Iterator[date] = (OPENED_ON + timedelta(days) for days in range(1, 100))


def swept(database: Database, due: list[int]) -> None:
    """Sweep a new night on which just these cases have something to tell."""
    day = next(_days)
    with database.sessions.begin() as session:
        session.execute(update(LadderRow).values(next_on=None))
        for start in range(0, len(due), AT_ONCE):
            these = due[start : start + AT_ONCE]
            session.execute(
                update(LadderRow).where(LadderRow.case_id.in_(these)).values(next_on=day)
            )
    done = sweep(database, lambda: CALENDAR, clock=lambda: at(day), today=day)
    assert (done.cases, done.failed) == (len(due), ())  # noqa: S101 - else nothing was measured


if __name__ == "__main__":
    main()
