"""Sentences for people: written once in English, shown in the reader's language.

The core never renders text. It returns :class:`Text` (an English msgid with values) or
:class:`Label` (two wordings that stand in a rule profile), and the edge, a command or a page,
renders them. That keeps one catalogue for commands, pages and documents.
"""

import gettext
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import TypeAlias

from fireinvest.china import CHINA

LANGUAGES = ("zh", "en")
DEFAULT_LANGUAGE = "zh"

_TRANSLATIONS = Path(__file__).parent / "translations"


@dataclass(frozen=True, slots=True)
class Label:
    """What is the wording of this thing in each language? It stands in a rule profile."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True, init=False)
class Text:
    """Which sentence is meant, and with which values?

    ``Text("deaths: %(number)s", number=5)``. Values may be numbers, strings, dates, instants
    (shown in the time of Shanghai), labels, money already worded, or other texts.
    """

    msgid: str
    values: tuple[tuple[str, object], ...]

    def __init__(self, msgid: str, /, **values: object) -> None:
        """Keep the msgid and its values, in a form that can be compared and hashed."""
        object.__setattr__(self, "msgid", msgid)
        object.__setattr__(self, "values", tuple(values.items()))


@dataclass(frozen=True, slots=True)
class Joined:
    """Which words are to be read one after the other, as a list?"""

    parts: tuple["Words", ...]


Words: TypeAlias = Text | Label | Joined | str


@cache
def _catalogue(language: str) -> gettext.NullTranslations:
    return gettext.translation(
        "messages", localedir=_TRANSLATIONS, languages=[language], fallback=True
    )


def render(words: Words, language: str) -> str:
    """Return the words as a string in the language ("zh" or "en")."""
    match words:
        case str():
            return words
        case Label():
            return words.zh if language == "zh" else words.en
        case Joined():
            separator = "、" if language == "zh" else ", "
            return separator.join(render(part, language) for part in words.parts)
    template = _catalogue(language).gettext(words.msgid)
    if not words.values:
        return template
    return template % {name: _shown(value, language) for name, value in words.values}


def _shown(value: object, language: str) -> object:
    if isinstance(value, Text | Label | Joined):
        return render(value, language)
    if isinstance(value, datetime):
        return value.astimezone(CHINA).strftime("%Y-%m-%d %H:%M")
    if isinstance(value, date):
        return value.isoformat()
    return value


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, at which field or key, and under which article, if one is at stake?"""

    field: str
    text: Words
    article: str | None = None


class Faulty(Exception):
    """Something given from outside can't be taken; carries every problem found, not only one."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        """Keep the problems in the order in which they were found."""
        self.problems = tuple(problems)
        super().__init__(
            "; ".join(f"{problem.field}: {render(problem.text, 'en')}" for problem in self.problems)
        )


_EXCERPT = 40


def excerpt(given: object) -> str:
    """Return the beginning of what was given from outside, fit to be shown on one line."""
    if isinstance(given, dict | list | tuple | set):
        return "…"
    try:
        written = str(given).strip()
    except ValueError:  # a number of thousands of digits
        return "…"
    shown = "".join(each if each.isprintable() else "?" for each in written[: _EXCERPT + 1])
    return shown if len(shown) <= _EXCERPT else f"{shown[: _EXCERPT - 1]}…"


_YUAN_IN_WAN = 10_000
_FEN_IN_YUAN = 100


def money(fen: int) -> Label:
    """Return an amount of fen worded for a reader: 万元 in Chinese, yuan in English."""
    yuan, rest = divmod(fen, _FEN_IN_YUAN)
    cents = f".{rest:02d}" if rest else ""
    wan, remainder = divmod(fen, _YUAN_IN_WAN * _FEN_IN_YUAN)
    decimals = f"{remainder:06d}".rstrip("0")
    return Label(
        zh=f"{wan}.{decimals}万元" if decimals else f"{wan}万元",
        en=f"{yuan:,}{cents} yuan",
    )
