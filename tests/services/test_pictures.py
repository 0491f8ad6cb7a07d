"""Pictures as pages show them: smaller, upright, without metadata; traps and rubbish are refused."""

import io

import pytest
from PIL import Image

from fireinvest.services import pictures
from fireinvest.services.pictures import NotShown, picture_size, shown_picture


def picture(
    size: tuple[int, int], form: str = "PNG", mode: str = "RGB", **saved: object
) -> io.BytesIO:
    stream = io.BytesIO()
    Image.new(mode, size, "white").save(stream, form, **saved)
    stream.seek(0)
    return stream


@pytest.mark.parametrize(
    ("mode", "media_type"),
    [("RGB", "image/jpeg"), ("L", "image/jpeg"), ("RGBA", "image/png"), ("P", "image/png")],
)
def test_a_picture_fits_and_keeps_its_transparency(mode: str, media_type: str) -> None:
    shown = shown_picture(picture((400, 200), mode=mode), at_most=(100, 100))
    assert (shown.width, shown.height, shown.media_type) == (100, 50, media_type)


def test_a_photograph_stands_upright_and_loses_what_else_is_in_it() -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "CAMERA-XYZ"
    stream = picture((400, 200), "JPEG", exif=exif)
    assert b"CAMERA-XYZ" in stream.getvalue()
    shown = shown_picture(stream, at_most=(1000, 1000))
    assert (shown.width, shown.height) == (200, 400)
    assert b"CAMERA-XYZ" not in shown.content
    stream.seek(0)
    assert picture_size(stream) == (200, 400)
    assert picture_size(picture((400, 200))) == (400, 200)


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n" + b"0" * 50])
def test_rubbish_is_not_shown(content: bytes) -> None:
    with pytest.raises(NotShown):
        shown_picture(io.BytesIO(content), at_most=(100, 100))
    with pytest.raises(NotShown):
        picture_size(io.BytesIO(content))


def test_a_picture_of_too_many_pixels_is_a_trap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MOST_PIXELS", 100)
    shown_picture(picture((10, 10)), at_most=(100, 100))
    with pytest.raises(NotShown):
        shown_picture(picture((10, 11)), at_most=(100, 100))
