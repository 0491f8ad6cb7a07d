"""What may stand in the address of a what-if: figures, days, a notice, other readings."""

from collections.abc import Mapping
from dataclasses import dataclass

from werkzeug.datastructures import MultiDict

from fireinvest.messages import Faulty, Problem, Text
from fireinvest.regulation.calendar import Notice
from fireinvest.regulation.facts import Given
from fireinvest.regulation.profile import Reading
from fireinvest.services.whatif import (
    LONGEST_EXTENSION,
    LONGEST_NOTICE,
    LONGEST_TEST,
    Assumed,
    chosen_option,
    open_readings,
    prolonged_clocks,
    read_notice_text,
)
from fireinvest.workflow.actions import Figures
from fireinvest.workflow.case import Case

_COUNTS = ("deaths", "serious_injuries")
_LOSS = "direct_economic_loss_yuan"
_DAYS = ("figures_on", "test_from", "received_on", "off", "worked")
_FIELDS = (*_COUNTS, _LOSS, *_DAYS, "prolonged", "extension_days", "test_days", "notice")
#: Before the id of an unclear point in the name of its field.
READING = "reading-"
_LONGEST = 40


@dataclass(frozen=True)
class WhatIfInput:
    """What was asked, as typed, so that nothing of it is lost when it can't be read."""

    values: Mapping[str, str]
    problems: tuple[Problem, ...]
    assumed: Assumed

    def text(self, name: str) -> str:
        """Return what stands in a field."""
        return self.values.get(name, "")

    @property
    def address(self) -> dict[str, str]:
        """What the shortest address says that asks the same."""
        return {name: value for name, value in self.values.items() if value}


def read_whatif(case: Case, args: MultiDict[str, str]) -> WhatIfInput:
    """Return what an address assumes of a case; shape only, each problem with its field."""
    readings = open_readings(case.ruleset)
    known = {*_FIELDS, *(f"{READING}{each.id}" for each in readings), "lang"}
    problems: list[Problem] = []
    values: dict[str, str] = {}
    for name, given in args.lists():
        if name not in known:
            problems.append(Problem(name[:_LONGEST], Text("This field is not known.")))
        elif len(given) > 1:
            problems.append(Problem(name, Text("This field is given twice.")))
        if name in known and name != "lang":
            values[name] = given[0].strip()
    assumed = _assumed(case, readings, values, problems)
    return WhatIfInput(values, tuple(problems), assumed)


def _assumed(
    case: Case,
    readings: tuple[Reading, ...],
    values: Mapping[str, str],
    problems: list[Problem],
) -> Assumed:
    given = Given({name: values.get(name, "") for name in _FIELDS}, problems)
    deaths, injuries = (given.count(name) for name in _COUNTS)
    figures = Figures(
        deaths=deaths, serious_injuries=injuries, direct_economic_loss=given.fen(_LOSS)
    )
    days = {name: given.day(name) for name in _DAYS}
    clocks = prolonged_clocks(case.ruleset)
    chosen = {each.id: values.get(f"{READING}{each.id}", "") for each in readings}
    return Assumed(
        figures=None if figures == Figures() else figures,
        figures_on=days["figures_on"],
        prolonged=given.text("prolonged") or next((each.id for each in clocks), None),
        extension_days=given.count("extension_days", LONGEST_EXTENSION),
        test_from=days["test_from"],
        test_days=given.count("test_days", LONGEST_TEST),
        received_on=days["received_on"],
        notice=_notice(values.get("notice", ""), problems),
        off=days["off"],
        worked=days["worked"],
        readings={
            each.id: chosen[each.id]
            for each in readings
            if chosen[each.id] and chosen[each.id] != chosen_option(case, each)
        },
    )


def _notice(written: str, problems: list[Problem]) -> Notice | None:
    if not written:
        return None
    if len(written) > LONGEST_NOTICE:
        text = Text("A text of at most %(most)s characters is needed.", most=LONGEST_NOTICE)
        problems.append(Problem("notice", text))
        return None
    try:
        return read_notice_text(written)
    except Faulty as faulty:
        problems.extend(faulty.problems)
        return None
