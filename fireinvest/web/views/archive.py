"""The archive of a case: what is filed, in which order, its volumes, packages, retention, lending."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from fireinvest.messages import Faulty, Problem, Text, Words
from fireinvest.regulation.facts import Given
from fireinvest.services.archives.arranging import Limits, Placed, Volume, moved
from fireinvest.services.archives.documents import ARRANGEMENTS, LENDINGS, RETENTIONS, VOLUMES
from fireinvest.services.archives.keeping import (
    ARCHIVE,
    checklist,
    default_period,
    filing_actions,
    kept,
    missing_of,
    retention_filing,
)
from fireinvest.services.archives.volumes import BIND_VOLUMES, Archive, open_archive
from fireinvest.services.casefile import CaseFile
from fireinvest.services.jobs import ask_job, words_of
from fireinvest.services.packages import PACKAGE, packages_of
from fireinvest.services.records import file_records
from fireinvest.services.together import Asking, write_together
from fireinvest.store import Session
from fireinvest.store.conflicts import changing
from fireinvest.store.jobs import JobState, latest_of_case
from fireinvest.web import law
from fireinvest.web.casework import case_context, open_file, open_steps
from fireinvest.web.forms.step import placed
from fireinvest.web.keeping import keeps_drafts
from fireinvest.web.present import say
from fireinvest.web.present_registers import RecordView
from fireinvest.web.rights import signed_in
from fireinvest.web.state import state
from fireinvest.web.uploads import takes_files
from fireinvest.web.views.registers import (
    Room,
    begin_edit,
    edit_item,
    opened_to_write,
    views_of,
)
from fireinvest.web.visiting import origin, sent_at, today, who
from fireinvest.workflow.engine import Action
from fireinvest.workflow.errors import NotAllowed
from fireinvest.workflow.items.archive import Arrangement
from fireinvest.workflow.permissions import may_package
from fireinvest.workflow.registers import Filing, may_write, register_of

blueprint = Blueprint("archive", __name__, url_prefix="/cases/<number>/archive")

#: What is done with a document of the order.
_WAYS = ("up", "down", "volume", "leave_out", "take_in", "default")


@dataclass(frozen=True, slots=True)
class VolumeView:
    """A volume as the room shows it. ``bound``: as it was bound last; ``is_current``: still so."""

    volume: Volume
    restriction: Words | None
    bound: RecordView | None
    is_current: bool


@blueprint.get("")
@signed_in
def show(number: str) -> ResponseReturnValue:
    """The checklist by article, the volumes and packages, how long it is kept, who has it."""
    return _page(open_file(number))


def _page(file: CaseFile, beside: dict[str, list[Words]] | None = None) -> str:
    number = file.ref.number
    with state().database.readers.begin() as session:
        archive = _opened(session, file)
        packages = packages_of(session, file.ref.id)
        jobs = {
            kind: latest_of_case(session, file.ref.id, kind) for kind in (BIND_VOLUMES, PACKAGE)
        }
    lines = checklist(file, archive.documents)
    step = file.ruleset.steps.get(ARCHIVE)
    clock = None
    if step is not None:
        clock = next((each for each in file.deadlines if each.clock.id in step.satisfies), None)
    known = {name: register_of(file.case, name) for name in _OWN}
    now_kept = kept(file, archive.records)
    may = {
        name: each is not None and may_write(who().actor, file.case, number, each)
        for name, each in known.items()
    }
    return render_template(
        "archive/page.html",
        **case_context(file),
        listing=file.ruleset.lists.get("archive_file"),
        step=step,
        clock=clock,
        lines=lines,
        missing=missing_of(lines),
        unfiled=[each for each in lines if each.is_there and each.entry is None],
        may_file=ARCHIVE in open_steps(file),
        registers=known,
        may=may,
        volumes=_volumes(file, archive),
        left_out=len(archive.arranged.left_out),
        apart=len(archive.arranged.apart),
        kept=now_kept,
        usual=default_period(file.ruleset, file.case.judgement.severity.level.id),
        lendings=views_of(file, archive.records.get(LENDINGS, ())),
        packages=packages,
        may_package=may_package(who().actor, file.case, number),
        jobs={name: job for name, job in jobs.items() if job is not None and job.state.is_open},
        failed={
            name: words_of(job.words)
            for name, job in jobs.items()
            if job is not None and job.state is JobState.FAILED
        },
        kinds=(BIND_VOLUMES, PACKAGE),
        beside=beside or {},
        on=file.today,
    )


_OWN = (ARRANGEMENTS, VOLUMES, RETENTIONS, LENDINGS)


def _limits() -> Limits:
    settings = state().settings
    return Limits(settings.archive_volume_pages, settings.archive_volume_bytes)


def _opened(session: Session, file: CaseFile) -> Archive:
    return open_archive(session, file, law.law(), _limits())


def _volumes(file: CaseFile, archive: Archive) -> list[VolumeView]:
    known = file.ruleset.restrictions
    views = []
    for each in archive.arranged.volumes:
        record = archive.bound(each)
        restriction = known.get(each.restriction or "")
        view = views_of(file, [record])[0] if record is not None else None
        views.append(
            VolumeView(
                each,
                restriction.label if restriction is not None else None,
                view,
                archive.is_current(each),
            )
        )
    return views


# ---------------------------------------------------------------------------- filing


@blueprint.post("/file")
@signed_in
def file_all(number: str) -> ResponseReturnValue:
    """All that is there and wasn't filed yet is filed; what the rule wants and isn't there is told."""
    file = open_file(number)
    if ARCHIVE not in open_steps(file):
        abort(403)
    with state().database.readers.begin() as session:
        archive = _opened(session, file)
    lines = checklist(file, archive.documents)
    actions = filing_actions(lines, today())
    filings: list[Filing] = []
    usual = default_period(file.ruleset, file.case.judgement.severity.level.id)
    is_whole = not any(each.is_missing for each in lines)
    if _may(file, RETENTIONS) and is_whole and kept(file, archive.records) is None and usual:
        filings.append(
            retention_filing(
                file, None, usual.id, filed_on=today(), place=None, why=None,
                acting_for=who().acting_login,
            )
        )  # fmt: skip

    def make(_session: Session, _loaded: object) -> tuple[list[Filing], list[Action]]:
        return filings, actions

    if not actions and not filings:
        flash(_("Nothing is there that was not filed already."), "warning")
    elif _written(file, make):
        count = len(actions)
        flash(ngettext("%(num)s item was filed.", "%(num)s items were filed.", count), "done")
    lacking = missing_of(lines)
    if lacking:
        names = "、".join(say(each) for each in lacking)
        flash(_("Still missing by art 24: %(items)s.", items=names), "warning")
    return redirect(url_for("archive.show", number=number), 303)


def _may(file: CaseFile, name: str) -> bool:
    register = register_of(file.case, name)
    return register is not None and may_write(who().actor, file.case, file.ref.number, register)


def _written(file: CaseFile, make: Callable[[Session, Any], Any]) -> bool:
    """Write items and steps together; what is wrong is told, and nothing is written then."""
    asking = Asking(
        state().database, law.law(), file.calendar, who().actor, file.ref.id,
        request.form.get("key", ""), sent_at(), today(), origin(),
    )  # fmt: skip
    try:
        write_together(asking, make)
    except NotAllowed:
        abort(403)
    except Faulty as faulty:
        for problem in faulty.problems:
            flash(say(problem.text), "warning")
        return False
    return True


@blueprint.post("/retention")
@signed_in
def retention(number: str) -> ResponseReturnValue:
    """How long the file is kept: another period than that of its level needs a reason."""
    file, _register = opened_to_write(number, RETENTIONS)
    with state().database.readers.begin() as session:
        now_kept = kept(file, _opened(session, file).records)
    problems: list[Problem] = []
    given = Given({name: request.form.get(name, "") for name in _RETENTION}, problems)
    version = request.form.get("version", 0, type=int)
    period, filed_on = given.text("period", 60), given.day("filed_on")
    place, why = given.text("place", 200), given.text("why", 2000)
    try:
        if problems:
            raise Faulty(problems)
        filing = retention_filing(
            file, now_kept, period, filed_on=filed_on, place=place, why=why,
            acting_for=who().acting_login, expected_version=version if now_kept else None,
        )  # fmt: skip
        _file(file, [filing])
    except NotAllowed:
        abort(403)
    except Faulty as faulty:
        return _page(file, placed(faulty.problems)), 400
    flash(_("Recorded."), "done")
    return redirect(url_for("archive.show", number=number) + "#retention", 303)


_RETENTION = ("period", "filed_on", "place", "why")


def _file(file: CaseFile, filings: Sequence[Filing]) -> None:
    file_records(
        state().database, law.law(), file.calendar, who().actor, file.ref.id, filings,
        idempotency_key=request.form.get("key", ""), now=sent_at(), today=today(),
        origin=origin(),
    )  # fmt: skip


# ---------------------------------------------------------------------------- the order


@blueprint.get("/order")
@signed_in
def order(number: str) -> ResponseReturnValue:
    """Every document in its place: its volume, number and pages; those left out with the reason."""
    file = open_file(number)
    return _order_page(file)


#: So many documents stand on one page; of more, a volume at a time.
_MOST_SHOWN = 100


def _holds(view: VolumeView, key: str) -> bool:
    return any(each.document.key == key for each in view.volume.documents)


def _order_page(file: CaseFile, beside: dict[str, list[Words]] | None = None, key: str = "") -> str:
    with state().database.readers.begin() as session:
        archive = _opened(session, file)
    views = _volumes(file, archive)
    shown = views
    if len(list(archive.arranged.placed)) > _MOST_SHOWN:
        # One volume at a time: each document has its forms.
        place = request.args.get("place", 0, type=int)
        wanted = key or request.args.get("at", "")
        at = next((n for n, each in enumerate(views) if _holds(each, wanted)), place)
        shown = views[at : at + 1] or views[:1]
    items = file.ruleset.lists.get("archive_file")
    labels = {each.id: each for each in items.items} if items is not None else {}
    return render_template(
        "archive/order.html",
        **case_context(file),
        volumes=views,
        shown=shown,
        arranged=archive.arranged,
        labels=labels,
        may_arrange=_may(file, ARRANGEMENTS),
        limits=_limits(),
        beside=beside or {},
        at=key,
    )


@blueprint.post("/order")
@signed_in
def arrange(number: str) -> ResponseReturnValue:
    """A document is moved up or down, to another volume, left out, or taken in again."""
    file, _register = opened_to_write(number, ARRANGEMENTS)
    way, key = request.form.get("way", ""), request.form.get("document", "")
    with state().database.readers.begin() as session:
        archive = _opened(session, file)
    if way not in _WAYS:
        abort(400)
    try:
        filing = _change(archive, key, way)
        if filing is not None:
            _file(file, [filing])
    except NotAllowed:
        abort(403)
    except Faulty as faulty:
        return _order_page(file, placed(faulty.problems), key), 400
    return redirect(
        url_for("archive.order", number=number, at=key) + f"#d-{request.form.get('row', '')}", 303
    )


def _change(archive: Archive, key: str, way: str) -> Filing | None:
    """Return what is written for a change of the order, None where nothing changes."""
    placed_now: Placed | None = next(
        (each for each in archive.arranged.placed if each.document.key == key), None
    )
    out = next((each for each in archive.arranged.left_out if each.document.key == key), None)
    if placed_now is None and out is None:
        raise Faulty([Problem("document", Text("There is no such document any more."))])
    document = out.document if out is not None else placed_now.document  # type: ignore[union-attr] # one of both
    change = out.change if out is not None else placed_now.change  # type: ignore[union-attr]
    before = change.values if change is not None else None
    now = before if isinstance(before, Arrangement) else Arrangement(None, key)
    problems: list[Problem] = []
    given = Given({name: request.form.get(name, "") for name in ("volume", "why")}, problems)
    why, volume = given.text("why", 2000), given.count("volume")
    if problems:
        raise Faulty(problems)
    name = say(document.title)[:400]
    match way:
        case "up" | "down":
            after = moved(archive.arranged, key, way)
            if after is None:
                return None
            values = Arrangement(name, key, after, now.volume, None, now.why)
        case "volume":
            if volume is None or volume < 1:
                raise Faulty([Problem("volume", Text("Volumes count from 1."))])
            values = Arrangement(name, key, now.after, volume, None, now.why)
        case "leave_out":
            values = Arrangement(name, key, now.after, now.volume, True, why)
        case "take_in":
            values = Arrangement(name, key, now.after, now.volume, None, None)
        case _:
            values = Arrangement(name, key)
    if change is None:
        return Filing(ARRANGEMENTS, values, acting_for=who().acting_login)
    return Filing(ARRANGEMENTS, values, change.item, change.version, why, who().acting_login)


# ---------------------------------------------------------------------------- long work


@blueprint.post("/bind")
@signed_in
def bind(number: str) -> ResponseReturnValue:
    """The volumes are bound behind the pages."""
    file, _register = opened_to_write(number, VOLUMES)
    return _ask(file, BIND_VOLUMES)


@blueprint.post("/package")
@signed_in
def package(number: str) -> ResponseReturnValue:
    """The package is made behind the pages."""
    file = open_file(number)
    if not may_package(who().actor, file.case, number):
        abort(403)
    return _ask(file, PACKAGE)


def _ask(file: CaseFile, kind: str) -> ResponseReturnValue:
    try:
        with changing(state().database) as session:
            job_id = ask_job(
                session, kind, person_id=who().person.id, login=who().person.login,
                key=request.form.get("key", ""), now=sent_at(), case_id=file.ref.id,
                acting_for=who().acting_login, origin=origin(),
            )  # fmt: skip
    except Faulty as faulty:
        for problem in faulty.problems:
            flash(say(problem.text), "warning")
        return redirect(url_for("archive.show", number=file.ref.number), 303)
    return redirect(url_for("jobs.show", job_id=job_id), 303)


# ---------------------------------------------------------------------------- lending


@blueprint.route("/<register>/new", methods=["GET", "POST"])
@signed_in
@keeps_drafts
@takes_files
def new(number: str, register: str) -> ResponseReturnValue:
    """A new lending; what else the archive writes is written on its own pages."""
    if register not in _OWN:
        abort(404)
    file, found = opened_to_write(number, register)
    if register != LENDINGS:
        return redirect(url_for("archive.show", number=number))
    given = {"lent_on": today().isoformat(), "form": "paper"}
    return edit_item(file, found, None, Room(then=_lendings(number), given=given))


@blueprint.route("/<register>/<int:item>", methods=["GET", "POST"])
@signed_in
@keeps_drafts
@takes_files
def edit(number: str, register: str, item: int) -> ResponseReturnValue:
    """A lending changed, as when the file came back."""
    if register not in _OWN:
        abort(404)
    file, found = opened_to_write(number, register)
    if register != LENDINGS:
        return redirect(url_for("archive.show", number=number))
    return begin_edit(file, found, item, lambda _record: Room(then=_lendings(number)))


def _lendings(number: str) -> str:
    return url_for("archive.show", number=number) + "#lendings"
