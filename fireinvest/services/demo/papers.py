"""What somebody writes into the registers of a demo case on a day."""

from dataclasses import dataclass
from datetime import date

from fireinvest.workflow.items.base import Item


@dataclass(frozen=True, slots=True)
class Papers:
    """New items that somebody writes into the registers of a case on a day, all at once.

    Items of a register get their numbers in the order in which all parts tell of them.
    """

    by: str
    on: date
    items: tuple[tuple[str, Item], ...]
