"""Is the server alive, and can it work? For load balancers and monitoring, as JSON."""

from datetime import UTC, datetime
from typing import Any

from flask import Blueprint

from fireinvest.services.attending import work_state
from fireinvest.store.db import Unreachable, schema_is_current
from fireinvest.web.rights import public
from fireinvest.web.state import state
from fireinvest.web.visiting import sent_at

blueprint = Blueprint("health", __name__, url_prefix="/health")


@blueprint.get("/live")
@public
def live() -> dict[str, Any]:
    """Does the server answer at all? Touches nothing, so that a slow database kills no worker."""
    return {"status": "ok"}


@blueprint.get("/ready")
@public
def ready() -> tuple[dict[str, Any], int]:
    """Can the server work: does the database answer, with the tables of this version?"""
    try:
        current = schema_is_current(state().database.engine)
    except Unreachable:
        return {"status": "unavailable", "reason": "the database does not answer"}, 503
    if not current:
        reason = "the database does not stand at this version; run: fireinvest upgrade"
        return {"status": "unavailable", "reason": reason}, 503
    return {"status": "ok"}, 200


@blueprint.get("/work")
@public
def work() -> tuple[dict[str, Any], int]:
    """Does the work behind the pages go on? A missed sweep is an alarm, and that nobody hears."""
    settings = state().settings.notices
    try:
        if not schema_is_current(state().database.engine):
            return {"status": "unavailable"}, 503
    except Unreachable:
        return {"status": "unavailable"}, 503
    found = work_state(state().database, sent_at(), settings.sweep_at)
    told = {
        "status": "alarm" if found.is_alarm else "ok",
        "last_sweep": _instant(None if found.last is None else found.last.ended_at),
        "next_sweep": _instant(found.next_at),
        "waiting": found.backlog.waiting,
        "oldest_waiting": _instant(found.backlog.oldest_at),
        "failed": found.backlog.failed,
        "unheard": len(found.unheard),
    }
    return told, 503 if found.is_alarm else 200


def _instant(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat(timespec="seconds")
