"""Drafts of forms: kept while somebody writes, and thrown away on request."""

from flask import Blueprint, abort, current_app, redirect, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from fireinvest.services.drafts import drop_draft, keep_draft
from fireinvest.web import keeping
from fireinvest.web.casework import open_file
from fireinvest.web.rights import signed_in
from fireinvest.web.state import state
from fireinvest.web.visiting import sent_at, who

blueprint = Blueprint("drafts", __name__, url_prefix="/drafts")

#: The field that names the form: its address.
FORM = "form"


@blueprint.post("")
@signed_in
def keep() -> ResponseReturnValue:
    """Keep what stands in a form, as often as its page sends it."""
    form = _form()
    fields = [pair for pair in keeping.written() if pair[0] != FORM]
    keep_draft(state().database, who().person.id, form, fields, sent_at())
    return "", 204


@blueprint.post("/drop")
@signed_in
def drop() -> ResponseReturnValue:
    """Throw a draft away and open its form anew."""
    form = _form()
    drop_draft(state().database, who().person.id, form)
    return redirect(form)


def _form() -> str:
    """The address of a form of ours that keeps drafts."""
    form = request.form.get(FORM, "")
    if not keeping.can_be_kept(form):
        abort(400)
    adapter = current_app.create_url_adapter(request)
    try:
        endpoint, given = adapter.match(form, method="POST") if adapter else ("", {})
    except HTTPException:
        abort(400)
    if not getattr(current_app.view_functions.get(endpoint), "keeps_drafts", False):
        abort(400)
    if "number" in given:
        open_file(given["number"])  # Of a case that they may not see there is no form.
    return form
