"""A year on: the plan of the evaluation, and its report in its three parts (arts 28, 29)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from fireinvest.regulation.basis import chinese_number
from fireinvest.services.evaluation import PARTS, SheetRow, sheet_of
from fireinvest.services.papers.base import BLANK, paper_field, rows_field
from fireinvest.services.papers.late.deliveries import copied_to
from fireinvest.services.papers.late.shape import WIDEST_ON_COVER, LetterFields, broken, concise
from fireinvest.services.papers.late.wording import (
    by,
    by_list,
    by_step,
    contact,
    counted,
    day_or_blank,
    document,
    fire_called,
    fire_story,
    joined,
    known,
    paragraphs,
    period,
    reply_called,
    report_called,
    running_clock,
)
from fireinvest.services.papers.material import Material
from fireinvest.workflow.items.execution import Liability, RectificationMeasure
from fireinvest.workflow.proving import OVERTAKEN, PROVED
from fireinvest.workflow.registers import choices_of

__all__ = ["EvaluationFields", "PlanFields", "evaluation_fields", "plan_fields"]

_FINDINGS = "evaluation_findings"
_EVALUATION = "evaluation"
_EVALUATOR = "evaluator"


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A member of the evaluation group."""

    no: str = paper_field("序号", "No.", "1")
    name: str = paper_field("姓名", "name", "赵某某")
    agency: str = paper_field("工作单位", "agency", "某某市应急管理局")
    duty: str = paper_field("评估组职务", "post in the group", "成员")
    signature: str = paper_field("签名", "signature", "")
    day: str = paper_field("日期", "day", "")


@dataclass(frozen=True, slots=True)
class ItemRow:
    """Something that the evaluation looks at."""

    no: str = paper_field("序号", "No.", "1")
    part: str = paper_field("类别", "part", "整改措施")
    subject: str = paper_field("评估事项", "subject", "拆除违规设置的夹芯板隔间")
    unit: str = paper_field("责任单位（人员）", "by whom", "某某有限公司")
    due: str = paper_field("期限", "limit", "2026-06-30")


@dataclass(frozen=True)
class PlanFields(LetterFields):
    """What the notice of an evaluation says, and its plan."""

    opening: str = paper_field("引语", "opening", "决定对整改措施落实情况开展评估。")
    request: str = paper_field("要求", "what is asked", "请做好准备，配合评估工作。")
    plan_title: str = paper_field("方案标题", "title of the plan", "评估工作方案")
    plan_heading: str = paper_field(
        "方案标题（分行）", "title of the plan, in lines", "某某火灾事故\n评估工作方案"
    )
    basis: str = paper_field("评估依据", "basis", "《某某规定》第某条。")
    contents: tuple[str, ...] = paper_field("评估内容", "contents", ("1. 整改措施落实情况。",))
    group_intro: str = paper_field("评估组说明", "on the group", "评估组由下列人员组成：")
    group: tuple[GroupRow, ...] = rows_field("评估组成员", "group", GroupRow)
    recusal: str = paper_field("回避", "on recusal", "评估组成员有回避情形的，应当回避。")
    schedule: tuple[str, ...] = paper_field("时间步骤", "schedule", ("1. 准备阶段。",))
    items: tuple[ItemRow, ...] = rows_field("评估事项", "items", ItemRow)
    no_items: str = paper_field("无事项说明", "where there are none", "待整改措施确定后补列。")
    demands: tuple[str, ...] = paper_field("工作要求", "demands", ("1. 实地核查，逐项取证。",))
    contact: str = paper_field("联系人", "contact", "联系人：某某，联系电话：0874-1234567")


@concise
def plan_fields(m: Material) -> PlanFields:
    """Return the notice and the plan of the evaluation, from the ledgers as they stand."""
    called = fire_called(m)
    plan = f"{called}整改措施落实情况评估工作方案"
    units = [
        each.values.unit
        for each in m.of("measures")
        if isinstance(each.values, RectificationMeasure)
    ]
    return PlanFields(
        title=f"关于开展{called}整改措施落实情况评估的通知",
        addressee=joined([*(units or [m.unit]), *copied_to(m)]),
        opening=(
            f"{reply_called(m)}印发后，依照{by_step(m, 'open_evaluation')}，{m.government}决定组织评估组，"
            "对事故整改和防范措施落实情况、责任追究落实情况开展评估。"
        ),
        request="请对照方案做好自查，准备有关文件、凭证和现场条件，配合评估组开展工作。",
        plan_title=plan,
        plan_heading=broken(plan),
        basis=f"{by_list(m, _FINDINGS)}、{by_step(m, 'evaluation_report')}，以及{reply_called(m)}和{report_called(m)}。",
        contents=counted(
            [
                f"{m.say(each.label)}（{by(m, each.basis)}）。"
                for each in choices_of(m.file.case, _FINDINGS)
            ]
            or [BLANK]
        ),
        group_intro="评估组由下列人员组成：",
        group=_group(m),
        recusal=(
            f"评估组成员有{by_step(m, 'declare_recusal')}所列情形的，应当主动回避；"
            "本案责任单位和责任人员不得参加评估。"
        ),
        schedule=counted(list(_schedule(m))),
        items=tuple(_items(m)),
        no_items="整改措施和责任追究台账尚无登记，待确定后补列。",
        demands=(
            "1. 逐项实地核查，查看现场、查阅资料、询问有关人员，并留存照片、文书等凭证。",
            "2. 对每一事项作出“已落实”“未落实”或者“情势变更”的认定，不得以计划代替落实。",
            (
                f"3. 整改未落实或者落实不力的，依照{by_step(m, 'order_supervision')}提出挂牌督办建议；"
                "责任追究拖延的，提出通报建议。"
            ),
        ),
        contact=contact(m),
    )


def _group(m: Material) -> tuple[GroupRow, ...]:
    found = [each for each in m.file.case.members if each.post == _EVALUATOR and each.is_active]
    rows = tuple(
        GroupRow(f"{place}", m.name(each.person), each.agency or "—", _duty(m, each.entry), "", "")
        for place, each in enumerate(found, 1)
    )
    return rows or (GroupRow("1", BLANK, BLANK, BLANK, "", ""),)


def _duty(m: Material, seq: int) -> str:
    entry = next((each for each in m.entries("join_evaluation") if each.seq == seq), None)
    return (getattr(entry.payload, "duty", None) if entry is not None else None) or "成员"


def _schedule(m: Material) -> Iterator[str]:
    opened = m.last("open_evaluation")
    clock = running_clock(m, _EVALUATION)
    due = None if clock is None else clock.due_on
    begun = None if opened is None else opened.on
    yield f"准备阶段：自{m.day(begun)}起，成立评估组，收集台账和凭证。"
    yield f"核查阶段：{BLANK}至{BLANK}，逐项实地核查，填写评估表。"
    yield (
        f"总结阶段：依照{by_step(m, 'open_evaluation')}，在结案后{period(m, _EVALUATION)}内"
        f"（{m.day(due)}前）完成评估，并依照{by_step(m, 'evaluation_report')}向{m.government}提交评估报告。"
    )


def _items(m: Material) -> Iterator[ItemRow]:
    number = 0
    for each in m.of("measures"):
        values = each.values
        if isinstance(values, RectificationMeasure):
            number += 1
            yield ItemRow(
                f"{number}", m.listed("measure_kinds", values.kind), known(values.what),
                known(values.unit), day_or_blank(values.due_on),
            )  # fmt: skip
    for each in m.of("liabilities"):
        values = each.values
        if isinstance(values, Liability):
            number += 1
            yield ItemRow(
                f"{number}", m.listed("penalty_kinds", values.kind), known(values.proposed),
                known(values.name), day_or_blank(values.due_on),
            )  # fmt: skip


# ---------------------------------------------------------------------------- report


@dataclass(frozen=True, slots=True)
class FindingRow:
    """A line of the sheet: what it is about, what was found, on what that rests."""

    no: str = paper_field("序号", "No.", "1")
    subject: str = paper_field("评估事项", "subject", "拆除违规设置的夹芯板隔间")
    finding: str = paper_field("核查情况", "what was found", "现场复查，已拆除。")
    state: str = paper_field("认定", "state", "已落实")
    proof: str = paper_field("凭证", "proof", "现场照片")


@dataclass(frozen=True, slots=True)
class FindingPart:
    """One of the contents of the evaluation (art 28)."""

    heading: str = paper_field("标题", "heading", "二、单位落实整改措施的举措和成效")
    findings: tuple[str, ...] = paper_field("评估结论", "findings", ("3项措施已落实2项。",))
    rows: tuple[FindingRow, ...] = rows_field("评估表", "sheet", FindingRow)


@dataclass(frozen=True)
class EvaluationFields(LetterFields):
    """What the evaluation's report says."""

    WIDEST: ClassVar[float] = WIDEST_ON_COVER

    group_name: str = paper_field("评估组名称", "name of the group", "某某火灾事故整改评估组")
    opening: str = paper_field("引语", "opening", "现将评估情况报告如下。")
    work: tuple[str, ...] = paper_field("工作情况", "work", ("评估组于2027年2月1日成立。",))
    parts: tuple[FindingPart, ...] = rows_field("评估内容", "parts", FindingPart)
    conclusion_heading: str = paper_field("结论标题", "heading", "五、评估结论和建议")
    conclusion: tuple[str, ...] = paper_field("结论和建议", "conclusion", ("总体已落实。",))
    closing: str = paper_field("结语", "closing", "以上报告，请审阅。")
    group: tuple[GroupRow, ...] = rows_field("评估组成员", "group", GroupRow)


@concise
def evaluation_fields(m: Material) -> EvaluationFields:
    """Return the report of the evaluation: its three contents, with the sheet as it was filled in."""
    called = fire_called(m)
    sheets = {
        each.id: sheet_of(each.id, {"evaluation_sheet": (), **m.records})
        for each in choices_of(m.file.case, _FINDINGS)
    }
    parts = tuple(
        FindingPart(
            f"{chinese_number(place)}、{m.say(each.label)}",
            tuple(_said(m, each.id, sheets[each.id])),
            _rows(m, sheets[each.id]),
        )
        for place, each in enumerate(choices_of(m.file.case, _FINDINGS), 2)
    )
    return EvaluationFields(
        title=f"{called}整改措施落实情况评估报告",
        addressee=m.government,
        group_name=m.issuer,
        opening=(
            f"{fire_story(m)}依照{by_list(m, _FINDINGS)}，评估组对{report_called(m)}所提整改措施和处理意见的"
            f"落实情况进行了评估。依照{by_step(m, 'evaluation_report')}，现报告如下。"
        ),
        work=counted(list(_work(m))),
        parts=parts,
        conclusion_heading=f"{chinese_number(len(parts) + 2)}、评估结论和建议",
        conclusion=counted(list(_conclusion(m, sheets))),
        closing="以上报告，请审阅。",
        group=_group(m),
    )


def _work(m: Material) -> Iterator[str]:
    opened = m.last("open_evaluation")
    number = getattr(opened.payload, "document_no", None) if opened is not None else None
    when = "成立日期待登记" if opened is None else f"于{m.day(opened.on)}成立"
    if number:
        when += f"（{number}）"
    yield f"评估组{when}，由{joined(each.name for each in _group(m))}组成。"
    reply = m.last("reply")
    if reply is not None:
        number = getattr(reply.payload, "document_no", None)
        clock = running_clock(m, _EVALUATION)
        due = "" if clock is None else f"，评估期限至{m.day(clock.due_on)}"
        yield f"事故调查报告于{m.day(reply.on)}批复结案（{document(m, number, None)}）{due}。"
    looked = sum(
        isinstance(each.values, RectificationMeasure) and each.values.accepted_on is not None
        for each in m.of("measures")
    )
    yield f"评估组核对整改措施{len(m.of('measures'))}项，其中经现场复查验收{looked}项；核对责任追究事项{len(m.of('liabilities'))}项。"


def _said(m: Material, part: str, rows: list[SheetRow]) -> Iterator[str]:
    """What was concluded on a part, and how many of its lines are carried out."""
    for entry in m.entries("evaluate"):
        if getattr(entry.payload, "item", None) == part:
            yield from paragraphs(getattr(entry.payload, "text", None))
    if rows:
        yield f"本项共{len(rows)}件：{_tally(rows)}。"
    elif not any(getattr(each.payload, "item", None) == part for each in m.entries("evaluate")):
        yield BLANK


def _tally(rows: list[SheetRow]) -> str:
    done = sum(each.state == PROVED for each in rows)
    over = sum(each.state == OVERTAKEN for each in rows)
    words = f"已落实{done}件，未落实{len(rows) - done - over}件"
    return f"{words}，情势变更{over}件" if over else words


def _rows(m: Material, rows: list[SheetRow]) -> tuple[FindingRow, ...]:
    return tuple(
        FindingRow(
            f"{place}", known(each.subject), known(each.finding),
            _state(m, each), each.proof or "—",
        )
        for place, each in enumerate(rows, 1)
    )  # fmt: skip


def _state(m: Material, row: SheetRow) -> str:
    for name in ("proof_states", "measure_states", "liability_states"):
        found = m.listed(name, row.state)
        if found != BLANK:
            return found
    return BLANK


def _conclusion(m: Material, sheets: dict[str, list[SheetRow]]) -> Iterator[str]:
    everything = [each for rows in sheets.values() for each in rows]
    if not everything:
        yield f"评估结论：{BLANK}。"
        return
    yield f"评估事项共{len(everything)}件：{_tally(everything)}。"
    open_ones = [
        each.subject
        for name in PARTS
        for each in sheets.get(name, [])
        if each.state not in (PROVED, OVERTAKEN)
    ]
    if open_ones:
        yield f"未落实的事项：{'；'.join(each.rstrip('。；') for each in open_ones)}。"
        yield (
            f"建议：对整改未落实或者落实不力的，依照{by_step(m, 'order_supervision')}挂牌督办；"
            "对责任追究不落实或者审判拖延的，向有关机关通报并商请督促落实。"
        )
    else:
        yield "整改措施和处理意见已经落实，建议长效坚持，防止反弹。"
