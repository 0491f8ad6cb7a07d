"""Ladders of notices, what was reached on them, and who was told of it."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    not_,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from fireinvest.store.base import Base, Instant, LargeId, adding
from fireinvest.store.cases import CaseRow, DeadlineRow, RecusedRow
from fireinvest.store.codec import canonical
from fireinvest.store.people import Person


class LadderRow(Base):
    """The ladder of a running clock: up to which day it was looked at, and when it tells next."""

    __tablename__ = "ladders"
    __table_args__ = (Index(None, "next_on", "case_id"),)

    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    clock: Mapped[str] = mapped_column(String(60), primary_key=True)
    instance: Mapped[str] = mapped_column(String(200), primary_key=True)
    due_on: Mapped[date]
    swept_on: Mapped[date | None]
    next_on: Mapped[date | None]


class ReachedRow(Base):
    """A rung that a clock reached, for one due day: told, or skipped because a later one was.

    ``stood_in``: as whom somebody else was told, because nobody was there who hears of it.
    """

    __tablename__ = "reached_rungs"
    __table_args__ = (
        UniqueConstraint("case_id", "clock", "instance", "due_on", "rung", "occurrence"),
        Index(
            "ix_reached_rungs_stood_in",
            "case_id",
            sqlite_where=text("stood_in IS NOT NULL"),
            postgresql_where=text("stood_in IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(LargeId, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    clock: Mapped[str] = mapped_column(String(60))
    instance: Mapped[str] = mapped_column(String(200))
    due_on: Mapped[date]
    rung: Mapped[str] = mapped_column(String(60))
    occurrence: Mapped[int]
    reached_on: Mapped[date]
    is_skipped: Mapped[bool]
    stood_in: Mapped[str | None] = mapped_column(String(60))
    swept_at: Mapped[datetime] = mapped_column(Instant)


class AlertRow(Base):
    """A notice to one person, in their inbox. ``acts_for_id``: for whom they hear it as deputy."""

    __tablename__ = "alerts"
    __table_args__ = (
        UniqueConstraint("key"),
        Index(None, "person_id", "id"),
        Index(None, "case_id", "id"),
        Index(
            "ix_alerts_unread",
            "person_id",
            "id",
            sqlite_where=text("read_at IS NULL"),
            postgresql_where=text("read_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(LargeId, primary_key=True)
    key: Mapped[str] = mapped_column(String(500))
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    acts_for_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    role: Mapped[str] = mapped_column(String(60))
    case_id: Mapped[int | None] = mapped_column(ForeignKey("cases.id"))
    clock: Mapped[str | None] = mapped_column(String(60))
    instance: Mapped[str | None] = mapped_column(String(200))
    due_on: Mapped[date | None]
    rung: Mapped[str] = mapped_column(String(60))
    occurrence: Mapped[int]
    reached_on: Mapped[date]
    details: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Instant)
    read_at: Mapped[datetime | None] = mapped_column(Instant)


class ChannelRow(Base):
    """A way in which somebody hears outside the application. Quiet hours are minutes of the day."""

    __tablename__ = "channels"
    __table_args__ = (UniqueConstraint("token_hash"), Index(None, "person_id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    kind: Mapped[str] = mapped_column(String(20))
    address: Mapped[str] = mapped_column(Text)
    secret: Mapped[str | None] = mapped_column(Text)
    token_hash: Mapped[str | None] = mapped_column(String(64))
    is_digest: Mapped[bool]
    quiet_from: Mapped[int | None]
    quiet_until: Mapped[int | None]
    added_at: Mapped[datetime] = mapped_column(Instant)
    confirmed_at: Mapped[datetime | None] = mapped_column(Instant)
    failing_since: Mapped[datetime | None] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)


class SweepRow(Base):
    """A run of the sweep, and what it counted."""

    __tablename__ = "sweeps"
    __table_args__ = (Index(None, "began_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    day: Mapped[date]
    began_at: Mapped[datetime] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    cases: Mapped[int]
    told: Mapped[int]
    skipped: Mapped[int]
    errors: Mapped[int]


class ReadingDecisionRow(Base):
    """Somebody decided how an unclear point is read from a day on. Rows are only added.

    ``revision``: which decision on this point it is, from 1; of two at once one is too late.
    """

    __tablename__ = "reading_decisions"
    __table_args__ = (UniqueConstraint("profile", "reading", "revision"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    profile: Mapped[str] = mapped_column(String(60))
    reading: Mapped[str] = mapped_column(String(60))
    revision: Mapped[int]
    chosen: Mapped[str] = mapped_column(String(60))
    applies_from: Mapped[date]
    decided_by: Mapped[str] = mapped_column(String(200))
    document: Mapped[str] = mapped_column(String(300))
    reason: Mapped[str] = mapped_column(Text)
    recorded_by: Mapped[str] = mapped_column(String(100))
    recorded_at: Mapped[datetime] = mapped_column(Instant)


# ---------------------------------------------------------------------------- ladders

Place = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Ladder:
    """Up to which day a clock's ladder was looked at, and when it tells next."""

    clock: str
    instance: str
    due_on: date
    swept_on: date | None
    next_on: date | None

    @property
    def place(self) -> Place:
        """Of which clock and instance it is."""
        return self.clock, self.instance


def ladders_of(session: Session, case_id: int) -> dict[Place, Ladder]:
    """Return the ladders of a case's running clocks."""
    return ladders_of_cases(session, [case_id])[case_id]


def ladders_of_cases(session: Session, case_ids: Sequence[int]) -> dict[int, dict[Place, Ladder]]:
    """Return the ladders of the running clocks of these cases, with one query."""
    found: dict[int, dict[Place, Ladder]] = {case_id: {} for case_id in case_ids}
    rows = session.execute(
        select(
            LadderRow.case_id,
            LadderRow.clock,
            LadderRow.instance,
            LadderRow.due_on,
            LadderRow.swept_on,
            LadderRow.next_on,
        ).where(LadderRow.case_id.in_(case_ids))
    )
    for row in rows:
        ladder = Ladder(row.clock, row.instance, row.due_on, row.swept_on, row.next_on)
        found[row.case_id][ladder.place] = ladder
    return found


@dataclass(frozen=True, slots=True)
class Laying:
    """The ladders of a case as they are, and as they are to be."""

    case_id: int
    before: Mapping[Place, Ladder]
    after: Mapping[Place, Ladder]


def save_ladders(session: Session, layings: Iterable[Laying]) -> None:
    """Let just these ladders be those of their cases; each kind of change is one statement."""
    gone, added, changed = [], [], []
    for each in layings:
        for clock, instance in each.before.keys() - each.after.keys():
            gone.append({"of_case": each.case_id, "of_clock": clock, "of_instance": instance})
        for (clock, instance), ladder in each.after.items():
            known = each.before.get((clock, instance))
            values = {
                "due_on": ladder.due_on, "swept_on": ladder.swept_on, "next_on": ladder.next_on,
            }  # fmt: skip
            if known is None:
                key = {"case_id": each.case_id, "clock": clock, "instance": instance}
                added.append({**key, **values})
            elif known != ladder:
                key = {"of_case": each.case_id, "of_clock": clock, "of_instance": instance}
                changed.append({**key, **{f"new_{name}": value for name, value in values.items()}})
    for statement, rows in (
        (_LADDER_GONE, gone), (insert(LadderRow), added), (_LADDER_CHANGED, changed),
    ):  # fmt: skip
        if rows:
            session.execute(statement, rows)


_LADDERS = LadderRow.__table__
_OF = and_(
    _LADDERS.c.case_id == bindparam("of_case"),
    _LADDERS.c.clock == bindparam("of_clock"),
    _LADDERS.c.instance == bindparam("of_instance"),
)
_LADDER_GONE = delete(_LADDERS).where(_OF)  # type: ignore[arg-type] # a mapped class has a table
_LADDER_CHANGED = (
    update(_LADDERS)  # type: ignore[arg-type] # as above
    .where(_OF)
    .values({name: bindparam(f"new_{name}") for name in ("due_on", "swept_on", "next_on")})
)


def due_cases(session: Session, today: date, after_id: int, size: int) -> list[int]:
    """Return the ids of cases with something to tell up to today, from after an id on."""
    rows = session.scalars(
        select(LadderRow.case_id)
        .where(LadderRow.next_on <= today, LadderRow.case_id > after_id)
        .group_by(LadderRow.case_id)
        .order_by(LadderRow.case_id)
        .limit(size)
    )
    return list(rows)


# ---------------------------------------------------------------------------- what was reached, told


def add_reached(session: Session, rows: Sequence[Mapping[str, object]]) -> None:
    """Write down rungs that were reached; those on record stay as they are."""
    if rows:
        session.execute(adding(session, ReachedRow), [dict(each) for each in rows])


#: Clock, instance, due day, rung, and the how manieth time: of which rung it is on record.
OnRecord = tuple[str, str, date, str, int]


def reached_of(session: Session, case_id: int) -> frozenset[OnRecord]:
    """Return which rungs of a case's clocks are on record as reached."""
    return reached_of_cases(session, [case_id])[case_id]


def reached_of_cases(session: Session, case_ids: Sequence[int]) -> dict[int, frozenset[OnRecord]]:
    """Return which rungs of these cases' clocks are on record as reached, with one query."""
    found: dict[int, set[OnRecord]] = {case_id: set() for case_id in case_ids}
    rows = session.execute(
        select(
            ReachedRow.case_id,
            ReachedRow.clock,
            ReachedRow.instance,
            ReachedRow.due_on,
            ReachedRow.rung,
            ReachedRow.occurrence,
        ).where(ReachedRow.case_id.in_(case_ids))
    )
    for case_id, clock, instance, due_on, rung, occurrence in rows:
        found[case_id].add((clock, instance, due_on, rung, occurrence))
    return {case_id: frozenset(each) for case_id, each in found.items()}


#: Stands where not even an administrator was there to hear.
NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Reached:
    """A rung on record: which, when it was reached, and whether it was told; see ``ReachedRow``."""

    due_on: date
    rung: str
    occurrence: int
    reached_on: date
    is_skipped: bool
    stood_in: str | None


def reached_by(session: Session, case_id: int, clock: str, instance: str) -> list[Reached]:
    """Return what is on record of one instance of a clock, the latest first."""
    rows = session.execute(
        select(
            ReachedRow.due_on,
            ReachedRow.rung,
            ReachedRow.occurrence,
            ReachedRow.reached_on,
            ReachedRow.is_skipped,
            ReachedRow.stood_in,
        )
        .where(
            ReachedRow.case_id == case_id,
            ReachedRow.clock == clock,
            ReachedRow.instance == instance,
        )
        .order_by(ReachedRow.id.desc())
    )
    return [Reached(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class Unheard:
    """A clock that nobody hears of but administrators: of which case, where, since which day."""

    number: str
    division: str | None
    clock: str
    instance: str
    due_on: date
    reached_on: date


def unheard(session: Session, holders: Collection[str], size: int) -> list[Unheard]:
    """Return the running clocks whose latest notice came to these holders of offices alone.

    They are on the list until somebody of the case hears of the clock again, or it ends.
    """
    later = ReachedRow.__table__.alias("later")
    is_heard_since = exists().where(
        later.c.case_id == ReachedRow.case_id,
        later.c.clock == ReachedRow.clock,
        later.c.instance == ReachedRow.instance,
        later.c.id > ReachedRow.id,
        or_(later.c.stood_in.is_not(None), later.c.is_skipped.is_(False)),
    )
    rows = session.execute(
        select(
            CaseRow.number,
            CaseRow.division,
            ReachedRow.clock,
            ReachedRow.instance,
            ReachedRow.due_on,
            ReachedRow.reached_on,
        )
        .join(CaseRow, CaseRow.id == ReachedRow.case_id)
        .join(
            DeadlineRow,
            and_(
                DeadlineRow.case_id == ReachedRow.case_id,
                DeadlineRow.clock == ReachedRow.clock,
                DeadlineRow.instance == ReachedRow.instance,
            ),
        )
        .where(
            ReachedRow.stood_in.is_not(None),
            ReachedRow.stood_in.in_(sorted(holders)),
            DeadlineRow.ended_on.is_(None),
            not_(is_heard_since),
        )
        .order_by(ReachedRow.due_on, ReachedRow.id)
        .limit(size)
    )
    return [Unheard(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class NewAlert:
    """A notice for one person. Of two with the same key there is only one."""

    key: str
    person_id: int
    acts_for_id: int | None
    role: str
    case_id: int | None
    clock: str | None
    instance: str | None
    due_on: date | None
    rung: str
    occurrence: int
    reached_on: date
    details: Mapping[str, object]


def add_alerts(
    session: Session, alerts: Iterable[NewAlert], now: datetime
) -> list[tuple[int, NewAlert]]:
    """Put notices into people's inboxes and return those that weren't there, with their ids."""
    wanted = {each.key: each for each in alerts}
    if not wanted:
        return []
    rows = [
        {
            "key": each.key,
            "person_id": each.person_id,
            "acts_for_id": each.acts_for_id,
            "role": each.role,
            "case_id": each.case_id,
            "clock": each.clock,
            "instance": each.instance,
            "due_on": each.due_on,
            "rung": each.rung,
            "occurrence": each.occurrence,
            "reached_on": each.reached_on,
            "details": canonical(each.details),
            "created_at": now,
        }
        for each in wanted.values()
    ]
    added = session.execute(
        adding(session, AlertRow).values(rows).returning(AlertRow.id, AlertRow.key)
    )
    return [(row.id, wanted[row.key]) for row in added]


@dataclass(frozen=True, slots=True)
class Alert:
    """A notice in somebody's inbox; ``number`` and ``unit_name`` are those of its case."""

    id: int
    person_id: int
    acts_for_id: int | None
    role: str
    case_id: int | None
    number: str | None
    unit_name: str | None
    ruleset_pin: str | None
    clock: str | None
    instance: str | None
    due_on: date | None
    rung: str
    occurrence: int
    reached_on: date
    details: Mapping[str, object]
    created_at: datetime
    read_at: datetime | None


_OF_ALERT = (
    AlertRow.id, AlertRow.person_id, AlertRow.acts_for_id, AlertRow.role, AlertRow.case_id,
    CaseRow.number, CaseRow.unit_name, CaseRow.ruleset_pin, AlertRow.clock, AlertRow.instance,
    AlertRow.due_on, AlertRow.rung, AlertRow.occurrence, AlertRow.reached_on, AlertRow.details,
    AlertRow.created_at, AlertRow.read_at,
)  # fmt: skip


def _is_shown() -> ColumnElement[bool]:
    """Is it of no case from which its person was recused, or the one for whom they hear it?

    Notices stay on record; whoever was recused sees those of the case no more, old or new.
    """
    of_recused = (
        select(RecusedRow.case_id)
        .join(Person, Person.login == RecusedRow.person)
        .where(
            RecusedRow.case_id == AlertRow.case_id,
            or_(Person.id == AlertRow.person_id, Person.id == AlertRow.acts_for_id),
        )
    )
    return or_(AlertRow.case_id.is_(None), not_(of_recused.exists()))


def alerts_of(
    session: Session,
    person_id: int,
    *,
    before_id: int | None = None,
    only_unread: bool = False,
    size: int = 50,
) -> list[Alert]:
    """Return somebody's notices, the newest first, from before an id."""
    query = (
        select(*_OF_ALERT)
        .outerjoin(CaseRow, CaseRow.id == AlertRow.case_id)
        .where(AlertRow.person_id == person_id, _is_shown())
        .order_by(AlertRow.id.desc())
        .limit(size)
    )
    if before_id is not None:
        query = query.where(AlertRow.id < before_id)
    if only_unread:
        query = query.where(AlertRow.read_at.is_(None))
    return [_alert(row) for row in session.execute(query)]


def alerts_between(
    session: Session, person_id: int, since: datetime, until: datetime, size: int
) -> list[Alert]:
    """Return somebody's notices that they haven't read, from an instant on and before another."""
    query = (
        select(*_OF_ALERT)
        .outerjoin(CaseRow, CaseRow.id == AlertRow.case_id)
        .where(
            AlertRow.person_id == person_id,
            AlertRow.read_at.is_(None),
            AlertRow.created_at >= since,
            AlertRow.created_at < until,
            _is_shown(),
        )
        .order_by(AlertRow.id)
        .limit(size)
    )
    return [_alert(row) for row in session.execute(query)]


def find_alerts(session: Session, ids: Collection[int]) -> dict[int, Alert]:
    """Return the notices with these ids; none of those that their people may no longer see."""
    rows = session.execute(
        select(*_OF_ALERT)
        .outerjoin(CaseRow, CaseRow.id == AlertRow.case_id)
        .where(AlertRow.id.in_(ids), _is_shown())
    )
    return {row.id: _alert(row) for row in rows}


def _alert(row: Any) -> Alert:
    values = list(row)
    place = [column.key for column in _OF_ALERT].index("details")
    values[place] = json.loads(values[place])
    return Alert(*values)


# Asked at each page, and so put together once.
_UNREAD = select(func.count()).select_from(
    select(AlertRow.id)
    .where(AlertRow.person_id == bindparam("person_id"), AlertRow.read_at.is_(None), _is_shown())
    .limit(bindparam("at_most"))
    .subquery()
)


def count_unread(session: Session, person_id: int, at_most: int = 100) -> int:
    """Return how many notices somebody hasn't read, counted no further than a number."""
    return session.scalar(_UNREAD, {"person_id": person_id, "at_most": at_most}) or 0


def mark_read(
    session: Session, person_id: int, now: datetime, *, ids: Collection[int] | None = None
) -> int:
    """Mark somebody's notices as read, all or these, and return how many weren't.

    Those that they can't see any more stay as they are.
    """
    query = update(AlertRow).where(
        AlertRow.person_id == person_id, AlertRow.read_at.is_(None), _is_shown()
    )
    if ids is not None:
        query = query.where(AlertRow.id.in_(ids))
    return len(session.execute(query.values(read_at=now).returning(AlertRow.id)).all())
