"""Long work: once for all who do it, with progress, to be cancelled, and done anew after a crash."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from time import monotonic

import pytest
from sqlalchemy import text

from fireinvest.gateways.blobs import Blobs, from_url
from fireinvest.messages import Faulty, Label, Problem, Text
from fireinvest.services.files import clear_staged, stage
from fireinvest.services.jobs import (
    LEASE,
    MOST_ATTEMPTS,
    MOST_OPEN,
    JobKind,
    JobRun,
    JobState,
    Result,
    Runner,
    ask_job,
    cancel_job,
    clear_results,
    see_job,
    whoever_asked,
    words_of,
    written_words,
)
from fireinvest.store import Database, Session
from fireinvest.store import jobs as store
from fireinvest.store.conflicts import changing
from fireinvest.store.jobs import Job
from tests.conftest import settings_for
from tests.services.office import NOW
from tests.web.office import person_with

Do = Callable[[JobRun], Result | None]


class Shop:
    """Somebody who asks for long work, and those who do it."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.blobs: Blobs = from_url(f"file://{folder}/files")
        self.person = person_with(database, "asker")
        self.now = NOW

    def clock(self) -> datetime:
        return self.now

    def asks(self, key: str = "a", **arguments: object) -> int:
        with changing(self.database) as session:
            return ask_job(
                session, "work", person_id=self.person, login="asker", key=key, now=self.now,
                arguments=arguments,
            )  # fmt: skip

    def runner(self, do: Do) -> Runner:
        kinds = {"work": JobKind(Text("Work"), do, whoever_asked)}
        url = self.database.engine.url.render_as_string(hide_password=False)
        return Runner(self.database, self.blobs, settings_for(url), kinds, self.clock)

    def job(self, job_id: int) -> Job:
        with self.database.readers.begin() as session:
            found = store.find_job(session, job_id)
        assert found is not None
        return found

    def claims(self) -> Job | None:
        with changing(self.database) as session:
            return store.claim(session, "dead", self.now, self.now + LEASE)

    def files(self, job_id: int) -> list[store.JobFile]:
        with self.database.readers.begin() as session:
            return store.files_of(session, [job_id])[job_id]

    def run(self, statement: str) -> None:
        with self.database.sessions.begin() as session:
            session.execute(text(statement))


@pytest.fixture
def shop(database: Database, tmp_path: Path) -> Shop:
    return Shop(database, tmp_path)


def makes(run: JobRun) -> Result:
    run.progress(1, 2, Text("half of %(what)s", what="it"))
    run.keep("made.txt", "text/plain", BytesIO(b"made"))
    return Result(Text("made %(count)s", count=1), target="case/1")


def test_a_job_is_done_once_and_keeps_what_it_made(shop: Shop) -> None:
    job_id = shop.asks(what=["a", 1])
    assert shop.asks(what=["a", 1]) == job_id
    assert shop.job(job_id).arguments == {"what": ["a", 1]}
    runner = shop.runner(makes)
    assert runner.drain() == 1
    assert not runner.run_once()
    job = shop.job(job_id)
    assert (job.state, job.done, job.total, job.target) == (JobState.DONE, 2, 2, "case/1")
    (file,) = shop.files(job_id)
    with shop.blobs.open(file.blob) as stream:
        assert stream.read() == b"made"
    with shop.database.readers.begin() as session:
        assert see_job(session, job_id, shop.person + 1, sees_all=False) is None
        seen = see_job(session, job_id, shop.person + 1, sees_all=True)
    assert seen is not None
    assert (seen.share, seen.words, seen.asked_by) == (
        100,
        Text("made %(count)s", count=1),
        "某asker",
    )


def test_who_asks_twice_at_once_asks_for_one(shop: Shop) -> None:
    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(lambda _: shop.asks("same"), range(4)))) == 1


def test_of_many_who_work_each_takes_other_jobs(shop: Shop) -> None:
    done: list[int] = []
    for number in range(6):
        shop.asks(f"{number}")

    def do(run: JobRun) -> None:
        done.append(run.job.id)

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: shop.runner(do).drain(), range(3)))
    shop.runner(do).drain()
    assert len(done) == len(set(done)) == 6


def test_who_is_killed_loses_the_job_when_the_lease_is_over(shop: Shop) -> None:
    job_id = shop.asks()
    dead = shop.claims()
    assert dead is not None
    shop.now += LEASE
    assert not shop.runner(makes).run_once()
    # A word of progress holds it for longer; after that it is taken by the next.
    with changing(shop.database) as session:
        store.renew(session, dead, shop.now + LEASE, 1, 2, None)
    shop.now += LEASE
    assert not shop.runner(makes).run_once()
    shop.now += timedelta(seconds=1)
    assert shop.runner(makes).run_once()
    assert shop.job(job_id).state is JobState.DONE
    # Who was taken for dead and isn't finds it lost, and changes nothing.
    with changing(shop.database) as session:
        assert store.renew(session, dead, shop.now, 1, 2, None) is store.Renewal.LOST
        assert not store.end(session, dead, JobState.FAILED, shop.now)
    assert shop.job(job_id).state is JobState.DONE


def test_a_store_that_takes_long_loses_no_job(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fireinvest.services.jobs._HOLD_EVERY", 0.01)
    job_id = shop.asks()

    class Slow(BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            shop.now += LEASE - timedelta(seconds=1)
            until = monotonic() + 5
            while monotonic() < until:
                held = shop.job(job_id).claimed_until
                if held is not None and held > shop.now + timedelta(seconds=2):
                    break
            shop.now += timedelta(seconds=2)
            return super().read(size)

    def do(run: JobRun) -> None:
        run.keep("x", "text/plain", Slow(b"slowly"))

    shop.runner(do).run_once()
    assert shop.job(job_id).state is JobState.DONE


def test_files_of_an_earlier_try_are_made_anew(shop: Shop) -> None:
    job_id = shop.asks()
    dead = shop.claims()
    assert dead is not None
    kept = shop.blobs.put(BytesIO(b"half"), at_most=10)
    with changing(shop.database) as session:
        store.add_file(session, store.JobFile(job_id, 0, "half", "text/plain", kept.sha256, 4))
    shop.now += LEASE * 2
    shop.runner(makes).drain()
    assert [each.name for each in shop.files(job_id)] == ["made.txt"]
    assert not shop.blobs.exists(kept.sha256)


def test_what_kills_its_workers_is_given_up(shop: Shop) -> None:
    job_id = shop.asks()
    for _ in range(MOST_ATTEMPTS):
        assert shop.claims() is not None
        shop.now += LEASE * 2
    shop.runner(makes).drain()
    job = shop.job(job_id)
    assert job.state is JobState.FAILED
    assert "given up" in str(words_of(job.words))


def test_who_cancels_stops_it(shop: Shop) -> None:
    waiting, going = shop.asks("a"), shop.asks("b")

    def cancel(job_id: int) -> bool:
        with changing(shop.database) as session:
            return cancel_job(session, shop.job(job_id), login="asker", now=shop.now)

    assert cancel(waiting)
    assert not cancel(waiting)

    def do(run: JobRun) -> None:
        run.progress(0, 2, Text("begun"))
        run.keep("x", "text/plain", BytesIO(b"left behind"))
        assert cancel(going)
        run.progress(1, 2, Text("begun"))  # Within the same second: not noticed yet.
        shop.now += timedelta(seconds=2)
        run.progress(2, 2, Text("begun"))
        raise AssertionError

    shop.runner(do).drain()
    assert shop.job(waiting).state is shop.job(going).state is JobState.CANCELLED
    assert shop.files(going) == []
    assert list(shop.blobs.names()) == []


def _refuses(_run: JobRun) -> None:
    raise Faulty([Problem("x", Text("It can't be done."))])


def _breaks(_run: JobRun) -> None:
    raise RuntimeError("inner detail")


@pytest.mark.parametrize(
    ("do", "words"),
    [
        (_refuses, Text("It can't be done.")),
        (_breaks, Text("Something went wrong; the server's log says what.")),
    ],
)
def test_a_failure_is_told_plainly(shop: Shop, do: Do, words: Text) -> None:
    job_id = shop.asks()
    shop.runner(do).drain()
    job = shop.job(job_id)
    assert (job.state, words_of(job.words)) == (JobState.FAILED, words)
    assert "inner" not in (job.words or "")


def test_what_it_writes_commits_with_its_being_done(shop: Shop) -> None:
    job_id = shop.asks()

    def fails(session: Session) -> str:
        session.execute(text("UPDATE people SET name = 'changed'"))
        raise RuntimeError

    shop.runner(lambda _run: Result(closing=fails)).drain()
    assert shop.job(job_id).state is JobState.FAILED
    with shop.database.readers.begin() as session:
        assert session.scalar(text("SELECT name FROM people")) == "某asker"
    again = shop.asks("b")
    shop.runner(lambda _run: Result(closing=lambda _session: "case/7")).drain()
    assert shop.job(again).target == "case/7"


def test_a_process_that_ends_hands_the_job_back(shop: Shop) -> None:
    job_id = shop.asks()
    runner = shop.runner(lambda _run: None)

    def do(run: JobRun) -> None:
        runner._stopped.set()
        run.progress(1, 2, Text("x"))

    runner.kinds = {"work": JobKind(Text("Work"), do, whoever_asked)}
    runner.run_once()
    job = shop.job(job_id)
    assert (job.state, job.attempts) == (JobState.WAITING, 0)
    assert shop.runner(makes).run_once()


def test_a_thread_does_what_it_is_woken_for(shop: Shop) -> None:
    runner = shop.runner(makes)
    stop = runner.start()
    job_id = shop.asks()
    runner.wake()
    stopped_by = datetime.now().astimezone() + timedelta(seconds=10)
    while shop.job(job_id).state.is_open and datetime.now().astimezone() < stopped_by:
        runner.wake()
    stop()
    assert shop.job(job_id).state is JobState.DONE


def test_files_are_forgotten_after_a_time_unless_somebody_else_has_them(shop: Shop) -> None:
    job_id = shop.asks()
    shop.runner(makes).drain()
    (file,) = shop.files(job_id)
    stage(
        shop.database, shop.blobs, shop.person, "a.txt", BytesIO(b"made"), at_most=99, now=shop.now
    )
    # The bytes are the job's too: they stay when the staged file is forgotten.
    later = shop.now + timedelta(days=9)
    assert (
        clear_staged(shop.database, shop.blobs, before=shop.now + timedelta(days=1), now=later) == 1
    )
    assert shop.blobs.exists(file.blob)
    assert clear_results(shop.database, shop.blobs, before=shop.now) == 0
    stage(
        shop.database, shop.blobs, shop.person, "a.txt", BytesIO(b"made"), at_most=99, now=shop.now
    )
    assert clear_results(shop.database, shop.blobs, before=later) == 1
    assert shop.files(job_id) == []
    assert shop.blobs.exists(file.blob)
    clear_staged(shop.database, shop.blobs, before=shop.now + timedelta(days=1), now=later)
    assert not shop.blobs.exists(file.blob)


def test_nobody_asks_for_more_than_can_be_done(shop: Shop) -> None:
    for number in range(MOST_OPEN):
        shop.asks(f"{number}")
    with pytest.raises(Faulty, match="not done yet"):
        shop.asks("more")
    with pytest.raises(Faulty):
        shop.asks("")


def test_words_are_kept_as_they_were_said() -> None:
    said = Text("%(a)s of %(b)s", a=Text("one %(n)s", n=1), b=Label("二", "two"))
    assert words_of(written_words(said)) == said
    assert words_of(written_words("plain")) == "plain"
    assert words_of(None) is None
