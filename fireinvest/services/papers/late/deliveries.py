"""The reply reaches those whom it concerns: receipts, and letters to each (arts 25, 26)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from fireinvest.services.papers.base import BLANK, PaperFields, paper_field, rows_field
from fireinvest.services.papers.late.rows import (
    MeasureRow,
    PersonRow,
    measure_rows,
    person_rows,
)
from fireinvest.services.papers.late.shape import LetterFields, concise
from fireinvest.services.papers.late.wording import (
    by,
    by_step,
    contact,
    court,
    discipline,
    fire_called,
    joined,
    known,
    lead,
    procuratorate,
    reply_called,
    reply_entry,
    report_called,
)
from fireinvest.services.papers.material import Material
from fireinvest.workflow.items.execution import Liability, Receipt
from fireinvest.workflow.recipients import recipients_of
from fireinvest.workflow.registers import Record

__all__ = [
    "CopiesFields",
    "NoticeFields",
    "ReceiptFields",
    "copied_to",
    "copies_fields",
    "receipt_fields",
    "to_court",
    "to_discipline",
    "to_procuratorate",
]

#: Which ways of delivery have a box on a receipt, by their list in the profile.
_WAYS = "delivery_ways"
_TICKED, _OPEN = "☑", "□"
_CRIMINAL = "criminal"
#: Room for a line to be written by hand.
_ROOM = "\n"
_LOWER = "lower_governments"


# ---------------------------------------------------------------------------- receipts


@dataclass(frozen=True)
class ReceiptFields(PaperFields):
    """What a receipt (送达回证) says; what is written by hand at the delivery stays blank."""

    matter: str = paper_field("案由", "matter", "某某火灾事故调查")
    documents: str = paper_field("送达文书", "documents", "关于某某火灾事故调查报告的批复")
    document_no: str = paper_field("文书文号", "document number", "某政复〔2026〕7号")
    recipient: str = paper_field("受送达人", "recipient", "某某市纪委监委")
    basis: str = paper_field("送达依据", "basis", "《某某规定》第某条")
    sent_on: str = paper_field("送达时间", "delivered on", "2026年5月8日")
    place: str = paper_field("送达地点", "delivered at", "")
    ways: str = paper_field("送达方式", "way of delivery", "☑直接送达　□邮寄")
    received: str = paper_field("签收", "received", "张某某，2026年5月8日")
    proxy: str = paper_field("代收人", "received for them by", "")
    refusal: str = paper_field("拒收事由及日期", "refusal", "")
    witnesses: str = paper_field("见证人", "witnesses", "")
    note: str = paper_field("备注", "note", "")


def receipt_fields(m: Material) -> ReceiptFields:
    """Return the receipt of one recipient, as far as it is filled in."""
    record = m.subject.record
    values = record.values if record is not None else None
    given = values if isinstance(values, Receipt) else Receipt()
    is_copy = record is not None and record.register == "copies"
    step = "send_copies" if is_copy else "deliver_reply"
    reply = reply_entry(m)
    number = given.document_no or (getattr(reply.payload, "document_no", None) if reply else None)
    called = f"{m.government}关于{fire_called(m)}调查报告的批复"
    documents = f"《{called}》及{report_called(m)}复印件" if is_copy else f"《{called}》"
    signed = ""
    if given.received_on is not None:
        signed = f"{known(given.signed_by)}，{m.day(given.received_on)}"
    return ReceiptFields(
        title=f"送达回证（{known(given.recipient)}）",
        addressee=known(given.recipient),
        matter=f"{fire_called(m)}调查处理",
        documents=documents,
        document_no=known(number),
        recipient=known(given.recipient),
        basis=by_step(m, step),
        sent_on=m.day(given.sent_on),
        place="",
        ways=_boxes(m, given.way),
        received=signed,
        proxy="",
        refusal=_ROOM,
        witnesses=_ROOM,
        note=given.note or "",
    )


def _boxes(m: Material, chosen: str | None) -> str:
    listing = m.file.ruleset.lists.get(_WAYS)
    return (
        "　".join(
            f"{_TICKED if each.id == chosen else _OPEN}{m.say(each.label)}"
            for each in (listing.items if listing is not None else ())
        )
        or BLANK
    )


# ---------------------------------------------------------------------------- art 25: notices


@dataclass(frozen=True)
class NoticeFields(LetterFields):
    """What the government's notice of its reply says to an organ."""

    opening: str = paper_field(
        "引语", "opening", "某某火灾事故调查报告已经我府批复，现将有关情况通报如下。"
    )
    results: tuple[str, ...] = paper_field(
        "调查结论", "conclusions", ("经调查认定，这是一起责任事故。",)
    )
    people_intro: str = paper_field("名单引语", "before the list", "涉及的责任人员如下：")
    people: tuple[PersonRow, ...] = rows_field("责任人员", "people answerable", PersonRow)
    request: str = paper_field("商请事项", "what is asked", "请依照职责办理，并函告结果。")
    attachments: tuple[str, ...] = paper_field(
        "附件", "attachments", ("附件：1. 批复", "2. 调查报告")
    )
    contact: str = paper_field("联系人", "contact", "联系人：某某，联系电话：0874-1234567")


def _notice(
    m: Material, addressee: str, wanted: Callable[[Liability], bool], intro: str, request: str
) -> NoticeFields:
    """Tell an organ of the reply, and of those of whom it should hear."""
    cause, nature = m.last("determine_cause"), m.last("determine_nature")
    results = []
    if cause is not None:
        said = known(getattr(cause.payload, "text", None)).rstrip("。")
        results.append(f"事故直接原因：{said}。")
    if nature is not None:
        results.append(f"事故性质：{known(getattr(nature.payload, 'text', None)).rstrip('。')}。")
    people = [
        each
        for each in m.of("liabilities")
        if isinstance(each.values, Liability) and wanted(each.values)
    ]
    return NoticeFields(
        title=f"关于通报{fire_called(m)}调查报告批复情况的函",
        addressee=addressee,
        opening=(
            f"{report_called(m)}已由{m.government}以{reply_called(m)}批复。"
            f"依照{by_step(m, 'deliver_reply')}，现将有关情况通报你单位。"
        ),
        results=tuple(results),
        people_intro=intro,
        people=person_rows(m, people),
        request=request,
        attachments=_attached(m),
        contact=f"联系人：{BLANK}，联系电话：{BLANK}",
    )


def _attached(m: Material) -> tuple[str, ...]:
    """Reply and report, as they are named below a letter: without marks around their titles."""
    reply = f"{m.government}关于{fire_called(m)}调查报告的批复"
    return (f"附件：1. {reply}", f"2. {report_called(m).strip('《》')}")


@concise
def to_discipline(m: Material) -> NoticeFields:
    """Return what discipline inspection is told: of public officials, by sanctions."""
    step = m.file.ruleset.steps.get("accountability_group")
    article = by(m, step.basis if step is not None else None)
    return _notice(
        m,
        discipline(m),
        lambda each: bool(each.is_official) or each.kind in ("discipline", "accountability"),
        "调查报告提出处理意见的公职人员如下：",
        f"请依照{article}和管理权限审查办理，并将处理结果函告我府。",
    )


@concise
def to_procuratorate(m: Material) -> NoticeFields:
    """Return what the procuratorate is told: of those suspected of a crime."""
    return _notice(
        m,
        procuratorate(m),
        lambda each: each.kind == _CRIMINAL,
        "调查报告提出移送司法机关追究刑事责任的单位、人员如下：",
        f"请依照{by_step(m, 'record_penalty')}，依法履行检察职责，并将审查起诉情况函告我府。",
    )


@concise
def to_court(m: Material) -> NoticeFields:
    """Return what the court is told: of those who may come before it."""
    return _notice(
        m,
        court(m),
        lambda each: each.kind == _CRIMINAL,
        "调查报告提出追究刑事责任的单位、人员如下：",
        f"请依照{by_step(m, 'record_penalty')}，依法审理有关案件，并将裁判结果函告我府。",
    )


# ---------------------------------------------------------------------------- art 26: copies


@dataclass(frozen=True)
class CopiesFields(LetterFields):
    """What goes with the copies of reply and report."""

    opening: str = paper_field("引语", "opening", "现将批复和调查报告复印件送你单位。")
    demands: tuple[str, ...] = paper_field("要求", "what is demanded", ("一、认真吸取事故教训。",))
    tasks: tuple[MeasureRow, ...] = rows_field("整改措施", "measures", MeasureRow)
    closing: str = paper_field("结语", "closing", "请于收到后在送达回证上签收。")
    attachments: tuple[str, ...] = paper_field(
        "附件", "attachments", ("附件：1. 批复", "2. 调查报告")
    )
    contact: str = paper_field("联系人", "contact", "联系人：某某，联系电话：0874-1234567")


@concise
def copies_fields(m: Material) -> CopiesFields:
    """Return the letter to all to whom copies go, as they follow from the case."""
    names = [*copied_to(m), *_written(m.of("copies"))]
    sent = [
        (
            f"依照{by_step(m, 'record_penalty')}，对职责范围内的责任单位和责任人员依法处理，"
            f"并将结果函告{lead(m)}。"
        ),
        "对照调查报告提出的防范和整改措施，制定方案、明确责任、限期落实，并将落实凭证报送备查。",
        f"结案后将依照{by_step(m, 'open_evaluation')}对落实情况开展评估。",
    ]
    return CopiesFields(
        title=f"关于印送{fire_called(m)}调查报告和批复的函",
        addressee=joined(names),
        opening=(
            f"{m.government}已对{report_called(m)}作出批复。依照{by_step(m, 'send_copies')}，"
            "现将批复文件和调查报告复印件送你们，并就有关事项函告如下："
        ),
        demands=tuple(f"{place}. {each}" for place, each in enumerate(sent, 1)),
        tasks=measure_rows(m),
        closing="请收件后在送达回证上签收并退回。",
        attachments=_attached(m),
        contact=contact(m),
    )


def copied_to(m: Material) -> list[str]:
    """Return to whom copies go by the rule: bodies that took part, and the government below."""
    names = []
    for each in recipients_of(m.file.case, "copies"):
        name = m.say(each.name)
        if each.item.id == _LOWER and not name.endswith(("政府", "委员会")):
            name += "人民政府"
        names.append(name)
    return names


def _written(records: Iterable[Record]) -> list[str]:
    return [
        each.values.recipient or ""
        for each in records
        if isinstance(each.values, Receipt) and each.values.whom is None
    ]
