"""Notices to other programs and to robots of chat groups, by HTTPS.

A program gets JSON with a signature and the key of the job, by which it recognises a repeat. The
robots of 企业微信 and 钉钉 get a card in their own format; they answer with status 200 whatever
came of it, and tell a failure in the body.
"""

import hashlib
import hmac
import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from urllib.parse import quote_plus

from fireinvest.gateways.outside import Answer, NoAnswer, NotAllowed, Outside

#: The most that 企业微信 takes of a card, in bytes; 钉钉 takes more.
LONGEST_CARD = 4096

_MILLISECONDS = 1000
_OK = range(200, 300)
#: Refusals that may pass: too slow, too early, too many.
_PASSING = frozenset({408, 425, 429})
_FAULT_OF_SERVER = 500
#: Codes of robots that say that the address or its secret is wrong, or the robot was removed:
#: 企业微信 93000; 钉钉 300001, 300005, 310000, 400013.
_FOR_EVER = frozenset({93000, 300001, 300005, 310000, 400013})


class HookKind(StrEnum):
    """Who stands at the other end?"""

    PROGRAM = "webhook"
    WECOM = "wecom"
    DINGTALK = "dingtalk"


@dataclass(frozen=True, slots=True)
class Hook:
    """Where notices go. ``secret``: with which they are signed; robots may have none."""

    kind: HookKind
    url: str
    secret: str | None


@dataclass(frozen=True, slots=True)
class Card:
    """What is sent. ``key``: the same for every repeat. ``markdown``: for people in a chat group.

    ``document``: for programs.
    """

    key: str
    title: str
    markdown: str
    document: Mapping[str, object]


class Refused(Exception):
    """The other side will never take it; the message is a short code of why."""


class NotNow(Exception):
    """The other side didn't take it this time; the message is a short code of why."""


def send(outside: Outside, hook: Hook, card: Card, now: datetime) -> None:
    """Send a card.

    Raises:
        Refused: when trying again won't help.
        NotNow: when it may.

    """
    url, headers, document = _asked(hook, card, now)
    body = json.dumps(document, ensure_ascii=False).encode()
    if hook.kind is HookKind.PROGRAM:
        headers |= signature(hook.secret or "", body, now)
    try:
        answer = outside.request("POST", url, body=body, headers=headers)
    except NotAllowed as error:
        raise Refused("not_allowed") from error
    except NoAnswer as error:
        raise NotNow("no_answer") from error
    _judge(hook.kind, answer)


def signature(secret: str, body: bytes, now: datetime) -> dict[str, str]:
    """Return the headers by which a program knows that a body is ours, and of when it is.

    Signed is the timestamp, a full stop, and the body, so that an old message can't be sent again
    as a new one.
    """
    timestamp = f"{int(now.timestamp())}"
    signed = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256)
    return {
        "X-Fireinvest-Timestamp": timestamp,
        "X-Fireinvest-Signature": f"sha256={signed.hexdigest()}",
    }


def _asked(
    hook: Hook, card: Card, now: datetime
) -> tuple[str, dict[str, str], Mapping[str, object]]:
    headers = {"Content-Type": "application/json; charset=utf-8"}
    match hook.kind:
        case HookKind.PROGRAM:
            return hook.url, {**headers, "X-Fireinvest-Key": card.key}, card.document
        case HookKind.WECOM:
            return (
                hook.url,
                headers,
                {"msgtype": "markdown", "markdown": {"content": card.markdown}},
            )
        case HookKind.DINGTALK:
            markdown = {"title": card.title, "text": card.markdown}
            return _signed(hook, now), headers, {"msgtype": "markdown", "markdown": markdown}


def _signed(hook: Hook, now: datetime) -> str:
    """Return the address of a 钉钉 robot, signed where it has a secret (加签)."""
    if not hook.secret:
        return hook.url
    timestamp = f"{int(now.timestamp() * _MILLISECONDS)}"
    digest = hmac.new(hook.secret.encode(), f"{timestamp}\n{hook.secret}".encode(), hashlib.sha256)
    sign = quote_plus(b64encode(digest.digest()))
    joint = "&" if "?" in hook.url else "?"
    return f"{hook.url}{joint}timestamp={timestamp}&sign={sign}"


def _judge(kind: HookKind, answer: Answer) -> None:
    status = answer.status
    if status not in _OK:
        code = f"http:{status}"
        if status >= _FAULT_OF_SERVER or status in _PASSING:
            raise NotNow(code)
        raise Refused(code)
    if kind is HookKind.PROGRAM:
        return
    try:
        said = json.loads(answer.body)
        code_of_robot = int(said["errcode"])
    except (ValueError, KeyError, TypeError) as error:
        raise NotNow("no_robot") from error
    if code_of_robot in _FOR_EVER:
        raise Refused(f"errcode:{code_of_robot}")
    if code_of_robot:
        raise NotNow(f"errcode:{code_of_robot}")
