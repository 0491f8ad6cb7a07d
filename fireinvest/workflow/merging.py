"""Two people changed one text: what did each change, and do the changes fit together?

Texts are taken by sentences and lines; Chinese has no blanks between words.
"""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TypeVar

_SENTENCE = re.compile(r"[^\n。；;！!？?]*[\n。；;！!？?]|[^\n。；;！!？?]+")
#: Parts of two texts are compared each with each up to so many pairs; a longer text is taken apart
#: first, where a part stands once in both.
_COMPARED_AT_ONCE = 100_000

Author = TypeVar("Author")


@dataclass(frozen=True, slots=True)
class Change:
    """The sentences of a text from one place to another were replaced by others."""

    start: int
    end: int
    by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Merged:
    """Both changes in one text. ``text`` is None where they touch the same passage.

    ``clashes``: the passages that both changed: as it was, as one has it, as the other has it.
    """

    text: str | None
    clashes: tuple[tuple[str, str, str], ...] = ()


def sentences(text: str) -> list[str]:
    """Return a text by its sentences and lines; joined they are the text again."""
    return _SENTENCE.findall(text)


def merge(base: str, mine: str, theirs: str) -> Merged:
    """Return the text with what both changed in ``base``; only passages that differ can clash."""
    old = sentences(base)
    one, other = changes(old, sentences(mine)), changes(old, sentences(theirs))
    clashes = [
        (
            "".join(old[min(a.start, b.start) : max(a.end, b.end)]),
            "".join(a.by),
            "".join(b.by),
        )
        for a in one
        for b in other
        if a != b and _touch(a, b)
    ]
    if clashes:
        return Merged(None, tuple(clashes))
    parts: list[str] = []
    done = 0
    for each in sorted({*one, *other}, key=lambda change: (change.start, change.end)):
        parts.extend(old[done : each.start])
        parts.extend(each.by)
        done = each.end
    return Merged("".join([*parts, *old[done:]]))


def blame(versions: Sequence[tuple[Author, str]]) -> list[tuple[str, Author]]:
    """Return the sentences of the last version, each with who wrote it; the oldest comes first."""
    known: list[str] = []
    authors: list[Author] = []
    for author, text in versions:
        fresh = sentences(text)
        written: list[Author] = []
        done = 0
        for change in changes(known, fresh):
            written.extend(authors[done : change.start])
            written.extend([author] * len(change.by))
            done = change.end
        written.extend(authors[done:])
        known, authors = fresh, written
    return list(zip(known, authors, strict=True))


def changes(old: Sequence[str], new: Sequence[str], offset: int = 0) -> list[Change]:
    """Return what was replaced in a text taken by parts, in its order.

    Most of a text stays, so its beginning and end are left out first. ``offset``: what is added to
    each place.
    """
    shorter = min(len(old), len(new))
    head = next((n for n in range(shorter) if old[n] != new[n]), shorter)
    most = shorter - head
    tail = next((n for n in range(most) if old[-1 - n] != new[-1 - n]), most)
    was, now = old[head : len(old) - tail], new[head : len(new) - tail]
    return list(_replaced(was, now, offset + head)) if was or now else []


def _replaced(old: Sequence[str], new: Sequence[str], offset: int) -> Iterator[Change]:
    if len(old) * len(new) <= _COMPARED_AT_ONCE:
        matcher = SequenceMatcher(None, old, new, autojunk=False)
        for tag, a, b, c, d in matcher.get_opcodes():
            if tag != "equal":
                yield Change(a + offset, b + offset, tuple(new[c:d]))
        return
    anchors = _anchors(old, new)
    if not anchors:
        yield Change(offset, offset + len(old), tuple(new))
        return
    a = b = 0
    for x, y in (*anchors, (len(old), len(new))):
        yield from changes(old[a:x], new[b:y], offset + a)
        a, b = x + 1, y + 1


def _anchors(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """Return the places of parts that stand once in each, as many as have kept their order."""
    once_old, once_new = Counter(old), Counter(new)
    places = {part: at for at, part in enumerate(new) if once_new[part] == 1}
    pairs = [
        (at, places[part]) for at, part in enumerate(old) if once_old[part] == 1 and part in places
    ]
    # The longest run of them that rises in both: of each length, the run with the lowest end.
    ends: list[int] = []
    lasts: list[int] = []
    before: list[int] = []
    for number, (_, y) in enumerate(pairs):
        length = bisect_left(ends, y)
        before.append(lasts[length - 1] if length else -1)
        ends[length : length + 1] = [y]
        lasts[length : length + 1] = [number]
    found: list[tuple[int, int]] = []
    at = lasts[-1] if lasts else -1
    while at >= 0:
        found.append(pairs[at])
        at = before[at]
    return found[::-1]


def _touch(one: Change, other: Change) -> bool:
    """Are two changes of the same passage, or does one lie within the other?"""
    return (
        one.start == other.start
        or one.start < other.start < one.end
        or other.start < one.start < other.end
    )
