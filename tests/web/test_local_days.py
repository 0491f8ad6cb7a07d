"""Days off that a county gives count for its own cases, on desk and board alike."""

from dataclasses import replace

from flask import Flask

from fireinvest.clock import today_in_china, utcnow
from fireinvest.regulation.calendar import Calendar, Notice
from fireinvest.services.cases import open_case
from fireinvest.services.notices import record_notice
from fireinvest.services.people import Post
from tests.services.office import CITY, FUYUAN, LAW, actor, facts, key
from tests.web.office import database_of, person_with, sign_in, text_of


def test_days_left_are_those_of_the_place_of_each_case(quick_app: Flask) -> None:
    database, today = database_of(quick_app), today_in_china()
    plain = Calendar()
    # Two working days from now the county has a festival of its own.
    festival = plain.nth_working_day(today, 2)
    notice = Notice(festival.year, "县政发1号", {festival: "火把节"}, frozenset(), division=FUYUAN)
    record_notice(database, notice, now=utcnow())
    calendar = Calendar((notice,))
    for number, place in enumerate((FUYUAN, "530302")):
        login = f"carrier{number}"
        person_id = person_with(database, login, Post("carrier", division=place, tier="county"))
        open_case(
            database, LAW, calendar, actor(database, person_id),
            replace(facts(place, deaths=1, serious_injuries=0), occurred_on=today), f"某厂{number}", "某路", home_division=CITY,
            idempotency_key=key(), now=utcnow(), today=today,
        )  # fmt: skip
    for login in ("carrier0", "carrier1"):
        client = sign_in(quick_app, login)
        for page in ("/desk?lang=en", "/board?clock=team_request&lang=en"):
            said = text_of(client.get(page).text)
            # Both have three; by the country's days the county's case would have four.
            assert "(3 working days)" in said, (login, page, said)
