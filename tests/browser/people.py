"""Somebody with a browser of their own, who reads and clicks: in the steps and in the rooms."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from playwright.sync_api import Browser, Locator, Page, expect

from fireinvest.regulation.profile import Ruleset
from tests.web.office import PASSWORD, sign_in

#: A busy machine is slow, but a page that comes at all comes by then, in milliseconds.
SLOW = 20_000


def let_in(page: Page, app: Flask, address: str, login: str, language: str = "zh") -> None:
    """Give the page the sign-in of somebody, whoever was here before; the form has its own tests."""
    client = sign_in(app, login)
    client.get(f"/desk?lang={language}")
    cookie = client.get_cookie("session")
    assert cookie is not None
    page.context.clear_cookies()
    page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": address}])


class Person:
    """Somebody who has signed in, and works a case."""

    def __init__(self, page: Page, login: str, ruleset: Ruleset) -> None:
        self.page, self.ruleset, self.number = page, ruleset, ""
        self._knows_the_steps = False
        page.goto("/?lang=en")
        page.get_by_label("Sign-in name").fill(login)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page).to_have_url(re.compile("/desk$"))

    def opens_case(self, number: str) -> None:
        """Find the case in the list by its number, and open it."""
        self.number = number
        self.page.get_by_role("link", name="Cases", exact=True).first.click()
        self.page.get_by_role("link", name=number, exact=True).first.click()

    def goes_to(self, room: str) -> None:
        """From any page of the case, to one of its rooms by its tab."""
        tabs = self.page.get_by_role("navigation", name="Pages of the case")
        tabs.get_by_role("link", name=room, exact=True).click()
        expect(tabs.get_by_role("link", name=room, exact=True)).to_have_attribute(
            "aria-current", "page", timeout=SLOW
        )

    def clicks(self, *links: str) -> None:
        """One link after the other, by how they begin."""
        for name in links:
            pattern = re.compile(rf"^\s*{re.escape(name)}")
            self.page.locator("#main").get_by_role("link", name=pattern).first.click()

    def follows(self, *addresses: str) -> None:
        """One link after the other, by how their addresses end."""
        for end in addresses:
            self.page.locator(f"#main a[href$='{end}']").first.click()

    def part(self, name: str) -> Locator:
        """A part of the report as its page shows it."""
        return self.page.locator(f"section[aria-labelledby='part-{name}']")

    def takes(self, step: str, on: str, **fields: str) -> None:
        """Go to the steps, click the step, fill its form, record it; later on, by its address."""
        label = self.ruleset.steps[step].label.en
        if self._knows_the_steps:
            self.page.goto(f"/cases/{self.number}/steps/{step}")
        else:
            self.goes_to("Steps")
            self.page.get_by_role("link", name=label, exact=True).click()
            self._knows_the_steps = True
        self.writes(on=on, **fields)
        expect(self.page.locator(".told-done")).to_contain_text(label)

    def writes(self, button: str = "Record it", **fields: Any) -> None:
        """Fill the form that is open, and record it."""
        for name, value in fields.items():
            self.fills(name, value)
        self.page.locator("#main").get_by_role("button", name=button, exact=True).click()
        done, wrong = self.page.locator(".told-done"), self.page.locator("#main .problems p")
        expect(done.or_(wrong).first).to_be_visible(timeout=SLOW)
        assert done.count(), (self.page.url, wrong.all_inner_texts())

    def fills(self, name: str, value: Any) -> None:
        """Fill a field, whatever it is; a file by its name and content."""
        field = self.page.locator(f"#main [name='{name}']")
        kind = field.first.evaluate("each => each.type")
        if kind in ("radio", "checkbox"):
            self.page.locator(f"#main [name='{name}'][value='{value}']").check()
        elif kind.startswith("select"):
            field.select_option(value)
        elif kind == "file":
            field.set_input_files(value)
        else:
            field.fill(value)

    def due(self, clock: str) -> str:
        """The due day of a clock on the page of the case."""
        row = self.page.locator(".clock-table tr").filter(
            has_text=self.ruleset.clocks[clock].label.en
        )
        return row.first.locator("strong time").inner_text()


@contextmanager
def signed_in(
    browser: Browser, server: str, ruleset: Ruleset, *logins: str, width: int = 1280
) -> Iterator[dict[str, Person]]:
    """People with a browser each; no script of any page may fail."""
    contexts = []
    found = {}
    faults: list[str] = []
    for login in logins:
        context = browser.new_context(
            base_url=server, locale="en", viewport={"width": width, "height": 900},
            timezone_id="Asia/Shanghai",
        )  # fmt: skip
        contexts.append(context)
        context.set_default_timeout(SLOW)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        found[login] = Person(page, login, ruleset)
    yield found
    for context in contexts:
        context.close()
    assert faults == []
