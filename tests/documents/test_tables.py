"""What goes into a table comes out of it: as what it was, and never as a formula."""

import tracemalloc
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO
from zipfile import ZipFile

import pytest
from openpyxl import load_workbook
from openpyxl.utils.escape import unescape
from openpyxl.workbook import Workbook

from fireinvest.documents import tables
from fireinvest.documents.tables import Cell, Column, Shape, plain, sheet_name, write_table

COLUMNS = (
    Column("名称", Shape.TEXT, 30),
    Column("件数", Shape.NUMBER, 8),
    Column("日期", Shape.DATE, 12),
    Column("时间", Shape.INSTANT, 20),
)
HEADER = 3  # Below the title and the note.


def written(*rows: tuple[Cell, ...], title: str = "案件", note: str | None = "共 2 行") -> BytesIO:
    stream = BytesIO()
    assert write_table(stream, title, COLUMNS, iter(rows), note=note) == len(rows)
    stream.seek(0)
    return stream


def read(*rows: tuple[Cell, ...], title: str = "案件") -> Workbook:
    return load_workbook(written(*rows, title=title))


def test_a_table_has_its_title_note_and_header_and_prints_well() -> None:
    sheet = read(("甲", 1, None, None)).active
    assert sheet is not None
    assert [sheet["A1"].value, sheet["A2"].value] == ["案件", "共 2 行"]
    assert [cell.value for cell in sheet[HEADER]] == ["名称", "件数", "日期", "时间"]
    assert sheet.freeze_panes == "A4"
    assert sheet.print_title_rows == "$3:$3"
    assert (sheet.page_setup.orientation, str(sheet.page_setup.paperSize)) == ("landscape", "9")
    assert sheet.auto_filter.ref == "A3:D4"
    assert [round(sheet.column_dimensions[each].width) for each in "ABCD"] == [31, 9, 13, 21]


def test_without_a_note_the_header_follows_the_title() -> None:
    sheet = load_workbook(written(note=None)).active
    assert sheet is not None
    assert sheet["A2"].value == "名称"
    assert sheet.freeze_panes == "A3"


@pytest.mark.parametrize(
    ("place", "given", "kept", "kind"),
    [
        (1, 7, 7, "n"),
        (1, -7, -7, "n"),
        (1, Decimal("12.50"), 12.5, "n"),
        (1, 10**15 - 1, 10**15 - 1, "n"),
        (1, 10**15, str(10**15), "s"),  # Excel would round it.
        (1, float("nan"), "nan", "s"),
        (1, "12", "12", "s"),
        (0, 12, "12", "s"),
        (2, date(2026, 2, 25), datetime(2026, 2, 25), "d"),  # noqa: DTZ001 - Excel knows no zones
        (2, date(1900, 3, 1), datetime(1900, 3, 1), "d"),  # noqa: DTZ001
        (2, date(1900, 2, 28), "1900-02-28", "s"),
        (2, date(9999, 12, 31), datetime(9999, 12, 31), "d"),  # noqa: DTZ001
        (3, datetime(2026, 2, 25, 16, 5, 6, tzinfo=UTC), datetime(2026, 2, 26, 0, 5, 6), "d"),  # noqa: DTZ001
        (2, datetime(2026, 2, 25, 16, 5, 6, tzinfo=UTC), "2026-02-26 00:05:06", "s"),
        (3, date(2026, 2, 25), "2026-02-25", "s"),
        (0, None, None, "n"),
    ],
)  # fmt: skip
def test_a_value_stays_what_it_is(place: int, given: Cell, kept: object, kind: str) -> None:
    row: list[Cell] = [None, None, None, None]
    row[place] = given
    sheet = read(tuple(row)).active
    assert sheet is not None
    cell = sheet.cell(HEADER + 1, place + 1)
    assert (cell.value, cell.data_type) == (kept, kind)


@pytest.mark.parametrize(
    "text",
    [
        "=1+1", "=HYPERLINK(\"http://127.0.0.1\",\"a\")", "+86 1", "-1", "@SUM(A1)", "\t=1",
        "{=1}", "1e5", "007", "http://127.0.0.1/a", "mailto:a@b.cn", "internal:A1!B1", " =1",
        "A<B&C", "_x0041_", "\r=1", "第一行\n第二行", "𠮷野家",
    ],
)  # fmt: skip
def test_text_stays_text(text: str) -> None:
    stream = written((text, None, None, None))
    sheet = load_workbook(stream).active
    assert sheet is not None
    cell = sheet.cell(HEADER + 1, 1)
    assert (unescape(str(cell.value)), cell.data_type) == (text, "s")
    assert cell.hyperlink is None
    # Whoever edits the cell and leaves it makes no formula of it either.
    assert bool(cell.quotePrefix) == text.startswith(("=", "+", "-", "@", "\t", "\r"))
    with ZipFile(stream) as packed:
        sheet_xml = packed.read("xl/worksheets/sheet1.xml").decode()
        assert "<f>" not in sheet_xml
        assert not any(each.startswith("xl/externalLinks") for each in packed.namelist())


def test_headings_stay_text_too() -> None:
    stream = BytesIO()
    write_table(stream, "=1+1", [Column("=2", Shape.TEXT, 9)], [], note="@SUM(A1)")
    sheet = load_workbook(stream).active
    assert sheet is not None
    assert [sheet[each].value for each in ("A1", "A2", "A3")] == ["=1+1", "@SUM(A1)", "=2"]
    assert {sheet[each].data_type for each in ("A1", "A2", "A3")} == {"s"}


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("a\x00b\x0bc\x1fd", "abcd"),
        ("a\ud800b", "ab"),
        ("a\uffffb\ufffe", "ab"),
        ("a\tb\nc", "a\tb\nc"),
        ("a" * 32_767, "a" * 32_767),
        ("a" * 32_768, "a" * 32_766 + "…"),
        ("𠮷" * 16_383, "𠮷" * 16_383),
        ("𠮷" * 16_384, "𠮷" * 16_383 + "…"),
    ],
)
def test_what_a_cell_cannot_hold_is_left_out(given: str, kept: str) -> None:
    assert plain(given) == kept
    sheet = read((given, None, None, None)).active
    assert sheet is not None
    assert sheet.cell(HEADER + 1, 1).value == kept


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("案件", "案件"),
        ("a[b]c:d*e?f/g\\h", "a b c d e f g h"),
        ("'引号'", "引号"),
        ("History", "1"),
        ("", "1"),
        ("///", "1"),
        ("长" * 40, "长" * 31),
        ("a" * 30 + "'b", "a" * 30),
        ("a" * 30 + "𠮷", "a" * 30),
    ],
)
def test_the_name_of_a_sheet_is_one_that_excel_takes(title: str, name: str) -> None:
    assert sheet_name(title) == name
    assert read(title=title).sheetnames == [name]


def test_a_row_of_another_width_is_a_slip() -> None:
    with pytest.raises(ValueError, match="zip"):
        write_table(BytesIO(), "a", COLUMNS, [("甲",)])


def test_more_rows_than_a_sheet_holds_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MOST_ROWS", 2)
    rows = [("甲", 1, None, None)] * 3
    with pytest.raises(ValueError, match="at most 2 rows"):
        write_table(BytesIO(), "a", COLUMNS, rows)


def test_memory_stays_flat() -> None:
    def peak(count: int) -> int:
        tracemalloc.start()
        write_table(BytesIO(), "a", COLUMNS, (("甲" * 50, n, None, None) for n in range(count)))
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    few = peak(500)
    assert peak(5000) < few + 2**20
