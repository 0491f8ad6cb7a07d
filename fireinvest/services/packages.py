"""The package of a case: a BagIt bag, or several, with every original and all that proves them.

Made piece by piece, straight into the file store or a folder; nothing is held in memory but one
piece. Whoever asks gets what they may read; what is left out the package itself says.
"""

import hashlib
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fireinvest.china import CHINA
from fireinvest.documents.bag import (
    ChangedMeanwhile,
    Tag,
    bag_members,
    to_folder,
    zip_stream,
)
from fireinvest.documents.package import Entry, in_parts, pieces_of, safe_name
from fireinvest.documents.package_index import (
    About,
    index_page,
    index_table,
    schema,
    verify_page,
)
from fireinvest.gateways.blobs import Blobs
from fireinvest.messages import Faulty, Problem, Text
from fireinvest.regulation.calendar import Calendar
from fireinvest.regulation.rulesets import Law
from fireinvest.services.casefile import CaseFile, case_file
from fireinvest.services.files import readable_size
from fireinvest.services.jobs import Job, JobRun, Result
from fireinvest.services.log import seal
from fireinvest.services.notices import calendar_in_force
from fireinvest.services.package_data import Gathered, LeftOut, gather, small_entry
from fireinvest.store import Database, Session
from fireinvest.store.access import log_access, made_in_case
from fireinvest.store.cases import find_case
from fireinvest.store.codec import canonical
from fireinvest.store.conflicts import changing
from fireinvest.store.people import names_of_logins
from fireinvest.workflow.permissions import SYSTEM, Actor, may_package

__all__ = [
    "MADE",
    "PACKAGE",
    "Made",
    "MadePart",
    "make_package",
    "may_take_package",
    "package_to",
    "packages_of",
    "verify_page_hash",
]

#: The kind of the job, and what the log calls that one was made.
PACKAGE, MADE = "package", "package_made"

#: Told of bytes that went by.
Tell = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class MadePart:
    """A part of a package. ``seal``: the SHA-256 of its last list of hashes, which covers all."""

    name: str
    seal: str
    size: int
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """A package that was made, as the log has it. ``made_by``: the name of whoever asked for it."""

    package: str
    made_at: datetime
    made_by: str
    job_id: int | None
    parts: tuple[MadePart, ...]
    files: int
    size: int
    left_out: LeftOut
    verify_page: str
    state: str


def verify_page_hash() -> str:
    """Return the SHA-256 of the page that checks packages, as it goes into each of them."""
    return hashlib.sha256(verify_page()).hexdigest()


# ---------------------------------------------------------------------------- laid out


@dataclass(frozen=True, slots=True)
class _Part:
    """A part before it is written."""

    name: str
    entries: tuple[Entry, ...]
    tags: tuple[Tag, ...]
    info: tuple[tuple[str, str], ...]

    @property
    def size(self) -> int:
        return sum(each.size for each in self.entries)


@dataclass(frozen=True, slots=True)
class _Plan:
    package: str
    gathered: Gathered
    parts: tuple[_Part, ...]

    @property
    def size(self) -> int:
        return sum(each.size for each in self.parts)

    @property
    def files(self) -> int:
        return sum(len(each.entries) for each in self.parts)


def _plan(gathered: Gathered, folder: Path, package: str, most: int, now: datetime) -> _Plan:
    """Lay a package out over its parts. ``folder``: where its small files lie until it is written."""
    document, generated = gathered.document, gathered.generated
    beside = sum(each.size for each in generated) + len(canonical(document))
    # What is listed of each file is about as long as this.
    beside += sum(_LISTED + len(each.path) for each in (*generated, *gathered.originals))
    parts = in_parts(gathered.originals, most, beside)
    number_of = {
        f"data/{each.path}": number for number, part in enumerate(parts, start=1) for each in part
    }
    listed = [
        *({**gathered.files[path], "part": number} for path, number in number_of.items()),
        *(_listed(each) for each in generated),
    ]
    document["package"]["parts"] = len(parts)
    document["files"] = listed
    data = folder / "case.json"
    data.write_text(canonical(document), encoding="utf-8")
    case_data = small_entry(data, "case.json", "机读数据")
    first = (case_data, *generated)
    shown = [*listed, _listed(case_data)]
    stem = f"case-{safe_name(gathered.number, 'case')}-{now.astimezone(CHINA):%Y%m%d}"
    made = []
    for number, part in enumerate(parts, start=1):
        entries = (*first, *part) if number == 1 else tuple(part)
        about = About(
            number=gathered.number,
            unit=document["case"]["unit_name"],
            agency=gathered.agency,
            made_at=f"{now.astimezone(CHINA):%Y-%m-%d %H:%M}",
            part=number,
            parts=len(parts),
            left_out=_left_out_words(gathered.left_out),
        )
        tags = (
            Tag("index.html", index_page(about, shown)),
            Tag("index.csv", index_table(shown)),
            Tag("verify.html", verify_page()),
            Tag("schema/case.schema.json", schema()),
        )
        name = stem if len(parts) == 1 else f"{stem}-part{number}of{len(parts)}"
        info = tuple(_info(gathered, about, package, entries, now))
        made.append(_Part(name, entries, tags, info))
    return _Plan(package, gathered, tuple(made))


_LISTED = 700


def _listed(entry: Entry) -> dict[str, Any]:
    digest = hashlib.sha256()
    with entry.open() as stream:
        while piece := stream.read(1024 * 1024):
            digest.update(piece)
    # The data can't hold its own hash; the lists of the bag have it.
    is_itself = entry.path == "case.json"
    return {
        "path": f"data/{entry.path}",
        "title": entry.title,
        "media_type": "application/json" if entry.path.endswith(".json") else "text/plain",
        "sha256": None if is_itself else digest.hexdigest(),
        "size": entry.size,
        "kind": entry.kind,
        "part": 1,
        "sources": [],
    }


def _left_out_words(left_out: LeftOut) -> str:
    if left_out.is_whole:
        return ""
    return (
        f"本包按封装人员的查阅权限制作：记录{left_out.entries}条、登记{left_out.records}版、"
        f"日志{left_out.log_rows}条因限制查阅未收入，仅保留其哈希，链条仍可核验。"
    )


def _info(
    gathered: Gathered, about: About, package: str, entries: Sequence[Entry], now: datetime
) -> Iterator[tuple[str, str]]:
    left_out = gathered.left_out
    yield "Source-Organization", about.agency
    yield "External-Description", f"火灾事故调查电子档案：{about.unit}"
    yield "Bagging-Date", f"{now.astimezone(CHINA):%Y-%m-%d}"
    yield "External-Identifier", about.number
    yield "Internal-Sender-Identifier", about.number
    yield "Bag-Group-Identifier", package
    yield "Bag-Count", f"{about.part} of {about.parts}"
    yield "Bag-Size", readable_size(sum(each.size for each in entries))
    yield "Bag-Software-Agent", "fireinvest"
    yield "Fireinvest-State", gathered.state
    yield "Fireinvest-View", "whole" if left_out.is_whole else "reader"
    if not left_out.is_whole:
        counts = ", ".join(f"{name} {count}" for name, count in asdict(left_out).items())
        yield "Fireinvest-Left-Out", counts


# ---------------------------------------------------------------------------- made


def _written(plan: _Plan, write: Callable[[_Part], MadePart]) -> list[MadePart]:
    try:
        return [write(each) for each in plan.parts]
    except ChangedMeanwhile as changed:
        text = Text(
            "The file %(name)s isn't what the case says that it is.", name=changed.entry.title
        )
        raise Faulty([Problem("files", text)]) from changed


def make_package(run: JobRun) -> Result:
    """Make the package of the case that a job is about, as its asker may read it.

    Raises:
        Faulty: when they may not, or a file of the case is lost or damaged.
        Cancelled: when somebody cancels it.

    """
    case_id = run.job.case_id
    run.progress(0, 0, Text("The case is read."))
    seal(run.database, run.now)
    calendar, now, folder = calendar_in_force(run.database), run.now, run.folder()
    package = str(uuid.uuid4())
    # What is large is written when nothing of the database is held any more.
    with run.database.readers.begin() as session:
        row = None if case_id is None else find_case(session, case_id)
        number = "" if row is None else str(row["number"])
        actor = run.actor(session)
        file = case_file(session, actor, number, calendar, run.today, law=run.law())
        need_right(file)
        made_by = names_of_logins(session, {actor.id}).get(actor.id, actor.id)
        gathered = gather(
            session, run.blobs, file, run.law(), folder, package=package, made_by=made_by, now=now
        )
    plan = _plan(gathered, folder, package, run.settings.archive_part, now)
    made = _made_by_job(run, plan)
    login = actor.id
    about = _about(plan, made, run.job.id)

    def close(session: Session) -> None:
        log_access(
            session,
            happened_at=now,
            person=login,
            what=MADE,
            case_id=case_id,
            item=package,
            acting_for=run.job.acting_for,
            new=about,
        )

    parts = len(made)
    text = Text(
        "The package is made: %(files)s files, %(size)s, %(parts)s parts.",
        files=plan.files,
        size=readable_size(plan.size),
        parts=parts,
    )
    return Result(text, f"package/{number}", close)


def need_right(file: CaseFile) -> None:
    """Refuse whoever may not take the case out.

    Raises:
        Faulty: saying so.

    """
    if not may_package(file.actor, file.case, file.ref.number):
        text = Text(
            "Only the carrier of the case, the head of its agency or its archivist takes it out."
        )
        raise Faulty([Problem("", text)])


def _made_by_job(run: JobRun, plan: _Plan) -> list[MadePart]:
    total, done = plan.size, 0

    def tell(size: int) -> None:
        nonlocal done
        done += size
        run.progress(
            done, total,
            Text("%(done)s of %(size)s", done=readable_size(done), size=readable_size(total)),
        )  # fmt: skip

    def write(part: _Part) -> MadePart:
        seals: list[str] = []
        members = bag_members(part.entries, part.tags, part.info, tell=tell, made=seals.append)
        name = f"{part.name}.zip"
        blob = run.keep(name, "application/zip", zip_stream(members, part.name))
        return MadePart(name, seals[0], blob.size, blob.sha256)

    return _written(plan, write)


def _about(plan: _Plan, made: Sequence[MadePart], job_id: int | None) -> dict[str, object]:
    return {
        "job": job_id,
        "parts": [asdict(each) for each in made],
        "files": plan.files,
        "size": plan.size,
        "left_out": asdict(plan.gathered.left_out),
        "verify_page": verify_page_hash(),
        "state": plan.gathered.state,
    }


def package_to(
    database: Database,
    blobs: Blobs,
    law: Law,
    calendar: Calendar,
    number: str,
    target: Path,
    *,
    most: int,
    is_zipped: bool,
    now: datetime,
    today: date,
    tell: Tell = lambda _size: None,
) -> tuple[str, list[MadePart], LeftOut]:
    """Write the whole package of a case into a folder, as folders or zips: a command's work.

    Nothing is left out. Returns the package's id, its parts and how much was left out.

    Raises:
        Faulty: when there is no such case, something stands there already, or a file is lost.

    """
    seal(database, now)
    package = str(uuid.uuid4())
    with TemporaryDirectory(prefix="fireinvest-package-") as name:
        folder = Path(name)
        with database.readers.begin() as session:
            file = case_file(session, Actor(SYSTEM), number, calendar, today, law=law)
            gathered = gather(
                session, blobs, file, law, folder, package=package, made_by=SYSTEM, now=now
            )
        plan = _plan(gathered, folder, package, most, now)
        try:
            target.mkdir(parents=True, exist_ok=True)
            made = _written(plan, lambda part: _write_part(part, target, is_zipped, tell))
        except FileExistsError as error:
            text = Text("%(file)s exists already.", file=Path(str(error.filename)).name)
            raise Faulty([Problem("FOLDER", text)]) from error
    with changing(database) as session:
        log_access(
            session, happened_at=now, person=SYSTEM, what=MADE, case_id=file.ref.id,
            item=package, new=_about(plan, made, None),
        )  # fmt: skip
    return package, made, gathered.left_out


def _write_part(part: _Part, target: Path, is_zipped: bool, tell: Tell) -> MadePart:
    seals: list[str] = []
    members = bag_members(part.entries, part.tags, part.info, tell=tell, made=seals.append)
    if not is_zipped:
        to_folder(members, target / part.name)
        return MadePart(part.name, seals[0], part.size)
    name = f"{part.name}.zip"
    with (target / name).open("xb") as file:
        stream = zip_stream(members, part.name)
        for piece in pieces_of(stream):
            file.write(piece)
        size = file.tell()
    return MadePart(name, seals[0], size)


# ---------------------------------------------------------------------------- seen


def may_take_package(session: Session, law: Law, actor: Actor, job: Job, today: date) -> bool:
    """May somebody still take the package of a case that they asked for?"""
    row = None if job.case_id is None else find_case(session, job.case_id)
    if row is None:
        return False
    try:
        file = case_file(session, actor, str(row["number"]), Calendar(), today, law=law)
    except Faulty:
        return False
    return may_package(actor, file.case, file.ref.number)


def packages_of(session: Session, case_id: int, size: int = 20) -> list[Made]:
    """Return the packages that were made of a case, the latest first."""
    found = made_in_case(session, MADE, case_id, size)
    names = names_of_logins(session, {made.person for _item, made in found})
    return [
        Made(
            package=item,
            made_at=made.happened_at,
            made_by=names.get(made.person, made.person),
            job_id=made.new.get("job"),  # type: ignore[arg-type] # written above
            parts=tuple(MadePart(**each) for each in made.new["parts"]),  # type: ignore[attr-defined]
            files=int(str(made.new["files"])),
            size=int(str(made.new["size"])),
            left_out=LeftOut(**made.new["left_out"]),  # type: ignore[arg-type]
            verify_page=str(made.new["verify_page"]),
            state=str(made.new["state"]),
        )
        for item, made in found
    ]
