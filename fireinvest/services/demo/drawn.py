"""Official papers of the demo: drawn up from its cases, numbered, signed, sent and received."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from html import escape
from io import BytesIO

from fireinvest.documents.papers import printed
from fireinvest.gateways.blobs import Blobs
from fireinvest.services.casefile import case_file
from fireinvest.services.demo.story import Story
from fireinvest.services.papers import drawing
from fireinvest.services.together import Asking
from fireinvest.store.records import find_records_by_key, last_version
from fireinvest.workflow.actions import Attachment
from fireinvest.workflow.items.papers import PAPERS
from fireinvest.workflow.registers import Record

#: By step: the kind of paper that went with it.
_KINDS = {
    "request_team": "team_request",
    "establish_team": "team_order",
    "submit_report": "report_submission",
    "reply": "reply",
}
_PDF = "application/pdf"


@dataclass(frozen=True, slots=True)
class DrawnPaper:
    """A paper that somebody drew up on a day, with the number that it was given.

    ``to``: whom it was sent to; empty for one that is still a draft.
    """

    kind: str
    by: str
    on: date
    number: str | None
    to: str


def drawn_papers(story: Story) -> Iterator[DrawnPaper]:
    """Yield the papers of a case that came as far as its reply."""
    if not any(deed.step == "reply" for deed in story.deeds):
        return
    seen: set[str] = set()
    for deed in story.deeds:
        kind = _KINDS.get(deed.step)
        if kind is None or kind in seen or deed.on > story.today:
            continue
        seen.add(kind)
        by = story.officer if kind != "reply" else story.login("reviewer")
        to = (
            story.government if deed.step in ("request_team", "submit_report") else "火灾事故调查组"
        )
        yield DrawnPaper(kind, by, deed.on, getattr(deed.payload, "document_no", None), to)
    yield DrawnPaper("investigation_report", story.officer, story.today, None, "")


def draw(asking: Asking, blobs: Blobs, number: str, paper: DrawnPaper, address: str) -> int:
    """Draw up a paper and let it go its way, where that wasn't done before; return the versions."""
    with asking.database.readers.begin() as session:
        if find_records_by_key(session, asking.actor.id, [f"{asking.key}#0"]):
            return 0
        file = case_file(
            session, asking.actor, number, asking.calendar, asking.today, law=asking.law
        )
    kind = file.ruleset.papers[paper.kind]
    drawn = drawing.draw_up(asking, blobs, file, kind, "", address=address).records[0]
    if paper.number is None:
        return 1

    def last() -> Record:
        with asking.database.readers.begin() as session:
            found = last_version(session, file.ref.id, PAPERS, drawn.item)
        assert found is not None  # noqa: S101 - it was written just now
        return found

    def then(step: str) -> Asking:
        return replace(asking, key=f"{asking.key}-{step}")

    drawing.number_by_hand(then("number"), blobs, file, drawn, paper.number, address=address)
    scan = _scan(blobs, paper.number, file.name(paper.by))
    drawing.keep_signed(
        then("signed"), last(), scan, signed_on=paper.on, signed_by=file.name(paper.by)
    )
    drawing.send(then("sent"), last(), on=paper.on, to=paper.to, how="机要交换")
    drawing.receive(then("received"), last(), on=paper.on, by=paper.to)
    return 5


def _scan(blobs: Blobs, number: str, signer: str) -> Attachment:
    """A page that stands for the scan of a signed paper."""
    text = f"<h1>{escape(number)}</h1><p>签发：{escape(signer)}（演示扫描件，非真实公文）</p>"
    content = printed(f'<html lang="zh"><body>{text}</body></html>')
    blob = blobs.put(BytesIO(content), at_most=len(content))
    return Attachment(f"{number} 签发件.pdf", _PDF, blob.sha256, blob.size)
