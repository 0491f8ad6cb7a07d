"""What a month's report counts: each of it by one query over indexes, however many cases there are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.orm import Session

from fireinvest.regulation.clocks import State
from fireinvest.regulation.profile import Mode
from fireinvest.store.cases import CaseRow, DeadlineRow, StepDayRow
from fireinvest.store.lists import Scope, in_places, without_recused

__all__ = ["Fires", "Kept", "Moved", "Span", "deadlines_in", "fires_in", "moved_in", "under_way"]


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of days, both ends in it."""

    first_on: date
    last_on: date


@dataclass(frozen=True, slots=True)
class Fires:
    """How many fires, and what they did; what isn't known of a fire counts as nothing."""

    count: int = 0
    deaths: int = 0
    serious_injuries: int = 0
    light_injuries: int = 0
    missing: int = 0
    loss_fen: int = 0

    def __add__(self, other: "Fires") -> "Fires":
        """Return both together."""
        names = Fires.__dataclass_fields__
        return Fires(*(getattr(self, each) + getattr(other, each) for each in names))


#: The level, the place and the kind of fire of some fires; None where it isn't known.
Sort = tuple[str, str | None, str | None]

_Where = ColumnElement[bool]


def _seen(
    scope: Scope, place: str | None, row: type[CaseRow] | type[DeadlineRow], *within: _Where
) -> Sequence[_Where] | None:
    """The conditions that leave what somebody may see of a place; None where that is nothing.

    ``within``: between which days; it stands at each way to a place, so that each index of a place
    and a day is entered by both. Cases that were merged into another one are counted there, once.
    """
    ways = list(in_places(scope, place, row))
    case_id = CaseRow.id if row is CaseRow else DeadlineRow.case_id
    if scope.numbers and not scope.everything:
        there = or_(CaseRow.division == place, CaseRow.parent == place)
        among = CaseRow.number.in_(sorted(scope.numbers))
        ways.append(among if place is None else and_(among, there))
    if not ways:
        return None
    ways = [and_(each, *within) for each in ways]
    return [or_(*ways), *without_recused(scope, case_id), CaseRow.merged_into.is_(None)]


def fires_in(session: Session, scope: Scope, place: str | None, span: Span) -> dict[Sort, Fires]:
    """Return the fires of some days, by level, place and kind."""
    days = CaseRow.occurred_on.between(span.first_on, span.last_on)
    where = _seen(scope, place, CaseRow, days)
    if where is None:
        return {}
    sort = (CaseRow.level, CaseRow.division, CaseRow.category)
    sums = (
        func.coalesce(func.sum(each), 0)
        for each in (
            CaseRow.deaths,
            CaseRow.serious_injuries,
            CaseRow.light_injuries,
            CaseRow.missing,
            CaseRow.loss_fen,
        )
    )
    query = select(*sort, func.count(), *sums).where(*where).group_by(*sort)
    return {
        (row[0], row[1], row[2]): Fires(*(int(each or 0) for each in row[3:]))
        for row in session.execute(query)
    }


@dataclass(frozen=True, slots=True)
class Moved:
    """How many cases were opened on some days, and how many ended."""

    opened: int = 0
    ended: int = 0


def moved_in(session: Session, scope: Scope, place: str | None, span: Span) -> Moved:
    """Return how many cases were opened and ended on some days."""
    where = _seen(scope, place, CaseRow)
    if where is None:
        return Moved()
    opened, ended = (
        each.between(span.first_on, span.last_on) for each in (CaseRow.opened_on, CaseRow.ended_on)
    )
    counts = (func.count(case((each, 1))) for each in (opened, ended))
    row = session.execute(select(*counts).where(*where, or_(opened, ended))).one()
    return Moved(row[0], row[1])


def under_way(
    session: Session,
    scope: Scope,
    place: str | None,
    on: date,
    stage_of_step: Mapping[str, int],
) -> dict[tuple[str, int], int]:
    """Return how many cases were under way at the end of a day, by mode and place of the stage.

    ``stage_of_step``: of each step that begins a stage, the stage's place in the procedure; the
    furthest that was begun until then counts.
    """
    where = _seen(scope, place, CaseRow)
    if where is None:
        return {}
    reached = case(
        *((StepDayRow.step == step, at) for step, at in sorted(stage_of_step.items())), else_=0
    )
    begun = and_(
        StepDayRow.case_id == CaseRow.id,
        StepDayRow.step.in_(sorted(stage_of_step)),
        StepDayRow.first_on <= on,
    )
    is_open = (CaseRow.opened_on <= on, or_(CaseRow.ended_on.is_(None), CaseRow.ended_on > on))
    stage: Any = func.coalesce(func.max(reached), 0).label("stage")
    each = (
        select(CaseRow.mode, stage)
        .outerjoin(StepDayRow, begun)
        .where(*where, *is_open)
        .group_by(CaseRow.id, CaseRow.mode)
        .subquery("each_case")
    )
    query = select(each.c.mode, each.c.stage, func.count()).group_by(each.c.mode, each.c.stage)
    found: dict[tuple[str, int], int] = {}
    investigates = Mode.INVESTIGATE.value
    for mode, at, count in session.execute(query):
        key = (mode, at if mode == investigates else 0)
        found[key] = found.get(key, 0) + count
    return found


@dataclass(frozen=True, slots=True)
class Kept:
    """Of the deadlines that fell due on some days: kept, kept late, still running late, not yet due.

    ``apart``: those that ended by a report that was returned, or by a hand-over.
    """

    in_time: int = 0
    late: int = 0
    overdue: int = 0
    ahead: int = 0
    apart: int = 0

    @property
    def all(self) -> int:
        """How many there are."""
        return self.in_time + self.late + self.overdue + self.ahead + self.apart

    @property
    def missed(self) -> int:
        """How many weren't kept in time."""
        return self.late + self.overdue

    def __add__(self, other: "Kept") -> "Kept":
        """Return both together."""
        names = Kept.__dataclass_fields__
        return Kept(*(getattr(self, each) + getattr(other, each) for each in names))


def deadlines_in(
    session: Session, scope: Scope, place: str | None, span: Span, today: date
) -> dict[str, Kept]:
    """Return what became of the deadlines that fell due on some days, by clock, as of today."""
    ended, due = DeadlineRow.ended_on, DeadlineRow.due_on
    where = _seen(scope, place, DeadlineRow, due.between(span.first_on, span.last_on))
    if where is None:
        return {}
    runs_late = and_(due < today, DeadlineRow.runs_until.is_(None))
    sorts: tuple[_Where, ...] = (
        and_(ended.is_not(None), DeadlineRow.end == State.MET.value),
        and_(ended.is_not(None), DeadlineRow.end == State.MET_LATE.value),
        and_(ended.is_(None), runs_late),
        and_(ended.is_(None), ~runs_late),
        DeadlineRow.end.in_((State.RETURNED.value, State.HANDED_OVER.value)),
    )
    counts = (func.count(case((each, 1))) for each in sorts)
    query = (
        select(DeadlineRow.clock, *counts)
        .join(CaseRow, CaseRow.id == DeadlineRow.case_id)
        .where(*where)
        .group_by(DeadlineRow.clock)
    )
    return {row[0]: Kept(*(int(each) for each in row[1:])) for row in session.execute(query)}
