"""Bytes in a store that speaks S3: kept whole and once, in parts, read from any place, while it fails."""

import hashlib
import json
import os
import time
from collections.abc import Iterator
from io import BytesIO
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Thread
from typing import Any, BinaryIO

import pytest
from moto.server import ThreadedMotoServer

from fireinvest.gateways.blobs import (
    PIECE,
    Blob,
    Busy,
    NoSuchBlob,
    StoreAway,
    TooLarge,
    from_url,
)
from fireinvest.gateways.s3 import S3Blobs, s3_from_url

HELLO = hashlib.sha256(b"hello").hexdigest()
NAME = "ab" * 16
MEGABYTE = 1024**2


@pytest.fixture(scope="session")
def store() -> Iterator[str]:
    """The address of a server that speaks the protocol."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def blobs(store: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> S3Blobs:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "only-for-tests")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    bucket = hashlib.sha256(request.node.name.encode()).hexdigest()[:40]
    found = from_url(f"s3://{bucket}/files?endpoint={store}")
    assert isinstance(found, S3Blobs)
    found.client.create_bucket(Bucket=bucket)
    return found


def put(blobs: S3Blobs, content: bytes, at_most: int = 64 * MEGABYTE) -> Blob:
    return blobs.put(BytesIO(content), at_most=at_most)


def content(blobs: S3Blobs, sha256: str) -> bytes:
    with blobs.open(sha256) as stream:
        return stream.read()


def kept(blobs: S3Blobs) -> list[str]:
    return sorted(key for key, _size in blobs.keys(""))


@pytest.mark.parametrize("size", [0, 1, PIECE + 1, 9 * MEGABYTE])
def test_what_was_put_comes_back(blobs: S3Blobs, size: int) -> None:
    given = os.urandom(size)
    blob = put(blobs, given)
    assert blob == Blob(hashlib.sha256(given).hexdigest(), size)
    assert put(blobs, given) == blob
    assert kept(blobs) == [f"{blob.sha256[:2]}/{blob.sha256[2:4]}/{blob.sha256}"]
    assert blobs.exists(blob.sha256)
    assert list(blobs.names()) == [blob.sha256]
    assert content(blobs, blob.sha256) == given


def test_it_is_read_from_any_place(blobs: S3Blobs) -> None:
    given = os.urandom(3 * PIECE + 7)
    with blobs.open(put(blobs, given).sha256) as stream:
        for at in (0, 5, 2 * PIECE, PIECE - 1, len(given) - 3, len(given), len(given) + 9):
            stream.seek(at)
            assert stream.read(11) == given[at : at + 11]
        assert stream.seek(-4, 2) == len(given) - 4
        assert stream.read() == given[-4:]


def test_what_is_too_large_or_refused_by_a_check_is_not_kept(blobs: S3Blobs) -> None:
    assert put(blobs, b"x" * 10, 10).size == 10
    before = kept(blobs)
    with pytest.raises(TooLarge):
        put(blobs, b"y" * 11, 10)

    def refuse(whole: BinaryIO) -> None:
        assert whole.read() == b"hello"
        raise ValueError("not this")

    with pytest.raises(ValueError, match="not this"):
        blobs.put(BytesIO(b"hello"), at_most=5, check=refuse)
    assert kept(blobs) == before
    assert blobs.put(BytesIO(b"hello"), at_most=5, check=lambda whole: None).sha256 == HELLO


def test_what_is_removed_is_gone_and_may_come_again(blobs: S3Blobs) -> None:
    put(blobs, b"hello")
    for each in (HELLO, HELLO, "../x", ""):
        blobs.remove(each)
    assert kept(blobs) == []
    assert not blobs.exists(HELLO)
    assert put(blobs, b"hello").sha256 == HELLO


@pytest.mark.parametrize("sha256", ["0" * 64, "", HELLO + "\n", HELLO.upper(), "../" * 21 + "x"])
def test_what_is_not_kept_or_is_no_hash_is_not_found(blobs: S3Blobs, sha256: str) -> None:
    put(blobs, b"hello")
    assert not blobs.exists(sha256)
    with pytest.raises(NoSuchBlob):
        blobs.open(sha256)


# ---------------------------------------------------------------------------- in parts


@pytest.mark.parametrize("sizes", [(3,), (3, 4, 1), (5 * MEGABYTE, 5 * MEGABYTE, 7)])
def test_a_file_in_parts_becomes_one(blobs: S3Blobs, sizes: tuple[int, ...]) -> None:
    parts = [os.urandom(size) for size in sizes]
    whole = b"".join(parts)
    sha256 = hashlib.sha256(whole).hexdigest()
    at = 0
    for part in parts:
        with blobs.unfinished(NAME) as file:
            assert file.length == at
            assert file.add(BytesIO(part), at=at, at_most=len(part)).size == len(part)
            at += len(part)
    assert list(blobs.unfinished_names()) == [NAME]
    with blobs.unfinished(NAME) as file:
        with file.whole() as stream:
            assert stream.read() == whole
        file.keep(sha256)
        assert file.length == 0
    assert content(blobs, sha256) == whole
    assert kept(blobs) == [f"{sha256[:2]}/{sha256[2:4]}/{sha256}"]
    assert list(blobs.unfinished_names()) == []


def test_what_lies_behind_a_part_is_replaced(blobs: S3Blobs) -> None:
    with blobs.unfinished(NAME) as file:
        for at, part in ((0, b"abcd"), (4, b"efgh"), (6, b"XY"), (2, b"12345")):
            file.add(BytesIO(part), at=at, at_most=9)
        assert (file.whole().read(), file.length) == (b"ab12345", 7)
        with pytest.raises(TooLarge):
            file.add(BytesIO(b"0123456789"), at=7, at_most=9)
        assert file.length == 7
        file.drop()
        assert file.length == 0


def test_one_at_a_time_adds_to_a_file_and_whoever_is_gone_holds_it_no_longer(
    blobs: S3Blobs,
) -> None:
    with blobs.unfinished(NAME), pytest.raises(Busy), blobs.unfinished(NAME):
        pass
    for body in (json.dumps({"until": time.time() - 1}).encode(),):
        blobs.client.put_object(
            Bucket=blobs.bucket, Key=f"{blobs.prefix}unfinished/{NAME}.lock", Body=body
        )
        with blobs.unfinished(NAME) as file:
            assert file.length == 0
    assert kept(blobs) == []
    with pytest.raises(ValueError, match="not the name"), blobs.unfinished("../x"):
        pass


# ---------------------------------------------------------------------------- while it fails


class _Nobody(BaseRequestHandler):
    """Hangs up on whoever comes."""

    def handle(self) -> None:
        self.request.close()


def test_a_store_that_hangs_up_is_told_as_away(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "only-for-tests")
    with ThreadingTCPServer(("127.0.0.1", 0), _Nobody) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        blobs = s3_from_url(f"s3://files?endpoint=http://127.0.0.1:{server.server_address[1]}")
        blobs.client.meta.events.register("needs-retry.s3", lambda **_: None)
        for work in (
            lambda: put(blobs, b"hello"),
            lambda: blobs.open(HELLO),
            lambda: blobs.exists(HELLO),
            lambda: blobs.remove(HELLO),
            lambda: list(blobs.names()),
            lambda: blobs.unfinished(NAME).__enter__(),
        ):
            with pytest.raises(StoreAway):
                work()
        server.shutdown()
        thread.join()


def test_reading_that_breaks_off_is_taken_up_where_it_was(
    blobs: S3Blobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = os.urandom(4 * PIECE)
    sha256 = put(blobs, given).sha256
    fetched: list[int] = []
    fetch = S3Blobs.fetch

    class Breaking:
        def __init__(self, body: Any) -> None:
            self.body, self.left = body, PIECE + 5

        def read(self, size: int) -> bytes:
            if not self.left:
                raise ConnectionResetError
            piece: bytes = self.body.read(min(size, self.left))
            self.left -= len(piece)
            return piece

        def close(self) -> None:
            self.body.close()

    def breaking(store: S3Blobs, key: str, begin: int) -> Any:
        fetched.append(begin)
        return Breaking(fetch(store, key, begin))

    monkeypatch.setattr(S3Blobs, "fetch", breaking)
    monkeypatch.setattr("fireinvest.gateways.s3.time.sleep", lambda _seconds: None)
    assert content(blobs, sha256) == given
    assert fetched == [0, PIECE + 5, 2 * PIECE + 10, 3 * PIECE + 15]


# ---------------------------------------------------------------------------- addresses


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("s3://files", S3Blobs("files")),
        ("s3://files/a/b/", S3Blobs("files", "a/b/")),
        ("s3://f?endpoint=http://h:9&region=cn", S3Blobs("f", "", "http://h:9", "cn")),
    ],
)
def test_an_address_names_bucket_prefix_and_endpoint(url: str, expected: S3Blobs) -> None:
    assert s3_from_url(url) == expected


@pytest.mark.parametrize(
    "url",
    ["s3://", "s3:///x", "s3://key:secret@files", "s3://f?endpoint=a&endpoint=b", "s3://f?x=1"],
)
def test_an_address_that_says_less_or_more_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ValueError, match="BLOB_URL") as caught:
        from_url(url)
    assert "secret" not in str(caught.value)
