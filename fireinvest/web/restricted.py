"""Restricted entries: opened one by one, and written down before anything of them shows."""

from flask import abort
from flask.typing import ResponseReturnValue

from fireinvest.services.casefile import CaseFile
from fireinvest.services.log import Act
from fireinvest.store.journal import Line
from fireinvest.web import confirming, noting


def ask_to_open(file: CaseFile, line: Line) -> ResponseReturnValue | None:
    """Return what answers somebody who has to prove first who they are; else open the entry.

    Whoever may not read it isn't asked.
    """
    if not file.may_read(line.entry()):
        abort(403)
    asked = confirming.ask()
    if asked is None:
        note_opened(file, line)
    return asked


def note_opened(file: CaseFile, line: Line) -> None:
    """Write down that whoever is here opens a restricted entry: where that fails, nothing shows."""
    noting.note(Act.RESTRICTED_VIEW, case_id=file.ref.id, item=f"{line.seq}")
