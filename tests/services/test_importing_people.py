"""Accounts from an Excel list: every fault by its cell, all or nothing, and twice is once."""

import zipfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from openpyxl import Workbook
from sqlalchemy import func, select

from fireinvest.documents.tables import Column, write_table
from fireinvest.messages import Faulty, render
from fireinvest.services.codes import USUAL_TIME, redeem_code
from fireinvest.services.importing_people import (
    HEADS,
    MOST_PEOPLE,
    Line,
    Wanted,
    import_people,
    read_list,
)
from fireinvest.services.people import By, create_person
from fireinvest.store import Database
from fireinvest.store.access import AccessRow
from fireinvest.store.factors import OneTimeCodeRow
from fireinvest.store.people import Person
from tests.services.office import NOW, TODAY

ROOT = By("root", NOW, TODAY)
HEAD = ("sign-in name", "name", "unit")


def excel(*rows: Sequence[Any], change: Callable[[Any], object] | None = None) -> BytesIO:
    """An Excel file with these rows, the first of them the heads as a rule."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(list(row))
    if change is not None:
        change(sheet)
    stream = BytesIO()
    book.save(stream)
    stream.seek(0)
    return stream


def read(database: Database, stream: BytesIO, name: str = "list.xlsx") -> list[Line]:
    return read_list(database, stream, name)


def wanted(lines: list[Line]) -> list[Wanted]:
    return [Wanted(each.row, each.login, each.name, each.unit) for each in lines]


def problems(lines: list[Line]) -> list[tuple[str, str]]:
    return [(each.field, render(each.text, "en")) for line in lines for each in line.problems]


def people(database: Database) -> int:
    with database.readers.begin() as session:
        return session.scalar(select(func.count()).select_from(Person)) or 0


def test_a_list_is_looked_at_and_then_made_together(database: Database) -> None:
    create_person(database, login="zhou", name="周某", now=NOW)
    stream = excel(
        HEAD, ("Sun.Wei", " 孙某 ", "某大队"), ("zhou", "周某", None), (20260001, "李某")
    )
    lines = read(database, stream)
    assert [(each.row, each.login, each.name, each.unit, each.standing) for each in lines] == [
        (2, "sun.wei", "孙某", "某大队", "new"),
        (3, "zhou", "周某", "", "same"),
        (4, "20260001", "李某", "", "new"),
    ]
    assert people(database) == 1
    made = import_people(database, wanted(lines), by=ROOT, valid_for=USUAL_TIME)
    assert [(each.issued.person.login, each.unit) for each in made] == [
        ("sun.wei", "某大队"),
        ("20260001", ""),
    ]
    with database.sessions.begin() as session:
        found = redeem_code(session, "sun.wei", made[0].issued.code, now=NOW)
        whats = [(each.what, each.about) for each in session.scalars(select(AccessRow))]
    assert found is not None
    assert sorted(whats) == [
        ("code_issued", "20260001"),
        ("code_issued", "sun.wei"),
        ("person_added", "20260001"),
        ("person_added", "sun.wei"),
    ]
    # The same list once more changes nothing, and spoils no code that was handed out.
    stream.seek(0)
    again = read(database, stream)
    assert {each.standing for each in again} == {"same"}
    assert import_people(database, wanted(again), by=ROOT, valid_for=USUAL_TIME) == []
    assert people(database) == 3
    with database.readers.begin() as session:
        assert len(session.scalars(select(OneTimeCodeRow)).all()) == 2


@pytest.mark.parametrize(
    ("row", "cell", "words"),
    [
        (("孙", "孙某"), "A3", "A login has lower-case letters"),
        (("system", "孙某"), "A3", "A login has lower-case letters"),
        (("s" * 101, "孙某"), "A3", "A login has lower-case letters"),
        ((None, "孙某"), "A3", "A login has lower-case letters"),
        (("sun", None), "B3", "This is needed."),
        (("sun", "某" * 201), "B3", "At most 200 characters"),
        (("sun", "某\u202e某"), "B3", "can't be read"),
        (("sun", "某", "大队" * 101), "C3", "At most 200 characters"),
        (("sun", "某" * 1001), "B3", "At most 1000 characters"),
        (("li", "又一个"), "A3", "Row 2 has this sign-in name already."),
        (("LI", "李某"), "A3", "Row 2 has this sign-in name already."),
        (("zhou", "别人"), "A3", "zhou is the account of 周某."),
        (("=A2", "孙某"), "A3", "This is a formula"),
        (("sun", '=HYPERLINK("http://x","孙某")'), "B3", "This is a formula"),
        (("sun", TODAY), "B3", "This is no text"),
        (("sun", True), "B3", "This is no text"),
        ((1.5, "孙某"), "A3", "This is no text"),
    ],
)
def test_what_is_wrong_is_said_by_its_cell(
    quick_database: Database, row: Sequence[Any], cell: str, words: str
) -> None:
    create_person(quick_database, login="zhou", name="周某", now=NOW)
    lines = read(quick_database, excel(HEAD, ("li", "李某"), row))
    assert [each.standing for each in lines] == ["new", "wrong"]
    found = problems(lines)
    assert [each for each, _ in found] == [cell]
    assert words in found[0][1]
    with pytest.raises(Faulty):
        import_people(quick_database, wanted(lines), by=ROOT, valid_for=USUAL_TIME)
    assert people(quick_database) == 1


def test_the_heads_are_found_wherever_they_stand(quick_database: Database) -> None:
    stream = excel(
        ("Accounts",), (), ("no", "姓名", "x", "登录名"), (), (1, "孙某", "left aside", "sun")
    )
    (line,) = read(quick_database, stream)
    assert (line.row, line.login, line.name, line.standing) == (5, "sun", "孙某", "new")


def test_the_empty_list_can_be_filled_in(quick_database: Database) -> None:
    stream = BytesIO()
    columns = [Column(render(each, "zh")) for each in HEADS.values()]
    write_table(stream, "名单", columns, [["sun", "孙某", "-1+1"]], note="说明")
    (line,) = read(quick_database, stream)
    assert (line.login, line.unit, line.standing) == ("sun", "-1+1", "new")


def far_away(sheet: Any) -> None:
    sheet.cell(row=1_000_000, column=16_000).value = "far"


def test_what_stands_far_away_costs_nothing(quick_database: Database) -> None:
    lines = read(quick_database, excel(HEAD, ("sun", "孙某"), change=far_away))
    assert [each.login for each in lines] == ["sun"]


def packed(parts: dict[str, bytes]) -> BytesIO:
    """The parts of a good list, with some of them exchanged or added."""
    good = excel(HEAD, ("sun", "孙某"))
    stream = BytesIO()
    with zipfile.ZipFile(good) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name not in parts:
                new.writestr(name, old.read(name))
        for name, content in parts.items():
            new.writestr(name, content)
    stream.seek(0)
    return stream


SHEET = "xl/worksheets/sheet1.xml"
BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">'
    b'<!ENTITY f SYSTEM "file:///etc/hostname">]><worksheet>&b;&f;</worksheet>'
)


@pytest.mark.parametrize(
    ("stream", "name"),
    [
        (lambda: BytesIO(b""), "list.xlsx"),
        (lambda: BytesIO(b"sun,\xe5\xad\x99"), "list.xlsx"),
        (lambda: excel(HEAD, ("sun", "孙某")), "list.csv"),
        (lambda: excel(HEAD, ("sun", "孙某")), "list"),
        (lambda: excel(HEAD), "list.xlsx"),
        (lambda: excel(("sun", "孙某")), "list.xlsx"),
        (lambda: excel(("sign-in name", "other"), ("sun", "孙某")), "list.xlsx"),
        (lambda: excel(HEAD, *((f"p{n}", "某") for n in range(MOST_PEOPLE + 1))), "list.xlsx"),
        (lambda: packed({SHEET: BOMB}), "list.xlsx"),
        (lambda: packed({SHEET: BOMB.decode().encode("utf-16")}), "list.xlsx"),
        (lambda: packed({SHEET: b"<worksheet><broken>"}), "list.xlsx"),
        (lambda: packed({"xl/workbook.xml": b"<x/>"}), "list.xlsx"),
        (lambda: packed({"xl/media/x.png": b"0" * 33 * 1024**2}), "list.xlsx"),
        (lambda: packed({f"x/{each}.xml": b"<x/>" for each in range(201)}), "list.xlsx"),
    ],
)
def test_a_file_that_is_no_list_is_refused_as_a_whole(
    quick_database: Database, stream: Callable[[], BytesIO], name: str
) -> None:
    with pytest.raises(Faulty) as refused:
        read(quick_database, stream(), name)
    assert [each.field for each in refused.value.problems] == ["file"]
    assert people(quick_database) == 0


def test_as_many_as_fit_are_taken(quick_database: Database) -> None:
    lines = read(quick_database, excel(HEAD, *((f"p{n}", "某") for n in range(MOST_PEOPLE))))
    assert len(lines) == MOST_PEOPLE


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [Wanted(n, f"p{n}", "某") for n in range(MOST_PEOPLE + 1)],
        [Wanted(1, "sun", "孙某"), Wanted(2, "sun", "孙某")],
        [Wanted(1, "sun", "孙某"), Wanted(2, "zhou", "别人")],
        [Wanted(1, "sun", "孙某"), Wanted(2, "Zhou", "周某")],
        [Wanted(1, "sun", "孙某"), Wanted(2, "li", "李某", "大队\n")],
    ],
)
def test_of_a_wrong_list_nothing_is_made(quick_database: Database, rows: list[Wanted]) -> None:
    create_person(quick_database, login="zhou", name="周某", now=NOW)
    with pytest.raises(Faulty):
        import_people(quick_database, rows, by=replace(ROOT), valid_for=USUAL_TIME)
    assert people(quick_database) == 1
    with quick_database.readers.begin() as session:
        assert session.scalars(select(AccessRow)).all() == []
