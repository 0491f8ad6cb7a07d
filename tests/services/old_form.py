"""A form of old cases that somebody filled in."""

from datetime import UTC, date, datetime
from io import BytesIO
from typing import Any

import openpyxl

from fireinvest.messages import render
from fireinvest.services.old_ledger.bringing_in import Line, Office, bring_in, look_at
from fireinvest.services.old_ledger.columns import COLUMNS
from fireinvest.services.old_ledger.reading import OldRow, choices_of, read_form
from fireinvest.store import Database
from fireinvest.workflow.permissions import Actor
from tests.services.office import CALENDAR, CITY, LAW, NOW, TODAY

Cells = dict[str, object]

#: A fire of the county that was replied to, published, archived and evaluated.
WHOLE: Cells = {
    "old_number": "2023-001",
    "unit_name": "某某食品有限公司",
    "address": "中安街道1号",
    "division": "富源县",
    "occurred_on": "2023-05-12",
    "occurred_time": "08:30",
    "category": "一般性火灾（不属下列各类）",
    "deaths": 1,
    "serious_injuries": 2,
    "light_injuries": 3,
    "loss": 186.5,
    "determined_on": "2023年6月1日",
    "requested_on": "2023/5/15",
    "request_no": "富消〔2023〕1号",
    "established_on": "2023-05-18",
    "established_no": "富政函〔2023〕2号",
    "leader": "某甲",
    "submitted_on": "2023-07-10",
    "submitted_no": "富调〔2023〕1号",
    "received_on": "2023-07-11",
    "replied_on": "2023-07-20",
    "reply_no": "富政复〔2023〕3号",
    "reply_outcome": "approved",
    "delivered_on": "2023-07-21",
    "published_on": "2023-07-25",
    "published_where": "县政府网站",
    "archived_on": "2023-08-01",
    "evaluation_opened_on": "2024-06-03",
    "evaluated_on": "2024-07-01",
    "evaluation_no": "富评〔2024〕1号",
}
#: A fire of which only the request for a team is known; its report has long been due.
BEGUN: Cells = {
    name: WHOLE[name] for name in ("unit_name", "address", "division", "deaths", "loss")
} | {"old_number": "2025-004", "occurred_on": "2025-03-12", "requested_on": "2025-03-14"}


def form_of(*rows: Cells, language: str = "zh") -> bytes:
    """The form with these rows, as Excel keeps it."""
    book = openpyxl.Workbook()
    sheet: Any = book.active
    sheet.append([render(each.label, language) for each in COLUMNS.values()])
    for line, row in enumerate(rows, start=2):
        for at, name in enumerate(COLUMNS, start=1):
            cell, value = sheet.cell(line, at), row.get(name)
            cell.value = value
            if isinstance(value, str):
                cell.data_type = "s"  # As typed into a cell for text: never a formula.
    made = BytesIO()
    book.save(made)
    return made.getvalue()


def rows_of(content: bytes) -> list[OldRow]:
    """The rows of a form as the services read them."""
    choices = choices_of(LAW.in_force(CITY, TODAY), LAW.divisions)
    return read_form(BytesIO(content), "旧台账.xlsx", choices)


def office_of(actor: Actor, now: datetime = NOW, today: date = TODAY) -> Office:
    """The office in which somebody reads forms."""
    return Office(LAW, CALENDAR, actor, CITY, now.astimezone(UTC), today)


def looked(database: Database, actor: Actor, *rows: Cells) -> list[Line]:
    """What would become of these rows."""
    return list(look_at(database, office_of(actor), rows_of(form_of(*rows))))


def brought(database: Database, actor: Actor, *rows: Cells) -> list[Line]:
    """What became of these rows."""
    return list(bring_in(database, office_of(actor), rows_of(form_of(*rows))))
