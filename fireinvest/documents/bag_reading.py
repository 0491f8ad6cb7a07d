"""A BagIt package read and checked: every file that was changed, is missing or was added is named.

What comes from outside is not trusted: no path leads out of the package, nothing is unpacked beyond
bounds, links are refused, and nothing is ever written to where a package says.
"""

import hashlib
import os
import re
import stat
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, Protocol, cast
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from fireinvest.documents.bag import ALGORITHMS, BAGIT, decoded, encoded, info_of
from fireinvest.documents.package import pieces_of
from fireinvest.messages import Text, excerpt

__all__ = [
    "Bag",
    "BagCheck",
    "Fault",
    "FolderBag",
    "NotABag",
    "What",
    "ZipBag",
    "bags_in",
    "check_bag",
]

#: More files no package has.
_MOST_FILES = 200_000
#: What is packed better than that, and isn't small, is a bomb.
_MOST_RATIO = 200
_SMALL = 64 * 1024**2
#: Lists of hashes and other small files are read at once, up to this.
_LONGEST_TAG = 64 * 1024**2
_LONGEST_PATH = 1000

_LINE = re.compile(r"([0-9a-f]+)  (\S.*)")
_DIGITS = {"sha256": 64, "sha512": 128}
#: What computers put into folders by themselves.
SYSTEM_FILES = frozenset({"thumbs.db", "desktop.ini", ".ds_store"})


class NotABag(Exception):
    """It is no package that can be read; ``text`` says why."""

    def __init__(self, text: Text) -> None:
        """Keep why."""
        super().__init__(text.msgid)
        self.text = text


class What(StrEnum):
    """What is wrong with a file of a package?"""

    CHANGED = "changed"
    MISSING = "missing"
    ADDED = "added"


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with which file of which part? ``part``: the name of its folder."""

    part: str
    path: str
    what: What

    def __str__(self) -> str:
        return f"{self.part}/{excerpt_path(self.path)}: {self.what}"


def excerpt_path(path: str) -> str:
    """Return a path fit to be shown on one line."""
    shown = "".join(each if each.isprintable() else "?" for each in path[: _SHOWN + 1])
    return shown if len(shown) <= _SHOWN else f"{shown[: _SHOWN - 1]}…"


_SHOWN = 200


# ---------------------------------------------------------------------------- where it lies


class Bag(Protocol):
    """A bag, wherever it lies."""

    @property
    def name(self) -> str:
        """What its folder is called."""

    def sizes(self) -> Mapping[str, int]:
        """Return its files, by path below its folder, with how many bytes each has."""

    def open(self, path: str) -> BinaryIO:
        """Open one of them for reading; the caller closes it.

        Raises:
            OSError: when it can't be read.

        """

    def close(self) -> None:
        """Let go of what it lies in."""


@dataclass
class FolderBag:
    """A bag that is a folder."""

    folder: Path

    @property
    def name(self) -> str:
        """See :class:`Bag`."""
        return self.folder.name

    def sizes(self) -> Mapping[str, int]:
        """See :class:`Bag`. A link counts as a file that can't be read: it leads elsewhere."""
        return self._sizes

    @cached_property
    def _sizes(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for folder, names, files in os.walk(self.folder):
            here = Path(folder)
            linked = [each for each in names if (here / each).is_symlink()]
            names[:] = [each for each in names if each not in linked]
            for each in (*files, *linked):
                path = here / each
                found[path.relative_to(self.folder).as_posix()] = path.lstat().st_size
                if len(found) > _MOST_FILES:
                    raise NotABag(Text("There are too many files in it."))
        return found

    def open(self, path: str) -> BinaryIO:
        """See :class:`Bag`."""
        handle = os.open(self.folder / path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        return os.fdopen(handle, "rb")

    def close(self) -> None:
        """See :class:`Bag`."""


class ZipBag:
    """A bag in a zip: of a file that can be read from any place."""

    def __init__(self, stream: BinaryIO, called: str) -> None:
        """Look at its list, and refuse what no package has.

        Raises:
            NotABag: saying why.

        """
        self._stream = stream
        try:
            self._archive = ZipFile(stream)
            size = stream.seek(0, os.SEEK_END)
            self._infos = _checked(self._archive.infolist(), size)
            base = _base_of(self._infos)
        except (BadZipFile, OSError, ValueError, EOFError, NotImplementedError) as error:
            stream.close()
            raise NotABag(Text("The zip is damaged, or not all of it is there.")) from error
        except NotABag:
            self.close()
            raise
        self._base = base
        self._name = base.rstrip("/") or called
        self._sizes = {name[len(base) :]: each.file_size for name, each in self._infos.items()}

    @property
    def name(self) -> str:
        """See :class:`Bag`."""
        return self._name

    def sizes(self) -> Mapping[str, int]:
        """See :class:`Bag`."""
        return self._sizes

    def open(self, path: str) -> BinaryIO:
        """See :class:`Bag`."""
        try:
            return cast(BinaryIO, _Unpacked(self._archive, self._infos[self._base + path]))
        except (BadZipFile, zlib.error, ValueError, EOFError, NotImplementedError) as error:
            raise OSError("it can't be unpacked") from error

    def close(self) -> None:
        """See :class:`Bag`."""
        self._archive.close()
        self._stream.close()


class _Unpacked:
    """A file of a zip, read from its beginning; what is damaged can't be read."""

    def __init__(self, archive: ZipFile, info: ZipInfo) -> None:
        self._file = archive.open(info)

    def read(self, size: int = -1) -> bytes:
        try:
            return self._file.read(size)
        except (BadZipFile, zlib.error, ValueError, EOFError) as error:
            raise OSError("it can't be unpacked") from error

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> "_Unpacked":
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()


def _checked(infos: Sequence[ZipInfo], size: int) -> dict[str, ZipInfo]:
    if len(infos) > _MOST_FILES:
        raise NotABag(Text("There are too many files in it."))
    found: dict[str, ZipInfo] = {}
    seen: set[str] = set()
    for each in infos:
        name = each.filename
        if _leads_out(name) or "\0" in each.orig_filename:
            text = Text("It holds a path that leads out of it: %(path)s", path=excerpt(name))
            raise NotABag(text)
        kind = stat.S_IFMT(each.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise NotABag(Text("It holds a link: %(path)s", path=excerpt(name)))
        if each.flag_bits & 0x1:
            raise NotABag(Text("It is locked with a password."))
        if each.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
            raise NotABag(Text("It is packed in a way that is not taken."))
        if each.is_dir():
            continue
        if name.lower() in seen:
            raise NotABag(Text("It holds a file twice: %(path)s", path=excerpt(name)))
        seen.add(name.lower())
        found[name] = each
    unpacked = sum(each.file_size for each in found.values())
    if unpacked > _SMALL and unpacked > _MOST_RATIO * size:
        raise NotABag(Text("It would unpack to far more than it is."))
    return found


def _leads_out(name: str) -> bool:
    parts = name.rstrip("/").split("/")
    return (
        not name
        or len(name) > _LONGEST_PATH
        or "\\" in name
        or name.startswith("/")
        or re.match(r"[A-Za-z]:", name) is not None
        or any(part in ("", ".", "..") for part in parts)
    )


def _base_of(infos: Mapping[str, ZipInfo]) -> str:
    if "bagit.txt" in infos:
        return ""
    bases = {name[: -len("bagit.txt")] for name in infos if name.count("/") == 1} & {
        f"{name.partition('/')[0]}/" for name in infos
    }
    found = sorted(each for each in bases if f"{each}bagit.txt" in infos)
    if not found:
        # The file may be missing: whatever lies in the one folder is looked at all the same.
        folders = {name.partition("/")[0] for name in infos if "/" in name}
        if len(folders) == 1:
            return f"{folders.pop()}/"
    if len(found) != 1:
        raise NotABag(Text("There is no package in it: bagit.txt is missing."))
    base = found[0]
    outside = next((name for name in infos if not name.startswith(base)), None)
    if outside is not None:
        text = Text("It holds a file beside the package: %(path)s", path=excerpt(outside))
        raise NotABag(text)
    return base


def bags_in(path: Path) -> list[Bag]:
    """Return the bags at a place: a zip, a folder that is one, or one with several in it.

    Raises:
        NotABag: when there is none, or one that can't be read.

    """
    if path.is_file():
        return [ZipBag(path.open("rb"), path.stem)]
    if not path.is_dir():
        raise NotABag(Text("There is no such file or folder."))
    if (path / "bagit.txt").is_file() or (path / "data").is_dir():
        return [FolderBag(path.resolve())]
    found: list[Bag] = []
    try:
        for each in sorted(path.iterdir()):
            if each.is_symlink():
                continue
            if each.is_dir() and ((each / "bagit.txt").is_file() or (each / "data").is_dir()):
                found.append(FolderBag(each.resolve()))
            elif each.is_file() and each.suffix.lower() == ".zip":
                found.append(ZipBag(each.open("rb"), each.stem))
    except NotABag:
        for bag in found:
            bag.close()
        raise
    if not found:
        raise NotABag(Text("There is no package in it: bagit.txt is missing."))
    return found


# ---------------------------------------------------------------------------- checked


@dataclass
class BagCheck:
    """What was found of a bag. ``hashes``: the SHA-256 of what it holds, by path.

    ``seal``: the SHA-256 of the last list of hashes, which covers all of the bag.
    """

    name: str
    info: Mapping[str, str] = field(default_factory=dict)
    hashes: dict[str, str] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)
    seal: str = ""
    faults: list[Fault] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


#: Told of the bytes that went by.
Tell = Callable[[int], None]


def check_bag(bag: Bag, tell: Tell = lambda _size: None) -> BagCheck:
    """Check a bag: each of its files is read once, and memory stays flat.

    The two lists over all other files cover each other: where one of them says that a file was
    changed and the other doesn't, it was the list.
    """
    return _Check(bag, tell).run()


@dataclass(frozen=True, slots=True)
class _List:
    """A list of hashes: what it says by path; ``is_sound``: is it written as we write it?"""

    values: Mapping[str, str]
    is_sound: bool
    is_there: bool


class _Check:
    def __init__(self, bag: Bag, tell: Tell) -> None:
        self._bag = bag
        self._tell = tell
        self._sizes = bag.sizes()
        self._found = BagCheck(bag.name, sizes=self._sizes)
        self._hashes: dict[str, dict[str, str]] = {}
        self._named: set[str] = set()

    def run(self) -> BagCheck:
        lists = {name: self._list(f"tagmanifest-{name}.txt", name) for name in ALGORITHMS}
        payload = {name: self._list(f"manifest-{name}.txt", name) for name in ALGORITHMS}
        for path in sorted(self._sizes):
            self._hash(path)
        self._tags(lists)
        self._payload(payload)
        self._added(lists, payload)
        info = self._small("bag-info.txt")
        self._found.info = info_of(info or b"")
        if self._small("bagit.txt") != BAGIT:
            self._fault("bagit.txt", What.CHANGED)
        self._oxum()
        self._found.hashes = {
            path: values["sha256"] for path, values in self._hashes.items() if values
        }
        self._found.seal = self._found.hashes.get("tagmanifest-sha256.txt", "")
        self._found.faults.sort(key=lambda each: each.path)
        return self._found

    def _small(self, path: str) -> bytes | None:
        if self._sizes.get(path, _LONGEST_TAG + 1) > _LONGEST_TAG:
            return None
        try:
            with self._bag.open(path) as stream:
                return stream.read(_LONGEST_TAG)
        except OSError:
            return None

    def _list(self, path: str, algorithm: str) -> _List:
        content = self._small(path)
        if content is None:
            return _List({}, is_sound=False, is_there=path in self._sizes)
        values: dict[str, str] = {}
        try:
            lines = content.decode().split("\n")
        except UnicodeDecodeError:
            return _List({}, is_sound=False, is_there=True)
        is_sound = bool(content) and lines.pop() == ""
        for line in lines:
            found = _LINE.fullmatch(line)
            if found is None or len(found[1]) != _DIGITS[algorithm]:
                is_sound = False
                continue
            name = decoded(found[2])
            is_sound = is_sound and name not in values and encoded(name) == found[2]
            values[name] = found[1]
        return _List(values, is_sound, is_there=True)

    def _hash(self, path: str) -> None:
        digests = {name: hashlib.new(name) for name in ALGORITHMS}
        count = 0
        try:
            with self._bag.open(path) as stream:
                for piece in pieces_of(stream):
                    count += len(piece)
                    for digest in digests.values():
                        digest.update(piece)
                    self._tell(len(piece))
        except OSError:
            self._hashes[path] = {}
            return
        if count != self._sizes[path]:
            self._hashes[path] = {}
            return
        self._hashes[path] = {name: digest.hexdigest() for name, digest in digests.items()}

    def _fault(self, path: str, what: What) -> None:
        if path not in self._named:
            self._named.add(path)
            self._found.faults.append(Fault(self._bag.name, path, what))

    def _verdict(self, path: str, algorithm: str, listed: _List) -> bool | None:
        """Does a file fit the list? None where the list doesn't name it."""
        wanted = listed.values.get(path)
        if wanted is None:
            return None
        return self._hashes.get(path, {}).get(algorithm) == wanted

    def _tags(self, lists: Mapping[str, _List]) -> None:
        """All files but what the bag holds, and the lists over them themselves."""
        sound = {name: each for name, each in lists.items() if each.is_sound}
        for name, each in lists.items():
            if not each.is_sound:
                what = What.CHANGED if each.is_there else What.MISSING
                self._fault(f"tagmanifest-{name}.txt", what)
        for path in sorted({path for each in sound.values() for path in each.values}):
            verdicts = {name: self._verdict(path, name, each) for name, each in sound.items()}
            if all(verdicts.values()):
                continue
            if any(verdicts.values()) or None in verdicts.values():
                # One list says so, the other doesn't: it is the list that was changed.
                for name, is_right in verdicts.items():
                    is_odd = is_right is False or (is_right is None and path in self._sizes)
                    if is_odd:
                        self._fault(f"tagmanifest-{name}.txt", What.CHANGED)
                continue
            self._fault(path, What.CHANGED if path in self._sizes else What.MISSING)

    def _payload(self, lists: Mapping[str, _List]) -> None:
        trusted = {
            name: each
            for name, each in lists.items()
            if each.is_there and f"manifest-{name}.txt" not in self._named
        } or dict(lists)
        for name, each in lists.items():
            if not each.is_sound:
                what = What.CHANGED if each.is_there else What.MISSING
                self._fault(f"manifest-{name}.txt", what)
        for path in sorted({path for each in trusted.values() for path in each.values}):
            verdicts = [self._verdict(path, name, each) for name, each in trusted.items()]
            if path not in self._sizes:
                self._fault(path, What.MISSING)
            elif not all(verdicts):
                self._fault(path, What.CHANGED)

    def _added(self, lists: Mapping[str, _List], payload: Mapping[str, _List]) -> None:
        known = {path for each in (*lists.values(), *payload.values()) for path in each.values}
        known |= {f"tagmanifest-{name}.txt" for name in ALGORITHMS}
        for path in sorted(self._sizes.keys() - known):
            if path.rpartition("/")[2].lower() in SYSTEM_FILES:
                self._found.notes.append(path)
            else:
                self._fault(path, What.ADDED)

    def _oxum(self) -> None:
        """How much it says to hold: what is wrong with single files is named already."""
        if self._found.faults:
            return
        held = [
            size
            for path, size in self._sizes.items()
            if path.startswith("data/") and path not in self._found.notes
        ]
        if self._found.info.get("Payload-Oxum") != f"{sum(held)}.{len(held)}":
            self._fault("bag-info.txt", What.CHANGED)


def part_of(info: Mapping[str, str]) -> tuple[int, int] | None:
    """Return which part of how many a bag is, as it says; None where it says nothing sensible."""
    found = re.fullmatch(r"([1-9][0-9]{0,5}) of ([1-9][0-9]{0,5})", info.get("Bag-Count", ""))
    if found is None:
        return None
    number, count = int(found[1]), int(found[2])
    return (number, count) if number <= count else None


def lines_of(stream: BinaryIO, longest: int = 64 * 1024**2) -> Iterator[bytes]:
    """Yield the lines of a file without their ends; one that is longer than any of ours ends it."""
    left = b""
    for piece in pieces_of(stream):
        *whole, left = (left + piece).split(b"\n")
        yield from whole
        if len(left) > longest:
            break
    if left:
        yield left


def all_sizes(bags: Iterable[Bag]) -> int:
    """Return how many bytes there are to be read."""
    return sum(sum(each.sizes().values()) for each in bags)
