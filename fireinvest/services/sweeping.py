"""The sweep: every night each clock that has something to tell tells it, one case at a time."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from fireinvest.regulation.calendar import Calendar
from fireinvest.regulation.rulesets import Law
from fireinvest.services.alerting import climb
from fireinvest.services.reminding import remind_of_notice
from fireinvest.store import Database, alerts, sweeps
from fireinvest.store.conflicts import Conflict, changing

logger = logging.getLogger("fireinvest.sweep")

#: How many cases are looked up at a time.
_AT_ONCE = 500
#: How often a case that somebody else is changing is tried again.
_TRIES = 3


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep did: cases looked at, notices told, rungs passed over, cases that failed."""

    day: date
    cases: int
    told: int
    skipped: int
    failed: tuple[int, ...]


def sweep(
    database: Database,
    calendar: Callable[[], Calendar],
    *,
    clock: Callable[[], datetime],
    today: date,
    law: Law | None = None,
) -> Swept:
    """Tell what the clocks of all cases have reached up to today.

    One transaction for each case: a case that fails is logged and tried again the next time, and
    never stops the others. Cost grows with the cases that have something to tell. Run twice, or
    by two at once, it adds nothing. ``calendar``: asked for each case, so that a holiday notice
    which is entered meanwhile holds for the cases that are left.
    """
    with changing(database) as session:
        sweep_id = sweeps.begin(session, today, clock())
    seen = told = skipped = 0
    failed: list[int] = []
    after_id = 0
    while True:
        with database.readers.begin() as session:
            ids = alerts.due_cases(session, today, after_id, _AT_ONCE)
        if not ids:
            break
        for case_id in ids:
            seen += 1
            try:
                done = _one(database, case_id, calendar, clock(), today, law)
            except Exception:
                # Whatever is wrong with one case: the night goes on, and says so at its end.
                logger.exception("sweep", extra={"fields": {"case_id": case_id}})
                failed.append(case_id)
                continue
            told += done[0]
            skipped += done[1]
        after_id = ids[-1]
    known = calendar()
    with changing(database) as session:
        told += remind_of_notice(session, known, now=clock(), today=today)
        sweeps.end(
            session, sweep_id, clock(), cases=seen, told=told, skipped=skipped, errors=len(failed)
        )
    return Swept(today, seen, told, skipped, tuple(failed))


def _one(
    database: Database,
    case_id: int,
    calendar: Callable[[], Calendar],
    now: datetime,
    today: date,
    law: Law | None,
) -> tuple[int, int]:
    for left in reversed(range(_TRIES)):
        known = calendar()
        try:
            with changing(database) as session:
                done = climb(session, case_id, known, now=now, today=today, law=law)
                return done.told, done.skipped
        except Conflict:
            if not left:
                raise
    raise AssertionError  # pragma: no cover - the last try returns or raises
