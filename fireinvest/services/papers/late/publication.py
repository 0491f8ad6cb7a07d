"""What the public reads: the report without what is withheld, and what became of it (art 23)."""

from collections.abc import Iterator
from dataclasses import dataclass

from fireinvest.services.papers.base import BLANK, paper_field, rows_field
from fireinvest.services.papers.late.rows import (
    MeasureRow,
    PersonRow,
    measure_rows,
    person_rows,
)
from fireinvest.services.papers.late.shape import LetterFields, broken
from fireinvest.services.papers.late.wording import (
    by_step,
    document,
    fire_called,
    known,
    reply_entry,
)
from fireinvest.services.papers.material import Material
from fireinvest.workflow.items.execution import Liability
from fireinvest.workflow.items.public import Release
from fireinvest.workflow.items.report import Section
from fireinvest.workflow.proving import is_open
from fireinvest.workflow.registers import choices_of
from fireinvest.workflow.report_hash import PARTS

__all__ = ["PublicFields", "ResultFields", "public_fields", "result_fields"]

#: A person is told by the family name alone: of names of up to so many characters.
_LONGEST_NAME = 4
_OFFICIAL_KINDS = ("discipline", "accountability")


@dataclass(frozen=True, slots=True)
class PublicBlock:
    """A paragraph of the public version; ``kind``: ``part`` or ``section`` where it is a heading."""

    text: str = paper_field("文字", "text", "某某单位位于某某街道1号。")
    kind: str = paper_field("类别", "kind", "text")


@dataclass(frozen=True)
class PublicFields(LetterFields):
    """What the announcement of the public version says."""

    notice_title: str = paper_field("公告标题", "title of the notice", "关于公布调查报告的公告")
    notice_heading: str = paper_field(
        "公告标题（分行）", "title of the notice, in lines", "关于公布某某火灾事故\n调查报告的公告"
    )
    opening: str = paper_field("公告正文", "notice", "现将调查报告予以公布。")
    blocks: tuple[PublicBlock, ...] = rows_field("公开文本", "text", PublicBlock)
    left_out: str = paper_field("略去说明", "on what is left out", "本文略去3处内容。")
    released_on: str = paper_field("核定日期", "released on", "2026年5月10日")
    withheld: str = paper_field("不予公开的内容", "what is withheld", "3处")
    accepted: str = paper_field("准予公开的检查结果", "accepted findings", "2处")
    text_hash: str = paper_field("公开文本校验值", "SHA-256 of the text", "0f1e2d3c…")
    source_hash: str = paper_field("报告正文校验值", "SHA-256 of the report", "4b5a6978…")


def public_fields(m: Material) -> PublicFields:
    """Return a public version as it was released, word for word."""
    record = m.subject.record
    values = record.values if record is not None else None
    given = values if isinstance(values, Release) else Release()
    reply = reply_entry(m)
    number = getattr(reply.payload, "document_no", None) if reply is not None else None
    title = known(given.title)
    notice = f"关于公布{fire_called(m)}调查报告的公告"
    omitted = len(given.withheld or ())
    left_out = "公开文本未略去内容。"
    if omitted:
        left_out = f"公开文本略去{omitted}处依法不予公开的内容。"
    return PublicFields(
        title=title,
        addressee="社会公众",
        notice_title=notice,
        notice_heading=broken(notice),
        opening=(
            f"{m.government}已以{document(m, number, reply.on if reply else None)}对{fire_called(m)}"
            f"调查报告作出批复。依照{by_step(m, 'publish')}，现将调查报告（公开版）予以公布。"
        ),
        blocks=tuple(_blocks(m, given)),
        left_out=left_out,
        released_on=m.day(given.released_on),
        withheld=f"{omitted}处",
        accepted=f"{len(given.accepted or ())}处",
        text_hash=known(given.text_hash),
        source_hash=known(given.source_hash),
    )


def _blocks(m: Material, given: Release) -> Iterator[PublicBlock]:
    """The text by paragraphs, word for word. A part is named in its order, alone between blanks."""
    parts = [m.say(each.label) for each in choices_of(m.file.case, PARTS)]
    titles = {each.values.title for each in m.of("sections") if isinstance(each.values, Section)}
    lines = [each.strip() for each in (given.text or BLANK).splitlines()]
    if lines and lines[0] == (given.title or "").strip():
        lines = lines[1:]
    for place, line in enumerate(lines):
        if not line:
            continue
        begins = place == 0 or not lines[place - 1]
        stands_alone = begins and (place + 1 == len(lines) or not lines[place + 1])
        if stands_alone and line in parts:
            parts = parts[parts.index(line) + 1 :]
            yield PublicBlock(line, "part")
        else:
            yield PublicBlock(line, "section" if begins and line in titles else "text")


@dataclass(frozen=True)
class ResultFields(LetterFields):
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
        decision = row.decision
        if not record.values.decision:
            decision = "正在依法办理" if is_open(record.values.state) else row.state
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
        note=(f"个人姓名依照{m.article('openness:15')}作隐名处理。"),
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
