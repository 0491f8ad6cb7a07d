"""What goes into the package of a case: its data, its chains, its law, and every original.

Of what whoever makes it may not read, only the hashes go with it, so that the chains hold; how much
that is, the package says.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from fireinvest.documents.package import Entry, Names
from fireinvest.gateways.blobs import Blobs
from fireinvest.messages import Joined, Label, Text, Words, render
from fireinvest.regulation.calendar import ONE_DAY, Calendar, DayKind, notice_document
from fireinvest.regulation.rulesets import Law
from fireinvest.services.casefile import CaseFile
from fireinvest.services.files import FileLost
from fireinvest.services.issuing import agency_name
from fireinvest.services.recovery.ledger import state_of
from fireinvest.services.wording import title_of, worded
from fireinvest.store import Session, access, records, verifying
from fireinvest.store.codec import encode_value
from fireinvest.store.journal import Head, Line, hashed_text
from fireinvest.store.records import RecordLine, record_text
from fireinvest.store.rulesets import contents_of
from fireinvest.workflow.actions import Attachment, KindPayload
from fireinvest.workflow.asking import described
from fireinvest.workflow.items.base import list_of
from fireinvest.workflow.permissions import acting_tiers
from fireinvest.workflow.registers import Record, record_reader

__all__ = ["FORMAT", "PAPERS", "VOLUMES", "Gathered", "LeftOut", "gather"]

#: Of what form ``case.json`` is; it grows with every change that an older reader can't read.
FORMAT = 1
PAPERS, VOLUMES = "papers", "volumes"
ORIGINAL, VOLUME, PAPER, DATA = "original", "volume", "paper", "data"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """How much of the case whoever made the package may not read."""

    entries: int = 0
    records: int = 0
    log_rows: int = 0

    @property
    def is_whole(self) -> bool:
        """Is nothing left out?"""
        return not (self.entries or self.records or self.log_rows)


@dataclass
class Gathered:
    """What goes into a package. ``document``: what becomes ``case.json`` when parts are known."""

    number: str
    agency: str
    state: str
    left_out: LeftOut
    document: dict[str, Any]
    generated: list[Entry] = field(default_factory=list)
    originals: list[Entry] = field(default_factory=list)
    files: dict[str, dict[str, Any]] = field(default_factory=dict)


def gather(
    session: Session,
    blobs: Blobs,
    file: CaseFile,
    law: Law,
    folder: Path,
    *,
    package: str,
    made_by: str,
    now: datetime,
) -> Gathered:
    """Return what goes into the package of a case, for whoever reads it. ``folder``: for small files.

    Raises:
        FileLost: when a file of the case isn't kept any more.

    """
    gathering = _Gathering(session, blobs, file, law, folder)
    try:
        return gathering.run(package, made_by, now)
    finally:
        gathering.end()


def both(words: Words) -> dict[str, str]:
    """Return words in both languages."""
    return {"zh": render(words, "zh"), "en": render(words, "en")}


class _Gathering:
    def __init__(
        self, session: Session, blobs: Blobs, file: CaseFile, law: Law, folder: Path
    ) -> None:
        self._session, self._blobs, self._file, self._law = session, blobs, file, law
        self._folder = folder
        self._names = Names()
        self._by_hash: dict[str, dict[str, Any]] = {}
        self._originals: list[tuple[str, Entry]] = []
        self._generated: list[Entry] = []
        self._chains: dict[str, BinaryIO] = {}
        self._may_read = record_reader(file.actor, file.case, file.ref.number)
        self._hidden: set[tuple[str, int]] = set()

    def run(self, package: str, made_by: str, now: datetime) -> Gathered:
        file = self._file
        ref, row = file.ref, file.loaded.row
        entries = [self._entry(line) for line in file.loaded.lines]
        registers, record_head = self._registers()
        log_head, rows_out = self._log()
        heads = {
            "journal": {"count": row["version"], "hash": row["head_hash"]},
            "registers": {"count": record_head.version, "hash": record_head.hash},
            "log": log_head,
        }
        self._write("chains/heads.json", "链头（各链的条数与末条哈希）", _json(heads))
        self._close()
        rule = self._rule()
        calendar = self._calendar(now.date())
        head = Head(ref.id, ref.number, row["version"], row["head_hash"])
        state = state_of([head], [record_head])
        agency = agency_name(self._session, file, self._law, acting_tiers(file.case), file.today)
        left_out = LeftOut(
            sum(each.get("left_out", False) for each in entries),
            sum(
                version.get("left_out", False)
                for register in registers
                for item in register["items"]
                for version in item["versions"]
            ),
            rows_out,
        )
        document = {
            "format": "fireinvest-case",
            "format_version": FORMAT,
            "package": {
                "id": package,
                "made_at": _instant(now),
                "made_by": made_by,
                "agency": both(agency),
                "state": state,
                "parts": 1,
                "is_whole": left_out.is_whole,
                "left_out": {each.name: getattr(left_out, each.name) for each in fields(left_out)},
            },
            "case": self._case(),
            "people": dict(sorted(file.names.items())),
            "journal": entries,
            "registers": registers,
            "deadlines": [self._deadline(each) for each in file.deadlines],
            "rule": rule,
            "calendar": calendar,
            "chains": {
                "journal": "data/chains/journal.txt",
                "registers": "data/chains/registers.txt",
                "log": ["data/chains/log.txt", "data/chains/log-batches.txt"],
                "heads": "data/chains/heads.json",
            },
            "files": [],
        }
        order = {VOLUME: 0, PAPER: 1, ORIGINAL: 2}
        originals = sorted(self._originals, key=lambda each: order[each[0]])
        return Gathered(
            ref.number, render(agency, "zh"), state, left_out, document, self._generated,
            [each for _, each in originals], {each["path"]: each for each in self._by_hash.values()},
        )  # fmt: skip

    # ------------------------------------------------------------------------ the case

    def _case(self) -> dict[str, Any]:
        file, row = self._file, self._file.loaded.row
        ruleset, place = file.ruleset, file.case.division
        level = next((each for each in ruleset.scale.levels if each.id == row["level"]), None)
        stage = ruleset.stages.get(row["stage"] or "")
        return {
            "number": file.ref.number,
            "unit_name": row["unit_name"],
            "address": row["address"],
            "division": None if place is None else {"code": place.code, "label": both(place.label)},
            "occurred_on": row["occurred_on"].isoformat(),
            "occurred_at": _instant(row["occurred_at"]),
            "level": row["level"],
            "level_label": both(row["level"] if level is None else level.label),
            "level_is_floor": bool(row["level_is_floor"]),
            "in_scope": row["in_scope"],
            "stage": row["stage"],
            "stage_label": None if stage is None else both(stage.label),
            "carrier": row["carrier"],
            "opened_at": _instant(row["opened_at"]),
            "ended_on": None if row["ended_on"] is None else row["ended_on"].isoformat(),
            "merged_into": row["merged_into"],
            "is_demo": bool(row["is_demo"]),
        }

    def _deadline(self, found: Any) -> dict[str, Any]:
        return {
            "clock": found.clock.id,
            "label": both(found.clock.label),
            "instance": found.run.instance,
            "due_on": found.due_on.isoformat(),
            "act_by": found.act_by.isoformat(),
            "provisional": found.provisional,
            "state": found.state.value,
        }

    # ------------------------------------------------------------------------ the journal

    def _entry(self, line: Line) -> dict[str, Any]:
        file, number = self._file, self._file.ref.number
        entry = line.entry()
        path = "chains/journal.txt"
        if not file.may_read(entry):
            self._hidden.add(("entry", line.seq))
            self._add(path, _json(_only_hashes(line.seq, line.prev_hash, line.hash)))
            return {"seq": line.seq, "left_out": True, "hash": line.hash}
        self._add(path, hashed_text(number, line).encode())
        title = title_of(file.ruleset, line.step)
        source = {
            "chain": "journal",
            "seq": line.seq,
            "label": f"记录第{line.seq}条 {render(title, 'zh')}",
        }
        return {
            "seq": line.seq,
            "step": line.step,
            "kind": line.kind,
            "title": both(title),
            "occurred_on": line.occurred_on.isoformat(),
            "occurred_at": _instant(line.occurred_at),
            "recorded_at": _instant(line.recorded_at),
            "actor": line.actor,
            "acting_for": line.acting_for,
            "reason": line.reason,
            "restriction": line.restriction,
            "payload": json.loads(line.payload),
            "old": line.olds,
            "new": line.news,
            "fields": list(self._entry_fields(line.step, entry.payload)),
            "files": [
                self._file_of(each, "originals/journal", f"e{line.seq:04d}", source, ORIGINAL)
                for each in entry.attachments
            ],
            "hash": line.hash,
        }

    def _entry_fields(self, step_id: str, payload: object) -> Iterator[dict[str, Any]]:
        file = self._file
        if not isinstance(payload, KindPayload):
            return
        step = file.ruleset.steps.get(step_id)
        for name, label, shape, value in described(payload, file.ruleset, step):
            shown = file.name(value) if name == "person" and isinstance(value, str) else value
            words: Words
            if isinstance(shown, Text | Label | Joined):
                words = shown
            else:
                words = worded(file.ruleset, shape, None, shown)
            yield {"name": name, "label": both(label), "text": both(words)}

    # ------------------------------------------------------------------------ registers

    def _registers(self) -> tuple[list[dict[str, Any]], Head]:
        file = self._file
        found: dict[str, dict[int, dict[str, Any]]] = {}
        count, head = records.head_of(self._session, file.ref.id)
        self._chain("chains/registers.txt")
        for line in records.record_lines(self._session, file.ref.id):
            items = found.setdefault(line.register, {})
            self._record(line, items)
        registers = []
        for name, items in sorted(found.items()):
            register = file.ruleset.registers.get(name)
            registers.append(
                {
                    "id": name,
                    "label": both(name if register is None else register.label),
                    "items": [items[each] for each in sorted(items)],
                }
            )
        return registers, Head(file.ref.id, file.ref.number, count, head)

    def _record(self, line: RecordLine, items: dict[int, dict[str, Any]]) -> None:
        record = line.record()
        item = items.setdefault(
            line.item,
            {
                "item": line.item,
                "mark": record.mark,
                "title": "",
                "is_withdrawn": False,
                "versions": [],
            },
        )
        item["is_withdrawn"] = bool(line.is_withdrawn)
        path = "chains/registers.txt"
        if not self._may_read(record):
            self._hidden.add(("record", line.seq))
            self._add(path, _json(_only_hashes(line.seq, line.prev_hash, line.hash)))
            item["versions"].append(
                {"seq": line.seq, "version": line.version, "left_out": True, "hash": line.hash}
            )
            return
        self._add(path, record_text(self._file.ref.number, line).encode())
        item["title"] = record.values.called
        item["versions"].append(
            {
                "seq": line.seq,
                "version": line.version,
                "recorded_at": _instant(line.recorded_at),
                "actor": line.actor,
                "acting_for": line.acting_for,
                "reason": line.reason,
                "restriction": line.restriction,
                "is_withdrawn": bool(line.is_withdrawn),
                "values": json.loads(line.payload),
                "fields": list(self._record_fields(record)),
                "files": [self._record_file(record, each) for each in record.attachments],
                "hash": line.hash,
            }
        )

    def _record_fields(self, record: Record) -> Iterator[dict[str, Any]]:
        for each in fields(record.values):
            value = getattr(record.values, each.name)
            if value is not None:
                words = worded(
                    self._file.ruleset, each.metadata["shape"], list_of(record.values, each), value
                )
                yield {
                    "name": each.name,
                    "label": both(each.metadata["label"]),
                    "text": both(words),
                }

    def _record_file(self, record: Record, attachment: Attachment) -> dict[str, Any]:
        register = self._file.ruleset.registers.get(record.register)
        label = record.register if register is None else render(register.label, "zh")
        source = {
            "chain": "registers",
            "seq": record.seq,
            "label": f"{label} {record.mark} 第{record.version}版",
        }
        kind = {PAPERS: PAPER, VOLUMES: VOLUME}.get(record.register, ORIGINAL)
        folder = {PAPERS: "papers", VOLUMES: "volumes"}.get(
            record.register, f"originals/{record.register.replace('_', '-')}"
        )
        mark = f"{record.mark.lower()}-v{record.version}"
        return self._file_of(attachment, folder, mark, source, kind)

    # ------------------------------------------------------------------------ files

    def _file_of(
        self,
        attachment: Attachment,
        folder: str,
        mark: str,
        source: dict[str, Any],
        kind: str,
    ) -> dict[str, Any]:
        """Return what the data says of a file; the same content is in the package once."""
        known = self._by_hash.get(attachment.sha256)
        if known is None:
            if not self._blobs.exists(attachment.sha256):
                raise FileLost(attachment.name)
            path = self._names.take(folder, f"{mark}-{attachment.name}", mark)
            title = attachment.name
            known = {
                "path": f"data/{path}",
                "title": title,
                "media_type": attachment.media_type,
                "sha256": attachment.sha256,
                "size": attachment.size,
                "kind": kind,
                "part": 1,
                "sources": [],
            }
            self._by_hash[attachment.sha256] = known
            # What isn't as it was recorded is found while the package hashes it.
            opening = partial(self._blobs.open, attachment.sha256)
            entry = Entry(path, title, opening, attachment.size, attachment.sha256, kind)
            self._originals.append((kind, entry))
        if source not in known["sources"]:
            known["sources"].append(source)
        return {
            "name": attachment.name,
            "media_type": attachment.media_type,
            "sha256": attachment.sha256,
            "size": attachment.size,
            "path": known["path"],
        }

    # ------------------------------------------------------------------------ the log

    def _log(self) -> tuple[dict[str, Any], int]:
        """Write the part of the log about the case, with what proves that none of it is missing."""
        file, session = self._file, self._session
        given: set[int] = set()
        left_out: set[int] = set()
        first = None
        self._chain("chains/log.txt")
        for row in access.rows_of_case(session, file.ref.id):
            first = row[0] if first is None else first
            # Who saw and took what goes with the case; what entries are left out for, isn't said.
            if (row[3], row[13]) in self._hidden:
                left_out.add(row[0])
                continue
            self._add("chains/log.txt", access.row_text(row).encode())
            given.add(row[0])
        sealed, sealed_hash, batches = 0, "0" * 64, 0
        self._chain("chains/log-batches.txt")
        mine = given | left_out
        for batch in [] if first is None else list(verifying.batches_since(session, first)):
            rows: list[list[object]] | None = None
            if any(batch.first_id <= each <= batch.last_id for each in mine):
                between = access.written_rows(
                    session, after=batch.first_id - 1, until=batch.last_id
                )
                rows = [[row[0], access.row_hash(row)] for row in between]
            ours = sorted(each for each in given if batch.first_id <= each <= batch.last_id)
            told = {
                "first_id": batch.first_id,
                "last_id": batch.last_id,
                "prev_hash": batch.prev_hash,
                "hash": batch.hash,
                "rows": rows,
                "ours": ours,
            }
            self._add("chains/log-batches.txt", _json(told))
            sealed, sealed_hash = batch.last_id, batch.hash
            batches += 1
        head = {
            "sealed": sealed,
            "hash": sealed_hash,
            "batches": batches,
            "rows": len(given),
            "unsealed": sum(each > sealed for each in given),
        }
        return head, len(left_out)

    # ------------------------------------------------------------------------ the law

    def _rule(self) -> dict[str, Any]:
        """Write the files of the law that the case is pinned to."""
        file = self._file
        pin = file.loaded.row["ruleset_pin"]
        layers = []
        for place, each in enumerate(json.loads(contents_of(self._session, pin) or "[]"), start=1):
            name = Path(each["file"]).name
            path = self._names.take("rule", f"{place}-{name}", "profile")
            self._write(path, f"规则文件 {name}", each["text"].encode())
            layers.append(f"data/{path}")
        return {"pin": pin, "label": both(file.ruleset.label), "files": layers}

    def _calendar(self, today: date) -> dict[str, Any]:
        """Write the notices in force, and every day that isn't as its weekday says."""
        calendar: Calendar = self._file.calendar
        since, until = self._file.loaded.row["occurred_on"].year, today.year + 1
        notices = [
            json.loads(notice_document(each))
            for each in calendar.in_force_here
            if since <= each.year <= until
        ]
        on = date(since, 1, 1)
        special = []
        while on.year <= until:
            day = calendar.day(on)
            if day.kind not in (DayKind.WORKING, DayKind.WEEKEND):
                special.append(
                    {
                        "on": on.isoformat(),
                        "kind": day.kind.value,
                        "name": None if day.name is None else both(day.name),
                        "notice": None if day.notice is None else both(day.notice),
                        "announced": day.announced,
                    }
                )
            on += ONE_DAY
        found = {"since": since, "until": until, "notices": notices, "days": special}
        self._write("calendar/calendar.json", "工作日历（所依据的放假通知）", _json(found))
        return {"file": "data/calendar/calendar.json", "since": since, "until": until}

    # ------------------------------------------------------------------------ small files

    def _write(self, path: str, title: str, content: bytes) -> None:
        target = self._folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        self._generated.append(small_entry(target, path, title))

    def _add(self, path: str, line: bytes) -> None:
        self._chain(path).write(line + b"\n")

    def _chain(self, path: str) -> BinaryIO:
        """Return the file of a chain, to be written to until all of them are closed."""
        if path not in self._chains:
            target = self._folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            self._chains[path] = target.open("wb")
        return self._chains[path]

    def end(self) -> None:
        """Close all files, also where it was broken off."""
        for each in self._chains.values():
            each.close()

    def _close(self) -> None:
        for path, file in self._chains.items():
            file.close()
            self._generated.append(small_entry(self._folder / path, path, _TITLES[path]))


_TITLES = {
    "chains/journal.txt": "记录链（逐条为其哈希所覆盖的文本）",
    "chains/registers.txt": "登记链（逐条为其哈希所覆盖的文本）",
    "chains/log.txt": "日志中有关本案的部分",
    "chains/log-batches.txt": "日志的封存批次",
}


def _open(path: Path) -> BinaryIO:
    return path.open("rb")


def small_entry(target: Path, path: str, title: str) -> Entry:
    """Return a file on the disk as a file of a package."""
    return Entry(
        path, title, partial(_open, target), target.stat().st_size, None, DATA, is_text=True
    )


def _only_hashes(seq: int, before: str, its_hash: str) -> Mapping[str, object]:
    return {"seq": seq, "prev_hash": before, "hash": its_hash}


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _instant(at: datetime | None) -> str | None:
    found = encode_value(at)
    return None if found is None else str(found)
