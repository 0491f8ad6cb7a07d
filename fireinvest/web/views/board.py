"""The board of deadlines: all that run in the cases somebody may see, by danger, or by month."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from flask import Blueprint, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue

from fireinvest.china import CHINA
from fireinvest.messages import Label, Text, Words
from fireinvest.regulation.basis import Citation
from fireinvest.regulation.calendar import FIRST_DAY, LAST_DAY, ONE_DAY, Calendar, Day
from fireinvest.regulation.clocks import Light
from fireinvest.regulation.profile import Weight
from fireinvest.services.boards import (
    Board,
    BoardLine,
    BoardMonth,
    BoardWords,
    board,
    board_columns,
    board_lines,
    board_month,
    board_rows,
)
from fireinvest.services.cases import scope_of
from fireinvest.services.log import Act
from fireinvest.services.wording import DAY_KINDS
from fireinvest.web import law, noting
from fireinvest.web.excel import excel_answer
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
from fireinvest.web.present import DAY_MARKS, WEEKDAY_HEADS, WEIGHTS, month_name, say
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
_SHOWN = (
    "place", "clock", "level", "weight", "light", "carrier", "mine", "late", "due_from", "due_until",
)  # fmt: skip

#: So many deadlines of a day stand in the month; the others are counted.
_PER_DAY = 4

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
    next_step: Words | None
    is_late_by_plan: bool


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
    carriers: list[Choice] = []
    if not problems:
        filters = form.filters(own_login(), today())
        found = board(state().database, who().actor, filters, form.key, form.lines, days=DAYS_AHEAD)
        carriers = [Choice(each, found.names.get(each, each)) for each in found.carriers]
        views = [_view(words, calendar, each, found.names) for each in found.lines]
        if found.next_key is not None:
            next_page = url_for("board.show", **form.address(after=written(found.next_key)))
    page = render_template(
        "board/page.html",
        form=form,
        choices={**offered, "carrier": carriers},
        problems=problems,
        views=views,
        links=_links(form, found) if found else [],
        days=_days(form, _of_place(words, form, calendar), found) if found else [],
        next_page=next_page,
        first_page=url_for("board.show", **form.address()),
        sizes=[(each, url_for("board.show", **form.address(size=each))) for each in SIZES],
        with_advice=url_for("board.show", **form.address(weight=EVERY_WEIGHT)),
        hides_advice=form.weight.data in ("", BINDING),
        month_page=url_for("board.month", month=f"{today():%Y-%m}", **_narrowing(form)),
        excel=url_for("board.excel", **form.address(size=None)),
        ruleset=words.ruleset,
        lights=LIGHTS,
        today=today(),
    )
    return page, 400 if problems else 200


def _narrowing(form: BoardForm, **changes: str | None) -> dict[str, Any]:
    """What narrows the board, without days and pages."""
    return form.address(due_from=None, due_until=None, size=None, **changes)


@blueprint.get("/excel")
@signed_in
def excel() -> ResponseReturnValue:
    """Return all deadlines that the address asks for as a table to take away."""
    if len(request.query_string) > LONGEST_ADDRESS:
        abort(414)
    words = list_words()
    form = BoardForm(known(BoardForm, request.args))
    if told(form.problems(request.args, _offered(words)), _SHOWN):
        abort(400)
    filters = form.filters(own_login(), today())
    asked_for = f"board {request.query_string.decode('ascii', 'replace')}"
    noting.note(Act.EXPORT, item=asked_for[:200])
    lines = board_lines(state().database, who().actor, filters)
    return excel_answer(
        say(Text("Deadline board")),
        board_columns(say),
        board_rows(lines, _table_words(words), say, today()),
        note=say(Text("As of %(day)s, by %(name)s", day=today(), name=who().person.name)),
    )


def _table_words(words: ListWords) -> BoardWords:
    def article(clock: str) -> Words:
        found = words.article(clock)
        return words.ruleset.citation(found) if found is not None else ""

    return BoardWords(
        clock=words.clock,
        article=article,
        place=words.place,
        level=words.level,
        weight=lambda code: WEIGHTS[Weight(code)],
        light=lambda line: LIGHTS[line.light(today())],
        step=words.step,
    )


# ---------------------------------------------------------------------------- the month


@dataclass(frozen=True, slots=True)
class DueView:
    """A deadline in the grid of a month."""

    line: BoardLine
    light: Light
    clock: Words
    is_late_by_plan: bool


@dataclass(frozen=True, slots=True)
class MonthDay:
    """A day of a month: what day it is, what is due, how many more there are, and where."""

    day: Day
    kind: Words
    mark: Label | None
    dues: tuple[DueView, ...]
    more: int
    address: str


@blueprint.get("/month/<month>")
@signed_in
def month(month: str) -> ResponseReturnValue:
    """Return a month as weeks of days, worked or off, with what is due on each."""
    if len(request.query_string) > LONGEST_ADDRESS:
        abort(414)
    first = _first_of(month)
    words = list_words()
    form = BoardForm(known(BoardForm, request.args))
    offered = _offered(words)
    problems = told(form.problems(request.args, offered), _SHOWN)
    calendar = _of_place(words, form, law.calendar())
    weeks: list[list[MonthDay | None]] = []
    count = 0
    if not problems:
        filters = replace(form.filters(own_login(), today()), due_from=None, due_until=None)
        found = board_month(state().database, who().actor, filters, first, _PER_DAY)
        weeks = list(_weeks(words, calendar, form, found, first))
        count = sum(found.by_day.values())
    page = render_template(
        "board/month.html",
        form=form,
        choices={**offered, "carrier": []},
        problems=problems,
        month=month_name(first),
        address=url_for("board.month", month=month),
        weeks=weeks,
        count=count,
        announced=calendar.is_announced(first),
        before=_month_page(form, first - ONE_DAY),
        after=_month_page(form, first + 31 * ONE_DAY),
        board_page=url_for("board.show", **_narrowing(form)),
        heads=WEEKDAY_HEADS,
        today=today(),
        lights=LIGHTS,
    )
    return page, 400 if problems else 200


def _first_of(written: str) -> date:
    try:
        first = date.fromisoformat(f"{written}-01")
    except ValueError:
        abort(404)
    if f"{first:%Y-%m}" != written or not FIRST_DAY <= first <= LAST_DAY:
        abort(404)
    return first


def _month_page(form: BoardForm, on: date) -> str | None:
    if not FIRST_DAY <= on <= LAST_DAY:
        return None
    return url_for("board.month", month=f"{on:%Y-%m}", **_narrowing(form))


def _weeks(
    words: ListWords, calendar: Calendar, form: BoardForm, found: BoardMonth, first: date
) -> Iterator[list[MonthDay | None]]:
    """The weeks of a month; days of other months are None."""
    days = [_month_day(words, calendar, form, found, on) for on in found.by_day]
    row: list[MonthDay | None] = [None] * first.weekday()
    for each in days:
        row.append(each)
        if len(row) == len(WEEKDAY_HEADS):
            yield row
            row = []
    if row:
        yield [*row, *[None] * (len(WEEKDAY_HEADS) - len(row))]


def _month_day(
    words: ListWords, calendar: Calendar, form: BoardForm, found: BoardMonth, on: date
) -> MonthDay:
    day = calendar.day(on)
    dues = tuple(
        DueView(line, line.light(today()), words.clock(line.clock), line.is_late_by_plan(today()))
        for line in found.lines[on]
    )
    address = {**_narrowing(form), "due_from": on.isoformat(), "due_until": on.isoformat()}
    return MonthDay(
        day,
        DAY_KINDS[day.kind],
        DAY_MARKS.get(day.kind),
        dues,
        max(0, found.by_day[on] - len(dues)),
        url_for("board.show", **address),
    )


def _of_place(words: ListWords, form: BoardForm, calendar: Calendar) -> Calendar:
    """The calendar of the place that is asked for, else of the country."""
    place = words.divisions.get(form.place.data or "")
    return calendar if place is None else calendar.of(place.code, place.parent)


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
        # Each case has the days off of its own place.
        working_days_left=words.working_days_left(
            calendar.of(line.division, line.parent), line.clock, today(), line.due_on
        ),
        due_time=line.due_at.astimezone(CHINA).strftime("%H:%M") if line.due_at else None,
        clock=words.clock(line.clock),
        article=words.article(line.clock),
        place=words.place(line.division),
        level=words.level(line.level),
        level_place=words.level_place(line.level),
        carrier=names.get(line.carrier, line.carrier) if line.carrier else None,
        weight=None if weight is Weight.STATUTORY else WEIGHTS[weight],
        instance=_instance(line.instance),
        next_step=words.step(line.plan_step) if line.plan_step else None,
        is_late_by_plan=line.is_late_by_plan(today()),
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
