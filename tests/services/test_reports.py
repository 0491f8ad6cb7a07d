"""The report: bound to one text, written with its steps or not at all, with tables of the case."""

import signal
from dataclasses import replace
from datetime import date

import pytest

from fireinvest.messages import Faulty, render
from fireinvest.services.casefile import CaseFile, case_file
from fireinvest.services.cases import CaseRef, NoSuchCase, load_case
from fireinvest.services.inquiries import close_line
from fireinvest.services.records import file_records
from fireinvest.services.report_tables import freeze, names_of_tables, tables_of
from fireinvest.services.reports import (
    ReportText,
    open_remarks,
    parts_of,
    release_part,
    standings_of,
    submit,
    submitted_text,
    text_of,
)
from fireinvest.services.together import Asking
from fireinvest.store import Database, open_database
from fireinvest.store import records as store
from fireinvest.workflow.actions import Order, Signature
from fireinvest.workflow.items.base import Item
from fireinvest.workflow.items.casualties import Casualty, Loss
from fireinvest.workflow.items.report import (
    Approval,
    RemarkAnswer,
    ReportSignature,
    Section,
    Submission,
)
from fireinvest.workflow.permissions import Actor
from fireinvest.workflow.registers import Filing, Record
from tests.services.office import (
    CALENDAR,
    FIRE_ON,
    LAW,
    NOW,
    TIMERS,
    TODAY,
    did,
    facts,
    key,
    opened,
)
from tests.services.test_crash import assert_sound, in_child, killed_at

DAY = date(2025, 6, 20)
UNIT = Section("unit", "概况", 1, "文字。", "drafting")
GIVEN = Submission("曲消1号", "调查报告", "市政府", DAY)


def asking(database: Database, ref: CaseRef, *, form: str | None = None) -> Asking:
    return Asking(database, LAW, CALENDAR, TIMERS, ref.id, form or key(), NOW, TODAY)


def write(database: Database, ref: CaseRef, *items: Item, register: str = "sections") -> None:
    file_records(
        database, LAW, CALENDAR, TIMERS, ref.id, [Filing(register, each) for each in items],
        idempotency_key=key(), now=NOW, today=TODAY, is_told=True,
    )  # fmt: skip


def items(database: Database, ref: CaseRef, register: str = "sections") -> list[Record]:
    with database.readers.begin() as session:
        return store.items_of(session, ref.id, [register])[register]


def the_text(database: Database, ref: CaseRef, part: str | None = None) -> ReportText:
    with database.readers.begin() as session:
        case = load_case(session, ref.id).case
    return text_of(case, items(database, ref), part)


def founded(database: Database) -> CaseRef:
    ref = opened(database)
    did(database, ref, "establish_team", Order(document_no="1", person="zhao"))
    return ref


# ---------------------------------------------------------------------------- all or nothing


def test_killed_at_any_point_a_submission_is_there_as_a_whole_or_not_at_all(
    database_url: str,
) -> None:
    database = open_database(database_url)
    refs = [founded(database) for _ in range(6)]
    for each in refs:
        write(database, each, UNIT)
    database.engine.dispose()
    ended = False
    # Among its statements, about the last ones, and after all of them.
    for ref, point in zip(refs, (20, 45, 60, 75, 90, 900), strict=True):

        def work(here: Database, ref: CaseRef = ref) -> None:
            seen = the_text(here, ref).hash
            submit(asking(here, ref, form=f"f{ref.id}"), GIVEN, seen=seen, reason="先行报送")

        ended_by = in_child(lambda point=point, work=work: killed_at(database_url, point, work))  # type: ignore[misc] # bound for this turn
        assert ended_by in (None, signal.SIGKILL)
        ended = ended or ended_by is None
        again = open_database(database_url)
        found = items(again, ref, "submissions")
        with again.readers.begin() as session:
            steps = load_case(session, ref.id).case.recorded.get("submit_report", ())
        assert len(found) == len(steps) <= 1
        # Sent again, it is done once.
        work(again)
        assert len(items(again, ref, "submissions")) == 1
        again.engine.dispose()
    assert ended
    database = open_database(database_url)
    assert_sound(database)
    database.engine.dispose()


def test_nobody_writes_in_a_case_that_they_do_not_see(database: Database) -> None:
    ref = founded(database)
    write(database, ref, UNIT)
    stranger = replace(asking(database, ref), actor=Actor("stranger"))
    with pytest.raises(NoSuchCase):
        submit(stranger, GIVEN, seen=the_text(database, ref).hash, reason="先行报送")
    with pytest.raises(NoSuchCase):
        release_part(stranger, "unit")
    with pytest.raises(NoSuchCase):
        close_line(stranger, "products", "文字", seen=0)
    assert not items(database, ref, "submissions")


def test_without_a_text_nothing_is_released_or_submitted(database: Database) -> None:
    ref = founded(database)
    with pytest.raises(Faulty, match="no section"):
        release_part(asking(database, ref), "unit")
    with pytest.raises(Faulty, match="no text"):
        submit(asking(database, ref), GIVEN, seen="", reason="先行报送")
    with pytest.raises(Faulty, match="Every sub-item"):
        close_line(asking(database, ref), "products", "文字", seen=0)


def test_what_was_submitted_is_read_from_its_own_versions(database: Database) -> None:
    ref = founded(database)
    write(database, ref, UNIT, Section("course", "经过", 1, "经过。", "drafting"))
    seen = the_text(database, ref).hash
    submit(asking(database, ref), GIVEN, seen=seen, reason="先行报送")
    file_records(
        database, LAW, CALENDAR, TIMERS, ref.id,
        [
            Filing("sections", replace(UNIT, text="改过。"), 1, 1),
            Filing("sections", UNIT, 2, 1, reason="错", is_withdrawn=True),
        ],
        idempotency_key=key(), now=NOW, today=TODAY,
    )  # fmt: skip
    (kept,) = items(database, ref, "submissions")
    assert isinstance(kept.values, Submission)
    with database.readers.begin() as session:
        text = submitted_text(session, ref.id, kept.values)
    assert [getattr(each.values, "text", None) for each in text.sections] == ["文字。", "经过。"]
    assert text.hash == kept.values.text_hash == seen
    assert the_text(database, ref).hash != seen


# ---------------------------------------------------------------------------- how it stands


def test_a_whole_approval_stands_for_the_parts_that_nobody_touched(database: Database) -> None:
    ref = founded(database)
    write(database, ref, UNIT, Section("course", "经过", 1, "经过。", "drafting"))
    text = the_text(database, ref)
    approval = Approval(None, "approved", None, DAY, text.bound, text.hash)
    write(database, ref, approval, register="approvals")

    def as_approved() -> list[bool]:
        with database.readers.begin() as session:
            case = load_case(session, ref.id).case
        parts = parts_of(case, items(database, ref), items(database, ref, "approvals"))
        return [each.is_as_approved for each in parts[:2]]

    assert as_approved() == [True, True]
    file_records(
        database, LAW, CALENDAR, TIMERS, ref.id,
        [Filing("sections", replace(UNIT, text="改过。"), 1, 1)],
        idempotency_key=key(), now=NOW, today=TODAY,
    )  # fmt: skip
    assert as_approved() == [False, True]
    # A later word on the part alone counts for it.
    unit = the_text(database, ref, "unit")
    word = Approval("unit", "approved", None, DAY, unit.bound, unit.hash)
    write(database, ref, word, register="approvals")
    assert as_approved() == [True, True]


def test_remarks_are_open_until_somebody_dealt_with_them(database: Database) -> None:
    ref = founded(database)
    returned = Approval("unit", "returned", "补充", DAY, "R1@1", "0" * 64)
    write(database, ref, returned, replace(returned, decision="approved"), register="approvals")
    approvals = items(database, ref, "approvals")
    assert [each.item for each in open_remarks(approvals, [])] == [1]
    write(database, ref, RemarkAnswer((1,), "已补充", DAY), register="remark_answers")
    assert open_remarks(approvals, items(database, ref, "remark_answers")) == []


def test_everybody_on_the_team_stands_somewhere(database: Database) -> None:
    ref = founded(database)
    write(database, ref, UNIT)
    text = the_text(database, ref)
    signed = ReportSignature("zhao", "signed", "account", DAY, None, text.bound, text.hash)
    with database.readers.begin() as session:
        case = load_case(session, ref.id).case
    (open_,) = standings_of(case, [], text)
    assert (open_.member.person, open_.outcome, open_.is_current) == ("zhao", None, False)
    did(database, ref, "sign_report", Signature("zhao", "signed"), DAY)
    with database.readers.begin() as session:
        case = load_case(session, ref.id).case
    (plain,) = standings_of(case, [], text)
    assert (plain.outcome, plain.record, plain.is_current) == ("signed", None, False)
    record = Record(1, "signatures", 1, 1, signed, NOW, "zhao")
    (bound,) = standings_of(case, [record], text)
    assert bound.is_current
    (other,) = standings_of(case, [record], ReportText.of(()))
    assert not other.is_current


# ---------------------------------------------------------------------------- tables


def the_file(database: Database, ref: CaseRef) -> CaseFile:
    with database.readers.begin() as session:
        return case_file(session, TIMERS, ref.number, CALENDAR, TODAY)


def test_tables_are_filled_from_the_case_and_keep_what_is_restricted(quick_app: object) -> None:
    database = quick_app.extensions["fireinvest"].database  # type: ignore[attr-defined] # an application
    ref = opened(database, known=facts(deaths=2, burnt_area_m2=120, households=3, missing=0))
    did(database, ref, "establish_team", Order(document_no="1", person="zhao"))
    hurt = Casualty("甲", outcome="dead", died_on=FIRE_ON, cause="窒息", observed_on=FIRE_ON,
                    source="医院", age=40, sex="male")  # fmt: skip
    file_records(
        database, LAW, CALENDAR, TIMERS, ref.id,
        [
            Filing("casualties", hurt),
            Filing("casualties", replace(hurt, name="乙"), restriction="discipline"),
            Filing("losses", Loss("货物", kind="property", stage="declared", amount=100_000_000,
                                  by="某公司", on=FIRE_ON)),
        ],
        idempotency_key=key(), now=NOW, today=TODAY, is_told=True,
    )  # fmt: skip
    file = the_file(database, ref)
    with database.readers.begin() as session:
        records = store.items_of(session, ref.id, ["casualties", "losses"])
    tables = tables_of(file, records)
    assert list(tables) == ["statistics", "casualties", "losses", "team", "dissents"]

    def rows(name: str) -> list[list[str]]:
        return [[render(cell, "en") for cell in row] for row in tables[name].rows]

    assert ["Deaths", "2 people"] in rows("statistics")
    assert ["Burnt area", "120 m²"] in rows("statistics")
    assert rows("casualties") == [
        ["1", "甲", "male", "40", "dead", "2025-05-12", "窒息"],
        ["2", "(restricted)", "", "", "", "", ""],
    ]
    assert rows("losses")[0] == ["direct property loss", "1,000,000 yuan", "—", "—"]
    assert rows("team") == [["1", "zhao", "team leader", "", ""]]
    assert rows("dissents") == []
    did(database, ref, "sign_report", Signature("zhao", "dissent", "一\n二"), DAY)
    file = the_file(database, ref)
    tables = tables_of(file, records)
    assert rows("team") == [["1", "zhao", "team leader", "", "signed with a dissent"]]
    assert rows("dissents") == [["zhao", "signed with a dissent", "一\n二"]]
    kept = {each.code: each.rows for each in freeze(tables)}
    assert kept["casualties"][1][4] == "死亡"
    names = names_of_tables(file.case)
    assert names["伤亡人员表"] == names["casualties"] == "casualties"
    assert "乙" not in str(kept)
