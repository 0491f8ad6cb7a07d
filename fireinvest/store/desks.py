"""What somebody has to do, and what waits for others: of the next steps of all cases, their own."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    CompoundSelect,
    Select,
    and_,
    case,
    exists,
    func,
    not_,
    or_,
    select,
    union,
)
from sqlalchemy.orm import Session

from fireinvest.regulation.clocks import Light
from fireinvest.store.cases import ApartRow, CaseRow, DeadlineRow, NextStepRow, RecusedRow
from fireinvest.store.disposals import not_disposed
from fireinvest.store.lists import Timing, as_of, has_light, light_on
from fireinvest.workflow.next_steps import HAND_OVER
from fireinvest.workflow.permissions import APART


@dataclass(frozen=True, slots=True)
class Seat:
    """A post at one tier's government in a place; it reaches the places below."""

    role: str
    division: str
    tier: str


@dataclass(frozen=True, slots=True)
class Posts:
    """What somebody holds: posts on cases, by role with the cases' numbers, and at governments.

    ``people``: as whom they act; where one of these was recused, there is nothing to see, and
    where one is kept apart from the report, there is nothing to answer.
    """

    people: frozenset[str]
    on_case: Mapping[str, frozenset[str]]
    seats: tuple[Seat, ...]

    def cases_as(self, roles: Collection[str]) -> frozenset[str]:
        """Return the numbers of the cases on which one of these posts is held."""
        return frozenset(number for role in roles for number in self.on_case.get(role, frozenset()))


@dataclass(frozen=True, slots=True)
class Due:
    """The deadline that a step meets, as a list shows it."""

    clock: str
    instance: str
    weight: str
    due_on: date
    due_at: datetime | None
    act_by: date
    yellow_on: date
    red_on: date | None
    provisional: bool
    awaits_receipt: bool
    runs_since: date | None = None
    runs_until: date | None = None

    def light(self, today: date) -> Light:
        """Return the light on a day."""
        return light_on(today, self.weight, self.due_on, self.yellow_on, self.red_on)


@dataclass(frozen=True, slots=True)
class InCase:
    """The case of a line, as much of it as the line shows."""

    id: int
    number: str
    unit_name: str
    division: str | None
    parent: str | None
    level: str
    level_is_floor: bool
    mode: str
    stage: str | None
    is_demo: bool


@dataclass(frozen=True, slots=True)
class OwedLine:
    """A step that somebody has to take, and the deadline that it meets, if any."""

    case: InCase
    step: str
    is_now: bool
    due: Due | None


@dataclass(frozen=True, slots=True)
class WaitingLine:
    """A step that waits for whoever holds a role, at which tier's government if that matters."""

    case: InCase
    step: str
    role: str
    tier: str | None
    due: Due | None


@dataclass(frozen=True, slots=True)
class ReportLine:
    """Something that was submitted to a government and waits for its answer.

    ``since``: its receipt, or its sending as long as no receipt is registered.
    """

    case: InCase
    since: date
    due: Due


_CASES = CaseRow.__table__.c
_DUES = DeadlineRow.__table__.c
_NEXT = NextStepRow.__table__.c
_CASE_COLUMNS = [_CASES[name] for name in InCase.__dataclass_fields__]
_DUE_COLUMNS = [_DUES[name] for name in Due.__dataclass_fields__]
_TIMING = Timing(_DUES.weight, _DUES.due_on, _DUES.yellow_on, _DUES.red_on, _DUES.runs_until)

#: The lights of what runs, the most urgent first.
LIGHTS = (Light.OVERDUE, Light.RED, Light.YELLOW, Light.GREEN)

_Where = ColumnElement[bool]


def owed(session: Session, posts: Posts, today: date, size: int) -> list[OwedLine]:
    """Return what somebody has to do: what can be done now first, then by urgency. One query."""
    mine = _mine(posts)
    if mine is None:
        return []
    query = (
        select(mine.c.step, mine.c.is_now, *_CASE_COLUMNS, *_DUE_COLUMNS)
        .select_from(mine)
        .join(CaseRow, _CASES.id == mine.c.case_id)
        .outerjoin(DeadlineRow, _meets(mine.c))
        .where(_not_recused(posts, _CASES.id))
        .order_by(mine.c.is_now.desc(), *_by_urgency(today), _CASES.id, mine.c.step)
        .limit(size)
    )
    return [
        OwedLine(_case_in(row, 2), row[0], row[1], _due_in(row, 2 + len(_CASE_COLUMNS), today))
        for row in session.execute(query)
    ]


def waiting(
    session: Session, posts: Posts, among: frozenset[str], today: date, size: int
) -> list[WaitingLine]:
    """Return what others have to do now in these cases, by urgency; one line a role. One query."""
    if not among:
        return []
    query = (
        select(NextStepRow.step, NextStepRow.role, NextStepRow.tier, *_CASE_COLUMNS, *_DUE_COLUMNS)
        .select_from(NextStepRow)
        .join(CaseRow, _CASES.id == _NEXT.case_id)
        .outerjoin(DeadlineRow, _meets(_NEXT))
        .where(
            _CASES.number.in_(sorted(among)),
            NextStepRow.is_now,
            _not_recused(posts, _CASES.id),
        )
        .order_by(*_by_urgency(today), _CASES.id, NextStepRow.step, NextStepRow.role)
        .limit(size)
    )
    mine = _mine(posts)
    if mine is not None:
        is_mine = exists().where(mine.c.case_id == _NEXT.case_id, mine.c.step == _NEXT.step)
        query = query.where(not_(is_mine))
    return [
        WaitingLine(
            _case_in(row, 3), row[0], row[1], row[2], _due_in(row, 3 + len(_CASE_COLUMNS), today)
        )
        for row in session.execute(query)
    ]


def submitted_to(
    session: Session,
    posts: Posts,
    roles: Collection[str],
    clocks: Collection[str],
    today: date,
    size: int,
) -> list[ReportLine]:
    """Return what was submitted to the governments at which one of these posts is held.

    What is due first comes first. One query.
    """
    keys = (_DUES.case_id, _DUES.clock, _DUES.instance)
    parts = [
        select(*keys)
        .join(CaseRow, _CASES.id == _DUES.case_id)
        .where(
            _DUES.ended_on.is_(None),
            place == seat.division,
            _DUES.clock.in_(sorted(clocks)),
            _CASES.investigating == seat.tier,
            *([not_apart(posts, seat.role, _CASES.id)] if seat.role in APART else []),
        )
        for seat in posts.seats
        if seat.role in roles
        for place in (_DUES.division, _DUES.parent)
    ]
    if not parts or not clocks:
        return []
    found = union(*parts).subquery("found")
    query = (
        select(DeadlineRow.started_on, *_CASE_COLUMNS, *_DUE_COLUMNS)
        .select_from(found)
        .join(DeadlineRow, and_(*(each == found.c[each.name] for each in keys)))
        .join(CaseRow, _CASES.id == _DUES.case_id)
        .where(_not_recused(posts, _CASES.id))
        .order_by(_DUES.due_on, _CASES.id, _DUES.instance)
        .limit(size)
    )
    lines = []
    for row in session.execute(query):
        due = _due_in(row, 1 + len(_CASE_COLUMNS), today)
        assert due is not None  # noqa: S101 - the query began with deadlines
        lines.append(ReportLine(_case_in(row, 1), row[0], due))
    return lines


def lights_of(
    session: Session, posts: Posts, among: frozenset[str], today: date
) -> dict[Light, int]:
    """Count the running deadlines of these cases by their light, the most urgent first."""
    counts = dict.fromkeys(LIGHTS, 0)
    if not among:
        return counts
    light = _light(today, {each: each.value for each in LIGHTS}).label("light")
    query = (
        select(light, func.count())
        .select_from(DeadlineRow)
        .join(CaseRow, _CASES.id == _DUES.case_id)
        .where(
            _CASES.number.in_(sorted(among)),
            _DUES.ended_on.is_(None),
            _not_recused(posts, _CASES.id),
        )
        .group_by(light)
    )
    for name, count in session.execute(query):
        counts[Light(name)] = count
    return counts


# ---------------------------------------------------------------------------- whose, and how urgent


def _mine(posts: Posts) -> CTE | None:
    """The next steps of which somebody holds a role, each once; None where they hold nothing."""
    parts = list(_parts(posts))
    if not parts:
        return None
    whole: CompoundSelect[Any] = union(*parts)
    return whole.cte("mine")


def _parts(posts: Posts) -> Iterator[Select[Any]]:
    """Each way in which a step comes to be somebody's: single cases, each place by its index."""
    columns = (_NEXT.case_id, _NEXT.step, _NEXT.clock, _NEXT.instance, _NEXT.is_now)
    for role, numbers in posts.on_case.items():
        ids = select(CaseRow.id).where(CaseRow.number.in_(sorted(numbers)))
        yield select(*columns).where(_NEXT.case_id.in_(ids), _NEXT.role == role)
    for seat in posts.seats:
        where = [_NEXT.role == seat.role, _of_tier(seat.tier)]
        if seat.role in APART:
            where.append(not_apart(posts, seat.role, _NEXT.case_id))
        for place in (_NEXT.division, _NEXT.parent):
            yield select(*columns).where(place == seat.division, *where)


def _of_tier(tier: str) -> _Where:
    """Is a next step for this tier's people, or for any tier's?

    A hand-over is for the governments between which it is made, though its row names neither.
    """
    concerned = select(CaseRow.id).where(
        or_(_CASES.investigating == tier, _CASES.handover_pending == tier)
    )
    any_tier = or_(_NEXT.step != HAND_OVER, _NEXT.case_id.in_(concerned))
    return or_(_NEXT.tier == tier, and_(_NEXT.tier.is_(None), any_tier))


def _meets(step: Any) -> _Where:
    """The running deadline that a next step meets."""
    return and_(
        _DUES.case_id == step.case_id,
        _DUES.clock == step.clock,
        _DUES.instance == step.instance,
        _DUES.ended_on.is_(None),
    )


def _not_recused(posts: Posts, case_id: ColumnElement[int]) -> _Where:
    among = RecusedRow.person.in_(sorted(posts.people))
    return and_(not_(exists().where(RecusedRow.case_id == case_id, among)), not_disposed(case_id))


def not_apart(posts: Posts, role: str, case_id: ColumnElement[int]) -> ColumnElement[bool]:
    """Is the report none of their own? Then whoever holds the role may answer it."""
    among = ApartRow.person.in_(sorted(posts.people))
    return not_(exists().where(ApartRow.case_id == case_id, ApartRow.role == role, among))


def _light(today: date, values: Mapping[Light, Any]) -> ColumnElement[Any]:
    return case(*((has_light(each, today, _TIMING), value) for each, value in values.items()))


def _by_urgency(today: date) -> tuple[ColumnElement[Any], ...]:
    """What has no deadline comes last."""
    rank = _light(today, {each: place for place, each in enumerate(LIGHTS)})
    return func.coalesce(rank, len(LIGHTS)), _DUES.due_on


def _case_in(row: Any, start: int) -> InCase:
    return InCase(*row[start : start + len(_CASE_COLUMNS)])


def _due_in(row: Any, start: int, today: date) -> Due | None:
    values = row[start : start + len(_DUE_COLUMNS)]
    if values[0] is None:
        return None
    due = Due(*values)
    return as_of(due, today, due.runs_until)
