"""Bytes are kept whole, once, and for good; and nothing from outside leads out of the folder."""

import hashlib
import os
import signal
import tracemalloc
from collections.abc import Callable
from io import BufferedReader, BytesIO, RawIOBase
from pathlib import Path
from stat import S_IMODE
from threading import Barrier, Thread
from typing import Any, BinaryIO

import pytest

from fireinvest.gateways.blobs import PIECE, Blob, LocalBlobs, NoSuchBlob, TooLarge, from_url

MEGABYTE = 1024**2
HELLO = hashlib.sha256(b"hello").hexdigest()


class Poured(RawIOBase):
    """A stream of so many zeros, which are nowhere in memory; ``at_byte`` says when to do what."""

    def __init__(
        self, size: int, at_byte: int | None = None, happens: Callable[[], object] = lambda: None
    ) -> None:
        self.left = size
        self.poured = 0
        self.at_byte = at_byte
        self.happens = happens

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self.at_byte is not None and self.poured >= self.at_byte:
            self.happens()
        count = min(len(buffer), self.left)
        buffer[:count] = bytes(count)
        self.left -= count
        self.poured += count
        return count


def poured(size: int, at_byte: int | None = None, happens: Any = lambda: None) -> BufferedReader:
    return BufferedReader(Poured(size, at_byte, happens))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "not" / "there" / "yet"


@pytest.fixture
def blobs(folder: Path) -> LocalBlobs:
    return LocalBlobs(folder)


def put(blobs: LocalBlobs, content: bytes, at_most: int = MEGABYTE) -> Blob:
    return blobs.put(BytesIO(content), at_most=at_most)


def content(blobs: LocalBlobs, sha256: str) -> bytes:
    with blobs.open(sha256) as stream:
        return stream.read()


def kept(folder: Path) -> list[str]:
    """Every file in the folder."""
    return sorted(str(each.relative_to(folder)) for each in folder.rglob("*") if not each.is_dir())


def in_place(sha256: str) -> str:
    return f"{sha256[:2]}/{sha256[2:4]}/{sha256}"


def in_child(work: Callable[[], object]) -> int:
    """Start the work in a process of its own; return its id."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException:
            os._exit(1)
        os._exit(0)
    return child


def ended_by(child: int) -> int:
    """Wait for a process; return the signal that ended it, 0 for a good end."""
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return os.WTERMSIG(status)
    assert os.WEXITSTATUS(status) == 0
    return 0


# ---------------------------------------------------------------------------- kept


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 7])
def test_what_was_put_comes_back(blobs: LocalBlobs, folder: Path, size: int) -> None:
    given = os.urandom(size)
    blob = put(blobs, given)
    assert blob == Blob(hashlib.sha256(given).hexdigest(), size)
    assert kept(folder) == [in_place(blob.sha256)]
    assert blobs.exists(blob.sha256)
    assert content(blobs, blob.sha256) == given


def test_only_what_the_stream_still_holds_is_put(blobs: LocalBlobs) -> None:
    stream = BytesIO(b"oh hello")
    stream.seek(3)
    assert blobs.put(stream, at_most=5).sha256 == HELLO


def test_the_same_content_twice_is_one_file(blobs: LocalBlobs, folder: Path) -> None:
    assert put(blobs, b"hello") == put(blobs, b"hello")
    assert kept(folder) == [in_place(HELLO)]
    assert content(blobs, HELLO) == b"hello"


def test_damaged_content_is_whole_again_once_it_is_put_again(
    blobs: LocalBlobs, folder: Path
) -> None:
    put(blobs, b"hello")
    (folder / in_place(HELLO)).write_bytes(b"hell")
    put(blobs, b"hello")
    assert content(blobs, HELLO) == b"hello"


def test_whoever_reads_goes_on_while_the_same_is_put(blobs: LocalBlobs) -> None:
    given = os.urandom(4 * PIECE)
    blob = put(blobs, given)
    with blobs.open(blob.sha256) as stream:
        beginning = stream.read(10)
        put(blobs, given)
        assert beginning + stream.read() == given


def test_folders_and_files_are_for_the_server_alone(blobs: LocalBlobs, folder: Path) -> None:
    before = os.umask(0)
    try:
        put(blobs, b"hello")
    finally:
        os.umask(before)
    file = folder / in_place(HELLO)
    modes = {S_IMODE(each.stat().st_mode) for each in (folder, file.parent, file.parent.parent)}
    assert modes == {0o700}
    assert S_IMODE(file.stat().st_mode) == 0o600


def test_once_put_a_power_cut_takes_neither_the_bytes_nor_the_names(
    blobs: LocalBlobs, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(blobs, b"hello")
    synced: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def note(handle: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{handle}").readlink()))
        fsync(handle)

    def note_replace(source: Path, target: Path) -> Path:
        synced.append("in place")
        return replace(source, target)

    monkeypatch.setattr(os, "fsync", note)
    monkeypatch.setattr(Path, "replace", note_replace)
    put(blobs, b"hello")
    assert synced[0].startswith(f"{folder}/incoming-")
    file = folder / in_place(HELLO)
    # All of them, even though the folders were there before.
    assert synced[1:] == ["in place", *map(str, list(file.parents)[:4])]


# ---------------------------------------------------------------------------- not kept


@pytest.mark.parametrize("at_most", [1, 10, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE])
def test_exactly_as_much_as_is_taken_and_one_more(
    blobs: LocalBlobs, folder: Path, at_most: int
) -> None:
    assert put(blobs, bytes(at_most), at_most).size == at_most
    before = kept(folder)
    with pytest.raises(TooLarge) as caught:
        put(blobs, bytes(at_most + 1), at_most)
    assert caught.value.at_most == at_most
    assert kept(folder) == before


def test_what_is_too_large_is_not_read_to_its_end(blobs: LocalBlobs, folder: Path) -> None:
    raw = Poured(1024 * MEGABYTE)
    with pytest.raises(TooLarge):
        blobs.put(BufferedReader(raw), at_most=MEGABYTE)
    assert raw.poured <= MEGABYTE + 2 * PIECE
    assert kept(folder) == []


def test_a_stream_that_breaks_leaves_nothing(blobs: LocalBlobs, folder: Path) -> None:
    during: list[list[str]] = []

    def breaks() -> None:
        during.append(kept(folder))
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        blobs.put(poured(4 * MEGABYTE, at_byte=2 * MEGABYTE, happens=breaks), at_most=8 * MEGABYTE)
    # It was being written, aside, when the stream broke.
    assert [name.startswith("incoming-") for name in during[0]] == [True]
    assert kept(folder) == []


def test_a_process_killed_while_it_reads_leaves_only_what_is_aside(
    blobs: LocalBlobs, folder: Path
) -> None:
    def dies() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    stream = poured(4 * MEGABYTE, at_byte=2 * MEGABYTE, happens=dies)
    assert ended_by(in_child(lambda: blobs.put(stream, at_most=8 * MEGABYTE))) == signal.SIGKILL
    assert [name.startswith("incoming-") for name in kept(folder)] == [True]
    assert put(blobs, b"hello").sha256 == HELLO


def test_a_process_killed_at_any_later_point_leaves_all_or_nothing(
    blobs: LocalBlobs, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fsync = os.fsync
    found = []
    for point in range(20):
        calls = iter(range(20))

        def dies(handle: int, calls: Any = calls, point: int = point) -> None:
            if next(calls) == point:
                os.kill(os.getpid(), signal.SIGKILL)
            fsync(handle)

        given = b"hello %d" % point
        sha256 = hashlib.sha256(given).hexdigest()
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", dies)
            end = ended_by(in_child(lambda given=given: put(blobs, given)))  # type: ignore[misc] # given is bytes
        found.append(blobs.exists(sha256))
        if found[-1]:
            assert content(blobs, sha256) == given
        if end == 0:
            break
    # Nothing is in place before its bytes are safe; afterwards it is.
    assert found == [False, True, True, True, True, True]
    aside = [name for name in kept(folder) if "/" not in name]
    assert [name.startswith("incoming-") for name in aside] == [True]


def test_what_a_check_refuses_is_not_kept(blobs: LocalBlobs, folder: Path) -> None:
    seen: list[bytes] = []

    def refuse(whole: BinaryIO) -> None:
        seen.append(whole.read())
        raise ValueError("not this")

    with pytest.raises(ValueError, match="not this"):
        blobs.put(BytesIO(b"hello"), at_most=5, check=refuse)
    assert (seen, kept(folder)) == ([b"hello"], [])


def test_what_a_check_lets_pass_is_kept(blobs: LocalBlobs) -> None:
    assert blobs.put(BytesIO(b"hello"), at_most=5, check=lambda whole: None).sha256 == HELLO
    assert content(blobs, HELLO) == b"hello"


def test_what_is_removed_is_gone_and_may_come_again(blobs: LocalBlobs, folder: Path) -> None:
    put(blobs, b"hello")
    with blobs.open(HELLO) as stream:
        blobs.remove(HELLO)
        assert stream.read() == b"hello"
    assert kept(folder) == []
    for none in (HELLO, "../x", ""):
        blobs.remove(none)
    put(blobs, b"hello")
    assert blobs.exists(HELLO)


# ---------------------------------------------------------------------------- at once


def test_two_threads_that_put_the_same_at_once_make_one_file(
    blobs: LocalBlobs, folder: Path
) -> None:
    size = 3 * MEGABYTE
    both_read = Barrier(2, timeout=30)
    found: list[Blob] = []

    def work() -> None:
        stream = poured(size, at_byte=2 * MEGABYTE, happens=both_read.wait)
        found.append(blobs.put(stream, at_most=size))

    threads = [Thread(target=work) for _ in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    sha256 = hashlib.sha256(bytes(size)).hexdigest()
    assert found == [Blob(sha256, size)] * 2
    assert kept(folder) == [in_place(sha256)]
    assert content(blobs, sha256) == bytes(size)


def test_many_processes_put_the_same_and_other_contents_at_once(
    blobs: LocalBlobs, folder: Path
) -> None:
    contents = [bytes([n]) * 1000 for n in range(30)]
    children = [
        in_child(lambda own=own: [put(blobs, each) for each in [*contents, b"own %d" % own]])  # type: ignore[misc] # own is a number
        for own in range(6)
    ]
    assert [ended_by(each) for each in children] == [0] * 6
    expected = [*contents, *(b"own %d" % own for own in range(6))]
    hashes = [hashlib.sha256(each).hexdigest() for each in expected]
    assert kept(folder) == sorted(map(in_place, hashes))
    assert [content(blobs, each) for each in hashes] == expected


def test_another_process_may_make_the_folders_first(
    blobs: LocalBlobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    mkdir = Path.mkdir

    def come_second(folder: Path, **options: Any) -> None:
        os.makedirs(folder, exist_ok=True)  # noqa: PTH103 # Path's own is the one replaced
        mkdir(folder, **options)

    monkeypatch.setattr(Path, "mkdir", come_second)
    assert put(blobs, b"hello").sha256 == HELLO


def test_memory_stays_flat(blobs: LocalBlobs) -> None:
    blobs.put(poured(2 * MEGABYTE), at_most=2 * MEGABYTE)
    tracemalloc.start()
    try:
        blob = blobs.put(poured(50 * MEGABYTE), at_most=50 * MEGABYTE)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert blob.size == 50 * MEGABYTE
    assert peak < 3 * MEGABYTE


# ---------------------------------------------------------------------------- asked for


@pytest.mark.parametrize(
    "sha256",
    [
        "0" * 64,
        "",
        HELLO[:-1],
        HELLO + "0",
        HELLO + "\n",
        HELLO + "/../" + HELLO,
        HELLO.upper(),
        "g" * 64,
        "٣" * 64,
        "../../../../etc/passwd",
        "../" * 21 + "x",
        ".." + HELLO[2:],
        "\0" * 64,
        "/etc/passwd",
    ],
)
def test_what_is_not_kept_or_is_no_hash_is_not_found(
    blobs: LocalBlobs, folder: Path, sha256: str
) -> None:
    put(blobs, b"hello")
    (folder / "xx").write_bytes(b"a secret beside")
    assert not blobs.exists(sha256)
    with pytest.raises(NoSuchBlob):
        blobs.open(sha256)


def test_before_first_use_nothing_is_found_and_nothing_is_made(
    blobs: LocalBlobs, folder: Path
) -> None:
    assert not blobs.exists(HELLO)
    with pytest.raises(NoSuchBlob):
        blobs.open(HELLO)
    assert not folder.exists()


# ---------------------------------------------------------------------------- addresses


@pytest.mark.parametrize("name", ["files", "附件", "with space", "100%20#?x"])
def test_an_address_names_its_folder_as_it_is_called(tmp_path: Path, name: str) -> None:
    blobs = from_url(f"file://{tmp_path / name}")
    blob = blobs.put(BytesIO(b"hello"), at_most=5)
    assert kept(tmp_path) == [f"{name}/{in_place(blob.sha256)}"]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/srv/files",
        "file:",
        "file://",
        "file:///",
        "file:////",
        "file://relative",
        "file://host/folder",
        "FILE:///srv/files",
        "s4://key:password@bucket",
        "http://host/folder",
        "file:///srv\0/files",
    ],
)
def test_any_other_address_is_refused_by_the_name_of_the_setting(url: str) -> None:
    with pytest.raises(ValueError, match=r"\ABLOB_URL must name a folder or a bucket") as caught:
        from_url(url)
    assert "password" not in str(caught.value)


def test_names_are_those_of_all_that_is_kept(blobs: LocalBlobs, folder: Path) -> None:
    assert list(blobs.names()) == []
    kept = {put(blobs, each).sha256 for each in (b"hello", b"world", b"")}
    (folder / "incoming-abc").write_bytes(b"half")
    (folder / "aa" / "bb").mkdir(parents=True, exist_ok=True)
    (folder / "aa" / "bb" / "notes.txt").write_bytes(b"of somebody")
    assert sorted(blobs.names()) == sorted(kept)
    blobs.remove(HELLO)
    assert set(blobs.names()) == kept - {HELLO}
