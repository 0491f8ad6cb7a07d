"""What lists of cases and the board of deadlines show: a page, its counts, and who is named in it."""

from collections.abc import Iterable
from dataclasses import dataclass

from fireinvest.services.cases import CaseLine, Filters, list_cases, scope_of
from fireinvest.store import Database, Session
from fireinvest.store.boards import (
    BoardCounts,
    BoardFilters,
    BoardKey,
    BoardLine,
    board_counts,
    board_page,
)
from fireinvest.store.people import names_of_logins
from fireinvest.workflow.permissions import Actor

__all__ = ["Board", "BoardFilters", "BoardKey", "BoardLine", "CaseList", "board", "case_list"]


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
        names = _carriers(session, (each.carrier for each in page.lines))
    return Board(page.lines, page.next_key, counts, names)


def _carriers(session: Session, logins: Iterable[str | None]) -> dict[str, str]:
    return names_of_logins(session, {each for each in logins if each is not None})
