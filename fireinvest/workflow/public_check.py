"""What in a text mustn't reach the public unseen: numbers of people, and names (art 23)?

It finds what looks so; whether a passage is withheld, or may stand, a person decides. It can't
find what only a reader knows to be telling, so nobody is spared reading the text.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from fireinvest.workflow.items.casualties import Casualty
from fireinvest.workflow.items.people import Party
from fireinvest.workflow.registers import Record


class Sort(StrEnum):
    """What was found? The codes of the list that the law's profile words."""

    IDENTITY_NO = "identity_no"
    PHONE = "phone"
    PLATE = "plate"
    ACCOUNT = "account"
    MINOR = "minor"
    VICTIM = "victim"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Hit:
    """Something that was found: what it is, as it stands in the text, and where."""

    sort: Sort
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody whose name is looked for, and as what."""

    name: str
    sort: Sort


#: Blanks and hyphens that stand between the digits of a number.
_GAP = r"[ \-]?"
_NOT_BEFORE, _NOT_AFTER = r"(?<![0-9A-Za-z])", r"(?![0-9A-Za-z])"
#: The provinces as they stand on number plates, and the letters and digits that follow: no I, no O.
_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_ON_PLATE = "A-HJ-NP-Z0-9"

#: In this order: where two fit, the first is meant.
_NUMBERS: tuple[tuple[Sort, re.Pattern[str]], ...] = (
    (
        Sort.IDENTITY_NO,
        re.compile(
            _NOT_BEFORE
            + rf"[1-9](?:{_GAP}\d){{5}}{_GAP}(?:1{_GAP}[89]|2{_GAP}0)(?:{_GAP}\d){{2}}"
            + rf"{_GAP}(?:0{_GAP}[1-9]|1{_GAP}[0-2]){_GAP}(?:[0-2]{_GAP}\d|3{_GAP}[01])"
            + rf"(?:{_GAP}\d){{3}}{_GAP}[\dXx]"
            + _NOT_AFTER
        ),
    ),
    (
        # As it was until 1999: two digits of the year, no check digit.
        Sort.IDENTITY_NO,
        re.compile(_NOT_BEFORE + r"[1-9]\d{7}(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])\d{3}" + _NOT_AFTER),
    ),
    (Sort.PHONE, re.compile(rf"(?<![0-9])(?:\+?86{_GAP})?1[3-9]\d(?:{_GAP}\d){{8}}(?![0-9])")),
    (Sort.PHONE, re.compile(r"(?<![0-9])(?:\(0\d{2,3}\)|0\d{2,3}[ \-]?)[2-9]\d{6,7}(?![0-9])")),
    (Sort.PHONE, re.compile(r"(?<![0-9])[48]00[ \-]?\d{3}[ \-]?\d{4}(?![0-9])")),
    (Sort.ACCOUNT, re.compile(_NOT_BEFORE + rf"[1-9](?:{_GAP}\d){{14,20}}" + _NOT_AFTER)),
    (
        Sort.PLATE,
        re.compile(
            rf"[{_PROVINCES}][ ]?[A-HJ-NP-Z][ ·•.\-]?[{_ON_PLATE}]{{4}}"
            rf"(?:[{_ON_PLATE}]{{1,2}}|[挂学警港澳])(?![0-9A-Za-z])",
            re.IGNORECASE,
        ),
    ),
)
#: Names of fewer characters would be found in every other word.
_SHORTEST_NAME = 2
_UNDER_AGE = 18
_VICTIM, _PERSON = "victim", "person"
_WITH_BIRTHDAY = 18


def named_people(
    parties: Iterable[Record], casualties: Iterable[Record], occurred_on: date
) -> tuple[Named, ...]:
    """Return the people of a fire by their names: minors, victims, and the others.

    Units are named in public; so are people only where a person says so.
    """
    found: dict[str, Sort] = {}
    minors = {
        number
        for each in casualties
        if isinstance(each.values, Casualty) and _is_minor(each.values, occurred_on)
        for number in each.values.party or ()
    }
    for record in casualties:
        if isinstance(record.values, Casualty):
            is_minor = _is_minor(record.values, occurred_on)
            _add(found, record.values.name, Sort.MINOR if is_minor else Sort.VICTIM)
    for record in parties:
        party = record.values
        if not isinstance(party, Party) or party.sort != _PERSON:
            continue
        if record.item in minors or _age(party.identity_no, occurred_on) < _UNDER_AGE:
            _add(found, party.name, Sort.MINOR)
        else:
            _add(found, party.name, Sort.VICTIM if party.role == _VICTIM else Sort.PERSON)
    return tuple(Named(name, sort) for name, sort in found.items())


#: Of two sorts under one name, the graver one is told.
_GRAVITY = (Sort.MINOR, Sort.VICTIM, Sort.PERSON)


def _add(found: dict[str, Sort], name: str | None, sort: Sort) -> None:
    known = "".join((name or "").split())
    if len(known) < _SHORTEST_NAME:
        return
    kept = found.get(known, sort)
    found[known] = min(kept, sort, key=_GRAVITY.index)


def _is_minor(casualty: Casualty, occurred_on: date) -> bool:
    if casualty.is_minor is not None:
        return casualty.is_minor
    if casualty.age is not None:
        return casualty.age < _UNDER_AGE
    return _age(casualty.identity_no, occurred_on) < _UNDER_AGE


def _age(identity_no: str | None, on: date) -> int:
    """How old somebody is by an identity number; of age where it doesn't tell."""
    if identity_no is None or len(identity_no) != _WITH_BIRTHDAY:
        return _UNDER_AGE
    try:
        born_on = date.fromisoformat(
            f"{identity_no[6:10]}-{identity_no[10:12]}-{identity_no[12:14]}"
        )
    except ValueError:
        return _UNDER_AGE
    return on.year - born_on.year - ((on.month, on.day) < (born_on.month, born_on.day))


def hits_in(text: str, people: Iterable[Named]) -> tuple[Hit, ...]:
    """Return what was found in a text, in reading order; nothing is told twice of one place."""
    found: list[Hit] = []
    for each in (*_numbers_in(text), *_names_in(text, people)):
        if all(each.end <= other.start or each.start >= other.end for other in found):
            found.append(each)
    return tuple(sorted(found, key=lambda each: each.start))


def _numbers_in(text: str) -> Iterator[Hit]:
    plain = _plain(text)
    for sort, pattern in _NUMBERS:
        for match in pattern.finditer(plain):
            yield Hit(sort, text[match.start() : match.end()], match.start(), match.end())


def _names_in(text: str, people: Iterable[Named]) -> Iterator[Hit]:
    # Longer names first: 欧阳一 is not told of as somebody called 阳一.
    for each in sorted(people, key=lambda one: -len(one.name)):
        pattern = r"\s*".join(map(re.escape, each.name))
        for match in re.finditer(pattern, text, re.IGNORECASE):
            yield Hit(each.sort, match[0], match.start(), match.end())


def _plain(text: str) -> str:
    """The text with full-width letters and digits as plain ones, each in its place."""
    return "".join(_plain_one(each) for each in text)


_DASHES = dict.fromkeys("‐‑‒–—－−", "-")


def _plain_one(character: str) -> str:
    if character in _DASHES:
        return _DASHES[character]
    folded = unicodedata.normalize("NFKC", character)
    return folded if len(folded) == 1 and folded.isascii() else character


def as_compared(passage: str) -> str:
    """Return a passage as two of them are compared: blanks and widths make no difference."""
    return "".join(_plain(passage).split())


def redacted(text: str, passages: Iterable[tuple[str, str]]) -> str:
    """Return a text with each passage replaced wherever it stands, the longest first."""
    for passage, instead in sorted(passages, key=lambda each: -len(each[0])):
        if passage:
            text = text.replace(passage, instead)
    return text
