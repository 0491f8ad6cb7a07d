"""What would Word object to in a file?

LibreOffice mends in silence what Word calls damaged: properties out of their order, a cell without
a paragraph, a picture whose part is missing. The orders are those of ECMA-376, part 1, as data.
"""

import posixpath
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from lxml import etree

from fireinvest.documents.parts import NotAPackage, unpacked
from fireinvest.messages import excerpt

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_WP = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}"
_TYPES = "{http://schemas.openxmlformats.org/package/2006/content-types}"

_RUN = """rStyle rFonts b bCs i iCs caps smallCaps strike dstrike outline shadow emboss imprint
    noProof snapToGrid vanish webHidden color spacing w kern position sz szCs highlight u effect bdr
    shd fitText vertAlign rtl cs em lang eastAsianLayout specVanish oMath rPrChange"""
_SIDES = "top left start bottom right end"
#: The children of an element in the order in which they stand.
ORDERS: Mapping[str, tuple[str, ...]] = {
    name: tuple(order.split())
    for name, order in {
        "pPr": """pStyle keepNext keepLines pageBreakBefore framePr widowControl numPr
            suppressLineNumbers pBdr shd tabs suppressAutoHyphens kinsoku wordWrap overflowPunct
            topLinePunct autoSpaceDE autoSpaceDN bidi adjustRightInd snapToGrid spacing ind
            contextualSpacing mirrorIndents suppressOverlap jc textDirection textAlignment
            textboxTightWrap outlineLvl divId cnfStyle rPr sectPr pPrChange""",
        # Those of a paragraph's mark may begin with what was inserted, deleted or moved.
        "rPr": f"ins del moveFrom moveTo {_RUN}",
        "tblPr": """tblStyle tblpPr tblOverlap bidiVisual tblStyleRowBandSize tblStyleColBandSize
            tblW jc tblCellSpacing tblInd tblBorders shd tblLayout tblCellMar tblLook tblCaption
            tblDescription tblPrChange""",
        "tcPr": """cnfStyle tcW gridSpan hMerge vMerge tcBorders shd noWrap tcMar textDirection
            tcFitText vAlign hideMark headers cellIns cellDel cellMerge tcPrChange""",
        "sectPr": """headerReference footerReference footnotePr endnotePr type pgSz pgMar paperSrc
            pgBorders lnNumType pgNumType cols formProt vAlign noEndnote titlePg textDirection bidi
            rtlGutter docGrid printerSettings sectPrChange""",
        "pBdr": "top left bottom right between bar",
        "tblBorders": f"{_SIDES} insideH insideV",
        "tcBorders": f"{_SIDES} insideH insideV tl2br tr2bl",
        "tblCellMar": _SIDES,
        "tcMar": _SIDES,
        "tbl": """bookmarkStart bookmarkEnd tblPr tblGrid tr sdt customXml""",
        "style": """name aliases basedOn next link autoRedefine hidden uiPriority semiHidden
            unhideWhenUsed qFormat locked personal personalCompose personalReply rsid pPr rPr tblPr
            trPr tcPr tblStylePr""",
        "settings": """writeProtection view zoom removePersonalInformation removeDateAndTime
            doNotDisplayPageBoundaries displayBackgroundShape printPostScriptOverText
            printFractionalCharacterWidth printFormsData embedTrueTypeFonts embedSystemFonts
            saveSubsetFonts saveFormsData mirrorMargins alignBordersAndEdges
            bordersDoNotSurroundHeader bordersDoNotSurroundFooter gutterAtTop hideSpellingErrors
            hideGrammaticalErrors activeWritingStyle proofState formsDesign attachedTemplate
            linkStyles stylePaneFormatFilter stylePaneSortMethod documentType mailMerge
            revisionView trackRevisions doNotTrackMoves doNotTrackFormatting documentProtection
            autoFormatOverride styleLockTheme styleLockQFSet defaultTabStop autoHyphenation
            consecutiveHyphenLimit hyphenationZone doNotHyphenateCaps showEnvelope summaryLength
            clickAndTypeStyle defaultTableStyle evenAndOddHeaders bookFoldRevPrinting
            bookFoldPrinting bookFoldPrintingSheets drawingGridHorizontalSpacing
            drawingGridVerticalSpacing displayHorizontalDrawingGridEvery
            displayVerticalDrawingGridEvery doNotUseMarginsForDrawingGridOrigin
            drawingGridHorizontalOrigin drawingGridVerticalOrigin doNotShadeFormData
            noPunctuationKerning characterSpacingControl printTwoOnOne strictFirstAndLastChars
            noLineBreaksAfter noLineBreaksBefore savePreviewPicture doNotValidateAgainstSchema
            saveInvalidXml ignoreMixedContent alwaysShowPlaceholderText doNotDemarcateInvalidXml
            saveXmlDataOnly useXSLTWhenSaving saveThroughXslt showXMLTags
            alwaysMergeEmptyNamespace updateFields hdrShapeDefaults footnotePr endnotePr compat
            docVars rsids attachedSchema themeFontLang clrSchemeMapping
            doNotIncludeSubdocsInStats doNotAutoCompressPictures forceUpgrade captions
            readModeInkLockDown smartTagType shapeDefaults doNotEmbedSmartTags decimalSymbol
            listSeparator""",
        "font": """altName panose1 charset family notTrueType pitch sig embedRegular embedBold
            embedItalic embedBoldItalic""",
    }.items()
}
#: What stands more than once.
_MANY = frozenset({
    "headerReference", "footerReference", "tr", "tblStylePr", "sdt", "bookmarkStart", "bookmarkEnd",
    "activeWritingStyle", "attachedSchema", "smartTagType",
})  # fmt: skip
#: Whose order is free after their properties, which come first.
_PROPERTIES_FIRST = {"p": "pPr", "r": "rPr", "tc": "tcPr"}
_MIXED = {"tbl"}
_EAST_ASIAN = re.compile("[\u2e80-\u303f\u3041-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff01-\uffee]")
_TAG = re.compile(r"\{[{%]")


def check_word(docx: bytes) -> list[str]:
    """Return what Word would object to, in plain words; nothing for a sound file."""
    try:
        parts = unpacked(docx)
    except NotAPackage:
        return ["this is no Word file"]
    roots: dict[str, etree._Element] = {}
    found: list[str] = []
    for name, part in parts.items():
        if name.endswith((".xml", ".rels")):
            try:
                parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
                roots[name] = etree.fromstring(part, parser)
            except etree.XMLSyntaxError as error:
                found.append(f"{name}: not well-formed: {error.msg}")
    found += _types(parts, roots)
    found += _relations(parts, roots)
    stories = {
        name: root
        for name, root in roots.items()
        if isinstance(root.tag, str) and root.tag.startswith(_W)
    }
    for name, root in stories.items():
        found += [f"{name}: {each}" for each in _story(root)]
    found += _numbers(stories)
    fonts = _Fonts(stories.get("word/styles.xml"))
    for name, root in stories.items():
        found += [f"{name}: {each}" for each in fonts.missing(root)]
    return found


def _types(parts: Mapping[str, bytes], roots: Mapping[str, etree._Element]) -> Iterator[str]:
    root = roots.get("[Content_Types].xml")
    if root is None:
        yield "[Content_Types].xml is missing"
        return
    defaults = [each.get("Extension", "").lower() for each in root.iter(f"{_TYPES}Default")]
    overrides = [each.get("PartName", "").lstrip("/") for each in root.iter(f"{_TYPES}Override")]
    for name, count in Counter([*defaults, *overrides]).items():
        if count > 1:
            yield f"[Content_Types].xml: {name} has more than one type"
    for name in overrides:
        if name not in parts:
            yield f"[Content_Types].xml: there is no part {name}"
    for name in parts:
        extension = name.rpartition(".")[2].lower()
        if name != "[Content_Types].xml" and name not in overrides and extension not in defaults:
            yield f"{name}: has no type"
        if (
            name.startswith("word/")
            and extension == "xml"
            and "/" not in name[5:]
            and name not in overrides
        ):
            yield f"{name}: has no type of its own"


def _owner(name: str) -> str:
    """Return which part a part of relationships belongs to; nothing for the package's."""
    folder, _, file = name.rpartition("/")
    return posixpath.join(posixpath.dirname(folder), file.removesuffix(".rels"))


def _relations(parts: Mapping[str, bytes], roots: Mapping[str, etree._Element]) -> Iterator[str]:
    known: dict[str, set[str]] = {}
    for name, root in roots.items():
        if not name.endswith(".rels"):
            continue
        owner = _owner(name)
        if owner and owner not in parts:
            yield f"{name}: there is no part {owner}"
        ids = [each.get("Id", "") for each in root]
        known[owner] = set(ids)
        for each, count in Counter(ids).items():
            if count > 1:
                yield f"{name}: the relationship {each} is there twice"
        for relation in root:
            if relation.get("TargetMode") == "External":
                continue
            target = relation.get("Target", "").partition("#")[0]
            place = (
                target[1:]
                if target.startswith("/")
                else posixpath.join(posixpath.dirname(owner), target)
            )
            if posixpath.normpath(place) not in parts:
                yield f"{name}: there is no part {target}"
    main = roots.get("_rels/.rels")
    if main is None or not any(each.get("Type", "").endswith("/officeDocument") for each in main):
        yield "_rels/.rels: names no document"
    for name, root in roots.items():
        for element in root.iter():
            for attribute, used in element.attrib.items():
                if str(attribute).startswith(_R) and used and used not in known.get(name, set()):
                    yield f"{name}: there is no relationship {used}"


def _local(element: etree._Element) -> str:
    """Return the name of an element of the format; nothing for others and for comments."""
    return (
        element.tag[len(_W) :]
        if isinstance(element.tag, str) and element.tag.startswith(_W)
        else ""
    )


def _story(root: etree._Element) -> Iterator[str]:
    opened = 0
    for element in root.iter():
        name = _local(element)
        if name in ORDERS:
            yield from _order(element, name)
        elif (first := _PROPERTIES_FIRST.get(name)) is not None:
            at = [number for number, child in enumerate(element) if _local(child) == first]
            if at not in ([], [0]):
                yield f"{_where(element)}: {first} stands first, and once"
        if name == "tbl":
            yield from _table(element)
        elif name == "p":
            said = _said(element)
            if _TAG.search(said):
                yield f"a tag is left: {excerpt(said)}"
        elif name == "body":
            sections = [number for number, child in enumerate(element) if _local(child) == "sectPr"]
            if sections and sections != [len(element) - 1]:
                yield "sectPr stands last in the body, and once"
        elif name == "fldChar":
            opened += {"begin": 1, "end": -1}.get(element.get(f"{_W}fldCharType", ""), 0)
    if opened:
        yield "a field is begun and not ended"


def _order(element: etree._Element, name: str) -> Iterator[str]:
    order = ORDERS[name]
    last = -1
    for child in element:
        local = _local(child)
        if not local:
            continue
        if local not in order:
            # Revision marks and the like may stand among rows.
            if name not in _MIXED:
                yield f"{_where(element)}: {local} does not belong in {name}"
            continue
        at = order.index(local)
        if at < last and not {local, order[last]} <= {"headerReference", "footerReference"}:
            yield f"{_where(element)}: {local} comes too late in {name}"
        last = max(at, last)
    counted = Counter(_local(child) for child in element)
    for local, count in counted.items():
        if local in order and count > 1 and local not in _MANY:
            yield f"{_where(element)}: {local} is there twice in {name}"


def _table(table: etree._Element) -> Iterator[str]:
    grid = table.find(f"{_W}tblGrid")
    where = _where(table)
    if table.find(f"{_W}tblPr") is None or grid is None or len(grid) == 0:
        yield f"{where}: a table has properties and a grid"
        return
    rows = [row for row in table.iter(f"{_W}tr") if next(row.iterancestors(f"{_W}tbl")) is table]
    if not rows:
        yield f"{where}: a table has rows"
    for number, row in enumerate(rows, 1):
        cells = [cell for cell in row.iter(f"{_W}tc") if next(cell.iterancestors(f"{_W}tr")) is row]
        if not cells:
            yield f"{where}: row {number} has no cell"
        columns = sum(_number(cell, "tcPr/gridSpan", 1) for cell in cells)
        columns += _number(row, "trPr/gridBefore", 0) + _number(row, "trPr/gridAfter", 0)
        if columns != len(grid):
            yield f"{where}: row {number} has {columns} columns, the grid {len(grid)}"
        for at, cell in enumerate(cells, 1):
            if len(cell) == 0 or _local(cell[-1]) != "p":
                yield f"{where}: row {number}, cell {at} does not end with a paragraph"


def _number(element: etree._Element, path: str, otherwise: int) -> int:
    found = element.find("/".join(f"{_W}{each}" for each in path.split("/")))
    try:
        return otherwise if found is None else int(found.get(f"{_W}val", ""))
    except ValueError:
        return otherwise


def _numbers(stories: Mapping[str, etree._Element]) -> Iterator[str]:
    """Yield what is numbered twice, and bookmarks that have no end."""
    drawings = Counter(
        each.get("id", "") for root in stories.values() for each in root.iter(f"{_WP}docPr")
    )
    for number, count in drawings.items():
        if count > 1:
            yield f"{count} drawings have the number {number}"
    for name, root in stories.items():
        starts = list(root.iter(f"{_W}bookmarkStart"))
        ids = Counter(each.get(f"{_W}id") for each in starts)
        ends = Counter(each.get(f"{_W}id") for each in root.iter(f"{_W}bookmarkEnd"))
        names = Counter(each.get(f"{_W}name") for each in starts)
        for number, count in ids.items():
            if count > 1:
                yield f"{name}: {count} bookmarks have the number {number}"
        for number in ids.keys() ^ ends.keys():
            yield f"{name}: the bookmark {number} has no end or no beginning"
        for called, count in names.items():
            if count > 1:
                yield f"{name}: {count} bookmarks are called {called}"


def _said(paragraph: etree._Element) -> str:
    return "".join(
        each.text or ""
        for each in paragraph.iter(f"{_W}t")
        if next(each.iterancestors(f"{_W}p")) is paragraph
    )


def _where(element: etree._Element) -> str:
    """Return near which words an element stands."""
    for around in [element, *element.iterancestors()]:
        if _local(around) in ("p", "tbl", "style"):
            name = around.get(f"{_W}styleId")
            said = name or "".join(each.text or "" for each in around.iter(f"{_W}t"))
            return f"near “{excerpt(said)}”"
    return f"in {_local(element)}"


class _Fonts:
    """Which paragraphs, characters and tables have a font for East Asian text by their styles?"""

    def __init__(self, styles: etree._Element | None) -> None:
        self.own: dict[str, bool] = {}
        self.based: dict[str, str] = {}
        self.paragraph = ""
        self.has_default = False
        if styles is None:
            return
        self.has_default = any(_has_font(each) for each in styles.iter(f"{_W}rPrDefault"))
        for style in styles.iter(f"{_W}style"):
            name = style.get(f"{_W}styleId", "")
            properties = style.find(f"{_W}rPr")
            self.own[name] = properties is not None and _has_font(properties)
            based = style.find(f"{_W}basedOn")
            self.based[name] = "" if based is None else based.get(f"{_W}val", "")
            if style.get(f"{_W}type") == "paragraph" and style.get(f"{_W}default") in (
                "1",
                "true",
                "on",
            ):
                self.paragraph = name

    def missing(self, root: etree._Element) -> Iterator[str]:
        for run in root.iter(f"{_W}r"):
            said = "".join(each.text or "" for each in run.findall(f"{_W}t"))
            if not _EAST_ASIAN.search(said) or self.has_default:
                continue
            properties = run.find(f"{_W}rPr")
            if properties is not None and _has_font(properties):
                continue
            names = [each.get(f"{_W}val", "") for each in run.iterfind(f"{_W}rPr/{_W}rStyle")]
            for paragraph in run.iterancestors(f"{_W}p"):
                found = paragraph.find(f"{_W}pPr/{_W}pStyle")
                names.append(self.paragraph if found is None else found.get(f"{_W}val", ""))
                break
            if not any(self._has(name) for name in names):
                yield f"no East Asian font for “{excerpt(said)}”"

    def _has(self, name: str) -> bool:
        seen: set[str] = set()
        while name and name not in seen:
            seen.add(name)
            if self.own.get(name):
                return True
            name = self.based.get(name, "")
        return False


def _has_font(properties: Iterable[etree._Element]) -> bool:
    root = properties if isinstance(properties, etree._Element) else None
    return root is not None and any(
        each.get(f"{_W}eastAsia") or each.get(f"{_W}eastAsiaTheme")
        for each in root.iter(f"{_W}rFonts")
    )
