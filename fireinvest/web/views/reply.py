"""The government's side of a case: receipt, the report beside its evidence, the reply (arts 21, 22)."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from fireinvest.messages import Faulty, Problem, Words
from fireinvest.regulation.calendar import DayKind
from fireinvest.regulation.clocks import Deadline, Prolonged, alternatives
from fireinvest.regulation.facts import Given as Fields
from fireinvest.regulation.profile import Step
from fireinvest.services.casefile import CaseFile
from fireinvest.services.cases import NoSuchCase, act
from fireinvest.services.drafts import drop_draft, find_draft, keep_draft
from fireinvest.services.files import Staged, as_attachments
from fireinvest.services.records import Filed
from fireinvest.services.replies import (
    REGISTERS,
    Submitted,
    answer,
    bound_text,
    confirm,
    last_reply,
    points_as_replied,
    points_of,
    standing_checks,
    submissions_of,
)
from fireinvest.services.report_tables import TABLES
from fireinvest.services.reports import SECTIONS, ReportText, text_of
from fireinvest.services.whatif import LONGEST_EXTENSION, Assumed, compare
from fireinvest.store import records as store
from fireinvest.web import confirming, keeping, law, uploads
from fireinvest.web.casework import case_context, open_file, open_steps
from fireinvest.web.forms.registers import asked_of
from fireinvest.web.forms.step import StepInput, placed
from fireinvest.web.gaps import gaps_of
from fireinvest.web.keeping import keeps_drafts
from fireinvest.web.present import DAY_MARKS, WEEKDAY_HEADS, ClockView, clock_view, say
from fireinvest.web.present_registers import RecordView, text_parts
from fireinvest.web.rights import signed_in
from fireinvest.web.state import state
from fireinvest.web.together import Given, Together, asking
from fireinvest.web.uploads import takes_files
from fireinvest.web.views.registers import (
    Room,
    edit_item,
    named_items,
    record_of,
    views_of,
    writable_register,
)
from fireinvest.web.views.report import section_views
from fireinvest.web.visiting import origin, sent_at, today, who
from fireinvest.workflow.actions import Extension
from fireinvest.workflow.asking import Asked, asked_fields, reasons_ahead
from fireinvest.workflow.chain import matrix_of
from fireinvest.workflow.completeness import Check, checks_of, missing_before
from fireinvest.workflow.engine import Action
from fireinvest.workflow.errors import NotAllowed, Refused, Stale
from fireinvest.workflow.items.reply import (
    WITH_CHANGES,
    Confirmation,
    PointCheck,
    Reply,
    ReplyPoint,
    RouteStage,
)
from fireinvest.workflow.items.report import Section
from fireinvest.workflow.registers import (
    Record,
    choices_of,
    record_reader,
    register_of,
    restrictions_of,
    writable,
)
from fireinvest.workflow.report_hash import PARTS
from fireinvest.workflow.report_text import FrozenTable, thawed

blueprint = Blueprint("reply", __name__, url_prefix="/cases/<number>/reply")

_RECEIVE, _REPLY, _RETURN = "receive_report", "reply", "return_report"
_ASK, _DECIDE, _CONFIRM = "ask_extension", "decide_extension", "confirm_changes"
#: What the page of the report shows beside its text.
_BESIDE = ("evidence", "facts", "line_findings", "opinions", "approvals", "signatures")
_SORTS = "node_sorts"
#: The width of the drawn route, and how high one of its stages is.
_ACROSS, _HIGH = 1000, 26


# ---------------------------------------------------------------------------- the room


@dataclass(frozen=True, slots=True)
class SubmittedView:
    """A submission as the room lists it: when it came, its clock, and what was answered."""

    sent: Submitted
    clock: Deadline | None
    reply: RecordView | None

    @property
    def received_on(self) -> date | None:
        """The day on which the government's office registered it."""
        run = self.clock.run if self.clock is not None else None
        return None if run is None or run.awaits_receipt else run.start_on


@dataclass(frozen=True, slots=True)
class StageView:
    """A stage of the route: in words, how the clock stands at its end, and where it is drawn."""

    view: RecordView
    stage: RouteStage
    is_late: bool
    left: int | None
    begins: int = 0
    width: int = 0
    top: int = 0


@dataclass(frozen=True, slots=True)
class RouteDrawn:
    """The route beside its clock, drawn: its height, and where today and the due day lie."""

    height: int
    today: int
    due: int


@blueprint.get("")
@signed_in
def show(number: str) -> ResponseReturnValue:
    """The room of whoever replies: the clock, what was submitted, the route, points and replies."""
    file = open_file(number)
    return _room(file, None)


@blueprint.route("/receipt", methods=["GET", "POST"])
@signed_in
@keeps_drafts
@takes_files
def receipt(number: str) -> ResponseReturnValue:
    """The report is registered: with its day and number the government's clock begins (art 22)."""
    file = open_file(number)
    step = _step(file, _RECEIVE)
    return _take(
        StepForm(file, step, then=url_for("reply.show", number=number, _anchor="clock")),
        lambda form: _room(file, form),
    )


def _room(file: CaseFile, form: "DrawnStep | None") -> str:
    number = file.ref.number
    with state().database.readers.begin() as session:
        records = store.items_of(session, file.ref.id, _known(file, REGISTERS))
    sent = submissions_of(file.case, records.get("submissions", ()))
    clocks = [each for each in file.deadlines if each.clock.received_by == _RECEIVE]
    replies = records.get("replies", [])
    views = dict(zip((each.item for each in replies), views_of(file, replies), strict=True))
    by_round = {getattr(each.values, "round", None): views[each.item] for each in replies}
    lines = [
        SubmittedView(
            each,
            clocks[place] if place < len(clocks) else None,
            by_round.get(each.round),
        )
        for place, each in enumerate(sent)
    ]
    clock = clocks[-1] if clocks else None
    can = open_steps(file)
    if form is None and _RECEIVE in can:
        step = StepForm(file, file.ruleset.steps[_RECEIVE], "")
        form = step.drawn(step.begun({"sender": _sender(file, sent)}), (), ())
    route, drawn = _route(file, records.get("route", ()), clock)
    last = sent[-1].round if sent else 0
    points = points_of(records.get("reply_points", ()), last)
    reply = last_reply(replies)
    return render_template(
        "reply/page.html",
        **case_context(file),
        has_registers=register_of(file.case, "replies") is not None,
        lines=lines,
        last=last,
        clock=clock,
        clock_view=_clock_view(file, clock),
        heads=WEEKDAY_HEADS,
        marks_off=DAY_MARKS[DayKind.HOLIDAY],
        marks_worked=DAY_MARKS[DayKind.MAKE_UP],
        expected=_expected(file) if _RECEIVE in can and clock is not None else None,
        form=form,
        open_steps=can,
        can=writable(who().actor, file.case, number),
        route=route,
        drawn=drawn,
        across=_ACROSS,
        points=views_of(file, points),
        replies=views_of(file, replies),
        changes=reply
        if getattr(reply and reply.values, "decision", None) == WITH_CHANGES
        else None,
        confirmed=views_of(file, records.get("confirmations", ())),
        address=request.path,
    )


def _known(file: CaseFile, registers: Iterable[str]) -> list[str]:
    return [name for name in registers if register_of(file.case, name) is not None]


def _sender(file: CaseFile, sent: Sequence[Submitted]) -> str:
    return file.name(sent[-1].entry.actor) if sent else ""


def _clock_view(file: CaseFile, clock: Deadline | None) -> ClockView | None:
    """The clock with the dates that other readings and instruments would give."""
    if clock is None:
        return None
    others = alternatives(file.ruleset, file.calendar, clock)
    return clock_view(file.ruleset, file.calendar, clock, others)


def _expected(file: CaseFile) -> Deadline | None:
    """How the clock would stand if the report were registered today."""
    try:
        found = compare(
            file.case, file.deadlines, file.calendar, Assumed(received_on=today()),
            now=sent_at(), today=today(),
        )  # fmt: skip
    except Faulty:
        return None
    mine = [each.after for each in found.clocks if each.either.clock.received_by == _RECEIVE]
    return max((each for each in mine if each), key=lambda each: each.run.start_on, default=None)


def _route(
    file: CaseFile, records: Iterable[Record], clock: Deadline | None
) -> tuple[list[StageView], RouteDrawn | None]:
    """The stages inside the government by their beginning, drawn beside the days of the clock."""
    kept = sorted(
        (each for each in records if isinstance(each.values, RouteStage)),
        key=lambda each: (getattr(each.values, "began_on", None) or date.min, each.item),
    )
    views = []
    for view, record in zip(views_of(file, kept), kept, strict=True):
        stage = record.values
        assert isinstance(stage, RouteStage)  # noqa: S101 - only these were kept
        end = stage.ended_on or stage.due_on
        # Once the report is answered, nobody waits for a stage any more.
        waits = clock is not None and not clock.is_ended and clock.run.instance == f"{stage.round}"
        is_late = waits and stage.is_open and (stage.due_on or file.today) < file.today
        views.append(StageView(view, stage, is_late, _left(file, clock, end)))
    current = [each for each in views if clock and f"{each.stage.round}" == clock.run.instance]
    if clock is None or not current:
        return views, None
    ends = [each.stage.ended_on or each.stage.due_on or file.today for each in current]
    begins = [each.stage.began_on or file.today for each in current]
    first = min(clock.run.start_on, *begins)
    span = max((max(clock.due_on, file.today, *ends) - first).days + 1, 1)

    def at(on: date) -> int:
        return round((on - first).days * _ACROSS / span)

    placed_at: dict[int, StageView] = {}
    for place, (each, begin, end) in enumerate(zip(current, begins, ends, strict=True)):
        width = max(round(((end - begin).days + 1) * _ACROSS / span), 4)
        placed_at[each.view.record.item] = replace(
            each, begins=at(begin), width=width, top=place * _HIGH
        )
    drawn = RouteDrawn(len(current) * _HIGH, at(file.today), at(clock.due_on))
    return [placed_at.get(each.view.record.item, each) for each in views], drawn


def _left(file: CaseFile, clock: Deadline | None, on: date | None) -> int | None:
    """How many days of the clock are left on a day; None where that says nothing."""
    if clock is None or on is None or not clock.run.start_on <= on:
        return None
    run = replace(clock.run, satisfied_on=None, returned_on=None, handed_over_on=None)
    return replace(clock, run=run, as_of=on).units_left(file.calendar)


@blueprint.route("/route/new", methods=["GET", "POST"])
@signed_in
@keeps_drafts
@takes_files
def new_stage(number: str) -> ResponseReturnValue:
    """A stage of the way through the government's office."""
    file = open_file(number)
    register = writable_register(file, "route")
    return edit_item(file, register, None, _with_round(file, "reply.show", "route"))


@blueprint.route("/route/<int:item>", methods=["GET", "POST"])
@signed_in
@keeps_drafts
@takes_files
def edit_stage(number: str, item: int) -> ResponseReturnValue:
    """A stage as it stands: its opinion, its end."""
    file = open_file(number)
    register = writable_register(file, "route")
    room = Room(then=url_for("reply.show", number=number, _anchor="route"))
    return edit_item(file, register, record_of(file, "route", item), room)


@blueprint.route("/points/new", methods=["GET", "POST"])
@signed_in
@keeps_drafts
@takes_files
def new_point(number: str) -> ResponseReturnValue:
    """Something that is to be changed in the report, noted while it is read."""
    file = open_file(number)
    register = writable_register(file, "reply_points")
    return edit_item(file, register, None, _with_round(file, "reply.report", "points"))


@blueprint.route("/points/<int:item>", methods=["GET", "POST"])
@signed_in
@keeps_drafts
@takes_files
def edit_point(number: str, item: int) -> ResponseReturnValue:
    """A point worded anew, until it stands in a reply."""
    file = open_file(number)
    register = writable_register(file, "reply_points")
    record = record_of(file, "reply_points", item)
    room = Room(then=url_for("reply.show", number=number, _anchor="points"))
    return edit_item(file, register, record, room)


def _with_round(file: CaseFile, endpoint: str, anchor: str) -> Room:
    """What is written now is about the report that was submitted last."""
    number = file.ref.number
    last = max(len(file.case.done.get("submit_report", ())), 1)
    given = {"round": f"{last}"}
    return Room(then=url_for(endpoint, number=number, _anchor=anchor), given=given)


# ---------------------------------------------------------------------------- read beside each other


@dataclass(frozen=True, slots=True)
class NodeView:
    """A link of the chain from facts to measures, with the marks of its evidence."""

    view: RecordView
    evidence: tuple[str, ...]


@blueprint.get("/report")
@signed_in
def report(number: str) -> ResponseReturnValue:
    """The report as submitted, and beside it whether it is complete, its evidence and its chain."""
    file = open_file(number)
    with state().database.readers.begin() as session:
        names = _known(file, (*REGISTERS, *_BESIDE))
        records = store.items_of(session, file.ref.id, names)
        sent = submissions_of(file.case, records.get("submissions", ()))
        chosen = _chosen(sent, request.args.get("round", type=int))
        text = None
        if chosen is not None and chosen.submission is not None:
            text = bound_text(session, file.ref.id, chosen.submission.bound)
    checks: tuple[Check, ...] = ()
    if chosen is not None and chosen.submission is not None and text is not None:
        checks = checks_of(
            file.case, chosen.submission, text.sections, _readable(file, records), file.names
        )
    evidence = views_of(file, records.get("evidence", ()))
    rows, loose = _chains(file, records)
    number_of_round = chosen.round if chosen is not None else 0
    return render_template(
        "reply/report.html",
        **case_context(file),
        sent=sent,
        chosen=chosen,
        parts=_parts(file, text),
        tables=_tables(chosen),
        checks=checks,
        gaps=gaps_of(file.ruleset, missing_before(file.case), file.name),
        evidence=evidence,
        rows=rows,
        loose=loose,
        sorts=choices_of(file.case, _SORTS),
        points=views_of(file, points_of(records.get("reply_points", ()), number_of_round)),
        can=writable(who().actor, file.case, number),
        open_steps=open_steps(file),
    )


def _chosen(sent: Sequence[Submitted], wanted: int | None) -> Submitted | None:
    if wanted is None:
        return sent[-1] if sent else None
    return next((each for each in sent if each.round == wanted), None) or abort(404)


def _readable(file: CaseFile, records: Mapping[str, Sequence[Record]]) -> dict[str, list[Record]]:
    may_read = record_reader(who().actor, file.case, file.ref.number)
    return {
        name: [each for each in found if may_read(each) and not restrictions_of(file.ruleset, each)]
        for name, found in records.items()
    }


def _parts(file: CaseFile, text: ReportText | None) -> list[tuple[object, list[object]]]:
    views = section_views(file, text.sections) if text is not None else ()
    return [
        (part, [each for each in views if each.values.part == part.id])
        for part in choices_of(file.case, PARTS)
    ]


def _tables(chosen: Submitted | None) -> dict[str, FrozenTable]:
    kept = chosen.submission.tables if chosen is not None and chosen.submission else None
    return {each.code: each for each in thawed(kept)}


def _chains(
    file: CaseFile, records: Mapping[str, Sequence[Record]]
) -> tuple[list[tuple[NodeView, list[list[NodeView]]]], list[NodeView]]:
    """The chain from facts to measures, as the inquiry left it."""
    nodes, evidence = records.get("facts", ()), records.get("evidence", ())
    sorts = [each.id for each in choices_of(file.case, _SORTS)]
    found = matrix_of(sorts, nodes, evidence, records.get("line_findings", ()))
    marks = {each.item: each.mark for each in evidence}
    views = {
        record.item: NodeView(
            view,
            tuple(marks[n] for n in getattr(record.values, "evidence", None) or () if n in marks),
        )
        for view, record in zip(views_of(file, nodes), nodes, strict=True)
    }
    rows = [
        (
            views[row.fact.item],
            [[views[each.item] for each in step] for step in row.following],
        )
        for row in found.rows
    ]
    return rows, [views[each.item] for each in found.loose]


@dataclass(frozen=True, slots=True)
class SectionChange:
    """What became of a section from one submission to the next; ``kind``: new, gone or changed."""

    section: Section
    mark: str
    kind: str
    parts: tuple[tuple[str, str], ...]
    is_hidden: bool


@blueprint.get("/changes")
@signed_in
def changes(number: str) -> ResponseReturnValue:
    """What differs between two submissions, section by section."""
    file = open_file(number)
    with state().database.readers.begin() as session:
        records = store.items_of(session, file.ref.id, _known(file, ("submissions",)))
        sent = submissions_of(file.case, records.get("submissions", ()))
        kept = [each for each in sent if each.submission is not None]
        new = _chosen(kept, request.args.get("new", type=int))
        before = [each for each in kept if new is not None and each.round < new.round]
        old = _chosen(before, request.args.get("old", type=int))
        texts = [
            bound_text(session, file.ref.id, each.submission.bound)
            if each is not None and each.submission is not None
            else None
            for each in (old, new)
        ]
    return render_template(
        "reply/changes.html",
        **case_context(file),
        sent=sent,
        kept=kept,
        old=old,
        new=new,
        found=_differences(file, texts[0], texts[1]) if texts[0] and texts[1] else [],
        tables=_changed_tables(file, old, new),
        parts=choices_of(file.case, PARTS),
    )


def _changed_tables(
    file: CaseFile, old: Submitted | None, new: Submitted | None
) -> list[tuple[Words, tuple[tuple[str, str], ...]]]:
    """The tables that read otherwise: each with what differs in its rows."""
    was, now = _tables(old), _tables(new)
    labels = {each.id: each.label for each in choices_of(file.case, TABLES)}
    return [
        (labels.get(code, code), tuple(text_parts(_rows(was.get(code)), _rows(now.get(code)))))
        for code in dict.fromkeys([*was, *now])
        if was.get(code) != now.get(code)
    ]


def _rows(table: FrozenTable | None) -> str:
    return "" if table is None else "".join(f"{'  '.join(row)}\n" for row in table.rows)


def _differences(file: CaseFile, old: ReportText, new: ReportText) -> list[SectionChange]:
    may_read = record_reader(who().actor, file.case, file.ref.number)

    def is_hidden(*records: Record | None) -> bool:
        return any(
            each is not None and (bool(restrictions_of(file.ruleset, each)) or not may_read(each))
            for each in records
        )

    was = {each.item: each for each in old.sections}
    found = []
    for record in new.sections:
        before = was.pop(record.item, None)
        section = record.values
        assert isinstance(section, Section)  # noqa: S101 - a text is made of these
        former = before.values if before is not None else None
        if former == section:
            continue
        hidden = is_hidden(record, before)
        one = _told(former) if isinstance(former, Section) else ""
        found.append(
            SectionChange(
                section,
                record.mark,
                "new" if before is None else "changed",
                () if hidden else tuple(_condensed(text_parts(one, _told(section)))),
                hidden,
            )
        )
    for record in was.values():
        section = record.values
        assert isinstance(section, Section)  # noqa: S101 - a text is made of these
        hidden = is_hidden(record)
        parts = () if hidden else (("old", _told(section)),)
        found.append(SectionChange(section, record.mark, "gone", parts, hidden))
    return found


#: Characters of an unchanged passage that stand before and after what was changed.
_AROUND = 120


def _condensed(parts: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Leave out what is far from any change: a section can be a book."""
    found = list(parts)
    for place, (tag, text) in enumerate(found):
        if tag != "same" or len(text) <= 3 * _AROUND:
            yield tag, text
            continue
        head = text[:_AROUND] if place else ""
        tail = text[-_AROUND:] if place + 1 < len(found) else ""
        yield tag, f"{head} … {tail}"


def _told(section: Section) -> str:
    return f"{section.title or ''}\n{section.text or ''}"


# ---------------------------------------------------------------------------- the reply


@blueprint.route("/answer", methods=["GET", "POST"])
@signed_in
@keeps_drafts
@takes_files
def decide(number: str) -> ResponseReturnValue:
    """The reply, or the return, to the report that was read: with its step, bound to its hash."""
    file = open_file(number)
    register = writable_register(file, "replies")
    with state().database.readers.begin() as session:
        records = store.items_of(session, file.ref.id, _known(file, REGISTERS))
    sent = submissions_of(file.case, records["submissions"])
    if not sent:
        flash(_("Nothing that was sent still waits for an answer."), "warning")
        return redirect(url_for("reply.show", number=number), 303)
    last = sent[-1]
    named = {**named_items(file, "replies"), "reply_points": []}
    named["reply_points"] = points_of(records["reply_points"], last.round)
    asked = asked_of(file.case, "replies", named)

    def save(given: Given, _problems: list[Problem]) -> Filed:
        assert isinstance(given.item, Reply)  # noqa: S101 - its register has this sort
        return answer(
            asking(file, given.key), given.item, seen=given.seen, reason=given.reason,
            attachments=given.attachments,
        )  # fmt: skip

    steps = [file.ruleset.steps[name] for name in (_REPLY, _RETURN) if name in file.ruleset.steps]
    return Together(
        file,
        register,
        asked,
        "reply/answer.html",
        last.seal,
        url_for("reply.show", number=number, _anchor="replies"),
        save,
        begins={
            "replied_on": today().isoformat(),
            "decider": _government(file),
            "points": ",".join(f"{each.item}" for each in named["reply_points"]),
        },
        context={
            "sent": last,
            "ahead": [text for step in steps[:1] for text in reasons_ahead(file.case, step)],
            "points": views_of(file, named["reply_points"]),
            "route": [
                each
                for each in views_of(file, records["route"])
                if getattr(each.record.values, "round", None) == last.round
            ],
        },
        renamed={
            "on": "replied_on",
            "outcome": "decision",
            "effective_on": "closed_on",
            "note": "grounds",
            "to": "decision",
        },
        is_confirmed=any(each.confirm for each in steps),
    ).answer()


def _government(file: CaseFile) -> str:
    context = case_context(file)["header"]
    place = f"{say(context.government_place)} · " if context.government_place else ""
    return f"{place}{say(context.government)}"


# ---------------------------------------------------------------------------- the final version


@dataclass(frozen=True, slots=True)
class PointView:
    """A point of the reply beside the passage that should meet it.

    ``passages``: of each section that it concerns, what was changed since the reply.
    """

    view: RecordView
    number: int
    passages: tuple[SectionChange, ...]
    check: RecordView | None


@blueprint.route("/final", methods=["GET", "POST"])
@signed_in
@keeps_drafts
@takes_files
def final(number: str) -> ResponseReturnValue:
    """The final version, each point beside its new passage: met, or waived with a reason."""
    file = open_file(number)
    register = register_of(file.case, "confirmations")
    if register is None:
        abort(404)
    may = "confirmations" in writable(who().actor, file.case, number)
    if request.method == "POST" and not may:
        abort(403)
    with state().database.readers.begin() as session:
        records = store.items_of(session, file.ref.id, [*_known(file, REGISTERS), SECTIONS])
        reply = last_reply(records["replies"])
        values = reply.values if reply is not None else None
        if not isinstance(values, Reply) or values.decision != WITH_CHANGES:
            abort(404)
        points = points_as_replied(session, file.ref.id, values)
        submitted = next(
            (each for each in records["submissions"] if each.item in (values.submission or ())),
            None,
        )
        old = bound_text(session, file.ref.id, getattr(submitted and submitted.values, "bound", ""))
    new = text_of(file.case, records[SECTIONS])
    found = _differences(file, old, new)
    checks = standing_checks(records["point_checks"])
    views = [
        PointView(
            view,
            record.item,
            tuple(_concerning(record, found)),
            views_of(file, [checks[record.item]])[0] if record.item in checks else None,
        )
        for view, record in zip(views_of(file, points), points, strict=True)
    ]

    def save(given: Given, problems: list[Problem]) -> Filed | None:
        assert isinstance(given.item, Confirmation)  # noqa: S101 - its register has this sort
        made = [_point_check(each.number, given.item.confirmed_on, problems) for each in views]
        if problems:
            return None
        return confirm(
            asking(file, given.key), made, given.item, seen=given.seen, reason=given.reason,
            attachments=given.attachments,
        )  # fmt: skip

    step = file.ruleset.steps.get(_CONFIRM)
    names = [f"{name}-{each.number}" for each in views for name in ("result", "waived_for")]
    begins = {"confirmed_on": today().isoformat()}
    for each in views:
        if each.number in checks:
            check = checks[each.number].values
            begins[f"result-{each.number}"] = getattr(check, "result", None) or ""
            begins[f"waived_for-{each.number}"] = getattr(check, "waived_for", None) or ""
    return Together(
        file,
        register,
        asked_of(file.case, "confirmations", {}),
        "reply/final.html",
        new.hash,
        url_for("reply.show", number=number),
        save,
        begins=begins,
        context={
            "points": views,
            "results": choices_of(file.case, "point_results"),
            "others": [each for each in found if all(each not in one.passages for one in views)],
            "may": may,
            "reply": views_of(file, [reply])[0] if reply is not None else None,
            "confirmed": views_of(file, records["confirmations"]),
            "is_same": any(
                getattr(each.values, "text_hash", None) == new.hash
                for each in records["confirmations"]
            ),
        },
        also=tuple(names),
        renamed={"on": "confirmed_on", "text": "note"},
        is_confirmed=step is not None and step.confirm,
    ).answer()


def _concerning(point: Record, found: Iterable[SectionChange]) -> Iterable[SectionChange]:
    """What was changed in the sections that a point names, else in its part."""
    values = point.values
    assert isinstance(values, ReplyPoint)  # noqa: S101 - a reply names only these
    marks = {f"{Section.PREFIX}{each}" for each in values.section or ()}
    for each in found:
        if each.mark in marks or (not marks and values.part in (None, each.section.part)):
            yield each


def _point_check(number: int, on: date | None, problems: list[Problem]) -> PointCheck:
    mine: list[Problem] = []
    names = (f"result-{number}", f"waived_for-{number}")
    fields = Fields({name: request.form.get(name, "") for name in names}, mine)
    result = fields.text(names[0])
    waived_for = fields.text(names[1], 2000)
    problems += mine
    # The reason of a waiver is none of a point that is met.
    return PointCheck((number,), result, None, waived_for if result != "met" else None, on)


# ---------------------------------------------------------------------------- more time


@dataclass(frozen=True, slots=True)
class Effect:
    """What so many more days would do: the date before and after, and what is used up.

    ``done``: what of it takes effect, None where the clock doesn't run.
    """

    days: int
    on: date
    before: Deadline
    after: Deadline
    done: Prolonged | None


@dataclass(frozen=True, slots=True)
class Time:
    """The clock of the report, and how many of the days of all extensions are used up."""

    clock: Deadline
    most: int
    used: int

    @property
    def left(self) -> int:
        """How many days could still be granted with effect."""
        return max(self.most - self.used, 0)


@blueprint.get("/extension")
@signed_in
def extension(number: str) -> ResponseReturnValue:
    """The time of the report: what was asked and granted, and what more days would do (art 21)."""
    file = open_file(number)
    return _extension(file, None, _days_given(file))


@blueprint.route("/extension/ask", methods=["GET", "POST"])
@signed_in
@keeps_drafts
def ask_extension(number: str) -> ResponseReturnValue:
    """More time is asked for, with its effect shown before."""
    return _extension_step(number, _ASK)


@blueprint.route("/extension/decide", methods=["GET", "POST"])
@signed_in
@keeps_drafts
def decide_extension(number: str) -> ResponseReturnValue:
    """The government decides on what was asked, with its effect shown before."""
    return _extension_step(number, _DECIDE)


def _extension_step(number: str, name: str) -> ResponseReturnValue:
    file = open_file(number)
    form = StepForm(
        file,
        _step(file, name),
        then=url_for("reply.extension", number=number),
        given=_asked_for(file) if name == _DECIDE else {"days": f"{_days_left(file)}"},
    )

    def page(drawn: "DrawnStep") -> str:
        days = drawn.written.text("days")
        return _extension(file, drawn, _read_days(days), _read_day(drawn.written.text("on")))

    return _take(form, page)


def _extension(
    file: CaseFile, form: "DrawnStep | None", days: int | None, on: date | None = None
) -> str:
    time = _time(file)
    if time is not None and time.clock.is_ended:
        days = None
    return render_template(
        "reply/extension.html",
        **case_context(file),
        time=time,
        view=_clock_view(file, time.clock) if time else None,
        effect=_effect(file, time, days, on or today()) if time and days else None,
        days=days,
        requests=[each for each in file.case.done.get(_ASK, ()) if file.may_read(each)],
        decisions=[each for each in file.case.done.get(_DECIDE, ()) if file.may_read(each)],
        prolonged={each.granted.entry: each for each in time.clock.count.prolonged} if time else {},
        is_pending=_is_pending(file),
        form=form,
        open_steps=open_steps(file),
        longest=LONGEST_EXTENSION,
        address=request.path,
    )


def _time(file: CaseFile) -> Time | None:
    step = file.ruleset.steps.get(_DECIDE)
    mine = [each for each in file.deadlines if step is not None and each.clock.id == step.extends]
    if not mine:
        return None
    running = [each for each in mine if not each.is_ended]
    clock = (running or mine)[-1]
    most = clock.term.extension_at_most if clock.term is not None else None
    used = sum(each.effective_days for each in clock.count.prolonged)
    return Time(clock, most if most is not None else LONGEST_EXTENSION, used)


def _effect(file: CaseFile, time: Time, days: int, on: date) -> Effect | None:
    try:
        found = compare(
            file.case, file.deadlines, file.calendar,
            Assumed(prolonged=time.clock.clock.id, extension_days=days),
            now=sent_at(), today=on,
        )  # fmt: skip
    except Faulty:
        return None
    key = (time.clock.clock.id, time.clock.run.instance)
    for each in found.clocks:
        if each.after is not None and (each.after.clock.id, each.after.run.instance) == key:
            known = {one.granted.entry for one in time.clock.count.prolonged}
            more = [one for one in each.after.count.prolonged if one.granted.entry not in known]
            return Effect(days, on, time.clock, each.after, more[-1] if more else None)
    return None


def _days_left(file: CaseFile) -> int:
    time = _time(file)
    return (time.left if time is not None else 0) or 1


def _days_given(file: CaseFile) -> int | None:
    """As many as the address says, else as were asked for, else as many as are left."""
    asked = _asked_for(file).get("days", "") if _is_pending(file) else ""
    return _read_days(request.args.get("days", "") or asked) or _days_left(file)


def _read_days(written: str) -> int | None:
    days = Fields({"days": written}, []).count("days", LONGEST_EXTENSION)
    return days or None


def _read_day(written: str) -> date | None:
    on = Fields({"on": written}, []).day("on")
    return on if on is not None and on <= today() else None


def _is_pending(file: CaseFile) -> bool:
    """Was something asked on which nobody decided yet?"""
    done = file.case.done
    return len(done.get(_ASK, ())) > len(done.get(_DECIDE, ()))


def _asked_for(file: CaseFile) -> dict[str, str]:
    """What the last request asks for, so that a decision begins with it."""
    asked = [each.payload for each in file.case.done.get(_ASK, ())]
    last = asked[-1] if asked else None
    if not isinstance(last, Extension):
        return {}
    return {"days": f"{last.days or ''}"}


# ---------------------------------------------------------------------------- steps taken here


@dataclass(frozen=True, slots=True)
class DrawnStep:
    """The form of a step as a page of the room draws it."""

    step: Step
    written: StepInput
    fields: list[object]
    beside: Mapping[str, list[Words]]
    elsewhere: list[Words]
    files: list[Staged]
    ahead: list[Problem]
    draft: object | None


@dataclass(frozen=True)
class StepForm:
    """A step of the table that is taken in this room. ``given``: what its form begins with."""

    file: CaseFile
    step: Step
    then: str
    given: Mapping[str, str] | None = None

    @property
    def asked(self) -> tuple[Asked, ...]:
        """What the step asks for."""
        return asked_fields(self.file.case, self.step)

    def begun(self, given: Mapping[str, str]) -> StepInput:
        """Return a fresh form."""
        return StepInput.begun(self.asked, given, today(), self.file.case.version)

    def drawn(
        self,
        written: StepInput,
        problems: Iterable[Problem],
        files: Iterable[Staged],
        draft: object | None = None,
    ) -> DrawnStep:
        """Return the form as it is drawn, with what is wrong beside its fields."""
        beside = placed(problems)
        fields = written.drawn(beside, self.file.name)
        own = {each.name for each in fields} | {"on", "reason", "files"}
        elsewhere = [text for name, texts in beside.items() if name not in own for text in texts]
        ahead = list(reasons_ahead(self.file.case, self.step))
        return DrawnStep(
            self.step, written, list(fields), beside, elsewhere, list(files), ahead, draft
        )


def _step(file: CaseFile, name: str) -> Step:
    step = file.ruleset.steps.get(name)
    if step is None:
        abort(404)
    if name not in open_steps(file):
        abort(403)
    return step


def _take(form: StepForm, page: Callable[[DrawnStep], str]) -> ResponseReturnValue:
    """Answer the form of a step: its page, or the step taken."""
    file, asked = form.file, form.asked
    if request.method == "GET":
        with state().database.readers.begin() as session:
            draft = find_draft(session, who().person.id, request.path)
        begun = form.begun(form.given or {})
        if draft is None:
            return page(form.drawn(begun, (), ()))
        kept = MultiDict(draft.fields)
        for name in ("key", "expected_version"):
            kept.setdefault(name, begun.text(name))
        return page(form.drawn(StepInput.sent(asked, kept), (), (), draft))
    written = StepInput.sent(asked, MultiDict(request.form))
    files, problems = uploads.staged()
    match request.form.get("do"):
        case "draft":
            kept_fields = keeping.written()
            keep_draft(state().database, who().person.id, request.path, kept_fields, sent_at())
            flash(_("Kept as a draft. It is not in the case yet."), "warning")
            return redirect(request.path, 303)
        case "effect":
            return page(form.drawn(written, (), files))
    payload = written.payload(form.step.kind, lambda name: name, problems)
    on, reason = written.day(problems), written.reason(problems)
    if problems or on is None:
        return page(form.drawn(written, problems, files)), 400
    if form.step.confirm and (proof := confirming.ask(files)) is not None:
        return proof
    action = Action(
        form.step.id, payload, on, reason=reason, expected_version=written.version,
        acting_for=who().acting_login, attachments=as_attachments(files),
    )  # fmt: skip
    try:
        done = act(
            state().database, law.law(), file.calendar, who().actor, file.ref.id, action,
            idempotency_key=written.key, now=sent_at(), today=today(), origin=origin(),
        )  # fmt: skip
    except NoSuchCase:
        raise
    except Stale as stale:
        fresh = written.with_version(stale.found)
        return page(form.drawn(fresh, stale.problems, files)), 409
    except Faulty as faulty:
        status = (
            403 if isinstance(faulty, NotAllowed) else 409 if isinstance(faulty, Refused) else 400
        )
        return page(form.drawn(written, faulty.problems, files)), status
    drop_draft(state().database, who().person.id, request.path)
    flash(
        _("Recorded as entry %(seq)s: %(title)s", seq=done.entry.seq, title=say(form.step.label)),
        "done",
    )
    for each in done.warnings:
        flash(say(each.text), "warning")
    return redirect(form.then, 303)
