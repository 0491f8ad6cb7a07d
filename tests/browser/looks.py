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
    for width in widths:
        page.set_viewport_size({"width": width, "height": 900})
        if page.evaluate("document.documentElement.scrollWidth") > width:
            return False
    return True
