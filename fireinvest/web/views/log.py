"""The log: of one case for those who administer it, and of everything for the auditor."""

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import Any, TypeVar
from urllib.parse import urlencode

from flask import Blueprint, abort, current_app, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException

from fireinvest.documents.tables import Cell, Column, Shape
from fireinvest.messages import Problem, Text, Words
from fireinvest.services.casefile import CaseFile
from fireinvest.services.log import (
    GROUPS as KINDS_OF,
)
from fireinvest.services.log import (
    Act,
    Group,
    Line,
    LogFilters,
    LogPage,
    case_id_of,
    exported_lines,
    has_more,
    log_of_case,
    logins_meant,
    search_log,
)
from fireinvest.services.wording import title_of
from fireinvest.web.casework import case_context, open_file
from fireinvest.web.excel import excel_answer
from fireinvest.web.forms.lists import SIZES, Choices
from fireinvest.web.forms.log import CaseLogForm, LogForm, written_key
from fireinvest.web.noting import note, note_again
from fireinvest.web.present import say
from fireinvest.web.present_lists import choices, list_words, told
from fireinvest.web.present_log import GROUPS, LogView, log_view
from fireinvest.web.rights import duty, signed_in
from fireinvest.web.state import state
from fireinvest.web.visiting import who
from fireinvest.workflow.permissions import Duty, may_read_log

blueprint = Blueprint("log", __name__)

#: A longer query is none that the form sends.
LONGEST_ADDRESS = 4000
#: The most lines of an Excel file; what is older is fetched by narrower days.
MOST_LINES = 50_000
_ONE_PRINT = timedelta(seconds=10)
_ONE_SEARCH = timedelta(minutes=1)

_SHOWN = ("kind", "person", "about", "number", "address_from", "since", "until")

#: What happens in a case.
_OF_CASES = (
    Group.VIEWS, Group.RESTRICTED, Group.TAKEN, Group.PRINTS, Group.STEPS, Group.REFUSALS,
)  # fmt: skip


# ---------------------------------------------------------------------------- of everything


@blueprint.get("/log")
@duty(Duty.READ_LOG)
def show() -> ResponseReturnValue:
    """Return the lines that the address asks for, a page of them; that it was asked is logged."""
    form, offered = _form(LogForm), _offered(Group)
    problems = list(form.problems(request.args, offered))
    filters = LogFilters()
    if not problems:
        filters, problems = _filters(form)
    page = LogPage((), None, {})
    views: list[LogView] = []
    if not problems:
        page = search_log(state().database, filters, form.key, form.lines)
        titles = _known_titles()
        views = [log_view(each, page.names, titles) for each in page.lines]
        note_again(Act.SEARCH, within=_ONE_SEARCH, item=urlencode(form.asked()) or "*")
    answer = render_template(
        "log/page.html",
        **_list_context("log.show", form, page, views),
        choices=offered,
        problems=told(problems, _SHOWN),
        excel=url_for("log.excel", **form.asked()),
    )
    return answer, 400 if problems else 200


@blueprint.get("/log/excel")
@duty(Duty.READ_LOG)
def excel() -> ResponseReturnValue:
    """Return the lines that the address asks for as an Excel file; that it was taken is logged."""
    form, offered = _form(LogForm), _offered(Group)
    problems = list(form.problems(request.args, offered))
    if problems:
        abort(400)
    filters, problems = _filters(form)
    if problems:
        abort(400)
    note(Act.EXPORT, item="log.excel", new=form.asked())
    return _excel(_("Audit log"), filters)


# ---------------------------------------------------------------------------- of one case


@blueprint.get("/cases/<number>/log")
@signed_in
def of_case(number: str) -> ResponseReturnValue:
    """Who saw, took, printed and changed this case, and from where, the newest first."""
    file = _readable(number)
    form, offered = _form(CaseLogForm), _offered(_OF_CASES)
    problems = list(form.problems(request.args, offered))
    page = LogPage((), None, {})
    if not problems:
        page = log_of_case(state().database, file.ref.id, _kinds(form), form.key, form.lines)
    views = [log_view(each, page.names, _titles(file)) for each in page.lines]
    answer = render_template(
        "log/case.html",
        **case_context(file),
        **_list_context("log.of_case", form, page, views, number=number),
        choices=offered,
        problems=told(problems, _SHOWN),
        excel=url_for("log.case_excel", number=number, **form.asked()),
    )
    return answer, 400 if problems else 200


@blueprint.get("/cases/<number>/log/excel")
@signed_in
def case_excel(number: str) -> ResponseReturnValue:
    """Return the log of this case as an Excel file; that it was taken is logged."""
    file = _readable(number)
    form = _form(CaseLogForm)
    if list(form.problems(request.args, _offered(_OF_CASES))):
        abort(400)
    note(Act.EXPORT, case_id=file.ref.id, item="log.case_excel")
    filters = LogFilters(kinds=_kinds(form), case_id=file.ref.id)
    return _excel(_("Log of the case %(number)s", number=number), filters, file)


def _readable(number: str) -> CaseFile:
    file = open_file(number)
    if not may_read_log(who().actor, file.case, file.ref.number):
        abort(403)
    return file


def _titles(file: CaseFile) -> Callable[[Line], Words | None]:
    """How steps are called; of a restricted entry only to those who may read it."""
    entries = {each.seq: each for each in file.case.journal}

    def title(line: Line) -> Words | None:
        entry = entries.get(line.entry or 0)
        if entry is None:
            return line.item
        if entry.seq in file.case.restrictions and not file.may_read(entry):
            return Text("restricted")
        return title_of(file.ruleset, line.item or "")

    return title


def _known_titles() -> Callable[[Line], Words | None]:
    """How steps are called by the law of today, as nothing of the cases is looked up."""
    ruleset = list_words().ruleset
    return lambda line: title_of(ruleset, line.item or "")


# ---------------------------------------------------------------------------- prints


@blueprint.post("/log/print")
@signed_in
def printed() -> ResponseReturnValue:
    """Write down that whoever is here prints a page; the page's script tells it."""
    address = request.form.get("address", "")
    adapter = current_app.create_url_adapter(request)
    if adapter is None or not address.startswith("/") or len(address) > LONGEST_ADDRESS:
        abort(400)
    try:
        endpoint, values = adapter.match(address, method="GET")
    except HTTPException:
        abort(400)
    if "number" in values:
        case_id = open_file(values["number"]).ref.id
        note_again(Act.PRINT, within=_ONE_PRINT, case_id=case_id, item=endpoint)
    elif endpoint == "log.show" and who().has(Duty.READ_LOG):
        note_again(Act.PRINT, within=_ONE_PRINT, item=endpoint)
    else:
        abort(400)
    return "", 204


# ---------------------------------------------------------------------------- what they share


F = TypeVar("F", bound=CaseLogForm)


def _form(form: type[F]) -> F:
    """The form as the address fills it."""
    if len(request.query_string) > LONGEST_ADDRESS:
        abort(414)
    names = {field.name for field in form()}
    given = request.args.items(multi=True)
    return form(MultiDict((name, value) for name, value in given if name in names))


def _offered(groups: Iterable[Group]) -> Choices:
    return {"kind": choices({each.value: GROUPS[each] for each in groups})}


def _kinds(form: CaseLogForm) -> tuple[str, ...]:
    return KINDS_OF[Group(form.kind.data)] if form.kind.data else ()


def _filters(form: LogForm) -> tuple[LogFilters, list[Problem]]:
    """What is wanted, and what can't be looked for."""
    database = state().database
    case_id = None
    problems = []
    if form.number.data:
        case_id = case_id_of(database, form.number.data)
        if case_id is None:
            problems.append(Problem("number", Text("There is no case of this number.")))
    person, about = form.person.data, form.about.data
    filters = LogFilters(
        people=logins_meant(database, person) if person else (),
        kinds=_kinds(form),
        case_id=case_id,
        about=logins_meant(database, about) if about else (),
        address=form.address_from.data or None,
        since=form.from_instant(),
        until=form.until_instant(),
    )
    return filters, problems


def _list_context(
    endpoint: str, form: CaseLogForm, page: LogPage, views: list[LogView], **where: Any
) -> dict[str, Any]:
    next_page = None
    if page.next_key is not None:
        next_page = url_for(endpoint, **where, **form.address(after=written_key(page.next_key)))
    return {
        "form": form,
        "views": views,
        "next_page": next_page,
        "first_page": url_for(endpoint, **where, **form.address()),
        "reset": url_for(endpoint, **where),
        "sizes": [(each, url_for(endpoint, **where, **form.address(size=each))) for each in SIZES],
    }


def _excel(title: str, filters: LogFilters, file: CaseFile | None = None) -> ResponseReturnValue:
    columns = (
        Column(_("Time"), Shape.INSTANT, 20),
        Column(_("sign-in name"), width=16),
        Column(_("name"), width=14),
        Column(_("acts for"), width=14),
        Column(_("What was done"), width=18),
        Column(_("Code"), width=18),
        Column(_("Case number"), width=18),
        Column(_("Entry"), Shape.NUMBER, 8),
        Column(_("Page, step or file"), width=28),
        Column(_("Account or agency"), width=18),
        Column(_("Reason"), width=24),
        Column(_("Old and new values"), width=40),
        Column(_("Network address"), width=16),
        Column(_("Request number"), width=38),
        Column(_("Line"), Shape.NUMBER, 10),
    )
    note_of_rows = None
    if has_more(state().database, filters, MOST_LINES):
        note_of_rows = _(
            "Only the newest %(count)s lines. Narrow the days to fetch older ones.",
            count=MOST_LINES,
        )
    return excel_answer(title, columns, _rows(filters, file), note=note_of_rows)


def _rows(filters: LogFilters, file: CaseFile | None) -> Iterator[tuple[Cell, ...]]:
    titles = _known_titles() if file is None else _titles(file)
    for line, names in exported_lines(state().database, filters, MOST_LINES):
        view = log_view(line, names, titles)
        changes = "\n".join(
            f"{each.name}: {each.old or '—'} → {each.new or '—'}" for each in view.changes
        )
        yield (
            line.happened_at,
            line.person,
            names.get(line.person or ""),
            view.acting_for,
            say(view.kind),
            line.what,
            line.number,
            line.entry,
            None if view.item is None else say(view.item),
            view.about,
            line.reason,
            changes or None,
            line.address,
            line.request_id,
            line.id,
        )
