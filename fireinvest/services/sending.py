"""Notices as they leave the house: what a mail, a card or a digest says, and how it is sent.

Without ``MAIL_DETAILS=full`` nothing but the number of a case, the clock, its day and a link leaves
the house: no unit's and no person's name. The link leads to a page that asks for a sign-in.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from fireinvest.china import CHINA
from fireinvest.gateways import mail as mails
from fireinvest.gateways import webhook as hooks
from fireinvest.gateways.mail import Mail, Post
from fireinvest.gateways.outside import Outside
from fireinvest.gateways.webhook import LONGEST_CARD, Card, Hook, HookKind
from fireinvest.messages import DEFAULT_LANGUAGE, LANGUAGES, Text, Words, render
from fireinvest.services.alert_words import (
    FAILED_DELIVERY,
    AlertWords,
    words_of,
)
from fireinvest.services.cases import load_case
from fireinvest.services.delivering import after_quiet, digest_between
from fireinvest.services.hearing import hearers
from fireinvest.services.sealing import OtherKey, unseal
from fireinvest.services.working import Closing, Handler, Hopeless, Later
from fireinvest.store import Database, Session
from fireinvest.store.alerts import Alert, NewAlert, add_alerts, alerts_between, find_alerts
from fireinvest.store.channels import Channel, find_channel, note_failing, note_working
from fireinvest.store.codec import Unreadable
from fireinvest.store.heard import cases_without
from fireinvest.store.outbox import Job, known_keys
from fireinvest.store.people import StoredPerson, find_person, names_of_ids

#: More notices than these aren't written out in one message; the inbox has them all.
MOST_LINES = 60
#: The kinds of jobs that carry notices out of the house.
CARRYING = ("mail", "webhook", "digest")
_LEADER = "leader"


class Failed(Exception):
    """Something was not sent this time; the message is a short code of why."""


@dataclass(frozen=True)
class Senders:
    """By what notices are sent.

    ``post``: None where there is no mail. ``outside``: None where webhooks aren't allowed. ``key``:
    that of the server, by which secrets of channels are read. ``is_full``: names may leave the
    house.
    """

    post: Post | None
    outside: Outside | None
    key: str = field(repr=False)
    public_url: str
    is_full: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A notice as it is sent: what it says, and where it leads."""

    alert: Alert | None
    title: Words
    lines: tuple[Words, ...]
    link: str
    is_urgent: bool


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent in one piece. ``event``: by which programs tell kinds of messages apart."""

    key: str
    event: str
    subject: Words
    lines: tuple[Line, ...]
    more: int = 0


_URGENT, _OTHERS = Text("Due today, overdue or urgent"), Text("Others")
_SEE = Text("Look")


def handlers(database: Database, senders: Senders) -> dict[str, Handler]:
    """Return the handlers of the jobs that carry notices out of the house."""

    def one(job: Job, now: datetime) -> Closing:
        with database.readers.begin() as session:
            found = _receiver(session, job)
            alert = find_alerts(session, [job.payload["alert"]]).get(job.payload["alert"])
            if found is None or alert is None:
                return _nothing
            channel, person = found
            lines = _lines(session, senders, person, [alert], now)
        if not lines:
            return _nothing
        if not job.payload.get("passes_quiet"):
            _keep_quiet(channel, now)
        return _sent(senders, channel, Message(job.key, "notice", lines[0].title, lines), now)

    def digest(job: Job, now: datetime) -> Closing:
        since, until = digest_between(date.fromisoformat(job.payload["day"]))
        with database.readers.begin() as session:
            found = _receiver(session, job)
            if found is None:
                return _nothing
            channel, person = found
            since = max(since, channel.confirmed_at or since)
            alerts = alerts_between(session, person.id, since, until, _MOST_OF_A_DAY)
            keys = {f"alert:{each.id}:{channel.id}": each for each in alerts}
            # What was sent at once isn't told twice.
            by_itself = known_keys(session, keys)
            left = [each for key, each in keys.items() if key not in by_itself]
            lines = _lines(session, senders, person, left, now)
        if not lines:
            return _nothing
        _keep_quiet(channel, now)
        return _sent(senders, channel, _digest(job.key, lines), now)

    return {"mail": one, "webhook": one, "digest": digest}


#: More notices than anybody gets in a day.
_MOST_OF_A_DAY = 1000


def _nothing(_session: Session) -> None:
    """Nothing is to be sent, and nothing to be written."""


def _receiver(session: Session, job: Job) -> tuple[Channel, StoredPerson] | None:
    """Return the channel of a job and whose it is; None where nobody is to hear over it any more."""
    channel = None if job.channel_id is None else find_channel(session, job.channel_id)
    if channel is None or channel.ended_at is not None or channel.confirmed_at is None:
        return None
    person = find_person(session, channel.person_id)
    return None if person is None or not person.is_active else (channel, person)


def _keep_quiet(channel: Channel, now: datetime) -> None:
    until = after_quiet(channel, now)
    if until is not None:
        raise Later(until)


def _lines(
    session: Session, senders: Senders, person: StoredPerson, alerts: Sequence[Alert], now: datetime
) -> tuple[Line, ...]:
    """Return notices as they are sent; none of cases from which the person was recused since."""
    ids = {each.case_id for each in alerts if each.case_id is not None}
    hidden = cases_without(session, person.login, ids)
    shown = [each for each in alerts if each.case_id not in hidden]
    principals = {each.acts_for_id for each in shown if each.acts_for_id is not None}
    names = names_of_ids(session, principals) if senders.is_full else {}
    today = now.astimezone(CHINA).date()
    return tuple(
        _line(senders, each, words_of(session, each, today), names.get(each.acts_for_id or 0))
        for each in shown
    )


def _line(senders: Senders, alert: Alert, words: AlertWords, acts_for: str | None) -> Line:
    lines: list[Words] = list(words.lines[:1])
    if senders.is_full:
        lines = [] if alert.unit_name is None else [alert.unit_name]
        lines += words.lines
        if acts_for is not None:
            lines.append(Text("You hear this for %(name)s.", name=acts_for))
    # The page of the notice leads on to its clock; its own address would tell what a clock is of.
    link = f"{senders.public_url}/inbox/{alert.id}"
    if words.paper is not None:
        lines.append(
            Text("%(paper)s, to be printed: %(link)s", paper=words.paper, link=f"{link}/paper")
        )
    return Line(alert, words.title, tuple(lines), link, words.is_urgent)


def _digest(key: str, lines: tuple[Line, ...]) -> Message:
    urgent = sum(each.is_urgent for each in lines)
    ordered = sorted(lines, key=lambda each: not each.is_urgent)
    subject = Text(
        "Notices of deadlines: %(count)s, %(urgent)s urgent", count=len(lines), urgent=urgent
    )
    return Message(
        key, "digest", subject, tuple(ordered[:MOST_LINES]), max(0, len(lines) - MOST_LINES)
    )  # fmt: skip


def _sent(senders: Senders, channel: Channel, message: Message, now: datetime) -> Closing:
    send(senders, channel, message, now)
    return lambda session: note_working(session, channel.id)


def send(senders: Senders, channel: Channel, message: Message, now: datetime) -> None:
    """Send a message over a channel.

    Raises:
        Hopeless: when trying again won't help.
        Failed: when it may.

    """
    if channel.kind == "mail":
        send_mail(senders, channel.address, message, now)
        return
    if senders.outside is None:
        raise Hopeless("off")
    try:
        hooks.send(senders.outside, hook_of(senders, channel), card(senders, message), now)
    except hooks.Refused as error:
        raise Hopeless(str(error)) from error
    except hooks.NotNow as error:
        raise Failed(str(error)) from error


def send_mail(senders: Senders, to: str, message: Message, now: datetime) -> None:
    """Send a message by mail. Raises Hopeless or Failed."""
    if senders.post is None:
        raise Hopeless("off")
    subject = render(message.subject, DEFAULT_LANGUAGE)
    try:
        senders.post.send(Mail(message.key, to, subject, mail_text(senders, message), now))
    except mails.Refused as error:
        raise Hopeless("mail_refused") from error
    except OSError as error:
        raise Failed("no_answer") from error


def hook_of(senders: Senders, channel: Channel) -> Hook:
    """Return where a webhook leads. Raises Hopeless when the server's key was changed since."""
    try:
        kept = json.loads(
            unseal(channel.secret or "", key=senders.key, about=about(channel.person_id))
        )
    except OtherKey as error:
        raise Hopeless("other_key") from error
    return Hook(HookKind(channel.kind), kept["url"], kept["secret"])


def about(person_id: int) -> str:
    """Return to what the secrets of somebody's channels are bound."""
    return f"channel of person {person_id}"


# ---------------------------------------------------------------------------- what it says


def mail_text(senders: Senders, message: Message) -> str:
    """Return the text of a mail: in Chinese, and the same in English under it."""
    parts = ["\n".join(_text(senders, message, language)) for language in LANGUAGES]
    return "\n\n----------\n\n".join(parts) + "\n"


def _text(senders: Senders, message: Message, language: str) -> Iterator[str]:
    for heading, lines in _groups(message):
        if heading is not None:
            yield f"【{render(heading, language)}】"
        for each in lines:
            yield render(each.title, language)
            yield from (render(line, language) for line in each.lines)
            yield each.link
            yield ""
    if message.more:
        yield render(_more(message), language)
        yield ""
    link = f"{senders.public_url}/me/notices"
    yield render(Text("When and where you hear is yours to choose: %(link)s", link=link), language)


def _groups(message: Message) -> Iterator[tuple[Words | None, Sequence[Line]]]:
    if message.event != "digest":
        yield None, message.lines
        return
    for heading, is_urgent in ((_URGENT, True), (_OTHERS, False)):
        lines = [each for each in message.lines if each.is_urgent is is_urgent]
        if lines:
            yield heading, lines


def _more(message: Message) -> Words:
    return Text("%(count)s more stand in your inbox.", count=message.more)


def card(senders: Senders, message: Message) -> Card:
    """Return what a robot's card says, and what a program is told."""
    document = {
        "key": message.key,
        "event": message.event,
        "title": render(message.subject, DEFAULT_LANGUAGE),
        "title_en": render(message.subject, "en"),
        "notices": [_document(each) for each in message.lines],
        "more": message.more,
    }
    title = render(message.subject, DEFAULT_LANGUAGE)
    return Card(message.key, title, _markdown(senders, message, title), document)


def _document(line: Line) -> Mapping[str, object]:
    alert = line.alert
    known: dict[str, object] = {}
    if alert is not None:
        known = {
            "id": alert.id,
            "case": alert.number,
            "clock": alert.clock,
            "rung": alert.rung,
            "due_on": None if alert.due_on is None else f"{alert.due_on}",
        }
    return {
        **known,
        "urgent": line.is_urgent,
        "title": render(line.title, DEFAULT_LANGUAGE),
        "text": [render(each, DEFAULT_LANGUAGE) for each in line.lines],
        "link": line.link,
    }


def _markdown(senders: Senders, message: Message, title: str) -> str:
    """Return the text of a card, no longer than robots take."""
    see = render(_SEE, DEFAULT_LANGUAGE)
    head = title
    if message.event == "notice":
        # One word that stands in every card: robots can ask for it.
        head = render(Text("Notice of a deadline: %(title)s", title=title), DEFAULT_LANGUAGE)
    kept = [f"### {head}"]
    size, left = len(kept[0].encode()), len(message.lines)
    for heading, lines in _groups(message):
        shown = "" if heading is None else f"**{render(heading, DEFAULT_LANGUAGE)}**"
        for each in lines:
            words = [render(line, DEFAULT_LANGUAGE) for line in each.lines]
            if heading is not None:
                words.insert(0, render(each.title, DEFAULT_LANGUAGE))
            text = "\n\n".join([*map(_harmless, words), f"[{see}]({each.link})"])
            text = f"{shown}\n\n{text}" if shown else text
            size += len(text.encode()) + 2
            if size > LONGEST_CARD - _ROOM:
                break
            shown = ""
            kept.append(text)
            left -= 1
    if left + message.more:
        said = Text("%(count)s more stand in your inbox.", count=left + message.more)
        kept.append(f"{render(said, DEFAULT_LANGUAGE)} [{see}]({senders.public_url}/inbox)")
    return "\n\n".join(kept)


#: For the line that tells of what isn't there.
_ROOM = 400
_MARKS = str.maketrans("[]()<>*#`_", "［］（）＜＞＊＃｀＿")


def _harmless(written: str) -> str:
    """Return a text without signs that robots take for a link or a heading."""
    return written.translate(_MARKS)


def test_message(senders: Senders, key: str) -> Message:
    """Return a message that tells nothing but that messages arrive."""
    text = Text("This is a test. Notices of deadlines will arrive here.")
    line = Line(None, text, (), f"{senders.public_url}/me/notices", is_urgent=False)
    return Message(key, "test", Text("Test of notices"), (line,))


# ---------------------------------------------------------------------------- what failed


def failed(session: Session, job: Job, error: str, now: datetime) -> None:
    """Tell of a notice that could not be sent: its person, and the leader of its case."""
    channel = None if job.channel_id is None else find_channel(session, job.channel_id)
    if job.kind not in CARRYING or channel is None:
        return
    note_failing(session, channel.id, now)
    today = now.astimezone(CHINA).date()
    person = find_person(session, channel.person_id)
    name = "" if person is None else person.name
    told = {channel.person_id, *_leaders(session, job, today)}
    details = {"channel": channel.kind, "error": error.removeprefix("Failed: "), "person": name}
    add_alerts(
        session,
        [
            NewAlert(
                key=f"failed:{job.key}:{today}:{each}",
                person_id=each,
                acts_for_id=None,
                role=_LEADER if each != channel.person_id else "",
                case_id=job.case_id,
                clock=None,
                instance=None,
                due_on=None,
                rung=FAILED_DELIVERY,
                occurrence=1,
                reached_on=today,
                details={**details, "own": each == channel.person_id},
            )
            for each in sorted(told)
        ],
        now,
    )


def _leaders(session: Session, job: Job, today: date) -> Iterable[int]:
    cases = {} if job.case_id is None else {job.case_id: None}
    if job.kind == "digest":
        since, until = digest_between(date.fromisoformat(job.payload["day"]))
        if job.person_id is not None:
            lost = alerts_between(session, job.person_id, since, until, _MOST_OF_A_DAY)
            cases = {each.case_id: None for each in lost if each.case_id is not None}
    for case_id in list(cases)[:MOST_LINES]:
        try:
            loaded = load_case(session, case_id)
        except Unreadable:
            continue  # That is told by the sweep, and hides nothing from the person.
        yield from (each.person_id for each in hearers(session, loaded, [_LEADER], today))
