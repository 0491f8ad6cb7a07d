"""Which clocks somebody hears of, as a calendar that programs fetch, and as a list for a day.

The calendar has an all-day event on the due day of each running clock. Its ``UID`` stays while the
clock runs, and ``SEQUENCE`` grows with each move of its date, so that programs move the event. A
clock that was met is no longer in it, and programs that fetch it take its event away.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import urlsplit

import icalendar

from fireinvest.china import CHINA
from fireinvest.messages import DEFAULT_LANGUAGE, Text, Words, render
from fireinvest.regulation.calendar import ONE_DAY, Calendar
from fireinvest.regulation.clocks import Light
from fireinvest.regulation.days import Unit
from fireinvest.regulation.profile import Clock, Ruleset, Rung, RungAt
from fireinvest.regulation.rulesets import Law
from fireinvest.regulation.rungs import rungs_of
from fireinvest.services.channels import FEED, token_hash
from fireinvest.services.desks import posts_of
from fireinvest.services.people import actor_of
from fireinvest.services.rulesets import stored_ruleset
from fireinvest.store import Session
from fireinvest.store.channels import find_token
from fireinvest.store.heard import HeardClock, heard_clocks
from fireinvest.store.lists import light_on
from fireinvest.store.outbox import events_of
from fireinvest.store.people import find_person
from fireinvest.workflow.permissions import Actor

#: How many events a calendar has, those that are due first.
MOST_EVENTS = 500
#: Several roles lead to one clock; each is a line of the query.
_LINES_OF_A_CLOCK = 4
#: At what time of the day an alarm rings.
_ALARM_AT = timedelta(hours=9)
_REFRESHED = timedelta(hours=1)

#: What makes or changes the event of a clock.
_TELLING = frozenset(
    {
        "deadline_started",
        "deadline_moved",
        "deadline_reopened",
        "deadline_confirmed",
        "deadline_paused",
        "deadline_resumed",
    }
)
#: The event of a clock that runs on moves with every day of it: there is room for so many.
_MOST_DAYS = 1000


@dataclass(frozen=True, slots=True)
class Heard:
    """A running clock that somebody hears of, in words. ``roles``: as whom they hear of it."""

    found: HeardClock
    ruleset: Ruleset
    roles: frozenset[str]

    @property
    def clock(self) -> Clock:
        """The clock as the law of its case has it."""
        return self.ruleset.clocks[self.found.clock]

    @property
    def place(self) -> tuple[str, str | None]:
        """The division of its case, and the one above; whose days off count."""
        return self.found.division or "", self.found.parent

    @property
    def label(self) -> Words:
        """How the clock is called."""
        return self.clock.label

    def light(self, today: date) -> Light:
        """Return its light on a day."""
        found = self.found
        return light_on(today, found.weight, found.due_on, found.yellow_on, found.red_on)


def clocks_heard(
    session: Session,
    actor: Actor,
    today: date,
    *,
    until: date | None = None,
    size: int = MOST_EVENTS,
) -> list[Heard]:
    """Return the running clocks of which somebody is told, what is due first; two queries at most.

    They are those of their cases and their places; nothing of cases from which they were recused.
    What only a superior hears of, such as supervision, is none of them. ``until``: due at the
    latest then.
    """
    posts = posts_of(actor)
    lines = heard_clocks(session, posts, today, until=until, size=size * _LINES_OF_A_CLOCK)
    by_key: dict[tuple[int, str, str], list[HeardClock]] = {}
    for each in lines:
        by_key.setdefault((each.case_id, each.clock, each.instance), []).append(each)
    heard = []
    for same in by_key.values():
        law = stored_ruleset(session, same[0].ruleset_pin)
        roles = frozenset(each.role for each in same)
        clock = law.clocks.get(same[0].clock)
        if clock is not None and any(_hears(clock, rung, roles) for rung in rungs_of(law, clock)):
            heard.append(Heard(same[0], law, roles))
    return heard[:size]


def _hears(clock: Clock, rung: Rung, roles: frozenset[str]) -> bool:
    return not roles.isdisjoint((*rung.hears, *clock.hears))


# ---------------------------------------------------------------------------- the calendar


def calendar_of(
    session: Session,
    token: str,
    law: Law,
    calendar: Calendar,
    *,
    public_url: str,
    is_full: bool,
    today: date,
) -> bytes | None:
    """Return the calendar behind a private address, None where there is none (any more).

    Without ``is_full``, it names neither units nor people.
    """
    channel = find_token(session, token_hash(token))
    if channel is None or channel.kind != FEED:
        return None
    person = find_person(session, channel.person_id)
    if person is None or not person.is_active:
        return None
    heard = clocks_heard(session, actor_of(session, person.id, today, law=law), today)
    moves = _moves(session, heard)
    whole = icalendar.Calendar()
    whole.add("prodid", "-//fireinvest//deadlines//ZH")
    whole.add("version", "2.0")
    whole.add("method", "PUBLISH")
    whole.add("x-wr-calname", render(Text("Deadlines of fire investigations"), DEFAULT_LANGUAGE))
    whole.add("refresh-interval", _REFRESHED, parameters={"VALUE": "DURATION"})
    whole.add("x-published-ttl", "PT1H")
    for each in heard:
        whole.add_component(_event(each, moves, calendar, today, public_url, is_full=is_full))
    return bytes(whole.to_ical())


@dataclass(frozen=True, slots=True)
class _Moves:
    """How often the event of a clock was made or changed, and when it was last."""

    count: int
    changed_at: datetime


_Moved = Mapping[tuple[int, str, str], _Moves]


def _moves(session: Session, heard: Iterable[Heard]) -> _Moved:
    found: dict[tuple[int, str, str], _Moves] = {}
    ids = {each.found.case_id for each in heard}
    for case_id, told, at in events_of(session, ids, _TELLING):
        key = (case_id, str(told["clock"]), str(told["instance"]))
        before = found.get(key)
        count = 0 if before is None else before.count
        changed_at = at if before is None else max(before.changed_at, at)
        found[key] = _Moves(count + 1, changed_at)
    return found


def _event(
    heard: Heard,
    moves: _Moved,
    calendar: Calendar,
    today: date,
    public_url: str,
    *,
    is_full: bool,
) -> icalendar.Event:
    found = heard.found
    calendar = calendar.of(*heard.place)
    key = (found.case_id, found.clock, found.instance)
    moved = moves.get(key, _Moves(0, found.opened_at))
    event = icalendar.Event()
    event.add("uid", _uid(found, public_url))
    days_on = 0 if found.runs_since is None else (today - found.runs_since).days
    changed_at = moved.changed_at
    if days_on:
        changed_at = max(changed_at, datetime.combine(today, time(), CHINA).astimezone(UTC))
    event.add("sequence", moved.count * _MOST_DAYS + min(days_on, _MOST_DAYS - 1))
    event.add("dtstamp", changed_at)
    event.add("last-modified", changed_at)
    event.add("dtstart", found.due_on)
    event.add("dtend", found.due_on + ONE_DAY)
    event.add("summary", render(_title(heard, is_full=is_full), DEFAULT_LANGUAGE))
    # The page of the case: the address of a clock can tell of what it is one.
    link = f"{public_url}/cases/{found.number}"
    lines = [*(render(each, DEFAULT_LANGUAGE) for each in _lines(heard, is_full=is_full)), link]
    event.add("description", "\n".join(lines))
    event.add("url", link)
    event.add("status", "TENTATIVE" if found.provisional else "CONFIRMED")
    event.add("transp", "TRANSPARENT")
    event.add("class", "PRIVATE")
    for rung, days in _alarms(heard, calendar):
        alarm = icalendar.Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("trigger", _ALARM_AT - timedelta(days=days))
        said = Text(
            "%(number)s %(clock)s: %(rung)s",
            number=found.number,
            clock=heard.label,
            rung=rung.label,
        )
        alarm.add("description", render(said, DEFAULT_LANGUAGE))
        event.add_component(alarm)
    return event


def _uid(found: HeardClock, public_url: str) -> str:
    """Return the name of an event: hashed, because that of an instance may be somebody's."""
    named = f"{found.number}:{found.clock}:{found.instance}"
    return f"{hashlib.sha256(named.encode()).hexdigest()[:32]}@{urlsplit(public_url).hostname}"


def _title(heard: Heard, *, is_full: bool) -> Words:
    number, clock = heard.found.number, heard.label
    if is_full:
        unit = heard.found.unit_name
        return Text("Due: %(number)s %(clock)s (%(unit)s)", number=number, clock=clock, unit=unit)
    return Text("Due: %(number)s %(clock)s", number=number, clock=clock)


def _lines(heard: Heard, *, is_full: bool) -> Iterator[Words]:
    found = heard.found
    if found.due_at is not None:
        yield Text("Due at %(when)s.", when=found.due_at)
    if found.act_by != found.due_on:
        yield Text("The last working day to act is %(day)s.", day=found.act_by)
    if found.provisional:
        yield Text("The date is provisional: a year that it touches has no holiday notice yet.")
    if found.runs_since is not None:
        yield Text("It runs on while an appraisal is out, since %(day)s.", day=found.runs_since)
    if is_full and found.about:
        yield found.about
    yield Text("Basis: %(article)s", article=heard.ruleset.citation(heard.clock.basis))


def _alarms(heard: Heard, calendar: Calendar) -> Iterator[tuple[Rung, int]]:
    """Yield the rungs before the due day that are heard, and how many days before it each is."""
    found, ruleset = heard.found, heard.ruleset
    units = {each.length.unit for each in ruleset.terms_of_clock.get(found.clock, ())}
    for rung in rungs_of(ruleset, heard.clock):
        if rung.at is not RungAt.BEFORE or not _hears(heard.clock, rung, heard.roles):
            continue
        day = found.due_on - timedelta(days=rung.left)
        if units == {Unit.WORKING_DAYS}:
            day = calendar.nth_working_day_before(found.due_on, rung.left)
        if day > found.started_on:
            yield rung, (found.due_on - day).days


# ---------------------------------------------------------------------------- the list of a day

#: How far a daily list looks ahead.
DAYS_AHEAD = timedelta(days=7)
#: More lines than anybody does in a week.
MOST_OF_A_DAY = 200


@dataclass(frozen=True, slots=True)
class DayList:
    """What is due for somebody on a day and around it. ``has_more``: more than is listed."""

    overdue: tuple[Heard, ...]
    today: tuple[Heard, ...]
    coming: tuple[Heard, ...]
    has_more: bool


def day_list(session: Session, actor: Actor, today: date) -> DayList:
    """Return the clocks that are overdue, due today, and due in the week after."""
    found = clocks_heard(session, actor, today, until=today + DAYS_AHEAD, size=MOST_OF_A_DAY + 1)
    shown = found[:MOST_OF_A_DAY]
    return DayList(
        overdue=tuple(each for each in shown if each.found.due_on < today),
        today=tuple(each for each in shown if each.found.due_on == today),
        coming=tuple(each for each in shown if each.found.due_on > today),
        has_more=len(found) > MOST_OF_A_DAY,
    )
