"""What may stand in the address of the log? Each value is checked where it stands in the form."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from typing import Any

from werkzeug.datastructures import MultiDict
from wtforms import Form, StringField

from fireinvest.china import CHINA
from fireinvest.messages import Problem, Text
from fireinvest.regulation.calendar import FIRST_DAY, LAST_DAY, ONE_DAY, parse_day
from fireinvest.services.log import LogKey
from fireinvest.web.forms.lists import LONGEST_VALUE, SIZES, Choices, tidy

_BETWEEN = "~"
_LARGEST_ID = 2**63 - 1


class CaseLogForm(Form):
    """The filters of the log of one case: the kind of lines, and the page."""

    kind = StringField(filters=[tidy])
    size = StringField(filters=[tidy])
    after = StringField(filters=[tidy])

    def problems(self, args: MultiDict[str, str], choices: Choices) -> Iterator[Problem]:
        """Yield what is wrong, each with the field at which it stands."""
        for name, values in args.lists():
            if name == "lang":
                continue
            if name not in self:
                yield Problem(name[:40], Text("This field is not known."))
            elif len(values) > 1:
                yield Problem(name, Text("This field is given twice."))
        if self.kind.data and self.kind.data not in {each.code for each in choices["kind"]}:
            yield Problem("kind", Text("Choose one of those that are offered."))
        if self.size.data and self.size.data not in SIZES:
            yield Problem("size", Text("Choose one of those that are offered."))
        if self.after.data and self.key is None:
            yield Problem("after", Text("There is no such page; begin with the first."))

    @property
    def key(self) -> LogKey | None:
        """The line after which the page begins."""
        at, _, row = (self.after.data or "").partition(_BETWEEN)
        is_row = row.isascii() and row.isdigit() and len(row) <= len(str(_LARGEST_ID))
        if not is_row or int(row) > _LARGEST_ID:
            return None
        try:
            found = datetime.fromisoformat(at)
        except ValueError:
            return None
        is_in_reach = found.tzinfo is None and FIRST_DAY.year <= found.year <= LAST_DAY.year
        return LogKey(found.replace(tzinfo=UTC), int(row)) if is_in_reach else None

    @property
    def lines(self) -> int:
        """How many lines a page has."""
        return int(self.size.data or SIZES[0])

    def address(self, **changes: str | None) -> dict[str, Any]:
        """Return what the shortest address with these changes says; it begins with the first page.

        A change to None leaves the field out.
        """
        found = {field.name: field.data for field in self if field.name != "after"} | changes
        if found["size"] == SIZES[0]:
            del found["size"]
        return {name: value for name, value in found.items() if value}

    def asked(self) -> dict[str, Any]:
        """Return what is looked for, without the page."""
        return {
            field.name: field.data
            for field in self
            if field.data and field.name not in ("size", "after")
        }


class LogForm(CaseLogForm):
    """The filters of the log of all cases and accounts."""

    person = StringField(filters=[tidy])
    about = StringField(filters=[tidy])
    number = StringField(filters=[tidy])
    address_from = StringField(filters=[tidy])
    since = StringField(filters=[tidy])
    until = StringField(filters=[tidy])

    def problems(self, args: MultiDict[str, str], choices: Choices) -> Iterator[Problem]:
        """Yield what is wrong, each with the field at which it stands."""
        yield from super().problems(args, choices)
        for name in ("person", "about", "number", "address_from"):
            if len(self[name].data or "") > LONGEST_VALUE:
                yield Problem(
                    name, Text("At most %(most)s characters are taken.", most=LONGEST_VALUE)
                )
        for name in ("since", "until"):
            if self[name].data and self.day(name) is None:
                text = Text(
                    "A day from %(first)s to %(last)s is needed.", first=FIRST_DAY, last=LAST_DAY
                )
                yield Problem(name, text)
        first, last = self.day("since"), self.day("until")
        if first is not None and last is not None and last < first:
            yield Problem("until", Text("The last day lies before the first."))

    def day(self, name: str) -> date | None:
        """Return the day that a field holds, None where it holds none that counts reach."""
        found = parse_day(self[name].data or "")
        return found if found is not None and FIRST_DAY <= found <= LAST_DAY else None

    def from_instant(self) -> datetime | None:
        """Return the first instant that is wanted, None for the beginning of the log."""
        day = self.day("since")
        return None if day is None else datetime.combine(day, time(), CHINA)

    def until_instant(self) -> datetime | None:
        """Return the first instant that is no longer wanted, None where none is."""
        day = self.day("until")
        return None if day is None else datetime.combine(day + ONE_DAY, time(), CHINA)


def written_key(key: LogKey) -> str:
    """Return the key of a page of the log as an address holds it."""
    at = key.happened_at.astimezone(UTC).replace(tzinfo=None)
    return f"{at.isoformat(timespec='microseconds')}{_BETWEEN}{key.id}"
