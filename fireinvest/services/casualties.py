"""Casualties and losses of a case: how the lists feed the figures by which the level is told.

A death counts by its own date, whatever day it was written down (Decree 493 art 13).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from fireinvest.services.cases import Loaded
from fireinvest.store import Session
from fireinvest.store import records as store
from fireinvest.workflow.actions import Figures
from fireinvest.workflow.case import Case
from fireinvest.workflow.casualty_counts import (
    STEP,
    Versions,
    counted_on,
    figures_after,
    known_on,
)
from fireinvest.workflow.engine import Action
from fireinvest.workflow.items.casualties import FINAL, Casualty, Loss
from fireinvest.workflow.registers import Record

__all__ = [
    "CASUALTIES",
    "Sums",
    "differs",
    "figures_of_losses",
    "follow_casualties",
    "people_of",
    "sums_of",
]

#: The register of casualties.
CASUALTIES = "casualties"
_PROPERTY = "property"


def people_of(session: Session, case_id: int) -> dict[int, Versions]:
    """Return the casualties of a case that count, by number, with all of their versions."""
    found: dict[int, list[Record]] = {}
    for each in store.versions_of_register(session, case_id, CASUALTIES):
        found.setdefault(each.item, []).append(each)
    return {
        item: [each.values for each in versions if isinstance(each.values, Casualty)]
        for item, versions in found.items()
        if not versions[-1].is_withdrawn
    }


def differs(case: Case, people: Sequence[Versions], today: date) -> bool:
    """Do the list and the figures of the case say something else?"""
    return bool(people) and counted_on(people, today) != known_on(case, today)


def follow_casualties(
    session: Session, loaded: Loaded, records: Sequence[Record]
) -> Iterator[Action]:
    """Yield the figures that follow by themselves from what was written into the list."""
    people = people_of(session, loaded.ref.id)
    written = {each.item for each in records}
    changed = [versions for item, versions in people.items() if item in written]
    yield from figures_after(loaded.case, list(people.values()), changed)


@dataclass(frozen=True, slots=True)
class Sums:
    """The losses of a stage in fen: of property, and of everything."""

    stage: str
    property_fen: int
    whole_fen: int


def sums_of(losses: Iterable[Record], stages: Iterable[str]) -> list[Sums]:
    """Return the sums of each stage, in the stages' order."""
    found = [each.values for each in losses if isinstance(each.values, Loss)]
    sums = []
    for stage in stages:
        mine = [each for each in found if each.stage == stage]
        of_property = sum(each.amount or 0 for each in mine if each.kind == _PROPERTY)
        sums.append(Sums(stage, of_property, sum(each.amount or 0 for each in mine)))
    return sums


def figures_of_losses(records: Iterable[Record]) -> Iterator[Action]:
    """Yield the figures that the losses as finally settled give."""
    final = [
        each.values
        for each in records
        if isinstance(each.values, Loss) and each.values.stage == FINAL
    ]
    days = [each.on for each in final if each.on is not None]
    if days:
        (sums,) = sums_of(records, [FINAL])
        payload = Figures(
            direct_economic_loss=sums.whole_fen,
            direct_property_loss=sums.property_fen,
            source="损失核定",
        )
        yield Action(STEP, payload, max(days))
