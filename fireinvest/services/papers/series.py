"""Series of document numbers: an office's papers are numbered by the year, and no number is skipped.

A number is given in the transaction that puts it on its paper: where that comes to nothing, the
number is free again. A paper that is void keeps its number.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from fireinvest.messages import Faulty, Problem, Text
from fireinvest.regulation.profile import PaperKind
from fireinvest.services.papers.offices import Keeper, Office, house_of, log_keeping
from fireinvest.spelling import in_one_spelling, is_readable
from fireinvest.store import Database, Session
from fireinvest.store import papers as store
from fireinvest.store.access import log_access
from fireinvest.store.conflicts import Conflict, changing
from fireinvest.store.papers import StoredSeries
from fireinvest.workflow.items.papers import PAPERS

__all__ = [
    "LONGEST_LABEL",
    "LONGEST_PATTERN",
    "Series",
    "SeriesLine",
    "add",
    "allot",
    "change",
    "find",
    "looks_like",
    "series_for",
    "series_lines",
    "switch",
    "upcoming",
]

#: A series as it is stored.
Series = StoredSeries

LONGEST_LABEL = 200
LONGEST_PATTERN = 100
#: No office comes further in a year.
_LARGEST_NUMBER = 999_999
#: What stands in braces: the year, and the number, which may be filled up with zeros.
_IN_BRACES = re.compile(r"\{(year)\}|\{(number)(?::0([2-9]))?\}")
_WIDTH = re.compile(r"(?<=\{number):0[2-9](?=\})")
_SAMPLE_YEAR = 2026


@dataclass(frozen=True, slots=True)
class SeriesLine:
    """A series as its office sees it: its last number by year, and the numbers that are void."""

    series: Series
    counts: dict[int, int]
    void: tuple[str, ...]

    @property
    def has_begun(self) -> bool:
        """Was a number given? Its pattern then stays."""
        return any(self.counts.values())


# ---------------------------------------------------------------------------- given


def series_for(session: Session, division: str, tier: str, kind: PaperKind) -> tuple[Series, ...]:
    """Return the series in use from which an office's paper of a kind can be given its number."""
    house = house_of(kind)
    return tuple(
        each
        for each in store.series_of(session, division, tier)
        if each.is_active and each.issued_by == house and (not each.kinds or kind.id in each.kinds)
    )


def upcoming(session: Session, series_id: int, *, year: int) -> str:
    """Return which number a series would give next in a year; nobody is promised it.

    Raises:
        Faulty: when there is no such series in use.

    """
    found = _in_use(store.find_series(session, series_id))
    return _number(found.pattern, year, store.last_number(session, series_id, year) + 1)


def allot(session: Session, series_id: int, *, year: int, by: str, now: datetime) -> str:
    """Give the next number of a series in a year, in the transaction of whoever asks.

    Until that ends, whoever else asks waits; where it comes to nothing, the number is free again.

    Raises:
        Faulty: when there is no such series in use.

    """
    found = _in_use(store.find_series(session, series_id, lock=True))
    # Read after the row is held: whoever held it before has written theirs.
    last = store.last_number(session, series_id, year) + 1
    store.put_number(session, series_id, year, last)
    number = _number(found.pattern, year, last)
    log_access(
        session,
        happened_at=now,
        person=by,
        what="number_given",
        item=f"series:{series_id}",
        about=f"{found.division} {found.tier}",
        old={"last": last - 1},
        new={"last": last, "year": year, "number": number},
    )
    return number


def _in_use(found: Series | None) -> Series:
    if found is None or not found.is_active:
        raise Faulty([Problem("series", Text("There is no such series."))])
    return found


def looks_like(pattern: str, year: int = _SAMPLE_YEAR, number: int = 1) -> str:
    """Return a number as a sound pattern writes it."""
    return _number(pattern, year, number)


def _number(pattern: str, year: int, number: int) -> str:
    def written(found: re.Match[str]) -> str:
        return f"{year}" if found[1] else f"{number:0{found[3] or 1}}"

    return _IN_BRACES.sub(written, pattern)


# ---------------------------------------------------------------------------- kept


def series_lines(session: Session, division: str, tier: str) -> list[SeriesLine]:
    """Return all series of an office, how far each has come, and which of its numbers are void."""
    found = store.series_of(session, division, tier)
    ids = [each.id for each in found]
    counts = store.counts_of(session, ids)
    void = store.void_numbers(session, PAPERS, ids)
    return [
        SeriesLine(each, counts.get(each.id, {}), tuple(void.get(each.id, ()))) for each in found
    ]


def find(session: Session, office: Office, series_id: int) -> Series | None:
    """Return a series that whoever keeps this office keeps, None where it is none of theirs."""
    found = store.find_series(session, series_id)
    return found if found is not None and _is_theirs(found, office) else None


def _is_theirs(found: Series, office: Office) -> bool:
    is_there = (found.division, found.tier) == (office.division, office.tier)
    return is_there and found.issued_by in office.houses


def add(
    database: Database,
    office: Office,
    *,
    issued_by: str,
    label: str,
    pattern: str,
    kinds: Collection[str],
    known: Collection[str],
    used: int = 0,
    by: Keeper,
) -> int:
    """Add a series of numbers to an office, and return its id.

    ``known``: the kinds that it may be for. ``used``: the last number that was given by hand or
    elsewhere this year, after which it goes on.

    Raises:
        Faulty: for each field that is wrong, or when the office has such a pattern already.

    """
    label, pattern = in_one_spelling(label), in_one_spelling(pattern)
    problems = [*_wrong_label(label), *_wrong_pattern(pattern), *_wrong_kinds(kinds, known)]
    if issued_by not in office.houses:
        problems.append(Problem("issued_by", Text("Choose one of the list.")))
    if not 0 <= used <= _LARGEST_NUMBER:
        text = Text("A whole number from 0 to %(most)s is needed.", most=_LARGEST_NUMBER)
        problems.append(Problem("used", text))
    if problems:
        raise Faulty(problems)
    wanted = _in_order(kinds, known)
    with _alone(database) as session:
        _refuse_taken(session, office, pattern, None)
        series_id = store.add_series(
            session,
            division=office.division,
            tier=office.tier,
            issued_by=issued_by,
            label=label,
            pattern=pattern,
            kinds=wanted,
            created_at=by.now,
            created_by=by.login,
        )
        if used:
            store.put_number(session, series_id, by.today.year, used)
        new: dict[str, object] = {
            "issued_by": issued_by, "label": label, "pattern": pattern, "kinds": wanted,
        }  # fmt: skip
        if used:
            new |= {"year": by.today.year, "last": used}
        _log(session, by, "series_added", office, series_id, None, new)
    return series_id


def change(
    database: Database,
    office: Office,
    series_id: int,
    *,
    label: str,
    pattern: str,
    kinds: Collection[str],
    known: Collection[str],
    by: Keeper,
) -> None:
    """Change how a series is called, what it numbers, and, before it has begun, its pattern.

    Raises:
        Faulty: for each field that is wrong, or when there is no such series.

    """
    label, pattern = in_one_spelling(label), in_one_spelling(pattern)
    problems = [*_wrong_label(label), *_wrong_pattern(pattern), *_wrong_kinds(kinds, known)]
    if problems:
        raise Faulty(problems)
    wanted = _in_order(kinds, known)
    with _alone(database) as session:
        found = _theirs(session, office, series_id)
        if pattern != found.pattern and store.has_begun(session, series_id):
            text = Text("It has given numbers: its pattern stays. Switch it off, and add another.")
            raise Faulty([Problem("pattern", text)])
        _refuse_taken(session, office, pattern, series_id)
        old: dict[str, object] = {
            "label": found.label,
            "pattern": found.pattern,
            "kinds": list(found.kinds),
        }
        new: dict[str, object] = {"label": label, "pattern": pattern, "kinds": wanted}
        if new == old:
            return
        store.change_series(
            session,
            series_id,
            label=label,
            pattern=pattern,
            kinds=wanted,
            is_active=found.is_active,
        )
        _log(session, by, "series_changed", office, series_id, old, new)


def switch(
    database: Database, office: Office, series_id: int, *, is_active: bool, by: Keeper
) -> None:
    """Take a series out of use, or into use again, where it goes on from its last number.

    Raises:
        Faulty: when there is no such series.

    """
    with changing(database) as session:
        found = _theirs(session, office, series_id)
        if found.is_active == is_active:
            return
        store.change_series(
            session,
            series_id,
            label=found.label,
            pattern=found.pattern,
            kinds=found.kinds,
            is_active=is_active,
        )
        old, new = {"is_active": found.is_active}, {"is_active": is_active}
        _log(session, by, "series_changed", office, series_id, old, new)


@contextmanager
def _alone(database: Database) -> Iterator[Session]:
    """Give a unit of work in which a pattern that the office has already is told by its field."""
    try:
        with changing(database) as session:
            yield session
    except Conflict as conflict:
        raise _taken() from conflict


def _taken() -> Faulty:
    text = Text("Your office has a series with this pattern already.")
    return Faulty([Problem("pattern", text)])


def _refuse_taken(session: Session, office: Office, pattern: str, own: int | None) -> None:
    """Refuse a pattern that differs from another one's in nothing but the zeros of its numbers."""
    bare = _WIDTH.sub("", pattern)
    for each in store.series_of(session, office.division, office.tier):
        if each.id != own and _WIDTH.sub("", each.pattern) == bare:
            raise _taken()


def _theirs(session: Session, office: Office, series_id: int) -> Series:
    found = store.find_series(session, series_id, lock=True)
    if found is None or not _is_theirs(found, office):
        raise Faulty([Problem("series", Text("There is no such series."))])
    return found


def _log(
    session: Session,
    by: Keeper,
    what: str,
    office: Office,
    series_id: int,
    old: Mapping[str, object] | None,
    new: Mapping[str, object],
) -> None:
    place = (office.division, office.tier)
    log_keeping(session, by, what, place, item=f"series:{series_id}", old=old, new=new)


# ---------------------------------------------------------------------------- what is refused


def _wrong_label(label: str) -> Iterator[Problem]:
    if not label:
        yield Problem("label", Text("This is needed."))
    elif len(label) > LONGEST_LABEL:
        text = Text("At most %(most)s characters are taken.", most=LONGEST_LABEL)
        yield Problem("label", text)
    elif not is_readable(label):
        yield Problem("label", Text("There are characters in it that can't be read."))


def _wrong_pattern(pattern: str) -> Iterator[Problem]:
    """A pattern holds the year and the number once each, and nothing else in braces."""
    if not pattern:
        yield Problem("pattern", Text("This is needed."))
        return
    if len(pattern) > LONGEST_PATTERN:
        text = Text("At most %(most)s characters are taken.", most=LONGEST_PATTERN)
        yield Problem("pattern", text)
        return
    if not is_readable(pattern):
        yield Problem("pattern", Text("There are characters in it that can't be read."))
        return
    found = [each[1] or each[2] for each in _IN_BRACES.finditer(pattern)]
    rest = _IN_BRACES.sub("", pattern)
    if "{" in rest or "}" in rest:
        text = Text("In braces stand only {year} and {number}, which may be {number:03}.")
        yield Problem("pattern", text)
    for name, text in (
        ("year", Text("{year} is needed once, where the year stands.")),
        ("number", Text("{number} is needed once, where the number stands.")),
    ):
        if found.count(name) != 1:
            yield Problem("pattern", text)
    if not rest.strip():
        yield Problem("pattern", Text("Beside year and number, the office's own mark is needed."))


def _wrong_kinds(kinds: Collection[str], known: Collection[str]) -> Iterator[Problem]:
    if not set(kinds) <= set(known):
        yield Problem("kinds", Text("Choose one of the list."))


def _in_order(kinds: Collection[str], known: Collection[str]) -> list[str]:
    return [each for each in known if each in set(kinds)]
