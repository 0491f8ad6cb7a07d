"""What do a case's row and its deadlines' rows say? Worked out of the folded journal alone."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from fireinvest.china import CHINA
from fireinvest.regulation.calendar import Calendar, notice_document
from fireinvest.regulation.clocks import Deadline
from fireinvest.regulation.facts import Facts
from fireinvest.regulation.profile import Mode, Weight
from fireinvest.store.cases import Values
from fireinvest.store.codec import canonical, encode, encode_value, kind_of
from fireinvest.store.people import MemberGrant
from fireinvest.workflow.actions import KINDS, Correcting, Entry, Planning, Shape, Voiding
from fireinvest.workflow.case import Case, completed
from fireinvest.workflow.deadlines import calendar_of
from fireinvest.workflow.next_steps import next_steps
from fireinvest.workflow.permissions import APART, CARRIER, kept_apart
from fireinvest.workflow.planning import begin_by, days_of

Key = tuple[str, str]


def calendar_id(calendar: Calendar) -> str:
    """Return a short name for what a calendar says, the same for the same notices in force."""
    known = [calendar.library_until.isoformat(), *map(notice_document, calendar.in_force_here)]
    return hashlib.sha256(canonical(known).encode()).hexdigest()[:16]


# ---------------------------------------------------------------------------- the case's row


def case_values(case: Case, deadlines: Iterable[Values], counted_on: date) -> Values:
    """Return the columns of a case's row that follow from its journal and its deadlines."""
    rows = list(deadlines)
    following = _next(rows) or {}
    return {
        "version": case.version,
        "division": case.division.code if case.division else None,
        "parent": case.division.parent if case.division else None,
        "occurred_on": case.occurred_on,
        "occurred_at": case.occurred_at,
        **judged_values(case),
        "carrier": case.carrier.person if case.carrier else None,
        "next_clock": following.get("clock"),
        "next_instance": following.get("instance"),
        "next_weight": following.get("weight"),
        "next_due_on": following.get("due_on"),
        "next_due_at": following.get("due_at"),
        "next_yellow_on": following.get("yellow_on"),
        "next_red_on": following.get("red_on"),
        "next_runs_until": following.get("runs_until"),
        "ended_on": _ended_on(case, rows),
        "counted_on": counted_on,
        **figure_values(case),
    }


def figure_values(case: Case) -> Values:
    """Return the kind of fire, who was hurt and what was lost, as known now."""
    facts = case.facts
    return {
        "category": None if facts.category is None else str(facts.category),
        "deaths": facts.deaths,
        "serious_injuries": facts.serious_injuries,
        "light_injuries": facts.light_injuries,
        "missing": facts.missing,
        "loss_fen": facts.direct_economic_loss,
    }


def opening_values(case: Case, news: Mapping[str, Any]) -> Values:
    """Return the columns that follow from how a case came in: newly, or from an old ledger.

    ``news``: the new values of its opening.
    """
    late_key = news.get("late_key")
    opened_on = case.opening.recorded_at.astimezone(CHINA).date()
    return {
        "late_key": late_key,
        "opened_on": opened_on if late_key is None else case.occurred_on,
    }


def step_day_values(case_id: int, case: Case) -> dict[str, Values]:
    """Return on which days the steps of a case were done, by step; those that count alone."""
    steps = case.ruleset.steps
    found: dict[str, Values] = {}
    for name, entries in case.done.items():
        whole = completed(case, steps[name])
        found[name] = {
            "case_id": case_id,
            "step": name,
            "first_on": entries[0].on,
            "last_on": entries[-1].on,
            "done_on": None if whole is None else whole.on,
        }
    return found


def called_values(case: Case, said: Mapping[str, Any]) -> Values:
    """Return the unit and the address: as last corrected, else as was said before."""
    opening = case.opening.payload
    return {name: getattr(opening, name) or said[name] for name in ("unit_name", "address")}


def judged_values(case: Case) -> Values:
    """Return where the case stands: its level, scope, stage and governments."""
    judged = case.judgement
    return {
        "level": judged.severity.level.id,
        "level_is_floor": judged.severity.is_floor,
        "in_scope": judged.in_scope.value,
        "mode": case.mode.value,
        "stage": case.stage,
        "government": judged.government.value,
        "investigating": case.investigating,
        "handover_pending": case.handover_pending,
        "merged_into": case.merged_into,
    }


def _next(rows: Iterable[Values]) -> Values | None:
    """The clock to watch: what the law or a document sets comes before advice, then the earliest."""
    running = [each for each in rows if each["ended_on"] is None]
    return min(
        running,
        key=lambda each: (
            each["weight"] == Weight.ADVISORY.value,
            each["due_on"],
            each["clock"],
            each["instance"],
        ),
        default=None,
    )


def _ended_on(case: Case, rows: Sequence[Values]) -> date | None:
    """A case ends when it goes on in another, or in its last stage with no clock running.

    Outside the rule there are no stages; there it ends with its last clock.
    """
    if case.merged_on is not None:
        return case.merged_on
    ends: list[date] = [each["ended_on"] for each in rows if each["ended_on"] is not None]
    if not ends or len(ends) < len(rows):
        return None
    last = list(case.ruleset.stages)[-1]
    if case.mode is Mode.INVESTIGATE and case.stage != last:
        return None
    return max(ends)


# ---------------------------------------------------------------------------- its deadlines


def deadline_values(
    case_id: int, case: Case, deadlines: Iterable[Deadline], calendar: Calendar, name: str
) -> dict[Key, Values]:
    """Return the rows of a case's deadlines, by clock and instance.

    ``name``: the calendar's short name, worked out once for many cases; a place whose own
    government gives days off has another one.
    """
    calendar = calendar_of(case, calendar)
    if calendar.places:
        name = calendar_id(calendar)
    place = case.division
    found: dict[Key, Values] = {}
    for each in deadlines:
        run = each.run
        ended_on = run.satisfied_on or run.returned_on or run.handed_over_on
        plan_start_by, plan_step = begin_by(case, calendar, each) or (None, None)
        found[each.clock.id, run.instance] = {
            "case_id": case_id,
            "clock": each.clock.id,
            "instance": run.instance,
            "division": place.code if place else None,
            "parent": place.parent if place else None,
            "weight": each.clock.weight.value,
            "due_on": each.due_on,
            "due_at": each.due_at,
            "act_by": each.act_by,
            "opens_on": each.opens_on,
            "yellow_on": each.yellow_on,
            "red_on": each.red_on,
            "provisional": each.provisional,
            "earliest_on": each.earliest_on,
            "latest_on": each.latest_on,
            "runs_since": each.runs_since,
            "runs_until": None if each.runs_since is None else each.as_of,
            "started_on": run.start_on,
            "started_by": run.started_by,
            "late_since": run.late_since,
            "awaits_receipt": run.awaits_receipt,
            "government": run.government,
            "about": run.about if isinstance(run.about, str) else None,
            "ended_on": ended_on,
            "end": None if ended_on is None else each.state.value,
            "satisfied_by": run.satisfied_by,
            "plan_start_by": plan_start_by,
            "plan_step": plan_step,
            "calendar": name,
        }
    return found


#: What a count gives; once a clock has ended, a calendar learnt later moves none of it.
_COUNTED = (
    "due_on", "due_at", "act_by", "opens_on", "yellow_on", "red_on", "provisional",
    "earliest_on", "latest_on", "runs_since", "runs_until", "end", "calendar",
)  # fmt: skip
_WHAT_HAPPENED = ("started_on", "started_by", "ended_on", "satisfied_by")


def settled(stored: Mapping[Key, Values], found: Mapping[Key, Values]) -> dict[Key, Values]:
    """Return the rows to keep: those found, but with the dates of clocks that ended before.

    A satisfied clock never moves: a holiday notice that came later changes only what still runs.
    """
    return {key: _settle(stored.get(key), values) for key, values in found.items()}


def _settle(stored: Values | None, found: Values) -> Values:
    if stored is None or found["ended_on"] is None or stored["calendar"] == found["calendar"]:
        return found
    if any(stored[name] != found[name] for name in _WHAT_HAPPENED):
        return found
    return {**found, **{name: stored[name] for name in _COUNTED}}


def carried_on(stored: Mapping[Key, Values], today_too: Mapping[Key, Values]) -> dict[Key, Values]:
    """Return stored rows, those that run on while an appraisal is out as they stand today.

    ``today_too``: the rows as they would be today though nothing had changed.
    """
    return {key: _carried(values, today_too.get(key)) for key, values in stored.items()}


def _carried(values: Values, today_too: Values | None) -> Values:
    if today_too is None or values["runs_since"] is None or today_too["runs_since"] is None:
        return values
    return {**values, **{name: today_too[name] for name in _COUNTED if name != "calendar"}}


#: The dates that the entry of a recount tells.
_TOLD = ("due_on", "due_at", "act_by", "provisional")


def recounted(
    stored: Mapping[Key, Values], kept: Mapping[Key, Values]
) -> tuple[dict[str, object], dict[str, object]]:
    """Return the dates of running clocks that a recount changed, as old and new values."""
    old: dict[str, object] = {}
    new: dict[str, object] = {}
    for key, after in kept.items():
        before = stored.get(key)
        if before is not None and any(before[name] != after[name] for name in _TOLD):
            clock = "/".join(key)
            for name in _TOLD:
                old[f"{name}.{clock}"] = encode_value(before[name])
                new[f"{name}.{clock}"] = encode_value(after[name])
    return old, new


@dataclass(frozen=True, slots=True)
class Moved:
    """What happened to a deadline: started, moved, confirmed, met, ended, reopened or withdrawn.

    Confirmed: its date, which rested on a year without a notice, is certain now. Paused: an
    appraisal went out, and the date moves on with every day until it is back; resumed: it is back.
    """

    kind: str
    key: Key
    before: Values | None
    after: Values | None


def moved(stored: Mapping[Key, Values], kept: Mapping[Key, Values]) -> Iterator[Moved]:
    """Yield what there is to tell of the deadlines after a change."""
    for key, after in kept.items():
        before = stored.get(key)
        if before is None:
            yield Moved("deadline_started", key, None, after)
        elif before["ended_on"] is not None and after["ended_on"] is None:
            yield Moved("deadline_reopened", key, before, after)
        elif before["runs_since"] is None and after["runs_since"] is not None:
            yield Moved("deadline_paused", key, before, after)
        elif before["runs_since"] is not None and after["runs_since"] is None:
            # Where it ended meanwhile, that is told.
            if after["ended_on"] is None:
                yield Moved("deadline_resumed", key, before, after)
        elif (before["due_on"], before["due_at"]) != (after["due_on"], after["due_at"]):
            yield Moved("deadline_moved", key, before, after)
        elif before["provisional"] and not after["provisional"] and after["ended_on"] is None:
            yield Moved("deadline_confirmed", key, before, after)
        if after["ended_on"] is not None and (before is None or before["ended_on"] is None):
            kind = "deadline_met" if after["satisfied_by"] is not None else "deadline_ended"
            yield Moved(kind, key, before, after)
    for key, before in stored.items():
        if key not in kept:
            yield Moved("deadline_withdrawn", key, before, None)


# ---------------------------------------------------------------------------- what is next, who may


def next_values(case_id: int, case: Case, deadlines: Iterable[Deadline]) -> list[Values]:
    """Return the rows of what is to be done next in a case, one for each role, in their order."""
    place = case.division
    rows: dict[tuple[str, str, str, str], Values] = {}
    for each in next_steps(case, deadlines):
        for role in each.roles:
            key = (each.step, role, each.clock or "", each.instance or "")
            row = {
                "case_id": case_id,
                "step": each.step,
                "role": role,
                "clock": each.clock or "",
                "instance": each.instance or "",
                "division": place.code if place else None,
                "parent": place.parent if place else None,
                "tier": each.tier,
                "is_now": each.is_now,
            }
            if key in rows and rows[key]["tier"] != each.tier:
                # Two governments are asked for the same: whoever has the post at either.
                row["tier"] = None
            rows[key] = row
    return [rows[key] for key in sorted(rows)]


def apart_people(case: Case) -> frozenset[tuple[str, str]]:
    """Return the roles of those who are kept apart from the report, each with every such person."""
    return frozenset((role, person) for role in APART for person in kept_apart(case, role))


def member_grants(case: Case) -> frozenset[MemberGrant]:
    """Return the posts on the case that its journal gives, for whoever of them has an account.

    Of those who carried it one after another, the last does.
    """
    found = {
        MemberGrant(each.person, each.post, each.since, each.entry)
        for each in case.members
        if each.is_active
    }
    if case.carrier is not None:
        carrier = case.carrier
        found.add(MemberGrant(carrier.person, CARRIER, carrier.since, carrier.entry))
    return frozenset(found)


def searched_parts(case: Case, number: str, unit_name: str, address: str) -> Iterator[str]:
    """Yield the short texts under which a case is found: names, places, units, document numbers."""
    yield from (number, unit_name, address)
    if case.division is not None:
        yield from (case.division.label.zh, case.division.label.en)
    for entry in case.entries:
        if type(entry.payload) not in KINDS.values() or entry.seq in case.restrictions:
            continue
        for each in fields(entry.payload):
            if each.metadata["shape"] is Shape.TEXT:
                value = getattr(entry.payload, each.name)
                if isinstance(value, str):
                    yield value


# ---------------------------------------------------------------------------- old and new values


def changed_values(
    before: Case | None, after: Case, entry: Entry
) -> tuple[dict[str, object], dict[str, object]]:
    """Return what an entry changed in the case, as old and new values in plain JSON."""
    old_all = {} if before is None else _plain(before)
    new_all = _plain(after)
    changed = [name for name in new_all if old_all.get(name) != new_all[name]]
    old = {name: old_all[name] for name in changed if name in old_all}
    new = {name: new_all[name] for name in changed}
    if before is not None and isinstance(entry.payload, Voiding | Correcting):
        old["entry"] = _entry(before, entry.payload.target)
        new["entry"] = _entry(after, entry.payload.target)
    if before is not None and isinstance(entry.payload, Planning):
        old["working_days"], new["working_days"] = (
            days_of(each, entry.payload.plan, entry.payload.step) for each in (before, after)
        )
    return old, new


def _plain(case: Case) -> dict[str, object]:
    facts = {f"facts.{each.name}": getattr(case.facts, each.name) for each in fields(Facts)}
    judged = {**judged_values(case), "carrier": case.carrier.person if case.carrier else None}
    return {name: encode_value(each) for name, each in {**facts, **judged}.items()}


def _entry(case: Case, seq: int) -> dict[str, object] | None:
    found = next((each for each in case.entries if each.seq == seq), None)
    if found is None:
        return None
    return {
        "kind": kind_of(found.payload),
        "payload": encode(found.payload),
        "on": found.on.isoformat(),
        "at": encode_value(found.at),
    }
