"""When did the sweep run, and what did it count?"""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from fireinvest.store.alerts import SweepRow
from fireinvest.store.cases import CaseRow


@dataclass(frozen=True, slots=True)
class Sweep:
    """A run of the sweep; ``ended_at`` is None while it runs, or when it was killed."""

    id: int
    day: date
    began_at: datetime
    ended_at: datetime | None
    cases: int
    told: int
    skipped: int
    errors: int


def begin(session: Session, day: date, now: datetime) -> int:
    """Note that a sweep begins, and return its id."""
    row = session.execute(
        insert(SweepRow)
        .values(day=day, began_at=now, cases=0, told=0, skipped=0, errors=0)
        .returning(SweepRow.id)
    )
    return row.scalar_one()


def end(
    session: Session,
    sweep_id: int,
    now: datetime,
    *,
    cases: int,
    told: int,
    skipped: int,
    errors: int,
) -> None:
    """Note that a sweep has gone through, and what it counted."""
    session.execute(
        update(SweepRow)
        .where(SweepRow.id == sweep_id)
        .values(ended_at=now, cases=cases, told=told, skipped=skipped, errors=errors)
    )


def latest(session: Session, size: int = 1, *, ended: bool = False) -> list[Sweep]:
    """Return the latest sweeps, the newest first; with ``ended`` those that went through."""
    query = select(
        SweepRow.id, SweepRow.day, SweepRow.began_at, SweepRow.ended_at, SweepRow.cases,
        SweepRow.told, SweepRow.skipped, SweepRow.errors,
    ).order_by(SweepRow.began_at.desc(), SweepRow.id.desc()).limit(size)  # fmt: skip
    if ended:
        query = query.where(SweepRow.ended_at.is_not(None))
    return [Sweep(*row) for row in session.execute(query)]


def first_case_at(session: Session) -> datetime | None:
    """Return when the first case was opened here, None where there is none."""
    return session.scalar(select(CaseRow.opened_at).order_by(CaseRow.id).limit(1))
