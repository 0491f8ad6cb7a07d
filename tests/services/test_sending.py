"""Notices on their way out: what leaves the house, over which way, and what happens if it can't."""

import os
import random
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from config import ROOT
from fireinvest.china import CHINA
from fireinvest.gateways.mail import Mail, Refused
from fireinvest.services.channels import Asker, add_hook, change
from fireinvest.services.people import By, set_active
from fireinvest.services.sending import Senders, failed, handlers
from fireinvest.services.working import LEASE, Worker, event_handlers
from fireinvest.store import Database, channels, open_database
from fireinvest.store.alerts import AlertRow, alerts_of, mark_read
from fireinvest.store.outbox import OutboxRow
from fireinvest.store.people import find_person
from fireinvest.workflow.actions import DocumentSent, Order, Recusal
from tests.gateways.hooks import HookServer, hook_server
from tests.services.office import CALENDAR
from tests.services.test_alerting import Office
from tests.services.test_working import Watch

KEY = "only for tests"
UNIT = "某某商贸有限公司"


@dataclass
class PostBag:
    """Somebody who carries mail into a bag, or fails."""

    mails: list[Mail] = field(default_factory=list)
    error: Exception | None = None

    def send(self, mail: Mail) -> None:
        if self.error is not None:
            raise self.error
        self.mails.append(mail)


class Sending:
    """An office with a worker who sends, and a clock."""

    def __init__(self, database: Database) -> None:
        self.office = Office(database)
        self.database = database
        self.bag = PostBag()
        self.senders = Senders(self.bag, None, KEY, "https://fire.example.gov")
        self.watch = Watch()
        self.watch.now = datetime(2025, 5, 12, 4, 0, tzinfo=UTC)

    def worker(self) -> Worker:
        known = event_handlers(lambda: CALENDAR)
        return Worker(
            self.database, {**known, **handlers(self.database, self.senders)}, self.watch, failed
        )

    def mail(self, login: str = "carrier") -> int:
        """A confirmed address of somebody's; its channel's id."""
        with self.database.sessions.begin() as session:
            return channels.add_channel(
                session, person_id=self.office.id_of(login), kind="mail",
                address=f"{login}@example.gov", now=self.watch.now - timedelta(days=9),
                is_confirmed=True,
            )  # fmt: skip

    def asker(self, login: str = "carrier") -> Asker:
        with self.database.readers.begin() as session:
            person = find_person(session, self.office.id_of(login))
        assert person is not None
        return Asker(person, self.watch.now)

    def choose(
        self, channel_id: int, *, is_digest: bool = False, quiet: tuple[str, str] = ("", "")
    ) -> None:
        change(
            self.database, channel_id, self.asker(), is_digest=is_digest, quiet_from=quiet[0],
            quiet_until=quiet[1],
        )  # fmt: skip

    def goes_to(self, written: str) -> None:
        """The clock goes to a day and time in China."""
        self.watch.now = datetime.fromisoformat(written).replace(tzinfo=CHINA).astimezone(UTC)

    def alerts(self, login: str = "carrier") -> int:
        with self.database.readers.begin() as session:
            return len(alerts_of(session, self.office.id_of(login), size=500))

    def failures(self, login: str) -> list[dict[str, object]]:
        with self.database.readers.begin() as session:
            found = alerts_of(session, self.office.id_of(login), size=500)
        return [dict(each.details) for each in found if each.rung == "delivery_failed"]


@pytest.fixture
def sending(database: Database) -> Sending:
    return Sending(database)


@pytest.fixture
def quick_sending(sqlite_url: str) -> Iterator[Sending]:
    database = open_database(sqlite_url)
    yield Sending(database)
    database.engine.dispose()


def test_a_mail_names_number_clock_day_and_link_and_nobody(quick_sending: Sending) -> None:
    sending = quick_sending
    sending.mail()
    sending.office.sweeps("2025-07-08")
    sending.goes_to("2025-07-08 10:00")
    sending.worker().drain()
    mails = sending.bag.mails
    (mail,) = (each for each in mails if "还剩3日" in each.subject)
    number = sending.office.ref.number
    assert number in mail.subject
    assert "2025-07-11" in mail.text
    assert "https://fire.example.gov/inbox/" in mail.text
    # In both languages.
    assert "3 days are left" in mail.text
    for each in mails:
        assert UNIT not in each.subject + each.text
        assert "某" not in each.subject + each.text
    assert len({each.key for each in mails}) == len(mails)


def test_with_full_details_a_mail_names_the_unit(quick_sending: Sending) -> None:
    sending = quick_sending
    sending.senders = replace(sending.senders, is_full=True)
    sending.mail()
    sending.office.sweeps("2025-07-08")
    sending.goes_to("2025-07-08 10:00")
    sending.worker().drain()
    assert sending.bag.mails
    assert all(UNIT in each.text for each in sending.bag.mails)


def test_a_digest_is_one_mail_with_each_notice_once(sending: Sending) -> None:
    channel_id = sending.mail()
    sending.choose(channel_id, is_digest=True)
    sending.office.sweeps("2025-06-11")
    worker = sending.worker()
    sending.goes_to("2025-06-12 07:59")
    worker.drain()
    count = sending.alerts()
    assert count > 1
    at_once = len(sending.bag.mails)
    sending.goes_to("2025-06-12 08:00")
    worker.drain()
    (digest,) = sending.bag.mails[at_once:]
    # In both languages; a notice with a slip leads to that as well.
    links = re.findall(r"https://fire\.example\.gov/inbox/[0-9]+$", digest.text, re.MULTILINE)
    assert len(links) == 2 * (count - at_once)
    assert "/paper" in digest.text
    assert digest.key == f"digest:{channel_id}:2025-06-12"
    # The next day has nothing to say, and nothing is sent.
    sending.goes_to("2025-06-13 09:00")
    worker.drain()
    assert len(sending.bag.mails) == at_once + 1


def test_a_digest_of_what_was_read_meanwhile_is_not_sent(sending: Sending) -> None:
    sending.choose(sending.mail(), is_digest=True)
    sending.office.sweeps("2025-05-12")
    with sending.database.sessions.begin() as session:
        mark_read(session, sending.office.id_of("carrier"), sending.watch.now)
    sending.goes_to("2025-05-13 08:00")
    sending.worker().drain()
    assert sending.bag.mails == []
    with sending.database.readers.begin() as session:
        assert session.scalars(
            select(OutboxRow.done_at).where(OutboxRow.kind == "digest")
        ).one() == sending.watch.now  # fmt: skip


def test_what_is_due_today_passes_the_digest_and_the_quiet_hours(quick_sending: Sending) -> None:
    sending = quick_sending
    sending.choose(sending.mail(), is_digest=True, quiet=("00:00", "23:59"))
    sending.office.sweeps("2025-07-10")
    with sending.database.sessions.begin() as session:
        session.execute(update(OutboxRow).values(done_at=sending.watch.now))
    sending.goes_to("2025-07-11 01:30")
    sending.office.sweeps("2025-07-11")
    sending.worker().drain()
    assert [each.subject for each in sending.bag.mails if "今日到期" in each.subject]


def test_a_retry_that_falls_into_quiet_hours_waits_for_their_end(quick_sending: Sending) -> None:
    sending = quick_sending
    sending.choose(sending.mail(), quiet=("22:00", "07:00"))
    sending.office.sweeps("2025-05-12")
    sending.bag.error = OSError("away")
    worker = sending.worker()
    sending.goes_to("2025-05-12 21:59")
    worker.drain()
    sending.bag.error = None
    sending.goes_to("2025-05-12 22:00")
    worker.drain()
    sending.goes_to("2025-05-13 06:59")
    worker.drain()
    assert sending.bag.mails == []
    sending.goes_to("2025-05-13 07:00")
    worker.drain()
    assert sending.bag.mails


def test_nothing_follows_whoever_was_recused_or_left_meanwhile(sending: Sending) -> None:
    office = sending.office
    office.does("request_team", DocumentSent(to="县政府"), "2025-05-13")
    office.does("establish_team", Order(document_no="1", person="leader"), "2025-05-14")
    office.spreads()
    sending.mail("leader")
    sending.mail("head")
    office.sweeps("2025-07-08")
    office.does("declare_recusal", Recusal(person="leader", item="interest"), "2025-07-08")
    office.does(
        "decide_leader_recusal",
        Recusal(person="leader", item="interest", outcome="granted"), "2025-07-08",
    )  # fmt: skip
    set_active(sending.database, office.id_of("head"), is_active=False, by=_by(sending))
    sending.goes_to("2025-07-09 10:00")
    sending.worker().drain()
    # The notices are on record, shown to nobody and sent nowhere.
    with sending.database.readers.begin() as session:
        kept = session.scalars(
            select(AlertRow.id).where(AlertRow.person_id == office.id_of("leader"))
        ).all()
    assert kept
    assert sending.alerts("leader") == 0
    assert sending.bag.mails == []


def _by(sending: Sending) -> By:
    return By("root", sending.watch.now, sending.office.today)


def test_what_fails_for_good_is_told_to_the_person_and_the_leader(sending: Sending) -> None:
    office = sending.office
    office.does("request_team", DocumentSent(to="县政府"), "2025-05-13")
    office.does("establish_team", Order(document_no="1", person="leader"), "2025-05-14")
    office.spreads()
    channel_id = sending.mail()
    sending.bag.error = Refused("no such user")
    office.sweeps("2025-07-08")
    sending.goes_to("2025-07-08 10:00")
    sending.worker().drain()
    (own, *_) = sending.failures("carrier")
    assert (own["own"], own["error"], own["channel"]) == (True, "mail_refused", "mail")
    assert sending.failures("leader")[0]["own"] is False
    assert sending.failures("head") == []
    with sending.database.readers.begin() as session:
        found = channels.find_channel(session, channel_id)
    assert found is not None
    assert found.failing_since == sending.watch.now
    # It works again: the mark goes with the next that arrives.
    sending.bag.error = None
    office.sweeps("2025-07-10")
    sending.goes_to("2025-07-10 10:00")
    sending.worker().drain()
    assert sending.bag.mails
    with sending.database.readers.begin() as session:
        found = channels.find_channel(session, channel_id)
    assert found is not None
    assert found.failing_since is None


def test_what_fails_for_now_is_given_up_in_the_end_and_told(quick_sending: Sending) -> None:
    sending = quick_sending
    sending.mail()
    sending.bag.error = OSError("away")
    sending.office.sweeps("2025-05-12")
    worker = sending.worker()
    for _ in range(8):
        assert sending.failures("carrier") == []
        worker.drain()
        sending.watch.now += timedelta(days=1, minutes=1)
    assert {each["error"] for each in sending.failures("carrier")} == {"no_answer"}


# ---------------------------------------------------------------------------- webhooks


@pytest.fixture
def server() -> Iterator[HookServer]:
    with hook_server() as opened:
        yield opened


def hooked(sending: Sending, server: HookServer, kind: str = "webhook", secret: str = "") -> None:
    sending.senders = replace(sending.senders, outside=server.outside)
    add_hook(sending.database, sending.senders, kind, server.url, secret, sending.asker())


def test_over_a_server_that_fails_at_random_every_notice_arrives_and_repeats_are_known(
    sending: Sending, server: HookServer
) -> None:
    hooked(sending, server)
    rng = random.Random(20250708)
    server.answer = lambda _: (rng.choice([200, 200, 500, 503, 429, 408]), b"")
    for day in ("2025-05-12", "2025-06-11", "2025-06-26", "2025-07-04", "2025-07-08", "2025-07-10"):
        sending.office.sweeps(day)
        sending.goes_to(f"{day} 10:00")
        worker = sending.worker()
        for _ in range(8):
            worker.drain()
            sending.watch.now += timedelta(hours=1)
    for _ in range(8):
        sending.worker().drain()
        sending.watch.now += timedelta(days=1)
    arrived = Counter(each.headers["X-Fireinvest-Key"] for each in server.got)
    with sending.database.readers.begin() as session:
        keys = set(session.scalars(select(OutboxRow.key).where(OutboxRow.kind == "webhook")))
        ids = set(session.scalars(select(AlertRow.id).where(
            AlertRow.person_id == sending.office.id_of("carrier"),
            AlertRow.rung != "delivery_failed",
        )))  # fmt: skip
    assert set(arrived) == keys
    assert {each.document["notices"][0]["id"] for each in server.got} == ids
    assert max(arrived.values()) > 1, "nothing was repeated: the test shows nothing"
    # A repeat says the same.
    said: dict[str, bytes] = {}
    for each in server.got:
        assert "carrier" not in each.body.decode()
        said.setdefault(each.headers["X-Fireinvest-Key"], each.body)
    assert UNIT not in "".join(each.decode() for each in said.values())


def test_what_an_address_and_its_secret_are_is_nowhere_in_the_database(
    quick_sending: Sending, server: HookServer
) -> None:
    sending = quick_sending
    hooked(sending, server, "dingtalk", "SECprivate")
    with sending.database.engine.connect() as connection:
        row = connection.exec_driver_sql("SELECT * FROM channels").one()
    assert "private" not in f"{row}"
    sending.office.sweeps("2025-05-12")
    server.answer = lambda _: (200, b'{"errcode":0}')
    sending.worker().drain()
    assert all("sign=" in each.path for each in server.got)
    assert server.got
    # With another key of the server it can't be read; that is told, and nothing is sent.
    server.got.clear()
    sending.senders = replace(sending.senders, key="another key")
    sending.office.sweeps("2025-06-11")
    sending.goes_to("2025-06-11 10:00")
    sending.worker().drain()
    assert server.got == []
    assert {each["error"] for each in sending.failures("carrier")} == {"other_key"}


def test_a_long_digest_fits_on_a_card(quick_sending: Sending, server: HookServer) -> None:
    sending = quick_sending
    sending.goes_to("2025-05-12 09:00")
    hooked(sending, server, "wecom")
    with sending.database.readers.begin() as session:
        (channel,) = channels.channels_of(session, sending.office.id_of("carrier"))
    sending.choose(channel.id, is_digest=True)
    for _ in range(15):
        sending.office.opens()
    sending.office.sweeps("2025-05-12")
    server.answer = lambda _: (200, b'{"errcode":0}')
    sending.goes_to("2025-05-13 08:00")
    sending.worker().drain()
    (got,) = server.got
    content = got.document["markdown"]["content"]
    assert len(content.encode()) <= 4096
    assert "https://fire.example.gov/inbox)" in content


_KILLED = """
import os, signal, sys
from datetime import datetime, timedelta
sys.path.insert(0, {root!r})
from fireinvest.gateways.outside import Allowed, Outside
from fireinvest.services import sending
from fireinvest.services.working import Worker
from fireinvest.store import open_database, outbox
first = sending.send
def send(*a, **k):
    first(*a, **k)
    os.kill(os.getpid(), signal.SIGKILL)
sending.send = send
database = open_database({url!r})
senders = sending.Senders(None, Outside(Allowed.of([{origin!r}])), {key!r}, "https://f.example")
now = datetime.fromisoformat({now!r})
Worker(database, sending.handlers(database, senders), lambda: now).drain()
"""


def test_a_worker_killed_after_sending_repeats_under_the_same_key(
    database_url: str, sending: Sending, server: HookServer
) -> None:
    hooked(sending, server)
    sending.office.sweeps("2025-05-12")
    with sending.database.sessions.begin() as session:
        session.execute(
            update(OutboxRow).where(OutboxRow.kind != "webhook").values(done_at=sending.watch.now)
        )
    program = _KILLED.format(
        root=str(ROOT), url=database_url, origin=server.origin, key=KEY,
        now=sending.watch.now.isoformat(),
    )  # fmt: skip
    killed = subprocess.run(
        [sys.executable, "-c", program], check=False, cwd=ROOT, env=os.environ.copy()
    )
    assert killed.returncode == -9
    assert len(server.got) == 1
    sending.watch.now += LEASE + timedelta(seconds=1)
    sending.worker().drain()
    arrived = Counter(each.headers["X-Fireinvest-Key"] for each in server.got)
    assert arrived[server.got[0].headers["X-Fireinvest-Key"]] == 2
    with sending.database.readers.begin() as session:
        rows = session.execute(
            select(OutboxRow.key, OutboxRow.done_at).where(OutboxRow.kind == "webhook")
        ).all()
    assert {row.key for row in rows} == set(arrived)
    assert all(row.done_at is not None for row in rows)
