"""The holiday notices that an office has entered in its database."""

import json
from datetime import datetime

from fireinvest.regulation.calendar import Notice, notice_document, parse_notice
from fireinvest.store import Database
from fireinvest.store.notices import add_notice, notices_in_force


def stored_notices(database: Database) -> tuple[Notice, ...]:
    """Return the notices entered in the database, the newest of each year."""
    with database.readers.begin() as session:
        stored = notices_in_force(session)
    return tuple(parse_notice(json.loads(each.document)) for each in stored)


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
