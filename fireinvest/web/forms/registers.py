"""The form of an item of a register: drawn from its fields. Shape only; the core checks the rest."""

import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime

from werkzeug.datastructures import MultiDict
from wtforms import Form, StringField

from fireinvest.china import CHINA
from fireinvest.messages import Problem, Words
from fireinvest.regulation.facts import Given
from fireinvest.web.forms.step import FieldDrawn, name_of, yuan_typed
from fireinvest.workflow.actions import Shape
from fireinvest.workflow.asking import Asked, Choice
from fireinvest.workflow.case import Case
from fireinvest.workflow.items import ITEMS
from fireinvest.workflow.items.base import Item, parse_item
from fireinvest.workflow.registers import Record, choices_of

#: Fields that every item has beside its own.
REASON, KEY, VERSION, RESTRICTION, DROPPED = "reason", "key", "version", "restriction", "dropped"

_LONGEST_REASON = 2000


def asked_of(
    case: Case, register: str, named: Mapping[str, Sequence[Record]], but: Iterable[str] = ()
) -> tuple[Asked, ...]:
    """Return what an item asks for. ``named``: the items that it can name, by their register."""
    left_out = set(but)
    found = []
    for each in fields(ITEMS[register]):
        if each.name in left_out or not each.metadata["shown"]:
            continue
        shape, of, longest = (each.metadata[name] for name in ("shape", "of", "longest"))
        if longest is not None:
            # A text with a length of its own is one of several lines.
            shape = Shape.LONG_TEXT
        choices: tuple[Choice, ...] = ()
        if shape in (Shape.LISTED, Shape.CHOSEN):
            choices = tuple(
                Choice(item.id, item.label, item.basis) for item in choices_of(case, of)
            )
        elif shape is Shape.REFERENCES:
            choices = tuple(
                Choice(f"{record.item}", f"{record.mark} {record.values.called}")
                for record in named.get(of, ())
            )
        found.append(
            Asked(
                each.name,
                each.metadata["label"],
                shape,
                each.metadata["needed"],
                choices,
                longest=longest,
            )
        )
    return tuple(found)


@dataclass(frozen=True)
class ItemInput:
    """What was typed into the form of an item. Several numbers in one field stand with commas."""

    register: str
    asked: tuple[Asked, ...]
    form: Form

    @classmethod
    def begun(
        cls,
        register: str,
        asked: tuple[Asked, ...],
        record: Record | None,
        given: Mapping[str, str],
    ) -> "ItemInput":
        """A fresh form: of an item as it stands, or a new one with what is given."""
        values = dict(given)
        if record is not None:
            values |= typed_item(record.values)
            values |= {VERSION: f"{record.version}", RESTRICTION: record.restriction or ""}
        values[KEY] = uuid.uuid4().hex
        return cls(register, asked, _form_class(asked)(MultiDict(values)))

    @classmethod
    def sent(
        cls, register: str, asked: tuple[Asked, ...], given: MultiDict[str, str]
    ) -> "ItemInput":
        """A form that was sent, or is kept as a draft."""
        joined = MultiDict((name, ",".join(given.getlist(name))) for name in given)
        return cls(register, asked, _form_class(asked)(joined))

    def text(self, name: str) -> str:
        """Return what stands in a field, without blanks around it."""
        return (self.form[name].data or "").strip() if name in self.form else ""

    @property
    def key(self) -> str:
        """The key under which the form is done once, however often it is sent."""
        return self.text(KEY)

    @property
    def version(self) -> int | None:
        """The version of the item that the person had seen."""
        written = self.text(VERSION)
        return int(written) if re.fullmatch(r"[0-9]{1,9}", written) else None

    def with_version(self, version: int) -> "ItemInput":
        """Return the same form for the item as it stands now."""
        self.form[VERSION].data = f"{version}"
        return self

    def reason(self, problems: list[Problem]) -> str | None:
        """Return the reason; a problem where it is too long or can't be shown."""
        return Given({REASON: self.text(REASON)}, problems).text(REASON, _LONGEST_REASON)

    @property
    def restriction(self) -> str | None:
        """As what the item is to be kept from most readers, None where from nobody."""
        return self.text(RESTRICTION) or None

    def item(self, problems: list[Problem], kept: Item | None = None) -> Item:
        """Return what was typed as an item; ``kept``: what the form doesn't ask for stays so."""
        cls = ITEMS[self.register]
        values: dict[str, object] = {}
        for each in self.asked:
            written = self.text(name_of(each))
            if each.shape is Shape.LONG_TEXT:
                written = written.replace("\r\n", "\n")
            values[name_of(each)] = written
        found = parse_item(cls, Given(values, problems))
        if kept is None:
            return found
        mine = {each.name for each in self.asked}
        others = {each.name: getattr(kept, each.name) for each in fields(cls)}
        return cls(**{**others, **{name: getattr(found, name) for name in mine}})

    def drawn(self, problems: Mapping[str, list[Words]]) -> list[FieldDrawn]:
        """Return the fields as they are drawn."""
        return [
            FieldDrawn(
                name_of(each),
                each,
                self.text(name_of(each)),
                each.choices,
                tuple(
                    dict.fromkeys([*problems.get(name_of(each), []), *problems.get(each.name, [])])
                ),
            )
            for each in self.asked
        ]


def _form_class(asked: Iterable[Asked]) -> type[Form]:
    names = [name_of(each) for each in asked]
    return type(
        "ItemForm",
        (Form,),
        {each: StringField() for each in (*names, REASON, KEY, VERSION, RESTRICTION)},
    )


def typed_item(item: Item) -> dict[str, str]:
    """Return what a form holds that says the same as an item."""
    values: dict[str, str] = {}
    for each in fields(item):
        value, shape = getattr(item, each.name), each.metadata["shape"]
        match value:
            case None:
                continue
            case bool():
                written = "yes" if value else "no"
            case tuple():
                written = ",".join(str(one) for one in value)
            case datetime():
                written = value.astimezone(CHINA).strftime("%Y-%m-%dT%H:%M")
            case int() if shape is Shape.FEN:
                written = yuan_typed(value)
            case _:
                written = str(value)
        values[f"{each.name}_yuan" if shape is Shape.FEN else each.name] = written
    return values
