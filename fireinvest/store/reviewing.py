"""Who holds rights that somebody should look at: ending, outlived, unused, or of an office?"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, exists, func, or_, select
from sqlalchemy.orm import Session

from fireinvest.store.access import AccessRow
from fireinvest.store.agencies import Held, held
from fireinvest.store.base import Instant
from fireinvest.store.people import Agency, Deputy, GrantRow, Person
from fireinvest.store.sign_ins import SignInRow
from fireinvest.workflow.permissions import OFFICES

#: So many lines of each list at most: more is for the list of people.
MOST = 500


@dataclass(frozen=True, slots=True)
class Account:
    """An account, and when somebody was here with it last."""

    id: int
    login: str
    name: str
    created_at: datetime
    seen_at: datetime | None


def _holding(on: date) -> ColumnElement[bool]:
    still = or_(GrantRow.valid_until.is_(None), GrantRow.valid_until >= on)
    return (GrantRow.valid_from <= on) & still


def offices_held(session: Session, on: date) -> list[Held]:
    """Return who holds an administrator's office on a day or later."""
    still = or_(GrantRow.valid_until.is_(None), GrantRow.valid_until >= on)
    return held(session, GrantRow.role.in_(sorted(OFFICES)), still, most=MOST)


def with_other_posts(session: Session, person_ids: Collection[int], on: date) -> frozenset[int]:
    """Return which of these people hold posts of the rule as well on a day."""
    rows = session.scalars(
        select(GrantRow.person_id)
        .where(
            GrantRow.person_id.in_(sorted(person_ids)),
            GrantRow.role.not_in(sorted(OFFICES)),
            _holding(on),
        )
        .distinct()
    )
    return frozenset(rows)


def posts_ending(session: Session, on: date, until: date) -> list[Held]:
    """Return the posts at places, and the offices, that end between two days."""
    return held(
        session,
        GrantRow.case_id.is_(None),
        GrantRow.valid_until.between(on, until),
        Person.is_active.is_(True),
        most=MOST,
    )


def posts_outlived(session: Session, divisions: Collection[str], on: date) -> list[Held]:
    """Return the posts held on a day whose agency ended, or whose division is one of these."""
    return held(
        session,
        GrantRow.case_id.is_(None),
        _holding(on),
        or_(Agency.valid_until < on, GrantRow.division.in_(sorted(divisions))),
        most=MOST,
    )


def posts_of_the_deactivated(session: Session, on: date) -> list[Held]:
    """Return the posts that are held on a day by those who can't sign in any more."""
    return held(
        session, GrantRow.case_id.is_(None), _holding(on), Person.is_active.is_(False), most=MOST
    )


def accounts_without_post(session: Session, on: date) -> list[Account]:
    """Return the accounts in use that hold no post on a day, on a case neither, and are no deputy."""
    has_post = exists().where(GrantRow.person_id == Person.id, _holding(on))
    acts = exists().where(
        Deputy.person_id == Person.id, Deputy.valid_from <= on, Deputy.valid_until >= on
    )
    return _accounts(session, ~has_post, ~acts)


def accounts_unused(session: Session, since: datetime) -> list[Account]:
    """Return the accounts in use, older than this, with which nobody was here since."""
    seen = exists().where(SignInRow.person_id == Person.id, SignInRow.seen_at >= since)
    return _accounts(session, Person.created_at < since, ~seen)


def _accounts(session: Session, *conditions: ColumnElement[bool]) -> list[Account]:
    seen_at = (
        select(func.max(SignInRow.seen_at, type_=Instant))
        .where(SignInRow.person_id == Person.id)
        .scalar_subquery()
    )
    rows = session.execute(
        select(Person.id, Person.login, Person.name, Person.created_at, seen_at.label("seen_at"))
        .where(Person.is_active, *conditions)
        .order_by(Person.login)
        .limit(MOST)
    )
    return [Account(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class Reviewed:
    """When somebody looked at all rights, and what they noted."""

    at: datetime
    by: str
    note: str | None


def last_review(session: Session, what: str) -> Reviewed | None:
    """Return the latest review that the access log has under this name, or None."""
    row = session.execute(
        select(AccessRow.happened_at, AccessRow.person, AccessRow.reason, Person.name)
        .outerjoin(Person, Person.login == AccessRow.person)
        .where(AccessRow.what == what)
        .order_by(AccessRow.id.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    return Reviewed(row.happened_at, row.name or row.person or "", row.reason)
