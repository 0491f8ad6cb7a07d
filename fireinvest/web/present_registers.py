"""How are items of registers shown? Their fields in words, what differs, and how they are called."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal

from fireinvest.documents import tables
from fireinvest.documents.tables import Cell, Column
from fireinvest.messages import Text, Words
from fireinvest.regulation.profile import Ruleset
from fireinvest.services.casefile import CaseFile
from fireinvest.services.wording import worded
from fireinvest.workflow.actions import Attachment, Shape
from fireinvest.workflow.items import ITEMS
from fireinvest.workflow.items.base import list_of
from fireinvest.workflow.merging import changes, sentences
from fireinvest.workflow.registers import MASKED, Record, masked, restrictions_of


@dataclass(frozen=True, slots=True)
class ValueView:
    """A field of an item in words. ``links``: the items that it names, by register and number.

    ``is_masked``: it is shown in part.
    """

    name: str
    label: Words
    value: Words
    is_long: bool = False
    is_masked: bool = False
    links: tuple[tuple[str, int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class RecordView:
    """An item as lists and its page show it; of one that may not be read, only that it is there."""

    record: Record
    is_hidden: bool
    restrictions: tuple[Words, ...]
    mark: str
    title: str
    values: tuple[ValueView, ...]
    actor: str
    acting_for: str | None
    attachments: tuple[Attachment, ...]

    def value(self, name: str) -> ValueView | None:
        """Return one of its fields, None where it says nothing."""
        return next((each for each in self.values if each.name == name), None)


def record_view(
    file: CaseFile, record: Record, *, may_read: bool, revealed: bool = False
) -> RecordView:
    """Return an item in words. ``revealed``: with the numbers of people in full."""
    ruleset = file.ruleset
    names = restrictions_of(ruleset, record)
    known = ruleset.restrictions
    return RecordView(
        record,
        not may_read,
        tuple(known[each].label if each in known else each for each in sorted(names)),
        record.mark,
        record.values.called if may_read else "",
        tuple(value_views(ruleset, record, revealed=revealed)) if may_read else (),
        file.name(record.actor),
        file.name(record.acting_for) if record.acting_for else None,
        record.attachments if may_read else (),
    )


def value_views(ruleset: Ruleset, record: Record, *, revealed: bool = False) -> Iterator[ValueView]:
    """Yield the fields of an item that say something, in their order."""
    item = record.values
    for each in fields(item):
        value = getattr(item, each.name)
        if value is None:
            continue
        shape, of = each.metadata["shape"], list_of(item, each)
        links: tuple[tuple[str, int, str], ...] = ()
        if shape is Shape.REFERENCES:
            links = tuple(
                (of or "", number, f"{ITEMS[of or ''].PREFIX}{number}") for number in value
            )
        hides = shape in MASKED and not revealed
        yield ValueView(
            each.name,
            each.metadata["label"],
            masked(value) if hides else worded(ruleset, shape, of, value),
            shape is Shape.LONG_TEXT or each.metadata["longest"] is not None,
            hides,
            links,
        )


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs in a field between two versions: each part, and whether it went or came."""

    label: Words
    old: Words | None
    new: Words | None
    parts: tuple[tuple[str, str], ...] = ()


def differences(ruleset: Ruleset, old: Record, new: Record) -> list[Difference]:
    """Return the fields that differ between two versions of an item; long texts by their lines."""
    before = {each.name: each for each in value_views(ruleset, old)}
    after = {each.name: each for each in value_views(ruleset, new)}
    found = []
    for each in fields(new.values):
        was, now = getattr(old.values, each.name), getattr(new.values, each.name)
        if was == now:
            continue
        one, other = before.get(each.name), after.get(each.name)
        is_long = any(view is not None and view.is_long for view in (one, other))
        found.append(
            Difference(
                each.metadata["label"],
                one.value if one is not None else None,
                other.value if other is not None else None,
                tuple(text_parts(str(was or ""), str(now or ""))) if is_long else (),
            )
        )
    return found


def text_parts(old: str, new: str) -> Iterator[tuple[str, str]]:
    """Yield the parts of two texts in reading order, each as "same", "old" or "new".

    By sentences first, and within those that were changed by their pieces.
    """
    was = sentences(old)
    done = 0
    for each in changes(was, sentences(new)):
        yield from _part("same", was[done : each.start])
        before, after = _pieces("".join(was[each.start : each.end])), _pieces("".join(each.by))
        at = 0
        for one in changes(before, after):
            yield from _part("same", before[at : one.start])
            yield from _part("old", before[one.start : one.end])
            yield from _part("new", one.by)
            at = one.end
        yield from _part("same", before[at:])
        done = each.end
    yield from _part("same", was[done:])


def _part(tag: str, pieces: Iterable[str]) -> Iterator[tuple[str, str]]:
    text = "".join(pieces)
    if text:
        yield tag, text


def _pieces(text: str) -> list[str]:
    """Sentences and lines: Chinese has no blanks between words."""
    pieces: list[str] = []
    begun = ""
    for each in text:
        begun += each
        if each in "\n。；;！!？?，,":
            pieces.append(begun)
            begun = ""
    return [*pieces, begun] if begun else pieces


#: How the cells of an Excel file hold the fields of a shape, and how wide they are.
_CELLS: Mapping[Shape, tuple[tables.Shape, float]] = {
    Shape.DAY: (tables.Shape.DATE, 12),
    Shape.MOMENT: (tables.Shape.INSTANT, 20),
    Shape.COUNT: (tables.Shape.NUMBER, 10),
    Shape.AREA: (tables.Shape.NUMBER, 10),
    Shape.DAYS: (tables.Shape.NUMBER, 10),
    Shape.FEN: (tables.Shape.MONEY, 16),
    Shape.LONG_TEXT: (tables.Shape.TEXT, 50),
}
_FEN_IN_YUAN = 100


def column_of(register: str, name: str, say: Callable[[Words], str]) -> Column:
    """Return the column of a field in an Excel file; amounts are in yuan."""
    found = next(each for each in fields(ITEMS[register]) if each.name == name)
    shape, width = _CELLS.get(found.metadata["shape"], (tables.Shape.TEXT, 24))
    label: Words = found.metadata["label"]
    if shape is tables.Shape.MONEY:
        label = Text("%(what)s (yuan)", what=label)
    return Column(say(label), shape, width)


def cell_of(view: RecordView, name: str, say: Callable[[Words], str]) -> Cell:
    """Return what a field holds for an Excel file, as the screen shows it: numbers stay masked."""
    found = view.value(name)
    if found is None:
        return None
    value = getattr(view.record.values, name)
    match value:
        case _ if found.is_masked:
            return say(found.value)
        case bool():
            return say(found.value)
        case date():
            return value
        case int():
            shape = next(e for e in fields(view.record.values) if e.name == name).metadata["shape"]
            if shape is Shape.FEN:
                return Decimal(value) / _FEN_IN_YUAN
            return value
    return say(found.value)


def columns_of(register: str) -> list[tuple[str, Words]]:
    """Return the fields that a list of a register shows, each with its label."""
    cls = ITEMS[register]
    labels: Mapping[str, Words] = {each.name: each.metadata["label"] for each in fields(cls)}
    return [(name, labels[name]) for name in cls.COLUMNS]
