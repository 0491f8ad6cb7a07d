"""A Word template filled in with what a paper says, and a template of an office tried before it counts.

Both come out of the same door: the templates that belong to the application and those that an office
changed in Word. Nothing in a template is trusted: it carries no program, asks for nothing outside
itself, and its tags only read what they are given.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime, time
from decimal import Decimal
from io import BytesIO
from typing import Any
from xml.sax.saxutils import escape

import segno
from docx import Document
from docx.document import Document as DocumentObject
from docx.image.exceptions import UnrecognizedImageError
from docx.image.image import Image
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.part import Part, XmlPart
from docx.oxml import parse_xml
from docx.shared import Mm
from docxtpl import DocxTemplate, InlineImage
from jinja2.exceptions import TemplateError
from lxml import etree

from fireinvest.documents.conformance import check_word
from fireinvest.documents.drafting import EM, FONT_SONG, HEAD_SIZE, SIGN_LEFT, TEXT_WIDTH
from fireinvest.documents.packages import CORE, NotAPackage, packed, unpacked
from fireinvest.documents.tags import (
    Sandbox,
    TemplateFault,
    W,
    check_tags,
    deadline,
    filled,
    places_of,
)
from fireinvest.messages import Text, Words, excerpt

__all__ = ["Picture", "TemplateFault", "check_template", "check_word", "render"]

_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_MAIN_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture (PNG or JPEG) and how wide it is printed, in millimetres."""

    data: bytes
    width_mm: float = 120


def render(
    template: bytes,
    context: Mapping[str, object],
    pictures: Mapping[str, bytes | Picture] | None = None,
    *,
    qr: str | None = None,
) -> bytes:
    """Return a template filled in, as a Word file. The same words are the same bytes.

    ``context``: plain values, lists, mappings, records (dataclasses) and pictures, as deep as they
    may be. ``pictures``: pictures by the names of their fields. ``qr``: the address of the paper,
    printed as a code in the footer, with ``paper.code`` of the context beside it.

    Raises:
        TemplateFault: when the template can't be used or filled in.

    """
    parts = _admitted(template)
    given = {**context, **{name: _picture(each) for name, each in (pictures or {}).items()}}
    until = deadline()
    paper = _Template(BytesIO(template), until)
    values = {name: _plain(value, paper) for name, value in given.items()}
    try:
        paper.render(values, Sandbox())
        written = BytesIO()
        paper.save(written)
        document = Document(BytesIO(written.getvalue()))
    except TemplateFault as fault:
        if not fault.place:
            _locate(parts, given, until)
        raise
    except (
        TemplateError, etree.XMLSyntaxError, TypeError, ValueError, KeyError, ArithmeticError,
        AttributeError, RecursionError,
    ):  # fmt: skip
        _locate(parts, given, until)
        raise TemplateFault("", Text("This template can't be filled in.")) from None
    _finish(document, values, qr)
    written = BytesIO()
    document.save(written)
    return _nobodys(unpacked(written.getvalue()), _title(values))


def check_template(
    template: bytes,
    sample: Mapping[str, object],
    pictures: Mapping[str, bytes | Picture] | None = None,
) -> None:
    """Fill in a template with a sample of everything that it may say, and hold it to what Word takes.

    Raises:
        TemplateFault: naming the paragraph, cell, header or footer at fault.

    """
    parts = _admitted(template)
    given = {**sample, **{name: _picture(each) for name, each in (pictures or {}).items()}}
    _locate(parts, given, deadline())
    filled_in = render(template, sample, pictures, qr="https://localhost/papers/0000")
    known = set(check_word(template))
    for objection in check_word(filled_in):
        if objection not in known:
            raise TemplateFault(
                "", Text("Word would not open what comes of it: %(why)s", why=objection)
            )


class _Template(DocxTemplate):  # type: ignore[misc] # it ships no types
    """A template whose tags run within bounds, and whose outcome must be whole."""

    def __init__(self, stream: BytesIO, until: float) -> None:
        super().__init__(stream)
        self.until = until
        self.init_docx()

    def render_xml_part(
        self, src_xml: str, part: Any, context: Mapping[str, Any], jinja_env: Any = None
    ) -> str:
        self.current_rendering_part = part
        return str(self.resolve_listing(filled(jinja_env, src_xml, context, self.until)))

    def render_properties(self, context: Any, jinja_env: Any = None) -> None:
        """Leave the properties: the paper gets its own."""

    def fix_tables(self, xml: str) -> Any:
        # Otherwise what isn't whole would be mended by leaving words out.
        etree.fromstring(xml, etree.XMLParser(resolve_entities=False, no_network=True))
        return super().fix_tables(xml)


# What XML can't hold, and lone halves of characters.
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_NEW_LINE = re.compile("\r\n|[\r\x85\u2028\u2029]")
#: What looks like a tag in a value is kept from being taken for one, by a space of no width.
_LIKE_A_TAG = re.compile(r"\{(?=[{%#])")


def _plain(value: object, paper: DocxTemplate | None) -> object:
    """Return a value such as a template may have: words, numbers, lists and records of them."""
    match value:
        case None:
            return ""
        case str():
            words = _NEW_LINE.sub("\n", "".join(value))
            return _LIKE_A_TAG.sub("{\u2060", _ILLEGAL.sub("", words))
        case bool() | int() | float() | Decimal():
            return value
        case datetime() | date() | time():
            return str(value)
        case Picture():
            return "" if paper is None else _inline(value, paper)
        case Mapping():
            return {str(name): _plain(each, paper) for name, each in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_plain(each, paper) for each in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: _plain(getattr(value, each.name), paper) for each in fields(value)}
    raise TypeError(f"a paper can't show {type(value).__name__}")


def _picture(given: bytes | Picture) -> Picture:
    return given if isinstance(given, Picture) else Picture(given)


#: A picture is never so high that it leaves the page.
_HIGHEST_MM = 200.0
_WIDEST_MM = 156.0


def _inline(picture: Picture, paper: DocxTemplate) -> InlineImage:
    """Return a picture as it stands in a line.

    Raises:
        ValueError: when it is no picture.

    """
    try:
        image = Image.from_blob(picture.data)
        shape = image.px_height / image.px_width
    except (UnrecognizedImageError, ZeroDivisionError, IndexError, KeyError, TypeError) as error:
        raise ValueError("this is no picture that a Word file can hold") from error
    width = min(picture.width_mm, _WIDEST_MM, _HIGHEST_MM / shape)
    return InlineImage(paper, BytesIO(picture.data), width=Mm(width))


# What a template may hold --------------------------------------------------------------------

_FOREIGN_FIELDS = re.compile(
    r"\b(DDE|DDEAUTO|INCLUDETEXT|INCLUDEPICTURE|LINK|RD|DATABASE|IMPORT|MACROBUTTON)\b"
)
_OBJECTS = ("oleObject", "package", "control", "aFChunk", "subDocument", "frame")


def _admitted(template: bytes) -> dict[str, bytes]:
    """Return the parts of a template that may be used.

    Raises:
        TemplateFault: for what is no Word file, or more than words, tables and pictures.

    """
    try:
        parts = unpacked(template)
    except NotAPackage:
        raise TemplateFault("", Text("This is no Word file (.docx).")) from None
    types = parts.get("[Content_Types].xml", b"")
    if "word/document.xml" not in parts and not types:
        raise TemplateFault("", Text("This is no Word file (.docx)."))
    if b"macroEnabled" in types or any("vbaProject" in name for name in parts):
        raise TemplateFault("", Text("This file has macros in it. Save it as a .docx without them."))
    for name, part in parts.items():
        if name.endswith((".xml", ".rels")):
            _admit_part(name, part)
        elif name.startswith(("word/embeddings/", "word/activeX/")):
            raise TemplateFault(name, _OBJECT)
    if _MAIN_TYPE.encode() not in types:
        raise TemplateFault("", Text("This is no Word file (.docx)."))
    return parts


_OBJECT = Text("An object of another program is embedded here. Put it in as a picture or as text.")


def _admit_part(name: str, part: bytes) -> None:
    try:
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
        root = etree.fromstring(part, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise TemplateFault(name, Text("This part of the file can't be read.")) from None
    if root.getroottree().docinfo.doctype:
        raise TemplateFault(name, Text("This part of the file can't be read."))
    if name.endswith(".rels"):
        for relation in root:
            if relation.get("TargetMode") == "External":
                raise TemplateFault(
                    name,
                    Text(
                        "Something outside is asked for here: %(address)s. Remove the link.",
                        address=excerpt(relation.get("Target", "")),
                    ),
                )
            if relation.get("Type", "").rpartition("/")[2] in _OBJECTS:
                raise TemplateFault(name, _OBJECT)
        return
    asked = [each.text or "" for each in root.iter(f"{W}instrText")]
    asked += [each.get(f"{W}instr", "") for each in root.iter(f"{W}fldSimple")]
    if (found := _FOREIGN_FIELDS.search("".join(asked).upper())) is not None:
        raise TemplateFault(name, Text("The field %(name)s can't be used.", name=found[0]))


_STORIES = {"document": "", "header": Text("Header"), "footer": Text("Footer"), "footnotes": Text("Footnote")}
_STORY = re.compile(r"word/(document|header|footer|footnotes)[^/]*\.xml")


def _locate(parts: Mapping[str, bytes], given: Mapping[str, object], until: float) -> None:
    """Find the first tag that fails, by running them all without the document around them.

    Raises:
        TemplateFault: naming its place.

    """
    context = {name: _plain(value, None) for name, value in given.items()}
    environment = Sandbox()
    for name in sorted(parts, key=lambda each: (not each.startswith("word/document"), each)):
        story = _STORY.fullmatch(name)
        if story is not None:
            part: Words = _STORIES[story[1]]
            places = list(places_of(etree.fromstring(parts[name]), part))
            check_tags(places, context, environment, until)
        elif name.startswith("word/") and name.endswith(".xml"):
            for place in places_of(etree.fromstring(parts[name]), name):
                if re.search(r"\{[{%]", place.text):
                    raise TemplateFault(place.words, Text("Fields are not filled in here."))


# What is done to a paper when its words stand ------------------------------------------------


def _finish(document: DocumentObject, values: Mapping[str, Any], qr: str | None) -> None:
    for cell in document.element.body.iter(f"{W}tc"):
        if len(cell) == 0 or cell[-1].tag != f"{W}p":
            cell.append(parse_xml(f'<w:p xmlns:w="{W[1:-1]}"/>'))
    stories = [part for part in document.part.package.iter_parts() if isinstance(part, XmlPart)]
    for story in stories:
        _fit_heads(story.element)
    _settle_signatures(document.element.body)
    if qr is not None:
        paper = values.get("paper")
        code = str(paper.get("code", "")) if isinstance(paper, dict) else ""
        _put_code(document, qr, code)
    stories = [part for part in document.part.package.iter_parts() if isinstance(part, XmlPart)]
    drawings = [
        each
        for story in stories
        for each in story.element.iter(
            "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}docPr"
        )
    ]
    for number, drawing in enumerate(drawings, 1):
        drawing.set("id", str(number))


def _styled(root: etree._Element, *styles: str) -> Iterator[tuple[str, Any]]:
    for each in root.iter(f"{W}pStyle"):
        if each.get(f"{W}val") in styles:
            yield each.get(f"{W}val"), each.getparent().getparent()


def _ems(text: str) -> float:
    """Return how wide a text is, in characters of its size."""
    return sum(1.0 if ord(each) > 0x2000 else 0.55 for each in text)


def _said(paragraph: etree._Element) -> str:
    return "".join(each.text or "" for each in paragraph.iter(f"{W}t"))


_SMALLEST_HEAD = 26


def _fit_heads(root: etree._Element) -> None:
    """Draw a long name at the head smaller, so that it stands on one line."""
    for _, paragraph in _styled(root, "FwHead", "FwLetterHead"):
        wide = _ems(_said(paragraph)) or 1
        size = min(HEAD_SIZE, int(TEXT_WIDTH / 20 / wide))
        size = max(size, _SMALLEST_HEAD)
        for run in paragraph.iter(f"{W}rPr"):
            if run.getparent().tag == f"{W}r":
                for name in ("sz", "szCs"):
                    run.append(parse_xml(f'<w:{name} xmlns:w="{W[1:-1]}" w:val="{2 * size}"/>'))


def _settle_signatures(body: etree._Element) -> None:
    """Put a name that is longer than the space over the date on one line, both on one middle."""
    group: list[Any] = []
    widest = 0.0
    for style, paragraph in [*_styled(body, "FwSign", "FwDate"), ("", None)]:
        if paragraph is not None:
            group.append(paragraph)
            widest = max(widest, _ems(_said(paragraph)))
        if style == "FwSign":
            continue
        left = max(0, min(SIGN_LEFT, round(TEXT_WIDTH - (widest + 0.6) * EM)))
        if left != SIGN_LEFT:
            for each in group:
                for indent in each.findall(f"{W}pPr/{W}ind"):
                    indent.getparent().remove(indent)
                _insert_indent(each.find(f"{W}pPr"), left)
        group, widest = [], 0.0


def _insert_indent(properties: Any, left: int) -> None:
    indent = parse_xml(f'<w:ind xmlns:w="{W[1:-1]}" w:left="{left}"/>')
    after = [f"{W}{name}" for name in ("contextualSpacing", "mirrorIndents", "suppressOverlap", "jc",
             "textDirection", "textAlignment", "outlineLvl", "rPr", "sectPr", "pPrChange")]  # fmt: skip
    for child in properties:
        if child.tag in after:
            child.addprevious(indent)
            return
    properties.append(indent)


_CODE_MM = 12
_EMU = 36000


def _put_code(document: DocumentObject, address: str, code: str) -> None:
    """Print the address of a paper as a code in the footers of the last section."""
    stream = BytesIO()
    segno.make(address, error="m", micro=False).save(stream, kind="png", scale=6, border=2)
    section = document.sections[-1]
    footers = [(section.footer, False)]
    if document.settings.odd_and_even_pages_header_footer:
        footers.append((section.even_page_footer, True))
    if section.different_first_page_header_footer:
        footers.append((section.first_page_footer, False))
    image: Part | None = None
    for footer, is_right in footers:
        part = footer.part
        if image is None:
            stream.seek(0)
            image = document.part.package.get_or_add_image_part(stream)
        relation = part.relate_to(image, RELATIONSHIP_TYPE.IMAGE)
        root = part.element
        lines = [paragraph for _, paragraph in _styled(root, "FwCode")]
        is_ours = len(lines) > 1
        if not is_ours:
            is_right = False
            lines = [_line(), _line()]
            root.extend(lines)
        above = -5.7 if is_ours and len(lines) > 2 else -3.0
        words = ("扫码核验本件", code)
        for number, (line, said) in enumerate(zip(lines[:2], words, strict=True)):
            _indent_code(line, is_right=is_right)
            picture = _anchor(relation, above, is_right=is_right) if number == 0 else ""
            for run in _code_runs(said, picture):
                line.append(run)


def _line() -> Any:
    return parse_xml(
        f'<w:p xmlns:w="{W[1:-1]}"><w:pPr><w:snapToGrid w:val="0"/>'
        '<w:spacing w:before="0" w:after="0" w:line="220" w:lineRule="exact"/></w:pPr></w:p>'
    )


def _indent_code(line: Any, *, is_right: bool) -> None:
    properties = line.find(f"{W}pPr")
    for indent in properties.findall(f"{W}ind"):
        properties.remove(indent)
    side = "right" if is_right else "left"
    width = round((_CODE_MM + 1) * 1440 / 25.4)
    indent = parse_xml(f'<w:ind xmlns:w="{W[1:-1]}" w:{side}="{width}" w:firstLine="0"/>')
    after = properties.find(f"{W}jc")
    if after is None:
        properties.append(indent)
    else:
        after.addprevious(indent)


def _code_runs(said: str, picture: str) -> Sequence[Any]:
    fonts = " ".join(f'w:{each}="{FONT_SONG}"' for each in ("ascii", "hAnsi", "eastAsia", "cs"))
    look = f'<w:rPr><w:rFonts {fonts}/><w:sz w:val="15"/><w:szCs w:val="15"/></w:rPr>'
    spaces = f'xmlns:w="{W[1:-1]}"'
    runs = [f'<w:r {spaces}>{look}<w:t xml:space="preserve">{escape(said)}</w:t></w:r>']
    if picture:
        runs.insert(0, f"<w:r {spaces}>{picture}</w:r>")
    return [parse_xml(each) for each in runs]


def _anchor(relation: str, above_mm: float, *, is_right: bool) -> str:
    """Return the code as a picture that stands beside the text and moves nothing."""
    size = _CODE_MM * _EMU
    wp = "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"
    a = "http://schemas.openxmlformats.org/drawingml/2006/main"
    pic = "http://schemas.openxmlformats.org/drawingml/2006/picture"
    across = "<wp:align>right</wp:align>" if is_right else "<wp:align>left</wp:align>"
    return (
        f'<w:drawing xmlns:wp="{wp}" xmlns:r="{_R[1:-1]}"><wp:anchor distT="0" distB="0" distL="0" '
        'distR="0" simplePos="0" relativeHeight="2" behindDoc="0" locked="0" layoutInCell="1" '
        f'allowOverlap="1"><wp:simplePos x="0" y="0"/><wp:positionH relativeFrom="margin">{across}'
        '</wp:positionH><wp:positionV relativeFrom="paragraph">'
        f"<wp:posOffset>{round(above_mm * _EMU)}</wp:posOffset></wp:positionV>"
        f'<wp:extent cx="{size}" cy="{size}"/><wp:effectExtent l="0" t="0" r="0" b="0"/><wp:wrapNone/>'
        '<wp:docPr id="1" name="code" descr="核验二维码"/><wp:cNvGraphicFramePr/>'
        f'<a:graphic xmlns:a="{a}"><a:graphicData uri="{pic}"><pic:pic xmlns:pic="{pic}">'
        '<pic:nvPicPr><pic:cNvPr id="0" name="code.png"/><pic:cNvPicPr/></pic:nvPicPr>'
        f'<pic:blipFill><a:blip r:embed="{relation}"/><a:stretch><a:fillRect/></a:stretch></pic:blipFill>'
        f'<pic:spPr><a:xfrm><a:off x="0" y="0"/><a:ext cx="{size}" cy="{size}"/></a:xfrm>'
        '<a:prstGeom prst="rect"><a:avLst/></a:prstGeom></pic:spPr></pic:pic></a:graphicData></a:graphic>'
        "</wp:anchor></w:drawing>"
    )


def _title(values: Mapping[str, Any]) -> str:
    paper = values.get("paper")
    return str(paper.get("title", "")) if isinstance(paper, dict) else ""


_CORE_TYPE = "core-properties"


def _nobodys(parts: dict[str, bytes], title: str) -> bytes:
    """Return a paper without who wrote and changed its template, and when."""
    core = next((name for name in parts if name.endswith("core.xml")), None)
    if core is not None:
        said = CORE.replace("<dc:title></dc:title>", f"<dc:title>{escape(title)}</dc:title>")
        parts[core] = said.encode()
    app = parts.get("docProps/app.xml")
    if app is not None:
        root = etree.fromstring(app)
        for child in list(root):
            if etree.QName(child).localname in ("Company", "Manager", "HyperlinkBase", "Template"):
                root.remove(child)
        parts["docProps/app.xml"] = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)
    return packed(parts)
