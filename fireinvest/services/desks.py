"""A person's desk: what they owe, what waits for others, and what their posts have to watch."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from fireinvest.regulation.clocks import Light
from fireinvest.regulation.profile import Per, Ruleset
from fireinvest.regulation.rulesets import Law
from fireinvest.services.leaving import LeftLine, left_behind
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
from fireinvest.workflow.permissions import ON_CASE, Actor

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
    have which light, None where they lead none. ``left``: the cases that are without their carrier
    or a member, for the head of an agency.
    """

    owed: tuple[OwedLine, ...]
    has_more: bool
    waiting: tuple[WaitingLine, ...]
    reports: tuple[ReportLine, ...] | None
    led: int
    lights: Mapping[Light, int] | None
    left: tuple[LeftLine, ...] = ()


def desk(
    session: Session, actor: Actor, ruleset: Ruleset, today: date, *, law: Law | None = None
) -> Desk:
    """Return what stands on somebody's desk on a day; at most six queries.

    ``ruleset``: the law by which it is told which posts a government has for what is submitted.
    ``law``: which divisions took over from others; without it nobody is told of who left.
    """
    posts = posts_of(actor)
    lines = owed(session, posts, today, LONGEST + 1)
    others = waiting(session, posts, posts.cases_as(_CARRYING), today, LONGEST * _ROLES_OF_A_STEP)
    clocks, roles = _submissions(ruleset)
    reviews = any(seat.role in roles for seat in posts.seats)
    led = posts.cases_as(_LEADING)
    return Desk(
        owed=tuple(lines[:LONGEST]),
        has_more=len(lines) > LONGEST,
        waiting=tuple(others),
        reports=tuple(submitted_to(session, posts, roles, clocks, today, LONGEST))
        if reviews
        else None,
        led=len(led),
        lights=lights_of(session, posts, led, today) if led else None,
        left=() if law is None else left_behind(session, law, posts, today, LONGEST),
    )


def posts_of(actor: Actor) -> Posts:
    """Return an actor's posts as the desk asks for them: ``permissions.roles_of`` for all cases."""
    on_case: dict[str, set[str]] = {}
    for each in actor.grants:
        if each.role in ON_CASE and each.case_id is not None:
            on_case.setdefault(each.role, set()).add(each.case_id)
    seats = {
        Seat(each.role, each.division, each.tier)
        for each in actor.grants
        if each.role not in ON_CASE and each.division is not None and each.tier is not None
    }
    return Posts(
        people=actor.people,
        on_case={role: frozenset(on_case[role]) for role in sorted(on_case)},
        seats=tuple(sorted(seats, key=lambda seat: (seat.role, seat.division, seat.tier))),
    )


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
