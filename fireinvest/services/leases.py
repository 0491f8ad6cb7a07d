"""What only one of many processes does at a time: whose turn is it?"""

from datetime import datetime

from fireinvest.store import Database, leases
from fireinvest.store.conflicts import Conflict, changing


def takes_turn(
    database: Database,
    name: str,
    holder: str,
    *,
    now: datetime,
    until: datetime,
    done_before: datetime | None = None,
) -> bool:
    """Take a duty up to a moment; is it this one's now? Of two who ask at once, one is told no.

    ``done_before``: not where it was done at this moment or since.
    """
    try:
        with changing(database) as session:
            return leases.claim(
                session, name, holder, now=now, until=until, done_before=done_before
            )
    except Conflict:
        return False  # Another process was quicker.
