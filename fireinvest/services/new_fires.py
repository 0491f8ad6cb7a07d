"""A new fire at a unit under supervision: found in both cases, judged by a person (art 30).

A unit is known again by its name, its credit code or its address: of the supervision on one side,
of the case and its parties on the other.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from fireinvest.services.casefile import CaseFile
from fireinvest.store import Session, similar
from fireinvest.store import records as store
from fireinvest.workflow.items.evaluation import (
    JUDGED,
    SUPERVISED,
    NewFireJudgement,
    Supervision,
    place_keys,
)
from fireinvest.workflow.items.people import Party
from fireinvest.workflow.registers import Record

__all__ = ["NewFire", "NewFires", "new_fires"]

_CLOCK, _ORDER = "supervision", "order_supervision"
#: So many items with the same name or address are looked at.
_MOST = 200


@dataclass(frozen=True, slots=True)
class NewFire:
    """A fire at a unit under supervision, which nobody has judged yet.

    ``supervised``: the number of the case with the supervision; ``fire``: that of the new fire.
    ``other``: the one of the two that isn't the case at hand, and its id.
    """

    supervised: str
    fire: str
    other: str
    other_id: int
    unit: str
    burned_on: date


@dataclass(frozen=True, slots=True)
class NewFires:
    """What has to be judged because of a case: fires elsewhere, and its own where it is the new one."""

    elsewhere: tuple[NewFire, ...] = ()
    own: tuple[NewFire, ...] = ()

    def __bool__(self) -> bool:
        """Is there anything to judge?"""
        return bool(self.elsewhere or self.own)


def new_fires(session: Session, file: CaseFile) -> NewFires:
    """Return what nobody has judged yet: a few queries, however many cases there are."""
    wanted = ("parties", "supervisions", "art30_judgements")
    known = [name for name in wanted if name in file.ruleset.registers]
    records = store.items_of(session, file.ref.id, known)
    return NewFires(tuple(_elsewhere(session, file, records)), tuple(_own(session, file, records)))


def _elsewhere(
    session: Session, file: CaseFile, records: dict[str, list[Record]]
) -> Iterable[NewFire]:
    """Fires in other cases, at a unit that this case has under supervision."""
    row = file.loaded.row
    running: list[tuple[date, str | None, str | None, str | None]] = [
        (each.values.ordered_on, each.values.unit, each.values.credit_code, each.values.address)
        for each in records.get("supervisions", ())
        if isinstance(each.values, Supervision)
        and each.values.is_running
        and each.values.ordered_on is not None
    ]
    clocks = [each for each in file.deadlines if each.clock.id == _CLOCK and not each.is_ended]
    if clocks:
        since = min(each.run.start_on for each in clocks)
        running.append((since, row["unit_name"], None, row["address"]))
    if not running:
        return
    first = min(each[0] for each in running)
    keys: set[tuple[str, str]] = set()
    for _since, unit, code, address in running:
        party = Party(name=unit, credit_code=code, address=address)
        keys |= set(party.keys())
    ids = {each.case_id for each in store.find_keys(session, sorted(keys), size=_MOST)}
    found = similar.fires_since(
        session,
        first,
        names={each[1] for each in running if each[1]},
        addresses={each[3] for each in running if each[3]},
        ids=ids - {file.ref.id},
        but=file.ref.id,
    )
    judged = {
        each.values.other
        for each in records.get("art30_judgements", ())
        if isinstance(each.values, NewFireJudgement)
    }
    for fire in found:
        if fire.number not in judged:
            yield NewFire(
                file.ref.number, fire.number, fire.number, fire.id, fire.unit_name,
                fire.occurred_on,
            )  # fmt: skip


def _own(session: Session, file: CaseFile, records: dict[str, list[Record]]) -> Iterable[NewFire]:
    """The fire of this case, where its unit is under supervision in another one."""
    row, burned_on = file.loaded.row, file.case.occurred_on
    keys = set(place_keys(row["unit_name"], None, row["address"]))
    for record in records.get("parties", ()):
        party = record.values
        if isinstance(party, Party) and party.sort == "unit":
            keys |= set(place_keys(party.name, party.credit_code, party.address))
    keys.add((JUDGED, file.ref.number))
    found = store.find_keys(session, sorted(keys), size=_MOST)
    judged = {each.case_id for each in found if each.sort == JUDGED}
    by_item = {
        (each.case_id, each.register, each.item): each.number
        for each in found
        if each.sort == SUPERVISED and each.case_id != file.ref.id
    }
    cases: dict[int, str] = {}
    for case_id, record in store.items_at(session, list(by_item)):
        values = record.values
        if isinstance(values, Supervision) and (values.ordered_on or burned_on) <= burned_on:
            cases[case_id] = by_item[case_id, record.register, record.item]
    for place in similar.running_at(
        session, _CLOCK, _ORDER, burned_on, row["unit_name"], row["address"], but=file.ref.id
    ):
        cases.setdefault(place.id, place.number)
    for case_id, number in sorted(cases.items()):
        if case_id not in judged:
            yield NewFire(number, file.ref.number, number, case_id, row["unit_name"], burned_on)
