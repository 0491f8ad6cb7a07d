"""What stands in the form for old cases? Shape only: what it means for a case, the law says."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import BinaryIO

from fireinvest.documents.sheets import Row, Taken, read_sheet
from fireinvest.messages import LANGUAGES, Faulty, Problem, Text, Words, render
from fireinvest.regulation.facts import MOST_FEN, Category, Facts, Given, fen_of, parse_yuan
from fireinvest.regulation.profile import Division, Ruleset
from fireinvest.services.contents import NotTaken, media_type_of
from fireinvest.services.old_ledger.columns import COLUMNS, LONGEST_NUMBER, NEEDED
from fireinvest.services.record_tables import FLAGS, dated, same
from fireinvest.spelling import in_one_spelling
from fireinvest.workflow.asking import outcome_words

__all__ = ["MOST_CASES", "Choices", "OldRow", "Wanted", "choices_of", "read_form"]

#: The most lines of one form.
MOST_CASES = 2000
_LONGEST_NAME = {"unit_name": 200, "address": 300, "published_where": 200}
_LONGEST_CELL = 1000
_WAN = Decimal(10_000)
_TIME = "%H:%M"

#: Of each column that is chosen: how its codes are called.
Choices = Mapping[str, Mapping[str, Words]]


def choices_of(ruleset: Ruleset, divisions: Mapping[str, Division]) -> Choices:
    """Return what can be chosen in the form, under the law in force at home."""
    reply = ruleset.steps.get("reply")
    return {
        "division": {code: each.label for code, each in divisions.items()},
        "category": {
            each.value: ruleset.categories[each.value].label
            for each in Category
            if each.value in ruleset.categories
        },
        "social_impact": {"yes": Text("yes"), "no": Text("no")},
        "reply_outcome": {each: outcome_words(each) for each in (reply.outcomes if reply else ())},
    }


@dataclass(frozen=True, slots=True)
class Wanted:
    """A case as a line tells it.

    ``days`` and ``texts``: by column, those that were filled in. ``days_more``: by how many days
    the report's clock was extended.
    """

    old_number: str
    unit_name: str
    address: str
    facts: Facts
    days: Mapping[str, date]
    texts: Mapping[str, str]
    days_more: int | None = None

    @property
    def key(self) -> str:
        """By what the line is known again, whatever file it comes in."""
        return f"{self.facts.division or ''}:{self.old_number}"

    @property
    def digest(self) -> str:
        """A short name for all that it says."""
        facts = {name: str(getattr(self.facts, name)) for name in Facts.__slots__}
        said = [
            self.old_number, self.unit_name, self.address, facts, self.days_more,
            {name: str(day) for name, day in self.days.items()}, dict(self.texts),
        ]  # fmt: skip
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class OldRow:
    """A line of the form: where it stands, what was typed, and the case that it tells.

    ``cells`` and ``places``: by column. ``problems``: by column, or of the line.
    ``wanted``: None where so much is wrong that there is no case to think of.
    """

    number: int
    cells: Mapping[str, str]
    places: Mapping[str, str]
    wanted: Wanted | None
    problems: tuple[Problem, ...]


def read_form(stream: BinaryIO, file_name: str, choices: Choices) -> list[OldRow]:
    """Return the lines of a form that was filled in, each with what is wrong in its cells.

    Raises:
        Faulty: when the file can't be read at all, is too large, or has no line.

    """
    try:
        media_type_of(stream, file_name, allowed=("xlsx",))
    except NotTaken as refused:
        raise Faulty([Problem("files", refused.text)]) from refused
    heads = {name: each.label for name, each in COLUMNS.items()}
    taken = Taken(longest=_LONGEST_CELL, has_days=True)
    try:
        rows = read_sheet(stream, heads, needed=NEEDED, most_rows=MOST_CASES, taken=taken)
    except Faulty as faulty:
        raise Faulty([replace(each, field="files") for each in faulty.problems]) from faulty
    if not rows:
        raise Faulty([Problem("files", Text("There is no row in this table."))])
    known = {
        name: {
            same(called): code
            for code, words in offered.items()
            for called in (code, *(render(words, language) for language in LANGUAGES))
        }
        for name, offered in choices.items()
    }
    return _once([_row(each, known) for each in rows])


def _once(rows: list[OldRow]) -> list[OldRow]:
    """No number of a place stands in two lines."""
    first: dict[str, int] = {}
    found = []
    for row in rows:
        if row.wanted is not None:
            at = first.setdefault(row.wanted.key, row.number)
            if at != row.number:
                text = Text("Row %(row)s has this number already.", row=at)
                problems = (*row.problems, Problem("old_number", text))
                found.append(replace(row, problems=problems))
                continue
        found.append(row)
    return found


def _row(row: Row, known: Mapping[str, Mapping[str, str]]) -> OldRow:
    named = {place: name for name, place in row.places.items()}
    problems = [replace(each, field=named.get(each.field, each.field)) for each in row.problems]
    unread = {each.field for each in problems}
    found: list[Problem] = []
    values = {name: row.cells.get(name, "") for name in COLUMNS}
    for name, codes in known.items():
        if values[name]:
            values[name] = codes.get(same(FLAGS.get(values[name].lower(), values[name])), "")
            if not values[name]:
                text = Text("%(given)s is none of the choices.", given=row.cells[name][:100])
                found.append(Problem(name, text))
    wanted = _wanted(values, found)
    for name in NEEDED:
        if not row.cells.get(name):
            found.append(Problem(name, Text("This is needed.")))
    problems += [each for each in dict.fromkeys(found) if each.field not in unread]
    return OldRow(row.number, row.cells, row.places, wanted if not unread else None, (*problems,))


def _wanted(values: Mapping[str, str], problems: list[Problem]) -> Wanted | None:
    given = Given(
        {name: dated(each) if _is_day(name) else each for name, each in values.items()}, problems
    )
    old_number = given.text("old_number", LONGEST_NUMBER)
    unit, address = (given.text(name, _LONGEST_NAME[name]) for name in ("unit_name", "address"))
    days = {name: day for name in COLUMNS if _is_day(name) if (day := given.day(name)) is not None}
    division, category = given.text("division"), given.choice("category", tuple(Category))
    occurred_on = days.pop("occurred_on", None)
    occurred_at = _instant(occurred_on, given, problems)
    counts = {name: given.count(name) for name in ("deaths", "serious_injuries", "light_injuries")}
    loss, impact = _loss(given, problems), given.flag("social_impact")
    days_more = given.count("extension_days", 3650)
    if ("extension_on" in days) != bool(days_more):
        name = "extension_days" if "extension_on" in days else "extension_on"
        problems.append(Problem(name, Text("This is needed.")))
    texts = {
        name: text
        for name in COLUMNS
        if name.endswith(("_no", "_where", "_outcome")) or name == "leader"
        if (text := given.text(name)) is not None
    }
    if old_number is None or unit is None or address is None or occurred_on is None:
        return None
    facts = Facts(
        occurred_on,
        occurred_at,
        division,
        direct_economic_loss=loss,
        social_impact=impact,
        category=None if category is None else Category(category),
        deaths=counts["deaths"],
        serious_injuries=counts["serious_injuries"],
        light_injuries=counts["light_injuries"],
    )
    number = in_one_spelling(old_number)
    return Wanted(
        number, in_one_spelling(unit), in_one_spelling(address), facts, days, texts, days_more
    )


def _is_day(name: str) -> bool:
    return name.endswith("_on")


def _instant(on: date | None, given: Given, problems: list[Problem]) -> datetime | None:
    """The instant of the fire, where the time of day stands in the line too."""
    written = given.text("occurred_time")
    if written is None or on is None:
        return None
    try:
        time = datetime.strptime(written.replace("：", ":")[:5], _TIME)  # noqa: DTZ007 - no day yet
    except ValueError:
        problems.append(Problem("occurred_time", Text("A time of day like 08:30 is needed.")))
        return None
    moment = Given({"at": f"{on}T{time:%H:%M}"}, problems).moment("at")
    return None if moment is None else moment[1]


def _loss(given: Given, problems: list[Problem]) -> int | None:
    """An amount in 10,000 yuan, exactly, in fen."""
    written = given.take("loss")
    if not written:
        return None
    amount = parse_yuan(f"{written}")
    fen = None if amount is None else fen_of(amount * _WAN)
    if fen is None or fen > MOST_FEN:
        text = Text("An amount in 10,000 yuan is needed, such as 186.5.")
        problems.append(Problem("loss", text))
        return None
    return fen
