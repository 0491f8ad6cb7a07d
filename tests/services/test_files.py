"""Files of a form: staged by one person, named by an entry, found again whole."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from io import BufferedReader, BytesIO, RawIOBase
from pathlib import Path
from threading import Barrier
from typing import BinaryIO, cast
from unicodedata import normalize

import pytest
from sqlalchemy import text

from fireinvest.gateways.blobs import LocalBlobs
from fireinvest.messages import Faulty, Problem, Text
from fireinvest.services.cases import CaseRef, act
from fireinvest.services.drafts import keep_draft
from fireinvest.services.files import (
    LEAST_WAIT,
    MOST_FILES,
    FileChanged,
    FileFault,
    FileLost,
    FileState,
    Staged,
    as_attachments,
    clear_staged,
    hold,
    open_attachment,
    readable_size,
    stage,
    staged_files,
    verify_blob,
    verify_files,
)
from fireinvest.services.people import create_person
from fireinvest.store import Database, open_database
from fireinvest.workflow.actions import Attachment, DocumentSent
from fireinvest.workflow.engine import Action
from tests.services.office import CALENDAR, FIRE_ON, LAW, NOW, TIMERS, TODAY, key, opened
from tests.uploads import picture

MOST = 1024**2
PDF = "application/pdf"
SCAN = b"%PDF-1.4 scan"
ONE = picture("JPEG")


@pytest.fixture
def blobs(tmp_path: Path) -> LocalBlobs:
    return LocalBlobs(tmp_path / "files")


@pytest.fixture
def quick_database(sqlite_url: str) -> Iterator[Database]:
    opened = open_database(sqlite_url)
    yield opened
    opened.engine.dispose()


def someone(database: Database, login: str = "sun") -> int:
    return create_person(database, login=login, name="孙某", now=NOW)


def staged(
    database: Database,
    blobs: LocalBlobs,
    person: int,
    content: bytes = SCAN,
    *,
    name: str | None = "批复.pdf",
    at_most: int = MOST,
    now: datetime = NOW,
) -> Staged:
    return stage(database, blobs, person, name, BytesIO(content), at_most=at_most, now=now)


def pdf(size: int) -> bytes:
    """A PDF of so many bytes."""
    return SCAN.ljust(size, b"\0")


def found(database: Database, person: int, ids: list[str]) -> list[Staged]:
    with database.readers.begin() as session:
        return staged_files(session, person, ids)


def rows(database: Database) -> int:
    with database.readers.begin() as session:
        return int(session.execute(text("SELECT count(*) FROM staged_files")).scalar_one())


def problem_of(caught: pytest.ExceptionInfo[Faulty]) -> Problem:
    (problem,) = caught.value.problems
    return problem


# ---------------------------------------------------------------------------- staging


def test_a_staged_file_is_found_as_it_was_staged(database: Database, blobs: LocalBlobs) -> None:
    sun = someone(database)
    now = datetime(2025, 9, 10, 4, 0, 0, 123456, tzinfo=UTC)
    file = staged(database, blobs, sun, now=now)
    expected = Staged(
        id=file.id,
        person_id=sun,
        name="批复.pdf",
        media_type=PDF,
        sha256=sha256(SCAN).hexdigest(),
        size=len(SCAN),
        staged_at=now,
    )
    assert file == expected
    assert found(database, sun, [file.id]) == [expected]


def test_the_same_content_is_kept_once_and_staged_for_each(
    database: Database, blobs: LocalBlobs
) -> None:
    sun, li = someone(database), someone(database, "li")
    first = staged(database, blobs, sun)
    second = staged(database, blobs, sun, name="again.pdf")
    third = staged(database, blobs, li)
    assert len({first.id, second.id, third.id}) == 3
    assert first.sha256 == second.sha256 == third.sha256
    assert len([each for each in blobs.folder.rglob("*") if each.is_file()]) == 1


def test_exactly_as_much_as_is_taken_and_one_more(database: Database, blobs: LocalBlobs) -> None:
    sun = someone(database)
    assert staged(database, blobs, sun, pdf(2048), at_most=2048).size == 2048
    with pytest.raises(Faulty) as caught:
        staged(database, blobs, sun, pdf(2049), at_most=2048)
    assert problem_of(caught) == Problem(
        "files",
        Text("The file %(name)s is larger than %(most)s.", name="批复.pdf", most="2 KB"),
    )
    assert rows(database) == 1


@pytest.mark.parametrize(("name", "shown"), [("../空.pdf", "空.pdf"), ("..", "…")])
def test_an_empty_file_is_refused(
    database: Database, blobs: LocalBlobs, name: str, shown: str
) -> None:
    sun = someone(database)
    with pytest.raises(Faulty) as caught:
        staged(database, blobs, sun, b"", name=name)
    assert problem_of(caught) == Problem("files", Text("The file %(name)s is empty.", name=shown))
    assert rows(database) == 0


def test_an_upload_that_breaks_stages_nothing(database: Database, blobs: LocalBlobs) -> None:
    class Breaks(BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell():
                raise ConnectionResetError
            return super().read(10)

    sun = someone(database)
    with pytest.raises(ConnectionResetError):
        stage(database, blobs, sun, "a.pdf", Breaks(bytes(99)), at_most=MOST, now=NOW)
    assert rows(database) == 0
    assert [each for each in blobs.folder.rglob("*") if each.is_file()] == []


def test_other_people_can_work_while_a_long_upload_runs(
    database: Database, blobs: LocalBlobs
) -> None:
    class Long(BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            # On SQLite this would wait for a transaction that is open meanwhile.
            if not self.tell():
                someone(database, "li")
            return super().read(size)

    sun = someone(database)
    stage(database, blobs, sun, "a.pdf", Long(SCAN), at_most=MOST, now=NOW)
    assert rows(database) == 1


# ---------------------------------------------------------------------------- names and types


@pytest.mark.parametrize(
    ("given", "tidied"),
    [
        ("现场照片 1.pdf", "现场照片 1.pdf"),
        ("../../etc/passwd.pdf", "passwd.pdf"),
        ("/etc/passwd.pdf", "passwd.pdf"),
        ("..\\..\\Windows\\win.pdf", "win.pdf"),
        ("C:\\scans\\批复.pdf", "批复.pdf"),
        ("a/b\\c.pdf", "c.pdf"),
        ("a\0/../b.pdf", "b.pdf"),
        ("a\r\nSet-Cookie: x.pdf", "aSet-Cookie: x.pdf"),
        ("photo\u202efdp.exe.pdf", "photofdp.exe.pdf"),
        ("\u200e\u2066a\u2069\ufeff.pdf", "a.pdf"),
        ("a\u2028b\u0085c.pdf", "abc.pdf"),
        ("half\ud800.pdf", "half.pdf"),
        ("\u3164\uffa0a.pdf", "a.pdf"),
        ("a" + "\u0301" * 500 + ".pdf", "á" + "\u0301" * 4 + ".pdf"),
        (normalize("NFD", "é.pdf"), "é.pdf"),
        ("  two   spaces\u3000here .pdf ", "two spaces here .pdf"),
        ("report.pdf. . ", "report.pdf"),
        (".pdf", ".pdf"),
        ("姓\ue000名.pdf", "姓\ue000名.pdf"),
        ("葛\U000e0100城.pdf", "葛\U000e0100城.pdf"),
        ("\U000323af.pdf", "\U000323af.pdf"),
        ("<script>'\".pdf", "<script>'\".pdf"),
        ("字" * 196 + ".pdf", "字" * 196 + ".pdf"),
        ("字" * 197 + ".pdf", "字" * 196 + ".pdf"),
        ("a" * 190 + "." * 50 + "pdf", "a" * 190 + ".pdf"),
    ],
)
def test_a_name_is_tidied(
    quick_database: Database, blobs: LocalBlobs, given: str, tidied: str
) -> None:
    assert staged(quick_database, blobs, someone(quick_database), name=given).name == tidied


@pytest.mark.parametrize(
    "given", [None, "", " ", ".", "..", "...", "..\u200e", "/", "a/", "\\", "\0", "a", "a.exe"]
)
def test_a_file_without_a_name_or_with_a_wrong_ending_is_refused_and_not_kept(
    quick_database: Database, blobs: LocalBlobs, given: str | None
) -> None:
    with pytest.raises(Faulty) as caught:
        staged(quick_database, blobs, someone(quick_database), name=given)
    assert "is not taken" in str(problem_of(caught).text)
    assert rows(quick_database) == 0
    assert [each for each in blobs.folder.rglob("*") if each.is_file()] == []


def test_any_name_can_be_kept_on_both_databases(database: Database, blobs: LocalBlobs) -> None:
    sun = someone(database)
    for name in ("a\0b.pdf", "half\ud800.pdf", "𠮷" * 300 + ".pdf", "\U0001f525.pdf"):
        file = staged(database, blobs, sun, name=name)
        assert found(database, sun, [file.id]) == [file]


def test_a_file_that_is_not_what_it_is_called_is_refused_and_not_kept(
    database: Database, blobs: LocalBlobs
) -> None:
    sun = someone(database)
    with pytest.raises(Faulty) as caught:
        staged(database, blobs, sun, b"<!DOCTYPE html><html><script>")
    expected = Text(
        "The file %(name)s does not hold what its ending says: by its content it is %(found)s.",
        name="批复.pdf",
        found="text/html",
    )
    assert problem_of(caught) == Problem("files", expected)
    assert rows(database) == 0
    assert [each for each in blobs.folder.rglob("*") if each.is_file()] == []


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1 KB"),
        (1024 + 102, "1 KB"),
        (1024 + 103, "1.1 KB"),
        (1024**2 - 1, "1023 KB"),
        (1024**2, "1 MB"),
        (3 * 1024**2 // 2, "1.5 MB"),
        (2 * 1024**2 - 1, "1.9 MB"),
        (64 * 1024**2, "64 MB"),
        (1024**3, "1 GB"),
    ],
)
def test_sizes_are_readable_and_never_rounded_up(size: int, shown: str) -> None:
    assert readable_size(size) == shown


# ---------------------------------------------------------------------------- attaching


def test_files_come_in_the_order_asked_for_and_each_once(
    database: Database, blobs: LocalBlobs
) -> None:
    sun = someone(database)
    one, two, three = (staged(database, blobs, sun, SCAN + b"%d" % n) for n in range(3))
    asked = [three.id, one.id, three.id, two.id, one.id]
    assert found(database, sun, asked) == [three, one, two]
    assert found(database, sun, []) == []


def test_somebody_elses_file_is_as_good_as_none(database: Database, blobs: LocalBlobs) -> None:
    sun, li = someone(database), someone(database, "li")
    own, other = staged(database, blobs, sun), staged(database, blobs, li)
    assert found(database, sun, [other.id, own.id]) == [own]
    assert found(database, sun, [other.id]) == found(database, sun, ["0" * 32]) == []


@pytest.mark.parametrize("bad", ["", "x", "\0", "\ud800", "0" * 31, "0" * 33, "' OR 1=1 --"])
def test_what_is_no_id_names_no_file(database: Database, blobs: LocalBlobs, bad: str) -> None:
    sun = someone(database)
    own = staged(database, blobs, sun)
    assert found(database, sun, [bad, own.id, own.id.upper() + bad]) == [own]


def test_a_form_takes_so_many_files_and_not_one_more(database: Database, blobs: LocalBlobs) -> None:
    sun = someone(database)
    files = [staged(database, blobs, sun, SCAN + b"%d" % n) for n in range(MOST_FILES + 1)]
    ids = [each.id for each in files]
    most = ids[:MOST_FILES]
    assert MOST_FILES == 300
    assert found(database, sun, [*most, *most]) == files[:MOST_FILES]
    with pytest.raises(Faulty) as caught:
        found(database, sun, ids)
    expected = Text("At most %(most)s files can be attached.", most=MOST_FILES)
    assert problem_of(caught) == Problem("files", expected)


# ---------------------------------------------------------------------------- reading


def attached(database: Database, blobs: LocalBlobs, content: bytes = SCAN) -> Attachment:
    (attachment,) = as_attachments([staged(database, blobs, someone(database), content)])
    return attachment


def path_of(blobs: LocalBlobs, attachment: Attachment) -> Path:
    (path,) = blobs.folder.rglob(attachment.sha256)
    return path


def test_an_entry_keeps_name_type_hash_and_size_in_order(
    quick_database: Database, blobs: LocalBlobs
) -> None:
    sun = someone(quick_database)
    one = staged(quick_database, blobs, sun, ONE, name="1.jpg")
    two = staged(quick_database, blobs, sun)
    assert as_attachments([two, one]) == (
        Attachment("批复.pdf", PDF, sha256(SCAN).hexdigest(), len(SCAN)),
        Attachment("1.jpg", "image/jpeg", sha256(ONE).hexdigest(), len(ONE)),
    )
    assert as_attachments([]) == ()


def test_an_attached_file_can_be_read_and_holds_what_it_held(
    quick_database: Database, blobs: LocalBlobs
) -> None:
    content = SCAN + bytes(range(256)) * 4000
    attachment = attached(quick_database, blobs, content)
    with open_attachment(blobs, attachment) as stream:
        assert stream.read() == content
    assert verify_blob(blobs, attachment)


@pytest.mark.parametrize("damage", [b"", SCAN[:-1], SCAN[:-1] + b"m", SCAN + b"s"])
def test_a_changed_file_shows(quick_database: Database, blobs: LocalBlobs, damage: bytes) -> None:
    attachment = attached(quick_database, blobs)
    path_of(blobs, attachment).write_bytes(damage)
    assert not verify_blob(blobs, attachment)


def test_a_changed_size_or_hash_in_the_entry_shows(
    quick_database: Database, blobs: LocalBlobs
) -> None:
    attachment = attached(quick_database, blobs)
    assert not verify_blob(blobs, replace(attachment, size=attachment.size + 1))
    assert not verify_blob(blobs, replace(attachment, sha256="0" * 64))
    assert not verify_blob(blobs, replace(attachment, sha256="../x"))


def test_a_lost_file_is_named(quick_database: Database, blobs: LocalBlobs) -> None:
    attachment = attached(quick_database, blobs)
    path_of(blobs, attachment).unlink()
    assert not verify_blob(blobs, attachment)
    with pytest.raises(FileLost) as caught:
        open_attachment(blobs, attachment)
    expected = Text("The file %(name)s is missing from the file store.", name="批复.pdf")
    assert problem_of(caught) == Problem("files", expected)


def test_a_file_that_was_changed_breaks_off_before_its_end(
    quick_database: Database, blobs: LocalBlobs, caplog: pytest.LogCaptureFixture
) -> None:
    sun = create_person(quick_database, login="sun", name="孙某", now=NOW)
    content = SCAN + bytes(range(256)) * 4000
    (attachment,) = as_attachments([staged(quick_database, blobs, sun, content)])
    with open_attachment(blobs, attachment) as stream:
        assert b"".join(iter(lambda: stream.read(100_000), b"")) == content
        # Read in pieces and from elsewhere, it is only checked from its beginning.
        stream.seek(-10, 2)
        assert stream.read() == content[-10:]
        stream.seek(0)
        assert stream.read(0) == b""
        assert stream.read() == content
        stream.seek(0)
        assert BufferedReader(cast(RawIOBase, stream)).read() == content
    path = blobs.folder / attachment.sha256[:2] / attachment.sha256[2:4] / attachment.sha256
    for changed in (content[:-1] + b"x", content[:-1], content + b"x", b""):
        path.write_bytes(changed)
        read = b""
        with open_attachment(blobs, attachment) as stream, pytest.raises(FileChanged):
            while piece := stream.read(100_000):
                read += piece
        assert len(read) < len(content)
        assert attachment.sha256 in caplog.text
        caplog.clear()


# ---------------------------------------------------------------------------- all files


def recorded(database: Database, ref: CaseRef, *files: Staged) -> None:
    """An entry that names these files."""
    action = Action("request_team", DocumentSent("县政府", "消〔2025〕1号"), FIRE_ON)
    act(
        database, LAW, CALENDAR, TIMERS, ref.id,
        replace(action, attachments=as_attachments(files), reason="补录"),
        idempotency_key=key(), now=NOW, today=TODAY,
    )  # fmt: skip


def faults(database: Database, blobs: LocalBlobs) -> list[FileFault]:
    with database.readers.begin() as session:
        return list(verify_files(session, blobs))


class Counting:
    """A place for files that notes what is read."""

    def __init__(self, blobs: LocalBlobs) -> None:
        self.blobs, self.read = blobs, list[str]()

    def open(self, sha256: str) -> BinaryIO:
        self.read.append(sha256)
        return self.blobs.open(sha256)


def test_every_recorded_file_is_checked_and_each_content_read_once(
    database: Database, blobs: LocalBlobs
) -> None:
    sun = someone(database)
    first, second = opened(database), opened(database)
    kept, again = staged(database, blobs, sun), staged(database, blobs, sun, name="副本.pdf")
    photo = staged(database, blobs, sun, ONE, name="1.jpg")
    lost = staged(database, blobs, sun, SCAN + b"2", name="2.pdf")
    recorded(database, first, kept, photo, lost)
    recorded(database, second, again)
    counting = Counting(blobs)
    assert faults(database, counting) == []  # type: ignore[arg-type] # it reads, and no more
    assert sorted(counting.read) == sorted({kept.sha256, photo.sha256, lost.sha256})
    (path,) = blobs.folder.rglob(lost.sha256)
    path.unlink()
    (path,) = blobs.folder.rglob(kept.sha256)
    path.write_bytes(b"changed")
    assert sorted(faults(database, blobs), key=lambda each: (each.number, each.name)) == [
        FileFault(first.number, 2, "2.pdf", FileState.MISSING),
        FileFault(first.number, 2, "批复.pdf", FileState.CHANGED),
        FileFault(second.number, 2, "副本.pdf", FileState.CHANGED),
    ]


LATER = NOW + timedelta(days=30)


def cleared(database: Database, blobs: LocalBlobs, now: datetime = LATER, days: int = 7) -> int:
    return clear_staged(database, blobs, before=now - timedelta(days=days), now=now)


def test_files_that_nothing_names_are_forgotten_after_some_days(
    database: Database, blobs: LocalBlobs
) -> None:
    sun = someone(database)
    gone = staged(database, blobs, sun, SCAN + b"gone")
    used = staged(database, blobs, sun, SCAN + b"used")
    recorded(database, opened(database), used)
    drafted = staged(database, blobs, sun, SCAN + b"draft")
    keep_draft(database, sun, "/form", [("staged", drafted.id), ("to", gone.id)], NOW)
    shared = staged(database, blobs, sun, SCAN + b"shared")
    fresh = staged(database, blobs, sun, SCAN + b"shared", now=LATER - timedelta(days=6))
    assert cleared(database, blobs) == 3
    ids = [each.id for each in (gone, used, drafted, shared, fresh)]
    assert found(database, sun, ids) == [drafted, fresh]
    assert not blobs.exists(gone.sha256)
    assert all(blobs.exists(each.sha256) for each in (used, drafted, fresh))
    assert faults(database, blobs) == []
    assert cleared(database, blobs) == 0


def test_exactly_as_old_and_a_moment_older(database: Database, blobs: LocalBlobs) -> None:
    staged(database, blobs, someone(database))
    assert cleared(database, blobs, NOW + timedelta(days=7)) == 0
    assert cleared(database, blobs, NOW + timedelta(days=7, microseconds=1)) == 1


def test_what_a_form_still_names_counts_as_new(database: Database, blobs: LocalBlobs) -> None:
    sun = someone(database)
    named, other = staged(database, blobs, sun), staged(database, blobs, sun, SCAN + b"2")
    assert hold(database, [named], LATER - timedelta(hours=1)) == [named]
    assert cleared(database, blobs) == 1
    assert blobs.exists(named.sha256)
    assert hold(database, [named, other], LATER) == [named]


def test_nothing_young_is_ever_cleared(quick_database: Database, blobs: LocalBlobs) -> None:
    with pytest.raises(ValueError, match="young"):
        clear_staged(quick_database, blobs, before=NOW - LEAST_WAIT + timedelta(seconds=1), now=NOW)


def test_the_same_content_may_be_sent_while_it_is_cleared(
    database: Database, blobs: LocalBlobs
) -> None:
    """Whatever comes first: a file that is staged has its bytes."""
    sun = someone(database)
    for number in range(8):
        content = SCAN + b"%d" % number
        staged(database, blobs, sun, content)
        both = Barrier(2, timeout=10)

        def send(content: bytes = content, both: Barrier = both) -> Staged | None:
            both.wait()
            try:
                return staged(database, blobs, sun, content, now=LATER)
            except Faulty:
                return None  # It is to be sent again.

        with ThreadPoolExecutor(1) as pool:
            sending = pool.submit(send)
            both.wait()
            cleared(database, blobs)
            file = sending.result()
        if file is not None:
            assert found(database, sun, [file.id]) == [file]
            assert blobs.exists(file.sha256)
