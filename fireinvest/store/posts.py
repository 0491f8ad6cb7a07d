"""Who holds a post somewhere? For the choice of whom a task is given to."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from fireinvest.store.people import GrantRow, Person

#: More than any agency has.
_MOST = 1000


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody who holds a post in a division."""

    login: str
    name: str
    division: str


def holders_of(
    session: Session, role: str, divisions: Collection[str], on: date
) -> tuple[Holder, ...]:
    """Return who holds a post in one of these divisions on a day, by name; one query.

    Whoever left can't be given anything and isn't returned. A post on a single case is none here.
    """
    if not divisions:
        return ()
    rows = session.execute(
        select(Person.login, Person.name, GrantRow.division)
        .join(GrantRow, GrantRow.person_id == Person.id)
        .where(
            Person.is_active,
            GrantRow.role == role,
            GrantRow.case_id.is_(None),
            GrantRow.division.in_(sorted(divisions)),
            *_on(on),
        )
        .distinct()
        .order_by(Person.name, Person.login)
        .limit(_MOST)
    )
    return tuple(Holder(login, name, division or "") for login, name, division in rows)


def _on(on: date) -> tuple[ColumnElement[bool], ...]:
    until = GrantRow.valid_until
    return GrantRow.valid_from <= on, or_(until.is_(None), until >= on)


def holds_post(
    session: Session, login: str, role: str, divisions: Collection[str] | None, on: date
) -> bool:
    """Does somebody who can sign in hold a post in one of these divisions on a day?

    None: in any. A post on a single case is none here.
    """
    query = select(GrantRow.id).where(
        Person.is_active,
        Person.login == login,
        GrantRow.person_id == Person.id,
        GrantRow.role == role,
        GrantRow.case_id.is_(None),
        *_on(on),
    )
    if divisions is not None:
        query = query.where(GrantRow.division.in_(sorted(divisions)))
    return session.execute(query.limit(1)).first() is not None
