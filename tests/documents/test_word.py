import time
from datetime import date
from decimal import Decimal
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from docx import Document
from docx.oxml.ns import qn
from docx.shared import Mm
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lxml import etree
from PIL import Image as Drawing

from fireinvest.documents.drafting import template_docx
from fireinvest.documents.word import Picture, TemplateFault, check_template, check_word, render
from fireinvest.messages import render as in_words
from tests.documents.markups import ISSUER, MARKUPS, SAMPLE
from tests.documents.test_drafting import W, part_of, said

ADDRESS = "https://fire.example.gov.cn/papers/ABCD-EFGH-IJKL-MNOP"


def drawing(width: int = 40, height: int = 20) -> bytes:
    stream = BytesIO()
    Drawing.new("RGB", (width, height), "white").save(stream, "PNG")
    return stream.getvalue()


PICTURES = {"plan": Picture(drawing(), 60)}


#: A file with little in it, for tests of what stands in the text.
_SMALL = template_docx("", "slip")


def of_office(
    *paragraphs: str, table: tuple[tuple[str, ...], ...] = (), footer: str | None = None
) -> bytes:
    """A template as somebody makes it in Word; one with a footer has another's styles, too."""
    document = Document(BytesIO(_SMALL) if footer is None else None)
    if footer is None:
        document.element.body.remove(document.paragraphs[0]._element)
    for text in paragraphs:
        document.add_paragraph(text)
    if table:
        grid = document.add_table(len(table), len(table[0]))
        for row, texts in zip(grid.rows, table, strict=True):
            for cell, text in zip(row.cells, texts, strict=True):
                cell.text = text
    if footer:
        document.sections[0].footer.paragraphs[0].text = footer
    stream = BytesIO()
    document.save(stream)
    return stream.getvalue()


def changed(docx: bytes, parts: dict[str, bytes]) -> bytes:
    """The same file with parts put in or replaced."""
    stream = BytesIO()
    with ZipFile(BytesIO(docx)) as old, ZipFile(stream, "w", ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name not in parts:
                new.writestr(name, old.read(name))
        for name, part in parts.items():
            new.writestr(name, part)
    return stream.getvalue()


def words_of(docx: bytes, name: str = "word/document.xml") -> str:
    return "\n".join(said(part_of(docx, name)))


@pytest.mark.parametrize("form", MARKUPS)
def test_a_paper_of_each_form_says_what_it_is_given_and_Word_takes_it(form: str) -> None:
    template = template_docx(MARKUPS[form], form)
    check_template(template, SAMPLE, PICTURES)
    paper = render(template, SAMPLE, PICTURES, qr=ADDRESS)
    assert check_word(paper) == []
    words = words_of(paper)
    assert ("李某" in words) == (form not in ("letter", "slip"))
    assert ISSUER in words or form == "record"
    assert paper == render(template, SAMPLE, PICTURES, qr=ADDRESS), "the same bytes at any time"


def test_conditions_and_rows() -> None:
    words = words_of(render(template_docx(MARKUPS["upward"], "upward"), SAMPLE))
    assert "组长另行确定。" in words
    assert "担任" not in words
    assert words.index("张某") < words.index("李某")
    with_leader = render(template_docx(MARKUPS["upward"], "upward"), {**SAMPLE, "leader": "赵某"})
    assert "组长由赵某担任。" in words_of(with_leader)


#: Anything that somebody may type, but the spaces of lines, which become lines of the paper.
TYPED = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("{}%#<>&\"'_\\"))


_BRACKETS = template_docx("small: 〔{{ text }}〕", "slip")


@settings(max_examples=40)
@given(TYPED)
@example("A<B&C")
@example("{{ paper.number }}")
@example("{% if x %}]]>{_{")
@example("<w:t>&lt;</w:t>")
@example("{%p for x in y %}")
def test_whatever_is_typed_stands_in_the_paper_as_it_was_typed(typed: str) -> None:
    words = words_of(render(_BRACKETS, {"text": typed}))
    for line in "\u2028\u2029\x85":
        typed = typed.replace(line, "")
    assert words.replace("\u2060", "") == f"〔{typed}〕".translate(
        {0x2060: None, 0xFFFE: None, 0xFFFF: None}
    )


def test_lines_become_lines_and_what_XML_cannot_hold_goes() -> None:
    paper = render(of_office("{{ text }}"), {"text": "一\r\n二\x00\x0b\x1f\ud800\n三\t四"})
    paragraph = part_of(paper, "word/document.xml").find(f".//{W}p")
    assert words_of(paper) == "一二三四"
    assert len(paragraph.findall(f".//{W}br")) == 2
    assert len(paragraph.findall(f".//{W}tab")) == 1
    assert check_word(paper) == []


def test_values_of_all_kinds() -> None:
    said_here = "{{ a }}|{{ b }}|{{ c }}|{{ d }}|{{ e[1] }}|{{ f.items }}|{{ g }}"
    values = {"a": 3, "b": Decimal("1.50"), "c": date(2026, 2, 25), "d": None, "e": ("x", "y"),
              "f": {"items": "件"}, "g": True}  # fmt: skip
    assert words_of(render(of_office(said_here), values)) == "3|1.50|2026-02-25||y|件|True"
    with pytest.raises(TypeError, match="object"):
        render(of_office("{{ a }}"), {"a": object()})


def test_a_tag_that_Word_split_over_runs_is_one_tag() -> None:
    document = Document()
    paragraph = document.add_paragraph("编号：{")
    for piece in ("{ paper", ".num", "ber }", "}。"):
        paragraph.add_run(piece)
    stream = BytesIO()
    document.save(stream)
    check_template(stream.getvalue(), SAMPLE)
    assert words_of(render(stream.getvalue(), SAMPLE)) == "编号：某消〔2026〕12号。"


def test_a_picture_keeps_its_shape_and_stays_on_the_page() -> None:
    template = of_office("{{ plan }}")
    shapes = [
        Document(
            BytesIO(render(template, {}, {"plan": Picture(drawing(*size), width)}))
        ).inline_shapes[0]
        for size, width in (((40, 20), 60), ((40, 20), 900), ((10, 100), 100))
    ]
    sizes = [(shape.width, shape.height) for shape in shapes]
    assert sizes == [(Mm(60), Mm(30)), (Mm(156), Mm(78)), (Mm(20), Mm(200))]
    with pytest.raises(ValueError, match="picture"):
        render(template, {}, {"plan": b"no picture"})


def test_pictures_stand_in_rows_too() -> None:
    template = of_office("照片", table=(("{%tr for each in photos %}", ""), ("{{ each.name }}", "{{ each.file }}"),
                                      ("{%tr endfor %}", "")))  # fmt: skip
    photos = [{"name": f"照片{number}", "file": Picture(drawing(), 40)} for number in range(3)]
    paper = render(template, {"photos": photos}, qr=ADDRESS)
    assert len(Document(BytesIO(paper)).inline_shapes) == 3
    assert check_word(paper) == []


@pytest.mark.parametrize(
    ("form", "footers"),
    [
        ("downward", {"default", "even"}),
        ("letter", {"default", "even", "first"}),
        ("report", {"default", "even"}),
    ],
)
def test_the_code_stands_in_every_footer_of_the_last_section(form: str, footers: set[str]) -> None:
    paper = render(template_docx(MARKUPS[form], form), SAMPLE, PICTURES, qr=ADDRESS)
    for kind in footers:
        root = part_of(paper, f"word/footer_{kind}.xml")
        assert len(list(root.iter(qn("wp:anchor")))) == 1
        assert "ABCD-EFGH-IJKL-MNOP" in "".join(said(root))
    assert len([name for name in ZipFile(BytesIO(paper)).namelist() if "media/" in name]) == 1
    without = render(template_docx(MARKUPS[form], form), SAMPLE, PICTURES)
    assert not [name for name in ZipFile(BytesIO(without)).namelist() if "media/" in name]


@pytest.mark.parametrize("footer", ["", "第{{ paper.number }}页"])
def test_a_template_of_an_office_gets_the_code_in_its_own_footer(footer: str) -> None:
    paper = render(of_office("正文", footer=footer), SAMPLE, qr=ADDRESS)
    section = Document(BytesIO(paper)).sections[0]
    lines = [paragraph.text for paragraph in section.footer.paragraphs]
    assert lines[-2:] == ["扫码核验本件", "ABCD-EFGH-IJKL-MNOP"]
    assert not footer or lines[0] == "第某消〔2026〕12号页"
    assert check_word(paper) == []


def test_a_paper_is_titled_Chinese_and_nobodys() -> None:
    document = Document(BytesIO(of_office("正文")))
    document.core_properties.author = "赵某"
    document.core_properties.last_modified_by = "钱某"
    stream = BytesIO()
    document.save(stream)
    paper = render(stream.getvalue(), SAMPLE)
    said_of_it = Document(BytesIO(paper)).core_properties
    assert (said_of_it.title, said_of_it.language) == ("关于成立调查组的请示", "zh-CN")
    assert (said_of_it.author, said_of_it.last_modified_by) == ("", "")
    for name in ZipFile(BytesIO(paper)).namelist():
        assert "钱某".encode() not in ZipFile(BytesIO(paper)).read(name)


def test_a_long_name_at_the_head_is_drawn_smaller_and_at_the_end_stays_on_one_line() -> None:
    for name, size in (("某局", 88), ("某" * 14 + "文件", 54), ("某" * 40, 52)):
        paper = render(template_docx("head: {{ name }}", "downward"), {"name": name})
        run = part_of(paper, "word/document.xml").find(f".//{W}r/{W}rPr/{W}sz")
        assert int(run.get(f"{W}val")) == size
    lefts = []
    for name in ("某局", "某" * 20):
        paper = render(
            template_docx("sign: {{ name }}\ndate: 2026年2月28日", "slip"), {"name": name}
        )
        body = part_of(paper, "word/document.xml")
        lefts.append([each.get(f"{W}left") for each in body.findall(f".//{W}pPr/{W}ind")])
    assert lefts[0] == []
    assert lefts[1] == ["2337", "2337"]


def test_nobody_signs_on_a_page_that_says_nothing() -> None:
    markup = (
        "{%p for x in lines %}\n{{ x }}\n{%p endfor %}\nsign: 甲\ndate: 乙\nnote: 丙\nblank: 丁"
    )
    body = part_of(
        render(template_docx(markup, "slip"), {"lines": ["一", "二"]}), "word/document.xml"
    )
    kept = [p.find(f"{W}pPr/{W}keepNext") is not None for p in body.iter(f"{W}p")]
    assert kept == [False, True, True, True, False, False]


# What is refused -----------------------------------------------------------------------------

FAULTS = {
    "an unknown field": ("{{ papers.number }}", "Paragraph 2", "“papers”"),
    "an unknown field of a record": ("{{ paper.numbre }}", "Paragraph 2", "“numbre”"),
    "in the branch not taken": ("{% if case %}一{% else %}{{ nothing }}{% endif %}", "Paragraph 2", "“nothing”"),
    "of a row": ("{% for row in roster %}{{ row.sex }}{% endfor %}", "Paragraph 2", "“sex”"),
    "not closed": ("{{ paper.number", "Paragraph 2", "not closed"),
    "no expression": ("{{ paper number }}", "Paragraph 2", "can't be filled in"),
    "a block of a paragraph": ("{% if case %}一", "Paragraph 2", "not closed in its paragraph"),
    "an unknown tag": ("{% include 'x' %}", "Paragraph 2", "no tag"),
    "a variable": ("{% set x = 1 %}", "Paragraph 2", "no tag"),
    "a macro": ("{% macro x() %}{% endmacro %}", "Paragraph 2", "no tag"),
    "closed twice": ("{% endif %}", "Paragraph 2", "Nothing is open"),
    "closed wrongly": ("{% if case %}{% endfor %}", "Paragraph 2", "does not close"),
    "words beside a paragraph's tag": ("一{%p if case %}", "Paragraph 2", "paragraph of its own"),
    "a row's tag outside": ("{%tr if case %}", "Paragraph 2", "row of its own"),
    "a call": ("{{ issuer.name.upper() }}", "Paragraph 2", "can't be filled in"),
    "a global": ("{{ range(9) }}", "Paragraph 2", "can't be filled in"),
    "a loop over numbers": ("{% for x in range(999999999) %}{% endfor %}", "Paragraph 2", "can't be filled in"),
    "a product": ("{{ 'x' * 999999999 }}", "Paragraph 2", "can't be filled in"),
    "a power": ("{{ 9 ** 99999999 }}", "Paragraph 2", "can't be filled in"),
    "inside Python": ("{{ issuer.__class__ }}", "Paragraph 2", "“__class__”"),
    "inside Python by name": ("{{ issuer['__class__'] }}", "Paragraph 2", "“__class__”"),
    "inside a loop": ("{% for x in lines %}{{ loop._iterator }}{% endfor %}", "Paragraph 2", "“_iterator”"),
    "a filter that isn't there": ("{{ issuer|attr('name') }}", "Paragraph 2", "can't be filled in"),
    "unescaped": ("{{ issuer.name|safe }}", "Paragraph 2", "can't be filled in"),
    "a recursive loop": ("{% for x in lines recursive %}{{ loop(lines) }}{% endfor %}", "Paragraph 2", "can't"),
    "loops in loops": ("{% for a in lines %}" * 4 + "{% endfor %}" * 4, "Paragraph 2", "can't"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_tag_is_refused_with_its_place(fault: str) -> None:
    text, place, words = FAULTS[fault]
    with pytest.raises(TemplateFault, match=words) as refused:
        check_template(of_office("第一段 {{ paper.number }}", text), SAMPLE)
    assert in_words(refused.value.place, "en").startswith(place)


@pytest.mark.parametrize(
    ("template", "place"),
    [
        (
            of_office("一", table=(("甲", "乙"), ("丙", "{{ nothing }}"))),
            "Table 1, row 2, cell 2 “{{ nothing }}”",
        ),
        (of_office("一", footer="{{ nothing }}"), "Footer: Paragraph 1 “{{ nothing }}”"),
        (
            of_office("一", table=(("{%tr if case %}",), ("二",))),
            "Table 1, row 1, cell 1 “{%tr if case %}”",
        ),
        (
            of_office("{%p if case %}", table=(("{%p endif %}",),)),
            "Table 1, row 1, cell 1 “{%p endif %}”",
        ),
        (
            of_office("一", table=(("{%tr if case %}", "二"),)),
            "Table 1, row 1, cell 1 “{%tr if case %}”",
        ),
    ],
)
def test_the_place_of_a_fault_is_a_cell_or_a_footer(template: bytes, place: str) -> None:
    with pytest.raises(TemplateFault) as refused:
        check_template(template, SAMPLE)
    assert in_words(refused.value.place, "en") == place
    assert in_words(refused.value.place, "zh")


def test_a_field_that_is_missing_later_is_named_too() -> None:
    with pytest.raises(TemplateFault, match=r"Paragraph 1 .*no field “number”"):
        render(of_office("{{ paper.number }}"), {"paper": {}})


def test_fields_where_none_are_filled_in_are_refused() -> None:
    comments = f'<w:comments xmlns:w="{W[1:-1]}"><w:comment><w:p><w:r><w:t>{{{{ x }}}}</w:t></w:r></w:p></w:comment></w:comments>'
    template = changed(of_office("一"), {"word/comments.xml": comments.encode()})
    with pytest.raises(TemplateFault, match="not filled in here"):
        check_template(template, SAMPLE)


RELS = "word/_rels/document.xml.rels"


def with_relation(kind: str, target: str, mode: str = "") -> bytes:
    docx = of_office("一")
    with ZipFile(BytesIO(docx)) as package:
        rels = package.read(RELS).decode()
    uri = f"http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}"
    added = f'<Relationship Id="rId99" Type="{uri}" Target="{target}"{mode}/></Relationships>'
    return changed(docx, {RELS: rels.replace("</Relationships>", added).encode()})


def with_document(before: str, after: str) -> bytes:
    docx = of_office("一")
    with ZipFile(BytesIO(docx)) as package:
        document = package.read("word/document.xml").decode()
    assert before in document
    return changed(docx, {"word/document.xml": document.replace(before, after).encode()})


EXTERNAL = ' TargetMode="External"'
BOMB = '<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a "aaaaaaaaaa">' + "".join(
    f'<!ENTITY {chr(98 + n)} "&{chr(97 + n)};&{chr(97 + n)};&{chr(97 + n)};">' for n in range(20)
) + "]><b>&u;</b>"  # fmt: skip


@pytest.mark.parametrize(
    ("template", "words"),
    [
        (b"no file", "no Word file"),
        (changed(of_office("一"), {"[Content_Types].xml": b"<Types/>"}), "no Word file"),
        (changed(of_office("一"), {"word/vbaProject.bin": b"x"}), "macros"),
        (changed(of_office("一"), {"word/embeddings/oleObject1.bin": b"x"}), "embedded"),
        (changed(of_office("一"), {"word/activeX/activeX1.bin": b"x"}), "embedded"),
        (with_relation("oleObject", "embeddings/x.bin"), "embedded"),
        (with_relation("aFChunk", "x.html"), "embedded"),
        (with_relation("image", "http://127.0.0.1:9/x.png", EXTERNAL), "outside"),
        (with_relation("attachedTemplate", "file:///C:/x.dotm", EXTERNAL), "outside"),
        (with_relation("hyperlink", "https://127.0.0.1:9/", EXTERNAL), "outside"),
        (with_document("<w:t>一</w:t>", '<w:instrText> DDE "x" </w:instrText>'), "DDE"),
        (with_document("<w:t>一</w:t>", "<w:instrText>PAGE</w:instrText><w:instrText>LINK x</w:instrText>"), "LINK"),
        (with_document("<w:t>一</w:t>", '<w:instrText>INCLUDE</w:instrText><w:instrText>PICTURE "x"</w:instrText>'), "INCLUDEPICTURE"),
        (changed(of_office("一"), {"word/x.xml": BOMB.encode()}), "can't be read"),
        (changed(of_office("一"), {"word/x.xml": b"<a><b></a>"}), "can't be read"),
        (changed(of_office("一"), {"word/media/x.bin": bytes(80_000_000)}), "no Word file"),
    ],
)  # fmt: skip
def test_a_file_that_holds_more_than_words_is_refused(template: bytes, words: str) -> None:
    with pytest.raises(TemplateFault, match=words):
        check_template(template, SAMPLE)
    with pytest.raises(TemplateFault, match=words):
        render(template, SAMPLE)


@pytest.mark.parametrize(
    "text",
    [
        "{% for a in long %}{% for b in long %}{% for c in long %}{% endfor %}{% endfor %}{% endfor %}",
        "{% for a in long %}{% for b in long %}{{ text }}{% endfor %}{% endfor %}",
        "{{ long|join(long|join(long|join(text))) }}",
    ],
)
def test_a_template_cannot_run_long_or_grow_large(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fireinvest.documents.word.deadline", lambda: time.monotonic() + 0.5)
    begun = time.monotonic()
    with pytest.raises(TemplateFault, match="too long") as refused:
        check_template(of_office("一", text), {"long": list(range(2000)), "text": "长" * 1000})
    assert time.monotonic() - begun < 5
    assert in_words(refused.value.place, "en").startswith("Paragraph 2")


def test_a_file_full_of_tags_is_read_in_time() -> None:
    tags = "{{ text }}{% if text %}{{ text }}{% endif %}"
    begun = time.monotonic()
    check_template(of_office(*[tags * 100] * 2), {"text": "字"})
    with pytest.raises(TemplateFault, match="too many fields"):
        check_template(of_office(*[tags * 100] * 100), {"text": "字"})
    assert time.monotonic() - begun < 10


def test_what_would_not_be_whole_is_refused_and_not_mended() -> None:
    document = part_of(of_office("一"), "word/document.xml")
    body = document.find(f"{W}body")
    table = etree.fromstring(
        f'<w:tbl xmlns:w="{W[1:-1]}"><w:tblPr/><w:tblGrid><w:gridCol/></w:tblGrid><w:tr><w:tc>'
        "<w:p><w:r><w:t>{%p if case %}</w:t></w:r></w:p><w:p><w:r><w:t>{{ case.unit }}</w:t></w:r></w:p>"
        "<w:p><w:r><w:t>{%p endif %}</w:t></w:r></w:p></w:tc></w:tr></w:tbl>"
    )
    body.insert(0, table)
    template = changed(of_office("一"), {"word/document.xml": etree.tostring(document)})
    check_template(template, SAMPLE)
    empty = render(template, {"case": {}})
    assert check_word(empty) == [], "a cell whose paragraphs all went has one again"
