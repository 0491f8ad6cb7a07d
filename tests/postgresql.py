"""A throwaway PostgreSQL from Debian's binaries, on a Unix socket in a temporary folder."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

SECONDS_TO_START = 60
SECONDS_TO_STOP = 30

# Nothing here outlives the tests, so nothing has to survive a power cut.
OPTIONS = (
    "listen_addresses=",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "max_connections=200",
    "timezone=UTC",
)


@contextmanager
def running_server() -> Iterator[str]:
    """Runs a server until the block ends; gives the address of its `postgres` database."""
    binaries = _binaries()
    # Not pytest's folder: a socket's path may have no more than 107 characters.
    folder = Path(tempfile.mkdtemp(prefix="fi-pg-", dir="/tmp"))
    user = "postgres" if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root.
    try:
        if user:
            account = pwd.getpwnam(user)
            os.chown(folder, account.pw_uid, account.pw_gid)
        data = folder / "data"
        subprocess.run(
            [binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8",
             "--locale=C.UTF-8", "--no-sync"],
            check=True, user=user, cwd=folder, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        options = [part for option in OPTIONS for part in ("-c", option)]
        log = folder / "log"
        with log.open("wb") as output:
            server = subprocess.Popen(
                [binaries / "postgres", "-D", data, "-k", folder, *options],
                user=user,
                cwd=folder,
                stdout=output,
                stderr=output,
            )
        try:
            _wait_until_ready(binaries, folder, server, log)
            yield f"postgresql+psycopg://postgres@/postgres?host={quote(str(folder))}"
        finally:
            server.send_signal(
                signal.SIGINT
            )  # It asks for a fast end, without waiting for clients.
            try:
                server.wait(SECONDS_TO_STOP)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _binaries() -> Path:
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"),
        key=lambda path: int(path.parent.parent.name),
    )
    if not found:
        raise RuntimeError(
            "PostgreSQL is missing. Type: make system. Or set TEST_DATABASE_URL to a server "
            "whose user may make databases."
        )
    return found[-1].parent


def _wait_until_ready(
    binaries: Path, folder: Path, server: "subprocess.Popen[bytes]", log: Path
) -> None:
    until = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < until and server.poll() is None:
        asked = subprocess.run(
            [binaries / "pg_isready", "-q", "-h", folder, "-U", "postgres"], check=False
        )
        if asked.returncode == 0:
            return
        time.sleep(0.1)
    raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text(errors='replace')}")
