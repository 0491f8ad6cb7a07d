"""Who receives a reply and its copies (arts 25, 26): each by themselves, as they follow from a case."""

from dataclasses import replace
from typing import Any

from fireinvest.messages import render
from fireinvest.regulation.profile import Item
from fireinvest.workflow.case import Case
from fireinvest.workflow.recipients import recipients_of
from tests.workflow.stories import CITY, ZONE, Story


def told(case: Case, register: str) -> list[tuple[str, str]]:
    return [(each.item.id, each.code) for each in recipients_of(case, register)]


def without(case: Case, *lists: str) -> Case:
    kept = {name: each for name, each in case.ruleset.lists.items() if name not in lists}
    return replace(case, ruleset=replace(case.ruleset, lists=kept))


def test_the_lead_and_each_organ_get_the_reply() -> None:
    case = Story().case
    organs = [("judicial", "procuratorate"), ("judicial", "court")]
    lead, line = ("lead", "fire_rescue"), ("discipline", "discipline")
    assert told(case, "deliveries") == [lead, line, *organs]
    joint = Story(deaths=1, category="work_safety").case
    assert told(joint, "deliveries")[:2] == [("lead", "emergency_management"), lead]
    # What can't be told apart further stands for itself.
    plain = without(case, "judicial_organs")
    assert told(plain, "deliveries") == [lead, line, ("judicial", "judicial")]
    assert told(without(case, "delivery_recipients"), "deliveries") == []
    kept = {name: each for name, each in case.ruleset.steps.items() if name != "deliver_reply"}
    assert told(replace(case, ruleset=replace(case.ruleset, steps=kept)), "deliveries") == []


def test_a_line_that_the_facts_rule_out_gets_nothing() -> None:
    case = Story().case
    listing = case.ruleset.lists["delivery_recipients"]
    union = next(
        each for each in case.ruleset.lists["team_bodies"].items if each.id == "trade_union"
    )
    items: tuple[Item, ...] = (*listing.items[:1], replace(listing.items[1], when=union.when))
    lists = {**case.ruleset.lists, "delivery_recipients": replace(listing, items=items)}
    changed = replace(case, ruleset=replace(case.ruleset, lists=lists))
    assert told(changed, "deliveries") == [("lead", "fire_rescue")]


def test_bodies_that_took_part_and_the_lower_government_get_copies() -> None:
    def story(**facts: Any) -> Case:
        found = Story(**facts)
        found.tell("establish_team", "2025-05-13", person="zhao")
        found.tell("join_team", "2025-05-13", person="qian", item="fire_rescue")
        for person, agency in (("sun", "某县公安局"), ("li", "某县公安局"), ("zhou", None)):
            found.tell("join_team", "2025-05-13", person=person, agency=agency, item="police")
        return found.case

    took_part = [("participants", "police/某县公安局"), ("participants", "police")]
    # A county's own investigation has no government below it in the list of divisions.
    own = story(deaths=1)
    assert told(own, "copies") == [*took_part, ("lower_governments", "lower_governments")]
    names = [render(each.name, "en") for each in recipients_of(own, "copies")]
    assert names[:2] == ["某县公安局", "police"]
    assert told(story(deaths=4), "copies")[-1] == ("lower_governments", "530325")
    city = Story(place=CITY, deaths=4).case
    for case in (city, Story(place=ZONE, deaths=4).case, replace(city, division=None)):
        assert told(case, "copies") == [
            ("participants", "participants"), ("lower_governments", "lower_governments"),
        ]  # fmt: skip
    nobody = Story(deaths=0, social_impact=False).case
    assert told(nobody, "copies")[-1] == ("lower_governments", "lower_governments")
    assert told(without(own, "team_bodies"), "copies")[0] == ("participants", "participants")
