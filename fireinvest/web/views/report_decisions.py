"""What becomes of the report: opinions, the leader's approval, signatures, submission (arts 18-21)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from fireinvest.messages import Faulty, Problem, Text, Words
from fireinvest.regulation.facts import Given
from fireinvest.regulation.profile import Step
from fireinvest.services.casefile import CaseFile
from fireinvest.services.files import Staged, as_attachments
from fireinvest.services.reports import (
    SECTIONS,
    Asking,
    Standing,
    approve,
    parts_of,
    sign,
    standings_of,
    submit,
    text_of,
)
from fireinvest.web import confirming, uploads
from fireinvest.web.casework import case_context, open_file, open_steps
from fireinvest.web.forms.registers import ItemInput, asked_of
from fireinvest.web.forms.step import placed
from fireinvest.web.gaps import Gap, gaps_of
from fireinvest.web.keeping import keeps_drafts
from fireinvest.web.present import say
from fireinvest.web.present_registers import RecordView
from fireinvest.web.rights import signed_in
from fireinvest.web.together import asking
from fireinvest.web.uploads import takes_files
from fireinvest.web.views.registers import (
    Room,
    edit_item,
    record_of,
    views_of,
    writable_register,
)
from fireinvest.web.views.report import (
    blueprint,
    report_context,
    report_records,
)
from fireinvest.web.visiting import today, who
from fireinvest.workflow.actions import Attachment
from fireinvest.workflow.asking import outcome_words, reasons_ahead
from fireinvest.workflow.engine import available, missing
from fireinvest.workflow.errors import NotAllowed
from fireinvest.workflow.items.base import Item
from fireinvest.workflow.items.report import (
    BY_ACCOUNT,
    BY_SCAN,
    Approval,
    Opinion,
    ReportSignature,
    Submission,
)
from fireinvest.workflow.registers import Record, choices_of, register_of
from fireinvest.workflow.report_hash import PARTS

__all__ = ["blueprint"]

WHOLE = "whole"
_APPROVE, _SIGN, _SUBMIT = "approve_report", "sign_report", "submit_report"


@dataclass(frozen=True, slots=True)
class OpinionView:
    """An opinion in words. ``is_late``: its answer is out, and was due before today."""

    view: RecordView
    opinion: Opinion
    is_late: bool


@dataclass(frozen=True, slots=True)
class StandingView:
    """How a member stands to the report, in words. ``may_sign``: whoever is here may enter it."""

    standing: Standing
    name: str
    has_account: bool
    outcome: Words | None
    view: RecordView | None
    may_sign: bool


# ---------------------------------------------------------------------------- opinions


@blueprint.get("/opinions")
@signed_in
def opinions(number: str) -> ResponseReturnValue:
    """Who was asked for an opinion, what came back, and what was adopted (art 18)."""
    file = open_file(number)
    records = report_records(file)
    views = views_of(file, records["opinions"])
    found = [
        OpinionView(
            view,
            record.values,
            record.values.is_open
            and record.values.due_on is not None
            and record.values.due_on < today(),
        )
        for view, record in zip(views, records["opinions"], strict=True)
        if isinstance(record.values, Opinion)
    ]
    return render_template(
        "report/opinions.html",
        **case_context(file),
        **report_context(file, records),
        opinions=found,
        entries=[*file.case.done.get("consult", ()), *file.case.done.get("consult_answer", ())],
    )


@blueprint.route("/opinions/new", methods=["GET", "POST"])
@signed_in
@keeps_drafts
@takes_files
def new_opinion(number: str) -> ResponseReturnValue:
    """A body is asked for its opinion: the step is taken with it."""
    file = open_file(number)
    room = Room(
        url_for("report.opinions", number=number),
        given={"asked_on": today().isoformat()},
    )
    return edit_item(file, writable_register(file, "opinions"), None, room)


@blueprint.route("/opinions/<int:item>", methods=["GET", "POST"])
@signed_in
@keeps_drafts
@takes_files
def edit_opinion(number: str, item: int) -> ResponseReturnValue:
    """An opinion as it stands: with its answer, that step is taken."""
    file = open_file(number)
    room = Room(url_for("report.opinions", number=number))
    return _edit(file, "opinions", item, room)


# ---------------------------------------------------------------------------- approval


@blueprint.get("/approval")
@signed_in
def approval(number: str) -> ResponseReturnValue:
    """What the leader decided on the parts and on the whole, and which remarks are open."""
    file = open_file(number)
    records = report_records(file)
    views = views_of(file, [*records["approvals"], *records["remark_answers"]])
    answers: dict[int, list[RecordView]] = {}
    for view in views:
        for number_of in getattr(view.record.values, "approval", None) or ():
            answers.setdefault(number_of, []).append(view)
    whole = [
        each
        for each in records["approvals"]
        if isinstance(each.values, Approval) and each.values.part is None
    ]
    context = report_context(file, records)
    return render_template(
        "report/approval.html",
        **case_context(file),
        **context,
        parts=parts_of(file.case, records[SECTIONS], records["approvals"]),
        whole=whole[-1] if whole else None,
        whole_is_current=bool(whole)
        and getattr(whole[-1].values, "text_hash", None)
        == text_of(file.case, records[SECTIONS]).hash,
        decisions=[each for each in reversed(views) if each.record.register == "approvals"],
        answers=answers,
        labels={each.id: each.label for each in choices_of(file.case, PARTS)},
        words={each.id: each.label for each in choices_of(file.case, "approval_decisions")},
        may_approve_whole=_APPROVE in open_steps(file),
    )


@blueprint.route("/approval/<scope>", methods=["GET", "POST"])
@signed_in
@keeps_drafts
@takes_files
def decide(number: str, scope: str) -> ResponseReturnValue:
    """The leader approves a part or the whole as it stands, or returns it with remarks (art 18)."""
    file = open_file(number)
    labels = {each.id: each.label for each in choices_of(file.case, PARTS)}
    if scope != WHOLE and scope not in labels:
        abort(404)
    writable_register(file, "approvals")
    part = None if scope == WHOLE else scope
    step = file.ruleset.steps[_APPROVE] if part is None else None

    def write(given: Item, sent: "_Sent") -> None:
        assert isinstance(given, Approval)  # noqa: S101 - the register's own sort
        approve(
            sent.asking,
            Approval(part, given.decision, given.remarks, given.decided_on),
            seen=sent.seen,
            decided_by=file.name(who().actor.holder) or who().person.name,
            reason=sent.reason,
            attachments=sent.attachments,
        )

    title: Words = (
        Text("Decide on the whole report")
        if part is None
        else Text("Decide on: %(part)s", part=labels[scope])
    )
    return _run(
        _Deciding(
            file, "approvals", title, step, part, url_for("report.approval", number=number), write,
            {"decided_on": today().isoformat()},
        )
    )  # fmt: skip


@blueprint.route("/approval/remarks/<int:item>", methods=["GET", "POST"])
@signed_in
@keeps_drafts
@takes_files
def answer_remarks(number: str, item: int) -> ResponseReturnValue:
    """How the leader's remarks were dealt with."""
    file = open_file(number)
    register = writable_register(file, "remark_answers")
    room = Room(
        url_for("report.approval", number=number),
        given={"approval": f"{item}", "done_on": today().isoformat()},
        among={"approval": frozenset({item})},
    )
    return edit_item(file, register, None, room)


# ---------------------------------------------------------------------------- signatures


@blueprint.get("/signatures")
@signed_in
def signatures(number: str) -> ResponseReturnValue:
    """Who signed which text, who dissents and why, who refused, and who is missing (art 19)."""
    file = open_file(number)
    records = report_records(file)
    text = text_of(file.case, records[SECTIONS])
    may_sign = _SIGN in open_steps(file) and register_of(file.case, "signatures") is not None
    views = {view.record.item: view for view in views_of(file, records["signatures"])}
    mine = who().actor.people
    found = [
        StandingView(
            each,
            file.name(each.member.person),
            each.member.person in file.names,
            None if each.outcome is None else outcome_words(each.outcome),
            views[each.record.item] if each.record is not None else None,
            may_sign and bool(text.sections),
        )
        for each in standings_of(file.case, records["signatures"], text)
    ]
    return render_template(
        "report/signatures.html",
        **case_context(file),
        **report_context(file, records),
        standings=sorted(found, key=lambda each: each.standing.member.person not in mine),
        mine=mine,
        step=file.ruleset.steps.get(_SIGN),
    )


@blueprint.route("/signatures/<int:entry>", methods=["GET", "POST"])
@signed_in
@keeps_drafts
@takes_files
def sign_report(number: str, entry: int) -> ResponseReturnValue:
    """A member signs, dissents, or is recorded as refusing; ``entry``: by which they joined."""
    file = open_file(number)
    member = next((each for each in file.case.team if each.entry == entry and each.is_active), None)
    if member is None:
        abort(404)
    writable_register(file, "signatures")
    is_own = member.person in who().actor.people

    def write(given: Item, sent: "_Sent") -> None:
        assert isinstance(given, ReportSignature)  # noqa: S101 - the register's own sort
        sign(
            sent.asking,
            ReportSignature(member.person, given.result, given.way, given.signed_on, given.note),
            seen=sent.seen,
            reason=sent.reason,
            attachments=sent.attachments,
        )

    title = Text("Signature of %(name)s", name=file.name(member.person))
    begins = {"signed_on": today().isoformat(), "way": BY_ACCOUNT if is_own else BY_SCAN}
    step = file.ruleset.steps[_SIGN]
    then = url_for("report.signatures", number=number)
    return _run(_Deciding(file, "signatures", title, step, None, then, write, begins))


# ---------------------------------------------------------------------------- submission


@blueprint.route("/submission", methods=["GET", "POST"])
@signed_in
@keeps_drafts
@takes_files
def submission_form(number: str) -> ResponseReturnValue:
    """What lacks before the report is submitted, and its submission: frozen as it stands (art 21)."""
    file = open_file(number)
    writable_register(file, "submissions")

    def write(given: Item, sent: "_Sent") -> None:
        assert isinstance(given, Submission)  # noqa: S101 - the register's own sort
        submit(
            sent.asking,
            Submission(given.number, given.title, given.to, given.submitted_on),
            seen=sent.seen,
            reason=sent.reason,
            attachments=sent.attachments,
        )

    unit = file.loaded.row["unit_name"]
    tier = file.case.investigating
    begins = {
        "submitted_on": today().isoformat(),
        "title": _("Investigation report on the fire at %(unit)s", unit=unit),
    }
    if tier is not None:
        begins["to"] = say(file.ruleset.tiers[tier].label)
    return _run(
        _Deciding(
            file, "submissions", Text("Submit the report"), file.ruleset.steps[_SUBMIT], None,
            url_for("report.show", number=number), write, begins, shows_gaps=True,
        )
    )  # fmt: skip


# ---------------------------------------------------------------------------- what they share


@dataclass(frozen=True)
class _Sent:
    """What was sent with a decision beside its own fields."""

    asking: Asking
    seen: str
    reason: str | None
    attachments: tuple[Attachment, ...]


@dataclass(frozen=True)
class _Deciding:
    """A decision on the text: in which register it stands, by which step, and how it is written."""

    file: CaseFile
    register: str
    title: Words
    step: Step | None
    part: str | None
    then: str
    write: Callable[[Item, _Sent], None]
    begins: dict[str, str]
    shows_gaps: bool = False


def _run(deciding: _Deciding) -> ResponseReturnValue:
    """Answer the form of a decision: the page, what is wrong, or done."""
    file = deciding.file
    asked = asked_of(file.case, deciding.register, {})
    if request.method == "GET":
        begun = ItemInput.begun(deciding.register, asked, None, deciding.begins)
        return _page(deciding, begun, ())
    written = ItemInput.sent(deciding.register, asked, request.form)
    files, problems = uploads.staged()
    if not problems and deciding.step is not None and deciding.step.confirm:
        proof = confirming.ask(files)
        if proof is not None:
            return proof
    values = written.item(problems)
    reason = Given({"reason": written.text("reason")}, problems).text("reason", 2000)
    if not problems:
        sent = _Sent(
            asking(file, written.key),
            request.form.get("seen", ""),
            reason,
            tuple(as_attachments(list(files))),
        )
        try:
            deciding.write(values, sent)
        except NotAllowed as refused:
            return _page(deciding, written, refused.problems, files), 403
        except Faulty as faulty:
            problems = list(faulty.problems)
        else:
            flash(_("Recorded."), "done")
            return redirect(deciding.then, 303)
    return _page(deciding, written, problems, files), 400


def _page(
    deciding: _Deciding,
    written: ItemInput,
    problems: Iterable[Problem],
    files: Iterable[Staged] = (),
) -> str:
    file = deciding.file
    records = report_records(file)
    text = text_of(file.case, records[SECTIONS], deciding.part)
    beside = placed(problems)
    drawn = written.drawn(beside)
    own = {each.name for each in drawn} | {"reason", "files"}
    ahead: list[Problem] = []
    blocked: tuple[Problem, ...] = ()
    gaps: list[Gap] = []
    if deciding.step is not None:
        ahead = list(reasons_ahead(file.case, deciding.step))
        steps = available(file.case, who().actor, file.ref.number)
        blocked = next(each.reasons for each in steps if each.step.id == deciding.step.id)
    if deciding.shows_gaps:
        gaps = gaps_of(file.ruleset, missing(file.case), file.name)
    context = report_context(file, records)
    context["text"] = text
    return render_template(
        "report/decide.html",
        **case_context(file),
        **context,
        register=file.ruleset.registers[deciding.register],
        title=deciding.title,
        step=deciding.step,
        part=deciding.part,
        then=deciding.then,
        written=written,
        drawn=drawn,
        beside=beside,
        elsewhere=[each for field, texts in beside.items() if field not in own for each in texts],
        files=list(files),
        ahead=ahead,
        blocked=[each.text for each in blocked],
        gaps=gaps,
        shows_gaps=deciding.shows_gaps,
        changed=_changed_signatures(file, records) if deciding.shows_gaps else (),
        address=request.path,
    )


def _changed_signatures(file: CaseFile, records: dict[str, list[Record]]) -> list[str]:
    """Who signed another text than the one that stands now."""
    text = text_of(file.case, records[SECTIONS])
    return [
        file.name(each.member.person)
        for each in standings_of(file.case, records["signatures"], text)
        if each.record is not None and not each.is_current
    ]


def _edit(file: CaseFile, name: str, item: int, room: Room) -> ResponseReturnValue:
    register = writable_register(file, name)
    record = record_of(file, name, item)
    return edit_item(file, register, record, room)
