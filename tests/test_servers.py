"""The server that browsers under test ask: it closes what it answers, and ends with all it began."""

import socket
import struct
import threading
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from tests.servers import serving

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

ASK = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


class Answer:
    """Comes at once, ends when it may, and counts how often it was closed."""

    def __init__(self) -> None:
        self.has_come, self.may_end = threading.Event(), threading.Event()
        self.closed = 0

    def __call__(self, environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        start("200 OK", [("Content-Length", "4")])
        return self

    def __iter__(self) -> Iterator[bytes]:
        yield b"here"
        self.has_come.set()
        assert self.may_end.wait(20)

    def close(self) -> None:
        self.closed += 1


def test_an_answer_is_closed_where_the_browser_hung_up() -> None:
    answer = Answer()
    with serving(answer) as port:
        asking = socket.create_connection(("127.0.0.1", port), timeout=20)
        asking.sendall(ASK)
        assert answer.has_come.wait(20)
        # Not a farewell, but a reset, as of a page that is left while its files still come.
        asking.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        asking.close()
        answer.may_end.set()
    assert answer.closed == 1


def test_an_answer_is_closed_once_where_all_goes_well() -> None:
    answer = Answer()
    answer.may_end.set()
    with (
        serving(answer) as port,
        socket.create_connection(("127.0.0.1", port), timeout=20) as asking,
        asking.makefile("rb") as coming,
    ):
        asking.sendall(ASK)
        assert coming.read().endswith(b"here")
    assert answer.closed == 1


def test_the_end_waits_for_answers_but_for_nobody_who_asks_nothing() -> None:
    answer = Answer()
    with serving(answer) as port:
        idle = socket.create_connection(("127.0.0.1", port), timeout=20)
        asking = socket.create_connection(("127.0.0.1", port), timeout=20)
        asking.sendall(ASK)
        assert answer.has_come.wait(20)
        threading.Timer(0.2, answer.may_end.set).start()
    assert answer.closed == 1
    with idle, asking, asking.makefile("rb") as coming:
        assert coming.read().endswith(b"here")
