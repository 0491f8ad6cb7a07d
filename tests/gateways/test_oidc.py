"""A provider of sign-ins: what it says is believed only where it is its own word, for us, now."""

import base64
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from time import monotonic, sleep
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from joserfc.jwk import ECKey, RSAKey

from fireinvest.clock import utcnow
from fireinvest.gateways.oidc import Asked, Away, Client, Provider, Untrusted, Vouched
from fireinvest.gateways.outside import Allowed, Outside
from tests.providers import BACK, Cheat, RealProvider, cheating_provider, real_provider

NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
HOUSE = "http://127.0.0.1:8000"
ASKED = Asked(
    "the state", "the nonce", "a verifier of more than forty-three characters, as it must be"
)
MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
def real() -> Iterator[RealProvider]:
    with real_provider(HOUSE) as running:
        yield running


@pytest.fixture
def cheat() -> Iterator[Cheat]:
    with cheating_provider(lambda: NOW) as running:
        yield running


def provider_of(
    cheat: Cheat,
    *,
    claim: str = "preferred_username",
    allowed: tuple[str, ...] = (),
    issuer: str | None = None,
) -> Provider:
    client = Client(
        issuer or cheat.issuer, cheat.client_id, cheat.client_secret, f"{HOUSE}{BACK}", claim
    )
    return Provider(client, Outside(Allowed.of((cheat.issuer, *allowed)), complete_within=2))


def goes_through(cheat: Cheat, provider: Provider | None = None, **answer: str) -> Vouched:
    """Somebody goes there and comes back."""
    provider = provider or provider_of(cheat)
    code = cheat.came(provider.address(ASKED, NOW))
    return provider.vouched({"state": ASKED.state, "code": code, **answer}, ASKED, NOW)


# ---------------------------------------------------------------------------- a real provider


def test_a_real_provider_vouches_for_somebody_once(real: RealProvider) -> None:
    real.know("7f3a", preferred_username="sun")
    client = Client(
        real.issuer, real.client_id, real.client_secret, f"{HOUSE}{BACK}", "preferred_username"
    )
    provider = Provider(client, Outside(Allowed.of((real.issuer,))))
    came_back = urlsplit(real.sign_in(provider.address(ASKED, utcnow()), "7f3a"))
    assert f"{came_back.scheme}://{came_back.netloc}{came_back.path}" == f"{HOUSE}{BACK}"
    answer = dict(parse_qsl(came_back.query))
    found = provider.vouched(answer, ASKED, utcnow())
    assert (found.issuer, found.subject, found.claimed) == (real.issuer, "7f3a", "sun")
    assert found.proved_at is not None
    with pytest.raises(Untrusted, match="token refused: invalid_grant"):
        provider.vouched(answer, ASKED, utcnow())


def test_a_real_provider_knows_us_by_our_secret(real: RealProvider) -> None:
    real.know("7f3a", preferred_username="sun")
    client = Client(real.issuer, real.client_id, "another", f"{HOUSE}{BACK}", "preferred_username")
    provider = Provider(client, Outside(Allowed.of((real.issuer,))))
    came_back = real.sign_in(provider.address(ASKED, utcnow()), "7f3a")
    answer = dict(parse_qsl(urlsplit(came_back).query))
    with pytest.raises(Untrusted, match="token refused: invalid_client"):
        provider.vouched(answer, ASKED, utcnow())


# ---------------------------------------------------------------------------- there


def test_what_a_browser_is_sent_with(cheat: Cheat) -> None:
    sent = dict(parse_qsl(urlsplit(provider_of(cheat).address(ASKED, NOW)).query))
    assert sent.pop("code_challenge") not in ("", ASKED.verifier)
    assert sent == {
        "response_type": "code",
        "client_id": cheat.client_id,
        "redirect_uri": f"{HOUSE}{BACK}",
        "scope": "openid profile",
        "state": ASKED.state,
        "nonce": ASKED.nonce,
        "code_challenge_method": "S256",
    }
    proving = urlsplit(provider_of(cheat).address(ASKED, NOW, proving=True)).query
    assert {("prompt", "login"), ("max_age", "0")} <= set(parse_qsl(proving))
    # No more is asked for than the login.
    by_mail = urlsplit(provider_of(cheat, claim="email").address(ASKED, NOW)).query
    assert dict(parse_qsl(by_mail))["scope"] == "openid email"


# ---------------------------------------------------------------------------- back


def test_whom_it_vouches_for(cheat: Cheat) -> None:
    cheat.more = {"preferred_username": "sun", "auth_time": int(NOW.timestamp()) - 5}
    at = NOW - timedelta(seconds=5)
    assert goes_through(cheat) == Vouched(cheat.issuer, "subject-1", "sun", at)


@pytest.mark.parametrize(
    ("more", "userinfo", "claim", "claimed"),
    [
        ({}, None, "preferred_username", None),
        ({"preferred_username": 5}, None, "preferred_username", None),
        ({"preferred_username": "a\x00b"}, None, "preferred_username", None),
        ({"preferred_username": "x" * 256}, None, "preferred_username", None),
        ({"number": "sun"}, None, "number", "sun"),
        ({}, {"sub": "subject-1", "preferred_username": "sun"}, "preferred_username", "sun"),
        ({"email": "sun"}, None, "email", None),
        ({"email": "sun", "email_verified": "true"}, None, "email", None),
        ({"email": "sun", "email_verified": True}, None, "email", "sun"),
    ],
)
def test_which_claim_is_the_login(
    cheat: Cheat,
    more: dict[str, Any],
    userinfo: dict[str, Any] | None,
    claim: str,
    claimed: str | None,
) -> None:
    cheat.more, cheat.userinfo = more, userinfo or {"sub": "subject-1"}
    assert goes_through(cheat, provider_of(cheat, claim=claim)).claimed == claimed


def test_what_it_tells_beside_its_token_is_about_the_same_person(cheat: Cheat) -> None:
    cheat.more = {}
    cheat.userinfo = {"sub": "subject-2", "preferred_username": "sun"}
    with pytest.raises(Untrusted, match="another subject"):
        goes_through(cheat)


def claims(**changed: Any) -> Callable[[dict[str, Any], dict[str, Any]], None]:
    return lambda given, _: given.update(changed)


def without(name: str) -> Callable[[dict[str, Any], dict[str, Any]], None]:
    return lambda given, _: given.pop(name)


def header(**changed: Any) -> Callable[[dict[str, Any], dict[str, Any]], None]:
    return lambda _, given: given.update(changed)


AT = int(NOW.timestamp())


@pytest.mark.parametrize(
    "change",
    [
        claims(nonce="another"),
        without("nonce"),
        claims(aud="another"),
        claims(aud=["our-client", "another"]),
        claims(aud=["our-client", "another"], azp="our-client"),
        claims(azp="another"),
        claims(aud=[]),
        without("aud"),
        claims(iss="https://idp.example"),
        claims(iss=None),
        claims(iss=["https://idp.example"]),
        without("iss"),
        claims(exp=AT - 60),
        claims(exp=f"{AT + 300}"),
        without("exp"),
        claims(iat=AT + 61),
        claims(iat=AT - 661),
        without("iat"),
        claims(nbf=AT + 61),
        claims(sub=""),
        claims(sub="x" * 256),
        claims(sub="孙"),
        claims(sub=7),
        without("sub"),
        claims(at_hash="another"),
        claims(auth_time="now"),
        header(alg="none"),
        header(alg="None"),
        header(alg="HS256"),
        header(kid="unknown"),
        header(crit=["exp"]),
    ],
)
def test_a_token_that_is_not_right_in_all_is_refused(
    cheat: Cheat, change: Callable[[dict[str, Any], dict[str, Any]], None]
) -> None:
    cheat.change = change
    with pytest.raises(Untrusted, match=r"^token: "):
        goes_through(cheat)


@pytest.mark.parametrize(
    "change",
    [
        claims(exp=AT - 59),
        claims(iat=AT + 60),
        claims(iat=AT - 659),
        claims(aud=["our-client"], azp="our-client"),
        without("at_hash"),
        lambda _, head: head.pop("kid"),
    ],
)
def test_what_is_right_at_the_bounds_is_taken(
    cheat: Cheat, change: Callable[[dict[str, Any], dict[str, Any]], None]
) -> None:
    cheat.change = change
    assert goes_through(cheat).subject == "subject-1"


def test_only_its_own_key_signs(cheat: Cheat) -> None:
    own = cheat.shown
    cheat.use(RSAKey.generate_key(2048, {"kid": "first"}))
    cheat.shown = own
    with pytest.raises(Untrusted, match="BadSignature"):
        goes_through(cheat)


def test_a_signature_taken_off_is_missed(cheat: Cheat) -> None:
    def stripped(said: dict[str, Any]) -> bytes:
        token = said["id_token"].rpartition(".")[0]
        return b'{"access_token": "access", "token_type": "Bearer", "id_token": "%s."}' % (
            token.encode()
        )

    cheat.answer = stripped
    with pytest.raises(Untrusted):
        goes_through(cheat)


@pytest.mark.parametrize(
    ("alg", "make"),
    [
        ("PS256", lambda: RSAKey.generate_key(2048, {"kid": "k"})),
        ("RS512", lambda: RSAKey.generate_key(2048, {"kid": "k"})),
        ("ES256", lambda: ECKey.generate_key("P-256", {"kid": "k"})),
    ],
)
def test_other_signatures_of_a_private_key_are_taken(
    cheat: Cheat, alg: str, make: Callable[[], RSAKey | ECKey]
) -> None:
    cheat.use(make())
    cheat.alg = alg
    cheat.change = without("at_hash")
    assert goes_through(cheat).subject == "subject-1"


@pytest.mark.parametrize(
    "shown",
    [
        lambda key: [],
        lambda key: [{**key, "use": "enc"}],
        lambda key: [{**key, "alg": "RS512"}],
        lambda key: [key, key],
        lambda key: ["no key", {"kty": "RSA"}, {"kty": "oct", "k": "eA", "kid": "first"}],
    ],
)
def test_keys_that_are_not_for_it(cheat: Cheat, shown: Callable[[Any], list[Any]]) -> None:
    cheat.shown = shown(cheat.shown[0])
    with pytest.raises(Untrusted, match="unknown key"):
        goes_through(cheat)


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
def test_a_short_key_is_none(cheat: Cheat) -> None:
    cheat.use(RSAKey.generate_key(1024, {"kid": "short"}))
    with pytest.raises(Untrusted, match="unknown key"):
        goes_through(cheat)


def test_a_new_key_is_asked_for_once(cheat: Cheat) -> None:
    provider = provider_of(cheat)
    goes_through(cheat, provider)
    goes_through(cheat, provider)
    assert cheat.asked.count("/jwks") == 1
    cheat.use(ECKey.generate_key("P-256", {"kid": "second"}))
    cheat.alg, cheat.change = "ES256", without("at_hash")
    goes_through(cheat, provider)
    assert cheat.asked.count("/jwks") == 2
    cheat.change = lambda given, head: (given.pop("at_hash"), head.update(kid="made up"))[1]
    with pytest.raises(Untrusted, match="unknown key"):
        goes_through(cheat, provider)
    assert cheat.asked.count("/jwks") == 3
    assert cheat.asked.count("/.well-known/openid-configuration") == 1


# ---------------------------------------------------------------------------- the answer


def test_the_answer_must_fit_what_was_asked(cheat: Cheat) -> None:
    provider = provider_of(cheat)
    address = provider.address(ASKED, NOW)
    for wrong in (
        {"code": cheat.came(address)},
        {"code": cheat.came(address), "state": "another"},
        {"code": cheat.came(address), "state": ASKED.state, "iss": "https://idp.example"},
        {"state": ASKED.state},
        {"state": ASKED.state, "code": "x" * 5000},
        {"state": ASKED.state, "error": "access_denied", "code": cheat.came(address)},
    ):
        with pytest.raises(Untrusted):
            provider.vouched(wrong, ASKED, NOW)
    # Nothing of it was exchanged.
    assert "/token" not in cheat.asked
    assert goes_through(cheat, provider, iss=cheat.issuer).subject == "subject-1"


def test_a_provider_that_names_itself_always_does(cheat: Cheat) -> None:
    cheat.discovery = {"authorization_response_iss_parameter_supported": True}
    with pytest.raises(Untrusted, match="another issuer"):
        goes_through(cheat)
    assert goes_through(cheat, iss=cheat.issuer).subject == "subject-1"


@pytest.mark.parametrize("changed", ["verifier", "nonce"])
def test_a_code_from_elsewhere_is_worth_nothing(cheat: Cheat, changed: str) -> None:
    provider = provider_of(cheat)
    code = cheat.came(provider.address(ASKED, NOW))
    other = replace(ASKED, **{changed: "of another browser, of forty-three characters and more"})
    with pytest.raises(Untrusted):
        provider.vouched({"state": ASKED.state, "code": code}, other, NOW)


def test_a_code_is_good_once(cheat: Cheat) -> None:
    provider = provider_of(cheat)
    answer = {"state": ASKED.state, "code": cheat.came(provider.address(ASKED, NOW))}
    provider.vouched(answer, ASKED, NOW)
    with pytest.raises(Untrusted) as refused:
        provider.vouched(answer, ASKED, NOW)
    assert refused.value.why == "token refused: invalid_grant"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"<html>",
        b"{}",
        b'{"access_token": "access", "token_type": "Bearer"}',
        b'{"access_token": "access", "token_type": "mac", "id_token": "a.b.c"}',
        b'{"access_token": "access", "token_type": "Bearer", "id_token": "a.b.c"}',
        b'{"access_token": "access", "token_type": "Bearer", "id_token": ["a.b.c"]}',
        b'{"access_token": "access", "token_type": "Bearer", "id_token": "' + b"a" * 70_000 + b'"}',
        b'{"access_token": "access", "token_type": "Bearer", "id_token": "a.b.c.d.e"}',
        b"{" + b" " * 300_000,
    ],
)
def test_rubbish_in_place_of_a_token(cheat: Cheat, body: bytes) -> None:
    cheat.answer = lambda _: body
    with pytest.raises((Untrusted, Away)):
        goes_through(cheat)


def test_a_provider_that_is_slow_is_not_waited_for(cheat: Cheat) -> None:
    def slow(_: dict[str, Any]) -> bytes:
        sleep(4)
        return b"{}"

    cheat.answer = slow
    client = Client(cheat.issuer, cheat.client_id, cheat.client_secret, f"{HOUSE}{BACK}", "x")
    outside = Outside(Allowed.of((cheat.issuer,)), answers_within=0.4, complete_within=0.8)
    began = monotonic()
    with pytest.raises(Away):
        goes_through(cheat, Provider(client, outside))
    assert monotonic() - began < 2


def test_the_secret_is_sent_nowhere_else(cheat: Cheat) -> None:
    with cheating_provider(lambda: NOW) as other:
        provider = provider_of(cheat, allowed=(other.issuer,))
        provider.address(ASKED, NOW)
        cheat.redirect_to = f"{other.issuer}/token"
        with pytest.raises(Away):
            goes_through(cheat, provider)
        # Nor does it lead on to what another one says of itself.
        cheat.redirect_to = f"{other.issuer}/.well-known/openid-configuration"
        with pytest.raises(Away):
            provider_of(cheat, allowed=(other.issuer,)).address(ASKED, NOW)
        assert other.asked == []


# ---------------------------------------------------------------------------- what it says of itself


@pytest.mark.parametrize(
    ("issuer", "said"),
    [
        ("", {"issuer": "https://idp.example"}),
        ("/", {}),
        ("/realms/staff", {"issuer": "{}/realms/other"}),
        ("", {"issuer": None}),
        ("", {"token_endpoint": "http://127.0.0.2/token"}),
        ("", {"token_endpoint": "http://127.0.0.1:1/token"}),
        ("", {"authorization_endpoint": "https://idp.example/authorize"}),
        ("", {"authorization_endpoint": "javascript:alert(1)"}),
        ("", {"jwks_uri": "file:///etc/passwd"}),
        ("", {"jwks_uri": None}),
        ("", {"jwks_uri": ["x"]}),
        ("", {"userinfo_endpoint": "http://169.254.169.254/latest"}),
        ("", {"end_session_endpoint": "http://[::1"}),
        ("", {"token_endpoint": "{}/token#part"}),
    ],
)
def test_a_provider_that_names_other_places(
    cheat: Cheat, issuer: str, said: dict[str, Any]
) -> None:
    cheat.discovery = {
        name: value.replace("{}", cheat.issuer) if isinstance(value, str) else value
        for name, value in said.items()
    }
    with pytest.raises(Away):
        provider_of(cheat, issuer=f"{cheat.issuer}{issuer}").address(ASKED, NOW)


def test_endpoints_elsewhere_are_for_the_administrator_to_name(cheat: Cheat) -> None:
    cheat.discovery = {"authorization_endpoint": "https://login.city.gov.cn/authorize"}
    provider = provider_of(cheat, allowed=("login.city.gov.cn",))
    assert provider.address(ASKED, NOW).startswith("https://login.city.gov.cn/authorize?")


def test_a_provider_that_is_away_is_left_in_peace_for_a_while(cheat: Cheat) -> None:
    provider = provider_of(cheat)
    cheat.discovery = {"issuer": "https://idp.example"}
    for _ in range(3):
        with pytest.raises(Away):
            provider.address(ASKED, NOW)
    assert len(cheat.asked) == 1
    cheat.discovery = {}
    with pytest.raises(Away):
        provider.address(ASKED, NOW + timedelta(seconds=9))
    assert provider.address(ASKED, NOW + timedelta(seconds=10))


def test_what_it_says_of_itself_is_asked_for_anew_after_an_hour(cheat: Cheat) -> None:
    provider = provider_of(cheat)
    for minutes in (0, 60, 60.1):
        provider.address(ASKED, NOW + minutes * MINUTE)
    assert len(cheat.asked) == 2


def test_where_somebody_signs_out_there(cheat: Cheat) -> None:
    provider = provider_of(cheat)
    assert provider.end_session(NOW) == f"{cheat.issuer}/end?x=1&client_id=our-client"
    cheat.discovery = {"end_session_endpoint": None}
    assert provider_of(cheat).end_session(NOW) is None


def test_nobody_reads_the_secret_in_what_is_told(cheat: Cheat) -> None:
    client = Client("https://idp.example", "us", "very secret", f"{HOUSE}{BACK}", "sub")
    assert "very secret" not in repr(client)
    assert base64.b64encode(b"us:very secret").decode() not in repr(client)
