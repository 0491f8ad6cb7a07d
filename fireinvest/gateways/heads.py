"""Where the state of the log is told, out of the reach of whoever could change the database.

``from_url(url)`` gives the place: a file that only grows, or a syslog.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from logging import INFO, LogRecord, makeLogRecord
from logging.handlers import SysLogHandler
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

_FILE_URL = "file://"
_USUAL_PORT = 514
_ALONE = 0o600  # the file is for the server and its operator


class Heads(Protocol):
    """A place for one line a day."""

    def append(self, line: str) -> None:
        """Tell a line; when this returns, it is kept, as far as the place can say.

        Raises:
            OSError: when it can't be told.

        """
        ...

    def lines(self) -> Iterator[str]:
        """Yield what was told, where that can be read again."""
        ...


def from_url(url: str) -> Heads:
    """Return the place that ``file:///…``, ``syslog://host:port`` or ``syslog:///dev/log`` names.

    Raises:
        ValueError: for any other address.

    """
    if url.startswith("file:///"):
        return HeadsFile(Path(url.removeprefix(_FILE_URL)))
    parts = urlsplit(url)
    if parts.scheme == "syslog" and not (parts.query or parts.fragment or parts.username):
        if parts.hostname and parts.path in ("", "/"):
            return HeadsSyslog((parts.hostname, parts.port or _USUAL_PORT))
        if not parts.netloc and len(parts.path) > 1:
            return HeadsSyslog(parts.path)
    raise ValueError("file:///path, syslog://host:port or syslog:///dev/log is needed")


class HeadsFile:
    """A file to whose end lines are added."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def append(self, line: str) -> None:
        """Add a line; a power cut doesn't lose it. One that was cut before begins no part of it."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, _ALONE)
        with os.fdopen(descriptor, "rb+", buffering=0) as file:
            size = file.seek(0, os.SEEK_END)
            lead = b""
            if size:
                file.seek(size - 1)
                lead = b"" if file.read(1) == b"\n" else b"\n"
            file.write(lead + line.encode() + b"\n")
            os.fsync(file.fileno())

    def lines(self) -> Iterator[str]:
        """Yield the lines of the file; none while there isn't one."""
        with (
            suppress(FileNotFoundError),
            self._path.open(encoding="utf-8", errors="replace") as file,
        ):
            yield from file


class HeadsSyslog:
    """A syslog: by UDP at a host and port, or by the machine's own socket."""

    def __init__(self, address: tuple[str, int] | str) -> None:
        self._address = address

    def append(self, line: str) -> None:
        """Send a line; by UDP nobody says whether it came."""
        handler = _Raising(self._address, facility=SysLogHandler.LOG_AUTHPRIV)
        handler.ident = "fireinvest-log-head: "
        try:
            handler.emit(makeLogRecord({"levelno": INFO, "levelname": "INFO", "msg": line}))
        finally:
            handler.close()

    def lines(self) -> Iterator[str]:
        """Yield nothing: a syslog is read where it is kept."""
        return iter(())


class _Raising(SysLogHandler):
    """Doesn't swallow what goes wrong."""

    def handleError(self, record: LogRecord) -> None:  # noqa: N802 - the library's name
        raise  # noqa: PLE0704 - called while an error is handled
