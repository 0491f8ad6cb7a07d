"""How many died, were badly hurt or are missing, day by day, as the list of casualties has it.

A person counts from the real day on which it was so: who was badly hurt and died later is badly hurt
until the day of death, and dead from it (Decree 493 art 13).
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from fireinvest.workflow.actions import Figures
from fireinvest.workflow.case import Case
from fireinvest.workflow.engine import Action
from fireinvest.workflow.items.casualties import DEAD, MISSING, SERIOUS, Casualty, Counted

#: The step by which the figures of a case change (art 8(1)).
STEP = "update_figures"

#: What is on record of a person, the earliest version first.
Versions = Sequence[Casualty]


def outcome_on(versions: Versions, on: date) -> str | None:
    """Return how it was with a person on a day; None before anything was known of them.

    Nobody lives again: a death that a later version doesn't have, or has on another day, was a
    mistake.
    """
    kept = [each for each in versions[:-1] if each.outcome != DEAD]
    found = None
    for each in (*kept, *versions[-1:]):
        if each.counts_from is not None and each.counts_from <= on:
            found = each.outcome
    return found


def counted_on(people: Iterable[Versions], on: date) -> Counted:
    """Return the counts of a list as they were on a day."""
    outcomes = [outcome_on(versions, on) for versions in people]
    return Counted(outcomes.count(DEAD), outcomes.count(SERIOUS), outcomes.count(MISSING))


def known_on(case: Case, on: date) -> Counted:
    """Return what the case's own figures said on a day; what wasn't known counts as none."""
    facts = case.opening_facts
    found = {
        "deaths": facts.deaths,
        "serious_injuries": facts.serious_injuries,
        "missing": facts.missing,
    }
    for entry in case.entries:
        if isinstance(entry.payload, Figures) and entry.on <= on:
            news = {name: getattr(entry.payload, name) for name in found}
            found |= {name: value for name, value in news.items() if value is not None}
    return Counted(found["deaths"] or 0, found["serious_injuries"] or 0, found["missing"] or 0)


def _total(counted: Counted) -> int:
    return counted.deaths + counted.serious_injuries + counted.missing


def _days(people: Iterable[Versions], entered: Iterable[date]) -> list[date]:
    """The days on which something changes: by the list, and by figures entered otherwise."""
    by_list = {
        each.counts_from for versions in people for each in versions if each.counts_from is not None
    }
    first = min(by_list, default=date.max)
    return sorted(by_list | {day for day in entered if day >= first})


def figures_of(case: Case, people: Sequence[Versions]) -> Iterator[Action]:
    """Yield the figures that a whole list gives, each on its real day, where the case says else.

    Figures are totals: those that were entered for a later day are told anew as well.
    """
    entered = {each.on for each in case.entries if isinstance(each.payload, Figures)}
    said: Counted | None = None
    for day in _days(people, entered):
        counted = counted_on(people, day)
        known = known_on(case, day) if said is None or day in entered else said
        if counted != known:
            yield _action(counted, day)
        if counted != known or said is not None:
            said = counted


def _action(counted: Counted, on: date) -> Action:
    payload = Figures(
        counted.deaths, counted.serious_injuries, counted.missing, source="伤亡人员登记"
    )
    return Action(STEP, payload, on)


def figures_after(
    case: Case, people: Sequence[Versions], changed: Sequence[Versions]
) -> Iterator[Action]:
    """Yield the figures that follow by themselves from what was just written into the list.

    Where the list has as many people as the figures, or more, it is the whole: its counts hold. A
    list that is still being written has fewer; then only a change of somebody who was counted
    already moves them from one count to the other. It never lowers how many there are in all.
    """
    days = [each.counts_from for versions in changed for each in versions[-1:]]
    last = max((day for day in days if day is not None), default=None)
    if last is None:
        return
    entered = {each.on for each in case.entries if isinstance(each.payload, Figures)}
    end = max([last, *entered])
    if _total(counted_on(people, end)) >= _total(known_on(case, end)):
        yield from figures_of(case, people)
        return
    for day in sorted({last, *(each for each in entered if each > last)}):
        known = known_on(case, day)
        moved = _moved(known, changed, day)
        if moved != known:
            yield _action(moved, day)


def _moved(known: Counted, changed: Iterable[Versions], on: date) -> Counted:
    """The figures after those who were counted one way are counted another."""
    counts = {
        DEAD: known.deaths,
        SERIOUS: known.serious_injuries,
        MISSING: known.missing,
    }
    for versions in changed:
        before, after = outcome_on(versions[:-1], on), outcome_on(versions, on)
        if before == after or before is None:
            continue
        if counts.get(before, 0) > 0:
            counts[before] -= 1
        if after in counts:
            counts[after] += 1
    return Counted(counts[DEAD], counts[SERIOUS], counts[MISSING])
