"""What is missing, as a list reads: the lines of one list of the law stand together."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from fireinvest.messages import Label, Text, Words
from fireinvest.regulation.basis import Citation
from fireinvest.regulation.profile import Ruleset
from fireinvest.workflow.engine import Missing


@dataclass(frozen=True)
class Gap:
    """Something that is missing, with its article, which lines of it, and by which step it comes."""

    citation: Citation
    what: Words
    items: list[Words]
    step: str | None


def gaps_of(
    ruleset: Ruleset, missing: Iterable[Missing], name: Callable[[str], str] = str
) -> list[Gap]:
    """Return what is missing in the rule's order. ``name`` tells how a member is called."""
    rows: dict[tuple[object, ...], list[Missing]] = {}
    for each in missing:
        step = ruleset.steps.get(each.step or "")
        listed = step is not None and step.items is not None and _item(each) is not None
        key = (each.step, each.citation.instrument) if listed else (each.step, each.what)
        rows.setdefault(key, []).append(each)
    gaps = []
    for row in rows.values():
        first, step = row[0], ruleset.steps.get(row[0].step or "")
        items = [item for item in map(_item, row) if item is not None]
        if step is None or not items:
            gaps.append(Gap(first.citation, first.what, [], first.step))
            continue
        places = {each.citation for each in row}
        basis = step.basis if len(places) > 1 else first.citation
        shown = [name(item) if isinstance(item, str) else item for item in items]
        gaps.append(Gap(basis, step.label, shown, step.id))
    return gaps


def _item(each: Missing) -> Words | None:
    """Which line of a list is missing, where the words name one?"""
    item = dict(each.what.values).get("item") if isinstance(each.what, Text) else None
    return item if isinstance(item, Text | Label | str) else None
