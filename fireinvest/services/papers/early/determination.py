"""The determination of a fire (火灾事故认定书) and its review (复核): Order 108 arts 29 to 40."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from fireinvest.services.papers.base import BLANK, PaperFields, paper_field, rows_field
from fireinvest.services.papers.early import words
from fireinvest.services.papers.material import Material
from fireinvest.workflow.actions import Entry
from fireinvest.workflow.items.people import Party
from fireinvest.workflow.items.scene import CommissionedTest, ExpertOpinion, Interview

_LAW = "firelaw:51.3"
_CAUSE, _CONTENT, _HEARING, _DELIVERY = (
    "order108:29", "order108:30", "order108:31", "order108:32",
)  # fmt: skip
_REVIEW, _TAKEN_UP, _EXPLAINED, _DECIDED, _ONCE = (
    "order108:35", "order108:36", "order108:37", "order108:39", "order108:40",
)  # fmt: skip
#: Whom a fire directly concerns: those to whom its determination goes.
_CONCERNED = frozenset({"fire_unit", "owner", "user", "manager", "victim", "affected"})
#: What is counted elsewhere in the list of evidence.
_COUNTED = frozenset({"interview_record", "survey_record", "opinion", "experiment_record"})


@dataclass(frozen=True)
class PartyRow:
    """A party to the fire."""

    no: str = paper_field("序号", "no.", "1")
    name: str = paper_field("名称（姓名）", "name", "某某商贸有限公司")
    role: str = paper_field("与火灾的关系", "role", "起火单位（场所）")
    code: str = paper_field("统一社会信用代码或住址", "code or address", "某市某路1号")
    represented_by: str = paper_field("负责人", "represented by", "张某")


@dataclass(frozen=True)
class FireDetermination(PaperFields):
    """What the agency determines of a fire, on which evidence, and how it is reviewed."""

    parties: tuple[PartyRow, ...] = rows_field("当事人", "parties", PartyRow)
    facts: tuple[str, ...] = paper_field(
        "火灾事故基本情况", "the fire", ("2026年2月25日，某市场发生火灾。",)
    )
    determined_by: str = paper_field("认定依据的规定", "under which articles", "根据……，认定如下：")
    ignition_time: str = paper_field("起火时间", "time of ignition", "2026年2月25日4时50分许")
    ignition_area: str = paper_field("起火部位", "area of ignition", "一层东北角")
    ignition_point: str = paper_field("起火点", "point of ignition", "配电箱下方")
    cause: str = paper_field("起火原因", "cause", "冷柜电源线短路，引燃周围泡沫包装材料。")
    evidence_words: str = paper_field("证据引语", "before the evidence", "以上事实有下列证据证实：")
    evidence: tuple[str, ...] = paper_field("证据", "evidence", ("（一）询问笔录2份。",))
    heard: str = paper_field("听取意见", "the parties were heard", "作出认定前，已召集当事人说明。")
    review: str = paper_field("复核权利", "right of review", "当事人有异议的，可以申请复核。")
    determined_on: str = paper_field("认定日期", "day", "2026年3月20日")
    copies_words: str = paper_field("份数和送达", "copies", "本认定书一式3份。")


@dataclass(frozen=True)
class ReviewAcceptance(PaperFields):
    """The notice that a review is taken up."""

    reviewer: str = paper_field("复核机构", "reviewing agency", "某省消防救援总队")
    applied: str = paper_field("申请情况", "the request", "你（单位）提出的复核申请已收悉。")
    accepted: str = paper_field("受理决定", "taken up", "经审查，决定受理。")
    time_limit: str = paper_field("复核期限", "time limit", "自受理之日起30日内作出复核决定。")
    original: str = paper_field(
        "原认定机构的义务", "the agency that determined", "原认定机构提交案卷。"
    )
    others: str = paper_field("通知其他当事人", "other parties", "本通知书同时送达其他当事人。")


@dataclass(frozen=True)
class ReviewDecision(PaperFields):
    """The decision on a review; what was asked and found is written by the reviewing agency."""

    reviewer: str = paper_field("复核机构", "reviewing agency", "某省消防救援总队")
    applicant: str = paper_field("申请人", "applicant", "某某商贸有限公司")
    applicant_address: str = paper_field("申请人住址（地址）", "address", "某市某路1号")
    applicant_represented_by: str = paper_field("申请人的代表", "represented by", "张某")
    original_no: str = paper_field(
        "原认定书文号", "number of the determination", "曲消火认字〔2026〕第1号"
    )
    applied: str = paper_field("申请情况", "the request", "申请人不服原认定，申请复核。")
    request: str = paper_field("请求和理由", "request and grounds", "请求撤销原认定。")
    original: tuple[str, ...] = paper_field("原认定内容", "what was determined", ("起火原因：……",))
    found: str = paper_field("查明的事实", "what was found", "经复核查明……")
    decides: str = paper_field("决定引语", "before the decision", "根据……，决定如下：")
    choices: tuple[str, ...] = paper_field("决定", "decisions", ("维持原火灾事故认定。",))
    reasons: str = paper_field("理由", "reasons", "原认定主要事实清楚。")
    effect: str = paper_field("效力和送达", "effect", "复核以一次为限。")
    copies_words: str = paper_field("份数和送达", "copies", "本决定书送达申请人。")


# ---------------------------------------------------------------------------- determined


def fire_determination(m: Material) -> FireDetermination:
    """Return the determination: facts, cause, evidence, and the right of review."""
    entry = m.last("fire_determination")
    case = m.file.case
    time = f"{m.moment(case.occurred_at)}许" if case.occurred_at is not None else BLANK
    return FireDetermination(
        title="火灾事故认定书",
        addressee="当事人",
        parties=tuple(_parties(m)),
        facts=(f"{words.fire(m)}{words.harm(m)}",),
        determined_by=f"根据{words.under(m, _LAW, _CAUSE, _CONTENT)}，经现场勘验、调查询问"
        "和有关检验、鉴定，对起火原因认定如下：",
        ignition_time=time,
        ignition_area=BLANK,
        ignition_point=BLANK,
        cause=_cause(m, entry),
        evidence_words="以上事实有下列证据证实：",
        evidence=words.closed(_evidence(m)) or (BLANK,),
        heard=f"按照{m.article(_HEARING)}，作出认定前已于{BLANK}召集当事人到场，"
        f"说明拟认定的起火原因，听取当事人意见。当事人意见：{BLANK}",
        review=f"按照{m.article(_REVIEW)}，{words.stated(m, _REVIEW)}"
        f"本认定的复核机构为{words.agency_above(m)}。{words.stated(m, _ONCE)}",
        determined_on="" if entry is None else m.day(entry.on),
        copies_words=f"本认定书一式{BLANK}份，按照{m.article(_DELIVERY)}送达各当事人，一份存卷。",
    )


def _cause(m: Material, entry: Entry | None) -> str:
    """The cause as the agency determined it; before it did, as the team concluded."""
    for each in (entry, m.last("determine_cause")):
        text = getattr(each.payload, "text", None) if each is not None else None
        if text:
            return words.sentence(text)
    return BLANK


def _parties(m: Material) -> Iterator[PartyRow]:
    """The parties; identity numbers are left out, as all of them get the same paper."""
    place = 0
    for record in m.of("parties"):
        party = record.values
        if not isinstance(party, Party) or party.role not in _CONCERNED:
            continue
        place += 1
        yield PartyRow(
            f"{place}",
            party.name or "",
            m.listed("party_roles", party.role),
            "，".join(each for each in (party.credit_code, party.address) if each),
            party.represented_by or "",
        )
    if not place:
        yield PartyRow("1", m.unit, m.listed("party_roles", "fire_unit"), words.address(m), "")


def _evidence(m: Material) -> Iterator[str]:
    """Each kind of evidence, with what tells it apart."""
    surveys, plans = len(m.of("surveys")), len(m.of("scene_plans"))
    if surveys:
        drawn = f"，附现场图{plans}张" if plans else ""
        yield f"火灾现场勘验笔录{surveys}份{drawn}；"
    asked = [each.values for each in m.of("interviews") if isinstance(each.values, Interview)]
    if asked:
        names = dict.fromkeys(words.known(each.person) for each in asked)
        yield f"对{words.listing(names)}的询问笔录共{len(asked)}份；"
    for record in m.of("tests"):
        test = record.values
        if isinstance(test, CommissionedTest) and not test.is_open:
            number = f"（{test.report_no}）" if test.report_no else ""
            conclusion = (test.conclusion or "").strip().rstrip("。；")
            yield f"{words.known(test.body)}的鉴定意见{number}：{conclusion or BLANK}；"
    for record in m.of("expert_opinions"):
        opinion = record.values
        if isinstance(opinion, ExpertOpinion):
            yield f"专家{words.known(opinion.expert)}的书面意见；"
    if tried := len(m.of("experiments")):
        yield f"调查实验笔录{tried}份；"
    kinds = Counter(getattr(each.values, "kind", None) for each in m.of("evidence"))
    for kind, count in kinds.items():
        if kind is not None and kind not in _COUNTED:
            yield f"{m.listed('evidence_kinds', kind)}{count}件；"


# ---------------------------------------------------------------------------- reviewed


def review_acceptance(m: Material) -> ReviewAcceptance:
    """Return the notice that a review is taken up (Order 108 art 36)."""
    return ReviewAcceptance(
        title="火灾事故认定复核申请受理通知书",
        addressee=BLANK,
        reviewer=words.agency_above(m),
        applied=f"你（单位）不服{m.agency}对“{m.unit}”火灾（{m.day(m.file.case.occurred_on)}）"
        f"作出的火灾事故认定（文号：{BLANK}），于{BLANK}提出的复核申请已收悉。",
        accepted=f"经审查，该申请符合规定。根据{words.under(m, _REVIEW, _TAKEN_UP)}，"
        f"决定自{BLANK}起受理。",
        time_limit=f"按照{m.article(_DECIDED)}，{words.first_sentence(m, _DECIDED)}",
        original=f"请{m.agency}按照{m.article(_EXPLAINED)}作出书面说明，提交火灾事故调查案卷。",
        others="本通知书同时送达其他当事人。",
    )


def review_decision(m: Material) -> ReviewDecision:
    """Return the form of the decision on a review (Order 108 art 39)."""
    entry = m.last("fire_determination")
    on = BLANK if entry is None else m.day(entry.on)
    return ReviewDecision(
        title="火灾事故认定复核决定书",
        addressee=BLANK,
        reviewer=words.agency_above(m),
        applied=f"申请人不服{m.agency}于{on}对“{m.unit}”火灾作出的火灾事故认定，"
        f"于{BLANK}向我单位申请复核，我单位于{BLANK}受理。现已复核终结。",
        request=BLANK,
        original=(f"起火原因：{_cause(m, entry)}",),
        found=BLANK,
        decides=f"根据{m.article(_DECIDED)}，决定如下：",
        choices=(
            "维持原火灾事故认定。",
            f"撤销原火灾事故认定，直接作出复核认定：{BLANK}",
            f"撤销原火灾事故认定，责令{m.agency}重新作出火灾事故认定。",
        ),
        reasons=BLANK,
        effect=f"按照{m.article(_ONCE)}，{words.stated(m, _ONCE)}",
        copies_words=f"本决定书一式{BLANK}份，按照{m.article(_DELIVERY)}规定的时限"
        "送达申请人、其他当事人和原认定机构。",
    )
