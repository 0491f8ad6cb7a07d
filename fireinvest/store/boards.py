"""The board of all running deadlines: by key, and only of cases that the asker may see."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Subquery,
    and_,
    case,
    exists,
    func,
    literal,
    or_,
    select,
    true,
    tuple_,
    union,
)
from sqlalchemy.orm import Session

from fireinvest.regulation.calendar import ONE_DAY
from fireinvest.regulation.clocks import Light
from fireinvest.regulation.profile import Weight
from fireinvest.store.cases import CaseRow, DeadlineRow
from fireinvest.store.lists import (
    LARGEST_PAGE,
    Scope,
    Timing,
    as_of,
    has_light,
    in_places,
    light_on,
    without_recused,
)


@dataclass(frozen=True, slots=True)
class BoardFilters:
    """Which running deadlines are wanted; what is None doesn't narrow the board.

    ``light`` is that on the day ``today``. ``late_by_plan``: only those of which the next step
    should have begun before that day. ``place``: a county or zone, or a city with all of its
    own. ``due_from`` and ``due_until``: the due days between which they lie, both included.
    """

    today: date
    place: str | None = None
    clock: str | None = None
    carrier: str | None = None
    level: str | None = None
    light: Light | None = None
    weights: frozenset[Weight] | None = None
    due_from: date | None = None
    due_until: date | None = None
    late_by_plan: bool = False


@dataclass(frozen=True, slots=True)
class BoardKey:
    """The place of a deadline on the board."""

    due_on: date
    case_id: int
    clock: str
    instance: str


@dataclass(frozen=True, slots=True)
class BoardLine:
    """A running deadline as the board shows it, with its case."""

    case_id: int
    clock: str
    instance: str
    weight: str
    due_on: date
    due_at: datetime | None
    act_by: date
    yellow_on: date
    red_on: date | None
    provisional: bool
    late_since: date | None
    awaits_receipt: bool
    about: str | None
    plan_start_by: date | None
    plan_step: str | None
    runs_since: date | None
    runs_until: date | None
    number: str
    unit_name: str
    division: str | None
    parent: str | None
    level: str
    level_is_floor: bool
    carrier: str | None
    is_demo: bool

    def light(self, today: date) -> Light:
        """Return the light on a day."""
        return light_on(today, self.weight, self.due_on, self.yellow_on, self.red_on)

    def is_late_by_plan(self, today: date) -> bool:
        """Should the next step of its plan have begun before this day?"""
        return self.plan_start_by is not None and self.plan_start_by < today

    @property
    def key(self) -> BoardKey:
        """Its place on the board."""
        return BoardKey(self.due_on, self.case_id, self.clock, self.instance)


_OF_CASE = (
    "number",
    "unit_name",
    "division",
    "parent",
    "level",
    "level_is_floor",
    "carrier",
    "is_demo",
)
_COLUMNS = tuple(
    getattr(CaseRow if name in _OF_CASE else DeadlineRow, name)
    for name in BoardLine.__dataclass_fields__
)
_TABLE = DeadlineRow.__table__.c
#: The last two only settle the order of deadlines of one case that are due on one day.
_KEY = (_TABLE.due_on, _TABLE.case_id, _TABLE.clock, _TABLE.instance)
_RUNNING = DeadlineRow.ended_on.is_(None)


@dataclass(frozen=True, slots=True)
class BoardPage:
    """Some lines of the board, and the key after which the next page begins, None at the end."""

    lines: tuple[BoardLine, ...]
    next_key: BoardKey | None


def board_page(
    session: Session, scope: Scope, filters: BoardFilters, after_key: BoardKey | None, size: int
) -> BoardPage:
    """Return a page of the running deadlines that somebody may see, the earliest due first.

    What is longest overdue is thereby on top. One query; one more than wanted is read, which tells
    whether there is a next page.
    """
    size = max(1, min(size, LARGEST_PAGE))
    ways = list(_parts(scope, filters))
    if not ways:
        return BoardPage((), None)
    narrowing = [*_narrowing(scope, filters), *_due_between(filters), *_of_light(filters)]
    if after_key is not None:
        values = (after_key.due_on, after_key.case_id, after_key.clock, after_key.instance)
        named = (literal(value, each.type) for each, value in zip(_KEY, values, strict=True))
        # The day alone again: by it each place's index is entered.
        narrowing += [_TABLE.due_on >= after_key.due_on, tuple_(*_KEY) > tuple_(*named)]
    found = _any_of(
        select(*_KEY).where(_RUNNING, way, *narrowing).order_by(*_KEY).limit(size + 1)
        for way in ways
    )
    query = (
        select(*_COLUMNS)
        .join(found, and_(*(each == found.c[each.name] for each in _KEY[1:])))
        .join(CaseRow, CaseRow.id == DeadlineRow.case_id)
        .order_by(*_KEY)
    )
    lines = [BoardLine(*row) for row in session.execute(query.limit(size + 1))]
    has_more = len(lines) > size
    lines = lines[:size]
    # The key is what is stored: by it the next page is found.
    return BoardPage(_today(lines, filters.today), lines[-1].key if has_more else None)


def _today(lines: Iterable[BoardLine], today: date) -> tuple[BoardLine, ...]:
    return tuple(as_of(each, today, each.runs_until) for each in lines)


@dataclass(frozen=True, slots=True)
class BoardCounts:
    """How many deadlines there are.

    ``by_light``: of each light, between the days and whatever the light asked for. ``by_day``: due
    on each day of a stretch of days, with the light asked for and whatever the days.
    """

    by_light: dict[Light, int]
    by_day: dict[date, int]

    @property
    def all(self) -> int:
        """How many there are of all lights."""
        return sum(self.by_light.values())


_LIGHTS = (Light.OVERDUE, Light.RED, Light.YELLOW, Light.GREEN)


def board_counts(
    session: Session,
    scope: Scope,
    filters: BoardFilters,
    days: int,
    first_on: date | None = None,
) -> BoardCounts:
    """Count the running deadlines that somebody may see, by light and over the days to come.

    One query. ``days``: how many days are told one by one, from ``first_on``, else from today on.
    """
    today = filters.today
    by_light = dict.fromkeys(_LIGHTS, 0)
    by_day = {(first_on or today) + at * ONE_DAY: 0 for at in range(days)}
    ways = list(_parts(scope, filters))
    if not ways:
        return BoardCounts(by_light, by_day)
    narrowing = list(_narrowing(scope, filters))
    light = case(*((has_light(each, today, _TIMING), each.value) for each in _LIGHTS))
    day = case((_TABLE.due_on.between(min(by_day), max(by_day)), _TABLE.due_on))
    within = case((and_(true(), *_due_between(filters)), 1), else_=0)
    columns = (light.label("light"), day.label("day"), within.label("within"))
    # The key keeps what two ways lead to from being counted twice.
    found = _any_of(select(*_KEY, *columns).where(_RUNNING, way, *narrowing) for way in ways)
    groups = (found.c.light, found.c.day, found.c.within)
    for name, on, is_within, count in session.execute(
        select(*groups, func.count()).group_by(*groups)
    ):
        its_light = Light(name)
        if is_within:
            by_light[its_light] += count
        if on is not None and filters.light in (None, its_light):
            by_day[on] += count
    return BoardCounts(by_light, by_day)


def board_days(
    session: Session, scope: Scope, filters: BoardFilters, per_day: int
) -> tuple[BoardLine, ...]:
    """Return the first deadlines of each day between the days asked for, at most so many of a day.

    One query.
    """
    ways = list(_parts(scope, filters))
    if not ways:
        return ()
    narrowing = [*_narrowing(scope, filters), *_due_between(filters), *_of_light(filters)]
    found = _any_of(select(*_KEY).where(_RUNNING, way, *narrowing) for way in ways)
    place = func.row_number().over(
        partition_by=found.c.due_on, order_by=[found.c[each.name] for each in _KEY[1:]]
    )
    ranked = select(found, place.label("place")).subquery("ranked")
    query = (
        select(*_COLUMNS)
        .join(ranked, and_(*(each == ranked.c[each.name] for each in _KEY[1:])))
        .join(CaseRow, CaseRow.id == DeadlineRow.case_id)
        .where(ranked.c.place <= per_day)
        .order_by(*_KEY)
    )
    return _today((BoardLine(*row) for row in session.execute(query)), filters.today)


def board_carriers(session: Session, scope: Scope, today: date) -> tuple[str, ...]:
    """Return the logins of those who carry a case with a running deadline that somebody may see."""
    ways = list(_parts(scope, BoardFilters(today)))
    if not ways:
        return ()
    narrowing = list(_narrowing(scope, BoardFilters(today)))
    found = _any_of(select(_TABLE.case_id).where(_RUNNING, way, *narrowing) for way in ways)
    query = (
        select(CaseRow.carrier)
        .where(CaseRow.id.in_(select(found.c.case_id)), CaseRow.carrier.is_not(None))
        .distinct()
        .order_by(CaseRow.carrier)
    )
    return tuple(each for each in session.scalars(query) if each is not None)


_Where = ColumnElement[bool]
_TIMING = Timing(_TABLE.weight, _TABLE.due_on, _TABLE.yellow_on, _TABLE.red_on, _TABLE.runs_until)


def _any_of(parts: Iterable[Select[Any]]) -> Subquery:
    # SQLite takes a limit inside a union only in a subquery.
    named = [part.subquery(f"part_{number}") for number, part in enumerate(parts)]
    return union(*(select(each) for each in named)).subquery("found")


def _parts(scope: Scope, filters: BoardFilters) -> Iterator[_Where]:
    """Each way in which somebody comes to see deadlines: each place by its index, single cases."""
    place = filters.place
    yield from in_places(scope, place, DeadlineRow)
    if scope.numbers and not scope.everything:
        singles = select(CaseRow.id).where(CaseRow.number.in_(sorted(scope.numbers)))
        among = DeadlineRow.case_id.in_(singles)
        within = or_(DeadlineRow.division == place, DeadlineRow.parent == place)
        yield among if place is None else and_(among, within)


def _narrowing(scope: Scope, filters: BoardFilters) -> Iterator[_Where]:
    yield from without_recused(scope, DeadlineRow.case_id)
    if filters.clock is not None:
        yield _TABLE.clock == filters.clock
    if filters.late_by_plan:
        yield _TABLE.plan_start_by < func.coalesce(_TABLE.runs_until, filters.today)
    if filters.weights is not None:
        yield _TABLE.weight.in_(sorted(each.value for each in filters.weights))
    of_case = [
        getattr(CaseRow, name) == wanted
        for name in ("carrier", "level")
        if (wanted := getattr(filters, name)) is not None
    ]
    if of_case:
        yield exists().where(CaseRow.id == DeadlineRow.case_id, *of_case)


def _due_between(filters: BoardFilters) -> Iterator[_Where]:
    if filters.due_from is not None:
        yield _TABLE.due_on >= filters.due_from
    if filters.due_until is not None:
        yield _TABLE.due_on <= filters.due_until


def _of_light(filters: BoardFilters) -> Iterator[_Where]:
    if filters.light is not None:
        yield has_light(filters.light, filters.today, _TIMING)
