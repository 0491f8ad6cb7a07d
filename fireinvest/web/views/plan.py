"""A case's plan, laid backwards; its clocks on one line; and what would be if something else were so."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from flask import Blueprint, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue

from fireinvest.messages import Faulty, Label, Problem, Text, Words
from fireinvest.regulation.basis import Citation
from fireinvest.services.casefile import CaseFile
from fireinvest.services.planning import Piece, Track, Tracks, plans_of, tracks_of
from fireinvest.services.whatif import (
    LONGEST_NOTICE,
    Change,
    Compared,
    Comparison,
    chosen_option,
    compare,
    last_receipt,
    open_readings,
    prolonged_clocks,
)
from fireinvest.web.casework import case_context, open_file
from fireinvest.web.forms.whatif import READING, WhatIfInput, read_whatif
from fireinvest.web.present import WEEKDAY_HEADS, ClockView, clock_view, short_month
from fireinvest.web.present_entries import level_label
from fireinvest.web.rights import signed_in
from fireinvest.web.visiting import sent_at, today, who
from fireinvest.workflow.permissions import may_plan

blueprint = Blueprint("plan", __name__, url_prefix="/cases")

#: A longer query is none that the form sends.
LONGEST_ADDRESS = 8000

#: Past this place of the line a label stands before its mark.
_TURNS = 60


@dataclass(frozen=True, slots=True)
class PieceView:
    """A stretch of a line, in parts of a hundred."""

    kind: str
    at: float
    width: float


@dataclass(frozen=True, slots=True)
class MarkView:
    """A day marked on a line: where it lies, and on which side its label stands."""

    on: date
    at: float
    kind: str
    is_before: bool


@dataclass(frozen=True, slots=True)
class TrackView:
    """A clock as a line of the picture: how high it lies, its stretches and its marks."""

    track: Track
    view: ClockView
    top: int
    pieces: tuple[PieceView, ...]
    marks: tuple[MarkView, ...]
    who: tuple[Words, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """Clocks on one line of days, as they are drawn. ``today_at``: None where today is past it."""

    tracks: Tracks
    lines: tuple[TrackView, ...]
    months: tuple[tuple[Label, float], ...]
    today_at: float | None
    height: int


_TOP, _EACH, _FOOT = 26, 58, 22


@blueprint.get("/<number>/plan")
@signed_in
def show(number: str) -> ResponseReturnValue:
    """The latest safe start of each step before its clock, and the clocks from the fire on."""
    file = open_file(number)
    return render_template(
        "plan/page.html",
        **case_context(file),
        plans=plans_of(file),
        picture=_picture(file),
        may_plan=may_plan(who().actor, file.case, file.ref.number),
        calendar=file.calendar,
        printed_by=who().person.name,
    )


def _picture(file: CaseFile) -> Picture | None:
    tracks = tracks_of(file)
    if tracks is None:
        return None
    lines = tuple(
        TrackView(
            track,
            clock_view(file.ruleset, file.calendar, track.found, ()),
            _TOP + place * _EACH,
            tuple(_piece(tracks, each) for each in track.pieces),
            tuple(_marks(tracks, track)),
            tuple(file.ruleset.roles[role].label for step in track.approves for role in step.who),
        )
        for place, track in enumerate(tracks.lines)
    )
    is_on_line = tracks.from_on <= tracks.today <= tracks.to_on
    return Picture(
        tracks,
        lines,
        tuple((short_month(on), tracks.place(on)) for on in tracks.months),
        tracks.place(tracks.today) if is_on_line else None,
        _TOP + _EACH * len(lines) + _FOOT,
    )


def _piece(tracks: Tracks, each: Piece) -> PieceView:
    at = tracks.place(max(each.from_on, tracks.from_on))
    width = tracks.place(min(each.to_on, tracks.to_on)) - at
    return PieceView(each.kind.value.replace("_", "-"), at, round(max(width, 0.4), 2))


def _marks(tracks: Tracks, track: Track) -> Iterator[MarkView]:
    run = track.found.run
    due_on = track.found.due_on
    ended_on = run.satisfied_on or run.returned_on or run.handed_over_on
    for on, kind in ((due_on, "due"), (ended_on, "ended")):
        if on is not None:
            at = tracks.place(on)
            yield MarkView(on, at, kind, at > _TURNS)


# ---------------------------------------------------------------------------- what if


@dataclass(frozen=True, slots=True)
class ReadingField:
    """An unclear point with its answers, the one that holds, and the one that was chosen."""

    name: str
    question: Words
    basis: Citation
    options: tuple[tuple[str, Words], ...]
    in_force: str
    given: str


@dataclass(frozen=True, slots=True)
class ComparedView:
    """A line of the comparison: the clock as it is and as it would be, with its counted days."""

    line: Compared
    before: ClockView | None
    after: ClockView | None
    clock_page: str | None

    @property
    def is_changed(self) -> bool:
        """Does anything of it change?"""
        return self.line.change is not Change.SAME


@blueprint.get("/<number>/what-if")
@signed_in
def what_if(number: str) -> ResponseReturnValue:
    """A copy of the case under what the address assumes, beside the case; nothing is kept."""
    if len(request.query_string) > LONGEST_ADDRESS:
        abort(414)
    file = open_file(number)
    asked = read_whatif(file.case, request.args)
    problems = list(asked.problems)
    found = None
    if not problems and not asked.assumed.is_nothing:
        try:
            found = compare(
                file.case, file.deadlines, file.calendar, asked.assumed,
                now=sent_at(), today=today(),
            )  # fmt: skip
        except Faulty as faulty:
            problems.extend(faulty.problems)
    page = render_template(
        "plan/whatif.html",
        **case_context(file),
        asked=asked,
        at=_at(problems, asked),
        elsewhere=[each.text for each in problems if each.field not in _shown(file)],
        prolonged=prolonged_clocks(file.ruleset),
        readings=_readings(file, asked),
        receipt=last_receipt(file.case),
        window_ends_on=file.case.judgement.severity.window_ends_on,
        longest_notice=LONGEST_NOTICE,
        found=found,
        lines=list(_compared(file, found)) if found else [],
        levels=_levels(file, found) if found else (),
        heads=WEEKDAY_HEADS,
        printed_by=who().person.name,
    )
    return page, 400 if problems else 200


_FIELDS = (
    "deaths", "serious_injuries", "direct_economic_loss_yuan", "figures_on", "prolonged",
    "extension_days", "test_from", "test_days", "received_on", "notice", "off", "worked",
)  # fmt: skip


def _shown(file: CaseFile) -> set[str]:
    return {*_FIELDS, *(f"{READING}{each.id}" for each in open_readings(file.ruleset))}


def _at(problems: list[Problem], asked: WhatIfInput) -> Mapping[str, list[Words]]:
    found: dict[str, list[Words]] = {}
    for each in problems:
        found.setdefault(each.field, []).append(each.text)
    return found


def _readings(file: CaseFile, asked: WhatIfInput) -> list[ReadingField]:
    return [
        ReadingField(
            f"{READING}{each.id}",
            each.question,
            each.basis,
            tuple((option.id, option.label) for option in each.options),
            chosen_option(file.case, each),
            asked.text(f"{READING}{each.id}"),
        )
        for each in open_readings(file.ruleset)
    ]


def _compared(file: CaseFile, found: Comparison) -> Iterator[ComparedView]:
    number, ruleset = file.ref.number, file.ruleset
    for each in found.clocks:
        before = after = None
        if each.before is not None:
            before = clock_view(ruleset, file.calendar, each.before, ())
        if each.after is not None:
            after = clock_view(ruleset, found.calendar, each.after, ())
        page = None
        if each.before is not None:
            page = url_for(
                "clock.show",
                number=number,
                clock=each.before.clock.id,
                instance=each.before.run.instance,
            )
        yield ComparedView(each, before, after, page)


@dataclass(frozen=True, slots=True)
class LevelView:
    """A line about the case as a whole: what it says now, and what it would say."""

    label: Words
    before: Words
    after: Words

    @property
    def is_changed(self) -> bool:
        """Would it say something else?"""
        return self.before != self.after


def _levels(file: CaseFile, found: Comparison) -> tuple[LevelView, ...]:
    ruleset = file.ruleset
    levels: list[Words] = []
    governments: list[Words] = []
    for case in (found.before, found.after):
        severity, government = case.judgement.severity, case.judgement.government.value
        label = level_label(ruleset, severity.level.id)
        levels.append(Text("at least %(level)s", level=label) if severity.is_floor else label)
        governments.append(ruleset.tiers[government].label if government else "—")
    return (
        LevelView(ruleset.scale.label, levels[0], levels[1]),
        LevelView(Text("government by the rule"), governments[0], governments[1]),
    )
