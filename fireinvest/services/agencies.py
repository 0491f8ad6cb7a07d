"""Agencies: added, renamed, merged, ended; what becomes of the posts there, and of nobody's past."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from fireinvest.messages import Faulty, Label, Problem, Text
from fireinvest.regulation.calendar import ONE_DAY
from fireinvest.services.people import (
    By,
    Change,
    Post,
    enter_post,
    log_change,
    log_post_end,
    need_reason,
    wrong_order,
)
from fireinvest.spelling import is_readable
from fireinvest.store import Database, Session
from fireinvest.store import agencies as agency_store
from fireinvest.store import people as store
from fireinvest.store.agencies import Held
from fireinvest.store.conflicts import changing
from fireinvest.store.people import Agency


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
        raise Faulty([wrong_order()])
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
        return _add(
            session,
            label_zh=label_zh,
            label_en=label_en,
            body=body,
            division=division,
            tier=tier,
            valid_from=valid_from,
            valid_until=valid_until,
            reason=None,
            by=by,
        )


def _add(
    session: Session,
    *,
    label_zh: str,
    label_en: str,
    body: str,
    division: str,
    tier: str,
    valid_from: date,
    valid_until: date | None,
    reason: str | None,
    by: By | None,
) -> int:
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
        reason=reason,
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


# ---------------------------------------------------------------------------- reshaping


@dataclass(frozen=True, slots=True)
class NewName:
    """An agency is called otherwise from a day on."""

    label_zh: str
    label_en: str


@dataclass(frozen=True, slots=True)
class Into:
    """An agency is merged into another one."""

    agency_id: int


@dataclass(frozen=True, slots=True)
class Reshaping:
    """What is to become of an agency after its last day, and of the posts there.

    ``after``: under what it goes on, None when nothing comes after it. ``moves_posts``: whether
    posts go on there; else they end with the agency.
    """

    agency_id: int
    last_on: date
    after: NewName | Into | None = None
    moves_posts: bool = False

    @property
    def field(self) -> str:
        """The field of the form that holds the day."""
        return "last_on" if self.after is None else "first_on"


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of one post.

    ``ends_on``: None for one that hadn't begun, and begins at the successor. ``goes_on_from``: None
    where it ends; ``is_held_there``: because the same one is held at the successor already.
    """

    held: Held
    ends_on: date | None
    goes_on_from: date | None
    is_held_there: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What saving would do. ``seal``: the same as long as it would do the same."""

    wanted: Reshaping
    agency: Agency
    successor: Label | None
    into: Agency | None
    fates: tuple[Fate, ...]
    seal: str


def plan_reshaping(session: Session, wanted: Reshaping, on: date) -> Plan:
    """Return what saving would do to an agency and the posts there, as things stand on a day.

    Raises:
        Faulty: when there is no such agency on these days, its new name is taken, or the successor
            is none.

    """
    agency = store.find_agency(session, wanted.agency_id)
    if agency is None:
        raise Faulty([Problem("agency", Text("There is no such agency."))])
    if problems := list(_wrong_days(agency, wanted)):
        raise Faulty(problems)
    into, successor = None, None
    match wanted.after:
        case NewName(label_zh, label_en):
            _check_name(session, agency, wanted, label_zh, label_en)
            successor = Label(label_zh, label_en)
        case Into(agency_id):
            into = _successor(session, agency, wanted, agency_id)
            successor = Label(into.label_zh, into.label_en)
    posts = agency_store.posts_there(session, agency.id, after=wanted.last_on, on=on)
    fates = tuple(_fate(session, wanted, into, each) for each in posts)
    return Plan(wanted, agency, successor, into, fates, _seal(wanted, agency, fates))


def _wrong_days(agency: Agency, wanted: Reshaping) -> Iterator[Problem]:
    if wanted.last_on < agency.valid_from:
        text = Text(
            "It begins on %(day)s: no day before that can be its last.", day=agency.valid_from
        )
        yield Problem(wanted.field, text)
    until = agency.valid_until
    if until is not None and (agency.succeeded_by is not None or until <= wanted.last_on):
        yield Problem(wanted.field, Text("It ends with %(day)s already.", day=until))


def _check_name(
    session: Session, agency: Agency, wanted: Reshaping, label_zh: str, label_en: str
) -> None:
    if (label_zh, label_en) == (agency.label_zh, agency.label_en):
        raise Faulty([Problem("label_zh", Text("This is what it is called already."))])
    for name, label in (("label_zh", label_zh), ("label_en", label_en)):
        if not is_readable(label):
            text = Text("There are characters in it that can't be read.")
            raise Faulty([Problem(name, text)])
    same = store.same_agency(
        session,
        label_zh=label_zh,
        division=agency.division,
        valid_from=wanted.last_on + ONE_DAY,
        valid_until=agency.valid_until,
    )
    if same is not None and same.id != agency.id:
        text = Text("There is an agency of this name, from %(first)s.", first=same.valid_from)
        raise Faulty([Problem("label_zh", text)])


def _successor(session: Session, agency: Agency, wanted: Reshaping, agency_id: int) -> Agency:
    into = store.find_agency(session, agency_id)
    if into is None:
        raise Faulty([Problem("into", Text("There is no such agency."))])
    first_on = wanted.last_on + ONE_DAY
    if not into.valid_from <= first_on <= (into.valid_until or first_on):
        text = Text("This agency does not exist as such on %(day)s.", day=first_on)
        raise Faulty([Problem("into", text)])
    if agency_store.leads_to(session, into.id, agency.id):
        text = Text("This is the agency itself, or one that it comes after.")
        raise Faulty([Problem("into", text)])
    if wanted.moves_posts and (into.division, into.tier) != (agency.division, agency.tier):
        text = Text(
            "The successor has another place or government: posts there would show other cases. "
            "Let them end; the security administrator gives new ones."
        )
        raise Faulty([Problem("posts", text)])
    return into


def _fate(session: Session, wanted: Reshaping, into: Agency | None, held: Held) -> Fate:
    post, first_on = held.post, wanted.last_on + ONE_DAY
    has_begun = post.valid_from <= wanted.last_on
    if not wanted.moves_posts:
        # A post can't end before it begins: one to come holds on its first day alone.
        return Fate(held, max(wanted.last_on, post.valid_from), None)
    if into is not None:
        same = store.same_post(
            session,
            person_id=post.person_id,
            role=post.role,
            agency_id=into.id,
            division=post.division,
            tier=post.tier,
            valid_from=max(first_on, post.valid_from),
            valid_until=post.valid_until,
        )
        if same is not None:
            return Fate(held, max(wanted.last_on, post.valid_from), None, is_held_there=True)
    if has_begun:
        return Fate(held, wanted.last_on, first_on)
    return Fate(held, None, post.valid_from)


def _seal(wanted: Reshaping, agency: Agency, fates: tuple[Fate, ...]) -> str:
    parts = [wanted, agency.label_zh, agency.label_en, agency.valid_until]
    lines = [(each.held.post.id, each.ends_on, each.goes_on_from) for each in fates]
    return hashlib.sha256(repr((parts, lines)).encode()).hexdigest()


def reshape(database: Database, wanted: Reshaping, *, seen: str, reason: str, by: By) -> int | None:
    """End, rename or merge an agency, with the posts there; return the id of what comes after it.

    The old name stays with the old posts; a post that goes on is a new one from that day on, with
    the same rights. ``seen``: the seal of the plan that was looked at.

    Raises:
        Faulty: when it can't be, there is no reason, or what it would do changed meanwhile.

    """
    need_reason(by, reason)
    with changing(database) as session:
        # Whoever gives a post there at the same time waits, and then finds no such agency.
        into = [wanted.after.agency_id] if isinstance(wanted.after, Into) else []
        for each in sorted({wanted.agency_id, *into}):
            agency_store.lock_agency(session, each)
        plan = plan_reshaping(session, wanted, by.today)
        if plan.seal != seen:
            text = Text("The posts there have changed meanwhile; look at what follows again.")
            raise Faulty([Problem("seen", text)])
        agency = plan.agency
        successor_id = _successor_id(session, plan, reason, by)
        old = {
            "label_zh": agency.label_zh,
            "label_en": agency.label_en,
            "valid_until": agency.valid_until and f"{agency.valid_until}",
            "succeeded_by": None,
        }
        agency_store.close_agency(session, agency.id, wanted.last_on, successor_id)
        called = plan.successor or Label(agency.label_zh, agency.label_en)
        log_change(
            session,
            by,
            _change(wanted),
            f"agency:{agency.id}",
            item=None if successor_id is None else f"agency:{successor_id}",
            reason=reason,
            old=old,
            new={
                "label_zh": called.zh,
                "label_en": called.en,
                "valid_until": f"{wanted.last_on}",
                "succeeded_by": successor_id,
            },
        )
        for fate in plan.fates:
            _carry_out(session, fate, successor_id, reason, by)
        return successor_id


def _change(wanted: Reshaping) -> Change:
    match wanted.after:
        case NewName():
            return Change.AGENCY_RENAMED
        case Into():
            return Change.AGENCY_MERGED
        case None:
            return Change.AGENCY_ENDED


def _successor_id(session: Session, plan: Plan, reason: str, by: By) -> int | None:
    """The agency that comes after: the one into which it is merged, or one of the new name."""
    agency, after = plan.agency, plan.wanted.after
    if not isinstance(after, NewName):
        return plan.into.id if plan.into is not None else None
    first_on = plan.wanted.last_on + ONE_DAY
    return _add(
        session,
        label_zh=after.label_zh,
        label_en=after.label_en,
        body=agency.body,
        division=agency.division,
        tier=agency.tier,
        valid_from=first_on,
        valid_until=agency.valid_until,
        reason=reason,
        by=by,
    )


def _carry_out(session: Session, fate: Fate, successor_id: int | None, reason: str, by: By) -> None:
    post, login = fate.held.post, fate.held.login
    if fate.goes_on_from is None or successor_id is None:
        assert fate.ends_on is not None  # noqa: S101 - what doesn't go on ends
        log_post_end(session, by, login, post, fate.ends_on, reason)
        return
    if fate.ends_on is None:
        agency_store.place_post(session, post.id, successor_id)
        log_change(
            session,
            by,
            Change.POST_MOVED,
            login,
            item=f"post:{post.id}",
            reason=reason,
            old={"agency": post.agency_id},
            new={"agency": successor_id},
        )
        return
    log_post_end(session, by, login, post, fate.ends_on, reason)
    enter_post(
        session,
        post.person_id,
        login,
        Post(post.role, agency_id=successor_id, division=post.division, tier=post.tier),
        fate.goes_on_from,
        post.valid_until,
        by,
        granted_by=by.login,
        reason=reason,
    )
