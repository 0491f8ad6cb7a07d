"""People and units in the fire: parties, casualties, losses, families, and earlier fires there."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from fireinvest.messages import Faulty, Words, money
from fireinvest.services.casefile import CaseFile
from fireinvest.services.cases import scope_of
from fireinvest.services.casualties import (
    CASUALTIES,
    differs,
    figures_of_losses,
    people_of,
    sums_of,
)
from fireinvest.services.records import file_records
from fireinvest.store import records as store
from fireinvest.store.similar import MOST, earlier_fires
from fireinvest.web import law
from fireinvest.web.casework import case_context, open_file, open_steps
from fireinvest.web.keeping import keeps_drafts
from fireinvest.web.present import say
from fireinvest.web.present_registers import RecordView
from fireinvest.web.rights import signed_in
from fireinvest.web.state import state
from fireinvest.web.uploads import takes_files
from fireinvest.web.views.registers import (
    Room,
    begin_edit,
    edit_item,
    views_of,
    writable_register,
)
from fireinvest.web.visiting import origin, sent_at, today, who
from fireinvest.workflow.casualty_counts import counted_on, figures_of
from fireinvest.workflow.engine import Action
from fireinvest.workflow.items.casualties import (
    WATCHED,
    Casualty,
    FamilyContact,
)
from fireinvest.workflow.registers import Record, choices_of, register_of, writable

blueprint = Blueprint("fire", __name__, url_prefix="/cases/<number>/fire")

_REGISTERS = ("parties", "casualties", "losses", "family_contacts")


@dataclass(frozen=True, slots=True)
class CasualtyView:
    """A casualty in words. ``is_watched``: somebody has to ask after them still."""

    view: RecordView
    is_watched: bool


@dataclass(frozen=True, slots=True)
class ContactView:
    """A talk with a family in words. ``is_due``: the next one is due."""

    view: RecordView
    is_due: bool


@dataclass(frozen=True, slots=True)
class SumView:
    """The losses of a stage, in words."""

    label: Words
    of_property: Words
    whole: Words


@blueprint.get("")
@signed_in
def show(number: str) -> ResponseReturnValue:
    """Who and what the fire hit, and where it burned before."""
    file = open_file(number)
    row = file.loaded.row
    with state().database.readers.begin() as session:
        records = store.items_of(session, file.ref.id, _REGISTERS)
        scope = scope_of(who().actor)
        earlier = [
            each
            for each in earlier_fires(
                session, scope, row["unit_name"], row["address"], most=MOST + 1
            )
            if each.number != number
        ][:MOST]
        people = list(people_of(session, file.ref.id).values())
    facts = file.case.facts
    stages = choices_of(file.case, "loss_stages")
    sums = sums_of(records["losses"], [each.id for each in stages])
    may_write = writable(who().actor, file.case, number)
    return render_template(
        "fire/page.html",
        **case_context(file),
        has_registers=register_of(file.case, "parties") is not None,
        parties=_by_role(file, records["parties"]),
        casualties=_casualties(file, records["casualties"]),
        listed=counted_on(people, file.today),
        facts=facts,
        differs=differs(file.case, people, file.today),
        watched_until=file.case.occurred_on + WATCHED,
        losses=views_of(file, records["losses"]),
        sums=[
            SumView(stage.label, money(each.property_fen), money(each.whole_fen))
            for stage, each in zip(stages, sums, strict=True)
        ],
        has_final=any(True for _each in figures_of_losses(records["losses"])),
        contacts=_contacts(file, records["family_contacts"]),
        earlier=earlier,
        can=may_write,
        may_take="update_figures" in open_steps(file),
    )


@blueprint.route("/casualties/new", methods=["GET", "POST"])
@signed_in
@keeps_drafts
@takes_files
def new_casualty(number: str) -> ResponseReturnValue:
    """A casualty; the figures of the case follow in the same transaction (art 8(1))."""
    file = open_file(number)
    return edit_item(file, writable_register(file, CASUALTIES), None, _room(number))


@blueprint.route("/casualties/<int:item>", methods=["GET", "POST"])
@signed_in
@keeps_drafts
@takes_files
def edit_casualty(number: str, item: int) -> ResponseReturnValue:
    """What is now known of a casualty; what was known before stays as a version."""
    file = open_file(number)
    register = writable_register(file, CASUALTIES)
    return begin_edit(file, register, item, lambda _record: _room(number))


def _room(number: str) -> Room:
    return Room(
        then=url_for("fire.show", number=number),
        given={"observed_on": today().isoformat()},
    )


@blueprint.post("/figures")
@signed_in
def figures(number: str) -> ResponseReturnValue:
    """Take over what the list of casualties, or the final losses, say as the case's figures."""
    file = open_file(number)
    with state().database.readers.begin() as session:
        records = store.items_of(session, file.ref.id, _REGISTERS)
        people = list(people_of(session, file.ref.id).values())
    sources: dict[str, Callable[[], Iterator[Action]]] = {
        "casualties": lambda: figures_of(file.case, people),
        "losses": lambda: figures_of_losses(records["losses"]),
    }
    if "update_figures" not in open_steps(file):
        abort(403)
    source = sources.get(request.form.get("of", ""))
    if source is None:
        abort(400)
    try:
        file_records(
            state().database, law.law(), file.calendar, who().actor, file.ref.id, (),
            idempotency_key=request.form.get("key", ""), now=sent_at(), today=today(),
            origin=origin(), follow=lambda _session, _loaded, _records: source(),
        )  # fmt: skip
    except Faulty as faulty:
        for each in faulty.problems:
            flash(say(each.text), "warning")
    else:
        flash(_("Recorded."), "done")
    return redirect(url_for("fire.show", number=number), 303)


# ---------------------------------------------------------------------------- what they show


def _by_role(file: CaseFile, records: list[Record]) -> list[tuple[Words, list[RecordView]]]:
    """The parties by what they have to do with the fire, in the order of the rule's list."""
    views = views_of(file, records)
    groups: list[tuple[Words, list[RecordView]]] = []
    for role in choices_of(file.case, "party_roles"):
        mine = [
            view
            for view, record in zip(views, records, strict=True)
            if getattr(record.values, "role", None) == role.id
        ]
        if mine:
            groups.append((role.label, mine))
    return groups


def _casualties(file: CaseFile, records: list[Record]) -> list[CasualtyView]:
    occurred_on = file.case.occurred_on
    return [
        CasualtyView(
            view,
            isinstance(record.values, Casualty)
            and record.values.is_watched(occurred_on, file.today),
        )
        for view, record in zip(views_of(file, records), records, strict=True)
    ]


def _contacts(file: CaseFile, records: list[Record]) -> list[ContactView]:
    found = [
        ContactView(
            view,
            isinstance(record.values, FamilyContact) and record.values.is_due(file.today),
        )
        for view, record in zip(views_of(file, records), records, strict=True)
    ]
    return list(reversed(found))
