"""Where does a case stand? The snapshot is the fold of its journal, by real date, then sequence.

Replay never refuses: an entry that no longer fits shows as an inconsistency.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from fireinvest.messages import Problem, Text
from fireinvest.regulation.clocks import Test
from fireinvest.regulation.facts import Category, Facts
from fireinvest.regulation.jurisdiction import Judgement, judge
from fireinvest.regulation.profile import Decides, Division, Kind, Mode, Ruleset, Step
from fireinvest.regulation.stages import stage_of
from fireinvest.workflow.actions import (
    Correcting,
    Decision,
    Entry,
    Figures,
    Finding,
    HandingOver,
    Interval,
    Membership,
    Merging,
    Opening,
    Order,
    Raising,
    Recusal,
    Voiding,
)

#: Not affected by the window for casualties: a loss counts as finally assessed.
_LOSSES = ("direct_economic_loss", "direct_property_loss", "burnt_area_m2", "households")
_CASUALTIES = ("deaths", "serious_injuries", "missing")


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody with a post on the team, in a group, or in the evaluation group."""

    person: str
    post: str
    agency: str | None
    item: str | None
    since: date
    until: date | None = None
    recused_on: date | None = None

    @property
    def is_active(self) -> bool:
        """Is the member still there, and not recused?"""
        return self.until is None and self.recused_on is None


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

    ``late_since``: the day of the fact that made it responsible, None where it was from the fire.
    ``took_over_on``: when the case was handed over to it. ``until``: when it handed over.
    """

    government: str
    late_since: date | None
    took_over_on: date | None
    until: date | None
    is_pending: bool


@dataclass(frozen=True)
class Case:
    """The case as the engine sees it."""

    ruleset: Ruleset
    division: Division | None
    opening: Entry
    facts: Facts
    judgement: Judgement
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
    stage: str | None
    merged_into: str | None
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

    def tests(self, steps: Iterable[str]) -> tuple[Test, ...]:
        """Return the intervals that these steps began, closed where their end is on record."""
        found = []
        for name in steps:
            closing = [s.id for s in self.ruleset.steps.values() if s.closes == name]
            for entry in self.done.get(name, ()):
                ends = [
                    end.on
                    for closer in closing
                    for end in self.done.get(closer, ())
                    if _ref(end) == _ref(entry) and end.on >= entry.on
                ]
                found.append(Test(entry.on, min(ends, default=None)))
        return tuple(found)


def _ref(entry: Entry) -> str | None:
    return entry.payload.ref if isinstance(entry.payload, Interval) else None


def in_order(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Return the entries that count, as corrected, by real date, then sequence."""
    by_seq: dict[int, Entry] = {}
    for entry in sorted(entries, key=lambda each: each.seq):
        match entry.payload:
            case Voiding(target):
                by_seq.pop(target, None)
            case Correcting(target, payload, on) if target in by_seq:
                by_seq[target] = replace(by_seq[target], payload=payload, on=on)
            case Correcting():
                pass
            case _:
                by_seq[entry.seq] = entry
    return tuple(sorted(by_seq.values(), key=lambda each: (each.on, each.seq)))


def fold(ruleset: Ruleset, division: Division | None, entries: Iterable[Entry]) -> Case:
    """Return the case that a journal describes; it must hold an opening.

    Raises:
        ValueError: when no opening is among the entries.

    """
    journal = tuple(entries)
    effective = in_order(journal)
    opening = next((each for each in effective if isinstance(each.payload, Opening)), None)
    if opening is None:
        raise ValueError("a journal begins with the opening of its case")
    story = _Story(ruleset, division, opening)
    for entry in effective:
        story.tell(entry)
    done = story.done
    return Case(
        ruleset=ruleset,
        division=division,
        opening=opening,
        facts=story.facts,
        judgement=story.judgement,
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
        stage=stage_of(ruleset, done),
        merged_into=story.merged_into,
        inconsistencies=tuple(story.inconsistencies),
        journal=journal,
    )


class _Story:
    """Goes through the entries once and keeps what follows from them."""

    def __init__(self, ruleset: Ruleset, division: Division | None, opening: Entry) -> None:
        assert isinstance(opening.payload, Opening)  # noqa: S101 - the caller looked for it
        self.ruleset = ruleset
        self.division = division
        self.facts = opening.payload.facts
        self.for_level = self.facts
        self.judgement = judge(ruleset, self.facts, division)
        self.opening = opening
        self.route_modes = {route.government: route.mode for route in ruleset.routes}
        self.mode = self.judgement.mode
        self.mode_since = self.facts.occurred_on
        self.modes_seen = {self.mode}
        self.in_scope_since: date | None = None
        self.was_out_of_scope = self.judgement.in_scope.value is False
        self.levels: list[LevelChange] = []
        self.governments: list[Responsible] = []
        self.done: dict[str, list[Entry]] = {}
        self.recorded: dict[str, list[Entry]] = {}
        self.members: list[Member] = []
        self.merged_into: str | None = None
        self.inconsistencies: list[Problem] = []
        self._note_judgement(opening.seq, self.facts.occurred_on)

    def tell(self, entry: Entry) -> None:
        """Take one entry into the snapshot."""
        match entry.payload:
            case Opening() | Voiding() | Correcting():
                return
            case HandingOver(government) | Raising(government):
                self._hand_over(government, entry)
                return
            case Merging(into):
                self.merged_into = into
                return
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
        self.judgement = judge(self.ruleset, self.for_level, self.division)
        self._note_judgement(entry.seq, entry.on)

    def _note_judgement(self, seq: int, on: date) -> None:
        found = self.judgement
        change = LevelChange(on, found.severity.level.id, found.severity.is_floor, seq)
        if not self.levels or (self.levels[-1].level, self.levels[-1].is_floor) != (
            change.level,
            change.is_floor,
        ):
            self.levels.append(change)
        if found.in_scope.value is not False and self.in_scope_since is None:
            self.in_scope_since = on
        government = found.government.value
        if government is not None:
            self._responsible(government, on)
        self._set_mode(on)

    def _rank(self, government: str) -> int:
        return self.ruleset.tiers[government].rank

    def _responsible(self, government: str, on: date) -> None:
        """A first government is responsible at once; a rise only makes the next one pending."""
        if not self.governments:
            late = on if self.was_out_of_scope and on > self.facts.occurred_on else None
            self.governments.append(Responsible(government, late, None, None, is_pending=False))
            return
        acting = next(each for each in reversed(self.governments) if not each.is_pending)
        self.governments = [
            each
            for each in self.governments
            if not each.is_pending or each.government == government
        ]
        known = {each.government for each in self.governments}
        if self._rank(government) > self._rank(acting.government) and government not in known:
            self.governments.append(Responsible(government, on, None, None, is_pending=True))

    def _hand_over(self, government: str, entry: Entry) -> None:
        if government not in self.ruleset.tiers:
            self._inconsistent(entry, Text("There is no %(id)s.", id=government))
            return
        pending = [each for each in self.governments if each.government == government]
        late = pending[-1].late_since if pending else entry.on
        self.governments = [
            replace(each, until=each.until or entry.on)
            for each in self.governments
            if not each.is_pending
        ]
        self.governments.append(Responsible(government, late, entry.on, None, is_pending=False))
        self._set_mode(entry.on)

    def _set_mode(self, on: date) -> None:
        mode = self.judgement.mode
        if mode in (Mode.INVESTIGATE, Mode.ASSIST) and self.governments:
            acting = next(each for each in reversed(self.governments) if not each.is_pending)
            mode = self.route_modes.get(acting.government, mode)
        if mode is not self.mode:
            self.mode, self.mode_since = mode, on
            self.modes_seen.add(mode)

    # ------------------------------------------------------------------ people

    def _members(self, step: Step, entry: Entry) -> None:
        match entry.payload:
            case Recusal(person=str(person)) if (
                step.kind is Kind.RECUSAL and "granted" in step.outcomes
            ):
                if entry.payload.outcome == "granted":
                    self._end(person, recused_on=entry.on)
            case Membership(person=str(person)) if step.closes is not None:
                self._end(person, until=entry.on)
            case Membership(person=str(person)) if step.assigns is not None:
                payload = entry.payload
                self.members.append(
                    Member(person, step.assigns, payload.agency, payload.item, entry.on)
                )
            case Order(person=str(person)) if step.assigns is not None:
                self.members.append(Member(person, step.assigns, None, None, entry.on))

    def _end(
        self, person: str, *, until: date | None = None, recused_on: date | None = None
    ) -> None:
        self.members = [
            replace(each, until=until or each.until, recused_on=recused_on or each.recused_on)
            if each.person == person
            else each
            for each in self.members
        ]


def _fact_changes(step: Step, entry: Entry) -> dict[str, object]:
    payload = entry.payload
    if isinstance(payload, Figures):
        return {name: getattr(payload, name) for name in (*_CASUALTIES, *_LOSSES)}
    if not isinstance(payload, Decision | Finding):
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
        case _:
            return {}
