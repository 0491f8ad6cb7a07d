"""Casualties, losses and talks with families: days, counts, and who is asked after still."""

from dataclasses import replace
from datetime import date

import pytest

from fireinvest.workflow.items.base import Item
from fireinvest.workflow.items.casualties import (
    Casualty,
    FamilyContact,
)

FIRE = date(2025, 5, 12)
DEAD = Casualty(
    name="某", outcome="dead", died_on=FIRE, cause="烟气", observed_on=FIRE, source="法医"
)
HURT = replace(DEAD, outcome="serious", died_on=None)


@pytest.mark.parametrize(
    ("item", "wrong"),
    [
        (DEAD, []),
        (HURT, []),
        (replace(DEAD, died_on=None), ["died_on"]),
        (replace(HURT, died_on=FIRE), ["died_on"]),
        (replace(DEAD, died_on=date(2025, 5, 11)), ["died_on"]),
        (replace(HURT, observed_on=date(2025, 5, 11)), ["observed_on"]),
        (replace(HURT, identity_no="1"), ["identity_no"]),
    ],
)
def test_what_does_not_fit_together_is_named(item: Item, wrong: list[str]) -> None:
    assert [each.field for each in item.problems(FIRE, FIRE)] == wrong


def test_a_death_without_a_cause_is_doubted() -> None:
    assert [each.field for each in replace(DEAD, cause=None).doubts()] == ["cause"]
    assert not list(DEAD.doubts())
    assert list(DEAD.keys()) == [("name", "某")]


@pytest.mark.parametrize(
    ("outcome", "on", "watched"),
    [
        ("serious", date(2025, 6, 10), True),
        ("serious", date(2025, 6, 11), True),
        ("serious", date(2025, 6, 12), False),
        ("missing", date(2025, 6, 11), True),
        ("dead", date(2025, 5, 13), False),
    ],
)
def test_who_was_hurt_is_asked_after_for_thirty_days(outcome: str, on: date, watched: bool) -> None:
    assert replace(HURT, outcome=outcome).is_watched(FIRE, on) is watched


@pytest.mark.parametrize(
    ("next_on", "followed", "due"),
    [
        (None, None, False),
        (FIRE, None, True),
        (FIRE, True, False),
        (date(2025, 5, 13), None, False),
    ],
)
def test_the_next_contact_is_due_on_its_day(
    next_on: date | None, followed: bool | None, due: bool
) -> None:
    contact = FamilyContact(next_on=next_on, is_followed=followed)
    assert contact.is_due(FIRE) is due
