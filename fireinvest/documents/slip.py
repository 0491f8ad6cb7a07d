"""The slip that goes with a notice (催办单, 督办单): what it says, and its page with room for seals."""

from collections.abc import Mapping
from dataclasses import dataclass

from fireinvest.documents.certificate import Row
from fireinvest.documents.papers import page_of, printed


@dataclass(frozen=True, slots=True)
class Slip:
    """All that a slip says; ``titles`` head its blanks. ``issuer``: whose seal it bears."""

    language: str
    titles: Mapping[str, str]
    title: str
    number: str
    case: str
    addressee: str
    opening: str
    rows: tuple[Row, ...]
    demand: str
    issuer: str
    on: str


def html_of(slip: Slip, *, address: str, made: str) -> str:
    """Return the page as HTML. ``address``: where the code is checked; ``made``: when, by whom."""
    return page_of("slip.html", slip, address=address, made=made)


def pdf_of(slip: Slip, *, address: str, made: str) -> bytes:
    """Return the page as a PDF for keeping."""
    return printed(html_of(slip, address=address, made=made))
