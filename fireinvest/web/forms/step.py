"""The form of a step: drawn from the fields of its kind that the step asks for. Shape only.

What is typed stays text until the core reads it, so that nothing is lost when it can't be read.
"""

import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, time

from werkzeug.datastructures import MultiDict
from wtforms import Form, StringField

from fireinvest.china import CHINA
from fireinvest.messages import Problem, Text, Words
from fireinvest.regulation.facts import Given
from fireinvest.regulation.profile import Kind
from fireinvest.workflow.actions import KindPayload, Shape, parse_payload
from fireinvest.workflow.asking import Asked, Choice

#: Fields that every step has beside those of its kind.
ON, AT, REASON, KEY, VERSION = "on", "at", "reason", "key", "expected_version"
#: As what the entry is to be kept from most readers.
RESTRICTION = "restriction"

_LONGEST_REASON = 2000
_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
_LOGIN_BEHIND = re.compile(r"[（(]([a-z0-9._-]{1,100})[)）]\s*$")


@dataclass(frozen=True, slots=True)
class FieldDrawn:
    """A field as the template draws it: under its name in the form, with what stands in it."""

    name: str
    asked: Asked
    value: str
    choices: tuple[Choice, ...]
    problems: tuple[Words, ...]


def name_of(asked: Asked) -> str:
    """Return the name of a field in the form: amounts are typed in yuan."""
    return f"{asked.name}_yuan" if asked.shape is Shape.FEN else asked.name


def form_class(asked: Iterable[Asked]) -> type[Form]:
    """Return the form with these fields and those that every step has."""
    names = [name_of(each) for each in asked]
    return type(
        "StepForm",
        (Form,),
        {each: StringField() for each in (*names, ON, AT, REASON, RESTRICTION, KEY, VERSION)},
    )


@dataclass(frozen=True)
class StepInput:
    """What was typed into the form of a step."""

    asked: tuple[Asked, ...]
    form: Form

    @classmethod
    def begun(
        cls, asked: tuple[Asked, ...], given: Mapping[str, str], today: date, version: int
    ) -> "StepInput":
        """A fresh form: with what each field begins with, or is given, and a key of its own."""
        values = {name_of(each): each.default or "" for each in asked}
        values |= {ON: today.isoformat(), KEY: uuid.uuid4().hex, VERSION: f"{version}"}
        return cls(asked, form_class(asked)(MultiDict({**values, **given})))

    @classmethod
    def sent(cls, asked: tuple[Asked, ...], given: MultiDict[str, str]) -> "StepInput":
        """A form that was sent, or is kept as a draft."""
        return cls(asked, form_class(asked)(given))

    def text(self, name: str) -> str:
        """Return what stands in a field, without blanks around it."""
        return (self.form[name].data or "").strip() if name in self.form else ""

    @property
    def key(self) -> str:
        """The key under which the form is done once, however often it is sent."""
        return self.text(KEY)

    @property
    def version(self) -> int | None:
        """The version of the case that the person had seen."""
        written = self.text(VERSION)
        return int(written) if re.fullmatch(r"[0-9]{1,9}", written) else None

    def with_version(self, version: int) -> "StepInput":
        """Return the same form for the case as it stands now."""
        self.form[VERSION].data = f"{version}"
        return self

    def reason(self, problems: list[Problem]) -> str | None:
        """Return the reason; a problem where it is too long or can't be shown."""
        return Given({REASON: self.text(REASON)}, problems).text(REASON, _LONGEST_REASON)

    @property
    def restriction(self) -> str | None:
        """As what the entry is to be kept from most readers, None where from nobody."""
        return self.text(RESTRICTION) or None

    def day(self, problems: list[Problem]) -> date | None:
        """Return the real day; a problem where there is none."""
        found = Given({ON: self.text(ON)}, problems).day(ON)
        if found is None and not any(each.field == ON for each in problems):
            problems.append(Problem(ON, Text("This is needed.")))
        return found

    def moment(self, on: date | None, problems: list[Problem]) -> datetime | None:
        """Return the instant (UTC) of a time of day in China, where one was typed."""
        written = self.text(AT)
        if not written or on is None:
            return None
        if not _TIME.fullmatch(written):
            problems.append(Problem(AT, Text("A time of day like 08:30 is needed.")))
            return None
        return datetime.combine(on, time.fromisoformat(written), CHINA)

    def payload(
        self, kind: Kind, resolve: Callable[[str], str], problems: list[Problem]
    ) -> KindPayload:
        """Return what was typed as the kind's payload; ``resolve`` finds the login of a name."""
        values: dict[str, object] = {}
        for each in self.asked:
            written = self.text(name_of(each))
            if each.name == "person" and written:
                written = resolve(written)
            if each.shape is Shape.LONG_TEXT:
                written = written.replace("\r\n", "\n")
            values[name_of(each)] = written
        return parse_payload(kind, Given(values, problems))

    def drawn(
        self, problems: Mapping[str, list[Words]], name: Callable[[str], str]
    ) -> list[FieldDrawn]:
        """Return the fields as they are drawn; ``name`` tells how a login is called."""
        return [
            FieldDrawn(
                name_of(each),
                each,
                self.text(name_of(each)),
                tuple(_named(each, choice, name) for choice in each.choices),
                tuple(_of(problems, name_of(each), each.name)),
            )
            for each in self.asked
        ]


def _named(asked: Asked, choice: Choice, name: Callable[[str], str]) -> Choice:
    if asked.name != "person":
        return choice
    return Choice(choice.code, name(choice.code), choice.basis, choice.is_done)


def _of(problems: Mapping[str, list[Words]], *names: str) -> list[Words]:
    found = [text for each in dict.fromkeys(names) for text in problems.get(each, [])]
    return list(dict.fromkeys(found))


def login_in(written: str) -> str | None:
    """Return the login that stands in brackets behind a name, or None."""
    found = _LOGIN_BEHIND.search(written)
    return found[1] if found else None


def person_shown(login: str, name: str) -> str:
    """Return how a field shows somebody with an account: the name, and the login in brackets."""
    return f"{name}（{login}）" if name != login else login


def yuan_typed(fen: int) -> str:
    """Return an amount of fen as it is typed, in yuan."""
    return f"{fen // 100}.{fen % 100:02d}"


def typed(
    payload: KindPayload, asked: Iterable[Asked], name: Callable[[str], str]
) -> dict[str, str]:
    """Return what a form holds that says the same as a payload."""
    shapes = {each.name: each for each in asked}
    values: dict[str, str] = {}
    for each in fields(payload):
        value = getattr(payload, each.name)
        if value is None or each.name not in shapes:
            continue
        field = shapes[each.name]
        match value:
            case bool():
                written = "yes" if value else "no"
            case int() if field.shape is Shape.FEN:
                written = yuan_typed(value)
            case str() if each.name == "person" and not field.choices:
                written = person_shown(value, name(value))
            case _:
                written = str(value)
        values[name_of(field)] = written
    return values


def placed(problems: Iterable[Problem]) -> dict[str, list[Words]]:
    """Return problems by the field beside which they stand."""
    found: dict[str, list[Words]] = {}
    for each in problems:
        texts = found.setdefault(each.field, [])
        if each.text not in texts:
            texts.append(each.text)
    return found
