"""Old cases: each comes in whole or not at all, once, with its real dates, and alarms nobody."""

from datetime import date, timedelta
from io import BytesIO

import pytest
from openpyxl import load_workbook
from sqlalchemy import func, select

from fireinvest.documents.tables import write_table
from fireinvest.messages import Faulty, render
from fireinvest.regulation.clocks import State
from fireinvest.services.alerting import climb
from fireinvest.services.cases import Filters, Loaded, list_cases, load_case, rebuild, scope_of
from fireinvest.services.ladders import LONG_PAST
from fireinvest.services.ledgers import (
    LedgerWords,
    ledger_columns,
    ledger_lines,
    ledger_rows,
)
from fireinvest.services.old_ledger.bringing_in import Line, Standing
from fireinvest.services.old_ledger.columns import COLUMNS
from fireinvest.services.people import Post
from fireinvest.store import Database
from fireinvest.store.alerts import AlertRow, LadderRow, ReachedRow
from fireinvest.store.cases import CaseRow
from fireinvest.store.journal import JournalRow
from fireinvest.store.outbox import OutboxRow
from fireinvest.workflow.actions import Decision, Opening, Order
from fireinvest.workflow.permissions import Actor, Grant
from tests.services.office import CALENDAR, FUYUAN, NOW, TODAY, person
from tests.services.old_form import BEGUN, WHOLE, Cells, brought, form_of, looked, rows_of

OFFICER = Post("carrier", division=FUYUAN, tier="county")
STRANGER = Actor("li", (Grant("carrier", division="530326", tier="county"),))


def said(line: Line, language: str = "en") -> dict[str, str]:
    """What is wrong with a line, by column."""
    return {each.field: render(each.text, language) for each in line.problems}


def count(database: Database, table: type) -> int:
    with database.readers.begin() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def case_of(database: Database, number: str | None) -> Loaded:
    with database.readers.begin() as session:
        found = session.scalar(select(CaseRow.id).where(CaseRow.number == number))
        assert found is not None
        return load_case(session, found)


def test_a_whole_case_comes_in_with_its_real_dates_and_numbers(database: Database) -> None:
    wang = person(database, "wang", OFFICER)
    (line,) = looked(database, wang, WHOLE)
    assert (line.standing, said(line)) == (Standing.NEW, {})
    assert count(database, CaseRow) == 0
    assert line.planned.case is not None
    assert line.planned.case.stage == "evaluation"
    ended = {each.clock.id for each in line.planned.deadlines if each.state is State.MET}
    assert {"team_request", "report", "reply", "archive", "evaluation"} <= ended

    (line,) = brought(database, wang, WHOLE)
    assert (line.standing, line.number) == (Standing.BROUGHT, "5303-2023-0001")
    case = case_of(database, line.number).case
    assert isinstance(case.opening.payload, Opening)
    assert case.occurred_on == date(2023, 5, 12)
    assert case.facts.light_injuries == 3
    assert case.facts.direct_economic_loss == 186_500_000
    (order,), (reply,) = case.done["establish_team"], case.done["reply"]
    assert order.on == date(2023, 5, 18)
    assert order.payload == Order(document_no="富政函〔2023〕2号", person="某甲")
    assert isinstance(reply.payload, Decision)
    assert (reply.on, reply.payload.document_no) == (date(2023, 7, 20), "富政复〔2023〕3号")
    # Each says that it was written down later, by whom, and from where.
    assert {each.actor for each in case.entries} == {"wang"}
    assert all("2023-001" in (each.reason or "") for each in case.entries)
    assert all(each.recorded_at == NOW for each in case.entries)
    assert case.carrier is not None
    assert case.carrier.person == "wang"
    assert case.inconsistencies == ()
    assert list(rebuild(database, CALENDAR)) == []


def test_what_is_there_stays_whatever_file_it_comes_in_and_whoever_brings_it(
    database: Database,
) -> None:
    wang, zhao = person(database, "wang", OFFICER), person(database, "zhao", OFFICER)
    first = brought(database, wang, WHOLE, BEGUN)
    entries = count(database, JournalRow)
    again = brought(database, zhao, BEGUN, WHOLE)
    assert [each.standing for each in again] == [Standing.SAME, Standing.SAME]
    assert {each.number for each in again} == {each.number for each in first}
    (other,) = brought(database, zhao, WHOLE | {"deaths": 2})
    assert (other.standing, other.number) == (Standing.OTHER, "5303-2023-0001")
    assert [looked(database, wang, WHOLE)[0].standing] == [Standing.SAME]
    assert count(database, JournalRow) == entries
    # The same number of another county is another case.
    huize = person(database, "qian", Post("carrier", division="530326", tier="county"))
    (theirs,) = brought(database, huize, WHOLE | {"division": "会泽县"})
    assert theirs.standing is Standing.BROUGHT


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"deaths": "两人"}, "deaths", "A whole number"),
        ({"division": "某县"}, "division", "none of the choices"),
        ({"division": "沾益县"}, "division", ""),
        ({"division": "会泽县"}, "division", "can't open cases of this place"),
        ({"occurred_on": "2026-01-01"}, "occurred_on", "future"),
        ({"occurred_on": "1999-01-01"}, "occurred_on", ""),
        ({"occurred_on": "五月"}, "occurred_on", "not a date"),
        ({"occurred_time": "25:00"}, "occurred_time", "time of day"),
        ({"loss": "很多"}, "loss", "10,000 yuan"),
        ({"loss": "0.0000001"}, "loss", "10,000 yuan"),
        ({"unit_name": ""}, "unit_name", "needed"),
        ({"replied_on": "2023-07-01"}, "replied_on", "can't lie before"),
        ({"submitted_on": ""}, "received_on", "must come first"),
        ({"established_on": "2023-05-01"}, "established_on", "can't lie before"),
        ({"evaluation_opened_on": ""}, "evaluated_on", "must come first"),
        ({"extension_on": "2023-07-01"}, "extension_days", "needed"),
        ({"extension_days": 10}, "extension_on", "needed"),
        ({"reply_outcome": "也许"}, "reply_outcome", "none of the choices"),
    ],
)
def test_what_is_wrong_is_told_by_the_cell_and_leaves_nothing(
    quick_database: Database, change: Cells, field: str, words: str
) -> None:
    wang = person(quick_database, "wang", OFFICER)
    (line,) = looked(quick_database, wang, WHOLE | change)
    assert line.standing is Standing.WRONG
    assert words in said(line)[field], said(line)
    assert line.row.places[field][1:].isdigit() or line.row.places[field][2:].isdigit()
    wrong, right = brought(quick_database, wang, WHOLE | change, BEGUN)
    assert (wrong.standing, right.standing) == (Standing.WRONG, Standing.BROUGHT)
    assert count(quick_database, CaseRow) == 1
    # Put right, the same form goes on where it stopped.
    wang_again = brought(quick_database, wang, WHOLE, BEGUN)
    assert [each.standing for each in wang_again] == [Standing.BROUGHT, Standing.SAME]


def test_a_number_stands_in_one_row_only(quick_database: Database) -> None:
    wang = person(quick_database, "wang", OFFICER)
    first, second = looked(quick_database, wang, WHOLE, BEGUN | {"old_number": "2023-001"})
    assert first.standing is Standing.NEW
    assert said(second) == {"old_number": "Row 2 has this number already."}


def test_a_case_that_was_opened_by_hand_is_pointed_out(quick_database: Database) -> None:
    wang = person(quick_database, "wang", OFFICER)
    brought(quick_database, wang, WHOLE)
    (line,) = looked(quick_database, wang, WHOLE | {"old_number": "2023-009"})
    assert line.standing is Standing.NEW
    assert "5303-2023-0001" in render(line.planned.remarks[0], "en")


def test_what_the_rule_of_the_day_has_no_step_for_is_kept_as_a_note(
    quick_database: Database,
) -> None:
    wang = person(quick_database, "wang", OFFICER)
    old = {name: WHOLE[name] for name in ("unit_name", "address", "division", "deaths")}
    old |= {"old_number": "2019-007", "occurred_on": "2019-05-12", "replied_on": "2019-08-01"}
    (line,) = brought(quick_database, wang, old)
    assert line.standing is Standing.BROUGHT
    assert "reply" in render(line.planned.remarks[0], "en")
    reason = case_of(quick_database, line.number).case.opening.reason or ""
    assert "2019-08-01" in reason


def test_nobody_hears_of_what_lies_behind(database: Database) -> None:
    wang = person(database, "wang", OFFICER)
    lately = TODAY - timedelta(days=70)
    recent = BEGUN | {
        "old_number": "2025-009",
        "occurred_on": lately.isoformat(),
        "requested_on": lately.isoformat(),
    }
    whole, begun, near = brought(database, wang, WHOLE, BEGUN, recent)
    assert count(database, OutboxRow) == 0
    overdue = [each for each in begun.planned.deadlines if not each.is_ended]
    assert any(TODAY - each.due_on > LONG_PAST for each in overdue)
    with database.readers.begin() as session:
        assert set(session.scalars(select(ReachedRow.is_skipped))) == {True}
        nexts = {
            (row.case_id, row.clock): (row.next_on, row.due_on)
            for row in session.scalars(select(LadderRow))
        }
    # The sweep passes over what is long past; the rest goes on from today.
    for (_case, clock), (next_on, due_on) in nexts.items():
        assert (next_on is None) == (TODAY - due_on > LONG_PAST), clock
    for line in (whole, begun, near):
        ref = case_of(database, line.number).ref
        with database.sessions.begin() as session:
            told = climb(session, ref.id, CALENDAR, now=NOW, today=TODAY)
        assert told.told == 0
    assert count(database, AlertRow) == 0
    ref = case_of(database, near.number).ref
    later = min(on for (case_id, _), (on, _due) in nexts.items() if case_id == ref.id and on)
    assert later > TODAY
    with database.sessions.begin() as session:
        told = climb(session, ref.id, CALENDAR, now=NOW, today=later)
    assert told.told > 0


def test_a_stranger_brings_in_nothing(quick_database: Database) -> None:
    (line,) = brought(quick_database, STRANGER, WHOLE)
    assert line.standing is Standing.WRONG
    assert count(quick_database, CaseRow) == 0


def test_what_is_no_form_is_refused_as_a_whole() -> None:
    for content in (b"", b"PK", form_of(language="en")):
        with pytest.raises(Faulty):
            rows_of(content)


def as_excel(database: Database, actor: Actor) -> list[dict[str, object]]:
    """The ledger as somebody takes it away, each row by its heads."""

    def say(words: object) -> str:
        return render(words, "zh")  # type: ignore[arg-type] # any words

    plain = LedgerWords(
        place=lambda code: code, level=str, category=str, government=str,
        stage=lambda line: line.stage or "", clock=str,
    )  # fmt: skip
    lines = ledger_lines(database, actor, Filters(today=TODAY))
    stream = BytesIO()
    write_table(stream, "台账", ledger_columns(say), ledger_rows(lines, plain, say, TODAY))
    sheet = load_workbook(stream).active
    assert sheet is not None
    _title, heads, *rows = sheet.iter_rows(values_only=True)
    return [dict(zip((str(each) for each in heads), row, strict=True)) for row in rows]


def test_the_ledger_holds_what_was_brought_in(database: Database) -> None:
    wang = person(database, "wang", OFFICER)
    brought(database, wang, WHOLE, BEGUN)
    rows = as_excel(database, wang)
    head = {name: render(each.label, "zh") for name, each in COLUMNS.items()}
    found = {row[head["old_number"]]: row for row in rows}
    assert set(found) == {"2023-001", "2025-004"}
    row = found["2023-001"]
    days = [name for name, each in COLUMNS.items() if each.step is not None]
    wanted = rows_of(form_of(WHOLE))[0].wanted
    assert wanted is not None
    for name in days:
        assert row[head[name]].date() == wanted.days[name], name  # type: ignore[attr-defined] # a day
    same = ("unit_name", "address", "occurred_time", "deaths", "serious_injuries", "light_injuries")
    for name in (*same, "loss"):
        assert row[head[name]] == WHOLE[name], name
    assert row[head["occurred_on"]].date() == date(2023, 5, 12)  # type: ignore[attr-defined] # a day
    assert row[head["division"]] == FUYUAN


def test_the_list_shows_old_cases_to_their_own_place_alone(quick_database: Database) -> None:
    wang = person(quick_database, "wang", OFFICER)
    brought(quick_database, wang, WHOLE)
    with quick_database.readers.begin() as session:
        seen, hidden = (
            list_cases(session, scope_of(each), Filters(text="2023-001"), None, 10).lines
            for each in (wang, STRANGER)
        )
    assert [len(seen), len(hidden)] == [1, 0]
