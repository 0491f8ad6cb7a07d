"""The archive: its checklist, volumes that are bound behind the pages, and disposal by a list."""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from subprocess import run
from typing import BinaryIO

import pikepdf
import pytest
from docx import Document as WordFile
from PIL import Image
from sqlalchemy import text

from fireinvest.documents.binding import count_pages
from fireinvest.gateways.blobs import LocalBlobs
from fireinvest.messages import Faulty, render
from fireinvest.services.archives import disposing
from fireinvest.services.archives.arranging import Limits
from fireinvest.services.archives.disposing import (
    Choice,
    Decision,
    DisposalState,
    due_files,
)
from fireinvest.services.archives.documents import WORD
from fireinvest.services.archives.keeping import (
    checklist,
    filing_actions,
    kept,
    kept_until,
    missing_of,
    retention_filing,
)
from fireinvest.services.archives.volumes import BIND_VOLUMES, Archive, _near, open_archive
from fireinvest.services.casefile import case_file
from fireinvest.services.cases import CaseRef, DisposedCase, NoSuchCase, act
from fireinvest.services.files import verify_files
from fireinvest.services.jobs import JobState, Runner, ask_job
from fireinvest.services.journal import verify_all
from fireinvest.services.long_work import HANDLERS
from fireinvest.services.people import Post, give_post
from fireinvest.services.records import file_records
from fireinvest.services.recovery.backups import make_backup
from fireinvest.services.recovery.checking import check_backup
from fireinvest.services.recovery.protection import Protection
from fireinvest.store import Database
from fireinvest.store import archives as stored
from fireinvest.store import jobs as job_store
from fireinvest.store.conflicts import changing
from fireinvest.store.lists import Filters, list_cases, scope_of
from fireinvest.store.records import find_keys, items_of
from fireinvest.workflow.actions import Attachment, Delivery
from fireinvest.workflow.errors import Invalid, NotAllowed, Refused
from fireinvest.workflow.items.archive import BoundVolume, Lending
from fireinvest.workflow.items.base import Item
from fireinvest.workflow.items.evidence import Evidence
from fireinvest.workflow.items.papers import OfficialPaper
from fireinvest.workflow.items.people import Party
from fireinvest.workflow.permissions import Actor
from fireinvest.workflow.registers import Filing
from tests.conftest import settings_for
from tests.queries import counted
from tests.services.office import (
    CALENDAR,
    CITY,
    FUYUAN,
    LAW,
    NOW,
    REPLY,
    TIMERS,
    TODAY,
    did,
    facts,
    key,
    opened,
    person,
    submitted,
)
from tests.services.office import actor as actor_with
from tests.web.office import person_with

#: The day after the last one of a period of ten years that began with a filing in 2025.
OVER = datetime(2036, 1, 1, 4, tzinfo=UTC)
WIDE = Limits(200, 10**9)
OFFICE = (FUYUAN, "county")


def pdf(pages: int = 1, *, password: str = "") -> bytes:
    written = io.BytesIO()
    with pikepdf.new() as document:
        for _ in range(pages):
            document.add_blank_page(page_size=(595, 842))
        encryption = pikepdf.Encryption(user=password, owner=password) if password else False
        document.save(written, encryption=encryption)
    return written.getvalue()


def jpeg(shade: int = 0) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (60, 40), (shade, 0, 0)).save(written, "JPEG")
    return written.getvalue()


@dataclass
class Office:
    """A county's archive, with cases in it."""

    database: Database
    folder: Path

    def __post_init__(self) -> None:
        self.blobs = LocalBlobs(self.folder / "files")
        self.people = {
            name: person_with(self.database, name, Post(role, division=FUYUAN, tier="county"))
            for name, role in (
                ("carrier", "carrier"), ("archivist", "archivist"), ("second", "archivist"),
                ("head", "agency_head"),
            )
        }  # fmt: skip
        both = (Post(role, division=FUYUAN, tier="county") for role in ("archivist", "agency_head"))
        self.people["both"] = person_with(self.database, "both", *both)

    def actor(self, name: str) -> Actor:
        return actor_with(self.database, self.people[name])

    def case(self, deaths: int = 1) -> CaseRef:
        ref = opened(self.database, known=facts(deaths=deaths))
        submitted(self.database, ref)
        did(self.database, ref, "reply", REPLY, date(2025, 7, 15))
        return ref

    def file(self, name: str, content: bytes, media_type: str) -> Attachment:
        blob = self.blobs.put(io.BytesIO(content), at_most=10**8)
        return Attachment(name, media_type, blob.sha256, blob.size)

    def writes(
        self, ref: CaseRef, register: str, item: Item, *files: Attachment,
        by: Actor = TIMERS, restriction: str | None = None, now: datetime = NOW,
    ) -> None:  # fmt: skip
        filing = Filing(register, item, attachments=files, restriction=restriction)
        self.files(ref, filing, by=by, now=now)

    def files(
        self, ref: CaseRef, *filings: Filing, by: Actor = TIMERS, now: datetime = NOW
    ) -> None:
        file_records(
            self.database, LAW, CALENDAR, by, ref.id, filings, idempotency_key=key(), now=now,
            today=now.date(),
        )  # fmt: skip

    def archive(self, ref: CaseRef, by: str = "archivist", on: date = TODAY) -> Archive:
        with self.database.readers.begin() as session:
            file = case_file(session, self.actor(by), ref.number, CALENDAR, on, law=LAW)
            return open_archive(session, file, LAW, WIDE)

    def runner(self, blobs: LocalBlobs | None = None, at: datetime = NOW) -> Runner:
        url = self.database.engine.url.render_as_string(hide_password=False)
        settings = settings_for(url, BLOB_URL=f"file://{self.folder}/files")
        return Runner(self.database, blobs or self.blobs, settings, HANDLERS, lambda: at)

    def asks(self, who: str, kind: str, case_id: int | None, at: datetime = NOW) -> int:
        with changing(self.database) as session:
            return ask_job(
                session, kind, person_id=self.people[who], login=who, key=key(), now=at,
                case_id=case_id,
            )  # fmt: skip

    def job(self, job_id: int) -> job_store.Job:
        with self.database.readers.begin() as session:
            found = job_store.find_job(session, job_id)
        assert found is not None
        return found

    def filed(self, ref: CaseRef, period: str = "years10") -> None:
        """File a case and end it, so that its time can be over."""
        file = self.archive(ref).file
        filing = retention_filing(
            file, None, period, filed_on=TODAY, place=None, why="鉴定意见", acting_for=None
        )
        self.files(ref, filing, by=self.actor("archivist"))
        with self.database.sessions.begin() as session:
            session.execute(text("UPDATE cases SET ended_on = '2025-09-01'"))


@pytest.fixture
def office(database: Database, tmp_path: Path) -> Office:
    return Office(database, tmp_path)


@pytest.fixture
def quick_office(quick_database: Database, tmp_path: Path) -> Office:
    return Office(quick_database, tmp_path)


def evidence(name: str) -> Evidence:
    return Evidence(name, "photo", taken_by="甲")


# ---------------------------------------------------------------------------- the checklist


def test_the_checklist_says_what_is_there_and_what_is_missing(quick_office: Office) -> None:
    office = quick_office
    ref = office.case()
    lines = checklist(office.archive(ref).file, office.archive(ref).documents)
    assert [each.item.id for each in lines if each.is_missing] == [
        "founding", "report", "signatures", "reply", "evidence",
    ]  # fmt: skip
    office.writes(ref, "evidence", evidence("照片"), office.file("照片.jpg", jpeg(), "image/jpeg"))
    draft = office.file("请示.docx", b"PK not read here", "application/msword")
    scan = office.file("请示.pdf", pdf(), "application/pdf")
    paper = OfficialPaper(
        "team_request", title="关于成立调查组的请示", drawn_on=TODAY, draft=draft.sha256
    )
    office.writes(ref, "papers", paper, draft)
    archive = office.archive(ref)
    by_item = {each.item.id: each for each in checklist(archive.file, archive.documents)}
    assert [each.kind.id for each in by_item["founding"].unsigned] == ["team_request"]
    assert not by_item["founding"].is_missing
    assert len(by_item["evidence"].others) == 1
    # The signed scan is the copy that counts.
    signed = replace(paper, document_no="富消〔2025〕1号", signed_on=TODAY, scan=scan.sha256)
    office.files(ref, Filing("papers", signed, 1, 1, attachments=(draft, scan)))
    archive = office.archive(ref)
    (document,) = [each for each in archive.documents if each.kind == "team_request"]
    assert (document.attachment, document.is_signed, document.number) == (
        scan, True, "富消〔2025〕1号",
    )  # fmt: skip
    by_item = {each.item.id: each for each in checklist(archive.file, archive.documents)}
    assert by_item["founding"].unsigned == ()
    assert [render(each, "en") for each in missing_of(list(by_item.values()))] == [
        "report", "signatures of the members", "reply",
    ]  # fmt: skip
    actions = filing_actions(list(by_item.values()), TODAY)
    assert [each.payload.item for each in actions if isinstance(each.payload, Delivery)] == [
        "founding", "evidence",
    ]  # fmt: skip
    for each in actions:
        act(
            office.database, LAW, CALENDAR, office.actor("archivist"), ref.id, each,
            idempotency_key=key(), now=NOW, today=TODAY,
        )  # fmt: skip
    archive = office.archive(ref)
    assert filing_actions(checklist(archive.file, archive.documents), TODAY) == []


def test_an_older_rule_has_the_list_alone(quick_office: Office) -> None:
    office = quick_office
    ref = office.case()
    file = office.archive(ref).file
    older = replace(file.case.ruleset, filings={}, periods={}, papers={}, registers={})
    old = replace(file, loaded=replace(file.loaded, case=replace(file.case, ruleset=older)))
    with office.database.readers.begin() as session:
        archive = open_archive(session, old, LAW, WIDE)
    lines = checklist(old, archive.documents)
    assert len(lines) == 7
    assert archive.arranged.volumes == ()
    assert kept(old, archive.records) is None


# ---------------------------------------------------------------------------- how long


@pytest.mark.parametrize(
    ("period", "filed_on", "until"),
    [
        ("years10", date(2025, 1, 1), date(2035, 12, 31)),
        ("years10", date(2025, 12, 31), date(2035, 12, 31)),
        ("years30", date(2024, 2, 29), date(2054, 12, 31)),
        ("permanent", date(2025, 1, 1), None),
    ],
)
def test_a_period_counts_from_the_year_after_the_filing(
    period: str, filed_on: date, until: date | None
) -> None:
    law = LAW.in_force(FUYUAN, date(2025, 5, 12))
    assert kept_until(law.periods[period], filed_on) == until


def test_another_period_than_that_of_the_level_needs_a_reason(quick_office: Office) -> None:
    office = quick_office
    ref = office.case()
    file = office.archive(ref).file
    usual = retention_filing(
        file, None, "years30", filed_on=TODAY, place="3柜", why=None, acting_for=None
    )
    with pytest.raises(Invalid):
        retention_filing(
            file, None, "permanent", filed_on=TODAY, place=None, why=None, acting_for=None
        )
    office.files(ref, usual, by=office.actor("archivist"))
    archive = office.archive(ref)
    now = kept(archive.file, archive.records)
    assert now is not None
    assert now.until == date(2055, 12, 31)
    assert [now.is_due(date(2055, 12, 31)), now.is_due(date(2056, 1, 1))] == [False, True]
    with pytest.raises(Invalid):
        retention_filing(
            archive.file, now, "years10", filed_on=TODAY, place=None, why=None, acting_for=None
        )
    longer = retention_filing(
        archive.file,
        now,
        "permanent",
        filed_on=TODAY,
        place=None,
        why="社会影响大",
        acting_for=None,
    )
    office.files(ref, longer, by=office.actor("archivist"))
    archive = office.archive(ref)
    now = kept(archive.file, archive.records)
    assert now is not None
    assert (now.until, now.record.version) == (None, 2)


def test_files_are_listed_by_key_and_cost_the_same_however_many_there_are(office: Office) -> None:
    refs = [office.case() for _ in range(3)]
    for ref in refs:
        office.filed(ref)
    lent = Lending("某人", "某局", "查阅", "paper", lent_on=TODAY, due_on=date(2025, 9, 20))
    for number, ref in enumerate(refs):
        office.writes(ref, "lendings", replace(lent, due_on=date(2025, 9, 20 + number)))
    archivist = office.actor("archivist")
    scope, stranger = scope_of(archivist), scope_of(person(office.database, "stranger"))
    with office.database.readers.begin() as session, counted(office.database) as sent:
        page = stored.filed_cases(session, scope, place=None, after=None, size=2)
        after = stored.after_key(page)
        rest = stored.filed_cases(session, scope, place=FUYUAN, after=after, size=9)
        out = stored.lent_files(session, scope, place=None, after=None, size=9)
        more = stored.lent_files(
            session, scope, place=CITY, after=stored.after_key(out[:1]), size=9
        )
        early = stored.due_for_disposal(
            session, scope, date(2035, 12, 31), place=None, after=None, size=9
        )
        due = stored.due_for_disposal(session, scope, OVER.date(), place=None, after=None, size=9)
        assert len(sent) == 6
        assert stored.filed_cases(session, stranger, place=None, after=None, size=9) == []
    assert [each.case_id for each in (*page, *rest)] == [each.id for each in reversed(refs)]
    assert [each.key for each in out] == ["2025-09-20", "2025-09-21", "2025-09-22"]
    assert len(more) == 2
    assert (early, len(due)) == ([], 3)
    returned = replace(lent, returned_on=TODAY, received_by="某人")
    office.files(refs[0], Filing("lendings", returned, 1, 1))
    with office.database.readers.begin() as session:
        assert len(stored.lent_files(session, scope, place=None, after=None, size=9)) == 2


# ---------------------------------------------------------------------------- volumes


def _with_files(office: Office) -> CaseRef:
    ref = office.case()
    kinds = (
        ("勘验笔录.pdf", pdf(3), "application/pdf"),
        ("损坏.pdf", b"%PDF-1.7 broken", "application/pdf"),
        ("加锁.pdf", pdf(1, password="x"), "application/pdf"),
        ("照片.jpg", jpeg(), "image/jpeg"),
        ("录像.mp4", b"film", "video/mp4"),
    )
    for name, content, kind in kinds:
        office.writes(ref, "evidence", evidence(name), office.file(name, content, kind))
    kept_apart = office.file("线索.pdf", pdf(2), "application/pdf")
    office.writes(ref, "evidence", evidence("线索"), kept_apart, restriction="discipline")
    return ref


def _docx(words: str) -> bytes:
    written = io.BytesIO()
    document = WordFile()
    document.add_paragraph(words)
    document.save(written)
    return written.getvalue()


def _text(pdf_file: bytes) -> str:
    done = run(["pdftotext", "-layout", "-", "-"], input=pdf_file, capture_output=True, check=True)
    return "".join(done.stdout.decode().split())


def _bound(office: Office, ref: CaseRef) -> list[tuple[BoundVolume, str | None, bytes]]:
    with office.database.readers.begin() as session:
        records = items_of(session, ref.id, ["volumes"])["volumes"]
    found = []
    for each in records:
        assert isinstance(each.values, BoundVolume)
        with office.blobs.open(each.attachments[0].sha256) as stream:
            found.append((each.values, each.restriction, stream.read()))
    return found


def test_volumes_are_bound_with_cover_catalogue_pages_and_note(quick_office: Office) -> None:
    office = quick_office
    ref = _with_files(office)
    job_id = office.asks("archivist", BIND_VOLUMES, ref.id)
    assert office.runner().run_once()
    job = office.job(job_id)
    assert job.state is JobState.DONE, job.words
    # What is restricted is no part of what somebody binds who may not read it.
    ((volume, restriction, content),) = _bound(office, ref)
    assert (volume.number, volume.documents, volume.pages, restriction) == (1, 5, 7, None)
    said = _text(content)
    for words in (
        "卷内目录",
        "火灾事故调查卷宗",
        "卷内备考表",
        "勘验笔录",
        "录像.mp4",
        "共1卷，第1卷",
    ):
        assert words in said
    assert "线索" not in said
    with pikepdf.open(io.BytesIO(content)) as document:
        assert len(document.pages) == 3 + 7
    archive = office.archive(ref)
    assert [archive.is_current(each) for each in archive.arranged.volumes] == [True]
    assert list(verify_all(office.database, workers=1)) == []
    with office.database.readers.begin() as session:
        assert list(verify_files(session, office.blobs)) == []
    # Something new, and it is another volume; bound again it is a version of the same item.
    record = office.file("记录.docx", _docx("询问笔录正文"), WORD)
    office.writes(ref, "evidence", evidence("记录"), record)
    archive = office.archive(ref)
    assert not any(map(archive.is_current, archive.arranged.volumes))
    # The carrier may read what is restricted: it has a volume of its own, restricted as well.
    give_post(
        office.database, office.people["carrier"], Post("carrier", case_id=ref.id),
        valid_from=date(2025, 1, 1), granted_by="admin",
    )  # fmt: skip
    again = office.asks("carrier", BIND_VOLUMES, ref.id)
    office.runner().run_once()
    assert office.job(again).state is JobState.DONE, office.job(again).words
    (volume, restriction, content), (apart, secret, kept_apart) = _bound(office, ref)
    assert (volume.documents, volume.pages, restriction) == (6, 8, None)
    assert "询问笔录正文" in _text(content)
    assert (apart.documents, apart.pages, secret) == (1, 2, "discipline")
    assert "线索" in _text(kept_apart)
    assert len(office.archive(ref).records["volumes"]) == 1  # For the archivist.


class _Dying(LocalBlobs):
    """A file store whose server is killed when a volume is kept."""

    def put(self, *_args: object, **_more: object) -> object:  # type: ignore[override]
        raise KeyboardInterrupt


def test_binding_that_was_killed_begins_anew_and_leaves_nothing_behind(
    quick_office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = quick_office
    ref = office.case()
    office.writes(ref, "evidence", evidence("照片"), office.file("照片.jpg", jpeg(), "image/jpeg"))
    job_id = office.asks("archivist", BIND_VOLUMES, ref.id)
    with pytest.raises(KeyboardInterrupt):
        office.runner(_Dying(office.blobs.folder)).run_once()
    assert _bound(office, ref) == []
    assert office.job(job_id).state is JobState.RUNNING
    later = NOW.replace(hour=5)
    assert office.runner(at=later).run_once()
    assert office.job(job_id).state is JobState.DONE
    assert len(_bound(office, ref)) == 1


class _Far(LocalBlobs):
    """A file store on another machine: what it opens is no file here."""

    def open(self, sha256: str) -> BinaryIO:
        with super().open(sha256) as stream:
            return io.BytesIO(stream.read())


def test_what_lies_far_away_is_brought_near_before_its_pages_are_read(tmp_path: Path) -> None:
    far = _Far(tmp_path / "far")
    blob = far.put(io.BytesIO(pdf(2)), at_most=10**6)
    with _near(far, blob.sha256, tmp_path) as stream:
        assert stream.fileno()
        assert count_pages(stream) == 2


def test_nobody_binds_who_may_not_and_a_changed_file_goes_into_no_volume(
    quick_office: Office,
) -> None:
    office = quick_office
    ref = office.case()
    changed = office.file("照片.jpg", jpeg(), "image/jpeg")
    office.writes(ref, "evidence", evidence("照片"), changed)
    refused = office.asks("head", BIND_VOLUMES, ref.id)
    office.runner().run_once()
    assert office.job(refused).state is JobState.FAILED
    path = office.blobs._path(changed.sha256)
    path.write_bytes(jpeg(7))
    damaged = office.asks("archivist", BIND_VOLUMES, ref.id)
    office.runner().run_once()
    assert office.job(damaged).state is JobState.FAILED
    assert _bound(office, ref) == []


# ---------------------------------------------------------------------------- disposal


def _drawn(office: Office, *choices: Choice, by: str = "archivist") -> int:
    return disposing.draw_up(
        office.database, office.actor(by), OFFICE, choices, title="2036年度销毁清册",
        appraisers="甲、乙", key=key(), now=OVER,
    )  # fmt: skip


def _state(office: Office, list_id: int) -> DisposalState:
    with office.database.readers.begin() as session:
        drawn = disposing.see_list(session, office.actor("head"), list_id)
    assert drawn is not None
    return drawn.state


def _approved(office: Office, *choices: Choice) -> int:
    list_id = _drawn(office, *choices)
    disposing.decide(
        office.database, office.actor("head"), list_id, Decision.APPROVED, words=None, now=OVER
    )
    return list_id


def _carried(office: Office, list_id: int, blobs: LocalBlobs | None = None) -> job_store.Job:
    job_id = disposing.ask_to_carry_out(
        office.database, office.actor("archivist"), office.people["archivist"], list_id,
        witnesses="丙，丁", key=key(), now=OVER,
    )  # fmt: skip
    office.runner(blobs, at=OVER).run_once()
    return office.job(job_id)


def test_a_disposal_closes_the_case_removes_its_files_and_all_chains_hold(
    office: Office, tmp_path: Path
) -> None:
    gone, stays, other = office.case(), office.case(), office.case()
    own = office.file("独有.pdf", b"of this case alone", "application/pdf")
    shared = office.file("共有.pdf", b"of two cases", "application/pdf")
    office.writes(gone, "evidence", evidence("独有"), own, shared)
    party = Party(name="某某公司", sort="unit", role="fire_unit")
    office.writes(gone, "parties", party)
    keys = list(party.keys())
    with office.database.readers.begin() as session:
        assert keys
        assert find_keys(session, keys)
    office.writes(other, "evidence", evidence("共有"), shared)
    office.writes(
        stays, "evidence", evidence("留存"), office.file("留.pdf", b"x", "application/pdf")
    )
    office.filed(gone)
    office.filed(stays)
    choices = (Choice(gone.id, False, "无保存价值"), Choice(stays.id, True, "仍有查考价值"))
    list_id = _approved(office, *choices)
    job = _carried(office, list_id)
    assert job.state is JobState.DONE, job.words
    assert _state(office, list_id) is DisposalState.DONE
    assert [office.blobs.exists(each.sha256) for each in (own, shared)] == [False, True]

    archivist = office.actor("archivist")
    with office.database.readers.begin() as session:
        with pytest.raises(DisposedCase):
            case_file(session, archivist, gone.number, CALENDAR, OVER.date(), law=LAW)
        with pytest.raises(NoSuchCase) as hidden:
            stranger = Actor("nobody")
            case_file(session, stranger, gone.number, CALENDAR, OVER.date(), law=LAW)
        assert not isinstance(hidden.value, DisposedCase)
        seen = list_cases(session, scope_of(archivist), Filters(), None, 50)
        assert {each.number for each in seen.lines} == {stays.number, other.number}
        assert due_files(session, archivist, OFFICE, OVER.date())[0].case_id == stays.id
        drawn = disposing.see_list(session, archivist, list_id)
        assert find_keys(session, keys) == []
        assert list(verify_files(session, office.blobs)) == []
    with pytest.raises(DisposedCase):
        office.writes(gone, "evidence", evidence("再写"), by=office.actor("carrier"))
    assert drawn is not None
    (entry,) = [each for each in drawn.entries if each.case_id == gone.id]
    assert (entry.number, entry.filed_on, entry.is_kept) == (gone.number, TODAY, False)
    assert len(entry.journal_hash) == len(entry.records_hash) == 64
    assert [each.what for each in drawn.acts] == ["approved", "begun", "done"]

    assert list(verify_all(office.database, workers=1)) == []
    # Whoever loses a file of another case still hears of it.
    office.blobs.remove(shared.sha256)
    with office.database.readers.begin() as session:
        (fault,) = verify_files(session, office.blobs)
    assert fault.number == other.number

    backup = tmp_path / "one.tar.gz"
    made = make_backup(office.database, office.blobs, backup, Protection(), now=OVER)
    assert (made.missing, check_backup(backup, Protection()).missing) == (0, 0)


@contextmanager
def _refused(kind: type[Faulty], field: str) -> Iterator[None]:
    with pytest.raises(kind) as refusal:
        yield
    assert field in {each.field for each in refusal.value.problems}


def test_whoever_drew_up_a_list_never_decides_it(quick_office: Office) -> None:
    office = quick_office
    ref = office.case()
    office.filed(ref)
    list_id = _drawn(office, Choice(ref.id, False, "无保存价值"), by="both")
    decide: Callable[..., None] = disposing.decide
    for who, field in (("both", "decision"), ("archivist", "office"), ("carrier", "office")):
        with _refused(NotAllowed, field):
            decide(
                office.database, office.actor(who), list_id, Decision.APPROVED, words=None, now=OVER
            )
    with _refused(Refused, "words"):
        decide(
            office.database, office.actor("head"), list_id, Decision.REFUSED, words=None, now=OVER
        )
    decide(
        office.database, office.actor("head"), list_id, Decision.REFUSED, words="再鉴定", now=OVER
    )
    with _refused(Refused, "list"):
        decide(
            office.database, office.actor("head"), list_id, Decision.APPROVED, words=None, now=OVER
        )
    with _refused(Refused, "list"):
        disposing.ask_to_carry_out(
            office.database, office.actor("archivist"), office.people["archivist"], list_id,
            witnesses="丙，丁", key=key(), now=OVER,
        )  # fmt: skip
    # What was refused can be listed again, and taken back.
    again = _drawn(office, Choice(ref.id, False, "无保存价值"))
    with _refused(Refused, "cases"):
        _drawn(office, Choice(ref.id, False, "两份清册"))
    disposing.withdraw(office.database, office.actor("second"), again, words="暂缓", now=OVER)
    assert _state(office, again) is DisposalState.WITHDRAWN


def test_only_what_is_due_is_listed_each_with_its_appraisal(quick_office: Office) -> None:
    office = quick_office
    ref, early = office.case(), office.case()
    office.filed(ref)
    office.filed(early, "years30")
    with _refused(Refused, "cases"):
        _drawn(office, Choice(early.id, False, "未到期"))
    with _refused(Refused, f"opinion-{ref.id}"):
        _drawn(office, Choice(ref.id, False, " "))
    with _refused(Refused, "cases"):
        _drawn(office)
    with _refused(NotAllowed, "office"):
        _drawn(office, Choice(ref.id, False, "无权"), by="head")
    list_id = _approved(office, Choice(ref.id, False, "无保存价值"))
    with _refused(Refused, "witnesses"):
        disposing.ask_to_carry_out(
            office.database, office.actor("archivist"), office.people["archivist"], list_id,
            witnesses="丙", key=key(), now=OVER,
        )  # fmt: skip
    # Its retention is made longer after the list was approved: nothing is disposed of.
    archive = office.archive(ref, on=OVER.date())
    longer = retention_filing(
        archive.file, kept(archive.file, archive.records), "permanent", filed_on=TODAY, place=None,
        why="发现新价值", acting_for=None,
    )  # fmt: skip
    office.files(ref, longer, by=office.actor("archivist"), now=OVER)
    assert _carried(office, list_id).state is JobState.FAILED
    assert _state(office, list_id) is DisposalState.APPROVED


def test_what_is_out_is_not_disposed_of(quick_office: Office) -> None:
    office = quick_office
    ref = office.case()
    office.filed(ref)
    list_id = _approved(office, Choice(ref.id, False, "无保存价值"))
    out = Lending("某人", "某局", "查阅", "paper", lent_on=TODAY, due_on=TODAY)
    office.writes(ref, "lendings", out)
    assert _carried(office, list_id).state is JobState.FAILED
    assert _state(office, list_id) is DisposalState.APPROVED
    back = replace(out, returned_on=TODAY, received_by="某人")
    office.files(ref, Filing("lendings", back, 1, 1))
    assert _carried(office, list_id).state is JobState.DONE


class _Breaking(LocalBlobs):
    """A file store whose server is killed while files are removed."""

    def remove(self, _sha256: str) -> None:
        raise KeyboardInterrupt


def test_a_disposal_that_was_killed_goes_on(office: Office) -> None:
    ref = office.case()
    own = office.file("独有.pdf", b"of this case alone", "application/pdf")
    office.writes(ref, "evidence", evidence("独有"), own)
    office.filed(ref)
    list_id = _approved(office, Choice(ref.id, False, "无保存价值"))
    with pytest.raises(KeyboardInterrupt):
        _carried(office, list_id, _Breaking(office.blobs.folder))
    assert _state(office, list_id) is DisposalState.BEGUN
    assert office.blobs.exists(own.sha256)
    with office.database.readers.begin() as session, pytest.raises(DisposedCase):
        case_file(session, office.actor("archivist"), ref.number, CALENDAR, OVER.date(), law=LAW)
    # By itself, once the lease is over; or by whoever asks for it to go on.
    assert office.runner(at=OVER.replace(hour=6)).run_once()
    assert _state(office, list_id) is DisposalState.DONE
    assert not office.blobs.exists(own.sha256)
    assert list(verify_all(office.database, workers=1)) == []
