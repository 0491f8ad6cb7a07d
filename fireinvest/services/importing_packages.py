"""A package of another installation, read back: a file to be read, never a case that goes on.

It is checked first, all of it; what isn't as it was made is not taken. The same package read back
again is the same file.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from io import BytesIO
from itertools import islice
from typing import Any

from fireinvest.documents.bag_reading import Bag, NotABag, ZipBag, part_of
from fireinvest.gateways.blobs import Blobs, TooLarge
from fireinvest.messages import Faulty, Problem, Text, render
from fireinvest.regulation.rulesets import Law
from fireinvest.services.files import FileLost
from fireinvest.services.jobs import Job, JobRun, Result
from fireinvest.services.package_checking import CASE, Checked, check_package
from fireinvest.services.package_data import FORMAT
from fireinvest.store import Database, Session, files
from fireinvest.store import imported as store
from fireinvest.store.access import NOWHERE, From, log_access
from fireinvest.store.conflicts import changing
from fireinvest.store.imported import ImportedEntry, ImportedFile
from fireinvest.workflow.permissions import Actor, may_read_imported

__all__ = [
    "CHECK",
    "DATA_PATH",
    "IMPORT",
    "IMPORTED",
    "Read",
    "check_staged",
    "document_of",
    "import_package",
    "import_staged",
    "may_import",
    "read_package",
]

#: The kinds of the jobs, and what the log calls that one was read back.
CHECK, IMPORT, IMPORTED = "check_package", "import_package", "package_imported"

#: How many faults of a package are told when it is refused.
_MOST_TOLD = 20

Tell = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Read:
    """A package whose bytes are kept: what is to be written down of it."""

    file: ImportedFile
    entries: tuple[ImportedEntry, ...]


def read_package(
    blobs: Blobs, bags: Sequence[Bag], *, by: str, now: datetime, tell: Tell = lambda _d, _t: None
) -> Read:
    """Check a package and keep its bytes; that it is written down is the caller's to do.

    Raises:
        Faulty: when it isn't whole, telling what is wrong with it; nothing is written down then.

    """
    checked = check_package(bags, tell)
    if not checked.is_sound:
        told = [Problem("package", each) for each in islice(checked.lines(), _MOST_TOLD)]
        raise Faulty(
            [Problem("package", Text("The package is not as it was made: it is not taken.")), *told]
        )
    entries = tuple(_kept(blobs, bags, checked))
    return Read(_file_of(checked, entries, by, now), entries)


def _kept(blobs: Blobs, bags: Sequence[Bag], checked: Checked) -> list[ImportedEntry]:
    document = checked.document or {}
    listed = {str(each["path"]): each for each in document.get("files", ())}
    found: list[ImportedEntry] = []
    by_part = sorted(
        zip(bags, checked.parts, strict=True), key=lambda pair: part_of(pair[1].info) or (0, 0)
    )
    for bag, check in by_part:
        number = (part_of(check.info) or (1, 1))[0]
        for path in sorted(check.hashes, key=lambda each: (_order(listed, each), each)):
            about = listed.get(path, {})
            size = bag.sizes()[path]
            try:
                with bag.open(path) as stream:
                    blob = blobs.put(stream, at_most=size)
            except (OSError, TooLarge) as error:
                raise _changed(path) from error
            if blob.sha256 != check.hashes[path]:
                raise _changed(path)
            kind = str(about.get("kind", "data" if path.startswith("data/") else "tag"))
            found.append(
                ImportedEntry(
                    0,
                    len(found),
                    f"{number}/{path}"[:_LONGEST_PATH],
                    _plain(about.get("title", path.rpartition("/")[2])),
                    kind if kind in _KINDS else "data",
                    blob.sha256,
                    size,
                )
            )
    return found


_KINDS = ("volume", "paper", "original", "data", "tag")


def _order(listed: Mapping[str, Mapping[str, Any]], path: str) -> int:
    """What people look for comes first."""
    kind = listed.get(path, {}).get("kind")
    if kind in _KINDS:
        return _KINDS.index(kind)
    return len(_KINDS) - (2 if path.startswith("data/") else 1)


_LONGEST_PATH = 1000
_LONGEST = 300


def _changed(path: str) -> Faulty:
    text = Text("The file %(path)s was changed while it was read.", path=path[:200])
    return Faulty([Problem("package", text)])


def _plain(value: object) -> str:
    """Return a text as any database keeps it."""
    found = "" if value is None else str(value)
    return found.replace("\0", "").encode("utf-8", "replace").decode()[:_LONGEST]


def _file_of(
    checked: Checked, entries: Sequence[ImportedEntry], by: str, now: datetime
) -> ImportedFile:
    document = checked.document or {}
    try:
        if document["format"] != "fireinvest-case" or document["format_version"] != FORMAT:
            text = Text("This version of the program can't read a package of this form.")
            raise Faulty([Problem("package", text)])
        case, package = document["case"], document["package"]
        if package["id"] != checked.package or not checked.package or not _has_shape(document):
            raise ValueError
        division = case["division"]
        made_at = datetime.fromisoformat(package["made_at"])
        return ImportedFile(
            id=0,
            package=_plain(package["id"])[:100],
            number=_plain(case["number"])[:60],
            unit_name=_plain(case["unit_name"]),
            address=_plain(case["address"]),
            occurred_on=date.fromisoformat(case["occurred_on"]),
            division=None if division is None else _plain(division["code"])[:40],
            agency=_plain(package["agency"]["zh"]),
            state=_plain(package["state"])[:64],
            made_at=made_at if made_at.tzinfo else made_at.replace(tzinfo=UTC),
            imported_at=now,
            imported_by=by,
            file_count=sum(each.kind != "tag" for each in entries),
            byte_count=sum(each.size for each in entries),
            facts=json.dumps({"case": case, "package": package}),
            checked=json.dumps(
                {
                    "at": now.isoformat(timespec="seconds"),
                    "files": checked.files,
                    "entries": checked.entries,
                    "records": checked.records,
                    "log_rows": checked.log_rows,
                    "parts": [{"name": each.name, "seal": each.seal} for each in checked.parts],
                }
            ),
        )
    except (KeyError, TypeError, ValueError) as error:
        text = Text("The data of the case can't be read.")
        raise Faulty([Problem("package", text)]) from error


def _has_shape(document: Mapping[str, Any]) -> bool:
    """Is the data laid out so that pages can show it? Whoever made it may have meant harm."""
    registers = document["registers"]
    return (
        isinstance(document["people"], dict)
        and isinstance(document["package"]["left_out"], dict)
        and all(_are_rows(document[name]) for name in ("journal", "deadlines", "files"))
        and all(_is_shown(each) for each in document["journal"])
        and all(_is_file(each) and type(each.get("part")) is int for each in document["files"])
        and _are_rows(registers)
        and all(
            isinstance(each.get("id"), str) and _are_rows(each.get("items")) for each in registers
        )
        and all(
            _are_rows(item.get("versions")) and all(map(_is_shown, item["versions"]))
            for each in registers
            for item in each["items"]
        )
    )


def _are_rows(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, dict) for each in value)


def _is_shown(row: Mapping[str, Any]) -> bool:
    """Is it an entry or a version, or one that was left out?"""
    if row.get("left_out") is True:
        return True
    return (
        _are_rows(row.get("fields"))
        and _are_rows(row.get("files"))
        and all(map(_is_file, row["files"]))
    )


def _is_file(row: Mapping[str, Any]) -> bool:
    return type(row.get("size")) is int and isinstance(row.get("path"), str)


def write_down(
    session: Session, blobs: Blobs, read: Read, *, by: str, now: datetime, origin: From = NOWHERE
) -> tuple[int, bool]:
    """Write a package down that was read; return its id, and whether it wasn't there before.

    Raises:
        FileLost: when bytes of it were cleared meanwhile.

    """
    known = store.find_package(session, read.file.package)
    if known is not None:
        return known.id, False
    files.share_staged(session)
    for each in read.entries:
        if not blobs.exists(each.sha256):
            raise FileLost(each.title)
    imported_id = store.add_imported(session, read.file, read.entries)
    log_access(
        session,
        happened_at=now,
        person=by,
        what=IMPORTED,
        item=f"{read.file.number} {read.file.package}",
        origin=origin,
        new={"imported": imported_id, "state": read.file.state},
    )
    return imported_id, True


def import_package(
    database: Database,
    blobs: Blobs,
    bags: Sequence[Bag],
    *,
    by: str,
    now: datetime,
    tell: Tell = lambda _done, _total: None,
) -> tuple[int, bool]:
    """Read a package back; return its id, and whether it wasn't there before: a command's work.

    Raises:
        Faulty: when it isn't whole.

    """
    read = read_package(blobs, bags, by=by, now=now, tell=tell)
    with changing(database) as session:
        return write_down(session, blobs, read, by=by, now=now)


# ---------------------------------------------------------------------------- as a job


def check_staged(run: JobRun) -> Result:
    """Check the package whose zips somebody uploaded; what is wrong is kept as a list.

    Raises:
        Faulty: when they may not, or it is no package.
        Cancelled: when somebody cancels it.

    """
    with _uploaded(run) as bags:
        checked = check_package(bags, lambda done, total: run.progress(done, total, _CHECKING))
    if checked.is_sound:
        return Result(
            Text(
                "The package is whole and unchanged: %(files)s files, %(entries)s entries of the "
                "history. Compare the seal with the note: %(seals)s",
                files=checked.files,
                entries=checked.entries,
                seals=" ".join(each.seal for each in checked.parts),
            )
        )
    lines = [render(each, "zh") for each in checked.lines()]
    content = "".join(f"{each}\r\n" for each in lines).encode("utf-8-sig")
    run.keep("核验结果.txt", "text/plain", BytesIO(content))
    text = Text("The package is not as it was made: %(count)s things are wrong.", count=len(lines))
    return Result(text)


_CHECKING = Text("The package is checked.")


def import_staged(run: JobRun) -> Result:
    """Read the package back whose zips somebody uploaded.

    Raises:
        Faulty: when they may not, or it isn't whole.
        Cancelled: when somebody cancels it.

    """
    with _uploaded(run) as bags:
        with run.database.readers.begin() as session:
            by = run.actor(session).id
        read = read_package(
            run.blobs, bags, by=by, now=run.now,
            tell=lambda done, total: run.progress(done, total, _CHECKING),
        )  # fmt: skip

    def close(session: Session) -> str:
        imported_id, _is_new = write_down(session, run.blobs, read, by=by, now=run.now)
        return f"imported/{imported_id}"

    text = Text("The package is checked and read back: %(number)s.", number=read.file.number)
    return Result(text, closing=close)


@contextmanager
def _uploaded(run: JobRun) -> Iterator[list[Bag]]:
    """Give the parts of a package that somebody uploaded as zips."""
    with run.database.readers.begin() as session:
        actor = run.actor(session)
        if not may_read_imported(actor):
            raise Faulty(
                [Problem("", Text("Only an archivist, or the head of an agency, does it."))]
            )
        wanted = [str(each) for each in run.job.arguments.get("staged", ())]
        staged = files.find_staged(session, run.job.person_id, wanted)
    if not staged or len(staged) != len(wanted):
        raise Faulty([Problem("files", Text("An uploaded file is not there any more."))])

    with ExitStack() as stack:
        bags: list[Bag] = []
        for each in staged:
            try:
                bag = ZipBag(run.blobs.open(each.sha256), each.name)
            except NotABag as error:
                text = Text("%(name)s: %(why)s", name=each.name, why=error.text)
                raise Faulty([Problem("files", text)]) from error
            stack.callback(bag.close)
            bags.append(bag)
        yield bags


def may_import(_session: Session, _law: Law, actor: Actor, _job: Job, _today: date) -> bool:
    """May somebody read files that came from other installations?"""
    return may_read_imported(actor)


# ---------------------------------------------------------------------------- read


def document_of(blobs: Blobs, entry: ImportedEntry) -> Mapping[str, Any]:
    """Return the data of a file that was read back, from its ``case.json``."""
    with blobs.open(entry.sha256) as stream:
        found: Mapping[str, Any] = json.load(stream)
    return found


#: Where the data of a file lies in what is kept of its package.
DATA_PATH = f"1/{CASE}"
