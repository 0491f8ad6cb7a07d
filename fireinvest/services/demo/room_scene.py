"""The demo's scenes: closed, surveyed, people asked, a test commissioned, records requested."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from fireinvest.china import CHINA
from fireinvest.services.demo.cases import FIRST
from fireinvest.services.demo.papers import Papers
from fireinvest.services.demo.story import Story
from fireinvest.workflow.actions import Interval
from fireinvest.workflow.items.scene import (
    CommissionedTest,
    ExpertOpinion,
    Interview,
    RecordsRequest,
    SceneClosure,
    Survey,
)


def papers(story: Story) -> Iterator[Papers]:
    """Yield what stands on the scene in a case whose team was established."""
    founded = next((each.on for each in story.deeds if each.step == "establish_team"), None)
    if founded is None:
        return
    by = story.officer
    two = (f"{story.government[:2]}甲勘验员（演示）", f"{story.government[:2]}乙勘验员（演示）")
    # At one of the cities' fires somebody was in two places at once.
    hour = 15 if story.key == FIRST else 18
    closed = SceneClosure(
        "起火建筑及周边10米", _at(story.fire_on, 23), "封告字第1号", "现场东侧出入口", "属地派出所",
        "保护火灾现场，无关人员不得进入。",
    )  # fmt: skip
    began = _at(founded, 14)
    survey = Survey(
        place=story.fire.address,
        began_at=began,
        ended_at=began + timedelta(hours=3),
        weather="晴，东南风2级",
        light="自然光",
        state="现场已封闭，未见变动。",
        lead=two[0],
        second=two[1],
        witness="见证人（演示）",
        surroundings="建筑坐北朝南，西侧为通道，东侧与相邻建筑相距6米。",
        first_survey="一层东北角烧损最重，墙面抹灰脱落。",
        detail="东北角地面发现配电箱残骸，导线有熔痕。",
        signed="signed",
    )
    asked = Interview(
        person="报警人（演示）",
        kind="reporter",
        place="属地派出所询问室",
        began_at=_at(founded, 9),
        ended_at=_at(founded, 10),
        interviewer=two[0],
        second=two[1],
        rights_told=True,
        content="问：你何时发现起火？\n答：当日晚间，看到东北角有烟冒出，随即报警。",
        signed="signed",
    )
    other = Interview(
        person="值班员（演示）",
        kind="witness",
        place="现场临时办公点",
        began_at=_at(founded, hour - 1),
        ended_at=_at(founded, hour),
        interviewer=two[1],
        second=f"{story.government[:2]}丙调查员（演示）",
        rights_told=True,
        content="问：当晚由谁值班？\n答：由我一人值班。",
        signed="read_out",
    )
    asks = RecordsRequest(
        "属地供电企业", "起火当日用电负荷和故障记录", "调取函1号", founded,
        story.calendar.nth_working_day(founded, 5),
    )  # fmt: skip
    yield Papers(
        by,
        founded,
        (
            ("closures", closed),
            ("surveys", survey),
            ("interviews", asked),
            ("interviews", other),
            ("records_requests", asks),
        ),
    )
    for deed in story.deeds:
        if deed.step == "test_commissioned" and isinstance(deed.payload, Interval):
            ref = deed.payload.ref
            back = next(
                (each.on for each in story.deeds
                 if each.step == "test_returned" and getattr(each.payload, "ref", None) == ref
                 and each.on <= story.today),
                None,
            )  # fmt: skip
            test = CommissionedTest(
                subject=deed.payload.subject or "熔痕鉴定",
                body=deed.payload.body or "鉴定机构（演示）",
                qualification="资质第1号（演示）",
                question="熔痕属一次短路还是二次短路？",
                sent_on=deed.on,
                expected_on=deed.payload.expected_on,
                returned_on=back,
                conclusion="系一次短路熔痕。" if back is not None else None,
                is_stamped=True if back is not None else None,
                is_signed=True if back is not None else None,
            )
            yield Papers(by, back or deed.on, (("tests", test),))
    met = next((each.on for each in story.deeds if each.step == "analysis_meeting"), None)
    if met is not None:
        opinion = ExpertOpinion(
            "消防技术专家（演示）", "电气类", "起火原因是否为电气线路故障", None,
            "结合熔痕和烧损痕迹，符合电气线路短路引燃周围可燃物的特征。", met, True,
        )  # fmt: skip
        yield Papers(by, met, (("expert_opinions", opinion),))


def _at(on: date, hour: int) -> datetime:
    return datetime.combine(on, time(hour), CHINA)
