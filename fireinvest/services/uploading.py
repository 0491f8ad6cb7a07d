"""Large files that come in parts: gone on with after a broken line, a restart, a new sign-in.

What has arrived for good stands in the database, part by part; what was on its way when something
broke is sent again. A file that is whole becomes a staged file, as one that came with a form does.
"""

import errno
import hashlib
import re
import secrets
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from fireinvest.gateways.blobs import PIECE, Blobs, Busy, TooLarge, Unfinished
from fireinvest.messages import Faulty, Problem, Text
from fireinvest.services.contents import KINDS, NotTaken, media_type_of, refuse_ending
from fireinvest.services.files import LEAST_WAIT, Staged, readable_size, tidy_name
from fireinvest.store import Database, files
from fireinvest.store import uploads as store
from fireinvest.store.conflicts import changing
from fireinvest.store.uploads import Upload

__all__ = [
    "LONGEST_PART",
    "PART",
    "Limits",
    "NoSuchUpload",
    "OutOfStep",
    "Upload",
    "add_part",
    "begin",
    "clear_uploads",
    "drop",
    "find",
    "finish",
    "unfinished_of",
]

#: How large a part is as a rule, and at most: a broken line costs no more than one of these.
PART = 8 * 1024**2
LONGEST_PART = 16 * 1024**2
#: What stays free of the disk: the database and the log must go on.
_FREE = 256 * 1024**2
_LONGEST_MARK = 200
_FIELD = "files"
_ID = re.compile(r"[0-9a-f]{32}")
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is taken: bytes of one file, and files and bytes of one person that wait."""

    largest: int
    quota: int
    most_files: int = 500


class NoSuchUpload(Faulty):
    """There is no such file, or it is somebody else's."""

    def __init__(self) -> None:
        """Say no more than that."""
        text = Text("This upload is not known any more; choose the file again.")
        super().__init__([Problem(_FIELD, text)])


class OutOfStep(Exception):
    """Another part is needed than the one that was sent: the one from this byte on."""

    def __init__(self, arrived: int) -> None:
        """Keep how much has arrived."""
        super().__init__(f"{arrived} bytes have arrived")
        self.arrived = arrived


def begin(
    database: Database,
    blobs: Blobs,
    person_id: int,
    name: str,
    length: int,
    mark: str,
    *,
    limits: Limits,
    allowed: Collection[str] = tuple(KINDS),
    now: datetime,
) -> Upload:
    """Begin a file, or go on with it: one of the same name, length and mark is the same file.

    Raises:
        Faulty: when it isn't taken, as far as name and length tell, or there is no room for it.

    """
    tidied = tidy_name(name)
    try:
        refuse_ending(tidied or "…", allowed=allowed)
    except NotTaken as refused:
        raise Faulty([Problem(_FIELD, refused.text)]) from refused
    if length < 1:
        raise _faulty(Text("The file %(name)s is empty.", name=tidied))
    if length > limits.largest:
        most = readable_size(limits.largest)
        raise _faulty(Text("The file %(name)s is larger than %(most)s.", name=tidied, most=most))
    mark = mark[:_LONGEST_MARK]
    with changing(database) as session:
        same = store.find_same(session, person_id, tidied, length, mark)
        if same is not None:
            return same
        count, size = store.waiting_of(session, person_id)
        if count >= limits.most_files or size + length > limits.quota:
            text = Text(
                "Your files that wait for a form are too many: %(count)s, of %(size)s. "
                "Record what they belong to, or wait until they are forgotten.",
                count=count,
                size=readable_size(size),
            )
            raise _faulty(text)
        if length > blobs.room_left() - _FREE:
            raise _no_room(tidied)
        upload = Upload(secrets.token_hex(16), person_id, tidied, length, mark, 0, now, None, None)
        store.add_upload(session, upload)
    return upload


def find(database: Database, person_id: int, upload_id: str) -> Upload:
    """Return a file of somebody's, with how much of it has arrived.

    Raises:
        NoSuchUpload: when there is none.

    """
    with database.readers.begin() as session:
        found = store.find_upload(session, person_id, upload_id)
    if found is None:
        raise NoSuchUpload
    return found


def unfinished_of(database: Database, person_id: int) -> list[Upload]:
    """Return the files of somebody of which not all has arrived, the newest first."""
    with database.readers.begin() as session:
        return store.uploads_of(session, person_id)


def add_part(
    database: Database,
    blobs: Blobs,
    person_id: int,
    upload_id: str,
    stream: BinaryIO,
    *,
    at: int,
    sha256: str | None,
    now: datetime,
) -> int:
    """Add a part that begins at a byte; return how much has arrived then. Memory stays flat.

    ``sha256``: of the part, where the sender can tell: what was damaged on its way isn't taken.

    Raises:
        NoSuchUpload: when there is no such file.
        OutOfStep: when it doesn't begin where the last one ended, or was damaged.
        Busy: when another part of the same file is on its way.
        Faulty: when it is too large, or there is no room for it.

    """
    with blobs.unfinished(_sound(upload_id)) as file:
        upload = find(database, person_id, upload_id)
        arrived = _arrived(database, upload, file, now)
        if at != arrived:
            raise OutOfStep(arrived)
        if arrived == upload.length:
            # Nothing is missing; the bytes may have moved to their place already.
            return arrived
        try:
            added = file.add(stream, at=at, at_most=min(upload.length - at, LONGEST_PART))
        except TooLarge as error:
            raise _faulty(Text("The file %(name)s has changed.", name=upload.name)) from error
        except OSError as error:
            if error.errno in _NO_ROOM:
                raise _no_room(upload.name) from error
            raise
        if sha256 is not None and sha256 != added.sha256:
            raise OutOfStep(arrived)
        with changing(database) as session:
            store.note_arrived(session, upload.id, at + added.size, now)
        return at + added.size


def _arrived(database: Database, upload: Upload, file: Unfinished, now: datetime) -> int:
    """Return how much is there; in a database that was put back, parts can be missing."""
    if upload.hash is not None or file.length >= upload.arrived:
        return upload.arrived
    with changing(database) as session:
        store.note_arrived(session, upload.id, file.length, now)
    return file.length


def finish(
    database: Database,
    blobs: Blobs,
    person_id: int,
    upload_id: str,
    *,
    allowed: Collection[str] = tuple(KINDS),
    now: datetime,
) -> Staged:
    """Let a file that has arrived be a staged one; asked again, it is the same.

    Whenever it is broken off, it can be asked for again: what was measured is noted before the
    bytes move to their place.

    Raises:
        NoSuchUpload: when there is no such file.
        OutOfStep: when not all of it is there.
        Busy: when a part of it is on its way.
        Faulty: when its content isn't of a kind that is taken; nothing of it is kept then.

    """
    with blobs.unfinished(_sound(upload_id)) as file:
        with database.readers.begin() as session:
            done = files.find_staged(session, person_id, [upload_id])
        if done:
            return done[0]
        upload = find(database, person_id, upload_id)
        arrived = _arrived(database, upload, file, now)
        if arrived != upload.length:
            raise OutOfStep(arrived)
        if upload.hash is None or upload.media_type is None or file.length:
            try:
                media_type, sha256 = _looked_at(file, upload, allowed)
            except NotTaken as refused:
                with changing(database) as session:
                    store.drop_upload(session, upload.id)
                file.drop()
                raise Faulty([Problem(_FIELD, refused.text)]) from refused
            with changing(database) as session:
                store.note_whole(session, upload.id, media_type, sha256)
            file.keep(sha256)
        else:
            media_type, sha256 = upload.media_type, upload.hash
        staged = Staged(upload.id, person_id, upload.name, media_type, sha256, upload.length, now)
        with changing(database) as session:
            # As with a file that comes with a form: what is cleared meanwhile is noticed here.
            files.share_staged(session)
            store.drop_upload(session, upload.id)
            is_kept = blobs.exists(sha256)
            if is_kept:
                files.add_staged(
                    session,
                    file_id=staged.id,
                    person_id=person_id,
                    name=staged.name,
                    media_type=media_type,
                    sha256=sha256,
                    size=staged.size,
                    staged_at=now,
                )
        if not is_kept:
            name = upload.name
            raise _faulty(Text("The file %(name)s could not be kept; send it again.", name=name))
        return staged


def _looked_at(file: Unfinished, upload: Upload, allowed: Collection[str]) -> tuple[str, str]:
    """Return what a whole file is by its content, and its hash. All of it is read once."""
    digest = hashlib.sha256()
    with file.whole() as stream:
        media_type = media_type_of(stream, upload.name, allowed=allowed)
        stream.seek(0)
        while piece := stream.read(PIECE):
            digest.update(piece)
    return media_type, digest.hexdigest()


def drop(database: Database, blobs: Blobs, person_id: int, upload_id: str) -> None:
    """Forget a file that isn't wanted any more; nothing happens where there is none.

    Raises:
        Busy: when a part of it is on its way.

    """
    with suppress(NoSuchUpload), blobs.unfinished(_sound(upload_id)) as file:
        find(database, person_id, upload_id)
        with changing(database) as session:
            store.drop_upload(session, upload_id)
        file.drop()


def clear_uploads(database: Database, blobs: Blobs, *, before: datetime, now: datetime) -> int:
    """Forget files to which nothing was added since an instant; return how many there were.

    Parts that nothing knows, as after a restore, go as well.

    Raises:
        ValueError: for an instant less than ``LEAST_WAIT`` ago.

    """
    if now - before < LEAST_WAIT:
        raise ValueError("files that are so young may be on their way")
    with database.readers.begin() as session:
        old = {each.id for each in store.untouched_since(session, before)}
    names = list(blobs.unfinished_names())
    with database.readers.begin() as session:
        known = store.known_uploads(session, names)
    gone = 0
    for name in sorted({*old, *(each for each in names if each not in known)}):
        with suppress(Busy), blobs.unfinished(name) as file:
            gone += _forgotten(database, name, before)
            with database.readers.begin() as session:
                if not store.known_uploads(session, [name]):
                    file.drop()
    return gone


def _forgotten(database: Database, name: str, before: datetime) -> bool:
    """Forget a file, unless somebody went on with it just now. Was there one?"""
    with changing(database) as session:
        found = {each.id: each for each in store.untouched_since(session, before)}.get(name)
        if found is None:
            return False
        store.drop_upload(session, name)
        if found.hash is not None and found.media_type is not None:
            # It was broken off at its very end: its bytes may have their place already, from which
            # they are cleared as those of any other file that nothing names.
            files.share_staged(session)
            files.add_staged(
                session,
                file_id=name,
                person_id=found.person_id,
                name=found.name,
                media_type=found.media_type,
                sha256=found.hash,
                size=found.length,
                staged_at=found.touched_at,
            )
    return True


def _sound(upload_id: str) -> str:
    """Return an id that can be one; anything else names nothing."""
    if not _ID.fullmatch(upload_id):
        raise NoSuchUpload
    return upload_id


def _no_room(name: str) -> Faulty:
    return _faulty(Text("There is no room left for the file %(name)s.", name=name))


def _faulty(text: Text) -> Faulty:
    return Faulty([Problem(_FIELD, text)])
