"""Is the server alive, and can it work? For load balancers and monitoring, as JSON."""

from typing import Any

from flask import Blueprint

from fireinvest.store.db import Unreachable, schema_is_current
from fireinvest.web.rights import public
from fireinvest.web.state import state

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
        reason = "the database does not stand at this version; run: alembic upgrade head"
        return {"status": "unavailable", "reason": reason}, 503
    return {"status": "ok"}, 200
