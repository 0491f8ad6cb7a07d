"""Papers drawn up from what is on record, and what becomes of them: numbered, signed, sent, received.

Each change is a version of the paper's item in its register. A paper that is signed or sent is not
drawn up anew: what it says is what was signed.
"""

import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from fireinvest.documents.papers import code_from
from fireinvest.documents.word import Picture
from fireinvest.documents.word import render as render_word
from fireinvest.gateways.blobs import Blobs
from fireinvest.messages import Problem, Text, render
from fireinvest.regulation.profile import PaperKind
from fireinvest.regulation.rulesets import Law
from fireinvest.services.casefile import CaseFile
from fireinvest.services.cases import Loaded
from fireinvest.services.files import open_attachment
from fireinvest.services.papers.context import context_of, pictures_of
from fireinvest.services.papers.kinds import content_of, fitting_subjects
from fireinvest.services.papers.material import Subject, material_of, readable_items
from fireinvest.services.papers.pictures import printed_picture
from fireinvest.services.papers.series import Series, allot, series_for, upcoming
from fireinvest.services.papers.templates import DOCX, TemplateFault, fault_words, template_for
from fireinvest.services.pictures import NotShown
from fireinvest.services.records import Filed
from fireinvest.services.together import Asking, write_together
from fireinvest.store import Session
from fireinvest.workflow.actions import Attachment
from fireinvest.workflow.engine import Action
from fireinvest.workflow.errors import Invalid, Refused
from fireinvest.workflow.items.papers import PAPERS, OfficialPaper
from fireinvest.workflow.registers import Filing, Record

#: No paper is larger; pictures are printed smaller than they were taken.
_LARGEST = 64 * 1024 * 1024
_CODES_KEPT = 40
#: What becomes only of a paper that is neither signed nor on its way.
_BEFORE_SIGNED = ("redraw", "number", "draft")
_LONGEST_NAME = 120
_VOID = Text("It is void, and stays so: draw up another.")


@dataclass(frozen=True, slots=True)
class Composed:
    """A paper as it comes out of what is on record: its file, and what stands on it."""

    docx: bytes
    code: str
    template: str
    title: str
    addressee: str | None
    restriction: str | None


# ---------------------------------------------------------------------------- composed


def find_subject(
    file: CaseFile,
    kind: PaperKind,
    key: str | None,
    records: Mapping[str, tuple[Record, ...]],
) -> Subject | None:
    """Return of what a paper is by its key, None where there is no such that the reader may see.

    ``records``: the items of the case that they may read.
    """
    subjects = fitting_subjects(file, kind, records)
    return next((each for each in subjects if each.key == (key or "")), None)


def office_of(file: CaseFile) -> tuple[str, str] | None:
    """Return whose templates and series papers take: a division and a tier; None where unsure.

    Agency and government of one tier have one place.
    """
    place, tier = file.case.division, file.case.investigating
    if place is None or tier is None:
        return None
    return (place.code if tier == place.tier else place.parent or place.code, tier)


def compose(
    session: Session,
    blobs: Blobs,
    file: CaseFile,
    law: Law,
    kind: PaperKind,
    subject: Subject,
    *,
    number: str | None,
    address: str,
    signer: str | None = None,
    records: Mapping[str, tuple[Record, ...]] | None = None,
) -> Composed:
    """Return a paper made from what is on record, as its drawer may read it.

    ``address``: where its code is checked, without the code. ``records``: the items of the case
    that they may read, where these were read already.

    Raises:
        Refused: when papers of this kind are only kept, not made, or the office's template fails.
        FileLost: when a picture in it isn't kept any more.

    """
    content = content_of(kind.id)
    if content is None:
        raise Refused([Problem("kind", Text("Papers of this kind are kept as files only."))])
    material = material_of(session, file, law, kind, subject, records)
    built = content.build(material)
    said = context_of(material, built, number=number, code="", signer=signer)
    code = code_from(_fingerprint(file, kind, subject, said))
    said["paper"]["code"] = code
    office = office_of(file)
    division, tier = office if office is not None else ("", "")
    template = template_for(session, blobs, division, tier, kind)
    pictures: dict[str, Picture] = {}
    for name, picture in pictures_of(built).items():
        with open_attachment(blobs, picture.attachment) as stream:
            try:
                printed = printed_picture(stream, picture.marks)
            except NotShown:
                said[name] = ""
                continue
        pictures[name] = Picture(printed, picture.width_mm)
    try:
        docx = render_word(template.docx, said, pictures, qr=f"{address}/{code}")
    except TemplateFault as fault:
        # An office's own one, tried when its fields were others.
        text = Text("The template of your office fails: %(why)s", why=fault_words(fault))
        raise Refused([Problem("kind", text)]) from fault
    addressee = getattr(built, "addressee", None)
    own = None if subject.record is None else subject.record.restriction
    return Composed(
        docx,
        code,
        template.mark,
        built.title,
        addressee if addressee and set(addressee) != {"＿"} else None,
        kind.restriction or own,
    )


def _fingerprint(
    file: CaseFile, kind: PaperKind, subject: Subject, said: Mapping[str, Any]
) -> bytes:
    """Return the SHA-256 over which paper it is and all that it says."""
    whole = {"case": file.ref.number, "kind": kind.id, "subject": subject.key, "said": said}
    text = json.dumps(whole, ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).digest()


# ---------------------------------------------------------------------------- drawn up


def draw_up(
    asking: Asking, blobs: Blobs, file: CaseFile, kind: PaperKind, key: str | None, *, address: str
) -> Filed:
    """Draw up a paper of a kind, as a new item of the register.

    Raises:
        Refused: when there is nothing of which it could be, or it isn't made here.
        Faulty: as ``write_together`` does.

    """
    with asking.database.readers.begin() as session:
        records = readable_items(session, file)
        subject = find_subject(file, kind, key, records)
        if subject is None:
            raise Refused([Problem("subject", Text("There is nothing of which it could be."))])
        made = compose(
            session, blobs, file, asking.law, kind, subject,
            number=None, address=address, records=records,
        )  # fmt: skip
    draft = _kept(blobs, made.docx, file, kind)
    paper = OfficialPaper(
        kind=kind.id,
        subject=subject.key or None,
        title=made.title,
        addressee=made.addressee,
        drawn_on=asking.today,
        codes=made.code,
        template=made.template,
        draft=draft.sha256,
    )
    filing = Filing(
        PAPERS,
        paper,
        acting_for=asking.acting_for,
        attachments=(draft,),
        restriction=made.restriction,
    )
    return write_together(asking, lambda _session, _loaded: ([filing], []))


def redraw(
    asking: Asking, blobs: Blobs, file: CaseFile, record: Record, *, address: str
) -> Filed | None:
    """Draw a paper up anew from what is on record now; None where it says the same as before.

    Raises:
        Refused: when it is signed or on its way, or what it was about is gone.
        Faulty: as ``write_together`` does.

    """
    paper, kind = _open_paper(file, record)
    made = _composed(asking, blobs, file, kind, paper, paper.document_no, address)
    if made.code == paper.code and made.template == paper.template:
        return None
    anew = _anew(asking, blobs, file, record, made, paper.document_no, paper.series)
    return _written(asking, anew)


def _anew(
    asking: Asking,
    blobs: Blobs,
    file: CaseFile,
    record: Record,
    made: Composed,
    number: str | None,
    series: int | None,
) -> Filing:
    """Return a paper as it was composed anew, to be written."""
    paper, kind = _open_paper(file, record)
    draft = _kept(blobs, made.docx, file, kind)
    changed = replace(
        paper,
        title=made.title,
        addressee=made.addressee or paper.addressee,
        drawn_on=asking.today,
        codes=_with_code(paper, made.code),
        template=made.template,
        draft=draft.sha256,
        document_no=number,
        series=series,
    )
    return _filing(asking, record, changed, (draft,))


class _NumberTaken(Exception):
    """Somebody else was given the number while this paper was being drawn up with it."""


def replace_draft(asking: Asking, file: CaseFile, record: Record, draft: Attachment) -> Filed:
    """Let a file that somebody wrote be the draft of a paper: Word files go on in Word.

    Raises:
        Refused: when it is signed or on its way.
        Faulty: as ``write_together`` does.

    """
    paper, _kind = _open_paper(file, record)
    changed = replace(paper, template=None, draft=draft.sha256, drawn_on=asking.today)
    return _written(asking, _filing(asking, record, changed, (draft,)))


# ---------------------------------------------------------------------------- what becomes of it


def possible_series(session: Session, file: CaseFile, kind: PaperKind) -> tuple[Series, ...]:
    """Return the series from which a paper of a kind can be given its number."""
    office = office_of(file)
    if office is None or not kind.is_numbered:
        return ()
    return series_for(session, *office, kind)


def number_by_hand(
    asking: Asking, blobs: Blobs, file: CaseFile, record: Record, number: str, *, address: str
) -> Filed:
    """Give a paper the number that the office's own system gave it.

    Raises:
        Refused: when it is signed, on its way, or has a number of a series: no other paper would
            ever have that one.
        Invalid: when there is no number.

    """
    paper, kind = _open_paper(file, record)
    if not number:
        raise Invalid([Problem("document_no", Text("This is needed."))])
    if paper.series is not None:
        raise Refused([Problem("document_no", _given(paper))])
    if paper.template is None:
        # Its file was written by somebody: they put the number into it as well.
        changed = replace(paper, document_no=number, series=None)
        return _written(asking, _filing(asking, record, changed, ()))
    made = _composed(asking, blobs, file, kind, paper, number, address)
    return _written(asking, _anew(asking, blobs, file, record, made, number, None))


def number_from(
    asking: Asking, blobs: Blobs, file: CaseFile, record: Record, series: int, *, address: str
) -> Filed:
    """Give a paper the next number of a series; what stands on it is drawn up with it.

    Raises:
        Refused: when it is signed, on its way, or has a number of a series already.
        Invalid: when there is no such series.

    """
    paper, kind = _open_paper(file, record)
    if paper.series is not None:
        raise Refused([Problem("series", _given(paper))])
    year = asking.today.year
    while True:
        with asking.database.readers.begin() as session:
            if series not in {each.id for each in possible_series(session, file, kind)}:
                raise Invalid([Problem("series", Text("There is no such series."))])
            number = upcoming(session, series, year=year)
        if paper.template is not None:
            made = _composed(asking, blobs, file, kind, paper, number, address)
            filing = _anew(asking, blobs, file, record, made, number, series)
        else:
            # Its file was written by somebody: they put the number into it as well.
            changed = replace(paper, document_no=number, series=series)
            filing = _filing(asking, record, changed, ())
        try:
            return _numbered(asking, filing, series, number)
        except _NumberTaken:
            continue  # Somebody else was quicker; the next one is ours.


def _given(paper: OfficialPaper) -> Text:
    return Text(
        "It has its number %(number)s of a series; numbers are not given twice.",
        number=paper.document_no or "",
    )


def _numbered(asking: Asking, filing: Filing, series: int, number: str) -> Filed:
    """Write a paper with the number that a series gives it in the same transaction.

    Raises:
        _NumberTaken: when that is another one by now.

    """

    def make(session: Session, _loaded: Loaded) -> tuple[list[Filing], list[Action]]:
        given = allot(session, series, year=asking.today.year, by=asking.actor.id, now=asking.now)
        if given != number:
            raise _NumberTaken
        return [filing], []

    return write_together(asking, make)


def keep_signed(
    asking: Asking,
    record: Record,
    scan: Attachment | None,
    *,
    signed_on: date | None,
    signed_by: str | None,
) -> Filed:
    """Keep the scan of the signed paper: from then on it is the copy that counts.

    Raises:
        Faulty: as ``write_together`` does.

    """
    changed = replace(
        _paper(record),
        signed_on=signed_on,
        signed_by=signed_by,
        scan=None if scan is None else scan.sha256,
    )
    added = () if scan is None else (scan,)
    return _written(asking, _filing(asking, record, changed, added, keeps_scan=scan is None))


def send(
    asking: Asking, record: Record, *, on: date | None, to: str | None, how: str | None
) -> Filed:
    """Put down that a paper was sent.

    Raises:
        Invalid: when the day or who it went to is missing, or the day lies before its signature.

    """
    if on is None:
        raise Invalid([Problem("sent_on", Text("This is needed."))])
    changed = replace(_paper(record), sent_on=on, sent_to=to, sent_how=how)
    return _written(asking, _filing(asking, record, changed, ()))


def receive(asking: Asking, record: Record, *, on: date | None, by: str | None) -> Filed:
    """Put down that a paper was received.

    Raises:
        Refused: when it was not sent, or is void.
        Invalid: when the day or who received it is missing.

    """
    if on is None:
        raise Invalid([Problem("received_on", Text("This is needed."))])
    if (hindered := hindrance(record, "received")) is not None:
        raise Refused([Problem("received_on", hindered)])
    changed = replace(_paper(record), received_on=on, received_by=by)
    return _written(asking, _filing(asking, record, changed, ()))


def void(asking: Asking, record: Record, reason: str | None) -> Filed:
    """Let a paper be void: it keeps its number, and all that was kept of it.

    Raises:
        Invalid: when there is no reason.

    """
    filing = Filing(
        PAPERS,
        _paper(record),
        item=record.item,
        expected_version=record.version,
        reason=reason,
        acting_for=asking.acting_for,
        attachments=record.attachments,
        restriction=record.restriction,
        is_withdrawn=True,
    )
    return _written(asking, filing)


# ---------------------------------------------------------------------------- shared


def file_of(record: Record, sha256: str | None) -> Attachment | None:
    """Return one of a paper's files by its hash."""
    return next((each for each in record.attachments if each.sha256 == sha256), None)


def hindrance(record: Record, act: str) -> Text | None:
    """Return why something can't become of a paper as it stands; None where it can."""
    paper = record.values
    assert isinstance(paper, OfficialPaper)  # noqa: S101 - the register holds no others
    if record.is_withdrawn:
        return _VOID
    if act in _BEFORE_SIGNED and paper.is_fixed:
        return Text("It is signed or on its way: make it void, and draw up another.")
    if act == "number" and paper.series is not None:
        return _given(paper)
    if act == "received" and paper.sent_on is None:
        return Text("Put down first that it was sent.")
    return None


def _paper(record: Record) -> OfficialPaper:
    """Return a paper that isn't void: nothing more becomes of one that is, or it would count again.

    Raises:
        Refused: when it is void.

    """
    if record.is_withdrawn:
        raise Refused([Problem("kind", _VOID)])
    values = record.values
    assert isinstance(values, OfficialPaper)  # noqa: S101 - the register holds no others
    return values


def _open_paper(file: CaseFile, record: Record) -> tuple[OfficialPaper, PaperKind]:
    paper = _paper(record)
    kind = file.ruleset.papers.get(paper.kind or "")
    if kind is None:
        raise Refused([Problem("kind", Text("Papers of this kind are kept as files only."))])
    if (hindered := hindrance(record, "redraw")) is not None:
        raise Refused([Problem("kind", hindered)])
    return paper, kind


def _composed(
    asking: Asking,
    blobs: Blobs,
    file: CaseFile,
    kind: PaperKind,
    paper: OfficialPaper,
    number: str | None,
    address: str,
) -> Composed:
    with asking.database.readers.begin() as session:
        records = readable_items(session, file)
        subject = find_subject(file, kind, paper.subject, records)
        if subject is None:
            raise Refused([Problem("subject", Text("What it was about doesn't count any more."))])
        return compose(
            session, blobs, file, asking.law, kind, subject,
            number=number, address=address, records=records,
        )  # fmt: skip


def _written(asking: Asking, filing: Filing) -> Filed:
    return write_together(asking, lambda _session, _loaded: ([filing], []))


def _filing(
    asking: Asking,
    record: Record,
    changed: OfficialPaper,
    added: Sequence[Attachment],
    *,
    keeps_scan: bool = True,
) -> Filing:
    """A new version of a paper, with the files that it names and those that came with them."""
    new = {each.sha256 for each in added}
    named = {changed.draft, changed.scan if keeps_scan else None}
    kept = [each for each in record.attachments if each.sha256 in named - new]
    return Filing(
        PAPERS,
        changed,
        item=record.item,
        expected_version=record.version,
        acting_for=asking.acting_for,
        attachments=(*kept, *added),
        restriction=record.restriction,
    )


def _with_code(paper: OfficialPaper, code: str) -> str:
    """The codes printed on a paper, the newest last; very old ones give way."""
    before = [each for each in (paper.codes or "").split() if each != code]
    return " ".join([*before, code][-_CODES_KEPT:])


def _kept(blobs: Blobs, docx: bytes, file: CaseFile, kind: PaperKind) -> Attachment:
    """Keep the file of a paper, and return how its item names it."""
    blob = blobs.put(io.BytesIO(docx), at_most=_LARGEST)
    name = f"{file.ref.number} {render(kind.label, 'zh')}"[:_LONGEST_NAME]
    return Attachment(name=f"{name}.docx", media_type=DOCX, sha256=blob.sha256, size=blob.size)
