"""What lists of cases and the board of deadlines show: a page, its counts, and who is named in it."""

from calendar import monthrange
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from fireinvest.documents.tables import Cell, Column, Shape
from fireinvest.messages import Text, Words
from fireinvest.services.cases import CaseLine, Filters, list_cases, scope_of
from fireinvest.store import Database, Session
from fireinvest.store.boards import (
    BoardCounts,
    BoardFilters,
    BoardKey,
    BoardLine,
    board_carriers,
    board_counts,
    board_days,
    board_page,
)
from fireinvest.store.people import names_of_logins
from fireinvest.workflow.permissions import Actor

__all__ = [
    "Board",
    "BoardFilters",
    "BoardKey",
    "BoardLine",
    "BoardMonth",
    "BoardWords",
    "CaseList",
    "CaseWords",
    "board",
    "board_columns",
    "board_lines",
    "board_month",
    "board_rows",
    "case_columns",
    "case_lines",
    "case_list",
    "case_rows",
]


@dataclass(frozen=True, slots=True)
class CaseList:
    """A page of cases. ``names``: by login, those carriers who have an account."""

    lines: tuple[CaseLine, ...]
    next_key: int | None
    names: dict[str, str]


@dataclass(frozen=True, slots=True)
class Board:
    """A page of running deadlines, and how many there are.

    ``names``: by login, those carriers who have an account.
    """

    lines: tuple[BoardLine, ...]
    next_key: BoardKey | None
    counts: BoardCounts
    names: dict[str, str]
    carriers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BoardMonth:
    """The running deadlines of a month: of each day how many, and the first of them."""

    by_day: dict[date, int]
    lines: dict[date, tuple[BoardLine, ...]]


def case_list(
    database: Database, actor: Actor, filters: Filters, after_key: int | None, size: int
) -> CaseList:
    """Return a page of the cases that somebody may see, the newest opened first."""
    with database.readers.begin() as session:
        page = list_cases(session, scope_of(actor), filters, after_key, size)
        names = _carriers(session, (each.carrier for each in page.lines))
    return CaseList(page.lines, page.next_key, names)


def board(
    database: Database,
    actor: Actor,
    filters: BoardFilters,
    after_key: BoardKey | None,
    size: int,
    days: int,
) -> Board:
    """Return a page of the running deadlines that somebody may see, the earliest due first.

    ``days``: how many days, from today, are counted one by one.
    """
    scope = scope_of(actor)
    with database.readers.begin() as session:
        page = board_page(session, scope, filters, after_key, size)
        counts = board_counts(session, scope, filters, days)
        carriers = board_carriers(session, scope, filters.today)
        names = _carriers(session, (*carriers, *(each.carrier for each in page.lines)))
    return Board(page.lines, page.next_key, counts, names, carriers)


def board_month(
    database: Database, actor: Actor, filters: BoardFilters, month: date, per_day: int
) -> BoardMonth:
    """Return what is due in a month, of each day at most so many lines, by any day in it."""
    length = monthrange(month.year, month.month)[1]
    first_on = month.replace(day=1)
    within = replace(filters, due_from=first_on, due_until=month.replace(day=length))
    scope = scope_of(actor)
    with database.readers.begin() as session:
        counts = board_counts(session, scope, within, length, first_on)
        lines = board_days(session, scope, within, per_day)
    by_day = {on: tuple(each for each in lines if each.due_on == on) for on in counts.by_day}
    return BoardMonth(counts.by_day, by_day)


# ---------------------------------------------------------------------------- as a table


@dataclass(frozen=True, slots=True)
class CaseWords:
    """How the codes of a list of cases are called, for whoever reads its table."""

    place: Callable[[str | None], Words | None]
    level: Callable[[str], Words]
    government: Callable[[str], Words]
    stage: Callable[[CaseLine], Words]
    clock: Callable[[str], Words]
    light: Callable[[CaseLine], Words]


def case_lines(
    database: Database, actor: Actor, filters: Filters
) -> Iterator[tuple[CaseLine, dict[str, str]]]:
    """Yield all cases that somebody may see, each with who is named; read in pages."""
    key: int | None = None
    while True:
        page = case_list(database, actor, filters, key, _AT_ONCE)
        for each in page.lines:
            yield each, page.names
        if page.next_key is None:
            return
        key = page.next_key


_CASE_COLUMNS: Sequence[tuple[Text, Shape, float]] = (
    (Text("Case number"), Shape.TEXT, 18),
    (Text("Unit"), Shape.TEXT, 30),
    (Text("Address"), Shape.TEXT, 30),
    (Text("Place"), Shape.TEXT, 14),
    (Text("Day of the fire"), Shape.DATE, 12),
    (Text("Level"), Shape.TEXT, 12),
    (Text("Stage"), Shape.TEXT, 16),
    (Text("Investigating government"), Shape.TEXT, 16),
    (Text("Hand-over pending to"), Shape.TEXT, 16),
    (Text("Carrier"), Shape.TEXT, 14),
    (Text("Next clock"), Shape.TEXT, 22),
    (Text("Light"), Shape.TEXT, 12),
    (Text("Due"), Shape.DATE, 12),
    (Text("Days left"), Shape.NUMBER, 10),
    (Text("Ended on"), Shape.DATE, 12),
    (Text("Goes on in"), Shape.TEXT, 18),
)


def case_columns(say: Callable[[Words], str]) -> list[Column]:
    """Return the columns of the list of cases as a table."""
    return [Column(say(label), shape, width) for label, shape, width in _CASE_COLUMNS]


def case_rows(
    lines: Iterable[tuple[CaseLine, dict[str, str]]],
    words: CaseWords,
    say: Callable[[Words], str],
    today: date,
) -> Iterator[list[Cell]]:
    """Yield the rows of the list of cases as a table, in the order of its lines."""
    for line, names in lines:
        place, due_on = words.place(line.division), line.next_due_on
        level = words.level(line.level)
        if line.level_is_floor:
            level = Text("at least %(level)s", level=level)
        yield [
            line.number,
            line.unit_name,
            line.address,
            say(place) if place is not None else None,
            line.occurred_on,
            say(level),
            say(words.stage(line)),
            say(words.government(line.investigating)) if line.investigating else None,
            say(words.government(line.handover_pending)) if line.handover_pending else None,
            names.get(line.carrier, line.carrier) if line.carrier else None,
            say(words.clock(line.next_clock)) if line.next_clock else None,
            say(words.light(line)) if line.next_clock else None,
            due_on,
            None if due_on is None else (due_on - today).days,
            None if line.merged_into else line.ended_on,
            line.merged_into,
        ]


#: How many lines are read at a time.
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class BoardWords:
    """How the codes of a board's lines are called, for whoever reads its table."""

    clock: Callable[[str], Words]
    article: Callable[[str], Words]
    place: Callable[[str | None], Words | None]
    level: Callable[[str], Words]
    weight: Callable[[str], Words]
    light: Callable[[BoardLine], Words]
    step: Callable[[str], Words]


def board_lines(
    database: Database, actor: Actor, filters: BoardFilters
) -> Iterator[tuple[BoardLine, dict[str, str]]]:
    """Yield all running deadlines that somebody may see, each with who is named; read in pages."""
    key: BoardKey | None = None
    scope = scope_of(actor)
    while True:
        with database.readers.begin() as session:
            page = board_page(session, scope, filters, key, _AT_ONCE)
            names = _carriers(session, (each.carrier for each in page.lines))
        for each in page.lines:
            yield each, names
        if page.next_key is None:
            return
        key = page.next_key


_COLUMNS: Sequence[tuple[Text, Shape, float]] = (
    (Text("Light"), Shape.TEXT, 12),
    (Text("Due"), Shape.DATE, 12),
    (Text("Act by"), Shape.DATE, 12),
    (Text("Days left"), Shape.NUMBER, 10),
    (Text("Clock"), Shape.TEXT, 22),
    (Text("no."), Shape.TEXT, 8),
    (Text("Article"), Shape.TEXT, 16),
    (Text("Weight of the clock"), Shape.TEXT, 14),
    (Text("Case"), Shape.TEXT, 18),
    (Text("Unit"), Shape.TEXT, 30),
    (Text("Place"), Shape.TEXT, 14),
    (Text("Level"), Shape.TEXT, 12),
    (Text("Carrier"), Shape.TEXT, 14),
    (Text("Next step begins by"), Shape.DATE, 14),
    (Text("Next step"), Shape.TEXT, 22),
    (Text("Remarks"), Shape.TEXT, 20),
)


def board_columns(say: Callable[[Words], str]) -> list[Column]:
    """Return the columns of the board as a table."""
    return [Column(say(label), shape, width) for label, shape, width in _COLUMNS]


def board_rows(
    lines: Iterable[tuple[BoardLine, dict[str, str]]],
    words: BoardWords,
    say: Callable[[Words], str],
    today: date,
) -> Iterator[list[Cell]]:
    """Yield the rows of the board as a table, in the order of its lines."""
    for line, names in lines:
        place = words.place(line.division)
        level = words.level(line.level)
        if line.level_is_floor:
            level = Text("at least %(level)s", level=level)
        yield [
            say(words.light(line)),
            line.due_on,
            line.act_by,
            (line.due_on - today).days,
            say(words.clock(line.clock)),
            line.instance,
            say(words.article(line.clock)),
            say(words.weight(line.weight)),
            line.number,
            line.unit_name,
            say(place) if place is not None else None,
            say(level),
            names.get(line.carrier, line.carrier) if line.carrier else None,
            line.plan_start_by,
            say(words.step(line.plan_step)) if line.plan_step else None,
            "；".join(say(each) for each in _remarks(line, today)) or None,
        ]


def _remarks(line: BoardLine, today: date) -> Iterator[Words]:
    if line.is_late_by_plan(today):
        yield Text("late by the plan")
    if line.provisional:
        yield Text("provisional")
    if line.runs_since is not None:
        yield Text("runs on: appraisal out")
    if line.late_since is not None:
        yield Text("arose late")
    if line.about:
        yield line.about


def _carriers(session: Session, logins: Iterable[str | None]) -> dict[str, str]:
    return names_of_logins(session, {each for each in logins if each is not None})
