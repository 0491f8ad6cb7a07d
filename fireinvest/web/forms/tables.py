"""The table by which many items of a register are entered at once: its columns, and what came."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from flask_babel import gettext as _

from fireinvest.documents import tables
from fireinvest.messages import Words
from fireinvest.services.record_tables import TableRow
from fireinvest.web.present import say
from fireinvest.workflow.actions import Shape
from fireinvest.workflow.asking import Asked

#: How many rows a page shows of those that are wrong, and of those that are right.
MOST_WRONG, MOST_RIGHT = 200, 20


def columns_of_form(asked: Iterable[Asked]) -> list[tables.Asked]:
    """Return the columns of the empty table, each with what is said of it."""
    return [
        tables.Asked(
            say(each.label),
            _hint(each),
            tuple(say(choice.words) for choice in each.choices),
            each.is_needed,
            each.shape in (Shape.CHOSEN, Shape.REFERENCES) or each.is_open,
        )
        for each in asked
    ]


def _hint(asked: Asked) -> str:
    said: str = ""
    match asked.shape:
        case Shape.LISTED:
            said = _("One of the list.")
        case Shape.CHOSEN:
            said = _("One of the list, or several with commas between.")
        case Shape.REFERENCES:
            said = _("The number of an item, such as P3; several with commas between.")
        case Shape.DAY:
            said = _("A day such as 2025-05-12.")
        case Shape.MOMENT:
            said = _("A day and a time such as 2025-05-12 08:30.")
        case Shape.FEN:
            said = _("An amount in yuan.")
        case Shape.FLAG:
            said = _("Yes or no.")
        case Shape.COUNT | Shape.AREA | Shape.DAYS:
            said = _("A whole number.")
        case Shape.IDENTITY_NO | Shape.CREDIT_CODE:
            said = _("18 characters; keep the cell's format as text.")
    return said


@dataclass(frozen=True, slots=True)
class CellShown:
    """A cell as the page shows it: what was typed, and what is wrong with it."""

    label: Words
    place: str
    typed: str
    problems: tuple[Words, ...]


@dataclass(frozen=True, slots=True)
class RowShown:
    """A row of a table as the page shows it. ``problems``: of no cell of its own."""

    number: int
    cells: tuple[CellShown, ...]
    problems: tuple[Words, ...]

    @property
    def is_wrong(self) -> bool:
        """Is anything wrong with it?"""
        return bool(self.problems) or any(each.problems for each in self.cells)


@dataclass(frozen=True, slots=True)
class TableShown:
    """A table that was looked at: the rows that are wrong first, and some that are right."""

    heads: tuple[Words, ...]
    rows: tuple[RowShown, ...]
    count: int
    wrong: int


def shown_table(rows: Sequence[TableRow], asked: Sequence[Asked]) -> TableShown:
    """Return a table as its page shows it: the columns in which anything was typed or is wrong."""
    used = [
        each
        for each in asked
        if any(row.cells.get(each.name) or _of(row, each.name) for row in rows)
    ]
    names = {each.name for each in used}
    shown = [
        RowShown(
            row.number,
            tuple(
                CellShown(
                    each.label,
                    row.places.get(each.name, f"{row.number}"),
                    row.cells.get(each.name, ""),
                    _of(row, each.name),
                )
                for each in used
            ),
            tuple(each.text for each in row.problems if each.field not in names),
        )
        for row in rows
    ]
    wrong = [each for each in shown if each.is_wrong]
    right = [each for each in shown if not each.is_wrong]
    return TableShown(
        tuple(each.label for each in used),
        (*wrong[:MOST_WRONG], *right[:MOST_RIGHT]),
        len(shown),
        len(wrong),
    )


def _of(row: TableRow, name: str) -> tuple[Words, ...]:
    return tuple(each.text for each in row.problems if each.field == name)
