"""The bytes of files in a store that speaks the S3 protocol, for many machines at once.

What hashes to ``aabb…`` is the object ``aa/bb/aabb…`` below the prefix. An object appears only when
it is whole. Files that come in parts are objects of their own until they are whole; who adds to one
holds an object as a lock, which another may take over once it is old.
"""

import json
import secrets
import sys
import tempfile
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from io import SEEK_CUR, SEEK_END, SEEK_SET, BufferedReader, RawIOBase
from typing import Any, BinaryIO, cast
from urllib.parse import parse_qs, unquote, urlsplit

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from fireinvest.clock import utcnow
from fireinvest.gateways.blobs import (
    PART_NAME,
    PIECE,
    SHA256,
    Blob,
    Busy,
    NoSuchBlob,
    StoreAway,
    copy_pieces,
)

#: Seconds after which somebody who holds a file that comes in parts is taken for gone. No part
#: takes longer on its way.
_HELD = 900.0
#: How often what breaks off in the middle of reading is taken up again.
_READS = 4
#: Larger objects go in pieces of this size (bytes); so does what is copied within the store.
_PIECE_OF_OBJECT = 8 * 1024 * 1024
#: The protocol joins objects within the store only where all but the last are so large (bytes).
_LEAST_JOINED = 5 * 1024 * 1024
_TRANSFER = TransferConfig(
    multipart_threshold=_PIECE_OF_OBJECT,
    multipart_chunksize=_PIECE_OF_OBJECT,
    max_concurrency=2,
    use_threads=False,
)
_MISSING = frozenset({"404", "NoSuchKey", "NotFound"})
_LOST_RACE = frozenset({"412", "409", "PreconditionFailed", "ConditionalRequestConflict"})


def s3_from_url(url: str) -> "S3Blobs":
    """Return the store at ``s3://bucket/prefix?endpoint=https://host&region=name``.

    The prefix, the endpoint and the region may be missing. Keys are taken from where S3 programs
    look for them: ``AWS_ACCESS_KEY_ID`` and ``AWS_SECRET_ACCESS_KEY`` in the environment, and so
    on. Nothing is connected before first use.

    Raises:
        ValueError: for an address that names no bucket, or says more than that.

    """
    parts = urlsplit(url)
    given = parse_qs(parts.query, keep_blank_values=True)
    is_known = set(given) <= {"endpoint", "region"} and all(
        len(each) == 1 for each in given.values()
    )
    if parts.scheme != "s3" or not parts.netloc or "@" in parts.netloc or not is_known:
        # The address is not repeated: it may carry a password.
        raise ValueError("BLOB_URL must name a bucket: s3://bucket/prefix?endpoint=https://host.")
    prefix = unquote(parts.path).strip("/")
    endpoint, region = given.get("endpoint", [None])[0], given.get("region", [None])[0]
    return S3Blobs(parts.netloc, f"{prefix}/" if prefix else "", endpoint, region)


@dataclass(frozen=True)
class S3Blobs:
    """A bucket, and below which prefix; see :class:`fireinvest.gateways.blobs.Blobs`."""

    bucket: str
    prefix: str = ""
    endpoint: str | None = None
    region: str | None = None

    @cached_property
    def client(self) -> Any:
        """What speaks the protocol; it may be used by several threads."""
        config = Config(
            connect_timeout=5,
            read_timeout=30,
            retries={"total_max_attempts": 4, "mode": "standard"},
            s3={"addressing_style": "path"} if self.endpoint else None,
        )
        return boto3.session.Session().client(
            "s3", endpoint_url=self.endpoint, region_name=self.region or "us-east-1", config=config
        )

    def put(
        self, stream: BinaryIO, *, at_most: int, check: Callable[[BinaryIO], None] | None = None
    ) -> Blob:
        """See :class:`Blobs`. What comes is measured on this machine's disk first."""
        with tempfile.TemporaryFile() as spool:
            blob = copy_pieces(stream, cast(BinaryIO, spool), at_most)
            if check is not None:
                spool.seek(0)
                check(cast(BinaryIO, spool))
            spool.seek(0)
            self.upload(cast(BinaryIO, spool), self.key_of(blob.sha256))
        return blob

    def open(self, sha256: str) -> BinaryIO:
        """See :class:`Blobs`."""
        key = self.key_of(sha256)
        size = self._size(key)
        if size is None:
            raise NoSuchBlob(sha256[:64])
        return _reader(self, [(0, size, key)])

    def exists(self, sha256: str) -> bool:
        """See :class:`Blobs`."""
        try:
            return self._size(self.key_of(sha256)) is not None
        except NoSuchBlob:
            return False

    def remove(self, sha256: str) -> None:
        """See :class:`Blobs`. Whoever reads a large one now may find the rest of it gone."""
        with suppress(NoSuchBlob):
            self.delete(self.key_of(sha256))

    def names(self) -> Iterator[str]:
        """See :class:`Blobs`."""
        for key, _size in self.keys(""):
            first, _slash, rest = key.partition("/")
            name = rest.rpartition("/")[2]
            if SHA256.fullmatch(name) and first == name[:2]:
                yield name

    @contextmanager
    def unfinished(self, name: str) -> Iterator["S3Unfinished"]:
        """See :class:`Blobs`."""
        if not PART_NAME.fullmatch(name):
            raise ValueError("not the name of an unfinished file")
        lock = f"{self.prefix}unfinished/{name}.lock"
        self._hold(lock)
        try:
            yield S3Unfinished(self, name)
        finally:
            self.delete(lock)

    def unfinished_names(self) -> Iterator[str]:
        """See :class:`Blobs`."""
        found = {
            key.removeprefix("unfinished/").partition("/")[0].removesuffix(".lock")
            for key, _size in self.keys("unfinished/")
        }
        yield from (each for each in sorted(found) if PART_NAME.fullmatch(each))

    def clear_incoming(self, before: datetime) -> int:
        """See :class:`Blobs`. What is broken off here leaves no file: none of these has a name."""
        del before
        return 0

    def room_left(self) -> int:
        """See :class:`Blobs`. Such a store doesn't say."""
        return sys.maxsize

    # ------------------------------------------------------------------ shared

    def keys(self, below: str) -> Iterator[tuple[str, int]]:
        """Yield what lies below a name: each key without the prefix, and its size in bytes."""
        pages = self.client.get_paginator("list_objects_v2")
        with _told():
            for page in pages.paginate(Bucket=self.bucket, Prefix=f"{self.prefix}{below}"):
                for each in page.get("Contents", ()):
                    yield each["Key"].removeprefix(self.prefix), each["Size"]

    def delete(self, key: str) -> None:
        """Keep an object no longer; nothing happens where there is none."""
        with _told():
            self.client.delete_object(Bucket=self.bucket, Key=key)

    def fetch(self, key: str, begin: int) -> Any:
        """Return the rest of an object from a byte on, as a stream.

        Raises:
            NoSuchBlob: when there is none.

        """
        try:
            return self.client.get_object(Bucket=self.bucket, Key=key, Range=f"bytes={begin}-")[
                "Body"
            ]
        except ClientError as error:
            if _code(error) in _MISSING:
                raise NoSuchBlob(key[-64:]) from None
            raise StoreAway("the store of files refused") from error
        except BotoCoreError as error:
            raise StoreAway("the store of files doesn't answer") from error

    def key_of(self, sha256: str) -> str:
        """Return the object that a content is.

        Raises:
            NoSuchBlob: when it is no SHA-256.

        """
        # Nothing but hex digits: no name from outside leads out of the prefix.
        if not SHA256.fullmatch(sha256):
            raise NoSuchBlob("not a SHA-256")
        return f"{self.prefix}{sha256[:2]}/{sha256[2:4]}/{sha256}"

    def _size(self, key: str) -> int | None:
        try:
            return int(self.client.head_object(Bucket=self.bucket, Key=key)["ContentLength"])
        except ClientError as error:
            if _code(error) in _MISSING:
                return None
            raise StoreAway("the store of files refused") from error
        except BotoCoreError as error:
            raise StoreAway("the store of files doesn't answer") from error

    def upload(self, stream: BinaryIO, key: str) -> None:
        """Let an object hold what the stream still holds."""
        with _told():
            self.client.upload_fileobj(stream, self.bucket, key, Config=_TRANSFER)

    def _hold(self, lock: str) -> None:
        """Take the lock of a file that comes in parts; an old one is taken over.

        Raises:
            Busy: when somebody else has it.

        """
        body = json.dumps(
            {"until": utcnow().timestamp() + _HELD, "by": secrets.token_hex(8)}
        ).encode()
        condition = {"IfNoneMatch": "*"}
        for _again in range(2):
            try:
                self.client.put_object(Bucket=self.bucket, Key=lock, Body=body, **condition)
            except ClientError as error:
                if _code(error) not in _LOST_RACE:
                    raise StoreAway("the store of files refused") from error
            except BotoCoreError as error:
                raise StoreAway("the store of files doesn't answer") from error
            else:
                return
            old = self._if_old(lock)
            if old is None:
                break
            condition = old
        raise Busy

    def _if_old(self, lock: str) -> dict[str, str] | None:
        """Return on which condition a lock is taken over, None where its holder is at work."""
        try:
            found = self.client.get_object(Bucket=self.bucket, Key=lock)
            until = float(json.loads(found["Body"].read())["until"])
        except (ClientError, ValueError, KeyError, TypeError):
            return {"IfNoneMatch": "*"}
        return {"IfMatch": found["ETag"]} if until < utcnow().timestamp() else None


@dataclass(frozen=True, slots=True)
class S3Unfinished:
    """A file in parts: the objects ``unfinished/<name>/<first byte>`` below the prefix."""

    blobs: S3Blobs
    name: str

    @property
    def length(self) -> int:
        """See :class:`Unfinished`."""
        parts = self._parts()
        return parts[-1][0] + parts[-1][1] if parts else 0

    def add(self, stream: BinaryIO, *, at: int, at_most: int) -> Blob:
        """See :class:`Unfinished`."""
        parts = self._parts()
        with tempfile.TemporaryFile() as spool:
            added = copy_pieces(stream, cast(BinaryIO, spool), at_most)
            spool.seek(0)
            for first, size, key in parts:
                if first >= at:
                    self.blobs.delete(key)
                elif first + size > at:
                    # What lies behind the place where it goes on is replaced.
                    self._cut(key, at - first)
            self.blobs.upload(cast(BinaryIO, spool), self._key(at))
        return added

    def whole(self) -> BinaryIO:
        """See :class:`Unfinished`."""
        return _reader(self.blobs, self._parts())

    def keep(self, sha256: str) -> None:
        """See :class:`Unfinished`."""
        parts = self._parts()
        key = self.blobs.key_of(sha256)
        if len(parts) > 1 and all(size >= _LEAST_JOINED for _first, size, _key in parts[:-1]):
            self._join(parts, key)
        else:
            with self.whole() as stream:
                self.blobs.upload(stream, key)
        self.drop()

    def drop(self) -> None:
        """See :class:`Unfinished`."""
        for key, _size in self.blobs.keys(f"unfinished/{self.name}/"):
            self.blobs.delete(f"{self.blobs.prefix}{key}")

    def _join(self, parts: list[tuple[int, int, str]], key: str) -> None:
        """Join the parts within the store: none of the bytes come here again."""
        client, bucket = self.blobs.client, self.blobs.bucket
        with _told():
            begun = client.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
            try:
                done = []
                for number, (_first, _size, part) in enumerate(parts, 1):
                    copied = client.upload_part_copy(
                        Bucket=bucket, Key=key, UploadId=begun, PartNumber=number,
                        CopySource={"Bucket": bucket, "Key": part},
                    )  # fmt: skip
                    done.append({"PartNumber": number, "ETag": copied["CopyPartResult"]["ETag"]})
                client.complete_multipart_upload(
                    Bucket=bucket, Key=key, UploadId=begun, MultipartUpload={"Parts": done}
                )
            except BaseException:
                with suppress(ClientError, BotoCoreError):
                    client.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=begun)
                raise

    def _cut(self, key: str, size: int) -> None:
        with _reader(self.blobs, [(0, size, key)]) as stream, tempfile.TemporaryFile() as spool:
            copy_pieces(stream, cast(BinaryIO, spool), size)
            spool.seek(0)
            self.blobs.upload(cast(BinaryIO, spool), key)

    def _key(self, at: int) -> str:
        return f"{self.blobs.prefix}unfinished/{self.name}/{at:016d}"

    def _parts(self) -> list[tuple[int, int, str]]:
        """The parts that follow each other from the beginning: first byte, size, and key."""
        found = sorted(self.blobs.keys(f"unfinished/{self.name}/"))
        parts: list[tuple[int, int, str]] = []
        end = 0
        for key, size in found:
            first = int(key.rpartition("/")[2])
            if first != end or not size:
                break
            parts.append((first, size, f"{self.blobs.prefix}{key}"))
            end = first + size
        return parts


def _reader(blobs: S3Blobs, parts: list[tuple[int, int, str]]) -> BinaryIO:
    return cast(BinaryIO, BufferedReader(_Reading(blobs, parts), PIECE))


class _Reading(RawIOBase):
    """Objects read one behind the other, from any place; what breaks off is taken up again."""

    def __init__(self, blobs: S3Blobs, parts: list[tuple[int, int, str]]) -> None:
        """Read these: the first byte of each, its size, and its key."""
        self._blobs = blobs
        self._parts = parts
        self._firsts = [first for first, _size, _key in parts]
        self._size = parts[-1][0] + parts[-1][1] if parts else 0
        self._at = 0
        self._body: Any = None
        self._until = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = SEEK_SET) -> int:
        base = {SEEK_SET: 0, SEEK_CUR: self._at, SEEK_END: self._size}[whence]
        at = max(0, base + offset)
        if at != self._at:
            self._drop()
        self._at = at
        return at

    def readinto(self, buffer: Any) -> int:
        if self._at >= self._size or not len(buffer):
            return 0
        for again in range(_READS):
            try:
                piece = self._read(len(buffer))
            except (BotoCoreError, OSError, ValueError) as error:
                # A line that broke, or a body that ended before its time.
                self._drop()
                if again + 1 == _READS or isinstance(error, StoreAway):
                    raise StoreAway("the store of files broke off") from error
                time.sleep(0.1 * 2**again)
                continue
            buffer[: len(piece)] = piece
            self._at += len(piece)
            if self._at >= self._until:
                self._drop()
            return len(piece)
        raise AssertionError  # the last try returns or raises

    def _read(self, size: int) -> bytes:
        if self._body is None:
            first, length, key = self._parts[bisect_right(self._firsts, self._at) - 1]
            self._body = self._blobs.fetch(key, self._at - first)
            self._until = first + length
        piece: bytes = self._body.read(min(size, self._until - self._at))
        if not piece:
            raise ValueError("the body ended before its time")
        return piece

    def _drop(self) -> None:
        body, self._body = self._body, None
        if body is not None:
            body.close()

    def close(self) -> None:
        self._drop()
        super().close()


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def _told() -> Iterator[None]:
    """Let whoever asks hear of a store that is away in one way."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise StoreAway("the store of files doesn't do what is asked") from error
