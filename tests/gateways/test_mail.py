"""Mail over SMTP, against a real server on this machine."""

import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from fireinvest.gateways.mail import Mail, Refused, Smtp, WrongMailUrl, from_url

SENT_AT = datetime(2025, 7, 8, 1, 0, tzinfo=UTC)


class Server:
    """A mail server that keeps what it gets, and answers as it is told to."""

    def __init__(self) -> None:
        self.kept: list[Message] = []
        self.to_recipient = "250 OK"
        self.to_message = "250 OK"

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        if self.to_recipient.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.to_recipient

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.to_message.startswith("250"):
            self.kept.append(message_from_bytes(envelope.content))
        return self.to_message


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def post(server: Server) -> Iterator[Smtp]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(server, hostname="127.0.0.1", port=port)
    controller.start()
    yield from_url(f"smtp://127.0.0.1:{port}?from=fire@example.gov")
    controller.stop()


def mail(**other: str) -> Mail:
    given = {
        "key": "alert:1:1",
        "to": "a@example.gov",
        "subject": "报批调查报告：还剩3日",
        "text": "2025年7月11日到期\n",
    }
    return Mail(**{**given, **other}, sent_at=SENT_AT)


def test_a_message_arrives_as_it_was_written(server: Server, post: Smtp) -> None:
    post.send(mail())
    (kept,) = server.kept
    assert str(make_header(decode_header(kept["Subject"]))) == "报批调查报告：还剩3日"
    text = kept.get_payload(decode=True)
    assert isinstance(text, bytes)
    assert text.decode().strip() == "2025年7月11日到期"
    assert (kept["From"], kept["To"]) == ("fire@example.gov", "a@example.gov")
    assert kept["Auto-Submitted"] == "auto-generated"


def test_a_repeat_has_the_same_id(server: Server, post: Smtp) -> None:
    for key in ("alert:1:1", "alert:1:1", "alert:2:1"):
        post.send(mail(key=key))
    first, again, other = (each["Message-ID"] for each in server.kept)
    assert first == again != other


@pytest.mark.parametrize("to", ["none", "a@b\r\nBcc: c@d", "a@", ""])
def test_what_is_no_address_is_refused(server: Server, post: Smtp, to: str) -> None:
    with pytest.raises(Refused):
        post.send(mail(to=to))
    assert server.kept == []


def test_a_subject_stays_one_line(server: Server, post: Smtp) -> None:
    post.send(mail(subject="a\r\nBcc: c@example.gov"))
    assert server.kept[0]["Bcc"] is None


@pytest.mark.parametrize(
    ("answer", "error"), [("550 no such user", Refused), ("450 later", OSError)]
)
def test_a_refusal_for_ever_is_told_from_one_for_now(
    server: Server, post: Smtp, answer: str, error: type[Exception]
) -> None:
    server.to_recipient = answer
    with pytest.raises(error):
        post.send(mail())
    server.to_recipient, server.to_message = "250 OK", answer
    with pytest.raises(error):
        post.send(mail())


def test_a_server_that_is_away_is_tried_again_later() -> None:
    with pytest.raises(OSError, match="refused"):
        from_url("smtp://127.0.0.1:1?from=a@b").send(mail())


def test_a_server_without_encryption_gets_nothing_where_it_is_wanted(
    server: Server, post: Smtp
) -> None:
    wanted = from_url(f"smtp://127.0.0.1:{post.port}?from=a@b&tls=starttls")
    with pytest.raises(OSError, match="STARTTLS"):
        wanted.send(mail())
    assert server.kept == []


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://h?from=a@b", ("h", 25, "", "", False)),
        ("smtps://u:p%40s@h?from=a@b", ("h", 465, "u", "p@s", True)),
        ("smtp://h:2525?from=a@b", ("h", 2525, "", "", False)),
    ],
)
def test_addresses_of_servers(url: str, expected: tuple[object, ...]) -> None:
    found = from_url(url)
    assert (found.host, found.port, found.user, found.password, found.is_encrypted) == expected


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://h?from=a@b",
        "smtp://h",
        "smtp://?from=a@b",
        "smtp://h:x?from=a@b",
        "smtp://h?from=a@b&x=1",
    ],
)
def test_wrong_addresses_of_servers(url: str) -> None:
    with pytest.raises(WrongMailUrl):
        from_url(url)
