"""The registers of a case: lists of their items, the form of each, its versions, and its files.

Every register has these pages. Rooms of a case show several registers together, and lead here.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from fireinvest.documents.tables import Column
from fireinvest.messages import Faulty, Problem, Text, Words
from fireinvest.regulation.facts import Given
from fireinvest.regulation.profile import Register
from fireinvest.services.casefile import CaseFile
from fireinvest.services.drafts import Kept, drop_draft, find_draft, keep_draft
from fireinvest.services.files import Staged, as_attachments
from fireinvest.services.log import Act
from fireinvest.services.records import Follow, file_records
from fireinvest.store import records as store
from fireinvest.web import confirming, downloads, law, noting, uploads
from fireinvest.web.casework import case_context, open_file
from fireinvest.web.excel import excel_answer
from fireinvest.web.forms.registers import DROPPED, ItemInput, asked_of
from fireinvest.web.forms.step import placed
from fireinvest.web.keeping import keeps_drafts
from fireinvest.web.matching import tell_of_matches
from fireinvest.web.present import say
from fireinvest.web.present_registers import (
    RecordView,
    cell_of,
    column_of,
    columns_of,
    differences,
    record_view,
)
from fireinvest.web.rights import signed_in
from fireinvest.web.state import state
from fireinvest.web.uploads import takes_files
from fireinvest.web.visiting import origin, sent_at, today, who
from fireinvest.workflow.actions import Attachment, Shape
from fireinvest.workflow.asking import Asked, Choice
from fireinvest.workflow.errors import NotAllowed, Refused
from fireinvest.workflow.items import ITEMS
from fireinvest.workflow.items.base import Item
from fireinvest.workflow.registers import (
    Filing,
    Record,
    StaleItem,
    may_write,
    record_reader,
    register_of,
    restrictions_of,
)

blueprint = Blueprint("registers", __name__, url_prefix="/cases/<number>/registers")

_PAGE = 50

#: Registers that only their rooms write: where an item of each begins, and where it is changed.
_ROOMS: Mapping[str, tuple[str, str]] = {
    **dict.fromkeys(
        (
            "deliveries", "copies", "transfers", "discipline_leads", "measures", "liabilities",
        ),
        ("execution.new", "execution.edit"),
    ),
    **dict.fromkeys(
        ("supervisions", "delay_notices", "art30_judgements"),
        ("evaluation.new", "evaluation.edit"),
    ),
    **dict.fromkeys(
        ("arrangements", "volumes", "retentions", "lendings"), ("archive.new", "archive.edit")
    ),
    "papers": ("papers.show", "papers.paper"),
}  # fmt: skip


@blueprint.get("")
@signed_in
def index(number: str) -> ResponseReturnValue:
    """All registers of a case, each with its article, who writes into it, and how many it has."""
    file = open_file(number)
    with state().database.readers.begin() as session:
        counts = store.count_items(session, file.ref.id)
    known = [each for each in file.ruleset.registers.values() if each.id in ITEMS]
    return render_template(
        "registers/index.html", **case_context(file), registers=known, counts=counts
    )


@blueprint.get("/<register>")
@signed_in
def show(number: str, register: str) -> ResponseReturnValue:
    """The items of a register, page by page."""
    file, found = _opened(number, register)
    # No item has a larger number, and no database knows one.
    after = min(max(request.args.get("after", 0, type=int), 0), 2**31 - 1)
    withdrawn = request.args.get("withdrawn") == "1"
    with state().database.readers.begin() as session:
        rows = store.page_of_items(
            session, file.ref.id, register, after=after, size=_PAGE + 1, withdrawn=withdrawn
        )
    views = views_of(file, rows[:_PAGE])
    return render_template(
        "registers/list.html",
        **case_context(file),
        **_about(file, found),
        items=views,
        columns=columns_of(register),
        withdrawn=withdrawn,
        following=rows[_PAGE - 1].item if len(rows) > _PAGE else None,
        is_first=after == 0,
        takes_tables=not is_of_a_room(register),
    )


@blueprint.get("/<register>/excel")
@signed_in
def excel(number: str, register: str) -> ResponseReturnValue:
    """A register as a table to take away; numbers of people are masked in it as on the screen."""
    file, found = _opened(number, register)
    with state().database.readers.begin() as session:
        rows = store.items_of(session, file.ref.id, [register])[register]
    views = [each for each in views_of(file, rows) if not each.is_hidden]
    noting.note(Act.EXPORT, case_id=file.ref.id, item=register)
    shown = [
        each.name
        for each in fields(ITEMS[register])
        if any(view.value(each.name) is not None for view in views)
    ]
    columns = [
        Column(_("Item number"), width=10),
        *(column_of(register, name, say) for name in shown),
    ]
    table = [[view.mark, *(cell_of(view, name, say) for name in shown)] for view in views]
    return excel_answer(f"{number} {say(found.label)}", columns, table)


@blueprint.route("/<register>/new", methods=["GET", "POST"])
@signed_in
@keeps_drafts
@takes_files
def new(number: str, register: str) -> ResponseReturnValue:
    """A new item."""
    file, found = opened_to_write(number, register)
    if register in _ROOMS:
        given: dict[str, Any] = {**request.args, "number": number, "register": register}
        return redirect(
            url_for(_ROOMS[register][0], **{n: each for n, each in given.items() if n[:1] != "_"})
        )
    return edit_item(file, found, None)


@blueprint.route("/<register>/<int:item>", methods=["GET"])
@signed_in
def item(number: str, register: str, item: int) -> ResponseReturnValue:
    """An item with all of its versions; two of them beside each other where asked."""
    file, found = _opened(number, register)
    return _item_page(file, found, item)


@blueprint.route("/<register>/<int:item>/open", methods=["GET"])
@signed_in
def restricted(number: str, register: str, item: int) -> ResponseReturnValue:
    """A restricted item, for those who may read it: that it was opened is written down."""
    file, found = _opened(number, register)
    record = record_of(file, register, item)
    if not restrictions_of(file.ruleset, record):
        return redirect(url_for("registers.item", number=number, register=register, item=item))
    return ask_to_open(file, record) or _item_page(file, found, item, opened=True)


@blueprint.route("/<register>/<int:item>/full", methods=["POST"])
@signed_in
@confirming.confirmed
def reveal(number: str, register: str, item: int) -> ResponseReturnValue:
    """The numbers of people in full: for a reason, and written down with it."""
    file, found = _opened(number, register)
    record = record_of(file, register, item)
    if not record_reader(who().actor, file.case, number)(record):
        abort(403)
    problems: list[Problem] = []
    reason = Given({"reason": request.form.get("reason", "")}, problems).text("reason", 500)
    if reason is None and not problems:
        problems.append(Problem("reason", Text("This is needed.")))
    if problems:
        return _item_page(file, found, item, opened=True, beside=placed(problems)), 400
    noting.note(Act.REVEALED, case_id=file.ref.id, item=f"{register} {record.mark}", reason=reason)
    return _item_page(file, found, item, opened=True, revealed=True)


@blueprint.route("/<register>/<int:item>/edit", methods=["GET", "POST"])
@signed_in
@keeps_drafts
@takes_files
def edit(number: str, register: str, item: int) -> ResponseReturnValue:
    """An item changed: what stood there before stays as a version."""
    file, found = opened_to_write(number, register)
    if register in _ROOMS:
        room = _ROOMS[register][1]
        return redirect(url_for(room, number=number, register=register, item=item))
    return begin_edit(file, found, item)


@blueprint.route("/<register>/<int:item>/withdraw", methods=["POST"])
@signed_in
def withdraw(number: str, register: str, item: int) -> ResponseReturnValue:
    """An item counts no more, or counts again: with a reason. It stays to be looked up."""
    file, found = opened_to_write(number, register)
    record = record_of(file, register, item)
    asked = opening(file, record)
    if asked is not None:
        return asked
    problems: list[Problem] = []
    reason = Given({"reason": request.form.get("reason", "")}, problems).text("reason", 2000)
    version = request.form.get("version", 0, type=int)
    filing = Filing(
        register, record.values, item, version, reason, who().acting_login,
        record.attachments, record.restriction, is_withdrawn=not record.is_withdrawn,
    )  # fmt: skip
    try:
        if problems:
            raise Faulty(problems)
        _file(file, [filing], request.form.get("key", ""))
    except NotAllowed:
        abort(403)
    except Faulty as faulty:
        page = _item_page(file, found, item, opened=True, withdrawing=placed(faulty.problems))
        return page, 409 if isinstance(faulty, StaleItem) else 400
    flash(_("Recorded."), "done")
    return redirect(url_for("registers.item", number=number, register=register, item=item), 303)


@blueprint.get("/<register>/<int:item>/versions/<int:version>/files/<int:place>")
@signed_in
def attachment(
    number: str, register: str, item: int, version: int, place: int
) -> ResponseReturnValue:
    """A file of an item, always as a download; that it was taken is written down."""
    file, _found = _opened(number, register)
    with state().database.readers.begin() as session:
        versions = store.versions_of(session, file.ref.id, register, item)
    record = next((each for each in versions if each.version == version), None)
    if record is None or place >= len(record.attachments):
        abort(404)
    if restrictions_of(file.ruleset, versions[0]) | restrictions_of(file.ruleset, record):
        asked = ask_to_open(file, record)
        if asked is not None:
            return asked
    return download(file, record, place)


# ---------------------------------------------------------------------------- for rooms, too


def opened_to_write(number: str, register: str) -> tuple[CaseFile, Register]:
    """Return a case and a register of it, for whoever may write there; nobody else gets further."""
    file = open_file(number)
    return file, writable_register(file, register)


def writable_register(file: CaseFile, name: str) -> Register:
    """Return a register into which whoever is here may write; nobody else gets further."""
    register = register_of(file.case, name)
    if register is None:
        abort(404)
    if not may_write(who().actor, file.case, file.ref.number, register):
        abort(403)
    return register


def record_of(file: CaseFile, register: str, item: int) -> Record:
    """Return an item in its last version; where there is no such, nothing is shown."""
    with state().database.readers.begin() as session:
        found = store.last_version(session, file.ref.id, register, item)
    if found is None:
        abort(404)
    return found


def opening(file: CaseFile, record: Record) -> ResponseReturnValue | None:
    """Return what answers somebody before a restricted item opens; nothing where it may show.

    That it is opened is written down.
    """
    return ask_to_open(file, record) if restrictions_of(file.ruleset, record) else None


def is_of_a_room(register: str) -> bool:
    """Are the items of this register written in its room alone?"""
    return register in _ROOMS


def begin_edit(
    file: CaseFile,
    register: Register,
    item: int,
    room: "Callable[[Record], Room] | None" = None,
) -> ResponseReturnValue:
    """Answer the form of an item as it stands."""
    record = record_of(file, register.id, item)
    return edit_item(file, register, record, room(record) if room is not None else None)


def views_of(file: CaseFile, records: Iterable[Record]) -> list[RecordView]:
    """Return items in words, for whoever is here."""
    may_read = record_reader(who().actor, file.case, file.ref.number)
    hides = file.ruleset
    return [
        record_view(file, each, may_read=may_read(each) and not restrictions_of(hides, each))
        for each in records
    ]


def named_items(file: CaseFile, register: str) -> dict[str, list[Record]]:
    """Return the items that those of a register can name, by their register, with one query."""
    wanted = {
        each.metadata["of"]
        for each in fields(ITEMS[register])
        if each.metadata["shape"] is Shape.REFERENCES
    }
    wanted = {each for each in wanted if each in file.ruleset.registers}
    if not wanted:
        return {}
    with state().database.readers.begin() as session:
        found = store.items_of(session, file.ref.id, wanted)
    may_read = record_reader(who().actor, file.case, file.ref.number)
    return {name: [each for each in rows if may_read(each)] for name, rows in found.items()}


def download(file: CaseFile, record: Record, place: int) -> Response:
    """Return a file of an item as a download; that it was taken is written down."""
    where = f"{record.register} {record.mark}/{place}"
    return downloads.download(file.ref.id, record.attachments[place], where)


@dataclass(frozen=True)
class Room:
    """How the form of an item differs in a room: where it goes on, and what it doesn't ask.

    ``settle``: what the room knows of an item beside what was typed. ``given``: what a new one
    begins with. ``follow``: which steps of the procedure are taken with it. ``offers``: what is
    suggested for a field in which other words may stand as well. ``about``: what is said above it.
    ``among``: of a field that names items, the only ones that are offered. ``hold``: other cases
    that these steps concern.
    """

    then: str | None = None
    but: tuple[str, ...] = ()
    given: dict[str, str] | None = None
    settle: Callable[[Item], Item] | None = None
    follow: Follow | None = None
    offers: Mapping[str, tuple[Choice, ...]] | None = None
    about: Words | None = None
    among: Mapping[str, frozenset[int]] | None = None
    hold: tuple[int, ...] = ()


def _offering(asked: Asked, items: frozenset[int] | None) -> Asked:
    if items is None:
        return asked
    found = tuple(each for each in asked.choices if int(each.code) in items)
    return replace(asked, choices=found)


def edit_item(
    file: CaseFile, register: Register, record: Record | None, room: Room | None = None
) -> ResponseReturnValue:
    """Answer the form of an item, new or as it stands: the page, or what was sent, saved.

    The form of a restricted item shows once it was opened.
    """
    asked_first = opening(file, record) if record is not None else None
    if asked_first is not None:
        return asked_first
    room = room or Room()
    asked = asked_of(file.case, register.id, named_items(file, register.id), room.but)
    if room.among:
        asked = tuple(_offering(each, room.among.get(each.name)) for each in asked)
    if room.offers:
        asked = tuple(
            replace(each, choices=room.offers[each.name], is_open=True)
            if each.name in room.offers
            else each
            for each in asked
        )
    then = room.then or url_for("registers.show", number=file.ref.number, register=register.id)
    given = {name: value for name, value in request.args.items() if name != "then"}
    given |= room.given or {}
    form = _Form(file, register, record, asked, then, given, room.about)
    if request.method == "GET":
        return form.begin()
    written = ItemInput.sent(register.id, asked, request.form)
    files, problems = uploads.staged()
    if request.form.get("do") == "draft":
        kept = uploads.written_with(files)
        keep_draft(state().database, who().person.id, request.path, kept, sent_at())
        flash(_("Kept as a draft. Nothing has been sent yet."), "done")
        return redirect(request.full_path.rstrip("?"), 303)
    values = written.item(problems, record.values if record is not None else None)
    reason = written.reason(problems)
    if problems:
        return form.page(written, problems, files), 400
    if room.settle is not None:
        values = room.settle(values)
    filing = Filing(
        register.id,
        values,
        record.item if record is not None else None,
        written.version if record is not None else None,
        reason,
        who().acting_login,
        _attachments(record, files),
        written.restriction,
    )
    try:
        done = _file(file, [filing], written.key, room.follow, room.hold)
    except StaleItem:
        fresh = record_of(file, register.id, record.item) if record is not None else None
        page = form.page(written, (), files, fresh=fresh, mine=filing)
        return page, 409
    except NotAllowed as refused:
        return form.page(written, refused.problems, files), 403
    except Refused as refused:
        return form.page(written, refused.problems, files), 409
    except Faulty as faulty:
        return form.page(written, faulty.problems, files), 400
    drop_draft(state().database, who().person.id, request.path)
    saved = done[0]
    flash(_("Recorded: %(mark)s %(title)s", mark=saved.mark, title=saved.values.called), "done")
    for doubt in saved.values.doubts():
        flash(say(doubt.text), "warning")
    tell_of_matches(file, register.id)
    if request.form.get("do") == "again":
        return redirect(request.full_path.rstrip("?"), 303)
    return redirect(then, 303)


def _file(
    file: CaseFile,
    filings: Sequence[Filing],
    key: str,
    follow: Follow | None = None,
    hold: tuple[int, ...] = (),
) -> tuple[Record, ...]:
    return file_records(
        state().database,
        law.law(),
        file.calendar,
        who().actor,
        file.ref.id,
        filings,
        idempotency_key=key,
        now=sent_at(),
        today=today(),
        origin=origin(),
        follow=follow,
        hold=hold,
    ).records


def _attachments(record: Record | None, files: Iterable[Staged]) -> tuple[Attachment, ...]:
    dropped = set(request.form.getlist(DROPPED))
    kept = () if record is None else record.attachments
    left = tuple(each for place, each in enumerate(kept) if f"{place}" not in dropped)
    return (*left, *as_attachments(list(files)))


@dataclass(frozen=True)
class _Form:
    """The form of an item, as its page shows it."""

    file: CaseFile
    register: Register
    record: Record | None
    asked: tuple[Asked, ...]
    then: str
    given: dict[str, str]
    about: Words | None = None

    def begin(self) -> str:
        """Return the page as it is opened: with a draft, where one is kept."""
        with state().database.readers.begin() as session:
            draft = find_draft(session, who().person.id, request.path)
        begun = ItemInput.begun(self.register.id, self.asked, self.record, self.given)
        if draft is None:
            return self.page(begun, ())
        kept = MultiDict(draft.fields)
        for name in ("key", "version"):
            kept.setdefault(name, begun.text(name))
        written = ItemInput.sent(self.register.id, self.asked, kept)
        return self.page(written, (), uploads.staged_in(draft.fields), draft=draft)

    def page(
        self,
        written: ItemInput,
        problems: Iterable[Problem],
        files: Iterable[Staged] = (),
        *,
        draft: Kept | None = None,
        fresh: Record | None = None,
        mine: Filing | None = None,
    ) -> str:
        """Return the page with what was typed, and what is wrong beside it."""
        beside = placed(problems)
        drawn = written.drawn(beside)
        own = {each.name for each in drawn} | {each.asked.name for each in drawn}
        own |= {"reason", "files", "restriction"}
        elsewhere = [text for field, texts in beside.items() if field not in own for text in texts]
        since = []
        if fresh is not None and mine is not None:
            written = written.with_version(fresh.version)
            wanted = replace(fresh, values=mine.values)
            since = differences(self.file.ruleset, fresh, wanted)
        return render_template(
            "registers/form.html",
            **case_context(self.file),
            **_about(self.file, self.register),
            record=self.record,
            fresh=fresh,
            since=since,
            written=written,
            drawn=drawn,
            beside=beside,
            elsewhere=elsewhere,
            files=list(files),
            draft=draft,
            address=request.path,
            then=self.then,
            about=self.about,
        )


# ---------------------------------------------------------------------------- what they show


def _opened(number: str, register: str) -> tuple[CaseFile, Register]:
    file = open_file(number)
    found = register_of(file.case, register)
    if found is None:
        abort(404)
    return file, found


def _about(file: CaseFile, register: Register) -> dict[str, object]:
    return {
        "register": register,
        "may_write": may_write(who().actor, file.case, file.ref.number, register),
    }


def ask_to_open(file: CaseFile, record: Record) -> ResponseReturnValue | None:
    """Answer somebody who has to prove first who they are; else write down that they open it."""
    if not record_reader(who().actor, file.case, file.ref.number)(record):
        abort(403)
    asked = confirming.ask()
    if asked is None:
        item = f"{record.register} {record.mark}"
        noting.note(Act.RESTRICTED_VIEW, case_id=file.ref.id, item=item)
    return asked


def _item_page(
    file: CaseFile,
    register: Register,
    item: int,
    *,
    opened: bool = False,
    revealed: bool = False,
    beside: dict[str, list[Words]] | None = None,
    withdrawing: dict[str, list[Words]] | None = None,
) -> str:
    with state().database.readers.begin() as session:
        versions = store.versions_of(session, file.ref.id, register.id, item)
    if not versions:
        abort(404)
    may_read = record_reader(who().actor, file.case, file.ref.number)
    kept = [restrictions_of(file.ruleset, each) for each in versions]
    is_shown = not any(kept) or opened
    views = [
        record_view(
            file,
            each,
            may_read=is_shown and may_read(each),
            revealed=revealed and each is versions[0],
        )
        for each in versions
    ]
    by_version = {each.version: each for each in versions}
    old = by_version.get(request.args.get("old", 0, type=int))
    new = by_version.get(request.args.get("new", 0, type=int))
    compared = None
    if old is not None and new is not None and is_shown and may_read(old) and may_read(new):
        compared = differences(file.ruleset, old, new)
    return render_template(
        "registers/item.html",
        **case_context(file),
        **_about(file, register),
        view=views[0],
        versions=views,
        can_open=not is_shown and may_read(versions[0]),
        compared=compared,
        old=old,
        new=new,
        revealed=revealed,
        beside=beside or {},
        withdrawing=withdrawing,
        key=ItemInput.begun(register.id, (), None, {}).key,
    )
