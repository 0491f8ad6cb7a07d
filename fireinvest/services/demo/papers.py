"""What somebody writes into the registers of a demo case on a day."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from fireinvest.workflow.items.base import Item


@dataclass(frozen=True, slots=True)
class Papers:
    """New items that somebody writes into the registers of a case on a day, all at once.

    Items of a register get their numbers in the order in which all parts tell of them.
    ``changed``: items that get a new version: register, number, the version seen, and how they are
    then. ``files``: of which of them (by place, new ones first), name, and how it is made.
    ``needs_files``: without its files it says nothing, and is left out.
    """

    by: str
    on: date
    items: tuple[tuple[str, Item], ...]
    changed: tuple[tuple[str, int, int, Item], ...] = ()
    files: tuple[tuple[int, str, Callable[[], bytes]], ...] = ()
    needs_files: bool = False
