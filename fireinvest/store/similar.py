"""Where did it burn before? Earlier cases of the same unit or address that somebody may see."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    exists,
    false,
    not_,
    or_,
    select,
    union,
)
from sqlalchemy.orm import Session

from fireinvest.store.cases import CaseRow, DeadlineRow, RecusedRow
from fireinvest.store.disposals import not_disposed
from fireinvest.store.journal import JournalRow
from fireinvest.store.lists import Scope
from fireinvest.store.search import search_for

#: So many are shown, the newest first.
MOST = 5
#: A shorter part of a name stands in too many.
SHORTEST_PART = 3
#: So many cases with a part of the name, the newest opened, are looked at; a part such as
#: "limited company" has no end of them.
_LOOKED_AT = 200


@dataclass(frozen=True, slots=True)
class EarlierFire:
    """A case of the same unit or address. ``is_watched``: one of the clocks asked for runs."""

    number: str
    occurred_on: date
    unit_name: str
    address: str
    level: str
    level_is_floor: bool
    is_watched: bool
    is_same_unit: bool
    is_same_address: bool


def earlier_fires(
    session: Session,
    scope: Scope,
    unit_name: str,
    address: str,
    *,
    watched: Iterable[str] = (),
    most: int = MOST,
) -> list[EarlierFire]:
    """Return the newest cases of this unit, of units whose name holds it, or of this address.

    One query, whatever is given; none where nothing is. ``watched``: clocks that are told of
    where they still run in such a case.
    """
    unit_name, address = unit_name.strip(), address.strip()
    ids = [each.limit(most) for each in _ids(session, scope, unit_name, address)]
    if not ids:
        return []
    found = union(*(select(each.subquery(f"part_{at}")) for at, each in enumerate(ids))).subquery()
    runs = exists().where(
        DeadlineRow.case_id == CaseRow.id,
        DeadlineRow.clock.in_(sorted(watched)),
        DeadlineRow.ended_on.is_(None),
    )
    query = (
        select(
            CaseRow.number,
            CaseRow.occurred_on,
            CaseRow.unit_name,
            CaseRow.address,
            CaseRow.level,
            CaseRow.level_is_floor,
            runs,
        )
        .where(CaseRow.id.in_(select(found.c.id)))
        .order_by(CaseRow.occurred_on.desc(), CaseRow.id.desc())
        .limit(most)
    )
    return [
        EarlierFire(*row, row.unit_name == unit_name, row.address == address)
        for row in session.execute(query)
    ]


def _ids(session: Session, scope: Scope, unit_name: str, address: str) -> Iterator[Select[int]]:
    """The ids of each kind of likeness, each found by its own index."""
    visible = _visible(scope)
    if unit_name:
        yield _newest(CaseRow.unit_name == unit_name, visible)
    if address:
        yield _newest(CaseRow.address == address, visible)
    if len(unit_name) < SHORTEST_PART:
        return
    holds_it = CaseRow.unit_name.contains(unit_name, autoescape=True)
    if scope.numbers:
        among = CaseRow.number.in_(sorted(scope.numbers))
        yield _newest(and_(among, holds_it), visible)
    if not scope.divisions and not scope.everything:
        return
    search = search_for(session, unit_name, [] if scope.everything else [scope.divisions])
    if search is None:
        return
    by_words = search.all()
    newest = by_words.order_by(by_words.selected_columns.id.desc()).limit(_LOOKED_AT).subquery()
    yield _newest(and_(CaseRow.id.in_(select(newest.c.id)), holds_it), visible)


def _newest(*where: ColumnElement[bool]) -> Select[int]:
    return select(CaseRow.id).where(*where).order_by(CaseRow.occurred_on.desc(), CaseRow.id.desc())


def _visible(scope: Scope) -> ColumnElement[bool]:
    """May they see the case? The same as ``lists`` answers for a whole page."""
    if scope.everything:
        return not_disposed(CaseRow.id)
    divisions, numbers = sorted(scope.divisions), sorted(scope.numbers)
    places = or_(CaseRow.division.in_(divisions), CaseRow.parent.in_(divisions))
    recused = exists().where(
        RecusedRow.case_id == CaseRow.id, RecusedRow.person.in_(sorted(scope.people))
    )
    seen = or_(
        places if divisions else false(), CaseRow.number.in_(numbers) if numbers else false()
    )
    return and_(seen, not_(recused), not_disposed(CaseRow.id))


@dataclass(frozen=True, slots=True)
class SamePlace:
    """A case of the same unit or address, whoever may see it: no more of it than this is told."""

    id: int
    number: str
    occurred_on: date
    unit_name: str


def fires_since(
    session: Session,
    since: date,
    *,
    names: Collection[str],
    addresses: Collection[str],
    ids: Collection[int],
    but: int,
) -> list[SamePlace]:
    """Return fires from a day on at these units or addresses, or in cases with these ids."""
    query = (
        select(CaseRow.id, CaseRow.number, CaseRow.occurred_on, CaseRow.unit_name)
        .where(
            CaseRow.occurred_on >= since,
            CaseRow.id != but,
            or_(
                CaseRow.id.in_(sorted(ids)),
                CaseRow.unit_name.in_(sorted(names)),
                CaseRow.address.in_(sorted(addresses)),
            ),
        )
        .order_by(CaseRow.occurred_on, CaseRow.id)
        .limit(_LOOKED_AT)
    )
    return [SamePlace(*row) for row in session.execute(query)]


def running_at(
    session: Session, clock: str, step: str, on: date, unit_name: str, address: str, *, but: int
) -> list[SamePlace]:
    """Return cases of this unit or address in which a clock runs that a step began by a day."""
    runs = exists().where(
        DeadlineRow.case_id == CaseRow.id,
        DeadlineRow.clock == clock,
        DeadlineRow.ended_on.is_(None),
    )
    began = exists().where(
        JournalRow.case_id == CaseRow.id, JournalRow.step == step, JournalRow.occurred_on <= on
    )
    query = (
        select(CaseRow.id, CaseRow.number, CaseRow.occurred_on, CaseRow.unit_name)
        .where(
            or_(CaseRow.unit_name == unit_name, CaseRow.address == address),
            CaseRow.id != but,
            runs,
            began,
        )
        .order_by(CaseRow.id)
        .limit(_LOOKED_AT)
    )
    return [SamePlace(*row) for row in session.execute(query)]
