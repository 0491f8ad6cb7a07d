"""Items of a register from an Excel table: every cell read as the form's field of the same name.

What is chosen from a list stands there in words, in any language, or as its code; items that are
named stand there by their marks. Nothing is saved here.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO

from fireinvest.documents.sheets import Row, Taken, read_sheet
from fireinvest.messages import LANGUAGES, Faulty, Problem, Text, render
from fireinvest.regulation.facts import Given
from fireinvest.services.contents import NotTaken, media_type_of
from fireinvest.services.records import MOST_AT_ONCE
from fireinvest.workflow.actions import Shape
from fireinvest.workflow.asking import Asked
from fireinvest.workflow.items import ITEMS
from fireinvest.workflow.items.base import Item, parse_item

__all__ = ["FLAGS", "TableRow", "dated", "read_table", "same"]

_LONGEST_CELL = 10_000
#: What is repeated of a cell that tells no choice.
_LONGEST_GIVEN = 100
#: More commas than any choice has in its words.
_MOST_PIECES = 20
_CHOSEN = (Shape.LISTED, Shape.CHOSEN, Shape.REFERENCES)
_SEVERAL = (Shape.CHOSEN, Shape.REFERENCES)
_BETWEEN = re.compile(r"([,，、;；\n]+)")
_DAY = re.compile(r"(\d{4})\s*[年/.-]\s*(\d{1,2})\s*[月/.-]\s*(\d{1,2})\s*日?(?:[T\s]+(\S+))?")
#: Yes and no, as people type them.
FLAGS = {"是": "yes", "否": "no", "y": "yes", "n": "no"}


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row of a table: where it stands, what was typed, and the item that it tells.

    ``cells``: by the field's name. ``places``: the name of each field's cell, such as B7.
    ``problems``: by field; those of a field that the item doesn't have are of the row.
    """

    number: int
    cells: Mapping[str, str]
    places: Mapping[str, str]
    values: Item
    problems: tuple[Problem, ...]

    def with_problems(self, more: Iterable[Problem]) -> "TableRow":
        """Return the row with more that is wrong; a cell that can't be read says so alone."""
        unread = {each.field for each in self.problems}
        added = tuple(each for each in more if each.field not in unread)
        return replace(self, problems=(*self.problems, *added))


def read_table(
    stream: BinaryIO, file_name: str, register: str, asked: Sequence[Asked]
) -> list[TableRow]:
    """Return what a table asks to be written, each row with what its own cells tell is wrong.

    ``asked``: the fields of the register's form, with their choices.

    Raises:
        Faulty: when the file can't be read at all, is too large, or has no row.

    """
    try:
        media_type_of(stream, file_name, allowed=("xlsx",))
    except NotTaken as refused:
        raise Faulty([Problem("files", refused.text)]) from refused
    heads = {each.name: _head(each) for each in asked}
    needed = [each.name for each in asked if each.is_needed]
    taken = Taken(longest=_LONGEST_CELL, has_days=True)
    try:
        rows = read_sheet(stream, heads, needed=needed, most_rows=MOST_AT_ONCE, taken=taken)
    except Faulty as faulty:
        raise Faulty([replace(each, field="files") for each in faulty.problems]) from faulty
    if not rows:
        raise Faulty([Problem("files", Text("There is no row in this table."))])
    known = {each.name: _codes(each) for each in asked if each.shape in _CHOSEN}
    return [_row(each, register, asked, known) for each in rows]


def _head(asked: Asked) -> Text:
    label = asked.label
    return label if isinstance(label, Text) else Text("%(label)s", label=label)


def _codes(asked: Asked) -> dict[str, str]:
    """Return the code of each choice by all that it may be called."""
    found: dict[str, str] = {}
    for each in asked.choices:
        for language in LANGUAGES:
            words = render(each.words, language)
            found.setdefault(same(words), each.code)
            if asked.shape is Shape.REFERENCES:
                found.setdefault(same(words.partition(" ")[0]), each.code)
    # A code is what it is, whatever else is called so.
    return found | {same(each.code): each.code for each in asked.choices}


def same(written: str) -> str:
    """Return a choice as it is compared, however it was typed."""
    return "".join(written.split()).casefold()


def _row(
    row: Row, register: str, asked: Sequence[Asked], known: Mapping[str, Mapping[str, str]]
) -> TableRow:
    named = {place: name for name, place in row.places.items()}
    problems = [replace(each, field=named.get(each.field, each.field)) for each in row.problems]
    unread = {each.field for each in problems}
    values: dict[str, object] = {}
    for each in asked:
        written = row.cells.get(each.name, "")
        if each.shape in _CHOSEN:
            written = _coded(each, written, known[each.name], problems)
        elif each.shape in (Shape.DAY, Shape.MOMENT):
            written = dated(written)
        elif each.shape is Shape.FLAG:
            written = FLAGS.get(written.lower(), written)
        values[f"{each.name}_yuan" if each.shape is Shape.FEN else each.name] = written
    found: list[Problem] = []
    item = parse_item(ITEMS[register], Given(values, found))
    for problem in found:
        field = problem.field.removesuffix("_yuan")
        if field not in unread:
            problems.append(replace(problem, field=field))
    return TableRow(row.number, row.cells, row.places, item, tuple(problems))


def _coded(asked: Asked, written: str, known: Mapping[str, str], problems: list[Problem]) -> str:
    """Return the codes of what was chosen, with commas between."""
    pieces = _BETWEEN.split(written) if asked.shape in _SEVERAL else [written]
    codes: list[str] = []
    begun = 0
    while begun < len(pieces):
        if not pieces[begun].strip() or _BETWEEN.fullmatch(pieces[begun]):
            begun += 1
            continue
        # A choice may have commas in its own words: the longest that is one counts.
        for end in range(min(len(pieces), begun + _MOST_PIECES), begun, -1):
            code = known.get(same("".join(pieces[begun:end])))
            if code is not None:
                codes.append(code)
                begun = end
                break
        else:
            given = pieces[begun].strip()[:_LONGEST_GIVEN]
            text = Text("%(given)s is none of the choices.", given=given)
            problems.append(Problem(asked.name, text))
            return ""
    return ",".join(codes)


def dated(written: str) -> str:
    """Return a day or an instant as the form takes it, however it was typed."""
    found = _DAY.fullmatch(written.strip())
    if found is None:
        return written
    year, month, day, time = found.groups()
    on = f"{year}-{int(month):02d}-{int(day):02d}"
    if time is None:
        return on
    hour, colon, rest = time.replace("：", ":").partition(":")
    return f"{on}T{hour.zfill(2)}{colon}{rest}"
