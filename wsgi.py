"""The application, as a web server loads it: ``gunicorn wsgi:app``."""

import os

from config import Settings
from fireinvest.web.app import create_app

app = create_app(Settings.or_exit(os.environ))
