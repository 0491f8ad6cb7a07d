"""Two people changed one text: what did each change, and do the changes fit together?

Texts are taken by sentences and lines; Chinese has no blanks between words.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TypeVar

_ENDS = frozenset("\n。；;！!？?")

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
    found: list[str] = []
    begun = 0
    for place, each in enumerate(text, 1):
        if each in _ENDS:
            found.append(text[begun:place])
            begun = place
    return [*found, text[begun:]] if begun < len(text) else found


def merge(base: str, mine: str, theirs: str) -> Merged:
    """Return the text with what both changed in ``base``; only passages that differ can clash."""
    old = sentences(base)
    one, other = _changes(old, sentences(mine)), _changes(old, sentences(theirs))
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
        for change in _changes(known, fresh):
            written.extend(authors[done : change.start])
            written.extend([author] * len(change.by))
            done = change.end
        written.extend(authors[done:])
        known, authors = fresh, written
    return list(zip(known, authors, strict=True))


def _changes(old: Sequence[str], new: Sequence[str]) -> list[Change]:
    """Return what was replaced in a text, in its order. Most of a text stays: only the rest counts."""
    shorter = min(len(old), len(new))
    head = next((n for n in range(shorter) if old[n] != new[n]), shorter)
    most = shorter - head
    tail = next((n for n in range(most) if old[-1 - n] != new[-1 - n]), most)
    was, now = old[head : len(old) - tail], new[head : len(new) - tail]
    return list(_replaced(was, now, head))


def _replaced(old: Sequence[str], new: Sequence[str], offset: int) -> Iterator[Change]:
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag != "equal":
            yield Change(a + offset, b + offset, tuple(new[c:d]))


def _touch(one: Change, other: Change) -> bool:
    """Are two changes of the same passage, or does one lie within the other?"""
    return (
        one.start == other.start
        or one.start < other.start < one.end
        or other.start < one.start < other.end
    )
