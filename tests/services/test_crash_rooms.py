"""A process killed while it saves a section or submits the report leaves all of it, or nothing.

The form that was sent to it is sent again, and is done once: whether the kill came before the
commit, or after it and before the answer.
"""

import os
import signal
from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import text

from fireinvest.services.cases import CaseRef, load_case, rebuild
from fireinvest.services.journal import verify_all
from fireinvest.services.records import Filed, file_records
from fireinvest.services.reports import SECTIONS, Asking, submit, text_of
from fireinvest.store import Database, open_database
from fireinvest.store import records as store
from fireinvest.workflow.actions import DocumentSent, Order
from fireinvest.workflow.items.report import RELEASED, Section, Submission
from fireinvest.workflow.permissions import Actor
from fireinvest.workflow.registers import Filing
from tests.services.office import CALENDAR, FIRE_ON, LAW, NOW, TIMERS, TODAY, did, key, opened
from tests.services.test_crash import in_child, killed_at

#: More than these have statements; one that comes to its end sooner is the last.
MOST_POINTS = 200
TABLES = (
    "records", "record_heads", "register_items", "register_keys", "journal", "deadlines",
    "outbox", "cases",
)  # fmt: skip


def counts(database: Database) -> dict[str, int]:
    with database.readers.begin() as session:
        return {
            each: int(session.execute(text(f"SELECT count(*) FROM {each}")).scalar_one())
            for each in TABLES
        }


def drafted(database: Database, by: Actor = TIMERS) -> CaseRef:
    """A case that somebody opened, with a team, and a report of one section."""
    ref = opened(database, by)
    did(database, ref, "request_team", DocumentSent(to="市政府"), FIRE_ON)
    did(database, ref, "establish_team", Order(document_no="1", person="zhao"), FIRE_ON)
    section(database, ref, key(), None)
    return ref


def section(database: Database, ref: CaseRef, form: str, version: int | None = 1) -> Filed:
    """The section is written, or written on in this version of it."""
    written = Section("unit", "起火单位概况", 1, f"第{version}稿", RELEASED)
    filing = Filing(SECTIONS, written, version and 1, version, "补充" if version else None)
    return file_records(
        database, LAW, CALENDAR, TIMERS, ref.id, [filing],
        idempotency_key=form, now=NOW, today=TODAY,
    )  # fmt: skip


def submission(database: Database, ref: CaseRef, form: str) -> Filed:
    """The report is submitted as it reads: an item of its register, and a step."""
    with database.readers.begin() as session:
        case = load_case(session, ref.id).case
        seen = text_of(case, store.items_of(session, ref.id, [SECTIONS])[SECTIONS]).hash
    asking = Asking(database, LAW, CALENDAR, TIMERS, ref.id, form, NOW, TODAY)
    given = Submission("曲消调1号", "调查报告", "市政府", date(2025, 9, 9))
    return submit(asking, given, seen=seen, reason="补录")


#: What each writes into two tables: into the register, and into the journal.
WORKS: dict[str, tuple[Callable[[Database, CaseRef, str], Filed], tuple[int, int]]] = {
    "section": (section, (1, 0)),
    "submission": (submission, (1, 1)),
}


@pytest.mark.parametrize("name", WORKS)
def test_killed_at_any_statement_or_before_the_answer(database_url: str, name: str) -> None:
    work, (items, steps) = WORKS[name]
    database = open_database(database_url)
    ref = drafted(database)
    before = counts(database)

    def work_and_die(opened_there: Database) -> None:
        work(opened_there, ref, "form")
        os.kill(os.getpid(), signal.SIGKILL)

    # Each third of the points before and after its statements: there are both kinds among them.
    for point in range(0, MOST_POINTS, 3):
        ended_by = in_child(
            lambda point=point: killed_at(  # type: ignore[misc] # bound for this turn
                database_url, point, work_and_die
            )
        )
        assert ended_by == signal.SIGKILL
        after = counts(database)
        if after != before:
            break
    else:
        pytest.fail("the work never came to its end")
    assert point > 10
    # The last kill came after the commit, before anybody was told.
    assert (after["records"] - before["records"], after["journal"] - before["journal"]) == (
        items, steps,
    )  # fmt: skip
    assert work(database, ref, "form").is_repeat
    assert counts(database) == after
    assert list(rebuild(database, CALENDAR)) == []
    assert list(verify_all(database, workers=1)) == []
    database.engine.dispose()
