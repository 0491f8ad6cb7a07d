"""Items and steps written in one transaction, with the case held while it is worked out which."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from fireinvest.regulation.calendar import Calendar
from fireinvest.regulation.rulesets import Law
from fireinvest.services.cases import Loaded, NoSuchCase, act_in, load_case
from fireinvest.services.records import Filed, file_in
from fireinvest.store import Database, Session
from fireinvest.store.access import NOWHERE, From
from fireinvest.store.conflicts import Conflict, changing
from fireinvest.store.records import find_records_by_key
from fireinvest.workflow.engine import Action
from fireinvest.workflow.permissions import Actor, may_see
from fireinvest.workflow.registers import Filing, StaleItem

__all__ = ["Asking", "Make", "write_together"]


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks for something in a case, when, and under which key of their form."""

    database: Database
    law: Law
    calendar: Calendar
    actor: Actor
    case_id: int
    key: str
    now: datetime
    today: date
    origin: From = NOWHERE
    acting_for: str | None = None


#: Given the case that is held: what is written, and which steps are taken with it.
Make = Callable[[Session, Loaded], tuple[list[Filing], list[Action]]]


def write_together(asking: Asking, make: Make) -> Filed:
    """Write items and steps of a case: all of it is saved, or nothing. Asked again, done once.

    Raises:
        NoSuchCase: when there is none, or the actor may not see it.
        Faulty: as ``file_records`` and ``act`` do, and what ``make`` raises.

    """
    try:
        with changing(asking.database) as session:
            loaded = load_case(session, asking.case_id, lock=True)
            if not may_see(asking.actor, loaded.case, loaded.ref.number):
                raise NoSuchCase
            first = f"{asking.key}#0"
            before = find_records_by_key(session, asking.actor.id, [first]).get(first)
            if before is not None and before.case_id == loaded.ref.id:
                # What it was about may read otherwise by now.
                return Filed(loaded.ref, (before.record(),), is_repeat=True)
            filings, actions = make(session, loaded)
            filed = file_in(
                session, loaded, asking.actor, filings,
                idempotency_key=asking.key, now=asking.now, today=asking.today,
                origin=asking.origin,
            )  # fmt: skip
            for place, action in enumerate(actions):
                act_in(
                    session, asking.law, asking.calendar, asking.actor, asking.case_id, action,
                    idempotency_key=f"{asking.key}-s{place}", now=asking.now, today=asking.today,
                    origin=asking.origin,
                )  # fmt: skip
            return filed
    except Conflict as conflict:
        # The case's row was held: only the same request can have come from elsewhere.
        raise StaleItem(0, 0) from conflict
