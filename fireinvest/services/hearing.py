"""Who hears of what happens to a clock: the holders of roles, their deputies, and superiors."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date

from fireinvest.regulation.rungs import ABOVE
from fireinvest.services.cases import Loaded
from fireinvest.store import Session
from fireinvest.store.people import Held, deputies_on, holders_for_case
from fireinvest.workflow.case import Case
from fireinvest.workflow.permissions import Actor, Grant, acting_tiers, is_recused, roles_of


@dataclass(frozen=True, slots=True)
class Hearer:
    """Somebody who hears: as which role, and for whom if as a deputy."""

    person_id: int
    login: str
    roles: tuple[str, ...]
    acts_for_id: int | None = None


def hearers(
    session: Session, loaded: Loaded, roles: Collection[str], today: date
) -> tuple[Hearer, ...]:
    """Return who hears in a case as one of these roles on a day, each person once.

    They are those who could act so: whoever was recused, left the team or their post hears
    nothing. Deputies hear what those hear for whom they act that day, unless they hear it anyhow.
    """
    case, number = loaded.case, loaded.ref.number
    plain = {role.removeprefix(ABOVE) for role in roles}
    places = [each for each in _places(case) if each]
    held = holders_for_case(session, loaded.ref.id, places, plain, today)
    above = superior_tiers(case)
    found: dict[int, Hearer] = {}
    for person_id, login, grants in _by_person(held, number):
        actor = Actor(login, grants)
        acting = roles_of(actor, case, number)
        higher = roles_of(actor, case, number, above) if above else frozenset()
        as_roles = tuple(
            role
            for role in roles
            if role in acting or (role.startswith(ABOVE) and role.removeprefix(ABOVE) in higher)
        )
        if as_roles:
            found[person_id] = Hearer(person_id, login, as_roles)
    for deputy_id, login, acts_for_id in deputies_on(session, list(found), today):
        if deputy_id not in found and not is_recused(Actor(login), case):
            found[deputy_id] = Hearer(deputy_id, login, found[acts_for_id].roles, acts_for_id)
    return tuple(found.values())


def superior_tiers(case: Case) -> frozenset[str]:
    """Return the tier of government next above those whose people act in the case."""
    tiers = case.ruleset.tiers
    acting = [tiers[name].rank for name in acting_tiers(case) if name in tiers]
    higher = [tier for tier in tiers.values() if tier.rank > max(acting, default=0)]
    lowest = min((tier.rank for tier in higher), default=None)
    return frozenset(tier.id for tier in higher if tier.rank == lowest)


def _places(case: Case) -> tuple[str | None, ...]:
    place = case.division
    return () if place is None else (place.code, place.parent)


def _by_person(held: Iterable[Held], number: str) -> Iterable[tuple[int, str, tuple[Grant, ...]]]:
    people: dict[int, tuple[str, list[Grant]]] = {}
    for each in held:
        case_id = number if each.is_on_case else None
        grant = Grant(each.role, case_id, each.division, each.tier)
        people.setdefault(each.person_id, (each.login, []))[1].append(grant)
    return [(person_id, login, tuple(grants)) for person_id, (login, grants) in people.items()]
