"""The log: one JSON line for each request and each fault, to stderr, with the request's id.

Addresses are logged without their query: what people search for and calculate is theirs. Of the
private address of a calendar its secret part is left out.
"""

import json
import logging
import re
import sys
import uuid
from datetime import UTC, datetime

from flask import Flask, Response, g, has_request_context, request

from fireinvest.clock import stopwatch

logger = logging.getLogger("fireinvest.access")

REQUEST_ID = re.compile(r"[A-Za-z0-9-]{1,64}")


# What JSON lets stand, but a terminal obeys or shows as something else: controls, ends of lines,
# marks that turn the direction of writing, and what has no width.
_UNSEEN = re.compile("[\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


class JsonLines(logging.Formatter):
    """One JSON object for each record."""

    def format(self, record: logging.LogRecord) -> str:
        """Which line tells this record?"""
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if has_request_context():
            line["request_id"] = g.get("request_id")
        line.update(getattr(record, "fields", {}))
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        written = json.dumps(line, ensure_ascii=False, default=str)
        return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", written)


class _Stderr(logging.StreamHandler):  # type: ignore[type-arg]  # generic in the stubs only
    """Writes to the stderr of the moment, which a server or a test may have replaced."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> object:
        return sys.stderr


def prepare() -> None:
    """Send the application's records to stderr as JSON lines. Safe to repeat."""
    root = logging.getLogger("fireinvest")
    root.setLevel(logging.INFO)
    root.propagate = False
    if not any(isinstance(handler, _Stderr) for handler in root.handlers):
        handler = _Stderr()
        handler.setFormatter(JsonLines())
        root.addHandler(handler)


def install(app: Flask) -> None:
    """Give each request an id and log how it ended."""
    prepare()
    app.before_request(_begin)
    app.after_request(_name)
    app.after_request(_log)


def _begin() -> None:
    given = request.headers.get("X-Request-ID", "")
    g.request_id = given if REQUEST_ID.fullmatch(given) else str(uuid.uuid4())
    g.started = stopwatch()


def _name(response: Response) -> Response:
    response.headers["X-Request-ID"] = g.request_id
    return response


_PRIVATE = "/feed/"


def _path() -> str:
    return f"{_PRIVATE}…" if request.path.startswith(_PRIVATE) else request.path


def _log(response: Response) -> Response:
    fields = {
        "method": request.method,
        "path": _path(),
        "status": response.status_code,
        "ms": round((stopwatch() - g.started) * 1000, 1),
    }
    logger.info("request", extra={"fields": fields})
    return response
