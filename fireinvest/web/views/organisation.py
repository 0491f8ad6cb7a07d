"""Agencies and divisions: what there is, was and comes after it; the system administrator's pages."""

from collections.abc import Callable, Iterable, Mapping

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from fireinvest.messages import Faulty, Text, Words
from fireinvest.regulation.calendar import ONE_DAY
from fireinvest.regulation.profile import Division
from fireinvest.services import agencies as service
from fireinvest.services.agencies import Into, NewName, Plan, Reshaping
from fireinvest.services.drafts import Kept, drop_draft, find_draft
from fireinvest.services.people import Change
from fireinvest.store import agencies as agency_store
from fireinvest.store import people as store
from fireinvest.store.people import Agency
from fireinvest.web import law
from fireinvest.web.forms import people as forms
from fireinvest.web.forms.people import Choice, Field, Written
from fireinvest.web.forms.step import placed
from fireinvest.web.keeping import keeps_drafts
from fireinvest.web.rights import duty
from fireinvest.web.state import state
from fireinvest.web.views.people import (
    CHANGES,
    acting_by,
    agency_label,
    body_words,
    check_division,
    division_choices,
    place_words,
    post_view,
    ruleset,
    run_form,
    tier_choices,
)
from fireinvest.web.visiting import today, who
from fireinvest.workflow.permissions import Duty

blueprint = Blueprint("organisation", __name__, url_prefix="/people")

#: How many agencies a page of the list shows.
PAGE = 50

_LATEST_CHANGES = 200
_ID = "<int(min=1, max=2147483647):"


# ---------------------------------------------------------------------------- agencies


@blueprint.get("/agencies")
@duty(Duty.KEEP_AGENCIES)
def agencies() -> ResponseReturnValue:
    """The agencies, those that are no more included, with what came after them."""
    given = request.args.get("after", "")
    after = int(given) if given.isdecimal() and len(given) < len("2147483647") else None
    rules = ruleset()
    with state().database.readers.begin() as session:
        found = store.list_agencies(session, after=after, size=PAGE)
        successors = agency_store.successors(session, found.agencies)
    return render_template(
        "people/agencies.html",
        agencies=found.agencies,
        successors=successors,
        rules=rules,
        bodies=body_words(rules),
        place=place_words,
        after=after,
        next_key=found.next_key,
        today=today(),
    )


@blueprint.get(f"/agencies/{_ID}agency_id>")
@duty(Duty.KEEP_AGENCIES)
def agency(agency_id: int) -> ResponseReturnValue:
    """An agency: what it was before and is called after, who holds posts there, what was changed."""
    rules = ruleset()
    with state().database.readers.begin() as session:
        found = store.find_agency(session, agency_id)
        if found is None:
            abort(404)
        before = agency_store.predecessors(session, agency_id)
        after = agency_store.successors(session, [found]).get(found.succeeded_by or 0)
        posts = agency_store.all_posts_there(session, agency_id)
        changes = store.changes_of(session, f"agency:{agency_id}", list(CHANGES), _LATEST_CHANGES)
    return render_template(
        "people/agency.html",
        agency=found,
        label=agency_label(found),
        before=[(each, agency_label(each)) for each in before],
        after=after,
        after_label=agency_label(after) if after is not None else None,
        posts=[(each, post_view(rules, each.post, today())) for each in posts],
        changes=[(each, CHANGES[Change(each.what)]) for each in changes],
        rules=rules,
        bodies=body_words(rules),
        place=place_words,
        can_change=_can_change(found),
        today=today(),
    )


def _can_change(found: Agency) -> bool:
    return found.succeeded_by is None and (found.valid_until or today()) >= today()


@blueprint.route("/agencies/new", methods=["GET", "POST"])
@duty(Duty.KEEP_AGENCIES)
@keeps_drafts
def new_agency() -> ResponseReturnValue:
    """Add an agency of one tier's government in one place."""
    rules = ruleset()
    bodies = [Choice(code, words) for code, words in body_words(rules).items()]

    def save(written: Written) -> str:
        zh, en = written.line("label_zh"), written.line("label_en")
        body, division = written.choice("body"), written.choice("division")
        tier = written.choice("tier")
        first, last = written.day("valid_from"), written.day("valid_until")
        check_division(written.problems, division, first)
        written.check()
        assert body is not None  # noqa: S101 - checked just now
        assert division is not None  # noqa: S101 - checked just now
        assert tier is not None  # noqa: S101 - checked just now
        assert first is not None  # noqa: S101 - checked just now
        service.create_agency(
            state().database,
            label_zh=zh,
            label_en=en,
            body=body,
            division=division,
            tier=tier,
            valid_from=first,
            valid_until=last,
            by=acting_by(),
        )
        flash(_("The agency is added."), "done")
        return url_for("organisation.agencies")

    return run_form(
        Text("Add an agency"),
        forms.agency_fields(bodies, division_choices(), tier_choices(rules)),
        save,
        back=url_for("organisation.agencies"),
        submit=Text("Add"),
        given={"valid_from": today().isoformat()},
    )


# ---------------------------------------------------------------------------- reshaping


def _found(agency_id: int) -> Agency:
    with state().database.readers.begin() as session:
        found = store.find_agency(session, agency_id)
    if found is None:
        abort(404)
    return found


@blueprint.route(f"/agencies/{_ID}agency_id>/rename", methods=["GET", "POST"])
@duty(Duty.KEEP_AGENCIES)
@keeps_drafts
def rename(agency_id: int) -> ResponseReturnValue:
    """Give an agency another name from a day on; the old one stays with what was."""
    found = _found(agency_id)

    def read(written: Written) -> Reshaping | None:
        zh, en = written.line("label_zh"), written.line("label_en")
        first, posts = written.day("first_on"), written.choice("posts")
        if first is None:
            return None
        return Reshaping(agency_id, first - ONE_DAY, NewName(zh, en), posts == forms.MOVE)

    return _run_reshaping(
        found,
        Text("Rename the agency"),
        Text(
            "The old name ends the day before, and the new one follows it. What was done under "
            "the old name keeps it."
        ),
        forms.rename_fields(),
        read,
        {
            "label_zh": found.label_zh,
            "label_en": found.label_en,
            "first_on": today().isoformat(),
            "posts": forms.MOVE,
        },
    )


@blueprint.route(f"/agencies/{_ID}agency_id>/merge", methods=["GET", "POST"])
@duty(Duty.KEEP_AGENCIES)
@keeps_drafts
def merge(agency_id: int) -> ResponseReturnValue:
    """Merge an agency into another one from a day on."""
    found = _found(agency_id)
    with state().database.readers.begin() as session:
        there = store.agencies_from(session, found.valid_from)
    others = [
        Choice(f"{each.id}", agency_label(each), place_words(each.division))
        for each in there
        if each.id != agency_id
    ]

    def read(written: Written) -> Reshaping | None:
        into, first = written.number("into"), written.day("first_on")
        posts = written.choice("posts")
        if first is None or into is None:
            return None
        return Reshaping(agency_id, first - ONE_DAY, Into(into), posts == forms.MOVE)

    return _run_reshaping(
        found,
        Text("Merge the agency into another"),
        Text(
            "The agency ends the day before, and the other one follows it. Posts go on there only "
            "where it has the same place and government."
        ),
        forms.merge_fields(others),
        read,
        {"first_on": today().isoformat()},
    )


@blueprint.route(f"/agencies/{_ID}agency_id>/close", methods=["GET", "POST"])
@duty(Duty.KEEP_AGENCIES)
@keeps_drafts
def close(agency_id: int) -> ResponseReturnValue:
    """Let an agency end with a day, and nothing follow it."""

    def read(written: Written) -> Reshaping | None:
        last = written.day("last_on")
        return None if last is None else Reshaping(agency_id, last)

    return _run_reshaping(
        _found(agency_id),
        Text("End the agency"),
        Text("Nothing follows it, and the posts there end with it. What was keeps its name."),
        forms.close_fields(),
        read,
        {"last_on": today().isoformat()},
    )


def _run_reshaping(
    found: Agency,
    title: Text,
    lead: Text,
    fields: Iterable[Field],
    read: Callable[[Written], Reshaping | None],
    given: Mapping[str, str],
) -> ResponseReturnValue:
    """Show the form; with its fields, what saving would do; and save what was looked at."""
    me = who().person.id
    if request.method == "GET":
        with state().database.readers.begin() as session:
            draft = find_draft(session, me, request.path)
        held = MultiDict(draft.fields) if draft else MultiDict(given.items())
        return _reshape_page(found, title, lead, Written(fields, held), {}, draft, None)
    written = Written(fields, request.form)
    plan: Plan | None = None
    beside: dict[str, list[Words]] = {}
    try:
        wanted, reason = read(written), written.line("reason")
        written.check()
        assert wanted is not None  # noqa: S101 - checked just now
        with state().database.readers.begin() as session:
            plan = service.plan_reshaping(session, wanted, today())
        if request.form.get("do") == "save":
            successor = service.reshape(
                state().database,
                wanted,
                seen=request.form.get("seen", ""),
                reason=reason,
                by=acting_by(),
            )
            drop_draft(state().database, me, request.path)
            flash(_("The agency is changed as shown."), "done")
            target = found.id if successor is None else successor
            return redirect(url_for("organisation.agency", agency_id=target), 303)
    except Faulty as faulty:
        beside = placed(faulty.problems)
    page = _reshape_page(found, title, lead, written, beside, None, plan)
    return page, 400 if beside else 200


def _reshape_page(
    found: Agency,
    title: Text,
    lead: Text,
    written: Written,
    beside: Mapping[str, list[Words]],
    draft: Kept | None,
    plan: Plan | None,
) -> str:
    rules, names = ruleset(), {each.name for each in written.fields}
    fates = () if plan is None else plan.fates
    return render_template(
        "people/reshape.html",
        agency=found,
        label=agency_label(found),
        title=title,
        lead=lead,
        written=written,
        beside=beside,
        elsewhere=[text for name, texts in beside.items() if name not in names for text in texts],
        draft=draft,
        address=request.path,
        plan=plan,
        first_on=None if plan is None else plan.wanted.last_on + ONE_DAY,
        fates=[(each, post_view(rules, each.held.post, today())) for each in fates],
        back=url_for("organisation.agency", agency_id=found.id),
    )


# ---------------------------------------------------------------------------- divisions


@blueprint.get("/divisions")
@duty(Duty.KEEP_AGENCIES)
def divisions() -> ResponseReturnValue:
    """The divisions of the law with their days, and what still stands at one that is no more."""
    rules, on = ruleset(), today()
    known = law.law().divisions
    ended = ended_divisions()
    with state().database.readers.begin() as session:
        posts = agency_store.posts_in_divisions(session, ended, on)
        left = agency_store.agencies_in(session, ended, on)
    return render_template(
        "people/divisions.html",
        divisions=[(each, known.get(each.succeeded_by or "")) for each in _in_order(known)],
        ended=ended,
        rules=rules,
        place=place_words,
        posts=[(each, post_view(rules, each.post, on)) for each in posts],
        agencies=left,
        today=on,
    )


def ended_divisions() -> dict[str, Division]:
    """Return the divisions that are no more today, by their codes."""
    return {
        code: each
        for code, each in law.law().divisions.items()
        if each.valid_until is not None and each.valid_until < today()
    }


def _in_order(known: Mapping[str, Division]) -> list[Division]:
    """The divisions as their file has them, each below the one that it is part of."""
    return list(known.values())
