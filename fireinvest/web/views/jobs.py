"""Long work: how far it is, its cancelling, and the files that it made.

Whoever asked for it sees it, and system administrators do; its files are for the asker alone, as
long as they may still see what is in them.
"""

from collections.abc import Callable, Mapping
from http import HTTPStatus

from flask import (
    Blueprint,
    Response,
    abort,
    flash,
    jsonify,
    redirect,
    render_template,
    send_file,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from fireinvest.gateways.blobs import NoSuchBlob
from fireinvest.messages import Text, Words
from fireinvest.services.jobs import Job, JobState, Seen, cancel_job, latest, see_job
from fireinvest.services.log import Act
from fireinvest.services.long_work import HANDLERS
from fireinvest.store.cases import find_case
from fireinvest.store.conflicts import changing
from fireinvest.web import law, noting
from fireinvest.web.present import say
from fireinvest.web.rights import signed_in
from fireinvest.web.state import state
from fireinvest.web.visiting import origin, sent_at, today, who
from fireinvest.workflow.permissions import Duty

blueprint = Blueprint("jobs", __name__, url_prefix="/jobs")

STATES: dict[JobState, Words] = {
    JobState.WAITING: Text("waits its turn"),
    JobState.RUNNING: Text("is being done"),
    JobState.DONE: Text("is done"),
    JobState.FAILED: Text("failed"),
    JobState.CANCELLED: Text("was cancelled"),
}
_UNKNOWN = Text("Long work")


def label_of(job: Job) -> Words:
    """Return what a job is, in words."""
    return HANDLERS[job.kind].label if job.kind in HANDLERS else _UNKNOWN


@blueprint.get("")
@signed_in
def index() -> ResponseReturnValue:
    """What somebody asked for, the newest first; for system administrators, what everybody did."""
    sees_all = who().has(Duty.WATCH_WORK)
    with state().database.readers.begin() as session:
        found = latest(session, None if sees_all else who().person.id)
    return render_template("jobs/list.html", jobs=found, label_of=label_of, states=STATES)


@blueprint.get("/<int:job_id>")
@signed_in
def show(job_id: int) -> ResponseReturnValue:
    """How far a job is, and what it made."""
    seen = _seen(job_id)
    job = seen.job
    with state().database.readers.begin() as session:
        case = None if job.case_id is None else find_case(session, job.case_id)
    is_mine = job.person_id == who().person.id
    return render_template(
        "jobs/page.html",
        seen=seen,
        job=job,
        label=label_of(job),
        states=STATES,
        number=None if case is None or not is_mine else case["number"],
        target=_address(job) if is_mine else None,
        may_take=is_mine and _may_take(job),
        days=state().settings.job_days,
    )


@blueprint.get("/<int:job_id>/state")
@signed_in
def standing(job_id: int) -> ResponseReturnValue:
    """How far a job is, for the script of its page."""
    seen = _seen(job_id)
    answer = jsonify(
        state=seen.job.state.value,
        words=say(STATES[seen.job.state]),
        is_open=seen.job.state.is_open,
        share=seen.share,
        stage="" if seen.stage is None else say(seen.stage),
    )
    answer.cache_control.no_store = True
    return answer


@blueprint.post("/<int:job_id>/cancel")
@signed_in
def cancel(job_id: int) -> ResponseReturnValue:
    """A job isn't wanted any more."""
    seen = _seen(job_id)
    with changing(state().database) as session:
        done = cancel_job(
            session, seen.job, login=who().person.login, now=sent_at(), origin=origin()
        )
    if done:
        flash(_("It is cancelled."), "done")
    return redirect(url_for("jobs.show", job_id=job_id), 303)


@blueprint.get("/<int:job_id>/files/<int:place>")
@signed_in
def file(job_id: int, place: int) -> ResponseReturnValue:
    """A file that a job made, for whoever asked for it."""
    seen = _seen(job_id)
    job = seen.job
    found = next((each for each in seen.files if each.place == place), None)
    if found is None or job.person_id != who().person.id or not _may_take(job):
        abort(HTTPStatus.NOT_FOUND)
    try:
        stream = state().blobs.open(found.blob)
    except NoSuchBlob:
        abort(HTTPStatus.NOT_FOUND)
    noting.note(Act.DOWNLOAD, case_id=job.case_id, item=f"job {job.id} {found.blob}")
    answer: Response = send_file(
        stream,
        mimetype="application/octet-stream",
        as_attachment=True,
        download_name=found.name,
        max_age=0,
    )
    answer.content_length = found.size
    return answer


def _seen(job_id: int) -> Seen:
    with state().database.readers.begin() as session:
        found = see_job(session, job_id, who().person.id, sees_all=who().has(Duty.WATCH_WORK))
    if found is None:
        abort(HTTPStatus.NOT_FOUND)
    return found


def _may_take(job: Job) -> bool:
    """May whoever is here still have what the job made? Posts end, and people are recused."""
    kind = HANDLERS.get(job.kind)
    if kind is None or job.state is not JobState.DONE:
        return False
    with state().database.readers.begin() as session:
        return kind.may_take(session, law.law(), who().actor, job, today())


def _address(job: Job) -> str | None:
    """Return where that stands what a job made beside files."""
    if job.target is None:
        return None
    what, _slash, which = job.target.partition("/")
    return _PLACES[what](which) if what in _PLACES else None


#: Where what jobs make is shown, by the first part of a job's target.
_PLACES: Mapping[str, Callable[[str], str]] = {
    "case": lambda number: url_for("case.show", number=number),
    "archive": lambda number: url_for("archive.show", number=number),
    "package": lambda number: url_for("archive.show", number=number) + "#packages-title",
    "imported": lambda imported_id: url_for("packages.show", imported_id=int(imported_id)),
    "ledger": lambda _which: url_for("ledgers.show"),
    "old_cases": lambda staged: url_for("old_cases.show", staged=staged),
    "disposal": lambda list_id: url_for("archives.disposal", list_id=int(list_id)),
}
