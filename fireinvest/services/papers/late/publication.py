"""What the public reads: the report without what is withheld, and what became of it (art 23)."""

from collections.abc import Iterator
from dataclasses import dataclass

from fireinvest.services.papers.base import BLANK, PaperFields, paper_field, rows_field
from fireinvest.services.papers.late.rows import (
    MeasureRow,
    PersonRow,
    measure_rows,
    person_rows,
)
from fireinvest.services.papers.late.wording import (
    by_step,
    document,
    fire_called,
    known,
    paragraphs,
    reply_entry,
)
from fireinvest.services.papers.material import Material
from fireinvest.workflow.items.execution import Liability
from fireinvest.workflow.items.public import Release
from fireinvest.workflow.registers import choices_of
from fireinvest.workflow.report_hash import PARTS

__all__ = ["PublicFields", "ResultFields", "public_fields", "result_fields"]

#: A person is told by the family name alone: of names of up to so many characters.
_LONGEST_NAME = 4
_OFFICIAL_KINDS = ("discipline", "accountability")


@dataclass(frozen=True, slots=True)
class PublicBlock:
    """A paragraph of the public version, or the heading of a part."""

    text: str = paper_field("文字", "text", "某某单位位于某某街道1号。")
    is_heading: bool = paper_field("是否标题", "is it a heading", False)


@dataclass(frozen=True)
class PublicFields(PaperFields):
    """What the announcement of the public version says."""

    notice_title: str = paper_field("公告标题", "title of the notice", "关于公布调查报告的公告")
    opening: str = paper_field("公告正文", "notice", "现将调查报告予以公布。")
    approved: str = paper_field("审核说明", "on the check", "本公告稿经公开前检查。")
    blocks: tuple[PublicBlock, ...] = rows_field("公开文本", "text", PublicBlock)
    left_out: str = paper_field("略去说明", "on what is left out", "本文略去3处内容。")
    text_hash: str = paper_field("公开文本校验值", "SHA-256 of the text", "0f1e2d3c…")


def public_fields(m: Material) -> PublicFields:
    """Return a public version as it was released, word for word."""
    record = m.subject.record
    values = record.values if record is not None else None
    given = values if isinstance(values, Release) else Release()
    reply = reply_entry(m)
    number = getattr(reply.payload, "document_no", None) if reply is not None else None
    title = known(given.title)
    omitted = len(given.withheld or ())
    left_out = "公开文本未略去内容。"
    if omitted:
        left_out = f"公开文本略去{omitted}处依法不予公开的内容。"
    return PublicFields(
        title=title,
        addressee="社会公众",
        notice_title=f"关于公布{fire_called(m)}调查报告的公告",
        opening=(
            f"{m.government}已以{document(m, number, reply.on if reply else None)}对{fire_called(m)}"
            f"调查报告作出批复。依照{by_step(m, 'publish')}，现将调查报告（公开版）予以公布。"
        ),
        approved=(
            f"公开文本于{m.day(given.released_on)}核定；请在新闻媒体和政府网站同时刊载，"
            "并留存网页截图或者版面作为公告凭证。"
        ),
        blocks=tuple(_blocks(m, given)),
        left_out=left_out,
        text_hash=known(given.text_hash),
    )


def _blocks(m: Material, given: Release) -> Iterator[PublicBlock]:
    """The text by paragraphs; its first line is its title, and the names of parts are headings."""
    names = {m.say(each.label) for each in choices_of(m.file.case, PARTS)}
    lines = paragraphs(given.text)
    if lines and lines[0] == (given.title or "").strip():
        lines = lines[1:]
    for line in lines or (BLANK,):
        yield PublicBlock(line, line in names)


@dataclass(frozen=True)
class ResultFields(PaperFields):
    """What the announcement of the handling result says."""

    opening: str = paper_field("引语", "opening", "现将处理结果公布如下。")
    units: tuple[PersonRow, ...] = rows_field("责任追究情况", "accountability", PersonRow)
    measures: tuple[MeasureRow, ...] = rows_field("整改措施", "measures", MeasureRow)
    nothing: str = paper_field("暂无内容说明", "where there is nothing", "有关工作正在进行。")
    note: str = paper_field("说明", "note", "个人姓名依法作隐名处理。")


def result_fields(m: Material) -> ResultFields:
    """Return what became of those answerable and of the measures, as the public may read it."""
    ledger = [each for each in m.of("liabilities") if isinstance(each.values, Liability)]
    rows = []
    for record, row in zip(ledger, person_rows(m, ledger), strict=True):
        assert isinstance(record.values, Liability)  # noqa: S101 - only these are in the ledger
        decision = row.decision if record.values.decision else row.state
        rows.append(
            PersonRow(
                row.no, _public_name(record.values), row.post, row.kind, row.fact, row.proposed,
                row.state, decision, row.due,
            )
        )  # fmt: skip
    return ResultFields(
        title=f"关于{fire_called(m)}处理结果的公告",
        addressee="社会公众",
        opening=(
            f"{m.government}对{fire_called(m)}调查报告作出批复后，有关单位依法开展责任追究和整改。"
            f"依照{by_step(m, 'publish')}，现将截至{m.day(m.file.today)}的处理结果公布如下："
        ),
        units=tuple(rows),
        measures=measure_rows(m),
        nothing="有关工作正在依法进行，结果另行公布。",
        note=(
            f"个人姓名依照{m.article('openness:15')}作隐名处理；限制公开的事项未列入。"
            "公布前应当再次核对。"
        ),
    )


def _public_name(given: Liability) -> str:
    """A unit by its name; a person by the family name, an official by the post alone."""
    name = known(given.name)
    if given.sort != "person":
        return name
    plain = name.partition("（")[0]
    if len(plain) > _LONGEST_NAME or name == BLANK:
        return "有关责任人员"
    return f"{plain[:1]}某" if len(plain) < 3 else f"{plain[:1]}某某"
