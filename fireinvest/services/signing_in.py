"""Signing in and out: a token in the browser, its hash and its times in the database.

A sign-in is made in steps: the password, the second factor of whoever has one, a new password where
the old one has expired, and a second factor for whoever must have one and hasn't. Each step gives
the browser a new token. Until the last is done the token opens nothing but the next step, and that
for ten minutes.
"""

import hashlib
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

from fireinvest.china import CHINA
from fireinvest.messages import Faulty, Problem, Text
from fireinvest.services import attempts, factors
from fireinvest.services.attempts import Attempt
from fireinvest.services.attempts import Kind as Tried
from fireinvest.services.codes import redeem_code
from fireinvest.services.passkeys import Site, fresh_challenge
from fireinvest.services.passwords import (
    USUAL,
    Policy,
    change_own_password,
    checked_hash,
    is_expired,
    set_password,
    verify_password,
)
from fireinvest.services.people import LONGEST_LOGIN, By, Change, holds_office, log_change
from fireinvest.services.sealing import OtherKey
from fireinvest.store import Database, Session
from fireinvest.store.access import NOWHERE, From, log_access
from fireinvest.store.conflicts import Conflict, changing
from fireinvest.store.factors import authenticators_of
from fireinvest.store.people import StoredPerson, change_person, find_person
from fireinvest.store.sign_ins import (
    StoredSignIn,
    add_sign_in,
    end_all_sign_ins,
    end_other_sign_ins,
    end_own_sign_in,
    end_sign_in,
    find_sign_in,
    set_challenge,
    step_up,
    touch_sign_in,
    verify_sign_in,
)

__all__ = [
    "Demands", "Entered", "From", "Knock", "Limits", "Means", "Need", "Over", "Proof", "Waits",
    "ask_passkey", "begun", "change_password", "confirm", "confirm_by", "end_all", "end_own", "enrol_app", "enrol_passkey", "is_fresh",
    "note_seen", "prove_code", "prove_passkey", "renew_password", "sign_in", "sign_in_by",
    "sign_in_by_passkey", "sign_in_first", "sign_out", "signed_in", "whose",
]  # fmt: skip

#: How long somebody may take for the next step.
STEP_TIME = timedelta(minutes=10)
#: How often it is written down that somebody is still there.
_SEEN_EVERY = timedelta(minutes=5)
_TOKEN_BYTES = 32
_LONGEST_AGENT = 200


class Need(StrEnum):
    """What is still to be done before a sign-in is one? In this order."""

    SECOND_FACTOR = "second_factor"
    PASSWORD = "password"  # noqa: S105 - no password
    ENROLMENT = "enrolment"


class Means(StrEnum):
    """How did somebody sign in?"""

    PASSWORD = "password"  # noqa: S105 - no password
    PASSWORD_APP = "password+totp"  # noqa: S105 - no password
    PASSWORD_PASSKEY = "password+passkey"  # noqa: S105 - no password
    PASSKEY = "passkey"
    RECOVERY = "recovery"
    OIDC = "oidc"


@dataclass(frozen=True, slots=True)
class Limits:
    """How long does a sign-in last: without a request, and in all?"""

    idle: timedelta
    longest: timedelta


@dataclass(frozen=True, slots=True)
class Demands:
    """What does this installation ask of a sign-in? ``key``: with which app secrets are sealed.

    ``provider_only``: whoever is no administrator comes by the provider of sign-ins alone.
    """

    second_factor: bool
    key: str = field(repr=False)
    policy: Policy = USUAL
    tries: attempts.Limits = attempts.USUAL
    provider_only: bool = False


@dataclass(frozen=True, slots=True)
class Knock:
    """When does somebody try to come in, and from where?

    ``browser``: by what a browser is told from others in which this person signed in before.
    """

    now: datetime
    origin: From = NOWHERE
    browser: str | None = None


@dataclass(frozen=True, slots=True)
class Entered:
    """Who has come how far: the new token for their browser, and what is still needed, if anything."""

    token: str
    person: StoredPerson
    needs: Need | None


@dataclass(frozen=True, slots=True)
class Proof:
    """By what does somebody prove once more who they are? One of these is enough."""

    password: str = field(default="", repr=False)
    code: str = field(default="", repr=False)
    answer: str = field(default="", repr=False)


class Over(Exception):
    """The step can't be done any more: its time is over, or it was done already."""


class Waits(Faulty):
    """Too much was tried; it is tried again from ``until`` on."""

    def __init__(self, field: str, until: datetime, now: datetime) -> None:
        """Keep from when on, and what somebody is told meanwhile."""
        self.until = until
        super().__init__([Problem(field, attempts.wait_text(until, now))])


# ---------------------------------------------------------------------------- the first step


def sign_in(
    database: Database, login: str, password: str, *, demands: Demands, knock: Knock
) -> Entered:
    """Sign somebody in by their password, as far as that goes. Both outcomes are logged.

    Raises:
        Faulty: for a wrong login or password, which are told alike; Waits when too many were.

    """
    with _counted(database, Tried.PASSWORD, login, demands, knock, field="password") as tried:
        person = verify_password(database, login, password)
        with changing(database) as session:
            if person is not None and not _is_still(find_person(session, person.id), person):
                person = None
            if person is not None:
                tried.is_right = True
                if _may_come(session, person, demands, knock):
                    return _begin(session, person, Means.PASSWORD, demands, knock)
            _log_refused(session, "sign_in_refused", login, knock)
    if tried.is_right:
        raise Faulty([Problem("password", _by_the_provider())])
    raise Faulty([Problem("password", Text("The name or the password isn't right."))])


def _may_come(session: Session, person: StoredPerson, demands: Demands, knock: Knock) -> bool:
    """May somebody sign in without the provider?"""
    return not demands.provider_only or holds_office(session, person.id, _day(knock))


class _Elsewhere(Exception):
    """Somebody who isn't let in here but by the provider."""


def _by_the_provider() -> Text:
    return Text("This account signs in at the provider: use the button for it.")


def _is_still(now: StoredPerson | None, verified: StoredPerson) -> bool:
    """Is it the same password of somebody still active, as when it was verified a moment ago?"""
    return now is not None and now.is_active and now.password_hash == verified.password_hash


def sign_in_first(
    database: Database, login: str, code: str, password: str, *, demands: Demands, knock: Knock
) -> Entered:
    """Sign somebody in by a one-time code, for which they choose a password.

    The code is used up only when the password is taken.

    Raises:
        Faulty: for a wrong login or code, which are told alike, or a password that isn't taken;
            Waits when too many codes were wrong.

    """
    with _counted(database, Tried.CODE, login, demands, knock, field="code") as tried:
        try:
            with changing(database) as session:
                person = redeem_code(session, login, code, now=knock.now)
                if person is not None:
                    tried.is_right = True
                    if not _may_come(session, person, demands, knock):
                        raise _Elsewhere  # The code isn't used up by that.
                    return _choose(session, person, password, demands, knock)
                _log_refused(session, "code_refused", login, knock)
        except Conflict:
            pass  # The same code came twice at once: the other one had it.
        except _Elsewhere as elsewhere:
            with changing(database) as session:
                _log_refused(session, "code_refused", login, knock)
            raise Faulty([Problem("code", _by_the_provider())]) from elsewhere
    text = Text("The name or the code isn't right, or the code was used or is too old.")
    raise Faulty([Problem("code", text)])


def _choose(
    session: Session, person: StoredPerson, password: str, demands: Demands, knock: Knock
) -> Entered:
    hashed = checked_hash(
        password,
        login=person.login,
        name=person.name,
        policy=demands.policy,
        field="new_password",
    )
    by = _by(person, knock)
    change_person(session, person.id, password_hash=hashed, password_set_at=knock.now)
    end_all_sign_ins(session, person.id, knock.now)
    log_change(session, by, Change.CODE_USED, person.login)
    log_change(session, by, Change.PASSWORD_SET, person.login)
    fresh = find_person(session, person.id)
    return _begin(session, fresh or person, Means.PASSWORD, demands, knock)


def sign_in_by_passkey(
    database: Database,
    answer: str,
    challenge: str | None,
    site: Site,
    *,
    demands: Demands,
    knock: Knock,
) -> Entered:
    """Sign somebody in by a passkey alone, whose device made sure that it is them.

    Raises:
        Faulty: when it proves nothing, or answered this challenge before.

    """
    why = Text("The passkey could not be used to sign in.")
    try:
        with changing(database) as session:
            found = factors.take_passkey(
                session, None, site, answer, challenge, now=knock.now, origin=knock.origin
            )
            person = None if found is None else find_person(session, found.person_id)
            if person is not None and person.is_active and challenge is not None:
                factors.spend_challenge(session, person, challenge, now=knock.now)
                if _may_come(session, person, demands, knock):
                    return _enter(session, person, Means.PASSKEY, None, knock)
                why = _by_the_provider()
            _log_refused(session, "sign_in_refused", person.login if person else "", knock)
    except Conflict:
        with changing(database) as session:
            _log_refused(session, "sign_in_refused", "", knock)
    raise Faulty([Problem("credential", why)])


def sign_in_by(
    database: Database,
    person_id: int,
    means: Means,
    *,
    is_strong: bool = False,
    is_proved: bool = True,
    demands: Demands,
    knock: Knock,
) -> Entered:
    """Sign somebody in whom another authority vouches for.

    ``is_strong``: it says that it asked for two factors itself; else the second factor of whoever
    has one, or must have one, is asked here. ``is_proved``: they proved to it just now who they
    are, and not hours ago.

    Raises:
        Faulty: when there is no such person, or they are deactivated.

    """
    with changing(database) as session:
        person = find_person(session, person_id)
        if person is not None and person.is_active:
            needs = None if is_strong else _next(session, person, means, None, demands, knock.now)
            return _enter(session, person, means, needs, knock, is_proved=is_proved)
        _log_refused(session, "sign_in_refused", person.login if person else "", knock)
    raise Faulty([Problem("person", Text("This account can't be used to sign in."))])


# ---------------------------------------------------------------------------- the next steps


def begun(session: Session, token: str, now: datetime) -> StoredSignIn | None:
    """Return the sign-in that a token has begun and that still needs something; None once too old."""
    found = find_sign_in(session, _hash(token))
    if found is None or found.ended_at is not None or not found.person.is_active:
        return None
    is_over = found.needs is None or now - found.began_at > STEP_TIME
    return None if is_over else found


def prove_code(
    database: Database, token: str, typed: str, *, demands: Demands, knock: Knock
) -> Entered:
    """Go on with the code of an app, or with a recovery code.

    Raises:
        Faulty: when it is neither, or was used; Waits when too many were wrong.
        Over: when there is nothing to go on with.

    """
    found = _to_do(database, token, Need.SECOND_FACTOR, knock.now)
    person, is_unreadable = found.person, False
    with (
        _counted(database, Tried.FACTOR, person.login, demands, knock, field="code") as tried,
        changing(database) as session,
    ):
        means = None
        try:
            if factors.take_app_code(session, person.id, typed, now=knock.now, key=demands.key):
                means = Means.PASSWORD_APP
        except OtherKey:
            is_unreadable = True
        if means is None and factors.take_recovery_code(session, person, typed, _by(person, knock)):
            means = Means.RECOVERY
        if means is not None:
            tried.is_right = True
            return _go_on(session, found, means, demands, knock)
        _log_refused(session, "second_factor_refused", person.login, knock)
    raise Faulty([Problem("code", _unreadable() if is_unreadable else _wrong_code())])


def _wrong_code() -> Text:
    return Text("The code isn't right, or it was used already. Wait for the next one.")


def _unreadable() -> Text:
    return Text(
        "The server's key was changed, so that it can't read your authenticator app. Use a "
        "recovery code or a passkey, or let the security administrator reset your second factors."
    )


def ask_passkey(database: Database, sign_in_id: int, now: datetime) -> str:
    """Return a new challenge for the passkeys of a sign-in, kept for one answer within minutes."""
    challenge = fresh_challenge()
    with changing(database) as session:
        set_challenge(session, sign_in_id, challenge, now)
    return challenge


def prove_passkey(
    database: Database, token: str, answer: str, site: Site, *, demands: Demands, knock: Knock
) -> Entered:
    """Go on with a passkey as the second factor.

    Raises:
        Faulty: when it proves nothing.
        Over: when there is nothing to go on with.

    """
    found = _to_do(database, token, Need.SECOND_FACTOR, knock.now)
    with changing(database) as session:
        if _takes_answer(session, found, answer, site, knock):
            return _go_on(session, found, Means.PASSWORD_PASSKEY, demands, knock)
        _log_refused(session, "second_factor_refused", found.person.login, knock)
    raise Faulty([Problem("credential", _wrong_passkey())])


def _wrong_passkey() -> Text:
    return Text("The passkey could not be used. Try again, or use another second factor.")


def _takes_answer(
    session: Session, found: StoredSignIn, answer: str, site: Site, knock: Knock
) -> bool:
    challenge = factors.open_challenge(session, found.id, knock.now)
    taken = factors.take_passkey(
        session, found.person.id, site, answer, challenge, now=knock.now, origin=knock.origin
    )
    return taken is not None


def renew_password(
    database: Database, token: str, password: str, *, demands: Demands, knock: Knock
) -> Entered:
    """Go on with a new password, because the old one has expired.

    Raises:
        Faulty: when it isn't taken.
        Over: when there is nothing to go on with.

    """
    found = _to_do(database, token, Need.PASSWORD, knock.now)
    set_password(
        database,
        found.person.id,
        password,
        by=_by(found.person, knock),
        policy=demands.policy,
        kept_sign_in=found.id,
        field="new_password",
    )
    with changing(database) as session:
        return _go_on(session, found, Means(found.means or Means.PASSWORD), demands, knock)


def enrol_app(
    database: Database,
    token: str,
    secret: str,
    typed: str,
    label: str,
    *,
    demands: Demands,
    knock: Knock,
) -> tuple[Entered, tuple[str, ...]]:
    """Go on with an authenticator app that was just set up; return the recovery codes as well.

    Raises:
        Faulty: when the code isn't the app's; Waits when too many were wrong.
        Over: when there is nothing to go on with.

    """
    found = _to_do(database, token, Need.ENROLMENT, knock.now)
    person = found.person
    with changing(database) as session:
        codes = factors.add_app(
            session, person, secret, typed, label, key=demands.key, by=_by(person, knock)
        )
        return _go_on(session, found, Means.PASSWORD_APP, demands, knock), codes


def enrol_passkey(
    database: Database,
    token: str,
    answer: str,
    label: str,
    site: Site,
    *,
    demands: Demands,
    knock: Knock,
) -> tuple[Entered, tuple[str, ...]]:
    """Go on with a passkey that was just made; return the recovery codes as well.

    Raises:
        Faulty: when it is none.
        Over: when there is nothing to go on with.

    """
    found = _to_do(database, token, Need.ENROLMENT, knock.now)
    person = found.person
    with changing(database) as session:
        # Used up whatever comes of it.
        challenge = factors.open_challenge(session, found.id, knock.now)
    try:
        with changing(database) as session:
            codes = factors.add_passkey(
                session, person, site, answer, challenge, label, by=_by(person, knock)
            )
            return _go_on(session, found, Means.PASSWORD_PASSKEY, demands, knock), codes
    except Conflict as conflict:
        raise Faulty([Problem("credential", Text("This passkey is there already."))]) from conflict


def change_password(
    database: Database,
    found: StoredSignIn,
    old: str,
    new: str,
    *,
    demands: Demands,
    knock: Knock,
) -> None:
    """Change one's own password, knowing the old one; one's other sign-ins end.

    Raises:
        Faulty: when the old one isn't right or the new one isn't taken; Waits when too many old
            ones were wrong.

    """
    login = found.person.login
    with _counted(
        database, Tried.CONFIRMATION, login, demands, knock, field="old_password"
    ) as tried:
        try:
            change_own_password(
                database,
                found.person,
                old,
                new,
                sign_in_id=found.id,
                by=_by(found.person, knock),
                policy=demands.policy,
            )
        except Faulty as faulty:
            tried.is_right = all(each.field != "old_password" for each in faulty.problems)
            raise
        tried.is_right = True


def _to_do(database: Database, token: str, need: Need, now: datetime) -> StoredSignIn:
    with database.readers.begin() as session:
        found = begun(session, token, now)
    if found is None or found.needs != need:
        raise Over
    return found


# ---------------------------------------------------------------------------- how it is kept


@dataclass
class _Tried:
    is_right: bool = False


@contextmanager
def _counted(
    database: Database, kind: Tried, login: str, demands: Demands, knock: Knock, *, field: str
) -> Iterator[_Tried]:
    """Count what is tried in the block, unless it is said to be right.

    Raises:
        Waits: when nothing may be tried now; the block isn't run.

    """
    attempt = Attempt(kind, login, knock.origin.address, knock.browser)
    until = attempts.check(database, attempt, now=knock.now, limits=demands.tries)
    if until is not None:
        raise Waits(field, until, knock.now)
    tried = _Tried()
    try:
        yield tried
    finally:
        if tried.is_right:
            attempts.succeeded(database, attempt, now=knock.now, limits=demands.tries)
        else:
            attempts.failed(
                database, attempt, now=knock.now, limits=demands.tries, origin=knock.origin
            )


def _by(person: StoredPerson, knock: Knock) -> By:
    return By(person.login, knock.now, _day(knock), knock.origin)


def _day(knock: Knock) -> date:
    return knock.now.astimezone(CHINA).date()


def _log_refused(session: Session, what: str, login: str, knock: Knock) -> None:
    log_access(
        session,
        happened_at=knock.now,
        person=login[:LONGEST_LOGIN],
        what=what,
        origin=knock.origin,
    )


def _next(
    session: Session,
    person: StoredPerson,
    began: str | None,
    done: Need | None,
    demands: Demands,
    now: datetime,
) -> Need | None:
    """Return what is needed after a step, None when nothing is.

    ``began``: by what the sign-in began; a password that wasn't used for it isn't renewed.
    """
    has_factor = bool(authenticators_of(session, person.id))
    needed = {
        Need.SECOND_FACTOR: has_factor,
        Need.PASSWORD: began == Means.PASSWORD and is_expired(person, demands.policy, now),
        Need.ENROLMENT: demands.second_factor and not has_factor,
    }
    order = list(Need)
    coming = order[order.index(done) + 1 :] if done is not None else order
    return next((each for each in coming if needed[each]), None)


def _begin(
    session: Session,
    person: StoredPerson,
    means: Means,
    demands: Demands,
    knock: Knock,
) -> Entered:
    needs = _next(session, person, means, None, demands, knock.now)
    return _enter(session, person, means, needs, knock)


def _enter(
    session: Session,
    person: StoredPerson,
    means: Means,
    needs: Need | None,
    knock: Knock,
    *,
    is_proved: bool = True,
) -> Entered:
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    agent = knock.origin.agent
    add_sign_in(
        session,
        token_hash=_hash(token),
        person_id=person.id,
        now=knock.now,
        address=knock.origin.address,
        agent=agent[:_LONGEST_AGENT] if agent else None,
        needs=needs,
        means=means,
        is_proved=is_proved,
    )
    _log_step(session, person, means, needs, knock)
    return Entered(token, person, needs)


def _go_on(
    session: Session, found: StoredSignIn, means: Means, demands: Demands, knock: Knock
) -> Entered:
    """Do the next step of a sign-in that was begun: under a new token, so that an old one is dead."""
    done = Need(found.needs or "")
    person = find_person(session, found.person.id)
    if person is None or not person.is_active:
        raise Over
    if found.means == Means.OIDC:
        means = Means.OIDC
    needs = _next(session, person, found.means, done, demands, knock.now)
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    is_done = step_up(
        session,
        found.id,
        done=done,
        needs=needs,
        token_hash=_hash(token),
        means=means,
        now=knock.now,
    )
    if not is_done:
        raise Over
    _log_step(session, person, means, needs, knock)
    return Entered(token, person, needs)


def _log_step(
    session: Session, person: StoredPerson, means: Means, needs: Need | None, knock: Knock
) -> None:
    log_access(
        session,
        happened_at=knock.now,
        person=person.login,
        what="sign_in" if needs is None else "sign_in_begun",
        item=means.value,
        origin=knock.origin,
    )


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


def end_own(database: Database, person: StoredPerson, sign_in_id: int, *, by: By) -> bool:
    """End one of one's own sign-ins; was it still open?"""
    with changing(database) as session:
        is_ended = end_own_sign_in(session, person.id, sign_in_id, by.now)
        if is_ended:
            log_change(
                session,
                by,
                Change.SIGN_INS_ENDED,
                person.login,
                item=f"sign_in:{sign_in_id}",
                new={"ended": 1},
            )
    return is_ended


def end_all(database: Database, person: StoredPerson, *, by: By) -> int:
    """End all of somebody's sign-ins, and return how many had not ended."""
    with changing(database) as session:
        count = end_other_sign_ins(session, person.id, 0, by.now)
        if count:
            log_change(session, by, Change.SIGN_INS_ENDED, person.login, new={"ended": count})
    return count


def signed_in(
    session: Session, token: str, *, now: datetime, limits: Limits
) -> StoredSignIn | None:
    """Return the whole sign-in that a token stands for.

    None once it ended, expired, or its owner left, and as long as it still needs something.
    """
    found = find_sign_in(session, _hash(token))
    if found is None or found.ended_at is not None or not found.person.is_active:
        return None
    is_over = now - found.seen_at > limits.idle or now - found.began_at > limits.longest
    return None if is_over or found.needs is not None else found


def note_seen(database: Database, found: StoredSignIn, now: datetime) -> None:
    """Note, every few minutes at most, that the person is still there."""
    if now - found.seen_at >= _SEEN_EVERY:
        with changing(database) as session:
            touch_sign_in(session, found.id, now)


def whose(session: Session, token: str) -> int | None:
    """Return the id of the person to whom a token belongs or belonged."""
    found = find_sign_in(session, _hash(token))
    return None if found is None else found.person.id


# ---------------------------------------------------------------------------- proving it again


def is_fresh(found: StoredSignIn, now: datetime, every: timedelta) -> bool:
    """Did somebody prove who they are so recently that it holds for what is grave as well?"""
    return found.verified_at is not None and now - found.verified_at <= every


def confirm(
    database: Database,
    found: StoredSignIn,
    token: str,
    proof: Proof,
    site: Site | None,
    *,
    demands: Demands,
    knock: Knock,
) -> str:
    """Take a proof that it is still the same person, and return the new token of their sign-in.

    Raises:
        Faulty: when it isn't right, at the field in which it came; Waits when too many weren't.
        Over: when the sign-in ended meanwhile.

    """
    login = found.person.login
    if proof.answer:
        with changing(database) as session:
            if site is not None and _takes_answer(session, found, proof.answer, site, knock):
                return _verified(session, found, token, knock)
            _log_refused(session, "confirmation_refused", login, knock)
        raise Faulty([Problem("proof", _wrong_passkey())])
    field, is_unreadable = "proof_code" if proof.code else "proof_password", False
    with _counted(database, Tried.CONFIRMATION, login, demands, knock, field=field) as tried:
        is_known = not proof.code and verify_password(database, login, proof.password) is not None
        with changing(database) as session:
            if proof.code:
                try:
                    is_known = (
                        factors.take_app_code(
                            session, found.person.id, proof.code, now=knock.now, key=demands.key
                        )
                        is not None
                    )
                except OtherKey:
                    is_unreadable = True
            if is_known:
                tried.is_right = True
                return _verified(session, found, token, knock)
            _log_refused(session, "confirmation_refused", login, knock)
    text = Text("The password isn't right.")
    if proof.code:
        text = _unreadable() if is_unreadable else _wrong_code()
    raise Faulty([Problem(field, text)])


def confirm_by(database: Database, found: StoredSignIn, token: str, *, knock: Knock) -> str:
    """Take another authority's word that it is still the same person, and return the new token.

    Raises:
        Over: when the sign-in ended meanwhile.

    """
    with changing(database) as session:
        return _verified(session, found, token, knock)


def _verified(session: Session, found: StoredSignIn, token: str, knock: Knock) -> str:
    fresh = secrets.token_urlsafe(_TOKEN_BYTES)
    is_open = verify_sign_in(
        session, found.id, old_hash=_hash(token), token_hash=_hash(fresh), now=knock.now
    )
    if not is_open:
        raise Over
    log_access(
        session,
        happened_at=knock.now,
        person=found.person.login,
        what="confirmed",
        origin=knock.origin,
    )
    return fresh


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
