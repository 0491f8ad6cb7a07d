"""The first report of a fire, and those that follow it (首报、续报)."""

from collections.abc import Iterator
from dataclasses import dataclass

from fireinvest.messages import money
from fireinvest.regulation.facts import Category
from fireinvest.regulation.profile import Mode
from fireinvest.services.papers.base import BLANK, PaperFields, paper_field, rows_field
from fireinvest.services.papers.early import words
from fireinvest.services.papers.material import Material
from fireinvest.workflow.items.people import Party
from fireinvest.workflow.items.scene import SceneClosure
from fireinvest.workflow.items.team import Task

_MORE_OF_UNIT = f"单位性质、经营范围、建筑概况和消防设施：{BLANK}"
_REPORTING, _SUPPLEMENT = "decree493:12", "decree493:13"


@dataclass(frozen=True)
class FirstReport(PaperFields):
    """What is told of a fire at first: unit, time and place, course, harm, measures."""

    opening: str = paper_field(
        "开头", "opening", "2026年2月25日4时50分，某市场发生火灾。现报告如下："
    )
    unit: tuple[str, ...] = paper_field("单位概况", "the unit", ("某市场，占地约5000平方米。",))
    scene: tuple[str, ...] = paper_field(
        "时间、地点和现场", "time, place and scene", ("火灾发生于……",)
    )
    course: tuple[str, ...] = paper_field("简要经过", "the course", ("4时50分，119指挥中心接警……",))
    harm: str = paper_field("伤亡和损失", "casualties and loss", "截至2月25日，事故造成重伤1人。")
    measures: tuple[str, ...] = paper_field(
        "已采取的措施", "measures taken", ("（一）现场已封闭。",)
    )
    level: str = paper_field("等级和负责政府", "level and government", "事故等级为较大。")
    closing: str = paper_field("结尾", "closing", "有关情况将及时续报。")


@dataclass(frozen=True)
class FigureRow:
    """A figure as it was known at first, and as it is known now."""

    what: str = paper_field("项目", "figure", "死亡")
    before: str = paper_field("接报时", "at first", "0人")
    now: str = paper_field("本次报告", "now", "1人")
    change: str = paper_field("变化", "change", "增加1人")


@dataclass(frozen=True)
class FollowUpReport(PaperFields):
    """What has changed since the first report, how far the inquiry is, and what comes next."""

    opening: str = paper_field("开头", "opening", "现将某市场火灾事故最新情况续报如下：")
    changes: tuple[FigureRow, ...] = rows_field("数据变化", "changes of figures", FigureRow)
    source: str = paper_field("数据来源", "source of the figures", "数据来源：现场统计。")
    level: str = paper_field("等级和负责政府", "level and government", "事故等级为较大。")
    progress: tuple[str, ...] = paper_field("进展", "progress", ("2月26日，报请成立调查组。",))
    next_steps: tuple[str, ...] = paper_field("下一步工作", "next steps", ("（一）完成现场勘验。",))
    closing: str = paper_field("结尾", "closing", "后续情况将及时报告。")


def first_report(m: Material) -> FirstReport:
    """Return the first report; what article 12 of Decree 493 lists stands in its order."""
    basis = _basis(m, _REPORTING)
    return FirstReport(
        title=f"关于{m.fire}情况的报告（首报）",
        addressee=m.government,
        opening=f"{words.fire(m)}{basis}，现将有关情况报告如下：",
        unit=_unit(m),
        scene=(*_scene(m),),
        course=("接警、到场、控制和扑灭时间，起火和蔓延经过：", BLANK),
        harm=words.harm(m),
        measures=words.numbered(_measures(m)) or (BLANK,),
        level=words.level(m),
        closing=f"伤亡和损失情况有变化的，将按照{m.article(_SUPPLEMENT)}及时补报；调查进展另行续报。",
    )


def _basis(m: Material, article: str) -> str:
    """Decree 493 holds for fires of work safety; other fires are reported after its pattern."""
    is_work_safety = m.file.case.facts.category is Category.WORK_SAFETY
    return f"{'按照' if is_work_safety else '参照'}{m.article(article)}"


def _unit(m: Material) -> tuple[str, ...]:
    for record in m.of("parties"):
        party = record.values
        if isinstance(party, Party) and party.role == "fire_unit":
            said = (
                f"起火单位（场所）为{words.known(party.name)}，"
                f"统一社会信用代码{words.known(party.credit_code)}，"
                f"地址{words.known(party.address or m.file.loaded.row['address'])}，"
                f"法定代表人（负责人）{words.known(party.represented_by)}。"
            )
            return said, _MORE_OF_UNIT
    return f"起火单位（场所）为{m.unit}，地址{words.address(m)}。", _MORE_OF_UNIT


def _scene(m: Material) -> Iterator[str]:
    facts = m.file.case.facts
    case = m.file.case
    when = m.moment(case.occurred_at) if case.occurred_at is not None else m.day(case.occurred_on)
    said = [f"火灾发生于{when}，地点为{words.address(m)}"]
    if facts.burnt_area_m2 is not None:
        said.append(f"过火面积约{facts.burnt_area_m2}平方米")
    if facts.households is not None:
        said.append(f"受灾{facts.households}户")
    yield f"{'，'.join(said)}。"
    yield f"现场燃烧物质、建筑烧损和周边情况：{BLANK}"


def _measures(m: Material) -> Iterator[str]:
    for record in m.of("closures"):
        closure = record.values
        if isinstance(closure, SceneClosure):
            yield (
                f"{m.moment(closure.closed_at)}，封闭火灾现场（{words.known(closure.area)}），"
                f"由{words.known(closure.guarded_by)}警戒。"
            )
    for step, said in (
        ("request_team", "已报请成立火灾事故调查组"),
        ("establish_team", "火灾事故调查组已经成立"),
    ):
        entry = m.last(step)
        if entry is not None:
            number = getattr(entry.payload, "document_no", None)
            yield f"{m.day(entry.on)}，{said}{f'（{number}）' if number else ''}。"
    yield f"灭火救援、伤员救治、家属安抚和舆情应对：{BLANK}"


def follow_up_report(m: Material) -> FollowUpReport:
    """Return a report that follows: what has changed since the case was opened."""
    last = m.last("update_figures")
    source = getattr(last.payload, "source", None) if last is not None else None
    on = f"（{m.day(last.on)}更新）" if last is not None else ""
    return FollowUpReport(
        title=f"关于{m.fire}情况的报告（续报）",
        addressee=m.government,
        opening=f"{words.fire(m)}{_basis(m, _SUPPLEMENT)}，"
        f"现将截至{m.day(m.file.today)}的情况续报如下：",
        changes=tuple(_changes(m)),
        source=f"数据来源：{words.known(source)}{on}。",
        level=words.level(m),
        progress=words.progress(m),
        next_steps=words.numbered(_next_steps(m)) or (BLANK,),
        closing="后续情况将及时报告。",
    )


_COUNTS = (
    ("死亡", "deaths", "人"), ("重伤", "serious_injuries", "人"),
    ("轻伤", "light_injuries", "人"), ("失踪", "missing", "人"),
    ("过火面积", "burnt_area_m2", "平方米"), ("受灾户数", "households", "户"),
)  # fmt: skip
#: What is told though nothing is known of it.
_ALWAYS = frozenset({"deaths", "serious_injuries", "direct_economic_loss"})
_LOSSES = (("直接经济损失", "direct_economic_loss"), ("直接财产损失", "direct_property_loss"))


def _changes(m: Material) -> Iterator[FigureRow]:
    before, now = m.file.case.opening_facts, m.file.case.facts
    for what, name, unit in _COUNTS:
        one, other = getattr(before, name), getattr(now, name)
        if one is None and other is None and name not in _ALWAYS:
            continue
        yield FigureRow(what, _count(one, unit), _count(other, unit), _moved(one, other, unit))
    for what, name in _LOSSES:
        one, other = getattr(before, name), getattr(now, name)
        if one is None and other is None and name not in _ALWAYS:
            continue
        yield FigureRow(what, _amount(one), _amount(other), _moved_by(one, other))


def _count(number: int | None, unit: str) -> str:
    return "未知" if number is None else f"{number}{unit}"


def _amount(fen: int | None) -> str:
    return "未知" if fen is None else money(fen).zh


def _moved(one: int | None, other: int | None, unit: str) -> str:
    if one is None or other is None:
        return "—" if other is None else "新增"
    if one == other:
        return "无变化"
    return f"{'增加' if other > one else '减少'}{abs(other - one)}{unit}"


def _moved_by(one: int | None, other: int | None) -> str:
    if one is None or other is None or one == other:
        return _moved(one, other, "")
    return f"{'增加' if other > one else '减少'}{money(abs(other - one)).zh}"


def _next_steps(m: Material) -> Iterator[str]:
    for record in m.of("tasks"):
        task = record.values
        if isinstance(task, Task) and not task.is_over:
            yield f"{words.known(task.what)}（{m.name(task.owner)}，{m.day(task.due_on)}前）。"
    for entry, ended_on in m.file.case.intervals("test_commissioned"):
        if ended_on is None and entry in m.entries("test_commissioned"):
            subject = words.known(getattr(entry.payload, "subject", None))
            yield f"跟进{subject}，收到结论后及时分析。"
    report = words.clock(m, "report")
    if report is not None and m.file.case.mode is Mode.INVESTIGATE and not report.is_ended:
        yield f"按照{m.article(str(report.basis))}，于{m.day(report.due_on)}前报批事故调查报告。"
