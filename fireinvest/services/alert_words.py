"""What a notice says: the same words in the inbox, in a mail, on a robot's card and on paper."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import quote

from fireinvest.messages import Text, Words
from fireinvest.regulation.profile import Ruleset, Rung, RungAt
from fireinvest.services.rulesets import stored_ruleset
from fireinvest.store import Session
from fireinvest.store.alerts import Alert

#: Notices that are no rungs of a clock: something could not be sent; the sweep did not run.
FAILED_DELIVERY = "delivery_failed"
SWEEP_MISSED = "sweep_missed"
NOTICE_MISSING = "notice_missing"
#: Nobody was there to hear of a statutory clock: the administrators are told.
UNHEARD = "unheard"

#: The ways of hearing outside, by their kind.
CHANNELS: Mapping[str, Text] = {
    "mail": Text("Mail"),
    "wecom": Text("Robot of a WeCom group"),
    "dingtalk": Text("Robot of a DingTalk group"),
    "webhook": Text("Webhook of another program"),
    "feed": Text("Calendar"),
}


@dataclass(frozen=True, slots=True)
class AlertWords:
    """A notice in words.

    ``title`` names neither unit nor people, so that it may leave the house; ``lines`` explain it.
    ``path``: the page of what it is about. ``is_urgent``: due today, overdue, or moved nearer.
    ``paper``: what the slip is called that goes with it, ``paper_path`` where it is printed.
    """

    title: Words
    lines: tuple[Words, ...]
    path: str | None
    is_urgent: bool
    paper: Words | None = None
    paper_path: str | None = None


def words_of(session: Session, alert: Alert, today: date) -> AlertWords:
    """Return what a notice says on a day, under the law of its case."""
    path = f"/cases/{alert.number}" if alert.number else None
    if alert.ruleset_pin is None or alert.clock is None:
        if alert.rung == SWEEP_MISSED:
            return AlertWords(*_of_sweep(alert), "/work", is_urgent=True)
        if alert.rung == UNHEARD:
            return AlertWords(*_of_unheard(alert), "/work", is_urgent=True)
        if alert.rung == NOTICE_MISSING:
            return AlertWords(*_of_notice(alert), "/calendar/notices", is_urgent=False)
        own = "/me/notices" if alert.details.get("own") else path
        return AlertWords(*_of_delivery(alert), own, is_urgent=True)
    ruleset = stored_ruleset(session, alert.ruleset_pin)
    clock, rung = ruleset.clocks[alert.clock], ruleset.rungs[alert.rung]
    # The reference of a document may hold any sign.
    instance = quote(alert.instance or "")
    title = Text(
        "%(number)s %(clock)s: %(rung)s",
        number=alert.number or "",
        clock=clock.label,
        rung=rung.label,
    )
    return AlertWords(
        title,
        tuple(_lines(ruleset, alert, rung, today)),
        f"{path}/clocks/{alert.clock}/{instance}",
        is_urgent=rung.at in (RungAt.DUE, RungAt.OVERDUE) or rung.passes_quiet,
        paper=rung.paper,
        paper_path=None
        if rung.paper is None
        else f"{path}/slips/{rung.id}/{alert.occurrence}/{alert.due_on}/{alert.clock}/{instance}",
    )


def _lines(ruleset: Ruleset, alert: Alert, rung: Rung, today: date) -> Iterator[Words]:
    clock, due_on = ruleset.clocks[alert.clock or ""], alert.due_on
    assert due_on is not None  # noqa: S101 - a clock's notice has its date
    if rung.at is RungAt.MOVED:
        yield from _moved(alert.details)
    elif rung.at is RungAt.SATISFIED:
        ended_on = _day(alert.details, "after", "ended_on")
        yield Text("Done on %(day)s; it was due on %(due)s.", day=ended_on or "", due=due_on)
    elif rung.at is RungAt.CONFIRMED:
        yield Text("The holiday notice is out: it is due on %(due)s for certain.", due=due_on)
    else:
        yield from _due(due_on, today)
    if alert.details.get("stands_in"):
        yield Text("Nobody was there who is to hear of it: you are told in their place.")
    act_by = alert.details.get("act_by")
    if isinstance(act_by, str) and act_by != f"{due_on}":
        yield Text("The last working day to act is %(day)s.", day=act_by)
    if alert.details.get("provisional"):
        yield Text("The date is provisional: a year that it touches has no holiday notice yet.")
    yield Text("Basis: %(article)s", article=ruleset.citation(clock.basis))


def _due(due_on: date, today: date) -> Iterator[Words]:
    left = (due_on - today).days
    if left > 0:
        yield Text("Due on %(due)s: %(days)s days from today.", due=due_on, days=left)
    elif left == 0:
        yield Text("Due today, %(due)s, until midnight.", due=due_on)
    else:
        yield Text("Due on %(due)s: overdue by %(days)s days.", due=due_on, days=-left)


def _moved(details: Mapping[str, Any]) -> Iterator[Words]:
    before, after = _day(details, "before", "due_on"), _day(details, "after", "due_on")
    cause = details.get("cause")
    if cause == "paused":
        yield from _paused(details)
        return
    if cause == "resumed" and details.get("held_on"):
        before = details["held_on"]
        yield Text("The appraisal is back; its time is left out of the period.")
    if before == after:
        yield Text("It is due on %(due)s as before.", due=after or "")
        return
    yield Text("It moved from %(old)s to %(new)s.", old=before or "", new=after or "")
    if cause == "entry":
        yield Text("Why: entry %(seq)s of the case.", seq=details.get("entry", ""))
    elif cause == "calendar":
        yield Text("Why: the working days were announced or changed.")
    elif cause == "time":
        yield Text("Why: an appraisal is out, and its time is left out of the period.")
    elif isinstance(cause, str) and cause != "resumed":
        yield Text("Why: the reading of the rule was decided anew.")


def _paused(details: Mapping[str, Any]) -> Iterator[Words]:
    """One notice for the whole time in which an appraisal is out: the date runs on with every day."""
    before, since = _day(details, "before", "due_on"), _day(details, "after", "runs_since")
    yield Text("An appraisal is out since %(day)s: its time is left out of the period.", day=since)
    yield Text(
        "Until it is back the date moves on by a day each day; before, it was due on %(old)s.",
        old=before or "",
    )
    yield Text("You hear of it again when the appraisal is back.")


def _day(details: Mapping[str, Any], part: str, name: str) -> str | None:
    values = details.get(part)
    return values.get(name) if isinstance(values, dict) else None


def _of_delivery(alert: Alert) -> tuple[Words, tuple[Words, ...]]:
    title: Words = Text("A notice could not be delivered")
    if not alert.details.get("own"):
        name = alert.details.get("person", "")
        title = Text("A notice for %(name)s could not be delivered", name=name)
    channel = channel_words(str(alert.details.get("channel", "")))
    why = failure_words(str(alert.details.get("error", "")))
    return title, (Text("%(channel)s: %(error)s", channel=channel, error=why),)


def _of_unheard(alert: Alert) -> tuple[Words, tuple[Words, ...]]:
    number = alert.details.get("number", "")
    title = Text("Nobody is there to hear of a deadline of %(number)s", number=number)
    return title, (
        Text(
            "A statutory deadline of %(day)s is due or overdue, and nobody who is to hear of it has "
            "an account and a post. Let posts be given at its place.",
            day=alert.due_on or "",
        ),
    )


def _of_notice(alert: Alert) -> tuple[Words, tuple[Words, ...]]:
    year, until = alert.details.get("year", ""), alert.details.get("until", "")
    title = Text("The holiday notice for %(year)s is to be entered", year=year)
    return title, (
        Text(
            "The working calendar is announced until %(day)s; later dates are provisional.",
            day=until,
        ),
    )


def channel_words(kind: str) -> Words:
    """Return what a kind of channel is called."""
    return CHANNELS.get(kind, kind)


_FAILURES: Mapping[str, Text] = {
    "no_answer": Text("the other side does not answer"),
    "not_allowed": Text("this server may not ask that address"),
    "mail_refused": Text("the mail server refuses the address"),
    "no_robot": Text("what answers there is no robot"),
    "off": Text("this kind of channel is switched off"),
    "other_key": Text("the server's key was changed: enter the address anew"),
}


def failure_words(code: str) -> Words:
    """Return why something could not be sent; what is no known code isn't told to people."""
    kind, _, number = code.partition(":")
    if number.isascii() and number.lstrip("-").isdecimal():
        if kind == "http":
            return Text("the other side answers with error %(number)s", number=number)
        if kind == "errcode":
            return Text("the robot answers with error %(number)s", number=number)
    return _FAILURES.get(code, Text("it could not be sent"))


def _of_sweep(alert: Alert) -> tuple[Words, tuple[Words, ...]]:
    since = alert.details.get("since")
    text = (
        Text("It ran last on %(when)s. Until it runs, nobody is told of a deadline.", when=since)
        if since
        else Text("It has never run. Until it runs, nobody is told of a deadline.")
    )
    return Text("The nightly sweep has not run"), (text,)
