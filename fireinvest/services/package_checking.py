"""Is a package whole? All its parts, every file in them, and the chains that prove the case."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fireinvest.documents.bag_chains import (
    JOURNAL,
    RECORDS,
    Chain,
    ChainFault,
    attached_in,
    check_chain,
    check_log,
    hashes_by_number,
)
from fireinvest.documents.bag_reading import (
    Bag,
    BagCheck,
    Fault,
    NotABag,
    all_sizes,
    bags_in,
    check_bag,
    excerpt_path,
    lines_of,
    part_of,
)
from fireinvest.messages import Faulty, Problem, Text, Words

__all__ = ["CASE", "Checked", "check_package", "opened"]

CASE = "data/case.json"
HEADS = "data/chains/heads.json"
_JOURNAL, _RECORDS = "data/chains/journal.txt", "data/chains/registers.txt"
_LOG, _BATCHES = "data/chains/log.txt", "data/chains/log-batches.txt"
#: More than any case has; it is read at once.
LARGEST_DATA = 128 * 1024**2

#: Told of the bytes that went by, and of how many there are.
Tell = Callable[[int, int], None]


@dataclass
class Checked:
    """What was found of a package: its parts, and in the chains of the first.

    ``missing``: the numbers of parts that aren't there. ``others``: what else doesn't fit.
    """

    package: str = ""
    parts: list[BagCheck] = field(default_factory=list)
    count: int = 0
    missing: list[int] = field(default_factory=list)
    chains: list[ChainFault] = field(default_factory=list)
    others: list[Words] = field(default_factory=list)
    entries: int = 0
    records: int = 0
    log_rows: int = 0
    document: Mapping[str, Any] | None = None

    @property
    def faults(self) -> list[Fault]:
        """Every file that was changed, is missing or was added."""
        return [each for part in self.parts for each in part.faults]

    @property
    def is_sound(self) -> bool:
        """Is all of it there, as it was made?"""
        return not (self.faults or self.missing or self.chains or self.others)

    @property
    def files(self) -> int:
        """How many files its parts hold."""
        return sum(sum(path.startswith("data/") for path in each.hashes) for each in self.parts)

    def lines(self) -> Iterator[Words]:
        """Yield all that was found, each in a sentence."""
        for each in self.faults:
            yield Text(
                "%(path)s: %(what)s",
                path=f"{each.part}/{excerpt_path(each.path)}",
                what=WHAT[each.what],
            )
        for number in self.missing:
            yield Text("Part %(number)s of the package is missing.", number=number)
        for fault in self.chains:
            yield Text(
                "%(chain)s, line %(line)s: %(what)s",
                chain=CHAINS[fault.chain], line=fault.line or "?", what=WHAT[fault.what],
            )  # fmt: skip
        yield from self.others


WHAT: Mapping[str, Text] = {
    "changed": Text("was changed"),
    "missing": Text("is missing"),
    "added": Text("was added"),
    "inserted": Text("was inserted"),
}
CHAINS: Mapping[str, Text] = {
    "journal": Text("History of the case"),
    "registers": Text("Registers of the case"),
    "log": Text("Log about the case"),
}


def opened(path: Path) -> list[Bag]:
    """Return the parts of a package at a place.

    Raises:
        Faulty: when there is none, or one that can't be read.

    """
    try:
        return bags_in(path)
    except NotABag as error:
        raise Faulty([Problem("PATH", error.text)]) from error
    except OSError as error:
        text = Text("It can't be read: %(why)s.", why=error.strerror or "")
        raise Faulty([Problem("PATH", text)]) from error


def check_package(bags: Sequence[Bag], tell: Tell = lambda _done, _total: None) -> Checked:
    """Check all parts of a package, and what proves the case. Memory stays flat.

    Parts of several packages at once are one fault: nobody knows then what belongs together.
    """
    total, done = all_sizes(bags), 0

    def went(size: int) -> None:
        nonlocal done
        done += size
        tell(done, total)

    found = Checked(parts=[check_bag(each, went) for each in bags])
    _check_parts(found)
    first = next((each for each in bags if CASE in each.sizes()), None)
    if first is None:
        if 1 not in found.missing:
            found.others.append(Text("The data of the case (case.json) isn't in it."))
        return found
    _check_case(found, first)
    return found


def _check_parts(found: Checked) -> None:
    groups = {each.info.get("Bag-Group-Identifier", "") for each in found.parts}
    if len(groups) > 1:
        found.others.append(Text("These are parts of different packages."))
        return
    found.package = groups.pop() if groups else ""
    numbers = [part_of(each.info) for each in found.parts]
    known = [each for each in numbers if each is not None]
    if len(known) != len(numbers) or not known:
        found.others.append(Text("A part doesn't say which it is (Bag-Count)."))
        return
    found.count = max(count for _number, count in known)
    there = [number for number, _count in known]
    if len(there) != len(set(there)):
        found.others.append(Text("A part is there twice."))
    found.missing = [each for each in range(1, found.count + 1) if each not in there]


def _check_case(found: Checked, first: Bag) -> None:
    document, heads = _read(first, CASE), _read(first, HEADS)
    if not isinstance(document, dict) or not isinstance(heads, dict):
        found.others.append(Text("The data of the case can't be read."))
        return
    found.document = document
    held = {its_hash for each in found.parts for its_hash in each.hashes.values()}
    chains = ((JOURNAL, _JOURNAL, "journal"), (RECORDS, _RECORDS, "registers"))
    by_number: list[Mapping[int, str]] = []
    for chain, path, name in chains:
        head = heads.get(name)
        head = head if isinstance(head, dict) else {}
        found.chains.extend(_once(check_chain(chain, _lines(first, path), head)))
        by_number.append(hashes_by_number(chain, _lines(first, path)))
        if not found.missing:
            _check_files(found, chain, _lines(first, path), held)
    found.entries, found.records = (len(each) for each in by_number)
    log = heads.get("log")
    found.chains.extend(
        _once(
            check_log(
                _lines(first, _LOG),
                _lines(first, _BATCHES),
                log if isinstance(log, dict) else {},
                by_number[0],
                by_number[1],
            )
        )
    )
    found.log_rows = sum(1 for _ in _lines(first, _LOG))
    if not found.faults:
        _check_listed(found, document)


def _once(faults: Iterator[ChainFault]) -> list[ChainFault]:
    return list(dict.fromkeys(faults))


def _check_files(found: Checked, chain: Chain, lines: Iterator[bytes], held: set[str]) -> None:
    """Every file that a line names has to be in the package."""
    for line in lines:
        for sha256 in attached_in(chain, line):
            if sha256 not in held:
                text = Text(
                    "%(chain)s names a file that isn't in the package: %(hash)s",
                    chain=CHAINS[chain.name], hash=sha256[:64],
                )  # fmt: skip
                found.others.append(text)


def _check_listed(found: Checked, document: Mapping[str, Any]) -> None:
    """What the data lists has to be what the parts hold: their lists could have been made anew."""
    try:
        listed = {
            (int(each["part"]), str(each["path"])): each["sha256"] for each in document["files"]
        }
    except (KeyError, TypeError, ValueError):
        found.others.append(Text("The data of the case can't be read."))
        return
    for check in found.parts:
        part = part_of(check.info)
        number = 0 if part is None else part[0]
        held = {path: each for path, each in check.hashes.items() if path.startswith("data/")}
        named = {path: each for (of, path), each in listed.items() if of == number}
        for path in sorted({*held, *named} - {CASE, *check.notes}):
            if held.get(path) != named.get(path):
                text = Text(
                    "%(path)s isn't what the data of the case lists.", path=excerpt_path(path)
                )
                found.others.append(text)


def _read(bag: Bag, path: str) -> object:
    if bag.sizes().get(path, LARGEST_DATA + 1) > LARGEST_DATA:
        return None
    try:
        with bag.open(path) as stream:
            return json.loads(stream.read(LARGEST_DATA))
    except (OSError, ValueError, RecursionError):
        return None


def _lines(bag: Bag, path: str) -> Iterator[bytes]:
    try:
        with bag.open(path) as stream:
            yield from lines_of(stream)
    except (OSError, KeyError):
        return
