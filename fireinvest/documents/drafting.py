"""A paper's markup, made into a Word template in the form of GB/T 9704-2012 that keeps its fields.

The markup is one line for one element. What comes out is a docx that an office may change in Word
and hand back; :mod:`fireinvest.documents.word` fills either in. Licensed fonts are named, with
what may stand for them, and never shipped.

The page is A4: 37 mm above, 28 mm to the left, a text area of 156 by 225 mm that holds 22 lines of
28 characters of size 3 (16 pt).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr

from fireinvest.documents.parts import CORE, packed
from fireinvest.messages import Text, Words, render
from fireinvest.regulation.profile import PaperForm

FONT_TITLE = "方正小标宋简体"
FONT_BODY = "仿宋_GB2312"
FONT_KAI = "楷体_GB2312"
FONT_HEI = "黑体"
FONT_SONG = "宋体"


class MarkupFault(ValueError):
    """A line of a markup can't be compiled; carries the line's number and what is wrong."""

    def __init__(self, line: int, text: Words) -> None:
        """Keep the line (the first is 1) and the words."""
        self.line = line
        self.text = text
        super().__init__(f"line {line}: {render(text, 'en')}")


# Lengths in twips (a twentieth of a point), the unit of the format.
_MM = 1440 / 25.4
_PAGE_WIDTH, _PAGE_HEIGHT = 11906, 16838
_TOP, _LEFT = round(37 * _MM), round(28 * _MM)
TEXT_WIDTH = round(156 * _MM)
#: The width of a character: those of 16 pt are drawn in by a quarter of a point, so that 28 stand
#: in a line. A grid of characters would say so too, but LibreOffice gives a glyph that is wider
#: than its cell two of them.
EM = TEXT_WIDTH / 28
_DRAWN_IN = -5
_TEXT_HEIGHT = round(225 * _MM)
_RIGHT = _PAGE_WIDTH - _LEFT - TEXT_WIDTH
_BOTTOM = _PAGE_HEIGHT - _TOP - _TEXT_HEIGHT
_FOOTER = round(15 * _MM)
#: The height of a line: 22 of them are 225 mm.
LINE = _TEXT_HEIGHT // 22
_BODY_SIZE = 16

#: Where 署名 and 成文日期 begin: in the middle of what is left stands a date that ends four
#: characters from the edge.
SIGN_LEFT = round(13.2 * EM)

_RED = "FF0000"
#: 发文机关标志: its size, made smaller when a paper is filled in and its name is long.
HEAD_SIZE = 44
#: The rules of a letter are 170 mm long and stand in the middle of the page.
_LETTER_RULE = f'w:left="{-round(8 * _MM)}" w:right="{-round(6 * _MM)}"'


@dataclass(frozen=True, slots=True)
class _Style:
    """A kind of paragraph: its name in Word, its font, size in points, and XML of its own."""

    name: str
    font: str = FONT_BODY
    size: float = _BODY_SIZE
    paragraph: str = ""
    run: str = ""
    color: str = ""


_NO_GRID = '<w:snapToGrid w:val="0"/>'
_EXACT = f'w:line="{LINE}" w:lineRule="exact"'


def _indent(*, first: float = 0, left: float = 0, right: float = 0, hanging: float = 0) -> str:
    """Return indents in characters, beside them in twips for programs that know only those."""
    parts = []
    for name, characters in (("left", left), ("right", right)):
        if characters:
            parts.append(f'w:{name}Chars="{round(characters * 100)}"')
            parts.append(f'w:{name}="{round(characters * EM)}"')
    if hanging:
        parts.append(f'w:hangingChars="{round(hanging * 100)}" w:hanging="{round(hanging * EM)}"')
    elif first:
        parts.append(f'w:firstLineChars="{round(first * 100)}" w:firstLine="{round(first * EM)}"')
    return f"<w:ind {' '.join(parts)}/>"


def _border(
    side: str, *, size: int, space: int = 1, color: str = "auto", kind: str = "single"
) -> str:
    return f'<w:{side} w:val="{kind}" w:sz="{size}" w:space="{space}" w:color="{color}"/>'


_FRAME = (
    f'<w:framePr w:w="{TEXT_WIDTH}" w:hSpace="0" w:wrap="notBeside" w:vAnchor="margin" '
    'w:hAnchor="margin" w:xAlign="left" w:yAlign="bottom"/>'
)
_HEADING = "<w:keepNext/>"
#: All kinds of paragraphs, by their ids.
_STYLES = {
    "FwHead": _Style(
        "发文机关标志",
        FONT_TITLE,
        HEAD_SIZE,
        f'{_NO_GRID}<w:spacing w:before="{round(34 * _MM)}" w:line="1000" w:lineRule="exact"/>'
        '<w:jc w:val="center"/>',
        color=_RED,
    ),
    "FwLetterHead": _Style(
        "函的发文机关标志",
        FONT_TITLE,
        HEAD_SIZE - 4,
        f"<w:pBdr>{_border('bottom', size=24, space=8, color=_RED, kind='thickThinSmallGap')}</w:pBdr>"
        f'{_NO_GRID}<w:spacing w:line="840" w:lineRule="exact"/><w:ind {_LETTER_RULE}/>'
        '<w:jc w:val="center"/>',
        color=_RED,
    ),
    "FwNumber": _Style(
        "发文字号",
        paragraph=f'{_NO_GRID}<w:spacing w:before="{2 * LINE - 200}" {_EXACT}/><w:jc w:val="center"/>',
    ),
    "FwRule": _Style(
        "红色分隔线",
        paragraph=f"<w:pBdr>{_border('bottom', size=12, space=0, color=_RED)}</w:pBdr>"
        f'{_NO_GRID}<w:spacing w:line="{round(4 * _MM)}" w:lineRule="exact"/>',
    ),
    "FwTitle": _Style(
        "公文标题",
        FONT_TITLE,
        22,
        f'<w:keepNext/>{_NO_GRID}<w:spacing w:line="680" w:lineRule="exact"/><w:jc w:val="center"/>',
    ),
    "FwTo": _Style("主送机关", paragraph=f"<w:spacing {_EXACT}/>"),
    "FwAnnex": _Style("附件标记", FONT_HEI, paragraph=f"<w:keepNext/><w:spacing {_EXACT}/>"),
    "FwBody": _Style(
        "公文正文", paragraph=f'<w:spacing {_EXACT}/>{_indent(first=2)}<w:jc w:val="both"/>'
    ),
    "Heading1": _Style(
        "heading 1",
        FONT_HEI,
        paragraph=f'{_HEADING}<w:spacing {_EXACT}/>{_indent(first=2)}<w:outlineLvl w:val="0"/>',
    ),
    "Heading2": _Style(
        "heading 2",
        FONT_KAI,
        paragraph=f'{_HEADING}<w:spacing {_EXACT}/>{_indent(first=2)}<w:outlineLvl w:val="1"/>',
    ),
    "Heading3": _Style(
        "heading 3",
        paragraph=f'{_HEADING}<w:spacing {_EXACT}/>{_indent(first=2)}<w:outlineLvl w:val="2"/>',
        run="<w:b/>",
    ),
    "FwAttach": _Style(
        "附件说明", paragraph=f"<w:keepNext/><w:spacing {_EXACT}/>{_indent(left=5, hanging=3)}"
    ),
    "FwSign": _Style(
        "发文机关署名",
        # Two lines stay free for the seal above the first of several names, none between them.
        paragraph=f'<w:keepNext/><w:spacing w:before="{2 * LINE}" {_EXACT}/>'
        f'<w:ind w:left="{SIGN_LEFT}"/><w:contextualSpacing/><w:jc w:val="center"/>',
    ),
    "FwDate": _Style(
        "成文日期",
        paragraph=f'<w:spacing {_EXACT}/><w:ind w:left="{SIGN_LEFT}"/><w:jc w:val="center"/>',
    ),
    "FwNote": _Style("附注", paragraph=f"<w:spacing {_EXACT}/>{_indent(first=2)}"),
    "FwCopies": _Style(
        "版记",
        size=14,
        paragraph=f'{_NO_GRID}<w:spacing w:line="{LINE}" w:lineRule="exact"/>'
        + _indent(left=4, right=1, hanging=3),
    ),
    "FwImprintRule": _Style(
        "版记分隔线", size=6, paragraph=f'{_NO_GRID}<w:spacing w:line="80" w:lineRule="exact"/>'
    ),
    "FwSmall": _Style(
        "小字", size=12, paragraph=f'{_NO_GRID}<w:spacing w:line="400" w:lineRule="exact"/>'
    ),
    "FwBlank": _Style(
        "手写行",
        paragraph=f'{_NO_GRID}<w:spacing w:before="120" w:line="{LINE}" w:lineRule="exact"/>',
    ),
    "FwCell": _Style(
        "表格文字", size=12, paragraph=f'{_NO_GRID}<w:spacing w:before="40" w:after="40"/>'
    ),
    "FwCellHead": _Style(
        "表头",
        FONT_HEI,
        12,
        f'<w:keepNext/>{_NO_GRID}<w:spacing w:before="40" w:after="40"/><w:jc w:val="center"/>',
    ),
    "FwPicture": _Style(
        "图", paragraph=f'{_NO_GRID}<w:spacing w:before="120" w:after="120"/><w:jc w:val="center"/>'
    ),
    "FwGap": _Style(
        "间隔", size=6, paragraph=f'{_NO_GRID}<w:spacing w:line="160" w:lineRule="exact"/>'
    ),
    "FwTag": _Style("模板标记", size=10.5, color="7F7F7F", paragraph=_NO_GRID),
    "FwCoverTitle": _Style(
        "封面标题",
        FONT_TITLE,
        26,
        f'{_NO_GRID}<w:spacing w:line="960" w:lineRule="exact"/><w:jc w:val="center"/>',
    ),
    "FwCoverLine": _Style(
        "封面文字",
        FONT_KAI,
        18,
        f'{_NO_GRID}<w:spacing w:line="800" w:lineRule="exact"/><w:jc w:val="center"/>',
    ),
    "FwPage": _Style(
        "页码", FONT_SONG, 14, f'{_NO_GRID}<w:spacing w:line="400" w:lineRule="exact"/>'
    ),
    "FwCode": _Style(
        "核验码", FONT_SONG, 7.5, f'{_NO_GRID}<w:spacing w:line="220" w:lineRule="exact"/>'
    ),
}


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of the markup: its number in it, what it is, and its text."""

    number: int
    kind: str
    text: str


_KEYS = (
    "head", "number", "signer", "title", "to", "field", "attach", "sign", "date", "note",
    "copies", "printed", "blank", "small", "picture", "foot",
)  # fmt: skip
_KEY = re.compile(r"([a-z]+):(?:\s+|$)")
_HEADINGS = re.compile(r"(#+)\s+")
_ALONE = re.compile(r"\{%(p|tr)\s[^%}]*%\}")
_ANNEX = re.compile(r"附件\d*")
_ANY_TAG = re.compile(r"\{[{%#].*?[}%#]\}")
_NOT_ON_A_COVER = {"widths", "columns", "row", "tr", "field", "copies", "printed"}
_TABLE_KINDS = {"widths", "columns", "row", "tr"}
#: What a paragraph before it stands on one page with.
_KEPT_WITH = frozenset({"attach", "sign", "widths", "columns", "field"})
_MOST_COLUMNS = 12
#: Two characters of a cell's size, and its margins.
_NARROWEST = 690


def _lines(markup: str) -> Iterator[_Line]:
    """Yield the lines of a markup that hold anything, each with what it is."""
    for number, raw in enumerate(markup.splitlines(), 1):
        line = raw.strip()
        if not line:
            continue
        alone = _ALONE.fullmatch(line)
        if alone is not None:
            yield _Line(number, alone[1], line)
        elif line == "---":
            yield _Line(number, "break", "")
        elif line.startswith("|:"):
            if not re.fullmatch(r"\|:widths(\s+\d+(\.\d+)?)+", line):
                raise MarkupFault(
                    number, Text("This begins no line of a table: %(line)s", line=line)
                )
            yield _Line(number, "widths", line.removeprefix("|:widths").strip())
        elif line.startswith("|="):
            yield _Line(number, "columns", line[2:].strip())
        elif line.startswith("|"):
            yield _Line(number, "row", line[1:].strip())
        elif line.startswith("#"):
            heading = _HEADINGS.match(line)
            if heading is None or len(heading[1]) > 3:
                raise MarkupFault(number, Text("A heading begins #, ## or ### and a space."))
            yield _Line(number, f"Heading{len(heading[1])}", line[heading.end() :])
        elif (key := _KEY.match(line)) is not None:
            if key[1] not in _KEYS:
                raise MarkupFault(number, Text("There is no element “%(key)s”.", key=key[1]))
            yield _Line(number, key[1], line[key.end() :].strip())
        else:
            yield _Line(number, "body", line)


def _check(line: _Line) -> None:
    """Refuse a line whose tags don't stay within it."""
    if line.kind in ("p", "tr"):
        return
    rest = _ANY_TAG.sub("", line.text)
    if re.search(r"\{[{%#]|[}%#]\}", rest):
        raise MarkupFault(line.number, Text("A tag is not closed on its line."))
    depth = 0
    for tag in _ANY_TAG.findall(line.text):
        if re.match(r"\{%\s*(p|tr|tc|r)\s", tag):
            raise MarkupFault(
                line.number, Text("The tag %(tag)s stands on a line of its own.", tag=tag)
            )
        if re.match(r"\{%-?\s*(if|for)\b", tag):
            depth += 1
        elif re.match(r"\{%-?\s*end(if|for)\b", tag):
            depth -= 1
        if depth < 0:
            break
    if depth:
        raise MarkupFault(
            line.number,
            Text(
                "What a tag opens, it closes on the same line; whole lines take %(tags)s.",
                tags="{%p …%}, {%tr …%}",
            ),
        )


def template_docx(markup: str, form: str) -> bytes:
    """Return the markup of a paper as a Word template.

    ``form``: a value of :class:`PaperForm`.

    Raises:
        MarkupFault: when a line can't be compiled.

    """
    draft = _Draft(PaperForm(form))
    lines = list(_lines(markup))
    for line in lines:
        _check(line)
    draft.take(lines)
    return draft.docx()


def _run(text: str, style: _Style, *, font: str | None = None) -> str:
    name = font or style.font
    color = f'<w:color w:val="{style.color}"/>' if style.color else ""
    return (
        f"<w:r><w:rPr>{_fonts(name)}{style.run}{color}</w:rPr>"
        f'<w:t xml:space="preserve">{escape(text)}</w:t></w:r>'
    )


def _fonts(name: str) -> str:
    quoted = quoteattr(name)
    return f"<w:rFonts w:ascii={quoted} w:hAnsi={quoted} w:eastAsia={quoted} w:cs={quoted}/>"


_TAB = "<w:r><w:tab/></w:r>"


@dataclass(slots=True)
class _Draft:
    """A template while it is made, element by element."""

    form: PaperForm
    body: list[str] = field(default_factory=list)
    head: str | None = None
    is_break_due: bool = False
    #: Of a report: is the cover still being written?
    is_cover: bool = False
    #: A line to be written on at the foot of every page.
    foot: str | None = None

    @property
    def is_headed(self) -> bool:
        return self.form in (PaperForm.UPWARD, PaperForm.DOWNWARD, PaperForm.LETTER)

    def take(self, lines: Sequence[_Line]) -> None:
        """Add all lines."""
        self.is_cover = self.form is PaperForm.REPORT
        if self.is_cover and all(line.kind != "break" for line in lines):
            raise MarkupFault(1, Text("A report has a cover, which ends with ---."))
        _check_blocks(lines)
        at = 0
        before = ""
        while at < len(lines):
            line = lines[at]
            group = _group(lines, at)
            if self.is_cover and line.kind in _NOT_ON_A_COVER:
                raise MarkupFault(line.number, Text("This does not stand on a cover."))
            match line.kind:
                case "widths" | "columns" | "row":
                    self._table(group)
                case "field":
                    self._form(group)
                case "number" | "signer" if self.is_headed:
                    self._numbered(group)
                case "copies" | "printed":
                    others = [each.number for each in lines if each.kind in ("copies", "printed")]
                    self._imprint(
                        line,
                        is_first=line.number == others[0],
                        is_last=line.number == others[-1],
                    )
                case "tr":
                    raise MarkupFault(
                        line.number,
                        Text("%(tag)s stands among the rows of a table.", tag="{%tr …%}"),
                    )
                case _:
                    self._element(line, before, lines[at + 1].kind if at + 1 < len(lines) else "")
            before = group[-1].kind
            at += len(group)
        if self.form is PaperForm.REPORT and self.is_cover:
            raise MarkupFault(lines[-1].number, Text("A report has a cover, which ends with ---."))

    def _paragraph(self, style_id: str, content: str, own: str = "") -> None:
        """Add a paragraph. ``own``: properties besides the style's, in the order of the format."""
        if self.is_break_due:
            own = _ordered(f"<w:pageBreakBefore/>{own}")
            self.is_break_due = False
        self.body.append(_paragraph(style_id, content, own))

    def _text(self, style_id: str, text: str, own: str = "") -> None:
        self._paragraph(style_id, _run(text, _STYLES[style_id]), own)

    def _element(self, line: _Line, before: str, after: str) -> None:
        """Add what is a paragraph by itself."""
        if self.is_cover:
            self._cover(line, before)
            return
        match line.kind:
            case "p":
                if self.is_break_due:
                    self._paragraph("FwGap", "")
                self._text("FwTag", line.text)
            case "break":
                self.is_break_due = True
            case "head":
                self._heading(line)
            case "number" | "signer":
                own = '<w:spacing w:before="0" w:after="120"/><w:jc w:val="right"/>'
                self._text("FwNumber", line.text, own)
            case "title":
                self._title(line, before, after)
            case "attach":
                if before == "attach":
                    left = f'w:leftChars="500" w:left="{round(5 * EM)}"'
                    own = f'<w:ind {left} w:hangingChars="0" w:hanging="0"/>'
                else:
                    own = f'<w:spacing w:before="{LINE}"/>'
                self._text("FwAttach", line.text, own)
            case "sign":
                self._text("FwSign", line.text)
            case "date":
                own = "" if before in ("sign", "p") else f'<w:spacing w:before="{2 * LINE}"/>'
                self._text("FwDate", line.text, own)
            case "blank":
                self._blank(line)
            case "foot":
                self._foot(line)
            case "body":
                # Nobody signs on a page that says nothing, and no table is left by what begins it.
                own = "<w:keepNext/>" if after in _KEPT_WITH else ""
                self._text("FwBody", line.text, own)
            case "Heading1" | "Heading2" | "Heading3":
                self._text(line.kind, line.text)
            case "to" if _ANNEX.fullmatch(line.text):
                self._text("FwAnnex", line.text)
            case _:
                styles = {
                    "to": "FwTo",
                    "note": "FwNote",
                    "small": "FwSmall",
                    "picture": "FwPicture",
                }
                self._text(styles[line.kind], line.text)

    def _heading(self, line: _Line) -> None:
        """Add the red head: of a letter it stands in the header of the first page."""
        if not self.is_headed:
            raise MarkupFault(
                line.number,
                Text("A paper of the form %(form)s has no red head.", form=self.form.value),
            )
        if self.head is not None:
            raise MarkupFault(line.number, Text("A paper has one head."))
        self.head = line.text
        if self.form is not PaperForm.LETTER:
            self._text("FwHead", line.text)

    def _numbered(self, group: Sequence[_Line]) -> None:
        """Add the line of the number, with the signer where there is one, and the red rule."""
        texts = {line.kind: line.text for line in group}
        style = _STYLES["FwNumber"]
        number = _run(texts.get("number", ""), style)
        if self.form is PaperForm.LETTER:
            self._paragraph("FwNumber", number, '<w:spacing w:before="120"/><w:jc w:val="right"/>')
            return
        if "signer" in texts:
            name = texts["signer"].removeprefix("签发人：")
            end = TEXT_WIDTH - round(EM)
            self._paragraph(
                "FwNumber",
                number + _TAB + _run("签发人：", style) + _run(name, style, font=FONT_KAI),
                f'<w:tabs><w:tab w:val="right" w:pos="{end}"/></w:tabs>{_indent(left=1)}'
                '<w:jc w:val="left"/>',
            )
        else:
            self._paragraph("FwNumber", number)
        self._paragraph("FwRule", "")

    def _title(self, line: _Line, before: str, after: str) -> None:
        """Add a line of the title: two lines below a head, and one above what follows."""
        above = 0
        if before != "title":
            above = 2 * LINE if before in ("head", "number", "signer") and self.is_headed else 0
        below = 0 if after == "title" else LINE
        if not self.is_headed:
            below = LINE // 2 if after != "title" else 0
        self._text("FwTitle", line.text, f'<w:spacing w:before="{above}" w:after="{below}"/>')

    def _blank(self, line: _Line) -> None:
        """Add a line to be written on by hand."""
        content, own = _ruled(line.text, _STYLES["FwBlank"])
        self._paragraph("FwBlank", content, own)

    def _foot(self, line: _Line) -> None:
        """Let a line to be written on by hand stand at the foot of every page."""
        if self.foot is not None or self.form is PaperForm.LETTER:
            raise MarkupFault(line.number, Text("A paper has one line at the foot of its pages."))
        self.foot = line.text

    def _cover(self, line: _Line, before: str) -> None:
        """Add a line of a report's cover; its end begins a section with pages of its own."""
        above = 0
        match line.kind:
            case "break":
                self.body.append(f"<w:p><w:pPr>{_section(None, is_cover=True)}</w:pPr></w:p>")
                self.is_cover = False
            case "p":
                self._text("FwTag", line.text)
            case "number" | "small" | "body" | "to" | "note":
                self._text("FwCoverLine", line.text)
            case "title":
                above = round(70 * _MM) if before != "title" else 0
                self._text("FwCoverTitle", line.text, f'<w:spacing w:before="{above}"/>')
            case "sign":
                above = round(70 * _MM) if before not in ("sign", "p") else 0
                self._text("FwCoverLine", line.text, f'<w:spacing w:before="{above}"/>')
            case "date":
                above = round(70 * _MM) if before not in ("sign", "p") else 0
                self._text("FwCoverLine", line.text, f'<w:spacing w:before="{above}"/>')
            case _:
                raise MarkupFault(line.number, Text("This does not stand on a cover."))

    def _imprint(self, line: _Line, *, is_first: bool, is_last: bool) -> None:
        """Add a line of 版记, which stands at the foot of the last page, between rules but in a letter.

        A rule is a tab that is underlined: a paragraph with a border is no frame to LibreOffice.
        """
        style = _STYLES["FwCopies"]
        content, own = _run(line.text, style), ""
        if line.kind == "printed":
            left, _, right = line.text.partition(" | ")
            content = _run(left, style) + _TAB + _run(right, style)
            own = (
                f'<w:tabs><w:tab w:val="right" w:pos="{TEXT_WIDTH - round(EM)}"/></w:tabs>'
                f'<w:ind w:leftChars="100" w:left="{round(EM)}" w:hangingChars="0" w:hanging="0"/>'
            )
        if self.form is not PaperForm.LETTER:
            self._imprint_rule(is_thick=is_first)
        self._paragraph("FwCopies", content, _FRAME + own)
        if is_last:
            if self.form is not PaperForm.LETTER:
                self._imprint_rule(is_thick=True)
            # The last paragraph of a document is never in a frame.
            self._paragraph("FwGap", "")

    def _imprint_rule(self, *, is_thick: bool) -> None:
        under = f'<w:u w:val="{"thick" if is_thick else "single"}"/>'
        tabs = f'<w:tabs><w:tab w:val="right" w:pos="{TEXT_WIDTH}"/></w:tabs>'
        self._paragraph(
            "FwImprintRule", f"<w:r><w:rPr>{under}</w:rPr><w:tab/></w:r>", _FRAME + tabs
        )

    def _form(self, group: Sequence[_Line]) -> None:
        """Add fields as a table: label and value, one or two of them to a row."""
        label, value = round(TEXT_WIDTH * 0.19), round(TEXT_WIDTH * 0.31)
        widths = [label, value, label, TEXT_WIDTH - 2 * label - value]
        rows = []
        for line in group:
            if line.kind == "tr":
                rows.append(_tag_row(line.text, 4))
                continue
            pairs = [each.partition("=") for each in line.text.split(" | ")]
            if len(pairs) > 2 or any(not separator for _, separator, _ in pairs):
                raise MarkupFault(
                    line.number, Text("A field is a label = a value, at most two to a line.")
                )
            cells = []
            for number, (name, _, filled) in enumerate(pairs):
                at = 2 * number
                cells.append(_cell("FwCellHead", name.strip(), widths[at]))
                span = 3 if len(pairs) == 1 else 1
                width = sum(widths[at + 1 : at + 1 + span])
                cells.append(_cell("FwCell", filled.strip(), width, span=span))
            rows.append(_row(cells, least=480))
        self._add_table(widths, rows)

    def _table(self, group: Sequence[_Line]) -> None:
        """Add a table: its header row stands on every page, and no row is split."""
        weights: list[float] = []
        header: list[str] = []
        rows: list[str] = []
        for line in group:
            if line.kind == "widths":
                if weights or header or rows:
                    raise MarkupFault(line.number, Text("Widths stand above a table."))
                weights = [float(each) for each in line.text.split()]
                if not all(weights):
                    raise MarkupFault(line.number, Text("A column has a width."))
                continue
            cells = [
                each.strip() for each in re.split(r"\s\|(?:\s|$)", f" {line.text} ".rstrip() + " ")
            ]
            if line.kind == "tr":
                if not weights:
                    raise MarkupFault(
                        line.number,
                        Text("%(tag)s stands among the rows of a table.", tag="{%tr …%}"),
                    )
                rows.append(_tag_row(line.text, len(weights)))
                continue
            if not weights:
                weights = [1.0] * len(cells)
            if len(cells) != len(weights) or len(cells) > _MOST_COLUMNS:
                raise MarkupFault(
                    line.number,
                    Text("This row has %(cells)s cells, the table %(columns)s columns.",
                         cells=len(cells), columns=len(weights)),
                )  # fmt: skip
            widths = _shares(weights)
            if line.kind == "columns":
                if rows:
                    raise MarkupFault(line.number, Text("The header row stands above the rows."))
                header = cells
                rows.append(
                    _row(
                        [_cell("FwCellHead", *each) for each in zip(cells, widths, strict=True)],
                        is_header=True,
                    )
                )
                continue
            middles = [not header or name in _IN_THE_MIDDLE for name in header or cells]
            rows.append(
                _row(
                    [
                        _cell("FwCell", text, width, is_middle=bool(header) and middle)
                        for text, width, middle in zip(cells, widths, middles, strict=True)
                    ],
                    # What is left empty is written in by hand.
                    least=_BY_HAND if not all(cells) else 0,
                )
            )
        self._add_table(_shares(weights), rows)

    def _add_table(self, widths: Sequence[int], rows: Sequence[str]) -> None:
        self._paragraph("FwGap", "", "<w:keepNext/>")
        grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
        self.body.append(
            '<w:tbl><w:tblPr><w:tblStyle w:val="FwTable"/>'
            f'<w:tblW w:w="{sum(widths)}" w:type="dxa"/><w:tblLayout w:type="fixed"/></w:tblPr>'
            f"<w:tblGrid>{grid}</w:tblGrid>{''.join(rows)}</w:tbl>"
        )
        # Two tables without a paragraph between them would be one.
        self.body.append(_paragraph("FwGap", ""))

    def docx(self) -> bytes:
        """Return the package."""
        parts = dict(_FIXED)
        relations = list(_DOCUMENT_RELATIONS)
        kinds = ["default", "even"] + (["first"] if self.form is PaperForm.LETTER else [])
        references = []
        for kind in kinds:
            name = f"footer_{kind}.xml"
            parts[f"word/{name}"] = _footer(kind, self.foot)
            relations.append((f"rFooter{kind}", "footer", name))
            references.append(f'<w:footerReference w:type="{kind}" r:id="rFooter{kind}"/>')
        if self.form is PaperForm.LETTER:
            head = _run(self.head or "", _STYLES["FwLetterHead"])
            header = _paragraph("FwLetterHead", head) if self.head else _paragraph("FwGap", "")
            parts["word/header_first.xml"] = _wrapped("hdr", header)
            relations.append(("rHeaderfirst", "header", "header_first.xml"))
            references.insert(0, '<w:headerReference w:type="first" r:id="rHeaderfirst"/>')
        if not self.body or self.is_break_due:
            self._paragraph("FwGap", "")
        section = _section(
            "".join(references),
            is_letter=self.form is PaperForm.LETTER,
            starts=1 if self.form is PaperForm.REPORT else None,
        )
        parts["word/document.xml"] = (
            f"{_XML}<w:document {_SPACES}><w:body>{''.join(self.body)}{section}</w:body></w:document>"
        )
        parts["word/_rels/document.xml.rels"] = _relations(relations)
        parts["[Content_Types].xml"] = _content_types(parts)
        return packed({name: text.encode() for name, text in parts.items()})


_BY_HAND = 680
_IN_THE_MIDDLE = {
    "序号",
    "性别",
    "页码",
    "页次",
    "份数",
    "数量",
    "件数",
    "日期",
    "编号",
    "页数",
    "年龄",
}


def _check_blocks(lines: Sequence[_Line]) -> None:
    """Refuse tags on lines of their own that don't open and close in pairs."""
    opened: list[tuple[_Line, str]] = []
    for line in lines:
        if line.kind not in ("p", "tr"):
            continue
        word = re.split(r"\s+", line.text[2:])[1].removesuffix("%}")
        match word:
            case "if" | "for":
                opened.append((line, word))
            case "else" | "elif" | "endif" | "endfor":
                if not opened or opened[-1][0].kind != line.kind:
                    raise MarkupFault(
                        line.number, Text("Nothing is open here: %(tag)s", tag=line.text)
                    )
                if word.startswith("end"):
                    begun = opened.pop()[1]
                    if word != f"end{begun}":
                        raise MarkupFault(
                            line.number, Text("Nothing is open here: %(tag)s", tag=line.text)
                        )
            case _:
                raise MarkupFault(line.number, Text("There is no tag “%(tag)s”.", tag=word))
    if opened:
        raise MarkupFault(
            opened[-1][0].number, Text("This is never closed: %(tag)s", tag=opened[-1][0].text)
        )


def _group(lines: Sequence[_Line], at: int) -> Sequence[_Line]:
    """Return the lines that make one element with the line at this place."""
    first = lines[at]
    if first.kind in _TABLE_KINDS - {"tr"}:
        kinds = _TABLE_KINDS
    elif first.kind == "field":
        kinds = {"field", "tr"}
    elif first.kind in ("number", "signer"):
        kinds = {"number", "signer"}
    else:
        return lines[at : at + 1]
    end = at + 1
    while end < len(lines) and lines[end].kind in kinds and lines[end].kind != "widths":
        end += 1
    return lines[at:end]


def _shares(weights: Sequence[float]) -> list[int]:
    """Return the widths of columns that fill the text area; two characters stand in each."""
    total = sum(weights)
    rest = TEXT_WIDTH - _NARROWEST * len(weights)
    widths = [max(_NARROWEST, round(TEXT_WIDTH * weight / total)) for weight in weights]
    wider = sum(width - _NARROWEST for width in widths) or 1
    widths = [_NARROWEST + int((width - _NARROWEST) * rest / wider) for width in widths]
    widths[-1] += TEXT_WIDTH - sum(widths)
    return widths


def _paragraph(style_id: str, content: str, own: str = "") -> str:
    return f'<w:p><w:pPr><w:pStyle w:val="{style_id}"/>{_ordered(own)}</w:pPr>{content}</w:p>'


_ORDER = (
    "keepNext", "pageBreakBefore", "framePr", "pBdr", "tabs", "snapToGrid", "spacing", "ind", "jc",
)  # fmt: skip


def _ordered(own: str) -> str:
    """Return properties of a paragraph in the order of the format."""
    found = re.findall(r"<w:(\w+)(?:[^>]*/>|[^>]*>.*?</w:\1>)", own)
    pieces = re.findall(r"(<w:(\w+)(?: [^>]*)?/>|<w:(\w+)>.*?</w:\3>)", own)
    named = sorted(pieces, key=lambda each: _ORDER.index(each[1] or each[2]))
    assert len(found) == len(pieces)  # noqa: S101
    return "".join(each[0] for each in named)


def _cell(style_id: str, text: str, width: int, *, span: int = 1, is_middle: bool = False) -> str:
    spanned = f'<w:gridSpan w:val="{span}"/>' if span > 1 else ""
    own = '<w:jc w:val="center"/>' if is_middle else ""
    content = _run(text, _STYLES[style_id]) if text else ""
    return (
        f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/>{spanned}<w:vAlign w:val="center"/></w:tcPr>'
        f"{_paragraph(style_id, content, own)}</w:tc>"
    )


def _row(cells: Sequence[str], *, is_header: bool = False, least: int = 0) -> str:
    height = f'<w:trHeight w:val="{least}"/>' if least else ""
    header = "<w:tblHeader/>" if is_header else ""
    return f"<w:tr><w:trPr><w:cantSplit/>{height}{header}</w:trPr>{''.join(cells)}</w:tr>"


def _tag_row(text: str, columns: int) -> str:
    spanned = f'<w:gridSpan w:val="{columns}"/>' if columns > 1 else ""
    tag = _paragraph("FwTag", _run(text, _STYLES["FwTag"]))
    return f'<w:tr><w:tc><w:tcPr><w:tcW w:w="{TEXT_WIDTH}" w:type="dxa"/>{spanned}</w:tcPr>{tag}</w:tc></w:tr>'


def _section(
    references: str | None,
    *,
    is_cover: bool = False,
    is_letter: bool = False,
    starts: int | None = None,
) -> str:
    """Return the properties of a section: the page, its grid and its footers."""
    header = round((30 if is_letter else 15) * _MM)
    number = f'<w:pgNumType w:start="{starts}"/>' if starts is not None else ""
    first = "<w:titlePg/>" if is_letter else ""
    middle = ""
    return (
        f'<w:sectPr>{references or ""}<w:type w:val="nextPage"/>'
        f'<w:pgSz w:w="{_PAGE_WIDTH}" w:h="{_PAGE_HEIGHT}"/>'
        f'<w:pgMar w:top="{_TOP}" w:right="{_RIGHT}" w:bottom="{_BOTTOM}" w:left="{_LEFT}" '
        f'w:header="{header}" w:footer="{_FOOTER}" w:gutter="0"/>{number}<w:cols w:space="425"/>'
        f"{middle}{first}"
        f'<w:docGrid w:type="lines" w:linePitch="{LINE}"/>'
        "</w:sectPr>"
    )


def _ruled(text: str, style: _Style) -> tuple[str, str]:
    """Return labels, each followed by a ruled space, and the tabs by which they stand."""
    labels = [each.strip().removesuffix("：") + "：" for each in text.split(" | ")]
    em = EM * style.size / _BODY_SIZE
    between = round(em / 2)
    taken = [round(len(_ANY_TAG.sub("", label)) * em) for label in labels]
    room = max(0, TEXT_WIDTH - sum(taken) - between * (len(labels) - 1)) // len(labels)
    stops, content, at = [], [], 0
    for number, (label, width) in enumerate(zip(labels, taken, strict=True), 1):
        at = TEXT_WIDTH if number == len(labels) else at + width + room
        stops.append(f'<w:tab w:val="left" w:leader="underscore" w:pos="{at}"/>')
        content += [_run(label, style), _TAB]
        if number < len(labels):
            at += between
            stops.append(f'<w:tab w:val="left" w:pos="{at}"/>')
            content.append(_TAB)
    return "".join(content), f"<w:tabs>{''.join(stops)}</w:tabs>"


def _footer(kind: str, foot: str | None = None) -> str:
    """Return a footer: the page number outside, and below it room for the code of the print.

    ``foot``: a line to be written on above the number.
    """
    code = _paragraph("FwCode", "")
    if kind == "first":
        # The rule lies 20 mm above the edge of the page, its thin line above its thick one.
        rule = _border("bottom", size=24, space=0, color=_RED, kind="thinThickSmallGap")
        line = (
            f'<w:p><w:pPr><w:pStyle w:val="FwCode"/><w:pBdr>{rule}</w:pBdr>'
            f'<w:spacing w:line="100" w:lineRule="exact"/><w:ind {_LETTER_RULE}/></w:pPr></w:p>'
        )
        own = f'<w:spacing w:line="{round(5 * _MM)}" w:lineRule="exact"/>'
        return _wrapped("ftr", code + code + line + _paragraph("FwCode", "", own))
    style = _STYLES["FwPage"]
    fonts = f"<w:rPr>{_fonts(style.font)}</w:rPr>"
    page = (
        f'<w:r>{fonts}<w:fldChar w:fldCharType="begin"/></w:r>'
        f'<w:r>{fonts}<w:instrText xml:space="preserve"> PAGE </w:instrText></w:r>'
        f'<w:r>{fonts}<w:fldChar w:fldCharType="separate"/></w:r>'
        f'<w:r>{fonts}<w:t>1</w:t></w:r><w:r>{fonts}<w:fldChar w:fldCharType="end"/></w:r>'
    )
    content = _run("— ", style) + page + _run(" —", style)
    own = _indent(left=1) if kind == "even" else f'{_indent(right=1)}<w:jc w:val="right"/>'
    beside = '<w:jc w:val="right"/>' if kind == "even" else ""
    codes = _paragraph("FwCode", "", beside) * 2
    signed = "" if foot is None else _paragraph("FwSmall", *_ruled(foot, _STYLES["FwSmall"]))
    return _wrapped("ftr", signed + _paragraph("FwPage", content, own) + codes)


_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_SPACES = (
    f'xmlns:w="{_W}" xmlns:r="{_R}" '
    'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture"'
)


def _wrapped(root: str, content: str) -> str:
    return f"{_XML}<w:{root} {_SPACES}>{content}</w:{root}>"


def _relations(relations: Sequence[tuple[str, str, str]]) -> str:
    rows = "".join(
        f'<Relationship Id="{name}" Type="{_R}/{kind}" Target="{target}"/>'
        for name, kind, target in relations
    )
    return (
        f'{_XML}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f"{rows}</Relationships>"
    )


_DOCUMENT_RELATIONS = (
    ("rStyles", "styles", "styles.xml"),
    ("rSettings", "settings", "settings.xml"),
    ("rFonts", "fontTable", "fontTable.xml"),
)
_MAIN = "application/vnd.openxmlformats-officedocument.wordprocessingml"
_TYPES = {
    "word/document": "document.main",
    "word/styles": "styles",
    "word/settings": "settings",
    "word/fontTable": "fontTable",
    "word/footer": "footer",
    "word/header": "header",
}


def _content_types(parts: Sequence[str] | dict[str, str]) -> str:
    rows = [
        (
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Default Extension="xml" ContentType="application/xml"/>'
            '<Default Extension="png" ContentType="image/png"/>'
            '<Override PartName="/docProps/core.xml" '
            'ContentType="application/vnd.openxmlformats-package.core-properties+xml"/>'
        )
    ]
    for name in parts:
        for beginning, kind in _TYPES.items():
            if name.startswith(beginning):
                rows.append(f'<Override PartName="/{name}" ContentType="{_MAIN}.{kind}+xml"/>')
    return (
        f'{_XML}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        f"{''.join(rows)}</Types>"
    )


def _styles() -> str:
    """Return the styles: each names its fonts, East Asian text among them."""
    size = f'<w:sz w:val="{2 * _BODY_SIZE}"/><w:szCs w:val="{2 * _BODY_SIZE}"/>'
    parts = [
        (
            "<w:docDefaults><w:rPrDefault><w:rPr>"
            f'{_fonts(FONT_BODY)}{size}<w:lang w:val="en-US" w:eastAsia="zh-CN" w:bidi="ar-SA"/>'
            "</w:rPr></w:rPrDefault><w:pPrDefault/></w:docDefaults>"
        ),
        (
            '<w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/>'
            '<w:qFormat/><w:pPr><w:widowControl w:val="0"/><w:overflowPunct/>'
            '<w:autoSpaceDE w:val="0"/><w:autoSpaceDN w:val="0"/><w:adjustRightInd w:val="0"/></w:pPr>'
            f'<w:rPr>{_fonts(FONT_BODY)}<w:spacing w:val="{_DRAWN_IN}"/>{size}</w:rPr></w:style>'
        ),
        (
            '<w:style w:type="character" w:default="1" w:styleId="DefaultParagraphFont">'
            '<w:name w:val="Default Paragraph Font"/><w:uiPriority w:val="1"/><w:semiHidden/></w:style>'
        ),
        (
            '<w:style w:type="table" w:default="1" w:styleId="TableNormal"><w:name w:val="Normal Table"/>'
            '<w:uiPriority w:val="99"/><w:semiHidden/><w:tblPr><w:tblInd w:w="0" w:type="dxa"/>'
            '<w:tblCellMar><w:top w:w="0" w:type="dxa"/><w:left w:w="85" w:type="dxa"/>'
            '<w:bottom w:w="0" w:type="dxa"/><w:right w:w="85" w:type="dxa"/></w:tblCellMar></w:tblPr></w:style>'
        ),
        '<w:style w:type="table" w:customStyle="1" w:styleId="FwTable"><w:name w:val="公文表格"/>'
        '<w:basedOn w:val="TableNormal"/><w:tblPr><w:tblBorders>'
        + "".join(
            _border(side, size=4, space=0)
            for side in ("top", "left", "bottom", "right", "insideH", "insideV")
        )
        + "</w:tblBorders></w:tblPr></w:style>",
    ]
    for name, style in _STYLES.items():
        own = "" if name.startswith("Heading") else ' w:customStyle="1"'
        points = round(2 * style.size)
        color = f'<w:color w:val="{style.color}"/>' if style.color else ""
        spacing = "" if style.size == _BODY_SIZE else '<w:spacing w:val="0"/>'
        parts.append(
            f'<w:style w:type="paragraph"{own} w:styleId="{name}"><w:name w:val="{style.name}"/>'
            '<w:basedOn w:val="Normal"/><w:qFormat/>'
            f"<w:pPr>{style.paragraph}</w:pPr>"
            f"<w:rPr>{_fonts(style.font)}{style.run}{color}{spacing}"
            f'<w:sz w:val="{points}"/><w:szCs w:val="{points}"/></w:rPr></w:style>'
        )
    return f"{_XML}<w:styles {_SPACES}>{''.join(parts)}</w:styles>"


#: What may stand for a font that a computer lacks, best first.
INSTEAD = {
    FONT_TITLE: ("小标宋", "华文中宋", "STZhongsong", "Noto Serif CJK SC", "SimSun"),
    FONT_BODY: ("仿宋", "FangSong", "STFangsong", "Noto Serif CJK SC"),
    FONT_KAI: ("楷体", "KaiTi", "STKaiti", "Noto Serif CJK SC"),
    FONT_HEI: ("SimHei", "STHeiti", "Noto Sans CJK SC"),
    FONT_SONG: ("SimSun", "STSong", "Noto Serif CJK SC"),
}


def _font_table() -> str:
    rows = "".join(
        f'<w:font w:name="{name}"><w:altName w:val="{",".join(others)}"/>'
        '<w:charset w:val="86"/>'
        f'<w:family w:val="{"swiss" if name == FONT_HEI else "roman"}"/><w:pitch w:val="default"/></w:font>'
        for name, others in INSTEAD.items()
    )
    return f"{_XML}<w:fonts {_SPACES}>{rows}</w:fonts>"


_SETTINGS = (
    f'{_XML}<w:settings {_SPACES}><w:zoom w:percent="100"/><w:removePersonalInformation/>'
    '<w:removeDateAndTime/><w:defaultTabStop w:val="632"/><w:evenAndOddHeaders/>'
    '<w:characterSpacingControl w:val="doNotCompress"/>'
    # A line that ends because somebody broke it is not drawn out to the edge.
    '<w:compat><w:doNotExpandShiftReturn/><w:compatSetting w:name="compatibilityMode" '
    'w:uri="http://schemas.microsoft.com/office/word" w:val="15"/></w:compat>'
    '<w:themeFontLang w:val="en-US" w:eastAsia="zh-CN"/></w:settings>'
)

_FIXED = {
    "_rels/.rels": (
        f'{_XML}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="rId1" Type="{_R}/officeDocument" Target="word/document.xml"/>'
        '<Relationship Id="rId2" Type="http://schemas.openxmlformats.org/package/2006/relationships/'
        'metadata/core-properties" Target="docProps/core.xml"/></Relationships>'
    ),
    "docProps/core.xml": CORE,
    "word/settings.xml": _SETTINGS,
    "word/styles.xml": _styles(),
    "word/fontTable.xml": _font_table(),
}
