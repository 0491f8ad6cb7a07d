"""Large files come in parts: whatever breaks in between, what arrived stays, and nothing is half."""

import errno
import hashlib
import os
import signal
import tracemalloc
from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from threading import Event, Thread
from typing import Any, BinaryIO

import pytest

from fireinvest.gateways.blobs import Busy, LocalBlobs
from fireinvest.messages import Faulty
from fireinvest.services import uploading
from fireinvest.services.files import Staged, clear_staged, staged_files
from fireinvest.services.people import create_person
from fireinvest.services.uploading import (
    Limits,
    NoSuchUpload,
    OutOfStep,
    Upload,
    add_part,
    begin,
    clear_uploads,
    drop,
    find,
    finish,
    unfinished_of,
)
from fireinvest.store import Database, open_database
from tests.services.office import NOW
from tests.services.test_crash import in_child, killed_at

MEGABYTE = 1024**2
LIMITS = Limits(largest=200 * MEGABYTE, quota=300 * MEGABYTE)
FILM = b"\0\0\0\x1cftypisom\0\0\2\0isomiso2" + bytes(range(256)) * 40


class Office:
    """Somebody who sends files, and where they are kept."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database, self.blobs = database, LocalBlobs(folder)
        self.person = create_person(database, login="sun", name="孙某", now=NOW)

    def begin(self, length: int = len(FILM), name: str = "现场.mp4", **more: Any) -> Upload:
        given = {"limits": LIMITS, "now": NOW, **more}
        return begin(self.database, self.blobs, self.person, name, length, "m", **given)

    def add(
        self, upload: Upload, content: bytes | BinaryIO, at: int, sha256: str | None = None
    ) -> int:
        stream = BytesIO(content) if isinstance(content, bytes) else content
        return add_part(
            self.database, self.blobs, self.person, upload.id, stream,
            at=at, sha256=sha256, now=NOW,
        )  # fmt: skip

    def finish(self, upload: Upload) -> Staged:
        return finish(self.database, self.blobs, self.person, upload.id, now=NOW)

    def staged(self, upload: Upload) -> list[Staged]:
        with self.database.readers.begin() as session:
            return staged_files(session, self.person, [upload.id])

    def arrived(self, upload: Upload) -> int:
        return find(self.database, self.person, upload.id).arrived

    def left(self) -> list[str]:
        return list(self.blobs.unfinished_names())


@pytest.fixture
def office(database: Database, tmp_path: Path) -> Office:
    return Office(database, tmp_path / "files")


@pytest.fixture
def quick(quick_database: Database, tmp_path: Path) -> Office:
    return Office(quick_database, tmp_path / "files")


class Broken(BytesIO):
    """A line that breaks after so many bytes."""

    def __init__(self, content: bytes, after: int, error: BaseException) -> None:
        super().__init__(content)
        self._after, self._error = after, error

    def read(self, size: int | None = -1) -> bytes:
        if self.tell() >= self._after:
            raise self._error
        return super().read(min(size or 0, self._after - self.tell()))


def test_a_file_comes_in_parts_and_is_staged_when_it_is_whole(office: Office) -> None:
    upload = office.begin()
    assert office.add(upload, FILM[:4000], 0) == 4000
    digest = hashlib.sha256(FILM[4000:]).hexdigest()
    with pytest.raises(OutOfStep):
        office.finish(upload)
    assert office.add(upload, FILM[4000:], 4000, digest) == len(FILM)
    staged = office.finish(upload)
    assert (staged.id, staged.name, staged.media_type) == (upload.id, "现场.mp4", "video/mp4")
    assert (staged.sha256, staged.size) == (hashlib.sha256(FILM).hexdigest(), len(FILM))
    assert office.staged(upload) == [staged]
    with office.blobs.open(staged.sha256) as kept:
        assert kept.read() == FILM
    assert office.left() == []
    # An answer that was lost on its way is given again.
    assert office.finish(upload) == staged
    assert unfinished_of(office.database, office.person) == []


def test_the_same_file_is_gone_on_with_and_another_begun(office: Office) -> None:
    upload = office.begin()
    office.add(upload, FILM[:100], 0)
    again = office.begin()
    assert (again.id, again.arrived) == (upload.id, 100)
    others = [
        office.begin(length=len(FILM) + 1),
        office.begin(name="其他.mp4"),
        begin(
            office.database, office.blobs, office.person, "现场.mp4", len(FILM), "other",
            limits=LIMITS, now=NOW,
        ),
    ]  # fmt: skip
    assert len({each.id for each in (upload, *others)}) == 4
    assert len(unfinished_of(office.database, office.person)) == 4


def test_only_the_part_that_is_missing_is_taken(office: Office) -> None:
    upload = office.begin()
    office.add(upload, FILM[:100], 0)
    for at in (0, 99, 101, -1):
        with pytest.raises(OutOfStep) as caught:
            office.add(upload, FILM[:10], at)
        assert caught.value.arrived == 100
    # Damaged on its way: it doesn't count, and comes once more.
    with pytest.raises(OutOfStep):
        office.add(upload, b"x" * 100, 100, hashlib.sha256(FILM[100:200]).hexdigest())
    assert office.add(upload, FILM[100:], 100) == len(FILM)
    assert office.finish(upload).sha256 == hashlib.sha256(FILM).hexdigest()


def test_a_line_that_breaks_costs_the_part_on_its_way(office: Office) -> None:
    upload = office.begin()
    office.add(upload, FILM[:100], 0)
    with pytest.raises(ConnectionError):
        office.add(upload, Broken(FILM[100:], 50, ConnectionError()), 100)
    assert office.arrived(upload) == 100
    office.add(upload, FILM[100:], 100)
    assert office.finish(upload).sha256 == hashlib.sha256(FILM).hexdigest()


def test_more_than_was_said_is_refused(quick: Office) -> None:
    upload = quick.begin(length=100)
    with pytest.raises(Faulty):
        quick.add(upload, FILM[:101], 0)
    assert quick.arrived(upload) == 0
    large = quick.begin(length=100 * MEGABYTE, name="b.mp4")
    with pytest.raises(Faulty):
        quick.add(large, bytes(uploading.LONGEST_PART + 1), 0)
    assert quick.arrived(large) == 0


@pytest.mark.parametrize(
    ("name", "length"),
    [
        ("a.exe", 10),
        ("", 10),
        ("a.mp4", 0),
        ("a.mp4", -1),
        ("a.mp4", LIMITS.largest + 1),
    ],
)
def test_what_is_not_taken_is_refused_before_anything_is_sent(
    quick: Office, name: str, length: int
) -> None:
    with pytest.raises(Faulty):
        quick.begin(length, name)
    assert unfinished_of(quick.database, quick.person) == []


def test_one_person_does_not_fill_the_store(quick: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    quick.begin(150 * MEGABYTE, "a.mp4")
    quick.begin(150 * MEGABYTE, "b.mp4")
    with pytest.raises(Faulty, match="too many"):
        quick.begin(1, "c.mp4")
    other = create_person(quick.database, login="li", name="李某", now=NOW)
    quick.person = other
    quick.begin(1, "c.mp4", limits=Limits(100, 100, most_files=1))
    with pytest.raises(Faulty, match="too many"):
        quick.begin(2, "d.mp4", limits=Limits(100, 100, most_files=1))
    monkeypatch.setattr(LocalBlobs, "room_left", lambda _self: 300 * MEGABYTE)
    with pytest.raises(Faulty, match="no room"):
        quick.begin(50 * MEGABYTE, "e.mp4")


def test_a_full_disk_is_told_and_nothing_is_lost(quick: Office) -> None:
    upload = quick.begin()
    quick.add(upload, FILM[:100], 0)
    with pytest.raises(Faulty, match="no room"):
        quick.add(upload, Broken(FILM[100:], 50, OSError(errno.ENOSPC, "full")), 100)
    with pytest.raises(OSError, match="broken"):
        quick.add(upload, Broken(FILM[100:], 50, OSError(errno.EIO, "broken")), 100)
    assert quick.add(upload, FILM[100:], 100) == len(FILM)


def test_what_is_not_what_it_is_called_is_not_kept(office: Office) -> None:
    upload = office.begin(length=300)
    office.add(upload, b"<!DOCTYPE html><script>" + b"x" * 277, 0)
    with pytest.raises(Faulty, match=r"text/html"):
        office.finish(upload)
    assert unfinished_of(office.database, office.person) == []
    assert office.left() == list(office.blobs.names()) == []


def test_somebody_elses_file_is_no_file(quick: Office) -> None:
    upload = quick.begin()
    mine, quick.person = (
        quick.person,
        create_person(quick.database, login="li", name="李某", now=NOW),
    )
    for ask in (
        lambda: quick.add(upload, FILM, 0),
        lambda: quick.finish(upload),
        lambda: quick.arrived(upload),
    ):
        with pytest.raises(NoSuchUpload):
            ask()
    drop(quick.database, quick.blobs, quick.person, upload.id)
    quick.person = mine
    quick.add(upload, FILM, 0)
    drop(quick.database, quick.blobs, mine, upload.id)
    drop(quick.database, quick.blobs, mine, upload.id)
    assert quick.left() == []
    for rubbish in ("", "../../etc/passwd", "A" * 32, "0" * 31):
        with pytest.raises(NoSuchUpload):
            finish(quick.database, quick.blobs, mine, rubbish, now=NOW)


def test_one_part_at_a_time(office: Office) -> None:
    upload = office.begin()
    began, goes_on = Event(), Event()

    class Slow(BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            began.set()
            goes_on.wait()
            return super().read(size)

    first = Thread(target=lambda: office.add(upload, Slow(FILM), 0))
    first.start()
    began.wait()
    with pytest.raises(Busy):
        office.add(upload, FILM, 0)
    with pytest.raises(Busy):
        office.finish(upload)
    assert clear_uploads(
        office.database, office.blobs, before=NOW + timedelta(days=1), now=NOW + timedelta(days=4)
    ) == 0  # fmt: skip
    goes_on.set()
    first.join()
    assert office.finish(upload).size == len(FILM)


def test_killed_at_any_statement_it_can_be_gone_on_with(database_url: str, tmp_path: Path) -> None:
    office = Office(open_database(database_url), tmp_path / "files")
    upload = office.begin()
    office.add(upload, FILM[:5000], 0)

    def work(there: Database) -> object:
        arrived = find(there, office.person, upload.id).arrived
        add_part(
            there, office.blobs, office.person, upload.id, BytesIO(FILM[arrived:]),
            at=arrived, sha256=None, now=NOW,
        )  # fmt: skip
        return finish(there, office.blobs, office.person, upload.id, now=NOW)

    kills = 0
    for point in range(60):
        if in_child(lambda point=point: killed_at(database_url, point, work)) is None:  # type: ignore[misc] # bound for this turn
            break
        kills += 1
        if not office.staged(upload):
            assert office.arrived(upload) in (5000, len(FILM))
        else:
            break
    assert kills > 5
    assert office.finish(upload).sha256 == hashlib.sha256(FILM).hexdigest()
    assert len(list(office.blobs.names())) == 1
    assert office.left() == []
    office.database.engine.dispose()


def test_killed_before_or_after_the_bytes_move_it_is_finished_all_the_same(quick: Office) -> None:
    url = quick.database.engine.url.render_as_string(hide_password=False)
    for moves in (False, True):
        upload = quick.begin(name=f"{moves}.mp4")
        quick.add(upload, FILM, 0)

        class Killing(LocalBlobs):
            def put_in_place(self, incoming: Path, sha256: str) -> None:
                if moves:  # noqa: B023 - within this turn
                    super().put_in_place(incoming, sha256)
                os.kill(os.getpid(), signal.SIGKILL)

        def work(of: Upload = upload, kind: type[LocalBlobs] = Killing) -> None:
            blobs = kind(quick.blobs.folder)
            finish(open_database(url), blobs, quick.person, of.id, now=NOW)

        assert in_child(work) == signal.SIGKILL
        assert quick.staged(upload) == []
        assert quick.finish(upload).sha256 == hashlib.sha256(FILM).hexdigest()


def test_parts_that_are_gone_are_asked_for_again(quick: Office) -> None:
    """As after a database was put back: backups hold no parts."""
    upload = quick.begin()
    quick.add(upload, FILM[:5000], 0)
    part = quick.blobs.folder / "unfinished" / upload.id
    os.truncate(part, 3000)
    with pytest.raises(OutOfStep) as caught:
        quick.add(upload, FILM[5000:], 5000)
    assert caught.value.arrived == quick.arrived(upload) == 3000
    part.unlink()
    with pytest.raises(OutOfStep):
        quick.finish(upload)
    quick.add(upload, FILM, 0)
    assert quick.finish(upload).size == len(FILM)


def test_what_nobody_goes_on_with_is_forgotten(office: Office) -> None:
    later = NOW + timedelta(days=9)
    before = later - timedelta(days=7)
    begun, sent, young = (office.begin(name=f"{each}.mp4") for each in "abc")
    office.add(sent, FILM[:100], 0)
    add_part(
        office.database, office.blobs, office.person, young.id, BytesIO(FILM[:100]),
        at=0, sha256=None, now=later,
    )  # fmt: skip
    (office.blobs.folder / "unfinished" / ("0" * 32)).write_bytes(b"of nobody")
    with pytest.raises(ValueError, match="young"):
        clear_uploads(office.database, office.blobs, before=later, now=later)
    assert clear_uploads(office.database, office.blobs, before=before, now=later) == 2
    assert office.left() == [young.id]
    assert [each.id for each in unfinished_of(office.database, office.person)] == [young.id]
    for each in (begun, sent):
        with pytest.raises(NoSuchUpload):
            office.add(each, FILM, 0)
    # Broken off at its very end: the bytes that have their place already go too.
    whole = office.begin(name="d.mp4")
    office.add(whole, FILM, 0)

    class Killing(LocalBlobs):
        def exists(self, sha256: str) -> bool:
            raise ConnectionError

    with pytest.raises(ConnectionError):
        finish(office.database, Killing(office.blobs.folder), office.person, whole.id, now=NOW)
    assert len(list(office.blobs.names())) == 1
    assert clear_uploads(office.database, office.blobs, before=before, now=later) == 1
    assert clear_staged(office.database, office.blobs, before=before, now=later) == 1
    assert list(office.blobs.names()) == []


def test_memory_stays_flat(quick: Office) -> None:
    size = 64 * MEGABYTE
    upload = quick.begin(size, "a.mp4")

    def zeros(count: int) -> Iterator[bytes]:
        while count:
            yield bytes(min(count, 65536))
            count -= min(count, 65536)

    class Stream(BytesIO):
        def __init__(self, head: bytes, count: int) -> None:
            super().__init__()
            self.pieces = zeros(count - len(head))
            self.head = head

        def read(self, _size: int | None = -1) -> bytes:
            head, self.head = self.head, b""
            return head or next(self.pieces, b"")

    tracemalloc.start()
    for at in range(0, size, uploading.PART):
        quick.add(upload, Stream(FILM[:28] if at == 0 else b"", uploading.PART), at)
    assert quick.finish(upload).size == size
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 12 * MEGABYTE
