"""Who has seen, taken or printed what: written down from the pages that give it."""

import logging
from collections.abc import Mapping
from datetime import timedelta

from flask import request

from fireinvest.services.log import Act, Noted, case_id_of, note_once, note_refusal
from fireinvest.services.log import note as write
from fireinvest.web.state import state
from fireinvest.web.visiting import origin, sent_at, visitor, who

logger = logging.getLogger(__name__)

#: A page that somebody looks at again within this time is the same look.
ONE_LOOK = timedelta(minutes=30)
_LONGEST_PATH = 300
#: What writes down more than that it was looked at.
_NOTED_ELSEWHERE = ("attachment", "picture")


def note(
    what: str,
    *,
    case_id: int | None = None,
    item: str | None = None,
    about: str | None = None,
    reason: str | None = None,
    new: Mapping[str, object] | None = None,
) -> None:
    """Write down what whoever is here gets, before they get it.

    Where it can't be written down, it is raised and nothing is given: for what is restricted,
    taken away or exported.
    """
    write(
        state().database,
        _noted(what, case_id, item),
        now=sent_at(),
        origin=origin(),
        about=about,
        reason=reason,
        new=new,
    )


def note_again(what: str, *, within: timedelta, case_id: int | None = None, item: str) -> None:
    """Write it down like ``note``, but not again within this time."""
    noted = _noted(what, case_id, item)
    note_once(state().database, noted, now=sent_at(), within=within, origin=origin())


def note_view(case_id: int) -> None:
    """Write down that whoever is here looks at this page of a case, once in half an hour.

    Work on a case goes on where it can't be written down just now, as while the disk is full; the
    server's log then says what is missing.
    """
    endpoint = request.endpoint or ""
    if request.method not in ("GET", "HEAD") or endpoint.endswith(_NOTED_ELSEWHERE):
        return
    noted = _noted(Act.VIEW, case_id, endpoint)
    try:
        note_once(state().database, noted, now=sent_at(), within=ONE_LOOK, origin=origin())
    except Exception:
        fields = {"person": noted.person, "case_id": case_id, "page": endpoint}
        logger.exception("a view could not be written down", extra={"fields": fields})


def note_refused() -> None:
    """Write down that whoever is here was refused this address, or that a case was hidden."""
    found = visitor()
    if found is None:
        return  # Nobody: they were asked to sign in.
    number = (request.view_args or {}).get("number")
    path = request.path[:_LONGEST_PATH]
    try:
        case_id = case_id_of(state().database, str(number)) if number is not None else None
        noted = _noted(Act.REFUSED, case_id, f"{request.method} {path}")
        note_refusal(state().database, noted, now=sent_at(), origin=origin())
    except Exception:
        # The answer stays a refusal; the server's log has the address with the request's id.
        fields = {"person": found.person.login}
        logger.exception("a refusal could not be written down", extra={"fields": fields})


def _noted(what: str, case_id: int | None, item: str | None) -> Noted:
    found = who()
    login, acting_for = found.person.login, found.acting_login
    return Noted(login, str(what), case_id, item, acting_for, origin().address)
