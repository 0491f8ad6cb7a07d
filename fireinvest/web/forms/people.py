"""The forms in which accounts, posts, deputies and agencies are kept. Shape only."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from werkzeug.datastructures import MultiDict
from wtforms import Form, StringField

from fireinvest.messages import Faulty, Problem, Text, Words
from fireinvest.regulation.calendar import FIRST_DAY, LAST_DAY
from fireinvest.spelling import in_one_spelling, is_readable

#: The most characters that a line and a reason hold.
LONGEST_LINE = 200
LONGEST_REASON = 2000
LONGEST_PASSWORD = 1000

#: Ids of rows are smaller.
_LONGEST_ID = 9

NEEDED = Text("This is needed.")


def tidy(value: str | None) -> str:
    """Return what was typed without blanks around it."""
    return (value or "").strip()


class FieldKind(StrEnum):
    """How is a field drawn?"""

    LINE = "line"
    LONG = "long"
    DAY = "day"
    CHOICE = "choice"
    ONE_OF = "one_of"
    PASSWORD = "password"  # noqa: S105 - no password


@dataclass(frozen=True, slots=True)
class Choice:
    """What can be chosen in a field; choices of one group stand together."""

    code: str
    words: Words
    group: Words | None = None


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a form: what it is called and how it is drawn.

    ``suggestions``: what may be typed, as the browser suggests it. ``fills``: what browsers and
    password managers are told that stands in it.
    """

    name: str
    label: Text
    kind: FieldKind = FieldKind.LINE
    is_needed: bool = True
    choices: tuple[Choice, ...] = ()
    suggestions: tuple[str, ...] = ()
    hint: Text | None = None
    fills: str = "off"

    @property
    def longest(self) -> int:
        """The most characters that it takes."""
        match self.kind:
            case FieldKind.LONG:
                return LONGEST_REASON
            case FieldKind.PASSWORD:
                return LONGEST_PASSWORD
            case _:
                return LONGEST_LINE

    @property
    def groups(self) -> list[tuple[Words | None, list[Choice]]]:
        """The choices by their groups, in their order."""
        found: dict[Words | None, list[Choice]] = {}
        for each in self.choices:
            found.setdefault(each.group, []).append(each)
        return list(found.items())


class Written:
    """What was typed into the fields of a form, read one by one; what is wrong is collected."""

    def __init__(self, fields: Iterable[Field], given: MultiDict[str, str]) -> None:
        """Keep the fields and what stands in them; names that the form doesn't have are left out."""
        self.fields = tuple(fields)
        self._by_name = {each.name: each for each in self.fields}
        self.form = _form_class(self._by_name)(given)
        self.problems: list[Problem] = []

    def raw(self, name: str) -> str:
        """Return what stands in a field as it was typed, as passwords are read."""
        found = self.form[name].data
        return found if isinstance(found, str) else ""

    def shown(self, name: str) -> str:
        """Return what the page shows in a field again: never a password."""
        is_secret = self._by_name[name].kind is FieldKind.PASSWORD
        return "" if is_secret else self.raw(name)

    def line(self, name: str) -> str:
        """Return a text without blanks around it."""
        field = self._by_name[name]
        typed = self.raw(name)
        # Lines of a longer text stay lines.
        found = tidy(typed) if field.kind is FieldKind.LONG else in_one_spelling(typed)
        if field.is_needed and not found:
            self.problems.append(Problem(name, NEEDED))
        elif len(found) > field.longest:
            text = Text("At most %(most)s characters are taken.", most=field.longest)
            self.problems.append(Problem(name, text))
        elif found and not is_readable(" ".join(found.split())):
            text = Text("There are characters in it that can't be read.")
            self.problems.append(Problem(name, text))
        return found

    def choice(self, name: str) -> str | None:
        """Return the code of what was chosen, None for nothing."""
        found = tidy(self.raw(name))
        if not found:
            if self._by_name[name].is_needed:
                self.problems.append(Problem(name, NEEDED))
            return None
        if found not in {each.code for each in self._by_name[name].choices}:
            self.problems.append(Problem(name, Text("Choose one of the list.")))
            return None
        return found

    def number(self, name: str) -> int | None:
        """Return the id that was chosen, None for nothing."""
        found = self.choice(name)
        if found is None or not found.isdecimal() or len(found) > _LONGEST_ID:
            return None
        return int(found)

    def day(self, name: str) -> date | None:
        """Return the day of a field, None for none."""
        found = tidy(self.raw(name))
        if not found:
            if self._by_name[name].is_needed:
                self.problems.append(Problem(name, NEEDED))
            return None
        try:
            on = date.fromisoformat(found)
        except ValueError:
            on = date.max
        if not FIRST_DAY <= on <= LAST_DAY:
            text = Text(
                "A day from %(first)s to %(last)s is needed.", first=FIRST_DAY, last=LAST_DAY
            )
            self.problems.append(Problem(name, text))
            return None
        return on

    def check(self) -> None:
        """Go no further where something is wrong.

        Raises:
            Faulty: with every problem found so far.

        """
        if self.problems:
            raise Faulty(self.problems)


def _form_class(names: Iterable[str]) -> type[Form]:
    return type("PeopleForm", (Form,), {each: StringField() for each in names})


def _from_until(*, needs_last: bool) -> tuple[Field, Field]:
    hint = None if needs_last else Text("Blank: until it is ended.")
    return (
        Field("valid_from", Text("first day"), FieldKind.DAY),
        Field("valid_until", Text("last day"), FieldKind.DAY, needs_last, hint=hint),
    )


_REASON = Field("reason", Text("Reason"), FieldKind.LONG)


def person_fields() -> tuple[Field, ...]:
    """Return the fields with which a person is added."""
    return (
        Field(
            "login",
            Text("sign-in name"),
            hint=Text("Lower-case letters, digits, and . _ - only. It stays: records name it."),
        ),
        Field("name", Text("name")),
    )


def own_password_fields() -> tuple[Field, ...]:
    """Return the fields with which one's own password is changed."""
    return (
        Field(
            "old_password",
            Text("password so far"),
            FieldKind.PASSWORD,
            fills="current-password",
        ),
        Field("new_password", Text("new password"), FieldKind.PASSWORD, fills="new-password"),
        Field("again", Text("new password once more"), FieldKind.PASSWORD, fills="new-password"),
    )


def post_fields(
    roles: Iterable[Choice],
    agencies: Iterable[Choice],
    divisions: Iterable[Choice],
    tiers: Iterable[Choice],
) -> tuple[Field, ...]:
    """Return the fields with which a post is given."""
    return (
        Field("role", Text("post"), FieldKind.CHOICE, choices=tuple(roles)),
        Field(
            "agency",
            Text("at the agency"),
            FieldKind.CHOICE,
            is_needed=False,
            choices=tuple(agencies),
            hint=Text("An agency stands for its place and its tier; else choose both."),
        ),
        Field(
            "division", Text("or: place"), FieldKind.CHOICE, is_needed=False,
            choices=tuple(divisions),
        ),
        Field(
            "tier", Text("and whose government"), FieldKind.CHOICE, is_needed=False,
            choices=tuple(tiers),
        ),
        *_from_until(needs_last=False),
        _REASON,
    )  # fmt: skip


def deputy_fields(people: Iterable[str]) -> tuple[Field, ...]:
    """Return the fields with which a deputy is named."""
    return (
        Field("deputy", Text("deputy"), suggestions=tuple(people), hint=Text("Name or sign-in name.")),
        *_from_until(needs_last=True),
        _REASON,
    )  # fmt: skip


def office_fields(offices: Iterable[Choice]) -> tuple[Field, ...]:
    """Return the fields with which an administrator's office is given: it has no place."""
    return (
        Field("role", Text("office"), FieldKind.ONE_OF, choices=tuple(offices)),
        *_from_until(needs_last=False),
        _REASON,
    )


def end_fields() -> tuple[Field, ...]:
    """Return the fields with which something that lasts is ended."""
    hint = Text("It still holds on this day, and no longer on the next.")
    return (Field("last_on", Text("last day"), FieldKind.DAY, hint=hint), _REASON)


def reason_fields() -> tuple[Field, ...]:
    """Return the field of a change that wants nothing but its reason."""
    return (_REASON,)


def agency_fields(
    bodies: Iterable[Choice], divisions: Iterable[Choice], tiers: Iterable[Choice]
) -> tuple[Field, ...]:
    """Return the fields with which an agency is added."""
    return (
        Field("label_zh", Text("name in Chinese")),
        Field("label_en", Text("name in English")),
        Field("body", Text("kind of agency"), FieldKind.CHOICE, choices=tuple(bodies)),
        Field(
            "division", Text("administrative division"), FieldKind.CHOICE, choices=tuple(divisions)
        ),
        Field("tier", Text("whose government"), FieldKind.CHOICE, choices=tuple(tiers)),
        *_from_until(needs_last=False),
    )


_FIRST_ON = Field("first_on", Text("from which day on"), FieldKind.DAY)
_LAST_ON = Field("last_on", Text("last day"), FieldKind.DAY)


#: What becomes of the posts at an agency that another one follows.
MOVE, END = "move", "end"


def _posts_field() -> Field:
    return Field(
        "posts",
        Text("what becomes of the posts there"),
        FieldKind.ONE_OF,
        choices=(
            Choice(MOVE, Text("They go on at the successor, with the same rights.")),
            Choice(END, Text("They end with the agency; new ones are given by the security administrator.")),
        ),
    )  # fmt: skip


def rename_fields() -> tuple[Field, ...]:
    """Return the fields with which an agency gets another name from a day on."""
    return (
        Field("label_zh", Text("new name in Chinese")),
        Field("label_en", Text("new name in English")),
        _FIRST_ON,
        _posts_field(),
        _REASON,
    )


def merge_fields(others: Iterable[Choice]) -> tuple[Field, ...]:
    """Return the fields with which an agency is merged into another one."""
    return (
        Field("into", Text("into which agency"), FieldKind.CHOICE, choices=tuple(others)),
        _FIRST_ON,
        _posts_field(),
        _REASON,
    )


def close_fields() -> tuple[Field, ...]:
    """Return the fields with which an agency ends, and nothing follows it."""
    return (_LAST_ON, _REASON)


def review_fields() -> tuple[Field, ...]:
    """Return the field with which a review of rights is put on record."""
    return (Field("note", Text("what came of it"), FieldKind.LONG),)
