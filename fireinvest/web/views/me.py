"""One's own page: posts of today, the password, second factors, and where one is signed in."""

from collections.abc import Callable, Iterable, Mapping

from flask import (
    Blueprint,
    abort,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.datastructures import MultiDict

from fireinvest.messages import Faulty, Problem, Text, Words
from fireinvest.services import factors
from fireinvest.services.factors import Kind, factors_of
from fireinvest.services.passkeys import options_to_add
from fireinvest.services.people import By, end_others
from fireinvest.services.signing_in import Waits, ask_passkey, change_password, end_own
from fireinvest.store.factors import Authenticator
from fireinvest.store.people import deputies_of, find_person
from fireinvest.store.sign_ins import latest_sign_ins
from fireinvest.web import browsers, enrolling, passkeys
from fireinvest.web.confirming import confirmed
from fireinvest.web.forms.people import NEEDED, Written, own_password_fields
from fireinvest.web.forms.signing_in import label_fields
from fireinvest.web.forms.step import placed
from fireinvest.web.present import say
from fireinvest.web.rights import signed_in
from fireinvest.web.state import state
from fireinvest.web.views.people import current_posts, is_open, ruleset
from fireinvest.web.visiting import demands, knock, origin, sent_at, today, who

blueprint = Blueprint("me", __name__, url_prefix="/me")

_LATEST_SIGN_INS = 20

#: What the kinds of second factors are called where nobody gave one a name.
KINDS: Mapping[Kind, Text] = {
    Kind.APP: Text("Authenticator app"),
    Kind.PASSKEY: Text("Passkey"),
}


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
        change_password(
            state().database,
            who().sign_in,
            old,
            new,
            demands=demands(),
            knock=knock(who().person.login),
        )
    except Faulty as faulty:
        status = 429 if isinstance(faulty, Waits) else 400
        return _page(written, placed(faulty.problems)), status
    with state().database.readers.begin() as session:
        if (changed := find_person(session, who().person.id)) is not None:
            browsers.remember(changed)
    flash(_("Your password is changed, and your other sign-ins are ended."), "done")
    return redirect(url_for("me.show"), 303)


@blueprint.post("/sign-ins/end-others")
@signed_in
@confirmed
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


@blueprint.post("/sign-ins/<int:sign_in_id>/end")
@signed_in
@confirmed
def end_sign_in(sign_in_id: int) -> ResponseReturnValue:
    """End one of one's sign-ins in another browser."""
    if sign_in_id == _this_sign_in():
        abort(400)
    if end_own(state().database, who().person, sign_in_id, by=_by()):
        flash(_("The sign-in is ended."), "done")
    else:
        flash(_("This sign-in was ended already."), "warning")
    return redirect(url_for("me.show"), 303)


# ---------------------------------------------------------------------------- second factors


@blueprint.route("/factors/app", methods=["GET", "POST"])
@signed_in
@confirmed
def add_app() -> ResponseReturnValue:
    """Add an authenticator app: it counts once it has shown the right code."""
    carried = request.form.get("offer", "")
    if request.method == "GET":
        return _app_page("", ())
    try:
        secret = enrolling.read_offer(who().person, carried)
        if secret is None:
            raise Faulty([Problem("code", enrolling.too_old())])
        codes = factors.add_own_app(
            state().database,
            who().person,
            secret,
            request.form.get("code", ""),
            request.form.get("label", "").strip(),
            key=state().settings.secret_key,
            sign_in_id=_this_sign_in(),
            by=_by(),
        )
    except Faulty as faulty:
        return _app_page(carried, faulty.problems), 400
    return _added(codes)


def _app_page(carried: str, problems: Iterable[Problem]) -> str:
    offer = enrolling.offer(who().person, carried)
    return render_template("me/app.html", offer=offer, person=who().person, beside=placed(problems))


@blueprint.route("/factors/passkey", methods=["GET", "POST"])
@signed_in
@confirmed
def add_passkey() -> ResponseReturnValue:
    """Add a passkey of this device, a phone or a security key."""
    site = passkeys.site()
    if request.method == "GET" or site is None:
        return _passkey_page(())
    try:
        codes = factors.add_own_passkey(
            state().database,
            who().person,
            site,
            request.form.get("credential", ""),
            request.form.get("label", "").strip(),
            sign_in_id=_this_sign_in(),
            by=_by(),
        )
    except Faulty as faulty:
        return _passkey_page(faulty.problems), 400
    return _added(codes)


def _passkey_page(problems: Iterable[Problem]) -> str:
    return render_template("me/passkey.html", why_none=passkeys.why_none(), beside=placed(problems))


@blueprint.post("/factors/passkey/options")
@signed_in
@confirmed
def passkey_options() -> ResponseReturnValue:
    """What the device is told, to make a passkey for whoever is here."""
    site = passkeys.site()
    if site is None:
        return {"status": "none"}, 409
    found = who()
    with state().database.readers.begin() as session:
        known = factors_of(session, found.person.id).passkeys
    challenge = ask_passkey(state().database, found.sign_in.id, sent_at())
    answer = make_response(options_to_add(site, found.person, known, challenge))
    answer.mimetype = "application/json"
    return answer


def _added(codes: tuple[str, ...]) -> ResponseReturnValue:
    if not codes:
        flash(_("The second factor is added. Your other sign-ins are ended."), "done")
        return redirect(url_for("me.show"), 303)
    return _codes_page(codes)


def _codes_page(codes: tuple[str, ...]) -> str:
    return render_template(
        "me/codes.html", codes=codes, go_on=url_for("me.show"), person=who().person
    )


@blueprint.post("/recovery-codes")
@signed_in
@confirmed
def recovery_codes() -> ResponseReturnValue:
    """Make new recovery codes; they are shown this once, and those before are good no more."""
    try:
        return _codes_page(factors.new_recovery_codes(state().database, who().person, by=_by()))
    except Faulty as faulty:
        flash(say(faulty.problems[0].text), "warning")
        return redirect(url_for("me.show"), 303)


@blueprint.route("/factors/<int:factor_id>/rename", methods=["GET", "POST"])
@signed_in
def rename_factor(factor_id: int) -> ResponseReturnValue:
    """Call one of one's second factors something else."""

    def save(written: Written) -> None:
        label = written.line("label")
        written.check()
        factors.rename_factor(state().database, who().person, factor_id, label, by=_by())

    return _factor_form(factor_id, Text("Rename a second factor"), save, Text("Save the name"))


@blueprint.route("/factors/<int:factor_id>/remove", methods=["GET", "POST"])
@signed_in
@confirmed
def remove_factor(factor_id: int) -> ResponseReturnValue:
    """Remove one of one's second factors; one's other sign-ins end."""

    def save(_written: Written) -> None:
        factors.remove_factor(
            state().database,
            who().person,
            factor_id,
            is_required=state().settings.needs_second_factor,
            sign_in_id=_this_sign_in(),
            by=_by(),
        )

    return _factor_form(
        factor_id, Text("Remove a second factor"), save, Text("Remove it"), is_grave=True
    )


def _factor_form(
    factor_id: int,
    title: Text,
    save: Callable[[Written], None],
    submit: Text,
    *,
    is_grave: bool = False,
) -> ResponseReturnValue:
    with state().database.readers.begin() as session:
        known = factors_of(session, who().person.id).authenticators
    factor = next((each for each in known if each.id == factor_id), None)
    if factor is None:
        abort(404)
    fields = () if is_grave else label_fields()
    given = MultiDict({"label": factor.label})
    written = Written(fields, given if request.method == "GET" else request.form)
    problems: tuple[Problem, ...] = ()
    if request.method == "POST":
        try:
            save(written)
        except Faulty as faulty:
            problems = faulty.problems
        else:
            flash(_("The change is made."), "done")
            return redirect(url_for("me.show"), 303)
    beside = placed(problems)
    page = render_template(
        "me/factor.html",
        title=title,
        factor=factor,
        called=called(factor),
        written=written,
        beside=beside,
        elsewhere=beside.get("factor", ()),
        submit=submit,
        is_grave=is_grave,
    )
    return page, 400 if problems else 200


def called(factor: Authenticator) -> Words:
    """Return what a second factor is called: its name, or what it is."""
    return factor.label or KINDS[Kind(factor.kind)]


def _by() -> By:
    return By(who().person.login, sent_at(), today(), origin())


def _this_sign_in() -> int:
    return who().sign_in.id


def _page(written: Written, beside: Mapping[str, list[Words]]) -> str:
    me, on = who().person, today()
    this = _this_sign_in()
    with state().database.readers.begin() as session:
        posts = current_posts(session, me.id, ruleset(), on)
        deputies = [each for each in deputies_of(session, me.id) if each.valid_until >= on]
        sign_ins = latest_sign_ins(session, me.id, _LATEST_SIGN_INS)
        known = factors_of(session, me.id)
    return render_template(
        "me/page.html",
        known=known,
        factors=[(each, called(each), KINDS[Kind(each.kind)]) for each in known.authenticators],
        few_codes=factors.FEW_CODES,
        is_required=state().settings.needs_second_factor,
        why_no_passkey=passkeys.why_none(),
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
