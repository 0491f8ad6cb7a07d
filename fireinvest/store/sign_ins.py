"""Who is signed in, where, and since when: kept on the server, so that it can be ended there."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, func, insert, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from fireinvest.store.base import Base, Instant, LargeId
from fireinvest.store.people import Person, StoredPerson


class SignInRow(Base):
    """One sign-in. The browser holds a token of which only the hash is kept here.

    ``needs``: what is still to be done before it is one, such as the second factor; None once it
    is whole. ``means``: how it was done. ``verified_at``: when it was last proved who it is.
    ``challenge``: what a passkey is asked to sign.
    """

    __tablename__ = "sign_ins"
    __table_args__ = (UniqueConstraint("token_hash"), Index(None, "person_id"))

    id: Mapped[int] = mapped_column(LargeId, primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64))
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    began_at: Mapped[datetime] = mapped_column(Instant)
    seen_at: Mapped[datetime] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    address: Mapped[str | None] = mapped_column(String(100))
    agent: Mapped[str | None] = mapped_column(String(200))
    needs: Mapped[str | None] = mapped_column(String(20))
    means: Mapped[str | None] = mapped_column(String(20))
    verified_at: Mapped[datetime | None] = mapped_column(Instant)
    challenge: Mapped[str | None] = mapped_column(String(200))
    challenged_at: Mapped[datetime | None] = mapped_column(Instant)


@dataclass(frozen=True, slots=True)
class StoredSignIn:
    """A sign-in and whose it is."""

    id: int
    person: StoredPerson
    began_at: datetime
    seen_at: datetime
    ended_at: datetime | None


def add_sign_in(
    session: Session,
    *,
    token_hash: str,
    person_id: int,
    now: datetime,
    address: str | None,
    agent: str | None,
) -> None:
    """Keep a sign-in that begins now."""
    session.execute(
        insert(SignInRow).values(
            token_hash=token_hash,
            person_id=person_id,
            began_at=now,
            seen_at=now,
            address=address,
            agent=agent,
        )
    )


def find_sign_in(session: Session, token_hash: str) -> StoredSignIn | None:
    """Return the sign-in with this hash of a token, ended or not, or None."""
    row = session.execute(
        select(SignInRow, Person)
        .join(Person, Person.id == SignInRow.person_id)
        .where(SignInRow.token_hash == token_hash)
    ).one_or_none()
    if row is None:
        return None
    found, person = row
    whose = StoredPerson(
        person.id, person.login, person.name, person.password_hash, person.is_active
    )
    return StoredSignIn(found.id, whose, found.began_at, found.seen_at, found.ended_at)


def touch_sign_in(session: Session, sign_in_id: int, now: datetime) -> None:
    """Note that the person was here just now."""
    session.execute(update(SignInRow).where(SignInRow.id == sign_in_id).values(seen_at=now))


def end_sign_in(session: Session, token_hash: str, now: datetime) -> None:
    """End a sign-in; one that has ended stays as it was."""
    session.execute(
        update(SignInRow)
        .where(SignInRow.token_hash == token_hash, SignInRow.ended_at.is_(None))
        .values(ended_at=now)
    )


def end_all_sign_ins(session: Session, person_id: int, now: datetime) -> None:
    """End every sign-in of a person, as when their password was changed or they left."""
    session.execute(
        update(SignInRow)
        .where(SignInRow.person_id == person_id, SignInRow.ended_at.is_(None))
        .values(ended_at=now)
    )


@dataclass(frozen=True, slots=True)
class SignInLine:
    """A sign-in as a list shows it."""

    id: int
    began_at: datetime
    seen_at: datetime
    ended_at: datetime | None
    address: str | None
    agent: str | None


def latest_sign_ins(session: Session, person_id: int, size: int) -> list[SignInLine]:
    """Return the latest sign-ins of a person, the newest first, ended ones included."""
    rows = session.scalars(
        select(SignInRow)
        .where(SignInRow.person_id == person_id)
        .order_by(SignInRow.id.desc())
        .limit(size)
    )
    return [
        SignInLine(each.id, each.began_at, each.seen_at, each.ended_at, each.address, each.agent)
        for each in rows
    ]


def last_seen(session: Session, person_ids: Collection[int]) -> dict[int, datetime]:
    """Return when each of these people was here last; whoever never was is left out."""
    rows = session.execute(
        select(SignInRow.person_id, func.max(SignInRow.seen_at, type_=Instant).label("seen_at"))
        .where(SignInRow.person_id.in_(person_ids))
        .group_by(SignInRow.person_id)
    )
    return {row.person_id: row.seen_at for row in rows}


def end_other_sign_ins(session: Session, person_id: int, kept_id: int, now: datetime) -> int:
    """End every sign-in of a person but one, and return how many had not ended."""
    ended = session.execute(
        update(SignInRow)
        .where(
            SignInRow.person_id == person_id, SignInRow.id != kept_id, SignInRow.ended_at.is_(None)
        )
        .values(ended_at=now)
        .returning(SignInRow.id)
    )
    return len(ended.all())
