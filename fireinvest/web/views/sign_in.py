"""Signing in step by step, signing out, and acting for somebody."""

from collections.abc import Iterable

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
from werkzeug.datastructures import MultiDict

from fireinvest.messages import Faulty, Problem, Text
from fireinvest.services import signing_in
from fireinvest.services.attempts import seconds_until
from fireinvest.services.demo import DEMO_PASSWORD, SIGN_INS
from fireinvest.services.factors import factors_of
from fireinvest.services.passkeys import Site, options_to_add, options_to_prove
from fireinvest.services.signing_in import Entered, Means, Need, Over, Waits
from fireinvest.store.sign_ins import StoredSignIn
from fireinvest.web import enrolling, keeping, oidc, passkeys, visiting
from fireinvest.web.forms.people import NEEDED, Written
from fireinvest.web.forms.signing_in import first_sign_in_fields, new_password_fields
from fireinvest.web.forms.step import placed
from fireinvest.web.rights import public, signed_in
from fireinvest.web.security import CLEARED_AT_LEAVING
from fireinvest.web.state import state
from fireinvest.web.visiting import demands, knock, sent_at

blueprint = Blueprint("sign_in", __name__)

_TOO_MANY = 429


# ---------------------------------------------------------------------------- the first step


@blueprint.get("/sign-in")
@public
def show() -> ResponseReturnValue:
    """The page on which somebody signs in."""
    target = target_of(request.args.get("next", ""))
    if visiting.visitor() is not None:
        return redirect(target)
    return _page(target)


@blueprint.post("/sign-in")
@public
def enter() -> ResponseReturnValue:
    """Sign in by a password, and go on where the person wanted to go, or to the next step."""
    login = request.form.get("login", "").strip().lower()
    try:
        entered = visiting.enter(login, request.form.get("password", ""))
    except Faulty as faulty:
        page = _page(_wanted(), login=login, kept=_kept(), problems=faulty.problems)
        return _refused(page, faulty)
    return _onward(entered)


@blueprint.post("/sign-in/passkey/options")
@public
def passkey_options() -> ResponseReturnValue:
    """What a passkey is asked to sign: of anybody's, or of whoever has begun to sign in."""
    site = _site()
    found = visiting.begun()
    if found is None:
        return _json(options_to_prove(site, (), passkeys.ask_anybody()))
    _token, begun = found
    if begun.needs not in (Need.SECOND_FACTOR, Need.ENROLMENT):
        abort(409)
    challenge = signing_in.ask_passkey(state().database, begun.id, sent_at())
    with state().database.readers.begin() as session:
        known = factors_of(session, begun.person.id).passkeys
    if begun.needs == Need.ENROLMENT:
        return _json(options_to_add(site, begun.person, known, challenge))
    return _json(options_to_prove(site, known, challenge))


@blueprint.post("/sign-in/passkey")
@public
def enter_by_passkey() -> ResponseReturnValue:
    """Sign in by a passkey alone."""
    try:
        entered = signing_in.sign_in_by_passkey(
            state().database,
            request.form.get("credential", ""),
            passkeys.asked(),
            _site(),
            demands=demands(),
            knock=knock(""),
        )
    except Faulty as faulty:
        page = _page(_wanted(), kept=_kept(), problems=faulty.problems)
        return _refused(page, faulty)
    visiting.go_in(entered)
    return _onward(entered)


@blueprint.route("/sign-in/first", methods=["GET", "POST"])
@public
def first() -> ResponseReturnValue:
    """Sign in by a one-time code, and choose a password: for the first time, or after forgetting."""
    if request.method == "GET":
        return _first_page(Written(first_sign_in_fields(), MultiDict()), ())
    written = Written(first_sign_in_fields(), request.form)
    login = written.raw("login").strip().lower()
    problems = _unlike(written)
    try:
        if problems:
            raise Faulty(problems)
        entered = signing_in.sign_in_first(
            state().database,
            login,
            written.raw("code"),
            written.raw("new_password"),
            demands=demands(),
            knock=knock(login),
        )
    except Faulty as faulty:
        return _refused(_first_page(written, faulty.problems), faulty)
    visiting.go_in(entered)
    return _onward(entered)


def _unlike(written: Written) -> list[Problem]:
    problems = [Problem(each.name, NEEDED) for each in written.fields if not written.raw(each.name)]
    if written.raw("again") and written.raw("again") != written.raw("new_password"):
        problems.append(Problem("again", Text("This is not the same as above.")))
    return problems


def _first_page(written: Written, problems: Iterable[Problem]) -> str:
    return render_template(
        "sign_in/first.html", written=written, beside=placed(problems), next_address=_wanted()
    )


# ---------------------------------------------------------------------------- the next steps


@blueprint.get("/sign-in/next")
@public
def proceed() -> ResponseReturnValue:
    """The page of the next step of a sign-in that was begun."""
    found = visiting.begun()
    if found is None:
        return redirect(url_for("sign_in.show", next=request.args.get("next")))
    return _step_page(found[1], ())


@blueprint.post("/sign-in/second")
@public
def second() -> ResponseReturnValue:
    """Prove a second factor: by a code of an app, a recovery code, or a passkey."""
    found = visiting.begun()
    if found is None:
        return _anew()
    token, begun = found
    answer = request.form.get("credential", "")
    try:
        if answer:
            entered = signing_in.prove_passkey(
                state().database,
                token,
                answer,
                _site(),
                demands=demands(),
                knock=knock(begun.person.login),
            )
        else:
            entered = signing_in.prove_code(
                state().database,
                token,
                request.form.get("code", ""),
                demands=demands(),
                knock=knock(begun.person.login),
            )
    except Over:
        return _anew()
    except Faulty as faulty:
        return _refused(_step_page(begun, faulty.problems), faulty)
    visiting.go_in(entered)
    return _onward(entered)


@blueprint.post("/sign-in/renew")
@public
def renew() -> ResponseReturnValue:
    """Choose a new password, because the old one has expired."""
    found = visiting.begun()
    if found is None:
        return _anew()
    token, begun = found
    written = Written(new_password_fields(), request.form)
    try:
        if problems := _unlike(written):
            raise Faulty(problems)
        entered = signing_in.renew_password(
            state().database,
            token,
            written.raw("new_password"),
            demands=demands(),
            knock=knock(begun.person.login),
        )
    except Over:
        return _anew()
    except Faulty as faulty:
        return _refused(_step_page(begun, faulty.problems), faulty, 400)
    visiting.go_in(entered)
    return _onward(entered)


@blueprint.post("/sign-in/enrol")
@public
def enrol() -> ResponseReturnValue:
    """Set a second factor up: an authenticator app, or a passkey."""
    found = visiting.begun()
    if found is None:
        return _anew()
    token, begun = found
    try:
        entered, codes = _enrolled(token, begun)
    except Over:
        return _anew()
    except Faulty as faulty:
        return _refused(_step_page(begun, faulty.problems), faulty, 400)
    visiting.go_in(entered)
    return render_template(
        "me/codes.html", codes=codes, go_on=_after(entered), person=entered.person
    )


def _enrolled(token: str, begun: StoredSignIn) -> tuple[Entered, tuple[str, ...]]:
    label = request.form.get("label", "").strip()
    answer = request.form.get("credential", "")
    at = knock(begun.person.login)
    if answer:
        return signing_in.enrol_passkey(
            state().database, token, answer, label, _site(), demands=demands(), knock=at
        )
    secret = enrolling.read_offer(begun.person, request.form.get("offer", ""))
    if secret is None:
        raise Faulty([Problem("code", enrolling.too_old())])
    return signing_in.enrol_app(
        state().database,
        token,
        secret,
        request.form.get("code", ""),
        label,
        demands=demands(),
        knock=at,
    )


# ---------------------------------------------------------------------------- leaving, acting


@blueprint.post("/sign-out")
@signed_in
def leave() -> ResponseReturnValue:
    """Sign out; whoever came by a provider is told that it may still know them."""
    by_provider = visiting.who().sign_in.means == Means.OIDC and oidc.provider() is not None
    visiting.leave()
    answer = redirect(url_for("oidc.left" if by_provider else "sign_in.show"))
    answer.headers["Clear-Site-Data"] = CLEARED_AT_LEAVING
    return answer


@blueprint.post("/acting")
@signed_in
def act_for() -> ResponseReturnValue:
    """Act for somebody from here on, or for oneself again."""
    if not visiting.act_for(request.form.get("login") or None):
        flash(_("You don't act for this person today."), "warning")
    return redirect(url_for("desk.show"))


# ---------------------------------------------------------------------------- pages


def target_of(given: str) -> str:
    """Return where to go: to the address that was given if it is one of ours, else to the desk."""
    return given if given and keeping.is_own_address(given) else url_for("desk.show")


def _wanted() -> str:
    """Where the person wanted to go, as the form or the address says."""
    return target_of(request.form.get("next", "") or request.args.get("next", ""))


def _kept() -> str:
    return request.form.get("kept", "")


def _site() -> Site:
    found = passkeys.site()
    if found is None:
        abort(409)
    return found


def _json(body: str) -> ResponseReturnValue:
    answer = make_response(body)
    answer.mimetype = "application/json"
    return answer


def onward(entered: Entered, target: str) -> ResponseReturnValue:
    """Go on to an address of ours, or to the next step before it."""
    if entered.needs is None:
        return redirect(target)
    return redirect(url_for("sign_in.proceed", next=target), 303)


def _onward(entered: Entered) -> ResponseReturnValue:
    """Go on where the person wanted to go, or to the next step, with what they had written."""
    if entered.needs is None:
        return redirect(_after(entered))
    if not _kept():
        return redirect(url_for("sign_in.proceed", next=_wanted()), 303)
    found = visiting.begun()
    return _anew() if found is None else _step_page(found[1], ())


def _after(entered: Entered) -> str:
    """Return where a whole sign-in leads: to the form that was kept, else where it was wanted."""
    form = keeping.hand_over_kept(_kept(), entered.person.id) if _kept() else None
    return form or _wanted()


def _refused(page: str, faulty: Faulty, status: int = 401) -> ResponseReturnValue:
    answer = make_response(page, status)
    if isinstance(faulty, Waits):
        answer.status_code = _TOO_MANY
        answer.headers["Retry-After"] = f"{seconds_until(faulty.until, sent_at())}"
    return answer


def _anew() -> ResponseReturnValue:
    problem = Problem("password", Text("That took too long, or was done already: sign in anew."))
    return _page(_wanted(), kept=_kept(), problems=(problem,)), 401


def _page(target: str, *, login: str = "", kept: str = "", problems: Iterable[Problem] = ()) -> str:
    return render_template(
        "sign_in/page.html",
        next_address=target,
        login=login,
        kept=kept,
        problems=[each.text for each in problems],
        has_passkeys=passkeys.site() is not None,
        demo=SIGN_INS if state().settings.demo else (),
        demo_password=DEMO_PASSWORD,
    )


def _step_page(begun: StoredSignIn, problems: Iterable[Problem]) -> str:
    """The page of what a sign-in needs next."""
    beside = placed(problems)
    along = {
        "next_address": _wanted(),
        "kept": _kept(),
        "person": begun.person,
        "beside": beside,
        "by_provider": begun.means == Means.OIDC,
    }
    has_passkeys = passkeys.site() is not None
    match Need(begun.needs or ""):
        case Need.SECOND_FACTOR:
            with state().database.readers.begin() as session:
                known = factors_of(session, begun.person.id)
            return render_template(
                "sign_in/second.html", known=known, has_passkeys=has_passkeys, **along
            )
        case Need.PASSWORD:
            written = Written(new_password_fields(), MultiDict())
            return render_template("sign_in/renew.html", written=written, **along)
        case Need.ENROLMENT:
            offer = enrolling.offer(begun.person, request.form.get("offer", ""))
            return render_template(
                "sign_in/enrol.html", offer=offer, why_no_passkey=passkeys.why_none(), **along
            )
