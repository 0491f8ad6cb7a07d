"""In which order do the documents of a file stand, in which volumes, and on which pages?

By the items of art 24, then by date, unless the archivist moved them. Volumes have a bound of
pages and of bytes; a document is never divided. What is restricted has volumes of its own.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from fireinvest.messages import render
from fireinvest.services.archives.documents import Document, Form
from fireinvest.workflow.items.archive import FIRST, Arrangement
from fireinvest.workflow.registers import Record

__all__ = ["Arranged", "LeftOut", "Limits", "Placed", "Volume", "arrange", "moved"]


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a volume holds: pages, and about how many bytes."""

    pages: int
    size: int


@dataclass(frozen=True, slots=True)
class Placed:
    """A document in its place: its number in its volume, and on which pages it stands.

    ``pages``: None while nobody has counted them; it then stands for one page. ``change``: by
    which item of the register it was moved. ``same_as``: the key of another with the same content.
    """

    document: Document
    number: int
    pages: int | None
    first_page: int
    change: Record | None = None
    same_as: str | None = None

    @property
    def last_page(self) -> int:
        """The last page on which it stands."""
        return self.first_page + max(self.pages or 1, 1) - 1


@dataclass(frozen=True, slots=True)
class Volume:
    """A volume: its documents in their order. ``restriction``: as what all of it is restricted."""

    number: int
    restriction: str | None
    documents: tuple[Placed, ...]

    @property
    def pages(self) -> int:
        """How many pages it has, as far as they are counted."""
        return self.documents[-1].last_page if self.documents else 0

    @property
    def is_counted(self) -> bool:
        """Is it certain on which pages its documents stand?"""
        return all(each.pages is not None for each in self.documents)

    @property
    def size(self) -> int:
        """About how many bytes its PDF has."""
        return sum(_bytes_of(each.document, each.pages) for each in self.documents)

    @property
    def fingerprint(self) -> str:
        """One SHA-256 over all of which it is made: another order or content has another."""
        made_of = [
            [
                each.document.key,
                each.document.attachment.sha256,
                each.document.on.isoformat(),
                render(each.document.title, "zh"),
                each.document.number,
                each.pages,
            ]
            for each in self.documents
        ]
        written = json.dumps([self.number, self.restriction, made_of], ensure_ascii=False)
        return hashlib.sha256(written.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A document that was left out, and by which item of the register."""

    document: Document
    change: Record


@dataclass(frozen=True, slots=True)
class Arranged:
    """All documents of a file in their places.

    ``apart``: those with several restrictions, which go into no volume.
    """

    volumes: tuple[Volume, ...]
    left_out: tuple[LeftOut, ...]
    apart: tuple[Document, ...]

    @property
    def placed(self) -> Iterator[Placed]:
        """Every document in a volume, in order."""
        for volume in self.volumes:
            yield from volume.documents


def arrange(
    documents: Sequence[Document],
    items: Sequence[str],
    changes: Iterable[Record],
    pages: Mapping[str, int],
    limits: Limits,
) -> Arranged:
    """Return where each document stands.

    ``items``: the items of what is filed, in order. ``changes``: what the archivist changed.
    ``pages``: by hash, how many pages a file has, as far as they were counted.
    """
    by_key = _changes(changes)
    ordered = _ordered(documents, items, by_key)
    left_out = []
    kept: dict[str | None, list[Document]] = {}
    apart = []
    for each in ordered:
        change = by_key.get(each.key)
        values = change.values if change is not None else None
        if change is not None and isinstance(values, Arrangement) and values.left_out:
            left_out.append(LeftOut(each, change))
        elif len(each.restrictions) > 1:
            apart.append(each)
        else:
            kept.setdefault(next(iter(each.restrictions), None), []).append(each)
    volumes: list[Volume] = []
    for restriction in sorted(kept, key=lambda name: name or ""):
        volumes.extend(_divided(kept[restriction], restriction, by_key, pages, limits))
    return Arranged(tuple(_same_marked(volumes)), tuple(left_out), tuple(apart))


def _changes(changes: Iterable[Record]) -> dict[str, Record]:
    found: dict[str, Record] = {}
    for each in sorted(changes, key=lambda record: record.seq):
        if isinstance(each.values, Arrangement) and each.values.document is not None:
            found.pop(each.values.document, None)
            found[each.values.document] = each
    return found


def _ordered(
    documents: Sequence[Document], items: Sequence[str], changes: Mapping[str, Record]
) -> list[Document]:
    """By item and date; then each change, in the order in which they were made."""
    place = {item: number for number, item in enumerate(items)}
    ordered = sorted(documents, key=lambda each: (place.get(each.item, len(place)), each.on))
    known = {each.key: each for each in ordered}
    for key, change in changes.items():
        after = getattr(change.values, "after", None)
        mine = known.get(key)
        if mine is None or after is None or (after != FIRST and after not in known):
            continue
        ordered.remove(mine)
        at = 0 if after == FIRST else ordered.index(known[after]) + 1
        ordered.insert(at, mine)
    return ordered


def _pages_of(document: Document, pages: Mapping[str, int]) -> int | None:
    """What can't become pages has a sheet that says so; what wasn't counted is unknown."""
    if document.form is Form.OTHER:
        return 1
    found = pages.get(document.attachment.sha256)
    return None if found is None else max(found, 1)


#: A sheet, and a picture as it is printed, have about so many bytes.
_SHEET, _PICTURE = 20_000, 600_000


def _bytes_of(document: Document, pages: int | None) -> int:
    """About how many bytes of a volume a document takes: pictures are printed smaller."""
    size = document.attachment.size
    match document.form:
        case Form.OTHER:
            return _SHEET
        case Form.PICTURE:
            return min(size, _PICTURE * (pages or 1))
    return size


def _divided(
    documents: Sequence[Document],
    restriction: str | None,
    changes: Mapping[str, Record],
    pages: Mapping[str, int],
    limits: Limits,
) -> Iterator[Volume]:
    pinned: dict[int, list[tuple[int, Document]]] = {}
    free: list[tuple[int, Document]] = []
    for order, each in enumerate(documents):
        change = changes.get(each.key)
        volume = getattr(change.values, "volume", None) if change is not None else None
        (free if volume is None else pinned.setdefault(volume, [])).append((order, each))
    number, wanted = 1, 1
    while free or pinned:
        # Nobody's volumes have gaps: where nothing is left, the next one that is asked for follows.
        if not free:
            wanted = min(pinned)
        held = pinned.pop(wanted, [])
        room = limits.pages - sum(_pages_of(each, pages) or 1 for _order, each in held)
        bytes_left = limits.size - sum(
            _bytes_of(each, _pages_of(each, pages)) for _order, each in held
        )
        taken = list(held)
        while free:
            _order, each = free[0]
            needed = _pages_of(each, pages) or 1
            size = _bytes_of(each, needed)
            does_fit = needed <= room and size <= bytes_left
            # One that is larger than any volume has one of its own.
            if not does_fit and taken:
                break
            taken.append(free.pop(0))
            room -= needed
            bytes_left -= size
        yield Volume(number, restriction, tuple(_placed(sorted(taken), changes, pages)))
        number, wanted = number + 1, wanted + 1


def _placed(
    taken: Sequence[tuple[int, Document]], changes: Mapping[str, Record], pages: Mapping[str, int]
) -> Iterator[Placed]:
    page = 1
    for number, (_order, each) in enumerate(taken, 1):
        found = Placed(each, number, _pages_of(each, pages), page, changes.get(each.key))
        page = found.last_page + 1
        yield found


def _same_marked(volumes: Iterable[Volume]) -> Iterator[Volume]:
    """Mark what is there twice: it can be left out."""
    seen: dict[str, str] = {}
    for volume in volumes:
        marked = []
        for each in volume.documents:
            first = seen.setdefault(each.document.attachment.sha256, each.document.key)
            marked.append(each if first == each.document.key else replace(each, same_as=first))
        yield replace(volume, documents=tuple(marked))


# ---------------------------------------------------------------------------- moving


def moved(arranged: Arranged, key: str, way: str) -> str | None:
    """Return behind which document one stands once it is moved "up" or "down" by one place.

    None where it can't be moved so.
    """
    for restriction in {each.restriction for each in arranged.volumes}:
        keys = [
            each.document.key
            for volume in arranged.volumes
            if volume.restriction == restriction
            for each in volume.documents
        ]
        if key not in keys:
            continue
        at = keys.index(key)
        if way == "down":
            return keys[at + 1] if at + 1 < len(keys) else None
        if at == 0:
            return None
        return keys[at - 2] if at > 1 else FIRST
    return None
