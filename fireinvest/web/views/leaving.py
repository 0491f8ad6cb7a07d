"""All cases of one carrier, for the head of their agency, who gives them to another."""

import uuid
from collections.abc import Mapping

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from fireinvest.messages import Problem, Text, Words
from fireinvest.services.cases import CaseRef
from fireinvest.services.desks import posts_of
from fireinvest.services.drafts import Kept, drop_draft, find_draft
from fireinvest.services.leaving import LeftLine, cases_to_give, give_all, successors_of
from fireinvest.services.people import By
from fireinvest.store.posts import Holder
from fireinvest.web import confirming, law
from fireinvest.web.forms.step import person_shown, placed
from fireinvest.web.keeping import keeps_drafts
from fireinvest.web.present_lists import list_words
from fireinvest.web.rights import signed_in
from fireinvest.web.state import state
from fireinvest.web.visiting import origin, sent_at, today, who

blueprint = Blueprint("leaving", __name__, url_prefix="/leaving")

LONGEST_REASON = 2000
_LONGEST_LOGIN = 100
_LONGEST_KEY = 50


@blueprint.route("/<login>", methods=["GET", "POST"])
@signed_in
@keeps_drafts
def show(login: str) -> ResponseReturnValue:
    """The open cases of a carrier; those that are chosen go to another one."""
    lines, holders, draft = _found(login)
    if not lines and not request.form.getlist("case"):
        abort(404)
    if request.method == "POST":
        return confirming.ask() or _give(login, lines, holders)
    begun: MultiDict[str, str] = MultiDict({"key": uuid.uuid4().hex})
    begun.setlist("case", [each.case.number for each in lines])
    if draft is not None:
        kept = MultiDict(draft.fields)
        kept.setdefault("key", begun["key"])
        begun = kept
    return _page(login, lines, holders, begun, {}, draft=draft)


def _found(login: str) -> tuple[list[LeftLine], dict[str, str], Kept | None]:
    """What the carrier has that is the visitor's to give, and to whom it could go, by login."""
    if len(login) > _LONGEST_LOGIN:
        abort(404)
    with state().database.readers.begin() as session:
        lines = cases_to_give(session, posts_of(who().actor), login)
        places = {each.case.division for each in lines}
        holders: tuple[Holder, ...] = successors_of(session, law.law(), places, login, today())
        draft = find_draft(session, who().person.id, request.path)
    return lines, {each.login: each.name for each in holders}, draft


def _give(login: str, lines: list[LeftLine], holders: dict[str, str]) -> ResponseReturnValue:
    written = request.form
    chosen = set(written.getlist("case"))
    wanted = [CaseRef(e.case.id, e.case.number) for e in lines if e.case.number in chosen]
    if chosen and not wanted:
        # They went before, as when a form is sent twice; or they are nothing of the visitor's.
        flash(_("None of these cases is left with this carrier."), "warning")
        return redirect(url_for("desk.show"), 303)
    problems = list(_problems(written, holders))
    if not wanted:
        problems.append(Problem("case", Text("Choose at least one case.")))
    if problems:
        return _page(login, lines, holders, written, placed(problems)), 400
    handed, refused = give_all(
        state().database,
        law.law(),
        law.calendar(),
        who().actor,
        wanted,
        written["carrier"],
        reason=written["reason"].strip(),
        key=written["key"],
        by=By(who().person.login, sent_at(), today(), origin()),
        acting_for=who().acting_login,
    )
    drop_draft(state().database, who().person.id, request.path)
    told = _("Cases handed over: %(done)s of %(of)s.", done=handed.done, of=handed.of)
    flash(told, "done" if handed.is_all else "warning")
    if handed.is_all:
        return redirect(url_for("desk.show"), 303)
    lines, holders, _draft = _found(login)
    beside = {number: [each.text for each in why] for number, why in refused.items()}
    return _page(login, lines, holders, written, beside), 409


def _problems(written: Mapping[str, str], holders: Mapping[str, str]) -> list[Problem]:
    problems = []
    if written.get("carrier") not in holders:
        problems.append(Problem("carrier", Text("Choose one of the list.")))
    reason = written.get("reason", "").strip()
    if not reason:
        problems.append(Problem("reason", Text("This is needed.")))
    elif (
        len(reason) > LONGEST_REASON
        or not reason.replace("\n", " ").replace("\r", "").isprintable()
    ):
        text = Text("A text of at most %(most)s characters is needed.", most=LONGEST_REASON)
        problems.append(Problem("reason", text))
    key = written.get("key", "")
    if not key.isalnum() or not key.isascii() or len(key) > _LONGEST_KEY:
        problems.append(Problem("key", Text("The form has no valid key; open it again.")))
    return problems


def _page(
    login: str,
    lines: list[LeftLine],
    holders: Mapping[str, str],
    written: MultiDict[str, str],
    beside: Mapping[str, list[Words]],
    *,
    draft: Kept | None = None,
) -> str:
    shown = {"carrier", "reason", "case", *(each.case.number for each in lines)}
    name = next((each.left.name for each in lines if each.left.name), login)
    return render_template(
        "leaving/page.html",
        name=name,
        lines=lines,
        words=list_words(),
        holders=[(code, person_shown(code, called)) for code, called in holders.items()],
        written=written,
        chosen=set(written.getlist("case")),
        beside=beside,
        elsewhere=[text for at, texts in beside.items() if at not in shown for text in texts],
        longest_reason=LONGEST_REASON,
        draft=draft,
        address=request.path,
    )
