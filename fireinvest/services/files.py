"""Files of a form: their bytes are staged first; that an entry names their hash is the change.

What an entry keeps of a file is its name, type, hash and size, so that a changed or missing file
shows. A staged file is private to whoever uploaded it.
"""

import hashlib
import json
import logging
import re
import secrets
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from io import RawIOBase
from itertools import groupby
from typing import Any, BinaryIO, cast

from fireinvest.gateways.blobs import PIECE, Blobs, NoSuchBlob, TooLarge
from fireinvest.messages import Faulty, Problem, Text, excerpt
from fireinvest.services.contents import KINDS, NotTaken, media_type_of
from fireinvest.spelling import in_one_spelling, without_hidden
from fireinvest.store import Database, Session, files
from fireinvest.store.conflicts import changing
from fireinvest.store.disposals import went_with
from fireinvest.store.files import Staged
from fireinvest.store.jobs import blobs_of_jobs
from fireinvest.store.papers import template_hashes
from fireinvest.workflow.actions import Attachment

__all__ = [
    "LEAST_WAIT",
    "MOST_FILES",
    "FileChanged",
    "FileFault",
    "FileLost",
    "FileState",
    "Staged",
    "as_attachments",
    "clear_staged",
    "hold",
    "open_attachment",
    "readable_size",
    "stage",
    "staged_files",
    "tidy_name",
    "verify_blob",
    "verify_files",
]

logger = logging.getLogger(__name__)

#: How many files one form takes.
MOST_FILES = 300

_FIELD = "files"
#: The field by which a form names its staged files; drafts hold it as well.
_STAGED = "staged"
_LONGEST_NAME = 200
_LONGEST_SUFFIX = 20

_ID = re.compile(r"[0-9a-f]{32}")

#: A staged file that a form still names counts as new after this time.
_HELD_AFTER = timedelta(days=1)
#: What is younger is never cleared: between a form that is sent and its entry lie seconds.
LEAST_WAIT = timedelta(days=2)


class FileLost(Faulty):
    """A file that an entry names isn't kept any more."""

    def __init__(self, name: str) -> None:
        """Say which file it is."""
        text = Text("The file %(name)s is missing from the file store.", name=name)
        super().__init__([Problem(_FIELD, text)])


# ---------------------------------------------------------------------------- staging


def stage(
    database: Database,
    blobs: Blobs,
    person_id: int,
    name: str | None,
    stream: BinaryIO,
    *,
    at_most: int,
    now: datetime,
    allowed: Collection[str] = tuple(KINDS),
) -> Staged:
    """Keep a file that somebody uploads, until an entry names it.

    ``name`` is what the browser says, tidied. What the file is, its content says. ``allowed``: the
    endings that are taken.

    Raises:
        Faulty: when the file is empty, has more than ``at_most`` bytes, or isn't of a kind that is
            taken. Nothing of it is kept then.

    """
    tidied = tidy_name(name or "")
    media_type = ""

    def check(whole: BinaryIO) -> None:
        nonlocal media_type
        # An empty file is told as such, below.
        if whole.read(1):
            media_type = media_type_of(whole, tidied or "…", allowed=allowed)

    # The bytes come first and take their time: no transaction is open meanwhile. Bytes that no
    # row names do no harm.
    try:
        blob = blobs.put(stream, at_most=at_most, check=check)
    except NotTaken as refused:
        raise Faulty([Problem(_FIELD, refused.text)]) from refused
    except TooLarge as error:
        text = Text(
            "The file %(name)s is larger than %(most)s.",
            name=tidied or "…",
            most=readable_size(at_most),
        )
        raise Faulty([Problem(_FIELD, text)]) from error
    if blob.size == 0:
        text = Text("The file %(name)s is empty.", name=tidied or "…")
        raise Faulty([Problem(_FIELD, text)])
    staged = Staged(
        id=secrets.token_hex(16),
        person_id=person_id,
        name=tidied,
        media_type=media_type,
        sha256=blob.sha256,
        size=blob.size,
        staged_at=now,
    )
    with changing(database) as session:
        # In the same transaction as below: what is cleared meanwhile is noticed here.
        files.share_staged(session)
        if not blobs.exists(staged.sha256):
            text = Text("The file %(name)s could not be kept; send it again.", name=tidied)
            raise Faulty([Problem(_FIELD, text)])
        files.add_staged(
            session,
            file_id=staged.id,
            person_id=staged.person_id,
            name=staged.name,
            media_type=staged.media_type,
            sha256=staged.sha256,
            size=staged.size,
            staged_at=staged.staged_at,
        )
    return staged


def tidy_name(name: str) -> str:
    """Return a name that is safe to show and to save under: no path, nothing invisible; or ""."""
    last = re.split(r"[/\\]", without_hidden(name))[-1]
    # Some systems drop spaces and dots at the end of a name; "." and ".." name folders.
    tidied = in_one_spelling(last).rstrip(" .")
    if len(tidied) <= _LONGEST_NAME:
        return tidied
    _, dot, suffix = tidied.rpartition(".")
    ending = dot + suffix if len(suffix) < _LONGEST_SUFFIX else ""
    return tidied[: _LONGEST_NAME - len(ending)].rstrip(" .") + ending


def readable_size(size: int) -> str:
    """Return a number of bytes as people read it, rounded down: "64 MB", "1.4 MB", "12 KB"."""
    for unit, name in ((1024**3, "GB"), (1024**2, "MB"), (1024, "KB")):
        if size >= unit:
            whole, tenths = divmod(size * 10 // unit, 10)
            return f"{whole}.{tenths} {name}" if tenths and whole < 100 else f"{whole} {name}"
    return f"{size} B"


# ---------------------------------------------------------------------------- attaching


def staged_files(session: Session, person_id: int, ids: Iterable[str]) -> list[Staged]:
    """Return the files that a form names, each once, in its order; only those of this person.

    Somebody else's file is treated as one that doesn't exist: it is left out.

    Raises:
        Faulty: when there are more than ``MOST_FILES``.

    """
    asked = [each for each in dict.fromkeys(ids) if _ID.fullmatch(each)]
    if len(asked) > MOST_FILES:
        text = Text("At most %(most)s files can be attached.", most=MOST_FILES)
        raise Faulty([Problem(_FIELD, text)])
    return files.find_staged(session, person_id, asked)


def hold(database: Database, staged: Iterable[Staged], now: datetime) -> list[Staged]:
    """Keep files that a form names from being cleared before its entry names them too.

    Those that were cleared just now are left out.
    """
    found = list(staged)
    old = [each.id for each in found if now - each.staged_at > _HELD_AFTER]
    if not old:
        return found
    with changing(database) as session:
        files.share_staged(session)
        held = files.hold_staged(session, old, now)
    return [each for each in found if each.id not in old or each.id in held]


def as_attachments(staged: Iterable[Staged]) -> tuple[Attachment, ...]:
    """Return what an entry keeps of the files, in their order."""
    return tuple(Attachment(each.name, each.media_type, each.sha256, each.size) for each in staged)


# ---------------------------------------------------------------------------- reading


def open_attachment(blobs: Blobs, attachment: Attachment) -> BinaryIO:
    """Open an entry's file for reading; the caller closes it.

    Whoever reads all of it from its beginning meets :class:`FileChanged` before its end, where it
    isn't what it was when it came.

    Raises:
        FileLost: when it isn't kept any more.

    """
    try:
        stream = blobs.open(attachment.sha256)
    except NoSuchBlob as error:
        raise FileLost(attachment.name) from error
    return cast(BinaryIO, _Proved(stream, attachment))


class FileChanged(FileLost):
    """What is kept of a file isn't what came; the end of it isn't given away."""


class _Proved(RawIOBase):
    """A file's bytes, hashed as they are read in their order."""

    def __init__(self, stream: BinaryIO, attachment: Attachment) -> None:
        self._stream = stream
        self._attachment = attachment
        self._digest = hashlib.sha256()
        self._hashed = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def close(self) -> None:
        self._stream.close()
        super().close()

    def readinto(self, buffer: Any) -> int:
        with memoryview(buffer) as view:
            piece = self.read(len(view))
            view[: len(piece)] = piece
        return len(piece)

    def readall(self) -> bytes:
        return self.read(-1)

    def read(self, size: int | None = -1) -> bytes:
        at = self._stream.tell()
        piece = self._stream.read(-1 if size is None else size)
        if at == 0:
            self._digest, self._hashed = hashlib.sha256(), 0
        if at == self._hashed:
            self._digest.update(piece)
            self._hashed += len(piece)
            is_asked = size is None or size != 0
            if self._hashed >= self._attachment.size or (is_asked and not piece):
                self._refuse_changed()
        return piece

    def _refuse_changed(self) -> None:
        wanted = self._attachment
        if (self._digest.hexdigest(), self._hashed) != (wanted.sha256, wanted.size):
            logger.error("a file was changed on the disk: %s", wanted.sha256)
            raise FileChanged(wanted.name)


def verify_blob(blobs: Blobs, attachment: Attachment) -> bool:
    """Is an entry's file still there, whole and unchanged? Reads all of it."""
    return _measured(blobs, attachment.sha256) == (attachment.sha256, attachment.size)


def _measured(blobs: Blobs, sha256: str) -> tuple[str, int] | None:
    """Return the hash and size of what is kept under a hash, None where there is nothing."""
    digest = hashlib.sha256()
    size = 0
    try:
        with blobs.open(sha256) as stream:
            while piece := stream.read(PIECE):
                digest.update(piece)
                size += len(piece)
    except NoSuchBlob:
        return None
    return digest.hexdigest(), size


# ---------------------------------------------------------------------------- all files


class FileState(StrEnum):
    """What is wrong with a file that an entry names?"""

    MISSING = "missing"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class FileFault:
    """Which file of which entry or record of which case is missing or was changed?

    ``item``: of a record, the item that it is of.
    """

    number: str
    seq: int
    name: str
    state: FileState
    item: str | None = None

    def __str__(self) -> str:
        item = "" if self.item is None else f" ({self.item})"
        return f"{self.number} #{self.seq}{item} {excerpt(self.name)}: {self.state}"


def verify_files(session: Session, blobs: Blobs) -> Iterator[FileFault]:
    """Yield every file named in journals and registers that is missing or changed; each read once.

    Memory stays flat at any number of files.
    """
    for sha256, named in groupby(files.files_by_hash(session), lambda each: each.sha256):
        found = _measured(blobs, sha256)
        for each in named if found is not None else _missed(session, sha256, list(named)):
            if found != (each.sha256, each.size):
                state = FileState.MISSING if found is None else FileState.CHANGED
                yield FileFault(each.number, each.seq, each.name, state, each.item)


def _missed(
    session: Session, sha256: str, named: Sequence[files.Recorded]
) -> Iterator[files.Recorded]:
    """What went with a case that was disposed of isn't missing there."""
    gone = went_with(session, sha256, (each.number for each in named))
    for each in named:
        if each.number not in gone or _is_imported(each):
            yield each


def _is_imported(recorded: files.Recorded) -> bool:
    return recorded.item is not None and recorded.item.startswith("imported ")


def clear_staged(database: Database, blobs: Blobs, *, before: datetime, now: datetime) -> int:
    """Forget files staged before an instant that nothing names; return how many there were.

    Files named by somebody's draft stay. The bytes go as well, unless an entry or another staged
    file has the same content. Other people may upload and record meanwhile: a form that is sent
    holds its files (see ``hold``), so that none of them is old enough.

    Raises:
        ValueError: for an instant less than ``LEAST_WAIT`` ago.

    """
    if now - before < LEAST_WAIT:
        raise ValueError("files that are so young may be part of a form that is being sent")
    with database.readers.begin() as reading:
        old = files.staged_before(reading, before)
        hashes = frozenset(old.values())
        recorded = {each.sha256 for each in files.recorded_files(reading) if each.sha256 in hashes}
    if not old:
        return 0
    with changing(database) as session:
        files.lock_staged(session)
        kept_by_draft = _in_drafts(session)
        ids = [key for key in old if key not in kept_by_draft]
        gone = files.drop_staged(session, ids, before)
        free = {old[key] for key in gone} - recorded
        # Inside the transaction: whoever stages the same content waits, and looks afterwards.
        named = files.staged_hashes(session, free) | blobs_of_jobs(session, free)
        named |= template_hashes(session, free)
        for sha256 in free - named:
            blobs.remove(sha256)
    return len(gone)


def _in_drafts(session: Session) -> frozenset[str]:
    """The ids of staged files that drafts name."""
    found: set[str] = set()
    for content in files.drafts_with_files(session):
        try:
            fields = json.loads(content)
        except ValueError:
            continue
        found.update(str(pair[1]) for pair in fields if len(pair) > 1 and pair[0] == _STAGED)
    return frozenset(found)
