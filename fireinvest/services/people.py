"""People, posts and deputies: who acts, as whom, and with which rights on a day."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from fireinvest.messages import Faulty, Problem, Text
from fireinvest.regulation.calendar import ONE_DAY
from fireinvest.regulation.rulesets import Law
from fireinvest.spelling import in_one_spelling, is_readable
from fireinvest.store import Database, Session
from fireinvest.store import people as store
from fireinvest.store.access import NOWHERE, From, log_access
from fireinvest.store.agencies import lock_agency
from fireinvest.store.conflicts import Conflict, changing
from fireinvest.store.people import Principal, StoredPerson
from fireinvest.store.sign_ins import end_all_sign_ins, end_other_sign_ins
from fireinvest.workflow.permissions import OFFICES, SYSTEM, Actor, Grant, with_predecessors

#: The longest name under which somebody signs in.
LONGEST_LOGIN = 100
_LONGEST_NAME = 200


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
    CODE_ISSUED = "code_issued"
    CODE_USED = "code_used"
    WAIT_LIFTED = "wait_lifted"
    FACTOR_ADDED = "factor_added"
    FACTOR_RENAMED = "factor_renamed"
    FACTOR_REMOVED = "factor_removed"
    FACTORS_RESET = "factors_reset"
    RECOVERY_CODES_MADE = "recovery_codes_made"
    RECOVERY_CODE_USED = "recovery_code_used"
    OWN_PASSWORD_CHANGED = "own_password_changed"  # noqa: S105 - no password
    OWN_PASSWORD_REFUSED = "own_password_refused"  # noqa: S105 - no password
    DEACTIVATED = "person_deactivated"
    REACTIVATED = "person_reactivated"
    POST_GIVEN = "post_given"
    POST_ENDED = "post_ended"
    DEPUTY_NAMED = "deputy_named"
    DEPUTY_ENDED = "deputy_ended"
    SIGN_INS_ENDED = "sign_ins_ended"
    POST_MOVED = "post_moved"
    AGENCY_ADDED = "agency_added"
    AGENCY_RENAMED = "agency_renamed"
    AGENCY_ENDED = "agency_ended"
    AGENCY_MERGED = "agency_merged"
    RIGHTS_REVIEWED = "rights_reviewed"
    CASES_HANDED_OVER = "cases_handed_over"
    PROVIDER_LINKED = "provider_linked"
    PROVIDER_UNLINKED = "provider_unlinked"


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


def need_reason(by: By | None, reason: str | None) -> None:
    """Ask for a reason: rights are given and taken for one, which the log keeps."""
    if by is not None and not (reason or "").strip():
        raise Faulty([Problem("reason", Text("This is needed."))])


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
    password_hash: str | None = None,
    now: datetime,
    office: str | None = None,
    by: By | None = None,
) -> int:
    """Add somebody who can sign in, once they have a password; return their id.

    ``password_hash``: of a password that was checked; None as a rule: they choose one themselves,
    with a one-time code. ``office``: the administrator's office that they hold from ``by.today``
    on. ``by``: who did it, for the access log; nothing is written there without.

    Raises:
        Faulty: when the login is taken or the name is empty.

    """
    problems = list(name_problems(login, name))
    if problems:
        raise Faulty(problems)
    try:
        with changing(database) as session:
            person_id = store.add_person(
                session,
                login=login,
                name=in_one_spelling(name),
                password_hash=password_hash,
                created_at=now,
            )
            log_change(session, by, Change.PERSON_ADDED, login, new={"name": name.strip()})
            if office is not None and by is not None:
                _give(session, person_id, login, Post(office), by.today, None, by)
            return person_id
    except Conflict as conflict:
        text = Text("The name %(login)s is taken.", login=login)
        raise Faulty([Problem("login", text)]) from conflict


def name_problems(login: str, name: str) -> list[Problem]:
    """Return what is wrong with a new login and name."""
    problems = []
    plain = login.isascii() and login.replace("-", "").replace("_", "").replace(".", "").isalnum()
    if not plain or len(login) > LONGEST_LOGIN or login != login.lower() or login == SYSTEM:
        text = Text("A login has lower-case letters, digits, and . _ - only.")
        problems.append(Problem("login", text))
    if not name.strip():
        problems.append(Problem("name", Text("This is needed.")))
    elif len(name) > _LONGEST_NAME:
        text = Text("At most %(most)s characters are taken.", most=_LONGEST_NAME)
        problems.append(Problem("name", text))
    elif not is_readable(name):
        problems.append(Problem("name", Text("There are characters in it that can't be read.")))
    return problems


def wrong_order() -> Problem:
    """Return the problem of a time that ends before it begins."""
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

    A post at an agency holds for the agency's division and tier. An administrator's office has no
    place: it is none of the rule, and nobody holds two of the three.

    Raises:
        Faulty: when the post names neither a case nor a place, is held already, is one's own, has
            no reason, or the days are in the wrong order.

    """
    if valid_until is not None and valid_until < valid_from:
        raise Faulty([wrong_order()])
    need_reason(by, reason)
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


def appoint(
    database: Database, login: str, office: str, *, by: By, reason: str | None = None
) -> None:
    """Give somebody an administrator's office from today on, as a command of this machine does.

    Raises:
        Faulty: when nobody has this login, or they hold this office or another one already.

    """
    with changing(database) as session:
        person = store.find_login(session, login)
        if person is None:
            raise Faulty([Problem("login", Text("There is no such person."))])
        _give(session, person.id, person.login, Post(office), by.today, None, by, reason=reason)


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
    if by is not None and by.login == login:
        raise Faulty([Problem("role", Text("Nobody gives a post to themselves."))])
    division, tier = post.division, post.tier
    if post.role in OFFICES and (post.agency_id, division, tier) != (None, None, None):
        raise Faulty([Problem("role", Text("An administrator's post has no place."))])
    if post.agency_id is not None:
        agency = lock_agency(session, post.agency_id)
        if agency is None:
            raise Faulty([Problem("agency", Text("There is no such agency."))])
        if not agency.valid_from <= valid_from <= (agency.valid_until or valid_from):
            text = Text("This agency does not exist as such on %(day)s.", day=valid_from)
            raise Faulty([Problem("agency", text)])
        division, tier = division or agency.division, tier or agency.tier
    if post.case_id is None and division is None and post.role not in OFFICES:
        raise Faulty([Problem("division", Text("This is needed."))])
    same = None
    if post.case_id is None:
        # Whoever gives them something at the same time waits, and then sees this.
        store.lock_person(session, person_id)
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
        _refuse_two_offices(session, person_id, post.role, valid_from, valid_until)
    return enter_post(
        session,
        person_id,
        login,
        replace(post, division=division, tier=tier),
        valid_from,
        valid_until,
        by,
        granted_by=granted_by or (by.login if by else SYSTEM),
        reason=reason,
    )


def enter_post(
    session: Session,
    person_id: int,
    login: str,
    post: Post,
    valid_from: date,
    valid_until: date | None,
    by: By | None,
    *,
    granted_by: str,
    reason: str | None,
) -> int:
    """Enter a post that was looked at, with its line in the log; return the grant's id."""
    grant_id = store.add_grant(
        session,
        person_id=person_id,
        role=post.role,
        case_id=post.case_id,
        agency_id=post.agency_id,
        division=post.division,
        tier=post.tier,
        valid_from=valid_from,
        valid_until=valid_until,
        granted_by=granted_by,
        reason=reason,
    )
    log_change(
        session,
        by,
        Change.POST_GIVEN,
        login,
        item=f"post:{grant_id}",
        reason=reason,
        new=post_values(
            post.role,
            post.agency_id,
            post.division,
            post.tier,
            valid_from=valid_from,
            valid_until=valid_until,
        ),
    )
    return grant_id


def post_values(
    role: str,
    agency_id: int | None,
    division: str | None,
    tier: str | None,
    *,
    valid_from: date,
    valid_until: date | None,
) -> dict[str, object]:
    """Return a post as the log has it."""
    return {
        "role": role,
        "agency": agency_id,
        "division": division,
        "tier": tier,
        "valid_from": f"{valid_from}",
        "valid_until": valid_until and f"{valid_until}",
    }


def _refuse_two_offices(
    session: Session,
    person_id: int,
    role: str,
    valid_from: date,
    valid_until: date | None,
) -> None:
    """The three administrators are three people."""
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


def end_post(
    database: Database,
    grant_id: int,
    last_on: date,
    *,
    reason: str | None = None,
    by: By | None = None,
) -> None:
    """Let a post end with this day; one that ends sooner stays as it is.

    Raises:
        Faulty: when the post is one of a case, which ends there, or one's own; when there is no
            reason; when the day lies before its first; or when nobody would be an active
            administrator from then on.

    """
    need_reason(by, reason)
    with changing(database) as session:
        post = store.find_post(session, grant_id)
        if post is None:
            raise Faulty([Problem("post", Text("There is no such post."))])
        if post.case is not None:
            text = Text("This post was given in a case, and ends there.")
            raise Faulty([Problem("post", text)])
        login = _whom(session, post.person_id).login
        if by is not None and by.login == login:
            text = Text("Nobody ends their own post: another security administrator does.")
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
        log_post_end(session, by, login, post, last_on, reason)


def log_post_end(
    session: Session,
    by: By | None,
    login: str,
    post: store.PostLine,
    last_on: date,
    reason: str | None,
) -> None:
    """End a post with a day, and write down what it was; one that ends sooner stays as it is."""
    if post.valid_until is not None and post.valid_until <= last_on:
        return
    store.end_grant(session, post.id, last_on)
    old, new = (
        post_values(
            post.role,
            post.agency_id,
            post.division,
            post.tier,
            valid_from=post.valid_from,
            valid_until=until,
        )
        for until in (post.valid_until, last_on)
    )
    log_change(
        session,
        by,
        Change.POST_ENDED,
        login,
        item=f"post:{post.id}",
        reason=reason,
        old=old,
        new=new,
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
        Faulty: when both are one person, one of them names it, they do so already, there is no
            reason, or the days are in the wrong order.

    """
    if person_id == acts_for_id:
        raise Faulty([Problem("acts_for", Text("Nobody is their own deputy."))])
    if valid_until < valid_from:
        raise Faulty([wrong_order()])
    need_reason(by, reason)
    with changing(database) as session:
        deputy, principal = _whom(session, person_id), _whom(session, acts_for_id)
        _refuse_own_deputy(by, deputy, principal, "acts_for")
        store.lock_person(session, acts_for_id)
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


def _refuse_own_deputy(
    by: By | None, deputy: StoredPerson, principal: StoredPerson, field: str
) -> None:
    if by is not None and by.login in (deputy.login, principal.login):
        text = Text(
            "Nobody settles their own deputies, or for whom they act: another security "
            "administrator does."
        )
        raise Faulty([Problem(field, text)])


def end_deputy(
    database: Database,
    deputy_id: int,
    last_on: date,
    *,
    reason: str | None = None,
    by: By | None = None,
) -> None:
    """Let somebody act for another one until this day; what ends sooner stays as it is.

    Raises:
        Faulty: when the day lies before the first, there is no reason, or it is one's own.

    """
    need_reason(by, reason)
    with changing(database) as session:
        found = store.find_deputy(session, deputy_id)
        if found is None:
            raise Faulty([Problem("person", Text("There is no such person."))])
        if last_on < found.valid_from:
            text = Text(
                "It begins on %(day)s: no day before that can be its last.", day=found.valid_from
            )
            raise Faulty([Problem("last_on", text)])
        _refuse_own_deputy(by, found.person, found.acts_for, "person")
        if found.valid_until <= last_on:
            return
        store.end_deputy(session, deputy_id, last_on)
        old, new = (
            {
                "deputy": found.person.login,
                "acts_for": found.acts_for.login,
                "valid_from": f"{found.valid_from}",
                "valid_until": f"{until}",
            }
            for until in (found.valid_until, last_on)
        )
        for about in (found.person.login, found.acts_for.login):
            log_change(
                session,
                by,
                Change.DEPUTY_ENDED,
                about,
                item=f"deputy:{deputy_id}",
                reason=reason,
                old=old,
                new=new,
            )


_AT_ONCE = 500


def list_accounts(session: Session, on: date) -> Iterator[tuple[StoredPerson, tuple[str, ...]]]:
    """Yield all who have an account, by login, each with the offices that they hold on a day."""
    after: str | None = None
    while True:
        page = store.list_people(session, text="", is_active=None, after=after, size=_AT_ONCE)
        posts = store.posts_of_people(session, [each.id for each in page.people], on)
        for each in page.people:
            yield each, tuple(post.role for post in posts[each.id] if post.role in OFFICES)
        if page.next_key is None:
            return
        after = page.next_key


# ---------------------------------------------------------------------------- who acts


def actor_of(
    session: Session,
    person_id: int,
    on: date,
    *,
    acting_for: str | None = None,
    law: Law | None = None,
) -> Actor:
    """Return who acts, with the posts in force on the day; none for somebody who has left.

    ``acting_for``: the login of somebody whose deputy the person is on that day; then with that
    one's posts, but under the own name. ``law``: which divisions took over from others.

    Raises:
        Faulty: when there is no such person, or they are nobody's deputy then.

    """
    person = store.find_person(session, person_id)
    if person is None:
        raise Faulty([Problem("person", Text("There is no such person."))])
    if not person.is_active:
        return Actor(person.login)
    if acting_for is None:
        return Actor(person.login, _grants_of(session, person_id, on, law))
    for each in principals_of(session, person_id, on):
        if each.login == acting_for:
            grants = _grants_of(session, each.id, on, law)
            return Actor(person.login, grants, each.login)
    raise Faulty([Problem("acting_for", Text("You don't act for this person today."))])


def _grants_of(session: Session, person_id: int, on: date, law: Law | None) -> tuple[Grant, ...]:
    """The posts of somebody, also where their places took over from others."""
    grants = store.grants_of(session, person_id, on)
    if law is None:
        return grants
    before = law.taken_over(on)
    return with_predecessors(grants, lambda place: before.get(place, ()))


def acts_as(
    session: Session,
    person: StoredPerson,
    on: date,
    acting_for: str | None,
    *,
    law: Law | None = None,
) -> tuple[Actor, tuple[Principal, ...]]:
    """Return as whom somebody acts on the day, and those for whom they may act.

    Somebody for whom they no longer act is left aside: then they act as themselves. ``law``:
    which divisions took over from others.
    """
    principals = store.principals(session, person.id, on)
    whose: StoredPerson = next((each for each in principals if each.login == acting_for), person)
    grants = _grants_of(session, whose.id, on, law)
    return Actor(person.login, grants, None if whose is person else whose.login), principals


def holds_office(session: Session, person_id: int, on: date) -> bool:
    """Is somebody one of the three administrators on this day?"""
    return any(each.role in OFFICES for each in store.grants_of(session, person_id, on))


def principals_of(session: Session, person_id: int, on: date) -> tuple[Principal, ...]:
    """Return those for whom a person may act on the day, and from when to when."""
    return store.principals(session, person_id, on)


# ---------------------------------------------------------------------------- standing


def end_others(database: Database, person: StoredPerson, *, sign_in_id: int, by: By) -> int:
    """End one's other sign-ins, and return how many there were."""
    with changing(database) as session:
        count = end_other_sign_ins(session, person.id, sign_in_id, by.now)
        if count:
            log_change(session, by, Change.SIGN_INS_ENDED, person.login, new={"ended": count})
        return count


def set_active(
    database: Database,
    person_id: int,
    *,
    is_active: bool,
    reason: str | None = None,
    by: By | None = None,
) -> None:
    """Let somebody sign in, or no longer: then their sign-ins end as well.

    Raises:
        Faulty: when it is one's own account, or nobody would be an active administrator then.

    """
    with changing(database) as session:
        person = _whom(session, person_id)
        if by is not None and by.login == person.login:
            text = Text("Nobody deactivates their own account: another administrator does.")
            raise Faulty([Problem("person", text)])
        for office in () if is_active else sorted(OFFICES):
            terms = store.lock_terms(session, office)
            ended = [each for each in terms if each.person_id == person_id]
            others = [each for each in terms if each.person_id != person_id]
            _refuse_last(ended, others, by.today if by else date.min, "person")
        if by is not None and not is_active:
            end_all_sign_ins(session, person_id, by.now)
        if store.set_active(session, person_id, is_active):
            what = Change.REACTIVATED if is_active else Change.DEACTIVATED
            log_change(
                session,
                by,
                what,
                person.login,
                reason=reason,
                old={"is_active": not is_active},
                new={"is_active": is_active},
            )
