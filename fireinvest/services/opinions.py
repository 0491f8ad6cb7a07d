"""Opinions on the report: asked for and answered, with the steps that follow (art 18)."""

from collections.abc import Iterator, Sequence

from fireinvest.services.cases import Loaded
from fireinvest.store import Session
from fireinvest.store import records as store
from fireinvest.workflow.actions import DocumentReceived, DocumentSent
from fireinvest.workflow.engine import Action
from fireinvest.workflow.items.report import Opinion
from fireinvest.workflow.registers import Record

__all__ = ["OPINIONS", "steps_of_opinion"]

OPINIONS = "opinions"
_CONSULT, _ANSWER = "consult", "consult_answer"


def steps_of_opinion(
    session: Session, loaded: Loaded, records: Sequence[Record]
) -> Iterator[Action]:
    """Yield the steps that follow from an opinion as it stands: it was asked for, it came (art 18)."""
    steps = loaded.case.ruleset.steps
    for record in records:
        now = record.values
        if not isinstance(now, Opinion):
            continue
        versions = store.versions_of(session, loaded.ref.id, record.register, record.item)
        before = [each.values for each in versions if each.version < record.version]
        was_asked = any(getattr(each, "asked_on", None) is not None for each in before)
        was_answered = any(getattr(each, "answered_on", None) is not None for each in before)
        if now.asked_on is not None and not was_asked and _CONSULT in steps:
            asked = DocumentSent(now.body, now.document_no)
            yield Action(_CONSULT, asked, now.asked_on, reason=record.reason)
        if now.answered_on is not None and not was_answered and _ANSWER in steps:
            came = DocumentReceived(now.body, now.answer_no)
            yield Action(_ANSWER, came, now.answered_on, reason=record.reason)
