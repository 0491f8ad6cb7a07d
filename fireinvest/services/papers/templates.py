"""Which template is a paper of an office made with? Its own, or the one that belongs to the application.

An office's own template is tried with an example of every field before it is kept; one that fails
is refused with its place, and the one before it stays in force. Versions are kept for ever.
"""

import hashlib
import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

import segno

from fireinvest.documents.drafting import template_docx
from fireinvest.documents.word import Picture, TemplateFault, check_template, render
from fireinvest.gateways.blobs import Blobs
from fireinvest.messages import Faulty, Problem, Text, Words
from fireinvest.regulation.profile import PaperForm, PaperKind
from fireinvest.services.files import open_attachment, readable_size, tidy_name
from fireinvest.services.papers.context import example_context
from fireinvest.services.papers.kinds import content_of
from fireinvest.services.papers.offices import Keeper, Office, log_keeping
from fireinvest.store import Database, Session, files
from fireinvest.store import papers as store
from fireinvest.store.conflicts import Conflict, changing
from fireinvest.store.papers import StoredTemplate
from fireinvest.store.schema import ROOT
from fireinvest.workflow.actions import Attachment

__all__ = [
    "DOCX",
    "FIELD",
    "LARGEST",
    "Template",
    "TemplateFault",
    "again",
    "back",
    "built_in",
    "fault_words",
    "find_version",
    "has_built_in",
    "sample",
    "stored_template",
    "template_for",
    "tried",
    "upload",
]

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

#: No template is larger: it holds words, and perhaps a seal or a map.
LARGEST = 8 * 1024 * 1024
#: The field of the form under which it comes.
FIELD = "template"

_MARKUP = ROOT / "templates" / "papers"
_MARK = 12
_OTHER_FILES = (".doc", ".docm", ".dot", ".dotx", ".dotm", ".wps", ".wpt", ".rtf", ".odt", ".pdf")


@dataclass(frozen=True, slots=True)
class Template:
    """A template that counts: its file, and by what a paper says that it was made with it."""

    docx: bytes
    mark: str


# ---------------------------------------------------------------------------- which counts


def template_for(
    session: Session, blobs: Blobs, division: str, tier: str, kind: PaperKind
) -> Template:
    """Return the template that counts for an office and a kind of paper.

    Raises:
        Faulty: when papers of this kind are not made here.
        FileLost: when the office's own one isn't kept any more.

    """
    own = store.last_template(session, division, tier, kind.id)
    if own is None or own.sha256 is None:
        return built_in(kind)
    return Template(stored_template(blobs, own), own.sha256)


def stored_template(blobs: Blobs, version: StoredTemplate) -> bytes:
    """Return the file of a version of an office's template.

    Raises:
        FileLost: when it isn't kept any more, or was changed on the disk.

    """
    kept = Attachment(version.name, DOCX, version.sha256 or "", version.size)
    with open_attachment(blobs, kept) as stream:
        return stream.read()


def built_in(kind: PaperKind) -> Template:
    """Return the template for a kind of paper that belongs to the application.

    Raises:
        Faulty: when papers of this kind are not made here.

    """
    if not has_built_in(kind):
        raise Faulty([Problem("kind", Text("Papers of this kind are kept as files only."))])
    return _compiled(kind.id, kind.form)


def has_built_in(kind: PaperKind) -> bool:
    """Are papers of this kind made here, and not only kept?"""
    return content_of(kind.id) is not None and _path(kind.id).is_file()


def _path(kind: str) -> Path:
    return _MARKUP / f"{kind}.txt"


@cache
def _compiled(kind: str, form: PaperForm) -> Template:
    markup = _path(kind).read_text("utf-8")
    digest = hashlib.sha256(markup.encode()).hexdigest()
    return Template(template_docx(markup, form.value), f"built-in:{digest[:_MARK]}")


# ---------------------------------------------------------------------------- tried


def sample(template: bytes, kind: PaperKind) -> bytes:
    """Return a template filled in with an example of everything that it may say.

    Raises:
        TemplateFault: when it can't be.

    """
    context = _example(kind)
    return render(template, context, _pictures(kind), qr=f"…/papers/{context['paper']['code']}")


def _example(kind: PaperKind) -> dict[str, Any]:
    return example_context(kind.id)


def _pictures(kind: PaperKind) -> Mapping[str, Picture]:
    content = content_of(kind.id)
    names = () if content is None else content.fields.PICTURES
    return {name: Picture(_example_picture(), _EXAMPLE_MM) for name in names[:_EXAMPLES]}


_EXAMPLE_MM = 40
#: As many as there are rows in an example; of the others there are none.
_EXAMPLES = 2


@cache
def _example_picture() -> bytes:
    """Some picture, where a template shows one of the case."""
    written = io.BytesIO()
    segno.make("示例图片", error="m").save(written, kind="png", scale=8)
    return written.getvalue()


# ---------------------------------------------------------------------------- changed


def tried(kind: PaperKind, name: str | None, stream: BinaryIO) -> bytes:
    """Return a Word file that can be a template for a kind: it was filled in with examples.

    Raises:
        Faulty: when it can't be used, with the place of the fault.

    """
    if tidy_name(name or "").lower().endswith(_OTHER_FILES):
        raise _refused(Text("Save it as a Word document (.docx) first; other files can't be used."))
    content = stream.read(LARGEST + 1)
    if len(content) > LARGEST:
        text = Text("A template has at most %(most)s.", most=readable_size(LARGEST))
        raise _refused(text)
    if not content:
        raise _refused(Text("This file is empty."))
    try:
        check_template(content, _example(kind), _pictures(kind))
    except TemplateFault as fault:
        raise _refused(fault_words(fault)) from fault
    return content


def upload(
    database: Database,
    blobs: Blobs,
    office: Office,
    kind: PaperKind,
    name: str | None,
    stream: BinaryIO,
    *,
    by: Keeper,
) -> StoredTemplate:
    """Let a Word file be the office's template for a kind, from the next paper on.

    The same file as the one that counts is not kept twice.

    Raises:
        Faulty: when it can't be used, with the place of the fault. Nothing is kept then.

    """
    tidied = tidy_name(name or "")
    content = tried(kind, name, stream)
    blob = blobs.put(io.BytesIO(content), at_most=LARGEST)
    with _at_once(database) as session:
        # What is cleared meanwhile is noticed here, as when any file is staged.
        files.share_staged(session)
        if not blobs.exists(blob.sha256):
            raise _refused(Text("The file %(name)s could not be kept; send it again.", name=tidied))
        last = store.last_template(session, office.division, office.tier, kind.id)
        if last is not None and last.sha256 == blob.sha256:
            return last
        added = _next(office, kind, last, blob.sha256, blob.size, tidied or "模板.docx", by)
        store.add_template(session, added)
        _log(session, by, "template_uploaded", last, added)
    return added


def back(database: Database, office: Office, kind: PaperKind, *, by: Keeper) -> None:
    """Let the template that belongs to the application count again; the own versions are kept."""
    with _at_once(database) as session:
        last = store.last_template(session, office.division, office.tier, kind.id)
        if last is None or last.sha256 is None:
            return
        added = _next(office, kind, last, None, 0, "", by)
        store.add_template(session, added)
        _log(session, by, "template_built_in", last, added)


def again(
    database: Database, blobs: Blobs, office: Office, kind: PaperKind, version: int, *, by: Keeper
) -> StoredTemplate:
    """Let an earlier version of the office's own count again, as a new version; it is tried anew.

    Raises:
        Faulty: when there is none such, or what it names is no more.

    """
    with database.readers.begin() as session:
        found = find_version(session, office, kind.id, version)
    if found is None or found.sha256 is None:
        raise _refused(Text("There is no such version."))
    content = stored_template(blobs, found)
    return upload(database, blobs, office, kind, found.name, io.BytesIO(content), by=by)


def find_version(
    session: Session, office: Office, kind: str, version: int
) -> StoredTemplate | None:
    """Return one version of an office's template, None where there is none such."""
    versions = store.template_versions(session, office.division, office.tier, kind)
    return next((each for each in versions if each.version == version), None)


def fault_words(fault: TemplateFault) -> Words:
    """Return where a template can't be used, and why, as one sentence."""
    if not fault.place:
        return fault.text
    return Text("%(place)s: %(why)s", place=fault.place, why=fault.text)


def _refused(text: Words) -> Faulty:
    return Faulty([Problem(FIELD, text)])


@contextmanager
def _at_once(database: Database) -> Iterator[Session]:
    try:
        with changing(database) as session:
            yield session
    except Conflict as conflict:
        text = Text("Somebody else changed this template just now. Look at it again.")
        raise _refused(text) from conflict


def _next(
    office: Office,
    kind: PaperKind,
    last: StoredTemplate | None,
    sha256: str | None,
    size: int,
    name: str,
    by: Keeper,
) -> StoredTemplate:
    return StoredTemplate(
        division=office.division,
        tier=office.tier,
        kind=kind.id,
        version=1 if last is None else last.version + 1,
        sha256=sha256,
        size=size,
        name=name,
        uploaded_at=by.now,
        uploaded_by=by.login,
    )


def _log(
    session: Session, by: Keeper, what: str, last: StoredTemplate | None, added: StoredTemplate
) -> None:
    log_keeping(
        session,
        by,
        what,
        (added.division, added.tier),
        item=f"template:{added.kind}",
        old=None if last is None else _said(last),
        new=_said(added),
    )


def _said(version: StoredTemplate) -> dict[str, object]:
    return {"version": version.version, "sha256": version.sha256, "name": version.name or None}
