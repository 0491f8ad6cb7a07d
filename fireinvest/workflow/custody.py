"""Through whose hands did a piece of evidence go, and where does its chain have gaps (art 14)?"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from fireinvest.messages import Text
from fireinvest.workflow.items.evidence import BROKEN, Custody, Evidence
from fireinvest.workflow.registers import Record

#: Reasons for which something leaves and isn't to come back.
FOR_GOOD = frozenset({"transfer", "restitution", "disposal"})


@dataclass(frozen=True, slots=True)
class Link:
    """One hand-over in a chain, and what is wrong with it.

    ``is_waiting``: the receipt is missing, but there is still time for it.
    """

    record: Record
    move: Custody
    gaps: tuple[Text, ...]
    is_waiting: bool


@dataclass(frozen=True, slots=True)
class Chain:
    """The way of a piece of evidence through hands. ``holder``: who has it now, as far as is known.

    ``due_back``: the day on which it was to be back, while it is out. ``is_overdue``: that day is
    past.
    """

    record: Record
    links: tuple[Link, ...]
    holder: str | None
    kept_at: str | None
    seal_no: str | None
    due_back: date | None
    is_overdue: bool

    @property
    def gaps(self) -> tuple[Text, ...]:
        """Everything that is wrong with it, in the order of time."""
        return tuple(gap for link in self.links for gap in link.gaps)

    @property
    def is_waiting(self) -> bool:
        """Does a receipt still have time to come?"""
        return any(link.is_waiting for link in self.links)


def chains_of(
    evidence: Iterable[Record],
    custody: Iterable[Record],
    *,
    within_days: int | None,
    now: datetime,
    today: date,
) -> dict[int, Chain]:
    """Return the chain of each piece of evidence, by its number.

    ``within_days``: how long a receipt may take, and something be on its way with no holder.
    """
    moves = _moves_by_item(custody)
    limit = None if within_days is None else timedelta(days=within_days)
    return {
        record.item: _chain(record, record.values, moves.get(record.item, ()), limit, now, today)
        for record in evidence
        if isinstance(record.values, Evidence)
    }


def _moves_by_item(
    custody: Iterable[Record],
) -> Mapping[int, list[tuple[datetime, Record, Custody]]]:
    found: dict[int, list[tuple[datetime, Record, Custody]]] = {}
    for record in custody:
        move = record.values
        if isinstance(move, Custody) and move.given_at is not None:
            for item in move.items or ():
                found.setdefault(item, []).append((move.given_at, record, move))
    for moves in found.values():
        moves.sort(key=lambda each: (each[0], each[1].item))
    return found


def _chain(
    record: Record,
    item: Evidence,
    moves: Iterable[tuple[datetime, Record, Custody]],
    limit: timedelta | None,
    now: datetime,
    today: date,
) -> Chain:
    known = [each for each in (item.taken_by, item.taken_with) if each is not None]
    state = _State(known, known[0] if known else None, item.seal_no, item.storage)
    state.since = item.taken_at
    links: list[Link] = []
    for given_at, each, move in moves:
        gaps = [*state.gaps_at(given_at, move), *_gaps_within(given_at, move, limit, now)]
        is_waiting = not move.is_confirmed and (limit is None or now <= given_at + limit)
        if links and not links[-1].move.is_confirmed:
            gaps.append(Text("It went on before the hand-over before was confirmed."))
        links.append(Link(each, move, tuple(gaps), is_waiting))
        state.take(record.item, move)
    due = state.due_back
    return Chain(
        record,
        tuple(links),
        state.holder,
        state.kept_at,
        state.seal_no,
        due,
        due is not None and due < today,
    )


@dataclass(slots=True)
class _State:
    """Who holds it after the hand-overs so far. ``before``: all who held it till then."""

    before: list[str]
    holder: str | None
    seal_no: str | None
    kept_at: str | None
    since: datetime | None = None
    due_back: date | None = None
    is_first: bool = True

    def gaps_at(self, given_at: datetime, move: Custody) -> Iterator[Text]:
        """Yield what of a hand-over doesn't fit to those before it."""
        giver = move.giver or ""
        # Whoever took it together is free to give it away; afterwards it is the last receiver.
        holders = self.before if self.is_first else [self.holder]
        if self.holder is not None and giver not in holders:
            yield Text(
                "%(giver)s gave it, but %(holder)s held it.", giver=giver, holder=self.holder
            )
        if self.since is not None and given_at < self.since:
            yield Text("It was handed over before it was there.")
        if self.seal_no is not None and self.seal_no not in seals_in(move.seal_before):
            if move.seal_before is None:
                yield Text("The seal %(seal)s is not named.", seal=self.seal_no)
            else:
                yield Text(
                    "The seal was %(was)s, and is %(now)s.", was=self.seal_no, now=move.seal_before
                )

    def take(self, item: int, move: Custody) -> None:
        """Let the receiver hold it."""
        receiver = move.receiver or ""
        if receiver in self.before or move.occasion in FOR_GOOD:
            self.due_back = None
        if move.expected_back is not None:
            self.due_back = move.expected_back
        self.before.append(receiver)
        self.holder = receiver
        if move.seal_after is not None:
            self.seal_no = _seal_of(item, move)
        self.kept_at = move.to_place
        self.since = move.received_at or move.given_at
        self.is_first = False


def seals_in(written: str | None) -> list[str]:
    """Return the seal numbers in a text: one, or several with commas between."""
    return [each for each in re.split(r"[、,，;；\s]+", written or "") if each]


def _seal_of(item: int, move: Custody) -> str | None:
    """The seal that a piece has afterwards: of several, in the order of the pieces."""
    seals, items = seals_in(move.seal_after), move.items or ()
    if len(seals) == len(items):
        return seals[items.index(item)]
    return move.seal_after


def _gaps_within(
    given_at: datetime, move: Custody, limit: timedelta | None, now: datetime
) -> Iterator[Text]:
    """Yield what a hand-over tells against itself."""
    if BROKEN in (move.condition, move.received_condition):
        yield Text("Its packing or seal was broken.")
    if limit is None:
        return
    if not move.is_confirmed and now > given_at + limit:
        receiver = move.receiver or ""
        yield Text(
            "%(receiver)s has not confirmed it since %(at)s.", receiver=receiver, at=given_at
        )
    elif move.received_at is not None and move.received_at > given_at + limit:
        yield Text(
            "Nobody held it from %(since)s to %(until)s.", since=given_at, until=move.received_at
        )
