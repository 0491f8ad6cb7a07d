"""The list of cases: what somebody may see, narrowed by what the address says."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue

from fireinvest.messages import Text, Words
from fireinvest.regulation.clocks import Light
from fireinvest.regulation.profile import Mode
from fireinvest.services.boards import (
    CaseWords,
    case_columns,
    case_lines,
    case_list,
    case_rows,
)
from fireinvest.services.cases import CaseLine, Filters, scope_of
from fireinvest.services.log import Act
from fireinvest.web import noting
from fireinvest.web.excel import excel_answer
from fireinvest.web.forms.lists import SIZES, CasesForm, Choice, Choices, known
from fireinvest.web.present import say
from fireinvest.web.present_lists import (
    LIGHTS,
    SHORT_MODES,
    STANDINGS,
    ListWords,
    choices,
    list_words,
    own_login,
    told,
)
from fireinvest.web.rights import signed_in
from fireinvest.web.state import state
from fireinvest.web.visiting import today, who

blueprint = Blueprint("cases", __name__, url_prefix="/cases")

#: A longer query is none that the form sends.
LONGEST_ADDRESS = 4000

#: Fields beside which a problem can stand; the others have none in the form.
SHOWN = (
    "text", "place", "level", "stage", "mode", "standing", "light", "mine",
    "occurred_from", "occurred_until",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case as a line of the list."""

    line: CaseLine
    place: Words | None
    level: Words
    level_place: int
    stage: Words | None
    government: Words | None
    coming: Words | None
    carrier: str | None
    clock: Words | None
    light: Light
    days_left: int | None


@blueprint.get("")
@signed_in
def show() -> ResponseReturnValue:
    """Return the cases that the address asks for, a page of them."""
    if len(request.query_string) > LONGEST_ADDRESS:
        abort(414)
    words = list_words()
    form = CasesForm(known(CasesForm, request.args))
    choices_here = offered(words)
    problems = told(form.problems(request.args, choices_here), SHOWN)
    views: list[CaseView] = []
    next_page = None
    if not problems:
        filters = form.filters(own_login(), today())
        found = case_list(state().database, who().actor, filters, form.key, form.lines)
        views = [_view(words, each, found.names) for each in found.lines]
        if found.next_key is not None:
            next_page = url_for("cases.show", **form.address(after=str(found.next_key)))
    page = render_template(
        "cases/page.html",
        form=form,
        choices=choices_here,
        problems=problems,
        views=views,
        next_page=next_page,
        first_page=url_for("cases.show", **form.address()),
        excel=url_for("cases.excel", **form.address(size=None)),
        sizes=[(each, url_for("cases.show", **form.address(size=each))) for each in SIZES],
        lights=LIGHTS,
        today=today(),
    )
    return page, 400 if problems else 200


@blueprint.get("/excel")
@signed_in
def excel() -> ResponseReturnValue:
    """Return all cases that the address asks for as a table to take away."""
    words, filters = asked_for(excel)
    lines = case_lines(state().database, who().actor, filters)
    title = say(Text("Cases"))
    return excel_answer(
        title,
        case_columns(say),
        case_rows(lines, _table_words(words), say, today()),
        note=made_by(),
    )


def asked_for(view: Callable[[], ResponseReturnValue]) -> tuple[ListWords, Filters]:
    """Return what the address of a table of cases asks for, and write the export down.

    ``view``: by whose name the export stands in the log. An address that asks for what can't be is
    refused.
    """
    if len(request.query_string) > LONGEST_ADDRESS:
        abort(414)
    words = list_words()
    form = CasesForm(known(CasesForm, request.args))
    if told(form.problems(request.args, offered(words)), SHOWN):
        abort(400)
    query = request.query_string.decode("ascii", "replace")
    noting.note(Act.EXPORT, item=f"{view.__module__.rpartition('.')[2]} {query}"[:200])
    return words, form.filters(own_login(), today())


def made_by() -> str:
    """Return the note above a table: of which day it is, and who took it."""
    return say(Text("As of %(day)s, by %(name)s", day=today(), name=who().person.name))


def _table_words(words: ListWords) -> CaseWords:
    return CaseWords(
        place=words.place,
        level=words.level,
        government=words.government,
        stage=lambda line: stage_of(words, line),
        clock=words.clock,
        light=lambda line: LIGHTS[line.light(today())],
    )


def offered(words: ListWords) -> Choices:
    """Return what can be chosen in the filters of a list of cases."""
    stages = [Choice(each.id, each.label) for each in words.ruleset.stages.values()]
    return {
        "place": list(words.places_of(scope_of(who().actor))),
        "level": words.levels(),
        "stage": stages,
        "mode": choices(SHORT_MODES),
        "standing": choices(STANDINGS),
        "light": choices(LIGHTS),
    }


def stage_of(words: ListWords, line: CaseLine) -> Words:
    """Return the stage of a case; no stage where nothing is investigated here."""
    investigates = line.mode == Mode.INVESTIGATE.value
    return words.stage(line.stage) if investigates and line.stage else SHORT_MODES[line.mode]


def _view(words: ListWords, line: CaseLine, names: dict[str, str]) -> CaseView:
    """What stands in a line."""
    due_on = line.next_due_on
    return CaseView(
        line=line,
        place=words.place(line.division),
        level=words.level(line.level),
        level_place=words.level_place(line.level),
        stage=stage_of(words, line),
        government=words.government(line.investigating) if line.investigating else None,
        coming=words.government(line.handover_pending) if line.handover_pending else None,
        carrier=names.get(line.carrier, line.carrier) if line.carrier else None,
        clock=words.clock(line.next_clock) if line.next_clock else None,
        light=line.light(today()),
        days_left=None if due_on is None else (due_on - today()).days,
    )
