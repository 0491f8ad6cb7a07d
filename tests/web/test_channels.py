"""How one hears outside: added, confirmed, tried out, changed and ended on one's own page."""

import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from html import unescape

import icalendar
import pytest
from aiosmtpd.controller import Controller
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from fireinvest.clock import utcnow
from fireinvest.store.access import AccessRow
from fireinvest.store.alerts import ChannelRow
from fireinvest.store.channels import Channel, channels_of
from fireinvest.store.leases import LeaseRow
from fireinvest.web.app import create_app
from tests.conftest import settings_for
from tests.gateways.hooks import HookServer, hook_server
from tests.gateways.test_mail import Server
from tests.services.test_alerting import Office
from tests.web.office import database_of, person_with, sign_in, text_of, token

PAGE = "/me/notices"


@dataclass
class World:
    """An application with a mail server and a server for webhooks, and somebody signed in."""

    app: Flask
    mail: Server
    hooks: HookServer
    client: FlaskClient
    person_id: int

    def page(self, language: str = "en") -> str:
        return self.client.get(f"{PAGE}?lang={language}").text

    def posts(self, path: str, **data: str) -> tuple[int, str]:
        self.waits()
        form = token(self.page())
        answer = self.client.post(f"{PAGE}{path}", data={"csrf_token": form, **data})
        return answer.status_code, answer.text

    def waits(self) -> None:
        """The time between two sendings goes by."""
        with database_of(self.app).sessions.begin() as session:
            session.execute(update(LeaseRow).values(held_until=LONG_AGO))

    def channels(self) -> list[Channel]:
        with database_of(self.app).readers.begin() as session:
            return channels_of(session, self.person_id)

    def code(self) -> str:
        """The code that came last by mail."""
        payload = self.mail.kept[-1].get_payload(decode=True)
        assert isinstance(payload, bytes)
        found = re.search(r"[0-9A-Z]{4}-[0-9A-Z]{4}", payload.decode())
        assert found is not None
        return found[0]


LONG_AGO = utcnow() - timedelta(hours=1)


@pytest.fixture
def world(sqlite_url: str) -> Iterator[World]:
    mail = Server()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(mail, hostname="127.0.0.1", port=port)
    controller.start()
    with hook_server() as hooks:
        app = create_app(
            settings_for(
                sqlite_url,
                MAIL_URL=f"smtp://127.0.0.1:{port}?from=fire@example.gov",
                OUTGOING_ALLOWED=hooks.origin,
                PUBLIC_URL="http://localhost",
            )
        )
        app.testing = True
        person_id = person_with(database_of(app), "sun")
        yield World(app, mail, hooks, sign_in(app, "sun"), person_id)
        database_of(app).engine.dispose()
    controller.stop()


def test_an_address_of_mail_counts_once_its_code_was_typed_in(world: World) -> None:
    assert world.posts("/mail", address="sun@example.gov")[0] == 303
    (channel,) = world.channels()
    assert channel.confirmed_at is None
    assert "waits for its code" in text_of(world.page())
    status, text = world.posts(f"/{channel.id}/confirm", code="0000-0000")
    assert status == 400
    assert "This is not the code" in text
    # As people type it.
    typed = world.code().lower().replace("-", " ")
    assert world.posts(f"/{channel.id}/confirm", code=typed)[0] == 303
    assert world.channels()[0].confirmed_at is not None
    assert world.posts(f"/{channel.id}/test")[0] == 303
    assert len(world.mail.kept) == 2
    assert world.posts("/mail", address="sun@example.gov")[0] == 400
    assert world.posts(f"/{channel.id}/remove")[0] == 303
    assert world.channels() == []


def test_a_code_holds_for_an_hour_and_for_one_address(world: World) -> None:
    world.posts("/mail", address="a@example.gov")
    first = world.code()
    world.posts("/mail", address="b@example.gov")
    a, b = world.channels()
    assert world.posts(f"/{b.id}/confirm", code=first)[0] == 400
    with database_of(world.app).sessions.begin() as session:
        session.execute(update(ChannelRow).values(added_at=LONG_AGO))
    assert world.posts(f"/{a.id}/confirm", code=first)[0] == 400


@pytest.mark.parametrize(
    "address", ["", "none", "a@b\r\nBcc: c@d", "a b@c", "@c", "a@", "a" * 65 + "@b", "a@b, c@d"]
)
def test_what_is_no_address_gets_no_mail(world: World, address: str) -> None:
    status, text = world.posts("/mail", address=address)
    assert status == 400
    assert "This is no address of mail." in text
    assert world.mail.kept == []


def test_what_the_mail_server_refuses_is_said_and_leaves_nothing(world: World) -> None:
    world.mail.to_recipient = "550 no such user"
    status, text = world.posts("/mail", address="gone@example.gov")
    assert status == 400
    assert "the mail server refuses the address" in text
    assert 'value="gone@example.gov"' in text
    assert world.channels() == []


def test_nobody_floods_a_mailbox(world: World) -> None:
    form = token(world.page())
    for number, status in enumerate((303, 400, 400)):
        data = {"csrf_token": form, "address": f"a{number}@example.gov"}
        assert world.client.post(f"{PAGE}/mail", data=data).status_code == status
    assert len(world.mail.kept) == 1


def test_a_robot_is_added_tried_out_and_shown_only_by_its_host(world: World) -> None:
    world.hooks.answer = lambda _: (200, b'{"errcode": 0}')
    assert world.posts("/hook", kind="wecom", url=world.hooks.url, secret="")[0] == 303
    (channel,) = world.channels()
    assert (channel.quiet_from, channel.quiet_until) == (22 * 60, 7 * 60)
    assert "access_token" not in world.page() + channel.address
    assert world.posts(f"/{channel.id}/test")[0] == 303
    assert f"{PAGE})" in world.hooks.got[0].document["markdown"]["content"]
    world.hooks.answer = lambda _: (200, b'{"errcode": 93000}')
    status, text = world.posts(f"/{channel.id}/test")
    assert status == 400
    assert "the robot answers with error 93000" in text
    assert "fails since" in text_of(world.page())


def test_the_secret_of_a_webhook_is_made_and_shown_once(world: World) -> None:
    status, text = world.posts("/hook", kind="webhook", url=world.hooks.url, secret="")
    assert status == 200
    found = re.search(r"<code>([^<]{40,})</code>", text)
    assert found is not None
    assert found[1] not in world.page()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"kind": "wecom", "url": ""}, "This is needed."),
        ({"kind": "x", "url": "https://127.0.0.1/"}, "Choose one of the list."),
        ({"kind": "webhook", "url": "https://127.0.0.1/"}, "may not ask that address"),
        ({"kind": "webhook", "url": "http://169.254.169.254/"}, "may not ask that address"),
        ({"kind": "webhook", "url": "file:///etc/passwd"}, "may not ask that address"),
        ({"kind": "webhook", "url": "HERE", "secret": "short"}, "From 16 to 200 characters"),
    ],
)
def test_what_can_not_be_asked_is_refused_beside_its_field(
    world: World, data: dict[str, str], said: str
) -> None:
    data = {name: world.hooks.url if each == "HERE" else each for name, each in data.items()}
    status, text = world.posts("/hook", **data)
    assert status == 400
    assert said in unescape(text)
    assert "short" not in text
    assert world.channels() == []


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (("", ""), (None, None)),
        (("22:00", "07:30"), (1320, 450)),
        (("00:00", "23:59"), (0, 1439)),
        (("22:00", ""), None),
        (("24:00", "07:00"), None),
        (("x", "y"), None),
    ],
)
def test_when_one_hears_is_chosen(
    world: World, given: tuple[str, str], expected: tuple[int | None, int | None] | None
) -> None:
    world.posts("/hook", kind="wecom", url=world.hooks.url)
    (channel,) = world.channels()
    status, text = world.posts(
        f"/{channel.id}/settings", when="digest", quiet_from=given[0], quiet_until=given[1]
    )
    (after,) = world.channels()
    if expected is None:
        assert status == 400
        assert "A time such as 22:00 is needed" in text
        assert not after.is_digest
    else:
        assert status == 303
        assert (after.is_digest, after.quiet_from, after.quiet_until) == (True, *expected)


def test_nobody_touches_another_ones_channels(world: World) -> None:
    world.posts("/hook", kind="wecom", url=world.hooks.url)
    (channel,) = world.channels()
    person_with(database_of(world.app), "zhou")
    other = sign_in(world.app, "zhou")
    form = token(other.get(PAGE).text)
    for path in ("test", "remove", "settings", "confirm"):
        answer = other.post(f"{PAGE}/{channel.id}/{path}", data={"csrf_token": form, "code": "x"})
        assert answer.status_code == 400
    assert world.channels() == [channel]
    assert world.hooks.got == []
    assert channel.address not in other.get(PAGE).text


def test_what_is_not_set_up_is_not_offered(quick_app: Flask) -> None:
    app = create_app(settings_for(quick_app.extensions["fireinvest"].settings.database_url, WEBHOOKS="0"))  # fmt: skip
    person_with(database_of(app), "sun")
    client = sign_in(app, "sun")
    page = client.get(PAGE).text
    assert 'name="address"' not in page
    assert 'name="url"' not in page
    form = token(page)
    for path, data in (("mail", {"address": "a@b.c"}), ("hook", {"kind": "wecom", "url": "x"})):
        answer = client.post(f"{PAGE}/{path}", data={"csrf_token": form, **data})
        assert answer.status_code == 400
    database_of(app).engine.dispose()


# ---------------------------------------------------------------------------- the calendar


def test_a_calendar_is_fetched_by_its_address_alone_until_it_is_revoked(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    office = Office(database_of(world.app))
    client = sign_in(world.app, "carrier")
    form = token(client.get(PAGE).text)
    page = client.post(f"{PAGE}/feed", data={"csrf_token": form}).text
    found = re.search(r"<code>http://localhost(/feed/[A-Za-z0-9_-]{43}\.ics)</code>", page)
    assert found is not None
    assert found[1] not in client.get(PAGE).text
    stranger = world.app.test_client()
    answer = stranger.get(found[1])
    assert answer.status_code == 200
    assert answer.mimetype == "text/calendar"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers
    events = icalendar.Calendar.from_ical(answer.data).walk("VEVENT")
    assert events
    assert all(office.ref.number in f"{each['summary']}" for each in events)
    client.post(f"{PAGE}/feed/end", data={"csrf_token": form})
    assert stranger.get(found[1]).status_code == 404
    for wrong in ("x", "x" * 43, "x" * 5000, "%00" * 43, "é" * 43):
        assert stranger.get(f"/feed/{wrong}.ics").status_code == 404
    # The secret part of the address is in no log.
    assert found[1].removeprefix("/feed/") not in capsys.readouterr().err


def test_changes_stand_in_the_log_of_accesses(world: World) -> None:
    world.posts("/hook", kind="wecom", url=world.hooks.url)
    (channel,) = world.channels()
    world.posts(f"/{channel.id}/settings", when="digest")
    world.posts(f"/{channel.id}/remove")
    world.posts("/feed")
    with database_of(world.app).readers.begin() as session:
        rows = session.execute(
            select(AccessRow.what, AccessRow.person, AccessRow.new_values)
            .where(AccessRow.what.startswith("channel_"))
            .order_by(AccessRow.id)
        ).all()
    assert [row.what for row in rows] == [
        "channel_added", "channel_changed", "channel_removed", "channel_added",
    ]  # fmt: skip
    assert {row.person for row in rows} == {"sun"}
    assert "private" not in f"{rows}"
