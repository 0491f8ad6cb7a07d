"""Who hears of what happens to a clock: the holders of roles, their deputies, and superiors."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from fireinvest.regulation.rulesets import Law
from fireinvest.regulation.rungs import ABOVE
from fireinvest.services.cases import Loaded
from fireinvest.store import Session
from fireinvest.store.people import Held, deputies_on, holders_for_case
from fireinvest.workflow.case import Case
from fireinvest.workflow.permissions import (
    Actor,
    Grant,
    roles_of,
    superior_tiers,
    with_predecessors,
)


@dataclass(frozen=True, slots=True)
class Hearer:
    """Somebody who hears: as which roles, and as which others for whom they act that day."""

    person_id: int
    login: str
    roles: tuple[str, ...] = ()
    deputed: Mapping[str, int] = field(default_factory=dict)

    def hears(self, wanted: Collection[str]) -> tuple[str, int | None] | None:
        """Return the role of these as which they hear, and for whom; their own comes first."""
        own = next((role for role in self.roles if role in wanted), None)
        if own is not None:
            return own, None
        return next((each for each in self.deputed.items() if each[0] in wanted), None)


def hearers(
    session: Session,
    loaded: Loaded,
    roles: Collection[str],
    today: date,
    *,
    law: Law | None = None,
) -> tuple[Hearer, ...]:
    """Return who hears in a case as one of these roles on a day, each person once.

    They are those who could act so: whoever was recused, left the team or their post hears
    nothing. Deputies hear what those hear for whom they act that day, unless they hear it anyhow;
    also when the other one can no longer sign in. ``law``: by which people of a place that took
    over from the case's hear too.
    """
    case, number = loaded.case, loaded.ref.number
    plain = {role.removeprefix(ABOVE) for role in roles}
    places = _places(case, law, today)
    held = holders_for_case(session, loaded.ref.id, places, plain, today)
    above = superior_tiers(case)

    def as_roles(login: str, grants: tuple[Grant, ...]) -> tuple[str, ...]:
        actor = Actor(login, grants)
        acting = roles_of(actor, case, number)
        higher = roles_of(actor, case, number, above) if above else frozenset()
        return tuple(
            role
            for role in roles
            if role in acting or (role.startswith(ABOVE) and role.removeprefix(ABOVE) in higher)
        )

    found: dict[int, Hearer] = {}
    posts: dict[int, tuple[tuple[Grant, ...], tuple[str, ...]]] = {}
    active = {each.person_id for each in held if each.is_active}
    for person_id, login, given in _by_person(held, number):
        grants = _widened(given, law, today)
        heard = as_roles(login, grants)
        posts[person_id] = grants, heard
        if heard and person_id in active:
            found[person_id] = Hearer(person_id, login, heard)
    for deputy_id, login, acts_for_id in deputies_on(session, list(posts), today):
        # Under their own name, though with the other one's posts: nobody hears so of their own
        # report, or of a case from which they were recused.
        grants, others = posts[acts_for_id]
        could = as_roles(login, grants)
        deputed = {role: acts_for_id for role in others if role in could}
        if deputed:
            known = found.get(deputy_id) or Hearer(deputy_id, login)
            both = {**deputed, **known.deputed}
            found[deputy_id] = Hearer(deputy_id, login, known.roles, both)
    return tuple(found.values())


def _places(case: Case, law: Law | None, today: date) -> frozenset[str]:
    """The divisions at which a post covers the case's place on the day."""
    place = case.division
    if place is None:
        return frozenset()
    if law is not None:
        return law.places_of(place, today)
    return frozenset(each for each in (place.code, place.parent) if each is not None)


def _widened(grants: tuple[Grant, ...], law: Law | None, today: date) -> tuple[Grant, ...]:
    """The posts, and with them the same ones at places that went into theirs."""
    if law is None:
        return grants
    known = law
    return with_predecessors(grants, lambda code: known.predecessors(code, today))


def _by_person(held: Iterable[Held], number: str) -> Iterable[tuple[int, str, tuple[Grant, ...]]]:
    people: dict[int, tuple[str, list[Grant]]] = {}
    for each in held:
        case_id = number if each.is_on_case else None
        grant = Grant(each.role, case_id, each.division, each.tier)
        people.setdefault(each.person_id, (each.login, []))[1].append(grant)
    return [(person_id, login, tuple(grants)) for person_id, (login, grants) in people.items()]
