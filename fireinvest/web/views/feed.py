"""The calendar that somebody's program fetches by a private address, without a sign-in."""

import re

from flask import Blueprint, Response, abort
from flask.typing import ResponseReturnValue

from fireinvest.services.feeds import calendar_of
from fireinvest.web import law
from fireinvest.web.rights import public
from fireinvest.web.state import state
from fireinvest.web.visiting import today

blueprint = Blueprint("feed", __name__, url_prefix="/feed")

#: What the private part of an address looks like; anything else is looked up nowhere.
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


@blueprint.get("/<token>.ics")
@public
def show(token: str) -> ResponseReturnValue:
    """Return the clocks that somebody hears of; nobody learns from it whose address it is."""
    if not _TOKEN.fullmatch(token):
        abort(404)
    settings = state().settings
    calendar = law.calendar()
    with state().database.readers.begin() as session:
        found = calendar_of(
            session,
            token,
            law.law(),
            calendar,
            public_url=settings.public_url,
            is_full=settings.notices.is_mail_full,
            today=today(),
        )
    if found is None:
        abort(404)
    return Response(found, mimetype="text/calendar")
