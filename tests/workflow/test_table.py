"""Every stage, step and role against the table written out by hand."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import pytest

from fireinvest.regulation.rungs import ABOVE
from fireinvest.workflow.actions import HandingOver
from fireinvest.workflow.engine import available
from fireinvest.workflow.permissions import Actor
from tests.regulation.law import law_of
from tests.workflow.expected_table import ROLES, TABLE, Row
from tests.workflow.stories import (
    CASE_ID,
    CITY,
    MODES,
    PROCEDURE,
    STAGES,
    STRANGER,
    Story,
    holder,
)


@dataclass
class Situation:
    """A case that is really there, and what a reader of its journal knows about it."""

    name: str
    story: Story
    mode: str
    stage: str
    done: set[str]
    holds: set[str]


def walk() -> Iterator[Situation]:
    """The situation after every step of a whole procedure."""
    story = Story()
    done: set[str] = set()
    holds = {"idle", "first"}
    yield Situation("team, at the opening", Story(), "I", "team", set(), set(holds))
    for stage in STAGES:
        for step, on, said in PROCEDURE[stage]:
            story.take(step, on, reason="As it went.", **said)
            done.add(step)
            if step == "submit_report":
                holds = holds - {"idle"} | {"open", "awaits"}
            elif step == "receive_report":
                holds = holds - {"awaits"}
            elif step == "return_report":
                holds = holds - {"open"} | {"idle"}
            elif step == "reply":
                holds = holds - {"open", "first"} | {"idle"}
            name = f"{stage}, after {step} {said.get('item', '')}".strip()
            yield Situation(name, story.only(story.entries), "I", stage, set(done), set(holds))


def aside() -> Iterator[Situation]:
    """Cases that the local government doesn't investigate."""
    idle = {"idle", "first"}
    assisting = Story(deaths=12)
    yield Situation("assisting from the outset", assisting, "A", "team", set(), idle)
    task = Story(deaths=12)
    task.take("assist_task", "2025-05-13", ref="A1", due_on=date(2025, 6, 1))
    yield Situation("assisting, with a task", task, "A", "team", {"assist_task"}, idle)
    replied = Story(deaths=12)
    replied.take("superior_reply", "2025-09-01")
    yield Situation(
        "assisting, after the reply", replied, "A", "execution", {"superior_reply"}, idle
    )
    measured = replied.only(replied.entries)
    measured.take("set_measure", "2025-09-02", ref="M1", due_on=date(2026, 1, 1))
    done = {"superior_reply", "set_measure"}
    yield Situation("assisting, with a measure", measured, "A", "execution", done, idle)
    outside = Story(deaths=0, serious_injuries=0, direct_economic_loss=0, social_impact=False)
    yield Situation("out of scope", outside, "O", "team", set(), idle)
    yield Situation(
        "forest", Story(deaths=1, category="forest_grassland"), "X", "team", set(), idle
    )


SITUATIONS = [*walk(), *aside()]


def is_expected(row: Row, situation: Situation, role: str) -> bool:
    now = STAGES.index(situation.stage)
    if role.startswith(ABOVE) and situation.mode == "A":
        role = role.removeprefix(ABOVE)  # Where a superior investigates, all below assist alike.
    return (
        role in row.who
        and situation.mode in row.modes
        and STAGES.index(row.stage) - 1 <= now <= STAGES.index(row.through)
        and row.requires <= situation.done
        and row.holds <= situation.holds
    )


def holding(role: str) -> Actor:
    """Somebody with this post: of the government above, its people there."""
    if role.startswith(ABOVE):
        return holder(role.removeprefix(ABOVE), division=CITY, tier="city")
    return holder(role)


def test_the_table_has_every_step_of_the_profile_and_no_other() -> None:
    assert set(TABLE) == set(law_of().steps)


@pytest.mark.parametrize("row", TABLE.values(), ids=TABLE)
def test_article_modes_and_need_are_those_of_the_articles(row: Row) -> None:
    step = law_of().steps[row.step]
    assert str(step.basis) == row.article
    assert step.need == row.need
    assert set(step.modes) == {MODES[each] for each in row.modes}


def test_the_procedure_visits_every_stage() -> None:
    assert [s.story.case.stage for s in SITUATIONS] == [s.stage for s in SITUATIONS]
    assert {s.story.case.mode for s in SITUATIONS} == set(MODES.values())


@pytest.mark.parametrize("situation", SITUATIONS, ids=[each.name for each in SITUATIONS])
def test_each_role_may_take_in_each_stage_what_the_articles_say(situation: Situation) -> None:
    case = situation.story.case
    wrong = []
    for role in ROLES.values():
        for each in available(case, holding(role), CASE_ID):
            expected = is_expected(TABLE[each.step.id], situation, role)
            if each.is_possible is not expected:
                reasons = [str(reason.text) for reason in each.reasons]
                wrong.append(f"{role}: {each.step.id} should be {expected}, {reasons}")
    assert wrong == []


@pytest.mark.parametrize("situation", SITUATIONS, ids=[each.name for each in SITUATIONS])
def test_a_stranger_may_take_nothing_and_always_hears_why(situation: Situation) -> None:
    for each in available(situation.story.case, STRANGER, CASE_ID):
        assert not each.is_possible
        assert each.reasons
        assert each.late_until is None


def test_after_the_hand_over_the_city_has_the_posts_and_the_county_none() -> None:
    story = Story(deaths=2)
    story.tell("update_figures", "2025-05-14", deaths=3)
    story.tell("hand_over", "2025-05-16", HandingOver("city"))
    city = holder("agency_head", division=CITY, tier="city")
    assert story.can("request_team", city)
    assert not story.can("request_team", holder("agency_head"))
