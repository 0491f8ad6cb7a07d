"""Lists of cases: by key, with one query, and only what the asker may see."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import (
    CTE,
    ColumnElement,
    ScalarSelect,
    Select,
    Subquery,
    and_,
    case,
    exists,
    false,
    func,
    not_,
    or_,
    select,
    union,
    union_all,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from fireinvest.regulation.clocks import Light
from fireinvest.regulation.profile import Weight
from fireinvest.store.cases import CaseRow, DeadlineRow, RecusedRow
from fireinvest.store.disposals import not_disposed
from fireinvest.store.search import Search, search_for
from fireinvest.workflow.permissions import ROLES, SYSTEM, Actor


@dataclass(frozen=True, slots=True)
class Scope:
    """Which cases may somebody see: all, those of places, single ones; never where recused.

    ``people``: who looks, and for whom they act; a recusal of either leaves the case out.
    """

    people: frozenset[str]
    everything: bool = False
    divisions: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()


def scope_of(actor: Actor) -> Scope:
    """Return which cases an actor may see; the same as ``permissions.may_see`` case by case."""
    posts = [each for each in actor.grants if each.role in ROLES]
    return Scope(
        actor.people,
        everything=actor.id == SYSTEM,
        divisions=frozenset(each.division for each in posts if each.division is not None),
        numbers=frozenset(each.case_id for each in posts if each.case_id is not None),
    )


class Standing(StrEnum):
    """Is a case still open?"""

    OPEN = "open"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Filters:
    """Which cases are wanted; what is None doesn't narrow the list.

    ``light`` is that of the next clock on the day ``today``. ``place``: a county or zone, or a
    city with all of its own. ``number``: how the case's number begins. ``text``: words that the
    case holds, as ``search.phrases_of`` reads them; blanks alone don't narrow the list, and
    signs alone find nothing.
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
    text: str | None = None


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
    next_runs_until: date | None
    ended_on: date | None
    merged_into: str | None
    is_demo: bool

    def light(self, today: date) -> Light:
        """Return the light of the next clock on a day; done where none runs."""
        if self.next_due_on is None or self.next_yellow_on is None:
            return Light.DONE
        return light_on(
            today, self.next_weight, self.next_due_on, self.next_yellow_on, self.next_red_on
        )


_Line = TypeVar("_Line", bound=Any)

#: The days of a line that move on with every day while an appraisal is out.
_MOVING = (
    "due_on", "act_by", "yellow_on", "red_on", "plan_start_by",
    "next_due_on", "next_yellow_on", "next_red_on",
)  # fmt: skip


def as_of(line: _Line, today: date, until: date | None) -> _Line:
    """Return a line as it stands on a day.

    ``until``: up to which day it was counted, where its clock runs on while an appraisal is out;
    with every day since then it is due a day later, so that as much time is left as before.
    """
    if until is None or until >= today:
        return line
    moved = {
        name: day + (today - until)
        for name in _MOVING
        if (day := getattr(line, name, None)) is not None
    }
    return replace(line, **moved)


def light_on(
    today: date, weight: str | None, due_on: date, yellow_on: date, red_on: date | None
) -> Light:
    """Return the light of a running clock on a day, as ``Deadline.light`` does by the day alone."""
    if today > due_on:
        return Light.YELLOW if weight == Weight.ADVISORY.value else Light.OVERDUE
    if red_on is not None and today >= red_on:
        return Light.RED
    return Light.YELLOW if today >= yellow_on else Light.GREEN


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
    ids = _ids(session, scope, filters, after_key, size + 1)
    query = select(*_COLUMNS).where(CaseRow.id.in_(ids)).order_by(CaseRow.id.desc())
    lines = [CaseLine(*row) for row in session.execute(query.limit(size + 1))]
    has_more = len(lines) > size
    lines = lines[:size]
    if filters.today is not None:
        lines = [as_of(each, filters.today, each.next_runs_until) for each in lines]
    return Page(tuple(lines), lines[-1].id if has_more else None)


def _ids(
    session: Session, scope: Scope, filters: Filters, after_key: int | None, size: int
) -> Select[int]:
    """The ids of one page: of each place as many as the page holds, each by its own index."""
    narrowing = list(_narrowing(filters))
    if after_key is not None:
        narrowing.append(CaseRow.id < after_key)
    narrowing.extend(without_recused(scope, CaseRow.id))
    places = list(in_places(scope, filters.place, CaseRow))
    singles = list(_singles(scope, filters))
    if filters.text is None or not filters.text.strip():
        return _any_of(_newest([each, *narrowing], size) for each in (*places, *singles))
    among = [] if scope.everything else [scope.divisions]
    if filters.place is not None:
        among.append(frozenset({filters.place}))
    search = search_for(session, filters.text, among)
    if search is None:
        return _any_of(())
    holds = search.holds(_CASE_ID)
    parts = [_newest([each, holds, *narrowing], size) for each in singles]
    if places:
        by_words = search.all()
        if after_key is not None:
            by_words = by_words.where(by_words.selected_columns.id < after_key)
        if search.gives_in_order:
            # SQLite would rather walk through all cases in order than sort the few whose clocks run.
            runs = filters.light not in (None, Light.DONE)
            key = _CASE_ID + 0 if runs else _CASE_ID
            parts.extend(_by_words_first(search, by_words, places, narrowing, size, key))
        else:
            parts.extend(_by_places_first(search, by_words, places, narrowing, size))
    return _any_of(parts)


_Where = ColumnElement[bool]
_CASE_ID = CaseRow.__table__.c.id


def _newest(where: Iterable[_Where], size: int) -> Select[int]:
    return select(CaseRow.id).where(*where).order_by(CaseRow.id.desc()).limit(size)


def _any_of(parts: Iterable[Select[int]]) -> Select[int]:
    # SQLite takes a limit inside a union only in a subquery.
    named = [part.subquery(f"part_{number}") for number, part in enumerate(parts)]
    if not named:
        return select(CaseRow.id).where(false())
    found = named[0] if len(named) == 1 else union(*(select(each) for each in named)).subquery()
    return select(CaseRow.id).where(CaseRow.id.in_(select(found.c.id)))


#: How many cases, or cases with the words, the first of two ways looks at; in each of many places
#: not fewer than the second number.
_STRETCH = 5000
_SHORTEST_STRETCH = 250


# A common word is soon met in the cases of a place, a rare one by the index of words, and nobody
# knows beforehand which it is. So one way is gone for a stretch, from the newest backwards, and the
# other from there on, unless the page is full by then: what the first has hardly met is either rare
# along the second or soon met there. Planners guess how common a phrase is, and badly; what stands
# as an argument or in a subquery for one value keeps them on the way.


def _by_words_first(
    search: Search,
    by_words: Select[int],
    places: Sequence[_Where],
    narrowing: Sequence[_Where],
    size: int,
    key: ColumnElement[int],
) -> Iterator[Select[int]]:
    """The ids of one page of a search, where the index of words is read in order of ids.

    ``key``: the id, as that part is ordered by it which goes along the places.
    """
    newest = by_words.order_by(by_words.selected_columns.id.desc()).limit(_STRETCH)
    stretch = newest.cte("stretch")
    passes = func.coalesce(and_(or_(*places), *narrowing), false())
    first = _newest([CaseRow.id.in_(select(stretch.c.id)), passes], size).cte("first")
    edge = _edge([stretch], _STRETCH, first, size)
    yield select(first.c.id)
    left = case((edge.is_(None), 0), else_=size)
    for each in places:
        where = [each, key < edge, search.holds(_CASE_ID), *narrowing]
        yield select(CaseRow.id).where(*where).order_by(key.desc()).limit(left)


def _by_places_first(
    search: Search,
    by_words: Select[int],
    places: Sequence[_Where],
    narrowing: Sequence[_Where],
    size: int,
) -> Iterator[Select[int]]:
    """The ids of one page of a search, where all that have the words are found at once."""
    length = max(_STRETCH // len(places), _SHORTEST_STRETCH)
    stretches = [
        _newest([each, *narrowing], length).cte(f"stretch_{number}")
        for number, each in enumerate(places)
    ]
    seen = _in_order(select(union(*(select(each) for each in stretches)).subquery()))
    first = _first_of(seen, search.holds(seen.c.id), size).cte("first")
    edge = _edge(stretches, length, first, size)
    yield select(first.c.id)
    found = by_words.where(edge.is_not(None)).cte("found").prefix_with("MATERIALIZED")
    rest = _in_order(select(found.c.id).where(found.c.id < edge))
    case_of = select(CaseRow.id).where(CaseRow.id == rest.c.id, or_(*places), *narrowing)
    yield _first_of(rest, case_of.scalar_subquery().is_not(None), size)


def _in_order(ids: Select[int]) -> Subquery:
    # The offset keeps PostgreSQL from testing all of them before it sorts.
    return ids.order_by(ids.selected_columns.id.desc()).offset(0).subquery()


def _first_of(ids: Subquery, where: _Where, size: int) -> Select[int]:
    return select(ids.c.id).where(where).order_by(ids.c.id.desc()).limit(size)


def _edge(stretches: Sequence[CTE], length: int, first: CTE, size: int) -> ScalarSelect[int | None]:
    """The id below which the search must go on; NULL where all was seen or the page is full."""
    is_cut = func.count() == length
    ends = union_all(
        *(select(case((is_cut, func.min(each.c.id))).label("id")) for each in stretches)
    ).subquery("ends")
    end = select(func.max(ends.c.id)).scalar_subquery()
    filled = select(func.count()).select_from(first).where(first.c.id >= end).scalar_subquery()
    return select(case((filled < size, end))).scalar_subquery()


def seen_among(session: Session, scope: Scope, numbers: Iterable[str]) -> frozenset[str]:
    """Return which of these cases somebody may see."""
    wanted = sorted(set(numbers))
    ways = [*in_places(scope, None, CaseRow), *_singles(scope, Filters())]
    if not wanted or not ways:
        return frozenset()
    query = select(CaseRow.number).where(
        CaseRow.number.in_(wanted), or_(*ways), *without_recused(scope, CaseRow.id)
    )
    return frozenset(session.scalars(query))


def without_recused(scope: Scope, case_id: InstrumentedAttribute[int]) -> Iterator[_Where]:
    """Yield the conditions that leave out cases from which somebody was recused, or that are gone."""
    yield not_disposed(case_id)
    if not scope.everything:
        among = RecusedRow.person.in_(sorted(scope.people))
        yield not_(exists().where(RecusedRow.case_id == case_id, among))


def in_places(
    scope: Scope, place: str | None, row: type[CaseRow] | type[DeadlineRow]
) -> Iterator[_Where]:
    """Yield one condition for each index by which somebody's places are found; any may hold.

    ``place`` narrows them to a county or zone, or to a city with all of its own.
    """
    if scope.everything:
        if place is None:
            yield (CaseRow.id if row is CaseRow else DeadlineRow.case_id) > 0
        else:
            yield row.division == place
            yield row.parent == place
        return
    for division in sorted(scope.divisions):
        if place is None or place == division:
            yield row.division == division
            yield row.parent == division
        else:
            # A city that asks for one county, or a county that asks for its city.
            yield and_(row.division == place, row.parent == division)
            yield and_(row.division == division, row.parent == place)


def _singles(scope: Scope, filters: Filters) -> Iterator[_Where]:
    place = filters.place
    if scope.numbers and not scope.everything:
        among = CaseRow.number.in_(sorted(scope.numbers))
        within = or_(CaseRow.division == place, CaseRow.parent == place)
        yield among if place is None else and_(among, within)


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
        if filters.light is Light.DONE:
            yield CaseRow.next_clock.is_(None)
        else:
            yield CaseRow.next_clock.is_not(None)
            yield has_light(filters.light, filters.today, _NEXT)


@dataclass(frozen=True, slots=True)
class Timing:
    """The columns of a running clock from which its light follows."""

    weight: ColumnElement[str | None]
    due_on: ColumnElement[date | None]
    yellow_on: ColumnElement[date | None]
    red_on: ColumnElement[date | None]
    runs_until: ColumnElement[date | None]


_CASES = CaseRow.__table__.c
_NEXT = Timing(
    _CASES.next_weight,
    _CASES.next_due_on,
    _CASES.next_yellow_on,
    _CASES.next_red_on,
    _CASES.next_runs_until,
)


def has_light(light: Light, today: date, at: Timing) -> _Where:
    """Return the condition that a running clock has a light: ``light_on``, for the database.

    One that runs on while an appraisal is out has the light of the day up to which it was counted.
    """
    runs_on = at.runs_until.is_not(None)
    in_time = or_(at.due_on >= today, runs_on)
    is_advice = at.weight == Weight.ADVISORY.value
    day = func.coalesce(at.runs_until, today)
    is_red = and_(at.red_on.is_not(None), at.red_on <= day)
    is_yellow = at.yellow_on <= day
    match light:
        case Light.OVERDUE:
            return and_(at.due_on < today, not_(runs_on), not_(is_advice))
        case Light.RED:
            return and_(in_time, is_red)
        case Light.YELLOW:
            return or_(and_(in_time, not_(is_red), is_yellow), and_(not_(in_time), is_advice))
        case Light.GREEN:
            return and_(in_time, not_(is_red), not_(is_yellow))
        case Light.DONE:
            return false()
