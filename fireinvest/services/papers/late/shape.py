"""How a paper reads well: its title broken where sense allows, a long instrument named once."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from itertools import combinations, pairwise
from typing import Any, ClassVar, TypeVar

from fireinvest.services.papers.base import BLANK, PaperFields, paper_field
from fireinvest.services.papers.material import Material

__all__ = ["WIDEST_ON_COVER", "LetterFields", "broken", "concise"]

#: So many characters of a title stand in a line, and on a cover.
WIDEST, WIDEST_ON_COVER = 19.5, 16.5
_MOST_LINES = 4
#: A line may begin before these words, and after these marks.
_BEFORE = (
    "“", "《", "一般火灾", "较大火灾", "重大火灾", "特别重大火灾", "火灾事故", "调查报告", "整改", "责任追究",
    "涉嫌", "有关问题", "问题线索", "批复", "处理结果", "挂牌督办", "逾期", "再次", "评估", "落实",
)  # fmt: skip
_AFTER = "）”》"
#: What never stands at the beginning of a line.
_NOT_FIRST = "）”》、，。：；的"
_NOT_LAST = "（“《"


@dataclass(frozen=True)
class LetterFields(PaperFields):
    """What has a title of several lines. ``heading``: the title as it is printed."""

    #: So many characters stand in a line of it.
    WIDEST: ClassVar[float] = WIDEST

    heading: str = paper_field(
        "标题（分行）", "title, in lines", "关于某某火灾事故\n调查报告的批复"
    )

    def __post_init__(self) -> None:
        """Break the title where sense allows."""
        if self.heading == BLANK:
            object.__setattr__(self, "heading", broken(self.title, self.WIDEST))


def _width(text: str) -> float:
    return sum(1.0 if ord(each) > 0x2E7F or each in "“”·" else 0.5 for each in text)


def broken(title: str, widest: float = WIDEST) -> str:
    """Return a title in as few lines as it takes, of like length, each of whole words."""
    if _width(title) <= widest:
        return title
    places = sorted(set(_places(title)))
    for count in range(1, _MOST_LINES):
        best: tuple[float, str] | None = None
        for chosen in combinations(places, count):
            ends = (0, *chosen, len(title))
            lines = [title[a:b] for a, b in pairwise(ends)]
            widths = [_width(each) for each in lines]
            if max(widths) > widest:
                continue
            found = (max(widths) - min(widths), "\n".join(lines))
            best = found if best is None else min(best, found)
        if best is not None:
            return best[1]
    return title


def _places(title: str) -> Iterator[int]:
    starts = [found.start() for word in _BEFORE for found in re.finditer(re.escape(word), title)]
    starts += [found.end() for found in re.finditer(f"[{_AFTER}]", title)]
    levels = ("较大", "重大", "特别", "一般")
    for place in starts:
        if not 0 < place < len(title):
            continue
        before, after = title[:place], title[place:]
        is_split = before.endswith((*levels, "特别重大")) or (
            before.endswith("特别") and after.startswith("重大")
        )
        if after[0] in _NOT_FIRST or before[-1] in _NOT_LAST or is_split:
            continue
        yield place


# ---------------------------------------------------------------------------- one name, once


F = TypeVar("F", bound=PaperFields)


def concise(build: Callable[[Material], F]) -> Callable[[Material], F]:
    """Return a builder that names the rule in full where it first stands, and short after that."""

    def made(m: Material) -> F:
        return _shortened(build(m), f"《{_title(m)}》")

    return made


def _title(m: Material) -> str:
    instrument = m.file.ruleset.instruments[m.kind.basis.instrument]
    return m.say(instrument.title).partition("（")[0]


def _joined(value: Any, full: str) -> Any:
    """Name the rule once for articles that follow each other: 《……》第五条、第六条."""
    if isinstance(value, tuple):
        return tuple(_joined(each, full) if isinstance(each, str) else each for each in value)
    if not isinstance(value, str):
        return value
    again = re.compile(f"({full}第[^《》，。；]*)、{full}第")
    while again.search(value):
        value = again.sub(r"\1、第", value)
    return value


def _shortened(built: F, full: str) -> F:
    names = [
        each.name for each in fields(built) if each.name not in ("title", "heading", "addressee")
    ]
    said = [_joined(getattr(built, name), full) for name in names]
    if sum(text.count(full) for text in _texts(said)) < 2:
        return replace(built, **dict(zip(names, said, strict=True)))
    short = f"《{'规定' if full.endswith('规定》') else full[-3:-1]}》"
    is_first = True

    def once(text: str) -> str:
        nonlocal is_first
        if full not in text:
            return text
        if is_first:
            is_first = False
            before, _, after = text.partition(full)
            return f"{before}{full}（以下简称{short}）{after.replace(full, short)}"
        return text.replace(full, short)

    changed: dict[str, Any] = {}
    for name, value in zip(names, said, strict=True):
        if isinstance(value, str):
            changed[name] = once(value)
        elif isinstance(value, tuple) and all(isinstance(each, str) for each in value):
            changed[name] = tuple(once(each) for each in value)
    return replace(built, **changed)


def _texts(values: list[Any]) -> Iterator[str]:
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, tuple):
            yield from (each for each in value if isinstance(each, str))
