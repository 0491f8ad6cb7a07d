"""The inbox: what somebody was told, newest first, and whether they have read it."""

from dataclasses import dataclass

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import ngettext

from fireinvest.services.alert_words import AlertWords, words_of
from fireinvest.services.feeds import day_list
from fireinvest.store.alerts import Alert, alerts_of, count_unread, find_alerts, mark_read
from fireinvest.store.conflicts import changing
from fireinvest.store.people import names_of_ids
from fireinvest.web.present_lists import LIGHTS
from fireinvest.web.rights import signed_in
from fireinvest.web.state import state
from fireinvest.web.visiting import sent_at, today, visitor, who

blueprint = Blueprint("inbox", __name__, url_prefix="/inbox")

PAGE = 30
#: The bell counts no further.
_MOST_COUNTED = 100
_ID = "<int(min=1, max=9223372036854775807):"


@dataclass(frozen=True, slots=True)
class AlertView:
    """A notice in words; ``acts_for``: the name of the one for whom it is heard."""

    alert: Alert
    words: AlertWords
    acts_for: str | None


def unread() -> int:
    """Return how many notices whoever is here hasn't read, up to a number."""
    found = visitor()
    if found is None:
        return 0
    with state().database.readers.begin() as session:
        return count_unread(session, found.person.id, _MOST_COUNTED)


@blueprint.get("")
@signed_in
def show() -> ResponseReturnValue:
    """One's notices, all or those not read yet."""
    only_unread = request.args.get("show") == "unread"
    given = request.args.get("before", "")
    before = int(given) if given.isdecimal() and len(given) < len("9223372036854775807") else None
    me = who().person.id
    with state().database.readers.begin() as session:
        found = alerts_of(session, me, before_id=before, only_unread=only_unread, size=PAGE + 1)
        shown = found[:PAGE]
        ids = {each.acts_for_id for each in shown if each.acts_for_id is not None}
        names = names_of_ids(session, ids)
        views = [
            AlertView(each, words_of(session, each, today()), names.get(each.acts_for_id or 0))
            for each in shown
        ]
    return render_template(
        "inbox/page.html",
        views=views,
        only_unread=only_unread,
        before=before,
        next_before=shown[-1].id if len(found) > PAGE else None,
        unread=unread(),
    )


@blueprint.get("/today")
@signed_in
def day() -> ResponseReturnValue:
    """What is overdue, due today and in the next days: a list to be printed and ticked off."""
    me = who()
    with state().database.readers.begin() as session:
        found = day_list(session, me.actor, today())
    whose = (me.acting_for or me.person).name
    return render_template(
        "inbox/today.html", found=found, whose=whose, today=today(), lights=LIGHTS
    )


@blueprint.get(f"/{_ID}alert_id>/paper")
@signed_in
def paper(alert_id: int) -> ResponseReturnValue:
    """Go to the slip that goes with a notice; messages lead here, so that they name no clock."""
    with state().database.readers.begin() as session:
        found = find_alerts(session, [alert_id]).get(alert_id)
        if found is None or found.person_id != who().person.id:
            abort(404)
        path = words_of(session, found, today()).paper_path
    if path is None:
        abort(404)
    return redirect(path)


@blueprint.post("/read")
@signed_in
def read() -> ResponseReturnValue:
    """Mark notices as read: those that were chosen, or all."""
    ids = [
        int(each)
        for each in request.form.getlist("alert")
        if each.isdecimal() and len(each) < len("9223372036854775807")
    ]
    chosen = None if request.form.get("do") == "all" else ids
    with changing(state().database) as session:
        count = mark_read(session, who().person.id, sent_at(), ids=chosen)
    flash(ngettext("%(num)s notice is read.", "%(num)s notices are read.", count), "done")
    return redirect(url_for("inbox.show"), 303)


@blueprint.get(f"/{_ID}alert_id>")
@signed_in
def follow(alert_id: int) -> ResponseReturnValue:
    """Go to what a notice is about; it counts as read from then on."""
    with state().database.readers.begin() as session:
        found = find_alerts(session, [alert_id]).get(alert_id)
        if found is None or found.person_id != who().person.id:
            abort(404)
        path = words_of(session, found, today()).path
    if found.read_at is None:
        with changing(state().database) as session:
            mark_read(session, who().person.id, sent_at(), ids=[alert_id])
    return redirect(path or url_for("inbox.show"))
