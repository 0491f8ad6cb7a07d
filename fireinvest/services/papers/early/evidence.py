"""Evidence: taken, listed, handed over, tested, and records asked for (arts 14 and 16)."""

from collections.abc import Iterator
from dataclasses import dataclass

from fireinvest.services.papers.base import BLANK, PaperFields, paper_field, rows_field
from fireinvest.services.papers.early import words
from fireinvest.services.papers.early.words import EvidenceRow
from fireinvest.services.papers.material import Material
from fireinvest.workflow.items.evidence import Custody, Evidence
from fireinvest.workflow.items.scene import CommissionedTest, RecordsRequest
from fireinvest.workflow.registers import Record

_INQUIRY, _TESTS = "rule:14", "rule:16"
_DUTY, _TAKING, _TESTING, _RULES = "firelaw:51.2", "order108:21", "order108:23", "scenerules:*"
_OBJECT = "object"
#: What is got from somebody who has it, and not made by the inquiry itself.
_GOT = frozenset({"document", "video", "audio", "data", "other"})
#: Lines of a list to be written by hand.
_EMPTY_LINES = 5


# ---------------------------------------------------------------------------- taken and listed


@dataclass(frozen=True)
class ExtractionList(PaperFields):
    """The list of traces and objects that were taken."""

    time: str = paper_field("提取时间", "time", "2026年2月26日")
    items: tuple[EvidenceRow, ...] = rows_field("痕迹、物品", "items", EvidenceRow)
    total: str = paper_field("合计", "total", "以上共2件（以下空白）。")
    people: str = paper_field("提取人和见证人", "by whom", "提取人：张某、李某。")
    basis: str = paper_field("依据", "basis", "依据：《火灾事故调查规定》第二十一条。")


@dataclass(frozen=True)
class SeizureList(PaperFields):
    """The list of records and data that were got from whoever had them."""

    items: tuple[EvidenceRow, ...] = rows_field("材料", "items", EvidenceRow)
    total: str = paper_field("合计", "total", "以上共2件（以下空白）。")
    basis: str = paper_field("依据", "basis", "依据：《规定》第十四条。")


def extraction_list(m: Material) -> ExtractionList:
    """Return the list of what was taken at the scene (Order 108 art 21)."""
    records = _of_kinds(m, frozenset({_OBJECT}))
    values = [each.values for each in records if isinstance(each.values, Evidence)]
    days = [each.taken_at for each in values if each.taken_at is not None]
    first, last = (m.moment(min(days)), m.moment(max(days))) if days else (BLANK, BLANK)
    takers = dict.fromkeys(
        name for each in values for name in (each.taken_by, each.taken_with) if name
    )
    witnesses = dict.fromkeys(each.witness for each in values if each.witness)
    return ExtractionList(
        title="火灾痕迹、物品提取清单",
        addressee="存卷",
        time=first if first == last else f"{first}至{last}",
        items=_rows(m, records),
        total=_total(len(records)),
        people=f"提取人：{words.listing(takers)}。见证人或者当事人：{words.listing(witnesses)}。",
        basis=f"依据：{words.under(m, _TAKING, _RULES)}。本清单一式两份，一份交物品持有人，一份存卷。",
    )


def seizure_list(m: Material) -> SeizureList:
    """Return the list of records and data got from others (art 14)."""
    records = _of_kinds(m, _GOT)
    return SeizureList(
        title="调取证据材料清单",
        addressee="材料持有人",
        items=_rows(m, records),
        total=_total(len(records)),
        basis=f"依据：{words.under(m, _INQUIRY, _DUTY)}。",
    )


def _of_kinds(m: Material, kinds: frozenset[str]) -> list[Record]:
    return [each for each in m.of("evidence") if getattr(each.values, "kind", None) in kinds]


def _rows(m: Material, records: list[Record]) -> tuple[EvidenceRow, ...]:
    if not records:
        return _empty_rows()
    return tuple(words.evidence_row(m, each, place) for place, each in enumerate(records, 1))


def _empty_rows() -> tuple[EvidenceRow, ...]:
    """Return rows to be written in by hand."""
    return tuple(
        EvidenceRow(f"{place}", *[""] * (len(EvidenceRow.__slots__) - 1))
        for place in range(1, _EMPTY_LINES + 1)
    )


def _total(number: int) -> str:
    return f"以上共{number}件（以下空白）。" if number else f"以上共{BLANK}件（以下空白）。"


# ---------------------------------------------------------------------------- handed over


@dataclass(frozen=True)
class CustodyList(PaperFields):
    """A hand-over of evidence, signed by both sides."""

    mark: str = paper_field("交接单号", "mark", "H1")
    occasion: str = paper_field("交接事由", "reason", "入库保管")
    giver: str = paper_field("移交人", "handed over by", "张某")
    receiver: str = paper_field("接收人", "received by", "李某")
    given_at: str = paper_field("移交时间", "handed over at", "2026年2月26日17时00分")
    condition: str = paper_field("移交时封装状态", "state at hand-over", "封装、封签完好")
    seals: str = paper_field("封签号", "seals", "曲消封001")
    to_place: str = paper_field("交接后存放地点", "kept afterwards at", "物证室1号柜")
    purpose: str = paper_field("用途或送检项目", "purpose", "金相分析")
    expected_back: str = paper_field("约定归还日期", "expected back on", "2026年3月20日")
    items: tuple[EvidenceRow, ...] = rows_field("物证", "items", EvidenceRow)
    received_at: str = paper_field("接收时间", "received at", "2026年2月26日17时20分")
    received_condition: str = paper_field("接收时封装状态", "state at receipt", "封装、封签完好")
    receipt: str = paper_field("签收方式", "way of receipt", "纸质签收")
    receipt_note: str = paper_field("接收人意见", "remarks", "数量、封签与清单一致。")
    basis: str = paper_field("依据", "basis", "依据：《火灾事故调查规定》第二十一条。")


def custody_list(m: Material) -> CustodyList:
    """Return the paper of a hand-over (Order 108 art 21)."""
    record = m.subject.record
    values = record.values if record is not None else None
    given = values if isinstance(values, Custody) else Custody()
    seals = [given.seal_before, given.seal_after]
    return CustodyList(
        title=f"火灾物证交接单（{given.called if given.giver or given.receiver else BLANK}）",
        addressee=words.known(given.receiver),
        mark=record.mark if record is not None else BLANK,
        occasion=m.listed("custody_reasons", given.occasion),
        giver=words.known(given.giver),
        receiver=words.known(given.receiver),
        given_at=m.moment(given.given_at),
        condition=m.listed("custody_conditions", given.condition),
        seals=" → ".join(dict.fromkeys(each for each in seals if each)) or BLANK,
        to_place=given.to_place or "—",
        purpose=given.purpose or "—",
        expected_back="—" if given.expected_back is None else m.day(given.expected_back),
        items=words.evidence_rows(m, given.items or ()) or _empty_rows(),
        received_at=m.moment(given.received_at),
        received_condition=m.listed("custody_conditions", given.received_condition),
        receipt=m.listed("receipt_ways", given.receipt),
        receipt_note=words.known(given.receipt_note),
        basis=f"依据：{m.article(_TAKING)}。",
    )


# ---------------------------------------------------------------------------- tested


@dataclass(frozen=True)
class Commission(PaperFields):
    """The commission of a test: what is sent, what is asked, until when."""

    number: str = paper_field("委托书编号", "number", "曲消鉴委〔2026〕1号")
    body: str = paper_field("受托机构", "done by", "某火灾物证鉴定中心")
    qualification: str = paper_field(
        "受托机构资质", "qualification", "资质第1号，有效期至2027年12月31日"
    )
    subject: str = paper_field("鉴定对象", "what is tested", "铜导线熔痕")
    sent_on: str = paper_field("委托日期", "sent on", "2026年3月2日")
    expected_on: str = paper_field("约定完成日期", "expected on", "2026年3月16日")
    facts: str = paper_field("简要案情", "the fire", "2026年2月25日4时50分，某市场发生火灾。")
    question: tuple[str, ...] = paper_field(
        "委托事项", "question", ("熔痕属一次短路还是二次短路？",)
    )
    items_words: str = paper_field("送检情况", "what is sent", "送检物品1件，封装完好：")
    items: tuple[EvidenceRow, ...] = rows_field("送检物品", "items sent", EvidenceRow)
    terms: tuple[str, ...] = paper_field("约定事项", "terms", ("（一）按期出具书面结论。",))


def test_commission(m: Material) -> Commission:
    """Return the commission of a test (art 16; Order 108 art 23)."""
    values = m.subject.record.values if m.subject.record is not None else None
    given = values if isinstance(values, CommissionedTest) else CommissionedTest()
    numbers = given.items or tuple(_handed_to(m, given.body))
    items = words.evidence_rows(m, numbers)
    until = "" if given.qualified_until is None else f"，有效期至{m.day(given.qualified_until)}"
    back = m.day(given.expected_on)
    return Commission(
        title=f"火灾物证鉴定（检验）委托书（{words.known(given.subject)}）",
        addressee=words.known(given.body),
        number=given.document_no or "",
        body=words.known(given.body),
        qualification=f"{words.known(given.qualification)}{until}",
        subject=words.known(given.subject),
        sent_on=m.day(given.sent_on),
        expected_on=back,
        facts=f"{words.fire(m)}{words.harm(m)}",
        question=words.paragraphs(given.question),
        items_words=f"送检物品共{len(items)}件，检材封装情况见交接单："
        if items
        else f"送检物品：{BLANK}",
        items=items,
        terms=words.numbered(
            (
                f"按照{m.article(_TESTS)}，{words.stated(m, _TESTS)}",
                f"按照{m.article(_TESTING)}，鉴定期限至{back}；需要延长的，应当提前书面说明。",
                f"检材自出具结论之日起由受托机构保管{BLANK}日，期满连同封装返还委托单位，未经同意不得销毁。",
                "鉴定需要消耗检材的，应当事先征得委托单位书面同意，并留存备份。",
                "受托机构应当对委托事项保密；与当事人有利害关系的，应当回避。",
            )
        ),
    )


def _handed_to(m: Material, body: str | None) -> Iterator[int]:
    """What was handed over to the laboratory, where the commission itself names nothing."""
    for record in m.of("custody"):
        values = record.values
        if isinstance(values, Custody) and body is not None and values.receiver == body:
            yield from values.items or ()


# ---------------------------------------------------------------------------- asked for


@dataclass(frozen=True)
class ReceivedRow:
    """A record that is handed over on a request."""

    no: str = paper_field("序号", "no.", "1")
    title: str = paper_field("材料名称", "record", "用电负荷记录")
    quantity: str = paper_field("份数", "copies", "1份")
    pages: str = paper_field("页数", "pages", "")
    original: str = paper_field("原件或复制件", "original or copy", "")


@dataclass(frozen=True)
class RecordsLetter(PaperFields):
    """A letter that asks another body for records."""

    opening: str = paper_field("开头", "opening", "2026年2月25日4时50分，某市场发生火灾。")
    asks: str = paper_field("商请事由", "what is asked", "请贵单位提供下列材料：")
    what: tuple[str, ...] = paper_field("材料", "records", ("起火当日用电负荷和故障记录。",))
    due: str = paper_field("期限", "due", "请于2026年3月5日前提供。")
    form: str = paper_field("形式", "form", "复制件请注明与原件一致并加盖印章。")
    received: tuple[ReceivedRow, ...] = rows_field("移交清单", "handed over", ReceivedRow)


def records_letter(m: Material) -> RecordsLetter:
    """Return the letter that asks for records, with the list to be filled in (art 14)."""
    values = m.subject.record.values if m.subject.record is not None else None
    given = values if isinstance(values, RecordsRequest) else RecordsRequest()
    wanted = words.paragraphs(given.what)
    if len(wanted) > 1:
        wanted = words.numbered(wanted)
    return RecordsLetter(
        title=f"关于调取{m.fire}有关材料的函",
        addressee=words.known(given.to),
        opening=words.fire(m),
        asks=f"因调查工作需要，根据{words.under(m, _INQUIRY, _DUTY)}，请贵单位提供下列材料：",
        what=tuple(words.sentence(each) for each in wanted),
        due=f"请于{m.day(given.due_on)}前提供；不能按期提供或者没有相应材料的，请书面说明。",
        form="提供复制件的，请注明“与原件核对一致”、复制日期和原件存放处，由经办人签名并加盖单位印章；"
        "提供电子数据的，请一并说明制作方法和校验值。",
        received=tuple(_received(m, given)),
    )


def _received(m: Material, given: RecordsRequest) -> Iterator[ReceivedRow]:
    rows = words.evidence_rows(m, given.received or ())
    for row in rows:
        yield ReceivedRow(row.no, row.title, row.quantity, "", "")
    if not rows:
        for place in range(1, _EMPTY_LINES + 1):
            yield ReceivedRow(f"{place}", "", "", "", "")
