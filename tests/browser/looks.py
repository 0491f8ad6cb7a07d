"""What tests ask of any page: which case is meant, and does it fit the screen?"""

import re

from playwright.sync_api import Page

#: The numbers of the demo's cases by their units, as far as they were asked for: every loading of
#: the demo data on one day gives the same.
_NUMBERS: dict[str, str] = {}


def number_of(page: Page, unit: str) -> str:
    """The number of a unit's case, looked up once in the list of cases."""
    if unit not in _NUMBERS:
        page.goto(f"/cases?text={unit}")
        found = re.search(r"5303-\d{4}-\d{4}", page.locator("main").inner_text())
        assert found is not None
        _NUMBERS[unit] = found[0]
    return _NUMBERS[unit]


def fits(page: Page, *widths: int) -> bool:
    """Does the page need no scrolling sideways at these widths?"""
    return all(excess(page, width=width) <= 0 for width in widths)


def excess(page: Page, *, width: int | None = None) -> int:
    """By how many pixels is the page wider than the screen, once all of it has come?"""
    if width is not None:
        page.set_viewport_size({"width": width, "height": 900})
    # A page can be asked before its stylesheets are there, and then has no shape yet.
    page.wait_for_load_state()
    found = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert isinstance(found, int)
    return found
