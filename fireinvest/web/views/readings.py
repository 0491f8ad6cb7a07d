"""The register of readings (口径登记): each unclear point of the rule, how it is read, who said so."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from fireinvest.messages import Faulty, Problem, Text, Words
from fireinvest.regulation.calendar import LAST_DAY
from fireinvest.regulation.profile import Option, Reading, Ruleset
from fireinvest.services.recounting import (
    Changed,
    Draft,
    decide,
    option_in_force,
    preview_decision,
)
from fireinvest.store.people import names_of_logins
from fireinvest.store.readings import ReadingDecision, decisions_of
from fireinvest.web import law
from fireinvest.web.forms.people import Choice, Field, FieldKind, Written
from fireinvest.web.rights import signed_in
from fireinvest.web.state import state
from fireinvest.web.views.notices import preview_words
from fireinvest.web.visiting import origin, sent_at, today, who
from fireinvest.workflow.permissions import may_decide_readings

blueprint = Blueprint("readings", __name__, url_prefix="/readings")


@dataclass(frozen=True, slots=True)
class DecisionView:
    """A decision in words, and who recorded it."""

    decision: ReadingDecision
    option: Words
    by: str


@dataclass(frozen=True, slots=True)
class ReadingView:
    """An unclear point: the answer for clocks that begin today, and every decision, newest first.

    ``moves_dates``: another answer can be decided; else it needs another edition of the profile.
    """

    reading: Reading
    option: Option
    decision: ReadingDecision | None
    decisions: tuple[DecisionView, ...]
    moves_dates: bool


def _ruleset() -> Ruleset:
    return law.law().in_force(law.home_division(), min(today(), LAST_DAY))


@blueprint.get("")
@signed_in
def show() -> ResponseReturnValue:
    """Every unclear point of the rule in force."""
    ruleset = _ruleset()
    with state().database.readers.begin() as session:
        found = decisions_of(session, ruleset.profile)
        names = names_of_logins(session, {each.recorded_by for each in found})
    return render_template(
        "readings/list.html",
        ruleset=ruleset,
        views=[_view(each, found, names) for each in ruleset.readings.values()],
        may_decide=_may_decide(),
        announced_until=law.calendar().announced_until,
    )


def _view(
    reading: Reading, found: Iterable[ReadingDecision], names: Mapping[str, str]
) -> ReadingView:
    own = [each for each in found if each.reading == reading.id]
    option, decision = option_in_force(reading, own, today())
    views = tuple(
        DecisionView(
            each,
            reading.option(each.chosen).label,
            names.get(each.recorded_by, each.recorded_by),
        )
        for each in reversed(own)
        if any(each.chosen == one.id for one in reading.options)
    )
    return ReadingView(
        reading, reading.option(option), decision, views, reading.setting is not None
    )


def _may_decide() -> bool:
    return may_decide_readings(who().actor, law.home_division())


# ---------------------------------------------------------------------------- deciding


def _fields(reading: Reading) -> tuple[Field, ...]:
    options = tuple(
        Choice(each.id, each.label)
        for each in reading.options
        if reading.setting is not None or each.id == reading.chosen
    )
    return (
        Field("option", Text("answer"), FieldKind.CHOICE, choices=options),
        Field(
            "applies_from",
            Text("applies from"),
            FieldKind.DAY,
            hint=Text(
                "For clocks that begin on this day or later; those begun before keep their dates."
            ),
        ),
        Field("decided_by", Text("decided by")),
        Field("document", Text("document number")),
        Field("reason", Text("reason"), FieldKind.LONG),
    )


@blueprint.route("/<reading>", methods=["GET", "POST"])
@signed_in
def decide_on(reading: str) -> ResponseReturnValue:
    """Record a decision on one point: fill in, look at what moves, apply."""
    if not _may_decide():
        abort(403)
    ruleset = _ruleset()
    found = ruleset.readings.get(reading)
    if found is None:
        abort(404)
    written = Written(_fields(found), request.form)
    if request.method == "GET":
        written.form["applies_from"].data = today().isoformat()
        return _form(ruleset, found, written, ())
    if request.form.get("do") == "back":
        return _form(ruleset, found, written, ())
    try:
        draft = _draft(found, written)
        if request.form.get("do") != "apply":
            return _looked_at(ruleset, found, written, draft, ())
        try:
            return _applied(ruleset, draft)
        except Changed as changed:
            return _looked_at(ruleset, found, written, draft, changed.problems), 409
    except Faulty as faulty:
        return _form(ruleset, found, written, faulty.problems), 400


def _draft(reading: Reading, written: Written) -> Draft:
    option, applies_from = written.choice("option"), written.day("applies_from")
    decided_by, document = written.line("decided_by"), written.line("document")
    reason = written.line("reason")
    written.check()
    return Draft(reading.id, option or "", applies_from or date.max, decided_by, document, reason)


def _form(ruleset: Ruleset, reading: Reading, written: Written, problems: Iterable[Problem]) -> str:
    beside: dict[str, list[Words]] = {}
    for each in problems:
        beside.setdefault(each.field, []).append(each.text)
    return render_template(
        "readings/form.html", ruleset=ruleset, reading=reading, written=written, beside=beside
    )


def _looked_at(
    ruleset: Ruleset,
    reading: Reading,
    written: Written,
    draft: Draft,
    problems: Iterable[Problem],
) -> str:
    moved = preview_decision(
        state().database, law.calendar(), ruleset, draft, who().actor, now=sent_at(), today=today()
    )
    return render_template(
        "readings/preview.html",
        ruleset=ruleset,
        reading=reading,
        written=written,
        draft=draft,
        option=reading.option(draft.option),
        preview=moved,
        problems=[each.text for each in problems],
        **preview_words(moved),
    )


def _applied(ruleset: Ruleset, draft: Draft) -> ResponseReturnValue:
    moved = decide(
        state().database,
        law.calendar(),
        ruleset,
        draft,
        who().actor,
        seen=request.form.get("seen", ""),
        now=sent_at(),
        today=today(),
        origin=origin(),
        acting_for=who().acting_login,
    )
    if moved is None:
        flash(_("Just this decision is on record already; nothing was added."), "warning")
    else:
        told = ngettext(
            "The decision is recorded; %(num)s open case has its entry.",
            "The decision is recorded; %(num)s open cases have their entry.",
            moved.noted,
        )
        flash(told, "done")
    return redirect(url_for("readings.show"), 303)
