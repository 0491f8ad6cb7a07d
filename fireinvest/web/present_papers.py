"""How are official papers shown? Each with how far it has come; kinds by stage, with what there is."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from fireinvest.messages import Text, Words
from fireinvest.regulation.profile import PaperKind, PaperOf, Ruleset, Stage
from fireinvest.services.papers.kinds import content_of
from fireinvest.workflow.case import Case
from fireinvest.workflow.items.papers import OfficialPaper, PaperState
from fireinvest.workflow.registers import Record

#: How far a paper has come, in words.
STATES: Mapping[PaperState, Text] = {
    PaperState.DRAFT: Text("draft"),
    PaperState.NUMBERED: Text("numbered"),
    PaperState.SIGNED: Text("signed and sealed"),
    PaperState.SENT: Text("sent"),
    PaperState.RECEIVED: Text("received"),
}
VOID = Text("void")


@dataclass(frozen=True, slots=True)
class Milestone:
    """A state on the way of a paper: when it was reached, and whether it has been."""

    state: PaperState
    words: Words
    on: date | None
    is_reached: bool


@dataclass(frozen=True, slots=True)
class PaperView:
    """A paper in words. ``is_hidden``: whoever is here may not read it."""

    record: Record
    paper: OfficialPaper
    kind: PaperKind | None
    state: Words
    is_hidden: bool

    @property
    def title(self) -> str:
        """How it is called."""
        return "" if self.is_hidden else self.paper.called

    @property
    def day(self) -> date | None:
        """The day of its state."""
        paper = self.paper
        return paper.received_on or paper.sent_on or paper.signed_on or paper.drawn_on


@dataclass(frozen=True, slots=True)
class KindView:
    """A kind of paper in a case: how many there could be, and which there are.

    ``possible``: None where that isn't counted. ``may``: whoever is here draws such up.
    """

    kind: PaperKind
    possible: int | None
    drawn: int
    may: bool
    is_made: bool


@dataclass(frozen=True, slots=True)
class StageView:
    """The kinds of a stage. ``is_open``: the case is in it, or something is there already."""

    stage: Stage | None
    kinds: tuple[KindView, ...]
    is_open: bool


def paper_view(ruleset: Ruleset, record: Record, *, may_read: bool) -> PaperView:
    """Return a paper in words."""
    paper = record.values
    assert isinstance(paper, OfficialPaper)  # noqa: S101 - the register holds no others
    state = VOID if record.is_withdrawn else STATES[paper.state]
    return PaperView(record, paper, ruleset.papers.get(paper.kind or ""), state, not may_read)


def milestones(paper: OfficialPaper, kind: PaperKind | None) -> tuple[Milestone, ...]:
    """Return the way of a paper from its draft to its receipt."""
    days: dict[PaperState, tuple[date | None, bool]] = {
        PaperState.DRAFT: (paper.drawn_on, True),
        PaperState.NUMBERED: (None, paper.document_no is not None),
        PaperState.SIGNED: (paper.signed_on, paper.signed_on is not None),
        PaperState.SENT: (paper.sent_on, paper.sent_on is not None),
        PaperState.RECEIVED: (paper.received_on, paper.received_on is not None),
    }
    if kind is not None and not kind.is_numbered and paper.document_no is None:
        del days[PaperState.NUMBERED]
    return tuple(
        Milestone(state, STATES[state], on, is_reached) for state, (on, is_reached) in days.items()
    )


def next_act(paper: OfficialPaper, kind: PaperKind | None) -> str | None:
    """Return what usually comes next of a paper; None where it has come to its end."""
    if paper.sent_on is not None:
        return None if paper.received_on is not None else "received"
    if paper.signed_on is not None:
        return "sent"
    is_numbered = paper.document_no is not None or kind is None or not kind.is_numbered
    return "signed" if is_numbered else "number"


def stages_of(
    case: Case,
    kinds: Iterable[PaperKind],
    drawn: Sequence[PaperView],
    counts: Mapping[str, int],
    may: Collection[str],
    made: Collection[str],
) -> tuple[StageView, ...]:
    """Return the kinds of papers by stage, those of no stage last.

    ``counts``: items of each register. ``may``: kinds that whoever is here draws up. ``made``:
    kinds that are made from what is on record.
    """
    # Of those that may not be read, not even their kind is told.
    standing = [each for each in drawn if not each.record.is_withdrawn and not each.is_hidden]
    per_kind: dict[str, int] = {}
    for view in standing:
        per_kind[view.paper.kind or ""] = per_kind.get(view.paper.kind or "", 0) + 1
    by_stage: dict[str | None, list[KindView]] = {}
    for kind in kinds:
        if kind.of in (PaperOf.RUNG, PaperOf.VOLUME):
            continue  # Drawn up where these are shown.
        by_stage.setdefault(kind.stage, []).append(
            KindView(
                kind,
                _possible(case, kind, counts),
                per_kind.get(kind.id, 0),
                kind.id in may,
                kind.id in made,
            )
        )
    stages: list[Stage | None] = [*case.ruleset.stages.values(), None]
    return tuple(
        StageView(
            stage,
            tuple(by_stage[None if stage is None else stage.id]),
            stage is not None and stage.id == case.stage,
        )
        for stage in stages
        if (None if stage is None else stage.id) in by_stage
    )


def _possible(case: Case, kind: PaperKind, counts: Mapping[str, int]) -> int | None:
    match kind.of:
        case PaperOf.CASE:
            return 1
        case PaperOf.REGISTER:
            count, content = counts.get(kind.of_id or "", 0), content_of(kind.id)
            register = case.ruleset.registers.get(kind.of_id or "")
            if register is not None and register.restriction is not None:
                return None  # How many there are is for those who may read them.
            if count and content is not None and content.fits is not None:
                return None  # Only the items themselves tell of which of them there can be one.
            return count
        case PaperOf.STEP:
            return len(case.done.get(kind.of_id or "", ()))
        case _:
            return None
