"""What stands in the text of a report: words, and the places of tables that the case fills.

A place is one of a fixed list of names between doubled braces. Nothing in it is ever evaluated.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

_PLACE = re.compile(r"\{\{\s*([^{}\n]{1,40}?)\s*\}\}")
_BLANKS = re.compile(r"\s+")
#: Ends a line within a cell.
_LINE_END = "\u2028"


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text: words, or the place of a table by its code.

    ``is_unknown``: words that look like the place of a table, but of none that there is.
    """

    text: str
    table: str | None = None
    is_unknown: bool = False


@dataclass(frozen=True, slots=True)
class FrozenTable:
    """A table as it was submitted: rows of words, the first of them the head."""

    code: str
    rows: tuple[tuple[str, ...], ...]


def pieces(text: str, names: Mapping[str, str]) -> Iterator[Piece]:
    """Yield a text by words and places of tables. ``names``: the code of each table by its names.

    A table stands in lines of its own: the ends of lines beside it are left out.
    """
    done, begins = 0, ""
    for found in _PLACE.finditer(text):
        code = names.get(found[1])
        beside = "" if code is None else "\n"
        if words := text[done : found.start()].lstrip(begins).rstrip(beside):
            yield Piece(words)
        yield Piece(found[0], code, is_unknown=code is None)
        done, begins = found.end(), beside
    if words := text[done:].lstrip(begins):
        yield Piece(words)


def frozen(tables: Sequence[FrozenTable]) -> str:
    """Return tables as one text that can be read, and taken apart again."""
    return "\n\n".join(
        "\n".join([f"{{{{{table.code}}}}}", *("\t".join(map(_cell, row)) for row in table.rows)])
        for table in tables
    )


def thawed(text: str | None) -> tuple[FrozenTable, ...]:
    """Return the tables that were written down so."""
    found = []
    for block in (text or "").split("\n\n"):
        head, *rows = block.split("\n")
        if _PLACE.fullmatch(head):
            cells = tuple(
                tuple(cell.replace(_LINE_END, "\n") for cell in row.split("\t")) for row in rows
            )
            found.append(FrozenTable(head.strip("{} "), cells))
    return tuple(found)


def _cell(words: str) -> str:
    """One line of words; a cell that says nothing is told by a dash, so that no row is empty."""
    lines = (_BLANKS.sub(" ", each).strip() for each in words.strip().split("\n"))
    return _LINE_END.join(lines) or "—"
