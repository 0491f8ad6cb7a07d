"""Old cases from a ledger: the form, a look at what it would bring about, and bringing it in."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from fireinvest.documents import tables
from fireinvest.messages import Faulty, Problem, Text, Words
from fireinvest.regulation.clocks import Deadline, State
from fireinvest.services.files import Staged, as_attachments, open_attachment
from fireinvest.services.jobs import ask_job
from fireinvest.services.old_ledger.bringing_in import (
    Line,
    Office,
    Standing,
    bring_in,
    look_at,
    note_brought_in,
)
from fireinvest.services.old_ledger.columns import COLUMNS, OldColumn
from fireinvest.services.old_ledger.job import IN_REQUEST, OLD_CASES, STANDINGS, counted
from fireinvest.services.old_ledger.reading import (
    MOST_CASES,
    Choices,
    OldRow,
    choices_of,
    read_form,
)
from fireinvest.store.conflicts import changing
from fireinvest.web import law, uploads
from fireinvest.web.excel import excel_form_answer
from fireinvest.web.language import language
from fireinvest.web.present import say
from fireinvest.web.present_lists import list_words
from fireinvest.web.rights import signed_in
from fireinvest.web.state import state
from fireinvest.web.uploads import takes_files
from fireinvest.web.visiting import origin, sent_at, today, who

blueprint = Blueprint("old_cases", __name__, url_prefix="/import/cases")

_LOOK, _APPLY = "look", "apply"


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong in a line: where, what was typed there, and why it can't be."""

    place: str | None
    label: Words | None
    typed: str
    text: Words


@dataclass(frozen=True, slots=True)
class LineView:
    """A line of a form as the page shows it, with what becomes of it."""

    line: Line
    standing: Words
    faults: tuple[Fault, ...]
    stage: Words | None
    running: tuple[Deadline, ...]
    ended: int

    @property
    def is_wrong(self) -> bool:
        """Is anything wrong with it?"""
        return self.line.standing is Standing.WRONG


@blueprint.route("", methods=["GET", "POST"])
@signed_in
@takes_files
def show() -> ResponseReturnValue:
    """A form that was filled in: looked at, line by line, and then brought in."""
    _opener()
    if request.method == "GET":
        with_file = _kept(request.args.getlist("staged")[:1])
        return _page(staged=with_file)
    staged, problems = uploads.staged()
    if not staged and not problems:
        problems.append(Problem("files", Text("This is needed.")))
    if problems:
        return _page(problems), 400
    chosen = staged[-1]
    applies = request.form.get("do") == _APPLY
    try:
        with open_attachment(state().blobs, as_attachments([chosen])[0]) as stream:
            rows = read_form(stream, chosen.name, _choices())
        if len(rows) > IN_REQUEST:
            return _as_a_job(chosen, applies=applies)
    except Faulty as faulty:
        return _page(faulty.problems), 400
    return _here(chosen, rows, applies=applies)


@blueprint.get("/form")
@signed_in
def form() -> ResponseReturnValue:
    """The empty form: its columns with hints, what can be chosen, and how it is filled in."""
    _opener()
    choices = _choices()
    columns = [
        tables.Asked(
            say(each.label),
            "" if each.hint is None else say(each.hint),
            tuple(say(words) for words in choices.get(each.name, {}).values()),
            each.is_needed,
            shape=each.shape,
        )
        for each in COLUMNS.values()
    ]
    note = _(
        "One case in each row, below the heads; at most %(most)s. Coloured columns are needed.",
        most=MOST_CASES,
    )
    return excel_form_answer(
        _("Old cases"),
        columns,
        note=note,
        choices_title=_("Choices"),
        rows=MOST_CASES,
        guide=(_("How it is filled in"), list(_guide())),
    )


def _guide() -> Iterable[str]:
    yield _("1. One row is one case. What isn't known stays empty; nothing is made up.")
    yield _("2. Dates are the real ones of the papers, such as 2023-05-12 or 2023年5月12日.")
    yield _("3. The old number tells a row again: the same row twice, in any file, adds nothing.")
    yield _("4. Losses are in 10,000 yuan.")
    yield _(
        "5. A day stands for the whole step: where the rule asks for a list, such as what is filed, "
        "it is written down for each of its items. Enter the day only where the step was done."
    )
    yield _(
        "6. The case is bound to the rule that was in force at its place on the day of the fire. "
        "Days of steps that this rule doesn't have are kept as a note of the opening."
    )
    yield _(
        "7. You see first what would come about, and what is wrong in which cell. Each case goes in "
        "whole or not at all; rows that are wrong can be corrected and handed in again."
    )


def _opener() -> None:
    if not who().can_open:
        abort(403)


def _choices() -> Choices:
    words = list_words()
    return choices_of(words.ruleset, words.divisions)


def _office() -> Office:
    return Office(
        law.law(), law.calendar(), who().actor, law.home_division(), sent_at(), today(),
        state().settings.law.profiles, origin(),
    )  # fmt: skip


def _kept(ids: Sequence[str]) -> Staged | None:
    """The file of a job that was done, where it is still there."""
    found = uploads.staged_in(tuple((uploads.STAGED, each) for each in ids))
    return found[0] if found else None


def _as_a_job(chosen: Staged, *, applies: bool) -> ResponseReturnValue:
    """A long form is read behind the pages; the page of the job says what became of it."""
    key = f"{OLD_CASES}-{_APPLY if applies else _LOOK}-{request.form.get('key', '')[:60]}"
    with changing(state().database) as session:
        job_id = ask_job(
            session, OLD_CASES, person_id=who().person.id, login=who().person.login, key=key,
            now=sent_at(), acting_for=who().acting_login, origin=origin(),
            arguments={"staged": chosen.id, "applies": applies, "language": language()},
        )  # fmt: skip
    return redirect(url_for("jobs.show", job_id=job_id), 303)


def _here(chosen: Staged, rows: Sequence[OldRow], *, applies: bool) -> ResponseReturnValue:
    office = _office()
    if applies:
        lines = list(bring_in(state().database, office, rows))
        standings = [each.standing for each in lines]
        note_brought_in(state().database, office, chosen.name, chosen.sha256, standings)
    else:
        lines = list(look_at(state().database, office, rows))
    is_wrong = any(each.standing is Standing.WRONG for each in lines)
    page = _page(staged=chosen, lines=lines, applied=applies)
    return page, 400 if is_wrong and not applies else 200


def _page(
    problems: Iterable[Problem] = (),
    *,
    staged: Staged | None = None,
    lines: Sequence[Line] = (),
    applied: bool = False,
) -> str:
    # What is wrong comes first.
    ordered = sorted(lines, key=lambda each: (each.standing is not Standing.WRONG, each.row.number))
    return render_template(
        "tables/old_cases.html",
        problems=[each.text for each in problems],
        staged=staged,
        lines=[_view(each) for each in ordered],
        counts=counted(each.standing for each in lines),
        fresh=sum(1 for each in lines if each.standing is Standing.NEW),
        wrong=sum(1 for each in lines if each.standing is Standing.WRONG),
        applied=applied,
        most=MOST_CASES,
        in_request=IN_REQUEST,
        today=today(),
        new_key=lambda: uuid.uuid4().hex,
    )


def _view(line: Line) -> LineView:
    case = line.planned.case
    stages = {} if case is None else case.ruleset.stages
    stage = None if case is None or case.stage is None else stages[case.stage].label
    ended = (State.MET, State.MET_LATE)
    deadlines = line.planned.deadlines
    return LineView(
        line,
        STANDINGS[line.standing],
        tuple(_fault(line, each) for each in line.problems),
        stage,
        tuple(each for each in deadlines if not each.is_ended),
        sum(1 for each in deadlines if each.state in ended),
    )


def _fault(line: Line, problem: Problem) -> Fault:
    column: OldColumn | None = COLUMNS.get(problem.field)
    return Fault(
        line.row.places.get(problem.field),
        None if column is None else column.label,
        line.row.cells.get(problem.field, ""),
        problem.text,
    )
