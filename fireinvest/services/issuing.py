"""Whose seal does a paper bear? The agencies and governments of a case, by their names."""

from collections.abc import Collection
from datetime import date

from fireinvest.messages import Label, Text, Words
from fireinvest.regulation.profile import Division
from fireinvest.regulation.rulesets import Law
from fireinvest.services.casefile import CaseFile
from fireinvest.store import Session
from fireinvest.store.agencies import agencies_in

FIRE_RESCUE = "fire_rescue"
_COUNTY, _CITY = "county", "city"


def agency_name(
    session: Session, file: CaseFile, law: Law, tiers: Collection[str], on: date
) -> Words:
    """Return how the fire-rescue agency of the lowest of these tiers at the case's place is called."""
    ruleset, place = file.ruleset, file.case.division
    body: Words = ruleset.bodies[FIRE_RESCUE].label
    tier = min(tiers, key=lambda name: ruleset.tiers[name].rank, default=None)
    if place is None or tier is None:
        return body
    codes = [each for each in (place.code, place.parent) if each is not None]
    for each in agencies_in(session, codes, on):
        if each.tier == tier and each.body == FIRE_RESCUE and each.valid_from <= on:
            return Label(each.label_zh, each.label_en)
    # The agency isn't kept by its name: it is called after its place, or its tier of government.
    of_tier = division_of_tier(file, law, tier)
    if of_tier is None:
        return Text("%(body)s (%(tier)s)", body=body, tier=ruleset.tiers[tier].label)
    return Text("%(body)s of %(place)s", body=body, place=of_tier.label)


def government_name(file: CaseFile, law: Law, tier: str | None) -> Words | None:
    """Return how the government of a tier at the case's place is called; None where it isn't known."""
    place = None if tier is None else division_of_tier(file, law, tier)
    if place is None:
        return None
    if not place.is_government:
        return Text("Administrative Committee of %(place)s", place=place.label)
    return Text("People's Government of %(place)s", place=place.label)


def division_of_tier(file: CaseFile, law: Law, tier: str) -> Division | None:
    """Return the division of a county's or a city's tier in which the case lies."""
    place = file.case.division
    if place is None:
        return None
    of_tier = {_COUNTY: place.code, _CITY: place.parent or place.code}.get(tier)
    return law.divisions.get(of_tier or "")
