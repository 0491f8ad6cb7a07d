"""The scene: closed, released, surveyed; people asked, and experiments made (art 14)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from fireinvest.china import CHINA
from fireinvest.services.papers.base import (
    BLANK,
    Mark,
    PaperFields,
    Picture,
    paper_field,
    picture_field,
    rows_field,
)
from fireinvest.services.papers.early import words
from fireinvest.services.papers.early.words import EvidenceRow
from fireinvest.services.papers.material import Material
from fireinvest.workflow.items.scene import (
    Experiment,
    Interview,
    Pin,
    SceneClosure,
    ScenePlan,
    Survey,
)
from fireinvest.workflow.registers import Record

_LAW, _DUTY, _PENALTY = "firelaw:51", "firelaw:51.2", "firelaw:64"
_AREA, _NOTICE = "order108:16", "order108:17"
_ASKING, _SURVEYING, _TRYING = "order108:19", "order108:20", "order108:22"
_RECUSAL, _RULES = "rule:7", "scenerules:*"
_REFUSED, _READ_OUT, _SIGNED = "refused", "read_out", "signed"
#: How many plans a survey's record shows.
_MOST_PLANS = 4
_PER_CENT = 10


# ---------------------------------------------------------------------------- closed, released


@dataclass(frozen=True)
class ClosureNotice(PaperFields):
    """The notice that a scene is closed."""

    number: str = paper_field("公告编号", "number of the notice", "曲消封字〔2026〕1号")
    opening: str = paper_field("开头", "opening", "为保护火灾现场，决定予以封闭。现公告如下：")
    area: str = paper_field("封闭范围", "area", "起火建筑及周边10米。")
    period: str = paper_field("封闭时间", "time", "自2026年2月25日6时00分起。")
    demands: str = paper_field("封闭要求", "demands", "无关人员不得进入。")
    guard: str = paper_field("现场保护", "guard", "由属地派出所负责警戒。")
    sanction: str = paper_field("违反的后果", "sanction", "故意破坏火灾现场的，依法处罚。")
    closed_on: str = paper_field("公告日期", "day", "2026年2月25日")
    posted_at: str = paper_field("张贴地点", "where posted", "现场东侧出入口")


@dataclass(frozen=True)
class ReleaseNotice(PaperFields):
    """The notice that a scene is released."""

    number: str = paper_field("公告编号", "number of the notice", "曲消封字〔2026〕1号")
    opening: str = paper_field("开头", "opening", "现场勘验已经结束，决定解除封闭。现公告如下：")
    area: str = paper_field("解除范围", "area", "起火建筑及周边10米。")
    released: str = paper_field("解除时间", "time", "自2026年3月5日9时00分起。")
    demands: tuple[str, ...] = paper_field("有关事项", "what else", ("（一）注意现场安全。",))
    released_on: str = paper_field("公告日期", "day", "2026年3月5日")
    released_by: str = paper_field("决定人", "decided by", "张某")
    posted_at: str = paper_field("张贴地点", "where posted", "现场东侧出入口")


def _closure(m: Material) -> SceneClosure:
    values = m.subject.record.values if m.subject.record is not None else None
    return values if isinstance(values, SceneClosure) else SceneClosure()


def scene_closure(m: Material) -> ClosureNotice:
    """Return the notice of a closure: area, time and demands (Order 108 art 17)."""
    given = _closure(m)
    reason = [words.sentence(each) for each in (given.reason or "").splitlines() if each.strip()]
    return ClosureNotice(
        title="封闭火灾现场公告",
        addressee="社会公众",
        number=given.notice_no or "",
        opening=f"{words.fire(m)}为查明火灾原因，根据"
        f"{words.under(m, _LAW, _AREA, _NOTICE)}，决定封闭火灾现场：",
        area=words.sentence(given.area),
        period=f"自{m.moment(given.closed_at)}起至解除封闭时止。",
        demands="".join((*reason, "未经许可不得进入，不得移动、清理现场物品和痕迹。")),
        guard=f"由{words.known(given.guarded_by)}负责警戒和保护。",
        sanction=f"违反本公告，故意破坏火灾现场的，按照{m.article(_PENALTY)}依法处理。特此公告。",
        closed_on=_day(m, given.closed_at),
        posted_at=words.known(given.posted_at),
    )


def scene_release(m: Material) -> ReleaseNotice:
    """Return the notice that ends a closure (Order 108 art 16)."""
    given = _closure(m)
    return ReleaseNotice(
        title="解除封闭火灾现场公告",
        addressee="社会公众",
        number=given.notice_no or "",
        opening=f"{words.fire(m)}火灾现场已于{m.moment(given.closed_at)}封闭。现场勘验已经结束，"
        f"根据{m.article(_AREA)}，现公告如下：",
        area=words.sentence(given.area),
        released=f"自{m.moment(given.released_at)}起解除封闭。",
        demands=words.numbered(
            (
                "现场由产权人、使用人负责管理，未经安全检测不得恢复使用。",
                "清理中发现与火灾有关的痕迹、物品的，应当告知消防救援机构。特此公告。",
            )
        ),
        released_on=_day(m, given.released_at),
        released_by=words.known(given.released_by),
        posted_at=words.known(given.posted_at),
    )


def _day(m: Material, at: datetime | None) -> str:
    """The day of an instant as a document has it; empty where it isn't known."""
    return "" if at is None else m.day(at.astimezone(CHINA).date())


# ---------------------------------------------------------------------------- surveyed


@dataclass(frozen=True)
class PinRow:
    """A place that is marked on a plan."""

    mark: str = paper_field("标号", "mark", "N1")
    label: str = paper_field("标注内容", "what is there", "起火点")
    position: str = paper_field("图上位置", "where on the plan", "自左45.0%，自上30.0%")
    evidence: str = paper_field("对应证据", "evidence", "E2 铜导线熔痕")


@dataclass(frozen=True)
class PlanRow:
    """A plan of the scene."""

    title: str = paper_field("名称", "title", "起火建筑平面图")
    drawn_by: str = paper_field("制图人", "drawn by", "张某")
    drawn_on: str = paper_field("制图日期", "drawn on", "2026年2月26日")
    scale: str = paper_field("比例和方向", "scale and north", "1:200，上北下南")
    pins: tuple[PinRow, ...] = rows_field("标注", "pins", PinRow)


@dataclass(frozen=True)
class SurveyRecord(PaperFields):
    """The record of a survey, with what was taken and the plans of the scene."""

    PICTURES: ClassVar[tuple[str, ...]] = ("plan_1", "plan_2", "plan_3", "plan_4")

    time: str = paper_field("勘验时间", "time", "2026年2月26日14时00分至17时00分")
    place: str = paper_field("勘验地点", "place", "某市示例路66号")
    lead: str = paper_field("勘验负责人", "in charge", "张某")
    surveyors: str = paper_field("勘验人员", "surveyors", "张某、李某")
    witness: str = paper_field("见证人或当事人", "witness", "王某")
    weather: str = paper_field("气象条件", "weather", "晴，东南风2级，12℃")
    light: str = paper_field("光照条件", "light", "自然光")
    state: str = paper_field("现场保护情况", "state of the scene", "现场已封闭，未见变动。")
    opening: str = paper_field("开头", "opening", "勘验前，勘验负责人向见证人说明了勘验事项。")
    surroundings: tuple[str, ...] = paper_field("环境勘验", "surroundings", ("建筑坐北朝南。",))
    first: tuple[str, ...] = paper_field("初步勘验", "first survey", ("一层东北角烧损最重。",))
    detail: tuple[str, ...] = paper_field("细项勘验", "in detail", ("地面发现配电箱残骸。",))
    special: tuple[str, ...] = paper_field("专项勘验", "special survey", ("未进行。",))
    taken_words: str = paper_field("提取情况", "what was taken", "共提取痕迹、物品2件：")
    taken: tuple[EvidenceRow, ...] = rows_field("提取物品", "items taken", EvidenceRow)
    pictures: str = paper_field("照相、录像和制图", "pictures", "现场照片20张，平面图1张。")
    ending: str = paper_field("结束情况", "ending", "勘验于17时00分结束。")
    signing: str = paper_field("签名情况", "signatures", "本笔录经核对无误后签名。")
    plans: tuple[PlanRow, ...] = rows_field("现场图", "plans", PlanRow)
    plan_1: Picture | None = picture_field("现场图一", "first plan")
    plan_2: Picture | None = picture_field("现场图二", "second plan")
    plan_3: Picture | None = picture_field("现场图三", "third plan")
    plan_4: Picture | None = picture_field("现场图四", "fourth plan")


def scene_survey(m: Material) -> SurveyRecord:
    """Return the record of a survey in the form of the scene rules (Order 108 art 20)."""
    values = m.subject.record.values if m.subject.record is not None else None
    given = values if isinstance(values, Survey) else Survey()
    taken = words.evidence_rows(m, given.taken or ())
    drawn = [(plan, picture) for plan in m.of("scene_plans") if (picture := _picture(m, plan))]
    pictures: list[Picture | None] = [picture for _, picture in drawn[:_MOST_PLANS]]
    pictures += [None] * (_MOST_PLANS - len(pictures))
    end = "" if given.ended_at is None else f"勘验于{m.moment(given.ended_at)}结束。"
    return SurveyRecord(
        title=f"火灾现场勘验笔录（{words.known(given.place)}）",
        addressee="存卷",
        time=words.span(m, given.began_at, given.ended_at),
        place=words.known(given.place),
        lead=words.known(given.lead),
        surveyors=words.listing(given.investigators),
        witness=words.known(given.witness),
        weather=words.known(given.weather),
        light=words.known(given.light),
        state=words.known(given.state),
        opening=f"{words.fire(m)}根据{words.under(m, _LAW, _SURVEYING)}和{m.article(_RULES)}，"
        "对火灾现场进行勘验，勘验情况如下：",
        surroundings=_stage(given.surroundings),
        first=_stage(given.first_survey),
        detail=_stage(given.detail),
        special=_stage(given.special),
        taken_words=f"本次勘验共提取痕迹、物品{len(taken)}件，另制作提取清单："
        if taken
        else "本笔录未列提取的痕迹、物品；另有提取的，见火灾痕迹、物品提取清单。",
        taken=taken,
        pictures=_pictures(m, given),
        ending=end or "本次勘验结束。",
        signing=_signing(given.signed),
        plans=tuple(_plan(m, plan) for plan, _ in drawn[:_MOST_PLANS]),
        plan_1=pictures[0],
        plan_2=pictures[1],
        plan_3=pictures[2],
        plan_4=pictures[3],
    )


def _stage(text: str | None) -> tuple[str, ...]:
    return words.paragraphs(text) if text and text.strip() else ("本次未进行。",)


def _pictures(m: Material, given: Survey) -> str:
    if given.pictures and given.pictures.strip():
        return words.sentence(given.pictures)
    photos = sum(
        each.media_type.startswith("image/")
        for record in m.of("evidence")
        if getattr(record.values, "kind", None) == "photo"
        for each in record.attachments
    )
    plans = len(m.of("scene_plans"))
    return f"在卷现场照片{photos}张、现场图{plans}张；录像{BLANK}。"


def _signing(signed: str | None) -> str:
    match signed:
        case "refused":
            return f"见证人（当事人）拒绝签名或者无法签名，原因：{BLANK}。"
        case "read_out":
            return "本笔录已向见证人（当事人）宣读，确认无误后签名。"
        case _:
            return "本笔录经勘验人员和见证人（当事人）核对，确认无误后签名。"


def _picture(m: Material, plan: Record) -> Picture | None:
    """The plan itself, with its pins drawn at their places."""
    for each in plan.attachments:
        if each.media_type.startswith("image/"):
            marks = [
                Mark(record.mark, pin.across or 0, pin.down or 0)
                for record, pin in _pins_of(m, plan.item)
            ]
            return Picture(each, marks=tuple(marks))
    return None


def _plan(m: Material, plan: Record) -> PlanRow:
    values = plan.values
    assert isinstance(values, ScenePlan)  # noqa: S101 - of that register
    return PlanRow(
        title=words.known(values.title),
        drawn_by=words.known(values.drawn_by),
        drawn_on=m.day(values.drawn_on),
        scale=words.known(values.scale),
        pins=tuple(_pins(m, plan.item)),
    )


def _pins_of(m: Material, plan: int) -> Iterator[tuple[Record, Pin]]:
    for record in m.of("pins"):
        pin = record.values
        if isinstance(pin, Pin) and plan in (pin.plan or ()):
            yield record, pin


def _pins(m: Material, plan: int) -> Iterator[PinRow]:
    for record, pin in _pins_of(m, plan):
        marks = [f"{row.mark} {row.title}" for row in words.evidence_rows(m, pin.evidence or ())]
        across, down = (pin.across or 0) / _PER_CENT, (pin.down or 0) / _PER_CENT
        yield PinRow(
            record.mark,
            pin.label or "",
            f"自左{across:.1f}%，自上{down:.1f}%",
            "、".join(marks),
        )


# ---------------------------------------------------------------------------- asked


@dataclass(frozen=True)
class InterviewRecord(PaperFields):
    """The record of an interview, read over and signed on every page."""

    round: str = paper_field("询问次数", "which interview", "1")
    time: str = paper_field("询问时间", "time", "2026年2月26日9时00分至10时00分")
    place: str = paper_field("询问地点", "place", "某派出所询问室")
    interviewers: str = paper_field("询问人", "interviewers", "张某、李某")
    recorder: str = paper_field("记录人", "recorder", "李某")
    person: str = paper_field("被询问人", "person asked", "王某")
    sex: str = paper_field("性别", "sex", "男")
    born_on: str = paper_field("出生日期", "born on", "1980年1月1日")
    identity_no: str = paper_field("身份证件号码", "identity number", "（示例）")
    address: str = paper_field("现住址", "address", "某市某路1号")
    phone: str = paper_field("联系电话", "telephone", "0874-0000000")
    unit: str = paper_field("工作单位和职务", "unit and office", "某市场，保安")
    kind: str = paper_field("与火灾的关系", "as what", "报警人、发现人")
    guardian: str = paper_field("监护人或翻译", "guardian or interpreter", "无")
    rights: tuple[str, ...] = paper_field("权利义务告知", "rights told", ("告知：……",))
    content: tuple[str, ...] = paper_field("问答", "questions and answers", ("问：……", "答：……"))
    signing: tuple[str, ...] = paper_field(
        "核对情况", "read over", ("以上笔录我看过，与我说的相符。",)
    )
    every_page: str = paper_field("逐页签名", "every page", "被询问人应当逐页签名并捺指印。")


def interview_record(m: Material) -> InterviewRecord:
    """Return the record of an interview (Order 108 art 19)."""
    values = m.subject.record.values if m.subject.record is not None else None
    given = values if isinstance(values, Interview) else Interview()
    party = next(
        (each.values for each in m.of("parties") if each.item in (given.party or ())), None
    )
    asked_by = words.listing(each for each in (given.interviewer, given.second) if each)

    def own(name: str, of_party: str) -> str:
        return words.known(getattr(given, name) or getattr(party, of_party, None))

    return InterviewRecord(
        title=f"询问笔录（{words.known(given.person)}）",
        addressee="存卷",
        round="1" if given.round is None else f"{given.round}",
        time=words.span(m, given.began_at, given.ended_at),
        place=words.known(given.place),
        interviewers=asked_by,
        recorder=words.known(given.recorder or given.second),
        person=words.known(given.person),
        sex=m.listed("sexes", given.sex),
        born_on=m.day(given.born_on),
        identity_no=words.known(
            given.identity_no
            or getattr(party, "identity_no", None)
            or getattr(party, "other_document", None)
        ),
        address=own("address", "address"),
        phone=own("phone", "phone"),
        unit=words.known(given.unit),
        kind=m.listed("interview_kinds", given.kind),
        guardian=given.guardian or "无",
        rights=tuple(_rights(m, given, asked_by)),
        content=words.paragraphs(given.content),
        signing=tuple(_read_over(given)),
        every_page="说明：本笔录由被询问人逐页签名并捺指印，记载有遗漏或者差错的，可以补充或者更正，"
        "更正处捺指印；询问人、记录人在笔录上签名。",
    )


def _rights(m: Material, given: Interview, asked_by: str) -> Iterator[str]:
    if given.rights_told is False:
        yield "（记载为未告知权利义务，请补正。）"
    yield (
        f"告知：我们是{m.agency}的火灾事故调查人员{asked_by}，已向你出示证件。"
        f"现就{m.fire}的有关情况依法向你询问，根据"
        f"{words.under(m, _DUTY, _ASKING)}制作笔录，你的权利和义务如下："
    )
    yield from words.numbered(
        (
            "如实提供与火灾有关的情况，不得隐瞒、伪造或者毁灭证据；作虚假陈述的，承担相应的法律责任；",
            "对与本起火灾无关的问题，有权拒绝回答；",
            f"认为调查人员存在{m.article(_RECUSAL)}所列情形的，有权要求其回避；",
            "有权核对笔录，对遗漏或者差错要求补充或者更正，也可以自行书写；没有阅读能力的，由询问人宣读；",
            "不通晓当地通用语言文字的，有权要求提供翻译；未成年人的监护人可以到场。",
        )
    )


def _read_over(given: Interview) -> Iterator[str]:
    match given.signed:
        case "refused":
            yield f"被询问人拒绝签名和捺指印，原因：{words.sentence(given.refusal)}"
        case "read_out":
            yield "以上笔录已向我宣读，与我说的相符。"
        case _:
            yield "以上笔录我看过，与我说的相符。"


# ---------------------------------------------------------------------------- tried


@dataclass(frozen=True)
class ExperimentRecord(PaperFields):
    """The record of an experiment: purpose, conditions, course, result."""

    time: str = paper_field("实验时间", "time", "2026年3月5日14时00分至16时00分")
    place: str = paper_field("实验地点", "place", "某训练基地")
    approved_by: str = paper_field("批准人", "approved by", "张某")
    people: str = paper_field("实验人员", "experimenters", "李某、王某")
    witness: str = paper_field("见证人", "witness", "赵某")
    opening: str = paper_field("开头", "opening", "经批准，对下列事项进行实验：")
    purpose: tuple[str, ...] = paper_field("目的", "purpose", ("验证焊渣能否引燃聚氨酯泡沫。",))
    conditions: tuple[str, ...] = paper_field("环境和物品", "conditions", ("气温15℃，……",))
    course: tuple[str, ...] = paper_field("过程", "course", ("14时10分，……",))
    result: tuple[str, ...] = paper_field("结果", "result", ("焊渣落下后8秒出现明火。",))
    other: str = paper_field("其他事项", "what else", "实验全程录像。")


def experiment_record(m: Material) -> ExperimentRecord:
    """Return the record of an experiment (Order 108 art 22)."""
    record = m.subject.record
    values = record.values if record is not None else None
    given = values if isinstance(values, Experiment) else Experiment()
    files = len(record.attachments) if record is not None else 0
    kept = f"附照片、录像等文件{files}个" if files else f"照片、录像：{BLANK}"
    return ExperimentRecord(
        title=f"火灾调查实验笔录（{words.known(given.purpose)}）",
        addressee="存卷",
        time=words.span(m, given.began_at, given.ended_at),
        place=words.known(given.place),
        approved_by=words.known(given.approved_by),
        people=words.listing(given.investigators),
        witness=words.known(given.witness),
        opening=f"{words.fire(m)}根据调查需要，按照{m.article(_TRYING)}，经批准进行调查实验，情况如下：",
        purpose=words.paragraphs(given.purpose),
        conditions=words.paragraphs(given.conditions),
        course=words.paragraphs(given.course),
        result=words.paragraphs(given.result),
        other=f"实验过程已照相或者录像，{kept}。实验结果仅供分析火灾原因时参考，应当与其他证据相互印证。",
    )
