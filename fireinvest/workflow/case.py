"""Where does a case stand? The snapshot is the fold of its journal, by real date, then sequence.

Replay never refuses: an entry that no longer fits shows as an inconsistency.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property

from fireinvest.china import CHINA
from fireinvest.messages import Label, Problem, Text
from fireinvest.regulation.basis import Citation, Finding
from fireinvest.regulation.checking import MEMBERS
from fireinvest.regulation.clocks import Decided, Test
from fireinvest.regulation.condition import FactView, evaluate
from fireinvest.regulation.contents import lacking
from fireinvest.regulation.facts import Category, Facts
from fireinvest.regulation.jurisdiction import Judgement, judge, lead_of
from fireinvest.regulation.profile import Decides, Division, Kind, Mode, Ruleset, Step
from fireinvest.regulation.stages import stage_of
from fireinvest.workflow.actions import (
    Correcting,
    Decision,
    Entry,
    Figures,
    HandingOver,
    Interval,
    Linking,
    Membership,
    Merging,
    Opening,
    Order,
    Planning,
    Raising,
    Reassigning,
    Recounting,
    Recusal,
    Signature,
    Voiding,
)
from fireinvest.workflow.actions import Finding as Found

#: Not affected by the window for casualties: a loss counts as finally assessed, and those lightly
#: hurt move no level.
_LOSSES = (
    "direct_economic_loss", "direct_property_loss", "burnt_area_m2", "households", "light_injuries",
)  # fmt: skip
_CASUALTIES = ("deaths", "serious_injuries", "missing")


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody with a post on the team, in a group, or in the evaluation group.

    ``entry``: the one by which they took it up.
    """

    person: str
    post: str
    agency: str | None
    item: str | None
    since: date
    entry: int
    until: date | None = None
    recused_on: date | None = None

    @property
    def is_active(self) -> bool:
        """Is the member still there, and not recused?"""
        return self.until is None and self.recused_on is None

    def was_active_on(self, on: date) -> bool:
        """Was the member there on the day, and not recused before it?"""
        ended_on = min(day for day in (self.until, self.recused_on, date.max) if day is not None)
        return self.since <= on <= ended_on


@dataclass(frozen=True, slots=True)
class Carrying:
    """Somebody carries the case, by login, since a day. ``entry``: by which they do."""

    person: str
    since: date
    entry: int


@dataclass(frozen=True, slots=True)
class LevelChange:
    """From which day did which level hold, and by which entry?"""

    on: date
    level: str
    is_floor: bool
    entry: int


@dataclass(frozen=True, slots=True)
class Responsible:
    """A government that investigates, or that the rule names since the level rose.

    ``late_since``: the day of the fact that made it responsible, None where it was from the fire;
    ``named_by`` the entry with that fact. ``took_over_on`` and ``took_over_by``: when and by which
    entry the case was handed over to it. ``until``: when it handed over.
    """

    government: str
    late_since: date | None
    took_over_on: date | None
    until: date | None
    is_pending: bool
    named_by: int | None = None
    took_over_by: int | None = None


@dataclass(frozen=True)
class Case:
    """The case as the engine sees it.

    ``planned``: by plan and step, the working days that it takes in this case instead of the usual.
    ``readings``: how unclear points were decided, in the order of the decisions.
    """

    ruleset: Ruleset
    division: Division | None
    opening: Entry
    facts: Facts
    judgement: Judgement
    judgements: tuple[tuple[date, int, Judgement], ...]
    mode: Mode
    mode_since: date
    modes_seen: frozenset[Mode]
    in_scope_since: date | None
    levels: tuple[LevelChange, ...]
    governments: tuple[Responsible, ...]
    entries: tuple[Entry, ...]
    done: Mapping[str, tuple[Entry, ...]]
    recorded: Mapping[str, tuple[Entry, ...]]
    members: tuple[Member, ...]
    carriers: tuple[Carrying, ...]
    recused: Mapping[str, date]
    stage: str | None
    merged_into: str | None
    merged_on: date | None
    links: tuple[Linking, ...]
    planned: Mapping[tuple[str, str], int]
    readings: tuple[Decided, ...]
    inconsistencies: tuple[Problem, ...]
    journal: tuple[Entry, ...]

    @property
    def version(self) -> int:
        """The sequence number of the last entry."""
        return max(each.seq for each in self.journal)

    @property
    def occurred_on(self) -> date:
        """The day of the fire."""
        return self.opening_facts.occurred_on

    @property
    def occurred_at(self) -> datetime | None:
        """The instant of the fire (UTC), if the time of day is known."""
        return self.opening_facts.occurred_at

    @property
    def opening_facts(self) -> Facts:
        """The facts with which the case was opened."""
        assert isinstance(self.opening.payload, Opening)  # noqa: S101 - fold puts it there
        return self.opening.payload.facts

    @property
    def investigating(self) -> str | None:
        """The tier of government that investigates by recorded act."""
        current = [each for each in self.governments if not each.is_pending and each.until is None]
        return current[-1].government if current else None

    @property
    def handover_pending(self) -> str | None:
        """The tier that the rule now names, where the case still has to be handed over to it."""
        pending = [each for each in self.governments if each.is_pending]
        return pending[-1].government if pending else None

    @property
    def carrier(self) -> Carrying | None:
        """Who carries the case; None where the opening named nobody."""
        return self.carriers[-1] if self.carriers else None

    @cached_property
    def view(self) -> FactView:
        """The facts as the conditions of the rule see them now."""
        return self.judgement.view()

    def view_at(self, on: date, seq: int) -> FactView:
        """Return the facts as they were when the entry of that day and number counted."""
        known = [each for each in self.judgements if each[:2] <= (on, seq)]
        found = known[-1][2] if known else self.judgements[0][2]
        return self.view if found is self.judgement else found.view()

    @cached_property
    def stage_place(self) -> int:
        """The place of the stage in the procedure, from 0."""
        return self.ruleset.stage_index(self.stage) if self.stage is not None else 0

    @cached_property
    def stages_began(self) -> tuple[date | None, ...]:
        """The day on which each stage was first begun, in the order of the procedure."""
        return tuple(
            min((e.on for name in stage.begins_with for e in self.done.get(name, ())), default=None)
            for stage in self.ruleset.stages.values()
        )

    @property
    def lead(self) -> Finding[tuple[str, ...]]:
        """Who leads: by the mode in which the case is, which a pending hand-over hasn't changed."""
        if self.mode is not Mode.INVESTIGATE:
            return self.judgement.lead
        return lead_of(self.ruleset, self.view, self.mode, self.judgement.government)

    def acts(self, government: str) -> Mode:
        """Return what the local government does while this one investigates."""
        modes = {route.government: route.mode for route in self.ruleset.routes}
        return modes.get(government, self.judgement.mode)

    @cached_property
    def restrictions(self) -> Mapping[int, frozenset[str]]:
        """As what each entry is kept from most readers, by its number; others are left out.

        By its step, or by its own word. What voids or corrects an entry tells what it said, so
        it is kept from the same; and a correction that is restricted restricts what it corrects.
        """
        found: dict[int, set[str]] = {}
        targets: dict[int, int] = {}
        for entry in self.journal:
            step = self.ruleset.steps.get(entry.step)
            target = getattr(entry.payload, "target", entry.seq)
            targets[entry.seq] = target
            names = (entry.restriction, step.restriction if step is not None else None)
            found.setdefault(target, set()).update(name for name in names if name is not None)
        return {seq: frozenset(found[target]) for seq, target in targets.items() if found[target]}

    def authors(self, steps: Iterable[str]) -> frozenset[str]:
        """Return who recorded one of the steps, or signs in it, and whom they did it for."""
        return frozenset(
            person
            for name in steps
            for entry in self.recorded.get(name, ())
            for person in (entry.actor, entry.acting_for, _signing(entry))
            if person is not None
        )

    @cached_property
    def team(self) -> tuple[Member, ...]:
        """Those of the members who sign the report, past ones too; not the evaluation group."""
        signing = {
            role
            for step in self.ruleset.steps.values()
            if step.items == MEMBERS and step.kind is Kind.SIGNATURE
            for role in step.who
        }
        return tuple(each for each in self.members if each.post in signing)

    def intervals(self, step: str) -> tuple[tuple[Entry, date | None], ...]:
        """Return what a step began, each with the day of its end, None while it is open."""
        closing = [each.id for each in self.ruleset.steps.values() if each.closes == step]
        ends = [end for closer in closing for end in self.done.get(closer, ())]
        return tuple(
            (
                entry,
                min(
                    (e.on for e in ends if _ref(e) == _ref(entry) and e.on >= entry.on),
                    default=None,
                ),
            )
            for entry in self.done.get(step, ())
        )

    def tests(self, steps: Iterable[str]) -> tuple[Test, ...]:
        """Return the intervals that these steps began, closed where their end is on record."""
        return tuple(
            Test(entry.on, ended_on) for name in steps for entry, ended_on in self.intervals(name)
        )


def retold(case: Case, entries: Iterable[Entry]) -> Case:
    """Return the same case, under the same law and in the same place, with these entries."""
    given = (each.person for each in case.carriers if each.entry == case.opening.seq)
    return fold(case.ruleset, case.division, entries, carrier=next(given, None))


def _signing(entry: Entry) -> str | None:
    return entry.payload.person if isinstance(entry.payload, Signature) else None


def _ref(entry: Entry) -> str | None:
    return entry.payload.ref if isinstance(entry.payload, Interval) else None


@dataclass(frozen=True, slots=True)
class Gap:
    """What is lacking before a step is done in full: an item of its list, a member, or itself."""

    citation: Citation
    what: Label | str | None


def gaps(case: Case, step: Step) -> tuple[Gap, ...]:
    """Return what is lacking before the step is done in full; nothing when it is."""
    entries = case.done.get(step.id, ())
    if step.items == MEMBERS:
        heard = {getattr(entry.payload, "person", None) for entry in entries}
        people = dict.fromkeys(each.person for each in case.team if each.is_active)
        return tuple(Gap(step.basis, person) for person in people if person not in heard)
    if step.items is not None:
        covered = {str(getattr(entry.payload, "item", "")) for entry in entries}
        items = lacking(case.ruleset.lists[step.items], covered, case.view)
        if items or entries:
            return tuple(Gap(item.basis, item.label) for item in items)
    return () if entries else (Gap(step.basis, None),)


def is_lacking(case: Case, step: Step) -> bool:
    """Does the case want a step, in its mode and by its facts, that isn't done in full?"""
    is_wanted = case.mode in step.modes and evaluate(step.when, case.view).holds
    return bool(is_wanted and gaps(case, step))


def completed(case: Case, step: Step) -> Entry | None:
    """Return the entry with which the step was done: of one through a list, the last item's."""
    entries = case.done.get(step.id, ())
    if not entries:
        return None
    if step.items is None:
        return entries[0]
    if step.items == MEMBERS:
        return None if gaps(case, step) else entries[-1]
    covered: set[str] = set()
    for entry in entries:
        covered.add(str(getattr(entry.payload, "item", "")))
        view_then = case.view_at(entry.on, entry.seq)
        if not lacking(case.ruleset.lists[step.items], covered, view_then):
            return entry
    return None


def in_order(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Return the entries that count, as corrected, by real date, then sequence."""
    by_seq: dict[int, Entry] = {}
    for entry in sorted(entries, key=lambda each: each.seq):
        match entry.payload:
            case Voiding(target):
                by_seq.pop(target, None)
            case Correcting(target, payload, on, at):
                if target in by_seq:
                    wrong = by_seq[target]
                    by_seq[target] = replace(
                        wrong,
                        payload=payload,
                        on=on,
                        at=at,
                        attachments=(*wrong.attachments, *entry.attachments),
                    )
            case _:
                by_seq[entry.seq] = entry
    return tuple(sorted(by_seq.values(), key=lambda each: (each.on, each.seq)))


def fold(
    ruleset: Ruleset,
    division: Division | None,
    entries: Iterable[Entry],
    *,
    carrier: str | None = None,
) -> Case:
    """Return the case that a journal describes; it must hold an opening.

    ``carrier``: to whom the case was given when it was opened. Like the place, it stands in the
    new values of the opening.

    Raises:
        ValueError: when no opening is among the entries.

    """
    journal = tuple(sorted(entries, key=lambda each: each.seq))
    effective = in_order(journal)
    opening = next((each for each in effective if isinstance(each.payload, Opening)), None)
    if opening is None:
        raise ValueError("a journal begins with the opening of its case")
    story = _Story(ruleset, division, opening, carrier)
    for entry in effective:
        story.tell(entry)
    done = story.done
    return Case(
        ruleset=ruleset,
        division=division,
        opening=opening,
        facts=story.facts,
        judgement=story.judgement,
        judgements=tuple(story.judgements),
        mode=story.mode,
        mode_since=story.mode_since,
        modes_seen=frozenset(story.modes_seen),
        in_scope_since=story.in_scope_since,
        levels=tuple(story.levels),
        governments=tuple(story.governments),
        entries=effective,
        done={step: tuple(each) for step, each in done.items()},
        recorded={step: tuple(each) for step, each in story.recorded.items()},
        members=tuple(story.members),
        carriers=tuple(story.carriers),
        recused=story.recused,
        stage=stage_of(ruleset, done),
        merged_into=story.merged_into,
        merged_on=story.merged_on,
        links=tuple(story.links),
        planned=story.planned,
        readings=tuple(story.readings),
        inconsistencies=tuple(story.inconsistencies),
        journal=journal,
    )


def moves_dates(ruleset: Ruleset, payload: Recounting) -> bool:
    """Is it a decision on a point of this rule that settles how clocks count?"""
    reading = ruleset.readings.get(payload.reading or "")
    return (
        reading is not None
        and reading.setting is not None
        and any(each.id == payload.option for each in reading.options)
    )


class _Story:
    """Goes through the entries once and keeps what follows from them."""

    def __init__(
        self, ruleset: Ruleset, division: Division | None, opening: Entry, carrier: str | None
    ) -> None:
        assert isinstance(opening.payload, Opening)  # noqa: S101 - the caller looked for it
        self.ruleset = ruleset
        self.division = division
        self.facts = opening.payload.facts
        self.for_level = self.facts
        self.judgement = judge(ruleset, self.facts, division)
        self.judgements: list[tuple[date, int, Judgement]] = []
        self.route_modes = {route.government: route.mode for route in ruleset.routes}
        self.mode = self.judgement.mode
        self.mode_since = self.facts.occurred_on
        self.modes_seen = {self.mode}
        self.in_scope_since: date | None = None
        self.levels: list[LevelChange] = []
        self.governments: list[Responsible] = []
        self.done: dict[str, list[Entry]] = {}
        self.recorded: dict[str, list[Entry]] = {}
        self.members: list[Member] = []
        self.carriers: list[Carrying] = []
        if carrier is not None:
            # Since it was opened: the day of the fire may lie long before.
            opened_on = opening.recorded_at.astimezone(CHINA).date()
            self.carriers.append(Carrying(carrier, opened_on, opening.seq))
        self.recused: dict[str, date] = {}
        self.merged_into: str | None = None
        self.merged_on: date | None = None
        self.links: list[Linking] = []
        self.planned: dict[tuple[str, str], int] = {}
        self.readings: list[Decided] = []
        self.inconsistencies: list[Problem] = []
        self._note_judgement(opening.seq, self.facts.occurred_on)

    def tell(self, entry: Entry) -> None:
        """Take one entry into the snapshot."""
        match entry.payload:
            case Opening():
                return
            case HandingOver(government=government) | Raising(government=government):
                self._hand_over(government, entry)
                return
            case Merging(into):
                self.merged_into, self.merged_on = into, entry.on
                return
            case Linking():
                self.links.append(entry.payload)
                return
            case Reassigning(carrier):
                self.carriers.append(Carrying(carrier, entry.on, entry.seq))
                return
            case Planning(plan, step_id, working_days):
                self.planned[plan, step_id] = working_days
                return
            case Recounting():
                self._decided(entry, entry.payload)
                return
        if entry.on < self.facts.occurred_on:
            self._inconsistent(entry, Text("The day lies before the fire."))
        step = self.ruleset.steps.get(entry.step)
        if step is None:
            self._inconsistent(entry, Text("The rule no longer has this step."))
            return
        outcome = getattr(entry.payload, "outcome", None)
        self.recorded.setdefault(step.id, []).append(entry)
        if not step.counts(outcome):
            return
        for name in step.requires:
            if name not in self.done:
                text = Text("It stands before %(step)s.", step=self.ruleset.steps[name].label)
                self._inconsistent(entry, text)
        self.done.setdefault(step.id, []).append(entry)
        self._members(step, entry)
        self._facts(step, entry)

    def _decided(self, entry: Entry, payload: Recounting) -> None:
        """A reading was decided; an answer that this rule doesn't know changes nothing."""
        name, option, since = payload.reading, payload.option, payload.applies_from
        if name is None or option is None or since is None:
            return
        if moves_dates(self.ruleset, payload):
            known = Decided(name, option, since, payload.document, entry.seq, entry.on)
            self.readings.append(known)
        else:
            self._inconsistent(entry, Text("There is no %(id)s.", id=f"{name}/{option}"))

    def _inconsistent(self, entry: Entry, text: Text) -> None:
        self.inconsistencies.append(Problem(f"{entry.seq}", text))

    # ------------------------------------------------------------------ facts, level, government

    def _facts(self, step: Step, entry: Entry) -> None:
        changes = _fact_changes(step, entry)
        if not changes:
            return
        self.facts = self.facts.with_known(changes)
        if entry.on > self.judgement.severity.window_ends_on:
            changes = {name: value for name, value in changes.items() if name not in _CASUALTIES}
        self.for_level = self.for_level.with_known(changes)
        self.judgement = judge(self.ruleset, self.facts, self.division, level_facts=self.for_level)
        self._note_judgement(entry.seq, entry.on)
        government = self.judgement.government.value
        if step.decides is Decides.ZONE_AUTHORISED and government is not None:
            self._authorised(government, entry)

    def _note_judgement(self, seq: int, on: date) -> None:
        found = self.judgement
        self.judgements.append((on, seq, found))
        change = LevelChange(on, found.severity.level.id, found.severity.is_floor, seq)
        if not self.levels or (self.levels[-1].level, self.levels[-1].is_floor) != (
            change.level,
            change.is_floor,
        ):
            self.levels.append(change)
        if found.in_scope.value is False:
            self.in_scope_since = None
        elif self.in_scope_since is None:
            self.in_scope_since = on
        government = found.government.value
        if government is not None:
            self._responsible(government, on, seq)
        self._set_mode(on)

    def _rank(self, government: str) -> int:
        return self.ruleset.tiers[government].rank

    def _acting(self) -> Responsible:
        return next(each for each in reversed(self.governments) if not each.is_pending)

    def _responsible(self, government: str, on: date, seq: int) -> None:
        """A first government is responsible at once; a rise only makes the next one pending."""
        outside = self.mode in (Mode.OUT_OF_SCOPE, Mode.OTHER_REGIME)
        late = on if outside and on > self.facts.occurred_on else None
        if not self.governments:
            first = Responsible(government, late, None, None, is_pending=False, named_by=seq)
            self.governments.append(first)
            return
        if late is not None and self.mode is Mode.OUT_OF_SCOPE:
            place = self.governments.index(self._acting())
            self.governments[place] = replace(self.governments[place], late_since=late)
        self.governments = [
            each
            for each in self.governments
            if not each.is_pending or each.government == government
        ]
        known = {each.government for each in self.governments if each.until is None}
        if self._rank(government) > self._rank(self._acting().government) and (
            government not in known
        ):
            self.governments.append(
                Responsible(government, on, None, None, is_pending=True, named_by=seq)
            )

    def _authorised(self, government: str, entry: Entry) -> None:
        """A recorded authorisation is itself the act that gives the case to the zone."""
        if self._rank(government) < self._rank(self._acting().government):
            self._hand_over(government, entry)

    def _hand_over(self, government: str, entry: Entry) -> None:
        if government not in self.ruleset.tiers:
            self._inconsistent(entry, Text("There is no %(id)s.", id=government))
            return
        named = next(
            (e for e in self.governments if e.is_pending and e.government == government), None
        )
        still_pending = [
            each
            for each in self.governments
            if each.is_pending and self._rank(each.government) > self._rank(government)
        ]
        self.governments = [
            *(
                replace(each, until=each.until or entry.on)
                for each in self.governments
                if not each.is_pending
            ),
            Responsible(
                government,
                named.late_since if named else entry.on,
                entry.on,
                None,
                is_pending=False,
                named_by=named.named_by if named else entry.seq,
                took_over_by=entry.seq,
            ),
            *still_pending,
        ]
        self._set_mode(entry.on)

    def _set_mode(self, on: date) -> None:
        mode = self.judgement.mode
        if mode in (Mode.INVESTIGATE, Mode.ASSIST) and self.governments:
            mode = self.route_modes.get(self._acting().government, mode)
        if mode is not self.mode:
            self.mode, self.mode_since = mode, on
            self.modes_seen.add(mode)

    # ------------------------------------------------------------------ people

    def _members(self, step: Step, entry: Entry) -> None:
        match entry.payload:
            case Recusal(person=str(person), outcome=outcome):
                # The first of a decision's outcomes is the one that grants.
                if step.outcomes and outcome == step.outcomes[0]:
                    self.recused.setdefault(person, entry.on)
                    self._end(person, recused_on=entry.on)
            case Membership(person=str(person)) if step.closes is not None:
                self._end(person, until=entry.on)
            case Membership(person=str(person), agency=agency, item=item) if step.assigns:
                self._join(step.assigns, person, entry, agency, item)
            case Order(person=str(person)) if step.assigns:
                # An order names the one holder of a post; the one before gives way.
                self.members = [
                    replace(each, until=entry.on)
                    if each.post == step.assigns and each.is_active
                    else each
                    for each in self.members
                ]
                self._join(step.assigns, person, entry)

    def _join(
        self,
        post: str,
        person: str,
        entry: Entry,
        agency: str | None = None,
        item: str | None = None,
    ) -> None:
        recused_on = self.recused.get(person)
        self.members.append(
            Member(person, post, agency, item, entry.on, entry.seq, recused_on=recused_on)
        )

    def _end(
        self, person: str, *, until: date | None = None, recused_on: date | None = None
    ) -> None:
        self.members = [
            replace(each, until=until, recused_on=recused_on)
            if each.person == person and each.is_active
            else each
            for each in self.members
        ]


def _fact_changes(step: Step, entry: Entry) -> dict[str, object]:
    payload = entry.payload
    if isinstance(payload, Figures):
        return {name: getattr(payload, name) for name in (*_CASUALTIES, *_LOSSES)}
    if not isinstance(payload, Decision | Found):
        return {}
    match step.decides:
        case Decides.CATEGORY if isinstance(payload, Decision) and payload.category:
            return {"category": Category(payload.category)}
        case Decides.SOCIAL_IMPACT:
            return {"social_impact": payload.outcome == step.outcomes[0]}
        case Decides.ZONE_AUTHORISED:
            return {"zone_authorised": payload.outcome == step.outcomes[0]}
        case Decides.RESPONSIBILITY_ACCIDENT:
            return {"responsibility_accident": payload.outcome == step.outcomes[0]}
        case Decides.APPROVED_AS_IS:
            return {"approved_as_is": payload.outcome == step.outcomes[0]}
        case _:
            return {}
