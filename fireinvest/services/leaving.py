"""Leaving: what somebody still has to do, who takes it over, and what is without them meanwhile."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date

from fireinvest.messages import Faulty, Problem, Text
from fireinvest.regulation.calendar import Calendar
from fireinvest.regulation.profile import Division
from fireinvest.regulation.rulesets import Law
from fireinvest.services.cases import OPENING, CaseRef, act
from fireinvest.services.people import By, Change, log_change
from fireinvest.store import Database, Session
from fireinvest.store import leaving as store
from fireinvest.store.conflicts import changing
from fireinvest.store.desks import Posts
from fireinvest.store.leaving import Carried, Counts, Left, LeftLine
from fireinvest.store.people import StoredPerson
from fireinvest.store.posts import Holder, holders_of
from fireinvest.workflow.actions import Reassigning
from fireinvest.workflow.engine import Action
from fireinvest.workflow.permissions import CARRIER, SYSTEM, Actor

__all__ = [
    "Counts",
    "Handed",
    "Left",
    "LeftLine",
    "carriers_for",
    "cases_to_give",
    "duties_of",
    "give_all",
    "hand_over_all",
    "left_behind",
    "left_in",
    "successors_of",
]

#: Whoever holds this post in a place gives its cases to another carrier.
HEAD = "agency_head"


@dataclass(frozen=True, slots=True)
class Handed:
    """How many cases went over, of how many."""

    done: int
    of: int

    @property
    def is_all(self) -> bool:
        """Is nothing left behind?"""
        return self.done == self.of


def duties_of(session: Session, person: StoredPerson, on: date) -> Counts:
    """Return how much somebody has to do on a day: numbers alone, for those who see no case."""
    return store.counts_of(session, person.id, person.login, on)


# ---------------------------------------------------------------------------- what is without them


def left_behind(
    session: Session, law: Law, posts: Posts, on: date, size: int
) -> tuple[LeftLine, ...]:
    """Return the cases that are without their carrier or a member, for the heads of their places.

    Two queries; none for whoever is no agency's head.
    """
    if not any(seat.role == HEAD for seat in posts.seats):
        return ()
    carriers = store.without_carrier(session, posts, HEAD, OPENING, law.taken_over(on), on, size)
    members = store.without_members(session, posts, HEAD, on, size)
    return (*carriers, *members)[:size]


def left_in(session: Session, law: Law, case_id: int, on: date) -> tuple[Left, ...]:
    """Return who left one case, the carrier first; one query."""
    return store.left_of_case(session, case_id, OPENING, law.taken_over(on), on)


# ---------------------------------------------------------------------------- who takes it over


def successors_of(
    session: Session, law: Law, places: Iterable[str | None], leaver: str, on: date
) -> tuple[Holder, ...]:
    """Return who holds the carrier's post at these places or above, the leaver left out."""
    known = (law.divisions.get(each or "") for each in places)
    divisions = {code for each in known if each is not None for code in law.places_of(each, on)}
    found = holders_of(session, CARRIER, divisions, on)
    return tuple(each for each in found if each.login != leaver)


def carriers_for(
    session: Session, law: Law, division: Division | None, on: date
) -> tuple[Holder, ...]:
    """Return who could carry a case of this place; of a place not known yet, at any place."""
    places = law.divisions.keys() if division is None else law.places_of(division, on)
    return holders_of(session, CARRIER, places, on)


def hand_over_all(
    database: Database,
    law: Law,
    calendar: Calendar,
    leaver: str,
    successor: str,
    *,
    reason: str,
    by: By,
) -> Handed:
    """Give every open case that somebody carries to a successor, under the system's name.

    Each case is a transaction of its own: killed half-way and done again, the rest follows. What
    the successor can't carry stays, and the head of its agency is told.

    Raises:
        Faulty: when the successor is the one who leaves, or holds the post at none of the places.

    """
    with database.readers.begin() as session:
        carried = store.carried_by(session, leaver)
        holders = successors_of(session, law, (each.division for each in carried), leaver, by.today)
        is_any = any(each.division is None for each in carried)
    if carried and not is_any and successor not in {each.login for each in holders}:
        text = Text("This person doesn't hold the post of carrier at this place.")
        raise Faulty([Problem("successor", text)])
    action = _reassignment(successor, reason, by.today)

    def give(each: Carried) -> None:
        act(
            database, law, calendar, Actor(SYSTEM), each.id,
            replace(action, expected_version=each.version),
            idempotency_key=f"leaving-{each.number}-{each.version}",
            now=by.now, today=by.today, origin=by.origin,
        )  # fmt: skip

    done = _each(carried, give)
    # Somebody worked on some of them at the same moment.
    with database.readers.begin() as session:
        again = [e for e in store.carried_by(session, leaver) if _moved(e, carried)]
    done += _each(again, give)
    with changing(database) as session:
        told = {"successor": successor, "cases": done, "of": len(carried)}
        log_change(session, by, Change.CASES_HANDED_OVER, leaver, reason=reason, new=told)
    return Handed(done, len(carried))


def _moved(case: Carried, before: Iterable[Carried]) -> bool:
    return any(each.id == case.id and each.version != case.version for each in before)


def _each(cases: Iterable[Carried], give: Callable[[Carried], None]) -> int:
    done = 0
    for each in cases:
        try:
            give(each)
        except Faulty:
            continue
        done += 1
    return done


def _reassignment(carrier: str, reason: str, on: date) -> Action:
    return Action("reassign", Reassigning(carrier), on, reason=reason)


# ---------------------------------------------------------------------------- by the head


def cases_to_give(session: Session, posts: Posts, leaver: str) -> list[LeftLine]:
    """Return the open cases of a carrier that the heads' posts of somebody concern; one query."""
    return store.carried_under(session, leaver, posts, HEAD)


def give_all(
    database: Database,
    law: Law,
    calendar: Calendar,
    actor: Actor,
    cases: Iterable[CaseRef],
    carrier: str,
    *,
    reason: str,
    key: str,
    by: By,
    acting_for: str | None = None,
) -> tuple[Handed, dict[str, tuple[Problem, ...]]]:
    """Give cases to another carrier; return also why some could not be given, by number.

    Each is a transaction of its own, and done once however often the form with this key is sent.
    """
    action = replace(_reassignment(carrier, reason, by.today), acting_for=acting_for)
    refused: dict[str, tuple[Problem, ...]] = {}
    wanted = tuple(cases)
    for each in wanted:
        try:
            act(
                database, law, calendar, actor, each.id, action,
                idempotency_key=f"{key}-{each.number}",
                now=by.now, today=by.today, origin=by.origin,
            )  # fmt: skip
        except Faulty as faulty:
            refused[each.number] = tuple(faulty.problems)
    return Handed(len(wanted) - len(refused), len(wanted)), refused
