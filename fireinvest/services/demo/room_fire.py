"""The demo's people and losses: the unit of the fire, those who were hurt, and what was lost."""

from collections.abc import Iterator

from fireinvest.services.demo.papers import Papers
from fireinvest.services.demo.story import Story
from fireinvest.workflow.items.base import Item
from fireinvest.workflow.items.casualties import Casualty, Loss
from fireinvest.workflow.items.people import Party

_FEN = 100


def papers(story: Story) -> Iterator[Papers]:
    """Yield the parties, and as many casualties as the case was opened with."""
    # The case may have been opened after midnight only.
    facts, on = story.facts, story.day(1)
    items: list[tuple[str, Item]] = [
        ("parties", Party(name=story.fire.unit, sort="unit", role="fire_unit",
                          represented_by="负责人甲（演示）", phone="0874-5550001",
                          address=story.fire.address)),
        ("parties", Party(name="产权人乙（演示）", sort="person", role="owner", phone="13800000002")),
    ]  # fmt: skip
    for number in range(1, (facts.deaths or 0) + 1):
        dead = Casualty(
            name=f"遇难者{number}（演示）", outcome="dead", died_on=story.fire_on, cause="吸入有毒烟气",
            observed_on=on, source="公安机关法医鉴定",
        )  # fmt: skip
        items.append(("casualties", dead))
    for number in range(1, min(facts.serious_injuries or 0, 3) + 1):
        hurt = Casualty(
            name=f"伤员{number}（演示）", outcome="serious", hospital="市第一医院", observed_on=on,
            source="医院诊断证明",
        )  # fmt: skip
        items.append(("casualties", hurt))
    loss = facts.direct_property_loss or facts.direct_economic_loss
    if loss:
        declared = Loss(
            what="设施和货物", party=(1,), kind="property", stage="declared",
            amount=loss - loss % _FEN, by=story.fire.unit, on=on,
        )  # fmt: skip
        items.append(("losses", declared))
    yield Papers(story.officer, on, tuple(items))
