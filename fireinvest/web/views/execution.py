"""Execution: to whom the reply went, transfers, the two ledgers, and the archive (arts 24-27)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from fireinvest.documents.tables import Column
from fireinvest.messages import Faulty, Text
from fireinvest.regulation.clocks import Deadline
from fireinvest.regulation.condition import evaluate
from fireinvest.regulation.profile import Item as ListItem
from fireinvest.regulation.profile import Listing, Register, Step
from fireinvest.services.casefile import CaseFile
from fireinvest.services.execution import (
    LEDGERS,
    REGISTERS,
    Reminder,
    entries_by_ref,
    only_in_matrix,
    ref_of,
    steps_of_ledgers,
    unwritten,
)
from fireinvest.services.log import Act
from fireinvest.services.records import file_records
from fireinvest.store import records as store
from fireinvest.web import confirming, law, noting, uploads
from fireinvest.web.casework import case_context, open_file, open_steps
from fireinvest.web.excel import excel_answer
from fireinvest.web.keeping import keeps_drafts
from fireinvest.web.present import say
from fireinvest.web.present_registers import RecordView, cell_of, column_of
from fireinvest.web.rights import signed_in
from fireinvest.web.state import state
from fireinvest.web.uploads import takes_files
from fireinvest.web.views.registers import (
    Room,
    begin_edit,
    edit_item,
    opened_to_write,
    views_of,
)
from fireinvest.web.visiting import origin, sent_at, today, who
from fireinvest.workflow import proving
from fireinvest.workflow.items.base import Item
from fireinvest.workflow.items.execution import (
    CopySent,
    Liability,
    RectificationMeasure,
    ReplyDelivered,
    Transfer,
)
from fireinvest.workflow.recipients import STEPS, Recipient, recipients_of
from fireinvest.workflow.registers import (
    Record,
    choices_of,
    record_reader,
    register_of,
    restrictions_of,
    writable,
)

blueprint = Blueprint("execution", __name__, url_prefix="/cases/<number>/execution")

#: The registers that are written in this room.
_HERE = ("deliveries", "copies", "transfers", "discipline_leads", *LEDGERS)
#: How many items of a ledger stand on the room's page, and on a page of the ledger itself.
_FEW, _PAGE = 20, 50
_ARCHIVE = "archive"
#: Each ledger: the step by which the procedure knows its items, and the list of its states.
LEDGER_LISTS: Mapping[str, tuple[str, str, str]] = {
    "measures": ("set_measure", "measure_states", "measure_kinds"),
    "liabilities": ("record_penalty", "liability_states", "penalty_kinds"),
}


@dataclass(frozen=True, slots=True)
class RecipientRow:
    """A recipient: their receipt, or what the procedure says of the line of the law they stand for.

    ``standing``: "received", "sent" without a receipt, "recorded" in the procedure, or "missing".
    """

    recipient: Recipient
    view: RecordView | None
    standing: str
    recorded_on: date | None
    entry: int | None


@dataclass(frozen=True, slots=True)
class RecipientList:
    """Those to whom a step of arts 25 and 26 goes. ``others``: receipts of nobody in the list."""

    register: Register
    step: Step
    rows: tuple[RecipientRow, ...]
    others: tuple[RecordView, ...]
    clock: Deadline | None
    may_write: bool

    @property
    def missing(self) -> int:
        """How many have got nothing yet."""
        return sum(each.standing == "missing" for each in self.rows)


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """An item of a ledger: its clock, whether it is late, and whether the procedure knows it."""

    view: RecordView
    values: Item
    clock: Deadline | None
    is_overdue: bool
    is_written: bool


@dataclass(frozen=True, slots=True)
class Ledger:
    """A ledger as a page shows it. ``counts``: by state, how many of all of its items."""

    register: Register
    rows: tuple[LedgerRow, ...]
    counts: tuple[tuple[ListItem, int], ...]
    overdue: int
    reminders: tuple[Reminder, ...]
    unwritten: int
    may_write: bool
    following: int | None = None

    @property
    def total(self) -> int:
        """How many items it has."""
        return sum(number for _item, number in self.counts)


@dataclass(frozen=True, slots=True)
class Filing24:
    """A line of what is filed (art 24)."""

    item: ListItem
    done_on: date | None
    entry: int | None


@dataclass(frozen=True, slots=True)
class Archive:
    """What is filed, and what is missing."""

    step: Step
    listing: Listing
    lines: tuple[Filing24, ...]
    clock: Deadline | None
    may_take: bool

    @property
    def missing(self) -> int:
        """How many lines are missing; what only some cases have is none."""
        return sum(each.done_on is None and not each.item.optional for each in self.lines)


@blueprint.get("")
@signed_in
def show(number: str) -> ResponseReturnValue:
    """Recipients with their receipts, transfers, ledgers, and what is filed."""
    file = open_file(number)
    known = [name for name in REGISTERS if register_of(file.case, name) is not None]
    with state().database.readers.begin() as session:
        records = store.items_of(session, file.ref.id, known)
    may_write = writable(who().actor, file.case, number)
    return render_template(
        "execution/page.html",
        **case_context(file),
        recipients=[
            _recipients(file, name, records[name], may_write=name in may_write)
            for name in STEPS
            if name in known
        ],
        transfers=[
            (file.ruleset.registers[name], views_of(file, records[name]), name in may_write)
            for name in ("transfers", "discipline_leads")
            if name in known
        ],
        only_in_matrix={
            name: views_of(file, only_in_matrix(name, records[name], records.get("facts", ())))
            for name in LEDGERS
            if name in known
        },
        ledgers=[
            _ledger(
                file,
                name,
                records[name],
                size=_FEW,
                is_urgent_first=True,
                may_write=name in may_write,
            )
            for name in LEDGERS
            if name in known
        ],
        archive=_archive(file),
        has_registers=bool(known),
    )


@blueprint.get("/ledgers/<register>")
@signed_in
def ledger(number: str, register: str) -> ResponseReturnValue:
    """A ledger with its filters, page by page."""
    file, found, records = _ledger_records(number, register)
    chosen = _filters()
    kept = [each for each in records if _is_wanted(each, chosen, file.today)]
    after = request.args.get("after", 0, type=int)
    page = [each for each in kept if each.item > after]
    drawn = _ledger(
        file, register, page, whole=records, size=_PAGE,
        may_write=register in writable(who().actor, file.case, number),
    )  # fmt: skip
    _step, states, kinds = LEDGER_LISTS[register]
    return render_template(
        "execution/ledger.html",
        **case_context(file),
        register=found,
        ledger=drawn,
        chosen=chosen,
        matching=len(kept),
        is_first=after == 0,
        states=choices_of(file.case, states),
        kinds=choices_of(file.case, kinds),
    )


@blueprint.get("/ledgers/<register>/excel")
@signed_in
def excel(number: str, register: str) -> ResponseReturnValue:
    """A ledger as a table to take away, as it is filtered; what is restricted is left out."""
    file, found, records = _ledger_records(number, register)
    chosen = _filters()
    kept = [each for each in records if _is_wanted(each, chosen, file.today)]
    noting.note(Act.EXPORT, case_id=file.ref.id, item=f"{register}")
    rows = [
        each
        for each in _ledger(file, register, kept, may_write=False).rows
        if not each.view.is_hidden
    ]
    names = list(dict.fromkeys(each.name for row in rows for each in row.view.values))
    columns = [
        Column(_("Item number"), width=10),
        *(column_of(register, name, say) for name in names),
        Column(_("Overdue"), width=10),
    ]
    table = [
        [
            row.view.mark,
            *(cell_of(row.view, name, say) for name in names),
            _("overdue") if row.is_overdue else None,
        ]
        for row in rows
    ]
    return excel_answer(f"{number} {say(found.label)}", columns, table)


@blueprint.post("/carry")
@signed_in
def carry(number: str) -> ResponseReturnValue:
    """What the ledgers hold and the procedure doesn't know yet is written there, all at once."""
    file = open_file(number)
    names = [name for name in LEDGERS if name in writable(who().actor, file.case, number)]
    if not names:
        abort(403)
    if (asked := confirming.ask()) is not None:
        return asked
    try:
        file_records(
            state().database, law.law(), file.calendar, who().actor, file.ref.id, [],
            idempotency_key=request.form.get("key", ""), now=sent_at(), today=today(),
            origin=origin(), follow=steps_of_ledgers(names),
        )  # fmt: skip
    except Faulty as faulty:
        for problem in faulty.problems:
            flash(say(problem.text), "warning")
    else:
        flash(_("Recorded."), "done")
    return redirect(url_for("execution.show", number=number) + "#ledgers", 303)


@blueprint.get("/<register>/<int:item>/list")
@signed_in
def evidence_list(number: str, register: str, item: int) -> ResponseReturnValue:
    """The list of evidence that goes with a transfer, as it is printed and signed for."""
    file = open_file(number)
    if register not in ("transfers", "discipline_leads") or not register_of(file.case, register):
        abort(404)
    with state().database.readers.begin() as session:
        record = store.last_version(session, file.ref.id, register, item)
        values = record.values if record is not None else None
        named = values.evidence if isinstance(values, Transfer) else None
        wanted = [("evidence", each) for each in named or ()]
        found = store.last_versions(session, file.ref.id, wanted)
    if record is None or restrictions_of(file.ruleset, record):
        abort(404)
    if not record_reader(who().actor, file.case, number)(record):
        abort(404)
    return render_template(
        "execution/list_paper.html",
        **case_context(file),
        view=views_of(file, [record])[0],
        evidence=views_of(file, [found[each] for each in wanted if each in found]),
        has_register="evidence" in file.ruleset.registers,
    )


@blueprint.route("/<register>/new", methods=["GET", "POST"])
@signed_in
@keeps_drafts
@takes_files
def new(number: str, register: str) -> ResponseReturnValue:
    """A new receipt, transfer, penalty or measure: with it the step that it is in the procedure."""
    if register not in _HERE:
        abort(404)
    file, found = opened_to_write(number, register)
    asked = _asked_for_proof(file, register, None)
    return asked or edit_item(file, found, None, _room(file, register, None))


@blueprint.route("/<register>/<int:item>", methods=["GET", "POST"])
@signed_in
@keeps_drafts
@takes_files
def edit(number: str, register: str, item: int) -> ResponseReturnValue:
    """A receipt, transfer, penalty or measure changed: its state is on record in the procedure."""
    if register not in _HERE:
        abort(404)
    file, found = opened_to_write(number, register)
    asked = _asked_for_proof(file, register, item)
    return asked or begin_edit(file, found, item, lambda record: _room(file, register, record))


# ---------------------------------------------------------------------------- the forms


def proof_asked() -> ResponseReturnValue | None:
    """Return what asks for a proof before a form is done that was sent, with its files staged."""
    if request.method != "POST" or request.form.get("do") == "draft" or confirming.has_proved():
        return None
    files, _problems = uploads.staged()
    return confirming.ask(files)


def _asked_for_proof(file: CaseFile, register: str, item: int | None) -> ResponseReturnValue | None:
    """What a measure came to is a step that takes a fresh proof of who says so."""
    step = file.ruleset.steps.get("accept_measure")
    if register != "measures" or step is None or not step.confirm:
        return None
    wanted = request.form.get("state")
    if proving.is_open(wanted):
        return None
    before = None
    if item is not None:
        with state().database.readers.begin() as session:
            before = store.last_version(session, file.ref.id, register, item)
    if before is not None and getattr(before.values, "state", None) == wanted:
        return None
    return proof_asked()


def _room(file: CaseFile, register: str, record: Record | None) -> Room:
    number = file.ref.number
    if register in STEPS:
        return _receipt_room(file, register, record)
    then = url_for("execution.show", number=number)
    given: dict[str, str] = {}
    ref = request.args.get("ref")
    if record is None and register in LEDGERS:
        given = _known_of(file, register, ref)
    on = today().isoformat()
    match register:
        case "measures":
            given = {"state": "set", "set_on": on, **given}
        case "liabilities":
            given = {"state": "proposed", "state_on": on, **given}
        case "transfers":
            given = {"kind": "authority"}

    def settle(values: Item) -> Item:
        if (
            record is None
            and given.get("ref")
            and isinstance(values, RectificationMeasure | Liability)
        ):
            return replace(values, ref=given["ref"])
        return values

    return Room(then=then, given=given, settle=settle)


def _known_of(file: CaseFile, register: str, ref: str | None) -> dict[str, str]:
    """What the procedure says of a measure or a penalty that the ledger doesn't have yet."""
    step, _states, _kinds = LEDGER_LISTS[register]
    entry = entries_by_ref(file.case, step).get(ref or "")
    if ref is None or entry is None or entry.seq in file.case.restrictions:
        return {}
    payload, unit = entry.payload, getattr(entry.payload, "unit", None) or ""
    what = getattr(payload, "what", None) or ""
    if register == "measures":
        due = getattr(payload, "due_on", None)
        return {
            "ref": ref, "what": what, "unit": unit, "set_on": entry.on.isoformat(),
            "due_on": due.isoformat() if due else "",
        }  # fmt: skip
    states = {"carried_out": proving.PROVED, "not_carried_out": proving.NOT_PROVED}
    outcome = getattr(payload, "outcome", None) or "proposed"
    return {
        "ref": ref, "proposed": what, "name": unit, "state": states.get(outcome, outcome),
        "state_on": entry.on.isoformat(), "proof": getattr(payload, "proof", None) or "",
    }  # fmt: skip


def _receipt_room(file: CaseFile, register: str, record: Record | None) -> Room:
    """A receipt is of a recipient who follows from the case, or of somebody else."""
    asked = (request.args.get("item", ""), request.args.get("whom", ""))
    known = {(each.item.id, each.code): each for each in recipients_of(file.case, register)}
    wanted = known.get(asked) if record is None else None
    given = {"sent_on": today().isoformat()}
    if wanted is not None:
        given |= {"item": wanted.item.id, "recipient": say(wanted.name)}

    def settle(values: Item) -> Item:
        if wanted is not None and isinstance(values, ReplyDelivered | CopySent):
            return replace(values, item=wanted.item.id, whom=wanted.code)
        return values

    return Room(
        then=url_for("execution.show", number=file.ref.number),
        but=("item",) if wanted is not None or _whom_of(record) is not None else (),
        given=given,
        settle=settle,
        about=Text("The receipt: %(who)s", who=wanted.name) if wanted is not None else None,
    )


def _whom_of(record: Record | None) -> str | None:
    """Return which recipient of the case a receipt is of, None where of somebody else."""
    return getattr(record.values, "whom", None) if record is not None else None


# ---------------------------------------------------------------------------- what they show


def _recipients(
    file: CaseFile, register: str, records: Sequence[Record], *, may_write: bool
) -> RecipientList:
    step = file.ruleset.steps[STEPS[register]]
    entries = {getattr(e.payload, "item", None): e for e in file.case.done.get(step.id, ())}
    views = {
        (getattr(record.values, "item", None), getattr(record.values, "whom", None)): view
        for record, view in zip(records, views_of(file, records), strict=True)
    }
    rows = []
    for each in recipients_of(file.case, register):
        view = views.pop((each.item.id, each.code), None)
        entry = entries.get(each.item.id)
        standing = "missing" if entry is None else "recorded"
        if view is not None:
            values = view.record.values
            is_received = isinstance(values, ReplyDelivered | CopySent) and values.is_received
            standing = "received" if is_received else "sent"
        rows.append(
            RecipientRow(
                each, view, standing, entry.on if entry is not None else None,
                entry.seq if entry is not None else None,
            )
        )  # fmt: skip
    clock = next((each for each in file.deadlines if each.clock.id in step.satisfies), None)
    found = file.ruleset.registers[register]
    return RecipientList(found, step, tuple(rows), tuple(views.values()), clock, may_write)


def _ledger_records(number: str, register: str) -> tuple[CaseFile, Register, list[Record]]:
    file = open_file(number)
    found = register_of(file.case, register)
    if register not in LEDGER_LISTS or found is None:
        abort(404)
    with state().database.readers.begin() as session:
        records = store.items_of(session, file.ref.id, [register])[register]
    return file, found, records


def _filters() -> dict[str, str]:
    names = ("state", "kind", "late", "q")
    return {each: request.args.get(each, "").strip()[:100] for each in names}


def _is_wanted(record: Record, chosen: Mapping[str, str], on: date) -> bool:
    values = record.values
    if not isinstance(values, RectificationMeasure | Liability):
        return False
    if chosen["state"] == "open":
        if not proving.is_open(values.state):
            return False
    elif chosen["state"] and values.state != chosen["state"]:
        return False
    if chosen["kind"] and values.kind != chosen["kind"]:
        return False
    if chosen["late"] and not values.is_overdue(on):
        return False
    if not chosen["q"]:
        return True
    # What is restricted isn't found by what it says.
    if record.restriction is not None:
        return False
    texts = [getattr(values, name, None) for name in ("what", "unit", "name", "proposed", "fact")]
    return any(chosen["q"].casefold() in (each or "").casefold() for each in texts)


def _ledger(
    file: CaseFile,
    name: str,
    records: Sequence[Record],
    *,
    may_write: bool,
    whole: Sequence[Record] | None = None,
    size: int | None = None,
    is_urgent_first: bool = False,
) -> Ledger:
    """A ledger: its items by number, or those first that somebody has to see to."""
    whole = records if whole is None else whole
    step, states, _kinds = LEDGER_LISTS[name]
    written = entries_by_ref(file.case, step)
    if is_urgent_first:
        records = sorted(records, key=_urgency(file.today))
    shown = list(records if size is None else records[:size])
    rows = tuple(
        _ledger_row(file, record, view, is_written=ref_of(record) in written)
        for record, view in zip(shown, views_of(file, shown), strict=True)
    )
    by_state: dict[str | None, int] = {}
    late = 0
    for record in whole:
        values = record.values
        if isinstance(values, RectificationMeasure | Liability):
            by_state[values.state] = by_state.get(values.state, 0) + 1
            late += values.is_overdue(file.today)
    return Ledger(
        file.ruleset.registers[name],
        rows,
        tuple((each, by_state.get(each.id, 0)) for each in choices_of(file.case, states)),
        late,
        tuple(each for each in unwritten(file.case, name, whole) if _may_be_shown(file, each)),
        sum(ref_of(each) not in written for each in whole),
        may_write,
        shown[-1].item if size is not None and len(records) > size else None,
    )


def _may_be_shown(file: CaseFile, reminder: Reminder) -> bool:
    return reminder.entry.seq not in file.case.restrictions


def _urgency(on: date) -> Callable[[Record], tuple[bool, bool, date, int]]:
    """Open ones first, late ones before others, by their limit."""

    def key(record: Record) -> tuple[bool, bool, date, int]:
        values = record.values
        if not isinstance(values, RectificationMeasure | Liability):
            return True, True, date.max, record.item
        ended = not proving.is_open(values.state)
        return ended, not values.is_overdue(on), values.due_on or date.max, record.item

    return key


def _ledger_row(file: CaseFile, record: Record, view: RecordView, is_written: bool) -> LedgerRow:
    values = record.values
    is_overdue = isinstance(values, RectificationMeasure | Liability) and values.is_overdue(
        file.today
    )
    clock = file.deadline("measure", ref_of(record))
    return LedgerRow(view, values, clock, is_overdue, is_written)


def _archive(file: CaseFile) -> Archive | None:
    """The panel of what is filed, with what is missing."""
    step = file.ruleset.steps.get(_ARCHIVE)
    listing = file.ruleset.lists.get(step.items or "") if step is not None else None
    if step is None or listing is None:
        return None
    clock = next((each for each in file.deadlines if each.clock.id in step.satisfies), None)
    return Archive(
        step, listing, tuple(_filed(file, step, listing)), clock, _ARCHIVE in open_steps(file)
    )


def _filed(file: CaseFile, step: Step, listing: Listing) -> Iterator[Filing24]:
    entries = {getattr(e.payload, "item", None): e for e in file.case.done.get(step.id, ())}
    for item in listing.items:
        if evaluate(item.when, file.case.view).holds is False:
            continue
        entry = entries.get(item.id)
        yield Filing24(item, entry.on if entry else None, entry.seq if entry else None)
