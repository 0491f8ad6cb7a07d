"""What a package holds: files with names that every system takes, laid out over parts."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

__all__ = [
    "LONGEST_PATH",
    "Entry",
    "Names",
    "in_parts",
    "is_safe_name",
    "safe_name",
]

#: No path in a package is longer; Windows takes 260 with the folder it is unpacked into.
LONGEST_PATH = 120
_LONGEST_NAME = 60

#: Names that Windows gives to devices, whatever their ending.
_DEVICES = frozenset(
    {"con", "prn", "aux", "nul"}
    | {f"{name}{digit}" for name in ("com", "lpt") for digit in range(10)}
)
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_OTHERS = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of a package.

    ``path``: below ``data/``, with ``/`` between. ``title``: what it is called in Chinese. ``open``:
    gives its bytes; the caller closes it. ``sha256``: what it has to be, None where nobody knows it
    before. ``kind``: what it is, such as ``original`` or ``volume``. ``is_text``: worth packing.
    """

    path: str
    title: str
    open: Callable[[], BinaryIO]
    size: int
    sha256: str | None
    kind: str
    is_text: bool = False


def is_safe_name(name: str) -> bool:
    """Can every system keep a file or folder of this name, and write it the same?"""
    stem = name.partition(".")[0].lower()
    return (
        _PLAIN.fullmatch(name) is not None
        and len(name) <= _LONGEST_NAME
        and not name.endswith(".")
        and stem not in _DEVICES
    )


def safe_name(name: str, otherwise: str) -> str:
    """Return a name that every system takes; what it can't hold is left out.

    ``otherwise``: what it begins with where nothing of it is left. The ending is kept.
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    plain = _OTHERS.sub("-", plain).strip("-._")
    stem, dot, ending = plain.rpartition(".")
    if not dot:
        stem, ending = plain, ""
    last = name.rpartition(".")[2] if "." in name else ""
    if not ending and last.isascii() and last.isalnum():
        # All that is left is the ending: the name was in Chinese.
        stem, ending = "", last
    stem = stem.strip("-._") or otherwise
    ending = f".{ending.lower()[:10]}" if ending else ""
    found = stem[: _LONGEST_NAME - len(ending)].rstrip("-._") + ending
    return found if is_safe_name(found) else f"{otherwise}-{found}"[:_LONGEST_NAME].rstrip("-._")


class Names:
    """The paths of a package: no two differ in their case alone."""

    def __init__(self) -> None:
        """Begin with none."""
        self._taken: set[str] = set()

    def take(self, folder: str, name: str, otherwise: str = "file") -> str:
        """Return a path for a file in a folder, and keep it.

        Raises:
            ValueError: when the folder leaves no room for it.

        """
        wanted = safe_name(name, otherwise)
        stem, dot, ending = wanted.rpartition(".")
        if not dot:
            stem, ending = wanted, ""
        for number in range(1, 1_000_000):
            mark = "" if number == 1 else f"-{number}"
            room = LONGEST_PATH - len(folder) - 1 - len(mark) - len(dot) - len(ending)
            if room < 1:
                raise ValueError(f"{folder} is too long")
            path = f"{folder}/{stem[:room].rstrip('-._')}{mark}{dot}{ending}"
            if path.lower() not in self._taken:
                self._taken.add(path.lower())
                return path
        raise AssertionError  # pragma: no cover - nobody has a million files of one name


def in_parts(entries: Iterable[Entry], most: int, first: int = 0) -> list[list[Entry]]:
    """Return the files in parts of at most so many bytes, in their order.

    A single larger file is a part of its own: it can't be divided. ``first``: bytes that the first
    part holds beside them.
    """
    parts: list[list[Entry]] = [[]]
    held = first
    for each in entries:
        if parts[-1] and held + each.size > most:
            parts.append([])
            held = 0
        parts[-1].append(each)
        held += each.size
    return parts


def pieces_of(stream: BinaryIO, size: int = 1024 * 1024) -> Iterator[bytes]:
    """Yield what a stream still holds, piece by piece."""
    while piece := stream.read(size):
        yield piece


def as_lines(rows: Sequence[str]) -> bytes:
    """Return rows as a text file, each ended by a line feed."""
    return "".join(f"{each}\n" for each in rows).encode()
