"""Slips and certificates as papers to be changed and sealed: what their pages say, under one code.

What they say is made where their PDF is made; here it only takes the form of an official paper.
"""

from dataclasses import dataclass

from fireinvest.documents.certificate import Certificate, Row, code_of
from fireinvest.documents.slip import Slip
from fireinvest.services.certificates import certificate_of
from fireinvest.services.papers.base import BLANK, PaperFields, paper_field, rows_field
from fireinvest.services.papers.material import Material

__all__ = [
    "CertificateFields",
    "SlipFields",
    "blank_slip_fields",
    "certificate_fields",
    "fields_of_certificate",
    "slip_fields",
]

#: Room to be written on by hand, in lines.
_SIGNED, _ANSWER = "", "\n\n"


@dataclass(frozen=True, slots=True)
class LineRow:
    """A line: what it is about, what it says, on what that rests."""

    label: str = paper_field("项目", "label", "案件")
    value: str = paper_field("内容", "value", "5303-2026-0001")
    note: str = paper_field("说明", "note", "某某商贸有限公司")


@dataclass(frozen=True, slots=True)
class DaysRow:
    """Days in a row of which the count says the same."""

    days: str = paper_field("日期", "days", "2026-02-26 星期四")
    numbers: str = paper_field("序数", "numbers", "1")
    kind: str = paper_field("日期性质", "kind of day", "工作日")
    why: str = paper_field("是否计入", "counted or not", "计入")
    notice: str = paper_field("依据", "notice", "")


# ---------------------------------------------------------------------------- slips


@dataclass(frozen=True)
class SlipFields(PaperFields):
    """What a slip (催办单, 督办单) says."""

    number: str = paper_field("编号", "number", "5303-2026-0001 · 催办单第1号")
    opening: str = paper_field("正文", "opening", "下列事项已逾期，尚无办结记录。")
    rows: tuple[LineRow, ...] = rows_field("事项", "matter", LineRow)
    demand: str = paper_field("要求", "demand", "请立即办理，并在本单上书面回复。")
    issuer_name: str = paper_field("发单机关", "issuer", "某某市消防救援支队")
    on: str = paper_field("发单日期", "day", "2026年3月6日")
    issued: str = paper_field(
        "发单机关和日期", "issuer and day", "某某市消防救援支队（盖章）\n2026年3月6日"
    )
    signed: str = paper_field("签收栏", "room for the receipt", "")
    answer: str = paper_field("回复栏", "room for the answer", "\n\n")
    slip_code: str = paper_field("单据核验码", "code of the slip", "ABCD-EFGH-IJKL-MNOP")


def slip_fields(slip: Slip) -> SlipFields:
    """Return what a slip says, as a paper; it bears the code of the slip itself."""
    return SlipFields(
        title=slip.title,
        addressee=slip.addressee,
        number=slip.number,
        opening=slip.opening,
        rows=tuple(
            LineRow(each.label, "，".join(part for part in (each.value, each.note) if part), "")
            for each in slip.rows
        ),
        demand=slip.demand,
        issuer_name=slip.issuer,
        on=slip.on,
        issued=_issued(slip.issuer, slip.on),
        signed=_SIGNED,
        answer=_ANSWER,
        slip_code=code_of(slip),
    )


def _issued(issuer: str, on: str) -> str:
    return f"{issuer}（盖章）\n{on}"


def blank_slip_fields(m: Material) -> SlipFields:
    """Return an empty slip of a case, to be filled in by hand where no rung is on record."""
    found = m.subject.deadline
    rows = [
        LineRow("案件", f"{m.file.ref.number}，{m.unit}", ""),
        LineRow("期限", BLANK if found is None else m.say(found.clock.label), ""),
        LineRow("届满日期", BLANK if found is None else m.day(found.due_on), ""),
    ]
    return SlipFields(
        title=f"火灾事故调查期限{m.say(m.kind.label)}",
        addressee=BLANK,
        number=f"{m.file.ref.number} · {m.say(m.kind.label)}",
        opening="下列事项已逾期，截至发单之日尚无办结记录：",
        rows=tuple(rows),
        demand="请立即办理，并在本单上书面回复办理情况和时间；暂不能办理的，说明原因和计划办结日期。",
        issuer_name=m.issuer,
        on=m.day(m.file.today),
        issued=_issued(m.issuer, m.day(m.file.today)),
        signed=_SIGNED,
        answer=_ANSWER,
        slip_code=BLANK,
    )


# ---------------------------------------------------------------------------- certificates


@dataclass(frozen=True)
class CertificateFields(PaperFields):
    """What the certificate of a clock (期限计算说明) says."""

    number: str = paper_field("案件编号", "number of the case", "5303-2026-0001")
    clock: str = paper_field("期限名称", "clock", "报批调查报告")
    due: str = paper_field("届满日期", "due", "2026年4月26日 星期日")
    standing: str = paper_field("目前状态", "standing", "运行中")
    case_rows: tuple[LineRow, ...] = rows_field("案件", "case", LineRow)
    how: tuple[LineRow, ...] = rows_field("期限如何得出", "how it comes about", LineRow)
    days: tuple[DaysRow, ...] = rows_field("逐日计算", "counted days", DaysRow)
    readings: tuple[LineRow, ...] = rows_field("适用的解释", "readings", LineRow)
    versions: tuple[LineRow, ...] = rows_field("所用版本", "editions", LineRow)
    as_of: str = paper_field("截至日期", "as of", "2026-03-01")
    certificate_code: str = paper_field(
        "计算内容核验码", "code of the certificate", "ABCD-EFGH-IJKL-MNOP"
    )


def certificate_fields(m: Material) -> CertificateFields:
    """Return the certificate of the clock that the paper is about."""
    found = m.subject.deadline
    if found is None:
        return CertificateFields(title="期限计算说明", number=m.file.ref.number)
    return fields_of_certificate(certificate_of(m.file, found, language="zh"))


def fields_of_certificate(given: Certificate) -> CertificateFields:
    """Return what a certificate says, as a paper; it tells the code of the certificate itself."""
    return CertificateFields(
        title=given.title,
        addressee=given.clock,
        number=given.number,
        clock=given.clock,
        due=given.due,
        standing=given.standing,
        case_rows=(
            *_lines(given.case),
            LineRow("期限名称", given.clock, ""),
            LineRow("届满日期", given.due, ""),
            LineRow("目前状态", given.standing, ""),
        ),
        how=_lines(given.how),
        days=tuple(
            DaysRow(each.days, each.numbers, each.kind, each.why, each.notice or "—")
            for each in given.days
        ),
        readings=_lines(given.readings),
        versions=_lines(given.versions),
        as_of=given.as_of,
        certificate_code=code_of(given),
    )


def _lines(rows: tuple[Row, ...]) -> tuple[LineRow, ...]:
    return tuple(LineRow(each.label, each.value or "—", each.note or "—") for each in rows)
