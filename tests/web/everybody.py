"""Everybody who may knock: a county's case, its people, and what each gets at every route."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from io import BytesIO

from flask import Flask
from flask.testing import FlaskClient

from fireinvest.regulation.facts import Category
from fireinvest.services.agencies import create_agency
from fireinvest.services.cases import CaseRef, act
from fireinvest.services.importing_packages import DATA_PATH
from fireinvest.services.jobs import ask_job
from fireinvest.services.packages import MADE, PACKAGE
from fireinvest.services.people import Post, name_deputy
from fireinvest.services.records import file_records
from fireinvest.store import Database
from fireinvest.store.access import log_access
from fireinvest.store.alerts import add_reached
from fireinvest.store.disposals import DisposalEntry, add_entries, add_list
from fireinvest.store.imported import ImportedEntry, ImportedFile, add_imported
from fireinvest.store.people import find_login
from fireinvest.workflow.actions import (
    Attachment,
    DocumentSent,
    Membership,
    Order,
    Payload,
    Recusal,
)
from fireinvest.workflow.engine import Action
from fireinvest.workflow.items.archive import Arrangement, Lending, Retention
from fireinvest.workflow.items.casualties import Casualty
from fireinvest.workflow.items.evaluation import DelayNotice
from fireinvest.workflow.items.evidence import Custody, Evidence
from fireinvest.workflow.items.execution import CopySent, Liability, Transfer
from fireinvest.workflow.items.inquiry import ChainNode, LineFinding
from fireinvest.workflow.items.papers import OfficialPaper
from fireinvest.workflow.items.people import Party
from fireinvest.workflow.items.public import PublicationProof, Release, Withheld
from fireinvest.workflow.items.reply import Reply, ReplyPoint, RouteStage
from fireinvest.workflow.items.report import Approval, Opinion, Section, Submission
from fireinvest.workflow.items.scene import CommissionedTest, Interview, ScenePlan
from fireinvest.workflow.permissions import (
    AUDIT_ADMINISTRATOR,
    SECURITY_ADMINISTRATOR,
    SYSTEM_ADMINISTRATOR,
)
from fireinvest.workflow.registers import Filing
from tests.services.office import (
    CALENDAR,
    CITY,
    FIRE_ON,
    FUYUAN,
    LAW,
    NOW,
    TIMERS,
    TODAY,
    actor,
    did,
    facts,
    key,
    opened,
)
from tests.uploads import picture
from tests.web.office import database_of, person_with, sign_in, token

QILIN = "530302"


def _at(place: str, tier: str, *roles: str) -> tuple[Post, ...]:
    return tuple(Post(role, division=place, tier=tier) for role in roles)


#: The kinds of people, by login: the posts that they hold beside what the case gives them.
KINDS: Mapping[str, tuple[Post, ...]] = {
    "carrier": _at(FUYUAN, "county", "carrier"),
    "head": _at(FUYUAN, "county", "agency_head"),
    "leader": (),
    "grouphead": (),
    "member": (),
    "expert": (),
    "observer": (),
    "registrar": _at(FUYUAN, "county", "government_registrar"),
    "handler": _at(FUYUAN, "county", "government_handler"),
    "signer": _at(FUYUAN, "county", "government_signer"),
    "archivist": _at(FUYUAN, "county", "archivist"),
    "city": _at(CITY, "city", "agency_head"),
    "deputy": (),
    "left": (),
    "o.carrier": _at(QILIN, "county", "carrier"),
    "o.head": _at(QILIN, "county", "agency_head"),
    "o.registrar": _at(QILIN, "county", "government_registrar"),
    "nopost": (),
    "accounts": (Post(SYSTEM_ADMINISTRATOR),),
    "security": (Post(SECURITY_ADMINISTRATOR),),
    "audit": (Post(AUDIT_ADMINISTRATOR),),
}
NOBODY = "nobody"

#: Those whom the case itself names, by login: the step, and what it says.
_NAMED: Mapping[str, tuple[str, Payload]] = {
    "leader": ("establish_team", Order(document_no="富政函1号", person="leader")),
    "member": ("join_team", Membership(person="member", agency="富源县公安局", item="police")),
    "left": ("join_team", Membership(person="left", agency="富源县公安局", item="police")),
    "grouphead": ("form_group", Membership(person="grouphead", item="technical")),
    "expert": ("engage_expert", Membership(person="expert", agency="某大学")),
    "observer": ("observe", Membership(person="observer", agency="富源县纪委监委")),
}

#: What stands in the place-holders of the addresses. The account is one that nobody uses.
_VALUES = {
    "which": "files", "step": "update_figures", "name": "merge", "place": 0, "clock": "report", "instance": "1",
    "year": 2025, "filename": "app.css", "grant_id": 1, "agency_id": 1, "sign_in_id": 1,
    "deputy_id": 1, "factor_id": 1, "code": "AAAA-BBBB-CCCC-DDDD",
    "reading": "tests", "channel_id": 1, "token": "a" * 43, "alert_id": 1,
    "plan": "report", "month": "2025-06", "item": 1, "version": 1, "size": "small",
    "rung": "urged", "occurrence": 1, "due": "2025-07-11", "person": "left",
    "upload": "0" * 32, "line": "products", "point": "using", "sort": "fact", "part": "measures",
    "scope": "unit", "job_id": 1, "package": "p1", "imported_id": 1, "list_id": 1, "act": "sent", "kind": "team_request", "form": "docx", "series_id": 1,
}  # fmt: skip


@dataclass(frozen=True)
class Route:
    """A route, asked for with one method, at an address that has something to show."""

    method: str
    rule: str
    endpoint: str
    address: str

    def __str__(self) -> str:
        """As the table names it: the kinds of its place-holders left out."""
        return f"{self.method:4} {re.sub(r'<[^:>]*:', '<', self.rule)}"


def imported_file(number: str = "5301-2020-0001") -> ImportedFile:
    """A file that was read back, of which little is known."""
    facts = {
        "case": {"level_label": {"zh": "一般", "en": "ordinary"}},
        "package": {"made_by": "甲", "is_whole": True},
    }
    return ImportedFile(
        0, f"package {number}", number, "某公司", "某路", FIRE_ON, None, "某支队", "0" * 64, NOW, NOW,
        "archivist", 1, 2, json.dumps(facts), json.dumps({"parts": []}),
    )  # fmt: skip


class Town:
    """A county whose case is worked, and everybody at a browser of their own."""

    def __init__(self, app: Flask, *, recused: bool = False) -> None:
        self.app = app
        self.database: Database = database_of(app)
        self._unused()
        for login, posts in KINDS.items():
            person_with(self.database, login, *posts)
        self.ref = self._case()
        if recused:
            self._recuse()
        self._tokens: dict[str, str] = {}
        self.clients: dict[str, FlaskClient] = {NOBODY: app.test_client()}
        for login in KINDS:
            self.clients[login] = sign_in(app, login)
        deputy = self.clients["deputy"]
        deputy.post("/acting", data={"csrf_token": self.token("deputy"), "login": "head"})

    def _unused(self) -> None:
        """The first account, post, deputy and agency: nobody's, so that what is done harms nobody."""
        first = person_with(
            self.database, "first", *_at(FUYUAN, "county", "archivist"), name="某离职人员"
        )
        second = person_with(self.database, "second")
        name_deputy(
            self.database, person_id=second, acts_for_id=first,
            valid_from=date(2020, 1, 1), valid_until=date(2099, 12, 31), granted_by="security",
        )  # fmt: skip
        create_agency(
            self.database, label_zh="某大队", label_en="a brigade", body="fire_rescue",
            division=FUYUAN, tier="county", valid_from=date(2020, 1, 1),
        )  # fmt: skip
        assert first == 1

    def _case(self) -> CaseRef:
        with self.database.readers.begin() as session:
            ids = {each: find_login(session, each) for each in ("carrier", "deputy", "head")}
        found = {login: person.id for login, person in ids.items() if person is not None}
        name_deputy(
            self.database, person_id=found["deputy"], acts_for_id=found["head"],
            valid_from=date(2020, 1, 1), valid_until=date(2099, 12, 31), granted_by="security",
        )  # fmt: skip
        ref = opened(
            self.database,
            actor(self.database, found["carrier"]),
            facts(
                FUYUAN,
                deaths=1,
                serious_injuries=0,
                direct_economic_loss=0,
                social_impact=False,
                category=Category.ORDINARY,
            ),
        )
        joined = {
            login: did(self.database, ref, step, payload).entry.seq
            for login, (step, payload) in _NAMED.items()
        }
        self.joined = joined["member"]
        did(self.database, ref, "leave_team", Membership(person="left"))
        self.with_file = self._file(ref, None)
        self.restricted = self._file(ref, "discipline")
        self._evidence(ref)
        self._scene(ref)
        self._report(ref)
        self._execution(ref)
        self._papers(ref)
        self._packages(ref)
        self._archive(ref)
        self._disposal(ref)
        raised = Recusal(person="left", item="interest")
        did(self.database, ref, "declare_recusal", raised)
        did(self.database, ref, "decide_recusal", replace(raised, outcome="granted"))
        with self.database.sessions.begin() as session:
            add_reached(
                session,
                [{
                    "case_id": ref.id, "clock": "report", "instance": "1",
                    "due_on": date(2025, 7, 11), "rung": "urged",
                    "occurrence": 1, "reached_on": date(2025, 7, 12), "is_skipped": False,
                    "stood_in": None, "swept_at": NOW,
                }],
            )  # fmt: skip
        return ref

    def fill_again(self) -> None:
        """As much again in each of the registers that are filled."""
        for fill in (
            self._evidence, self._scene, self._execution, self._report, self._papers,
            self._archive,
        ):  # fmt: skip
            fill(self.ref)

    def _archive(self, ref: CaseRef) -> None:
        """How long the file is kept, a document that was moved, and somebody who has the file."""
        lent = Lending("某人", "某局", "查阅", "paper", lent_on=TODAY, due_on=TODAY)
        moved = Arrangement("照片", "evidence:1:gone", "^")
        file_records(
            self.database, LAW, CALENDAR, TIMERS, ref.id,
            [
                Filing("retentions", Retention("years30", TODAY, date(2055, 12, 31))),
                Filing("lendings", lent),
                Filing("arrangements", moved),
            ],
            idempotency_key=key(), now=NOW, today=TODAY,
        )  # fmt: skip

    def _disposal(self, ref: CaseRef) -> None:
        """A disposal list of the county, which waits for the decision."""
        with self.database.sessions.begin() as session:
            list_id = add_list(
                session, division=FUYUAN, tier="county", title="销毁清册", appraisers="甲、乙",
                drawn_by="archivist", acting_for=None, drawn_at=NOW, key=key(),
            )  # fmt: skip
            entry = DisposalEntry(
                list_id, ref.id, ref.number, "卷宗", FIRE_ON, TODAY, '{"zh": "10年", "en": "10"}',
                TODAY, False, "无保存价值", "0" * 64, "0" * 64,
            )  # fmt: skip
            add_entries(session, [entry])

    def _packages(self, ref: CaseRef) -> None:
        """A package that the carrier asked for, one that was made, and one from elsewhere."""
        with self.database.sessions.begin() as session:
            carrier = find_login(session, "carrier")
            assert carrier is not None
            ask_job(
                session, PACKAGE, person_id=carrier.id, login="carrier", key=key(), now=NOW,
                case_id=ref.id,
            )  # fmt: skip
            made = {
                "job": 1, "parts": [{"name": "p", "seal": "0" * 64, "size": 1, "sha256": None}],
                "files": 1, "size": 1, "left_out": {"entries": 0, "records": 0, "log_rows": 0},
                "verify_page": "0" * 64, "state": "0" * 64,
            }  # fmt: skip
            log_access(
                session, happened_at=NOW, person="carrier", what=MADE, case_id=ref.id, item="p1",
                new=made,
            )  # fmt: skip
            imported = imported_file()
            blob = self.app.extensions["fireinvest"].blobs.put(BytesIO(b"{}"), at_most=2)
            entry = ImportedEntry(0, 0, DATA_PATH, "数据", "data", blob.sha256, blob.size)
            add_imported(session, imported, [entry])

    def _papers(self, ref: CaseRef) -> None:
        """A paper, whose draft somebody put in as a picture."""
        blob = self.app.extensions["fireinvest"].blobs.put(BytesIO(picture("PNG")), at_most=10**6)
        draft = Attachment("请示.png", "image/png", blob.sha256, blob.size)
        paper = OfficialPaper("team_request", None, "请示", drawn_on=TODAY, draft=blob.sha256)
        file_records(
            self.database, LAW, CALENDAR, TIMERS, ref.id,
            [Filing("papers", paper, attachments=(draft,))],
            idempotency_key=key(), now=NOW, today=TODAY,
        )  # fmt: skip

    def _evidence(self, ref: CaseRef) -> None:
        """A photograph, handed over to the member."""
        content = picture("PNG")
        blob = self.app.extensions["fireinvest"].blobs.put(BytesIO(content), at_most=10**6)
        taken = Evidence("照片", "photo", taken_by="甲")
        given = Custody(
            (1,), "lending", "甲", "某member", NOW, "unsealed", expected_back=TODAY,
            purpose="查阅", receiver_login="member",
        )  # fmt: skip
        attachment = Attachment("照片.png", "image/png", blob.sha256, blob.size)
        file_records(
            self.database, LAW, CALENDAR, TIMERS, ref.id,
            [Filing("evidence", taken, attachments=(attachment,)), Filing("custody", given)],
            idempotency_key=key(), now=NOW, today=TODAY,
        )  # fmt: skip

    def _scene(self, ref: CaseRef) -> None:
        """People, a test, an interview, and a plan with its picture."""
        blob = self.app.extensions["fireinvest"].blobs.put(BytesIO(picture("PNG")), at_most=10**6)
        drawn = Attachment("平面图.png", "image/png", blob.sha256, blob.size)
        file_records(
            self.database, LAW, CALENDAR, TIMERS, ref.id,
            [
                Filing("parties", Party(name="某公司", sort="unit", role="fire_unit")),
                Filing(
                    "casualties",
                    Casualty("甲", outcome="light", observed_on=FIRE_ON, source="医院"),
                ),
                Filing(
                    "tests",
                    CommissionedTest("熔痕", "中心", "1", question="性质", sent_on=FIRE_ON),
                ),
                Filing(
                    "interviews",
                    Interview(
                        "张三", "witness", place="派出所", began_at=NOW - timedelta(hours=2),
                        ended_at=NOW - timedelta(hours=1), interviewer="甲", second="乙",
                        rights_told=True, content="问答", signed="signed",
                    ),
                ),
                Filing("scene_plans", ScenePlan("平面图"), attachments=(drawn,)),
            ],
            idempotency_key=key(), now=NOW, today=TODAY,
        )  # fmt: skip

    def _execution(self, ref: CaseRef) -> None:
        """A copy sent, a transfer, somebody answerable, and a notice that it is delayed."""
        answers = Liability(
            "某公司", "unit", fact="事实", kind="other", proposed="处理", state="proposed",
            state_on=FIRE_ON,
        )  # fmt: skip
        notice = DelayNotice("court", "人民法院", (1,), "请督促", None, FIRE_ON)
        for filings in (
            [
                Filing("copies", CopySent("公安局", FIRE_ON, item="participants")),
                Filing("transfers", Transfer("线索", "criminal", "公安局")),
                Filing("liabilities", answers),
            ],
            [Filing("delay_notices", notice)],
        ):
            file_records(
                self.database, LAW, CALENDAR, TIMERS, ref.id, filings,
                idempotency_key=key(), now=NOW, today=TODAY, is_told=True,
            )  # fmt: skip

    def _report(self, ref: CaseRef) -> None:
        """A finding, a fact, a section, an opinion, what was decided and what was submitted."""
        bound, text_hash = "R1@1", "0" * 64
        file_records(
            self.database, LAW, CALENDAR, TIMERS, ref.id,
            [
                Filing("line_findings", LineFinding("products", "using", "nothing_found", reason="无")),
                Filing("facts", ChainNode("fact", "起火")),
                Filing("sections", Section("unit", "概况", 1, "文字", "drafting")),
                Filing("opinions", Opinion("县应急管理局", asked_on=FIRE_ON)),
                Filing("approvals", Approval("unit", "returned", "补充", FIRE_ON, bound, text_hash)),
                Filing("submissions", Submission("1", "报告", "县政府", FIRE_ON, bound, text_hash)),
            ],
            idempotency_key=key(), now=NOW, today=TODAY, is_told=True,
        )  # fmt: skip
        self._public(ref)

    def _public(self, ref: CaseRef) -> None:
        """A reply with changes, a passage withheld, a version released and its proof."""
        self._filed(
            ref,
                        Filing("route", RouteStage(1, "legal_review", "县司法局", FIRE_ON)),
            Filing("reply_points", ReplyPoint(round=1, text="补充责任认定依据")),
            Filing(
                "replies",
                Reply(
                    round=1, decision="approved_with_changes", document_no="1",
                    replied_on=FIRE_ON, decided_by="sign_off", decider="县政府", points=(1,),
                    closed_on=FIRE_ON, submission=(1,), text_hash="0" * 64,
                ),
            ),
            Filing("withheld", Withheld((1,), "文字", "personal")),
            Filing("releases", Release("公开版", FIRE_ON, "文字", "0" * 64, "0" * 64)),
            Filing("proofs", PublicationProof((1,), ("report_media",), "报", FIRE_ON, "第1版")),
        )  # fmt: skip

    def _filed(self, ref: CaseRef, *filings: Filing) -> None:
        file_records(
            self.database, LAW, CALENDAR, TIMERS, ref.id, filings,
            idempotency_key=key(), now=NOW, today=TODAY, is_told=True,
        )  # fmt: skip

    def _file(self, ref: CaseRef, restriction: str | None) -> int:
        """An entry with a file; its number."""
        blob = self.app.extensions["fireinvest"].blobs.put(
            BytesIO(b"%PDF-1.4\n%%EOF\n"), at_most=100
        )
        action = Action(
            "progress_report",
            DocumentSent(to="县政府", document_no="富消呈1号"),
            FIRE_ON,
            reason="补记",
            attachments=(Attachment("呈报.pdf", "application/pdf", blob.sha256, blob.size),),
            restriction=restriction,
        )
        done = act(
            self.database, LAW, CALENDAR, TIMERS, ref.id, action,
            idempotency_key=key(), now=NOW, today=TODAY,
        )  # fmt: skip
        return done.entry.seq

    def _recuse(self) -> None:
        """Everybody who has to do with the case is out of it."""
        for login in KINDS:
            raised = Recusal(person=login, item="interest")
            did(self.database, self.ref, "declare_recusal", raised)
            step = "decide_leader_recusal" if login == "leader" else "decide_recusal"
            did(self.database, self.ref, step, replace(raised, outcome="granted"))

    def token(self, login: str) -> str:
        """The token of this person's forms, the same until they sign out."""
        if login not in self._tokens:
            page = self.clients[login].get("/sign-in", follow_redirects=True).text
            self._tokens[login] = token(page)
        return self._tokens[login]

    def routes(self) -> list[Route]:
        """Every route of the application, with the case and an unused account in its address."""
        values = {**_VALUES, "number": self.ref.number, "person_id": 1, "login": "carrier"}
        found = []
        # All at once: a request made meanwhile would share what this context knows of who is here.
        with self.app.test_request_context():
            adapter = self.app.create_url_adapter(None) or self.app.url_map.bind("localhost")
            for rule in sorted(self.app.url_map.iter_rules(), key=lambda each: each.rule):
                values["step"] = (
                    "draft_report" if "/plan/" in rule.rule
                    else "founding_meeting" if "/meetings/" in rule.rule
                    else _VALUES["step"]
                )  # fmt: skip
                values["seq"] = (
                    self.restricted if "/restricted" in rule.rule
                    else self.with_file if "/files/" in rule.rule
                    else 1
                )  # fmt: skip
                values["register"] = (
                    "interviews" if "/scene/" in rule.rule
                    else "evidence" if "/versions/" in rule.rule
                    else "measures" if "/ledgers/" in rule.rule
                    else "transfers" if rule.rule.endswith("/<int:item>/list")
                    else "copies" if "/execution/" in rule.rule
                    else "delay_notices" if "/evaluation/" in rule.rule
                    else "lendings" if "/archive/" in rule.rule
                    else "parties"
                )  # fmt: skip
                values["entry"] = self.joined
                given = {name: values[name] for name in rule.arguments}
                address = adapter.build(rule.endpoint, given, append_unknown=False)
                for method in sorted((rule.methods or set()) & {"GET", "POST"}):
                    found.append(Route(method, rule.rule, rule.endpoint, address))
        return found

    def answer(self, login: str, route: Route) -> str:
        """How somebody is answered: y (goes on), s (sign in), f (forbidden), - (no such page)."""
        client = self.clients[login]
        if route.method == "GET":
            answer = client.get(route.address)
        else:
            form = {"csrf_token": self.token(login)}
            if route.endpoint == "sign_in.act_for" and login == "deputy":
                form["login"] = "head"  # And goes on doing so.
            answer = client.post(route.address, data=form)
        answer.close()  # It may be a file.
        # That no sweep has run yet is told to whoever watches.
        is_alarm = route.endpoint == "health.work"
        assert is_alarm or answer.status_code < 500, (login, route, answer.status)
        if answer.status_code == 401:
            return "s"
        if answer.status_code in (301, 302, 303, 307):
            return "s" if "/sign-in?next=" in answer.location else "y"
        return {403: "f", 404: "-"}.get(answer.status_code, "y")
