"""Pictures as pages show them: drawn anew, smaller, and without anything but the picture in them.

The original is never touched. What can't be drawn safely isn't shown, and stays a download.
"""

import io
import warnings
from dataclasses import dataclass
from typing import BinaryIO

from PIL import Image, ImageOps, UnidentifiedImageError

#: Pixels of a picture at most: a plan or a photograph has fewer, a trap has more.
MOST_PIXELS = 120_000_000


class NotShown(Exception):
    """It is no picture that can be drawn, or one too large."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture as a page gets it, and its size in pixels."""

    content: bytes
    media_type: str
    width: int
    height: int


def picture_size(stream: BinaryIO) -> tuple[int, int]:
    """Return how many pixels a picture has across and down, upright; only its head is read.

    Raises:
        NotShown: when it is none.

    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with Image.open(stream) as opened:
                is_turned = opened.getexif().get(_ORIENTATION, 1) in _TURNED
                return opened.size[::-1] if is_turned else opened.size
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Warning) as error:
        raise NotShown from error


#: The tag of EXIF that tells how a picture is to be turned, and the values by a quarter.
_ORIENTATION = 0x0112
_TURNED = (5, 6, 7, 8)


def shown_picture(stream: BinaryIO, *, at_most: tuple[int, int]) -> Shown:
    """Return a picture that fits into a size in pixels, upright, without its metadata.

    Raises:
        NotShown: when it can't be drawn.

    """
    try:
        with warnings.catch_warnings():
            # A picture of more pixels than usual is a warning there, and a refusal here.
            warnings.simplefilter("error")
            with Image.open(stream) as opened:
                if opened.width * opened.height > MOST_PIXELS:
                    raise NotShown
                opened.draft("RGB", at_most)
                upright = ImageOps.exif_transpose(opened)
                upright.thumbnail(at_most)
                has_transparency = upright.mode in ("RGBA", "LA", "P")
                drawn = upright.convert("RGBA" if has_transparency else "RGB")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Warning) as error:
        raise NotShown from error
    written = io.BytesIO()
    if has_transparency:
        drawn.save(written, "PNG")
        return Shown(written.getvalue(), "image/png", drawn.width, drawn.height)
    drawn.save(written, "JPEG", quality=85)
    return Shown(written.getvalue(), "image/jpeg", drawn.width, drawn.height)
