"""How are entries of a journal shown? Their fields, what they changed, and what became of them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from fireinvest.china import CHINA
from fireinvest.messages import Joined, Label, Text, Words, money
from fireinvest.regulation.basis import Citation
from fireinvest.regulation.facts import Category, Facts
from fireinvest.regulation.profile import Division, Mode, Ruleset
from fireinvest.services.casefile import CaseFile
from fireinvest.services.wording import title_of
from fireinvest.store.codec import decode
from fireinvest.store.journal import Line
from fireinvest.web.present import MODES
from fireinvest.workflow.actions import (
    CODE_ACTIONS,
    SCHEMA_VERSION,
    Attachment,
    Cause,
    Correcting,
    Entry,
    HandingOver,
    KindPayload,
    Linking,
    Merging,
    Opening,
    Payload,
    Planning,
    Raising,
    Reassigning,
    Recounting,
    Shape,
    Voiding,
)
from fireinvest.workflow.asking import described

#: The code actions that have a form of their own, as that form and its links call them.
CODE_FORMS: Mapping[str, Text] = {
    "hand_over": Text("Hand over to the government now responsible"),
    "raise": Text("A superior government takes it up"),
    "merge": Text("Merge into another case"),
    "link": Text("Link with another case"),
    "reassign": Text("Give it to another carrier"),
}

_FACTS: Mapping[str, Text] = {
    "occurred_on": Text("day of the fire"),
    "occurred_at": Text("time of the fire"),
    "division": Text("place"),
    "deaths": Text("deaths"),
    "serious_injuries": Text("serious injuries"),
    "missing": Text("missing persons"),
    "light_injuries": Text("light injuries"),
    "direct_economic_loss": Text("direct economic loss"),
    "direct_property_loss": Text("direct property loss"),
    "burnt_area_m2": Text("burnt area (m²)"),
    "households": Text("households hit"),
    "social_impact": Text("social impact"),
    "category": Text("kind of fire"),
    "responsibility_accident": Text("responsibility accident"),
    "zone_authorised": Text("zone authorised"),
    "approved_as_is": Text("report approved without changes"),
}

_JUDGED: Mapping[str, Text] = {
    "level": Text("accident level"),
    "level_is_floor": Text("level is a floor"),
    "in_scope": Text("within the rule"),
    "mode": Text("what happens here"),
    "stage": Text("stage"),
    "government": Text("government by the rule"),
    "investigating": Text("government investigating"),
    "handover_pending": Text("hand-over pending to"),
    "merged_into": Text("goes on in"),
}

#: The dates that a recount changes.
_DATES: Mapping[str, Text] = {
    "due_on": Text("due on"),
    "act_by": Text("act by"),
    "provisional": Text("provisional"),
}

_MONEY = ("direct_economic_loss", "direct_property_loss")


@dataclass(frozen=True, slots=True)
class FieldView:
    """A field of an entry: what it is called and what it says."""

    label: Words
    value: Words
    is_long: bool = False


@dataclass(frozen=True, slots=True)
class ChangeView:
    """What an entry changed: the value before, and the one after."""

    label: Words
    old: Words
    new: Words


@dataclass(frozen=True, slots=True)
class EntryView:
    """An entry as a page shows it.

    ``voided_by`` and ``corrected_by``: the entries that voided it or last corrected it. ``target``:
    the one that it voids or corrects itself. ``link``: the number of another case that it names.
    ``restrictions``: as what it is kept from most readers. ``is_hidden``: then only its number and
    day show; ``can_open``: whoever is here may open it by itself.
    """

    seq: int
    step: str
    title: Words
    basis: Citation | None
    on: date
    at: datetime | None
    recorded_at: datetime
    actor: str
    acting_for: str | None
    reason: str | None
    fields: tuple[FieldView, ...]
    changes: tuple[ChangeView, ...]
    attachments: tuple[Attachment, ...]
    hash: str
    voided_by: int | None
    corrected_by: int | None
    target: int | None
    link: str | None
    is_code: bool
    restrictions: tuple[Words, ...] = ()
    is_hidden: bool = False
    can_open: bool = False

    @property
    def is_late_entry(self) -> bool:
        """Was it written down later than the day after it happened?"""
        late = (self.recorded_at.astimezone(CHINA).date() - self.on).days > 1
        return late and not self.is_hidden

    @property
    def can_change(self) -> bool:
        """Is it an entry that can be voided or corrected at all?"""
        if self.is_hidden:
            return False
        fixed = ("void", "correct", "link", "reassign", "recount")
        return self.voided_by is None and self.step not in fixed


def entry_views(
    file: CaseFile, lines: Iterable[Line], *, opened: int | None = None
) -> list[EntryView]:
    """Return lines of a case's journal as its pages show them.

    ``opened``: the one that is shown though it is restricted; of others only number and day are.
    """
    voided, corrected = _fates(file.case.journal)
    views = []
    for line in lines:
        names = file.restrictions(line.seq)
        if names and line.seq != opened:
            views.append(_hidden_view(file, line, names, voided, corrected))
        else:
            views.append(replace(_entry_view(file, line, voided, corrected), restrictions=names))
    return views


def hidden_title(names: tuple[Words, ...]) -> Text:
    """Return what a restricted entry is called by those who don't read it."""
    return Text("Restricted: %(what)s", what=Joined(names))


def _hidden_view(
    file: CaseFile,
    line: Line,
    names: tuple[Words, ...],
    voided: Mapping[int, int],
    corrected: Mapping[int, int],
) -> EntryView:
    """A restricted entry: that there is one, of which day, and what became of it."""
    return EntryView(
        seq=line.seq,
        step="",
        title=hidden_title(names),
        basis=None,
        on=line.occurred_on,
        at=None,
        recorded_at=line.recorded_at,
        actor="",
        acting_for=None,
        reason=None,
        fields=(),
        changes=(),
        attachments=(),
        hash=line.hash,
        voided_by=voided.get(line.seq),
        corrected_by=corrected.get(line.seq),
        target=getattr(line.entry().payload, "target", None),
        link=None,
        is_code=False,
        restrictions=names,
        is_hidden=True,
        can_open=file.may_read(line.entry()),
    )


def _fates(journal: Iterable[Entry]) -> tuple[dict[int, int], dict[int, int]]:
    """Which entries were voided or corrected, and by which."""
    voided: dict[int, int] = {}
    corrected: dict[int, int] = {}
    for entry in journal:
        match entry.payload:
            case Voiding(target):
                voided.setdefault(target, entry.seq)
            case Correcting(target):
                corrected[target] = entry.seq
    return voided, corrected


def _entry_view(
    file: CaseFile, line: Line, voided: Mapping[int, int], corrected: Mapping[int, int]
) -> EntryView:
    entry, ruleset = line.entry(), file.ruleset
    step = ruleset.steps.get(entry.step)
    return EntryView(
        seq=entry.seq,
        step=entry.step,
        title=title_of(ruleset, entry.step),
        basis=step.basis if step else None,
        on=entry.on,
        at=entry.at,
        recorded_at=entry.recorded_at,
        actor=file.name(entry.actor),
        acting_for=file.name(entry.acting_for) if entry.acting_for else None,
        reason=entry.reason,
        fields=tuple(payload_fields(file, entry.step, entry.payload)),
        changes=tuple(_changes(file, line)),
        attachments=entry.attachments,
        hash=line.hash,
        voided_by=voided.get(entry.seq),
        corrected_by=corrected.get(entry.seq),
        target=getattr(entry.payload, "target", None),
        link=_link(entry.payload),
        is_code=entry.step in CODE_ACTIONS,
    )


def _link(payload: Payload) -> str | None:
    match payload:
        case Linking(other=other) | Merging(into=other) | HandingOver(to_case=str(other)):
            return other
        case _:
            return None


# ---------------------------------------------------------------------------- fields


def payload_fields(file: CaseFile, step_id: str, payload: Payload) -> Iterator[FieldView]:
    """Yield what a payload says, field by field, in words."""
    ruleset = file.ruleset
    match payload:
        case Opening(facts, unit_name, address):
            said = file.loaded.lines[0].news
            yield FieldView(Text("unit or place that burned"), unit_name or f"{said['unit_name']}")
            yield FieldView(Text("address"), address or f"{said['address']}")
            yield from fact_fields(ruleset, facts, file.case.division)
        case Voiding(target):
            yield FieldView(Text("entry"), f"{target}")
        case Correcting(target, inner, on):
            yield FieldView(Text("entry"), f"{target}")
            yield FieldView(Text("on"), on.isoformat())
            original = next((e.step for e in file.case.journal if e.seq == target), "")
            yield from payload_fields(file, original, inner)
        case Merging(into):
            yield FieldView(Text("goes on in"), into)
        case Raising(government, document_no):
            yield FieldView(Text("government"), _tier(ruleset, government))
            yield from _optional(Text("document number"), document_no)
        case HandingOver(government, document_no, to_case):
            yield FieldView(Text("government"), _tier(ruleset, government))
            yield from _optional(Text("document number"), document_no)
            yield from _optional(Text("its case there"), to_case)
        case Reassigning(carrier):
            yield FieldView(Text("carrier"), file.name(carrier))
        case Recounting():
            yield from _recount_fields(file, payload)
        case Planning(plan, step, working_days):
            found = ruleset.plans.get(plan)
            clock = ruleset.clocks.get(found.clock) if found else None
            yield FieldView(Text("plan"), clock.label if clock else plan)
            yield FieldView(Text("step"), title_of(ruleset, step))
            yield FieldView(Text("working days"), f"{working_days}")
        case Linking(other, step, number):
            yield FieldView(Text("the other case"), other)
            yield FieldView(Text("what was done there"), title_of(ruleset, step))
            yield FieldView(Text("entry"), f"{number}")
        case _:
            yield from _kind_fields(file, step_id, payload)


def _recount_fields(file: CaseFile, payload: Recounting) -> Iterator[FieldView]:
    """Which notice or decision it follows from."""
    reading = file.ruleset.readings.get(payload.reading or "")
    if payload.cause is Cause.CALENDAR:
        yield FieldView(Text("why"), Text("A holiday notice was entered."))
        yield FieldView(Text("year"), f"{payload.year}")
        yield FieldView(Text("notice"), payload.document)
        yield FieldView(Text("revision"), f"{payload.revision}")
        return
    yield FieldView(Text("why"), Text("An unclear point of the rule was decided."))
    if reading is not None:
        yield FieldView(Text("question"), reading.question)
        options = {each.id: each.label for each in reading.options}
        yield FieldView(Text("answer"), options.get(payload.option or "", payload.option or ""))
    if payload.applies_from is not None:
        since = Text("clocks that begin on %(day)s or later", day=payload.applies_from)
        yield FieldView(Text("applies to"), since)
    yield FieldView(Text("document number"), payload.document)


def _optional(label: Text, value: str | None) -> Iterator[FieldView]:
    if value:
        yield FieldView(label, value)


def _kind_fields(file: CaseFile, step_id: str, payload: KindPayload) -> Iterator[FieldView]:
    step = file.ruleset.steps.get(step_id)
    for name, label, shape, value in described(payload, file.ruleset, step):
        shown = file.name(value) if name == "person" and isinstance(value, str) else value
        yield FieldView(label, _worded(shape, shown), shape is Shape.LONG_TEXT)


def _worded(shape: Shape, value: object) -> Words:
    match value:
        case bool():
            return _yes_no(value)
        case int() if shape is Shape.FEN:
            return money(value)
        case Text() | Label():
            return value
        case date():
            return value.isoformat()
        case _:
            return f"{value}"


def _yes_no(value: bool) -> Text:
    return Text("yes") if value else Text("no")


def fact_fields(
    ruleset: Ruleset, facts: Facts, place: Division | None = None
) -> Iterator[FieldView]:
    """Yield the facts of a fire that are known, in words."""
    for name, label in _FACTS.items():
        value = getattr(facts, name)
        if value is None or name == "approved_as_is":  # what a reply settled is none of the fire
            continue
        if name == "division" and place is not None and place.code == value:
            yield FieldView(label, place.label)
            continue
        yield FieldView(label, _fact(ruleset, name, value))


def _fact(ruleset: Ruleset, name: str, value: object) -> Words:
    match value:
        case None:
            return Text("not known")
        case bool():
            return _yes_no(value)
        case int() if name in _MONEY:
            return money(value)
        case Category() | str() if name == "category" and str(value) in ruleset.categories:
            return ruleset.categories[str(value)].label
        case datetime():
            return Text("%(at)s", at=value)
        case str() if name == "occurred_at":
            return Text("%(at)s", at=datetime.fromisoformat(value))
        case date():
            return value.isoformat()
        case _:
            return f"{value}"


# ---------------------------------------------------------------------------- changes


def _changes(file: CaseFile, line: Line) -> Iterator[ChangeView]:
    """What the entry changed in the case; the opening changed nothing, it began everything."""
    if line.step == "open":
        return
    olds, news = line.olds, line.news
    for name, new in news.items():
        old = olds.get(name)
        told, _, place = name.partition(".")
        if name == "entry":
            yield from _entry_changes(file, line, old, new)
        elif told in _DATES and old != new:
            clock, _, instance = place.partition("/")
            found = file.ruleset.clocks.get(clock)
            label = Text(
                "%(clock)s %(instance)s: %(what)s",
                clock=found.label if found else clock,
                instance="" if instance == "1" else instance,
                what=_DATES[told],
            )
            yield ChangeView(label, _date_words(old), _date_words(new))
        elif name == "working_days":
            yield ChangeView(Text("working days"), _plain(old), _plain(new))
        elif name in _JUDGED:
            label = _JUDGED[name]
            yield ChangeView(
                label, _judged(file.ruleset, name, old), _judged(file.ruleset, name, new)
            )
        elif name == "carrier":
            yield ChangeView(Text("carrier"), _called(file, old), _called(file, new))
        elif name.startswith("facts."):
            fact = name.removeprefix("facts.")
            label = _FACTS[fact]
            yield ChangeView(label, _fact(file.ruleset, fact, old), _fact(file.ruleset, fact, new))


def _called(file: CaseFile, login: object) -> Words:
    return file.name(login) if isinstance(login, str) else "—"


def _plain(value: object) -> Words:
    return "—" if value is None else f"{value}"


def _date_words(value: object) -> Words:
    match value:
        case bool():
            return _yes_no(value)
        case None:
            return "—"
        case _:
            return f"{value}"


def _entry_changes(file: CaseFile, line: Line, old: object, new: object) -> Iterator[ChangeView]:
    """How the entry read that was voided or corrected, and how it reads now, field by field."""
    target = getattr(line.entry().payload, "target", None)
    step = next((each.step for each in file.case.journal if each.seq == target), "")
    before, after = _read(file, step, old), _read(file, step, new)
    nothing = Text("no longer counts") if new is None else "—"
    for label in dict.fromkeys([*before, *after]):
        if before.get(label) != after.get(label):
            yield ChangeView(label, before.get(label, "—"), after.get(label, nothing))


def _read(file: CaseFile, step: str, document: object) -> dict[Words, Words]:
    if not isinstance(document, dict):
        return {}
    payload = decode(document["kind"], SCHEMA_VERSION, document["payload"])
    found: dict[Words, Words] = {Text("on"): str(document["on"])}
    found.update({each.label: each.value for each in payload_fields(file, step, payload)})
    return found


def _judged(ruleset: Ruleset, name: str, value: object) -> Words:
    match name:
        case _ if value is None:
            return "—"
        case "level":
            return level_label(ruleset, str(value))
        case "mode":
            return MODES[Mode(str(value))]
        case "stage":
            stage = ruleset.stages.get(str(value))
            return stage.label if stage else str(value)
        case "government" | "investigating" | "handover_pending":
            return _tier(ruleset, str(value))
        case _:
            return _yes_no(value) if isinstance(value, bool) else str(value)


def level_label(ruleset: Ruleset, level: str) -> Words:
    """Return how a level of the accident scale is called."""
    return next((each.label for each in ruleset.scale.levels if each.id == level), level)


def _tier(ruleset: Ruleset, government: str) -> Words:
    found = ruleset.tiers.get(government)
    return found.label if found else government
