"""Reads one table of a profile strictly: every key is asked for by name, the rest is refused.

Problems are collected with their dotted key, so that a profile's author sees all of them at once.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import TypeVar

from fireinvest.messages import Label, Problem, Text, excerpt
from fireinvest.regulation.basis import Citation, parse_citation
from fireinvest.regulation.days import LONGEST
from fireinvest.regulation.facts import fen_of, parse_yuan

E = TypeVar("E", bound=StrEnum)

_NOTHING = Label(zh="", en="")
_NO_CITATION = Citation("", "")
_ID = re.compile(r"[a-z0-9_-]{1,100}")


class Reader:
    """Takes the values of one table; what was not taken is reported as unknown by :meth:`done`."""

    def __init__(self, data: Mapping[str, object], path: str, problems: list[Problem]) -> None:
        """Read ``data``, found at the dotted key ``path``; problems go to the given list."""
        self._left = dict(data)
        self._path = path
        #: The id of the item that this table describes, once it has been read.
        self.item_id = ""
        self._problems = problems

    def at(self, key: str) -> str:
        """Return the dotted key of one of this table's keys."""
        return f"{self._path}.{key}" if self._path else key

    def problem(self, key: str, text: Text) -> None:
        """Note that the value at the key can't be taken; without a key, the whole table."""
        self._problems.append(Problem(self.at(key) if key else self._path, text))

    def has(self, key: str) -> bool:
        """Is there a value at this key, not taken yet?"""
        return key in self._left

    def _take(self, key: str, kind: type, wanted: Text, *, required: bool) -> object | None:
        value = self._left.pop(key, None)
        if value is None:
            if required:
                self.problem(key, Text("This key is missing."))
            return None
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            self.problem(key, wanted)
            return None
        return value

    def text(self, key: str, *, required: bool = True) -> str:
        """Return a string; empty when it is missing or wrong."""
        value = self._take(key, str, Text("A text is needed."), required=required)
        if value is not None and not str(value).strip():
            self.problem(key, Text("A text is needed."))
        return str(value or "")

    def code(self, key: str, *, required: bool = True) -> str:
        """Return an identifier of lower-case ASCII letters, digits, ``_`` and ``-``."""
        value = self.text(key, required=required)
        if value.strip() and _ID.fullmatch(value) is None:
            self.problem(key, Text("An id has lower-case ASCII letters, digits, _ and - only."))
        return value

    def label(self, key: str, *, required: bool = True) -> Label:
        """Return a wording in Chinese and English; both are needed."""
        value = self._take(key, dict, Text("A table with zh and en is needed."), required=required)
        if not isinstance(value, dict):
            return _NOTHING
        inner = Reader(value, self.at(key), self._problems)
        label = Label(zh=inner.text("zh"), en=inner.text("en"))
        inner.done()
        return label

    def citation(self, key: str) -> Citation:
        """Return the citation of an article; every value of the law must name one."""
        reference = self._take(key, str, Text("A citation is needed."), required=True)
        if reference is None:
            return _NO_CITATION
        citation = parse_citation(str(reference))
        if citation is None:
            self.problem(
                key, Text("%(given)s is not a citation like rule:31(1).", given=excerpt(reference))
            )
            return _NO_CITATION
        return citation

    def integer(
        self, key: str, *, lowest: int = 0, highest: int = LONGEST, required: bool = False
    ) -> int | None:
        """Return a whole number within the bounds, or None when it is left out."""
        value = self._take(key, int, Text("A whole number is needed."), required=required)
        if not isinstance(value, int):
            return None
        if not lowest <= value <= highest:
            text = Text(
                "A number from %(lowest)s to %(highest)s is needed.",
                lowest=lowest,
                highest=highest,
            )
            self.problem(key, text)
            return None
        return value

    def fen(self, key: str) -> int | None:
        """Return an amount given in yuan (a whole number, or a string with decimals) as fen."""
        amount = parse_yuan(self._left.pop(key))
        fen = None if amount is None else fen_of(amount)
        if fen is None:
            self.problem(key, Text("An amount in yuan is needed, as a whole number or a text."))
        return fen

    def flag(self, key: str, *, default: bool = False) -> bool:
        """Return true or false."""
        value = self._take(key, bool, Text("true or false is needed."), required=False)
        return default if value is None else bool(value)

    def day(self, key: str, *, required: bool = False) -> date | None:
        """Return a date."""
        value = self._take(key, date, Text("A date is needed."), required=required)
        if isinstance(value, datetime):
            self.problem(key, Text("A date is needed."))
            return None
        return value if isinstance(value, date) else None

    def choice(self, key: str, kind: type[E], *, default: E | None = None) -> E:
        """Return a member of an enumeration."""
        value = self.text(key, required=default is None)
        if value in list(kind):
            return kind(value)
        if value.strip():
            self.problem(key, Text("One of these is needed: %(choices)s.", choices=", ".join(kind)))
        return default or next(iter(kind))

    def codes(self, key: str) -> tuple[str, ...]:
        """Return a list of identifiers; empty when it is left out."""
        value = self._take(key, list, Text("A list of ids is needed."), required=False)
        if not isinstance(value, list):
            return ()
        if not all(isinstance(each, str) for each in value):
            self.problem(key, Text("A list of ids is needed."))
            return ()
        if len(set(value)) != len(value):
            self.problem(key, Text("An id stands in the list twice."))
        return tuple(value)

    def tables(self, key: str) -> list["Reader"]:
        """Return a reader for each table of a list; none when it is left out."""
        value = self._take(key, list, Text("A list of tables is needed."), required=False)
        if not isinstance(value, list):
            return []
        return self.readers(key, value)

    def readers(self, key: str, values: Sequence[object]) -> list["Reader"]:
        """Return a reader for each of the values, named by its id, or by its place in the list."""
        readers = []
        seen: set[object] = set()
        for index, each in enumerate(values):
            if isinstance(each, dict):
                name = each["id"] if isinstance(each.get("id"), str) else index
                reader = Reader(each, f"{self.at(key)}.{excerpt(name)}", self._problems)
                if name in seen:
                    reader.problem("id", Text("This id stands in the table twice."))
                seen.add(name)
                readers.append(reader)
            else:
                self.problem(f"{key}.{index}", Text("A table is needed."))
        return readers

    def table(self, key: str) -> "Reader | None":
        """Return a reader for one table, or None when it is left out."""
        value = self._take(key, dict, Text("A table is needed."), required=False)
        if not isinstance(value, dict):
            return None
        return Reader(value, self.at(key), self._problems)

    def give_back(self, key: str, value: object) -> None:
        """Put a value back, to be read in another way."""
        self._left[key] = value

    def value(self, key: str) -> object | None:
        """Return whatever stands at the key, to be judged by the caller."""
        return self._left.pop(key, None)

    def names(self) -> list[str]:
        """Return the keys not taken yet."""
        return list(self._left)

    def forget(self) -> None:
        """Leave the rest unread, because the table as a whole has been refused."""
        self._left.clear()

    def done(self) -> None:
        """Report every key that nobody asked for."""
        for key in self._left:
            self.problem(excerpt(key), Text("This key is not known."))
