"""What stands in the registers of the demo's cases: each part tells what somebody wrote on a day."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

from fireinvest.services.demo.story import Story
from fireinvest.workflow.items.base import Item


@dataclass(frozen=True, slots=True)
class Papers:
    """New items that somebody writes into the registers of a case on a day, all at once.

    Items of a register get their numbers in the order in which all parts tell of them.
    """

    by: str
    on: date
    items: tuple[tuple[str, Item], ...]


#: The parts, in their order: of one case, what was written into its registers.
PARTS: tuple[tuple[str, Callable[[Story], Iterator[Papers]]], ...] = ()


def papers_of(story: Story) -> Iterator[tuple[str, Papers]]:
    """Yield what was written in a case up to the demo's day, each under a key of its own."""
    for name, part in PARTS:
        for number, each in enumerate(part(story), 1):
            if each.on <= story.today:
                yield f"{name}-{number}", each
