"""On what does a value rest? Citations of articles, and findings that carry them."""

import re
from dataclasses import dataclass
from typing import Generic, TypeVar

from fireinvest.messages import Label, Words

_REFERENCE = re.compile(
    r"(?P<instrument>[a-z][a-z0-9_]*):"
    r"(?:(?P<article>[1-9]\d{0,3})(?:\.(?P<paragraph>[1-9]))?(?:\((?P<item>[1-9]\d?)\))?"
    r"|ch(?P<chapter>[1-9]\d?)|(?P<whole>\*))",
    re.ASCII,
)
T = TypeVar("T")

_DIGITS = "零一二三四五六七八九"
_TEN = 10
_HUNDRED = 100
_THOUSAND = 1000


@dataclass(frozen=True, slots=True)
class Citation:
    """Which passage of which instrument is meant?

    Written ``rule:31(1)`` (item 项), ``rule:3.2`` (paragraph 款), ``yunnan:ch4`` (chapter) or
    ``house:*`` (the instrument as a whole).
    """

    instrument: str
    place: str

    def __str__(self) -> str:
        """Return the reference as it is written in a profile."""
        return f"{self.instrument}:{self.place}"

    @property
    def article(self) -> str:
        """The article alone, without paragraph or item: "31" for "31(1)"."""
        return re.split(r"[.(]", self.place)[0]


def parse_citation(reference: str) -> Citation | None:
    """Return the citation that a reference like ``rule:31(1)`` names, or None if it is none."""
    if _REFERENCE.fullmatch(reference) is None:
        return None
    instrument, _, place = reference.partition(":")
    return Citation(instrument, place)


def cite(citation: Citation, short_name: Label) -> Label:
    """Return a citation as it is read: "Rule art 31(1)" and "《规定》第三十一条第（一）项"."""
    found = _REFERENCE.fullmatch(str(citation))
    if found is None or found["whole"]:
        return short_name
    if found["chapter"]:
        chapter = chinese_number(int(found["chapter"]))
        return Label(
            zh=f"{short_name.zh}第{chapter}章", en=f"{short_name.en} ch {found['chapter']}"
        )
    zh = f"{short_name.zh}第{chinese_number(int(found['article']))}条"
    en = f"{short_name.en} art {found['article']}"
    if found["paragraph"]:
        zh += f"第{chinese_number(int(found['paragraph']))}款"
        en += f"({found['paragraph']})"
    if found["item"]:
        zh += f"第（{chinese_number(int(found['item']))}）项"
        en += f"({found['item']})"
    return Label(zh=zh, en=en)


def chinese_number(number: int) -> str:
    """Return a number from 1 to 9999 in Chinese numerals, as articles are numbered: 三十一."""
    written = ""
    skipped = False
    for unit, name in ((_THOUSAND, "千"), (_HUNDRED, "百"), (_TEN, "十"), (1, "")):
        digit, number = divmod(number, unit)
        if digit:
            written += ("零" if skipped and written else "") + _DIGITS[digit] + name
            skipped = False
        else:
            skipped = True
    return written.removeprefix("一") if written.startswith("一十") else written


@dataclass(frozen=True, slots=True)
class Basis:
    """Why does a value hold: under which citation, and because of what?"""

    citation: Citation
    because: Words


@dataclass(frozen=True, slots=True)
class Finding(Generic[T]):
    """A value of the law, and what it rests on."""

    value: T
    basis: tuple[Basis, ...]
