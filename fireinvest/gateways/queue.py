"""What wakes the workers: within one process, or across processes and machines.

The queue holds no work: that stands in the outbox, and commits with what it tells of. A message
says only that somebody should look there, so that one that is lost costs a minute and no notice.
"""

import hashlib
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property
from typing import Protocol
from urllib.parse import urlsplit

from huey import Huey, PostgresHuey, SqliteHuey, crontab
from huey.consumer import Consumer
from huey.serializer import SignedSerializer

#: How long it takes at most until somebody looks whom no message reached, in seconds.
LOOK_EVERY = 60.0
IN_PROCESS = "inprocess:"
_NAME = "fireinvest"

Look = Callable[[], object]
Stop = Callable[[], None]


class Queue(Protocol):
    """Wakes those who do the work."""

    #: Do processes other than the one that is asked hear of it?
    is_shared: bool

    def wake(self) -> None:
        """Say that there may be something to do; never waits for it, and never fails for it."""

    def serve(self, look: Look) -> Stop:
        """Look whenever somebody wakes us, and every minute; returns what ends it."""


class UnknownQueue(ValueError):
    """There is no queue with such an address."""


def from_url(url: str, secret: str) -> Queue:
    """Return the queue at an address.

    ``inprocess:`` wakes threads of the same process; ``sqlite:///`` and ``postgresql://`` wake
    other processes. ``secret``: with which messages are signed, so that nobody else's are obeyed.

    Raises:
        UnknownQueue: when the address is of no known kind.

    """
    if url == IN_PROCESS:
        return InProcess()
    kind = urlsplit(url).scheme
    # The library's default would unpickle whatever lies in the queue.
    key = hashlib.sha256(f"queue:{secret}".encode()).hexdigest()
    serializer = SignedSerializer(secret=key)
    given = {"results": False, "serializer": serializer}
    if kind == "sqlite":
        file = url.removeprefix("sqlite:///")
        return Shared(lambda: SqliteHuey(_NAME, filename=file, **given))
    if kind == "postgresql":
        return Shared(lambda: PostgresHuey(_NAME, dsn=url, **given))
    raise UnknownQueue(kind)


class InProcess:
    """Threads of one process, woken by each other."""

    is_shared = False

    def __init__(self) -> None:
        """Begin with nobody waiting."""
        self._woken = threading.Event()

    def wake(self) -> None:
        """Let whoever serves look at once."""
        self._woken.set()

    def serve(self, look: Look) -> Stop:
        """Look in a thread of this process."""
        stopped = threading.Event()

        def run() -> None:
            while not stopped.is_set():
                self._woken.wait(LOOK_EVERY)
                self._woken.clear()
                if not stopped.is_set():
                    look()

        thread = threading.Thread(target=run, name="fireinvest-worker", daemon=True)
        thread.start()

        def stop() -> None:
            stopped.set()
            self._woken.set()
            thread.join()

        return stop


class _Consumer(Consumer):  # type: ignore[misc] # the library ships no types
    """A consumer in a thread of a program whose signals are somebody else's."""

    def _set_signal_handlers(self) -> None:
        pass


class Shared:
    """Processes and machines, woken over a database that all of them reach."""

    is_shared = True

    def __init__(self, connect: Callable[[], Huey]) -> None:
        """Keep how it is reached; nothing is asked before first use."""
        self._connect = connect
        self._look: Look = lambda: None

    @cached_property
    def _huey(self) -> Huey:
        return self._connect()

    @cached_property
    def _task(self) -> Callable[[], object]:
        task: Callable[[], object] = self._huey.task(name="look")(lambda: self._look() and None)
        return task

    def wake(self) -> None:
        """Send a message; where the queue is away, the next look in turn finds the work."""
        with suppress(Exception):
            self._task()

    def serve(self, look: Look) -> Stop:
        """Obey messages in a thread of this process, and look every minute."""
        self._look = look
        huey, _known = self._huey, self._task
        huey.periodic_task(crontab(minute="*"), name="look_in_turn")(lambda: look() and None)
        consumer = _Consumer(huey, workers=1, worker_type="thread", periodic=True)
        consumer.start()

        def stop() -> None:
            consumer.stop(graceful=True)
            huey.storage.close()

        return stop
