"""The forms of an archived volume: cover, catalogue, note on the file (art 24).

The archive says what a volume holds, in plain words and rows; these forms only print it. Build
``CoverFields``, ``CatalogueFields`` and ``NoteFields`` from these rows: every field that is left
out is a blank to be filled in by hand.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from fireinvest.services.papers.base import PaperFields, paper_field, rows_field
from fireinvest.services.papers.late.wording import fire_called
from fireinvest.services.papers.material import Material

__all__ = [
    "CatalogueFields",
    "CatalogueRow",
    "CoverFields",
    "NoteFields",
    "blank_catalogue_fields",
    "blank_cover_fields",
    "blank_note_fields",
]


@dataclass(frozen=True)
class CoverFields(PaperFields):
    """The cover of a volume (卷皮封面). ``extent``: how many documents and pages it holds."""

    archive_name: str = paper_field("档案馆（室）名称", "name of the archive", "某某消防救援支队")
    fonds: str = paper_field("全宗名称", "fonds", "某某消防救援支队")
    category: str = paper_field("类别名称", "category", "火灾事故调查")
    case_number: str = paper_field("案件编号", "number of the case", "5303-2026-0001")
    unit: str = paper_field("起火单位", "unit that burned", "某某商贸有限公司")
    filed_by: str = paper_field("立卷单位", "filed by", "某某消防救援支队")
    period: str = paper_field("起止日期", "from and to", "2026年2月25日至2026年6月1日")
    volume: str = paper_field("卷次", "which volume", "共3卷，第1卷")
    extent: str = paper_field("件数、页数", "extent", "42件，318页")
    retention: str = paper_field("保管期限", "retention", "永久")
    secrecy: str = paper_field("密级", "secrecy", "")
    filed_on: str = paper_field("归档日期", "filed on", "2026年6月10日")
    archive_no: str = paper_field("档号", "archive number", "XF-2026-0001")


@dataclass(frozen=True, slots=True)
class CatalogueRow:
    """A document of a volume: its place, number, author, title, day, and its pages."""

    no: str = paper_field("顺序号", "place", "1")
    document_no: str = paper_field("文号", "document number", "某消〔2026〕1号")
    author: str = paper_field("责任者", "author", "某某消防救援支队")
    title: str = paper_field("题名", "title", "关于成立火灾事故调查组的请示")
    day: str = paper_field("日期", "day", "2026-02-26")
    pages: str = paper_field("页号", "pages", "1-3")
    note: str = paper_field("备注", "note", "")


@dataclass(frozen=True)
class CatalogueFields(PaperFields):
    """The catalogue of a volume (卷内目录). ``caption``: case, volume, archive number."""

    caption: str = paper_field("卷次说明", "caption", "5303-2026-0001，第1卷")
    rows: tuple[CatalogueRow, ...] = rows_field("卷内文件", "documents", CatalogueRow)


@dataclass(frozen=True)
class NoteFields(PaperFields):
    """The note on a volume (卷内备考表): its state, what is missing, who filed and checked it."""

    caption: str = paper_field("卷次说明", "caption", "5303-2026-0001，第1卷")
    state: str = paper_field("本卷情况说明", "state of the volume", "文件齐全，装订完整。")
    extent: str = paper_field("件数、页数", "extent", "42件，318页")
    missing: str = paper_field("缺件和说明", "what is missing", "无")
    digital: str = paper_field("电子文件和校验", "digital files", "共42个文件，校验值见卷内索引。")
    filed_by: str = paper_field("立卷人", "filed by", "")
    checked_by: str = paper_field("检查人", "checked by", "")
    filed_on: str = paper_field("立卷时间", "filed on", "")
    checked_on: str = paper_field("检查时间", "checked on", "")
    remarks: tuple[str, ...] = paper_field("补充说明", "remarks", ("第3件为复印件。",))


def blank_cover_fields(m: Material) -> CoverFields:
    """Return the cover of a case's file, with what the volume itself has to say left blank."""
    return CoverFields(
        title=f"{fire_called(m)}调查卷宗",
        archive_name=m.agency,
        fonds=m.agency,
        category="火灾事故调查",
        case_number=m.file.ref.number,
        unit=m.unit,
        filed_by=m.agency,
        secrecy="",
    )


def blank_catalogue_fields(m: Material, rows: Sequence[CatalogueRow] = ()) -> CatalogueFields:
    """Return the catalogue of a case's file, with these rows."""
    return CatalogueFields(
        title="卷内目录", caption=f"{m.file.ref.number}，{m.unit}", rows=tuple(rows)
    )


def blank_note_fields(m: Material) -> NoteFields:
    """Return the note on a case's file, to be filled in by hand."""
    return NoteFields(title="卷内备考表", caption=f"{m.file.ref.number}，{m.unit}")
