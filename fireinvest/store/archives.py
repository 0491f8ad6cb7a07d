"""What the archive looks up: pages of files, files of cases by when they were filed, lendings."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import String, Text, and_, delete, or_, select, tuple_
from sqlalchemy.orm import Mapped, Session, mapped_column

from fireinvest.store.base import Base, adding
from fireinvest.store.cases import CaseRow
from fireinvest.store.lists import Scope, in_places, without_recused
from fireinvest.store.records import (
    RecordLine,
    RecordRow,
    RegisterItemRow,
    RegisterKeyRow,
)
from fireinvest.workflow.items.archive import FILED, KEPT_UNTIL, LENT
from fireinvest.workflow.registers import Record


class PageCountRow(Base):
    """How many pages a file has; none, and why, where they can't be put into a volume.

    It follows from the bytes alone, and can be counted anew at any time.
    """

    __tablename__ = "page_counts"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    pages: Mapped[int]
    why: Mapped[str | None] = mapped_column(Text)


@dataclass(frozen=True, slots=True)
class PageCount:
    """How many pages a file has. ``why``: as JSON, why it has none that can be bound."""

    pages: int
    why: str | None = None


_AT_ONCE = 500


def page_counts(session: Session, hashes: Collection[str]) -> dict[str, PageCount]:
    """Return what is known of the pages of these files, by hash."""
    listed = sorted(set(hashes))
    found: dict[str, PageCount] = {}
    for start in range(0, len(listed), _AT_ONCE):
        query = select(PageCountRow.sha256, PageCountRow.pages, PageCountRow.why).where(
            PageCountRow.sha256.in_(listed[start : start + _AT_ONCE])
        )
        found |= {row[0]: PageCount(row[1], row[2]) for row in session.execute(query)}
    return found


def save_page_count(session: Session, sha256: str, count: PageCount) -> None:
    """Keep how many pages a file has, instead of what was counted before."""
    session.execute(delete(PageCountRow).where(PageCountRow.sha256 == sha256))
    row = {"sha256": sha256, "pages": count.pages, "why": count.why}
    session.execute(adding(session, PageCountRow), [row])


# ---------------------------------------------------------------------------- files of cases


@dataclass(frozen=True, slots=True)
class FileLine:
    """The file of a case in the archive, or a lending of it, as a list shows it."""

    case_id: int
    number: str
    unit_name: str
    occurred_on: date
    level: str
    division: str | None
    investigating: str | None
    ruleset_pin: str
    key: str
    record: Record


_CASE = (
    CaseRow.id, CaseRow.number, CaseRow.unit_name, CaseRow.occurred_on, CaseRow.level,
    CaseRow.division, CaseRow.investigating, CaseRow.ruleset_pin,
)  # fmt: skip
_RECORD = tuple(getattr(RecordRow, name) for name in RecordLine._fields)
_LAST = and_(
    RegisterItemRow.case_id == RegisterKeyRow.case_id,
    RegisterItemRow.register == RegisterKeyRow.register,
    RegisterItemRow.item == RegisterKeyRow.item,
)


def filed_cases(
    session: Session, scope: Scope, *, place: str | None, after: tuple[str, int] | None, size: int
) -> list[FileLine]:
    """Return up to so many files, the last filed first. ``after``: the key and id of the last."""
    return list(_found(session, scope, FILED, place, after, size, is_newest_first=True))


def due_for_disposal(
    session: Session,
    scope: Scope,
    today: date,
    *,
    place: str | None,
    after: tuple[str, int] | None,
    size: int,
    tier: str | None = None,
) -> list[FileLine]:
    """Return up to so many files whose period of retention is over, the earliest first."""
    return list(
        _found(session, scope, KEPT_UNTIL, place, after, size, before=today.isoformat(), tier=tier)
    )


def lent_files(
    session: Session, scope: Scope, *, place: str | None, after: tuple[str, int] | None, size: int
) -> list[FileLine]:
    """Return up to so many lendings that have to come back, those due first before the others."""
    return list(_found(session, scope, LENT, place, after, size))


def lent_among(session: Session, case_ids: Collection[int]) -> frozenset[int]:
    """Return those of the cases whose files are out."""
    query = select(RegisterKeyRow.case_id).where(
        RegisterKeyRow.sort == LENT, RegisterKeyRow.case_id.in_(case_ids)
    )
    return frozenset(session.scalars(query))


def _found(
    session: Session,
    scope: Scope,
    sort: str,
    place: str | None,
    after: tuple[str, int] | None,
    size: int,
    *,
    before: str | None = None,
    is_newest_first: bool = False,
    tier: str | None = None,
) -> Iterator[FileLine]:
    ways = list(in_places(scope, place, CaseRow))
    if scope.numbers:
        single = CaseRow.number.in_(sorted(scope.numbers))
        within = or_(CaseRow.division == place, CaseRow.parent == place)
        ways.append(single if place is None else and_(single, within))
    if not ways:
        return
    # An item's number tells several of one case apart.
    key = (RegisterKeyRow.key, RegisterKeyRow.case_id * 100000 + RegisterKeyRow.item)
    query = (
        select(*_CASE, RegisterKeyRow.key, *_RECORD)
        .join(RegisterKeyRow, RegisterKeyRow.case_id == CaseRow.id)
        .join(RegisterItemRow, _LAST)
        .join(
            RecordRow,
            and_(
                RecordRow.case_id == RegisterItemRow.case_id,
                RecordRow.seq == RegisterItemRow.seq,
            ),
        )
        .where(RegisterKeyRow.sort == sort, or_(*ways), *without_recused(scope, CaseRow.id))
    )
    if before is not None:
        query = query.where(RegisterKeyRow.key < before)
        query = query.where(CaseRow.ended_on.is_not(None))
    if tier is not None:
        query = query.where(CaseRow.investigating == tier)
    if after is not None:
        behind = tuple_(*key) < after if is_newest_first else tuple_(*key) > after
        query = query.where(behind)
    order = [each.desc() for each in key] if is_newest_first else list(key)
    width = len(_CASE)
    for row in session.execute(query.order_by(*order).limit(size)):
        values: tuple[Any, ...] = tuple(row)
        record = RecordLine(*values[width + 1 :]).record()
        yield FileLine(*[*values[: width + 1], record])


def after_key(lines: Sequence[FileLine]) -> tuple[str, int]:
    """Return the key behind which the next page of a list begins."""
    last = lines[-1]
    return last.key, last.case_id * 100000 + last.record.item
