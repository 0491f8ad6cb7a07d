"""The month's report as a Word file in the form of an official paper; like all papers in Chinese."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from fireinvest.documents.drafting import template_docx
from fireinvest.documents.tables import Cell
from fireinvest.documents.word import render as fill_in
from fireinvest.messages import render
from fireinvest.regulation.basis import chinese_number
from fireinvest.regulation.profile import PaperForm
from fireinvest.services.monthly import Row, Table

__all__ = ["monthly_docx"]

#: How wide the column of labels is beside those of numbers, and that of articles.
_LABEL, _NOTE, _NUMBER = 5, 3, 2


def monthly_docx(title: str, tables: Sequence[Table], on: date) -> bytes:
    """Return the report as a Word file.

    ``on``: as of which day it is.
    """
    lines = ["title: {{ title }}", "small: 截至{{ date }}"]
    for at, table in enumerate(tables):
        has_note = table.note_head is not None
        widths = [_LABEL, *([_NOTE] if has_note else []), *([_NUMBER] * len(table.heads))]
        head = f"tables[{at}]"
        heads = " | ".join(f"{{{{ {head}.heads[{i}] }}}}" for i in range(len(widths)))
        cells = " | ".join(f"{{{{ row[{i}] }}}}" for i in range(len(widths)))
        lines += [
            f"# {{{{ {head}.title }}}}",
            f"|:widths {' '.join(str(each) for each in widths)}",
            f"|= {heads}",
            f"{{%tr for row in {head}.rows %}}",
            f"| {cells}",
            "{%tr endfor %}",
        ]
    context = {
        "title": title,
        "date": f"{on.year}年{on.month}月{on.day}日",
        "tables": [_table(at, each) for at, each in enumerate(tables, start=1)],
    }
    return fill_in(template_docx("\n".join(lines), PaperForm.RECORD.value), context)


def _table(at: int, table: Table) -> dict[str, object]:
    note = [] if table.note_head is None else [render(table.note_head, "zh")]
    heads = [render(table.head, "zh"), *note, *(render(each, "zh") for each in table.heads)]
    return {
        "title": f"{chinese_number(at)}、{render(table.title, 'zh')}",
        "heads": heads,
        "rows": [_row(each, has_note=bool(note)) for each in table.rows],
    }


def _row(row: Row, *, has_note: bool) -> list[str]:
    note = [render(row.note, "zh") if row.note is not None else ""] if has_note else []
    return [render(row.label, "zh"), *note, *(_said(each) for each in row.cells)]


def _said(cell: Cell) -> str:
    if cell is None:
        return ""
    return f"{cell:f}" if isinstance(cell, Decimal) else f"{cell}"
