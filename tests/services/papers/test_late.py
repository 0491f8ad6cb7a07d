"""Papers from the report to the archive: what each says, of a whole case, of a bare one, of none."""

import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from fireinvest.china import CHINA
from fireinvest.documents.drafting import template_docx
from fireinvest.documents.papers import code_of
from fireinvest.documents.word import check_word, render
from fireinvest.gateways.blobs import LocalBlobs
from fireinvest.regulation.calendar import Calendar
from fireinvest.regulation.profile import PaperKind, PaperOf
from fireinvest.regulation.rulesets import known_law
from fireinvest.services.casefile import CaseFile, case_file
from fireinvest.services.certificates import certificate_of, check_certificate
from fireinvest.services.demo import loading
from fireinvest.services.demo.accounts import enter_accounts
from fireinvest.services.demo.cases import stories
from fireinvest.services.demo.fires import FIRES
from fireinvest.services.papers.base import BLANK
from fireinvest.services.papers.context import context_of, example_context
from fireinvest.services.papers.kinds import fitting_subjects
from fireinvest.services.papers.late import CONTENTS
from fireinvest.services.papers.late.shape import broken
from fireinvest.services.papers.material import Material, Subject, material_of, readable_items
from fireinvest.services.papers.printed import (
    certificate_docx,
    kind_of_certificates,
    kind_of_slips,
    slip_docx,
)
from fireinvest.services.slips import find_slip, slip_of
from fireinvest.services.sweeping import sweep
from fireinvest.store import Database, open_database
from fireinvest.workflow.actions import Entry, Signature
from fireinvest.workflow.items.base import Item
from fireinvest.workflow.items.evaluation import DelayNotice, NewFireJudgement, Supervision
from fireinvest.workflow.items.execution import (
    CopySent,
    DisciplineLead,
    Liability,
    RectificationMeasure,
    ReplyDelivered,
    Transfer,
)
from fireinvest.workflow.items.people import Party
from fireinvest.workflow.items.public import Release
from fireinvest.workflow.items.reply import (
    APPROVED,
    IN_MEETING,
    RETURNED,
    WITH_CHANGES,
    Reply,
    ReplyPoint,
)
from fireinvest.workflow.items.report import (
    BY_ACCOUNT,
    BY_SCAN,
    DISSENT,
    REFUSED,
    RELEASED,
    SIGNED,
    ReportSignature,
    Section,
    Submission,
)
from fireinvest.workflow.permissions import SYSTEM, Actor
from fireinvest.workflow.registers import Record
from fireinvest.workflow.report_hash import bound_to, text_hash
from fireinvest.workflow.report_text import FrozenTable, frozen

LAW, CALENDAR = known_law(), Calendar()
TODAY = date(2026, 11, 25)
NOW = datetime(2026, 11, 25, 10, tzinfo=CHINA).astimezone(UTC)
ME = Actor(SYSTEM)
TEMPLATES = Path("templates/papers")
ADDRESS = "https://example.org/papers"
CODE = "ABCD-EFGH-IJKL-MNOP"
#: A case that is carried out, one that is evaluated, one that is being signed, one just opened.
CARRIED_OUT, EVALUATED, IN_REVIEW, BARE = "07", "08", "04", "01"
RULE = "《曲靖市火灾事故调查处理规定》"


# ---------------------------------------------------------------------------- helpers


@pytest.fixture(scope="module")
def demo(migrated_sqlite: bytes, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """The demo's cases, on the day on which they were loaded."""
    path = tmp_path_factory.mktemp("late") / "demo.db"
    path.write_bytes(migrated_sqlite)
    opened = open_database(f"sqlite:///{path}")
    enter_accounts(opened, LAW, now=NOW)
    loader = loading._Loader(opened, LAW, CALENDAR, NOW, None, None, ADDRESS)
    for story in stories(LAW, CALENDAR, TODAY):
        if story.key in (CARRIED_OUT, EVALUATED, IN_REVIEW, BARE):
            loader.load(story)
    yield opened
    opened.engine.dispose()


@dataclass
class Office:
    """A case of the demo, with the materials of its papers."""

    database: Database
    key: str

    @property
    def number(self) -> str:
        """By the unit that burned."""
        with self.database.readers.begin() as session:
            found = text("SELECT number FROM cases WHERE unit_name = :unit")
            number: str = session.execute(found, {"unit": FIRES[self.key].unit}).scalar_one()
            return number

    @property
    def file(self) -> CaseFile:
        with self.database.readers.begin() as session:
            return case_file(session, ME, self.number, CALENDAR, TODAY)

    def material(self, kind: str, key: str = "") -> Material:
        with self.database.readers.begin() as session:
            file = case_file(session, ME, self.number, CALENDAR, TODAY)
            found = file.ruleset.papers[kind]
            subject = next(s for s in self.subjects(file, found) if s.key == key)
            return material_of(session, file, LAW, found, subject)

    def subjects(self, file: CaseFile, kind: PaperKind) -> list[Subject]:
        if kind.of in (PaperOf.RUNG, PaperOf.VOLUME):
            return [Subject()]
        with self.database.readers.begin() as session:
            records = readable_items(session, file)
        return list(fitting_subjects(file, kind, records))


@pytest.fixture
def carried_out(demo: Database) -> Office:
    """A case whose reply is there, with supervision and a criminal referral."""
    return Office(demo, CARRIED_OUT)


@cache
def compiled(kind: str, form: str) -> bytes:
    return template_docx((TEMPLATES / f"{kind}.txt").read_text(), form)


def build(kind: str, m: Material) -> Any:
    """What a paper of a kind says, whose fields are its own."""
    return CONTENTS[kind].build(m)


def printed(m: Material, built: Any) -> str:
    """The words of a paper as its Word file has them, which Word takes."""
    said = context_of(m, built, number=None, code=CODE, signer=None)
    docx = render(compiled(m.kind.id, m.kind.form.value), said, qr=f"{ADDRESS}/{CODE}")
    assert check_word(docx) == []
    return words_in(docx)


def words_in(docx: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(docx)) as package:
        parts = [
            package.read(name).decode()
            for name in package.namelist()
            if re.fullmatch(r"word/(document|header\w*|footer\w*)\.xml", name)
        ]
    return re.sub(r"<[^>]+>", "", re.sub(r"</w:p>|</w:tc>", " ", "".join(parts)))


def made(m: Material) -> str:
    """What a paper of this material says."""
    return printed(m, CONTENTS[m.kind.id].build(m))


def written(register: str, *values: Item) -> tuple[Record, ...]:
    return tuple(
        Record(place, register, place, 1, each, NOW, "somebody")
        for place, each in enumerate(values, 1)
    )


def with_records(m: Material, **records: tuple[Record, ...]) -> Material:
    return replace(m, records={**m.records, **records})


def about(m: Material, record: Record) -> Material:
    return replace(m, subject=Subject(f"{record.register}:{record.item}", record=record))


# ---------------------------------------------------------------------------- every kind


def test_every_kind_has_a_row_a_template_and_an_example() -> None:
    kinds = LAW.in_force("530300", TODAY).papers
    for name in CONTENTS:
        docx = render(compiled(name, kinds[name].form.value), example_context(name))
        assert check_word(docx) == [], name


@pytest.mark.parametrize("number", [CARRIED_OUT, BARE])
def test_every_kind_is_made_of_a_case(demo: Database, number: str) -> None:
    office = Office(demo, number)
    file = office.file
    seen = set()
    for name, content in CONTENTS.items():
        kind = file.ruleset.papers[name]
        for subject in office.subjects(file, kind)[:2]:
            m = office.material(name, subject.key)
            built = content.build(m)
            said = printed(m, built)
            assert built.title
            assert "None" not in said, (name, subject.key)
            assert "{" not in said, (name, subject.key)
            assert RULE not in said or "条" in said
            seen.add(name)
    of_case = {name for name in CONTENTS if file.ruleset.papers[name].of is PaperOf.CASE}
    assert of_case <= seen


@pytest.mark.parametrize(
    ("number", "kind", "key", "wanted"),
    [
        (CARRIED_OUT, "investigation_report", "", (
            "示例仓储有限公司（演示）“9·3”较大火灾事故调查组", "一、发生单位（场所）概况",
            "六、防范和整改措施", "死亡4人、重伤5人", "遇难者4（演示）", "附件1", "附件2", "铜导线熔痕",
            "附件3", "报告正文校验值（SHA-256）", CODE, "第二十条", "第十九条", "本人账号签名",
        )),
        (IN_REVIEW, "investigation_report", "", (
            "附件4", "不同意见说明", "对“行业部门未移送问题线索”的表述有不同意见", "待签名", "直接财产损失",
        )),
        (BARE, "investigation_report", "", ("正文尚未起草", "调查组成员尚未登记", "附表", "事故统计")),
        (CARRIED_OUT, "report_submission", "", (
            "签发人：", "{government}：", "收到反馈2份", "60日", "2026年11月2日", "第二十一条", "妥否，请批示。", "征求意见和采纳情况", "建议补充动火作业审批的表述",
        )),
        (CARRIED_OUT, "reply", "", (
            "你们《关于报请批复", "曲消〔2026〕67号", "收悉", "现批复如下", "第二十三条", "第二十六条第一款",
            "第二十七条", "在结案后1年内", "此复。", "拆除全部违规聚氨酯保温层", "抄送：",
        )),
        (CARRIED_OUT, "delivery_receipt", "deliveries:1", (
            "送达回证", "曲政复〔2026〕7号", "☑公文交换", "□邮寄", "拒收事由", "见证人签名", "第二十五条",
        )),
        (EVALUATED, "copy_receipt", "copies:1", ("调查报告（送审稿）》复印件", "☑直接送达", "第二十六条第一款")),
        (CARRIED_OUT, "reply_to_discipline", "", ("街道办事处副主任", "第二十五条", "第十三条")),
        (CARRIED_OUT, "reply_to_procuratorate", "", ("第二十七条", "审查起诉")),
        (CARRIED_OUT, "reply_to_court", "", ("裁判结果",)),
        (CARRIED_OUT, "copies_notice", "", ("公安机关", "陆良县人民政府", "2026-11-20", "送达回证")),
        (CARRIED_OUT, "criminal_referral", "transfers:1", (
            "公安机关", "涉嫌重大责任事故罪", "移送证据材料目录", "铜导线熔痕", "移送回执", "法制部门签收人（演示）",
            "第二十七条", "《行政执法机关移送涉嫌犯罪案件的规定》第三条、第六条", "抄送：",
        )),
        (CARRIED_OUT, "public_version", "releases:1", (
            "（伤亡人员名单不予公开）", "略去1处", "第二十三条", "公告审批表",
        )),
        (EVALUATED, "result_announcement", "", ("罚款5万元", "有关责任人员", "正在依法办理", "未落实")),
        (EVALUATED, "evaluation_plan", "", (
            "第二十八条第（一）项", "第二十八条第（三）项", "2026年11月9日", "2027年3月23日", "第七条", "工作方案",
        )),
        (EVALUATED, "evaluation_report", "", (
            "{government}：", "二、单位落实整改措施的举措和成效", "四、属地政府和部门汲取教训",
            "集中充电点尚未建成投用", "已落实2件，未落实1件", "挂牌督办", "以上报告，请审阅。",
        )),
        (CARRIED_OUT, "supervision_order", "supervisions:1", (
            "2026年12月20日", "拆除违规保温层", "第三十条", "严重后果", "拆除全部违规聚氨酯保温层",
        )),
        (CARRIED_OUT, "supervision_lifting", "supervisions:1", ("解除挂牌督办", "曲政发〔2026〕88号")),
        (CARRIED_OUT, "clock_certificate", "clock:reply:1", (
            "期限计算说明", "15个工作日", "2026年11月9日", "民法典第二百零一条", "计算内容核验码",
        )),
        (CARRIED_OUT, "file_cover", "", ("案卷题名", "5303-2026-00", "保管期限")),
        (CARRIED_OUT, "file_catalogue", "", ("卷内目录", "责任者", "页号")),
        (CARRIED_OUT, "file_note", "", ("卷内备考表", "立卷人", "检查人")),
        (BARE, "reply", "", (f"（{BLANK}）收悉", "原则同意调查报告")),
        (BARE, "report_return", "", ("现予退回", "不是《规定》第二十二条规定的批复", "15个工作日")),
        (BARE, "urging_slip", "", ("催办单", "办理情况回复")),
    ],
)  # fmt: skip
def test_a_paper_says(
    demo: Database, number: str, kind: str, key: str, wanted: tuple[str, ...]
) -> None:
    m = Office(demo, number).material(kind, key)
    said, government = made(m), m.government
    lacking = [each for each in wanted if each.format(government=government) not in said]
    assert lacking == []


# ---------------------------------------------------------------------------- the report


def report_with(m: Material, *sections: Section, **records: tuple[Record, ...]) -> Material:
    return with_records(
        m,
        **{
            "submissions": (),
            "signatures": (),
            "sections": written("sections", *sections),
            **records,
        },
    )


def signature(person: str, result: str, sections: tuple[Record, ...], **more: Any) -> Item:
    given = {"way": BY_ACCOUNT, "signed_on": TODAY, **more}
    return ReportSignature(
        person, result, bound=bound_to(sections), text_hash=text_hash(sections), **given
    )


def test_the_report_prints_the_hash_of_the_very_text_that_it_prints(carried_out: Office) -> None:
    m = carried_out.material("investigation_report")
    sections = [
        Section("cause", "事故原因", 1, "一处短路。\n排除放火。", RELEASED),
        Section("unit", "单位情况", 1, "甲单位。", RELEASED),
    ]
    m = report_with(m, *sections)
    built = build("investigation_report", m)
    texts = [each.text for each in built.body if each.kind in ("part", "section", "text", "last")]
    assert texts[:3] == ["一、发生单位（场所）概况", "（一）单位情况", "甲单位。"]
    ordered = (m.of("sections")[1], m.of("sections")[0])
    assert built.text_hash == text_hash(ordered)
    assert built.text_hash in made(m)


def test_dissents_have_a_page_each_and_refusals_are_recorded(carried_out: Office) -> None:
    m = carried_out.material("investigation_report")
    people = [each.person for each in m.file.case.team if each.is_active][:4]
    sections = written("sections", Section("unit", "单位情况", 1, "甲单位。", RELEASED))
    other = written("sections", Section("unit", "单位情况", 1, "乙单位。", RELEASED))
    signs = (
        signature(people[0], DISSENT, sections, note="不同意直接原因。"),
        signature(people[1], DISSENT, sections, note="不同意责任认定。\n理由另述。", way=BY_SCAN),
        signature(people[2], REFUSED, sections, note="未参加全部会议"),
        signature(people[3], SIGNED, other),
    )
    m = with_records(m, sections=sections, submissions=(), signatures=written("signatures", *signs))
    m = replace(m, file=_signed(m.file, signs))
    built = build("investigation_report", m)
    assert [each.heading for each in built.dissents] == [
        "不同意见说明（之一）",
        "不同意见说明（之二）",
    ]
    assert built.dissents[1].paragraphs == ("不同意责任认定。", "理由另述。")
    assert [each.grounds for each in built.refusals] == ["未参加全部会议"]
    said = printed(m, built)
    for wanted in ("附件4", "附件5", "拒绝签名情况记录", "拒绝签名（另附记录）", "拒绝签名1人", "附不同意见2人",
                   "所签为另一文本"):  # fmt: skip
        assert wanted in said


def _signed(file: CaseFile, signs: tuple[Any, ...]) -> CaseFile:
    """The same case, with these signatures in its journal."""
    case = file.case
    entries = tuple(
        Entry(
            900 + place, "sign_report",
            Signature(each.person, each.result, each.note),
            TODAY, NOW, "somebody",
        )
        for place, each in enumerate(signs)
    )  # fmt: skip
    changed = replace(case, recorded={**case.recorded, "sign_report": entries})
    return replace(file, loaded=replace(file.loaded, case=changed))


def test_tables_are_those_that_were_submitted_with_the_text(carried_out: Office) -> None:
    m = carried_out.material("investigation_report")
    sections = written("sections", Section("unit", "统计", 1, "前\n{{事故统计}}\n后", RELEASED))
    odd = tuple(f"列{n}" for n in range(9))
    tables = frozen([FrozenTable("statistics", (("项目", "数据"), ("死亡人数", "77人"))),
                     FrozenTable("casualties", (odd, odd))])  # fmt: skip
    for is_same, wanted in ((True, "77人"), (False, "4人")):
        bound = text_hash(sections) if is_same else "0" * 64
        sent = Submission("1号", "报告", "市政府", TODAY, bound_to(sections), bound, tables)
        there = with_records(m, sections=sections, submissions=written("submissions", sent))
        built = build("investigation_report", there)
        kinds = [each.kind for each in built.body][:5]
        assert kinds == ["part", "section", "text", "table", "text"]
        assert wanted in printed(there, built)


def test_a_section_that_is_kept_back_is_told_of_and_its_hash_stays(carried_out: Office) -> None:
    m = carried_out.material("investigation_report")
    whole = written(
        "sections",
        Section("unit", "单位", 1, "甲。", RELEASED),
        Section("responsibility", "追责", 1, "内部线索。", RELEASED),
    )
    signs = written("signatures", signature("somebody", SIGNED, whole))
    m = with_records(m, sections=whole[:1], submissions=(), approvals=(), signatures=signs)
    built = build("investigation_report", m)
    assert built.text_hash == text_hash(whole)
    assert "2节" in built.signed_text
    assert "限制阅读的1节未列入" in built.signed_text
    assert "内部线索" not in made(m)


def test_a_report_of_hundreds_of_pages_comes_out_whole(carried_out: Office) -> None:
    m = carried_out.material("investigation_report")
    line = "经查，该单位未按规定组织防火巡查，" * 6
    parts = ("unit", "course", "casualties", "cause", "responsibility", "measures")
    sections = [
        Section(part, f"节{n}", n, "\n".join(f"{part}{n}-{k}{line}" for k in range(150)), RELEASED)
        for part in parts
        for n in (1, 2)
    ]
    said = made(report_with(m, *sections))
    assert len(said) > 180_000
    assert "measures2-149经查" in said


# ---------------------------------------------------------------------------- reply and return


def test_a_reply_with_changes_names_each_with_its_place(carried_out: Office) -> None:
    m = carried_out.material("reply")
    points = written(
        "reply_points",
        ReplyPoint(1, "casualties", (3,), "列明价格认定结论的文号。"),
        ReplyPoint(1, None, None, "统一表述。"),
    )
    reply = Reply(1, WITH_CHANGES, "1号", TODAY, IN_MEETING, "曲靖市人民政府", TODAY,
                  "政府第12次常务会议", points=(1, 2))  # fmt: skip
    said = made(with_records(m, reply_points=points, replies=written("replies", reply)))
    for wanted in ("二、调查报告应当作如下修改完善：", "1. 第三部分“人员伤亡和直接经济损失”：列明价格认定结论",
                   "2. 统一表述。", "三、请曲靖市", f"经2026年11月25日{m.government}第12次常务会议审议"):  # fmt: skip
        assert wanted in said


def test_a_return_says_why_and_what_to_do(carried_out: Office) -> None:
    m = carried_out.material("report_return")
    points = written("reply_points", ReplyPoint(1, "casualties", None, "补充结论。"))
    replies = written(
        "replies",
        Reply(1, RETURNED, "1号", TODAY, "sign_off", "市长", grounds="依据不足。\n附件不全。"),
        Reply(2, APPROVED, "2号", TODAY, "sign_off", "市长"),
    )
    said = made(with_records(m, reply_points=points, replies=replies))
    for wanted in (
        "1. 依据不足。",
        "2. 附件不全。",
        "第三部分：补充结论。",
        "自再次收到之日重新计算",
    ):
        assert wanted in said
    assert "经市长审定" in made(with_records(carried_out.material("reply"), replies=replies))


# ---------------------------------------------------------------------------- execution


def test_transfers_go_to_whom_they_concern(carried_out: Office) -> None:
    file = carried_out.file
    records = {
        "transfers": written(
            "transfers",
            Transfer("资质问题", "authority", "住建局"),
            Transfer("涉嫌犯罪", "criminal", "公安局"),
        )
    }
    kinds = file.ruleset.papers
    for name, key in (("transfer_letter", "transfers:1"), ("criminal_referral", "transfers:2")):
        found = [each.key for each in fitting_subjects(file, kinds[name], records)]
        assert found == [key]


def test_a_transfer_names_the_parties_in_full_and_counts_what_goes_along(
    carried_out: Office,
) -> None:
    kinds = carried_out.file.ruleset.papers
    m = replace(
        carried_out.material("criminal_referral", "transfers:1"), kind=kinds["transfer_letter"]
    )
    parties = written(
        "parties",
        Party(
            "甲公司", "unit", "fire_unit", credit_code="91530300MA6K000000", represented_by="王某"
        ),
        Party("李某", "person", "owner", identity_no="530302199001011234", phone="13800000000"),
    )
    values = Transfer(
        "资质问题", "authority", "市住建局", (1, 2), "超资质施工。", (2, 99), "曲消1号", TODAY
    )
    record = written("transfers", values)[0]
    said = made(about(with_records(m, parties=parties), record))
    for wanted in ("1. 甲公司，统一社会信用代码：91530300MA6K000000，法定代表人（负责人）：王某",
                   "2. 李某，公民身份号码：530302199001011234", "超资质施工。", "共1件",
                   "另有1件限制阅读的材料单独密封移送", "第二十六条第二款", "（曲政复〔2026〕7号）批复"):  # fmt: skip
        assert wanted in said
    lead = written("discipline_leads", DisciplineLead("问题线索", to="市纪委监委"))[0]
    m = replace(m, kind=kinds["discipline_lead"])
    said = made(about(m, lead))
    assert "限经办人员知悉" in said
    assert "市纪委监委" in said
    assert "本次未随附证据材料" in said


def test_a_refused_receipt_has_room_for_witnesses_and_copies_name_others(
    carried_out: Office,
) -> None:
    m = carried_out.material("delivery_receipt", "deliveries:1")
    record = written("deliveries", ReplyDelivered("某单位", TODAY, way="hand"))[0]
    built = build("delivery_receipt", about(m, record))
    assert (built.received, built.sent_on) == ("", "2026年11月25日")
    assert built.ways.startswith("☑直接送达")
    others = written("copies", CopySent("市商务局", TODAY, item="participants"))
    m = with_records(carried_out.material("copies_notice"), copies=others)
    assert "市商务局" in build("copies_notice", m).addressee


def test_the_public_version_is_word_for_word(carried_out: Office) -> None:
    m = carried_out.material("public_version", "releases:1")
    text = "报告\n\n事故原因和性质\n\n事故原因和性质\n短路。\n\n第二段\n"
    sections = written("sections", Section("cause", "事故原因和性质", 1, "短路。", RELEASED))
    record = written("releases", Release("报告", TODAY, text, "a" * 64, "b" * 64))[0]
    built = build("public_version", about(with_records(m, sections=sections), record))
    assert [(each.kind, each.text) for each in built.blocks] == [
        ("part", "事故原因和性质"), ("section", "事故原因和性质"), ("text", "短路。"), ("text", "第二段"),
    ]  # fmt: skip
    assert built.left_out == "公开文本未略去内容。"


@pytest.mark.parametrize(
    ("name", "sort", "shown"),
    [
        ("甲公司", "unit", "甲公司"),
        ("王伟", "person", "王某"),
        ("欧阳明明", "person", "欧某某"),
        ("街道分管负责人", "person", "有关责任人员"),
        (None, "person", "有关责任人员"),
    ],
)
def test_people_are_published_without_their_names(
    carried_out: Office, name: str | None, sort: str, shown: str
) -> None:
    ledger = written("liabilities", Liability(name, sort, kind="discipline", state="not_proved"))
    m = with_records(carried_out.material("result_announcement"), liabilities=ledger)
    row = build("result_announcement", m).units[0]
    assert (row.name, row.decision) == (shown, "未落实")


# ---------------------------------------------------------------------------- art 30


@pytest.mark.parametrize(
    ("organ", "words"),
    [
        ("discipline", "对有关公职人员责任追究不落实"),
        ("procuratorate", "审查起诉拖延"),
        ("court", "审判拖延滞后"),
    ],
)
def test_a_notice_of_delay_says_what_drags_on(carried_out: Office, organ: str, words: str) -> None:
    m = carried_out.material("reply")
    m = replace(m, kind=m.file.ruleset.papers["delay_notice"])
    ledger = written("liabilities", Liability("王某", "person", kind="criminal", fact="失职",
                                              proposed="移送", state="under_way", due_on=TODAY))  # fmt: skip
    notice = DelayNotice(organ, "某机关", (1, 2), "请督促办理。", "1号", TODAY)
    said = made(about(with_records(m, liabilities=ledger), written("delay_notices", notice)[0]))
    for wanted in (
        words,
        "王某",
        "办理中",
        "请督促办理。",
        "第三十条",
        "另有限制阅读的1项单独通报",
    ):
        assert wanted in said


@pytest.mark.parametrize(
    ("is_serious", "wanted", "absent"),
    [(True, "依法严肃处理", "未同时具备"), (False, "三项条件未同时具备", "由有关部门依法严肃处理")],
)
def test_a_circular_follows_the_three_conditions(
    carried_out: Office, is_serious: bool, wanted: str, absent: str
) -> None:
    m = carried_out.material("reply")
    m = replace(m, kind=m.file.ruleset.papers["circular"])
    ordered = written("supervisions", Supervision("甲公司", to="某县人民政府", what="拆除。",
                      document_no="1号", ordered_on=TODAY, due_on=TODAY, extended_to=date(2027, 1, 5)))  # fmt: skip
    judged = NewFireJudgement(
        "5303-2027-0001", (1,), True, True, is_serious, "现场仍未拆除。", "市政府", TODAY
    )
    said = made(
        about(with_records(m, supervisions=ordered), written("art30_judgements", judged)[0])
    )
    for each in (wanted, "甲公司", "2027年1月5日", "5303-2027-0001", "第三十条", "现场仍未拆除。"):
        assert each in said
    assert absent not in said


def test_a_supervision_that_was_prolonged_is_lifted(carried_out: Office) -> None:
    m = carried_out.material("supervision_lifting", "supervisions:1")
    given = Supervision("甲公司", to="某县人民政府", what="拆除。", document_no="1号", ordered_on=TODAY,
                        due_on=TODAY, extended_to=date(2027, 1, 5), extension_no="2号",
                        lifted_on=date(2027, 1, 6), lifting_grounds="已拆除。")  # fmt: skip
    said = made(about(m, written("supervisions", given)[0]))
    for wanted in (
        "经2号延长至2027年1月5日",
        "已拆除。",
        "自2027年1月6日起解除",
        "某县人民政府、甲公司：",
    ):
        assert wanted in said


def test_an_evaluation_in_which_all_is_done_says_so(carried_out: Office) -> None:
    m = carried_out.material("evaluation_report")
    measures = written("measures", RectificationMeasure("拆除", "甲公司", kind="unit", set_on=TODAY,
                       due_on=TODAY, state="proved", proof="照片"))  # fmt: skip
    m = with_records(m, measures=measures, liabilities=(), evaluation_sheet=())
    said = made(m)
    assert "整改措施和处理意见已经落实" in said
    assert "未落实的事项" not in said
    nothing = with_records(m, measures=())
    assert f"评估结论：{BLANK}" in made(nothing)


# ---------------------------------------------------------------------------- slips, certificates


def test_a_certificate_in_word_bears_the_code_under_which_it_is_checked(
    demo: Database, tmp_path: Path, carried_out: Office
) -> None:
    file = carried_out.file
    found = next(each for each in file.deadlines if each.clock.id == "report")
    kind = kind_of_certificates(file)
    assert kind is not None
    out = certificate_docx(
        demo, LocalBlobs(tmp_path), file, found, kind, "city-officer", address=ADDRESS, now=NOW,
        law=LAW,
    )  # fmt: skip
    assert out.code == code_of(certificate_of(file, found))
    assert out.code in words_in(out.docx)
    with demo.readers.begin() as session:
        checked = check_certificate(session, ME, out.code, CALENDAR, TODAY)
    assert checked is not None
    assert checked.is_same


def test_a_slip_in_word_says_what_its_pdf_says(demo: Database, tmp_path: Path) -> None:
    file = Office(demo, CARRIED_OUT).file
    sweep(demo, lambda: CALENDAR, clock=lambda: NOW, today=TODAY, law=LAW)
    late = next(
        each
        for each in file.deadlines
        if each.clock.id == "measure" and each.due_on < TODAY and not each.is_ended
    )
    with demo.readers.begin() as session:
        found = find_slip(session, file, "urged", 1, late.due_on, late.clock.id, late.run.instance)
        assert found is not None
        slip = slip_of(session, file, found, LAW)
    kind = kind_of_slips(file, "urged")
    assert kind is not None
    assert kind.id == "urging_slip"
    assert kind_of_slips(file, "supervised") != kind
    assert kind_of_slips(file, "started") is None
    out = slip_docx(
        demo, LocalBlobs(tmp_path), file, found, kind, "city-officer", address=ADDRESS, now=NOW,
        law=LAW,
    )  # fmt: skip
    assert out.code == code_of(slip)
    said = words_in(out.docx)
    for wanted in (out.code, slip.title, slip.number, slip.addressee, slip.opening, slip.demand):
        assert wanted in said
    with demo.readers.begin() as session:
        assert check_certificate(session, ME, out.code, CALENDAR, TODAY) is not None


# ---------------------------------------------------------------------------- how it reads


@pytest.mark.parametrize(
    ("title", "lines"),
    [
        ("关于某单位火灾事故调查报告的批复", ["关于某单位火灾事故调查报告的批复"]),
        ("关于示例仓储有限公司（演示）“9·3”较大火灾事故调查报告的批复",
         ["关于示例仓储有限公司（演示）", "“9·3”较大火灾事故调查报告的批复"]),
        ("甲" * 60, ["甲" * 60]),
    ],
)  # fmt: skip
def test_a_title_breaks_where_sense_allows(title: str, lines: list[str]) -> None:
    assert broken(title).split("\n") == lines


@pytest.mark.parametrize("number", range(1, 40))
def test_no_line_of_a_title_is_too_long_or_begins_wrong(number: int) -> None:
    title = (
        f"关于开展{'某' * number}有限公司（分店）“12·30”特别重大火灾事故整改措施落实情况评估的通知"
    )
    lines = broken(title).split("\n")
    assert "".join(lines) == title
    assert all(each[0] not in "）”》的，" for each in lines)
    assert all(not each.endswith(("（", "“", "特别", "重大")) for each in lines)
    if number < 8:
        assert all(len(each) <= 21 for each in lines)


def test_the_rule_is_named_in_full_once(carried_out: Office) -> None:
    said = made(carried_out.material("reply"))
    assert said.count(RULE) == 1
    assert f"{RULE}（以下简称《规定》）" in said
    lone = made(carried_out.material("supervision_lifting", "supervisions:1"))
    assert "以下简称" not in lone
    # Articles that follow each other are cited with its name once.
    kind = carried_out.file.ruleset.papers["transfer_letter"]
    transfer = replace(carried_out.material("criminal_referral", "transfers:1"), kind=kind)
    assert f"{RULE}第二十六条第二款、第二十七条" in made(transfer)
