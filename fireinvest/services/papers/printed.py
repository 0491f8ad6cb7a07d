"""Slips and certificates as Word files: they say what their PDF says, under the same code.

They are made where they are shown, and not kept: whoever seals one puts the scan into the file.
"""

from dataclasses import dataclass
from datetime import datetime

from fireinvest.documents.papers import code_of
from fireinvest.documents.word import render as render_word
from fireinvest.gateways.blobs import Blobs
from fireinvest.regulation.clocks import Deadline
from fireinvest.regulation.profile import PaperKind, PaperOf
from fireinvest.regulation.rulesets import Law
from fireinvest.services.casefile import CaseFile
from fireinvest.services.certificates import certificate_of, note_certificate
from fireinvest.services.papers.base import PaperFields
from fireinvest.services.papers.context import context_of
from fireinvest.services.papers.drawing import office_of
from fireinvest.services.papers.late.clocks import fields_of_certificate, slip_fields
from fireinvest.services.papers.material import Subject, material_of
from fireinvest.services.papers.templates import template_for
from fireinvest.services.slips import Found, note_slip, slip_of
from fireinvest.store import Database, Session
from fireinvest.store.access import NOWHERE, From

__all__ = ["Printed", "certificate_docx", "kind_of_certificates", "kind_of_slips", "slip_docx"]


@dataclass(frozen=True, slots=True)
class Printed:
    """A paper that was made and isn't kept: its code, and its Word file."""

    code: str
    docx: bytes


def kind_of_slips(file: CaseFile, rung: str) -> PaperKind | None:
    """Return as which kind of paper the slip of a rung is drawn up; None where it has none."""
    kinds = file.ruleset.papers.values()
    return next((k for k in kinds if k.of is PaperOf.RUNG and k.of_id == rung), None)


def kind_of_certificates(file: CaseFile) -> PaperKind | None:
    """Return as which kind of paper the certificate of a clock is drawn up."""
    return next((k for k in file.ruleset.papers.values() if k.of is PaperOf.CLOCK), None)


def slip_docx(
    database: Database,
    blobs: Blobs,
    file: CaseFile,
    found: Found,
    kind: PaperKind,
    by: str,
    *,
    address: str,
    now: datetime,
    law: Law,
    acting_for: str | None = None,
    origin: From = NOWHERE,
) -> Printed:
    """Make the slip of a rung as a Word file, and write into the log that it was made.

    ``address``: where its code is checked.

    Raises:
        Faulty: when papers of this kind are not made here.
        TemplateFault: when the office's own template can't be filled in.

    """
    with database.readers.begin() as session:
        slip = slip_of(session, file, found, law)
        code = code_of(slip)
        docx = _filled(session, blobs, file, law, kind, slip_fields(slip), code, address)
    note_slip(database, file, found, slip, by, now=now, acting_for=acting_for, origin=origin)
    return Printed(code, docx)


def certificate_docx(
    database: Database,
    blobs: Blobs,
    file: CaseFile,
    found: Deadline,
    kind: PaperKind,
    by: str,
    *,
    address: str,
    now: datetime,
    law: Law,
    acting_for: str | None = None,
    origin: From = NOWHERE,
) -> Printed:
    """Make the certificate of a clock as a Word file, and write into the log that it was made.

    Raises:
        Faulty, TemplateFault: as ``slip_docx`` does.

    """
    certificate = certificate_of(file, found, language="zh")
    code, built = code_of(certificate), fields_of_certificate(certificate)
    with database.readers.begin() as session:
        docx = _filled(session, blobs, file, law, kind, built, code, address)
    note_certificate(
        database, file, found, certificate, by, now=now, acting_for=acting_for, origin=origin
    )
    return Printed(code, docx)


def _filled(
    session: Session,
    blobs: Blobs,
    file: CaseFile,
    law: Law,
    kind: PaperKind,
    built: PaperFields,
    code: str,
    address: str,
) -> bytes:
    material = material_of(session, file, law, kind, Subject())
    said = context_of(material, built, number=None, code=code, signer=None)
    division, tier = office_of(file) or ("", "")
    template = template_for(session, blobs, division, tier, kind)
    return render_word(template.docx, said, {}, qr=f"{address}/{code}")
