"""The cover, the catalogue and the note of a volume: what they say, printed by their templates."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fireinvest.documents.binding import without_page_numbers
from fireinvest.documents.word import render as render_word
from fireinvest.gateways.blobs import Blobs
from fireinvest.messages import Faulty, Problem, Text, render
from fireinvest.regulation.profile import PaperKind
from fireinvest.regulation.rulesets import Law
from fireinvest.services.archives.arranging import Arranged, Placed, Volume
from fireinvest.services.archives.keeping import Kept
from fireinvest.services.casefile import CaseFile
from fireinvest.services.papers.base import PaperFields
from fireinvest.services.papers.context import context_of
from fireinvest.services.papers.drawing import office_of
from fireinvest.services.papers.late.archive import (
    CatalogueFields,
    CatalogueRow,
    CoverFields,
    NoteFields,
)
from fireinvest.services.papers.late.wording import fire_called
from fireinvest.services.papers.material import BLANK, Material, Subject, material_of
from fireinvest.services.papers.templates import template_for
from fireinvest.store import Session

__all__ = ["FRONT", "Fronts", "fronts_of", "volume_title"]

#: The kinds of papers of a volume: before its documents, and the note behind them.
COVER, CATALOGUE, NOTE = "file_cover", "file_catalogue", "file_note"
FRONT = (COVER, CATALOGUE, NOTE)


@dataclass(frozen=True, slots=True)
class Fronts:
    """The papers of a volume as Word files, in the order of ``FRONT``."""

    title: str
    cover: bytes
    catalogue: bytes
    note: bytes


def volume_title(volume: Volume, name: str) -> str:
    """Return how a volume is called. ``name``: of what it is restricted as, empty where open."""
    apart = f"（{name}）" if name else ""
    return f"第{volume.number}卷{apart}"


def fronts_of(
    session: Session,
    blobs: Blobs,
    file: CaseFile,
    law: Law,
    arranged: Arranged,
    kept: Kept | None,
    missing: Sequence[str],
    on_paper: Sequence[str],
) -> Iterator[Fronts]:
    """Yield the papers of each volume.

    ``missing``: what of art 24 the file lacks, in words. ``on_paper``: what was filed on paper, and
    isn't here.

    Raises:
        Faulty: when the case's rule has no such papers.

    """
    kinds = file.ruleset.papers
    if not all(each in kinds for each in FRONT):
        text = Text("The rule of this case is older than volumes: it has no cover and catalogue.")
        raise Faulty([Problem("", text)])
    whole = _Whole(
        session, blobs, file, law, kinds[COVER], arranged, kept, tuple(missing), tuple(on_paper)
    )
    for volume in arranged.volumes:
        yield Fronts(
            volume_title(volume, whole.restricted_as(volume)),
            whole.printed(kinds[COVER], whole.cover(volume)),
            whole.printed(kinds[CATALOGUE], whole.catalogue(volume)),
            whole.printed(kinds[NOTE], whole.note(volume)),
        )


class _Whole:
    """What the papers of all volumes of a file share."""

    def __init__(
        self,
        session: Session,
        blobs: Blobs,
        file: CaseFile,
        law: Law,
        kind: PaperKind,
        arranged: Arranged,
        kept: Kept | None,
        missing: tuple[str, ...],
        on_paper: tuple[str, ...],
    ) -> None:
        self._session, self._blobs, self._file = session, blobs, file
        self._material: Material = material_of(session, file, law, kind, Subject())
        self._arranged, self._kept, self._missing = arranged, kept, missing
        self._on_paper = tuple(f"{each}：已按纸质材料归档，无电子文件。" for each in on_paper)
        self._office = office_of(file) or ("", "")

    def restricted_as(self, volume: Volume) -> str:
        found = self._file.ruleset.restrictions.get(volume.restriction or "")
        return "" if found is None else render(found.label, "zh")

    def cover(self, volume: Volume) -> CoverFields:
        m, kept = self._material, self._kept
        days = sorted(each.document.on for each in volume.documents)
        same = [each for each in self._arranged.volumes if each.restriction == volume.restriction]
        return CoverFields(
            title=f"{fire_called(m)}调查卷宗",
            archive_name=m.agency,
            fonds=m.agency,
            category="火灾事故调查",
            case_number=self._file.ref.number,
            unit=m.unit,
            filed_by=m.agency,
            period=f"{m.day(days[0])}至{m.day(days[-1])}" if days else BLANK,
            volume=f"共{len(same)}卷，第{volume.number}卷",
            extent=_extent(volume),
            retention=m.say(kept.period.label) if kept is not None else BLANK,
            secrecy=self.restricted_as(volume),
            filed_on=m.day(kept.filed_on) if kept is not None else BLANK,
            archive_no=f"{self._file.ref.number}-{volume.number}",
        )

    def catalogue(self, volume: Volume) -> CatalogueFields:
        rows = tuple(
            CatalogueRow(
                no=str(each.number),
                document_no=each.document.number,
                author=render(each.document.author, "zh"),
                title=render(each.document.title, "zh"),
                day=each.document.on.strftime("%Y%m%d"),
                pages=_pages(each),
                note=_note(each),
            )
            for each in volume.documents
        )
        return CatalogueFields(title="卷内目录", caption=self._caption(volume), rows=rows)

    def note(self, volume: Volume) -> NoteFields:
        m, kept = self._material, self._kept
        left = [
            f"未装订：{render(each.document.title, 'zh')}。理由：{getattr(each.change.values, 'why', None) or ''}"
            for each in self._arranged.left_out
            if frozenset(filter(None, [volume.restriction])) == each.document.restrictions
        ]
        count = len(volume.documents)
        return NoteFields(
            title="卷内备考表",
            caption=self._caption(volume),
            state=f"本卷文件按《规定》第二十四条的顺序排列，共{count}件、{volume.pages}页。",
            extent=_extent(volume),
            missing="、".join(self._missing) or "无",
            digital=f"共{count}个电子文件，原件和校验值（SHA-256）存于电子档案包。",
            filed_by="",
            checked_by="",
            filed_on=m.day(kept.filed_on) if kept is not None else BLANK,
            checked_on="",
            remarks=(*self._on_paper, *left),
        )

    def printed(self, kind: PaperKind, built: PaperFields) -> bytes:
        division, tier = self._office
        template = template_for(self._session, self._blobs, division, tier, kind)
        said = context_of(self._material, built, number=None, code="", signer=None)
        # The pages of a volume are numbered by its documents alone.
        return without_page_numbers(render_word(template.docx, said, {}))

    def _caption(self, volume: Volume) -> str:
        title = volume_title(volume, self.restricted_as(volume))
        return f"{self._file.ref.number}，{self._material.unit}，{title}"


def _extent(volume: Volume) -> str:
    return f"{len(volume.documents)}件，{volume.pages}页"


def _pages(placed: Placed) -> str:
    if placed.first_page == placed.last_page:
        return str(placed.first_page)
    return f"{placed.first_page}-{placed.last_page}"


def _note(placed: Placed) -> str:
    """An official paper is the signed one, or what wasn't signed yet."""
    if placed.document.kind is None:
        return ""
    return "签署件" if placed.document.is_signed else "未签署"
