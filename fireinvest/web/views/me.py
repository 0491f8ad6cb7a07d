"""One's own page: posts of today, the password, and where one is signed in."""

from collections.abc import Mapping

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.datastructures import MultiDict

from fireinvest.messages import Faulty, Problem, Text, Words
from fireinvest.services.people import By, change_own_password, end_others
from fireinvest.services.signing_in import signed_in as sign_in_of
from fireinvest.store.people import deputies_of
from fireinvest.store.sign_ins import latest_sign_ins
from fireinvest.web.forms.people import NEEDED, Written, own_password_fields
from fireinvest.web.forms.step import placed
from fireinvest.web.rights import signed_in
from fireinvest.web.state import state
from fireinvest.web.views.people import current_posts, is_open, ruleset
from fireinvest.web.visiting import limits, origin, sent_at, today, who

blueprint = Blueprint("me", __name__, url_prefix="/me")

_LATEST_SIGN_INS = 20


@blueprint.get("")
@signed_in
def show() -> ResponseReturnValue:
    """Who somebody is here, what they hold today, and where they are signed in."""
    return _page(Written(own_password_fields(), MultiDict()), {})


@blueprint.post("/password")
@signed_in
def password() -> ResponseReturnValue:
    """Change one's own password; other sign-ins end."""
    written = Written(own_password_fields(), request.form)
    old, new = written.raw("old_password"), written.raw("new_password")
    problems = [Problem(each.name, NEEDED) for each in written.fields if not written.raw(each.name)]
    if new and written.raw("again") and new != written.raw("again"):
        problems.append(Problem("again", Text("This is not the same as above.")))
    try:
        if problems:
            raise Faulty(problems)
        change_own_password(
            state().database, who().person, old, new, sign_in_id=_this_sign_in(), by=_by()
        )
    except Faulty as faulty:
        return _page(written, placed(faulty.problems)), 400
    flash(_("Your password is changed, and your other sign-ins are ended."), "done")
    return redirect(url_for("me.show"), 303)


@blueprint.post("/sign-ins/end-others")
@signed_in
def end_other_sign_ins() -> ResponseReturnValue:
    """End one's sign-ins in other browsers."""
    count = end_others(state().database, who().person, sign_in_id=_this_sign_in(), by=_by())
    if count:
        said = ngettext(
            "%(num)s other sign-in is ended.", "%(num)s other sign-ins are ended.", count
        )
        flash(said, "done")
    else:
        flash(_("You are signed in nowhere else."), "done")
    return redirect(url_for("me.show"), 303)


def _by() -> By:
    return By(who().person.login, sent_at(), today(), origin())


def _this_sign_in() -> int:
    with state().database.readers.begin() as session:
        found = sign_in_of(session, who().token, now=sent_at(), limits=limits())
    # Ended by somebody else since this request began: then there is none to be kept.
    return found.id if found is not None else 0


def _page(written: Written, beside: Mapping[str, list[Words]]) -> str:
    me, on = who().person, today()
    this = _this_sign_in()
    with state().database.readers.begin() as session:
        posts = current_posts(session, me.id, ruleset(), on)
        deputies = [each for each in deputies_of(session, me.id) if each.valid_until >= on]
        sign_ins = latest_sign_ins(session, me.id, _LATEST_SIGN_INS)
    return render_template(
        "me/page.html",
        person=me,
        posts=posts,
        deputies=[each for each in deputies if each.acts_for.id == me.id],
        principals=[each for each in deputies if each.person.id == me.id],
        sign_ins=[(each, is_open(each)) for each in sign_ins],
        this=this,
        others=sum(is_open(each) and each.id != this for each in sign_ins),
        written=written,
        beside=beside,
        today=on,
    )
