"""The demo's teams: how members are reached, what they declared, a meeting and its tasks."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta

from fireinvest.china import CHINA
from fireinvest.services.demo.papers import Papers
from fireinvest.services.demo.story import Story
from fireinvest.workflow.actions import Membership, Order
from fireinvest.workflow.items.base import Item
from fireinvest.workflow.items.team import Declaration, DutyMark, MeetingRecord, RosterLine, Task

_HELD_AT = time(9, 30)
_ONE_HOUR = timedelta(hours=1)


def papers(story: Story) -> Iterator[Papers]:
    """Yield the roster and declarations of everybody who joined, and the founding meeting."""
    joined: list[tuple[str, str | None]] = []
    last = None
    for deed in story.deeds:
        match deed.payload:
            case Membership(person=str(person), agency=agency) if deed.step != "join_evaluation":
                joined.append((person, agency))
                last = deed.on
            case Order(person=str(person)):
                joined.append((person, None))
                last = deed.on
    if last is None:
        return
    items: list[tuple[str, Item]] = []
    for number, (person, agency) in enumerate(dict(joined).items(), 1):
        phone = f"0874-55{number:02d}{number:04d}"
        items.append(("roster", RosterLine(person, agency, phone=phone)))
        # One of them is still to be asked.
        if number != len(dict(joined)):
            items.append(("declarations", Declaration(person, True, declared_on=last)))
    yield Papers(story.officer, last, tuple(items))
    for deed in story.deeds:
        if deed.step == "founding_meeting":
            held = datetime.combine(deed.on, _HELD_AT, CHINA)
            meeting = MeetingRecord(
                kind=deed.step,
                subject=getattr(deed.payload, "subject", None),
                held_at=held,
                ended_at=held + _ONE_HOUR,
                place="消防救援支队三楼会议室",
                chair=getattr(deed.payload, "chair", None) or "调查组组长",
                agenda="一、宣布调查组成立；二、分工；三、部署近期工作。",
                present="调查组全体成员",
                minutes="会议明确了调查方向和各组分工。",
                decisions="技术组三日内完成现场勘验方案；综合组汇总既往检查资料。",
            )
            due = story.calendar.nth_working_day(deed.on, 3)
            task = Task(
                "完成现场勘验方案", joined[0][0], due, "done", due, "方案已报组长", meeting=(1,)
            )
            other = Task("汇总火灾单位既往消防检查资料", story.officer, due, "open", meeting=(1,))
            yield Papers(story.officer, max(deed.on, last), (("meetings", meeting),))
            if due <= story.today:
                yield Papers(story.officer, max(due, last), (("tasks", task), ("tasks", other)))
            yield Papers(
                story.officer,
                max(deed.on, last),
                (
                    ("duties", DutyMark("leader_duties/direction", "done", deed.on)),
                    ("duties", DutyMark("leader_duties/meetings", "under_way")),
                ),
            )
