"""Cases that came in from an old ledger: which line each is, and which other cases may be the same."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from fireinvest.store.cases import CaseRow
from fireinvest.store.journal import JournalRow

#: How many values stand in one query.
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Known:
    """A case that is there already. ``digest``: a short name for what its line said then."""

    number: str
    digest: str | None


def known_by_keys(session: Session, keys: Collection[str]) -> dict[str, Known]:
    """Return the cases that came in under these keys, by key."""
    found: dict[str, Known] = {}
    wanted = sorted(set(keys))
    for start in range(0, len(wanted), _AT_ONCE):
        query = (
            select(CaseRow.late_key, CaseRow.number, JournalRow.new_values)
            .join(JournalRow, JournalRow.case_id == CaseRow.id)
            .where(CaseRow.late_key.in_(wanted[start : start + _AT_ONCE]), JournalRow.seq == 1)
        )
        for key, number, values in session.execute(query):
            found[str(key)] = Known(number, json.loads(values).get("late_digest"))
    return found


def fires_at(
    session: Session, fires: Collection[tuple[str, date]]
) -> dict[tuple[str, date], list[str]]:
    """Return the numbers of cases by unit and day of the fire, of those that are asked for."""
    found: dict[tuple[str, date], list[str]] = {}
    units = sorted({unit for unit, _ in fires})
    for start in range(0, len(units), _AT_ONCE):
        query = select(CaseRow.unit_name, CaseRow.occurred_on, CaseRow.number)
        for unit, on, number in session.execute(
            query.where(CaseRow.unit_name.in_(units[start : start + _AT_ONCE]))
        ):
            if (unit, on) in fires:
                found.setdefault((unit, on), []).append(number)
    return found
