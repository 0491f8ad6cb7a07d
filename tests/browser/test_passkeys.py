"""Second factors in a real Chromium: passkeys of a virtual device, and pages that all can reach."""

from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import text

from fireinvest.clock import utcnow
from fireinvest.services.people import Post
from fireinvest.web.app import create_app
from fireinvest.workflow.permissions import SECURITY_ADMINISTRATOR
from tests.authenticators import app_code
from tests.browser.looks import is_sound
from tests.conftest import settings_for
from tests.servers import serving
from tests.services.office import FUYUAN, facts, opened
from tests.web.office import PASSWORD, database_of, person_with

pytestmark = pytest.mark.browser


@pytest.fixture
def office(sqlite_url: str) -> Iterator[Flask]:
    """An office in which nobody is in by a password alone."""
    app = create_app(settings_for(sqlite_url, SECOND_FACTOR="required"))
    person_with(database_of(app), "sun", Post("agency_head", division=FUYUAN, tier="county"))
    yield app
    database_of(app).engine.dispose()


@pytest.fixture
def desk(office: Flask, browser: Browser) -> Iterator[Page]:
    """A page of that office, under a name. The test fails on any fault of a script or of the policy."""
    faults: list[str] = []
    with serving(office) as port:
        context = browser.new_context(
            base_url=f"http://localhost:{port}", viewport={"width": 360, "height": 800}
        )
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(f"{error}"))
        page.on(
            "console",
            lambda said: (
                faults.append(said.text)
                if said.type == "error" and "Failed to load resource" not in said.text
                else None
            ),
        )
        yield page
        context.close()
    assert faults == []


def give_device(page: Page) -> None:
    """Put a device with a passkey store and a PIN to the browser."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )


def give_password(page: Page, address: str = "/sign-in") -> None:
    page.goto(address)
    page.fill("#login", "sun")
    page.fill("#password", PASSWORD)
    page.click("form.stack button[type=submit]")


def is_in(page: Page) -> None:
    """The desk of somebody who is signed in has come, and all of it."""
    expect(page.locator(".top-person")).to_be_visible()
    page.wait_for_url("**/desk")
    page.wait_for_load_state()


def test_a_passkey_is_made_signs_in_alone_and_confirms(office: Flask, desk: Page) -> None:
    give_device(desk)
    give_password(desk)
    is_sound(desk)
    desk.fill("#passkey-label", "本机")
    desk.click("button[data-passkey=create]")
    expect(desk.locator("#codes")).to_be_visible()
    is_sound(desk)
    desk.click("main a.button")
    is_in(desk)
    # Signed out, and in again by the passkey alone.
    desk.click(".top-person form[action$=sign-out] button")
    desk.click("button[data-passkey=get]")
    is_in(desk)
    desk.goto("/me")
    expect(desk.get_by_role("rowheader", name="本机")).to_be_visible()
    is_sound(desk)
    # As the second factor.
    desk.click(".top-person form[action$=sign-out] button")
    give_password(desk)
    expect(desk.locator("#code")).to_be_visible()
    is_sound(desk)
    desk.click("button[data-passkey=get]")
    is_in(desk)
    # And as a proof before an approval, with the form's text kept.
    database = database_of(office)
    ref = opened(database, known=facts(FUYUAN, deaths=1))
    desk.goto(f"/cases/{ref.number}/steps/decide_category")
    desk.select_option("#category", "ordinary")
    desk.fill("#decided_by", "消防救援大队")
    with database.sessions.begin() as session:
        session.execute(text("UPDATE sign_ins SET verified_at = '2020-01-01 00:00:00.000000'"))
    desk.click("button[value=save]")
    expect(desk.locator("#proof_password")).to_be_visible()
    is_sound(desk)
    desk.click("button[data-passkey=get]")
    desk.wait_for_url(f"**/cases/{ref.number}")


def test_a_device_that_gives_none_is_told_and_the_app_does_as_well(desk: Page) -> None:
    give_password(desk)
    session = desk.context.new_cdp_session(desk)
    session.send("WebAuthn.enable")  # and no device is there
    desk.fill("#passkey-label", "x")
    desk.evaluate("() => { navigator.credentials.create = () => Promise.reject(new Error()) }")
    desk.click("button[data-passkey=create]")
    expect(desk.locator("[data-passkey-state]")).not_to_be_empty()
    secret = desk.locator(".key-groups").inner_text().replace(" ", "")
    assert desk.locator(".offer-picture svg").bounding_box() is not None
    desk.fill("#code", app_code(secret, utcnow()))
    desk.click("form.stack button[type=submit] >> nth=0")
    expect(desk.locator("#codes")).to_be_visible()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_other_pages_are_accessible_and_fit(
    quick_app: Flask, page: Page, language: str
) -> None:
    database = database_of(quick_app)
    person_with(database, "guard", Post(SECURITY_ADMINISTRATOR))
    sun = person_with(database, "sun")
    page.set_viewport_size({"width": 360, "height": 800})
    page.goto(f"/sign-in/first?lang={language}")
    is_sound(page)
    page.click("main button[type=submit]")
    is_sound(page)
    page.goto("/sign-in")
    page.fill("#login", "guard")
    page.fill("#password", PASSWORD)
    page.click("form.stack button[type=submit]")
    for address in (
        "/me",
        "/me/factors/app",
        "/me/factors/passkey",
        f"/people/{sun}",
        f"/people/{sun}/second-factors/reset",
    ):
        page.goto(address)
        is_sound(page, colours=language == "zh")
    page.goto("/me/factors/app")
    page.fill("#code", "0")
    page.click("form.stack button[type=submit]")
    expect(page.locator("#code[aria-invalid=true]")).to_have_count(1)
    is_sound(page)
    with database.sessions.begin() as session:
        session.execute(text("UPDATE sign_ins SET verified_at = '2020-01-01 00:00:00.000000'"))
    page.goto("/confirm")
    is_sound(page)
