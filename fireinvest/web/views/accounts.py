"""New accounts and one-time codes: what the system administrator hands out on paper.

A code is shown once, on the page that answers the form: it stands in no address, no cookie and no
log. Nobody but its owner ever knows a password.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import BinaryIO, cast

from flask import (
    Blueprint,
    Response,
    abort,
    make_response,
    redirect,
    render_template,
    request,
    send_file,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from fireinvest.documents.tables import Column, write_table
from fireinvest.messages import Faulty, Problem, Text, render
from fireinvest.services.codes import Issued, Purpose, add_person, issue_code, waits_for_code
from fireinvest.services.importing_people import (
    HEADS,
    MOST_PEOPLE,
    Line,
    Standing,
    Wanted,
    import_people,
    read_list,
)
from fireinvest.store import people as store
from fireinvest.web.confirming import confirmed
from fireinvest.web.forms import people as forms
from fireinvest.web.forms.people import Written
from fireinvest.web.keeping import keeps_drafts
from fireinvest.web.language import language
from fireinvest.web.policies import code_time
from fireinvest.web.rights import duty
from fireinvest.web.state import state
from fireinvest.web.views.people import acting_by, run_form
from fireinvest.web.visiting import sent_at, who
from fireinvest.workflow.permissions import Duty

blueprint = Blueprint("accounts", __name__, url_prefix="/people")

#: The largest number that names a row.
_ID = "<int(min=1, max=2147483647):"
_EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_WIDTHS = {"login": 24.0, "name": 24.0, "unit": 40.0}


@dataclass(frozen=True, slots=True)
class Slip:
    """What somebody gets on paper: their login, the code, until when, and what it is for."""

    login: str
    name: str
    unit: str
    code: str
    until: datetime
    is_first: bool


def _slip(issued: Issued, unit: str = "") -> Slip:
    person = issued.person
    is_first = issued.purpose is Purpose.FIRST_SIGN_IN
    return Slip(person.login, person.name, unit, issued.code, issued.expires_at, is_first)


def _slips_page(slips: Iterable[Slip], *, back: str) -> Response:
    shown = list(slips)
    return make_response(
        render_template(
            "accounts/slips.html",
            slips=shown,
            back=back,
            address=state().settings.public_url + url_for("sign_in.first"),
            by=who().person,
            made_at=sent_at(),
        )
    )


@blueprint.route("/new", methods=["GET", "POST"])
@duty(Duty.KEEP_ACCOUNTS)
@keeps_drafts
@confirmed
def new() -> ResponseReturnValue:
    """Add a person, and show the slip with which they sign in for the first time."""

    def save(written: Written) -> Response:
        login, name = written.line("login").lower(), written.line("name")
        written.check()
        issued = add_person(
            state().database, login=login, name=name, by=acting_by(), valid_for=code_time()
        )
        return _slips_page(
            [_slip(issued)], back=url_for("people.person", person_id=issued.person.id)
        )

    return run_form(
        Text("Add a person"),
        forms.person_fields(),
        save,
        back=url_for("people.show"),
        submit=Text("Add, and show the slip"),
        lead=Text("An account alone shows no case and lets nobody do anything: posts do."),
    )


@blueprint.route(f"/{_ID}person_id>/code", methods=["GET", "POST"])
@duty(Duty.KEEP_ACCOUNTS)
@confirmed
def code(person_id: int) -> ResponseReturnValue:
    """Make a one-time code with which somebody chooses a password, and show it once."""
    with state().database.readers.begin() as session:
        found = store.find_person(session, person_id)
        until = waits_for_code(session, person_id, sent_at())
    if found is None:
        abort(404)
    if found.id == who().person.id:
        return redirect(url_for("me.show") + "#password")
    problems: tuple[Problem, ...] = ()
    if request.method == "POST":
        try:
            issued = issue_code(state().database, person_id, by=acting_by(), valid_for=code_time())
        except Faulty as faulty:
            problems = faulty.problems
        else:
            back = url_for("people.person", person_id=person_id)
            return _slips_page([_slip(issued)], back=back)
    page = render_template(
        "accounts/code.html",
        person=found,
        until=until,
        hours=round(code_time().total_seconds() / 3600),
        problems=problems,
    )
    return make_response(page, 400 if problems else 200)


# ---------------------------------------------------------------------------- lists


@blueprint.route("/import", methods=["GET", "POST"])
@duty(Duty.KEEP_ACCOUNTS)
def import_list() -> ResponseReturnValue:
    """Take a list of people: shown first, with every fault; made only when it is confirmed."""
    if request.method == "GET":
        return _import_page()
    file = request.files.get("file")
    if file is None or not file.filename:
        return _import_page([Problem("file", forms.NEEDED)])
    try:
        lines = read_list(state().database, cast(BinaryIO, file.stream), file.filename)
    except Faulty as faulty:
        return _import_page(faulty.problems)
    return _looked_at(lines)


@blueprint.get("/import/template")
@duty(Duty.KEEP_ACCOUNTS)
def import_template() -> ResponseReturnValue:
    """An empty list to be filled in."""
    stream = BytesIO()
    write_table(
        stream,
        _("Accounts to be added"),
        [Column(render(head, language()), width=_WIDTHS[name]) for name, head in HEADS.items()],
        [],
        note=_(
            "One person in each row, below the heads; at most %(most)s. A sign-in name has "
            "lower-case letters, digits, and . _ - only, and is never changed.",
            most=MOST_PEOPLE,
        ),
        made_at=sent_at(),
    )
    stream.seek(0)
    return send_file(
        stream,
        mimetype=_EXCEL,
        as_attachment=True,
        download_name=f"{_('Accounts to be added')}.xlsx",
    )


@blueprint.post("/import/confirm")
@duty(Duty.KEEP_ACCOUNTS)
@confirmed
def confirm_import() -> ResponseReturnValue:
    """Make the accounts of a list that was looked at, and show their slips."""
    try:
        wanted = _wanted(request.form.get("rows", ""))
        made = import_people(state().database, wanted, by=acting_by(), valid_for=code_time())
    except Faulty as faulty:
        return _import_page(faulty.problems)
    return _slips_page(
        [_slip(each.issued, each.unit) for each in made], back=url_for("people.show")
    )


def _import_page(problems: Iterable[Problem] = ()) -> ResponseReturnValue:
    found = tuple(problems)
    page = render_template("accounts/import.html", problems=found, most=MOST_PEOPLE)
    return make_response(page, 400 if found else 200)


def _looked_at(lines: list[Line]) -> ResponseReturnValue:
    wrong = [each for each in lines if each.standing is Standing.WRONG]
    fresh = [each for each in lines if each.standing is Standing.NEW]
    page = render_template(
        "accounts/looked_at.html",
        lines=lines,
        wrong=wrong,
        fresh=fresh,
        same=len(lines) - len(wrong) - len(fresh),
        rows=json.dumps([[each.row, each.login, each.name, each.unit] for each in lines]),
    )
    return make_response(page, 400 if wrong else 200)


def _wanted(given: str) -> list[Wanted]:
    """Return the rows that the page carried along; they are looked at again like any others."""
    problem = Problem("file", Text("The list isn't right any more; hand it in again."))
    try:
        rows = json.loads(given)
        found = [Wanted(int(row), login, name, unit) for row, login, name, unit in rows]
    except (ValueError, TypeError, RecursionError, OverflowError) as error:
        raise Faulty([problem]) from error
    # What came as a number or a list is no text, whatever the type says.
    if not all(isinstance(text, str) for each in rows for text in each[1:]):
        raise Faulty([problem])
    return found
