"""Taking a step: a form for every line of the step table, and for what code alone can do.

Each form is drawn from what the core asks for, and every change goes through ``services.act``.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from fireinvest.messages import Faulty, Problem, Text, Words
from fireinvest.regulation.basis import Citation
from fireinvest.regulation.checking import can_be_restricted
from fireinvest.regulation.days import Unit
from fireinvest.regulation.facts import Given
from fireinvest.regulation.profile import Restriction, Step
from fireinvest.services.casefile import CaseFile
from fireinvest.services.cases import NoSuchCase, act
from fireinvest.services.drafts import Kept, drop_draft, find_draft, keep_draft
from fireinvest.services.files import Staged, as_attachments
from fireinvest.services.leaving import carriers_for
from fireinvest.services.wording import title_of
from fireinvest.store.people import StoredPerson, logins_called, suggested_people
from fireinvest.store.posts import Holder
from fireinvest.web import confirming, law, uploads
from fireinvest.web.casework import case_context, open_file
from fireinvest.web.forms.codes import (
    carrier_asked,
    code_asked,
    code_payload,
    facts_asked,
    facts_typed,
    read_opening,
)
from fireinvest.web.forms.step import (
    KEY,
    RESTRICTION,
    VERSION,
    StepInput,
    login_in,
    person_shown,
    placed,
    typed,
)
from fireinvest.web.keeping import keeps_drafts
from fireinvest.web.present import say
from fireinvest.web.present_entries import (
    CODE_FORMS,
    FieldView,
    entry_views,
    payload_fields,
)
from fireinvest.web.restricted import note_opened
from fireinvest.web.rights import signed_in
from fireinvest.web.rooms import room_of
from fireinvest.web.state import state
from fireinvest.web.uploads import takes_files
from fireinvest.web.visiting import origin, sent_at, today, who
from fireinvest.workflow.actions import (
    KINDS,
    Correcting,
    Entry,
    HandingOver,
    Linking,
    Merging,
    Opening,
    Payload,
    Planning,
    Raising,
    Reassigning,
    Shape,
    Voiding,
)
from fireinvest.workflow.asking import Asked, asked_fields, reasons_ahead
from fireinvest.workflow.engine import Action, Availability, available
from fireinvest.workflow.errors import NotAllowed, Refused, Stale
from fireinvest.workflow.permissions import Permission, allowed
from fireinvest.workflow.planning import LONGEST_STEP, days_of

blueprint = Blueprint("step", __name__, url_prefix="/cases")

#: What code alone can do and changes what others have signed: whoever does it proves again who
#: they are, as for the steps of the table that say so.
_CONFIRMED = frozenset({"void", "correct", "hand_over", "raise", "merge", "reassign"})

_CODE_PAYLOADS = (Merging, Raising, HandingOver)


@dataclass(frozen=True)
class Doing:
    """What a form is about: its words, its fields, and how what was typed becomes an action.

    ``needs_reason``: whether the form says at once that a reason is wanted. ``is_dated``: whether
    it asks for the real day. ``target``: the entry that it voids or corrects. ``then``: the page on
    which it goes on, if not that of the case.
    """

    file: CaseFile
    title: Words
    basis: Citation | None
    asked: tuple[Asked, ...]
    build: Callable[[StepInput, list[Problem]], Action | None]
    step: Step | None = None
    can: Availability | None = None
    target: Entry | None = None
    given: dict[str, str] | None = None
    needs_reason: bool = False
    is_dated: bool = True
    begins_on: date | None = None
    hint: Words | None = None
    code: str | None = None
    then: str | None = None

    @property
    def is_confirmed(self) -> bool:
        """Does it take a fresh proof of who does it?"""
        return self.code in _CONFIRMED or (self.step is not None and self.step.confirm)

    @property
    def restrictions(self) -> tuple[Restriction, ...]:
        """As what the entry can be restricted: nothing where it is so already, or can't be."""
        ruleset, step = self.file.ruleset, self.step
        if step is None or self.always or not can_be_restricted(ruleset, step):
            return ()
        return tuple(ruleset.restrictions.values())

    @property
    def always(self) -> tuple[Words, ...]:
        """As what it is restricted whatever is chosen: by its step, or as what it corrects."""
        if self.target is not None:
            return self.file.restrictions(self.target.seq)
        name = self.step.restriction if self.step is not None else None
        found = self.file.ruleset.restrictions.get(name or "")
        return () if found is None else (found.label,)

    @property
    def room(self) -> str | None:
        """In which room the step is taken with what belongs to it; None where in none."""
        if self.step is None or self.target is not None:
            return None
        return room_of(self.file.case, self.file.ref.number, self.step.id)

    @property
    def case_page(self) -> str:
        """Where it goes on when it is done."""
        return self.then or url_for("case.show", number=self.file.ref.number)

    @property
    def asks_time(self) -> bool:
        """Does a time of day matter: for the fire itself, or where a clock runs in hours?"""
        is_fire = self.target is not None and isinstance(self.target.payload, Opening)
        terms = self.file.ruleset.terms.values()
        return is_fire or any(term.length.unit is Unit.HOURS for term in terms)


@blueprint.route("/<number>/steps/<step>", methods=["GET", "POST"])
@signed_in
@keeps_drafts
@takes_files
def step(number: str, step: str) -> ResponseReturnValue:
    """The form of a step of the table."""
    file = open_file(number)
    found = file.ruleset.steps.get(step)
    if found is None:
        abort(404)
    can = next(
        each
        for each in available(file.case, who().actor, file.ref.number)
        if each.step.id == found.id
    )
    if request.method == "GET" and not can.is_possible and can.late_until is None:
        return render_template(
            "step/refused.html", **case_context(file), step=found, reasons=can.reasons
        )
    return _run(_step_doing(file, found, can))


@blueprint.route("/<number>/actions/<name>", methods=["GET", "POST"])
@signed_in
@keeps_drafts
@takes_files
def code_action(number: str, name: str) -> ResponseReturnValue:
    """Handing over, raising, merging, linking, reassigning: what no table can add or drop."""
    if name not in CODE_FORMS:
        abort(404)
    file = open_file(number)
    if name == "reassign":
        if not allowed(Permission.REASSIGN, who().actor, file.case, number):
            abort(403)
        asked = carrier_asked(_carriers(file))
    else:
        _only_administering(file, is_taking_over=name in _TAKING_OVER)
        asked = code_asked(file.case, name)

    def build(written: StepInput, problems: list[Problem]) -> Action | None:
        payload = code_payload(name, written, problems)
        if isinstance(payload, Linking):
            payload = _linked(payload, problems)
        return None if payload is None else _action(written, name, payload, problems)

    return _run(
        Doing(
            file,
            CODE_FORMS[name],
            _code_basis(file, name),
            asked,
            build,
            needs_reason=True,
            hint=_CODE_HINTS[name],
            code=name,
        )
    )


@blueprint.route("/<number>/entries/<int:seq>/void", methods=["GET", "POST"])
@signed_in
@keeps_drafts
@takes_files
def void(number: str, seq: int) -> ResponseReturnValue:
    """Void an entry: it stays in the journal, and counts no more."""
    file = open_file(number)
    _only_administering(file)
    target = _target(file, seq)

    def build(written: StepInput, problems: list[Problem]) -> Action | None:
        return _action(written, "void", Voiding(seq), problems, on=today())

    title = Text("Void entry %(seq)s", seq=seq)
    return _run(
        Doing(
            file,
            title,
            None,
            (),
            build,
            target=target,
            needs_reason=True,
            is_dated=False,
            code="void",
        )
    )


@blueprint.route("/<number>/entries/<int:seq>/correct", methods=["GET", "POST"])
@signed_in
@keeps_drafts
@takes_files
def correct(number: str, seq: int) -> ResponseReturnValue:
    """Correct an entry: from here on it reads as it should have, on its real day."""
    file = open_file(number)
    _only_administering(file)
    target = _target(file, seq)
    payload = target.payload
    found = file.ruleset.steps.get(target.step)
    title = Text("Correct entry %(seq)s", seq=seq)
    given: dict[str, str]
    if isinstance(payload, Opening):
        asked = facts_asked(file)
        given = {
            **facts_typed(payload.facts),
            "unit_name": file.loaded.row["unit_name"],
            "address": file.loaded.row["address"],
        }
    elif isinstance(payload, _CODE_PAYLOADS):
        asked = code_asked(file.case, target.step)
        given = {each.name: getattr(payload, each.name) or "" for each in asked}
    elif found is not None and type(payload) is KINDS[found.kind]:
        asked = asked_fields(file.case, found)
        given = typed(payload, asked, file.name)
    else:
        abort(404)

    def build(written: StepInput, problems: list[Problem]) -> Action | None:
        on = written.day(problems)
        at = written.moment(on, problems)
        fresh: Payload | None
        if isinstance(payload, Opening):
            fresh = None if on is None else read_opening(file, written, on, at, problems)
        elif found is not None and type(payload) is KINDS[found.kind]:
            anew = written.payload(found.kind, _resolver(problems), problems)
            # What the form doesn't ask for stays as it was.
            fresh = replace(payload, **{each.name: getattr(anew, each.name) for each in asked})
        else:
            fresh = code_payload(target.step, written, problems)
        if fresh is None or on is None:
            return None
        correcting = Correcting(seq, fresh, on, at)  # type: ignore[arg-type] # none of the others
        return _action(written, "correct", correcting, problems, on=today())

    if target.at is not None:
        given["at"] = say(Text("%(at)s", at=target.at))[-5:]
    return _run(
        Doing(
            file,
            title,
            found.basis if found else None,
            asked,
            build,
            step=found,
            target=target,
            given=given,
            needs_reason=True,
            begins_on=target.on,
            code="correct",
        )
    )


@blueprint.route("/<number>/plan/<plan>/<step>", methods=["GET", "POST"])
@signed_in
@keeps_drafts
@takes_files
def plan_step(number: str, plan: str, step: str) -> ResponseReturnValue:
    """How many working days a step of a plan takes in this case."""
    file = open_file(number)
    now = days_of(file.case, plan, step)
    if now is None:
        abort(404)
    if not allowed(Permission.PLAN, who().actor, file.case, file.ref.number):
        abort(403)
    asked = (Asked("working_days", Text("working days"), Shape.DAYS, True, default=f"{now}"),)

    def build(written: StepInput, problems: list[Problem]) -> Action | None:
        given = Given({"working_days": written.text("working_days")}, problems)
        days = given.count("working_days", LONGEST_STEP)
        if days is None:
            if not problems:
                problems.append(Problem("working_days", Text("This is needed.")))
            return None
        return _action(written, "plan", Planning(plan, step, days), problems, on=today())

    return _run(
        Doing(
            file,
            Text("Working days planned: %(step)s", step=file.ruleset.steps[step].label),
            file.ruleset.plans[plan].basis,
            asked,
            build,
            needs_reason=True,
            is_dated=False,
            then=url_for("plan.show", number=number),
        )
    )


_CODE_HINTS: dict[str, Text] = {
    "hand_over": Text(
        "The level has risen: the case goes to the government that the rule now names. Until this "
        "is recorded, the one before goes on investigating and its clocks run."
    ),
    "raise": Text("A superior government may take any case up to itself."),
    "merge": Text("Both cases are of one fire: this one ends, and goes on in the other."),
    "link": Text(
        "The two cases concern each other, as when a supervised unit burns again: a person judges "
        "what follows from it."
    ),
    "reassign": Text(
        "The new carrier has all rights of one from now on, and the one before has none left. "
        "Entries keep the names under which they were made."
    ),
}


# ---------------------------------------------------------------------------- what is done


def _step_doing(file: CaseFile, step: Step, can: Availability) -> Doing:
    asked = asked_fields(file.case, step)

    def build(written: StepInput, problems: list[Problem]) -> Action | None:
        payload = written.payload(step.kind, _resolver(problems), problems)
        return _action(written, step.id, payload, problems)

    given = {
        each.name: request.args[each.name]
        for each in asked
        if each.name in request.args and each.choices
    }
    return Doing(
        file,
        step.label,
        step.basis,
        asked,
        build,
        step=step,
        can=can,
        given=given,
        needs_reason=bool(step.stops) or can.late_until is not None,
        begins_on=can.late_until,
    )


def _action(
    written: StepInput,
    name: str,
    payload: Payload,
    problems: list[Problem],
    *,
    on: date | None = None,
) -> Action | None:
    day = on or written.day(problems)
    at = None if on is not None else written.moment(day, problems)
    reason = written.reason(problems)
    if day is None:
        return None
    acting_for = who().acting_for
    return Action(
        name,
        payload,
        day,
        at=at,
        reason=reason,
        expected_version=written.version,
        acting_for=acting_for.login if acting_for else None,
        restriction=written.restriction,
    )


def _resolver(problems: list[Problem]) -> Callable[[str], str]:
    """The login of whoever has an account and is meant by what was typed; others as written."""

    def resolve(written: str) -> str:
        wanted = login_in(written) or written
        with state().database.readers.begin() as session:
            found = logins_called(session, wanted)
        if len(found) > 1:
            text = Text("More than one account has this name; choose one from the list.")
            problems.append(Problem("person", text))
        return found[0] if len(found) == 1 else written

    return resolve


def _linked(payload: Linking, problems: list[Problem]) -> Linking:
    """The link with the step of the other case's entry, where the visitor may see that case."""
    try:
        other = open_file(payload.other)
    except Faulty:
        problems.append(Problem("other", Text("There is no such case.")))
        return payload
    entry = next((each for each in other.case.journal if each.seq == payload.entry), None)
    if entry is None:
        problems.append(Problem("entry", Text("No entry of this number counts in the case.")))
        return payload
    if entry.seq in other.case.restrictions:
        problems.append(Problem("entry", Text("A restricted entry can't be linked.")))
        return payload
    return Linking(payload.other, entry.step, payload.entry)


#: The national law under which a superior government takes a case up to itself.
_RAISING = Citation("decree493", "20")


def _code_basis(file: CaseFile, name: str) -> Citation | None:
    """On what does a code action rest, where the law of the case speaks of it?"""
    if name == "hand_over":
        return next((each.citation for each in file.case.judgement.government.basis), None)
    is_known = str(_RAISING) in file.ruleset.articles
    return _RAISING if name == "raise" and is_known else None


def _carriers(file: CaseFile) -> Iterator[Holder]:
    """Who could carry the case next."""
    case, known = file.case, law.law()
    with state().database.readers.begin() as session:
        found = carriers_for(session, known, case.division, today())
    now = case.carrier.person if case.carrier else None
    return (each for each in found if each.login != now and each.login not in case.recused)


#: What the head of a superior government's agency may do in a case that is not theirs yet.
_TAKING_OVER = frozenset({"hand_over", "raise"})


def _only_administering(file: CaseFile, *, is_taking_over: bool = False) -> None:
    """Those who administer the case; with ``is_taking_over`` also who takes it up or over."""
    wanted = [Permission.ADMINISTER, *([Permission.TAKE_OVER] if is_taking_over else [])]
    if not any(allowed(each, who().actor, file.case, file.ref.number) for each in wanted):
        abort(403)


def _target(file: CaseFile, seq: int) -> Entry:
    found = next((each for each in file.case.entries if each.seq == seq), None)
    if found is None or isinstance(found.payload, Linking | Reassigning):
        abort(404)
    if not file.may_read(found):
        abort(403)
    return found


# ---------------------------------------------------------------------------- asking and saving


def _run(doing: Doing) -> ResponseReturnValue:
    opens = doing.target is not None and bool(doing.always)
    if request.method == "GET":
        return (opens and confirming.ask()) or _begin(doing)
    written = StepInput.sent(doing.asked, MultiDict(request.form))
    files, problems = uploads.staged()
    if request.form.get("do") == "draft":
        kept = uploads.written_with(files)
        keep_draft(state().database, who().person.id, request.path, kept, sent_at())
        flash(_("Kept as a draft. It is not in the case yet."), "warning")
        return redirect(request.path, 303)
    action = doing.build(written, problems)
    if opens and (asked := confirming.ask(files)) is not None:
        return asked  # The form shows the restricted entry again, whatever is wrong with it.
    if problems or action is None:
        return _page(doing, written, problems, files=files), 400
    if doing.is_confirmed and (asked := confirming.ask(files)) is not None:
        return asked
    return _save(doing, written, action, files)


def _begin(doing: Doing) -> ResponseReturnValue:
    with state().database.readers.begin() as session:
        draft = find_draft(session, who().person.id, request.path)
    if draft is not None:
        kept = MultiDict(draft.fields)
        begun = _begun(doing)
        for name in (KEY, VERSION):
            kept.setdefault(name, begun.text(name))
        files = uploads.staged_in(draft.fields)
        return _page(doing, StepInput.sent(doing.asked, kept), (), files=files, draft=draft)
    return _page(doing, _begun(doing), ())


def _begun(doing: Doing) -> StepInput:
    return StepInput.begun(
        doing.asked, doing.given or {}, doing.begins_on or today(), doing.file.case.version
    )


def _save(
    doing: Doing, written: StepInput, action: Action, files: list[Staged]
) -> ResponseReturnValue:
    number = doing.file.ref.number
    try:
        done = act(
            state().database,
            law.law(),
            doing.file.calendar,
            who().actor,
            doing.file.ref.id,
            _with_files(action, files),
            idempotency_key=written.key,
            now=sent_at(),
            today=today(),
            origin=origin(),
        )
    except Stale as stale:
        fresh = open_file(number)
        since = entry_views(fresh, [e for e in fresh.loaded.lines if e.seq > stale.expected])
        mine = _mine(fresh, action)
        page = _page(
            doing, written.with_version(fresh.case.version), (), files=files, since=since, mine=mine
        )
        return page, 409
    except NotAllowed as refused:
        return _page(doing, written, refused.problems, files=files), 403
    except Refused as refused:
        return _page(doing, written, refused.problems, files=files), 409
    except NoSuchCase:
        raise  # They were recused meanwhile, or lost their post.
    except Faulty as invalid:
        return _page(doing, written, invalid.problems, files=files), 400
    drop_draft(state().database, who().person.id, request.path)
    title = say(title_of(doing.file.ruleset, done.entry.step))
    flash(_("Recorded as entry %(seq)s: %(title)s", seq=done.entry.seq, title=title), "done")
    for each in done.warnings:
        flash(say(each.text), "warning")
    if request.form.get("do") == "again":
        return redirect(request.path, 303)
    return redirect(doing.case_page, 303)


def _with_files(action: Action, files: Iterable[Staged]) -> Action:
    return replace(action, attachments=as_attachments(list(files)))


def _mine(file: CaseFile, action: Action) -> list[FieldView]:
    return list(payload_fields(file, action.step, action.payload))


def _page(
    doing: Doing,
    written: StepInput,
    problems: Iterable[Problem],
    *,
    files: Iterable[Staged] = (),
    draft: Kept | None = None,
    since: Any = (),
    mine: Iterable[FieldView] = (),
) -> str:
    file = doing.file
    beside = placed(problems)
    drawn = written.drawn(beside, file.name)
    names = {each.name for each in drawn} | {each.asked.name for each in drawn}
    own = {*names, "on", "at", "reason", "files"}
    if doing.restrictions:
        own.add(RESTRICTION)
    elsewhere = [text for field, texts in beside.items() if field not in own for text in texts]
    return render_template(
        "step/page.html",
        **case_context(file),
        doing=doing,
        fields=drawn,
        written=written,
        beside=beside,
        elsewhere=elsewhere,
        ahead=list(reasons_ahead(file.case, doing.step)) if doing.step and not doing.target else [],
        target=_target_view(doing),
        files=list(files),
        draft=draft,
        since=since,
        mine=list(mine),
        people=_suggested(doing),
        address=request.path,
    )


def _target_view(doing: Doing) -> Any:
    if doing.target is None:
        return None
    line = next(each for each in doing.file.loaded.lines if each.seq == doing.target.seq)
    if doing.target.seq in doing.file.case.restrictions:
        note_opened(doing.file, line)
    return entry_views(doing.file, [line], opened=line.seq)[0]


def _suggested(doing: Doing) -> list[str]:
    """Names with their logins, for a field that takes anybody."""
    if not any(each.name == "person" and not each.choices for each in doing.asked):
        return []
    with state().database.readers.begin() as session:
        people: list[StoredPerson] = suggested_people(session)
    return [person_shown(each.login, each.name) for each in people]
