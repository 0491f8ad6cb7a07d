"""The real web server as an installation runs it: what it says, and what it refuses."""

import os
import re
import socket
import ssl
import subprocess
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from config import ROOT
from tests.gateways.test_outside import certificate

STRONG = "7f3b9c2e4a6d8051f7e2b4c6a8d0e1f3957b3d5f"
HOST = "fire.city.cn"


@contextmanager
def serving(folder: Path, **given: str) -> Iterator[int]:
    """A server in a process of its own; its port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environ = {
        "PATH": os.environ["PATH"],
        "FIREINVEST_ENV": "production",
        "SECRET_KEY": STRONG,
        "DATABASE_URL": f"sqlite:///{folder}/fireinvest.db",
        "LOG_HEADS": f"file://{folder}/log-heads.jsonl",
        "BLOB_URL": f"file://{folder}/files",
        "PUBLIC_URL": f"https://{HOST}",
        "PORT": f"{port}",
        "WEB_CONCURRENCY": "1",
        **given,
    }
    command = [sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py", "wsgi:app"]
    with subprocess.Popen(
        command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        try:
            assert server.stdout is not None
            scheme = "https" if "TLS_KEY" in given else "http"
            begun = server.stdout.readline()
            assert begun.startswith(f"fireinvest is at {scheme}://127.0.0.1:{port}")
            yield port
        finally:
            server.terminate()
            server.wait(20)


def ask(port: int, request: bytes, context: ssl.SSLContext | None = None) -> tuple[str, str]:
    """Send these very bytes; return the head and the rest of what comes back."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        wrapped = (
            connection if context is None else context.wrap_socket(connection, server_hostname=HOST)
        )
        with wrapped:
            wrapped.sendall(request)
            answer = b""
            try:
                while piece := wrapped.recv(65536):
                    answer += piece
            except ConnectionResetError:
                pass  # What it didn't read of the request is thrown back.
    head, _, rest = answer.decode().partition("\r\n\r\n")
    return head, rest


def get(path: str = "/health/live", *headers: str) -> bytes:
    lines = (f"GET {path} HTTP/1.1", f"Host: {HOST}", "Connection: close", *headers)
    return "\r\n".join((*lines, "", "")).encode()


PROXIED = ("X-Forwarded-Proto: https", "X-Forwarded-For: 192.0.2.9")


def status(head: str) -> int:
    return int(head.split()[1])


def test_behind_a_proxy(tmp_path: Path) -> None:
    with serving(tmp_path, PROXY_HOPS="1") as port:
        head, body = ask(port, get("/sign-in", *PROXIED))
        assert status(head) == 200
        assert "__Host-fireinvest=" in head
        # Its name says nothing of what it is made of.
        assert re.findall(r"(?im)^server: (.*?)\r?$", head) == ["fireinvest"]
        assert "gunicorn" not in head + body
        assert "Strict-Transport-Security: max-age=31536000" in head
        # By plain HTTP, or under another name, there is only its health.
        assert status(ask(port, get("/sign-in"))[0]) == 400
        assert status(ask(port, get("/health/live"))[0]) == 200
        other = get("/sign-in", *PROXIED).replace(HOST.encode(), b"evil.example")
        assert status(ask(port, other)[0]) == 400
        # Requests are bounded before the application sees them.
        assert status(ask(port, get("/health/live?" + "x" * 9000))[0]) == 414
        assert status(ask(port, get("/health/live", "X: " + "x" * 9000))[0]) == 431
        assert status(ask(port, get("/health/live", *(f"X-{n}: 1" for n in range(70))))[0]) == 431
        assert (
            status(
                ask(port, get("/health/live", "Transfer-Encoding: chunked", "Content-Length: 3"))[0]
            )
            == 400
        )


def test_by_its_own_certificate(tmp_path: Path) -> None:
    authority, _ = certificate(tmp_path, HOST)
    key = tmp_path / f"{HOST}.key"
    key.chmod(0o600)
    with serving(tmp_path, TLS_CERTIFICATE=str(authority), TLS_KEY=str(key)) as port:
        context = ssl.create_default_context(cafile=str(authority))
        head, _ = ask(port, get("/sign-in"), context)
        assert status(head) == 200
        assert "Strict-Transport-Security: max-age=31536000" in head
        # What a visitor writes in a proxy's name is not believed.
        forged = get("/sign-in", "X-Forwarded-Proto: http", "X-Forwarded-Host: evil.example")
        assert status(ask(port, forged, context)[0]) == 200
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = ssl.TLSVersion.TLSv1_1
        context.set_ciphers("DEFAULT@SECLEVEL=0")
        with pytest.raises(OSError, match=r"(?i)protocol|alert|EOF|reset"):
            ask(port, get("/sign-in"), context)


def test_without_the_library_for_types_it_says_so_and_ends(tmp_path: Path) -> None:
    """A machine without the library: Python finds none of its names."""
    hidden = tmp_path / "sitecustomize.py"
    hidden.write_text("import sys\nsys.modules['magic'] = None\n")
    ended = subprocess.run(
        [sys.executable, "-c", "import wsgi"],
        cwd=ROOT,
        env={"PYTHONPATH": str(tmp_path), "SECRET_KEY": STRONG},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stderr == (
        "fireinvest: the system's library that knows types of files (libmagic) is missing. "
        "On Debian, type: sudo apt-get install -y libmagic1\n"
    )
