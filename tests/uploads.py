"""Small files of every kind that is taken, and of some that are not."""

import struct
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

from PIL import Image

PARTS = "[Content_Types].xml"
_OLE = bytes.fromhex("d0cf11e0a1b11ae1")


def archive(*names: str, **contents: bytes) -> bytes:
    """A ZIP archive with these entries."""
    made = BytesIO()
    with ZipFile(made, "w", ZIP_DEFLATED) as opened:
        for name in names:
            opened.writestr(name, "<x/>")
        for name, content in contents.items():
            opened.writestr(name, content)
    return made.getvalue()


def picture(kind: str, size: tuple[int, int] = (3, 2)) -> bytes:
    """A picture as Pillow writes it."""
    made = BytesIO()
    Image.new("RGB", size).save(made, kind)
    return made.getvalue()


def film(brand: bytes, *more: bytes) -> bytes:
    """The beginning of a film or a picture in the boxes of ISO."""
    body = b"ftyp" + brand + b"\0\0\2\0" + brand
    return struct.pack(">I", len(body) + 4) + body + b"".join(more) + bytes(40)


def heif(width: int, height: int) -> bytes:
    """The beginning of a HEIF picture of this size."""
    return film(b"heic", struct.pack(">I4sIII", 20, b"ispe", 0, width, height))


def old_document(*names: str) -> bytes:
    """The beginning of a document of Office's older format with streams of these names."""
    header = _OLE + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6)
    return header.ljust(1024, b"\0") + b"".join(each.encode("utf-16-le") for each in names)


def riff(kind: bytes, body: bytes = bytes(60)) -> bytes:
    """A container of Microsoft's media."""
    return b"RIFF" + struct.pack("<I", len(body) + 4) + kind + body


PDF = b"%PDF-1.7\n1 0 obj\n"

#: For each ending that is taken, what a file with it may hold, and the type that is kept.
TAKEN: list[tuple[str, bytes, str]] = [
    ("pdf", PDF, "application/pdf"),
    ("ofd", archive("OFD.xml", "Doc_0/Document.xml"), "application/ofd"),
    (
        "docx",
        archive(PARTS, "_rels/.rels", "word/document.xml"),
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
    (
        "xlsx",
        archive(PARTS, "xl/workbook.xml"),
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
    (
        "pptx",
        archive(PARTS, "ppt/presentation.xml"),
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ),
    ("doc", old_document("WordDocument"), "application/msword"),
    ("xls", old_document("Workbook"), "application/vnd.ms-excel"),
    ("ppt", old_document("PowerPoint Document"), "application/vnd.ms-powerpoint"),
    ("wps", old_document("WordDocument"), "application/vnd.ms-works"),
    ("et", old_document("Workbook"), "application/kset"),
    ("dps", old_document("PowerPoint Document"), "application/ksdps"),
    ("rtf", b"{\\rtf1\\ansi hi}", "text/rtf"),
    ("txt", "现场勘验笔录。\n".encode("gb18030"), "text/plain"),
    ("txt", "现场勘验笔录。\n".encode("utf-16"), "text/plain"),
    ("csv", b"a,b,c\n1,2,3\n4,5,6\n", "text/csv"),
    ("jpg", picture("JPEG"), "image/jpeg"),
    ("jpeg", picture("JPEG"), "image/jpeg"),
    ("png", picture("PNG"), "image/png"),
    ("heic", heif(4032, 3024), "image/heic"),
    ("heif", heif(4032, 3024), "image/heif"),
    ("webp", picture("WEBP"), "image/webp"),
    ("tif", picture("TIFF"), "image/tiff"),
    ("tiff", picture("TIFF"), "image/tiff"),
    ("bmp", picture("BMP"), "image/bmp"),
    ("gif", picture("GIF"), "image/gif"),
    ("mp4", film(b"isom"), "video/mp4"),
    ("m4v", film(b"M4V "), "video/x-m4v"),
    ("mov", film(b"qt  "), "video/quicktime"),
    ("avi", riff(b"AVI LIST"), "video/x-msvideo"),
    (
        "mkv",
        bytes.fromhex("1a45dfa3") + b"\x93\x42\x82\x88matroska" + bytes(40),
        "video/x-matroska",
    ),
    ("mp3", b"ID3\x03\0\0\0\0\0\x0a" + bytes(60), "audio/mpeg"),
    ("mp3", b"\xff\xfb\x90\x64" + bytes(413) + b"\xff\xfb\x90\x64" + bytes(400), "audio/mpeg"),
    ("wav", riff(b"WAVEfmt ", b"\x10\0\0\0\1\0\1\0" + bytes(60)), "audio/x-wav"),
    ("m4a", film(b"M4A "), "audio/x-m4a"),
    ("zip", archive("a.txt", "b/c.txt"), "application/zip"),
    ("7z", bytes.fromhex("377abcaf271c0004") + bytes(100), "application/x-7z-compressed"),
    ("rar", b"Rar!\x1a\x07\x01\x00" + bytes(50), "application/x-rar"),
]
