"""What may stand in the address of the log? Each value is checked where it stands in the form."""

from collections.abc import Iterator
from datetime import UTC, datetime, time
from typing import Any

from werkzeug.datastructures import MultiDict
from wtforms import StringField

from fireinvest.china import CHINA
from fireinvest.messages import Problem, Text
from fireinvest.regulation.calendar import FIRST_DAY, LAST_DAY, ONE_DAY
from fireinvest.services.log import LogKey
from fireinvest.web.forms.lists import LONGEST_VALUE, Choices, PagedForm, tidy

_BETWEEN = "~"
_LARGEST_ID = 2**63 - 1


class CaseLogForm(PagedForm):
    """The filters of the log of one case: the kind of lines, and the page."""

    kind = StringField(filters=[tidy])
    size = StringField(filters=[tidy])
    after = StringField(filters=[tidy])

    def problems(self, args: MultiDict[str, str], choices: Choices) -> Iterator[Problem]:
        """Yield what is wrong, each with the field at which it stands."""
        yield from self.unknown(args)
        yield from self.not_offered(choices)
        yield from self.wrong_page()

    def has_key(self) -> bool:
        """Can the key of the page be read?"""
        return self.key is not None

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
        yield from self.wrong_days("since", "until")

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
