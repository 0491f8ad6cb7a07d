"""The ledger, the month's report and lists to take away, over HTTP."""

from datetime import date, datetime
from io import BytesIO
from typing import Any

import docx
import pytest
from flask import Flask
from flask.testing import FlaskClient
from openpyxl import load_workbook
from sqlalchemy import select

from fireinvest.services.people import Post
from fireinvest.services.records import file_records
from fireinvest.store import Database
from fireinvest.store.access import AccessRow
from fireinvest.workflow.items.casualties import Casualty
from fireinvest.workflow.permissions import SECURITY_ADMINISTRATOR, SYSTEM_ADMINISTRATOR
from fireinvest.workflow.registers import Filing
from tests.queries import counted
from tests.services.office import (
    CALENDAR,
    CITY,
    LAW,
    NOW,
    TIMERS,
    TODAY,
    facts,
    key,
    opened,
    submitted,
)
from tests.web.office import database_of, person_with, sign_in, text_of
from tests.web.test_team import Office

HEAD = Post("agency_head", division=CITY, tier="city")


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser of the head of the city's agency, who sees two cases."""
    return worked(app)


def worked(app: Flask) -> FlaskClient:
    database = database_of(app)
    person_with(database, "zhao", HEAD)
    submitted(database, opened(database, known=facts(direct_economic_loss=186_500_000)))
    opened(database, known=facts("530326"))
    browser = sign_in(app, "zhao")
    browser.get("/desk?lang=en")
    return browser


def sheets(client: FlaskClient, address: str) -> Any:
    with client.get(address) as answer:
        assert answer.status_code == 200, address
        return load_workbook(BytesIO(answer.data))


def exported(database: Database) -> list[str | None]:
    with database.readers.begin() as session:
        return list(session.scalars(select(AccessRow.item).where(AccessRow.what == "export")))


def test_the_ledger_on_the_screen_and_as_a_file(app: Flask, client: FlaskClient) -> None:
    page = text_of(client.get("/tables/ledger").text)
    for words in (
        "5303-2025-0001",
        "186.5",
        "team established on 2025-05-14",
        "relatively serious",
    ):
        assert words in page
    assert "5303-2025-0001" not in client.get("/tables/ledger?place=530326").text
    assert client.get("/tables/ledger?size=7").status_code == 400
    sheet = sheets(client, "/tables/ledger/excel?place=530325").active
    heads = [cell.value for cell in sheet[3]]
    row = {head: cell.value for head, cell in zip(heads, sheet[4], strict=True)}
    assert sheet.max_row == 4
    assert row["day of the fire"] == datetime(2025, 5, 12)  # noqa: DTZ001 - as Excel has it
    assert row["direct economic loss (10,000 yuan)"] == 186.5
    assert row["team requested on"] == datetime(2025, 5, 13)  # noqa: DTZ001 - likewise
    assert (sheet.freeze_panes, sheet.auto_filter.ref.partition(":")[0]) == ("A4", "A3")
    assert exported(database_of(app)) == ["ledgers place=530325"]
    assert client.get("/tables/ledger/excel?level=none").status_code == 400
    assert client.get("/tables").location == "/tables/ledger"


def test_a_page_of_the_ledger_asks_as_much_for_many_as_for_few(quick_app: Flask) -> None:
    client, database = worked(quick_app), database_of(quick_app)
    with counted(database) as few:
        client.get("/tables/ledger")
    for _ in range(5):
        opened(database)
    with counted(database) as many:
        client.get("/tables/ledger")
        assert len(many) == len(few)


def test_the_month_on_the_screen_and_as_files(app: Flask, client: FlaskClient) -> None:
    page = text_of(client.get("/tables/monthly?month=2025-05").text)
    assert "Fires 2 0 0" in page
    assert "Deaths 10 0 0" in page
    book = sheets(client, "/tables/monthly/excel?month=2025-05&place=530325")
    assert len(book.sheetnames) == 6
    first = book.worksheets[0]
    assert [cell.value for cell in first[3]][:2] == ["Fires", 1]
    with client.get("/tables/monthly/docx?month=2025-05") as word:
        told = docx.Document(BytesIO(word.data))
    assert len(told.tables) == 6
    assert told.tables[0].rows[1].cells[1].text == "2"
    assert exported(database_of(app)) == ["monthly 2025-05 530325 xlsx", "monthly 2025-05  docx"]
    for wrong in ("month=x", "month=1999-01", "month=2025-13", "place=1"):
        assert client.get(f"/tables/monthly?{wrong}").status_code == 400
        assert client.get(f"/tables/monthly/excel?{wrong}").status_code == 400
    assert client.get("/tables/monthly?lang=zh").status_code == 200


def test_lists_are_taken_away_as_they_stand_there(quick_app: Flask) -> None:
    client, database = worked(quick_app), database_of(quick_app)
    cases = sheets(client, "/cases/excel?place=530325").active
    assert [cell.value for cell in cases[4]][:2] == ["5303-2025-0001", "某某商贸有限公司"]
    assert cases.max_row == 4
    desk = sheets(client, "/desk/excel").active
    assert desk.max_row > 3
    assert "5303-2025-0001" in {cell.value for cell in desk["B"]}
    assert isinstance(desk.cell(desk.max_row, 10).value, datetime | None)
    assert sheets(client, "/inbox/excel").active.max_row == 3
    assert sheets(client, "/readings/excel").active.max_row > 3
    for which in ("files", "due", "lent"):
        assert sheets(client, f"/archive/excel/{which}").active.max_row == 3
    history = sheets(client, "/cases/5303-2025-0001/history/excel").active
    assert {cell.value for cell in history["C"]} >= {"Submit the report"}
    assert exported(database)[-1] == "case.history"


@pytest.mark.parametrize(
    ("office", "path", "words"),
    [
        (SYSTEM_ADMINISTRATOR, "/people/excel?q=root", "root"),
        (SYSTEM_ADMINISTRATOR, "/people/agencies/excel", "Agencies"),
        (SYSTEM_ADMINISTRATOR, "/people/divisions/excel", "Fuyuan County"),
        (SECURITY_ADMINISTRATOR, "/people/review/excel", "root"),
        (SYSTEM_ADMINISTRATOR, "/calendar/notices/excel", "Holiday notices"),
    ],
)
def test_lists_of_an_office(quick_app: Flask, office: str, path: str, words: str) -> None:
    person_with(database_of(quick_app), "root", Post(office))
    client = sign_in(quick_app, "root")
    client.get("/people?lang=en")
    sheet = sheets(client, path).active
    assert words in {cell.value for row in sheet for cell in row}


def test_what_is_restricted_or_masked_stays_so_in_a_file(quick_app: Flask) -> None:
    office = Office(quick_app)
    hurt = Casualty(
        name="某甲", outcome="serious", observed_on=date(2025, 5, 13), source="医院", age=41,
        identity_no="53032519840101001X",
    )  # fmt: skip
    file_records(
        office.database, LAW, CALENDAR, TIMERS, office.ref.id, [Filing("casualties", hurt)],
        idempotency_key=key(), now=NOW, today=TODAY,
    )  # fmt: skip
    sheet = sheets(
        office.client("member"), f"/cases/{office.ref.number}/registers/casualties/excel"
    )
    heads = [cell.value for cell in sheet.active[2]]
    row = dict(zip(heads, sheet.active[3], strict=True))
    assert row["age"].value == 41
    assert row["known on"].value == datetime(2025, 5, 13)  # noqa: DTZ001 - as Excel has it
    assert "19840101" not in row["identity number"].value
