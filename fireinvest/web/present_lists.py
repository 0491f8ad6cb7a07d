"""Words that lists share: for lights, levels, stages, clocks and places, from codes alone.

The cases of a list are pinned to many rulesets. What they are called comes from the one in force
at home today; what it doesn't have is called by its code.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from fireinvest.messages import Problem, Text, Words
from fireinvest.regulation.basis import Citation
from fireinvest.regulation.calendar import LAST_DAY, Calendar
from fireinvest.regulation.clocks import Light
from fireinvest.regulation.days import Unit
from fireinvest.regulation.profile import Division, Mode, Ruleset
from fireinvest.services.cases import Scope, Standing
from fireinvest.web import law
from fireinvest.web.forms.lists import Choice
from fireinvest.web.visiting import today, who

LIGHTS: Mapping[Light, Text] = {
    Light.OVERDUE: Text("Overdue"),
    Light.RED: Text("Red"),
    Light.YELLOW: Text("Yellow"),
    Light.GREEN: Text("Green"),
    Light.DONE: Text("No clock is running"),
}

STANDINGS: Mapping[Standing, Text] = {
    Standing.OPEN: Text("Still open"),
    Standing.ENDED: Text("Ended"),
}

#: What happens with a fire here, in as few words as a column has room for.
SHORT_MODES: Mapping[str, Text] = {
    Mode.INVESTIGATE.value: Text("Investigated here"),
    Mode.ASSIST.value: Text("Assisting"),
    Mode.OTHER_REGIME.value: Text("Other law prevails"),
    Mode.OUT_OF_SCOPE.value: Text("Outside the rule"),
}


@dataclass(frozen=True)
class ListWords:
    """How codes are called under one ruleset, and where the known places lie."""

    ruleset: Ruleset
    divisions: Mapping[str, Division]

    @cached_property
    def _levels(self) -> dict[str, tuple[int, Words]]:
        levels = self.ruleset.scale.levels
        return {each.id: (place, each.label) for place, each in enumerate(levels)}

    def level(self, code: str) -> Words:
        """Return how a level is called."""
        return self._levels[code][1] if code in self._levels else code

    def level_place(self, code: str) -> int:
        """Return the place of a level on the scale, from 0, for its colour."""
        return self._levels[code][0] if code in self._levels else 0

    def step(self, code: str) -> Words:
        """Return how a step is called."""
        found = self.ruleset.steps.get(code)
        return found.label if found else code

    def stage(self, code: str) -> Words:
        """Return how a stage is called."""
        found = self.ruleset.stages.get(code)
        return found.label if found else code

    def government(self, code: str) -> Words:
        """Return how the government of a tier is called."""
        found = self.ruleset.tiers.get(code)
        return found.label if found else code

    def category(self, code: str) -> Words:
        """Return how a kind of fire is called."""
        found = self.ruleset.categories.get(code)
        return found.label if found else code

    def place(self, code: str | None) -> Words | None:
        """Return how a county, zone or city is called."""
        found = self.divisions.get(code or "")
        return found.label if found else code

    def clock(self, code: str) -> Words:
        """Return how a clock is called."""
        found = self.ruleset.clocks.get(code)
        return found.label if found else code

    def article(self, clock: str) -> Citation | None:
        """Return the passage on which a clock rests."""
        found = self.ruleset.clocks.get(clock)
        return found.basis if found else None

    def working_days_left(
        self, calendar: Calendar, clock: str, today: date, due_on: date
    ) -> int | None:
        """Return the working days up to a clock's due day, None where it doesn't count in them.

        A list doesn't know which of a clock's terms governs: all of them have to count so.
        """
        units = {each.length.unit for each in self.ruleset.terms_of_clock.get(clock, ())}
        if units != {Unit.WORKING_DAYS} or due_on < today:
            return None
        return calendar.working_days_between(today, due_on)

    def levels(self) -> list[Choice]:
        """Return the levels as choices."""
        return [Choice(code, words) for code, (_, words) in self._levels.items()]

    def places_of(self, scope: Scope) -> Iterator[Choice]:
        """Yield the places of which somebody may see cases, a city before its own."""
        for each in sorted(self.divisions.values(), key=_by_city):
            is_within = each.code in scope.divisions or each.parent in scope.divisions
            if not (scope.everything or is_within) or not each.exists_on(today()):
                continue
            whole = Text("%(city)s, all of it", city=each.label)
            yield Choice(each.code, whole if each.parent is None else each.label)


def _by_city(each: Division) -> tuple[str, bool, bool, str]:
    return each.parent or each.code, each.parent is not None, not each.is_government, each.code


def list_words() -> ListWords:
    """Return the words of the law in force at home today."""
    known = law.law()
    on = min(today(), LAST_DAY)
    return ListWords(known.in_force(law.home_division(), on), known.divisions)


@dataclass(frozen=True, slots=True)
class Told:
    """What is wrong with an address, by field, and what has no field to stand beside."""

    at: Mapping[str, tuple[Words, ...]]
    elsewhere: tuple[tuple[str, Words], ...]

    def __bool__(self) -> bool:
        """Is anything wrong?"""
        return bool(self.at or self.elsewhere)


def told(problems: Iterable[Problem], fields: Collection[str]) -> Told:
    """Put each problem beside its field, if the form shows one."""
    at: dict[str, tuple[Words, ...]] = {}
    elsewhere = []
    for each in problems:
        if each.field in fields:
            at[each.field] = (*at.get(each.field, ()), each.text)
        else:
            elsewhere.append((each.field, each.text))
    return Told(at, tuple(elsewhere))


def choices(words: Mapping[Any, Words]) -> list[Choice]:
    """Return a mapping from codes to words as the choices of a field."""
    return [Choice(str(code), each) for code, each in words.items()]


def own_login() -> str:
    """Return whose cases are "mine": those of whom somebody acts for, else their own."""
    found = who()
    return (found.acting_for or found.person).login
