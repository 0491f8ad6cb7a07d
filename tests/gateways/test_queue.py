"""Who is woken: threads of the same process, or other processes, over either database."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from fireinvest.gateways.queue import IN_PROCESS, Queue, Shared, UnknownQueue, from_url

Make = Callable[[str], Queue]


@pytest.fixture(params=["inprocess", "sqlite", "postgresql"])
def queue_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "inprocess":
        return IN_PROCESS
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'queue.db'}"
    made = str(request.getfixturevalue("make_postgresql")(migrated=False))
    return made.replace("postgresql+psycopg", "postgresql")


class Looker:
    def __init__(self) -> None:
        self.looked = threading.Event()

    def __call__(self) -> None:
        self.looked.set()


@pytest.fixture
def looker() -> Looker:
    return Looker()


# The library leaves a thread's listening connection to the collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_whoever_serves_looks_when_woken(queue_url: str, looker: Looker) -> None:
    queue = from_url(queue_url, "secret")
    stop = queue.serve(looker)
    try:
        queue.wake()
        assert looker.looked.wait(10)
    finally:
        stop()


def test_another_process_is_woken_over_a_shared_queue(tmp_path: Path, looker: Looker) -> None:
    url = f"sqlite:///{tmp_path / 'queue.db'}"
    web, worker = from_url(url, "secret"), from_url(url, "secret")
    # What was said before anybody served is heard as well.
    web.wake()
    stop = worker.serve(looker)
    try:
        assert looker.looked.wait(10)
    finally:
        stop()


def test_a_message_that_somebody_else_signed_is_not_obeyed(tmp_path: Path, looker: Looker) -> None:
    url = f"sqlite:///{tmp_path / 'queue.db'}"
    from_url(url, "another secret").wake()
    worker = from_url(url, "secret")
    assert isinstance(worker, Shared)
    with pytest.raises(ValueError, match="mismatch"):
        worker._huey.dequeue()


def test_a_queue_that_is_away_fails_nobody() -> None:
    from_url("postgresql://127.0.0.1:1/none", "secret").wake()


@pytest.mark.parametrize("url", ["redis://127.0.0.1", "", "file:///x"])
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(UnknownQueue):
        from_url(url, "secret")
