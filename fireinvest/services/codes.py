"""One-time codes: with which somebody signs in for the first time, or after a forgotten password.

Whoever keeps accounts makes one and hands it over on paper; with it the person chooses a password
that nobody else knows. Of a code only the hash is kept. It holds for some days, once, and a new one
takes its place. Its 24 characters are 120 random bits, so that its plain hash tells nothing
(OWASP ASVS 5.0, 6.4.1 and 6.5.2). A second factor that somebody has is asked for all the same:
a code stands in for the password alone (6.4.3).
"""

import hashlib
import secrets
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from fireinvest.messages import Faulty, Problem, Text
from fireinvest.services.people import LONGEST_LOGIN, By, Change, log_change, name_problems
from fireinvest.spelling import in_one_spelling
from fireinvest.store import Database, Session
from fireinvest.store import people as store
from fireinvest.store.conflicts import Conflict, changing
from fireinvest.store.factors import code_until, replace_code, take_code
from fireinvest.store.people import StoredPerson

#: Digits and capitals without I, L, O and U, which are read as something else.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_READ_AS = str.maketrans({"I": "1", "L": "1", "O": "0", "U": "V"})
LENGTH = 24
_GROUP = 4
#: More than any code with all its gaps; what follows is not read.
_LONGEST_TYPED = 100

#: How long a code holds where the installation says nothing: over a weekend.
USUAL_TIME = timedelta(hours=72)


class Purpose(StrEnum):
    """What is a code for?"""

    FIRST_SIGN_IN = "first_sign_in"
    NEW_PASSWORD = "new_password"  # noqa: S105 - no password


@dataclass(frozen=True, slots=True)
class Issued:
    """A code as it is shown once, for whom, what for, and until when it holds."""

    person: StoredPerson
    code: str
    purpose: Purpose
    expires_at: datetime


def new_code() -> str:
    """Return a random code in groups that are read and typed with ease."""
    drawn = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    return "-".join(drawn[at : at + _GROUP] for at in range(0, LENGTH, _GROUP))


def code_hash(typed: str) -> str:
    """Return the hash of a code, however it was typed: in small letters, with gaps, full-width."""
    plain = unicodedata.normalize("NFKC", typed[:_LONGEST_TYPED]).upper()
    kept = "".join(each for each in plain if each.isalnum()).translate(_READ_AS)
    return hashlib.sha256(kept.encode(errors="replace")).hexdigest()


def issue_code(
    database: Database, person_id: int, *, by: By, valid_for: timedelta = USUAL_TIME
) -> Issued:
    """Make a code for somebody, in place of any before; it is returned this once.

    It is for the first sign-in of somebody without a password, else for a new password. The
    password so far holds until the code is used.

    Raises:
        Faulty: when there is no such person, they are deactivated, or it is one's own account.

    """
    with changing(database) as session:
        person = store.find_person(session, person_id)
        if person is None:
            raise Faulty([Problem("person", Text("There is no such person."))])
        if person.login == by.login:
            text = Text("Nobody makes a code for themselves: change your password on your page.")
            raise Faulty([Problem("person", text)])
        if not person.is_active:
            text = Text("This account is deactivated: reactivate it first.")
            raise Faulty([Problem("person", text)])
        return issue_within(session, person, by=by, valid_for=valid_for)


def add_person(
    database: Database, *, login: str, name: str, by: By, valid_for: timedelta = USUAL_TIME
) -> Issued:
    """Add somebody who has no password yet, and make the code for their first sign-in.

    Raises:
        Faulty: when the login is taken, or one of both isn't fit to be one.

    """
    if problems := name_problems(login, name):
        raise Faulty(problems)
    try:
        with changing(database) as session:
            return add_within(session, login=login, name=name, by=by, valid_for=valid_for)
    except Conflict as conflict:
        text = Text("The name %(login)s is taken.", login=login)
        raise Faulty([Problem("login", text)]) from conflict


def add_within(
    session: Session,
    *,
    login: str,
    name: str,
    by: By,
    valid_for: timedelta,
    more: Mapping[str, object] | None = None,
) -> Issued:
    """Add somebody in a unit of work that does more; ``more`` goes into the log."""
    name = in_one_spelling(name)
    person_id = store.add_person(
        session, login=login, name=name, password_hash=None, created_at=by.now
    )
    log_change(session, by, Change.PERSON_ADDED, login, new={"name": name, **(more or {})})
    person = StoredPerson(person_id, login, name, password_hash=None, is_active=True)
    return issue_within(session, person, by=by, valid_for=valid_for)


def issue_within(session: Session, person: StoredPerson, *, by: By, valid_for: timedelta) -> Issued:
    """Make a code in a unit of work that does more, such as adding the person."""
    # Two who make one at once: the later takes the earlier one's place.
    store.lock_person(session, person.id)
    purpose = Purpose.FIRST_SIGN_IN if person.password_hash is None else Purpose.NEW_PASSWORD
    issued = Issued(person, new_code(), purpose, by.now + valid_for)
    replace_code(
        session,
        person.id,
        Purpose,
        purpose=purpose,
        code_hash=code_hash(issued.code),
        made_by=by.login,
        now=by.now,
        expires_at=issued.expires_at,
    )
    log_change(
        session,
        by,
        Change.CODE_ISSUED,
        person.login,
        new={"purpose": purpose.value, "until": issued.expires_at.isoformat()},
    )
    return issued


def redeem_code(session: Session, login: str, code: str, *, now: datetime) -> StoredPerson | None:
    """Use a code up and return whose it was; None for one that is wrong, used, replaced or over.

    Of many who bring the same one at once, one gets the person back. It stands in for the password:
    whoever has a second factor is still to be asked for it, and a password is still to be chosen.
    """
    person_id = take_code(session, login[: LONGEST_LOGIN + 1], Purpose, code_hash(code), now)
    return None if person_id is None else store.find_person(session, person_id)


def waits_for_code(session: Session, person_id: int, now: datetime) -> datetime | None:
    """Return until when a code that somebody hasn't used yet is good, None where none is."""
    until = code_until(session, person_id, Purpose)
    return until if until is not None and until > now else None
