"""Setting up an authenticator app: the secret that is offered, as a picture and to be typed.

The secret isn't kept before a code proves that the app has it. Until then the form carries it
along, signed, for the person to whom it was offered.
"""

from dataclasses import dataclass
from datetime import timedelta

import segno
from flask import current_app
from itsdangerous import BadData, URLSafeTimedSerializer
from markupsafe import Markup

from fireinvest.messages import Text
from fireinvest.services.factors import app_address, new_app_secret
from fireinvest.store.people import StoredPerson

_LASTS = timedelta(minutes=30)
_GROUP = 4


@dataclass(frozen=True, slots=True)
class Offer:
    """A secret that an app may take up: as it is typed, as a picture, and as the form carries it."""

    groups: str
    picture: Markup
    carried: str


def offer(person: StoredPerson, carried: str = "") -> Offer:
    """Return the secret that was offered to somebody before, or a new one."""
    secret = read_offer(person, carried)
    if secret is None:
        secret = new_app_secret()
        carried = _signer().dumps([person.id, secret])
    groups = " ".join(secret[at : at + _GROUP] for at in range(0, len(secret), _GROUP))
    drawn = segno.make(app_address(secret, person.login), error="m", micro=False)
    # Drawn by attributes alone: a style would be refused by our own policy.
    picture = drawn.svg_inline(scale=4, border=3, dark="#000", light="#fff", svgclass=None)
    return Offer(groups, Markup(picture), carried)  # noqa: S704 - segno draws it, of our own text


def read_offer(person: StoredPerson, carried: str) -> str | None:
    """Return the secret that a form carries; None for one of somebody else, or that is too old."""
    try:
        person_id, secret = _signer().loads(carried, max_age=int(_LASTS.total_seconds()))
    except (BadData, ValueError, TypeError):
        return None
    return f"{secret}" if person_id == person.id else None


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(
        current_app.config["SECRET_KEY"],
        salt="app secret",
        signer_kwargs={"digest_method": "sha256", "key_derivation": "hmac"},
    )


def too_old() -> Text:
    """Return what somebody is told whose form was open for too long."""
    return Text("The form was open for too long. Here is a new secret: add it to the app.")
