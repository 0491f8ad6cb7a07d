"""Mail, sent over SMTP. A message's id follows from its key, so that a repeat is recognised."""

import smtplib
import ssl
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from hashlib import sha256
from typing import Protocol
from urllib.parse import parse_qs, unquote, urlsplit

#: How long a server may take to answer, in seconds.
TIMEOUT = 20.0


@dataclass(frozen=True, slots=True)
class Mail:
    """What is sent to whom. ``key``: the same for every repeat of one message."""

    key: str
    to: str
    subject: str
    text: str
    sent_at: datetime


class Refused(Exception):
    """The server will never take this message, such as for an address that doesn't exist."""


class Post(Protocol):
    """Somebody who carries mail."""

    def send(self, mail: Mail) -> None:
        """Hand a message over to the server.

        Raises:
            Refused: when it will never be taken.
            OSError: when the server is away, or took it not now.

        """
        ...


class WrongMailUrl(ValueError):
    """No address of a mail server; the message says what is wrong with it."""


def from_url(url: str) -> "Smtp":
    """Return the server at ``smtp://user:password@host:port?from=address``; ``smtps://`` for TLS.

    ``&tls=starttls`` asks for encryption on a plain connection, and gets it or doesn't send.

    Raises:
        WrongMailUrl: when something of it is missing or unknown.

    """
    parts = urlsplit(url)
    given = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    sender = given.pop("from", "")
    starts_tls = given.pop("tls", "") == "starttls"
    try:
        port = parts.port
    except ValueError:
        raise WrongMailUrl("its port is no number") from None
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise WrongMailUrl("it begins with smtp:// or smtps:// and a host")
    if "@" not in sender or given:
        raise WrongMailUrl("it ends with ?from=address, and &tls=starttls where that is wanted")
    return Smtp(
        parts.hostname,
        port or (465 if parts.scheme == "smtps" else 25),
        sender,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        is_encrypted=parts.scheme == "smtps",
        starts_tls=starts_tls,
    )


@dataclass(frozen=True)
class Smtp:
    """A mail server, reached anew for each message."""

    host: str
    port: int
    sender: str
    user: str = ""
    password: str = ""
    is_encrypted: bool = False
    starts_tls: bool = False

    def send(self, mail: Mail) -> None:
        """Hand a message over to the server. Raises Refused, or OSError for another try."""
        message = self._message(mail)
        try:
            with self._connected() as server:
                server.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            if all(code >= 500 for code in codes):
                raise Refused(f"the address was refused ({codes[0]})") from error
            raise
        except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as error:
            if error.smtp_code >= 500:
                raise Refused(f"the message was refused ({error.smtp_code})") from error
            raise

    def _connected(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        server: smtplib.SMTP
        if self.is_encrypted:
            server = smtplib.SMTP_SSL(self.host, self.port, timeout=TIMEOUT, context=context)
        else:
            server = smtplib.SMTP(self.host, self.port, timeout=TIMEOUT)
        try:
            if self.starts_tls:
                server.starttls(context=context)
            if self.user:
                server.login(self.user, self.password)
        except BaseException:
            server.close()
            raise
        return server

    def _message(self, mail: Mail) -> EmailMessage:
        message = EmailMessage()
        domain = self.sender.rpartition("@")[2]
        message["From"] = self.sender
        try:
            message["To"] = Address(addr_spec=mail.to)
        except (ValueError, IndexError) as error:
            # The library's parser runs over the end of some that are none.
            raise Refused("this is no address of mail") from error
        # Whatever stands in it, a subject is one line.
        message["Subject"] = " ".join(mail.subject.split())
        message["Date"] = format_datetime(mail.sent_at)
        message["Message-ID"] = f"<{sha256(mail.key.encode()).hexdigest()[:40]}@{domain}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(mail.text)
        return message
