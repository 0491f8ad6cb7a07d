"""For system administrators: does the work behind the pages go on, and what failed?"""

from dataclasses import dataclass

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import ngettext

from fireinvest.messages import Text, Words
from fireinvest.services.alert_words import channel_words, failure_words
from fireinvest.services.attending import work_state
from fireinvest.store import sweeps
from fireinvest.store.conflicts import changing
from fireinvest.store.outbox import FailedJob, failed_jobs, try_again
from fireinvest.web.present_lists import list_words
from fireinvest.web.rights import duty
from fireinvest.web.state import state
from fireinvest.web.visiting import sent_at
from fireinvest.workflow.permissions import Duty

blueprint = Blueprint("work", __name__, url_prefix="/work")

_MOST_FAILED = 100
_LATEST_SWEEPS = 14
_LONGEST_ID = 19

_KINDS: dict[str, Words] = {
    "mail": Text("Notice by mail"),
    "webhook": Text("Notice by webhook"),
    "digest": Text("Daily digest"),
}


@dataclass(frozen=True, slots=True)
class FailedView:
    """A job that was given up, in words. ``why``: None where only the log of the server says it."""

    job: FailedJob
    kind: Words
    channel: Words | None
    why: Words


@blueprint.get("")
@duty(Duty.WATCH_WORK)
def show() -> ResponseReturnValue:
    """The last sweep and the next, what waits, and what failed."""
    settings = state().settings.notices
    found = work_state(state().database, sent_at(), settings.sweep_at)
    with state().database.readers.begin() as session:
        latest = sweeps.latest(session, _LATEST_SWEEPS)
        failed = failed_jobs(session, _MOST_FAILED)
    return render_template(
        "work/page.html", work=found, latest=latest, failed=[_view(each) for each in failed],
        now=sent_at(), words=list_words() if found.unheard else None,
    )  # fmt: skip


def _view(job: FailedJob) -> FailedView:
    is_event = job.channel is None
    return FailedView(
        job,
        _KINDS.get(job.kind, Text("What happened to a clock")),
        None if job.channel is None else channel_words(job.channel),
        Text("see the server's log") if is_event else failure_words(_code(job.error)),
    )


def _code(error: str | None) -> str:
    return (error or "").removeprefix("Failed: ")


@blueprint.post("/retry")
@duty(Duty.WATCH_WORK)
def retry() -> ResponseReturnValue:
    """Let jobs that failed be tried once more: one, or all that are shown."""
    given = request.form.get("job", "")
    with changing(state().database) as session:
        ids = [each.id for each in failed_jobs(session, _MOST_FAILED)]
        if given != "all":
            wanted = int(given) if given.isdecimal() and len(given) < _LONGEST_ID else 0
            ids = [each for each in ids if each == wanted]
        count = try_again(session, ids)
    flash(ngettext("%(num)s job is tried again.", "%(num)s jobs are tried again.", count), "done")
    return redirect(url_for("work.show"), 303)
