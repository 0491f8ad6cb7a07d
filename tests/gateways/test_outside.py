"""Requests to others: where they may go, and that they go nowhere else."""

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from threading import Thread
from time import sleep
from typing import TypeAlias

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from fireinvest.gateways.outside import (
    Allowed,
    NoAnswer,
    NotAllowed,
    Outside,
    checked,
    is_public,
)

#: Path, host and proof of what was asked.
Asked: TypeAlias = tuple[str, str | None, str | None]

PUBLIC = "93.184.215.14"
LOOPBACK = "127.0.0.1"


def resolver(**names: str | list[str]) -> Callable[[str, int], list[str]]:
    """A name service that knows these, and addresses; nothing outside is asked."""

    def resolve(host: str, port: int) -> list[str]:
        found = names.get(host.replace(".", "_"))
        if found is None:
            # What is a number in whatever spelling, the system itself reads.
            flags = socket.AI_NUMERICHOST
            return [str(each[4][0]) for each in socket.getaddrinfo(host, port, flags=flags)]
        return [found] if isinstance(found, str) else found

    return resolve


NAMES = resolver(
    public_cn=PUBLIC,
    inner_cn="10.1.2.3",
    both_cn=[PUBLIC, "10.1.2.3"],
    six_cn="fd00::1",
    nothing_cn=[],
)


# ---------------------------------------------------------------------------- addresses


@pytest.mark.parametrize(
    ("address", "public"),
    [
        (PUBLIC, True),
        ("114.114.114.114", True),
        ("2400:3200::1", True),
        ("0.0.0.0", False),  # noqa: S104 - an address to be refused
        ("10.0.0.1", False),
        ("100.64.0.1", False),
        ("100.128.0.1", True),
        ("127.0.0.1", False),
        ("169.254.169.254", False),
        ("172.16.0.1", False),
        ("172.32.0.1", True),
        ("192.0.2.1", False),
        ("192.168.1.1", False),
        ("198.18.0.1", False),
        ("198.51.100.1", False),
        ("203.0.113.1", False),
        ("224.0.0.1", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:93.184.215.14", True),
        ("::127.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::5db8:d70e", True),
        ("64:ff9b:1::1", False),
        ("2002:7f00:1::", False),
        ("2002:a01:203::1", False),
        ("2001:db8::1", False),
        ("2001::1", False),
        ("fc00::1", False),
        ("fd00:ec2::254", False),
        ("fe80::1", False),
        ("fe80::1%eth0", False),
        ("fec0::1", False),
        ("ff02::1", False),
    ],
)
def test_what_is_on_the_public_internet(address: str, public: bool) -> None:
    assert is_public(ip_address(address)) is public


@pytest.mark.parametrize(
    "url",
    [
        "https://public.cn/",
        "https://public.cn:8443/a?b=c",
        "HTTPS://PUBLIC.CN",
        f"https://{PUBLIC}/",
        "https://[2400:3200::1]/",
    ],
)
def test_the_public_internet_may_be_asked(url: str) -> None:
    assert checked(url, Allowed(), NAMES).addresses


@pytest.mark.parametrize(
    "url",
    [
        "http://public.cn/",
        "ftp://public.cn/",
        "file:///etc/passwd",
        "gopher://public.cn/",
        "//public.cn/",
        "/etc/passwd",
        "public.cn",
        "",
        "https://",
        "https:///x",
        "https://public.cn:0/",
        "https://public.cn:99999/",
        "https://public.cn:x/",
        "https://user@public.cn/",
        "https://user:pw@public.cn/",
        "https://public.cn@10.1.2.3/",
        "https://inner.cn/",
        "https://inner.cn./",
        "https://both.cn/",
        "https://six.cn/",
        "https://127.0.0.1/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.0.0.1/",
        "https://0177.0.0.1/",
        "https://017700000001/",
        "https://0/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:7f00:1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[fe80::1%25lo]/",
        "https://169.254.169.254/latest/meta-data/",
        "https://public.cn\\@10.1.2.3/",
        "https://public.cn/\r\nHost: inner.cn",
        "https://public.cn/\tx",
        " https://public.cn/",
        "https://公.cn/",
        "https://①②⑦.⓪.⓪.①/",
    ],
)
def test_nothing_else_may_be_asked(url: str) -> None:
    with pytest.raises(NotAllowed):
        checked(url, Allowed(), NAMES)


def test_a_name_that_stands_for_nothing_is_no_answer() -> None:
    for url in ("https://nothing.cn/", "https://unknown.cn/"):
        with pytest.raises(NoAnswer):
            checked(url, Allowed(), NAMES)


@pytest.mark.parametrize(
    ("entry", "url", "may"),
    [
        ("inner.cn", "https://inner.cn/", True),
        ("inner.cn", "https://inner.cn.:8443/", True),
        ("inner.cn", "http://inner.cn/", False),
        ("inner.cn", "https://six.cn/", False),
        ("http://inner.cn:8080", "http://inner.cn:8080/x", True),
        ("http://inner.cn:8080", "http://inner.cn/", False),
        ("http://inner.cn:8080", "https://inner.cn:8080/", False),
        ("10.1.0.0/16", "https://inner.cn/", True),
        ("10.1.0.0/16", "https://both.cn/", True),
        ("10.1.0.0/16", "http://inner.cn/", False),
        ("10.1.0.0/16", "https://[::ffff:10.1.2.3]/", True),
        ("10.2.0.0/16", "https://inner.cn/", False),
        ("fd00::/8", "https://six.cn/", True),
        ("10.1.2.3", "https://10.1.2.3/", True),
    ],
)
def test_what_an_administrator_names_may_be_asked(entry: str, url: str, may: bool) -> None:
    allowed = Allowed.of([entry])
    if may:
        assert checked(url, allowed, NAMES).addresses
        return
    with pytest.raises(NotAllowed):
        checked(url, allowed, NAMES)


# ---------------------------------------------------------------------------- requests


class Handler(BaseHTTPRequestHandler):
    """Answers as the path says, and keeps what it was asked."""

    asked: list[Asked]

    def do_GET(self) -> None:
        asked = (self.path, self.headers["Host"], self.headers["Authorization"])
        self.asked.append(asked)
        kind, _, rest = self.path[1:].partition("/")
        if kind == "to":
            self.send_response(302)
            self.send_header("Location", rest)
            self.end_headers()
            return
        self.send_response(200)
        self.end_headers()
        with suppress(OSError):  # It may be too much for the other side.
            self.wfile.write(b"x" * int(rest) if kind == "size" else b"here")

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[tuple[int, list[Asked]]]:
    asked: list[Asked] = []
    server = ThreadingHTTPServer((LOOPBACK, 0), type("Own", (Handler,), {"asked": asked}))
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server.server_address[1], asked
    server.shutdown()
    thread.join()
    server.server_close()


def outside(port: int, **more: int) -> Outside:
    """May ask a server here by the name idp.cn alone."""
    names = resolver(idp_cn=LOOPBACK, other_cn=LOOPBACK, inner_cn="10.1.2.3", public_cn=PUBLIC)
    return Outside(Allowed.of([f"http://idp.cn:{port}"]), resolver=names, **more)  # type: ignore[arg-type] # sizes


def test_an_allowed_server_is_asked_under_its_name() -> None:
    with serving() as (port, asked):
        answer = outside(port).request("GET", f"http://idp.cn:{port}/a")
    assert (answer.status, answer.body) == (200, b"here")
    assert asked == [("/a", f"idp.cn:{port}", None)]


def test_the_name_may_stand_for_something_else_a_moment_later() -> None:
    """Only the address that was looked at is asked: the name is looked up once."""
    looked_up: list[str] = []

    def rebinding(host: str, _port: int) -> list[str]:
        looked_up.append(host)
        return [LOOPBACK] if len(looked_up) == 1 else ["10.1.2.3"]

    with serving() as (port, asked):
        asking = Outside(
            Allowed.of([f"{LOOPBACK}/32", f"http://idp.cn:{port}"]), resolver=rebinding
        )
        assert asking.request("GET", f"http://idp.cn:{port}/").status == 200
    assert (looked_up, len(asked)) == (["idp.cn"], 1)


def test_a_name_that_turns_inward_is_refused() -> None:
    """First public, then private: it is looked up for each request, and refused then."""
    answers = iter([[PUBLIC], [LOOPBACK]])
    asking = Outside(Allowed(), resolver=lambda *_: next(answers))
    assert checked("https://public.cn/", asking.allowed, asking.resolver).host == "public.cn"
    with pytest.raises(NotAllowed):
        asking.request("GET", "https://public.cn/")


@pytest.mark.parametrize(
    "onward",
    [
        "http://127.0.0.1:{port}/",
        "http://other.cn:{port}/",
        "https://inner.cn/",
        "http://idp.cn:1/",
        "http://2130706433:{port}/",
        "file:///etc/passwd",
        "//169.254.169.254/latest",
        "http://u:p@idp.cn:{port}/",
    ],
)
def test_each_redirect_is_looked_at(onward: str) -> None:
    with serving() as (port, asked):
        url = f"http://idp.cn:{port}/to/{onward.format(port=port)}"
        with pytest.raises(NotAllowed):
            outside(port).request("GET", url)
        with pytest.raises(requests.RequestException), outside(port).session() as session:
            session.get(url)
    assert {path for path, *_ in asked} == {url.partition(f"{port}")[2]}


def test_redirects_that_may_be_are_followed_and_never_for_ever() -> None:
    with serving() as (port, asked):
        start = f"http://idp.cn:{port}/to/"
        assert outside(port).request("GET", f"{start}/here").url == f"http://idp.cn:{port}/here"
        with pytest.raises(NoAnswer):
            outside(port).request("GET", f"{start}{start}{start}{start}{start}/here")
        assert outside(port).request("POST", f"{start}/here", body=b"x").status == 302
    assert len(asked) == 2 + 4 + 1


def test_what_proves_who_we_are_stays_with_whom_we_asked() -> None:
    with serving() as (port, asked):
        both = Allowed.of([f"http://idp.cn:{port}", f"http://other.cn:{port}"])
        asking = Outside(both, resolver=outside(port).resolver)
        url = f"http://idp.cn:{port}/to/http://other.cn:{port}/"
        asking.request("GET", url, headers={"Authorization": "Bearer x"})
    assert [each[2] for each in asked] == ["Bearer x", None]


@pytest.mark.parametrize(("size", "taken"), [(5000, True), (5001, False), (5_000_000, False)])
def test_an_answer_is_bounded(size: int, taken: bool) -> None:
    with serving() as (port, _):
        asking = outside(port, most_bytes=5000)
        if taken:
            assert len(asking.request("GET", f"http://idp.cn:{port}/size/{size}").body) == size
            return
        with pytest.raises(NoAnswer):
            asking.request("GET", f"http://idp.cn:{port}/size/{size}")


@pytest.mark.parametrize("beginning", [b"", b"HTTP/1.0 200 OK\r\n\r\n", b"HTTP/1.0 200 OK\r\nA: "])
def test_nobody_waits_for_ever(beginning: bytes) -> None:
    """For an answer that doesn't come, and for one that comes byte by byte."""
    with socket.create_server((LOOPBACK, 0)) as listening:
        port = listening.getsockname()[1]

        def drip() -> None:
            with listening.accept()[0] as connection, suppress(OSError):
                connection.sendall(beginning)
                for _ in range(50 if beginning else 0):
                    sleep(0.1)
                    connection.sendall(b"x")
                connection.settimeout(5)
                while connection.recv(65536):
                    pass

        thread = Thread(target=drip, daemon=True)
        thread.start()
        asking = outside(port, answers_within=0.3, complete_within=0.6)  # type: ignore[arg-type] # seconds
        begun = datetime.now(UTC)
        with pytest.raises(NoAnswer):
            asking.request("GET", f"http://idp.cn:{port}/")
        assert datetime.now(UTC) - begun < timedelta(seconds=3)
        thread.join(5)


def test_a_server_that_is_not_there_is_no_answer() -> None:
    with socket.create_server((LOOPBACK, 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(NoAnswer):
        outside(port).request("GET", f"http://idp.cn:{port}/")


# ---------------------------------------------------------------------------- HTTPS


def certificate(folder: Path, name: str) -> tuple[Path, ssl.SSLContext]:
    """A certificate for a name, which is its own authority, and a server's context with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / f"{name}.pem"
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret = folder / f"{name}.key"
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, secret)
    return file, context


def test_a_certificate_is_checked_for_the_name(tmp_path: Path) -> None:
    authority, context = certificate(tmp_path, "idp.cn")
    names = resolver(idp_cn=LOOPBACK, other_cn=LOOPBACK)
    allowed = Allowed.of(["idp.cn", "other.cn"])
    with serving(context) as (port, asked):
        known = Outside(allowed, authority, names)
        assert known.request("GET", f"https://idp.cn:{port}/").body == b"here"
        with pytest.raises(NoAnswer):  # The certificate is another host's.
            known.request("GET", f"https://other.cn:{port}/")
        with pytest.raises(NoAnswer):  # Its authority is not a known one.
            Outside(allowed, resolver=names).request("GET", f"https://idp.cn:{port}/")
    assert [host for _, host, _ in asked] == [f"idp.cn:{port}"]
