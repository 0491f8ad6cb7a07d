"""Which deadlines does a case have? Found from its entries, the clocks of its rule, and a day.

Deadlines are a projection: nothing here is kept, everything can be worked out again.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date

from fireinvest.regulation.calendar import Calendar
from fireinvest.regulation.clocks import Deadline, Granted, Run, deadline, settings_of
from fireinvest.regulation.condition import evaluate
from fireinvest.regulation.contents import lacking
from fireinvest.regulation.profile import Clock, Mode, Per, Setting, StartsFrom, Step
from fireinvest.workflow.actions import DocumentSent, Entry, Extension, Measure, Order
from fireinvest.workflow.case import Case, Responsible


def deadlines_of(case: Case, calendar: Calendar, as_of: date) -> tuple[Deadline, ...]:
    """Return a deadline for every instance of every clock that has started, as known on a day.

    Raises:
        Faulty: when a count leaves the calendar.

    """
    view = case.judgement.view()
    found = []
    for clock in case.ruleset.clocks.values():
        if not case.modes_seen & set(clock.modes) or evaluate(clock.when, view).holds is False:
            continue
        for run in runs_of(case, clock):
            found.append(deadline(case.ruleset, calendar, clock, run, view, as_of))
    return tuple(found)


def runs_of(case: Case, clock: Clock) -> tuple[Run, ...]:
    """Return the instances of a clock that have started, as they happened."""
    runs = _RUNS[clock.per](case, clock)
    tests = case.tests(_test_steps(case, clock))
    return tuple(_closed_by_mode(case, clock, replace(run, tests=tests)) for run in runs)


def _test_steps(case: Case, clock: Clock) -> tuple[str, ...]:
    terms = [term for term in case.ruleset.terms.values() if term.clock == clock.id]
    return tuple(dict.fromkeys(step for term in terms for step in term.tests))


def _closed_by_mode(case: Case, clock: Clock, run: Run) -> Run:
    """A case that leaves the rule (criminal case, handed over) stops what still runs."""
    if run.satisfied_on or run.returned_on or run.handed_over_on or case.mode in clock.modes:
        return run
    if case.mode is Mode.INVESTIGATE:
        return run
    return replace(run, handed_over_on=case.mode_since)


def _steps(case: Case, clock: Clock, role: str) -> list[Step]:
    """The steps that start, satisfy, stop or extend a clock, as the table and the readings say."""
    steps = case.ruleset.steps
    if role == "satisfies":
        for term in case.ruleset.terms.values():
            chosen = settings_of(case.ruleset, term).get(Setting.SATISFIED_BY)
            if term.clock == clock.id and isinstance(chosen, tuple):
                return [steps[name] for name in chosen]
    if role == "extends":
        return [step for step in steps.values() if step.extends == clock.id]
    return [step for step in steps.values() if clock.id in getattr(step, role)]


def _entries(case: Case, clock: Clock, role: str) -> list[Entry]:
    found = [entry for step in _steps(case, clock, role) for entry in case.done.get(step.id, ())]
    return sorted(found, key=lambda entry: (entry.on, entry.seq))


def _satisfying(case: Case, clock: Clock) -> list[Entry]:
    """The entries that satisfy a clock: of a step that goes through a list, the one completing it."""
    view = case.judgement.view()
    found: list[Entry] = []
    for step in _steps(case, clock, "satisfies"):
        entries = case.done.get(step.id, ())
        if step.items is None or step.items not in case.ruleset.lists:
            found.extend(entries)
            continue
        covered: set[str] = set()
        for entry in entries:
            covered.add(str(getattr(entry.payload, "item", "")))
            if not lacking(case.ruleset.lists[step.items], covered, view):
                found.append(entry)
                break
    return sorted(found, key=lambda entry: (entry.on, entry.seq))


def _satisfied(run: Run, entries: Iterable[Entry]) -> Run:
    """The first entry that satisfies ends the run; what comes later doesn't move it."""
    entry = next(iter(entries), None)
    if entry is None:
        return run
    return replace(run, satisfied_on=entry.on, satisfied_at=entry.at, satisfied_by=entry.seq)


def _extensions(case: Case, clock: Clock) -> tuple[Granted, ...]:
    return tuple(
        Granted(entry.payload.days or 0, entry.on, entry.seq)
        for entry in _entries(case, clock, "extends")
        if isinstance(entry.payload, Extension)
    )


def _once(case: Case, clock: Clock) -> list[Run]:
    if clock.starts_from is StartsFrom.FIRE:
        run = _from_fire(case, "1", _late_since(case))
    else:
        starts = _entries(case, clock, "starts")
        if not starts:
            return []
        start = starts[0]
        day = getattr(start.payload, clock.date_field, None)
        run = Run("1", day if isinstance(day, date) else start.on, start.at, start.seq)
    run = replace(run, extensions=_extensions(case, clock))
    return [_satisfied(run, _satisfying(case, clock))]


def _from_fire(case: Case, instance: str, late_since: date | None) -> Run:
    return Run(instance, case.occurred_on, case.occurred_at, None, late_since=late_since)


def _late_since(case: Case) -> date | None:
    """The day on which the case came into scope, where that was not the day of the fire."""
    first = case.governments[0] if case.governments else None
    return first.late_since if first is not None else None


def _each_government(case: Case, clock: Clock) -> list[Run]:
    """One instance for each government that was or is responsible, numbered as they came."""
    responsible = [
        each
        for each in case.governments
        if clock.per is Per.GOVERNMENT_BY_RULE or not each.is_pending
    ]
    satisfying = _satisfying(case, clock)
    runs = []
    for index, each in enumerate(responsible):
        if clock.starts_from is StartsFrom.FIRE:
            run = _from_fire(case, str(index + 1), each.late_since)
        else:
            starts = [e for e in _entries(case, clock, "starts") if _is_for(e, each, responsible)]
            if not starts:
                continue
            run = Run(str(index + 1), starts[0].on, starts[0].at, starts[0].seq)
        run = replace(run, government=each.government, extensions=_extensions(case, clock))
        run = _satisfied(run, [e for e in satisfying if _is_for(e, each, responsible)])
        if run.satisfied_on is None:
            run = replace(run, handed_over_on=_ended(case, each))
        runs.append(run)
    return runs


def _ended(case: Case, government: Responsible) -> date | None:
    """When the clock of a government ends unmet: when it hands over, or takes over outside."""
    if government.until is not None:
        return government.until
    return government.took_over_on if case.mode is Mode.ASSIST else None


def _is_for(entry: Entry, government: Responsible, all_of_them: list[Responsible]) -> bool:
    """Does an entry belong to this government: by its own word, else to the latest by its day?"""
    named = entry.payload.government if isinstance(entry.payload, DocumentSent) else None
    if named is not None:
        return named == government.government
    current = all_of_them[0]
    for each in all_of_them[1:]:
        since = each.took_over_on or each.late_since
        if since is not None and entry.on >= since:
            current = each
    return current is government


def _each_submission(case: Case, clock: Clock) -> list[Run]:
    """One instance for each time that the thing was sent: from its receipt, else its sending."""
    sent = _entries(case, clock, "starts")
    received = sorted(case.done.get(clock.received_by or "", ()), key=lambda e: (e.on, e.seq))
    returned = sorted(case.done.get(clock.returned_by or "", ()), key=lambda e: (e.on, e.seq))
    satisfying = _satisfying(case, clock)
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
            returned_on=back.on if back else None,
            first_start_on=first_start_on,
            awaits_receipt=receipt is None,
            extensions=_extensions(case, clock),
        )
        first_start_on = first_start_on or begun.on
        if back is None:
            run = _satisfied(run, [e for e in satisfying if (e.on, e.seq) > (start.on, start.seq)])
        runs.append(run)
    return runs


def _first_between(entries: list[Entry], start: Entry, following: Entry | None) -> Entry | None:
    """The first entry after one submission that isn't after the next."""
    for entry in entries:
        after_start = (entry.on, entry.seq) > (start.on, start.seq)
        before_next = following is None or (entry.on, entry.seq) < (following.on, following.seq)
        if after_start and before_next:
            return entry
    return None


def _each_reference(case: Case, clock: Clock) -> list[Run]:
    """One instance for each measure or order, by its reference; its document sets the date."""
    satisfying = _satisfying(case, clock)
    extending = _entries(case, clock, "extends")
    runs: dict[str, Run] = {}
    for entry in _entries(case, clock, "starts"):
        ref, due_on = _reference(entry)
        if ref is None or due_on is None or ref in runs:
            continue
        moved = [on for other, on in map(_reference, extending) if other == ref and on is not None]
        run = Run(
            ref,
            entry.on,
            entry.at,
            entry.seq,
            set_due_on=moved[-1] if moved else due_on,
            about=getattr(entry.payload, "what", None),
        )
        runs[ref] = _satisfied(run, [e for e in satisfying if _reference(e)[0] == ref])
    return list(runs.values())


def _reference(entry: Entry) -> tuple[str | None, date | None]:
    payload = entry.payload
    if isinstance(payload, Measure | Order):
        return payload.ref, payload.due_on
    return None, None


_RUNS: Mapping[Per, Callable[[Case, Clock], list[Run]]] = {
    Per.CASE: _once,
    Per.GOVERNMENT: _each_government,
    Per.GOVERNMENT_BY_RULE: _each_government,
    Per.SUBMISSION: _each_submission,
    Per.REFERENCE: _each_reference,
}
