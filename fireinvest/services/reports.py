"""The report of a case: released, approved, signed and submitted, each bound to one text.

What was approved, signed or submitted is told by a hash over the sections (arts 18-21). Whoever
decides says which text they have read: it is compared while the case is held, so that nobody signs
what somebody else has just changed.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from fireinvest.messages import Problem, Text
from fireinvest.regulation.profile import Item as ListItem
from fireinvest.services.casefile import case_file
from fireinvest.services.cases import Loaded
from fireinvest.services.records import Filed
from fireinvest.services.report_tables import FILLED_FROM, freeze, tables_of
from fireinvest.services.together import Asking, write_together
from fireinvest.store import Session
from fireinvest.store import records as store
from fireinvest.workflow.actions import (
    Attachment,
    Decision,
    DocumentSent,
    Entry,
    Finding,
    Signature,
)
from fireinvest.workflow.case import Case, Member
from fireinvest.workflow.engine import Action
from fireinvest.workflow.errors import Invalid, Refused
from fireinvest.workflow.items.base import Item
from fireinvest.workflow.items.report import (
    APPROVED,
    RELEASED,
    RETURNED,
    Approval,
    RemarkAnswer,
    ReportSignature,
    Section,
    Submission,
)
from fireinvest.workflow.registers import Filing, Record, choices_of
from fireinvest.workflow.report_hash import PARTS, bound_to, in_order, text_hash, versions_in
from fireinvest.workflow.report_text import frozen

__all__ = [
    "REGISTERS",
    "SECTIONS",
    "Asking",
    "PartState",
    "ReportText",
    "Standing",
    "approve",
    "open_remarks",
    "parts_of",
    "release_part",
    "sign",
    "standings_of",
    "submit",
    "submitted_text",
    "text_of",
]

#: The registers of which the report's pages show something.
REGISTERS = (
    "sections", "opinions", "approvals", "remark_answers", "signatures", "submissions",
)  # fmt: skip

SECTIONS = "sections"
_DRAFT = "draft_report"
_APPROVE, _SIGN, _SUBMIT = "approve_report", "sign_report", "submit_report"
#: What the step of the procedure calls a decision on the whole.
_OUTCOMES = {APPROVED: "approved", RETURNED: "back_to_work"}


@dataclass(frozen=True, slots=True)
class ReportText:
    """A text: the sections in the order in which it is read, which versions, and its hash."""

    sections: tuple[Record, ...]
    bound: str
    hash: str

    @classmethod
    def of(cls, sections: Sequence[Record]) -> "ReportText":
        """Return the text that sections in their order make."""
        return cls(tuple(sections), bound_to(sections), text_hash(sections))


def text_of(case: Case, records: Iterable[Record], part: str | None = None) -> ReportText:
    """Return the text of the whole report, or of a part, as its sections stand."""
    return ReportText.of(in_order(case, records, part))


def submitted_text(session: Session, case_id: int, submission: Submission) -> ReportText:
    """Return exactly the text that was submitted, whatever became of its sections since."""
    wanted = versions_in(submission.bound)
    records = store.records_at(session, case_id, SECTIONS, wanted)
    found = {(each.item, each.version): each for each in records}
    return ReportText.of([found[each] for each in wanted])


# ---------------------------------------------------------------------------- how it stands


@dataclass(frozen=True, slots=True)
class PartState:
    """A part of the report: its sections, by which entry it was drafted, and what was decided on it.

    ``changed_since_drafted``: a section is newer than the entry. ``approval``: the leader's last
    word, on the part or on the whole; ``is_as_approved``: nothing was changed since.
    """

    item: ListItem
    text: ReportText
    drafted: Entry | None
    changed_since_drafted: bool
    approval: Record | None
    is_as_approved: bool

    @property
    def is_released(self) -> bool:
        """Are all of its sections released?"""
        sections = self.text.sections
        return bool(sections) and all(
            getattr(each.values, "state", None) == RELEASED for each in sections
        )


def parts_of(
    case: Case, sections: Sequence[Record], approvals: Sequence[Record]
) -> tuple[PartState, ...]:
    """Return the parts of the report as they stand (art 20)."""
    whole = text_of(case, sections)
    entries = sorted(case.done.get(_DRAFT, ()), key=lambda each: each.seq)
    drafted = {getattr(each.payload, "item", None): each for each in entries}
    found = []
    for item in choices_of(case, PARTS):
        text = text_of(case, sections, item.id)
        entry = drafted.get(item.id)
        approval = max(
            (
                each
                for each in approvals
                if isinstance(each.values, Approval) and each.values.part in (None, item.id)
            ),
            key=lambda record: record.seq,
            default=None,
        )
        found.append(
            PartState(
                item,
                text,
                entry,
                entry is not None
                and any(each.recorded_at > entry.recorded_at for each in text.sections),
                approval,
                approval is not None and _is_as_then(approval.values, text, whole),
            )
        )
    return tuple(found)


def _is_as_then(values: Item, text: ReportText, whole: ReportText) -> bool:
    """Does a part read as it did when this was decided on it, or on the whole?"""
    assert isinstance(values, Approval)  # noqa: S101 - the caller looked
    if values.part is not None:
        return values.text_hash == text.hash
    then = set(versions_in(values.bound))
    now = {(each.item, each.version) for each in text.sections}
    return values.text_hash == whole.hash or now <= then


def open_remarks(approvals: Iterable[Record], answers: Iterable[Record]) -> list[Record]:
    """Return the remarks of the leader with which nobody dealt yet."""
    dealt = {
        number
        for each in answers
        if isinstance(each.values, RemarkAnswer)
        for number in each.values.approval or ()
    }
    return [
        each
        for each in approvals
        if getattr(each.values, "decision", None) == RETURNED and each.item not in dealt
    ]


@dataclass(frozen=True, slots=True)
class Standing:
    """How a member stands to the report: what they signed, and whether it is still the same text.

    ``entry``: the last one of their signature, None while it is missing; ``record``: with the hash
    of the text, None where only the entry was made.
    """

    member: Member
    entry: Entry | None
    record: Record | None
    is_current: bool

    @property
    def outcome(self) -> str | None:
        """Signed, signed with a dissent, or refused; None while it is missing."""
        return getattr(self.entry.payload, "outcome", None) if self.entry is not None else None


def standings_of(
    case: Case, signatures: Iterable[Record], text: ReportText
) -> tuple[Standing, ...]:
    """Return how each member of the team stands to the report, everybody once (art 19)."""
    entries = {getattr(e.payload, "person", None): e for e in case.recorded.get(_SIGN, ())}
    bound = {
        each.values.person: each for each in signatures if isinstance(each.values, ReportSignature)
    }
    members: dict[str, Member] = {}
    for member in case.team:
        if member.is_active:
            members.setdefault(member.person, member)
    return tuple(
        Standing(
            member,
            entries.get(person),
            bound.get(person),
            person in bound and getattr(bound[person].values, "text_hash", None) == text.hash,
        )
        for person, member in members.items()
    )


# ---------------------------------------------------------------------------- written together


#: Given the case that is held, and the sections of its report: what is written, and which steps.
_Make = Callable[[Session, Loaded, list[Record]], tuple[list[Filing], list[Action]]]


def _write(asking: Asking, make: _Make) -> Filed:
    """Write items and steps together, with the sections of the report read while it is held."""

    def with_sections(session: Session, loaded: Loaded) -> tuple[list[Filing], list[Action]]:
        sections = store.items_of(session, loaded.ref.id, [SECTIONS])[SECTIONS]
        return make(session, loaded, sections)

    return write_together(asking, with_sections)


def _read(case: Case, sections: Sequence[Record], part: str | None, seen: str) -> ReportText:
    """Return the text, if it is the one that was read.

    Raises:
        Refused: when there is none.
        Invalid: when it was changed since.

    """
    text = text_of(case, sections, part)
    if not text.sections:
        raise Refused([Problem("seen", Text("The report has no text yet."))])
    if text.hash != seen:
        words = Text("The text was changed since you opened this page: read it again.")
        raise Invalid([Problem("seen", words)])
    return text


def release_part(asking: Asking, part: str, reason: str | None = None) -> Filed:
    """Release what is still being drafted of a part, and record the part as drafted (art 20).

    Raises:
        Faulty: as ``file_records`` and ``act`` do.

    """

    def make(
        _session: Session, loaded: Loaded, sections: list[Record]
    ) -> tuple[list[Filing], list[Action]]:
        mine = in_order(loaded.case, sections, part)
        if not mine:
            raise Refused([Problem("part", Text("The part has no section yet."))])
        filings, lines = [], []
        for each in mine:
            values, version = each.values, each.version
            assert isinstance(values, Section)  # noqa: S101 - in_order gives nothing else
            if values.state != RELEASED:
                version += 1
                filings.append(
                    Filing(
                        each.register, replace(values, state=RELEASED), each.item, each.version,
                        reason, asking.acting_for, each.attachments, each.restriction,
                    )
                )  # fmt: skip
            lines.append(f"{each.mark}@{version} {values.title}")
        payload = Finding(part, text="\n".join([*lines, f"SHA-256 {text_hash(mine)}"]))
        return filings, [
            Action(_DRAFT, payload, asking.today, reason=reason, acting_for=asking.acting_for)
        ]

    return _write(asking, make)


def approve(
    asking: Asking,
    given: Approval,
    *,
    seen: str,
    decided_by: str,
    reason: str | None = None,
    attachments: tuple[Attachment, ...] = (),
) -> Filed:
    """Approve a part or the whole, or return it with remarks; the whole is a step, too (art 18).

    ``seen``: the hash of the text that was read. ``decided_by``: how the decider is called.

    Raises:
        Faulty: as ``file_records`` and ``act`` do.

    """

    def make(
        _session: Session, loaded: Loaded, sections: list[Record]
    ) -> tuple[list[Filing], list[Action]]:
        text = _read(loaded.case, sections, given.part, seen)
        values = replace(given, bound=text.bound, text_hash=text.hash)
        filing = Filing(
            "approvals", values, acting_for=asking.acting_for, reason=reason,
            attachments=attachments,
        )  # fmt: skip
        if given.part is not None or given.decision not in _OUTCOMES or given.decided_on is None:
            return [filing], []
        decided = Decision(_OUTCOMES[given.decision], decided_by=decided_by, note=given.remarks)
        action = Action(
            _APPROVE, decided, given.decided_on, reason=reason, acting_for=asking.acting_for,
            attachments=attachments,
        )  # fmt: skip
        return [filing], [action]

    return _write(asking, make)


def sign(
    asking: Asking,
    given: ReportSignature,
    *,
    seen: str,
    reason: str | None = None,
    attachments: tuple[Attachment, ...] = (),
) -> Filed:
    """Let a member sign the text that was read, dissent, or be recorded as refusing (art 19).

    Raises:
        Faulty: as ``file_records`` and ``act`` do.

    """

    def make(
        _session: Session, loaded: Loaded, sections: list[Record]
    ) -> tuple[list[Filing], list[Action]]:
        text = _read(loaded.case, sections, None, seen)
        values = replace(given, bound=text.bound, text_hash=text.hash)
        filing = Filing(
            "signatures", values, acting_for=asking.acting_for, reason=reason,
            attachments=attachments,
        )  # fmt: skip
        if given.signed_on is None:
            return [filing], []
        payload = Signature(given.person, given.result, given.note)
        action = Action(
            _SIGN, payload, given.signed_on, reason=reason, acting_for=asking.acting_for,
            attachments=attachments,
        )  # fmt: skip
        return [filing], [action]

    return _write(asking, make)


def submit(
    asking: Asking,
    given: Submission,
    *,
    seen: str,
    reason: str | None = None,
    attachments: tuple[Attachment, ...] = (),
) -> Filed:
    """Submit the text that was read: frozen with its tables, in the step's transaction (art 21).

    Raises:
        Faulty: as ``file_records`` and ``act`` do.

    """

    def make(
        session: Session, loaded: Loaded, sections: list[Record]
    ) -> tuple[list[Filing], list[Action]]:
        text = _read(loaded.case, sections, None, seen)
        number = loaded.ref.number
        file = case_file(session, asking.actor, number, asking.calendar, asking.today)
        filled = store.items_of(session, loaded.ref.id, FILLED_FROM)
        values = replace(
            given,
            bound=text.bound,
            text_hash=text.hash,
            tables=frozen(freeze(tables_of(file, filled))),
        )
        filing = Filing(
            "submissions", values, acting_for=asking.acting_for, reason=reason,
            attachments=attachments,
        )  # fmt: skip
        if given.submitted_on is None:
            return [filing], []
        payload = DocumentSent(given.to, given.number, given.title)
        action = Action(
            _SUBMIT, payload, given.submitted_on, reason=reason, acting_for=asking.acting_for,
            attachments=attachments,
        )  # fmt: skip
        return [filing], [action]

    return _write(asking, make)
