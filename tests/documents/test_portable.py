"""LibreOffice is started few times here: each start takes seconds."""

import os
import re
import subprocess
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest
from PIL import Image, ImageChops

from fireinvest.documents.drafting import template_docx
from fireinvest.documents.portable import NoOffice, NotPrinted, pdf_of_docx, pdfs_of
from fireinvest.documents.word import render
from fireinvest.messages import render as in_words
from tests.documents.markups import MARKUPS, SAMPLE
from tests.documents.test_word import ADDRESS, PICTURES, changed

SENTENCE = "依照火灾事故调查处理规定对事故原因进行调查"
#: One page of 22 lines of 28 characters, its first line indented by two.
FULL = (SENTENCE * 40)[: 22 * 28 - 2]


@pytest.fixture(scope="module")
def pdfs() -> dict[str, bytes]:
    papers = {
        form: render(template_docx(markup, form), SAMPLE, PICTURES, qr=ADDRESS)
        for form, markup in sorted(MARKUPS.items(), key=lambda each: each[0] != "slip")
    }
    papers["full"] = template_docx(f"{FULL}\n---\n{FULL}", "record")
    papers["over"] = template_docx(f"{FULL}多", "record")
    return dict(zip(papers, pdfs_of(papers.values()), strict=True))


def pages(pdf: bytes) -> list[str]:
    """What each page says, line by line; narrow spaces are not among it."""
    done = subprocess.run(
        ["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True
    )
    return done.stdout.decode().rstrip("\f").split("\f")


def picture(pdf: bytes, page: int = 1) -> Image.Image:
    command = ["pdftoppm", "-r", "72", "-png", "-f", str(page), "-l", str(page), "-"]
    done = subprocess.run(command, input=pdf, capture_output=True, check=True)
    return Image.open(BytesIO(done.stdout)).convert("RGB")


def rows_of(mask: Image.Image) -> list[float]:
    """The heights, in millimetres from above, at which most of the width is marked."""
    rows = mask.resize((1, mask.height), Image.Resampling.BOX).tobytes()
    return [y * 25.4 / 72 for y, share in enumerate(rows) if share > 255 * 0.6]


def red(image: Image.Image) -> Image.Image:
    """What is red in a picture."""
    much, *little = image.split()
    mask = much.point(lambda value: 255 * (value > 200))
    for channel in little:
        mask = ImageChops.multiply(mask, channel.point(lambda value: 255 * (value < 120)))
    return mask


def dark(image: Image.Image) -> Image.Image:
    """What is not white in a picture."""
    return image.convert("L").point(lambda value: 255 * (value < 220))


def test_a_page_holds_22_lines_of_28_characters(pdfs: dict[str, bytes]) -> None:
    first, second = pages(pdfs["full"])
    for page in (first, second):
        lines = [line.strip() for line in page.splitlines() if line.strip()]
        assert [len(line) for line in lines[:-1]] == [26, *[28] * 21]
        assert lines[-1].startswith("—")
    assert len(pages(pdfs["over"])) == 2


def test_page_numbers_stand_outside(pdfs: dict[str, bytes]) -> None:
    odd, even = (page.rstrip().splitlines()[-1] for page in pages(pdfs["full"]))
    assert (odd.strip(), even.strip()) == ("—1—", "—2—")
    assert len(odd) - len(odd.lstrip()) > 20 > len(even) - len(even.lstrip())


@pytest.mark.parametrize("form", MARKUPS)
def test_every_form_is_laid_out_in_Chinese_fonts(form: str, pdfs: dict[str, bytes]) -> None:
    text = "".join(pages(pdfs[form]))
    assert "ABCD-EFGH-IJKL-MNOP" in text
    with pikepdf.open(BytesIO(pdfs[form])) as pdf:
        fonts = {
            str(each.get("/BaseFont"))
            for each in pdf.objects
            if isinstance(each, pikepdf.Dictionary) and each.get("/Type") == "/Font"
        }
    assert fonts
    assert all("NotoS" in font and "CJK" in font for font in fonts), fonts


def test_the_red_head_and_its_rule_stand_where_the_standard_has_them(
    pdfs: dict[str, bytes],
) -> None:
    rules = rows_of(red(picture(pdfs["downward"])))
    assert 95 < rules[0] <= rules[-1] < 125
    rules = rows_of(red(picture(pdfs["letter"])))
    assert 40 < rules[0] < 55, "below the head, which begins 30 mm from the edge"
    assert 275 < rules[-1] < 278.5, "20 mm from the lower edge"
    assert rows_of(red(picture(pdfs["record"]))) == []


def test_the_imprint_stands_at_the_foot_of_the_last_page(pdfs: dict[str, bytes]) -> None:
    last = len(pages(pdfs["downward"]))
    lines = rows_of(dark(picture(pdfs["downward"], last)))
    low = [line for line in lines if line > 200]
    assert 225 < low[0] < low[-1] < 263
    assert "印发" in pages(pdfs["downward"])[-1]


def test_a_report_counts_its_pages_after_the_cover(pdfs: dict[str, bytes]) -> None:
    cover, first, second = pages(pdfs["report"])
    assert "—" not in cover
    assert "—1—" in first
    assert "—2—" in second


def test_the_same_paper_is_the_same_bytes_and_says_nothing_of_when(pdfs: dict[str, bytes]) -> None:
    slip = render(template_docx(MARKUPS["slip"], "slip"), SAMPLE, PICTURES, qr=ADDRESS)
    assert pdf_of_docx(slip) == pdfs["slip"]
    with pikepdf.open(BytesIO(pdfs["slip"])) as pdf:
        assert "/CreationDate" not in pdf.docinfo
        assert not re.search(rb"(Create|Modify|Metadata)Date", pdf.Root.Metadata.read_bytes())


def test_what_cannot_be_laid_out_is_named() -> None:
    sound = template_docx("正文", "slip")
    broken = changed(sound, {"word/document.xml": b"<w:document"})
    for faulty in (b"no Word file at all", broken):
        with pytest.raises(NotPrinted) as refused:
            pdfs_of([sound, faulty])
        assert refused.value.number == 1


def test_it_is_given_up_in_time_and_leaves_nothing_running() -> None:
    with pytest.raises(NotPrinted, match="too long"):
        pdf_of_docx(template_docx("正文", "slip"), seconds=0.2)
    commands = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            commands.append(process.read_bytes())
    assert not [each for each in commands if f"papers-{os.getpid()}-".encode() in each]


def test_without_an_office_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(NoOffice) as refused:
        pdf_of_docx(b"")
    assert "libreoffice-writer-nogui" in in_words(refused.value.text, "en")


def test_nothing_to_do_starts_nothing() -> None:
    assert pdfs_of([]) == []
