"""Proving a backup: every part has its hash, every row can be read, every journal its chain."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BufferedReader
from pathlib import Path
from typing import Any

from fireinvest.messages import Faulty, Problem, Text, excerpt
from fireinvest.services.journal import LogFault, RowFault, verify_lines, verify_records
from fireinvest.services.recovery.backups import FORMAT, LONGEST_ROW, unknown_migration
from fireinvest.services.recovery.ledger import (
    HEADS,
    FileIs,
    Ledger,
    disposed_by,
    files_named_by,
    open_ledger,
)
from fireinvest.services.recovery.packing import (
    ABOUT,
    FILES,
    MANIFEST,
    Damaged,
    Member,
    list_name,
    members,
    rows_name,
)
from fireinvest.services.recovery.protection import Protection
from fireinvest.store.dump import Layout, Unreadable, layouts_at, line_from, record_from
from fireinvest.store.schema import Unknown, need_known

__all__ = ["About", "Proof", "check_backup", "prove", "read_about", "rows_of"]

#: What describes a backup is short.
_LONGEST_DOCUMENT = 64 * 1024**2

# Both come after the heads: tables are in the order of their names where none refers to another.
_JOURNAL, _RECORDS = "journal", "records"


@dataclass(frozen=True, slots=True)
class About:
    """When was a backup made, at which migration, and what do its tables look like?"""

    revision: str
    made_at: datetime
    layouts: tuple[Layout, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Proof:
    """What does a sound backup hold?

    ``state``: one hash over the heads of all cases. ``missing``, ``changed``: files that the file
    store had lost or damaged before. ``faults``: entries of journals that were tampered with
    before. ``members``: the size and hash of each part but the files, by name.
    """

    about: About
    rows: dict[str, int]
    files: int
    missing: int
    changed: int
    state: str
    faults: tuple[LogFault | RowFault, ...]
    members: dict[str, tuple[int, str]] = field(repr=False)


#: How many entries that were tampered with are named.
_MOST_FAULTS = 100


def check_backup(path: Path, protection: Protection) -> Proof:
    """Prove that a backup can be put back, without touching database or files.

    Raises:
        Damaged: naming the part that is damaged.
        Faulty: when it is none, can't be decrypted, or is of a newer program.

    """
    with open_ledger() as ledger:
        return prove(path, protection, ledger)


def prove(path: Path, protection: Protection, ledger: Ledger) -> Proof:
    """Prove a backup; afterwards the ledger knows its files. See :func:`check_backup`."""
    with members(path, protection) as found:
        return _Proving(found, ledger).proof()


def read_about(member: Member) -> About:
    """Return what the first part of a backup says.

    Raises:
        Damaged: when it isn't what a backup begins with.
        Faulty: when it is of a newer program.

    """
    said = _document(member)
    try:
        if member.name != ABOUT:
            raise ValueError
        form, revision = int(said["format"]), str(said["revision"])
        if form > FORMAT:
            text = Text("The backup was made by a newer version of the program: use that one.")
            raise Faulty([Problem(ABOUT, text)])
        made_at = datetime.fromisoformat(said["made_at"]).astimezone(UTC)
        tables = dict(said["tables"])
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise Damaged(member.name, Text("A backup doesn't begin like this.")) from error
    try:
        need_known(revision)
    except Unknown as error:
        raise unknown_migration(error.revision, ABOUT) from error
    layouts = layouts_at(revision)
    expected = {each.name: [[name, kind.value] for name, kind in each.columns] for each in layouts}
    if tables != expected:
        text = Text(
            "The tables aren't those of migration %(revision)s.", revision=excerpt(revision)
        )
        raise Damaged(member.name, text)
    return About(revision, made_at, layouts)


def rows_of(layout: Layout, member: Member) -> Iterator[dict[str, object]]:
    """Yield the rows that a part holds.

    Raises:
        Damaged: at the first that can't be read.

    """
    for number, line in enumerate(_lines(member), start=1):
        try:
            yield layout.read(line)
        except Unreadable as error:
            text = Text("Line %(number)s: %(why)s.", number=number, why=error.text)
            raise Damaged(member.name, text) from error


def _lines(member: Member) -> Iterator[bytes]:
    reader: BufferedReader = member.buffered()
    while line := reader.readline(LONGEST_ROW + 1):
        if not line.endswith(b"\n"):
            raise Damaged(member.name, Text("A line is too long, or has no end."))
        yield line


def _document(member: Member) -> dict[str, Any]:
    content = member.buffered().read(_LONGEST_DOCUMENT) if member.size <= _LONGEST_DOCUMENT else b""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Damaged(member.name, Text("It can't be read."))
    return found


class _Proving:
    """Goes through a backup once and keeps what the manifest at its end has to agree with."""

    def __init__(self, found: Iterator[Member], ledger: Ledger) -> None:
        self._found = found
        self._ledger = ledger
        self._members: dict[str, tuple[int, str]] = {}
        self._rows: dict[str, int] = {}
        self._listed = dict.fromkeys(FileIs, 0)
        self._faults: tuple[LogFault | RowFault, ...] = ()
        self._next: Member | None = None

    def proof(self) -> Proof:
        """Return what the backup holds.

        Raises:
            Damaged: at the first part that isn't what it should be.

        """
        first = next(self._found, None)
        if first is None:
            raise Damaged("", Text("The backup is empty."))
        about = read_about(first)
        self._finish(first)
        self._advance()
        for layout in about.layouts:
            self._table(layout)
        self._files()
        self._list()
        manifest, state = self._manifest()
        return Proof(
            about=about,
            rows=self._rows,
            files=self._listed[FileIs.KEPT],
            missing=self._listed[FileIs.MISSING] - self._ledger.disposed(),
            changed=self._listed[FileIs.CHANGED],
            state=state,
            faults=self._faults,
            members=self._members | {MANIFEST: manifest},
        )

    def _advance(self) -> None:
        self._next = next(self._found, None)

    def _finish(self, member: Member) -> None:
        self._members[member.name] = (member.size, member.finish())

    def _parts(self, name: Callable[[int], str]) -> Iterator[Member]:
        """Yield the members with these names, which count from 1; each is finished after it."""
        number = 1
        while self._next is not None and self._next.name == name(number):
            yield self._next
            self._finish(self._next)
            self._advance()
            number += 1

    def _table(self, layout: Layout) -> None:
        rows = self._all_rows(layout)
        # Each line of a chain is read as it is checked; the cases and their heads came before.
        if layout.name == _JOURNAL:
            self._note(verify_lines(map(line_from, rows), self._ledger.heads()))
        elif layout.name == _RECORDS:
            self._note(verify_records(map(record_from, rows), self._ledger.record_heads()))
        for row in rows:
            if layout.name in HEADS:
                self._ledger.note_head(layout.name, row)

    def _note(self, found: Iterator[LogFault | RowFault]) -> None:
        """Keep what was tampered with; all of it is looked for, so that every row is read."""
        faults = list(self._faults)
        for each in found:
            if len(faults) < _MOST_FAULTS:
                faults.append(each)
        self._faults = tuple(faults)

    def _all_rows(self, layout: Layout) -> Iterator[dict[str, object]]:
        files = files_named_by(layout)
        count = 0
        for member in self._parts(lambda number: rows_name(layout.name, number)):
            for row in rows_of(layout, member):
                count += 1
                if files is not None:
                    self._ledger.name(files(tuple(row.values())))
                self._ledger.dispose(disposed_by(layout, tuple(row.values())))
                yield row
        self._rows[layout.name] = count

    def _files(self) -> None:
        while self._next is not None and self._next.name.startswith(FILES):
            member = self._next
            sha256 = member.name.removeprefix(FILES)
            state = FileIs.KEPT if member.finish() == sha256 else FileIs.CHANGED
            if not self._ledger.find(sha256, state, member.size):
                raise Damaged(member.name, Text("It is there twice."))
            self._advance()

    def _list(self) -> None:
        """Compare what was found with the list, which is in the same order."""
        found = self._ledger.found()
        at = next(found, None)
        gone = []
        for member in self._parts(list_name):
            for line in _lines(member):
                sha256, state, size = _listed(member, line)
                self._listed[state] += 1
                if state is FileIs.MISSING:
                    gone.append(sha256)
                elif at == (sha256, state, size):
                    at = next(found, None)
                else:
                    text = Text("The file isn't what it was when the backup was made.")
                    raise Damaged(f"{FILES}{sha256}", text)
        if at is not None:
            raise Damaged(f"{FILES}{at[0]}", Text("The backup doesn't list it."))
        for sha256 in gone:
            self._ledger.find(sha256, FileIs.MISSING, 0)
        unfound = self._ledger.unfound()
        if unfound is not None:
            text = Text("Rows and files don't go together.")
            raise Damaged(f"{FILES}{unfound}", text)

    def _manifest(self) -> tuple[tuple[int, str], str]:
        member = self._next
        if member is None or member.name != MANIFEST:
            name = "" if member is None else member.name
            raise Damaged(name, Text("A part is missing before this one."))
        said = _document(member)
        finished = (member.size, member.finish())
        state = self._ledger.state()
        try:
            listed = {str(name): (int(size), str(sha)) for name, size, sha in said["members"]}
        except (KeyError, TypeError, ValueError) as error:
            raise Damaged(MANIFEST, Text("It can't be read.")) from error
        for name in {**listed, **self._members}:
            if listed.get(name) != self._members.get(name):
                raise Damaged(name, Text("It isn't what the manifest says."))
        files = {each.value: count for each, count in self._listed.items()}
        if (said.get("rows"), said.get("files"), said.get("state")) != (self._rows, files, state):
            raise Damaged(MANIFEST, Text("It doesn't agree with the rows and files."))
        self._advance()
        if self._next is not None:
            raise Damaged(self._next.name, Text("Nothing belongs behind the manifest."))
        return finished, state


def _listed(member: Member, line: bytes) -> tuple[str, FileIs, int]:
    try:
        sha256, state, size = json.loads(line)
        return str(sha256), FileIs(state), int(size)
    except (ValueError, TypeError, RecursionError) as error:
        raise Damaged(member.name, Text("It can't be read.")) from error
