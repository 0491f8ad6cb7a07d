"""Members who match a party: told at once where one of the lists changes, and on the case's page."""

from flask import flash
from flask_babel import ngettext

from fireinvest.services.casefile import CaseFile
from fireinvest.services.teams import MATCHED, matches_in
from fireinvest.store import records as store
from fireinvest.web.state import state
from fireinvest.workflow.matching import Match


def undecided(file: CaseFile) -> list[Match]:
    """Return the matches of a case on which nobody has decided yet; one query."""
    if not set(MATCHED) <= file.ruleset.registers.keys():
        return []
    with state().database.readers.begin() as session:
        records = store.items_of(session, file.ref.id, MATCHED)
    return [each for each in matches_in(file, records) if each.decision is None]


def tell_of_matches(file: CaseFile, register: str) -> None:
    """Say how many matches wait for a decision, after a list changed by which they are found."""
    if register not in MATCHED:
        return
    waiting = len(undecided(file))
    if waiting:
        text = ngettext(
            "%(num)s member matches a party; decide on the page of the team.",
            "%(num)s members match a party; decide on the page of the team.",
            waiting,
        )
        flash(text, "warning")
