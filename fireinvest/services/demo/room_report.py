"""The demo's inquiries and reports: findings, the chain of facts, sections, opinions, signatures."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from fireinvest.services.demo.accounts import ACCOUNTS
from fireinvest.services.demo.papers import Papers
from fireinvest.services.demo.room_evidence import scan
from fireinvest.services.demo.story import Deed, Story
from fireinvest.workflow.actions import (
    Decision,
    DocumentReceived,
    DocumentSent,
    Finding,
    Signature,
)
from fireinvest.workflow.items.base import Item
from fireinvest.workflow.items.inquiry import FOUND, NOTHING, ChainNode, LineFinding
from fireinvest.workflow.items.report import (
    APPROVED,
    BY_ACCOUNT,
    BY_SCAN,
    DRAFTING,
    RELEASED,
    Approval,
    Opinion,
    ReportSignature,
    Section,
    Submission,
)
from fireinvest.workflow.registers import Record
from fireinvest.workflow.report_hash import bound_to, text_hash
from fireinvest.workflow.report_text import FrozenTable, frozen

_ONE_DAY = timedelta(days=1)
#: The sub-items of each line, as the rule has them.
_POINTS = {
    "use": ("ignition", "combustibles", "spread", "casualties"),
    "construction": ("design", "review", "construction", "supervision", "acceptance"),
    "services": (
        "drawing_review", "site_assessment", "maintenance", "testing", "evaluation",
        "certification",
    ),
    "products": ("performance", "making", "selling", "using"),
    "supervision": ("governments", "departments", "grassroots"),
}  # fmt: skip
#: On which sub-item a line has its finding.
_FOUND_ON = {
    "use": "ignition", "construction": "construction", "services": "testing",
    "supervision": "departments",
}  # fmt: skip
_TITLES = {
    "unit": "事故单位基本情况", "course": "事故发生经过和救援情况", "casualties": "人员伤亡和直接经济损失",
    "cause": "事故原因和性质", "responsibility": "责任认定和处理建议", "measures": "防范和整改措施",
}  # fmt: skip
_MORE = {
    "unit": "该单位成立以来未发生过火灾。消防安全责任人、管理人已依法明确。",
    "course": "接警后共调派消防车12辆、消防员58名到场处置，明火于当日扑灭。",
    "casualties": "{{事故统计}}\n\n伤亡人员名单如下：\n{{伤亡人员表}}\n\n{{经济损失表}}",
    "cause": "经现场勘验、调查询问和技术鉴定，排除人为放火、雷击等因素。",
    "responsibility": "建议由有关部门依照管理权限和程序作出处理。",
    "measures": "有关单位应当举一反三，限期完成整改。",
}
_PERSON = "有关责任人员（演示）"


def papers(story: Story) -> Iterator[Papers]:
    """Yield what was written on the way to the report of a case, as far as it had come."""
    yield from _findings(story)
    yield from _chain(story)
    yield from _Report(story).papers()


def _before(day: date, story: Story) -> date:
    """The day before, on which something was written that then became a step."""
    return max(day - _ONE_DAY, story.day(1))


def _findings(story: Story) -> Iterator[Papers]:
    """Each line that was closed has a finding on one sub-item, and the rest was examined."""
    closed: set[str] = set()
    for deed in story.deeds:
        found = deed.payload
        if deed.step != "line_finding" or not isinstance(found, Finding) or not found.item:
            continue
        closed.add(found.item)
        items = tuple(
            ("line_findings", _finding(story, found.item, point, found.text))
            for point in _POINTS[found.item]
        )
        yield Papers(story.officer, _before(deed.on, story), items)
    if closed and "services" not in closed:
        # Another line is being examined.
        last = max(deed.on for deed in story.deeds if deed.step == "line_finding")
        begun = _finding(story, "services", "maintenance", None)
        yield Papers(story.officer, last, (("line_findings", begun),))


def _finding(story: Story, line: str, point: str, text: str | None) -> Item:
    if _FOUND_ON.get(line) == point and text:
        return LineFinding(
            line, point, FOUND, text, units=(1,) if line == "use" else None,
            unit_names=None if line == "use" else "有关单位（演示）", person_names=_PERSON,
            evidence=(2, 4) if line in ("use", "services") else (4,),
        )  # fmt: skip
    return LineFinding(
        line, point, NOTHING, reason="查阅档案资料并询问有关人员，未发现与火灾有关的问题。"
    )


def _chain(story: Story) -> Iterator[Papers]:
    """Facts once the inquiry is under way; causes and what follows once the cause is told."""
    lines = [deed for deed in story.deeds if deed.step == "line_finding"]
    told = next((deed for deed in story.deeds if deed.step == "determine_cause"), None)
    if not lines:
        return
    facts: list[tuple[str, Item]] = [
        ("facts", ChainNode("fact", story.fire.course, evidence=(1, 5))),
        ("facts", ChainNode("fact", "起火部位为一层东北角，导线有熔痕。", evidence=(2, 3))),
    ]
    yield Papers(story.officer, lines[0].on, tuple(facts))
    if told is None:
        return
    text = story.fire.lines.get("use", "未落实消防安全责任制，未按规定组织防火巡查。")
    nodes: list[tuple[str, Item]] = [
        ("facts", ChainNode("cause", story.fire.cause, before=(1, 2))),
        ("facts", ChainNode("cause", text, before=(1,), findings=(1,))),
        ("facts", ChainNode("responsibility", f"{story.fire.unit}对事故负主要责任。",
                            before=(3, 4), parties=(1,))),
    ]  # fmt: skip
    nodes += [
        ("facts", ChainNode("measure", what, before=(5,))) for what in story.fire.measures[:2]
    ]
    # One of them still hangs in the air.
    nodes.append(("facts", ChainNode("measure", "开展同类场所消防安全专项整治。")))
    yield Papers(story.officer, told.on, tuple(nodes))


def _called(person: str) -> str:
    """How somebody is called; who has no account is written down by name."""
    return ACCOUNTS[person].name.zh if person in ACCOUNTS else person


@dataclass
class _Report:
    """The report of a case while it is told: its sections as they stand at each point."""

    story: Story
    sections: dict[int, tuple[int, Section]] = field(default_factory=dict)
    submitted: int = 0

    def papers(self) -> Iterator[Papers]:
        """Yield what was written, in the order of the steps that followed from it."""
        drafts = [deed for deed in self.story.deeds if deed.step == "draft_report"]
        if not drafts:
            return
        yield from self._written(drafts)
        yield from self._asked()
        for deed in self.story.deeds:
            match deed.payload:
                case Decision() if deed.step == "approve_report":
                    approved = Approval(None, APPROVED, None, deed.on, self._bound(), self._hash())
                    yield Papers(deed.by, deed.on, (("approvals", approved),))
                case Signature() if deed.step == "sign_report":
                    yield self._signed(deed, deed.payload)
                case DocumentSent() if deed.step == "submit_report":
                    if self.submitted:
                        yield self._revised(deed.on)
                    self.submitted += 1
                    yield self._sent(deed, deed.payload)

    def _written(self, drafts: Sequence[Deed]) -> Iterator[Papers]:
        """A section for each part; in one of them somebody else writes on."""
        story, first = self.story, drafts[0].on
        items: list[tuple[str, Item]] = []
        texts = {
            getattr(deed.payload, "item", ""): getattr(deed.payload, "text", None)
            for deed in drafts
        }
        for number, (part, title) in enumerate(_TITLES.items(), 1):
            is_done = part in texts
            text = f"{texts[part]}\n{_MORE[part]}" if is_done else "（起草中）"
            section = Section(part, title, 1, text, RELEASED if is_done else DRAFTING)
            self.sections[number] = (1, section)
            items.append(("sections", section))
        on = _before(first, story)
        yield Papers(story.officer, on, tuple(items))
        more = replace(
            self.sections[1][1],
            text=f"{self.sections[1][1].text}\n建筑消防设施年度检测由技术服务机构承担。",
        )
        self.sections[1] = (2, more)
        yield Papers(story.login("leader"), on, (), changed=(("sections", 1, 1, more),))

    def _asked(self) -> Iterator[Papers]:
        """Whoever was asked, and what came back."""
        deeds = self.story.deeds
        asked = next((each for each in deeds if each.step == "consult"), None)
        came = next((each for each in deeds if each.step == "consult_answer"), None)
        if asked is None or not isinstance(asked.payload, DocumentSent):
            return
        due = self.story.calendar.nth_working_day(asked.on, 5)
        bodies = ("应急管理部门（演示）", "市场监督管理部门（演示）")
        opinions = [
            Opinion(body, asked_on=asked.on, document_no=asked.payload.document_no, due_on=due)
            for body in bodies
        ]
        yield Papers(self.story.officer, asked.on, tuple(("opinions", each) for each in opinions))
        if came is None or not isinstance(came.payload, DocumentReceived):
            return
        answers = (
            replace(opinions[0], answered_on=came.on, text="建议补充动火作业审批的表述。",
                    adopted="partly", reason="已在责任认定部分补充，其余表述维持。"),
            replace(opinions[1], answered_on=came.on, text="无修改意见。", adopted="none"),
        )  # fmt: skip
        yield Papers(
            self.story.officer, came.on, (),
            changed=tuple(("opinions", n, 1, each) for n, each in enumerate(answers, 1)),
        )  # fmt: skip

    def _signed(self, deed: Deed, payload: Signature) -> Papers:
        is_own = payload.person == deed.by
        signature = ReportSignature(
            payload.person, payload.outcome, BY_ACCOUNT if is_own else BY_SCAN, deed.on,
            payload.note, self._bound(), self._hash(),
        )  # fmt: skip
        files = () if is_own else ((0, "签名页（扫描件）.pdf", scan),)
        return Papers(
            deed.by, deed.on, (("signatures", signature),), files=files, needs_files=not is_own
        )

    def _revised(self, on: date) -> Papers:
        """What was returned is written anew before it goes up again."""
        version, section = self.sections[3]
        text = f"{section.text}\n直接经济损失已按价格认定结论核定。"
        revised = replace(section, text=text)
        self.sections[3] = (version + 1, revised)
        on = _before(on, self.story)
        return Papers(self.story.officer, on, (), changed=(("sections", 3, version, revised),))

    def _sent(self, deed: Deed, payload: DocumentSent) -> Papers:
        submission = Submission(
            payload.document_no, payload.title, payload.to, deed.on, self._bound(), self._hash(),
            frozen(self._tables()),
        )  # fmt: skip
        return Papers(deed.by, deed.on, (("submissions", submission),))

    def _tables(self) -> tuple[FrozenTable, ...]:
        facts = self.story.facts
        loss = facts.direct_economic_loss
        return (
            FrozenTable("statistics", (
                ("项目", "数据"), ("死亡人数", f"{facts.deaths or 0}人"),
                ("重伤人数", f"{facts.serious_injuries or 0}人"),
                ("直接经济损失", "—" if loss is None else f"{loss // 1_000_000}万元"),
            )),
            FrozenTable("casualties", (
                ("序号", "姓名", "伤亡情况"),
                *((f"{n}", f"遇难者{n}（演示）", "死亡") for n in range(1, (facts.deaths or 0) + 1)),
            )),
            FrozenTable("losses", (("损失类型", "申报"),)),
            FrozenTable("team", (
                ("序", "姓名", "签名"),
                *((f"{n}", _called(person), "签名") for n, person in enumerate(self.story.team, 1)),
            )),
        )  # fmt: skip

    def _records(self) -> list[Record]:
        """The sections as they will be kept; their order is that of the parts."""
        at = datetime(2000, 1, 1, tzinfo=UTC)
        return [
            Record(0, "sections", number, version, section, at, self.story.officer)
            for number, (version, section) in self.sections.items()
        ]

    def _bound(self) -> str:
        return bound_to(self._records())

    def _hash(self) -> str:
        return text_hash(self._records())
