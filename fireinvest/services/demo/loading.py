"""Loading the demo: its people, then its cases, through the same door as a person's."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from io import BytesIO
from pathlib import Path

from fireinvest.china import CHINA
from fireinvest.gateways.blobs import Blobs
from fireinvest.messages import Faulty, Problem, Text
from fireinvest.regulation.calendar import Calendar
from fireinvest.regulation.rulesets import Law
from fireinvest.services.cases import CaseRef, act, open_case
from fireinvest.services.contents import KINDS, media_type_of
from fireinvest.services.demo.accounts import ADMINISTRATOR, CITY, enter_accounts
from fireinvest.services.demo.cases import DAYS_SINCE_FIRST, FIRST, stories
from fireinvest.services.demo.drawn import draw, drawn_papers
from fireinvest.services.demo.papers import Papers
from fireinvest.services.demo.rooms import papers_of
from fireinvest.services.demo.story import Deed, Story
from fireinvest.services.people import Post, actor_of, give_post
from fireinvest.services.records import file_records
from fireinvest.services.together import Asking
from fireinvest.store import Database, Session, journal
from fireinvest.store.cases import find_case
from fireinvest.store.people import find_login, grants_of
from fireinvest.store.records import find_records_by_key
from fireinvest.workflow.actions import Attachment
from fireinvest.workflow.engine import Action
from fireinvest.workflow.permissions import Actor
from fireinvest.workflow.registers import Filing

#: How long after the outbreak a case is opened.
_UNTIL_OPENED = timedelta(minutes=90)
_WORK_BEGINS = time(9)
_WORK_ENDS = time(18)
#: How long somebody needs for one entry.
_FOR_ONE_ENTRY = timedelta(minutes=4)
_OBSERVING = "discipline_observer"


def refusal() -> Faulty:
    """Return the answer to whoever would load demo data elsewhere than in demo mode."""
    text = Text("Demo data is loaded in demo mode only; set it to 1, but never in production.")
    return Faulty([Problem("FIREINVEST_DEMO", text)])


def load_demo(
    database: Database,
    law: Law,
    calendar: Calendar,
    *,
    now: datetime,
    today: date,
    allowed: bool,
    profiles: Path | None = None,
    blobs: Blobs | None = None,
    address: str = "/papers",
) -> int:
    """Load what is missing of the demo's people and cases; return how many entries were added.

    Dates are relative to the day of the first loading, on which a later one completes it; a
    complete demo gets nothing more. ``allowed``: is this installation in demo mode? ``blobs``:
    where its photographs, scans and papers are kept; without it there are none. ``address``: where
    the codes on its papers are checked.

    Raises:
        Faulty: when it isn't, or when something in the database stands in the way.

    """
    if not allowed:
        raise refusal()
    enter_accounts(database, law, now=now)
    loader = _Loader(database, law, calendar, now, profiles, blobs, address)
    with database.readers.begin() as session:
        today = _first_loaded_on(session, law, calendar, today)
    return sum(loader.load(each) for each in stories(law, calendar, today))


def _key(case: str, number: int) -> str:
    """The key under which an entry of the demo is made once."""
    return f"demo-{case}-{number}"


def _first_loaded_on(session: Session, law: Law, calendar: Calendar, today: date) -> date:
    """The day to which the dates of what is there already are relative."""
    first = next(each for each in stories(law, calendar, today) if each.key == FIRST)
    line = journal.find_by_key(session, first.officer, _key(FIRST, 1))
    if line is None:
        return today
    return line.occurred_on + timedelta(days=DAYS_SINCE_FIRST)


@dataclass(frozen=True, slots=True)
class _Loader:
    database: Database
    law: Law
    calendar: Calendar
    now: datetime
    profiles: Path | None
    blobs: Blobs | None
    address: str

    def load(self, story: Story) -> int:
        """Open the case and do in it what is missing; return how many entries were added.

        A case that is complete is left alone, whatever has become of it and of its people since.
        """
        with self.database.readers.begin() as session:
            opening = journal.find_by_key(session, story.officer, _key(story.key, 1))
            lines = [] if opening is None else journal.lines_of(session, opening.case_id)
            row = None if opening is None else find_case(session, opening.case_id)
        known = {line.idempotency_key for line in lines}
        missing = [
            (number, deed)
            for number, deed in enumerate(story.deeds, 2)
            if _key(story.key, number) not in known
        ]
        if row is not None and not missing:
            ref = CaseRef(row.id, row.number)
            return self._write(story, ref) + self._draw(story, ref)
        case = self._open(story) if row is None else CaseRef(row.id, row.number)
        if story.observer is not None:
            self._give_observer(story, case)
        for number, deed in missing:
            self._do(story, case, number, deed)
        written = self._write(story, case) + self._draw(story, case)
        return len(missing) + (row is None) + written

    def _draw(self, story: Story, case: CaseRef) -> int:
        """Draw up the case's papers that are missing; return how many versions of them there are."""
        if self.blobs is None:
            return 0
        versions = 0
        for paper in drawn_papers(story):
            drawn_at = datetime.combine(paper.on, _WORK_ENDS, CHINA).astimezone(UTC)
            asking = Asking(
                self.database,
                self.law,
                self.calendar,
                self._actor(paper.by, paper.on),
                case.id,
                f"{_key(story.key, 0)}-paper-{paper.kind}",
                min(drawn_at, self.now),
                paper.on,
            )
            versions += draw(asking, self.blobs, case.number, paper, self.address)
        return versions

    def _write(self, story: Story, case: CaseRef) -> int:
        """Write into the case's registers what is missing there; return how many items it was."""
        written = 0
        for name, papers in papers_of(story):
            key = _key(story.key, 0) + f"-{name}"
            with self.database.readers.begin() as session:
                if find_records_by_key(session, papers.by, [f"{key}#0"]):
                    continue
            if self.blobs is None and papers.files and (papers.changed or papers.needs_files):
                # A receipt on paper is none without its scan.
                continue
            written_at = datetime.combine(papers.on, _WORK_ENDS, CHINA).astimezone(UTC)
            done = file_records(
                self.database,
                self.law,
                self.calendar,
                self._actor(papers.by, papers.on),
                case.id,
                self._filings(papers),
                idempotency_key=key,
                now=min(written_at, self.now),
                today=papers.on,
                is_told=True,
            )
            written += len(done.records)
        return written

    def _filings(self, papers: Papers) -> list[Filing]:
        filings = [Filing(register, item) for register, item in papers.items]
        filings += [
            Filing(register, item, number, version)
            for register, number, version, item in papers.changed
        ]
        for place, name, made in papers.files if self.blobs is not None else ():
            attached = (*filings[place].attachments, self._attached(name, made()))
            filings[place] = replace(filings[place], attachments=attached)
        return filings

    def _attached(self, name: str, content: bytes) -> Attachment:
        stream = BytesIO(content)
        media_type = media_type_of(stream, name, allowed=KINDS)
        stream.seek(0)
        assert self.blobs is not None  # noqa: S101 - asked before
        blob = self.blobs.put(stream, at_most=len(content))
        return Attachment(name, media_type, blob.sha256, blob.size)

    def _open(self, story: Story) -> CaseRef:
        fire = story.fire
        opened_at = datetime.combine(story.fire_on, fire.broke_out_at, CHINA) + _UNTIL_OPENED
        opened_on = opened_at.date()
        return open_case(
            self.database,
            self.law,
            self.calendar,
            self._actor(story.officer, opened_on),
            story.facts,
            fire.unit,
            fire.address,
            home_division=CITY,
            idempotency_key=_key(story.key, 1),
            now=min(opened_at.astimezone(UTC), self.now),
            today=opened_on,
            is_demo=True,
            profiles=self.profiles,
        )

    def _do(self, story: Story, case: CaseRef, number: int, deed: Deed) -> None:
        """Somebody does it on its day, one entry after the other."""
        begun = datetime.combine(deed.on, _WORK_BEGINS, CHINA).astimezone(UTC)
        act(
            self.database,
            self.law,
            self.calendar,
            self._actor(deed.by, deed.on),
            case.id,
            Action(deed.step, deed.payload, deed.on, reason=deed.reason),
            idempotency_key=_key(story.key, number),
            now=min(begun + number * _FOR_ONE_ENTRY, self.now),
            today=deed.on,
        )

    def _actor(self, login: str, on: date) -> Actor:
        with self.database.readers.begin() as session:
            return actor_of(session, self._person_id(session, login), on)

    def _person_id(self, session: Session, login: str) -> int:
        person = find_login(session, login)
        if person is None:
            raise Faulty([Problem(login, Text("There is no such person."))])
        return person.id

    def _give_observer(self, story: Story, case: CaseRef) -> None:
        """A delegate is sent to the case by discipline inspection, which no step of it does."""
        with self.database.readers.begin() as session:
            person_id = self._person_id(session, story.observer or "")
            held = grants_of(session, person_id, story.today)
        if (_OBSERVING, case.number) not in {(each.role, each.case_id) for each in held}:
            give_post(
                self.database,
                person_id,
                Post(_OBSERVING, case_id=case.id),
                valid_from=story.fire_on,
                granted_by=ADMINISTRATOR,
            )
