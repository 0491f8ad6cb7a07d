"""Photographs: small pictures made of them, and what they say of their time and place.

The original is only ever read. What is made of it lies in a folder of its own, which may be
emptied at any time.
"""

import os
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from enum import IntEnum
from io import BytesIO
from pathlib import Path
from tempfile import mkstemp
from threading import Lock
from typing import BinaryIO

from PIL import ImageOps
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.Image import Exif, Image, Resampling
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from fireinvest.china import CHINA
from fireinvest.gateways.blobs import Blobs, NoSuchBlob
from fireinvest.workflow.actions import Attachment

__all__ = ["PhotoFacts", "Size", "clear_pictures", "facts_of", "is_photo", "picture_of"]


class Size(IntEnum):
    """How large is a picture made, in pixels of its longer side?"""

    SMALL = 320
    LARGE = 1600


#: What pictures can be made of, each read by its own reader: no other kind is ever tried. What
#: isn't here, such as HEIC, shows as a file.
_READERS: Mapping[str, Callable[[BinaryIO], ImageFile]] = {
    "image/jpeg": JpegImageFile,
    "image/png": PngImageFile,
    "image/gif": GifImageFile,
    "image/bmp": BmpImageFile,
    "image/webp": WebPImageFile,
}
#: More pixels are decoded of no picture, unless its kind can be decoded smaller at once.
_MOST_PIXELS = 40_000_000
#: Some kinds are taken into memory as a whole.
_MOST_BYTES = 128 * 1024**2

#: What a damaged picture makes its reader raise.
_BROKEN = (
    OSError, SyntaxError, ValueError, EOFError, struct.error, LookupError, TypeError,
    ArithmeticError, NotImplementedError, AttributeError, MemoryError,
)  # fmt: skip

#: One at a time in each process, so that many large photographs don't fill its memory.
_one_at_a_time = Lock()


def is_photo(attachment: Attachment) -> bool:
    """Can a picture be made of the file, as far as its type and size tell?"""
    return attachment.media_type in _READERS and attachment.size <= _MOST_BYTES


def picture_of(blobs: Blobs, folder: Path, attachment: Attachment, size: Size) -> bytes | None:
    """Return a smaller picture of a photograph as JPEG, without what it says of time and place.

    None where the original isn't kept any more, or can't be decoded with reasonable means.
    """
    if not is_photo(attachment) or not blobs.exists(attachment.sha256):
        return None
    path = folder / attachment.sha256[:2] / f"{attachment.sha256}-{int(size)}.jpg"
    try:
        return path.read_bytes() or None
    except OSError:
        # Not made yet, or not to be read: it is made now.
        pass
    try:
        with blobs.open(attachment.sha256) as stream, _one_at_a_time:
            made = _made(stream, attachment.media_type, size)
    except NoSuchBlob:
        return None
    # An empty file says that it was tried in vain.
    _keep(path, made or b"")
    return made


def _made(stream: BinaryIO, media_type: str, size: Size) -> bytes | None:
    try:
        picture: Image = _READERS[media_type](stream)
        if isinstance(picture, JpegImageFile) and not picture.info.get("progressive"):
            # Decoded at a half to an eighth of its size, so that a large one takes little memory.
            picture.draft("RGB", (size * 2, size * 2))
        if picture.width * picture.height > _MOST_PIXELS:
            return None
        picture = ImageOps.exif_transpose(picture)
        if picture.mode in ("RGBA", "LA", "PA", "P"):
            picture = picture.convert("RGBA")
            ground = picture.copy()
            ground.paste((255, 255, 255, 255), (0, 0, *picture.size))
            ground.alpha_composite(picture)
            picture = ground
        picture = picture.convert("RGB")
        picture.thumbnail((size, size), Resampling.LANCZOS)
        target = BytesIO()
        picture.save(target, "JPEG", quality=82, optimize=True, exif=b"")
    except _BROKEN:
        return None
    return target.getvalue()


def _keep(path: Path, content: bytes) -> None:
    """Put a picture where it is found again; where that can't be done, it is made anew."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = mkstemp(prefix="incoming-", dir=path.parent)
        with os.fdopen(handle, "wb") as target:
            target.write(content)
        Path(name).replace(path)
    except OSError:
        return


def clear_pictures(folder: Path, blobs: Blobs) -> int:
    """Remove the pictures whose original isn't kept any more; return how many there were."""
    gone = 0
    for path in folder.glob("*/*.jpg"):
        if not blobs.exists(path.name.partition("-")[0]):
            path.unlink(missing_ok=True)
            gone += 1
    return gone


# ---------------------------------------------------------------------------- what it says


@dataclass(frozen=True, slots=True)
class PhotoFacts:
    """What a photograph says of itself. ``position``: latitude and longitude, in degrees.

    ``has_zone``: it says of which zone its time is; otherwise it is taken as China's.
    """

    taken_at: datetime | None = None
    has_zone: bool = False
    position: str | None = None
    camera: str | None = None
    width: int = 0
    height: int = 0


_EXIF_IFD, _GPS_IFD = 0x8769, 0x8825
_MAKE, _MODEL = 0x010F, 0x0110
_TAKEN, _TAKEN_ZONE = 0x9003, 0x9011
#: Of latitude and longitude: on which side, how much, and which side counts below zero.
_SIDES = ((1, 2, "S"), (3, 4, "W"))
_MOST_DEGREES = (90, 180)
_DEGREES_MINUTES_SECONDS = 3
_LONGEST = 100


def facts_of(blobs: Blobs, attachment: Attachment) -> PhotoFacts | None:
    """Return what a photograph says of its time and place, None where it can't be read."""
    if not is_photo(attachment):
        return None
    try:
        with blobs.open(attachment.sha256) as stream:
            return _read(stream, attachment.media_type)
    except (NoSuchBlob, *_BROKEN):
        return None


def _read(stream: BinaryIO, media_type: str) -> PhotoFacts:
    # Headers alone: other kinds would have to be decoded for what they say of time and place.
    picture = _READERS[media_type](stream)
    if not isinstance(picture, JpegImageFile):
        return PhotoFacts(width=picture.width, height=picture.height)
    exif = picture.getexif()
    more = exif.get_ifd(_EXIF_IFD)
    zone = _zone(more.get(_TAKEN_ZONE))
    named = (_text(exif.get(each)) for each in (_MAKE, _MODEL))
    return PhotoFacts(
        _instant(more.get(_TAKEN), zone),
        zone is not None,
        _position(exif),
        " ".join(each for each in named if each) or None,
        picture.width,
        picture.height,
    )


def _text(value: object) -> str:
    """A text of a picture: what can be shown of it, and no longer than a line."""
    if not isinstance(value, str):
        return ""
    return "".join(each for each in value if each.isprintable()).strip()[:_LONGEST]


def _zone(value: object) -> timezone | None:
    try:
        offset = datetime.strptime(_text(value), "%z").utcoffset()
    except ValueError:
        return None
    return timezone(offset or timedelta())


def _instant(value: object, zone: timezone | None) -> datetime | None:
    try:
        # A camera whose clock was never set says the year 0000, which is none.
        found = datetime.strptime(_text(value), "%Y:%m:%d %H:%M:%S").replace(tzinfo=zone or CHINA)
        return found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _position(exif: Exif) -> str | None:
    gps = exif.get_ifd(_GPS_IFD)
    found = []
    for side, name, below in _SIDES:
        parts = gps.get(name)
        if not isinstance(parts, tuple) or len(parts) != _DEGREES_MINUTES_SECONDS:
            return None
        try:
            degrees, minutes, seconds = (float(each) for each in parts)
        except (ZeroDivisionError, ValueError, TypeError):
            return None
        value = degrees + minutes / 60 + seconds / 3600
        found.append(-value if _text(gps.get(side)) == below else value)
    # No bound holds for what is no number; some cameras say 0, 0 where they don't know.
    if not all(abs(each) <= most for each, most in zip(found, _MOST_DEGREES, strict=True)):
        return None
    return f"{found[0]:.6f}, {found[1]:.6f}" if any(found) else None
