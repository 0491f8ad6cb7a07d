"""A made-up office: its people, and the ways in which they open and work cases."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from itertools import count

from fireinvest.regulation.calendar import Calendar, Notice
from fireinvest.regulation.facts import Facts
from fireinvest.regulation.rulesets import known_law
from fireinvest.services.cases import CaseRef, Done, act, open_case
from fireinvest.services.people import Post, actor_of, create_person, give_post
from fireinvest.store import Database
from fireinvest.workflow.actions import (
    CODE_ACTIONS,
    Decision,
    DocumentReceived,
    DocumentSent,
    Order,
    Payload,
)
from fireinvest.workflow.engine import Action
from fireinvest.workflow.permissions import SYSTEM, Actor, Grant

LAW = known_law()
CALENDAR = Calendar()
NOW = datetime(2025, 9, 10, 4, 0, 0, 123456, tzinfo=UTC)
TODAY = date(2025, 9, 10)
FIRE_ON = date(2025, 5, 12)
FUYUAN = "530325"
CITY = "530300"
TIMERS = Actor(SYSTEM)
#: The head of the city's agency, who may void, correct, merge and hand over.
HEAD = Actor(
    "head", tuple(Grant("agency_head", division=CITY, tier=tier) for tier in ("county", "city"))
)

_SATURDAY = 5

_keys = count(1)


def key() -> str:
    """A key that no form has had before."""
    return f"form-{next(_keys)}"


def facts(division: str | None = FUYUAN, **known: object) -> Facts:
    """The facts of a fire with five deaths, unless others are given."""
    return Facts(FIRE_ON, division=division, **{"deaths": 5, **known})  # type: ignore[arg-type] # names are fields


def person(database: Database, login: str, *posts: Post) -> Actor:
    """Somebody with these posts since the year began."""
    person_id = create_person(database, login=login, name=f"某{login}", now=NOW)
    for post in posts:
        give_post(database, person_id, post, valid_from=date(2025, 1, 1), granted_by="admin")
    return actor(database, person_id)


def actor(database: Database, person_id: int, on: date = TODAY) -> Actor:
    """The person as somebody who acts, with the posts of that day."""
    with database.readers.begin() as session:
        return actor_of(session, person_id, on)


def opened(
    database: Database, by: Actor = TIMERS, known: Facts | None = None, *, form: str | None = None
) -> CaseRef:
    """A case that somebody opened."""
    return open_case(
        database, LAW, CALENDAR, by, known or facts(), "某某商贸有限公司", "胜境街道1号",
        home_division=CITY, idempotency_key=form or key(), now=NOW, today=TODAY,
    )  # fmt: skip


def did(
    database: Database,
    ref: CaseRef,
    step: str,
    payload: Payload,
    on: date = FIRE_ON,
    *,
    by: Actor | None = None,
    form: str | None = None,
    expected: int | None = None,
    reason: str | None = "现场先行处置",
    acting_for: str | None = None,
) -> Done:
    """What somebody did in a case: the timers a step, the head of the agency the rest."""
    by = by or (HEAD if step in CODE_ACTIONS else TIMERS)
    action = Action(
        step, payload, on, reason=reason, expected_version=expected, acting_for=acting_for
    )
    return act(
        database, LAW, CALENDAR, by, ref.id, action,
        idempotency_key=form or key(), now=NOW, today=TODAY,
    )  # fmt: skip


REPLY = Decision(outcome="approved", decided_by="市政府", document_no="曲政复1号")


def notice_of(year: int, number: str, *, off: Iterable[date] = ()) -> Notice:
    """The State Council's notice of a year as it was, with more days off if wanted."""
    more, real = set(off), Calendar()
    days = [date(year, 1, 1) + timedelta(n) for n in range(365)]
    free = {each for each in days if each.weekday() < _SATURDAY and not real.is_working(each)}
    worked = {each for each in days if each.weekday() >= _SATURDAY and real.is_working(each)}
    return Notice(year, number, dict.fromkeys(sorted(free | more), ""), frozenset(worked - more))


def submitted(database: Database, ref: CaseRef) -> int:
    """Bring a case to the point at which the reply is due; return its version then."""
    did(database, ref, "request_team", DocumentSent(to="市政府"), date(2025, 5, 13))
    did(database, ref, "establish_team", Order(document_no="1", person="zhao"), date(2025, 5, 14))
    did(database, ref, "submit_report", DocumentSent(to="市政府"), date(2025, 7, 10))
    done = did(
        database, ref, "receive_report", DocumentReceived(sender="调查组"), date(2025, 7, 11)
    )
    return done.version
