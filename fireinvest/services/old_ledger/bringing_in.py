"""Old cases brought in: looked at first, then each in a transaction of its own, all of it or nothing.

A line is known again by its place and its old number, whatever file it comes in and whoever brings
it: what is there already stays as it is.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path

from fireinvest.messages import Faulty, Problem, Text, Words
from fireinvest.regulation.calendar import Calendar
from fireinvest.regulation.profile import Ruleset
from fireinvest.regulation.rulesets import Law
from fireinvest.services.cases import (
    add_old_case,
    check_acting_for,
    decided_entries,
    scope_of,
    seen_among,
)
from fireinvest.services.old_ledger.planning import Planned, plan_case
from fireinvest.services.old_ledger.reading import OldRow, Wanted
from fireinvest.store import Database, Session, late
from fireinvest.store.access import NOWHERE, From, log_access
from fireinvest.store.conflicts import Conflict, changing
from fireinvest.store.holding import hold_rules
from fireinvest.store.late import Known
from fireinvest.workflow.actions import Entry
from fireinvest.workflow.permissions import Actor

__all__ = ["BROUGHT_IN", "Line", "Office", "Standing", "bring_in", "look_at", "note_brought_in"]

#: The line of the access log that tells of a whole form.
BROUGHT_IN = "old_cases_brought_in"
#: How many lines are looked up at a time.
_AT_ONCE = 200


class Standing(StrEnum):
    """What becomes of a line, or became of it?"""

    NEW = "new"
    BROUGHT = "brought"
    SAME = "same"
    OTHER = "other"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the form, and what becomes of it.

    ``planned``: what would come about, or what stands against it. ``number``: of the case that was
    opened, or that is there already.
    """

    row: OldRow
    standing: Standing
    planned: Planned
    number: str | None = None

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong, by column; a cell that can't be read says so alone."""
        unread = {each.field for each in self.row.problems}
        more = (each for each in self.planned.problems if each.field not in unread)
        return (*self.row.problems, *more)


@dataclass(frozen=True, slots=True)
class Office:
    """Under which law and calendar lines are read, by whom, and when."""

    law: Law
    calendar: Calendar
    actor: Actor
    home_division: str
    now: datetime
    today: date
    profiles: Path | None = None
    origin: From = NOWHERE


#: Is told of how many lines are done; it may raise to break off.
Progress = Callable[[int], None]


def look_at(
    database: Database, office: Office, rows: Sequence[OldRow], progress: Progress | None = None
) -> Iterator[Line]:
    """Yield what would become of each line; nothing is changed."""
    done = 0
    for part in _parts(rows):
        with database.readers.begin() as session:
            known = late.known_by_keys(session, _keys(part))
            alike = _alike(session, office.actor, part)
            decided = _decisions(session, office)
            lines = []
            for row in part:
                lines.append(_looked_at(office, row, known, alike, decided))
                done += 1
                if progress is not None:
                    progress(done)
        yield from lines


def bring_in(
    database: Database, office: Office, rows: Iterable[OldRow], progress: Progress | None = None
) -> Iterator[Line]:
    """Bring in each line that isn't wrong and isn't there yet; yield what became of each.

    A line that fails leaves nothing behind, and the others go in.
    """
    for done, row in enumerate(rows, start=1):
        yield _brought(database, office, row)
        if progress is not None:
            progress(done)


def note_brought_in(
    database: Database, office: Office, file_name: str, sha256: str, lines: Iterable[Standing]
) -> None:
    """Write down that a form was brought in, with what became of its lines."""
    counts = {each.value: 0 for each in Standing}
    for each in lines:
        counts[each.value] += 1
    with changing(database) as session:
        log_access(
            session,
            happened_at=office.now,
            person=office.actor.id,
            what=BROUGHT_IN,
            item=file_name[:200],
            acting_for=office.actor.acting_for,
            origin=office.origin,
            new={"sha256": sha256, **counts},
        )


def _parts(rows: Sequence[OldRow]) -> Iterator[Sequence[OldRow]]:
    for start in range(0, len(rows), _AT_ONCE):
        yield rows[start : start + _AT_ONCE]


def _keys(rows: Iterable[OldRow]) -> list[str]:
    return [row.wanted.key for row in rows if row.wanted is not None]


_Decided = Callable[[Ruleset], list[Entry]]


def _decisions(session: Session, office: Office) -> _Decided:
    """How the unclear points of each rule were decided; read once for each rule."""
    found: dict[str, list[Entry]] = {}

    def decided(ruleset: Ruleset) -> list[Entry]:
        if ruleset.pin not in found:
            found[ruleset.pin] = decided_entries(session, ruleset, office.now, office.today)
        return found[ruleset.pin]

    return decided


def _looked_at(
    office: Office,
    row: OldRow,
    known: Mapping[str, Known],
    alike: Mapping[tuple[str, date], Collection[str]],
    decided: _Decided,
) -> Line:
    wanted = row.wanted
    if wanted is None or row.problems:
        return Line(row, Standing.WRONG, Planned(None))
    if wanted.key in known:
        return _there(row, wanted, known[wanted.key])
    planned = _planned(office, wanted, decided)
    if planned.problems:
        return Line(row, Standing.WRONG, planned)
    same = alike.get((wanted.unit_name, wanted.facts.occurred_on), ())
    told: list[Words] = [
        Text("A case of this unit and day is there already: %(number)s.", number=number)
        for number in sorted(same)
    ]
    return Line(row, Standing.NEW, replace(planned, remarks=(*told, *planned.remarks)))


def _there(row: OldRow, wanted: Wanted, known: Known) -> Line:
    if known.digest == wanted.digest:
        return Line(row, Standing.SAME, Planned(None), known.number)
    text = Text("The case is there already, and says something else; it stays as it is.")
    return Line(row, Standing.OTHER, Planned(None, (), (text,)), known.number)


def _planned(office: Office, wanted: Wanted, decided: _Decided) -> Planned:
    return plan_case(
        office.law, office.calendar, office.actor, wanted, decided,
        home_division=office.home_division, now=office.now, today=office.today,
    )  # fmt: skip


def _alike(
    session: Session, actor: Actor, rows: Iterable[OldRow]
) -> Mapping[tuple[str, date], Collection[str]]:
    """Cases of the same unit and day that the actor may see, by unit and day."""
    fires = {
        (row.wanted.unit_name, row.wanted.facts.occurred_on)
        for row in rows
        if row.wanted is not None
    }
    found = late.fires_at(session, fires)
    seen = seen_among(session, scope_of(actor), (each for at in found.values() for each in at))
    return {at: [each for each in numbers if each in seen] for at, numbers in found.items()}


def _brought(database: Database, office: Office, row: OldRow) -> Line:
    wanted = row.wanted
    if wanted is None or row.problems:
        return Line(row, Standing.WRONG, Planned(None))
    try:
        with changing(database) as session:
            hold_rules(session)
            known = late.known_by_keys(session, [wanted.key]).get(wanted.key)
            if known is not None:
                return _there(row, wanted, known)
            check_acting_for(session, office.actor, office.actor.acting_for, office.today)
            planned = _planned(office, wanted, _decisions(session, office))
            if planned.new is None:
                return Line(row, Standing.WRONG, planned)
            ref = add_old_case(
                session, planned.new, office.actor,
                calendar=office.calendar, now=office.now, today=office.today,
                profiles=office.profiles, origin=office.origin,
            )  # fmt: skip
    except Conflict:
        # Somebody brought it in at this very moment, or entered a notice.
        text = Text("Somebody else changed something at the same time; bring it in once more.")
        return Line(row, Standing.WRONG, Planned(None, (Problem("old_number", text),)))
    except Faulty as faulty:
        problems = tuple(replace(each, field="old_number") for each in faulty.problems)
        return Line(row, Standing.WRONG, Planned(None, problems))
    return Line(row, Standing.BROUGHT, planned, ref.number)
