"""Who should have been told what, on which day? Worked out anew, beside the program.

Nothing of the ladders, the sweep or the hearing is used here: days are counted one by one, and who
holds which post is read from the test's own books. What is taken from the application is only
what is proved elsewhere: the dates of the clocks.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from fireinvest.regulation.calendar import Calendar

ONE_DAY = timedelta(days=1)
_SHOWN = 12

#: The ladder: the later line is the higher one of two that are reached on one day.
RUNGS = (
    "started", "half_way", "left_15", "left_7", "left_3", "left_1", "due_today",
    "overdue_daily", "overdue_weekly", "overdue_advice", "urged", "supervised",
)  # fmt: skip
_TEAM = ("carrier", "leader")
_AGENCY = (*_TEAM, "agency_head")
#: Who hears of what: of a start the team, in the end the agency, overdue the superior.
HEARS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("started", "half_way", "left_15", "left_7", "satisfied", "confirmed"), _TEAM),
    **dict.fromkeys(
        ("left_3", "left_1", "due_today", "overdue_daily", "overdue_weekly", "moved"), _AGENCY
    ),
    "overdue_advice": ("carrier",),
    "urged": (*_AGENCY, "government_signer"),
    "supervised": ("leader", "agency_head", "superior-agency_head"),
}
#: The government hears of what it owes itself.
ALSO_HEARS: Mapping[str, tuple[str, ...]] = {
    "reply": ("government_registrar", "government_handler", "government_signer"),
    "delivery": ("government_registrar", "government_handler"),
}
ADVISORY = frozenset({"publication", "delivery", "copies", "archive"})
WORKING = frozenset({"team_request", "reply", "publication", "delivery", "copies"})
STATUTORY = frozenset({"team_request", "report", "reply", "evaluation", "determination"})
#: Of these somebody hears, whoever has left.
MUST_BE_HEARD = frozenset(
    {"due_today", "overdue_daily", "overdue_weekly", "overdue_advice", "urged", "supervised"}
)
STANDING_IN = ("agency_head", "superior-agency_head")
TIERS = ("county", "city", "province", "state")
_APART = frozenset({"government_handler", "government_signer"})
_ZONE = "530300-jkq"

Place = tuple[str, str]


@dataclass
class Person:
    """Somebody of the year: their posts (role, division, tier), and since when they are gone."""

    login: str
    id: int
    posts: list[tuple[str, str, str]] = field(default_factory=list)
    is_gone: bool = False


@dataclass
class Book:
    """What the test knows of a case. ``row``: where it stands, as the list of cases says."""

    id: int
    number: str
    division: str
    category: str
    carriers: list[str]
    leader: str | None = None
    team: set[str] = field(default_factory=set)
    recused: set[str] = field(default_factory=set)
    is_authorised: bool = False
    row: Mapping[str, Any] = field(default_factory=dict)

    def acting(self) -> set[str]:
        """The tiers of government that act in the case."""
        if self.row["mode"] == "investigate" and self.row["investigating"]:
            return {self.row["investigating"]}
        if self.row["mode"] == "assist" or self.row["level"] in ("major", "exceptional"):
            return set(TIERS)
        is_zone = self.division == _ZONE and not self.is_authorised
        return {"city" if self.row["level"] == "larger" or is_zone else "county"}


@dataclass(frozen=True)
class Deputed:
    """Somebody acts for another person between two days."""

    login: str
    acts_for: str
    first_on: date
    last_on: date


@dataclass(frozen=True)
class Event:
    """Something happened to a clock, by this entry."""

    kind: str
    case_id: int
    place: Place
    before: date | None
    after: date | None
    entry: int
    is_confirmed: bool = False


@dataclass(frozen=True)
class Line:
    """A clock's date in the list of deadlines."""

    due_on: date
    started_on: date
    ended_on: date | None
    provisional: bool
    satisfied_by: int | None
    #: An appraisal is out since then, and the date was counted up to this day.
    runs_since: date | None
    runs_until: date | None


#: Case, clock, instance, due day, rung, occurrence.
Key = tuple[int, str, str, date, str, int]


class Oracle:
    """Follows the year beside the application, and says what each person should have heard."""

    def __init__(self, calendar: Calendar) -> None:
        self.calendar = calendar
        self.people: dict[str, Person] = {}
        self.deputies: list[Deputed] = []
        self.books: dict[int, Book] = {}
        self.lines: dict[int, dict[Place, Line]] = {}
        #: Up to which day the ladder of a running clock was looked at.
        self.looked: dict[tuple[int, Place], date | None] = {}
        #: Rungs that each clock has reached since it began, told or not.
        self.reached: dict[tuple[int, Place], set[Key]] = {}
        #: Whether each rung on record was skipped.
        self.record: dict[Key, bool] = {}
        self.told: dict[tuple[Key, str], date] = {}
        self.waiting: Counter[Event] = Counter()
        self.events: list[Event] = []
        self.faults: list[str] = []

    # ------------------------------------------------------------------ the days of the rungs

    def days(self, case_id: int, place: Place, until: date) -> Iterator[tuple[str, int, date]]:
        """Yield rung, occurrence and day of all that a clock reaches up to a day."""
        line, clock = self.lines[case_id][place], place[0]
        start, due = line.started_on, line.due_on
        advisory = clock in ADVISORY
        found: list[tuple[str, int, date]] = [("started", 1, start)]
        if line.runs_since is not None:
            # As much time is left as before, until the appraisal is back.
            return (each for each in found if each[2] <= until)
        if not advisory:
            total = self._units(case_id, clock, start, due)
            found.append(("half_way", 1, self._left(case_id, clock, due, total // 2)))
            found.append(("left_15", 1, self._left(case_id, clock, due, 15)))
        for left in (7, 3, 1):
            found.append((f"left_{left}", 1, self._left(case_id, clock, due, left)))
        found = [each for each in found if each[0] == "started" or start < each[2] < due]
        found.append(("due_today", 1, due))
        if advisory:
            found += [("overdue_advice", n, due + timedelta(1 + 7 * (n - 1))) for n in range(1, 6)]
        else:
            found.append(("urged", 1, due + ONE_DAY))
            found += [("overdue_daily", n, due + timedelta(1 + n)) for n in range(1, 7)]
            weeks = range(1, (until - due).days // 7 + 1)
            found += [("overdue_weekly", n, due + timedelta(7 + 7 * n)) for n in weeks]
            found += [("supervised", n, due + timedelta(8 + 30 * (n - 1))) for n in weeks]
        return (each for each in found if each[2] <= until)

    def _is_working(self, case_id: int, clock: str) -> bool:
        # Decree 493 gives the government 15 natural days to reply where the fire was of work safety.
        is_decree = clock == "reply" and self.books[case_id].category == "work_safety"
        return clock in WORKING and not is_decree

    def _units(self, case_id: int, clock: str, start: date, due: date) -> int:
        days = [start + timedelta(n) for n in range(1, (due - start).days + 1)]
        if not self._is_working(case_id, clock):
            return len(days)
        return sum(self.calendar.is_working(each) for each in days)

    def _left(self, case_id: int, clock: str, due: date, left: int) -> date:
        """The first day on which so many days are left. With none left it is the due day."""
        if not self._is_working(case_id, clock):
            return due - timedelta(left)
        day, counted = due, 0
        while counted < left:
            counted += self.calendar.is_working(day)
            day -= ONE_DAY
        # On a rest day before it no more days are left than on the working day itself: the first
        # day is the one after which the count begins.
        while not self.calendar.is_working(day):
            day -= ONE_DAY
        return day

    # ------------------------------------------------------------------ who hears

    def hearers(self, book: Book, roles: Iterable[str], on: date) -> set[str]:
        """Return who hears as one of these roles on a day."""
        roles = list(roles)
        held = {role: self._holders(book, role) - book.recused for role in roles}
        heard = {each for logins in held.values() for each in logins}
        own = {each for each in heard if not self.people[each].is_gone}
        deputies = {
            each.login
            for each in self.deputies
            if each.first_on <= on <= each.last_on
            and not self.people[each.login].is_gone
            and each.login not in book.recused
            # Nobody deals with their own report, for another one neither.
            and any(
                each.acts_for in held[role] and not (role in _APART and each.login in book.team)
                for role in roles
            )
        }
        return own | deputies

    def _holders(self, book: Book, role: str) -> set[str]:
        if role == "carrier":
            return set(book.carriers)
        if role == "leader":
            return {book.leader} if book.leader else set()
        tiers = book.acting()
        name = role.removeprefix("superior-")
        if name != role:
            highest = max(TIERS.index(each) for each in tiers)
            tiers = set(TIERS[highest + 1 : highest + 2])
        places = {book.division, "530300"}
        found = {
            person.login
            for person in self.people.values()
            for post in person.posts
            if post[0] == name and post[1] in places and post[2] in tiers
        }
        return found - book.team if role in _APART else found

    # ------------------------------------------------------------------ what happens

    def changed(self, case_id: int, lines: Mapping[Place, Line], entry: int, on: date) -> None:
        """Take in the dates of a case after a change by an entry, made on a day."""
        known = self.lines.get(case_id, {})
        for place, new in lines.items():
            old = self._carried(known.get(place), on)
            kinds = []
            if old is None:
                kinds.append("deadline_started")
            elif old.ended_on is not None and new.ended_on is None:
                kinds.append("deadline_reopened")
            elif old.runs_since is None and new.runs_since is not None:
                kinds.append("deadline_paused")
            elif old.runs_since is not None and new.runs_since is None:
                kinds += ["deadline_resumed"] if new.ended_on is None else []
            elif old.due_on != new.due_on:
                kinds.append("deadline_moved")
            elif old.provisional and not new.provisional and new.ended_on is None:
                kinds.append("deadline_confirmed")
            if new.ended_on is not None and (old is None or old.ended_on is None):
                kinds.append("deadline_met" if new.satisfied_by else "deadline_ended")
            for kind in kinds:
                confirmed = (
                    kind in ("deadline_moved", "deadline_paused", "deadline_resumed")
                    and old is not None
                    and (old.provisional and not new.provisional)
                )
                self._happens(kind, case_id, place, old, new, entry, is_confirmed=confirmed)
            if new.ended_on is not None:
                self.looked.pop((case_id, place), None)
            elif old is None or old.ended_on is not None:
                # It begins, or runs again: it tells where it stands to whoever hasn't heard it.
                self.looked[case_id, place] = None
                self.reached[case_id, place] = set()
        for place, old in known.items():
            if place not in lines:
                self._happens(
                    "deadline_withdrawn", case_id, place, self._carried(old, on), None, entry
                )
                self.looked.pop((case_id, place), None)
        self.lines[case_id] = dict(lines)

    @staticmethod
    def _carried(old: Line | None, on: date) -> Line | None:
        """How it stands without a change: due a day later with each day of an appraisal."""
        if old is None or old.runs_until is None:
            return old
        return replace(old, due_on=old.due_on + (on - old.runs_until), runs_until=on)

    def _happens(
        self,
        kind: str,
        case_id: int,
        place: Place,
        old: Line | None,
        new: Line | None,
        entry: int,
        *,
        is_confirmed: bool = False,
    ) -> None:
        before, after = (each.due_on if each is not None else None for each in (old, new))
        event = Event(kind, case_id, place, before, after, entry, is_confirmed)
        self.waiting[event] += 1
        self.events.append(event)

    def due_cases(self, on: date) -> list[int]:
        """Return the cases that a sweep has to look at on a day."""
        return sorted(
            case_id
            for case_id, lines in self.lines.items()
            if any(
                self._news(case_id, place, on) or self._starts_anew(case_id, place, on)
                for place, line in lines.items()
                if line.ended_on is None
            )
        )

    def _starts_anew(self, case_id: int, place: Place, on: date) -> bool:
        """Its start moved, such as to the receipt: it is looked at again, and tells nothing new."""
        looked = self.looked[case_id, place]
        # Its date moves on with every day: it is brought up to date, and tells nothing.
        if self.lines[case_id][place].runs_since is not None:
            return looked is None or looked < on
        return looked is not None and any(
            looked < day for _, _, day in self.days(case_id, place, on)
        )

    def _news(self, case_id: int, place: Place, on: date) -> list[tuple[Key, date]]:
        """What a clock newly reached up to a day, the highest last."""
        line = self.lines[case_id][place]
        looked = self.looked[case_id, place]
        reached = self.reached[case_id, place]
        found = []
        for rung, occurrence, day in self.days(case_id, place, on):
            key = (case_id, *place, line.due_on, rung, occurrence)
            is_past = looked is not None and day <= looked
            # Under a date that moved, how little time is left is news; that it began is none.
            if key not in reached and not (is_past and rung in ("started", "half_way")):
                found.append((key, day))
        return sorted(found, key=lambda each: (each[1], RUNGS.index(each[0][4])))

    def looks(self, case_id: int, on: date) -> Counter[tuple[Key, str]]:
        """Return what is told when the clocks of a case are looked at on a day."""
        told: Counter[tuple[Key, str]] = Counter()
        for place, line in self.lines[case_id].items():
            if line.ended_on is None:
                told += self._tell(case_id, place[0], self._news(case_id, place, on), on)
                self.looked[case_id, place] = on
        return told

    def _tell(
        self, case_id: int, clock: str, news: Iterable[tuple[Key, date]], on: date
    ) -> Counter[tuple[Key, str]]:
        news = list(news)
        book = self.books[case_id]
        latest: dict[str, Key] = {}
        alone = None
        for key, _ in news:
            roles = (*HEARS[key[4]], *ALSO_HEARS.get(clock, ()))
            heard = self.hearers(book, roles, on)
            latest |= dict.fromkeys(heard, key)
            if not heard and clock in STATUTORY and key[4] in MUST_BE_HEARD:
                alone = key
        alarmed = None
        if alone is not None:
            # Nobody was there: the head of the agency hears it, else the one above, else an alarm.
            own, above = (self.hearers(book, [role], on) for role in STANDING_IN)
            alarmed = alone if not (own or above or latest) else None
            latest = {**dict.fromkeys(own or above, alone), **latest}
        for key, _ in news:
            self.reached.setdefault((case_id, (clock, key[2])), set()).add(key)
            self.record.setdefault(key, key not in (*latest.values(), alarmed))
        fresh = {(key, login) for login, key in latest.items()} - self.told.keys()
        self.told.update(dict.fromkeys(fresh, on))
        return Counter(fresh)

    def spreads(self, event: Event, on: date) -> Counter[tuple[Key, str]]:
        """Return what is told when the news of an event is spread."""
        if not self.waiting[event]:
            self.faults.append(f"nothing of this kind happened: {event}")
        self.waiting[event] -= 1
        told: Counter[tuple[Key, str]] = Counter()
        names = {
            "deadline_met": ["satisfied"],
            **dict.fromkeys(
                ("deadline_moved", "deadline_paused", "deadline_resumed"),
                ["moved", "confirmed"] if event.is_confirmed else ["moved"],
            ),
            "deadline_confirmed": ["confirmed"],
        }.get(event.kind, [])
        for name in names:
            assert event.after is not None
            key = (event.case_id, *event.place, event.after, name, event.entry)
            told += self._tell(event.case_id, event.place[0], [(key, on)], on)
        return told


def differing(
    wanted: Counter[tuple[Key, str]], found: Counter[tuple[Key, str]], when: object
) -> list[str]:
    """Return in words what was told too little and too much."""
    lost = [f"{when} not told: {each}" for each in (wanted - found).elements()]
    more = [f"{when} told in vain: {each}" for each in (found - wanted).elements()]
    return [*lost[:_SHOWN], *more[:_SHOWN]]
