"""Cases and deadlines as lists show them: projections of the journal, written with it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    and_,
    bindparam,
    delete,
    insert,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from fireinvest.store.base import Base, Instant
from fireinvest.store.conflicts import Conflict
from fireinvest.store.disposals import is_disposed

_OPEN = text("next_clock IS NOT NULL")
_RUNNING = text("ended_on IS NULL")

Values = dict[str, Any]


class CaseRow(Base):
    """A case in one row. ``version`` and ``head_hash``: its last entry's number and hash.

    ``opened_on``: the day on which it was opened here; of one that was brought in from an old
    ledger, the day of the fire. ``late_key``: of such a one alone, its place and old number.
    """

    __tablename__ = "cases"
    __table_args__ = (
        UniqueConstraint("number"),
        # Lists by key: newest first, for a county or for a city with all its counties.
        Index(None, "division", "id"),
        Index(None, "parent", "id"),
        Index(None, "division", "stage", "id"),
        Index(None, "parent", "stage", "id"),
        Index(None, "division", "level", "id"),
        Index(None, "parent", "level", "id"),
        Index(None, "carrier", "id"),
        # What runs is few among what is kept: lights are looked for among these alone.
        Index(
            "ix_cases_open_division", "division", "next_due_on", "id",
            sqlite_where=_OPEN, postgresql_where=_OPEN,
        ),
        Index(
            "ix_cases_open_parent", "parent", "next_due_on", "id",
            sqlite_where=_OPEN, postgresql_where=_OPEN,
        ),
        # Earlier fires at the same unit or address.
        Index(None, "unit_name"),
        Index(None, "address"),
        # What a month's report counts.
        Index(None, "division", "occurred_on"),
        Index(None, "parent", "occurred_on"),
        Index(None, "division", "opened_on"),
        Index(None, "parent", "opened_on"),
        Index(None, "division", "ended_on"),
        Index(None, "parent", "ended_on"),
        # No case of an old ledger comes in twice.
        Index(None, "late_key", unique=True),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(40))
    version: Mapped[int]
    head_hash: Mapped[str] = mapped_column(String(64))
    division: Mapped[str | None] = mapped_column(String(30))
    parent: Mapped[str | None] = mapped_column(String(30))
    occurred_on: Mapped[date]
    occurred_at: Mapped[datetime | None] = mapped_column(Instant)
    unit_name: Mapped[str] = mapped_column(String(200))
    address: Mapped[str] = mapped_column(String(300))
    ruleset_pin: Mapped[str] = mapped_column(ForeignKey("rulesets.pin"))
    level: Mapped[str] = mapped_column(String(60))
    level_is_floor: Mapped[bool]
    in_scope: Mapped[bool | None]
    mode: Mapped[str] = mapped_column(String(20))
    stage: Mapped[str | None] = mapped_column(String(60))
    government: Mapped[str | None] = mapped_column(String(60))
    investigating: Mapped[str | None] = mapped_column(String(60))
    handover_pending: Mapped[str | None] = mapped_column(String(60))
    carrier: Mapped[str | None] = mapped_column(String(100))
    next_clock: Mapped[str | None] = mapped_column(String(60))
    next_instance: Mapped[str | None] = mapped_column(String(200))
    next_weight: Mapped[str | None] = mapped_column(String(20))
    next_due_on: Mapped[date | None]
    next_due_at: Mapped[datetime | None] = mapped_column(Instant)
    next_yellow_on: Mapped[date | None]
    next_red_on: Mapped[date | None]
    next_runs_until: Mapped[date | None]
    ended_on: Mapped[date | None]
    merged_into: Mapped[str | None] = mapped_column(String(40))
    is_demo: Mapped[bool]
    opened_at: Mapped[datetime] = mapped_column(Instant)
    counted_on: Mapped[date]
    opened_on: Mapped[date | None]
    late_key: Mapped[str | None] = mapped_column(String(120))
    category: Mapped[str | None] = mapped_column(String(40))
    deaths: Mapped[int | None]
    serious_injuries: Mapped[int | None]
    light_injuries: Mapped[int | None]
    missing: Mapped[int | None]
    loss_fen: Mapped[int | None] = mapped_column(BigInteger)


class DeadlineRow(Base):
    """One instance of a clock of a case. It runs while ``ended_on`` is empty.

    ``plan_start_by``: the day by which ``plan_step``, the next step that leads to it, must begin.
    ``runs_since``: an appraisal is out since then, and with every day after ``runs_until`` the days
    of the row move on by one.
    """

    __tablename__ = "deadlines"
    __table_args__ = (
        Index(
            "ix_deadlines_running", "due_on", "case_id",
            sqlite_where=_RUNNING, postgresql_where=_RUNNING,
        ),
        Index(
            "ix_deadlines_running_division", "division", "due_on", "case_id",
            sqlite_where=_RUNNING, postgresql_where=_RUNNING,
        ),
        Index(
            "ix_deadlines_running_parent", "parent", "due_on", "case_id",
            sqlite_where=_RUNNING, postgresql_where=_RUNNING,
        ),
        # What was due in a month, and was kept or missed.
        Index(None, "division", "due_on"),
        Index(None, "parent", "due_on"),
    )  # fmt: skip

    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    clock: Mapped[str] = mapped_column(String(60), primary_key=True)
    instance: Mapped[str] = mapped_column(String(200), primary_key=True)
    division: Mapped[str | None] = mapped_column(String(30))
    parent: Mapped[str | None] = mapped_column(String(30))
    weight: Mapped[str] = mapped_column(String(20))
    due_on: Mapped[date]
    due_at: Mapped[datetime | None] = mapped_column(Instant)
    act_by: Mapped[date]
    opens_on: Mapped[date | None]
    yellow_on: Mapped[date]
    red_on: Mapped[date | None]
    provisional: Mapped[bool]
    earliest_on: Mapped[date | None]
    latest_on: Mapped[date | None]
    runs_since: Mapped[date | None]
    runs_until: Mapped[date | None]
    started_on: Mapped[date]
    started_by: Mapped[int | None]
    late_since: Mapped[date | None]
    awaits_receipt: Mapped[bool]
    government: Mapped[str | None] = mapped_column(String(60))
    about: Mapped[str | None] = mapped_column(Text)
    ended_on: Mapped[date | None]
    end: Mapped[str | None] = mapped_column(String(20))
    satisfied_by: Mapped[int | None]
    plan_start_by: Mapped[date | None]
    plan_step: Mapped[str | None] = mapped_column(String(60))
    calendar: Mapped[str] = mapped_column(String(16))


class NextStepRow(Base):
    """What somebody with this role is to do in a case, now or before a clock ends.

    ``tier``: of which tier's government; empty where any will do. ``clock`` and ``instance``: the
    deadline that the step meets, empty strings where it meets none. ``is_now``: nothing has to
    come before it.
    """

    __tablename__ = "next_steps"
    __table_args__ = (
        # What is to be done at a government: few among all.
        Index(None, "division", "role"),
        Index(None, "parent", "role"),
    )

    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    step: Mapped[str] = mapped_column(String(60), primary_key=True)
    role: Mapped[str] = mapped_column(String(60), primary_key=True)
    clock: Mapped[str] = mapped_column(String(60), primary_key=True)
    instance: Mapped[str] = mapped_column(String(200), primary_key=True)
    division: Mapped[str | None] = mapped_column(String(30))
    parent: Mapped[str | None] = mapped_column(String(30))
    tier: Mapped[str | None] = mapped_column(String(30))
    is_now: Mapped[bool]


class StepDayRow(Base):
    """On which days was a step of a case done: for the first time, the last, and in full?

    ``done_on`` is empty while something of the step's list is lacking.
    """

    __tablename__ = "step_days"

    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    step: Mapped[str] = mapped_column(String(60), primary_key=True)
    first_on: Mapped[date]
    last_on: Mapped[date]
    done_on: Mapped[date | None]


class RecusedRow(Base):
    """Somebody who was recused from a case: its lists leave it out for them."""

    __tablename__ = "recusals"
    __table_args__ = (Index(None, "person"),)

    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    person: Mapped[str] = mapped_column(String(200), primary_key=True)
    since: Mapped[date]


class ApartRow(Base):
    """Somebody who can't hold a role for a case, because the report is their own."""

    __tablename__ = "apart"
    __table_args__ = (Index(None, "person"),)

    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    role: Mapped[str] = mapped_column(String(60), primary_key=True)
    person: Mapped[str] = mapped_column(String(200), primary_key=True)


class CaseNumber(Base):
    """The last number that was given out for a city and a year."""

    __tablename__ = "case_numbers"

    prefix: Mapped[str] = mapped_column(String(20), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last: Mapped[int]


@dataclass(frozen=True, slots=True)
class Stored:
    """A case's row, as plain values."""

    values: Values

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    @property
    def id(self) -> int:
        """The case's id in this database."""
        return int(self.values["id"])

    @property
    def number(self) -> str:
        """The number under which people know the case."""
        return str(self.values["number"])


def allot_number(session: Session, prefix: str, year: int) -> str:
    """Return the next number for a city and a year, such as 5303-2025-0001; none is given twice."""
    values = {"prefix": prefix, "year": year, "last": 1}
    more = {"last": CaseNumber.last + 1}
    key = ["prefix", "year"]
    if session.get_bind().dialect.name == "sqlite":
        query = sqlite.insert(CaseNumber).values(**values)
        found = query.on_conflict_do_update(index_elements=key, set_=more).returning(
            CaseNumber.last
        )
    else:
        other = postgresql.insert(CaseNumber).values(**values)
        found = other.on_conflict_do_update(index_elements=key, set_=more).returning(
            CaseNumber.last
        )
    return f"{prefix}-{year}-{session.execute(found).scalar_one():04d}"


def add_case(session: Session, values: Values) -> int:
    """Add a case's row and return its id."""
    return int(session.execute(insert(CaseRow).values(**values).returning(CaseRow.id)).scalar_one())


def change_case(session: Session, case_id: int, version: int, changes: Values) -> None:
    """Change a case's row, which must still have this version.

    Raises:
        Conflict: when it has another one.

    """
    found = session.execute(
        update(CaseRow)
        .where(CaseRow.id == case_id, CaseRow.version == version)
        .values(**changes)
        .returning(CaseRow.id)
    )
    if found.scalar_one_or_none() is None:
        raise Conflict


def change_locked_cases(session: Session, changes: Mapping[int, Values]) -> None:
    """Change the rows of cases that are locked; those of which the same changes with one statement."""
    alike: dict[tuple[str, ...], list[Values]] = {}
    for case_id, values in changes.items():
        row = {f"new_{name}": each for name, each in values.items()}
        alike.setdefault(tuple(sorted(values)), []).append({**row, "of_id": case_id})
    table = CaseRow.__table__
    for names, rows in alike.items():
        if names:
            query = update(table).where(table.c.id == bindparam("of_id"))  # type: ignore[arg-type] # a mapped class has a table
            named: dict[Any, Any] = {table.c[name]: bindparam(f"new_{name}") for name in names}
            session.execute(query.values(named), rows)


def repair_case(session: Session, case_id: int, changes: Values) -> None:
    """Overwrite columns of a case's row with what its journal says."""
    session.execute(update(CaseRow).where(CaseRow.id == case_id).values(**changes))


_COLUMNS = tuple(CaseRow.__table__.columns)


def find_case(session: Session, case_id: int, *, lock: bool = False) -> Stored | None:
    """Return a case's row, or None, and whether it was disposed of; ``lock`` keeps others from changing it until the end."""
    gone = is_disposed(CaseRow.id).label("is_disposed")
    query = select(*_COLUMNS, gone).where(CaseRow.id == case_id)
    row = session.execute(query.with_for_update() if lock else query).one_or_none()
    return None if row is None else Stored(dict(row._mapping))


def find_number(session: Session, number: str) -> int | None:
    """Return the id of the case with this number, or None."""
    return session.scalar(select(CaseRow.id).where(CaseRow.number == number))


def cases_after(
    session: Session, after_id: int, size: int, *, case_id: int | None = None, lock: bool = False
) -> list[Stored]:
    """Return up to so many cases' rows after an id, in order of their ids."""
    query = select(*_COLUMNS).where(CaseRow.id > after_id)
    if case_id is not None:
        query = query.where(CaseRow.id == case_id)
    query = query.order_by(CaseRow.id).limit(size)
    rows = session.execute(query.with_for_update() if lock else query)
    return [Stored(dict(row._mapping)) for row in rows]


_DEADLINE_COLUMNS = tuple(DeadlineRow.__table__.columns)


def deadlines_of_cases(session: Session, case_ids: Sequence[int]) -> list[Values]:
    """Return the deadlines of these cases, as plain values."""
    rows = session.execute(
        select(*_DEADLINE_COLUMNS)
        .where(DeadlineRow.case_id.in_(case_ids))
        .order_by(DeadlineRow.case_id, DeadlineRow.clock, DeadlineRow.instance)
    )
    return [dict(row._mapping) for row in rows]


def save_deadlines(
    session: Session,
    *,
    added: Sequence[Values],
    changed: Sequence[Values],
    removed: Iterable[tuple[int, str, str]],
) -> None:
    """Add, change and remove deadlines; values hold every column, what goes is named by its key."""
    for case_id, clock, instance in removed:
        session.execute(delete(DeadlineRow).where(_is(case_id, clock, instance)))
    if changed:
        # One statement of the table itself for all rows: a notice changes thousands at once.
        session.execute(_CHANGE, [{f"new_{name}": row[name] for name in row} for row in changed])
    if added:
        session.execute(insert(DeadlineRow), list(added))


_KEY = ("case_id", "clock", "instance")
_CHANGE = (
    update(DeadlineRow.__table__)  # type: ignore[arg-type] # a mapped class has a table
    .where(*(DeadlineRow.__table__.c[name] == bindparam(f"new_{name}") for name in _KEY))
    .values({each.name: bindparam(f"new_{each.name}") for each in _DEADLINE_COLUMNS})
)


def _is(case_id: int, clock: str, instance: str) -> Any:
    return and_(
        DeadlineRow.case_id == case_id,
        DeadlineRow.clock == clock,
        DeadlineRow.instance == instance,
    )


def recusals_of_cases(session: Session, case_ids: Sequence[int]) -> dict[int, dict[str, date]]:
    """Return who was recused from each of these cases, and since when."""
    found: dict[int, dict[str, date]] = {case_id: {} for case_id in case_ids}
    for row in session.execute(
        select(RecusedRow.case_id, RecusedRow.person, RecusedRow.since).where(
            RecusedRow.case_id.in_(case_ids)
        )
    ):
        found[row.case_id][row.person] = row.since
    return found


def apart_of_cases(
    session: Session, case_ids: Sequence[int]
) -> dict[int, frozenset[tuple[str, str]]]:
    """Return who is kept apart from each of these cases, each with the role."""
    found: dict[int, set[tuple[str, str]]] = {case_id: set() for case_id in case_ids}
    query = select(ApartRow.case_id, ApartRow.role, ApartRow.person)
    for row in session.execute(query.where(ApartRow.case_id.in_(case_ids))):
        found[row.case_id].add((row.role, row.person))
    return {case_id: frozenset(each) for case_id, each in found.items()}


def save_apart(session: Session, case_id: int, apart: Iterable[tuple[str, str]]) -> None:
    """Let just these people be kept apart from a case, each from a role."""
    session.execute(delete(ApartRow).where(ApartRow.case_id == case_id))
    rows = [{"case_id": case_id, "role": role, "person": person} for role, person in apart]
    if rows:
        session.execute(insert(ApartRow), rows)


def save_recusals(session: Session, case_id: int, recused: dict[str, date]) -> None:
    """Let just these people be recused from a case."""
    session.execute(delete(RecusedRow).where(RecusedRow.case_id == case_id))
    if recused:
        session.execute(
            insert(RecusedRow),
            [
                {"case_id": case_id, "person": person, "since": since}
                for person, since in recused.items()
            ],
        )


_NEXT_COLUMNS = tuple(NextStepRow.__table__.columns)


def next_steps_of_cases(session: Session, case_ids: Sequence[int]) -> dict[int, list[Values]]:
    """Return what is to be done in each of these cases, as plain values, in a settled order."""
    found: dict[int, list[Values]] = {case_id: [] for case_id in case_ids}
    for row in session.execute(select(*_NEXT_COLUMNS).where(NextStepRow.case_id.in_(case_ids))):
        found[row.case_id].append(dict(row._mapping))
    # Databases sort letters in orders of their own.
    for rows in found.values():
        rows.sort(key=lambda each: (each["step"], each["role"], each["clock"], each["instance"]))
    return found


def save_next_steps(session: Session, steps: Mapping[int, Sequence[Values]]) -> None:
    """Let just these steps be the next ones of their cases."""
    if steps:
        session.execute(delete(NextStepRow).where(NextStepRow.case_id.in_(list(steps))))
    rows = [row for each in steps.values() for row in each]
    if rows:
        session.execute(insert(NextStepRow), rows)


def step_days_of_cases(session: Session, case_ids: Sequence[int]) -> dict[int, dict[str, Values]]:
    """Return on which days the steps of each of these cases were done, by step."""
    found: dict[int, dict[str, Values]] = {case_id: {} for case_id in case_ids}
    query = select(*StepDayRow.__table__.columns)
    for row in session.execute(query.where(StepDayRow.case_id.in_(case_ids))):
        found[row.case_id][row.step] = dict(row._mapping)
    return found


def save_step_days(session: Session, days: Mapping[int, Mapping[str, Values]]) -> None:
    """Let the steps of these cases have been done on just these days."""
    if days:
        session.execute(delete(StepDayRow).where(StepDayRow.case_id.in_(list(days))))
    rows = [row for each in days.values() for row in each.values()]
    if rows:
        session.execute(insert(StepDayRow), rows)


def put_step_days(
    session: Session, case_id: int, before: Mapping[str, Values], after: Mapping[str, Values]
) -> None:
    """Change on which days the steps of a case were done, from what was stored to what holds now."""
    gone = sorted(before.keys() - after.keys())
    if gone:
        where = (StepDayRow.case_id == case_id, StepDayRow.step.in_(gone))
        session.execute(delete(StepDayRow).where(*where))
    rows = [row for step, row in after.items() if before.get(step) != row]
    if rows:
        is_sqlite = session.get_bind().dialect.name == "sqlite"
        adding: Any = (sqlite if is_sqlite else postgresql).insert(StepDayRow)
        more = {name: adding.excluded[name] for name in ("first_on", "last_on", "done_on")}
        key = ["case_id", "step"]
        session.execute(adding.on_conflict_do_update(index_elements=key, set_=more), rows)


def open_cases_after(
    session: Session, after_id: int, size: int, *, lock: bool = False
) -> list[Stored]:
    """Return up to so many cases' rows after an id that haven't ended, or in which a clock runs.

    ``lock`` keeps others from changing them until the end.
    """
    query = (
        select(*_COLUMNS)
        .where(CaseRow.id > after_id, or_(CaseRow.ended_on.is_(None), _is_running()))
        .order_by(CaseRow.id)
        .limit(size)
    )
    rows = session.execute(query.with_for_update() if lock else query)
    return [Stored(dict(row._mapping)) for row in rows]


def _is_running() -> Any:
    """Has the case a clock that still runs?"""
    running = (DeadlineRow.case_id == CaseRow.id, DeadlineRow.ended_on.is_(None))
    return select(DeadlineRow.case_id).where(*running).exists()
