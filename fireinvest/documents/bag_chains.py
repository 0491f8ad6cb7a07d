"""The chains in a package: journal, registers and log, each line against the hash of the next.

A line is the very text over which its hash goes: a list in JSON. What whoever made the package may
not read is left out, and stands there as its two hashes alone; the chain holds all the same.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = [
    "JOURNAL",
    "LOG_ROWS",
    "NOTHING_BEFORE",
    "RECORDS",
    "Chain",
    "ChainFault",
    "attached_in",
    "check_chain",
    "check_log",
]

NOTHING_BEFORE = "0" * 64


@dataclass(frozen=True, slots=True)
class Chain:
    """Where a line says what: its number, the hash before it, and its files."""

    name: str
    seq: int
    before: int
    attachments: int


#: The lines of a journal, and of the registers.
JOURNAL = Chain("journal", 1, 16, 17)
RECORDS = Chain("registers", 1, 15, 13)
#: In a row of the log: its id, what was done, the entry and its hash.
LOG_ROWS = Chain("log", 0, -1, -1)
_LOG_WHAT, _LOG_ENTRY, _LOG_HASH = 3, 13, 14


@dataclass(frozen=True, slots=True)
class ChainFault:
    """Which line of which chain is wrong? ``line``: its number, None for the chain as a whole."""

    chain: str
    line: int | None
    what: str

    def __str__(self) -> str:
        return f"{self.chain} #{'?' if self.line is None else self.line}: {self.what}"


def check_chain(
    chain: Chain, lines: Iterable[bytes], head: Mapping[str, Any]
) -> Iterator[ChainFault]:
    """Yield each line that doesn't fit the one after it, or the head; and those that are missing."""
    before, last = NOTHING_BEFORE, 0
    for line in lines:
        read = _read(chain, line)
        if read is None:
            yield ChainFault(chain.name, last + 1, "changed")
            last, before = last + 1, ""
            continue
        seq, said, its_hash = read
        for missing in range(last + 1, min(seq, last + _MOST_NAMED)):
            yield ChainFault(chain.name, missing, "missing")
        if seq <= last:
            yield ChainFault(chain.name, seq, "inserted")
        elif said != before and before:
            # The one before was changed, or replaced with a hash of its own.
            yield ChainFault(chain.name, max(last, 1), "changed")
        before, last = its_hash, seq
    if last != head.get("count"):
        yield ChainFault(chain.name, last + 1, "missing")
    elif before != head.get("hash"):
        yield ChainFault(chain.name, max(last, 1), "changed")


#: So many missing lines are named one by one.
_MOST_NAMED = 1000


def _read(chain: Chain, line: bytes) -> tuple[int, str, str] | None:
    """Return a line's number, the hash that it says is before it, and its own."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if isinstance(found, dict):
        values = (found.get("seq"), found.get("prev_hash"), found.get("hash"))
        return values if _is_line(*values) else None  # type: ignore[return-value]
    if not isinstance(found, list) or len(found) <= max(chain.before, chain.seq):
        return None
    values = (found[chain.seq], found[chain.before], hashlib.sha256(line).hexdigest())
    return values if _is_line(*values) else None


def _is_line(seq: object, before: object, its_hash: object) -> bool:
    return type(seq) is int and seq > 0 and isinstance(before, str) and isinstance(its_hash, str)


def attached_in(chain: Chain, line: bytes) -> list[str]:
    """Return the hashes of the files that a line names."""
    try:
        found = json.loads(line)
        written = found[chain.attachments] if isinstance(found, list) else None
        return [str(each["sha256"]) for each in json.loads(written or "[]")]
    except (ValueError, TypeError, KeyError, IndexError, RecursionError):
        return []


def hashes_by_number(chain: Chain, lines: Iterable[bytes]) -> dict[int, str]:
    """Return the hash of each line, by its number."""
    found = {}
    for line in lines:
        read = _read(chain, line)
        if read is not None:
            found[read[0]] = read[2]
    return found


def check_log(
    rows: Iterable[bytes],
    batches: Iterable[bytes],
    head: Mapping[str, Any],
    entries: Mapping[int, str],
    records: Mapping[int, str],
) -> Iterator[ChainFault]:
    """Yield what doesn't fit in the part of the log: rows, the batches that seal them, the entries.

    ``entries``, ``records``: the hashes of the lines of the journal and of the registers.
    """
    hashed: dict[int, str] = {}
    for row in rows:
        try:
            found = json.loads(row)
            row_id = found[0]
            what, entry, entry_hash = found[_LOG_WHAT], found[_LOG_ENTRY], found[_LOG_HASH]
        except (ValueError, TypeError, KeyError, IndexError, RecursionError):
            yield ChainFault(LOG_ROWS.name, None, "changed")
            continue
        if type(row_id) is not int:
            yield ChainFault(LOG_ROWS.name, None, "changed")
            continue
        hashed[row_id] = hashlib.sha256(row).hexdigest()
        known = {"entry": entries, "record": records}.get(what)
        if known is not None and entry is not None and known.get(entry) != entry_hash:
            yield ChainFault(LOG_ROWS.name, row_id, "changed")
    yield from _check_batches(hashed, batches, head)


def _check_batches(
    hashed: dict[int, str], batches: Iterable[bytes], head: Mapping[str, Any]
) -> Iterator[ChainFault]:
    before: str | None = None
    last = 0
    count = 0
    sealed: set[int] = set()
    for line in batches:
        count += 1
        try:
            batch = json.loads(line)
            first, last, said = int(batch["first_id"]), int(batch["last_id"]), batch["prev_hash"]
            its_hash, rows, ours = (
                batch["hash"],
                batch["rows"],
                [int(each) for each in batch["ours"]],
            )
            is_sound = rows is None or _batch_hash(said, rows) == its_hash
            known = {} if rows is None else {int(row[0]): row[1] for row in rows}
        except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError):
            yield ChainFault(LOG_ROWS.name, None, "changed")
            before = None
            continue
        if not is_sound or (before is not None and said != before):
            yield ChainFault(LOG_ROWS.name, first, "changed")
        for row_id in ours:
            sealed.add(row_id)
            if row_id not in hashed:
                yield ChainFault(LOG_ROWS.name, row_id, "missing")
            elif hashed[row_id] != known.get(row_id):
                yield ChainFault(LOG_ROWS.name, row_id, "changed")
        before = its_hash
    if (count, last if count else 0) != (head.get("batches"), head.get("sealed")):
        yield ChainFault(LOG_ROWS.name, None, "missing")
    elif count and before != head.get("hash"):
        yield ChainFault(LOG_ROWS.name, last, "changed")
    # What came after the last seal is there, and not sealed yet.
    young = sum(each > last for each in hashed.keys() - sealed)
    for row_id in sorted(each for each in hashed.keys() - sealed if each <= last):
        yield ChainFault(LOG_ROWS.name, row_id, "inserted")
    if young != head.get("unsealed"):
        yield ChainFault(LOG_ROWS.name, None, "missing")


def _batch_hash(before: str, rows: Iterable[tuple[int, str]]) -> str:
    return hashlib.sha256("".join((before, *(row[1] for row in rows))).encode()).hexdigest()
