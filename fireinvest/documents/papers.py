"""Papers that are known by a code: taken over all that they say, printed on them, typed to check.

A changed word has another code. Everything in a paper is worded already by whoever makes it.
"""

import base64
import hashlib
import json
import re
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import segno
from jinja2 import Environment, FileSystemLoader, StrictUndefined

_TEMPLATES = Path(__file__).resolve().parents[2] / "templates" / "documents"

#: A code is so many letters and digits, in groups of four: 80 bits of the hash.
_BYTES = 10
_GROUP = 4
_CODE = re.compile(r"[A-Z2-7]{16}")


def canonical(paper: Any) -> bytes:
    """Return what the code is taken over: all that a paper (a dataclass) says, in one writing."""
    return json.dumps(
        asdict(paper), ensure_ascii=False, sort_keys=True, separators=(",", ":")
    ).encode()


def fingerprint(paper: Any) -> str:
    """Return the SHA-256 over all that a paper says."""
    return hashlib.sha256(canonical(paper)).hexdigest()


def code_of(paper: Any) -> str:
    """Return the code printed on a paper: the beginning of its fingerprint, to be typed."""
    return code_from(hashlib.sha256(canonical(paper)).digest())


def code_from(digest: bytes) -> str:
    """Return the code of a fingerprint (the 32 bytes of a SHA-256)."""
    letters = base64.b32encode(digest[:_BYTES]).decode()
    return "-".join(letters[at : at + _GROUP] for at in range(0, len(letters), _GROUP))


def read_code(typed: str) -> str | None:
    """Return the code that somebody typed, in its one spelling; None where it can't be one."""
    letters = re.sub(r"[\s-]", "", typed.upper().replace("0", "O").replace("1", "I"))
    if _CODE.fullmatch(letters) is None:
        return None
    return "-".join(letters[at : at + _GROUP] for at in range(0, len(letters), _GROUP))


def page_of(template: str, paper: Any, *, address: str, made: str) -> str:
    """Return the pages as HTML. ``address``: where the code is checked; ``made``: when, by whom."""
    code = code_of(paper)
    qr = segno.make(f"{address}/{code}", error="m")
    picture = qr.svg_data_uri(scale=3, border=2, dark="#1b2733")
    return (
        _environment()
        .get_template(template)
        .render(paper=paper, code=code, address=address, made=made, qr=picture)
    )


def worded(template: str, **values: Any) -> str:
    """Return the pages of a template that bear no code, as HTML."""
    return _environment().get_template(template).render(values)


def printed(html: str) -> bytes:
    """Return pages as a PDF for keeping (PDF/A-3b)."""
    # Pango is loaded when the first paper is made, not when the application starts.
    from weasyprint import HTML
    from weasyprint.urls import URLFetcher

    # Everything that a paper shows is in it: no file and no address is ever opened.
    nothing_outside = URLFetcher(
        allowed_protocols=("data",), allow_redirects=False, fail_on_errors=True
    )
    page = HTML(string=html, url_fetcher=nothing_outside)
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
