"""Every kind of paper that can be made, by its id in the profile."""

from collections.abc import Iterator, Mapping

from fireinvest.regulation.profile import PaperKind
from fireinvest.services.casefile import CaseFile
from fireinvest.services.papers.base import Content, Contents
from fireinvest.services.papers.early import CONTENTS as EARLY
from fireinvest.services.papers.late import CONTENTS as LATE
from fireinvest.services.papers.material import Subject, subjects_of
from fireinvest.workflow.registers import Record

#: How each kind is made. A kind of a profile that isn't here is kept as a file alone.
CONTENTS: Contents = {**EARLY, **LATE}


def content_of(kind: str) -> Content | None:
    """Return how a kind of paper is made, None where it can't be."""
    return CONTENTS.get(kind)


def fitting_subjects(
    file: CaseFile, kind: PaperKind, records: Mapping[str, tuple[Record, ...]]
) -> Iterator[Subject]:
    """Yield of what there can be a paper of this kind in a case, as its content takes them."""
    content = content_of(kind.id)
    for each in subjects_of(file, kind, records):
        if content is None or content.fits is None or content.fits(each):
            yield each
