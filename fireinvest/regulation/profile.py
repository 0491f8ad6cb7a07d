"""The schema of a rule profile: which things does a rule consist of?

A profile is data, one TOML file a layer (nation, province, city). ``loading`` reads it,
``checking`` looks for contradictions, ``rulesets`` lays the layers over each other. Everything
here is frozen; every item cites the article it comes from.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import Any

from fireinvest.messages import Label
from fireinvest.regulation.basis import Citation, cite
from fireinvest.regulation.condition import ALWAYS, Condition
from fireinvest.regulation.days import Length


class Rank(StrEnum):
    """Which layer of law is it? Lower ones add to or fill higher ones."""

    NATION = "nation"
    PROVINCE = "province"
    CITY = "city"


class Mode(StrEnum):
    """What does the local government do with the fire?"""

    INVESTIGATE = "investigate"
    ASSIST = "assist"
    OTHER_REGIME = "other_regime"
    OUT_OF_SCOPE = "out_of_scope"


class Kind(StrEnum):
    """Of which kind is a step? Its fields, shape and effect stand in ``workflow.actions``."""

    FIGURES = "figures"
    DECISION = "decision"
    DOCUMENT_SENT = "document_sent"
    DOCUMENT_RECEIVED = "document_received"
    MEETING = "meeting"
    MEMBERSHIP = "membership"
    RECUSAL = "recusal"
    INTERVAL = "interval"
    FINDING = "finding"
    SIGNATURE = "signature"
    PUBLICATION = "publication"
    DELIVERY = "delivery"
    MEASURE = "measure"
    EXTENSION = "extension"
    ORDER = "order"


class Need(StrEnum):
    """How much does the rule want a step: must, should, or may be?"""

    MUST = "must"
    SHOULD = "should"
    MAY = "may"


class Decides(StrEnum):
    """Which recorded human decision does a step settle, beyond being on record?"""

    SOCIAL_IMPACT = "social_impact"
    CATEGORY = "category"
    ZONE_AUTHORISED = "zone_authorised"
    DELEGATED = "delegated"
    RESPONSIBILITY_ACCIDENT = "responsibility_accident"
    APPROVED_AS_IS = "approved_as_is"


class Weight(StrEnum):
    """Is a clock's length law, advice, or a date set in a document? Advice is never red."""

    STATUTORY = "statutory"
    ADVISORY = "advisory"
    SET = "set"


class Per(StrEnum):
    """Of what does a clock have one instance each?

    ``government``: each one that investigates; ``government_by_rule``: also the one that the rule
    names once the level has risen, before anything is handed over.
    """

    CASE = "case"
    GOVERNMENT = "government"
    GOVERNMENT_BY_RULE = "government_by_rule"
    SUBMISSION = "submission"
    REFERENCE = "reference"


class StartsFrom(StrEnum):
    """From what does a clock count: the fire, or the entry of a step that starts it?"""

    FIRE = "fire"
    STEP = "step"


class DateField(StrEnum):
    """From which day of an entry does a clock count: its own, or the one it takes effect on?"""

    ON = "on"
    EFFECTIVE_ON = "effective_on"


class Setting(StrEnum):
    """What does a reading decide: a way of counting, or whether somebody stays apart?"""

    ROLL = "roll"
    LEAVE_OUT_TESTS = "leave_out_tests"
    START_DAY = "start_day"
    ON_RETURN = "on_return"
    SATISFIED_BY = "satisfied_by"
    APART = "apart"


@dataclass(frozen=True, slots=True)
class Instrument:
    """A legal instrument: how it is cited, its number, and how it counts short periods.

    ``working_days_up_to``: periods given in plain days, of this many or fewer, are working days.
    """

    id: str
    label: Label
    title: Label
    number: str
    working_days_up_to: int | None
    counting: Citation | None


@dataclass(frozen=True, slots=True)
class Article:
    """What an article says, in one sentence of our own words."""

    citation: Citation
    statement: Label


@dataclass(frozen=True, slots=True)
class Option:
    """One possible reading of an unclear point; ``value`` is what a setting becomes."""

    id: str
    label: Label
    value: bool | str | tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Reading:
    """An unclear point of the law: the question, the possible answers, the one chosen, and why."""

    id: str
    basis: Citation
    question: Label
    setting: Setting | None
    chosen: str
    options: tuple[Option, ...]
    reason: Label
    source: tuple[Citation, ...]

    def option(self, option_id: str) -> Option:
        """Return one of the options by its id."""
        return next(option for option in self.options if option.id == option_id)


@dataclass(frozen=True, slots=True)
class Named:
    """Something with an id and a label: a role, a body, a category of fires, a unit's kind."""

    id: str
    label: Label
    basis: Citation


@dataclass(frozen=True, slots=True)
class Tier:
    """A tier of government; the higher the rank, the more superior."""

    id: str
    label: Label
    basis: Citation
    rank: int


@dataclass(frozen=True, slots=True)
class Level:
    """A level of a scale: the number from which each criterion reaches it (fen for money)."""

    id: str
    label: Label
    basis: Citation
    least: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Scale:
    """A scale of levels, lowest first, and how long casualties still move the level.

    ``window_days`` natural days after the fire, to 24:00. ``confirmed`` is false where the
    numbers still have to be checked against the full text. ``valid_from``: the first day of
    fires that it grades, where that is later than the profile's.
    """

    id: str
    label: Label
    basis: Citation
    window_days: int
    window_basis: Citation
    confirmed: bool
    valid_from: date | None
    levels: tuple[Level, ...]


@dataclass(frozen=True, slots=True)
class Presumption:
    """What is taken for granted of a fact until something is recorded."""

    id: str
    basis: Citation
    fact: str
    value: str


@dataclass(frozen=True, slots=True)
class ScopeRule:
    """A ground for which a fire is within the rule, outside it, or not spoken of."""

    id: str
    label: Label
    basis: Citation
    when: Condition


@dataclass(frozen=True, slots=True)
class Scope:
    """Which fires does the rule cover?

    ``elsewhere``: other law prevails; ``silent``: the layer says nothing of such fires;
    ``within``: grounds, any of which suffices.
    """

    id: str
    basis: Citation
    elsewhere: tuple[ScopeRule, ...]
    silent: tuple[ScopeRule, ...]
    within: tuple[ScopeRule, ...]


@dataclass(frozen=True, slots=True)
class Route:
    """Which government investigates when the condition holds, and what the local one then does."""

    id: str
    label: Label
    basis: Citation
    when: Condition
    government: str
    mode: Mode


@dataclass(frozen=True, slots=True)
class Leading:
    """Which bodies lead the investigation when the condition holds."""

    id: str
    basis: Citation
    when: Condition
    bodies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of the procedure; it begins with the first entry of any of the steps."""

    id: str
    label: Label
    basis: Citation
    begins_with: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """A line of a list of the law; it is needed when the condition holds, unless optional."""

    id: str
    label: Label
    basis: Citation
    optional: bool
    when: Condition


@dataclass(frozen=True, slots=True)
class Listing:
    """A list of the law: the parts of a report, the duties of a group, the grounds of recusal."""

    id: str
    label: Label
    basis: Citation
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """A line of the step table. See ``docs/profiles.md`` for what each key means."""

    id: str
    kind: Kind
    label: Label
    basis: Citation
    stage: str
    through: str
    who: tuple[str, ...]
    need: Need
    requires: tuple[str, ...]
    expects: tuple[str, ...]
    after: tuple[str, ...]
    satisfies: tuple[str, ...]
    starts: tuple[str, ...]
    stops: tuple[str, ...]
    modes: tuple[Mode, ...]
    when: Condition
    once: bool
    items: str | None
    outcomes: tuple[str, ...]
    effective: tuple[str, ...]
    decides: Decides | None
    assigns: str | None
    closes: str | None
    extends: str | None
    confirm: bool
    restriction: str | None

    def counts(self, outcome: str | None) -> bool:
        """Does an entry with this outcome count as the step done, or is it only on record?"""
        return not self.effective or outcome in self.effective


@dataclass(frozen=True, slots=True)
class Restriction:
    """A kind of entries that only some may read, such as what concerns discipline or informers.

    ``seen_by``: the roles that read them, beside whoever wrote one. ``confirmed`` is false where
    the article still has to be checked against the full text.
    """

    id: str
    label: Label
    basis: Citation
    seen_by: tuple[str, ...]
    confirmed: bool


@dataclass(frozen=True, slots=True)
class Separation:
    """Who stays apart from a report: it isn't answered by those who wrote or signed it.

    ``roles``: of those who stay apart. ``steps``: whoever records one of them wrote the report;
    so did everybody who was ever on the team. ``reading``: decides whether it holds at all.
    """

    id: str
    basis: Citation
    roles: tuple[str, ...]
    steps: tuple[str, ...]
    reading: str


@dataclass(frozen=True, slots=True)
class Demand:
    """What an item of a register needs where its field ``where`` has one of the codes ``among``."""

    where: str
    among: tuple[str, ...]
    needs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Register:
    """A register of a case: who writes into it, and by which article it is kept.

    Its id names the sort of its items, whose fields are code. ``one``: what a single item is
    called. ``restriction``: as what all of it is kept from most readers of a case. ``demands``:
    what only some of its items need. ``within_days``: in how many days the other side answers.
    """

    id: str
    label: Label
    one: Label
    basis: Citation
    who: tuple[str, ...]
    restriction: str | None
    demands: tuple[Demand, ...] = ()
    within_days: int | None = None


#: The list of what is filed in the end.
ARCHIVE_FILE = "archive_file"


class PaperForm(StrEnum):
    """In which form is an official paper drawn up (GB/T 9704-2012)?

    ``upward``: to a government or an agency above, with the line of who signs for it.
    ``downward``: a notice, an order, a reply. ``record``: a form without a red head, such as an
    interview record. ``report``: bound, with a cover. ``slip``: a page that goes with a notice.
    """

    UPWARD = "upward"
    DOWNWARD = "downward"
    LETTER = "letter"
    RECORD = "record"
    REPORT = "report"
    SLIP = "slip"


class PaperOf(StrEnum):
    """Of what is there one paper each: the case, an item of a register, an entry of a step…?"""

    CASE = "case"
    REGISTER = "register"
    STEP = "step"
    CLOCK = "clock"
    RUNG = "rung"
    VOLUME = "volume"


class Issuer(StrEnum):
    """Who issues a paper: the agency that carries the case, the government, the team, evaluators?"""

    AGENCY = "agency"
    GOVERNMENT = "government"
    TEAM = "team"
    EVALUATION = "evaluation"


@dataclass(frozen=True, slots=True)
class PaperKind:
    """A kind of official paper: its form, of what there is one, and who draws it up.

    ``of_id``: of which register, step, clock or rung, where not of every clock or rung.
    ``is_numbered``: it bears the number of a document. ``archive``: as which item of what is filed
    it counts. ``restriction``: as what it is kept from most readers of a case. ``step``: the step
    of the procedure that is taken by sending it.
    """

    id: str
    label: Label
    basis: Citation
    stage: str | None
    form: PaperForm
    of: PaperOf
    of_id: str | None
    who: tuple[str, ...]
    issued_by: Issuer
    is_numbered: bool
    archive: str | None
    restriction: str | None
    step: str | None
    when: Condition

    def as_item(self) -> Item:
        """Return it as a line of a list that can be chosen from."""
        return Item(self.id, self.label, self.basis, optional=True, when=self.when)


@dataclass(frozen=True, slots=True)
class FilledBy:
    """By what an item of what is filed is filled, beside the papers that name it.

    Its id is the item's. ``steps``, ``registers``: whose files count as it.
    """

    id: str
    basis: Citation
    steps: tuple[str, ...]
    registers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Period:
    """How long a filed case is kept. ``years``: None for ever. ``levels``: whose default it is."""

    id: str
    label: Label
    basis: Citation
    years: int | None
    levels: tuple[str, ...]

    def as_item(self) -> Item:
        """Return it as a line of a list that can be chosen from."""
        return Item(self.id, self.label, self.basis, optional=True, when=ALWAYS)


@dataclass(frozen=True, slots=True)
class Clock:
    """A clock: what it is called, how it shows, and of what it has one instance each.

    ``yellow`` and ``red``: from how many days left on (in the unit of the governing term) its
    light changes; ``red`` is None for advisory clocks. ``late_receipt``: the step whose date
    replaces the start's when it comes (the government's receipt of a submission). ``hears``: the
    roles that hear of it beside those that a rung names.
    """

    id: str
    label: Label
    basis: Citation
    weight: Weight
    per: Per
    starts_from: StartsFrom
    date_field: DateField
    modes: tuple[Mode, ...]
    when: Condition
    yellow: int
    red: int | None
    received_by: str | None
    returned_by: str | None
    hears: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Term:
    """How long a clock runs under one instrument, when the condition holds.

    ``is_plain``: the file says "days" and no more; joining the layers settles by the instrument's
    own rule (Rule art 31(1)) whether they are working days.
    ``opens``: before this the thing should not be done; ``extension_at_most``: natural days by
    which the term may be prolonged in all; ``tests``: the steps whose intervals a reading may
    leave out; ``settings``: fixed ways of counting; ``readings``: those that a reading decides.
    """

    id: str
    clock: str
    basis: Citation
    rank: Rank
    length: Length
    is_plain: bool
    opens: Length | None
    when: Condition
    extension_at_most: int
    tests: tuple[str, ...]
    settings: Mapping[Setting, bool | str | tuple[str, ...]]
    readings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlanStep:
    """How many working days a step usually takes, for planning backwards from a clock's date."""

    step: str
    working_days: int


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps that lead to a clock's satisfaction, in order, with their usual lengths."""

    id: str
    clock: str
    basis: Citation
    steps: tuple[PlanStep, ...]


class RungAt(StrEnum):
    """Where on a clock does a rung lie: at a day of its count, or at what happens to it?"""

    START = "start"
    HALF_WAY = "half_way"
    BEFORE = "before"
    DUE = "due"
    OVERDUE = "overdue"
    SATISFIED = "satisfied"
    MOVED = "moved"
    CONFIRMED = "confirmed"


#: Rungs that a day reaches; the others are reached by what happens.
RUNGS_BY_DAY = (RungAt.START, RungAt.HALF_WAY, RungAt.BEFORE, RungAt.DUE, RungAt.OVERDUE)


@dataclass(frozen=True, slots=True)
class Rung:
    """A rung of the ladder of notices on a clock, and who hears of it.

    ``left``: of a rung before the due day, how many are left then, in the unit of the governing
    term. ``first``, ``every``, ``last``: of a rung after it, on which natural days overdue it is
    reached: the first, then each so many (None: only once), up to the last (None: for ever). ``hears``: roles; with
    "superior." before it, of the government above the one that investigates. ``paper``: the
    document that goes with it, such as an urging slip. ``passes_quiet``: it is told in quiet hours
    too.
    """

    id: str
    label: Label
    basis: Citation
    at: RungAt
    weights: tuple[Weight, ...]
    clocks: tuple[str, ...]
    left: int
    first: int
    every: int | None
    last: int | None
    hears: tuple[str, ...]
    paper: Label | None
    passes_quiet: bool


@dataclass(frozen=True, slots=True)
class FormerName:
    """How a division was called up to a day, that day included."""

    label: Label
    until: date


@dataclass(frozen=True, slots=True)
class Division:
    """An administrative division or zone, with the days between which it existed as such.

    ``is_government``: whether it has a people's government of its own; a zone has none.
    ``succeeded_by``: the division to which its area and its cases went when it ended. ``former``:
    what it was called before, under the same code, the earliest name first.
    """

    code: str
    label: Label
    parent: str | None
    tier: str
    is_government: bool
    valid_from: date | None
    valid_until: date | None
    succeeded_by: str | None = None
    former: tuple[FormerName, ...] | None = None

    def exists_on(self, on: date) -> bool:
        """Did the division exist under this code on the day?"""
        return (self.valid_from or on) <= on <= (self.valid_until or on)

    def as_on(self, on: date) -> "Division":
        """Return the division under the name that it had on the day, and no other."""
        names = (each.label for each in self.former or () if on <= each.until)
        return replace(self, label=next(names, self.label), former=None)


@dataclass(frozen=True, slots=True)
class Layer:
    """One profile file: a layer of law for some divisions, between two days."""

    id: str
    file: str
    sha256: str
    rank: Rank
    label: Label
    divisions: tuple[str, ...]
    valid_from: date
    valid_until: date | None
    repeal: tuple[str, ...]
    tables: Mapping[str, Mapping[str, object]]

    def covers(self, division: str | None, on: date) -> bool:
        """Is the layer in force for the division on the day?"""
        in_time = self.valid_from <= on and (self.valid_until is None or on <= self.valid_until)
        return in_time and (
            not self.divisions or any((division or "").startswith(each) for each in self.divisions)
        )


@dataclass(frozen=True)
class Ruleset:
    """The law in force for a place on a day: its layers laid over each other.

    ``profile`` is the id of the most local layer, ``pin`` a hash of all layers' contents.
    """

    layers: tuple[Layer, ...]
    profile: str
    label: Label
    pin: str
    instruments: Mapping[str, Instrument]
    articles: Mapping[str, Article]
    readings: Mapping[str, Reading]
    roles: Mapping[str, Named]
    bodies: Mapping[str, Named]
    tiers: Mapping[str, Tier]
    categories: Mapping[str, Named]
    scales: Mapping[str, Scale]
    presumptions: Mapping[str, Presumption]
    scopes: Mapping[str, Scope]
    routes: tuple[Route, ...]
    leading: tuple[Leading, ...]
    stages: Mapping[str, Stage]
    lists: Mapping[str, Listing]
    steps: Mapping[str, Step]
    clocks: Mapping[str, Clock]
    terms: Mapping[str, Term]
    plans: Mapping[str, Plan]
    rungs: Mapping[str, Rung]
    restrictions: Mapping[str, Restriction]
    separations: Mapping[str, Separation]
    registers: Mapping[str, Register]
    papers: Mapping[str, PaperKind]
    filings: Mapping[str, FilledBy]
    periods: Mapping[str, Period]

    @cached_property
    def judged(self) -> dict[object, Any]:
        """What was judged under it, by what was known: it never says anything else."""
        return {}

    @cached_property
    def terms_of_clock(self) -> Mapping[str, tuple[Term, ...]]:
        """The terms of each clock, in the order of the law's layers."""
        return {
            clock: tuple(term for term in self.terms.values() if term.clock == clock)
            for clock in self.clocks
        }

    def keeps_apart(self, separation: Separation) -> bool:
        """Does the reading that is chosen keep them apart?"""
        reading = self.readings[separation.reading]
        return reading.option(reading.chosen).value is True

    def scales_on(self, on: date) -> tuple[Scale, ...]:
        """Return the scales that grade a fire of this day."""
        return tuple(scale for scale in self.scales.values() if (scale.valid_from or on) <= on)

    @property
    def scale(self) -> Scale:
        """The scale that decides who investigates."""
        return self.scales["accident"]

    def citation(self, citation: Citation) -> Label:
        """Return a citation as it is read: "Rule art 21"."""
        return cite(citation, self.instruments[citation.instrument].label)

    def statement(self, citation: Citation) -> Label:
        """Return what the cited passage says: the item's own sentence, else its article's."""
        found = self.articles.get(str(citation))
        if found is None:
            found = self.articles[f"{citation.instrument}:{citation.article}"]
        return found.statement

    def stage_index(self, stage: str) -> int:
        """Return the place of a stage in the procedure, from 0."""
        return list(self.stages).index(stage)
