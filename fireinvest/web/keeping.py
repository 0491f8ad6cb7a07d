"""Nothing that somebody typed is lost: drafts of forms, and forms sent after the session ended.

A form that is sent without a valid sign-in is answered with the sign-in page, which carries the
fields along, signed. After signing in they are the person's draft of that form, and the form opens
with them: nothing is done that the person doesn't send again.
"""

from collections.abc import Callable
from typing import TypeVar
from urllib.parse import unquote, urlsplit

from flask import abort, current_app, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from itsdangerous import BadSignature, URLSafeTimedSerializer

from fireinvest.services.drafts import LONGEST_FORM, Fields, keep_draft
from fireinvest.services.signing_in import whose
from fireinvest.web import passkeys
from fireinvest.web.state import state
from fireinvest.web.visiting import last_token, sent_at, visitor

View = TypeVar("View", bound=Callable[..., ResponseReturnValue])

#: Fields that are no part of what somebody wrote.
_NOT_KEPT = (
    "csrf_token", "password", "kept", "do", "proof_password", "proof_code", "proof_answer",
)  # fmt: skip
_ONE_DAY = 24 * 3600  # seconds
#: Characters of an address to which somebody is led after signing in.
_LONGEST_ADDRESS = 2000


def keeps_drafts(view: View) -> View:
    """Mark the view of a form whose fields are kept as a draft under its address."""
    view.keeps_drafts = True  # type: ignore[attr-defined] # functions take attributes
    return view


def written() -> Fields:
    """Return what stands in the form that was sent, without what belongs to the machine."""
    return tuple(
        (name, value) for name, value in request.form.items(multi=True) if name not in _NOT_KEPT
    )


def ask_to_sign_in() -> ResponseReturnValue:
    """Answer somebody who has to sign in first: with the page for it, keeping what was sent."""
    if request.headers.get("X-Requested-With") == "fetch":
        abort(401)
    if request.method == "POST":
        return _keep_and_ask()
    target = request.full_path.rstrip("?") if request.query_string else request.path
    return redirect(url_for("sign_in.show", next=target))


def after_lost_token() -> ResponseReturnValue | None:
    """Answer a form whose token no longer fits, as after signing in anew in another window.

    Its fields become a draft, and the form opens with them and a token that fits.
    """
    found = visitor()
    if not _keeps() or _is_from_elsewhere():
        return None
    if found is None:
        return _keep_and_ask()
    keep_draft(state().database, found.person.id, request.path, written(), sent_at())
    return redirect(request.path)


def _keep_and_ask() -> ResponseReturnValue:
    fields = written() if _keeps() and not _is_from_elsewhere() else ()
    kept = _signer().dumps([request.path, _owner(), list(fields)]) if fields else ""
    page = render_template(
        "sign_in/page.html",
        next_address=request.path if request.method == "GET" or fields else url_for("desk.show"),
        kept=kept,
        login="",
        problems=(),
        has_passkeys=passkeys.site() is not None,
    )
    return make_response(page, 401)


def _keeps() -> bool:
    view = current_app.view_functions.get(request.endpoint or "")
    return getattr(view, "keeps_drafts", False) and can_be_kept(request.path)


def can_be_kept(form: str) -> bool:
    """May a draft stand under this address, to which it leads back?"""
    return len(form) <= LONGEST_FORM and is_own_address(form)


def _is_from_elsewhere() -> bool:
    """Was the form sent by a page of another site? Then it is nobody's own text."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        return True
    sender = request.headers.get("Origin")
    return sender is not None and urlsplit(sender).netloc != request.host


def _owner() -> int | None:
    token = last_token()
    if token is None:
        return None
    with state().database.readers.begin() as session:
        return whose(session, token)


def hand_over_kept(kept: str, person_id: int) -> str | None:
    """Make what a sign-in page carried along the person's draft; return the form's address.

    What was written by somebody else, or was changed on the way, is left aside.
    """
    try:
        form, owner, fields = _signer().loads(kept, max_age=_ONE_DAY)
    except (BadSignature, ValueError):
        return None
    if owner is not None and owner != person_id:
        return None
    pairs = [(str(name), str(value)) for name, value in fields]
    keep_draft(state().database, person_id, form, pairs, sent_at())
    return str(form)


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt="kept form")


def is_own_address(target: str) -> bool:
    """Does an address lead to a page of this application, and nowhere else?

    Browsers read more into an address than it says: they take three slashes, and backslashes, for
    the beginning of a host, leave out tabs, and resolve two dots.
    """
    if len(target) > _LONGEST_ADDRESS or not target.startswith("/") or target.startswith("//"):
        return False
    try:
        parts = urlsplit(target)
    except ValueError:
        return False
    path = unquote(parts.path)
    return (
        target.isprintable()
        and path.isprintable()
        and "\\" not in target
        and "\\" not in path
        and not path.startswith("//")
        and not {".", ".."} & set(path.split("/"))
    )
