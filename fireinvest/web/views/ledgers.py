"""The ledger of all cases, and the month's report: on the screen, on paper, and to take away."""

from datetime import date
from io import BytesIO
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue

from fireinvest.messages import Problem, Text, Words
from fireinvest.regulation.calendar import FIRST_DAY, LAST_DAY, parse_day
from fireinvest.services.cases import scope_of
from fireinvest.services.ledgers import (
    MILESTONES,
    LedgerLine,
    LedgerWords,
    ledger_columns,
    ledger_lines,
    ledger_page,
    ledger_rows,
)
from fireinvest.services.log import Act
from fireinvest.services.monthly import (
    Monthly,
    MonthlyWords,
    Table,
    month_of,
    monthly,
    sheets_of,
    tables_of,
)
from fireinvest.services.monthly_paper import monthly_docx
from fireinvest.services.old_ledger.columns import COLUMNS
from fireinvest.web import noting
from fireinvest.web.excel import excel_answer, excel_sheets_answer, file_name
from fireinvest.web.forms.lists import SIZES, CasesForm, Choice, known
from fireinvest.web.present import month_name, say
from fireinvest.web.present_lists import (
    LIGHTS,
    SHORT_MODES,
    ListWords,
    list_words,
    own_login,
    told,
)
from fireinvest.web.rights import signed_in
from fireinvest.web.state import state
from fireinvest.web.views.cases import (
    LONGEST_ADDRESS,
    SHOWN,
    asked_for,
    made_by,
    offered,
    stage_of,
)
from fireinvest.web.visiting import today, who

blueprint = Blueprint("ledgers", __name__, url_prefix="/tables")

_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@blueprint.get("")
@signed_in
def first() -> ResponseReturnValue:
    """Lead to the ledger."""
    return redirect(url_for("ledgers.show"))


@blueprint.get("/ledger")
@signed_in
def show() -> ResponseReturnValue:
    """The ledger of the cases that the address asks for, a page of it."""
    if len(request.query_string) > LONGEST_ADDRESS:
        abort(414)
    words = list_words()
    form = CasesForm(known(CasesForm, request.args))
    choices = offered(words)
    problems = told(form.problems(request.args, choices), SHOWN)
    lines: tuple[LedgerLine, ...] = ()
    next_page = None
    if not problems:
        filters = form.filters(own_login(), today())
        found = ledger_page(state().database, who().actor, filters, form.key, form.lines)
        lines = found.lines
        if found.next_key is not None:
            next_page = url_for("ledgers.show", **form.address(after=str(found.next_key)))
    page = render_template(
        "tables/ledger.html",
        form=form,
        choices=choices,
        problems=problems,
        lines=lines,
        words=_words(words),
        level_place=words.level_place,
        lights=LIGHTS,
        milestones=[(name, COLUMNS[name].label) for name in MILESTONES],
        next_page=next_page,
        first_page=url_for("ledgers.show", **form.address()),
        excel=url_for("ledgers.excel", **form.address(size=None)),
        sizes=[(each, url_for("ledgers.show", **form.address(size=each))) for each in SIZES],
        today=today(),
    )
    return page, 400 if problems else 200


@blueprint.get("/ledger/excel")
@signed_in
def excel() -> ResponseReturnValue:
    """The whole ledger that the address asks for, as a table to take away."""
    words, filters = asked_for(excel)
    lines = ledger_lines(state().database, who().actor, filters)
    return excel_answer(
        say(Text("Ledger of fire accident cases")),
        ledger_columns(say),
        ledger_rows(lines, _words(words), say, today()),
        note=made_by(),
    )


def _words(words: ListWords) -> LedgerWords:
    return LedgerWords(
        place=words.place,
        level=words.level,
        category=words.category,
        government=words.government,
        stage=lambda line: stage_of(words, line),
        clock=words.clock,
    )


# ---------------------------------------------------------------------------- the month's report


@blueprint.get("/monthly")
@signed_in
def month() -> ResponseReturnValue:
    """The report of a month and a place, beside the month before and that of last year."""
    words = list_words()
    places = list(words.places_of(scope_of(who().actor)))
    problems, first_on, place = _asked(places)
    found = None if problems else _monthly(words, first_on, place)
    address = _address(first_on, place)
    page = render_template(
        "tables/monthly.html",
        problems=problems,
        month=first_on,
        name=month_name(first_on),
        place=place,
        places=places,
        place_name=_place_name(places, place),
        tables=[] if found is None else _tables(words, found),
        excel=url_for("ledgers.month_excel", **address),
        word=url_for("ledgers.month_docx", **address),
        earlier=_neighbour(first_on, place, -1),
        later=_neighbour(first_on, place, 1),
        today=today(),
        typed=request.args.get("month", "")[:20],
    )
    return page, 400 if problems else 200


@blueprint.get("/monthly/excel")
@signed_in
def month_excel() -> ResponseReturnValue:
    """The report of a month as an Excel file: a sheet for each of its tables."""
    title, tables = _taken("xlsx")
    return excel_sheets_answer(title, sheets_of(tables, say))


@blueprint.get("/monthly/docx")
@signed_in
def month_docx() -> ResponseReturnValue:
    """The report of a month as a Word file, in the form of an official paper."""
    title, tables = _taken("docx")
    document = monthly_docx(title, tables, today())
    return send_file(
        BytesIO(document),
        mimetype=_WORD,
        as_attachment=True,
        download_name=file_name(title, "docx"),
        max_age=0,
    )


def _taken(kind: str) -> tuple[str, list[Table]]:
    """The report that the address asks for, with its title; that it is taken is written down."""
    words = list_words()
    places = list(words.places_of(scope_of(who().actor)))
    problems, first_on, place = _asked(places)
    if problems:
        abort(400)
    noting.note(Act.EXPORT, item=f"monthly {first_on:%Y-%m} {place or ''} {kind}")
    title = Text("Monthly report of fire accidents: %(month)s", month=month_name(first_on))
    called = _place_name(places, place)
    title_said = say(title) if called is None else f"{say(called)} {say(title)}"
    return title_said, _tables(words, _monthly(words, first_on, place))


def _asked(places: list[Choice]) -> tuple[list[Problem], date, str | None]:
    """What is wrong with the address, the first day of the month, and the place that is asked for."""
    problems = []
    written = request.args.get("month", "").strip()
    first_on = today().replace(day=1)
    if written:
        found = parse_day(f"{written}-01")
        if found is None or not FIRST_DAY <= found <= LAST_DAY or found.year == FIRST_DAY.year:
            problems.append(Problem("month", Text("A month such as 2025-05 is needed.")))
        else:
            first_on = found
    place = request.args.get("place", "").strip() or None
    if place is not None and place not in {each.code for each in places}:
        text = Text("Choose one of those that are offered.")
        problems.append(Problem("place", text))
        place = None
    return problems, first_on, place


def _monthly(words: ListWords, first_on: date, place: str | None) -> Monthly:
    month_asked = month_of(first_on)
    actor = who().actor
    return monthly(state().database, actor, words.ruleset, month_asked, place, today())


def _tables(words: ListWords, found: Monthly) -> list[Table]:
    ruleset = words.ruleset

    def article(clock: str) -> Words:
        basis = words.article(clock)
        return ruleset.citation(basis) if basis is not None else ""

    return tables_of(
        found,
        MonthlyWords(
            levels=[(each.id, each.label) for each in ruleset.scale.levels],
            places=[(code, each.label) for code, each in words.divisions.items()],
            categories=[(code, each.label) for code, each in ruleset.categories.items()],
            stages=[each.label for each in ruleset.stages.values()],
            modes=SHORT_MODES,
            clocks=[(each.id, each.label) for each in ruleset.clocks.values()],
            article=article,
        ),
    )


def _place_name(places: list[Choice], place: str | None) -> Words | None:
    return next((each.words for each in places if each.code == place), None)


def _neighbour(first_on: date, place: str | None, months: int) -> str | None:
    """The address of the month before or after, None where counts don't reach."""
    at = first_on.year * 12 + first_on.month - 1 + months
    year, index = divmod(at, 12)
    on = date(year, index + 1, 1)
    if not FIRST_DAY < on <= LAST_DAY or on.year == FIRST_DAY.year:
        return None
    return url_for("ledgers.month", **_address(on, place))


def _address(on: date, place: str | None) -> dict[str, Any]:
    """What an address says of a month and a place."""
    return {"month": f"{on:%Y-%m}", **({"place": place} if place else {})}
