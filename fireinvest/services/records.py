"""The registers of a case: written, read, and found again. One transaction through one door."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from fireinvest.messages import Faulty, Problem, Text
from fireinvest.regulation.calendar import Calendar
from fireinvest.regulation.rulesets import Law
from fireinvest.services.cases import (
    CaseRef,
    DisposedCase,
    Loaded,
    NoSuchCase,
    act_in,
    check_acting_for,
    key_problems,
    load_case,
)
from fireinvest.services.following import ALWAYS, Follow
from fireinvest.store import Database, Session
from fireinvest.store import records as store
from fireinvest.store.access import NOWHERE, From, log_accesses
from fireinvest.store.conflicts import Conflict, changing
from fireinvest.workflow import registers
from fireinvest.workflow.engine import Action
from fireinvest.workflow.errors import Invalid, Refused
from fireinvest.workflow.items.base import references_of
from fireinvest.workflow.permissions import SYSTEM, Actor, may_see
from fireinvest.workflow.registers import Filing, Record, StaleItem

__all__ = [
    "MOST_AT_ONCE",
    "RECORDED",
    "Filed",
    "Follow",
    "check_records",
    "file_in",
    "file_records",
]

#: What the row of a record is called in the log of all cases.
RECORDED = "record"

#: How many items one form or one table brings at most.
MOST_AT_ONCE = 2000


@dataclass(frozen=True, slots=True)
class Filed:
    """What was written into the registers of a case, in the order in which it was given.

    ``is_repeat``: the same request had been made before, and this time nothing was added.
    """

    ref: CaseRef
    records: tuple[Record, ...]
    is_repeat: bool = False


def file_records(
    database: Database,
    law: Law,
    calendar: Calendar,
    actor: Actor,
    case_id: int,
    filings: Sequence[Filing],
    *,
    idempotency_key: str,
    now: datetime,
    today: date,
    origin: From = NOWHERE,
    follow: Follow | None = None,
    hold: Collection[int] = (),
    is_told: bool = False,
) -> Filed:
    """Write into the registers of a case: all of it is saved, or nothing. Asked again, done once.

    ``follow``: which steps of the procedure are taken with it, beside those that always follow from
    a register. ``is_told``: these are on record already.
    ``hold``: other cases that these steps concern, locked with it in the order of their ids.

    Raises:
        NoSuchCase: when there is none, or the actor may not see it.
        NotAllowed, Refused, Invalid, StaleItem: as ``registers.file`` answers.

    """
    try:
        with changing(database) as session:
            held = {each: load_case(session, each, lock=True) for each in sorted({case_id, *hold})}
            loaded = held[case_id]
            filed = file_in(
                session, loaded, actor, filings,
                idempotency_key=idempotency_key, now=now, today=today, origin=origin,
            )  # fmt: skip
            if filed.is_repeat:
                return filed
            names = () if is_told else dict.fromkeys(each.register for each in filed.records)
            follows = [*(ALWAYS[name] for name in names if name in ALWAYS)]
            if follow is not None and follow not in follows:
                follows.append(follow)
            actions = _following(session, loaded, filed.records, follows)
            for place, action in enumerate(actions):
                act_in(
                    session, law, calendar, actor, case_id, action,
                    idempotency_key=f"{idempotency_key}-s{place}", now=now, today=today,
                    origin=origin,
                )  # fmt: skip
            return filed
    except Conflict as conflict:
        # The case's row was held: only the same request can have come from elsewhere.
        raise StaleItem(0, 0) from conflict


def _following(
    session: Session, loaded: Loaded, records: Sequence[Record], follows: Sequence[Follow]
) -> Iterator[Action]:
    """Steps that say no reason of their own have that of what was written."""
    reason = next((each.reason for each in records if each.reason), None)
    for each in follows:
        for action in each(session, loaded, records):
            yield action if action.reason else replace(action, reason=reason)


def file_in(
    session: Session,
    loaded: Loaded,
    actor: Actor,
    filings: Sequence[Filing],
    *,
    idempotency_key: str,
    now: datetime,
    today: date,
    origin: From = NOWHERE,
) -> Filed:
    """Write into the registers of a case that is held, within a transaction that does more.

    Raises:
        Faulty: as ``file_records`` does.

    """
    ref, case = loaded.ref, loaded.case
    if problems := list(key_problems(idempotency_key)):
        raise Invalid(problems)
    if not may_see(actor, case, ref.number):
        raise NoSuchCase
    if loaded.is_disposed and actor.id != SYSTEM:
        raise DisposedCase(ref.id, ref.number)
    if len(filings) > MOST_AT_ONCE:
        text = Text("At most %(most)s items can be entered at once.", most=MOST_AT_ONCE)
        raise Invalid([Problem("register", text)])
    first = _key(idempotency_key, 0)
    if first in store.find_records_by_key(session, actor.id, [first]):
        return _filed_before(session, ref, actor, filings, idempotency_key)
    for login in dict.fromkeys(each.acting_for for each in filings):
        check_acting_for(session, actor, login, today, case)
    seq, head = store.head_of(session, ref.id)
    stands = _Stands.now(session, ref.id, filings)
    lines: list[store.RecordLine] = []
    records: list[Record] = []
    for place, filing in enumerate(filings):
        record = registers.file(
            case, actor, filing, stands.last(filing), stands.known,
            seq=seq + 1, number=stands.next_number(filing.register),
            case_id=ref.number, now=now, today=today,
        )  # fmt: skip
        line = store.line_of_record(
            ref.id, ref.number, record, idempotency_key=_key(idempotency_key, place), before=head
        )
        stands.follow(record)
        seq, head = record.seq, line.hash
        lines.append(line)
        records.append(record)
    if lines:
        store.append_records(session, lines, [each.keys for each in records])
        log_accesses(
            session,
            [
                {
                    "happened_at": now,
                    "person": actor.id,
                    "what": RECORDED,
                    "case_id": ref.id,
                    "item": f"{record.register} {record.mark}",
                    "acting_for": record.acting_for,
                    "reason": record.reason,
                    "entry": record.seq,
                    "entry_hash": line.hash,
                }
                for line, record in zip(lines, records, strict=True)
            ],
            origin,
        )
    return Filed(ref, tuple(records))


def check_records(
    database: Database,
    actor: Actor,
    case_id: int,
    filings: Sequence[Filing],
    *,
    now: datetime,
    today: date,
) -> list[tuple[Problem, ...]]:
    """Return what is wrong with each of some filings, as if they were written; nothing is.

    Raises:
        NoSuchCase: when there is none, or the actor may not see it.

    """
    with database.readers.begin() as session:
        loaded = load_case(session, case_id)
        if not may_see(actor, loaded.case, loaded.ref.number):
            raise NoSuchCase
        if loaded.is_disposed:
            raise DisposedCase(loaded.ref.id, loaded.ref.number)
        stands = _Stands.now(session, case_id, filings)
    found: list[tuple[Problem, ...]] = []
    for filing in filings:
        try:
            record = registers.file(
                loaded.case, actor, filing, stands.last(filing), stands.known,
                seq=1, number=stands.next_number(filing.register),
                case_id=loaded.ref.number, now=now, today=today,
            )  # fmt: skip
        except Faulty as faulty:
            found.append(tuple(faulty.problems))
            continue
        stands.follow(record)
        found.append(())
    return found


@dataclass(slots=True)
class _Stands:
    """What stands in the registers of a case, as far as some filings touch it; it follows them."""

    lasts: dict[tuple[str, int], Record]
    counting: dict[str, set[int]]
    numbers: dict[str, int]

    @classmethod
    def now(cls, session: Session, case_id: int, filings: Iterable[Filing]) -> "_Stands":
        """Read all of it at once: however many filings there are, with the same few statements."""
        given = list(filings)
        wanted: dict[str, set[int]] = {}
        for each in given:
            for register, items in references_of(each.values).items():
                wanted.setdefault(register, set()).update(items)
        changed = {(each.register, each.item) for each in given if each.item is not None}
        fresh = {each.register for each in given if each.item is None}
        return cls(
            store.last_versions(session, case_id, changed),
            {
                register: set(store.known_items(session, case_id, register, items))
                for register, items in wanted.items()
            },
            {each: store.next_number(session, case_id, each) for each in fresh},
        )

    def last(self, filing: Filing) -> Record | None:
        """Return the item that a filing changes, as it stands."""
        return None if filing.item is None else self.lasts.get((filing.register, filing.item))

    def known(self, register: str, items: frozenset[int]) -> frozenset[int]:
        """Return those of the items that count."""
        return items & self.counting.get(register, frozenset())

    def next_number(self, register: str) -> int:
        """Return the number of the next new item of a register."""
        return self.numbers.get(register, 0)

    def follow(self, record: Record) -> None:
        """Let it stand as a record says."""
        self.lasts[record.register, record.item] = record
        counting = self.counting.setdefault(record.register, set())
        if record.is_withdrawn:
            counting.discard(record.item)
        else:
            counting.add(record.item)
        if record.version == 1:
            self.numbers[record.register] = record.item + 1


def _key(key: str, place: int) -> str:
    return f"{key}#{place}"


def _filed_before(
    session: Session, ref: CaseRef, actor: Actor, filings: Sequence[Filing], key: str
) -> Filed:
    """The same request again: it must have been about the same."""
    keys = [_key(key, place) for place, _ in enumerate(filings)]
    written = store.find_records_by_key(session, actor.id, keys)
    found = []
    for each, filing in zip(keys, filings, strict=True):
        line = written.get(each)
        if line is None or line.case_id != ref.id or not _is_same(line.record(), filing):
            text = Text("This form was sent before, for something else; open it again.")
            raise Refused([Problem("idempotency_key", text)])
        found.append(line.record())
    return Filed(ref, tuple(found), is_repeat=True)


def _is_same(record: Record, filing: Filing) -> bool:
    return (
        record.register == filing.register
        and filing.item in (None, record.item)
        and record.values == filing.values
        and record.is_withdrawn == filing.is_withdrawn
    )
