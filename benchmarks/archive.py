"""How long does the package of a large case take, and how much memory do making and reading need?

    python -m benchmarks.archive [--gigabytes 3] [--photos 400] [--folder FOLDER]

A case gets one file of so many gigabytes of random bytes, and so many photographs of noise. Its
volumes are bound and its package is made by jobs, as a server does it; then the package is checked,
and read back into another installation. Each runs in a process of its own, whose peak memory is told
(and that of the largest program that it started), and beside it how long a plain copy of as many
bytes takes on the same disk. Everything that is printed was measured in this run. Five times as much
disk as the files have is needed, in FOLDER or where temporary files lie.
"""

import os
import resource
import subprocess
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from io import BytesIO, RawIOBase
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, BinaryIO, cast

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from alembic import command
from alembic.config import Config
from PIL import Image

from config import ROOT, Settings
from fireinvest.documents.bag_reading import Bag, ZipBag
from fireinvest.gateways.blobs import Blobs, from_url
from fireinvest.regulation.calendar import Calendar
from fireinvest.regulation.facts import Facts
from fireinvest.regulation.rulesets import known_law
from fireinvest.services.archives.volumes import BIND_VOLUMES
from fireinvest.services.cases import open_case
from fireinvest.services.importing_packages import import_package
from fireinvest.services.jobs import Runner, ask_job
from fireinvest.services.long_work import HANDLERS
from fireinvest.services.package_checking import check_package
from fireinvest.services.packages import PACKAGE
from fireinvest.services.people import Post, create_person, give_post
from fireinvest.services.records import file_records
from fireinvest.store import Database, jobs, open_database
from fireinvest.store.conflicts import changing
from fireinvest.store.people import find_login
from fireinvest.workflow.actions import Attachment
from fireinvest.workflow.items.evidence import Evidence
from fireinvest.workflow.permissions import SYSTEM, Actor
from fireinvest.workflow.registers import Filing

CITY = "530300"
FIRE_ON = date(2026, 3, 2)
TODAY = date(2026, 3, 20)
NOW = datetime(2026, 3, 20, 4, tzinfo=UTC)
#: How large a photograph is, in pixels.
PHOTO = (2400, 1800)
LARGEST_PHOTO = 32 * 1024**2
GIGABYTE = 1024**3
PIECE = 1024**2
STEPS = ("bind", "make", "check", "import")


def main() -> None:
    """Fill, measure, print."""
    parser = ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--gigabytes", type=float, default=3)
    parser.add_argument("--photos", type=int, default=400)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--step", choices=STEPS)
    given = parser.parse_args()
    if given.step:
        _run_step(given)
        return
    with TemporaryDirectory(dir=given.folder) as name:
        folder = Path(name)
        size = fill(folder, int(given.gigabytes * GIGABYTE), given.photos)
        say(f"one file of {given.gigabytes:g} GB and {given.photos} photographs: {size:,} bytes")
        copied = copy(folder)
        say(f"plain copy: {copied:.1f} s ({size / copied / 1024**2:.0f} MB/s)")
        for step in STEPS:
            told = subprocess.run(  # noqa: S603 - this very program
                [sys.executable, "-m", "benchmarks.archive", "--step", step, "--folder", name],
                check=True, capture_output=True, text=True, cwd=ROOT,
            ).stdout.split()  # fmt: skip
            seconds, peak, started = float(told[0]), int(told[1]), int(told[2])
            beside = f", {started} MB in a program it started" if started else ""
            say(
                f"{step}: {seconds:.1f} s, {seconds / copied:.1f} times a copy; peak {peak} MB{beside}"
            )


def say(words: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


# ---------------------------------------------------------------------------- filled


class Random(RawIOBase):
    """So many random bytes, made while they are read."""

    def __init__(self, size: int) -> None:
        """Begin with all of them left."""
        self._left = size

    def readable(self) -> bool:
        """Say that it is read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill as much of the buffer as is left."""
        with memoryview(buffer) as view:
            count = min(len(view), self._left)
            view[:count] = os.urandom(count)
        self._left -= count
        return count


def settings_in(folder: Path, called: str = "here") -> Settings:
    """Return the settings of an installation in a folder."""
    return Settings.from_environment(
        {
            "DATABASE_URL": f"sqlite:///{folder}/{called}.db",
            "SECRET_KEY": "only for this measurement, thrown away",
            "BLOB_URL": f"file://{folder}/{called}-files",
            "LOG_HEADS": f"file://{folder}/heads.jsonl",
        },
        instance=folder,
    )


def opened(folder: Path, called: str = "here") -> tuple[Database, Blobs, Settings]:
    """Return an installation, migrated."""
    settings = settings_in(folder, called)
    config = Config(toml_file=ROOT / "pyproject.toml")
    config.attributes["url"] = settings.database_url
    command.upgrade(config, "head")
    return open_database(settings.database_url), from_url(settings.blob_url), settings


def fill(folder: Path, largest: int, photos: int) -> int:
    """Open a case with its files, and return how many bytes they have."""
    database, blobs, _settings = opened(folder)
    law, calendar, timers = known_law(), Calendar(), Actor(SYSTEM)
    facts = Facts(FIRE_ON, division=CITY, deaths=3)
    ref = open_case(
        database, law, calendar, timers, facts, "某某商贸有限公司", "某路1号",
        home_division=CITY, idempotency_key="open", now=NOW, today=TODAY,
    )  # fmt: skip
    filings, total = [], 0
    for name, media_type, source in sources(largest, photos):
        blob = blobs.put(source, at_most=max(largest, LARGEST_PHOTO))
        total += blob.size
        attachment = Attachment(name, media_type, blob.sha256, blob.size)
        filings.append(Filing("evidence", Evidence(name, "photo"), attachments=(attachment,)))
    for place in range(0, len(filings), 100):
        file_records(
            database, law, calendar, timers, ref.id, filings[place : place + 100],
            idempotency_key=f"fill-{place}", now=NOW, today=TODAY, is_told=True,
        )  # fmt: skip
    person = create_person(database, login="keeper", name="档案管理员", now=NOW)
    give_post(
        database, person, Post("archivist", division=CITY, tier="city"),
        valid_from=FIRE_ON, granted_by="admin",
    )  # fmt: skip
    return total


def sources(largest: int, photos: int) -> Iterator[tuple[str, str, BinaryIO]]:
    """Yield the files one by one: what is measured begins as large as this program ever was."""
    yield "监控录像.mp4", "video/mp4", cast(BinaryIO, Random(largest))
    noise = photograph()
    for number in range(photos):
        # What stands behind the end of a picture makes each of them another file.
        content = BytesIO(noise + os.urandom(16))
        yield f"照片{number:04d}.jpg", "image/jpeg", content


def photograph() -> bytes:
    """Return a picture of noise, which no program makes small."""
    written = BytesIO()
    Image.effect_noise(PHOTO, 90).convert("RGB").save(written, "JPEG", quality=90)
    return written.getvalue()


def copy(folder: Path) -> float:
    """Copy all files once, as plainly as can be, and return how long that took."""
    begun = perf_counter()
    target = folder / "copied"
    for each in sorted((folder / "here-files").glob("*/*/*")):
        with each.open("rb") as source, target.open("wb") as file:
            while piece := source.read(PIECE):
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
    taken = perf_counter() - begun
    target.unlink()
    return taken


# ---------------------------------------------------------------------------- measured


def _run_step(given: Namespace) -> None:
    steps: dict[str, Callable[[Path], None]] = {
        "bind": _bind, "make": _make, "check": _check, "import": _import,
    }  # fmt: skip
    begun = perf_counter()
    steps[given.step](given.folder)
    taken = perf_counter() - begun
    peaks = (
        resource.getrusage(each).ru_maxrss // 1024
        for each in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    say(f"{taken} {next(peaks)} {next(peaks)}")


def _bind(folder: Path) -> None:
    _do(folder, BIND_VOLUMES)


def _make(folder: Path) -> None:
    _do(folder, PACKAGE)


def _do(folder: Path, kind: str) -> None:
    """Ask for long work as the archivist, and do it."""
    database, blobs, settings = opened(folder)
    with changing(database) as session:
        person, case_id = find_login(session, "keeper"), 1
        assert person is not None  # noqa: S101 - it was filled
        ask_job(
            session, kind, person_id=person.id, login="keeper", key=kind, now=NOW, case_id=case_id
        )
    done = Runner(database, blobs, settings, HANDLERS, lambda: NOW).drain()
    with database.readers.begin() as session:
        (job,) = jobs.latest_jobs(session, None, 1)
    if (done, job.state) != (1, jobs.JobState.DONE):
        raise SystemExit(f"{kind} was not done: {job.words}")


def _bags(folder: Path) -> list[Bag]:
    database, blobs, _settings = opened(folder)
    with database.readers.begin() as session:
        (job,) = jobs.latest_jobs(session, None, 1)
        made = jobs.files_of(session, [job.id])[job.id]
    return [ZipBag(blobs.open(each.blob), each.name) for each in made]


def _check(folder: Path) -> None:
    if not check_package(_bags(folder)).is_sound:
        raise SystemExit("the package is not whole")


def _import(folder: Path) -> None:
    database, blobs, _settings = opened(folder, "there")
    import_package(database, blobs, _bags(folder), by=SYSTEM, now=NOW)


if __name__ == "__main__":
    main()
