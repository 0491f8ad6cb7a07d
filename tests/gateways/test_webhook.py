"""Webhooks and robots: what is sent, how it is signed, and which answers are tried again."""

import hashlib
import hmac
import json
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest

from fireinvest.gateways.outside import Allowed, Outside
from fireinvest.gateways.webhook import Card, Hook, HookKind, NotNow, Refused, send
from tests.gateways.hooks import HookServer, hook_server

NOW = datetime(2025, 7, 8, 1, 0, tzinfo=UTC)
CARD = Card(
    "alert:1:2", "报批调查报告", "### 报批调查报告\n\n还剩3日", {"key": "alert:1:2", "n": 1}
)
OK = b'{"errcode": 0, "errmsg": "ok"}'


@pytest.fixture
def server() -> Iterator[HookServer]:
    with hook_server() as opened:
        yield opened


def test_a_program_gets_json_with_a_key_and_a_signature_over_time_and_body(
    server: HookServer,
) -> None:
    send(server.outside, Hook(HookKind.PROGRAM, server.url, "a secret"), CARD, NOW)
    (got,) = server.got
    assert got.document == CARD.document
    assert got.headers["X-Fireinvest-Key"] == CARD.key
    timestamp = got.headers["X-Fireinvest-Timestamp"]
    assert timestamp == f"{int(NOW.timestamp())}"
    expected = hmac.new(b"a secret", timestamp.encode() + b"." + got.body, hashlib.sha256)
    assert got.headers["X-Fireinvest-Signature"] == f"sha256={expected.hexdigest()}"


def test_a_wecom_robot_gets_a_markdown_card(server: HookServer) -> None:
    server.answer = lambda _: (200, OK)
    send(server.outside, Hook(HookKind.WECOM, server.url, None), CARD, NOW)
    assert server.got[0].document == {
        "msgtype": "markdown",
        "markdown": {"content": CARD.markdown},
    }
    assert "X-Fireinvest-Signature" not in server.got[0].headers


def test_a_dingtalk_robot_gets_a_card_under_a_signed_address(server: HookServer) -> None:
    server.answer = lambda _: (200, OK)
    send(server.outside, Hook(HookKind.DINGTALK, server.url, "SECabc"), CARD, NOW)
    (got,) = server.got
    assert got.document["markdown"] == {"title": CARD.title, "text": CARD.markdown}
    asked = parse_qs(urlsplit(got.path).query)
    timestamp = f"{int(NOW.timestamp() * 1000)}"
    signed = hmac.new(b"SECabc", f"{timestamp}\nSECabc".encode(), hashlib.sha256).digest()
    assert asked == {
        "access_token": ["private"],
        "timestamp": [timestamp],
        "sign": [b64encode(signed).decode()],
    }
    send(server.outside, Hook(HookKind.DINGTALK, server.url, None), CARD, NOW)
    assert "sign" not in server.got[1].path


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (200, None), (204, None), (299, None), (301, Refused), (400, Refused), (404, Refused),
        (407, Refused), (408, NotNow), (410, Refused), (425, NotNow), (429, NotNow),
        (499, Refused), (500, NotNow), (503, NotNow), (599, NotNow),
    ],
)  # fmt: skip
def test_which_answers_are_for_ever(
    server: HookServer, status: int, error: type[Exception] | None
) -> None:
    server.answer = lambda _: (status, b"")
    hook = Hook(HookKind.PROGRAM, server.url, "s")
    if error is None:
        send(server.outside, hook, CARD, NOW)
        return
    with pytest.raises(error, match=f"^http:{status}$"):
        send(server.outside, hook, CARD, NOW)


@pytest.mark.parametrize("kind", [HookKind.WECOM, HookKind.DINGTALK])
@pytest.mark.parametrize(
    ("body", "error", "code"),
    [
        (json.dumps({"errcode": 45009}), NotNow, "errcode:45009"),
        (json.dumps({"errcode": 130101}), NotNow, "errcode:130101"),
        (json.dumps({"errcode": -1}), NotNow, "errcode:-1"),
        (json.dumps({"errcode": 93000}), Refused, "errcode:93000"),
        (json.dumps({"errcode": 310000}), Refused, "errcode:310000"),
        ("<html>", NotNow, "no_robot"),
        ("[]", NotNow, "no_robot"),
        ("{}", NotNow, "no_robot"),
        ('{"errcode": null}', NotNow, "no_robot"),
    ],
)
def test_a_robot_tells_failures_in_an_answer_that_looks_good(
    server: HookServer, kind: HookKind, body: str, error: type[Exception], code: str
) -> None:
    server.answer = lambda _: (200, body.encode())
    with pytest.raises(error, match=f"^{code}$"):
        send(server.outside, Hook(kind, server.url, None), CARD, NOW)


def test_who_is_away_or_slow_is_tried_again_and_who_may_not_be_asked_never(
    server: HookServer,
) -> None:
    hook = Hook(HookKind.PROGRAM, server.url, "s")
    with pytest.raises(Refused, match=r"^not_allowed$"):
        send(Outside(Allowed()), replace(hook, url="https://127.0.0.1/x"), CARD, NOW)
    with pytest.raises(Refused, match=r"^not_allowed$"):
        send(Outside(Allowed.of(["10.0.0.0/8"])), hook, CARD, NOW)
    assert server.got == []
    nobody = Outside(Allowed.of(["http://127.0.0.1:1"]))
    with pytest.raises(NotNow, match=r"^no_answer$"):
        send(nobody, replace(hook, url="http://127.0.0.1:1/x"), CARD, NOW)
