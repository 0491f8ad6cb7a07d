"""Evaluation and supervision: the sheet filled from the ledgers, and the steps of arts 28-30."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from fireinvest.messages import Problem, Text
from fireinvest.services.cases import Loaded
from fireinvest.services.execution import Steps, entries_by_ref, ref_of
from fireinvest.store import Session
from fireinvest.workflow import proving
from fireinvest.workflow.actions import Decision, DocumentSent, Linking, Order
from fireinvest.workflow.case import Member
from fireinvest.workflow.engine import Action
from fireinvest.workflow.errors import Invalid
from fireinvest.workflow.items.evaluation import (
    DelayNotice,
    NewFireJudgement,
    SheetLine,
    Supervision,
)
from fireinvest.workflow.items.execution import Liability, RectificationMeasure
from fireinvest.workflow.registers import Record

__all__ = [
    "FOLLOWS",
    "PARTS",
    "REGISTERS",
    "Conflict",
    "SheetRow",
    "conflicts_of",
    "delayed",
    "not_carried_out",
    "sheet_of",
    "step_of_supervision",
]

#: What the page of the evaluation shows, beside the journal.
REGISTERS = (
    "measures", "liabilities", "evaluation_sheet", "supervisions", "delay_notices",
    "art30_judgements", "declarations",
)  # fmt: skip

#: The part of the sheet that each ledger fills (art 28(1) and (2)).
PARTS: Mapping[str, str] = {"measures": "measures", "penalties": "liabilities"}

_ORDER, _EXTEND, _LIFT = "order_supervision", "extend_supervision", "lift_supervision"
_NOTIFY, _JUDGE = "notify_delay", "judge_new_fire"
_LONGEST = 200


# ---------------------------------------------------------------------------- the group


@dataclass(frozen=True, slots=True)
class Conflict:
    """A member of the evaluation group who shouldn't evaluate: recused, or answerable themselves.

    ``record``: the item of the ledger on which they or their unit stand; None for a recusal.
    """

    member: Member
    record: Record | None


def conflicts_of(
    members: Collection[Member],
    names: Callable[[str], str],
    recused: Collection[str],
    liabilities: Sequence[Record],
) -> list[Conflict]:
    """Return who of the evaluation group was recused from the case, or stands on the ledger."""
    found = []
    for member in members:
        if member.person in recused:
            found.append(Conflict(member, None))
        called = {_plain(each) for each in (member.person, names(member.person), member.agency)}
        found.extend(
            Conflict(member, record)
            for record in liabilities
            if isinstance(record.values, Liability) and _plain(record.values.name) in called - {""}
        )
    return found


def _plain(name: str | None) -> str:
    return "".join((name or "").split()).casefold()


# ---------------------------------------------------------------------------- the sheet


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A line of a part: what it is about, what the ledger says of it, and what was found.

    ``line``: the line as it is on the sheet, None while it is only filled in beforehand.
    """

    about: str | None
    subject: str
    finding: str
    state: str
    proof: str
    source: Record | None
    line: Record | None

    @property
    def is_restricted(self) -> bool:
        """Is it kept from most readers, on the ledger or on the sheet?"""
        return any(
            each is not None and each.restriction is not None for each in (self.source, self.line)
        )

    @property
    def differs(self) -> bool:
        """Does the sheet say something else than the ledger does now?"""
        if self.line is None or self.source is None:
            return False
        return getattr(self.source.values, "state", None) != self.state


def sheet_of(part: str, records: Mapping[str, Sequence[Record]]) -> list[SheetRow]:
    """Return the lines of a part: each item of its ledger, then what was added by hand."""
    lines = {
        each.values.about or each.mark: each
        for each in records["evaluation_sheet"]
        if isinstance(each.values, SheetLine) and each.values.part == part
    }
    rows = []
    for record in records.get(PARTS.get(part, ""), ()):
        about = f"{record.register} {record.item}"
        line = lines.pop(about, None)
        rows.append(_begun(record, about) if line is None else _written(line, record))
    return [*rows, *(_written(line, None) for line in lines.values())]


def _written(line: Record, source: Record | None) -> SheetRow:
    values = line.values
    assert isinstance(values, SheetLine)  # noqa: S101 - the caller looked for it
    return SheetRow(
        values.about, values.subject or "", values.finding or "", values.state or "",
        values.proof or "", source, line,
    )  # fmt: skip


def _begun(record: Record, about: str) -> SheetRow:
    """What is proved, and what isn't, as the ledger has it; nothing is proved by silence."""
    values = record.values
    match values:
        case RectificationMeasure():
            subject, finding = f"{values.unit}：{values.what}", values.done
        case Liability():
            subject, finding = f"{values.name}：{values.proposed}", values.decision
        case _:
            subject, finding = values.called, None
    state = getattr(values, "state", None)
    proof = getattr(values, "proof", None) or ""
    ended = state if not proving.is_open(state) else proving.NOT_PROVED
    return SheetRow(about, subject, finding or "", str(ended), proof, record, None)


def not_carried_out(measures: Sequence[Record], today: date) -> list[Record]:
    """Return the measures that weren't carried out, or are past their limit (art 30)."""
    return [
        each
        for each in measures
        if isinstance(each.values, RectificationMeasure)
        and (each.values.state == proving.NOT_PROVED or each.values.is_overdue(today))
    ]


def delayed(liabilities: Sequence[Record], today: date) -> dict[str, list[Record]]:
    """Return which penalties and trials each organ should hear of, by its code (art 30).

    Public officials of whom nothing was carried out: discipline inspection. Suspected crimes that
    drag on: the procuratorate before a decision, the court once it is under way.
    """
    found: dict[str, list[Record]] = {}
    for record in liabilities:
        values = record.values
        if not isinstance(values, Liability):
            continue
        if values.state != proving.NOT_PROVED and not values.is_overdue(today):
            continue
        if values.kind == "criminal":
            organ = "procuratorate" if values.state == "proposed" else "court"
            found.setdefault(organ, []).append(record)
        elif values.is_official:
            found.setdefault("discipline", []).append(record)
    return found


# ---------------------------------------------------------------------------- the steps


def step_of_supervision(before: Supervision | None, now: Supervision) -> str | None:
    """Return the step that a change of a supervision asks for, None where it asks for none."""
    if before is None:
        return _ORDER
    if now.lifted_on is not None and before.lifted_on is None:
        return _LIFT
    return _EXTEND if now.extended_to != before.extended_to else None


def _steps_of_supervision(
    _session: Session, loaded: Loaded, records: Sequence[Record]
) -> Iterator[Action]:
    """A supervision is ordered, extended and lifted; its clock carries the item's mark."""
    case = loaded.case
    ordered, extended, lifted = (entries_by_ref(case, each) for each in (_ORDER, _EXTEND, _LIFT))
    for record in records:
        mine = record.values
        if not isinstance(mine, Supervision) or mine.ordered_on is None or record.is_withdrawn:
            continue
        ref, entry = ref_of(record), ordered.get(ref_of(record))
        to = (mine.to or "")[:_LONGEST]

        def action(step: str, payload: Order, on: date, record: Record = record) -> Action:
            return Action(step, payload, on, reason=record.reason, acting_for=record.acting_for)

        if entry is None:
            order = Order(mine.document_no, None, ref, mine.what, to, mine.due_on)
            yield action(_ORDER, order, mine.ordered_on)
        elif getattr(entry.payload, "due_on", None) != mine.due_on:
            text = Text(
                "The limit stands in entry %(seq)s of the procedure: correct that one.",
                seq=entry.seq,
            )
            raise Invalid([Problem("due_on", text)])
        last = extended.get(ref)
        known = None if last is None else getattr(last.payload, "due_on", None)
        if mine.extended_to not in (None, known) and mine.extended_on is not None:
            order = Order(
                mine.extension_no, None, ref, mine.extension_grounds, to, mine.extended_to
            )
            yield action(_EXTEND, order, mine.extended_on)
        if mine.lifted_on is not None and ref not in lifted:
            order = Order(mine.lifting_no, None, ref, mine.lifting_grounds, to)
            yield action(_LIFT, order, mine.lifted_on)


def _steps_of_notice(
    _session: Session, _loaded: Loaded, records: Sequence[Record]
) -> Iterator[Action]:
    """A notice that went out stands in the journal once; its answer only on the item."""
    for record in records:
        notice = record.values
        if not isinstance(notice, DelayNotice) or record.version > 1 or notice.sent_on is None:
            continue
        title = f"{record.mark} {notice.asked}"[:_LONGEST]
        yield Action(
            _NOTIFY,
            DocumentSent(notice.to, notice.document_no, title, notice.item),
            notice.sent_on,
            acting_for=record.acting_for,
            restriction=record.restriction,
        )


def _steps_of_judgement(
    _session: Session, _loaded: Loaded, records: Sequence[Record]
) -> Iterator[Action]:
    """A judgement stands in the case of the supervision, and both cases are linked by it."""
    for record in records:
        judged = record.values
        if not isinstance(judged, NewFireJudgement) or record.is_withdrawn:
            continue
        yield Action(
            _JUDGE,
            Decision(
                judged.outcome,
                decided_by=judged.decided_by,
                document_no=judged.document_no,
                note=judged.grounds,
            ),
            judged.decided_on or record.recorded_at.date(),
            reason=record.reason,
            acting_for=record.acting_for,
        )
        if record.version == 1 and judged.other is not None:
            yield Action(
                "link",
                Linking(judged.other, _JUDGE, 1),
                judged.decided_on or record.recorded_at.date(),
                reason=judged.grounds,
                acting_for=record.acting_for,
            )


#: The steps that go with the items of each register.
FOLLOWS: Mapping[str, Steps] = {
    "supervisions": _steps_of_supervision,
    "delay_notices": _steps_of_notice,
    "art30_judgements": _steps_of_judgement,
}
