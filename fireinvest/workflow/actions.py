"""What does an entry of the journal say? One frozen dataclass a kind of step, and its fields.

The kinds are code, because their fields and effects are; which steps of these kinds there are is
data of the profile. A field's metadata says how it is read, shown and limited, so that commands
and generated forms need nothing else.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from enum import StrEnum
from typing import Any, assert_never, get_args

from fireinvest.messages import Problem, Text
from fireinvest.regulation.facts import MOST_SQUARE_METRES, Category, Facts, Given
from fireinvest.regulation.profile import Kind

#: The version of the payloads' shape, kept with every entry so that old ones stay readable.
SCHEMA_VERSION = 1

_LONG = 10_000


class Shape(StrEnum):
    """How is a field read and shown?"""

    COUNT = "count"
    AREA = "area"
    FEN = "fen"
    DAYS = "days"
    TEXT = "text"
    LONG_TEXT = "long_text"
    DAY = "day"
    FLAG = "flag"
    OUTCOME = "outcome"
    ITEM = "item"
    CATEGORY = "category"
    #: Of the items of registers only.
    MOMENT = "moment"
    LISTED = "listed"
    CHOSEN = "chosen"
    REFERENCES = "references"
    IDENTITY_NO = "identity_no"
    CREDIT_CODE = "credit_code"
    PHONE = "phone"


def _field(label: str, shape: Shape = Shape.TEXT, *, needed: bool = False) -> Any:
    metadata = {"label": Text(label), "shape": shape, "needed": needed}
    return field(default=None, metadata=metadata)


@dataclass(frozen=True, slots=True)
class Figures:
    """Casualties and losses as known; what is left out stays as it was. Losses in fen."""

    deaths: int | None = _field("deaths", Shape.COUNT)
    serious_injuries: int | None = _field("serious injuries", Shape.COUNT)
    missing: int | None = _field("missing persons", Shape.COUNT)
    light_injuries: int | None = _field("light injuries", Shape.COUNT)
    direct_economic_loss: int | None = _field("direct economic loss", Shape.FEN)
    direct_property_loss: int | None = _field("direct property loss", Shape.FEN)
    burnt_area_m2: int | None = _field("burnt area (m²)", Shape.AREA)
    households: int | None = _field("households hit", Shape.COUNT)
    source: str | None = _field("source of the figures")


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision that somebody took; ``effective_on`` where it counts from another day."""

    outcome: str | None = _field("outcome", Shape.OUTCOME)
    category: str | None = _field("kind of fire", Shape.CATEGORY)
    decided_by: str | None = _field("decided by", needed=True)
    document_no: str | None = _field("document number")
    effective_on: date | None = _field("effective from", Shape.DAY)
    note: str | None = _field("grounds", Shape.LONG_TEXT)


@dataclass(frozen=True, slots=True)
class DocumentSent:
    """A document that went out."""

    to: str | None = _field("sent to", needed=True)
    document_no: str | None = _field("document number")
    title: str | None = _field("title")
    item: str | None = _field("concerns", Shape.ITEM)
    government: str | None = _field("tier of government")


@dataclass(frozen=True, slots=True)
class DocumentReceived:
    """A document that came in, and was registered."""

    sender: str | None = _field("sender", needed=True)
    document_no: str | None = _field("document number")
    title: str | None = _field("title")


@dataclass(frozen=True, slots=True)
class Meeting:
    """A meeting that was held."""

    subject: str | None = _field("subject", needed=True)
    chair: str | None = _field("chaired by")
    attendees: str | None = _field("attended by", Shape.LONG_TEXT)
    minutes: str | None = _field("minutes", Shape.LONG_TEXT)


@dataclass(frozen=True, slots=True)
class Membership:
    """Somebody takes up a post in the team or a group, or leaves it."""

    person: str | None = _field("name", needed=True)
    agency: str | None = _field("agency")
    duty: str | None = _field("duty")
    item: str | None = _field("body or group", Shape.ITEM)


@dataclass(frozen=True, slots=True)
class Recusal:
    """A ground for recusal that was raised, or the decision on it."""

    person: str | None = _field("name", needed=True)
    item: str | None = _field("ground", Shape.ITEM)
    outcome: str | None = _field("outcome", Shape.OUTCOME)
    note: str | None = _field("facts", Shape.LONG_TEXT)


@dataclass(frozen=True, slots=True)
class Interval:
    """A span of time: it begins with one entry and is closed by another of the same reference."""

    ref: str | None = _field("reference", needed=True)
    subject: str | None = _field("subject")
    body: str | None = _field("done by")
    expected_on: date | None = _field("expected on", Shape.DAY)


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found, on a line of a list of the law or on its own."""

    item: str | None = _field("concerns", Shape.ITEM)
    outcome: str | None = _field("outcome", Shape.OUTCOME)
    text: str | None = _field("finding", Shape.LONG_TEXT, needed=True)
    nothing_found: bool | None = _field("examined, nothing found", Shape.FLAG)
    unit: str | None = _field("unit concerned")
    person: str | None = _field("person concerned")


@dataclass(frozen=True, slots=True)
class Signature:
    """A member signs, dissents with a page of their own, or refuses."""

    person: str | None = _field("name", needed=True)
    outcome: str | None = _field("outcome", Shape.OUTCOME)
    note: str | None = _field("dissent or grounds of refusal", Shape.LONG_TEXT)


@dataclass(frozen=True, slots=True)
class Publication:
    """Something was made public, with its proof."""

    item: str | None = _field("what and where", Shape.ITEM)
    where: str | None = _field("published where", needed=True)
    proof: str | None = _field("proof (address, page, screenshot)", needed=True)


@dataclass(frozen=True, slots=True)
class Delivery:
    """Something was handed to a recipient, with the receipt."""

    item: str | None = _field("to whom or what", Shape.ITEM)
    recipient: str | None = _field("received by")
    receipt: str | None = _field("receipt")
    document_no: str | None = _field("document number")


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure or penalty, by its reference: set with a date, or its outcome."""

    ref: str | None = _field("reference", needed=True)
    what: str | None = _field("what", Shape.LONG_TEXT)
    unit: str | None = _field("unit or person")
    due_on: date | None = _field("due on", Shape.DAY)
    outcome: str | None = _field("outcome", Shape.OUTCOME)
    proof: str | None = _field("proof")


@dataclass(frozen=True, slots=True)
class Extension:
    """An extension asked for, or decided: by how many days."""

    days: int | None = _field("days", Shape.DAYS, needed=True)
    outcome: str | None = _field("outcome", Shape.OUTCOME)
    document_no: str | None = _field("document number")
    grounds: str | None = _field("grounds", Shape.LONG_TEXT)


@dataclass(frozen=True, slots=True)
class Order:
    """An order: it founds a team or group, or sets, prolongs or ends a task by its reference."""

    document_no: str | None = _field("document number")
    person: str | None = _field("leader")
    ref: str | None = _field("reference")
    what: str | None = _field("what", Shape.LONG_TEXT)
    to: str | None = _field("addressed to")
    due_on: date | None = _field("due on", Shape.DAY)


KindPayload = (
    Figures
    | Decision
    | DocumentSent
    | DocumentReceived
    | Meeting
    | Membership
    | Recusal
    | Interval
    | Finding
    | Signature
    | Publication
    | Delivery
    | Measure
    | Extension
    | Order
)

KINDS: Mapping[Kind, type[KindPayload]] = dict(zip(Kind, get_args(KindPayload), strict=True))


# Code only: what no profile can add or drop.


@dataclass(frozen=True, slots=True)
class Opening:
    """The case is opened with the facts known then.

    ``unit_name`` and ``address`` stand in the entry's new values; here only where a correction
    gives them anew.
    """

    facts: Facts
    unit_name: str | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Voiding:
    """An entry was wrong: it stays in the journal and counts no more."""

    target: int


@dataclass(frozen=True, slots=True)
class Correcting:
    """An entry was wrong: from here on it reads so, on its corrected day."""

    target: int
    payload: "KindPayload | Opening | Merging | Raising | HandingOver | Planning"
    on: date
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Merging:
    """Two cases are of one fire: this one goes on in the other."""

    into: str


@dataclass(frozen=True, slots=True)
class Raising:
    """A superior government takes the case up to itself (Decree 493 art 20)."""

    government: str
    document_no: str | None = None


@dataclass(frozen=True, slots=True)
class HandingOver:
    """The case is handed over to the government now responsible; ``to_case``: its own case there."""

    government: str
    document_no: str | None = None
    to_case: str | None = None


@dataclass(frozen=True, slots=True)
class Linking:
    """An entry of another case concerns this one: a merge, a hand-over, a new fire (art 30).

    ``other``: the case with that entry; ``step`` and ``entry``: what was done there.
    """

    other: str
    step: str
    entry: int


@dataclass(frozen=True, slots=True)
class Reassigning:
    """The case gets another carrier, by login."""

    carrier: str


@dataclass(frozen=True, slots=True)
class Planning:
    """In this case a step of a plan takes so many working days, not as many as usual."""

    plan: str
    step: str
    working_days: int


class Cause(StrEnum):
    """Why are the clocks of a case counted anew, without anything having happened in it?"""

    CALENDAR = "calendar"
    READING = "reading"


@dataclass(frozen=True, slots=True)
class Recounting:
    """The clocks are counted anew: a holiday notice was entered, or a reading was decided.

    ``document``: the number of the notice, or of the decision's document. Of a notice, its year,
    its revision, and the division whose local days off it gives; of a decision, the reading, the
    option, and the first day of the clocks that go by it. The dates stand in the entry's values.
    """

    cause: Cause
    document: str
    year: int | None = None
    revision: int | None = None
    division: str | None = None
    reading: str | None = None
    option: str | None = None
    applies_from: date | None = None


CodePayload = (
    Opening
    | Voiding
    | Correcting
    | Merging
    | Raising
    | HandingOver
    | Linking
    | Reassigning
    | Planning
    | Recounting
)
Payload = KindPayload | CodePayload

#: The names that code-only actions have in a journal and in a list of actions.
CODE_ACTIONS: Mapping[str, type[CodePayload]] = {
    "open": Opening,
    "void": Voiding,
    "correct": Correcting,
    "merge": Merging,
    "raise": Raising,
    "hand_over": HandingOver,
    "link": Linking,
    "reassign": Reassigning,
    "plan": Planning,
    "recount": Recounting,
}

#: What no request can ask for: a case is opened, and counted anew, by ways of their own.
UNASKED = frozenset({"open", "recount"})


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that belongs to an entry: its name, and the SHA-256 and size in bytes of what it holds."""

    name: str
    media_type: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the journal.

    ``on``: the real day (Asia/Shanghai); ``at``: the instant (UTC) where a clock runs in hours;
    ``recorded_at``: when it was written down (UTC). ``step`` is a step's id or a code action's.
    ``restriction``: as what it was kept from most readers of the case when it was written.
    """

    seq: int
    step: str
    payload: Payload
    on: date
    recorded_at: datetime
    actor: str
    at: datetime | None = None
    acting_for: str | None = None
    reason: str | None = None
    attachments: tuple[Attachment, ...] = ()
    restriction: str | None = None


LONGEST_EXTENSION = 3650


def parse_payload(kind: Kind, given: Given) -> KindPayload:
    """Return the payload of a kind, read from outside; shape only, problems beside the fields."""
    cls = KINDS[kind]
    values: dict[str, object] = {}
    for each in fields(cls):
        values[each.name] = read_field(given, each.name, each.metadata["shape"])
    return cls(**values)  # type: ignore[arg-type] # every field was read in its own shape


def read_field(given: Given, name: str, shape: Shape) -> object:
    """Return what was given for a field, read in its shape; None where it was left out."""
    match shape:
        case Shape.COUNT:
            return given.count(name)
        case Shape.AREA:
            return given.count(name, MOST_SQUARE_METRES)
        case Shape.DAYS:
            return given.count(name, LONGEST_EXTENSION)
        case Shape.FEN:
            return given.fen(f"{name}_yuan")
        case Shape.DAY:
            return given.day(name)
        case Shape.FLAG:
            return given.flag(name)
        case Shape.CATEGORY:
            return given.choice(name, tuple(Category))
        case Shape.LONG_TEXT:
            return given.text(name, _LONG)
        case Shape.MOMENT:
            found = given.moment(name)
            if found is not None and found[1] is None:
                given.problem(name, Text("The time of day is needed too."))
            return found[1] if found is not None else None
        case Shape.REFERENCES:
            return _references(given, name)
        case Shape.CHOSEN:
            return tuple(dict.fromkeys(_parts(given, name))) or None
        case Shape.IDENTITY_NO | Shape.CREDIT_CODE:
            written = given.text(name)
            return written.replace(" ", "").upper() if written is not None else None
        case Shape.TEXT | Shape.OUTCOME | Shape.ITEM | Shape.LISTED | Shape.PHONE:
            return given.text(name)
        case _:
            assert_never(shape)


#: More than a list of evidence, and less than what floods a page.
_MOST_REFERENCES = 500


def _references(given: Given, name: str) -> tuple[int, ...] | None:
    """Numbers of items, given as a list or as text with commas between; each once."""
    texts = _parts(given, name)
    if any(_REFERENCE.fullmatch(each) is None for each in texts) or len(texts) > _MOST_REFERENCES:
        given.problem(name, Text("Numbers of items are needed, with commas between."))
        return None
    return tuple(dict.fromkeys(int(each) for each in texts)) or None


def _parts(given: Given, name: str) -> list[str]:
    written = given.take(name)
    parts = written if isinstance(written, list) else re.split(r"[,，、\s]+", str(written or ""))
    return [str(each).strip() for each in parts if str(each).strip()]


_REFERENCE = re.compile(r"[1-9][0-9]{0,8}")


def missing_fields(payload: KindPayload, article: str | None = None) -> list[Problem]:
    """Return a problem for each field that its kind needs and that is empty."""
    return [
        Problem(each.name, Text("This is needed."), article)
        for each in fields(payload)
        if each.metadata["needed"] and getattr(payload, each.name) is None
    ]
