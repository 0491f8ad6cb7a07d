"""Which text is it that was approved, signed or submitted? Its order, its hash, its versions."""

import hashlib
import json
from collections.abc import Iterable, Sequence

from fireinvest.workflow.case import Case
from fireinvest.workflow.items.report import Section
from fireinvest.workflow.registers import Record, choices_of

#: The list of the parts of a report (art 20).
PARTS = "report_parts"

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def in_order(case: Case, records: Iterable[Record], part: str | None = None) -> tuple[Record, ...]:
    """Return the sections of the whole report, or of a part, in the order in which it is read."""
    places = {each.id: place for place, each in enumerate(choices_of(case, PARTS))}

    def place_of(record: Record) -> tuple[int, int, int]:
        values = record.values
        assert isinstance(values, Section)  # noqa: S101 - only these are sorted
        return places.get(values.part or "", len(places)), values.order or 0, record.item

    wanted = [
        each
        for each in records
        if isinstance(each.values, Section) and part in (None, each.values.part)
    ]
    return tuple(sorted(wanted, key=place_of))


def text_hash(sections: Sequence[Record]) -> str:
    """Return the SHA-256 over what the sections say, in the order given.

    A new version that says the same has the same hash: what was signed is the text.
    """
    said = [
        [each.item, each.values.part, each.values.order, each.values.title, each.values.text]
        for each in sections
        if isinstance(each.values, Section)
    ]
    return hashlib.sha256(_ENCODER.encode(said).encode()).hexdigest()


def bound_to(sections: Iterable[Record]) -> str:
    """Return which versions they are: "R1@3 R2@1", to be kept beside a hash."""
    return " ".join(f"{each.mark}@{each.version}" for each in sections)


def versions_in(bound: str | None) -> tuple[tuple[int, int], ...]:
    """Return the items and versions that were written down so."""
    found = []
    for each in (bound or "").split():
        item, _, version = each.removeprefix(Section.PREFIX).partition("@")
        found.append((int(item), int(version)))
    return tuple(found)
