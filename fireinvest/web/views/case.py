"""A case: where it stands, what can be done, who is on the team, and everything that happened."""

from dataclasses import dataclass
from datetime import date

from flask import (
    Blueprint,
    Response,
    abort,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue

from fireinvest.messages import Problem, Words
from fireinvest.regulation.profile import Stage, Step
from fireinvest.services.casefile import CaseFile
from fireinvest.services.new_fires import NewFires, new_fires
from fireinvest.store.journal import Line
from fireinvest.web.casework import case_context, open_file, role_names
from fireinvest.web.downloads import download
from fireinvest.web.gaps import gaps_of
from fireinvest.web.matching import undecided
from fireinvest.web.present_entries import entry_views, fact_fields
from fireinvest.web.restricted import ask_to_open
from fireinvest.web.rights import signed_in
from fireinvest.web.state import state
from fireinvest.web.visiting import who
from fireinvest.workflow.engine import Availability, available, missing
from fireinvest.workflow.next_steps import HAND_OVER, next_steps
from fireinvest.workflow.permissions import may_administer, may_take_over
from fireinvest.workflow.registers import writable

blueprint = Blueprint("case", __name__, url_prefix="/cases")

#: How many entries a page of the history shows.
PAGE = 25
_LATEST = 5
#: The register of judgements on new fires at supervised units.
_JUDGING = "art30_judgements"
_LONGEST_SEQ = 9


@dataclass(frozen=True, slots=True)
class StepView:
    """A step of the table: whether it can be taken now, by whom, and when it was."""

    step: Step
    can: Availability
    who: Words
    times: int
    last_on: date | None

    @property
    def reasons(self) -> tuple[Problem, ...]:
        """Why it can't be taken now."""
        return self.can.reasons


@dataclass(frozen=True, slots=True)
class Turn:
    """A next step: whose turn it is, and whether it is that of whoever is here."""

    step: Step | None
    who: Words
    is_mine: bool


@blueprint.get("/<number>")
@signed_in
def show(number: str) -> ResponseReturnValue:
    """Where the case stands: clocks, what is next, what is missing, facts, team, latest entries."""
    file = open_file(number)
    steps = _steps(file)
    turns = _turns(file, steps)
    wanted = {each.step.id for each in turns if each.step is not None}
    return render_template(
        "case/page.html",
        **case_context(file),
        matches=undecided(file),
        fires=_new_fires(file),
        may_judge=_JUDGING in writable(who().actor, file.case, number),
        turns=turns,
        others=[each for each in steps if each.can.is_possible and each.step.id not in wanted],
        gaps=gaps_of(file.ruleset, missing(file.case), file.name),
        facts=list(fact_fields(file.ruleset, file.case.facts, file.case.division)),
        latest=entry_views(file, reversed(file.loaded.lines[-_LATEST:])),
        team=[each for each in file.case.members if each.is_active],
        running=[each for each in file.deadlines if not each.is_ended],
        ended=[each for each in file.deadlines if each.is_ended],
    )


@blueprint.get("/<number>/steps")
@signed_in
def steps(number: str) -> ResponseReturnValue:
    """Every step of the table: those that can be taken now, and why the others can't."""
    file = open_file(number)
    found = _steps(file)
    groups: list[tuple[Stage, list[StepView]]] = [
        (stage, [each for each in found if each.step.stage == name])
        for name, stage in file.ruleset.stages.items()
    ]
    return render_template("case/steps.html", **case_context(file), groups=groups)


@blueprint.get("/<number>/history")
@signed_in
def history(number: str) -> ResponseReturnValue:
    """Everything that happened, the newest first, with old and new values."""
    file = open_file(number)
    before = request.args.get("before", "")
    if before and not (before.isascii() and before.isdigit() and len(before) <= _LONGEST_SEQ):
        abort(400)
    known = [each for each in file.loaded.lines if not before or each.seq < int(before)]
    lines = list(reversed(known))[:PAGE]
    older = lines[-1].seq if len(known) > PAGE else None
    return render_template(
        "case/history.html",
        **case_context(file),
        entries=entry_views(file, lines),
        older=older,
        is_first=not before,
    )


@blueprint.get("/<number>/entries/<int:seq>")
@signed_in
def entry(number: str, seq: int) -> ResponseReturnValue:
    """One entry with everything that it says."""
    file = open_file(number)
    return _entry_page(file, _line(file, seq))


@blueprint.get("/<number>/entries/<int:seq>/restricted")
@signed_in
def restricted_entry(number: str, seq: int) -> ResponseReturnValue:
    """A restricted entry with everything that it says; that it was opened is written down."""
    file = open_file(number)
    line = _line(file, seq)
    if seq not in file.case.restrictions:
        return redirect(url_for("case.entry", number=number, seq=seq))
    return ask_to_open(file, line) or _entry_page(file, line, opened=seq)


def _line(file: CaseFile, seq: int) -> Line:
    line = next((each for each in file.loaded.lines if each.seq == seq), None)
    if line is None:
        abort(404)
    return line


def _entry_page(file: CaseFile, line: Line, *, opened: int | None = None) -> str:
    seq = line.seq
    return render_template(
        "case/entry.html",
        **case_context(file),
        entry=entry_views(file, [line], opened=opened)[0],
        readers=_readers(file, seq),
        neighbours=(
            seq - 1 if seq > 1 else None,
            seq + 1 if seq < file.case.version else None,
        ),
    )


@blueprint.get("/<number>/entries/<int:seq>/files/<int:place>")
@signed_in
def attachment(number: str, seq: int, place: int) -> ResponseReturnValue:
    """A file of an entry, always as a download; that it was taken is written down."""
    file = open_file(number)
    line = _line(file, seq)
    if seq in file.case.restrictions:
        abort(404)
    return _download(file, line, place)


@blueprint.get("/<number>/entries/<int:seq>/restricted/files/<int:place>")
@signed_in
def restricted_attachment(number: str, seq: int, place: int) -> ResponseReturnValue:
    """A file of a restricted entry, for those who may read the entry."""
    file = open_file(number)
    line = _line(file, seq)
    return ask_to_open(file, line) or _download(file, line, place)


def _download(file: CaseFile, line: Line, place: int) -> Response:
    seq, attachments = line.seq, line.entry().attachments
    if place >= len(attachments):
        abort(404)
    return download(file.ref.id, attachments[place], f"{seq}/{place}")


# ---------------------------------------------------------------------------- what they show


def _steps(file: CaseFile) -> list[StepView]:
    case = file.case
    views = []
    for can in available(case, who().actor, file.ref.number):
        entries = [
            each for each in case.recorded.get(can.step.id, ()) if each.seq not in case.restrictions
        ]
        last_on = max((each.on for each in entries), default=None)
        by = role_names(file.ruleset, can.step.who)
        views.append(StepView(can.step, can, by, len(entries), last_on))
    return views


def _new_fires(file: CaseFile) -> NewFires:
    """What has to be judged because a supervised unit burned again, here or elsewhere (art 30)."""
    if _JUDGING not in file.ruleset.registers:
        return NewFires()
    with state().database.readers.begin() as session:
        return new_fires(session, file)


def _readers(file: CaseFile, seq: int) -> Words:
    """Those who read a restricted entry, beside whoever wrote it."""
    ruleset = file.ruleset
    seen_by = [
        set(ruleset.restrictions[name].seen_by)
        for name in file.case.restrictions.get(seq, ())
        if name in ruleset.restrictions
    ]
    among = set.intersection(*seen_by) if seen_by else set()
    return role_names(ruleset, (role for role in ruleset.roles if role in among))


def _turns(file: CaseFile, steps: list[StepView]) -> list[Turn]:
    """What is to be done now, those first that are for whoever is here."""
    by_id = {each.step.id: each for each in steps}
    turns: dict[str, Turn] = {}
    for each in next_steps(file.case, file.deadlines):
        if not each.is_now or (each.step in turns and turns[each.step].is_mine):
            continue
        if each.step == HAND_OVER:
            actor, number = who().actor, file.ref.number
            is_mine = may_administer(actor, file.case, number) or may_take_over(
                actor, file.case, number, each.tier or ""
            )
            turns[each.step] = Turn(None, role_names(file.ruleset, each.roles), is_mine)
            continue
        found = by_id[each.step]
        turns[each.step] = Turn(found.step, found.who, found.can.is_possible)
    return sorted(turns.values(), key=lambda turn: not turn.is_mine)
