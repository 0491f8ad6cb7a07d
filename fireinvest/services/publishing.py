"""The public version of a report: from which text, what is withheld, released, and proved (art 23)."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from fireinvest.messages import Problem, Text, Words
from fireinvest.services.cases import Loaded
from fireinvest.services.records import Filed
from fireinvest.services.replies import bound_text, last_reply, submissions_of
from fireinvest.services.report_tables import names_of_tables
from fireinvest.services.reports import SECTIONS, Asking, ReportText, text_of
from fireinvest.services.together import write_together
from fireinvest.store import Session
from fireinvest.store import records as store
from fireinvest.workflow.actions import Attachment, Publication
from fireinvest.workflow.case import Case
from fireinvest.workflow.engine import Action
from fireinvest.workflow.errors import Invalid, Refused
from fireinvest.workflow.items.public import PublicationProof, Release, Withheld
from fireinvest.workflow.items.reply import WITH_CHANGES, Confirmation, Reply
from fireinvest.workflow.items.report import Submission
from fireinvest.workflow.public_check import named_people
from fireinvest.workflow.public_text import (
    Found,
    PublicSection,
    findings_in,
    plain_text,
    public_sections,
)
from fireinvest.workflow.registers import Filing, Record
from fireinvest.workflow.report_text import thawed

__all__ = [
    "READ",
    "Preview",
    "Source",
    "check_passage",
    "hash_of",
    "preview_of",
    "release",
    "source_of",
    "steps_of_proof",
]

#: What a preview is made from.
READ = (
    SECTIONS, "submissions", "replies", "confirmations", "withheld", "public_accepts", "parties",
    "casualties",
)  # fmt: skip
_PUBLISH = "publish"


@dataclass(frozen=True, slots=True)
class Source:
    """From which text the public version is made, and is it the one that was replied to?

    ``tables``: as they were frozen with it. ``why_not``: what is still lacking.
    """

    text: ReportText
    tables: str | None
    what: Words
    why_not: Words | None = None
    is_replied: bool = False


def source_of(
    session: Session, case: Case, case_id: int, records: Mapping[str, Sequence[Record]]
) -> Source | None:
    """Return the text to be published: confirmed, else as replied to; a draft before that.

    None where the case has no text at all.
    """
    reply = last_reply(records["replies"])
    values = reply.values if reply is not None else None
    sent = submissions_of(case, records["submissions"])
    submitted = sent[-1].submission if sent else None
    if reply is not None and isinstance(values, Reply):
        if values.decision == WITH_CHANGES:
            for each in reversed(records["confirmations"]):
                final = each.values
                if isinstance(final, Confirmation) and reply.item in (final.reply or ()):
                    text = bound_text(session, case_id, final.bound)
                    what = Text("The final version, as confirmed")
                    return Source(text, final.tables, what, is_replied=True)
            why = Text("The final version is not confirmed against the points of the reply yet.")
            return _as_it_stands(case, records, submitted, why, is_replied=True)
        replied = next(
            (
                each.values
                for each in records["submissions"]
                if each.item in (values.submission or ()) and isinstance(each.values, Submission)
            ),
            None,
        )
        if replied is not None:
            text = bound_text(session, case_id, replied.bound)
            what = Text("The report as it was replied to")
            return Source(text, replied.tables, what, is_replied=True)
    is_replied = "reply" in case.done
    draft = Text("The government has not replied yet: this is a draft.")
    why_not = None if is_replied else draft
    if submitted is not None:
        text = bound_text(session, case_id, submitted.bound)
        what = Text("The report as submitted")
        return Source(text, submitted.tables, what, why_not, is_replied=is_replied)
    return _as_it_stands(case, records, None, why_not, is_replied=is_replied)


def _as_it_stands(
    case: Case,
    records: Mapping[str, Sequence[Record]],
    submitted: Submission | None,
    why_not: Words | None,
    *,
    is_replied: bool,
) -> Source | None:
    text = text_of(case, records[SECTIONS])
    if not text.sections:
        return None
    tables = submitted.tables if submitted is not None else None
    what = Text("The report as its sections stand now")
    return Source(text, tables, what, why_not, is_replied=is_replied)


@dataclass(frozen=True, slots=True)
class Preview:
    """The public version as it would be released now.

    ``idle``: withheld passages that don't stand in the text.
    """

    source: Source
    sections: tuple[PublicSection, ...]
    findings: tuple[Found, ...]
    used: frozenset[int]
    idle: tuple[Record, ...]

    @property
    def open(self) -> tuple[Found, ...]:
        """What the check found and nobody has withheld or accepted."""
        return tuple(each for each in self.findings if each.accepted is None)

    def text(self, case: Case, title: str) -> str:
        """The whole as plain text."""
        return plain_text(case, title, self.sections)


def preview_of(
    session: Session, case: Case, case_id: int, records: Mapping[str, Sequence[Record]]
) -> Preview | None:
    """Return the public version as it stands; ``records``: the items of the registers in ``READ``."""
    source = source_of(session, case, case_id, records)
    if source is None:
        return None
    withheld = [each for each in records["withheld"] if isinstance(each.values, Withheld)]
    sections = public_sections(
        case, source.text.sections, thawed(source.tables), names_of_tables(case), withheld
    )
    people = named_people(records["parties"], records["casualties"], case.occurred_on)
    used = frozenset(number for each in sections for number in each.used)
    return Preview(
        source,
        sections,
        tuple(findings_in(sections, people, records["public_accepts"])),
        used,
        tuple(each for each in withheld if each.item not in used),
    )


def check_passage(session: Session, loaded: Loaded, records: Sequence[Record]) -> Iterator[Action]:
    """Refuse a withheld passage that doesn't stand in its section; no step follows from it.

    Raises:
        Invalid: with the field of the passage.

    """
    found = store.items_of(session, loaded.ref.id, READ)
    preview = preview_of(session, loaded.case, loaded.ref.id, found)
    mine = {each.item for each in records}
    if preview is None or any(each.item in mine for each in preview.idle):
        words = Text("This passage doesn't stand in the section, word for word.")
        raise Invalid([Problem("passage", words)])
    yield from ()


def release(
    asking: Asking,
    given: Release,
    *,
    seen: str,
    reason: str | None = None,
    attachments: tuple[Attachment, ...] = (),
) -> Filed:
    """Release the public version that was read: frozen, under its hash (art 23).

    Raises:
        Refused: when there is nothing to release, or nobody has replied.
        Invalid: when the check is open, or something was changed since.
        Faulty: as ``file_records`` does.

    """

    def make(session: Session, loaded: Loaded) -> tuple[list[Filing], list[Action]]:
        case = loaded.case
        records = store.items_of(session, loaded.ref.id, READ)
        preview = preview_of(session, case, loaded.ref.id, records)
        if preview is None:
            raise Refused([Problem("seen", Text("The report has no text yet."))])
        if not preview.source.is_replied:
            words = Text("The report is published only after the reply.")
            raise Refused([Problem("seen", words)])
        problems = []
        text = preview.text(case, given.title or "")
        if hash_of(preview.text(case, "")) != seen:
            words = Text("The text was changed since you opened this page: read it again.")
            problems.append(Problem("seen", words))
        if preview.open:
            words = Text(
                "The check has %(count)s open findings: withhold or accept each.",
                count=len(preview.open),
            )
            problems.append(Problem("seen", words))
        if preview.source.why_not is not None and reason is None:
            problems.append(Problem("reason", preview.source.why_not))
        if problems:
            raise Invalid(problems)
        accepted = {each.accepted.item for each in preview.findings if each.accepted is not None}
        values = replace(
            given,
            text=text,
            text_hash=hash_of(text),
            source_hash=preview.source.text.hash,
            withheld=tuple(sorted(preview.used)) or None,
            accepted=tuple(sorted(accepted)) or None,
        )
        filing = Filing(
            "releases", values, acting_for=asking.acting_for, reason=reason,
            attachments=attachments,
        )  # fmt: skip
        return [filing], []

    return write_together(asking, make)


def hash_of(text: str) -> str:
    """Return the SHA-256 of a text, as somebody who has it as a file gets it."""
    return hashlib.sha256(text.encode()).hexdigest()


def steps_of_proof(
    _session: Session, loaded: Loaded, records: Sequence[Record]
) -> Iterator[Action]:
    """Yield the step of publishing for each place that a proof shows, once each (art 23)."""
    case = loaded.case
    known = {
        (getattr(each.payload, "item", None), getattr(each.payload, "where", None), each.on)
        for each in case.done.get(_PUBLISH, ())
    }
    for record in records:
        proof = record.values
        if not isinstance(proof, PublicationProof) or proof.published_on is None:
            continue
        shown = proof.address or "、".join(each.name for each in record.attachments)
        for place in proof.places or ():
            if (place, proof.where, proof.published_on) in known or _PUBLISH not in (
                case.ruleset.steps
            ):
                continue
            payload = Publication(place, proof.where, shown)
            yield Action(
                _PUBLISH, payload, proof.published_on, reason=record.reason or proof.note,
                acting_for=record.acting_for, attachments=record.attachments,
            )  # fmt: skip
