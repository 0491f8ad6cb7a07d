"""Passkeys in the browser: for which address they are made, and what they are asked to sign."""

from datetime import datetime
from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import request, session

from fireinvest.messages import Text
from fireinvest.services.factors import CHALLENGE_TIME
from fireinvest.services.passkeys import Site, fresh_challenge
from fireinvest.web.state import state
from fireinvest.web.visiting import sent_at

#: Under this name the signed cookie of the browser holds what a passkey is to sign, and since when.
_CHALLENGE = "challenge"

_LOCAL = "localhost"


def site() -> Site | None:
    """Return for which host passkeys are made here; None where there can be none.

    Browsers make them for a name, never for a bare number. That of ``PUBLIC_URL`` counts; outside
    production also this machine's own, by which it is tried out.
    """
    settings = state().settings
    host = urlsplit(settings.public_url).hostname or ""
    if _is_name(host) and (settings.is_https or _is_local(host)):
        return Site(host, settings.public_url)
    asked = urlsplit(f"//{request.host}").hostname or ""
    if not settings.is_production and _is_local(asked):
        return Site(asked, f"{request.scheme}://{request.host}")
    return None


def why_none() -> Text | None:
    """Return why there can be no passkeys here, None where there can."""
    if site() is not None:
        return None
    return Text(
        "Passkeys can't be used under this address: browsers want a name with HTTPS for them, not "
        "a number. An authenticator app does as well."
    )


def _is_name(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return bool(host)
    return False


def _is_local(host: str) -> bool:
    return host == _LOCAL or host.endswith(f".{_LOCAL}")


def ask_anybody() -> str:
    """Return a new challenge for whoever is not known yet; this browser alone holds it, signed."""
    challenge = fresh_challenge()
    session[_CHALLENGE] = [challenge, sent_at().isoformat()]
    return challenge


def asked() -> str | None:
    """Take the challenge that this browser was given; None for none, or one that is too old."""
    found = session.pop(_CHALLENGE, None)
    if not isinstance(found, list):
        return None
    challenge, at = found
    return challenge if sent_at() - datetime.fromisoformat(at) <= CHALLENGE_TIME else None
