"""The board of deadlines: all that run in the cases somebody may see, by danger."""

from dataclasses import dataclass

from flask import Blueprint, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue

from fireinvest.china import CHINA
from fireinvest.messages import Label, Text, Words
from fireinvest.regulation.basis import Citation
from fireinvest.regulation.calendar import Calendar, Day
from fireinvest.regulation.clocks import Light
from fireinvest.regulation.profile import Weight
from fireinvest.services.boards import Board, BoardLine, board
from fireinvest.services.cases import scope_of
from fireinvest.services.wording import DAY_KINDS
from fireinvest.web import law
from fireinvest.web.forms.lists import (
    BINDING,
    EVERY_WEIGHT,
    SIZES,
    BoardForm,
    Choice,
    Choices,
    known,
    written,
)
from fireinvest.web.present import DAY_MARKS, WEIGHTS
from fireinvest.web.present_lists import LIGHTS, ListWords, choices, list_words, own_login, told
from fireinvest.web.rights import signed_in
from fireinvest.web.state import state
from fireinvest.web.visiting import today, who

blueprint = Blueprint("board", __name__, url_prefix="/board")

#: A longer query is none that the form sends.
LONGEST_ADDRESS = 4000

#: Two weeks, from today.
DAYS_AHEAD = 14

#: Fields beside which a problem can stand; the others have none in the form.
_SHOWN = ("place", "clock", "level", "weight", "light", "mine", "due_from", "due_until")

_RUNNING_LIGHTS = {light: words for light, words in LIGHTS.items() if light is not Light.DONE}
_WEIGHTS: dict[str, Words] = {
    BINDING: Text("Statutory and set"),
    EVERY_WEIGHT: Text("All, with advice"),
    **{each.value: WEIGHTS[each] for each in Weight},
}


@dataclass(frozen=True, slots=True)
class DeadlineView:
    """A running deadline as a line of the board. ``due_time``: where it is counted in hours."""

    line: BoardLine
    light: Light
    days_left: int
    working_days_left: int | None
    due_time: str | None
    clock: Words
    article: Citation | None
    place: Words | None
    level: Words
    level_place: int
    carrier: str | None
    weight: Words | None
    instance: Words | None


@dataclass(frozen=True, slots=True)
class DayAhead:
    """A day of the strip: what kind of day, how many are due, and where they are shown."""

    day: Day
    kind: Words
    mark: Label | None
    count: int
    address: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class LightLink:
    """How many deadlines have a light (None: any), and where they are shown."""

    light: Light | None
    words: Words
    count: int
    address: str
    is_chosen: bool


@blueprint.get("")
@signed_in
def show() -> ResponseReturnValue:
    """Return the deadlines that the address asks for, a page of them."""
    if len(request.query_string) > LONGEST_ADDRESS:
        abort(414)
    words = list_words()
    form = BoardForm(known(BoardForm, request.args))
    offered = _offered(words)
    problems = told(form.problems(request.args, offered), _SHOWN)
    found = None
    views: list[DeadlineView] = []
    next_page = None
    calendar = law.calendar()
    if not problems:
        filters = form.filters(own_login(), today())
        found = board(state().database, who().actor, filters, form.key, form.lines, days=DAYS_AHEAD)
        views = [_view(words, calendar, each, found.names) for each in found.lines]
        if found.next_key is not None:
            next_page = url_for("board.show", **form.address(after=written(found.next_key)))
    page = render_template(
        "board/page.html",
        form=form,
        choices=offered,
        problems=problems,
        views=views,
        links=_links(form, found) if found else [],
        days=_days(form, calendar, found) if found else [],
        next_page=next_page,
        first_page=url_for("board.show", **form.address()),
        sizes=[(each, url_for("board.show", **form.address(size=each))) for each in SIZES],
        with_advice=url_for("board.show", **form.address(weight=EVERY_WEIGHT)),
        hides_advice=form.weight.data in ("", BINDING),
        ruleset=words.ruleset,
        lights=LIGHTS,
        today=today(),
    )
    return page, 400 if problems else 200


def _offered(words: ListWords) -> Choices:
    return {
        "place": list(words.places_of(scope_of(who().actor))),
        "clock": [Choice(each.id, each.label) for each in words.ruleset.clocks.values()],
        "level": words.levels(),
        "light": choices(_RUNNING_LIGHTS),
        "weight": choices(_WEIGHTS),
    }


def _view(
    words: ListWords, calendar: Calendar, line: BoardLine, names: dict[str, str]
) -> DeadlineView:
    weight = Weight(line.weight)
    return DeadlineView(
        line=line,
        light=line.light(today()),
        days_left=(line.due_on - today()).days,
        working_days_left=words.working_days_left(calendar, line.clock, today(), line.due_on),
        due_time=line.due_at.astimezone(CHINA).strftime("%H:%M") if line.due_at else None,
        clock=words.clock(line.clock),
        article=words.article(line.clock),
        place=words.place(line.division),
        level=words.level(line.level),
        level_place=words.level_place(line.level),
        carrier=names.get(line.carrier, line.carrier) if line.carrier else None,
        weight=None if weight is Weight.STATUTORY else WEIGHTS[weight],
        instance=_instance(line.instance),
    )


def _instance(name: str) -> Words | None:
    """What tells instances of one clock apart: their number, or the reference of a document."""
    if name == "1":
        return None
    return Text("no. %(number)s", number=name) if name.isdecimal() else name


def _links(form: BoardForm, found: Board) -> list[LightLink]:
    counts = found.counts
    links = [
        LightLink(
            light,
            LIGHTS[light],
            count,
            url_for("board.show", **form.address(light=light.value)),
            form.light.data == light.value,
        )
        for light, count in counts.by_light.items()
    ]
    address = url_for("board.show", **form.address(light=None))
    return [LightLink(None, Text("All running"), counts.all, address, not form.light.data), *links]


def _days(form: BoardForm, calendar: Calendar, found: Board) -> list[DayAhead]:
    """The days to come; one that is chosen already leads back to all of them."""
    views = []
    for on, count in found.counts.by_day.items():
        day = calendar.day(on)
        is_chosen = form.day("due_from") == form.day("due_until") == on
        chosen = None if is_chosen else on.isoformat()
        address = url_for("board.show", **form.address(due_from=chosen, due_until=chosen))
        kind = DAY_KINDS[day.kind]
        views.append(DayAhead(day, kind, DAY_MARKS.get(day.kind), count, address, is_chosen))
    return views
