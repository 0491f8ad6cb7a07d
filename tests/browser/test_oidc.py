"""Signing in by a provider in a real Chromium: our policy lets the button lead there and back."""

from collections.abc import Iterable
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, expect

from fireinvest.clock import utcnow
from fireinvest.services.people import Post
from fireinvest.web.app import create_app
from tests.browser.looks import excess
from tests.conftest import settings_for
from tests.providers import cheating_provider
from tests.servers import serving
from tests.services.office import FUYUAN
from tests.web.office import database_of, person_with

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

pytestmark = pytest.mark.browser


def test_there_and_back_in_a_browser(sqlite_url: str, browser: Browser) -> None:
    # The address stands in the settings, so the server is there before the application.
    def served(environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        return app(environ, start)

    with cheating_provider(utcnow) as cheat, serving(served) as port:
        house = f"http://127.0.0.1:{port}"
        app = create_app(
            settings_for(
                sqlite_url, PUBLIC_URL=house, OIDC_ISSUER=cheat.issuer,
                OIDC_CLIENT_ID=cheat.client_id, OIDC_CLIENT_SECRET=cheat.client_secret,
            )
        )  # fmt: skip
        person_with(database_of(app), "sun", Post("agency_head", division=FUYUAN, tier="county"))
        with closing(browser.new_context(base_url=house)) as context:
            page = context.new_page()
            page.set_viewport_size({"width": 360, "height": 780})
            said: list[str] = []
            page.on("console", lambda message: said.append(message.text))
            page.goto("/sign-in?next=/board")
            assert excess(page) == 0
            page.click("a[href^='/sign-in/oidc']")
            expect(page).to_have_url(f"{house}/board")
            page.click("form[action='/sign-out'] button")
            expect(page).to_have_url(f"{house}/signed-out")
            assert page.locator(f"a[href^='{cheat.issuer}/end']").count() == 1
            assert not [each for each in said if "Content Security Policy" in each]
    database_of(app).engine.dispose()
