"""Is a report complete as it was submitted? Each demand of arts 18 to 20, and how it stands."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from fireinvest.messages import Joined, Text, Words
from fireinvest.regulation.basis import Citation
from fireinvest.regulation.profile import Ruleset
from fireinvest.workflow.case import Case
from fireinvest.workflow.engine import Missing, missing
from fireinvest.workflow.items.report import (
    APPROVED,
    DISSENT,
    REFUSED,
    Approval,
    Opinion,
    ReportSignature,
    Section,
    Submission,
)
from fireinvest.workflow.registers import Record, choices_of
from fireinvest.workflow.report_hash import PARTS

#: The step with which a report goes up, and the list that a member's signature goes through.
SUBMITTING = "submit_report"


class Standing(StrEnum):
    """How does a demand stand?"""

    MET = "met"
    LACKING = "lacking"
    TOLD = "told"


@dataclass(frozen=True, slots=True)
class Check:
    """A demand of the rule on the report, and how it stands; ``told``: to be known, no fault."""

    citation: Citation
    what: Words
    standing: Standing
    detail: Words | None = None


def demands_before(ruleset: Ruleset) -> frozenset[str]:
    """Return the steps that a submitted report should have behind it, directly or through others."""
    found: set[str] = set()
    asked = [SUBMITTING] if SUBMITTING in ruleset.steps else []
    while asked:
        step = ruleset.steps[asked.pop()]
        fresh = {name for name in (*step.expects, *step.requires) if name not in found}
        found |= fresh
        asked.extend(fresh)
    return frozenset(found)


def missing_before(case: Case) -> tuple[Missing, ...]:
    """Return what the rule wants before the report goes up, and what is not on record of it."""
    steps = demands_before(case.ruleset)
    return tuple(each for each in missing(case) if each.step in steps)


def checks_of(
    case: Case,
    submission: Submission,
    sections: Iterable[Record],
    items: Mapping[str, Iterable[Record]],
    name: Mapping[str, str],
) -> tuple[Check, ...]:
    """Return how the text that was submitted stands by the rule.

    ``sections``: as submitted. ``items``: opinions, approvals and signatures of the case, by their
    registers. ``name``: how people are called, by login.
    """
    return (
        *_parts(case, sections),
        *_opinions(case, items.get("opinions", ())),
        *_approval(case, submission, items.get("approvals", ())),
        *_signatures(case, submission, items.get("signatures", ()), name),
    )


def _parts(case: Case, sections: Iterable[Record]) -> Iterator[Check]:
    """The six parts, each with words in it (art 20)."""
    written = {
        each.values.part
        for each in sections
        if isinstance(each.values, Section) and (each.values.text or "").strip()
    }
    for part in choices_of(case, PARTS):
        if part.id in written:
            yield Check(part.basis, part.label, Standing.MET)
        else:
            detail = Text("Nothing is written in it.")
            yield Check(part.basis, part.label, Standing.LACKING, detail)


def _opinions(case: Case, opinions: Iterable[Record]) -> Iterator[Check]:
    """Opinions were sought, answered, and dealt with (art 18)."""
    basis = case.ruleset.registers["opinions"].basis
    asked = [each.values for each in opinions if isinstance(each.values, Opinion)]
    what = Text("Opinions sought")
    if not asked:
        yield Check(basis, what, Standing.LACKING, Text("Nobody was asked."))
        return
    out = tuple(each.body or "" for each in asked if each.is_open)
    left = tuple(each.body or "" for each in asked if not each.is_open and each.adopted is None)
    if out:
        detail = Text("Without an answer: %(bodies)s.", bodies=Joined(out))
        yield Check(basis, what, Standing.LACKING, detail)
    if left:
        detail = Text("Whether adopted is open: %(bodies)s.", bodies=Joined(left))
        yield Check(basis, what, Standing.LACKING, detail)
    if not out and not left:
        detail = Text("%(count)s asked, all answered.", count=len(asked))
        yield Check(basis, what, Standing.MET, detail)


def _approval(case: Case, submission: Submission, approvals: Iterable[Record]) -> Iterator[Check]:
    """The leader approved the whole, and just this text (art 18)."""
    basis = case.ruleset.registers["approvals"].basis
    whole = [
        each.values
        for each in approvals
        if isinstance(each.values, Approval)
        and each.values.part is None
        and each.values.decision == APPROVED
    ]
    what = Text("The leader approved the whole report")
    if any(each.text_hash == submission.text_hash for each in whole):
        yield Check(basis, what, Standing.MET)
    elif whole:
        yield Check(basis, what, Standing.LACKING, Text("The text was changed since."))
    else:
        yield Check(basis, what, Standing.LACKING)


def _signatures(
    case: Case, submission: Submission, signatures: Iterable[Record], name: Mapping[str, str]
) -> Iterator[Check]:
    """Each member signed this text, dissents have their page, refusals are told (art 19)."""
    basis = case.ruleset.registers["signatures"].basis
    last = {
        each.values.person: each.values
        for each in signatures
        if isinstance(each.values, ReportSignature)
    }
    members = dict.fromkeys(each.person for each in case.team if each.is_active)
    others = [each for each in members if each not in last]
    changed = [
        each
        for each in members
        if each in last
        and last[each].result != REFUSED
        and last[each].text_hash != submission.text_hash
    ]
    what = Text("Signatures of the members")

    def called(people: Iterable[str | None]) -> Joined:
        return Joined(tuple(name.get(each or "", each or "") for each in people))

    if others:
        detail = Text("Not signed: %(people)s.", people=called(others))
        yield Check(basis, what, Standing.LACKING, detail)
    if changed:
        detail = Text("Signed another text: %(people)s.", people=called(changed))
        yield Check(basis, what, Standing.LACKING, detail)
    if members and not others and not changed:
        detail = Text("%(count)s of %(all)s.", count=len(members), all=len(members))
        yield Check(basis, what, Standing.MET, detail)
    for result, words in (
        (DISSENT, Text("Dissent, with a page of its own")),
        (REFUSED, Text("Signature refused")),
    ):
        people = [each.person for each in last.values() if each.result == result]
        if people:
            yield Check(basis, words, Standing.TOLD, called(people))
