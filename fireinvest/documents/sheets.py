"""An Excel list that somebody filled in, read row by row: values alone, and every fault by its cell.

Nothing in it is computed: a cell with a formula is refused, for what it shows isn't what it holds.
What it may unpack to is bounded before it is opened, and XML that declares entities is refused.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from math import isfinite
from typing import BinaryIO
from zipfile import ZipFile

from openpyxl import load_workbook
from openpyxl.utils import get_column_letter

from fireinvest.messages import LANGUAGES, Faulty, Problem, Text, render

#: Bytes and parts that a list may unpack to.
_MOST_UNPACKED = 32 * 1024**2
_MOST_PARTS = 200
_XML = (".xml", ".rels", ".vml")
#: The heads of the columns stand in one of the first rows, and in one of so many columns.
_LAST_HEAD = 10
_MOST_COLUMNS = 60


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a list: its number in the sheet, what stands in its cells, and what can't be read.

    ``places``: the name of the cell of each column, such as B7. A problem's field is such a name.
    """

    number: int
    cells: Mapping[str, str]
    places: Mapping[str, str]
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Taken:
    """What cells may hold beside texts and whole numbers of at most so many characters.

    ``has_days``: days and instants, written out as 2025-05-12T08:30, amounts, and true and false.
    """

    longest: int = 1000
    has_days: bool = False


def read_sheet(
    stream: BinaryIO,
    heads: Mapping[str, Text],
    *,
    needed: Iterable[str],
    most_rows: int,
    taken: Taken | None = None,
) -> list[Row]:
    """Return the rows of the first sheet of an Excel file that hold anything.

    ``heads``: what each column is called, in any language; they may stand in any order, with
    others between them that are left aside. ``needed``: the columns that must be there.

    Raises:
        Faulty: for the whole file: it can't be read, is too large, or has no such heads.

    """
    _refuse_bombs(stream)
    try:
        book = load_workbook(stream, read_only=True, data_only=False, keep_links=False)
        try:
            sheet = book.worksheets[0]
            # What a file says of its size need not be true, and cells far away make it large.
            sheet.reset_dimensions()
            found = sheet.iter_rows(max_row=most_rows + _LAST_HEAD + 1, max_col=_MOST_COLUMNS)
            return _rows(found, heads, set(needed), most_rows, taken or Taken())
        finally:
            book.close()
    except Faulty:
        raise
    except Exception as error:
        # A file that was made to break the library breaks it in ways that it doesn't name.
        raise _unread() from error


def _unread() -> Faulty:
    return _faulty(Text("The file can't be read: is it an Excel file (.xlsx)?"))


def _faulty(text: Text) -> Faulty:
    return Faulty([Problem("file", text)])


def _refuse_bombs(stream: BinaryIO) -> None:
    stream.seek(0)
    try:
        with ZipFile(stream) as archive:
            parts = archive.infolist()
            # No more of a part is unpacked than its entry says.
            if len(parts) > _MOST_PARTS or sum(each.file_size for each in parts) > _MOST_UNPACKED:
                raise _faulty(Text("The file is too large for a list."))
            for each in parts:
                if each.filename.lower().endswith(_XML):
                    _refuse_entities(archive.read(each))
    except Faulty:
        raise
    except Exception as error:
        raise _unread() from error
    stream.seek(0)


def _refuse_entities(part: bytes) -> None:
    """No Excel file declares a type of document; UTF-16, in which it would hide, has NULs."""
    if b"<!DOCTYPE" in part or b"\0" in part:
        raise _unread()


def _rows(
    found: Iterable[Sequence[object]],
    heads: Mapping[str, Text],
    needed: set[str],
    most_rows: int,
    taken: Taken,
) -> list[Row]:
    columns: dict[str, int] = {}
    rows: list[Row] = []
    for number, cells in enumerate(found, start=1):
        if not columns:
            columns = _columns(cells, heads, needed)
            if not columns and number >= _LAST_HEAD:
                break
            continue
        row = _row(number, cells, columns, taken)
        if row is not None:
            rows.append(row)
        if len(rows) > most_rows:
            text = Text("A list has at most %(most)s rows; divide it.", most=most_rows)
            raise _faulty(text)
    if not columns:
        names = " / ".join(
            "、".join(render(heads[each], language) for each in heads if each in needed)
            for language in LANGUAGES
        )
        raise _faulty(Text("No row has the heads of the columns: %(names)s.", names=names))
    return rows


def _columns(
    cells: Sequence[object], heads: Mapping[str, Text], needed: set[str]
) -> dict[str, int]:
    """Return where each column stands, if this is the row of the heads."""
    called = {
        render(head, language).strip().casefold(): name
        for name, head in heads.items()
        for language in LANGUAGES
    }
    found: dict[str, int] = {}
    for place, cell in enumerate(cells):
        value = getattr(cell, "value", None)
        name = called.get(value.strip().casefold()) if isinstance(value, str) else None
        if name is not None:
            found.setdefault(name, place)
    return found if needed <= set(found) else {}


def _row(
    number: int, cells: Sequence[object], columns: Mapping[str, int], taken: Taken
) -> Row | None:
    values: dict[str, str] = {}
    places: dict[str, str] = {}
    problems: list[Problem] = []
    for name, place in columns.items():
        places[name] = f"{get_column_letter(place + 1)}{number}"
        cell = cells[place] if place < len(cells) else None
        values[name], problem = _value(cell, taken)
        if problem is not None:
            problems.append(Problem(places[name], problem))
    if not problems and not any(values.values()):
        return None
    return Row(number, values, places, tuple(problems))


def _value(cell: object, taken: Taken) -> tuple[str, Text | None]:
    """Return the text of a cell, and what is wrong with it."""
    value = getattr(cell, "value", None)
    if getattr(cell, "data_type", None) == "f":
        return "", Text("This is a formula; only what is typed in is taken.")
    match value:
        case None:
            return "", None
        case str():
            if len(value) > taken.longest:
                text = Text("At most %(most)s characters are taken.", most=taken.longest)
                return "", text
            return value.strip(), None
        case bool() if taken.has_days:
            return str(value).lower(), None
        case bool():
            pass
        case int():
            return str(value), None
        case float() if value.is_integer() and abs(value) < 10**15:
            return str(int(value)), None
        case float() if taken.has_days and isfinite(value) and abs(value) < 10**12:
            # Excel keeps amounts as fractions of two; what was typed is the shortest that fits.
            return repr(value), None
        case datetime() if taken.has_days:
            has_time = (value.hour, value.minute) != (0, 0)
            return value.strftime("%Y-%m-%dT%H:%M" if has_time else "%Y-%m-%d"), None
        case date() if taken.has_days:
            return value.isoformat(), None
        case _:
            pass
    return "", Text("This is no text; set the cell's format to text and type it again.")
