"""The papers of a case: drawn up, numbered, signed on paper, sent, received; found by their codes."""

import io
from collections.abc import Iterable
from dataclasses import dataclass

from flask import (
    Blueprint,
    Response,
    abort,
    flash,
    redirect,
    render_template,
    request,
    send_file,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from fireinvest.documents.papers import read_code
from fireinvest.documents.portable import NoOffice, pdf_of_docx
from fireinvest.messages import Faulty, Problem, Text, Words
from fireinvest.regulation.profile import PaperKind
from fireinvest.services.casefile import CaseFile, case_file
from fireinvest.services.cases import NoSuchCase
from fireinvest.services.files import FileLost, open_attachment
from fireinvest.services.log import Act
from fireinvest.services.papers import drawing
from fireinvest.services.papers.kinds import CONTENTS, content_of, fitting_subjects
from fireinvest.services.papers.material import readable_items
from fireinvest.services.papers.series import Series
from fireinvest.services.papers.templates import DOCX
from fireinvest.services.records import Filed
from fireinvest.store import records as store
from fireinvest.web import downloads, law, noting
from fireinvest.web.casework import case_context, open_file
from fireinvest.web.forms.registers import asked_of
from fireinvest.web.keeping import keeps_drafts
from fireinvest.web.present import say
from fireinvest.web.present_papers import PaperView, milestones, next_act, paper_view, stages_of
from fireinvest.web.rights import signed_in
from fireinvest.web.state import state
from fireinvest.web.together import Given, Together, asking
from fireinvest.web.uploads import takes_files
from fireinvest.web.views.registers import opening, record_of, views_of, writable_register
from fireinvest.web.visiting import today, who
from fireinvest.workflow.actions import Attachment
from fireinvest.workflow.errors import Invalid, NotAllowed
from fireinvest.workflow.items.papers import PAPERS, OfficialPaper
from fireinvest.workflow.registers import (
    Record,
    StaleItem,
    may_draw_up,
    record_reader,
    register_of,
    restrictions_of,
)

blueprint = Blueprint("papers", __name__)

_ROOM = "/cases/<number>/papers"
_LONGEST = 60
_PAGE = 50
#: Where a signed paper comes from: scanned to these.
_SCANS = ".pdf,.ofd,.jpg,.jpeg,.png,.tif,.tiff"


@dataclass(frozen=True, slots=True)
class _Act:
    """Something that becomes of a paper: how it is called, and which fields it asks for."""

    title: Words
    button: Words
    fields: tuple[str, ...]
    with_files: bool = False


_ACTS = {
    "number": _Act(Text("Give it its number"), Text("Keep the number"), ("document_no",)),
    "draft": _Act(Text("Put in a file of your own"), Text("Keep the file"), (), with_files=True),
    "signed": _Act(
        Text("Attach the signed paper"), Text("Keep the signed paper"), ("signed_on", "signed_by"),
        with_files=True,
    ),
    "sent": _Act(Text("It was sent"), Text("Record it"), ("sent_on", "sent_to", "sent_how")),
    "received": _Act(Text("It was received"), Text("Record it"), ("received_on", "received_by")),
    "void": _Act(Text("Make it void"), Text("Make it void"), ()),
}  # fmt: skip


# ---------------------------------------------------------------------------- what there is


@blueprint.get(_ROOM)
@signed_in
def show(number: str) -> ResponseReturnValue:
    """The papers of a case, newest first, and by stage the kinds that can be drawn up."""
    file = open_file(number)
    register = register_of(file.case, PAPERS)
    before = min(max(request.args.get("before", 0, type=int), 0), 2**31 - 1)
    records: list[Record] = []
    counts: dict[str, int] = {}
    if register is not None:
        with state().database.readers.begin() as session:
            records = store.items_of(session, file.ref.id, [PAPERS], withdrawn=True)[PAPERS]
            counts = store.count_items(session, file.ref.id)
    views = _views(file, reversed(records))
    page = [each for each in views if not before or each.record.item < before]
    actor = who().actor
    kinds = list(file.ruleset.papers.values())
    may = [each.id for each in kinds if may_draw_up(actor, file.case, file.ref.number, each)]
    return render_template(
        "papers_room/page.html",
        **case_context(file),
        register=register,
        papers=page[:_PAGE],
        following=page[_PAGE - 1].record.item if len(page) > _PAGE else None,
        is_first=before == 0,
        stages=stages_of(file.case, kinds, views, counts, may, CONTENTS),
    )


@blueprint.get(f"{_ROOM}/kinds/<kind>")
@signed_in
def kind(number: str, kind: str) -> ResponseReturnValue:
    """Of what there can be a paper of a kind in the case, and which of them there are."""
    file = open_file(number)
    found = _kind(file, kind)
    after = min(max(request.args.get("after", 0, type=int), 0), 10**6)
    with state().database.readers.begin() as session:
        records = readable_items(session, file)
        drawn = store.items_of(session, file.ref.id, [PAPERS], withdrawn=True)[PAPERS]
    subjects = list(fitting_subjects(file, found, records))
    by_subject: dict[str, list[PaperView]] = {}
    for view in _views(file, drawn):
        if view.paper.kind == kind and not view.is_hidden:
            by_subject.setdefault(view.paper.subject or "", []).append(view)
    return render_template(
        "papers_room/kind.html",
        **case_context(file),
        kind=found,
        subjects=[(each, by_subject.get(each.key, [])) for each in subjects[after : after + _PAGE]],
        following=after + _PAGE if len(subjects) > after + _PAGE else None,
        is_first=after == 0,
        is_made=content_of(kind) is not None,
        may=may_draw_up(who().actor, file.case, file.ref.number, found),
    )


@blueprint.post(f"{_ROOM}/kinds/<kind>")
@signed_in
def draw_up(number: str, kind: str) -> ResponseReturnValue:
    """A paper of a kind is drawn up from what is on record."""
    file = open_file(number)
    found = _drawable(file, _kind(file, kind))
    try:
        filed = drawing.draw_up(
            asking(file, request.form.get("key", "")), state().blobs, file, found,
            request.form.get("subject"), address=_address(),
        )  # fmt: skip
    except NotAllowed:
        abort(403)
    except Faulty as faulty:
        flash(" ".join(say(each.text) for each in faulty.problems), "warning")
        return redirect(url_for("papers.kind", number=number, kind=kind), 303)
    flash(_("Drawn up. Read it before it is signed."), "done")
    return redirect(url_for("papers.paper", number=number, item=filed.records[0].item), 303)


# ---------------------------------------------------------------------------- a paper


@blueprint.get(f"{_ROOM}/<int(max=2147483647):item>")
@signed_in
def paper(number: str, item: int) -> ResponseReturnValue:
    """A paper: how far it has come, the file that counts, what can be done, and its versions."""
    file = open_file(number)
    record = record_of(file, PAPERS, item)
    asked = opening(file, record)
    if asked is not None:
        return asked
    with state().database.readers.begin() as session:
        versions = store.versions_of(session, file.ref.id, PAPERS, item)
    view = _views(file, [record])[0]
    kind = view.kind
    may = kind is not None and may_draw_up(who().actor, file.case, file.ref.number, kind)
    step = None if kind is None or kind.step is None else file.ruleset.steps.get(kind.step)
    return render_template(
        "papers_room/paper.html",
        **case_context(file),
        view=view,
        paper=view.paper,
        kind=kind,
        milestones=milestones(view.paper, kind),
        draft=drawing.file_of(record, view.paper.draft),
        scan=drawing.file_of(record, view.paper.scan),
        versions=views_of(file, versions),
        may=may and not record.is_withdrawn,
        step=step,
        acts={
            name: each for name, each in _ACTS.items() if drawing.hindrance(record, name) is None
        },
        following=next_act(view.paper, kind),
    )


@blueprint.post(f"{_ROOM}/<int(max=2147483647):item>/redraw")
@signed_in
def redraw(number: str, item: int) -> ResponseReturnValue:
    """A paper is drawn up anew from what is on record now."""
    file = open_file(number)
    record = _seen(file, item)
    _drawable(file, _views(file, [record])[0].kind)
    back = redirect(url_for("papers.paper", number=number, item=item), 303)
    try:
        filed = drawing.redraw(
            asking(file, request.form.get("key", "")), state().blobs, file, record,
            address=_address(),
        )  # fmt: skip
    except NotAllowed:
        abort(403)
    except Faulty as faulty:
        flash(" ".join(say(each.text) for each in faulty.problems), "warning")
        return back
    if filed is None:
        flash(_("It says the same as before: nothing was changed."), "done")
    else:
        flash(_("Drawn up anew. What it said before stays as a version."), "done")
    return back


@blueprint.route(f"{_ROOM}/<int(max=2147483647):item>/<act>", methods=["GET", "POST"])
@signed_in
@keeps_drafts
@takes_files
def change(number: str, item: int, act: str) -> ResponseReturnValue:
    """What becomes of a paper: its number, its signed copy, sent, received, void."""
    if act not in _ACTS:
        abort(404)
    file = open_file(number)
    register = writable_register(file, PAPERS)
    record = record_of(file, PAPERS, item)
    asked = opening(file, record)
    if asked is not None:
        return asked
    view = _views(file, [record])[0]
    kind, known = _drawable(file, view.kind), _ACTS[act]
    if request.method == "GET" and (hindered := drawing.hindrance(record, act)) is not None:
        # An old link, or a page that was left open: nobody fills in a form for nothing.
        flash(say(hindered), "warning")
        return redirect(url_for("papers.paper", number=number, item=item))
    series: tuple[Series, ...] = ()
    if act == "number":
        with state().database.readers.begin() as session:
            series = drawing.possible_series(session, file, kind)
    fields = asked_of(file.case, PAPERS, {})
    return Together(
        file,
        register,
        tuple(each for each in fields if each.name in known.fields),
        "papers_room/form.html",
        f"{record.version}",
        url_for("papers.paper", number=number, item=item),
        lambda given, _problems: _save(file, record, act, given),
        begins=_begins(view.paper, act),
        context={"view": view, "act": known, "series": series, "scans": _SCANS},
        also=("series", "scan"),
        renamed={"scan": "files"},
    ).answer()


def _save(file: CaseFile, record: Record, act: str, given: Given) -> Filed:
    """Do what the form asks; on a paper that somebody changed meanwhile, nothing.

    Raises:
        Faulty: what stands beside the fields.

    """
    if given.seen != f"{record.version}":
        raise StaleItem(int(given.seen) if given.seen.isdecimal() else 0, record.version)
    typed = given.item
    assert isinstance(typed, OfficialPaper)  # noqa: S101 - the register's own sort
    ask, blobs = asking(file, given.key), state().blobs
    match act:
        case "number":
            chosen = request.form.get("series", "")
            if chosen.isdecimal() and len(chosen) < 10:
                return drawing.number_from(
                    ask, blobs, file, record, int(chosen), address=_address()
                )
            return drawing.number_by_hand(
                ask, blobs, file, record, typed.document_no or "", address=_address()
            )
        case "draft":
            return drawing.replace_draft(ask, file, record, _one_file(given.attachments))
        case "signed":
            scan = _one_file(given.attachments) if given.attachments else None
            return drawing.keep_signed(
                ask, record, scan, signed_on=typed.signed_on, signed_by=typed.signed_by
            )
        case "sent":
            return drawing.send(ask, record, on=typed.sent_on, to=typed.sent_to, how=typed.sent_how)
        case "received":
            return drawing.receive(ask, record, on=typed.received_on, by=typed.received_by)
        case _:
            return drawing.void(ask, record, given.reason)


def _one_file(files: tuple[Attachment, ...]) -> Attachment:
    if len(files) != 1:
        raise Invalid([Problem("files", Text("One file is needed."))])
    return files[0]


def _begins(paper: OfficialPaper, act: str) -> dict[str, str]:
    day = today().isoformat()
    return {
        "number": {"document_no": paper.document_no or ""},
        "signed": {"signed_on": day, "signed_by": paper.signed_by or ""},
        "sent": {"sent_on": day, "sent_to": paper.sent_to or paper.addressee or ""},
        "received": {"received_on": day, "received_by": paper.sent_to or ""},
    }.get(act, {})


# ---------------------------------------------------------------------------- its files


@blueprint.get(f"{_ROOM}/<int(max=2147483647):item>/file")
@signed_in
def counting_file(number: str, item: int) -> ResponseReturnValue:
    """The file that counts: the signed paper where there is one, else the draft."""
    file, record, asked = _opened(number, item)
    if asked is not None:
        return asked
    attachment = drawing.file_of(record, _paper(record).counts)
    if attachment is None:
        abort(404)
    return downloads.download(file.ref.id, attachment, f"{PAPERS} {record.mark}")


@blueprint.get(f"{_ROOM}/<int(max=2147483647):item>/pdf")
@signed_in
def pdf(number: str, item: int) -> ResponseReturnValue:
    """The draft as a PDF, as it is printed to be signed."""
    file, record, asked = _opened(number, item)
    if asked is not None:
        return asked
    attachment = drawing.file_of(record, _paper(record).draft)
    if attachment is None:
        abort(404)
    if attachment.media_type != DOCX:
        # Somebody put in a file of their own: it is taken as it is.
        return redirect(url_for("papers.counting_file", number=number, item=item))
    try:
        with open_attachment(state().blobs, attachment) as stream:
            pages = pdf_of_docx(stream.read())
    except FileLost:
        abort(404)
    except NoOffice as missing:
        flash(say(missing.text), "warning")
        return redirect(url_for("papers.paper", number=number, item=item))
    noting.note(Act.DOWNLOAD, case_id=file.ref.id, item=f"{PAPERS} {record.mark} pdf")
    name = f"{attachment.name.rpartition('.')[0]}.pdf"
    answer: Response = send_file(
        io.BytesIO(pages), mimetype="application/pdf", as_attachment=True, download_name=name,
        max_age=0,
    )  # fmt: skip
    return answer


# ---------------------------------------------------------------------------- found by its code


@blueprint.get("/papers")
@signed_in
def check() -> ResponseReturnValue:
    """Where the code of a paper is typed."""
    typed = request.args.get("code", "").strip()[:_LONGEST]
    if typed:
        return redirect(url_for("papers.found", code=typed))
    return render_template("papers_room/code.html", typed="", hits=())


@blueprint.get("/papers/<code>")
@signed_in
def found(code: str) -> ResponseReturnValue:
    """The paper that a code stands on, as its record has it: state, files and their hashes."""
    typed = code[:_LONGEST]
    wanted = read_code(typed)
    hits: list[dict[str, object]] = []
    if wanted is not None:
        with state().database.readers.begin() as session:
            keys = store.find_keys(session, {("paper", wanted)})
        for each in keys:
            hit = _hit(each.number, each.item, wanted)
            if hit is not None:
                hits.append(hit)
    page = render_template("papers_room/code.html", typed=typed, hits=hits)
    return page, 200 if hits else 404


def _hit(number: str, item: int, code: str) -> dict[str, object] | None:
    """What is shown of a paper that was found; nothing of a case that its finder may not see."""
    try:
        with state().database.readers.begin() as session:
            file = case_file(session, who().actor, number, law.calendar(), today(), law=law.law())
            record = store.last_version(session, file.ref.id, PAPERS, item)
    except NoSuchCase:
        return None
    if record is None:
        return None
    view = _views(file, [record])[0]
    # The code stands on the paper in their hands; of a restricted one its record says no more.
    is_shown = not view.is_hidden and not restrictions_of(file.ruleset, record)
    return {
        "file": file,
        "view": view,
        "is_shown": is_shown,
        "is_last": view.paper.code == code,
        "draft": drawing.file_of(record, view.paper.draft) if is_shown else None,
        "scan": drawing.file_of(record, view.paper.scan) if is_shown else None,
    }


# ---------------------------------------------------------------------------- shared


def _kind(file: CaseFile, kind: str) -> PaperKind:
    found = file.ruleset.papers.get(kind)
    if found is None or register_of(file.case, PAPERS) is None:
        abort(404)
    return found


def _drawable(file: CaseFile, kind: PaperKind | None) -> PaperKind:
    """Return the kind of a paper to whoever draws such up in the case; nobody else gets further."""
    if kind is None or not may_draw_up(who().actor, file.case, file.ref.number, kind):
        abort(403)
    return kind


def _views(file: CaseFile, records: Iterable[Record]) -> list[PaperView]:
    may_read = record_reader(who().actor, file.case, file.ref.number)
    return [paper_view(file.ruleset, each, may_read=may_read(each)) for each in records]


def _opened(number: str, item: int) -> tuple[CaseFile, Record, ResponseReturnValue | None]:
    """Return a paper, and what answers first where it is a restricted one."""
    file = open_file(number)
    record = record_of(file, PAPERS, item)
    return file, record, opening(file, record)


def _paper(record: Record) -> OfficialPaper:
    assert isinstance(record.values, OfficialPaper)  # noqa: S101 - the register holds no others
    return record.values


def _seen(file: CaseFile, item: int) -> Record:
    """Return the paper that the form was about, as it stands."""
    record = record_of(file, PAPERS, item)
    if not record_reader(who().actor, file.case, file.ref.number)(record):
        abort(404)
    return record


def _address() -> str:
    return f"{state().settings.public_url}{url_for('papers.check')}"
