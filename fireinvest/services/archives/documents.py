"""Which documents does the file of a case hold? Its papers, and the files of entries and items.

Each is one of the items of what is filed (art 24), as the rule's profile says.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from enum import StrEnum

from fireinvest.china import CHINA
from fireinvest.documents.binding import PICTURES
from fireinvest.messages import Text, Words
from fireinvest.regulation.condition import evaluate
from fireinvest.regulation.profile import ARCHIVE_FILE, Issuer, Ruleset
from fireinvest.regulation.profile import Item as ListItem
from fireinvest.services.casefile import CaseFile
from fireinvest.store import Session
from fireinvest.store.records import items_of
from fireinvest.workflow.actions import Attachment, Shape
from fireinvest.workflow.items import ITEMS
from fireinvest.workflow.items.base import Item
from fireinvest.workflow.items.papers import PAPERS, OfficialPaper
from fireinvest.workflow.registers import Record, record_reader, restrictions_of

__all__ = [
    "ARRANGEMENTS",
    "LENDINGS",
    "RETENTIONS",
    "VOLUMES",
    "WORD",
    "Document",
    "Form",
    "archive_items",
    "case_records",
    "documents_of",
]

ARRANGEMENTS, VOLUMES = "arrangements", "volumes"
RETENTIONS, LENDINGS = "retentions", "lendings"
#: What the archive itself writes is no part of the file.
_OWN = frozenset({ARRANGEMENTS, VOLUMES, RETENTIONS, LENDINGS})

PDF = "application/pdf"
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

#: So many digits of a hash tell the files of one item apart.
_DIGITS = 16


class Form(StrEnum):
    """How does a file become pages: as it is, one picture per page, printed, or not at all?"""

    PDF = "pdf"
    PICTURE = "picture"
    WORD = "word"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Document:
    """A document of a file.

    ``key``: names it as long as its content is the same. ``item``: as what it is filed. ``kind``:
    of an official paper. ``is_signed``: its signed scan is there. ``restrictions``: as what it is
    kept from most readers of the case.
    """

    key: str
    item: str
    on: date
    title: Words
    number: str
    author: Words
    attachment: Attachment
    restrictions: frozenset[str]
    source: Words
    kind: str | None = None
    is_signed: bool = False

    @property
    def form(self) -> Form:
        """How it becomes pages."""
        kind = self.attachment.media_type
        if kind == PDF:
            return Form.PDF
        if kind in PICTURES:
            return Form.PICTURE
        return Form.WORD if kind == WORD else Form.OTHER


def archive_items(file: CaseFile) -> tuple[ListItem, ...]:
    """Return the items of what is filed that this case can have, in the order of art 24."""
    listing = file.ruleset.lists.get(ARCHIVE_FILE)
    items = listing.items if listing is not None else ()
    return tuple(each for each in items if evaluate(each.when, file.case.view).holds is not False)


def case_records(session: Session, file: CaseFile) -> dict[str, list[Record]]:
    """Return all items of the case's registers that count and that its reader may read."""
    known = [name for name in file.ruleset.registers if name in ITEMS]
    may_read = record_reader(file.actor, file.case, file.ref.number)
    found = items_of(session, file.ref.id, known)
    return {name: [each for each in rows if may_read(each)] for name, rows in found.items()}


def documents_of(
    file: CaseFile,
    records: Mapping[str, Sequence[Record]],
    issuer: Callable[[Issuer], Words],
) -> list[Document]:
    """Return the documents of a case that its reader may read, in no order of theirs.

    ``records``: its registers. ``issuer``: how those are called who issue papers.
    """
    items = archive_items(file)
    if not items:
        return []
    fills = _Fills(file.ruleset, {each.id for each in items}, items[-1].id)
    return [
        *_of_papers(file, records.get(PAPERS, ()), fills, issuer),
        *_of_entries(file, fills),
        *_of_records(file, records, fills),
    ]


@dataclass(frozen=True, slots=True)
class _Fills:
    """Which item of what is filed do files count as? ``rest``: whatever nothing else names."""

    ruleset: Ruleset
    known: Collection[str]
    rest: str

    def _one(self, item: str | None) -> str:
        return item if item in self.known and item is not None else self.rest

    def paper(self, kind: str | None) -> str:
        found = self.ruleset.papers.get(kind or "")
        return self._one(found.archive if found is not None else None)

    def step(self, step: str) -> str:
        filings = self.ruleset.filings.values()
        return self._one(next((each.id for each in filings if step in each.steps), None))

    def register(self, register: str) -> str:
        filings = self.ruleset.filings.values()
        return self._one(next((each.id for each in filings if register in each.registers), None))


def _of_papers(
    file: CaseFile, papers: Iterable[Record], fills: _Fills, issuer: Callable[[Issuer], Words]
) -> Iterator[Document]:
    """Of each paper the copy that counts: the signed scan before the draft."""
    for record in papers:
        values = record.values
        if not isinstance(values, OfficialPaper):
            continue
        kind = file.ruleset.papers.get(values.kind or "")
        held = {each.sha256: each for each in record.attachments}
        counts = held.get(values.counts or "")
        if counts is None:
            continue
        yield Document(
            key=f"{PAPERS}:{record.item}",
            item=fills.paper(values.kind),
            on=values.signed_on or values.drawn_on or _written_on(record),
            title=values.title or "",
            number=values.document_no or "",
            author=issuer(kind.issued_by) if kind is not None else "",
            attachment=counts,
            restrictions=restrictions_of(file.ruleset, record),
            source=f"{PAPERS} {record.mark}",
            kind=values.kind,
            is_signed=values.scan is not None,
        )


def _of_entries(file: CaseFile, fills: _Fills) -> Iterator[Document]:
    for entry in file.case.entries:
        if not entry.attachments or not file.may_read(entry):
            continue
        step = file.ruleset.steps.get(entry.step)
        label: Words = step.label if step is not None else entry.step
        for each in entry.attachments:
            yield Document(
                key=f"entry:{entry.seq}:{each.sha256[:_DIGITS]}",
                item=fills.step(entry.step),
                on=entry.on,
                title=Text("%(what)s: %(file)s", what=label, file=_stem(each.name)),
                number=getattr(entry.payload, "document_no", None) or "",
                author=file.name(entry.acting_for or entry.actor),
                attachment=each,
                restrictions=file.case.restrictions.get(entry.seq, frozenset()),
                source=Text("entry %(seq)s", seq=entry.seq),
            )


def _of_records(
    file: CaseFile, records: Mapping[str, Sequence[Record]], fills: _Fills
) -> Iterator[Document]:
    for name, rows in records.items():
        if name in _OWN or name == PAPERS:
            continue
        one = file.ruleset.registers[name].one
        for record in rows:
            for each in record.attachments:
                called = f"{record.mark} {record.values.called}".strip()
                yield Document(
                    key=f"{name}:{record.item}:{each.sha256[:_DIGITS]}",
                    item=fills.register(name),
                    on=_day_of(record.values) or _written_on(record),
                    title=Text(
                        "%(one)s %(called)s: %(file)s",
                        one=one, called=called, file=_stem(each.name),
                    ),
                    number=getattr(record.values, "document_no", None) or "",
                    author=file.name(record.acting_for or record.actor),
                    attachment=each,
                    restrictions=restrictions_of(file.ruleset, record),
                    source=f"{name} {record.mark}",
                )  # fmt: skip


def _day_of(item: Item) -> date | None:
    """The first of its days on which something had happened."""
    days = (
        getattr(item, each.name)
        for each in fields(item)
        if each.metadata["shape"] in (Shape.DAY, Shape.MOMENT) and not each.metadata["ahead"]
    )
    found = next((each for each in days if each is not None), None)
    if found is None:
        return None
    moment = getattr(found, "astimezone", None)
    day: date = found if moment is None else moment(CHINA).date()
    return day


def _written_on(record: Record) -> date:
    return record.recorded_at.astimezone(CHINA).date()


def _stem(name: str) -> str:
    stem, dot, _ending = name.rpartition(".")
    return stem if dot else name
