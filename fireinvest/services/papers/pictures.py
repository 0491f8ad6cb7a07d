"""Pictures as papers print them: drawn anew, upright, without metadata, with what is marked on them."""

import io
from collections.abc import Iterable
from typing import BinaryIO

from PIL import Image, ImageDraw

from fireinvest.services.papers.base import Mark
from fireinvest.services.pictures import shown_picture

#: As fine as a page is printed: 300 dots an inch over the width of its text.
_AT_MOST = (1850, 2400)
_PER_MILLE = 1000
_RED, _WHITE = (192, 0, 0), (255, 255, 255)


def printed_picture(stream: BinaryIO, marks: Iterable[Mark] = ()) -> bytes:
    """Return a picture as a paper prints it, each mark drawn at its place.

    Raises:
        NotShown: when it can't be drawn.

    """
    shown = shown_picture(stream, at_most=_AT_MOST)
    marked = tuple(marks)
    if not marked:
        return shown.content
    with Image.open(io.BytesIO(shown.content)) as opened:
        picture = opened.convert("RGBA")
    # What is transparent is paper.
    paper = Image.new("RGBA", picture.size, (*_WHITE, 255))
    paper.alpha_composite(picture)
    drawn = paper.convert("RGB")
    for mark in marked:
        _draw(drawn, mark)
    written = io.BytesIO()
    drawn.save(written, "JPEG", quality=90, subsampling=0)
    return written.getvalue()


def _draw(picture: Image.Image, mark: Mark) -> None:
    """Draw a dot where the mark is, and its name beside it, within the picture."""
    draw = ImageDraw.Draw(picture)
    width, height = picture.size
    size = max(12, width // 45)
    across, down = mark.across * width // _PER_MILLE, mark.down * height // _PER_MILLE
    dot = size // 3
    box = draw.textbbox((0, 0), mark.name, font_size=size)
    left, top, right, bottom = (round(each) for each in box)
    room = (right - left + size // 2, bottom - top + size // 2)
    beside = across + dot + 2
    if beside + room[0] > width:
        beside = across - dot - 2 - room[0]
    at = (max(0, beside), min(max(0, down - room[1] - 2), max(0, height - room[1])))
    draw.rectangle((*at, at[0] + room[0], at[1] + room[1]), fill=_WHITE, outline=_RED)
    place = (at[0] + size // 4 - left, at[1] + size // 4 - top)
    draw.text(place, mark.name, fill=_RED, font_size=size)
    draw.ellipse((across - dot, down - dot, across + dot, down + dot), fill=_RED, outline=_WHITE)
