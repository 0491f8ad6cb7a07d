"""What every item of a register is: a frozen record of fields, each with its label and shape.

An item says of itself only what its own fields can tell: whether they fit together. That other
items exist, and that a code is on its list, is checked where the register is known.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import Field, dataclass, field, fields
from datetime import date, datetime
from typing import Any, ClassVar

from fireinvest.messages import Problem, Text
from fireinvest.regulation.facts import Given
from fireinvest.workflow.actions import Shape, read_field


def item_field(
    label: str,
    shape: Shape = Shape.TEXT,
    *,
    needed: bool = False,
    of: str | None = None,
    by: str | None = None,
    longest: int | None = None,
    ahead: bool = False,
    shown: bool = True,
) -> Any:
    """Return a field of an item.

    ``of``: the list of the law that a code is from, or the register whose items are named.
    ``by``: the field whose code completes the name of that list.
    ``longest``: characters of a text, where its shape doesn't say. ``ahead``: a day or an instant
    that may lie in the future. ``shown``: whether the generated form asks for it.
    """
    return field(
        default=None,
        metadata={
            "label": Text(label),
            "shape": shape,
            "needed": needed,
            "of": of,
            "by": by,
            "longest": longest,
            "ahead": ahead,
            "shown": shown,
        },
    )


@dataclass(frozen=True, slots=True)
class Item:
    """An item of a register. Fields that are None aren't known, or were left out.

    ``COLUMNS``: the fields that a list shows. ``NAME``: the field by which it is called.
    ``PREFIX``: the letters before its number. ``STAYS_FOUND``: whether it is still found by its
    keys once it is withdrawn.
    """

    COLUMNS: ClassVar[tuple[str, ...]] = ()
    NAME: ClassVar[str] = ""
    PREFIX: ClassVar[str] = ""
    STAYS_FOUND: ClassVar[bool] = False

    @property
    def called(self) -> str:
        """How the item is called; empty where nothing says it."""
        return str(getattr(self, self.NAME, None) or "")

    def keys(self) -> Iterator[tuple[str, str]]:
        """Yield the numbers and names by which the item is found in other cases: sort and key."""
        return iter(())

    def problems(self, _occurred_on: date, _today: date) -> Iterator[Problem]:
        """Yield what doesn't fit together in the fields; nothing in most sorts."""
        return iter(())

    def signing_problems(
        self, _before: "Item | None", _people: Collection[str], *, has_files: bool
    ) -> Iterator[Problem]:
        """Yield what doesn't fit who writes it, or what was signed before; nothing in most sorts.

        ``_people``: the logins for whom whoever writes it may sign. ``has_files``: is anything
        attached?
        """
        del has_files
        return iter(())

    def doubts(self) -> Iterator[Problem]:
        """Yield what can be right, but should be looked at again."""
        return iter(())


def list_of(item: Item, each: "Field[Any]") -> str | None:
    """Return the list or the register that a field of an item is about, None where it has none."""
    of: str | None = each.metadata["of"]
    by = each.metadata["by"]
    return of if by is None else f"{of}{getattr(item, by) or ''}"


def parse_item(cls: type[Item], given: Given) -> Item:
    """Return an item read from outside; shape only, problems beside the fields."""
    values: dict[str, object] = {}
    for each in fields(cls):
        longest = each.metadata["longest"]
        if longest is not None:
            values[each.name] = given.text(each.name, longest)
        else:
            values[each.name] = read_field(given, each.name, each.metadata["shape"])
    return cls(**values)


def references_of(item: Item) -> Mapping[str, frozenset[int]]:
    """Return the items that an item names, by their register."""
    found: dict[str, set[int]] = {}
    for each in fields(item):
        named = getattr(item, each.name)
        if each.metadata["shape"] is Shape.REFERENCES and named:
            found.setdefault(each.metadata["of"], set()).update(named)
    return {register: frozenset(numbers) for register, numbers in found.items()}


def days_ahead(item: Item, today: date, now: datetime) -> Iterator[Problem]:
    """Yield a problem for each day or instant of what has happened that lies in the future."""
    for each in fields(item):
        value = getattr(item, each.name)
        if each.metadata["ahead"]:
            continue
        if isinstance(value, datetime):
            if value > now:
                yield Problem(each.name, Text("The time lies in the future."))
        elif isinstance(value, date) and value > today:
            yield Problem(each.name, Text("The day lies in the future."))
