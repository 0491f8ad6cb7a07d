"""A case as its pages show it: folded, with its deadlines as they were settled, and the names in it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

from fireinvest.messages import Words
from fireinvest.regulation.calendar import Calendar
from fireinvest.regulation.clocks import Deadline
from fireinvest.regulation.profile import Ruleset
from fireinvest.regulation.rulesets import Law
from fireinvest.services.cases import CaseRef, Loaded, NoSuchCase, see_case
from fireinvest.services.leaving import Left, left_in
from fireinvest.store import Session, cases
from fireinvest.store.cases import Values
from fireinvest.store.people import names_of_logins
from fireinvest.store.projections import Key
from fireinvest.workflow.actions import Entry
from fireinvest.workflow.case import Case
from fireinvest.workflow.deadlines import calendar_of, deadlines_of
from fireinvest.workflow.permissions import Actor, reader


@dataclass(frozen=True)
class CaseFile:
    """A case that somebody may see, as on a day.

    ``actor``: who sees it. ``names``: by login, whoever has an account; others are called as they
    were written down. ``left``: who left the case, though it still needs them.
    """

    actor: Actor
    loaded: Loaded
    deadlines: tuple[Deadline, ...]
    names: dict[str, str]
    calendar: Calendar
    today: date
    left: tuple[Left, ...] = ()

    @property
    def ref(self) -> CaseRef:
        """Which case it is."""
        return self.loaded.ref

    @property
    def case(self) -> Case:
        """The case as the engine sees it."""
        return self.loaded.case

    @property
    def ruleset(self) -> Ruleset:
        """The law that the case is pinned to."""
        return self.loaded.case.ruleset

    def name(self, login: str | None) -> str:
        """Return how somebody is called."""
        return self.names.get(login or "", login or "")

    @cached_property
    def may_read(self) -> Callable[[Entry], bool]:
        """May whoever sees the case read an entry of it, restricted or not?"""
        return reader(self.actor, self.case, self.ref.number)

    def restrictions(self, seq: int) -> tuple[Words, ...]:
        """Return as what an entry is kept from most readers; nothing where it isn't."""
        known = self.ruleset.restrictions
        names = self.case.restrictions.get(seq, frozenset())
        return tuple(known[name].label if name in known else name for name in sorted(names))

    @cached_property
    def next_deadline(self) -> Deadline | None:
        """The clock to watch, as the lists show it."""
        return self.deadline(self.loaded.row["next_clock"], self.loaded.row["next_instance"])

    def deadline(self, clock: str | None, instance: str | None) -> Deadline | None:
        """Return one instance of a clock, or None."""
        return next(
            (
                each
                for each in self.deadlines
                if (each.clock.id, each.run.instance) == (clock, instance)
            ),
            None,
        )


def case_file(
    session: Session,
    actor: Actor,
    number: str,
    calendar: Calendar,
    today: date,
    *,
    law: Law | None = None,
) -> CaseFile:
    """Return a case that the actor may see, by its number.

    ``law``: which divisions took over from others; without it nobody is told of who left.

    Raises:
        NoSuchCase: when there is none, or the actor may not see it.

    """
    case_id = cases.find_number(session, number)
    if case_id is None:
        raise NoSuchCase
    loaded = see_case(session, actor, case_id)
    stored = {
        (each["clock"], each["instance"]): each
        for each in cases.deadlines_of_cases(session, [case_id])
    }
    found = tuple(_settled(each, stored) for each in deadlines_of(loaded.case, calendar, today))
    names = names_of_logins(session, set(_logins(loaded)))
    left = () if law is None else left_in(session, law, case_id, today)
    return CaseFile(actor, loaded, found, names, calendar_of(loaded.case, calendar), today, left)


def _settled(found: Deadline, stored: dict[Key, Values]) -> Deadline:
    """A clock that has ended keeps the date that it had then, whatever calendar came later."""
    row = stored.get((found.clock.id, found.run.instance))
    if row is None or not found.is_ended or row["due_on"] == found.due_on:
        return found
    count = replace(found.count, due_on=row["due_on"], due_at=row["due_at"])
    return replace(found, count=count, act_by=row["act_by"], provisional=row["provisional"])


def _logins(loaded: Loaded) -> Iterator[str]:
    for each in loaded.case.carriers:
        yield each.person
    for entry in loaded.case.journal:
        yield entry.actor
        if entry.acting_for is not None:
            yield entry.acting_for
        for payload in (entry.payload, getattr(entry.payload, "payload", None)):
            for field in ("person", "carrier"):
                named = getattr(payload, field, None)
                if named is not None:
                    yield named
