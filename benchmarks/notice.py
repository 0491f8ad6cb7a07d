"""How long does applying a holiday notice take, and for how long do others wait for it?

    python -m benchmarks.notice [CASES] [--url DATABASE]

The database (a fresh SQLite file without ``--url``) must be migrated and empty. It is filled with
so many open cases (2,000 without a number), as ``benchmarks.sweep`` does; then a notice is entered
that moves a clock in each of them, while somebody else goes on writing: each of their changes is
timed, and none may fail. Everything that is printed was measured in this run.
"""

import sys
from argparse import ArgumentParser
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread
from time import perf_counter

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from alembic import command
from alembic.config import Config

from benchmarks.sweep import CALENDAR, OPENED_ON, all_ids, at, say, seed
from config import ROOT
from fireinvest.regulation.calendar import Notice
from fireinvest.regulation.rulesets import known_law
from fireinvest.services.cases import act
from fireinvest.services.notices import calendar_in_force
from fireinvest.services.recounting import enter_notice, preview_notice
from fireinvest.store import Database, open_database
from fireinvest.workflow.actions import Figures
from fireinvest.workflow.engine import Action
from fireinvest.workflow.errors import Stale
from fireinvest.workflow.permissions import SYSTEM, Actor

#: More than any request may wait; the database gives up after as long.
BUSY = 10.0
_SATURDAY = 5


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
        seed(database, given.cases)
        writer = Writer(database, all_ids(database)[-1])
        alone = writer.writes_for(2.0)
        now, day = at(OPENED_ON), OPENED_ON
        # Thursday and Friday of the first week are off: the request's three working days move.
        notice = changed()
        keeper = Actor("keeper")
        began = perf_counter()
        seen = preview_notice(database, CALENDAR, notice, keeper, now=now, today=day)
        previewed = perf_counter() - began
        assert seen is not None  # noqa: S101 - else nothing is measured
        writer.start()
        began = perf_counter()
        entered = enter_notice(database, CALENDAR, notice, keeper, seen=None, now=now, today=day)
        applied = perf_counter() - began
        writer.stop()
        assert entered.moved is not None  # noqa: S101 - as above
        longest = max(writer.took)
        say(f"cases: {given.cases}, clocks that moved: {entered.moved.moved}")
        say(f"preview: {previewed:.2f} s; applied: {applied:.2f} s")
        say(f"ratio of applying to previewing: {applied / previewed:.2f}")
        say(f"changes of others meanwhile: {len(writer.took)}, failed: {len(writer.failed)}")
        say(f"one change alone: {alone:.3f} s; the one that waited longest: {longest:.2f} s")
        say(f"of what the database waits for at most: {longest / BUSY:.0%}")
        for each in writer.failed:
            say(f"  {each}")
        database.engine.dispose()
        if writer.failed:
            raise SystemExit(1)


def changed() -> Notice:
    """The year's notice with two more days off."""
    year = OPENED_ON.year
    days = [date(year, 1, 1) + timedelta(days=each) for each in range(365)]
    more = {OPENED_ON.replace(day=each) for each in (15, 16)}
    off = {on for on in days if on.weekday() < _SATURDAY and not CALENDAR.is_working(on)}
    worked = {on for on in days if on.weekday() >= _SATURDAY and CALENDAR.is_working(on)}
    return Notice(year, "1", dict.fromkeys(sorted(off | more), ""), frozenset(worked))


class Writer(Thread):
    """Somebody who changes a case over and over, and notes how long each change took."""

    def __init__(self, database: Database, case_id: int) -> None:
        """Write into this case, from ``start`` to ``stop``."""
        super().__init__(daemon=True)
        self.database, self.case_id = database, case_id
        self.took: list[float] = []
        self.failed: list[str] = []
        self._ended = Event()
        self._numbers = count()

    def run(self) -> None:
        """Write until it is ended."""
        while not self._ended.wait(0.02):
            self.write()

    def write(self) -> None:
        """Write once; somebody who is too late writes again, as people do."""
        began, number = perf_counter(), next(self._numbers)
        figures = Figures(deaths=1 + number % 2, source="benchmark")
        try:
            for _ in range(3):
                try:
                    act(
                        self.database, known_law(), calendar_in_force(self.database),
                        Actor(SYSTEM), self.case_id, Action("update_figures", figures, OPENED_ON),
                        idempotency_key=f"writer-{number}", now=at(OPENED_ON), today=OPENED_ON,
                    )  # fmt: skip
                    break
                except Stale:
                    continue
        except Exception as error:
            self.failed.append(f"{type(error).__name__}: {error}"[:200])
        self.took.append(perf_counter() - began)

    def writes_for(self, seconds: float) -> float:
        """Write for some time and return how long one change takes alone."""
        until = perf_counter() + seconds
        while perf_counter() < until:
            self.write()
        one = sum(self.took) / len(self.took)
        self.took.clear()
        return one

    def stop(self) -> None:
        """Write no more."""
        self._ended.set()
        self.join()


if __name__ == "__main__":
    main()
