"""Makes the pictures of README and guide from the demo data: ``make pictures``."""

import re
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Page, sync_playwright

from config import ROOT
from fireinvest.clock import today_in_china, utcnow
from fireinvest.regulation.calendar import Calendar
from fireinvest.regulation.rulesets import known_law
from fireinvest.services.demo import DEMO_PASSWORD, load_demo
from fireinvest.store import open_database
from fireinvest.web.app import create_app
from tests.conftest import CHROMIUM, CHROMIUM_FLAGS, migrate, settings_for
from tests.servers import serving

IMAGES = ROOT / "docs" / "images"

#: Name of the picture: who looks, at which page ({n}: the number of the case of a unit).
PICTURES: dict[str, tuple[str, str, str]] = {
    "desk": ("city-officer", "/desk", ""),
    "case": ("city-officer", "/cases/{n}", "示例仓储有限公司"),
    "step": ("city-officer", "/cases/{n}/steps/line_finding", "示例颐养院"),
    "clock": ("city-officer", "/cases/{n}/clocks/team_request/1", "示例副食批发部"),
    "board": ("city-head", "/board", ""),
    "cases": ("city-officer", "/cases", ""),
    "intake": ("city-officer", "/cases/new", ""),
    "people": ("admin", "/people", ""),
    **{
        room: ("city-officer", f"/cases/{{n}}/{room}", "示例仓储有限公司")
        for room in ("team", "fire", "evidence", "scene", "report", "reply", "execution")
    },
    "papers": ("city-officer", "/cases/{n}/papers", "示例仓储有限公司"),
    "paper": ("city-officer", "/cases/{n}/papers/1", "示例仓储有限公司"),
    "evaluation": ("huize-officer", "/cases/{n}/evaluation", "示例村民自建房"),
}
#: Pictures of the rooms show what stands below the head of the case.
ROOMS = (
    "team", "fire", "evidence", "scene", "report", "reply", "execution", "evaluation", "papers",
    "paper",
)  # fmt: skip


def main() -> None:
    """Load the demo data into a database of its own, and look at its pages."""
    with TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'demo.db'}"
        migrate(url)
        database = open_database(url)
        app = create_app(replace(settings_for(url), demo=True))
        load_demo(
            database, known_law(), Calendar(), now=utcnow(), today=today_in_china(), allowed=True,
            blobs=app.extensions["fireinvest"].blobs,
        )  # fmt: skip
        with serving(app) as port, sync_playwright() as playwright:
            chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
            for name, (login, address, unit) in PICTURES.items():
                context = chromium.new_context(
                    base_url=f"http://127.0.0.1:{port}",
                    viewport={"width": 1280, "height": 860},
                    locale="zh-CN",
                )
                page = context.new_page()
                _sign_in(page, login)
                page.goto(address.format(n=_number(page, unit)) if unit else address)
                if name == "intake":
                    _fill(page)
                if name in ROOMS:
                    page.locator(".tabs").evaluate("each => each.scrollIntoView()")
                page.screenshot(path=IMAGES / f"{name}-zh.png")
                sys.stdout.write(f"{name}-zh.png\n")
                context.close()
            chromium.close()


def _sign_in(page: Page, login: str) -> None:
    page.goto("/sign-in?lang=zh")
    page.locator("#login").fill(login)
    page.locator("#password").fill(DEMO_PASSWORD)
    page.locator("form.stack button").click()
    page.wait_for_url("**/desk")


def _number(page: Page, unit: str) -> str:
    page.goto(f"/cases?text={unit}")
    found = re.search(r"5303-\d{4}-\d{4}", page.locator("main").inner_text())
    assert found is not None, unit
    return found[0]


def _fill(page: Page) -> None:
    values = {
        "occurred_on": today_in_china().isoformat(), "unit_name": "示例商贸有限公司（演示）",
        "address": "胜境街道示例路8号", "deaths": "5", "serious_injuries": "2",
        "direct_property_loss_yuan": "155454.00",
    }  # fmt: skip
    for name, value in values.items():
        page.locator(f"[name={name}]").fill(value)
    page.locator("[name=division]").select_option("530325")
    page.locator(".level strong").first.wait_for()
    page.wait_for_timeout(1500)


if __name__ == "__main__":
    main()
