"""What an uploaded file really is: by what it holds, whatever it is called."""

import struct
import tracemalloc
import zlib
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

import pytest

from config import UPLOAD_TYPES
from fireinvest.messages import render
from fireinvest.services.contents import KINDS, NotTaken, media_type_of
from tests.uploads import (
    PARTS,
    PDF,
    TAKEN,
    archive,
    film,
    heif,
    old_document,
    picture,
    riff,
)

ALL = tuple(KINDS)


def kind(name: str, content: bytes, allowed: tuple[str, ...] = ALL) -> str:
    return media_type_of(BytesIO(content), name, allowed=allowed)


def refusal(name: str, content: bytes, allowed: tuple[str, ...] = ALL) -> str:
    with pytest.raises(NotTaken) as refused:
        kind(name, content, allowed)
    return render(refused.value.text, "en")


def test_the_settings_know_the_same_endings() -> None:
    assert set(UPLOAD_TYPES) == set(KINDS) == {ending for ending, *_ in TAKEN}


@pytest.mark.parametrize(("ending", "content", "media_type"), TAKEN)
def test_what_agrees_with_its_ending_is_taken(ending: str, content: bytes, media_type: str) -> None:
    assert kind(f"附件.{ending}", content) == media_type
    assert kind(f"附件.{ending.upper()}", content) == media_type


#: What runs, in a browser or on a machine.
ACTIVE = {
    "html": b"<!DOCTYPE html><html><script>alert(1)</script>",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>',
    "xml": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>',
    "sh": b"#!/bin/sh\nrm -rf /\n",
    "bat": b"@echo off\r\ndel *.*\r\n",
    "py": b"#!/usr/bin/env python3\nimport os\n",
    "exe": b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0L\x01" + bytes(300),
    "elf": Path("/bin/true").read_bytes(),
}


@pytest.mark.parametrize("ending", [*ACTIVE, "js", "docm", "xlsm", "msi", "lnk", "hta", "jar"])
def test_no_other_ending_is_taken(ending: str) -> None:
    said = refusal(f"a.{ending}", ACTIVE.get(ending, PDF))
    assert said.startswith(f"The file a.{ending} is of a kind that is not taken. Taken are: pdf,")


@pytest.mark.parametrize("name", ["a", "pdf", "a.", "…", "a.pdf.", "a.pdf ", "a.pdf\u202e"])
def test_a_name_without_an_ending_that_is_taken_is_refused(name: str) -> None:
    assert "is not taken" in refusal(name, PDF)


@pytest.mark.parametrize("ending", ["pdf", "txt", "csv", "jpg", "docx", "doc", "zip", "mp4"])
@pytest.mark.parametrize("holds", ACTIVE)
def test_what_runs_is_refused_under_any_ending(ending: str, holds: str) -> None:
    assert "does not hold what its ending says" in refusal(f"a.{ending}", ACTIVE[holds])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.pdf", picture("PNG")),
        ("a.jpg", picture("PNG")),
        ("a.png", PDF),
        ("a.txt", PDF),
        ("a.docx", old_document("EncryptedPackage")),
        ("a.doc", archive(PARTS, "word/document.xml")),
        ("a.mp4", riff(b"AVI LIST")),
        ("a.mp3", PDF),
        ("a.heic", film(b"isom")),
        ("a.rar", archive("a.txt")),
        ("a.pdf", bytes(2000)),
    ],
)
def test_ending_and_content_must_agree(name: str, content: bytes) -> None:
    assert "does not hold what its ending says" in refusal(name, content)


def test_an_office_may_take_less() -> None:
    assert kind("a.pdf", PDF, ("pdf",)) == "application/pdf"
    assert refusal("a.jpg", picture("JPEG"), ("pdf",)).endswith("Taken are: pdf.")


# ---------------------------------------------------------------------------- pictures


def gif(width: int, height: int) -> bytes:
    whole = bytearray(picture("GIF"))
    whole[6:10] = struct.pack("<HH", width, height)
    return bytes(whole)


def png(width: int, height: int) -> bytes:
    whole = bytearray(picture("PNG"))
    whole[16:24] = struct.pack(">II", width, height)
    whole[29:33] = struct.pack(">I", zlib.crc32(whole[12:29]))
    return bytes(whole)


def bmp(width: int, height: int) -> bytes:
    whole = bytearray(picture("BMP"))
    whole[18:26] = struct.pack("<ii", width, height)
    return bytes(whole)


def jpeg(width: int, height: int) -> bytes:
    whole = bytearray(picture("JPEG"))
    at = whole.index(b"\xff\xc0") + 5
    whole[at : at + 4] = struct.pack(">HH", height, width)
    return bytes(whole)


def webp(width: int, height: int) -> bytes:
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return riff(b"WEBP", b"VP8X\x0a\0\0\0\0\0\0\0" + size)


def webp_lossless(width: int, height: int) -> bytes:
    bits = (width - 1) | (height - 1) << 14
    return riff(b"WEBP", b"VP8L\x05\0\0\0\x2f" + struct.pack("<I", bits) + bytes(8))


def tiff(width: int, height: int, order: str = "<", *, pages: int = 1) -> bytes:
    made = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HI", 42, 8)
    for page in range(pages):
        made += struct.pack(f"{order}H", 2)
        size = (width, height) if page + 1 == pages else (3, 2)
        for tag, value in zip((256, 257), size, strict=True):
            made += struct.pack(f"{order}HHII", tag, 4, 1, value)
        made += struct.pack(f"{order}I", len(made) + 4 if page + 1 < pages else 0)
    return made


def big_tiff(width: int, height: int) -> bytes:
    made = b"II" + struct.pack("<HHHQQ", 43, 8, 0, 16, 2)
    for tag, value in ((256, width), (257, height)):
        made += struct.pack("<HHQQ", tag, 4, 1, value)
    return made + bytes(8)


PICTURES = {
    "gif": (gif, "gif"),
    "png": (png, "png"),
    "bmp": (bmp, "bmp"),
    "webp": (webp, "webp"),
    "tiff": (tiff, "tif"),
    "big_tiff": (big_tiff, "tif"),
    "heif": (heif, "heic"),
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_has_at_most_so_many_pixels(name: str) -> None:
    make, ending = PICTURES[name]
    kind(f"a.{ending}", make(20_000, 10_000))
    too_large = "The picture a.{} has more than 200 megapixels."
    assert refusal(f"a.{ending}", make(20_000, 10_001)) == too_large.format(ending)


def test_pictures_of_other_shapes_are_measured_too() -> None:
    kind("a.jpg", jpeg(16_000, 12_500))
    assert "megapixels" in refusal("a.jpg", jpeg(16_000, 12_501))
    kind("a.webp", webp_lossless(16_000, 12_500))
    assert "megapixels" in refusal("a.webp", webp_lossless(16_000, 12_501))
    assert "megapixels" in refusal("a.tif", tiff(20_000, 10_001, ">"))
    # A small first page, and a large one behind it.
    assert "megapixels" in refusal("a.tif", tiff(20_000, 10_001, pages=3))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jpg", b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0"),
        ("a.png", picture("PNG")[:20]),
        ("a.png", png(0, 5)),
        ("a.gif", b"GIF89a"),
        ("a.bmp", picture("BMP")[:20]),
        ("a.webp", riff(b"WEBP", b"VP8 " + bytes(20))),
        ("a.tif", b"II*\0\xff\xff\xff\x7f" + bytes(20)),
        ("a.tif", tiff(5, 5)[:-10]),
        ("a.tif", b"II*\0\x08\0\0\0\xff\xff" + bytes(50)),
        ("a.heic", film(b"heic")),
    ],
)
def test_a_picture_whose_header_cannot_be_read_is_refused(name: str, content: bytes) -> None:
    said = refusal(name, content)
    assert "is damaged" in said or "does not hold" in said


@pytest.mark.parametrize("made", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_a_photograph_that_is_damaged_further_on_can_be_evidence(made: str) -> None:
    whole = picture(made, (400, 300))
    ending = {"JPEG": "jpg", "TIFF": "tif"}.get(made, made.lower())
    cut = whole[: -len(whole) // 3] if made != "TIFF" else whole
    assert kind(f"a.{ending}", cut + b"\xff\0\xee")


# ---------------------------------------------------------------------------- archives


def stored(count: int, name: str = "%d.txt") -> bytes:
    made = BytesIO()
    with ZipFile(made, "w", ZIP_STORED) as opened:
        for number in range(count):
            opened.writestr(name % number, b"")
    return made.getvalue()


def declared(content: bytes, size: int) -> bytes:
    """The archive, whose list says that its one entry unpacks to this size."""
    at = content.index(b"PK\x01\x02") + 24
    return content[:at] + struct.pack("<I", size) + content[at + 4 :]


def test_an_archive_has_at_most_so_many_entries() -> None:
    kind("a.zip", stored(10_000))
    assert refusal("a.zip", stored(10_001)) == "The archive a.zip holds more than 10000 files."
    # So long a list that it isn't even read.
    assert "holds more than" in refusal("a.zip", stored(10_000, "x" * 500 + "%d"))


def test_an_archive_that_grows_too_much_is_refused() -> None:
    made = BytesIO()
    with ZipFile(made, "w", ZIP_DEFLATED) as opened:
        opened.writestr("zeros", bytes(70 * 1024**2))
    bomb = made.getvalue()
    assert len(bomb) < 100_000
    said = "The file a.zip would unpack to far more than its own size."
    assert refusal("a.zip", bomb) == said
    small = archive("[Content_Types].xml", "xl/workbook.xml", **{"xl/a.xml": bytes(60 * 1024**2)})
    kind("a.xlsx", small)  # Tables shrink a lot; so little harms nobody.
    large = declared(archive("a"), 2**32 - 2)
    assert refusal("a.zip", large) == said


def test_many_archives_in_an_archive_are_refused() -> None:
    kind("a.zip", stored(10, "%d.zip"))
    assert refusal("a.zip", stored(11, "%d.7Z")) == (
        "The archive a.zip holds more than 10 other archives."
    )


@pytest.mark.parametrize("name", ["a.zip", "a.docx"])
def test_a_locked_archive_is_refused(name: str) -> None:
    content = archive(PARTS, "word/document.xml") if name == "a.docx" else archive("a.txt")
    locked = bytearray(content)
    at = locked.index(b"PK\x01\x02") + 8
    locked[at] |= 1
    assert refusal(name, bytes(locked)) == f"The file {name} is locked with a password."


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.zip", archive("a.txt")[:-10]),
        ("a.zip", b"PK\x03\x04" + bytes(100)),
        ("a.docx", archive(PARTS, "xl/workbook.xml")),
        ("a.xlsx", archive("a.txt")),
        ("a.ofd", archive("a.txt")),
        ("a.ofd", archive("x/OFD.xml")),
    ],
)
def test_a_document_must_have_its_parts(name: str, content: bytes) -> None:
    said = refusal(name, content)
    assert "is damaged" in said or "does not hold" in said


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.docx", archive(PARTS, "word/document.xml", "word/vbaProject.bin")),
        ("a.xlsx", archive(PARTS, "xl/workbook.xml", "xl/VBAPROJECT.BIN")),
        ("a.xlsx", archive(PARTS, "xl/workbook.xml", "xl/macrosheets/sheet1.xml")),
        ("a.doc", old_document("WordDocument", "_VBA_PROJECT")),
        (
            "a.xls",
            old_document("Workbook") + bytes(1024**2 - 1030) + "_VBA_PROJECT".encode("utf-16-le"),
        ),
    ],
)
def test_macros_are_refused(name: str, content: bytes) -> None:
    assert refusal(name, content) == (f"The document {name} carries macros; save it without them.")


def test_paths_in_an_archive_are_nobodys_concern() -> None:
    """Nothing is unpacked, so nothing is written where a path leads."""
    assert kind("a.zip", archive("../../etc/passwd", "/etc/passwd", "C:\\a")) == "application/zip"


def test_memory_stays_flat(tmp_path: Path) -> None:
    file = tmp_path / "large"
    with file.open("wb") as target:
        target.write(PDF)
        target.truncate(200 * 1024**2)
    with file.open("rb") as stream:
        media_type_of(stream, "a.pdf", allowed=ALL)
        tracemalloc.start()
        try:
            media_type_of(stream, "a.pdf", allowed=ALL)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < 3 * 1024**2
