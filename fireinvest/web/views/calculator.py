"""The calculator (期限计算器): a fire goes in by the address, the law comes out. Nothing is saved."""

from dataclasses import dataclass, field
from datetime import date
from urllib.parse import urlencode

from flask import Blueprint, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue

from fireinvest.clock import today_in_china
from fireinvest.messages import Faulty, Problem, Text, Words
from fireinvest.regulation.calendar import LAST_DAY, DayKind
from fireinvest.regulation.profile import Ruleset, Step
from fireinvest.services.assessing import assess
from fireinvest.web import law
from fireinvest.web.forms.calculator import (
    CalculatorForm,
    categories,
    divisions_on,
    number_asked,
    offered_steps,
    read,
)
from fireinvest.web.forms.facts import FIELD_OF
from fireinvest.web.present import (
    DAY_MARKS,
    MODES,
    WEEKDAY_HEADS,
    WEIGHTS,
    coming_clocks,
)
from fireinvest.web.results import Result, result_of
from fireinvest.web.rights import public

blueprint = Blueprint("calculator", __name__)

#: A longer query is no calculation.
LONGEST_QUERY = 8000

#: Fires to try, with something to see in each.
EXAMPLES: tuple[tuple[Text, dict[str, str]], ...] = (
    (
        Text("Five deaths in Fuyuan, May 2025"),
        {
            "occurred_on": "2025-05-12",
            "division": "530325",
            "deaths": "5",
            "serious_injuries": "2",
            "direct_economic_loss_yuan": "1554540.00",
            "as_of": "2025-05-13",
        },
    ),
    (
        Text("A fire just before Spring Festival"),
        {
            "occurred_on": "2025-01-24",
            "occurred_time": "23:50",
            "division": "530302",
            "deaths": "1",
            "serious_injuries": "0",
            "as_of": "2025-01-27",
        },
    ),
    (
        Text("A report that is with the government"),
        {
            "occurred_on": "2025-07-18",
            "division": "530381",
            "deaths": "3",
            "serious_injuries": "4",
            "direct_economic_loss_yuan": "12000000",
            "category": "work_safety",
            "as_of": "2025-09-22",
            "since-0-step": "request_team",
            "since-0-on": "2025-07-21",
            "since-1-step": "establish_team",
            "since-1-on": "2025-07-22",
            "since-2-step": "submit_report",
            "since-2-on": "2025-09-08",
            "since-3-step": "receive_report",
            "since-3-on": "2025-09-09",
        },
    ),
)


@dataclass(frozen=True)
class Asked:
    """A request as understood: the form, the law that it goes by, the answer or what is wrong."""

    form: CalculatorForm
    ruleset: Ruleset
    today: date
    fire_on: date
    result: Result | None = None
    problems: dict[str, list[Words]] = field(default_factory=dict)

    def problems_at(self, name: str) -> list[Words]:
        """Return what is wrong with a field, or with any field of a row."""
        return self.problems.get(name, [])

    @property
    def elsewhere(self) -> list[tuple[str, Words]]:
        """What is wrong with things that have no field in the form."""
        rows = {f"since-{place}" for place in range(len(self.form.rows()))}
        return [
            (name, text)
            for name, texts in self.problems.items()
            if name not in rows and (name == "since" or name not in self.form)
            for text in texts
        ]


@blueprint.get("/calculator")
@public
def show() -> ResponseReturnValue:
    """The page: the form, and beside it what the law says."""
    return _answer("calculator/page.html")


@blueprint.get("/calculator/live")
@public
def live() -> ResponseReturnValue:
    """The form and the result alone, for a page that keeps itself up to date."""
    return _answer("calculator/panels.html")


def _answer(template: str) -> ResponseReturnValue:
    if len(request.query_string) > LONGEST_QUERY:
        abort(414)
    asked = _ask()
    query = urlencode(asked.form.address())
    address = url_for("calculator.show")
    page = render_template(
        template,
        asked=asked,
        form=asked.form,
        result=asked.result,
        ruleset=asked.ruleset,
        divisions=_division_groups(asked),
        categories=categories(asked.ruleset),
        steps=_step_groups(asked.ruleset),
        number_asked=number_asked,
        criteria_used={fact for level in asked.ruleset.scale.levels for fact in level.least},
        is_zone=_is_zone(asked),
        address=f"{address}?{query}" if query else address,
        examples=[(text, f"{address}?{urlencode(given)}") for text, given in EXAMPLES],
        welcome=coming_clocks(asked.ruleset) if asked.result is None else [],
        modes=MODES,
        weights=WEIGHTS,
        heads=WEEKDAY_HEADS,
        marks_off=DAY_MARKS[DayKind.HOLIDAY],
        marks_worked=DAY_MARKS[DayKind.MAKE_UP],
    )
    return page, 400 if asked.problems else 200


def _ask() -> Asked:
    form = read(request.args)
    today = today_in_china()
    problems = form.shape_problems(request.args)
    as_of = form.day("as_of") or today
    fire_on = form.day("occurred_on") or min(as_of, today)
    ruleset = _ruleset(form, fire_on, today)
    found = None
    behind: list[int] = []
    calendar = law.calendar()
    if not form.is_blank():
        given, behind = form.given(ruleset)
        try:
            found = assess(
                law.law(),
                calendar,
                given,
                as_of=as_of,
                home_division=law.home_division(),
                decisions=law.decisions(),
            )
        except Faulty as faulty:
            problems.extend(faulty.problems)
    if problems or found is None:
        placed = _placed(problems, behind)
        return Asked(form, ruleset, today, fire_on, None, placed)
    result = result_of(found, calendar)
    return Asked(form, found.ruleset, today, fire_on, result)


def _ruleset(form: CalculatorForm, on: date, today: date) -> Ruleset:
    """The law whose words the form uses: that of the fire, else that of today."""
    known, home = law.law(), law.home_division()
    place = form.division.data if form.division.data in known.divisions else home
    try:
        return known.in_force(place, on)
    except Faulty:
        return known.in_force(home, min(today, LAST_DAY))


def _placed(problems: list[Problem], behind: list[int]) -> dict[str, list[Words]]:
    """Put each problem beside the field, or the row, that it speaks of."""
    placed: dict[str, list[Words]] = {}
    for problem in problems:
        name = FIELD_OF.get(problem.field, problem.field)
        head, _, rest = name.partition(".")
        if head == "actions" and rest.partition(".")[0].isdecimal():
            name = f"since-{behind[int(rest.partition('.')[0]) - 1]}"
        texts = placed.setdefault(name, [])
        if problem.text not in texts:
            texts.append(problem.text)
    return placed


def _division_groups(asked: Asked) -> list[tuple[Words, list[tuple[str, Words]]]]:
    """The counties of each city that there were on the day of the fire, and its zones."""
    known = law.law().divisions
    groups: dict[str, tuple[Words, list[tuple[str, Words]]]] = {}
    for each in divisions_on(known.values(), asked.fire_on):
        parent = known[each.parent or ""]
        groups.setdefault(parent.code, (parent.label, []))[1].append((each.code, each.label))
    given = asked.form.division.data
    if given and not any(given == code for _, row in groups.values() for code, _ in row):
        label = known[given].label if given in known else given
        groups[""] = (Text("As given"), [(given, label)])
    return list(groups.values())


def _step_groups(ruleset: Ruleset) -> list[tuple[Words, list[Step]]]:
    groups: dict[str, list[Step]] = {}
    for step in offered_steps(ruleset):
        groups.setdefault(step.stage, []).append(step)
    return [(stage.label, groups[name]) for name, stage in ruleset.stages.items() if name in groups]


def _is_zone(asked: Asked) -> bool:
    division = law.law().divisions.get(asked.form.division.data or "")
    return bool(division is not None and not division.is_government) or bool(
        asked.form.zone_authorised.data
    )
