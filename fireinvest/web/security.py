"""Headers that tell the browser what our pages never do, and what is refused unread."""

import logging
from collections.abc import Iterable
from hashlib import sha256
from typing import cast

from flask import Flask, Response, abort, request
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import Signer
from werkzeug.routing import IntegerConverter, ValidationError

from config import Settings
from fireinvest.web.rights import ASSETS, Right, right_of

logger = logging.getLogger(__name__)

# Nothing inline and nothing from elsewhere: text that a person typed can never become a script.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",  # Bootstrap's own icons stand in its stylesheet
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)

#: What is taken away as a file is never a page of ours, whatever it holds.
DOWNLOAD_POLICY = "sandbox; default-src 'none'; frame-ancestors 'none'"

#: Browsers that came by HTTPS once come by nothing else for a year.
STRICT_TRANSPORT = "max-age=31536000; includeSubDomains"

#: Whoever signs out leaves no page behind, not even for the button that goes back.
CLEARED_AT_LEAVING = '"cache", "storage"'

#: For load balancers, which ask by the server's own address and without HTTPS.
_HEALTH = "/health/"

HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class _Sessions(SecureCookieSessionInterface):
    digest_method = staticmethod(sha256)


def sign_by_sha256(app: Flask) -> None:
    """Sign what browsers hold, cookies and the tokens of forms, by HMAC-SHA-256.

    The libraries' own default is SHA-1, and the one for forms leaves no other choice than theirs.
    """
    app.session_interface = _Sessions()
    Signer.default_digest_method = staticmethod(sha256)
    Signer.default_key_derivation = "hmac"


def refuse_what_nobody_types(app: Flask) -> None:
    """Refuse a NUL in what is sent to be kept: no keyboard has it, and no database takes it.

    Fields without a name are refused as well: no browser sends them, and nobody reads them.
    """

    @app.before_request
    def look() -> None:
        if None in cast(Iterable[str | None], (*request.form, *request.files)):
            abort(400)
        is_public = request.endpoint is None or right_of(request.endpoint) is Right.PUBLIC
        if is_public and request.blueprint != "sign_in":
            return  # Nothing of it gets to the database.
        sent = (each for pair in request.form.items(multi=True) for each in pair)
        values = (*request.args.values(), *sent, request.path)
        if any("\x00" in each for each in values):
            abort(400)


class Number(IntegerConverter):
    """A number in an address: what no row can have is no such page, however long it is."""

    _LARGEST = 2**31 - 1

    def to_python(self, value: str) -> int:
        """Return the number; a part that is too long is not even read as one."""
        if not value.isascii() or len(value) > len(str(self._LARGEST)):
            raise ValidationError
        number: int = super().to_python(value)
        if number > self._LARGEST:
            raise ValidationError
        return number


def refuse_other_doors(app: Flask, settings: Settings) -> None:
    """In production, answer by HTTPS and under the public address alone.

    A link that is built from a made-up host would lead people astray, and what comes in plain
    could be read on the way.
    """
    if not settings.is_production:
        return

    @app.before_request
    def look() -> None:
        if request.path.startswith(_HEALTH):
            return
        if not request.is_secure:
            logger.warning("refused: not by HTTPS; does the proxy send X-Forwarded-Proto?")
            abort(400)
        if request.host != settings.public_host:
            logger.warning("refused: another host than that of PUBLIC_URL")
            abort(400)


def install(app: Flask) -> None:
    """Add the headers to every answer."""
    app.url_map.converters["int"] = Number

    @app.after_request
    def add(response: Response) -> Response:
        if response.headers.get("Content-Disposition", "").startswith("attachment"):
            response.headers["Content-Security-Policy"] = DOWNLOAD_POLICY
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if request.endpoint not in ASSETS:
            # Every page is somebody's: it names who is signed in, or carries the token of a form.
            response.headers["Cache-Control"] = "no-store"
        if request.is_secure:
            response.headers["Strict-Transport-Security"] = STRICT_TRANSPORT
        return response
