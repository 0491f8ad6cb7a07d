"""Words that the papers of the first stages share: the fire, its harm, its level, people and dates.

A text that isn't known is a blank to be written on; a cell of a table that isn't known is empty,
which is as easily written in.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

from fireinvest.china import CHINA
from fireinvest.messages import Label, money
from fireinvest.regulation.basis import chinese_number, parse_citation
from fireinvest.regulation.clocks import Deadline
from fireinvest.regulation.days import Length, Unit
from fireinvest.regulation.profile import Mode
from fireinvest.services.papers.base import paper_field
from fireinvest.services.papers.material import BLANK, Material
from fireinvest.workflow.case import Member
from fireinvest.workflow.items.evidence import Evidence
from fireinvest.workflow.items.team import RosterLine
from fireinvest.workflow.registers import Record, choices_of

_GOVERNMENT = "人民政府"
#: Who is on the team, in the order of a roster.
POSTS = ("leader", "deputy_leader", "member", "group_head", "expert")
_UNITS = {
    Unit.NATURAL_DAYS: "日",
    Unit.WORKING_DAYS: "个工作日",
    Unit.MONTHS: "个月",
    Unit.YEARS: "年",
    Unit.HOURS: "小时",
}


# ---------------------------------------------------------------------------- texts


def known(text: str | None) -> str:
    """Return a text, or a blank."""
    return (text or "").strip() or BLANK


def paragraphs(text: str | None) -> tuple[str, ...]:
    """Return a text by its paragraphs; one blank where there is none."""
    found = tuple(each.strip() for each in (text or "").splitlines() if each.strip())
    return found or (BLANK,)


def sentence(text: str | None) -> str:
    """Return a text with the mark that ends a sentence."""
    written = known(text)
    return written if written[-1] in "。！？；：…" else f"{written}。"


def numbered(texts: Iterable[str]) -> tuple[str, ...]:
    """Return texts as （一）, （二） and so on."""
    return tuple(
        f"（{chinese_number(place)}）{each}" for place, each in enumerate(texts, 1)
    )


def listing(texts: Iterable[str]) -> str:
    """Return texts as one list; a blank where there are none."""
    return "、".join(each for each in texts if each) or BLANK


def span(m: Material, began: datetime | None, ended: datetime | None) -> str:
    """Return from when to when, without the day a second time where it is the same."""
    if began is None or ended is None:
        return f"{m.moment(began)}至{m.moment(ended)}"
    one, other = began.astimezone(CHINA), ended.astimezone(CHINA)
    end = m.moment(ended)
    if one.date() == other.date():
        end = f"{other.hour}时{other.minute:02d}分"
    return f"{m.moment(began)}至{end}"


# ---------------------------------------------------------------------------- the law


def stated(m: Material, basis: str) -> str:
    """Return what an article says; a blank where the case's rule doesn't have it."""
    ruleset, citation = m.file.ruleset, parse_citation(basis)
    if citation is None:
        return BLANK
    found = ruleset.articles.get(basis) or ruleset.articles.get(
        f"{citation.instrument}:{citation.article}"
    )
    return BLANK if found is None else m.say(found.statement)


def under(m: Material, *bases: str) -> str:
    """Return articles as they are cited, one after the other."""
    return "、".join(m.article(each) for each in bases)


def labels(m: Material, name: str) -> tuple[str, ...]:
    """Return what stands on a list of the law, as the case has it."""
    return tuple(m.say(each.label) for each in choices_of(m.file.case, name))


def length(of: Length) -> str:
    """Return a length as it is written: 60日, 15个工作日."""
    return f"{of.number}{_UNITS[of.unit]}"


def clock(m: Material, name: str) -> Deadline | None:
    """Return the last instance of a clock of the case."""
    return next((each for each in reversed(m.file.deadlines) if each.clock.id == name), None)


# ---------------------------------------------------------------------------- the fire


def fire(m: Material) -> str:
    """Return when and where it burned, as one sentence."""
    case = m.file.case
    when = m.moment(case.occurred_at) if case.occurred_at is not None else m.day(case.occurred_on)
    return f"{when}，位于{address(m)}的{m.unit}发生火灾。"


def address(m: Material) -> str:
    """Return where it burned."""
    return known(m.file.loaded.row["address"])


def harm(m: Material) -> str:
    """Return who was hurt and what was lost, as far as it is known, as of the day."""
    return f"截至{m.day(m.file.today)}，{_hurt(m)}，{_lost(m)}。"


def _hurt(m: Material) -> str:
    facts = m.file.case.facts
    counted = (("死亡", facts.deaths), ("重伤", facts.serious_injuries), ("失踪", facts.missing))
    people = "、".join(f"{what}{number}人" for what, number in counted if number)
    is_known = facts.deaths is not None and facts.serious_injuries is not None
    if people:
        return f"事故造成{people}" if is_known else f"已知造成{people}，其余伤亡情况尚在核实"
    return "事故未造成人员死亡和重伤" if is_known else "人员伤亡情况尚在核实"


def _lost(m: Material) -> str:
    facts = m.file.case.facts
    if facts.direct_economic_loss is not None:
        return f"直接经济损失{money(facts.direct_economic_loss).zh}"
    if facts.direct_property_loss is not None:
        return f"直接财产损失{money(facts.direct_property_loss).zh}，直接经济损失尚在统计"
    return "直接经济损失尚在统计"


def level(m: Material) -> str:
    """Return the level and who investigates, each under its article."""
    case = m.file.case
    judged = case.judgement
    reached = judged.severity.level
    floor = "不低于" if judged.severity.is_floor else "为"
    said = f"按照{m.article(str(reached.basis))}，事故等级{floor}{m.say(reached.label)}"
    if case.mode is not Mode.INVESTIGATE or judged.government.value is None:
        return f"{said}。"
    basis = next((str(each.citation) for each in judged.government.basis), None)
    by = f"，由{m.government}负责调查处理"
    return f"{said}；按照{m.article(basis)}{by}。" if basis is not None else f"{said}{by}。"


def place_of_government(m: Material) -> str:
    """Return of which place the government is; empty where it isn't known."""
    return "" if m.government == BLANK else m.government.removesuffix(_GOVERNMENT)


def lead(m: Material) -> str:
    """Return who leads the investigation."""
    ruleset = m.file.ruleset
    bodies = [m.say(ruleset.bodies[each].label) for each in m.file.case.lead.value]
    return listing(bodies)


#: The steps that tell how far an investigation has come.
_PROGRESS = (
    "request_team", "establish_team", "founding_meeting", "work_plan", "progress_meeting",
    "assess_rescue", "line_finding", "test_commissioned", "test_returned", "fire_determination",
    "group_report", "analysis_meeting", "determine_cause", "determine_nature", "draft_report",
    "consult", "deliberation_meeting", "approve_report", "submit_report",
)  # fmt: skip


def progress(m: Material) -> tuple[str, ...]:
    """Return what has been done, a paragraph for each step and its days, in the order of days."""
    found: list[tuple[date, str]] = []
    for name in _PROGRESS:
        entries = m.entries(name)
        step = m.file.ruleset.steps.get(name)
        if step is None or not entries:
            continue
        first, last = entries[0].on, entries[-1].on
        days = m.day(first) if first == last else f"{m.day(first)}至{m.day(last)}"
        numbers = (getattr(each.payload, "document_no", None) for each in entries)
        written = listing(dict.fromkeys(each for each in numbers if each))
        document = "" if written == BLANK else f"（{written}）"
        found.append((first, f"{days}，{m.say(step.label)}{document}。"))
    counts = _collected(m)
    told = tuple(text for _, text in sorted(found, key=lambda each: each[0]))
    if counts:
        told = (*told, f"截至目前，已{'，'.join(counts)}。")
    return told or (BLANK,)


def _collected(m: Material) -> list[str]:
    """Say what the inquiry has gathered, in numbers."""
    counted = (
        ("制作现场勘验笔录{}份", len(m.of("surveys"))),
        ("制作询问笔录{}份", len(m.of("interviews"))),
        ("收集证据{}件", len(m.of("evidence"))),
        ("委托鉴定{}项", len(m.of("tests"))),
    )
    return [words.format(number) for words, number in counted if number]


# ---------------------------------------------------------------------------- people


@dataclass(frozen=True, slots=True)
class PersonRow:
    """Somebody on the team, as a roster has them."""

    no: str = paper_field("序号", "no.", "1")
    name: str = paper_field("姓名", "name", "张某")
    agency: str = paper_field("单位", "agency", "某某市消防救援支队")
    duty: str = paper_field("职务", "office held", "副支队长")
    post: str = paper_field("调查组内职务", "post on the team", "副组长")
    phone: str = paper_field("联系电话", "telephone", "0874-0000000")
    note: str = paper_field("备注", "note", "")


def roster_line(m: Material, person: str | None) -> RosterLine | None:
    """Return what is on record of how somebody is reached, by login or by name."""
    wanted = {person, m.name(person)} - {None, BLANK}
    for record in m.of("roster"):
        line = record.values
        if isinstance(line, RosterLine) and line.person in wanted:
            return line
    return None


def members_in(m: Material, *posts: str) -> tuple[Member, ...]:
    """Return who holds one of these posts now, in the order of the posts."""
    return tuple(
        each
        for post in posts
        for each in m.file.case.members
        if each.post == post and each.is_active
    )


def agency_of(m: Material, person: str | None) -> str:
    """Return to which agency somebody belongs; empty where it isn't on record."""
    line = roster_line(m, person)
    if line is not None and line.agency:
        return line.agency
    for each in m.file.case.members:
        if each.person != person:
            continue
        if each.agency:
            return each.agency
        if each.post == "member" and each.item:
            return m.listed("team_bodies", each.item)
    return ""


def post_of(m: Material, person: str | None) -> str:
    """Return what somebody is on the team, with the group that they head; empty for nobody."""
    roles, found = m.file.ruleset.roles, []
    for post in (*POSTS, "discipline_observer", "evaluator"):
        for each in m.file.case.members:
            if each.post != post or each.person != person:
                continue
            label = roles[post].label if post in roles else Label(post, post)
            group = m.listed("groups", each.item) if post == "group_head" else BLANK
            found.append(m.say(label) if group == BLANK else f"{group}组长")
    if len(found) > 1 and "调查组成员" in found:
        found.remove("调查组成员")
    return "、".join(dict.fromkeys(found))


def people(m: Material) -> tuple[PersonRow, ...]:
    """Return everybody on the team once, the leader first."""
    names = dict.fromkeys(each.person for each in members_in(m, *POSTS))
    return tuple(_person_rows(m, names))


def _person_rows(m: Material, names: Iterable[str]) -> Iterator[PersonRow]:
    for place, person in enumerate(names, 1):
        line = roster_line(m, person)
        yield PersonRow(
            no=f"{place}",
            name=m.name(person),
            agency=agency_of(m, person),
            duty=(line.duty if line is not None else None) or "",
            post=post_of(m, person),
            phone=(line.phone if line is not None else None) or "",
            note="",
        )


# ---------------------------------------------------------------------------- evidence


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """A piece of evidence, as a list has it."""

    no: str = paper_field("序号", "no.", "1")
    mark: str = paper_field("编号", "mark", "E1")
    title: str = paper_field("名称", "designation", "铜导线熔痕")
    kind: str = paper_field("种类", "kind", "物证（痕迹、物品）")
    quantity: str = paper_field("数量", "quantity", "1件")
    place: str = paper_field("提取部位", "where it was taken", "一层东北角配电箱下方")
    taken_at: str = paper_field("提取时间", "taken at", "2026年2月26日15时00分")
    taken: str = paper_field("调取时间和调取人", "taken when and by whom", "2026年2月26日，张某、李某")
    source: str = paper_field("来源（持有人）", "got from", "某某商贸有限公司")
    seal: str = paper_field("封签号", "seal number", "曲消封001")
    description: str = paper_field("特征、尺寸", "description", "长约8厘米，端部有珠状熔痕")


#: What stands where a piece of evidence is kept from whoever reads the paper.
KEPT_BACK = "（依规定限制知悉）"


def evidence_row(m: Material, record: Record, place: int) -> EvidenceRow:
    """Return a piece of evidence as a row."""
    values = record.values
    assert isinstance(values, Evidence)  # noqa: S101 - of that register
    by = listing((values.taken_by or "", values.taken_with or ""))
    sources = [_party_name(m, number) for number in values.source or ()]
    at = "" if values.taken_at is None else m.moment(values.taken_at)
    return EvidenceRow(
        no=f"{place}",
        mark=record.mark,
        title=values.title or "",
        kind="" if values.kind is None else m.listed("evidence_kinds", values.kind),
        quantity=values.quantity or "",
        place=values.place or "",
        taken_at=at,
        taken="，".join(each for each in (at, "" if by == BLANK else by) if each),
        source="、".join(each for each in sources if each) or (values.place or ""),
        seal=values.seal_no or "",
        description=values.description or "",
    )


def evidence_rows(m: Material, numbers: Iterable[int]) -> tuple[EvidenceRow, ...]:
    """Return pieces of evidence by their numbers; of one that is kept back the mark alone."""
    by_number = {each.item: each for each in m.of("evidence")}
    rows = []
    for place, number in enumerate(numbers, 1):
        record = by_number.get(number)
        if record is not None:
            rows.append(evidence_row(m, record, place))
        else:
            blank = dict.fromkeys(EvidenceRow.__slots__, "")
            blank |= {"no": f"{place}", "mark": f"{Evidence.PREFIX}{number}", "title": KEPT_BACK}
            rows.append(EvidenceRow(**blank))
    return tuple(rows)


def _party_name(m: Material, number: int) -> str:
    found = next((each for each in m.of("parties") if each.item == number), None)
    return "" if found is None else found.values.called
