"""To whom does a reply go? Each recipient of arts 25 and 26 by itself, as it follows from a case."""

from collections.abc import Iterator
from dataclasses import dataclass

from fireinvest.messages import Words
from fireinvest.regulation.condition import evaluate
from fireinvest.regulation.profile import Item as ListItem
from fireinvest.workflow.case import Case

#: Each register of receipts, with the step whose list it fills.
STEPS = {"deliveries": "deliver_reply", "copies": "send_copies"}

#: The bodies that took part, and the organs that are judicial ones: lists of the profile.
_BODIES, _ORGANS = "team_bodies", "judicial_organs"


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody to whom a reply or its copies go. ``code``: what tells them apart in their list."""

    register: str
    item: ListItem
    code: str
    name: Words


def recipients_of(case: Case, register: str) -> tuple[Recipient, ...]:
    """Return who has to receive it, in the order of the list; nothing where the rule says nothing.

    The lead bodies, judicial organs, bodies that took part and the lower government each by
    themselves; where a line of the list can't be told apart further, it stands for itself.
    """
    step = case.ruleset.steps.get(STEPS[register])
    listing = case.ruleset.lists.get(step.items or "") if step is not None else None
    found: list[Recipient] = []
    for item in listing.items if listing is not None else ():
        if evaluate(item.when, case.view).holds is False:
            continue
        named = dict(_NAMED[item.id](case)) if item.id in _NAMED else {}
        given = named or {item.id: item.label}
        found.extend(Recipient(register, item, code, name) for code, name in given.items())
    return tuple(found)


def _lead(case: Case) -> Iterator[tuple[str, Words]]:
    for body in case.lead.value or ():
        yield body, case.ruleset.bodies[body].label


def _judicial(case: Case) -> Iterator[tuple[str, Words]]:
    listing = case.ruleset.lists.get(_ORGANS)
    for each in listing.items if listing is not None else ():
        yield each.id, each.label


def _participants(case: Case) -> Iterator[tuple[str, Words]]:
    """Everybody's agency who was on the team, but the lead itself."""
    listing = case.ruleset.lists.get(_BODIES)
    labels = {each.id: each.label for each in listing.items} if listing is not None else {}
    for member in case.team:
        if member.item not in labels or member.item in (case.lead.value or ()):
            continue
        name: Words = member.agency or labels[member.item]
        yield f"{member.item}/{member.agency}" if member.agency else member.item, name


def _lower_governments(case: Case) -> Iterator[tuple[str, Words]]:
    """The government of the place, where a higher one investigates."""
    place, tiers = case.division, case.ruleset.tiers
    if place is None or not place.is_government or case.investigating is None:
        return
    if tiers[place.tier].rank < tiers[case.investigating].rank:
        yield place.code, place.label


_NAMED = {
    "lead": _lead,
    "judicial": _judicial,
    "participants": _participants,
    "lower_governments": _lower_governments,
}
