"""Pictures in papers: drawn anew, with pins at their places; what is none is left out."""

from io import BytesIO
from pathlib import Path

import pytest
from docx import Document
from PIL import Image

from fireinvest.gateways.blobs import LocalBlobs
from fireinvest.services.papers.base import Mark
from fireinvest.services.papers.drawing import compose, find_subject
from fireinvest.services.papers.material import readable_items
from fireinvest.services.papers.pictures import printed_picture
from fireinvest.services.pictures import NotShown
from fireinvest.store import Database
from fireinvest.workflow.actions import Attachment
from fireinvest.workflow.items.scene import Pin, ScenePlan
from fireinvest.workflow.registers import Filing
from tests.services.office import LAW, opened
from tests.services.papers.test_early import RICH, seen, write

RED, GREY = (192, 0, 0), (200, 200, 200)
ADDRESS = "https://example.org/papers"


def plan(size: tuple[int, int] = (800, 600), mode: str = "RGB") -> bytes:
    target = BytesIO()
    Image.new(mode, size, (*GREY, 0) if mode == "RGBA" else GREY).save(target, "PNG")
    return target.getvalue()


def printed(content: bytes, *marks: Mark) -> Image.Image:
    return Image.open(BytesIO(printed_picture(BytesIO(content), marks))).convert("RGB")


@pytest.mark.parametrize(
    ("across", "down", "at"),
    [(500, 500, (400, 300)), (0, 0, (0, 0)), (1000, 1000, (799, 599)), (250, 900, (200, 540))],
)
def test_a_pin_is_drawn_at_its_place(across: int, down: int, at: tuple[int, int]) -> None:
    drawn = printed(plan(), Mark("N1", across, down))
    assert drawn.size == (800, 600)
    assert drawn.getpixel(at) == pytest.approx(RED, abs=30)
    red, green, _ = drawn.split()
    is_red = [(r > 150) and (g < 60) for r, g in zip(red.tobytes(), green.tobytes(), strict=True)]
    reds = sum(is_red)
    assert 60 < reds < 4000


def test_without_pins_it_is_as_it_was_and_never_larger_than_a_page() -> None:
    assert printed(plan()).getpixel((400, 300)) == pytest.approx(GREY, abs=3)
    assert printed(plan((6000, 600))).width == 1850


def test_what_is_transparent_is_paper() -> None:
    drawn = printed(plan(mode="RGBA"), Mark("N1", 100, 100))
    assert drawn.getpixel((700, 500)) == pytest.approx((255, 255, 255), abs=3)


def test_what_is_no_picture_is_not_printed() -> None:
    with pytest.raises(NotShown):
        printed_picture(BytesIO(b"no picture at all"))


@pytest.mark.parametrize(("content", "shown"), [(plan(), 1), (b"no picture", 0)])
def test_a_survey_shows_its_plan_or_goes_without(
    quick_database: Database, tmp_path: Path, content: bytes, shown: int
) -> None:
    blobs = LocalBlobs(tmp_path)
    blob = blobs.put(BytesIO(content), at_most=len(content))
    file = Attachment("平面图.png", "image/png", blob.sha256, blob.size)
    ref = opened(quick_database)
    first = dict(reversed(RICH))
    write(
        quick_database, ref, Filing("evidence", first["evidence"]), Filing("surveys", first["surveys"]),
        Filing("scene_plans", ScenePlan("一层平面图"), attachments=(file,)),
        Filing("pins", Pin((1,), "起火点", 450, 305)),
    )  # fmt: skip
    case = seen(quick_database, ref)
    kind = case.ruleset.papers["scene_survey"]
    with quick_database.readers.begin() as session:
        subject = find_subject(case, kind, "surveys:1", readable_items(session, case))
        assert subject is not None
        made = compose(session, blobs, case, LAW, kind, subject, number=None, address=ADDRESS)
    document = Document(BytesIO(made.docx))
    assert len(document.inline_shapes) == shown
    text = "\n".join(each.text for each in document.paragraphs)
    assert ("火灾现场图" in text) == bool(shown)
    assert "sha256" not in text
