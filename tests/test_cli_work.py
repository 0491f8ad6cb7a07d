"""The commands of the work behind the pages: sweep, jobs, and a worker that ends cleanly."""

import os
import signal
import subprocess
import sys
from time import monotonic, sleep

from sqlalchemy import text, update

from config import ROOT
from fireinvest.clock import utcnow
from fireinvest.store import Database, open_database, sweeps
from fireinvest.store.outbox import Notice, OutboxRow, backlog, failed_jobs, post
from tests.services.office import opened
from tests.test_cli import run

SECRET = "only for tests"


def environ(url: str) -> dict[str, str]:
    return {"DATABASE_URL": url, "SECRET_KEY": SECRET}


def test_a_sweep_by_hand_prints_its_counts_and_ends_badly_after_an_error(
    database: Database, database_url: str
) -> None:
    opened(database)
    bad = opened(database)
    result = run("sweep", **environ(database_url))
    assert result.exit_code == 0
    assert "2 cases with something to tell" in result.stdout
    assert (
        "0 cases with something to tell, 0 notices" in run("sweep", **environ(database_url)).stdout
    )
    with database.engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            connection.execute(text("DROP TRIGGER journal_no_update"))
        else:
            connection.execute(text("ALTER TABLE journal DISABLE TRIGGER USER"))
        given = {"id": bad.id}
        connection.execute(
            text("UPDATE journal SET payload = '{}' WHERE case_id = :id AND seq = 1"), given
        )
        connection.execute(text("UPDATE ladders SET next_on = '2025-05-12'"))
    failing = run("sweep", **environ(database_url))
    assert failing.exit_code == 1
    assert "1 cases failed" in failing.stdout
    assert f"id {bad.id} failed" in failing.stdout


def test_jobs_that_failed_are_listed_and_tried_again(database: Database, database_url: str) -> None:
    with database.sessions.begin() as session:
        post(session, [Notice(key, None, "mail", {}) for key in "abc"], utcnow())
        session.execute(
            update(OutboxRow)
            .where(OutboxRow.key != "c")
            .values(failed_at=utcnow(), error="http:404")
        )
        ids = [each.id for each in failed_jobs(session, 10)]
    listed = run("jobs", **environ(database_url))
    assert listed.exit_code == 0
    assert "Jobs that wait: 1" in listed.stdout
    assert "Jobs that failed: 2" in listed.stdout
    assert "http:404" in listed.stdout
    assert (
        "Jobs that failed: 1" in run("jobs", "--retry", f"{ids[0]}", **environ(database_url)).stdout
    )
    assert "Jobs that failed: 0" in run("jobs", "--retry", "all", **environ(database_url)).stdout
    with database.readers.begin() as session:
        assert backlog(session, utcnow()).waiting == 3
    assert run("jobs", "--retry", "x", **environ(database_url)).exit_code == 2


def test_a_worker_does_what_waits_and_ends_when_it_is_told_to(sqlite_url: str) -> None:
    database = open_database(sqlite_url)
    opened(database)
    queue_url = f"{sqlite_url}.queue"
    worker = subprocess.Popen(
        [sys.executable, "-m", "fireinvest", "work"],
        cwd=ROOT,
        env={
            **os.environ, **environ(sqlite_url), "QUEUE_URL": queue_url,
            "LOG_HEADS": f"file://{sqlite_url.removeprefix('sqlite:///')}.heads",
        },
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    done, waiting = [], 1
    try:
        until = monotonic() + 60
        while monotonic() < until:
            with database.readers.begin() as session:
                done = sweeps.latest(session, ended=True)
                waiting = backlog(session, utcnow()).waiting
            if done and not waiting:
                break
            sleep(0.1)
        assert done
        assert waiting == 0
    finally:
        worker.send_signal(signal.SIGTERM)
    said, _ = worker.communicate(timeout=60)
    assert worker.returncode == 0
    assert "The work is ended." in said
    database.engine.dispose()
