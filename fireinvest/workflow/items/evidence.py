"""Evidence: what was taken, where, when and by whom, and through whose hands it went (art 14)."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import ClassVar

from fireinvest.china import CHINA
from fireinvest.messages import Problem, Text
from fireinvest.workflow.actions import Shape
from fireinvest.workflow.items.base import Item, item_field

#: How a receipt was given: by the receiver's own account, or on paper, of which there is a scan.
BY_ACCOUNT, BY_SCAN = "account", "scan"
#: The state of a packing or a seal that is no longer whole.
BROKEN = "broken"
#: By this a hand-over is found on the desk of its receiver, while the receipt is missing.
RECEIVER = "receiver"

#: What the receiver adds to a hand-over.
RECEIPT = ("receipt", "received_at", "received_condition", "receipt_note")

_POSITION = re.compile(r"(-?[0-9]{1,2}(?:\.[0-9]+)?)\s*[,，\s]\s*(-?[0-9]{1,3}(?:\.[0-9]+)?)")
_LATITUDE, _LONGITUDE = 90, 180


@dataclass(frozen=True, slots=True)
class Evidence(Item):
    """A piece of evidence: an object, a record, a photograph, a recording, data (arts 14, 15)."""

    COLUMNS: ClassVar[tuple[str, ...]] = (
        "title",
        "kind",
        "place",
        "taken_at",
        "taken_by",
        "storage",
    )
    NAME: ClassVar[str] = "title"
    PREFIX: ClassVar[str] = "E"

    title: str | None = item_field("designation", needed=True)
    kind: str | None = item_field(
        "kind of evidence", Shape.LISTED, needed=True, of="evidence_kinds"
    )
    quantity: str | None = item_field("quantity")
    place: str | None = item_field("where it was taken")
    position: str | None = item_field("latitude, longitude")
    taken_at: datetime | None = item_field("taken at", Shape.MOMENT)
    taken_by: str | None = item_field("taken by")
    taken_with: str | None = item_field("second person")
    witness: str | None = item_field("witness")
    seal_no: str | None = item_field("seal number")
    storage: str | None = item_field("kept at")
    source: tuple[int, ...] | None = item_field("got from", Shape.REFERENCES, of="parties")
    description: str | None = item_field("description", Shape.LONG_TEXT)

    def problems(self, _occurred_on: date, _today: date) -> Iterator[Problem]:
        """Two people are two, and a position lies on the earth."""
        if self.taken_by is not None and self.taken_by == self.taken_with:
            yield Problem("taken_with", Text("Two different people are needed."))
        if self.position is not None and position_of(self.position) is None:
            text = Text("Degrees are needed, latitude before longitude, such as 25.4920, 103.7961.")
            yield Problem("position", text)


def position_of(written: str) -> tuple[float, float] | None:
    """Return latitude and longitude in degrees, None where they are none."""
    found = _POSITION.fullmatch(written.strip())
    if found is None:
        return None
    latitude, longitude = float(found[1]), float(found[2])
    if abs(latitude) > _LATITUDE or abs(longitude) > _LONGITUDE:
        return None
    return latitude, longitude


@dataclass(frozen=True, slots=True)
class Custody(Item):
    """A hand-over of evidence: the giver writes it, and the receiver confirms it (art 14)."""

    COLUMNS: ClassVar[tuple[str, ...]] = (
        "items", "occasion", "giver", "receiver", "given_at", "receipt", "expected_back",
    )  # fmt: skip
    NAME: ClassVar[str] = "giver"
    PREFIX: ClassVar[str] = "H"

    items: tuple[int, ...] | None = item_field(
        "what is handed over", Shape.REFERENCES, needed=True, of="evidence"
    )
    occasion: str | None = item_field(
        "reason of the hand-over", Shape.LISTED, needed=True, of="custody_reasons"
    )
    giver: str | None = item_field("handed over by", needed=True)
    receiver: str | None = item_field("received by", needed=True)
    given_at: datetime | None = item_field("handed over at", Shape.MOMENT, needed=True)
    condition: str | None = item_field(
        "state at hand-over", Shape.LISTED, needed=True, of="custody_conditions"
    )
    seal_before: str | None = item_field("seal number before")
    seal_after: str | None = item_field("seal number afterwards")
    to_place: str | None = item_field("kept afterwards at")
    expected_back: date | None = item_field("expected back on", Shape.DAY, ahead=True)
    purpose: str | None = item_field("purpose, or which test", Shape.LONG_TEXT)
    receipt: str | None = item_field("receipt given", Shape.LISTED, of="receipt_ways")
    received_at: datetime | None = item_field("received at", Shape.MOMENT)
    received_condition: str | None = item_field(
        "state at receipt", Shape.LISTED, of="custody_conditions"
    )
    receipt_note: str | None = item_field("remarks of the receiver", Shape.LONG_TEXT)
    receiver_login: str | None = item_field("login of the receiver", shown=False)

    @property
    def called(self) -> str:
        """From whom to whom."""
        return f"{self.giver or ''} → {self.receiver or ''}"

    @property
    def is_confirmed(self) -> bool:
        """Has the receiver confirmed it?"""
        return self.receipt is not None

    def keys(self) -> Iterator[tuple[str, str]]:
        """By its receiver, while the receipt is missing."""
        if self.receiver_login is not None and not self.is_confirmed:
            yield RECEIVER, self.receiver_login

    def problems(self, _occurred_on: date, _today: date) -> Iterator[Problem]:
        """Two sides, in the order of time, and a receipt that says when and in what state."""
        if self.giver is not None and self.giver == self.receiver:
            yield Problem("receiver", Text("Nobody hands over to themselves."))
        given = self.given_at
        if given is not None and self.received_at is not None and self.received_at < given:
            yield Problem("received_at", Text("It can't be received before it was handed over."))
        if (
            given is not None
            and self.expected_back is not None
            and self.expected_back < given.astimezone(CHINA).date()
        ):
            yield Problem("expected_back", Text("It can't be back before it was handed over."))
        if self.is_confirmed:
            for name in ("received_at", "received_condition"):
                if getattr(self, name) is None:
                    yield Problem(name, Text("This is needed."))
        elif self.received_at is not None or self.received_condition is not None:
            yield Problem("receipt", Text("Say how the receipt was given."))

    def signing_problems(
        self, before: Item | None, people: Collection[str], *, has_files: bool
    ) -> Iterator[Problem]:
        """A receipt is the receiver's own, or on paper; what was confirmed stays as it was."""
        last = before if isinstance(before, Custody) else None
        was = last if last is not None and last.is_confirmed else None
        if self.receipt == BY_ACCOUNT and was is None and self.receiver_login not in people:
            text = Text(
                "Under their own account only the receiver confirms; otherwise attach the signed receipt."
            )
            yield Problem("receipt", text)
        if self.receipt == BY_SCAN and not has_files:
            yield Problem("files", Text("The signed receipt is needed as a scan."))
        if last is not None and was is None and last.receiver != self.receiver:
            text = Text("Somebody else receives it: withdraw it, and write it anew.")
            yield Problem("receiver", text)
        for each in fields(self) if was is not None else ():
            if each.name != "receipt_note" and getattr(self, each.name) != getattr(was, each.name):
                text = Text("It was confirmed as it stands: withdraw it, and write it anew.")
                yield Problem(each.name, text)
