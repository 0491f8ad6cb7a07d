"""Which calendar holds now? The library's years, and the notices in a folder of files."""

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path

from fireinvest.messages import Faulty, Problem, Text
from fireinvest.regulation.calendar import Calendar, Notice, notice_document
from fireinvest.regulation.loading import ProfileFaulty
from fireinvest.services.notice_files import LARGEST_FILE, notice_in


def read_notice(path: Path, *, given: Mapping[str, object] | None = None) -> Notice:
    """Return the notice that a TOML, JSON or CSV file holds.

    ``given``: what counts where the file doesn't say it, such as the document's number.

    Raises:
        ProfileFaulty: naming the file and each key that can't be taken.

    """
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
        return notice_in(content, path.name, given=given)
    except OSError as error:
        text = Text("The file can't be read: %(why)s.", why=type(error).__name__)
        raise ProfileFaulty(path.name, [Problem("", text)]) from error
    except Faulty as faulty:
        raise ProfileFaulty(path.name, list(faulty.problems)) from faulty


def notices_in(folder: Path | None) -> tuple[Notice, ...]:
    """Return the notices of a folder of TOML and JSON files, in order of their names.

    Raises:
        ProfileFaulty: when one of them can't be used.

    """
    return () if folder is None else tuple(read_notice(path) for path in files_in(folder))


def files_in(folder: Path) -> list[Path]:
    """Return the files of a folder that may hold notices, in order of their names."""
    return sorted([*folder.glob("*.toml"), *folder.glob("*.json")])


_calendars: dict[tuple[str, ...], Calendar] = {}


def calendar_with(notices: Iterable[Notice]) -> Calendar:
    """Return the calendar under the notices; of two for one year the later one holds.

    The same notices give the same calendar, so that its years are laid out once.
    """
    chosen = tuple(notices)
    key = tuple(notice_document(each) for each in chosen)
    if key not in _calendars:
        _calendars.clear()
        _calendars[key] = Calendar(chosen)
    return _calendars[key]


#: From this day on next year's notice, which comes out in November, is missed.
_MISSED_FROM = (12, 1)


def missing_notice(calendar: Calendar, today: date) -> int | None:
    """Return the year whose notice should be here by now and isn't, None where none is missed.

    Next year's is missed from 1 December on; this year's at any time.
    """
    until = calendar.announced_until.year
    wanted = today.year + ((today.month, today.day) >= _MISSED_FROM)
    return until + 1 if until < wanted else None
