"""Real servers for tests, each in threads of the test's own process."""

import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import TYPE_CHECKING, Any

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


def _kept(start: "StartResponse") -> "StartResponse":
    """Let the browser keep a file for a while: nobody changes one while a test runs."""

    def begin(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
        others = [each for each in headers if each[0].lower() != "cache-control"]
        return start(status, [*others, ("Cache-Control", "max-age=600")], *rest)

    return begin


class _Answer:
    """What an application answered, closed once, however often it is asked to."""

    def __init__(self, parts: Iterable[bytes]) -> None:
        self._parts = parts
        self._is_closed = False

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._parts)

    def close(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            getattr(self._parts, "close", lambda: None)()


class _Handler(WSGIRequestHandler):
    """Closes every answer, as servers must: Werkzeug's own forgets it where the browser hung up."""

    def run_wsgi(self) -> None:
        try:
            super().run_wsgi()
        finally:
            answer = self.environ.get(_Server.ANSWER)
            if answer is not None:
                answer.close()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing: the application has a log of its own."""


class _Server(ThreadedWSGIServer):
    """A server whose end is the end of all that it began."""

    ANSWER = "tests.answer"
    daemon_threads = False
    block_on_close = True

    def __init__(self, app: "WSGIApplication") -> None:
        def served(environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
            begin = _kept(start) if "/static/" in environ["PATH_INFO"] else start
            environ[self.ANSWER] = answer = _Answer(app(environ, begin))
            return answer

        self._open: set[socket.socket] = set()
        super().__init__("127.0.0.1", 0, served, handler=_Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        """Wait for what is being answered; who asked nothing so far won't be waited for."""
        for each in tuple(self._open):
            try:
                each.shutdown(socket.SHUT_RD)
            except OSError:
                continue  # It went by itself.
        super().server_close()


@contextmanager
def serving(app: "WSGIApplication") -> Iterator[int]:
    """Serve this application until the block ends; the port on 127.0.0.1.

    At the end every request has been answered and no thread is left.
    """
    server = _Server(app)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server.port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
