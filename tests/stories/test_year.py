"""A simulated year: no deadline passes in silence, whatever goes wrong by night."""

import json
from datetime import date

import pytest
from sqlalchemy import func, select

from fireinvest.services.cases import rebuild
from fireinvest.services.journal import verify_log
from fireinvest.store import Database
from fireinvest.store.alerts import AlertRow, LadderRow, ReachedRow, due_cases
from fireinvest.store.cases import CaseRow, DeadlineRow
from fireinvest.store.journal import JournalRow
from tests.services.office import notice_of
from tests.stories.oracle import STATUTORY
from tests.stories.simulated import Year

NEXT_YEARS = notice_of(2026, "国办发明电〔2025〕7号")

#: What a month and a year must have seen, or they prove little.
OF_A_MONTH = {
    "notice", "deputy", "leaver", "reply", "decide_recusal", "decide_extension", "test_returned",
    "moved by paused", "moved by resumed", "moved by entry",
}  # fmt: skip
OF_A_YEAR = OF_A_MONTH | {
    "hand_over", "raise", "merge", "void", "return_report", "evaluation_report", "authorise_zone",
    "decide_leader_recusal", "decide_determination_extension", "assist_done", "accept_measure",
    "extend_supervision", "decide_category", "decide_social_impact", "moved by calendar",
    "open general", "open larger", "open major", "open nobody", "open work_safety", "open elsewhere",
}  # fmt: skip
NIGHTS = {"plain", "missed", "twice", "at once", "dies", "bad case", "worker died"}


def a_month(database: Database, url: str, seed: int) -> Year:
    """November, with cases of the weeks before it, and a day off that is given at short notice."""
    year = Year(
        database, url, seed, date(2025, 11, 1), date(2025, 11, 30), cases=22, before=50
    )  # fmt: skip
    at_once = notice_of(2025, "国办发明电〔2025〕8号", off=[date(2025, 11, 28)])
    year.notices = {date(2025, 11, 4): NEXT_YEARS, date(2025, 11, 18): at_once}
    return year


def a_year(database: Database, url: str, seed: int, cases: int) -> Year:
    """From March on, with a day off at short notice, and a Spring Festival that is made longer."""
    year = Year(
        database, url, seed, date(2025, 3, 1), date(2026, 2, 28), cases=cases, kills=6
    )  # fmt: skip
    parade = notice_of(2025, "国办发明电〔2025〕3号", off=[date(2025, 9, 3)])
    longer = notice_of(2026, "国办发明电〔2026〕1号", off=[date(2026, 2, 24), date(2026, 2, 25)])
    year.notices = {
        date(2025, 8, 20): parade, date(2025, 11, 4): NEXT_YEARS, date(2026, 1, 27): longer,
    }  # fmt: skip
    return year


def test_a_month_in_which_nothing_is_missed(database_url: str, database: Database) -> None:
    year = a_month(database, database_url, 8)
    year.goes_on()
    holds(year, OF_A_MONTH)
    assert {"missed", "dies", "worker died"} <= year.count.nights.keys()


@pytest.mark.long
def test_a_year_in_which_nothing_is_missed(database_url: str, database: Database) -> None:
    year = a_year(database, database_url, 1, 300)
    year.goes_on()
    holds(year, OF_A_YEAR)
    assert {*NIGHTS, "killed"} <= year.count.nights.keys()


def holds(year: Year, wanted: set[str]) -> None:
    """At the end everything was told as it should be, and stands on record."""
    everyone_was_told(year)
    every_rung_is_on_record(year)
    every_move_is_explained(year)
    every_running_clock_has_its_ladder(year)
    nothing_statutory_passed_in_silence(year)
    assert list(rebuild(year.database, year.calendar)) == []
    with year.database.readers.begin() as session:
        assert list(verify_log(session)) == []
    assert wanted - year.count.done.keys() == set()


def everyone_was_told(year: Year) -> None:
    """Each person heard of the highest rung newly reached, once, on its day; nobody else did."""
    oracle = year.oracle
    assert oracle.faults == [], "\n".join(oracle.faults[:30])
    assert sum(oracle.waiting.values()) == 0
    with year.database.readers.begin() as session:
        count, keys = session.execute(
            select(func.count(), func.count(AlertRow.key.distinct()))
        ).one()
    assert count == keys == len(oracle.told) > 0


def every_rung_is_on_record(year: Year) -> None:
    """Those passed over are on record as skipped, those told as told."""
    with year.database.readers.begin() as session:
        rows = session.execute(
            select(
                ReachedRow.case_id, ReachedRow.clock, ReachedRow.instance, ReachedRow.due_on,
                ReachedRow.rung, ReachedRow.occurrence, ReachedRow.is_skipped,
            )
        )  # fmt: skip
        found = {tuple(row[:-1]): row.is_skipped for row in rows}
    wanted = year.oracle.record
    assert {key: was for key, was in wanted.items() if found.get(key) != was} == {}
    assert found.keys() - wanted.keys() == set()
    assert any(wanted.values())


#: Which steps can move the date of which clock; what is voided or decided on the facts, any.
_MOVING = {
    "decide_extension": {"report"},
    "decide_determination_extension": {"determination"},
    "test_commissioned": {"determination", "report"},
    "test_returned": {"determination", "report"},
    # Done earlier than written down, it ends the time of an appraisal on its own day.
    "fire_determination": {"determination"},
    # Sent anew, a receipt may belong to the later sending: the earlier one counts from itself.
    "submit_report": {"report", "reply"},
    "extend_supervision": {"supervision"},
    "receive_report": {"reply"},
    "return_report": {"reply"},
}
_TESTS = {"test_commissioned", "test_returned"}
_ON_FACTS = {"update_figures", "decide_category", "decide_social_impact", "void"}


def every_move_is_explained(year: Year) -> None:
    """Whoever was told that a date moved was told why: by an entry that could, a notice, or time."""
    with year.database.readers.begin() as session:
        rows = session.execute(
            select(AlertRow.case_id, AlertRow.clock, AlertRow.details).where(
                AlertRow.rung == "moved"
            )
        ).all()
        entries = session.execute(select(JournalRow.case_id, JournalRow.seq, JournalRow.step))
        steps = {(row.case_id, row.seq): row.step for row in entries}
    for case_id, clock, written in rows:
        details = json.loads(written)
        is_by_appraisal = details["cause"] in ("paused", "resumed")
        assert is_by_appraisal or details["before"]["due_on"] != details["after"]["due_on"]
        step = steps[case_id, details["entry"]]
        year.count.done[f"moved by {details['cause']}"] += 1
        match details["cause"]:
            case "entry":
                assert step in _ON_FACTS or clock in _MOVING.get(step, ()), (case_id, step, clock)
            case "calendar":
                assert step == "recount"
            case cause:
                # Once each: no day between them is told.
                assert cause in ("paused", "resumed")
                assert clock in ("determination", "report")
                assert step in _ON_FACTS or step in _TESTS, (case_id, step, clock)


def every_running_clock_has_its_ladder(year: Year) -> None:
    """And none has one that has ended; after a sweep nothing is left to be told today."""
    with year.database.readers.begin() as session:
        ladders = {
            tuple(row)
            for row in session.execute(
                select(
                    LadderRow.case_id, LadderRow.clock, LadderRow.instance, LadderRow.due_on
                )
            )
        }  # fmt: skip
        running = {
            tuple(row)
            for row in session.execute(
                select(
                    DeadlineRow.case_id, DeadlineRow.clock, DeadlineRow.instance, DeadlineRow.due_on
                ).where(DeadlineRow.ended_on.is_(None))
            )
        }
        assert ladders == running
        assert due_cases(session, year.today, 0, 1000) == []


def nothing_statutory_passed_in_silence(year: Year) -> None:
    """Of each statutory date that is past and unmet, somebody heard, and above them somebody."""
    with year.database.readers.begin() as session:
        late = session.execute(
            select(
                DeadlineRow.case_id, DeadlineRow.clock, DeadlineRow.instance, DeadlineRow.due_on
            )
            .join(CaseRow, CaseRow.id == DeadlineRow.case_id)
            .where(
                DeadlineRow.ended_on.is_(None),
                DeadlineRow.due_on < year.today,
                DeadlineRow.clock.in_(sorted(STATUTORY)),
            )
        ).all()  # fmt: skip
    told = {(*key[:4], key[4]) for key, _ in year.oracle.told}
    names = ("urged", "overdue_daily", "overdue_weekly", "supervised")
    assert late
    for case_id, clock, instance, due_on in late:
        heard = {name for name in names if (case_id, clock, instance, due_on, name) in told}
        assert heard, (case_id, clock, due_on)
        if (year.today - due_on).days >= 8:
            assert "supervised" in heard, (case_id, clock, due_on)
