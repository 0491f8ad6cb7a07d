"""A made-up city that works its cases for a year: its people, what they do, and what goes wrong.

Everything follows from a seed. Days are given to the application; nothing waits for a clock. Each
change is told to the oracle, which says what each person should have heard of it.
"""

import json
import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import event, select

from config import ROOT
from fireinvest.messages import Faulty
from fireinvest.regulation.calendar import Calendar, Notice
from fireinvest.regulation.facts import Category, Facts
from fireinvest.services.cases import CaseRef, act, load_case, open_case
from fireinvest.services.people import (
    Post,
    actor_of,
    create_person,
    give_post,
    name_deputy,
    set_active,
)
from fireinvest.services.recounting import enter_notice
from fireinvest.services.sweeping import Swept, sweep
from fireinvest.services.working import LEASE, Worker, event_handlers
from fireinvest.store import Database
from fireinvest.store.alerts import AlertRow
from fireinvest.store.cases import CaseRow, DeadlineRow
from fireinvest.store.outbox import OutboxRow
from fireinvest.store.people import Person as PersonRow
from fireinvest.workflow.actions import (
    CODE_ACTIONS,
    Decision,
    Delivery,
    DocumentReceived,
    DocumentSent,
    Extension,
    Figures,
    Finding,
    HandingOver,
    Interval,
    Measure,
    Membership,
    Merging,
    Order,
    Payload,
    Publication,
    Raising,
    Recusal,
    Voiding,
)
from fireinvest.workflow.engine import Action
from fireinvest.workflow.errors import Invalid, NotAllowed, Refused, Stale
from fireinvest.workflow.permissions import SYSTEM, Actor
from tests.services.office import CITY, HEAD, LAW, key
from tests.stories.oracle import (
    Book,
    Deputed,
    Event,
    Key,
    Line,
    Oracle,
    Person,
    Place,
    differing,
)

ONE_DAY = timedelta(days=1)
COUNTIES = ("530325", "530302", "530322")
ZONE = "530300-jkq"
TIMERS = Actor(SYSTEM)
ADMINISTRATOR = Actor("administrator")
#: The years whose working days are known when the year begins; the notice comes in November.
KNOWN_UNTIL = date(2025, 12, 31)


class Killed(BaseException):
    """The process dies here."""


@dataclass(frozen=True)
class Planned:
    """A step of a case's plan: written down on a day, as having happened on another."""

    day: date
    step: str
    payload: Callable[["Book"], Payload]
    on: date
    by: str = SYSTEM


@dataclass
class Count:
    """What happened in the year, so that a test sees that all kinds did."""

    done: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    nights: Counter[str] = field(default_factory=Counter)


class Year:
    """A city over many days, with the application and the oracle side by side."""

    def __init__(
        self, database: Database, url: str, seed: int, first: date, last: date, *, cases: int,
        before: int = 0, kills: int = 0,
    ) -> None:  # fmt: skip
        self.database, self.url = database, url
        self.random = random.Random(seed)
        self.first, self.last = first, last
        self.calendar = Calendar((), KNOWN_UNTIL)
        self.oracle = Oracle(self.calendar)
        self.now = datetime(first.year, first.month, first.day, tzinfo=UTC) - timedelta(before)
        self.today = self.now.date()
        self.count = Count()
        self.kills = kills
        self.heard_until = self.spread_until = 0
        self.open_jobs: set[int] = set()
        self.ids: dict[str, CaseRef] = {}
        self.plan: dict[date, list[tuple[int, Planned]]] = {}
        self.notices: dict[date, Notice] = {}
        self._people()
        days = (last - first).days + before - 2
        opens = sorted(self.random.randrange(days) for _ in range(cases))
        self.openings: dict[date, list[int]] = {}
        for index, offset in enumerate(opens):
            self.openings.setdefault(first - timedelta(before - offset), []).append(index)

    # ------------------------------------------------------------------ people

    def _people(self) -> None:
        places = [*((code, "county") for code in (*COUNTIES, ZONE)), (CITY, "city")]
        for code, tier in places:
            name = code.removeprefix("5303")
            for post, number in (
                ("carrier", 2), ("agency_head", 2), ("government_signer", 1),
                ("government_handler", 2), ("government_registrar", 1),
            ):  # fmt: skip
                for index in range(number):
                    login = f"{post.removeprefix('government_').replace('_', '-')}.{name}.{index}"
                    self._person(login, (post, code, tier))
        for index in range(14):
            self._person(f"expert.{index}")

    def _person(self, login: str, *posts: tuple[str, str, str]) -> None:
        person_id = create_person(self.database, login=login, name=f"某{login}", now=self.now)
        person = Person(login, person_id)
        for role, division, tier in posts:
            give_post(
                self.database, person_id, Post(role, division=division, tier=tier),
                valid_from=date(2020, 1, 1), granted_by="admin",
            )  # fmt: skip
            if role != "carrier":
                person.posts.append((role, division, tier))
        self.oracle.people[login] = person

    def _anyone(self, *kinds: str) -> str:
        return self.random.choice(
            [each for each in self.oracle.people if each.startswith(kinds or ("expert",))]
        )

    def leaves(self) -> None:
        """Somebody leaves for good; of each kind somebody stays."""
        login = self._anyone("carrier", "expert", "agency-head.25.1", "agency-head.02.1", "handler")
        person = self.oracle.people[login]
        kind = login.rpartition(".")[0]
        left = [each for each in self.oracle.people.values() if each.login.startswith(f"{kind}.")]
        if person.is_gone or sum(not each.is_gone for each in left) < 2:
            return
        set_active(self.database, person.id, is_active=False)
        person.is_gone = True
        self.count.done["leaver"] += 1

    def deputes(self) -> None:
        """Somebody acts for another one for some days."""
        login = self._anyone("expert", "carrier", "agency-head", "signer", "handler")
        for_login = self._anyone("expert", "carrier", "agency-head", "signer", "handler")
        until = self.today + timedelta(self.random.randrange(20))
        one, other = self.oracle.people[login], self.oracle.people[for_login]
        try:
            name_deputy(
                self.database, person_id=one.id, acts_for_id=other.id, valid_from=self.today,
                valid_until=until, granted_by="security",
            )  # fmt: skip
        except Faulty:
            return
        self.oracle.deputies.append(Deputed(login, for_login, self.today, until))
        self.count.done["deputy"] += 1

    # ------------------------------------------------------------------ cases

    def opens(self, index: int) -> None:
        """A fire happened, and somebody opens its case, sooner or later."""
        chance = self.random
        division = chance.choice((*COUNTIES, *COUNTIES, ZONE))
        kind = chance.choices(
            ("general", "larger", "major", "nobody", "work_safety", "elsewhere"),
            (10, 3, 1, 2, 3, 1),
        )[0]
        deaths = {
            "larger": chance.randint(3, 6),
            "major": chance.choice((11, 31)),
            "nobody": 0,
        }.get(kind, chance.randint(1, 2))
        category = {
            "work_safety": Category.WORK_SAFETY, "elsewhere": Category.FOREST_GRASSLAND,
        }.get(kind, Category.ORDINARY)  # fmt: skip
        fire_on = self.today - timedelta(chance.choices((0, 1, 3, 9, 40), (8, 4, 2, 1, 1))[0])
        place = "00" if chance.random() < 0.2 else division.removeprefix("5303")
        carriers = [
            each for each in self.oracle.people.values()
            if each.login.startswith(f"carrier.{place}.") and not each.is_gone
        ]  # fmt: skip
        carrier = chance.choice(carriers)
        with self.database.readers.begin() as session:
            actor = actor_of(session, carrier.id, self.today)
        ref = open_case(
            self.database, LAW, self.calendar, actor,
            Facts(
                fire_on, division=division, deaths=deaths, serious_injuries=0, category=category,
                direct_economic_loss=5_000_00,
            ),
            f"某某{index}商贸有限公司", f"胜境街道{index}号", home_division=CITY, idempotency_key=key(),
            now=self._tick(), today=self.today,
        )  # fmt: skip
        book = Book(ref.id, ref.number, division, category.value, [carrier.login])
        self.oracle.books[ref.id] = book
        self.ids[ref.number] = ref
        self.count.done[f"open {kind}"] += 1
        self._note(ref.id)
        for each in self._story(book, kind, fire_on):
            self.plan.setdefault(max(each.day, self.today), []).append((ref.id, each))

    def _story(self, book: Book, kind: str, fire_on: date) -> Iterator[Planned]:
        """What is meant to happen in a case; much of it is late, some of it never happens."""
        chance = self.random
        leader = self._anyone()

        def step(
            name: str, after: int, payload: Payload | Callable[[Book], Payload], *,
            odds: float = 0.95, by: str = SYSTEM,
        ) -> Iterator[Planned]:  # fmt: skip
            if chance.random() > odds:
                return
            on = fire_on + timedelta(after)
            delay = chance.choices((0, 1, 4, 12), (14, 3, 2, 1))[0]
            make = payload if callable(payload) else lambda _book: payload
            yield Planned(on + timedelta(delay), name, make, on, by)

        def sometime(most: int) -> int:
            return chance.randint(1, most)

        pace = chance.choice((0.4, 0.8, 1, 1, 1.2, 1.6, 2.2))
        asked = chance.choice((1, 2, 3, 4, 6))
        yield from step("request_team", asked, DocumentSent(to="政府"), by="carrier")
        yield from step(
            "establish_team", asked + sometime(3), Order(document_no="1", person=leader)
        )
        for member in (self._anyone(), self._anyone(), self._anyone("handler", "signer")):
            joins = Membership(person=member, item="police")
            yield from step("join_team", asked + sometime(9), joins, odds=0.5)
        yield from step(
            "leave_team", sometime(50), lambda each: Membership(person=self._member(each)), odds=0.2
        )
        for of, by in (
            (self._leader, "decide_leader_recusal"), (self._member, "decide_recusal"),
        ):  # fmt: skip
            if chance.random() > 0.15:
                continue
            day = sometime(50)
            raised, granted = self._recusals(of)
            yield from step("declare_recusal", day, raised)
            yield from step(by, day + sometime(3), granted)
            if by == "decide_leader_recusal":
                order = Order(document_no="2", person=self._anyone())
                yield from step("establish_team", day + 5, order, odds=0.7)
        if chance.random() < 0.1:
            carrier = Recusal(person=book.carriers[0], item="relation", outcome="granted")
            yield from step(
                "declare_recusal", 12, Recusal(person=book.carriers[0], item="relation")
            )
            yield from step("decide_recusal", 13, carrier)
        rises = chance.choices((None, "city", "province"), (12, 4, 1))[0]
        deaths = {"city": 3, "province": 10}.get(rises or "", chance.choice((0, 1, 2)))
        figures = Figures(deaths=deaths, source="医院")
        odds = 1 if rises else 0.1
        yield from step("update_figures", sometime(6), figures, odds=odds, by="carrier")
        if rises:
            asks = DocumentSent(to="政府", government=rises)
            yield from step("request_team", 6 + sometime(6), asks, odds=0.6)
            hands = HandingOver(rises, "1")
            yield from step("hand_over", 6 + sometime(20), hands, odds=0.85)
        yield from step("raise", sometime(70), Raising("city", "1"), odds=0.05)
        yield from step(
            "decide_social_impact", sometime(30), Decision(outcome="yes", decided_by="县政府", note="网络"),
            odds=0.7 if kind == "nobody" else 0.1,
        )  # fmt: skip
        yield from step(
            "decide_category", sometime(40),
            Decision(category=chance.choice(("work_safety", "arson_filed", "ordinary")), decided_by="县政府"),
            odds=0.15,
        )  # fmt: skip
        if book.division == ZONE:
            yield from step(
                "authorise_zone",
                sometime(20),
                Decision(outcome="yes", decided_by="市政府"),
                odds=0.5,
            )
        for number in range(2):
            out = sometime(30)
            test, back = (Interval(ref=f"T{number}", subject="残留物") for _ in range(2))
            odds = 1 if chance.random() < 0.4 else 0
            yield from step("test_commissioned", out, test, odds=odds)
            yield from step("test_returned", out + sometime(35), back, odds=odds * 0.9)
        cause = Finding(text="电气线路故障")
        yield from step("fire_determination", sometime(50), cause, odds=0.8)
        if chance.random() < 0.3:
            wants = Extension(days=30, grounds="案情复杂")
            grants = Extension(days=30, outcome=chance.choice(("approved", "refused")))
            yield from step("ask_determination_extension", 20, wants)
            yield from step("decide_determination_extension", 20 + sometime(12), grants)
        if chance.random() < 0.4:
            for number in range(chance.choice((1, 1, 2))):
                days = chance.choice((1, 10, 30, 60))
                wants = Extension(days=days, grounds="案情复杂")
                grants = Extension(
                    days=days, outcome=chance.choice(("approved", "approved", "refused"))
                )
                yield from step("ask_extension", 40 + 10 * number + sometime(12), wants)
                yield from step("decide_extension", 48 + 10 * number + sometime(16), grants)
        day = round(25 + 35 * pace)
        yield from step("submit_report", day, DocumentSent(to="政府"), by="leader")
        yield from step(
            "receive_report", day + sometime(5), DocumentReceived(sender="调查组"), odds=0.8
        )
        if chance.random() < 0.25:
            yield from step("return_report", day + 8, DocumentSent(to="调查组"))
            day += 15
            yield from step("submit_report", day, DocumentSent(to="政府"))
            yield from step("receive_report", day + 1, DocumentReceived(sender="调查组"))
        yield from step("void", day + sometime(20), self._voided, odds=0.15)
        day += 6 + sometime(22)
        reply = Decision(outcome="approved", decided_by="政府", document_no="1")
        yield from step("reply", day, reply)
        yield from self._execution(step, day, sometime)
        for number in range(2):
            ref = f"A{number}"
            at = sometime(20)
            task = Order(ref=ref, what="协助", due_on=fire_on + timedelta(at + 20))
            odds = 0.9 if kind == "major" else 0.0
            yield from step("assist_task", at, task, odds=odds)
            yield from step("assist_done", at + sometime(30), Order(ref=ref), odds=odds)
        yield from step("merge", sometime(60), self._merging, odds=0.06)

    def _execution(
        self, step: Callable[..., Iterator[Planned]], day: int, sometime: Callable[[int], int]
    ) -> Iterator[Planned]:
        for item in ("lead", "discipline", "judicial"):
            yield from step("deliver_reply", day + sometime(9), Delivery(item=item, recipient="某"))
        yield from step("reply_received", day + sometime(3), DocumentReceived(sender="政府"))
        for item in ("report_media", "report_website", "result_media", "result_website"):
            places = Publication(item=item, where="网站", proof="截图")
            yield from step("publish", day + sometime(35), places)
        for item in ("participants", "lower_governments"):
            yield from step("send_copies", day + sometime(14), Delivery(item=item, recipient="某"))
        for item in ("founding", "report", "signatures", "reply", "evidence"):
            yield from step("archive", day + 10 + sometime(30), Delivery(item=item, recipient="某"))
        for number in range(2):
            ref = f"M{number}"
            due = self._day(day) + timedelta(self.random.choice((9, 20, 40, 90)))
            sets = Measure(ref=ref, what="整改", unit="某单位", due_on=due)
            proves = Measure(ref=ref, outcome="proved", proof="照片")
            yield from step("set_measure", day + 2, sets, odds=0.6)
            yield from step("accept_measure", day + 4 + sometime(70), proves, odds=0.7)
        due = self._day(day) + timedelta(45)
        orders = Order(ref="G1", what="挂牌督办", due_on=due)
        longer = Order(ref="G1", due_on=due + timedelta(self.random.choice((-9, 15, 60))))
        yield from step("order_supervision", day + 15, orders, odds=0.3)
        yield from step("extend_supervision", day + 17 + sometime(20), longer, odds=0.3)
        yield from step("lift_supervision", day + 60, Order(ref="G1"), odds=0.3)
        day += self.random.choice((30, 60, 200))
        yield from step("open_evaluation", day, Order(document_no="9", person=self._anyone()))
        handed = DocumentSent(to="政府", title="评估报告")
        yield from step("evaluation_report", day + sometime(40), handed, odds=0.8)

    def _day(self, after: int) -> date:
        return self.today + timedelta(after)

    def _member(self, book: Book) -> str:
        members = sorted(book.team - {book.leader})
        return self.random.choice(members) if members else "nobody"

    def _leader(self, book: Book) -> str:
        return book.leader or "nobody"

    def _recusals(
        self, of: Callable[[Book], str]
    ) -> tuple[Callable[[Book], Payload], Callable[[Book], Payload]]:
        """A ground of somebody's is raised, and found to be one."""
        return (
            lambda book: Recusal(person=of(book), item="interest"),
            lambda book: Recusal(person=of(book), item="interest", outcome="granted"),
        )

    def _voided(self, book: Book) -> Payload:
        """One of the latest entries was wrong."""
        return Voiding(max(2, int(book.row["version"]) - self.random.randrange(3)))

    def _merging(self, book: Book) -> Payload:
        others = [each for each in self.oracle.books.values() if each.division == book.division]
        return Merging(self.random.choice(others).number)

    # ------------------------------------------------------------------ one change

    def takes(self, case_id: int, planned: Planned) -> None:
        """Somebody takes a planned step; what the case forbids isn't done."""
        book = self.oracle.books[case_id]
        payload = planned.payload(book)
        actor = self._actor(book, planned)
        action = Action(planned.step, payload, min(planned.on, self.today), reason="据实补记")
        try:
            act(
                self.database, LAW, self.calendar, actor, case_id, action,
                idempotency_key=key(), now=self._tick(), today=self.today,
            )  # fmt: skip
        except (Invalid, NotAllowed, Refused, Stale) as error:
            self.count.refused[f"{planned.step}: {type(error).__name__}"] += 1
            return
        self.count.done[planned.step] += 1
        self._keep_book(book, planned.step, payload)
        self._note(case_id)
        if isinstance(payload, Merging):
            self._note(self.ids[payload.into].id)

    def _actor(self, book: Book, planned: Planned) -> Actor:
        if planned.step in CODE_ACTIONS:
            return HEAD
        login = {"carrier": book.carriers[0], "leader": book.leader}.get(planned.by)
        if login is None or login in book.recused or self.oracle.people[login].is_gone:
            return TIMERS
        with self.database.readers.begin() as session:
            return actor_of(session, self.oracle.people[login].id, self.today)

    def _keep_book(self, book: Book, step: str, payload: Payload) -> None:
        match step, payload:
            case ("establish_team", Order(person=str(person))):
                book.leader = person
                book.team.add(person)
            case ("join_team", Membership(person=str(person))):
                book.team.add(person)
            case ("leave_team", Membership(person=str(person))):
                book.leader = None if person == book.leader else book.leader
            case (_, Recusal(person=str(person), outcome="granted")):
                book.recused.add(person)
                book.leader = None if person == book.leader else book.leader
            case ("decide_category", Decision(category=str(category))):
                book.category = category
            case ("authorise_zone", _):
                book.is_authorised = True
            case (_, Voiding()):
                self._reread(book)
            case _:
                pass

    def _reread(self, book: Book) -> None:
        """After something was voided the books are what the journal says."""
        with self.database.readers.begin() as session:
            case = load_case(session, book.id).case
        active = [each for each in case.members if each.post == "leader" and each.is_active]
        book.leader = active[-1].person if active else None
        book.team = {each.person for each in case.team}
        book.recused = set(case.recused)
        book.category = case.facts.category.value if case.facts.category else "ordinary"
        book.is_authorised = bool(case.facts.zone_authorised)

    def _note(self, *case_ids: int) -> None:
        """Tell the oracle how the dates of cases stand."""
        for case_id, (row, lines) in self._stand(case_ids).items():
            self.oracle.books[case_id].row = row
            self.oracle.changed(case_id, lines, row["version"], self.today)

    def _stand(
        self, case_ids: tuple[int, ...] | list[int]
    ) -> dict[int, tuple[dict[str, Any], dict[Place, Line]]]:
        with self.database.readers.begin() as session:
            rows = session.execute(
                select(
                    CaseRow.id, CaseRow.mode, CaseRow.investigating, CaseRow.level, CaseRow.version
                ).where(CaseRow.id.in_(case_ids))
            )
            found: dict[int, tuple[dict[str, Any], dict[Place, Line]]] = {
                row.id: (dict(row._mapping), {}) for row in rows
            }
            dates = session.execute(
                select(
                    DeadlineRow.case_id, DeadlineRow.clock, DeadlineRow.instance, DeadlineRow.due_on,
                    DeadlineRow.started_on, DeadlineRow.ended_on, DeadlineRow.provisional,
                    DeadlineRow.satisfied_by, DeadlineRow.runs_since, DeadlineRow.runs_until,
                ).where(DeadlineRow.case_id.in_(case_ids))
            )  # fmt: skip
            for row in dates:
                found[row.case_id][1][row.clock, row.instance] = Line(*list(row)[3:])
        return found

    def _tick(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now

    # ------------------------------------------------------------------ notices of holidays

    def learns(self, notice: Notice) -> None:
        """A notice of holidays comes: it is entered, and every open case is counted anew."""
        enter_notice(
            self.database, self.calendar, notice, ADMINISTRATOR, seen=None, now=self._tick(),
            today=self.today,
        )  # fmt: skip
        self.calendar = Calendar((*self.calendar.notices, notice), KNOWN_UNTIL)
        self.oracle.calendar = self.calendar
        self._note(*self.oracle.books)
        self.count.done["notice"] += 1

    # ------------------------------------------------------------------ the night

    def sweeps(self) -> Swept:
        """The sweep of the night, as it should be."""
        return sweep(self.database, lambda: self.calendar, clock=self._tick, today=self.today)

    def night(self, kind: str | None = None) -> None:
        """A night: mostly one sweep, but it is left out, dies, runs twice or twice at once."""
        kind = (
            kind
            or self.random.choices(
                ("plain", "missed", "twice", "at once", "dies", "bad case", "killed"),
                (58, 14, 6, 4, 8, 5, 5 if self.kills else 0),
            )[0]
        )
        self.count.nights[kind] += 1
        due = self.oracle.due_cases(self.today)
        if kind == "missed":
            return
        looked = due
        if kind in ("dies", "bad case"):
            looked = self._goes_wrong(due, Killed if kind == "dies" else RuntimeError)
        elif kind == "killed":
            self.kills -= 1
            looked = self._is_killed(due)
        elif kind == "at once":
            with ThreadPoolExecutor(2) as pool:
                both = list(pool.map(lambda _: self.sweeps(), range(2)))
            self._expects(not any(each.failed for each in both), f"a case failed: {both}")
        else:
            swept = self.sweeps()
            self._expects(
                (swept.cases, swept.failed) == (len(due), ()),
                f"looked at {swept.cases} cases, due were {len(due)}; failed: {swept.failed}",
            )
            if kind == "twice":
                self._expects(self.sweeps().cases == 0, "the second sweep found something to do")
        self._looked(looked)

    def _expects(self, holds: bool, otherwise: str) -> None:
        if not holds:
            self.oracle.faults.append(f"{self.today} {otherwise}")

    def _looked(self, case_ids: list[int]) -> None:
        wanted: Counter[tuple[Key, str]] = Counter()
        self._note(*case_ids)
        for case_id in case_ids:
            wanted += self.oracle.looks(case_id, self.today)
        self._compare(wanted, "swept")

    def _goes_wrong(self, due: list[int], error: type[BaseException]) -> list[int]:
        """A sweep in which one statement fails: the process dies there, or one case does."""
        commits = 0
        with self._failing_at(self.random.randrange(1, 12 + 12 * len(due)), error) as state:
            try:
                swept = self.sweeps()
            except (Killed, RuntimeError):
                # Also where the sweep notes that it begins or ends.
                swept = None
            commits = state["commits"]
        if swept is not None:
            return [each for each in due if each not in swept.failed]
        # The note that it begins, and the list of what is due, are commits of their own.
        return due[: max(0, commits - 2)]

    @contextmanager
    def _failing_at(self, number: int, error: type[BaseException]) -> Iterator[dict[str, int]]:
        state = {"left": number, "commits": 0}

        def before(*_: object) -> None:
            state["left"] -= 1
            if state["left"] == 0:
                raise error("the other end is gone")

        def committed(_: object) -> None:
            state["commits"] += 1

        engine = self.database.engine
        event.listen(engine, "before_cursor_execute", before)
        event.listen(engine, "commit", committed)
        try:
            yield state
        finally:
            event.remove(engine, "before_cursor_execute", before)
            event.remove(engine, "commit", committed)

    def _is_killed(self, due: list[int]) -> list[int]:
        """A sweep in a process of its own, killed by the system at some statement."""
        asked = {
            "url": self.url, "today": f"{self.today}", "now": f"{self._tick()}",
            "at": self.random.randrange(1, 12 + 12 * len(due)),
            "notices": [_written(each) for each in self.calendar.notices],
        }  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-c", _SWEPT, json.dumps(asked)], check=False, cwd=ROOT,
            env=os.environ.copy(), stdout=subprocess.PIPE,
        )  # fmt: skip
        self._expects(done.returncode in (-9, 0), f"the sweep ended with {done.returncode}")
        if done.returncode == 0:
            return due
        return due[: max(0, done.stdout.count(b"c") - 2)]

    # ------------------------------------------------------------------ what happened is spread

    def works(self) -> None:
        """Workers spread what happened; some die holding what they took."""
        for _ in range(self.random.choice((0, 0, 1, 2))):
            with self._failing_at(self.random.randrange(1, 60), Killed):
                try:
                    self._worker().drain()
                except Killed:
                    self.count.nights["worker died"] += 1
            self._spread()
        if self.random.random() < 0.3:
            # Those that the dead hold are left for the next time.
            self._worker().drain()
            self._spread()
            return
        self.drains()

    def drains(self) -> None:
        """Everything is spread, also what the dead hold."""
        self.now += LEASE + timedelta(minutes=30)
        self._worker().drain()
        self._spread()

    def _worker(self) -> Worker:
        return Worker(self.database, event_handlers(lambda: self.calendar), self._tick)

    def _spread(self) -> None:
        """Tell the oracle which news were spread, in the order of the news."""
        with self.database.readers.begin() as session:
            rows = session.execute(
                select(
                    OutboxRow.id, OutboxRow.kind, OutboxRow.case_id, OutboxRow.payload,
                    OutboxRow.done_at, OutboxRow.failed_at,
                )
                .where(
                    (OutboxRow.id > self.spread_until) | OutboxRow.id.in_(self.open_jobs)
                )
                .order_by(OutboxRow.id)
            ).all()  # fmt: skip
        wanted: Counter[tuple[Key, str]] = Counter()
        climbing = {
            "deadline_started", "deadline_reopened", "deadline_moved", "deadline_resumed",
        }  # fmt: skip
        done = [row for row in rows if row.done_at is not None]
        self._note(*{row.case_id for row in done if row.kind in climbing})
        for row in rows:
            self.spread_until = max(self.spread_until, row.id)
            if row.done_at is None:
                self.open_jobs.add(row.id)
                self._expects(row.failed_at is None, f"given up: {row.payload}")
                continue
            self.open_jobs.discard(row.id)
            wanted += self.oracle.spreads(_event(row), self.today)
            if row.kind in climbing:
                wanted += self.oracle.looks(row.case_id, self.today)
        self._compare(wanted, "spread")

    def _compare(self, wanted: Counter[tuple[Key, str]], how: str) -> None:
        with self.database.readers.begin() as session:
            rows = session.execute(
                select(
                    AlertRow.id, AlertRow.case_id, AlertRow.clock, AlertRow.instance,
                    AlertRow.due_on, AlertRow.rung, AlertRow.occurrence, PersonRow.login,
                )
                .join(PersonRow, PersonRow.id == AlertRow.person_id)
                .where(AlertRow.id > self.heard_until)
            ).all()  # fmt: skip
        self.heard_until = max([self.heard_until, *(row.id for row in rows)])
        found = Counter((_key(row), str(row.login)) for row in rows)
        self.oracle.faults += differing(wanted, found, f"{self.today} {how}")

    # ------------------------------------------------------------------ the year

    def goes_on(self) -> None:
        """Day after day: people come and go, cases are worked, and the night is swept."""
        while self.today <= self.last:
            for index in self.openings.get(self.today, ()):
                self.opens(index)
            if self.today in self.notices:
                self.learns(self.notices[self.today])
            for case_id, planned in self.plan.pop(self.today, ()):
                self.takes(case_id, planned)
            if self.random.random() < 0.04:
                self.leaves()
            if self.random.random() < 0.3:
                self.deputes()
            if self.today >= self.first:
                for part in self.random.sample((self.works, self.night), 2):
                    part()
            self.today += ONE_DAY
            self.now = datetime(self.today.year, self.today.month, self.today.day, tzinfo=UTC)
        self.today = self.last
        self.now = datetime(self.last.year, self.last.month, self.last.day, 12, tzinfo=UTC)
        self.drains()
        self.night("plain")
        self.drains()


def _key(row: Any) -> Key:
    return (row.case_id, row.clock, row.instance, row.due_on, row.rung, row.occurrence)


def _event(row: Any) -> Event:
    told = json.loads(row.payload)
    before, after = told.get("before"), told.get("after")
    is_moved = row.kind in ("deadline_moved", "deadline_paused", "deadline_resumed")
    return Event(
        row.kind, row.case_id, (told["clock"], told["instance"]),
        before and date.fromisoformat(before["due_on"]),
        after and date.fromisoformat(after["due_on"]),
        told["entry"],
        bool(is_moved and before["provisional"] and not after["provisional"]),
    )  # fmt: skip


def _written(notice: Notice) -> dict[str, object]:
    return {
        "year": notice.year, "number": notice.number, "off": [f"{each}" for each in notice.off],
        "worked": [f"{each}" for each in notice.worked],
    }  # fmt: skip


_SWEPT = """
import json, os, signal, sys
from datetime import date, datetime
sys.path.insert(0, ".")
from sqlalchemy import event
from fireinvest.regulation.calendar import Calendar, parse_notice
from fireinvest.services.recounting import enter_notice
from fireinvest.services.sweeping import sweep
from fireinvest.store import open_database
from tests.stories.simulated import KNOWN_UNTIL
asked = json.loads(sys.argv[1])
database = open_database(asked["url"])
left = [asked["at"]]
def before(*_):
    left[0] -= 1
    if left[0] == 0:
        os.kill(os.getpid(), signal.SIGKILL)
def committed(_):
    os.write(1, b"c")
event.listen(database.engine, "before_cursor_execute", before)
event.listen(database.engine, "commit", committed)
calendar = Calendar(tuple(map(parse_notice, asked["notices"])), KNOWN_UNTIL)
now = datetime.fromisoformat(asked["now"])
sweep(database, lambda: calendar, clock=lambda: now, today=date.fromisoformat(asked["today"]))
"""
