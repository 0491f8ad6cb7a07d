"""How long do backup, check and restore take, and how large is a backup?

``python -m benchmarks.recovery [CASES]`` makes up so many cases with a file each on SQLite in a
temporary folder, goes through the drill of docs/operations.md, and prints a table. What it is
compared with is a plain copy of the database's file and the folder of files, made while nobody
works.
"""

import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import partial
from io import BytesIO
from pathlib import Path
from shutil import copyfile, copytree

import pyrage

from fireinvest.gateways.blobs import LocalBlobs
from fireinvest.regulation.calendar import Calendar
from fireinvest.regulation.facts import Facts
from fireinvest.regulation.rulesets import known_law
from fireinvest.services.cases import act, open_case
from fireinvest.services.recovery import Protection, check_backup, make_backup, restore, upgrade
from fireinvest.store import Database, open_database
from fireinvest.workflow.actions import Attachment, Figures
from fireinvest.workflow.engine import Action
from fireinvest.workflow.permissions import SYSTEM, Actor

CASES = 500
ENTRIES = 10
FILE = 256 * 1024

NOW = datetime(2025, 9, 10, 4, tzinfo=UTC)
TODAY = date(2025, 9, 10)
FIRE_ON = date(2025, 5, 12)


def main(cases: int) -> None:
    """Go through the drill with so many cases, and print how long each step took."""
    with tempfile.TemporaryDirectory(prefix="fireinvest-drill-") as name:
        folder = Path(name)
        file, blobs = folder / "fireinvest.db", LocalBlobs(folder / "files")
        database = open_database(f"sqlite:///{file}")
        open_protection = Protection()
        upgrade(database, blobs, folder, open_protection, kept=1, now=NOW)
        seed(database, blobs, cases)
        database.engine.dispose()

        def copy() -> Path:
            copyfile(file, folder / "copy.db")
            copytree(blobs.folder, folder / "copy")
            return folder / "copy.db"

        print(f"{'':<26}{'seconds':>9}{'× copy':>9}{'MB':>9}{'peak MB':>9}")
        base = spent(copy, "plain copy", 0.0, size_of(file) + size_of(blobs.folder))
        key = pyrage.x25519.Identity.generate()
        locked = Protection(recipients=(str(key.to_public()),), identity=str(key))
        for words, protection in (("", open_protection), (", encrypted", locked)):
            target, place = (folder / f"{each}{protection.ending}" for each in ("made", "restored"))
            backup = partial(make_backup, database, blobs, target, protection, now=NOW)
            spent(backup, f"backup{words}", base, target)
            spent(partial(check_backup, target, protection), f"restore --check{words}", base, None)
            back = partial(
                restore, f"sqlite:///{place}.db", LocalBlobs(place), target, protection, now=NOW
            )
            spent(back, f"restore{words}", base, None)
        database.engine.dispose()


def seed(database: Database, blobs: LocalBlobs, cases: int) -> None:
    """Make up cases, each with some entries and a file that packs no better than a scan."""
    law, calendar, timers = known_law(), Calendar(), Actor(SYSTEM)
    facts = Facts(FIRE_ON, division="530325", deaths=5)
    for number in range(cases):
        ref = open_case(
            database, law, calendar, timers, facts, f"第{number}商贸有限公司", f"胜境街道{number}号",
            home_division="530300", idempotency_key=f"open-{number}", now=NOW, today=TODAY,
        )  # fmt: skip
        blob = blobs.put(BytesIO(os.urandom(FILE)), at_most=FILE)
        scan = Attachment("扫描件.pdf", "application/pdf", blob.sha256, blob.size)
        for entry in range(1, ENTRIES):
            action = Action(
                "update_figures",
                Figures(missing=entry),
                FIRE_ON,
                attachments=(scan,) if entry == 1 else (),
            )
            act(
                database, law, calendar, timers, ref.id, action,
                idempotency_key=f"{number}-{entry}", now=NOW, today=TODAY,
            )  # fmt: skip


def spent(work: Callable[[], object], name: str, base: float, size: Path | int | None) -> float:
    """Do the work in a process of its own, print a line on it, and return its seconds."""
    sys.stdout.flush()
    began = time.perf_counter()
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException as error:
            sys.stderr.write(f"{name}: {error}\n")
            os._exit(1)
        os._exit(0)
    _, status, used = os.wait4(child, 0)
    seconds = time.perf_counter() - began
    if status:
        raise SystemExit(1)
    ratio = f"{seconds / base:.1f}" if base else ""
    bytes_of = size_of(size) if isinstance(size, Path) else size
    megabytes = "" if bytes_of is None else f"{bytes_of / 1024**2:.1f}"
    print(f"{name:<26}{seconds:>9.2f}{ratio:>9}{megabytes:>9}{_peak(used):>9}")
    return seconds


def _peak(used: resource.struct_rusage) -> str:
    return f"{used.ru_maxrss / 1024:.0f}"


def size_of(path: Path) -> int:
    """Return the bytes of a file, or of all files in a folder."""
    if path.is_file():
        return path.stat().st_size
    return sum(each.stat().st_size for each in path.rglob("*") if each.is_file())


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else CASES)
