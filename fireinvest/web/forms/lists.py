"""What may stand in the address of a list? Each value is checked where it stands in the form."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

from werkzeug.datastructures import MultiDict
from wtforms import Form, StringField

from fireinvest.messages import Problem, Text, Words
from fireinvest.regulation.calendar import FIRST_DAY, LAST_DAY, parse_day
from fireinvest.regulation.clocks import Light
from fireinvest.regulation.profile import Weight
from fireinvest.services.boards import BoardFilters, BoardKey
from fireinvest.services.cases import Filters, Standing
from fireinvest.store.search import LONGEST_QUERY

#: More characters than any value that makes sense; what follows is not even shown again.
LONGEST_VALUE = 300
#: A key names a deadline by its day, case, clock and reference.
LONGEST_KEY = 300

SIZES = ("20", "50", "100")
#: What a check box sends.
YES = "1"
_LARGEST_ID = 2**31 - 1
_BETWEEN = "~"

#: The weights that the board shows where nothing is chosen: what the law or a document sets.
BINDING = "binding"
EVERY_WEIGHT = "all"
_WEIGHTS: Mapping[str, frozenset[Weight] | None] = {
    BINDING: frozenset({Weight.STATUTORY, Weight.SET}),
    EVERY_WEIGHT: None,
    **{each.value: frozenset({each}) for each in Weight},
}


@dataclass(frozen=True, slots=True)
class Choice:
    """A value that a field may have, and how it is called."""

    code: str
    words: Words


Choices = Mapping[str, Collection[Choice]]


def tidy(value: str | None) -> str:
    """Return what stands in an address without blanks around it, no longer than is looked at."""
    return (value or "").strip()[: LONGEST_VALUE + 1]


class PagedForm(Form):
    """What the address of any list can do, whatever its filters: it has a page and its size."""

    size: StringField
    after: StringField

    def unknown(self, args: MultiDict[str, str]) -> Iterator[Problem]:
        """Yield what the form doesn't have, or is given twice."""
        for name, values in args.lists():
            if name == "lang":
                continue
            if name not in self:
                yield Problem(name[:40], Text("This field is not known."))
            elif len(values) > 1:
                yield Problem(name, Text("This field is given twice."))

    def not_offered(self, choices: Choices) -> Iterator[Problem]:
        """Yield where something else was chosen than what is offered."""
        for name, offered in choices.items():
            given = self[name].data
            if given and given not in {each.code for each in offered}:
                yield Problem(name, Text("Choose one of those that are offered."))

    def wrong_days(self, first_name: str, last_name: str) -> Iterator[Problem]:
        """Yield what is wrong with a first and a last day."""
        for name in (first_name, last_name):
            if self[name].data and self.day(name) is None:
                text = Text(
                    "A day from %(first)s to %(last)s is needed.", first=FIRST_DAY, last=LAST_DAY
                )
                yield Problem(name, text)
        first, last = self.day(first_name), self.day(last_name)
        if first is not None and last is not None and last < first:
            yield Problem(last_name, Text("The last day lies before the first."))

    def wrong_page(self) -> Iterator[Problem]:
        """Yield what is wrong with the page and its size."""
        if self.size.data and self.size.data not in SIZES:
            yield Problem("size", Text("Choose one of those that are offered."))
        if self.after.data and not self.has_key():
            yield Problem("after", Text("There is no such page; begin with the first."))

    def has_key(self) -> bool:
        """Can the key of the page be read?"""
        raise NotImplementedError

    def day(self, name: str) -> date | None:
        """Return the day that a field holds, None where it holds none that counts reach."""
        found = parse_day(self[name].data or "")
        return found if found is not None and FIRST_DAY <= found <= LAST_DAY else None

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


class ListForm(PagedForm):
    """What the addresses of all lists of cases have: filters that they share, and the page."""

    #: The fields for the first and last day, as a pair.
    DAYS: ClassVar[tuple[str, str]]

    place = StringField(filters=[tidy])
    level = StringField(filters=[tidy])
    light = StringField(filters=[tidy])
    mine = StringField(filters=[tidy])
    size = StringField(filters=[tidy])
    after = StringField(filters=[tidy])

    def problems(self, args: MultiDict[str, str], choices: Choices) -> Iterator[Problem]:
        """Yield what is wrong, each with the field at which it stands."""
        yield from self.unknown(args)
        yield from self.not_offered(choices)
        yield from self.wrong_days(*self.DAYS)
        if self.mine.data not in ("", YES):
            yield Problem("mine", Text("Choose one of those that are offered."))
        yield from self.wrong_page()

    def given(self, name: str) -> str | None:
        """Return what a field holds, None where it is blank."""
        return self[name].data or None

    @property
    def is_mine(self) -> bool:
        """Are only the cases wanted that whoever is here carries?"""
        return self.mine.data == YES


class CasesForm(ListForm):
    """The filters of the list of cases."""

    DAYS = ("occurred_from", "occurred_until")

    text = StringField(filters=[tidy])
    stage = StringField(filters=[tidy])
    mode = StringField(filters=[tidy])
    standing = StringField(filters=[tidy])
    occurred_from = StringField(filters=[tidy])
    occurred_until = StringField(filters=[tidy])

    def problems(self, args: MultiDict[str, str], choices: Choices) -> Iterator[Problem]:
        """Yield what is wrong, each with the field at which it stands."""
        yield from super().problems(args, choices)
        if len(self.text.data or "") > LONGEST_QUERY:
            text = Text("At most %(number)s characters are searched for.", number=LONGEST_QUERY)
            yield Problem("text", text)

    def has_key(self) -> bool:
        """Can the key of the page be read?"""
        return self.key is not None

    @property
    def key(self) -> int | None:
        """The id of the case after which the page begins."""
        return _id(self.after.data or "")

    def filters(self, login: str, today: date) -> Filters:
        """Return what is wanted; ``login`` is whose cases are "mine"."""
        return Filters(
            place=self.given("place"),
            level=self.given("level"),
            stage=self.given("stage"),
            mode=self.given("mode"),
            carrier=login if self.is_mine else None,
            standing=Standing(self.standing.data) if self.standing.data else None,
            light=Light(self.light.data) if self.light.data else None,
            today=today,
            occurred_from=self.day("occurred_from"),
            occurred_until=self.day("occurred_until"),
            text=self.given("text"),
        )


class BoardForm(ListForm):
    """The filters of the board of deadlines."""

    DAYS = ("due_from", "due_until")

    clock = StringField(filters=[tidy])
    weight = StringField(filters=[tidy])
    carrier = StringField(filters=[tidy])
    late = StringField(filters=[tidy])
    due_from = StringField(filters=[tidy])
    due_until = StringField(filters=[tidy])

    def problems(self, args: MultiDict[str, str], choices: Choices) -> Iterator[Problem]:
        """Yield what is wrong, each with the field at which it stands."""
        yield from super().problems(args, choices)
        if self.late.data not in ("", YES):
            yield Problem("late", Text("Choose one of those that are offered."))

    def has_key(self) -> bool:
        """Can the key of the page be read?"""
        return self.key is not None

    @property
    def key(self) -> BoardKey | None:
        """The deadline after which the page begins."""
        parts = (self.after.data or "").split(_BETWEEN, 3)
        if len(parts) != 4 or len(self.after.data or "") > LONGEST_KEY:
            return None
        on, case_id = parse_day(parts[0]), _id(parts[1])
        if on is None or case_id is None or "\0" in "".join(parts):
            return None
        return BoardKey(on, case_id, parts[2], parts[3])

    def filters(self, login: str, today: date) -> BoardFilters:
        """Return what is wanted; ``login`` is whose cases are "mine"."""
        return BoardFilters(
            today,
            place=self.given("place"),
            clock=self.given("clock"),
            carrier=login if self.is_mine else self.given("carrier"),
            level=self.given("level"),
            light=Light(self.light.data) if self.light.data else None,
            late_by_plan=self.late.data == YES,
            weights=_WEIGHTS[self.weight.data or BINDING],
            due_from=self.day("due_from"),
            due_until=self.day("due_until"),
        )


def written(key: BoardKey) -> str:
    """Return the key of a page of the board as an address holds it."""
    return _BETWEEN.join((key.due_on.isoformat(), str(key.case_id), key.clock, key.instance))


def _id(given: str) -> int | None:
    is_number = given.isascii() and given.isdigit() and len(given) <= len(str(_LARGEST_ID))
    return int(given) if is_number and int(given) <= _LARGEST_ID else None


def known(form: type[ListForm], args: MultiDict[str, str]) -> MultiDict[str, str]:
    """Return of an address what a form has fields for."""
    names = {field.name for field in form()}
    return MultiDict((name, value) for name, value in args.items(multi=True) if name in names)
