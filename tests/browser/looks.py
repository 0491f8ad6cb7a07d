"""What tests ask of any page: which case is meant, does it fit the screen, can everybody use it?"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from axe_playwright_python.sync_playwright import Axe, AxeResults
from playwright.sync_api import Page, Route

#: The widths of a telephone and of a desk's screen.
PHONE, WIDE = 360, 1440

#: The numbers of the demo's cases by their units, as far as they were asked for: every loading of
#: the demo data on one day gives the same.
_NUMBERS: dict[str, str] = {}

_AXE = Axe()
# It looks at the page from inside; the browser lets it in past the policy. What was found in order
# isn't carried out of the page, and no sheet of styles is loaded once more: that is done for rules
# about films with sound and about turned screens, of which the former have no subject here, and the
# latter are not run unless they are asked for.
_RUN = """async (colours) => {
    const rules = {"color-contrast": {enabled: colours}};
    const found = await axe.run({resultTypes: ["violations"], preload: false, rules});
    return {violations: found.violations};
}"""


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


def unfold(page: Page) -> None:
    """Open all that can be opened on the page."""
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")


def barriers(page: Page, *, colours: bool = True) -> str:
    """What of the page, as it is now, is out of somebody's reach; empty where nothing is.

    Whether letters stand out from their ground is half of the work, and comes from the styles: they
    are the same in both languages. Who looks at a page again may leave ``colours`` aside.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(_AXE.axe_script)
    found = AxeResults(page.evaluate(_RUN, colours))
    return str(found.generate_report()) if found.violations_count else ""


def is_sound(page: Page, *widths: int, what: str = "", colours: bool = True) -> None:
    """The page fits these widths (none: the one it has), and at each is in everybody's reach.

    Its colours are looked at where most is to be seen: at the first of the widths.
    """
    for place, width in enumerate(widths or (None,)):
        assert excess(page, width=width) <= 0, (what or page.url, width)
        found = barriers(page, colours=colours and not place)
        assert not found, f"{what or page.url} at {width}\n{found}"


@contextmanager
def late(page: Page, script: str) -> Iterator[None]:
    """While the block runs a script is still on its way, as for somebody quick on a slow line.

    The block goes to the page without waiting for all of it: ``wait_until="commit"``.
    """
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(f"**/static/{script}", hold)
    yield
    while not held:
        page.wait_for_timeout(20)
    for each in held:
        each.continue_()
    page.unroute(f"**/static/{script}")
