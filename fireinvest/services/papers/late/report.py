"""The investigation report: six parts, tables, roster, evidence, signatures, dissents (arts 19, 20)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import ClassVar

from fireinvest.regulation.basis import chinese_number
from fireinvest.services.papers.base import BLANK, paper_field, rows_field
from fireinvest.services.papers.late.rows import EvidenceRow, evidence_rows
from fireinvest.services.papers.late.shape import WIDEST_ON_COVER, LetterFields
from fireinvest.services.papers.late.wording import (
    by_list,
    by_step,
    document,
    fire_called,
    fire_story,
    joined,
    known,
    paragraphs,
    submission_of,
    team_called,
)
from fireinvest.services.papers.material import Material
from fireinvest.services.report_tables import freeze, names_of_tables, tables_of
from fireinvest.services.reports import ReportText, Standing, standings_of, text_of
from fireinvest.workflow.items.report import (
    BY_ACCOUNT,
    DISSENT,
    REFUSED,
    Approval,
    ReportSignature,
    Section,
    Submission,
)
from fireinvest.workflow.items.team import RosterLine
from fireinvest.workflow.registers import Record, choices_of
from fireinvest.workflow.report_hash import PARTS, versions_in
from fireinvest.workflow.report_text import FrozenTable, pieces, thawed

__all__ = ["Block", "ReportFields", "blocks_of", "report_fields"]

#: Tables of so many columns have a form of their own; others are printed line by line.
COLUMNS = frozenset({2, 3, 4, 5, 7})
#: What a block is.
PART, SECTION, TEXT, TABLE, ANNEX = "part", "section", "text", "table", "annex"
#: The last words with the names below them, or these alone where a table is last.
LAST, SIGN = "last", "sign"
#: Tables that every report has, in its text or behind it.
_EXPECTED = ("statistics", "casualties", "losses")
_TABLES = "事故统计、伤亡和损失表"
#: What a table of the register has no value for.
_NOTHING = "—"


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of the report in the order in which it is read: a heading, words, or a table.

    ``kind``: ``part``, ``section``, ``text``, ``table``, ``last`` or
    ``sign`` where the text ends, ``annex``.
    """

    kind: str = paper_field("类别", "kind", TEXT)
    text: str = paper_field("文字", "text", "起火单位位于某某街道1号，事发时正常营业。")
    columns: int = paper_field("表格列数", "columns", 0)
    head: tuple[str, ...] = paper_field("表头", "head of the table", ("项目", "数据"))
    rows: tuple[tuple[str, ...], ...] = paper_field(
        "表格各行", "rows of the table", (("死亡人数", "3人"), ("重伤人数", "2人"))
    )


@dataclass(frozen=True, slots=True)
class RosterRow:
    """A member of the team."""

    no: str = paper_field("序号", "No.", "1")
    name: str = paper_field("姓名", "name", "王某某")
    post: str = paper_field("调查组职务", "post on the team", "组长")
    agency: str = paper_field("工作单位", "agency", "某某市人民政府")
    duty: str = paper_field("职务、分组", "office, group", "副市长")


@dataclass(frozen=True, slots=True)
class SignatureRow:
    """How a member signed; empty where the signature goes."""

    no: str = paper_field("序号", "No.", "1")
    name: str = paper_field("姓名", "name", "王某某")
    post: str = paper_field("调查组职务", "post on the team", "组长")
    agency: str = paper_field("工作单位", "agency", "某某市人民政府")
    signature: str = paper_field("签名", "signature", "本人账号签名")
    day: str = paper_field("日期", "day", "2026-04-10")


@dataclass(frozen=True, slots=True)
class DissentPage:
    """A member's dissent, on a page of its own; or on what a refusal to sign rests."""

    heading: str = paper_field("附件标题", "heading", "不同意见说明")
    name: str = paper_field("姓名", "name", "李某某")
    post: str = paper_field("调查组职务", "post on the team", "成员")
    agency: str = paper_field("工作单位", "agency", "某某局")
    day: str = paper_field("日期", "day", "2026年4月10日")
    text: str = paper_field("所签文本", "text that was signed", "本报告正文")
    grounds: str = paper_field("理由", "grounds", "对直接原因的认定有不同意见。")
    paragraphs: tuple[str, ...] = paper_field(
        "不同意见", "dissent", ("对直接原因的认定有不同意见。",)
    )


@dataclass(frozen=True)
class ReportFields(LetterFields):
    """What the investigation report says."""

    WIDEST: ClassVar[float] = WIDEST_ON_COVER

    team_name: str = paper_field("调查组名称", "name of the team", "某某火灾事故调查组")
    contents: tuple[str, ...] = paper_field(
        "目录", "contents", ("一、发生单位（场所）概况", "附件1　火灾事故调查组成员名单")
    )
    preamble: tuple[str, ...] = paper_field(
        "引言", "preamble", ("2026年2月25日，某某单位发生较大火灾事故，造成死亡3人。",)
    )
    body: tuple[Block, ...] = rows_field("正文", "body", Block)
    roster: tuple[RosterRow, ...] = rows_field("成员名单", "roster", RosterRow)
    evidence: tuple[EvidenceRow, ...] = rows_field("证据目录", "evidence", EvidenceRow)
    evidence_note: str = paper_field("证据目录说明", "note on the evidence", "共12件。")
    signed_text: str = paper_field(
        "所签文本", "text that is signed", "全体成员对报告正文签名如下。"
    )
    text_hash: str = paper_field("正文校验值", "SHA-256 of the text", "0f1e2d3c…")
    text_versions: str = paper_field("章节版本", "versions of the sections", "R1@3 R2@1")
    signatures: tuple[SignatureRow, ...] = rows_field("签名", "signatures", SignatureRow)
    signature_note: str = paper_field("签名说明", "note on the signatures", "共9人，已签8人。")
    dissents: tuple[DissentPage, ...] = rows_field("不同意见", "dissents", DissentPage)
    refusals: tuple[DissentPage, ...] = rows_field("拒绝签名", "refusals", DissentPage)
    refusal_intro: str = paper_field(
        "拒绝签名说明", "on the refusals", "下列成员拒绝在报告上签名，由记录人如实记录。"
    )


def report_fields(m: Material) -> ReportFields:
    """Return the report as its sections stand, with the tables as they were submitted."""
    case = m.file.case
    text = text_of(case, m.of("sections"))
    bound, hidden = _whole(m, text)
    tables = _tables(m, text)
    body = list(_body(m, text, tables))
    placed = {each.text for each in body if each.kind == TABLE}
    extra = [
        block
        for code in _EXPECTED
        if (found := tables.get(code)) is not None and len(found.rows) > 1
        for block in _table(m, found)
        if block.text not in placed
    ]
    standings = standings_of(case, m.of("signatures"), replace(text, hash=bound))
    people = [_Person.of(m, each) for each in standings]
    roster, rows = _roster(m, people), evidence_rows(m, m.of("evidence"))
    signed = tuple(_signature(m, place, each) for place, each in enumerate(people, 1))
    dissents = [each for each in people if each.outcome == DISSENT]
    refused = [each for each in people if each.outcome == REFUSED]
    annexes = [
        "附件1　火灾事故调查组成员名单",
        "附件2　证据目录",
        "附件3　火灾事故调查组成员签名页",
    ]
    pages = []
    for place, each in enumerate(dissents, 1):
        number = f"（之{chinese_number(place)}）" if len(dissents) > 1 else ""
        pages.append(_page(m, each, f"不同意见说明{number}", bound))
    if dissents:
        annexes.append(f"附件{len(annexes) + 1}　不同意见说明")
    if refused:
        annexes.append(f"附件{len(annexes) + 1}　拒绝签名情况记录")
    headings = [each.text for each in body if each.kind == PART]
    # The last words and the names below them stand on one page.
    last = body[-1] if body else None
    if last is not None and last.kind == TEXT:
        body[-1] = replace(last, kind=LAST)
    else:
        body.append(Block(SIGN, ""))
    if extra:
        headings.append(f"附表　{_TABLES}")
        body += [Block(ANNEX, _TABLES), *extra]
    title = f"{fire_called(m)}调查报告"
    return ReportFields(
        title=title,
        addressee=m.government,
        team_name=team_called(m),
        contents=(*headings, *annexes),
        preamble=tuple(_preamble(m)),
        body=tuple(body),
        roster=roster,
        evidence=rows,
        evidence_note=_evidence_note(m, len(rows)),
        signed_text=_signed_text(m, title, text, hidden),
        text_hash=bound if text.sections else BLANK,
        text_versions=text.bound or BLANK,
        signatures=signed,
        signature_note=_signature_note(people),
        dissents=tuple(pages),
        refusals=tuple(_page(m, each, "拒绝签名情况记录", bound) for each in refused),
        refusal_intro=(
            f"下列成员拒绝在调查报告上签名，依照{by_step(m, 'sign_report')}，将有关情况记录如下："
        ),
    )


# ---------------------------------------------------------------------------- the text


def _whole(m: Material, text: ReportText) -> tuple[str, int]:
    """Return the hash of the whole text, and how many of its sections may not stand here.

    What is kept from the readers of this paper is left out of it. The hash is then the one under
    which the rest was signed or submitted, and a blank where nothing says it.
    """
    here = {(each.item, each.version) for each in text.sections}
    bindings = [
        (each.seq, values.bound, values.text_hash)
        for name in ("approvals", "signatures", "submissions")
        for each in m.of(name)
        if isinstance(values := each.values, Approval | ReportSignature | Submission)
        and not (isinstance(values, Approval) and values.part is not None)
    ]
    for _seq, bound, found in sorted(bindings, key=lambda each: each[0], reverse=True):
        then = set(versions_in(bound))
        lacking = {item for item, _ in then} - {item for item, _ in here}
        if lacking and here <= then:
            return found or BLANK, len(lacking)
        break
    return text.hash, 0


def _tables(m: Material, text: ReportText) -> Mapping[str, FrozenTable]:
    """The tables as they were submitted with this very text; before that as they stand."""
    sent = submission_of(m)
    if sent is not None and sent.text_hash == text.hash and sent.tables:
        return {each.code: each for each in thawed(sent.tables)}
    return {each.code: each for each in freeze(tables_of(m.file, m.records))}


def _body(m: Material, text: ReportText, tables: Mapping[str, FrozenTable]) -> Iterator[Block]:
    """The parts of art 20 in their order, each with its sections."""
    case, names = m.file.case, names_of_tables(m.file.case)
    for place, part in enumerate(choices_of(case, PARTS), 1):
        yield Block(PART, f"{chinese_number(place)}、{m.say(part.label)}")
        mine = [
            each.values
            for each in text.sections
            if isinstance(each.values, Section) and each.values.part == part.id
        ]
        if not mine:
            yield Block(TEXT, BLANK)
        for number, section in enumerate(mine, 1):
            yield Block(SECTION, f"（{chinese_number(number)}）{known(section.title)}")
            yield from blocks_of(m, section.text or "", names, tables)


def blocks_of(
    m: Material, text: str, names: Mapping[str, str], tables: Mapping[str, FrozenTable]
) -> Iterator[Block]:
    """Yield what stands in a text: its paragraphs, and the tables that it names."""
    for piece in pieces(text, names):
        table = tables.get(piece.table or "")
        if table is not None:
            yield from _table(m, table)
        else:
            for line in paragraphs(piece.text):
                yield Block(TEXT, line)


def _table(m: Material, table: FrozenTable) -> Iterator[Block]:
    caption = m.listed("report_tables", table.code)
    rows = [tuple(cell or _NOTHING for cell in row) for row in table.rows]
    if not rows or len(rows[0]) not in COLUMNS or len({len(row) for row in rows}) > 1:
        yield Block(TEXT, f"{caption}：")
        for row in rows:
            yield Block(TEXT, "　".join(row))
        return
    head, *body = rows
    if not body:
        body = [(_NOTHING,) * len(head)]
    yield Block(TABLE, caption, len(head), head, tuple(body))


def _preamble(m: Material) -> Iterator[str]:
    """What the report begins with: the fire, the team, and how it worked."""
    yield fire_story(m)
    founded = m.last("establish_team")
    bodies = _bodies(m)
    if founded is not None:
        number = getattr(founded.payload, "document_no", None)
        parts = [f"事故发生后，{m.government}依照{by_step(m, 'establish_team')}"]
        parts.append(
            f"以{document(m, number, founded.on)}批准成立{team_called(m)}（以下简称调查组）"
        )
        leader = next((each for each in m.file.case.team if each.post == "leader"), None)
        if leader is not None:
            parts.append(f"由{m.name(leader.person)}任组长")
        if bodies:
            parts.append(f"成员由{joined(bodies)}派员组成")
        experts = sum(each.post == "expert" and each.is_active for each in m.file.case.team)
        if experts:
            parts.append(f"并聘请专家{experts}名参与调查")
        yield "，".join(parts) + "。"
    invited = joined(getattr(each.payload, "to", None) for each in m.entries("invite"))
    if invited != BLANK:
        yield f"调查组依照{by_step(m, 'invite')}，邀请{invited}派员参加调查。"
    work = list(_work(m))
    done = f"调查组通过{'、'.join(work)}等工作，" if work else "调查组"
    nature = m.last("determine_nature")
    outcome = getattr(nature.payload, "outcome", None) if nature is not None else None
    said = {
        "responsibility_accident": "，认定这是一起责任事故",
        "not_responsibility_accident": "，认定这不是一起责任事故",
    }.get(outcome or "", "")
    yield (
        f"{done}查明了事故经过、原因、人员伤亡和直接经济损失{said}，提出了对责任者的处理意见和"
        f"防范整改措施。依照{by_list(m, PARTS)}，现将调查情况报告如下。"
    )


def _bodies(m: Material) -> list[str]:
    """The bodies that are on the team, as the rule or the members themselves call them."""
    found = dict.fromkeys(
        m.listed("team_bodies", each.item)
        for each in m.file.case.team
        if each.item is not None and each.is_active and each.post == "member"
    )
    return [each for each in found if each != BLANK]


def _work(m: Material) -> Iterator[str]:
    for register, words in (
        ("surveys", "现场勘验{}次"), ("interviews", "询问有关人员{}人次"),
        ("experiments", "调查实验{}次"), ("tests", "委托技术鉴定{}项"),
        ("evidence", "提取、调取证据{}件"),
    ):  # fmt: skip
        number = len(m.of(register))
        if not number and register == "tests":
            number = len(m.entries("test_commissioned"))
        if number:
            yield words.format(number)


def _evidence_note(m: Material, count: int) -> str:
    if not count:
        return "尚无登记的证据。"
    return f"共{count}件，截至{m.day(m.file.today)}。限制阅读的证据不列入本目录，另行存卷。"


# ---------------------------------------------------------------------------- who signs


@dataclass(frozen=True, slots=True)
class _Person:
    """Somebody who signs: how they are called, where they come from, and how they signed."""

    name: str
    post: str
    agency: str
    duty: str
    standing: Standing
    outcome: str | None

    @classmethod
    def of(cls, m: Material, standing: Standing) -> "_Person":
        member, entry = standing.member, standing.entry
        name = m.name(member.person)
        terms = [
            each for each in m.file.case.team if each.person == member.person and each.is_active
        ]
        line = next(
            (
                each.values
                for each in m.of("roster")
                if isinstance(each.values, RosterLine) and each.values.person == name
            ),
            None,
        )
        agency = (line.agency if line is not None else None) or next(
            (each.agency for each in terms if each.agency), None
        )
        if agency is None:
            agency = next(
                (
                    m.listed("team_bodies", each.item)
                    for each in terms
                    if each.item is not None and each.post == "member"
                ),
                _NOTHING,
            )
        groups = [m.listed("groups", each.item) for each in terms if each.post == "group_head"]
        heads = "、".join(f"{each}组长" for each in groups if each != BLANK)
        duty = "，".join(each for each in (line.duty if line is not None else None, heads) if each)
        roles = m.file.ruleset.roles
        post = m.say(roles[member.post].label) if member.post in roles else member.post
        outcome = standing.outcome
        if entry is not None and not m.file.may_read(entry):
            outcome = None
        return cls(name, post.removeprefix("调查组"), agency, duty or _NOTHING, standing, outcome)

    @property
    def signed_on(self) -> date | None:
        entry = self.standing.entry
        return None if entry is None or self.outcome is None else entry.on

    @property
    def note(self) -> str | None:
        record, entry = self.standing.record, self.standing.entry
        said = getattr(record.values, "note", None) if record is not None else None
        return said or (getattr(entry.payload, "note", None) if entry is not None else None)


def _roster(m: Material, people: Sequence[_Person]) -> tuple[RosterRow, ...]:
    rows = [
        RosterRow(f"{place}", each.name, each.post, each.agency, each.duty)
        for place, each in enumerate(people, 1)
    ]
    return tuple(rows) or (RosterRow("1", *(BLANK,) * 4),)


def _signature(m: Material, place: int, each: _Person) -> SignatureRow:
    said, day = "", ""
    record: Record | None = each.standing.record
    if each.outcome == REFUSED:
        said, day = "拒绝签名（另附记录）", each.signed_on.isoformat() if each.signed_on else ""
    elif each.outcome is not None and record is not None and not each.standing.is_current:
        said = "（所签为另一文本，待重新签名）"
    elif each.outcome is not None:
        way = getattr(record.values, "way", None) if record is not None else None
        said = {BY_ACCOUNT: "本人账号签名", None: "已登记签名"}.get(way, "纸质签名（附扫描件）")
        if each.outcome == DISSENT:
            said += "，附不同意见"
        day = each.signed_on.isoformat() if each.signed_on else ""
    return SignatureRow(f"{place}", each.name, each.post, each.agency, said, day)


def _signature_note(people: Sequence[_Person]) -> str:
    if not people:
        return "调查组成员尚未登记。"
    waiting = sum(
        each.outcome is None
        or (
            each.outcome != REFUSED
            and each.standing.record is not None
            and not each.standing.is_current
        )
        for each in people
    )
    parts = [
        f"调查组成员共{len(people)}人，已签名{len(people) - waiting - _count(people, REFUSED)}人"
    ]
    for outcome, words in ((DISSENT, "其中附不同意见{}人"), (REFUSED, "拒绝签名{}人")):
        if number := _count(people, outcome):
            parts.append(words.format(number))
    if waiting:
        parts.append(f"待签名{waiting}人")
    return "，".join(parts) + "。空白处由成员本人签名；账号签名与上列校验值绑定。"


def _count(people: Iterable[_Person], outcome: str) -> int:
    return sum(each.outcome == outcome for each in people)


def _signed_text(m: Material, title: str, text: ReportText, hidden: int) -> str:
    if not text.sections:
        return "调查报告正文尚未起草。"
    words = (
        f"依照{by_step(m, 'sign_report')}，调查组成员对《{title}》正文（{len(choices_of(m.file.case, PARTS))}"
        f"个部分、{len(text.sections) + hidden}节）签名如下。校验值按各节的部分、次序、标题和文字计算；"
        "引言、统计表和附件由案件登记数据生成，不计入校验值。"
    )
    if hidden:
        words += f"其中限制阅读的{hidden}节未列入本件，另行存卷。"
    return words


def _page(m: Material, each: _Person, heading: str, whole: str) -> DissentPage:
    record = each.standing.record
    bound = getattr(record.values, "text_hash", None) if record is not None else None
    text = "本报告正文（校验值一致）" if bound == whole else "登记时的报告文本"
    if bound is not None and bound != whole:
        text = f"校验值为{bound[:16]}…的报告文本"
    said = paragraphs(each.note) or (BLANK,)
    return DissentPage(
        heading, each.name, each.post, each.agency, m.day(each.signed_on), text,
        "；".join(said), said,
    )  # fmt: skip
