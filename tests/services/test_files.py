"""Files of a form: staged by one person, named by an entry, found again whole."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from unicodedata import normalize

import pytest
from sqlalchemy import text

from fireinvest.gateways.blobs import LocalBlobs
from fireinvest.messages import Faulty, Problem, Text
from fireinvest.services.files import (
    MOST_FILES,
    FileLost,
    Staged,
    as_attachments,
    open_attachment,
    readable_size,
    stage,
    staged_files,
    verify_blob,
)
from fireinvest.services.people import create_person
from fireinvest.store import Database, open_database
from fireinvest.workflow.actions import Attachment
from tests.services.office import NOW

MOST = 1024**2
PDF = "application/pdf"
UNKNOWN = "application/octet-stream"


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
    content: bytes = b"scan",
    *,
    name: str | None = "批复.pdf",
    media_type: str | None = PDF,
    at_most: int = MOST,
    now: datetime = NOW,
) -> Staged:
    stream = BytesIO(content)
    return stage(database, blobs, person, name, media_type, stream, at_most=at_most, now=now)


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
    file = staged(database, blobs, sun, b"scan", now=now)
    expected = Staged(
        id=file.id,
        person_id=sun,
        name="批复.pdf",
        media_type=PDF,
        sha256=sha256(b"scan").hexdigest(),
        size=4,
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
    assert staged(database, blobs, sun, bytes(2048), at_most=2048).size == 2048
    with pytest.raises(Faulty) as caught:
        staged(database, blobs, sun, bytes(2049), at_most=2048)
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
        stage(database, blobs, sun, "a.pdf", PDF, Breaks(bytes(99)), at_most=MOST, now=NOW)
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
    stage(database, blobs, sun, "a.pdf", PDF, Long(b"scan"), at_most=MOST, now=NOW)
    assert rows(database) == 1


# ---------------------------------------------------------------------------- names and types


@pytest.mark.parametrize(
    ("given", "tidied"),
    [
        ("现场照片 1.jpg", "现场照片 1.jpg"),
        ("../../etc/passwd", "passwd"),
        ("/etc/passwd", "passwd"),
        ("..\\..\\Windows\\win.ini", "win.ini"),
        ("C:\\scans\\批复.pdf", "批复.pdf"),
        ("a/b\\c.txt", "c.txt"),
        ("a\0/../b.txt", "b.txt"),
        ("a\r\nSet-Cookie: x.txt", "aSet-Cookie: x.txt"),
        ("photo\u202egpj.exe", "photogpj.exe"),
        ("\u200e\u2066a\u2069\ufeff.txt", "a.txt"),
        ("a\u2028b\u0085c.txt", "abc.txt"),
        ("half\ud800.txt", "half.txt"),
        (normalize("NFD", "é.txt"), "é.txt"),
        ("  two   spaces\u3000here .txt ", "two spaces here .txt"),
        ("report.pdf. . ", "report.pdf"),
        (".hidden", ".hidden"),
        ("姓\ue000名.txt", "姓\ue000名.txt"),
        ("葛\U000e0100城.txt", "葛\U000e0100城.txt"),
        ("<script>'\".txt", "<script>'\".txt"),
        ("字" * 200, "字" * 200),
        ("字" * 201, "字" * 200),
        ("字" * 196 + ".pdf", "字" * 196 + ".pdf"),
        ("字" * 197 + ".pdf", "字" * 196 + ".pdf"),
        ("字" * 300 + "." + "x" * 18, "字" * 181 + "." + "x" * 18),
        ("字" * 300 + "." + "x" * 30, "字" * 200),
        ("a" * 190 + "." * 50 + "pdf", "a" * 190 + ".pdf"),
    ],
)
def test_a_name_is_tidied(
    quick_database: Database, blobs: LocalBlobs, given: str, tidied: str
) -> None:
    assert staged(quick_database, blobs, someone(quick_database), name=given).name == tidied


@pytest.mark.parametrize(
    "given", [None, "", " ", ".", "..", "...", ". .", "..\u200e", "/", "a/", "\\", "\0", "\u202e"]
)
def test_a_file_without_a_name_is_called_by_its_hash(
    quick_database: Database, blobs: LocalBlobs, given: str | None
) -> None:
    file = staged(quick_database, blobs, someone(quick_database), name=given)
    assert file.name == sha256(b"scan").hexdigest()[:12]


def test_any_name_can_be_kept_on_both_databases(database: Database, blobs: LocalBlobs) -> None:
    sun = someone(database)
    for name in ("a\0b.txt", "half\ud800.txt", "𠮷" * 300, "\U0001f525.jpg"):
        file = staged(database, blobs, sun, name=name)
        assert found(database, sun, [file.id]) == [file]


@pytest.mark.parametrize(
    ("given", "known"),
    [
        (PDF, PDF),
        ("Image/JPEG", "image/jpeg"),
        ("text/plain; charset=utf-8", "text/plain"),
        ("image/svg+xml", "image/svg+xml"),
        ("a/" + "b" * 98, "a/" + "b" * 98),
        ("a/" + "b" * 99, UNKNOWN),
        (None, UNKNOWN),
        ("", UNKNOWN),
        ("pdf", UNKNOWN),
        ("/pdf", UNKNOWN),
        ("application/", UNKNOWN),
        ("a/b/c", UNKNOWN),
        ("text/html\r\nX: y", UNKNOWN),
        ("text/ht ml", UNKNOWN),
        ("文本/字", UNKNOWN),
        ("text/<b>", UNKNOWN),
    ],
)
def test_a_type_is_kept_if_it_has_the_shape_of_one(
    quick_database: Database, blobs: LocalBlobs, given: str | None, known: str
) -> None:
    file = staged(quick_database, blobs, someone(quick_database), media_type=given)
    assert file.media_type == known


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
    one, two, three = (staged(database, blobs, sun, b"%d" % n) for n in range(3))
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
    files = [staged(database, blobs, sun, b"%d" % n) for n in range(MOST_FILES + 1)]
    ids = [each.id for each in files]
    most = ids[:MOST_FILES]
    assert MOST_FILES == 20
    assert found(database, sun, [*most, *most]) == files[:MOST_FILES]
    with pytest.raises(Faulty) as caught:
        found(database, sun, ids)
    expected = Text("At most %(most)s files can be attached.", most=20)
    assert problem_of(caught) == Problem("files", expected)


# ---------------------------------------------------------------------------- reading


def attached(database: Database, blobs: LocalBlobs, content: bytes = b"scan") -> Attachment:
    (attachment,) = as_attachments([staged(database, blobs, someone(database), content)])
    return attachment


def path_of(blobs: LocalBlobs, attachment: Attachment) -> Path:
    (path,) = blobs.folder.rglob(attachment.sha256)
    return path


def test_an_entry_keeps_name_type_hash_and_size_in_order(
    quick_database: Database, blobs: LocalBlobs
) -> None:
    sun = someone(quick_database)
    one = staged(quick_database, blobs, sun, b"one", name="1.jpg", media_type="image/jpeg")
    two = staged(quick_database, blobs, sun, b"second")
    assert as_attachments([two, one]) == (
        Attachment("批复.pdf", PDF, sha256(b"second").hexdigest(), 6),
        Attachment("1.jpg", "image/jpeg", sha256(b"one").hexdigest(), 3),
    )
    assert as_attachments([]) == ()


def test_an_attached_file_can_be_read_and_holds_what_it_held(
    quick_database: Database, blobs: LocalBlobs
) -> None:
    content = bytes(range(256)) * 4096
    attachment = attached(quick_database, blobs, content)
    with open_attachment(blobs, attachment) as stream:
        assert stream.read() == content
    assert verify_blob(blobs, attachment)


@pytest.mark.parametrize("damage", [b"", b"sca", b"scam", b"scans"])
def test_a_changed_file_shows(quick_database: Database, blobs: LocalBlobs, damage: bytes) -> None:
    attachment = attached(quick_database, blobs)
    path_of(blobs, attachment).write_bytes(damage)
    assert not verify_blob(blobs, attachment)


def test_a_changed_size_or_hash_in_the_entry_shows(
    quick_database: Database, blobs: LocalBlobs
) -> None:
    attachment = attached(quick_database, blobs)
    assert not verify_blob(blobs, replace(attachment, size=5))
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
