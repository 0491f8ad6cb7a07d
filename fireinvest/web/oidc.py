"""The provider of sign-ins in a browser: what it was sent there with, and what pages say of it.

The signed cookie of the browser holds with what it was sent; so an answer counts in the same browser
alone, within minutes, and once: it is taken out before it is looked at, and the state is spent on
the server as well.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Flask, current_app, session

from config import Settings
from fireinvest.gateways.oidc import Asked, Client, Provider
from fireinvest.gateways.outside import Allowed, Outside
from fireinvest.messages import Label
from fireinvest.web.visiting import sent_at

#: How long somebody may take at the provider.
LASTS = timedelta(minutes=10)

#: Under this name the signed cookie of the browser holds with what it was sent.
_SENT = "provider"
_KEY = "fireinvest.provider"
_RANDOM_BYTES = 32


@dataclass(frozen=True, slots=True)
class Sent:
    """With what a browser was sent, and where it goes afterwards.

    ``sign_in_id``: the sign-in that is to be confirmed; None for a new one.
    """

    asked: Asked
    target: str
    sign_in_id: int | None


def provider() -> Provider | None:
    """Return the provider of this installation, None where there is none."""
    found = current_app.extensions.get(_KEY)
    return found if isinstance(found, Provider) else None


def install(app: Flask, settings: Settings) -> None:
    """Keep the provider with its application; it is asked when somebody first comes by it."""
    given = settings.oidc
    name = None if given is None else Label(given.label_zh, given.label_en)
    app.context_processor(lambda: {"provider_name": name, "provider_only": given and given.is_only})
    if given is None:
        return
    client = Client(
        given.issuer,
        given.client_id,
        given.client_secret,
        f"{settings.public_url}/sign-in/oidc/back",
        given.claim,
    )
    # The provider is named by its setting, wherever it stands.
    allowed = Allowed.of((*settings.outgoing_allowed, given.origin))
    app.extensions[_KEY] = Provider(client, Outside(allowed, settings.outgoing_authorities))


def send(found: Provider, target: str, sign_in_id: int | None = None) -> str:
    """Return the provider's address for this browser, which holds with what it is sent.

    Raises:
        Away: when the provider doesn't answer.

    """
    asked = Asked(*(secrets.token_urlsafe(_RANDOM_BYTES) for _ in range(3)))
    address = found.address(asked, sent_at(), proving=sign_in_id is not None)
    session[_SENT] = {
        "state": asked.state,
        "nonce": asked.nonce,
        "verifier": asked.verifier,
        "target": target,
        "sign_in": sign_in_id,
        "at": sent_at().isoformat(),
    }
    return address


def taken() -> Sent | None:
    """Take with what this browser was sent; None where it wasn't, or too long ago."""
    held = session.pop(_SENT, None)
    if not isinstance(held, dict):
        return None
    if not timedelta(0) <= sent_at() - datetime.fromisoformat(held["at"]) <= LASTS:
        return None
    asked = Asked(held["state"], held["nonce"], held["verifier"])
    return Sent(asked, held["target"], held["sign_in"])
