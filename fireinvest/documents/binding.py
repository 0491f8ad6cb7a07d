"""Binding: the pages of many files made one PDF, with page numbers, lazily and from the disk.

Nothing here holds more than one picture in memory, however many files a volume has.
"""

import base64
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from io import BytesIO, RawIOBase
from pathlib import Path
from threading import Lock
from typing import Any, BinaryIO, cast

import pikepdf
from docx import Document
from PIL import Image, ImageFile, ImageOps, ImageSequence

from fireinvest.documents.papers import worded
from fireinvest.documents.printer import printed_apart
from fireinvest.messages import Text

__all__ = [
    "PICTURES",
    "Part",
    "PicturePage",
    "Sheet",
    "Unbindable",
    "bind",
    "count_pages",
    "count_pictures",
    "pages_of",
    "pictures",
    "without_page_numbers",
]

#: Types of pictures that become pages.
PICTURES = frozenset(
    {"image/jpeg", "image/png", "image/tiff", "image/bmp", "image/gif", "image/webp"}
)

#: Pixels of a picture on a page: 170 mm by 215 mm at 150 dots per inch.
_BOX = (1004, 1270)
_QUALITY = 82
#: What isn't a JPEG is decoded as a whole; more pixels than these don't fit into memory.
_MOST_PIXELS = 40_000_000
#: Frames of one picture file, such as a fax of many pages.
_MOST_FRAMES = 500

_POINTS = 595.0  # the width of A4
_SIZE, _MARGIN = 11.0, 28.0
#: How wide a digit of Helvetica is, of its size.
_DIGIT = 0.556
_FONT = "/FireinvestPageNumber"


class Unbindable(Exception):
    """A file whose pages can't be put into a volume; ``text`` says why."""

    def __init__(self, text: Text) -> None:
        """Keep why."""
        super().__init__(text.msgid)
        self.text = text


@dataclass(frozen=True, slots=True)
class Part:
    """A PDF that becomes part of a volume: how it is opened, and whether its pages are numbered."""

    open: Callable[[], BinaryIO]
    is_numbered: bool = True


# ---------------------------------------------------------------------------- counting


def count_pages(stream: BinaryIO) -> int:
    """Return how many pages a PDF has that can be copied.

    Raises:
        Unbindable: when it is damaged, encrypted or empty.

    """
    try:
        with pikepdf.open(stream) as source, pikepdf.new() as target:
            count = len(source.pages)
            if count == 0:
                raise Unbindable(Text("The PDF has no page."))
            # Whatever breaks when it is copied breaks here, and not in the middle of a volume.
            target.pages.extend(source.pages)
            _stamp_all(target, 0, 1)
            target.save(cast("BinaryIO", _Nowhere()))
    except pikepdf.PasswordError as error:
        raise Unbindable(Text("The PDF is locked with a password.")) from error
    except (pikepdf.PdfError, ValueError, TypeError, KeyError, OSError, RuntimeError) as error:
        raise Unbindable(Text("The PDF is damaged and can't be read.")) from error
    return count


class _Nowhere(RawIOBase):
    """Takes bytes and keeps none."""

    def __init__(self) -> None:
        self._at = 0

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = offset if whence == 0 else self._at + offset
        return self._at

    def write(self, piece: Any) -> int:
        self._at += len(piece)
        return len(piece)


def count_pictures(stream: BinaryIO) -> int:
    """Return how many pages a picture file gives: one, or one for each of its frames.

    Raises:
        Unbindable: when it can't be read.

    """
    with _opened(stream) as picture:
        frames = getattr(picture, "n_frames", 1) if picture.format == "TIFF" else 1
        return min(int(frames), _MOST_FRAMES)


# ---------------------------------------------------------------------------- pictures


def pictures(stream: BinaryIO) -> Iterator[bytes]:
    """Yield the pages of a picture file as JPEG pictures of the size at which they are printed.

    Raises:
        Unbindable: when it can't be read, or is too large.

    """
    count = count_pictures(stream)
    stream.seek(0)
    with _opened(stream) as picture:
        if picture.format == "JPEG":
            # Decoded at a part of its size, so that memory stays small.
            picture.draft("RGB", _BOX)
        elif picture.width * picture.height > _MOST_PIXELS:
            raise Unbindable(Text("The picture is too large to be printed."))
        frames: Iterable[Image.Image] = ImageSequence.Iterator(picture) if count > 1 else [picture]
        for place, frame in enumerate(frames):
            if place < count:
                yield _page_of(frame)


def _opened(stream: BinaryIO) -> Image.Image:
    try:
        return Image.open(stream)
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise _unreadable() from error


#: Whether a picture that ends before its time counts is one switch for the whole process.
_STRICTLY = Lock()


@contextmanager
def _whole() -> Iterator[None]:
    """Take nothing for a picture that ends before its time, whatever other libraries switch."""
    with _STRICTLY:
        before = ImageFile.LOAD_TRUNCATED_IMAGES
        ImageFile.LOAD_TRUNCATED_IMAGES = False
        try:
            yield
        finally:
            ImageFile.LOAD_TRUNCATED_IMAGES = before


def _page_of(frame: Image.Image) -> bytes:
    try:
        with _whole():
            frame.load()
        upright = ImageOps.exif_transpose(frame)
        if upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info:
            coloured = upright.convert("RGBA")
            upright = Image.new("RGB", coloured.size, "white")
            upright.paste(coloured, mask=coloured.getchannel("A"))
        plain = upright.convert("RGB")
        plain.thumbnail(_BOX, Image.Resampling.LANCZOS)
        written = BytesIO()
        plain.save(written, "JPEG", quality=_QUALITY)
        return written.getvalue()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise _unreadable() from error


def _unreadable() -> Unbindable:
    return Unbindable(Text("The picture is damaged and can't be read."))


# ---------------------------------------------------------------------------- pages of our own


@dataclass(frozen=True, slots=True)
class PicturePage:
    """A page with a picture, what it is, and the hash of the file from which it is."""

    picture: bytes
    caption: str
    detail: str
    sha256: str

    @property
    def source(self) -> str:
        """The picture as the page names it."""
        return "data:image/jpeg;base64," + base64.b64encode(self.picture).decode()


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page that stands for a file which can't be printed: why, and what is known of it."""

    title: str
    why: str
    rows: Sequence[tuple[str, str]]


def pages_of(pages: Sequence[PicturePage | Sheet]) -> bytes:
    """Return pages as a PDF, each on a page of its own. Few at a time, for they are in memory."""
    return printed_apart(worded("volume_pages.html", pages=pages))


def without_page_numbers(docx: bytes) -> bytes:
    """Return a Word file without what counts its pages: in a volume others are counted."""
    document = Document(BytesIO(docx))
    for section in document.sections:
        for footer in (section.footer, section.even_page_footer, section.first_page_footer):
            for paragraph in footer.paragraphs:
                if "PAGE" in paragraph._p.xml:
                    paragraph.clear()
    written = BytesIO()
    document.save(written)
    return written.getvalue()


# ---------------------------------------------------------------------------- binding


def bind(parts: Iterable[Part], target: Path, *, told: Callable[[int], None]) -> int:
    """Write parts into one PDF, and return how many of its pages are numbered, from 1.

    Numbers stand at the top: on the right on front pages, on the left on back pages. ``told``: is
    told after each part how many were taken; what it raises ends the work.
    """
    number = 0
    with ExitStack() as opened, pikepdf.new() as volume:
        for place, part in enumerate(parts, 1):
            source = opened.enter_context(pikepdf.open(opened.enter_context(part.open())))
            before = len(volume.pages)
            volume.pages.extend(source.pages)
            if part.is_numbered:
                number = _stamp_all(volume, before, number + 1) - 1
            told(place)
        # Whatever opens itself with a document has no place in a file that is kept.
        for name in ("/OpenAction", "/AA"):
            if name in volume.Root:
                del volume.Root[name]
        volume.save(
            target,
            object_stream_mode=pikepdf.ObjectStreamMode.generate,
            stream_decode_level=pikepdf.StreamDecodeLevel.none,
        )
    return number


def _stamp_all(volume: pikepdf.Pdf, first_page: int, number: int) -> int:
    """Stamp the pages from a place on, beginning with a number; return the next number."""
    font = volume.make_indirect(
        pikepdf.Dictionary(
            Type=pikepdf.Name.Font,
            Subtype=pikepdf.Name.Type1,
            BaseFont=pikepdf.Name.Helvetica,
            Encoding=pikepdf.Name.WinAnsiEncoding,
        )
    )
    for page in list(volume.pages)[first_page:]:
        _stamp(page, font, number)
        number += 1
    return number


def _stamp(page: pikepdf.Page, font: pikepdf.Object, number: int) -> None:
    x_one, y_one, x_two, y_two = (float(cast("Any", each)) for each in cast("Any", page.cropbox))
    left, right = sorted((x_one, x_two))
    bottom, top = sorted((y_one, y_two))
    turn = int(page.obj.get("/Rotate", 0)) % 360
    width, height = right - left, top - bottom
    if turn in (90, 270):
        width, height = height, width
    scale = max(min(width, height) / _POINTS, 0.5)
    size, margin = _SIZE * scale, _MARGIN * scale
    digits = str(number)
    is_front = number % 2 == 1
    across = width - margin - len(digits) * _DIGIT * size if is_front else margin
    up = height - margin
    # Where that is on the page before it is turned, and in which direction one writes there.
    x, y, way = {
        90: (right - up, bottom + across, "0 1 -1 0"),
        180: (right - across, top - up, "-1 0 0 -1"),
        270: (left + up, top - across, "0 -1 1 0"),
    }.get(turn, (left + across, bottom + up, "1 0 0 1"))
    place = f"{way} {x:.2f} {y:.2f} Tm ({digits}) Tj"
    name = _FONT
    page.add_resource(font, pikepdf.Name.Font, pikepdf.Name(name), replace_existing=True)
    drawn = (
        f"q BT {name} {size:.2f} Tf 1 1 1 RG {2.5 * scale:.2f} w 1 j 2 Tr 1 1 1 rg {place} ET "
        f"BT {name} {size:.2f} Tf 0 Tr 0 0 0 rg {place} ET Q"
    )
    # What the page draws itself may leave its coordinates turned.
    page.contents_add(b"q\n", prepend=True)
    page.contents_add(f"\nQ\n{drawn}\n".encode())
