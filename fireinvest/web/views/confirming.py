"""The page on which somebody proves once more who they are, before they see or do what is grave."""

from flask import Blueprint, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from fireinvest.services.factors import factors_of
from fireinvest.services.passkeys import options_to_prove
from fireinvest.services.signing_in import ask_passkey
from fireinvest.web import confirming, keeping, passkeys
from fireinvest.web.rights import signed_in
from fireinvest.web.state import state
from fireinvest.web.visiting import sent_at, who

blueprint = Blueprint("confirming", __name__, url_prefix="/confirm")


@blueprint.route("", methods=["GET", "POST"])
@signed_in
def show() -> ResponseReturnValue:
    """Ask for a proof, and lead on to the page that wanted one."""
    target = request.args.get("next", "")
    if not keeping.is_own_address(target):
        target = url_for("desk.show")
    if request.method == "POST":
        asked = confirming.check()
        return redirect(target, 303) if asked is None else asked
    return redirect(target) if confirming.has_proved() else confirming.page()


@blueprint.post("/passkey/options")
@signed_in
def passkey_options() -> ResponseReturnValue:
    """What one's own passkeys are asked to sign."""
    site = passkeys.site()
    found = who()
    with state().database.readers.begin() as session:
        known = factors_of(session, found.person.id).passkeys
    if site is None or not known:
        return {"status": "none"}, 409
    challenge = ask_passkey(state().database, found.sign_in.id, sent_at())
    answer = make_response(options_to_prove(site, known, challenge))
    answer.mimetype = "application/json"
    return answer
