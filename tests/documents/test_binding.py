"""Binding: pages counted, numbered where they are read, and what is broken told instead."""

import io
from pathlib import Path

import pikepdf
import pytest
from PIL import Image

from fireinvest.documents.binding import (
    Part,
    PicturePage,
    Sheet,
    Unbindable,
    bind,
    count_pages,
    count_pictures,
    pages_of,
    pictures,
)
from fireinvest.messages import render


def pdf(*turns: int, password: str = "", box: tuple[float, ...] = (0, 0, 200, 300)) -> bytes:
    written = io.BytesIO()
    with pikepdf.new() as document:
        for turn in turns:
            page = document.add_blank_page(page_size=(box[2] - box[0], box[3] - box[1]))
            page.obj.MediaBox = pikepdf.Array([*box])
            page.obj.Rotate = turn
            page.contents_add(b"q 2 0 0 2 5 5 cm")  # Leaves its coordinates turned.
        encryption = pikepdf.Encryption(user=password, owner=password) if password else None
        document.save(written, encryption=encryption or False)
    return written.getvalue()


def image(mode: str, kind: str, size: tuple[int, int] = (40, 30), frames: int = 1) -> io.BytesIO:
    written = io.BytesIO()
    more = [Image.new(mode, size) for _ in range(frames - 1)]
    options = {"save_all": True, "append_images": more} if more else {}
    Image.new(mode, size).save(written, kind, **options)
    written.seek(0)
    return written


@pytest.mark.parametrize("count", [1, 2, 5])
def test_pages_are_counted(count: int) -> None:
    assert count_pages(io.BytesIO(pdf(*[0] * count))) == count


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"%PDF-1.7 nothing more", "damaged"),
        (pdf(0)[:120], "damaged"),
        (pdf(0, password="secret"), "locked"),
        (pdf(), "no page"),
    ],
    ids=["nothing", "cut", "locked", "empty"],
)
def test_what_cannot_be_bound_says_why(content: bytes, why: str) -> None:
    with pytest.raises(Unbindable) as fault:
        count_pages(io.BytesIO(content))
    assert why in render(fault.value.text, "en")


def _numbers(path: Path) -> list[tuple[str, tuple[float, float]]]:
    """Each number that was stamped, and where on the page as it is read: from the left and below."""
    found = []
    with pikepdf.open(path) as document:
        for page in document.pages:
            x_one, y_one, x_two, y_two = (float(each) for each in page.mediabox)
            turn = int(page.obj.get("/Rotate", 0))
            at: tuple[float, ...] = ()
            text = ""
            for each in pikepdf.parse_content_stream(page):
                if str(each.operator) == "Tm":
                    at = tuple(float(str(one)) for one in each.operands)[4:]
                elif str(each.operator) == "Tj":
                    text = str(each.operands[0])
            if text:
                x, y = at
                shown = {
                    0: (x - x_one, y - y_one), 90: (y - y_one, x_two - x),
                    180: (x_two - x, y_two - y), 270: (y_two - y, x - x_one),
                }[turn]  # fmt: skip
                found.append((text, shown))
    return found


def test_numbers_run_through_and_stand_at_the_outer_corner_however_a_page_is_turned(
    tmp_path: Path,
) -> None:
    front, body = pdf(0), pdf(0, 90, 180, 270, box=(50, 60, 250, 360))
    parts = [
        Part(lambda: io.BytesIO(front), is_numbered=False),
        Part(lambda: io.BytesIO(body)),
        Part(lambda: io.BytesIO(body)),
    ]
    told: list[int] = []
    count = bind(parts, tmp_path / "volume.pdf", told=told.append)
    assert count == 8
    assert told == [1, 2, 3]
    found = _numbers(tmp_path / "volume.pdf")
    assert [text for text, _at in found] == [str(each) for each in range(1, 9)]
    for text, (across, up) in found:
        is_wide = int(text) % 2 == 0  # Every second page is turned to lie.
        width, height = (300, 200) if is_wide else (200, 300)
        assert up > height * 0.85
        assert across > width * 0.8 if int(text) % 2 else across < width * 0.2


def test_what_opens_itself_is_left_behind(tmp_path: Path) -> None:
    written = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf(0))) as document:
        document.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(1)")
        document.save(written)
    bind([Part(lambda: written)], tmp_path / "volume.pdf", told=lambda _n: None)
    with pikepdf.open(tmp_path / "volume.pdf") as bound:
        assert "/OpenAction" not in bound.Root


@pytest.mark.parametrize(
    ("picture", "count"),
    [
        (image("RGB", "JPEG"), 1), (image("RGBA", "PNG"), 1), (image("L", "BMP"), 1),
        (image("P", "GIF"), 1), (image("RGB", "WEBP"), 1), (image("L", "TIFF", frames=3), 3),
    ],
    ids=["jpeg", "png", "bmp", "gif", "webp", "tiff"],
)  # fmt: skip
def test_pictures_become_pages_one_for_each_frame(picture: io.BytesIO, count: int) -> None:
    assert count_pictures(picture) == count
    picture.seek(0)
    made = list(pictures(picture))
    assert len(made) == count
    assert all(Image.open(io.BytesIO(each)).format == "JPEG" for each in made)


def test_a_large_picture_is_made_smaller_and_a_turned_one_stands_upright() -> None:
    written = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6  # The camera lay on its side.
    Image.new("RGB", (3000, 1500)).save(written, "JPEG", exif=exif)
    written.seek(0)
    (page,) = pictures(written)
    width, height = Image.open(io.BytesIO(page)).size
    assert (width, height) == (635, 1270)


def test_a_broken_picture_says_so() -> None:
    with pytest.raises(Unbindable):
        count_pictures(io.BytesIO(b"no picture"))
    whole = image("RGB", "PNG", (400, 400)).getvalue()
    with pytest.raises(Unbindable):
        list(pictures(io.BytesIO(whole[: len(whole) // 2])))


def test_pages_of_our_own_say_what_they_stand_for() -> None:
    (page,) = pictures(image("RGB", "JPEG"))
    made = pages_of(
        [
            PicturePage(page, "起火部位 <A&B>", "2026-01-01", "a" * 64),
            Sheet("电子文件登记页", "不能打印", [("文件名", "现场.mp4"), ("SHA-256", "b" * 64)]),
        ]
    )
    assert count_pages(io.BytesIO(made)) == 2
