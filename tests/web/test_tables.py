"""Many items from an Excel table: shown cell by cell, written all together or not at all, once."""

import re
from dataclasses import fields
from datetime import date, datetime
from io import BytesIO
from typing import Any

import openpyxl
import pytest
from flask import Flask

from fireinvest.messages import LANGUAGES, render
from fireinvest.web.views.registers import is_of_a_room
from fireinvest.workflow.items import ITEMS
from fireinvest.workflow.items.people import Party
from tests.queries import counted
from tests.web.office import hidden, text_of, token
from tests.web.test_registers import filed
from tests.web.test_team import Office

#: Cells hold days and times without a zone.
AS_EXCEL_HAS_IT = datetime(2025, 6, 1)  # noqa: DTZ001 - as the library takes it
HEADS = ("name", "unit or person", "role in the fire", "telephone", "belongs to the unit", "note")
SHOP = ("某商贸公司", "unit", "使用人、承租人", "0874-3120001", None, None)
CLERK = ("钱某", "个人", "witness", 13800001234, "P1", "夜班")


def workbook(*rows: tuple[object, ...], heads: tuple[str, ...] = HEADS) -> bytes:
    book = openpyxl.Workbook()
    sheet: Any = book.active
    for row in (("当事人",), heads, *rows):
        sheet.append(row)
    made = BytesIO()
    book.save(made)
    return made.getvalue()


class Desk:
    """A member of a team who hands tables in."""

    def __init__(self, app: Flask, register: str = "parties") -> None:
        self.office = Office(app)
        self.address = f"/cases/{self.office.ref.number}/registers/{register}/table"
        self.client = self.office.client("member")

    def send(self, content: bytes | None, do: str = "look", **fields: object) -> Any:
        form = token(self.client.get(self.address).text)
        data = {"csrf_token": form, "do": do, **fields}
        if content is not None:
            data["files"] = (BytesIO(content), "当事人.xlsx")
        return self.client.post(self.address, data=data)

    def save(self, content: bytes) -> Any:
        looked = self.send(content)
        assert looked.status_code == 200, text_of(looked.text)
        return self.send(None, "save", staged=hidden(looked.text, "staged"))

    def parties(self) -> list[Party]:
        return [each for each in self.office.items("parties") if isinstance(each, Party)]


@pytest.fixture
def desk(app: Flask) -> Desk:
    return Desk(app)


@pytest.fixture
def quick(quick_app: Flask) -> Desk:
    return Desk(quick_app)


def test_a_table_is_looked_at_and_written_once(desk: Desk) -> None:
    filed(desk.office, Party("某物业公司", "unit", "owner"))
    content = workbook(SHOP, CLERK)
    looked = desk.send(content)
    assert "2 rows are right. Nothing is on record yet." in text_of(looked.text)
    assert "13800001234" in looked.text
    assert len(desk.parties()) == 1
    assert desk.save(content).status_code == 303
    assert desk.parties()[1:] == [
        Party("某商贸公司", "unit", "user", phone="0874-3120001"),
        Party("钱某", "person", "witness", phone="13800001234", of_unit=(1,), note="夜班"),
    ]
    # The same table, sent again or handed in again, adds nothing.
    assert desk.save(content).status_code == 303
    assert "entered before" in desk.client.get("/desk").text
    assert len(desk.parties()) == 3


def test_what_is_wrong_is_told_by_its_cell_and_stays_visible(desk: Desk) -> None:
    wrong = [
        SHOP,
        ("孙某", "somebody", "witness", "138", "P1", "特别记录"),
        (None, "person", "witness", None, None, None),
        ("李某", "person", "witness", "=1+1", "P7", None),
        ("x" * 201, "person", "witness", None, None, None),
    ]
    answer = desk.send(workbook(*wrong))
    assert answer.status_code == 400
    page = text_of(answer.text)
    assert "4 rows are wrong" in page
    assert "B4 somebody is none of the choices." in page
    assert "E4 P1 is none of the choices." in page
    assert "特别记录" in page
    assert "A5 This is needed." in page
    assert "D6 This is a formula" in page
    assert "A7 A text of at most 200 characters" in page
    assert 'value="save"' not in answer.text
    # Even a request that was made up writes nothing.
    staged = re.findall(r'name="staged" value="(\w+)"', answer.text)
    assert staged == []
    assert desk.send(workbook(*wrong), "save").status_code == 400
    assert desk.parties() == []


def test_what_is_checked_across_rows_is_told_too(quick: Desk) -> None:
    first = ("钱某", "person", "witness", None, None, None)
    heads = (*HEADS, "identity number")
    rows = [(*first, "530302190001011231"), (*first, "530302190001011239")]
    page = text_of(quick.send(workbook(*rows, heads=heads)).text)
    assert "1 row is wrong" in page
    assert "G4 This is no valid identity number" in page


@pytest.mark.parametrize(
    "content",
    [None, b"", b"no table", workbook(), workbook(SHOP, heads=("name", "note")), workbook(SHOP, heads=("x",) * 6)],
)  # fmt: skip
def test_a_file_that_is_no_such_table_is_refused(quick: Desk, content: bytes | None) -> None:
    answer = quick.send(content)
    assert answer.status_code == 400
    assert re.search(r'id="files-problem"><p>', answer.text)


def test_days_amounts_and_flags_are_read_however_they_are_typed(quick_app: Flask) -> None:
    desk = Desk(quick_app, "tasks")
    heads = ("task", "who does it", "due on", "state")
    rows = [
        ("甲", "member", when, "open")
        for when in (
            date(2025, 6, 1), AS_EXCEL_HAS_IT, "2025-06-01", "2025/6/1", "2025年6月1日",
        )
    ]  # fmt: skip
    answer = desk.save(workbook(*rows, heads=heads))
    assert answer.status_code == 303, text_of(answer.text)
    due = {each.due_on for each in desk.office.items("tasks")}  # type: ignore[attr-defined] # they are tasks
    assert due == {date(2025, 6, 1)}


def test_the_empty_table_holds_the_columns_and_what_can_be_chosen(quick: Desk) -> None:
    filed(quick.office, Party("某物业公司", "unit", "owner"))
    with quick.client.get(f"{quick.address}/empty") as answer:
        book = openpyxl.load_workbook(BytesIO(answer.data))
    sheet, lists = book.worksheets
    heads = [cell.value for cell in sheet[3]]
    assert heads[:3] == ["name", "unit or person", "role in the fire"]
    assert [cell.value for cell in sheet[4]] == [None] * len(heads)
    place = heads.index("belongs to the unit") + 1
    assert lists.cell(2, place).value == "P1 某物业公司"
    rules = {str(each.sqref).split(":")[0]: each for each in sheet.data_validations.dataValidation}
    assert rules["B4"].type == "list"
    assert rules["B4"].showErrorMessage
    assert "Choices" in str(rules["B4"].formula1)
    # What was filled in comes back, by the words that were offered.
    sheet.append(["某公司", lists["B2"].value, lists["C2"].value])
    made = BytesIO()
    book.save(made)
    assert quick.save(made.getvalue()).status_code == 303
    assert len(quick.parties()) == 2


def test_only_who_may_write_gets_there(quick_app: Flask) -> None:
    office = Office(quick_app)
    base = f"/cases/{office.ref.number}/registers"
    for page in ("matches/table", "matches/table/empty"):
        assert office.client("member").get(f"{base}/{page}").status_code == 403
    for page in ("nothing/table", "measures/table", "measures/table/empty"):
        assert office.client("carrier").get(f"{base}/{page}").status_code == 404
    assert "registers/parties/table" in office.page("member", "/registers/parties")
    assert "registers/measures/table" not in office.page("carrier", "/registers/measures")


def test_many_rows_take_the_same_statements(quick: Desk) -> None:
    def cost(rows: int) -> int:
        content = workbook(*((f"甲{rows}-{n}", "person", "witness") for n in range(rows)))
        quick.send(content)
        with counted(quick.office.database) as sent:
            assert quick.save(content).status_code == 303
        return len(sent)

    assert cost(400) == cost(3)
    assert len(quick.parties()) == 403


@pytest.mark.parametrize("register", [each for each in sorted(ITEMS) if not is_of_a_room(each)])
def test_the_heads_of_a_register_differ(register: str) -> None:
    for language in LANGUAGES:
        labels = [
            render(each.metadata["label"], language).casefold()
            for each in fields(ITEMS[register])
            if each.metadata["shown"]
        ]
        assert sorted(set(labels)) == sorted(labels)
