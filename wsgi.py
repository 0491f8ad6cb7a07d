"""The application, as a web server loads it: ``gunicorn wsgi:app``."""

import os
import sys

from config import Settings
from fireinvest.services.contents import LibraryMissing, ensure_library
from fireinvest.web.app import create_app

_settings = Settings.or_exit(os.environ)
try:
    ensure_library()
except LibraryMissing:
    sys.stderr.write(
        "fireinvest: the system's library that knows types of files (libmagic) is missing. "
        "On Debian, type: sudo apt-get install -y libmagic1\n"
    )
    raise SystemExit(2) from None

app = create_app(_settings)
