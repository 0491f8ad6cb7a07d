"""Whose templates and series of numbers may somebody keep? Those of their own office."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from fireinvest.regulation.profile import Division, Issuer, PaperKind
from fireinvest.store import Session
from fireinvest.store.access import NOWHERE, From, log_access
from fireinvest.workflow.permissions import Actor, houses_kept

#: Whose papers a government issues itself; all others are the fire-rescue agency's to prepare.
AGENCY, GOVERNMENT = Issuer.AGENCY.value, Issuer.GOVERNMENT.value
HOUSES = (AGENCY, GOVERNMENT)


@dataclass(frozen=True, slots=True)
class Office:
    """A division and a tier of government, and whose papers there are meant.

    ``houses``: of the agency, of the government, or of both, as whoever is here keeps them.
    """

    division: str
    tier: str
    houses: tuple[str, ...] = HOUSES

    @property
    def code(self) -> str:
        """How addresses name it."""
        return f"{self.division}-{self.tier}"


@dataclass(frozen=True, slots=True)
class Keeper:
    """Who changes what an office keeps, when, and from where? So it stands in the access log."""

    login: str
    now: datetime
    today: date
    origin: From = NOWHERE
    acting_for: str | None = None


def house_of(kind: PaperKind) -> str:
    """Return whose a kind of paper is: the government's own, or the agency's.

    What a team or an evaluation issues, the agency that carries the case prepares.
    """
    return GOVERNMENT if kind.issued_by is Issuer.GOVERNMENT else AGENCY


def offices_of(actor: Actor, divisions: Mapping[str, Division]) -> tuple[Office, ...]:
    """Return the offices whose templates and series somebody keeps.

    A post of a city that covers its counties is no post at their offices.
    """
    found: dict[tuple[str, str], set[str]] = {}
    for division, tier, house in houses_kept(actor):
        place = divisions.get(division)
        if place is not None and place.tier == tier:
            found.setdefault((division, tier), set()).add(house)
    return tuple(
        Office(division, tier, tuple(each for each in HOUSES if each in houses))
        for (division, tier), houses in sorted(found.items())
    )


def log_keeping(
    session: Session,
    by: Keeper,
    what: str,
    office: tuple[str, str],
    *,
    item: str,
    old: Mapping[str, object] | None,
    new: Mapping[str, object] | None,
) -> None:
    """Write into the access log what an office changed, with what was before."""
    log_access(
        session,
        happened_at=by.now,
        person=by.login,
        what=what,
        origin=by.origin,
        item=item,
        about=f"{office[0]} {office[1]}",
        acting_for=by.acting_for,
        old=old,
        new=new,
    )
