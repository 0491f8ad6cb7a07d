"""Alerts: which rung of which clock is told to whom, once, and never a missed one in silence.

Where nobody is there to hear that a statutory clock is due or overdue, whoever stands above them
hears it in their place, in the end the system administrators; the record says so.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from fireinvest.regulation.calendar import Calendar
from fireinvest.regulation.clocks import Deadline
from fireinvest.regulation.profile import Clock, Rung, RungAt, Weight
from fireinvest.regulation.rulesets import Law
from fireinvest.regulation.rungs import ABOVE, Reached, rungs_of
from fireinvest.services.alert_words import UNHEARD
from fireinvest.services.cases import Loaded, load_case, recount
from fireinvest.services.delivering import deliver
from fireinvest.services.hearing import Hearer, hearers
from fireinvest.services.ladders import climbed, newly_reached
from fireinvest.store import Session, alerts
from fireinvest.store.alerts import NOBODY, Ladder, Laying, NewAlert
from fireinvest.store.heard import office_holders
from fireinvest.workflow.deadlines import calendar_of
from fireinvest.workflow.permissions import SYSTEM_ADMINISTRATOR

__all__ = ["Told", "climb", "event_kinds", "tell_event"]


@dataclass(slots=True)
class Told:
    """How many notices were put into inboxes, and how many rungs were passed over."""

    told: int = 0
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class _Line:
    """A rung that a clock reached, and what goes with it."""

    found: Deadline | None
    clock: Clock
    instance: str
    due_on: date
    reached: Reached
    details: Mapping[str, object] = field(default_factory=dict)

    @property
    def place(self) -> tuple[str, str]:
        return self.clock.id, self.instance


def climb(
    session: Session,
    case_id: int,
    calendar: Calendar,
    *,
    now: datetime,
    today: date,
    law: Law | None = None,
) -> Told:
    """Tell what the clocks of a case have reached up to today, and note it as looked at.

    Each person hears of each clock once: of the latest rung that they are to hear of. Those passed
    meanwhile are on record as skipped. Asked again on the same day, nothing is added.

    Raises:
        NoSuchCase: when there is none.
        Unreadable: when its journal can't be read.

    """
    loaded = load_case(session, case_id, lock=True)
    deadlines = recount(session, loaded, calendar, now=now, today=today)
    calendar = calendar_of(loaded.case, calendar)
    ladders = alerts.ladders_of(session, case_id)
    on_record = alerts.reached_of(session, case_id)
    lines: list[_Line] = []
    after: dict[tuple[str, str], Ladder] = {}
    for found in deadlines:
        place = (found.clock.id, found.run.instance)
        if found.is_ended:
            continue
        known = ladders.get(place)
        swept_on = None if known is None else known.swept_on
        for each in newly_reached(loaded.case, found, calendar, swept_on, on_record, today):
            lines.append(_Line(found, found.clock, found.run.instance, found.due_on, each))
        after[place] = climbed(loaded.case, found, calendar, today)
    told = _tell(session, loaded, lines, now=now, today=today, law=law)
    alerts.save_ladders(session, [Laying(case_id, ladders, after)])
    return told


#: Which rung tells of which event.
_RUNG_OF: Mapping[str, RungAt] = {
    "deadline_met": RungAt.SATISFIED,
    "deadline_moved": RungAt.MOVED,
    # Once when an appraisal goes out, and once when it is back; the days between are no news.
    "deadline_paused": RungAt.MOVED,
    "deadline_resumed": RungAt.MOVED,
    "deadline_confirmed": RungAt.CONFIRMED,
}
#: Events after which the ladder has to be looked at at once.
_CLIMBING = frozenset(
    {"deadline_started", "deadline_reopened", "deadline_moved", "deadline_resumed"}
)
#: Events that nobody is told of by themselves: what ended or was withdrawn stands in the journal.
_QUIET = frozenset({"deadline_ended", "deadline_withdrawn"})


def event_kinds() -> frozenset[str]:
    """Return the kinds of jobs that tell what happened to a clock."""
    return frozenset({*_RUNG_OF, *_CLIMBING, *_QUIET})


def tell_event(
    session: Session,
    kind: str,
    case_id: int,
    payload: Mapping[str, Any],
    calendar: Calendar,
    *,
    now: datetime,
    today: date,
    law: Law | None = None,
) -> Told:
    """Tell those concerned what happened to a clock."""
    told = Told()
    if kind in _RUNG_OF:
        loaded = load_case(session, case_id)
        lines = _event_lines(loaded, _RUNG_OF[kind], payload, today)
        if _RUNG_OF[kind] is RungAt.MOVED and _is_confirmed(payload):
            lines += _event_lines(loaded, RungAt.CONFIRMED, payload, today)
        # That it moved and that it is certain now are two things to tell: neither hides the other.
        for line in lines:
            one = _tell(session, loaded, [line], now=now, today=today, law=law)
            told = Told(told.told + one.told, told.skipped + one.skipped)
    if kind in _CLIMBING:
        climbing = climb(session, case_id, calendar, now=now, today=today, law=law)
        told = Told(told.told + climbing.told, told.skipped + climbing.skipped)
    return told


def _is_confirmed(payload: Mapping[str, Any]) -> bool:
    return bool(payload["before"]["provisional"] and not payload["after"]["provisional"])


def _event_lines(
    loaded: Loaded, at: RungAt, payload: Mapping[str, Any], today: date
) -> list[_Line]:
    clock = loaded.case.ruleset.clocks.get(payload["clock"])
    if clock is None:
        return []
    due_on = date.fromisoformat(payload["after"]["due_on"])
    told = {
        name: payload[name]
        for name in ("entry", "cause", "before", "after", "held_on")
        if name in payload
    }
    return [
        _Line(
            None, clock, payload["instance"], due_on, Reached(rung, today, payload["entry"]), told
        )
        for rung in rungs_of(loaded.case.ruleset, clock)
        if rung.at is at
    ]


def _tell(
    session: Session,
    loaded: Loaded,
    lines: Sequence[_Line],
    *,
    now: datetime,
    today: date,
    law: Law | None,
) -> Told:
    """Put each person's latest line of each clock into their inbox, and record all lines."""
    if not lines:
        return Told()
    roles = dict.fromkeys(role for line in lines for role in _roles(line.clock, line.reached.rung))
    people = hearers(session, loaded, list(roles), today, law=law)
    latest: dict[tuple[int, tuple[str, str]], _Heard] = {}
    unheard = []
    for line in lines:
        heard = list(_heard(line, people, _roles(line.clock, line.reached.rung)))
        latest |= {(each.person.person_id, line.place): each for each in heard}
        if not heard and _must_be_heard(line):
            unheard.append(line)
    stood_in = _stood_in(session, loaded, unheard, latest, today, law=law)
    new = [_alert(loaded, each) for each in latest.values()]
    new += _alarms(session, loaded, unheard, stood_in, today)
    added = alerts.add_alerts(session, new, now)
    told = {id(each.line) for each in latest.values()} | {
        id(line) for line in unheard if stood_in.get(id(line)) in _ALARMED
    }
    alerts.add_reached(
        session,
        [
            _record(loaded, each, id(each) not in told, stood_in.get(id(each)), now)
            for each in lines
        ],
    )
    rungs = loaded.case.ruleset.rungs
    urgent = [
        (alert_id, each, each.rung not in rungs or rungs[each.rung].passes_quiet)
        for alert_id, each in added
    ]
    deliver(session, urgent, now)
    return Told(len(added), sum(id(each) not in told for each in lines))


@dataclass(frozen=True, slots=True)
class _Heard:
    """A line, who hears it as whom, and whether that is in the place of others."""

    line: _Line
    person: Hearer
    role: str
    acts_for_id: int | None
    is_stand_in: bool = False


def _heard(line: _Line, people: Iterable[Hearer], roles: Sequence[str]) -> Iterable[_Heard]:
    for person in people:
        heard_as = person.hears(roles)
        if heard_as is not None:
            yield _Heard(line, person, *heard_as)


# ---------------------------------------------------------------------------- nobody was there

#: Who hears, one after the other, what nobody else is there to hear.
_STANDING_IN = ("agency_head", f"{ABOVE}agency_head")
_ALARMED = frozenset({SYSTEM_ADMINISTRATOR, NOBODY})


def _must_be_heard(line: _Line) -> bool:
    """Is it a statutory clock that is due or overdue?"""
    is_due = line.reached.rung.at in (RungAt.DUE, RungAt.OVERDUE)
    return is_due and line.clock.weight is Weight.STATUTORY


def _stood_in(
    session: Session,
    loaded: Loaded,
    unheard: Sequence[_Line],
    latest: dict[tuple[int, tuple[str, str]], _Heard],
    today: date,
    *,
    law: Law | None,
) -> dict[int, str]:
    """Let others hear in their place, the latest line of each clock; return as whom, by line.

    Whoever hears of the clock by themselves hears that; what they would hear in another's place is
    passed over by it.
    """
    if not unheard:
        return {}
    people = hearers(session, loaded, list(_STANDING_IN), today, law=law)
    found: dict[int, str] = {}
    for line in {line.place: line for line in unheard}.values():
        known = {place for _, place in latest}
        for role in _STANDING_IN:
            heard = [replace(each, is_stand_in=True) for each in _heard(line, people, [role])]
            for each in heard:
                kept = latest.setdefault((each.person.person_id, line.place), each)
                if kept is each:
                    found[id(line)] = role
            if heard:
                break
        else:
            if line.place not in known:
                found[id(line)] = SYSTEM_ADMINISTRATOR
    return found


def _alarms(
    session: Session,
    loaded: Loaded,
    unheard: Sequence[_Line],
    stood_in: dict[int, str],
    today: date,
) -> list[NewAlert]:
    """What the system administrators are told: that somebody is missing, and nothing of the case."""
    lines = [line for line in unheard if stood_in.get(id(line)) == SYSTEM_ADMINISTRATOR]
    if not lines:
        return []
    people = office_holders(session, SYSTEM_ADMINISTRATOR, today)
    if not people:
        stood_in.update((id(line), NOBODY) for line in lines)
    place = loaded.case.division
    number = loaded.ref.number
    return [
        NewAlert(
            key=f"{UNHEARD}:{number}:{':'.join(line.place)}:{line.due_on}"
            f":{line.reached.rung.id}:{line.reached.occurrence}:{login}",
            person_id=person_id,
            acts_for_id=None,
            role=SYSTEM_ADMINISTRATOR,
            case_id=None,
            clock=None,
            instance=None,
            due_on=line.due_on,
            rung=UNHEARD,
            occurrence=line.reached.occurrence,
            reached_on=line.reached.on,
            details={"number": number, "division": place.code if place else None},
        )
        for line in lines
        for person_id, login in people
    ]


def _roles(clock: Clock, rung: Rung) -> tuple[str, ...]:
    return (*rung.hears, *clock.hears)


def _alert(loaded: Loaded, heard: _Heard) -> NewAlert:
    line, person = heard.line, heard.person
    rung, occurrence = line.reached.rung, line.reached.occurrence
    parts = (loaded.ref.number, *line.place, line.due_on, rung.id, occurrence, person.login)
    details = dict(line.details)
    found = line.found
    if found is not None:
        details |= {"act_by": f"{found.act_by}", "provisional": found.provisional}
    if heard.is_stand_in:
        details["stands_in"] = True
    return NewAlert(
        key=":".join(f"{each}" for each in parts),
        person_id=person.person_id,
        acts_for_id=heard.acts_for_id,
        role=heard.role,
        case_id=loaded.ref.id,
        clock=line.clock.id,
        instance=line.instance,
        due_on=line.due_on,
        rung=rung.id,
        occurrence=occurrence,
        reached_on=line.reached.on,
        details=details,
    )


def _record(
    loaded: Loaded, line: _Line, is_skipped: bool, stood_in: str | None, now: datetime
) -> dict[str, object]:
    return {
        "case_id": loaded.ref.id,
        "clock": line.clock.id,
        "instance": line.instance,
        "due_on": line.due_on,
        "rung": line.reached.rung.id,
        "occurrence": line.reached.occurrence,
        "reached_on": line.reached.on,
        "is_skipped": is_skipped,
        "stood_in": stood_in,
        "swept_at": now,
    }
