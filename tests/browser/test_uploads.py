"""Large files in a real Chromium: in parts, through a broken line and a reload, and into the form."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Opens
from tests.browser.looks import PHONE, fits, is_sound, late, number_of
from tests.browser.people import SLOW
from tests.services.test_uploading import FILM

pytestmark = pytest.mark.browser

FORM = "/cases/{n}/registers/parties/new?lang=en"
PART = 8 * 1024**2


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """A film of three parts."""
    path = tmp_path / "现场.mp4"
    path.write_bytes(FILM[:28] + bytes(3 * PART - 28))
    return path


def form(page: Page) -> str:
    """Open the form; its address."""
    address = FORM.format(n=number_of(page, "示例仓储有限公司"))
    page.goto(address)
    return address


def test_a_broken_line_and_a_reload_cost_no_more_than_a_part(as_person: Opens, film: Path) -> None:
    page = as_person("city-officer")
    address = form(page)
    parts: list[int] = []
    is_cut = True

    def pass_on(route: Route) -> None:
        offset = int(re.findall(r"offset=(\d+)", route.request.url)[0])
        parts.append(offset)
        # The second part never gets there, until the page is loaded again.
        if is_cut and offset == PART:
            route.abort()
        else:
            route.continue_()

    page.route("**/uploads/*?offset=*", pass_on)
    page.set_input_files("#files", film)
    expect(page.locator("[data-upload-state]")).to_contain_text("trying again", timeout=SLOW)
    expect(page.locator("[data-upload-list] progress")).to_have_js_property(
        "value", PART, timeout=SLOW
    )
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(address)
    expect(page.locator("[data-upload-list]")).to_contain_text(
        "8 MB of 24 MB has arrived.", timeout=SLOW
    )
    is_cut = False
    parts.clear()
    page.set_input_files("#files", film)
    staged = page.locator("[data-upload-list] input[name=staged]")
    expect(staged).to_be_checked(timeout=SLOW)
    assert parts == [PART, 2 * PART]
    is_sound(page)
    assert fits(page, PHONE)
    # Into the form, with a file that is not taken left out.
    page.set_input_files(
        "#files", {"name": "a.exe", "mimeType": "application/x-msdownload", "buffer": b"MZ"}
    )
    expect(page.locator("[data-upload-list] .is-refused")).to_contain_text("kind")
    page.locator("#name").fill("钱某")
    page.locator("#sort").select_option("person")
    page.locator("#role").select_option(index=2)
    page.get_by_role("button", name="Record it", exact=True).click()
    page.get_by_role("link", name=re.compile(r"P\d+")).last.click()
    expect(page.locator(".file-list")).to_contain_text("现场.mp4")
    expect(page.locator(".file-list")).to_contain_text("24 MB")


def test_a_file_that_is_chosen_before_the_script_is_there_is_sent_in_parts(
    as_person: Opens, film: Path
) -> None:
    page = as_person("city-officer")
    address = FORM.format(n=number_of(page, "示例仓储有限公司"))
    with late(page, "uploads.js"):
        page.goto(address, wait_until="commit")
        page.set_input_files("#files", film)
        expect(page.locator("[data-upload-list] progress")).to_have_count(0)
    staged = page.locator("[data-upload-list] input[name=staged]")
    expect(staged).to_be_checked(timeout=SLOW)
    expect(page.locator("#files")).to_have_value("")


def test_a_form_that_is_sent_too_early_waits_for_its_files(as_person: Opens, film: Path) -> None:
    page = as_person("city-officer")
    form(page)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/uploads/*/finish", hold)
    page.set_input_files("#files", film)
    page.locator("#name").fill("孙某")
    page.locator("#sort").select_option("person")
    page.locator("#role").select_option(index=2)
    page.get_by_role("button", name="Record it", exact=True).click()
    expect(page.locator("[data-upload-state]")).to_contain_text("The form is sent when")
    expect(page.locator("#name")).to_have_value("孙某")
    page.wait_for_timeout(100)
    while not held:
        page.wait_for_timeout(50)
    held[0].continue_()
    expect(page.get_by_text("孙某").first).to_be_visible()
    page.get_by_role("link", name=re.compile(r"P\d+")).last.click()
    expect(page.locator(".file-list")).to_contain_text("现场.mp4")


def test_without_scripts_the_file_comes_with_the_form(as_person: Opens, tmp_path: Path) -> None:
    page = as_person("city-officer", scripts=False)
    form(page)
    path = tmp_path / "记录.txt"
    path.write_text("现场记录。\n")
    page.locator("#name").fill("李某")
    page.locator("#sort").select_option("person")
    page.locator("#role").select_option(index=2)
    page.set_input_files("#files", path)
    page.get_by_role("button", name="Record it", exact=True).click()
    page.get_by_role("link", name=re.compile(r"P\d+")).last.click()
    expect(page.locator(".file-list")).to_contain_text("记录.txt")


def test_a_table_is_accessible_and_fits(as_reader: Opens) -> None:
    page = as_reader("city-officer")
    n = number_of(page, "示例仓储有限公司")
    for address in ("table", "", "new"):
        page.goto(f"/cases/{n}/registers/parties/{address}".rstrip("/"))
        is_sound(page)
        assert fits(page, 768, PHONE)
