"""What goes on behind the pages: one list of duties, looked at by one thread of each process.

Long work has a thread of its own, so that it holds up no notice. Jobs are done; every night the sweep tells what is due; the log is sealed every hour, and its state
told outside every day. Any number of processes may attend: each duty is held by a lease, so that of
many one does it, and whoever was killed while doing it holds up nobody for longer. A sweep that was
missed is made up as soon as somebody attends; one that has not run for more than a day is told to
the system administrators.
"""

import logging
import os
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from config import Settings
from fireinvest.china import CHINA
from fireinvest.clock import utcnow
from fireinvest.gateways.blobs import from_url as blobs_from_url
from fireinvest.gateways.heads import Heads
from fireinvest.gateways.heads import from_url as heads_from_url
from fireinvest.gateways.mail import from_url as mail_from_url
from fireinvest.gateways.outside import Allowed, Outside
from fireinvest.gateways.queue import Queue, Stop
from fireinvest.regulation.calendar import Calendar
from fireinvest.regulation.rulesets import Law, known_law
from fireinvest.services.alert_words import SWEEP_MISSED
from fireinvest.services.delivering import deliver
from fireinvest.services.jobs import Runner, clear_results
from fireinvest.services.leases import takes_turn
from fireinvest.services.log import export_head, seal
from fireinvest.services.long_work import HANDLERS
from fireinvest.services.notices import calendar_in_force
from fireinvest.services.sending import Senders, failed, handlers
from fireinvest.services.sweeping import Swept, sweep
from fireinvest.services.working import Worker, event_handlers
from fireinvest.store import Database, Session, leases, sweeps
from fireinvest.store.alerts import NOBODY, NewAlert, Unheard, add_alerts, unheard
from fireinvest.store.conflicts import Conflict, changing
from fireinvest.store.heard import office_holders
from fireinvest.store.outbox import Backlog, backlog
from fireinvest.store.sweeps import Sweep
from fireinvest.workflow.permissions import SYSTEM_ADMINISTRATOR

logger = logging.getLogger("fireinvest.attend")

SWEEP = "sweep"
SEAL = "seal_log"
EXPORT = "export_log_head"
#: A sweep that has not run for so long is an alarm.
ALARM_AFTER = timedelta(hours=26)
#: Longer than any night's sweep; whoever was killed while sweeping holds up nobody for longer.
_LEASE = timedelta(hours=1)
_ONE_DAY = timedelta(days=1)
_SEAL_EVERY = timedelta(hours=1)
_LOG_LEASE = timedelta(minutes=15)
#: How often a process asks whether one of the rarer duties is due.
_ASK_EVERY = timedelta(minutes=10)
#: How soon after its start a server that only watches looks, in seconds: one that is restarted
#: daily seals as well.
FIRST_LOOK = 30.0
#: How many clocks that nobody hears of are named.
_MOST_UNHEARD = 100


# ---------------------------------------------------------------------------- who does it


def senders_of(settings: Settings) -> Senders:
    """Return by what notices are sent under these settings; nothing is connected."""
    outside = Outside(Allowed.of(settings.outgoing_allowed), settings.outgoing_authorities)
    mail_url = settings.notices.mail_url
    return Senders(
        post=None if mail_url is None else mail_from_url(mail_url),
        outside=outside if settings.notices.allows_webhooks else None,
        key=settings.secret_key,
        public_url=settings.public_url,
        is_full=settings.notices.is_mail_full,
    )


def worker_of(
    settings: Settings, database: Database, *, clock: Callable[[], datetime] = utcnow
) -> Worker:
    """Return somebody who does all jobs of this installation."""
    law = known_law(settings.law.profiles)
    known = event_handlers(lambda: calendar_in_force(database), law)
    return Worker(
        database, {**known, **handlers(database, senders_of(settings))}, clock, failed=failed
    )


# ---------------------------------------------------------------------------- doing it


def attend(
    database: Database,
    worker: Worker,
    calendar: Callable[[], Calendar],
    holder: str,
    now: datetime,
    *,
    sweep_at: time = time(1, 0),
    law: Law | None = None,
    is_stopped: Callable[[], bool] = lambda: False,
) -> Swept | None:
    """Do what is due: tell of a missed sweep, do the jobs, sweep once a day. Return the sweep's count.

    ``is_stopped``: asked between some jobs and the next; what is left then waits.
    """
    warn(database, now)
    _drain(worker, is_stopped)
    swept = None
    if not is_stopped() and _claims_sweep(database, holder, now, sweep_at):
        today = now.astimezone(CHINA).date()
        swept = sweep(database, calendar, clock=worker.clock, today=today, law=law)
        with changing(database) as session:
            leases.done(session, SWEEP, holder, worker.clock())
        _drain(worker, is_stopped)
    return swept


def _drain(worker: Worker, is_stopped: Callable[[], bool]) -> None:
    while not is_stopped():
        try:
            if not worker.run_once():
                return
        except Conflict:
            continue  # Another worker took the same jobs.


def _claims_sweep(database: Database, holder: str, now: datetime, sweep_at: time) -> bool:
    slot = due_since(now, sweep_at)
    with database.readers.begin() as session:
        last = _last(session)
    if last is not None and last.began_at >= slot:
        return False
    return takes_turn(database, SWEEP, holder, now=now, until=now + _LEASE, done_before=slot)


def due_since(now: datetime, sweep_at: time) -> datetime:
    """Return the last instant at which a sweep became due."""
    here = now.astimezone(CHINA)
    slot = datetime.combine(here.date(), sweep_at, CHINA)
    return slot if slot <= here else slot - _ONE_DAY


def warn(database: Database, now: datetime) -> int:
    """Tell the system administrators, once a day, that the sweep has not run; return how many."""
    with database.readers.begin() as session:
        since = _missed(session, now)
        if since is None:
            return 0
        today = now.astimezone(CHINA).date()
        people = office_holders(session, SYSTEM_ADMINISTRATOR, today)
    with changing(database) as session:
        new = [_warning(person_id, login, since, today) for person_id, login in people]
        added = add_alerts(session, new, now)
        deliver(session, [(alert_id, each, True) for alert_id, each in added], now)
        return len(added)


def _warning(person_id: int, login: str, since: "Missed", today: date) -> NewAlert:
    told = None if since.last_at is None else since.last_at.astimezone(CHINA)
    return NewAlert(
        key=f"{SWEEP_MISSED}:{today}:{login}",
        person_id=person_id,
        acts_for_id=None,
        role=SYSTEM_ADMINISTRATOR,
        case_id=None,
        clock=None,
        instance=None,
        due_on=None,
        rung=SWEEP_MISSED,
        occurrence=1,
        reached_on=today,
        details={"since": None if told is None else f"{told:%Y-%m-%d %H:%M}"},
    )


# ---------------------------------------------------------------------------- how it goes


@dataclass(frozen=True, slots=True)
class Missed:
    """A sweep was missed. ``last_at``: when one went through last, None for never."""

    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class Work:
    """How the work goes on behind the pages. ``next_at``: in the past while a sweep is due.

    ``unheard``: statutory clocks that are due or overdue while nobody of their case is there to hear.
    """

    last: Sweep | None
    next_at: datetime
    backlog: Backlog
    missed: Missed | None
    unheard: tuple[Unheard, ...] = ()

    @property
    def is_alarm(self) -> bool:
        """Does a sweep fail to run, or is nobody there to hear what it tells?"""
        return self.missed is not None or bool(self.unheard)


def _last(session: Session) -> Sweep | None:
    return next(iter(sweeps.latest(session, ended=True)), None)


def _missed(session: Session, now: datetime) -> Missed | None:
    last = _last(session)
    last_at = None if last is None else last.ended_at
    # Before there is a case there is nothing to be told.
    reference = last_at or sweeps.first_case_at(session)
    return Missed(last_at) if reference is not None and now - reference > ALARM_AFTER else None


def work_state(database: Database, now: datetime, sweep_at: time) -> Work:
    """Return how the work goes on: the last sweep and the next, what waits and what failed."""
    slot = due_since(now, sweep_at)
    with database.readers.begin() as session:
        last, missed = _last(session), _missed(session, now)
        waiting = backlog(session, now)
        alone = unheard(session, (SYSTEM_ADMINISTRATOR, NOBODY), _MOST_UNHEARD)
    is_done = last is not None and last.began_at >= slot
    return Work(last, slot + _ONE_DAY if is_done else slot, waiting, missed, tuple(alone))


# ---------------------------------------------------------------------------- the log


def seal_log(database: Database, holder: str, now: datetime) -> None:
    """Seal the log, where an hour has gone by since that was done."""
    if _takes_up(database, SEAL, holder, now, now - _SEAL_EVERY):
        seal(database, now)
        _is_done(database, SEAL, holder, now)


def tell_head(database: Database, heads: Heads, holder: str, now: datetime) -> None:
    """Seal the log and tell its state outside, once a day."""
    day = now.astimezone(CHINA).replace(hour=0, minute=0, second=0, microsecond=0)
    if _takes_up(database, EXPORT, holder, now, day):
        seal(database, now)
        export_head(database, heads, now=now, today=day.date())
        _is_done(database, EXPORT, holder, now)


def _takes_up(
    database: Database, name: str, holder: str, now: datetime, done_before: datetime
) -> bool:
    until = now + _LOG_LEASE
    return takes_turn(database, name, holder, now=now, until=until, done_before=done_before)


def _is_done(database: Database, name: str, holder: str, now: datetime) -> None:
    with changing(database) as session:
        leases.done(session, name, holder, now)


# ---------------------------------------------------------------------------- going on with it


@dataclass(frozen=True, slots=True)
class Duty:
    """Something that a process does by itself. ``work`` asks whether it is due, and does it.

    ``every``: how often it is asked at most; None with every look.
    """

    name: str
    work: Callable[[datetime], object]
    every: timedelta | None = None


class Rota:
    """The duties of a process, looked at one after the other; one that fails stops no other."""

    def __init__(
        self, duties: Sequence[Duty], is_stopped: Callable[[], bool] = lambda: False
    ) -> None:
        """Begin with none of them asked."""
        self._duties, self._is_stopped = duties, is_stopped
        self._asked: dict[str, datetime] = {}

    def look(self, now: datetime) -> None:
        """Do what is due. What fails is told in the server's log, and is tried again."""
        for duty in self._duties:
            asked = self._asked.get(duty.name)
            is_early = duty.every is not None and asked is not None and now - asked < duty.every
            if is_early or self._is_stopped():
                continue
            self._asked[duty.name] = now
            try:
                duty.work(now)
            except Exception:
                logger.exception(
                    "a duty failed; it is tried again", extra={"fields": {"duty": duty.name}}
                )


def log_duties(database: Database, heads: Heads, holder: str) -> tuple[Duty, ...]:
    """Return the duties that every server has, whoever does the work: the log, and the alarm."""
    return (
        Duty(SEAL, lambda now: seal_log(database, holder, now), _ASK_EVERY),
        Duty(EXPORT, lambda now: tell_head(database, heads, holder, now), _ASK_EVERY),
        Duty("warn", lambda now: warn(database, now), _ASK_EVERY),
    )


def start(settings: Settings, database: Database, queue: Queue) -> Stop:
    """Do all duties from now on, in one thread, and long work in another; returns what ends it.

    The queue wakes them, and every minute they look by themselves. Files that long work made some
    time ago are forgotten.
    """
    worker = worker_of(settings, database)
    law = known_law(settings.law.profiles)
    holder = _holder()
    stopped = threading.Event()

    def work(now: datetime) -> None:
        attend(
            database,
            worker,
            lambda: calendar_in_force(database),
            holder,
            now,
            sweep_at=settings.notices.sweep_at,
            law=law,
            is_stopped=stopped.is_set,
        )

    blobs = blobs_from_url(settings.blob_url)
    runner = Runner(database, blobs, settings, HANDLERS)
    kept = timedelta(days=settings.job_days)
    duties = (
        *log_duties(database, heads_from_url(settings.log_heads), holder),
        Duty("work", work),
        Duty("results", lambda now: clear_results(database, blobs, before=now - kept), _ASK_EVERY),
    )
    rota = Rota(duties, stopped.is_set)

    def look() -> None:
        runner.wake()
        rota.look(utcnow())

    end_long_work = runner.start()
    end = queue.serve(look)
    queue.wake()

    def stop() -> None:
        stopped.set()
        end_long_work()
        end()

    return stop


def watch(settings: Settings, database: Database, clock: Callable[[], datetime] = utcnow) -> Stop:
    """Leave jobs and sweep to others, and look from time to time whether they do them.

    Returns what ends it.
    """
    stopped = threading.Event()
    duties = log_duties(database, heads_from_url(settings.log_heads), _holder())
    rota = Rota(duties, stopped.is_set)

    def run() -> None:
        wait = FIRST_LOOK
        while not stopped.wait(wait):
            wait = _ASK_EVERY.total_seconds()
            rota.look(clock())

    threading.Thread(target=run, name="fireinvest-watch", daemon=True).start()
    return stopped.set


def _holder() -> str:
    return f"{socket.gethostname()[:60]}:{os.getpid()}"
