"""Which deadlines does a case have? Found from its entries, the clocks of its rule, and a day.

Deadlines are a projection: nothing here is kept, everything can be worked out again.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from fireinvest.regulation.calendar import Calendar
from fireinvest.regulation.clocks import (
    Deadline,
    Decided,
    Granted,
    Run,
    SettingValue,
    Test,
    deadline,
    settings_of,
)
from fireinvest.regulation.condition import evaluate
from fireinvest.regulation.profile import Clock, Mode, Per, Ruleset, Setting, StartsFrom, Step
from fireinvest.workflow.actions import DocumentSent, Entry, Extension, Measure, Order
from fireinvest.workflow.case import Case, Responsible, completed


def deadlines_of(case: Case, calendar: Calendar, as_of: date) -> tuple[Deadline, ...]:
    """Return a deadline for every instance of every clock that has started, as known on a day.

    A clock that is satisfied keeps the terms that held then: what comes later moves it no more.
    The days off of the case's own place are left out of its working days.

    Raises:
        Faulty: when a count leaves the calendar.

    """
    calendar = calendar_of(case, calendar)
    found = []
    for clock in case.ruleset.clocks.values():
        for run in runs_of(case, clock):
            view = case.view
            if run.satisfied_on is not None and run.satisfied_by is not None:
                view = case.view_at(run.satisfied_on, run.satisfied_by)
            if evaluate(clock.when, view).holds is not False:
                found.append(deadline(case.ruleset, calendar, clock, run, view, as_of))
    return tuple(found)


def calendar_of(case: Case, calendar: Calendar) -> Calendar:
    """Return the calendar of the place of a case."""
    place = case.division
    return calendar if place is None else calendar.of(place.code, place.parent)


def runs_of(case: Case, clock: Clock) -> tuple[Run, ...]:
    """Return the instances of a clock that have started, as they happened.

    A reading that was decided holds for those that begin on its first day or later, but never for
    one that had ended when the case learnt of it.
    """
    if not case.modes_seen & set(clock.modes):
        return ()
    wires = _wires_of(case.ruleset)[clock.id]
    runs = _runs(case, clock, wires)
    for each in case.readings:
        if each.reading in wires.readings:
            others = _runs(case, clock, _rewired(case.ruleset, wires, each))
            for instance, run in runs.items():
                if _goes_by(run, each):
                    kept = (one for one in run.decided if one.reading != each.reading)
                    changed = others.get(instance, run)
                    runs[instance] = replace(changed, decided=(*kept, each))
    return tuple(runs.values())


def _runs(case: Case, clock: Clock, wires: "_Wires") -> dict[str, Run]:
    ended = (_ended(case, clock, run) for run in _RUNS[clock.per](case, clock, wires))
    return {
        run.instance: replace(run, tests=_tests(case, wires, run.satisfied_on))
        if wires.tests
        else run
        for run in ended
        if run is not None
    }


def _rewired(ruleset: Ruleset, wires: "_Wires", decided: Decided) -> "_Wires":
    """A reading can decide which steps satisfy a clock; others leave its steps as they are."""
    reading = ruleset.readings[decided.reading]
    value = reading.option(decided.option).value
    if reading.setting is not Setting.SATISFIED_BY or not isinstance(value, tuple):
        return wires
    return replace(wires, satisfies=tuple(ruleset.steps[name] for name in value))


def _goes_by(run: Run, decided: Decided) -> bool:
    if run.start_on < decided.applies_from:
        return False
    if run.satisfied_by is not None:
        return run.satisfied_by > decided.entry
    ended_on = run.returned_on or run.handed_over_on
    return ended_on is None or ended_on > decided.known_on


def _ended(case: Case, clock: Clock, run: Run) -> Run | None:
    """A case that leaves the rule, or goes on in another, stops what still runs.

    A fire found to be out of scope never was under this rule: what wasn't satisfied is gone.
    """
    if run.satisfied_on or run.returned_on or run.handed_over_on:
        return run
    if case.merged_on is not None:
        return replace(run, handed_over_on=case.merged_on)
    if case.mode in clock.modes or case.mode is Mode.INVESTIGATE:
        return run
    if case.mode is Mode.OUT_OF_SCOPE:
        return None
    return replace(run, handed_over_on=case.mode_since)


def _tests(case: Case, wires: "_Wires", satisfied_on: date | None) -> tuple[Test, ...]:
    """The appraisals up to the satisfaction: what comes back later doesn't move the clock."""
    tests = case.tests(wires.tests)
    if satisfied_on is None:
        return tests
    return tuple(
        Test(each.began_on, min(each.ended_on or satisfied_on, satisfied_on))
        for each in tests
        if each.began_on <= satisfied_on
    )


# ---------------------------------------------------------------------------- the table, by clock


@dataclass(frozen=True, slots=True)
class _Wires:
    """The steps that start, satisfy or extend a clock, as the table and the readings say."""

    starts: tuple[Step, ...]
    satisfies: tuple[Step, ...]
    extends: tuple[Step, ...]
    tests: tuple[str, ...]
    readings: frozenset[str]


#: Worked out once for each ruleset in use; the ruleset is kept so that its identity stays its own.
_KNOWN: dict[int, tuple[Ruleset, Mapping[str, _Wires]]] = {}


def _wires_of(ruleset: Ruleset) -> Mapping[str, _Wires]:
    found = _KNOWN.get(id(ruleset))
    if found is None:
        found = (ruleset, {clock: _wired(ruleset, clock) for clock in ruleset.clocks})
        _KNOWN[id(ruleset)] = found
    return found[1]


def satisfying_steps(
    ruleset: Ruleset, clock: str, decided: Iterable[Decided] = ()
) -> tuple[Step, ...]:
    """Return the steps that satisfy a clock, as the table and the readings decided for it say."""
    wires = _wires_of(ruleset)[clock]
    for each in decided:
        wires = _rewired(ruleset, wires, each)
    return wires.satisfies


def _wired(ruleset: Ruleset, clock: str) -> _Wires:
    steps = ruleset.steps.values()
    terms = [term for term in ruleset.terms.values() if term.clock == clock]
    chosen: list[SettingValue] = [
        settings[Setting.SATISFIED_BY]
        for settings in (settings_of(ruleset, term) for term in terms)
        if Setting.SATISFIED_BY in settings
    ]
    by_reading = [name for value in chosen[:1] if isinstance(value, tuple) for name in value]
    return _Wires(
        starts=tuple(step for step in steps if clock in step.starts),
        satisfies=tuple(ruleset.steps[name] for name in by_reading)
        or tuple(step for step in steps if clock in step.satisfies),
        extends=tuple(step for step in steps if step.extends == clock),
        tests=tuple(dict.fromkeys(name for term in terms for name in term.tests)),
        readings=frozenset(name for term in terms for name in term.readings),
    )


def _by_day(entries: Iterable[Entry]) -> list[Entry]:
    return sorted(entries, key=_place)


def _place(entry: Entry) -> tuple[date, int]:
    return entry.on, entry.seq


def _entries(case: Case, steps: Iterable[Step]) -> list[Entry]:
    return _by_day(entry for step in steps for entry in case.done.get(step.id, ()))


def _satisfying(case: Case, wires: _Wires) -> list[Entry]:
    """The entries that satisfy a clock: of a step that goes through a list, the one completing it."""
    found: list[Entry] = []
    for step in wires.satisfies:
        if step.items is None:
            found.extend(case.done.get(step.id, ()))
            continue
        entry = completed(case, step)
        if entry is not None:
            found.append(entry)
    return _by_day(found)


def _satisfied(run: Run, entries: Iterable[Entry]) -> Run:
    """The first entry that satisfies ends the run; what comes later doesn't move it."""
    entry = next(iter(entries), None)
    if entry is None:
        return run
    return replace(run, satisfied_on=entry.on, satisfied_at=entry.at, satisfied_by=entry.seq)


def _extended(case: Case, wires: _Wires, run: Run) -> Run:
    """The run with the extensions decided while it was running."""
    end = (run.satisfied_on, run.satisfied_by)
    granted = tuple(
        Granted(entry.payload.days or 0, entry.on, entry.seq)
        for entry in _entries(case, wires.extends)
        if isinstance(entry.payload, Extension)
        and (end[0] is None or end[1] is None or _place(entry) < (end[0], end[1]))
    )
    return replace(run, extensions=granted) if granted else run


# ---------------------------------------------------------------------------- instances


def _once(case: Case, clock: Clock, wires: _Wires) -> list[Run]:
    if clock.starts_from is StartsFrom.FIRE:
        first = case.governments[0] if case.governments else None
        # A clock of fires out of scope didn't arise late when such a fire came into scope.
        is_late = first is not None and Mode.OUT_OF_SCOPE not in clock.modes
        run = _from_fire(case, "1", first.late_since if first and is_late else None)
    else:
        starts = _entries(case, wires.starts)
        if not starts:
            return []
        start = starts[0]
        day = getattr(start.payload, clock.date_field, None)
        run = Run("1", day if isinstance(day, date) else start.on, start.at, start.seq)
    return [_extended(case, wires, _satisfied(run, _satisfying(case, wires)))]


def _from_fire(case: Case, instance: str, late_since: date | None) -> Run:
    return Run(instance, case.occurred_on, case.occurred_at, None, late_since=late_since)


def _each_government(case: Case, clock: Clock, wires: _Wires) -> list[Run]:
    """One instance for each government that was or is responsible, numbered as they came.

    A superior's own team has no clocks of this rule; only the request that its being named asks
    of the place runs until the hand-over.
    """
    by_rule = clock.per is Per.GOVERNMENT_BY_RULE
    responsible = [
        each
        for each in case.governments
        if by_rule or (not each.is_pending and case.acts(each.government) in clock.modes)
    ]
    satisfying = _satisfying(case, wires)
    starts = _entries(case, wires.starts)
    if not case.governments and clock.starts_from is StartsFrom.FIRE:
        # As long as it isn't known which government is responsible, its clocks run all the same.
        return [_extended(case, wires, _satisfied(_from_fire(case, "1", None), satisfying))]
    runs = []
    for index, each in enumerate(responsible):
        if clock.starts_from is StartsFrom.FIRE:
            run = _from_fire(case, str(index + 1), each.late_since)
        else:
            first = next((e for e in starts if _government_of(e, responsible, clock) is each), None)
            if first is None:
                continue
            run = Run(str(index + 1), first.on, first.at, first.seq)
        run = replace(run, government=each.government)
        run = _satisfied(
            run, (e for e in satisfying if _government_of(e, responsible, clock) is each)
        )
        if run.satisfied_on is None:
            run = replace(run, handed_over_on=_left_on(case, clock, each))
        runs.append(_extended(case, wires, run))
    return runs


def _left_on(case: Case, clock: Clock, government: Responsible) -> date | None:
    """When the clock of a government ends unmet: when it hands over, or takes over outside."""
    if government.until is None and case.acts(government.government) not in clock.modes:
        return government.took_over_on
    return government.until


def _government_of(
    entry: Entry, responsible: list[Responsible], clock: Clock
) -> Responsible | None:
    """To which government an entry belongs: by its own word, else to the latest by its day."""
    named = entry.payload.government if isinstance(entry.payload, DocumentSent) else None
    meant = [each for each in responsible if named in (None, each.government)]
    begun = [each for each in meant if _since(each, clock) <= _place(entry)]
    return next(iter(begun[-1:] or meant), None)


def _since(government: Responsible, clock: Clock) -> tuple[date, int]:
    """From when on entries are its own: since the rule names it, or since it took over."""
    if clock.per is Per.GOVERNMENT_BY_RULE:
        return government.late_since or date.min, government.named_by or 0
    return government.took_over_on or date.min, government.took_over_by or 0


def _each_submission(case: Case, clock: Clock, wires: _Wires) -> list[Run]:
    """One instance for each time that the thing was sent: from its receipt, else its sending.

    It ends with the reply, with the return, or when the government to which it went hands over.
    """
    sent = _entries(case, wires.starts)
    received = case.done.get(clock.received_by or "", ())
    returned = case.done.get(clock.returned_by or "", ())
    satisfying = _satisfying(case, wires)
    acting = [each for each in case.governments if not each.is_pending]
    runs: list[Run] = []
    first_start_on: date | None = None
    for index, start in enumerate(sent):
        following = sent[index + 1] if index + 1 < len(sent) else None
        receipt = _first_between(received, start, following)
        back = _first_between(returned, start, following)
        begun = receipt or start
        run = Run(
            str(index + 1),
            begun.on,
            begun.at,
            begun.seq,
            first_start_on=first_start_on,
            awaits_receipt=receipt is None,
        )
        first_start_on = first_start_on or begun.on
        government = _government_of(start, acting, clock)
        until = government.until if government else None
        if back is not None:
            run = replace(run, returned_on=back.on)
        else:
            answers = (e for e in satisfying if _place(e) > _place(start))
            run = _satisfied(run, (e for e in answers if until is None or e.on <= until))
        if run.returned_on is None and run.satisfied_on is None:
            run = replace(run, handed_over_on=until)
        runs.append(_extended(case, wires, run))
    return runs


def _first_between(entries: Iterable[Entry], start: Entry, following: Entry | None) -> Entry | None:
    """The first entry after one submission that isn't after the next."""
    for entry in entries:
        is_before_next = following is None or _place(entry) < _place(following)
        if _place(start) < _place(entry) and is_before_next:
            return entry
    return None


def _each_reference(case: Case, _clock: Clock, wires: _Wires) -> list[Run]:
    """One instance for each measure or order, by its reference; its document sets the date."""
    satisfying = _satisfying(case, wires)
    extending = _entries(case, wires.extends)
    runs: dict[str, Run] = {}
    for entry in _entries(case, wires.starts):
        ref, due_on = _reference(entry)
        if ref is None or due_on is None or ref in runs:
            continue
        run = Run(
            ref,
            entry.on,
            entry.at,
            entry.seq,
            set_due_on=due_on,
            about=getattr(entry.payload, "what", None),
        )
        run = _satisfied(run, (e for e in satisfying if _reference(e)[0] == ref))
        for other in extending:
            moved = _reference(other)
            is_over = run.satisfied_on is not None and run.satisfied_on < other.on
            if moved[0] == ref and moved[1] is not None and not is_over:
                run = replace(run, set_due_on=moved[1])
        runs[ref] = run
    return list(runs.values())


def _reference(entry: Entry) -> tuple[str | None, date | None]:
    payload = entry.payload
    if isinstance(payload, Measure | Order):
        return payload.ref, payload.due_on
    return None, None


_RUNS: Mapping[Per, Callable[[Case, Clock, _Wires], list[Run]]] = {
    Per.CASE: _once,
    Per.GOVERNMENT: _each_government,
    Per.GOVERNMENT_BY_RULE: _each_government,
    Per.SUBMISSION: _each_submission,
    Per.REFERENCE: _each_reference,
}
