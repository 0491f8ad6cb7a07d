"""Guarding sign-ins: what the security administrator does when a phone is lost or somebody guesses."""

from dataclasses import dataclass

from flask import Blueprint, abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from fireinvest.messages import Text
from fireinvest.services import attempts
from fireinvest.services.factors import Factors, factors_of, reset_factors
from fireinvest.services.people import By
from fireinvest.services.signing_in import end_all
from fireinvest.store import people as store
from fireinvest.store.attempts import Counted
from fireinvest.store.people import StoredPerson
from fireinvest.web.confirming import confirmed
from fireinvest.web.forms.people import Field, FieldKind, Written
from fireinvest.web.rights import duty
from fireinvest.web.state import state
from fireinvest.web.views.people import run_form
from fireinvest.web.visiting import origin, sent_at, today, who
from fireinvest.workflow.permissions import Duty

blueprint = Blueprint("guarding", __name__, url_prefix="/people")


@dataclass(frozen=True, slots=True)
class Guarded:
    """What whoever guards sign-ins sees of an account: its second factors and its waits."""

    factors: Factors
    waits: list[Counted]


@blueprint.app_context_processor
def _guarding() -> dict[str, object]:
    return {"guarded": guarded}


def guarded(person: StoredPerson) -> Guarded:
    """Return what whoever guards sign-ins sees of an account."""
    with state().database.readers.begin() as session:
        return Guarded(
            factors_of(session, person.id), attempts.waits_of(session, person.login, sent_at())
        )


@blueprint.route("/<int:person_id>/second-factors/reset", methods=["GET", "POST"])
@duty(Duty.GUARD_SIGN_INS)
@confirmed
def reset(person_id: int) -> ResponseReturnValue:
    """Take all second factors of somebody away, for a reason; their sign-ins end."""
    person = _found(person_id)

    def save(written: Written) -> str:
        reason = written.line("reason")
        written.check()
        reset_factors(state().database, person_id, reason, by=_by())
        flash(_("The second factors are reset, and the sign-ins are ended."), "done")
        return _page_of(person_id)

    return run_form(
        Text("Reset second factors"),
        (Field("reason", Text("Reason"), FieldKind.LONG),),
        save,
        back=_page_of(person_id),
        submit=Text("Reset them"),
        about=person,
        lead=Text(
            "Make sure that it is really this person who asks. All their authenticator apps, "
            "passkeys and recovery codes go; their sign-ins end."
        ),
        keeps=False,
    )


@blueprint.post("/<int:person_id>/sign-ins/end")
@duty(Duty.GUARD_SIGN_INS)
def end_sign_ins(person_id: int) -> ResponseReturnValue:
    """End all sign-ins of somebody, at once."""
    count = end_all(state().database, _found(person_id), by=_by())
    said = ngettext("%(num)s sign-in is ended.", "%(num)s sign-ins are ended.", count)
    flash(said if count else _("Signed in nowhere."), "done")
    return redirect(_page_of(person_id), 303)


@blueprint.post("/<int:person_id>/waits/lift")
@duty(Duty.GUARD_SIGN_INS)
def lift_waits(person_id: int) -> ResponseReturnValue:
    """Let somebody try again at once, who waits because attempts failed."""
    if attempts.lift(state().database, _found(person_id).login, by=_by()):
        flash(_("They can try again at once."), "done")
    else:
        flash(_("There was no wait."), "done")
    return redirect(_page_of(person_id), 303)


def _found(person_id: int) -> StoredPerson:
    with state().database.readers.begin() as session:
        found = store.find_person(session, person_id)
    if found is None:
        abort(404)
    if request.method == "POST" and found.id == who().person.id:
        # One's own sign-in is kept on one's own page, like everybody's.
        abort(403)
    return found


def _page_of(person_id: int) -> str:
    return url_for("people.person", person_id=person_id)


def _by() -> By:
    return By(who().person.login, sent_at(), today(), origin())
