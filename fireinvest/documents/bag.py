"""A BagIt package (RFC 8493, version 1.0), written as it comes: nothing is held but one piece.

A bag is a folder, or a zip with that folder in it. Its members come in one order: what it holds
first, then the lists of hashes over it, then all other files, and last the lists over these. So
one reading of each file is enough.
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from io import RawIOBase
from pathlib import Path
from typing import Any, BinaryIO, cast
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from fireinvest.documents.package import Entry, pieces_of

__all__ = [
    "ALGORITHMS",
    "BAGIT",
    "ChangedMeanwhile",
    "Member",
    "Tag",
    "bag_members",
    "decoded",
    "encoded",
    "members_size",
    "to_folder",
    "zip_stream",
]

ALGORITHMS = ("sha256", "sha512")
BAGIT = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
#: Nothing in a zip says when it was written: the same content is the same bytes.
_TIME = (1980, 1, 1, 0, 0, 0)
_AS_A_FILE = 0o100644 << 16
#: How well text is packed, and all else: photographs are packed already.
_PACKED, _STORED = 6, 0


class ChangedMeanwhile(Exception):
    """A file isn't what the case says that it is; nothing is made of it."""

    def __init__(self, entry: Entry) -> None:
        """Keep which."""
        super().__init__(entry.path)
        self.entry = entry


@dataclass(frozen=True, slots=True)
class Member:
    """A file of a bag as it is written: its path below the bag, and its bytes in pieces."""

    path: str
    pieces: Iterator[bytes]
    is_text: bool


@dataclass(frozen=True, slots=True)
class Tag:
    """A file beside what the bag holds, such as its index."""

    path: str
    content: bytes


#: Told of the bytes that went by.
Tell = Callable[[int], None]


def encoded(path: str) -> str:
    """Return a path as lists of hashes write it (RFC 8493, 2.1.3)."""
    return path.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def decoded(written: str) -> str:
    """Return the path that a list of hashes writes so."""
    found, rest = [], written
    while rest:
        plain, percent, rest = rest.partition("%")
        found.append(plain)
        if percent:
            found.append(_ENCODED.get(rest[:2].upper(), "%"))
            rest = rest[2:] if rest[:2].upper() in _ENCODED else rest
    return "".join(found)


_ENCODED = {"25": "%", "0D": "\r", "0A": "\n"}


def bag_info(rows: Iterable[tuple[str, str]]) -> bytes:
    """Return the file that says what the bag is. A value of several lines becomes one."""
    return "".join(f"{name}: {' '.join(value.split())}\n" for name, value in rows).encode()


def bag_members(
    entries: Iterable[Entry],
    tags: Sequence[Tag],
    info: Sequence[tuple[str, str]],
    *,
    tell: Tell = lambda _size: None,
    made: Callable[[str], None] = lambda _hash: None,
) -> Iterator[Member]:
    """Yield the files of a bag, each to be read before the next is asked for.

    ``info``: of ``bag-info.txt``; how much the bag holds is added. ``made``: told of the SHA-256 of
    the last list of hashes, which covers all of the bag.

    Raises:
        ChangedMeanwhile: while its pieces are read, when a file isn't what it has to be.

    """
    hashed: dict[str, list[tuple[str, str]]] = {name: [] for name in ALGORITHMS}
    count = size = 0
    for each in entries:
        path = f"data/{each.path}"
        seen = _Seen()
        yield Member(path, seen.read(each, tell), each.is_text)
        for name, value in seen.hashes():
            hashed[name].append((path, value))
        count += 1
        size += seen.size
    told = [*info, ("Payload-Oxum", f"{size}.{count}")]
    written: list[Tag] = [
        Tag("bagit.txt", BAGIT),
        Tag("bag-info.txt", bag_info(told)),
        *(Tag(f"manifest-{name}.txt", _manifest(hashed[name])) for name in ALGORITHMS),
        *tags,
    ]
    for tag in written:
        yield Member(tag.path, iter((tag.content,)), is_text=True)
    for name in ALGORITHMS:
        rows = [(each.path, hashlib.new(name, each.content).hexdigest()) for each in written]
        content = _manifest(rows)
        if name == ALGORITHMS[0]:
            made(hashlib.sha256(content).hexdigest())
        yield Member(f"tagmanifest-{name}.txt", iter((content,)), is_text=True)


def _manifest(rows: Iterable[tuple[str, str]]) -> bytes:
    return "".join(f"{value}  {encoded(path)}\n" for path, value in rows).encode()


class _Seen:
    """What went by of a file: its hashes and its size."""

    def __init__(self) -> None:
        self._digests = {name: hashlib.new(name) for name in ALGORITHMS}
        self.size = 0

    def read(self, entry: Entry, tell: Tell) -> Iterator[bytes]:
        with closing(entry.open()) as stream:
            for piece in pieces_of(stream):
                for digest in self._digests.values():
                    digest.update(piece)
                self.size += len(piece)
                yield piece
                tell(len(piece))
        found = self._digests["sha256"].hexdigest()
        if self.size != entry.size or (entry.sha256 is not None and found != entry.sha256):
            raise ChangedMeanwhile(entry)

    def hashes(self) -> Iterator[tuple[str, str]]:
        return ((name, digest.hexdigest()) for name, digest in self._digests.items())


def members_size(entries: Iterable[Entry], tags: Iterable[Tag]) -> int:
    """Return about how many bytes will go by, for what is told of the progress."""
    return sum(each.size for each in entries) + sum(len(each.content) for each in tags)


# ---------------------------------------------------------------------------- as a folder


def to_folder(members: Iterable[Member], folder: Path) -> None:
    """Write a bag as a folder, which must not exist yet.

    Raises:
        FileExistsError: when it does.

    """
    folder.mkdir(parents=True)
    for each in members:
        path = folder / each.path
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            for piece in each.pieces:
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())


# ---------------------------------------------------------------------------- as a zip


def zip_stream(members: Iterable[Member], folder: str) -> BinaryIO:
    """Return a zip with the bag in a folder, to be read from its beginning to its end.

    It is put together while it is read (ZIP64). What is packed already goes through in blocks that
    aren't packed again, so that readers that take a zip as it comes understand it as well.
    """
    return cast(BinaryIO, _Pieces(_zipped(members, folder)))


def _zipped(members: Iterable[Member], folder: str) -> Iterator[bytes]:
    sink = _Sink()
    with ZipFile(cast(BinaryIO, sink), "w", ZIP_DEFLATED) as archive:
        for each in members:
            info = ZipInfo(f"{folder}/{each.path}", _TIME)
            info.compress_type = ZIP_DEFLATED
            info.external_attr = _AS_A_FILE
            # Public only in later versions of Python.
            info._compresslevel = _PACKED if each.is_text else _STORED  # type: ignore[attr-defined]
            with archive.open(info, "w", force_zip64=True) as file:
                for piece in each.pieces:
                    file.write(piece)
                    yield from sink.taken()
            yield from sink.taken()
    yield from sink.taken()


class _Sink(RawIOBase):
    """Where a zip writes to: nobody can go back in it, and what was written is taken away."""

    def __init__(self) -> None:
        self._held: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, piece: Any) -> int:
        self._held.append(bytes(piece))
        return len(piece)

    def taken(self) -> Iterator[bytes]:
        held, self._held = self._held, []
        yield from held


class _Pieces(RawIOBase):
    """Bytes that come in pieces, read as a stream."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._left:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._left = piece
        with memoryview(buffer) as view:
            count = min(len(view), len(self._left))
            view[:count] = self._left[:count]
        self._left = self._left[count:]
        return count


def info_of(content: bytes) -> Mapping[str, str]:
    """Return what ``bag-info.txt`` says, by name; of a name that stands there twice, the last."""
    found: dict[str, str] = {}
    name = ""
    for line in content.decode("utf-8", "replace").splitlines():
        if line[:1] in (" ", "\t") and name:
            found[name] += " " + line.strip()
            continue
        name, _colon, value = line.partition(":")
        found[name] = value.strip()
    return found
