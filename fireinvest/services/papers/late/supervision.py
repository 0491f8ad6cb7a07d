"""What isn't carried out: listed supervision, its lifting, notices of delay, circulars (art 30)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from fireinvest.services.papers.base import BLANK, paper_field, rows_field
from fireinvest.services.papers.late.rows import (
    MeasureRow,
    PersonRow,
    measure_rows,
    person_rows,
)
from fireinvest.services.papers.late.shape import LetterFields, concise
from fireinvest.services.papers.late.wording import (
    by_list,
    by_step,
    counted,
    discipline,
    document,
    fire_called,
    joined,
    known,
    lead,
    paragraphs,
    reply_called,
)
from fireinvest.services.papers.material import Material
from fireinvest.workflow.items.evaluation import DelayNotice, NewFireJudgement, Supervision

__all__ = [
    "CircularFields",
    "DelayFields",
    "LiftingFields",
    "SupervisionFields",
    "circular_fields",
    "delay_fields",
    "lifting_fields",
    "supervision_fields",
]


# ---------------------------------------------------------------------------- listed supervision


@dataclass(frozen=True)
class SupervisionFields(LetterFields):
    """What the notice of a listed supervision says."""

    opening: str = paper_field("引语", "opening", "经研究，决定对有关整改事项挂牌督办。")
    unit: str = paper_field("被督办单位", "unit", "某某有限公司")
    credit_code: str = paper_field("统一社会信用代码", "credit code", "91530300MA6K000000")
    address: str = paper_field("地址", "address", "某某街道1号")
    overseer: str = paper_field("督办责任单位", "who sees to it", "某某县人民政府")
    due: str = paper_field("整改期限", "limit", "2026年6月30日")
    what: tuple[str, ...] = paper_field("督办事项", "what is to be done", ("拆除违规保温层。",))
    measures: tuple[MeasureRow, ...] = rows_field("未落实的措施", "measures", MeasureRow)
    demands: tuple[str, ...] = paper_field("督办要求", "demands", ("1. 制定整改方案。",))
    consequence: str = paper_field("法律后果", "consequence", "逾期未整改的，依法严肃处理。")
    copies: str = paper_field("抄送机关", "copies to", "某某消防救援支队，某某纪委监委。")


@concise
def supervision_fields(m: Material) -> SupervisionFields:
    """Return the notice that puts a unit under listed supervision."""
    given = _supervision(m)
    wanted = set(given.measures or ())
    rows = measure_rows(m, [each for each in m.of("measures") if each.item in wanted])
    return SupervisionFields(
        title=f"关于对{known(given.unit)}整改事项挂牌督办的通知",
        addressee=_to(given),
        opening=(
            f"{reply_called(m)}印发后，{fire_called(m)}有关整改措施未落实或者落实不力。"
            f"依照{by_step(m, 'order_supervision')}，{m.government}决定对下列事项挂牌督办。"
        ),
        unit=known(given.unit),
        credit_code=known(given.credit_code),
        address=known(given.address),
        overseer=_overseer(m, given),
        due=m.day(given.due_on),
        what=counted(paragraphs(given.what) or (BLANK,)),
        measures=rows,
        demands=counted(
            [
                (
                    f"{known(given.unit)}应当立即制定整改方案，明确责任人、资金和时限，"
                    f"于{m.day(given.due_on)}前完成整改，整改期间落实防范措施。"
                ),
                f"{_overseer(m, given)}负责督促指导，定期报告进展；整改完成后组织验收，并书面申请解除督办。",
                f"{lead(m)}跟踪核查，重要情况及时报告{m.government}。",
            ]
        ),
        consequence=(
            f"逾期仍未整改落实又发生火灾事故造成严重后果的，依照{by_step(m, 'judge_new_fire')}"
            "予以通报并严肃处理，追究法律责任。"
        ),
        copies=f"{m.agency}，{discipline(m)}。",
    )


def _supervision(m: Material) -> Supervision:
    values = m.subject.record.values if m.subject.record is not None else None
    return values if isinstance(values, Supervision) else Supervision()


def _overseer(m: Material, given: Supervision) -> str:
    """Who sees to it; the agency where nobody but the unit itself is named."""
    return m.agency if given.to in (None, given.unit) else known(given.to)


def _to(given: Supervision) -> str:
    """Whoever sees to it, and the unit itself, once each."""
    return joined([given.to, given.unit])


@dataclass(frozen=True)
class LiftingFields(LetterFields):
    """What the notice says with which a supervision is lifted."""

    opening: str = paper_field("引语", "opening", "经验收，整改事项已完成。")
    grounds: tuple[str, ...] = paper_field("解除依据", "grounds", ("现场复查，已拆除。",))
    decision: str = paper_field("决定", "decision", "决定自即日起解除挂牌督办。")
    demand: str = paper_field("要求", "demand", "请巩固整改成果，防止反弹。")
    copies: str = paper_field("抄送机关", "copies to", "某某消防救援支队，某某纪委监委。")


@concise
def lifting_fields(m: Material) -> LiftingFields:
    """Return the notice that lifts a supervision."""
    given = _supervision(m)
    limit = f"整改期限为{m.day(given.due_on)}"
    if given.extended_to is not None:
        number = known(given.extension_no)
        limit += f"，经{number}延长至{m.day(given.extended_to)}"
    return LiftingFields(
        title=f"关于解除对{known(given.unit)}整改事项挂牌督办的通知",
        addressee=_to(given),
        opening=(
            f"{m.government}以{document(m, given.document_no, given.ordered_on)}对{known(given.unit)}"
            f"有关整改事项挂牌督办，{limit}。现将验收和解除情况通知如下："
        ),
        grounds=counted(paragraphs(given.lifting_grounds) or (f"验收情况：{BLANK}。",)),
        decision=(
            f"依照{by_step(m, 'lift_supervision')}，经研究，决定自{m.day(given.lifted_on)}起解除挂牌督办。"
        ),
        demand="请继续落实主体责任和监管责任，巩固整改成果，防止问题反弹；解除材料一并归档。",
        copies=f"{m.agency}，{discipline(m)}。",
    )


# ---------------------------------------------------------------------------- notices of delay


@dataclass(frozen=True)
class DelayFields(LetterFields):
    """What the notice says that penalties or trials are delayed."""

    opening: str = paper_field("引语", "opening", "现将责任追究有关情况通报，商请督促落实。")
    matters_intro: str = paper_field("事项引语", "before the list", "有关事项如下：")
    matters: tuple[PersonRow, ...] = rows_field("有关事项", "matters", PersonRow)
    asked: tuple[str, ...] = paper_field("商请内容", "what is asked", ("请督促落实处分决定。",))
    request: str = paper_field("结语", "closing", "请将督促落实情况函告。")
    contact: str = paper_field("联系人", "contact", "联系人：某某，联系电话：0874-1234567")


#: How what drags on is called to each organ.
_DELAYS = {
    "discipline": "对有关公职人员责任追究不落实",
    "procuratorate": "对拟追究刑事责任人员的审查起诉拖延",
    "court": "对拟追究刑事责任人员的审判拖延滞后",
}


@concise
def delay_fields(m: Material) -> DelayFields:
    """Return the notice to discipline inspection, the procuratorate or the court."""
    values = m.subject.record.values if m.subject.record is not None else None
    given = values if isinstance(values, DelayNotice) else DelayNotice()
    wanted = set(given.about or ())
    ledger = [each for each in m.of("liabilities") if each.item in wanted]
    rows = person_rows(m, ledger)
    what = _DELAYS.get(given.item or "", "责任追究、审判拖延")
    hidden = len(wanted) - len(rows)
    intro = "有关事项如下："
    if hidden:
        intro = f"有关事项如下（另有限制阅读的{hidden}项单独通报）："
    return DelayFields(
        title=f"关于{fire_called(m)}责任追究情况的通报函",
        addressee=known(given.to),
        opening=(
            f"{reply_called(m)}印发后，截至{m.day(m.file.today)}，存在{what}的情况。"
            f"依照{by_list(m, 'supervision_notices')}，现予通报，商请督促落实。"
        ),
        matters_intro=intro,
        matters=rows,
        asked=paragraphs(given.asked) or (BLANK,),
        request="请依照职责督促落实，并将有关情况函告我府。",
        contact=f"联系人：{BLANK}，联系电话：{BLANK}",
    )


# ---------------------------------------------------------------------------- circular


@dataclass(frozen=True, slots=True)
class ConditionRow:
    """One of the conditions under which a new fire is dealt with severely."""

    no: str = paper_field("序号", "No.", "1")
    what: str = paper_field("条件", "condition", "整改期限已过")
    met: str = paper_field("认定", "is it met", "符合")


@dataclass(frozen=True)
class CircularFields(LetterFields):
    """What the circular says on a new fire at a unit under supervision."""

    opening: str = paper_field("引语", "opening", "现将有关情况通报如下。")
    facts: tuple[str, ...] = paper_field("基本情况", "facts", ("该单位被挂牌督办。",))
    conditions: tuple[ConditionRow, ...] = rows_field("三项条件", "conditions", ConditionRow)
    grounds: tuple[str, ...] = paper_field("认定理由", "grounds", ("现场复查仍未拆除。",))
    demands: tuple[str, ...] = paper_field("处理要求", "demands", ("（一）严肃追究责任。",))
    copies: str = paper_field("抄送机关", "copies to", "某某纪委监委，某某消防救援支队。")


@concise
def circular_fields(m: Material) -> CircularFields:
    """Return the circular that follows from the judgement of the three conditions."""
    values = m.subject.record.values if m.subject.record is not None else None
    given = values if isinstance(values, NewFireJudgement) else NewFireJudgement()
    wanted = set(given.supervision or ())
    ordered = [
        each.values
        for each in m.of("supervisions")
        if each.item in wanted and isinstance(each.values, Supervision)
    ]
    units = joined([each.unit for each in ordered] or [m.unit])
    named = (
        ("整改期限已过", given.is_past),
        ("逾期仍未整改落实", given.is_not_rectified),
        ("又发生火灾事故造成严重后果", given.is_serious),
    )
    return CircularFields(
        title=f"关于{units}逾期未整改再次发生火灾事故的通报",
        addressee=joined([*(each.to for each in ordered), "各有关单位"]),
        opening=(
            f"{units}在{fire_called(m)}后被挂牌督办，又再次发生火灾。"
            f"依照{by_step(m, 'judge_new_fire')}，现将有关情况通报如下。"
        ),
        facts=counted(list(_facts(m, given, ordered))),
        conditions=tuple(
            ConditionRow(f"{place}", what, _met(is_met))
            for place, (what, is_met) in enumerate(named, 1)
        ),
        grounds=counted(
            (
                *paragraphs(given.grounds),
                f"以上由{known(given.decided_by)}于{m.day(given.decided_on)}认定。",
            )
        ),
        demands=_demands(m, given, units),
        copies=f"{discipline(m)}，{m.agency}。",
    )


def _met(is_met: bool | None) -> str:
    if is_met is None:
        return BLANK
    return "符合" if is_met else "不符合"


def _facts(m: Material, given: NewFireJudgement, ordered: Iterable[Supervision]) -> Iterator[str]:
    for each in ordered:
        yield (
            f"{m.government}以{document(m, each.document_no, each.ordered_on)}对{known(each.unit)}挂牌督办，"
            f"督办事项为：{known(each.what).rstrip('。')}；整改期限为{m.day(each.limit)}。"
        )
    yield f"该单位再次发生的火灾，案件编号为{known(given.other)}，另案调查。"


def _demands(m: Material, given: NewFireJudgement, units: str) -> tuple[str, ...]:
    if given.is_past and given.is_not_rectified and given.is_serious:
        return counted(
            [
                f"对{units}予以通报，由有关部门依法严肃处理，并追究法律责任。",
                "督办责任单位应当查明督促整改不到位的原因，书面报告，并对有关人员提出处理意见。",
                "各单位应当引以为戒，对挂牌督办和重大隐患逐一清查，限期整改。",
            ]
        )
    return counted(
        [
            f"三项条件未同时具备，不按{by_step(m, 'judge_new_fire')}予以严肃处理；原督办要求继续执行。",
            "各单位应当吸取教训，加快整改进度。",
        ]
    )
