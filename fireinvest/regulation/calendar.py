"""Is this day a working day in China, why, and who says so?

Working days are Monday to Friday, less the days off of the State Council's yearly notice, plus
the weekend days that the notice makes up with (readings, "Working days"; art 31(1) of the Rule).
The years of the past come from the ``holidays`` library; a year whose notice an office has entered
comes from that notice. Whether a year is announced is our own knowledge: for a year without a
notice the library silently returns the statutory days only, so such a year is never treated as
known.
"""

import json
import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache

import holidays

from fireinvest.messages import Faulty, Label, Problem, Text, excerpt

#: The days for which a calendar can be asked. The State Council's notices are checked since 2007.
FIRST_DAY = date(2007, 1, 1)
LAST_DAY = date(2099, 12, 31)

#: Until when the library's years rest on a notice of the State Council (holidays 0.109).
LIBRARY_ANNOUNCED_UNTIL = date(2026, 12, 31)

ONE_DAY = timedelta(days=1)
#: Fewer than any year has, so that a count is sure to find its days.
_WORKING_DAYS_OF_A_YEAR = 200
_SATURDAY = 5
_LONGEST_NUMBER = 100
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

#: Bounds of what a notice may do, taken from every notice of 2007-2026 (a test counts them):
#: at most so many weekdays are swapped for one holiday, off no further from its statutory days,
#: and made up for no further away.
SWAPPED_DAYS_AT_MOST = 3
SWAPPED_OFF_WITHIN = 6
MADE_UP_WITHIN = 15


class DayKind(StrEnum):
    """What is this day, for a count of working days?"""

    WORKING = "working"
    MAKE_UP = "make_up"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"
    SWAPPED_OFF = "swapped_off"

    @property
    def is_working(self) -> bool:
        """Is it worked?"""
        return self in (DayKind.WORKING, DayKind.MAKE_UP)


@dataclass(frozen=True, slots=True)
class Day:
    """A day as the calendar sees it: its kind, its name if it has one, and the notice behind it.

    ``announced`` is false where no notice covers the day's year, so that it may still change.
    """

    on: date
    kind: DayKind
    name: Label | None
    notice: Label | None
    announced: bool


@dataclass(frozen=True, slots=True)
class Notice:
    """The State Council's notice for one year: days off (weekdays or weekends) and days worked.

    With a ``division`` it is a local government's: days off for the festivals of its peoples
    (Holiday measures art 4), laid over the State Council's in that place and those below it.
    """

    year: int
    number: str
    off: Mapping[date, str]
    worked: frozenset[date]
    published_on: date | None = None
    division: str | None = None


def parse_notice(document: Mapping[str, object], *, known: "Calendar | None" = None) -> Notice:
    """Return the notice that a document of plain values describes.

    Keys: ``year`` (int), ``number`` (the document number), ``published_on`` (optional ISO date),
    ``off`` (mapping of ISO date to the holiday's name, or a list of ISO dates), ``worked`` (list of
    ISO dates), ``division`` (optional: the place of a local government's days off, without days
    worked). ``known`` gives the statutory days that a notice of the State Council must contain.

    Raises:
        Faulty: naming each key that can't be taken.

    """
    problems: list[Problem] = []
    for key in document:
        if key not in ("year", "number", "published_on", "off", "worked", "division"):
            problems.append(Problem(excerpt(key), Text("This key is not known.")))
    year = document.get("year")
    if not isinstance(year, int) or isinstance(year, bool) or not _is_calendar_year(year):
        problem = Text(
            "A year from %(first)s to %(last)s is needed.",
            first=FIRST_DAY.year,
            last=LAST_DAY.year,
        )
        raise Faulty([*problems, Problem("year", problem)])
    number = document.get("number")
    if not isinstance(number, str) or not number.strip() or len(number) > _LONGEST_NUMBER:
        problems.append(Problem("number", Text("The number of the notice is needed.")))
    published_on = None
    if document.get("published_on") is not None:
        published_on = _day_of(document["published_on"], "published_on", problems)
    off = _days_off(document.get("off"), year, problems)
    division = _division_of(document.get("division"), problems)
    if division is not None:
        if document.get("worked"):
            text = Text("A local government gives days off only; nothing is made up for them.")
            problems.append(Problem("worked", text))
        if not off and not problems:
            problems.append(Problem("off", Text("The list of days off is needed.")))
        if problems:
            raise Faulty(problems)
        return Notice(year, str(number).strip(), off, frozenset(), published_on, division)
    worked = _days_worked(document.get("worked"), year, problems)
    for on in sorted(worked & off.keys()):
        text = Text("%(day)s is both a day off and a day worked.", day=on)
        problems.append(Problem("worked", text))
    for day in (known or Calendar()).festival_days(year):
        if day.weekday() < _SATURDAY and day not in off:
            text = Text("%(day)s is a statutory holiday and is missing.", day=day)
            problems.append(Problem("off", text))
    if problems:
        raise Faulty(problems)
    return Notice(year, str(number).strip(), off, frozenset(worked), published_on)


_LONGEST_DIVISION = 30


def _division_of(given: object, problems: list[Problem]) -> str | None:
    if given is None:
        return None
    if isinstance(given, str) and given.strip() and len(given) <= _LONGEST_DIVISION:
        return given.strip()
    problems.append(Problem("division", Text("The code of a division is needed.")))
    return None


def _is_calendar_year(year: int) -> bool:
    return FIRST_DAY.year <= year <= LAST_DAY.year


def parse_day(written: str) -> date | None:
    """Return the date written like 2025-05-12, or None; other ISO forms would surprise."""
    if _DAY.fullmatch(written) is None:
        return None
    try:
        return date.fromisoformat(written)
    except ValueError:
        return None


def _day_of(given: object, key: str, problems: list[Problem]) -> date | None:
    on = parse_day(given) if isinstance(given, str) else given
    if isinstance(on, date) and not isinstance(on, datetime):
        return on
    text = Text("%(given)s is not a date like 2027-01-31.", given=excerpt(given))
    problems.append(Problem(key, text))
    return None


def _days_off(given: object, year: int, problems: list[Problem]) -> dict[date, str]:
    if isinstance(given, Mapping):
        named = [(key, excerpt(name)) for key, name in given.items()]
    elif isinstance(given, list):
        named = [(key, "") for key in given]
    else:
        problems.append(Problem("off", Text("The list of days off is needed.")))
        return {}
    off: dict[date, str] = {}
    for key, name in named:
        on = _day_of(key, "off", problems)
        if on is not None and _belongs(on, year, "off", problems):
            off[on] = name
    return off


def _days_worked(given: object, year: int, problems: list[Problem]) -> set[date]:
    if not isinstance(given, list):
        problems.append(Problem("worked", Text("The list of days worked is needed.")))
        return set()
    worked: set[date] = set()
    for each in given:
        on = _day_of(each, "worked", problems)
        if on is None or not _belongs(on, year, "worked", problems):
            continue
        if on.weekday() < _SATURDAY:
            problem = Text(
                "%(day)s is a weekday; only a Saturday or Sunday can be made up with.", day=on
            )
            problems.append(Problem("worked", problem))
        else:
            worked.add(on)
    return worked


def _belongs(on: date, year: int, key: str, problems: list[Problem]) -> bool:
    """A notice speaks of its year; New Year's swap may reach into the December before."""
    if on.year == year or (on.year == year - 1 and on.month == 12):
        return True
    problems.append(
        Problem(key, Text("%(day)s does not belong to the notice for %(year)s.", day=on, year=year))
    )
    return False


def notice_document(notice: Notice) -> str:
    """Return a notice as canonical JSON, for storing and for its hash."""
    document: dict[str, object] = {
        "year": notice.year,
        "number": notice.number,
        "published_on": notice.published_on.isoformat() if notice.published_on else None,
        "off": {on.isoformat(): name for on, name in sorted(notice.off.items())},
        "worked": [on.isoformat() for on in sorted(notice.worked)],
    }
    if notice.division is not None:
        document["division"] = notice.division
    return json.dumps(
        document,
        ensure_ascii=False,
        sort_keys=True,
        separators=(",", ":"),
    )


@lru_cache(maxsize=256)
def _library_year(year: int, language: str) -> Mapping[date, str]:
    """The library's days off of one year. One year at a time: a case touches two or three."""
    return dict(holidays.country_holidays("CN", years=year, language=language).items())


@lru_cache(maxsize=256)
def _library_worked(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("CN", years=year).weekend_workdays)


@lru_cache(maxsize=256)
def _library_statutory(year: int) -> Mapping[date, str]:
    """The days that the Holiday measures themselves give, moved to the next weekday or not."""
    return {on: name for on, name in _library_year(year, "zh_CN").items() if not _is_swap(name)}


#: How the library marks a day off that makes up for a festival on a weekend.
_MADE_UP_FOR = "补假"


def _is_swap(name: str) -> bool:
    return "调休" in name


@dataclass(frozen=True)
class Calendar:
    """The working days of China as known now: the library's years and the notices entered.

    Days off that local governments give hold only in the calendar :meth:`of` their place.
    """

    notices: tuple[Notice, ...] = ()
    #: Until when the library's years are taken as announced; later ones give statutory days only.
    library_until: date = LIBRARY_ANNOUNCED_UNTIL
    #: The codes of the division whose days off hold here, and of the one above it.
    places: tuple[str, ...] = ()
    #: The span of years laid out so far and its working days as ordinals: a cache, never a value.
    _laid_out: list[tuple[int, int, tuple[int, ...]]] = field(
        default_factory=lambda: [(0, -1, ())], init=False, repr=False, compare=False, hash=False
    )
    #: The calendars of places, so that the years of each are laid out once.
    _of_places: dict[tuple[str, ...], "Calendar"] = field(
        default_factory=dict, init=False, repr=False, compare=False, hash=False
    )

    def of(self, division: str | None, parent: str | None = None) -> "Calendar":
        """Return the calendar of a place: with the days off that its local governments give."""
        giving = {each.division for each in self.notices} - {None}
        places = tuple(each for each in (division, parent) if each in giving and each is not None)
        if places == self.places:
            return self
        if places not in self._of_places:
            self._of_places[places] = Calendar(self.notices, self.library_until, places)
        return self._of_places[places]

    @property
    def in_force(self) -> tuple[Notice, ...]:
        """The notices that hold anywhere: of each year and place the latest, in a settled order."""
        newest = {(each.year, each.division or ""): each for each in self.notices}
        return tuple(newest[key] for key in sorted(newest))

    @property
    def in_force_here(self) -> tuple[Notice, ...]:
        """The notices that hold in this place: the State Council's, and those of its governments."""
        return tuple(each for each in self.in_force if each.division in (None, *self.places))

    def local_days(self, year: int) -> Mapping[date, Notice]:
        """Return the days off in a year that local governments give in this place."""
        found: dict[date, Notice] = {}
        for place in self.places:
            newest = self._notice_of(year, place)
            if newest is not None:
                found.update(dict.fromkeys(newest.off, newest))
        return found

    @property
    def announced_until(self) -> date:
        """The last day of the last year in an unbroken row of announced years."""
        until = self.library_until
        while self._notice_of(until.year + 1) is not None:
            until = until.replace(year=until.year + 1)
        return until

    def is_announced(self, on: date) -> bool:
        """Does a notice cover the year of this day?"""
        return on <= self.library_until or self._notice_of(on.year) is not None

    def _notice_of(self, year: int, division: str | None = None) -> Notice | None:
        return next(
            (
                each
                for each in reversed(self.notices)
                if each.year == year and each.division == division
            ),
            None,
        )

    def festival_days(self, year: int) -> tuple[date, ...]:
        """The festivals of the year, without the days that make up for those on a weekend.

        A notice must have them; on which weekday it makes up for a weekend is its own choice
        (2012 made up for a Saturday on the Friday before).
        """
        return tuple(
            sorted(on for on, name in _library_statutory(year).items() if _MADE_UP_FOR not in name)
        )

    def statutory_days(self, year: int) -> tuple[date, ...]:
        """The holidays of the year under the Holiday measures alone, without swapped days."""
        return tuple(sorted(_library_statutory(year)))

    def _off_by_library(self, year: int) -> Mapping[date, str]:
        if year <= self.library_until.year:
            return _library_year(year, "zh_CN")
        return _library_statutory(year)

    def _worked_by_library(self, year: int) -> frozenset[date]:
        return _library_worked(year) if year <= self.library_until.year else frozenset()

    def is_working(self, on: date) -> bool:
        """Is the day worked? Days outside the calendar are refused, as in every count."""
        days = self._days(on, on)
        at = bisect_left(days, on.toordinal())
        return at < len(days) and days[at] == on.toordinal()

    def day(self, on: date) -> Day:
        """Return the day with its kind, name, and the notice behind it."""
        own = self._notice_of(on.year)
        following = self._notice_of(on.year + 1)
        announced = self.is_announced(on)
        weekend = on.weekday() >= _SATURDAY
        local = self.local_days(on.year).get(on) if self.places else None
        if local is not None:
            label = Label(zh=local.off[on] or "地方节日", en=local.off[on] or "Local festival")
            return Day(on, DayKind.HOLIDAY, label, _notice_name(local), announced)
        for notice in (following, own):
            if notice is not None and on in notice.off:
                return self._day_off(on, notice, weekend=weekend)
            if notice is not None and on in notice.worked:
                return Day(on, DayKind.MAKE_UP, None, _notice_name(notice), announced)
        if own is None:
            source = _year_name(on.year) if announced else None
            if on in self._worked_by_library(on.year):
                return Day(on, DayKind.MAKE_UP, None, source, announced)
            name = self._off_by_library(on.year).get(on)
            if name is not None:
                label = Label(zh=name, en=_library_year(on.year, "en_US")[on])
                kind = DayKind.SWAPPED_OFF if _is_swap(name) else DayKind.HOLIDAY
                return Day(on, kind, label, source, announced)
        kind = DayKind.WEEKEND if weekend else DayKind.WORKING
        return Day(on, kind, None, None, announced)

    def _day_off(self, on: date, notice: Notice, *, weekend: bool) -> Day:
        statutory = _library_statutory(on.year).get(on)
        if statutory is not None:
            kind = DayKind.HOLIDAY
            label = Label(zh=statutory, en=_library_year(on.year, "en_US")[on])
        else:
            kind = DayKind.WEEKEND if weekend else DayKind.SWAPPED_OFF
            label = Label(zh=notice.off[on] or "休息日", en=notice.off[on] or "Day off")
        return Day(on, kind, label, _notice_name(notice), True)

    def working_days(self, first_year: int, last_year: int) -> tuple[int, ...]:
        """Return the ordinals of the working days of at least these years, in order.

        Laid out once and only for the years asked for; later calls cost a comparison.
        """
        low, high, days = self._laid_out[0]
        if low <= first_year and last_year <= high:
            return days
        if days:
            first_year, last_year = min(low, first_year), max(high, last_year)
        days = tuple(
            ordinal
            for year in range(first_year, last_year + 1)
            for ordinal in self._working_days_of(year)
        )
        self._laid_out[0] = (first_year, last_year, days)
        return days

    def _working_days_of(self, year: int) -> Iterable[int]:
        on = date(year, 1, 1)
        own, following = self._notice_of(year), self._notice_of(year + 1)
        off: set[date] = set(own.off) if own else set(self._off_by_library(year))
        worked: set[date] = set(own.worked if own else self._worked_by_library(year))
        if following is not None:
            off = (off | set(following.off)) - following.worked
            worked = (worked - set(following.off)) | following.worked
        local = self.local_days(year)
        while on.year == year:
            is_worked = on in worked or (on.weekday() < _SATURDAY and on not in off)
            if is_worked and on not in local:
                yield on.toordinal()
            on += ONE_DAY

    def _days(self, first: date, last: date, *, more: int = 0) -> tuple[int, ...]:
        """The working days of the years of both days, and of so many beside as hold ``more``."""
        if not (FIRST_DAY <= first <= LAST_DAY and FIRST_DAY <= last <= LAST_DAY):
            raise out_of_calendar()
        years = 1 + abs(more) // _WORKING_DAYS_OF_A_YEAR if more else 0
        return self.working_days(
            max(first.year - (years if more < 0 else 0), FIRST_DAY.year),
            min(last.year + (years if more > 0 else 0), LAST_DAY.year),
        )

    def nth_working_day(self, start: date, number: int) -> date:
        """Return the number-th working day after the start, which is not counted."""
        days = self._days(start, start, more=number)
        return _at(days, bisect_right(days, start.toordinal()) + number - 1)

    def nth_working_day_before(self, end: date, number: int) -> date:
        """Return the day from which just so many working days are left, the end's included."""
        days = self._days(end, end, more=-1 - number)
        return _at(days, bisect_right(days, end.toordinal()) - number - 1)

    def working_days_between(self, start: date, end: date) -> int:
        """Return how many working days lie after the start, up to and with the end.

        Negative when the end lies before the start.
        """
        if end < start:
            return -self.working_days_between(end, start)
        days = self._days(start, end)
        return bisect_right(days, end.toordinal()) - bisect_right(days, start.toordinal())

    def last_working_day(self, on: date) -> date:
        """Return the day itself if it is worked, else the last worked day before it."""
        return self.nth_working_day_before(on, 0)

    def next_working_day(self, on: date) -> date:
        """Return the day itself if it is worked, else the first worked day after it."""
        days = self._days(on, on, more=1)
        return _at(days, bisect_left(days, on.toordinal()))

    def is_announced_between(self, start: date, end: date) -> bool:
        """Does a notice cover the year of every day after the start, up to and with the end?"""
        first = min(start + ONE_DAY, end)
        return all(
            self.is_announced(date(year, 12, 31)) for year in range(first.year, end.year + 1)
        )

    def nth_working_day_range(self, start: date, number: int) -> tuple[date, date]:
        """Return the earliest and latest day that the count can end on, whatever is announced.

        Statutory days are known by law; a notice to come can only swap weekdays beside them for
        weekend days near them, within the bounds of every notice so far.
        """
        earliest = self._walk(start, number, favourable=True)
        latest = self._walk(start, number, favourable=False)
        return earliest, latest

    def _walk(self, start: date, number: int, *, favourable: bool) -> date:
        """Count day by day, each open day as early (or late) an end as a notice could make it."""
        on, counted = start, 0
        swaps: Counter[date] = Counter()
        while counted < number:
            on += ONE_DAY
            working = self.is_working(on)
            if (
                working is not favourable
                and not self.is_announced(on)
                and self._may_swap(on, swaps, made_up=favourable)
            ):
                working = favourable
            counted += working
        return on

    def _may_swap(self, on: date, swaps: Counter[date], *, made_up: bool) -> bool:
        """Could a notice turn this day's kind round? Each holiday has a few swaps to spend."""
        if made_up and on.weekday() < _SATURDAY:
            return False
        within = MADE_UP_WITHIN if made_up else SWAPPED_OFF_WITHIN
        for anchor in self._holidays_near(on, within):
            if swaps[anchor] < SWAPPED_DAYS_AT_MOST:
                swaps[anchor] += 1
                return True
        return False

    def _holidays_near(self, on: date, within: int) -> list[date]:
        """The first statutory day of each holiday whose days lie so near to the day."""
        first, found = date.min, []
        before = date.min
        for year in (on.year - 1, on.year, on.year + 1):
            for day in self.statutory_days(year):
                first = first if day - ONE_DAY == before else day
                before = day
                if abs((day - on).days) <= within and first not in found:
                    found.append(first)
        return found


def out_of_calendar() -> Faulty:
    """Return the refusal of a count that leaves the calendar."""
    text = Text(
        "The count leaves the calendar, which runs from %(first)s to %(last)s.",
        first=FIRST_DAY,
        last=LAST_DAY,
    )
    return Faulty([Problem("length", text)])


def _at(days: tuple[int, ...], index: int) -> date:
    if not 0 <= index < len(days):
        raise out_of_calendar()
    return date.fromordinal(days[index])


def _year_name(year: int) -> Label:
    return Label(
        zh=f"国务院办公厅关于{year}年部分节假日安排的通知",
        en=f"State Council notice on the holidays of {year}",
    )


def _notice_name(notice: Notice) -> Label:
    if notice.division is not None:
        return Label(
            zh=f"地方人民政府关于少数民族节日放假的通知（{notice.number}）",
            en=f"Local government's notice on a festival's days off ({notice.number})",
        )
    return Label(
        zh=f"{_year_name(notice.year).zh}（{notice.number}）",
        en=f"{_year_name(notice.year).en} ({notice.number})",
    )
