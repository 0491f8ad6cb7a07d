"""Many photographs at once: what they have in common, and of each what it is, when and where."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime

from werkzeug.datastructures import MultiDict

from fireinvest.china import CHINA
from fireinvest.gateways.blobs import Blobs
from fireinvest.messages import Faulty, Problem, Words
from fireinvest.regulation.facts import Given
from fireinvest.regulation.profile import Register
from fireinvest.services.casefile import CaseFile
from fireinvest.services.files import Staged, as_attachments
from fireinvest.services.photographs import PhotoFacts, facts_of
from fireinvest.workflow import registers
from fireinvest.workflow.items.base import parse_item
from fireinvest.workflow.items.evidence import Evidence
from fireinvest.workflow.permissions import Actor
from fireinvest.workflow.registers import Filing

#: What all of them share, and what each says of itself.
SHARED = ("taken_by", "taken_with", "witness", "place")
OWN = ("title", "kind", "taken_at", "position")

#: As what a file counts at first, by the first part of its type.
_KINDS = {"image": "photo", "video": "video", "audio": "audio"}
_OTHERWISE = "document"


@dataclass
class PhotoRow:
    """One file of the form: its fields as typed, what it says of itself, and what is wrong."""

    staged: Staged
    values: dict[str, str]
    is_new: bool
    facts: PhotoFacts | None = None
    problems: dict[str, list[Words]] = field(default_factory=dict)

    def name_of(self, name: str) -> str:
        """Return the name of one of its fields in the form."""
        return f"{name}-{self.staged.id}"


@dataclass
class PhotosInput:
    """What was typed and uploaded. ``problems``: by field, of what is shared."""

    key: str
    shared: dict[str, str]
    rows: list[PhotoRow]
    problems: dict[str, list[Words]] = field(default_factory=dict)

    @classmethod
    def begun(cls, name: str) -> "PhotosInput":
        """A fresh form, for whoever took the photographs themselves."""
        return cls(uuid.uuid4().hex, {"taken_by": name}, [])

    @classmethod
    def sent(cls, form: MultiDict[str, str], staged: Iterable[Staged]) -> "PhotosInput":
        """A form that was sent."""
        rows = []
        for each in staged:
            is_new = f"title-{each.id}" not in form
            values = {name: form.get(f"{name}-{each.id}", "").strip() for name in OWN}
            if is_new:
                values["title"] = each.name.rpartition(".")[0] or each.name
                values["kind"] = _KINDS.get(each.media_type.partition("/")[0], _OTHERWISE)
            rows.append(PhotoRow(each, values, is_new))
        shared = {name: form.get(name, "").strip() for name in SHARED}
        return cls(form.get("key", ""), shared, rows)

    @property
    def has_new(self) -> bool:
        """Are there files that were not shown yet, with what they say of themselves?"""
        return not self.rows or any(each.is_new for each in self.rows)

    @property
    def is_wrong(self) -> bool:
        """Is anything wrong with it, as a whole or in a row?"""
        return bool(self.problems) or any(each.problems for each in self.rows)

    def read(self, blobs: Blobs) -> None:
        """Read what the photographs say of time and place; it is offered in the fields of new ones."""
        for row in self.rows:
            (attachment,) = as_attachments([row.staged])
            row.facts = facts_of(blobs, attachment)
            if row.is_new and row.facts is not None:
                if row.facts.taken_at is not None:
                    local = row.facts.taken_at.astimezone(CHINA)
                    row.values["taken_at"] = local.strftime("%Y-%m-%dT%H:%M")
                row.values["position"] = row.facts.position or ""

    def with_problems(self, problems: Iterable[Problem]) -> "PhotosInput":
        """Return the same form with what is wrong in it as a whole."""
        for each in problems:
            self.problems.setdefault(each.field, []).append(each.text)
        return self

    def filings(
        self,
        file: CaseFile,
        register: Register,
        now: datetime,
        today: date,
        actor: Actor,
        acting_for: str | None,
    ) -> list[Filing]:
        """Return what to write; what is wrong stands beside its field, and nothing is to be written."""
        found = []
        for row in self.rows:
            problems: list[Problem] = []
            item = parse_item(Evidence, Given({**self.shared, **row.values}, problems))
            filing = Filing(
                register.id, item, acting_for=acting_for, attachments=as_attachments([row.staged])
            )
            if not problems:
                problems += _refusals(file, actor, filing, now, today)
            for each in problems:
                beside = row.problems if each.field in OWN else self.problems
                texts = beside.setdefault(each.field, [])
                if each.text not in texts:
                    texts.append(each.text)
            found.append(filing)
        return found


def _refusals(
    file: CaseFile, actor: Actor, filing: Filing, now: datetime, today: date
) -> tuple[Problem, ...]:
    """What the core would say of one of them alone: it judges, and nothing is saved."""
    try:
        registers.file(
            file.case, actor, filing, None, lambda _register, _numbers: (),
            seq=1, number=1, case_id=file.ref.number, now=now, today=today,
        )  # fmt: skip
    except Faulty as faulty:
        return tuple(faulty.problems)
    return ()
