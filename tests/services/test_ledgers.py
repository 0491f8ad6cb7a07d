"""The ledger and the month's report: what they count, of which cases, and with how many queries."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from io import BytesIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from sqlalchemy import delete, update

from fireinvest.documents.tables import write_table
from fireinvest.messages import render
from fireinvest.regulation.facts import Category
from fireinvest.services.cases import Filters, fill_ledger, rebuild
from fireinvest.services.ledgers import (
    LedgerLine,
    LedgerWords,
    ledger_columns,
    ledger_lines,
    ledger_page,
    ledger_rows,
)
from fireinvest.services.monthly import (
    Monthly,
    MonthlyWords,
    Table,
    month_of,
    monthly,
    sheets_of,
    tables_of,
)
from fireinvest.services.records import file_records
from fireinvest.store import Database
from fireinvest.store.cases import CaseRow, StepDayRow
from fireinvest.workflow.actions import DocumentSent, Figures, Merging
from fireinvest.workflow.items.casualties import Casualty
from fireinvest.workflow.permissions import Actor, Grant
from fireinvest.workflow.registers import Filing
from tests.queries import counted
from tests.services.office import (
    CALENDAR,
    CITY,
    FIRE_ON,
    FUYUAN,
    LAW,
    NOW,
    TIMERS,
    TODAY,
    did,
    facts,
    key,
    opened,
    submitted,
)

HUIZE = "530326"
EVERYBODY = Actor("wang", (Grant("agency_head", division=CITY, tier="city"),))
COUNTY = Actor("li", (Grant("carrier", division=HUIZE, tier="county"),))
ALL = Filters(today=TODAY)
WORDS = LedgerWords(
    place=lambda code: code, level=str, category=str, government=str,
    stage=lambda line: line.stage or "", clock=str,
)  # fmt: skip


def lines_of(database: Database, actor: Actor = EVERYBODY) -> list[LedgerLine]:
    return list(ledger_lines(database, actor, ALL))


def test_a_line_has_figures_days_and_what_is_overdue(database: Database) -> None:
    ref = opened(database, known=facts(light_injuries=None, direct_economic_loss=1_234_567_89))
    submitted(database, ref)
    (line,) = lines_of(database)
    assert (line.figures.deaths, line.light_injuries) == (5, None)
    assert f"{line.loss_wan}" == "123.456789"
    assert line.days["established_on"] == date(2025, 5, 14)
    assert line.days["received_on"] == date(2025, 7, 11)
    assert "replied_on" not in line.days
    # What burned, what it did, and the list of casualties where the figures are silent.
    hurt = Casualty(name="某甲", outcome="light", observed_on=FIRE_ON, source="医院")
    filing = Filing("casualties", hurt)
    file_records(
        database, LAW, CALENDAR, TIMERS, ref.id, [filing], idempotency_key=key(), now=NOW,
        today=TODAY,
    )  # fmt: skip
    assert lines_of(database)[0].light_injuries == 1
    did(database, ref, "update_figures", Figures(light_injuries=4))
    (line,) = lines_of(database)
    assert (line.light_injuries, line.overdue) == (4, 2)
    assert list(rebuild(database, CALENDAR)) == []


def test_a_page_asks_as_much_for_many_as_for_few(database: Database) -> None:
    opened(database)
    with counted(database) as few:
        ledger_page(database, EVERYBODY, ALL, None, 20)
    for _ in range(6):
        submitted(database, opened(database))
    with counted(database) as many:
        page = ledger_page(database, EVERYBODY, ALL, None, 20)
    assert len(page.lines) == 7
    assert len(many) == len(few) <= 8
    assert len(lines_of(database, COUNTY)) == 0


def test_rows_from_before_the_ledger_are_filled(database: Database) -> None:
    submitted(database, opened(database))
    before = lines_of(database)
    names = ("category", "deaths", "serious_injuries", "loss_fen", "opened_on")
    with database.sessions.begin() as session:
        session.execute(update(CaseRow).values(dict.fromkeys(names)))
        session.execute(delete(StepDayRow))
    assert lines_of(database) != before
    assert fill_ledger(database) == 1
    assert lines_of(database) == before
    assert list(rebuild(database, CALENDAR)) == []


@given(
    st.text(max_size=12).flatmap(
        lambda rest: st.sampled_from(
            ["", "=", "+", "-", "@", "\t", "\r", "=1+1|'!", "http://"]
        ).map(lambda head: head + rest)
    )
)
@settings(max_examples=60, suppress_health_check=list(HealthCheck), deadline=None)
def test_no_text_of_the_ledger_becomes_a_formula(quick_line: LedgerLine, text: str) -> None:
    line = replace(quick_line, line=replace(quick_line.line, unit_name=text, address=text))
    stream = BytesIO()
    columns = ledger_columns(lambda words: render(words, "zh"))
    rows = ledger_rows([replace(line, carrier=text)], WORDS, lambda w: render(w, "zh"), TODAY)
    write_table(stream, text, columns, rows, note=text)
    book = load_workbook(stream)
    for sheet in book:
        assert not [
            cell for row in sheet for cell in row if cell.data_type == "f" or cell.hyperlink
        ]


@pytest.fixture
def quick_line(quick_database: Database) -> LedgerLine:
    opened(quick_database)
    return lines_of(quick_database)[0]


# ---------------------------------------------------------------------------- the month


def report(database: Database, on: date, place: str | None = None) -> Monthly:
    ruleset = LAW.in_force(CITY, TODAY)
    return monthly(database, EVERYBODY, ruleset, month_of(on), place, TODAY)


def said(found: Monthly) -> list[Table]:
    ruleset = LAW.in_force(CITY, TODAY)
    words = MonthlyWords(
        levels=[(each.id, each.id) for each in ruleset.scale.levels],
        places=[(FUYUAN, "富源县")],
        categories=[(code, code) for code in ruleset.categories],
        stages=list(ruleset.stages),
        modes={"investigate": "i", "assist": "a", "other_regime": "o", "out_of_scope": "x"},
        clocks=[(each, each) for each in ruleset.clocks],
        article=lambda clock: str(ruleset.clocks[clock].basis) if clock else "",
    )
    return tables_of(found, words)


def numbers(table: Table) -> dict[str, tuple[object, ...]]:
    return {render(row.label, "en"): row.cells for row in table.rows}


def town(database: Database) -> None:
    """Three fires in May, one in April, one a year before, and one that was merged."""
    opened(database, known=facts(deaths=5, serious_injuries=2, direct_economic_loss=100_000_000))
    submitted(database, opened(database, known=facts(HUIZE, deaths=1, light_injuries=3)))
    opened(database, known=replace(facts(CITY, deaths=0), category=Category.WORK_SAFETY))
    for day in (date(2025, 4, 30), date(2024, 5, 1)):
        opened(database, known=replace(facts(), occurred_on=day))
    double = opened(database)
    number = lines_of(database)[-1].line.number
    did(database, double, "merge", Merging(into=number))


def sums_up(rows: Iterable[tuple[object, ...]], total: tuple[object, ...]) -> bool:
    columns = zip(*rows, strict=True)
    return all(sum(each) == whole for each, whole in zip(columns, total, strict=True))


def test_the_report_adds_up_and_stands_beside_other_months(database: Database) -> None:
    town(database)
    found = report(database, date(2025, 5, 31))
    totals, *by, cases, deadlines = said(found)
    assert numbers(totals) == {
        "Fires": (3, 1, 1),
        "Deaths": (6, 5, 5),
        "Serious injuries": (2, 0, 0),
        "Light injuries": (3, 0, 0),
        "Missing": (0, 0, 0),
        "Direct economic loss (10,000 yuan)": (100, 0, 0),
    }
    for table in by:
        *rows, whole = table.rows
        assert whole.is_sum
        assert whole.cells[0] == 3
        assert sums_up((each.cells for each in rows), whole.cells), render(table.title, "en")
    assert "not known yet" in numbers(by[2])
    *under_way, whole = cases.rows[2:]
    assert sums_up((each.cells for each in under_way), whole.cells)
    *kept, together = deadlines.rows
    assert sums_up((each.cells for each in kept), together.cells)
    assert numbers(deadlines)["team_request"][:2] == (4, 1)
    assert deadlines.rows[0].note
    # A county alone, and nothing for somebody who sees nothing.
    assert report(database, FIRE_ON, HUIZE).now.all_fires.deaths == 1
    nobody = monthly(
        database, Actor("x"), LAW.in_force(CITY, TODAY), month_of(FIRE_ON), None, TODAY
    )
    assert (
        nobody.now.all_fires.count == nobody.now.moved.opened == nobody.now.all_deadlines.all == 0
    )


def test_stages_are_told_as_they_were_at_the_end_of_the_month(database: Database) -> None:
    ref = opened(database)
    did(database, ref, "request_team", DocumentSent(to="市政府"), date(2025, 5, 13))
    submitted(database, opened(database))
    stages = list(LAW.in_force(CITY, TODAY).stages)
    july = report(database, date(2025, 9, 1)).now.stages
    assert july == {
        ("investigate", stages.index("team")): 1,
        ("investigate", stages.index("approval")): 1,
    }
    # They were opened here in September: before, there was nothing under way.
    assert report(database, date(2025, 7, 1)).now.stages == {}


def test_a_report_asks_as_much_for_many_as_for_few(database: Database) -> None:
    opened(database)
    with counted(database) as few:
        report(database, FIRE_ON)
    town(database)
    with counted(database) as many:
        report(database, FIRE_ON)
    assert len(many) == len(few) == 12


def test_the_report_as_sheets_has_the_same_numbers(quick_database: Database) -> None:
    town(quick_database)
    tables = said(report(quick_database, FIRE_ON))
    sheets = sheets_of(tables, lambda words: render(words, "en"))
    assert [each.title for each in sheets] == [render(each.title, "en") for each in tables]
    for sheet, table in zip(sheets, tables, strict=True):
        for cells, row in zip(sheet.rows, table.rows, strict=True):
            assert tuple(cells[-len(row.cells) :]) == row.cells
            assert len(cells) == len(sheet.columns)
