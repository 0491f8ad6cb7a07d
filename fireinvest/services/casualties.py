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
from fireinvest.workflow.engine import Action
from fireinvest.workflow.items.casualties import (
    FINAL,
    Casualty,
    Counted,
    Loss,
    count_casualties,
)
from fireinvest.workflow.registers import Record

__all__ = [
    "Sums",
    "casualties_in",
    "differs",
    "figures_of_casualties",
    "figures_of_losses",
    "follow_casualties",
    "sums_of",
]

#: The step by which the figures of a case change (art 8(1)).
_FIGURES = "update_figures"
_PROPERTY = "property"


def casualties_in(records: Iterable[Record]) -> list[Casualty]:
    """Return the casualties that the records hold."""
    return [each.values for each in records if isinstance(each.values, Casualty)]


def _known(case: Case) -> Counted:
    """What the case's own figures say; what isn't known counts as none."""
    facts = case.facts
    return Counted(facts.deaths or 0, facts.serious_injuries or 0, facts.missing or 0)


def differs(case: Case, casualties: Sequence[Casualty]) -> bool:
    """Do the list and the figures of the case say something else?"""
    return bool(casualties) and count_casualties(casualties) != _known(case)


def follow_casualties(
    session: Session, loaded: Loaded, records: Sequence[Record]
) -> Iterator[Action]:
    """Yield new figures where the list now names more people than the figures know.

    A list that is being written names fewer; that never lowers the figures by itself.
    """
    found = store.items_of(session, loaded.ref.id, ["casualties"])["casualties"]
    listed = casualties_in(found)
    whole, known = count_casualties(listed), _known(loaded.case)
    if whole.deaths <= known.deaths and whole.serious_injuries <= known.serious_injuries:
        return
    changed = [each.counts_from for each in casualties_in(records) if each.counts_from is not None]
    if not changed:
        return
    more = Counted(
        max(whole.deaths, known.deaths),
        max(whole.serious_injuries, known.serious_injuries),
        max(whole.missing, known.missing),
    )
    yield from _figures(loaded.case, more, listed, max(changed))


def figures_of_casualties(case: Case, casualties: Sequence[Casualty]) -> Iterator[Action]:
    """Yield the figures that a whole list gives, up or down."""
    days = [each.counts_from for each in casualties if each.counts_from is not None]
    if days:
        yield from _figures(case, count_casualties(casualties), casualties, max(days))


def _figures(
    case: Case, counted: Counted, casualties: Sequence[Casualty], on: date
) -> Iterator[Action]:
    """On the day from which the last one counts; and anew on the day of later figures.

    Figures are totals: those of a later day would otherwise say less again.
    """
    later = [each.on for each in case.recorded.get(_FIGURES, ()) if each.on > on]
    by_then = count_casualties(casualties, on) if later else counted
    yield Action(_FIGURES, _payload(by_then), on)
    if later:
        yield Action(_FIGURES, _payload(counted), max(later))


def _payload(counted: Counted) -> Figures:
    return Figures(counted.deaths, counted.serious_injuries, counted.missing, source="伤亡人员登记")


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
        yield Action(_FIGURES, payload, max(days))
