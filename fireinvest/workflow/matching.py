"""Does a member of the team match a party of the fire? By number or name; a person decides (art 7).

That somebody has the same identity number, telephone or unit as a party speaks for a ground of
recusal; the same name alone is only a hint.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from fireinvest.workflow.items.people import Party, keys_of
from fireinvest.workflow.items.team import MatchDecision, RosterLine
from fireinvest.workflow.registers import Record

_NAME = "name"


@dataclass(frozen=True, slots=True)
class Somebody:
    """A member as they are compared: under which name they are written down, and their keys."""

    person: str
    keys: frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Match:
    """A member and a party that have something in common. ``by``: the sorts of keys."""

    person: str
    party: Record
    by: tuple[str, ...]
    decision: Record | None = None

    @property
    def is_weak(self) -> bool:
        """Is it the name alone?"""
        return self.by == (_NAME,)


def members_of(names: Iterable[tuple[str, str]], roster: Iterable[Record]) -> list[Somebody]:
    """Return everybody who is compared: members by their names, and what the roster adds.

    ``names``: each member as the journal has them, and how they are called.
    """
    found: dict[str, set[tuple[str, str]]] = {}
    for person, name in names:
        found.setdefault(person, set()).update(keys_of(name, None, None, None))
    for record in roster:
        line = record.values
        if isinstance(line, RosterLine) and line.person is not None:
            found.setdefault(line.person, set()).update(line.keys())
    return [Somebody(person, frozenset(keys)) for person, keys in found.items()]


def matches_of(
    members: Iterable[Somebody], parties: Iterable[Record], decided: Iterable[Record]
) -> list[Match]:
    """Return each member with each party that they match, with the decision on it, if any.

    A decision holds for what it was taken on: once another number matches too, it is asked anew.
    """
    by_key: dict[tuple[str, str], list[Record]] = {}
    for record in parties:
        if isinstance(record.values, Party):
            keys = record.values.keys()
            for key in keys:
                by_key.setdefault(key, []).append(record)
    decisions = list(decided)
    found = []
    for member in members:
        sorts: dict[int, set[str]] = {}
        records: dict[int, Record] = {}
        for key in member.keys:
            for record in by_key.get(key, ()):
                sorts.setdefault(record.item, set()).add(key[0])
                records[record.item] = record
        for item in sorted(records):
            by = tuple(sorted(sorts[item]))
            decision = next(_decisions(decisions, member.person, item, by), None)
            found.append(Match(member.person, records[item], by, decision))
    return sorted(found, key=lambda each: (each.decision is not None, each.is_weak))


def _decisions(
    decided: Iterable[Record], person: str, item: int, by: tuple[str, ...]
) -> Iterator[Record]:
    for record in decided:
        values = record.values
        if not isinstance(values, MatchDecision) or values.person != person:
            continue
        if item in (values.party or ()) and set(by) <= set(values.by or ()):
            yield record
