"""The public version of a report: withheld passages, the check, the release, its proofs (art 23)."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, Response, abort, render_template, url_for
from flask.typing import ResponseReturnValue

from fireinvest.messages import Text, Words
from fireinvest.regulation.profile import Item as ListItem
from fireinvest.services.casefile import CaseFile
from fireinvest.services.log import Act
from fireinvest.services.publishing import (
    READ,
    Preview,
    check_passage,
    hash_of,
    preview_of,
    release,
    steps_of_proof,
)
from fireinvest.services.records import Filed
from fireinvest.store import records as store
from fireinvest.web import noting
from fireinvest.web.casework import case_context, open_file, open_steps
from fireinvest.web.forms.registers import asked_of
from fireinvest.web.keeping import keeps_drafts
from fireinvest.web.present_registers import RecordView
from fireinvest.web.rights import signed_in
from fireinvest.web.state import state
from fireinvest.web.together import Given, Together, asking
from fireinvest.web.uploads import takes_files
from fireinvest.web.views.registers import (
    Room,
    edit_item,
    record_of,
    views_of,
    writable_register,
)
from fireinvest.web.visiting import today, who
from fireinvest.workflow.items.public import PublicationProof, Release
from fireinvest.workflow.public_text import LEFT_OUT, PublicSection
from fireinvest.workflow.registers import Record, choices_of, register_of, writable
from fireinvest.workflow.report_hash import PARTS

blueprint = Blueprint("public", __name__, url_prefix="/cases/<number>/public")

_PLACES = "publication_places"
#: Characters before and after something that was found, so that it is seen where it stands.
_AROUND = 24
#: Kinds that are withheld for the sake of people, by what was found.
_GROUNDS = {"minor": "minors"}
_PERSONAL = "personal"


@dataclass(frozen=True, slots=True)
class FindingView:
    """Something that the check found, with the words around it."""

    section: int
    title: str
    sort: str
    label: Words
    before: str
    text: str
    after: str
    ground: str
    accepted: Record | None


@dataclass(frozen=True, slots=True)
class PlaceView:
    """A place where the law wants it published, and the proofs of it."""

    item: ListItem
    proofs: tuple[RecordView, ...]
    is_recorded: bool


@blueprint.get("")
@signed_in
def show(number: str) -> ResponseReturnValue:
    """What the public would read, what the check finds in it, and where it was published."""
    file = open_file(number)
    if register_of(file.case, "releases") is None:
        return render_template("public/page.html", **case_context(file), has_registers=False)
    with state().database.readers.begin() as session:
        records = store.items_of(session, file.ref.id, [*READ, "releases", "proofs"])
        preview = preview_of(session, file.case, file.ref.id, records)
    findings = _findings(file, preview)
    return render_template(
        "public/page.html",
        **case_context(file),
        has_registers=True,
        preview=preview,
        parts=_parts(file, preview),
        open_findings=[each for each in findings if each.accepted is None],
        accepted=[each for each in findings if each.accepted is not None],
        withheld=views_of(file, records["withheld"]),
        idle={each.item for each in preview.idle} if preview else set(),
        releases=views_of(file, list(reversed(records["releases"]))),
        places=_places(file, records["proofs"]),
        proofs=views_of(file, records["proofs"]),
        can=writable(who().actor, file.case, number),
        open_steps=open_steps(file),
        left_out=LEFT_OUT,
    )


def _findings(file: CaseFile, preview: Preview | None) -> list[FindingView]:
    if preview is None:
        return []
    labels = {each.id: each.label for each in choices_of(file.case, "public_hits")}
    sections = {each.record.item: each for each in preview.sections}
    views = []
    for each in preview.findings:
        section, hit = sections[each.section], each.hit
        whole = section.whole
        views.append(
            FindingView(
                each.section,
                section.title,
                hit.sort.value,
                labels.get(hit.sort.value, hit.sort.value),
                whole[max(0, hit.start - _AROUND) : hit.start],
                hit.text,
                whole[hit.end : hit.end + _AROUND],
                _GROUNDS.get(hit.sort.value, _PERSONAL),
                each.accepted,
            )
        )
    return views


def _parts(file: CaseFile, preview: Preview | None) -> list[tuple[ListItem, list[PublicSection]]]:
    if preview is None:
        return []
    found = [
        (part, [each for each in preview.sections if each.part == part.id])
        for part in choices_of(file.case, PARTS)
    ]
    return [(part, sections) for part, sections in found if sections]


def _places(file: CaseFile, proofs: Sequence[Record]) -> list[PlaceView]:
    views = views_of(file, proofs)
    recorded = {getattr(each.payload, "item", None) for each in file.case.done.get("publish", ())}
    return [
        PlaceView(
            item,
            tuple(
                view
                for view in views
                if isinstance(view.record.values, PublicationProof)
                and item.id in (view.record.values.places or ())
            ),
            item.id in recorded,
        )
        for item in choices_of(file.case, _PLACES)
    ]


@blueprint.route("/withheld/new", methods=["GET", "POST"])
@signed_in
@keeps_drafts
@takes_files
def withhold(number: str) -> ResponseReturnValue:
    """A passage that the public doesn't read, why, and what stands in its place."""
    file = open_file(number)
    register = writable_register(file, "withheld")
    return edit_item(file, register, None, _passage_room(file))


@blueprint.route("/withheld/<int:item>", methods=["GET", "POST"])
@signed_in
@keeps_drafts
@takes_files
def edit_withheld(number: str, item: int) -> ResponseReturnValue:
    """A withheld passage as it stands."""
    file = open_file(number)
    register = writable_register(file, "withheld")
    return edit_item(file, register, record_of(file, "withheld", item), _passage_room(file))


def _passage_room(file: CaseFile) -> Room:
    return Room(
        then=url_for("public.show", number=file.ref.number, _anchor="check"),
        follow=check_passage,
        about=Text(
            "The passage is left out wherever it stands in the section, word for word as in the "
            "text that is published."
        ),
    )


@blueprint.route("/accepted/new", methods=["GET", "POST"])
@signed_in
@keeps_drafts
@takes_files
def accept(number: str) -> ResponseReturnValue:
    """Something that the check found may stand in the public version, with the reason."""
    file = open_file(number)
    register = writable_register(file, "public_accepts")
    room = Room(then=url_for("public.show", number=number, _anchor="check"))
    return edit_item(file, register, None, room)


@blueprint.route("/release", methods=["GET", "POST"])
@signed_in
@keeps_drafts
@takes_files
def new_release(number: str) -> ResponseReturnValue:
    """The public version is released as it was read: frozen, under its hash."""
    file = open_file(number)
    register = writable_register(file, "releases")
    with state().database.readers.begin() as session:
        records = store.items_of(session, file.ref.id, [*READ])
        preview = preview_of(session, file.case, file.ref.id, records)
    if preview is None:
        abort(404)

    def save(given: Given, _problems: object) -> Filed:
        assert isinstance(given.item, Release)  # noqa: S101 - its register has this sort
        return release(
            asking(file, given.key), given.item, seen=given.seen, reason=given.reason,
            attachments=given.attachments,
        )  # fmt: skip

    # As a document is called in it, whatever language the page is read in.
    title = f"“{file.loaded.row['unit_name']}”火灾事故调查报告（公开版）"
    return Together(
        file,
        register,
        asked_of(file.case, "releases", {}),
        "public/release.html",
        hash_of(preview.text(file.case, "")),
        url_for("public.show", number=number, _anchor="releases"),
        save,
        begins={"title": title, "released_on": today().isoformat()},
        context={"preview": preview, "parts": _parts(file, preview)},
    ).answer()


@blueprint.get("/releases/<int:item>")
@signed_in
def released(number: str, item: int) -> ResponseReturnValue:
    """A public version as it was released, to be printed."""
    file = open_file(number)
    record = _release(file, item)
    release = record.values
    assert isinstance(release, Release)  # noqa: S101 - it was looked for
    with state().database.readers.begin() as session:
        proofs = store.items_of(session, file.ref.id, ["proofs"])["proofs"]
    mine = [
        each
        for each in proofs
        if isinstance(each.values, PublicationProof) and item in (each.values.release or ())
    ]
    return render_template(
        "public/released.html",
        **case_context(file),
        view=views_of(file, [record])[0],
        released=release,
        # Its title stands above as a heading.
        body=(release.text or "").removeprefix(release.title or "").lstrip(),
        proofs=views_of(file, mine),
    )


@blueprint.get("/releases/<int:item>/text")
@signed_in
def download(number: str, item: int) -> ResponseReturnValue:
    """A public version as a text to take away; that it was taken is written down."""
    file = open_file(number)
    record = _release(file, item)
    assert isinstance(record.values, Release)  # noqa: S101 - it was looked for
    noting.note(Act.DOWNLOAD, case_id=file.ref.id, item=f"releases {record.mark}")
    answer = Response(record.values.text or "", mimetype="text/plain")
    answer.headers["Content-Disposition"] = f"attachment; filename={number}-{record.mark}.txt"
    return answer


@blueprint.route("/proofs/new", methods=["GET", "POST"])
@signed_in
@keeps_drafts
@takes_files
def prove(number: str) -> ResponseReturnValue:
    """Where a version was published, proved; the step is recorded for each place with it."""
    file = open_file(number)
    register = writable_register(file, "proofs")
    return edit_item(file, register, None, _proof_room(file))


@blueprint.route("/proofs/<int:item>", methods=["GET", "POST"])
@signed_in
@keeps_drafts
@takes_files
def edit_proof(number: str, item: int) -> ResponseReturnValue:
    """A proof as it stands; a place that is added is recorded as well."""
    file = open_file(number)
    register = writable_register(file, "proofs")
    return edit_item(file, register, record_of(file, "proofs", item), _proof_room(file))


def _proof_room(file: CaseFile) -> Room:
    return Room(
        then=url_for("public.show", number=file.ref.number, _anchor="proofs"),
        follow=steps_of_proof,
        about=Text(
            "A link or a picture of the page proves it. Where something before it is lacking, the "
            "note says why it is published nevertheless."
        ),
    )


def _release(file: CaseFile, item: int) -> Record:
    if register_of(file.case, "releases") is None:
        abort(404)
    record = record_of(file, "releases", item)
    if not isinstance(record.values, Release) or views_of(file, [record])[0].is_hidden:
        abort(404)
    return record
