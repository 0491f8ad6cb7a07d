"""Which law and which calendar does this request go by? Both are kept between requests."""

from functools import lru_cache
from pathlib import Path

from fireinvest.regulation.calendar import Calendar, Notice
from fireinvest.regulation.rulesets import Law, known_law
from fireinvest.services.calendars import calendar_with, notices_in
from fireinvest.services.notices import stored_notices
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
    """Return the calendar under the notices of the folder and the database: one query."""
    stored = stored_notices(state().database)
    return calendar_with((*_notices_in_folder(), *stored))


def decisions() -> dict[str, tuple[Recounting, ...]]:
    """Return by profile how unclear points of the rule were decided here: one query."""
    with state().database.readers.begin() as session:
        return decided(session)


def _notices_in_folder() -> tuple[Notice, ...]:
    folder = state().settings.law.notices
    if folder is None:
        return ()
    files = tuple((each.name, each.stat().st_mtime_ns) for each in sorted(folder.iterdir()))
    return _read_notices(folder, files)


@lru_cache(maxsize=4)
def _read_notices(folder: Path, _files: tuple[tuple[str, int], ...]) -> tuple[Notice, ...]:
    """Read them again only when a file came, went or changed."""
    return notices_in(folder)
