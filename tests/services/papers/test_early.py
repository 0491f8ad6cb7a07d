"""What the papers of the first stages say: of a case with everything on record, and of a bare one."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from PIL import Image

from fireinvest.china import CHINA
from fireinvest.documents.drafting import template_docx
from fireinvest.documents.portable import pdfs_of
from fireinvest.documents.word import check_word, render
from fireinvest.regulation.rulesets import known_law
from fireinvest.services.casefile import CaseFile, case_file
from fireinvest.services.cases import CaseRef
from fireinvest.services.papers.base import BLANK, PaperFields, example_of
from fireinvest.services.papers.context import context_of, example_context, pictures_of
from fireinvest.services.papers.early import CONTENTS
from fireinvest.services.papers.early.words import KEPT_BACK
from fireinvest.services.papers.material import Material, Subject, material_of, subjects_of
from fireinvest.services.records import file_records
from fireinvest.store import Database, open_database
from fireinvest.workflow.actions import (
    Attachment,
    DocumentSent,
    Extension,
    Figures,
    Finding,
    Interval,
    Meeting,
    Membership,
    Order,
    Recusal,
)
from fireinvest.workflow.items.base import Item
from fireinvest.workflow.items.evidence import Custody, Evidence
from fireinvest.workflow.items.people import Party
from fireinvest.workflow.items.scene import (
    CommissionedTest,
    Experiment,
    ExpertOpinion,
    Interview,
    Pin,
    RecordsRequest,
    SceneClosure,
    ScenePlan,
    Survey,
)
from fireinvest.workflow.items.team import Declaration, MeetingRecord, RosterLine, Task
from fireinvest.workflow.registers import Filing
from tests.services.office import CALENDAR, LAW, NOW, TIMERS, TODAY, did, facts, key, opened

MARKUP = Path(__file__).parents[3] / "templates" / "papers"
NUMBER = "曲消〔2025〕12号"


def at(day: int, hour: int) -> datetime:
    """An hour of a day in May, in the time of China."""
    return datetime(2025, 5, day, hour, tzinfo=CHINA).astimezone(UTC)


def on(day: int, month: int = 5) -> date:
    return date(2025, month, day)


# ---------------------------------------------------------------------------- two cases


PLAN = Attachment("平面图.png", "image/png", "0" * 64, 1000)

RICH: tuple[tuple[str, Item], ...] = (
    ("parties", Party("某某商贸有限公司", "unit", "fire_unit", address="胜境街道1号", represented_by="钱负责")),
    ("parties", Party("孙伤者", "person", "victim", identity_no="110101199003074477",
                      phone="13900000001", address="胜境街道2号")),
    ("parties", Party("路人甲", "person", "witness")),
    ("roster", RosterLine("zhao", "市政府", "副市长", phone="0874-1111111")),
    ("roster", RosterLine("李成员", "市公安局", "支队长", "technical", "0874-2222222")),
    ("roster", RosterLine("王专家", "某大学", "教授", phone="0874-3333333", speciality="电气防火")),
    ("declarations", Declaration("李成员", True, declared_on=on(15))),
    ("declarations", Declaration("周避", None, ("interest",), "配偶在该公司任职。", on(15))),
    ("meetings", MeetingRecord(
        "founding_meeting", "成立会议", at(15, 9), at(15, 11), "三楼会议室", "zhao", "吴记录",
        "宣布成立\n部署工作", "全体成员", "郑某，出差", "听取了汇报。", "三日内完成勘验。",
    )),
    ("tasks", Task("完成勘验方案", "李成员", on(20), "open", meeting=(1,))),
    ("closures", SceneClosure(
        "起火建筑周边20米", at(13, 7), "曲消封〔2025〕3号", "东门", "胜境派出所", "保护现场。",
        at(30, 10), "李成员",
    )),
    ("evidence", Evidence(
        "铜导线熔痕", "object", "1件", "配电箱下方", taken_at=at(15, 15), taken_by="甲勘验",
        taken_with="乙勘验", witness="丙见证", seal_no="封001", description="长8厘米",
    )),
    ("evidence", Evidence("检测报告", "document", "2份", "档案室", source=(1,))),
    ("evidence", Evidence("现场照片", "photo", taken_by="甲勘验")),
    ("surveys", Survey(
        "胜境街道1号", at(15, 14), at(15, 17), "晴，3级风", "自然光", "封闭完好", "甲勘验", "乙勘验",
        witness="丙见证", surroundings="坐北朝南。", detail="东北角有熔痕。", taken=(1,),
        signed="signed",
    )),
    ("scene_plans", ScenePlan("一层平面图", "甲勘验", on(15), "1:100，上北")),
    ("pins", Pin((1,), "起火点", 450, 305, (1,))),
    ("interviews", Interview(
        "孙伤者", "injured", (2,), "male", date(1990, 3, 7), place="市医院", began_at=at(16, 9),
        ended_at=at(16, 10), interviewer="甲勘验", second="乙勘验", rights_told=True, round=2,
        content="问：几点发现？\n答：凌晨三点。", signed="refused", refusal="手部烧伤",
    )),
    ("experiments", Experiment(
        "验证引燃条件", at(20, 9), at(20, 11), "训练基地", "李成员", "甲勘验", "乙勘验", "丙见证",
        "气温18℃", "9时10分开始加热。", "12分钟后起火。",
    )),
    ("tests", CommissionedTest(
        "铜导线熔痕", "某鉴定中心", "资质第9号", date(2027, 1, 1), "一次还是二次短路？", (1,), on(16),
        "曲消鉴〔2025〕1号", on(30), on(29), "一次短路熔痕。", "鉴字5号", True, True,
    )),
    ("expert_opinions", ExpertOpinion("王专家", None, "起火原因", None, "电气故障。", on(30), True)),
    ("custody", Custody(
        (1,), "test", "甲勘验", "某鉴定中心", at(16, 16), "intact", "封001", "封002",
        expected_back=on(30), purpose="金相分析", receipt=None,
    )),
    ("records_requests", RecordsRequest("供电局", "用电负荷记录\n故障记录", "函1号", on(15), on(22))),
)  # fmt: skip


def rich_case(database: Database) -> CaseRef:
    """A case in which nothing of the first stages is missing."""
    ref = opened(database, known=facts(serious_injuries=2, direct_economic_loss=1_260_000_000))
    for step, payload, day in (
        ("request_team", DocumentSent("市政府", "曲消〔2025〕9号", "请示"), on(13)),
        ("establish_team", Order("曲政发〔2025〕7号", "zhao"), on(14)),
        ("join_team", Membership("李成员", duty="成员", item="police"), on(14)),
        ("engage_expert", Membership("王专家"), on(14)),
        ("invite", DocumentSent("市纪委监委", "曲消〔2025〕10号", item="discipline"), on(14)),
        ("declare_recusal", Recusal("李成员", "interest", note="有业务往来"), on(15)),
        ("decide_recusal", Recusal("李成员", outcome="refused", note="不属实"), on(16)),
        ("declare_recusal", Recusal("zhao", "party_or_kin", note="当事人的近亲属"), on(16)),
        ("decide_leader_recusal", Recusal("zhao", outcome="granted", note="情况属实"), on(17)),
        ("founding_meeting", Meeting("成立会议"), on(18)),
        ("update_figures", Figures(deaths=6, source="医院通报"), on(18)),
        ("test_commissioned", Interval("T-1", "熔痕鉴定", "某鉴定中心"), on(19)),
        ("fire_determination", Finding(text="电气线路短路引燃可燃物"), on(6, 6)),
        ("ask_determination_extension", Extension(30, grounds="鉴定未完成"), on(7, 6)),
        ("decide_determination_extension", Extension(30, "approved", "云消〔2025〕2号"), on(8, 6)),
        (
            "ask_extension",
            Extension(20, document_no="曲消〔2025〕30号", grounds="案情复杂"),
            on(1, 7),
        ),
        ("decide_extension", Extension(20, "approved", "曲政复〔2025〕4号"), on(5, 7)),
        ("ask_extension", Extension(40, grounds="境外取证"), on(20, 7)),
        ("decide_extension", Extension(40, "refused", grounds="理由不足"), on(22, 7)),
    ):
        did(database, ref, step, payload, day)
    filings = [
        Filing(register, values, attachments=(PLAN,) if isinstance(values, ScenePlan) else ())
        for register, values in RICH
    ]
    write(database, ref, *filings)
    return ref


def write(database: Database, ref: CaseRef, *filings: Filing) -> None:
    file_records(
        database, LAW, CALENDAR, TIMERS, ref.id, filings,
        idempotency_key=key(), now=NOW, today=TODAY, is_told=True,
    )  # fmt: skip


@dataclass(frozen=True)
class Said:
    """What a paper says, field by field and as a reader sees it."""

    fields: PaperFields
    docx: bytes

    @property
    def text(self) -> str:
        document = Document(BytesIO(self.docx))
        lines = [each.text for each in document.paragraphs]
        for table in document.tables:
            lines += [cell.text for row in table.rows for cell in row.cells]
        for section in document.sections:
            for part in (section.header, section.first_page_header, section.footer):
                lines += [each.text for each in part.paragraphs]
        return "\n".join(lines)


def picture() -> bytes:
    target = BytesIO()
    Image.new("RGB", (400, 300), (200, 200, 200)).save(target, "PNG")
    return target.getvalue()


def said(material: Material) -> Said:
    kind = material.kind
    built = CONTENTS[kind.id].build(material)
    context = context_of(
        material, built, number=NUMBER if kind.is_numbered else None, code="ABCD-EFGH", signer=None
    )
    template = template_docx((MARKUP / f"{kind.id}.txt").read_text("utf-8"), kind.form)
    pictures = dict.fromkeys(pictures_of(built), picture())
    return Said(built, render(template, context, pictures))


def all_said(
    database: Database, ref: CaseRef, kinds: Iterable[str] = CONTENTS
) -> dict[str, list[Said]]:
    """Every kind of paper of a case, one of each subject; of nothing, where there is no subject."""
    found: dict[str, list[Said]] = {}
    with database.readers.begin() as session:
        file = seen(database, ref)
        for name in kinds:
            kind = file.ruleset.papers[name]
            records = material_of(session, file, LAW, kind, Subject()).records
            subjects = tuple(subjects_of(file, kind, records)) or (Subject(),)
            found[name] = [said(material_of(session, file, LAW, kind, each)) for each in subjects]
    return found


def seen(database: Database, ref: CaseRef) -> CaseFile:
    with database.readers.begin() as session:
        return case_file(session, TIMERS, ref.number, CALENDAR, TODAY, law=LAW)


@pytest.fixture(scope="module")
def own_database(
    migrated_sqlite: bytes, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    file = tmp_path_factory.mktemp("papers") / "fireinvest.db"
    file.write_bytes(migrated_sqlite)
    database = open_database(f"sqlite:///{file}")
    yield database
    database.engine.dispose()


@pytest.fixture(scope="module")
def rich(own_database: Database) -> dict[str, list[Said]]:
    return all_said(own_database, rich_case(own_database))


@pytest.fixture(scope="module")
def bare(own_database: Database) -> dict[str, list[Said]]:
    """Nothing is known but that something burned on a day; no item is there, no step was taken."""
    unknown = replace(facts(), deaths=None, division="530325")
    return all_said(own_database, opened(own_database, known=unknown))


# ---------------------------------------------------------------------------- what each one says


RULE, ORDER = "《曲靖市火灾事故调查处理规定》", "《火灾事故调查规定》"

#: By kind and which of them: what a reader must find in it.
SAYS: dict[tuple[str, int], tuple[str, ...]] = {
    ("first_report", 0): (
        "火灾事故情况的报告（首报）", "《生产安全事故报告和调查处理条例》第十二条", "钱负责",
        "死亡6人、重伤2人", "1260万元", "起火建筑周边20米", "曲消〔2025〕9号", NUMBER, "签发人：",
        f"{RULE}第三十二条", "事故等级",
    ),
    ("follow_up_report", 0): (
        "（续报）", "5人", "6人", "增加1人", "数据来源：医院通报", "报请成立事故调查组", "完成勘验方案",
        "跟进熔痕鉴定",
    ),
    ("team_request", 0): (
        "火灾事故调查组的请示", f"{RULE}第五条、第六条", "分管领导担任组长", "公安机关", "60日内",
        "2025年7月11日前", "妥否，请批示。", "签发人：", "附件", "查明原因",
    ),
    ("team_order", 0): (
        "火灾事故调查组的通知", "曲消〔2025〕9号", "成　员：李成员（市公安局）", "王专家",
        "支队长", "0874-2222222", "技术组、管理组、综合组", f"{RULE}第七条", "抄送：",
    ),
    ("participation_notice", 0): ("公安机关、应急管理部门", "回执", f"{RULE}第七条", "曲政发〔2025〕7号"),
    ("invitation_discipline", 0): ("市纪委监委", f"{RULE}第六条", "第十三条", "追责问责", "回执"),
    ("invitation_procuratorate", 0): ("人民检察院", "第十七条", "听取法院意见", "回执"),
    ("expert_engagement", 0): (
        "王专家", "某大学", "电气防火", "0874-3333333", "第十六条", "盖章签名", "专家受聘确认书",
        "□ 本人或者近亲属与事故有利害关系",
    ),
    ("recusal_declaration", 0): (
        "李成员", "市公安局，支队长", "调查组成员", "以上情形本人均不存在。", "声明人（签名）",
        "2025年5月15日", f"{RULE}第七条",
    ),
    ("recusal_declaration", 1): ("周避", "本人存在上述情形", "申请回避", "配偶在该公司任职。", "是"),
    ("recusal_decision", 0): (
        "回避决定书", "第七条第（二）项", "有业务往来", "不属实", "驳回回避申请", "调查组组长（签名）",
        "送达回执",
    ),
    ("leader_recusal_decision", 0): (
        "当事人的近亲属", "同意zhao回避", "自2025年5月17日起", "逐项复核", "签发人（签名）",
    ),
    ("meeting_minutes", 0): (
        "成立会议", "2025年5月15日9时00分至11时00分", "三楼会议室", "吴记录", "郑某，出差", "部署工作",
        "听取了汇报。", "三日内完成勘验。", "完成勘验方案", "2025年5月20日", "待办",
    ),
    ("scene_closure", 0): (
        "封闭火灾现场公告", "曲消封〔2025〕3号", "起火建筑周边20米", "2025年5月13日7时00分", "胜境派出所",
        f"{ORDER}第十六条、第十七条", "《中华人民共和国消防法》第五十一条", "第六十四条", "东门",
        "2025年5月13日",
    ),
    ("scene_release", 0): ("解除封闭火灾现场公告", "2025年5月30日10时00分", "李成员", "第十六条"),
    ("scene_survey", 0): (
        "火灾现场勘验笔录", "2025年5月15日14时00分至17时00分", "甲勘验、乙勘验", "丙见证", "晴，3级风",
        "坐北朝南。", "东北角有熔痕。", "本次未进行。", "铜导线熔痕", "封001", "《火灾现场勘验规则》",
        "一层平面图", "1:100，上北", "自左45.0%，自上30.5%", "E1 铜导线熔痕", "见证人或当事人（签名）",
    ),
    ("interview_record", 0): (
        "询问笔录", "第2次询问", "孙伤者", "男", "1990年3月7日", "110101199003074477", "13900000001",
        "胜境街道2号", "甲勘验、乙勘验", "受伤人员", "如实提供", "拒绝回答", "要求其回避",
        "问：几点发现？", "答：凌晨三点。", "拒绝签名和捺指印，原因：手部烧伤", f"{ORDER}第十九条",
        "逐页签名", "被询问人（签名、捺指印）：", "询问人：", "记录人：",
    ),
    ("experiment_record", 0): (
        "验证引燃条件", "训练基地", "李成员", "气温18℃", "9时10分开始加热。", "12分钟后起火。",
        f"{ORDER}第二十二条", "实验人员（签名）",
    ),
    ("extraction_list", 0): (
        "E1", "铜导线熔痕", "1件", "配电箱下方", "2025年5月15日15时00分", "封001", "长8厘米", "以上共1件",
        "丙见证", f"{ORDER}第二十一条", "封装人（签名）",
    ),
    ("seizure_list", 0): ("检测报告", "2份", "某某商贸有限公司", "以上共1件", "持有人（签名、盖章）"),
    ("custody_list", 0): (
        "H1", "送检", "甲勘验", "某鉴定中心", "封001 → 封002", "金相分析", "2025年5月30日", "铜导线熔痕",
        "移交人（签名）", "接收人（签名）",
    ),
    ("test_commission", 0): (
        "鉴定（检验）委托书", "曲消鉴〔2025〕1号", "某鉴定中心", "资质第9号，有效期至2027年1月1日",
        "一次还是二次短路？", "铜导线熔痕", f"{ORDER}第二十三条", f"{RULE}第十六条", "送检人（签名）",
    ),
    ("records_letter", 0): (
        "供电局", "（一）用电负荷记录", "（二）故障记录", "2025年5月22日前", "与原件核对一致",
        "调取材料移交清单", "《中华人民共和国消防法》第五十一条第二款",
    ),
    ("fire_determination", 0): (
        "火灾事故认定书", "某某商贸有限公司", "孙伤者", "电气线路短路引燃可燃物。", "勘验笔录1份",
        "对孙伤者的询问笔录共1份", "鉴字5号", "一次短路熔痕", "调查实验笔录1份", "召集当事人",
        f"{ORDER}第三十五条", "15日内", "书面复核申请", "复核以一次为限", "2025年6月6日", "当事人签收",
    ),
    ("review_acceptance", 0): (
        "受理通知书", f"{ORDER}第三十五条、第三十六条", "30日内作出复核决定", "提交火灾事故调查案卷",
    ),
    ("review_decision", 0): (
        "复核决定书", "电气线路短路引燃可燃物。", "□ 维持原火灾事故认定。", "重新作出火灾事故认定",
        f"{ORDER}第三十九条", "2025年6月6日",
    ),
    ("extension_request", 0): (
        "案情复杂", "原期限至2025年7月11日，拟延长20日，至2025年7月31日", "累计不超过60日；此前未延长", "妥否，请批示。",
        f"{RULE}第二十一条",
    ),
    ("extension_request", 1): (
        "境外取证", "原期限至2025年7月31日，拟延长40日，至2025年9月9日", "此前已批准延长20日",
    ),
    ("extension_decision", 0): (
        "同意延长", "曲消〔2025〕30号", "原期限至2025年7月11日，延长20日，至2025年7月31日", "此复。",
    ),
    ("extension_decision", 1): ("不同意延长", "理由不足", "按照原期限"),
    ("determination_extension_request", 0): ("火灾事故认定期限的请示", "鉴定未完成", "拟延长30日"),
    ("determination_extension_decision", 0): ("同意延长", "火灾事故认定", f"{ORDER}第十八条"),
}  # fmt: skip

#: What must not be found: what is kept from all who get a paper, or belongs elsewhere.
NEVER: dict[str, tuple[str, ...]] = {
    "fire_determination": ("110101199003074477", "13900000001", "路人甲"),
    "extraction_list": ("检测报告",),
    "seizure_list": ("铜导线熔痕",),
    "extension_decision": ("周避",),
}


@pytest.mark.parametrize(("kind", "place"), SAYS)
def test_a_paper_says_what_is_on_record(rich: dict[str, list[Said]], kind: str, place: int) -> None:
    text = rich[kind][place].text
    assert [each for each in SAYS[kind, place] if each not in text] == []


@pytest.mark.parametrize("kind", NEVER)
def test_a_paper_keeps_back_what_its_readers_may_not_know(
    rich: dict[str, list[Said]], kind: str
) -> None:
    found = "".join(each.text for each in rich[kind])
    assert [each for each in NEVER[kind] if each in found] == []


@pytest.mark.parametrize("kind", CONTENTS)
def test_every_paper_is_sound_with_everything_and_with_nothing_on_record(
    rich: dict[str, list[Said]], bare: dict[str, list[Said]], kind: str
) -> None:
    for each in (*rich[kind], *bare[kind]):
        assert "None" not in each.text
        assert "{" not in each.text
        assert check_word(each.docx) == []
        assert each.fields.title
        assert len(each.fields.title) <= 400
        assert all(getattr(each.fields, field.name) != "" for field in fields(each.fields)
                   if field.name in ("title", "addressee"))  # fmt: skip


@pytest.mark.parametrize(
    "kind", [each for each in CONTENTS if each not in ("meeting_minutes", "scene_release")]
)
def test_what_is_not_known_is_a_blank_to_be_written_on(
    bare: dict[str, list[Said]], kind: str
) -> None:
    text = bare[kind][0].text
    assert BLANK in text or "（签名）" in text or "（联系人" in text


def test_a_case_of_which_nothing_is_known_says_so(bare: dict[str, list[Said]]) -> None:
    text = bare["first_report"][0].text
    assert "人员伤亡情况尚在核实" in text
    assert "事故等级不低于一般" in text


def test_each_kind_stands_in_the_profile_with_a_template_and_the_other_way_round() -> None:
    papers = known_law().in_force("530300", TODAY).papers
    for name in CONTENTS:
        assert papers[name].who
        assert (MARKUP / f"{name}.txt").is_file()


@pytest.mark.parametrize("kind", CONTENTS)
def test_every_template_renders_with_the_examples_of_its_fields(kind: str) -> None:
    form = known_law().in_force("530300", TODAY).papers[kind].form
    template = template_docx((MARKUP / f"{kind}.txt").read_text("utf-8"), form)
    assert check_word(render(template, example_context(kind))) == []


def everything(given: Any) -> Iterator[Any]:
    if isinstance(given, dict):
        for each in given.values():
            yield from everything(each)
    elif isinstance(given, list | tuple):
        for each in given:
            yield from everything(each)
    else:
        yield given


@pytest.mark.parametrize("kind", CONTENTS)
def test_every_field_has_a_name_and_an_example(kind: str) -> None:
    cls = CONTENTS[kind].fields
    assert all(each.metadata["label"].zh and each.metadata["label"].en for each in fields(cls))
    names = set(cls.PICTURES)
    examples = {name: each for name, each in example_of(cls).items() if name not in names}
    assert sum(1 for each in everything(examples) if each == "") <= 6


def test_evidence_that_is_kept_back_shows_by_its_mark_alone(own_database: Database) -> None:
    ref = opened(own_database)
    write(
        own_database, ref,
        Filing("evidence", Evidence("举报信", "document"), restriction="informer"),
        Filing("custody", Custody((1,), "keeping", "甲", "乙", at(16, 9), "intact", to_place="柜")),
    )  # fmt: skip
    kinds = ("custody_list", "seizure_list", "fire_determination", "follow_up_report")
    found = all_said(own_database, ref, kinds)
    assert KEPT_BACK in found["custody_list"][0].text
    assert "举报信" not in "".join(each.text for some in found.values() for each in some)


def test_a_text_of_a_scene_is_no_tag(own_database: Database) -> None:
    """What somebody typed is text, whatever it looks like."""
    ref = opened(own_database)
    content = "问：{{ 7*7 }}？\n答：<A>&B{% raw %}。"
    asked = Interview("某人", "witness", place="所", began_at=at(16, 9), ended_at=at(16, 10),
                      interviewer="甲", second="乙", rights_told=True, content=content,
                      signed="signed")  # fmt: skip
    write(own_database, ref, Filing("interviews", asked))
    # What looks like a tag is broken by a sign that nobody sees.
    found = all_said(own_database, ref, ["interview_record"])["interview_record"]
    text = found[0].text.replace("\N{WORD JOINER}", "")
    assert "问：{{ 7*7 }}？" in text
    assert "答：<A>&B{% raw %}。" in text
    assert "以上笔录我看过，与我说的相符。" in text


def test_all_papers_come_out_as_pdf(rich: dict[str, list[Said]]) -> None:
    pages = pdfs_of([some[0].docx for some in rich.values()])
    assert len(pages) == len(CONTENTS)
    assert all(each.startswith(b"%PDF") for each in pages)
