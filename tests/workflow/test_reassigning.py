"""A case goes from one carrier to another: who may, whom it may go to, and what stays on record."""

from datetime import date
from typing import Any

import pytest

from fireinvest.messages import Faulty
from fireinvest.regulation.profile import Mode
from fireinvest.workflow.actions import Correcting, Merging, Payload, Reassigning, Voiding
from fireinvest.workflow.case import Carrying, Case, fold, retold
from fireinvest.workflow.engine import Action, Outcome, apply
from fireinvest.workflow.errors import Invalid, NotAllowed, Refused
from fireinvest.workflow.permissions import (
    Actor,
    Grant,
    may_reassign,
    reassigning_tiers,
    roles_of,
    with_predecessors,
)
from tests.regulation.law import day
from tests.workflow.stories import (
    CALENDAR,
    CASE_ID,
    CITY,
    OTHER_COUNTY,
    THE_SYSTEM,
    Story,
    faults,
    holder,
)


class Carried(Story):
    """A fire whose case was given to the officer when it was opened."""

    @property
    def case(self) -> Case:
        return fold(self.ruleset, self.division, self.entries, carrier="officer")

    def give(self, to: str, on: str = "2025-05-20", **more: Any) -> Outcome:
        return self.take("reassign", on, Reassigning(to), reason="Left.", **more)


def refusal(story: Story, payload: Payload, step: str = "reassign", **more: Any) -> list[str]:
    with pytest.raises(Faulty) as refused:
        story.take(step, "2025-05-20", payload, reason="Left.", **more)
    return faults(refused.value)


def test_the_last_of_the_carriers_carries_the_case() -> None:
    story = Carried()
    assert story.case.carrier == Carrying("officer", date(2025, 5, 12), 1)
    story.take("request_team", "2025-05-13")
    assert story.give("wang").case.carrier == Carrying("wang", date(2025, 5, 20), 3)
    story.give("li", "2025-05-20")
    assert [each.person for each in story.case.carriers] == ["officer", "wang", "li"]


def test_a_journal_that_names_no_carrier_can_still_be_given_one() -> None:
    story = Story()
    assert story.case.carrier is None
    outcome = story.take("reassign", "2025-05-13", Reassigning("wang"), reason="Left.")
    assert outcome.case.carriers == (Carrying("wang", date(2025, 5, 13), 2),)
    assert retold(outcome.case, outcome.case.journal).carriers == outcome.case.carriers


HEAD, CITYS_HEAD = holder("agency_head"), holder("agency_head", division=CITY, tier="city")


@pytest.mark.parametrize(
    ("actor", "inside", "outside"),
    [
        (THE_SYSTEM, True, True),
        (Actor("officer", (Grant("carrier", CASE_ID),)), True, True),
        (Actor("sun", (Grant("carrier", "case-2"),)), False, False),
        (HEAD, True, True),
        (holder("agency_head", division=OTHER_COUNTY), False, False),
        (CITYS_HEAD, False, True),
        (holder("agency_head", division=CITY), True, True),
        *((holder(role), False, False) for role in ("leader", "member", "archivist")),
        (holder("government_signer"), False, False),
        (Actor("stranger"), False, False),
    ],
)
def test_who_may_give_a_case_to_another(actor: Actor, inside: bool, outside: bool) -> None:
    small: dict[str, Any] = {"deaths": 0, "serious_injuries": 0, "direct_economic_loss": 0}
    for story, may in ((Carried(), inside), (Carried(**small, social_impact=False), outside)):
        assert may_reassign(actor, story.case, CASE_ID) is may
        if may:
            story.give("wang", actor=actor)
            continue
        with pytest.raises(NotAllowed):
            story.give("wang", actor=actor)


def test_where_nobody_investigates_every_government_of_the_place_may() -> None:
    assert reassigning_tiers(Carried().case) == {"county"}
    assisting = Carried(deaths=12)
    assert assisting.case.mode is Mode.ASSIST
    assert reassigning_tiers(assisting.case) == set(assisting.ruleset.tiers)


def test_the_old_carrier_has_no_right_left_even_with_a_grant_read_before() -> None:
    story = Carried()
    old = Actor("officer", (Grant("carrier", CASE_ID),))
    new = Actor("wang", (Grant("carrier", CASE_ID),))
    assert roles_of(old, story.case, CASE_ID) == {"carrier"}
    story.give("wang")
    assert roles_of(old, story.case, CASE_ID) == set()
    assert roles_of(new, story.case, CASE_ID) == {"carrier"}
    story.give("officer", "2025-05-21")
    assert roles_of(old, story.case, CASE_ID) == {"carrier"}


def test_whom_it_can_not_go_to() -> None:
    assert refusal(Carried(), Reassigning("officer")) == [
        "carrier: This person carries the case already."
    ]
    story = Carried()
    story.take("establish_team", "2025-05-14", person="leader", reason="Urgent.")
    for person in ("wang", "li"):
        story.take("declare_recusal", "2025-05-15", person=person)
    assert refusal(story, Reassigning("wang")) == [
        "carrier: A ground for recusal of this person is on record, and not decided yet."
    ]
    story.take("decide_recusal", "2025-05-16", person="wang", outcome="granted")
    assert refusal(story, Reassigning("wang")) == [
        "carrier: This person was recused from the case."
    ]
    story.take("decide_recusal", "2025-05-16", person="li", outcome="refused")
    story.give("li")


@pytest.mark.parametrize(
    ("on", "today", "why"),
    [
        ("2025-05-20", "2025-05-20", None),
        ("2025-05-21", "2025-05-21", None),
        ("2025-05-19", "2025-05-21", "on: It can't lie before 2025-05-20."),
        ("2025-05-22", "2025-05-21", "on: The day lies in the future."),
    ],
)
def test_one_carries_it_after_another(on: str, today: str, why: str | None) -> None:
    story = Carried()
    story.give("wang")
    if why is None:
        story.give("li", on, today=today)
        return
    with pytest.raises(Invalid) as refused:
        story.give("li", on, today=today)
    assert faults(refused.value) == [why]


def test_a_reason_is_needed() -> None:
    with pytest.raises(Invalid) as refused:
        Carried().take("reassign", "2025-05-20", Reassigning("wang"))
    assert faults(refused.value) == ["reason: This is needed."]


def test_it_is_neither_voided_nor_corrected_but_done_again() -> None:
    story = Carried()
    story.give("wang", "2025-05-13")
    words = "target: A reassignment is neither voided nor corrected; reassign the case again."
    anew = Correcting(2, Merging("case-2"), day("2025-05-13"))
    assert refusal(story, Voiding(2), "void", actor=HEAD) == [words]
    assert refusal(story, anew, "correct", actor=HEAD) == [words]


def test_a_case_that_goes_on_in_another_keeps_its_carrier() -> None:
    story = Carried()
    story.take("merge", "2025-05-14", Merging("case-2"), actor=HEAD, reason="One fire.")
    with pytest.raises(Refused):
        story.give("wang")


def test_correcting_another_entry_leaves_the_carriers_as_they_are() -> None:
    story = Carried()
    story.take("request_team", "2025-05-13")
    story.give("wang")
    outcome = apply(
        story.case, HEAD, Action("void", Voiding(2), day("2025-05-21"), reason="Wrong."),
        calendar=CALENDAR, now=story.entries[-1].recorded_at, today=day("2025-05-21"),
        case_id=CASE_ID,
    )  # fmt: skip
    assert [each.person for each in outcome.case.carriers] == ["officer", "wang"]


def test_posts_hold_where_a_place_took_over_from_others() -> None:
    before = {"s": ("p", "q")}
    grants = (
        Grant("agency_head", division="s", tier="county"),
        Grant("carrier", CASE_ID),
        Grant("agency_head", division="q", tier="county"),
    )
    assert with_predecessors(grants, lambda place: before.get(place, ())) == (
        *grants,
        Grant("agency_head", division="p", tier="county"),
    )
