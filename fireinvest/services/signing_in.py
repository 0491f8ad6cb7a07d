"""Signing in and out: a token in the browser, its hash and its times in the database."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from fireinvest.services.people import verify_password
from fireinvest.store import Database, Session
from fireinvest.store.access import From, log_access
from fireinvest.store.conflicts import changing
from fireinvest.store.people import StoredPerson, find_person
from fireinvest.store.sign_ins import (
    StoredSignIn,
    add_sign_in,
    end_sign_in,
    find_sign_in,
    touch_sign_in,
)

__all__ = ["From", "Limits", "note_seen", "sign_in", "sign_out", "signed_in", "whose"]

#: How often it is written down that somebody is still there.
_SEEN_EVERY = timedelta(minutes=5)
_TOKEN_BYTES = 32
_LONGEST_AGENT = 200
_LONGEST_LOGIN_LOGGED = 100


@dataclass(frozen=True, slots=True)
class Limits:
    """How long does a sign-in last: without a request, and in all?"""

    idle: timedelta
    longest: timedelta


def sign_in(
    database: Database, login: str, password: str, *, now: datetime, origin: From
) -> tuple[str, StoredPerson] | None:
    """Return a token for the browser and who it is for, or None for a wrong login or password.

    Both outcomes are written into the access log.
    """
    person = verify_password(database, login, password)
    with changing(database) as session:
        if person is not None and not _is_still(find_person(session, person.id), person):
            person = None
        log_access(
            session,
            happened_at=now,
            person=person.login if person else login[:_LONGEST_LOGIN_LOGGED],
            what="sign_in" if person else "sign_in_refused",
            origin=origin,
        )
        if person is None:
            return None
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        add_sign_in(
            session,
            token_hash=_hash(token),
            person_id=person.id,
            now=now,
            address=origin.address,
            agent=origin.agent[:_LONGEST_AGENT] if origin.agent else None,
        )
    return token, person


def _is_still(now: StoredPerson | None, verified: StoredPerson) -> bool:
    """Is it the same password of somebody still active, as when it was verified a moment ago?"""
    return now is not None and now.is_active and now.password_hash == verified.password_hash


def sign_out(database: Database, token: str, *, now: datetime, origin: From) -> None:
    """End the sign-in of a token."""
    with changing(database) as session:
        found = find_sign_in(session, _hash(token))
        if found is None or found.ended_at is not None:
            return
        end_sign_in(session, _hash(token), now)
        log_access(
            session,
            happened_at=now,
            person=found.person.login,
            what="sign_out",
            origin=origin,
        )


def signed_in(
    session: Session, token: str, *, now: datetime, limits: Limits
) -> StoredSignIn | None:
    """Return the sign-in that a token stands for, None once it ended, expired, or its owner left."""
    found = find_sign_in(session, _hash(token))
    if found is None or found.ended_at is not None or not found.person.is_active:
        return None
    is_over = now - found.seen_at > limits.idle or now - found.began_at > limits.longest
    return None if is_over else found


def note_seen(database: Database, found: StoredSignIn, now: datetime) -> None:
    """Note, every few minutes at most, that the person is still there."""
    if now - found.seen_at >= _SEEN_EVERY:
        with changing(database) as session:
            touch_sign_in(session, found.id, now)


def whose(session: Session, token: str) -> int | None:
    """Return the id of the person to whom a token belongs or belonged."""
    found = find_sign_in(session, _hash(token))
    return None if found is None else found.person.id


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
