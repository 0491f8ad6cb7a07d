"""Providers of sign-ins under test: a real one as its own process, and one that cheats on demand."""

import base64
import hashlib
import hmac
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from html import unescape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from time import monotonic, sleep
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import requests
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

_STARTS_WITHIN = 20.0  # seconds
BACK = "/sign-in/oidc/back"


# ---------------------------------------------------------------------------- a real one


@dataclass(frozen=True)
class RealProvider:
    """A provider in a process of its own, at which a client is registered."""

    issuer: str
    client_id: str
    client_secret: str

    def know(self, subject: str, **claims: object) -> None:
        """Let it know somebody."""
        answer = requests.put(f"{self.issuer}/users/{subject}", json=claims, timeout=5)
        assert answer.status_code == 204, answer.text

    def sign_in(self, address: str, subject: str | None) -> str:
        """Sign in there as this subject (None: break it off), and return where it sends a browser."""
        page = requests.get(address, timeout=5)
        assert page.status_code == 200, page.text
        form = {"action": "deny"} if subject is None else {"sub": subject}
        answer = requests.post(address, data=form, allow_redirects=False, timeout=5)
        assert answer.status_code == 302, answer.text
        return unescape(answer.headers["Location"])


@contextmanager
def real_provider(public_url: str) -> Iterator[RealProvider]:
    """Start a provider, register an application at this address, and end the process afterwards."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [
            sys.executable, "-m", "oidc_provider_mock", "--host", "127.0.0.1",
            "--port", f"{port}", "--require-registration", "true", "--require-nonce", "true",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )  # fmt: skip
    issuer = f"http://127.0.0.1:{port}"
    try:
        _wait_for(process, issuer)
        answer = requests.post(
            f"{issuer}/oauth2/clients", json={"redirect_uris": [f"{public_url}{BACK}"]}, timeout=5
        )
        assert answer.status_code == 201, answer.text
        yield RealProvider(issuer, answer.json()["client_id"], answer.json()["client_secret"])
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(process: "subprocess.Popen[bytes]", issuer: str) -> None:
    until = monotonic() + _STARTS_WITHIN
    while monotonic() < until:
        assert process.poll() is None, "the provider ended"
        try:
            requests.get(f"{issuer}/jwks", timeout=1)
        except requests.ConnectionError:
            sleep(0.05)
        else:
            return
    raise AssertionError("the provider doesn't start")


# ---------------------------------------------------------------------------- one that cheats


@cache
def first_key() -> RSAKey:
    """The key with which a provider under test signs, until it has another."""
    return RSAKey.generate_key(2048, {"kid": "first"})


@dataclass
class Cheat:
    """A provider that does all right, unless a test lets it do something else.

    ``change``: what becomes of the claims and the header of a token before it is signed.
    """

    client_id: str = "our-client"
    client_secret: str = "s3cret: & more"
    subject: str = "subject-1"
    # Claims beside the usual ones.
    more: dict[str, Any] = field(default_factory=lambda: {"preferred_username": "sun"})
    userinfo: dict[str, Any] | None = None
    discovery: dict[str, Any] = field(default_factory=dict)  # what it says else of itself
    change: Callable[[dict[str, Any], dict[str, Any]], None] | None = None
    answer: Callable[[dict[str, Any]], bytes] | None = None  # of the token endpoint, instead
    now: Callable[[], datetime] | None = None
    alg: str = "RS256"
    key: RSAKey | ECKey = field(default_factory=first_key)
    shown: list[dict[str, Any]] = field(default_factory=list)  # keys that it shows
    asked: list[str] = field(default_factory=list)  # paths
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    issuer: str = ""
    redirect_to: str = ""

    def use(self, key: RSAKey | ECKey) -> None:
        """Sign with this key from now on, and show it."""
        self.key, self.shown = key, [dict(key.as_dict(private=False))]

    def came(self, address: str) -> str:
        """Return the code for somebody who came to the authorization endpoint, and said yes."""
        query = dict(parse_qsl(urlsplit(address).query))
        code = f"code-{len(self.codes) + 1}"
        self.codes[code] = query
        return code

    def back(self, address: str, **more: str) -> str:
        """Return where a browser that came to this address is sent."""
        query = dict(parse_qsl(urlsplit(address).query))
        said = {"code": self.came(address), "state": query["state"], **more}
        return f"{query['redirect_uri']}?{urlencode(said)}"

    # ------------------------------------------------------------------ what it answers

    def told(self) -> dict[str, Any]:
        """What it says of itself."""
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "end_session_endpoint": f"{self.issuer}/end?x=1",
            **self.discovery,
        }

    def token(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        """What the token endpoint answers to a right and to a wrong request."""
        both = f"{self.client_id}:{self.client_secret}"
        if authorization != f"Basic {base64.b64encode(both.encode()).decode()}":
            return 401, {"error": "invalid_client"}
        query = self.codes.pop(form.get("code", ""), None)
        challenge = _plain(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if (
            query is None
            or query.get("code_challenge_method") != "S256"
            or query.get("code_challenge") != challenge
            or query.get("redirect_uri") != form.get("redirect_uri")
        ):
            return 400, {"error": "invalid_grant", "error_description": "<secret details>"}
        return 200, {
            "access_token": "access",
            "token_type": "Bearer",
            "expires_in": 60,
            "id_token": self.signed(query),
        }

    def signed(self, query: dict[str, str]) -> str:
        """The token about the person."""
        assert self.now is not None
        at = int(self.now().timestamp())
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "sub": self.subject,
            "aud": self.client_id,
            "exp": at + 300,
            "iat": at,
            "nonce": query.get("nonce"),
            "at_hash": _plain(hashlib.sha256(b"access").digest()[:16]),
            **self.more,
        }
        header: dict[str, Any] = {"alg": self.alg, "kid": self.key.kid or self.key.thumbprint()}
        if self.change is not None:
            self.change(claims, header)
        # What the library doesn't sign: by nothing, by a key that everybody knows, as if it were
        # a shared secret, or under a condition that nobody knows.
        signed = f"{_part(header)}.{_part(claims)}"
        if header["alg"].lower() == "none":
            return f"{signed}."
        if header["alg"] == "HS256":
            known = first_key().as_pem(private=False)
            return f"{signed}.{_plain(hmac.digest(known, signed.encode(), 'sha256'))}"
        if "crit" in header:
            private = first_key().private_key
            assert private is not None
            by_hand = private.sign(signed.encode(), PKCS1v15(), SHA256())
            return f"{signed}.{_plain(by_hand)}"
        return jwt.encode(header, claims, self.key, algorithms=[header["alg"]])


def _part(values: dict[str, Any]) -> str:
    return _plain(json.dumps(values).encode())


def _plain(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")


@contextmanager
def cheating_provider(now: Callable[[], datetime]) -> Iterator[Cheat]:
    """Serve a provider that can be told to cheat, on this machine."""
    cheat = Cheat(now=now)
    cheat.use(first_key())

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            cheat.asked.append(path)
            if cheat.redirect_to or path == "/authorize":
                self.send_response(302)
                # Whoever comes by a browser says yes.
                onward = cheat.redirect_to or cheat.back(f"{cheat.issuer}{self.path}")
                self.send_header("Location", onward)
                self.end_headers()
            elif path.endswith("/.well-known/openid-configuration"):
                self._send(200, cheat.told())
            elif path == "/jwks":
                self._send(200, {"keys": cheat.shown})
            elif path == "/userinfo" and self.headers["Authorization"] == "Bearer access":
                self._send(200, cheat.userinfo or {})
            else:
                self._send(404, {})

        def do_POST(self) -> None:
            cheat.asked.append(self.path)
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            if cheat.redirect_to:
                # With this the same form, and its secret, would go there.
                self.send_response(307)
                self.send_header("Location", cheat.redirect_to)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            status, said = cheat.token(form, self.headers.get("Authorization", ""))
            if cheat.answer is not None:
                self._bytes(status, cheat.answer(said))
            else:
                self._send(status, said)

        def _send(self, status: int, said: dict[str, Any]) -> None:
            self._bytes(status, json.dumps(said).encode())

        def _bytes(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", f"{len(body)}")
            self.end_headers()
            with suppress(OSError):  # Whoever asked had enough.
                self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    cheat.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield cheat
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
