"""The evidence of a case: its pieces, their files and pictures, and through whose hands they went."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from fireinvest.china import CHINA
from fireinvest.documents.tables import Column
from fireinvest.messages import Faulty, Joined, Text
from fireinvest.regulation.profile import Register
from fireinvest.services.casefile import CaseFile
from fireinvest.services.evidence import (
    NAMING,
    WHOLE,
    Wanted,
    check_file,
    checks_of,
    found_among,
    uses_of,
)
from fireinvest.services.log import Act
from fireinvest.services.photographs import PhotoFacts, Size, facts_of, is_photo, picture_of
from fireinvest.services.records import file_records
from fireinvest.store import records as store
from fireinvest.web import law, noting, uploads
from fireinvest.web.casework import case_context, open_file
from fireinvest.web.excel import excel_answer
from fireinvest.web.forms.photos import PhotosInput
from fireinvest.web.keeping import keeps_drafts
from fireinvest.web.present import say
from fireinvest.web.present_evidence import (
    STATES,
    LinkView,
    PieceView,
    file_views,
    link_view,
    piece_view,
    qr_of,
)
from fireinvest.web.present_registers import RecordView, cell_of, column_of, record_view
from fireinvest.web.rights import signed_in
from fireinvest.web.state import state
from fireinvest.web.uploads import takes_files
from fireinvest.web.views.registers import (
    Room,
    edit_item,
    opening,
    record_of,
    views_of,
)
from fireinvest.web.visiting import origin, sent_at, today, who
from fireinvest.workflow.asking import Choice
from fireinvest.workflow.custody import Chain, Link, chains_of
from fireinvest.workflow.items.base import Item
from fireinvest.workflow.items.evidence import BY_ACCOUNT, RECEIPT, Custody, Evidence
from fireinvest.workflow.registers import (
    Record,
    choices_of,
    record_reader,
    register_of,
    restrictions_of,
    writable,
)

blueprint = Blueprint("evidence", __name__, url_prefix="/cases/<number>/evidence")

_PAGE = 50
_LONGEST_TEXT = 100
_GIVEN = tuple(each.name for each in fields(Custody) if each.name not in RECEIPT)
_SIZES: Mapping[str, Size] = {"small": Size.SMALL, "large": Size.LARGE}


@blueprint.get("")
@signed_in
def show(number: str) -> ResponseReturnValue:
    """The pieces of evidence that are asked for, page by page, and what is wrong with chains."""
    room = _room(number)
    wanted, only = _wanted(), request.args.get("only", "")
    found = _chosen(room, wanted, only)
    after = request.args.get("after", 0, type=int)
    rows = [each for each in found if each.item > after]
    pieces = room.pieces(rows[:_PAGE])
    return render_template(
        "evidence/page.html",
        **case_context(room.file),
        pieces=pieces,
        wanted=wanted,
        only=only,
        is_asked=wanted != Wanted() or bool(only),
        is_photo=is_photo,
        view="gallery" if request.args.get("view") == "gallery" else None,
        kinds=choices_of(room.file.case, "evidence_kinds"),
        total=len(found),
        first=len(found) - len(rows) + 1,
        following=rows[_PAGE - 1].item if len(rows) > _PAGE else None,
        is_first=after == 0,
        troubled=[each for each in room.open_chains() if each.gaps or each.is_overdue],
        waiting=room.waiting(),
        can=room.can,
        has_registers=room.register is not None,
    )


@blueprint.get("/excel")
@signed_in
def excel(number: str) -> ResponseReturnValue:
    """The pieces of evidence that are asked for as a table, with their holders."""
    room = _room(number)
    pieces = room.pieces(_chosen(room, _wanted(), request.args.get("only", "")))
    noting.note(Act.EXPORT, case_id=room.file.ref.id, item="evidence")
    names = [each.name for each in fields(Evidence)]
    columns = [
        Column(_("Item no."), width=8),
        *(column_of("evidence", name, say) for name in names),
        Column(_("Held by"), width=16),
        Column(_("Files"), width=30),
        Column("SHA-256", width=66),
    ]
    table = [
        [
            each.view.mark,
            *(cell_of(each.view, name, say) for name in names),
            each.holder or None,
            "\n".join(one.name for one in each.view.attachments) or None,
            "\n".join(one.sha256 for one in each.view.attachments) or None,
        ]
        for each in pieces
        if not each.view.is_hidden
    ]
    return excel_answer(f"{number} {_('Evidence')}", columns, table)


@blueprint.get("/paper")
@signed_in
def paper(number: str) -> ResponseReturnValue:
    """The list of what was taken, as it is printed and signed (Order 108 art 21)."""
    room = _room(number)
    pieces = room.pieces(_chosen(room, _wanted(), request.args.get("only", "")))
    return render_template(
        "evidence/list_paper.html",
        **case_context(room.file),
        pieces=[each for each in pieces if not each.view.is_hidden],
    )


@blueprint.get("/labels")
@signed_in
def labels(number: str) -> ResponseReturnValue:
    """Labels to print, with a code that leads to the page of the piece (Order 108 art 21)."""
    room = _room(number)
    asked = {int(each) for each in request.args.getlist("item") if each.isdecimal()}
    found = _chosen(room, _wanted(), request.args.get("only", ""))
    pieces = [
        each
        for each in room.pieces([one for one in found if not asked or one.item in asked])
        if not each.view.is_hidden
    ]
    root = state().settings.public_url
    codes = {
        each.view.record.item: qr_of(
            root + url_for("evidence.item", number=number, item=each.view.record.item)
        )
        for each in pieces
    }
    return render_template(
        "evidence/labels.html", **case_context(room.file), pieces=pieces, codes=codes
    )


@blueprint.route("/new", methods=["GET", "POST"])
@signed_in
@keeps_drafts
@takes_files
def new(number: str) -> ResponseReturnValue:
    """A new piece of evidence."""
    file, register = _writing(number, "evidence")
    return edit_item(file, register, None, _evidence_room(file, url_for(".show", number=number)))


@blueprint.route("/<int:item>/edit", methods=["GET", "POST"])
@signed_in
@keeps_drafts
@takes_files
def edit(number: str, item: int) -> ResponseReturnValue:
    """A piece of evidence changed; what a photograph says of itself can be taken over."""
    file, register = _writing(number, "evidence")
    record = _record(file, "evidence", item)
    then = url_for(".item", number=number, item=item)
    return edit_item(file, register, record, _evidence_room(file, then))


@blueprint.route("/photos", methods=["GET", "POST"])
@signed_in
@takes_files
def photos(number: str) -> ResponseReturnValue:
    """Many files at once: each becomes a piece of evidence, with what it says of time and place."""
    file, register = _writing(number, "evidence")
    if request.method == "GET":
        form = PhotosInput.begun(file.name(who().actor.id))
        return _photos_page(file, form)
    staged, problems = uploads.staged()
    form = PhotosInput.sent(request.form, staged)
    form.read(state().blobs)
    if problems or request.form.get("do") != "save" or form.has_new:
        return _photos_page(file, form.with_problems(problems)), 400 if problems else 200
    filings = form.filings(file, register, sent_at(), today(), who().actor, who().acting_login)
    if form.is_wrong:
        return _photos_page(file, form), 400
    try:
        done = file_records(
            state().database, law.law(), file.calendar, who().actor, file.ref.id, filings,
            idempotency_key=form.key, now=sent_at(), today=today(), origin=origin(),
        )  # fmt: skip
    except Faulty as faulty:
        return _photos_page(file, form.with_problems(faulty.problems)), 400
    count = len(done.records)
    flash(_("Recorded: %(count)s pieces of evidence.", count=count), "done")
    return redirect(url_for(".show", number=number), 303)


def _photos_page(file: CaseFile, form: PhotosInput) -> str:
    return render_template(
        "evidence/photos.html",
        **case_context(file),
        form=form,
        people=_people(file),
        kinds=choices_of(file.case, "evidence_kinds"),
    )


@blueprint.get("/<int:item>")
@signed_in
def item(number: str, item: int) -> ResponseReturnValue:
    """A piece of evidence: its files and pictures, its way through hands, and where it is used."""
    return _item_page(number, item, opened=False)


@blueprint.get("/<int:item>/open")
@signed_in
def restricted(number: str, item: int) -> ResponseReturnValue:
    """A restricted piece, for those who may read it: that it was opened is written down."""
    file = open_file(number)
    record = _record(file, "evidence", item)
    return opening(file, record) or _item_page(number, item, opened=True)


@blueprint.get("/<int:item>/paper")
@signed_in
def chain_paper(number: str, item: int) -> ResponseReturnValue:
    """The way of a piece through hands, as it is printed."""
    room = _room(number)
    record = _record(room.file, "evidence", item)
    asked = opening(room.file, record)
    if asked is not None:
        return asked
    return render_template(
        "evidence/chain_paper.html",
        **case_context(room.file),
        view=room.opened(record),
        links=room.links(room.chains[record.item].links) if record.item in room.chains else [],
        chain=room.chains.get(record.item),
    )


@blueprint.post("/<int:item>/files/<int:place>/check")
@signed_in
def check(number: str, item: int, place: int) -> ResponseReturnValue:
    """A file read as a whole and compared with the hash it had when it came in."""
    file = open_file(number)
    record = _record(file, "evidence", item)
    if place >= len(record.attachments):
        abort(404)
    asked = opening(file, record)
    if asked is not None:
        return asked
    found = check_file(
        state().database, state().blobs, file.ref.id, record, place,
        person=who().person.login, acting_for=who().acting_login, now=sent_at(), origin=origin(),
    )  # fmt: skip
    name = record.attachments[place].name
    told = _("%(name)s: %(state)s", name=name, state=say(STATES[found]))
    flash(told, "done" if found == WHOLE else "warning")
    then = ".restricted" if restrictions_of(file.ruleset, record) else ".item"
    return redirect(url_for(then, number=number, item=item) + "#files", 303)


# ---------------------------------------------------------------------------- pictures


@blueprint.get("/<int:item>/<int:version>/<int:place>/<size>")
@signed_in
def picture(number: str, item: int, version: int, place: int, size: str) -> ResponseReturnValue:
    """A picture made of a photograph; the original is a download."""
    file = open_file(number)
    if size not in _SIZES:
        abort(404)
    record, asked = _version(file, item, version, place)
    if asked is not None:
        return asked
    folder: Path = state().settings.pictures_folder
    made = picture_of(state().blobs, folder, record.attachments[place], _SIZES[size])
    if made is None:
        abort(404)
    if size == "large" and not restrictions_of(file.ruleset, record):
        about = f"evidence {record.mark}/{place} {record.attachments[place].sha256}"
        noting.note_again(Act.VIEW, within=noting.ONE_LOOK, case_id=file.ref.id, item=about)
    return Response(made, mimetype="image/jpeg")


@blueprint.get("/<int:item>/<int:version>/<int:place>")
@signed_in
def photo(number: str, item: int, version: int, place: int) -> ResponseReturnValue:
    """A photograph with what it says of itself."""
    file = open_file(number)
    record, asked = _version(file, item, version, place)
    if asked is not None:
        return asked
    attachment = record.attachments[place]
    if not is_photo(attachment):
        abort(404)
    places = [at for at, each in enumerate(record.attachments) if is_photo(each)]
    here = places.index(place)
    return render_template(
        "evidence/photo.html",
        **case_context(file),
        record=record,
        place=place,
        attachment=attachment,
        facts=facts_of(state().blobs, attachment) or PhotoFacts(),
        before=places[here - 1] if here else None,
        following=places[here + 1] if here + 1 < len(places) else None,
        is_restricted=bool(restrictions_of(file.ruleset, record)),
    )


# ---------------------------------------------------------------------------- custody


@blueprint.get("/custody")
@signed_in
def custody(number: str) -> ResponseReturnValue:
    """All hand-overs of a case, the newest first, page by page."""
    room = _room(number)
    before = request.args.get("before", 0, type=int)
    moves = [each for each in reversed(room.custody) if not before or each.item < before]
    links = room.links_of(moves[:_PAGE])
    return render_template(
        "evidence/custody.html",
        **case_context(room.file),
        links=links,
        register=register_of(room.file.case, "custody"),
        troubled=[each for each in room.open_chains() if each.gaps or each.is_overdue],
        out=[each for each in room.open_chains() if each.due_back is not None],
        following=moves[_PAGE - 1].item if len(moves) > _PAGE else None,
        is_first=not before,
        can=room.can,
        has_registers=room.register is not None,
    )


@blueprint.route("/custody/new", methods=["GET", "POST"])
@signed_in
@keeps_drafts
@takes_files
def hand_over(number: str) -> ResponseReturnValue:
    """A hand-over, as its giver writes it; the receiver confirms it afterwards."""
    file, register = _writing(number, "custody")
    then = url_for(".custody", number=number)
    given = {"giver": file.name(who().actor.holder), "given_at": _minute()}
    asked = request.args.getlist("items")
    if asked:
        given["items"] = ",".join(asked)
        if request.method == "GET":
            given |= _as_left(number, asked)
        if len(asked) == 1 and asked[0].isdecimal():
            then = url_for(".item", number=number, item=int(asked[0]))
    people, logins = _choices(file), {name: login for login, name in _people(file)}

    def settle(item: Item) -> Item:
        if not isinstance(item, Custody):
            return item
        # By their login alone somebody can confirm it themselves.
        return replace(item, receiver_login=logins.get(item.receiver or ""))

    room = Room(
        then=then, but=RECEIPT, given=given, settle=settle,
        offers={"giver": people, "receiver": people},
    )  # fmt: skip
    return edit_item(file, register, None, room)


@blueprint.route("/custody/<int:item>/receipt", methods=["GET", "POST"])
@signed_in
@keeps_drafts
@takes_files
def receipt(number: str, item: int) -> ResponseReturnValue:
    """The receipt of a hand-over: by the receiver's own account, or on paper with its scan."""
    file, register = _writing(number, "custody")
    record = _record(file, "custody", item)
    move = record.values
    if not isinstance(move, Custody) or move.is_confirmed:
        return opening(file, record) or redirect(url_for(".custody", number=number), 303)
    given = {"received_at": _minute()}
    if move.receiver_login in who().actor.people:
        given["receipt"] = BY_ACCOUNT
    with state().database.readers.begin() as session:
        evidence = store.items_of(session, file.ref.id, ["evidence"])["evidence"]
    names = Joined(
        tuple(
            f"{each.mark} {each.values.called}"
            if not restrictions_of(file.ruleset, each)
            else each.mark
            for each in evidence
            if each.item in (move.items or ())
        )
    )
    about = Text(
        "%(giver)s handed over to %(receiver)s on %(at)s: %(what)s",
        giver=move.giver, receiver=move.receiver, at=move.given_at, what=names,
    )  # fmt: skip
    room = Room(then=url_for(".custody", number=number), but=_GIVEN, given=given, about=about)
    return edit_item(file, register, record, room)


# ---------------------------------------------------------------------------- what they show


@dataclass(frozen=True)
class _Evidence:
    """The evidence of a case as it stands, for whoever is here.

    ``evidence``: all pieces, hidden ones too. ``chains``: of those that are shown, by number.
    """

    file: CaseFile
    register: Register | None
    evidence: Sequence[Record]
    custody: Sequence[Record]
    others: Mapping[str, list[Record]]
    chains: Mapping[int, Chain]
    can: frozenset[str]

    def is_open(self, record: Record) -> bool:
        """Is it shown without being opened first?"""
        return not restrictions_of(self.file.ruleset, record)

    def pieces(self, records: Iterable[Record]) -> list[PieceView]:
        """Return pieces in words."""
        kept = list(records)
        return [
            piece_view(self.file, view, self.chains[view.record.item])
            for view in views_of(self.file, kept)
        ]

    def opened(self, record: Record) -> RecordView:
        """Return a piece in words that was opened, or isn't restricted."""
        return record_view(self.file, record, may_read=True)

    def open_chains(self) -> list[Chain]:
        """Return the chains that may be told of without opening anything."""
        return [self.chains[each.item] for each in self.evidence if self.is_open(each)]

    def links(self, links: Iterable[Link]) -> list[LinkView]:
        """Return hand-overs in words, as they stand in a chain."""
        kept = list(links)
        views = views_of(self.file, [each.record for each in kept])
        people = who().actor.people if "custody" in self.can else ()
        return [
            link_view(self.file, view, link, people) for view, link in zip(views, kept, strict=True)
        ]

    def links_of(self, moves: Iterable[Record]) -> list[LinkView]:
        """Return hand-overs in words, with everything that is wrong in the chains they are in."""
        gaps: dict[int, dict[Text, None]] = {}
        waiting: set[int] = set()
        for chain in self.open_chains():
            for link in chain.links:
                gaps.setdefault(link.record.item, {}).update(dict.fromkeys(link.gaps))
                if link.is_waiting:
                    waiting.add(link.record.item)
        return self.links(
            Link(each, each.values, tuple(gaps.get(each.item, ())), each.item in waiting)
            for each in moves
            if isinstance(each.values, Custody)
        )

    def waiting(self) -> list[LinkView]:
        """Return the hand-overs that whoever is here can confirm."""
        open_ones = [
            each
            for each in self.custody
            if isinstance(each.values, Custody) and not each.values.is_confirmed
        ]
        return [each for each in self.links_of(open_ones) if each.waits_for_me]


def _room(number: str) -> _Evidence:
    """Everything that the pages of evidence show, with one query."""
    file = open_file(number)
    with state().database.readers.begin() as session:
        found = store.items_of(session, file.ref.id, {"evidence", "custody", *NAMING})
    register = register_of(file.case, "custody")
    chains = chains_of(
        found["evidence"], found["custody"],
        within_days=register.within_days if register is not None else None,
        now=sent_at(), today=today(),
    )  # fmt: skip
    return _Evidence(
        file,
        register_of(file.case, "evidence"),
        found["evidence"],
        found["custody"],
        found,
        chains,
        writable(who().actor, file.case, number),
    )


def _wanted() -> Wanted:
    given = {
        name: request.args.get(name, "").strip()[:_LONGEST_TEXT]
        for name in ("kind", "person", "text")
    }
    return Wanted(**given)


def _chosen(room: _Evidence, wanted: Wanted, only: str) -> list[Record]:
    """The pieces that are asked for. What is restricted is found by nothing that it says."""
    records = list(room.evidence)
    if wanted != Wanted() or only:
        records = found_among([each for each in records if room.is_open(each)], wanted)
    match only:
        case "gaps":
            return [each for each in records if room.chains[each.item].gaps]
        case "out":
            return [each for each in records if room.chains[each.item].due_back is not None]
        case "photos":
            return [each for each in records if any(map(is_photo, each.attachments))]
        case _:
            return records


def _item_page(number: str, item: int, *, opened: bool) -> ResponseReturnValue:
    room = _room(number)
    file = room.file
    record = next((each for each in room.evidence if each.item == item), None)
    if record is None:
        # Withdrawn pieces are looked up in the register, with all of their versions.
        _record(file, "evidence", item)
        return redirect(url_for("registers.item", number=number, register="evidence", item=item))
    may_read = record_reader(who().actor, file.case, number)(record)
    is_shown = may_read and (opened or room.is_open(record))
    chain = room.chains[item]
    checks, facts = {}, {}
    if is_shown:
        with state().database.readers.begin() as session:
            checks = checks_of(session, file.ref.id, record)
        facts = {
            place: found
            for place, each in enumerate(record.attachments)
            if (found := facts_of(state().blobs, each)) is not None
        }
    return render_template(
        "evidence/item.html",
        **case_context(file),
        register=room.register,
        view=record_view(file, record, may_read=is_shown),
        can_open=may_read and not is_shown,
        chain=chain,
        links=room.links(chain.links) if is_shown else [],
        holder=chain.holder or "",
        files=file_views(file, record, checks) if is_shown else [],
        offers=_offers(record, facts) if is_shown else [],
        uses=_uses(room, item) if is_shown else [],
        can=room.can,
        is_restricted=not room.is_open(record),
    )


@dataclass(frozen=True, slots=True)
class Offer:
    """What a photograph says of its time and place, where its piece of evidence doesn't say it yet.

    ``given``: as the form takes it over.
    """

    name: str
    facts: PhotoFacts
    given: Mapping[str, str]


def _offers(record: Record, facts: Mapping[int, PhotoFacts]) -> list[Offer]:
    item = record.values
    found = []
    for place, each in facts.items():
        given: dict[str, str] = {}
        if each.taken_at is not None and getattr(item, "taken_at", None) is None:
            given["taken_at"] = each.taken_at.astimezone(CHINA).strftime("%Y-%m-%dT%H:%M")
        if each.position is not None and getattr(item, "position", None) is None:
            given["position"] = each.position
        if given:
            found.append(Offer(record.attachments[place].name, each, given))
    return found


@dataclass(frozen=True, slots=True)
class Use:
    """An item that names a piece of evidence, and the register that it stands in."""

    register: Register
    view: RecordView


def _uses(room: _Evidence, item: int) -> list[Use]:
    found = []
    others = {name: rows for name, rows in room.others.items() if name != "custody"}
    records = uses_of(others, item)
    for record, view in zip(records, views_of(room.file, records), strict=True):
        register = register_of(room.file.case, record.register)
        if register is not None:
            found.append(Use(register, view))
    return found


def _record(file: CaseFile, register: str, item: int) -> Record:
    if register_of(file.case, register) is None:
        abort(404)
    return record_of(file, register, item)


def _version(
    file: CaseFile, item: int, version: int, place: int
) -> tuple[Record, ResponseReturnValue | None]:
    """A version of a piece that has a file at this place; and the proof that is asked for first."""
    with state().database.readers.begin() as session:
        versions = store.versions_of(session, file.ref.id, "evidence", item)
    record = next((each for each in versions if each.version == version), None)
    if record is None or place >= len(record.attachments):
        abort(404)
    # What was restricted once, or is now, is opened as such.
    return record, opening(file, versions[0]) or opening(file, record)


def _writing(number: str, name: str) -> tuple[CaseFile, Register]:
    file = open_file(number)
    register = register_of(file.case, name)
    if register is None:
        abort(404)
    if name not in writable(who().actor, file.case, number):
        abort(403)
    return file, register


def _minute() -> str:
    return sent_at().astimezone(CHINA).strftime("%Y-%m-%dT%H:%M")


def _people(file: CaseFile) -> list[tuple[str, str]]:
    """Who works on the case and can sign in, by login and name; two of one name are left out."""
    logins = [file.loaded.row["carrier"]]
    logins += [each.person for each in file.case.members if each.is_active]
    found = [(each, file.name(each)) for each in dict.fromkeys(logins) if each in file.names]
    names = Counter(name for _login, name in found)
    return [(login, name) for login, name in found if names[name] == 1]


def _choices(file: CaseFile) -> tuple[Choice, ...]:
    return tuple(Choice(name, name) for _login, name in _people(file))


def _evidence_room(file: CaseFile, then: str) -> Room:
    people = _choices(file)
    offers = dict.fromkeys(("taken_by", "taken_with"), people)
    return Room(then=then, given={}, offers=offers)


def _as_left(number: str, asked: Iterable[str]) -> dict[str, str]:
    """Who has some pieces, and their seals in the order of the pieces, as their chains left them."""
    room, wanted = _room(number), set(asked)
    chains = [
        room.chains[each.item]
        for each in room.evidence
        if f"{each.item}" in wanted and room.is_open(each)
    ]
    found = {}
    seals = [each.seal_no for each in chains if each.seal_no is not None]
    if seals:
        found["seal_before"] = "、".join(seals)
    holders = {each.holder for each in chains}
    if len(holders) == 1 and (holder := holders.pop()) is not None:
        found["giver"] = holder
    return found
