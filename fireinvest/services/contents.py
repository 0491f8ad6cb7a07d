"""What an uploaded file really is: found out from what it holds, not from what it is called.

Its ending must be one of those that are taken, and what it holds must agree with it. Pages that run
in a browser (HTML, SVG), programs, scripts and documents with macros are none of them. Nothing is
unpacked, drawn or run to find that out, and only pieces of a file are in memory.

- A picture's size is read from its header. One whose header can't be read is refused: nobody knows
  what it would do to a viewer. One that is damaged further on is taken, for a damaged photograph
  can be evidence; what else is damaged can be handed in inside an archive.
- Of an archive only its list is read. Its entries are never written anywhere, so the paths in it
  lead nowhere. One that is locked with a password is refused: whoever reads the case in ten years
  wouldn't have it. Archives of other kinds than ZIP are known by their beginning alone.
"""

import re
import struct
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, BinaryIO
from zipfile import BadZipFile, ZipFile, ZipInfo

from fireinvest.messages import Text

if TYPE_CHECKING:
    import magic

__all__ = [
    "KINDS",
    "LibraryMissing",
    "NotTaken",
    "ensure_library",
    "media_type_of",
    "refuse_ending",
]

#: Of a file's beginning, as much as is looked at to know its type.
_BEGINNING = 1024 * 1024
#: A picture of more pixels makes a viewer run out of memory.
_MOST_MEGAPIXELS = 200
_MOST_PIXELS = _MOST_MEGAPIXELS * 1_000_000
#: An archive with more entries is no evidence that anybody looks through.
_MOST_ENTRIES = 10_000
#: Bytes that are read of an archive's list at once; more is no list of so many entries.
_LONGEST_LIST = 4 * 1024**2
#: Bytes that an archive may unpack to in all, and how many times its own size, once it is large.
_MOST_UNPACKED = 4 * 1024**3
_MOST_RATIO = 100
_SMALL = 64 * 1024**2
#: Archives within an archive; as many within each again are how small bombs grow.
_MOST_NESTED = 10
_NESTED = (".zip", ".7z", ".rar", ".gz", ".bz2", ".xz", ".tar", ".tgz", ".zst", ".cab", ".iso")

_LOCKED = 0x1  # the flag of an entry with a password
#: The name of the stream in which Office's older documents keep macros.
_OLD_MACROS = "_VBA_PROJECT".encode("utf-16-le")


class NotTaken(Exception):
    """A file isn't taken; says why, by its name."""

    def __init__(self, text: Text) -> None:
        """Keep what is to be said."""
        super().__init__(text.msgid)
        self.text = text


class LibraryMissing(Exception):
    """The system's library that knows types of files isn't here."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file that is taken.

    ``media_type``: what is kept as its type. ``detected``: what the library calls it.
    ``check``: what is looked at beyond that; it is given the stream, the file's name and this kind.
    """

    media_type: str
    detected: frozenset[str]
    check: Callable[[BinaryIO, str, "Kind"], None] | None = None
    parts: tuple[str, ...] = ()


def ensure_library() -> None:
    """Make sure that types can be found out on this machine.

    Raises:
        LibraryMissing: when the system's library isn't here.

    """
    _library()


@cache
def _library() -> "magic.Magic":
    try:
        import magic

        return magic.Magic(mime=True)
    except (ImportError, OSError) as error:
        # Without the library the module can't be imported, without its data it can't be asked.
        raise LibraryMissing from error


def media_type_of(stream: BinaryIO, name: str, *, allowed: Collection[str]) -> str:
    """Return the media type of a file, which its content and its ending agree on.

    ``stream``: can be read from any place. ``allowed``: the endings that are taken here.

    Raises:
        NotTaken: when it isn't taken.

    """
    kind = _kind(name, allowed)
    found = _detected(stream)
    if found not in kind.detected:
        text = Text(
            "The file %(name)s does not hold what its ending says: by its content it is %(found)s.",
            name=name,
            found=found,
        )
        raise NotTaken(text)
    if kind.check is not None:
        stream.seek(0)
        kind.check(stream, name, kind)
    return kind.media_type


def refuse_ending(name: str, *, allowed: Collection[str]) -> None:
    """Refuse a file whose ending alone tells that it isn't taken.

    Raises:
        NotTaken: when it isn't.

    """
    _kind(name, allowed)


def _kind(name: str, allowed: Collection[str]) -> Kind:
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    kind = KINDS.get(ending) if ending in allowed else None
    if kind is None:
        raise NotTaken(
            Text(
                "The file %(name)s is of a kind that is not taken. Taken are: %(kinds)s.",
                name=name,
                kinds=", ".join(each for each in KINDS if each in allowed),
            )
        )
    return kind


def _detected(stream: BinaryIO) -> str:
    stream.seek(0)
    beginning = stream.read(_BEGINNING)
    found: str = _library().from_buffer(beginning)
    if found == "application/octet-stream" and beginning.startswith(b"ID3"):
        return "audio/mpeg"  # The library wants the first sound within its reach.
    return found


def _damaged(name: str) -> NotTaken:
    return NotTaken(Text("The file %(name)s is damaged: it can't be read.", name=name))


# ---------------------------------------------------------------------------- pictures


#: What reading a damaged header meets, here and in the libraries.
_BROKEN = (
    OSError, SyntaxError, ValueError, EOFError, struct.error, LookupError, TypeError,
    ArithmeticError, NotImplementedError,
)  # fmt: skip


def _picture(stream: BinaryIO, name: str, kind: Kind) -> None:
    """Refuse a picture of too many pixels, or whose header can't be read. Nothing is decoded."""
    try:
        width, height = _SIZES[kind.media_type](stream)
    except _BROKEN:
        raise _damaged(name) from None
    if width < 1 or height < 1:
        raise _damaged(name)
    if width * height > _MOST_PIXELS:
        text = Text(
            "The picture %(name)s has more than %(most)s megapixels.",
            name=name,
            most=_MOST_MEGAPIXELS,
        )
        raise NotTaken(text)


# The classes are asked themselves: Pillow's own way to open a picture tries every kind it knows.
# They read the header alone.
def _jpeg(stream: BinaryIO) -> tuple[int, int]:
    from PIL.JpegImagePlugin import JpegImageFile

    return JpegImageFile(stream).size


def _png(stream: BinaryIO) -> tuple[int, int]:
    from PIL.PngImagePlugin import PngImageFile

    return PngImageFile(stream).size


def _gif(stream: BinaryIO) -> tuple[int, int]:
    from PIL.GifImagePlugin import GifImageFile

    return GifImageFile(stream).size


def _bmp(stream: BinaryIO) -> tuple[int, int]:
    from PIL.BmpImagePlugin import BmpImageFile

    return BmpImageFile(stream).size


def _tiff(stream: BinaryIO) -> tuple[int, int]:
    """Return the size of the largest page. Read here: Pillow takes in all that a header names."""
    head = stream.read(16)
    order = {b"II": "<", b"MM": ">"}[head[:2]]
    is_big = struct.unpack(f"{order}H", head[2:4])[0] == _BIG_TIFF
    number, line = (f"{order}Q", 20) if is_big else (f"{order}H", 12)
    link = f"{order}Q" if is_big else f"{order}I"
    place = struct.unpack(link, head[8:16] if is_big else head[4:8])[0]
    width = height = pages = 0
    while place and pages < _MOST_PAGES:
        stream.seek(place)
        count = struct.unpack(number, stream.read(struct.calcsize(number)))[0]
        if count > _MOST_TAGS:
            raise ValueError
        tags: dict[int, int] = {}
        for _ in range(count):
            entry = stream.read(line)
            tag, field_type = struct.unpack(f"{order}HH", entry[:4])
            shape = _TIFF_NUMBERS.get(field_type)
            if tag in (_TIFF_WIDTH, _TIFF_HEIGHT) and shape is not None:
                value = entry[line - struct.calcsize(link) :]
                tags[tag] = struct.unpack_from(f"{order}{shape}", value)[0]
        page = tags[_TIFF_WIDTH], tags[_TIFF_HEIGHT]
        if page[0] * page[1] >= width * height:
            width, height = page
        place = struct.unpack(link, stream.read(struct.calcsize(link)))[0]
        pages += 1
    return width, height


_BIG_TIFF = 43
_TIFF_WIDTH, _TIFF_HEIGHT = 256, 257
#: By its code: a number of two, four and eight bytes.
_TIFF_NUMBERS = {3: "H", 4: "I", 16: "Q"}
_MOST_TAGS = 4096
_MOST_PAGES = 2000


def _webp(stream: BinaryIO) -> tuple[int, int]:
    """Read the header itself: Pillow makes room for the whole picture at once."""
    head = stream.read(30)
    if head[:4] != b"RIFF" or head[8:12] != b"WEBP" or len(head) < 30:
        raise ValueError
    match head[12:16]:
        case b"VP8X":
            return (
                int.from_bytes(head[24:27], "little") + 1,
                int.from_bytes(head[27:30], "little") + 1,
            )
        case b"VP8L" if head[20] == 0x2F:
            bits = int.from_bytes(head[21:25], "little")
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8 " if head[23:26] == b"\x9d\x01\x2a":
            width, height = struct.unpack("<HH", head[26:30])
            return width & 0x3FFF, height & 0x3FFF
    raise ValueError


#: In HEIF, the property that tells the size of a picture or of one of its tiles.
_EXTENTS = re.compile(rb"\x00\x00\x00\x14ispe\x00\x00\x00\x00(.{8})", re.DOTALL)


def _heif(stream: BinaryIO) -> tuple[int, int]:
    """Return the largest of the sizes that stand in it: the whole picture's beside its tiles'."""
    found = [struct.unpack(">II", each) for each in _EXTENTS.findall(stream.read(_BEGINNING))]
    width, height = max(found, key=lambda size: size[0] * size[1])
    return width, height


_SIZES: dict[str, Callable[[BinaryIO], tuple[int, int]]] = {
    "image/jpeg": _jpeg,
    "image/png": _png,
    "image/gif": _gif,
    "image/bmp": _bmp,
    "image/tiff": _tiff,
    "image/webp": _webp,
    "image/heic": _heif,
    "image/heif": _heif,
}


# ---------------------------------------------------------------------------- archives


class _TooLong(Exception):
    """More would be read at once than an archive's list has."""


class _Bounded:
    """A stream that refuses to give more at once than a list is long."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.seek, self.tell = stream.seek, stream.tell
        self.size = stream.seek(0, 2)
        stream.seek(0)

    def seekable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        wanted = size if size >= 0 else max(self.size - self._stream.tell(), 0)
        if wanted > _LONGEST_LIST:
            raise _TooLong
        return self._stream.read(wanted)


def _archive(stream: BinaryIO, name: str, kind: Kind) -> None:
    """Refuse an archive that is a bomb, is locked, or isn't the document it should be."""
    bounded = _Bounded(stream)
    try:
        with ZipFile(bounded) as archive:
            entries = archive.infolist()
    except _TooLong:
        entries = None
    except (BadZipFile, *_BROKEN):
        raise _damaged(name) from None
    if entries is None or len(entries) > _MOST_ENTRIES:
        text = Text(
            "The archive %(name)s holds more than %(most)s files.", name=name, most=_MOST_ENTRIES
        )
        raise NotTaken(text)
    _refuse_bombs(entries, bounded.size, name)
    names = [each.filename.lower() for each in entries]
    if kind.parts:
        _refuse_other_documents(names, name, kind.parts)
    elif sum(each.endswith(_NESTED) for each in names) > _MOST_NESTED:
        text = Text(
            "The archive %(name)s holds more than %(most)s other archives.",
            name=name,
            most=_MOST_NESTED,
        )
        raise NotTaken(text)


def _refuse_bombs(entries: list[ZipInfo], size: int, name: str) -> None:
    if any(each.flag_bits & _LOCKED for each in entries):
        raise NotTaken(Text("The file %(name)s is locked with a password.", name=name))
    unpacked = sum(each.file_size for each in entries)
    if unpacked > _MOST_UNPACKED or (unpacked > _SMALL and unpacked > _MOST_RATIO * size):
        text = Text("The file %(name)s would unpack to far more than its own size.", name=name)
        raise NotTaken(text)


def _refuse_other_documents(names: list[str], name: str, parts: tuple[str, ...]) -> None:
    if not all(any(each.startswith(part) for each in names) for part in parts):
        raise _damaged(name)
    if any(each.endswith("vbaproject.bin") or "/macrosheets/" in each for each in names):
        raise _with_macros(name)


def _with_macros(name: str) -> NotTaken:
    text = Text("The document %(name)s carries macros; save it without them.", name=name)
    return NotTaken(text)


def _old_document(stream: BinaryIO, name: str, kind: Kind) -> None:
    """Refuse a document of the older format that carries macros."""
    before = b""
    while piece := stream.read(_BEGINNING):
        if _OLD_MACROS in before + piece:
            raise _with_macros(name)
        before = piece[-len(_OLD_MACROS) :]


# ---------------------------------------------------------------------------- kinds

_ZIP = frozenset({"application/zip"})
_OOXML = "application/vnd.openxmlformats-officedocument."
_WORD, _SHEET, _SLIDES = (
    f"{_OOXML}wordprocessingml.document",
    f"{_OOXML}spreadsheetml.sheet",
    f"{_OOXML}presentationml.presentation",
)
_TYPES_PART = "[content_types].xml"
_OLE = ("application/x-ole-storage", "application/cdfv2", "application/CDFV2")
_OFFICE = "application/vnd.ms-office"
#: What plain text is taken for where it looks like this or that; never a page or a script.
_PLAIN = frozenset(
    {
        "text/plain", "text/csv", "application/csv", "application/json", "application/x-ndjson",
        "message/rfc822", "text/x-algol68", "text/x-c", "text/x-c++", "text/x-tex", "text/troff",
        "text/x-makefile", "text/x-po", "text/x-diff", "text/vtt", "application/x-subrip",
    }
)  # fmt: skip
_FILM = frozenset({"video/mp4", "video/quicktime", "video/x-m4v", "video/3gpp", "video/3gpp2"})


def _old(media_type: str, *more: str) -> Kind:
    detected = frozenset({media_type, *_OLE, _OFFICE, *more})
    return Kind(media_type, detected, _old_document)


def _new(media_type: str, folder: str) -> Kind:
    return Kind(media_type, _ZIP | {media_type}, _archive, (_TYPES_PART, folder))


def _image(media_type: str, *more: str) -> Kind:
    return Kind(media_type, frozenset({media_type, *more}), _picture)


def _plainly(media_type: str, *more: str) -> Kind:
    return Kind(media_type, frozenset({media_type, *more}))


#: The endings that are taken, and by what they are known.
KINDS: dict[str, Kind] = {
    "pdf": _plainly("application/pdf"),
    "ofd": Kind("application/ofd", _ZIP | {"application/ofd"}, _archive, ("ofd.xml",)),
    "docx": _new(_WORD, "word/"),
    "xlsx": _new(_SHEET, "xl/"),
    "pptx": _new(_SLIDES, "ppt/"),
    "doc": _old("application/msword"),
    "xls": _old("application/vnd.ms-excel"),
    "ppt": _old("application/vnd.ms-powerpoint"),
    "wps": _old("application/vnd.ms-works", "application/msword", "application/kswps"),
    "et": _old("application/kset", "application/vnd.ms-excel"),
    "dps": _old("application/ksdps", "application/vnd.ms-powerpoint"),
    "rtf": _plainly("text/rtf", "application/rtf"),
    "txt": Kind("text/plain", _PLAIN),
    "csv": Kind("text/csv", _PLAIN),
    "jpg": _image("image/jpeg"),
    "jpeg": _image("image/jpeg"),
    "png": _image("image/png"),
    "heic": _image("image/heic", "image/heif"),
    "heif": _image("image/heif", "image/heic"),
    "webp": _image("image/webp"),
    "tif": _image("image/tiff"),
    "tiff": _image("image/tiff"),
    "bmp": _image("image/bmp", "image/x-ms-bmp"),
    "gif": _image("image/gif"),
    "mp4": Kind("video/mp4", _FILM),
    "m4v": Kind("video/x-m4v", _FILM),
    "mov": Kind("video/quicktime", _FILM),
    "avi": _plainly("video/x-msvideo", "video/avi", "video/msvideo"),
    "mkv": _plainly("video/x-matroska"),
    "mp3": _plainly("audio/mpeg"),
    "wav": _plainly("audio/x-wav", "audio/wav", "audio/vnd.wave"),
    "m4a": _plainly("audio/x-m4a", "audio/mp4", "video/mp4"),
    "zip": Kind("application/zip", _ZIP, _archive),
    "7z": _plainly("application/x-7z-compressed"),
    "rar": _plainly("application/x-rar", "application/vnd.rar"),
}
