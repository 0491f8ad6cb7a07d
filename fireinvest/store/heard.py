"""Who may hear of which clocks, by the posts that they hold? For calendars, lists and alarms."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, literal, not_, or_, select, union
from sqlalchemy.orm import Session

from fireinvest.regulation.profile import Mode
from fireinvest.store.cases import CaseRow, DeadlineRow, RecusedRow
from fireinvest.store.desks import Posts, not_apart
from fireinvest.store.lists import as_of
from fireinvest.store.people import GrantRow, Person
from fireinvest.workflow.permissions import APART


@dataclass(frozen=True, slots=True)
class HeardClock:
    """A clock and the role by which somebody may hear of it, with what its case is called."""

    case_id: int
    clock: str
    instance: str
    division: str | None
    parent: str | None
    weight: str
    due_on: date
    due_at: datetime | None
    act_by: date
    yellow_on: date
    red_on: date | None
    provisional: bool
    started_on: date
    runs_since: date | None
    runs_until: date | None
    about: str | None
    number: str
    unit_name: str
    ruleset_pin: str
    opened_at: datetime
    is_demo: bool
    role: str


_OF_CASE = ("number", "unit_name", "ruleset_pin", "opened_at", "is_demo")
_COLUMNS = tuple(
    getattr(CaseRow if name in _OF_CASE else DeadlineRow, name)
    for name in HeardClock.__dataclass_fields__
    if name != "role"
)
_DUES = DeadlineRow.__table__.c
_CASES = CaseRow.__table__.c
_KEY = (_DUES.case_id, _DUES.clock, _DUES.instance)


def heard_clocks(
    session: Session, posts: Posts, today: date, *, until: date | None, size: int
) -> list[HeardClock]:
    """Return the clocks that run in the cases of these posts, the earliest due first; one query.

    They stand as of a day. A clock that is reached by several roles is a line for each.
    ``until``: due at the latest then.
    """
    wanted: list[ColumnElement[bool]] = [_DUES.ended_on.is_(None)]
    if until is not None:
        wanted.append(_DUES.due_on <= until)
    parts = [each.where(*wanted) for each in _parts(posts)]
    if not parts:
        return []
    found = union(*parts).subquery("found")
    recused = exists().where(
        RecusedRow.case_id == _CASES.id, RecusedRow.person.in_(sorted(posts.people))
    )
    query = (
        select(*_COLUMNS, found.c.role)
        .select_from(found)
        .join(DeadlineRow, and_(*(each == found.c[each.name] for each in _KEY)))
        .join(CaseRow, _CASES.id == _DUES.case_id)
        .where(not_(recused))
        .order_by(_DUES.due_on, *_KEY, found.c.role)
        .limit(size)
    )
    lines = [HeardClock(**row._mapping) for row in session.execute(query)]
    return [as_of(each, today, each.runs_until) for each in lines]


def _parts(posts: Posts) -> Iterator[Select[Any]]:
    """Each way in which somebody comes to hear: single cases, each place by its index."""
    for role, numbers in posts.on_case.items():
        ids = select(CaseRow.id).where(_CASES.number.in_(sorted(numbers)))
        yield select(*_KEY, literal(role).label("role")).where(_DUES.case_id.in_(ids))
    for seat in posts.seats:
        # Where no government investigates, the people of all that could do act.
        acts = or_(
            _CASES.investigating == seat.tier,
            _CASES.investigating.is_(None),
            _CASES.mode != Mode.INVESTIGATE.value,
        )
        where = [acts]
        if seat.role in APART:
            where.append(not_apart(posts, seat.role, _CASES.id))
        for place in (_DUES.division, _DUES.parent):
            yield (
                select(*_KEY, literal(seat.role).label("role"))
                .join(CaseRow, _CASES.id == _DUES.case_id)
                .where(place == seat.division, *where)
            )


def cases_without(session: Session, login: str, case_ids: Collection[int]) -> set[int]:
    """Return those of these cases from which somebody was recused."""
    rows = session.scalars(
        select(RecusedRow.case_id).where(
            RecusedRow.case_id.in_(case_ids), RecusedRow.person == login
        )
    )
    return set(rows)


def office_holders(session: Session, office: str, on: date) -> list[tuple[int, str]]:
    """Return who holds an administrator's office on a day: their ids and logins."""
    rows = session.execute(
        select(Person.id, Person.login)
        .join(GrantRow, GrantRow.person_id == Person.id)
        .where(
            Person.is_active,
            GrantRow.role == office,
            GrantRow.valid_from <= on,
            or_(GrantRow.valid_until.is_(None), GrantRow.valid_until >= on),
        )
        .distinct()
        .order_by(Person.id)
    )
    return [(row.id, row.login) for row in rows]
