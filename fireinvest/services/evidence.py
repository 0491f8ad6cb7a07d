"""The evidence of a case: found, followed through hands, checked, and where it is used (art 14)."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime

from fireinvest.gateways.blobs import Blobs
from fireinvest.services.files import FileLost, FileState, open_attachment, verify_blob
from fireinvest.services.log import Act, Noted, note
from fireinvest.store import Database, Session
from fireinvest.store import records as store
from fireinvest.store.access import NOWHERE, From, Made, last_noted
from fireinvest.workflow.actions import Attachment, Shape
from fireinvest.workflow.items import ITEMS
from fireinvest.workflow.items.base import references_of
from fireinvest.workflow.items.evidence import RECEIVER, Custody, Evidence
from fireinvest.workflow.registers import Record

__all__ = [
    "NAMING",
    "WHOLE",
    "OwnReceipt",
    "Wanted",
    "check_file",
    "checks_of",
    "found_among",
    "own_receipts",
    "uses_of",
]

#: The registers whose items can name evidence.
NAMING: tuple[str, ...] = tuple(
    name
    for name, cls in ITEMS.items()
    if any(
        each.metadata["shape"] is Shape.REFERENCES and each.metadata["of"] == "evidence"
        for each in fields(cls)
    )
)
#: What a check says of a file that is as it was when it came.
WHOLE = "whole"

#: How many receipts a desk shows.
_MOST_RECEIPTS = 50


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which pieces of evidence are asked for; what is empty leaves all."""

    kind: str = ""
    person: str = ""
    text: str = ""


def found_among(records: Iterable[Record], wanted: Wanted) -> list[Record]:
    """Return the pieces of evidence that are asked for, in their order."""
    person, text = wanted.person.casefold().strip(), wanted.text.casefold().strip()
    return [
        each
        for each in records
        if isinstance(each.values, Evidence)
        and (not wanted.kind or each.values.kind == wanted.kind)
        and (not person or person in _people(each.values))
        and (not text or text in _texts(each))
    ]


def _people(item: Evidence) -> str:
    return "\n".join(filter(None, (item.taken_by, item.taken_with, item.witness))).casefold()


def _texts(record: Record) -> str:
    texts = [getattr(record.values, each.name) for each in fields(record.values)]
    names = [each.name for each in record.attachments]
    return "\n".join([record.mark, *(t for t in texts if isinstance(t, str)), *names]).casefold()


def uses_of(records: Mapping[str, Iterable[Record]], item: int) -> list[Record]:
    """Return the items that name a piece of evidence, of those registers that can."""
    return [
        each
        for name in NAMING
        for each in records.get(name, ())
        if item in references_of(each.values).get("evidence", frozenset())
    ]


# ---------------------------------------------------------------------------- files


def _checked(record: Record, attachment: Attachment) -> str:
    return f"{record.register} {record.mark} {attachment.sha256}"


def check_file(
    database: Database,
    blobs: Blobs,
    case_id: int,
    record: Record,
    place: int,
    *,
    person: str,
    acting_for: str | None,
    now: datetime,
    origin: From = NOWHERE,
) -> str:
    """Read a file of an item as a whole, compare its hash, and write down what came of it.

    Returns ``WHOLE``, or what is wrong as in ``FileState``.
    """
    attachment = record.attachments[place]
    state = WHOLE
    try:
        open_attachment(blobs, attachment).close()
    except FileLost:
        state = FileState.MISSING.value
    else:
        if not verify_blob(blobs, attachment):
            state = FileState.CHANGED.value
    noted = Noted(
        person, Act.CHECKED, case_id, _checked(record, attachment), acting_for, origin.address
    )
    note(database, noted, now=now, origin=origin, new={"state": state})
    return state


def checks_of(session: Session, case_id: int, record: Record) -> dict[str, Made]:
    """Return the last check of each file of an item, by its SHA-256."""
    if not record.attachments:
        return {}
    items = {_checked(record, each): each.sha256 for each in record.attachments}
    found = last_noted(session, Act.CHECKED, case_id, items)
    return {items[item]: made for item, made in found.items()}


# ---------------------------------------------------------------------------- receipts


@dataclass(frozen=True, slots=True)
class OwnReceipt:
    """A hand-over that waits for somebody's receipt, with the number of its case."""

    number: str
    record: Record
    move: Custody


def own_receipts(session: Session, people: Collection[str]) -> list[OwnReceipt]:
    """Return the hand-overs that wait for a receipt by these people, the oldest first.

    In two queries. Whether they may see the case is for whoever shows it. What is restricted is
    left out.
    """
    found = store.find_keys(session, [(RECEIVER, each) for each in people], size=_MOST_RECEIPTS)
    numbers = {each.case_id: each.number for each in found}
    wanted = [(each.case_id, each.register, each.item) for each in found]
    waiting = [
        OwnReceipt(numbers[case_id], record, record.values)
        for case_id, record in store.items_at(session, wanted)
        if isinstance(record.values, Custody) and record.restriction is None
    ]
    return sorted(waiting, key=lambda each: (each.record.recorded_at, each.number))
