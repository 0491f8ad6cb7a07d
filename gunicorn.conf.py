"""How the web server runs. Everything that an installation changes stands in the environment."""

import os
import ssl
import sys
from collections.abc import Callable
from typing import Any

import gunicorn.http.wsgi  # type: ignore[import-untyped] # it ships no types

from config import Settings
from fireinvest.web.working import start_working

_settings = Settings.or_exit(os.environ)

# An IPv6 address stands in brackets.
_host = f"[{_settings.host}]" if ":" in _settings.host else _settings.host
bind = f"{_host}:{_settings.port}"
if "WEB_CONCURRENCY" not in os.environ:  # gunicorn reads and checks it itself
    workers = 2
worker_class = "gthread"
threads = 4
# A worker that answers nothing for so long is replaced. Threads wait for slow visitors meanwhile,
# so that a slow upload doesn't count; who sends nothing at all is the proxy's to cut off.
timeout = 60
graceful_timeout = 30
keepalive = 5
# The longest address of ours, the calculator's, is far shorter.
limit_request_line = 8190
limit_request_fields = 64
limit_request_field_size = 8190
# What proxies say is believed by the application alone, as many of them as PROXY_HOPS names; the
# server's own trust in whoever comes from this machine would reach further.
forwarded_allow_ips = ""
secure_scheme_headers: dict[str, str] = {}
# Nobody steers the server but by signals.
control_socket_disable = True
# The name of the server and its version help nobody but who looks for its faults.
gunicorn.http.wsgi.SERVER = "fireinvest"
# The application writes its own log, one JSON line for each request; the server's would repeat it.
accesslog = None
loglevel = "warning"
# Workers report that they live through a file; in memory a slow disk cannot make them look dead.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108, PTH112 - a fixed system folder, given to gunicorn as text

if _settings.tls_certificate is not None:
    certfile = str(_settings.tls_certificate)
    keyfile = str(_settings.tls_key)


def ssl_context(_config: object, make: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
    """Speak nothing older than TLS 1.2, with the ciphers that Python takes for sound."""
    context = make()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def when_ready(server: object) -> None:
    """Tell the person who started it where to look."""
    scheme = "http" if _settings.tls_certificate is None else "https"
    sys.stdout.write(f"fireinvest is at {scheme}://{_host}:{_settings.port}  (Ctrl+C ends it)\n")
    sys.stdout.flush()


def post_worker_init(worker: Any) -> None:
    """Begin what goes on behind the pages; of all workers one does each duty at a time."""
    start_working(worker.wsgi.extensions["fireinvest"])
