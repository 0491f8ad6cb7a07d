"""A person's desk: what they owe, what waits for others, and what their posts have to watch."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from fireinvest.regulation.checking import MEMBERS
from fireinvest.regulation.clocks import Light
from fireinvest.regulation.profile import Kind, Per, Ruleset
from fireinvest.store import Session
from fireinvest.store.desks import (
    Due,
    InCase,
    OwedLine,
    Posts,
    ReportLine,
    Seat,
    WaitingLine,
    lights_of,
    owed,
    submitted_to,
    waiting,
)
from fireinvest.workflow.permissions import APART, ON_CASE, Actor

__all__ = [
    "LONGEST",
    "Desk",
    "Due",
    "InCase",
    "OwedLine",
    "ReportLine",
    "WaitingLine",
    "desk",
    "posts_of",
]

#: Whoever holds one of these posts wants to know for whom a case waits; and for what it is due.
_CARRYING = frozenset({"carrier", "leader", "deputy_leader"})
_LEADING = frozenset({"leader", "deputy_leader"})

#: How many lines a desk shows.
LONGEST = 50
#: A step waits for several roles, each a line.
_ROLES_OF_A_STEP = 6


@dataclass(frozen=True, slots=True)
class Desk:
    """What stands on somebody's desk.

    ``has_more``: they owe more than is listed. ``reports``: what their government has to answer,
    None where they hold no post for it. ``lights``: how many clocks of the cases that they lead
    have which light, None where they lead none.
    """

    owed: tuple[OwedLine, ...]
    has_more: bool
    waiting: tuple[WaitingLine, ...]
    reports: tuple[ReportLine, ...] | None
    led: int
    lights: Mapping[Light, int] | None


def desk(
    session: Session, actor: Actor, ruleset: Ruleset, today: date, *, acting_for: str | None = None
) -> Desk:
    """Return what stands on somebody's desk on a day; at most four queries.

    ``ruleset``: the law by which it is told which posts a government has for what is submitted.
    ``acting_for``: the login of the one whose posts the actor holds now.
    """
    posts = posts_of(actor, ruleset, acting_for)
    lines = owed(session, posts, today, LONGEST + 1)
    others = waiting(session, posts, posts.cases_as(_CARRYING), today, LONGEST * _ROLES_OF_A_STEP)
    clocks, roles = _submissions(ruleset)
    reviews = any(seat.role in roles for seat in posts.seats)
    led = posts.cases_as(_LEADING)
    return Desk(
        owed=tuple(lines[:LONGEST]),
        has_more=len(lines) > LONGEST,
        waiting=tuple(others),
        reports=tuple(submitted_to(session, posts, roles, clocks, LONGEST)) if reviews else None,
        led=len(led),
        lights=lights_of(session, posts, led, today) if led else None,
    )


def posts_of(actor: Actor, ruleset: Ruleset, acting_for: str | None = None) -> Posts:
    """Return an actor's posts as the desk asks for them: ``permissions.roles_of`` for all cases."""
    on_case: dict[str, set[str]] = {}
    for each in actor.grants:
        if each.role in ON_CASE and each.case_id is not None:
            on_case.setdefault(each.role, set()).add(each.case_id)
    # Nobody replies to their own report.
    on_team = _numbers(on_case, _team_posts(ruleset))
    seats = {
        Seat(each.role, each.division, each.tier, on_team if each.role in APART else frozenset())
        for each in actor.grants
        if each.role not in ON_CASE and each.division is not None and each.tier is not None
    }
    people = {actor.id} if acting_for is None else {actor.id, acting_for}
    return Posts(
        people=frozenset(people),
        on_case={role: frozenset(on_case[role]) for role in sorted(on_case)},
        seats=tuple(sorted(seats, key=lambda seat: (seat.role, seat.division, seat.tier))),
    )


def _numbers(on_case: Mapping[str, set[str]], roles: Iterable[str]) -> frozenset[str]:
    return frozenset(number for role in roles for number in on_case.get(role, ()))


def _team_posts(ruleset: Ruleset) -> frozenset[str]:
    """The posts of those who sign the report, as steps give them."""
    steps = ruleset.steps.values()
    signing = {
        role
        for step in steps
        if step.items == MEMBERS and step.kind is Kind.SIGNATURE
        for role in step.who
    }
    return frozenset(step.assigns for step in steps if step.assigns in signing)


def _submissions(ruleset: Ruleset) -> tuple[frozenset[str], frozenset[str]]:
    """The clocks of what is submitted to a government, and whose it is to receive and answer it."""
    clocks = {each.id for each in ruleset.clocks.values() if each.per is Per.SUBMISSION}
    receipts = {ruleset.clocks[name].received_by for name in clocks}
    roles = {
        role
        for step in ruleset.steps.values()
        if step.id in receipts or clocks & set(step.satisfies)
        for role in step.who
        if role not in ON_CASE
    }
    return frozenset(clocks), frozenset(roles)
