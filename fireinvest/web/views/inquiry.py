"""The five lines of inquiry, and the chain from facts to measures (arts 15, 18, 20)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from fireinvest.messages import Faulty, Joined, Problem, Text, Words
from fireinvest.regulation.facts import Given
from fireinvest.regulation.profile import Item as ListItem
from fireinvest.services.casefile import CaseFile
from fireinvest.services.inquiries import FINDINGS, close_line, names_in, newest
from fireinvest.store import records as store
from fireinvest.web.casework import case_context, open_file, open_steps
from fireinvest.web.forms.step import placed
from fireinvest.web.keeping import keeps_drafts
from fireinvest.web.present import say
from fireinvest.web.present_registers import RecordView, record_view
from fireinvest.web.rights import signed_in
from fireinvest.web.state import state
from fireinvest.web.together import asking
from fireinvest.web.uploads import takes_files
from fireinvest.web.views.registers import (
    Room,
    edit_item,
    record_of,
    views_of,
    writable_register,
)
from fireinvest.web.visiting import who
from fireinvest.workflow.actions import Entry
from fireinvest.workflow.chain import UNUSED, Matrix, matrix_of
from fireinvest.workflow.errors import NotAllowed
from fireinvest.workflow.items.base import Item
from fireinvest.workflow.items.inquiry import ChainNode, LineFinding
from fireinvest.workflow.lines import CLOSING, LINES, POINTS, Line, lines_of
from fireinvest.workflow.registers import (
    Record,
    choices_of,
    record_reader,
    register_of,
    restrictions_of,
    writable,
)

blueprint = Blueprint("inquiry", __name__, url_prefix="/cases/<number>/inquiry")

NODES = "facts"
_SORTS = "node_sorts"
_REGISTERS = (FINDINGS, NODES, "evidence", "parties")
#: Characters of the finding on a whole line.
_LONGEST_TEXT = 10_000

#: What is told of what hangs in the air, by the sort of node.
_ORPHANS: Mapping[str, Text] = {
    "fact": Text("a fact without evidence"),
    "cause": Text("a cause without a fact"),
    "responsibility": Text("a responsibility without a cause"),
    "measure": Text("a measure without a responsibility"),
    UNUSED: Text("evidence that nothing uses"),
}


@dataclass(frozen=True, slots=True)
class FindingView:
    """A finding in words, with the units and individuals that it names."""

    view: RecordView
    values: LineFinding
    units: Words
    people: Words


@dataclass(frozen=True, slots=True)
class PointView:
    """A sub-item of a line, with what was found on it."""

    item: ListItem
    findings: tuple[FindingView, ...]
    is_contradicted: bool


@dataclass(frozen=True, slots=True)
class LineView:
    """A line of inquiry in words. ``can_close``: whoever is here may close it now."""

    line: Line
    points: tuple[PointView, ...]
    closed: Entry | None
    can_close: bool


@dataclass(frozen=True, slots=True)
class NodeView:
    """A node of the chain: in words, and what it rests on."""

    view: RecordView
    before: tuple[str, ...]
    evidence: tuple[RecordView, ...]
    parties: Words


@dataclass(frozen=True, slots=True)
class RowView:
    """A fact, with the nodes that follow from it, by their sort."""

    fact: NodeView
    following: tuple[tuple[ListItem, tuple[NodeView, ...]], ...]


@blueprint.get("")
@signed_in
def show(number: str) -> ResponseReturnValue:
    """The five lines with their sub-items: what was found, what is open, what was closed."""
    file = open_file(number)
    records = _records(file)
    may_close = _may_close(file)
    names = _names(file, records["parties"])
    lines = [
        LineView(
            line,
            tuple(
                PointView(
                    point.item,
                    tuple(_finding_view(file, each, names) for each in point.records),
                    point.is_contradicted,
                )
                for point in line.points
            ),
            line.closed,
            may_close and line.can_close and (line.closed is None or bool(line.changed)),
        )
        for line in lines_of(file.case, records[FINDINGS])
    ]
    return render_template(
        "inquiry/page.html",
        **case_context(file),
        lines=lines,
        can=writable(who().actor, file.case, number),
        has_registers=register_of(file.case, FINDINGS) is not None,
    )


@blueprint.route("/lines/<line>/<point>/new", methods=["GET", "POST"])
@signed_in
@keeps_drafts
@takes_files
def new_finding(number: str, line: str, point: str) -> ResponseReturnValue:
    """What was found on a sub-item of a line, or that nothing was."""
    file = open_file(number)
    register = writable_register(file, FINDINGS)
    found = _point(file, line, point)

    def settle(item: Item) -> Item:
        return replace(item, line=line, point=point) if isinstance(item, LineFinding) else item

    about = Text("%(line)s: %(point)s", line=found[0].label, point=found[1].label)
    room = Room(_page(file), settle=settle, about=about, among=_units_and_people(file))
    return edit_item(file, register, None, room)


@blueprint.route("/findings/<int:item>", methods=["GET", "POST"])
@signed_in
@keeps_drafts
@takes_files
def edit_finding(number: str, item: int) -> ResponseReturnValue:
    """A finding as it stands, to be changed."""
    file = open_file(number)
    return _edit(file, FINDINGS, item, _page(file))


@blueprint.route("/lines/<line>/close", methods=["GET", "POST"])
@signed_in
@keeps_drafts
def close(number: str, line: str) -> ResponseReturnValue:
    """A line is closed: the finding on the whole of it goes into the journal (art 15)."""
    file = open_file(number)
    records = _records(file)
    found = next(
        (each for each in lines_of(file.case, records[FINDINGS]) if each.item.id == line), None
    )
    if found is None:
        abort(404)
    if not _may_close(file):
        abort(403)
    problems: list[Problem] = []
    status = 200
    text, reason = _summary(file, found), ""
    if request.method == "POST":
        given = {name: request.form.get(name, "") for name in ("text", "reason")}
        text, reason = given["text"].replace("\r\n", "\n"), given["reason"]
        read = Given({"text": text, "reason": reason}, problems)
        wanted, why = read.text("text", _LONGEST_TEXT), read.text("reason", 2000)
        if not problems:
            seen = request.form.get("seen", 0, type=int)
            try:
                who_asks = asking(file, request.form.get("key", ""))
                close_line(who_asks, line, wanted, seen=seen, reason=why)
            except NotAllowed:
                abort(403)
            except Faulty as faulty:
                problems = list(faulty.problems)
            else:
                flash(_("Recorded."), "done")
                return redirect(_page(file), 303)
        status = 400
    names = _names(file, records["parties"])
    beside = placed(problems)
    own = ("text", "reason")
    page = render_template(
        "inquiry/close.html",
        **case_context(file),
        line=found,
        step=file.ruleset.steps[CLOSING],
        findings=[_finding_view(file, each, names) for each in found.records],
        units=names_in(found, "units", "unit_names", names),
        people=names_in(found, "people", "person_names", names),
        seen=newest(found),
        text=text,
        reason=reason,
        longest=_LONGEST_TEXT,
        beside=beside,
        elsewhere=[each for field, texts in beside.items() if field not in own for each in texts],
    )
    return page, status


@blueprint.get("/matrix")
@signed_in
def matrix(number: str) -> ResponseReturnValue:
    """Each fact with its evidence, and what follows from it; and what hangs in the air."""
    file = open_file(number)
    records = _records(file)
    sorts = choices_of(file.case, _SORTS)
    found = matrix_of(
        [each.id for each in sorts], records[NODES], records["evidence"], records[FINDINGS]
    )
    names = _names(file, records["parties"])
    evidence = {each.item: view for each, view in _viewed(file, records["evidence"])}
    nodes = {
        each.item: _node_view(view, evidence, names, records[NODES])
        for each, view in _viewed(file, records[NODES])
    }
    return render_template(
        "inquiry/matrix.html",
        **case_context(file),
        sorts=sorts,
        rows=_rows(found, sorts, nodes),
        loose=[nodes[each.item] for each in found.loose],
        orphans=_orphans(found, nodes, evidence),
        can=writable(who().actor, file.case, number),
        has_registers=register_of(file.case, NODES) is not None,
    )


@blueprint.route("/matrix/new/<sort>", methods=["GET", "POST"])
@signed_in
@keeps_drafts
@takes_files
def new_node(number: str, sort: str) -> ResponseReturnValue:
    """A new fact, cause, responsibility or measure; it follows from one of the sort before."""
    file = open_file(number)
    register = writable_register(file, NODES)
    label = next((each.label for each in choices_of(file.case, _SORTS) if each.id == sort), None)
    if label is None:
        abort(404)

    def settle(item: Item) -> Item:
        return replace(item, sort=sort) if isinstance(item, ChainNode) else item

    room = Room(
        url_for("inquiry.matrix", number=number),
        but=("sort", *_unasked(file, sort)),
        settle=settle,
        about=Text("New: %(what)s", what=label),
        among={"before": _sort_before(file, sort)},
    )
    return edit_item(file, register, None, room)


@blueprint.route("/matrix/<int:item>", methods=["GET", "POST"])
@signed_in
@keeps_drafts
@takes_files
def edit_node(number: str, item: int) -> ResponseReturnValue:
    """A node of the chain as it stands, to be changed."""
    file = open_file(number)
    return _edit(file, NODES, item, url_for("inquiry.matrix", number=number))


# ---------------------------------------------------------------------------- what they show


def _records(file: CaseFile) -> dict[str, list[Record]]:
    with state().database.readers.begin() as session:
        return store.items_of(session, file.ref.id, _REGISTERS)


def _page(file: CaseFile) -> str:
    return url_for("inquiry.show", number=file.ref.number)


def _edit(file: CaseFile, name: str, item: int, then: str) -> ResponseReturnValue:
    register = writable_register(file, name)
    record = record_of(file, name, item)
    room = Room(then, among=_units_and_people(file) if name == FINDINGS else None)
    if isinstance(record.values, ChainNode):
        sort = record.values.sort or ""
        room = Room(
            then, but=("sort", *_unasked(file, sort)), among={"before": _sort_before(file, sort)}
        )
    return edit_item(file, register, record, room)


def _units_and_people(file: CaseFile) -> dict[str, frozenset[int]]:
    """Which parties are units, and which are individuals."""
    with state().database.readers.begin() as session:
        parties = store.items_of(session, file.ref.id, ["parties"])["parties"]
    return {
        field: frozenset(each.item for each in parties if getattr(each.values, "sort", "") == sort)
        for field, sort in (("units", "unit"), ("people", "person"))
    }


def _may_close(file: CaseFile) -> bool:
    return CLOSING in open_steps(file)


def _point(file: CaseFile, line: str, point: str) -> tuple[ListItem, ListItem]:
    lines = {each.id: each for each in choices_of(file.case, LINES)}
    points = {each.id: each for each in choices_of(file.case, f"{POINTS}{line}")}
    if line not in lines or point not in points:
        abort(404)
    return lines[line], points[point]


def _names(file: CaseFile, parties: Sequence[Record]) -> dict[int, str]:
    """How parties are called, for whoever is here; restricted ones by their mark alone."""
    return {
        each.item: each.values.called for each in parties if not restrictions_of(file.ruleset, each)
    }


def _viewed(file: CaseFile, records: Sequence[Record]) -> list[tuple[Record, RecordView]]:
    return list(zip(records, views_of(file, records), strict=True))


def _finding_view(file: CaseFile, record: Record, names: Mapping[int, str]) -> FindingView:
    values = record.values
    assert isinstance(values, LineFinding)  # noqa: S101 - lines are made of these
    may_read = record_reader(who().actor, file.case, file.ref.number)
    is_open = may_read(record) and not restrictions_of(file.ruleset, record)
    return FindingView(
        record_view(file, record, may_read=is_open),
        values,
        _called(values.units, values.unit_names, names),
        _called(values.people, values.person_names, names),
    )


def _called(refs: tuple[int, ...] | None, written: str | None, names: Mapping[int, str]) -> Words:
    found = [names.get(each, f"P{each}") for each in refs or ()]
    return Joined(tuple([*found, written] if written else found))


def _summary(file: CaseFile, line: Line) -> str:
    """How the finding on the whole of a line can begin: with what was found on its sub-items."""
    parts = []
    for point in line.points:
        for record in point.records:
            values = record.values
            if isinstance(values, LineFinding) and not restrictions_of(file.ruleset, record):
                parts.append(f"{say(point.item.label)}：{values.text or values.reason or ''}")
    return "\n".join(parts)[:_LONGEST_TEXT]


def _unasked(file: CaseFile, sort: str) -> tuple[str, ...]:
    """What isn't asked of a sort: the first one follows from nothing."""
    sorts = [each.id for each in choices_of(file.case, _SORTS)]
    return ("before",) if sorts and sort == sorts[0] else ()


def _sort_before(file: CaseFile, sort: str) -> frozenset[int]:
    """The nodes from which one of a sort can follow."""
    sorts = [each.id for each in choices_of(file.case, _SORTS)]
    if sort not in sorts[1:]:
        return frozenset()
    before = sorts[sorts.index(sort) - 1]
    with state().database.readers.begin() as session:
        nodes = store.items_of(session, file.ref.id, [NODES])[NODES]
    return frozenset(each.item for each in nodes if getattr(each.values, "sort", None) == before)


def _node_view(
    view: RecordView,
    evidence: Mapping[int, RecordView],
    names: Mapping[int, str],
    nodes: Sequence[Record],
) -> NodeView:
    values = view.record.values
    assert isinstance(values, ChainNode)  # noqa: S101 - the chain is made of these
    marks = {each.item: each.mark for each in nodes}
    return NodeView(
        view,
        tuple(marks[each] for each in values.before or () if each in marks),
        tuple(evidence[each] for each in values.evidence or () if each in evidence),
        _called(values.parties, None, names),
    )


def _rows(found: Matrix, sorts: Sequence[ListItem], nodes: Mapping[int, NodeView]) -> list[RowView]:
    return [
        RowView(
            nodes[row.fact.item],
            tuple(
                (sort, tuple(nodes[each.item] for each in step))
                for sort, step in zip(sorts[1:], row.following, strict=True)
            ),
        )
        for row in found.rows
    ]


def _orphans(
    found: Matrix, nodes: Mapping[int, NodeView], evidence: Mapping[int, RecordView]
) -> list[tuple[Words, list[RecordView]]]:
    """What hangs in the air, by what is wrong with it."""
    by_kind: dict[str, list[RecordView]] = {}
    for each in found.orphans:
        number = each.record.item
        view = evidence[number] if each.kind == UNUSED else nodes[number].view
        by_kind.setdefault(each.kind, []).append(view)
    return [(_ORPHANS.get(kind, kind), views) for kind, views in by_kind.items()]
