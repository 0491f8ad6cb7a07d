"""What the log of all cases and accounts says: a page of it, the newest first."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select, true, tuple_, union_all
from sqlalchemy.orm import Session

from fireinvest.store.access import AccessRow
from fireinvest.store.cases import CaseRow


@dataclass(frozen=True, slots=True)
class LogKey:
    """After which line a page begins."""

    happened_at: datetime
    id: int


@dataclass(frozen=True, slots=True)
class LogFilters:
    """Which lines are wanted? What is empty leaves all.

    ``people``: the logins of who did it. ``about``: the accounts or agencies concerned.
    ``since``, ``until``: the first instant, and the first one after the last.
    """

    people: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    case_id: int | None = None
    about: tuple[str, ...] = ()
    address: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the log. ``number``: of the case. Old and new values are those of an account."""

    id: int
    happened_at: datetime
    person: str | None
    what: str
    case_id: int | None
    number: str | None
    item: str | None
    address: str | None
    request_id: str | None
    about: str | None
    acting_for: str | None
    reason: str | None
    entry: int | None
    old: Mapping[str, Any]
    new: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LogLines:
    """A page of the log; ``next_key`` where there are older lines."""

    lines: tuple[Line, ...]
    next_key: LogKey | None


_WHEN = (AccessRow.happened_at.desc(), AccessRow.id.desc())


def log_page(session: Session, filters: LogFilters, after: LogKey | None, size: int) -> LogLines:
    """Return a page of the lines that are wanted, the newest first.

    Each filter alone walks an index in the order of the page. Several kinds, or several people of
    one name, are walked one by one and then put together: so none sorts what it doesn't show.
    """
    wanted = [*_conditions(filters)]
    if after is not None:
        wanted.append(tuple_(AccessRow.happened_at, AccessRow.id) < (after.happened_at, after.id))
    several = _several(filters)
    if len(several) > 1:
        parts = [_ids(each, wanted, size).subquery() for each in several]
        ids = union_all(*(select(each.c.id) for each in parts)).subquery()
        query = select(AccessRow, CaseRow.number).where(AccessRow.id.in_(select(ids.c.id)))
    else:
        query = select(AccessRow, CaseRow.number).where(*several, *wanted)
    rows = session.execute(
        query.outerjoin(CaseRow, CaseRow.id == AccessRow.case_id).order_by(*_WHEN).limit(size + 1)
    ).all()
    lines = tuple(_line(row, number) for row, number in rows[:size])
    last = lines[-1] if len(rows) > size else None
    return LogLines(lines, None if last is None else LogKey(last.happened_at, last.id))


def log_lines(session: Session, filters: LogFilters, most: int) -> Iterator[Line]:
    """Yield up to so many of the lines that are wanted, the newest first, with flat memory."""
    key: LogKey | None = None
    left = most
    while left > 0:
        page = log_page(session, filters, key, min(left, _AT_ONCE))
        yield from page.lines
        session.expunge_all()
        left -= len(page.lines)
        key = page.next_key
        if key is None:
            return


def has_more_lines(session: Session, filters: LogFilters, most: int) -> bool:
    """Are more lines wanted than so many?"""
    wanted = [*_conditions(filters)]
    left = most + 1
    for each in _several(filters) or [true()]:
        ids = select(AccessRow.id).where(each, *wanted).limit(left).subquery()
        left -= session.scalar(select(func.count()).select_from(ids)) or 0
        if left <= 0:
            return True
    return False


_AT_ONCE = 1000


def _conditions(filters: LogFilters) -> Iterator[ColumnElement[bool]]:
    if filters.kinds and filters.people:
        yield AccessRow.person.in_(filters.people)
    if filters.about:
        yield AccessRow.about.in_(filters.about)
    if filters.case_id is not None:
        yield AccessRow.case_id == filters.case_id
    if filters.address is not None:
        yield AccessRow.address == filters.address
    if filters.since is not None:
        yield AccessRow.happened_at >= filters.since
    if filters.until is not None:
        yield AccessRow.happened_at < filters.until


def _several(filters: LogFilters) -> list[ColumnElement[bool]]:
    """What is walked one by one: the kinds, or else the people."""
    if filters.kinds:
        return [AccessRow.what == each for each in filters.kinds]
    return [AccessRow.person == each for each in filters.people]


def _ids(one: ColumnElement[bool], wanted: Iterable[ColumnElement[bool]], size: int) -> Select[Any]:
    return select(AccessRow.id).where(one, *wanted).order_by(*_WHEN).limit(size + 1)


def _line(row: AccessRow, number: str | None) -> Line:
    # What stands in a case is the case's to show; of it the log has no more than that it changed.
    is_account = row.case_id is None
    return Line(
        row.id,
        row.happened_at,
        row.person,
        row.what,
        row.case_id,
        number,
        row.item,
        row.address,
        row.request_id,
        row.about,
        row.acting_for,
        row.reason,
        row.entry,
        _values(row.old_values) if is_account else {},
        _values(row.new_values) if is_account else {},
    )


def _values(written: str | None) -> Mapping[str, Any]:
    found = json.loads(written or "{}")
    return found if isinstance(found, dict) else {}


# ---------------------------------------------------------------------------- what was noted


@dataclass(frozen=True, slots=True)
class Noted:
    """What is noted of somebody, as far as it tells one line from another."""

    person: str
    what: str
    case_id: int | None = None
    item: str | None = None
    acting_for: str | None = None
    address: str | None = None


def is_noted(session: Session, noted: Noted, since: datetime) -> bool:
    """Was the same noted of them after this instant?"""
    same = (
        column == value if value is not None else column.is_(None)
        for column, value in (
            (AccessRow.case_id, noted.case_id),
            (AccessRow.item, noted.item),
            (AccessRow.acting_for, noted.acting_for),
            (AccessRow.address, noted.address),
        )
    )
    found = session.scalar(
        select(AccessRow.id)
        .where(*_of(noted.person, since), AccessRow.what == noted.what, *same)
        .limit(1)
    )
    return found is not None


def count_noted(session: Session, person: str, what: str, since: datetime) -> int:
    """Return how often this was noted of somebody after an instant."""
    query = select(func.count()).where(*_of(person, since), AccessRow.what == what)
    return session.scalar(query) or 0


def _of(person: str, since: datetime) -> tuple[ColumnElement[bool], ...]:
    return AccessRow.person == person, AccessRow.happened_at > since
