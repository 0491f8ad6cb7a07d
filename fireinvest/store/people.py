"""People, agencies, and who holds which post from when to when."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    delete,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.orm import InstrumentedAttribute, Mapped, Session, mapped_column

from fireinvest.store.base import Base, Instant
from fireinvest.store.cases import CaseRow
from fireinvest.workflow.permissions import Grant

#: The post of whoever carries a case.
CARRIER = "carrier"


class Person(Base):
    """Somebody who can sign in. The login is the name under which the journal knows them."""

    __tablename__ = "people"
    __table_args__ = (UniqueConstraint("login"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(String(100))
    name: Mapped[str] = mapped_column(String(200))
    password_hash: Mapped[str | None] = mapped_column(Text)
    is_active: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(Instant)


class Agency(Base):
    """An agency of one tier's government in one division; ``body`` is an id of the profile."""

    __tablename__ = "agencies"
    __table_args__ = (
        Index(None, "division"),
        CheckConstraint("valid_until >= valid_from", name="ends_after_it_begins"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    label_zh: Mapped[str] = mapped_column(String(200))
    label_en: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(String(100))
    division: Mapped[str] = mapped_column(String(30))
    tier: Mapped[str] = mapped_column(String(30))
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]


class GrantRow(Base):
    """A post that somebody holds from a day to a day, its last day included.

    ``entry``: the journal's entry that gave it. Such a row is a projection of the case's members:
    it comes and goes with them.
    """

    __tablename__ = "grants"
    __table_args__ = (
        Index(None, "person_id"),
        Index(None, "case_id", "role"),
        CheckConstraint("valid_until >= valid_from", name="ends_after_it_begins"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    role: Mapped[str] = mapped_column(String(60))
    case_id: Mapped[int | None] = mapped_column(ForeignKey("cases.id"))
    agency_id: Mapped[int | None] = mapped_column(ForeignKey("agencies.id"))
    division: Mapped[str | None] = mapped_column(String(30))
    tier: Mapped[str | None] = mapped_column(String(30))
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
    granted_by: Mapped[str] = mapped_column(String(100))
    reason: Mapped[str | None] = mapped_column(Text)
    entry: Mapped[int | None]


class Deputy(Base):
    """Somebody acts for another one from a day to a day, its last day included."""

    __tablename__ = "deputies"
    __table_args__ = (
        Index(None, "person_id"),
        CheckConstraint("valid_until >= valid_from", name="ends_after_it_begins"),
        CheckConstraint("person_id <> acts_for_id", name="nobody_is_their_own"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    acts_for_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    valid_from: Mapped[date]
    valid_until: Mapped[date]
    granted_by: Mapped[str] = mapped_column(String(100))
    reason: Mapped[str | None] = mapped_column(Text)


@dataclass(frozen=True, slots=True)
class StoredPerson:
    """Who is it, and can they sign in?"""

    id: int
    login: str
    name: str
    password_hash: str | None
    is_active: bool


def _holds(table: type[GrantRow] | type[Deputy], on: date) -> ColumnElement[bool]:
    until: InstrumentedAttribute[date] | InstrumentedAttribute[date | None] = table.valid_until
    return (table.valid_from <= on) & or_(until.is_(None), until >= on)


def _stored(row: Person | None) -> StoredPerson | None:
    if row is None:
        return None
    return StoredPerson(row.id, row.login, row.name, row.password_hash, row.is_active)


def find_person(session: Session, person_id: int) -> StoredPerson | None:
    """Return the person with this id, or None."""
    return _stored(session.get(Person, person_id))


def find_login(session: Session, login: str) -> StoredPerson | None:
    """Return the person with this login, or None."""
    return _stored(session.scalars(select(Person).where(Person.login == login)).one_or_none())


def add_person(
    session: Session, *, login: str, name: str, password_hash: str | None, created_at: datetime
) -> int:
    """Add a person and return their id. A login that is taken: Conflict when the unit ends."""
    row = Person(
        login=login, name=name, password_hash=password_hash, is_active=True, created_at=created_at
    )
    session.add(row)
    session.flush()
    return row.id


def change_person(
    session: Session,
    person_id: int,
    *,
    password_hash: str | None = None,
    is_active: bool | None = None,
) -> None:
    """Set a person's password hash, or whether they can sign in; None leaves it as it is."""
    changes = {
        name: value
        for name, value in (("password_hash", password_hash), ("is_active", is_active))
        if value is not None
    }
    if changes:
        session.execute(update(Person).where(Person.id == person_id).values(**changes))


def add_agency(
    session: Session,
    *,
    label_zh: str,
    label_en: str,
    body: str,
    division: str,
    tier: str,
    valid_from: date,
    valid_until: date | None,
) -> int:
    """Add an agency and return its id."""
    row = Agency(
        label_zh=label_zh,
        label_en=label_en,
        body=body,
        division=division,
        tier=tier,
        valid_from=valid_from,
        valid_until=valid_until,
    )
    session.add(row)
    session.flush()
    return row.id


def find_agency(session: Session, agency_id: int) -> Agency | None:
    """Return the agency with this id, or None."""
    return session.get(Agency, agency_id)


def add_grant(
    session: Session,
    *,
    person_id: int,
    role: str,
    case_id: int | None,
    agency_id: int | None,
    division: str | None,
    tier: str | None,
    valid_from: date,
    valid_until: date | None,
    granted_by: str,
    reason: str | None,
) -> int:
    """Give somebody a post and return the grant's id."""
    row = GrantRow(
        person_id=person_id,
        role=role,
        case_id=case_id,
        agency_id=agency_id,
        division=division,
        tier=tier,
        valid_from=valid_from,
        valid_until=valid_until,
        granted_by=granted_by,
        reason=reason,
    )
    session.add(row)
    session.flush()
    return row.id


def end_grant(session: Session, grant_id: int, last_on: date) -> None:
    """Let a grant end with this day; one that had ended before stays as it was."""
    still = or_(GrantRow.valid_until.is_(None), GrantRow.valid_until > last_on)
    session.execute(
        update(GrantRow).where(GrantRow.id == grant_id, still).values(valid_until=last_on)
    )


def add_deputy(
    session: Session,
    *,
    person_id: int,
    acts_for_id: int,
    valid_from: date,
    valid_until: date,
    granted_by: str,
    reason: str | None,
) -> int:
    """Let somebody act for another one and return the row's id."""
    row = Deputy(
        person_id=person_id,
        acts_for_id=acts_for_id,
        valid_from=valid_from,
        valid_until=valid_until,
        granted_by=granted_by,
        reason=reason,
    )
    session.add(row)
    session.flush()
    return row.id


def principals(session: Session, person_id: int, on: date) -> tuple[StoredPerson, ...]:
    """Return those whom a person may act for on a day, by login."""
    rows = session.scalars(
        select(Person)
        .join(Deputy, Deputy.acts_for_id == Person.id)
        .where(Deputy.person_id == person_id, _holds(Deputy, on))
        .order_by(Person.login)
        .distinct()
    )
    return tuple(found for row in rows if (found := _stored(row)) is not None)


def may_act_for(session: Session, login: str, for_login: str, on: date) -> bool:
    """May the first act for the second on this day?"""
    mine = select(Person.id).where(Person.login == login, Person.is_active).scalar_subquery()
    theirs = select(Person.id).where(Person.login == for_login).scalar_subquery()
    found = select(Deputy.id).where(
        Deputy.person_id == mine, Deputy.acts_for_id == theirs, _holds(Deputy, on)
    )
    return session.scalars(found.limit(1)).first() is not None


def grants_of(session: Session, person_id: int, on: date) -> tuple[Grant, ...]:
    """Return the posts that a person holds on a day; a case goes by its number in them."""
    rows = session.execute(
        select(GrantRow.role, CaseRow.number, GrantRow.division, GrantRow.tier)
        .outerjoin(CaseRow, CaseRow.id == GrantRow.case_id)
        .where(GrantRow.person_id == person_id, _holds(GrantRow, on))
        .order_by(GrantRow.id)
    )
    return tuple(Grant(row.role, row.number, row.division, row.tier) for row in rows)


@dataclass(frozen=True, slots=True)
class MemberGrant:
    """A post on a case that its journal gave to somebody with an account."""

    login: str
    role: str
    valid_from: date
    entry: int


def member_grants_of_cases(
    session: Session, case_ids: Sequence[int]
) -> dict[int, frozenset[MemberGrant]]:
    """Return the posts that the journals of these cases gave, as they are stored."""
    found: dict[int, set[MemberGrant]] = {case_id: set() for case_id in case_ids}
    rows = session.execute(
        select(GrantRow.case_id, Person.login, GrantRow.role, GrantRow.valid_from, GrantRow.entry)
        .join(Person, Person.id == GrantRow.person_id)
        .where(GrantRow.case_id.in_(case_ids), GrantRow.entry.is_not(None))
    )
    for case_id, login, role, valid_from, entry in rows:
        assert case_id is not None  # noqa: S101 - the query asked for a case
        assert entry is not None  # noqa: S101 - and for an entry
        found[case_id].add(MemberGrant(login, role, valid_from, entry))
    return {case_id: frozenset(each) for case_id, each in found.items()}


def save_member_grants(
    session: Session, case_id: int, grants: Iterable[MemberGrant], granted_by: str
) -> None:
    """Let just these posts be those that the journal of a case gave; unknown logins have none."""
    wanted = list(grants)
    session.execute(
        delete(GrantRow).where(GrantRow.case_id == case_id, GrantRow.entry.is_not(None))
    )
    ids = ids_of_logins(session, {each.login for each in wanted})
    rows = [
        {
            "person_id": ids[each.login],
            "role": each.role,
            "case_id": case_id,
            "valid_from": each.valid_from,
            "granted_by": granted_by,
            "entry": each.entry,
        }
        for each in wanted
        if each.login in ids
    ]
    if rows:
        session.execute(insert(GrantRow), rows)


def ids_of_logins(session: Session, logins: Collection[str]) -> dict[str, int]:
    """Return the ids of those who have these logins."""
    if not logins:
        return {}
    rows = session.execute(select(Person.login, Person.id).where(Person.login.in_(sorted(logins))))
    return {row.login: row.id for row in rows}


def names_of_logins(session: Session, logins: Collection[str]) -> dict[str, str]:
    """Return the names of those who have these logins; whoever has no account is left out."""
    if not logins:
        return {}
    rows = session.execute(
        select(Person.login, Person.name).where(Person.login.in_(sorted(logins)))
    )
    return {row.login: row.name for row in rows}


def carriers_of(session: Session, case_ids: Sequence[int]) -> dict[int, str]:
    """Return the login of each case's carrier: who was given the post last."""
    rows = session.execute(
        select(GrantRow.case_id, Person.login)
        .join(Person, Person.id == GrantRow.person_id)
        .where(GrantRow.case_id.in_(case_ids), GrantRow.role == CARRIER)
        .order_by(GrantRow.id)
    )
    return {row.case_id: row.login for row in rows}


#: More than a list of suggestions should hold; others are found by their login.
_MOST_SUGGESTED = 300


def suggested_people(session: Session) -> list[StoredPerson]:
    """Return those who can sign in, by name, as suggestions for a field; the first few hundred."""
    rows = session.scalars(
        select(Person)
        .where(Person.is_active)
        .order_by(Person.name, Person.id)
        .limit(_MOST_SUGGESTED)
    )
    return [found for row in rows if (found := _stored(row)) is not None]


def logins_called(session: Session, written: str) -> list[str]:
    """Return the logins of those who can sign in and have this login, else of those of this name."""
    found = session.execute(
        select(Person.login, Person.name)
        .where(Person.is_active, or_(Person.login == written, Person.name == written))
        .order_by(Person.login)
        .limit(3)
    ).all()
    exact = [row.login for row in found if row.login == written]
    return exact or [row.login for row in found]
