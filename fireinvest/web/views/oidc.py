"""Signing in by a provider: there and back, confirming there, and taking an account's bond away.

The way there is a link and no form: our policy lets forms lead nowhere else. What is sent along is
random, and what comes back counts in the same browser alone.
"""

import logging

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from fireinvest.gateways.oidc import Away, Provider, Untrusted, Vouched
from fireinvest.messages import Faulty, Text, Words
from fireinvest.services import oidc as vouching
from fireinvest.services.oidc import Refusal
from fireinvest.services.signing_in import Over
from fireinvest.store import people as store
from fireinvest.web import keeping, oidc, visiting
from fireinvest.web.confirming import confirmed
from fireinvest.web.forms import people as forms
from fireinvest.web.forms.people import Written
from fireinvest.web.present import say
from fireinvest.web.rights import duty, public, signed_in
from fireinvest.web.state import state
from fireinvest.web.views.people import acting_by, run_form
from fireinvest.web.views.sign_in import onward, target_of
from fireinvest.web.visiting import demands, knock, sent_at, visitor, who
from fireinvest.workflow.permissions import Duty

logger = logging.getLogger(__name__)

blueprint = Blueprint("oidc", __name__)

#: What a provider sends back; nothing else is read.
_ANSWER = ("state", "code", "iss", "error")


# ---------------------------------------------------------------------------- there


@blueprint.get("/sign-in/oidc")
@public
def go() -> ResponseReturnValue:
    """Lead a browser to the provider."""
    found, target = _provider(), target_of(request.args.get("next", ""))
    if visitor() is not None:
        return redirect(target)
    if _is_from_elsewhere():
        return redirect(url_for("sign_in.show", next=target))
    try:
        return redirect(oidc.send(found, target))
    except Away:
        return _back_to_start(target, _is_away())


def _is_from_elsewhere() -> bool:
    """Does a page of another site want it? Nobody is signed in but by pressing our own button."""
    return request.headers.get("Sec-Fetch-Site") == "cross-site"


@blueprint.get("/confirm/oidc")
@signed_in
def confirm() -> ResponseReturnValue:
    """Lead somebody to the provider, to prove there once more, right now, who they are."""
    target = request.args.get("next", "")
    target = target if keeping.is_own_address(target) else url_for("oidc.confirmed_there")
    if _is_from_elsewhere():
        return redirect(url_for("confirming.show", next=target))
    try:
        return redirect(oidc.send(_provider(), target, who().sign_in.id))
    except Away:
        return _back_to_proof(target, _is_away())


# ---------------------------------------------------------------------------- back


@blueprint.get("/sign-in/oidc/back")
@public
def back() -> ResponseReturnValue:
    """Take the provider's answer: sign in, or confirm who it is."""
    found, sent = _provider(), oidc.taken()
    if sent is None:
        return _back_to_start(target_of(""), _anew())
    answer = {each: request.args[each] for each in _ANSWER if each in request.args}
    try:
        vouched = found.vouched(answer, sent.asked, sent_at())
    except Away:
        return _not_taken(sent, _is_away())
    except Untrusted as untrusted:
        logger.warning("the provider's answer is not taken: %s", untrusted.why)
        vouching.note_refused(state().database, "", Refusal.UNTRUSTED, knock=knock(""))
        return _not_taken(sent, _anew())
    try:
        return _confirm(sent, vouched) if sent.sign_in_id is not None else _enter(sent, vouched)
    except Faulty as faulty:
        return _not_taken(sent, faulty.problems[0].text)
    except Over:
        return _not_taken(sent, _anew())


def _enter(sent: oidc.Sent, vouched: Vouched) -> ResponseReturnValue:
    settings = state().settings.oidc
    entered = vouching.sign_in_vouched(
        state().database,
        vouched,
        sent.asked.state,
        is_trusted=settings is not None and settings.trusts_factor,
        demands=demands(),
        knock=knock(""),
    )
    visiting.go_in(entered)
    return onward(entered, sent.target)


def _confirm(sent: oidc.Sent, vouched: Vouched) -> ResponseReturnValue:
    here = visitor()
    if here is None or here.sign_in.id != sent.sign_in_id:
        raise Over
    token = vouching.confirm_vouched(
        state().database,
        here.sign_in,
        here.token,
        vouched,
        sent.asked.state,
        knock=knock(here.person.login),
    )
    visiting.renew(token)
    return redirect(sent.target)


def _not_taken(sent: oidc.Sent, text: Words) -> ResponseReturnValue:
    if sent.sign_in_id is None or visitor() is None:
        return _back_to_start(sent.target, text)
    return _back_to_proof(sent.target, text)


def _back_to_start(target: str, text: Words) -> ResponseReturnValue:
    """Lead to the other ways to sign in; what came in the address is left behind."""
    flash(say(text), "warning")
    return redirect(url_for("sign_in.show", next=target))


def _back_to_proof(target: str, text: Words) -> ResponseReturnValue:
    flash(say(text), "warning")
    return redirect(url_for("confirming.show", next=target))


@blueprint.get("/confirm/oidc/done")
@signed_in
def confirmed_there() -> ResponseReturnValue:
    """The page after a confirmation in a window of its own: the form waits in the other one."""
    return render_template("confirm/there.html")


# ---------------------------------------------------------------------------- signed out


@blueprint.get("/signed-out")
@public
def left() -> ResponseReturnValue:
    """The page after signing out here: at the provider somebody may still be signed in."""
    try:
        address = _provider().end_session(sent_at())
    except Away:
        address = None
    return render_template("sign_in/left.html", address=address)


# ---------------------------------------------------------------------------- bonds


@blueprint.app_context_processor
def _bonds() -> dict[str, object]:
    return {"is_bound": is_bound}


def is_bound(person_id: int) -> bool:
    """Is an account bound to one at the provider?"""
    with state().database.readers.begin() as session:
        return vouching.is_bound(session, person_id)


@blueprint.route("/people/<int:person_id>/unlink", methods=["GET", "POST"])
@duty(Duty.KEEP_ACCOUNTS)
@confirmed
def unlink(person_id: int) -> ResponseReturnValue:
    """Take an account's bond to the provider away, for a reason."""
    with state().database.readers.begin() as session:
        person = store.find_person(session, person_id)
    if person is None:
        abort(404)

    def save(written: Written) -> str:
        reason = written.line("reason")
        written.check()
        vouching.unlink(state().database, person_id, reason or "", by=acting_by())
        flash(_("The account is bound to none at the provider any more."), "done")
        return url_for("people.person", person_id=person_id)

    return run_form(
        Text("Unbind from the provider"),
        forms.reason_fields(),
        save,
        back=url_for("people.person", person_id=person_id),
        submit=Text("Unbind"),
        about=person,
        lead=Text(
            "Their sign-ins end. Whoever comes next by the provider with this login has the "
            "account: make sure that the login at the provider is really this person's."
        ),
        keeps=False,
    )


# ---------------------------------------------------------------------------- words


def _provider() -> Provider:
    found = oidc.provider()
    if found is None:
        abort(404)
    return found


def _is_away() -> Text:
    return Text(
        "The provider does not answer at the moment. Try again in a while, or sign in another way."
    )


def _anew() -> Text:
    return Text("The sign-in at the provider did not come about: press the button anew.")
