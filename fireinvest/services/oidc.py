"""Whom does the provider of sign-ins vouch for here, and may they come in?

The provider opens accounts that are here already, and makes none. The first time, the login that it
gives must be that of an active account, letter by letter; from then on the account is bound to the
provider's own name for that person (``sub``), and no longer to the login: a login that the provider
gives to somebody else one day opens nothing. Only whoever keeps accounts takes the bond away.
"""

import hashlib
from dataclasses import replace
from datetime import timedelta
from enum import StrEnum

from fireinvest.china import CHINA
from fireinvest.gateways.oidc import Vouched
from fireinvest.messages import Faulty, Problem, Text
from fireinvest.services.factors import spend_challenge
from fireinvest.services.people import (
    LONGEST_LOGIN,
    By,
    Change,
    holds_office,
    log_change,
    need_reason,
)
from fireinvest.services.signing_in import (
    Demands,
    Entered,
    Knock,
    Means,
    confirm_by,
    sign_in_by,
)
from fireinvest.store import Database, Session
from fireinvest.store import people as store
from fireinvest.store.access import log_access
from fireinvest.store.conflicts import Conflict, changing
from fireinvest.store.people import StoredPerson
from fireinvest.store.sign_ins import StoredSignIn, end_all_sign_ins

#: A proof at the provider is one for what is grave as well, if it was given at this sign-in.
FRESH = timedelta(minutes=2)

_SEPARATOR = ":"


class Refusal(StrEnum):
    """Why was somebody refused who came by the provider? For the log alone."""

    UNTRUSTED = "oidc_untrusted"
    NO_ACCOUNT = "oidc_no_account"
    DEACTIVATED = "oidc_deactivated"
    BOUND_OTHERWISE = "oidc_bound_otherwise"
    TWICE = "oidc_twice"
    ANOTHER_PERSON = "oidc_another_person"
    NOT_NOW = "oidc_not_now"


class Refused(Exception):
    """The provider vouches for nobody who may come in here."""

    def __init__(self, why: Refusal, person: StoredPerson | None = None) -> None:
        """Keep why, and whose account it would have been."""
        super().__init__(why)
        self.why = why
        self.person = person


def subject_of(vouched: Vouched) -> str:
    """Return under which name the provider's person is kept: of fixed length, whatever they are."""
    return f"{_bond(vouched.issuer)}{_digest(vouched.subject)}"


def _bond(issuer: str) -> str:
    return f"{_digest(issuer)}{_SEPARATOR}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def sign_in_vouched(
    database: Database,
    vouched: Vouched,
    state: str,
    *,
    is_trusted: bool,
    demands: Demands,
    knock: Knock,
) -> Entered:
    """Sign somebody in for whom the provider vouches, as far as that goes.

    ``state``: of the way there and back; it is good once. ``is_trusted``: the provider asks for a
    second factor itself; of administrators ours is asked in any case.

    Raises:
        Faulty: when they may not come in, which is told without why and logged with it.

    """
    try:
        with changing(database) as session:
            person = _whose(session, vouched, knock)
            spend_challenge(session, person, state, now=knock.now)
            is_office = holds_office(session, person.id, knock.now.astimezone(CHINA).date())
    except (Refused, Conflict) as refusal:
        raise _refused(database, vouched, refusal, knock) from refusal
    at = vouched.proved_at
    return sign_in_by(
        database,
        person.id,
        Means.OIDC,
        is_strong=is_trusted and not is_office,
        is_proved=at is not None and knock.now - at <= FRESH,
        demands=replace(demands, second_factor=demands.second_factor or is_office),
        knock=knock,
    )


def _whose(session: Session, vouched: Vouched, knock: Knock) -> StoredPerson:
    """Return whose account it is; one that is bound to nobody yet is bound now.

    Raises:
        Refused: when it is nobody's.

    """
    subject = subject_of(vouched)
    bound = store.find_subject(session, subject)
    if bound is not None:
        if not bound.is_active:
            raise Refused(Refusal.DEACTIVATED, bound)
        return bound
    person = store.find_login(session, vouched.claimed) if vouched.claimed else None
    if person is None:
        raise Refused(Refusal.NO_ACCOUNT)
    if not person.is_active:
        raise Refused(Refusal.DEACTIVATED, person)
    old = store.subject_of(session, person.id)
    # A bond to a provider that was replaced by this one holds no longer.
    if old is not None and old.startswith(_bond(vouched.issuer)):
        raise Refused(Refusal.BOUND_OTHERWISE, person)
    if not store.set_subject(session, person.id, old, subject):
        raise Conflict
    by = By(person.login, knock.now, knock.now.astimezone(CHINA).date(), knock.origin)
    log_change(
        session,
        by,
        Change.PROVIDER_LINKED,
        person.login,
        new={"issuer": vouched.issuer, "subject": vouched.subject},
    )
    return person


def _refused(
    database: Database, vouched: Vouched, refusal: Refused | Conflict, knock: Knock
) -> Faulty:
    person, why = None, Refusal.TWICE
    if isinstance(refusal, Refused):
        person, why = refusal.person, refusal.why
    login = person.login if person is not None else vouched.claimed
    note_refused(database, login or "", why, knock=knock)
    text = Text(
        "Your account at the provider opens none here. Ask whoever keeps the accounts of this "
        "office, or sign in another way."
    )
    return Faulty([Problem("provider", text)])


def note_refused(database: Database, login: str, why: Refusal, *, knock: Knock) -> None:
    """Write down that a sign-in by the provider was refused, and why."""
    with changing(database) as session:
        log_access(
            session,
            happened_at=knock.now,
            person=login[:LONGEST_LOGIN],
            what="sign_in_refused",
            item=why.value,
            origin=knock.origin,
        )


def confirm_vouched(
    database: Database,
    found: StoredSignIn,
    token: str,
    vouched: Vouched,
    state: str,
    *,
    knock: Knock,
) -> str:
    """Take the provider's word that it is still the same person; return the new token.

    Raises:
        Faulty: when it is somebody else, or they proved it too long ago, or nobody says when.
        Over: when the sign-in ended meanwhile.

    """
    at = vouched.proved_at
    is_now = at is not None and knock.now - at <= FRESH
    try:
        with changing(database) as session:
            subject = store.subject_of(session, found.person.id)
            is_same = subject == subject_of(vouched)
            if is_same and is_now:
                spend_challenge(session, found.person, state, now=knock.now)
            else:
                log_access(
                    session,
                    happened_at=knock.now,
                    person=found.person.login,
                    what="confirmation_refused",
                    item=Refusal.NOT_NOW if is_same else Refusal.ANOTHER_PERSON,
                    origin=knock.origin,
                )
    except Conflict:
        is_same = False
    if is_same and is_now:
        return confirm_by(database, found, token, knock=knock)
    text = Text("The provider confirms another account than the one that is signed in here.")
    if is_same:
        text = Text(
            "The provider doesn't say that you proved just now who you are. Confirm by your "
            "password, an authenticator app or a passkey; whoever keeps accounts can give you a "
            "one-time code, with which you choose a password."
        )
    raise Faulty([Problem("provider", text)])


def is_bound(session: Session, person_id: int) -> bool:
    """Is an account bound to one at the provider?"""
    return store.subject_of(session, person_id) is not None


def unlink(database: Database, person_id: int, reason: str, *, by: By) -> None:
    """Take the bond of an account away, and end its sign-ins.

    The next who comes by the provider with its login has it.

    Raises:
        Faulty: without a reason, for one's own account, or where there is no bond.

    """
    need_reason(by, reason)
    with changing(database) as session:
        person = store.find_person(session, person_id)
        if person is None or person.login == by.login:
            text = Text("Nobody does this for their own account: another administrator does.")
            raise Faulty([Problem("reason", text)])
        old = store.subject_of(session, person_id)
        if old is None or not store.set_subject(session, person_id, old, None):
            raise Faulty(
                [Problem("reason", Text("This account is bound to none at the provider."))]
            )
        end_all_sign_ins(session, person_id, by.now)
        log_change(session, by, Change.PROVIDER_UNLINKED, person.login, reason=reason)
