"""How long is the file of a case kept, and what is filed of it? The step of art 24, with one click."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from fireinvest.messages import Problem, Text, Words
from fireinvest.regulation.profile import Item as ListItem
from fireinvest.regulation.profile import PaperKind, Period, Ruleset
from fireinvest.services.archives.documents import RETENTIONS, Document, archive_items
from fireinvest.services.casefile import CaseFile
from fireinvest.workflow.actions import Delivery
from fireinvest.workflow.engine import Action
from fireinvest.workflow.errors import Invalid
from fireinvest.workflow.items.archive import Retention
from fireinvest.workflow.registers import Filing, Record

__all__ = [
    "ARCHIVE",
    "CheckLine",
    "Kept",
    "PaperLine",
    "checklist",
    "default_period",
    "filing_actions",
    "kept",
    "kept_until",
    "missing_of",
    "retention_filing",
]

#: The step by which everything is filed (art 24).
ARCHIVE = "archive"
_ROOM = "档案室"


# ---------------------------------------------------------------------------- the checklist


@dataclass(frozen=True, slots=True)
class PaperLine:
    """A kind of paper that fills an item: the document that counts, None where none is drawn up."""

    kind: PaperKind
    document: Document | None


@dataclass(frozen=True, slots=True)
class CheckLine:
    """An item of what is filed: what there is of it, what isn't there, and whether it was filed.

    ``others``: files of steps and registers. ``filed_on``, ``entry``: of the step by which it was
    filed.
    """

    item: ListItem
    papers: tuple[PaperLine, ...]
    others: tuple[Document, ...]
    filed_on: date | None
    entry: int | None

    @property
    def documents(self) -> tuple[Document, ...]:
        """All that there is of it."""
        drawn = tuple(each.document for each in self.papers if each.document is not None)
        return (*drawn, *self.others)

    @property
    def is_there(self) -> bool:
        """Is there anything of it?"""
        return bool(self.documents)

    @property
    def unsigned(self) -> tuple[PaperLine, ...]:
        """The papers of it that were drawn up, and of which the signed scan isn't there."""
        return tuple(
            each
            for each in self.papers
            if each.document is not None and not each.document.is_signed
        )

    @property
    def is_missing(self) -> bool:
        """Does the rule want it, and there is nothing, nor was it filed on paper?"""
        return not self.item.optional and not self.is_there and self.entry is None

    @property
    def drawn(self) -> tuple[PaperLine, ...]:
        """The papers of it that were drawn up."""
        return tuple(each for each in self.papers if each.document is not None)

    @property
    def not_drawn(self) -> tuple[PaperLine, ...]:
        """The kinds of which there could be a paper, and of which none was drawn up."""
        return tuple(each for each in self.papers if each.document is None)


def checklist(file: CaseFile, documents: Sequence[Document]) -> list[CheckLine]:
    """Return each item of what is filed, and what fills it.

    A rule from before there were such has the list alone.
    """
    step = file.ruleset.steps.get(ARCHIVE)
    done = file.case.done.get(ARCHIVE, ()) if step is not None else ()
    entries = {getattr(each.payload, "item", None): each for each in done}
    lines = []
    for item in archive_items(file):
        of_item = [each for each in documents if each.item == item.id]
        entry = entries.get(item.id)
        papers = tuple(_papers(file, item.id, of_item))
        lines.append(
            CheckLine(
                item,
                papers,
                tuple(each for each in of_item if each.kind is None),
                entry.on if entry is not None else None,
                entry.seq if entry is not None else None,
            )
        )
    return lines


def _papers(file: CaseFile, item: str, documents: Sequence[Document]) -> Iterator[PaperLine]:
    """Each paper that was drawn up, and each kind of which there would be one of the case."""
    for kind in file.ruleset.papers.values():
        drawn = [each for each in documents if each.kind == kind.id]
        yield from (PaperLine(kind, each) for each in drawn)
        if not drawn and kind.archive == item and kind.of.value == "case":
            yield PaperLine(kind, None)


def missing_of(lines: Sequence[CheckLine]) -> list[Words]:
    """Return what the rule wants to be filed and what isn't there."""
    return [each.item.label for each in lines if each.is_missing]


def filing_actions(lines: Sequence[CheckLine], today: date) -> list[Action]:
    """Return the entries by which all that is there and wasn't filed yet is filed."""
    return [
        Action(ARCHIVE, Delivery(each.item.id, _ROOM, _proof(each)), today)
        for each in lines
        if each.is_there and each.entry is None
    ]


def _proof(line: CheckLine) -> str:
    return f"{len(line.documents)}件"


# ---------------------------------------------------------------------------- how long


@dataclass(frozen=True, slots=True)
class Kept:
    """How long a file is kept. ``until``: the last day, None for ever; ``record``: who said so."""

    period: Period
    filed_on: date
    until: date | None
    record: Record

    def is_due(self, today: date) -> bool:
        """Is its time over?"""
        return self.until is not None and self.until < today


def default_period(ruleset: Ruleset, level: str) -> Period | None:
    """Return the period of a case's level, None where the rule names none."""
    return next((each for each in ruleset.periods.values() if level in each.levels), None)


def kept_until(period: Period, filed_on: date) -> date | None:
    """Return the last day of a period, which is counted from the year after the filing."""
    if period.years is None:
        return None
    return date(filed_on.year + period.years, 12, 31)


def kept(file: CaseFile, records: Mapping[str, Sequence[Record]]) -> Kept | None:
    """Return how long a case's file is kept, None while nothing was filed."""
    for record in records.get(RETENTIONS, ()):
        values = record.values
        period = file.ruleset.periods.get(getattr(values, "period", None) or "")
        if isinstance(values, Retention) and period is not None and values.filed_on is not None:
            return Kept(period, values.filed_on, values.until, record)
    return None


def retention_filing(
    file: CaseFile,
    now_kept: Kept | None,
    period: str | None,
    *,
    filed_on: date | None,
    place: str | None,
    why: str | None,
    acting_for: str | None,
    expected_version: int | None = None,
) -> Filing:
    """Return what is written when somebody says how long a file is kept.

    Raises:
        Invalid: when another period than that of the level is chosen without a reason.

    """
    level = file.case.judgement.severity.level.id
    usual = default_period(file.ruleset, level)
    chosen = file.ruleset.periods.get(period or "")
    before = now_kept.period if now_kept is not None else usual
    if chosen is not None and chosen != before and not why:
        text = Text("Another period than before needs a reason.")
        raise Invalid([Problem("why", text, str(chosen.basis))])
    until = None
    if chosen is not None and filed_on is not None:
        until = kept_until(chosen, filed_on)
    values = Retention(period, filed_on, until, place, why)
    if now_kept is None:
        return Filing(RETENTIONS, values, acting_for=acting_for)
    record = now_kept.record
    if not why and isinstance(record.values, Retention):
        values = replace(values, why=record.values.why)
    return Filing(
        RETENTIONS, values, record.item,
        record.version if expected_version is None else expected_version, why, acting_for,
        record.attachments,
    )  # fmt: skip
