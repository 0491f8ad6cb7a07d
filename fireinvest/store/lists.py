"""Lists of cases: by key, with one query, and only what the asker may see."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Select, and_, exists, false, not_, or_, select, union
from sqlalchemy.orm import Session

from fireinvest.regulation.clocks import Light
from fireinvest.regulation.profile import Weight
from fireinvest.store.cases import CaseRow, RecusedRow
from fireinvest.workflow.permissions import SYSTEM, Actor


@dataclass(frozen=True, slots=True)
class Scope:
    """Which cases may somebody see: all, those of places, single ones; never where recused."""

    person: str
    everything: bool = False
    divisions: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()


def scope_of(actor: Actor) -> Scope:
    """Return which cases an actor may see; the same as ``permissions.may_see`` case by case."""
    return Scope(
        actor.id,
        everything=actor.id == SYSTEM,
        divisions=frozenset(each.division for each in actor.grants if each.division is not None),
        numbers=frozenset(each.case_id for each in actor.grants if each.case_id is not None),
    )


class Standing(StrEnum):
    """Is a case still open?"""

    OPEN = "open"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Filters:
    """Which cases are wanted; what is None doesn't narrow the list.

    ``light`` is that of the next clock on the day ``today``. ``place``: a county or zone, or a
    city with all of its own. ``number``: how the case's number begins.
    """

    place: str | None = None
    level: str | None = None
    stage: str | None = None
    mode: str | None = None
    investigating: str | None = None
    carrier: str | None = None
    standing: Standing | None = None
    light: Light | None = None
    today: date | None = None
    occurred_from: date | None = None
    occurred_until: date | None = None
    number: str | None = None
    unit_name: str | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True)
class CaseLine:
    """A case as a list shows it."""

    id: int
    number: str
    version: int
    division: str | None
    parent: str | None
    occurred_on: date
    occurred_at: datetime | None
    unit_name: str
    address: str
    level: str
    level_is_floor: bool
    in_scope: bool | None
    mode: str
    stage: str | None
    government: str | None
    investigating: str | None
    handover_pending: str | None
    carrier: str | None
    next_clock: str | None
    next_instance: str | None
    next_weight: str | None
    next_due_on: date | None
    next_due_at: datetime | None
    next_yellow_on: date | None
    next_red_on: date | None
    ended_on: date | None
    merged_into: str | None
    is_demo: bool

    def light(self, today: date) -> Light:
        """Return the light of the next clock on a day; done where none runs."""
        if self.next_due_on is None or self.next_yellow_on is None:
            return Light.DONE
        if today > self.next_due_on:
            is_advice = self.next_weight == Weight.ADVISORY.value
            return Light.YELLOW if is_advice else Light.OVERDUE
        if self.next_red_on is not None and today >= self.next_red_on:
            return Light.RED
        return Light.YELLOW if today >= self.next_yellow_on else Light.GREEN


_COLUMNS = tuple(getattr(CaseRow, name) for name in CaseLine.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class Page:
    """Some lines of a list, and the key after which the next page begins, None at the end."""

    lines: tuple[CaseLine, ...]
    next_key: int | None


#: More than any screen shows.
LARGEST_PAGE = 1000


def list_cases(
    session: Session, scope: Scope, filters: Filters, after_key: int | None, size: int
) -> Page:
    """Return a page of the cases that somebody may see, the newest opened first, by one query."""
    size = max(1, min(size, LARGEST_PAGE))
    # One more than wanted tells whether there is a next page, without a count.
    ids = _ids(scope, filters, after_key, size + 1)
    query = select(*_COLUMNS).where(CaseRow.id.in_(ids)).order_by(CaseRow.id.desc())
    lines = [CaseLine(*row) for row in session.execute(query.limit(size + 1))]
    has_more = len(lines) > size
    lines = lines[:size]
    return Page(tuple(lines), lines[-1].id if has_more else None)


def _ids(scope: Scope, filters: Filters, after_key: int | None, size: int) -> Select[tuple[int]]:
    """The ids of one page: of each place as many as the page holds, each by its own index."""
    narrowing = list(_narrowing(filters))
    if after_key is not None:
        narrowing.append(CaseRow.id < after_key)
    if not scope.everything:
        narrowing.append(
            not_(
                exists().where(RecusedRow.case_id == CaseRow.id, RecusedRow.person == scope.person)
            )
        )
    parts = []
    for number, where in enumerate(_branches(scope, filters)):
        # SQLite takes a limit inside a union only in a subquery.
        part = (
            select(CaseRow.id)
            .where(where, *narrowing)
            .order_by(CaseRow.id.desc())
            .limit(size)
            .subquery(f"part_{number}")
        )
        parts.append(select(part.c.id))
    if len(parts) == 1:
        return parts[0]
    return select(union(*parts).subquery("parts").c.id)


def _branches(scope: Scope, filters: Filters) -> Iterator[ColumnElement[bool]]:
    place = filters.place
    within = or_(CaseRow.division == place, CaseRow.parent == place)
    if scope.everything:
        if place is None:
            yield CaseRow.id > 0
        else:
            yield CaseRow.division == place
            yield CaseRow.parent == place
        return
    found = False
    for division in sorted(scope.divisions):
        if place is None or place == division:
            yield CaseRow.division == division
            yield CaseRow.parent == division
        else:
            # A city that asks for one county, or a county that asks for its city.
            yield and_(CaseRow.division == place, CaseRow.parent == division)
            yield and_(CaseRow.division == division, CaseRow.parent == place)
        found = True
    if scope.numbers:
        among = CaseRow.number.in_(sorted(scope.numbers))
        yield among if place is None else and_(among, within)
        found = True
    if not found:
        yield false()


def _narrowing(filters: Filters) -> Iterator[ColumnElement[bool]]:
    for name in ("level", "stage", "mode", "investigating", "carrier", "unit_name", "address"):
        wanted = getattr(filters, name)
        if wanted is not None:
            yield getattr(CaseRow, name) == wanted
    if filters.standing is Standing.OPEN:
        yield CaseRow.ended_on.is_(None)
    elif filters.standing is Standing.ENDED:
        yield CaseRow.ended_on.is_not(None)
    if filters.occurred_from is not None:
        yield CaseRow.occurred_on >= filters.occurred_from
    if filters.occurred_until is not None:
        yield CaseRow.occurred_on <= filters.occurred_until
    if filters.number is not None:
        yield CaseRow.number.startswith(filters.number, autoescape=True)
    if filters.light is not None:
        if filters.today is None:
            raise ValueError("a light is that of a day")
        yield _has_light(filters.light, filters.today)


def _has_light(light: Light, today: date) -> ColumnElement[bool]:
    """The same as ``CaseLine.light``, for the database."""
    row = CaseRow
    if light is Light.DONE:
        return row.next_clock.is_(None)
    runs = row.next_clock.is_not(None)
    in_time = row.next_due_on >= today
    is_advice = row.next_weight == Weight.ADVISORY.value
    is_red = and_(row.next_red_on.is_not(None), row.next_red_on <= today)
    is_yellow = row.next_yellow_on <= today
    match light:
        case Light.OVERDUE:
            return and_(runs, not_(in_time), not_(is_advice))
        case Light.RED:
            return and_(runs, in_time, is_red)
        case Light.YELLOW:
            return and_(
                runs,
                or_(and_(in_time, not_(is_red), is_yellow), and_(not_(in_time), is_advice)),
            )
        case Light.GREEN:
            return and_(runs, in_time, not_(is_red), not_(is_yellow))
