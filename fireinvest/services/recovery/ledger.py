"""What is noted while a backup is written or read: too much for memory, so it is on the disk."""

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from enum import StrEnum

from fireinvest.store.dump import Layout
from fireinvest.store.journal import NOTHING_BEFORE, Head

__all__ = ["HEADS", "FileIs", "Ledger", "disposed_by", "files_named_by", "open_ledger", "state_of"]


#: The tables in whose rows cases say what they have, and what the ledger keeps of such a row.
HEADS: Mapping[str, str] = {
    "cases": "heads VALUES (:id, :number, :version, :head_hash)",
    "record_heads": "record_heads VALUES (:case_id, :seq, :hash)",
}


class FileIs(StrEnum):
    """What is known of a file that the rows name?"""

    KEPT = "kept"
    MISSING = "missing"
    CHANGED = "changed"


class Ledger:
    """Files that rows name, files that were found, and each case's word on its journal and records."""

    def __init__(self, kept: sqlite3.Connection) -> None:
        """Begin with nothing."""
        self._kept = kept
        kept.isolation_level = None
        kept.execute("PRAGMA synchronous = OFF")
        kept.execute("PRAGMA cache_size = -4000")
        kept.execute("BEGIN")
        kept.execute("CREATE TABLE named (sha256 PRIMARY KEY) WITHOUT ROWID")
        kept.execute("CREATE TABLE found (sha256 PRIMARY KEY, state, size) WITHOUT ROWID")
        kept.execute("CREATE TABLE disposed (sha256 PRIMARY KEY) WITHOUT ROWID")
        kept.execute("CREATE TABLE added (sha256 PRIMARY KEY, is_new) WITHOUT ROWID")
        kept.execute("CREATE TABLE heads (case_id INTEGER PRIMARY KEY, number, version, hash)")
        kept.execute("CREATE TABLE record_heads (case_id INTEGER PRIMARY KEY, seq, hash)")

    def name(self, hashes: Iterable[str]) -> None:
        """Note that rows name these files."""
        self._kept.executemany(
            "INSERT OR IGNORE INTO named VALUES (?)", ((each,) for each in hashes)
        )

    def dispose(self, hashes: Iterable[str]) -> None:
        """Note that these files went with cases that were disposed of."""
        self._kept.executemany(
            "INSERT OR IGNORE INTO disposed VALUES (?)", ((each,) for each in hashes)
        )

    def disposed(self) -> int:
        """Return how many files are missing because their cases were disposed of."""
        asked = "SELECT count(*) FROM found JOIN disposed USING (sha256) WHERE state = 'missing'"
        return int(self._kept.execute(asked).fetchone()[0])

    def named(self) -> Iterator[str]:
        """Yield the files that rows name, each once, in order."""
        for (sha256,) in self._kept.execute("SELECT sha256 FROM named ORDER BY sha256"):
            yield sha256

    def find(self, sha256: str, state: FileIs, size: int) -> bool:
        """Note what a file was found to be; False where it was found before."""
        done = self._kept.execute(
            "INSERT OR IGNORE INTO found VALUES (?, ?, ?)", (sha256, state.value, size)
        )
        return done.rowcount == 1

    def found(self) -> Iterator[tuple[str, FileIs, int]]:
        """Yield what files were found to be, in order, with their sizes."""
        for sha256, state, size in self._kept.execute("SELECT * FROM found ORDER BY sha256"):
            yield sha256, FileIs(state), size

    def is_kept(self, sha256: str) -> bool:
        """Was this file found whole?"""
        asked = "SELECT 1 FROM found WHERE sha256 = ? AND state = 'kept'"
        return self._kept.execute(asked, (sha256,)).fetchone() is not None

    def count(self, state: FileIs) -> int:
        """Return how many files were found to be so."""
        asked = "SELECT count(*) FROM found WHERE state = ?"
        return int(self._kept.execute(asked, (state.value,)).fetchone()[0])

    def unfound(self) -> str | None:
        """Return a file that rows name and that wasn't found, or that none of them names."""
        row = self._kept.execute(
            "SELECT sha256 FROM named WHERE sha256 NOT IN (SELECT sha256 FROM found) UNION ALL "
            "SELECT sha256 FROM found WHERE sha256 NOT IN (SELECT sha256 FROM named) LIMIT 1"
        ).fetchone()
        return None if row is None else str(row[0])

    def keep_as_it_was(self, sha256: str) -> None:
        """Note that a file was in the place before anything was put there."""
        self._kept.execute("INSERT OR IGNORE INTO added VALUES (?, 0)", (sha256,))

    def add(self, sha256: str) -> None:
        """Note that a file is being put in the place."""
        self._kept.execute("INSERT OR IGNORE INTO added VALUES (?, 1)", (sha256,))

    def added(self) -> Iterator[str]:
        """Yield the files that weren't in the place before."""
        for (sha256,) in self._kept.execute("SELECT sha256 FROM added WHERE is_new"):
            yield sha256

    def note_head(self, table: str, row: Mapping[str, object]) -> None:
        """Note a case's word on its journal or its registers, which a row of such a table is."""
        self._kept.execute(f"INSERT OR IGNORE INTO {HEADS[table]}", {**row})

    def heads(self) -> Iterator[Head]:
        """Yield them by the id of the case."""
        for row in self._kept.execute("SELECT * FROM heads ORDER BY case_id"):
            yield Head(*row)

    def record_heads(self) -> Iterator[Head]:
        """Yield them by the id of the case; of a case without any record too."""
        asked = (
            "SELECT h.case_id, number, coalesce(seq, 0), coalesce(r.hash, ?) "
            "FROM heads h LEFT JOIN record_heads r ON r.case_id = h.case_id ORDER BY h.case_id"
        )
        for row in self._kept.execute(asked, (NOTHING_BEFORE,)):
            yield Head(*row)

    def state(self) -> str:
        """Return the state of the journals and registers of the cases that were noted."""
        return state_of(self.heads(), self.record_heads())


@contextmanager
def open_ledger() -> Iterator[Ledger]:
    """Give a new ledger, of which nothing is left afterwards."""
    with closing(sqlite3.connect("")) as kept:
        yield Ledger(kept)


def state_of(heads: Iterable[Head], of_registers: Iterable[Head]) -> str:
    """Return one SHA-256 over the heads of all cases: the state of their journals and registers."""
    digest = hashlib.sha256()
    for each in heads:
        digest.update(f"{each.number}\t{each.version}\t{each.hash}\n".encode())
    for each in of_registers:
        if each.version:
            digest.update(f"{each.number}\tregisters\t{each.version}\t{each.hash}\n".encode())
    return digest.hexdigest()


def files_named_by(layout: Layout) -> Callable[[Sequence[object]], list[str]] | None:
    """Return what tells the files that a row of this table names; None where none can.

    A file's row has its hash and size; everything else lists the files attached to it.
    """
    names = layout.names
    if {"sha256", "size"} <= set(names):
        at = names.index("sha256")
        return lambda row: _hashes(row[at])
    if "attachments" in names:
        listed = names.index("attachments")
        return lambda row: [] if row[listed] is None else _attached(str(row[listed]))
    return None


#: The table of the files that went with cases, and the column that names each.
DISPOSED = ("disposed_files", "blob")


def disposed_by(layout: Layout, row: Sequence[object]) -> list[str]:
    """Return the file that a row says went with a case that was disposed of."""
    name, column = DISPOSED
    return _hashes(row[layout.names.index(column)]) if layout.name == name else []


def _attached(written: str) -> list[str]:
    # What can't be read is named by verify-files; a backup is made all the same.
    try:
        return [found for each in json.loads(written) for found in _hashes(each["sha256"])]
    except (ValueError, TypeError, KeyError, RecursionError):
        return []


def _hashes(given: object) -> list[str]:
    is_hash = isinstance(given, str) and len(given) == 64 and not set(given) - _HEX
    return [str(given)] if is_hash else []


_HEX = frozenset("0123456789abcdef")
