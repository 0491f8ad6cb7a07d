"""Files of a form: their bytes are staged first; that an entry names their hash is the change.

What an entry keeps of a file is its name, type, hash and size, so that a changed or missing file
shows. A staged file is private to whoever uploaded it.
"""

import hashlib
import re
import secrets
from collections.abc import Iterable
from datetime import datetime
from typing import BinaryIO
from unicodedata import category, normalize

from fireinvest.gateways.blobs import PIECE, Blobs, NoSuchBlob, TooLarge
from fireinvest.messages import Faulty, Problem, Text
from fireinvest.store import Database, Session, files
from fireinvest.store.conflicts import changing
from fireinvest.store.files import Staged
from fireinvest.workflow.actions import Attachment

__all__ = [
    "MOST_FILES",
    "FileLost",
    "Staged",
    "as_attachments",
    "open_attachment",
    "readable_size",
    "stage",
    "staged_files",
    "verify_blob",
]

#: How many files one form takes.
MOST_FILES = 20

_FIELD = "files"
_LONGEST_NAME = 200
_LONGEST_SUFFIX = 20
_LONGEST_MEDIA_TYPE = 100
_UNKNOWN_MEDIA_TYPE = "application/octet-stream"

_ID = re.compile(r"[0-9a-f]{32}")
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*")

# Control characters, invisible ones such as direction marks (with which "gpj.exe" can look like
# "exe.jpg"), halves of characters, and ends of lines. Private ones stay: rare names use them.
_UNWANTED = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


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
    media_type: str | None,
    stream: BinaryIO,
    *,
    at_most: int,
    now: datetime,
) -> Staged:
    """Keep a file that somebody uploads, until an entry names it.

    ``name`` and ``media_type`` are what the browser says: the name is tidied (a file without one
    is called by the beginning of its hash), the type is kept as a hint only.

    Raises:
        Faulty: when the file is empty or has more than ``at_most`` bytes.

    """
    tidied = _tidy(name or "")
    # The bytes come first and take their time: no transaction is open meanwhile. Bytes that no
    # row names do no harm.
    try:
        blob = blobs.put(stream, at_most=at_most)
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
        name=tidied or blob.sha256[:12],
        media_type=_known_type(media_type or ""),
        sha256=blob.sha256,
        size=blob.size,
        staged_at=now,
    )
    with changing(database) as session:
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


def _tidy(name: str) -> str:
    """Return a name that is safe to show and to save under: no path, nothing invisible; or ""."""
    visible = "".join(each for each in name if category(each) not in _UNWANTED)
    last = re.split(r"[/\\]", visible)[-1]
    # Some systems drop spaces and dots at the end of a name; "." and ".." name folders.
    tidied = " ".join(normalize("NFC", last).split()).rstrip(" .")
    if len(tidied) <= _LONGEST_NAME:
        return tidied
    _, dot, suffix = tidied.rpartition(".")
    ending = dot + suffix if len(suffix) < _LONGEST_SUFFIX else ""
    return tidied[: _LONGEST_NAME - len(ending)].rstrip(" .") + ending


def _known_type(media_type: str) -> str:
    """Return the type without its parameters, if it has the shape of one."""
    bare = media_type.partition(";")[0].strip().lower()
    if len(bare) <= _LONGEST_MEDIA_TYPE and _MEDIA_TYPE.fullmatch(bare):
        return bare
    return _UNKNOWN_MEDIA_TYPE


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


def as_attachments(staged: Iterable[Staged]) -> tuple[Attachment, ...]:
    """Return what an entry keeps of the files, in their order."""
    return tuple(Attachment(each.name, each.media_type, each.sha256, each.size) for each in staged)


# ---------------------------------------------------------------------------- reading


def open_attachment(blobs: Blobs, attachment: Attachment) -> BinaryIO:
    """Open an entry's file for reading; the caller closes it.

    Raises:
        FileLost: when it isn't kept any more.

    """
    try:
        return blobs.open(attachment.sha256)
    except NoSuchBlob as error:
        raise FileLost(attachment.name) from error


def verify_blob(blobs: Blobs, attachment: Attachment) -> bool:
    """Is an entry's file still there, whole and unchanged? Reads all of it."""
    digest = hashlib.sha256()
    size = 0
    try:
        with blobs.open(attachment.sha256) as stream:
            while piece := stream.read(PIECE):
                digest.update(piece)
                size += len(piece)
    except NoSuchBlob:
        return False
    return (digest.hexdigest(), size) == (attachment.sha256, attachment.size)
