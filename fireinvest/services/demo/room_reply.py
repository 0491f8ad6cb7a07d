"""The demo's replies: the way through the government's office, points, answers, public versions."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time

from fireinvest.china import CHINA
from fireinvest.services.demo import room_report
from fireinvest.services.demo.papers import Papers
from fireinvest.services.demo.story import Deed, Story
from fireinvest.services.report_tables import names_of_tables
from fireinvest.workflow.actions import Decision, DocumentSent, Entry, Opening, Publication
from fireinvest.workflow.case import Case, fold
from fireinvest.workflow.items.base import Item
from fireinvest.workflow.items.public import PublicationProof, Release, Withheld
from fireinvest.workflow.items.reply import APPROVED, RETURNED, Reply, ReplyPoint, RouteStage
from fireinvest.workflow.items.report import Section, Submission
from fireinvest.workflow.public_text import plain_text, public_sections
from fireinvest.workflow.registers import Record
from fireinvest.workflow.report_hash import in_order, text_hash
from fireinvest.workflow.report_text import thawed

#: The stages inside the government, and how many working days after the receipt each is due.
_ROUTE = (
    ("legal_review", "司法行政部门（演示）", 4, "未发现与法律法规相抵触的内容。"),
    ("department_comments", "应急管理部门（演示）", 6, "同意报告对事故原因和责任的认定。"),
    ("executive_meeting", "政府常务会议", 12, "会议原则同意调查报告。"),
)


def papers(story: Story) -> Iterator[Papers]:
    """Yield what the government's office wrote on each submission, and what was published."""
    told = _Told.of(story)
    round_no = 0
    for deed in story.deeds:
        match deed.payload:
            case DocumentSent() if deed.step == "submit_report":
                round_no += 1
            case _ if deed.step == "receive_report":
                yield from _route(story, deed, round_no)
                if round_no > 1:
                    yield _point(deed, round_no)
            case DocumentSent(document_no=number) if deed.step == "return_report":
                back = Reply(
                    round_no, RETURNED, number, deed.on, "sign_off", story.government,
                    grounds=deed.reason,
                )  # fmt: skip
                yield Papers(deed.by, deed.on, (("replies", told.bound(back)),))
            case Decision() if deed.step == "reply":
                yield from _replied(story, deed, deed.payload, round_no, told)


def _route(story: Story, received: Deed, round_no: int) -> Iterator[Papers]:
    """Each stage begins with the receipt, and has its opinion by its day if that is past."""
    over_on = next(
        (each.on for each in story.deeds
         if each.step in ("reply", "return_report") and each.on >= received.on),
        story.today,
    )  # fmt: skip
    for stage, body, days, opinion in _ROUTE:
        due = story.calendar.nth_working_day(received.on, days)
        is_over = due <= over_on
        if not is_over and over_on < story.today:
            continue  # It was answered before.
        item = RouteStage(
            round_no, stage, body, received.on, due,
            due if is_over else None, opinion if is_over else None,
        )  # fmt: skip
        yield Papers(received.by, due if is_over else received.on, (("route", item),))


def _point(received: Deed, round_no: int) -> Papers:
    text = "第三部分直接经济损失应列明价格认定结论的文号和认定基准日。"
    point = ReplyPoint(round_no, "casualties", (3,), text)
    return Papers(received.by, received.on, (("reply_points", point),))


def _replied(
    story: Story, deed: Deed, decided: Decision, round_no: int, told: "_Told"
) -> Iterator[Papers]:
    meeting_on = story.calendar.nth_working_day_before(deed.on, 1)
    reply = Reply(
        round_no, APPROVED, decided.document_no, deed.on, "executive_meeting", decided.decided_by,
        meeting_on, "政府常务会议", grounds=decided.note,
    )  # fmt: skip
    yield Papers(deed.by, deed.on, (("replies", told.bound(reply)),))
    published = [each for each in story.deeds if each.step == "publish"]
    if not published:
        return
    withheld = Withheld((3,), "{{伤亡人员表}}", "personal", "（伤亡人员名单不予公开）")
    on = published[0].on
    yield Papers(story.officer, on, (("withheld", withheld),))
    yield Papers(story.officer, on, (("releases", told.release(story, withheld, on)),))
    for each in published:
        if isinstance(each.payload, Publication) and each.payload.item is not None:
            proof = PublicationProof(
                (1,), (each.payload.item,), each.payload.where, each.on,
                f"https://example.org/{story.key}/{each.payload.item}",
            )  # fmt: skip
            yield Papers(story.officer, each.on, (("proofs", proof),))


@dataclass(frozen=True, slots=True)
class _Told:
    """What was written of the report: its submissions, and its sections as they were at last."""

    submissions: tuple[Submission, ...]
    sections: tuple[Record, ...]

    @classmethod
    def of(cls, story: Story) -> "_Told":
        """Read it from what the report's part tells."""
        submissions: list[Submission] = []
        sections: dict[int, tuple[int, Section]] = {}
        for each in room_report.papers(story):
            for _register, item in each.items:
                if isinstance(item, Submission):
                    submissions.append(item)
                elif isinstance(item, Section):
                    sections[len(sections) + 1] = (1, item)
            for _register, number, version, item in each.changed:
                if isinstance(item, Section):
                    sections[number] = (version + 1, item)
        return cls(tuple(submissions), tuple(_kept(story, "sections", sections)))

    def bound(self, reply: Reply) -> Reply:
        """Return a reply, bound to what was submitted."""
        place = (reply.round or 0) - 1
        if not 0 <= place < len(self.submissions):
            return reply
        return replace(reply, submission=(place + 1,), text_hash=self.submissions[place].text_hash)

    def release(self, story: Story, withheld: Withheld, on: date) -> Item:
        """Return the public version as the application itself would make it."""
        case = _case(story)
        ordered = in_order(case, self.sections)
        tables = thawed(self.submissions[-1].tables if self.submissions else None)
        kept = _kept(story, "withheld", {1: (1, withheld)})
        sections = public_sections(case, ordered, tables, names_of_tables(case), kept)
        title = f"“{story.fire.unit}”火灾事故调查报告（公开版）"
        text = plain_text(case, title, sections)
        return Release(
            title, on, text, hashlib.sha256(text.encode()).hexdigest(), text_hash(ordered), (1,)
        )


def _case(story: Story) -> Case:
    """The case as it was opened: its rule is all that matters here."""
    division = story.place.division
    ruleset = story.law.in_force(division, story.fire_on)
    at = datetime.combine(story.fire_on, time(), CHINA)
    entry = Entry(1, "open", Opening(story.facts), story.fire_on, at, story.officer)
    return fold(ruleset, story.law.division(division, story.fire_on), [entry])


def _kept(story: Story, register: str, items: Mapping[int, tuple[int, Item]]) -> list[Record]:
    at = datetime.combine(story.fire_on, time(), CHINA)
    return [
        Record(0, register, number, version, item, at, story.officer)
        for number, (version, item) in items.items()
    ]
