"""What does a holiday notice say that somebody typed, or brings as a file of public data?

JSON and TOML as this application writes notices, the JSON in which public holiday data comes
(``{"year": …, "days": [{"name", "date", "isOffDay"}]}``), and CSV with the same columns.
"""

import csv
import io
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date

from fireinvest.messages import Faulty, Problem, Text, excerpt
from fireinvest.regulation.calendar import ONE_DAY, Calendar, Notice, parse_day, parse_notice

LARGEST_FILE = 1024 * 1024
#: More days than a year has; a longer list is no notice.
_MOST_LINES = 400
_LONGEST_RANGE = 60  # days
#: Keys of the public form that say nothing about days.
_IGNORED = frozenset({"$schema", "$id", "papers", "days"})
_YES = frozenset({"true", "1", "yes", "y", "off", "休", "是"})
_NO = frozenset({"false", "0", "no", "n", "work", "班", "否"})
_RANGE = re.compile(
    r"(?P<first>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:\s*(?:至|到|~|～|–|—|\bto\b|\s)\s*(?P<last>[0-9]{4}-[0-9]{2}-[0-9]{2}))?"
    r"(?:[\s,，：:]+(?P<name>.*))?"
)


def notice_in(
    content: bytes,
    name: str,
    *,
    known: Calendar | None = None,
    given: Mapping[str, object] | None = None,
) -> Notice:
    """Return the notice that a file holds. Its name tells the format: .json, .toml or .csv.

    ``given``: what was typed beside it, such as the number that public data lacks; it counts
    where the file doesn't say it.

    Raises:
        Faulty: naming each key or line that can't be taken.

    """
    if len(content) > LARGEST_FILE:
        raise Faulty(
            [Problem("file", Text("The file is larger than %(most)s bytes.", most=LARGEST_FILE))]
        )
    document = _document(content, name.lower())
    for key, value in (given or {}).items():
        if value is not None and not document.get(key):
            document[key] = value
    return parse_notice(document, known=known)


def _document(content: bytes, name: str) -> dict[str, object]:
    try:
        text = content.decode("utf-8-sig")
        if name.endswith(".csv"):
            return _of_table(text)
        if name.endswith(".toml"):
            found: object = tomllib.loads(text)
        else:
            found = json.loads(text)
    except (ValueError, RecursionError, csv.Error) as error:
        text_ = Text("The file can't be read: %(why)s.", why=type(error).__name__)
        raise Faulty([Problem("file", text_)]) from error
    if not isinstance(found, dict):
        raise Faulty([Problem("file", Text("A table is needed."))])
    return _of_days(found) if "days" in found else found


def _of_days(found: dict[str, object]) -> dict[str, object]:
    """The public form: a list of days, each off or worked."""
    days = found["days"]
    if not isinstance(days, list) or len(days) > _MOST_LINES:
        text = Text("A list of at most %(most)s days is needed.", most=_MOST_LINES)
        raise Faulty([Problem("days", text)])
    rows = []
    for at, each in enumerate(days, 1):
        if not isinstance(each, dict) or not isinstance(each.get("isOffDay"), bool):
            text = Text("Entry %(line)s: name, date and isOffDay are needed.", line=at)
            raise Faulty([Problem("days", text)])
        rows.append((at, f"{each.get('date')}", f"{each.get('name') or ''}", each["isOffDay"]))
    rest = {key: value for key, value in found.items() if key not in _IGNORED}
    return {**_sorted_days(rows, "days"), **rest}


def _of_table(text: str) -> dict[str, object]:
    """CSV with a head: date, name, isOffDay, in whatever order."""
    reader = csv.DictReader(io.StringIO(text))
    heads = {(each or "").strip().lower(): each for each in reader.fieldnames or ()}
    columns = [
        next((heads[name] for name in names if name in heads), None)
        for names in (("date", "日期"), ("name", "名称", "节日"), ("isoffday", "off", "放假"))
    ]
    if columns[0] is None or columns[2] is None:
        text_ = Text("The first line must name the columns: date, name, isOffDay.")
        raise Faulty([Problem("file", text_)])
    rows = []
    for row in reader:
        at = reader.line_num
        day, name, off = ((row.get(each or "") or "").strip() for each in columns)
        if at > _MOST_LINES:
            text_ = Text("A list of at most %(most)s days is needed.", most=_MOST_LINES)
            raise Faulty([Problem("file", text_)])
        if off.lower() not in _YES | _NO:
            text_ = Text("Line %(line)s: isOffDay must be true or false.", line=at)
            raise Faulty([Problem("file", text_)])
        rows.append((at, day, name, off.lower() in _YES))
    return _sorted_days(rows, "file")


def _sorted_days(rows: list[tuple[int, str, str, bool]], field: str) -> dict[str, object]:
    off: dict[str, str] = {}
    worked: list[str] = []
    problems = []
    for at, day, name, is_off in rows:
        if parse_day(day) is None:
            text = Text(
                "Line %(line)s: %(given)s is not a date like 2027-01-31.",
                line=at,
                given=excerpt(day),
            )
            problems.append(Problem(field, text))
        elif day in off or day in worked:
            text = Text("Line %(line)s: %(day)s stands there twice.", line=at, day=day)
            problems.append(Problem(field, text))
        elif is_off:
            off[day] = name
        else:
            worked.append(day)
    if problems:
        raise Faulty(problems)
    days = [*off, *worked]
    # New Year's swap may reach into the December before.
    year = int(max(days)[:4]) if days else None
    return {"year": year, "off": off, "worked": worked}


def days_off_in(text: str) -> dict[str, str]:
    """Return the days that lines like ``2027-02-05 至 2027-02-11 春节`` give, each with its name.

    Raises:
        Faulty: naming each line that can't be taken.

    """
    off: dict[str, str] = {}
    problems = []
    for at, line in _lines(text):
        span = _span(line)
        if span is None:
            wrong = Text(
                "Line %(line)s: a day or two days and a name are needed, like "
                "2027-02-05 2027-02-11 Spring Festival.",
                line=at,
            )
            problems.append(Problem("off", wrong))
            continue
        first, last, name = span
        for day in (first + at_day * ONE_DAY for at_day in range((last - first).days + 1)):
            if day.isoformat() in off:
                twice = Text("Line %(line)s: %(day)s stands there twice.", line=at, day=day)
                problems.append(Problem("off", twice))
            off[day.isoformat()] = name
    if problems:
        raise Faulty(problems)
    return off


def _span(line: str) -> tuple[date, date, str] | None:
    found = _RANGE.fullmatch(line)
    if found is None:
        return None
    first = parse_day(found["first"])
    last = parse_day(found["last"]) if found["last"] else first
    if first is None or last is None or not 0 <= (last - first).days <= _LONGEST_RANGE:
        return None
    return first, last, (found["name"] or "").strip()


def days_in(text: str) -> list[str]:
    """Return the days of a text, one a line or with blanks or commas between."""
    return [each for each in re.split(r"[\s,，、;；]+", text) if each]


def _lines(text: str) -> Iterator[tuple[int, str]]:
    for at, line in enumerate(text.splitlines()[:_MOST_LINES], 1):
        if line.strip():
            yield at, line.strip()
