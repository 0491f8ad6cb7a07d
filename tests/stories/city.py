"""A city that works cases in the browser: its people, and the forms that they send over HTTP."""

import re
from dataclasses import dataclass
from html import unescape
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from fireinvest.services.people import Post
from fireinvest.store import Database
from tests.services.office import CITY, FUYUAN
from tests.web.office import database_of, hidden, person_with, sign_in, text_of, token

#: Who works at the city, by login: name and posts. None of them is real.
PEOPLE: dict[str, tuple[str, tuple[Post, ...]]] = {
    "officer": ("市承办人", (Post("carrier", division=CITY, tier="city"),)),
    "head": ("市消防救援机构负责人", (Post("agency_head", division=CITY, tier="city"),)),
    "leader": ("市调查组组长", ()),
    "police": ("公安成员", ()),
    "technical": ("技术组组长", ()),
    "evaluator": ("评估组成员", ()),
    "registrar": ("市政府办登记人", (Post("government_registrar", division=CITY, tier="city"),)),
    "reviewer": (
        "市政府办经办人",
        (
            Post("government_handler", division=CITY, tier="city"),
            Post("government_signer", division=CITY, tier="city"),
        ),
    ),
    "county": ("富源承办人", (Post("carrier", division=FUYUAN, tier="county"),)),
    "county_reviewer": (
        "富源政府办经办人",
        (
            Post("government_handler", division=FUYUAN, tier="county"),
            Post("government_signer", division=FUYUAN, tier="county"),
            Post("government_registrar", division=FUYUAN, tier="county"),
        ),
    ),
    "stranger": ("麒麟承办人", (Post("carrier", division="530302", tier="county"),)),
}


@dataclass
class Clerk:
    """Somebody at their browser."""

    city: "City"
    login: str
    client: FlaskClient

    def opens(self, **facts: str) -> str:
        """Open a case at the intake; return its number."""
        page = self.client.get("/cases/new").text
        answer = self.client.post(
            "/cases/new",
            data={"csrf_token": token(page), "key": hidden(page, "key"), "do": "save", **facts},
        )
        assert answer.status_code in (302, 303), text_of(answer.text)
        return answer.location.rpartition("/")[2]

    def reads(self, number: str, page: str = "") -> str:
        """Return a page of a case as it reads."""
        answer = self.client.get(f"/cases/{number}{page}")
        assert answer.status_code == 200, answer.status
        return answer.text

    def takes(self, number: str, step: str, on: str, **fields: Any) -> None:
        """Take a step: open its form, and send it filled in."""
        self.sends(f"/cases/{number}/steps/{step}", on=on, **fields)

    def sends(self, address: str, **fields: Any) -> None:
        """Send the form at an address with these fields, and what it began with."""
        page = self.client.get(address)
        assert page.status_code == 200, (address, text_of(page.text))
        names = ("csrf_token", "key", "expected_version")
        form = {name: hidden(page.text, name) for name in names}
        begun = dict(re.findall(r'id="(ref|days)" name="\1" value="([^"]+)"', page.text))
        answer = self.client.post(address, data={**form, **begun, **fields, "do": "save"})
        assert answer.status_code == 303, (address, fields, text_of(answer.text))

    def may_take(self, number: str, step: str) -> bool:
        """Does the person get a form for the step?"""
        answer = self.client.get(f"/cases/{number}/steps/{step}")
        return answer.status_code == 200 and 'name="expected_version"' in answer.text

    def dues(self, number: str) -> dict[str, str]:
        """Return the due day of each clock on the case's page, by clock and instance."""
        rows = re.findall(
            r'href="/cases/[^/"]+/clocks/([^"]+)">.*?<strong><time datetime="([0-9-]+)"',
            self.reads(number).partition("clock-table")[2],
            re.DOTALL,
        )
        return {unescape(clock): due for clock, due in rows}


class City:
    """The people of a city, each at a browser of their own."""

    def __init__(self, app: Flask, *logins: str) -> None:
        self.app = app
        self.database: Database = database_of(app)
        for login, (name, posts) in PEOPLE.items():
            person_with(self.database, login, *posts, name=name)
        self.clerks = {login: Clerk(self, login, sign_in(app, login)) for login in logins}

    def __getitem__(self, login: str) -> Clerk:
        return self.clerks[login]


FIVE_DEATHS = {
    "occurred_on": "2025-05-12", "occurred_time": "03:40", "division": FUYUAN,
    "unit_name": "某某商贸有限公司", "address": "胜境街道1号", "category": "ordinary", "deaths": "5",
    "serious_injuries": "2", "direct_property_loss_yuan": "155454.00",
}  # fmt: skip
