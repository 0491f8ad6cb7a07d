"""How is a demo case told: who does what on which day, from the request to the evaluation?

Days are counted in working days after the fire, so that people act when offices are open; what
would lie in the future is left out, and no step lies before the one told before it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from fireinvest.regulation.calendar import Calendar
from fireinvest.regulation.rulesets import Law
from fireinvest.services.demo.accounts import PLACES, Place
from fireinvest.services.demo.fires import FIRES, USUAL_LINES
from fireinvest.workflow.actions import (
    Decision,
    Delivery,
    DocumentReceived,
    DocumentSent,
    Finding,
    Interval,
    Measure,
    Meeting,
    Membership,
    Order,
    Payload,
    Publication,
    Signature,
)

#: Who chairs and decides, as papers call them.
_CHAIR = "调查组组长"


@dataclass(frozen=True, slots=True)
class Deed:
    """What somebody does in a case on a day."""

    by: str
    step: str
    payload: Payload
    on: date
    reason: str | None = None


class Story:
    """One case: its fire, its people, and what they do, in order.

    ``observer``: the login of a delegate who is given this case.
    """

    def __init__(self, key: str, fire_on: date, law: Law, calendar: Calendar, today: date) -> None:
        """Begin the case of one of the fourteen fires, which broke out on this day."""
        self.key = key
        self.law = law
        self.fire = FIRES[key]
        self.fire_on = fire_on
        self.today = today
        self.calendar = calendar
        self.place = PLACES[self.fire.place]
        self.home: Place = self.place if self.fire.level == "county" else PLACES["city"]
        self.facts = self.fire.facts(fire_on, self.place.division)
        self.government = f"{law.divisions[self.home.division].label.zh}人民政府"
        self.observer: str | None = None
        self.deeds: list[Deed] = []
        self._last = fire_on
        self._team: list[tuple[str, str]] = []

    def login(self, post: str) -> str:
        """The login of whoever holds a post where the case is investigated."""
        return f"{self.home.prefix}-{post}"

    @property
    def officer(self) -> str:
        """Who carries the case."""
        return self.login("officer")

    def day(self, number: int) -> date:
        """The working day with this number after the fire, which isn't counted."""
        return self.calendar.nth_working_day(self.fire_on, number)

    def document(self, kind: str, number: int, on: date | int) -> str:
        """The number of a document of a day: of fire rescue (消) or the government (政复, 政发)."""
        day = self.day(on) if isinstance(on, int) else on
        return f"{self.home.mark}{kind}〔{day.year}〕{number}号"

    def did(
        self, by: str, step: str, payload: Payload, on: date | int, reason: str | None = None
    ) -> int:
        """Tell what somebody did on a day or a working day; return the number of its entry."""
        wanted = self.day(on) if isinstance(on, int) else on
        self._last = max(self._last, wanted)
        if self._last <= self.today:
            self.deeds.append(Deed(by, step, payload, self._last, reason))
        return len(self.deeds) + 1

    # ------------------------------------------------------------------ the six stages

    def request(self, on: int = 2) -> None:
        """The agency asks its government for a team (art 5)."""
        title = f"关于成立“{self.fire.unit}”火灾事故调查组的请示"
        asked = DocumentSent(self.government, self.document("消", 20 + int(self.key), on), title)
        self.did(self.officer, "request_team", asked, on)

    def found_team(self, on: int) -> None:
        """The government forms the team, its members join, and it meets for the first time."""
        officer, leader = self.officer, self.login("leader")
        order = Order(self.document("政发", 30 + int(self.key), on), leader)
        self.did(officer, "establish_team", order, on)
        self._team = [(leader, leader)]
        if self.home.prefix == "city":
            self._join_city_team(on)
        else:
            self._join_county_team(on)
        for item, to in (("discipline", "纪委监委"), ("procuratorate", "人民检察院")):
            title = "关于邀请派员参加火灾事故调查的函"
            sent = DocumentSent(to, self.document("消", 40 + int(self.key), on), title, item)
            self.did(officer, "invite", sent, on)
        meeting = Meeting(
            "火灾事故调查组成立会议",
            _CHAIR,
            "调查组全体成员",
            "宣布成立文件，明确分工、纪律和时限。",
        )
        self.did(leader, "founding_meeting", meeting, on + 1)

    def _join_city_team(self, on: int) -> None:
        deputy, technical = self.login("deputy"), self.login("technical")
        expert = self.login("expert")
        self.did(self.officer, "name_deputy", Membership(deputy, duty="副组长"), on)
        self._join(technical, technical, "fire_rescue", on)
        self._join(self.login("police"), self.login("police"), "police", on)
        self._join("市应急管理局派员", self.officer, "emergency_management", on)
        self._join(self.login("industry"), self.login("industry"), "industry_authority", on)
        engaged = Membership(expert, "消防技术专家库", "电气火灾专家")
        self.did(self.officer, "engage_expert", engaged, on)
        headed = Membership(technical, duty="技术组组长", item="technical")
        self.did(self.login("leader"), "form_group", headed, on)
        self._team += [(deputy, deputy), (expert, expert)]

    def _join_county_team(self, on: int) -> None:
        short = self.home.short.zh
        self._join(self.officer, self.officer, "fire_rescue", on)
        self._join(f"{short}公安派员", self.officer, "police", on)
        self._join(f"{short}应急派员", self.officer, "emergency_management", on)
        self._join(f"{short}行业部门派员", self.officer, "industry_authority", on)
        if self.facts.category == "work_safety":
            self._join(f"{short}总工会派员", self.officer, "trade_union", on)
        headed = Membership(self.officer, duty="技术组组长", item="technical")
        self.did(self.login("leader"), "form_group", headed, on)

    def _join(self, person: str, signs: str, item: str, on: int) -> None:
        """Somebody joins; who has no account signs on paper, which the officer enters."""
        self.did(self.officer, "join_team", Membership(person, duty="成员", item=item), on)
        self._team.append((person, signs))

    @property
    def head_of_group(self) -> str:
        """Who heads the technical group."""
        return self.officer if self.home.prefix != "city" else self.login("technical")

    def commission_test(self, on: int, back_in: int = 8) -> None:
        """Samples go out to be tested (art 16)."""
        test = Interval(
            f"鉴定-{self.key}-1", "起火部位电气线路残留物鉴定", "示例火灾物证鉴定中心（演示）",
            self.day(on + back_in),
        )  # fmt: skip
        self.did(self.head_of_group, "test_commissioned", test, on)

    def find_lines(self, items: Sequence[str], on: int) -> None:
        """Findings on some of the five lines of inquiry (art 15)."""
        finders = [self.head_of_group]
        if self.home.prefix == "city":
            finders += [self.login("police"), self.login("industry")]
        for place, item in enumerate(items):
            text = self.fire.lines.get(item, USUAL_LINES[item])
            finding = Finding(
                item, text=text, nothing_found=item == "products", unit=self.fire.unit
            )
            self.did(finders[place % len(finders)], "line_finding", finding, on)

    def inquire(self, on: int) -> None:
        """The whole inquiry, in eleven working days."""
        head = self.head_of_group
        plan = DocumentSent("调查组", title="技术组工作方案", item="technical")
        self.did(head, "work_plan", plan, on)
        self.commission_test(on + 1)
        meeting = Meeting("调查进展情况会议", _CHAIR, minutes="听取各组汇报，部署延伸调查。")
        self.did(self.login("leader"), "progress_meeting", meeting, on + 5)
        rescue = Finding(text="接警、调派和处置符合规程；建议加强初期火灾扑救培训。")
        self.did(self.officer, "assess_rescue", rescue, on + 7)
        back = Interval(f"鉴定-{self.key}-1", "鉴定结论：检出一次短路熔痕")
        self.did(head, "test_returned", back, on + 8)
        self.find_lines(("use", "construction", "services"), on + 8)
        self.find_lines(("products", "supervision"), on + 9)
        report = DocumentSent("调查组", title="技术组调查报告", item="technical")
        self.did(head, "group_report", report, on + 10)

    def conclude(self, on: int) -> None:
        """The agency's own determination, the analysis meeting, cause and nature (arts 8, 18)."""
        leader = self.login("leader")
        determined = Finding(text=self.fire.cause, unit=self.fire.unit)
        self.did(self.officer, "fire_determination", determined, on)
        meeting = Meeting("火灾事故调查分析会", _CHAIR, "调查组全体成员", "一致同意原因认定意见。")
        self.did(leader, "analysis_meeting", meeting, on)
        cause = Finding(text=self.fire.cause)
        self.did(leader, "determine_cause", cause, on + 1)
        nature = Finding(outcome="responsibility_accident", text="经调查认定，这是一起责任事故。")
        self.did(leader, "determine_nature", nature, on + 1)

    def draft(self, items: Sequence[str], on: int) -> None:
        """Some of the six parts of the report (art 20)."""
        facts, unit = self.facts, self.fire.unit
        loss = (facts.direct_economic_loss or 0) // 1_000_000
        parts = {
            "unit": f"{unit}位于{self.fire.address}，事发时正常使用。",
            "course": f"{self.fire.course}消防救援力量到场后将火扑灭。",
            "casualties": f"死亡{facts.deaths or 0}人，重伤{facts.serious_injuries or 0}人，直接经济损失{loss}万元。",
            "cause": f"{self.fire.cause}认定为责任事故。",
            "responsibility": f"{unit}对事故负主要责任，建议依法给予行政处罚；对监管不力的责任人员建议给予处分。",
            "measures": "；".join(self.fire.measures) or "压实单位主体责任，开展同类场所专项整治。",
        }
        for item in items:
            self.did(self.head_of_group, "draft_report", Finding(item, text=parts[item]), on)

    def review(self, on: int) -> None:
        """From the analysis to the deliberation of the report, in eight working days."""
        self.conclude(on)
        self.draft(("unit", "course", "casualties"), on + 2)
        self.draft(("cause", "responsibility", "measures"), on + 3)
        title = "关于征求调查报告（征求意见稿）意见的函"
        self.did(self.officer, "consult", DocumentSent("各参与单位", title=title), on + 4)
        answer = DocumentReceived("市场监督管理局", title="复函：无修改意见")
        self.did(self.officer, "consult_answer", answer, on + 6)
        meeting = Meeting("调查报告审议会议", _CHAIR, "调查组全体成员")
        self.did(self.login("leader"), "deliberation_meeting", meeting, on + 7)

    def approve(self, on: int) -> None:
        """The leader approves, everybody signs, the report goes up and is registered."""
        leader = self.login("leader")
        decided = Decision("approved", decided_by=_CHAIR)
        self.did(leader, "approve_report", decided, on)
        self.sign([person for person, _ in self._team], on + 1)
        self.submit(on + 2)
        self.receive(on + 3)

    def sign(self, people: Sequence[str], on: int, dissent: str | None = None) -> None:
        """Some of the team sign the report; the last of them dissents if there is a dissent."""
        signs = dict(self._team)
        for person in people:
            signature = Signature(person, "signed")
            if dissent is not None and person == people[-1]:
                signature = Signature(person, "dissent", dissent)
            self.did(signs[person], "sign_report", signature, on)

    @property
    def team(self) -> tuple[str, ...]:
        """Everybody who signs the report."""
        return tuple(person for person, _ in self._team)

    def submit(self, on: int, version: str = "送审稿") -> None:
        """The report goes to the government (art 21)."""
        title = f"“{self.fire.unit}”火灾事故调查报告（{version}）"
        sent = DocumentSent(self.government, self.document("消", 60 + int(self.key), on), title)
        self.did(self.officer, "submit_report", sent, on)

    def receive(self, on: int) -> None:
        """The government's office registers the report (art 22)."""
        received = DocumentReceived("火灾事故调查组", f"收文{100 + int(self.key)}")
        self.did(self.login("reviewer"), "receive_report", received, on)

    def reply(self, on: int) -> None:
        """The government replies."""
        decided = Decision(
            "approved", decided_by=self.government, document_no=self.document("政复", int(self.key), on),
            note="原则同意调查报告对事故原因、性质和责任的认定。",
        )  # fmt: skip
        self.did(self.login("signer"), "reply", decided, on)

    def deliver(self, items: Sequence[str], on: int) -> None:
        """The reply reaches some of those to whom it goes (art 25)."""
        names = {
            "lead": "消防救援机构", "discipline": "纪委监委", "judicial": "人民检察院、人民法院"
        }  # fmt: skip
        for item in items:
            sent = Delivery(item, names[item], "签收单已存")
            self.did(self.login("reviewer"), "deliver_reply", sent, on)

    def spread(self, copies: Sequence[str], places: Sequence[str], on: int) -> None:
        """The lead has the reply, and sends copies and publishes (arts 23, 26)."""
        received = DocumentReceived(self.government, title="批复")
        self.did(self.officer, "reply_received", received, on)
        names = {"participants": "各参与单位", "lower_governments": "事发地下级人民政府"}
        for item in copies:
            sent = Delivery(item, names[item], "签收单已存")
            self.did(self.officer, "send_copies", sent, on + 1)
        for item in places:
            where = "政府门户网站" if item.endswith("website") else "示例日报（演示）"
            shown = Publication(item, where, f"截图-{self.key}-{item}")
            self.did(self.officer, "publish", shown, on + 2)

    def set_measures(self, due: Sequence[date], on: int) -> None:
        """The measures of the reply get their dates (art 20(6))."""
        for number, (what, due_on) in enumerate(zip(self.fire.measures, due, strict=True), 1):
            measure = Measure(f"整改-{number}", what, self.fire.unit, due_on)
            self.did(self.login("reviewer"), "set_measure", measure, on)

    def accept(
        self, number: int, on: date | int, outcome: str = "proved", by: str | None = None
    ) -> None:
        """A measure is looked at on the spot: done, or not."""
        proof = "现场复查照片和验收意见" if outcome == "proved" else "复查发现仍未完成，见记录"
        looked_at = Measure(f"整改-{number}", outcome=outcome, proof=proof)
        self.did(by or self.officer, "accept_measure", looked_at, on)

    def penalise(self, outcome: str, on: int, by: str | None = None) -> None:
        """A penalty of the unit is recorded (art 27)."""
        penalty = Measure("处罚-1", "依法处以罚款", self.fire.unit, outcome=outcome)
        self.did(by or self.officer, "record_penalty", penalty, on)

    def archive(self, on: int) -> None:
        """Everything is filed (art 24)."""
        by = self.login("archivist") if self.home.prefix == "city" else self.officer
        for item in ("founding", "report", "signatures", "reply", "evidence"):
            filed = Delivery(item, "档案室", f"卷号{self.key}-{item}")
            self.did(by, "archive", filed, on)

    def execute(self, on: int, days: Sequence[int] = (90, 90)) -> None:
        """All that follows a reply; each measure has so many days."""
        self.deliver(("lead", "discipline", "judicial"), on)
        places = ("report_media", "report_website", "result_media", "result_website")
        self.spread(("participants", "lower_governments"), places, on + 1)
        set_on = self.day(on + 4)
        self.set_measures([set_on + timedelta(days=each) for each in days], on + 4)
        self.penalise("decided", on + 6)
        self.archive(on + 10)

    def open_evaluation(self, evaluator: str, on: int) -> None:
        """The government has the measures evaluated (art 28)."""
        title = "组织开展火灾事故整改措施落实情况评估"
        order = Order(self.document("政发", 70 + int(self.key), on), what=title)
        self.did(self.login("signer"), "open_evaluation", order, on)
        joined = Membership(evaluator, duty="评估组成员")
        self.did(self.login("reviewer"), "join_evaluation", joined, on)

    def evaluate(self, findings: Sequence[tuple[str, str]], on: int, by: str | None = None) -> None:
        """What the evaluation found, on some of its three points."""
        for item, text in findings:
            self.did(by or self.officer, "evaluate", Finding(item, text=text), on)

    def end(self, on: int) -> None:
        """The evaluation's three findings and its report, with which the case ends."""
        findings = (
            ("measures", "整改措施全部落实，现场复查合格。"),
            ("penalties", "行政处罚已执行完毕，责任人员处分已落实。"),
            ("lessons", "属地和行业部门开展了同类场所专项整治，建立了长效机制。"),
        )
        self.evaluate(findings, on)
        report = DocumentSent(self.government, title="整改措施落实情况评估报告")
        self.did(self.officer, "evaluation_report", report, on + 3)
