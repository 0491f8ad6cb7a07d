"""Which law and which calendar does this request go by? Both are kept between requests."""

from fireinvest.regulation.calendar import Calendar
from fireinvest.regulation.rulesets import Law, known_law
from fireinvest.services.notices import Offered, calendar_in_force, offered_notices
from fireinvest.store.readings import decided
from fireinvest.web.state import state
from fireinvest.workflow.actions import Recounting


def law() -> Law:
    """Return all law that is known here, read once."""
    return known_law(state().settings.law.profiles)


def home_division() -> str:
    """Return the division whose law applies where no place is given."""
    return state().settings.law.home_division


def calendar() -> Calendar:
    """Return the calendar under the notices that were entered: one small query."""
    return calendar_in_force(state().database)


def offered() -> tuple[Offered, ...]:
    """Return the files of the folder whose notices were never applied."""
    return offered_notices(state().database, state().settings.law.notices)


def decisions() -> dict[str, tuple[Recounting, ...]]:
    """Return by profile how unclear points of the rule were decided here: one query."""
    with state().database.readers.begin() as session:
        return decided(session)
