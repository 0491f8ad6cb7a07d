"""Who is signed in, where, and since when: kept on the server, so that it can be ended there."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
    bindparam,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from fireinvest.store.base import Base, Instant, LargeId
from fireinvest.store.people import Person, StoredPerson, stored_person


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
    """A sign-in and whose it is; ``needs`` and ``means`` as in its row."""

    id: int
    person: StoredPerson
    began_at: datetime
    seen_at: datetime
    ended_at: datetime | None
    needs: str | None
    means: str | None
    verified_at: datetime | None


def add_sign_in(
    session: Session,
    *,
    token_hash: str,
    person_id: int,
    now: datetime,
    address: str | None,
    agent: str | None,
    needs: str | None = None,
    means: str | None = None,
    is_proved: bool = True,
) -> None:
    """Keep a sign-in that begins now; whole, unless it still needs something.

    ``is_proved``: was it proved just now who it is?
    """
    session.execute(
        insert(SignInRow).values(
            token_hash=token_hash,
            person_id=person_id,
            began_at=now,
            seen_at=now,
            address=address,
            agent=agent,
            needs=needs,
            means=means,
            verified_at=now if needs is None and is_proved else None,
        )
    )


def step_up(
    session: Session,
    sign_in_id: int,
    *,
    done: str,
    needs: str | None,
    token_hash: str,
    means: str | None,
    now: datetime,
) -> bool:
    """Note that what a sign-in needed is done, under a new token; was that still to be done?

    ``needs``: what it needs next, None once it is whole.
    """
    stepped = session.execute(
        update(SignInRow)
        .where(SignInRow.id == sign_in_id, SignInRow.needs == done, SignInRow.ended_at.is_(None))
        .values(
            needs=needs,
            token_hash=token_hash,
            means=means,
            began_at=now,
            seen_at=now,
            verified_at=now if needs is None else None,
            challenge=None,
            challenged_at=None,
        )
        .returning(SignInRow.id)
    )
    return stepped.one_or_none() is not None


def verify_sign_in(
    session: Session, sign_in_id: int, *, old_hash: str, token_hash: str, now: datetime
) -> bool:
    """Note that somebody proved again who they are; the token is new. Is the sign-in still open?"""
    done = session.execute(
        update(SignInRow)
        .where(
            SignInRow.id == sign_in_id,
            SignInRow.token_hash == old_hash,
            SignInRow.needs.is_(None),
            SignInRow.ended_at.is_(None),
        )
        .values(token_hash=token_hash, verified_at=now, seen_at=now)
        .returning(SignInRow.id)
    )
    return done.one_or_none() is not None


def set_challenge(session: Session, sign_in_id: int, challenge: str, now: datetime) -> None:
    """Keep what a passkey is asked to sign; one asked before counts no more."""
    session.execute(
        update(SignInRow)
        .where(SignInRow.id == sign_in_id)
        .values(challenge=challenge, challenged_at=now)
    )


def take_challenge(session: Session, sign_in_id: int, since: datetime) -> str | None:
    """Take the challenge away that was set since then, and return it: of many who ask, one has it."""
    row = session.execute(
        select(SignInRow.challenge, SignInRow.challenged_at).where(SignInRow.id == sign_in_id)
    ).one_or_none()
    if row is None or row.challenge is None or row.challenged_at < since:
        return None
    taken = session.execute(
        update(SignInRow)
        .where(SignInRow.id == sign_in_id, SignInRow.challenge == row.challenge)
        .values(challenge=None, challenged_at=None)
        .returning(SignInRow.id)
    )
    return None if taken.one_or_none() is None else row.challenge


# Asked at each request, and so put together once.
_BY_TOKEN = (
    select(SignInRow, Person)
    .join(Person, Person.id == SignInRow.person_id)
    .where(SignInRow.token_hash == bindparam("token_hash"))
)


def find_sign_in(session: Session, token_hash: str) -> StoredSignIn | None:
    """Return the sign-in with this hash of a token, ended or not, or None."""
    row = session.execute(_BY_TOKEN, {"token_hash": token_hash}).one_or_none()
    if row is None:
        return None
    found, person = row
    return StoredSignIn(
        found.id,
        stored_person(person),
        found.began_at,
        found.seen_at,
        found.ended_at,
        found.needs,
        found.means,
        found.verified_at,
    )


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


def end_own_sign_in(session: Session, person_id: int, sign_in_id: int, now: datetime) -> bool:
    """End one sign-in of a person; was it theirs, and still open?"""
    ended = session.execute(
        update(SignInRow)
        .where(
            SignInRow.id == sign_in_id,
            SignInRow.person_id == person_id,
            SignInRow.ended_at.is_(None),
        )
        .values(ended_at=now)
        .returning(SignInRow.id)
    )
    return ended.one_or_none() is not None


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
    needs: str | None
    means: str | None


def latest_sign_ins(session: Session, person_id: int, size: int) -> list[SignInLine]:
    """Return the latest sign-ins of a person, the newest first, ended ones included."""
    rows = session.scalars(
        select(SignInRow)
        .where(SignInRow.person_id == person_id)
        .order_by(SignInRow.id.desc())
        .limit(size)
    )
    return [
        SignInLine(
            each.id,
            each.began_at,
            each.seen_at,
            each.ended_at,
            each.address,
            each.agent,
            each.needs,
            each.means,
        )
        for each in rows
    ]


def last_seen(session: Session, person_ids: Collection[int]) -> dict[int, datetime]:
    """Return when each of these people was here last; whoever never was is left out."""
    rows = session.execute(
        select(SignInRow.person_id, func.max(SignInRow.seen_at, type_=Instant).label("seen_at"))
        .where(SignInRow.person_id.in_(person_ids), SignInRow.needs.is_(None))
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


def end_every_sign_in(session: Session, now: datetime) -> None:
    """End all sign-ins of everybody, as when they come from a backup: some were ended since."""
    session.execute(update(SignInRow).where(SignInRow.ended_at.is_(None)).values(ended_at=now))
