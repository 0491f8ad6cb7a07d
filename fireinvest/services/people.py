"""People, agencies, posts and deputies: who acts, as whom, and with which rights on a day."""

from dataclasses import dataclass
from datetime import date, datetime
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from fireinvest.messages import Faulty, Problem, Text
from fireinvest.store import Database, Session
from fireinvest.store import people as store
from fireinvest.store.conflicts import Conflict, changing
from fireinvest.store.people import StoredPerson
from fireinvest.workflow.permissions import SYSTEM, Actor

_LONGEST_LOGIN = 100
_LONGEST_NAME = 200
_SHORTEST_PASSWORD = 8
_LONGEST_PASSWORD = 1000


@dataclass(frozen=True, slots=True)
class Post:
    """Which post is given: a role on one case, or at one tier's government in one division."""

    role: str
    case_id: int | None = None
    agency_id: int | None = None
    division: str | None = None
    tier: str | None = None


def create_person(
    database: Database, *, login: str, name: str, password: str | None = None, now: datetime
) -> int:
    """Add somebody who can sign in, once a password is set; return their id.

    Raises:
        Faulty: when the login is taken or the name is empty.

    """
    problems = list(_name_problems(login, name))
    if password is not None:
        problems += password_problems(password)
    if problems:
        raise Faulty(problems)
    hashed = None if password is None else hash_password(password)
    try:
        with changing(database) as session:
            return store.add_person(
                session, login=login, name=name, password_hash=hashed, created_at=now
            )
    except Conflict as conflict:
        text = Text("The name %(login)s is taken.", login=login)
        raise Faulty([Problem("login", text)]) from conflict


def _name_problems(login: str, name: str) -> list[Problem]:
    problems = []
    plain = login.isascii() and login.replace("-", "").replace("_", "").replace(".", "").isalnum()
    if not plain or len(login) > _LONGEST_LOGIN or login != login.lower() or login == SYSTEM:
        text = Text("A login has lower-case letters, digits, and . _ - only.")
        problems.append(Problem("login", text))
    if not name.strip() or len(name) > _LONGEST_NAME:
        problems.append(Problem("name", Text("This is needed.")))
    return problems


def create_agency(
    database: Database,
    *,
    label_zh: str,
    label_en: str,
    body: str,
    division: str,
    tier: str,
    valid_from: date,
    valid_until: date | None = None,
) -> int:
    """Add an agency of one tier's government in one division; return its id."""
    with changing(database) as session:
        return store.add_agency(
            session,
            label_zh=label_zh,
            label_en=label_en,
            body=body,
            division=division,
            tier=tier,
            valid_from=valid_from,
            valid_until=valid_until,
        )


def give_post(
    database: Database,
    person_id: int,
    post: Post,
    *,
    valid_from: date,
    valid_until: date | None = None,
    granted_by: str,
    reason: str | None = None,
) -> int:
    """Give somebody a post between two days, the last included; return the grant's id.

    A post at an agency holds for the agency's division and tier.

    Raises:
        Faulty: when the post names neither a case nor a place, or the days are in the wrong order.

    """
    if valid_until is not None and valid_until < valid_from:
        text = Text("The last day lies before the first.")
        raise Faulty([Problem("valid_until", text)])
    with changing(database) as session:
        division, tier = post.division, post.tier
        if post.agency_id is not None:
            agency = store.find_agency(session, post.agency_id)
            if agency is None:
                raise Faulty([Problem("agency", Text("There is no such agency."))])
            division, tier = division or agency.division, tier or agency.tier
        if post.case_id is None and division is None:
            raise Faulty([Problem("division", Text("This is needed."))])
        return store.add_grant(
            session,
            person_id=person_id,
            role=post.role,
            case_id=post.case_id,
            agency_id=post.agency_id,
            division=division,
            tier=tier,
            valid_from=valid_from,
            valid_until=valid_until,
            granted_by=granted_by,
            reason=reason,
        )


def end_post(database: Database, grant_id: int, last_on: date) -> None:
    """Let a post end with this day."""
    with changing(database) as session:
        store.end_grant(session, grant_id, last_on)


def name_deputy(
    database: Database,
    *,
    person_id: int,
    acts_for_id: int,
    valid_from: date,
    valid_until: date,
    granted_by: str,
    reason: str | None = None,
) -> int:
    """Let somebody act for another person between two days; return the row's id.

    Raises:
        Faulty: when both are one person, or the days are in the wrong order.

    """
    if person_id == acts_for_id:
        raise Faulty([Problem("acts_for", Text("Nobody is their own deputy."))])
    if valid_until < valid_from:
        raise Faulty([Problem("valid_until", Text("The last day lies before the first."))])
    with changing(database) as session:
        return store.add_deputy(
            session,
            person_id=person_id,
            acts_for_id=acts_for_id,
            valid_from=valid_from,
            valid_until=valid_until,
            granted_by=granted_by,
            reason=reason,
        )


# ---------------------------------------------------------------------------- who acts


def actor_of(session: Session, person_id: int, on: date, *, acting_for: str | None = None) -> Actor:
    """Return who acts, with the posts in force on the day; none for somebody who has left.

    ``acting_for``: the login of somebody whose deputy the person is on that day; then with that
    one's posts, but under the own name.

    Raises:
        Faulty: when there is no such person, or they are nobody's deputy then.

    """
    person = store.find_person(session, person_id)
    if person is None:
        raise Faulty([Problem("person", Text("There is no such person."))])
    if not person.is_active:
        return Actor(person.login)
    if acting_for is None:
        return Actor(person.login, store.grants_of(session, person_id, on))
    for each in principals_of(session, person_id, on):
        if each.login == acting_for:
            return Actor(person.login, store.grants_of(session, each.id, on))
    raise Faulty([Problem("acting_for", Text("You don't act for this person today."))])


def acts_as(
    session: Session, person: StoredPerson, on: date, acting_for: str | None
) -> tuple[Actor, tuple[StoredPerson, ...]]:
    """Return as whom somebody acts on the day, and those for whom they may act.

    Somebody for whom they no longer act is left aside: then they act as themselves.
    """
    principals = store.principals(session, person.id, on)
    whose = next((each for each in principals if each.login == acting_for), person)
    return Actor(person.login, store.grants_of(session, whose.id, on)), principals


def principals_of(session: Session, person_id: int, on: date) -> tuple[StoredPerson, ...]:
    """Return those for whom a person may act on the day."""
    return store.principals(session, person_id, on)


# ---------------------------------------------------------------------------- passwords


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@cache
def _nobodys_hash() -> str:
    """A hash to be compared with when there is none, so that both take the same time."""
    return _hasher().hash("no password at all")


def password_problems(password: str) -> list[Problem]:
    """Return what is wrong with a password."""
    if _SHORTEST_PASSWORD <= len(password) <= _LONGEST_PASSWORD:
        return []
    text = Text(
        "A password has %(shortest)s to %(longest)s characters.",
        shortest=_SHORTEST_PASSWORD,
        longest=_LONGEST_PASSWORD,
    )
    return [Problem("password", text)]


def hash_password(password: str) -> str:
    """Return a salted Argon2id hash of a password."""
    return _hasher().hash(password)


def set_password(database: Database, person_id: int, password: str) -> None:
    """Set somebody's password.

    Raises:
        Faulty: when it is too short or too long.

    """
    if problems := password_problems(password):
        raise Faulty(problems)
    hashed = hash_password(password)
    with changing(database) as session:
        store.change_person(session, person_id, password_hash=hashed)


def set_active(database: Database, person_id: int, *, is_active: bool) -> None:
    """Let somebody sign in, or no longer."""
    with changing(database) as session:
        store.change_person(session, person_id, is_active=is_active)


def verify_password(database: Database, login: str, password: str) -> StoredPerson | None:
    """Return the person whose login and password these are, or None.

    An unknown login, one without a password and a wrong password all take the same work.
    """
    with database.readers.begin() as session:
        person = store.find_login(session, login[: _LONGEST_LOGIN + 1])
    known = person.password_hash if person is not None and person.is_active else None
    try:
        _hasher().verify(known or _nobodys_hash(), password[: _LONGEST_PASSWORD + 1])
    except (VerificationError, InvalidHashError):
        return None
    if person is None or known is None:
        return None
    if _hasher().check_needs_rehash(known):
        set_password(database, person.id, password)
    return person
