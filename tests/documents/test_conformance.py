import re
from collections.abc import Callable
from io import BytesIO
from zipfile import ZipFile

import pytest
from docx import Document

from fireinvest.documents.conformance import ORDERS, check_word
from fireinvest.documents.drafting import template_docx
from fireinvest.documents.word import render
from tests.documents.markups import MARKUPS, SAMPLE
from tests.documents.test_word import ADDRESS, PICTURES, changed

SOUND = render(template_docx(MARKUPS["record"], "record"), SAMPLE, PICTURES, qr=ADDRESS)
DOCUMENT, STYLES, TYPES = "word/document.xml", "word/styles.xml", "[Content_Types].xml"
RELS = "word/_rels/document.xml.rels"


def planted(name: str, change: Callable[[str], str], docx: bytes = SOUND) -> bytes:
    with ZipFile(BytesIO(docx)) as package:
        before = package.read(name).decode()
    after = change(before)
    assert after != before
    return changed(docx, {name: after.encode()})


def swap(before: str, after: str, count: int = 1) -> Callable[[str], str]:
    return lambda xml: xml.replace(before, after, count)


def without(name: str) -> bytes:
    stream = BytesIO()
    with ZipFile(BytesIO(SOUND)) as old, ZipFile(stream, "w") as new:
        for each in old.namelist():
            if each != name:
                new.writestr(each, old.read(each))
    return stream.getvalue()


def test_a_sound_file_has_no_faults() -> None:
    assert check_word(SOUND) == []


def test_a_file_of_python_docx_is_sound() -> None:
    stream = BytesIO()
    document = Document()
    document.add_table(2, 2)
    document.save(stream)
    assert check_word(stream.getvalue()) == []


FAULTS = {
    "no file": (b"", "no Word file"),
    "not well-formed": (planted(DOCUMENT, swap("</w:body>", "")), "not well-formed"),
    "no types": (without(TYPES), "Content_Types"),
    "a part without a type": (changed(SOUND, {"word/x.bin": b""}), "word/x.bin: has no type"),
    "a part without a type of its own": (
        planted(TYPES, lambda xml: re.sub(r'<Override PartName="/word/styles.xml"[^>]*/>', "", xml)),
        "styles.xml: has no type of its own",
    ),
    "a type without a part": (without("word/fontTable.xml"), "no part word/fontTable.xml"),
    "a type twice": (
        planted(TYPES, lambda xml: re.sub(r'(<Default Extension="xml"[^>]*/>)', r"\1\1", xml)),
        "more than one type",
    ),
    "a relationship without a part": (without("word/settings.xml"), "no part settings.xml"),
    "a relationship twice": (
        planted(RELS, lambda xml: re.sub(r"(<Relationship [^>]*/>)", r"\1\1", xml, count=1)),
        "there twice",
    ),
    "an unknown relationship": (
        planted(DOCUMENT, lambda xml: re.sub(r'r:embed="\w+"', 'r:embed="rId77"', xml)),
        "no relationship rId77",
    ),
    "relationships of nothing": (without("word/footer_even.xml"), "no part word/footer_even.xml"),
    "no document": (
        planted("_rels/.rels", swap("/officeDocument", "/thumbnail", -1)),
        "names no document",
    ),
    "pPr out of order": (
        planted(DOCUMENT, lambda xml: re.sub(r"(<w:pStyle [^>]*/>)(<w:(?!r)[^>]*/>)", r"\2\1", xml, count=1)),
        "comes too late in pPr",
    ),
    "rPr out of order": (
        planted(STYLES, lambda xml: re.sub(r"(<w:rFonts [^>]*/>)(<w:b/>)", r"\2\1", xml)),
        "rFonts comes too late in rPr",
    ),
    "tblPr out of order": (
        planted(DOCUMENT, lambda xml: re.sub(r"(<w:tblW [^>]*/>)(<w:tblLayout [^>]*/>)", r"\2\1", xml)),
        "tblW comes too late in tblPr",
    ),
    "tcPr out of order": (
        planted(DOCUMENT, lambda xml: re.sub(r"(<w:tcW [^>]*/>)(<w:vAlign [^>]*/>)", r"\2\1", xml)),
        "tcW comes too late in tcPr",
    ),
    "sectPr out of order": (
        planted(DOCUMENT, lambda xml: re.sub(r"(<w:pgSz [^>]*/>)(<w:pgMar [^>]*/>)", r"\2\1", xml)),
        "pgSz comes too late in sectPr",
    ),
    "settings out of order": (
        planted("word/settings.xml", lambda xml: re.sub(r"(<w:zoom [^>]*/>)(.*)(<w:compat>)", r"\2\1\3", xml)),
        "comes too late in settings",
    ),
    "a property twice": (
        planted(DOCUMENT, lambda xml: re.sub(r"(<w:pStyle [^>]*/>)", r"\1\1", xml, count=1)),
        "pStyle is there twice in pPr",
    ),
    "a property that isn't one": (
        planted(DOCUMENT, lambda xml: re.sub(r"(<w:pStyle [^>]*/>)", r"\1<w:colour/>", xml, count=1)),
        "colour does not belong in pPr",
    ),
    "properties after the text": (
        planted(DOCUMENT, lambda xml: re.sub(r"(<w:pPr>.*?</w:pPr>)(<w:r>.*?</w:r>)", r"\2\1", xml, count=1)),
        "pPr stands first",
    ),
    "a section before the text": (
        planted(DOCUMENT, lambda xml: re.sub(r"<w:body>(.*)(<w:sectPr.*?</w:sectPr>)", r"<w:body>\2\1", xml)),
        "sectPr stands last",
    ),
    "drawings of one number": (
        planted("word/footer_default.xml", lambda xml: re.sub(r'docPr id="\d+"', 'docPr id="1"', xml)),
        "drawings have the number 1",
    ),
    "bookmarks of one number": (
        planted(DOCUMENT, swap("<w:body>", '<w:body><w:p><w:bookmarkStart w:id="3" w:name="a"/>'
                '<w:bookmarkStart w:id="3" w:name="b"/><w:bookmarkEnd w:id="3"/></w:p>')),
        "bookmarks have the number 3",
    ),
    "bookmarks of one name": (
        planted(DOCUMENT, swap("<w:body>", '<w:body><w:p><w:bookmarkStart w:id="3" w:name="a"/><w:bookmarkEnd w:id="3"/>'
                '<w:bookmarkStart w:id="4" w:name="a"/><w:bookmarkEnd w:id="4"/></w:p>')),
        "bookmarks are called a",
    ),
    "a bookmark without an end": (
        planted(DOCUMENT, swap("<w:body>", '<w:body><w:p><w:bookmarkStart w:id="3" w:name="a"/></w:p>')),
        "no end or no beginning",
    ),
    "a table without a grid": (
        planted(DOCUMENT, lambda xml: re.sub(r"<w:tblGrid>.*?</w:tblGrid>", "", xml, count=1)),
        "properties and a grid",
    ),
    "a table without rows": (
        planted(DOCUMENT, lambda xml: re.sub(r"</w:tblGrid>.*?</w:tbl>", "</w:tblGrid></w:tbl>", xml, count=1)),
        "a table has rows",
    ),
    "a row without cells": (
        planted(DOCUMENT, swap("</w:tblGrid>", "</w:tblGrid><w:tr/>")), "has no cell"
    ),
    "a row beside the grid": (
        planted(DOCUMENT, swap("<w:gridCol ", '<w:gridCol w:w="1"/><w:gridCol ')),
        "4 columns, the grid 5",
    ),
    "a cell without a paragraph": (
        planted(DOCUMENT, lambda xml: re.sub(r"(<w:tc>.*?</w:tcPr>).*?</w:tc>", r"\1</w:tc>", xml, count=1)),
        "does not end with a paragraph",
    ),
    "a field that is left": (planted(DOCUMENT, swap("询问笔录", "{{ paper.title }}")), "a tag is left"),
    "a condition in a footer": (
        planted("word/footer_even.xml", swap("— ", "{% if x %}")), "footer_even.xml: a tag is left"
    ),
    "a field without an end": (
        planted("word/footer_even.xml", lambda xml: re.sub(r'<w:fldChar w:fldCharType="end"/>', "", xml)),
        "begun and not ended",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found(fault: str) -> None:
    docx, words = FAULTS[fault]
    assert [each for each in check_word(docx) if words in each], check_word(docx)


def test_a_run_without_an_East_Asian_font_is_found() -> None:
    bare = planted(STYLES, lambda xml: re.sub(r' w:eastAsia="[^"]*"(?=[^>]*/>)', "", xml))
    bare = planted(DOCUMENT, lambda xml: re.sub(r"(<w:rPr>)<w:rFonts [^>]*/>", r"\1", xml), bare)
    assert [each for each in check_word(bare) if "no East Asian font for “询问笔录”" in each]
    by_style = planted(DOCUMENT, lambda xml: re.sub(r"(<w:rPr>)<w:rFonts [^>]*/>", r"\1", xml))
    assert check_word(by_style) == [], "the style names one"


def test_no_name_stands_twice_in_an_order() -> None:
    for order in ORDERS.values():
        assert len(order) == len(set(order))
