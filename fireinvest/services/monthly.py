"""The month's report (月报): what burned, what it did, how cases went, and which deadlines were kept.

Beside the month stand the one before it and the same one of the year before. Fires count by their
real day, cases by the day on which they were opened here or ended, deadlines by the day on which
they fell due. A case of an old ledger counts as opened on the day of the fire. Every sum is that of
its lines.
"""

from calendar import monthrange
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from fireinvest.documents.tables import Cell, Column, Shape, Sheet
from fireinvest.messages import Text, Words
from fireinvest.regulation.profile import Mode, Ruleset
from fireinvest.services.cases import scope_of
from fireinvest.services.ledgers import in_wan
from fireinvest.store import Database
from fireinvest.store.monthly import (
    Fires,
    Kept,
    Moved,
    Span,
    deadlines_in,
    fires_in,
    moved_in,
    under_way,
)
from fireinvest.workflow.permissions import Actor

__all__ = [
    "Fires",
    "Kept",
    "Month",
    "Monthly",
    "MonthlyWords",
    "Moved",
    "Row",
    "Table",
    "month_of",
    "monthly",
    "sheets_of",
    "tables_of",
]


@dataclass(frozen=True, slots=True)
class Month:
    """A month, by its first day."""

    first_on: date

    @property
    def span(self) -> Span:
        """Its days."""
        length = monthrange(self.first_on.year, self.first_on.month)[1]
        return Span(self.first_on, self.first_on.replace(day=length))

    @property
    def before(self) -> "Month":
        """The month before it."""
        return Month((self.first_on - timedelta(days=1)).replace(day=1))

    @property
    def year_before(self) -> "Month":
        """The same month of the year before."""
        return Month(self.first_on.replace(year=self.first_on.year - 1))


def month_of(on: date) -> Month:
    """Return the month of a day."""
    return Month(on.replace(day=1))


@dataclass(frozen=True)
class Counted:
    """What was counted of one month."""

    month: Month
    fires: Mapping[tuple[str, str | None, str | None], Fires]
    moved: Moved
    stages: Mapping[tuple[str, int], int]
    deadlines: Mapping[str, Kept]

    def by(self, place: int) -> dict[str | None, Fires]:
        """Return the fires by their level (0), place (1) or kind (2)."""
        found: dict[str | None, Fires] = {}
        for sort, fires in self.fires.items():
            found[sort[place]] = found.get(sort[place], Fires()) + fires
        return found

    @property
    def all_fires(self) -> Fires:
        """All fires together."""
        return sum(self.fires.values(), Fires())

    @property
    def all_deadlines(self) -> Kept:
        """All deadlines together."""
        return sum(self.deadlines.values(), Kept())


@dataclass(frozen=True)
class Monthly:
    """A month, the one before it, and the same one of the year before."""

    now: Counted
    before: Counted
    year_before: Counted

    @property
    def all(self) -> tuple[Counted, Counted, Counted]:
        """The three of them."""
        return self.now, self.before, self.year_before


def monthly(
    database: Database,
    actor: Actor,
    ruleset: Ruleset,
    month: Month,
    place: str | None,
    today: date,
) -> Monthly:
    """Return the report of a month, of what somebody may see in a place; a fixed number of queries.

    ``ruleset``: by it stages are told. A month that isn't over is counted up to today.
    """
    scope = scope_of(actor)
    stages = {
        step: at for at, stage in enumerate(ruleset.stages.values()) for step in stage.begins_with
    }
    found = []
    with database.readers.begin() as session:
        for each in (month, month.before, month.year_before):
            span = each.span
            found.append(
                Counted(
                    each,
                    fires_in(session, scope, place, span),
                    moved_in(session, scope, place, span),
                    under_way(session, scope, place, min(span.last_on, today), stages),
                    deadlines_in(session, scope, place, span, today),
                )
            )
    return Monthly(*found)


# ---------------------------------------------------------------------------- as tables


@dataclass(frozen=True, slots=True)
class MonthlyWords:
    """How the codes of a report are called, in which order they stand, and what a clock rests on."""

    levels: Sequence[tuple[str, Words]]
    places: Sequence[tuple[str, Words]]
    categories: Sequence[tuple[str, Words]]
    stages: Sequence[Words]
    modes: Mapping[str, Words]
    clocks: Sequence[tuple[str, Words]]
    article: Callable[[str], Words]


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table of the report: what it is of, a note on it, and its numbers."""

    label: Words
    cells: tuple[Cell, ...]
    note: Words | None = None
    is_sum: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the report. ``heads``: of its numbers, after that of the rows' labels.

    ``note_head``: of the column of notes, where it has one.
    """

    title: Words
    head: Words
    heads: tuple[Words, ...]
    rows: tuple[Row, ...]
    note_head: Words | None = None


_UNKNOWN = Text("not known yet")
_SUM = Text("Total")
_COMPARED: tuple[Words, ...] = (
    Text("This month"),
    Text("Month before"),
    Text("Same month last year"),
)


def tables_of(found: Monthly, words: MonthlyWords) -> list[Table]:
    """Return the report as tables, in the order in which it is read."""
    return [
        _totals(found),
        _fires(found, 0, Text("Fires by level"), Text("Level"), words.levels),
        _fires(found, 1, Text("Fires by place"), Text("Place"), words.places),
        _fires(found, 2, Text("Fires by kind"), Text("Kind of fire"), words.categories),
        _cases(found, words),
        _deadlines(found, words),
    ]


def _totals(found: Monthly) -> Table:
    def row(label: Words, cell: Callable[[Fires], Cell]) -> Row:
        return Row(label, tuple(cell(each.all_fires) for each in found.all))

    return Table(
        Text("Fires and what they did"),
        Text("Figure"),
        _COMPARED,
        (
            row(Text("Fires"), lambda each: each.count),
            row(Text("Deaths"), lambda each: each.deaths),
            row(Text("Serious injuries"), lambda each: each.serious_injuries),
            row(Text("Light injuries"), lambda each: each.light_injuries),
            row(Text("Missing"), lambda each: each.missing),
            row(Text("Direct economic loss (10,000 yuan)"), lambda each: in_wan(each.loss_fen)),
        ),
    )


def _fires(
    found: Monthly,
    at: int,
    title: Words,
    head: Words,
    known: Sequence[tuple[str, Words]],
) -> Table:
    now, before, year_before = (each.by(at) for each in found.all)
    rows = [
        _fires_row(label, *(each.get(code, Fires()) for each in (now, before, year_before)))
        for code, label in _named({**now, **before, **year_before}, known)
    ]
    rows.append(_fires_row(_SUM, *(each.all_fires for each in found.all), is_sum=True))
    heads: tuple[Words, ...] = (
        Text("Fires"),
        Text("Deaths"),
        Text("Serious injuries"),
        Text("Light injuries"),
        Text("Loss (10,000 yuan)"),
        Text("Fires, month before"),
        Text("Fires, same month last year"),
    )
    return Table(title, head, heads, tuple(rows))


def _named(
    found: Iterable[str | None], known: Sequence[tuple[str, Words]]
) -> Iterator[tuple[str | None, Words]]:
    """The codes that were met, in the order in which they are known, others after them."""
    left = set(found)
    for code, label in known:
        if code in left:
            yield code, label
    names = {code for code, _ in known}
    for code in sorted(each for each in left - names if each is not None):
        yield code, code
    if None in left:
        yield None, _UNKNOWN


def _fires_row(
    label: Words, now: Fires, before: Fires, year_before: Fires, *, is_sum: bool = False
) -> Row:
    cells: tuple[Cell, ...] = (
        now.count, now.deaths, now.serious_injuries, now.light_injuries, in_wan(now.loss_fen),
        before.count, year_before.count,
    )  # fmt: skip
    return Row(label, cells, is_sum=is_sum)


def _cases(found: Monthly, words: MonthlyWords) -> Table:
    rows = [
        Row(Text("Opened in the month"), tuple(each.moved.opened for each in found.all)),
        Row(Text("Ended in the month"), tuple(each.moved.ended for each in found.all)),
    ]
    investigates = Mode.INVESTIGATE.value
    keys = [(investigates, at) for at in range(len(words.stages))]
    keys += [(mode, 0) for mode in words.modes if mode != investigates]
    for mode, at in keys:
        counts = tuple(each.stages.get((mode, at), 0) for each in found.all)
        label = words.stages[at] if mode == investigates else words.modes[mode]
        if any(counts) or mode == investigates:
            rows.append(Row(Text("Under way: %(stage)s", stage=label), counts))
    sums = tuple(sum(each.stages.values()) for each in found.all)
    rows.append(Row(Text("Under way at the end of the month, together"), sums, is_sum=True))
    return Table(Text("Cases"), Text("Cases"), _COMPARED, tuple(rows))


def _deadlines(found: Monthly, words: MonthlyWords) -> Table:
    met = {clock for each in found.all for clock in each.deadlines}
    rows = [
        _deadlines_row(
            label, *(each.deadlines.get(code or "", Kept()) for each in found.all),
            note=words.article(code or ""),
        )
        for code, label in _named(met, words.clocks)
    ]  # fmt: skip
    rows.append(_deadlines_row(_SUM, *(each.all_deadlines for each in found.all), is_sum=True))
    heads: tuple[Words, ...] = (
        Text("Fell due"),
        Text("Kept in time"),
        Text("Kept late"),
        Text("Overdue"),
        Text("Not due yet"),
        Text("Returned or handed over"),
        Text("Missed, month before"),
        Text("Missed, same month last year"),
    )
    title = Text("Deadlines that fell due in the month")
    return Table(title, Text("Clock"), heads, tuple(rows), Text("Article"))


def _deadlines_row(
    label: Words,
    now: Kept,
    before: Kept,
    year_before: Kept,
    *,
    note: Words | None = None,
    is_sum: bool = False,
) -> Row:
    cells: tuple[Cell, ...] = (
        now.all, now.in_time, now.late, now.overdue, now.ahead, now.apart,
        before.missed, year_before.missed,
    )  # fmt: skip
    return Row(label, cells, note, is_sum)


def sheets_of(tables: Sequence[Table], say: Callable[[Words], str]) -> list[Sheet]:
    """Return the report as sheets of a workbook, one for each table."""
    return [
        Sheet(say(table.title), list(_columns(table, say)), list(_cells(table, say)))
        for table in tables
    ]


def _columns(table: Table, say: Callable[[Words], str]) -> Iterator[Column]:
    yield Column(say(table.head), Shape.TEXT, 40)
    if table.note_head is not None:
        yield Column(say(table.note_head), Shape.TEXT, 24)
    for head in table.heads:
        yield Column(say(head), Shape.NUMBER, 14)


def _cells(table: Table, say: Callable[[Words], str]) -> Iterator[list[Cell]]:
    for row in table.rows:
        note = [] if table.note_head is None else [None if row.note is None else say(row.note)]
        yield [say(row.label), *note, *row.cells]
