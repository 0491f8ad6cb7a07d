"""The certificate of a deadline (期限计算说明): what it says, and its pages."""

from collections.abc import Mapping
from dataclasses import dataclass

from fireinvest.documents.papers import (
    canonical,
    code_of,
    fingerprint,
    page_of,
    printed,
    read_code,
)

__all__ = [
    "Certificate",
    "DayRow",
    "Row",
    "canonical",
    "code_of",
    "fingerprint",
    "html_of",
    "pdf_of",
    "read_code",
]


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the certificate: what it is about, what it says, and what that rests on."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class DayRow:
    """Days in a row of which the count says the same: their numbers in it, or why they have none."""

    days: str
    numbers: str
    kind: str
    why: str
    notice: str
    is_counted: bool


@dataclass(frozen=True, slots=True)
class Certificate:
    """All that a certificate says. Days are ISO dates; ``titles`` head its parts and columns."""

    language: str
    titles: Mapping[str, str]
    title: str
    number: str
    clock: str
    due: str
    standing: str
    case: tuple[Row, ...]
    how: tuple[Row, ...]
    days: tuple[DayRow, ...]
    readings: tuple[Row, ...]
    versions: tuple[Row, ...]
    as_of: str


def html_of(certificate: Certificate, *, address: str, made: str) -> str:
    """Return the pages as HTML. ``address``: where the code is checked; ``made``: when, by whom."""
    return page_of("certificate.html", certificate, address=address, made=made)


def pdf_of(certificate: Certificate, *, address: str, made: str) -> bytes:
    """Return the pages as a PDF for keeping."""
    return printed(html_of(certificate, address=address, made=made))
