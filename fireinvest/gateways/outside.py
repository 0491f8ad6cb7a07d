"""Requests that this server sends to others: where they may go, and no further.

Addresses come from settings and from what people type; somebody who can choose one could otherwise
make the server ask machines that only it can reach. So an address is allowed when all that its host
name stands for is on the public internet, or an administrator has named it (``OUTGOING_ALLOWED``).
The request then goes to the very address that was looked at, whatever the name stands for a moment
later; each redirect is looked at anew; and time and size are bounded.
"""

import socket
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from pathlib import Path
from threading import Timer, local
from typing import Any, TypeAlias
from urllib.parse import SplitResult, urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.exceptions import InvalidSchema, InvalidURL, MissingSchema
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from fireinvest.clock import stopwatch

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network
#: Gives the addresses that a host's name stands for; raises OSError where it stands for none.
Resolver: TypeAlias = Callable[[str, int], Iterable[str]]

#: Seconds until the other side has answered, and until all of its answer has come.
ANSWERS_WITHIN = 5.0
COMPLETE_WITHIN = 20.0
MOST_BYTES = 1024 * 1024
MOST_REDIRECTS = 3

_PIECE = 16 * 1024
_DEFAULT_PORTS = {"http": 80, "https": 443}
_REDIRECTS = (301, 302, 303, 307, 308)

# Addresses of IPv6 in which one of IPv4 is wrapped: a translator on the way unwraps it.
_WRAPPING = (
    (IPv6Network("64:ff9b::/96"), 0),  # NAT64
    (IPv6Network("2002::/16"), 80),  # 6to4
    (IPv6Network("::/96"), 0),  # IPv4-compatible
    (IPv6Network("::ffff:0:0:0/96"), 0),  # SIIT
)
# Not called private or reserved everywhere, and nobody's public server.
_NEVER_PUBLIC = (
    IPv4Network("100.64.0.0/10"),  # between a provider and its customers
    IPv4Network("192.88.99.0/24"),
    IPv4Network("198.18.0.0/15"),
    IPv6Network("64:ff9b:1::/48"),
    IPv6Network("2001::/23"),
    IPv6Network("fec0::/10"),
)


class NotAllowed(requests.RequestException):
    """Nobody may ask this address from here."""


class NoAnswer(requests.RequestException):
    """The other side didn't answer, not in time, or with too much."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """What an administrator has named beside the public internet.

    ``networks``: any host in them. ``hosts``: names (or addresses) by HTTPS on any port.
    ``origins``: scheme, host and port; by these plain HTTP may be allowed.
    """

    networks: tuple[Network, ...] = ()
    hosts: frozenset[str] = frozenset()
    origins: frozenset[tuple[str, str, int]] = frozenset()

    @classmethod
    def of(cls, entries: Iterable[str]) -> "Allowed":
        """Return what the entries of ``OUTGOING_ALLOWED`` mean, which the settings have checked."""
        networks: list[Network] = []
        hosts: set[str] = set()
        origins: set[tuple[str, str, int]] = set()
        for each in entries:
            if "://" in each:
                parts = urlsplit(each)
                port = parts.port or _DEFAULT_PORTS[parts.scheme]
                origins.add((parts.scheme, _host(parts), port))
                continue
            try:
                networks.append(ip_network(each))
            except ValueError:
                hosts.add(each.lower().rstrip("."))
        return cls(tuple(networks), frozenset(hosts), frozenset(origins))

    def names(self, scheme: str, host: str, port: int) -> bool:
        """Is this host named itself, so that its addresses don't matter?"""
        return (scheme, host, port) in self.origins or (scheme == "https" and host in self.hosts)


def is_public(address: Address) -> bool:
    """Is this an address on the public internet, also when it is unwrapped?"""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address.scope_id is not None:
            return False
        for network, shift in _WRAPPING:
            if address in network:
                return is_public(IPv4Address(int(address) >> shift & 0xFFFFFFFF))
    return (
        address.is_global
        and not address.is_multicast
        and not address.is_reserved
        and not any(address in each for each in _NEVER_PUBLIC)
    )


def resolve(host: str, port: int) -> list[str]:
    """Return every address that the system knows for a host."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a request goes: what its address says, and the addresses of the host, looked at."""

    url: str
    scheme: str
    host: str
    port: int
    addresses: tuple[str, ...]


def checked(url: str, allowed: Allowed, resolver: Resolver = resolve) -> Destination:
    """Return where a request to this address goes.

    Raises:
        NotAllowed: when it may not go there.
        NoAnswer: when the host's name stands for nothing.

    """
    parts, host, port = _parts(url)
    is_named = allowed.names(parts.scheme, host, port)
    if parts.scheme != "https" and not is_named:
        raise NotAllowed("Only https is allowed.")
    try:
        found = list(dict.fromkeys(resolver(host, port)))
        addresses = [ip_address(each) for each in found]
    except (OSError, UnicodeError, ValueError) as error:
        raise NoAnswer("The host is not known.") from error
    if not addresses:
        raise NoAnswer("The host is not known.")
    # All of them: which one is asked isn't ours to choose where a name stands for several.
    if not is_named and not all(_may_be_asked(each, allowed) for each in addresses):
        raise NotAllowed("The host is not on the public internet, and OUTGOING_ALLOWED misses it.")
    return Destination(url, parts.scheme, host, port, tuple(found))


def _may_be_asked(address: Address, allowed: Allowed) -> bool:
    if is_public(address):
        return True
    plain = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    seen = plain or address
    return any(each.version == seen.version and seen in each for each in allowed.networks)


def _parts(url: str) -> tuple[SplitResult, str, int]:
    # What the library that sends it reads differently must not get past: blanks, backslashes.
    if not url.isascii() or not url.isprintable() or set(url) & set(' \\<>"{}|^`'):
        raise NotAllowed("The address has characters that don't belong into one.")
    try:
        parts = urlsplit(url)
        port = parts.port
        host = _host(parts)
    except ValueError:
        raise NotAllowed("This is no address.") from None
    if parts.scheme not in _DEFAULT_PORTS or not host or port == 0:
        raise NotAllowed("This is no address of a web server.")
    if "@" in parts.netloc:
        raise NotAllowed("The address must not carry a name or a password.")
    if "%" in host:
        raise NotAllowed("This is no address of a web server.")
    return parts, host, port or _DEFAULT_PORTS[parts.scheme]


def _host(parts: SplitResult) -> str:
    return (parts.hostname or "").rstrip(".")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: its status, its headers, and all of its body."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str


@dataclass(frozen=True, slots=True)
class Outside:
    """Sends requests to other servers, within what is allowed."""

    allowed: Allowed
    authorities: Path | None = None  # certificates of authorities, in place of the public ones
    resolver: Resolver = resolve
    most_bytes: int = MOST_BYTES
    answers_within: float = ANSWERS_WITHIN
    complete_within: float = COMPLETE_WITHIN

    def request(
        self,
        method: str,
        url: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request and return the whole answer; GET and HEAD follow redirects that may be.

        Raises:
            NotAllowed: when the address, or one that it leads on to, may not be asked.
            NoAnswer: when there is none, not in time, or too large a one.

        """
        until = stopwatch() + self.complete_within
        given = dict(headers or {})
        for _ in range(MOST_REDIRECTS + 1):
            answer = self._send(method, url, body, given, until)
            if answer.status not in _REDIRECTS or method not in ("GET", "HEAD"):
                return answer
            onward = answer.headers.get("Location")
            if onward is None:
                return answer
            asked, url = url, urljoin(url, onward)
            if _origin(url) != _origin(asked):
                # Whatever proves who we are is for the one that we asked.
                given = {
                    name: value
                    for name, value in given.items()
                    if name.lower() not in _PRIVATE_HEADERS
                }
        raise NoAnswer("It leads on too often.")

    def session(self) -> requests.Session:
        """Return a session for libraries that bring their own requests.

        It asks within the same bounds, each redirect included, and knows nothing of proxies,
        cookies or passwords of the machine.
        """
        session = requests.Session()
        session.trust_env = False
        session.max_redirects = MOST_REDIRECTS
        if self.authorities is not None:
            session.verify = str(self.authorities)
        session.mount("http://", _Guarded(self))
        session.mount("https://", _Guarded(self))
        return session

    def _send(
        self,
        method: str,
        url: str,
        body: bytes | None,
        headers: Mapping[str, str],
        until: float,
    ) -> Answer:
        with self.session() as session:
            try:
                answer = session.request(
                    method, url, data=body, headers=dict(headers), allow_redirects=False,
                    timeout=self.answers_within,
                )  # fmt: skip
            except (NotAllowed, NoAnswer):
                raise
            except (InvalidSchema, InvalidURL, MissingSchema) as error:
                raise NotAllowed("This is no address of a web server.") from error
            except requests.RequestException as error:
                raise NoAnswer("The other side does not answer.") from error
            if stopwatch() > until:
                raise NoAnswer("The answer took too long.")
            return Answer(answer.status_code, answer.headers, answer.content, url)


_PRIVATE_HEADERS = ("authorization", "cookie", "proxy-authorization")


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.lower()


class _Guarded(HTTPAdapter):
    """Connects to the address that was looked at, under the host's name; bounds the answer."""

    def __init__(self, outside: Outside) -> None:
        self._outside = outside
        self._running = local()  # the timers of the request that a thread sends
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **more: Any) -> None:
        super().init_poolmanager(*args, **more)
        self.poolmanager.pool_classes_by_scheme = _pools(self._outside.complete_within, self._note)

    def _note(self, timer: Timer) -> None:
        self._running.timers.append(timer)

    def send(  # type: ignore[override] # the timeout is bounded in any case
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: float | tuple[float, float] | None = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Any = None,
    ) -> requests.Response:
        self._running.timers = []
        try:
            return self._send(request, timeout, verify, cert)
        finally:
            for each in self._running.timers:
                each.cancel()

    def _send(
        self, request: requests.PreparedRequest, timeout: Any, verify: bool | str, cert: Any
    ) -> requests.Response:
        outside = self._outside
        url = request.url or ""
        destination = checked(url, outside.allowed, outside.resolver)
        until = stopwatch() + outside.complete_within
        request.headers["Host"] = urlsplit(url).netloc
        # Each request has a connection, and so a time, of its own.
        request.headers["Connection"] = "close"
        given = timeout if isinstance(timeout, int | float) else outside.answers_within
        answer: requests.Response | None = None
        for place, address in enumerate(destination.addresses):
            request.checked_address = address  # type: ignore[attr-defined] # for below
            try:
                answer = super().send(
                    request, stream=True, timeout=min(given, outside.answers_within),
                    verify=verify, cert=cert, proxies=None,
                )  # fmt: skip
                break
            except requests.ConnectionError:
                if place + 1 == len(destination.addresses):
                    raise
        assert answer is not None  # noqa: S101 - there is one address at least
        if stopwatch() > until:
            answer.close()
            raise NoAnswer("The answer took too long.")
        _take_in(answer, outside.most_bytes, until)
        return answer

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: Any, cert: Any = None
    ) -> Any:
        found: tuple[Any, Any] = super().build_connection_pool_key_attributes(request, verify, cert)
        host, pool = found
        if host["scheme"] == "https":
            # The certificate is checked for the name, not for the address.
            name = host["host"].strip("[]")
            pool = {**pool, "assert_hostname": name, "server_hostname": name}
        return {**host, "host": request.checked_address}, pool  # type: ignore[attr-defined] # above

    def request_url(self, request: requests.PreparedRequest, proxies: Any) -> str:
        return request.path_url

    def get_connection_with_tls_context(
        self,
        request: requests.PreparedRequest,
        verify: Any,
        proxies: Any = None,
        cert: Any = None,
    ) -> Any:
        return super().get_connection_with_tls_context(request, verify, proxies={}, cert=cert)


def _pools(within: float, begun: Callable[[Timer], None]) -> dict[str, type[HTTPConnectionPool]]:
    """Pools of connections that end after so many seconds, however slowly their headers come."""

    class Ending:
        sock: socket.socket | None

        def connect(self) -> None:
            super().connect()  # type: ignore[misc] # of the classes below
            timer = Timer(within, _end, (self.sock,))
            timer.daemon = True
            begun(timer)
            timer.start()

    class Plain(Ending, HTTPConnection): ...

    class Secure(Ending, HTTPSConnection): ...

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}


def _end(connection: socket.socket | None) -> None:
    if connection is not None:
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)


def _take_in(answer: requests.Response, at_most: int, until: float) -> None:
    """Read all of an answer within its bounds, so that nobody waits for the rest of it."""
    taken: list[bytes] = []
    size = 0
    try:
        for piece in answer.iter_content(_PIECE):
            size += len(piece)
            if size > at_most:
                raise NoAnswer("The answer is too large.")
            if stopwatch() > until:
                raise NoAnswer("The answer took too long.")
            taken.append(piece)
    except requests.RequestException as error:
        raise NoAnswer("The answer broke off.") from error
    finally:
        answer.close()
    answer._content = b"".join(taken)
    answer._content_consumed = True  # type: ignore[attr-defined] # as the library itself marks it
