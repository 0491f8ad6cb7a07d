"""A server on this machine that gets what webhooks send, and answers as it is told to."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from fireinvest.gateways.outside import Allowed, Outside


@dataclass(frozen=True)
class Got:
    """A request that came: its address, its headers and its body."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        """The body, read as JSON."""
        return json.loads(self.body)


@dataclass
class HookServer:
    """What came so far; ``answer`` gives the status and the body of each answer."""

    url: str
    origin: str
    got: list[Got] = field(default_factory=list)
    answer: Callable[[Got], tuple[int, bytes]] = lambda _: (200, b"")

    @property
    def outside(self) -> Outside:
        """Requests that may go to this server alone."""
        return Outside(Allowed.of([self.origin]))


@contextmanager
def hook_server() -> Iterator[HookServer]:
    """Run such a server."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            got = Got(self.path, dict(self.headers), self.rfile.read(length))
            status, body = kept.answer(got)
            # What was answered with a failure counts as come all the same: it may have been read.
            kept.got.append(got)
            self.send_response(status)
            self.send_header("Content-Length", f"{len(body)}")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    origin = f"http://127.0.0.1:{server.server_port}"
    kept = HookServer(f"{origin}/hook?access_token=private", origin)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield kept
    server.shutdown()
    thread.join()
    server.server_close()
