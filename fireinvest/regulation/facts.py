"""What is known of a fire: the facts that the law asks about, read from outside with care."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import StrEnum

from fireinvest.china import CHINA
from fireinvest.messages import Problem, Text, excerpt
from fireinvest.regulation.calendar import parse_day
from fireinvest.spelling import in_nfc, is_flooded, is_hidden

#: More than any fire ever had; a larger number is a slip of the hand.
MOST_PEOPLE = 100_000
MOST_SQUARE_METRES = 1_000_000_000
MOST_FEN = 100 * 10**12

_LONGEST = 40
_LONGEST_NUMBER = 10**18
_COUNT = re.compile(r"[0-9]{1,12}")
_YUAN = re.compile(r"(?P<whole>[0-9]{1,16}|[0-9]{1,3}(,[0-9]{3}){1,5})(\.(?P<cents>[0-9]{1,40}))?")
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?"
    r"(Z|[+-][0-9]{2}:[0-9]{2})?"
)
_FEN_IN_YUAN = 100
_DECIMALS = 2


class Category(StrEnum):
    """Under which law does the fire fall by its kind (Rule art 2(2), art 3(2))?"""

    ORDINARY = "ordinary"
    WORK_SAFETY = "work_safety"
    FOREST_GRASSLAND = "forest_grassland"
    RAILWAY = "railway"
    TRAFFIC = "traffic"
    CIVIL_AVIATION = "civil_aviation"
    MINE_UNDERGROUND = "mine_underground"
    MILITARY = "military"
    ARSON_FILED = "arson_filed"
    OTHER_REGIME = "other_regime"


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a fire; None is "not known", never zero.

    ``occurred_on`` is the date in Asia/Shanghai, ``occurred_at`` the instant in UTC if the time
    of day is known. Losses are in fen. ``missing`` persons are not deaths until confirmed.
    """

    occurred_on: date
    occurred_at: datetime | None = None
    division: str | None = None
    deaths: int | None = None
    serious_injuries: int | None = None
    missing: int | None = None
    direct_economic_loss: int | None = None
    direct_property_loss: int | None = None
    burnt_area_m2: int | None = None
    households: int | None = None
    social_impact: bool | None = None
    category: Category | None = None
    responsibility_accident: bool | None = None
    approved_as_is: bool | None = None
    zone_authorised: bool | None = None
    light_injuries: int | None = None

    def with_known(self, changes: Mapping[str, object]) -> "Facts":
        """Return the facts with those changes that say something; None changes nothing."""
        known = {name: value for name, value in changes.items() if value is not None}
        return replace(self, **known) if known else self  # type: ignore[arg-type] # names are fields


class Given:
    """Reads values given from outside (JSON, a form), collecting a problem beside each field."""

    def __init__(
        self, values: Mapping[str, object], problems: list[Problem], path: str = ""
    ) -> None:
        """Read the values; ``path`` stands before each field's name in a problem."""
        self._values = dict(values)
        self._problems = problems
        self._path = path

    def problem(self, field: str, text: Text) -> None:
        """Note what is wrong with a field."""
        self._problems.append(Problem(f"{self._path}{field}", text))

    def _plain(self, field: str) -> object | None:
        value = self._values.pop(field, None)
        if isinstance(value, str):
            value = value.strip()
        return None if value == "" else value

    def count(self, field: str, most: int = MOST_PEOPLE) -> int | None:
        """Return a whole number from 0 to the most, given as a number or as digits."""
        value = self._plain(field)
        if value is None:
            return None
        if isinstance(value, str) and _COUNT.fullmatch(value):
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
            self.problem(field, Text("A whole number from 0 to %(most)s is needed.", most=most))
            return None
        return value

    def fen(self, field: str) -> int | None:
        """Return an amount of yuan with at most two decimals, exactly, as fen."""
        value = self._plain(field)
        if value is None:
            return None
        amount = parse_yuan(value)
        if amount is None:
            self.problem(field, Text("An amount in yuan is needed, such as 155454.00."))
            return None
        fen = fen_of(amount)
        if fen is None:
            self.problem(field, Text("An amount has two decimals at most."))
            return None
        if fen > MOST_FEN:
            self.problem(
                field,
                Text(
                    "An amount of at most %(most)s yuan is needed.", most=MOST_FEN // _FEN_IN_YUAN
                ),
            )
            return None
        return fen

    def flag(self, field: str) -> bool | None:
        """Return true, false, or None when it isn't known."""
        value = self._plain(field)
        if value is None or isinstance(value, bool):
            return value
        answers = {"true": True, "yes": True, "false": False, "no": False}
        if isinstance(value, str) and value.lower() in answers:
            return answers[value.lower()]
        self.problem(field, Text("true or false is needed, or nothing when it is not known."))
        return None

    def text(self, field: str, longest: int = 200) -> str | None:
        """Return a text of limited length, or None when it is left out."""
        value = self._plain(field)
        if value is None:
            return None
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _LONGEST_NUMBER:
            value = str(value)
        if not isinstance(value, str):
            self.problem(field, Text("A text is needed."))
            return None
        written = in_nfc(value)
        if len(written) > longest:
            self.problem(
                field, Text("A text of at most %(most)s characters is needed.", most=longest)
            )
            return None
        if not _can_be_shown(written):
            self.problem(field, Text("The text has characters that can't be shown."))
            return None
        return written

    def choice(self, field: str, codes: tuple[str, ...]) -> str | None:
        """Return one of the codes, or None when it is left out."""
        value = self._plain(field)
        if value is None or (isinstance(value, str) and value in codes):
            return value
        self.problem(field, Text("One of these is needed: %(choices)s.", choices=", ".join(codes)))
        return None

    def day(self, field: str) -> date | None:
        """Return a date written like 2025-05-12, or None when it is left out."""
        moment = self.moment(field)
        return moment[0] if moment else None

    def moment(self, field: str) -> tuple[date, datetime | None] | None:
        """Return the date in Asia/Shanghai, and the instant (UTC) if a time of day was given."""
        value = self._plain(field)
        if value is None:
            return None
        moment = parse_moment(value) if isinstance(value, str) else None
        if moment is None:
            text = Text(
                "%(given)s is not a date like 2025-05-12 or a time like 2025-05-12T08:30.",
                given=excerpt(value),
            )
            self.problem(field, text)
        return moment

    def rest(self) -> list[str]:
        """Return the names of the fields that nobody asked for."""
        return list(self._values)

    def take(self, field: str) -> object | None:
        """Return whatever stands in the field, to be judged by the caller."""
        return self._values.pop(field, None)

    def done(self) -> None:
        """Report every field that nobody asked for."""
        for field in self._values:
            self.problem(excerpt(field), Text("This field is not known."))


def _can_be_shown(written: str) -> bool:
    """Can a page and a document show it? Rare characters of names can, though not yet named."""
    has_hidden = any(is_hidden(each) and each not in "\n\r\t" for each in written)
    return not has_hidden and not is_flooded(written)


def parse_yuan(given: object) -> Decimal | None:
    """Return an amount of yuan given as a whole number, a Decimal or digits; never as a float."""
    if isinstance(given, Decimal):
        # Checked before it is written out: an exponent can stand for millions of digits.
        if not given.is_finite() or not -_LONGEST <= given.adjusted() <= _LONGEST:
            return None
        given = format(given, "f")
    elif isinstance(given, int) and not isinstance(given, bool) and abs(given) <= MOST_FEN:
        given = str(given)
    found = _YUAN.fullmatch(given) if isinstance(given, str) else None
    if found is None:
        return None
    cents = (found["cents"] or "").rstrip("0")
    return Decimal(f"{found['whole'].replace(',', '')}.{cents or '0'}")


def fen_of(yuan: Decimal) -> int | None:
    """Return an amount as fen, or None when it has more than two decimals."""
    return None if int(yuan.as_tuple().exponent) < -_DECIMALS else int(yuan * _FEN_IN_YUAN)


def parse_moment(written: str) -> tuple[date, datetime | None] | None:
    """Return (date in Asia/Shanghai, instant in UTC or None) for an ISO date or local time."""
    on = parse_day(written)
    if on is not None:
        return on, None
    if _MOMENT.fullmatch(written) is None:
        return None
    try:
        moment = datetime.fromisoformat(written)
        local = moment.replace(tzinfo=CHINA) if moment.tzinfo is None else moment.astimezone(CHINA)
        return local.date(), local.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def start_of_day(on: date) -> datetime:
    """Return the instant (UTC) at which the day begins in Asia/Shanghai."""
    return datetime.combine(on, time(), CHINA).astimezone(UTC)
