"""Cases and deadlines are what their journal says; where they are not, it is named and put right."""

import pytest
from sqlalchemy import text

from fireinvest.services.cases import rebuild
from fireinvest.store import Database
from fireinvest.store.append_only import unprotect
from fireinvest.workflow.actions import DocumentSent, Order, Recusal
from tests.queries import counted
from tests.services.office import CALENDAR, FIRE_ON, FUYUAN, LAW, did, opened
from tests.services.test_cases import snapshot


def worked(database: Database, cases: int = 2) -> None:
    grounds = LAW.in_force(FUYUAN, FIRE_ON).lists["recusal_grounds"].items[0].id
    for _ in range(cases):
        ref = opened(database)
        did(database, ref, "request_team", DocumentSent(to="市政府"))
        did(database, ref, "establish_team", Order(person="li"))
        did(database, ref, "declare_recusal", Recusal(person="qian", item=grounds))
        did(database, ref, "decide_recusal", Recusal(person="qian", outcome="granted"))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("UPDATE cases SET level = 'general' WHERE id = 1", [("cases", "", "level")]),
        ("UPDATE cases SET version = 9 WHERE id = 1", [("cases", "", "version")]),
        ("UPDATE cases SET head_hash = 'h' WHERE id = 1", [("cases", "", "head_hash")]),
        ("UPDATE cases SET unit_name = 'h' WHERE id = 1", [("cases", "", "unit_name")]),
        ("UPDATE cases SET carrier = 'h' WHERE id = 1", [("cases", "", "carrier")]),
        ("UPDATE cases SET stage = NULL WHERE id = 1", [("cases", "", "stage")]),
        ("UPDATE cases SET next_due_on = NULL WHERE id = 1", [("cases", "", "next_due_on")]),
        (
            "UPDATE deadlines SET due_on = '2025-01-01' WHERE case_id = 1 AND clock = 'report'",
            [("deadlines", "report/1", "due_on")],
        ),
        (
            "UPDATE deadlines SET ended_on = NULL WHERE case_id = 1 AND clock = 'team_request'",
            [("deadlines", "team_request/1", "ended_on")],
        ),
        (
            "DELETE FROM deadlines WHERE case_id = 1 AND clock = 'report'",
            [("deadlines", "report/1", "")],
        ),
        (
            "UPDATE deadlines SET instance = '7' WHERE case_id = 1 AND clock = 'report'",
            [("deadlines", "report/1", ""), ("deadlines", "report/7", "")],
        ),
        (
            "UPDATE deadlines SET plan_step = 'consult' WHERE case_id = 1 AND clock = 'report'",
            [("deadlines", "report/1", "plan_step")],
        ),
        ("DELETE FROM recusals WHERE case_id = 1", [("recusals", "", "")]),
        ("DELETE FROM apart WHERE case_id = 1", [("apart", "", "")]),
        ("UPDATE apart SET person = 'wu' WHERE case_id = 1", [("apart", "", "")]),
    ],
)
def test_a_difference_is_named_and_put_right(
    database: Database, change: str, expected: list[tuple[str, str, str]]
) -> None:
    worked(database)
    sound = snapshot(database)
    assert list(rebuild(database, CALENDAR)) == []
    with database.sessions.begin() as session:
        session.execute(text(change))
    wrong = snapshot(database)
    found = list(rebuild(database, CALENDAR))
    assert [(each.table, each.key, each.column) for each in found] == expected
    assert {each.number for each in found} == {"5303-2025-0001"}
    assert list(rebuild(database, CALENDAR, case_id=2)) == []
    assert snapshot(database) == wrong
    assert list(rebuild(database, CALENDAR, check=False)) == found
    assert snapshot(database) == sound


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM journal WHERE case_id = 1",
        "DELETE FROM journal WHERE case_id = 1 AND seq = 1",
        "UPDATE journal SET schema_version = 99 WHERE case_id = 1 AND seq = 2",
        "UPDATE journal SET payload = 'x' WHERE case_id = 1 AND seq = 2",
    ],
)
def test_what_cannot_be_read_is_named_and_left_alone(database: Database, change: str) -> None:
    worked(database)
    with database.engine.begin() as connection:
        unprotect(connection, "journal")
        connection.execute(text(change))
    wrong = snapshot(database)
    found = list(rebuild(database, CALENDAR, check=False))
    assert [(each.number, each.table) for each in found] == [("5303-2025-0001", "journal")]
    assert snapshot(database) == wrong


def test_the_statements_do_not_grow_with_the_cases(database: Database) -> None:
    worked(database, 1)
    with counted(database) as few:
        list(rebuild(database, CALENDAR))
    worked(database, 5)
    with counted(database) as many:
        list(rebuild(database, CALENDAR))
    assert len(many) == len(few)
