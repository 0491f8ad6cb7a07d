"""The counts of a list day by day, and the figures that follow from it or are taken over."""

from dataclasses import replace
from datetime import date

import pytest

from fireinvest.workflow.actions import Figures
from fireinvest.workflow.case import Case
from fireinvest.workflow.casualty_counts import (
    Versions,
    counted_on,
    figures_after,
    figures_of,
    known_on,
    outcome_on,
)
from fireinvest.workflow.items.casualties import Casualty, Counted
from tests.workflow.stories import Story


def day(number: int) -> date:
    return date(2025, 5, number)


def person(outcome: str, on: int | None) -> Casualty:
    known = None if on is None else day(on)
    is_dead = outcome == "dead"
    return Casualty("某", outcome=outcome, died_on=known if is_dead else None, observed_on=known)


HURT, DIED = person("serious", 12), person("dead", 15)


@pytest.mark.parametrize(
    ("versions", "on", "outcome"),
    [
        ((HURT,), 11, None),
        ((HURT,), 12, "serious"),
        ((HURT, DIED), 14, "serious"),
        ((HURT, DIED), 15, "dead"),
        # The death was on another day, or there was none.
        ((DIED, person("dead", 16)), 15, None),
        ((DIED, person("light", 20)), 15, None),
        ((DIED, person("light", 20)), 20, "light"),
        ((person("missing", None),), 20, None),
    ],
)
def test_how_it_was_with_a_person_on_a_day(
    versions: Versions, on: int, outcome: str | None
) -> None:
    assert outcome_on(versions, day(on)) == outcome


def test_a_list_is_counted_as_it_was() -> None:
    people = [(HURT, DIED), (HURT,), (person("missing", 13),), (person("light", 12),)]
    assert counted_on(people, day(12)) == Counted(0, 2, 0)
    assert counted_on(people, day(13)) == Counted(0, 2, 1)
    assert counted_on(people, day(15)) == Counted(1, 1, 1)


def case_with(*figures: tuple[int, Figures], deaths: int | None = 0) -> Case:
    story = Story(deaths=deaths, serious_injuries=None)
    for on, payload in figures:
        story.tell("update_figures", f"2025-05-{on}", payload)
    return story.case


def told(actions: object) -> list[tuple[int, int | None, int | None, int | None]]:
    return [
        (each.on.day, each.payload.deaths, each.payload.serious_injuries, each.payload.missing)
        for each in actions  # type: ignore[attr-defined] # actions with figures
    ]


def test_the_figures_of_a_case_are_known_by_their_days() -> None:
    case = case_with((14, Figures(deaths=1)), (16, Figures(missing=2)), deaths=None)
    assert known_on(case, day(13)) == Counted(0, 0, 0)
    assert known_on(case, day(14)) == Counted(1, 0, 0)
    assert known_on(case, day(16)) == Counted(1, 0, 2)


def test_a_whole_list_gives_figures_for_each_of_its_days() -> None:
    dead = person("dead", 13)
    people = [(dead,), (dead,), (dead,), (person("light", 30),), (HURT, DIED)]
    assert told(figures_of(case_with(), people)) == [(12, 0, 1, 0), (13, 3, 1, 0), (15, 4, 0, 0)]
    # What was entered for a later day, by hand, is told anew as well; what fits is left.
    entered = case_with((14, Figures(deaths=1)), (25, Figures(deaths=2)), deaths=0)
    assert told(figures_of(entered, people)) == [
        (12, 0, 1, 0), (13, 3, 1, 0), (14, 3, 1, 0), (15, 4, 0, 0), (25, 4, 0, 0),
    ]  # fmt: skip
    fits = case_with((13, Figures(deaths=1)))
    assert told(figures_of(fits, [(dead,)])) == []
    assert told(figures_of(fits, [])) == []


def test_a_list_that_is_still_written_never_lowers_the_figures() -> None:
    case = case_with((12, Figures(deaths=5, serious_injuries=2)))
    first = (person("dead", 12),)
    assert told(figures_after(case, [first], [first])) == []
    nobody = (person("missing", None),)
    assert told(figures_after(case, [nobody], [nobody])) == []


def test_somebody_who_was_counted_moves_from_one_count_to_the_other() -> None:
    case = case_with((12, Figures(deaths=5, serious_injuries=2)), (20, Figures(deaths=5)))
    moved = (HURT, DIED)
    assert told(figures_after(case, [moved], [moved])) == [(15, 6, 1, 0), (20, 6, 1, 0)]
    light = (HURT, person("light", 14))
    assert told(figures_after(case, [light], [light])) == [(14, 5, 1, 0), (20, 5, 1, 0)]
    # Nobody is taken off a count that has none.
    none = case_with((12, Figures(deaths=5)))
    assert told(figures_after(none, [moved], [moved])) == [(15, 6, 0, 0)]


def test_a_list_with_as_many_people_as_the_figures_is_the_whole() -> None:
    case = case_with((12, Figures(deaths=1, serious_injuries=1)))
    people = [(person("dead", 12),), (HURT, DIED)]
    assert told(figures_after(case, people, [people[1]])) == [(15, 2, 0, 0)]
    more = [*people, (person("missing", 13),)]
    assert told(figures_after(case, more, [more[2]])) == [(13, 1, 1, 1), (15, 2, 0, 1)]
    assert replace(HURT, outcome="light").counts_from == day(12)
