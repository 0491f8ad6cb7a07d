"""Proving once more who it is, before what is grave: approvals, changes of a sign-in, unmasking.

A proof holds for some minutes (``CONFIRM_MINUTES``), counted from the sign-in or the last proof. A
form that is sent later is answered with a page that carries all its fields along and asks for the
password or a code; it goes back to the form's own address, so that what was asked for is done in
the same request and nothing is typed twice. Files are staged before, and their ids travel.
"""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, TypeVar, cast

from flask import abort, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from fireinvest.messages import Faulty, Problem
from fireinvest.services.attempts import seconds_until
from fireinvest.services.factors import factors_of
from fireinvest.services.signing_in import Over, Proof, Waits, confirm, is_fresh
from fireinvest.store.files import Staged
from fireinvest.web import keeping, passkeys, uploads
from fireinvest.web.forms.step import placed
from fireinvest.web.state import state
from fireinvest.web.visiting import demands, knock, renew, sent_at, who

View = TypeVar("View", bound=Callable[..., ResponseReturnValue])

#: The fields in which a proof comes; they are no part of the form that they stand in.
PROOF = ("proof_password", "proof_code", "proof_answer")
_NOT_CARRIED = ("csrf_token", uploads.STAGED, *PROOF)
_TOO_MANY = 429


def confirmed(view: View) -> View:
    """Let a view answer only somebody who proved a short while ago who they are."""

    @wraps(view)
    def asking(*args: Any, **values: Any) -> ResponseReturnValue:
        files: Iterable[Staged] = ()
        if request.method == "POST" and not has_proved() and getattr(view, "takes_files", False):
            files, _problems = uploads.staged()
        asked = ask(files)
        return view(*args, **values) if asked is None else asked

    return cast(View, asking)


def has_proved() -> bool:
    """Did whoever is here prove a short while ago who they are?"""
    return is_fresh(who().sign_in, sent_at(), state().settings.confirm_every)


def ask(files: Iterable[Staged] = ()) -> ResponseReturnValue | None:
    """Return the page that asks for a proof, or None where there is one, or it came along.

    ``files``: what the form that was sent brought, staged.
    """
    if has_proved():
        return None
    if request.headers.get("X-Requested-With") == "fetch":
        abort(401)
    if request.method != "POST":
        target = request.full_path.rstrip("?") if request.query_string else request.path
        return redirect(url_for("confirming.show", next=target))
    return check(files)


def check(files: Iterable[Staged] = ()) -> ResponseReturnValue | None:
    """Take the proof that came with a form; return the page that asks for it where there is none."""
    given = Proof(*(request.form.get(each, "") for each in PROOF))
    if not any((given.password, given.code, given.answer)):
        return make_response(_page(files, ()), 401)
    found = who()
    try:
        token = confirm(
            state().database,
            found.sign_in,
            found.token,
            given,
            passkeys.site(),
            demands=demands(),
            knock=knock(found.person.login),
        )
    except Over:
        return keeping.ask_to_sign_in()
    except Faulty as faulty:
        answer = make_response(_page(files, faulty.problems), 401)
        if isinstance(faulty, Waits):
            answer.status_code = _TOO_MANY
            answer.headers["Retry-After"] = f"{seconds_until(faulty.until, sent_at())}"
        return answer
    renew(token)
    return None


def page() -> str:
    """Return the page that asks for a proof and then leads on to another page."""
    return _page((), ())


def _page(files: Iterable[Staged], problems: Iterable[Problem]) -> str:
    person = who().person
    with state().database.readers.begin() as session:
        known = factors_of(session, person.id)
    carried = [
        (name, value) for name, value in request.form.items(multi=True) if name not in _NOT_CARRIED
    ]
    carried += [(uploads.STAGED, each.id) for each in files]
    return render_template(
        "confirm/page.html",
        address=request.full_path.rstrip("?") if request.query_string else request.path,
        carried=carried,
        beside=placed(problems),
        person=person,
        known=known,
        has_passkeys=bool(known.passkeys) and passkeys.site() is not None,
        minutes=int(state().settings.confirm_every.total_seconds() // 60),
    )
