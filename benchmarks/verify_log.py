"""How long does it take to check a whole log? Seeds a database and measures, beside a baseline.

    python benchmarks/verify_log.py [ENTRIES] [--url DATABASE] [--workers N]

The database (a fresh SQLite file without ``--url``) must be migrated and empty, and is filled with
so many entries (a million without a number) of cases with fifty each, their rows in the log of all
cases, and sealed batches. The baseline reads the same rows once and hashes as many bytes: what no
check can do without. Everything that is printed was measured in this run.
"""

import hashlib
import json
import resource
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from alembic import command
from alembic.config import Config
from sqlalchemy import insert

from config import ROOT
from fireinvest.services.journal import verify_all
from fireinvest.store import Database, open_database
from fireinvest.store.access import AccessRow, seal_accesses, written_rows
from fireinvest.store.cases import CaseRow
from fireinvest.store.journal import NOTHING_BEFORE, JournalRow, Line, hash_of
from fireinvest.store.rulesets import RulesetRow
from fireinvest.store.verifying import written_lines

PER_CASE = 50
AT_ONCE = 100  # cases
BEGAN = datetime(2020, 1, 1, tzinfo=UTC)
FIGURES = {
    "deaths": 1, "serious_injuries": 2, "direct_loss_fen": 1_234_567_800,
    "note": "起火部位位于一层东侧仓储区，直接经济损失以价格认定结论为准，后续如有变化另行更正。",
}  # fmt: skip


def main() -> None:
    """Seed, measure, print."""
    parser = ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("entries", nargs="?", type=int, default=1_000_000)
    parser.add_argument("--url")
    parser.add_argument("--workers", type=int)
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        url = given.url or f"sqlite:///{folder}/benchmark.db"
        if given.url is None:
            config = Config(toml_file=ROOT / "pyproject.toml")
            config.attributes["url"] = url
            command.upgrade(config, "head")
        database = open_database(url)
        measure("seed", lambda: seed(database, given.entries))
        baseline = measure("baseline: read and hash the same bytes", lambda: read(database))
        taken = measure("verify-log", lambda: check(database, given.workers))
        per_million = taken * 1_000_000 / given.entries
        sys.stdout.write(f"verify-log per million entries: {per_million:.1f} s\n")
        sys.stdout.write(f"ratio to the baseline: {taken / baseline:.2f}\n")
        for whose, who in (
            ("this process", resource.RUSAGE_SELF),
            ("a worker", resource.RUSAGE_CHILDREN),
        ):
            most = resource.getrusage(who).ru_maxrss / 1024
            sys.stdout.write(f"most memory of {whose}: {most:.0f} MiB\n")
        database.engine.dispose()


def measure(what: str, run: Callable[[], None]) -> float:
    """Run something and print how many seconds it took."""
    began = perf_counter()
    run()
    taken = perf_counter() - began
    sys.stdout.write(f"{what}: {taken:.1f} s\n")
    sys.stdout.flush()
    return taken


def seed(database: Database, entries: int) -> None:
    """Fill the database."""
    with database.sessions.begin() as session:
        session.execute(insert(RulesetRow).values(pin="p", contents="[]", stored_at=BEGAN))
    cases = range(1, -(-entries // PER_CASE) + 1)
    for first in range(1, len(cases) + 1, AT_ONCE):
        several = cases[first - 1 : first - 1 + AT_ONCE]
        with database.sessions.begin() as session:
            lines = [list(lines_of(each)) for each in several]
            session.execute(insert(CaseRow), [case_of(each) for each in lines])
            flat = [line for each in lines for line in each]
            session.execute(insert(JournalRow), [line._asdict() for line in flat])
            session.execute(insert(AccessRow), [logged(line) for line in flat])
    while True:
        with database.sessions.begin() as session:
            if not seal_accesses(session, BEGAN + timedelta(days=36500)):
                return


def number_of(case_id: int) -> str:
    """The number of a case."""
    return f"5303-2020-{case_id:06}"


def lines_of(case_id: int) -> Iterator[Line]:
    """The journal of a case."""
    before = NOTHING_BEFORE
    for seq in range(1, PER_CASE + 1):
        values = json.dumps({**FIGURES, "deaths": seq}, ensure_ascii=False)
        line = Line(
            case_id=case_id, seq=seq, step="update_figures", kind="figures", schema_version=1,
            payload=values, old_values='{"deaths":1}', new_values='{"deaths":2}',
            occurred_on=date(2020, 1, 1), occurred_at=None,
            recorded_at=BEGAN + timedelta(seconds=case_id * PER_CASE + seq), actor="sun",
            acting_for=None, reason="现场勘验后更正", expected_version=seq - 1,
            idempotency_key=f"{case_id}-{seq}", prev_hash=before, hash="",
            **{name: None for name in Line._fields if name in ("attachments", "restriction")},
        )  # fmt: skip
        before = hash_of(number_of(case_id), line)
        yield line._replace(hash=before)


def case_of(lines: list[Line]) -> dict[str, object]:
    """The row of a case."""
    last = lines[-1]
    return {
        "id": last.case_id, "number": number_of(last.case_id), "version": last.seq,
        "head_hash": last.hash, "occurred_on": date(2020, 1, 1), "unit_name": "某某商贸有限公司",
        "address": "胜境街道1号", "ruleset_pin": "p", "level": "general", "level_is_floor": False,
        "mode": "investigate", "is_demo": True, "opened_at": BEGAN, "counted_on": date(2020, 1, 1),
    }  # fmt: skip


def logged(line: Line) -> dict[str, object]:
    """The row of an entry in the log of all cases."""
    return {
        "happened_at": line.recorded_at, "person": line.actor, "what": "entry",
        "case_id": line.case_id, "item": line.step, "address": "10.20.30.40",
        "request_id": "0b6cbb0e-6f0a-4a53-8d5c-0a5d2f3f7b61", "entry": line.seq,
        "entry_hash": line.hash,
    }  # fmt: skip


def read(database: Database) -> None:
    """Read the rows of both and hash their bytes."""
    with database.readers.begin() as session:
        for rows in (written_lines(session, 0, 2**31 - 1), written_rows(session)):
            for row in rows:
                hashlib.sha256("".join(map(str, row)).encode())


def check(database: Database, workers: int | None) -> None:
    """Check everything; nothing may be wrong."""
    found = list(verify_all(database, workers=workers))
    if found:
        raise SystemExit(f"{len(found)} faults, such as {found[0]}")


if __name__ == "__main__":
    main()
