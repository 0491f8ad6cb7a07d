"""Cases: opened, worked, read and listed. Every change is one transaction through one door.

The engine knows a case by its number, which people read and grants name; the database by its id.
"""

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path

from fireinvest.messages import Faulty, Problem, Text
from fireinvest.regulation.calendar import Calendar, notice_document
from fireinvest.regulation.clocks import Deadline
from fireinvest.regulation.facts import Facts
from fireinvest.regulation.profile import Division, Ruleset
from fireinvest.regulation.rulesets import Law
from fireinvest.services.ladders import lay_ladders, pass_over
from fireinvest.services.rulesets import keep_ruleset, stored_ruleset
from fireinvest.store import Database, Session, cases, journal, readings
from fireinvest.store.access import NOWHERE, From, log_access
from fireinvest.store.cases import Stored, Values
from fireinvest.store.codec import Document, Unreadable, decode_as, encode_value
from fireinvest.store.conflicts import Conflict, changing
from fireinvest.store.holding import hold_rules
from fireinvest.store.journal import NOTHING_BEFORE, Line
from fireinvest.store.lists import (
    CaseLine,
    Filters,
    Page,
    Scope,
    Standing,
    list_cases,
    scope_of,
    seen_among,
)
from fireinvest.store.notices import documents_in_force
from fireinvest.store.outbox import Notice, post, post_once
from fireinvest.store.people import (
    MemberGrant,
    find_login,
    ids_of_logins,
    may_act_for,
    member_grants_of_cases,
    save_member_grants,
)
from fireinvest.store.posts import holds_post
from fireinvest.store.projections import (
    Key,
    Moved,
    apart_people,
    calendar_id,
    called_values,
    carried_on,
    case_values,
    changed_values,
    deadline_values,
    figure_values,
    member_grants,
    moved,
    next_values,
    opening_values,
    searched_parts,
    settled,
    step_day_values,
)
from fireinvest.store.registered import register_differences
from fireinvest.store.search import save_words, words_of
from fireinvest.workflow import engine
from fireinvest.workflow.actions import (
    Entry,
    HandingOver,
    Linking,
    Merging,
    Opening,
    Reassigning,
)
from fireinvest.workflow.case import Case, fold, moves_dates, retold
from fireinvest.workflow.deadlines import deadlines_of
from fireinvest.workflow.engine import Action, Outcome
from fireinvest.workflow.errors import Invalid, NotAllowed, Refused, Stale
from fireinvest.workflow.permissions import CARRIER, SYSTEM, Actor, is_recused, may_see

__all__ = [
    "CaseLine",
    "CaseRef",
    "Difference",
    "Done",
    "Filters",
    "Loaded",
    "NewCase",
    "NoSuchCase",
    "Page",
    "Scope",
    "Standing",
    "StandingDates",
    "act",
    "act_in",
    "add_old_case",
    "check_acting_for",
    "check_calendar",
    "decided_entries",
    "fill_ledger",
    "find_number",
    "folded_cases",
    "key_problems",
    "list_cases",
    "load_case",
    "may_open",
    "news_of",
    "open_case",
    "opening_problems",
    "rebuild",
    "recount",
    "scope_of",
    "see_case",
    "seen_among",
    "standing_dates",
]

logger = logging.getLogger("fireinvest.cases")

#: Whoever holds one of these posts in a place can open a case there.
OPENING = frozenset({CARRIER, "agency_head"})

#: The step of the entry by which a case is counted anew.
RECOUNT = "recount"

_FIRST = 1
_LONGEST_KEY = 100
_LONGEST_UNIT = 200
_LONGEST_ADDRESS = 300


class NoSuchCase(Faulty):
    """There is no such case, or none that the person may see: both are answered alike."""

    def __init__(self) -> None:
        """Say no more than that."""
        super().__init__([Problem("case", Text("There is no such case."))])


class DisposedCase(NoSuchCase):
    """The case was disposed of when its time in the archive was over: nobody sees it any more."""

    def __init__(self, case_id: int, number: str) -> None:
        """Keep which case it was."""
        super().__init__()
        self.case_id = case_id
        self.number = number


@dataclass(frozen=True, slots=True)
class CaseRef:
    """Which case is it: its id in the database, and its number for people and for the engine."""

    id: int
    number: str


@dataclass(frozen=True, slots=True)
class Done:
    """What was done: the entry that was added, and what it was warned of.

    ``is_repeat``: the same request had been made before, and this time nothing was added.
    """

    ref: CaseRef
    entry: Entry
    warnings: tuple[Problem, ...] = ()
    is_repeat: bool = False

    @property
    def version(self) -> int:
        """The version of the case after it."""
        return self.entry.seq


@dataclass(frozen=True)
class Loaded:
    """A case as it is kept: its row, and the snapshot folded from its journal."""

    ref: CaseRef
    row: Stored
    lines: tuple[Line, ...]
    case: Case

    @property
    def is_disposed(self) -> bool:
        """Was it disposed of? Then nobody sees it, and only timers still write in it."""
        return bool(self.row.values.get("is_disposed"))

    @property
    def head_hash(self) -> str:
        """The hash of its last entry."""
        return self.lines[-1].hash


# ---------------------------------------------------------------------------- reading


def find_number(session: Session, number: str) -> CaseRef | None:
    """Return the case with this number, or None."""
    found = cases.find_number(session, number)
    return None if found is None else CaseRef(found, number)


def load_case(session: Session, case_id: int, *, lock: bool = False) -> Loaded:
    """Return a case, folded from its journal under the law that it is pinned to.

    Raises:
        NoSuchCase: when there is none.
        Unreadable: when what is stored can't be read.

    """
    row = cases.find_case(session, case_id, lock=lock)
    if row is None:
        raise NoSuchCase
    return _folded(session, row, journal.lines_of(session, case_id))


def see_case(session: Session, actor: Actor, case_id: int) -> Loaded:
    """Return a case that the actor may see.

    Raises:
        DisposedCase: when it was disposed of, and they could have seen it.
        NoSuchCase: when there is none, or the actor may not see it.

    """
    loaded = load_case(session, case_id)
    if not may_see(actor, loaded.case, loaded.ref.number):
        raise NoSuchCase
    if loaded.is_disposed:
        raise DisposedCase(loaded.ref.id, loaded.ref.number)
    return loaded


def _folded(session: Session, row: Stored, lines: list[Line]) -> Loaded:
    if not lines:
        raise Unreadable(f"the case {row.number} has no journal")
    ruleset = stored_ruleset(session, row["ruleset_pin"])
    opening = lines[0]
    case = fold(
        ruleset,
        _division(opening),
        [line.entry() for line in lines],
        carrier=_given_to(opening),
    )
    return Loaded(CaseRef(row.id, row.number), row, tuple(lines), case)


def _division(opening: Line) -> Division | None:
    """The place as it was when the case was opened: lists of divisions change."""
    written = opening.news.get("place")
    if written is None:
        return None
    place: Division = decode_as(Division, written)
    return place


def _given_to(opening: Line) -> str | None:
    """The login of whom the case was given to when it was opened."""
    written = opening.news.get("carrier")
    return written if isinstance(written, str) else None


# ---------------------------------------------------------------------------- opening


def may_open(actor: Actor, division: Division | None) -> bool:
    """May the actor open a case of this place: by a post there, or at the city above it?"""
    if actor.id == SYSTEM:
        return True
    posts = [each for each in actor.grants if each.role in OPENING and each.case_id is None]
    if division is None:
        return bool(posts)
    return any(each.division in (division.code, division.parent) for each in posts)


def open_case(
    database: Database,
    law: Law,
    calendar: Calendar,
    actor: Actor,
    facts: Facts,
    unit_name: str,
    address: str,
    *,
    home_division: str,
    idempotency_key: str,
    now: datetime,
    today: date,
    reason: str | None = None,
    acting_for: str | None = None,
    carrier: str | None = None,
    is_demo: bool = False,
    profiles: Path | None = None,
    origin: From = NOWHERE,
) -> CaseRef:
    """Open a case with what is known of a fire, and return it; asked again, the same one.

    The case is bound to the law in force for the place on the day of the fire; without a place,
    to that of ``home_division``. ``carrier``: the login of who carries it, if not the actor.

    Raises:
        NotAllowed: when the actor may not open cases of this place.
        Invalid: when something that was given can't be.
        Faulty: when no law is in force for the place and day.

    """
    if problems := list(opening_problems(facts, unit_name, address, idempotency_key, now, today)):
        raise Invalid(problems)
    division = None if facts.division is None else law.division(facts.division, facts.occurred_on)
    if not may_open(actor, division):
        raise NotAllowed([Problem("division", Text("You can't open cases of this place."))])
    ruleset = law.in_force(facts.division or home_division, facts.occurred_on)
    entry = Entry(
        seq=1,
        step="open",
        payload=Opening(facts),
        on=facts.occurred_on,
        at=facts.occurred_at,
        recorded_at=now,
        actor=actor.id,
        acting_for=acting_for,
        reason=reason,
    )
    carrier = carrier or actor.id
    try:
        with changing(database) as session:
            hold_rules(session)
            first = journal.find_by_key(session, actor.id, idempotency_key)
            if first is not None:
                return _opened_before(session, first)
            check_acting_for(session, actor, acting_for, today)
            check_calendar(session, calendar)
            decided = decided_entries(session, ruleset, now, today)
            first_case = fold(ruleset, division, [entry], carrier=carrier)
            case = retold(first_case, [entry, *decided])
            new = NewCase(
                first_case,
                tuple((each, None) for each in decided),
                case,
                deadlines_of(case, calendar, today),
                unit_name,
                address,
                home_division,
                idempotency_key,
                is_demo=is_demo,
            )
            when = _When(calendar, calendar_id(calendar), now, today, origin)
            return _add(session, new, carrier, actor, when, profiles)
    except Conflict as conflict:
        with database.readers.begin() as session:
            first = journal.find_by_key(session, actor.id, idempotency_key)
            if first is not None:
                return _opened_before(session, first)
        raise Stale(0, 0) from conflict


@dataclass(frozen=True, slots=True)
class NewCase:
    """A case as it is to be written down for the first time.

    ``first``: with its opening alone. ``further``: the entries that follow at once, each with the
    case after it; None for one by which its clocks are counted anew. ``case`` and ``deadlines``:
    after all of them. ``late``: of a case from an old ledger, what the opening says of its row.
    """

    first: Case
    further: tuple[tuple[Entry, Case | None], ...]
    case: Case
    deadlines: tuple[Deadline, ...]
    unit_name: str
    address: str
    home_division: str
    idempotency_key: str
    late: Mapping[str, str] = field(default_factory=dict)
    is_demo: bool = False


def add_old_case(
    session: Session,
    new: NewCase,
    actor: Actor,
    *,
    calendar: Calendar,
    now: datetime,
    today: date,
    profiles: Path | None = None,
    origin: From = NOWHERE,
) -> CaseRef:
    """Write down a case of an old ledger with the steps that were taken in it, and return it.

    Nobody is told of what its clocks have reached: that lies behind. The caller has asked whether
    the actor may, and holds the rules.

    Raises:
        Conflict: when it was written down at the same time, or the calendar is another one now.

    """
    check_calendar(session, calendar)
    when = _When(calendar, calendar_id(calendar), now, today, origin, is_told=False)
    return _add(session, new, actor.id, actor, when, profiles)


def _add(
    session: Session,
    new: NewCase,
    carrier: str,
    actor: Actor,
    when: "_When",
    profiles: Path | None,
) -> CaseRef:
    """Write a new case: its journal, its lists, and what there is to tell."""
    case, ruleset, division = new.case, new.case.ruleset, new.case.division
    keep_ruleset(session, ruleset, now=when.now, profiles=profiles)
    prefix = ((division.parent or division.code) if division else new.home_division)[:4]
    number = cases.allot_number(session, prefix, case.occurred_on.year)
    lines = list(_new_lines(new, number, carrier))
    rows = deadline_values(0, case, new.deadlines, when.calendar, when.calendar_id)
    case_id = cases.add_case(
        session,
        {
            **case_values(case, rows.values(), when.today),
            **opening_values(case, lines[0].news),
            "number": number,
            "head_hash": lines[-1].hash,
            "unit_name": new.unit_name,
            "address": new.address,
            "ruleset_pin": ruleset.pin,
            "is_demo": new.is_demo,
            "opened_at": when.now,
        },
    )
    ref = CaseRef(case_id, number)
    lines = [each._replace(case_id=case_id) for each in lines]
    journal.append(session, lines)
    for each in lines:
        _log_entry(session, each, when.origin)
    rows = {key: {**values, "case_id": case_id} for key, values in rows.items()}
    _write_deadlines(session, ref.id, {}, rows)
    if when.is_told:
        opening = new.first.opening
        told = [news_of(ref, opening, each, StandingDates(), "entry") for each in moved({}, rows)]
        post(session, told, when.now)
        lay_ladders(session, ref.id, case, new.deadlines, when.calendar)
    else:
        pass_over(
            session, ref.id, case, new.deadlines, when.calendar, now=when.now, today=when.today
        )
    cases.save_next_steps(session, {ref.id: next_values(ref.id, case, new.deadlines)})
    cases.save_step_days(session, {ref.id: step_day_values(ref.id, case)})
    if apart := apart_people(case):
        cases.save_apart(session, ref.id, apart)
    called = (new.unit_name, new.address, new.late.get("late_key"))
    _save_words(session, ref, None, case, *called)
    _give_to(session, ref, carrier, case, actor)
    return ref


def _new_lines(new: NewCase, number: str, carrier: str) -> Iterator[Line]:
    """The lines of its journal, each chained to the one before; of no case yet."""
    opening, before = new.first.opening, NOTHING_BEFORE
    old, values = changed_values(None, new.first, opening)
    values |= {
        "number": number,
        "ruleset": new.first.ruleset.pin,
        "unit_name": new.unit_name,
        "address": new.address,
        "carrier": carrier,
        "place": encode_value(new.first.division),
        **new.late,
    }
    key = new.idempotency_key
    case = new.first
    for entry, after in ((opening, None), *new.further):
        if entry is not opening:
            old, values = {}, {}
            key = f"{RECOUNT}:{number}:{entry.seq}"
        if after is not None:
            old, values = changed_values(case, after, entry)
            case, key = after, f"{new.idempotency_key}#{entry.seq}"
        line = journal.line_of(
            0,
            number,
            entry,
            old=old,
            new=values,
            expected_version=None,
            idempotency_key=key,
            before=before,
        )
        before = line.hash
        yield line


def decided_entries(session: Session, ruleset: Ruleset, now: datetime, today: date) -> list[Entry]:
    """A new case learns at its opening how unclear points of its rule were decided before."""
    told = readings.decided(session).get(ruleset.profile, ())
    known = [each for each in told if moves_dates(ruleset, each)]
    return [
        Entry(at, RECOUNT, each, today, now, SYSTEM) for at, each in enumerate(known, _FIRST + 1)
    ]


def check_calendar(session: Session, calendar: Calendar) -> None:
    """A count under a calendar that is no longer in force must not be saved.

    Raises:
        Conflict: when a notice was entered since the calendar was read.

    """
    known = {notice_document(each) for each in calendar.notices}
    if any(each not in known for each in documents_in_force(session)):
        raise Conflict


def opening_problems(
    facts: Facts, unit_name: str, address: str, key: str, now: datetime, today: date
) -> Iterator[Problem]:
    """Yield what is wrong with a fire of which a case is to be opened, whatever the law says."""
    if facts.occurred_on > today:
        yield Problem("occurred_at", Text("The day lies in the future."))
    elif facts.occurred_at is not None and facts.occurred_at > now:
        yield Problem("occurred_at", Text("The time lies in the future."))
    given = (("unit_name", unit_name, _LONGEST_UNIT), ("address", address, _LONGEST_ADDRESS))
    for name, text, longest in given:
        if not text.strip():
            yield Problem(name, Text("This is needed."))
        elif len(text) > longest:
            yield Problem(
                name, Text("A text of at most %(most)s characters is needed.", most=longest)
            )
    yield from key_problems(key)


def key_problems(key: str) -> Iterator[Problem]:
    """Yield a problem where a form has no key under which it can be done just once."""
    if not key or len(key) > _LONGEST_KEY or "#" in key:
        yield Problem("idempotency_key", Text("The form has no valid key; open it again."))


def _opened_before(session: Session, first: Line) -> CaseRef:
    row = cases.find_case(session, first.case_id)
    if row is None or first.step != "open":
        raise _used_before()
    return CaseRef(row.id, row.number)


def _used_before() -> Refused:
    text = Text("This form was sent before, for something else; open it again.")
    return Refused([Problem("idempotency_key", text)])


def _give_to(session: Session, ref: CaseRef, carrier: str, case: Case, actor: Actor) -> None:
    if carrier != SYSTEM and find_login(session, carrier) is None:
        raise Invalid([Problem("carrier", Text("There is no such person."))])
    save_member_grants(session, ref.id, member_grants(case), actor.id)


# ---------------------------------------------------------------------------- acting


def act(
    database: Database,
    law: Law,
    calendar: Calendar,
    actor: Actor,
    case_id: int,
    action: Action,
    *,
    idempotency_key: str,
    now: datetime,
    today: date,
    origin: From = NOWHERE,
) -> Done:
    """Take an action in a case: all of it is saved, or nothing. Asked again, it is done once.

    A case goes by the law that it is pinned to; ``law`` tells which divisions took over from
    others since. A merge, a hand-over to another case and a link write their entry in both cases.

    Raises:
        NoSuchCase: when there is none, or the actor may not see it.
        NotAllowed, Refused, Invalid: as ``engine.apply`` answers.
        Stale: when the case has moved on since the actor saw it.

    """
    try:
        with changing(database) as session:
            return act_in(
                session,
                law,
                calendar,
                actor,
                case_id,
                action,
                idempotency_key=idempotency_key,
                now=now,
                today=today,
                origin=origin,
            )
    except Conflict as conflict:
        return _after_conflict(database, actor, case_id, action, idempotency_key, conflict)


def act_in(
    session: Session,
    law: Law,
    calendar: Calendar,
    actor: Actor,
    case_id: int,
    action: Action,
    *,
    idempotency_key: str,
    now: datetime,
    today: date,
    origin: From = NOWHERE,
) -> Done:
    """Take an action within a transaction that changes more than the case's journal.

    Raises:
        Conflict: when somebody was quicker.
        Faulty: as ``act`` does.

    """
    if problems := list(key_problems(idempotency_key)):
        raise Invalid(problems)
    held = _hold(session, case_id, action)
    check_calendar(session, calendar)
    loaded = held[case_id]
    for line in loaded.lines:
        if (line.actor, line.idempotency_key) == (actor.id, idempotency_key):
            return _repeat(loaded.ref, line, action)
    if not may_see(actor, loaded.case, loaded.ref.number):
        raise NoSuchCase
    if loaded.is_disposed and actor.id != SYSTEM:
        raise DisposedCase(loaded.ref.id, loaded.ref.number)
    check_acting_for(session, actor, action.acting_for, today, loaded.case)
    others = _others_seen(held, actor, loaded, action)
    _check_carrier(session, law, loaded.case, action, today)
    outcome = engine.apply(
        loaded.case,
        actor,
        action,
        calendar=calendar,
        now=now,
        today=today,
        case_id=loaded.ref.number,
    )
    when = _When(calendar, calendar_id(calendar), now, today, origin)
    _save(
        session, loaded, outcome.entry, outcome.case, outcome.deadlines, when,
        idempotency_key, action.expected_version,
    )  # fmt: skip
    _save_linked(session, others, outcome, when, idempotency_key)
    return Done(loaded.ref, outcome.entry, outcome.warnings)


@dataclass(frozen=True, slots=True)
class _When:
    """Under which calendar, when, and from where is something saved?"""

    calendar: Calendar
    calendar_id: str
    now: datetime
    today: date
    origin: From
    is_told: bool = True


def _other_number(action: Action) -> str | None:
    """The number of the other case that an action concerns."""
    match action.payload:
        case Merging(into=other) | HandingOver(to_case=str(other)) | Linking(other=other):
            return other
        case _:
            return None


def _hold(session: Session, case_id: int, action: Action) -> dict[int, Loaded]:
    """Lock and load the cases that an action concerns, in the order of their ids."""
    wanted = {case_id}
    number = _other_number(action)
    other = None if number is None else cases.find_number(session, number)
    if other is not None:
        wanted.add(other)
    return {each: load_case(session, each, lock=True) for each in sorted(wanted)}


def _others_seen(
    held: Mapping[int, Loaded], actor: Actor, loaded: Loaded, action: Action
) -> dict[str, Loaded]:
    """The other cases by their numbers; one that the actor may not see is as good as none."""
    others = {
        each.ref.number: each
        for each in held.values()
        if each is not loaded
        and not each.is_disposed
        and may_see(actor, each.case, each.ref.number)
    }
    number = _other_number(action)
    if number is not None and number != loaded.ref.number and number not in others:
        field = {Merging: "into", HandingOver: "to_case"}.get(type(action.payload), "other")
        raise Invalid([Problem(field, Text("There is no such case."))])
    match action.payload:
        # A link shows in both cases what was done.
        case Linking(other=other, entry=entry) if other in others and (
            entry in others[other].case.restrictions
        ):
            raise Invalid([Problem("entry", Text("A restricted entry can't be linked."))])
    if isinstance(action.payload, Merging):
        for each in others.values():
            if each.case.merged_into is not None:
                text = Text("The case goes on in %(other)s.", other=each.case.merged_into)
                raise Invalid([Problem("into", text)])
    return others


def check_acting_for(
    session: Session, actor: Actor, acting_for: str | None, today: date, case: Case | None = None
) -> None:
    """Refuse somebody who doesn't act for this person today, or where that one was recused."""
    if acting_for is None:
        return
    principal = Actor(acting_for)
    if not may_act_for(session, actor.id, acting_for, today) or (
        case is not None and is_recused(principal, case)
    ):
        raise NotAllowed([Problem("acting_for", Text("You don't act for this person today."))])


def _check_carrier(session: Session, law: Law, case: Case, action: Action, today: date) -> None:
    """A new carrier has an account and the post, on the day of the change and today."""
    if not isinstance(action.payload, Reassigning):
        return
    place, login = case.division, action.payload.carrier
    for on in sorted({action.on, today}):
        # Where nobody knows yet in which county it burned, the post at any place will do.
        places = None if place is None else law.places_of(place, on)
        if not holds_post(session, login, CARRIER, places, on):
            text = Text("This person doesn't hold the post of carrier at this place.")
            raise Invalid([Problem("carrier", text)])


def _repeat(ref: CaseRef, line: Line, action: Action) -> Done:
    entry = line.entry()
    if entry.step != action.step or entry.payload != action.payload:
        raise _used_before()
    return Done(ref, entry, is_repeat=True)


def _after_conflict(
    database: Database,
    actor: Actor,
    case_id: int,
    action: Action,
    idempotency_key: str,
    conflict: Conflict,
) -> Done:
    """Somebody was quicker: the same request, or another change of the case."""
    with database.readers.begin() as session:
        row = cases.find_case(session, case_id)
        line = journal.find_by_key(session, actor.id, idempotency_key)
        if row is not None and line is not None:
            if line.case_id != case_id:
                raise _used_before() from conflict
            return _repeat(CaseRef(case_id, row.number), line, action)
    found = 0 if row is None else int(row["version"])
    raise Stale(action.expected_version or 0, found) from conflict


def _save_linked(
    session: Session, others: Mapping[str, Loaded], outcome: Outcome, when: _When, key: str
) -> None:
    for linked in outcome.linked:
        other = others[linked.case_id]
        entry = linked.entry_in(other.case, outcome.entry)
        after = retold(other.case, (*other.case.journal, entry))
        deadlines = deadlines_of(after, when.calendar, when.today)
        _save(session, other, entry, after, deadlines, when, f"{key}#{other.ref.number}", None)


def _save(
    session: Session,
    before: Loaded,
    entry: Entry,
    after: Case,
    deadlines: tuple[Deadline, ...],
    when: _When,
    idempotency_key: str,
    expected_version: int | None,
) -> None:
    """Write the entry, the projections that follow, and what there is to tell."""
    ref = before.ref
    stored = _by_key(cases.deadlines_of_cases(session, [ref.id]))
    found = deadline_values(ref.id, after, deadlines, when.calendar, when.calendar_id)
    kept = settled(stored, found)
    standing = standing_dates(before, stored, kept, when.calendar, when.today)
    known = carried_on(stored, standing.rows)
    old, new = changed_values(before.case, after, entry)
    line = journal.line_of(
        ref.id,
        ref.number,
        entry,
        old=old,
        new=new,
        expected_version=expected_version,
        idempotency_key=idempotency_key,
        before=before.head_hash,
    )
    journal.append(session, [line])
    _log_entry(session, line, when.origin)
    called = called_values(after, before.row.values)
    values = {
        **case_values(after, kept.values(), when.today),
        **opening_values(after, before.lines[0].news),
        **called,
        "head_hash": line.hash,
    }
    changes = {name: each for name, each in values.items() if before.row[name] != each}
    cases.change_case(session, ref.id, before.case.version, changes)
    _write_deadlines(session, ref.id, stored, kept)
    told = [news_of(ref, entry, each, standing, "entry") for each in moved(known, kept)]
    post(session, told, when.now)
    if kept != stored:
        lay_ladders(session, ref.id, after, deadlines, when.calendar)
    nexts = next_values(ref.id, after, deadlines)
    if nexts != cases.next_steps_of_cases(session, [ref.id])[ref.id]:
        cases.save_next_steps(session, {ref.id: nexts})
    days = [step_day_values(ref.id, each) for each in (before.case, after)]
    cases.put_step_days(session, ref.id, *days)
    if after.recused != before.case.recused:
        cases.save_recusals(session, ref.id, dict(after.recused))
    apart = apart_people(after)
    if apart != apart_people(before.case):
        cases.save_apart(session, ref.id, apart)
    granted = member_grants(after)
    if granted != member_grants(before.case):
        save_member_grants(session, ref.id, granted, entry.actor)
    is_renamed = any(before.row[name] != each for name, each in called.items())
    worded = None if is_renamed else before.case
    words = (called["unit_name"], called["address"], before.row["late_key"])
    _save_words(session, ref, worded, after, *words)


def _log_entry(session: Session, line: Line, origin: From) -> None:
    """Write into the one log of all cases that the entry was added, with its hash."""
    log_access(
        session,
        happened_at=line.recorded_at,
        person=line.actor,
        what="entry",
        case_id=line.case_id,
        item=line.step,
        origin=origin,
        acting_for=line.acting_for,
        entry=line.seq,
        entry_hash=line.hash,
    )


def _save_words(
    session: Session,
    ref: CaseRef,
    before: Case | None,
    after: Case,
    unit_name: str,
    address: str,
    late_key: str | None,
) -> None:
    """Keep the words under which the case is found, where they changed; also its old number."""
    old = () if late_key is None else (late_key.partition(":")[2],)
    words = words_of((*old, *searched_parts(after, ref.number, unit_name, address)))
    known = None if before is None else searched_parts(before, ref.number, unit_name, address)
    if known is None or words != words_of((*old, *known)):
        place = after.division
        places = [each for each in ((place.code, place.parent) if place else ()) if each]
        save_words(session, ref.id, places, words)


def _by_key(rows: Iterable[Values]) -> dict[Key, Values]:
    return {(each["clock"], each["instance"]): each for each in rows}


@dataclass(frozen=True, slots=True)
class StandingDates:
    """How a case's clocks would stand today without a change: their rows, and what they'd be due.

    ``held_on``: of each that runs on while an appraisal is out, as if that had taken no time.
    """

    rows: Mapping[Key, Values] = field(default_factory=dict)
    held_on: Mapping[Key, date] = field(default_factory=dict)


def standing_dates(
    loaded: Loaded,
    stored: Mapping[Key, Values],
    kept: Mapping[Key, Values],
    calendar: Calendar,
    today: date,
) -> StandingDates:
    """How they would stand today without the change, where one runs on or a date moved."""
    runs_on = any(each["runs_since"] is not None for each in stored.values())
    if not runs_on and all(each.kind != "deadline_moved" for each in moved(stored, kept)):
        return StandingDates()
    deadlines = deadlines_of(loaded.case, calendar, today)
    rows = deadline_values(loaded.ref.id, loaded.case, deadlines, calendar, calendar_id(calendar))
    held_on = {
        (each.clock.id, each.run.instance): each.count.held_on
        for each in deadlines
        if each.count.held_on is not None
    }
    return StandingDates(rows, held_on)


def _why(each: Moved, standing: StandingDates, cause: str) -> str:
    """Why a date moved: by the change, or by a calendar that is another one since the last count."""
    if each.kind in ("deadline_paused", "deadline_resumed"):
        return each.kind.removeprefix("deadline_")
    if each.kind != "deadline_moved" or each.after is None:
        return cause
    today_too = standing.rows.get(each.key)
    is_by_itself = today_too is not None and today_too["due_on"] == each.after["due_on"]
    return "calendar" if is_by_itself else cause


def _write_deadlines(
    session: Session, case_id: int, stored: Mapping[Key, Values], kept: Mapping[Key, Values]
) -> None:
    cases.save_deadlines(
        session,
        added=[each for key, each in kept.items() if key not in stored],
        changed=[each for key, each in kept.items() if key in stored and stored[key] != each],
        removed=[(case_id, *key) for key in stored if key not in kept],
    )


def news_of(
    ref: CaseRef,
    entry: Entry,
    each: Moved,
    standing: StandingDates,
    cause: str,
    counted_on: date | None = None,
) -> Notice:
    """The job to tell of it. ``cause``: "entry", or what made the dates move without one.

    ``counted_on``: the day of a count anew that has no entry of its own.
    """
    clock, instance = each.key
    payload: Document = {"case": ref.number, "entry": entry.seq, "clock": clock}
    payload["instance"] = instance
    payload["cause"] = _why(each, standing, cause)
    for name, values in (("before", each.before), ("after", each.after)):
        if values is not None:
            told = ("due_on", "due_at", "act_by", "provisional", "ended_on", "end", "runs_since")
            payload[name] = {column: encode_value(values[column]) for column in told}
    if each.kind == "deadline_resumed":
        payload["held_on"] = encode_value(standing.held_on.get(each.key))
    # Without an entry, the same clock can move again while its case stands still.
    again = "" if counted_on is None else f":{counted_on}:{(each.after or {}).get('due_on')}"
    key = f"{ref.number}:{entry.seq}:{each.kind}:{clock}:{instance}{again}"
    return Notice(key, ref.id, each.kind, payload)


def recount(
    session: Session, loaded: Loaded, calendar: Calendar, *, now: datetime, today: date
) -> tuple[Deadline, ...]:
    """Count a case's clocks anew as of today, save what differs, and return the deadlines.

    ``loaded``: the case, locked. A clock that was satisfied stays as it is.

    Raises:
        Conflict: when a notice was entered since the calendar was read.

    """
    check_calendar(session, calendar)
    case, row = loaded.case, loaded.row
    deadlines = deadlines_of(case, calendar, today)
    stored = _by_key(cases.deadlines_of_cases(session, [row.id]))
    found = deadline_values(row.id, case, deadlines, calendar, calendar_id(calendar))
    kept = settled(stored, found)
    if kept == stored:
        return deadlines
    _write_deadlines(session, row.id, stored, kept)
    entry = loaded.lines[-1].entry()
    # That a date moved on while an appraisal is out is no news: it does so every day.
    known = carried_on(stored, kept)
    told = [
        news_of(loaded.ref, entry, each, StandingDates(), "calendar", today)
        for each in moved(known, kept)
    ]
    post_once(session, told, now)
    _follow(session, loaded, kept, deadlines, calendar, today)
    return deadlines


def _follow(
    session: Session,
    loaded: Loaded,
    kept: Mapping[Key, Values],
    deadlines: tuple[Deadline, ...],
    calendar: Calendar,
    today: date,
) -> None:
    """Let the rest of the lists follow deadlines that were counted anew without an entry."""
    case, row = loaded.case, loaded.row
    lay_ladders(session, row.id, case, deadlines, calendar)
    values = case_values(case, kept.values(), today)
    changes = {name: each for name, each in values.items() if row[name] != each}
    if changes:
        cases.repair_case(session, row.id, changes)
    cases.save_next_steps(session, {row.id: next_values(row.id, case, deadlines)})


def folded_cases(session: Session, rows: Sequence[Stored]) -> list[Loaded]:
    """Return cases by their rows, each folded from its journal; two queries for all of them.

    A case that can't be read is left out, and named in the program's log; ``rebuild`` tells of it
    too.
    """
    lines = journal.lines_of_cases(session, [row.id for row in rows])
    found = []
    for row in rows:
        try:
            found.append(_folded(session, row, lines[row.id]))
        except (Unreadable, ValueError):
            logger.exception("unreadable case", extra={"fields": {"case_id": row.id}})
    return found


# ---------------------------------------------------------------------------- proving and repairing

#: How many cases are read at a time.
_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Difference:
    """Where do the lists say something else than journal or records? ``key`` names a row."""

    number: str
    table: str
    key: str
    column: str
    stored: object
    expected: object


def rebuild(
    database: Database, calendar: Calendar, *, check: bool = True, case_id: int | None = None
) -> Iterator[Difference]:
    """Yield each place where cases and deadlines differ from the fold of the journal.

    So with what is worked out of the records of registers: which version is the last of each item,
    and by what it is found.

    With ``check=False`` they are put right as well, some cases at a time; nothing is told of it.
    Deadlines are counted as on the day on which the row was written, so that only a newer
    calendar or a wrong row differs. What can't be read at all is a difference of its own, and
    stays as it is.
    """
    name = calendar_id(calendar)
    after_id = 0
    while True:
        sessions = database.readers if check else database.sessions
        with sessions.begin() as session:
            rows = cases.cases_after(session, after_id, _AT_ONCE, case_id=case_id, lock=not check)
            found = list(_differences(session, rows, calendar, name, repair=not check))
        yield from found
        if not rows:
            return
        after_id = rows[-1].id


def fill_ledger(database: Database) -> int:
    """Write what the ledger and the reports count into cases from before it was kept; how many.

    The rest of their rows stays. A case that can't be read is left as it is.
    """
    after_id = count = 0
    while True:
        with changing(database) as session:
            rows = cases.cases_after(session, after_id, _AT_ONCE, lock=True)
            found = folded_cases(session, rows)
            changes = {
                each.ref.id: {
                    **figure_values(each.case),
                    **opening_values(each.case, each.lines[0].news),
                }
                for each in found
            }
            cases.change_locked_cases(session, changes)
            days = {each.ref.id: step_day_values(each.ref.id, each.case) for each in found}
            cases.save_step_days(session, days)
        count += len(found)
        if not rows:
            return count
        after_id = rows[-1].id


def _differences(
    session: Session, rows: list[Stored], calendar: Calendar, calendar_name: str, *, repair: bool
) -> Iterator[Difference]:
    ids = [row.id for row in rows]
    lines = journal.lines_of_cases(session, ids)
    told = [_told(session, row, lines[row.id]) for row in rows]
    folded = [each for each in told if isinstance(each, Loaded)]
    kept_now = _Kept.of(session, ids, folded)
    numbers = {row.id: row.number for row in rows}
    for differs in register_differences(session, ids, repair=repair):
        yield Difference(
            numbers[differs.case_id],
            differs.table,
            differs.key,
            "",
            differs.stored,
            differs.expected,
        )
    for each in told:
        if isinstance(each, Difference):
            yield each
            continue
        found = list(_case_differences(each, kept_now, calendar, calendar_name))
        for part in found:
            yield from part.differences
            if repair:
                part.put_right(session)
        if repair:
            row = each.row
            words = (row["unit_name"], row["address"], row["late_key"])
            _save_words(session, each.ref, None, each.case, *words)


def _told(session: Session, row: Stored, lines: list[Line]) -> Loaded | Difference:
    try:
        return _folded(session, _pinned(row, lines), lines)
    except (Unreadable, ValueError) as error:
        return Difference(row.number, "journal", "", "", None, str(error))


@dataclass(frozen=True)
class _Kept:
    """What the projections of some cases say, read with one query each."""

    recused: Mapping[int, dict[str, date]]
    apart: Mapping[int, frozenset[tuple[str, str]]]
    granted: Mapping[int, frozenset[MemberGrant]]
    nexts: Mapping[int, list[Values]]
    days: Mapping[int, dict[str, Values]]
    deadlines: Mapping[int, list[Values]]
    accounts: Collection[str]

    @classmethod
    def of(cls, session: Session, ids: list[int], folded: list[Loaded]) -> "_Kept":
        deadlines: dict[int, list[Values]] = {case_id: [] for case_id in ids}
        for values in cases.deadlines_of_cases(session, ids):
            deadlines[values["case_id"]].append(values)
        people = {each.login for loaded in folded for each in member_grants(loaded.case)}
        return cls(
            cases.recusals_of_cases(session, ids),
            cases.apart_of_cases(session, ids),
            member_grants_of_cases(session, ids),
            cases.next_steps_of_cases(session, ids),
            cases.step_days_of_cases(session, ids),
            deadlines,
            ids_of_logins(session, people),
        )


@dataclass(frozen=True)
class _Part:
    """What differs in one table, and how it is put right."""

    differences: list[Difference]
    put_right: Callable[[Session], None]


def _case_differences(
    loaded: Loaded, kept_now: _Kept, calendar: Calendar, calendar_name: str
) -> Iterator[_Part]:
    case, row, number = loaded.case, loaded.row, loaded.ref.number
    counted = deadlines_of(case, calendar, row["counted_on"])
    stored = _by_key(kept_now.deadlines[row.id])
    kept = settled(stored, deadline_values(row.id, case, counted, calendar, calendar_name))
    expected = _expected(loaded, kept.values())
    changes = {name: value for name, value in expected.items() if row[name] != value}
    yield _Part(
        [Difference(number, "cases", "", name, row[name], each) for name, each in changes.items()],
        lambda session: cases.repair_case(session, row.id, changes) if changes else None,
    )
    yield _Part(
        list(_deadline_differences(number, stored, kept)),
        lambda session: _write_counted(session, row.id, stored, kept, loaded, counted, calendar),
    )
    recused = dict(case.recused)
    yield _whole(
        number, "recusals", kept_now.recused[row.id], recused,
        lambda session: cases.save_recusals(session, row.id, recused),
    )  # fmt: skip
    apart = apart_people(case)
    yield _whole(
        number, "apart", kept_now.apart[row.id], apart,
        lambda session: cases.save_apart(session, row.id, apart),
    )  # fmt: skip
    nexts = next_values(row.id, case, counted)
    yield _whole(
        number, "next_steps", kept_now.nexts[row.id], nexts,
        lambda session: cases.save_next_steps(session, {row.id: nexts}),
    )  # fmt: skip
    days = step_day_values(row.id, case)
    yield _whole(
        number, "step_days", kept_now.days[row.id], days,
        lambda session: cases.save_step_days(session, {row.id: days}),
    )  # fmt: skip
    granted = frozenset(each for each in member_grants(case) if each.login in kept_now.accounts)
    actor = loaded.lines[-1].actor
    yield _whole(
        number, "grants", kept_now.granted[row.id], granted,
        lambda session: save_member_grants(session, row.id, granted, actor),
    )  # fmt: skip


def _write_counted(
    session: Session,
    case_id: int,
    stored: Mapping[Key, Values],
    kept: Mapping[Key, Values],
    loaded: Loaded,
    counted: tuple[Deadline, ...],
    calendar: Calendar,
) -> None:
    """Put a case's deadlines right, and its ladders with them."""
    _write_deadlines(session, case_id, stored, kept)
    lay_ladders(session, case_id, loaded.case, counted, calendar)


def _whole(
    number: str,
    table: str,
    stored: object,
    expected: object,
    put_right: Callable[[Session], None],
) -> _Part:
    """A table that is compared and put right as a whole."""
    if stored == expected:
        return _Part([], lambda _session: None)
    return _Part([Difference(number, table, "", "", stored, expected)], put_right)


def _pinned(row: Stored, lines: list[Line]) -> Stored:
    """The row with the law that the opening names, should its own word on it be wrong."""
    pin = lines[0].news.get("ruleset") if lines else None
    return row if pin is None else replace(row, values={**row.values, "ruleset_pin": pin})


def _expected(loaded: Loaded, kept: Iterable[Values]) -> Values:
    opening = loaded.lines[0]
    said = {"number": opening.news["number"], **called_values(loaded.case, opening.news)}
    return {
        **case_values(loaded.case, kept, loaded.row["counted_on"]),
        **opening_values(loaded.case, opening.news),
        **said,
        "ruleset_pin": opening.news["ruleset"],
        "opened_at": opening.recorded_at,
        "head_hash": loaded.head_hash,
    }


def _deadline_differences(
    number: str, stored: Mapping[Key, Values], kept: Mapping[Key, Values]
) -> Iterator[Difference]:
    for key in sorted({*stored, *kept}):
        name = "/".join(key)
        if key not in kept or key not in stored:
            is_there = key in stored
            yield Difference(number, "deadlines", name, "", is_there, not is_there)
            continue
        for column, value in kept[key].items():
            if stored[key][column] != value:
                yield Difference(number, "deadlines", name, column, stored[key][column], value)
