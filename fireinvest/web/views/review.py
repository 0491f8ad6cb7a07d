"""The review of rights: what the security administrator looks at now and then, and puts on record."""

from collections.abc import Iterable, Mapping

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from fireinvest.messages import Faulty, Words
from fireinvest.regulation.profile import Ruleset
from fireinvest.services.reviewing import SOON, UNUSED, record_review, review_rights
from fireinvest.store.agencies import Held
from fireinvest.web.forms import people as forms
from fireinvest.web.forms.people import Written
from fireinvest.web.forms.step import placed
from fireinvest.web.rights import duty
from fireinvest.web.state import state
from fireinvest.web.views.organisation import ended_divisions
from fireinvest.web.views.people import PostView, acting_by, post_view, ruleset
from fireinvest.web.visiting import sent_at, today, who
from fireinvest.workflow.permissions import Duty

blueprint = Blueprint("review", __name__, url_prefix="/people/review")


@blueprint.get("")
@duty(Duty.GIVE_POSTS)
def show() -> ResponseReturnValue:
    """Offices, posts that end or are outlived, accounts without a post, and unused ones."""
    return _page(Written(forms.review_fields(), MultiDict()), {})


@blueprint.post("")
@duty(Duty.GIVE_POSTS)
def record() -> ResponseReturnValue:
    """Put on record that all rights were looked at, and what came of it."""
    written = Written(forms.review_fields(), request.form)
    try:
        note = written.line("note")
        written.check()
        record_review(state().database, ended_divisions(), note=note, by=acting_by())
    except Faulty as faulty:
        return _page(written, placed(faulty.problems)), 400
    flash(_("The review is on record."), "done")
    return redirect(url_for("review.show"), 303)


def _page(written: Written, beside: Mapping[str, list[Words]]) -> str:
    rules = ruleset()
    with state().database.readers.begin() as session:
        found = review_rights(session, ended_divisions(), on=today(), now=sent_at())
    return render_template(
        "people/review.html",
        review=found,
        offices=[(each, post_view(rules, each.held.post, today())) for each in found.offices],
        lists={
            "ending": _in_words(rules, found.ending),
            "outlived": _in_words(rules, found.outlived),
            "forgotten": _in_words(rules, found.forgotten),
        },
        soon=SOON.days,
        unused=UNUSED.days,
        written=written,
        beside=beside,
        me=who().person,
        today=today(),
    )


def _in_words(rules: Ruleset, lines: Iterable[Held]) -> list[tuple[Held, PostView]]:
    return [(each, post_view(rules, each.post, today())) for each in lines]
