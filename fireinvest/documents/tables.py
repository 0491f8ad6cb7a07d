"""A table as an Excel file, written row by row: nothing in it is ever a formula or a link."""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import IO

import xlsxwriter  # type: ignore[import-untyped] # it ships no types
from xlsxwriter.utility import xl_range_abs  # type: ignore[import-untyped] # likewise

from fireinvest.china import CHINA

#: What a cell can hold; None leaves it empty.
Cell = str | int | float | Decimal | date | datetime | None


class Shape(StrEnum):
    """What stands in a column?"""

    TEXT = "text"
    NUMBER = "number"
    MONEY = "money"
    DATE = "date"
    INSTANT = "instant"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its label, what it holds, and its width in characters (a Chinese one takes two)."""

    label: str
    shape: Shape = Shape.TEXT
    width: float = 16


_NUMBERS = (Shape.NUMBER, Shape.MONEY)

#: Rows are kept on the disk until the end, and a text stays a text, whatever it looks like.
_AS_GIVEN = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
#: The most rows of a table; a sheet holds few more.
MOST_ROWS = 1_000_000
#: The longest text of a cell, in the UTF-16 units in which Excel counts.
_LONGEST_TEXT = 32_767
_LONGEST_NAME = 31
_PAPER_A4 = 9
#: Excel keeps no more digits of a number.
_EXACT = 10**15
_FIRST_DAY = date(1900, 3, 1)  # Excel takes 1900 for a leap year: earlier days are one off.

#: What XML can't hold, and lone halves of characters.
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_NOT_IN_A_NAME = re.compile(r"[\[\]:*?/\\\x00-\x1f\ud800-\udfff\ufffe\uffff]")
#: A text that begins so would become a formula when somebody edits the cell and leaves it.
_LIKE_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table on a sheet of its own: its title, what stands in it, and a note below the title."""

    title: str
    columns: Sequence[Column]
    rows: Iterable[Sequence[Cell]]
    note: str | None = None


def write_table(
    stream: IO[bytes],
    title: str,
    columns: Sequence[Column],
    rows: Iterable[Sequence[Cell]],
    *,
    note: str | None = None,
    made_at: datetime | None = None,
) -> int:
    """Write a table into a stream and return how many rows it has.

    The title stands above it, below that the note, then the header, which stays in sight and is
    printed on every page. Memory stays flat at any number of rows. Instants stand in China's time;
    what a column's shape can't hold stands there as text.

    Raises:
        ValueError: when there are more rows than a sheet holds.

    """
    sheet = Sheet(title, columns, rows, note)
    return write_sheets(stream, title, [sheet], made_at=made_at)[0]


def write_sheets(
    stream: IO[bytes], title: str, sheets: Iterable[Sheet], *, made_at: datetime | None = None
) -> list[int]:
    """Write tables into a stream, each on a sheet of its own; return how many rows each has.

    Raises:
        ValueError: when there are more rows than a sheet holds.

    """
    # Leaving the block removes the rows that were kept aside on the disk, also after a fault.
    with xlsxwriter.Workbook(stream, _AS_GIVEN) as book:
        about: dict[str, str | datetime] = {"title": plain(title)}
        if made_at is not None:
            about["created"] = made_at.astimezone(UTC)
        book.set_properties(about)
        formats = _Formats(book)
        names: set[str] = set()
        counts = []
        for each in sheets:
            name = _unlike(sheet_name(each.title), names)
            counts.append(_write_sheet(book.add_worksheet(name), each, formats))
    return counts


def _unlike(name: str, names: set[str]) -> str:
    """Return a name that no other sheet has; Excel tells capital letters from none."""
    number = 1
    found = name
    while found.casefold() in names:
        number += 1
        found = f"{name[: _LONGEST_NAME - 4]} {number}"
    names.add(found.casefold())
    return found


def _write_sheet(sheet: "xlsxwriter.worksheet.Worksheet", given: Sheet, formats: "_Formats") -> int:
    columns = given.columns
    for place, column in enumerate(columns):
        sheet.set_column(place, place, column.width, formats.of[column.shape])
    header = _write_head(sheet, given.title, given.note, columns, formats)
    count = 0
    for count, cells in enumerate(given.rows, start=1):
        if count > MOST_ROWS:
            raise ValueError(f"a table has at most {MOST_ROWS} rows")
        for place, (column, cell) in enumerate(zip(columns, cells, strict=True)):
            _write(sheet, header + count, place, column.shape, cell, formats)
    sheet.freeze_panes(header + 1, 0)
    sheet.autofilter(header, 0, header + max(count, 1), len(columns) - 1)
    sheet.set_landscape()
    sheet.set_paper(_PAPER_A4)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(header)
    sheet.set_footer("&C&P / &N")
    return count


@dataclass(frozen=True, slots=True)
class Asked:
    """A column to be filled in: its label, what is said of it, and among what is chosen.

    ``is_several``: several of the choices may stand in one cell, and other words too. ``shape``:
    how its cells are formatted, and what Excel takes in them.
    """

    label: str
    hint: str = ""
    choices: tuple[str, ...] = ()
    is_needed: bool = False
    is_several: bool = False
    shape: Shape = Shape.TEXT


#: Characters that Excel shows of a hint and of its title.
_LONGEST_HINT, _LONGEST_HINT_TITLE = 255, 32


def write_form(
    stream: IO[bytes],
    title: str,
    columns: Sequence[Asked],
    *,
    note: str,
    choices_title: str,
    rows: int,
    made_at: datetime,
    guide: tuple[str, Sequence[str]] | None = None,
) -> None:
    """Write an empty table to be filled in: hints at the cells, choices as lists to pull down.

    The choices stand on a sheet of their own, so that they may be many and long. ``guide``: the
    title and the lines of a sheet that says how it is filled in.
    """
    with xlsxwriter.Workbook(stream, {**_AS_GIVEN, "constant_memory": False}) as book:
        book.set_properties({"title": plain(title), "created": made_at.astimezone(UTC)})
        sheet = book.add_worksheet(sheet_name(title))
        lists = book.add_worksheet(sheet_name(choices_title))
        formats = _Formats(book)
        needed = book.add_format(
            {"bold": True, "bg_color": "#FBE3D6", "bottom": 1, "text_wrap": True, "valign": "top"}
        )
        sheet.write_string(0, 0, plain(title), formats.title)
        sheet.write_string(1, 0, plain(note), formats.note)
        for place, column in enumerate(columns):
            sheet.set_column(place, place, 20, formats.of[column.shape])
            head = needed if column.is_needed else formats.header
            sheet.write_string(2, place, plain(column.label), head)
            lists.set_column(place, place, 24, formats.of[Shape.TEXT])
            lists.write_string(0, place, plain(column.label), formats.header)
            for row, choice in enumerate(column.choices, start=1):
                lists.write_string(row, place, plain(choice), formats.of[Shape.TEXT])
            rule = _rule(column, place, lists.get_name())
            if rule is not None:
                sheet.data_validation(3, place, 2 + rows, place, rule)
        sheet.freeze_panes(3, 0)
        sheet.set_landscape()
        sheet.set_paper(_PAPER_A4)
        sheet.fit_to_pages(1, 0)
        if guide is not None:
            told, lines = guide
            paper = book.add_worksheet(_unlike(sheet_name(told), {sheet.name.casefold()}))
            paper.set_column(0, 0, 100)
            paper.write_string(0, 0, plain(told), formats.title)
            for row, line in enumerate(lines, start=1):
                paper.write_string(row, 0, plain(line), formats.of[Shape.TEXT])


#: What Excel takes in the cells of a shape.
_SHAPED: dict[Shape, dict[str, object]] = {
    Shape.DATE: {
        "validate": "date", "criteria": "between",
        "minimum": date(2000, 1, 1), "maximum": date(2099, 12, 31),
    },
    Shape.NUMBER: {"validate": "decimal", "criteria": ">=", "value": 0},
}  # fmt: skip


def _rule(column: Asked, place: int, lists: str) -> dict[str, object] | None:
    """What Excel shows and checks at the cells of a column."""
    said: dict[str, object] = {}
    if column.hint:
        said = {
            "input_title": _cut(column.label, _LONGEST_HINT_TITLE),
            "input_message": _cut(column.hint, _LONGEST_HINT),
        }
    if not column.choices:
        return {**_SHAPED.get(column.shape, {"validate": "any"}), **said} if said else None
    cells = xl_range_abs(1, place, len(column.choices), place)
    quoted = lists.replace("'", "''")
    source = f"='{quoted}'!{cells}"
    return {"validate": "list", "source": source, "show_error": not column.is_several, **said}


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _write_head(
    sheet: "xlsxwriter.worksheet.Worksheet",
    title: str,
    note: str | None,
    columns: Sequence[Column],
    formats: "_Formats",
) -> int:
    """Write what stands above the rows; return the row of the header."""
    sheet.write_string(0, 0, plain(title), formats.title)
    header = 1
    if note:
        sheet.write_string(1, 0, plain(note), formats.note)
        header = 2
    for place, column in enumerate(columns):
        sheet.write_string(header, place, plain(column.label), formats.header)
    return header


class _Formats:
    """How the cells look: made once for a book."""

    def __init__(self, book: "xlsxwriter.Workbook") -> None:
        top = {"valign": "top"}
        self.title = book.add_format({"bold": True, "font_size": 14})
        self.note = book.add_format({"font_color": "#595959"})
        self.header = book.add_format(
            {"bold": True, "bg_color": "#E8ECF1", "bottom": 1, "text_wrap": True, "valign": "top"}
        )
        self.of = {
            Shape.TEXT: book.add_format({**top, "text_wrap": True, "num_format": "@"}),
            Shape.NUMBER: book.add_format(top),
            Shape.MONEY: book.add_format({**top, "num_format": "#,##0.00"}),
            Shape.DATE: book.add_format({**top, "num_format": "yyyy-mm-dd", "align": "left"}),
            Shape.INSTANT: book.add_format(
                {**top, "num_format": "yyyy-mm-dd hh:mm:ss", "align": "left"}
            ),
        }
        self.like_a_formula = book.add_format(
            {**top, "text_wrap": True, "num_format": "@", "quote_prefix": True}
        )


def _write(
    sheet: "xlsxwriter.worksheet.Worksheet",
    row: int,
    place: int,
    shape: Shape,
    cell: Cell,
    formats: _Formats,
) -> None:
    if cell is None:
        return
    how = formats.of[shape]
    match cell:
        case int() | float() | Decimal() if shape in _NUMBERS and _is_exact(cell):
            sheet.write_number(row, place, cell, how)
        case datetime() if shape is Shape.INSTANT and cell.date() >= _FIRST_DAY:
            local = cell.astimezone(CHINA).replace(tzinfo=None)
            sheet.write_datetime(row, place, local, how)
        case date() if shape is Shape.DATE and not _has_time(cell) and cell >= _FIRST_DAY:
            sheet.write_datetime(row, place, cell, how)
        case _:
            text = plain(_spelled(cell))
            how = formats.like_a_formula if text.startswith(_LIKE_A_FORMULA) else how
            sheet.write_string(row, place, text, how)


def _has_time(cell: date) -> bool:
    return isinstance(cell, datetime)


def _is_exact(number: float | Decimal) -> bool:
    return math.isfinite(number) and -_EXACT < number < _EXACT


def _spelled(cell: str | float | Decimal | date) -> str:
    if isinstance(cell, datetime):
        return cell.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")
    return str(cell)


def plain(text: str) -> str:
    """Return a text without what a file can't hold, cut where a cell ends."""
    kept = _ILLEGAL.sub("", text)
    if len(kept) * 2 <= _LONGEST_TEXT:
        return kept
    units = kept.encode("utf-16-le")
    if len(units) // 2 <= _LONGEST_TEXT:
        return kept
    return units[: (_LONGEST_TEXT - 1) * 2].decode("utf-16-le", "ignore") + "…"


def sheet_name(title: str) -> str:
    """Return a title as Excel takes it for the name of a sheet."""
    name = _NOT_IN_A_NAME.sub(" ", title).strip(" '")
    name = name.encode("utf-16-le")[: _LONGEST_NAME * 2].decode("utf-16-le", "ignore")
    name = name.rstrip(" '")
    # Excel keeps this one for itself.
    return name if name and name.lower() != "history" else "1"
