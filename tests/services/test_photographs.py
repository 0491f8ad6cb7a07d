"""Photographs: small pictures of them, what they say of themselves, and traps that are left alone."""

from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from fireinvest.gateways.blobs import LocalBlobs
from fireinvest.services import photographs
from fireinvest.services.photographs import (
    PhotoFacts,
    Size,
    clear_pictures,
    facts_of,
    is_photo,
    picture_of,
)
from fireinvest.workflow.actions import Attachment
from tests.uploads import heif, picture

NORTH = {1: "N", 2: (25.0, 29.0, 24.0), 3: "E", 4: (103.0, 47.0, 45.6)}
SOUTH = {1: "S", 2: (25.0, 30.0, 0.0), 3: "W", 4: (103.0, 0.0, 0.0)}


class Shelf:
    """A place for files, and a folder for what is made of them."""

    def __init__(self, folder: Path) -> None:
        self.blobs = LocalBlobs(folder / "files")
        self.folder = folder / "pictures"

    def kept(self, content: bytes, media_type: str = "image/jpeg") -> Attachment:
        blob = self.blobs.put(BytesIO(content), at_most=10**7)
        return Attachment("照片.jpg", media_type, blob.sha256, blob.size)

    def made(self, content: bytes, media_type: str = "image/jpeg") -> Image.Image | None:
        found = picture_of(self.blobs, self.folder, self.kept(content, media_type), Size.SMALL)
        return None if found is None else Image.open(BytesIO(found))


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


def photo(
    size: tuple[int, int] = (900, 600),
    *,
    taken: str | None = None,
    zone: str | None = None,
    gps: dict[int, Any] | None = None,
    turned: int | None = None,
    **more: Any,
) -> bytes:
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "Maker", "Model\x00\x07"
    if turned:
        exif[0x0112] = turned
    if taken is not None:
        exif.get_ifd(0x8769)[0x9003] = taken
    if zone is not None:
        exif.get_ifd(0x8769)[0x9011] = zone
    if gps is not None:
        exif.get_ifd(0x8825).update(gps)
    made = BytesIO()
    Image.new("RGB", size, (90, 60, 30)).save(made, "JPEG", exif=exif, **more)
    return made.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP", "WEBP"])
def test_a_small_picture_is_made_of_each_kind(shelf: Shelf, kind: str) -> None:
    made = shelf.made(picture(kind, (700, 350)), f"image/{kind.lower()}")
    assert made is not None
    assert (made.format, made.size, made.mode) == ("JPEG", (320, 160), "RGB")


def test_it_stands_upright_and_says_nothing_of_its_place(shelf: Shelf) -> None:
    content = photo(turned=6, gps=NORTH, taken="2025:05:14 15:00:00")
    made = shelf.made(content)
    assert made is not None
    assert made.size == (213, 320)
    assert not made.getexif()
    # The original is as it came.
    attachment = shelf.kept(content)
    with shelf.blobs.open(attachment.sha256) as stream:
        assert stream.read() == content


def test_what_is_transparent_stands_on_white(shelf: Shelf) -> None:
    target = BytesIO()
    Image.new("RGBA", (400, 400), (0, 0, 0, 0)).save(target, "PNG")
    made = shelf.made(target.getvalue(), "image/png")
    assert made is not None
    assert made.getpixel((5, 5)) == (255, 255, 255)


def test_what_can_not_be_decoded_is_tried_once(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shelf.made(b"\x89PNG\r\n\x1a\n" + b"0" * 50) is None
    assert shelf.made(b"\xff\xd8 no picture") is None
    assert len([each for each in shelf.folder.glob("*/*.jpg") if not each.stat().st_size]) == 2
    attachment = shelf.kept(b"\xff\xd8 no picture")
    monkeypatch.setattr(photographs, "_made", lambda *_: b"never")
    assert picture_of(shelf.blobs, shelf.folder, attachment, Size.SMALL) is None


def test_a_picture_is_made_once_and_goes_with_its_original(shelf: Shelf) -> None:
    attachment = shelf.kept(photo())
    first = picture_of(shelf.blobs, shelf.folder, attachment, Size.LARGE)
    (path,) = shelf.folder.glob("*/*.jpg")
    path.write_bytes(b"as it was kept")
    assert picture_of(shelf.blobs, shelf.folder, attachment, Size.LARGE) == b"as it was kept"
    path.unlink()
    assert picture_of(shelf.blobs, shelf.folder, attachment, Size.LARGE) == first
    assert clear_pictures(shelf.folder, shelf.blobs) == 0
    shelf.blobs.remove(attachment.sha256)
    assert picture_of(shelf.blobs, shelf.folder, attachment, Size.LARGE) is None
    assert clear_pictures(shelf.folder, shelf.blobs) == 1
    assert not list(shelf.folder.glob("*/*.jpg"))


def test_where_nothing_can_be_kept_it_is_made_anew(shelf: Shelf) -> None:
    shelf.folder.write_text("no folder")
    assert shelf.made(photo()) is not None


def test_bombs_are_not_decoded(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photographs, "_MOST_PIXELS", 2000 * 1000)
    assert shelf.made(picture("PNG", (2000, 1000)), "image/png") is not None
    assert shelf.made(picture("PNG", (2001, 1000)), "image/png") is None
    # A photograph is decoded at a part of its size, unless it is built up all over at once.
    assert shelf.made(photo((2560, 1920))) is not None
    assert shelf.made(photo((2560, 1920), progressive=True)) is None
    monkeypatch.setattr(photographs, "_MOST_BYTES", 10)
    assert not is_photo(shelf.kept(photo()))
    assert shelf.made(photo()) is None


def test_other_files_are_no_photographs(shelf: Shelf) -> None:
    assert shelf.made(heif(4000, 3000), "image/heic") is None
    assert shelf.made(b"%PDF-1.4", "application/pdf") is None
    assert facts_of(shelf.blobs, shelf.kept(b"%PDF-1.4", "application/pdf")) is None


@pytest.mark.parametrize(
    ("taken", "zone", "at", "has_zone"),
    [
        ("2025:05:14 15:00:00", None, datetime(2025, 5, 14, 7, tzinfo=UTC), False),
        ("2025:05:14 15:00:00", "+08:00", datetime(2025, 5, 14, 7, tzinfo=UTC), True),
        ("2025:05:14 07:00:00", "+00:00", datetime(2025, 5, 14, 7, tzinfo=UTC), True),
        ("2025:05:14 15:00:00", "soon", datetime(2025, 5, 14, 7, tzinfo=UTC), False),
        ("0000:00:00 00:00:00", None, None, False),
        ("0001:01:01 00:00:00", None, None, False),
        ("yesterday", None, None, False),
        (None, None, None, False),
    ],
)
def test_when_it_was_taken(
    shelf: Shelf, taken: str | None, zone: str | None, at: datetime | None, *, has_zone: bool
) -> None:
    found = facts_of(shelf.blobs, shelf.kept(photo(taken=taken, zone=zone)))
    assert found == PhotoFacts(at, has_zone, None, "Maker Model", 900, 600)


@pytest.mark.parametrize(
    ("gps", "position"),
    [
        (NORTH, "25.490000, 103.796000"),
        (SOUTH, "-25.500000, -103.000000"),
        ({**NORTH, 2: (0.0, 0.0, 0.0), 4: (0.0, 0.0, 0.0)}, None),
        ({**NORTH, 2: (91.0, 0.0, 0.0)}, None),
        ({1: "N", 2: NORTH[2]}, None),
        ({**NORTH, 2: (IFDRational(1, 0), 0.0, 0.0)}, None),
        (None, None),
    ],
)
def test_where_it_was_taken(shelf: Shelf, gps: dict[int, Any] | None, position: str | None) -> None:
    found = facts_of(shelf.blobs, shelf.kept(photo(gps=gps)))
    assert found is not None
    assert found.position == position


def test_what_says_nothing_or_is_broken(shelf: Shelf) -> None:
    found = facts_of(shelf.blobs, shelf.kept(picture("PNG", (7, 5)), "image/png"))
    assert found == PhotoFacts(width=7, height=5)
    assert facts_of(shelf.blobs, shelf.kept(b"\xff\xd8 no picture")) is None
    assert facts_of(shelf.blobs, Attachment("x.jpg", "image/jpeg", "0" * 64, 1)) is None
