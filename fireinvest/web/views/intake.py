"""A fire is reported (接报登记): one screen, with what follows from it beside the form."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from fireinvest.messages import Faulty, Problem, Text, Words
from fireinvest.regulation.calendar import LAST_DAY, Calendar
from fireinvest.regulation.profile import Division, Ruleset
from fireinvest.services.assessing import Assessment, assess
from fireinvest.services.cases import (
    OPENING,
    CaseRef,
    load_case,
    may_open,
    open_case,
    scope_of,
)
from fireinvest.services.drafts import Kept, drop_draft, find_draft, keep_draft
from fireinvest.store.posts import Holder, holders_of
from fireinvest.store.similar import EarlierFire, earlier_fires
from fireinvest.web import keeping, law
from fireinvest.web.forms.calculator import categories, divisions_on
from fireinvest.web.forms.facts import FIELD_OF
from fireinvest.web.forms.intake import LONGEST_REASON, IntakeForm, Typed, read, renew_key, typed
from fireinvest.web.keeping import keeps_drafts
from fireinvest.web.present import MODES, WEIGHTS
from fireinvest.web.results import Result, result_of
from fireinvest.web.rights import signed_in
from fireinvest.web.state import state
from fireinvest.web.visiting import Visitor, origin, sent_at, today, who
from fireinvest.workflow.actions import Opening
from fireinvest.workflow.permissions import CARRIER

blueprint = Blueprint("intake", __name__, url_prefix="/cases/new")

#: The clock of a unit that is put under listed supervision (Rule art 30).
SUPERVISION = "supervision"

Choices = list[tuple[Words, list[tuple[str, Words]]]]


@dataclass(frozen=True)
class Asked:
    """A fire as it was typed: what follows from it, what is wrong, and what can be chosen."""

    form: IntakeForm
    typed: Typed
    ruleset: Ruleset
    calendar: Calendar
    places: list[Division]
    is_zone: bool
    carriers: tuple[Holder, ...]
    earlier: list[EarlierFire]
    result: Result | None = None
    problems: dict[str, list[Words]] = field(default_factory=dict)

    def problems_at(self, name: str) -> list[Words]:
        """Return what is wrong with a field."""
        return self.problems.get(name, [])

    @property
    def elsewhere(self) -> list[Words]:
        """What is wrong with things that nobody typed."""
        shown = {each.name for each in self.form if each.name != self.form.key.name}
        return [
            text for name, texts in self.problems.items() if name not in shown for text in texts
        ]

    def add(self, problems: Iterable[Problem]) -> None:
        """Note what is wrong beside the field that it speaks of."""
        for each in problems:
            texts = self.problems.setdefault(FIELD_OF.get(each.field, each.field), [])
            if each.text not in texts:
                texts.append(each.text)


@blueprint.route("", methods=["GET", "POST"])
@signed_in
@keeps_drafts
def show() -> ResponseReturnValue:
    """The form of a fire that is reported, opened with the draft that there may be."""
    visitor = _opener()
    if request.method == "POST":
        return _sent(visitor)
    with state().database.readers.begin() as session:
        draft = find_draft(session, visitor.person.id, request.path)
    form = read(draft.fields if draft else ())
    if draft is None:
        _begin(form, visitor)
    return _page("intake/page.html", _ask(form, visitor), draft=draft)


@blueprint.post("/live")
@signed_in
def live() -> ResponseReturnValue:
    """What follows from what stands in the form, for a page that keeps itself up to date."""
    visitor = _opener()
    # A form that was sent once already says what is needed as well.
    is_final = request.form.get("sent") == "yes"
    asked = _ask(read(keeping.written()), visitor, is_final=is_final)
    return _page("intake/panels.html", asked), 400 if asked.problems else 200


def _opener() -> Visitor:
    visitor = who()
    if not visitor.can_open:
        abort(403)
    return visitor


def _sent(visitor: Visitor) -> ResponseReturnValue:
    wanted = request.form.get("do")
    fields = keeping.written()
    if wanted == "draft":
        keep_draft(state().database, visitor.person.id, request.path, fields, sent_at())
        flash(_("The draft is kept."), "done")
        return redirect(request.path, 303)
    form = read(fields)
    if wanted == "look":
        asked = _ask(form, visitor)
        return _page("intake/page.html", asked), 400 if asked.problems else 200
    asked = _ask(form, visitor, is_final=True)
    ref = None if asked.problems else _open(visitor, asked)
    if ref is None:
        return _page("intake/page.html", asked), 400
    drop_draft(state().database, visitor.person.id, request.path)
    flash(_("Case %(number)s is open.", number=ref.number), "done")
    return redirect(url_for("case.show", number=ref.number), 303)


def _open(visitor: Visitor, asked: Asked) -> CaseRef | None:
    """Open the case and return it; None, and what is wrong, where that can't be."""
    form, said = asked.form, asked.typed
    if said.facts is None:
        return None
    try:
        ref = open_case(
            state().database,
            law.law(),
            asked.calendar,
            visitor.actor,
            said.facts,
            said.unit_name,
            said.address,
            home_division=law.home_division(),
            idempotency_key=form.key.data or "",
            now=sent_at(),
            today=today(),
            origin=origin(),
            reason=said.reason,
            acting_for=visitor.acting_login,
            carrier=form.carrier.data or _oneself(visitor).login,
            profiles=state().settings.law.profiles,
        )
    except Faulty as faulty:
        asked.add(faulty.problems)
        return None
    with state().database.readers.begin() as session:
        first = load_case(session, ref.id).lines[0]
    opened = (first.entry().payload, first.news["unit_name"], first.news["address"])
    if opened == (Opening(said.facts), said.unit_name, said.address):
        return ref
    # Another window has sent this form already, with another fire in it. Nobody is led to that
    # case as if it were this one.
    text = Text(
        "This form has opened case %(number)s already, for another fire. Nothing was changed "
        "there. Send the form once more to open a case of its own.",
        number=ref.number,
    )
    asked.add([Problem("key", text)])
    renew_key(form)
    return None


# ---------------------------------------------------------------------------- what is asked


def _begin(form: IntakeForm, visitor: Visitor) -> None:
    """A blank form names the place where there is no choice."""
    places = _places(visitor, today())
    if len(places) == 1:
        form.division.data = places[0].code


def _oneself(visitor: Visitor) -> Holder:
    """Who carries the case if nobody else does: the visitor, or the one for whom they act."""
    person = visitor.acting_for or visitor.person
    return Holder(person.login, person.name, "")


def _places(visitor: Visitor, on: date) -> list[Division]:
    known = law.law().divisions.values()
    return [each for each in divisions_on(known, on) if may_open(visitor.actor, each)]


def _ask(form: IntakeForm, visitor: Visitor, *, is_final: bool = False) -> Asked:
    on = today()
    fire_on = min(form.day("occurred_on") or on, LAST_DAY)
    places = _places(visitor, fire_on)
    place = next((each for each in places if each.code == form.division.data), None)
    is_zone = _is_zone(form)
    said = typed(form, law.law(), on, is_zone=is_zone, is_final=is_final)
    problems = list(said.problems)
    calendar = law.calendar()
    found = _assessed(form, said, calendar, problems)
    unit_name, address = said.unit_name, said.address
    with state().database.readers.begin() as session:
        carriers = holders_of(session, CARRIER, _offering(visitor, place, places), on)
        earlier = earlier_fires(
            session, scope_of(visitor.actor), unit_name, address, watched=(SUPERVISION,)
        )
    offered = {_oneself(visitor).login, *(each.login for each in carriers)}
    if form.carrier.data and form.carrier.data not in offered:
        text = Text("This person doesn't hold the post of carrier at this place.")
        problems.append(Problem("carrier", text))
    asked = Asked(
        form,
        said,
        found.ruleset if found else _ruleset(form, fire_on),
        calendar,
        places,
        is_zone,
        carriers,
        earlier,
        result_of(found, calendar) if found else None,
    )
    asked.add(problems)
    return asked


def _assessed(
    form: IntakeForm, said: Typed, calendar: Calendar, problems: list[Problem]
) -> Assessment | None:
    """What the law says of the fire, as far as the facts can be read."""
    if said.facts is None or form.time_problems():
        return None
    given = form.given_facts()
    if said.facts.zone_authorised is None:
        given.pop("zone_authorised", None)
    try:
        return assess(
            law.law(),
            calendar,
            given,
            as_of=today(),
            home_division=law.home_division(),
            decisions=law.decisions(),
        )
    except Faulty as faulty:
        problems.extend(faulty.problems)
        return None


def _ruleset(form: IntakeForm, on: date) -> Ruleset:
    """The law whose words the form uses: that of the fire, else that of today."""
    known, home = law.law(), law.home_division()
    place = form.division.data if form.division.data in known.divisions else home
    try:
        return known.in_force(place, on)
    except Faulty:
        return known.in_force(home, min(today(), LAST_DAY))


def _is_zone(form: IntakeForm) -> bool:
    division = law.law().divisions.get(form.division.data or "")
    return division is not None and not division.is_government


def _offering(visitor: Visitor, place: Division | None, places: list[Division]) -> set[str]:
    """From which divisions may the carrier come: the place's own, and where the visitor's post is.

    As long as no place is chosen, from all places that can be.
    """
    posts = {
        each.division for each in visitor.actor.grants if each.role in OPENING and each.division
    }
    chosen = places if place is None else [place]
    codes = {each.code for each in chosen}
    known = law.law()
    codes |= {later for each in chosen for later in known.successors(each.code, today())}
    return codes | (posts & {each.parent for each in chosen if each.parent})


# ---------------------------------------------------------------------------- what is shown


def _page(template: str, asked: Asked, *, draft: Kept | None = None) -> str:
    visitor, ruleset = who(), asked.ruleset
    return render_template(
        template,
        asked=asked,
        form=asked.form,
        result=asked.result,
        ruleset=ruleset,
        draft=draft,
        address=url_for("intake.show"),
        divisions=_place_groups(asked),
        categories=categories(ruleset),
        carriers=_carrier_groups(asked, visitor),
        oneself=_oneself(visitor),
        criteria_used={fact for level in ruleset.scale.levels for fact in level.least},
        levels={each.id: (place, each) for place, each in enumerate(ruleset.scale.levels)},
        supervision=ruleset.clocks.get(SUPERVISION),
        longest_reason=LONGEST_REASON,
        today=today(),
        modes=MODES,
        weights=WEIGHTS,
    )


def _place_groups(asked: Asked) -> Choices:
    """The counties and zones of each city; what was given and can't be chosen stays at the end."""
    known = law.law().divisions
    groups: dict[str, tuple[Words, list[tuple[str, Words]]]] = {}
    for each in asked.places:
        parent = known[each.parent or ""]
        groups.setdefault(parent.code, (parent.label, []))[1].append((each.code, each.label))
    given = asked.form.division.data
    if given and all(given != each.code for each in asked.places):
        label = known[given].label if given in known else given
        groups[""] = (Text("As given"), [(given, label)])
    return list(groups.values())


def _carrier_groups(asked: Asked, visitor: Visitor) -> Choices:
    """Those who can carry the case, by division, without whoever does anyway."""
    known = law.law().divisions
    oneself = _oneself(visitor).login
    groups: dict[str, tuple[Words, list[tuple[str, Words]]]] = {}
    for each in asked.carriers:
        if each.login != oneself:
            label = known[each.division].label if each.division in known else each.division
            row = groups.setdefault(each.division, (label, []))[1]
            row.append((each.login, f"{each.name}（{each.login}）"))
    given = asked.form.carrier.data
    if given and given not in (oneself, *(each.login for each in asked.carriers)):
        groups[""] = (Text("As given"), [(given, given)])
    return [groups[name] for name in sorted(groups, key=lambda name: (not name, name))]
