"""What other authorities have to deal with: letters of transfer with their evidence (arts 26, 27)."""

from dataclasses import dataclass

from fireinvest.services.papers.base import BLANK, paper_field, rows_field
from fireinvest.services.papers.late.rows import EvidenceRow, evidence_rows
from fireinvest.services.papers.late.shape import LetterFields, concise
from fireinvest.services.papers.late.wording import (
    by,
    by_step,
    contact,
    counted,
    evidence_records,
    fire_called,
    fire_story,
    known,
    paragraphs,
    parties_in_words,
    procuratorate,
    reply_called,
    reply_entry,
    report_called,
)
from fireinvest.services.papers.material import Material, Subject
from fireinvest.workflow.items.execution import DisciplineLead, Transfer
from fireinvest.workflow.registers import choices_of

__all__ = [
    "TransferFields",
    "criminal_fields",
    "discipline_fields",
    "is_criminal",
    "is_for_authority",
    "transfer_fields",
]

_CRIMINAL = "criminal"
#: What else says how a suspected crime is referred.
_REFERRAL = ("referral:3", "referral:6")


@dataclass(frozen=True)
class TransferFields(LetterFields):
    """What a letter of transfer says, with the list of the evidence and the slip that comes back."""

    opening: str = paper_field("引语", "opening", "现将有关事项移送你单位依法处理。")
    fire: str = paper_field("事故概况", "the fire", "2026年2月25日，某某单位发生较大火灾事故。")
    parties: tuple[str, ...] = paper_field(
        "被移送单位和人员", "units and persons", ("某某有限公司，法定代表人：某某。",)
    )
    facts: tuple[str, ...] = paper_field(
        "主要事实和依据", "facts and basis", ("动火作业未办理审批手续。",)
    )
    request: str = paper_field("移送意见", "what is asked", "请依法处理，并函告处理结果。")
    evidence: tuple[EvidenceRow, ...] = rows_field("证据材料", "evidence", EvidenceRow)
    evidence_note: str = paper_field("证据目录说明", "note on the evidence", "共3件。")
    attachments: tuple[str, ...] = paper_field(
        "附件", "attachments", ("附件：1. 移送证据材料目录", "2. 移送回执")
    )
    receipt: str = paper_field("回执正文", "receipt", "你单位移送的材料已收到。")
    received_by: str = paper_field("接收人", "received by", "")
    received_on: str = paper_field("接收日期", "received on", "")
    result: str = paper_field("处理意见", "result", "")
    result_on: str = paper_field("处理日期", "day of the result", "")
    copies: str = paper_field("抄送机关", "copies to", "某某人民检察院。")
    contact: str = paper_field("联系人", "contact", "联系人：某某，联系电话：0874-1234567")


@concise
def transfer_fields(m: Material) -> TransferFields:
    """Return the letter that transfers a matter to another authority."""
    return _letter(
        m,
        title="关于移送{}有关问题的函",
        step="transfer",
        request="请依照法定权限和程序作出处理，并将处理结果连同有关文书函告我单位。",
        sheet="移送回执",
    )


@concise
def criminal_fields(m: Material) -> TransferFields:
    """Return the referral of a suspected crime."""
    return _letter(
        m,
        title="关于移送{}涉嫌犯罪案件的函",
        step="refer_criminal",
        request=(
            "经审查认为上述事实涉嫌犯罪，需要追究刑事责任，现连同证据材料一并移送。请依法审查，"
            "并将立案或者不予立案的决定书面告知我单位。"
        ),
        sheet="涉嫌犯罪案件移送回执",
    )


@concise
def discipline_fields(m: Material) -> TransferFields:
    """Return the letter that gives a lead to discipline inspection."""
    return _letter(
        m,
        title="关于移送{}问题线索的函",
        step="refer_discipline",
        request="请依照管理权限和有关规定处置，并将处置结果函告我单位。",
        sheet="问题线索移送回执",
    )


def is_criminal(subject: Subject) -> bool:
    """Is it a matter of a suspected crime?"""
    values = subject.record.values if subject.record is not None else None
    return isinstance(values, Transfer) and values.kind == _CRIMINAL


def is_for_authority(subject: Subject) -> bool:
    """Is it a matter for another authority than those of criminal justice?"""
    return not is_criminal(subject)


def _letter(m: Material, *, title: str, step: str, request: str, sheet: str) -> TransferFields:
    record = m.subject.record
    values = record.values if record is not None else None
    given = values if isinstance(values, Transfer) else Transfer()
    rows = evidence_rows(m, evidence_records(m, given.evidence))
    lacking = len(set(given.evidence or ())) - len(rows)
    note = f"共{len(rows)}件，随函移送。" if rows else "本次未随附证据材料。"
    if lacking:
        note += f"另有{lacking}件限制阅读的材料单独密封移送。"
    number = known(given.document_no)
    return TransferFields(
        title=title.format(fire_called(m)),
        addressee=known(given.to),
        opening=_opening(m, given, step),
        fire=fire_story(m),
        parties=parties_in_words(m, given.about) or (f"见移送事项：{known(given.subject)}。",),
        facts=counted((*_facts(given), *_law(m, given))),
        request=request,
        evidence=rows,
        evidence_note=note,
        attachments=("附件：1. 移送证据材料目录", f"2. {sheet}"),
        receipt=(
            f"你单位《{title.format(fire_called(m))}》（{number}）及所附证据材料已收到，"
            "经清点与目录相符。处理情况如下："
        ),
        received_by=given.signed_by or "",
        received_on="" if given.received_on is None else m.day(given.received_on),
        result="；".join(part for part in (given.result, given.result_no) if part),
        result_on=m.day(given.result_on),
        copies=f"{procuratorate(m)}。",
        contact=contact(m),
    )


def _opening(m: Material, given: Transfer, step: str) -> str:
    subject = f"“{given.subject}”" if given.subject else "有关问题"
    found = f"在{fire_called(m)}调查处理中，发现{subject}应当由你单位依法处理。"
    reply = reply_entry(m)
    is_after = reply is not None and (given.sent_on is None or reply.on <= given.sent_on)
    if is_after and not isinstance(given, DisciplineLead):
        found = f"{report_called(m)}已经{reply_called(m)}批复，其中{subject}应当由你单位依法处理。"
    articles = [by_step(m, step)]
    kind = next(
        (each for each in choices_of(m.file.case, "transfer_kinds") if each.id == given.kind), None
    )
    if kind is not None and (also := by(m, kind.basis)) != BLANK and also not in articles:
        articles.append(also)
    return f"{found}依照{'、'.join(articles)}，现连同相关证据材料移送你单位。"


def _facts(given: Transfer) -> tuple[str, ...]:
    return paragraphs(given.facts) or (BLANK,)


def _law(m: Material, given: Transfer) -> tuple[str, ...]:
    """On which law a referral to the criminal side rests beside the rule, where the profile has it."""
    if given.kind != _CRIMINAL:
        return ()
    found = [each for each in map(m.article, _REFERRAL) if each != BLANK]
    if not found:
        return ()
    # The instrument is named once.
    first, *more = found
    return (f"移送依据：{'、'.join([first, *(each.rpartition('》')[2] for each in more)])}。",)
