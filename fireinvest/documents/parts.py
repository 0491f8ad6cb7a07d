"""A Word file as the parts it is made of: read within bounds, and written always in the same way."""

from collections.abc import Mapping
from io import BytesIO
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile, ZipInfo
from zlib import error as ZlibError  # noqa: N812

#: The properties of a document that is nobody's own.
CORE = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    "<cp:coreProperties "
    'xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title></dc:title>'
    "<dc:language>zh-CN</dc:language></cp:coreProperties>"
)

_CONTENT_TYPES = "[Content_Types].xml"
#: No part carries the time at which it was written: the same words are the same bytes.
_WRITTEN = (1980, 1, 1, 0, 0, 0)


def packed(parts: Mapping[str, bytes]) -> bytes:
    """Return the parts as a Word file. The same parts are the same bytes at any time."""
    stream = BytesIO()
    with ZipFile(stream, "w", ZIP_DEFLATED) as package:
        # A reader finds what the parts are before it meets them.
        for name in sorted(parts, key=lambda each: (each != _CONTENT_TYPES, each)):
            info = ZipInfo(name, _WRITTEN)
            info.compress_type = ZIP_DEFLATED
            info.external_attr = 0o600 << 16
            package.writestr(info, parts[name])
    return stream.getvalue()


_UNPACKED = 64 * 1024**2
_PARTS = 1000


class NotAPackage(ValueError):
    """A file is no Word file, or unpacks to more than one can be."""


def unpacked(document: bytes) -> dict[str, bytes]:
    """Return the parts of a Word file by their names.

    Raises:
        NotAPackage: when it is none, or unpacks to more than is taken.

    """
    parts: dict[str, bytes] = {}
    left = _UNPACKED
    try:
        with ZipFile(BytesIO(document)) as package:
            infos = [info for info in package.infolist() if not info.is_dir()]
            if len(infos) > _PARTS or sum(info.file_size for info in infos) > _UNPACKED:
                raise NotAPackage
            for info in infos:
                # What a package says of the size of a part need not be true.
                with package.open(info) as stream:
                    part = stream.read(left + 1)
                left -= len(part)
                if left < 0 or info.filename in parts:
                    raise NotAPackage
                parts[info.filename] = part
    except (BadZipFile, OSError, RuntimeError, NotImplementedError, EOFError, ZlibError) as error:
        raise NotAPackage from error
    return parts
