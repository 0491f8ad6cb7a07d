"""What the server does by itself from time to time: it seals the log, and tells its state outside.

Of many processes one does it, under a lease; whoever was killed while doing it holds up nobody for
longer than that.
"""

import logging
import os
import socket
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from fireinvest.china import CHINA
from fireinvest.gateways.heads import Heads
from fireinvest.gateways.heads import from_url as heads_from_url
from fireinvest.services.leases import takes_turn
from fireinvest.services.log import export_head, seal
from fireinvest.store import Database, leases, open_database
from fireinvest.store.conflicts import changing

logger = logging.getLogger(__name__)

SEAL = "seal_log"
EXPORT = "export_log_head"

_SEAL_EVERY = timedelta(hours=1)
_LEASE = timedelta(minutes=15)
#: How often a server looks whether there is something to do, in seconds.
LOOK_EVERY = 600.0
#: How soon after its start, in seconds: an installation that is restarted daily seals as well.
FIRST_LOOK = 30.0


def tend(database: Database, heads: Heads, holder: str, now: datetime) -> None:
    """Do what is due: seal every hour, and once a day seal and tell the state of the log outside.

    What fails is told in the server's log, and is tried again the next time.
    """
    day = now.astimezone(CHINA).replace(hour=0, minute=0, second=0, microsecond=0)
    _do(database, SEAL, holder, now, now - _SEAL_EVERY, lambda: seal(database, now))

    def export() -> None:
        seal(database, now)
        export_head(database, heads, now=now, today=day.date())

    _do(database, EXPORT, holder, now, day, export)


def _do(
    database: Database,
    name: str,
    holder: str,
    now: datetime,
    done_before: datetime,
    work: Callable[[], object],
) -> None:
    if not takes_turn(database, name, holder, now=now, until=now + _LEASE, done_before=done_before):
        return
    work()
    with changing(database) as session:
        leases.done(session, name, holder, now)


def start(database_url: str, heads_url: str, clock: Callable[[], datetime]) -> Callable[[], None]:
    """Do from now on what is due, with a database and a place of its own; returns what ends it."""
    database = open_database(database_url)
    heads = heads_from_url(heads_url)
    holder = f"{socket.gethostname()[:60]}:{os.getpid()}"
    return keep_tending(
        lambda: tend(database, heads, holder, clock()), at_end=database.engine.dispose
    )


def keep_tending(look: Callable[[], None], *, at_end: Callable[[], None]) -> Callable[[], None]:
    """Look from now on, in a thread of its own, whether there is something to do.

    Returns what ends it. The thread ends with its process; what it does is safe to be cut off.
    """
    stopped = threading.Event()

    def run() -> None:
        wait = FIRST_LOOK
        while not stopped.wait(wait):
            wait = LOOK_EVERY
            try:
                look()
            except Exception:
                logger.exception("what the server does by itself failed; it is tried again")
        at_end()

    threading.Thread(target=run, name="fireinvest-daily", daemon=True).start()
    return stopped.set
