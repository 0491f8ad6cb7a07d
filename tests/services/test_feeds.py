"""The calendar of somebody's deadlines, read back as programs read it, and the list of a day."""

from collections.abc import Iterator
from datetime import date, timedelta

import icalendar
import pytest

from fireinvest.services.channels import Asker, end_feed, new_feed
from fireinvest.services.feeds import MOST_EVENTS, calendar_of, clocks_heard, day_list
from fireinvest.services.people import (
    By,
    Post,
    actor_of,
    end_post,
    give_post,
    name_deputy,
    set_active,
)
from fireinvest.store import Database, open_database
from fireinvest.store.people import find_person
from fireinvest.workflow.actions import DocumentSent, Extension, Order, Recusal
from tests.queries import counted
from tests.services.office import CALENDAR, CITY, LAW, actor
from tests.services.test_alerting import Office, at, on
from tests.web.office import person_with

RULES = LAW.in_force(CITY, date(2025, 5, 12))
URL = "https://fire.example.gov:8443"


class Fed(Office):
    """An office whose people fetch calendars."""

    def token(self, login: str) -> str:
        with self.database.readers.begin() as session:
            person = find_person(session, self.id_of(login))
        assert person is not None
        return new_feed(self.database, Asker(person, at(self.today)))

    def raw(self, token: str, *, is_full: bool = False) -> bytes | None:
        with self.database.readers.begin() as session:
            return calendar_of(
                session, token, LAW, CALENDAR, public_url=URL, is_full=is_full, today=self.today
            )

    def events(self, token: str) -> dict[str, icalendar.Event]:
        """The events by what their titles say of the clock."""
        found = self.raw(token)
        assert found is not None
        whole = icalendar.Calendar.from_ical(found)
        return {
            f"{each['summary']}".partition(" ")[2]: each
            for each in whole.walk("VEVENT")
            if isinstance(each, icalendar.Event)
        }

    def due(self, token: str) -> dict[str, date]:
        return {name: each.decoded("dtstart") for name, each in self.events(token).items()}

    def establishes(self) -> None:
        self.does("request_team", DocumentSent(to="县政府"), "2025-05-13")
        self.does("establish_team", Order(document_no="1", person="leader"), "2025-05-14")


@pytest.fixture
def office(database: Database) -> Fed:
    return Fed(database)


@pytest.fixture
def quick_office(sqlite_url: str) -> Iterator[Fed]:
    database = open_database(sqlite_url)
    yield Fed(database)
    database.engine.dispose()


def report_of(office: Fed, token: str) -> icalendar.Event:
    label = RULES.clocks["report"].label.zh
    (found,) = (each for name, each in office.events(token).items() if label in name)
    return found


def test_an_event_on_the_due_day_with_alarms_and_no_names(quick_office: Fed) -> None:
    office = quick_office
    token = office.token("carrier")
    event = report_of(office, token)
    assert event.decoded("dtstart") == on("2025-07-11")
    assert event.decoded("dtend") == on("2025-07-12")
    assert event.decoded("sequence") == 1000
    assert event["url"] == f"{URL}/cases/{office.ref.number}"
    alarms = sorted(each.decoded("trigger") for each in event.walk("VALARM"))
    assert alarms == [timedelta(hours=9) - timedelta(days=left) for left in (15, 7, 3, 1)]
    found = office.raw(token)
    assert found is not None
    plain = icalendar.Calendar.from_ical(found).to_ical().decode().replace("\r\n ", "")
    assert "某某" not in plain
    assert "胜境街道" not in plain
    full = office.raw(token, is_full=True)
    assert full is not None
    assert "某某商贸有限公司" in full.decode().replace("\r\n ", "")


def test_alarms_of_working_day_clocks_count_working_days(quick_office: Fed) -> None:
    office = quick_office
    # Asked for on Monday 12 May, due in three working days: on Thursday.
    (event,) = (
        each
        for name, each in office.events(office.token("carrier")).items()
        if RULES.clocks["team_request"].label.zh in name
    )
    assert event.decoded("dtstart") == on("2025-05-15")
    alarms = [each.decoded("trigger") for each in event.walk("VALARM")]
    assert alarms == [timedelta(hours=9) - timedelta(days=1)]


def test_who_hears_of_less_has_fewer_alarms(quick_office: Fed) -> None:
    office = quick_office
    alarms = report_of(office, office.token("head")).walk("VALARM")
    days = sorted((timedelta(hours=9) - each.decoded("trigger")).days for each in alarms)
    assert days == [1, 3]


def test_the_event_moves_when_the_date_moves(office: Fed) -> None:
    office.establishes()
    token = office.token("leader")
    before = report_of(office, token)
    office.does("ask_extension", Extension(days=30, grounds="案情复杂"), "2025-07-05")
    office.does("decide_extension", Extension(days=30, outcome="approved"), "2025-07-06")
    after = report_of(office, token)
    assert after["uid"] == before["uid"]
    assert f"{after['uid']}".endswith("@fire.example.gov")
    assert after.decoded("dtstart") == on("2025-08-10")
    assert after.decoded("sequence") > before.decoded("sequence")
    assert after.decoded("last-modified") > before.decoded("last-modified")
    # Fetched again with nothing new, it is the same to the byte.
    assert office.raw(token) == office.raw(token)


def test_what_is_met_is_no_longer_there(quick_office: Fed) -> None:
    office = quick_office
    token = office.token("carrier")
    label = RULES.clocks["team_request"].label.zh
    assert any(label in name for name in office.due(token))
    office.does("request_team", DocumentSent(to="县政府"), "2025-05-13")
    assert not any(label in name for name in office.due(token))


def test_an_address_holds_until_it_is_revoked_or_replaced(office: Fed) -> None:
    first = office.token("carrier")
    assert office.raw(first) is not None
    second = office.token("carrier")
    assert office.raw(first) is None
    assert office.raw(second) is not None
    with office.database.readers.begin() as session:
        person = find_person(session, office.id_of("carrier"))
    assert person is not None
    end_feed(office.database, Asker(person, at(office.today)))
    assert office.raw(second) is None
    assert office.raw("x" * 43) is None


def test_whoever_was_recused_or_left_gets_nothing(office: Fed) -> None:
    office.establishes()
    token, head = office.token("leader"), office.token("head")
    assert office.due(token)
    office.does("declare_recusal", Recusal(person="leader", item="interest"), "2025-06-01")
    office.does(
        "decide_leader_recusal",
        Recusal(person="leader", item="interest", outcome="granted"),
        "2025-06-01",
    )
    assert office.due(token) == {}
    assert office.due(head)
    set_active(
        office.database,
        office.id_of("head"),
        is_active=False,
        by=By("root", at(office.today), office.today),
    )
    assert office.raw(head) is None


def test_a_post_that_ended_is_heard_of_no_more(quick_office: Fed) -> None:
    office = quick_office
    person_with(office.database, "sun")
    post = give_post(
        office.database, office.id_of("sun"), Post("agency_head", division="530325", tier="county"),
        valid_from=on("2025-01-01"), granted_by="admin", reason="任职",
    )  # fmt: skip
    token = office.token("sun")
    assert office.due(token)
    end_post(
        office.database, post, on("2025-05-20"), reason="调离",
        by=By("root", at(on("2025-05-19")), on("2025-05-19")),
    )  # fmt: skip
    office.today = on("2025-05-21")
    assert office.due(token) == {}


def test_strangers_and_superiors_have_no_calendar_of_it(quick_office: Fed) -> None:
    office = quick_office
    for login in ("elsewhere", "other", "city"):
        assert office.due(office.token(login)) == {}


def test_cost_does_not_grow_with_the_cases(office: Fed) -> None:
    token = office.token("carrier")
    office.raw(token)
    with counted(office.database) as few:
        office.raw(token)
    for _ in range(8):
        office.opens()
    with counted(office.database) as many:
        found = office.raw(token)
    assert found is not None
    assert found.count(b"BEGIN:VEVENT") > 8
    assert len(many) == len(few)
    with office.database.readers.begin() as session:
        some = clocks_heard(
            session, actor(office.database, office.id_of("carrier")), office.today, size=3
        )
    assert len(some) == 3 < MOST_EVENTS


@pytest.mark.parametrize(
    ("day", "part"),
    [
        ("2025-07-03", None),
        ("2025-07-04", "coming"),
        ("2025-07-10", "coming"),
        ("2025-07-11", "today"),
        ("2025-07-12", "overdue"),
    ],
)
def test_the_list_of_a_day_at_its_bounds(quick_office: Fed, day: str, part: str | None) -> None:
    office = quick_office
    with office.database.readers.begin() as session:
        found = day_list(session, actor(office.database, office.id_of("carrier")), on(day))
    parts = {
        name: [each.found.clock for each in getattr(found, name)]
        for name in ("overdue", "today", "coming")
    }
    assert [name for name, clocks in parts.items() if "report" in clocks] == [part] * (
        part is not None
    )
    assert not found.has_more


def test_a_deputy_who_acts_for_somebody_sees_their_day(quick_office: Fed) -> None:
    office = quick_office
    name_deputy(
        office.database, person_id=office.id_of("other"), acts_for_id=office.id_of("head"),
        valid_from=on("2025-07-01"), valid_until=on("2025-07-09"), granted_by="security",
    )  # fmt: skip
    with office.database.readers.begin() as session:
        acting = actor_of(session, office.id_of("other"), on("2025-07-08"), acting_for="head")
        found = day_list(session, acting, on("2025-07-08"))
        own = day_list(session, actor(office.database, office.id_of("other")), on("2025-07-08"))  # fmt: skip
    assert "report" in [each.found.clock for each in found.coming]
    assert (own.overdue, own.today, own.coming) == ((), (), ())
