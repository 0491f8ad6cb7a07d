"""The rooms of a case and their forms in a real Chromium: in both languages, wide and narrow."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Opens
from tests.browser.looks import barriers, excess, number_of, unfold

pytestmark = pytest.mark.browser

#: A case in execution, of which all rooms show something, and one that awaits its reply.
UNIT, REPLYING = "示例仓储有限公司", "示例农贸市场"

#: Who looks, at which case's rooms and forms, after "/cases/<number>/".
ROOMS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "team and fire": (
        "city-officer",
        UNIT,
        (
            "team", "team/declare", "team/meetings/new/analysis_meeting", "fire",
            "fire/casualties/new", "fire/casualties/1", "registers/parties/new",
            "registers/losses/new", "registers/roster/1",
        ),
    ),
    "evidence and scene": (
        "city-officer",
        UNIT,
        (
            "evidence", "evidence?view=gallery", "evidence/1", "evidence/new", "evidence/photos",
            "evidence/custody", "evidence/custody/new", "evidence/labels", "evidence/paper",
            "scene", "scene/tests/new", "registers/interviews/new", "registers/surveys/new",
            "scene/interviews/1/print", "registers/records_requests/new",
        ),
    ),
    "inquiry and report": (
        "city-officer",
        UNIT,
        (
            "inquiry", "inquiry/lines/use/ignition/new", "inquiry/matrix",
            "inquiry/matrix/new/fact", "report", "report/sections/new?part=unit",
            "report/sections/1", "report/sections/1/edit", "report/preview", "report/opinions",
            "report/opinions/new", "report/approval", "report/signatures", "report/submission",
            "report/submissions/1",
        ),
    ),
    "execution and evaluation": (
        "city-officer",
        UNIT,
        (
            "public", "public/withheld/new", "execution", "execution/measures/new",
            "execution/measures/1", "execution/copies/new", "execution/liabilities/new",
            "execution/transfers/new", "execution/ledgers/measures", "evaluation", "registers",
            "registers/measures",
        ),
    ),
    "reply": (
        "city-reviewer",
        REPLYING,
        (
            "reply", "reply/report", "reply/changes", "reply/answer", "reply/route/new",
            "reply/points/new", "reply/extension",
        ),
    ),
}  # fmt: skip


def faults_of(page: Page, address: str, width: int, *, colours: bool) -> list[str]:
    """What is wrong with the looks of a page at a width, each in a line."""
    found = []
    if (over := excess(page, width=width)) > 0:
        found.append(f"{address} at {width} px is {over} px too wide")
    if report := barriers(page, colours=colours):
        found.append(f"{address} at {width} px:\n{report}")
    return found


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", ROOMS)
def test_every_room_is_accessible_and_fits(as_reader: Opens, name: str, language: str) -> None:
    login, unit, addresses = ROOMS[name]
    page = as_reader(login, width=1280)
    base = f"/cases/{number_of(page, unit)}/"
    page.goto(f"/desk?lang={language}")
    faults: list[str] = []
    for address in addresses:
        answer = page.goto(base + address)
        assert answer is not None
        assert answer.status == 200, (address, answer.status)
        expect(page.locator("h1")).not_to_have_count(0)
        unfold(page)
        # Chinese is wider, English longer: both are measured, and the parts are the same.
        one, other = (1280, 360) if language == "zh" else (360, 1280)
        faults += faults_of(page, address, one, colours=language == "zh")
        if (over := excess(page, width=other)) > 0:
            faults.append(f"{address} at {other} px is {over} px too wide")
    assert not faults, "\n".join(faults)


def test_the_tab_of_a_room_is_in_sight_on_a_phone(as_reader: Opens) -> None:
    page = as_reader("city-officer", width=360)
    page.goto(f"/cases/{number_of(page, UNIT)}/evaluation?lang=en")
    expect(page.locator(".tabs [aria-current]")).to_have_text("Evaluation")
    box = page.locator(".tabs [aria-current]").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 360
