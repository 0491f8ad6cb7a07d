"""Making a backup while people work: one state of the database, then the files that it names."""

import hashlib
import json
import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import BinaryIO

from fireinvest.gateways.blobs import Blobs, NoSuchBlob
from fireinvest.messages import Faulty, Problem, Text, excerpt
from fireinvest.services.recovery.ledger import (
    HEADS,
    FileIs,
    Ledger,
    disposed_by,
    files_named_by,
    open_ledger,
)
from fireinvest.services.recovery.packing import (
    ABOUT,
    FILES,
    MANIFEST,
    PIECE,
    compressed,
    ending,
    header,
    list_name,
    padding,
    rows_name,
)
from fireinvest.services.recovery.protection import Protection, write_all
from fireinvest.store import Database
from fireinvest.store.access import log_access
from fireinvest.store.conflicts import changing
from fireinvest.store.dump import Layout, Snapshot, reaching, snapshot
from fireinvest.store.schema import MIGRATIONS, Unknown, newest_revision
from fireinvest.workflow.permissions import SYSTEM

__all__ = [
    "FORMAT",
    "LONGEST_ROW",
    "UNFINISHED",
    "Backup",
    "make_backup",
    "note_backup",
    "unknown_migration",
]

#: Of what form are backups? It grows with every change that an older program can't read.
FORMAT = 1

#: A part with rows ends with the row that reaches this; a damaged one is named by its number.
_PART = 4 * 1024**2
#: More than any form can send; a longer line is no row.
LONGEST_ROW = 64 * 1024**2

#: How well rows are packed. Files mostly are packed already.
_ROWS, _FILES = 6, 0

#: How the name of a backup ends that isn't finished.
UNFINISHED = ".unfinished"


@dataclass(frozen=True, slots=True)
class Backup:
    """What was written down?

    ``state``: one hash over the heads of all cases. ``missing``, ``changed``: how many files the
    file store had lost or damaged, which the backup therefore lacks.
    """

    revision: str
    made_at: datetime
    rows: int
    files: int
    size: int
    state: str
    missing: int
    changed: int
    is_encrypted: bool


def make_backup(
    database: Database,
    blobs: Blobs,
    target: Path,
    protection: Protection,
    *,
    now: datetime,
    migrations: Path = MIGRATIONS,
) -> Backup:
    """Write a backup to a file that doesn't exist yet, and is there only once it is whole.

    Others may go on working: all rows are of one moment, and files are only ever added. Memory
    stays flat at any size.

    Raises:
        Faulty: when the file can't be written, or the database isn't set up or of a newer program.
        store.db.Unreachable: when the database doesn't answer.

    """
    if target.exists() or target.is_symlink():
        text = Text("%(file)s exists already.", file=excerpt(target.name))
        raise Faulty([Problem("FILE", text)])
    try:
        with open_ledger() as ledger, snapshot(database, migrations) as seen:
            if seen is None:
                text = Text("The database is not set up yet: there is nothing to back up.")
                raise Faulty([Problem("DATABASE_URL", text)])
            packing = _Packing(seen, blobs, ledger, now)
            with _whole(target) as file:
                write_all(packing.pieces(), file, protection)
                size = file.tell()
    except Unknown as error:
        raise unknown_migration(error.revision) from error
    except OSError as error:
        text = Text(
            "The backup can't be written to %(file)s: %(why)s.",
            file=excerpt(target.name),
            why=error.strerror or type(error).__name__,
        )
        raise Faulty([Problem("FILE", text)]) from error
    return Backup(
        revision=seen.revision,
        made_at=now,
        rows=sum(packing.rows.values()),
        files=packing.files[FileIs.KEPT],
        size=size,
        state=packing.state,
        missing=packing.missing,
        changed=packing.files[FileIs.CHANGED],
        is_encrypted=protection.encrypts,
    )


def note_backup(database: Database, name: str, made: Backup) -> None:
    """Write down in the log that all data was taken out; an older database can't take it yet.

    Raises:
        store.db.Unreachable: when the database doesn't answer.

    """
    if made.revision != newest_revision():
        return
    with reaching(), changing(database) as session:
        log_access(
            session,
            happened_at=made.made_at,
            person=SYSTEM,
            what="backup_made",
            item=name,
            new={"state": made.state, "encrypted": made.is_encrypted},
        )


def unknown_migration(revision: str, field: str = "DATABASE_URL") -> Faulty:
    """Return the refusal of what stands at a migration that this program doesn't know."""
    text = Text(
        "It stands at migration %(revision)s, which this version of the program doesn't know: "
        "use the version that made it, or a newer one.",
        revision=excerpt(revision),
    )
    return Faulty([Problem(field, text)])


@contextmanager
def _whole(target: Path) -> Iterator[BinaryIO]:
    """Give a file to write; only when all of it is on the disk does it have its name."""
    unfinished = target.with_name(f".{secrets.token_hex(8)}{UNFINISHED}")
    handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(target)
    finally:
        unfinished.unlink(missing_ok=True)
    folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


class _Packing:
    """Puts a backup together piece by piece, and counts what went into it."""

    def __init__(self, seen: Snapshot, blobs: Blobs, ledger: Ledger, now: datetime) -> None:
        self._seen = seen
        self._blobs = blobs
        self._ledger = ledger
        self._now = now
        self._members: list[tuple[str, int, str]] = []
        self.rows: dict[str, int] = {}
        self.files = dict.fromkeys(FileIs, 0)
        self.missing = 0
        self.state = ""

    def pieces(self) -> Iterator[bytes]:
        """Yield the backup."""
        yield from compressed(self._tables(), _ROWS)
        yield from compressed(self._files(), _FILES)
        yield from compressed(self._end(), _ROWS)

    def _tables(self) -> Iterator[bytes]:
        columns = {
            each.name: [[name, kind.value] for name, kind in each.columns]
            for each in self._seen.layouts
        }
        about = {
            "format": FORMAT,
            "revision": self._seen.revision,
            "made_at": self._now.astimezone(UTC).isoformat(timespec="seconds"),
            "tables": columns,
        }
        yield from self._member(ABOUT, _document(about))
        for layout in self._seen.layouts:
            yield from self._lines(self._written(layout), partial(rows_name, layout.name))
        self.state = self._ledger.state()

    def _written(self, layout: Layout) -> Iterator[bytes]:
        files = files_named_by(layout)
        count = 0
        for row in self._seen.rows(layout):
            count += 1
            if files is not None:
                self._ledger.name(files(row))
            self._ledger.dispose(disposed_by(layout, row))
            if layout.name in HEADS:
                self._ledger.note_head(layout.name, dict(zip(layout.names, row, strict=True)))
            line = layout.written(row)
            if len(line) > LONGEST_ROW:
                text = Text(
                    "A row of %(table)s is too long for a backup: %(size)s bytes.",
                    table=layout.name,
                    size=len(line),
                )
                raise Faulty([Problem("", text)])
            yield line
        self.rows[layout.name] = count

    def _files(self) -> Iterator[bytes]:
        for sha256 in self._ledger.named():
            try:
                stream = self._blobs.open(sha256)
            except NoSuchBlob:
                # One that only waited to be used may have been cleared since the snapshot.
                self._found(sha256, FileIs.MISSING, 0)
                continue
            with stream:
                size = stream.seek(0, os.SEEK_END)
                stream.seek(0)
                yield header(f"{FILES}{sha256}", size, self._made_at)
                digest = hashlib.sha256()
                while piece := stream.read(PIECE):
                    digest.update(piece)
                    yield piece
                yield padding(size)
            is_whole = digest.hexdigest() == sha256
            self._found(sha256, FileIs.KEPT if is_whole else FileIs.CHANGED, size)
        lines = (
            _document([sha256, state.value, size]) + b"\n"
            for sha256, state, size in self._ledger.found()
        )
        yield from self._lines(lines, list_name)

    def _found(self, sha256: str, state: FileIs, size: int) -> None:
        self._ledger.find(sha256, state, size)
        self.files[state] += 1

    def _end(self) -> Iterator[bytes]:
        # What went with a case that was disposed of isn't missing.
        self.missing = self.files[FileIs.MISSING] - self._ledger.disposed()
        manifest = {
            "format": FORMAT,
            "state": self.state,
            "rows": self.rows,
            "files": {state.value: count for state, count in self.files.items()},
            "members": self._members,
        }
        yield from self._member(MANIFEST, _document(manifest))
        yield ending()

    def _lines(self, lines: Iterable[bytes], name: Callable[[int], str]) -> Iterator[bytes]:
        """Yield lines as members of a size that fits into memory."""
        number, size, part = 1, 0, []
        for line in lines:
            part.append(line)
            size += len(line)
            if size >= _PART:
                yield from self._member(name(number), b"".join(part))
                number, size, part = number + 1, 0, []
        if part:
            yield from self._member(name(number), b"".join(part))

    def _member(self, name: str, content: bytes) -> Iterator[bytes]:
        yield header(name, len(content), self._made_at)
        yield content
        yield padding(len(content))
        self._members.append((name, len(content), hashlib.sha256(content).hexdigest()))

    @property
    def _made_at(self) -> int:
        return int(self._now.timestamp())


def _document(content: object) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
