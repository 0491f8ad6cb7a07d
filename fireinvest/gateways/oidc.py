"""A provider of sign-ins (OpenID Connect): where it sends people, and whom it vouches for.

The authorization code flow, with PKCE, a state and a nonce. What the provider says is believed only
where its own key signed it, for this client, just now and as the answer to what this browser asked.
All requests go out guarded (``gateways.outside``): to the provider's own host, or one that an
administrator has named, within bounds of size and time, and a few at once.
"""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from threading import BoundedSemaphore, Lock
from typing import Any, TypeAlias, TypeGuard
from urllib.parse import urlsplit

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.common.urls import add_params_to_uri
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, RSAKey

from fireinvest.gateways.outside import Outside

logger = logging.getLogger(__name__)

#: By which signatures a provider is known: those that only the owner of a private key can make.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")

#: How far the provider's clock may be from ours, and how old its answer may be.
LEEWAY = timedelta(seconds=60)
OLDEST_TOKEN = timedelta(minutes=10)

#: Bounds for a provider; a page waits for its answer.
ANSWERS_WITHIN = 5.0
COMPLETE_WITHIN = 8.0
MOST_BYTES = 256 * 1024

_LONGEST_TOKEN = 64 * 1024  # characters
_LONGEST_CODE = 4096
_LONGEST_SUBJECT = 255
_SMALLEST_RSA = 2048  # bits

# How long what the provider says of itself holds, and how long one that is away isn't asked again.
_KNOWN_FOR = timedelta(hours=1)
_AWAY_FOR = timedelta(seconds=10)
_MOST_AT_ONCE = 4
_WAIT_FOR_TURN = 2.0  # seconds

#: Which scope brings a claim, beside ``openid``.
_SCOPES = {
    "email": "email",
    "email_verified": "email",
    "phone_number": "phone",
    "phone_number_verified": "phone",
    "sub": "",
}

_Key: TypeAlias = RSAKey | ECKey


class Away(Exception):
    """The provider doesn't answer, or not as a provider does; why is in the server's log."""


class Untrusted(Exception):
    """What came back doesn't prove who it is. ``why``: a word for the log, nothing of the token."""

    def __init__(self, why: str) -> None:
        """Keep why."""
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Client:
    """As what this installation is known to the provider."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str
    claim: str  # what of a token is the login here


@dataclass(frozen=True, slots=True)
class Asked:
    """What a browser was sent to the provider with; the answer must fit it."""

    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True)
class Vouched:
    """Whom the provider vouches for.

    ``claimed``: the login that it gives, if any. ``proved_at``: when they proved to it who they are.
    """

    issuer: str
    subject: str
    claimed: str | None
    proved_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Known:
    """What the provider says of itself."""

    authorization: str
    token: str
    keys: str
    userinfo: str | None
    end_session: str | None
    names_itself: bool  # in each answer
    at: datetime


class Provider:
    """A provider of sign-ins, asked when somebody signs in by it and not before."""

    def __init__(self, client: Client, outside: Outside) -> None:
        """Keep as whom it is asked, and what may be asked."""
        self._client = client
        self._outside = replace(
            outside,
            most_bytes=min(outside.most_bytes, MOST_BYTES),
            answers_within=min(outside.answers_within, ANSWERS_WITHIN),
            complete_within=min(outside.complete_within, COMPLETE_WITHIN),
        )
        self._turns = BoundedSemaphore(_MOST_AT_ONCE)
        self._lock, self._discovering = Lock(), Lock()
        self._known: _Known | None = None
        self._keys: tuple[_Key, ...] = ()
        self._away_until: datetime | None = None

    # ------------------------------------------------------------------ there

    def address(self, asked: Asked, now: datetime, *, proving: bool = False) -> str:
        """Return where a browser is sent. ``proving``: to prove once more who it is, right now.

        Raises:
            Away: when the provider doesn't answer.

        """
        known = self._told(now)
        more = {"prompt": "login", "max_age": "0"} if proving else {}
        with self._session() as session:
            address, _state = session.create_authorization_url(
                known.authorization,
                state=asked.state,
                nonce=asked.nonce,
                code_verifier=asked.verifier,
                **more,
            )
        return f"{address}"

    def end_session(self, now: datetime) -> str | None:
        """Return where somebody signs out of the provider itself; None where it doesn't say.

        Raises:
            Away: when the provider doesn't answer.

        """
        address = self._told(now).end_session
        if address is None:
            return None
        return f"{add_params_to_uri(address, [('client_id', self._client.client_id)])}"

    # ------------------------------------------------------------------ back

    def vouched(self, answer: Mapping[str, str], asked: Asked, now: datetime) -> Vouched:
        """Return for whom the provider vouches. ``answer``: what stood in the address of return.

        Raises:
            Away: when the provider doesn't answer.
            Untrusted: when the answer, or the token behind it, is not what was asked for.

        """
        known = self._told(now)
        if answer.get("state") != asked.state:
            raise Untrusted("state")
        # Another provider's answer must not be taken for this one's.
        named = answer.get("iss")
        if (named is None and known.names_itself) or named not in (None, self._client.issuer):
            raise Untrusted("answer of another issuer")
        if "error" in answer:
            raise Untrusted("refused by the provider")
        code = answer.get("code", "")
        if not code or len(code) > _LONGEST_CODE:
            raise Untrusted("no code")
        token, access_token = self._exchanged(known, code, asked)
        claims = self._claims(known, token, access_token, asked, now)
        claimed = claims.get(self._client.claim)
        if claimed is None and known.userinfo is not None:
            claims = self._userinfo(known.userinfo, access_token, claims)
            claimed = claims.get(self._client.claim)
        if self._client.claim == "email" and claims.get("email_verified") is not True:
            claimed = None
        return Vouched(
            self._client.issuer,
            claims["sub"],
            claimed if _is_plain(claimed) else None,
            _instant(claims.get("auth_time")),
        )

    def _exchanged(self, known: _Known, code: str, asked: Asked) -> tuple[str, str]:
        """Exchange the code for the provider's token about the person, and the one for asking it."""
        with self._asking("token"), self._session() as session:
            given = session.fetch_token(
                known.token,
                grant_type="authorization_code",
                code=code,
                code_verifier=asked.verifier,
                redirect_uri=self._client.redirect_uri,
                # The secret and the code go nowhere else.
                allow_redirects=False,
                timeout=self._outside.answers_within,
            )
        token, access_token = given.get("id_token"), given.get("access_token")
        if not isinstance(token, str) or len(token) > _LONGEST_TOKEN:
            raise Untrusted("no token")
        if not isinstance(access_token, str) or f"{given.get('token_type')}".lower() != "bearer":
            raise Untrusted("no token")
        return token, access_token

    def _claims(
        self, known: _Known, token: str, access_token: str, asked: Asked, now: datetime
    ) -> dict[str, Any]:
        """Return what a token says, if the provider signed it, for us, as the answer to this."""
        header = _header(token)
        key = self._key(known, header)
        client_id, at = self._client.client_id, int(now.timestamp())
        leeway = int(LEEWAY.total_seconds())
        try:
            decoded = jwt.decode(token, key, algorithms=[header["alg"]])
            claims = CodeIDToken(
                decoded.claims,
                decoded.header,
                options={"iss": {"essential": True, "value": self._client.issuer}},
                params={
                    "nonce": asked.nonce,
                    "client_id": client_id,
                    "access_token": access_token,
                },
            )
            claims.validate(now=at, leeway=leeway)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise Untrusted(f"token: {type(error).__name__}") from error
        # For us alone: whoever else may use the token could have been given it first.
        if claims["aud"] not in (client_id, [client_id]):
            raise Untrusted("token: audience")
        if not at - claims["iat"] <= OLDEST_TOKEN.total_seconds() + leeway:
            raise Untrusted("token: too old")
        if not _is_plain(claims["sub"]) or not claims["sub"].isascii():
            raise Untrusted("token: subject")
        return dict(claims)

    def _userinfo(
        self, address: str, access_token: str, claims: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return what the provider tells beside its token; it must be about the same person."""
        more = self._read("userinfo", address, {"Authorization": f"Bearer {access_token}"})
        if more.get("sub") != claims["sub"]:
            raise Untrusted("userinfo of another subject")
        return {**more, **claims}

    # ------------------------------------------------------------------ what it says of itself

    def _told(self, now: datetime) -> _Known:
        """Return what the provider says of itself, asked for once in a while."""
        if (found := self._remembered(now)) is not None:
            return found
        # One asks; the others wait for it a moment, and not for one that doesn't answer.
        if not self._discovering.acquire(timeout=_WAIT_FOR_TURN):
            raise Away
        try:
            if (found := self._remembered(now)) is not None:
                return found
            try:
                fresh = self._discovered(now)
            except Away:
                with self._lock:
                    self._away_until = now + _AWAY_FOR
                raise
            with self._lock:
                # Its keys are asked for anew as well: one that was withdrawn is forgotten.
                self._known, self._keys, self._away_until = fresh, (), None
            return fresh
        finally:
            self._discovering.release()

    def _remembered(self, now: datetime) -> _Known | None:
        with self._lock:
            if self._known is not None and now - self._known.at <= _KNOWN_FOR:
                return self._known
            if self._away_until is not None and now < self._away_until:
                raise Away
        return None

    def _discovered(self, now: datetime) -> _Known:
        issuer = self._client.issuer
        address = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
        found = self._read("discovery", address)
        if found.get("issuer") != issuer:
            logger.warning("the provider of sign-ins calls itself something else than OIDC_ISSUER")
            raise Away
        return _Known(
            authorization=self._endpoint(found, "authorization_endpoint"),
            token=self._endpoint(found, "token_endpoint"),
            keys=self._endpoint(found, "jwks_uri"),
            userinfo=self._optional(found, "userinfo_endpoint"),
            end_session=self._optional(found, "end_session_endpoint"),
            names_itself=found.get("authorization_response_iss_parameter_supported") is True,
            at=now,
        )

    def _optional(self, found: Mapping[str, Any], name: str) -> str | None:
        return self._endpoint(found, name) if found.get(name) else None

    def _endpoint(self, found: Mapping[str, Any], name: str) -> str:
        """Return an address of the provider's: on its own host, or on one that may be asked."""
        address = found.get(name)
        try:
            parts = urlsplit(address if isinstance(address, str) else "")
            port = parts.port or (443 if parts.scheme == "https" else 80)
        except ValueError:
            parts, port = urlsplit(""), 0
        own = urlsplit(self._client.issuer)
        is_own = (parts.scheme, parts.netloc.lower()) == (own.scheme, own.netloc.lower())
        host = parts.hostname or ""
        if not parts.fragment and (is_own or self._outside.allowed.names(parts.scheme, host, port)):
            return f"{address}"
        logger.warning(
            "the provider's %s is not on the host of OIDC_ISSUER, and OUTGOING_ALLOWED misses it",
            name,
        )
        raise Away

    def _key(self, known: _Known, header: Mapping[str, Any]) -> _Key:
        """Return the key by which a token says it is signed; an unknown one is asked for once."""
        with self._lock:
            keys = self._keys
        found = _fitting(keys, header)
        if found is None:
            keys = _usable(self._read("keys", known.keys))
            with self._lock:
                self._keys = keys
            found = _fitting(keys, header)
        if found is None:
            raise Untrusted("token: unknown key")
        return found

    # ------------------------------------------------------------------ asking

    def _read(
        self, what: str, address: str, headers: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        with self._asking(what), self._outside.session() as session:
            answer = session.get(
                address,
                headers={"Accept": "application/json", **(headers or {})},
                allow_redirects=False,
                timeout=self._outside.answers_within,
            )
            if answer.status_code != requests.codes.ok:
                logger.warning("the provider of sign-ins: %s: status %d", what, answer.status_code)
                raise Away
            found = answer.json()
        if not isinstance(found, dict):
            logger.warning("the provider of sign-ins: %s: not as a provider answers", what)
            raise Away
        return found

    @contextmanager
    def _asking(self, what: str) -> Iterator[None]:
        """Ask, a few at once: one that doesn't answer must not hold up all who work here."""
        if not self._turns.acquire(timeout=_WAIT_FOR_TURN):
            logger.warning("the provider of sign-ins: %s: too many wait for it", what)
            raise Away
        try:
            yield
        except AuthlibBaseError as error:
            # As for a code that was used before. What the provider adds may name people.
            raise Untrusted(f"{what} refused: {f'{error.error}'[:40]}") from error
        except (requests.RequestException, ValueError, TypeError, AttributeError) as error:
            logger.warning("the provider of sign-ins: %s: %s", what, type(error).__name__)
            raise Away from error
        finally:
            self._turns.release()

    def _session(self) -> OAuth2Session:
        """The library's session, sent through our guarded door."""
        scope = _SCOPES.get(self._client.claim, "profile")
        session = OAuth2Session(
            self._client.client_id,
            self._client.client_secret,
            token_endpoint_auth_method="client_secret_basic",  # noqa: S106 - its name
            scope=f"openid {scope}".strip(),
            redirect_uri=self._client.redirect_uri,
            code_challenge_method="S256",
        )
        guarded = self._outside.session()
        session.trust_env, session.verify = guarded.trust_env, guarded.verify
        session.max_redirects = guarded.max_redirects
        session.adapters = guarded.adapters
        return session


def _header(token: str) -> dict[str, Any]:
    """Return the head of a token; it is believed in nothing but which key to try."""
    try:
        header: dict[str, Any] = dict(jws.extract_compact(token.encode()).headers())
    except (JoseError, ValueError, TypeError) as error:
        raise Untrusted("token: unreadable") from error
    if header.get("alg") not in ALGORITHMS:
        raise Untrusted("token: algorithm")
    return header


def _usable(found: Mapping[str, Any]) -> tuple[_Key, ...]:
    """Return the keys of a set that sign; one that isn't understood doesn't spoil the others."""
    keys: list[_Key] = []
    listed = found.get("keys")
    for each in listed if isinstance(listed, list) else ():
        if not isinstance(each, dict) or each.get("use", "sig") != "sig":
            continue
        if each.get("kty") not in ("RSA", "EC"):
            continue
        try:
            key = JWKRegistry.import_key(each)
        except (JoseError, ValueError, TypeError, KeyError):
            continue
        if (isinstance(key, RSAKey) and key.public_key.key_size >= _SMALLEST_RSA) or isinstance(
            key, ECKey
        ):
            keys.append(key)
    return tuple(keys)


def _fitting(keys: tuple[_Key, ...], header: Mapping[str, Any]) -> _Key | None:
    """Return the key that a token names; where it names none, the only one of its kind."""
    kind = ECKey if header["alg"].startswith("ES") else RSAKey
    able = [
        each
        for each in keys
        if isinstance(each, kind) and each.as_dict().get("alg", header["alg"]) == header["alg"]
    ]
    if "kid" in header:
        able = [each for each in able if each.as_dict().get("kid") == header["kid"]]
    return able[0] if len(able) == 1 else None


def _is_plain(text: object) -> TypeGuard[str]:
    """Is it a name that can be kept?"""
    return isinstance(text, str) and 0 < len(text) <= _LONGEST_SUBJECT and text.isprintable()


def _instant(seconds: object) -> datetime | None:
    if not isinstance(seconds, int | float) or isinstance(seconds, bool):
        return None
    try:
        return datetime.fromtimestamp(seconds, tz=UTC)
    except (ValueError, OverflowError, OSError):
        return None
