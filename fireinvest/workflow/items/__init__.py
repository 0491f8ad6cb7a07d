"""The sorts of items that registers keep. Which registers a case has is data of its profile."""

from collections.abc import Mapping

from fireinvest.workflow.items.archive import Arrangement, BoundVolume, Lending, Retention
from fireinvest.workflow.items.base import Item
from fireinvest.workflow.items.casualties import Casualty, FamilyContact, Loss
from fireinvest.workflow.items.evaluation import (
    DelayNotice,
    NewFireJudgement,
    SheetLine,
    Supervision,
)
from fireinvest.workflow.items.evidence import Custody, Evidence
from fireinvest.workflow.items.execution import (
    CopySent,
    DisciplineLead,
    Liability,
    RectificationMeasure,
    ReplyDelivered,
    Transfer,
)
from fireinvest.workflow.items.inquiry import ChainNode, LineFinding
from fireinvest.workflow.items.papers import PAPERS, OfficialPaper
from fireinvest.workflow.items.people import Party
from fireinvest.workflow.items.public import (
    Acceptance,
    PublicationProof,
    Release,
    Withheld,
)
from fireinvest.workflow.items.reply import (
    Confirmation,
    PointCheck,
    Reply,
    ReplyPoint,
    RouteStage,
)
from fireinvest.workflow.items.report import (
    Approval,
    Opinion,
    RemarkAnswer,
    ReportSignature,
    Section,
    Submission,
)
from fireinvest.workflow.items.scene import (
    CommissionedTest,
    Disagreement,
    Experiment,
    ExpertOpinion,
    Interview,
    Pin,
    RecordsRequest,
    SceneClosure,
    ScenePlan,
    Survey,
)
from fireinvest.workflow.items.team import (
    Declaration,
    DutyMark,
    MatchDecision,
    MeetingRecord,
    Recheck,
    RosterLine,
    Task,
)

#: Each sort of item, by the id of its register.
ITEMS: Mapping[str, type[Item]] = {
    "parties": Party,
    "casualties": Casualty,
    "losses": Loss,
    "family_contacts": FamilyContact,
    "roster": RosterLine,
    "declarations": Declaration,
    "duties": DutyMark,
    "matches": MatchDecision,
    "rechecks": Recheck,
    "meetings": MeetingRecord,
    "tasks": Task,
    "closures": SceneClosure,
    "surveys": Survey,
    "scene_plans": ScenePlan,
    "pins": Pin,
    "interviews": Interview,
    "experiments": Experiment,
    "tests": CommissionedTest,
    "expert_opinions": ExpertOpinion,
    "disagreements": Disagreement,
    "records_requests": RecordsRequest,
    "evidence": Evidence,
    "custody": Custody,
    "line_findings": LineFinding,
    "facts": ChainNode,
    "sections": Section,
    "opinions": Opinion,
    "approvals": Approval,
    "remark_answers": RemarkAnswer,
    "signatures": ReportSignature,
    "submissions": Submission,
    "route": RouteStage,
    "reply_points": ReplyPoint,
    "replies": Reply,
    "point_checks": PointCheck,
    "confirmations": Confirmation,
    "withheld": Withheld,
    "public_accepts": Acceptance,
    "releases": Release,
    "proofs": PublicationProof,
    "deliveries": ReplyDelivered,
    "copies": CopySent,
    "transfers": Transfer,
    "discipline_leads": DisciplineLead,
    "liabilities": Liability,
    "measures": RectificationMeasure,
    "evaluation_sheet": SheetLine,
    "supervisions": Supervision,
    "delay_notices": DelayNotice,
    "art30_judgements": NewFireJudgement,
    PAPERS: OfficialPaper,
    "arrangements": Arrangement,
    "volumes": BoundVolume,
    "retentions": Retention,
    "lendings": Lending,
}
