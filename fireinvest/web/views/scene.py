"""The scene and the inquiry: what was surveyed, asked, tested, tried and requested (arts 14-17)."""

from collections.abc import Iterable
from dataclasses import dataclass

from flask import Blueprint, Response, abort, render_template, url_for
from flask.typing import ResponseReturnValue

from fireinvest.messages import Text, Words
from fireinvest.regulation.profile import Register
from fireinvest.services.casefile import CaseFile
from fireinvest.services.files import FileLost, open_attachment
from fireinvest.services.pictures import NotShown, picture_size, shown_picture
from fireinvest.services.scenes import (
    REGISTERS,
    Caution,
    clashes_in,
    warnings_of,
)
from fireinvest.store import records as store
from fireinvest.web.casework import case_context, open_file
from fireinvest.web.keeping import keeps_drafts
from fireinvest.web.present_registers import RecordView
from fireinvest.web.rights import signed_in
from fireinvest.web.state import state
from fireinvest.web.uploads import takes_files
from fireinvest.web.views.registers import (
    Room,
    begin_edit,
    edit_item,
    record_of,
    views_of,
    writable_register,
)
from fireinvest.web.visiting import who
from fireinvest.workflow.items.scene import Attended, Pin
from fireinvest.workflow.presence import Clash
from fireinvest.workflow.registers import (
    Record,
    record_reader,
    register_of,
    restrictions_of,
    writable,
)

blueprint = Blueprint("scene", __name__, url_prefix="/cases/<number>/scene")

#: The picture types of which a plan can be drawn on a page.
_PICTURES = ("image/png", "image/jpeg")
#: Across and down, pixels of a plan at most.
_LARGEST = (2400, 2400)

#: How a paper is called that is printed of an item.
_PAPERS: dict[str, Text] = {
    "interviews": Text("Interview record"),
    "surveys": Text("Survey record of the fire scene"),
    "experiments": Text("Record of an experiment"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """An item of the scene in words, and what somebody should know of it."""

    view: RecordView
    cautions: tuple[Words, ...]
    is_late: bool


@dataclass(frozen=True, slots=True)
class Part:
    """A register on the page, with its items, the newest first."""

    register: Register
    lines: tuple[Line, ...]
    may_write: bool

    @property
    def late(self) -> int:
        """How many of its items are late."""
        return sum(each.is_late for each in self.lines)


@dataclass(frozen=True, slots=True)
class ClashView:
    """Somebody who was in two places at once; of another case no more than its number shows."""

    person: str
    one: str
    other: str
    address: str


@blueprint.get("")
@signed_in
def show(number: str) -> ResponseReturnValue:
    """Everything of the scene and the inquiry, each part with what is open or late."""
    file = open_file(number)
    may_write = writable(who().actor, file.case, number)
    known = [name for name in REGISTERS if register_of(file.case, name) is not None]
    with state().database.readers.begin() as session:
        records = store.items_of(session, file.ref.id, known)
        found = clashes_in(session, file.ref.id, number, records)
    # Who was at something restricted doesn't show; the other of the two still tells of it.
    clashes = [each for each in found if not restrictions_of(file.ruleset, each.one.record)]
    parts = []
    for name in known:
        register = file.ruleset.registers[name]
        lines = _lines(file, records[name], clashes)
        parts.append(Part(register, tuple(reversed(lines)), name in may_write))
    return render_template(
        "scene/page.html",
        **case_context(file),
        parts=parts,
        clashes=[_clash_view(file, each) for each in clashes],
        printed=_PAPERS,
    )


@blueprint.route("/tests/new", methods=["GET", "POST"])
@signed_in
@keeps_drafts
@takes_files
def new_test(number: str) -> ResponseReturnValue:
    """A test is commissioned: it stands in the register, and its time in the procedure (art 16)."""
    file = open_file(number)
    return edit_item(file, writable_register(file, "tests"), None, _test_room(number))


@blueprint.route("/tests/<int:item>", methods=["GET", "POST"])
@signed_in
@keeps_drafts
@takes_files
def edit_test(number: str, item: int) -> ResponseReturnValue:
    """A test as it stands; with its conclusion, its time ends."""
    file = open_file(number)
    register = writable_register(file, "tests")
    return begin_edit(file, register, item, lambda _record: _test_room(number))


def _test_room(number: str) -> Room:
    return Room(then=url_for("scene.show", number=number))


@blueprint.get("/plans/<int:item>")
@signed_in
def plan(number: str, item: int) -> ResponseReturnValue:
    """A plan of the scene with its pins, and a list of them beside it."""
    file = open_file(number)
    if register_of(file.case, "scene_plans") is None:
        abort(404)
    record = record_of(file, "scene_plans", item)
    _only_open(file, record)
    with state().database.readers.begin() as session:
        pins = store.items_of(session, file.ref.id, ["pins"])["pins"]
    mine = [
        each for each in pins if isinstance(each.values, Pin) and item in (each.values.plan or ())
    ]
    return render_template(
        "scene/plan.html",
        **case_context(file),
        view=views_of(file, [record])[0],
        height=_height_of(record),
        pins=views_of(file, mine),
        may_write="pins" in writable(who().actor, file.case, number),
    )


@blueprint.route("/plans/<int:item>/pins/new", methods=["GET", "POST"])
@signed_in
@keeps_drafts
@takes_files
def pin(number: str, item: int) -> ResponseReturnValue:
    """A new pin on a plan: where it is stands in the address, or is typed."""
    file = open_file(number)
    register = writable_register(file, "pins")
    record_of(file, "scene_plans", item)
    room = Room(then=url_for("scene.plan", number=number, item=item), given={"plan": f"{item}"})
    return edit_item(file, register, None, room)


@blueprint.get("/plans/<int:item>/picture")
@signed_in
def picture(number: str, item: int) -> ResponseReturnValue:
    """The picture of a plan, drawn anew so that nothing but the picture is in it."""
    file = open_file(number)
    record = record_of(file, "scene_plans", item)
    _only_open(file, record)
    place = _picture_of(record)
    if place is None:
        abort(404)
    try:
        with open_attachment(state().blobs, record.attachments[place]) as stream:
            drawn = shown_picture(stream, at_most=_LARGEST)
    except (FileLost, NotShown):
        abort(404)
    answer = Response(drawn.content, mimetype=drawn.media_type)
    answer.headers["Cache-Control"] = "private, max-age=600"
    return answer


@blueprint.get("/<register>/<int:item>/print")
@signed_in
def paper(number: str, register: str, item: int) -> ResponseReturnValue:
    """The record of an interview, a survey or an experiment, as it is printed and signed."""
    file = open_file(number)
    found = register_of(file.case, register)
    if found is None or register not in _PAPERS:
        abort(404)
    record = record_of(file, register, item)
    _only_open(file, record)
    return render_template(
        "scene/paper.html",
        **case_context(file),
        register=found,
        title=_PAPERS[register],
        view=views_of(file, [record])[0],
        attended=record.values if isinstance(record.values, Attended) else None,
    )


# ---------------------------------------------------------------------------- what they show


def _only_open(file: CaseFile, record: Record) -> None:
    """What is restricted is opened on its own page, where that is written down."""
    if restrictions_of(file.ruleset, record) or not record_reader(
        who().actor, file.case, file.ref.number
    )(record):
        abort(404)


def _picture_of(record: Record) -> int | None:
    places = (
        place for place, each in enumerate(record.attachments) if each.media_type in _PICTURES
    )
    return next(places, None)


def _height_of(record: Record) -> int | None:
    """How high a plan's picture is where it is a thousand wide; None where there is none."""
    place = _picture_of(record)
    if place is None:
        return None
    try:
        with open_attachment(state().blobs, record.attachments[place]) as stream:
            across, down = picture_size(stream)
    except (FileLost, NotShown):
        return None
    return max(1, round(1000 * down / across))


def _lines(file: CaseFile, records: Iterable[Record], clashes: Iterable[Clash]) -> list[Line]:
    at_once: dict[tuple[str, int], list[str]] = {}
    for each in clashes:
        mine = each.one.record
        at_once.setdefault((mine.register, mine.item), []).append(each.person)
    found = []
    kept = list(records)
    for view, record in zip(views_of(file, kept), kept, strict=True):
        cautions = [] if view.is_hidden else list(warnings_of(record, file.deadlines, file.today))
        cautions += [
            Caution(Text("%(person)s was elsewhere at the same time.", person=person), is_late=True)
            for person in dict.fromkeys(at_once.get((record.register, record.item), ()))
        ]
        found.append(
            Line(
                view, tuple(each.text for each in cautions), any(each.is_late for each in cautions)
            )
        )
    return found


def _clash_view(file: CaseFile, clash: Clash) -> ClashView:
    number, one, other = file.ref.number, clash.one.record, clash.other.record
    theirs = other.mark if clash.other.number == number else clash.other.number
    return ClashView(
        clash.person,
        one.mark,
        theirs,
        url_for("registers.item", number=number, register=one.register, item=one.item),
    )
