"""Evaluation and supervision: group, sheet, listed supervision, notices, new fires (arts 28-30)."""

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from fireinvest.messages import Faulty, Problem, Text
from fireinvest.regulation.clocks import Deadline
from fireinvest.regulation.condition import evaluate
from fireinvest.regulation.facts import Given
from fireinvest.regulation.profile import Item as ListItem
from fireinvest.services.casefile import CaseFile
from fireinvest.services.cases import Loaded, find_number
from fireinvest.services.drafts import Kept, drop_draft, find_draft, keep_draft
from fireinvest.services.evaluation import (
    PARTS,
    REGISTERS,
    Conflict,
    SheetRow,
    conflicts_of,
    delayed,
    not_carried_out,
    sheet_of,
)
from fireinvest.services.execution import ref_of
from fireinvest.services.new_fires import new_fires
from fireinvest.services.records import file_records
from fireinvest.store import Session
from fireinvest.store import records as store
from fireinvest.web import keeping, law
from fireinvest.web.casework import case_context, open_file, open_steps
from fireinvest.web.forms.step import placed
from fireinvest.web.keeping import keeps_drafts
from fireinvest.web.present_registers import RecordView
from fireinvest.web.rights import signed_in
from fireinvest.web.state import state
from fireinvest.web.uploads import takes_files
from fireinvest.web.views.execution import LEDGER_LISTS, proof_asked
from fireinvest.web.views.registers import (
    Room,
    begin_edit,
    edit_item,
    opened_to_write,
    views_of,
)
from fireinvest.web.visiting import origin, sent_at, today, who
from fireinvest.workflow import proving
from fireinvest.workflow.actions import Finding
from fireinvest.workflow.case import Member
from fireinvest.workflow.engine import Action
from fireinvest.workflow.errors import NotAllowed
from fireinvest.workflow.items.base import Item, parse_item
from fireinvest.workflow.items.evaluation import NewFireJudgement, SheetLine, Supervision
from fireinvest.workflow.registers import (
    Filing,
    Record,
    StaleItem,
    choices_of,
    register_of,
    writable,
)

blueprint = Blueprint("evaluation", __name__, url_prefix="/cases/<number>/evaluation")

#: The registers that are written in this room, each item in a form of its own.
_HERE = ("supervisions", "delay_notices", "art30_judgements")
_EVALUATE, _SHEET = "evaluate", "evaluation_sheet"
#: The steps of the evaluation, in the order in which they are taken.
_STEPS = (
    "open_evaluation", "join_evaluation", "evaluate", "evaluation_report", "publish_evaluation",
)  # fmt: skip
#: So many lines can be added to a part by hand at once: to one that its ledger fills, and to one
#: that none does.
_BLANK = (1, 3)
_LONGEST = 10_000


@dataclass(frozen=True, slots=True)
class GroupMember:
    """Somebody in the evaluation group: what they declared, and what speaks against them."""

    member: Member
    declared: Record | None
    conflicts: tuple[Conflict, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the sheet: its lines, and the finding of the procedure where there is one."""

    item: ListItem
    rows: tuple[SheetRow, ...]
    finding: str | None
    found_on: date | None
    entry: int | None

    @property
    def open(self) -> int:
        """How many of its lines aren't on the sheet yet, or say something else than the ledger."""
        return sum(each.line is None or each.differs for each in self.rows)

    @property
    def not_proved(self) -> int:
        """How many of its lines weren't carried out."""
        return sum(not proving.is_carried_out(each.state) for each in self.rows)


@dataclass(frozen=True, slots=True)
class SupervisionView:
    """A supervision in words, with its clock."""

    view: RecordView
    values: Supervision
    clock: Deadline | None


@dataclass(frozen=True, slots=True)
class Organ:
    """An organ that is notified of delays: what it should hear of, and what it was told."""

    item: ListItem
    suggested: tuple[RecordView, ...]
    is_recorded: bool

    @property
    def numbers(self) -> str:
        """The items that it should hear of, as a form takes them."""
        return ",".join(f"{each.record.item}" for each in self.suggested)


@blueprint.get("")
@signed_in
def show(number: str) -> ResponseReturnValue:
    """The evaluation's clock and group, the sheet, supervisions, notices, and new fires."""
    file = open_file(number)
    known = [name for name in REGISTERS if register_of(file.case, name) is not None]
    with state().database.readers.begin() as session:
        found = store.items_of(session, file.ref.id, known)
        fires = new_fires(session, file)
    records = {name: found.get(name, []) for name in REGISTERS}
    can = open_steps(file)
    may_write = writable(who().actor, file.case, number)
    on_record = {_ref(e) for e in file.case.done.get("order_supervision", ())}
    known_refs = {ref_of(each) for each in records["supervisions"]}
    return render_template(
        "evaluation/page.html",
        **case_context(file),
        clock=next((each for each in file.deadlines if each.clock.id == "evaluation"), None),
        group=_group(file, records),
        steps=[file.ruleset.steps[each] for each in _STEPS if each in can],
        parts=_parts(file, records),
        states_of={name: states for name, (_step, states, _kinds) in LEDGER_LISTS.items()},
        may_evaluate=_EVALUATE in can and _SHEET in may_write,
        supervisions=_supervisions(file, records["supervisions"]),
        unlisted=sorted((on_record - known_refs) - {None}, key=str),
        to_supervise=views_of(file, _unsupervised(records, file.today)),
        organs=_organs(file, records),
        notices=views_of(file, records["delay_notices"]),
        judgements=views_of(file, records["art30_judgements"]),
        fires=fires,
        can=may_write,
        open_steps=can,
        has_registers=bool(known),
    )


def _ref(entry: object) -> str | None:
    return getattr(getattr(entry, "payload", None), "ref", None)


# ---------------------------------------------------------------------------- the sheet


@blueprint.route("/parts/<part>", methods=["GET", "POST"])
@signed_in
@keeps_drafts
def fill(number: str, part: str) -> ResponseReturnValue:
    """A part of the sheet, filled from its ledger: its lines and its finding are saved together."""
    file, _register = opened_to_write(number, _SHEET)
    item = next((e for e in choices_of(file.case, "evaluation_findings") if e.id == part), None)
    if item is None:
        abort(404)
    names = [each for each in ("measures", "liabilities", _SHEET) if each in file.ruleset.registers]
    with state().database.readers.begin() as session:
        records = store.items_of(session, file.ref.id, names)
        draft = find_draft(session, who().person.id, request.path)
    # What is restricted is opened on its own page, and entered there.
    rows = [each for each in sheet_of(part, records) if not each.is_restricted]
    if request.method == "GET":
        kept = dict(draft.fields) if draft is not None else None
        return _sheet_page(file, item, rows, kept or _typed(file, part, rows), draft=draft)
    typed = request.form.to_dict()
    if typed.get("do") == "draft":
        keep_draft(state().database, who().person.id, request.path, keeping.written(), sent_at())
        flash(_("Kept as a draft. Nothing has been sent yet."), "done")
        return redirect(request.path, 303)
    problems: list[Problem] = []
    filings = list(_lines(part, rows, typed, problems))
    text = Given({"text": typed.get("text", "")}, problems).text("text", _LONGEST)
    on = Given({"on": typed.get("on", "")}, problems).day("on")
    reason = Given({"reason": typed.get("reason", "")}, problems).text("reason", 2000)
    problems += [Problem(name, Text("This is needed.")) for name, value in
                 (("text", text), ("on", on)) if value is None
                 and not any(each.field == name for each in problems)]  # fmt: skip
    if problems or on is None:
        return _sheet_page(file, item, rows, typed, problems), 400

    def follow(_session: Session, _loaded: Loaded, _records: Sequence[Record]) -> Iterator[Action]:
        yield Action(
            _EVALUATE, Finding(part, text=text), on, reason=reason,
            acting_for=who().acting_login,
        )  # fmt: skip

    try:
        file_records(
            state().database, law.law(), file.calendar, who().actor, file.ref.id, filings,
            idempotency_key=typed.get("key", ""), now=sent_at(), today=today(), origin=origin(),
            follow=follow,
        )  # fmt: skip
    except NotAllowed as refused:
        return _sheet_page(file, item, rows, typed, refused.problems), 403
    except Faulty as faulty:
        status = 409 if isinstance(faulty, StaleItem) else 400
        return _sheet_page(file, item, rows, typed, faulty.problems), status
    drop_draft(state().database, who().person.id, request.path)
    flash(_("Recorded."), "done")
    return redirect(url_for("evaluation.show", number=number), 303)


def _typed(file: CaseFile, part: str, rows: Sequence[SheetRow]) -> dict[str, str]:
    """What the form begins with: the lines as they are, or as the ledger has them, and a summary."""
    found = {"key": uuid.uuid4().hex, "on": today().isoformat()}
    for place, row in enumerate(rows):
        for name in ("subject", "finding", "state", "proof"):
            found[f"{name}-{place}"] = getattr(row, name)
        found[f"version-{place}"] = f"{row.line.version}" if row.line is not None else ""
    said = _last_finding(file, part)
    if said is not None:
        found["text"] = said[0]
    elif rows:
        done = sum(proving.is_carried_out(each.state) for each in rows)
        found["text"] = _(
            "%(all)s items, of which %(done)s are carried out and %(open)s are not.",
            all=len(rows), done=done, open=len(rows) - done,
        )  # fmt: skip
    return found


def _last_finding(file: CaseFile, part: str) -> tuple[str, date, int] | None:
    found = [
        (each.payload.text or "", each.on, each.seq)
        for each in file.case.done.get(_EVALUATE, ())
        if isinstance(each.payload, Finding) and each.payload.item == part
    ]
    return found[-1] if found else None


def _lines(
    part: str, rows: Sequence[SheetRow], typed: Mapping[str, str], problems: list[Problem]
) -> Iterator[Filing]:
    """Yield the lines that are new or say something else now; blank ones by hand are left out."""
    for place in range(_places(part, rows)):
        row = rows[place] if place < len(rows) else None
        names = ("subject", "finding", "state", "proof")
        given = {name: typed.get(f"{name}-{place}", "").replace("\r\n", "\n") for name in names}
        if row is None and not any(given[name].strip() for name in ("subject", "finding")):
            continue
        mine: list[Problem] = []
        values = parse_item(SheetLine, Given({**given, "part": part}, mine))
        assert isinstance(values, SheetLine)  # noqa: S101 - it was read as one
        values = replace(values, about=row.about if row is not None else None)
        mine += [
            Problem(name, Text("This is needed."))
            for name in ("subject", "finding", "state")
            if getattr(values, name) is None and not any(each.field == name for each in mine)
        ]
        problems += [Problem(f"{each.field}-{place}", each.text) for each in mine]
        line = row.line if row is not None else None
        if mine or (line is not None and line.values == values):
            continue
        version = typed.get(f"version-{place}", "")
        yield Filing(
            _SHEET, values,
            line.item if line is not None else None,
            int(version) if line is not None and version.isdecimal() else None,
            acting_for=who().acting_login,
            attachments=line.attachments if line is not None else (),
            restriction=line.restriction if line is not None else None,
        )  # fmt: skip


def _places(part: str, rows: Sequence[SheetRow]) -> int:
    """How many lines a form has room for."""
    return len(rows) + _BLANK[part not in PARTS]


def _sheet_page(
    file: CaseFile,
    item: ListItem,
    rows: Sequence[SheetRow],
    typed: Mapping[str, str],
    problems: Sequence[Problem] = (),
    *,
    draft: Kept | None = None,
) -> str:
    beside = placed(problems)
    names = {f"{name}-{place}" for name in ("subject", "finding", "state", "proof")
             for place in range(_places(item.id, rows))}  # fmt: skip
    own = names | {"text", "on", "reason"}
    return render_template(
        "evaluation/sheet.html",
        **case_context(file),
        item=item,
        rows=[*rows, *(None for _place in range(_places(item.id, rows) - len(rows)))],
        typed=typed,
        beside=beside,
        elsewhere=[text for name, texts in beside.items() if name not in own for text in texts],
        states=choices_of(file.case, "proof_states"),
        key=typed.get("key") or uuid.uuid4().hex,
        address=request.path,
        draft=draft,
    )


# ---------------------------------------------------------------------------- forms of items


@blueprint.route("/<register>/new", methods=["GET", "POST"])
@signed_in
@keeps_drafts
@takes_files
def new(number: str, register: str) -> ResponseReturnValue:
    """A new supervision, notice or judgement, and with it its step of the procedure."""
    if register not in _HERE:
        abort(404)
    file, found = opened_to_write(number, register)
    room = _room(file, register, None)
    return _proof(register) or edit_item(file, found, None, room)


@blueprint.route("/<register>/<int:item>", methods=["GET", "POST"])
@signed_in
@keeps_drafts
@takes_files
def edit(number: str, register: str, item: int) -> ResponseReturnValue:
    """A supervision extended or lifted, a notice answered, a judgement judged anew."""
    if register not in _HERE:
        abort(404)
    file, found = opened_to_write(number, register)
    return _proof(register) or begin_edit(
        file, found, item, lambda record: _room(file, register, record)
    )


def _proof(register: str) -> ResponseReturnValue | None:
    """Orders and judgements take a fresh proof of who gives them, as their steps do."""
    return None if register == "delay_notices" else proof_asked()


def _room(file: CaseFile, register: str, record: Record | None) -> Room:
    then = url_for("evaluation.show", number=file.ref.number)
    on = today().isoformat()
    row = file.loaded.row
    match register:
        case "supervisions":
            begun = {"unit": row["unit_name"], "address": row["address"], "ordered_on": on}
            # Each of these is entered when it comes to it.
            later = (
                "extended_to", "extended_on", "extension_no", "extension_grounds", "lifted_on",
                "lifting_no", "lifting_grounds",
            )  # fmt: skip
            return Room(
                then=then, but=later if record is None else (),
                given=_but_asked(begun), settle=_with_ref(record),
            )  # fmt: skip
        case "delay_notices":
            return Room(then=then, given=_but_asked({"sent_on": on}))
    return _judgement_room(file, record, then)


def _but_asked(begun: Mapping[str, str]) -> dict[str, str]:
    """What a form begins with, unless the address says something else."""
    return {name: value for name, value in begun.items() if name not in request.args}


def _with_ref(record: Record | None) -> Callable[[Item], Item] | None:
    ref = request.args.get("ref", "").strip()[:200]
    if record is not None or not ref:
        return None

    def settle(values: Item) -> Item:
        return replace(values, ref=ref) if isinstance(values, Supervision) else values

    return settle


def _judgement_room(file: CaseFile, record: Record | None, then: str) -> Room:
    """A judgement is about a fire that the case has to do with, which is held with it."""
    other = request.args.get("other", "") if record is None else _other_of(record)
    with state().database.readers.begin() as session:
        found = find_number(session, other) if other else None
        fires = new_fires(session, file).elsewhere
    if record is None and other not in {each.fire for each in fires}:
        abort(404)
    return Room(
        then=then,
        but=("other",),
        given=_but_asked({"decided_on": today().isoformat()}),
        settle=lambda values: (
            replace(values, other=other) if isinstance(values, NewFireJudgement) else values
        ),
        hold=() if found is None else (found.id,),
        about=Text(
            "Three conditions, which only a person judges: the limit had passed, it was still not "
            "rectified, and the new fire had serious consequences. Both cases are linked."
        ),
    )


def _other_of(record: Record) -> str:
    return getattr(record.values, "other", None) or ""


# ---------------------------------------------------------------------------- what they show


def _group(file: CaseFile, records: Mapping[str, Sequence[Record]]) -> list[GroupMember]:
    members = [each for each in file.case.members if each.post == "evaluator"]
    declared = {getattr(each.values, "person", None): each for each in records["declarations"]}
    conflicts = conflicts_of(members, file.name, file.case.recused, records["liabilities"])
    return [
        GroupMember(
            each,
            declared.get(each.person),
            tuple(one for one in conflicts if one.member == each),
        )
        for each in members
    ]


def _parts(file: CaseFile, records: Mapping[str, Sequence[Record]]) -> list[Part]:
    found = []
    for item in choices_of(file.case, "evaluation_findings"):
        said = _last_finding(file, item.id)
        found.append(Part(item, tuple(sheet_of(item.id, records)), *(said or (None, None, None))))
    return found


def _supervisions(file: CaseFile, records: Sequence[Record]) -> list[SupervisionView]:
    return [
        SupervisionView(view, view.record.values, file.deadline("supervision", ref_of(view.record)))
        for view in views_of(file, records)
        if isinstance(view.record.values, Supervision)
    ]


def _unsupervised(records: Mapping[str, Sequence[Record]], on: date) -> list[Record]:
    """Measures that weren't carried out and that no running supervision is about."""
    named = {
        number
        for each in records["supervisions"]
        if isinstance(each.values, Supervision) and each.values.is_running
        for number in each.values.measures or ()
    }
    return [each for each in not_carried_out(records["measures"], on) if each.item not in named]


def _organs(file: CaseFile, records: Mapping[str, Sequence[Record]]) -> list[Organ]:
    listing = file.ruleset.lists.get("supervision_notices")
    told: dict[str, set[int]] = {}
    for each in records["delay_notices"]:
        code = getattr(each.values, "item", None) or ""
        told.setdefault(code, set()).update(getattr(each.values, "about", None) or ())
    wanted = delayed(records["liabilities"], file.today)
    steps = file.case.done.get("notify_delay", ())
    recorded = {getattr(each.payload, "item", None) for each in steps}
    return [
        Organ(
            item,
            tuple(
                views_of(
                    file,
                    [e for e in wanted.get(item.id, ()) if e.item not in told.get(item.id, ())],
                )
            ),
            item.id in recorded,
        )
        for item in (listing.items if listing is not None else ())
        if evaluate(item.when, file.case.view).holds is not False
    ]
