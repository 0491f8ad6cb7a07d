"""Signing in and out, and acting for somebody."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from fireinvest.messages import Text
from fireinvest.services.demo import DEMO_PASSWORD, SIGN_INS
from fireinvest.web import keeping, visiting
from fireinvest.web.rights import public, signed_in
from fireinvest.web.state import state

blueprint = Blueprint("sign_in", __name__)


@blueprint.get("/sign-in")
@public
def show() -> ResponseReturnValue:
    """The page on which somebody signs in."""
    target = _target(request.args.get("next", ""))
    if visiting.visitor() is not None:
        return redirect(target)
    return _page(target)


@blueprint.post("/sign-in")
@public
def enter() -> ResponseReturnValue:
    """Sign in, and go on where the person wanted to go."""
    login = request.form.get("login", "").strip().lower()
    kept = request.form.get("kept", "")
    target = _target(request.form.get("next", ""))
    found = visiting.enter(login, request.form.get("password", ""))
    if found is None:
        problem = Text("The name or the password isn't right.")
        return _page(target, login=login, kept=kept, problem=problem), 401
    if kept:
        form = keeping.hand_over_kept(kept, found.person.id)
        if form is not None:
            return redirect(form)
    return redirect(target)


@blueprint.post("/sign-out")
@signed_in
def leave() -> ResponseReturnValue:
    """Sign out."""
    visiting.leave()
    return redirect(url_for("sign_in.show"))


@blueprint.post("/acting")
@signed_in
def act_for() -> ResponseReturnValue:
    """Act for somebody from here on, or for oneself again."""
    if not visiting.act_for(request.form.get("login") or None):
        flash(_("You don't act for this person today."), "warning")
    return redirect(url_for("desk.show"))


def _target(given: str) -> str:
    return given if given and keeping.is_own_address(given) else url_for("desk.show")


def _page(target: str, *, login: str = "", kept: str = "", problem: Text | None = None) -> str:
    return render_template(
        "sign_in/page.html",
        next_address=target,
        login=login,
        kept=kept,
        problem=problem,
        demo=SIGN_INS if state().settings.demo else (),
        demo_password=DEMO_PASSWORD,
    )
