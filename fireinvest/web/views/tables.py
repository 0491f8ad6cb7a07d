"""Many items of a register from an Excel table: looked at first, then written all together."""

from collections.abc import Iterable, Sequence

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from fireinvest.messages import Faulty, Problem, Text
from fireinvest.regulation.profile import Register
from fireinvest.services.casefile import CaseFile
from fireinvest.services.files import Staged, as_attachments, open_attachment
from fireinvest.services.record_tables import TableRow, read_table
from fireinvest.services.records import MOST_AT_ONCE, Filed, check_records, file_records
from fireinvest.web import law, uploads
from fireinvest.web.casework import case_context
from fireinvest.web.excel import excel_form_answer
from fireinvest.web.forms.registers import asked_of
from fireinvest.web.forms.tables import columns_of_form, shown_table
from fireinvest.web.matching import tell_of_matches
from fireinvest.web.present import say
from fireinvest.web.rights import signed_in
from fireinvest.web.state import state
from fireinvest.web.uploads import takes_files
from fireinvest.web.views.registers import is_of_a_room, named_items, opened_to_write
from fireinvest.web.visiting import origin, sent_at, today, who
from fireinvest.workflow.asking import Asked
from fireinvest.workflow.errors import NotAllowed
from fireinvest.workflow.registers import Filing

blueprint = Blueprint("tables", __name__, url_prefix="/cases/<number>/registers/<register>/table")


@blueprint.route("", methods=["GET", "POST"])
@signed_in
@takes_files
def show(number: str, register: str) -> ResponseReturnValue:
    """Many items from an Excel table: looked at first, cell by cell, then all written, or none."""
    file, found = opened_to_write(number, register)
    if is_of_a_room(register):
        abort(404)  # Their items come with steps, one by one.
    asked = _asked(file, found)
    if request.method == "GET":
        return _page(file, found, asked)
    staged, problems = uploads.staged()
    if not staged and not problems:
        problems.append(Problem("files", Text("This is needed.")))
    if problems:
        return _page(file, found, asked, problems=problems), 400
    chosen = staged[-1]
    try:
        with open_attachment(state().blobs, as_attachments([chosen])[0]) as stream:
            rows = read_table(stream, chosen.name, register, asked)
    except Faulty as faulty:
        return _page(file, found, asked, problems=faulty.problems), 400
    filings = [Filing(register, each.values, acting_for=who().acting_login) for each in rows]
    if request.form.get("do") == "save" and not any(each.problems for each in rows):
        # The same table again is the same request: whoever sends it twice adds nothing.
        key = f"table-{chosen.sha256[:32]}-{file.ref.id}-{register}"
        try:
            done = _written(file, filings, key)
        except NotAllowed:
            abort(403)
        except Faulty as faulty:
            problems = list(faulty.problems)
        else:
            return _done(file, found, done)
    wrong = check_records(
        state().database, who().actor, file.ref.id, filings, now=sent_at(), today=today()
    )
    rows = [row.with_problems(each) for row, each in zip(rows, wrong, strict=True)]
    is_wrong = any(each.problems for each in rows)
    page = _page(
        file, found, asked,
        rows=rows, staged=chosen, problems=() if is_wrong else problems,
    )  # fmt: skip
    return page, 400 if is_wrong or problems else 200


@blueprint.get("/empty")
@signed_in
def empty(number: str, register: str) -> ResponseReturnValue:
    """The table to be filled in: its columns with hints, and what can be chosen."""
    file, found = opened_to_write(number, register)
    if is_of_a_room(register):
        abort(404)
    asked = _asked(file, found)
    title = f"{number} {say(found.label)}"
    note = _(
        "One item in each row, below the heads; at most %(most)s. Coloured columns are needed.",
        most=MOST_AT_ONCE,
    )
    return excel_form_answer(
        title, columns_of_form(asked), note=note, choices_title=_("Choices"), rows=MOST_AT_ONCE
    )


def _asked(file: CaseFile, register: Register) -> tuple[Asked, ...]:
    return asked_of(file.case, register.id, named_items(file, register.id))


def _page(
    file: CaseFile,
    register: Register,
    asked: Sequence[Asked],
    *,
    rows: Sequence[TableRow] = (),
    staged: Staged | None = None,
    problems: Iterable[Problem] = (),
) -> str:
    return render_template(
        "registers/table.html",
        **case_context(file),
        register=register,
        table=shown_table(rows, asked) if rows else None,
        staged=staged,
        problems=[each.text for each in problems],
        most=MOST_AT_ONCE,
    )


def _done(file: CaseFile, register: Register, done: Filed) -> ResponseReturnValue:
    count = len(done.records)
    if done.is_repeat:
        words = ngettext(
            "This very table was entered before; its %(num)s item is on record.",
            "This very table was entered before; its %(num)s items are on record.",
            count,
        )
    else:
        words = ngettext("Recorded: %(num)s item.", "Recorded: %(num)s items.", count)
    flash(words, "done")
    tell_of_matches(file, register.id)
    number = file.ref.number
    return redirect(url_for("registers.show", number=number, register=register.id), 303)


def _written(file: CaseFile, filings: Sequence[Filing], key: str) -> Filed:
    return file_records(
        state().database, law.law(), file.calendar, who().actor, file.ref.id, filings,
        idempotency_key=key, now=sent_at(), today=today(), origin=origin(),
    )  # fmt: skip
