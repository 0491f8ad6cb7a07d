"""Which calendar holds now? The library's years, and the notices in a folder of files."""

import json
from collections.abc import Iterable
from pathlib import Path

from fireinvest.messages import Faulty, Problem, Text
from fireinvest.regulation.calendar import Calendar, Notice, notice_document, parse_notice
from fireinvest.regulation.loading import ProfileFaulty, read_toml

LARGEST_FILE = 1024 * 1024


def read_notice(path: Path) -> Notice:
    """Return the notice that a TOML or JSON file holds.

    Raises:
        ProfileFaulty: naming the file and each key that can't be taken.

    """
    try:
        return parse_notice(_read_json(path) if path.suffix == ".json" else read_toml(path)[0])
    except ProfileFaulty:
        raise
    except Faulty as faulty:
        raise ProfileFaulty(path.name, list(faulty.problems)) from faulty


def _read_json(path: Path) -> dict[str, object]:
    try:
        content = path.read_bytes()
        document = json.loads(content) if len(content) <= LARGEST_FILE else None
    except (OSError, ValueError, RecursionError) as error:
        text = Text("The file can't be read: %(why)s.", why=type(error).__name__)
        raise ProfileFaulty(path.name, [Problem("", text)]) from error
    if not isinstance(document, dict):
        raise ProfileFaulty(path.name, [Problem("", Text("A table is needed."))])
    return document


def notices_in(folder: Path | None) -> tuple[Notice, ...]:
    """Return the notices of a folder of TOML and JSON files, in order of their names.

    Raises:
        ProfileFaulty: when one of them can't be used.

    """
    if folder is None:
        return ()
    files = sorted([*folder.glob("*.toml"), *folder.glob("*.json")])
    return tuple(read_notice(path) for path in files)


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
