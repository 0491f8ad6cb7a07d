"""What a page shows of an assessment: the level as bars, the clocks as cards, and what is open."""

from dataclasses import dataclass
from datetime import date

from fireinvest.messages import Words
from fireinvest.regulation.calendar import Calendar
from fireinvest.services.assessing import Assessment
from fireinvest.web.gaps import Gap, gaps_of
from fireinvest.web.present import (
    ClockView,
    ComingClock,
    CriterionBar,
    clock_view,
    coming_clocks,
    criterion_bars,
)
from fireinvest.workflow.deadlines import calendar_of


@dataclass(frozen=True)
class Result:
    """What the page shows beside the form."""

    found: Assessment
    bars: list[CriterionBar]
    clocks: list[ClockView]
    coming: list[ComingClock]
    place: Words | None
    gaps: list[Gap]
    announced_until: date


def result_of(found: Assessment, calendar: Calendar) -> Result:
    """Return an assessment as a page shows it."""
    calendar = calendar_of(found.case, calendar)
    clocks = [
        clock_view(found.ruleset, calendar, each, others)
        for each, others in zip(found.deadlines, found.alternatives, strict=True)
    ]
    return Result(
        found=found,
        bars=criterion_bars(found.ruleset.scale, found.case.judgement.severity.criteria),
        clocks=clocks,
        coming=coming_clocks(found.ruleset, found.case, {d.clock.id for d in found.deadlines}),
        place=found.case.division.label if found.case.division else None,
        gaps=gaps_of(found.ruleset, found.missing),
        announced_until=calendar.announced_until,
    )
