"""Headers that tell the browser what our pages never do."""

from base64 import urlsafe_b64decode
from collections.abc import Iterator
from hashlib import sha256

import pytest
from flask import Flask, request
from flask.testing import FlaskClient
from sqlalchemy import text

from fireinvest.services.people import Post
from fireinvest.web.app import create_app
from fireinvest.web.keeping import is_own_address
from fireinvest.web.rights import public
from tests.conftest import settings_for
from tests.services.office import CITY
from tests.web.office import database_of, hidden, person_with, sign_in, token


@pytest.mark.parametrize(
    "address", ["/health/live", "/none", "/bootstrap/static/css/bootstrap.min.css"]
)
def test_every_answer_carries_the_headers(quick_client: FlaskClient, address: str) -> None:
    with quick_client.get(address) as answer:
        headers = answer.headers
    assert headers["Content-Security-Policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "font-src 'self'; connect-src 'self'; form-action 'self'; object-src 'none'; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"


def test_what_browsers_hold_is_signed_by_sha_256(quick_app: Flask) -> None:
    client = quick_app.test_client()
    form = token(client.get("/sign-in").text)
    held = client.get_cookie("session")
    assert held is not None
    for signed in (held.value, form):
        signature = signed.rpartition(".")[2]
        assert len(urlsafe_b64decode(f"{signature}=")) == 32


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("/sign-in", "text/html; charset=utf-8"),
        ("/none", "text/html; charset=utf-8"),
        ("/health/live", "application/json"),
        ("/static/app.css", "text/css; charset=utf-8"),
        ("/static/drafts.js", "text/javascript; charset=utf-8"),
    ],
)
def test_every_answer_names_its_type(quick_client: FlaskClient, address: str, kind: str) -> None:
    with quick_client.get(address) as answer:
        assert answer.headers["Content-Type"] == kind


def test_a_sign_in_is_256_random_bits_of_which_the_hash_is_kept(quick_app: Flask) -> None:
    database = database_of(quick_app)
    person_with(database, "sun")
    tokens = []
    for _ in range(2):
        with sign_in(quick_app, "sun").session_transaction() as session:
            tokens.append(session["_user_id"])
    assert tokens[0] != tokens[1]
    with database.readers.begin() as read:
        kept = set(read.scalars(text("SELECT token_hash FROM sign_ins")))
    for token_ in tokens:
        assert len(urlsafe_b64decode(f"{token_}=")) == 32
        assert sha256(token_.encode()).hexdigest() in kept


def test_whoever_signs_out_leaves_no_page_behind(quick_app: Flask) -> None:
    person_with(database_of(quick_app), "sun")
    client = sign_in(quick_app, "sun")
    form = token(client.get("/desk").text)
    answer = client.post("/sign-out", data={"csrf_token": form})
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'


# ---------------------------------------------------------------------------- in production

HOST = "fire.city.cn"
HOME = f"https://{HOST}"


def production(url: str, **given: str) -> Flask:
    """The application as it runs behind one proxy with HTTPS."""
    settings = {
        "FIREINVEST_ENV": "production",
        "SECRET_KEY": "7f3b9c2e4a6d8051f7e2b4c6a8d0e1f3957b3d5f",
        "PUBLIC_URL": HOME,
        "PROXY_HOPS": "1",
    }
    app = create_app(settings_for(url, **{**settings, **given}))
    app.testing = True
    return app


@pytest.fixture
def behind_proxy(sqlite_url: str) -> Iterator[Flask]:
    app = production(sqlite_url)
    yield app
    app.extensions["fireinvest"].database.engine.dispose()


def forwarded(**headers: str) -> dict[str, str]:
    """What a proxy adds to a request that came to it by HTTPS."""
    return {
        "Host": HOST,
        "X-Forwarded-Proto": "https",
        "X-Forwarded-For": "192.0.2.9",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }


def test_over_https_browsers_come_back_by_nothing_else(
    behind_proxy: Flask, quick_client: FlaskClient
) -> None:
    answer = behind_proxy.test_client().get("/sign-in", headers=forwarded())
    assert answer.status_code == 200
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
    assert "Strict-Transport-Security" not in quick_client.get("/sign-in").headers


def test_cookies_stay_with_this_host_and_https(behind_proxy: Flask) -> None:
    answer = behind_proxy.test_client().get("/sign-in?lang=en", headers=forwarded())
    cookies = dict(each.split("=", 1) for each in answer.headers.getlist("Set-Cookie"))
    assert set(cookies) == {"__Host-fireinvest", "__Host-lang"}
    for each in cookies.values():
        told = {part.strip() for part in each.split(";")[1:]}
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= told
        assert not any(part.startswith("Domain") for part in told)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": f"{HOST}:443"}, 200),
        ({"Host": HOST.upper()}, 400),
        ({"Host": "evil.example"}, 400),
        ({"Host": f"{HOST}.evil.example"}, 400),
        ({"Host": f"{HOST}:8443"}, 400),
        ({"Host": f"{HOST}."}, 400),
        ({"Host": f"evil@{HOST}"}, 400),
        ({"Host": "127.0.0.1:8000"}, 400),
        ({"X-Forwarded-Host": HOST, "Host": "127.0.0.1:8000"}, 200),
        ({"X-Forwarded-Host": "evil.example"}, 400),
        ({"X-Forwarded-Host": f"evil.example, {HOST}"}, 200),
        ({"X-Forwarded-Proto": "http"}, 400),
        ({"X-Forwarded-Proto": "https, http"}, 400),
        ({"X-Forwarded-Proto": "ftp"}, 400),
    ],
)
def test_one_host_is_answered_and_https_alone(
    behind_proxy: Flask, headers: dict[str, str], status: int
) -> None:
    answer = behind_proxy.test_client().get("/sign-in", headers={**forwarded(), **headers})
    assert answer.status_code == status
    assert "evil" not in answer.text


def test_a_load_balancer_asks_for_health_by_any_name(behind_proxy: Flask) -> None:
    client = behind_proxy.test_client()
    assert client.get("/health/live", headers={"Host": "127.0.0.1:8000"}).status_code == 200
    assert client.get("/sign-in", headers={"Host": "127.0.0.1:8000"}).status_code == 400


def _where(app: Flask) -> FlaskClient:
    def where() -> str:
        return f"{request.remote_addr} {request.scheme} {request.host}"

    app.add_url_rule("/health/where", "where", public(where))
    return app.test_client()


@pytest.mark.parametrize(
    ("hops", "given", "seen"),
    [
        ("0", "192.0.2.1", "127.0.0.1"),
        ("1", "192.0.2.1", "192.0.2.1"),
        # What a visitor wrote stands before what the proxy adds.
        ("1", "10.9.9.9, 192.0.2.1", "192.0.2.1"),
        ("2", "10.9.9.9, 192.0.2.1, 192.0.2.2", "192.0.2.1"),
        ("1", "192.0.2.1:4711", "192.0.2.1"),
        ("1", "[2001:db8::1]:4711", "2001:db8::1"),
        ("1", "2001:db8::1", "2001:db8::1"),
        ("1", "unknown", "127.0.0.1"),
        ("1", "x" * 5000, "127.0.0.1"),
        ("2", "192.0.2.1", "127.0.0.1"),
    ],
)
def test_as_many_proxies_are_believed_as_there_are(
    sqlite_url: str, hops: str, given: str, seen: str
) -> None:
    app = create_app(settings_for(sqlite_url, PROXY_HOPS=hops))
    answer = _where(app).get("/health/where", headers={"X-Forwarded-For": given})
    assert answer.text == f"{seen} http localhost"


def test_without_proxies_nothing_of_theirs_is_believed(quick_app: Flask) -> None:
    headers = forwarded(X_Forwarded_Host="evil.example", Host="localhost")
    assert _where(quick_app).get("/health/where", headers=headers).text == (
        "127.0.0.1 http localhost"
    )


# ---------------------------------------------------------------------------- what is kept


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("/sign-in", False),
        ("/desk", False),
        ("/rules", False),
        ("/nowhere", False),
        ("/health/live", False),
        ("/static/app.css", True),
        ("/bootstrap/static/css/bootstrap.min.css", True),
    ],
)
def test_browsers_keep_files_of_ours_and_no_page(
    quick_client: FlaskClient, address: str, kept: bool
) -> None:
    with quick_client.get(address) as answer:
        assert (answer.headers["Cache-Control"] != "no-store") is kept


# ---------------------------------------------------------------------------- extremes

OWN = ["/desk", "/cases?after=3", "/x%2f%2fy", "/a:b", "/?next=//evil.example", "/案件"]
ELSEWHERE = [
    "",
    "desk",
    "https://evil.example/",
    "HTTPS:/evil.example",
    "https:evil.example",
    "//evil.example",
    "///evil.example",
    "////evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\\/evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "\t//evil.example",
    " //evil.example",
    "/\u200b/evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "//user@evil.example",
    "http://[::1",
    "/%2f%2fevil.example",
    "/%5cevil.example",
    "/%09/evil.example",
    "/.//evil.example",
    "/..//evil.example",
    "/a/..//evil.example",
    "\ufeff/desk",
    "/" + "a" * 3000,
]


@pytest.mark.parametrize("target", OWN)
def test_own_addresses(target: str) -> None:
    assert is_own_address(target)


@pytest.mark.parametrize("target", ELSEWHERE)
def test_what_leads_elsewhere(target: str) -> None:
    assert not is_own_address(target)


def test_nobody_is_led_elsewhere_after_signing_in(quick_client: FlaskClient) -> None:
    for target in ELSEWHERE:
        page = quick_client.get("/sign-in", query_string={"next": target})
        assert (page.status_code, hidden(page.text, "next")) == (200, "/desk")


NINES = "9" * 5000
EXTREMES = [
    "/cases?after=" + NINES,
    "/cases?size=" + NINES,
    "/cases?occurred_from=9999-12-31",
    "/cases?occurred_from=0001-01-01&occurred_until=0000-00-00",
    "/cases?after=２",
    "/cases?text=" + "%F0%9F%94%A5" * 500,
    "/cases?text=%ED%A0%80",
    "/cases?" + "&".join(f"a{n}=1" for n in range(2000)),
    "/cases/" + NINES,
    "/cases/x/history?before=" + NINES,
    "/cases/x/entries/" + NINES,
    "/cases/x/entries/9223372036854775808/files/0",
    "/cases/x/entries/²/files/0",
    "/cases/..%2f..%2fetc%2fpasswd",
    "/static/..%2f..%2f..%2fconfig.py",
    "/static/%2e%2e/%2e%2e/%2e%2e/config.py",
    "/board?after=0001-01-01~1~x~y",
    "/board?after=9999-12-31~" + NINES + "~x~y",
    "/board?due_from=9999-12-31",
    "/calendar?year=" + NINES,
    "/calendar?year=0",
    "/calendar?year=9999",
    "/calendar/" + NINES,
    "/rules?on=9999-12-31",
    "/rules?on=0001-01-01",
    "/rules?on=2025-W01-1",
    "/rules?division=" + "%00" * 5,
    "/calculator?occurred_on=9999-12-31&deaths=3",
    "/calculator?occurred_on=0001-01-01&deaths=3",
    "/calculator?occurred_on=2025-05-12&as_of=9999-12-31&deaths=" + NINES,
    "/calculator?occurred_on=2025-05-12&since-0-step=request_team&since-0-on=9999-12-31",
    "/calculator?since-999-step=x",
    "/calculator?occurred_on=9999-12-31T23:59:59-12:00",
    "/people?after=" + NINES,
    "/people/agencies?after=" + "²" * 3,
    "/people/" + NINES,
    "/people/0",
    "/desk?x=" + "x" * 60_000,
    "/?lang=" + NINES,
    "/sign-in?next=" + "%00",
]


def test_extremes_are_answered_plainly(quick_app: Flask) -> None:
    """Numbers, days and texts that nobody means are refused or left aside; nothing fails."""
    quick_app.testing = False  # Faults answer as they do for people.
    person_with(database_of(quick_app), "sun", Post("agency_head", division=CITY, tier="city"))
    officer = sign_in(quick_app, "sun")
    failed = []
    for address in EXTREMES:
        with officer.get(address) as answer:
            if answer.status_code >= 500 or b"SECRET_KEY" in answer.data:
                failed.append((address[:80], answer.status_code))
    assert failed == []


_NAMELESS = b"--x\r\nContent-Disposition: form-data\r\n\r\n\r\n--x--"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (_NAMELESS, "multipart/form-data; boundary=x"),
        (b"no%00te=1", "application/x-www-form-urlencoded"),
        (b"note=1&note=%00", "application/x-www-form-urlencoded"),
    ],
)
@pytest.mark.parametrize("address", ["/sign-in", "/cases/new", "/drafts"])
def test_fields_that_no_browser_sends_are_refused(
    quick_app: Flask, address: str, body: bytes, kind: str
) -> None:
    person_with(database_of(quick_app), "sun", Post("carrier", division=CITY, tier="city"))
    answer = sign_in(quick_app, "sun").post(address, data=body, content_type=kind)
    assert answer.status_code == 400


@pytest.mark.parametrize("number", ["9" * 10, "9" * 5000, "²", "٣", "-1", "1.0"])
def test_what_can_be_no_number_of_ours_is_no_such_page(quick_app: Flask, number: str) -> None:
    quick_app.add_url_rule("/n/<int:number>", "n", public(lambda number: f"{number}"))
    client = quick_app.test_client()
    assert client.get(f"/n/{number}").status_code == 404
    assert client.get("/n/2147483647").text == "2147483647"
    assert client.get("/n/2147483648").status_code == 404


@pytest.mark.parametrize("method", ["TRACE", "PUT", "DELETE", "PATCH", "NONSENSE"])
def test_no_other_method_is_answered(quick_client: FlaskClient, method: str) -> None:
    answer = quick_client.open("/sign-in", method=method)
    assert answer.status_code == 405
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize(
    "address", ["/.git/config", "/static/", "/static/.", "/config.py", "/.env"]
)
def test_nothing_beside_the_pages_is_served(quick_client: FlaskClient, address: str) -> None:
    assert quick_client.get(address).status_code == 404
