"""The certificate of a deadline (期限计算说明): what it says, the code it is known by, its pages.

Everything in it is worded already; whoever makes one says what it rests on. The code is taken over
all that it says, so that a changed word has another code.
"""

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import segno
from jinja2 import Environment, FileSystemLoader, StrictUndefined

_TEMPLATES = Path(__file__).resolve().parents[2] / "templates" / "documents"

#: A code is so many letters and digits, in groups of four: 80 bits of the hash.
_BYTES = 10
_GROUP = 4
_CODE = re.compile(r"[A-Z2-7]{16}")


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


def canonical(certificate: Certificate) -> bytes:
    """Return what the code is taken over: all that it says, in one fixed writing."""
    return json.dumps(
        asdict(certificate), ensure_ascii=False, sort_keys=True, separators=(",", ":")
    ).encode()


def fingerprint(certificate: Certificate) -> str:
    """Return the SHA-256 over all that a certificate says."""
    return hashlib.sha256(canonical(certificate)).hexdigest()


def code_of(certificate: Certificate) -> str:
    """Return the code printed on a certificate: the beginning of its fingerprint, to be typed."""
    digest = hashlib.sha256(canonical(certificate)).digest()[:_BYTES]
    letters = base64.b32encode(digest).decode()
    return "-".join(letters[at : at + _GROUP] for at in range(0, len(letters), _GROUP))


def read_code(typed: str) -> str | None:
    """Return the code that somebody typed, in its one spelling; None where it can't be one."""
    letters = re.sub(r"[\s-]", "", typed.upper().replace("0", "O").replace("1", "I"))
    if _CODE.fullmatch(letters) is None:
        return None
    return "-".join(letters[at : at + _GROUP] for at in range(0, len(letters), _GROUP))


def html_of(certificate: Certificate, *, address: str, made: str) -> str:
    """Return the pages as HTML. ``address``: where the code is checked; ``made``: when, by whom."""
    template = _environment().get_template("certificate.html")
    code = code_of(certificate)
    qr = segno.make(f"{address}/{code}", error="m")
    picture = qr.svg_data_uri(scale=3, border=2, dark="#1b2733")
    return template.render(paper=certificate, code=code, address=address, made=made, qr=picture)


def pdf_of(certificate: Certificate, *, address: str, made: str) -> bytes:
    """Return the pages as a PDF for keeping (PDF/A-3b)."""
    # Pango is loaded when the first paper is made, not when the application starts.
    from weasyprint import HTML
    from weasyprint.urls import URLFetcher

    # Everything that a paper shows is in it: no file and no address is ever opened.
    nothing_outside = URLFetcher(
        allowed_protocols=("data",), allow_redirects=False, fail_on_errors=True
    )
    page = HTML(
        string=html_of(certificate, address=address, made=made), url_fetcher=nothing_outside
    )
    written: bytes = page.write_pdf(pdf_variant="pdf/a-3b")
    return written


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
