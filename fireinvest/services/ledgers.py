"""The ledger (台账): one line for each case that somebody may see, with what an office keeps of it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from fireinvest.china import CHINA
from fireinvest.documents.tables import Cell, Column, Shape
from fireinvest.messages import Text, Words
from fireinvest.services.cases import CaseLine, Filters, list_cases, scope_of
from fireinvest.services.old_ledger.columns import COLUMNS
from fireinvest.store import Database, Session
from fireinvest.store.ledger import (
    Figures,
    StepDays,
    figures_of,
    lightly_hurt,
    overdue_of,
    step_days_of,
)
from fireinvest.store.people import names_of_logins
from fireinvest.workflow.permissions import Actor

__all__ = [
    "MILESTONES",
    "Ledger",
    "LedgerLine",
    "LedgerWords",
    "in_wan",
    "ledger_columns",
    "ledger_lines",
    "ledger_page",
    "ledger_rows",
]

#: How many cases are read at a time.
_AT_ONCE = 500
_FEN_IN_WAN = 1_000_000

#: The steps whose days the ledger shows, by its columns.
MILESTONES: Mapping[str, str] = {
    name: each.step for name, each in COLUMNS.items() if each.step is not None
}
#: Steps that are taken again after a report came back: the last time counts.
_LAST = frozenset({"submit_report", "receive_report"})


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """A case as the ledger shows it. ``days``: by column, those that are on record.

    ``light_injuries``: as the figures have it, else as many as the list of casualties has.
    """

    line: CaseLine
    figures: Figures
    days: Mapping[str, date]
    light_injuries: int | None
    overdue: int
    carrier: str | None

    @property
    def loss_wan(self) -> Decimal | None:
        """The direct economic loss in 10,000 yuan."""
        return in_wan(self.figures.loss_fen)

    @property
    def time(self) -> str | None:
        """The time of the fire, where it is known."""
        at = self.line.occurred_at
        return None if at is None else f"{at.astimezone(CHINA):%H:%M}"

    def days_left(self, today: date) -> int | None:
        """How many days are left of the next clock; below nothing where it is overdue."""
        return None if self.line.next_due_on is None else (self.line.next_due_on - today).days


def in_wan(fen: int | None) -> Decimal | None:
    """Return an amount in fen as 10,000 yuan, exactly."""
    return None if fen is None else (Decimal(fen) / _FEN_IN_WAN).normalize() + 0


@dataclass(frozen=True, slots=True)
class Ledger:
    """A page of the ledger."""

    lines: tuple[LedgerLine, ...]
    next_key: int | None


def ledger_page(
    database: Database, actor: Actor, filters: Filters, after_key: int | None, size: int
) -> Ledger:
    """Return a page of the ledger; as many queries for many cases as for few."""
    with database.readers.begin() as session:
        return _page(session, actor, filters, after_key, size)


def ledger_lines(database: Database, actor: Actor, filters: Filters) -> Iterator[LedgerLine]:
    """Yield all lines of the ledger, read in pages."""
    key: int | None = None
    while True:
        with database.readers.begin() as session:
            page = _page(session, actor, filters, key, _AT_ONCE)
        yield from page.lines
        if page.next_key is None:
            return
        key = page.next_key


def _page(
    session: Session, actor: Actor, filters: Filters, after_key: int | None, size: int
) -> Ledger:
    today = filters.today
    assert today is not None  # noqa: S101 - a ledger is that of a day
    page = list_cases(session, scope_of(actor), filters, after_key, size)
    ids = [each.id for each in page.lines]
    figures, overdue = figures_of(session, ids), overdue_of(session, ids, today)
    days, light = step_days_of(session, ids, MILESTONES.values()), lightly_hurt(session, ids)
    names = names_of_logins(session, {each.carrier for each in page.lines if each.carrier})
    lines = tuple(
        LedgerLine(
            each,
            figures[each.id],
            _days(days[each.id]),
            _first(figures[each.id].light_injuries, light.get(each.id)),
            overdue.get(each.id, 0),
            names.get(each.carrier, each.carrier) if each.carrier else None,
        )
        for each in page.lines
    )
    return Ledger(lines, page.next_key)


def _first(*given: int | None) -> int | None:
    return next((each for each in given if each is not None), None)


def _days(of_steps: Mapping[str, StepDays]) -> dict[str, date]:
    found = {}
    for name, step in MILESTONES.items():
        days = of_steps.get(step)
        on = None if days is None else days.last_on if step in _LAST else days.done_on
        if on is not None:
            found[name] = on
    return found


# ---------------------------------------------------------------------------- as a table


@dataclass(frozen=True, slots=True)
class LedgerWords:
    """How the codes of the ledger's lines are called, for whoever reads its table."""

    place: Callable[[str | None], Words | None]
    level: Callable[[str], Words]
    category: Callable[[str], Words]
    government: Callable[[str], Words]
    stage: Callable[[CaseLine], Words]
    clock: Callable[[str], Words]


_WIDTHS: Mapping[str, float] = {"unit_name": 30, "address": 30}
_NUMBERS = (Shape.NUMBER, Shape.MONEY)


def _of_form(*names: str) -> Iterator[tuple[Text, Shape, float]]:
    """Columns that are called as in the form for old cases."""
    for name in names:
        found = COLUMNS[name]
        width = 10 if found.shape in _NUMBERS else 12 if found.shape is Shape.DATE else 14
        shape = Shape.MONEY if name == "loss" else found.shape
        yield found.label, shape, _WIDTHS.get(name, width)


_COLUMNS: Sequence[tuple[Text, Shape, float]] = (
    (Text("Case number"), Shape.TEXT, 18),
    *_of_form("old_number", "unit_name", "address", "division", "occurred_on", "occurred_time"),
    (Text("Level"), Shape.TEXT, 12),
    *_of_form("category", "deaths", "serious_injuries", "light_injuries", "loss"),
    (Text("Investigating government"), Shape.TEXT, 16),
    (Text("Carrier"), Shape.TEXT, 12),
    (Text("Stage"), Shape.TEXT, 14),
    *_of_form(*MILESTONES),
    (Text("Next clock"), Shape.TEXT, 18),
    (Text("Due"), Shape.DATE, 12),
    (Text("Days left"), Shape.NUMBER, 10),
    (Text("Clocks overdue"), Shape.NUMBER, 10),
    (Text("Ended on"), Shape.DATE, 12),
)


def ledger_columns(say: Callable[[Words], str]) -> list[Column]:
    """Return the columns of the ledger as a table."""
    return [Column(say(label), shape, width) for label, shape, width in _COLUMNS]


def ledger_rows(
    lines: Iterable[LedgerLine], words: LedgerWords, say: Callable[[Words], str], today: date
) -> Iterator[list[Cell]]:
    """Yield the rows of the ledger as a table, in the order of its lines."""
    for each in lines:
        line, figures = each.line, each.figures
        place = words.place(line.division)
        level = words.level(line.level)
        if line.level_is_floor:
            level = Text("at least %(level)s", level=level)
        yield [
            line.number,
            figures.old_number,
            line.unit_name,
            line.address,
            None if place is None else say(place),
            line.occurred_on,
            each.time,
            say(level),
            say(words.category(figures.category)) if figures.category else None,
            figures.deaths,
            figures.serious_injuries,
            each.light_injuries,
            each.loss_wan,
            say(words.government(line.investigating)) if line.investigating else None,
            each.carrier,
            say(words.stage(line)),
            *(each.days.get(name) for name in MILESTONES),
            say(words.clock(line.next_clock)) if line.next_clock else None,
            line.next_due_on,
            each.days_left(today),
            each.overdue,
            line.ended_on,
        ]
