import re
from io import BytesIO
from zipfile import ZipFile

import pytest
from docx import Document
from docx.shared import Mm
from lxml import etree

from fireinvest.documents.drafting import MarkupFault, template_docx
from fireinvest.documents.word import check_word
from tests.documents.markups import MARKUPS

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def part_of(docx: bytes, name: str) -> etree._Element:
    with ZipFile(BytesIO(docx)) as package:
        return etree.fromstring(package.read(name))


def said(root: etree._Element) -> list[str]:
    return ["".join(t.text or "" for t in p.iter(f"{W}t")) for p in root.iter(f"{W}p")]


@pytest.mark.parametrize("form", MARKUPS)
def test_a_template_keeps_its_fields_and_Word_takes_it(form: str) -> None:
    docx = template_docx(MARKUPS[form], form)
    assert [each for each in check_word(docx) if "a tag is left" not in each] == []
    texts = [t.text for name in parts_of(docx) for t in part_of(docx, name).iter(f"{W}t")]
    written = re.findall(r"\{[{%].*?[}%]\}", MARKUPS[form])
    whole = [tag for text in texts for tag in re.findall(r"\{[{%].*?[}%]\}", text)]
    assert sorted(whole) == sorted(written), "a tag is whole within one run"
    Document(BytesIO(docx))
    assert docx == template_docx(MARKUPS[form], form)


def parts_of(docx: bytes) -> list[str]:
    with ZipFile(BytesIO(docx)) as package:
        return [
            name for name in package.namelist() if re.match(r"word/(document|header|footer)", name)
        ]


def test_the_page_is_that_of_the_standard() -> None:
    docx = template_docx(MARKUPS["downward"], "downward")
    found = Document(BytesIO(docx)).sections[-1]
    names = (
        "page_width",
        "left_margin",
        "right_margin",
        "page_height",
        "top_margin",
        "bottom_margin",
    )
    across, left, right, along, top, bottom = (int(getattr(found, name)) for name in names)
    assert (across, along) == pytest.approx((Mm(210), Mm(297)), abs=Mm(0.1))
    assert (top, left) == pytest.approx((Mm(37), Mm(28)), abs=Mm(0.1))
    width, height = across - left - right, along - top - bottom
    assert (width, height) == pytest.approx((Mm(156), Mm(225)), abs=Mm(0.1))
    grid = part_of(docx, "word/document.xml").find(f".//{W}docGrid")
    assert height / 635 // int(grid.get(f"{W}linePitch")) == 22


def test_every_style_and_run_names_an_East_Asian_font() -> None:
    docx = template_docx(MARKUPS["upward"], "upward")
    styles = part_of(docx, "word/styles.xml")
    for style in styles.iter(f"{W}style"):
        if style.get(f"{W}type") == "paragraph":
            assert style.find(f"{W}rPr/{W}rFonts").get(f"{W}eastAsia")
    for name in parts_of(docx):
        for run in part_of(docx, name).iter(f"{W}r"):
            if run.find(f"{W}t") is not None:
                assert run.find(f"{W}rPr/{W}rFonts").get(f"{W}eastAsia")
    named = {font.get(f"{W}name") for font in part_of(docx, "word/fontTable.xml")}
    assert named == {"方正小标宋简体", "仿宋_GB2312", "楷体_GB2312", "黑体", "宋体"}
    assert all(
        font.find(f"{W}altName").get(f"{W}val") for font in part_of(docx, "word/fontTable.xml")
    )
    with ZipFile(BytesIO(docx)) as package:
        assert not [name for name in package.namelist() if "fonts/" in name], "no font is shipped"


def test_first_lines_are_indented_for_Word_and_for_others() -> None:
    styles = part_of(template_docx(MARKUPS["slip"], "slip"), "word/styles.xml")
    for name in ("FwBody", "Heading1", "Heading2", "Heading3"):
        indent = styles.find(f"{W}style[@{W}styleId='{name}']/{W}pPr/{W}ind")
        assert indent.get(f"{W}firstLineChars") == "200"
        assert indent.get(f"{W}firstLine") == "632"


def test_header_rows_are_repeated_and_rows_are_not_split() -> None:
    table = part_of(template_docx(MARKUPS["upward"], "upward"), "word/document.xml").find(
        f".//{W}tbl"
    )
    rows = [row for row in table.iter(f"{W}tr") if "{%tr" not in "".join(row.itertext())]
    assert [row.find(f"{W}trPr/{W}tblHeader") is not None for row in rows] == [True, False]
    assert all(row.find(f"{W}trPr/{W}cantSplit") is not None for row in rows)
    widths = [int(column.get(f"{W}w")) for column in table.find(f"{W}tblGrid")]
    assert sum(widths) == 8844
    assert widths[2] > widths[3] > widths[1] > widths[0]


def test_a_narrow_column_still_holds_two_characters() -> None:
    docx = template_docx("|:widths 0.1 9 9 9\n|= 序号 | 甲 | 乙 | 丙\n| 1 | 2 | 3 | 4", "record")
    columns = part_of(docx, "word/document.xml").findall(f".//{W}gridCol")
    assert int(columns[0].get(f"{W}w")) >= 690


def test_a_report_has_a_cover_without_number_and_begins_with_page_one() -> None:
    document = part_of(template_docx(MARKUPS["report"], "report"), "word/document.xml")
    cover, rest = document.iter(f"{W}sectPr")
    assert cover.find(f"{W}footerReference") is None
    assert rest.find(f"{W}pgNumType").get(f"{W}start") == "1"
    assert {each.get(f"{W}type") for each in rest.iter(f"{W}footerReference")} == {
        "default",
        "even",
    }


def test_a_letter_has_its_head_and_rules_on_the_first_page_only() -> None:
    docx = template_docx(MARKUPS["letter"], "letter")
    assert said(part_of(docx, "word/header_first.xml")) == ["{{ issuer.name }}"]
    assert "PAGE" not in etree.tostring(part_of(docx, "word/footer_first.xml"), encoding="unicode")
    section = part_of(docx, "word/document.xml").find(f".//{W}sectPr")
    assert section.find(f"{W}titlePg") is not None


@pytest.mark.parametrize(
    ("markup", "form", "line", "words"),
    [
        ("title: 一\nheading: 二", "record", 2, "no element “heading”"),
        ("正文\n\n#### 三", "record", 3, "heading"),
        ("#没有空格", "record", 1, "heading"),
        ("|:width 1 2", "record", 1, "line of a table"),
        ("|:widths 1 0\n| 1 | 2", "record", 1, "width"),
        ("|:widths 1 1\n| 1 | 2 | 3", "record", 2, "3 cells, the table 2 columns"),
        ("| 1 | 2\n|= 甲 | 乙", "record", 2, "above the rows"),
        ("{%tr for x in y %}\n正文\n{%tr endfor %}", "record", 1, "rows of a table"),
        ("field: 没有值", "record", 1, "a label = a value"),
        ("field: 一 = 1 | 二 = 2 | 三 = 3", "record", 1, "at most two"),
        ("head: 某某", "record", 1, "no red head"),
        ("head: 某某\nhead: 某某", "downward", 2, "one head"),
        ("foot: 签名\nfoot: 签名", "record", 2, "one line at the foot"),
        ("foot: 签名", "letter", 1, "one line at the foot"),
        ("正文 {{ 没完", "record", 1, "not closed"),
        ("正文 没完 }}", "record", 1, "not closed"),
        ("正文 {%p if x %}", "record", 1, "line of its own"),
        ("正文 {% if x %}", "record", 1, "on the same line"),
        ("正文 {% endif %}{% if x %}", "record", 1, "on the same line"),
        ("一\n{%p if x %}\n二", "record", 2, "never closed"),
        ("一\n{%p endif %}", "record", 2, "Nothing is open"),
        ("{%p if x %}\n二\n{%p endfor %}", "record", 3, "Nothing is open"),
        ("{%p set x = 1 %}", "record", 1, "no tag “set”"),
        ("title: 报告", "report", 1, "cover"),
        ("title: 报告\n# 一、\n---", "report", 2, "cover"),
        ("title: 报告\n| 1 | 2\n---", "report", 2, "cover"),
    ],
)
def test_markup_that_means_nothing_is_refused_with_its_line(
    markup: str, form: str, line: int, words: str
) -> None:
    with pytest.raises(MarkupFault, match=words) as refused:
        template_docx(markup, form)
    assert refused.value.line == line


def test_a_page_break_holds_before_text_tables_and_tags() -> None:
    markup = "一\n---\n二\n---\n| 1 | 2\n---\n{%p if x %}\n三\n{%p endif %}\n---\n四\n---"
    document = part_of(template_docx(markup, "record"), "word/document.xml")
    assert len(list(document.iter(f"{W}pageBreakBefore"))) == 5


def test_an_unknown_form_is_no_form() -> None:
    with pytest.raises(ValueError, match="poster"):
        template_docx("正文", "poster")


def test_what_is_signed_on_every_page_stands_at_the_foot_of_each() -> None:
    docx = template_docx("foot: 被询问人 | 记录人\n正文", "record")
    assert check_word(docx) == []
    for kind in ("default", "even"):
        footer = etree.tostring(part_of(docx, f"word/footer_{kind}.xml"), encoding="unicode")
        assert footer.index("被询问人：") < footer.index("记录人：") < footer.index("PAGE")
