"""How somebody hears outside the application: what they add, confirm, try out, change and end.

An address of mail counts once a code that was sent there has been typed in. Addresses of webhooks
carry secrets, so they are kept encrypted, and shown only by their host.
"""

import hashlib
import json
import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from fireinvest.gateways.outside import NoAnswer, NotAllowed, checked
from fireinvest.messages import Faulty, Problem, Text
from fireinvest.services.alert_words import failure_words
from fireinvest.services.delivering import HOOKS
from fireinvest.services.leases import takes_turn
from fireinvest.services.sealing import seal
from fireinvest.services.sending import (
    Failed,
    Line,
    Message,
    Senders,
    about,
    send,
    send_mail,
    test_message,
)
from fireinvest.services.working import Hopeless
from fireinvest.store import Database, Session
from fireinvest.store import channels as store
from fireinvest.store.access import NOWHERE, From, log_access
from fireinvest.store.channels import Channel, channels_of
from fireinvest.store.conflicts import changing
from fireinvest.store.people import StoredPerson

MOST_CHANNELS = 10
LONGEST_ADDRESS = 2000
LONGEST_MAIL = 254
SHORTEST_SECRET = 16
LONGEST_SECRET = 200
#: How long a code that confirms an address holds.
CODE_TIME = timedelta(hours=1)
#: Somebody sends codes and tests no faster than this.
SENDING_EVERY = timedelta(seconds=20)

#: What is quiet on a new channel, in minutes of the day: what the nightly sweep tells waits for
#: the morning, if it isn't urgent.
_USUAL_QUIET = (22 * 60, 7 * 60)
_MAIL = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,188}[A-Za-z0-9])?"
)
_CODE_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CODE_LENGTH = 8
_HALF = _CODE_LENGTH // 2
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_MINUTES = 60

FEED = "feed"
MAIL = "mail"


@dataclass(frozen=True, slots=True)
class Asker:
    """Who changes their channels, when, and from where."""

    person: StoredPerson
    now: datetime
    origin: From = field(default=NOWHERE)


def add_mail(database: Database, senders: Senders, address: str, by: Asker) -> int:
    """Send a code to an address, and return the id of the channel that waits for it.

    Raises:
        Faulty: when it is no address, is there already, or can't be sent to.

    """
    if senders.post is None:
        raise _wrong("address", Text("Mail is not set up here."))
    if len(address) > LONGEST_MAIL or not _MAIL.fullmatch(address):
        raise _wrong("address", Text("This is no address of mail."))
    _slow_down(database, by, "address")
    code = "".join(secrets.choice(_CODE_ALPHABET) for _ in range(_CODE_LENGTH))
    with changing(database) as session:
        for each in _refuse_too_many(session, by, "address"):
            if each.kind == MAIL and each.address == address:
                if each.confirmed_at is not None:
                    raise _wrong("address", Text("This address is there already."))
                store.end_channel(session, each.id, by.person.id, by.now)
        channel_id = store.add_channel(
            session,
            person_id=by.person.id,
            kind=MAIL,
            address=address,
            now=by.now,
            quiet=_USUAL_QUIET,
        )
        store.expect_code(session, channel_id, _code_hash(channel_id, code))
    try:
        message = _code_message(senders, f"code:{channel_id}", code)
        send_mail(senders, address, message, by.now)
    except (Hopeless, Failed) as error:
        with changing(database) as session:
            store.end_channel(session, channel_id, by.person.id, by.now)
        raise _not_sent("address", error) from error
    return channel_id


def _code_message(senders: Senders, key: str, code: str) -> Message:
    shown = f"{code[:_HALF]}-{code[_HALF:]}"
    line = Line(
        None,
        Text("The code that confirms this address: %(code)s", code=shown),
        (
            Text("It holds for one hour."),
            Text("If you didn't ask for it, ignore this mail: nothing else will come."),
        ),
        f"{senders.public_url}/me/notices",
        is_urgent=False,
    )
    return Message(key, "code", Text("Confirm your address"), (line,))


def _code_hash(channel_id: int, typed: str) -> str:
    plain = "".join(each for each in typed[:40].upper() if each.isalnum())
    plain = plain.translate(str.maketrans("ILO", "110"))
    return hashlib.sha256(f"channel {channel_id}: {plain}".encode(errors="replace")).hexdigest()


def confirm_mail(database: Database, channel_id: int, code: str, by: Asker) -> None:
    """Confirm an address by the code that was sent there.

    Raises:
        Faulty: when it is not this code, or no more.

    """
    with changing(database) as session:
        hashed = _code_hash(channel_id, code)
        since = by.now - CODE_TIME
        if not store.confirm(session, channel_id, by.person.id, hashed, since, by.now):
            text = Text("This is not the code, or its hour is over: add the address again.")
            raise _wrong("code", text)
        _log(session, by, "channel_added", {"kind": MAIL, "channel": channel_id})


def add_hook(
    database: Database, senders: Senders, kind: str, url: str, secret: str, by: Asker
) -> str | None:
    """Add a webhook or a robot; return the secret that was made for it, None where none was.

    Raises:
        Faulty: when the address can't be asked, or the secret isn't fit to be one.

    """
    if senders.outside is None:
        raise _wrong("url", Text("Webhooks are not allowed here."))
    problems = []
    if kind not in HOOKS:
        problems.append(Problem("kind", Text("Choose one of the list.")))
    if not url:
        problems.append(Problem("url", Text("This is needed.")))
    elif len(url) > LONGEST_ADDRESS:
        problems.append(
            Problem("url", Text("At most %(most)s characters are taken.", most=LONGEST_ADDRESS))
        )
    else:
        try:
            checked(url, senders.outside.allowed, senders.outside.resolver)
        except NotAllowed:
            problems.append(Problem("url", failure_words("not_allowed")))
        except NoAnswer:
            problems.append(Problem("url", Text("The host is not known.")))
    is_short = kind == "webhook" and len(secret) < SHORTEST_SECRET
    if secret and (is_short or len(secret) > LONGEST_SECRET or not secret.isprintable()):
        text = Text("From %(least)s to %(most)s characters are needed.", least=SHORTEST_SECRET, most=LONGEST_SECRET)  # fmt: skip
        problems.append(Problem("secret", text))
    if problems:
        raise Faulty(problems)
    made = secrets.token_urlsafe(32) if kind == "webhook" and not secret else None
    kept = json.dumps({"url": url, "secret": made or secret or None})
    with changing(database) as session:
        _refuse_too_many(session, by, "url")
        channel_id = store.add_channel(
            session,
            person_id=by.person.id,
            kind=kind,
            address=urlsplit(url).netloc,
            secret=seal(kept, key=senders.key, about=about(by.person.id)),
            now=by.now,
            is_confirmed=True,
            quiet=_USUAL_QUIET,
        )
        _log(session, by, "channel_added", {"kind": kind, "channel": channel_id})
    return made


def change(
    database: Database,
    channel_id: int,
    by: Asker,
    *,
    is_digest: bool,
    quiet_from: str,
    quiet_until: str,
) -> None:
    """Change when somebody hears over a channel.

    Raises:
        Faulty: when the quiet hours have only one end, or one that is no time of the day.

    """
    quiet = _quiet(quiet_from, quiet_until)
    with changing(database) as session:
        if not store.change_channel(
            session, channel_id, by.person.id, is_digest=is_digest, quiet=quiet
        ):
            raise _wrong("channel", Text("This is not there any more."))
        new = {"channel": channel_id, "digest": is_digest, "quiet": list(quiet or ())}
        _log(session, by, "channel_changed", new)


def _quiet(quiet_from: str, quiet_until: str) -> tuple[int, int] | None:
    if not quiet_from and not quiet_until:
        return None
    found = []
    for name, written in (("quiet_from", quiet_from), ("quiet_until", quiet_until)):
        time = _TIME.fullmatch(written)
        if time is None:
            raise _wrong(name, Text("A time such as 22:00 is needed, or none in both fields."))
        found.append(int(time[1]) * _MINUTES + int(time[2]))
    return found[0], found[1]


def remove(database: Database, channel_id: int, by: Asker) -> None:
    """End a channel of one's own. Raises Faulty when it isn't there."""
    with changing(database) as session:
        if not store.end_channel(session, channel_id, by.person.id, by.now):
            raise _wrong("channel", Text("This is not there any more."))
        _log(session, by, "channel_removed", {"channel": channel_id})


def try_out(database: Database, senders: Senders, channel_id: int, by: Asker) -> None:
    """Send a test over a channel of one's own, in quiet hours as well.

    Raises:
        Faulty: when it isn't there, or nothing arrives.

    """
    with database.readers.begin() as session:
        mine = {each.id: each for each in channels_of(session, by.person.id)}
    channel = mine.get(channel_id)
    if channel is None or channel.confirmed_at is None or channel.kind == FEED:
        raise _wrong("channel", Text("This is not there any more."))
    _slow_down(database, by, "channel")
    try:
        key = f"test:{channel.id}:{secrets.token_hex(4)}"
        send(senders, channel, test_message(senders, key), by.now)
    except (Hopeless, Failed) as error:
        with changing(database) as session:
            store.note_failing(session, channel.id, by.now)
        raise _not_sent("channel", error) from error
    with changing(database) as session:
        store.note_working(session, channel.id)


def new_feed(database: Database, by: Asker) -> str:
    """Make the private address of somebody's calendar, in place of any before; return its token."""
    token = secrets.token_urlsafe(32)
    with changing(database) as session:
        store.end_kind(session, by.person.id, FEED, by.now)
        store.add_channel(
            session,
            person_id=by.person.id,
            kind=FEED,
            address="",
            token_hash=token_hash(token),
            now=by.now,
            is_confirmed=True,
        )
        _log(session, by, "channel_added", {"kind": FEED})
    return token


def end_feed(database: Database, by: Asker) -> None:
    """Revoke the private address of somebody's calendar."""
    with changing(database) as session:
        if store.end_kind(session, by.person.id, FEED, by.now):
            _log(session, by, "channel_removed", {"kind": FEED})


def token_hash(token: str) -> str:
    """Return under which hash a private address is kept; its token is random, so a plain one."""
    return hashlib.sha256(f"feed {token}".encode()).hexdigest()


# ---------------------------------------------------------------------------- what is refused


def _wrong(name: str, text: Text) -> Faulty:
    return Faulty([Problem(name, text)])


def _not_sent(name: str, error: Exception) -> Faulty:
    return _wrong(name, Text("Nothing was sent: %(why)s.", why=failure_words(str(error))))


def _refuse_too_many(session: Session, by: Asker, name: str) -> list[Channel]:
    known = [each for each in channels_of(session, by.person.id) if each.kind != FEED]
    if len(known) >= MOST_CHANNELS:
        text = Text("At most %(most)s ways of hearing: remove one first.", most=MOST_CHANNELS)
        raise _wrong(name, text)
    return known


def _slow_down(database: Database, by: Asker, name: str) -> None:
    """Refuse somebody who has just had something sent: nobody floods a mailbox from here."""
    wait = by.now + SENDING_EVERY
    lease, holder = f"sending:{by.person.id}", secrets.token_hex(8)
    if not takes_turn(database, lease, holder, now=by.now, until=wait):
        seconds = int(SENDING_EVERY.total_seconds())
        raise _wrong(name, Text("Wait %(seconds)s seconds, and try again.", seconds=seconds))


def _log(session: Session, by: Asker, what: str, new: dict[str, object]) -> None:
    login = by.person.login
    log_access(
        session,
        happened_at=by.now,
        person=login,
        about=login,
        what=what,
        new=new,
        origin=by.origin,
    )
