"""The holiday notices that an office has entered, the calendar under them, and files that offer one.

Only what was entered counts for cases: a notice that lies in the folder of files is offered to those
who keep the calendar, who look at what it moves and let it move, as with any other.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from weakref import WeakKeyDictionary

from fireinvest.messages import Problem
from fireinvest.regulation.calendar import Calendar, Notice, notice_document, parse_notice
from fireinvest.regulation.loading import ProfileFaulty
from fireinvest.services.calendars import calendar_with, files_in, read_notice
from fireinvest.store import Database
from fireinvest.store.notices import add_notice, documents, newest_notice, notices_in_force


def stored_notices(database: Database) -> tuple[Notice, ...]:
    """Return the notices entered in the database, the newest of each year."""
    with database.readers.begin() as session:
        stored = notices_in_force(session)
    return tuple(parse_notice(json.loads(each.document)) for each in stored)


#: The calendar of each database, and the notice that was its newest when it was laid out.
_known: WeakKeyDictionary[object, tuple[int, Calendar]] = WeakKeyDictionary()


def calendar_in_force(database: Database) -> Calendar:
    """Return the calendar under all notices entered; one small query while none is new.

    It is asked for anew for each thing that is done, so that a notice holds from then on.
    """
    with database.readers.begin() as session:
        newest = newest_notice(session)
    known = _known.get(database.engine)
    if known is None or known[0] != newest:
        known = (newest, calendar_with(stored_notices(database) if newest else ()))
        _known[database.engine] = known
    return known[1]


def record_notice(database: Database, notice: Notice, *, now: datetime) -> int:
    """Enter a notice, as a new revision of its year; return the revision's number.

    The same notice entered again adds nothing.
    """
    with database.sessions.begin() as session:
        return add_notice(
            session,
            year=notice.year,
            number=notice.number,
            published_on=notice.published_on,
            document=notice_document(notice),
            recorded_at=now,
        )


# ---------------------------------------------------------------------------- files that offer one


@dataclass(frozen=True, slots=True)
class Offered:
    """A file of the folder that was never applied: the notice in it, or what is wrong with it."""

    file: str
    notice: Notice | None
    problems: tuple[Problem, ...] = ()


def offered_notices(database: Database, folder: Path | None) -> tuple[Offered, ...]:
    """Return the files of the folder whose notices were never entered, in order of their names.

    One that was entered and then replaced by another revision isn't offered again.
    """
    if folder is None:
        return ()
    found = tuple(_offers(folder))
    if not found:
        return ()
    with database.readers.begin() as session:
        entered = documents(session)
    return tuple(
        each for each in found if each.notice is None or notice_document(each.notice) not in entered
    )


def _offers(folder: Path) -> Iterator[Offered]:
    for path in files_in(folder):
        try:
            yield Offered(path.name, read_notice(path))
        except ProfileFaulty as faulty:
            yield Offered(path.name, None, tuple(faulty.problems))
