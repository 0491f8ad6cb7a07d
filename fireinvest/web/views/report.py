"""The report of a case: its six parts, written side by side, read as one text (arts 18, 20)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from fireinvest.messages import Faulty, Problem, Words
from fireinvest.regulation.profile import Item as ListItem
from fireinvest.regulation.profile import Register
from fireinvest.services.casefile import CaseFile
from fireinvest.services.drafts import Kept, drop_draft, find_draft, keep_draft
from fireinvest.services.records import file_records
from fireinvest.services.report_tables import (
    FILLED_FROM,
    TABLES,
    Table,
    names_of_tables,
    tables_of,
)
from fireinvest.services.reports import (
    REGISTERS,
    SECTIONS,
    PartState,
    ReportText,
    open_remarks,
    parts_of,
    release_part,
    submitted_text,
    text_of,
)
from fireinvest.store import records as store
from fireinvest.store.drafts import forms_with_drafts
from fireinvest.web import keeping, law
from fireinvest.web.casework import case_context, open_file, open_steps
from fireinvest.web.forms.registers import ItemInput, asked_of
from fireinvest.web.forms.step import placed
from fireinvest.web.keeping import keeps_drafts
from fireinvest.web.present import say
from fireinvest.web.present_registers import differences, text_parts
from fireinvest.web.rights import signed_in
from fireinvest.web.state import state
from fireinvest.web.together import asking
from fireinvest.web.uploads import takes_files
from fireinvest.web.views.registers import (
    ask_to_open,
    opening,
    record_of,
    writable_register,
)
from fireinvest.web.visiting import origin, sent_at, today, who
from fireinvest.workflow.asking import Asked
from fireinvest.workflow.errors import NotAllowed, Refused
from fireinvest.workflow.items.report import (
    DRAFTING,
    LONGEST_SECTION,
    Section,
    Submission,
)
from fireinvest.workflow.merging import Merged, blame, merge
from fireinvest.workflow.registers import (
    Filing,
    Record,
    StaleItem,
    choices_of,
    record_reader,
    register_of,
    restrictions_of,
    writable,
)
from fireinvest.workflow.report_hash import PARTS
from fireinvest.workflow.report_text import Piece, pieces, thawed

blueprint = Blueprint("report", __name__, url_prefix="/cases/<number>/report")

DRAFT = "draft_report"
#: What stands behind the text: the members with their signatures, and who disagrees (art 19).
_ANNEXES = ("team", "dissents")
#: How many versions of a section are asked who wrote which sentence.
_MOST_BLAMED = 60


@dataclass(frozen=True, slots=True)
class SectionView:
    """A section for whoever is here: its text in pieces, unless it is kept from them."""

    record: Record
    values: Section
    is_hidden: bool
    author: str
    pieces: tuple[Piece, ...] = ()

    @property
    def length(self) -> int:
        """Characters of its text."""
        return len(self.values.text or "")


@dataclass(frozen=True, slots=True)
class PartView:
    """A part of the report with its sections."""

    state: PartState
    sections: tuple[SectionView, ...]


@dataclass(frozen=True, slots=True)
class TableView:
    """A table of the report as a page shows it: head and rows of words."""

    label: Words
    head: tuple[Words, ...]
    rows: tuple[tuple[Words, ...], ...]


@dataclass(frozen=True, slots=True)
class Sentence:
    """Sentences in a row that one person wrote in one version."""

    text: str
    record: Record
    author: str
    color: int


@blueprint.get("")
@signed_in
def show(number: str) -> ResponseReturnValue:
    """The six parts: their sections, how far each is, and what waits for whom."""
    file = open_file(number)
    records = report_records(file)
    parts = parts_of(file.case, records[SECTIONS], records["approvals"])
    steps = open_steps(file)
    return render_template(
        "report/page.html",
        **case_context(file),
        **report_context(file, records),
        parts=[PartView(each, section_views(file, each.text.sections)) for each in parts],
        can_release=DRAFT in steps,
        drafts=_drafts_of(file, records[SECTIONS]),
        submissions=list(reversed(records["submissions"])),
    )


@blueprint.post("/parts/<part>/release")
@signed_in
def release(number: str, part: str) -> ResponseReturnValue:
    """All sections of a part are released, and the part is on record as drafted (art 20)."""
    file = open_file(number)
    if part not in {each.id for each in choices_of(file.case, PARTS)}:
        abort(404)
    if register_of(file.case, SECTIONS) is None or DRAFT not in open_steps(file):
        abort(403)
    try:
        release_part(asking(file, request.form.get("key", "")), part)
    except NotAllowed:
        abort(403)
    except Faulty as faulty:
        for each in dict.fromkeys(each.text for each in faulty.problems):
            flash(say(each), "warning")
    else:
        flash(_("Recorded."), "done")
    return redirect(url_for("report.show", number=number) + f"#part-{part}", 303)


@blueprint.route("/sections/new", methods=["GET", "POST"])
@signed_in
@keeps_drafts
@takes_files
def new_section(number: str) -> ResponseReturnValue:
    """A new section of a part."""
    file = open_file(number)
    return _edit(file, writable_register(file, SECTIONS), None)


@blueprint.route("/sections/<int:item>/edit", methods=["GET", "POST"])
@signed_in
@keeps_drafts
@takes_files
def edit_section(number: str, item: int) -> ResponseReturnValue:
    """A section as it stands, to be written on; side by side with others."""
    file = open_file(number)
    register = writable_register(file, SECTIONS)
    record = record_of(file, SECTIONS, item)
    return opening(file, record) or _edit(file, register, record)


@blueprint.get("/sections/<int:item>")
@signed_in
def section(number: str, item: int) -> ResponseReturnValue:
    """A section: who wrote which sentence, all versions, and two of them compared."""
    file = open_file(number)
    with state().database.readers.begin() as session:
        versions = store.versions_of(session, file.ref.id, SECTIONS, item)
    if not versions:
        abort(404)
    if any(restrictions_of(file.ruleset, each) for each in versions):
        asked = ask_to_open(file, versions[0])
        if asked is not None:
            return asked
    by_version = {each.version: each for each in versions}
    old = by_version.get(request.args.get("old", 0, type=int))
    new = by_version.get(request.args.get("new", 0, type=int))
    compared = None if old is None or new is None else differences(file.ruleset, old, new)
    sentences = _blamed(file, versions[:_MOST_BLAMED])
    return render_template(
        "report/section.html",
        **case_context(file),
        record=versions[0],
        values=versions[0].values,
        versions=versions,
        sentences=sentences,
        authors=_authors(sentences),
        compared=compared,
        old=old,
        new=new,
        can=writable(who().actor, file.case, number),
        parts={each.id: each.label for each in choices_of(file.case, PARTS)},
        states={each.id: each.label for each in choices_of(file.case, "section_states")},
    )


@blueprint.get("/preview")
@signed_in
def preview(number: str) -> ResponseReturnValue:
    """The whole report as it reads now, with its tables, to be printed."""
    file = open_file(number)
    records = report_records(file)
    text = text_of(file.case, records[SECTIONS])
    tables = {name: _table(each) for name, each in live_tables(file).items()}
    return _text_page(file, text, tables, None)


@blueprint.get("/submissions/<int:item>")
@signed_in
def submission(number: str, item: int) -> ResponseReturnValue:
    """The report exactly as it was submitted, with its tables as they were then."""
    file = open_file(number)
    with state().database.readers.begin() as session:
        record = store.last_version(session, file.ref.id, "submissions", item)
        if record is None or not isinstance(record.values, Submission):
            abort(404)
        text = submitted_text(session, file.ref.id, record.values)
    labels = {each.id: each.label for each in choices_of(file.case, TABLES)}
    tables = {
        each.code: TableView(labels.get(each.code, each.code), each.rows[0], each.rows[1:])
        for each in thawed(record.values.tables)
        if each.rows
    }
    return _text_page(file, text, tables, record)


# ---------------------------------------------------------------------------- for decisions, too


def report_records(file: CaseFile) -> dict[str, list[Record]]:
    """Return what stands in the registers of the report, with one query."""
    with state().database.readers.begin() as session:
        return store.items_of(session, file.ref.id, REGISTERS)


def report_context(file: CaseFile, records: Mapping[str, Sequence[Record]]) -> dict[str, object]:
    """Return what every page of the report needs."""
    return {
        "can": writable(who().actor, file.case, file.ref.number),
        "has_registers": register_of(file.case, SECTIONS) is not None,
        "remarks": open_remarks(records["approvals"], records["remark_answers"]),
        "text": text_of(file.case, records[SECTIONS]),
    }


def live_tables(file: CaseFile) -> Mapping[str, Table]:
    """Return the tables of the report as the case fills them now."""
    with state().database.readers.begin() as session:
        return tables_of(file, store.items_of(session, file.ref.id, FILLED_FROM))


def section_views(file: CaseFile, records: Sequence[Record]) -> tuple[SectionView, ...]:
    """Return sections for whoever is here, in the order given."""
    may_read = record_reader(who().actor, file.case, file.ref.number)
    names = names_of_tables(file.case)
    views = []
    for each in records:
        values = each.values
        assert isinstance(values, Section)  # noqa: S101 - a text is made of these
        is_hidden = bool(restrictions_of(file.ruleset, each)) or not may_read(each)
        found = () if is_hidden else tuple(pieces(values.text or "", names))
        views.append(SectionView(each, values, is_hidden, file.name(each.actor), found))
    return tuple(views)


# ---------------------------------------------------------------------------- writing


def _edit(file: CaseFile, register: Register, record: Record | None) -> ResponseReturnValue:
    """Answer the form of a section: the page, a draft kept, both texts merged, or saved."""
    form = _Form(file, register, record, asked_of(file.case, SECTIONS, {}))
    if request.method == "GET":
        return form.begin()
    written = ItemInput.sent(SECTIONS, form.asked, request.form)
    base = request.form.get("base", 0, type=int)
    do = request.form.get("do")
    if do == "draft":
        keep_draft(state().database, who().person.id, request.path, keeping.written(), sent_at())
        flash(_("Kept as a draft. Nothing has been sent yet."), "done")
        return redirect(request.full_path.rstrip("?"), 303)
    problems: list[Problem] = []
    values = written.item(problems, record.values if record is not None else None)
    reason = written.reason(problems)
    if problems:
        return form.page(written, base, problems), 400
    assert isinstance(values, Section)  # noqa: S101 - the register's own sort
    if do == "merge" and record is not None:
        return form.merged(written, base, values)
    filing = Filing(
        SECTIONS,
        values,
        record.item if record is not None else None,
        written.version if record is not None else None,
        reason,
        who().acting_login,
        record.attachments if record is not None else (),
        written.restriction,
    )
    try:
        done = file_records(
            state().database, law.law(), file.calendar, who().actor, file.ref.id, [filing],
            idempotency_key=written.key, now=sent_at(), today=today(), origin=origin(),
        ).records[0]  # fmt: skip
    except StaleItem:
        return form.stale(written, base, values), 409
    except NotAllowed as refused:
        return form.page(written, base, refused.problems), 403
    except Refused as refused:
        return form.page(written, base, refused.problems), 409
    except Faulty as faulty:
        return form.page(written, base, faulty.problems), 400
    drop_draft(state().database, who().person.id, request.path)
    flash(_("Recorded: %(mark)s %(title)s", mark=done.mark, title=done.values.called), "done")
    if do == "on":
        address = url_for("report.edit_section", number=file.ref.number, item=done.item)
        return redirect(address, 303)
    return redirect(url_for("report.show", number=file.ref.number) + f"#s-{done.item}", 303)


@dataclass(frozen=True)
class _Form:
    """The form of a section, as its page shows it."""

    file: CaseFile
    register: Register
    record: Record | None
    asked: tuple[Asked, ...]

    def begin(self) -> str:
        """Return the page as it is opened: with a draft, where one is kept."""
        with state().database.readers.begin() as session:
            draft = find_draft(session, who().person.id, request.path)
        given = {"state": DRAFTING, "order": "1"} | {
            name: request.args[name] for name in ("part", "order", "title") if name in request.args
        }
        begun = ItemInput.begun(SECTIONS, self.asked, self.record, given)
        base = self.record.version if self.record is not None else 0
        if draft is None:
            return self.page(begun, base)
        kept = MultiDict(draft.fields)
        for name in ("key", "version"):
            kept.setdefault(name, begun.text(name))
        kept_base = kept.get("base", type=int)
        sent = ItemInput.sent(SECTIONS, self.asked, kept)
        return self.page(sent, base if kept_base is None else kept_base, draft=draft)

    def stale(self, written: ItemInput, base: int, mine: Section) -> str:
        """Return the page with both texts, after somebody else was quicker."""
        fresh, old = self._versions(base)
        if fresh is None:
            abort(409)
        theirs = fresh.values
        assert isinstance(theirs, Section)  # noqa: S101 - the register's own sort
        was = getattr(old.values, "text", None) if old is not None else None
        found = merge(was or "", mine.text or "", theirs.text or "")
        return self.page(
            written.with_version(fresh.version), base, fresh=fresh, mine=mine, merging=found
        )

    def merged(self, written: ItemInput, base: int, mine: Section) -> ResponseReturnValue:
        """Return the page with both changes in one text, to be read before it is saved."""
        fresh, old = self._versions(base)
        if fresh is None:
            abort(409)
        theirs = fresh.values
        was = getattr(old.values, "text", None) if old is not None else None
        found = merge(was or "", mine.text or "", getattr(theirs, "text", None) or "")
        if found.text is None or len(found.text) > LONGEST_SECTION:
            return self.stale(written, base, mine), 409
        written.form["text"].data = found.text
        fresh_form = written.with_version(fresh.version)
        return self.page(fresh_form, fresh.version, took_merged=True)

    def _versions(self, base: int) -> tuple[Record | None, Record | None]:
        """The section as it stands, and as it was when writing began."""
        if self.record is None:
            return None, None
        item = self.record.item
        with state().database.readers.begin() as session:
            fresh = store.last_version(session, self.file.ref.id, SECTIONS, item)
            then = store.records_at(session, self.file.ref.id, SECTIONS, [(item, base)])
        return fresh, then[0] if then else None

    def page(
        self,
        written: ItemInput,
        base: int,
        problems: Sequence[Problem] = (),
        *,
        draft: Kept | None = None,
        fresh: Record | None = None,
        mine: Section | None = None,
        merging: Merged | None = None,
        took_merged: bool = False,
    ) -> str:
        """Return the page with what was typed, and what is wrong beside it."""
        beside = placed(problems)
        drawn = written.drawn(beside)
        own = {each.name for each in drawn} | {"reason", "restriction"}
        theirs = getattr(fresh.values, "text", None) or "" if fresh is not None else ""
        since = []
        if fresh is not None and mine is not None:
            wanted = replace(fresh, values=replace(mine, text=theirs or None))
            since = differences(self.file.ruleset, fresh, wanted)
        return render_template(
            "report/editor.html",
            **case_context(self.file),
            register=self.register,
            record=self.record,
            written=written,
            base=base,
            drawn=[each for each in drawn if each.asked.name != "text"],
            text=next(each for each in drawn if each.asked.name == "text"),
            longest=LONGEST_SECTION,
            beside=beside,
            elsewhere=[
                each for field, texts in beside.items() if field not in own for each in texts
            ],
            draft=draft,
            address=request.path,
            fresh=fresh,
            since=since,
            compared=list(text_parts(theirs, mine.text or "")) if mine is not None else (),
            merging=merging,
            took_merged=took_merged,
            tables=choices_of(self.file.case, TABLES),
        )


def _drafts_of(file: CaseFile, sections: Sequence[Record]) -> frozenset[int]:
    """The sections of which whoever is here has a draft that was not sent."""
    addresses = {
        url_for("report.edit_section", number=file.ref.number, item=each.item): each.item
        for each in sections
    }
    with state().database.readers.begin() as session:
        kept = forms_with_drafts(session, who().person.id, list(addresses))
    return frozenset(addresses[each] for each in kept)


# ---------------------------------------------------------------------------- reading


def _blamed(file: CaseFile, versions: Sequence[Record]) -> list[Sentence]:
    """Who wrote what: neighbouring sentences of one version together. The newest comes first."""
    told = [(each, getattr(each.values, "text", None) or "") for each in reversed(versions)]
    colors: dict[str, int] = {}
    found: list[Sentence] = []
    for text, record in blame(told):
        color = colors.setdefault(record.actor, len(colors))
        if found and found[-1].record is record:
            found[-1] = replace(found[-1], text=found[-1].text + text)
        else:
            found.append(Sentence(text, record, file.name(record.actor), color))
    return found


def _authors(sentences: Sequence[Sentence]) -> list[tuple[str, int, int]]:
    """Everybody who wrote something that still stands: name, colour, and how many characters."""
    found: dict[str, tuple[str, int, int]] = {}
    for each in sentences:
        _name, _color, known = found.get(each.record.actor, ("", 0, 0))
        found[each.record.actor] = (each.author, each.color, known + len(each.text))
    return sorted(found.values(), key=lambda one: -one[2])


def _table(table: Table) -> TableView:
    return TableView(table.label, table.head, table.rows)


def _text_page(
    file: CaseFile, text: ReportText, tables: Mapping[str, TableView], submitted: Record | None
) -> str:
    """The text by its six parts; a part without a section is there as well."""
    views = section_views(file, text.sections)
    parts: list[tuple[ListItem, list[SectionView]]] = [
        (each, [view for view in views if view.values.part == each.id])
        for each in choices_of(file.case, PARTS)
    ]
    return render_template(
        "report/text.html",
        **case_context(file),
        parts=parts,
        tables=tables,
        text=text,
        submitted=submitted,
        annexes=[tables[each] for each in _ANNEXES if each in tables and tables[each].rows],
        is_hidden=any(each.is_hidden for each in views),
    )
