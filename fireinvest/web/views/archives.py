"""The archive of an agency: all files, what is due for disposal, what is lent, disposal lists."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from fireinvest.messages import Faulty, Label, Problem, Text, Words
from fireinvest.regulation.facts import Given
from fireinvest.services.archives import disposing
from fireinvest.services.archives.disposing import (
    ARCHIVIST,
    HEAD,
    Choice,
    Decision,
    DisposalState,
    Drawn,
    offices_as,
    period_of,
)
from fireinvest.services.rulesets import stored_ruleset
from fireinvest.store import Session
from fireinvest.store import archives as store
from fireinvest.store.archives import FileLine
from fireinvest.store.disposals import Act as Done
from fireinvest.store.lists import scope_of
from fireinvest.store.people import names_of_logins
from fireinvest.web import confirming, law
from fireinvest.web.forms.step import placed
from fireinvest.web.rights import signed_in
from fireinvest.web.state import state
from fireinvest.web.visiting import origin, sent_at, today, who
from fireinvest.workflow.errors import NotAllowed
from fireinvest.workflow.items.archive import Lending, Retention

blueprint = Blueprint("archives", __name__, url_prefix="/archive")

_PAGE = 50

STATES: Mapping[DisposalState, Words] = {
    DisposalState.DRAWN: Text("waits for the decision"),
    DisposalState.APPROVED: Text("approved, not carried out"),
    DisposalState.REFUSED: Text("refused"),
    DisposalState.WITHDRAWN: Text("withdrawn"),
    DisposalState.BEGUN: Text("being carried out"),
    DisposalState.DONE: Text("carried out"),
}
ACTS: Mapping[str, Words] = {
    Done.APPROVED: Text("approved it"),
    Done.REFUSED: Text("refused it"),
    Done.WITHDRAWN: Text("withdrew it"),
    Done.BEGUN: Text("began to carry it out"),
    Done.DONE: Text("carried it out"),
}


@dataclass(frozen=True, slots=True)
class FileView:
    """A file of the archive, or a lending of it, in words."""

    line: FileLine
    level: Words
    period: Words
    values: Retention | Lending | None
    is_late: bool


# ---------------------------------------------------------------------------- lists


@blueprint.get("")
@signed_in
def files() -> ResponseReturnValue:
    """All files of the archive that somebody may see, the last filed first."""
    return _list("files")


@blueprint.get("/due")
@signed_in
def due() -> ResponseReturnValue:
    """The files whose period of retention is over."""
    return _list("due")


@blueprint.get("/lent")
@signed_in
def lent() -> ResponseReturnValue:
    """The files that are out, those due first before the others."""
    return _list("lent")


def find_files(
    session: Session, which: str, after: tuple[str, int] | None, size: int
) -> Sequence[FileLine]:
    """Return up to so many lines of one of the archive's lists, from after a key."""
    scope = scope_of(who().actor)
    match which:
        case "due":
            return store.due_for_disposal(
                session, scope, today(), place=None, after=after, size=size
            )
        case "lent":
            return store.lent_files(session, scope, place=None, after=after, size=size)
    return store.filed_cases(session, scope, place=None, after=after, size=size)


def _after() -> tuple[str, int] | None:
    key, _dash, number = request.args.get("after", "").rpartition("_")
    return (key, int(number)) if key and number.isascii() and number.isdigit() else None


def _list(which: str) -> str:
    with state().database.readers.begin() as session:
        found = find_files(session, which, _after(), _PAGE + 1)
        views = file_views(session, found[:_PAGE])
    following = None
    if len(found) > _PAGE:
        key, number = store.after_key(found[:_PAGE])
        following = f"{key}_{number}"
    return render_template(
        "archives/list.html",
        which=which,
        views=views,
        following=following,
        is_first=_after() is None,
        **_frame(),
    )


def _frame() -> dict[str, object]:
    actor = who().actor
    return {
        "sees_lists": bool(offices_as(actor, ARCHIVIST) | offices_as(actor, HEAD)),
        "draws_up": bool(offices_as(actor, ARCHIVIST)),
        "new_form_key": lambda: uuid.uuid4().hex,
    }


def file_views(session: Session, lines: Sequence[FileLine]) -> list[FileView]:
    """Return files of the archive, or lendings of them, in words."""
    pins = {each.ruleset_pin for each in lines}
    rulesets = {pin: stored_ruleset(session, pin) for pin in pins}
    views = []
    for line in lines:
        ruleset = rulesets[line.ruleset_pin]
        values = line.record.values
        level = next((each for each in ruleset.scale.levels if each.id == line.level), None)
        period = ruleset.periods.get(getattr(values, "period", None) or "")
        is_late = line.key < today().isoformat() if isinstance(values, Lending) else False
        views.append(
            FileView(
                line,
                level.label if level is not None else line.level,
                period.label if period is not None else "",
                values if isinstance(values, Retention | Lending) else None,
                is_late,
            )
        )
    return views


# ---------------------------------------------------------------------------- disposal lists


@blueprint.get("/disposals")
@signed_in
def disposals() -> ResponseReturnValue:
    """The disposal lists of the agencies at which somebody is archivist or head."""
    before = request.args.get("before", type=int)
    with state().database.readers.begin() as session:
        found = disposing.see_lists(session, who().actor, before=before, size=_PAGE + 1)
        names = names_of_logins(session, {each.list.drawn_by for each in found})
    return render_template(
        "archives/disposals.html",
        lists=found[:_PAGE],
        following=found[_PAGE - 1].list.id if len(found) > _PAGE else None,
        states=STATES,
        names=names,
        place_of=_place_of,
        which="disposals",
        **_frame(),
    )


def _place_of(division: str) -> Words:
    found = law.law().divisions.get(division)
    return found.label if found is not None else division


@blueprint.route("/disposals/new", methods=["GET", "POST"])
@signed_in
def draw_up() -> ResponseReturnValue:
    """A new list: each file whose time is over is appraised."""
    offices = sorted(offices_as(who().actor, ARCHIVIST))
    if not offices:
        abort(403)
    # What the form was about stands in the form.
    wanted = (request.form if request.method == "POST" else request.args).get("office", "")
    office = next((each for each in offices if "-".join(each) == wanted), offices[0])
    beside: dict[str, list[Words]] = {}
    if request.method == "POST":
        problems: list[Problem] = []
        names = ("title", "appraisers")
        given = Given({name: request.form.get(name, "") for name in names}, problems)
        title, appraisers = given.text("title", 200), given.text("appraisers", 2000)
        try:
            if problems:
                raise Faulty(problems)
            list_id = disposing.draw_up(
                state().database, who().actor, office, _choices(), title=title or "",
                appraisers=appraisers or "", key=request.form.get("key", ""), now=sent_at(),
                origin=origin(),
            )  # fmt: skip
        except NotAllowed:
            abort(403)
        except Faulty as faulty:
            beside = placed(faulty.problems)
        else:
            flash(_("The list is drawn up and waits for the head of the agency."), "done")
            return redirect(url_for("archives.disposal", list_id=list_id), 303)
    with state().database.readers.begin() as session:
        lines = disposing.due_files(session, who().actor, office, today())
        views = file_views(session, lines)
    page = render_template(
        "archives/draw_up.html",
        offices=offices,
        office=office,
        views=views,
        beside=beside,
        place_of=_place_of,
        which="disposals",
        **_frame(),
    )
    return (page, 400) if beside else page


def _choices() -> list[Choice]:
    """What the form says of each file: on the list, kept or not, and why."""
    found = []
    for written in request.form.getlist("case"):
        if written.isascii() and written.isdigit() and len(written) < 10:
            verdict = request.form.get(f"verdict-{written}", "")
            if verdict in ("keep", "dispose"):
                opinion = request.form.get(f"opinion-{written}", "").strip()
                found.append(Choice(int(written), verdict == "keep", opinion))
    return found


@blueprint.get("/disposals/<int:list_id>")
@signed_in
def disposal(list_id: int) -> ResponseReturnValue:
    """A list with its cases, kept for ever: what was on it, and what was decided and done."""
    return _disposal_page(seen_list(list_id))


def seen_list(list_id: int, role: str | None = None) -> Drawn:
    """Return a list for those who may see it, and for none of them but who has this post there."""
    if list_id >= 2**31:
        abort(404)
    with state().database.readers.begin() as session:
        found = disposing.see_list(session, who().actor, list_id)
    if found is None:
        abort(404)
    office = (found.list.division, found.list.tier)
    if role is not None and office not in offices_as(who().actor, role):
        abort(403)
    return found


def _disposal_page(drawn: Drawn, beside: dict[str, list[Words]] | None = None) -> str:
    office = (drawn.list.division, drawn.list.tier)
    actor = who().actor
    people = {drawn.list.drawn_by, drawn.list.acting_for or "", *(a.person for a in drawn.acts)}
    with state().database.readers.begin() as session:
        names = names_of_logins(session, people - {""})
    is_own = not actor.people.isdisjoint({drawn.list.drawn_by, drawn.list.acting_for})
    return render_template(
        "archives/disposal.html",
        drawn=drawn,
        states=STATES,
        acts=ACTS,
        names=names,
        period_of=lambda written: Label(**period_of(written)),
        place=_place_of(drawn.list.division),
        is_head=office in offices_as(actor, HEAD),
        is_own=is_own,
        is_archivist=office in offices_as(actor, ARCHIVIST),
        beside=beside or {},
        which="disposals",
        **_frame(),
    )


@blueprint.post("/disposals/<int:list_id>/decide")
@signed_in
@confirming.confirmed
def decide(list_id: int) -> ResponseReturnValue:
    """The head of the agency approves or refuses it."""
    drawn = seen_list(list_id, HEAD)
    written = request.form.get("decision", "")
    problems: list[Problem] = []
    words = Given({"words": request.form.get("words", "")}, problems).text("words", 2000)
    if written not in list(Decision):
        problems.append(Problem("decision", Text("This is needed.")))
    try:
        if problems:
            raise Faulty(problems)
        disposing.decide(
            state().database, who().actor, list_id, Decision(written), words=words,
            now=sent_at(), origin=origin(),
        )  # fmt: skip
    except NotAllowed:
        abort(403)
    except Faulty as faulty:
        return _disposal_page(drawn, placed(faulty.problems)), 400
    flash(_("Recorded."), "done")
    return redirect(url_for("archives.disposal", list_id=list_id), 303)


@blueprint.post("/disposals/<int:list_id>/withdraw")
@signed_in
def withdraw(list_id: int) -> ResponseReturnValue:
    """The archivist takes it back before it is carried out."""
    drawn = seen_list(list_id, ARCHIVIST)
    problems: list[Problem] = []
    words = Given({"words": request.form.get("words", "")}, problems).text("words", 2000)
    try:
        if problems:
            raise Faulty(problems)
        disposing.withdraw(
            state().database, who().actor, list_id, words=words, now=sent_at(), origin=origin()
        )
    except NotAllowed:
        abort(403)
    except Faulty as faulty:
        return _disposal_page(drawn, placed(faulty.problems)), 400
    flash(_("Recorded."), "done")
    return redirect(url_for("archives.disposal", list_id=list_id), 303)


@blueprint.post("/disposals/<int:list_id>/carry-out")
@signed_in
@confirming.confirmed
def carry_out(list_id: int) -> ResponseReturnValue:
    """An approved list is carried out behind the pages; one that broke off goes on."""
    drawn = seen_list(list_id, ARCHIVIST)
    problems: list[Problem] = []
    given = Given({"witnesses": request.form.get("witnesses", "")}, problems)
    witnesses = given.text("witnesses", 500)
    try:
        if problems:
            raise Faulty(problems)
        job_id = disposing.ask_to_carry_out(
            state().database, who().actor, who().person.id, list_id, witnesses=witnesses or "",
            key=request.form.get("key", ""), now=sent_at(), origin=origin(),
        )  # fmt: skip
    except NotAllowed:
        abort(403)
    except Faulty as faulty:
        return _disposal_page(drawn, placed(faulty.problems)), 400
    return redirect(url_for("jobs.show", job_id=job_id), 303)
