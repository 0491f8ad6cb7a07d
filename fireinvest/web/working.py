"""The work behind the pages, as far as the web server takes part in it."""

from functools import lru_cache

from flask import Flask, Response, request

from config import Settings
from fireinvest.gateways.queue import Stop
from fireinvest.services import attending
from fireinvest.services.attending import senders_of
from fireinvest.services.sending import Senders
from fireinvest.web.state import State, state

_FAILED = 400


def install(app: Flask) -> None:
    """Wake the workers after every change."""
    app.after_request(_wake)


def _wake(response: Response) -> Response:
    if request.method == "POST" and response.status_code < _FAILED:
        state().queue.wake()
    return response


def start_working(kept: State) -> Stop:
    """Do all duties in a thread of this process, or, where workers of their own do, look after them.

    For each process of a web server once, after it was forked. Returns what ends it.
    """
    if kept.queue.is_shared:
        return attending.watch(kept.settings, kept.database)
    return attending.start(kept.settings, kept.database, kept.queue)


def senders() -> Senders:
    """Return by what notices are sent here."""
    return _senders(state().settings)


@lru_cache(maxsize=4)
def _senders(settings: Settings) -> Senders:
    return senders_of(settings)
