"""Which tables are there? Importing this module makes all of them known to the migrations."""

from fireinvest.store.access import AccessBatch, AccessRow
from fireinvest.store.alerts import (
    AlertRow,
    ChannelRow,
    LadderRow,
    ReachedRow,
    ReadingDecisionRow,
    SweepRow,
)
from fireinvest.store.archives import PageCountRow
from fireinvest.store.attempts import AttemptRow
from fireinvest.store.base import Base
from fireinvest.store.cases import (
    ApartRow,
    CaseNumber,
    CaseRow,
    DeadlineRow,
    NextStepRow,
    RecusedRow,
    StepDayRow,
)
from fireinvest.store.disposals import (
    DisposalActRow,
    DisposalEntryRow,
    DisposalListRow,
    DisposedCaseRow,
    DisposedFileRow,
)
from fireinvest.store.drafts import Draft
from fireinvest.store.factors import AuthenticatorRow, OneTimeCodeRow
from fireinvest.store.files import StagedFile
from fireinvest.store.imported import ImportedEntryRow, ImportedFileRow
from fireinvest.store.jobs import JobFileRow, JobRow
from fireinvest.store.journal import JournalRow
from fireinvest.store.leases import LeaseRow
from fireinvest.store.notices import HolidayNotice
from fireinvest.store.outbox import OutboxRow
from fireinvest.store.papers import CountRow, SeriesRow, TemplateRow
from fireinvest.store.people import Agency, Deputy, GrantRow, Person
from fireinvest.store.records import RecordHeadRow, RecordRow, RegisterItemRow, RegisterKeyRow
from fireinvest.store.rulesets import RulesetRow
from fireinvest.store.sign_ins import SignInRow
from fireinvest.store.uploads import UploadRow

TABLES: tuple[type[Base], ...] = (
    HolidayNotice,
    RulesetRow,
    CaseNumber,
    CaseRow,
    JournalRow,
    DeadlineRow,
    NextStepRow,
    StepDayRow,
    RecusedRow,
    ApartRow,
    Person,
    Agency,
    GrantRow,
    Deputy,
    OutboxRow,
    AccessRow,
    AccessBatch,
    Draft,
    StagedFile,
    SignInRow,
    AuthenticatorRow,
    OneTimeCodeRow,
    AttemptRow,
    LeaseRow,
    LadderRow,
    ReachedRow,
    AlertRow,
    ChannelRow,
    SweepRow,
    ReadingDecisionRow,
    RecordRow,
    RecordHeadRow,
    RegisterItemRow,
    RegisterKeyRow,
    UploadRow,
    JobRow,
    JobFileRow,
    ImportedFileRow,
    ImportedEntryRow,
    TemplateRow,
    SeriesRow,
    CountRow,
    PageCountRow,
    DisposalListRow,
    DisposalEntryRow,
    DisposalActRow,
    DisposedCaseRow,
    DisposedFileRow,
)

metadata = Base.metadata
