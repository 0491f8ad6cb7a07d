"""Of what is a paper made? The case, its registers as they stand, and who issues it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

from fireinvest.china import CHINA
from fireinvest.messages import Label, Words, render
from fireinvest.regulation.basis import cite, parse_citation
from fireinvest.regulation.clocks import Deadline
from fireinvest.regulation.profile import Issuer, PaperKind, PaperOf
from fireinvest.regulation.rulesets import Law
from fireinvest.services.casefile import CaseFile
from fireinvest.services.certificates import in_words
from fireinvest.services.issuing import agency_name, government_name
from fireinvest.store import Session
from fireinvest.store.records import items_of
from fireinvest.workflow.actions import Entry
from fireinvest.workflow.items import ITEMS
from fireinvest.workflow.permissions import acting_tiers, superior_tiers
from fireinvest.workflow.registers import Record, choices_of, record_reader, restrictions_of

#: What isn't known is written by hand.
BLANK = "＿＿＿＿"


@dataclass(frozen=True, slots=True)
class Subject:
    """Of what a paper is, where a case has several of its kind.

    ``key``: an item (``interviews:3``), an entry (``step:41``), a clock (``clock:report:1``);
    empty for the case itself. One of the others is there, by the kind of the key.
    """

    key: str = ""
    label: Words = ""
    record: Record | None = None
    entry: Entry | None = None
    deadline: Deadline | None = None


@dataclass(frozen=True)
class Material:
    """All that a paper can be made of, as whoever draws it up may read it.

    ``records``: by register, the items that count, in their last versions. ``agency``,
    ``agency_above``: the fire-rescue agency that carries the case, and the one above it;
    ``government``, ``government_above``: those that they answer to.
    """

    file: CaseFile
    law: Law
    kind: PaperKind
    subject: Subject
    records: Mapping[str, tuple[Record, ...]]
    agency: str
    agency_above: str
    government: str
    government_above: str

    # ------------------------------------------------------------------ in words

    def say(self, words: Words | None) -> str:
        """Return words as a paper has them; a blank where there are none."""
        return BLANK if words is None or words == "" else render(words, "zh")

    def day(self, on: date | None) -> str:
        """Return a day as a document writes it; a blank where it isn't known."""
        return BLANK if on is None else in_words(on, "zh")

    def moment(self, at: datetime | None) -> str:
        """Return an instant as a document writes it, in the time of China."""
        if at is None:
            return BLANK
        here = at.astimezone(CHINA)
        return f"{in_words(here.date(), 'zh')}{here.hour}时{here.minute:02d}分"

    def name(self, login: str | None) -> str:
        """Return how somebody is called."""
        return self.say(self.file.name(login))

    def listed(self, name: str, code: str | None) -> str:
        """Return what a code of a list of the law means."""
        found = next((each for each in choices_of(self.file.case, name) if each.id == code), None)
        return BLANK if found is None else self.say(found.label)

    def article(self, basis: str) -> str:
        """Return how an article is cited, with its instrument: 《……》第五条.

        ``basis``: as a profile cites it, such as ``rule:5``. Blank where the case's rule has none.
        """
        ruleset, citation = self.file.ruleset, parse_citation(basis)
        if citation is None or citation.instrument not in ruleset.instruments:
            return BLANK
        title = ruleset.instruments[citation.instrument].title
        # Which amendment is meant stands in brackets, which no paper repeats.
        named = Label(f"《{title.zh.partition('（')[0]}》", title.en)
        return self.say(cite(citation, named))

    # ------------------------------------------------------------------ what is there

    def of(self, register: str) -> tuple[Record, ...]:
        """Return the items of a register that count; none where the case keeps no such."""
        return self.records.get(register, ())

    def entries(self, step: str) -> tuple[Entry, ...]:
        """Return the entries of a step that count and may stand in it, in the order of the case."""
        file, own = self.file, self.subject.entry
        return tuple(
            each
            for each in file.case.done.get(step, ())
            if file.may_read(each)
            and (
                (own is not None and each.seq == own.seq)
                or file.case.restrictions.get(each.seq, frozenset()) <= self.allowed
            )
        )

    def last(self, step: str) -> Entry | None:
        """Return the last entry of a step that counts."""
        return next(iter(reversed(self.entries(step))), None)

    @cached_property
    def allowed(self) -> frozenset[str]:
        """What of restricted entries and items may stand in it: that of its own restriction.

        However much whoever draws it up may read, others will read the paper.
        """
        return frozenset(() if self.kind.restriction is None else (self.kind.restriction,))

    @cached_property
    def issuer(self) -> str:
        """Whose paper it is."""
        match self.kind.issued_by:
            case Issuer.AGENCY:
                return self.agency
            case Issuer.GOVERNMENT:
                return self.government
            case Issuer.TEAM:
                return f"{self.fire}调查组"
            case Issuer.EVALUATION:
                return f"{self.fire}整改评估组"

    @property
    def unit(self) -> str:
        """The unit or place that burned."""
        return self.say(self.file.loaded.row["unit_name"])

    @property
    def event(self) -> str:
        """The fire by its day and level, as it is called after its unit."""
        on = self.file.case.occurred_on
        level = self.say(self.file.case.judgement.severity.level.label)
        return f"“{on.month}·{on.day}”{level}火灾事故"

    @property
    def fire(self) -> str:
        """How the fire is called: unit, day and level."""
        return f"{self.unit}{self.event}"


def material_of(
    session: Session,
    file: CaseFile,
    law: Law,
    kind: PaperKind,
    subject: Subject,
    records: Mapping[str, tuple[Record, ...]] | None = None,
) -> Material:
    """Return what a paper of a kind can be made of, for whoever sees the case.

    ``records``: the items that they may read, where these were read already.
    """
    case, on = file.case, file.today
    tiers, above = acting_tiers(case), superior_tiers(case)

    def named(words: Words | None) -> str:
        return BLANK if words is None else render(words, "zh")

    higher = min(above, key=lambda each: file.ruleset.tiers[each].rank, default=None)
    return Material(
        file=file,
        law=law,
        kind=kind,
        subject=subject,
        records=_fitting(
            file, kind, subject, readable_items(session, file) if records is None else records
        ),
        agency=named(agency_name(session, file, law, tiers, on)),
        agency_above=named(agency_name(session, file, law, above, on)),
        government=named(government_name(file, law, case.investigating)),
        government_above=named(government_name(file, law, higher)),
    )


def _fitting(
    file: CaseFile,
    kind: PaperKind,
    subject: Subject,
    records: Mapping[str, tuple[Record, ...]],
) -> dict[str, tuple[Record, ...]]:
    """Leave out what is kept from readers of such a paper, but for what it is about itself."""
    allowed = frozenset(() if kind.restriction is None else (kind.restriction,))
    own = subject.record

    def fits(each: Record) -> bool:
        is_own = own is not None and (each.register, each.item) == (own.register, own.item)
        return is_own or restrictions_of(file.ruleset, each) <= allowed

    return {name: tuple(each for each in found if fits(each)) for name, found in records.items()}


def readable_items(session: Session, file: CaseFile) -> dict[str, tuple[Record, ...]]:
    """Return all items of a case that count and that its reader may read, with one query."""
    known = [name for name in file.ruleset.registers if name in ITEMS]
    may_read = record_reader(file.actor, file.case, file.ref.number)
    return {
        name: tuple(each for each in records if may_read(each))
        for name, records in items_of(session, file.ref.id, known).items()
    }


def subjects_of(
    file: CaseFile, kind: PaperKind, records: Mapping[str, tuple[Record, ...]]
) -> Iterator[Subject]:
    """Yield of what there can be a paper of this kind in a case."""
    match kind.of:
        case PaperOf.CASE:
            yield Subject()
        case PaperOf.REGISTER:
            for record in records.get(kind.of_id or "", ()):
                label = f"{record.mark} {record.values.called}".strip()
                yield Subject(f"{record.register}:{record.item}", label, record=record)
        case PaperOf.STEP:
            step = file.ruleset.steps.get(kind.of_id or "")
            # Those without effect, too: a refusal is written as well.
            for entry in file.case.recorded.get(kind.of_id or "", ()):
                if step is not None and file.may_read(entry):
                    yield Subject(f"step:{entry.seq}", step.label, entry=entry)
        case PaperOf.CLOCK:
            for each in file.deadlines:
                if kind.of_id not in (None, each.clock.id):
                    continue
                instance = each.run.instance
                yield Subject(f"clock:{each.clock.id}:{instance}", each.clock.label, deadline=each)
        case PaperOf.RUNG | PaperOf.VOLUME:
            # Drawn up where these are shown, not from the list of papers.
            return
