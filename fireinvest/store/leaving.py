"""Who left, and what is without them? Cases they carry, posts on cases, steps, deputies, drafts."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Integer,
    and_,
    bindparam,
    exists,
    func,
    literal,
    not_,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Session, aliased

from fireinvest.regulation.profile import Mode
from fireinvest.store.cases import CaseRow, NextStepRow, RecusedRow
from fireinvest.store.desks import InCase, Posts, Seat
from fireinvest.store.drafts import Draft
from fireinvest.store.people import Deputy, GrantRow, Person
from fireinvest.workflow.permissions import CARRIER, ON_CASE

_Where = ColumnElement[bool]

#: By division, those whose cases came to it: a post at it is one at them as well.
TakenOver = Mapping[str, frozenset[str]]

_CASES = CaseRow.__table__.c
_CASE_COLUMNS = [_CASES[name] for name in InCase.__dataclass_fields__]
_IS_OPEN = CaseRow.ended_on.is_(None)


@dataclass(frozen=True, slots=True)
class Carried:
    """An open case that somebody carries."""

    id: int
    number: str
    version: int
    division: str | None


@dataclass(frozen=True, slots=True)
class Left:
    """Somebody who left, or was recused, and still has a post on a case. ``name``: if known."""

    role: str
    login: str | None
    name: str | None
    was_recused: bool = False


@dataclass(frozen=True, slots=True)
class LeftLine:
    """A case that is without somebody."""

    case: InCase
    left: Left


@dataclass(frozen=True, slots=True)
class Counts:
    """How much somebody has to do. ``carried``: open cases by place; ``posts``: on cases, by role.

    ``steps``: those to be taken now that nobody else can take.
    """

    carried: Mapping[str | None, int]
    posts: Mapping[str, int]
    steps: int
    acts_for: int
    deputies: int
    drafts: int


# ---------------------------------------------------------------------------- one person


def carried_by(session: Session, login: str) -> list[Carried]:
    """Return the open cases that somebody carries, in the order in which they were opened."""
    return _carried(session, login)


def carried_under(session: Session, login: str, posts: Posts, role: str) -> list[LeftLine]:
    """Return those of the open cases of a carrier that the heads' posts of somebody concern."""
    ways = list(_ways(posts, role))
    if not ways:
        return []
    rows = session.execute(
        select(*_CASE_COLUMNS, Person.name)
        .outerjoin(Person, Person.login == CaseRow.carrier)
        .where(CaseRow.carrier == login, _IS_OPEN, or_(*ways), *_seen(posts))
        .order_by(CaseRow.id)
    )
    return [LeftLine(_case_in(row), Left(CARRIER, login, row[-1])) for row in rows]


def _carried(session: Session, login: str) -> list[Carried]:
    columns = [_CASES[name] for name in Carried.__dataclass_fields__]
    rows = session.execute(
        select(*columns).where(CaseRow.carrier == login, _IS_OPEN).order_by(CaseRow.id)
    )
    return [Carried(*row) for row in rows]


def counts_of(session: Session, person_id: int, login: str, on: date) -> Counts:
    """Return how much somebody has to do on a day; six queries."""
    carried = session.execute(
        select(CaseRow.division, func.count())
        .where(CaseRow.carrier == login, _IS_OPEN)
        .group_by(CaseRow.division)
    )
    posts = session.execute(
        select(GrantRow.role, func.count(GrantRow.case_id.distinct()))
        .join(CaseRow, CaseRow.id == GrantRow.case_id)
        .where(GrantRow.person_id == person_id, GrantRow.role != CARRIER, _IS_OPEN, *_held(on))
        .group_by(GrantRow.role)
        .order_by(GrantRow.role)
    )
    still = Deputy.valid_until >= on
    return Counts(
        carried={row[0]: int(row[1]) for row in carried},
        posts={row[0]: int(row[1]) for row in posts},
        steps=_steps_of(session, person_id, on),
        acts_for=_count(session, Deputy.person_id == person_id, still),
        deputies=_count(session, Deputy.acts_for_id == person_id, still),
        drafts=_count(session, Draft.person_id == person_id),
    )


def _count(session: Session, *where: _Where) -> int:
    return int(session.execute(select(func.count()).where(*where)).scalar_one())


def _steps_of(session: Session, person_id: int, on: date) -> int:
    """How many steps are to be taken now by a post on a case that only this person holds?"""
    mine = NextStepRow
    other = aliased(NextStepRow)
    others = (
        exists()
        .where(
            GrantRow.case_id == other.case_id,
            GrantRow.role == other.role,
            GrantRow.person_id != person_id,
            GrantRow.person_id == Person.id,
            Person.is_active,
            *_held(on),
        )
        .correlate(other)
    )
    can_be_taken = exists().where(
        other.case_id == mine.case_id,
        other.step == mine.step,
        or_(other.role.not_in(sorted(ON_CASE)), others),
    )
    steps = (
        select(mine.case_id, mine.step)
        .join(GrantRow, and_(GrantRow.case_id == mine.case_id, GrantRow.role == mine.role))
        .join(CaseRow, CaseRow.id == mine.case_id)
        .where(
            GrantRow.person_id == person_id, mine.is_now, _IS_OPEN, *_held(on), not_(can_be_taken)
        )
        .distinct()
        .subquery()
    )
    return int(session.execute(select(func.count()).select_from(steps)).scalar_one())


# ---------------------------------------------------------------------------- what is without them


def without_carrier(
    session: Session,
    posts: Posts,
    role: str,
    opening: Collection[str],
    taken_over: TakenOver,
    on: date,
    size: int,
) -> list[LeftLine]:
    """Return the open cases whose carrier left or was recused, for whoever holds ``role`` there.

    Somebody has left a case who can't sign in any more, or holds none of the ``opening`` posts at
    its place or above. One query; what was opened first comes first.
    """
    ways = list(_ways(posts, role))
    if not ways:
        return []
    recused = _recused_carrier()
    rows = session.execute(
        select(*_CASE_COLUMNS, CaseRow.carrier, Person.name, recused)
        .outerjoin(Person, Person.login == CaseRow.carrier)
        .where(
            _IS_OPEN,
            or_(*ways),
            or_(recused, not_(_is_there(opening, taken_over, on))),
            *_seen(posts),
        )
        .order_by(CaseRow.id)
        .limit(size)
    )
    return [
        LeftLine(_case_in(row), Left(CARRIER, row[-3], row[-2], was_recused=bool(row[-1])))
        for row in rows
    ]


def without_members(
    session: Session, posts: Posts, role: str, on: date, size: int
) -> list[LeftLine]:
    """Return the open cases on which somebody who can't sign in any more still has a post.

    For whoever holds ``role`` there. One query.
    """
    ways = list(_ways(posts, role))
    if not ways:
        return []
    rows = session.execute(
        select(*_CASE_COLUMNS, GrantRow.role, Person.login, Person.name)
        .select_from(GrantRow)
        .join(Person, Person.id == GrantRow.person_id)
        .join(CaseRow, CaseRow.id == GrantRow.case_id)
        .where(*_gone_members(on), or_(*ways), *_seen(posts))
        .distinct()
        .order_by(CaseRow.id, GrantRow.role, Person.login)
        .limit(size)
    )
    return [LeftLine(_case_in(row), Left(row[-3], row[-2], row[-1])) for row in rows]


def left_of_case(
    session: Session, case_id: int, opening: Collection[str], taken_over: TakenOver, on: date
) -> tuple[Left, ...]:
    """Return who left one open case, the carrier first; one query."""
    query = _left_of_case(frozenset(opening), tuple(sorted(taken_over.items())), on)
    found = [
        Left(row[0], row[1], row[2], was_recused=bool(row[3]))
        for row in session.execute(query, {"case_id": case_id})
    ]
    return tuple(sorted(found, key=lambda each: (each.role != CARRIER, each.role, each.login)))


@lru_cache(maxsize=16)
def _left_of_case(
    opening: frozenset[str], taken_over: tuple[tuple[str, frozenset[str]], ...], on: date
) -> CompoundSelect[Any]:
    """Return the query of ``case_id``. Every page of a case asks it; it is the same all day."""
    case_id = bindparam("case_id", type_=Integer)
    recused = _recused_carrier()
    carrier = (
        select(literal(CARRIER), CaseRow.carrier, Person.name, recused)
        .select_from(CaseRow)
        .outerjoin(Person, Person.login == CaseRow.carrier)
        .where(
            CaseRow.id == case_id,
            _IS_OPEN,
            or_(recused, not_(_is_there(opening, dict(taken_over), on))),
        )
    )
    members = (
        select(GrantRow.role, Person.login, Person.name, literal(value=False))
        .join(Person, Person.id == GrantRow.person_id)
        .join(CaseRow, CaseRow.id == GrantRow.case_id)
        .where(GrantRow.case_id == case_id, *_gone_members(on))
        .distinct()
    )
    return union_all(carrier, members)


def _ways(posts: Posts, role: str) -> Iterator[_Where]:
    """Each way in which a case is that of a head's post: ``permissions.reassigning_tiers``."""
    for seat in posts.seats:
        if seat.role == role:
            for place in (CaseRow.division, CaseRow.parent):
                yield and_(place == seat.division, _of_tier(seat))


def _of_tier(seat: Seat) -> _Where:
    return or_(
        CaseRow.mode != Mode.INVESTIGATE.value,
        CaseRow.investigating.is_(None),
        CaseRow.investigating == seat.tier,
    )


def _seen(posts: Posts) -> Iterator[_Where]:
    among = RecusedRow.person.in_(sorted(posts.people))
    yield not_(exists().where(RecusedRow.case_id == CaseRow.id, among))


def _recused_carrier() -> _Where:
    return exists().where(RecusedRow.case_id == CaseRow.id, RecusedRow.person == CaseRow.carrier)


def _is_there(opening: Collection[str], taken_over: TakenOver, on: date) -> _Where:
    """Can the carrier sign in, with a post at the case's place or above?"""
    grant, person = aliased(GrantRow), aliased(Person)
    reaches = [
        and_(
            grant.division == later,
            or_(CaseRow.division.in_(sorted(before)), CaseRow.parent.in_(sorted(before))),
        )
        for later, before in sorted(taken_over.items())
    ]
    return (
        exists()
        .where(
            person.login == CaseRow.carrier,
            person.is_active,
            grant.person_id == person.id,
            grant.role.in_(sorted(opening)),
            grant.case_id.is_(None),
            *_held(on, grant),
            or_(
                CaseRow.division.is_(None),
                grant.division == CaseRow.division,
                grant.division == CaseRow.parent,
                *reaches,
            ),
        )
        .correlate(CaseRow)
    )


def _gone_members(on: date) -> tuple[_Where, ...]:
    has_post = (GrantRow.entry.is_not(None), GrantRow.role != CARRIER, *_held(on))
    return (not_(Person.is_active), _IS_OPEN, *has_post)


def _held(on: date, grant: Any = GrantRow) -> tuple[_Where, ...]:
    return grant.valid_from <= on, or_(grant.valid_until.is_(None), grant.valid_until >= on)


def _case_in(row: Any) -> InCase:
    return InCase(*row[: len(_CASE_COLUMNS)])
