"""What follows a reply: receipts, transfers and the two ledgers, and the steps that go with them.

An item and its step of the procedure are written in one transaction. A measure or a penalty is
known to the procedure by its item's mark, or by the reference that it had there before.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from fireinvest.messages import Problem, Text
from fireinvest.services.cases import Loaded
from fireinvest.store import Session
from fireinvest.store import records as store
from fireinvest.workflow import proving
from fireinvest.workflow.actions import Delivery, DocumentSent, Entry, Measure
from fireinvest.workflow.case import Case, is_lacking
from fireinvest.workflow.engine import Action, why_not_now
from fireinvest.workflow.errors import Invalid
from fireinvest.workflow.items.execution import (
    CopySent,
    DisciplineLead,
    Liability,
    RectificationMeasure,
    ReplyDelivered,
    Transfer,
)
from fireinvest.workflow.items.inquiry import ChainNode
from fireinvest.workflow.recipients import STEPS, recipients_of
from fireinvest.workflow.registers import Record

__all__ = [
    "FOLLOWS",
    "LEDGERS",
    "REGISTERS",
    "Reminder",
    "Steps",
    "entries_by_ref",
    "is_ripe",
    "only_in_matrix",
    "ref_of",
    "steps_of_ledgers",
    "unwritten",
]

#: What the page of the execution shows, beside the journal.
REGISTERS = (
    "deliveries", "copies", "transfers", "discipline_leads", "measures", "liabilities", "facts",
)  # fmt: skip
#: The two ledgers.
LEDGERS = ("measures", "liabilities")

#: Given the case and what was written: the steps that follow from it.
Steps = Callable[[Session, Loaded, Sequence[Record]], Iterator[Action]]

#: As what the report's matrix calls what each ledger holds.
_SORTS: Mapping[str, str] = {"measures": "measure", "liabilities": "responsibility"}
_SET, _ACCEPT, _PENALTY = "set_measure", "accept_measure", "record_penalty"
#: What the journal calls the states of a penalty; it knows of no others.
_OUTCOMES: Mapping[str, str] = {
    "proposed": "proposed",
    "decided": "decided",
    proving.PROVED: "carried_out",
    proving.NOT_PROVED: "not_carried_out",
    proving.OVERTAKEN: proving.OVERTAKEN,
}
#: Fields of the journal's entries hold so much.
_LONGEST = 200
_LEAD, _CRIMINAL, _TRANSFER = "refer_discipline", "refer_criminal", "transfer"


@dataclass(frozen=True, slots=True)
class Reminder:
    """Something that the procedure knows and a ledger doesn't: its reference, and what it said."""

    ref: str
    entry: Entry


def is_ripe(case: Case, name: str) -> bool:
    """Can the step be taken as the case stands, without anything that usually comes before?"""
    step = case.ruleset.steps.get(name)
    if step is None or next(why_not_now(case, step), None) is not None:
        return False
    return not any(is_lacking(case, case.ruleset.steps[each]) for each in step.expects)


def ref_of(record: Record) -> str:
    """Return by which reference the procedure knows an item of a ledger."""
    return getattr(record.values, "ref", None) or record.mark


def entries_by_ref(case: Case, step: str) -> dict[str, Entry]:
    """Return the last entry of a step for each reference."""
    found = {}
    for entry in case.recorded.get(step, ()):
        ref = getattr(entry.payload, "ref", None)
        if ref is not None:
            found[ref] = entry
    return found


def unwritten(case: Case, name: str, records: Sequence[Record]) -> list[Reminder]:
    """Return what the procedure holds of a ledger's sort and no item stands for."""
    known = {ref_of(each) for each in records}
    entries = entries_by_ref(case, _SET if name == "measures" else _PENALTY)
    return [Reminder(ref, entry) for ref, entry in entries.items() if ref not in known]


def only_in_matrix(name: str, records: Sequence[Record], nodes: Sequence[Record]) -> list[Record]:
    """Return what the report's matrix holds of a ledger's sort and no item of it names."""
    named = {number for each in records for number in getattr(each.values, "node", None) or ()}
    return [
        each
        for each in nodes
        if isinstance(each.values, ChainNode)
        and each.values.sort == _SORTS[name]
        and each.item not in named
    ]


# ---------------------------------------------------------------------------- the steps


def _steps_of_receipt(
    session: Session, loaded: Loaded, records: Sequence[Record]
) -> Iterator[Action]:
    """With the last receipt of a line of the law, the step is taken for that line."""
    case = loaded.case
    for register, step in STEPS.items():
        mine = [e for e in records if e.register == register and not e.is_withdrawn]
        touched = {
            each.values.item for each in mine if isinstance(each.values, ReplyDelivered | CopySent)
        }
        if not touched or not is_ripe(case, step):
            continue
        done = {getattr(each.payload, "item", None) for each in case.done.get(step, ())}
        found = store.items_of(session, loaded.ref.id, [register])[register]
        for item in sorted(touched - done - {None}, key=str):
            given = [
                (each, each.values)
                for each in found
                if isinstance(each.values, ReplyDelivered | CopySent)
                and each.values.item == item
                and each.values.is_received
            ]
            wanted = {each.code for each in recipients_of(case, register) if each.item.id == item}
            if not wanted <= {values.whom for _record, values in given} or not given:
                continue
            last = max(given, key=lambda each: str(each[1].received_on))
            yield Action(
                step,
                Delivery(
                    item,
                    "、".join(str(values.recipient) for _record, values in given)[:_LONGEST],
                    "、".join(record.mark for record, _values in given)[:_LONGEST],
                    last[1].document_no,
                ),
                last[1].received_on or loaded.case.occurred_on,
                acting_for=mine[-1].acting_for,
            )


def _steps_of_transfer(
    session: Session, loaded: Loaded, records: Sequence[Record]
) -> Iterator[Action]:
    """A transfer that went out is on record once, as what it is (arts 26, 27)."""
    for record in records:
        sent = record.values
        if not isinstance(sent, Transfer) or sent.sent_on is None or record.is_withdrawn:
            continue
        earlier = store.versions_of(session, loaded.ref.id, record.register, record.item)
        if any(
            isinstance(each.values, Transfer) and each.values.sent_on is not None
            for each in earlier
            if each.version < record.version
        ):
            continue
        step = _CRIMINAL if sent.kind == "criminal" else _TRANSFER
        if isinstance(sent, DisciplineLead):
            step = _LEAD
        title = f"{record.mark} {sent.subject}"[:_LONGEST]
        yield Action(
            step,
            DocumentSent(sent.to, sent.document_no, title),
            sent.sent_on,
            acting_for=record.acting_for,
            restriction=record.restriction,
        )


def _steps_of_measure(
    _session: Session, loaded: Loaded, records: Sequence[Record]
) -> Iterator[Action]:
    """A measure is set, with its limit on the clocks, and accepted as done, or not."""
    case = loaded.case
    was_set, was_accepted = entries_by_ref(case, _SET), entries_by_ref(case, _ACCEPT)
    for record in records:
        measure = record.values
        if not isinstance(measure, RectificationMeasure) or record.is_withdrawn:
            continue
        ref, why = ref_of(record), record.reason or measure.note
        entry = was_set.get(ref)
        if entry is None:
            if not is_ripe(case, _SET):
                continue
            payload = Measure(ref, measure.what, measure.unit, measure.due_on)
            on = measure.set_on or case.occurred_on
            yield Action(_SET, payload, on, reason=why, acting_for=record.acting_for)
        elif getattr(entry.payload, "due_on", None) != measure.due_on:
            raise _limit_stands(entry)
        last = was_accepted.get(ref)
        outcome = None if last is None else getattr(last.payload, "outcome", None)
        if proving.is_open(measure.state) or measure.state == outcome:
            continue
        if measure.accepted_on is not None:
            proof = (measure.proof or record.mark)[:_LONGEST]
            payload = Measure(ref, measure.what, measure.unit, outcome=measure.state, proof=proof)
            yield Action(
                _ACCEPT, payload, measure.accepted_on, reason=why, acting_for=record.acting_for
            )


def _limit_stands(entry: Entry) -> Invalid:
    text = Text(
        "The limit stands in entry %(seq)s of the procedure: correct that one.", seq=entry.seq
    )
    return Invalid([Problem("due_on", text)])


def _steps_of_liability(
    _session: Session, loaded: Loaded, records: Sequence[Record]
) -> Iterator[Action]:
    """Each state of a penalty that the journal knows is on record there (art 27)."""
    case = loaded.case
    known = entries_by_ref(case, _PENALTY)
    if not is_ripe(case, _PENALTY):
        return
    for record in records:
        mine = record.values
        if not isinstance(mine, Liability) or mine.state_on is None or record.is_withdrawn:
            continue
        ref, outcome = ref_of(record), _OUTCOMES.get(mine.state or "")
        last = known.get(ref)
        before = None if last is None else getattr(last.payload, "outcome", None)
        if outcome is None or outcome == before:
            continue
        payload = Measure(
            ref,
            mine.decision or mine.proposed,
            mine.name,
            outcome=outcome,
            proof=(mine.proof or "")[:_LONGEST] or None,
        )
        yield Action(
            _PENALTY,
            payload,
            mine.state_on,
            reason=record.reason,
            acting_for=record.acting_for,
            restriction=record.restriction,
        )


def steps_of_ledgers(names: Sequence[str]) -> Steps:
    """Return what writes into the procedure whatever the ledgers of these names are ahead of it."""

    def follow(session: Session, loaded: Loaded, _records: Sequence[Record]) -> Iterator[Action]:
        found = store.items_of(session, loaded.ref.id, names)
        for name in names:
            yield from FOLLOWS[name](session, loaded, found[name])

    return follow


#: The steps that go with the items of each register.
FOLLOWS: Mapping[str, Steps] = {
    "deliveries": _steps_of_receipt,
    "copies": _steps_of_receipt,
    "transfers": _steps_of_transfer,
    "discipline_leads": _steps_of_transfer,
    "measures": _steps_of_measure,
    "liabilities": _steps_of_liability,
}
