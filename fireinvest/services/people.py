"""People, agencies, posts and deputies: who acts, as whom, and with which rights on a day."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from fireinvest.messages import Faulty, Problem, Text
from fireinvest.regulation.calendar import ONE_DAY
from fireinvest.store import Database, Session
from fireinvest.store import people as store
from fireinvest.store.access import NOWHERE, From, log_access
from fireinvest.store.conflicts import Conflict, changing
from fireinvest.store.people import StoredPerson
from fireinvest.store.sign_ins import end_all_sign_ins, end_other_sign_ins
from fireinvest.workflow.permissions import OFFICES, SYSTEM, Actor

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


class Change(StrEnum):
    """What is written into the access log when somebody's account is changed?"""

    PERSON_ADDED = "person_added"
    PASSWORD_SET = "password_set"  # noqa: S105 - no password
    OWN_PASSWORD_CHANGED = "own_password_changed"  # noqa: S105 - no password
    OWN_PASSWORD_REFUSED = "own_password_refused"  # noqa: S105 - no password
    DEACTIVATED = "person_deactivated"
    REACTIVATED = "person_reactivated"
    POST_GIVEN = "post_given"
    POST_ENDED = "post_ended"
    DEPUTY_NAMED = "deputy_named"
    DEPUTY_ENDED = "deputy_ended"
    SIGN_INS_ENDED = "sign_ins_ended"
    AGENCY_ADDED = "agency_added"


@dataclass(frozen=True, slots=True)
class By:
    """Who changes an account, when, and from where? So it stands in the access log."""

    login: str
    now: datetime
    today: date
    origin: From = NOWHERE


def log_change(
    session: Session,
    by: By | None,
    what: Change,
    about: str,
    *,
    item: str | None = None,
    reason: str | None = None,
    old: Mapping[str, object] | None = None,
    new: Mapping[str, object] | None = None,
) -> None:
    """Write a change down: whose account or which agency it concerns, and what changed."""
    if by is None:
        return
    log_access(
        session,
        happened_at=by.now,
        person=by.login,
        what=what.value,
        origin=by.origin,
        about=about,
        item=item,
        reason=reason,
        old=old,
        new=new,
    )


def _whom(session: Session, person_id: int) -> StoredPerson:
    found = store.find_person(session, person_id)
    if found is None:
        raise Faulty([Problem("person", Text("There is no such person."))])
    return found


def create_person(
    database: Database,
    *,
    login: str,
    name: str,
    password: str | None = None,
    now: datetime,
    office: str | None = None,
    by: By | None = None,
) -> int:
    """Add somebody who can sign in, once a password is set; return their id.

    ``office``: the administrator's office that they hold from ``by.today`` on. ``by``: who did it,
    for the access log; nothing is written there without.

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
            person_id = store.add_person(
                session, login=login, name=name.strip(), password_hash=hashed, created_at=now
            )
            log_change(session, by, Change.PERSON_ADDED, login, new={"name": name.strip()})
            if office is not None and by is not None:
                _give(session, person_id, login, Post(office), by.today, None, by)
            return person_id
    except Conflict as conflict:
        text = Text("The name %(login)s is taken.", login=login)
        raise Faulty([Problem("login", text)]) from conflict


def _name_problems(login: str, name: str) -> list[Problem]:
    problems = []
    plain = login.isascii() and login.replace("-", "").replace("_", "").replace(".", "").isalnum()
    if not plain or len(login) > _LONGEST_LOGIN or login != login.lower() or login == SYSTEM:
        text = Text("A login has lower-case letters, digits, and . _ - only.")
        problems.append(Problem("login", text))
    if not name.strip():
        problems.append(Problem("name", Text("This is needed.")))
    elif len(name) > _LONGEST_NAME:
        text = Text("At most %(most)s characters are taken.", most=_LONGEST_NAME)
        problems.append(Problem("name", text))
    elif not name.isprintable():
        problems.append(Problem("name", Text("There are characters in it that can't be read.")))
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
    by: By | None = None,
) -> int:
    """Add an agency of one tier's government in one division; return its id.

    Raises:
        Faulty: when there is one of this name at that time, or the days are in the wrong order.

    """
    if valid_until is not None and valid_until < valid_from:
        raise Faulty([_wrong_order()])
    with changing(database) as session:
        same = store.same_agency(
            session,
            label_zh=label_zh,
            division=division,
            valid_from=valid_from,
            valid_until=valid_until,
        )
        if same is not None:
            text = Text("There is an agency of this name, from %(first)s.", first=same.valid_from)
            raise Faulty([Problem("label_zh", text)])
        agency_id = store.add_agency(
            session,
            label_zh=label_zh,
            label_en=label_en,
            body=body,
            division=division,
            tier=tier,
            valid_from=valid_from,
            valid_until=valid_until,
        )
        log_change(
            session,
            by,
            Change.AGENCY_ADDED,
            f"agency:{agency_id}",
            new={
                "label_zh": label_zh,
                "label_en": label_en,
                "body": body,
                "division": division,
                "tier": tier,
                "valid_from": f"{valid_from}",
                "valid_until": valid_until and f"{valid_until}",
            },
        )
        return agency_id


def _wrong_order() -> Problem:
    return Problem("valid_until", Text("The last day lies before the first."))


def give_post(
    database: Database,
    person_id: int,
    post: Post,
    *,
    valid_from: date,
    valid_until: date | None = None,
    granted_by: str,
    reason: str | None = None,
    by: By | None = None,
) -> int:
    """Give somebody a post between two days, the last included; return the grant's id.

    A post at an agency holds for the agency's division and tier. An administrator's needs no
    place: it is none of the rule.

    Raises:
        Faulty: when the post names neither a case nor a place, is held already, or the days are in
            the wrong order.

    """
    if valid_until is not None and valid_until < valid_from:
        raise Faulty([_wrong_order()])
    with changing(database) as session:
        login = _whom(session, person_id).login
        return _give(
            session,
            person_id,
            login,
            post,
            valid_from,
            valid_until,
            by,
            granted_by=granted_by,
            reason=reason,
        )


def _give(
    session: Session,
    person_id: int,
    login: str,
    post: Post,
    valid_from: date,
    valid_until: date | None,
    by: By | None,
    *,
    granted_by: str | None = None,
    reason: str | None = None,
) -> int:
    division, tier = post.division, post.tier
    if post.agency_id is not None:
        agency = store.find_agency(session, post.agency_id)
        if agency is None:
            raise Faulty([Problem("agency", Text("There is no such agency."))])
        division, tier = division or agency.division, tier or agency.tier
    if post.case_id is None and division is None and post.role not in OFFICES:
        raise Faulty([Problem("division", Text("This is needed."))])
    same = None
    if post.case_id is None:
        same = store.same_post(
            session,
            person_id=person_id,
            role=post.role,
            agency_id=post.agency_id,
            division=division,
            tier=tier,
            valid_from=valid_from,
            valid_until=valid_until,
        )
    if same is not None:
        raise Faulty([Problem("role", _held(same.valid_from, same.valid_until))])
    if post.role in OFFICES:
        _refuse_two_offices(session, person_id, post.role, valid_from, valid_until, by, login)
    grant_id = store.add_grant(
        session,
        person_id=person_id,
        role=post.role,
        case_id=post.case_id,
        agency_id=post.agency_id,
        division=division,
        tier=tier,
        valid_from=valid_from,
        valid_until=valid_until,
        granted_by=granted_by or (by.login if by else SYSTEM),
        reason=reason,
    )
    log_change(
        session,
        by,
        Change.POST_GIVEN,
        login,
        item=f"post:{grant_id}",
        reason=reason,
        new={
            "role": post.role,
            "agency": post.agency_id,
            "division": division,
            "tier": tier,
            "valid_from": f"{valid_from}",
            "valid_until": valid_until and f"{valid_until}",
        },
    )
    return grant_id


def _refuse_two_offices(
    session: Session,
    person_id: int,
    role: str,
    valid_from: date,
    valid_until: date | None,
    by: By | None,
    login: str,
) -> None:
    """The three administrators are three people, and nobody makes themselves one."""
    if by is not None and by.login == login:
        raise Faulty([Problem("role", Text("Nobody gives an office to themselves."))])
    for other in sorted(OFFICES - {role}):
        held = store.same_post(
            session,
            person_id=person_id,
            role=other,
            agency_id=None,
            division=None,
            tier=None,
            valid_from=valid_from,
            valid_until=valid_until,
        )
        if held is not None:
            text = Text(
                "They hold another administrator's office at that time; the three are kept apart."
            )
            raise Faulty([Problem("role", text)])


def _held(valid_from: date, valid_until: date | None) -> Text:
    if valid_until is None:
        return Text("It stands already from %(first)s on.", first=valid_from)
    return Text("It stands already from %(first)s to %(last)s.", first=valid_from, last=valid_until)


def end_post(database: Database, grant_id: int, last_on: date, *, by: By | None = None) -> None:
    """Let a post end with this day; one that ends sooner stays as it is.

    Raises:
        Faulty: when the post is one of a case, which ends there; when the day lies before its
            first; or when nobody would be an active administrator from then on.

    """
    with changing(database) as session:
        post = store.find_post(session, grant_id)
        if post is None:
            raise Faulty([Problem("post", Text("There is no such post."))])
        if post.case is not None:
            text = Text("This post was given in a case, and ends there.")
            raise Faulty([Problem("post", text)])
        if last_on < post.valid_from:
            text = Text(
                "It begins on %(day)s: no day before that can be its last.", day=post.valid_from
            )
            raise Faulty([Problem("last_on", text)])
        if post.role in OFFICES:
            terms = store.lock_terms(session, post.role)
            ended = [each for each in terms if each.grant_id == grant_id]
            others = [each for each in terms if each.grant_id != grant_id]
            _refuse_last(ended, others, last_on + ONE_DAY, "last_on")
        store.end_grant(session, grant_id, last_on)
        log_change(
            session,
            by,
            Change.POST_ENDED,
            _whom(session, post.person_id).login,
            item=f"post:{grant_id}",
            old={"valid_until": post.valid_until and f"{post.valid_until}"},
            new={"valid_until": f"{last_on}"},
        )


def _refuse_last(
    ended: Iterable[store.Term], others: list[store.Term], first_on: date, field: str
) -> None:
    """Refuse what would leave a day from ``first_on`` on without an active administrator."""
    for term in ended:
        day = _first_without(others, max(term.valid_from, first_on), term.valid_until)
        if day is not None:
            text = Text(
                "From %(day)s on nobody would hold this administrator's office: name another one first.",
                day=day,
            )
            raise Faulty([Problem(field, text)])


def _first_without(terms: list[store.Term], day: date, until: date | None) -> date | None:
    """Return the first day, from a day to another, that none of the terms covers."""
    while until is None or day <= until:
        lasts = [
            each.valid_until
            for each in terms
            if each.valid_from <= day and (each.valid_until is None or day <= each.valid_until)
        ]
        if not lasts:
            return day
        if None in lasts:
            return None
        day = max(each for each in lasts if each is not None) + ONE_DAY
    return None


def name_deputy(
    database: Database,
    *,
    person_id: int,
    acts_for_id: int,
    valid_from: date,
    valid_until: date,
    granted_by: str,
    reason: str | None = None,
    by: By | None = None,
) -> int:
    """Let somebody act for another person between two days; return the row's id.

    Raises:
        Faulty: when both are one person, they do so already, or the days are in the wrong order.

    """
    if person_id == acts_for_id:
        raise Faulty([Problem("acts_for", Text("Nobody is their own deputy."))])
    if valid_until < valid_from:
        raise Faulty([_wrong_order()])
    with changing(database) as session:
        deputy, principal = _whom(session, person_id), _whom(session, acts_for_id)
        same = store.same_deputy(session, person_id, acts_for_id, valid_from, valid_until)
        if same is not None:
            raise Faulty([Problem("valid_from", _held(same.valid_from, same.valid_until))])
        deputy_id = store.add_deputy(
            session,
            person_id=person_id,
            acts_for_id=acts_for_id,
            valid_from=valid_from,
            valid_until=valid_until,
            granted_by=granted_by,
            reason=reason,
        )
        # It is a change of both people's accounts.
        for about in (deputy.login, principal.login):
            log_change(
                session,
                by,
                Change.DEPUTY_NAMED,
                about,
                item=f"deputy:{deputy_id}",
                reason=reason,
                new={
                    "deputy": deputy.login,
                    "acts_for": principal.login,
                    "valid_from": f"{valid_from}",
                    "valid_until": f"{valid_until}",
                },
            )
        return deputy_id


def end_deputy(database: Database, deputy_id: int, last_on: date, *, by: By | None = None) -> None:
    """Let somebody act for another one until this day; what ends sooner stays as it is.

    Raises:
        Faulty: when the day lies before the first.

    """
    with changing(database) as session:
        found = store.find_deputy(session, deputy_id)
        if found is None:
            raise Faulty([Problem("person", Text("There is no such person."))])
        if last_on < found.valid_from:
            text = Text(
                "It begins on %(day)s: no day before that can be its last.", day=found.valid_from
            )
            raise Faulty([Problem("last_on", text)])
        store.end_deputy(session, deputy_id, last_on)
        for about in (found.person.login, found.acts_for.login):
            log_change(
                session,
                by,
                Change.DEPUTY_ENDED,
                about,
                item=f"deputy:{deputy_id}",
                old={"valid_until": f"{found.valid_until}"},
                new={"valid_until": f"{last_on}"},
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
        if not any("\ud800" <= each <= "\udfff" for each in password):
            return []
        # Bytes that are no UTF-8, as a terminal with another encoding sends them.
        text = Text("There are characters in it that can't be read.")
        return [Problem("password", text)]
    text = Text(
        "A password has %(shortest)s to %(longest)s characters.",
        shortest=_SHORTEST_PASSWORD,
        longest=_LONGEST_PASSWORD,
    )
    return [Problem("password", text)]


def hash_password(password: str) -> str:
    """Return a salted Argon2id hash of a password."""
    return _hasher().hash(password)


def set_password(
    database: Database, person_id: int, password: str, *, by: By | None = None
) -> None:
    """Set somebody's password; whoever is signed in as them is so no longer.

    Raises:
        Faulty: when it is too short or too long.

    """
    if problems := password_problems(password):
        raise Faulty(problems)
    hashed = hash_password(password)
    with changing(database) as session:
        person = _whom(session, person_id)
        store.change_person(session, person_id, password_hash=hashed)
        if by is not None:
            end_all_sign_ins(session, person_id, by.now)
        log_change(session, by, Change.PASSWORD_SET, person.login)


def change_own_password(
    database: Database, person: StoredPerson, old: str, new: str, *, sign_in_id: int, by: By
) -> None:
    """Change one's own password, knowing the old one; only the sign-in that does it goes on.

    Raises:
        Faulty: when the old one isn't right, or the new one is too short, too long, or the old.

    """
    if verify_password(database, person.login, old) is None:
        with changing(database) as session:
            log_change(session, by, Change.OWN_PASSWORD_REFUSED, person.login)
        raise Faulty([Problem("old_password", Text("The password isn't right."))])
    problems = [Problem("new_password", each.text) for each in password_problems(new)]
    if not problems and new == old:
        problems = [Problem("new_password", Text("This is the old password."))]
    if problems:
        raise Faulty(problems)
    hashed = hash_password(new)
    with changing(database) as session:
        store.change_person(session, person.id, password_hash=hashed)
        end_other_sign_ins(session, person.id, sign_in_id, by.now)
        log_change(session, by, Change.OWN_PASSWORD_CHANGED, person.login)


def end_others(database: Database, person: StoredPerson, *, sign_in_id: int, by: By) -> int:
    """End one's other sign-ins, and return how many there were."""
    with changing(database) as session:
        count = end_other_sign_ins(session, person.id, sign_in_id, by.now)
        if count:
            log_change(session, by, Change.SIGN_INS_ENDED, person.login, new={"ended": count})
        return count


def set_active(
    database: Database, person_id: int, *, is_active: bool, by: By | None = None
) -> None:
    """Let somebody sign in, or no longer: then their sign-ins end as well.

    Raises:
        Faulty: when nobody would be an active administrator then.

    """
    with changing(database) as session:
        for office in () if is_active else sorted(OFFICES):
            terms = store.lock_terms(session, office)
            ended = [each for each in terms if each.person_id == person_id]
            others = [each for each in terms if each.person_id != person_id]
            _refuse_last(ended, others, by.today if by else date.min, "person")
        person = _whom(session, person_id)
        store.change_person(session, person_id, is_active=is_active)
        if by is not None and not is_active:
            end_all_sign_ins(session, person_id, by.now)
        if person.is_active is not is_active:
            what = Change.REACTIVATED if is_active else Change.DEACTIVATED
            log_change(session, by, what, person.login)


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
        hashed = hash_password(password)
        with changing(database) as session:
            store.replace_password_hash(session, person.id, known, hashed)
        return replace(person, password_hash=hashed)
    return person
