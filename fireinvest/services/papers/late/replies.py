"""The report goes up, and is answered: submission, reply, return (arts 21, 22)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fireinvest.regulation.basis import chinese_number
from fireinvest.services.papers.base import BLANK, paper_field, rows_field
from fireinvest.services.papers.late.rows import MeasureRow, planned_measures
from fireinvest.services.papers.late.shape import LetterFields, concise
from fireinvest.services.papers.late.wording import (
    by_list,
    by_step,
    contact,
    counted,
    court,
    discipline,
    document,
    fire_called,
    fire_story,
    joined,
    known,
    lead,
    numbered,
    paragraphs,
    period,
    procuratorate,
    report_called,
    running_clock,
    team_called,
)
from fireinvest.services.papers.material import Material
from fireinvest.services.reports import text_of
from fireinvest.workflow.actions import Entry
from fireinvest.workflow.items.reply import (
    IN_MEETING,
    RETURNED,
    WITH_CHANGES,
    Reply,
    ReplyPoint,
)
from fireinvest.workflow.items.report import Opinion, Section
from fireinvest.workflow.registers import Record, choices_of
from fireinvest.workflow.report_hash import PARTS

__all__ = [
    "ReplyFields",
    "ReturnFields",
    "SubmissionFields",
    "reply_fields",
    "return_fields",
    "submission_fields",
]

_REPORT, _REPLY = "report", "reply"


# ---------------------------------------------------------------------------- submission


@dataclass(frozen=True, slots=True)
class OpinionRow:
    """An opinion on the report: whose, and what became of it."""

    no: str = paper_field("序号", "No.", "1")
    body: str = paper_field("征求意见单位", "body asked", "某某市应急管理局")
    answered: str = paper_field("反馈日期", "answered on", "2026-04-01")
    text: str = paper_field("意见", "opinion", "建议补充动火作业审批的表述。")
    adopted: str = paper_field("采纳情况", "adopted", "部分采纳")
    reason: str = paper_field("理由", "reason", "已在责任认定部分补充。")


@dataclass(frozen=True)
class SubmissionFields(LetterFields):
    """What the letter says with which the report goes to the government."""

    fire: str = paper_field("事故概况", "the fire", "2026年2月25日，某某单位发生较大火灾事故。")
    work: tuple[str, ...] = paper_field(
        "调查工作", "how the team worked", ("调查组经现场勘验、调查询问，查明了事故原因。",)
    )
    conclusion: str = paper_field("调查结论", "conclusion", "经调查认定，这是一起责任事故。")
    consulted: str = paper_field("征求意见情况", "opinions sought", "报告已征求2家单位意见。")
    returned: str = paper_field("补充完善情况", "after a return", "已按要求补充完善。")
    deadline: str = paper_field("报批期限", "period", "报批期限至2026年4月26日届满。")
    request: str = paper_field("请示事项", "what is asked", "现将调查报告呈上，请予批复。")
    attachments: tuple[str, ...] = paper_field(
        "附件", "attachments", ("附件：1. 火灾事故调查报告", "2. 征求意见情况")
    )
    opinions: tuple[OpinionRow, ...] = rows_field("征求意见情况", "opinions", OpinionRow)
    contact: str = paper_field("联系人", "contact", "联系人：某某，联系电话：0874-1234567")


@concise
def submission_fields(m: Material) -> SubmissionFields:
    """Return what goes up with the report, as of its last text."""
    called = report_called(m)
    text = text_of(m.file.case, m.of("sections"))
    request = (
        f"依照{by_step(m, 'submit_report')}，现将{called}（正文校验值SHA-256："
        f"{text.hash[:16] if text.sections else BLANK}）随文呈报，请予审查批复。"
    )
    return SubmissionFields(
        title=f"关于报请批复{called}的请示",
        addressee=m.government,
        fire=fire_story(m),
        work=tuple(_work(m)),
        conclusion=_conclusion(m),
        consulted=_consulted(m),
        returned=_after_return(m),
        deadline=_deadline(m),
        request=request,
        attachments=(
            f"附件：1. {called.strip('《》')}（含成员名单、签名页和证据目录）",
            "2. 征求意见和采纳情况",
        ),
        opinions=_opinions(m),
        contact=contact(m),
    )


def _work(m: Material) -> Iterator[str]:
    founded = m.last("establish_team")
    if founded is not None:
        number = getattr(founded.payload, "document_no", None)
        yield (
            f"根据{document(m, number, founded.on)}，{team_called(m)}依法开展调查，"
            "查明了事故发生的经过、原因、人员伤亡和直接经济损失，认定了事故性质和责任，"
            "提出了对责任者的处理意见和防范整改措施。"
        )
    approved = m.last("approve_report")
    if approved is not None:
        yield (
            f"依照{by_step(m, 'approve_report')}，调查报告经调查组审议，"
            f"于{m.day(approved.on)}由调查组组长审定。"
        )


def _conclusion(m: Material) -> str:
    cause, nature = m.last("determine_cause"), m.last("determine_nature")
    said = known(getattr(cause.payload, "text", None) if cause is not None else None).rstrip("。")
    outcome = getattr(nature.payload, "outcome", None) if nature is not None else None
    kind = {
        "responsibility_accident": "这是一起责任事故",
        "not_responsibility_accident": "这不是一起责任事故",
    }.get(outcome or "", f"事故性质为{BLANK}")
    return f"经调查认定，事故直接原因是：{said}。{kind}。"


def _consulted(m: Material) -> str:
    asked = [each.values for each in m.of("opinions") if isinstance(each.values, Opinion)]
    if not asked:
        return ""
    answered = [each for each in asked if not each.is_open]
    adopted: dict[str, int] = {}
    for each in answered:
        if each.adopted is not None:
            name = m.listed("adoption", each.adopted)
            adopted[name] = adopted.get(name, 0) + 1
    words = (
        f"依照{by_step(m, 'consult')}，调查报告已征求{joined(each.body for each in asked)}意见，"
        f"收到反馈{len(answered)}份"
    )
    if adopted:
        words += "，其中" + "、".join(f"{name}{count}份" for name, count in adopted.items())
    return words + "。"


def _opinions(m: Material) -> tuple[OpinionRow, ...]:
    found = [each.values for each in m.of("opinions") if isinstance(each.values, Opinion)]
    rows = tuple(
        OpinionRow(
            f"{place}",
            known(each.body),
            "尚未反馈" if each.answered_on is None else each.answered_on.isoformat(),
            each.text or "—",
            "—" if each.adopted is None else m.listed("adoption", each.adopted),
            each.reason or "—",
        )
        for place, each in enumerate(found, 1)
    )
    return rows or (OpinionRow("1", *(BLANK,) * 5),)


def _after_return(m: Material) -> str:
    """That it was returned before, and has been put right since."""
    back = m.last("return_report")
    if back is None:
        return ""
    number = getattr(back.payload, "document_no", None)
    return f"调查报告曾以{document(m, number, back.on)}退回，现已按要求补充完善，重新报批。"


def _deadline(m: Material) -> str:
    found = running_clock(m, _REPORT)
    if found is None:
        return f"报批期限至{BLANK}届满。"
    words = (
        f"依照{m.article(str(found.basis))}，调查报告应当自事故发生之日起{period(m, _REPORT)}内报批"
    )
    effective = [each for each in found.count.prolonged if each.effective_days]
    for each in effective:
        entry = _entry(m, each.granted.entry)
        number = getattr(entry.payload, "document_no", None) if entry is not None else None
        words += f"，经{known(number)}批准延长{each.effective_days}日"
    words += f"，期限至{m.day(found.due_on)}届满。"
    if found.run.satisfied_on is None and m.file.today > found.due_on:
        words += f"截至{m.day(m.file.today)}已超过期限{(m.file.today - found.due_on).days}日。"
    return words


def _entry(m: Material, seq: int | None) -> Entry | None:
    return next((each for each in m.file.case.entries if each.seq == seq), None)


# ---------------------------------------------------------------------------- reply


@dataclass(frozen=True)
class ReplyFields(LetterFields):
    """What the government's reply says."""

    opening: str = paper_field(
        "引语", "opening", "你们《关于报请批复……的请示》（某消〔2026〕64号）收悉。现批复如下："
    )
    points: tuple[str, ...] = paper_field(
        "批复意见", "what is decided", ("一、原则同意调查报告对事故原因和性质的认定。",)
    )
    changes_intro: str = paper_field("修改意见引语", "before the changes", "请修改以下内容：")
    changes: tuple[str, ...] = paper_field("修改意见", "changes", ("1. 补充价格认定文号。",))
    demands: tuple[str, ...] = paper_field(
        "执行要求", "what is demanded", ("二、依法公布调查报告和处理结果。",)
    )
    attachments: tuple[str, ...] = paper_field("附件", "attachments", ("附件：整改措施清单",))
    copies: str = paper_field("抄送机关", "copies to", "某某纪委监委，某某人民检察院。")
    measures: tuple[MeasureRow, ...] = rows_field("整改措施", "measures", MeasureRow)


@concise
def reply_fields(m: Material) -> ReplyFields:
    """Return the reply as it is on record; before that a draft for the last submission."""
    reply = _reply(m, returns=False)
    changes = _changes(m, reply) if reply is not None else _noted(m)
    decided = _way(m, reply)
    agreed = ["原则同意调查报告对事故原因、性质和责任的认定，以及对责任者的处理意见。"]
    if changes or (reply is not None and reply.decision == WITH_CHANGES):
        agreed = ["原则同意调查报告。请按本批复所列意见修改完善后形成最终稿，经核对后执行。"]
    if reply is not None and (own := paragraphs(reply.grounds)):
        agreed = list(own)
    first = len(agreed) + 1
    changed = f"{chinese_number(first)}、调查报告应当作如下修改完善："
    demands = _demands(m)
    rows = planned_measures(m)
    return ReplyFields(
        title=f"关于{fire_called(m)}调查报告的批复",
        addressee=team_called(m),
        opening=f"你们{_request(m)}收悉。{decided}现批复如下：",
        points=numbered(agreed),
        changes_intro=changed,
        changes=counted(changes),
        demands=numbered(demands, first + bool(changes)),
        attachments=("附件：整改措施清单",),
        copies=f"{discipline(m)}，{procuratorate(m)}，{court(m)}。",
        measures=rows,
    )


def _request(m: Material) -> str:
    """The request that is answered, by its title and number."""
    sent = m.last("submit_report")
    number = getattr(sent.payload, "document_no", None) if sent is not None else None
    return f"《关于报请批复{report_called(m).strip('《》')}的请示》（{known(number)}）"


def _reply(m: Material, *, returns: bool) -> Reply | None:
    found = [
        each.values
        for each in m.of("replies")
        if isinstance(each.values, Reply) and (each.values.decision == RETURNED) is returns
    ]
    return found[-1] if found else None


def _way(m: Material, reply: Reply | None) -> str:
    if reply is None:
        return f"经{m.government}研究，"
    if reply.decided_by == IN_MEETING:
        meeting = known(reply.meeting).removeprefix(m.government).removeprefix("政府")
        meeting = f"{m.government}{meeting}"
        return f"经{m.day(reply.meeting_on)}{meeting}审议，"
    return f"经{known(reply.decider)}审定，"


def _noted(m: Material) -> list[str]:
    """What was noted on the last submission, as long as nothing was answered."""
    rounds = len(m.entries("submit_report"))
    return _worded(m, [each for each in m.of("reply_points") if _round(each) == rounds])


def _changes(m: Material, reply: Reply) -> list[str]:
    wanted = set(reply.points or ())
    return _worded(m, [each for each in m.of("reply_points") if each.item in wanted])


def _round(record: Record) -> int | None:
    return record.values.round if isinstance(record.values, ReplyPoint) else None


def _worded(m: Material, records: Sequence[Record]) -> list[str]:
    """Points with the place of the report that they are about."""
    titles = {
        each.item: each.values.title
        for each in m.of("sections")
        if isinstance(each.values, Section)
    }
    parts = {each.id: place for place, each in enumerate(choices_of(m.file.case, PARTS), 1)}
    found = []
    for record in records:
        point = record.values
        if not isinstance(point, ReplyPoint):
            continue
        where = f"第{chinese_number(parts[point.part])}部分" if point.part in parts else ""
        named = [titles[each] for each in point.section or () if titles.get(each)]
        where += "".join(f"“{each}”" for each in named)
        text = known(point.text)
        is_there = bool(where) and text.startswith(where.partition("“")[0])
        found.append(text if is_there or not where else f"{where}：{text}")
    return found


def _demands(m: Material) -> list[str]:
    """What follows a reply by the rule, article by article."""
    return [
        (
            f"请{lead(m)}依照{by_step(m, 'publish')}，及时将调查报告在新闻媒体、政府网站上公告，"
            f"公布处理结果；依照{by_step(m, 'archive')}装订归档。"
        ),
        (
            f"依照{by_step(m, 'send_copies')}，将本批复和调查报告复印件送同级参与单位、"
            f"下级人民政府；需要由其他部门处理的，依照{by_step(m, 'transfer')}连同证据材料移送。"
        ),
        (
            f"有关单位应当依照{by_step(m, 'record_penalty')}，按照法定权限和程序对责任单位、"
            "责任人员追究责任；涉嫌犯罪的，依法追究刑事责任。"
        ),
        (
            "事故责任单位和有关地方、部门应当深刻吸取教训，落实防范和整改措施；"
            f"依照{by_step(m, 'open_evaluation')}，在结案后{period(m, 'evaluation')}内组织开展评估。"
        ),
    ]


# ---------------------------------------------------------------------------- return


@dataclass(frozen=True)
class ReturnFields(LetterFields):
    """What the letter says with which the government returns the report."""

    opening: str = paper_field(
        "引语", "opening", "你们《关于报请批复……的请示》（某消〔2026〕64号）收悉。"
    )
    grounds: tuple[str, ...] = paper_field("退回理由", "grounds", ("损失统计依据不足。",))
    points: tuple[str, ...] = paper_field("修改意见", "points", ("1. 补充价格认定结论。",))
    demand: str = paper_field("要求", "what is demanded", "请补充完善后重新报批。")
    effect: str = paper_field("期限说明", "on the period", "本函不是批复。")
    contact: str = paper_field("联系人", "contact", "联系人：某某，联系电话：0874-1234567")


@concise
def return_fields(m: Material) -> ReturnFields:
    """Return the return as it is on record; before that a draft for the last submission."""
    reply, entry = _reply(m, returns=True), m.last("return_report")
    said = (reply.grounds if reply is not None else None) or (entry.reason if entry else None)
    number = reply.round if reply is not None and reply.round else len(m.entries("submit_report"))
    points = [each for each in m.of("reply_points") if _round(each) == number]
    reading = m.file.ruleset.readings.get("return-restarts")
    effect = f"本函不是{by_step(m, 'reply')}规定的批复。"
    if reading is not None:
        option = next((each for each in reading.options if each.id == reading.chosen), None)
        if option is not None:
            effect += f"再次报批后，批复期限（{period(m, _REPLY)}）{m.say(option.label)}。"
    parts = by_list(m, PARTS)
    return ReturnFields(
        title=f"关于退回{fire_called(m)}调查报告的函",
        addressee=team_called(m),
        opening=f"你们{_request(m)}收悉。经审查，调查报告尚需补充完善，现予退回，理由如下：",
        grounds=counted(paragraphs(said) or (BLANK,)),
        points=counted(_worded(m, points)),
        demand=f"请调查组对照{parts}补充完善，经调查组组长审定、成员签名后重新报批。",
        effect=effect,
        contact=f"联系人：{BLANK}，联系电话：{BLANK}",
    )
