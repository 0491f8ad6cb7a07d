"""Alerts: which rung of which clock is told to whom, once, and never a missed one in silence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from fireinvest.regulation.calendar import Calendar
from fireinvest.regulation.clocks import Deadline
from fireinvest.regulation.profile import Clock, Rung, RungAt
from fireinvest.regulation.rulesets import Law
from fireinvest.regulation.rungs import Reached, rungs_of
from fireinvest.services.cases import Loaded, load_case, recount
from fireinvest.services.delivering import deliver
from fireinvest.services.hearing import Hearer, hearers
from fireinvest.services.ladders import climbed, newly_reached
from fireinvest.store import Session, alerts
from fireinvest.store.alerts import Ladder, NewAlert
from fireinvest.workflow.deadlines import calendar_of

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
    alerts.save_ladders(session, case_id, ladders, after)
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
    latest: dict[tuple[int, tuple[str, str]], tuple[_Line, Hearer, str, int | None]] = {}
    for line in lines:
        wanted = _roles(line.clock, line.reached.rung)
        for person in people:
            heard_as = person.hears(wanted)
            if heard_as is not None:
                latest[person.person_id, line.place] = (line, person, *heard_as)
    new = [_alert(loaded, *each) for each in latest.values()]
    added = alerts.add_alerts(session, new, now)
    heard = {id(line) for line, *_ in latest.values()}
    alerts.add_reached(
        session, [_record(loaded, each, id(each) not in heard, now) for each in lines]
    )
    rungs = loaded.case.ruleset.rungs
    urgent = [(alert_id, each, rungs[each.rung].passes_quiet) for alert_id, each in added]
    deliver(session, urgent, now)
    return Told(len(added), sum(id(each) not in heard for each in lines))


def _roles(clock: Clock, rung: Rung) -> tuple[str, ...]:
    return (*rung.hears, *clock.hears)


def _alert(
    loaded: Loaded, line: _Line, person: Hearer, role: str, acts_for_id: int | None
) -> NewAlert:
    rung, occurrence = line.reached.rung, line.reached.occurrence
    parts = (loaded.ref.number, *line.place, line.due_on, rung.id, occurrence, person.login)
    details = dict(line.details)
    found = line.found
    if found is not None:
        details |= {"act_by": f"{found.act_by}", "provisional": found.provisional}
    return NewAlert(
        key=":".join(f"{each}" for each in parts),
        person_id=person.person_id,
        acts_for_id=acts_for_id,
        role=role,
        case_id=loaded.ref.id,
        clock=line.clock.id,
        instance=line.instance,
        due_on=line.due_on,
        rung=rung.id,
        occurrence=occurrence,
        reached_on=line.reached.on,
        details=details,
    )


def _record(loaded: Loaded, line: _Line, is_skipped: bool, now: datetime) -> dict[str, object]:
    return {
        "case_id": loaded.ref.id,
        "clock": line.clock.id,
        "instance": line.instance,
        "due_on": line.due_on,
        "rung": line.reached.rung.id,
        "occurrence": line.reached.occurrence,
        "reached_on": line.reached.on,
        "is_skipped": is_skipped,
        "swept_at": now,
    }
