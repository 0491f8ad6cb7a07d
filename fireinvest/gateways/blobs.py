"""The bytes of files, kept under their SHA-256: what was stored once never changes.

``from_url(url)`` gives the place to keep them. It knows nothing of people, names or cases.
"""

import hashlib
import os
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from shutil import disk_usage
from tempfile import mkstemp
from typing import BinaryIO, Protocol

#: Bytes that are held in memory at a time.
PIECE = 256 * 1024

_FILE_URL = "file://"
_ALONE = 0o700  # folders are for the server alone
#: How a content is named, and a file that comes in parts.
SHA256 = re.compile(r"[0-9a-f]{64}")
_PAIR = re.compile(r"[0-9a-f]{2}")
PART_NAME = re.compile(r"[0-9a-f]{32}")


class TooLarge(Exception):
    """There is more in the stream than is taken; nothing of it was kept."""

    def __init__(self, at_most: int) -> None:
        """Keep how many bytes would have been taken."""
        super().__init__(f"more than {at_most} bytes")
        self.at_most = at_most


class NoSuchBlob(Exception):
    """Nothing is kept under this SHA-256, or it is none."""


class StoreAway(OSError):
    """The store of files doesn't answer, or not in time; what was asked for can be asked again."""


class Busy(Exception):
    """Somebody else is adding to the same unfinished file just now."""


@dataclass(frozen=True, slots=True)
class Blob:
    """Under which SHA-256 (64 hex digits, lower case) are how many bytes kept?"""

    sha256: str
    size: int


class Blobs(Protocol):
    """A place for bytes. Several processes may use it at once."""

    def put(
        self, stream: BinaryIO, *, at_most: int, check: Callable[[BinaryIO], None] | None = None
    ) -> Blob:
        """Keep what the stream still holds; when this returns, a power cut doesn't lose it.

        The same content again is kept once. ``check`` may look at all of it, from any place,
        before it is kept; what it raises is raised here, and then nothing is kept.

        Raises:
            TooLarge: when it holds more than ``at_most`` bytes.

        """
        ...

    def open(self, sha256: str) -> BinaryIO:
        """Open what is kept, for reading; the caller closes it.

        Raises:
            NoSuchBlob: when there is none.

        """
        ...

    def exists(self, sha256: str) -> bool:
        """Is anything kept under this SHA-256?"""
        ...

    def remove(self, sha256: str) -> None:
        """Keep this no longer; whoever reads it now goes on. Nothing happens when there is none."""
        ...

    def names(self) -> Iterator[str]:
        """Yield the SHA-256 of all that is kept, with flat memory and in no order."""
        ...

    def unfinished(self, name: str) -> AbstractContextManager["Unfinished"]:
        """Give a file that comes in parts, under a name of its own, to nobody else meanwhile.

        Nothing is there before the first part. The name is 32 hex digits.

        Raises:
            Busy: when somebody else has it.

        """
        ...

    def unfinished_names(self) -> Iterator[str]:
        """Yield the names of all files of which parts are there."""
        ...

    def clear_incoming(self, before: datetime) -> int:
        """Remove what was broken off before an instant while it came; return how many there were."""
        ...

    def room_left(self) -> int:
        """Return how many bytes can still be kept, as far as that is known."""
        ...


class Unfinished(Protocol):
    """A file that comes in parts."""

    @property
    def length(self) -> int:
        """How many bytes are there?"""
        ...

    def add(self, stream: BinaryIO, *, at: int, at_most: int) -> Blob:
        """Add what the stream still holds from a place on; what lay behind it is replaced.

        Returns the SHA-256 and the size of what was added, once a power cut doesn't lose it.

        Raises:
            TooLarge: when it holds more than ``at_most`` bytes; what it held is dropped.

        """
        ...

    def whole(self) -> BinaryIO:
        """Open all that is there, for reading; the caller closes it."""
        ...

    def keep(self, sha256: str) -> None:
        """Keep it under its SHA-256, which the caller has measured; no parts are left."""
        ...

    def drop(self) -> None:
        """Forget all parts."""
        ...


def from_url(url: str) -> Blobs:
    """Return the place that the address names: ``file:///folder`` or ``s3://bucket/prefix?…``.

    The folder is written as it is called, as in the address of an SQLite database: nothing in it
    is decoded. Nothing is made before first use.

    Raises:
        ValueError: for any other address, naming the setting.

    """
    if url.startswith("s3://"):
        # What speaks the protocol is loaded where it is used, not by everybody.
        from fireinvest.gateways.s3 import s3_from_url

        return s3_from_url(url)
    folder = Path(url.removeprefix(_FILE_URL))
    is_folder = folder.is_absolute() and folder != Path(folder.anchor) and "\0" not in url
    if not url.startswith(_FILE_URL) or not is_folder:
        # The address is not repeated: it may carry a password.
        raise ValueError(
            "BLOB_URL must name a folder or a bucket: file:///path/to/it, s3://bucket."
        )
    return LocalBlobs(folder)


@dataclass(frozen=True, slots=True)
class LocalBlobs:
    """A folder: what hashes to ``aabb…`` is the file ``aa/bb/aabb…`` in it.

    A file appears there only when it is whole. A process that is killed leaves at most an
    ``incoming-*`` file in the folder, which nobody reads.
    """

    folder: Path

    def put(
        self, stream: BinaryIO, *, at_most: int, check: Callable[[BinaryIO], None] | None = None
    ) -> Blob:
        """See :class:`Blobs`."""
        self.folder.mkdir(mode=_ALONE, parents=True, exist_ok=True)
        # In the same folder, so that it is on the same disk; readable for the server alone.
        handle, name = mkstemp(prefix="incoming-", dir=self.folder)
        incoming = Path(name)
        try:
            with os.fdopen(handle, "wb") as target:
                blob = copy_pieces(stream, target, at_most)
                target.flush()
                if check is not None:
                    with incoming.open("rb") as whole:
                        check(whole)
                os.fsync(target.fileno())
            self.put_in_place(incoming, blob.sha256)
        finally:
            # Once it is in place, there is nothing to remove.
            incoming.unlink(missing_ok=True)
        return blob

    def put_in_place(self, incoming: Path, sha256: str) -> None:
        """Let a whole file on the same disk be what is kept under its SHA-256."""
        path = self._path(sha256)
        for each in (path.parent.parent, path.parent):
            each.mkdir(mode=_ALONE, exist_ok=True)
        # The same content may be there already. It is replaced, not left: if the disk has damaged
        # it since, it is whole again; and whoever reads it now goes on reading what they opened.
        incoming.replace(path)
        # Always the whole way up: whoever made these folders may not have got this far yet.
        for each in (path.parent, path.parent.parent, self.folder):
            _sync(each)
        # What is above may belong to somebody else.
        with suppress(PermissionError):
            _sync(self.folder.parent)

    def open(self, sha256: str) -> BinaryIO:
        """See :class:`Blobs`."""
        try:
            return self._path(sha256).open("rb")
        except FileNotFoundError:
            raise NoSuchBlob(sha256[:64]) from None

    def exists(self, sha256: str) -> bool:
        """See :class:`Blobs`."""
        try:
            return self._path(sha256).is_file()
        except NoSuchBlob:
            return False

    def remove(self, sha256: str) -> None:
        """See :class:`Blobs`."""
        # The folders stay: another process may be about to put something into them.
        with suppress(NoSuchBlob):
            self._path(sha256).unlink(missing_ok=True)

    def names(self) -> Iterator[str]:
        """See :class:`Blobs`."""
        if not self.folder.is_dir():
            return
        for first in self.folder.iterdir():
            if _PAIR.fullmatch(first.name) and first.is_dir():
                for path in first.glob("*/*"):
                    if SHA256.fullmatch(path.name):
                        yield path.name

    @contextmanager
    def unfinished(self, name: str) -> Iterator["LocalUnfinished"]:
        """See :class:`Blobs`."""
        if not PART_NAME.fullmatch(name):
            raise ValueError("not the name of an unfinished file")
        self._parts.mkdir(mode=_ALONE, parents=True, exist_ok=True)
        # The lock is a file beside it, which stays while the parts move to their place.
        lock = self._parts / f"{name}.lock"
        handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "wb"):
            try:
                flock(handle, LOCK_EX | LOCK_NB)
            except BlockingIOError:
                raise Busy from None
            found = LocalUnfinished(self, self._parts / name)
            try:
                yield found
            finally:
                if not found.path.exists():
                    lock.unlink(missing_ok=True)

    def unfinished_names(self) -> Iterator[str]:
        """See :class:`Blobs`."""
        if self._parts.is_dir():
            names = {each.name.removesuffix(".lock") for each in self._parts.iterdir()}
            yield from (each for each in sorted(names) if PART_NAME.fullmatch(each))

    def clear_incoming(self, before: datetime) -> int:
        """See :class:`Blobs`. Whoever was killed while writing leaves such a file behind."""
        gone = 0
        for path in self.folder.glob("incoming-*"):
            # Whoever still writes has just done so.
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < before.timestamp():
                    path.unlink()
                    gone += 1
        return gone

    def room_left(self) -> int:
        """See :class:`Blobs`."""
        folder = self.folder
        while not folder.exists():
            folder = folder.parent
        return disk_usage(folder).free

    @property
    def _parts(self) -> Path:
        return self.folder / "unfinished"

    def _path(self, sha256: str) -> Path:
        # Nothing but hex digits: no path from outside leads out of the folder.
        if not SHA256.fullmatch(sha256):
            raise NoSuchBlob("not a SHA-256")
        return self.folder / sha256[:2] / sha256[2:4] / sha256


@dataclass(frozen=True, slots=True)
class LocalUnfinished:
    """A file in the folder ``unfinished``, on the same disk as all others."""

    blobs: LocalBlobs
    path: Path

    @property
    def length(self) -> int:
        """See :class:`Unfinished`."""
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0

    def add(self, stream: BinaryIO, *, at: int, at_most: int) -> Blob:
        """See :class:`Unfinished`."""
        handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "wb") as target:
            target.truncate(at)
            target.seek(at)
            try:
                added = copy_pieces(stream, target, at_most)
            except TooLarge:
                target.truncate(at)
                raise
            target.flush()
            os.fsync(target.fileno())
        if at == 0:
            _sync(self.path.parent)
        return added

    def whole(self) -> BinaryIO:
        """See :class:`Unfinished`."""
        return self.path.open("rb")

    def keep(self, sha256: str) -> None:
        """See :class:`Unfinished`."""
        self.blobs.put_in_place(self.path, sha256)

    def drop(self) -> None:
        """See :class:`Unfinished`."""
        self.path.unlink(missing_ok=True)


def copy_pieces(source: BinaryIO, target: BinaryIO, at_most: int) -> Blob:
    """Copy piece by piece, hashing; stop at the first piece that is too much."""
    digest = hashlib.sha256()
    size = 0
    while piece := source.read(PIECE):
        size += len(piece)
        if size > at_most:
            raise TooLarge(at_most)
        digest.update(piece)
        target.write(piece)
    return Blob(digest.hexdigest(), size)


def _sync(folder: Path) -> None:
    """Make the names in a folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
