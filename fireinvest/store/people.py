"""People, agencies, and who holds which post from when to when."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import (
    BindParameter,
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    Select,
    String,
    Text,
    UniqueConstraint,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.orm import InstrumentedAttribute, Mapped, Session, aliased, mapped_column

from fireinvest.messages import Label
from fireinvest.store.access import AccessRow
from fireinvest.store.base import Base, Instant
from fireinvest.store.cases import CaseRow
from fireinvest.workflow.permissions import Grant


class Person(Base):
    """Somebody who can sign in. The login is the name under which the journal knows them.

    ``subject``: the name under which an outside provider of sign-ins knows them.
    """

    __tablename__ = "people"
    __table_args__ = (UniqueConstraint("login"), Index(None, "subject", unique=True))

    id: Mapped[int] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(String(100))
    name: Mapped[str] = mapped_column(String(200))
    password_hash: Mapped[str | None] = mapped_column(Text)
    is_active: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(Instant)
    password_set_at: Mapped[datetime | None] = mapped_column(Instant)
    subject: Mapped[str | None] = mapped_column(String(255))


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
    succeeded_by: Mapped[int | None]


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
    password_set_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal(StoredPerson):
    """Somebody for whom another one acts, from a day to a day."""

    valid_from: date
    valid_until: date


def _holds(
    table: type[GrantRow] | type[Deputy], on: date | BindParameter[date]
) -> ColumnElement[bool]:
    until: InstrumentedAttribute[date] | InstrumentedAttribute[date | None] = table.valid_until
    return (table.valid_from <= on) & or_(until.is_(None), until >= on)


def _stored(row: Person | None) -> StoredPerson | None:
    if row is None:
        return None
    return stored_person(row)


def stored_person(row: Person) -> StoredPerson:
    """Return who it is, as the rest of the application knows them."""
    return StoredPerson(
        row.id, row.login, row.name, row.password_hash, row.is_active, row.password_set_at
    )


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
        login=login,
        name=name,
        password_hash=password_hash,
        is_active=True,
        created_at=created_at,
        password_set_at=None if password_hash is None else created_at,
    )
    session.add(row)
    session.flush()
    return row.id


def change_person(
    session: Session,
    person_id: int,
    *,
    password_hash: str | None = None,
    password_set_at: datetime | None = None,
) -> None:
    """Set a person's password hash, and when it was set; None changes nothing."""
    given = {"password_hash": password_hash, "password_set_at": password_set_at}
    changes = {name: value for name, value in given.items() if value is not None}
    if changes:
        session.execute(update(Person).where(Person.id == person_id).values(**changes))


def set_active(session: Session, person_id: int, is_active: bool) -> bool:
    """Let a person sign in, or no longer; was that a change, whoever else makes it at once?"""
    changed = session.execute(
        update(Person)
        .where(Person.id == person_id, Person.is_active.is_not(is_active))
        .values(is_active=is_active)
        .returning(Person.id)
    )
    return changed.one_or_none() is not None


def find_subject(session: Session, subject: str) -> StoredPerson | None:
    """Return the person whom the provider of sign-ins knows under this name, or None."""
    return _stored(session.scalars(select(Person).where(Person.subject == subject)).one_or_none())


def subject_of(session: Session, person_id: int) -> str | None:
    """Return the name under which the provider of sign-ins knows a person, None where there is none."""
    return session.scalars(select(Person.subject).where(Person.id == person_id)).one_or_none()


def set_subject(session: Session, person_id: int, old: str | None, new: str | None) -> bool:
    """Let the provider of sign-ins know a person under another name; had they the old one still?

    A name that another person has: Conflict when the unit ends.
    """
    changed = session.execute(
        update(Person)
        .where(Person.id == person_id, Person.subject.is_not_distinct_from(old))
        .values(subject=new)
        .returning(Person.id)
    )
    return changed.one_or_none() is not None


def lock_person(session: Session, person_id: int) -> None:
    """Let others who want to change what a person holds wait until this unit of work is over."""
    session.execute(select(Person.id).where(Person.id == person_id).with_for_update())


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


# Asked at each request, and so put together once.
_PRINCIPALS = (
    select(Person, Deputy.valid_from, Deputy.valid_until)
    .join(Deputy, Deputy.acts_for_id == Person.id)
    .where(Deputy.person_id == bindparam("person_id"), _holds(Deputy, bindparam("on")))
    .order_by(Person.login, Deputy.valid_until)
)
_GRANTS = (
    select(GrantRow.role, CaseRow.number, GrantRow.division, GrantRow.tier)
    .outerjoin(CaseRow, CaseRow.id == GrantRow.case_id)
    .where(GrantRow.person_id == bindparam("person_id"), _holds(GrantRow, bindparam("on")))
    .order_by(GrantRow.id)
)


def principals(session: Session, person_id: int, on: date) -> tuple[Principal, ...]:
    """Return those whom a person may act for on a day, by login, and from when to when."""
    rows = session.execute(_PRINCIPALS, {"person_id": person_id, "on": on})
    found = {
        person.id: Principal(
            person.id,
            person.login,
            person.name,
            person.password_hash,
            person.is_active,
            person.password_set_at,
            valid_from=valid_from,
            valid_until=valid_until,
        )
        for person, valid_from, valid_until in rows
    }
    return tuple(found.values())


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
    rows = session.execute(_GRANTS, {"person_id": person_id, "on": on})
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


@dataclass(frozen=True, slots=True)
class Held:
    """A post of somebody: on the case that was asked for, or at a government.

    ``is_active``: they can sign in.
    """

    person_id: int
    login: str
    role: str
    is_on_case: bool
    division: str | None
    tier: str | None
    is_active: bool


def holders_for_case(
    session: Session,
    case_id: int,
    divisions: Collection[str],
    roles: Collection[str],
    on: date,
) -> list[Held]:
    """Return the posts of these roles that are held on a day, on a case or in its divisions.

    Also those of people who may no longer sign in: their deputies go on.
    """
    rows = session.execute(
        select(
            Person.id, Person.login, GrantRow.role, GrantRow.case_id, GrantRow.division,
            GrantRow.tier, Person.is_active,
        )
        .join(Person, Person.id == GrantRow.person_id)
        .where(
            GrantRow.role.in_(sorted(roles)),
            or_(
                GrantRow.case_id == case_id,
                GrantRow.case_id.is_(None) & GrantRow.division.in_(sorted(divisions)),
            ),
            _holds(GrantRow, on),
        )
        .order_by(Person.id, GrantRow.id)
    )  # fmt: skip
    return [
        Held(
            row.id, row.login, row.role, row.case_id is not None, row.division, row.tier,
            row.is_active,
        )
        for row in rows
    ]  # fmt: skip


def deputies_on(
    session: Session, person_ids: Collection[int], on: date
) -> list[tuple[int, str, int]]:
    """Return who acts for these people on a day: the deputy's id and login, and for whom."""
    rows = session.execute(
        select(Person.id, Person.login, Deputy.acts_for_id)
        .join(Deputy, Deputy.person_id == Person.id)
        .where(Deputy.acts_for_id.in_(person_ids), _holds(Deputy, on), Person.is_active)
        .order_by(Deputy.id)
    )
    return [(row.id, row.login, row.acts_for_id) for row in rows]


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


def names_of_ids(session: Session, ids: Collection[int]) -> dict[int, str]:
    """Return the names of the people with these ids."""
    if not ids:
        return {}
    rows = session.execute(select(Person.id, Person.name).where(Person.id.in_(sorted(ids))))
    return {row.id: row.name for row in rows}


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


# ---------------------------------------------------------------------------- keeping accounts


@dataclass(frozen=True, slots=True)
class PeoplePage:
    """Some people by login, and the login after which the next page begins, None at the end."""

    people: tuple[StoredPerson, ...]
    next_key: str | None


def list_people(
    session: Session, *, text: str, is_active: bool | None, after: str | None, size: int
) -> PeoplePage:
    """Return a page of people by login, with the text in their login or name if one is given."""
    query = select(Person).order_by(Person.login).limit(size + 1)
    if text:
        columns = (Person.login, Person.name)
        query = query.where(or_(*(each.icontains(text, autoescape=True) for each in columns)))
    if is_active is not None:
        query = query.where(Person.is_active.is_(is_active))
    if after is not None:
        query = query.where(Person.login > after)
    rows = [found for row in session.scalars(query) if (found := _stored(row)) is not None]
    people = tuple(rows[:size])
    return PeoplePage(people, people[-1].login if len(rows) > size else None)


@dataclass(frozen=True, slots=True)
class PostLine:
    """A post as it is kept; ``case``: the number of the case on which it is held."""

    id: int
    person_id: int
    role: str
    case: str | None
    agency_id: int | None
    agency: Label | None
    division: str | None
    tier: str | None
    valid_from: date
    valid_until: date | None
    granted_by: str
    reason: str | None

    def holds_on(self, on: date) -> bool:
        """Is the post held on the day?"""
        return self.valid_from <= on <= (self.valid_until or on)


#: More posts than anybody ever held at places.
_MOST_POSTS = 500


def post_lines() -> Select[GrantRow, str | None, Agency | None]:
    """Return the query for posts, each with its case's number and its agency."""
    return (
        select(GrantRow, CaseRow.number, Agency)
        .outerjoin(CaseRow, CaseRow.id == GrantRow.case_id)
        .outerjoin(Agency, Agency.id == GrantRow.agency_id)
    )


def post_line(row: GrantRow, case: str | None, agency: Agency | None) -> PostLine:
    """Return a row of that query as a post."""
    return PostLine(
        id=row.id,
        person_id=row.person_id,
        role=row.role,
        case=case,
        agency_id=row.agency_id,
        agency=None if agency is None else Label(agency.label_zh, agency.label_en),
        division=row.division,
        tier=row.tier,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        granted_by=row.granted_by,
        reason=row.reason,
    )


def posts_at_places(session: Session, person_id: int) -> list[PostLine]:
    """Return the posts that somebody held, holds and will hold at places, the latest first."""
    query = (
        post_lines()
        .where(GrantRow.person_id == person_id, GrantRow.case_id.is_(None))
        .order_by(GrantRow.valid_from.desc(), GrantRow.id.desc())
        .limit(_MOST_POSTS)
    )
    return [post_line(*row) for row in session.execute(query)]


def posts_on(session: Session, person_id: int, on: date) -> list[PostLine]:
    """Return the posts that somebody holds on a day, at places and on cases."""
    query = (
        post_lines()
        .where(GrantRow.person_id == person_id, _holds(GrantRow, on))
        .order_by(GrantRow.case_id.is_not(None), GrantRow.id)
        .limit(_MOST_POSTS)
    )
    return [post_line(*row) for row in session.execute(query)]


def posts_of_people(
    session: Session, person_ids: Collection[int], on: date
) -> dict[int, list[PostLine]]:
    """Return the posts at places that each of these people holds on a day."""
    found: dict[int, list[PostLine]] = {each: [] for each in person_ids}
    query = (
        post_lines()
        .where(GrantRow.person_id.in_(found), GrantRow.case_id.is_(None), _holds(GrantRow, on))
        .order_by(GrantRow.id)
    )
    for row, case, agency in session.execute(query):
        found[row.person_id].append(post_line(row, case, agency))
    return found


def count_posts_on_cases(session: Session, person_id: int, on: date) -> int:
    """Return on how many cases somebody holds a post on a day."""
    query = select(func.count(GrantRow.case_id.distinct())).where(
        GrantRow.person_id == person_id, GrantRow.case_id.is_not(None), _holds(GrantRow, on)
    )
    return session.execute(query).scalar_one()


def find_post(session: Session, grant_id: int) -> PostLine | None:
    """Return a post, or None."""
    row = session.execute(post_lines().where(GrantRow.id == grant_id)).one_or_none()
    return None if row is None else post_line(*row)


def same_post(
    session: Session,
    *,
    person_id: int,
    role: str,
    agency_id: int | None,
    division: str | None,
    tier: str | None,
    valid_from: date,
    valid_until: date | None,
) -> PostLine | None:
    """Return a post at the same place that somebody holds on any day of a time, or None."""
    query = post_lines().where(
        GrantRow.person_id == person_id,
        GrantRow.role == role,
        GrantRow.case_id.is_(None),
        GrantRow.agency_id.is_(None) if agency_id is None else GrantRow.agency_id == agency_id,
        GrantRow.division.is_(None) if division is None else GrantRow.division == division,
        GrantRow.tier.is_(None) if tier is None else GrantRow.tier == tier,
        or_(GrantRow.valid_until.is_(None), GrantRow.valid_until >= valid_from),
    )
    if valid_until is not None:
        query = query.where(GrantRow.valid_from <= valid_until)
    row = session.execute(query.order_by(GrantRow.id).limit(1)).one_or_none()
    return None if row is None else post_line(*row)


@dataclass(frozen=True, slots=True)
class DeputyLine:
    """Somebody acts for another one between two days."""

    id: int
    person: StoredPerson
    acts_for: StoredPerson
    valid_from: date
    valid_until: date
    granted_by: str
    reason: str | None


def deputies_of(session: Session, person_id: int) -> list[DeputyLine]:
    """Return when somebody acted for others or others acted for them, the latest first."""
    mine = or_(Deputy.person_id == person_id, Deputy.acts_for_id == person_id)
    query = (
        _deputy_lines().where(mine).order_by(Deputy.valid_from.desc(), Deputy.id.desc()).limit(200)
    )
    return [_deputy_line(*row) for row in session.execute(query)]


def find_deputy(session: Session, deputy_id: int) -> DeputyLine | None:
    """Return a time in which somebody acts for another one, or None."""
    row = session.execute(_deputy_lines().where(Deputy.id == deputy_id)).one_or_none()
    return None if row is None else _deputy_line(*row)


def same_deputy(
    session: Session, person_id: int, acts_for_id: int, valid_from: date, valid_until: date
) -> DeputyLine | None:
    """Return when somebody acts for the same person on any day of a time, or None."""
    query = _deputy_lines().where(
        Deputy.person_id == person_id,
        Deputy.acts_for_id == acts_for_id,
        Deputy.valid_from <= valid_until,
        Deputy.valid_until >= valid_from,
    )
    row = session.execute(query.order_by(Deputy.id).limit(1)).one_or_none()
    return None if row is None else _deputy_line(*row)


def end_deputy(session: Session, deputy_id: int, last_on: date) -> None:
    """Let somebody act for another one until this day; what had ended before stays as it was."""
    session.execute(
        update(Deputy)
        .where(Deputy.id == deputy_id, Deputy.valid_until > last_on)
        .values(valid_until=last_on)
    )


_Other = aliased(Person)


def _deputy_lines() -> Select[Deputy, Person, Person]:
    return (
        select(Deputy, Person, _Other)
        .join(Person, Person.id == Deputy.person_id)
        .join(_Other, _Other.id == Deputy.acts_for_id)
    )


def _deputy_line(row: Deputy, person: Person, other: Person) -> DeputyLine:
    def whole(each: Person) -> StoredPerson:
        return stored_person(each)

    return DeputyLine(
        id=row.id,
        person=whole(person),
        acts_for=whole(other),
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        granted_by=row.granted_by,
        reason=row.reason,
    )


@dataclass(frozen=True, slots=True)
class Agencies:
    """Some agencies in the order in which they were added; ``next_key`` is None at the end."""

    agencies: tuple[Agency, ...]
    next_key: int | None


def list_agencies(session: Session, *, after: int | None, size: int) -> Agencies:
    """Return a page of all agencies, those that are no more included."""
    query = select(Agency).order_by(Agency.id).limit(size + 1)
    if after is not None:
        query = query.where(Agency.id > after)
    rows = list(session.scalars(query))
    return Agencies(tuple(rows[:size]), rows[size - 1].id if len(rows) > size else None)


#: More agencies than the counties of a city have together.
_MOST_AGENCIES = 1000


def agencies_from(session: Session, on: date) -> list[Agency]:
    """Return the agencies that there are on a day or later, by division."""
    query = (
        select(Agency)
        .where(or_(Agency.valid_until.is_(None), Agency.valid_until >= on))
        .order_by(Agency.division, Agency.id)
        .limit(_MOST_AGENCIES)
    )
    return list(session.scalars(query))


def same_agency(
    session: Session, *, label_zh: str, division: str, valid_from: date, valid_until: date | None
) -> Agency | None:
    """Return an agency of this name in the division on any day of a time, or None."""
    query = select(Agency).where(
        Agency.label_zh == label_zh,
        Agency.division == division,
        or_(Agency.valid_until.is_(None), Agency.valid_until >= valid_from),
    )
    if valid_until is not None:
        query = query.where(Agency.valid_from <= valid_until)
    return session.scalars(query.order_by(Agency.id).limit(1)).first()


def created_at(session: Session, person_id: int) -> datetime:
    """Return when somebody's account was added."""
    return session.execute(select(Person.created_at).where(Person.id == person_id)).scalar_one()


def replace_password_hash(session: Session, person_id: int, old: str, new: str) -> bool:
    """Set a person's password hash unless it was changed meanwhile; return whether it was set."""
    done = session.execute(
        update(Person)
        .where(Person.id == person_id, Person.password_hash == old)
        .values(password_hash=new)
        .returning(Person.id)
    )
    return done.first() is not None


@dataclass(frozen=True, slots=True)
class Term:
    """The time in which somebody who can sign in holds an office."""

    grant_id: int
    person_id: int
    valid_from: date
    valid_until: date | None


def lock_terms(session: Session, role: str) -> list[Term]:
    """Return the terms of all who hold an office and can sign in, and keep others from ending any.

    Whoever wants to end one as well waits here until this unit of work is over, and then sees what
    it left.
    """
    holders = (
        select(GrantRow.id, Person.id)
        .join(Person, Person.id == GrantRow.person_id)
        .where(GrantRow.role == role)
        .order_by(GrantRow.id)
    )
    session.execute(holders.with_for_update()).all()
    # A second statement reads what those before have committed.
    rows = session.execute(
        select(GrantRow.id, GrantRow.person_id, GrantRow.valid_from, GrantRow.valid_until)
        .join(Person, Person.id == GrantRow.person_id)
        .where(GrantRow.role == role, Person.is_active, Person.password_hash.is_not(None))
    )
    return [Term(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """A change of somebody's account, as the access log has it.

    ``item``: which post or deputy it concerns, such as "post:5". ``old``, ``new``: the values
    that were found and left.
    """

    happened_at: datetime
    by: str | None
    by_name: str | None
    what: str
    item: str
    reason: str | None
    old: Mapping[str, object]
    new: Mapping[str, object]


def changes_of(session: Session, login: str, whats: Collection[str], size: int) -> list[ChangeLine]:
    """Return the latest changes of somebody's account, which the access log names."""
    query = (
        select(AccessRow, Person.name)
        .outerjoin(Person, Person.login == AccessRow.person)
        .where(AccessRow.about == login, AccessRow.what.in_(sorted(whats)))
        .order_by(AccessRow.id.desc())
        .limit(size)
    )
    return [
        ChangeLine(
            row.happened_at,
            row.person,
            name,
            row.what,
            row.item or "",
            row.reason,
            json.loads(row.old_values or "{}"),
            json.loads(row.new_values or "{}"),
        )
        for row, name in session.execute(query)
    ]
