"""How is evidence shown? Its pieces with their picture and holder, chains, files, and labels."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import segno
from markupsafe import Markup

from fireinvest.messages import Text, Words
from fireinvest.services.casefile import CaseFile
from fireinvest.services.evidence import WHOLE
from fireinvest.services.files import FileState
from fireinvest.services.photographs import is_photo
from fireinvest.services.wording import worded
from fireinvest.store.access import Made
from fireinvest.web.present_registers import RecordView
from fireinvest.workflow.actions import Attachment, Shape
from fireinvest.workflow.custody import Chain, Link
from fireinvest.workflow.items.evidence import BROKEN, Custody
from fireinvest.workflow.registers import Record

#: What a check of a file said.
STATES: Mapping[str, Text] = {
    WHOLE: Text("unchanged since it came in"),
    FileState.CHANGED: Text("CHANGED since it came in"),
    FileState.MISSING: Text("missing from the file store"),
}


@dataclass(frozen=True, slots=True)
class PieceView:
    """A piece of evidence on a list. ``picture``: the place of its first photograph, or None.

    ``holder``, ``kept_at``: who has it, and where, as far as its chain tells.
    """

    view: RecordView
    chain: Chain
    picture: int | None
    holder: str
    kept_at: str


def piece_view(file: CaseFile, view: RecordView, chain: Chain) -> PieceView:
    """Return a piece of evidence as lists show it."""
    return PieceView(
        view,
        chain,
        next((place for place, each in enumerate(view.attachments) if is_photo(each)), None),
        chain.holder or "",
        chain.kept_at or "",
    )


@dataclass(frozen=True, slots=True)
class LinkView:
    """A hand-over in words; ``is_hidden``: it may not be read here.

    ``items``: what was handed over, by number. ``waits_for_me``: whoever is here can confirm it.
    """

    view: RecordView
    move: Custody
    giver: str
    receiver: str
    reason: Words
    condition: Words | None
    is_broken: bool
    received_condition: Words | None
    receipt: Words | None
    gaps: tuple[Words, ...]
    is_waiting: bool
    is_hidden: bool
    waits_for_me: bool


def link_view(
    file: CaseFile,
    view: RecordView,
    link: Link,
    people: Iterable[str],
) -> LinkView:
    """Return a hand-over in words, for whoever is here."""
    move = link.move

    def words(name: str, of: str) -> Words | None:
        code = getattr(move, name)
        return None if code is None else worded(file.ruleset, Shape.LISTED, of, code)

    return LinkView(
        view,
        move,
        move.giver or "",
        move.receiver or "",
        words("occasion", "custody_reasons") or "",
        words("condition", "custody_conditions"),
        BROKEN in (move.condition, move.received_condition),
        words("received_condition", "custody_conditions"),
        words("receipt", "receipt_ways"),
        () if view.is_hidden else link.gaps,
        link.is_waiting,
        view.is_hidden,
        not move.is_confirmed and move.receiver_login in set(people),
    )


@dataclass(frozen=True, slots=True)
class FileView:
    """A file of a piece of evidence; ``state``: what its last check said, None where there is none."""

    place: int
    attachment: Attachment
    is_photo: bool
    sort: Words
    state: Words | None
    is_bad: bool
    checked_at: datetime | None
    checked_by: str


def file_views(file: CaseFile, record: Record, checks: Mapping[str, Made]) -> list[FileView]:
    """Return the files of a piece of evidence, each with its last check."""
    views = []
    for place, each in enumerate(record.attachments):
        made = checks.get(each.sha256)
        state = None if made is None else str(made.new.get("state", ""))
        views.append(
            FileView(
                place,
                each,
                is_photo(each),
                _sort_of(each),
                None if state is None else STATES.get(state, state),
                state not in (None, WHOLE),
                None if made is None else made.happened_at,
                "" if made is None else file.name(made.person),
            )
        )
    return views


_SORTS: Mapping[str, Text] = {
    "image": Text("picture file"),
    "video": Text("film file"),
    "audio": Text("sound file"),
    "text": Text("text file"),
}


def _sort_of(attachment: Attachment) -> Words:
    return _SORTS.get(attachment.media_type.partition("/")[0], Text("other file"))


def qr_of(address: str) -> Markup:
    """Return an address as a code to be scanned, drawn without any style."""
    drawn = segno.make(address, error="m", micro=False)
    picture = drawn.svg_inline(scale=3, border=1, dark="#000", light="#fff", svgclass=None)
    return Markup(picture)  # noqa: S704 - segno draws it, of our own address
