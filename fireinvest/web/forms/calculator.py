"""What may stand in the calculator's address? Shape only: the law judges the values."""

import re
from collections.abc import Iterable
from datetime import date

from werkzeug.datastructures import MultiDict
from wtforms import FieldList, Form, FormField, StringField

from fireinvest.messages import Problem, Text, Words
from fireinvest.regulation.calendar import FIRST_DAY, LAST_DAY
from fireinvest.regulation.facts import Category
from fireinvest.regulation.profile import Division, Kind, Per, Ruleset, Step
from fireinvest.web.forms.facts import PLAIN_FIELDS, FactsForm, tidy

#: More rows of "what happened since" than the page ever needs.
MOST_ROWS = 24


class HappenedForm(Form):
    """One thing that happened since: a step of the rule, its day, and a number where it has one."""

    step = StringField(filters=[tidy])
    on = StringField(filters=[tidy])
    number = StringField(filters=[tidy])


class CalculatorForm(FactsForm):
    """The facts of a fire, the day of asking, and what happened since."""

    as_of = StringField(filters=[tidy])
    since = FieldList(FormField(HappenedForm), max_entries=MOST_ROWS)

    def rows(self) -> list[HappenedForm]:
        """Return the rows of "what happened since" that say anything."""
        return [entry.form for entry in self.since if any(entry.form.data.values())]

    def is_blank(self) -> bool:
        """Was nothing said at all?"""
        return not self.rows() and not any(
            field.data for field in self if field.name != self.since.name
        )

    def address(self) -> list[tuple[str, str]]:
        """Return what the shortest address with the same content says, blanks left out."""
        pairs = [
            (field.name, str(field.data))
            for field in self
            if field.name != self.since.name and field.data
        ]
        for place, row in enumerate(self.rows()):
            pairs.extend(
                (f"since-{place}-{name}", str(value)) for name, value in row.data.items() if value
            )
        return pairs

    def shape_problems(self, args: MultiDict[str, str]) -> list[Problem]:
        """Return what is wrong before anything is asked of the law."""
        problems = list(_twice_or_unknown(args))
        problems.extend(self.time_problems())
        if self.as_of.data:
            found = self.day("as_of")
            text = Text(
                "A day from %(first)s to %(last)s is needed.", first=FIRST_DAY, last=LAST_DAY
            )
            if found is None or not FIRST_DAY <= found <= LAST_DAY:
                problems.append(Problem("as_of", text))
        for place, row in enumerate(self.rows()):
            if not row.step.data:
                problems.append(Problem(f"since-{place}", Text("Choose what happened.")))
            elif not row.on.data:
                problems.append(Problem(f"since-{place}", Text("The day of the action is needed.")))
        return problems

    def given(self, ruleset: Ruleset) -> tuple[dict[str, object], list[int]]:
        """Return the facts and actions as the law takes them, and the row behind each action."""
        given = self.given_facts()
        actions: list[dict[str, object]] = []
        behind: list[int] = []
        refs: dict[str, int] = {}
        for place, row in enumerate(self.rows()):
            step = row.step.data or ""
            refs[step] = refs.get(step, 0) + 1
            for action in _actions(ruleset, row, refs[step]):
                actions.append(action)
                behind.append(place)
        if actions:
            given["actions"] = actions
        return given, behind


_NAMES = frozenset({"occurred_on", "occurred_time", "as_of", *PLAIN_FIELDS})
_ROW = re.compile(r"since-[0-9]{1,3}-(step|on|number)")


def _is_known(name: str) -> bool:
    return name in _NAMES or _ROW.fullmatch(name) is not None


def read(args: MultiDict[str, str]) -> CalculatorForm:
    """Return the form that an address fills; names that it doesn't have are left out."""
    known = [(name, value) for name, value in args.items(multi=True) if _is_known(name)]
    return CalculatorForm(MultiDict(known))


def _twice_or_unknown(args: MultiDict[str, str]) -> Iterable[Problem]:
    for name, values in args.lists():
        if name == "lang":
            continue
        if not _is_known(name):
            yield Problem(name[:40], Text("This field is not known."))
        elif len(values) > 1:
            yield Problem(name, Text("This field is given twice."))


# ------------------------------------------------------------- what may have happened since


def offered_steps(ruleset: Ruleset) -> list[Step]:
    """Return the steps that move a clock, and what has to stand before them, in their order.

    Clocks whose dates a document sets (measures, orders) need more than a day, and belong to a
    real case.
    """
    moved = {clock.id for clock in ruleset.clocks.values() if clock.per is not Per.REFERENCE}
    named = {
        name
        for clock in ruleset.clocks.values()
        if clock.id in moved
        for name in (clock.received_by, clock.returned_by)
        if name
    }
    tests = {name for term in ruleset.terms.values() for name in term.tests}
    chosen = {
        step.id
        for step in ruleset.steps.values()
        if moved & {*step.satisfies, *step.starts, *step.stops, step.extends}
        or step.id in named
        or step.id in tests
        or step.closes in tests
        or step.kind is Kind.FIGURES
        or (step.decides is not None and step.decides.value == "social_impact")
    }
    chosen |= {name for step in chosen for name in ruleset.steps[step].requires}
    return [step for step in ruleset.steps.values() if step.id in chosen]


def number_asked(step: Step) -> Words | None:
    """Which number does a step ask for in this form, if any?"""
    if step.kind is Kind.EXTENSION:
        return Text("days granted or asked for")
    if step.kind is Kind.FIGURES:
        return Text("deaths in all")
    return None


def _actions(ruleset: Ruleset, row: HappenedForm, place: int) -> Iterable[dict[str, object]]:
    """A row as the actions it stands for: a step through a list is taken as done for all of it."""
    action: dict[str, object] = {"action": row.step.data}
    if row.on.data:
        action["on"] = row.on.data
    step = ruleset.steps.get(row.step.data or "")
    if step is None:
        yield action
        return
    if step.kind is Kind.EXTENSION and row.number.data:
        action["days"] = row.number.data
    if step.kind is Kind.FIGURES and row.number.data:
        action["deaths"] = row.number.data
    if step.kind is Kind.INTERVAL:
        action["ref"] = str(place)
    if step.effective:
        action["outcome"] = step.effective[0]
    elif step.decides is not None and step.outcomes:
        action["outcome"] = step.outcomes[0]
    listing = ruleset.lists.get(step.items or "")
    if listing is None:
        yield action
        return
    for item in listing.items:
        yield {**action, "item": item.id}


# ------------------------------------------------------------- choices


def divisions_on(divisions: Iterable[Division], on: date) -> list[Division]:
    """Return the counties and zones that there are on a day, zones last."""
    found = [each for each in divisions if each.parent is not None and each.exists_on(on)]
    return sorted(found, key=lambda each: (not each.is_government, each.code))


def categories(ruleset: Ruleset) -> list[tuple[str, Words]]:
    """Return the kinds of fire that the law knows, as choices."""
    return [
        (each.value, ruleset.categories[each.value].label)
        for each in Category
        if each.value in ruleset.categories
    ]
