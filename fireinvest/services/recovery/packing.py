"""How a backup is put together: a tar of plain members, gzipped, written and read as a stream.

Only what this program writes is taken: regular files with names of its own. There is nothing in
an archive by which a path, a link or an announced size could do harm.
"""

import hashlib
import os
import re
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from gzip import GzipFile
from io import BufferedReader, RawIOBase
from pathlib import Path
from stat import S_ISREG
from tarfile import BLOCKSIZE, NUL, REGTYPE, USTAR_FORMAT, HeaderError, TarInfo
from typing import BinaryIO, cast

from fireinvest.messages import Faulty, Problem, Text, excerpt
from fireinvest.services.recovery.protection import Protection, Undecryptable, open_plain

__all__ = [
    "ABOUT",
    "FILES",
    "LIST",
    "MANIFEST",
    "PIECE",
    "Damaged",
    "Member",
    "compressed",
    "ending",
    "header",
    "list_name",
    "members",
    "padding",
    "rows_name",
]

PIECE = 256 * 1024

ABOUT = "about.json"
MANIFEST = "manifest.json"
#: How the names of files and of their list begin.
FILES = "files/"
LIST = "list/"

_NAME = re.compile(
    r"about\.json|manifest\.json|rows/[a-z][a-z0-9_]{0,62}/[0-9]{6,9}\.jsonl"
    r"|files/[0-9a-f]{64}|list/[0-9]{6,9}\.jsonl"
)
_LONGEST_NAME = 100

#: Rows pack to a twentieth or so, and files aren't packed. What unpacks to more than this was made
#: to fill a disk or to take for ever.
_MOST_UNPACKED_OF_PACKED = 250
_UNPACKED_ANYWAY = 16 * 1024**2


class Damaged(Faulty):
    """A backup isn't what was made; the problem's field names the part."""

    def __init__(self, member: str, text: Text) -> None:
        """Keep which part it is, and what is wrong with it."""
        super().__init__([Problem(member, text)])


# ---------------------------------------------------------------------------- writing


def rows_name(table: str, number: int) -> str:
    """Return the name of a part of a table's rows."""
    return f"rows/{table}/{number:06d}.jsonl"


def list_name(number: int) -> str:
    """Return the name of a part of the list of files."""
    return f"{LIST}{number:06d}.jsonl"


def header(name: str, size: int, made_at: int) -> bytes:
    """Return what stands before a member."""
    info = TarInfo(name)
    info.size, info.mode, info.mtime = size, 0o600, made_at
    return info.tobuf(USTAR_FORMAT, "ascii", "strict")


def padding(size: int) -> bytes:
    """Return what stands behind a member of this size."""
    return NUL * (-size % BLOCKSIZE)


def ending() -> bytes:
    """Return what stands behind the last member."""
    return NUL * (2 * BLOCKSIZE)


def compressed(pieces: Iterable[bytes], level: int) -> Iterator[bytes]:
    """Yield the pieces gzipped. Several of these in a row are one gzipped stream."""
    packing = zlib.compressobj(level, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    for piece in pieces:
        if packed := packing.compress(piece):
            yield packed
    yield packing.flush()


# ---------------------------------------------------------------------------- reading


class _Counted:
    """The packed stream; counts what was read of it."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.count = 0

    def read(self, size: int = -1) -> bytes:
        piece = self._stream.read(size)
        self.count += len(piece)
        return piece


class _Unpacked:
    """The tar as it is unpacked. Says in plain words what is wrong, and in which member."""

    def __init__(self, stream: BinaryIO) -> None:
        self._packed = _Counted(stream)
        self._gzip = GzipFile(fileobj=cast("BinaryIO", self._packed), mode="rb")
        self._count = 0
        #: The member that is being read.
        self.member = ""

    def read(self, size: int) -> bytes:
        """Return so many bytes, fewer only at the end."""
        try:
            piece = self._gzip.read(size)
        except EOFError as error:
            raise self.cut_off() from error
        except (OSError, zlib.error, Undecryptable) as error:
            raise self.changed() from error
        self._count += len(piece)
        most = self._packed.count * _MOST_UNPACKED_OF_PACKED + _UNPACKED_ANYWAY
        if self._count > most:
            text = Text("The backup unpacks to far more than a backup can hold.")
            raise Damaged(self.member, text)
        return piece

    def all(self, size: int) -> bytes:
        """Return exactly so many bytes."""
        piece = self.read(size)
        if len(piece) != size:
            raise self.cut_off()
        return piece

    def cut_off(self) -> Damaged:
        return Damaged(self.member, Text("The backup is cut off here."))

    def changed(self) -> Damaged:
        return Damaged(self.member, Text("The backup is damaged or cut off here."))


class Member(RawIOBase):
    """One member, as a stream that can be read once; knows its hash when it is at its end."""

    def __init__(self, name: str, size: int, stream: _Unpacked) -> None:
        """Keep where it is read from."""
        self.name = name
        self.size = size
        self._left = size
        self._stream = stream
        self._digest = hashlib.sha256()

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: object) -> int:
        """Fill the buffer with what comes next; 0 at the end."""
        view = memoryview(buffer)  # type: ignore[arg-type] # whatever takes bytes
        piece = self._stream.all(min(len(view), self._left, PIECE))
        view[: len(piece)] = piece
        self._left -= len(piece)
        self._digest.update(piece)
        return len(piece)

    def finish(self) -> str:
        """Read what is left; return the SHA-256 of all of it."""
        while self._left:
            self.readinto(bytearray(PIECE))
        return self._digest.hexdigest()

    def buffered(self) -> BufferedReader:
        """Return it as a stream that reads ahead within the member."""
        return BufferedReader(self, PIECE)


@contextmanager
def members(path: Path, protection: Protection) -> Iterator[Iterator[Member]]:
    """Give the members of a backup, one after the other; each must be finished before the next.

    Raises:
        Damaged: when it is damaged, cut off, or holds what no backup holds.
        Faulty: when it is none, or can't be decrypted.

    """
    try:
        # A pipe or a device would block, or never end.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        raise _no_file(path) from error
    if not S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise _no_file(path)
    with os.fdopen(handle, "rb") as file, open_plain(file, protection) as plain:
        yield _members(_Unpacked(plain))


def _no_file(path: Path) -> Faulty:
    text = Text("%(file)s is no file that can be read.", file=excerpt(path.name))
    return Faulty([Problem("", text)])


def _members(stream: _Unpacked) -> Iterator[Member]:
    while (block := stream.all(BLOCKSIZE)) != NUL * BLOCKSIZE:
        member = _member(block, stream)
        stream.member = member.name
        yield member
        member.finish()
        if stream.all(-member.size % BLOCKSIZE).strip(NUL):
            raise stream.changed()
    # What follows are more such blocks, and the check sums of the packing behind them.
    while block := stream.read(BLOCKSIZE):
        if block.strip(NUL):
            raise stream.changed()


def _member(block: bytes, stream: _Unpacked) -> Member:
    try:
        info = TarInfo.frombuf(block, "ascii", "strict")
    except (HeaderError, ValueError) as error:
        raise stream.changed() from error
    # A folder's name loses its final slash when it is read; the type tells it.
    if info.type != REGTYPE or not _NAME.fullmatch(info.name) or info.size < 0 or info.linkname:
        text = Text("The backup holds %(name)s, which no backup holds.", name=excerpt(info.name))
        raise Damaged(stream.member, text)
    return Member(info.name, info.size, stream)
