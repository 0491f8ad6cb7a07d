"""The rows that several of the later papers have: measures, people answerable, evidence."""

from collections.abc import Iterable
from dataclasses import dataclass

from fireinvest.china import CHINA
from fireinvest.services.papers.base import BLANK, paper_field
from fireinvest.services.papers.late.wording import day_or_blank, known
from fireinvest.services.papers.material import Material
from fireinvest.workflow.items.evidence import Evidence
from fireinvest.workflow.items.execution import Liability, RectificationMeasure
from fireinvest.workflow.items.inquiry import ChainNode
from fireinvest.workflow.registers import Record

_NO = ("序号", "No.")


@dataclass(frozen=True, slots=True)
class MeasureRow:
    """A measure: what, by whom, until when, how far it is."""

    no: str = paper_field(*_NO, "1")
    what: str = paper_field("整改措施", "measure", "拆除违规设置的夹芯板隔间")
    unit: str = paper_field("责任单位", "carried out by", "某某有限公司")
    due: str = paper_field("完成期限", "limit", "2026-06-30")
    state: str = paper_field("状态", "state", "整改中")


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A unit or person answerable: for what, what is proposed, how far it is."""

    no: str = paper_field(*_NO, "1")
    name: str = paper_field("姓名（名称）", "name", "张某某")
    post: str = paper_field("单位和职务", "unit and post", "某某有限公司经理")
    kind: str = paper_field("类型", "kind", "行政处罚")
    fact: str = paper_field("应负责任的事实", "fact", "未落实消防安全责任")
    proposed: str = paper_field("处理建议", "what is proposed", "依法给予罚款")
    state: str = paper_field("目前进展", "state", "已建议")
    decision: str = paper_field("处理结果", "decision", "罚款5万元")
    due: str = paper_field("期限", "limit", "2026-06-30")


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """A piece of evidence, as a list names it."""

    mark: str = paper_field("编号", "mark", "E1")
    title: str = paper_field("材料名称", "designation", "现场勘验笔录")
    kind: str = paper_field("种类", "kind", "现场勘验笔录、现场图")
    quantity: str = paper_field("数量", "quantity", "1份")
    taken: str = paper_field("提取时间、地点", "where and when taken", "2026-02-26，起火部位")
    taken_by: str = paper_field("提取人", "taken by", "李某某")
    note: str = paper_field("来源、备注", "note", "封签号：某消封001")


def measure_rows(m: Material, records: Iterable[Record] | None = None) -> tuple[MeasureRow, ...]:
    """Return the ledger of measures as rows, or these of its records."""
    given = m.of("measures") if records is None else records
    found = [each.values for each in given if isinstance(each.values, RectificationMeasure)]
    return tuple(
        MeasureRow(
            f"{place}", known(each.what), known(each.unit), day_or_blank(each.due_on),
            m.listed("measure_states", each.state),
        )
        for place, each in enumerate(found, 1)
    )  # fmt: skip


def planned_measures(m: Material) -> tuple[MeasureRow, ...]:
    """Return the measures of the ledger; before there are any, those of the report's matrix."""
    rows = measure_rows(m)
    if rows:
        return rows
    nodes = [
        each.values
        for each in m.of("facts")
        if isinstance(each.values, ChainNode) and each.values.sort == "measure"
    ]
    return tuple(
        MeasureRow(f"{place}", known(each.text), BLANK, BLANK, BLANK)
        for place, each in enumerate(nodes, 1)
    )


def person_rows(m: Material, records: Iterable[Record]) -> tuple[PersonRow, ...]:
    """Return units and persons answerable as rows."""
    found = [each.values for each in records if isinstance(each.values, Liability)]
    return tuple(
        PersonRow(
            f"{place}", known(each.name), each.post or "—",
            m.listed("penalty_kinds", each.kind), known(each.fact), known(each.proposed),
            m.listed("liability_states", each.state), each.decision or "—",
            day_or_blank(each.due_on),
        )
        for place, each in enumerate(found, 1)
    )  # fmt: skip


def evidence_rows(m: Material, records: Iterable[Record]) -> tuple[EvidenceRow, ...]:
    """Return pieces of evidence as rows of a list."""
    rows = []
    for record in records:
        each = record.values
        if not isinstance(each, Evidence):
            continue
        when = (
            None if each.taken_at is None else f"{each.taken_at.astimezone(CHINA):%Y-%m-%d %H:%M}"
        )
        taken = "，".join(part for part in (when, each.place) if part)
        seal = None if each.seal_no is None else f"封签号：{each.seal_no}"
        note = "；".join(part for part in (seal, each.storage, each.description) if part)
        people = "、".join(part for part in (each.taken_by, each.taken_with) if part)
        rows.append(
            EvidenceRow(
                record.mark, known(each.title), m.listed("evidence_kinds", each.kind),
                each.quantity or "—", taken or "—", people or "—", note or "—",
            )
        )  # fmt: skip
    return tuple(rows)
