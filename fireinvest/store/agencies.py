"""What an agency was called before and after, and who holds posts there?"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.orm import Session

from fireinvest.store.people import (
    Agency,
    GrantRow,
    Person,
    PostLine,
    post_line,
    post_lines,
)

#: More than are shown of one list.
_MOST = 500


@dataclass(frozen=True, slots=True)
class Held:
    """A post and who holds it."""

    post: PostLine
    login: str
    name: str
    is_active: bool


def lock_agency(session: Session, agency_id: int) -> Agency | None:
    """Return an agency, or None; whoever wants to change it as well waits until this is over."""
    return session.scalars(
        select(Agency).where(Agency.id == agency_id).with_for_update()
    ).one_or_none()


def close_agency(session: Session, agency_id: int, last_on: date, succeeded_by: int | None) -> None:
    """Let an agency end with a day, and say which one comes after it."""
    session.execute(
        update(Agency)
        .where(Agency.id == agency_id)
        .values(valid_until=last_on, succeeded_by=succeeded_by)
    )


def predecessors(session: Session, agency_id: int) -> list[Agency]:
    """Return the agencies that this one came after, in the order in which they were added."""
    query = select(Agency).where(Agency.succeeded_by == agency_id).order_by(Agency.id).limit(_MOST)
    return list(session.scalars(query))


def successors(session: Session, agencies: Collection[Agency]) -> dict[int, Agency]:
    """Return the agencies that come after these, by their ids."""
    wanted = {each.succeeded_by for each in agencies if each.succeeded_by is not None}
    if not wanted:
        return {}
    rows = session.scalars(select(Agency).where(Agency.id.in_(sorted(wanted))))
    return {each.id: each for each in rows}


def leads_to(session: Session, first_id: int, wanted_id: int) -> bool:
    """Does an agency come before another one, however many stand between them?"""
    seen: set[int] = set()
    here: int | None = first_id
    while here is not None and here not in seen:
        if here == wanted_id:
            return True
        seen.add(here)
        here = session.execute(
            select(Agency.succeeded_by).where(Agency.id == here)
        ).scalar_one_or_none()
    return False


def posts_there(session: Session, agency_id: int, *, after: date, on: date) -> list[Held]:
    """Return the posts at an agency that last longer than a day and aren't past on another."""
    return held(
        session,
        GrantRow.agency_id == agency_id,
        or_(GrantRow.valid_until.is_(None), GrantRow.valid_until > after),
        or_(GrantRow.valid_until.is_(None), GrantRow.valid_until >= on),
    )


def all_posts_there(session: Session, agency_id: int) -> list[Held]:
    """Return the posts at an agency, past ones too; so many at most."""
    return held(session, GrantRow.agency_id == agency_id, most=_MOST)


def posts_in_divisions(session: Session, divisions: Collection[str], on: date) -> list[Held]:
    """Return the posts in these divisions that are held on a day or later; so many at most."""
    if not divisions:
        return []
    return held(
        session,
        GrantRow.division.in_(sorted(divisions)),
        GrantRow.case_id.is_(None),
        or_(GrantRow.valid_until.is_(None), GrantRow.valid_until >= on),
        most=_MOST,
    )


def agencies_in(session: Session, divisions: Collection[str], on: date) -> list[Agency]:
    """Return the agencies in these divisions that there are on a day or later; so many at most."""
    if not divisions:
        return []
    query = (
        select(Agency)
        .where(
            Agency.division.in_(sorted(divisions)),
            or_(Agency.valid_until.is_(None), Agency.valid_until >= on),
        )
        .order_by(Agency.division, Agency.id)
        .limit(_MOST)
    )
    return list(session.scalars(query))


def held(session: Session, *conditions: ColumnElement[bool], most: int | None = None) -> list[Held]:
    """Return the posts that meet these conditions, by login; so many at most."""
    query = (
        post_lines()
        .add_columns(Person.login, Person.name, Person.is_active)
        .join(Person, Person.id == GrantRow.person_id)
        .where(*conditions)
        .order_by(Person.login, GrantRow.valid_from, GrantRow.id)
        .limit(most)
    )
    return [
        Held(post_line(row, case, agency), login, name, is_active)
        for row, case, agency, login, name, is_active in session.execute(query)
    ]


def place_post(session: Session, grant_id: int, agency_id: int) -> None:
    """Let a post stand at another agency; its division and tier stay as they are."""
    session.execute(update(GrantRow).where(GrantRow.id == grant_id).values(agency_id=agency_id))
