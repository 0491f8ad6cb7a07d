"""A paper in a real Chromium: drawn up, numbered from a series, its scan kept, sent, found again."""

import re

import pytest
from playwright.sync_api import FilePayload, Page, expect

from tests.browser.conftest import Opens
from tests.browser.looks import excess, number_of, unfold
from tests.browser.test_rooms import faults_of

pytestmark = pytest.mark.browser

UNIT = "示例仓储有限公司"
SCAN: FilePayload = {
    "name": "签发件.pdf",
    "mimeType": "application/pdf",
    "buffer": b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n",
}


def looks(page: Page, *addresses: str) -> list[str]:
    """What is wrong with the looks of pages in both languages, wide and narrow."""
    found = []
    for language, width, other in (("en", 360, 1280), ("zh", 1280, 360)):
        page.goto(f"/desk?lang={language}")
        for address in addresses:
            page.goto(address)
            unfold(page)
            found += faults_of(page, f"{address} ({language})", width, colours=language == "zh")
            if (over := excess(page, width=other)) > 0:
                found.append(f"{address} ({language}) at {other} px is {over} px too wide")
    page.goto("/desk?lang=en")
    page.set_viewport_size({"width": 1280, "height": 900})
    return found


def test_a_paper_is_numbered_signed_sent_and_found_by_its_code(as_person: Opens) -> None:
    page = as_person("city-officer", width=1280)
    room = f"/cases/{number_of(page, UNIT)}/papers"
    main = page.locator("#main")
    page.goto("/offices/papers/series?lang=en")
    page.locator("[name=label]").fill("曲消函")
    page.locator("[name=pattern]").fill("曲消函〔{year}〕{number}号")
    page.locator("[name=used]").fill("11")
    main.get_by_role("button", name="Add", exact=True).click()
    expect(main).to_contain_text("曲消函")

    # A letter to the bodies on the team, drawn up once however often it is clicked.
    page.goto(f"{room}/kinds/participation_notice")
    before = main.locator("td a[href*='/papers/']").count()
    main.get_by_role("button", name="Draw up").dblclick()
    expect(page).to_have_url(re.compile(r"/papers/\d+$"))
    paper = page.url
    page.goto(f"{room}/kinds/participation_notice")
    assert main.locator("td a[href*='/papers/']").count() == before + 1

    page.goto(paper)
    main.get_by_role("link", name="Give it its number").click()
    main.get_by_label(re.compile("next of the series")).check()
    main.get_by_role("button", name="Keep the number").click()
    expect(main).to_contain_text(re.compile(r"曲消函〔\d{4}〕12号"))
    code = main.locator("dd a code").inner_text()

    # Two windows: what one records, the other doesn't overwrite.
    other = page.context.new_page()
    other.goto(f"{paper}/sent")
    main.get_by_role("link", name="Attach the signed paper").click()
    page.locator("[name=signed_by]").fill("张某（演示）")
    page.locator("main input[type=file]").set_input_files(SCAN)
    main.get_by_role("button", name="Keep the signed paper").click()
    expect(main).to_contain_text("the signed paper")
    other.locator("main").get_by_role("button", name="Record it").click()
    expect(other.locator("main .problems-elsewhere")).to_be_visible()
    other.close()
    main.get_by_role("link", name="It was sent").click()
    form = page.url
    page.locator("[name=sent_how]").fill("公文交换")
    main.get_by_role("button", name="Record it").click()
    expect(main.locator(".section-head .tag").first).to_have_text("sent")

    page.goto("/papers")
    page.get_by_label("Code of the paper").fill(code.lower())
    page.keyboard.press("Enter")
    expect(main).to_contain_text("This is the last version")
    expect(main.locator("code.hash")).to_have_count(2)
    found = page.url
    faults = looks(page, room, paper, form, f"{room}/kinds/participation_notice", found, "/papers")
    assert not faults, "\n".join(faults)


def test_a_paper_is_drawn_up_and_made_void_without_scripts(as_person: Opens) -> None:
    page = as_person("city-officer", scripts=False)
    room = f"/cases/{number_of(page, UNIT)}/papers"
    main = page.locator("#main")
    page.goto(f"{room}/kinds/extraction_list?lang=en")
    main.get_by_role("button", name="Draw up").click()
    main.get_by_role("link", name="Make it void").click()
    main.get_by_role("button", name="Make it void").click()
    expect(main.locator(".problems p").first).to_be_visible()
    page.locator("[name=reason]").fill("重复")
    main.get_by_role("button", name="Make it void").click()
    expect(main).to_contain_text("Void: it keeps its number")
    # Nothing more becomes of it, even from a page that was left open.
    page.goto(f"{page.url}/sent")
    expect(main).to_contain_text("It is void, and stays so")
