"""How the web server runs. Everything that an installation changes stands in the environment."""

import os
import sys

from config import Settings

_settings = Settings.or_exit(os.environ)

# An IPv6 address stands in brackets.
_host = f"[{_settings.host}]" if ":" in _settings.host else _settings.host
bind = f"{_host}:{_settings.port}"
if "WEB_CONCURRENCY" not in os.environ:  # gunicorn reads and checks it itself
    workers = 2
worker_class = "gthread"
threads = 4
timeout = 60
graceful_timeout = 30
# The application writes its own log, one JSON line for each request; the server's would repeat it.
accesslog = None
loglevel = "warning"
# Workers report that they live through a file; in memory a slow disk cannot make them look dead.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108, PTH112 - a fixed system folder, given to gunicorn as text


def when_ready(server: object) -> None:
    """Tell the person who started it where to look."""
    sys.stdout.write(f"fireinvest is at http://{_host}:{_settings.port}  (Ctrl+C ends it)\n")
    sys.stdout.flush()
