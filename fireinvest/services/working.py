"""The worker: takes jobs from the outbox, does each, and notes it done; dying loses none.

A job is held by a lease. Whoever dies with one loses it when the lease is over, and it is done
anew: at least once, under a key by which the receiver recognises a repeat. What a job writes into
the database commits together with its being done, and so happens exactly once.
"""

import logging
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from fireinvest.china import CHINA
from fireinvest.regulation.calendar import Calendar
from fireinvest.regulation.rulesets import Law
from fireinvest.services.alerting import event_kinds, tell_event
from fireinvest.store import Database, Session, outbox
from fireinvest.store.conflicts import Conflict, changing
from fireinvest.store.outbox import Job

logger = logging.getLogger("fireinvest.work")

#: How long a worker may take for the jobs that it holds.
LEASE = timedelta(minutes=5)
#: How long a job waits after each failure; after the last it is given up.
WAITS = tuple(timedelta(minutes=each) for each in (1, 5, 15, 60, 4 * 60, 12 * 60, 24 * 60))
_AT_ONCE = 20
_LONGEST_ERROR = 500

#: What is written when a job is done, in the unit of work that notes it done.
Closing = Callable[[Session], None]
#: Does a job, and returns what is to be written with it.
Handler = Callable[[Job, datetime], Closing]


class Hopeless(Exception):
    """A job can't be done, and trying again won't help. The message is for the operator."""


class Later(Exception):
    """A job isn't to be done yet, though nothing failed: such as in somebody's quiet hours."""

    def __init__(self, until: datetime) -> None:
        """Keep from when on it may be done."""
        super().__init__(until)
        self.until = until


class _Lost(Exception):
    """The lease was over and somebody else has the job: nothing is written."""


@dataclass(frozen=True)
class Worker:
    """Somebody who does jobs. ``failed``: told of each job that is given up, in the same commit."""

    database: Database
    handlers: Mapping[str, Handler]
    clock: Callable[[], datetime]
    failed: Callable[[Session, Job, str, datetime], None] = lambda *_: None
    name: str = field(default_factory=lambda: secrets.token_hex(8))

    def run_once(self) -> int:
        """Do some of the jobs that wait, and return how many were taken."""
        with changing(self.database) as session:
            jobs = outbox.claim(session, self.name, self.clock(), LEASE, _AT_ONCE)
        until = self.clock() + LEASE / 2
        for job in jobs:
            if self.clock() > until:
                # The others were slow: somebody else may have it before the lease is over.
                self._hand_back(job, self.clock())
            else:
                self._do(job)
        return len(jobs)

    def drain(self) -> int:
        """Do jobs until none is due, and return how many were taken."""
        taken = 0
        while done := self.run_once():
            taken += done
        return taken

    def _do(self, job: Job) -> None:
        try:
            handler = self.handlers.get(job.kind)
            if handler is None:
                raise Hopeless(f"nobody knows jobs of the kind {job.kind}")
            closing = handler(job, self.clock())
            with changing(self.database) as session:
                closing(session)
                if not outbox.finish(session, job, self.name, self.clock()):
                    raise _Lost
        except _Lost:
            return
        except Conflict:
            self._put_off(job, timedelta(), None)
        except Later as later:
            self._hand_back(job, later.until)
        except Hopeless as error:
            self._give_up(job, str(error))
        except Exception as error:
            logger.exception("job", extra={"fields": {"job": job.id, "kind": job.kind}})
            said = f"{type(error).__name__}: {error}"[:_LONGEST_ERROR]
            if job.attempts > len(WAITS):
                self._give_up(job, said)
            else:
                self._put_off(job, WAITS[job.attempts - 1], said)

    def _put_off(self, job: Job, wait: timedelta, error: str | None) -> None:
        with changing(self.database) as session:
            outbox.put_off(session, job, self.name, self.clock() + wait, error)

    def _hand_back(self, job: Job, until: datetime) -> None:
        with changing(self.database) as session:
            outbox.hand_back(session, job, self.name, until)

    def _give_up(self, job: Job, error: str) -> None:
        now = self.clock()
        with changing(self.database) as session:
            if outbox.give_up(session, job, self.name, now, error[:_LONGEST_ERROR]):
                self.failed(session, job, error, now)


def event_handlers(calendar: Callable[[], Calendar], law: Law | None = None) -> dict[str, Handler]:
    """Return the handlers of the jobs that tell what happened to a clock."""

    def handle(job: Job, now: datetime) -> Closing:
        case_id = job.case_id
        if case_id is None:
            raise Hopeless("an event needs a case")
        known, today = calendar(), _day(now)

        def close(session: Session) -> None:
            tell_event(
                session, job.kind, case_id, job.payload, known, now=now, today=today, law=law
            )

        return close

    return dict.fromkeys(event_kinds(), handle)


def _day(now: datetime) -> date:
    return now.astimezone(CHINA).date()
