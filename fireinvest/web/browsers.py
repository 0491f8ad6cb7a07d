"""Browsers in which somebody has signed in before: strangers' failures don't hold them up there.

A signed cookie names the last few people who signed in in a browser, each with when their password
was set. It opens nothing: it only says under whose failures an attempt is counted (see
``services.attempts``). After a change of the password it is worth nothing.
"""

import secrets
from datetime import datetime, timedelta
from typing import Any

from flask import Response, after_this_request, current_app, request
from itsdangerous import BadData, URLSafeTimedSerializer

from fireinvest.services.attempts import Attempt, Kind
from fireinvest.store.people import StoredPerson, find_login
from fireinvest.web.state import state

#: How long a browser is remembered after the last sign-in in it.
_LASTS = timedelta(days=180)
#: A desk that more people share remembers the latest.
_MOST_PEOPLE = 5
_MARK_BYTES = 12


def _cookie() -> str:
    # With this name browsers keep it for this host alone, and for HTTPS.
    return "__Host-fireinvest-known" if state().settings.is_production else "known"


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(
        current_app.config["SECRET_KEY"],
        salt="known browser",
        signer_kwargs={"digest_method": "sha256", "key_derivation": "hmac"},
    )


def _known() -> list[list[Any]]:
    """Return what the browser's cookie holds: id of a person, when their password was set, mark."""
    try:
        found = _signer().loads(
            request.cookies.get(_cookie(), ""), max_age=int(_LASTS.total_seconds())
        )
    except BadData:
        return []
    return found if isinstance(found, list) else []


def _stamp(person: StoredPerson) -> str:
    at: datetime | None = person.password_set_at
    return "" if at is None else at.isoformat()


def attempt_of(kind: Kind, login: str) -> Attempt:
    """Return the attempt that this request makes with a login, as it is counted."""
    with state().database.readers.begin() as session:
        person = find_login(session, login.strip().lower())
    browser = None
    for person_id, stamp, mark in _known():
        if person is not None and person_id == person.id and stamp == _stamp(person):
            browser = f"{mark}"
    return Attempt(kind, login, request.remote_addr, browser)


def remember(person: StoredPerson) -> None:
    """Remember, in the browser that is answered, that this person signed in in it."""
    known = _known()
    mark = next((each[2] for each in known if each[0] == person.id), None)
    mark = mark or secrets.token_urlsafe(_MARK_BYTES)
    others = [each for each in known if each[0] != person.id]
    kept = [*others, [person.id, _stamp(person), mark]][-_MOST_PEOPLE:]

    @after_this_request
    def keep(response: Response) -> Response:
        response.set_cookie(
            _cookie(),
            _signer().dumps(kept),
            max_age=_LASTS,
            httponly=True,
            samesite="Lax",
            secure=state().settings.is_production,
        )
        return response
