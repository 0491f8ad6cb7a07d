"""A holiday notice is entered, or a reading decided: which clocks move, and their being moved.

Both are previewed first, over all open cases, and applied in one transaction: what is entered, and
every case that moves with its own entry. It is counted before that transaction begins, which only
writes, so that others wait for moments. Where something changed since the preview, nothing is
applied and the new preview is to be looked at.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime

from fireinvest.messages import Faulty, Problem, Text
from fireinvest.regulation.calendar import Calendar, Notice, notice_document
from fireinvest.regulation.profile import Reading, Ruleset
from fireinvest.services.cases import check_calendar
from fireinvest.services.recounts import (
    Asked,
    Change,
    Prepared,
    Recount,
    prepare,
    recounts,
    write,
)
from fireinvest.store import Database, Session, readings
from fireinvest.store.access import NOWHERE, From, log_access
from fireinvest.store.conflicts import Conflict, changing
from fireinvest.store.holding import hold_rules
from fireinvest.store.notices import add_notice, documents_in_force, next_revision
from fireinvest.store.projections import Moved, calendar_id
from fireinvest.store.readings import ReadingDecision
from fireinvest.workflow.actions import Cause, Recounting
from fireinvest.workflow.deadlines import deadlines_of
from fireinvest.workflow.permissions import Actor, may_see

_LONGEST_WORDS = 2000
#: How many moves a preview names one by one.
_NAMED = 200


class Changed(Faulty):
    """Something changed since the preview: nothing was applied, and it is to be looked at anew."""

    def __init__(self) -> None:
        """Say no more than that."""
        text = Text("Something has changed since this was shown; nothing was applied. Look again.")
        super().__init__([Problem("seen", text)])


# ---------------------------------------------------------------------------- what is to change


@dataclass(frozen=True, slots=True)
class ClockMove:
    """A running clock that moves: where, and from which day to which."""

    number: str
    division: str | None
    clock: str
    instance: str
    old_on: date
    new_on: date
    is_confirmed: bool

    @property
    def moves(self) -> bool:
        """Does its day change, or is it only certain now?"""
        return self.old_on != self.new_on


@dataclass(slots=True)
class Tally:
    """The clocks of one kind in one place that move, and the first and the last such move."""

    division: str | None
    clock: str
    moved: int = 0
    confirmed: int = 0
    first: ClockMove | None = None
    last: ClockMove | None = None

    def add(self, move: ClockMove) -> None:
        """Count a move."""
        if not move.moves:
            self.confirmed += 1
            return
        self.moved += 1
        if self.first is None or move.old_on < self.first.old_on:
            self.first = move
        if self.last is None or move.old_on > self.last.old_on:
            self.last = move


@dataclass(slots=True)
class Preview:
    """What a change does: to how many cases and clocks, by place and clock, and to one's own cases.

    ``seen``: by it the same preview is known again. ``named``: the moves in cases that whoever
    asks may see, up to a number.
    """

    seen: str = ""
    cases: int = 0
    noted: int = 0
    moved: int = 0
    confirmed: int = 0
    tallies: dict[tuple[str | None, str], Tally] = field(default_factory=dict)
    named: list[ClockMove] = field(default_factory=list)

    def add(self, move: ClockMove, *, is_visible: bool) -> None:
        """Count a move."""
        self.moved += move.moves
        self.confirmed += not move.moves
        place = (move.division, move.clock)
        self.tallies.setdefault(place, Tally(*place)).add(move)
        if is_visible and len(self.named) < _NAMED:
            self.named.append(move)

    @property
    def sorted_tallies(self) -> list[Tally]:
        """The tallies by place and clock."""
        return [self.tallies[key] for key in sorted(self.tallies, key=lambda k: (k[0] or "", k[1]))]


# ---------------------------------------------------------------------------- looking and applying


#: What may have moved a date, or made it certain.
_MOVING = frozenset({"deadline_moved", "deadline_confirmed", "deadline_paused", "deadline_resumed"})


def _moves(found: Recount, change: Change, today: date) -> Iterator[ClockMove]:
    """The moves that the change makes: not those that the day of asking makes by itself."""
    told = [each for each in found.moves if each.kind in _MOVING]
    if not told:
        return
    before = {
        (each.clock.id, each.run.instance): each.due_on
        for each in deadlines_of(found.loaded.case, change.before, today)
    }
    place = found.loaded.case.division
    for each in told:
        old_on = before.get(each.key, _day(each, "before"))
        move = ClockMove(
            found.loaded.ref.number,
            place.code if place else None,
            *each.key,
            old_on,
            _day(each, "after"),
            is_confirmed=_is_provisional(each, "before") and not _is_provisional(each, "after"),
        )
        if move.moves or move.is_confirmed:
            yield move


def _day(moved: Moved, part: str) -> date:
    found: date = (getattr(moved, part) or {})["due_on"]
    return found


def _is_provisional(moved: Moved, part: str) -> bool:
    return bool((getattr(moved, part) or {})["provisional"])


class _Look:
    """Notes what moves in each case, for whoever asks."""

    def __init__(self, change: Change, actor: Actor, today: date) -> None:
        self.change, self.actor, self.today = change, actor, today

    def at(self, found: Recount) -> "_Noted":
        """Return what moves in one case."""
        moves = tuple(_moves(found, self.change, self.today))
        number = found.loaded.ref.number
        is_visible = bool(moves) and may_see(self.actor, found.loaded.case, number)
        return _Noted(number, moves, is_told=found.is_told, is_visible=is_visible)


@dataclass(frozen=True, slots=True)
class _Noted:
    """What moves in one case, and whether whoever asks may see which one it is."""

    number: str
    moves: tuple[ClockMove, ...]
    is_told: bool
    is_visible: bool


def _summed(change: Change, noted: Iterable[object]) -> Preview:
    """Return what moves in all cases, with its fingerprint."""
    found = Preview()
    digest = hashlib.sha256(_fingerprint(change))
    for case in noted:
        if not isinstance(case, _Noted):
            continue
        found.noted += case.is_told
        found.cases += bool(case.moves)
        for each in case.moves:
            found.add(each, is_visible=case.is_visible)
            parts = (case.number, each.clock, each.instance, each.old_on, each.new_on)
            digest.update("|".join(f"{part}" for part in parts).encode() + b"\n")
    found.seen = digest.hexdigest()
    return found


def _fingerprint(change: Change) -> bytes:
    parts = [repr(change.payload), change.profile or "", calendar_id(change.after)]
    parts.extend(notice_document(each) for each in change.after.in_force)
    return "\n".join(parts).encode()


def preview(
    database: Database, change: Change, actor: Actor, *, now: datetime, today: date
) -> Preview:
    """Return what a change would move in all open cases; nothing is saved, memory stays flat."""
    look = _Look(change, actor, today)
    asked = Asked(actor.id, now, today)
    with database.readers.begin() as session:
        return _summed(change, (look.at(each) for each in recounts(session, change, asked)))


@dataclass(frozen=True)
class _Plan:
    """A change that was counted in all open cases, ready to be written."""

    change: Change
    asked: Asked
    look: _Look
    prepared: dict[int, Prepared]

    @classmethod
    def of(
        cls,
        database: Database,
        change: Change,
        actor: Actor,
        seen: str | None,
        *,
        now: datetime,
        today: date,
    ) -> "_Plan":
        """Count it, holding nobody up. Raises Changed where that isn't what was looked at."""
        look, asked = _Look(change, actor, today), Asked(actor.id, now, today)
        plan = cls(change, asked, look, prepare(database, change, asked, look))
        if seen is not None:
            by_id = (plan.prepared[case_id].about for case_id in sorted(plan.prepared))
            if _summed(change, by_id).seen != seen:
                raise Changed
        return plan

    def apply(self, session: Session, seen: str | None, origin: From) -> Preview:
        """Write it. Raises Changed where that isn't what was looked at."""
        written = write(
            session, self.change, self.asked, self.prepared, self.look, origin
        )  # fmt: skip
        done = _summed(self.change, (each.about for each in written))
        if seen is not None and seen != done.seen:
            raise Changed
        return done


# ---------------------------------------------------------------------------- notices


@dataclass(frozen=True, slots=True)
class Entered:
    """A notice is in force: which revision of its year, and what its entering moved.

    ``moved`` is None where the same notice was in force already.
    """

    revision: int
    moved: Preview | None


def _notice_change(calendar: Calendar, notice: Notice, revision: int) -> Change:
    payload = Recounting(
        Cause.CALENDAR,
        notice.number,
        year=notice.year,
        revision=revision,
        division=notice.division,
    )
    after = Calendar((*calendar.notices, notice), calendar.library_until)
    return Change(payload, calendar, after, f"notice:{notice.year}:{revision}")


def preview_notice(
    database: Database,
    calendar: Calendar,
    notice: Notice,
    actor: Actor,
    *,
    now: datetime,
    today: date,
) -> Preview | None:
    """Return what entering a notice would move, None where just this one is in force already.

    ``calendar``: the one in force.
    """
    with database.readers.begin() as session:
        if notice_document(notice) in documents_in_force(session):
            return None
        change = _notice_change(calendar, notice, next_revision(session, notice.year))
    return preview(database, change, actor, now=now, today=today)


def enter_notice(
    database: Database,
    calendar: Calendar,
    notice: Notice,
    actor: Actor,
    *,
    seen: str | None,
    now: datetime,
    today: date,
    origin: From = NOWHERE,
) -> Entered:
    """Enter a notice and move what it moves, all or nothing; the same one again adds nothing.

    ``seen``: the fingerprint of the preview that was looked at, None to apply without one.

    Raises:
        Changed: when the preview is no longer what would happen.

    """
    with database.readers.begin() as session:
        is_known = notice_document(notice) in documents_in_force(session)
        expected = next_revision(session, notice.year)
    plan = None
    if not is_known:
        change = _notice_change(calendar, notice, expected)
        plan = _Plan.of(database, change, actor, seen, now=now, today=today)
    try:
        with changing(database) as session:
            hold_rules(session, alone=True)
            check_calendar(session, calendar)
            is_new = notice_document(notice) not in documents_in_force(session)
            revision = add_notice(
                session,
                year=notice.year,
                number=notice.number,
                published_on=notice.published_on,
                document=notice_document(notice),
                recorded_at=now,
                division=notice.division,
                recorded_by=actor.id,
            )
            if not is_new:
                return Entered(revision, None)
            if plan is None or revision != expected:
                raise Conflict
            moved = plan.apply(session, seen, origin)
            log_access(
                session,
                happened_at=now,
                person=actor.id,
                what="notice_entered",
                item=f"{notice.year}/{revision}",
                origin=origin,
                new={
                    "number": notice.number,
                    "division": notice.division,
                    "cases": moved.cases,
                    "clocks": moved.moved,
                },
            )
            return Entered(revision, moved)
    except Conflict as conflict:
        raise Changed from conflict


# ---------------------------------------------------------------------------- readings


@dataclass(frozen=True, slots=True)
class Draft:
    """A decision on an unclear point, as somebody wants to record it."""

    reading: str
    option: str
    applies_from: date
    decided_by: str
    document: str
    reason: str


def decision_problems(ruleset: Ruleset, draft: Draft) -> list[Problem]:
    """Return what is wrong with a decision."""
    reading = ruleset.readings.get(draft.reading)
    if reading is None:
        return [Problem("reading", Text("There is no such question."))]
    problems = []
    known = {each.id for each in reading.options}
    if draft.option not in known:
        problems.append(Problem("option", Text("One of the answers is needed.")))
    elif reading.setting is None and draft.option != reading.chosen:
        text = Text("Another answer to this question needs another edition of the rule's profile.")
        problems.append(Problem("option", text))
    for name, value in (
        ("decided_by", draft.decided_by),
        ("document", draft.document),
        ("reason", draft.reason),
    ):
        longest = {"decided_by": 200, "document": 300}.get(name, _LONGEST_WORDS)
        if not value.strip():
            problems.append(Problem(name, Text("This is needed.")))
        elif len(value) > longest:
            text = Text("A text of at most %(most)s characters is needed.", most=longest)
            problems.append(Problem(name, text))
    return problems


def option_in_force(
    reading: Reading, decisions: Iterable[ReadingDecision], on: date
) -> tuple[str, ReadingDecision | None]:
    """Return the answer that holds for clocks that begin on a day, and the decision behind it."""
    found = None
    for each in decisions:
        if each.reading == reading.id and each.applies_from <= on:
            found = each
    return (reading.chosen if found is None else found.chosen), found


def _decision(
    ruleset: Ruleset, draft: Draft, actor: Actor, revision: int, now: datetime
) -> ReadingDecision:
    return ReadingDecision(
        profile=ruleset.profile,
        reading=draft.reading,
        revision=revision,
        chosen=draft.option,
        applies_from=draft.applies_from,
        decided_by=draft.decided_by.strip(),
        document=draft.document.strip(),
        reason=draft.reason.strip(),
        recorded_by=actor.id,
        recorded_at=now,
    )


def _decision_change(calendar: Calendar, decision: ReadingDecision) -> Change:
    name = f"{decision.profile}:{decision.reading}:{decision.revision}"
    short = hashlib.sha256(name.encode()).hexdigest()[:16]
    return Change(decision.payload(), calendar, calendar, f"reading:{short}", decision.profile)


def _is_repeat(session: Session, decision: ReadingDecision) -> bool:
    """Is just this the latest decision on its point?"""
    before = [
        each
        for each in readings.decisions_of(session, decision.profile)
        if each.reading == decision.reading
    ]
    return bool(before) and _said(before[-1]) == _said(decision)


def _said(decision: ReadingDecision) -> tuple[object, ...]:
    return (
        decision.chosen,
        decision.applies_from,
        decision.decided_by,
        decision.document,
        decision.reason,
    )


def preview_decision(
    database: Database,
    calendar: Calendar,
    ruleset: Ruleset,
    draft: Draft,
    actor: Actor,
    *,
    now: datetime,
    today: date,
) -> Preview:
    """Return what a decision would move in the open cases of a rule.

    Raises:
        Faulty: with what is wrong with it, beside the fields.

    """
    if problems := decision_problems(ruleset, draft):
        raise Faulty(problems)
    with database.readers.begin() as session:
        revision = readings.next_revision(session, ruleset.profile, draft.reading)
    decision = _decision(ruleset, draft, actor, revision, now)
    change = _decision_change(calendar, decision)
    return preview(database, change, actor, now=now, today=today)


def decide(
    database: Database,
    calendar: Calendar,
    ruleset: Ruleset,
    draft: Draft,
    actor: Actor,
    *,
    seen: str | None,
    now: datetime,
    today: date,
    origin: From = NOWHERE,
    acting_for: str | None = None,
) -> Preview | None:
    """Record a decision and let every open case of the rule know it, all or nothing.

    None where it was recorded already. Who may decide, the caller asks.

    Raises:
        Faulty: with what is wrong with it, beside the fields.
        Changed: when the preview that was looked at is no longer what would happen.

    """
    if problems := decision_problems(ruleset, draft):
        raise Faulty(problems)
    with database.readers.begin() as session:
        revision = readings.next_revision(session, ruleset.profile, draft.reading)
        decision = _decision(ruleset, draft, actor, revision, now)
        if _is_repeat(session, decision):
            return None
    change = _decision_change(calendar, decision)
    plan = _Plan.of(database, change, actor, seen, now=now, today=today)
    try:
        with changing(database) as session:
            hold_rules(session, alone=True)
            check_calendar(session, calendar)
            if _is_repeat(session, decision):
                return None
            if readings.next_revision(session, ruleset.profile, draft.reading) != revision:
                raise Conflict
            readings.add_decision(session, decision)
            moved = plan.apply(session, seen, origin)
            log_access(
                session,
                happened_at=now,
                person=actor.id,
                what="reading_decided",
                item=f"{decision.profile}/{decision.reading}/{revision}",
                origin=origin,
                acting_for=acting_for,
                reason=decision.reason,
                new={
                    "option": decision.chosen,
                    "applies_from": decision.applies_from.isoformat(),
                    "document": decision.document,
                    "cases": moved.noted,
                    "clocks": moved.moved,
                },
            )
            return moved
    except Conflict as conflict:
        raise Changed from conflict
