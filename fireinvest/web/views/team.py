"""The team of a case: who is on it and reachable how, recusal, duties, meetings and tasks."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from fireinvest.china import CHINA
from fireinvest.messages import Faulty, Words
from fireinvest.regulation.condition import evaluate
from fireinvest.regulation.profile import Item as ListItem
from fireinvest.regulation.profile import Kind, Listing, Need, Step
from fireinvest.services.casefile import CaseFile
from fireinvest.services.cases import Loaded
from fireinvest.services.records import file_records
from fireinvest.services.teams import REGISTERS, matches_in
from fireinvest.store import Session
from fireinvest.store import records as store
from fireinvest.web import law
from fireinvest.web.casework import case_context, open_file, open_steps
from fireinvest.web.forms.step import placed
from fireinvest.web.keeping import keeps_drafts
from fireinvest.web.present import say
from fireinvest.web.present_entries import entry_views
from fireinvest.web.present_registers import RecordView
from fireinvest.web.rights import signed_in
from fireinvest.web.state import state
from fireinvest.web.uploads import takes_files
from fireinvest.web.views.registers import Room, edit_item, views_of
from fireinvest.web.visiting import origin, sent_at, today, who
from fireinvest.workflow.actions import Meeting, Recusal, Signature
from fireinvest.workflow.case import Member
from fireinvest.workflow.engine import Action
from fireinvest.workflow.items.base import Item
from fireinvest.workflow.items.team import (
    Declaration,
    DutyMark,
    MeetingRecord,
    Recheck,
    Task,
)
from fireinvest.workflow.registers import (
    Filing,
    Record,
    choices_of,
    register_of,
    writable,
)

blueprint = Blueprint("team", __name__, url_prefix="/cases/<number>/team")

#: The lists of duties, each with the working group that has them; the leader's and the team's are
#: of all cases.
_DUTIES: Mapping[str, str | None] = {
    "team_duties": None,
    "leader_duties": None,
    "technical_duties": "technical",
    "management_duties": "management",
    "general_duties": "general",
}
#: By this step a member says that a ground of recusal applies.
_DECLARE = "declare_recusal"
#: How much of what a recused person wrote is shown.
_MOST_WRITTEN = 200


@dataclass(frozen=True, slots=True)
class TeamItem:
    """A line of a list of the law about the team, and who stands for it."""

    id: str
    label: Words
    basis: Words
    people: tuple[Member, ...]
    done_on: date | None
    is_optional: bool


@dataclass(frozen=True, slots=True)
class TeamList:
    """A list of the law about the team: bodies, invited organs, groups."""

    step: Step
    listing: Listing
    items: tuple[TeamItem, ...]


@dataclass(frozen=True, slots=True)
class MemberView:
    """Somebody on the team. ``declared``: their declaration on recusal, None while it is missing."""

    member: Member
    roster: RecordView | None
    declared: RecordView | None
    has_account: bool
    is_first: bool


@dataclass(frozen=True, slots=True)
class DutyView:
    """A duty of a list, and how far it is done."""

    item: ListItem
    code: str
    state: str
    words: Words
    record: Record | None


@dataclass(frozen=True, slots=True)
class DutyList:
    """The duties of the leader, of the team or of a group."""

    listing: Listing
    duties: tuple[DutyView, ...]

    @property
    def done(self) -> int:
        """How many are done."""
        return sum(each.state == "done" for each in self.duties)


@dataclass(frozen=True, slots=True)
class TaskView:
    """A task in words."""

    view: RecordView
    task: Task
    is_overdue: bool


@dataclass(frozen=True, slots=True)
class Written:
    """Something that a recused person recorded or signed, and what was decided on it."""

    of: str
    title: Words
    address: str
    on: date
    decision: Words | None
    is_open: bool


@blueprint.get("")
@signed_in
def show(number: str) -> ResponseReturnValue:
    """Who is on the team, what each declared, which bodies are missing, duties, meetings, tasks."""
    file = open_file(number)
    with state().database.readers.begin() as session:
        records = store.items_of(session, file.ref.id, REGISTERS)
    may_write = writable(who().actor, file.case, number)
    steps = open_steps(file)
    meetings = views_of(file, records["meetings"])
    return render_template(
        "team/page.html",
        **case_context(file),
        lists=_team_lists(file),
        members=_members(file, records),
        matches=matches_in(file, records),
        duties=_duties(file, records["duties"]),
        duty_states=choices_of(file.case, "duty_states"),
        meetings=list(reversed(meetings)),
        meeting_steps=[
            each
            for each in file.ruleset.steps.values()
            if each.kind is Kind.MEETING and each.id in steps
        ],
        tasks=_tasks(file, records["tasks"]),
        open_steps=steps,
        can=may_write,
        has_registers=register_of(file.case, "roster") is not None,
        meeting_titles=_titles(meetings),
        party_titles=_titles(views_of(file, records["parties"])),
    )


def _titles(views: Iterable[RecordView]) -> dict[int, str]:
    """How items are called, by number; of a restricted one nothing."""
    return {each.record.item: each.title for each in views}


@blueprint.route("/declare", methods=["GET", "POST"])
@signed_in
@keeps_drafts
@takes_files
def declare(number: str) -> ResponseReturnValue:
    """A member declares on the grounds of recusal; where one applies, it is raised at once."""
    file = open_file(number)
    register = register_of(file.case, "declarations")
    if register is None:
        abort(404)
    if "declarations" not in writable(who().actor, file.case, number):
        abort(403)
    person = request.args.get("person") or who().actor.holder
    before = None
    with state().database.readers.begin() as session:
        for each in store.items_of(session, file.ref.id, ["declarations"])["declarations"]:
            if getattr(each.values, "person", None) == person:
                before = each
    return edit_item(
        file,
        register,
        before,
        Room(
            then=url_for("team.show", number=number),
            given={"person": person, "declared_on": today().isoformat()},
            follow=_raise_grounds,
        ),
    )


def _raise_grounds(
    _session: Session, loaded: Loaded, records: Sequence[Record]
) -> Iterator[Action]:
    """Each ground that was declared is on record as raised (art 7), once."""
    step = loaded.case.ruleset.steps.get(_DECLARE)
    for record in records:
        values = record.values
        if step is None or not isinstance(values, Declaration) or values.declared_on is None:
            continue
        raised = {
            (getattr(each.payload, "person", None), getattr(each.payload, "item", None))
            for each in loaded.case.done.get(_DECLARE, ())
        }
        for ground in values.grounds or ():
            if (values.person, ground) not in raised:
                payload = Recusal(person=values.person, item=ground, note=values.facts)
                yield Action(_DECLARE, payload, values.declared_on)


@blueprint.route("/meetings/new/<step>", methods=["GET", "POST"])
@signed_in
@keeps_drafts
@takes_files
def meeting(number: str, step: str) -> ResponseReturnValue:
    """A meeting that was held: its minutes stand in the register, and the step in the journal."""
    file = open_file(number)
    register = register_of(file.case, "meetings")
    found = file.ruleset.steps.get(step)
    if register is None or found is None or found.kind is not Kind.MEETING:
        abort(404)
    if "meetings" not in writable(who().actor, file.case, number):
        abort(403)
    present = dict.fromkeys(file.name(each.person) for each in file.case.members if each.is_active)
    leader = next(
        (each for each in file.case.members if each.post == "leader" and each.is_active), None
    )

    def settle(item: Item) -> Item:
        return replace(item, kind=step) if isinstance(item, MeetingRecord) else item

    def follow(_session: Session, _loaded: Loaded, records: Sequence[Record]) -> Iterator[Action]:
        for record in records:
            held = record.values
            if isinstance(held, MeetingRecord) and held.held_at is not None:
                payload = Meeting(held.subject, held.chair, held.present, held.minutes)
                yield Action(step, payload, held.held_at.astimezone(CHINA).date())

    return edit_item(
        file,
        register,
        None,
        Room(
            then=url_for("team.show", number=number),
            given={
                "subject": say(found.label),
                "present": "\n".join(present),
                "chair": file.name(leader.person) if leader is not None else "",
                "recorder": file.name(who().actor.id),
            },
            settle=settle,
            follow=follow,
        ),
    )


@blueprint.post("/duties")
@signed_in
def duty(number: str) -> ResponseReturnValue:
    """How far a duty of the leader or of a group is done."""
    file = open_file(number)
    if register_of(file.case, "duties") is None:
        abort(404)
    if "duties" not in writable(who().actor, file.case, number):
        abort(403)
    code = request.form.get("duty", "")
    if code not in {each.code for part in _duties(file, ()) for each in part.duties}:
        abort(400)
    with state().database.readers.begin() as session:
        records = store.items_of(session, file.ref.id, ["duties"])["duties"]
    before = next((each for each in records if getattr(each.values, "duty", "") == code), None)
    written = request.form.get("state")
    note = request.form.get("note", "").strip()[:2000] or None
    filing = Filing(
        "duties",
        DutyMark(code, written, today() if written == "done" else None, note),
        before.item if before is not None else None,
        before.version if before is not None else None,
        acting_for=who().acting_login,
    )
    try:
        file_records(
            state().database, law.law(), file.calendar, who().actor, file.ref.id, [filing],
            idempotency_key=request.form.get("key", ""), now=sent_at(), today=today(),
            origin=origin(),
        )  # fmt: skip
    except Faulty as faulty:
        for texts in placed(faulty.problems).values():
            for text in texts:
                flash(say(text), "warning")
    else:
        flash(_("Recorded."), "done")
    return redirect(url_for("team.show", number=number) + "#duties", 303)


@blueprint.get("/recused/<person>")
@signed_in
def recused(number: str, person: str) -> ResponseReturnValue:
    """What a recused person recorded or signed so far: each to be looked at again (art 7)."""
    file = open_file(number)
    since = file.case.recused.get(person)
    if since is None:
        abort(404)
    with state().database.readers.begin() as session:
        records = store.records_by(session, file.ref.id, [person], _MOST_WRITTEN)
        rechecks = store.items_of(session, file.ref.id, ["rechecks"])["rechecks"]
    written = [*_entries_of(file, person, rechecks), *_records_of(file, records, rechecks)]
    return render_template(
        "team/recused.html",
        **case_context(file),
        person=person,
        since=since,
        written=sorted(written, key=lambda each: (not each.is_open, each.on)),
        may_write="rechecks" in writable(who().actor, file.case, number),
    )


# ---------------------------------------------------------------------------- what they show


def _members(file: CaseFile, records: Mapping[str, list[Record]]) -> list[MemberView]:
    roster = _by_person(file, records["roster"])
    declared = _by_person(file, records["declarations"])
    seen: set[str] = set()
    views = []
    for each in file.case.members:
        views.append(
            MemberView(
                each,
                roster.get(each.person) or roster.get(file.name(each.person)),
                declared.get(each.person),
                each.person in file.names,
                each.person not in seen,
            )
        )
        seen.add(each.person)
    return views


def _by_person(file: CaseFile, records: Sequence[Record]) -> dict[str, RecordView]:
    """Items of a register in words, by the person whom each is about; the last one counts."""
    return {
        getattr(record.values, "person", None) or "": view
        for view, record in zip(views_of(file, records), records, strict=True)
    }


def _team_lists(file: CaseFile) -> list[TeamList]:
    """The lists through which the steps of forming the team go, as the profile has them."""
    case, ruleset = file.case, file.ruleset
    first = next(iter(ruleset.stages))
    found = []
    for step in ruleset.steps.values():
        if step.stage != first or step.items not in ruleset.lists:
            continue
        if step.assigns is None and step.need is not Need.MUST:
            continue
        listing = ruleset.lists[step.items or ""]
        entries = case.done.get(step.id, ())
        items = tuple(
            TeamItem(
                item.id,
                item.label,
                ruleset.citation(item.basis),
                tuple(
                    each
                    for each in case.members
                    if each.item == item.id and each.post == step.assigns and each.is_active
                ),
                next((e.on for e in entries if getattr(e.payload, "item", None) == item.id), None),
                item.optional,
            )
            for item in listing.items
            if evaluate(item.when, case.view).holds is not False
        )
        found.append(TeamList(step, listing, items))
    return found


def _duties(file: CaseFile, records: Iterable[Record]) -> list[DutyList]:
    """The duties of the leader and of each group that was formed; groups are optional (art 6)."""
    lists, groups = file.ruleset.lists, {each.item for each in file.case.members if each.is_active}
    known = {each.values.duty: each for each in records if isinstance(each.values, DutyMark)}
    states = {each.id: each.label for each in choices_of(file.case, "duty_states")}
    found = []
    for name, group in _DUTIES.items():
        if name not in lists or (group is not None and group not in groups):
            continue
        views = []
        for item in choices_of(file.case, name):
            code = f"{name}/{item.id}"
            record = known.get(code)
            now = getattr(record.values, "state", None) if record is not None else None
            views.append(DutyView(item, code, now or "open", states.get(now or "open", ""), record))
        found.append(DutyList(lists[name], tuple(views)))
    return found


def _tasks(file: CaseFile, records: Sequence[Record]) -> list[TaskView]:
    """The tasks, open ones first, the most urgent before."""
    found = [
        TaskView(
            view,
            task,
            not task.is_over and task.due_on is not None and task.due_on < file.today,
        )
        for view, task in zip(
            views_of(file, records), (each.values for each in records), strict=True
        )
        if isinstance(task, Task)
    ]
    return sorted(found, key=lambda each: (each.task.is_over, each.task.due_on or date.max))


def _entries_of(file: CaseFile, person: str, rechecks: Iterable[Record]) -> Iterator[Written]:
    """The entries that somebody recorded, or in which they signed."""
    lines = [
        line
        for line in file.loaded.lines
        if person in (line.actor, line.acting_for) or _signs(file, line.seq, person)
    ]
    for view in entry_views(file, lines):
        decided = _decision(file, f"entry {view.seq}", rechecks)
        yield Written(
            f"entry {view.seq}", view.title,
            url_for("case.entry", number=file.ref.number, seq=view.seq),
            view.on, *decided,
        )  # fmt: skip


def _signs(file: CaseFile, seq: int, person: str) -> bool:
    entry = next((each for each in file.case.journal if each.seq == seq), None)
    payload = entry.payload if entry is not None else None
    return isinstance(payload, Signature) and payload.person == person


def _records_of(
    file: CaseFile, records: Iterable[Record], rechecks: Iterable[Record]
) -> Iterator[Written]:
    seen: set[tuple[str, int]] = set()
    for record in records:
        key = (record.register, record.item)
        register = register_of(file.case, record.register)
        if key in seen or register is None:
            continue
        seen.add(key)
        view = views_of(file, [record])[0]
        title = f"{say(register.label)} {view.mark} {view.title}"
        decided = _decision(file, f"{record.register} {record.item}", rechecks)
        yield Written(
            f"{record.register} {record.item}", title,
            url_for(
                "registers.item", number=file.ref.number, register=record.register,
                item=record.item,
            ),
            record.recorded_at.astimezone(CHINA).date(), *decided,
        )  # fmt: skip


def _decision(file: CaseFile, of: str, rechecks: Iterable[Record]) -> tuple[Words | None, bool]:
    """What was decided on it, and whether somebody still has something to do about it."""
    labels = {each.id: each.label for each in choices_of(file.case, "recheck_decisions")}
    found = [
        each.values
        for each in rechecks
        if isinstance(each.values, Recheck) and each.values.of == of
    ]
    if not found:
        return None, True
    decision = found[-1].decision or ""
    return labels.get(decision, decision), decision == "to_redo"
