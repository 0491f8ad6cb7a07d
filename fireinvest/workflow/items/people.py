"""People and units in a fire: parties, their numbers, and what is checked of these.

References: GB 11643 (citizen identity numbers), GB 32100 (unified social credit codes).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from stdnum.cn import ric, uscc
from stdnum.exceptions import InvalidComponent, ValidationError

from fireinvest.messages import Problem, Text
from fireinvest.workflow.actions import Shape
from fireinvest.workflow.items.base import Item, item_field


def identity_problem(field: str, written: str | None) -> Iterator[Problem]:
    """Yield a problem where a citizen identity number has a wrong length, date or check digit.

    A region that the library doesn't know is no problem: places are renamed and renumbered.
    """
    if written is None:
        return
    try:
        ric.validate(written)
    except InvalidComponent:
        if not _has_birthday(written):
            yield Problem(field, Text("The date of birth in this identity number is none."))
    except ValidationError:
        text = Text("This is no valid identity number: check its 18 characters.")
        yield Problem(field, text)


def identity_doubt(field: str, written: str | None) -> Iterator[Problem]:
    """Yield a doubt where the region of an identity number isn't known."""
    if written is None or not _has_birthday(written):
        return
    try:
        ric.get_birth_place(written)
    except ValidationError:
        yield Problem(field, Text("The region of this identity number is not known."))


def _has_birthday(written: str) -> bool:
    try:
        ric.get_birth_date(written)
    except (ValidationError, ValueError):
        return False
    return True


def credit_code_problem(field: str, written: str | None) -> Iterator[Problem]:
    """Yield a problem where a unified social credit code has a wrong length or check digit."""
    if written is not None and not uscc.is_valid(written):
        text = Text("This is no valid unified social credit code: check its 18 characters.")
        yield Problem(field, text)


def keys_of(
    name: str | None, identity_no: str | None, phone: str | None, credit_code: str | None
) -> Iterator[tuple[str, str]]:
    """Yield by what somebody is found again: the sort of number, and the number as compared."""
    if name is not None:
        yield "name", "".join(name.split()).casefold()
    if identity_no is not None:
        yield "identity_no", identity_no
    if credit_code is not None:
        yield "credit_code", credit_code
    digits = "".join(each for each in phone or "" if each.isdigit())
    if digits:
        # With or without the country's number before it.
        yield "phone", digits.removeprefix("86") if len(digits) == _WITH_COUNTRY else digits


#: A mobile number of eleven digits, with 86 before it.
_WITH_COUNTRY = 13


@dataclass(frozen=True, slots=True)
class Party(Item):
    """A unit or person that the fire concerns: owner, user, victim, witness (arts 7, 15, 20)."""

    COLUMNS: ClassVar[tuple[str, ...]] = (
        "name",
        "sort",
        "role",
        "identity_no",
        "credit_code",
        "phone",
    )
    NAME: ClassVar[str] = "name"
    PREFIX: ClassVar[str] = "P"

    name: str | None = item_field("name", needed=True)
    sort: str | None = item_field("unit or person", Shape.LISTED, needed=True, of="party_sorts")
    role: str | None = item_field("role in the fire", Shape.LISTED, needed=True, of="party_roles")
    credit_code: str | None = item_field("unified social credit code", Shape.CREDIT_CODE)
    identity_no: str | None = item_field("identity number", Shape.IDENTITY_NO)
    other_document: str | None = item_field("other document of identity")
    phone: str | None = item_field("telephone", Shape.PHONE)
    address: str | None = item_field("address")
    represented_by: str | None = item_field("legal representative or person in charge")
    of_unit: tuple[int, ...] | None = item_field(
        "belongs to the unit", Shape.REFERENCES, of="parties"
    )
    note: str | None = item_field("note", Shape.LONG_TEXT)

    def keys(self) -> Iterator[tuple[str, str]]:
        """By its numbers, by its name, and by its address."""
        yield from keys_of(self.name, self.identity_no, self.phone, self.credit_code)
        if self.address is not None:
            yield "address", "".join(self.address.split()).casefold()

    def problems(self, _occurred_on: date, _today: date) -> Iterator[Problem]:
        """Check the numbers by their check digits."""
        yield from identity_problem("identity_no", self.identity_no)
        yield from credit_code_problem("credit_code", self.credit_code)

    def doubts(self) -> Iterator[Problem]:
        """Tell of a region that isn't known."""
        yield from identity_doubt("identity_no", self.identity_no)
