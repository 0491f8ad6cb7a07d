"""The history of a case, and the proof that nobody changed it."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from fireinvest.store import Session, journal
from fireinvest.store.journal import NOTHING_BEFORE, Head, Line, hash_of, heads, page_of

__all__ = ["Fault", "LogFault", "history", "verify_log"]


class Fault(StrEnum):
    """What was done to the journal?"""

    CHANGED = "changed"
    MISSING = "missing"
    INSERTED = "inserted"


@dataclass(frozen=True, slots=True)
class LogFault:
    """Which entry of which case was tampered with, and how?"""

    number: str
    seq: int
    fault: Fault


def history(
    session: Session, case_id: int, *, before_seq: int | None = None, size: int = 50
) -> list[Line]:
    """Return up to so many entries of a case, newest first, with old and new values."""
    return page_of(session, case_id, before_seq, size)


def verify_log(session: Session, case_id: int | None = None) -> Iterator[LogFault]:
    """Yield every entry that was changed, is missing, or was inserted; of all cases, or of one.

    Each entry's hash covers its content and the hash before it; a case's row knows the last. So a
    change shows at the entry itself, or, where its hash was made to fit, at the link to the next.
    Memory stays flat at any size.
    """
    lines = journal.stream(session, case_id)
    line = next(lines, None)
    for head in heads(session, case_id):
        check = _Check(head)
        while line is not None and line.case_id == head.case_id:
            check.take(line)
            line = next(lines, None)
        yield from check.faults()


class _Check:
    """Goes through one case's lines and keeps what is wrong, each entry once."""

    def __init__(self, head: Head) -> None:
        self._head = head
        self._before = NOTHING_BEFORE
        self._last = 0
        self._found: dict[int, Fault] = {}

    def take(self, line: Line) -> None:
        """Check one line, and its link to the line before."""
        self._missing_until(line.seq)
        if line.seq > self._head.version:
            self._found[line.seq] = Fault.INSERTED
        elif hash_of(self._head.number, line) != line.hash:
            self._found[line.seq] = Fault.CHANGED
        elif line.seq == self._last + 1 and line.prev_hash != self._before:
            # The one before was replaced with a hash of its own; before the first there is none.
            self._found.setdefault(max(self._last, 1), Fault.CHANGED)
        self._before, self._last = line.hash, line.seq

    def _missing_until(self, seq: int) -> None:
        for missing in range(self._last + 1, seq):
            self._found[missing] = Fault.MISSING

    def faults(self) -> Iterator[LogFault]:
        """Yield what is wrong, by entry, now that all lines are taken."""
        self._missing_until(self._head.version + 1)
        if self._last == self._head.version and self._before != self._head.hash:
            self._found.setdefault(self._last, Fault.CHANGED)
        for seq in sorted(self._found):
            yield LogFault(self._head.number, seq, self._found[seq])
