"""Which fact leads to which cause, responsibility and measure, and what hangs in the air?

The chain goes from fact over cause and responsibility to measure; each fact rests on evidence.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from fireinvest.workflow.items.inquiry import ChainNode, LineFinding
from fireinvest.workflow.registers import Record

#: What is told of a piece of evidence that nothing names.
UNUSED = "unused"


@dataclass(frozen=True, slots=True)
class Row:
    """A fact, with what follows from it: the nodes of each later sort, in the order of sorts."""

    fact: Record
    following: tuple[tuple[Record, ...], ...]


@dataclass(frozen=True, slots=True)
class Orphan:
    """What has nothing to rest on: a node, by its sort, or evidence that nothing uses."""

    kind: str
    record: Record


@dataclass(frozen=True, slots=True)
class Matrix:
    """The chains of a case. ``loose``: nodes that no chain from a fact reaches."""

    rows: tuple[Row, ...]
    loose: tuple[Record, ...]
    orphans: tuple[Orphan, ...]


def matrix_of(
    sorts: Sequence[str],
    nodes: Iterable[Record],
    evidence: Iterable[Record],
    findings: Iterable[Record] = (),
) -> Matrix:
    """Return the chains of a case; ``sorts``: of nodes, from the fact to the measure.

    All records are those that count; what they name beyond these is gone, and bears nothing.
    """
    by_sort: dict[str, list[Record]] = {each: [] for each in sorts}
    for record in nodes:
        if isinstance(record.values, ChainNode) and record.values.sort in by_sort:
            by_sort[record.values.sort].append(record)
    pieces = list(evidence)
    there = {each.item for each in pieces}
    used = {
        number
        for record in [*(each for part in by_sort.values() for each in part), *findings]
        if isinstance(record.values, ChainNode | LineFinding)
        for number in record.values.evidence or ()
    }
    bases = _bases(sorts, by_sort)
    rows = []
    reached: set[int] = set()
    first = sorts[0] if sorts else ""
    for fact in by_sort.get(first, ()):
        level = {fact.item}
        following = []
        for sort in sorts[1:]:
            step = tuple(each for each in by_sort[sort] if bases[each.item] & level)
            following.append(step)
            level = {each.item for each in step}
            reached |= level
        rows.append(Row(fact, tuple(following)))
    later = [each for sort in sorts[1:] for each in by_sort[sort]]
    orphans = [
        *(
            Orphan(first, each)
            for each in by_sort.get(first, ())
            if not there & set(getattr(each.values, "evidence", None) or ())
        ),
        *(Orphan(getattr(each.values, "sort", ""), each) for each in later if not bases[each.item]),
        *(Orphan(UNUSED, each) for each in pieces if each.item not in used),
    ]
    loose = tuple(each for each in later if each.item not in reached)
    return Matrix(tuple(rows), loose, tuple(orphans))


def _bases(
    sorts: Sequence[str], by_sort: Mapping[str, Collection[Record]]
) -> dict[int, frozenset[int]]:
    """On which nodes of the sort before it does each node rest?"""
    found: dict[int, frozenset[int]] = {}
    for place, sort in enumerate(sorts):
        before = {each.item for each in by_sort[sorts[place - 1]]} if place else set()
        for record in by_sort[sort]:
            named = getattr(record.values, "before", None) or ()
            found[record.item] = frozenset(before & set(named))
    return found
