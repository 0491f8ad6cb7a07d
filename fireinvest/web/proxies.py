"""Reverse proxies in front: what is believed of what they say about a request.

Only as many of them as the settings name are believed, counted from the server outwards; what a
visitor wrote into the same headers stands before that and is left aside. Without proxies in the
settings, nothing of it is believed.
"""

from collections.abc import Iterable
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_SCHEMES = ("http", "https")


def install(app: Flask, hops: int) -> None:
    """Believe so many proxies about a visitor's address, the scheme and the host."""
    if hops:
        believed = ProxyFix(_Checked(app.wsgi_app), x_for=hops, x_proto=hops, x_host=hops)
        app.wsgi_app = believed  # type: ignore[method-assign] # as Flask's manual wraps it


class _Checked:
    """Leaves aside what a proxy that is set up wrongly lets through: no address, no scheme."""

    def __init__(self, app: "WSGIApplication") -> None:
        self._app = app

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer the request with an address that is one, and a scheme that is one."""
        before = environ["werkzeug.proxy_fix.orig"]
        found = _address(environ.get("REMOTE_ADDR") or "")
        environ["REMOTE_ADDR"] = found or before["REMOTE_ADDR"]
        if environ.get("wsgi.url_scheme") not in _SCHEMES:
            environ["wsgi.url_scheme"] = before["wsgi.url_scheme"]
        return self._app(environ, start_response)


def _address(written: str) -> str | None:
    """Return the address in what a proxy wrote: some add the visitor's port."""
    for candidate in (written, _host_of(written)):
        try:
            return str(ip_address(candidate.partition("%")[0]))
        except ValueError:
            continue
    return None


def _host_of(written: str) -> str:
    try:
        return urlsplit(f"//{written}").hostname or ""
    except ValueError:
        return ""
