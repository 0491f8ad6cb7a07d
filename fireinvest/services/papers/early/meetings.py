"""The minutes of a meeting of the team, with what was decided and who does it (art 9(2))."""

from collections.abc import Iterator
from dataclasses import dataclass

from fireinvest.services.papers.base import PaperFields, paper_field, rows_field
from fireinvest.services.papers.early import words
from fireinvest.services.papers.material import Material
from fireinvest.workflow.items.team import MeetingRecord, Task


@dataclass(frozen=True)
class TaskRow:
    """A task that a meeting gave."""

    no: str = paper_field("序号", "no.", "1")
    what: str = paper_field("任务", "task", "完成现场勘验方案")
    owner: str = paper_field("责任人", "who does it", "张某")
    due: str = paper_field("完成时限", "due on", "2026年3月5日")
    state: str = paper_field("状态", "state", "待办")


@dataclass(frozen=True)
class MeetingMinutes(PaperFields):
    """A meeting: who came, what was said, what was decided."""

    subject: str = paper_field("会议名称", "subject", "火灾事故调查组成立会议")
    kind: str = paper_field("会议类别", "kind", "召开调查组成立会议")
    held: str = paper_field("时间", "time", "2026年3月2日9时30分至10时30分")
    place: str = paper_field("地点", "place", "某会议室")
    chair: str = paper_field("主持人", "chair", "张某")
    recorder: str = paper_field("记录人", "recorder", "李某")
    present: str = paper_field("出席", "present", "调查组全体成员")
    absent: str = paper_field("缺席及原因", "absent", "无")
    agenda: tuple[str, ...] = paper_field("议程", "agenda", ("一、宣布调查组成立。",))
    minutes: tuple[str, ...] = paper_field("会议情况", "minutes", ("会议听取了……",))
    decisions: tuple[str, ...] = paper_field("议定事项", "decisions", ("技术组三日内完成方案。",))
    tasks: tuple[TaskRow, ...] = rows_field("任务", "tasks", TaskRow)


def meeting_minutes(m: Material) -> MeetingMinutes:
    """Return the minutes of a meeting, with the tasks that it gave."""
    record = m.subject.record
    values = record.values if record is not None else None
    given = values if isinstance(values, MeetingRecord) else MeetingRecord()
    step = m.file.ruleset.steps.get(given.kind or "")
    return MeetingMinutes(
        title=f"会议纪要（{words.known(given.subject)}）",
        addressee="调查组全体成员",
        subject=words.known(given.subject),
        kind=words.known(given.kind) if step is None else m.say(step.label),
        held=words.span(m, given.held_at, given.ended_at),
        place=words.known(given.place),
        chair=m.name(given.chair) if given.chair else words.known(None),
        recorder=m.name(given.recorder) if given.recorder else words.known(None),
        present="；".join(words.paragraphs(given.present)),
        absent=given.absent.strip() if given.absent and given.absent.strip() else "无",
        agenda=words.paragraphs(given.agenda),
        minutes=words.paragraphs(given.minutes),
        decisions=words.paragraphs(given.decisions),
        tasks=tuple(_tasks(m, record.item if record is not None else 0)),
    )


def _tasks(m: Material, meeting: int) -> Iterator[TaskRow]:
    given = [
        each.values
        for each in m.of("tasks")
        if isinstance(each.values, Task) and meeting in (each.values.meeting or ())
    ]
    for place, task in enumerate(given, 1):
        yield TaskRow(
            f"{place}",
            task.what or "",
            m.name(task.owner) if task.owner else "",
            "" if task.due_on is None else m.day(task.due_on),
            m.listed("task_states", task.state),
        )
