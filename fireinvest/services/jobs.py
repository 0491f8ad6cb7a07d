"""Long work that somebody asked for: done behind the pages, with progress, and to be cancelled.

A job is held by a short lease that its own progress renews. Whoever dies with one loses it when
the lease is over, and it is done anew from its beginning, up to a bound. What it writes into the
database commits together with its being done: once, however often it was begun. Files that it
makes are kept for some days; they can be made anew.
"""

import json
import logging
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import BinaryIO

from config import Settings
from fireinvest.china import CHINA
from fireinvest.clock import utcnow
from fireinvest.gateways.blobs import Blob, Blobs
from fireinvest.messages import Faulty, Label, Problem, Text, Words
from fireinvest.regulation.rulesets import Law, known_law
from fireinvest.services.cases import NoSuchCase, see_case
from fireinvest.services.people import acts_as
from fireinvest.store import Database, Session, files
from fireinvest.store import jobs as store
from fireinvest.store.access import NOWHERE, From, log_access
from fireinvest.store.conflicts import Conflict, changing
from fireinvest.store.imported import imported_hashes
from fireinvest.store.jobs import Job, JobFile, JobState, Renewal
from fireinvest.store.papers import template_hashes
from fireinvest.store.people import find_person
from fireinvest.workflow.permissions import Actor

__all__ = [
    "Cancelled",
    "Handler",
    "Job",
    "JobFile",
    "JobKind",
    "JobRun",
    "JobState",
    "Result",
    "Runner",
    "Seen",
    "ask_job",
    "cancel_job",
    "clear_results",
    "latest",
    "see_job",
    "sees_case",
    "whoever_asked",
    "words_of",
]

logger = logging.getLogger("fireinvest.jobs")

#: How long a job is held without a word of progress; no single step of one takes longer.
LEASE = timedelta(minutes=3)
#: How often a job is begun whose worker died; after that something in it kills workers.
MOST_ATTEMPTS = 3
#: How often progress is written down at most, and a cancellation noticed.
TELL_EVERY = timedelta(seconds=1)
#: How often a runner looks by itself, in seconds: this long a job waits whose call was lost.
LOOK_EVERY = 15.0
#: How many jobs one person may have open.
MOST_OPEN = 20

_LONGEST_KEY = 120


class Cancelled(Exception):
    """Somebody cancelled the job: what it began is to be left, and nothing more is done."""


class _Stopped(Exception):
    """The process ends; another one does the job anew."""


class _Lost(Exception):
    """The lease was over and somebody else has the job: nothing is written."""


@dataclass(frozen=True, slots=True)
class Result:
    """How a job ended, beside the files that it kept.

    ``words``: told on its page. ``closing``: what it writes, in the commit that notes it done; what
    it returns, if anything, replaces ``target``. ``target``: what was made, such as ``imported/7``.
    """

    words: Words | None = None
    target: str | None = None
    closing: Callable[[Session], str | None] | None = None


#: Does a job.
Handler = Callable[["JobRun"], Result | None]


def whoever_asked(_session: Session, _law: Law, _actor: Actor, _job: Job, _today: date) -> bool:
    """Say yes: its files hold nothing of a case."""
    return True


def sees_case(session: Session, _law: Law, actor: Actor, job: Job, _today: date) -> bool:
    """May they still see the case whose files these are?"""
    if job.case_id is None:
        return False
    try:
        see_case(session, actor, job.case_id)
    except NoSuchCase:
        return False
    return True


@dataclass(frozen=True, slots=True)
class JobKind:
    """A kind of long work. ``may_take``: may somebody take its files now, whoever asked for it?"""

    label: Text
    do: Handler
    may_take: Callable[[Session, Law, Actor, Job, date], bool] = whoever_asked


# ---------------------------------------------------------------------------- asking


def ask_job(
    session: Session,
    kind: str,
    *,
    person_id: int,
    login: str,
    key: str,
    now: datetime,
    case_id: int | None = None,
    arguments: Mapping[str, object] | None = None,
    acting_for: str | None = None,
    origin: From = NOWHERE,
) -> int:
    """Ask for long work, and return the job's id. Asked again under the same key, it is one job.

    It commits with whatever else the caller writes; that somebody asked stands in the log. The
    caller has asked before whether they may; the handler asks again when it begins.

    Raises:
        Faulty: when the key can't be one, or too many jobs of this person wait.

    """
    if not 0 < len(key) <= _LONGEST_KEY:
        raise Faulty([Problem("idempotency_key", Text("The form is incomplete; open it again."))])
    known = store.job_with_key(session, person_id, key)
    if known is not None:
        return known.id
    waiting = [each for each in store.latest_jobs(session, person_id, 100) if each.state.is_open]
    if len(waiting) >= MOST_OPEN:
        text = Text("%(count)s jobs of yours are not done yet: wait for them.", count=len(waiting))
        raise Faulty([Problem("", text)])
    job_id = store.add_job(
        session,
        kind=kind,
        case_id=case_id,
        arguments=arguments or {},
        person_id=person_id,
        acting_for=acting_for,
        key=key,
        asked_at=now,
    )
    log_access(
        session,
        happened_at=now,
        person=login,
        what="job_asked",
        case_id=case_id,
        item=f"{kind} {job_id}",
        acting_for=acting_for,
        origin=origin,
    )
    return job_id


def cancel_job(
    session: Session, job: Job, *, login: str, now: datetime, origin: From = NOWHERE
) -> bool:
    """Cancel a job that isn't over; say whether there was something to cancel."""
    if not store.ask_to_cancel(session, job.id, now):
        return False
    log_access(
        session,
        happened_at=now,
        person=login,
        what="job_cancelled",
        case_id=job.case_id,
        item=f"{job.kind} {job.id}",
        origin=origin,
    )
    return True


# ---------------------------------------------------------------------------- seeing


@dataclass(frozen=True, slots=True)
class Seen:
    """A job as its page shows it, with the files that it made and still has."""

    job: Job
    files: tuple[JobFile, ...]
    asked_by: str

    @property
    def share(self) -> int | None:
        """How many hundredths are done; None while nobody knows."""
        job = self.job
        return None if job.total <= 0 else min(100, job.done * 100 // job.total)

    @property
    def stage(self) -> Words | None:
        """Where it is."""
        return words_of(self.job.stage)

    @property
    def words(self) -> Words | None:
        """How it ended."""
        return words_of(self.job.words)

    @property
    def is_being_cancelled(self) -> bool:
        """Was it cancelled, and hasn't noticed yet?"""
        return self.job.state is JobState.RUNNING and self.job.cancel_asked_at is not None


def see_job(session: Session, job_id: int, person_id: int, *, sees_all: bool) -> Seen | None:
    """Return a job for whoever asked for it, or for those who see all; None for anybody else."""
    job = store.find_job(session, job_id)
    if job is None or (job.person_id != person_id and not sees_all):
        return None
    person = find_person(session, job.person_id)
    found = store.files_of(session, [job_id])[job_id] if job.state is JobState.DONE else []
    return Seen(job, tuple(found), "" if person is None else person.name)


def latest(session: Session, person_id: int | None, size: int = 50) -> list[Job]:
    """Return somebody's jobs, or everybody's for None, the newest first."""
    return store.latest_jobs(session, person_id, size)


# ---------------------------------------------------------------------------- words


def written_words(words: Words | None) -> str | None:
    """Return a sentence as it is stored."""
    return None if words is None else json.dumps(_plain(words), ensure_ascii=False)


def _plain(value: object) -> object:
    match value:
        case Text():
            return {"msgid": value.msgid, "values": {k: _plain(v) for k, v in value.values}}
        case Label():
            return {"zh": value.zh, "en": value.en}
        case int() | str():
            return value
    return str(value)


def words_of(written: str | None) -> Words | None:
    """Return a sentence that was stored; None where there is none."""
    return None if written is None else _words(json.loads(written))


def _words(found: object) -> Words:
    match found:
        case {"msgid": str(msgid), "values": dict(values)}:
            return Text(
                msgid, **{k: _words(v) if isinstance(v, dict) else v for k, v in values.items()}
            )
        case {"zh": str(zh), "en": str(en)}:
            return Label(zh, en)
    return str(found)


# ---------------------------------------------------------------------------- doing


@dataclass
class JobRun:
    """A job that goes on: what its handler is given."""

    job: Job
    database: Database
    blobs: Blobs
    settings: Settings
    clock: Callable[[], datetime] = utcnow
    is_stopped: Callable[[], bool] = lambda: False
    _told_at: datetime | None = None
    _stage: str | None = None
    _done: int = 0
    _total: int = 0
    _place: int = 0
    _folders: ExitStack = field(default_factory=ExitStack)

    @property
    def now(self) -> datetime:
        """The instant."""
        return self.clock()

    @property
    def today(self) -> date:
        """The day in China."""
        return self.clock().astimezone(CHINA).date()

    def law(self) -> Law:
        """Return the law of this installation."""
        return known_law(self.settings.law.profiles)

    def actor(self, session: Session) -> Actor:
        """Return as whom the asker acts now, with the posts of today.

        Raises:
            Faulty: when their account isn't in use any more.

        """
        person = find_person(session, self.job.person_id)
        if person is None or not person.is_active:
            text = Text("The account of whoever asked for it is not in use any more.")
            raise Faulty([Problem("", text)])
        return acts_as(session, person, self.today, self.job.acting_for, law=self.law())[0]

    def progress(self, done: int, total: int, stage: Words) -> None:
        """Say how far it is, and hold the job for longer. To be called every few seconds.

        Cheap: it is written down once in a second at most.

        Raises:
            Cancelled: when somebody cancelled the job.

        """
        if self.is_stopped():
            raise _Stopped
        written = written_words(stage)
        now = self.clock()
        is_early = self._told_at is not None and now - self._told_at < TELL_EVERY
        if is_early and written == self._stage:
            return
        self._told_at, self._stage, self._done, self._total = now, written, done, total
        try:
            with changing(self.database) as session:
                found = store.renew(session, self.job, now + LEASE, done, total, written)
        except Conflict:
            return  # The next word of progress renews it.
        if found is Renewal.CANCELLED:
            raise Cancelled
        if found is Renewal.LOST:
            raise _Lost

    def keep(self, name: str, media_type: str, stream: BinaryIO) -> Blob:
        """Keep a file that the job made: it can be taken from its page once the job is done."""
        with self._holding():
            blob = self.blobs.put(stream, at_most=_LARGEST_FILE)
        with changing(self.database) as session:
            files.share_staged(session)
            until = self.clock() + LEASE
            held = store.renew(session, self.job, until, self._done, self._total, self._stage)
            if held is Renewal.LOST:
                raise _Lost
            made = JobFile(self.job.id, self._place, name, media_type, blob.sha256, blob.size)
            store.add_file(session, made)
        self._place += 1
        if not self.blobs.exists(blob.sha256):
            raise OSError("a file that was made is gone")
        return blob

    @contextmanager
    def _holding(self) -> Iterator[None]:
        """Hold the job as long as this process lives: a store may take a while for what it was given."""
        ended = threading.Event()

        def hold() -> None:
            while not ended.wait(_HOLD_EVERY):
                with suppress(Exception), changing(self.database) as session:
                    until = self.clock() + LEASE
                    store.renew(session, self.job, until, self._done, self._total, self._stage)

        thread = threading.Thread(target=hold, name="fireinvest-hold", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def folder(self) -> Path:
        """Return a new folder that is gone when the job ends; for small files."""
        made = mkdtemp(prefix="fireinvest-job-")
        self._folders.callback(rmtree, made, ignore_errors=True)
        return Path(made)

    def close(self) -> None:
        """Remove what it needed while it went on."""
        self._folders.close()


#: How often a job is held anew while a file that it made is kept, in seconds.
_HOLD_EVERY = 60.0
#: No bound of ours, but one: what is made is made of files that were taken.
_LARGEST_FILE = 1024**4


@dataclass
class Runner:
    """Does jobs one after the other, in a thread of its own: what takes long holds up nobody."""

    database: Database
    blobs: Blobs
    settings: Settings
    kinds: Mapping[str, JobKind]
    clock: Callable[[], datetime] = utcnow
    name: str = field(default_factory=lambda: secrets.token_hex(8))
    _stopped: threading.Event = field(default_factory=threading.Event)
    _woken: threading.Event = field(default_factory=threading.Event)

    def run_once(self) -> bool:
        """Do the oldest job that waits; say whether there was one."""
        now = self.clock()
        try:
            with changing(self.database) as session:
                job = store.claim(session, self.name, now, now + LEASE)
        except Conflict:
            return True  # Another runner was quicker.
        if job is None:
            return False
        self._do(job)
        return True

    def drain(self) -> int:
        """Do jobs until none waits, and return how many were done."""
        count = 0
        while not self._stopped.is_set() and self.run_once():
            count += 1
        return count

    def _do(self, job: Job) -> None:
        # What an earlier try had made is made anew.
        self._drop_files(job)
        if job.cancel_asked_at is not None:
            self._end(job, JobState.CANCELLED)
            return
        if job.attempts > MOST_ATTEMPTS:
            text = Text("The work broke off %(count)s times and was given up.", count=MOST_ATTEMPTS)
            self._end(job, JobState.FAILED, text)
            return
        run = JobRun(
            job, self.database, self.blobs, self.settings, self.clock, self._stopped.is_set
        )
        try:
            kind = self.kinds.get(job.kind)
            if kind is None:
                raise Faulty([Problem("", Text("This version of the program can't do it."))])
            self._finish(job, kind.do(run) or Result())
        except _Lost:
            return
        except _Stopped:
            with changing(self.database) as session:
                store.hand_back(session, job, counts=False)
        except Cancelled:
            self._drop_files(job)
            self._end(job, JobState.CANCELLED)
        except Faulty as faulty:
            self._drop_files(job)
            self._end(job, JobState.FAILED, faulty.problems[0].text if faulty.problems else None)
        except Conflict:
            with changing(self.database) as session:
                store.hand_back(session, job, counts=True)
        except Exception:
            fields = {"job": job.id, "kind": job.kind, "case_id": job.case_id}
            logger.exception("a job failed", extra={"fields": fields})
            self._drop_files(job)
            text = Text("Something went wrong; the server's log says what.")
            self._end(job, JobState.FAILED, text)
        finally:
            run.close()

    def _finish(self, job: Job, result: Result) -> None:
        with changing(self.database) as session:
            target = result.target
            if result.closing is not None:
                target = result.closing(session) or target
            words = written_words(result.words)
            if not store.end(session, job, JobState.DONE, self.clock(), words, target):
                raise _Lost

    def _end(self, job: Job, state: JobState, words: Words | None = None) -> None:
        with changing(self.database) as session:
            store.end(session, job, state, self.clock(), written_words(words))

    def _drop_files(self, job: Job) -> None:
        with changing(self.database) as session:
            hashes = store.drop_files(session, [job.id])
        _free(self.database, self.blobs, hashes)

    # ------------------------------------------------------------------------ in a thread

    def start(self) -> Callable[[], None]:
        """Do jobs from now on; returns what ends it: the job that goes on is handed back."""
        thread = threading.Thread(target=self._serve, name="fireinvest-jobs", daemon=True)
        thread.start()

        def stop() -> None:
            self._stopped.set()
            self._woken.set()
            thread.join(timeout=_LONGEST_STOP)

        return stop

    def wake(self) -> None:
        """Let it look at once."""
        self._woken.set()

    def _serve(self) -> None:
        while not self._stopped.is_set():
            try:
                self.drain()
            except Exception:
                logger.exception("jobs can't be done just now; it is tried again")
            self._woken.wait(LOOK_EVERY)
            self._woken.clear()


#: How long an end waits for a job to notice, in seconds; then it is left to its lease.
_LONGEST_STOP = 10.0


# ---------------------------------------------------------------------------- clearing


def clear_results(database: Database, blobs: Blobs, *, before: datetime) -> int:
    """Forget the files of jobs that were over before an instant; return how many jobs had some."""
    with database.readers.begin() as session:
        old = store.with_files_ended_before(session, before)
    if not old:
        return 0
    with changing(database) as session:
        hashes = store.drop_files(session, old)
    _free(database, blobs, hashes)
    return len(old)


def _free(database: Database, blobs: Blobs, hashes: frozenset[str]) -> None:
    """Remove bytes that nothing else names, as those of a file that somebody handed in again."""
    if not hashes:
        return
    with database.readers.begin() as reading:
        recorded = {each.sha256 for each in files.recorded_files(reading) if each.sha256 in hashes}
    with changing(database) as session:
        # Whoever stages or makes the same content waits, and looks afterwards.
        files.lock_staged(session)
        free = hashes - recorded
        named = files.staged_hashes(session, free) | store.blobs_of_jobs(session, free)
        named |= template_hashes(session, free)
        for sha256 in free - named - imported_hashes(session, free):
            blobs.remove(sha256)
